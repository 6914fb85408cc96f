/* schedule.h: private to the parts of the schedule provider. */
#ifndef LB_PROVIDERS_SCHEDULE_H
#define LB_PROVIDERS_SCHEDULE_H

#include "providers/provider.h"

/* Who runs a schedule: OpenSearch's Snapshot Management or Elasticsearch's SLM. Their policies say
 * the same in other words. */
struct lb_scheduler {
    const char *name; /* "sm", "slm" */
    const char *title;
    const struct lb_op *list, *create, *update;
    int fields_min, fields_max; /* of a cron expression */
    bool quartz;                /* seconds first, '?' for "no day" */
    bool whole_durations;       /* 36h is stored as 1.5d, which cannot be read back */
    const char *const *lacks;   /* attributes it does not have; ends with NULL */
    /* The policy in the answer of `list`, without what moves by itself (counters, next run): what
     * `from` and `to` take. NULL when it is not there. */
    struct lb_value *(*find)(struct lb_arena *arena, const struct lb_value *body, const char *name);
    /* The name and text of the nth policy, for strays; false at the end. */
    bool (*nth)(const struct lb_value *body, size_t i, const char **name, const char **text);
    void (*from)(struct lb_arena *arena, const struct lb_value *item, struct lb_value *out);
    struct lb_value *(*to)(struct lb_arena *arena, const char *name, const struct lb_value *desired,
                           const struct lb_value *item);
};

extern const struct lb_scheduler lb_scheduler_sm, lb_scheduler_slm;

/* The schedulers' two dialects of cron for an interval; NULL when it does not divide hour or day.
 */
const char *lb_cron_every(struct lb_arena *arena, int64_t seconds, const char *at, bool quartz);
int lb_cron_fields(const char *expression);
/* Quartz wants '?' in one of its two day fields, and only in one. */
bool lb_cron_leaves_one_day_open(const char *expression);
/* "1d", "90s": the largest unit that divides; SM and SLM know no weeks. */
const char *lb_schedule_duration(struct lb_arena *arena, int64_t seconds);
/* The unit that SM would show it in: the largest that it reaches. */
int64_t lb_schedule_unit(int64_t seconds);

#endif
