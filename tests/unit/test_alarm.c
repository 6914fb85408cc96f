/* test_alarm.c: alarms: derivation, batched reading, the put that replaces all. */
#include "base/json.h"
#include "tests/unit/kind_kit.h"

#define NAME "search.example.com"
#define FAILOVER                                                                                   \
    KIT_HEAD "failover:\n  " NAME ": {zone: example.com, targets: {primary: a.example.net, "       \
             "secondary: b.example.net}}\n"
#define STANDALONE(body) KIT_HEAD "alarms:\n  red: {" body "}\n"
#define SWITCH                                                                                     \
    "{\"AlarmName\":\"search-dr-" NAME "-failover\",\"AlarmArn\":\"arn:aws:cloudwatch:us-west-2:"  \
    "111122223333:alarm:search-dr-" NAME                                                           \
    "-failover\",\"AlarmDescription\":\"lifeboat: 1 moves " NAME                                   \
    " to the standby region, 0 moves it back\",\"ActionsEnabled\":true,\"OKActions\":[],"          \
    "\"AlarmActions\":[],\"InsufficientDataActions\":[],\"StateValue\":\"OK\","                    \
    "\"MetricName\":\"Failover\",\"Namespace\":\"lifeboat\",\"Statistic\":\"Maximum\","            \
    "\"Dimensions\":[{\"Name\":\"Name\",\"Value\":\"" NAME "\"},{\"Name\":\"Stack\","              \
    "\"Value\":\"search-dr\"}],\"Period\":60,\"EvaluationPeriods\":1,\"Threshold\":1.0,"           \
    "\"ComparisonOperator\":\"GreaterThanOrEqualToThreshold\",\"TreatMissingData\":\"ignore\"}"

static struct lb_resource *load(struct kit *kit, const char *yaml, const char *address)
{
    if (kit_load(kit, yaml))
        fail_msg("%s: %s", kit->diags.items[0].code, kit->diags.items[0].detail);
    return kit_find(kit, address);
}

