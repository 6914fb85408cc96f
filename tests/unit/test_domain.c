/* test_domain.c: domains: what follows from the spec, statuses, sections, creation, forecasts. */
#include "tests/unit/cluster_kit.h"

#include <stdio.h>

#define DOMAIN_ARN "arn:aws:es:us-east-1:111122223333:domain/search"
#define HOST "search-search-abc.us-east-1.es.amazonaws.com"
#define PRIMARY "domain.search@primary"
#define STATUS(state, rest)                                                                        \
    "{\"DomainStatusList\":[{\"DomainName\":\"search\",\"DomainId\":\"111122223333/search\","      \
    "\"ARN\":\"" DOMAIN_ARN "\"," state ",\"EngineVersion\":\"OpenSearch_2.19\"," rest "}]}"
#define ACTIVE                                                                                     \
    "\"Created\":true,\"Deleted\":false,\"Processing\":false,\"Endpoint\":\"" HOST                 \
    "\",\"DomainProcessingStatus\":\"Active\""
#define CLUSTER                                                                                    \
    "\"ClusterConfig\":{\"InstanceType\":\"r7g.large.search\",\"InstanceCount\":3,"                \
    "\"DedicatedMasterEnabled\":false,\"ZoneAwarenessEnabled\":false,\"WarmEnabled\":false,"       \
    "\"ColdStorageOptions\":{\"Enabled\":false},\"MultiAZWithStandbyEnabled\":false},"             \
    "\"EBSOptions\":{\"EBSEnabled\":true,\"VolumeType\":\"gp3\",\"VolumeSize\":200,"               \
    "\"Iops\":3000,\"Throughput\":125}"
#define SECURITY(on)                                                                               \
    "\"EncryptionAtRestOptions\":{\"Enabled\":" on "},\"NodeToNodeEncryptionOptions\":"            \
    "{\"Enabled\":" on "},\"AdvancedSecurityOptions\":{\"Enabled\":" on                            \
    ",\"InternalUserDatabaseEnabled\":false},\"DomainEndpointOptions\":{\"EnforceHTTPS\":true,"    \
    "\"TLSSecurityPolicy\":\"Policy-Min-TLS-1-2-PFS-2023-10\",\"CustomEndpointEnabled\":false}"
#define POLICY                                                                                     \
    "\"AccessPolicies\":\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[{\\\"Effect\\\":" \
    "\\\"Allow\\\",\\\"Principal\\\":{\\\"AWS\\\":[\\\"arn:aws:iam::111122223333:root\\\","        \
    "\\\"" OPERATOR "\\\"]},\\\"Action\\\":\\\"es:ESHttp*\\\",\\\"Resource\\\":\\\"" DOMAIN_ARN    \
    "/*\\\"}]}\""
#define REST                                                                                       \
    "\"AdvancedOptions\":{\"override_main_response_version\":\"false\","                           \
    "\"rest.action.multi.allow_explicit_index\":\"true\"},\"AutoTuneOptions\":{\"State\":"         \
    "\"ENABLE_IN_PROGRESS\"},\"LogPublishingOptions\":{\"INDEX_SLOW_LOGS\":"                       \
    "{\"CloudWatchLogsLogGroupArn\":\"arn:aws:logs:x\",\"Enabled\":false}}"
#define TAGS                                                                                       \
    {                                                                                              \
        "ListTags", 200,                                                                           \
            "{\"TagList\":[{\"Key\":\"lifeboat:stack\",\"Value\":\"search-dr\"},"                  \
            "{\"Key\":\"lifeboat:address\",\"Value\":\"" PRIMARY "\"},"                            \
            "{\"Key\":\"theirs\",\"Value\":\"1\"}]}"                                               \
    }
#define UP STATUS(ACTIVE, CLUSTER "," SECURITY("true") "," POLICY "," REST)

