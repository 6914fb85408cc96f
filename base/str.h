/* str.h: a growable byte string with a declared maximum.
 *
 * Every buffer that is filled from outside has a cap: beyond `max` nothing is appended and
 * `overflow` is set, so a server cannot make us use unbounded memory.
 * The buffer is malloc'ed: release it, or hand it over to an arena with lb_str_take().
 */
#ifndef LB_BASE_STR_H
#define LB_BASE_STR_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

#define LB_STR_DEFAULT_MAX ((size_t)64 << 20) /* bytes */

struct lb_str {
    char *data; /* always NUL-terminated once anything was added; NULL before */
    size_t length;
    size_t capacity;
    size_t max; /* bytes; 0 means LB_STR_DEFAULT_MAX */
    bool overflow;
};

/* A zeroed struct is an empty string with the default maximum. */
void lb_str_init(struct lb_str *str, size_t max);
void lb_str_release(struct lb_str *str);
void lb_str_clear(struct lb_str *str);                   /* keeps the memory */
void lb_str_truncate(struct lb_str *str, size_t length); /* longer than the string: no change */

void lb_str_add(struct lb_str *str, const void *bytes, size_t length);
void lb_str_puts(struct lb_str *str, const char *text);
void lb_str_putc(struct lb_str *str, char byte);
void lb_str_printf(struct lb_str *str, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void lb_str_repeat(struct lb_str *str, char byte, size_t count);

/* The text so far, "" when empty. Valid until the next change. */
const char *lb_str_text(const struct lb_str *str);
/* Copies the text into the arena and releases the string. */
char *lb_str_take(struct lb_str *str, struct lb_arena *arena);

/* Small text helpers used everywhere. */
bool lb_streq(const char *a, const char *b); /* NULL equals only NULL */
bool lb_starts_with(const char *text, const char *prefix);
bool lb_ends_with(const char *text, const char *suffix);
char *lb_lowercase(struct lb_arena *arena, const char *text);
/* RFC 3986: unreserved bytes stay, all others become %XX; '/' stays too when keep_slash. */
void lb_str_percent_encode(struct lb_str *str, const char *text, size_t length, bool keep_slash);
char *lb_percent_decode(struct lb_arena *arena, const char *text);

/* The candidate nearest to `word` by edit distance, or NULL when none is near enough to be meant
 * (at most a third of its letters differ). Answers "did you mean". */
const char *lb_nearest(const char *word, const char *const *candidates, size_t count);

#endif
