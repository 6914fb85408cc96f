/* test_sns_topic.c: SNS topics: what is derived, what is asked, what is sent. */
#include "base/json.h"
#include "tests/unit/kind_kit.h"

#define TOPICS(entry) KIT_HEAD "sns_topics:\n  on-call: {" entry "}\n"
#define EAST "sns_topic.on-call@primary"
#define WEST "sns_topic.on-call@secondary"
#define ARN "arn:aws:sns:us-east-1:111122223333:search-dr-on-call"
#define ARN_SENT "arn%3Aaws%3Asns%3Aus-east-1%3A111122223333%3Asearch-dr-on-call"
#define DERIVED(region)                                                                            \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"CloudWatchAlarms\",\"Effect\":"         \
    "\"Allow\",\"Action\":[\"sns:Publish\"],\"Resource\":[\"arn:aws:sns:" region                   \
    ":111122223333:search-dr-on-call\"],\"Principal\":{\"Service\":\"cloudwatch.amazonaws.com\"}," \
    "\"Condition\":{\"StringEquals\":{\"aws:SourceAccount\":\"111122223333\"}}}]}"
#define STATED                                                                                     \
    "policy: {Version: \"2012-10-17\", Statement: {Effect: Allow, Principal: "                     \
    "{Service: events.amazonaws.com}, Action: \"sns:Publish\"}}"
#define ENTRY(key, value) "<entry><key>" key "</key><value>" value "</value></entry>"
#define ATTRIBUTES(entries)                                                                        \
    "<GetTopicAttributesResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">"              \
    "<GetTopicAttributesResult><Attributes>" entries "</Attributes></GetTopicAttributesResult>"    \
    "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetTopicAttributesResponse>"
#define TAGS(tags)                                                                                 \
    "<ListTagsForResourceResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">"             \
    "<ListTagsForResourceResult><Tags>" tags "</Tags></ListTagsForResourceResult>"                 \
    "</ListTagsForResourceResponse>"
#define FAULT(code)                                                                                \
    "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender"        \
    "</Type><Code>" code "</Code><Message>no</Message></Error></ErrorResponse>"

static struct lb_resource *load(struct kit *kit, const char *yaml, const char *address)
{
    if (kit_load(kit, yaml))
        fail_msg("%s: %s", kit->diags.items[0].code, kit->diags.items[0].detail);
    return kit_find(kit, address);
}

static void there_is_one_in_each_region(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *east = load(&kit, TOPICS(""), EAST), *west = kit_find(&kit, WEST);
    assert_string_equal(east->region, "us-east-1");
    assert_string_equal(west->region, "us-west-2");
    assert_string_equal(lb_json_text(kit.arena, lb_map_get(east->desired, "policy")),
                        DERIVED("us-east-1"));
    assert_string_equal(lb_json_text(kit.arena, lb_map_get(west->desired, "policy")),
                        DERIVED("us-west-2"));
    assert_string_equal(lb_text_at(west->desired, "tags/lifeboat:stack", ""), "search-dr");
    assert_null(lb_map_get(east->desired, "display_name"));
    assert_null(lb_map_get(east->desired, "kms_key"));
    kit_free(&kit);
}

static void a_region_can_be_stated(void **state)
{
    (void)state;
    struct kit kit;
    load(&kit, TOPICS("region: secondary"), WEST);
    assert_null(lb_stack_find_address(&kit.stack, EAST));
    kit_free(&kit);
}

static void a_stated_policy_is_about_the_topic(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *path, *resource;
    } rows[] = {
        {TOPICS("name: pager, " STATED), "policy/Statement/Resource",
         "arn:aws:sns:us-east-1:111122223333:pager"},
        {TOPICS("policy: {Statement: [{Effect: Deny}, {Effect: Allow, Resource: \"*\"}]}"),
         "policy/Statement/0/Resource", ARN},
        {TOPICS("policy: {Statement: [{Effect: Deny}, {Effect: Allow, Resource: \"*\"}]}"),
         "policy/Statement/1/Resource", "*"},
        {TOPICS("policy: {Statement: [{NotResource: \"x\"}]}"), "policy/Statement/0/Resource",
         "none"},
        {TOPICS("policy: {Statement: 7}"), "policy/Statement/Resource", "none"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        struct lb_resource *topic = load(&kit, rows[i].yaml, EAST);
        CHECK_TEXT(rows[i].yaml, lb_text_at(topic->desired, rows[i].path, "none"),
                   rows[i].resource);
        kit_free(&kit);
    }
}