static struct lb_resource *read_up(struct kit *kit, const char *spec, const char *body)
{
    load(kit, spec);
    struct lb_resource *domain = kit_find(kit, PRIMARY);
    const struct kit_answer answers[] = {{"DescribeDomains", 200, body}, TAGS};
    kit_read(kit, domain, 1, answers, 2);
    return domain;
}

/* --- derive --------------------------------------------------------------------------------- */

static void derives_a_safe_domain(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, STACK);
    struct lb_resource *domain = kit_find(&kit, PRIMARY);
    kit_find(&kit, "domain.search@secondary");
    expect_json(
        &kit, "desired", domain->desired,
        "{\"engine\":\"OpenSearch_2.19\",\"data_nodes\":{\"type\":\"r7g.large.search\","
        "\"count\":3,\"volume\":\"200Gi\",\"volume_type\":\"gp3\"},"
        "\"node_to_node\":true,\"https\":true,"
        "\"tls_policy\":\"Policy-Min-TLS-1-2-PFS-2023-10\","
        "\"encryption_at_rest\":{\"enabled\":true},"
        "\"fine_grained\":{\"enabled\":true,\"master_user_arn\":{\"$unknown\":\"caller/arn\"}},"
        "\"access_policy\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":"
        "\"Allow\",\"Principal\":{\"AWS\":[\"arn:aws:iam::111122223333:root\",\"" OPERATOR
        "\"]},\"Action\":\"es:ESHttp*\",\"Resource\":\"" DOMAIN_ARN "/*\"}]},"
        "\"tags\":{\"lifeboat:stack\":\"search-dr\",\"lifeboat:address\":\"" PRIMARY "\"}}");
    kit_free(&kit);
}

static void sides_differ_where_stated(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, KIT_HEAD CALLER
         "domains:\n  search:\n    engine: OpenSearch_2.17\n    " NODES "\n"
         "    custom_endpoint: {name: search.example.com}\n"
         "    secondary: {engine: OpenSearch_2.19, data_nodes: {count: 6}, custom_endpoint: "
         "{certificate: \"arn:aws:acm:us-west-2:111122223333:certificate/b\"}}\n");
    struct lb_resource *one = kit_find(&kit, PRIMARY);
    struct lb_resource *two = kit_find(&kit, "domain.search@secondary");
    assert_int_equal(lb_int_at(one->desired, "data_nodes/count", 0), 3);
    assert_int_equal(lb_int_at(two->desired, "data_nodes/count", 0), 6);
    assert_string_equal(lb_text_at(two->desired, "data_nodes/volume", ""), "200Gi");
    assert_string_equal(lb_text_at(one->desired, "engine", ""), "OpenSearch_2.17");
    assert_string_equal(lb_text_at(two->desired, "engine", ""), "OpenSearch_2.19");
    assert_null(lb_value_at(one->desired, "custom_endpoint/certificate"));
    expect_json(&kit, "custom endpoint", lb_map_get(two->desired, "custom_endpoint"),
                "{\"name\":\"search.example.com\",\"certificate\":"
                "\"arn:aws:acm:us-west-2:111122223333:certificate/b\"}");
    assert_null(lb_map_get(two->desired, "secondary"));
    kit_free(&kit);
}

static void a_cold_side_is_not_there_until_it_is_active(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, KIT_HEAD CALLER "domains:\n  search: {engine: OpenSearch_2.19, " NODES
                               ", secondary: {mode: cold}}\n");
    assert_null(lb_stack_find_address(&kit.stack, "domain.search@secondary"));
    assert_null(lb_stack_find_address(&kit.stack, "role_mapping.search@secondary"));
    kit_find(&kit, "role_mapping.search@primary");
    kit_free(&kit);
}

