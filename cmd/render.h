/* render.h: what reviewers and pipelines see of plans and findings: one table of formats, one
 * renderer each in cmd/render_<format>.c.
 *
 * A rendering depends on the reports alone: not on the locale, the clock or the machine, and only
 * `text` on the terminal. Of a plan from a file it is the same bytes as of the plan that was made.
 * Every string of a user or a server is escaped by the renderer for its reader, however it came.
 */
#ifndef LB_CMD_RENDER_H
#define LB_CMD_RENDER_H

#include "cmd/cli.h"

/* One spec of a run: a plan with its findings, or the findings of validate. */
struct lb_report {
    const char *path;    /* of the spec: see lb_report_path */
    const char *stack;   /* "" when the spec did not say it */
    const char *version; /* of the tool that made it */
    const struct lb_diag *findings;
    size_t finding_count;
    const struct lb_plan *plan; /* NULL: of validate */
};

struct lb_reports {
    struct lb_arena *arena;
    struct lb_diags *diags; /* of the command: why it cannot be rendered */
    const struct lb_report *items;
    size_t count;
    const char *verb; /* "plan", "drift" or "validate" */
    bool drift;       /* a change is not what is asked for, but what is wrong */
    bool color;       /* text only, as is the width */
    size_t width;
    size_t max_bytes; /* markdown: 0 is no limit */
};

/* Writes all reports to `out`; -1 with a diagnostic when that is not possible. */
typedef int lb_render_fn(const struct lb_reports *reports, struct lb_str *out);
lb_render_fn lb_render_markdown, lb_render_sarif, lb_render_junit, lb_render_github,
    lb_render_gitlab;

/* The renderer that --format names; NULL when it has none for a plan. */
lb_render_fn *lb_renderer_find(const char *format);

/* Refuses options that do not go together, before anything is read. */
int lb_render_check(struct lb_cli *cli);
/* Writes the plans in --format to `out`. */
int lb_render_plans(struct lb_cli *cli, const struct lb_plan *plans, size_t count,
                    struct lb_str *out);
/* The same for reports that were made by the caller; fills in what the options say. */
int lb_render_reports(struct lb_cli *cli, struct lb_reports *reports, struct lb_str *out);

/* --- what several renderers ask
 * --------------------------------------------------------------------- */

/* Where reports say that the spec is: from the root of its git work tree (NULL: in none), because
 * code scanning and annotations know files by that; else as the user named it. A report has one
 * spec, so that all its marks are in it. */
const char *lb_report_path(const char *git_path, const char *path);
/* The stack of a plan; of validate the spec's path, which is known of a broken spec too. */
const char *lb_report_name(const struct lb_report *report);
/* Live state is to become another: what drift looks for. */
bool lb_change_differs(const struct lb_change *change);
/* It would destroy, let go or disturb something: never folded away, never left out. */
bool lb_change_grave(const struct lb_change *change);
/* "disruption: blue/green deployment", else "risk: data-loss" of a grave change; NULL: neither. */
char *lb_change_danger(struct lb_arena *arena, const struct lb_change *change);
/* "create", "REPLACE": the words of the text. */
const char *lb_change_word(const struct lb_change *change);
const char *lb_severity_word(enum lb_severity severity); /* "error" */
size_t lb_report_errors(const struct lb_report *report);
/* "summary: address: detail", as far as it has them. */
char *lb_finding_sentence(struct lb_arena *arena, const struct lb_diag *finding);
/* How many findings after the i-th say the same of other calls on one object. */
size_t lb_finding_repeats(const struct lb_diag *findings, size_t count, size_t i);
/* Seconds on the longest path through the plan's steps. */
int64_t lb_plan_longest_path(struct lb_arena *arena, const struct lb_plan *plan);
/* "12 steps", "1 step", "2 entries". */
char *lb_counted(struct lb_arena *arena, size_t count, const char *noun);

#endif
