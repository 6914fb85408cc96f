/* cluster_sm.c: Snapshot Management (index-management plugin): shapes and status codes as recorded
 * from an OpenSearch 3.4.0 node; durations are echoed as TimeValue writes them (36h -> "1.5d"),
 * which a client must not take for drift. Policies fire on the virtual clock. */
#include "sandbox/cluster.h"

#include <stdlib.h>
#include <string.h>

#define SCHEMA_VERSION 24

static struct lb_value *table(struct sandbox *sandbox, const struct sb_node *node)
{
    return sb_node_table(sandbox, node, "policies");
}

/* --- durations
 * ----------------------------------------------------------------------------------------- */
static const struct {
    const char *unit;
    double seconds;
} units[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}, {"ms", 0.001}};

static double duration_seconds(const char *text)
{
    char *end;
    double number = strtod(text, &end);

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (end != text && lb_streq(end, units[i].unit) && !strchr(text, '.'))
            return number * units[i].seconds;
    }
    return -1;
}

/* The largest unit that is at least one, one decimal, cut off; ".0" is left out. */
static const char *duration_echo(struct lb_arena *arena, double seconds)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        double value = seconds / units[i].seconds;
        long long tenths = (long long)(value * 10 + 1e-9);

        if (value < 1)
            continue;
        return tenths % 10
                   ? lb_arena_printf(arena, "%lld.%lld%s", tenths / 10, tenths % 10, units[i].unit)
                   : lb_arena_printf(arena, "%lld%s", tenths / 10, units[i].unit);
    }
    return "0s";
}

/* Rewrites the duration under key; false when it is none. */
static bool normalise_duration(struct lb_arena *arena, struct lb_value *map, const char *key)
{
    const char *text = lb_text_at(map, key, NULL);
    double seconds = text ? duration_seconds(text) : 0;

    if (text && seconds >= 0)
        lb_map_set_string(arena, map, key, duration_echo(arena, seconds));
    return seconds >= 0;
}

/* --- checking and completing
 * ------------------------------------------------------------------------------ */
static const char *schedule_fault(struct lb_arena *arena, const struct lb_value *part)
{
    const char *cron = lb_text_at(part, "schedule/cron/expression", NULL);

    return cron ? sb_cron_fault(arena, cron, false) : "Must provide the schedule.";
}

static const char *deletion_fault(struct lb_arena *arena, struct lb_value *deletion)
{
    struct lb_value *condition = lb_map_get(deletion, "condition");

    if (!lb_map_get(condition, "max_age") && !lb_map_get(condition, "max_count"))
        return "Please provide max_age or max_count.";
    if (!normalise_duration(arena, condition, "max_age") ||
        !normalise_duration(arena, deletion, "time_limit"))
        return "failed to parse a time value";
    lb_map_default(arena, condition, "min_count", lb_value_int(arena, 1));
    if (lb_int_at(condition, "min_count", 1) < 1)
        return "Min count should be bigger than 0.";
    if (lb_map_get(condition, "max_count") &&
        lb_int_at(condition, "max_count", 0) <= lb_int_at(condition, "min_count", 1))
        return "Max count should be bigger than min count.";
    return schedule_fault(arena, deletion);
}

/* Completes `policy` in place; NULL, or what is wrong. */
static const char *policy_fault(struct sb_call *call, struct lb_value *policy)
{
    struct lb_value *creation = lb_map_get(policy, "creation");
    struct lb_value *deletion = lb_map_get(policy, "deletion");
    const char *fault;

    if (!creation && sb_version_number(sb_node_of(call)->version) < 30300)
        return "Must provide the creation schedule.";
    fault = creation ? schedule_fault(call->arena, creation) : NULL;
    if (fault)
        return fault;
    if (!normalise_duration(call->arena, creation, "time_limit"))
        return "failed to parse a time value";
    if (!*lb_text_at(policy, "snapshot_config/repository", ""))
        return "Must provide the repository in snapshot config.";
    if (deletion && creation && !lb_map_get(deletion, "schedule"))
        lb_map_set(call->arena, deletion, "schedule", lb_map_get(creation, "schedule"));
    return deletion ? deletion_fault(call->arena, deletion) : NULL;
}

