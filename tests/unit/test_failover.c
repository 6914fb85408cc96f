/* test_failover.c: failover names: derivation, reading a zone, change batches. */
#include "tests/unit/kind_kit.h"

#define NAME "search.example.com"
#define TARGETS "targets: {primary: east.example.net, secondary: west.example.net}"
#define SPEC KIT_HEAD "failover:\n  " NAME ": {zone: example.com, " TARGETS "}\n"
#define XMLNS " xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\""

#define ZONE(id, name, private)                                                                    \
    "<HostedZone><Id>/hostedzone/" id "</Id><Name>" name                                           \
    "</Name><Config><PrivateZone>" private "</PrivateZone></Config><ResourceRecordSetCount>4</"    \
                                           "ResourceRecordSetCount></HostedZone>"
#define ZONES(list)                                                                                \
    "<ListHostedZonesByNameResponse" XMLNS "><HostedZones>" list                                   \
    "</HostedZones><IsTruncated>false</IsTruncated></ListHostedZonesByNameResponse>"
#define SET(name, id, role, ttl, value, check)                                                     \
    "<ResourceRecordSet><Name>" name "</Name><Type>CNAME</Type><SetIdentifier>" id                 \
    "</SetIdentifier><Failover>" role "</Failover><TTL>" ttl                                       \
    "</TTL><ResourceRecords><ResourceRecord><Value>" value                                         \
    "</Value></ResourceRecord></ResourceRecords>" check "</ResourceRecordSet>"
#define CHECK_ID(id) "<HealthCheckId>" id "</HealthCheckId>"
#define SETS(list, more)                                                                           \
    "<ListResourceRecordSetsResponse" XMLNS "><ResourceRecordSets>" list                           \
    "</ResourceRecordSets>" more "<MaxItems>300</MaxItems></ListResourceRecordSetsResponse>"
#define END "<IsTruncated>false</IsTruncated>"
#define OURS                                                                                       \
    SET("search.example.com.", "lifeboat:search-dr:primary", "PRIMARY", "60", "east.example.net",  \
        CHECK_ID("hc-1"))                                                                          \
    SET("search.example.com.", "lifeboat:search-dr:secondary", "SECONDARY", "60",                  \
        "west.example.net", "")
#define FOUND_ZONE                                                                                 \
    {                                                                                              \
        "ListHostedZonesByName", 200, ZONES(ZONE("Z1", "example.com.", "false"))                   \
    }
#define OPEN                                                                                       \
    "<ChangeResourceRecordSetsRequest" XMLNS "><ChangeBatch><Comment>failover." NAME               \
    "</Comment><Changes>"
#define CLOSE "</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
#define CHANGE(action, set) "<Change><Action>" action "</Action>" set "</Change>"

static struct lb_resource *load(struct kit *kit, const char *yaml)
{
    if (kit_load(kit, yaml))
        fail_msg("%s", kit->diags.items[0].detail);
    return kit_find(kit, "failover." NAME);
}

/* The derived health check, as if it had been made. */
static void give_check(struct kit *kit, const char *id)
{
    struct lb_resource *check = kit_find(kit, "health_check." NAME);
    check->live.status = LB_LIVE_PRESENT;
    check->live.value = lb_value_map(kit->arena);
    lb_map_set_string(kit->arena, check->live.value, "id", id);
}

/* --- derive
 * --------------------------------------------------------------------------------------- */

static void derives_a_pair_with_its_switch(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *failover = load(&kit, SPEC);
    const struct lb_value *records = lb_map_get(failover->desired, "records");
    assert_int_equal(lb_value_count(records), 2);
    assert_string_equal(lb_text_at(records, "0/id", ""), "lifeboat:search-dr:primary");
    assert_string_equal(lb_text_at(records, "0/failover", ""), "PRIMARY");
    assert_string_equal(lb_text_at(records, "0/values/0", ""), "east.example.net");
    assert_int_equal(lb_int_at(records, "0/ttl", 0), 60);
    const struct lb_value *id = lb_value_at(records, "0/health_check");
    assert_true(lb_is(id, LB_UNKNOWN));
    assert_string_equal(id->as.text.bytes, "health_check." NAME "/id");
    assert_string_equal(lb_text_at(records, "1/failover", ""), "SECONDARY");
    assert_null(lb_value_at(records, "1/health_check"));
    struct lb_resource *check = kit_find(&kit, "health_check." NAME);
    assert_int_equal(failover->need_count, 1);
    assert_ptr_equal(failover->needs[0].resource, check);
    struct lb_resource *alarm = kit_find(&kit, "alarm." NAME "@secondary");
    assert_string_equal(alarm->region, "us-west-2");
    assert_ptr_equal(check->needs[0].resource, alarm);
    kit_free(&kit);
}

