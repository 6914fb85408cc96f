/* sns.c: SNS: standard topics, their attributes, tags and subscriptions. Messages are counted, not
 * delivered. FIFO topics are refused.
 *
 * State: topics{ARN: {name, attributes{NAME: text}, tags[{Key Value}], subscriptions[as listed],
 * published}}. An attribute that was never set is answered with the service's default.
 */
#include "sandbox/policy.h"
#include "sandbox/route.h"
#include "sandbox/services.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define XMLNS "http://sns.amazonaws.com/doc/2010-03-31/"
#define PAGE 100
#define TAGS_MAX 50
#define MESSAGE_MAX 262144
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/* --- answers
 * -------------------------------------------------------------------------------------- */

/* The server's generic words in this service's. */
static void error(const struct sb_request *request, struct sb_response *response, int status,
                  const char *code, const char *message)
{
    if (lb_streq(code, "AccessDenied"))
        sb_error_query(request, response, 403, "AuthorizationError", message);
    else
        sb_error_query(request, response, status,
                       lb_streq(code, "InternalFailure") ? "InternalError" : code, message);
}

static void reply(struct sb_call *call, const struct lb_value *result)
{
    sb_reply_query(call->request, call->response, XMLNS, result);
}

/* "Invalid parameter: WHAT", the words of most refusals. */
static void invalid(struct sb_call *call, const char *what)
{
    error(call->request, call->response, 400, "InvalidParameter",
          lb_arena_printf(call->arena, "Invalid parameter: %s", what));
}

static const char *text(const struct sb_call *call, const char *member)
{
    return lb_text_at(call->body, member, "");
}

/* --- topics
 * --------------------------------------------------------------------------------------- */

static struct lb_value *topics(struct sandbox *sandbox)
{
    return lb_map_map(sandbox->arena, sb_state(sandbox, "sns"), "topics");
}

static const char *prefix_of(const struct sb_call *call)
{
    return lb_arena_printf(call->arena, "arn:aws:sns:%s:%s:", call->request->region,
                           call->sandbox->account);
}

static const char *last_part(const char *arn)
{
    const char *colon = strrchr(arn, ':');
    return colon ? colon + 1 : arn;
}

/* The topic that a member names, or NULL after an error was answered. */
static struct lb_value *wanted(struct sb_call *call, const char *member, const char *absent,
                               const char *absent_message)
{
    const char *arn = text(call, member);
    struct lb_value *topic = lb_map_get(topics(call->sandbox), arn);
    if (!lb_starts_with(arn, "arn:aws:sns:")) {
        invalid(call, lb_arena_printf(call->arena,
                                      "%s Reason: An ARN must have at least 6 "
                                      "elements, not 1",
                                      member));
    } else if (!lb_starts_with(
                   arn, lb_arena_printf(call->arena, "arn:aws:sns:%s:", call->request->region))) {
        invalid(call, member);
    } else if (!lb_starts_with(arn, prefix_of(call))) {
        error(call->request, call->response, 403, "AuthorizationError",
              lb_arena_printf(call->arena,
                              "User: %s is not authorized to perform: SNS:%s on resource: %s",
                              call->request->caller, call->request->operation, arn));
    } else if (topic) {
        return topic;
    } else {
        error(call->request, call->response, 404, absent, absent_message);
    }
    return NULL;
}

static struct lb_value *topic_wanted(struct sb_call *call)
{
    return wanted(call, "TopicArn", "NotFound", "Topic does not exist");
}

/* --- attributes
 * ----------------------------------------------------------------------------------- */

static size_t many(const struct lb_value *value)
{
    return lb_is(value, LB_LIST) ? lb_value_count(value) : value ? 1 : 0;
}

static const char *nth(const struct lb_value *value, size_t i)
{
    return lb_text(lb_is(value, LB_LIST) ? lb_list_item(value, i) : value, "");
}

/* A topic's policy takes no wildcard in its actions. */
static bool in_scope(const char *action)
{
    static const char *const known[] = {"Publish",
                                        "Subscribe",
                                        "Receive",
                                        "GetTopicAttributes",
                                        "SetTopicAttributes",
                                        "AddPermission",
                                        "RemovePermission",
                                        "DeleteTopic",
                                        "ListSubscriptionsByTopic",
                                        "GetDataProtectionPolicy",
                                        "PutDataProtectionPolicy"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncasecmp(action, "sns:", 4) == 0 && strcasecmp(action + 4, known[i]) == 0)
            return true;
    return false;
}

