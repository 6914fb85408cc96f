/* test_role_mapping.c: who is mapped, and that members of others survive. */
#include "planner/steps.h"
#include "tests/unit/cluster_kit.h"

#define ADDRESS "role_mapping.search@primary"
#define HOST "search-search-abc.us-east-1.es.amazonaws.com"
#define LIVE                                                                                       \
    "{\"all_access\":{\"hosts\":[],\"users\":[],\"reserved\":false,\"hidden\":false,"              \
    "\"backend_roles\":[\"admin\"],\"and_backend_roles\":[]},"                                     \
    "\"manage_snapshots\":{\"hosts\":[],\"users\":[\"theirs\"],\"reserved\":false,"                \
    "\"hidden\":false,\"backend_roles\":[\"snapshotrestore\"],\"and_backend_roles\":[],"           \
    "\"description\":\"by hand\"}}"

static struct lb_resource *loaded(struct kit *kit, const char *spec)
{
    load(kit, spec);
    give_endpoint(kit, "domain.search@primary", HOST);
    return kit_find(kit, ADDRESS);
}

static void read_live(struct kit *kit, struct lb_resource *mapping, const char *body)
{
    const struct kit_answer answers[] = {{"GetRoleMappings", 200, body}};
    kit_read(kit, mapping, 1, answers, 1);
}

static void maps_the_callers_not_the_passed_role(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, STACK);
    expect_json(&kit, "without a schedule", kit_find(&kit, ADDRESS)->desired,
                "{\"roles\":{\"manage_snapshots\":{\"backend_roles\":[\"" OPERATOR "\"]}}}");
    kit_free(&kit);
    load(&kit, STACK SCHEDULES("every: 1h"));
    expect_json(&kit, "with a schedule", kit_find(&kit, "role_mapping.search@secondary")->desired,
                "{\"roles\":{\"manage_snapshots\":{\"backend_roles\":[\"" OPERATOR
                "\"]},\"snapshot_management_full_access\":{\"backend_roles\":[\"" OPERATOR
                "\"]}}}");
    kit_free(&kit);
}

static void what_is_stated_wins(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, STACK "role_mappings:\n  search: {roles: {manage_snapshots: {users: [backup]}, "
                     "readall: {hosts: [\"10.*\"]}}}\n");
    expect_json(&kit, "stated", kit_find(&kit, ADDRESS)->desired,
                "{\"roles\":{\"manage_snapshots\":{\"users\":[\"backup\"]},"
                "\"readall\":{\"hosts\":[\"10.*\"]}}}");
    kit_free(&kit);
}

static void refuses_what_means_nothing(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {STACK "role_mappings:\n  serach: {roles: {readall: {users: [a]}}}\n", "LB-S051", 17},
        {OWN_HEAD "role_mappings:\n  search: {roles: {}}\n", "LB-S094", 12},
    };
    expect_refusals(rows, COUNT(rows));
}

static void reads_the_roles_it_cares_for(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *mapping = loaded(&kit, STACK SCHEDULES("every: 1h"));
    read_live(&kit, mapping, LIVE);
    assert_string_equal(kit_line(&kit, kit.asks[0].call),
                        "GET /_plugins/_security/api/rolesmapping");
    assert_int_equal(mapping->live.status, LB_LIVE_PRESENT);
    expect_json(&kit, "live", mapping->live.value,
                "{\"roles\":{\"manage_snapshots\":{\"backend_roles\":[\"snapshotrestore\"],"
                "\"users\":[\"theirs\"],\"hosts\":[]}}}");
    read_live(&kit, mapping, "{\"manage_snapshots\":{\"backend_roles\":[],\"users\":[]}}");
    assert_int_equal(mapping->live.status, LB_LIVE_ABSENT);
    kit_free(&kit);
}

static void patches_what_differs_and_keeps_the_rest(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *mapping = loaded(&kit, STACK SCHEDULES("every: 1h"));
    read_live(&kit, mapping, LIVE);
    kit_write(&kit, mapping, "roles");
    assert_int_equal(kit.emit_count, 1);
    assert_string_equal(kit_line(&kit, kit.emits[0].call),
                        "PATCH /_plugins/_security/api/rolesmapping");
    assert_string_equal(kit.emits[0].title,
                        "map manage_snapshots, snapshot_management_full_access");
    expect_json(&kit, "patch", kit.emits[0].call->body,
                "[{\"op\":\"add\",\"path\":\"/manage_snapshots\",\"value\":{\"hosts\":[],"
                "\"users\":[\"theirs\"],\"backend_roles\":[\"snapshotrestore\",\"" OPERATOR
                "\"],\"and_backend_roles\":[],\"description\":\"by hand\"}},"
                "{\"op\":\"add\",\"path\":\"/snapshot_management_full_access\",\"value\":"
                "{\"backend_roles\":[\"" OPERATOR "\"]}}]");
    read_live(&kit, mapping, "{\"manage_snapshots\":{\"backend_roles\":[\"x\",\"" OPERATOR "\"]}}");
    kit_write(&kit, mapping, "roles");
    assert_int_equal(lb_value_count(kit.emits[0].call->body), 1);
    assert_string_equal(kit.emits[0].title, "map snapshot_management_full_access");
    kit_free(&kit);
}