static void the_pair_does_not_move_with_the_active_side(void **state)
{
    (void)state;
    struct kit before, after;
    struct lb_resource *a = load(&before, SPEC);
    struct lb_resource *b = load(&after,
                                 "lifeboat: 1\nstack: search-dr\naccount: \"111122223333\"\n"
                                 "regions: {primary: us-east-1, secondary: us-west-2}\n"
                                 "active: secondary\n"
                                 "failover:\n  " NAME ": {zone: example.com, " TARGETS "}\n");
    assert_true(lb_value_equal(a->desired, b->desired));
    kit_free(&before);
    kit_free(&after);
}

static void the_record_switch_follows_the_active_side(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *failover = load(
        &kit, KIT_HEAD "failover:\n  " NAME
                       ": {zone: example.com, switch: record, ttl: 30, " TARGETS "}\n");
    const struct lb_value *records = lb_map_get(failover->desired, "records");
    assert_int_equal(lb_value_count(records), 1);
    assert_string_equal(lb_text_at(records, "0/id", ""), "CNAME");
    assert_string_equal(lb_text_at(records, "0/values/0", ""), "east.example.net");
    assert_null(lb_value_at(records, "0/failover"));
    assert_null(lb_stack_find_address(&kit.stack, "health_check." NAME));
    assert_null(lb_stack_find_address(&kit.stack, "alarm." NAME "@secondary"));
    kit_free(&kit);
}

static void stated_records_get_what_they_leave_open(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *failover = load(
        &kit,
        KIT_HEAD "failover:\n  " NAME ":\n    zone: example.com\n    ttl: 20\n    records:\n"
                 "      - {id: mine, failover: PRIMARY, values: [a.example.net]}\n"
                 "      - {id: other, failover: SECONDARY, ttl: 5, values: [b.example.net]}\n");
    const struct lb_value *records = lb_map_get(failover->desired, "records");
    assert_string_equal(lb_text_at(records, "0/type", ""), "CNAME");
    assert_int_equal(lb_int_at(records, "0/ttl", 0), 20);
    assert_true(lb_is(lb_value_at(records, "0/health_check"), LB_UNKNOWN));
    assert_int_equal(lb_int_at(records, "1/ttl", 0), 5);
    kit_free(&kit);
}

#define DOMAIN_HEAD                                                                                \
    KIT_HEAD "domains:\n  search: {engine: OpenSearch_2.19, fine_grained: {enabled: false}, "      \
             "data_nodes: {type: r7g.large.search, count: 3, volume: 200Gi}"

/* The service's own host names, known once the domains are there. */
static void a_domain_gives_its_endpoints(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *failover = load(
        &kit, DOMAIN_HEAD "}\nfailover:\n  " NAME ": {zone: example.com, domain: search}\n");
    const struct lb_value *target = lb_value_at(failover->desired, "records/1/values/0");
    assert_true(lb_is(target, LB_UNKNOWN));
    assert_string_equal(target->as.text.bytes, "domain.search@secondary/endpoint");
    assert_int_equal(failover->need_count, 3);
    struct lb_resource *domain = kit_find(&kit, "domain.search@secondary");
    domain->live.status = LB_LIVE_PRESENT;
    domain->live.value = lb_value_map(kit.arena);
    lb_map_set_string(kit.arena, domain->live.value, "endpoint", "search-x.us-west-2.es.aws");
    struct lb_value *known = lb_stack_resolve(&kit.stack, kit.arena, failover->desired);
    assert_string_equal(lb_text_at(known, "records/1/values/0", ""), "search-x.us-west-2.es.aws");
    kit_free(&kit);
}

