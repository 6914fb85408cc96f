/* cluster_slm.c: snapshot lifecycle management of self-managed Elasticsearch; domains of the
 * service do not have it. Schedules are Quartz; names resolve date math; retention runs once a day.
 */
#include "sandbox/cluster.h"

#include "base/time.h"

#include <string.h>
#include <time.h>

#define RETENTION "0 30 1 * * ?" /* slm.retention_schedule */
#define MAX_FIRINGS 5000

static struct lb_value *table(struct sandbox *sandbox, const struct sb_node *node)
{
    return sb_node_table(sandbox, node, "slm");
}

static bool available(struct sb_call *call)
{
    const struct sb_node *node = sb_node_of(call);

    if (node->elastic && !node->plain && !node->domain)
        return true;
    sb_node_unknown_path(call);
    return false;
}

static void not_found(struct sb_call *call)
{
    sb_node_error(call, 404, "resource_not_found_exception",
                  "snapshot lifecycle policy or policies [%s] not found", call->args[0]);
}

/* "<nightly-{now/d}>" -> "nightly-2026.11.22-" and 22 characters that make it unique. */
static const char *snapshot_name(struct sandbox *sandbox, struct lb_arena *arena, const char *name,
                                 int64_t at)
{
    const char *open = strchr(name, '{'), *close = open ? strchr(open, '}') : NULL;
    const char *id = sb_id(sandbox, arena, "abcdefghijklmnopqrstuvwxyz0123456789", 22);
    time_t time = (time_t)at;
    char date[16];
    struct tm tm;

    if (name[0] != '<' || !close)
        return lb_arena_printf(arena, "%s-%s", name, id);
    gmtime_r(&time, &tm);
    strftime(date, sizeof(date), "%Y.%m.%d", &tm);
    return lb_arena_printf(arena, "%.*s%s%.*s-%s", (int)(open - name - 1), name + 1, date,
                           (int)strcspn(close + 1, ">"), close + 1, id);
}

/* NULL, or why it failed. *taken is the snapshot's name. */
static const char *take(struct sandbox *sandbox, struct lb_arena *arena, struct sb_node *node,
                        const char *id, struct lb_value *kept, int64_t at, const char **taken)
{
    struct lb_value *policy = lb_map_get(kept, "policy"), *metadata = lb_value_map(arena);
    struct lb_value *indices = lb_value_at(policy, "config/indices"), *mark = lb_value_map(arena);
    struct sb_snapshot_order order = {.wait = true, .at = at, .metadata = metadata};
    const char *fault = "repository is missing", *type;
    struct sb_repository repository;

    lb_map_set_string(arena, metadata, "policy", id);
    order.name = snapshot_name(sandbox, arena, lb_text_at(policy, "name", "snap"), at);
    order.indices = lb_is(indices, LB_LIST) ? lb_text(lb_list_item(indices, 0), "")
                                            : lb_text(indices, "");
    for (size_t i = 1; lb_is(indices, LB_LIST) && i < lb_value_count(indices); i++)
        order.indices = lb_arena_printf(arena, "%s,%s", order.indices,
                                        lb_text(lb_list_item(indices, i), ""));
    order.global_state = lb_bool_at(policy, "config/include_global_state", true);
    if (sb_repository_find(sandbox, arena, node, lb_text_at(policy, "repository", ""),
                           &repository) == 0)
        fault = sb_snapshot_start(sandbox, arena, node, &repository, &order, &type);
    lb_map_set_string(arena, mark, "snapshot_name", order.name);
    lb_map_set_int(arena, mark, "time", at * 1000);
    if (fault)
        lb_map_set_string(arena, mark, "details", fault);
    sb_keep(sandbox, kept, fault ? "last_failure" : "last_success", mark);
    sb_keep_int(sandbox, kept, fault ? "failed" : "taken",
                lb_int_at(kept, fault ? "failed" : "taken", 0) + 1);
    sb_touch(sandbox);
    *taken = order.name;
    return fault;
}

/* --- operations
 * ------------------------------------------------------------------------------------------ */
static struct lb_value *shown(struct sb_call *call, const char *id, const struct lb_value *kept)
{
    static const char *const marks[] = {"last_success", "last_failure"};
    struct lb_arena *arena = call->arena;
    struct lb_value *out = lb_value_map(arena), *stats;

