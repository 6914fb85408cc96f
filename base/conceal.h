/* conceal.h: texts that may hold a secret though no schema says so; for the diagnostics sink. */
#ifndef LB_BASE_CONCEAL_H
#define LB_BASE_CONCEAL_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* True when a line of a spec has a word that a secret's key has, or an address with a password. */
bool lb_line_sounds_secret(const char *line, size_t length);
/* "scheme://user:password@host" without its user and password. The text itself when it has none. */
const char *lb_conceal_userinfo(struct lb_arena *arena, const char *text);

#endif