static void refuses_what_cannot_work(void **state)
{
    (void)state;
#define ONE(entry) KIT_HEAD CALLER "domains:\n  search: {engine: OpenSearch_2.19, " entry "}\n"
#define OWN(url) KIT_HEAD "domains:\n  search: {engine: Elasticsearch_7.10, endpoint: " url "}\n"
    static const struct refusal rows[] = {
        {ONE("zones: 1"), "LB-S080", 9},
        {ONE("data_nodes: {count: 3}"), "LB-S080", 9},
        {ONE(NODES ", https: false"), "LB-S082", 9},
        {ONE(NODES ", node_to_node: false"), "LB-S082", 9},
        {ONE(NODES ", encryption_at_rest: {enabled: false}"), "LB-S082", 9},
        {OWN("\"http://es.example.com\""), "LB-S083", 7},
        {OWN("{secondary: \"https://es.example.com\"}"), "LB-S084", 7},
        {OWN("\"https://es.example.com\", zones: 2"), "LB-S085", 7},
    };
    expect_refusals(rows, COUNT(rows));
}

static void security_can_be_stated_otherwise(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, KIT_HEAD "domains:\n  search: {engine: OpenSearch_2.19, " NODES
                        ", fine_grained: {enabled: false}, https: false}\n");
    struct lb_resource *domain = kit_find(&kit, PRIMARY);
    expect_json(&kit, "off", lb_map_get(domain->desired, "fine_grained"), "{\"enabled\":false}");
    assert_null(lb_stack_find_address(&kit.stack, "role_mapping.search@primary"));
    kit_free(&kit);
}

/* --- read ----------------------------------------------------------------------------------- */

static void reads_a_domain(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *domain = read_up(&kit, STACK, UP);
    assert_int_equal(domain->live.status, LB_LIVE_PRESENT);
    assert_string_equal(domain->live.owner, "search-dr");
    assert_string_equal(kit_line(&kit, kit.asks[0].call),
                        "POST /2021-01-01/opensearch/domain-info");
    assert_string_equal(kit_body(&kit, kit.asks[0].call), "{\"DomainNames\":[\"search\"]}");
    assert_string_equal(kit_line(&kit, kit.asks[1].call),
                        "GET /2021-01-01/tags/?arn=arn%3Aaws%3Aes%3Aus-east-1%3A111122223333%3A"
                        "domain%2Fsearch");
    expect_json(&kit, "live", domain->live.value,
                "{\"arn\":\"" DOMAIN_ARN "\",\"id\":\"111122223333/search\",\"endpoint\":\"" HOST
                "\",\"engine\":\"OpenSearch_2.19\",\"data_nodes\":{\"type\":\"r7g.large.search\","
                "\"count\":3,\"volume\":\"200Gi\",\"volume_type\":\"gp3\",\"iops\":3000,"
                "\"throughput\":125},\"zones\":1,\"multi_az_with_standby\":false,"
                "\"node_to_node\":true,\"https\":true,"
                "\"tls_policy\":\"Policy-Min-TLS-1-2-PFS-2023-10\","
                "\"encryption_at_rest\":{\"enabled\":true},"
                "\"fine_grained\":{\"enabled\":true,\"internal_users\":false},"
                "\"advanced_options\":{\"override_main_response_version\":\"false\","
                "\"rest.action.multi.allow_explicit_index\":\"true\"},\"auto_tune\":true,"
                "\"access_policy\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":"
                "\"Allow\",\"Principal\":{\"AWS\":[\"arn:aws:iam::111122223333:root\",\"" OPERATOR
                "\"]},\"Action\":\"es:ESHttp*\",\"Resource\":\"" DOMAIN_ARN "/*\"}]},"
                "\"tags\":{\"lifeboat:stack\":\"search-dr\",\"lifeboat:address\":\"" PRIMARY
                "\",\"theirs\":\"1\"}}");
    kit_free(&kit);
}

