/* time.h: instants and durations. Instants are UTC seconds since 1970, waits use the monotonic
 * clock in milliseconds. */
#ifndef LB_BASE_TIME_H
#define LB_BASE_TIME_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

int64_t lb_time_now(void);          /* wall clock, seconds */
int64_t lb_time_monotonic_ms(void); /* never goes back */
/* RFC 3339 UTC: "2026-11-21T23:55:20Z"; parse takes fractions and offsets too. 0 or -1. */
char *lb_time_format(struct lb_arena *arena, int64_t seconds);
int lb_time_parse(const char *text, int64_t *out);
/* "20261121T235520Z", as SigV4 wants it. */
void lb_time_amz(int64_t seconds, char out[17]);
/* "Sat, 21 Nov 2026 23:55:20 GMT" (RFC 9110 Date header). 0 or -1. */
int lb_time_parse_http(const char *text, int64_t *out);

/* "90s", "15m", "4h", "30d", "1h30m", "2w" -> seconds. 0 or -1. */
int lb_duration_parse(const char *text, int64_t *seconds);
/* The largest whole units: 5400 -> "90m", 3600 -> "1h", 86400 -> "1d", 0 -> "0s". */
char *lb_duration_format(struct lb_arena *arena, int64_t seconds);
/* For people: the two largest units, "45s", "15m 12s", "2h 5m", "3d 4h". */
char *lb_duration_words(struct lb_arena *arena, int64_t seconds);
/* "200Gi", "10Mi", "1Ti", "512Ki" -> bytes. 0 or -1. */
int lb_size_parse(const char *text, int64_t *bytes);
char *lb_size_format(struct lb_arena *arena, int64_t bytes);

#endif
