/* test_health_check.c: health checks: derivation by switch, finding ours, creating and updating. */
#include "planner/diff.h"
#include "tests/unit/kind_kit.h"

#define NAME "search.example.com"
#define TARGETS "targets: {primary: east.example.net, secondary: west.example.net}"
#define FAILOVER(more) KIT_HEAD "failover:\n  " NAME ": {zone: example.com, " TARGETS more "}\n"
#define STANDALONE(body) KIT_HEAD "health_checks:\n  probe: {" body "}\n"
#define LONG_NAME "a-rather-long-name-of-a-search-service.and-its-department.example.com"
#define XMLNS " xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\""
#define LIST(checks, end)                                                                          \
    "<ListHealthChecksResponse" XMLNS "><HealthChecks>" checks "</HealthChecks>" end               \
    "<MaxItems>1000</MaxItems></ListHealthChecksResponse>"
#define END "<IsTruncated>false</IsTruncated>"
#define HC(id, reference, version, config)                                                         \
    "<HealthCheck><Id>" id "</Id><CallerReference>" reference "</CallerReference>"                 \
    "<HealthCheckConfig>" config "</HealthCheckConfig><HealthCheckVersion>" version                \
    "</HealthCheckVersion></HealthCheck>"
#define FOLLOWS                                                                                    \
    "<Type>CLOUDWATCH_METRIC</Type><Inverted>false</Inverted><Disabled>false</Disabled>"           \
    "<AlarmIdentifier><Region>us-west-2</Region><Name>search-dr-" NAME                             \
    "-failover</Name></AlarmIdentifier>"                                                           \
    "<InsufficientDataHealthStatus>LastKnownStatus</InsufficientDataHealthStatus>"
#define TAGS(id, tags)                                                                             \
    "<ListTagsForResourcesResponse" XMLNS "><ResourceTagSets>"                                     \
    "<ResourceTagSet><ResourceType>healthcheck</ResourceType><ResourceId>other</ResourceId>"       \
    "<Tags><Tag><Key>Name</Key><Value>theirs</Value></Tag></Tags></ResourceTagSet>"                \
    "<ResourceTagSet><ResourceType>healthcheck</ResourceType><ResourceId>" id "</ResourceId>"      \
    "<Tags>" tags "</Tags></ResourceTagSet></ResourceTagSets></ListTagsForResourcesResponse>"
#define TAG(key, value) "<Tag><Key>" key "</Key><Value>" value "</Value></Tag>"

static struct lb_resource *load(struct kit *kit, const char *yaml, const char *address)
{
    if (kit_load(kit, yaml))
        fail_msg("%s: %s", kit->diags.items[0].code, kit->diags.items[0].detail);
    return kit_find(kit, address);
}

static void derives_what_the_switch_means(void **state)
{
    (void)state;
    static const struct {
        const char *more, *path, *text;
    } rows[] = {
        {"", "type", "CLOUDWATCH_METRIC"},
        {"", "alarm/region", "us-west-2"},
        {"", "alarm/name", "search-dr-" NAME "-failover"},
        {"", "insufficient_data", "LastKnownStatus"},
        {"", "inverted", "false"},
        {"", "port", "(none)"},
        {", switch: health-check", "type", "HTTPS"},
        {", switch: health-check", "host", "east.example.net"},
        {", switch: health-check", "path", "/"},
        {", switch: health-check", "port", "443"},
        {", switch: health-check", "interval", "30"},
        {", switch: health-check", "failure_threshold", "3"},
        {", switch: health-check", "sni", "true"},
        {", switch: health-check, path: /up, search: green", "type", "HTTPS_STR_MATCH"},
        {", switch: health-check, path: /up, search: green", "path", "/up"},
        {", switch: health-check, path: /up, search: green", "search", "green"},
        {"", "tags/lifeboat:stack", "search-dr"},
        {"", "tags/lifeboat:address", "health_check." NAME},
        {"", "tags/Name", "search-dr " NAME},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        struct lb_str yaml = {0};
        lb_str_printf(&yaml, "%sfailover:\n  %s: {zone: example.com, %s%s}\n", KIT_HEAD, NAME,
                      TARGETS, rows[i].more);
        struct lb_resource *check = load(&kit, lb_str_text(&yaml), "health_check." NAME);
        CHECK_TEXT(rows[i].path, lb_text_at(check->desired, rows[i].path, "(none)"), rows[i].text);
        kit_free(&kit);
        lb_str_release(&yaml);
    }
}

