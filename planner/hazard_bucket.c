/* hazard_bucket.c: what can happen to snapshot data in its buckets.
 *
 * The incident behind most of these: a 7-day expiry that was meant for a housekeeping prefix put
 * delete markers over a repository's blobs, and every snapshot still said SUCCESS.
 */
#include "planner/hazard_checks.h"

#include "base/time.h"

#include <string.h>

#define DAY ((int64_t)86400)
#define WEEK (7 * DAY)
#define AUTO_PURGE "lifeboat-auto-purge"

/* --- rules that meet repositories
 * ------------------------------------------------------------------ */

/* The words for what a rule does that this hazard is about; NULL when it does nothing of the kind.
 */
typedef const char *effect_fn(struct lb_arena *arena, const struct lb_value *rule);

/* A rule for objects larger than they may be matches none. Tags and sizes narrow a rule, but
 * whether a blob will match cannot be known, so they are no protection. */
static bool can_match(const struct lb_value *rule)
{
    int64_t above = -1, below = -1;
    const char *larger = lb_text_at(rule, "larger_than", NULL);
    const char *smaller = lb_text_at(rule, "smaller_than", NULL);
    if (!lb_bool_at(rule, "enabled", true))
        return false;
    if (larger && lb_size_parse(larger, &above))
        above = lb_int_at(rule, "larger_than", -1);
    if (smaller && lb_size_parse(smaller, &below))
        below = lb_int_at(rule, "smaller_than", -1);
    return !(smaller && larger && below <= above + 1);
}

static const char *words_of_filter(struct lb_arena *arena, const struct lb_value *rule)
{
    const char *prefix = lb_text_at(rule, "prefix", "");
    const char *more = lb_map_get(rule, "tags")           ? ", by tag"
                       : lb_map_get(rule, "larger_than")  ? ", by size"
                       : lb_map_get(rule, "smaller_than") ? ", by size"
                                                          : "";
    return *prefix ? lb_arena_printf(arena, "prefix \"%s\"%s", prefix, more)
                   : lb_arena_printf(arena, "the whole bucket%s", more);
}

static void report_rule(struct lb_hazard_context *context, const struct lb_resource *bucket,
                        const struct lb_value *rule, const struct lb_hazard_path *path,
                        const char *effect)
{
    struct lb_arena *arena = context->stack->arena;
    lb_hazard_report(context, bucket, rule->mark, "rule \"%s\" (%s) %s; %s keeps its %s in \"%s\"",
                     lb_text_at(rule, "id", ""), words_of_filter(arena, rule), effect,
                     path->repository->address, path->replica ? "replica" : "snapshots",
                     *path->prefix ? path->prefix : "/");
}

/* One finding a rule, for the first repository that it meets. */
static void check_rule(struct lb_hazard_context *context, const struct lb_resource *bucket,
                       const struct lb_value *rule, const char *effect)
{
    size_t count;
    const struct lb_hazard_path *paths = lb_hazard_paths(context, &count);
    for (size_t i = 0; i < count; i++) {
        if (!lb_streq(paths[i].bucket, bucket->name) ||
            !lb_prefix_meets(lb_text_at(rule, "prefix", ""), paths[i].prefix))
            continue;
        report_rule(context, bucket, rule, &paths[i], effect);
        return;
    }
}

static bool is_derived_purge(const struct lb_resource *bucket, const struct lb_value *rule)
{
    return lb_map_get(bucket->stated, "auto_purge") &&
           lb_streq(lb_text_at(rule, "id", NULL), AUTO_PURGE);
}

static void check_rules(struct lb_hazard_context *context, effect_fn *effect_of)
{
    const struct lb_resource *bucket;
    size_t i = 0;
    while ((bucket = lb_stack_next(context->stack, "bucket", &i))) {
        const struct lb_value *rules = lb_hazard_rules(context, bucket, "lifecycle/rules");
        for (size_t k = 0; k < lb_value_count(rules); k++) {
            const struct lb_value *rule = lb_list_item(rules, k);
            const char *effect = can_match(rule) ? effect_of(context->stack->arena, rule) : NULL;
            if (effect && !is_derived_purge(bucket, rule))
                check_rule(context, bucket, rule, effect);
        }
    }
}

/* --- effects
 * --------------------------------------------------------------------------------------- */

static const char *expires(struct lb_arena *arena, const struct lb_value *rule)
{
    const char *after = lb_text_at(rule, "expire_after", NULL);
    const char *on = lb_text_at(rule, "expire_on", NULL);
    if (after)
        return lb_arena_printf(arena, "expires objects after %s", after);
    return on ? lb_arena_printf(arena, "expires objects on %s", on) : NULL;
}