static const char *statement_fault(const struct lb_value *statement, const char *arn)
{
    const struct lb_value *actions = lb_map_get(statement, "Action");
    for (size_t i = 0; i < many(actions); i++)
        if (!in_scope(nth(actions, i)))
            return "Policy statement action out of service scope!";
    return sb_policy_any(lb_map_get(statement, "Resource"), arn, true)
               ? NULL
               : "Policy statement must apply to a single resource!";
}

static const char *policy_fault(struct sb_call *call, const char *arn, const char *value)
{
    const char *problem = NULL;
    const struct lb_value *document = lb_json_parse(call->arena, value, strlen(value), &problem);
    const struct lb_value *statements = lb_map_get(document, "Statement");
    const char *fault = sb_policy_fault(call->sandbox, call->arena, value, SB_POLICY_RESOURCE);
    if (!document)
        return "Policy Error: null";
    if (fault)
        return lb_arena_printf(call->arena, "Policy Error: %s", fault);
    if (lb_is(statements, LB_MAP))
        return statement_fault(statements, arn);
    for (size_t i = 0; i < lb_value_count(statements) && !fault; i++)
        fault = statement_fault(lb_list_item(statements, i), arn);
    return fault;
}

static const char *name_fault(struct sb_call *call, const char *arn, const char *value)
{
    (void)call, (void)arn;
    return strlen(value) > 100 ? "DisplayName Reason: at most 100 characters" : NULL;
}

static const char *key_fault(struct sb_call *call, const char *arn, const char *value)
{
    const char *here = lb_arena_printf(call->arena, ":kms:%s:", call->request->region);
    (void)arn;
    return lb_starts_with(value, "arn:") && !strstr(value, here)
               ? "KmsMasterKeyId Reason: the key is not in the topic's region"
               : NULL;
}

static const char *fifo_fault(struct sb_call *call, const char *arn, const char *value)
{
    (void)call, (void)arn, (void)value;
    return "Attributes Reason: the sandbox has no FIFO topics";
}

static const struct attribute {
    const char *name, *otherwise; /* what is answered when it was never set; NULL: nothing */
    const char *(*fault)(struct sb_call *call, const char *arn, const char *value);
} attributes[] = {
    {"DisplayName", "", name_fault},
    {"Policy", NULL, policy_fault},
    {"KmsMasterKeyId", NULL, key_fault},
    {"FifoTopic", NULL, fifo_fault},
    {"ContentBasedDeduplication", NULL, fifo_fault},
    {"DeliveryPolicy", NULL, NULL},
    {"SignatureVersion", NULL, NULL},
    {"TracingConfig", NULL, NULL},
};
#define ATTRIBUTE_COUNT (sizeof attributes / sizeof *attributes)

static const char *attribute_fault(struct sb_call *call, const char *arn, const char *name,
                                   const char *value)
{
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
        if (lb_streq(attributes[i].name, name))
            return attributes[i].fault ? attributes[i].fault(call, arn, value) : NULL;
    return "AttributeName";
}