static void what_is_stated_comes_first(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *check = load(
        &kit,
        FAILOVER("") "health_checks:\n  " NAME
                     ": {insufficient_data: Unhealthy, alarm: {region: eu-west-1, name: mine}}\n",
        "health_check." NAME);
    assert_string_equal(lb_text_at(check->desired, "insufficient_data", ""), "Unhealthy");
    assert_string_equal(lb_text_at(check->desired, "alarm/name", ""), "mine");
    assert_null(lb_stack_find_address(&kit.stack, "alarm." NAME "@secondary"));
    assert_int_equal(check->need_count, 0);
    kit_free(&kit);
}

static void another_type_replaces_the_derived_one_whole(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *check = load(
        &kit, FAILOVER("") "health_checks:\n  " NAME ": {type: TCP, host: east.example.net}\n",
        "health_check." NAME);
    assert_null(lb_map_get(check->desired, "alarm"));
    assert_int_equal(lb_int_at(check->desired, "port", 0), 443);
    assert_null(lb_map_get(check->desired, "sni"));
    kit_free(&kit);
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *code;
    } rows[] = {
        {STANDALONE("interval: 30"), "LB-S105"},
        {STANDALONE("type: HTTPS"), "LB-S105"},
        {STANDALONE("type: HTTP_STR_MATCH, host: a.example.com"), "LB-S105"},
        {STANDALONE("type: CLOUDWATCH_METRIC"), "LB-S105"},
        {STANDALONE("type: CLOUDWATCH_METRIC, alarm: {region: us-west-2, name: a}, port: 80"),
         "LB-S109"},
        {STANDALONE("type: TCP, host: a.example.com, path: /"), "LB-S109"},
        {STANDALONE("type: HTTP, host: a.example.com, sni: true"), "LB-S109"},
        {STANDALONE("type: HTTPS, host: a.example.com, search: x"), "LB-S109"},
        {STANDALONE("type: HTTPS, host: a.example.com, insufficient_data: Healthy"), "LB-S109"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        CHECK(rows[i].yaml, kit_load(&kit, rows[i].yaml) != 0);
        CHECK(rows[i].yaml, kit_said(&kit.diags, rows[i].code, 7));
        kit_free(&kit);
    }
}

static void finds_its_own_whatever_its_number(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *check = load(&kit, FAILOVER(""), "health_check." NAME);
    const struct kit_answer answers[] = {
        {"ListHealthChecks", 200,
         LIST(HC("hc-0", "lifeboat/other/" NAME "/1", "1", FOLLOWS),
              "<IsTruncated>true</IsTruncated><NextMarker>m1</NextMarker>")},
        {"ListHealthChecks", 200,
         LIST(HC("hc-1", "lifeboat/search-dr/" NAME "/4", "7", FOLLOWS)
                  HC("hc-9", "lifeboat/search-dr/gone.example.com/1", "1", FOLLOWS),
              END)},
        {"ListTagsForResources", 200, TAGS("hc-1", TAG("lifeboat:stack", "search-dr"))}};
    kit_read(&kit, check, 1, answers, COUNT(answers));
    assert_string_equal(kit_line(&kit, kit.asks[0].call),
                        "GET /2013-04-01/healthcheck?maxitems=1000");
    assert_string_equal(kit_line(&kit, kit.asks[1].call),
                        "GET /2013-04-01/healthcheck?marker=m1&maxitems=1000");
    assert_string_equal(kit_line(&kit, kit.asks[2].call), "POST /2013-04-01/tags/healthcheck");
    assert_string_equal(kit_body(&kit, kit.asks[2].call),
                        "<ListTagsForResourcesRequest" XMLNS "><ResourceIds><ResourceId>hc-1"
                        "</ResourceId></ResourceIds></ListTagsForResourcesRequest>");
    assert_int_equal(check->live.status, LB_LIVE_PRESENT);
    assert_string_equal(check->live.owner, "search-dr");
    assert_string_equal(lb_text_at(check->live.value, "id", ""), "hc-1");
    assert_null(lb_value_at(check->live.value, "tags/Name"));
    assert_int_equal(kit.stray_count, 1);
    assert_string_equal(kit.strays[0], "health_check.gone.example.com");
    for (size_t i = 0; i < lb_value_count(check->desired); i++) {
        const struct lb_entry *entry = lb_map_nth(check->desired, i);
        if (!lb_streq(entry->key, "tags"))
            CHECK(entry->key,
                  lb_value_equal(entry->value, lb_map_get(check->live.value, entry->key)));
    }
    kit_free(&kit);
}

