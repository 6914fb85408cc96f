/* progress.h: what apply says while it runs: a block that is redrawn on a terminal, a line per
 * change of state elsewhere, or one JSON event a line. */
#ifndef LB_CMD_PROGRESS_H
#define LB_CMD_PROGRESS_H

#include "cmd/cli.h"

struct lb_progress;

struct lb_progress *lb_progress_new(struct lb_cli *cli, const struct lb_plan *plan);
void lb_progress_event(void *progress, const struct lb_event *event);
/* What is done, failed, not started. */
void lb_progress_close(struct lb_progress *progress, const struct lb_apply_result *result,
                       int exit_code);
/* The same in words, for the ledger. */
void lb_progress_outcome(struct lb_progress *progress, const struct lb_apply_result *result,
                         int exit_code, struct lb_str *out);
/* With --json: the version line, the planned changes and the findings. */
void lb_events_plan(struct lb_cli *cli, const struct lb_plan *plan);
/* With --json: the summary of a plan that has nothing to do. */
void lb_events_nothing(struct lb_cli *cli, const struct lb_plan *plan);

#endif