static void refuses_keys_that_would_swallow_alarms(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        bool good;
    } rows[] = {
        {TOPICS("kms_key: alias/on-call"), true},
        {TOPICS("kms_key: none"), true},
        {TOPICS("kms_key: mrk-1234abcd12ab34cd56ef1234567890ab"), true},
        {TOPICS("region: secondary, kms_key: \"arn:aws:kms:us-west-2:111122223333:key/1\""), true},
        {TOPICS("kms_key: \"arn:aws:kms:us-west-2:111122223333:key/1\""), false},
        {TOPICS("region: primary, kms_key: \"arn:aws:kms:us-west-2:111122223333:key/1\""), false},
        {TOPICS("kms_key: alias/aws/sns"), false},
        {TOPICS("kms_key: alias/aws/sns, " STATED), true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        CHECK(rows[i].yaml, (kit_load(&kit, rows[i].yaml) == 0) == rows[i].good);
        CHECK(rows[i].yaml, kit_said(&kit.diags, "LB-S024", 7) != rows[i].good);
        kit_free(&kit);
    }
}

static void reads_what_it_would_write(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *topic = load(&kit, TOPICS("display_name: a & b"), EAST);
    const struct kit_answer answers[] = {
        {"GetTopicAttributes", 200,
         ATTRIBUTES(ENTRY("Policy", DERIVED("us-east-1")) ENTRY("DisplayName", "a &amp; b")
                        ENTRY("TopicArn", ARN) ENTRY("Owner", "111122223333"))},
        {"ListTagsForResource", 200,
         TAGS("<member><Key>lifeboat:stack</Key><Value>search-dr</Value></member>"
              "<member><Key>lifeboat:address</Key><Value>" EAST "</Value></member>")}};
    kit_read(&kit, topic, 1, answers, COUNT(answers));
    assert_string_equal(kit_body(&kit, kit.asks[0].call),
                        "Action=GetTopicAttributes&Version=2010-03-31&TopicArn=" ARN_SENT);
    assert_string_equal(kit_body(&kit, kit.asks[1].call),
                        "Action=ListTagsForResource&Version=2010-03-31&ResourceArn=" ARN_SENT);
    assert_string_equal(kit.asks[0].call->region, "us-east-1");
    assert_int_equal(topic->live.status, LB_LIVE_PRESENT);
    assert_string_equal(topic->live.owner, "search-dr");
    for (size_t i = 0; i < lb_value_count(topic->desired); i++) {
        const struct lb_entry *entry = lb_map_nth(topic->desired, i);
        CHECK(entry->key, lb_value_equal(entry->value, lb_map_get(topic->live.value, entry->key)));
    }
    assert_string_equal(lb_text_at(topic->live.value, "arn", ""), ARN);
    assert_string_equal(lb_text_at(topic->live.value, "kms_key", ""), "none");
    kit_free(&kit);
}

static void odd_answers_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct kit_answer answers[2];
        enum lb_live_status status;
    } rows[] = {
        {"absent",
         {{"GetTopicAttributes", 404, FAULT("NotFound")},
          {"ListTagsForResource", 404, FAULT("ResourceNotFound")}},
         LB_LIVE_ABSENT},
        {"denied",
         {{"GetTopicAttributes", 403, FAULT("AuthorizationError")},
          {"ListTagsForResource", 200, TAGS("")}},
         LB_LIVE_UNREADABLE},
        {"tags denied",
         {{"GetTopicAttributes", 200, ATTRIBUTES(ENTRY("TopicArn", ARN))},
          {"ListTagsForResource", 403, FAULT("AuthorizationError")}},
         LB_LIVE_UNREADABLE},
        {"a policy that is no JSON",
         {{"GetTopicAttributes", 200, ATTRIBUTES(ENTRY("Policy", "{50%"))},
          {"ListTagsForResource", 200, TAGS("")}},
         LB_LIVE_PRESENT},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        struct lb_resource *topic = load(&kit, TOPICS(""), EAST);
        kit_read(&kit, topic, 1, rows[i].answers, 2);
        CHECK(rows[i].what, topic->live.status == rows[i].status);
        if (rows[i].status == LB_LIVE_PRESENT)
            CHECK_TEXT(rows[i].what, lb_text_at(topic->live.value, "policy", ""), "{50%");
        kit_free(&kit);
    }
}

