/* apply_run.h: the state of one apply, private to apply.c and its tests. */
#ifndef LB_PLANNER_APPLY_RUN_H
#define LB_PLANNER_APPLY_RUN_H

#include "planner/engine.h"

struct lb_run;

struct lb_task {
    struct lb_run *run;
    const struct lb_step *step;
    enum lb_step_state state;
    struct lb_call *call;
    const struct lb_diag *failure; /* what the answer said, while the live object is asked */
    bool late_read;                /* the answer was lost: look twice */
    bool lost;                     /* it was, and is not a refusal */
    bool unusable;                 /* it was done, and the service says that it does not work */
    int resends;
    struct lb_arena *scratch; /* of the read that is under way */
    void (*then)(struct lb_task *);
    struct lb_task **dependents;
    size_t dependent_count, dependent_capacity;
    size_t open_needs;
    int64_t remaining_s; /* longest path from here to the end, this step included */
    int64_t started_ms, sent_ms, pause_ms;
    int64_t refused_ms; /* since when every look was refused; 0: the last one was not */
};

struct lb_run {
    struct lb_engine *engine;
    struct lb_stack *stack;
    const struct lb_plan *plan;
    const struct lb_apply_options *options;
    struct lb_permit permit;
    struct lb_task *tasks;  /* by step */
    struct lb_task **ready; /* heap of those that may start */
    size_t ready_count;
    struct lb_refresh strays;
    size_t active;
    int64_t deadline_ms; /* 0: none */
    bool starting;
    bool fenced; /* may_send said no */
};

/* ready.c: the steps whose needs are met, longest remaining path first, then in the plan's order.
 * The heap has room for every step. */
void lb_ready_add(struct lb_run *run, struct lb_task *task);
struct lb_task *lb_ready_take(struct lb_run *run); /* NULL: none */

#endif
