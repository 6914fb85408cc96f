/* schedule_cron.c: intervals as cron expressions, durations as the schedulers store them.
 *
 * Three dialects of cron are about and each takes expressions of another silently for something
 * else (six fields made a daily snapshot monthly: nasa/opera-sds-pcm PR 1488), so users state an
 * interval and we write the dialect.
 */
#include "providers/schedule.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE 60
#define HOUR 3600
#define DAY 86400

static const char *finish(struct lb_arena *arena, bool quartz, const char *minute, const char *hour,
                          const char *weekday)
{
    if (!quartz)
        return lb_arena_printf(arena, "%s %s * * %s", minute, hour, weekday ? weekday : "*");
    /* Quartz wants seconds, and '?' in one of the two day fields; its Sunday is 1. */
    return weekday ? lb_arena_printf(arena, "0 %s %s ? * 1", minute, hour)
                   : lb_arena_printf(arena, "0 %s %s * * ?", minute, hour);
}

static const char *step_of(struct lb_arena *arena, int64_t step)
{
    return step == 1 ? "*" : lb_arena_printf(arena, "*/%lld", (long long)step);
}

const char *lb_cron_every(struct lb_arena *arena, int64_t seconds, const char *at, bool quartz)
{
    if (seconds <= 0 || seconds % MINUTE)
        return NULL;
    if (seconds < HOUR)
        return HOUR % seconds ? NULL
                              : finish(arena, quartz, step_of(arena, seconds / MINUTE), "*", NULL);
    if (seconds < DAY)
        return seconds % HOUR || DAY % seconds
                   ? NULL
                   : finish(arena, quartz, "0", step_of(arena, seconds / HOUR), NULL);
    if (seconds != DAY && seconds != 7 * DAY)
        return NULL;
    long hour = at ? strtol(at, NULL, 10) : 0, minute = at ? strtol(at + 3, NULL, 10) : 0;
    return finish(arena, quartz, lb_arena_printf(arena, "%ld", minute),
                  lb_arena_printf(arena, "%ld", hour), seconds == DAY ? NULL : "0");
}

int lb_cron_fields(const char *expression)
{
    int count = 0;
    for (const char *at = expression; *at;) {
        at += strspn(at, " ");
        size_t length = strcspn(at, " ");
        count += length > 0;
        at += length;
    }
    return count;
}

bool lb_cron_leaves_one_day_open(const char *expression)
{
    int open = 0, field = 0;
    for (const char *at = expression; *at; field++) {
        at += strspn(at, " ");
        size_t length = strcspn(at, " ");
        open += (field == 3 || field == 5) && length == 1 && *at == '?';
        at += length;
    }
    return open == 1;
}

static const struct unit {
    int64_t seconds;
    char letter;
} units[] = {{DAY, 'd'}, {HOUR, 'h'}, {MINUTE, 'm'}, {1, 's'}};

const char *lb_schedule_duration(struct lb_arena *arena, int64_t seconds)
{
    size_t i = 0;
    while (seconds % units[i].seconds || (seconds == 0 && units[i].seconds > 1))
        i++;
    return lb_arena_printf(arena, "%lld%c", (long long)(seconds / units[i].seconds),
                           units[i].letter);
}

int64_t lb_schedule_unit(int64_t seconds)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (seconds >= units[i].seconds)
            return units[i].seconds;
    return 1;
}
