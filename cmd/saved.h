/* saved.h: a plan from a file: shown, compared, never executed. */
#ifndef LB_CMD_SAVED_H
#define LB_CMD_SAVED_H

#include "cmd/cli.h"

/* A JSON document with a `format_version`. */
bool lb_looks_like_plan(const struct lb_source *source);
int lb_plan_load(struct lb_cli *cli, const struct lb_source *source, struct lb_plan *out);

#endif
