/* conceal.c: keeps secrets that stand where nobody can know them to be secrets out of messages: a
 * password inside an address, and the line of a key that sounds like one. At worst, a harmless text
 * is missing from a message.
 */
#include "base/conceal.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* `word` in lower case anywhere between the two places. */
static bool holds(const char *at, const char *end, const char *word)
{
    size_t length = strlen(word);
    for (; (size_t)(end - at) >= length; at++) {
        size_t i = 0;
        while (i < length && tolower((unsigned char)at[i]) == word[i])
            i++;
        if (i == length)
            return true;
    }
    return false;
}

/* The end of "user:password@" that begins at `at`; NULL when there is none. A password that was not
 * percent-encoded may hold a slash. */
static const char *userinfo_end(const char *at, const char *end)
{
    const char *colon = NULL, *last = NULL;
    for (; at < end && !strchr(" \t\r\n\"'", *at); at++) {
        colon = !colon && *at == ':' ? at : colon;
        last = colon && *at == '@' ? at : last;
    }
    return last;
}

static const char *find_userinfo(const char *text, const char *end, const char **stop)
{
    for (const char *at = text; end - at > 3; at++) {
        if (memcmp(at, "://", 3) != 0)
            continue;
        *stop = userinfo_end(at + 3, end);
        if (*stop)
            return at + 3;
    }
    return NULL;
}

bool lb_line_sounds_secret(const char *line, size_t length)
{
    static const char *const words[] = {"passw",   "pasw",       "pwd",     "secret",
                                        "token",   "credential", "private", "access_key",
                                        "api_key", "api-key",    "apikey"};
    const char *end = line + length, *stop;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (holds(line, end, words[i]))
            return true;
    return find_userinfo(line, end, &stop) != NULL;
}

const char *lb_conceal_userinfo(struct lb_arena *arena, const char *text)
{
    const char *stop = NULL, *end = text ? text + strlen(text) : text;
    const char *at = text ? find_userinfo(text, end, &stop) : NULL;
    if (!at)
        return text;
    struct lb_str out = {0};
    for (; at; at = find_userinfo(text, end, &stop)) {
        lb_str_add(&out, text, (size_t)(at - text));
        lb_str_puts(&out, "[redacted]");
        text = stop;
    }
    lb_str_puts(&out, text);
    return lb_str_take(&out, arena);
}
