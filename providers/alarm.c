/* alarm.c: CloudWatch alarms; by default the switch behind a failover record.
 *
 * Route 53 follows the alarm's data stream, not its state (SetAlarmState moves nothing), and only
 * metrics of standard resolution: Route 53 developer guide, "How Route 53 determines whether a
 * health check is healthy". So one data point of 1 in the standby region is the whole cutover, and
 * the health check's LastKnownStatus makes it last. TreatMissingData is no part of what Route 53
 * copies; it is `ignore` so that the alarm, too, goes on showing where the switch stands: with
 * `missing` it would fall back to INSUFFICIENT_DATA minutes after the cutover and mislead whoever
 * reads it.
 */
#include "providers/iam.h"
#include "providers/switch.h"

#include "base/time.h"

static const struct lb_service cloudwatch = {
    .id = "cloudwatch",
    .signing = "monitoring",
    .prefix = "monitoring",
    .endpoint_id = "CLOUDWATCH",
    .wire = LB_WIRE_JSON,
    .target = "GraniteServiceVersion20100801",
    .content_type = "application/x-amz-json-1.0",
};

static const struct lb_op describe_alarms = {.service = &cloudwatch,
                                             .name = "DescribeAlarms",
                                             .method = "POST",
                                             .path = "/",
                                             .batch_member = "AlarmNames",
                                             .batch_max = 100,
                                             .brief = true};
static const struct lb_op list_tags = {
    .service = &cloudwatch, .name = "ListTagsForResource", .method = "POST", .path = "/"};
/* Puts replace the whole alarm, so sending one twice makes no second thing. */
static const struct lb_op put_alarm = {.service = &cloudwatch,
                                       .name = "PutMetricAlarm",
                                       .method = "POST",
                                       .path = "/",
                                       .mutates = true};
static const struct lb_op tag_resource = {
    .service = &cloudwatch, .name = "TagResource", .method = "POST", .path = "/", .mutates = true};

/* --- the spec's words and the service's ----------------------------------------------------------
 */

static const struct {
    const char *property, *member;
} members[] = {
    {"description", "AlarmDescription"},
    {"actions_enabled", "ActionsEnabled"},
    {"ok_actions", "OKActions"},
    {"alarm_actions", "AlarmActions"},
    {"insufficient_data_actions", "InsufficientDataActions"},
    {"metric", "MetricName"},
    {"namespace", "Namespace"},
    {"statistic", "Statistic"},
    {"evaluation_periods", "EvaluationPeriods"},
    {"threshold", "Threshold"},
    {"comparison", "ComparisonOperator"},
    {"missing_data", "TreatMissingData"},
};
#define MEMBER_COUNT (sizeof members / sizeof *members)

static struct lb_value *pairs(struct lb_arena *arena, const struct lb_value *map, const char *key)
{
    struct lb_value *list = lb_value_list(arena);
    for (size_t i = 0; i < lb_value_count(map); i++) {
        const struct lb_entry *entry = lb_map_nth(map, i);
        struct lb_value *item = lb_list_add(arena, list, lb_value_map(arena));
        lb_map_set_string(arena, item, key, entry->key);
        lb_map_set(arena, item, "Value", lb_value_copy(arena, entry->value));
    }
    return list;
}

static struct lb_value *unpaired(struct lb_arena *arena, const struct lb_value *list,
                                 const char *key)
{
    struct lb_value *map = lb_value_map(arena);
    for (size_t i = 0; i < lb_value_count(list); i++) {
        const struct lb_value *item = lb_list_item(list, i);
        lb_map_set_string(arena, map, lb_text_at(item, key, ""), lb_text_at(item, "Value", ""));
    }
    return map;
}

/* --- derive
 * --------------------------------------------------------------------------------------- */

static int expand(struct lb_stack *stack, const struct lb_entry *entry)
{
    lb_stack_add(stack, "alarm", entry->key, lb_switch_alarm_side(stack, entry->key), entry);
    return 0;
}

