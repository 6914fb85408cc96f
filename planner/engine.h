/* engine.h: what commands call: load specs, read live state, plan, apply. */
#ifndef LB_PLANNER_ENGINE_H
#define LB_PLANNER_ENGINE_H

#include "planner/plan.h"
#include "transport/exchange.h"

struct lb_engine {
    struct lb_arena *arena;
    struct lb_diags *diags; /* errors of the run that belong to no plan */
    const struct lb_schemas *schemas;
    struct lb_exchange *exchange; /* NULL for offline commands */
    const char *version;
    const volatile int *stop; /* set by the first signal */
};

/* --- load (spec.c): offline
 * ---------------------------------------------------------------------------- */
/* YAML, schema, references, derivation: every error at once. `source` must outlive the stack. */
int lb_spec_load(struct lb_engine *engine, const struct lb_source *source, struct lb_stack *out);
/* Hazards that need no live state; `validate` and `plan` show them. */
void lb_hazards_offline(struct lb_stack *stack, struct lb_diags *findings);
void lb_hazards_live(struct lb_stack *stack, struct lb_diags *findings);

/* --- read (refresh.c): never mutates
 * ------------------------------------------------------------------- */
struct lb_stray { /* ours by its marks, in no spec of the run */
    const char *address;
    struct lb_value *what; /* list of texts, sorted when the plan is made; each once */
    struct lb_stack *stack;
};
struct lb_refresh {
    struct lb_stray *strays;
    size_t stray_count, stray_capacity;
    struct lb_value *stray_keys; /* private to stray.c */
    const char *caller;          /* ARN */
    uint64_t calls;
    struct lb_release *release; /* what is marked as ours, per region; NULL: was not asked for */
};
/* Notes a stray once, with all that is said of it. */
void lb_refresh_stray(struct lb_refresh *refresh, struct lb_stack *stack, const char *address,
                      const char *what);
/* Reads every selected object of all stacks in one wave (two where an endpoint must be known
 * first). Fails only when nothing can be planned: credentials, wrong account. What could not be
 * read is marked so. */
int lb_refresh_run(struct lb_engine *engine, struct lb_stack *const *stacks, size_t stack_count,
                   struct lb_refresh *out);
/* --- plan: refresh + diff + hazards + steps for several stacks
 * ---------------------------------------- */
struct lb_plan_options {
    const char *const *targets; /* addresses; none: all */
    size_t target_count;
    const char *const *excludes;
    size_t exclude_count;
    const char *const *assume_down; /* regions that nothing is asked of; see assume.h */
    size_t assume_down_count;
};
int lb_engine_plan(struct lb_engine *engine, struct lb_stack *const *stacks, size_t stack_count,
                   const struct lb_plan_options *options, struct lb_plan *plans);

/* --- apply (apply.c): the only maker of a permit
 * ------------------------------------------------------- */
enum lb_event_type {
    LB_EVENT_STEP_START,
    LB_EVENT_STEP_PROGRESS,
    LB_EVENT_STEP_DONE,
    LB_EVENT_STEP_FAILED,
};
struct lb_event {
    enum lb_event_type type;
    const struct lb_step *step;
    int64_t elapsed_s;
    const char *detail; /* progress text, or what failed */
    const struct lb_diag *diag;
};
enum lb_step_state {
    LB_STEP_WAITING,
    LB_STEP_RUNNING,
    LB_STEP_CONVERGING,
    LB_STEP_DONE,
    LB_STEP_FAILED,
    LB_STEP_NOT_STARTED,
};
struct lb_apply_options {
    int64_t timeout_s; /* of the whole apply; 0: none but the steps' own */
    void (*on_event)(void *payload, const struct lb_event *event);
    void *payload;
    /* Asked right before each call that changes something; false ends the run: nothing more is
     * sent, and who said so has told why. NULL: nobody is asked. */
    bool (*may_send)(void *guard);
    void *guard;
};
struct lb_apply_result {
    enum lb_step_state *states; /* by step */
    size_t done, failed, not_started;
    size_t unusable; /* of those that failed: done all the same, and a rerun does not try again */
    bool interrupted;
};
/* Runs the plan's steps: in parallel, longest path first, each read back until it is so. The plan
 * must come from lb_engine_plan of this run; the caller has the user's consent for exactly this id.
 * Returns the exit code; 0 only when every step is done. */
int lb_apply_run(struct lb_engine *engine, struct lb_stack *stack, const struct lb_plan *plan,
                 const struct lb_apply_options *options, struct lb_apply_result *out);

#endif
