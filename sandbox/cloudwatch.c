/* cloudwatch.c: CloudWatch: its protocols and alarms.
 * The same operations come as JSON 1.0 (X-Amz-Target) and as rpc-v2-cbor (the operation in the
 * path, what the SDKs choose today); a decoded body is all that operations see. */
#include "sandbox/cloudwatch.h"

#include "sandbox/cbor.h"
#include "sandbox/services.h"

#include <string.h>

#define TARGET "GraniteServiceVersion20100801"
#define CBOR_PATH "/service/" TARGET "/operation/"
#define SET_STATE_HOLDS 60 /* virtual seconds until the next evaluation overrules SetAlarmState */

/* --- protocols
 * --------------------------------------------------------------------------------------- */
static bool is_cbor(const struct sb_request *request)
{
    return lb_starts_with(request->path, CBOR_PATH);
}

static void reply(const struct sb_request *request, struct sb_response *response, int status,
                  const struct lb_value *body)
{
    if (!is_cbor(request)) {
        sb_reply_json(response, status, body);
        return;
    }
    response->status = status;
    response->content_type = "application/cbor";
    lb_map_set_string(request->arena, response->headers, "smithy-protocol", "rpc-v2-cbor");
    lb_str_clear(&response->body);
    sb_cbor_write(&response->body, body);
}

/* The server's generic words in this service's. */
static void error(const struct sb_request *request, struct sb_response *response, int status,
                  const char *code, const char *message)
{
    struct lb_value *body = lb_value_map(request->arena);

    if (!is_cbor(request)) {
        sb_error_json(request, response, status, code, message);
        return;
    }
    lb_map_set_string(request->arena, body, "__type", code);
    lb_map_set_string(request->arena, body, "message", message);
    reply(request, response, status ? status : lb_streq(code, "InternalFailure") ? 500 : 400, body);
}

void sb_cw_reply(struct sb_call *call, const struct lb_value *body)
{
    reply(call->request, call->response, 200, body);
}

void sb_cw_error(struct sb_call *call, int status, const char *code, const char *message)
{
    error(call->request, call->response, status, code, message);
}

static const char *operation_of(const struct sb_request *request)
{
    const char *target = lb_text_at(request->headers, "x-amz-target", "");

    if (is_cbor(request))
        return request->path + strlen(CBOR_PATH);
    return lb_starts_with(target, TARGET ".") ? target + strlen(TARGET) + 1 : "";
}

static struct lb_value *body_of(struct sb_request *request)
{
    if (is_cbor(request))
        return sb_cbor_parse(request->arena, request->body, request->body_length);
    return sb_body_json(request);
}

/* --- state
 * ---------------------------------------------------------------------------------------------- */
struct lb_value *sb_cw_table(struct sandbox *sandbox, const char *region, const char *table)
{
    struct lb_value *regions = lb_map_map(sandbox->arena, sb_state(sandbox, "cloudwatch"),
                                          "regions");

    return lb_map_map(sandbox->arena, lb_map_map(sandbox->arena, regions, region), table);
}

struct lb_value *sb_alarm_find(struct sandbox *sandbox, const char *region, const char *name)
{
    return lb_map_get(sb_cw_table(sandbox, region, "alarms"), name);
}

static const char *alarm_arn(struct sb_call *call, const char *name)
{
    return lb_arena_printf(call->arena, "arn:aws:cloudwatch:%s:%s:alarm:%s", call->request->region,
                           call->sandbox->account, name);
}

static struct lb_value *tags_of(struct sandbox *sandbox, const char *arn)
{
    struct lb_value *tags = lb_map_map(sandbox->arena, sb_state(sandbox, "cloudwatch"), "tags");

    return lb_map_list(sandbox->arena, tags, arn);
}

/* --- alarms
 * --------------------------------------------------------------------------------------------- */
static const char *alarm_fault(const struct lb_value *sent)
{
    static const char *const needed[] = {
        "AlarmName",         "MetricName", "Namespace",         "Period",
        "EvaluationPeriods", "Threshold",  "ComparisonOperator"};
    const char *comparison = lb_text_at(sent, "ComparisonOperator", "");
    int64_t period = lb_int_at(sent, "Period", 0);

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (!lb_map_get(sent, needed[i]))
            return needed[i];
    }
    if (!lb_map_get(sent, "Statistic") && !lb_map_get(sent, "ExtendedStatistic"))
        return "Statistic";
    if (!strstr(comparison, "Threshold"))
        return "ComparisonOperator";
    if (period != 10 && period != 20 && period != 30 && (period < 60 || period % 60))
        return "Period";
    if (lb_int_at(sent, "DatapointsToAlarm", 1) > lb_int_at(sent, "EvaluationPeriods", 1))
        return "DatapointsToAlarm";
    if (lb_map_get(sent, "TreatMissingData") && !strstr("|breaching|notBreaching|ignore|missing|",
                                                        lb_text_at(sent, "TreatMissingData", "")))
        return "TreatMissingData";
    return NULL;
}

