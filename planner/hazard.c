/* hazard.c: the table of hazards, the passes over it, and what the checks share. The checks are in
 * hazard_<subject>.c.
 */
#include "planner/hazard.h"

#include "base/exit.h"
#include "planner/engine.h"
#include "planner/hazard_checks.h"
#include "providers/names.h"

#include <string.h>

static const struct lb_hazard hazards[] = {
#define LB_HAZARD(code, severity, phase, summary, why, remedy, check)                              \
    {{code, summary, why, remedy, severity, severity == LB_ERROR ? LB_EXIT_REFUSED : LB_EXIT_OK},  \
     phase,                                                                                        \
     lb_hazard_##check},
#include "planner/hazards.def"
#undef LB_HAZARD
};
#define HAZARD_COUNT (sizeof hazards / sizeof *hazards)

const struct lb_hazard *lb_hazard_nth(size_t i)
{
    return i < HAZARD_COUNT ? &hazards[i] : NULL;
}

const struct lb_hazard *lb_hazard_find(const char *code)
{
    for (size_t i = 0; i < HAZARD_COUNT; i++)
        if (lb_streq(hazards[i].code.code, code))
            return &hazards[i];
    return NULL;
}

const struct lb_code *lb_hazard_code_nth(size_t i)
{
    return i < HAZARD_COUNT ? &hazards[i].code : NULL;
}

/* --- passes
 * --------------------------------------------------------------------------------------- */

static void run(struct lb_stack *stack, struct lb_diags *findings, bool live)
{
    enum lb_hazard_phase phase = live ? LB_HAZARD_LIVE : LB_HAZARD_OFFLINE;
    for (size_t i = 0; i < HAZARD_COUNT; i++) {
        struct lb_hazard_context context = {stack, findings, &hazards[i], live};
        if (hazards[i].phase & phase)
            hazards[i].check(&context);
    }
}

void lb_hazards_offline(struct lb_stack *stack, struct lb_diags *findings)
{
    run(stack, findings, false);
}

void lb_hazards_live(struct lb_stack *stack, struct lb_diags *findings)
{
    run(stack, findings, true);
}

void lb_hazard_report(struct lb_hazard_context *context, const struct lb_resource *resource,
                      const struct lb_mark *mark, const char *format, ...)
{
    const struct lb_code *code = &context->hazard->code;
    struct lb_diag diag = {.code = code->code,
                           .severity = code->severity,
                           .exit = code->exit,
                           .summary = code->summary,
                           .why = code->why,
                           .remedy = code->remedy};
    va_list args;
    va_start(args, format);
    diag.detail = lb_arena_vprintf(context->stack->arena, format, args);
    va_end(args);
    if (resource) {
        diag.address = resource->address;
        diag.mark = resource->mark;
    }
    if (mark && mark->line)
        diag.mark = *mark;
    lb_diags_add(context->findings, &diag);
}

/* --- values that count in a pass
 * ------------------------------------------------------------------ */

static bool is_there(const struct lb_resource *resource)
{
    return resource->live.status == LB_LIVE_PRESENT || resource->live.status == LB_LIVE_IN_FLUX;
}

const struct lb_value *lb_hazard_value(const struct lb_hazard_context *context,
                                       const struct lb_resource *resource, const char *path)
{
    if (resource->managed)
        return context->live ? NULL : lb_value_at(resource->desired, path);
    return context->live && is_there(resource) ? lb_value_at(resource->live.value, path) : NULL;
}

static bool has_rule(const struct lb_value *rules, const char *id)
{
    for (size_t i = 0; i < lb_value_count(rules); i++)
        if (lb_streq(lb_text_at(lb_list_item(rules, i), "id", NULL), id))
            return true;
    return false;
}

const struct lb_value *lb_hazard_rules(const struct lb_hazard_context *context,
                                       const struct lb_resource *bucket, const char *path)
{
    if (!context->live || !bucket->managed)
        return lb_hazard_value(context, bucket, path);
    const struct lb_value *live = is_there(bucket) ? lb_value_at(bucket->live.value, path) : NULL;
    const struct lb_value *desired = lb_value_at(bucket->desired, path);
    struct lb_value *kept = lb_value_list(context->stack->arena);
    for (size_t i = 0; i < lb_value_count(live); i++) {
        struct lb_value *rule = lb_list_item(live, i);
        const char *id = lb_text_at(rule, "id", "");
        if (!lb_starts_with(id, "lifeboat-") && !has_rule(desired, id))
            lb_list_add(context->stack->arena, kept, rule);
    }
    return kept;
}

bool lb_prefix_meets(const char *a, const char *b)
{
    return lb_starts_with(a, b) || lb_starts_with(b, a);
}

/* --- where snapshots are
 * --------------------------------------------------------------------------- */

struct paths {
    struct lb_arena *arena;
    struct lb_hazard_path *items;
    size_t count, capacity;
};

static void add_path(struct paths *paths, const char *bucket, const char *prefix,
                     const struct lb_resource *repository, bool replica)
{
    for (size_t i = 0; i < paths->count; i++)
        if (lb_streq(paths->items[i].bucket, bucket) && lb_streq(paths->items[i].prefix, prefix))
            return;
    paths->items = lb_arena_grow(paths->arena, paths->items, paths->count, paths->count + 1,
                                 sizeof *paths->items, &paths->capacity);
    paths->items[paths->count++] = (struct lb_hazard_path){bucket, prefix, repository, replica};
}

/* Every generation of the path: an older one may still be the one to restore from. */
static const char *prefix_of(const struct lb_stack *stack, const struct lb_resource *repository)
{
    const char *stated = lb_text_at(repository->stated, "settings/base_path", NULL);
    if (!stated)
        stated = lb_text_at(repository->stated, "base_path", NULL);
    if (!stated)
        stated = lb_text_at(repository->desired, "settings/base_path", "");
    return *stated ? lb_arena_printf(stack->arena, "%s/", stated) : "";
}

static void add_repository(struct paths *paths, const struct lb_stack *stack,
                           const struct lb_resource *repository)
{
    const char *bucket = lb_text_at(repository->desired, "settings/bucket", NULL);
    const struct lb_value *buckets = lb_map_get(repository->stated, "buckets");
    if (!lb_streq(lb_text_at(repository->desired, "type", "s3"), "s3"))
        return;
    if (bucket)
        add_path(paths, bucket, prefix_of(stack, repository), repository, false);
    for (size_t i = 0; i < lb_value_count(buckets); i++)
        add_path(paths, lb_text(lb_map_nth(buckets, i)->value, ""), prefix_of(stack, repository),
                 repository, false);
}

static void add_replicas(struct paths *paths, const struct lb_resource *bucket,
                         const struct lb_value *rules)
{
    for (size_t i = 0; i < lb_value_count(rules); i++) {
        const struct lb_value *rule = lb_list_item(rules, i);
        const char *target = lb_text_at(rule, "destination", NULL);
        size_t sources = paths->count;
        for (size_t k = 0; target && k < sources; k++) {
            const struct lb_hazard_path path = paths->items[k];
            if (!path.replica && lb_streq(path.bucket, bucket->name) &&
                lb_bool_at(rule, "enabled", true) &&
                lb_prefix_meets(lb_text_at(rule, "prefix", ""), path.prefix))
                add_path(paths, target, path.prefix, path.repository, true);
        }
    }
}

const struct lb_hazard_path *lb_hazard_paths(const struct lb_hazard_context *context, size_t *count)
{
    const struct lb_stack *stack = context->stack;
    struct paths paths = {.arena = stack->arena};
    const struct lb_resource *resource;
    size_t i = 0;
    while ((resource = lb_stack_next(stack, "repository", &i)))
        add_repository(&paths, stack, resource);
    i = 0;
    while ((resource = lb_stack_next(stack, "bucket", &i))) {
        add_replicas(&paths, resource, lb_value_at(resource->desired, "replication/rules"));
        add_replicas(&paths, resource, lb_value_at(resource->live.value, "replication/rules"));
    }
    *count = paths.count;
    return paths.items;
}
