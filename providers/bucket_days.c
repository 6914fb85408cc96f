/* bucket_days.c: S3 counts ages in whole days, the spec in durations. */
#include "base/time.h"
#include "providers/bucket.h"

int64_t lb_bucket_days(struct lb_stack *stack, const struct lb_value *value)
{
    int64_t seconds = 0;
    const char *text = lb_text(value, "");
    if (lb_duration_parse(text, &seconds) || seconds < LB_DAY_SECONDS ||
        seconds % LB_DAY_SECONDS != 0) {
        static const struct lb_mark nowhere;
        return lb_diags_error(stack->diags, "LB-S061", value ? value->mark : &nowhere,
                              "\"%s\" is not a whole number of days", text);
    }
    return seconds / LB_DAY_SECONDS;
}

const char *lb_bucket_date(struct lb_arena *arena, const struct lb_value *text)
{
    int64_t seconds = 0;
    const char *written = lb_text(text, NULL);
    return written && lb_time_parse(written, &seconds) == 0 ? lb_time_format(arena, seconds)
                                                            : written;
}

const char *lb_bucket_duration(struct lb_arena *arena, const struct lb_value *days)
{
    int64_t count = lb_int(days, -1);
    return count < 0 ? NULL : lb_arena_printf(arena, "%lldd", (long long)count);
}

void lb_bucket_set_days(struct lb_arena *arena, struct lb_value *map, const char *member,
                        const char *text)
{
    int64_t seconds = 0;
    if (text && lb_duration_parse(text, &seconds) == 0) {
        lb_map_set_int(arena, map, member, seconds / LB_DAY_SECONDS);
    }
}
