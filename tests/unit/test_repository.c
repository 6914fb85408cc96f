/* test_repository.c: registrations: topologies, region or endpoint, reading, full replacement. */
#include "planner/diff.h"
#include "tests/unit/cluster_kit.h"

#define SPEC(head, entry)                                                                          \
    head ROLES BUCKETS DOMAINS                                                                     \
        "repositories:\n  nightly: {domain: search, role: snapshot, base_path: search, buckets: "  \
        "{primary: west, secondary: east}, " entry "}\n"
#define FAILED_OVER                                                                                \
    "lifeboat: 1\nstack: search-dr\naccount: \"111122223333\"\n"                                   \
    "regions: {primary: us-east-1, secondary: us-west-2}\nactive: secondary\ngeneration: 2\n"
#define ROLE_ARN "arn:aws:iam::111122223333:role/search-dr-snapshot"
#define HOST "search-search-abc.us-east-1.es.amazonaws.com"

static void expect_settings(struct kit *kit, const char *address, const char *wanted)
{
    expect_json(kit, address, lb_map_get(kit_find(kit, address)->desired, "settings"), wanted);
}

/* --- derive --------------------------------------------------------------------------------- */

static void direct_writes_to_the_other_region(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, STACK);
    expect_settings(&kit, "repository.nightly@primary",
                    "{\"bucket\":\"west\",\"base_path\":\"search/g1\",\"role_arn\":\"" ROLE_ARN
                    "\",\"endpoint\":\"s3.amazonaws.com\",\"shard_path_type\":\"FIXED\","
                    "\"readonly\":false}");
    expect_settings(&kit, "repository.nightly@secondary",
                    "{\"bucket\":\"west\",\"base_path\":\"search/g1\",\"role_arn\":\"" ROLE_ARN
                    "\",\"region\":\"us-west-2\",\"shard_path_type\":\"FIXED\","
                    "\"readonly\":true}");
    kit_free(&kit);
}

static void failing_over_turns_the_writer_round(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, SPEC(FAILED_OVER, "topology: direct"));
    expect_settings(&kit, "repository.nightly@secondary",
                    "{\"bucket\":\"east\",\"base_path\":\"search/g2\",\"role_arn\":\"" ROLE_ARN
                    "\",\"endpoint\":\"s3.amazonaws.com\",\"shard_path_type\":\"FIXED\","
                    "\"readonly\":false}");
    const struct lb_value *old = kit_find(&kit, "repository.nightly@primary")->desired;
    assert_string_equal(lb_text_at(old, "settings/bucket", ""), "east");
    assert_string_equal(lb_text_at(old, "settings/region", ""), "us-east-1");
    assert_true(lb_bool_at(old, "settings/readonly", false));
    kit_free(&kit);
}

static void dual_has_a_second_repository(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, SPEC(KIT_HEAD, "topology: dual, settings: {compress: true}"));
    const struct lb_value *far = kit_find(&kit, "repository.nightly@primary")->desired;
    const struct lb_value *near = kit_find(&kit, "repository.nightly-local@primary")->desired;
    assert_string_equal(lb_text_at(far, "settings/bucket", ""), "west");
    assert_string_equal(lb_text_at(near, "settings/bucket", ""), "east");
    assert_string_equal(lb_text_at(near, "settings/region", ""), "us-east-1");
    assert_true(lb_bool_at(near, "settings/compress", false));
    assert_false(lb_bool_at(near, "settings/readonly", true));
    const struct lb_value *reader = kit_find(&kit, "repository.nightly-local@secondary")->desired;
    assert_string_equal(lb_text_at(reader, "settings/bucket", ""), "east");
    assert_true(lb_bool_at(reader, "settings/readonly", false));
    kit_free(&kit);
}

static void replicated_reads_the_own_replica(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, KIT_HEAD ROLES
         "buckets:\n  west: {region: secondary}\n  east: {region: primary}\n" DOMAINS
         "repositories:\n  nightly: {domain: search, role: snapshot, base_path: a/b, topology: "
         "replicated, replication: {delete_markers: false}, buckets: {primary: east, secondary: "
         "west}}\n");
    const struct lb_value *writer = kit_find(&kit, "repository.nightly@primary")->desired;
    const struct lb_value *reader = kit_find(&kit, "repository.nightly@secondary")->desired;
    assert_string_equal(lb_text_at(writer, "settings/bucket", ""), "east");
    assert_string_equal(lb_text_at(writer, "settings/region", ""), "us-east-1");
    assert_string_equal(lb_text_at(reader, "settings/bucket", ""), "west");
    assert_string_equal(lb_text_at(reader, "settings/region", ""), "us-west-2");
    assert_string_equal(lb_text_at(reader, "settings/base_path", ""), "a/b/g1");
    kit_free(&kit);
}

