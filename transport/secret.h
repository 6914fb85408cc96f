/* secret.h: private to transport: secrets by reference, "env:NAME" or "file:PATH". */
#ifndef LB_TRANSPORT_SECRET_H
#define LB_TRANSPORT_SECRET_H

#include <stddef.h>

/* Reads the secret into `out`, without the line end of a file. -1: absent, empty, too long, or not
 * a reference; *why says which, never the value. The caller wipes `out`. */
int lb_secret_read(const char *reference, char *out, size_t size, const char **why);

#endif
