/* test_role_retain.c: what a snapshot role keeps for things that left the spec, and what not. */
#include "base/json.h"
#include "tests/unit/kind_kit.h"

#define STACK(roles)                                                                               \
    KIT_HEAD                                                                                       \
    "roles:\n" roles "buckets:\n  west: {region: secondary}\n  spare: {region: secondary}\n"       \
    "domains:\n"                                                                                   \
    "  search: {engine: OpenSearch_2.19, fine_grained: {enabled: false},\n"                        \
    "    data_nodes: {type: r7g.large.search, count: 3, volume: 200Gi}}\n"                         \
    "  empty: {engine: OpenSearch_2.19, fine_grained: {enabled: false},\n"                         \
    "    data_nodes: {type: r7g.large.search, count: 3, volume: 200Gi}}\n"                         \
    "repositories:\n"                                                                              \
    "  nightly: {domain: search, role: snapshot, base_path: search, buckets: {primary: west}}\n"
#define SNAPSHOT "  snapshot: {purpose: snapshot}\n"

#define S3 "arn:aws:s3:::"
#define ES(region, name) "arn:aws:es:" region ":111122223333:domain/" name
#define KEY "arn:aws:kms:us-west-2:111122223333:key/"
#define LIVE(domains, buckets, objects, keys)                                                      \
    "{\"trust\":{\"Statement\":[{\"Condition\":{\"ArnLike\":{\"aws:SourceArn\":[" domains          \
    "]}}}]},\"policies\":{\"lifeboat\":{\"Statement\":["                                           \
    "{\"Sid\":\"Buckets\",\"Resource\":[" buckets "]},{\"Sid\":\"Objects\",\"Resource\":"          \
    "[" objects "]},{\"Sid\":\"Keys\",\"Resource\":" keys "}]}}}"
#define FOUND(name, bucket, path, role)                                                            \
    "{\"name\":\"" name "\",\"bucket\":\"" bucket "\",\"path\":\"" path                            \
    "\",\"role\":\"arn:aws:iam::111122223333:role/search-dr-" role "\"}"

/* What a survey found in search@primary; NULL: nobody looked. All other domains were looked into.
 */
static struct lb_resource *loaded(struct kit *kit, const char *yaml, const char *live,
                                  const char *found)
{
    const char *error = NULL;
    size_t i = 0;
    if (kit_load(kit, yaml))
        fail_msg("%s: %s", kit->diags.items[0].code, kit->diags.items[0].detail);
    for (struct lb_resource *at; (at = lb_stack_next(&kit->stack, "domain", &i));) {
        bool here = lb_streq(at->address, "domain.search@primary");
        at->live.status = LB_LIVE_PRESENT;
        at->inside = lb_value_map(kit->arena);
        if (here && found)
            lb_map_set(kit->arena, at->inside, "repository",
                       lb_json_parse(kit->arena, found, strlen(found), &error));
        else if (!here)
            lb_map_list(kit->arena, at->inside, "repository");
    }
    struct lb_resource *role = kit_find(kit, "role.snapshot");
    role->live.status = LB_LIVE_PRESENT;
    role->live.value = lb_json_parse(kit->arena, live, strlen(live), &error);
    assert_non_null(role->live.value);
    return role;
}

static void list(struct kit *kit, const char *region)
{
    if (!kit->stack.marked)
        kit->stack.marked = lb_value_map(kit->arena);
    lb_map_map(kit->arena, kit->stack.marked, region);
}

static void mark(struct kit *kit, const char *region, const char *arn, const char *stack)
{
    struct lb_value *region_map = lb_map_map(kit->arena, kit->stack.marked, region);
    struct lb_value *tag = lb_list_add(kit->arena, lb_map_list(kit->arena, region_map, arn),
                                       lb_value_map(kit->arena));
    lb_map_set_string(kit->arena, tag, "Key", LB_TAG_STACK);
    lb_map_set_string(kit->arena, tag, "Value", stack);
}

static bool in(const struct lb_resource *role, const char *path, const char *text)
{
    return lb_list_has(lb_value_at(role->desired, path), text);
}

#define TRUST "trust/Statement/0/Condition/ArnLike/aws:SourceArn"
#define BUCKETS "policies/lifeboat/Statement/0/Resource"
#define OBJECTS "policies/lifeboat/Statement/1/Resource"
#define KEYS "policies/lifeboat/Statement/2/Resource"

