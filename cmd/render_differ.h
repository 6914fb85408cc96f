/* render_differ.h: what two plans differ in, for people. */
#ifndef LB_CMD_RENDER_DIFFER_H
#define LB_CMD_RENDER_DIFFER_H

#include "cmd/cli.h"

/* In words of objects, fields, steps and findings, one line each; + is only in the second plan, -
 * only in the first, ~ in both but not the same. False when they do the same: then it says so. When
 * and by which version they were made is no difference. */
bool lb_render_differ(struct lb_arena *arena, const struct lb_plan *a, const struct lb_plan *b,
                      struct lb_str *out);

#endif
