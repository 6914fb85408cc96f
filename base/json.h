/* json.h: JSON in and out.
 *
 * Reading is strict where a safety tool must be: UTF-8 only, no duplicate keys, no NUL, no trailing
 * bytes, capped depth and size; a pre-scan checks this before cJSON parses (cJSON 1.7.15 accepts
 * all of it). Keys that differ in case are different keys, as in Elasticsearch mappings. Numbers
 * keep their text.
 */
#ifndef LB_BASE_JSON_H
#define LB_BASE_JSON_H

#include "base/diag.h"
#include "base/str.h"
#include "base/value.h"

#define LB_JSON_MAX_DEPTH 64
#define LB_JSON_MAX_BYTES ((size_t)64 << 20)
/* A node takes 150 to 240 bytes while it is read, as a value and in cJSON: this is 230 MiB at most.
 * The plan of 10,000 objects has 700,000 nodes. */
#define LB_JSON_MAX_NODES ((size_t)1000000)

/* NULL on bad input; then *error says what and where ("line 3: duplicate key \"a\""), in the arena.
 * Marks of the values are not set. */
struct lb_value *lb_json_parse(struct lb_arena *arena, const char *text, size_t length,
                               const char **error);

/* Insertion order. indent 0 is compact; otherwise that many spaces a level, and a final newline.
 * Characters that could drive a terminal or a CI runner are written as \uXXXX. */
void lb_json_write(struct lb_str *out, const struct lb_value *value, int indent);
/* Keys sorted bytewise, no spaces: the digest's input. LB_UNKNOWN becomes {"$unknown":"ref"}.
 * Numbers of equal value are written the same (1.0 as 1). */
void lb_json_canonical(struct lb_str *out, const struct lb_value *value);
char *lb_json_text(struct lb_arena *arena, const struct lb_value *value); /* compact */

#endif