static size_t told(const struct kit *kit)
{
    size_t count = 0;
    for (size_t i = 0; i < kit->diags.count; i++)
        count += lb_streq(kit->diags.items[i].code, "LB-P036");
    return count;
}

static void what_a_registration_uses_stays(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = loaded(
        &kit, STACK(SNAPSHOT),
        LIVE("\"" ES("us-east-1", "search") "\",\"" ES("us-east-1", "empty") "\"",
             "\"" S3 "west\",\"" S3 "old\",\"" S3 "others\",\"" S3 "*\"",
             "\"" S3 "old/logs/*\",\"" S3 "old/more/*\",\"" S3 "west/logs/*\",\"" S3
             "old/logs/g1\",\"" S3 "older/*\",\"" S3 "old*\",\"" S3 "*\"",
             "\"" KEY "1\""),
        "[" FOUND("audit", "old", "logs/g1", "snapshot") "," FOUND("x", "others", "g1",
                                                                   "somebody") "]");
    list(&kit, "us-east-1");
    list(&kit, "us-west-2");
    role->provider->retain(&kit.stack, role);
    CHECK("bucket of the registration", in(role, BUCKETS, S3 "old"));
    CHECK("its path", in(role, OBJECTS, S3 "old/logs/*"));
    CHECK("a key", in(role, KEYS, KEY "1"));
    CHECK("what the spec says", in(role, OBJECTS, S3 "west/search/*"));
    CHECK("a registration of another role", !in(role, BUCKETS, S3 "others"));
    CHECK("a bucket for all", !in(role, BUCKETS, S3 "*"));
    CHECK("objects of all", !in(role, OBJECTS, S3 "*"));
    CHECK("another path", !in(role, OBJECTS, S3 "old/more/*"));
    CHECK("another path of a declared bucket", !in(role, OBJECTS, S3 "west/logs/*"));
    CHECK("no path", !in(role, OBJECTS, S3 "old/logs/g1"));
    CHECK("buckets of one beginning", !in(role, OBJECTS, S3 "old*"));
    CHECK("another bucket", !in(role, OBJECTS, S3 "older/*"));
    CHECK("a domain that does not use it", !in(role, TRUST, ES("us-east-1", "empty")));
    assert_int_equal(told(&kit), 1);
    CHECK_TEXT("words", kit.diags.items[0].detail,
               S3 "old, " S3 "old/logs/*, " KEY
                  "1; used by registration audit in domain.search@primary");
    kit_free(&kit);
}

static void nothing_is_added_that_is_not_live(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = loaded(&kit, STACK(SNAPSHOT),
                                      LIVE("\"" ES("us-east-1", "search") "\"", "\"" S3 "west\"",
                                           "\"" S3 "west/search/*\"", "[]"),
                                      "[" FOUND("audit", "old", "logs/g1", "snapshot") "]");
    list(&kit, "us-east-1");
    list(&kit, "us-west-2");
    role->provider->retain(&kit.stack, role);
    assert_int_equal(lb_value_count(lb_value_at(role->desired, BUCKETS)), 1);
    assert_int_equal(lb_value_count(lb_value_at(role->desired, TRUST)), 2);
    assert_int_equal(told(&kit), 0);
    kit_free(&kit);
}

static void a_domain_stays_trusted_while_it_uses_the_role(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = loaded(
        &kit, STACK(SNAPSHOT),
        LIVE("\"" ES("us-east-1", "gone") "\",\"" ES("us-west-2", "deleted") "\",\"" ES(
                 "us-east-1", "theirs") "\",\"" ES("us-east-1", "*") "\"",
             "\"" S3 "left\",\"" S3 "spare\",\"" S3 "foreign\",\"" S3 "*\"",
             "\"" S3 "left/a/*\",\"" S3 "foreign/a/*\"", "[]"),
        "[]");
    list(&kit, "us-east-1");
    list(&kit, "us-west-2");
    mark(&kit, "us-east-1", ES("us-east-1", "gone"), "search-dr");
    mark(&kit, "us-east-1", ES("us-east-1", "theirs"), "another");
    mark(&kit, "us-west-2", S3 "left", "search-dr");
    role->provider->retain(&kit.stack, role);
    CHECK("a domain that left", in(role, TRUST, ES("us-east-1", "gone")));
    CHECK("one that is not there any more", !in(role, TRUST, ES("us-west-2", "deleted")));
    CHECK("one of another stack", !in(role, TRUST, ES("us-east-1", "theirs")));
    CHECK("any", !in(role, TRUST, ES("us-east-1", "*")));
    CHECK("a bucket that left", in(role, BUCKETS, S3 "left"));
    CHECK("its objects", in(role, OBJECTS, S3 "left/a/*"));
    CHECK("a declared bucket", in(role, BUCKETS, S3 "spare"));
    CHECK("a bucket of others", !in(role, BUCKETS, S3 "foreign"));
    CHECK("its objects", !in(role, OBJECTS, S3 "foreign/a/*"));
    CHECK("all buckets", !in(role, BUCKETS, S3 "*"));
    assert_int_equal(told(&kit), 1);
    kit_free(&kit);
}