static void a_cold_standby_has_no_record(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *failover = load(&kit,
                                        DOMAIN_HEAD ", secondary: {mode: cold}}\nfailover:\n  " NAME
                                                    ": {zone: example.com, domain: search}\n");
    const struct lb_value *records = lb_map_get(failover->desired, "records");
    assert_int_equal(lb_value_count(records), 1);
    assert_string_equal(lb_text_at(records, "0/failover", ""), "PRIMARY");
    kit_free(&kit);
}

static void clusters_of_ones_own_give_their_hosts(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *failover = load(
        &kit, KIT_HEAD "domains:\n  own: {engine: Elasticsearch_7.10, endpoint: {primary: "
                       "\"https://a.example.net:9200\", secondary: \"https://b.example.net\"}}\n"
                       "failover:\n  " NAME ": {zone: example.com, domain: own}\n");
    const struct lb_value *records = lb_map_get(failover->desired, "records");
    assert_string_equal(lb_text_at(records, "0/values/0", ""), "a.example.net");
    assert_string_equal(lb_text_at(records, "1/values/0", ""), "b.example.net");
    kit_free(&kit);
}

static void the_object_switch_watches_the_standby_bucket(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, KIT_HEAD "buckets:\n  dr-west: {region: secondary}\nfailover:\n  " NAME
                        ": {zone: example.com, switch: standby-object, object: {bucket: dr-west, "
                        "key: \"switch/to west\"}, " TARGETS "}\n");
    const struct lb_value *check = kit_find(&kit, "health_check." NAME)->desired;
    assert_string_equal(lb_text_at(check, "type", ""), "HTTPS");
    assert_string_equal(lb_text_at(check, "host", ""), "dr-west.s3.us-west-2.amazonaws.com");
    assert_string_equal(lb_text_at(check, "path", ""), "/switch/to%20west");
    assert_true(lb_bool_at(check, "inverted", false));
    assert_null(lb_stack_find_address(&kit.stack, "alarm." NAME "@secondary"));
    kit_free(&kit);
    assert_int_equal(kit_load(&kit,
                              KIT_HEAD "buckets:\n  dr-east: {region: primary}\nfailover:\n  " NAME
                                       ": {zone: example.com, switch: standby-object, object: "
                                       "{bucket: dr-east, key: up}, " TARGETS "}\n"),
                     -1);
    assert_true(kit_said(&kit.diags, "LB-S104", 9));
    kit_free(&kit);
}

static void refuses_what_cannot_work(void **state)
{
    (void)state;
    static const struct {
        const char *entry, *code;
        uint32_t line;
    } rows[] = {
        {"search.example.com: {zone: example.org, " TARGETS "}", "LB-S100", 7},
        {"example.com: {zone: example.com, " TARGETS "}", "LB-S101", 7},
        {"search.example.com: {zone: example.com}", "LB-S102", 7},
        {"search.example.com: {zone: example.com, path: /up, " TARGETS "}", "LB-S103", 7},
        {"search.example.com: {zone: example.com, switch: standby-object, " TARGETS "}", "LB-S103",
         7},
        {"search.example.com: {zone: example.com, targets: {primary: search.example.com}}",
         "LB-S107", 7},
        {"search.example.com: {zone: example.com, targets: {secondary: SEARCH.example.com.}}",
         "LB-S107", 7},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        struct lb_str yaml = {0};
        lb_str_printf(&yaml, "%sfailover:\n  %s\n", KIT_HEAD, rows[i].entry);
        CHECK(rows[i].entry, kit_load(&kit, lb_str_text(&yaml)) != 0);
        CHECK(rows[i].entry, kit_said(&kit.diags, rows[i].code, rows[i].line));
        kit_free(&kit);
        lb_str_release(&yaml);
    }
}

/* --- read
 * ----------------------------------------------------------------------------------------- */

