/* permission.h: on what IAM must allow an action for one object; the schemas say it (x-lb-actions).
 */
#ifndef LB_PROVIDERS_PERMISSION_H
#define LB_PROVIDERS_PERMISSION_H

#include "providers/provider.h"

/* The texts that `pattern` stands for: "{arn}/_snapshot/{key}". In braces: arn, partition, account,
 * region, stack, key (the name in the spec), after (the ARNs of what it is read after), "dns:" and
 * one of them (as Route 53 compares names), or a path of an attribute; a list gives several texts.
 * Empty when one of them has no value. */
struct lb_value *lb_permission_fill(struct lb_arena *arena, const struct lb_stack *stack,
                                    const struct lb_resource *resource, const char *pattern);
/* The condition "path", "path=text" or "path!=text" of an attribute; NULL holds. */
bool lb_permission_holds(const struct lb_resource *resource, const char *condition);
/* The resources of that action, as policies write them. Empty: it is not needed. */
struct lb_value *lb_permission_on(struct lb_arena *arena, const struct lb_stack *stack,
                                  const struct lb_resource *resource, const char *action);
/* Gives "permission denied" the policy line that allows it; leaves any other diagnostic alone. */
void lb_permission_explain(struct lb_arena *arena, const struct lb_stack *stack,
                           const struct lb_resource *resource, const struct lb_call *call,
                           struct lb_diag *diag);

#endif
