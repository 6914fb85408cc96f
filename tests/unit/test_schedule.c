/* test_schedule.c: intervals, durations, policies of both schedulers. The SM policy is one that an
 * OpenSearch 3.4.0 node answered, as an item of its list. */
#include "tests/unit/cluster_kit.h"

#include "providers/schedule.h"

#include <stdio.h>

#define ADDRESS "schedule.nightly@primary"
#define HOST "search-search-abc.us-east-1.es.amazonaws.com"
#define MARK "lifeboat: search-dr schedule.nightly"
#define SPEC(rest) STACK SCHEDULES(rest)
#define SLM_SPEC(rest)                                                                             \
    OWN_HEAD "repositories:\n  nightly: {domain: search, type: fs, settings: {location: /s}}\n"    \
             "schedules:\n  nightly: {repository: nightly, " rest "}\n"

#define POLICY(name, description)                                                                  \
    "{\"_id\":\"" name "-sm-policy\",\"_version\":3,\"_seq_no\":13,\"_primary_term\":1,"           \
    "\"sm_policy\":{\"name\":\"" name "\",\"description\":\"" description "\",\"schema_version\":" \
    "24,\"creation\":{\"schedule\":{\"cron\":{\"expression\":\"* * * * *\",\"timezone\":\"UTC\"}}" \
    ",\"time_limit\":\"1h\"},\"deletion\":{\"schedule\":{\"cron\":{\"expression\":\"* * * * *\","  \
    "\"timezone\":\"UTC\"}},\"condition\":{\"max_age\":\"7d\",\"min_count\":1,\"max_count\":2},"   \
    "\"time_limit\":\"1h\"},\"snapshot_config\":{\"indices\":\"logs-*,-logs-x\",\"metadata\":"     \
    "{\"k\":\"v\"},\"ignore_unavailable\":true,\"timezone\":\"UTC\",\"include_global_state\":"     \
    "false,\"date_format\":\"yyyy-MM-dd-HH:mm\",\"repository\":\"smrepo\",\"partial\":false},"     \
    "\"schedule\":{\"interval\":{\"start_time\":1795302258927,\"period\":1,\"unit\":\"Minutes\"}}" \
    ",\"enabled\":false,\"last_updated_time\":1795302464979,\"enabled_time\":null}}"
#define LIST(items) "{\"policies\":[" items "],\"total_policies\":2}"

static struct lb_resource *loaded(struct kit *kit, const char *spec)
{
    load(kit, spec);
    give_endpoint(kit, "domain.search@primary", HOST);
    return kit_find(kit, ADDRESS);
}

static void read_live(struct kit *kit, struct lb_resource *schedule, const char *body)
{
    const struct kit_answer answers[] = {{"GetSnapshotManagementPolicies", 200, body}};
    kit_read(kit, schedule, 1, answers, 1);
}

/* --- intervals and durations ---------------------------------------------------------------- */

static void intervals_become_cron(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *at, *unix_cron, *quartz;
    } rows[] = {
        {60, NULL, "* * * * *", "0 * * * * ?"},
        {1800, NULL, "*/30 * * * *", "0 */30 * * * ?"},
        {3600, NULL, "0 * * * *", "0 0 * * * ?"},
        {6 * 3600, NULL, "0 */6 * * *", "0 0 */6 * * ?"},
        {86400, NULL, "0 0 * * *", "0 0 0 * * ?"},
        {86400, "02:30", "30 2 * * *", "0 30 2 * * ?"},
        {7 * 86400, "23:05", "5 23 * * 0", "0 5 23 ? * 1"},
        {0, NULL, NULL, NULL},
        {30, NULL, NULL, NULL},
        {7 * 60, NULL, NULL, NULL},
        {90 * 60, NULL, NULL, NULL},
        {5 * 3600, NULL, NULL, NULL},
        {2 * 86400, NULL, NULL, NULL},
    };
    struct lb_arena *arena = lb_arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        char row[32];
        snprintf(row, sizeof row, "%lld s", (long long)rows[i].seconds);
        CHECK_TEXT(row, lb_cron_every(arena, rows[i].seconds, rows[i].at, false),
                   rows[i].unix_cron);
        CHECK_TEXT(row, lb_cron_every(arena, rows[i].seconds, rows[i].at, true), rows[i].quartz);
    }
    assert_int_equal(lb_cron_fields("  0 0  * * ? "), 5);
    assert_int_equal(lb_cron_fields(""), 0);
    lb_arena_free(arena);
}

static void durations_take_the_unit_that_divides(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {{0, "0s"},     {90, "90s"},      {3600, "1h"},
                {86400, "1d"}, {1209600, "14d"}, {7200, "2h"}};
    struct lb_arena *arena = lb_arena_new();
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(rows[i].text, lb_schedule_duration(arena, rows[i].seconds), rows[i].text);
    lb_arena_free(arena);
}