/* What every topic's policy is until somebody sets another. */
static const char *default_policy(struct sb_call *call, const char *arn)
{
    return lb_arena_printf(
        call->arena,
        "{\"Version\":\"2008-10-17\",\"Id\":\"__default_policy_ID\",\"Statement\":[{\"Sid\":"
        "\"__default_statement_ID\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":["
        "\"SNS:GetTopicAttributes\",\"SNS:SetTopicAttributes\",\"SNS:AddPermission\","
        "\"SNS:RemovePermission\",\"SNS:DeleteTopic\",\"SNS:Subscribe\","
        "\"SNS:ListSubscriptionsByTopic\",\"SNS:Publish\"],\"Resource\":\"%s\",\"Condition\":{"
        "\"StringEquals\":{\"AWS:SourceOwner\":\"%s\"}}}]}",
        arn, call->sandbox->account);
}

static void show(struct sb_call *call, struct lb_value *entries, const char *key, const char *value)
{
    struct lb_value *entry = lb_list_add(call->arena, entries, lb_value_map(call->arena));
    lb_map_set_string(call->arena, entry, "key", key);
    lb_map_set_string(call->arena, entry, "value", value);
}

static bool is_pending(const struct lb_value *subscription)
{
    return lb_streq(lb_text_at(subscription, "SubscriptionArn", ""), "PendingConfirmation");
}

static void get_topic_attributes(struct sb_call *call)
{
    struct lb_value *topic = topic_wanted(call), *result = lb_value_map(call->arena);
    if (!topic)
        return;
    struct lb_value *entries = lb_map_list(call->arena,
                                           lb_map_map(call->arena, result, "Attributes"), "entry");
    const struct lb_value *set = lb_map_get(topic, "attributes");
    const struct lb_value *subscriptions = lb_map_get(topic, "subscriptions");
    size_t pending = 0, count = lb_value_count(subscriptions);
    for (size_t i = 0; i < count; i++)
        pending += is_pending(lb_list_item(subscriptions, i));
    show(call, entries, "Owner", call->sandbox->account);
    show(call, entries, "TopicArn", text(call, "TopicArn"));
    show(call, entries, "SubscriptionsPending", lb_arena_printf(call->arena, "%zu", pending));
    show(call, entries, "SubscriptionsConfirmed",
         lb_arena_printf(call->arena, "%zu", count - pending));
    show(call, entries, "SubscriptionsDeleted", "0");
    if (!lb_map_get(set, "Policy"))
        show(call, entries, "Policy", default_policy(call, text(call, "TopicArn")));
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        const char *value = lb_text_at(set, attributes[i].name, attributes[i].otherwise);
        if (value)
            show(call, entries, attributes[i].name, value);
    }
    reply(call, result);
}

static void set_topic_attributes(struct sb_call *call)
{
    struct lb_value *topic = topic_wanted(call);
    const char *name = text(call, "AttributeName"), *value = text(call, "AttributeValue");
    if (!topic)
        return;
    const char *fault = attribute_fault(call, text(call, "TopicArn"), name, value);
    if (fault) {
        invalid(call, fault);
        return;
    }
    struct lb_value *set = lb_map_get(topic, "attributes");
    if (*value)
        sb_keep_string(call->sandbox, set, name, value);
    else
        lb_map_remove(set, name);
    reply(call, NULL);
}

/* --- tags
 * ----------------------------------------------------------------------------------------- */

static struct lb_value *tag_find(const struct lb_value *tags, const char *key)
{
    for (size_t i = 0; i < lb_value_count(tags); i++)
        if (lb_streq(lb_text_at(lb_list_item(tags, i), "Key", ""), key))
            return lb_list_item(tags, i);
    return NULL;
}

/* False after an error was answered. */
static bool tags_fit(struct sb_call *call, const struct lb_value *held)
{
    const struct lb_value *sent = lb_map_get(call->body, "Tags");
    size_t count = lb_value_count(held);
    for (size_t i = 0; i < lb_value_count(sent); i++) {
        const struct lb_value *tag = lb_list_item(sent, i);
        const char *key = lb_text_at(tag, "Key", "");
        if (!*key || strlen(key) > 128 || strlen(lb_text_at(tag, "Value", "")) > 256 ||
            strncasecmp(key, "aws:", 4) == 0) {
            invalid(call, "Tags Reason: a key has 1 to 128 characters and does not begin with "
                          "aws:, a value at most 256");
            return false;
        }
        if (tag_find(sent, key) != tag) {
            invalid(call, "Tags Reason: Duplicated keys are not allowed.");
            return false;
        }
        count += !tag_find(held, key);
    }
    if (count <= TAGS_MAX)
        return true;
    error(call->request, call->response, 400, "TagLimitExceeded",
          "Could not complete request: tag quota of per resource exceeded");
    return false;
}

static void tags_put(struct sb_call *call, struct lb_value *tags)
{
    const struct lb_value *sent = lb_map_get(call->body, "Tags");
    for (size_t i = 0; i < lb_value_count(sent); i++) {
        const struct lb_value *tag = lb_list_item(sent, i);
        struct lb_value *held = tag_find(tags, lb_text_at(tag, "Key", ""));
        if (held)
            sb_keep_string(call->sandbox, held, "Value", lb_text_at(tag, "Value", ""));
        else
            sb_keep_item(call->sandbox, tags, tag);
    }
}