    lb_map_set(arena, out, "version", lb_map_get(kept, "version"));
    lb_map_set_int(arena, out, "modified_date_millis", lb_int_at(kept, "modified", 0) * 1000);
    lb_map_set(arena, out, "policy", lb_map_get(kept, "policy"));
    for (size_t i = 0; i < 2; i++) {
        if (lb_map_get(kept, marks[i]))
            lb_map_set(arena, out, marks[i], lb_map_get(kept, marks[i]));
    }
    lb_map_set_int(arena, out, "next_execution_millis", lb_int_at(kept, "next", 0) * 1000);
    stats = lb_map_map(arena, out, "stats");
    lb_map_set_string(arena, stats, "policy", id);
    lb_map_set_int(arena, stats, "snapshots_taken", lb_int_at(kept, "taken", 0));
    lb_map_set_int(arena, stats, "snapshots_failed", lb_int_at(kept, "failed", 0));
    lb_map_set_int(arena, stats, "snapshots_deleted", lb_int_at(kept, "deleted", 0));
    lb_map_set_int(arena, stats, "snapshot_deletion_failures", 0);
    return out;
}

void sb_op_slm_get(struct sb_call *call)
{
    struct lb_value *policies = table(call->sandbox, sb_node_of(call));
    struct lb_value *body = lb_value_map(call->arena);

    if (!available(call))
        return;
    for (size_t i = 0; i < lb_value_count(policies); i++) {
        const struct lb_entry *entry = lb_map_nth(policies, i);

        if (!call->args[0] || sb_index_wanted(call->args[0], entry->key))
            lb_map_set(call->arena, body, entry->key, shown(call, entry->key, entry->value));
    }
    if (call->args[0] && !lb_value_count(body) && !strchr(call->args[0], '*'))
        not_found(call);
    else
        sb_reply_json(call->response, 200, body);
}

/* As Elasticsearch's own classes refuse it (x-pack-core 7.10.2: SnapshotLifecyclePolicy.parse and
 * validate, SnapshotRetentionConfiguration). */
static const char *parse_fault(struct sb_call *call)
{
    static const char *const needed[] = {"name", "schedule", "repository"};
    struct lb_value *retention = lb_map_get(call->body, "retention");
    const char *age = lb_text_at(retention, "expire_after", "");
    int64_t least = lb_int_at(retention, "min_count", 1);
    int64_t most = lb_int_at(retention, "max_count", INT64_MAX);

    for (size_t i = 0; i < 3; i++) {
        if (!lb_map_get(call->body, needed[i]))
            return lb_arena_printf(call->arena, "Required [%s]", needed[i]);
    }
    if (strchr(age, '.'))
        return lb_arena_printf(
            call->arena, "failed to parse [%s], fractional time values are not supported", age);
    if (least > most)
        return lb_arena_printf(
            call->arena,
            "minimum snapshot count %lld cannot be larger than maximum snapshot count %lld",
            (long long)least, (long long)most);
    return NULL;
}

static const char *validation_fault(struct sb_call *call)
{
    const char *schedule = lb_text_at(call->body, "schedule", "");
    const char *name = lb_text_at(call->body, "name", "");

    if (sb_cron_fault(call->arena, schedule, true))
        return lb_arena_printf(call->arena, "invalid schedule: invalid cron expression [%s]",
                               schedule);
    if (strcmp(name, lb_lowercase(call->arena, name)) != 0)
        return lb_arena_printf(call->arena, "invalid snapshot name [%s]: must be lowercase", name);
    if (lb_value_at(call->body, "config/metadata/policy"))
        return "invalid configuration.metadata: field name [policy] is reserved and will be added "
               "automatically";
    return NULL;
}

/* True when the policy was refused, and that answered. */
static bool refuse_policy(struct sb_call *call)
{
    const char *repository = lb_text_at(call->body, "repository", "");
    const char *fault = parse_fault(call);

    if (fault) {
        sb_node_error(call, 400, "illegal_argument_exception", "%s", fault);
    } else if ((fault = validation_fault(call))) {
        sb_node_error(call, 400, "action_request_validation_exception", "Validation Failed: 1: %s;",
                      fault);
    } else if (!lb_map_get(sb_node_table(call->sandbox, sb_node_of(call), "repositories"),
                           repository)) {
        fault = "no such repository";
        sb_node_error(call, 400, "illegal_argument_exception", "no such repository [%s]",
                      repository);
    }
    return fault != NULL;
}

void sb_op_slm_put(struct sb_call *call)
{
    struct lb_value *kept;
    int64_t version, now = sb_now(call->sandbox);

    if (!available(call) || refuse_policy(call))
        return;
    kept = lb_map_map(call->sandbox->arena, table(call->sandbox, sb_node_of(call)), call->args[0]);
    version = lb_int_at(kept, "version", 0) + 1;
    sb_keep(call->sandbox, kept, "policy", call->body);
    sb_keep_int(call->sandbox, kept, "version", version);
    sb_keep_int(call->sandbox, kept, "modified", now);
    sb_keep_int(call->sandbox, kept, "next",
                sb_cron_next(lb_text_at(call->body, "schedule", ""), true, now));
    sb_keep_int(call->sandbox, kept, "retention", sb_cron_next(RETENTION, true, now));
    sb_node_acknowledge(call);
}

