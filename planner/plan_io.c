/* plan_io.c: the plan document of docs/reference, out; plan_read.c reads it back. */
#include "planner/plan.h"

#include <string.h>

#define FORMAT_VERSION "1.0"

/* --- out
 * ---------------------------------------------------------------------------------------------------
 */

#define EXACT_DIGITS "9007199254740992" /* 2^53: beyond it readers of JSON round */

static bool beyond_exact(const char *digits)
{
    digits += *digits == '-';
    size_t length = strlen(digits), most = sizeof EXACT_DIGITS - 1;
    return !digits[strspn(digits, "0123456789")] &&
           (length > most || (length == most && strcmp(digits, EXACT_DIGITS) > 0));
}

/* Large integers become strings, wherever they are. `value` is a copy of our own. */
static void quote_large(struct lb_value *value)
{
    if (value->type == LB_NUMBER && beyond_exact(value->as.text.bytes))
        value->type = LB_STRING;
    for (size_t i = 0; i < lb_value_count(value); i++)
        quote_large(value->type == LB_LIST ? lb_list_item(value, i) : lb_map_nth(value, i)->value);
}

static void set_copy(struct lb_arena *arena, struct lb_value *map, const char *key,
                     const struct lb_value *value)
{
    struct lb_value *copy = value ? lb_value_copy(arena, value) : lb_value_null(arena);
    quote_large(copy);
    lb_map_set(arena, map, key, copy);
}

static struct lb_value *texts(struct lb_arena *arena, const char *const *items, size_t count)
{
    struct lb_value *list = lb_value_list(arena);
    for (size_t i = 0; i < count; i++)
        lb_list_add_string(arena, list, items[i]);
    return list;
}

static struct lb_value *range_value(struct lb_arena *arena, const struct lb_mark *mark)
{
    if (!mark->line)
        return lb_value_null(arena);
    struct lb_value *range = lb_value_map(arena);
    lb_map_set_string(arena, range, "file", mark->source ? mark->source->path : "");
    lb_map_set_int(arena, range, "line", mark->line);
    lb_map_set_int(arena, range, "column", mark->column);
    return range;
}

static struct lb_value *field_value(struct lb_arena *arena, const struct lb_field *field)
{
    struct lb_value *map = lb_value_map(arena);
    lb_map_set_string(arena, map, "path", field->path);
    set_copy(arena, map, "before", field->before);
    set_copy(arena, map, "after", field->after);
    lb_map_set_string(arena, map, "reason", field->reason ? field->reason : "");
    lb_map_set_string(arena, map, "granule", field->granule ? field->granule : "");
    return map;
}

static struct lb_value *change_value(struct lb_arena *arena, const struct lb_change *change)
{
    struct lb_value *map = lb_value_map(arena);
    lb_map_set_string(arena, map, "address", change->address);
    lb_map_set_string(arena, map, "kind", change->kind);
    lb_map_set_string(arena, map, "side", change->side);
    lb_map_set_string(arena, map, "region", change->region);
    lb_map_set_string(arena, map, "action", lb_action_name(change->action));
    lb_map_set_string(arena, map, "reason", change->reason ? change->reason : "");
    set_copy(arena, map, "before", change->before);
    set_copy(arena, map, "after", change->after);
    struct lb_value *fields = lb_map_list(arena, map, "fields");
    for (size_t i = 0; i < change->field_count; i++)
        lb_list_add(arena, fields, field_value(arena, &change->fields[i]));
    lb_map_set(arena, map, "foreign", texts(arena, change->foreign, change->foreign_count));
    lb_map_set(arena, map, "unknown", texts(arena, change->unknown, change->unknown_count));
    lb_map_set_string(arena, map, "risk", change->risk ? change->risk : "none");
    lb_map_set(arena, map, "disruption", lb_value_string(arena, change->disruption));
    lb_map_set(arena, map, "spec_range", range_value(arena, &change->mark));
    return map;
}

static struct lb_value *step_value(struct lb_arena *arena, const struct lb_plan *plan,
                                   const struct lb_step *step)
{
    struct lb_value *map = lb_value_map(arena);
    lb_map_set_string(arena, map, "id", step->id);
    lb_map_set_string(arena, map, "address", step->address);
    lb_map_set_string(arena, map, "granule", step->granule);
    lb_map_set_string(arena, map, "call", step->call);
    lb_map_set_string(arena, map, "title", step->title);
    struct lb_value *needs = lb_map_list(arena, map, "needs");
    for (size_t i = 0; i < step->need_count; i++)
        lb_list_add_string(arena, needs, plan->steps[step->needs[i]].id);
    lb_map_set_string(arena, map, "plane", step->plane);
    lb_map_set_string(arena, map, "service", step->service);
    lb_map_set_string(arena, map, "region", step->region);
    lb_map_set_int(arena, map, "estimate_s", step->estimate_s);
    lb_map_set_string(arena, map, "risk", step->risk ? step->risk : "none");
    lb_map_set_string(arena, map, "digest", step->digest);
    return map;
}

