/* cloudwatch_metric.c: metric data: putting, reading, and what a stream says by an alarm's
 * thresholds. A health check and an alarm ask the same function: Route 53 reads the stream, not the
 * alarm's state, and only points of standard resolution (developer guide, "How Route 53 determines
 * whether a health check is healthy"). */
#include "sandbox/cloudwatch.h"

#include "base/json.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

#define KEEP_POINTS 5000
#define MAX_PERIODS 1440

struct bucket {
    double samples, sum, low, high;
};

static double real(const struct lb_value *value, double otherwise)
{
    const char *text = lb_text(value, NULL);

    return text && *text ? strtod(text, NULL) : otherwise;
}

static struct lb_value *real_value(struct lb_arena *arena, double value)
{
    char *text = lb_arena_printf(arena, "%.17g", value);

    /* A double stays one on the wire also when it is whole. */
    return lb_value_number(arena,
                           strpbrk(text, ".eEn") ? text : lb_arena_printf(arena, "%s.0", text));
}

/* JSON sends instants as numbers, or as text from some clients. */
static int64_t instant(const struct lb_value *value, int64_t otherwise)
{
    int64_t at;

    if (!value)
        return otherwise;
    if (lb_is(value, LB_STRING) && lb_time_parse(lb_text(value, ""), &at) == 0)
        return at;
    return (int64_t)real(value, (double)otherwise);
}

/* Namespace, name and dimensions in one canonical text. */
static const char *metric_key(struct lb_arena *arena, const char *space, const char *name,
                              const struct lb_value *dimensions)
{
    struct lb_value *pairs = lb_value_map(arena);

    for (size_t i = 0; i < lb_value_count(dimensions); i++)
        lb_map_set_string(arena, pairs, lb_text_at(lb_list_item(dimensions, i), "Name", ""),
                          lb_text_at(lb_list_item(dimensions, i), "Value", ""));
    lb_map_sort(pairs);
    return lb_arena_printf(arena, "%s|%s|%s", space, name, lb_json_text(arena, pairs));
}

/* --- putting
 * -------------------------------------------------------------------------------------------- */
static struct lb_value *point_of(struct lb_arena *arena, const struct lb_value *datum, int64_t now)
{
    struct lb_value *point = lb_value_map(arena), *set = lb_map_get(datum, "StatisticValues");
    struct lb_value *values = lb_map_get(datum, "Values");
    double value = real(lb_map_get(datum, "Value"), 0), low = value, high = value, sum = 0,
           count = 0;

    for (size_t i = 0; i < lb_value_count(values); i++) {
        double one = real(lb_list_item(values, i), 0);
        double times = real(lb_list_item(lb_map_get(datum, "Counts"), i), 1);

        low = i == 0 || one < low ? one : low;
        high = i == 0 || one > high ? one : high;
        sum += one * times;
        count += times;
    }
    if (!lb_value_count(values)) {
        sum = real(lb_map_get(set, "Sum"), value);
        count = real(lb_map_get(set, "SampleCount"), 1);
        low = real(lb_map_get(set, "Minimum"), value);
        high = real(lb_map_get(set, "Maximum"), value);
    }
    lb_map_set_int(arena, point, "t", instant(lb_map_get(datum, "Timestamp"), now));
    lb_map_set(arena, point, "n", real_value(arena, count));
    lb_map_set(arena, point, "sum", real_value(arena, sum));
    lb_map_set(arena, point, "min", real_value(arena, low));
    lb_map_set(arena, point, "max", real_value(arena, high));
    lb_map_set_int(arena, point, "resolution", lb_int_at(datum, "StorageResolution", 60));
    return point;
}

static void keep_datum(struct sb_call *call, const char *space, const struct lb_value *datum)
{
    struct sandbox *sandbox = call->sandbox;
    struct lb_value *dimensions = lb_map_get(datum, "Dimensions"), *points;
    const char *name = lb_text_at(datum, "MetricName", "");
    struct lb_value *metric = lb_map_map(sandbox->arena,
                                         sb_cw_table(sandbox, call->request->region, "metrics"),
                                         metric_key(call->arena, space, name, dimensions));

    sb_keep_string(sandbox, metric, "Namespace", space);
    sb_keep_string(sandbox, metric, "MetricName", name);
    sb_keep(sandbox, metric, "Dimensions", dimensions ? dimensions : lb_value_list(call->arena));
    points = lb_map_list(sandbox->arena, metric, "points");
    sb_keep_item(sandbox, points, point_of(call->arena, datum, sb_now(sandbox)));
    if (lb_value_count(points) > KEEP_POINTS)
        sb_list_remove(points, 0);
}