static void reads_what_is_not_settled(void **state)
{
    (void)state;
    static const struct {
        const char *state, *words;
    } rows[] = {
        {"\"Created\":false,\"Processing\":true", "creating: 2 of 5 stages"},
        {"\"Created\":true,\"Processing\":true,\"Endpoint\":\"" HOST "\"",
         "changing its configuration: 2 of 5 stages"},
        {"\"Created\":true,\"Processing\":false", "waiting for its endpoint: 2 of 5 stages"},
        {"\"Created\":true,\"Processing\":false,\"Endpoint\":\"" HOST
         "\",\"DomainProcessingStatus\":\"UpgradingEngineVersion\"",
         "upgrading the engine: 2 of 5 stages"},
        {"\"Created\":true,\"Deleted\":true,\"Processing\":true,\"Endpoint\":\"" HOST "\"",
         "being deleted: 2 of 5 stages"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        load(&kit, STACK);
        struct lb_resource *domain = kit_find(&kit, PRIMARY);
        const char *body = lb_arena_printf(
            kit.arena,
            "{\"DomainStatusList\":[{\"DomainName\":\"search\",\"ARN\":\"" DOMAIN_ARN "\",%s}]}",
            rows[i].state);
        const struct kit_answer answers[] = {
            {"DescribeDomains", 200, body},
            TAGS,
            {"DescribeDomainChangeProgress", 200,
             "{\"ChangeProgressStatus\":{\"TotalNumberOfStages\":5,\"ChangeProgressStages\":["
             "{\"Name\":\"a\",\"Status\":\"COMPLETED\"},{\"Name\":\"b\",\"Status\":\"COMPLETED\"},"
             "{\"Name\":\"c\",\"Status\":\"PENDING\"}]}}"}};
        kit_read(&kit, domain, 1, answers, 3);
        CHECK(rows[i].words, domain->live.status == LB_LIVE_IN_FLUX);
        CHECK_TEXT(rows[i].state, domain->live.progress, rows[i].words);
        kit_free(&kit);
    }
}

static void reads_absence_and_refusal(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, STACK);
    struct lb_resource *domain = kit_find(&kit, PRIMARY);
    const struct kit_answer none[] = {{"DescribeDomains", 200, "{\"DomainStatusList\":[]}"}};
    kit_read(&kit, domain, 1, none, 1);
    assert_int_equal(domain->live.status, LB_LIVE_ABSENT);
    const struct kit_answer denied[] = {
        {"DescribeDomains", 403, "{\"__type\":\"AccessDeniedException\",\"Message\":\"no\"}"}};
    kit_read(&kit, domain, 1, denied, 1);
    assert_int_equal(domain->live.status, LB_LIVE_UNREADABLE);
    kit_free(&kit);
}

static void reads_a_cluster_of_ones_own(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, OWN_HEAD);
    struct lb_resource *domain = kit_find(&kit, PRIMARY);
    const struct kit_answer answers[] = {
        {"Info", 200, "{\"version\":{\"number\":\"7.10.2\",\"build_flavor\":\"default\"}}"}};
    kit_read(&kit, domain, 1, answers, 1);
    assert_int_equal(domain->live.status, LB_LIVE_PRESENT);
    assert_string_equal(lb_text_at(domain->live.value, "engine", ""), "Elasticsearch_7.10");
    assert_string_equal(kit.asks[0].call->host, "es.example.com:9200");
    assert_string_equal(kit.asks[0].call->scheme, "https");
    assert_int_equal(kit.asks[0].call->auth, LB_AUTH_BASIC);
    assert_string_equal(kit.asks[0].call->secret, "env:ES_PASSWORD");
    kit_write(&kit, domain, "existence");
    assert_int_equal(kit.emit_count, 0);
    kit_free(&kit);
}

/* --- write ---------------------------------------------------------------------------------- */

static const struct lb_value *body_of(struct kit *kit, size_t i)
{
    return kit->emits[i].call->body;
}