/* The tags of the topic that ResourceArn names, or NULL after an error was answered. */
static struct lb_value *tags_wanted(struct sb_call *call)
{
    return lb_map_get(wanted(call, "ResourceArn", "ResourceNotFound", "Resource does not exist"),
                      "tags");
}

static void tag_resource(struct sb_call *call)
{
    struct lb_value *tags = tags_wanted(call);
    if (!tags || !tags_fit(call, tags))
        return;
    tags_put(call, tags);
    reply(call, lb_value_map(call->arena));
}

static void untag_resource(struct sb_call *call)
{
    struct lb_value *tags = tags_wanted(call), *keys = lb_map_get(call->body, "TagKeys");
    if (!tags)
        return;
    for (size_t i = lb_value_count(tags); i > 0; i--)
        if (lb_list_has(keys, lb_text_at(lb_list_item(tags, i - 1), "Key", "")))
            sb_list_remove(tags, i - 1);
    reply(call, lb_value_map(call->arena));
}

static void list_tags_for_resource(struct sb_call *call)
{
    struct lb_value *tags = tags_wanted(call), *result = lb_value_map(call->arena);
    if (!tags)
        return;
    lb_map_set(call->arena, lb_map_map(call->arena, result, "Tags"), "member",
               lb_value_copy(call->arena, tags));
    reply(call, result);
}

static void tagged(struct sandbox *sandbox, struct lb_arena *arena, const char *region,
                   struct sb_tagged *search)
{
    const char *here = lb_arena_printf(arena, "arn:aws:sns:%s:", region);
    const struct lb_value *all = topics(sandbox);
    for (size_t i = 0; i < lb_value_count(all); i++) {
        const struct lb_entry *topic = lb_map_nth(all, i);
        if (lb_starts_with(topic->key, here))
            sb_tagged_add(search, topic->key, lb_map_get(topic->value, "tags"));
    }
}

/* --- making, listing, deleting
 * -------------------------------------------------------------------- */

/* The form's Attributes.entry.N.{key,value}. */
static const struct lb_value *sent_attributes(const struct sb_call *call)
{
    return lb_value_at(call->body, "Attributes/entry");
}

static bool attributes_fit(struct sb_call *call, const char *arn)
{
    const struct lb_value *sent = sent_attributes(call);
    for (size_t i = 0; i < lb_value_count(sent); i++) {
        const struct lb_value *entry = lb_map_nth(sent, i)->value;
        const char *fault = attribute_fault(call, arn, lb_text_at(entry, "key", ""),
                                            lb_text_at(entry, "value", ""));
        if (fault) {
            invalid(call, fault);
            return false;
        }
    }
    return true;
}

/* What is sent must be what the topic has; what is not sent is not compared. */
static const char *other_than(const struct sb_call *call, const struct lb_value *topic)
{
    const struct lb_value *sent = sent_attributes(call), *tags = lb_map_get(call->body, "Tags");
    const struct lb_value *held = lb_map_get(topic, "tags");
    for (size_t i = 0; i < lb_value_count(sent); i++) {
        const struct lb_value *entry = lb_map_nth(sent, i)->value;
        if (!lb_streq(lb_text_at(lb_map_get(topic, "attributes"), lb_text_at(entry, "key", ""), ""),
                      lb_text_at(entry, "value", "")))
            return "Attributes Reason: Topic already exists with different attributes";
    }
    bool same = !tags || lb_value_count(tags) == lb_value_count(held);
    for (size_t i = 0; i < lb_value_count(tags); i++) {
        const struct lb_value *tag = lb_list_item(tags, i);
        const struct lb_value *other = tag_find(held, lb_text_at(tag, "Key", ""));
        same = same && lb_streq(lb_text_at(other, "Value", NULL), lb_text_at(tag, "Value", ""));
    }
    return same ? NULL : "Tags Reason: Topic already exists with different tags";
}