static void other_partitions_have_no_global_endpoint(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, "lifeboat: 1\nstack: search-dr\naccount: \"111122223333\"\n"
               "regions: {primary: cn-north-1, secondary: cn-northwest-1}\nactive: primary\n" ROLES
                   BUCKETS DOMAINS REPOSITORIES);
    const struct lb_value *writer = kit_find(&kit, "repository.nightly@primary")->desired;
    assert_string_equal(lb_text_at(writer, "settings/endpoint", ""),
                        "s3.cn-northwest-1.amazonaws.com.cn");
    kit_free(&kit);
}

static void what_is_stated_wins(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, SPEC(KIT_HEAD, "settings: {base_path: old, endpoint: s3.us-west-2.amazonaws.com, "
                              "readonly: true, shard_path_type: HASHED_PREFIX}"));
    const struct lb_value *one = kit_find(&kit, "repository.nightly@primary")->desired;
    assert_string_equal(lb_text_at(one, "settings/base_path", ""), "old");
    assert_string_equal(lb_text_at(one, "settings/endpoint", ""), "s3.us-west-2.amazonaws.com");
    assert_string_equal(lb_text_at(one, "settings/shard_path_type", ""), "HASHED_PREFIX");
    assert_true(lb_bool_at(one, "settings/readonly", false));
    kit_free(&kit);
}

static void older_engines_do_not_know_shard_path_type(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, KIT_HEAD ROLES BUCKETS "domains:\n  search: {engine: OpenSearch_2.15, " NODES
                                      "}\n" REPOSITORIES);
    const struct lb_value *one = kit_find(&kit, "repository.nightly@primary")->desired;
    assert_null(lb_value_at(one, "settings/shard_path_type"));
    kit_free(&kit);
}

static void a_shared_file_system_is_taken_as_stated(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, OWN_HEAD "repositories:\n  nightly: {domain: search, type: fs, settings: "
                        "{location: /snapshots}}\n");
    expect_settings(&kit, "repository.nightly@primary",
                    "{\"location\":\"/snapshots\",\"readonly\":false}");
    assert_null(lb_stack_find_address(&kit.stack, "repository.nightly@secondary"));
    kit_free(&kit);
}

#define OWN_TWO                                                                                    \
    KIT_HEAD "domains:\n  search: {engine: Elasticsearch_7.10, endpoint: {primary: "               \
             "\"https://a.example.com\", secondary: \"https://b.example.com\"}}\n"
#define OWN_PAIR(entry) OWN_TWO "repositories:\n  nightly: {domain: search, type: fs" entry "}\n"

static void a_folder_follows_from_path_and_generation(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, OWN_PAIR(", base_path: logs"));
    expect_settings(&kit, "repository.nightly@primary",
                    "{\"location\":\"logs/g1\",\"readonly\":false}");
    expect_settings(&kit, "repository.nightly@secondary",
                    "{\"location\":\"logs/g1\",\"readonly\":true}");
    /* The node that reads refuses a folder that nobody has written to. */
    const struct lb_resource *writer = kit_find(&kit, "repository.nightly@primary");
    const struct lb_resource *reader = kit_find(&kit, "repository.nightly@secondary");
    bool waits = false;
    for (size_t i = 0; i < reader->need_count; i++)
        waits = waits || reader->needs[i].resource == writer;
    assert_true(waits);
    for (size_t i = 0; i < writer->need_count; i++)
        assert_ptr_not_equal(writer->needs[i].resource, reader);
    kit_free(&kit);
}

static void a_folder_is_no_bucket(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *code;
    } refused[] = {
        {OWN_PAIR(""), "LB-S091"},
        {OWN_PAIR(", base_path: logs, topology: dual"), "LB-S096"},
        {KIT_HEAD ROLES BUCKETS DOMAINS
         "repositories:\n  nightly: {domain: search, type: fs, base_path: logs}\n",
         "LB-S095"},
    };
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct kit kit;
        assert_int_not_equal(kit_load(&kit, refused[i].spec), 0);
        assert_true(kit_said(&kit.diags, refused[i].code, 0));
        kit_free(&kit);
    }
}

