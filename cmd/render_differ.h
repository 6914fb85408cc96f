/* render_differ.h: what two plans differ in, for people. */
#ifndef LB_CMD_RENDER_DIFFER_H
#define LB_CMD_RENDER_DIFFER_H

#include "cmd/cli.h"

/* In words of objects, fields, steps and findings, one line each; + is only in the second plan, -
 * only in the first, ~ in both but not the same. False when they do the same: then it says so. When
 * and by which version they were made is no difference. */
bool lb_render_differ(struct lb_arena *arena, const struct lb_plan *a, const struct lb_plan *b,
                      struct lb_str *out);
/* The same for programs: {differ, a{id...}, b{id...}, objects[{address, a, b, fields[{path, a,
 * b}]}], steps[{only_in...}], findings[{only_in...}]}. `differ` is what the words came to. */
struct lb_value *lb_differ_json(struct lb_arena *arena, const struct lb_plan *a,
                                const struct lb_plan *b, bool differ);

#endif