/* Where nobody looked, and where no list of what is marked came, nothing is known to be unused. */
static void what_nobody_saw_stays(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = loaded(
        &kit, STACK(SNAPSHOT),
        LIVE("\"" ES("us-east-1", "gone") "\",\"" ES("us-east-1", "*") "\"", "\"" S3 "old\"",
             "\"" S3 "old/logs/*\"", "[]"),
        NULL);
    role->provider->retain(&kit.stack, role);
    CHECK("any domain", !in(role, TRUST, ES("us-east-1", "*")));
    CHECK("domain", in(role, TRUST, ES("us-east-1", "gone")));
    CHECK("bucket", in(role, BUCKETS, S3 "old"));
    CHECK("objects", in(role, OBJECTS, S3 "old/logs/*"));
    CHECK_TEXT("words", kit.diags.items[0].detail,
               ES("us-east-1", "gone") ", " S3 "old, " S3 "old/logs/*; used by " ES(
                   "us-east-1", "gone") " (left the spec), "
                                        "domain.search@primary (nobody could look there)");
    kit_free(&kit);
    role = loaded(
        &kit, STACK(SNAPSHOT),
        LIVE("\"" ES("us-east-1", "gone") "\"", "\"" S3 "old\"", "\"" S3 "old/logs/*\"", "[]"),
        "[]");
    list(&kit, "us-east-1");
    list(&kit, "us-west-2");
    role->provider->retain(&kit.stack, role);
    assert_int_equal(lb_value_count(lb_value_at(role->desired, BUCKETS)), 1);
    assert_int_equal(told(&kit), 0);
    kit_free(&kit);
}

/* A cluster may answer with any number of registrations. */
static void many_users_are_counted(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_str found = {0};
    for (int i = 0; i < 50000; i++)
        lb_str_printf(&found,
                      "%s{\"name\":\"n%05d\",\"bucket\":\"b%d\",\"path\":\"a\",\"role\":"
                      "\"arn:aws:iam::111122223333:role/search-dr-snapshot\"}",
                      i ? "," : "[", i, i);
    lb_str_putc(&found, ']');
    struct lb_resource *role = loaded(&kit, STACK(SNAPSHOT),
                                      LIVE("", "\"" S3 "b49999\"", "\"" S3 "b7/a*\"", "[]"),
                                      lb_str_text(&found));
    lb_str_release(&found);
    list(&kit, "us-east-1");
    list(&kit, "us-west-2");
    role->provider->retain(&kit.stack, role);
    CHECK("bucket", in(role, BUCKETS, S3 "b49999"));
    CHECK("objects", in(role, OBJECTS, S3 "b7/a*"));
    const char *detail = kit.diags.items[0].detail;
    CHECK(detail, strstr(detail, "registration n00009 in domain.search@primary and 49990 more"));
    kit_free(&kit);
}

static void what_is_stated_is_exact(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = loaded(
        &kit,
        STACK("  snapshot: {purpose: snapshot, trust: {Version: a}, policies: {lifeboat: {Version: "
              "b}}}\n"),
        LIVE("\"" ES("us-east-1", "search") "\"", "\"" S3 "old\"", "\"" S3 "old/logs/*\"",
             "[\"" KEY "1\"]"),
        "[" FOUND("audit", "old", "logs/g1", "snapshot") "]");
    role->provider->retain(&kit.stack, role);
    CHECK_TEXT("trust", lb_json_text(kit.arena, lb_map_get(role->desired, "trust")),
               "{\"Version\":\"a\"}");
    CHECK_TEXT("policies", lb_json_text(kit.arena, lb_map_get(role->desired, "policies")),
               "{\"lifeboat\":{\"Version\":\"b\"}}");
    assert_int_equal(told(&kit), 0);
    kit_free(&kit);
}

