/* log.h: private to transport: the request log of LIFEBOAT_LOG, and redaction by value. */
#ifndef LB_TRANSPORT_LOG_H
#define LB_TRANSPORT_LOG_H

#include "base/diag.h"
#include "base/str.h"

#include <stdio.h>

enum lb_log_level { LB_LOG_OFF, LB_LOG_INFO, LB_LOG_DEBUG, LB_LOG_TRACE };

#define LB_LOG_SECRETS 8

struct lb_log {
    enum lb_log_level level;
    int fd;    /* -1: standard error */
    int error; /* errno of the first line that the file did not take whole; 0: none */
};

/* The values that must not appear. Pointers to where the secrets live; "" and NULL are no secret.
 */
struct lb_secrets {
    const char *values[LB_LOG_SECRETS];
    size_t count;
};

/* LIFEBOAT_LOG: info (a line a request), debug (also waits and retries), trace (also headers). */
int lb_log_open(struct lb_diags *diags, struct lb_log *out);
/* Returns the errno of the first write (or of the close) of LIFEBOAT_LOG_FILE that failed; 0: none.
 */
int lb_log_close(struct lb_log *log);

void lb_secrets_add(struct lb_secrets *secrets, const char *value);
/* Replaces every secret, plain, percent-encoded, as in a JSON string or within base64, by
 * "[redacted]". The result is in the arena; the text itself when nothing was found. */
const char *lb_redact(struct lb_arena *arena, const struct lb_secrets *secrets, const char *text);
/* True for headers that are never shown: authorization, tokens, cookies. */
bool lb_header_is_secret(const char *lower_case_name);

/* One line: time, then the text, redacted, escaped, capped at 4 KiB. */
void lb_log_line(struct lb_log *log, enum lb_log_level level, const struct lb_secrets *secrets,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