static bool is_readable_class(const char *name)
{
    static const char *const readable[] = {"STANDARD", "STANDARD_IA", "ONEZONE_IA", "GLACIER_IR",
                                           "INTELLIGENT_TIERING"};
    for (size_t i = 0; i < sizeof readable / sizeof *readable; i++)
        if (lb_streq(readable[i], name))
            return true;
    return false;
}

static const char *moves(struct lb_arena *arena, const struct lb_value *rule, bool readable)
{
    const struct lb_value *list = lb_map_get(rule, "transitions");
    for (size_t i = 0; i < lb_value_count(list); i++) {
        const char *to = lb_text_at(lb_list_item(list, i), "storage_class", "");
        if (is_readable_class(to) == readable)
            return lb_arena_printf(arena, "moves objects to %s", to);
    }
    return NULL;
}

static const char *archives(struct lb_arena *arena, const struct lb_value *rule)
{
    return moves(arena, rule, false);
}

static const char *retiers(struct lb_arena *arena, const struct lb_value *rule)
{
    return moves(arena, rule, true);
}

static const char *forgets(struct lb_arena *arena, const struct lb_value *rule)
{
    const char *after = lb_text_at(rule, "noncurrent_after", NULL);
    int64_t seconds = 0;
    if (!after || lb_duration_parse(after, &seconds) || seconds >= WEEK)
        return NULL;
    return lb_arena_printf(arena, "deletes noncurrent versions after %s", after);
}

void lb_hazard_check_expiry(struct lb_hazard_context *context)
{
    check_rules(context, expires);
}

void lb_hazard_check_archive(struct lb_hazard_context *context)
{
    check_rules(context, archives);
}

void lb_hazard_check_transition(struct lb_hazard_context *context)
{
    check_rules(context, retiers);
}

void lb_hazard_check_undo_window(struct lb_hazard_context *context)
{
    check_rules(context, forgets);
}

/* --- the auto-purge prefix and other prefixes
 * -------------------------------------------------------- */

void lb_hazard_check_auto_purge(struct lb_hazard_context *context)
{
    const struct lb_resource *bucket;
    size_t i = 0;
    while ((bucket = lb_stack_next(context->stack, "bucket", &i))) {
        const struct lb_value *purge = lb_map_get(bucket->stated, "auto_purge");
        const struct lb_value *rules = lb_value_at(bucket->desired, "lifecycle/rules");
        for (size_t k = 0; purge && k < lb_value_count(rules); k++) {
            struct lb_value *rule = lb_list_item(rules, k);
            if (!is_derived_purge(bucket, rule) || !bucket->managed)
                continue;
            const struct lb_value *prefix = lb_map_get(purge, "prefix");
            struct lb_value placed = *rule;
            placed.mark = prefix && prefix->mark->line ? prefix->mark : purge->mark;
            check_rule(context, bucket, &placed, "expires objects");
        }
    }
}

void lb_hazard_check_leading_slash(struct lb_hazard_context *context)
{
    const struct lb_resource *bucket;
    size_t i = 0;
    while ((bucket = lb_stack_next(context->stack, "bucket", &i))) {
        const struct lb_value *rules = lb_hazard_rules(context, bucket, "lifecycle/rules");
        for (size_t k = 0; k < lb_value_count(rules); k++) {
            const struct lb_value *rule = lb_list_item(rules, k);
            const char *prefix = lb_text_at(rule, "prefix", "");
            if (*prefix == '/' && expires(context->stack->arena, rule))
                lb_hazard_report(context, bucket, rule->mark, "rule \"%s\" has the prefix \"%s\"",
                                 lb_text_at(rule, "id", ""), prefix);
        }
    }
}

static bool expires_anything(const struct lb_hazard_context *context,
                             const struct lb_resource *bucket)
{
    const struct lb_value *rules = lb_hazard_rules(context, bucket, "lifecycle/rules");
    for (size_t i = 0; i < lb_value_count(rules); i++) {
        const struct lb_value *rule = lb_list_item(rules, i);
        if (can_match(rule) && expires(context->stack->arena, rule))
            return true;
    }
    return false;
}

void lb_hazard_check_root(struct lb_hazard_context *context)
{
    size_t count;
    const struct lb_hazard_path *paths = lb_hazard_paths(context, &count);
    for (size_t i = 0; i < count; i++) {
        const struct lb_resource *bucket = lb_stack_find(context->stack, "bucket", paths[i].bucket,
                                                         LB_SIDE_NONE);
        if (bucket && !*paths[i].prefix && expires_anything(context, bucket))
            lb_hazard_report(context, bucket, NULL, "%s has no base path in it",
                             paths[i].repository->address);
    }
}