#define COPY_STACK                                                                                 \
    KIT_HEAD "roles:\n  copy: {purpose: replication}\n"                                            \
             "buckets:\n  west: {region: secondary}\n  east: {region: primary}\n"

/* The rules of west and east; NULL: nobody read them. */
static struct lb_resource *copying(struct kit *kit, const char *west, const char *east)
{
    static const char policy[] = "{\"policies\":{\"lifeboat\":{\"Statement\":["
                                 "{\"Sid\":\"Read\",\"Resource\":[\"" S3 "west/a/*\",\"" S3
                                 "west/b/*\"]},"
                                 "{\"Sid\":\"Replicate\",\"Resource\":[\"" S3 "east/a/*\",\"" S3
                                 "left/a/*\",\"" S3 "theirs/a/*\"]}]}}}";
    const char *const addresses[] = {"bucket.west", "bucket.east"}, *const rules[] = {west, east};
    const char *error = NULL;
    if (kit_load(kit, COPY_STACK))
        fail_msg("%s: %s", kit->diags.items[0].code, kit->diags.items[0].detail);
    for (size_t i = 0; i < 2; i++) {
        struct lb_resource *bucket = kit_find(kit, addresses[i]);
        bucket->live.status = LB_LIVE_PRESENT;
        bucket->live.value = rules[i]
                                 ? lb_json_parse(kit->arena, rules[i], strlen(rules[i]), &error)
                                 : lb_value_map(kit->arena);
        assert_non_null(bucket->live.value);
    }
    struct lb_resource *role = kit_find(kit, "role.copy");
    role->live.status = LB_LIVE_PRESENT;
    role->live.value = lb_json_parse(kit->arena, policy, strlen(policy), &error);
    list(kit, "us-east-1");
    list(kit, "us-west-2");
    role->provider->retain(&kit->stack, role);
    return role;
}

#define RULES(role, id, prefix)                                                                    \
    "{\"replication\":{\"role\":\"arn:aws:iam::111122223333:role/search-dr-" role                  \
    "\",\"rules\":[{\"id\":\"" id "\",\"prefix\":\"" prefix "\",\"destination\":\"east\"}]}}"
#define NO_RULES "{\"replication\":{\"rules\":[]}}"

static void a_rule_that_stays_keeps_its_role(void **state)
{
    (void)state;
    static const struct {
        const char *row, *west, *east;
        bool a, b, target;
    } rows[] = {
        {"its repository left", RULES("copy", "lifeboat-gone", "a/"), NO_RULES, true, false, true},
        {"a rule of others", RULES("copy", "theirs", "b/"), NO_RULES, false, true, false},
        {"another role", RULES("other", "lifeboat-gone", "a/"), NO_RULES, false, false, false},
        {"no rule", NO_RULES, NO_RULES, false, false, false},
        {"nobody looked", NO_RULES, NULL, true, true, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        const struct lb_value *statements = lb_value_at(
            copying(&kit, rows[i].west, rows[i].east)->desired, "policies/lifeboat/Statement");
        const struct lb_value *read = lb_value_at(lb_list_item(statements, 0), "Resource");
        CHECK(rows[i].row, lb_list_has(read, S3 "west/a/*") == rows[i].a);
        CHECK(rows[i].row, lb_list_has(read, S3 "west/b/*") == rows[i].b);
        CHECK(rows[i].row, lb_list_has(read, S3 "east/a/*") == rows[i].target);
        CHECK(rows[i].row,
              !lb_list_has(read, S3 "theirs/a/*") && !lb_list_has(read, S3 "left/a/*"));
        assert_int_equal(told(&kit), rows[i].a || rows[i].b);
        kit_free(&kit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_registration_uses_stays),
        cmocka_unit_test(nothing_is_added_that_is_not_live),
        cmocka_unit_test(a_domain_stays_trusted_while_it_uses_the_role),
        cmocka_unit_test(what_nobody_saw_stays),
        cmocka_unit_test(many_users_are_counted),
        cmocka_unit_test(what_is_stated_is_exact),
        cmocka_unit_test(a_rule_that_stays_keeps_its_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