static void creates_everything_at_once(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, KIT_HEAD CALLER
         "domains:\n  search:\n    engine: OpenSearch_2.19\n    " NODES "\n"
         "    master_nodes: {type: m7g.large.search}\n"
         "    warm_nodes: {type: ultrawarm1.medium.search, count: 2}\n    zones: 3\n"
         "    access_policy: {Version: \"2012-10-17\"}\n"
         "    custom_endpoint: {name: search.example.com, certificate: "
         "\"arn:aws:acm:us-east-1:111122223333:certificate/a\"}\n"
         "    vpc: {subnets: [subnet-1, subnet-2], security_groups: [sg-1]}\n"
         "    advanced_options: {indices.query.bool.max_clause_count: 2048}\n    auto_tune: false\n"
         "    log_publishing: {AUDIT_LOGS: \"arn:aws:logs:us-east-1:1:log-group:a\"}\n");
    struct lb_resource *domain = kit_find(&kit, PRIMARY);
    domain->live.status = LB_LIVE_ABSENT;
    kit_write(&kit, domain, "existence");
    assert_int_equal(kit.emit_count, 1);
    assert_string_equal(kit_line(&kit, kit.emits[0].call), "POST /2021-01-01/opensearch/domain");
    expect_json(
        &kit, "create", body_of(&kit, 0),
        "{\"DomainName\":\"search\",\"EngineVersion\":\"OpenSearch_2.19\",\"ClusterConfig\":"
        "{\"InstanceType\":\"r7g.large.search\",\"InstanceCount\":3,\"DedicatedMasterType\":"
        "\"m7g.large.search\",\"DedicatedMasterEnabled\":true,\"DedicatedMasterCount\":3,"
        "\"WarmEnabled\":true,\"WarmType\":\"ultrawarm1.medium.search\",\"WarmCount\":2,"
        "\"ZoneAwarenessEnabled\":true,\"ZoneAwarenessConfig\":{\"AvailabilityZoneCount\":3}},"
        "\"EBSOptions\":{\"EBSEnabled\":true,\"VolumeSize\":200,\"VolumeType\":\"gp3\"},"
        "\"EncryptionAtRestOptions\":{\"Enabled\":true},"
        "\"NodeToNodeEncryptionOptions\":{\"Enabled\":true},"
        "\"DomainEndpointOptions\":{\"EnforceHTTPS\":true,\"TLSSecurityPolicy\":"
        "\"Policy-Min-TLS-1-2-PFS-2023-10\",\"CustomEndpointEnabled\":true,\"CustomEndpoint\":"
        "\"search.example.com\",\"CustomEndpointCertificateArn\":"
        "\"arn:aws:acm:us-east-1:111122223333:certificate/a\"},"
        "\"AdvancedSecurityOptions\":{\"Enabled\":true,\"MasterUserOptions\":{\"MasterUserARN\":"
        "{\"$unknown\":\"caller/arn\"}}},\"VPCOptions\":{\"SubnetIds\":[\"subnet-1\",\"subnet-2\"],"
        "\"SecurityGroupIds\":[\"sg-1\"]},\"AdvancedOptions\":"
        "{\"indices.query.bool.max_clause_count\":\"2048\"},\"AutoTuneOptions\":{\"DesiredState\":"
        "\"DISABLED\"},\"LogPublishingOptions\":{\"AUDIT_LOGS\":{\"CloudWatchLogsLogGroupArn\":"
        "\"arn:aws:logs:us-east-1:1:log-group:a\",\"Enabled\":true}},"
        "\"AccessPolicies\":\"{\\\"Version\\\":\\\"2012-10-17\\\"}\","
        "\"TagList\":[{\"Key\":\"lifeboat:stack\",\"Value\":\"search-dr\"},"
        "{\"Key\":\"lifeboat:address\",\"Value\":\"" PRIMARY "\"}]}");
    kit_free(&kit);
}

