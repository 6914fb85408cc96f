/* steps.h: from changes to ordered steps, and from a step back to its call. */
#ifndef LB_PLANNER_STEPS_H
#define LB_PLANNER_STEPS_H

#include "planner/plan.h"

struct lb_emitted {
    struct lb_call *call;
    const char *title;
};

const struct lb_granule *lb_provider_granule(const struct lb_provider *provider, const char *name);
enum lb_emit {
    LB_EMIT_SYMBOLIC, /* references stay references: what a step is known by */
    LB_EMIT_KNOWN,    /* everything known by now filled in: what is sent */
};
/* The calls that a granule takes now, from resource->live and resource->desired. */
size_t lb_steps_emit(struct lb_arena *arena, const struct lb_stack *stack,
                     struct lb_resource *resource, const char *granule, enum lb_emit how,
                     struct lb_emitted **out);
/* Of everything in a call but host, address and secrets. */
const char *lb_call_digest(struct lb_arena *arena, const struct lb_call *call);
/* Fills plan->steps from plan->changes. -1: needs form a circle. */
int lb_steps_build(struct lb_arena *arena, struct lb_stack *stack, struct lb_plan *plan);

#endif
