/* log.c: the request log. Every line passes redaction by value (what is secret is known, so it is
 * looked for, wherever a server may echo it) and the escape of control characters, at this one
 * sink.
 */
#include "transport/log.h"

#include "base/digest.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MAX_LINE 4096
#define MIN_SECRET 4 /* shorter values would redact ordinary words */

int lb_log_open(struct lb_diags *diags, struct lb_log *out)
{
    static const char *const names[] = {"off", "info", "debug", "trace"};
    const char *level = getenv("LIFEBOAT_LOG"), *path = getenv("LIFEBOAT_LOG_FILE");
    *out = (struct lb_log){LB_LOG_OFF, -1};
    if (!level || !*level)
        return 0;
    size_t i = 0;
    while (i < 4 && strcasecmp(level, names[i]) != 0)
        i++;
    if (i == 4)
        return lb_diags_error(diags, "LB-A004", NULL,
                              "LIFEBOAT_LOG is \"%s\"; it knows info, debug and trace", level);
    out->level = (enum lb_log_level)i;
    if (!path || !*path)
        return 0;
    out->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (out->fd < 0)
        return lb_diags_error(diags, "LB-A004", NULL, "LIFEBOAT_LOG_FILE \"%s\" cannot be written",
                              path);
    return 0;
}

void lb_log_close(struct lb_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    *log = (struct lb_log){LB_LOG_OFF, -1};
}

void lb_secrets_add(struct lb_secrets *secrets, const char *value)
{
    if (value && strlen(value) >= MIN_SECRET && secrets->count < LB_LOG_SECRETS)
        secrets->values[secrets->count++] = value;
}

static const char *replace_all(struct lb_arena *arena, const char *text, const char *needle)
{
    const char *hit = *needle ? strstr(text, needle) : NULL;
    if (!hit)
        return text;
    struct lb_str out = {0};
    for (; hit; hit = strstr(text, needle)) {
        lb_str_add(&out, text, (size_t)(hit - text));
        lb_str_puts(&out, "[redacted]");
        text = hit + strlen(needle);
    }
    lb_str_puts(&out, text);
    return lb_str_take(&out, arena);
}

static const char *redact_one(struct lb_arena *arena, const char *text, const char *secret)
{
    text = replace_all(arena, text, secret);
    struct lb_str encoded = {0};
    lb_str_percent_encode(&encoded, secret, strlen(secret), false);
    text = replace_all(arena, text, lb_str_text(&encoded));
    lb_wipe(encoded.data, encoded.length);
    lb_str_release(&encoded);
    char *base64 = lb_base64(arena, secret, strlen(secret));
    text = replace_all(arena, text, base64);
    lb_wipe(base64, strlen(base64));
    return text;
}

const char *lb_redact(struct lb_arena *arena, const struct lb_secrets *secrets, const char *text)
{
    for (size_t i = 0; text && secrets && i < secrets->count; i++)
        text = redact_one(arena, text, secrets->values[i]);
    return text;
}

bool lb_header_is_secret(const char *lower_case_name)
{
    static const char *const names[] = {"authorization", "x-amz-security-token", "cookie",
                                        "set-cookie", "proxy-authorization"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (lb_streq(names[i], lower_case_name))
            return true;
    return false;
}

void lb_log_line(const struct lb_log *log, enum lb_log_level level,
                 const struct lb_secrets *secrets, const char *format, ...)
{
    if (level > log->level)
        return;
    struct lb_arena *scratch = lb_arena_new();
    va_list args;
    va_start(args, format);
    const char *text = lb_redact(scratch, secrets, lb_arena_vprintf(scratch, format, args));
    va_end(args);
    struct lb_str line = {0};
    lb_str_printf(&line, "%s ", lb_time_format(scratch, lb_time_now()));
    size_t length = strlen(text);
    lb_str_escape(&line, text, length < MAX_LINE ? length : MAX_LINE, false);
    lb_str_putc(&line, '\n');
    /* One write a line, so that lines of several processes do not mix. */
    if (write(log->fd >= 0 ? log->fd : STDERR_FILENO, line.data, line.length) < 0)
        errno = 0; /* a log that cannot be written must not stop the work */
    lb_str_release(&line);
    lb_arena_free(scratch);
}