static struct lb_value *objective_value(struct lb_arena *arena, int64_t declared, int64_t supported,
                                        const char *evidence)
{
    struct lb_value *map = lb_value_map(arena);
    lb_map_set(arena, map, "declared_s",
               declared ? lb_value_int(arena, declared) : lb_value_null(arena));
    lb_map_set(arena, map, "supported_s",
               supported ? lb_value_int(arena, supported) : lb_value_null(arena));
    lb_map_set_string(arena, map, "evidence",
                      evidence ? evidence : "none yet: no drill was recorded");
    return map;
}

static struct lb_value *summary_value(struct lb_arena *arena, const struct lb_plan *plan)
{
    struct lb_plan_counts n;
    struct lb_value *map = lb_value_map(arena);
    lb_plan_count(plan, &n);
    lb_map_set_int(arena, map, "create", (int64_t)n.create);
    lb_map_set_int(arena, map, "update", (int64_t)n.update);
    lb_map_set_int(arena, map, "replace", (int64_t)n.replace);
    lb_map_set_int(arena, map, "release", (int64_t)n.release);
    lb_map_set_int(arena, map, "unchanged", (int64_t)n.unchanged);
    lb_map_set_int(arena, map, "steps", (int64_t)n.steps);
    struct lb_value *findings = lb_map_map(arena, map, "findings");
    lb_map_set_int(arena, findings, "error", (int64_t)n.errors);
    lb_map_set_int(arena, findings, "warning", (int64_t)n.warnings);
    lb_map_set_int(arena, findings, "info", (int64_t)n.infos);
    return map;
}

static void add_head(struct lb_arena *arena, struct lb_value *map, const struct lb_plan *plan)
{
    lb_map_set_string(arena, map, "format_version", FORMAT_VERSION);
    struct lb_value *tool = lb_map_map(arena, map, "tool");
    lb_map_set_string(arena, tool, "name", "lifeboat");
    lb_map_set_string(arena, tool, "version", plan->tool_version);
    lb_map_set_string(arena, map, "id", plan->id);
    lb_map_set_string(arena, map, "made_at", plan->made_at);
    lb_map_set_bool(arena, map, "complete", plan->complete);
    lb_map_set_string(arena, map, "stack", plan->stack);
    lb_map_set_string(arena, map, "account", plan->account);
    lb_map_set_string(arena, map, "partition", plan->partition);
    struct lb_value *regions = lb_map_map(arena, map, "regions");
    lb_map_set_string(arena, regions, "primary", plan->regions[LB_SIDE_PRIMARY]);
    lb_map_set_string(arena, regions, "secondary", plan->regions[LB_SIDE_SECONDARY]);
    lb_map_set_string(arena, map, "active", plan->active);
    lb_map_set(arena, map, "assumed_down",
               texts(arena, plan->assumed_down, plan->assumed_down_count));
    struct lb_value *spec = lb_map_map(arena, map, "spec");
    lb_map_set_string(arena, spec, "path", plan->spec_path);
    const char *path = plan->spec_git_path;
    lb_map_set(arena, spec, "git_path", path ? lb_value_string(arena, path) : lb_value_null(arena));
    lb_map_set_string(arena, spec, "sha256", plan->spec_digest);
}

static struct lb_value *observed_value(struct lb_arena *arena, const struct lb_observed *observed)
{
    struct lb_value *map = lb_value_map(arena);
    lb_map_set_string(arena, map, "address", observed->address);
    lb_map_set_string(arena, map, "status", observed->status);
    lb_map_set_string(arena, map, "digest", observed->digest);
    lb_map_set_bool(arena, map, "relevant", observed->relevant);
    return map;
}

struct lb_value *lb_plan_to_value(struct lb_arena *arena, const struct lb_plan *plan)
{
    struct lb_value *map = lb_value_map(arena);
    add_head(arena, map, plan);
    struct lb_value *changes = lb_map_list(arena, map, "changes");
    for (size_t i = 0; i < plan->change_count; i++)
        lb_list_add(arena, changes, change_value(arena, &plan->changes[i]));
    struct lb_value *steps = lb_map_list(arena, map, "steps");
    for (size_t i = 0; i < plan->step_count; i++)
        lb_list_add(arena, steps, step_value(arena, plan, &plan->steps[i]));
    struct lb_value *findings = lb_map_list(arena, map, "findings");
    for (size_t i = 0; i < plan->finding_count; i++)
        lb_list_add(arena, findings, lb_diag_to_value(arena, &plan->findings[i]));
    struct lb_value *observed = lb_map_list(arena, map, "observed");
    for (size_t i = 0; i < plan->observed_count; i++)
        lb_list_add(arena, observed, observed_value(arena, &plan->observed[i]));
    struct lb_value *objectives = lb_map_map(arena, map, "objectives");
    lb_map_set(arena, objectives, "rpo",
               objective_value(arena, plan->rpo_s, plan->rpo_supported_s, plan->rpo_evidence));
    lb_map_set(arena, objectives, "rto",
               objective_value(arena, plan->rto_s, plan->rto_supported_s, plan->rto_evidence));
    lb_map_set(arena, map, "summary", summary_value(arena, plan));
    return map;
}
