/* hazard.h: configurations that work today and lose data, or the failover, on the day.
 *
 * A hazard is a row of hazards.def: code, severity, words and a check. A check walks the stack and
 * reports; it changes nothing. Offline it looks at what the spec asks for; live at what is there
 * and stays there after the plan: parts of others, and objects that are not managed. What the plan
 * itself mends is no hazard, else it would refuse its own cure. An error refuses the plan (exit 3).
 *
 * A new hazard: one row in hazards.def, one check in hazard_<subject>.c, one case in test_hazard.c.
 */
#ifndef LB_PLANNER_HAZARD_H
#define LB_PLANNER_HAZARD_H

#include "providers/provider.h"

enum lb_hazard_phase {
    LB_HAZARD_OFFLINE = 1, /* needs the spec alone */
    LB_HAZARD_LIVE = 2,
    LB_HAZARD_BOTH = 3,
};

struct lb_hazard;
struct lb_hazard_context {
    struct lb_stack *stack;
    struct lb_diags *findings;
    const struct lb_hazard *hazard; /* the row that is checked */
    bool live;                      /* second pass: look at live values */
};
typedef void lb_hazard_fn(struct lb_hazard_context *context);

struct lb_hazard {
    struct lb_code code;
    enum lb_hazard_phase phase;
    lb_hazard_fn *check;
};

/* For explain and the reference pages. NULL past the end, or when unknown. */
const struct lb_hazard *lb_hazard_nth(size_t i);
const struct lb_hazard *lb_hazard_find(const char *code);
const struct lb_code *lb_hazard_code_nth(size_t i);

/* Who writes to which bucket, in all stacks of the run. */
struct lb_fleet;
struct lb_fleet *lb_fleet_new(struct lb_arena *arena, struct lb_stack *const *stacks, size_t count);
/* Hazards between `stack` and the other stacks of the fleet, which may hold it too. Offline. */
void lb_hazards_fleet(struct lb_stack *stack, const struct lb_fleet *fleet,
                      struct lb_diags *findings);

/* Adds a finding of the context's row: at `mark`, or where the object is declared when `mark` is
 * NULL or nowhere. `resource` may be NULL when a mark is given. */
void lb_hazard_report(struct lb_hazard_context *context, const struct lb_resource *resource,
                      const struct lb_mark *mark, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* --- for the checks
 * -------------------------------------------------------------------------------- */

/* A place in a bucket that holds, or shall hold, snapshots. */
struct lb_hazard_path {
    const char *bucket;
    const char *prefix; /* "search/"; "" for the whole bucket */
    const struct lb_resource *repository;
    bool replica; /* S3 copies it here */
};
/* Every such place of the stack: both sides, every generation, replicas too. */
const struct lb_hazard_path *lb_hazard_paths(const struct lb_hazard_context *context,
                                             size_t *count);
/* Can a key begin with both? */
bool lb_prefix_meets(const char *a, const char *b);
/* Rules of a shared document that count in this pass: offline the desired ones, live those that
 * stay although they are not ours. `path` is "lifecycle/rules" or "replication/rules". */
const struct lb_value *lb_hazard_rules(const struct lb_hazard_context *context,
                                       const struct lb_resource *bucket, const char *path);
/* An attribute as it is after the plan: desired; for unmanaged objects live. NULL in the pass that
 * it does not belong to. */
const struct lb_value *lb_hazard_value(const struct lb_hazard_context *context,
                                       const struct lb_resource *resource, const char *path);

enum lb_verdict { LB_VERDICT_NONE, LB_VERDICT_ALLOW, LB_VERDICT_DENY };
struct lb_policy_question {
    const char *action;    /* "s3:GetObject" */
    const char *resource;  /* NULL: the document has none (trust policies) */
    const char *principal; /* service or "*"; NULL: the document has none (identity policies) */
    const char *source_arn, *source_account; /* condition keys; NULL: not in the request */
};
/* What one IAM policy document says. A condition that cannot be judged is taken to hold for an
 * Allow and not to hold for a Deny: this errs on the side of silence, not of false alarms. */
enum lb_verdict lb_policy_decide(const struct lb_value *document,
                                 const struct lb_policy_question *question);

#endif
