/* select.h: --target and --exclude: which objects of a stack a plan is about. */
#ifndef LB_PLANNER_SELECT_H
#define LB_PLANNER_SELECT_H

#include "planner/engine.h"

struct lb_selection {
    struct lb_value *only; /* addresses; NULL: all */
    struct lb_value *without;
};
/* A target brings what it needs with it; an exclusion takes along what needs it. An address that is
 * not in the stack is an error with "did you mean". */
int lb_select(struct lb_engine *engine, struct lb_stack *stack,
              const struct lb_plan_options *options, struct lb_selection *out);
bool lb_selected(const struct lb_selection *selection, const struct lb_resource *resource);
/* "bucket" of "bucket.logs". */
const char *lb_address_kind(struct lb_arena *arena, const char *address);

#endif