/* --- the bucket as a whole
 * --------------------------------------------------------------------------- */

void lb_hazard_check_versioning(struct lb_hazard_context *context)
{
    size_t count;
    const struct lb_hazard_path *paths = lb_hazard_paths(context, &count);
    const struct lb_resource *bucket;
    size_t i = 0;
    while ((bucket = lb_stack_next(context->stack, "bucket", &i))) {
        bool counts = bucket->managed ? !context->live
                                      : context->live && bucket->live.status == LB_LIVE_PRESENT;
        const struct lb_value *status = lb_hazard_value(context, bucket, "versioning/status");
        if (!counts || lb_streq(lb_text(status, NULL), "Enabled"))
            continue;
        for (size_t k = 0; k < count; k++) {
            if (!lb_streq(paths[k].bucket, bucket->name))
                continue;
            lb_hazard_report(context, bucket, status ? status->mark : NULL,
                             "it holds the snapshots of %s", paths[k].repository->address);
            break;
        }
    }
}

void lb_hazard_check_replicated(struct lb_hazard_context *context)
{
    const struct lb_value *repositories = lb_map_get(context->stack->spec, "repositories");
    for (size_t i = 0; i < lb_value_count(repositories); i++) {
        const struct lb_entry *entry = lb_map_nth(repositories, i);
        const struct lb_value *topology = lb_map_get(entry->value, "topology");
        const struct lb_resource *repository = lb_stack_find(context->stack, "repository",
                                                             entry->key, context->stack->active);
        if (repository && lb_streq(lb_text(topology, NULL), "replicated"))
            lb_hazard_report(context, repository, topology->mark, "topology replicated");
    }
}

void lb_hazard_check_replication_role(struct lb_hazard_context *context)
{
    const struct lb_resource *bucket;
    size_t i = 0;
    while ((bucket = lb_stack_next(context->stack, "bucket", &i))) {
        const struct lb_value *theirs = lb_hazard_rules(context, bucket, "replication/rules");
        const char *live = lb_text_at(bucket->live.value, "replication/role", NULL);
        const char *ours = lb_text_at(bucket->desired, "replication/role", live);
        if (bucket->managed && live && lb_value_count(theirs) && !lb_streq(live, ours))
            lb_hazard_report(context, bucket, NULL, "rule \"%s\" replicates with %s",
                             lb_text_at(lb_list_item(theirs, 0), "id", ""), live);
    }
}

/* Rules of a bucket that are scoped to a prefix, or can delete under one. */
static const char *scoped_rule(const struct lb_hazard_context *context,
                               const struct lb_resource *bucket)
{
    const struct lb_value *copies = lb_hazard_rules(context, bucket, "replication/rules");
    const struct lb_value *rules = lb_hazard_rules(context, bucket, "lifecycle/rules");
    for (size_t i = 0; i < lb_value_count(copies); i++) {
        const struct lb_value *rule = lb_list_item(copies, i);
        if (lb_bool_at(rule, "enabled", true) && *lb_text_at(rule, "prefix", ""))
            return lb_text_at(rule, "id", "");
    }
    for (size_t i = 0; i < lb_value_count(rules); i++) {
        const struct lb_value *rule = lb_list_item(rules, i);
        if (can_match(rule) && (expires(context->stack->arena, rule) ||
                                lb_value_count(lb_map_get(rule, "transitions"))))
            return lb_text_at(rule, "id", "");
    }
    return NULL;
}

static const char *shard_path_type(const struct lb_resource *repository)
{
    const char *live = lb_text_at(repository->live.value, "settings/shard_path_type", NULL);
    return lb_text_at(repository->desired, "settings/shard_path_type", live);
}

void lb_hazard_check_hashed_prefix(struct lb_hazard_context *context)
{
    const struct lb_resource *repository;
    size_t i = 0;
    while ((repository = lb_stack_next(context->stack, "repository", &i))) {
        const char *type = shard_path_type(repository);
        const struct lb_resource *bucket = lb_stack_find(
            context->stack, "bucket", lb_text_at(repository->desired, "settings/bucket", ""),
            LB_SIDE_NONE);
        const char *rule = bucket ? scoped_rule(context, bucket) : NULL;
        if (rule && type && strcmp(type, "HASHED_PREFIX") == 0)
            lb_hazard_report(context, repository, NULL, "rule \"%s\" of %s", rule, bucket->address);
    }
}
