/* generate.h: the pages of docs/reference, printed from the tables and schemas that the tool runs
 * on. Each function appends one page. tests/docs fails when a page in the repository differs. */
#ifndef LB_DOCS_GENERATE_H
#define LB_DOCS_GENERATE_H

#include "base/schema.h"

void lb_page_kind(struct lb_str *out, struct lb_arena *arena, const struct lb_kind *kind);
/* The top-level keys of a spec; sections are linked. */
void lb_page_spec(struct lb_str *out, struct lb_arena *arena, const struct lb_schemas *schemas);
void lb_page_cli(struct lb_str *out);
void lb_page_codes(struct lb_str *out);
void lb_page_exits(struct lb_str *out);
void lb_page_index(struct lb_str *out, const struct lb_schemas *schemas);

/* A value as block YAML, at `depth` levels of two spaces, ending with a newline. */
void lb_yaml_print(struct lb_str *out, const struct lb_value *value, size_t depth);
/* Text for a cell of a table: a bar would end it. */
void lb_cell(struct lb_str *out, const char *text);

#endif
