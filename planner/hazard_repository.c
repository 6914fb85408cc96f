/* hazard_repository.c: who writes where, how often, and whether a restore can land. */
#include "planner/hazard_checks.h"

#include "base/time.h"

#define WEEK ((int64_t)7 * 86400)

/* --- writers
 * ---------------------------------------------------------------------------------------- */

static const char *bucket_name(const struct lb_resource *repository)
{
    return lb_text_at(repository->desired, "settings/bucket", NULL);
}

static const char *folder_of(const struct lb_resource *repository)
{
    return lb_text_at(repository->desired, "settings/location", NULL);
}

static bool is_writer(const struct lb_resource *repository)
{
    return (bucket_name(repository) || folder_of(repository)) &&
           !lb_bool_at(repository->desired, "settings/readonly", false);
}

static const char *path_of(struct lb_arena *arena, const struct lb_resource *repository)
{
    const char *path = lb_text_at(repository->desired, "settings/base_path", "");
    return *path ? lb_arena_printf(arena, "%s/", path) : "";
}

static bool same_place(struct lb_arena *arena, const struct lb_resource *a,
                       const struct lb_resource *b)
{
    return bucket_name(a) && lb_streq(bucket_name(a), bucket_name(b)) &&
           lb_prefix_meets(path_of(arena, a), path_of(arena, b));
}

/* What two clusters call one folder may be two, so only those of one domain are compared. */
static bool same_folder(const struct lb_resource *a, const struct lb_resource *b)
{
    return folder_of(a) && lb_streq(folder_of(a), folder_of(b)) &&
           lb_streq(lb_text_at(a->stated, "domain", NULL), lb_text_at(b->stated, "domain", ""));
}

/* Both sides of one repository that write are LB-H021's. */
static void check_pair(struct lb_hazard_context *context, const struct lb_resource *a,
                       const struct lb_stack *other, const struct lb_resource *b)
{
    struct lb_arena *arena = context->stack->arena;
    bool mine = other == context->stack;
    if (!is_writer(a) || !is_writer(b) || (mine && lb_streq(a->name, b->name)))
        return;
    if (mine && same_folder(a, b))
        lb_hazard_report(context, b, NULL, "%s writes to folder \"%s\" too", a->address,
                         folder_of(a));
    if (!same_place(arena, a, b))
        return;
    lb_hazard_report(context, b, NULL, "%s%s%s%s writes to \"%s\" of bucket \"%s\" too", a->address,
                     mine ? "" : " of stack \"", mine ? "" : other->name, mine ? "" : "\"",
                     path_of(arena, a), bucket_name(a));
}

void lb_hazard_check_writers(struct lb_hazard_context *context)
{
    const struct lb_stack *stack = context->stack;
    const struct lb_resource *a, *b;
    size_t i = 0;
    while ((a = lb_stack_next(stack, "repository", &i))) {
        size_t k = i;
        while ((b = lb_stack_next(stack, "repository", &k)))
            check_pair(context, a, stack, b);
    }
}

struct writer {
    const struct lb_stack *stack;
    const struct lb_resource *repository;
    struct writer *next; /* of the same bucket, in the order of the run */
};

struct bucket {
    struct writer *first, **last;
};

struct lb_fleet {
    struct lb_arena *arena;
    struct lb_value *index; /* bucket -> position in buckets */
    struct bucket **buckets;
    size_t count, capacity;
};

static struct bucket *bucket_of(struct lb_fleet *fleet, const char *name)
{
    int64_t at = lb_int(lb_map_get(fleet->index, name), -1);
    if (at >= 0)
        return fleet->buckets[at];
    struct bucket *bucket = lb_arena_alloc(fleet->arena, sizeof *bucket);
    bucket->last = &bucket->first;
    fleet->buckets = lb_arena_grow(fleet->arena, fleet->buckets, fleet->count, fleet->count + 1,
                                   sizeof *fleet->buckets, &fleet->capacity);
    lb_map_set_int(fleet->arena, fleet->index, name, (int64_t)fleet->count);
    fleet->buckets[fleet->count++] = bucket;
    return bucket;
}

