/* sns_topic.c: SNS topics that alarms speak to, one in each region.
 *
 * CreateTopic takes everything at once and answers a second time with the topic that is there, as
 * long as attributes and tags are the same; so sending it twice makes one topic. Afterwards each
 * attribute is a call of its own, and so a granule of its own.
 * https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
 */
#include "providers/iam.h"
#include "providers/tags.h"

#include "base/json.h"
#include "base/xml.h"

#include <string.h>

#define NO_KEY "none" /* kms_key: not encrypted */

static const struct lb_service sns = {
    .id = "sns",
    .signing = "sns",
    .prefix = "sns",
    .endpoint_id = "SNS",
    .wire = LB_WIRE_QUERY,
    .version = "2010-03-31",
};
static const struct lb_op get_attributes = {
    .service = &sns, .name = "GetTopicAttributes", .method = "POST", .path = "/"};
static const struct lb_op list_tags = {
    .service = &sns, .name = "ListTagsForResource", .method = "POST", .path = "/"};
static const struct lb_op create_topic = {
    .service = &sns, .name = "CreateTopic", .method = "POST", .path = "/", .mutates = true};
static const struct lb_op set_attributes = {
    .service = &sns, .name = "SetTopicAttributes", .method = "POST", .path = "/", .mutates = true};
static const struct lb_op tag_resource = {
    .service = &sns, .name = "TagResource", .method = "POST", .path = "/", .mutates = true};
static const struct lb_op untag_resource = {
    .service = &sns, .name = "UntagResource", .method = "POST", .path = "/", .mutates = true};

/* A granule, its attribute in the schema and that of the service are one. */
static const struct attribute {
    const char *property, *member, *title;
} attributes[] = {
    {"policy", "Policy", "set the topic's policy"},
    {"display_name", "DisplayName", "set the name that subscribers see"},
    {"kms_key", "KmsMasterKeyId", "set the key that encrypts messages"},
};
#define ATTRIBUTE_COUNT (sizeof attributes / sizeof *attributes)

static const char *topic_name(const struct lb_stack *stack, const struct lb_resource *topic)
{
    const char *stated = lb_text_at(topic->stated, "name", NULL);
    return stated ? stated : lb_arena_printf(stack->arena, "%s-%s", stack->name, topic->name);
}

static const char *topic_arn(const struct lb_stack *stack, const struct lb_resource *topic)
{
    return lb_arena_printf(stack->arena, "arn:%s:sns:%s:%s:%s", stack->partition, topic->region,
                           stack->account, topic_name(stack, topic));
}

/* --- derive
 * --------------------------------------------------------------------------------------- */

static int expand(struct lb_stack *stack, const struct lb_entry *entry)
{
    enum lb_side only = lb_side_parse(lb_text_at(entry->value, "region", NULL));
    for (enum lb_side side = LB_SIDE_PRIMARY; side <= LB_SIDE_SECONDARY; side++)
        if (only == LB_SIDE_NONE || only == side)
            lb_stack_add(stack, "sns_topic", entry->key, side, entry);
    return 0;
}

/* Without the condition an alarm of any account could publish: the confused deputy.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html */
static struct lb_value *alarms_may_publish(struct lb_stack *stack, const char *arn)
{
    static const char *const actions[] = {"sns:Publish", NULL};
    struct lb_arena *arena = stack->arena;
    struct lb_value *document = lb_policy_new(arena), *resources = lb_value_list(arena);
    lb_list_add_string(arena, resources, arn);
    struct lb_value *statement = lb_policy_allow(arena, document, "CloudWatchAlarms", actions,
                                                 resources);
    lb_map_set_string(arena, lb_map_map(arena, statement, "Principal"), "Service",
                      "cloudwatch.amazonaws.com");
    struct lb_value *condition = lb_map_map(arena, statement, "Condition");
    lb_map_set_string(arena, lb_map_map(arena, condition, "StringEquals"), "aws:SourceAccount",
                      stack->account);
    return document;
}

/* A statement of a topic's policy can only be about the topic; its ARN differs by region, and the
 * document that is stated is one for both. */
static void fill_resource(struct lb_arena *arena, struct lb_value *statement, const char *arn)
{
    if (lb_is(statement, LB_MAP) && !lb_map_get(statement, "Resource") &&
        !lb_map_get(statement, "NotResource"))
        lb_map_set_string(arena, statement, "Resource", arn);
}