static void alarm_state(struct sandbox *sandbox, struct lb_value *alarm, const char *word,
                        const char *reason)
{
    int64_t now = sb_now(sandbox);

    sb_keep_string(sandbox, alarm, "StateValue", word);
    sb_keep_string(sandbox, alarm, "StateReason", reason);
    sb_keep_int(sandbox, alarm, "StateUpdatedTimestamp", now);
    sb_keep_int(sandbox, alarm, "StateTransitionedTimestamp", now);
}

/* A put replaces all of it but the state; tags count only when the alarm is new. */
static void put_metric_alarm(struct sb_call *call)
{
    static const char *const lists[] = {"OKActions", "AlarmActions", "InsufficientDataActions",
                                        "Dimensions"};
    static const char *const state[] = {"StateValue", "StateReason", "StateUpdatedTimestamp",
                                        "StateTransitionedTimestamp"};
    struct sandbox *sandbox = call->sandbox;
    const char *name = lb_text_at(call->body, "AlarmName", ""), *fault = alarm_fault(call->body);
    struct lb_value *alarms = sb_cw_table(sandbox, call->request->region, "alarms");
    struct lb_value *before = lb_map_get(alarms, name),
                    *alarm = lb_value_copy(call->arena, call->body);

    if (fault) {
        sb_cw_error(call, 400, "ValidationError",
                    lb_arena_printf(call->arena, "The parameter %s is missing or invalid.", fault));
        return;
    }
    lb_map_remove(alarm, "Tags");
    for (size_t i = 0; i < 4; i++)
        lb_map_default(call->arena, alarm, lists[i], lb_value_list(call->arena));
    lb_map_default(call->arena, alarm, "ActionsEnabled", lb_value_bool(call->arena, true));
    lb_map_set_string(call->arena, alarm, "AlarmArn", alarm_arn(call, name));
    lb_map_set_int(call->arena, alarm, "AlarmConfigurationUpdatedTimestamp", sb_now(sandbox));
    for (size_t i = 0; before && i < 4; i++)
        lb_map_set(call->arena, alarm, state[i], lb_map_get(before, state[i]));
    alarm = sb_keep(sandbox, alarms, name, alarm);
    if (!before) {
        alarm_state(sandbox, alarm, "INSUFFICIENT_DATA", "Unchecked: Initial alarm creation");
        for (size_t i = 0; i < lb_value_count(lb_map_get(call->body, "Tags")); i++)
            sb_keep_item(sandbox, tags_of(sandbox, alarm_arn(call, name)),
                         lb_list_item(lb_map_get(call->body, "Tags"), i));
    }
    sb_cw_reply(call, lb_value_map(call->arena));
}

static bool alarm_wanted(struct sb_call *call, const struct lb_entry *entry)
{
    struct lb_value *names = lb_map_get(call->body, "AlarmNames");
    const char *state = lb_text_at(call->body, "StateValue", NULL);

    if (lb_value_count(names) && !lb_list_has(names, entry->key))
        return false;
    if (state && !lb_streq(state, lb_text_at(entry->value, "StateValue", "")))
        return false;
    return lb_starts_with(entry->key, lb_text_at(call->body, "AlarmNamePrefix", ""));
}

static struct lb_value *alarm_shown(struct lb_arena *arena, const struct lb_value *alarm)
{
    struct lb_value *shown = lb_value_copy(arena, alarm);

    lb_map_remove(shown, "held_until");
    return shown;
}