static struct lb_value *policy_made(struct sb_call *call, const char *name)
{
    static const char *const taken[] = {"creation", "deletion", "snapshot_config"};
    struct lb_value *sent = lb_map_get(call->body, "sm_policy");
    struct lb_value *policy = lb_value_map(call->arena), *interval;
    int64_t now = sb_now(call->sandbox) * 1000;
    bool enabled;

    sent = sent ? sent : call->body;
    enabled = lb_bool_at(sent, "enabled", true);
    lb_map_set_string(call->arena, policy, "name", name);
    lb_map_set_string(call->arena, policy, "description", lb_text_at(sent, "description", NULL));
    lb_map_set_int(call->arena, policy, "schema_version", SCHEMA_VERSION);
    for (size_t i = 0; i < 3; i++) {
        if (lb_map_get(sent, taken[i]))
            lb_map_set(call->arena, policy, taken[i],
                       lb_value_copy(call->arena, lb_map_get(sent, taken[i])));
    }
    interval = lb_map_map(call->arena, lb_map_map(call->arena, policy, "schedule"), "interval");
    lb_map_set_int(call->arena, interval, "start_time", now);
    lb_map_set_int(call->arena, interval, "period", 1);
    lb_map_set_string(call->arena, interval, "unit", "Minutes");
    lb_map_set_bool(call->arena, policy, "enabled", enabled);
    lb_map_set_int(call->arena, policy, "last_updated_time", now);
    lb_map_set(call->arena, policy, "enabled_time",
               enabled ? lb_value_int(call->arena, now) : lb_value_null(call->arena));
    return policy;
}

/* --- documents
 * --------------------------------------------------------------------------------------------- */
static int64_t next_seq(struct sb_call *call)
{
    struct lb_value *state = sb_node_of(call)->state;
    int64_t seq = lb_int_at(state, "sm_seq", 0);

    sb_keep_int(call->sandbox, state, "sm_seq", seq + 1);
    return seq;
}

static struct lb_value *document(struct lb_arena *arena, const char *name,
                                 const struct lb_value *kept)
{
    struct lb_value *body = lb_value_map(arena);

    lb_map_set(arena, body, "_id", lb_value_format(arena, "%s-sm-policy", name));
    lb_map_set_int(arena, body, "_version", lb_int_at(kept, "version", 1));
    lb_map_set_int(arena, body, "_seq_no", lb_int_at(kept, "seq", 0));
    lb_map_set_int(arena, body, "_primary_term", 1);
    lb_map_set(arena, body, "sm_policy", lb_map_get(kept, "policy"));
    return body;
}

/* When the parts fire next, counted from now. */
static void plan_firings(struct sandbox *sandbox, struct lb_value *kept, int64_t now)
{
    static const char *const parts[] = {"creation", "deletion"};
    struct lb_value *next = lb_map_map(sandbox->arena, kept, "next");

    for (size_t i = 0; i < 2; i++) {
        const char *cron = lb_text_at(lb_value_at(lb_map_get(kept, "policy"), parts[i]),
                                      "schedule/cron/expression", NULL);

        if (cron)
            sb_keep_int(sandbox, next, parts[i], sb_cron_next(cron, false, now));
        else
            lb_map_remove(next, parts[i]);
    }
}

static void not_found(struct sb_call *call)
{
    sb_node_error(call, 404, "status_exception", "Snapshot management policy not found");
}

static void conflict(struct sb_call *call, const char *detail)
{
    struct lb_value *error = lb_value_map(call->arena), *body = lb_value_map(call->arena), *cause;

    lb_map_set_string(call->arena, error, "type", "version_conflict_engine_exception");
    lb_map_set(call->arena, error, "reason",
               lb_value_format(call->arena, "[%s-sm-policy]: version conflict, %s", call->args[0],
                               detail));
    lb_map_set_string(call->arena, error, "index", ".opendistro-ism-config");
    lb_map_set_string(call->arena, error, "shard", "0");
    lb_map_set_string(call->arena, error, "index_uuid", "sw3Yyt_kSKOYlaXvEQoleQ");
    cause = lb_value_copy(call->arena, error);
    lb_list_add(call->arena, lb_map_list(call->arena, error, "root_cause"), cause);
    lb_map_set(call->arena, body, "error", error);
    lb_map_set_int(call->arena, body, "status", 409);
    sb_reply_json(call->response, 409, body);
}

