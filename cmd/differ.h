/* differ.h: what two plans differ in: found once, told to people and to programs. */
#ifndef LB_CMD_DIFFER_H
#define LB_CMD_DIFFER_H

#include "cmd/cli.h"

/* {differ, a{id...}, b{id...}, objects[{address, a, b, fields[{path, a, b}]}],
 * steps[{only_in...}], findings[{only_in...}]}, as `history diff --format json` prints it. a and b
 * of an object are its actions, of a field what is and what is to be; null: not in that plan. When
 * and by which version the plans were made is no difference. */
struct lb_value *lb_differ(struct lb_arena *arena, const struct lb_plan *a,
                           const struct lb_plan *b);
bool lb_differs(const struct lb_value *difference);
/* The same in words of objects, fields, steps and findings, one line each; + is only in the second
 * plan, - only in the first, ~ in both but not the same. */
void lb_render_differ(struct lb_arena *arena, const struct lb_plan *a, const struct lb_plan *b,
                      const struct lb_value *difference, struct lb_str *out);

#endif