/* Route 53 keeps a copy of the alarm's settings; a stale one differs from the spec. */
static void a_stale_copy_of_the_alarm_is_seen(void **state)
{
    (void)state;
    static const char *const thresholds[] = {"1.0", "2.0"};
    for (size_t i = 0; i < COUNT(thresholds); i++) {
        struct kit kit;
        struct lb_resource *check = load(&kit, FAILOVER(""), "health_check." NAME);
        const char *list = lb_arena_printf(
            kit.arena,
            "<ListHealthChecksResponse><HealthChecks><HealthCheck><Id>hc-1</Id><CallerReference>"
            "lifeboat/search-dr/" NAME "/1</CallerReference><HealthCheckConfig>" FOLLOWS
            "</HealthCheckConfig><HealthCheckVersion>1</HealthCheckVersion>"
            "<CloudWatchAlarmConfiguration><EvaluationPeriods>1</EvaluationPeriods>"
            "<Threshold>%s</Threshold>"
            "<ComparisonOperator>GreaterThanOrEqualToThreshold</ComparisonOperator>"
            "<Period>60</Period><MetricName>Failover</MetricName><Namespace>lifeboat</Namespace>"
            "<Statistic>Maximum</Statistic><Dimensions><Dimension><Name>Name</Name><Value>" NAME
            "</Value></Dimension><Dimension><Name>Stack</Name><Value>search-dr</Value></Dimension>"
            "</Dimensions></CloudWatchAlarmConfiguration></HealthCheck></HealthChecks>" END
            "</ListHealthChecksResponse>",
            thresholds[i]);
        const struct kit_answer answers[] = {{"ListHealthChecks", 200, list},
                                             {"ListTagsForResources", 200, TAGS("hc-1", "")}};
        kit_read(&kit, check, 1, answers, COUNT(answers));
        const struct lb_schema *schema = lb_schema_property(check->kind->schema, "alarm_settings");
        assert_int_equal(lb_diff_equal(schema, lb_map_get(check->desired, "alarm_settings"),
                                       lb_map_get(check->live.value, "alarm_settings")),
                         i == 0);
        kit_free(&kit);
    }
}

static void reads_every_field_of_a_probe(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *check = load(
        &kit,
        STANDALONE("type: HTTPS_STR_MATCH, host: h.example.com, port: 8443, path: /x, search: ok, "
                   "interval: 10, failure_threshold: 2, inverted: true, disabled: true, "
                   "sni: false, regions: [us-east-1, us-west-2, eu-west-1]"),
        "health_check.probe");
    const struct kit_answer answers[] = {
        {"ListHealthChecks", 200,
         LIST(HC("hc-1", "lifeboat/search-dr/probe/1", "1",
                 "<Port>8443</Port><Type>HTTPS_STR_MATCH</Type><ResourcePath>/x</ResourcePath>"
                 "<FullyQualifiedDomainName>h.example.com</FullyQualifiedDomainName>"
                 "<SearchString>ok</SearchString><RequestInterval>10</RequestInterval>"
                 "<FailureThreshold>2</FailureThreshold><MeasureLatency>false</MeasureLatency>"
                 "<Inverted>true</Inverted><Disabled>true</Disabled><EnableSNI>false</EnableSNI>"
                 "<Regions><Region>us-east-1</Region><Region>us-west-2</Region>"
                 "<Region>eu-west-1</Region></Regions>"),
              END)},
        {"ListTagsForResources", 200, TAGS("hc-1", "")}};
    kit_read(&kit, check, 1, answers, COUNT(answers));
    for (size_t i = 0; i < lb_value_count(check->desired); i++) {
        const struct lb_entry *entry = lb_map_nth(check->desired, i);
        if (!lb_streq(entry->key, "tags"))
            CHECK(entry->key,
                  lb_value_equal(entry->value, lb_map_get(check->live.value, entry->key)));
    }
    kit_free(&kit);
}

static void creates_as_botocore_would(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *check = load(&kit, FAILOVER(""), "health_check." NAME);
    const struct kit_answer answers[] = {{"ListHealthChecks", 200, LIST("", END)}};
    kit_read(&kit, check, 1, answers, 1);
    assert_int_equal(check->live.status, LB_LIVE_ABSENT);
    kit_write(&kit, check, "config");
    assert_int_equal(kit.emit_count, 1);
    assert_string_equal(kit_line(&kit, kit.emits[0].call), "POST /2013-04-01/healthcheck");
    assert_string_equal(kit_body(&kit, kit.emits[0].call),
                        "<CreateHealthCheckRequest" XMLNS
                        "><CallerReference>lifeboat/search-dr/" NAME
                        "/1</CallerReference><HealthCheckConfig>" FOLLOWS
                        "</HealthCheckConfig></CreateHealthCheckRequest>");
    kit_write(&kit, check, "tags");
    assert_true(lb_is(lb_map_get(kit.emits[0].call->params, "ResourceId"), LB_UNKNOWN));
    kit_free(&kit);
}

