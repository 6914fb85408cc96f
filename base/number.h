/* number.h: decimal numbers as text, compared and normalised without going through a float.
 * S3 byte counts and Elasticsearch sequence numbers pass 2^53, so doubles would merge neighbours.
 */
#ifndef LB_BASE_NUMBER_H
#define LB_BASE_NUMBER_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* The one way to write a number: 1.50e1 -> 15, -0 -> 0, 1e999 stays 1e999. Text that is no JSON
 * number is added unchanged. */
void lb_number_canonical(struct lb_str *out, const char *text);
/* By value: 1.0 equals 1. Texts that are no JSON numbers come last, bytewise. */
int lb_number_compare(const char *a, const char *b);
/* True when it is an integer within 64 bits. */
bool lb_number_int(const char *text, int64_t *out);

#endif