void sb_op_put_metric_data(struct sb_call *call)
{
    const char *space = lb_text_at(call->body, "Namespace", "");
    struct lb_value *data = lb_map_get(call->body, "MetricData");

    if (!*space || lb_starts_with(space, "AWS/")) {
        sb_cw_error(call, 400, "InvalidParameterValue",
                    "The value for parameter Namespace is missing or reserved for AWS.");
        return;
    }
    for (size_t i = 0; i < lb_value_count(data); i++) {
        if (!*lb_text_at(lb_list_item(data, i), "MetricName", "")) {
            sb_cw_error(call, 400, "MissingParameter", "MetricName is required.");
            return;
        }
    }
    for (size_t i = 0; i < lb_value_count(data); i++)
        keep_datum(call, space, lb_list_item(data, i));
    sb_cw_reply(call, lb_value_map(call->arena));
}

/* --- reading
 * -------------------------------------------------------------------------------------------- */
static struct bucket collect(const struct lb_value *metric, int64_t from, int64_t to,
                             bool standard_only)
{
    struct lb_value *points = lb_map_get(metric, "points");
    struct bucket all = {0};

    for (size_t i = 0; i < lb_value_count(points); i++) {
        struct lb_value *point = lb_list_item(points, i);
        int64_t at = lb_int_at(point, "t", 0);
        double low = real(lb_map_get(point, "min"), 0), high = real(lb_map_get(point, "max"), 0);

        if (at < from || at >= to || (standard_only && lb_int_at(point, "resolution", 60) < 60))
            continue;
        all.low = all.samples == 0 || low < all.low ? low : all.low;
        all.high = all.samples == 0 || high > all.high ? high : all.high;
        all.sum += real(lb_map_get(point, "sum"), 0);
        all.samples += real(lb_map_get(point, "n"), 0);
    }
    return all;
}

static double statistic(const struct bucket *bucket, const char *word)
{
    if (lb_streq(word, "Sum"))
        return bucket->sum;
    if (lb_streq(word, "Minimum"))
        return bucket->low;
    if (lb_streq(word, "Maximum"))
        return bucket->high;
    if (lb_streq(word, "SampleCount"))
        return bucket->samples;
    return bucket->sum / bucket->samples;
}

static bool breaches(const char *comparison, double value, double threshold)
{
    if (lb_streq(comparison, "GreaterThanOrEqualToThreshold"))
        return value >= threshold;
    if (lb_streq(comparison, "GreaterThanThreshold"))
        return value > threshold;
    if (lb_streq(comparison, "LessThanThreshold"))
        return value < threshold;
    return value <= threshold;
}

/* The newest period counts as soon as it holds data, so a cutover shows at once, not a period late.
 */
enum sb_metric_state sb_metric_evaluate(struct sandbox *sandbox, const char *region,
                                        const struct lb_value *alarm, const char *treat,
                                        bool standard_only)
{
    struct lb_arena *scratch = lb_arena_new();
    int64_t period = lb_int_at(alarm, "Period", 60), now = sb_now(sandbox);
    int64_t periods = lb_int_at(alarm, "EvaluationPeriods", 1), present = 0, breaching = 0, needed;
    struct lb_value *metric = lb_map_get(sb_cw_table(sandbox, region, "metrics"),
                                         metric_key(scratch, lb_text_at(alarm, "Namespace", ""),
                                                    lb_text_at(alarm, "MetricName", ""),
                                                    lb_map_get(alarm, "Dimensions")));
    int64_t newest = now - now % period;

    lb_arena_free(scratch);
    if (periods > MAX_PERIODS)
        periods = MAX_PERIODS;
    needed = lb_int_at(alarm, "DatapointsToAlarm", periods);
    if (collect(metric, newest, newest + period, standard_only).samples == 0)
        newest -= period;
    for (int64_t i = 0; i < periods; i++) {
        struct bucket one = collect(metric, newest - i * period, newest - (i - 1) * period,
                                    standard_only);

        if (one.samples == 0)
            continue;
        present++;
        breaching += breaches(lb_text_at(alarm, "ComparisonOperator", ""),
                              statistic(&one, lb_text_at(alarm, "Statistic", "Average")),
                              real(lb_map_get(alarm, "Threshold"), 0));
    }
    if (lb_streq(treat, "breaching"))
        breaching += periods - present;
    if (lb_streq(treat, "breaching") || lb_streq(treat, "notBreaching"))
        present = periods;
    if (present == 0)
        return SB_METRIC_INSUFFICIENT;
    return breaching >= (needed < present ? needed : present) ? SB_METRIC_ALARM : SB_METRIC_OK;
}

