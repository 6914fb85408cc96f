/* cluster_cron.c: the two cron dialects of clusters: UNIX with five fields (Snapshot Management)
 * and Quartz with seconds, `?` and days of the week from 1 (SLM). UTC. */
#include "sandbox/cluster.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum field { SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

static const struct {
    int low, high;
    const char *names; /* three letters each, from `low` on */
} ranges[FIELDS] = {[SECOND] = {0, 59, ""},
                    [MINUTE] = {0, 59, ""},
                    [HOUR] = {0, 23, ""},
                    [DAY] = {1, 31, ""},
                    [MONTH] = {1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
                    [WEEKDAY] = {0, 7, "SUNMONTUEWEDTHUFRISAT"}};

struct cron {
    uint64_t allowed[FIELDS];
    bool any_day, any_weekday;
    int open_days; /* written "?" */
};

static int read_number(const char **at, enum field field, bool quartz)
{
    const char *names = ranges[field].names;
    char *end;
    long number;

    for (int i = 0; names[3 * i]; i++) {
        if (strncasecmp(*at, names + 3 * i, 3) == 0) {
            *at += 3;
            return i + ranges[field].low;
        }
    }
    if (!isdigit((unsigned char)**at))
        return -1;
    number = strtol(*at, &end, 10);
    *at = end;
    if (quartz && field == WEEKDAY)
        number = number <= 7 ? number - 1 : -1; /* 1 is Sunday there */
    return number >= ranges[field].low && number <= ranges[field].high ? (int)number : -1;
}

/* One item of a list: "*", "5", "1-5", "*" or a range with "/step". */
static bool read_item(const char **at, enum field field, bool quartz, uint64_t *allowed)
{
    int low = ranges[field].low, high = ranges[field].high, step = 1;

    if (**at == '*') {
        (*at)++;
    } else {
        low = read_number(at, field, quartz);
        high = low;
        if (low >= 0 && **at == '-') {
            (*at)++;
            high = read_number(at, field, quartz);
        } else if (low >= 0 && **at == '/') {
            high = ranges[field].high;
        }
        if (low < 0 || high < low)
            return false;
    }
    if (**at == '/') {
        char *end;

        step = (int)strtol(*at + 1, &end, 10);
        *at = end;
        if (step < 1)
            return false;
    }
    for (int i = low; i <= high; i += step)
        *allowed |= (uint64_t)1 << (field == WEEKDAY ? i % 7 : i);
    return true;
}

static bool read_field(const char *text, size_t length, enum field field, bool quartz,
                       struct cron *cron)
{
    const char *at = text;
    bool any = (length == 1 && (*text == '*' || (*text == '?' && quartz)));

    cron->open_days += any && *text == '?';

    if (field == DAY)
        cron->any_day = any;
    if (field == WEEKDAY)
        cron->any_weekday = any;
    if (any) {
        cron->allowed[field] = UINT64_MAX;
        return *text == '*' || field == DAY || field == WEEKDAY;
    }
    do {
        at += at != text && *at == ',';
        if (!read_item(&at, field, quartz, &cron->allowed[field]))
            return false;
    } while (*at == ',' && at < text + length);
    return at == text + length;
}

static size_t count_parts(const char *expression)
{
    size_t parts = 0;

    for (const char *at = expression + strspn(expression, " "); *at; at += strspn(at, " ")) {
        parts++;
        at += strcspn(at, " ");
    }
    return parts;
}

static bool parse(const char *expression, bool quartz, struct cron *cron)
{
    const char *at = expression + strspn(expression, " ");

    memset(cron, 0, sizeof(*cron));
    cron->allowed[SECOND] = 1;
    for (int field = quartz ? SECOND : MINUTE; field < FIELDS; field++) {
        size_t length = strcspn(at, " ");

        if (!length || !read_field(at, length, (enum field)field, quartz, cron))
            return false;
        at += length;
        at += strspn(at, " ");
    }
    /* Of Quartz's two day fields one is left open, and only one. Its year is "*" in practice. */
    return !quartz || cron->open_days == 1;
}

const char *sb_cron_fault(struct lb_arena *arena, const char *expression, bool quartz)
{
    size_t parts = count_parts(expression);
    struct cron cron;

    if (quartz ? parts != 6 && parts != 7 : parts != 5)
        return lb_arena_printf(arena,
                               "Cron expression contains %zu parts but we expect one of [%s]",
                               parts, quartz ? "6, 7" : "5");
    return parse(expression, quartz, &cron)
               ? NULL
               : lb_arena_printf(arena, "Failed to parse cron expression: '%s'", expression);
}

/* UNIX: when both days are restricted either fits. Quartz leaves one of them open. */
static bool day_fits(const struct cron *cron, const struct tm *tm)
{
    bool day = cron->allowed[DAY] >> tm->tm_mday & 1;
    bool weekday = cron->allowed[WEEKDAY] >> tm->tm_wday & 1;

    if (!(cron->allowed[MONTH] >> (tm->tm_mon + 1) & 1))
        return false;
    if (cron->any_day || cron->any_weekday)
        return day && weekday;
    return day || weekday;
}

static int64_t within_day(const struct cron *cron, int64_t midnight, int64_t after)
{
    for (int64_t hour = 0; hour < 24; hour++) {
        if (!(cron->allowed[HOUR] >> hour & 1) || midnight + hour * 3600 + 3599 <= after)
            continue;
        for (int64_t minute = 0; minute < 60; minute++) {
            if (!(cron->allowed[MINUTE] >> minute & 1))
                continue;
            for (int64_t second = 0; second < 60; second++) {
                int64_t at = midnight + hour * 3600 + minute * 60 + second;

                if ((cron->allowed[SECOND] >> second & 1) && at > after)
                    return at;
            }
        }
    }
    return -1;
}

int64_t sb_cron_next(const char *expression, bool quartz, int64_t after)
{
    struct cron cron;

    if (!parse(expression, quartz, &cron))
        return -1;
    for (int64_t midnight = after - after % 86400, day = 0; day < 4 * 366;
         day++, midnight += 86400) {
        time_t at = (time_t)midnight;
        struct tm tm;
        int64_t found;

        gmtime_r(&at, &tm);
        found = day_fits(&cron, &tm) ? within_day(&cron, midnight, after) : -1;
        if (found >= 0)
            return found;
    }
    return -1;
}
