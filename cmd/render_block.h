/* render_block.h: long values as lines: indented like YAML, short parts on one line. */
#ifndef LB_CMD_RENDER_BLOCK_H
#define LB_CMD_RENDER_BLOCK_H

#include "base/str.h"
#include "base/value.h"

/* The lines of `value`, each after `indent`; lines aim at `width` columns. */
void lb_render_block(struct lb_str *out, const char *indent, const struct lb_value *value,
                     size_t width);
/* The lines of both, marked "-", "+" or " "; far from a change unchanged lines become "...".
 * NULL: not there. Of very many lines that differ the first ones are shown, and how many more. */
void lb_render_difference(struct lb_str *out, const char *indent, const struct lb_value *before,
                          const struct lb_value *after, size_t width);

#endif