/* A domain that was absent when the plan was made has members of its own when the step runs. */
static void is_the_same_step_whoever_adds_theirs(void **state)
{
    static const char *const lives[] = {"{}", LIVE,
                                        "{\"manage_snapshots\":{\"users\":[\"a\",\"b\"]}}"};
    const char *digest = NULL;
    (void)state;
    struct kit kit;
    struct lb_resource *mapping = loaded(&kit, STACK SCHEDULES("every: 1h"));
    for (size_t i = 0; i < COUNT(lives); i++) {
        struct lb_emitted *emitted;
        read_live(&kit, mapping, lives[i]);
        assert_int_equal(
            lb_steps_emit(kit.arena, &kit.stack, mapping, "roles", LB_EMIT_SYMBOLIC, &emitted), 1);
        const char *got = lb_call_digest(kit.arena, emitted[0].call);
        CHECK(lives[i], !digest || strcmp(digest, got) == 0);
        digest = got;
    }
    read_live(&kit, mapping,
              "{\"manage_snapshots\":{\"backend_roles\":[\"" OPERATOR
              "\"]},\"snapshot_management_full_access\":{\"backend_roles\":[\"" OPERATOR "\"]}}");
    kit_write(&kit, mapping, "roles");
    assert_int_equal(kit.emit_count, 0);
    kit_free(&kit);
}

static void elasticsearch_has_another_path(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *mapping = loaded(
        &kit, OWN_HEAD "role_mappings:\n  search: {roles: {readall: {users: [a]}}}\n");
    read_live(&kit, mapping, "{}");
    assert_string_equal(kit_line(&kit, kit.asks[0].call),
                        "GET /_opendistro/_security/api/rolesmapping");
    assert_int_equal(kit.asks[0].call->auth, LB_AUTH_BASIC);
    kit_free(&kit);
}

#define HELD(arn) "{\"readall\":{\"backend_roles\":[\"" arn "\"]}}"
#define TAG(key, value) "<member><Key>lifeboat:" key "</Key><Value>" value "</Value></member>"
#define ROLE_OF(stack)                                                                             \
    "<GetRoleResponse><GetRoleResult><Role><Arn>arn:gone</Arn><RoleName>search-dr-gone</RoleName>" \
    "<Tags>" TAG("stack", stack) TAG("address", "role.gone") "</Tags></Role></GetRoleResult>"      \
                                                             "</GetRoleResponse>"

/* Only an IAM role that carries our mark and is in no spec tells that something of ours is left. */
static void finds_roles_that_left(void **state)
{
    (void)state;
    static const struct {
        const char *body, *role, *stray;
    } rows[] = {
        {HELD("arn:aws:iam::111122223333:role/search-dr-gone"), ROLE_OF("search-dr"), "role.gone"},
        {HELD("arn:aws:iam::111122223333:role/search-dr-gone"), ROLE_OF("other"), NULL},
        {HELD("arn:aws:iam::111122223333:role/people"), NULL, NULL},
        {HELD("arn:aws:iam::111122223333:user/search-dr-gone"), NULL, NULL},
        {HELD(OPERATOR), NULL, NULL},
        {"{}", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        loaded(&kit, STACK);
        const struct kit_answer answers[] = {{"GetRoleMappings", 200, rows[i].body},
                                             {"GetRole", 200, rows[i].role}};
        kit_survey(&kit, "role_mapping", "domain.search@primary", answers, rows[i].role ? 2 : 1);
        CHECK_TEXT(rows[i].body, kit.stray_count ? kit.strays[0] : NULL, rows[i].stray);
        kit_free(&kit);
    }
}

/* No caller is left, so no mapping is declared. */
static void finds_a_mapping_that_left(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, KIT_HEAD DOMAINS);
    give_endpoint(&kit, "domain.search@primary", HOST);
    const struct kit_answer answers[] = {
        {"GetRoleMappings", 200, HELD("arn:aws:iam::111122223333:role/search-dr-gone")},
        {"GetRole", 200, ROLE_OF("search-dr")}};
    kit_survey(&kit, "role_mapping", "domain.search@primary", answers, 2);
    assert_int_equal(kit.stray_count, 1);
    assert_string_equal(kit.strays[0], ADDRESS);
    const struct kit_answer denied[] = {{"GetRoleMappings", 403, "{}"}};
    kit_survey(&kit, "role_mapping", "domain.search@primary", denied, 1);
    assert_int_equal(kit.diags.count, 0);
    const struct kit_answer busy[] = {{"GetRoleMappings", 503, "{}"}};
    kit_survey(&kit, "role_mapping", "domain.search@primary", busy, 1);
    assert_true(kit_said(&kit.diags, "LB-P030", 0));
    kit_free(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_the_callers_not_the_passed_role),
        cmocka_unit_test(what_is_stated_wins),
        cmocka_unit_test(refuses_what_means_nothing),
        cmocka_unit_test(reads_the_roles_it_cares_for),
        cmocka_unit_test(patches_what_differs_and_keeps_the_rest),
        cmocka_unit_test(is_the_same_step_whoever_adds_theirs),
        cmocka_unit_test(elasticsearch_has_another_path),
        cmocka_unit_test(finds_roles_that_left),
        cmocka_unit_test(finds_a_mapping_that_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