static int check_period(struct lb_stack *stack, const struct lb_resource *resource)
{
    const struct lb_value *period = lb_map_get(resource->stated, "period");
    int64_t seconds = 0;
    if (lb_duration_parse(lb_text(period, ""), &seconds) == 0 && seconds > 0 && seconds % 60 == 0)
        return 0;
    return lb_diags_error(stack->diags, "LB-S106", period->mark, "period is \"%s\"",
                          lb_text(period, ""));
}

static int derive(struct lb_stack *stack, struct lb_resource *resource)
{
    struct lb_arena *arena = stack->arena;
    bool is_switch = lb_switch_has_alarm(stack, resource->name);
    const char *why = is_switch ? lb_arena_printf(arena, "derived from failover.%s", resource->name)
                                : "derived from the alarm's key";
    struct lb_value *dimensions = lb_value_map(arena);
    lb_map_set_string(arena, dimensions, "Stack", stack->name);
    lb_map_set_string(arena, dimensions, "Name", resource->name);
    lb_desire_stated(stack, resource);
    lb_desire(stack, resource, "name",
              lb_value_string(arena, lb_switch_alarm_name(stack, resource->name)), why);
    lb_desire(stack, resource, "dimensions", dimensions, why);
    if (is_switch)
        lb_desire(stack, resource, "description",
                  lb_value_format(arena,
                                  "lifeboat: 1 moves %s to the standby region, 0 moves it back",
                                  resource->name),
                  why);
    if (lb_map_get(resource->stated, "tags"))
        lb_desire_tags(stack, resource);
    return check_period(stack, resource);
}

/* --- read
 * ----------------------------------------------------------------------------------------- */

static void decode_tags(struct lb_read *read, const struct lb_call *call,
                        const struct lb_answer *answer)
{
    if (!lb_read_ok(read, call, answer))
        return;
    struct lb_value *tags = unpaired(read->arena, lb_map_get(answer->body, "Tags"), "Key");
    read->live->owner = lb_text_at(tags, LB_TAG_STACK, NULL);
    lb_map_set(read->arena, lb_read_value(read), "tags", tags);
}

static void ask_tags(struct lb_read *read, const char *arn)
{
    if (!lb_resource_has_granule(read->resource, lb_granule_find(read->resource->kind, "tags")))
        return;
    struct lb_call *call = lb_read_call(read, &list_tags);
    lb_map_set_string(read->arena, lb_call_body(read->arena, call), "ResourceARN", arn);
    read->ask(read, call, decode_tags);
}

static void decode_alarm(struct lb_read *read, const struct lb_value *alarm)
{
    struct lb_arena *arena = read->arena;
    struct lb_value *value = lb_read_value(read);
    lb_map_set_string(arena, value, "name", lb_text_at(alarm, "AlarmName", NULL));
    lb_map_set_string(arena, value, "arn", lb_text_at(alarm, "AlarmArn", NULL));
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        const struct lb_value *member = lb_map_get(alarm, members[i].member);
        if (member)
            lb_map_set(arena, value, members[i].property,
                       member->type == LB_NUMBER ? lb_switch_number(arena, lb_text(member, "0"))
                                                 : lb_value_copy(arena, member));
    }
    /* An alarm that never got the parameter answers none; `missing` is what the service does then.
     */
    lb_map_default(arena, value, "missing_data", lb_value_string(arena, "missing"));
    lb_map_set(arena, value, "dimensions",
               unpaired(arena, lb_map_get(alarm, "Dimensions"), "Name"));
    if (lb_map_get(alarm, "Period"))
        lb_map_set_string(arena, value, "period",
                          lb_duration_format(arena, lb_int_at(alarm, "Period", 0)));
}