static void reads_its_sets_and_shows_others(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *failover = load(&kit, SPEC);
    const struct kit_answer answers[] = {
        {"ListHostedZonesByName", 200,
         ZONES(ZONE("ZP", "example.com.", "true") ZONE("Z1", "example.com.", "false")
                   ZONE("Z2", "example.net.", "false"))},
        {"ListResourceRecordSets", 200,
         SETS(OURS "<ResourceRecordSet><Name>search.example.com.</Name><Type>A</Type>"
                   "<SetIdentifier>x</SetIdentifier><Weight>1</Weight><AliasTarget>"
                   "<HostedZoneId>ZA</HostedZoneId><DNSName>lb.example.org.</DNSName>"
                   "<EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget>"
                   "</ResourceRecordSet>"
                   "<ResourceRecordSet><Name>zzz.example.com.</Name><Type>A</Type><TTL>5</TTL>"
                   "<ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord>"
                   "</ResourceRecords></ResourceRecordSet>",
              END)}};
    kit_read(&kit, failover, 1, answers, COUNT(answers));
    assert_string_equal(kit_line(&kit, kit.asks[0].call),
                        "GET /2013-04-01/hostedzonesbyname?dnsname=example.com&maxitems=100");
    assert_string_equal(kit_line(&kit, kit.asks[1].call),
                        "GET /2013-04-01/hostedzone/Z1/rrset?maxitems=300&name=search.example.com");
    assert_int_equal(failover->live.status, LB_LIVE_PRESENT);
    const struct lb_value *records = lb_map_get(failover->live.value, "records");
    assert_int_equal(lb_value_count(records), 3);
    assert_string_equal(lb_text_at(failover->live.value, "zone_id", ""), "Z1");
    assert_string_equal(lb_text_at(records, "0/health_check", ""), "hc-1");
    assert_string_equal(lb_text_at(records, "2/id", ""), "A x");
    assert_string_equal(lb_text_at(records, "2/alias", ""), "lb.example.org");
    kit_free(&kit);
}

static void nothing_of_ours_is_absent(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *failover = load(&kit, SPEC);
    const struct kit_answer answers[] = {
        FOUND_ZONE,
        {"ListResourceRecordSets", 200,
         SETS(SET("search.example.com.", "lifeboat:other:primary", "PRIMARY", "60", "x.y", ""),
              END)}};
    kit_read(&kit, failover, 1, answers, COUNT(answers));
    assert_int_equal(failover->live.status, LB_LIVE_ABSENT);
    kit_free(&kit);
}

static void follows_pages_until_its_name_is_passed(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *failover = load(&kit, SPEC);
    const struct kit_answer answers[] = {
        FOUND_ZONE,
        {"ListResourceRecordSets", 200,
         SETS(SET("search.example.com.", "lifeboat:search-dr:primary", "PRIMARY", "60",
                  "east.example.net", ""),
              "<IsTruncated>true</IsTruncated><NextRecordName>search.example.com.</NextRecordName>"
              "<NextRecordType>CNAME</NextRecordType>"
              "<NextRecordIdentifier>m&amp;m</NextRecordIdentifier>")},
        {"ListResourceRecordSets", 200,
         SETS(SET("search.example.com.", "lifeboat:search-dr:secondary", "SECONDARY", "60",
                  "west.example.net", ""),
              "<IsTruncated>true</IsTruncated><NextRecordName>sigma.example.com.</NextRecordName>"
              "<NextRecordType>A</NextRecordType>")}};
    kit_read(&kit, failover, 1, answers, COUNT(answers));
    assert_string_equal(kit_line(&kit, kit.asks[2].call),
                        "GET /2013-04-01/hostedzone/Z1/rrset?identifier=m%26m&maxitems=300&"
                        "name=search.example.com.&type=CNAME");
    assert_int_equal(lb_value_count(lb_map_get(failover->live.value, "records")), 2);
    kit_free(&kit);
}

static void many_names_share_the_zone_from_its_start(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *failover = load(&kit, SPEC);
    const struct kit_answer answers[] = {
        FOUND_ZONE,
        {"ListResourceRecordSets", 200,
         SETS(SET("\\052.example.com.", "lifeboat:search-dr:primary", "PRIMARY", "60", "a.b", "")
                  OURS,
              END)}};
    kit_read(&kit, failover, 20, answers, COUNT(answers));
    assert_string_equal(kit_line(&kit, kit.asks[1].call),
                        "GET /2013-04-01/hostedzone/Z1/rrset?maxitems=300");
    assert_int_equal(lb_value_count(lb_map_get(failover->live.value, "records")), 2);
    assert_int_equal(kit.stray_count, 1);
    assert_string_equal(kit.strays[0], "failover.*.example.com");
    kit_free(&kit);
}

