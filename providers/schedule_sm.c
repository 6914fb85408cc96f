/* schedule_sm.c: a schedule as a policy of OpenSearch's Snapshot Management.
 *
 * The list of policies answers for all schedules of a domain and holds what an update must quote
 * (_seq_no, _primary_term). snapshot_config is an opaque map to the server: it keeps keys that it
 * ignores (`timezone`; the code reads date_format_timezone), so unknown ones are sent back.
 */
#include "providers/cluster.h"
#include "providers/schedule.h"
#include "providers/shape.h"

#include <string.h>

/* The default page of 20 would hide policies (index-management GetSMPoliciesRequest). */
static const struct lb_op list_policies = {
    .service = &lb_cluster_service,
    .name = "GetSnapshotManagementPolicies",
    .method = "GET",
    .path = "/_plugins/_sm/policies?size=1000",
    .plane = LB_PLANE_DATA,
    .iam = "es:ESHttpGet",
    .brief = true,
};
static const struct lb_op create_policy = {
    .service = &lb_cluster_service,
    .name = "CreateSnapshotManagementPolicy",
    .method = "POST",
    .path = "/_plugins/_sm/policies/{Name}",
    .mutates = true,
    .plane = LB_PLANE_DATA,
    .iam = "es:ESHttpPost",
};
static const struct lb_op update_policy = {
    .service = &lb_cluster_service,
    .name = "UpdateSnapshotManagementPolicy",
    .method = "PUT",
    .path = "/_plugins/_sm/policies/{Name}?if_seq_no={SeqNo}&if_primary_term={PrimaryTerm}",
    .mutates = true,
    .plane = LB_PLANE_DATA,
    .iam = "es:ESHttpPut",
};

static const char *const no_lacks[] = {NULL};

/* Ours and theirs where they are simply the same value. */
static const struct lb_shape rows[] = {
    {"description", "description"},
    {"enabled", "enabled"},
    {"cron", "creation/schedule/cron/expression"},
    {"timezone", "creation/schedule/cron/timezone"},
    {"time_limit", "creation/time_limit"},
    {"prune_cron", "deletion/schedule/cron/expression"},
    {"keep/max_age", "deletion/condition/max_age"},
    {"keep/min_count", "deletion/condition/min_count"},
    {"keep/max_count", "deletion/condition/max_count"},
    {"repository", "snapshot_config/repository"},
    {"date_format", "snapshot_config/date_format"},
    {"ignore_unavailable", "snapshot_config/ignore_unavailable"},
    {"include_global_state", "snapshot_config/include_global_state"},
    {"partial", "snapshot_config/partial"},
    {NULL, NULL},
};

/* The parts of a policy that a PUT takes and what it must quote; the rest is the server's own. */
static struct lb_value *kept(struct lb_arena *arena, const struct lb_value *item)
{
    static const char *const parts[] = {"description", "enabled",         "creation",
                                        "deletion",    "snapshot_config", "notification"};
    static const char *const quoted[] = {"_seq_no", "_primary_term"};
    struct lb_value *out = lb_value_map(arena), *policy = lb_map_map(arena, out, "sm_policy");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const struct lb_value *part = lb_map_get(lb_map_get(item, "sm_policy"), parts[i]);
        if (part && part->type != LB_NULL)
            lb_map_set(arena, policy, parts[i], lb_value_copy(arena, part));
    }
    for (size_t i = 0; i < sizeof quoted / sizeof *quoted; i++)
        if (lb_map_get(item, quoted[i]))
            lb_map_set(arena, out, quoted[i], lb_value_copy(arena, lb_map_get(item, quoted[i])));
    return out;
}

static struct lb_value *find(struct lb_arena *arena, const struct lb_value *body, const char *name)
{
    const struct lb_value *list = lb_map_get(body, "policies");
    for (size_t i = 0; i < lb_value_count(list); i++)
        if (lb_streq(lb_text_at(lb_list_item(list, i), "sm_policy/name", NULL), name))
            return kept(arena, lb_list_item(list, i));
    return NULL;
}

static bool nth(const struct lb_value *body, size_t i, const char **name, const char **text)
{
    const struct lb_value *item = lb_list_item(lb_map_get(body, "policies"), i);
    *name = lb_text_at(item, "sm_policy/name", "");
    *text = lb_text_at(item, "sm_policy/description", "");
    return item != NULL;
}

static void indices_from(struct lb_arena *arena, const struct lb_value *policy,
                         struct lb_value *out)
{
    const char *at = lb_text_at(policy, "snapshot_config/indices", NULL);
    if (!at)
        return;
    struct lb_value *list = lb_map_list(arena, out, "indices");
    while (*at) {
        size_t length = strcspn(at, ",");
        lb_list_add(arena, list, lb_value_stringn(arena, at, length));
        at += length + (at[length] == ',');
    }
}

static void from(struct lb_arena *arena, const struct lb_value *item, struct lb_value *out)
{
    const struct lb_value *policy = lb_map_get(item, "sm_policy");
    lb_shape_from(arena, rows, policy, out);
    indices_from(arena, policy, out);
}

static struct lb_value *joined(struct lb_arena *arena, const struct lb_value *list)
{
    struct lb_str out = {0};
    for (size_t i = 0; i < lb_value_count(list); i++)
        lb_str_printf(&out, "%s%s", i ? "," : "", lb_text(lb_list_item(list, i), ""));
    return lb_value_string(arena, lb_str_take(&out, arena));
}

static struct lb_value *to(struct lb_arena *arena, const char *name, const struct lb_value *desired,
                           const struct lb_value *item)
{
    (void)name;
    const struct lb_value *policy = lb_map_get(item, "sm_policy");
    struct lb_value *out = policy ? lb_value_copy(arena, policy) : lb_value_map(arena);
    lb_shape_to(arena, rows, desired, out);
    const char *timezone = lb_text_at(desired, "timezone", "UTC");
    if (lb_map_get(out, "deletion"))
        lb_shape_set(arena, out, "deletion/schedule/cron/timezone",
                     lb_value_string(arena, timezone));
    if (lb_map_get(desired, "date_format"))
        lb_shape_set(arena, out, "snapshot_config/date_format_timezone",
                     lb_value_string(arena, timezone));
    lb_shape_set(arena, out, "snapshot_config/indices",
                 joined(arena, lb_map_get(desired, "indices")));
    return out;
}

const struct lb_scheduler lb_scheduler_sm = {
    .name = "sm",
    .title = "Snapshot Management",
    .list = &list_policies,
    .create = &create_policy,
    .update = &update_policy,
    .fields_min = 5,
    .fields_max = 5,
    .whole_durations = true,
    .lacks = no_lacks,
    .find = find,
    .nth = nth,
    .from = from,
    .to = to,
};
