/* schedule_slm.c: a schedule as a policy of Elasticsearch's snapshot lifecycle management.
 *
 * Only clusters that users run themselves have it: AWS's builds leave it out. A policy has no text
 * of its own, so the mark of ownership stands in the metadata that its snapshots carry. When
 * retention runs is a setting of the cluster, not of the policy.
 */
#include "providers/cluster.h"
#include "providers/schedule.h"
#include "providers/shape.h"

#include <string.h>

static const struct lb_op list_policies = {
    .service = &lb_cluster_service,
    .name = "GetSnapshotLifecyclePolicies",
    .method = "GET",
    .path = "/_slm/policy",
    .plane = LB_PLANE_DATA,
    .brief = true,
};
static const struct lb_op put_policy = {
    .service = &lb_cluster_service,
    .name = "PutSnapshotLifecyclePolicy",
    .method = "PUT",
    .path = "/_slm/policy/{Name}",
    .mutates = true,
    .plane = LB_PLANE_DATA,
};

static const char *const lacks[] = {"timezone",   "time_limit",  "enabled",
                                    "prune_cron", "date_format", NULL};

static const struct lb_shape rows[] = {
    {"cron", "schedule"},
    {"repository", "repository"},
    {"indices", "config/indices"},
    {"ignore_unavailable", "config/ignore_unavailable"},
    {"include_global_state", "config/include_global_state"},
    {"partial", "config/partial"},
    {"description", "config/metadata/lifeboat"},
    {"keep/max_age", "retention/expire_after"},
    {"keep/min_count", "retention/min_count"},
    {"keep/max_count", "retention/max_count"},
    {NULL, NULL},
};

static struct lb_value *find(struct lb_arena *arena, const struct lb_value *body, const char *name)
{
    const struct lb_value *policy = lb_map_get(lb_map_get(body, name), "policy");
    return policy ? lb_value_copy(arena, policy) : NULL;
}

static bool nth(const struct lb_value *body, size_t i, const char **name, const char **text)
{
    const struct lb_entry *entry = lb_map_nth(body, i);
    *name = entry ? entry->key : "";
    *text = entry ? lb_text_at(entry->value, "policy/config/metadata/lifeboat", "") : "";
    return entry != NULL;
}

static void from(struct lb_arena *arena, const struct lb_value *item, struct lb_value *out)
{
    lb_shape_from(arena, rows, item, out);
    /* "logs-*" is echoed as it was sent, a text or a list. */
    struct lb_value *indices = lb_map_get(out, "indices");
    if (lb_is(indices, LB_STRING)) {
        struct lb_value *list = lb_value_list(arena);
        lb_list_add(arena, list, indices);
        lb_map_set(arena, out, "indices", list);
    }
}

static struct lb_value *to(struct lb_arena *arena, const char *name, const struct lb_value *desired,
                           const struct lb_value *item)
{
    struct lb_value *out = item ? lb_value_copy(arena, item) : lb_value_map(arena);
    lb_map_default(arena, out, "name", lb_value_format(arena, "<%s-{now/d}>", name));
    lb_shape_to(arena, rows, desired, out);
    return out;
}

const struct lb_scheduler lb_scheduler_slm = {
    .name = "slm",
    .title = "snapshot lifecycle management",
    .list = &list_policies,
    .create = &put_policy,
    .update = &put_policy,
    .fields_min = 6,
    .fields_max = 7,
    .quartz = true,
    .lacks = lacks,
    .find = find,
    .nth = nth,
    .from = from,
    .to = to,
};
