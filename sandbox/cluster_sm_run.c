/* cluster_sm_run.c: Snapshot Management policies firing: creation and deletion on their crons. */
#include "sandbox/cluster.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_FIRINGS 5000 /* of one policy in one tick */

struct run {
    struct sandbox *sandbox;
    struct lb_arena *arena;
    struct sb_node *node;
    const char *name;
    struct lb_value *kept, *policy;
};

/* Java date patterns, as far as policies use them; the result becomes part of a snapshot's name. */
static char *date_text(struct lb_arena *arena, const char *pattern, int64_t at)
{
    static const char *const tokens[] = {"yyyy", "MM", "dd", "HH", "mm", "ss"};
    time_t time = (time_t)at;
    struct lb_str out;
    struct tm tm;

    gmtime_r(&time, &tm);
    const int values[] = {tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                          tm.tm_hour,        tm.tm_min,     tm.tm_sec};

    lb_str_init(&out, 256);
    while (*pattern) {
        size_t i = 0;

        while (i < 6 && !lb_starts_with(pattern, tokens[i]))
            i++;
        if (i < 6) {
            lb_str_printf(&out, "%0*d", (int)strlen(tokens[i]), values[i]);
            pattern += strlen(tokens[i]);
        } else {
            if (*pattern != '\'')
                lb_str_putc(&out, *pattern);
            pattern++;
        }
    }
    return lb_lowercase(arena, lb_str_take(&out, arena));
}

static void note(struct run *run, const char *part, const char *status, int64_t at,
                 const char *message)
{
    struct lb_value *execution = lb_value_map(run->arena);
    struct lb_value *runs = lb_map_map(run->sandbox->arena, run->kept, "runs");

    lb_map_set_string(run->arena, execution, "status", status);
    lb_map_set_int(run->arena, execution, "start_time", at * 1000);
    lb_map_set_int(run->arena, execution, "end_time", (at + 2) * 1000);
    lb_map_set(
        run->arena, lb_map_map(run->arena, execution, "info"), "message",
        lb_value_format(run->arena, "[%.19sZ]: %s", sb_time_millis(run->arena, at + 2), message));
    sb_keep(run->sandbox, runs, part, execution);
    sb_touch(run->sandbox);
}

static void create(struct run *run, int64_t at)
{
    struct lb_value *config = lb_map_get(run->policy, "snapshot_config");
    struct lb_value *metadata = lb_map_get(config, "metadata");
    struct sb_repository repository;
    struct sb_snapshot_order order = {
        .wait = true, .at = at, .global_state = lb_bool_at(config, "include_global_state", true)};
    const char *fault = "the repository is missing", *type;

    metadata = metadata ? lb_value_copy(run->arena, metadata) : lb_value_map(run->arena);
    lb_map_set_string(run->arena, metadata, "sm_policy", run->name);
    order.metadata = metadata;
    order.indices = lb_text_at(config, "indices", "*");
    order.name = lb_arena_printf(
        run->arena, "%s-%s-%s", run->name,
        date_text(run->arena, lb_text_at(config, "date_format", "yyyy-MM-dd'T'HH:mm:ss"), at),
        sb_id(run->sandbox, run->arena, "abcdefghijklmnopqrstuvwxyz0123456789", 8));
    if (sb_repository_find(run->sandbox, run->arena, run->node,
                           lb_text_at(config, "repository", ""), &repository) == 0)
        fault = sb_snapshot_start(run->sandbox, run->arena, run->node, &repository, &order, &type);
    note(run, "creation", fault ? "FAILED" : "SUCCESS", at,
         fault ? lb_arena_printf(run->arena, "Caught exception while creating snapshot: %s", fault)
               : lb_arena_printf(run->arena, "Snapshot %s creation has finished successfully.",
                                 order.name));
}

static double age_seconds(const char *text)
{
    char *end;
    double number = strtod(text, &end);

    return number * (*end == 'd' ? 86400 : *end == 'h' ? 3600 : *end == 'm' ? 60 : 1);
}

