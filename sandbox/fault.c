/* fault.c: faults that tests ask for. A fault matches by service, operation (glob), region and
 * resource (glob); `nth` says at which matching call it begins (default 1), `count` how many calls
 * it hits (default: one when nth is given, else until DELETE faults).
 */
#include "sandbox/internal.h"

#include "base/time.h"

#include <stdlib.h>
#include <string.h>

bool sb_glob(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

static bool matches(const struct lb_value *fault, const char *key, const char *text)
{
    return sb_glob(lb_text_at(fault, key, "*"), text ? text : "");
}

const char *sb_fault_take(struct sandbox *sandbox, const struct sb_request *request)
{
    struct sandbox_private *private = sandbox->private;
    const char *what = NULL;
    for (size_t i = 0; i < lb_value_count(private->faults); i++) {
        struct lb_value *fault = lb_list_item(private->faults, i);
        if (!matches(fault, "service", request->service) ||
            !matches(fault, "operation", request->operation) ||
            !matches(fault, "region", request->region) ||
            !matches(fault, "access_key", request->access_key) ||
            !matches(fault, "resource", request->resource)) {
            continue;
        }
        int64_t seen = lb_int_at(fault, "seen", 0) + 1;
        int64_t nth = lb_int_at(fault, "nth", 1);
        int64_t count = lb_int_at(fault, "count", lb_map_get(fault, "nth") ? 1 : INT64_MAX - nth);
        lb_map_set_int(private->fault_arena, fault, "seen", seen);
        if (!what && seen >= nth && seen - nth < count) {
            what = lb_text_at(fault, "do", NULL);
        }
    }
    return what;
}

bool sb_fault_delay(const char *what, int64_t *ms)
{
    int64_t seconds;
    size_t digits;
    if (!what || !lb_starts_with(what, "delay:")) {
        return false;
    }
    what += strlen("delay:");
    digits = strspn(what, "0123456789");
    if (digits && digits < 7 && lb_streq(what + digits, "ms")) {
        *ms = atoi(what);
        return true;
    }
    if (lb_duration_parse(what, &seconds) != 0) {
        return false;
    }
    *ms = seconds * 1000;
    return true;
}

static bool known(const char *what)
{
    static const char *const words[] = {
        "throttle",   "reset",   "reset_body", "truncate", "garbage", "page",   "wrong_type",
        "drop_reply", "swallow", "deny",       "hang",     "expired", "revoked"};
    int64_t ms;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(what, words[i]) == 0) {
            return true;
        }
    }
    if (sb_fault_delay(what, &ms)) {
        return true;
    }
    return strlen(what) == 3 && atoi(what) >= 400 && atoi(what) <= 599;
}

static int add_one(struct sandbox *sandbox, const struct lb_value *fault, const char **error)
{
    static const char *const keys[] = {"service",    "operation", "region", "resource",
                                       "access_key", "nth",       "count",  "do"};
    struct sandbox_private *private = sandbox->private;
    for (size_t i = 0; i < lb_value_count(fault); i++) {
        bool found = false;
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            found = found || lb_streq(keys[k], lb_map_nth(fault, i)->key);
        }
        if (!found) {
            *error =
                "unknown key: service, operation, region, resource, access_key, nth, count, do";
            return -1;
        }
    }
    if (!known(lb_text_at(fault, "do", ""))) {
        *error = "do: an HTTP status from 400 to 599, throttle, deny, expired, revoked, reset, "
                 "reset_body, truncate, "
                 "garbage, page, wrong_type, drop_reply, swallow, hang or delay:DURATION";
        return -1;
    }
    lb_list_add(private->fault_arena, private->faults, lb_value_copy(private->fault_arena, fault));
    return 0;
}

int sb_fault_add(struct sandbox *sandbox, const struct lb_value *faults, const char **error)
{
    if (lb_is(faults, LB_MAP)) {
        return add_one(sandbox, faults, error);
    }
    if (!lb_is(faults, LB_LIST)) {
        *error = "a list of faults is expected";
        return -1;
    }
    for (size_t i = 0; i < lb_value_count(faults); i++) {
        if (add_one(sandbox, lb_list_item(faults, i), error) < 0) {
            return -1;
        }
    }
    return 0;
}

void sb_fault_clear(struct sandbox *sandbox)
{
    struct sandbox_private *private = sandbox->private;
    lb_arena_free(private->fault_arena);
    private->fault_arena = lb_arena_new();
    private->faults = lb_value_list(private->fault_arena);
}
