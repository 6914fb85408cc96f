/* plan.h: the plan is data, from read to git.
 *
 * A plan holds changes (what differs, attribute by attribute, with a reason) and steps (the calls
 * that make it so, in order). Plan builders make plans; renderers, apply and the ledger take them.
 * Nothing in a plan is a closure: what was reviewed is what is stored is what runs.
 */
#ifndef LB_PLANNER_PLAN_H
#define LB_PLANNER_PLAN_H

#include "providers/provider.h"

enum lb_action {
    LB_ACTION_NONE,
    LB_ACTION_CREATE,
    LB_ACTION_UPDATE,
    LB_ACTION_REPLACE, /* would need the object to be made anew: never done implicitly */
    LB_ACTION_RELEASE, /* left the spec: reported, never deleted */
    LB_ACTION_READ,    /* in flux or unmanaged: looked at, not changed */
};

const char *lb_action_name(enum lb_action action); /* "create" */
int lb_action_parse(const char *name, enum lb_action *out);

struct lb_field {
    const char *path;              /* "lifecycle/rules/lifeboat-auto-purge/prefix" */
    const struct lb_value *before; /* NULL: not there; never LB_NULL */
    const struct lb_value *after;  /* NULL: to be removed; LB_UNKNOWN: known after apply */
    const char *reason; /* "stated at lifeboat.yaml:18", "derived from repository.nightly" */
    const char *granule;
    const struct lb_schema *schema; /* NULL in a plan that was read from a file */
};

struct lb_change {
    const char *address, *kind, *side, *region;
    enum lb_action action;
    const char *reason; /* "not found in us-west-2"; for people only, never steers apply */
    struct lb_value *before, *after; /* maps; NULL: absent */
    struct lb_field *fields;
    size_t field_count, field_capacity;
    const char **foreign; /* parts of shared documents that are not ours: shown and kept */
    size_t foreign_count, foreign_capacity;
    const char **unknown; /* paths known only after apply, or not visible (write-only) */
    size_t unknown_count, unknown_capacity;
    const char *risk;       /* "none", "low", "disruptive", "data-loss" */
    const char *disruption; /* "blue/green deployment (service dry run)"; NULL: none */
    const char
        *refused; /* the service says it would refuse it; NULL: it does not, or was not asked */
    int64_t estimate_s;           /* what the service forecast for its slowest step; 0: nothing */
    struct lb_mark mark;          /* spec_range; in a plan read from a file source->text is empty */
    struct lb_resource *resource; /* NULL in a plan that was read from a file, and for strays */
    size_t first_step, step_count; /* while steps are built: private to steps.c */
};

struct lb_step {
    const char *id; /* "s7" */
    const char *address;
    const char *granule;
    const char *call;  /* "s3:PutBucketVersioning" */
    const char *title; /* "enable versioning" */
    const char *plane; /* "control", "data" */
    const char *service, *region;
    const char *digest; /* of the call's content as far as known: two plans compare by it */
    const char *risk;
    int64_t estimate_s;
    bool waits;     /* sends nothing: reads until the object has settled */
    size_t ordinal; /* of the granule's calls, from 0 */
    bool last;      /* of the granule's calls: what follows it is reading back */
    size_t *needs;  /* indices into the plan's steps, all smaller than its own */
    size_t need_count, need_capacity;
    struct lb_change *change; /* NULL in a plan that was read from a file */
};

struct lb_observed {
    const char *address;
    const char *status; /* "present", "absent", "in_flux", "unreadable" */
    const char *digest;
    bool relevant; /* touched or depended on: part of the plan's id */
};

struct lb_plan {
    const char *id; /* SHA-256, 64 hex digits; see lb_plan_seal */
    const char *tool_version;
    const char *made_at; /* RFC 3339 UTC; not part of the id */
    bool complete;       /* false when a read failed: such a plan can be read, not applied */
    const char *stack, *account, *partition, *regions[3], *active;
    const char *const *assumed_down; /* regions that were not looked at, sorted */
    size_t assumed_down_count;
    const char *spec_path, *spec_digest;
    const char *spec_git_path; /* from the root of its work tree; NULL: it lies in none */
    struct lb_change *changes; /* only what differs, and what people must know */
    size_t change_count, change_capacity;
    struct lb_step *steps; /* in an order that respects needs */
    size_t step_count, step_capacity;
    struct lb_diag *findings;
    size_t finding_count, finding_capacity;
    struct lb_observed *observed;
    size_t observed_count, observed_capacity;
    int64_t rpo_s, rto_s;                     /* declared; 0: none */
    int64_t rpo_supported_s, rto_supported_s; /* 0: no evidence */
    const char *rpo_evidence, *rto_evidence;
    size_t unchanged;
};

struct lb_plan_counts {
    size_t create, update, replace, release, unchanged, steps;
    size_t errors, warnings, infos;
};
void lb_plan_count(const struct lb_plan *plan, struct lb_plan_counts *out);
/* What --target and --exclude left out, in words; NULL: nothing. */
const char *lb_plan_left_out(const struct lb_plan *plan);
/* It is about all of the spec: neither --target nor --exclude left anything out, and no region was
 * assumed down. Only of such a plan it can be said that live matches the spec. */
bool lb_plan_of_all(const struct lb_plan *plan);
/* Nothing to do and nothing to refuse: live matches the spec. */
bool lb_plan_empty(const struct lb_plan *plan);
/* May be applied: complete, no error finding, no replace. Says why not. */
bool lb_plan_can_apply(const struct lb_plan *plan, const char **why_not, int *exit_code);
/* The last line of every rendering: "Plan: 5 to create, ...". */
char *lb_plan_summary(struct lb_arena *arena, const struct lb_plan *plan);

/* Sets the id: SHA-256 of canonical {spec digest, account, partition, regions, digest of every
 * object touched or depended on, ordered steps}. No times, no request ids. */
void lb_plan_seal(struct lb_arena *arena, struct lb_plan *plan);

/* --- in and out (plan_io.c)
 * ------------------------------------------------------------------------- */
struct lb_value *lb_plan_to_value(struct lb_arena *arena, const struct lb_plan *plan);
/* Strict: unknown major version refused with a hint, wrong types refused. For show and for
 * comparing; what it holds is never executed. */
int lb_plan_from_value(struct lb_arena *arena, struct lb_diags *diags, const struct lb_value *value,
                       struct lb_plan *out);

/* --- comparing (compare.c)
 * -------------------------------------------------------------------------- */
/* 0 when `now` does what `approved` did, or less because steps are satisfied already. Otherwise -1
 * and the difference in words, one line an object or step, in `out`. */
int lb_plan_compare(const struct lb_plan *approved, const struct lb_plan *now, struct lb_str *out);
/* Of that only what the plans are for: stack, account, regions, spec. */
int lb_plan_compare_head(struct lb_arena *arena, const struct lb_plan *a, const struct lb_plan *b,
                         struct lb_str *out);

#endif