static void decode(struct lb_read *read, const struct lb_call *call, const struct lb_answer *answer)
{
    if (!lb_read_ok(read, call, answer))
        return;
    const char *name = lb_text_at(read->resource->desired, "name", "");
    const struct lb_value *alarms = lb_map_get(answer->body, "MetricAlarms");
    read->live->status = LB_LIVE_ABSENT;
    for (size_t i = 0; i < lb_value_count(alarms); i++) {
        const struct lb_value *alarm = lb_list_item(alarms, i);
        if (!lb_streq(lb_text_at(alarm, "AlarmName", NULL), name))
            continue;
        read->live->status = LB_LIVE_PRESENT;
        decode_alarm(read, alarm);
        ask_tags(read, lb_text_at(alarm, "AlarmArn", ""));
    }
}

static int read_alarm(struct lb_read *read)
{
    struct lb_call *call = lb_read_call(read, &describe_alarms);
    struct lb_value *body = lb_call_body(read->arena, call);
    lb_list_add_string(read->arena, lb_map_list(read->arena, body, "AlarmNames"),
                       lb_text_at(read->resource->desired, "name", ""));
    lb_map_set_int(read->arena, body, "MaxRecords", describe_alarms.batch_max);
    read->ask(read, call, decode);
    return 0;
}

/* --- write
 * ---------------------------------------------------------------------------------------- */

static struct lb_value *creation_tags(struct lb_write *write)
{
    struct lb_value *tags = lb_value_copy(write->arena, lb_map_get(write->desired, "tags"));
    if (!tags)
        tags = lb_value_map(write->arena);
    lb_map_set_string(write->arena, tags, LB_TAG_STACK, write->stack->name);
    lb_map_set_string(write->arena, tags, LB_TAG_ADDRESS, write->resource->address);
    return tags;
}

static int write_alarm(struct lb_write *write)
{
    struct lb_arena *arena = write->arena;
    struct lb_call *call = lb_write_call(write, &put_alarm);
    struct lb_value *body = lb_call_body(arena, call);
    int64_t period = 60;
    lb_map_set(arena, body, "AlarmName", lb_value_copy(arena, lb_map_get(write->desired, "name")));
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        const struct lb_value *value = lb_map_get(write->desired, members[i].property);
        if (value)
            lb_map_set(arena, body, members[i].member, lb_value_copy(arena, value));
    }
    lb_map_set(arena, body, "Dimensions",
               pairs(arena, lb_map_get(write->desired, "dimensions"), "Name"));
    lb_duration_parse(lb_text_at(write->desired, "period", "60s"), &period);
    lb_map_set_int(arena, body, "Period", period);
    if (write->create)
        lb_map_set(arena, body, "Tags", pairs(arena, creation_tags(write), "Key"));
    write->emit(write, call, write->create ? "create the alarm" : "replace the alarm's settings");
    return 0;
}

/* Tags that are not ours stay: nothing tells a tag that left the spec from one that others set. */
static int write_tags(struct lb_write *write)
{
    struct lb_arena *arena = write->arena;
    struct lb_call *call = lb_write_call(write, &tag_resource);
    struct lb_value *body = lb_call_body(arena, call);
    const struct lb_value *arn = lb_map_get(write->live->value, "arn");
    lb_map_set(
        arena, body, "ResourceARN",
        arn ? lb_value_copy(arena, arn)
            : lb_value_unknown(arena, lb_arena_printf(arena, "%s/arn", write->resource->address)));
    lb_map_set(arena, body, "Tags", pairs(arena, lb_map_get(write->desired, "tags"), "Key"));
    write->emit(write, call, "set the alarm's tags");
    return 0;
}

static const struct lb_granule granules[] = {
    {.name = "alarm", .read = read_alarm, .write = write_alarm},
    {.name = "tags", .write = write_tags, .in_create = true},
    {0},
};

static const char *arn(const struct lb_stack *stack, const struct lb_resource *alarm)
{
    return lb_arena_printf(stack->arena, "arn:%s:cloudwatch:%s:%s:alarm:%s", stack->partition,
                           alarm->region, stack->account,
                           lb_policy_literal(stack->arena, lb_text_at(alarm->desired, "name", "")));
}

const struct lb_provider lb_provider_alarm = {
    .kind = "alarm",
    .arn = arn,
    .granules = granules,
    .expand = expand,
    .derive = derive,
};
