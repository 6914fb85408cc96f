/* plan_io.c: the plan document of docs/reference, out and in. What is read back is shown and
 * compared, never executed: a forged file can do nothing.
 */
#include "planner/plan.h"

#include "base/exit.h"

#include <stdlib.h>
#include <string.h>

#define FORMAT_MAJOR "1"
#define FORMAT_VERSION "1.0"

/* --- out
 * ---------------------------------------------------------------------------------------------------
 */

static void set_copy(struct lb_arena *arena, struct lb_value *map, const char *key,
                     const struct lb_value *value)
{
    struct lb_value *copy = value ? lb_value_copy(arena, value) : lb_value_null(arena);
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
    struct lb_value *spec = lb_map_map(arena, map, "spec");
    lb_map_set_string(arena, spec, "path", plan->spec_path);
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

/* --- in
 * ----------------------------------------------------------------------------------------------------
 */

struct reader {
    struct lb_arena *arena;
    struct lb_diags *diags;
};

/* The text under a key, which must be there; hostile files are refused, not guessed at. */
static const char *need_text(struct reader *r, const struct lb_value *map, const char *key)
{
    const struct lb_value *value = lb_map_get(map, key);
    if (!lb_is(value, LB_STRING)) {
        lb_diags_error(r->diags, "LB-P010", NULL, "`%s` is missing or not a string", key);
        return "";
    }
    return lb_escape(r->arena, value->as.text.bytes);
}

/* Seconds that can be added up without overflow, whatever the file says. */
static int64_t read_seconds(const struct lb_value *map, const char *path)
{
    const int64_t most = (int64_t)10 * 365 * 86400;
    int64_t seconds = lb_int_at(map, path, 0);
    return seconds < 0 ? 0 : seconds > most ? most : seconds;
}

static const struct lb_value *need_list(struct reader *r, const struct lb_value *map,
                                        const char *key)
{
    const struct lb_value *value = lb_map_get(map, key);
    if (!lb_is(value, LB_LIST))
        lb_diags_error(r->diags, "LB-P010", NULL, "`%s` is missing or not a list", key);
    return value;
}

static struct lb_mark read_range(struct reader *r, const struct lb_value *value)
{
    struct lb_mark mark = {0};
    if (!lb_is(value, LB_MAP))
        return mark;
    struct lb_source *source = lb_arena_alloc(r->arena, sizeof *source);
    source->path = lb_escape(r->arena, lb_text_at(value, "file", ""));
    source->text = "";
    mark.source = source;
    mark.line = mark.end_line = (uint32_t)lb_int_at(value, "line", 0);
    mark.column = (uint32_t)lb_int_at(value, "column", 1);
    mark.end_column = mark.column + 1;
    return mark;
}

static const char **read_texts(struct reader *r, const struct lb_value *list, size_t *count)
{
    *count = lb_value_count(list);
    const char **items = lb_arena_array(r->arena, *count + 1, sizeof *items);
    for (size_t i = 0; i < *count; i++)
        items[i] = lb_escape(r->arena, lb_text(lb_list_item(list, i), ""));
    return items;
}

/* What was unknown when it was written ({"$unknown": "ADDRESS/path"}) is unknown again. */
static struct lb_value *with_unknown(struct lb_arena *arena, const struct lb_value *value)
{
    const char *reference = lb_value_count(value) == 1 ? lb_text_at(value, "$unknown", NULL) : NULL;
    if (reference)
        return lb_value_unknown(arena, reference);
    struct lb_value *copy;
    if (value->type == LB_MAP) {
        copy = lb_value_map(arena);
        for (size_t i = 0; i < lb_value_count(value); i++)
            lb_map_set(arena, copy, lb_map_nth(value, i)->key,
                       with_unknown(arena, lb_map_nth(value, i)->value));
    } else if (value->type == LB_LIST) {
        copy = lb_value_list(arena);
        for (size_t i = 0; i < lb_value_count(value); i++)
            lb_list_add(arena, copy, with_unknown(arena, lb_list_item(value, i)));
    } else {
        copy = lb_value_copy(arena, value);
    }
    return copy;
}

static struct lb_value *not_null(struct reader *r, const struct lb_value *value)
{
    return value && value->type != LB_NULL ? with_unknown(r->arena, value) : NULL;
}

static void read_change(struct reader *r, const struct lb_value *map, struct lb_change *out)
{
    out->address = need_text(r, map, "address");
    out->kind = need_text(r, map, "kind");
    out->side = need_text(r, map, "side");
    out->region = need_text(r, map, "region");
    out->reason = need_text(r, map, "reason");
    out->risk = need_text(r, map, "risk");
    out->disruption = lb_escape(r->arena, lb_text_at(map, "disruption", NULL));
    if (lb_action_parse(need_text(r, map, "action"), &out->action) != 0)
        lb_diags_error(r->diags, "LB-P010", NULL, "unknown action in %s", out->address);
    out->before = not_null(r, lb_map_get(map, "before"));
    out->after = not_null(r, lb_map_get(map, "after"));
    const struct lb_value *fields = need_list(r, map, "fields");
    out->fields = lb_arena_array(r->arena, lb_value_count(fields) + 1, sizeof *out->fields);
    for (size_t i = 0; i < lb_value_count(fields); i++) {
        const struct lb_value *field = lb_list_item(fields, i);
        out->fields[out->field_count++] = (struct lb_field){
            .path = need_text(r, field, "path"),
            .before = not_null(r, lb_map_get(field, "before")),
            .after = not_null(r, lb_map_get(field, "after")),
            .reason = need_text(r, field, "reason"),
            .granule = need_text(r, field, "granule")};
    }
    out->foreign = read_texts(r, lb_map_get(map, "foreign"), &out->foreign_count);
    out->unknown = read_texts(r, lb_map_get(map, "unknown"), &out->unknown_count);
    out->mark = read_range(r, lb_map_get(map, "spec_range"));
}

static void read_step(struct reader *r, const struct lb_plan *plan, const struct lb_value *map,
                      struct lb_step *out)
{
    out->id = need_text(r, map, "id");
    out->address = need_text(r, map, "address");
    out->granule = need_text(r, map, "granule");
    out->call = need_text(r, map, "call");
    out->title = need_text(r, map, "title");
    out->plane = need_text(r, map, "plane");
    out->service = need_text(r, map, "service");
    out->region = need_text(r, map, "region");
    out->risk = need_text(r, map, "risk");
    out->digest = need_text(r, map, "digest");
    out->estimate_s = read_seconds(map, "estimate_s");
    const struct lb_value *needs = need_list(r, map, "needs");
    out->needs = lb_arena_array(r->arena, lb_value_count(needs) + 1, sizeof *out->needs);
    for (size_t i = 0; i < lb_value_count(needs); i++) {
        const char *id = lb_text(lb_list_item(needs, i), "");
        size_t k = 0;
        while (k < plan->step_count && !lb_streq(plan->steps[k].id, id))
            k++;
        if (k == plan->step_count)
            lb_diags_error(r->diags, "LB-P010", NULL, "step %s needs one that is not before it",
                           out->id);
        else
            out->needs[out->need_count++] = k;
    }
}

static void read_finding(struct reader *r, const struct lb_value *map, struct lb_diag *out)
{
    const char *severity = lb_text_at(map, "severity", "error");
    *out = (struct lb_diag){.code = need_text(r, map, "code"),
                            .severity = lb_streq(severity, "warning") ? LB_WARNING
                                        : lb_streq(severity, "info")  ? LB_INFO
                                                                      : LB_ERROR,
                            .summary = need_text(r, map, "summary"),
                            .detail = lb_escape(r->arena, lb_text_at(map, "detail", NULL)),
                            .why = lb_escape(r->arena, lb_text_at(map, "why", NULL)),
                            .remedy = lb_escape(r->arena, lb_text_at(map, "remedy", NULL)),
                            .address = lb_escape(r->arena, lb_text_at(map, "address", NULL)),
                            .mark = read_range(r, lb_map_get(map, "spec_range"))};
}

static void read_head(struct reader *r, const struct lb_value *map, struct lb_plan *out)
{
    out->tool_version = need_text(r, lb_map_get(map, "tool"), "version");
    out->id = need_text(r, map, "id");
    out->made_at = need_text(r, map, "made_at");
    out->complete = lb_bool_at(map, "complete", false);
    out->stack = need_text(r, map, "stack");
    out->account = need_text(r, map, "account");
    out->partition = need_text(r, map, "partition");
    out->regions[LB_SIDE_PRIMARY] = need_text(r, lb_map_get(map, "regions"), "primary");
    out->regions[LB_SIDE_SECONDARY] = need_text(r, lb_map_get(map, "regions"), "secondary");
    out->active = need_text(r, map, "active");
    out->spec_path = need_text(r, lb_map_get(map, "spec"), "path");
    out->spec_digest = need_text(r, lb_map_get(map, "spec"), "sha256");
    out->unchanged = (size_t)lb_int_at(map, "summary/unchanged", 0);
    out->rpo_s = read_seconds(map, "objectives/rpo/declared_s");
    out->rto_s = read_seconds(map, "objectives/rto/declared_s");
}

static void read_lists(struct reader *r, const struct lb_value *map, struct lb_plan *out)
{
    const struct lb_value *changes = need_list(r, map, "changes");
    out->changes = lb_arena_array(r->arena, lb_value_count(changes) + 1, sizeof *out->changes);
    for (size_t i = 0; i < lb_value_count(changes); i++)
        read_change(r, lb_list_item(changes, i), &out->changes[out->change_count++]);
    const struct lb_value *steps = need_list(r, map, "steps");
    out->steps = lb_arena_array(r->arena, lb_value_count(steps) + 1, sizeof *out->steps);
    for (size_t i = 0; i < lb_value_count(steps); i++, out->step_count++)
        read_step(r, out, lb_list_item(steps, i), &out->steps[i]);
    const struct lb_value *findings = need_list(r, map, "findings");
    out->findings = lb_arena_array(r->arena, lb_value_count(findings) + 1, sizeof *out->findings);
    for (size_t i = 0; i < lb_value_count(findings); i++)
        read_finding(r, lb_list_item(findings, i), &out->findings[out->finding_count++]);
    const struct lb_value *observed = need_list(r, map, "observed");
    out->observed = lb_arena_array(r->arena, lb_value_count(observed) + 1, sizeof *out->observed);
    for (size_t i = 0; i < lb_value_count(observed); i++) {
        const struct lb_value *item = lb_list_item(observed, i);
        out->observed[out->observed_count++] = (struct lb_observed){
            need_text(r, item, "address"), need_text(r, item, "status"),
            need_text(r, item, "digest"), lb_bool_at(item, "relevant", true)};
    }
}

int lb_plan_from_value(struct lb_arena *arena, struct lb_diags *diags, const struct lb_value *value,
                       struct lb_plan *out)
{
    struct reader r = {arena, diags};
    size_t errors = diags->errors;
    *out = (struct lb_plan){0};
    const char *version = lb_text_at(value, "format_version", NULL);
    if (!version)
        return lb_diags_error(diags, "LB-P010", NULL, "it has no `format_version`");
    if (strncmp(version, FORMAT_MAJOR ".", 2) != 0)
        return lb_diags_error(diags, "LB-P011", NULL, "format %s, this lifeboat reads %s.x",
                              version, FORMAT_MAJOR);
    read_head(&r, value, out);
    read_lists(&r, value, out);
    return diags->errors > errors ? -1 : 0;
}