static void creates_with_one_call(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *topic = load(
        &kit, TOPICS("display_name: Pager, kms_key: alias/k, policy: {}, tags: {team: a b}"), EAST);
    topic->live.status = LB_LIVE_ABSENT;
    kit_write(&kit, topic, "topic");
    assert_int_equal(kit.emit_count, 1);
    assert_string_equal(kit_line(&kit, kit.emits[0].call), "POST /");
    assert_string_equal(kit_body(&kit, kit.emits[0].call),
                        "Action=CreateTopic&Version=2010-03-31&Name=search-dr-on-call"
                        "&Attributes.entry.1.key=Policy&Attributes.entry.1.value=%7B%7D"
                        "&Attributes.entry.2.key=DisplayName&Attributes.entry.2.value=Pager"
                        "&Attributes.entry.3.key=KmsMasterKeyId&Attributes.entry.3.value=alias%2Fk"
                        "&Tags.member.1.Key=team&Tags.member.1.Value=a%20b"
                        "&Tags.member.2.Key=lifeboat%3Astack&Tags.member.2.Value=search-dr"
                        "&Tags.member.3.Key=lifeboat%3Aaddress"
                        "&Tags.member.3.Value=sns_topic.on-call%40primary");
    kit_free(&kit);
}

static void changes_one_attribute_a_call(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *topic = load(&kit, TOPICS("display_name: Pager, kms_key: none, policy: {}"),
                                     EAST);
    static const struct {
        const char *granule, *sent;
    } rows[] = {
        {"policy", "&AttributeName=Policy&AttributeValue=%7B%7D"},
        {"display_name", "&AttributeName=DisplayName&AttributeValue=Pager"},
        {"kms_key", "&AttributeName=KmsMasterKeyId&AttributeValue="},
    };
    topic->live.status = LB_LIVE_PRESENT;
    for (size_t i = 0; i < COUNT(rows); i++) {
        kit_write(&kit, topic, rows[i].granule);
        assert_int_equal(kit.emit_count, 1);
        CHECK_TEXT(rows[i].granule, kit_body(&kit, kit.emits[0].call),
                   lb_arena_printf(kit.arena,
                                   "Action=SetTopicAttributes&Version=2010-03-31&TopicArn=%s%s",
                                   ARN_SENT, rows[i].sent));
    }
    kit_free(&kit);
}

static void keeps_the_tags_of_others(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *topic = load(&kit, TOPICS("tags: {team: search}"), EAST);
    struct lb_value *live = lb_value_map(kit.arena);
    lb_map_set_string(kit.arena, live, "owner", "people");
    lb_map_set_string(kit.arena, live, "team", "search");
    lb_map_set_string(kit.arena, live, "lifeboat:old", "x");
    lb_map_set_string(kit.arena, live, LB_TAG_STACK, "search-dr");
    topic->live.status = LB_LIVE_PRESENT;
    topic->live.value = lb_value_map(kit.arena);
    lb_map_set(kit.arena, topic->live.value, "tags", live);
    kit_write(&kit, topic, "tags");
    assert_int_equal(kit.emit_count, 2);
    assert_string_equal(kit_body(&kit, kit.emits[0].call),
                        "Action=TagResource&Version=2010-03-31&ResourceArn=" ARN_SENT
                        "&Tags.member.1.Key=lifeboat%3Aaddress"
                        "&Tags.member.1.Value=sns_topic.on-call%40primary");
    assert_string_equal(kit_body(&kit, kit.emits[1].call),
                        "Action=UntagResource&Version=2010-03-31&ResourceArn=" ARN_SENT
                        "&TagKeys.member.1=lifeboat%3Aold");
    kit_free(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_one_in_each_region),
        cmocka_unit_test(a_region_can_be_stated),
        cmocka_unit_test(a_stated_policy_is_about_the_topic),
        cmocka_unit_test(refuses_keys_that_would_swallow_alarms),
        cmocka_unit_test(reads_what_it_would_write),
        cmocka_unit_test(odd_answers_are_told_apart),
        cmocka_unit_test(creates_with_one_call),
        cmocka_unit_test(changes_one_attribute_a_call),
        cmocka_unit_test(keeps_the_tags_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
