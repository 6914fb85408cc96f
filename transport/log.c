/* log.c: the request log. Every line passes redaction by value (what is secret is known, so it is
 * looked for, wherever a server may echo it) and the escape of control characters, at this one
 * sink.
 */
#include "transport/log.h"

#include "base/conceal.h"
#include "base/digest.h"
#include "base/time.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MAX_LINE 4096
#define MIN_BASE64 6
#define MIN_SECRET 4 /* shorter values would redact ordinary words */

int lb_log_open(struct lb_diags *diags, struct lb_log *out)
{
    static const char *const names[] = {"off", "info", "debug", "trace"};
    const char *level = getenv("LIFEBOAT_LOG"), *path = getenv("LIFEBOAT_LOG_FILE");
    *out = (struct lb_log){.level = LB_LOG_OFF, .fd = -1};
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
        return lb_diags_error(diags, "LB-U003", NULL, "LIFEBOAT_LOG_FILE, %s: %s", path,
                              strerror(errno));
    return 0;
}

int lb_log_close(struct lb_log *log)
{
    int error = log->error;
    if (log->fd >= 0 && close(log->fd) != 0 && !error)
        error = errno;
    *log = (struct lb_log){.level = LB_LOG_OFF, .fd = -1};
    return error;
}

void lb_secrets_add(struct lb_secrets *secrets, const char *value)
{
    if (value && strlen(value) >= MIN_SECRET && secrets->count < LB_LOG_SECRETS)
        secrets->values[secrets->count++] = value;
}

static bool base64_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c && strchr("+/-_=", c));
}

/* With `token` the whole run of base64 that the needle stands in goes: its ends hold bits of it. */
static const char *replace_all(struct lb_arena *arena, const char *text, const char *needle,
                               bool token)
{
    const char *hit = *needle ? strstr(text, needle) : NULL;
    if (!hit)
        return text;
    struct lb_str out = {0};
    for (; hit; hit = strstr(text, needle)) {
        const char *end = hit + strlen(needle);
        while (token && hit > text && base64_letter(hit[-1]))
            hit--;
        while (token && base64_letter(*end))
            end++;
        lb_str_add(&out, text, (size_t)(hit - text));
        lb_str_puts(&out, "[redacted]");
        text = end;
    }
    lb_str_puts(&out, text);
    return lb_str_take(&out, arena);
}

/* --- spellings of a secret: each writes one, or nothing when it would be too short to be told from
 * other text --------------------------------------------------------------------------------- */

static void spell_plain(struct lb_str *out, const char *secret, int variant)
{
    (void)variant;
    lb_str_puts(out, secret);
}

/* Variants: digits above 9 in upper and in lower case. */
static void spell_percent(struct lb_str *out, const char *secret, int variant)
{
    lb_str_percent_encode(out, secret, strlen(secret), false);
    for (size_t i = 0; variant && i + 2 < out->length; i++)
        if (out->data[i] == '%')
            for (size_t k = 1; k < 3; k++)
                out->data[i + k] = (char)tolower((unsigned char)out->data[i + k]);
}

static void spell_json(struct lb_str *out, const char *secret, int variant)
{
    (void)variant;
    for (; *secret; secret++) {
        if (*secret == '"' || *secret == '\\')
            lb_str_putc(out, '\\');
        lb_str_putc(out, *secret);
    }
}

/* Base64 as it stands inside the base64 of a longer text ("user:password", a whole header): the
 * characters that depend on the secret alone. Variants: the three places it can begin at, in both
 * alphabets. */
static void spell_base64(struct lb_str *out, const char *secret, int variant)
{
    size_t shift = (size_t)variant % 3;
    struct lb_arena *scratch = lb_arena_new();
    char *shifted = lb_arena_printf(scratch, "%.*s%s", (int)shift, "..", secret);
    size_t length = strlen(shifted);
    char *base64 = lb_base64(scratch, shifted, length);
    size_t start = (shift * 8 + 5) / 6, end = length * 8 / 6;
    for (char *at = base64; variant >= 3 && *at; at++)
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    if (end >= start + MIN_BASE64)
        lb_str_add(out, base64 + start, end - start);
    lb_wipe(shifted, length);
    lb_wipe(base64, strlen(base64));
    lb_arena_free(scratch);
}

static const struct {
    void (*spell)(struct lb_str *, const char *, int variant);
    int variants;
    bool token;
} spellings[] = {{spell_plain, 1, false},
                 {spell_percent, 2, false},
                 {spell_json, 1, false},
                 {spell_base64, 6, true}};

static const char *redact_one(struct lb_arena *arena, const char *text, const char *secret)
{
    if (strlen(text) <
        strlen(secret)) /* no spelling is shorter than the secret: most request ids */
        return text;
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        for (int variant = 0; variant < spellings[i].variants; variant++) {
            struct lb_str spelled = {0};
            spellings[i].spell(&spelled, secret, variant);
            text = replace_all(arena, text, lb_str_text(&spelled), spellings[i].token);
            lb_wipe(spelled.data, spelled.length);
            lb_str_release(&spelled);
        }
    }
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

void lb_log_line(struct lb_log *log, enum lb_log_level level, const struct lb_secrets *secrets,
                 const char *format, ...)
{
    if (level > log->level)
        return;
    struct lb_arena *scratch = lb_arena_new();
    va_list args;
    va_start(args, format);
    const char *text = lb_redact(scratch, secrets, lb_arena_vprintf(scratch, format, args));
    text = lb_conceal_userinfo(scratch, text);
    va_end(args);
    struct lb_str line = {0};
    lb_str_printf(&line, "%s ", lb_time_format(scratch, lb_time_now()));
    size_t length = strlen(text);
    lb_str_escape(&line, text, length < MAX_LINE ? length : MAX_LINE, false);
    lb_str_putc(&line, '\n');
    /* One write a line, so that lines of several processes do not mix. A log that cannot be written
     * must not stop the work: it is told when all is over. */
    ssize_t written = write(log->fd >= 0 ? log->fd : STDERR_FILENO, line.data, line.length);
    if (log->fd >= 0 && !log->error && written != (ssize_t)line.length)
        log->error = written < 0 ? errno : ENOSPC;
    lb_str_release(&line);
    lb_arena_free(scratch);
}