static void waits_for_role_bucket_mapping_and_domain(void **state)
{
    (void)state;
    static const char *const needed[] = {"role.snapshot", "bucket.west", "domain.search@primary",
                                         "role_mapping.search@primary"};
    struct kit kit;
    load(&kit, STACK);
    struct lb_resource *one = kit_find(&kit, "repository.nightly@primary");
    for (size_t i = 0; i < COUNT(needed); i++) {
        bool found = false;
        for (size_t k = 0; k < one->need_count; k++)
            found = found || lb_streq(one->needs[k].resource->address, needed[i]);
        CHECK(needed[i], found);
    }
    assert_int_equal(one->reads_after_count, 1);
    kit_free(&kit);
}

static void refuses_what_is_not_complete(void **state)
{
    (void)state;
#define ONE(rest) KIT_HEAD ROLES BUCKETS DOMAINS "repositories:\n  nightly: {" rest "}\n"
    static const struct refusal rows[] = {
        {ONE("domain: serach, role: snapshot, buckets: {primary: west}"), "LB-S051", 15},
        {ONE("domain: search, role: snapshto, buckets: {primary: west}"), "LB-S051", 15},
        {ONE("domain: search, role: snapshot, buckets: {primary: wset}"), "LB-S051", 15},
        {ONE("domain: search, role: snapshot"), "LB-S091", 15},
        {ONE("domain: search, role: snapshot, buckets: {secondary: east}"), "LB-S091", 15},
        {ONE("domain: search, buckets: {primary: west}"), "LB-S091", 15},
        {KIT_HEAD ROLES BUCKETS
         "domains:\n  search: {engine: OpenSearch_3.1, " NODES "}\nrepositories:\n  nightly: "
         "{domain: search, role: snapshot, buckets: {primary: west}, settings: "
         "{server_side_encryption: true}}\n",
         "LB-S093", 15},
    };
    expect_refusals(rows, COUNT(rows));
}

/* --- read and write ------------------------------------------------------------------------- */

#define BODY                                                                                       \
    "{\"cs-automated\":{\"type\":\"s3\"},\"nightly\":{\"type\":\"s3\",\"uuid\":\"u\","             \
    "\"settings\":{\"bucket\":\"west\",\"region\":\"us-west-2\",\"s3\":{\"client\":{\"x\":"        \
    "\"1\"}},\"compress\":\"true\"}}}"

static struct lb_resource *loaded(struct kit *kit)
{
    load(kit, STACK);
    give_endpoint(kit, "domain.search@primary", HOST);
    return kit_find(kit, "repository.nightly@primary");
}

static void reads_a_registration(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *one = loaded(&kit);
    const struct kit_answer answers[] = {{"GetRepository", 200, BODY}};
    kit_read(&kit, one, 1, answers, 1);
    assert_int_equal(one->live.status, LB_LIVE_PRESENT);
    assert_string_equal(kit_line(&kit, kit.asks[0].call), "GET /_snapshot");
    assert_string_equal(kit.asks[0].call->host, HOST);
    assert_string_equal(kit.asks[0].call->region, "us-east-1");
    assert_int_equal(kit.asks[0].call->auth, LB_AUTH_SIGV4);
    expect_json(&kit, "live", one->live.value,
                "{\"type\":\"s3\",\"settings\":{\"bucket\":\"west\",\"region\":\"us-west-2\","
                "\"s3.client.x\":\"1\",\"compress\":\"true\",\"readonly\":\"false\"}}");
    const struct kit_answer none[] = {{"GetRepository", 200, "{}"}};
    kit_read(&kit, one, 1, none, 1);
    assert_int_equal(one->live.status, LB_LIVE_ABSENT);
    kit_free(&kit);
}

/* --- survey --------------------------------------------------------------------------------- */

/* A registration as lifeboat makes it, and with one setting another. */
#define GONE(bucket, path, role, rest)                                                             \
    "{\"old\":{\"type\":\"s3\",\"settings\":{\"bucket\":\"" bucket "\",\"base_path\":\"" path      \
    "\"," role rest "}}}"
#define ROLE(name) "\"role_arn\":\"arn:aws:iam::111122223333:role/" name "\","
#define OURS                                                                                       \
    "\"endpoint\":\"s3.amazonaws.com\",\"readonly\":\"false\",\"shard_path_type\":\"FIXED\""

static size_t surveyed(struct kit *kit, const char *body, const char *role)
{
    const struct kit_answer answers[] = {{"GetRepository", 200, body}, {"GetRole", 200, role}};
    kit_survey(kit, "repository", "domain.search@primary", answers, role ? 2 : 1);
    if (kit->stray_count)
        assert_string_equal(kit->strays[0], "repository.old@primary");
    return kit->stray_count;
}