static void make(struct sb_call *call, const char *arn)
{
    struct lb_arena *keep = call->sandbox->arena;
    struct lb_value *topic = lb_map_map(keep, topics(call->sandbox), arn);
    struct lb_value *set = lb_map_map(keep, topic, "attributes");
    const struct lb_value *sent = sent_attributes(call);
    sb_keep_string(call->sandbox, topic, "name", text(call, "Name"));
    for (size_t i = 0; i < lb_value_count(sent); i++) {
        const struct lb_value *entry = lb_map_nth(sent, i)->value;
        if (*lb_text_at(entry, "value", ""))
            sb_keep_string(call->sandbox, set, lb_text_at(entry, "key", ""),
                           lb_text_at(entry, "value", ""));
    }
    tags_put(call, lb_map_list(keep, topic, "tags"));
    lb_map_list(keep, topic, "subscriptions");
}

static void create_topic(struct sb_call *call)
{
    const char *name = text(call, "Name");
    const char *arn = lb_arena_printf(call->arena, "%s%s", prefix_of(call), name);
    const struct lb_value *there = lb_map_get(topics(call->sandbox), arn);
    struct lb_value *result = lb_value_map(call->arena);
    if (!*name || strlen(name) > 256 || !sb_only(name, LETTERS)) {
        invalid(call, "Topic Name");
        return;
    }
    if (!attributes_fit(call, arn) || !tags_fit(call, NULL))
        return;
    const char *fault = there ? other_than(call, there) : NULL;
    if (fault) {
        invalid(call, fault);
        return;
    }
    if (!there)
        make(call, arn);
    lb_map_set_string(call->arena, result, "TopicArn", arn);
    reply(call, result);
}

/* Deleting what is not there is no error. */
static void delete_topic(struct sb_call *call)
{
    const char *arn = text(call, "TopicArn");
    if (!lb_starts_with(arn, prefix_of(call))) {
        invalid(call, "TopicArn");
        return;
    }
    lb_map_remove(topics(call->sandbox), arn);
    reply(call, NULL);
}

static void reply_page(struct sb_call *call, const char *key, const struct lb_value *items)
{
    struct lb_value *result = lb_value_map(call->arena);
    struct lb_value *list = lb_map_list(call->arena, lb_map_map(call->arena, result, key),
                                        "member");
    size_t from = strtoul(text(call, "NextToken"), NULL, 10);
    size_t count = lb_value_count(items);
    for (size_t i = from; i < count && i < from + PAGE; i++)
        lb_list_add(call->arena, list, lb_list_item(items, i));
    if (from < count && count - from > PAGE)
        lb_map_set(call->arena, result, "NextToken",
                   lb_value_format(call->arena, "%zu", from + PAGE));
    reply(call, result);
}

static void list_topics(struct sb_call *call)
{
    const struct lb_value *all = topics(call->sandbox);
    struct lb_value *items = lb_value_list(call->arena);
    for (size_t i = 0; i < lb_value_count(all); i++) {
        const char *arn = lb_map_nth(all, i)->key;
        if (lb_starts_with(arn, prefix_of(call)))
            lb_map_set_string(call->arena,
                              lb_list_add(call->arena, items, lb_value_map(call->arena)),
                              "TopicArn", arn);
    }
    reply_page(call, "Topics", items);
}

/* --- subscriptions and messages
 * ------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool confirms; /* whoever is at the end must say yes first; nobody does here */
} protocols[] = {
    {"email", true},   {"email-json", true}, {"http", true}, {"https", true},        {"sqs", false},
    {"lambda", false}, {"firehose", false},  {"sms", false}, {"application", false},
};
#define PROTOCOL_COUNT (sizeof protocols / sizeof *protocols)

static struct lb_value *subscription_of(struct sb_call *call, struct lb_value *list)
{
    for (size_t i = 0; i < lb_value_count(list); i++) {
        struct lb_value *one = lb_list_item(list, i);
        if (lb_streq(lb_text_at(one, "Protocol", ""), text(call, "Protocol")) &&
            lb_streq(lb_text_at(one, "Endpoint", ""), text(call, "Endpoint")))
            return one;
    }
    return NULL;
}

