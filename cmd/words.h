/* words.h: what `explain` and the reference pages say alike, so that they cannot disagree. */
#ifndef LB_CMD_WORDS_H
#define LB_CMD_WORDS_H

#include "base/diag.h"
#include "base/schema.h"

/* "duration", "list of string", "boolean or string". */
void lb_words_type(struct lb_str *out, const struct lb_schema *schema);
/* What else there is to know about a field, one clause each: "one of [a, b]", "default: 7d". */
struct lb_value *lb_words_notes(struct lb_arena *arena, const struct lb_schema *schema);
/* "one object a stack", "an object on each side". */
const char *lb_words_sides(enum lb_sides sides);
/* True for a field that stands at the top too and says the same there: `secondary.data_nodes`. */
bool lb_words_repeated(const struct lb_schema *root, const struct lb_schema *parent,
                       const struct lb_schema *field);
/* Text broken at spaces into lines of at most `width` columns, each after `indent` spaces. */
void lb_words_wrap(struct lb_str *out, size_t indent, size_t width, const char *text);
const char *lb_words_severity(enum lb_severity severity);
/* Every diagnostic code, those of hazards last. NULL past the end. */
const struct lb_code *lb_words_code(size_t i);

#endif