/* --- derive --------------------------------------------------------------------------------- */

static void derives_the_example(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, SPEC("every: 1h, keep: {max_age: 30d, min_count: 7, protect: \"*-initial\"}"));
    expect_json(&kit, "desired", kit_find(&kit, ADDRESS)->desired,
                "{\"repository\":\"nightly\",\"cron\":\"0 * * * *\",\"prune_cron\":\"0 * * * *\","
                "\"timezone\":\"UTC\",\"enabled\":true,\"indices\":[\"*\",\"-.*\"],\"keep\":"
                "{\"max_age\":\"30d\",\"min_count\":7},\"ignore_unavailable\":true,"
                "\"include_global_state\":false,\"partial\":false,\"description\":\"" MARK "\"}");
    assert_null(lb_stack_find_address(&kit.stack, "schedule.nightly@secondary"));
    kit_free(&kit);
}

static void writes_durations_as_they_come_back(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, SPEC("every: 1h, time_limit: 120m, keep: {max_age: 2w}, description: ours"));
    const struct lb_value *desired = kit_find(&kit, ADDRESS)->desired;
    assert_string_equal(lb_text_at(desired, "time_limit", ""), "2h");
    assert_string_equal(lb_text_at(desired, "keep/max_age", ""), "14d");
    assert_string_equal(lb_text_at(desired, "description", ""), "ours (" MARK ")");
    kit_free(&kit);
}

static void dual_has_a_second_schedule(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, KIT_HEAD ROLES BUCKETS DOMAINS
         "repositories:\n  nightly: {domain: search, role: snapshot, base_path: s, topology: dual, "
         "buckets: {primary: west, secondary: east}}\n" SCHEDULES("every: 1h"));
    const struct lb_value *local = kit_find(&kit, "schedule.nightly-local@primary")->desired;
    assert_string_equal(lb_text_at(local, "repository", ""), "nightly-local");
    assert_string_equal(lb_text_at(local, "cron", ""), "0 * * * *");
    kit_free(&kit);
}

static void refuses_what_the_scheduler_would_garble(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {SPEC("every: 1h, keep: {max_age: 36h}"), "LB-S086", 17},
        {SPEC("every: 1h, keep: {max_age: 7d}, time_limit: 90m"), "LB-S086", 17},
        {SPEC("every: 7m"), "LB-S087", 17},
        {SPEC("every: 1h, at: \"02:30\""), "LB-S087", 17},
        {SPEC("enabled: true"), "LB-S087", 17},
        {SPEC("every: 1h, engine: lambda"), "LB-S088", 17},
        {SPEC("every: 1h, engine: slm"), "LB-S088", 17},
        {SPEC("every: 1h, keep: {min_count: 2}"), "LB-S089", 17},
        {SPEC("every: 1h, keep: {min_count: 5, max_count: 5}"), "LB-S089", 17},
        {SPEC("cron: \"0 0 2 * * ?\""), "LB-S092", 17},
        {SLM_SPEC("every: 1h, time_limit: 1h"), "LB-S090", 14},
        {SLM_SPEC("cron: \"0 2 * * *\""), "LB-S092", 14},
        {SLM_SPEC("cron: \"0 0 2 * * *\""), "LB-S092", 14},
        {SLM_SPEC("cron: \"0 0 2 ? * ?\""), "LB-S092", 14},
        {SLM_SPEC("every: 1h, engine: sm"), "LB-S088", 14},
        {STACK "schedules:\n  nightly: {repository: nihgtly, every: 1h}\n", "LB-S051", 17},
        {KIT_HEAD ROLES BUCKETS "domains:\n  search: {engine: Elasticsearch_7.10, " NODES
                                "}\n" REPOSITORIES SCHEDULES("every: 1h"),
         "LB-S088", 0},
    };
    expect_refusals(rows, COUNT(rows));
}

static void says_the_right_spelling(void **state)
{
    (void)state;
    struct kit kit;
    assert_int_not_equal(kit_load(&kit, SPEC("every: 1h, keep: {max_age: 36h}")), 0);
    assert_string_equal(kit.diags.items[0].remedy, "1d or 2d");
    kit_free(&kit);
}

/* --- Snapshot Management -------------------------------------------------------------------- */