static void fill_resources(struct lb_arena *arena, struct lb_value *policy, const char *arn)
{
    struct lb_value *statements = lb_map_get(policy, "Statement");
    fill_resource(arena, statements, arn);
    for (size_t i = 0; lb_is(statements, LB_LIST) && i < lb_value_count(statements); i++)
        fill_resource(arena, lb_list_item(statements, i), arn);
}

/* A key serves its own region only. And the key policy of alias/aws/sns, which nobody can change,
 * lets no alarm in: each would fail without a word.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html */
static int check_key(struct lb_stack *stack, const struct lb_resource *topic)
{
    const struct lb_value *key = lb_map_get(topic->stated, "kms_key");
    const char *text = lb_text(key, "");
    if (lb_starts_with(text, "arn:") &&
        !strstr(text, lb_arena_printf(stack->arena, ":kms:%s:", topic->region)))
        return lb_diags_error_try(stack->diags, "LB-S024", key->mark,
                                  "name an alias that each region has, or the topic's `region`",
                                  "%s is in %s, the key \"%s\" is not", topic->address,
                                  topic->region, text);
    if (lb_ends_with(text, "alias/aws/sns") && !lb_map_get(topic->stated, "policy"))
        return lb_diags_error_try(stack->diags, "LB-S024", key->mark,
                                  "use a key of your own whose policy lets "
                                  "cloudwatch.amazonaws.com use it",
                                  "CloudWatch alarms cannot use the key \"%s\"", text);
    return 0;
}

static int derive(struct lb_stack *stack, struct lb_resource *topic)
{
    const char *arn = topic_arn(stack, topic);
    lb_desire_stated(stack, topic);
    struct lb_value *policy = lb_desire(stack, topic, "policy", alarms_may_publish(stack, arn),
                                        "derived: alarms of this account may publish");
    fill_resources(stack->arena, policy, arn);
    lb_desire_tags(stack, topic);
    return check_key(stack, topic);
}

/* --- read
 * ----------------------------------------------------------------------------------------- */

static struct lb_call *read_call(struct lb_read *read, const struct lb_op *op, const char *member)
{
    struct lb_call *call = lb_read_call(read, op);
    lb_map_set_string(read->arena, lb_call_body(read->arena, call), member,
                      topic_arn(read->stack, read->resource));
    return call;
}

/* A map of the query protocol: a list of entries, each with key and value. */
static const char *entry_of(const struct lb_value *map, const char *key)
{
    const struct lb_value *list = lb_map_get(map, "entry");
    for (size_t i = 0; i < lb_xml_count(list); i++)
        if (lb_streq(lb_text_at(lb_xml_item(list, i), "key", NULL), key))
            return lb_text_at(lb_xml_item(list, i), "value", "");
    return NULL;
}

/* What is no JSON stays a text, which differs from every document. */
static struct lb_value *document_of(struct lb_arena *arena, const char *text)
{
    const char *error = NULL;
    struct lb_value *document = lb_json_parse(arena, text, strlen(text), &error);
    return document ? document : lb_value_string(arena, text);
}

static void decode_topic(struct lb_read *read, const struct lb_call *call,
                         const struct lb_answer *answer)
{
    struct lb_arena *arena = read->arena;
    if (!lb_read_ok(read, call, answer)) {
        if (answer->outcome == LB_NOT_FOUND)
            read->live->status = LB_LIVE_ABSENT;
        return;
    }
    const struct lb_value *map = lb_value_at(
        answer->body, "GetTopicAttributesResponse/GetTopicAttributesResult/Attributes");
    struct lb_value *value = lb_read_value(read);
    const char *key = entry_of(map, "KmsMasterKeyId"), *policy = entry_of(map, "Policy");
    read->live->status = LB_LIVE_PRESENT;
    lb_map_set_string(arena, value, "arn", entry_of(map, "TopicArn"));
    lb_map_set_string(arena, value, "display_name", entry_of(map, "DisplayName"));
    lb_map_set_string(arena, value, "kms_key", key && *key ? key : NO_KEY);
    if (policy)
        lb_map_set(arena, value, "policy", document_of(arena, policy));
}

static int read_topic(struct lb_read *read)
{
    read->ask(read, read_call(read, &get_attributes, "TopicArn"), decode_topic);
    return 0;
}