static void reports_what_is_ours_by_all_it_uses(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        size_t wanted;
    } rows[] = {
        {GONE("west", "search/g1", ROLE("search-dr-snapshot"), OURS), 1},
        {GONE("west", "g12", ROLE("search-dr-snapshot"), OURS), 1},
        {GONE("theirs", "search/g1", ROLE("search-dr-snapshot"), OURS), 0},
        {GONE("west", "search/g1", ROLE("somebody"), OURS), 0},
        {GONE("west", "search/g1", "", OURS), 0},
        {GONE("west", "search", ROLE("search-dr-snapshot"), OURS), 0},
        {GONE("west", "search/g01", ROLE("search-dr-snapshot"), OURS), 0},
        {GONE("west", "search/g1x", ROLE("search-dr-snapshot"), OURS), 0},
        {GONE("west", "search/g", ROLE("search-dr-snapshot"), OURS), 0},
        {GONE("west", "search/g1", ROLE("search-dr-snapshot"), "\"readonly\":\"false\""), 0},
        {GONE("west", "search/g1", ROLE("search-dr-snapshot"), "\"shard_path_type\":\"FIXED\""), 0},
        {"{\"nightly\":{\"type\":\"s3\",\"settings\":{\"bucket\":\"west\"}}}", 0},
        {"{\"old\":{\"type\":\"fs\",\"settings\":{\"location\":\"/s/g1\"}}}", 0},
        {"{}", 0},
    };
    struct kit kit;
    load(&kit, STACK);
    give_endpoint(&kit, "domain.search@primary", HOST);
    for (size_t i = 0; i < COUNT(rows); i++)
        if (surveyed(&kit, rows[i].body, NULL) != rows[i].wanted)
            fail_msg("%s", rows[i].body);
    kit_free(&kit);
}

/* Bucket and role left the spec, too: their tags say whose they are. */
static void asks_whose_bucket_and_role_it_is(void **state)
{
    (void)state;
#define BODY_GONE GONE("gone-west", "search/g1", ROLE("search-dr-gone"), OURS)
#define TAG(key, value) "<member><Key>lifeboat:" key "</Key><Value>" value "</Value></member>"
#define ROLE_OF(stack)                                                                             \
    "<GetRoleResponse><GetRoleResult><Role><RoleName>search-dr-gone</RoleName><Tags>" TAG(         \
        "stack", stack) "</Tags></Role></GetRoleResult></GetRoleResponse>"
    struct kit kit;
    load(&kit, STACK);
    give_endpoint(&kit, "domain.search@primary", HOST);
    assert_int_equal(surveyed(&kit, BODY_GONE, NULL), 0);
    struct lb_value *listed = lb_value_map(kit.arena);
    struct lb_value *tags = lb_map_list(kit.arena, listed, "us-west-2 arn:aws:s3:::gone-west");
    const char *const pairs[][2] = {{"lifeboat:stack", "search-dr"},
                                    {"lifeboat:address", "bucket.gone-west"}};
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct lb_value *tag = lb_list_add(kit.arena, tags, lb_value_map(kit.arena));
        lb_map_set_string(kit.arena, tag, "Key", pairs[i][0]);
        lb_map_set_string(kit.arena, tag, "Value", pairs[i][1]);
    }
    kit.listed = listed;
    assert_int_equal(surveyed(&kit, BODY_GONE, ROLE_OF("search-dr")), 1);
    assert_int_equal(surveyed(&kit, BODY_GONE, ROLE_OF("search")), 0);
    lb_map_set_string(kit.arena, lb_list_item(tags, 0), "Value", "search");
    assert_int_equal(surveyed(&kit, BODY_GONE, NULL), 0);
    kit_free(&kit);
}

static void asks_nothing_where_there_is_no_domain(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, STACK);
    struct lb_resource *one = kit_find(&kit, "repository.nightly@primary");
    kit_read(&kit, one, 1, NULL, 0);
    assert_int_equal(one->live.status, LB_LIVE_ABSENT);
    kit_find(&kit, "domain.search@primary")->live.status = LB_LIVE_UNREADABLE;
    kit_read(&kit, one, 1, NULL, 0);
    assert_int_equal(one->live.status, LB_LIVE_UNREADABLE);
    kit_free(&kit);
}