static void reads_a_recorded_policy(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *schedule = loaded(&kit, SPEC("every: 1h, keep: {max_age: 7d}"));
    read_live(&kit, schedule, LIST(POLICY("other", "x") "," POLICY("nightly", MARK)));
    assert_string_equal(kit_line(&kit, kit.asks[0].call), "GET /_plugins/_sm/policies?size=1000");
    assert_string_equal(schedule->live.owner, "search-dr");
    expect_json(&kit, "live", schedule->live.value,
                "{\"description\":\"" MARK "\",\"enabled\":false,\"cron\":\"* * * * *\","
                "\"timezone\":\"UTC\",\"time_limit\":\"1h\",\"prune_cron\":\"* * * * *\",\"keep\":"
                "{\"max_age\":\"7d\",\"min_count\":1,\"max_count\":2},\"repository\":\"smrepo\","
                "\"date_format\":\"yyyy-MM-dd-HH:mm\",\"ignore_unavailable\":true,"
                "\"include_global_state\":false,\"partial\":false,"
                "\"indices\":[\"logs-*\",\"-logs-x\"]}");
    read_live(&kit, schedule, LIST(POLICY("other", "x")));
    assert_int_equal(schedule->live.status, LB_LIVE_ABSENT);
    kit_free(&kit);
}

static void expect_strays(struct kit *kit, const char *inside, int status, const char *body,
                          const char *wanted)
{
    const struct kit_answer answers[] = {{"GetSnapshotManagementPolicies", status, body}};
    kit_survey(kit, "schedule", inside, answers, 1);
    assert_int_equal(kit->stray_count, wanted ? 1 : 0);
    if (wanted)
        assert_string_equal(kit->strays[0], wanted);
}

static void reports_what_left_the_spec(void **state)
{
    (void)state;
    struct kit kit;
    loaded(&kit, SPEC("every: 1h"));
    expect_strays(
        &kit, "domain.search@primary", 200,
        LIST(POLICY("gone", "old (lifeboat: search-dr schedule.gone)") "," POLICY(
            "nightly", MARK) "," POLICY("theirs",
                                        "lifeboat: other schedule.gone2") "," POLICY("plain",
                                                                                     "by hand")),
        "schedule.gone@primary");
    kit_free(&kit);
}

/* Nobody of the kind is left to read the list. */
static void reports_the_last_that_left(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, STACK);
    give_endpoint(&kit, "domain.search@primary", HOST);
    expect_strays(&kit, "domain.search@primary", 200, LIST(POLICY("nightly", MARK)),
                  "schedule.nightly@primary");
    assert_int_equal(kit.diags.count, 0);
    expect_strays(&kit, "domain.search@primary", 405, "{}", NULL);
    assert_int_equal(kit.diags.count, 0);
    expect_strays(&kit, "domain.search@primary", 403, "{}", NULL);
    assert_true(kit_said(&kit.diags, "LB-P030", 0));
    assert_int_equal(kit.diags.errors, 0);
    kit_survey(&kit, "schedule", "domain.search@secondary", NULL, 0); /* it has no endpoint */
    kit_find(&kit, "domain.search@primary")->live.status = LB_LIVE_UNREADABLE;
    kit_survey(&kit, "schedule", "domain.search@primary", NULL, 0);
    kit_free(&kit);
}

static void reports_what_still_runs_on_the_other_side(void **state)
{
    (void)state;
    struct kit kit;
    loaded(&kit, SPEC("every: 1h"));
    give_endpoint(&kit, "domain.search@secondary", "west.example.com");
    expect_strays(&kit, "domain.search@secondary", 200, LIST(POLICY("nightly", MARK)),
                  "schedule.nightly@secondary");
    assert_string_equal(kit.asks[0].call->host, "west.example.com");
    expect_strays(&kit, "domain.search@primary", 200, LIST(POLICY("nightly", MARK)), NULL);
    /* what is in the spec there says itself that it cannot be read */
    expect_strays(&kit, "domain.search@primary", 503, "{}", NULL);
    assert_int_equal(kit.diags.count, 0);
    kit_free(&kit);
}

static void creates_a_policy(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *schedule = loaded(
        &kit, SPEC("every: 1d, at: \"02:30\", timezone: Europe/Berlin, date_format: yyyy-MM-dd, "
                   "time_limit: 2h, keep: {max_age: 30d, max_count: 100}"));
    schedule->live.status = LB_LIVE_ABSENT;
    kit_write(&kit, schedule, "policy");
    assert_int_equal(kit.emit_count, 1);
    assert_string_equal(kit_line(&kit, kit.emits[0].call), "POST /_plugins/_sm/policies/nightly");
    assert_string_equal(kit.emits[0].call->idempotent_on, "version_conflict_engine_exception");
    expect_json(&kit, "create", kit.emits[0].call->body,
                "{\"description\":\"" MARK "\",\"enabled\":true,\"creation\":{\"schedule\":"
                "{\"cron\":{\"expression\":\"30 2 * * *\",\"timezone\":\"Europe/Berlin\"}},"
                "\"time_limit\":\"2h\"},\"deletion\":{\"schedule\":{\"cron\":{\"expression\":"
                "\"30 2 * * *\",\"timezone\":\"Europe/Berlin\"}},\"condition\":{\"max_age\":"
                "\"30d\",\"min_count\":1,\"max_count\":100}},\"snapshot_config\":{\"repository\":"
                "\"nightly\",\"indices\":\"*,-.*\",\"date_format\":\"yyyy-MM-dd\","
                "\"date_format_timezone\":\"Europe/Berlin\",\"ignore_unavailable\":true,"
                "\"include_global_state\":false,\"partial\":false}}");
    kit_free(&kit);
}