static void describe_alarms(struct sb_call *call)
{
    struct lb_value *alarms = sb_cw_table(call->sandbox, call->request->region, "alarms");
    struct lb_value *body = lb_value_map(call->arena), *list;
    int64_t most = lb_int_at(call->body, "MaxRecords", 50);
    size_t i = (size_t)lb_int_at(call->body, "NextToken", 0);

    if (lb_value_count(lb_map_get(call->body, "AlarmNames")) > 100 || most < 1 || most > 100) {
        sb_cw_error(call, 400, "ValidationError", "At most 100 alarms can be described at once.");
        return;
    }
    if (lb_map_get(call->body, "AlarmNames"))
        most = 100;
    lb_map_list(call->arena, body, "CompositeAlarms");
    list = lb_map_list(call->arena, body, "MetricAlarms");
    lb_map_sort(alarms);
    for (; i < lb_value_count(alarms) && (int64_t)lb_value_count(list) < most; i++) {
        if (alarm_wanted(call, lb_map_nth(alarms, i)))
            lb_list_add(call->arena, list, alarm_shown(call->arena, lb_map_nth(alarms, i)->value));
    }
    if (i < lb_value_count(alarms))
        lb_map_set(call->arena, body, "NextToken", lb_value_format(call->arena, "%zu", i));
    sb_cw_reply(call, body);
}

static void delete_alarms(struct sb_call *call)
{
    struct lb_value *alarms = sb_cw_table(call->sandbox, call->request->region, "alarms");
    struct lb_value *names = lb_map_get(call->body, "AlarmNames");

    for (size_t i = 0; i < lb_value_count(names); i++) {
        if (!lb_map_get(alarms, lb_text(lb_list_item(names, i), ""))) {
            sb_cw_error(call, 404, "ResourceNotFound", "An alarm of that name does not exist.");
            return;
        }
    }
    for (size_t i = 0; i < lb_value_count(names); i++) {
        const char *name = lb_text(lb_list_item(names, i), "");

        lb_map_remove(alarms, name);
        lb_map_remove(lb_map_get(sb_state(call->sandbox, "cloudwatch"), "tags"),
                      alarm_arn(call, name));
    }
    sb_cw_reply(call, lb_value_map(call->arena));
}

static void set_alarm_state(struct sb_call *call)
{
    struct lb_value *alarm = sb_alarm_find(call->sandbox, call->request->region,
                                           lb_text_at(call->body, "AlarmName", ""));

    if (!alarm) {
        sb_cw_error(call, 404, "ResourceNotFound", "An alarm of that name does not exist.");
        return;
    }
    alarm_state(call->sandbox, alarm, lb_text_at(call->body, "StateValue", "OK"),
                lb_text_at(call->body, "StateReason", ""));
    sb_keep_int(call->sandbox, alarm, "held_until", sb_now(call->sandbox) + SET_STATE_HOLDS);
    sb_cw_reply(call, lb_value_map(call->arena));
}

/* --- tags
 * -------------------------------------------------------------------------------------------------
 */
static struct lb_value *tags_wanted(struct sb_call *call)
{
    const char *arn = lb_text_at(call->body, "ResourceARN", "");
    const char *name = strstr(arn, ":alarm:");

    if (!name || !sb_alarm_find(call->sandbox, call->request->region, name + 7)) {
        sb_cw_error(call, 404, "ResourceNotFoundException", "The resource does not exist.");
        return NULL;
    }
    return tags_of(call->sandbox, arn);
}

static void tag_remove(struct lb_value *tags, const char *key)
{
    for (size_t i = lb_value_count(tags); i > 0; i--) {
        if (lb_streq(lb_text_at(lb_list_item(tags, i - 1), "Key", ""), key))
            sb_list_remove(tags, i - 1);
    }
}

static void tag_resource(struct sb_call *call)
{
    struct lb_value *tags = tags_wanted(call), *sent = lb_map_get(call->body, "Tags");

    if (!tags)
        return;
    for (size_t i = 0; i < lb_value_count(sent); i++) {
        tag_remove(tags, lb_text_at(lb_list_item(sent, i), "Key", ""));
        sb_keep_item(call->sandbox, tags, lb_list_item(sent, i));
    }
    sb_cw_reply(call, lb_value_map(call->arena));
}

static void untag_resource(struct sb_call *call)
{
    struct lb_value *tags = tags_wanted(call), *keys = lb_map_get(call->body, "TagKeys");

    if (!tags)
        return;
    for (size_t i = 0; i < lb_value_count(keys); i++)
        tag_remove(tags, lb_text(lb_list_item(keys, i), ""));
    sb_cw_reply(call, lb_value_map(call->arena));
}

static void list_tags_for_resource(struct sb_call *call)
{
    struct lb_value *tags = tags_wanted(call), *body = lb_value_map(call->arena);

    if (!tags)
        return;
    lb_map_set(call->arena, body, "Tags", tags);
    sb_cw_reply(call, body);
}

/* --- time
 * ---------------------------------------------------------------------------------------------------
 */
