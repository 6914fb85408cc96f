/* cluster_kit.h: what the tests of domains and of what lives in them share: the two-region spec and
 * domains that are up. */
#ifndef LB_TESTS_UNIT_CLUSTER_KIT_H
#define LB_TESTS_UNIT_CLUSTER_KIT_H

#include "base/json.h"
#include "tests/unit/kind_kit.h"

#define OPERATOR "arn:aws:iam::111122223333:role/search-dr-operator"
#define CALLER                                                                                     \
    "roles:\n  operator: {purpose: caller, trusted_by: [\"arn:aws:iam::111122223333:role/ci\"]}\n"
#define ROLES CALLER "  snapshot: {purpose: snapshot}\n"
#define BUCKETS "buckets:\n  west: {region: secondary}\n  east: {region: primary}\n"
#define NODES "data_nodes: {type: r7g.large.search, count: 3, volume: 200Gi}"
#define DOMAINS "domains:\n  search: {engine: OpenSearch_2.19, " NODES "}\n"
#define REPOSITORIES                                                                               \
    "repositories:\n  nightly: {domain: search, role: snapshot, base_path: search, buckets: "      \
    "{primary: west, secondary: east}}\n"
#define SCHEDULES(rest) "schedules:\n  nightly: {repository: nightly, " rest "}\n"
#define STACK KIT_HEAD ROLES BUCKETS DOMAINS REPOSITORIES
#define OWN_HEAD                                                                                   \
    KIT_HEAD "domains:\n  search:\n    engine: Elasticsearch_7.10\n"                               \
             "    endpoint: {primary: \"https://es.example.com:9200\"}\n"                          \
             "    auth: {user: admin, password: env:ES_PASSWORD}\n"

static inline void load(struct kit *kit, const char *yaml)
{
    if (kit_load(kit, yaml))
        fail_msg("%s: %s", kit->diags.items[0].code, kit->diags.items[0].detail);
}

/* The domain on that side answers at HOST. */
static inline void give_endpoint(struct kit *kit, const char *address, const char *host)
{
    struct lb_resource *domain = kit_find(kit, address);
    domain->live.status = LB_LIVE_PRESENT;
    domain->live.value = lb_value_map(kit->arena);
    lb_map_set_string(kit->arena, domain->live.value, "endpoint", host);
}

/* Compares a value with JSON, keys in any order. */
static inline void expect_json(struct kit *kit, const char *row, const struct lb_value *got,
                               const char *wanted)
{
    const char *error;
    struct lb_value *value = lb_json_parse(kit->arena, wanted, strlen(wanted), &error);
    if (!value)
        fail_msg("%s: %s", row, error);
    struct lb_str a = {0}, b = {0};
    if (got)
        lb_json_canonical(&a, got);
    lb_json_canonical(&b, value);
    CHECK_TEXT(row, lb_str_take(&a, kit->arena), lb_str_take(&b, kit->arena));
}

/* Each spec is refused with that code at that line. */
struct refusal {
    const char *spec, *code;
    uint32_t line; /* 0: any */
};
static inline void expect_refusals(const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kit kit;
        CHECK(rows[i].spec, kit_load(&kit, rows[i].spec) != 0);
        if (!kit_said(&kit.diags, rows[i].code, rows[i].line))
            fail_msg("%s\ngot %s at line %u: %s", rows[i].spec, kit.diags.items[0].code,
                     (unsigned)kit.diags.items[0].mark.line, kit.diags.items[0].detail);
        kit_free(&kit);
    }
}

#endif
