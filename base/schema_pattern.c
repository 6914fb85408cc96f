/* schema_pattern.c: the regular expressions of the schemas.
 *
 * An editor runs them as ECMA expressions, we as POSIX extended ones; what the two read differently
 * is refused, so that both see the same names as good.
 */
#include "base/schema_private.h"

#include <errno.h>
#include <regex.h>
#include <string.h>

struct lb_pattern {
    const char *text;
    struct lb_arena *arena;
    bool compiled;
    regex_t regex;
};

/* ECMA: \d, \w, (?:...), *? and the like; POSIX: [:alpha:]. */
static bool is_common(const char *text)
{
    for (const char *at = text; *at; at++) {
        bool escaped_letter = *at == '\\' && at[1] != '\0' &&
                              strchr("^$.*+?()[]{}|\\/-", at[1]) == NULL;
        if (escaped_letter || (*at == '(' && at[1] == '?') || (*at == '[' && at[1] == ':') ||
            (*at != '\\' && strchr("*+?}", *at) && at[1] == '?')) {
            return false;
        }
        at += *at == '\\' && at[1] != '\0';
    }
    return true;
}

struct lb_pattern *lb_pattern_new(struct lb_arena *arena, const char *text)
{
    if (!is_common(text)) {
        return NULL;
    }
    struct lb_pattern *pattern = lb_arena_alloc(arena, sizeof *pattern);
    pattern->arena = arena;
    pattern->text = text;
    return pattern;
}

static void release(void *object)
{
    regfree(&((struct lb_pattern *)object)->regex);
}

/* Without memory there is no verdict: "does not match" would refuse a good name. */
bool lb_pattern_matches(struct lb_pattern *pattern, const char *text)
{
    int status;
    if (!pattern->compiled) {
        status = regcomp(&pattern->regex, pattern->text, REG_EXTENDED | REG_NOSUB);
        if (status == REG_ESPACE) {
            lb_out_of_memory();
        }
        if (status) {
            LB_BUG("schema pattern %s does not compile", pattern->text);
        }
        pattern->compiled = true;
        lb_arena_defer(pattern->arena, release, pattern);
    }
    errno = 0;
    status = regexec(&pattern->regex, text, 0, NULL, 0);
    /* glibc makes REG_NOMATCH of every failure */
    if (status == REG_ESPACE || (status && errno == ENOMEM)) {
        lb_out_of_memory();
    }
    return status == 0;
}

const char *lb_pattern_text(const struct lb_pattern *pattern)
{
    return pattern->text;
}