static void sends_whole_sections_of_what_differs(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *domain = read_up(
        &kit,
        KIT_HEAD CALLER "domains:\n  search: {engine: OpenSearch_2.19, data_nodes: {type: "
                        "r7g.large.search, count: 5, volume: 200Gi}, advanced_options: "
                        "{indices.fielddata.cache.size: \"40\"}, log_publishing: "
                        "{AUDIT_LOGS: \"arn:aws:logs:us-east-1:1:log-group:a\"}}\n",
        STATUS(ACTIVE,
               CLUSTER "," SECURITY(
                   "false") "," POLICY
                            ",\"AdvancedOptions\":{\"override_main_response_version\":\"false\","
                            "\"kept\":\"1\"},\"LogPublishingOptions\":{\"INDEX_SLOW_LOGS\":"
                            "{\"CloudWatchLogsLogGroupArn\":\"x\",\"Enabled\":true}}"));
    assert_null(lb_map_get(domain->live.value, "node_to_node"));
    kit_write(&kit, domain, "config");
    assert_int_equal(kit.emit_count, 1);
    assert_string_equal(kit_line(&kit, kit.emits[0].call),
                        "POST /2021-01-01/opensearch/domain/search/config");
    expect_json(
        &kit, "update", body_of(&kit, 0),
        "{\"ClusterConfig\":{\"InstanceType\":\"r7g.large.search\",\"InstanceCount\":5,"
        "\"DedicatedMasterEnabled\":false,\"ZoneAwarenessEnabled\":false,"
        "\"WarmEnabled\":false,\"ColdStorageOptions\":{\"Enabled\":false},"
        "\"MultiAZWithStandbyEnabled\":false},\"EBSOptions\":{\"EBSEnabled\":true,"
        "\"VolumeType\":\"gp3\",\"VolumeSize\":200,\"Iops\":3000,\"Throughput\":125},"
        "\"EncryptionAtRestOptions\":{\"Enabled\":true},"
        "\"NodeToNodeEncryptionOptions\":{\"Enabled\":true},"
        "\"AdvancedSecurityOptions\":{\"Enabled\":true,\"MasterUserOptions\":"
        "{\"MasterUserARN\":{\"$unknown\":\"caller/arn\"}}},\"AdvancedOptions\":{\"kept\":\"1\","
        "\"indices.fielddata.cache.size\":\"40\"},\"LogPublishingOptions\":{"
        "\"AUDIT_LOGS\":{\"CloudWatchLogsLogGroupArn\":"
        "\"arn:aws:logs:us-east-1:1:log-group:a\",\"Enabled\":true},"
        "\"INDEX_SLOW_LOGS\":{\"Enabled\":false}}}");
    kit_free(&kit);
}

static void upgrades_and_tags(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *domain = read_up(&kit,
                                         KIT_HEAD CALLER
                                         "domains:\n  search: {engine: OpenSearch_3.1, " NODES
                                         ", tags: {team: search}}\n",
                                         UP);
    kit_write(&kit, domain, "engine");
    assert_string_equal(kit_line(&kit, kit.emits[0].call),
                        "POST /2021-01-01/opensearch/upgradeDomain");
    expect_json(&kit, "upgrade", body_of(&kit, 0),
                "{\"DomainName\":\"search\",\"TargetVersion\":\"OpenSearch_3.1\"}");
    kit_write(&kit, domain, "tags");
    expect_json(&kit, "tags", body_of(&kit, 0),
                "{\"ARN\":\"" DOMAIN_ARN
                "\",\"TagList\":[{\"Key\":\"team\",\"Value\":\"search\"}]}");
    kit_free(&kit);
}

/* --- forecast ------------------------------------------------------------------------------- */

static void forecast(struct kit *kit, struct lb_resource *domain, const char *granule,
                     const struct kit_answer *answer, struct lb_forecast *out)
{
    struct lb_value *dirty = lb_value_list(kit->arena);
    lb_list_add_string(kit->arena, dirty, granule);
    struct lb_live live = {0};
    struct lb_read read = {.arena = kit->arena,
                           .stack = &kit->stack,
                           .resource = domain,
                           .live = &live,
                           .diags = &kit->diags,
                           .ask = kit_ask,
                           .engine = kit};
    kit->ask_count = kit->ask_next = 0;
    *out = (struct lb_forecast){0};
    assert_int_equal(lb_provider_find("domain")->forecast(&read, dirty, out), 0);
    assert_int_equal(kit->ask_count, answer ? 1 : 0);
    if (answer)
        kit_answer_next(kit, &read, answer);
}