/* The policy's own snapshots, oldest first; what others made is never touched. */
static struct lb_value *own_snapshots(struct run *run, const struct sb_repository *repository)
{
    int64_t generation;
    struct lb_value *index = sb_blob_index_load(run->sandbox, run->arena, repository, &generation);
    struct lb_value *snapshots = lb_map_get(index, "snapshots"), *own = lb_value_list(run->arena);

    for (size_t i = 0; i < lb_value_count(snapshots); i++) {
        struct lb_value *details = sb_snapshot_details(
            run->sandbox, lb_text_at(lb_list_item(snapshots, i), "uuid", ""));
        size_t at;

        if (!lb_streq(lb_text_at(details, "metadata/sm_policy", ""), run->name))
            continue;
        lb_list_add(run->arena, own, details);
        for (at = lb_value_count(own) - 1; at > 0 && lb_int_at(own->as.list.items[at - 1], "start",
                                                               0) > lb_int_at(details, "start", 0);
             at--) {
            own->as.list.items[at] = own->as.list.items[at - 1];
            own->as.list.items[at - 1] = details;
        }
    }
    return own;
}

static void delete_expired(struct run *run, int64_t at)
{
    struct lb_value *condition = lb_value_at(run->policy, "deletion/condition"), *own;
    const char *age = lb_text_at(condition, "max_age", NULL);
    int64_t keep = lb_int_at(condition, "min_count", 1), left, deleted = 0;
    int64_t most = lb_int_at(condition, "max_count", INT64_MAX);
    struct sb_repository repository;

    if (sb_repository_find(run->sandbox, run->arena, run->node,
                           lb_text_at(run->policy, "snapshot_config/repository", ""),
                           &repository) != 0 ||
        sb_repository_fault(run->sandbox, run->arena, run->node, &repository)) {
        note(run, "deletion", "FAILED", at, "Caught exception while deleting snapshots.");
        return;
    }
    own = own_snapshots(run, &repository);
    left = (int64_t)lb_value_count(own);
    for (size_t i = 0; i < lb_value_count(own) && left > keep; i++) {
        struct lb_value *details = lb_list_item(own, i);
        bool old = age && (double)(at - lb_int_at(details, "start", 0)) > age_seconds(age);

        if (!old && left <= most)
            break;
        sb_blob_snapshot_delete(run->sandbox, run->arena, &repository,
                                lb_text_at(details, "snapshot", ""));
        left--;
        deleted++;
    }
    if (deleted)
        note(run, "deletion", "SUCCESS", at, "Snapshots deletion has finished successfully.");
}

static const struct {
    const char *part;
    void (*fire)(struct run *, int64_t);
} parts[] = {{"creation", create}, {"deletion", delete_expired}};

/* Firings of both parts in the order of their times: retention sees what was taken before it. */
static void fire_due(struct run *run, int64_t now)
{
    struct lb_value *next = lb_map_get(run->kept, "next");

    for (int fired = 0; fired < MAX_FIRINGS; fired++) {
        int64_t at = INT64_MAX;
        size_t due = 2;

        for (size_t i = 0; i < 2; i++) {
            int64_t one = lb_int_at(next, parts[i].part, -1);

            if (one >= 0 && one <= now && one < at) {
                at = one;
                due = i;
            }
        }
        if (due == 2)
            return;
        parts[due].fire(run, at);
        sb_keep_int(run->sandbox, next, parts[due].part,
                    sb_cron_next(lb_text_at(lb_value_at(run->policy, parts[due].part),
                                            "schedule/cron/expression", ""),
                                 false, at));
    }
}

void sb_sm_tick(struct sandbox *sandbox, struct lb_arena *arena, struct sb_node *node, int64_t now)
{
    struct lb_value *policies = sb_node_table(sandbox, node, "policies");

    for (size_t i = 0; i < lb_value_count(policies); i++) {
        const struct lb_entry *entry = lb_map_nth(policies, i);
        struct run run = {.sandbox = sandbox,
                          .arena = arena,
                          .node = node,
                          .name = entry->key,
                          .kept = entry->value,
                          .policy = lb_map_get(entry->value, "policy")};

        if (lb_bool_at(run.policy, "enabled", true))
            fire_due(&run, now);
    }
}
