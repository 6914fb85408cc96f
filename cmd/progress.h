/* progress.h: what apply says while it runs: a block that is redrawn on a terminal, a line per
 * change of state elsewhere, or one JSON event a line. */
#ifndef LB_CMD_PROGRESS_H
#define LB_CMD_PROGRESS_H

#include "cmd/cli.h"

struct lb_progress;

struct lb_progress *lb_progress_new(struct lb_cli *cli, const struct lb_plan *plan);
void lb_progress_event(void *progress, const struct lb_event *event);
/* What is done, failed, not started. With --json that is the last line, and nothing is printed
 * here: see lb_events_end. */
void lb_progress_close(struct lb_progress *progress, const struct lb_apply_result *result,
                       int exit_code);
/* The same in words, for the ledger. */
void lb_progress_outcome(struct lb_progress *progress, const struct lb_apply_result *result,
                         int exit_code, struct lb_str *out);
/* One line: how many steps, and what now. */
const char *lb_progress_line(struct lb_progress *progress, const struct lb_apply_result *result,
                             int exit_code);

/* --- events: nothing is printed without --json ---------------------------------------------------
 */
/* The version line, the planned changes and the findings. */
void lb_events_plan(struct lb_cli *cli, const struct lb_plan *plan);
/* What the plan differs in from the one that was approved: an event a line. */
void lb_events_difference(struct lb_cli *cli, const char *lines);
/* An event a diagnostic. */
void lb_events_diags(struct lb_cli *cli, const struct lb_diags *diags);
/* The diagnostics of the command and the summary, whatever came of it; the first call counts.
 * `result` NULL: nothing was sent. `exit_code`: that of the program. */
void lb_events_end(struct lb_cli *cli, const char *message, const struct lb_apply_result *result,
                   int exit_code);

#endif