static void tells_the_two_refusals_apart(void **state)
{
    (void)state;
    static const struct {
        const char *body, *word;
    } rows[] = {
        {"{\"error\":{\"root_cause\":[{\"type\":\"security_exception\",\"reason\":\"no permissions "
         "for [cluster:admin/repository/get] and User [name=x, backend_roles=[]]\"}],\"type\":"
         "\"security_exception\",\"reason\":\"no permissions for [cluster:admin/repository/get]\"},"
         "\"status\":403}",
         "manage_snapshots"},
        {"{\"Message\":\"User: arn:aws:iam::1:user/x is not authorized to perform: es:ESHttpGet\"}",
         "es:ESHttp*"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        struct lb_resource *one = loaded(&kit);
        const struct kit_answer answers[] = {{"GetRepository", 403, rows[i].body}};
        kit_read(&kit, one, 1, answers, 1);
        CHECK(rows[i].word, one->live.status == LB_LIVE_UNREADABLE);
        CHECK(rows[i].word, kit.diags.count == 1);
        CHECK(rows[i].word, strstr(kit.diags.items[0].remedy, rows[i].word) != NULL);
        kit_free(&kit);
    }
}

static void registers_with_all_settings(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *one = loaded(&kit);
    const struct kit_answer answers[] = {{"GetRepository", 200, BODY}};
    kit_read(&kit, one, 1, answers, 1);
    kit_write(&kit, one, "registration");
    assert_int_equal(kit.emit_count, 1);
    const struct lb_call *call = kit.emits[0].call;
    assert_string_equal(kit_line(&kit, call), "PUT /_snapshot/nightly");
    assert_string_equal(call->retry_on, "repository_verification_exception");
    assert_string_equal(kit.emits[0].title, "register for writing");
    /* theirs are kept, but not the region beside our endpoint */
    expect_json(&kit, "put", call->body,
                "{\"type\":\"s3\",\"settings\":{\"bucket\":\"west\",\"base_path\":\"search/g1\","
                "\"role_arn\":\"" ROLE_ARN "\",\"endpoint\":\"s3.amazonaws.com\","
                "\"shard_path_type\":\"FIXED\",\"readonly\":false,\"s3.client.x\":\"1\","
                "\"compress\":\"true\"}}");
    kit_free(&kit);
}

static void a_place_that_goes_is_not_shown_as_kept(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *one = loaded(&kit);
    struct lb_change change;
    const struct kit_answer answers[] = {{"GetRepository", 200, BODY}};
    kit_read(&kit, one, 1, answers, 1);
    lb_diff_resource(kit.arena, &kit.stack, one, &change);
    assert_int_equal(change.action, LB_ACTION_UPDATE);
    for (size_t i = 0; i < change.foreign_count; i++)
        assert_string_not_equal(change.foreign[i], "settings/region");
    assert_int_equal(change.foreign_count, 2);
    kit_free(&kit);
}

static void plans_before_the_domain_is_there(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, STACK);
    struct lb_resource *one = kit_find(&kit, "repository.nightly@secondary");
    kit_write(&kit, one, "registration");
    assert_int_equal(kit.emit_count, 1);
    assert_null(kit.emits[0].call->host);
    assert_string_equal(kit.emits[0].title, "register for reading");
    kit_free(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(direct_writes_to_the_other_region),
        cmocka_unit_test(failing_over_turns_the_writer_round),
        cmocka_unit_test(dual_has_a_second_repository),
        cmocka_unit_test(replicated_reads_the_own_replica),
        cmocka_unit_test(other_partitions_have_no_global_endpoint),
        cmocka_unit_test(what_is_stated_wins),
        cmocka_unit_test(older_engines_do_not_know_shard_path_type),
        cmocka_unit_test(a_shared_file_system_is_taken_as_stated),
        cmocka_unit_test(a_folder_follows_from_path_and_generation),
        cmocka_unit_test(a_folder_is_no_bucket),
        cmocka_unit_test(waits_for_role_bucket_mapping_and_domain),
        cmocka_unit_test(refuses_what_is_not_complete),
        cmocka_unit_test(reads_a_registration),
        cmocka_unit_test(reports_what_is_ours_by_all_it_uses),
        cmocka_unit_test(asks_whose_bucket_and_role_it_is),
        cmocka_unit_test(asks_nothing_where_there_is_no_domain),
        cmocka_unit_test(tells_the_two_refusals_apart),
        cmocka_unit_test(registers_with_all_settings),
        cmocka_unit_test(a_place_that_goes_is_not_shown_as_kept),
        cmocka_unit_test(plans_before_the_domain_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