/* --- operations
 * -----------------------------------------------------------------------------------------------
 */
/* Snapshot Management came with OpenSearch 2.1. */
static bool available(struct sb_call *call)
{
    struct sb_node *node = sb_node_of(call);

    if (!node->elastic && !node->plain && sb_version_number(node->version) >= 20100)
        return true;
    sb_node_unknown_path(call);
    return false;
}

void sb_op_sm_list(struct sb_call *call)
{
    struct lb_value *policies = table(call->sandbox, sb_node_of(call));
    struct lb_value *body = lb_value_map(call->arena), *list;

    if (!available(call))
        return;
    list = lb_map_list(call->arena, body, "policies");
    for (size_t i = 0; i < lb_value_count(policies); i++)
        lb_list_add(
            call->arena, list,
            document(call->arena, lb_map_nth(policies, i)->key, lb_map_nth(policies, i)->value));
    lb_map_set_int(call->arena, body, "total_policies", (int64_t)lb_value_count(policies));
    sb_reply_json(call->response, 200, body);
}

void sb_op_sm_get(struct sb_call *call)
{
    struct lb_value *kept = lb_map_get(table(call->sandbox, sb_node_of(call)), call->args[0]);

    if (!available(call))
        return;
    if (kept)
        sb_reply_json(call->response, 200, document(call->arena, call->args[0], kept));
    else
        not_found(call);
}

static void keep_policy(struct sb_call *call, int64_t version, int status)
{
    const char *name = call->args[0], *fault;
    struct lb_value *policy = policy_made(call, name), *kept;

    if (strcmp(name, lb_lowercase(call->arena, name)) != 0 || strpbrk(name, " ,#") ||
        name[0] == '_')
        fault = "Invalid snapshot management policy name.";
    else
        fault = policy_fault(call, policy);
    if (fault) {
        sb_node_error(call, 400, "illegal_argument_exception", "%s", fault);
        return;
    }
    kept = lb_map_map(call->sandbox->arena, table(call->sandbox, sb_node_of(call)), name);
    sb_keep(call->sandbox, kept, "policy", policy);
    sb_keep_int(call->sandbox, kept, "version", version);
    sb_keep_int(call->sandbox, kept, "seq", next_seq(call));
    plan_firings(call->sandbox, kept, sb_now(call->sandbox));
    sb_reply_json(call->response, status, document(call->arena, name, kept));
}

void sb_op_sm_create(struct sb_call *call)
{
    struct lb_value *kept = lb_map_get(table(call->sandbox, sb_node_of(call)), call->args[0]);

    if (!available(call))
        return;
    if (kept)
        conflict(call,
                 lb_arena_printf(call->arena, "document already exists (current version [%lld])",
                                 (long long)lb_int_at(kept, "version", 1)));
    else
        keep_policy(call, 1, 201);
}

void sb_op_sm_update(struct sb_call *call)
{
    struct lb_value *kept = lb_map_get(table(call->sandbox, sb_node_of(call)), call->args[0]);
    struct lb_value *query = call->request->query;

    if (!available(call))
        return;
    if (!lb_map_get(query, "if_seq_no") || !lb_map_get(query, "if_primary_term")) {
        sb_node_error(
            call, 400, "action_request_validation_exception",
            "Validation Failed: 1: Sequence number and primary term must be provided when "
            "updating a snapshot management policy;");
        return;
    }
    if (!kept) {
        not_found(call);
        return;
    }
    if (lb_int_at(query, "if_seq_no", -1) != lb_int_at(kept, "seq", 0) ||
        lb_int_at(query, "if_primary_term", -1) != 1) {
        conflict(call, lb_arena_printf(call->arena,
                                       "required seqNo [%s], primary term [%s]. current document "
                                       "has seqNo [%lld] and primary term [1]",
                                       lb_text_at(query, "if_seq_no", ""),
                                       lb_text_at(query, "if_primary_term", ""),
                                       (long long)lb_int_at(kept, "seq", 0)));
        return;
    }
    keep_policy(call, lb_int_at(kept, "version", 1) + 1, 200);
}