static void add_marked(struct kit *kit, const char *id, const char *stack, const char *address)
{
    struct lb_arena *arena = kit->arena;
    const char *const pairs[][2] = {{LB_TAG_STACK, stack}, {LB_TAG_ADDRESS, address}};
    if (!kit->stack.marked)
        kit->stack.marked = lb_value_map(arena);
    struct lb_value *tags = lb_map_list(arena, lb_map_map(arena, kit->stack.marked, "us-east-1"),
                                        lb_arena_printf(arena, "arn:aws:route53:::%s", id));
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct lb_value *tag = lb_list_add(arena, tags, lb_value_map(arena));
        lb_map_set_string(arena, tag, "Key", pairs[i][0]);
        lb_map_set_string(arena, tag, "Value", pairs[i][1]);
    }
}

static void survey(struct kit *kit, const struct kit_answer *answers, size_t count)
{
    kit->listed = lb_value_map(kit->arena);
    kit_survey(kit, "failover", NULL, answers, count);
}

/* Their health checks carry the names; of records only those with our mark are ours. */
static void finds_record_sets_that_left(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, SPEC);
    survey(&kit, NULL, 0); /* there is no list */
    add_marked(&kit, "healthcheck/1", "search-dr", "health_check." NAME);
    add_marked(&kit, "healthcheck/2", "other", "health_check.b.example.com");
    add_marked(&kit, "healthcheck/3", "search-dr", "alarm.c.example.com");
    survey(&kit, NULL, 0); /* nothing left */
    add_marked(&kit, "healthcheck/4", "search-dr", "health_check.a.b.example.com");
    const struct kit_answer answers[] = {
        {"ListHostedZonesByName", 200, ZONES(ZONE("Z1", "example.com.", "false"))},
        FOUND_ZONE,
        {"ListResourceRecordSets", 200,
         SETS(SET("a.b.example.com.", "by-hand", "PRIMARY", "60", "a.b", "")
                  SET("b.b.example.com.", "lifeboat:search-dr:primary", "PRIMARY", "60", "a.b", ""),
              END)}};
    survey(&kit, answers, 3);
    assert_string_equal(kit_line(&kit, kit.asks[0].call),
                        "GET /2013-04-01/hostedzonesbyname?dnsname=b.example.com&maxitems=100");
    assert_string_equal(kit_line(&kit, kit.asks[2].call),
                        "GET /2013-04-01/hostedzone/Z1/rrset?maxitems=300&name=a.b.example.com");
    assert_int_equal(kit.stray_count, 0);
    const struct kit_answer ours[] = {
        answers[0],
        FOUND_ZONE,
        {"ListResourceRecordSets", 200,
         SETS(SET("a.b.example.com.", "lifeboat:search-dr:primary", "PRIMARY", "60", "a.b", ""),
              END)}};
    survey(&kit, ours, 3);
    assert_int_equal(kit.stray_count, 1);
    assert_string_equal(kit.strays[0], "failover.a.b.example.com");
    assert_int_equal(kit.diags.count, 0);
    const struct kit_answer denied[] = {{"ListHostedZonesByName", 403, "<a/>"},
                                        {"ListHostedZonesByName", 403, "<a/>"}};
    survey(&kit, denied, 2);
    assert_true(kit_said(&kit.diags, "LB-P030", 0));
    assert_int_equal(kit.diags.errors, 0);
    kit_free(&kit);
}