static struct lb_value *query_result(struct sb_call *call, const struct lb_value *query,
                                     int64_t from, int64_t to)
{
    struct lb_value *stat = lb_map_get(query, "MetricStat"), *result = lb_value_map(call->arena);
    struct lb_value *metric = lb_map_get(
        sb_cw_table(call->sandbox, call->request->region, "metrics"),
        metric_key(call->arena, lb_text_at(stat, "Metric/Namespace", ""),
                   lb_text_at(stat, "Metric/MetricName", ""),
                   lb_value_at(stat, "Metric/Dimensions")));
    int64_t period = lb_int_at(stat, "Period", 60), at = to - 1;
    bool ascending = lb_streq(lb_text_at(call->body, "ScanBy", ""), "TimestampAscending");
    struct lb_value *times, *values;

    lb_map_set(call->arena, result, "Id", lb_map_get(query, "Id"));
    lb_map_set_string(call->arena, result, "Label",
                      lb_text_at(query, "Label", lb_text_at(stat, "Metric/MetricName", "")));
    times = lb_map_list(call->arena, result, "Timestamps");
    values = lb_map_list(call->arena, result, "Values");
    lb_map_set_string(call->arena, result, "StatusCode", "Complete");
    if (period < 1 || (to - from) / period > 100800)
        return result;
    for (at = ascending ? from - from % period : at - at % period; at >= from - period && at < to;
         at += ascending ? period : -period) {
        struct bucket one = collect(metric, at < from ? from : at, at + period, false);

        if (one.samples == 0)
            continue;
        lb_list_add(call->arena, times, lb_value_int(call->arena, at));
        lb_list_add(call->arena, values,
                    real_value(call->arena, statistic(&one, lb_text_at(stat, "Stat", "Average"))));
    }
    return result;
}

void sb_op_get_metric_data(struct sb_call *call)
{
    struct lb_value *queries = lb_map_get(call->body, "MetricDataQueries");
    struct lb_value *body = lb_value_map(call->arena), *list;
    int64_t now = sb_now(call->sandbox);
    int64_t from = instant(lb_map_get(call->body, "StartTime"), now - 3600);
    int64_t to = instant(lb_map_get(call->body, "EndTime"), now);

    if (from >= to || lb_value_count(queries) > 500) {
        sb_cw_error(call, 400, "ValidationError",
                    "The parameter StartTime must be less than the parameter EndTime, with at most "
                    "500 queries.");
        return;
    }
    list = lb_map_list(call->arena, body, "MetricDataResults");
    for (size_t i = 0; i < lb_value_count(queries); i++) {
        if (!lb_map_get(lb_list_item(queries, i), "MetricStat")) {
            sb_cw_error(call, 400, "ValidationError", "Only MetricStat queries are known here.");
            return;
        }
        lb_list_add(call->arena, list, query_result(call, lb_list_item(queries, i), from, to));
    }
    lb_map_list(call->arena, body, "Messages");
    sb_cw_reply(call, body);
}

static bool dimensions_fit(const struct lb_value *wanted, const struct lb_value *has)
{
    for (size_t i = 0; i < lb_value_count(wanted); i++) {
        struct lb_value *filter = lb_list_item(wanted, i);
        bool found = false;

        for (size_t j = 0; j < lb_value_count(has); j++) {
            struct lb_value *one = lb_list_item(has, j);

            found |= lb_streq(lb_text_at(filter, "Name", ""), lb_text_at(one, "Name", "")) &&
                     (!lb_map_get(filter, "Value") ||
                      lb_streq(lb_text_at(filter, "Value", ""), lb_text_at(one, "Value", "")));
        }
        if (!found)
            return false;
    }
    return true;
}

void sb_op_list_metrics(struct sb_call *call)
{
    static const char *const shown[] = {"Namespace", "MetricName", "Dimensions"};
    struct lb_value *metrics = sb_cw_table(call->sandbox, call->request->region, "metrics");
    struct lb_value *body = lb_value_map(call->arena);
    struct lb_value *list = lb_map_list(call->arena, body, "Metrics");

    for (size_t i = 0; i < lb_value_count(metrics); i++) {
        struct lb_value *metric = lb_map_nth(metrics, i)->value, *item = lb_value_map(call->arena);
        const char *space = lb_text_at(call->body, "Namespace",
                                       lb_text_at(metric, "Namespace", ""));
        const char *name = lb_text_at(call->body, "MetricName",
                                      lb_text_at(metric, "MetricName", ""));

        if (!lb_streq(space, lb_text_at(metric, "Namespace", "")) ||
            !lb_streq(name, lb_text_at(metric, "MetricName", "")) ||
            !dimensions_fit(lb_map_get(call->body, "Dimensions"), lb_map_get(metric, "Dimensions")))
            continue;
        for (size_t j = 0; j < 3; j++)
            lb_map_set(call->arena, item, shown[j], lb_map_get(metric, shown[j]));
        lb_list_add(call->arena, list, item);
    }
    lb_map_list(call->arena, body, "OwningAccounts");
    sb_cw_reply(call, body);
}
