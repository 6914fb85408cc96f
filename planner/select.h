/* select.h: --target and --exclude: which objects of a stack a plan is about. */
#ifndef LB_PLANNER_SELECT_H
#define LB_PLANNER_SELECT_H

#include "planner/engine.h"

/* Sets `selected` of every object. A target brings what it needs with it; an exclusion takes along
 * what needs it. An address that is not in the stack is an error with "did you mean". */
int lb_select(struct lb_engine *engine, struct lb_stack *stack,
              const struct lb_plan_options *options);
/* "bucket" of "bucket.logs". */
const char *lb_address_kind(struct lb_arena *arena, const char *address);

#endif
