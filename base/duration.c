/* duration.c: durations and sizes, as specs and options state them. Whole numbers with a unit and
 * nothing else: "1.5h" or "200G" (decimal or binary?) would be read differently by two people.
 */
#include "base/str.h"
#include "base/time.h"

#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first: parts of a duration must come in this order. */
static const struct unit times[] = {{"w", 604800}, {"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}};
static const struct unit sizes[] = {{"Pi", (int64_t)1 << 50}, {"Ti", (int64_t)1 << 40},
                                    {"Gi", (int64_t)1 << 30}, {"Mi", (int64_t)1 << 20},
                                    {"Ki", (int64_t)1 << 10}, {"", 1}};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *read_number(const char *p, int64_t *out)
{
    const char *start = p;
    for (*out = 0; *p >= '0' && *p <= '9'; p++) {
        if (*out > (INT64_MAX - 9) / 10)
            return NULL;
        *out = *out * 10 + (*p - '0');
    }
    return p == start ? NULL : p;
}

int lb_duration_parse(const char *text, int64_t *seconds)
{
    int64_t sum = 0, number;
    size_t unit = 0;
    if (!text || !*text)
        return -1;
    while (*text) {
        text = read_number(text, &number);
        if (!text || !*text)
            return -1;
        while (unit < COUNT(times) && times[unit].name[0] != *text)
            unit++;
        if (unit == COUNT(times) || number > (INT64_MAX - sum) / times[unit].factor)
            return -1;
        sum += number * times[unit++].factor;
        text++;
    }
    *seconds = sum;
    return 0;
}

char *lb_duration_format(struct lb_arena *arena, int64_t seconds)
{
    size_t unit = 1; /* days at most: people say 30d, not 4w2d */
    while (!seconds ? unit + 1 < COUNT(times) : seconds % times[unit].factor != 0)
        unit++;
    return lb_arena_printf(arena, "%lld%s", (long long)(seconds / times[unit].factor),
                           times[unit].name);
}

int lb_size_parse(const char *text, int64_t *bytes)
{
    int64_t number;
    const char *unit = text ? read_number(text, &number) : NULL;
    if (!unit)
        return -1;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t length = strlen(sizes[i].name);
        if (strncmp(unit, sizes[i].name, length) != 0)
            continue;
        unit += length;
        if ((*unit && !lb_streq(unit, "B")) || number > INT64_MAX / sizes[i].factor)
            return -1;
        *bytes = number * sizes[i].factor;
        return 0;
    }
    return -1;
}

char *lb_size_format(struct lb_arena *arena, int64_t bytes)
{
    size_t unit = 0;
    while (!bytes ? unit + 1 < COUNT(sizes) : bytes % sizes[unit].factor != 0)
        unit++;
    return lb_arena_printf(arena, "%lld%s", (long long)(bytes / sizes[unit].factor),
                           sizes[unit].name);
}

char *lb_duration_words(struct lb_arena *arena, int64_t seconds)
{
    static const struct {
        int64_t seconds;
        const char *unit, *next;
        int64_t next_seconds;
    } rows[] = {{86400, "d", "h", 3600}, {3600, "h", "m", 60}, {60, "m", "s", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (seconds < rows[i].seconds)
            continue;
        long long big = (long long)(seconds / rows[i].seconds);
        long long small = (long long)(seconds % rows[i].seconds / rows[i].next_seconds);
        return small
                   ? lb_arena_printf(arena, "%lld%s %lld%s", big, rows[i].unit, small, rows[i].next)
                   : lb_arena_printf(arena, "%lld%s", big, rows[i].unit);
    }
    return lb_arena_printf(arena, "%llds", (long long)seconds);
}