static const char *const words[] = {[SB_METRIC_INSUFFICIENT] = "INSUFFICIENT_DATA",
                                    [SB_METRIC_OK] = "OK",
                                    [SB_METRIC_ALARM] = "ALARM"};

static void alarm_tick(struct sandbox *sandbox, const char *region, struct lb_value *alarm,
                       int64_t now)
{
    const char *treat = lb_text_at(alarm, "TreatMissingData", "missing");
    const char *word = words[sb_metric_evaluate(sandbox, region, alarm, treat, false)];

    if (now < lb_int_at(alarm, "held_until", 0) ||
        lb_streq(word, lb_text_at(alarm, "StateValue", "")))
        return;
    if (lb_streq(treat, "ignore") && lb_streq(word, words[SB_METRIC_INSUFFICIENT]))
        return;
    alarm_state(sandbox, alarm, word, "Threshold evaluated on the latest datapoints");
    sb_touch(sandbox);
}

static void tick(struct sandbox *sandbox, int64_t now)
{
    struct lb_value *regions = lb_map_get(sb_state(sandbox, "cloudwatch"), "regions");

    for (size_t r = 0; r < lb_value_count(regions); r++) {
        const struct lb_entry *region = lb_map_nth(regions, r);
        struct lb_value *alarms = lb_map_get(region->value, "alarms");

        for (size_t i = 0; i < lb_value_count(alarms); i++)
            alarm_tick(sandbox, region->key, lb_map_nth(alarms, i)->value, now);
    }
}

static void tagged(struct sandbox *sandbox, struct lb_arena *arena, const char *region,
                   struct sb_tagged *search)
{
    const struct lb_value *tags = lb_map_get(sb_state(sandbox, "cloudwatch"), "tags");
    const char *here = lb_arena_printf(arena, "arn:aws:cloudwatch:%s:", region);

    for (size_t i = 0; i < lb_value_count(tags); i++) {
        const struct lb_entry *alarm = lb_map_nth(tags, i);

        if (lb_starts_with(alarm->key, here))
            sb_tagged_add(search, alarm->key, alarm->value);
    }
}

/* --- the service
 * ---------------------------------------------------------------------------------------------- */
static const struct sb_route routes[] = {
    {"POST", "", "PutMetricAlarm", true, put_metric_alarm, NULL},
    {"POST", "", "DescribeAlarms", false, describe_alarms, NULL},
    {"POST", "", "DeleteAlarms", true, delete_alarms, NULL},
    {"POST", "", "SetAlarmState", true, set_alarm_state, NULL},
    {"POST", "", "PutMetricData", true, sb_op_put_metric_data, NULL},
    {"POST", "", "GetMetricData", false, sb_op_get_metric_data, NULL},
    {"POST", "", "ListMetrics", false, sb_op_list_metrics, NULL},
    {"POST", "", "TagResource", true, tag_resource, NULL},
    {"POST", "", "UntagResource", true, untag_resource, NULL},
    {"POST", "", "ListTagsForResource", false, list_tags_for_resource, NULL},
    {NULL, NULL, NULL, false, NULL, NULL},
};

static int route(struct sandbox *sandbox, struct sb_request *request)
{
    const struct sb_route *found = sb_route_named(routes, operation_of(request));
    struct lb_value *body = found ? body_of(request) : NULL;

    (void)sandbox;
    if (!found)
        return -1;
    request->operation = found->operation;
    request->mutating = found->mutating;
    request->names = lb_map_get(body, "AlarmNames");
    request->resource = lb_text_at(
        body, "AlarmName",
        lb_text_at(body, "AlarmNames/0",
                   lb_text_at(body, "ResourceARN", lb_text_at(body, "Namespace", ""))));
    return 0;
}

static void handle(struct sandbox *sandbox, struct sb_request *request,
                   struct sb_response *response)
{
    struct sb_call call = {
        .sandbox = sandbox, .request = request, .response = response, .arena = request->arena};
    const struct sb_route *found = sb_route_named(routes, operation_of(request));

    call.body = body_of(request);
    if (!found || !lb_is(call.body, LB_MAP)) {
        error(request, response, 400, "SerializationException", "The body could not be read.");
        return;
    }
    found->handle(&call);
}

const struct sb_service sb_service_cloudwatch = {
    .name = "cloudwatch",
    .signing = "monitoring",
    .route = route,
    .handle = handle,
    .tick = tick,
    .error = error,
    .tagged = tagged,
};