static void a_missing_zone_is_an_error_not_a_create(void **state)
{
    (void)state;
    static const struct {
        const char *zones, *code;
    } rows[] = {
        {ZONES(ZONE("Z2", "example.net.", "false")), "LB-S110"},
        {ZONES(ZONE("ZP", "example.com.", "true")), "LB-S110"},
        {ZONES(""), "LB-S110"},
        {ZONES(ZONE("Z1", "example.com.", "false") ZONE("Z3", "example.com.", "false")), "LB-S111"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        struct lb_resource *failover = load(&kit, SPEC);
        const struct kit_answer answers[] = {{"ListHostedZonesByName", 200, rows[i].zones}};
        kit_read(&kit, failover, 1, answers, 1);
        CHECK(rows[i].code, kit_said(&kit.diags, rows[i].code, 7));
        assert_int_equal(failover->live.status, LB_LIVE_UNREADABLE);
        kit_free(&kit);
    }
}

static void a_known_zone_id_saves_the_lookup(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *failover = load(
        &kit, KIT_HEAD "failover:\n  " NAME ": {zone: example.com, zone_id: Z9, " TARGETS "}\n");
    const struct kit_answer answers[] = {{"ListResourceRecordSets", 200, SETS(OURS, END)}};
    kit_read(&kit, failover, 20, answers, COUNT(answers));
    assert_int_equal(failover->live.status, LB_LIVE_PRESENT);
    assert_string_equal(lb_text_at(failover->live.value, "zone_id", ""), "Z9");
    kit_free(&kit);
    failover = load(&kit, SPEC);
    const struct kit_answer first[] = {FOUND_ZONE,
                                       {"ListResourceRecordSets", 200, SETS(OURS, END)}};
    kit_read(&kit, failover, 1, first, COUNT(first));
    kit_read(&kit, failover, 1, answers, COUNT(answers));
    kit_free(&kit);
}

/* --- write
 * ---------------------------------------------------------------------------------------- */

/* Expected bodies are botocore's serialisation of the same parameters. */
static const struct {
    const char *title, *spec, *sets, *body;
} batches[] = {
    {"creates the pair", SPEC, "",
     OPEN CHANGE("CREATE",
                 "<ResourceRecordSet><Name>search.example.com</Name><Type>CNAME</Type>"
                 "<SetIdentifier>lifeboat:search-dr:primary</SetIdentifier>"
                 "<Failover>PRIMARY</Failover><TTL>60</TTL><ResourceRecords><ResourceRecord>"
                 "<Value>east.example.net</Value></ResourceRecord></ResourceRecords>"
                 "<HealthCheckId>hc-1</HealthCheckId></ResourceRecordSet>")
         CHANGE("CREATE",
                "<ResourceRecordSet><Name>search.example.com</Name><Type>CNAME</Type>"
                "<SetIdentifier>lifeboat:search-dr:secondary</SetIdentifier>"
                "<Failover>SECONDARY</Failover><TTL>60</TTL><ResourceRecords><ResourceRecord>"
                "<Value>west.example.net</Value></ResourceRecord></ResourceRecords>"
                "</ResourceRecordSet>") CLOSE},
    {"changes one in place", SPEC,
     SET("search.example.com.", "lifeboat:search-dr:primary", "PRIMARY", "300", "EAST.example.net.",
         CHECK_ID("hc-1")) SET("search.example.com.", "lifeboat:search-dr:secondary", "SECONDARY",
                               "60", "west.example.net", ""),
     OPEN CHANGE("UPSERT", SET("search.example.com", "lifeboat:search-dr:primary", "PRIMARY", "60",
                               "east.example.net", CHECK_ID("hc-1"))) CLOSE},
    {"makes one of another role anew", SPEC,
     SET("search.example.com.", "lifeboat:search-dr:primary", "SECONDARY", "60", "east.example.net",
         CHECK_ID("hc-1")) SET("search.example.com.", "lifeboat:search-dr:secondary", "SECONDARY",
                               "60", "west.example.net", ""),
     OPEN CHANGE("DELETE", SET("search.example.com.", "lifeboat:search-dr:primary", "SECONDARY",
                               "60", "east.example.net", CHECK_ID("hc-1")))
         CHANGE("CREATE", SET("search.example.com", "lifeboat:search-dr:primary", "PRIMARY", "60",
                              "east.example.net", CHECK_ID("hc-1"))) CLOSE},
    {"takes ours away and leaves others",
     KIT_HEAD "failover:\n  " NAME ": {zone: example.com, switch: record, " TARGETS "}\n",
     OURS SET("search.example.com.", "lifeboat:other:primary", "PRIMARY", "60", "x.y", ""),
     OPEN CHANGE("DELETE", SET("search.example.com.", "lifeboat:search-dr:primary", "PRIMARY", "60",
                               "east.example.net", CHECK_ID("hc-1")))
         CHANGE("DELETE", SET("search.example.com.", "lifeboat:search-dr:secondary", "SECONDARY",
                              "60", "west.example.net", ""))
             CHANGE("CREATE",
                    "<ResourceRecordSet><Name>search.example.com</Name><Type>CNAME</Type>"
                    "<TTL>60</TTL><ResourceRecords><ResourceRecord><Value>east.example.net</Value>"
                    "</ResourceRecord></ResourceRecords></ResourceRecordSet>") CLOSE},
};

static void writes_one_batch(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(batches); i++) {
        struct kit kit;
        struct lb_resource *failover = load(&kit, batches[i].spec);
        const char *sets = lb_arena_printf(kit.arena,
                                           "<ListResourceRecordSetsResponse><ResourceRecordSets>%s"
                                           "</ResourceRecordSets>" END
                                           "</ListResourceRecordSetsResponse>",
                                           batches[i].sets);
        const struct kit_answer answers[] = {FOUND_ZONE, {"ListResourceRecordSets", 200, sets}};
        kit_read(&kit, failover, 1, answers, COUNT(answers));
        if (lb_stack_find_address(&kit.stack, "health_check." NAME))
            give_check(&kit, "hc-1");
        kit_write(&kit, failover, "records");
        assert_int_equal(kit.emit_count, 1);
        CHECK_TEXT(batches[i].title, kit_line(&kit, kit.emits[0].call),
                   "POST /2013-04-01/hostedzone/Z1/rrset/");
        CHECK_TEXT(batches[i].title, kit_body(&kit, kit.emits[0].call), batches[i].body);
        kit_free(&kit);
    }
}

