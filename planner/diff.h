/* diff.h: desired against live, led by the schema alone. */
#ifndef LB_PLANNER_DIFF_H
#define LB_PLANNER_DIFF_H

#include "planner/plan.h"

/* Compares one object and fills `out`. Only what is declared is compared; members of kept-foreign
 * lists and maps that are not ours are listed, not touched. */
void lb_diff_resource(struct lb_arena *arena, struct lb_stack *stack, struct lb_resource *resource,
                      struct lb_change *out);
/* Equality of two values under a schema node: sets, keyed lists, durations, policies, ... */
bool lb_diff_equal(const struct lb_schema *schema, const struct lb_value *a,
                   const struct lb_value *b);
/* True when some field of the change lies in that granule. */
bool lb_change_touches(const struct lb_change *change, const char *granule);

#endif