void sb_op_sm_delete(struct sb_call *call)
{
    struct lb_value *policies = table(call->sandbox, sb_node_of(call));
    struct lb_value *kept = lb_map_get(policies, call->args[0]), *body = lb_value_map(call->arena);
    int64_t version = lb_int_at(kept, "version", 1) + 1;

    if (!available(call))
        return;
    if (!kept) {
        not_found(call);
        return;
    }
    lb_map_remove(policies, call->args[0]);
    lb_map_set_string(call->arena, body, "_index", ".opendistro-ism-config");
    lb_map_set(call->arena, body, "_id",
               lb_value_format(call->arena, "%s-sm-policy", call->args[0]));
    lb_map_set_int(call->arena, body, "_version", version);
    lb_map_set_string(call->arena, body, "result", "deleted");
    sb_node_written(call, body, true);
    lb_map_set_int(call->arena, body, "_seq_no", next_seq(call));
    lb_map_set_int(call->arena, body, "_primary_term", 1);
    sb_reply_json(call->response, 200, body);
}

static void set_enabled(struct sb_call *call, bool enabled)
{
    struct lb_value *kept = lb_map_get(table(call->sandbox, sb_node_of(call)), call->args[0]);
    struct lb_value *policy = lb_map_get(kept, "policy");
    int64_t now = sb_now(call->sandbox);

    if (!available(call))
        return;
    if (!kept) {
        not_found(call);
        return;
    }
    sb_keep_bool(call->sandbox, policy, "enabled", enabled);
    sb_keep_int(call->sandbox, policy, "last_updated_time", now * 1000);
    sb_keep(call->sandbox, policy, "enabled_time",
            enabled ? lb_value_int(call->arena, now * 1000) : lb_value_null(call->arena));
    sb_keep_int(call->sandbox, kept, "version", lb_int_at(kept, "version", 1) + 1);
    sb_keep_int(call->sandbox, kept, "seq", next_seq(call));
    plan_firings(call->sandbox, kept, now);
    sb_node_acknowledge(call);
}

void sb_op_sm_start(struct sb_call *call)
{
    set_enabled(call, true);
}

void sb_op_sm_stop(struct sb_call *call)
{
    set_enabled(call, false);
}

static struct lb_value *explained(struct lb_arena *arena, const char *name,
                                  const struct lb_value *kept)
{
    static const char *const parts[] = {"deletion", "creation"};
    static const char *const states[] = {"DELETION_START", "CREATION_START"};
    struct lb_value *shown = lb_value_map(arena), *runs = lb_map_get(kept, "runs");

    lb_map_set_string(arena, shown, "name", name);
    for (size_t i = 0; runs && i < 2; i++) {
        struct lb_value *part, *run = lb_map_get(runs, parts[i]);

        if (!lb_map_get(lb_map_get(kept, "next"), parts[i]))
            continue;
        part = lb_map_map(arena, shown, parts[i]);
        lb_map_set_string(arena, part, "current_state", states[i]);
        lb_map_set_int(arena, lb_map_map(arena, part, "trigger"), "time",
                       lb_int(lb_map_get(lb_map_get(kept, "next"), parts[i]), 0) * 1000);
        if (run)
            lb_map_set(arena, part, "latest_execution", run);
    }
    if (runs) {
        lb_map_set_int(arena, shown, "policy_seq_no", lb_int_at(kept, "seq", 0));
        lb_map_set_int(arena, shown, "policy_primary_term", 1);
    }
    lb_map_set_bool(arena, shown, "enabled", lb_bool_at(kept, "policy/enabled", true));
    return shown;
}

void sb_op_sm_explain(struct sb_call *call)
{
    struct lb_value *policies = table(call->sandbox, sb_node_of(call));
    struct lb_value *body = lb_value_map(call->arena), *list;

    if (!available(call))
        return;
    list = lb_map_list(call->arena, body, "policies");
    for (size_t i = 0; i < lb_value_count(policies); i++) {
        const struct lb_entry *entry = lb_map_nth(policies, i);

        if (sb_index_wanted(call->args[0], entry->key))
            lb_list_add(call->arena, list, explained(call->arena, entry->key, entry->value));
    }
    if (!lb_value_count(list) && !strchr(call->args[0], '*'))
        not_found(call);
    else
        sb_reply_json(call->response, 200, body);
}