static void changes_a_policy_and_keeps_what_it_does_not_know(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *schedule = loaded(&kit, SPEC("every: 1h, keep: {max_age: 7d}"));
    read_live(&kit, schedule, LIST(POLICY("nightly", "by hand")));
    assert_null(schedule->live.owner);
    kit_write(&kit, schedule, "policy");
    assert_string_equal(kit_line(&kit, kit.emits[0].call),
                        "PUT /_plugins/_sm/policies/nightly?if_primary_term=1&if_seq_no=13");
    expect_json(&kit, "change", kit.emits[0].call->body,
                "{\"description\":\"" MARK "\",\"enabled\":true,\"creation\":{\"schedule\":"
                "{\"cron\":{\"expression\":\"0 * * * *\",\"timezone\":\"UTC\"}},\"time_limit\":"
                "\"1h\"},\"deletion\":{\"schedule\":{\"cron\":{\"expression\":\"0 * * * *\","
                "\"timezone\":\"UTC\"}},\"condition\":{\"max_age\":\"7d\",\"min_count\":1,"
                "\"max_count\":2},\"time_limit\":\"1h\"},\"snapshot_config\":{\"repository\":"
                "\"nightly\",\"indices\":\"*,-.*\",\"metadata\":{\"k\":\"v\"},\"timezone\":\"UTC\","
                "\"date_format\":\"yyyy-MM-dd-HH:mm\",\"ignore_unavailable\":true,"
                "\"include_global_state\":false,\"partial\":false}}");
    kit_free(&kit);
}

/* --- snapshot lifecycle management ---------------------------------------------------------- */

static void runs_on_elasticsearch_too(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, SLM_SPEC("every: 1d, at: \"01:30\", keep: {max_age: 36h, max_count: 50}"));
    struct lb_resource *schedule = kit_find(&kit, ADDRESS);
    schedule->live.status = LB_LIVE_ABSENT;
    kit_write(&kit, schedule, "policy");
    assert_string_equal(kit_line(&kit, kit.emits[0].call), "PUT /_slm/policy/nightly");
    const char *body =
        "{\"schedule\":\"0 30 1 * * ?\",\"name\":\"<nightly-{now/d}>\",\"repository\":\"nightly\","
        "\"config\":{\"indices\":[\"*\",\"-.*\"],\"ignore_unavailable\":true,"
        "\"include_global_state\":false,\"partial\":false,\"metadata\":{\"lifeboat\":\"" MARK
        "\"}},\"retention\":{\"expire_after\":\"36h\",\"min_count\":1,\"max_count\":50}}";
    expect_json(&kit, "put", kit.emits[0].call->body, body);
    const struct kit_answer answers[] = {
        {"GetSnapshotLifecyclePolicies", 200,
         lb_arena_printf(kit.arena,
                         "{\"nightly\":{\"version\":1,\"policy\":%s,\"next_execution_millis\":1}}",
                         body)}};
    kit_read(&kit, schedule, 1, answers, 1);
    assert_int_equal(schedule->live.status, LB_LIVE_PRESENT);
    assert_string_equal(schedule->live.owner, "search-dr");
    struct lb_str wanted = {0};
    lb_json_canonical(&wanted, schedule->desired);
    expect_json(&kit, "round trip", schedule->live.value, lb_str_take(&wanted, kit.arena));
    kit_free(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_become_cron),
        cmocka_unit_test(durations_take_the_unit_that_divides),
        cmocka_unit_test(derives_the_example),
        cmocka_unit_test(writes_durations_as_they_come_back),
        cmocka_unit_test(dual_has_a_second_schedule),
        cmocka_unit_test(refuses_what_the_scheduler_would_garble),
        cmocka_unit_test(says_the_right_spelling),
        cmocka_unit_test(reads_a_recorded_policy),
        cmocka_unit_test(reports_what_left_the_spec),
        cmocka_unit_test(reports_the_last_that_left),
        cmocka_unit_test(reports_what_still_runs_on_the_other_side),
        cmocka_unit_test(creates_a_policy),
        cmocka_unit_test(changes_a_policy_and_keeps_what_it_does_not_know),
        cmocka_unit_test(runs_on_elasticsearch_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
