/* switch.h: what a failover name means to the three kinds behind it: the record set, its health
 * check and the alarm that the health check follows. All of it is read from the spec.
 */
#ifndef LB_PROVIDERS_SWITCH_H
#define LB_PROVIDERS_SWITCH_H

#include "providers/provider.h"

enum lb_switch {
    LB_SWITCH_NONE, /* the name is no failover name of the spec */
    LB_SWITCH_ALARM,
    LB_SWITCH_OBJECT,
    LB_SWITCH_CHECK,
    LB_SWITCH_RECORD,
};
/* Of the failover entry of that name. */
enum lb_switch lb_switch_of(const struct lb_stack *stack, const char *name);

/* Where clients of that name go on that side: a host name, a reference known after apply, or NULL
 * when that side has no address (a cold standby, or nothing stated). */
struct lb_value *lb_switch_target(struct lb_stack *stack, const char *name, enum lb_side side);

/* The side that holds the switch: the one that must survive. */
enum lb_side lb_switch_alarm_side(const struct lb_stack *stack, const char *name);
/* The alarm's name in CloudWatch: stated, else STACK-NAME-failover. */
const char *lb_switch_alarm_name(const struct lb_stack *stack, const char *name);
/* True when the health check of that name follows the alarm of that name. */
bool lb_switch_has_alarm(const struct lb_stack *stack, const char *name);

/* What Route 53 copies of an alarm, in the shape of `alarm_settings` of schemas/health_check.json:
 * from the alarm as it shall be, and from the CloudWatchAlarmConfiguration of an answer. */
struct lb_value *lb_switch_alarm_settings(struct lb_arena *arena, const struct lb_resource *alarm);
struct lb_value *lb_switch_alarm_copy(struct lb_arena *arena, const struct lb_value *configuration);
/* A number as a spec would write it. */
struct lb_value *lb_switch_number(struct lb_arena *arena, const char *text);

#endif