static void decode_tags(struct lb_read *read, const struct lb_call *call,
                        const struct lb_answer *answer)
{
    if (lb_read_ok(read, call, answer))
        lb_tags_read(
            read, lb_value_at(answer->body,
                              "ListTagsForResourceResponse/ListTagsForResourceResult/Tags/member"));
}

static int read_tags(struct lb_read *read)
{
    read->ask(read, read_call(read, &list_tags, "ResourceArn"), decode_tags);
    return 0;
}

/* --- write
 * ---------------------------------------------------------------------------------------- */

static struct lb_call *write_call(struct lb_write *write, const struct lb_op *op,
                                  const char *member)
{
    struct lb_call *call = lb_write_call(write, op);
    lb_map_set_string(write->arena, lb_call_body(write->arena, call), member,
                      topic_arn(write->stack, write->resource));
    return call;
}

/* The attribute as the service takes it; NULL when nothing is desired. */
static const char *member_text(struct lb_write *write, const struct attribute *attribute)
{
    const struct lb_value *value = lb_map_get(write->desired, attribute->property);
    if (lb_is(value, LB_MAP))
        return lb_json_text(write->arena, value);
    const char *text = lb_text(value, NULL);
    bool no_key = lb_streq(attribute->property, "kms_key") && lb_streq(text, NO_KEY);
    return no_key ? "" : text;
}

static int write_topic(struct lb_write *write)
{
    struct lb_arena *arena = write->arena;
    struct lb_call *call = lb_write_call(write, &create_topic);
    struct lb_value *body = lb_call_body(arena, call);
    lb_map_set_string(arena, body, "Name", topic_name(write->stack, write->resource));
    struct lb_value *entries = lb_map_map(arena, lb_map_map(arena, body, "Attributes"), "entry");
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        const char *text = member_text(write, &attributes[i]);
        if (!text || !*text)
            continue;
        const char *number = lb_arena_printf(arena, "%zu", lb_value_count(entries) + 1);
        struct lb_value *entry = lb_map_map(arena, entries, number);
        lb_map_set_string(arena, entry, "key", attributes[i].member);
        lb_map_set_string(arena, entry, "value", text);
    }
    lb_map_set(arena, body, "Tags", lb_tags_to_list(arena, lb_map_get(write->desired, "tags")));
    write->emit(write, call, "create the topic");
    return 0;
}

static int write_attribute(struct lb_write *write)
{
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        if (!lb_streq(attributes[i].property, write->granule->name))
            continue;
        struct lb_call *call = write_call(write, &set_attributes, "TopicArn");
        lb_map_set_string(write->arena, call->body, "AttributeName", attributes[i].member);
        lb_map_set_string(write->arena, call->body, "AttributeValue",
                          member_text(write, &attributes[i]));
        write->emit(write, call, attributes[i].title);
    }
    return 0;
}

static int write_tags(struct lb_write *write)
{
    const struct lb_value *desired = lb_map_get(write->desired, "tags");
    const struct lb_value *live = lb_map_get(write->live->value, "tags");
    struct lb_value *changed = lb_tags_changed(write->arena, desired, live);
    struct lb_value *dropped = lb_tags_dropped(write->arena, desired, live);
    if (lb_value_count(changed) > 0) {
        struct lb_call *call = write_call(write, &tag_resource, "ResourceArn");
        lb_map_set(write->arena, call->body, "Tags", lb_tags_to_list(write->arena, changed));
        write->emit(write, call, "set tags");
    }
    if (lb_value_count(dropped) > 0) {
        struct lb_call *call = write_call(write, &untag_resource, "ResourceArn");
        lb_map_set(write->arena, call->body, "TagKeys", dropped);
        write->emit(write, call, "remove tags of ours");
    }
    return 0;
}

static const struct lb_granule granules[] = {
    {.name = "topic", .read = read_topic, .write = write_topic},
    {.name = "policy", .write = write_attribute, .in_create = true},
    {.name = "display_name", .write = write_attribute, .in_create = true},
    {.name = "kms_key", .write = write_attribute, .in_create = true},
    {.name = "tags", .read = read_tags, .write = write_tags, .in_create = true},
    {0},
};

const struct lb_provider lb_provider_sns_topic = {
    .kind = "sns_topic",
    .arn = topic_arn,
    .granules = granules,
    .expand = expand,
    .derive = derive,
};