struct lb_fleet *lb_fleet_new(struct lb_arena *arena, struct lb_stack *const *stacks, size_t count)
{
    struct lb_fleet *fleet = lb_arena_alloc(arena, sizeof *fleet);
    fleet->arena = arena;
    fleet->index = lb_value_map(arena);
    for (size_t i = 0; i < count; i++) {
        const struct lb_resource *repository;
        size_t k = 0;
        while ((repository = lb_stack_next(stacks[i], "repository", &k))) {
            if (!is_writer(repository) || !bucket_name(repository))
                continue;
            struct writer *writer = lb_arena_alloc(arena, sizeof *writer);
            *writer = (struct writer){stacks[i], repository, NULL};
            struct bucket *bucket = bucket_of(fleet, bucket_name(repository));
            *bucket->last = writer;
            bucket->last = &writer->next;
        }
    }
    return fleet;
}

void lb_hazards_fleet(struct lb_stack *stack, const struct lb_fleet *fleet,
                      struct lb_diags *findings)
{
    struct lb_hazard_context context = {stack, findings, lb_hazard_find("LB-H020"), false};
    const struct lb_resource *own;
    size_t i = 0;
    while ((own = lb_stack_next(stack, "repository", &i))) {
        int64_t at = lb_int(
            lb_map_get(fleet->index, lb_text_at(own->desired, "settings/bucket", "")), -1);
        const struct writer *writer = at < 0 ? NULL : fleet->buckets[at]->first;
        for (; writer; writer = writer->next)
            if (writer->stack != stack)
                check_pair(&context, writer->repository, writer->stack, own);
    }
}

/* --- the side that reads
 * ------------------------------------------------------------------------------ */

void lb_hazard_check_readonly(struct lb_hazard_context *context)
{
    const struct lb_resource *repository;
    size_t i = 0;
    while ((repository = lb_stack_next(context->stack, "repository", &i))) {
        const struct lb_value *readonly = lb_hazard_value(context, repository, "settings/readonly");
        const struct lb_value *stated = lb_value_at(repository->stated, "settings/readonly");
        if (repository->side != context->stack->active && readonly && !lb_bool(readonly, false))
            lb_hazard_report(context, repository, stated ? stated->mark : NULL,
                             "the %s side is active, and %s may write",
                             lb_side_name(context->stack->active), repository->address);
    }
}

void lb_hazard_check_second_writer(struct lb_hazard_context *context)
{
    const struct lb_resource *repository;
    size_t i = 0;
    while ((repository = lb_stack_next(context->stack, "repository", &i))) {
        const struct lb_value *live = lb_value_at(repository->live.value, "settings/readonly");
        if (repository->managed && repository->side != context->stack->active && live &&
            repository->live.status == LB_LIVE_PRESENT && !lb_bool(live, false) &&
            lb_bool_at(repository->desired, "settings/readonly", false))
            lb_hazard_report(context, repository, NULL, "it is registered for writing");
    }
}

/* A registration that a survey found, and that may write where this repository does. */
static bool writes_there(struct lb_arena *arena, const struct lb_resource *repository,
                         const struct lb_resource *domain, const struct lb_value *found)
{
    const char *bucket = lb_text_at(found, "bucket", NULL),
               *folder = lb_text_at(found, "folder", NULL);
    const char *path = lb_text_at(found, "path", "");
    if (lb_bool_at(found, "readonly", false))
        return false;
    if (folder_of(repository))
        return lb_streq(folder_of(repository), folder) &&
               lb_streq(lb_text_at(repository->stated, "domain", NULL), domain->name);
    return bucket && lb_streq(bucket, bucket_name(repository)) &&
           lb_prefix_meets(*path ? lb_arena_printf(arena, "%s/", path) : "",
                           path_of(arena, repository));
}