static void writes_nothing_when_nothing_differs(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *failover = load(&kit, SPEC);
    const struct kit_answer answers[] = {FOUND_ZONE,
                                         {"ListResourceRecordSets", 200, SETS(OURS, END)}};
    kit_read(&kit, failover, 1, answers, COUNT(answers));
    give_check(&kit, "hc-1");
    kit_write(&kit, failover, "records");
    assert_int_equal(kit.emit_count, 0);
    kit_free(&kit);
}

static void keeps_what_is_not_known_yet_unknown(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *failover = load(&kit, SPEC);
    const struct kit_answer answers[] = {FOUND_ZONE,
                                         {"ListResourceRecordSets", 200, SETS("", END)}};
    kit_read(&kit, failover, 1, answers, COUNT(answers));
    kit_write(&kit, failover, "records");
    assert_true(lb_value_has_unknown(kit.emits[0].call->body));
    kit_free(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives_a_pair_with_its_switch),
        cmocka_unit_test(the_pair_does_not_move_with_the_active_side),
        cmocka_unit_test(the_record_switch_follows_the_active_side),
        cmocka_unit_test(stated_records_get_what_they_leave_open),
        cmocka_unit_test(a_domain_gives_its_endpoints),
        cmocka_unit_test(a_cold_standby_has_no_record),
        cmocka_unit_test(clusters_of_ones_own_give_their_hosts),
        cmocka_unit_test(the_object_switch_watches_the_standby_bucket),
        cmocka_unit_test(refuses_what_cannot_work),
        cmocka_unit_test(reads_its_sets_and_shows_others),
        cmocka_unit_test(nothing_of_ours_is_absent),
        cmocka_unit_test(follows_pages_until_its_name_is_passed),
        cmocka_unit_test(many_names_share_the_zone_from_its_start),
        cmocka_unit_test(finds_record_sets_that_left),
        cmocka_unit_test(a_missing_zone_is_an_error_not_a_create),
        cmocka_unit_test(a_known_zone_id_saves_the_lookup),
        cmocka_unit_test(writes_one_batch),
        cmocka_unit_test(writes_nothing_when_nothing_differs),
        cmocka_unit_test(keeps_what_is_not_known_yet_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
