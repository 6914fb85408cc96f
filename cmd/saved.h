/* saved.h: a plan from a file: shown, compared, never executed. */
#ifndef LB_CMD_SAVED_H
#define LB_CMD_SAVED_H

#include "cmd/cli.h"

/* A plan document starts with a brace; a spec never does. */
bool lb_looks_like_plan(const struct lb_source *source);
int lb_plan_load(struct lb_cli *cli, const struct lb_source *source, struct lb_plan *out);

#endif
