/* cloudwatch.h: CloudWatch, split over cloudwatch*.c; Route 53's health checks read its streams.
 *
 * State: regions{REGION: {alarms{NAME: as DescribeAlarms shows it}, metrics{KEY: {Namespace
 * MetricName Dimensions points[{t n sum min max resolution}]}}}}, tags{ARN: [{Key Value}]}.
 */
#ifndef LB_SANDBOX_CLOUDWATCH_H
#define LB_SANDBOX_CLOUDWATCH_H

#include "sandbox/route.h"

enum sb_metric_state { SB_METRIC_INSUFFICIENT, SB_METRIC_OK, SB_METRIC_ALARM };

/* The alarm by name, NULL when there is none. */
struct lb_value *sb_alarm_find(struct sandbox *sandbox, const char *region, const char *name);
/* What the data stream says by the alarm's thresholds, now. `alarm` holds MetricName, Namespace,
 * Dimensions (list of Name, Value), Statistic, Period, EvaluationPeriods, DatapointsToAlarm,
 * Threshold, ComparisonOperator. `treat` is a TreatMissingData word; `standard_only` leaves
 * high-resolution points out, as Route 53 does. */
enum sb_metric_state sb_metric_evaluate(struct sandbox *sandbox, const char *region,
                                        const struct lb_value *alarm, const char *treat,
                                        bool standard_only);

/* --- between cloudwatch.c and cloudwatch_metric.c
 * --------------------------------------------------- */
void sb_cw_reply(struct sb_call *call, const struct lb_value *body);
void sb_cw_error(struct sb_call *call, int status, const char *code, const char *message);
struct lb_value *sb_cw_table(struct sandbox *sandbox, const char *region, const char *table);
void sb_op_put_metric_data(struct sb_call *call);
void sb_op_get_metric_data(struct sb_call *call);
void sb_op_list_metrics(struct sb_call *call);

#endif