static void subscribe(struct sb_call *call)
{
    struct lb_value *topic = topic_wanted(call), *result = lb_value_map(call->arena);
    struct lb_value *list = lb_map_get(topic, "subscriptions");
    size_t which = 0;
    if (!topic)
        return;
    while (which < PROTOCOL_COUNT && !lb_streq(protocols[which].name, text(call, "Protocol")))
        which++;
    if (which == PROTOCOL_COUNT || !*text(call, "Endpoint")) {
        invalid(call,
                which == PROTOCOL_COUNT
                    ? lb_arena_printf(call->arena, "Does not support this protocol string: %s",
                                      text(call, "Protocol"))
                    : "Endpoint");
        return;
    }
    if (!subscription_of(call, list)) {
        struct lb_value *one = lb_value_map(call->arena);
        lb_map_set_string(call->arena, one, "SubscriptionArn",
                          protocols[which].confirms
                              ? "PendingConfirmation"
                              : lb_arena_printf(call->arena, "%s:%s", text(call, "TopicArn"),
                                                sb_uuid(call->sandbox, call->arena)));
        lb_map_set_string(call->arena, one, "Owner", call->sandbox->account);
        lb_map_set_string(call->arena, one, "Protocol", text(call, "Protocol"));
        lb_map_set_string(call->arena, one, "Endpoint", text(call, "Endpoint"));
        lb_map_set_string(call->arena, one, "TopicArn", text(call, "TopicArn"));
        sb_keep_item(call->sandbox, list, one);
    }
    const struct lb_value *held = subscription_of(call, list);
    lb_map_set_string(call->arena, result, "SubscriptionArn",
                      is_pending(held) ? "pending confirmation"
                                       : lb_text_at(held, "SubscriptionArn", ""));
    reply(call, result);
}

static void list_subscriptions_by_topic(struct sb_call *call)
{
    struct lb_value *topic = topic_wanted(call);
    if (topic)
        reply_page(call, "Subscriptions", lb_map_get(topic, "subscriptions"));
}

static void publish(struct sb_call *call)
{
    struct lb_value *topic = topic_wanted(call), *result = lb_value_map(call->arena);
    size_t length = strlen(text(call, "Message"));
    if (!topic)
        return;
    if (length == 0 || length > MESSAGE_MAX) {
        invalid(call, length ? "Message too long" : "Empty message");
        return;
    }
    sb_keep_int(call->sandbox, topic, "published", lb_int_at(topic, "published", 0) + 1);
    lb_map_set_string(call->arena, result, "MessageId", sb_uuid(call->sandbox, call->arena));
    reply(call, result);
}

/* --- the service
 * ---------------------------------------------------------------------------------- */

static const struct sb_route routes[] = {
    {"POST", "", "CreateTopic", true, create_topic, NULL},
    {"POST", "", "DeleteTopic", true, delete_topic, NULL},
    {"POST", "", "ListTopics", false, list_topics, NULL},
    {"POST", "", "GetTopicAttributes", false, get_topic_attributes, NULL},
    {"POST", "", "SetTopicAttributes", true, set_topic_attributes, NULL},
    {"POST", "", "TagResource", true, tag_resource, NULL},
    {"POST", "", "UntagResource", true, untag_resource, NULL},
    {"POST", "", "ListTagsForResource", false, list_tags_for_resource, NULL},
    {"POST", "", "Subscribe", true, subscribe, NULL},
    {"POST", "", "ListSubscriptionsByTopic", false, list_subscriptions_by_topic, NULL},
    {"POST", "", "Publish", true, publish, NULL},
    {NULL, NULL, NULL, false, NULL, NULL},
};

static int route(struct sandbox *sandbox, struct sb_request *request)
{
    const struct lb_value *form = sb_form(request);
    const struct sb_route *found = sb_route_named(routes, lb_text_at(form, "Action", ""));
    (void)sandbox;
    request->operation = lb_text_at(form, "Action", "");
    request->resource = lb_text_at(
        form, "Name", last_part(lb_text_at(form, "TopicArn", lb_text_at(form, "ResourceArn", ""))));
    request->mutating = found && found->mutating;
    return found ? 0 : -1;
}

static void handle(struct sandbox *sandbox, struct sb_request *request,
                   struct sb_response *response)
{
    struct sb_call call = {.sandbox = sandbox,
                           .request = request,
                           .response = response,
                           .arena = request->arena,
                           .body = sb_form(request)};
    sb_route_named(routes, request->operation)->handle(&call);
}

const struct sb_service sb_service_sns = {
    .name = "sns",
    .signing = "sns",
    .route = route,
    .handle = handle,
    .error = error,
    .tagged = tagged,
};
