/* assume.h: regions that are taken as down (--assume-down).
 *
 * An object whose control plane is in such a region is neither read nor changed; the plan says so
 * and stays complete for the rest. What a change of another object would use of it cannot be used
 * either: that change is left out. A global service (IAM, Route 53) is run from one region, but
 * what it was told goes on working everywhere: nothing is left out for its sake.
 */
#ifndef LB_PLANNER_ASSUME_H
#define LB_PLANNER_ASSUME_H

#include "planner/engine.h"

/* Marks stacks and their objects. -1 with a diagnostic in engine->diags for a region in which no
 * stack has anything, and for a stack of which no region would be left. */
int lb_assume_down(struct lb_engine *engine, struct lb_stack *const *stacks, size_t stack_count,
                   const struct lb_plan_options *options);
/* stack->assumed_down as an array. */
const char *const *lb_assumed_names(struct lb_arena *arena, const struct lb_stack *stack);
/* After the diff: takes the changes out that cannot work, and says in stack->diags what was not
 * looked at and what was left out. */
void lb_assume_leave_out(struct lb_stack *stack, struct lb_plan *plan);
/* Where nothing of a region could be read because it does not answer: names the option. */
void lb_assume_suggest(struct lb_stack *stack);

#endif