/* It writes there now, and has done so before this plan. */
static bool is_writing(const struct lb_resource *repository)
{
    static const char *const places[] = {"settings/bucket", "settings/base_path",
                                         "settings/location"};
    const struct lb_value *live = repository->live.value;
    if (repository->live.status != LB_LIVE_PRESENT || lb_bool_at(live, "settings/readonly", false))
        return false;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!lb_streq(lb_text_at(live, places[i], ""),
                      lb_text_at(repository->desired, places[i], "")))
            return false;
    return true;
}

static void check_found_writers(struct lb_hazard_context *context, bool now)
{
    const struct lb_stack *stack = context->stack;
    const struct lb_resource *repository, *domain;
    size_t i = 0;
    while ((repository = lb_stack_next(stack, "repository", &i))) {
        size_t d = 0;
        if (!repository->managed || !is_writer(repository) || is_writing(repository) != now)
            continue;
        while ((domain = lb_stack_next(stack, "domain", &d))) {
            const struct lb_value *found = lb_map_get(domain->inside, "repository");
            for (size_t k = 0; k < lb_value_count(found); k++)
                if (writes_there(stack->arena, repository, domain, lb_list_item(found, k)))
                    lb_hazard_report(context, repository, NULL, "registration %s in %s",
                                     lb_text_at(lb_list_item(found, k), "name", ""),
                                     domain->address);
        }
    }
}

void lb_hazard_check_new_writer(struct lb_hazard_context *context)
{
    check_found_writers(context, false);
}

void lb_hazard_check_stray_writer(struct lb_hazard_context *context)
{
    check_found_writers(context, true);
}

/* --- schedules
 * ---------------------------------------------------------------------------------------- */

/* The schedule of the active side: the one that runs. */
static const struct lb_resource *next_schedule(const struct lb_hazard_context *context, size_t *i)
{
    const struct lb_resource *schedule;
    while ((schedule = lb_stack_next(context->stack, "schedule", i)))
        if (schedule->side == context->stack->active || schedule->side == LB_SIDE_NONE)
            return schedule;
    return NULL;
}

static int64_t seconds_at(const struct lb_value *map, const char *path)
{
    int64_t seconds = 0;
    const char *text = lb_text_at(map, path, NULL);
    return text && lb_duration_parse(text, &seconds) == 0 ? seconds : 0;
}

void lb_hazard_check_lossy(struct lb_hazard_context *context)
{
    static const char *const paths[] = {"keep/max_age", "time_limit"};
    const struct lb_resource *schedule;
    size_t i = 0;
    while ((schedule = lb_stack_next(context->stack, "schedule", &i)))
        for (size_t k = 0; k < sizeof paths / sizeof *paths; k++) {
            int64_t seconds;
            const char *text = lb_text_at(schedule->live.value, paths[k], NULL);
            if (text && *text && lb_duration_parse(text, &seconds))
                lb_hazard_report(context, schedule, NULL, "its %s is \"%s\"", paths[k], text);
        }
}

void lb_hazard_check_interval(struct lb_hazard_context *context)
{
    const struct lb_resource *schedule;
    size_t i = 0;
    while ((schedule = next_schedule(context, &i))) {
        const struct lb_value *every = lb_map_get(schedule->stated, "every");
        if (context->stack->rpo_s && seconds_at(schedule->stated, "every") > context->stack->rpo_s)
            lb_hazard_report(context, schedule, every->mark, "every %s, with an RPO of %s",
                             lb_text(every, ""),
                             lb_duration_format(context->stack->arena, context->stack->rpo_s));
    }
}