/* Route 53 cannot change a type: the next number takes over, and the old check is reported. */
static void another_type_is_another_check(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *check = load(&kit, FAILOVER(""), "health_check." NAME);
    const struct kit_answer answers[] = {
        {"ListHealthChecks", 200,
         LIST(HC("hc-1", "lifeboat/search-dr/" NAME "/3", "1", "<Type>HTTPS</Type>"), END)}};
    kit_read(&kit, check, 1, answers, 1);
    assert_int_equal(check->live.status, LB_LIVE_ABSENT);
    assert_int_equal(kit.stray_count, 1);
    assert_string_equal(kit.strays[0], "health_check." NAME ".3");
    kit_write(&kit, check, "config");
    assert_string_equal(lb_text_at(kit.emits[0].call->body, "CallerReference", ""),
                        "lifeboat/search-dr/" NAME "/4");
    kit_free(&kit);
}

static void updates_the_version_that_was_read(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *check = load(
        &kit,
        STANDALONE("type: HTTPS, host: h.example.com, path: /x, inverted: true, "
                   "regions: [us-east-1, us-west-2, eu-west-1]"),
        "health_check.probe");
    const struct kit_answer answers[] = {
        {"ListHealthChecks", 200,
         LIST(HC("hc-1", "lifeboat/search-dr/probe/1", "3",
                 "<Type>HTTPS</Type><RequestInterval>30</RequestInterval>"),
              END)},
        {"ListTagsForResources", 200,
         TAGS("hc-1", TAG("lifeboat:address", "health_check.probe") TAG("theirs", "kept")
                          TAG("Name", "search-dr probe"))}};
    kit_read(&kit, check, 1, answers, COUNT(answers));
    kit_write(&kit, check, "config");
    assert_string_equal(kit_line(&kit, kit.emits[0].call), "POST /2013-04-01/healthcheck/hc-1");
    assert_string_equal(
        kit_body(&kit, kit.emits[0].call),
        "<UpdateHealthCheckRequest" XMLNS
        "><HealthCheckVersion>3</HealthCheckVersion><Port>443</Port>"
        "<ResourcePath>/x</ResourcePath><FullyQualifiedDomainName>h.example.com"
        "</FullyQualifiedDomainName><FailureThreshold>3</FailureThreshold><Inverted>true</Inverted>"
        "<Disabled>false</Disabled><EnableSNI>true</EnableSNI><Regions><Region>us-east-1</Region>"
        "<Region>us-west-2</Region><Region>eu-west-1</Region></Regions></"
        "UpdateHealthCheckRequest>");
    kit_write(&kit, check, "tags");
    assert_string_equal(kit_line(&kit, kit.emits[0].call),
                        "POST /2013-04-01/tags/healthcheck/hc-1");
    assert_string_equal(kit_body(&kit, kit.emits[0].call),
                        "<ChangeTagsForResourceRequest" XMLNS
                        "><AddTags><Tag><Key>lifeboat:stack</Key><Value>search-dr</Value></Tag>"
                        "</AddTags></ChangeTagsForResourceRequest>");
    kit_free(&kit);
}

static void long_names_still_fit_the_reference(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *check = load(
        &kit, KIT_HEAD "failover:\n  " LONG_NAME ": {zone: example.com, " TARGETS "}\n",
        "health_check." LONG_NAME);
    const struct kit_answer answers[] = {{"ListHealthChecks", 200, LIST("", END)}};
    kit_read(&kit, check, 1, answers, 1);
    kit_write(&kit, check, "config");
    const char *reference = lb_text_at(kit.emits[0].call->body, "CallerReference", "");
    assert_true(lb_starts_with(reference, "lifeboat/search-dr/"));
    assert_true(lb_ends_with(reference, "/1"));
    assert_true(strlen(reference) <= 64);
    kit_free(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives_what_the_switch_means),
        cmocka_unit_test(what_is_stated_comes_first),
        cmocka_unit_test(another_type_replaces_the_derived_one_whole),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(finds_its_own_whatever_its_number),
        cmocka_unit_test(a_stale_copy_of_the_alarm_is_seen),
        cmocka_unit_test(reads_every_field_of_a_probe),
        cmocka_unit_test(creates_as_botocore_would),
        cmocka_unit_test(another_type_is_another_check),
        cmocka_unit_test(updates_the_version_that_was_read),
        cmocka_unit_test(long_names_still_fit_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