static void the_switch_lives_in_the_standby_region(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *alarm = load(&kit, FAILOVER, "alarm." NAME "@secondary");
    static const struct {
        const char *path, *text;
    } rows[] = {
        {"name", "search-dr-" NAME "-failover"},
        {"namespace", "lifeboat"},
        {"metric", "Failover"},
        {"dimensions/Stack", "search-dr"},
        {"dimensions/Name", NAME},
        {"statistic", "Maximum"},
        {"period", "60s"},
        {"evaluation_periods", "1"},
        {"threshold", "1"},
        {"comparison", "GreaterThanOrEqualToThreshold"},
        {"missing_data", "ignore"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(rows[i].path, lb_text_at(alarm->desired, rows[i].path, NULL), rows[i].text);
    assert_null(lb_map_get(alarm->desired, "tags"));
    assert_string_equal(alarm->region, "us-west-2");
    assert_null(lb_stack_find_address(&kit.stack, "alarm." NAME "@primary"));
    kit_free(&kit);
}

static void a_side_can_be_stated(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *alarm = load(&kit, STANDALONE("side: primary, metric: Red, period: 5m"),
                                     "alarm.red@primary");
    assert_string_equal(alarm->region, "us-east-1");
    assert_string_equal(lb_text_at(alarm->desired, "metric", ""), "Red");
    kit_free(&kit);
}

static void refuses_periods_that_route53_does_not_read(void **state)
{
    (void)state;
    static const char *const rows[] = {STANDALONE("period: 10s"), STANDALONE("period: 90s"),
                                       STANDALONE("period: 0s")};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        CHECK(rows[i], kit_load(&kit, rows[i]) != 0);
        CHECK(rows[i], kit_said(&kit.diags, "LB-S106", 7));
        kit_free(&kit);
    }
}

static void reads_what_it_would_write(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *alarm = load(&kit, FAILOVER, "alarm." NAME "@secondary");
    const struct kit_answer answers[] = {
        {"DescribeAlarms", 200, "{\"MetricAlarms\":[{\"AlarmName\":\"other\"}," SWITCH "]}"}};
    kit_read(&kit, alarm, 1, answers, 1);
    assert_string_equal(kit_body(&kit, kit.asks[0].call),
                        "{\"AlarmNames\":[\"search-dr-" NAME "-failover\"],\"MaxRecords\":100}");
    assert_string_equal(kit.asks[0].call->region, "us-west-2");
    assert_int_equal(alarm->live.status, LB_LIVE_PRESENT);
    for (size_t i = 0; i < lb_value_count(alarm->desired); i++) {
        const struct lb_entry *entry = lb_map_nth(alarm->desired, i);
        if (!lb_streq(entry->key, "period"))
            CHECK(entry->key,
                  lb_value_equal(entry->value, lb_map_get(alarm->live.value, entry->key)));
    }
    assert_string_equal(lb_text_at(alarm->live.value, "period", ""), "1m");
    assert_null(lb_map_get(alarm->live.value, "StateValue"));
    kit_free(&kit);
}

static void absent_is_absent(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *alarm = load(&kit, FAILOVER, "alarm." NAME "@secondary");
    const struct kit_answer answers[] = {{"DescribeAlarms", 200, "{\"MetricAlarms\":[]}"}};
    kit_read(&kit, alarm, 1, answers, 1);
    assert_int_equal(alarm->live.status, LB_LIVE_ABSENT);
    kit_free(&kit);
}

static void creates_with_tags_and_replaces_without(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *alarm = load(
        &kit, STANDALONE("metric: Red, threshold: 0.5, alarm_actions: [\"arn:aws:sns:x\"]"),
        "alarm.red@secondary");
    alarm->live.status = LB_LIVE_ABSENT;
    kit_write(&kit, alarm, "alarm");
    static const char body[] =
        "{\"AlarmName\":\"search-dr-red-failover\",\"ActionsEnabled\":true,\"OKActions\":[],"
        "\"AlarmActions\":[\"arn:aws:sns:x\"],\"InsufficientDataActions\":[],"
        "\"MetricName\":\"Red\",\"Namespace\":\"lifeboat\",\"Statistic\":\"Maximum\","
        "\"EvaluationPeriods\":1,\"Threshold\":0.5,"
        "\"ComparisonOperator\":\"GreaterThanOrEqualToThreshold\",\"TreatMissingData\":\"ignore\","
        "\"Dimensions\":[{\"Name\":\"Stack\",\"Value\":\"search-dr\"},"
        "{\"Name\":\"Name\",\"Value\":\"red\"}],\"Period\":60";
    static const char tags[] = ",\"Tags\":[{\"Key\":\"lifeboat:stack\",\"Value\":\"search-dr\"},"
                               "{\"Key\":\"lifeboat:address\",\"Value\":\"alarm.red@secondary\"}]}";
    assert_string_equal(kit_body(&kit, kit.emits[0].call),
                        lb_arena_printf(kit.arena, "%s%s", body, tags));
    alarm->live.status = LB_LIVE_PRESENT;
    kit_write(&kit, alarm, "alarm");
    assert_string_equal(kit_body(&kit, kit.emits[0].call), lb_arena_printf(kit.arena, "%s}", body));
    kit_free(&kit);
}

static void tags_are_read_only_when_stated(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *alarm = load(&kit,
                                     STANDALONE("name: search-dr-" NAME "-failover, "
                                                "tags: {team: search}"),
                                     "alarm.red@secondary");
    const struct kit_answer answers[] = {
        {"DescribeAlarms", 200, "{\"MetricAlarms\":[" SWITCH "]}"},
        {"ListTagsForResource", 200,
         "{\"Tags\":[{\"Key\":\"lifeboat:stack\",\"Value\":\"other\"}]}"}};
    kit_read(&kit, alarm, 1, answers, COUNT(answers));
    assert_string_equal(alarm->live.owner, "other");
    kit_write(&kit, alarm, "tags");
    assert_string_equal(kit.emits[0].call->op->name, "TagResource");
    assert_string_equal(lb_text_at(kit.emits[0].call->body, "Tags/0/Key", ""), "team");
    assert_int_equal(lb_value_count(lb_map_get(kit.emits[0].call->body, "Tags")), 3);
    kit_free(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_switch_lives_in_the_standby_region),
        cmocka_unit_test(a_side_can_be_stated),
        cmocka_unit_test(refuses_periods_that_route53_does_not_read),
        cmocka_unit_test(reads_what_it_would_write),
        cmocka_unit_test(absent_is_absent),
        cmocka_unit_test(creates_with_tags_and_replaces_without),
        cmocka_unit_test(tags_are_read_only_when_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