void sb_op_slm_delete(struct sb_call *call)
{
    if (!available(call))
        return;
    if (lb_map_remove(table(call->sandbox, sb_node_of(call)), call->args[0]))
        sb_node_acknowledge(call);
    else
        not_found(call);
}

void sb_op_slm_execute(struct sb_call *call)
{
    struct lb_value *kept = lb_map_get(table(call->sandbox, sb_node_of(call)), call->args[0]);
    struct lb_value *body = lb_value_map(call->arena);
    const char *fault, *taken;

    if (!available(call))
        return;
    if (!kept) {
        not_found(call);
        return;
    }
    fault = take(call->sandbox, call->arena, sb_node_of(call), call->args[0], kept,
                 sb_now(call->sandbox), &taken);
    if (fault) {
        sb_node_error(call, 500, "repository_exception", "%s", fault);
        return;
    }
    lb_map_set_string(call->arena, body, "snapshot_name", taken);
    sb_reply_json(call->response, 200, body);
}

/* --- time
 * ----------------------------------------------------------------------------------------------------
 */
static void expire(struct sandbox *sandbox, struct lb_arena *arena, struct sb_node *node,
                   const char *id, struct lb_value *kept, int64_t at)
{
    struct lb_value *rules = lb_value_at(kept, "policy/retention"), *index, *snapshots;
    int64_t age = INT64_MAX, own = 0, least = lb_int_at(rules, "min_count", 0), generation;
    int64_t most = lb_int_at(rules, "max_count", INT64_MAX);
    struct sb_repository repository;

    if (!rules ||
        sb_repository_find(sandbox, arena, node, lb_text_at(kept, "policy/repository", ""),
                           &repository) != 0 ||
        sb_repository_fault(sandbox, arena, node, &repository))
        return;
    if (lb_map_get(rules, "expire_after") &&
        lb_duration_parse(lb_text_at(rules, "expire_after", ""), &age) != 0)
        age = INT64_MAX;
    index = sb_blob_index_load(sandbox, arena, &repository, &generation);
    snapshots = lb_map_get(index, "snapshots");
    for (size_t i = 0; i < lb_value_count(snapshots); i++)
        own += lb_streq(lb_text_at(sb_snapshot_details(
                                       sandbox, lb_text_at(lb_list_item(snapshots, i), "uuid", "")),
                                   "metadata/policy", ""),
                        id);
    for (size_t i = 0; i < lb_value_count(snapshots) && own > least; i++) {
        struct lb_value *details = sb_snapshot_details(
            sandbox, lb_text_at(lb_list_item(snapshots, i), "uuid", ""));

        if (!lb_streq(lb_text_at(details, "metadata/policy", ""), id) ||
            (at - lb_int_at(details, "start", 0) <= age && own <= most))
            continue;
        sb_blob_snapshot_delete(sandbox, arena, &repository, lb_text_at(details, "snapshot", ""));
        sb_keep_int(sandbox, kept, "deleted", lb_int_at(kept, "deleted", 0) + 1);
        own--;
    }
}

void sb_slm_tick(struct sandbox *sandbox, struct lb_arena *arena, struct sb_node *node, int64_t now)
{
    struct lb_value *policies = table(sandbox, node);

    for (size_t i = 0; i < lb_value_count(policies); i++) {
        const struct lb_entry *entry = lb_map_nth(policies, i);
        const char *schedule = lb_text_at(entry->value, "policy/schedule", ""), *taken;

        for (int fired = 0; fired < MAX_FIRINGS; fired++) {
            int64_t next = lb_int_at(entry->value, "next", -1);
            int64_t retention = lb_int_at(entry->value, "retention", -1);

            if (next >= 0 && next <= now && (next <= retention || retention < 0)) {
                take(sandbox, arena, node, entry->key, entry->value, next, &taken);
                sb_keep_int(sandbox, entry->value, "next", sb_cron_next(schedule, true, next));
            } else if (retention >= 0 && retention <= now) {
                expire(sandbox, arena, node, entry->key, entry->value, retention);
                sb_keep_int(sandbox, entry->value, "retention",
                            sb_cron_next(RETENTION, true, retention));
            } else {
                break;
            }
        }
    }
}