static void forecasts_by_dry_run(void **state)
{
    (void)state;
    static const struct {
        struct kit_answer answer;
        const char *risk, *disruption, *refused;
    } rows[] = {
        {{"UpdateDomainConfig", 200, "{\"DryRunResults\":{\"DeploymentType\":\"Blue/Green\"}}"},
         "disruptive",
         "blue/green deployment (service dry run)",
         NULL},
        {{"UpdateDomainConfig", 200, "{\"DryRunResults\":{\"DeploymentType\":\"DynamicUpdate\"}}"},
         "low",
         NULL,
         NULL},
        {{"UpdateDomainConfig", 400, "{\"__type\":\"ValidationException\",\"message\":\"bad\"}"},
         NULL,
         NULL,
         "bad"},
        {{"UpdateDomainConfig", 403, "{\"__type\":\"AccessDeniedException\"}"},
         NULL,
         "perhaps a blue/green deployment (no dry run)",
         NULL},
    };
    struct kit kit;
    struct lb_resource *domain = read_up(
        &kit,
        KIT_HEAD CALLER "domains:\n  search: {engine: OpenSearch_2.19, data_nodes: {type: "
                        "r7g.large.search, count: 5}}\n",
        UP);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_forecast out;
        forecast(&kit, domain, "config", &rows[i].answer, &out);
        CHECK("changes nothing", !kit.asks[0].call->op->mutates);
        CHECK("dry", lb_bool_at(kit.asks[0].call->body, "DryRun", false));
        CHECK_TEXT(rows[i].answer.body, out.risk, rows[i].risk);
        CHECK_TEXT(rows[i].answer.body, out.disruption, rows[i].disruption);
        CHECK_TEXT(rows[i].answer.body, out.refused, rows[i].refused);
        CHECK("in place", out.replace == NULL);
    }
    kit_free(&kit);
}

static void an_engine_goes_forward_only(void **state)
{
    (void)state;
    static const struct {
        const char *engine;
        bool replace;
    } rows[] = {{"OpenSearch_2.17", true},
                {"Elasticsearch_7.10", true},
                {"OpenSearch_1.3", true},
                {"OpenSearch_3.1", false}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        char spec[512];
        snprintf(spec, sizeof spec, "%sdomains:\n  search: {engine: %s, %s}\n", KIT_HEAD CALLER,
                 rows[i].engine, NODES);
        struct lb_resource *domain = read_up(&kit, spec, UP);
        struct lb_forecast out;
        forecast(&kit, domain, "engine", NULL, &out);
        CHECK(rows[i].engine, (out.replace != NULL) == rows[i].replace);
        CHECK(rows[i].engine, rows[i].replace || lb_streq(out.risk, "disruptive"));
        kit_free(&kit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives_a_safe_domain),
        cmocka_unit_test(sides_differ_where_stated),
        cmocka_unit_test(a_cold_side_is_not_there_until_it_is_active),
        cmocka_unit_test(refuses_what_cannot_work),
        cmocka_unit_test(security_can_be_stated_otherwise),
        cmocka_unit_test(reads_a_domain),
        cmocka_unit_test(reads_what_is_not_settled),
        cmocka_unit_test(reads_absence_and_refusal),
        cmocka_unit_test(reads_a_cluster_of_ones_own),
        cmocka_unit_test(creates_everything_at_once),
        cmocka_unit_test(sends_whole_sections_of_what_differs),
        cmocka_unit_test(upgrades_and_tags),
        cmocka_unit_test(forecasts_by_dry_run),
        cmocka_unit_test(an_engine_goes_forward_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