void lb_hazard_check_count(struct lb_hazard_context *context)
{
    const struct lb_resource *schedule;
    size_t i = 0;
    while ((schedule = next_schedule(context, &i))) {
        int64_t count = lb_int_at(schedule->stated, "keep/max_count", 0);
        int64_t kept = count * seconds_at(schedule->stated, "every");
        int64_t age = seconds_at(schedule->stated, "keep/max_age");
        if (kept > 0 && kept < age)
            lb_hazard_report(context, schedule,
                             lb_value_at(schedule->stated, "keep/max_count")->mark,
                             "max_count keeps %s, max_age promises %s",
                             lb_duration_format(context->stack->arena, kept),
                             lb_duration_format(context->stack->arena, age));
    }
}

void lb_hazard_check_retention(struct lb_hazard_context *context)
{
    const struct lb_resource *schedule;
    size_t i = 0;
    while ((schedule = next_schedule(context, &i))) {
        int64_t age = seconds_at(schedule->stated, "keep/max_age");
        if (age > 0 && age < WEEK)
            lb_hazard_report(context, schedule, lb_value_at(schedule->stated, "keep/max_age")->mark,
                             "max_age is %s", lb_duration_format(context->stack->arena, age));
    }
}

static bool is_scheduled(const struct lb_hazard_context *context, const char *repository)
{
    const struct lb_resource *schedule;
    size_t i = 0;
    while ((schedule = next_schedule(context, &i)))
        if (lb_streq(lb_text_at(schedule->stated, "repository", NULL), repository) &&
            lb_bool_at(schedule->stated, "enabled", true))
            return true;
    return false;
}

void lb_hazard_check_unscheduled(struct lb_hazard_context *context)
{
    const struct lb_value *repositories = lb_map_get(context->stack->spec, "repositories");
    for (size_t i = 0; context->stack->rpo_s && i < lb_value_count(repositories); i++) {
        const struct lb_entry *entry = lb_map_nth(repositories, i);
        const struct lb_resource *repository = lb_stack_find(context->stack, "repository",
                                                             entry->key, context->stack->active);
        if (repository && repository->managed && !is_scheduled(context, entry->key))
            lb_hazard_report(context, repository, NULL, "the RPO is %s",
                             lb_duration_format(context->stack->arena, context->stack->rpo_s));
    }
}

/* --- restore targets
 * ---------------------------------------------------------------------------------- */

static bool is_restored_to(const struct lb_hazard_context *context,
                           const struct lb_resource *domain)
{
    const struct lb_value *repositories = lb_map_get(context->stack->spec, "repositories");
    for (size_t i = 0; i < lb_value_count(repositories); i++)
        if (lb_streq(lb_text_at(lb_map_nth(repositories, i)->value, "domain", NULL), domain->name))
            return domain->side != context->stack->active;
    return false;
}

void lb_hazard_check_multi_az(struct lb_hazard_context *context)
{
    const struct lb_resource *domain;
    size_t i = 0;
    while ((domain = lb_stack_next(context->stack, "domain", &i))) {
        const struct lb_value *standby = lb_hazard_value(context, domain, "multi_az_with_standby");
        /* Left open in the spec, it stays as somebody set it. */
        if (context->live && !lb_map_get(domain->desired, "multi_az_with_standby"))
            standby = lb_map_get(domain->live.value, "multi_az_with_standby");
        if (lb_bool(standby, false) && is_restored_to(context, domain))
            lb_hazard_report(context, domain, standby->mark,
                             "snapshots are restored to %s after a failover", domain->address);
    }
}

/* --- clusters of one's own
 * ---------------------------------------------------------------------------------- */

void lb_hazard_check_engine(struct lb_hazard_context *context)
{
    const struct lb_resource *domain;
    size_t i = 0;
    while ((domain = lb_stack_next(context->stack, "domain", &i))) {
        const struct lb_value *stated = lb_map_get(domain->stated, "engine");
        const char *live = lb_text_at(domain->live.value, "engine", NULL);
        if (lb_map_get(domain->stated, "endpoint") && live && !lb_streq(lb_text(stated, ""), live))
            lb_hazard_report(context, domain, stated->mark, "it runs %s", live);
    }
}
