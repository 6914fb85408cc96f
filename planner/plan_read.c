/* plan_read.c: the plan document of docs/reference, in. What is read is shown and compared, never
 * executed. A hostile file is refused, not guessed at: every part must be there and of its type,
 * and the id must be that of the parts.
 */
#include "planner/plan.h"

#include <limits.h>
#include <string.h>

#define FORMAT_MAJOR "1"
#define FORMAT_VERSION "1.0"
#define SECONDS_MAX ((int64_t)10 * 365 * 86400) /* they are added up */
#define FAULTS_MAX 20                           /* that are told of one file */

struct reader {
    struct lb_arena *arena;
    struct lb_diags *diags;
    size_t faults;
    struct lb_value *steps; /* id -> position */
};

static void fault(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fault(struct reader *r, const char *format, ...)
{
    va_list args;
    if (++r->faults > FAULTS_MAX)
        return;
    va_start(args, format);
    lb_diags_error(r->diags, "LB-P010", NULL, "%s", lb_arena_vprintf(r->arena, format, args));
    va_end(args);
}

/* --- parts
 * --------------------------------------------------------------------------------------- */

static const char *need_text(struct reader *r, const struct lb_value *map, const char *key)
{
    const struct lb_value *value = lb_map_get(map, key);
    if (lb_is(value, LB_STRING))
        return lb_escape(r->arena, value->as.text.bytes);
    fault(r, "`%s` is missing or not a string", key);
    return "";
}

static const char *may_text(struct reader *r, const struct lb_value *map, const char *key)
{
    const struct lb_value *value = lb_map_get(map, key);
    return !value || value->type == LB_NULL ? NULL : need_text(r, map, key);
}

/* One of a fixed list of words: which. */
static size_t need_word(struct reader *r, const struct lb_value *map, const char *key,
                        const char *const *words)
{
    const char *text = need_text(r, map, key);
    for (size_t i = 0; words[i]; i++)
        if (lb_streq(words[i], text))
            return i;
    fault(r, "`%s` is none of the words that it can be", key);
    return 0;
}

static bool need_bool(struct reader *r, const struct lb_value *map, const char *key)
{
    const struct lb_value *value = lb_map_get(map, key);
    if (!lb_is(value, LB_BOOL))
        fault(r, "`%s` is missing or neither true nor false", key);
    return lb_is(value, LB_BOOL) && value->as.boolean;
}

/* A number that counts something; absent or null is 0. */
static int64_t may_count(struct reader *r, const struct lb_value *map, const char *key,
                         int64_t most)
{
    const struct lb_value *value = lb_map_get(map, key);
    int64_t number = lb_is(value, LB_NUMBER) ? lb_int(value, -1) : -1;
    if (!value || value->type == LB_NULL)
        return 0;
    if (number >= 0 && number <= most)
        return number;
    fault(r, "`%s` is not a number that it can be", key);
    return 0;
}

static const struct lb_value *need_list(struct reader *r, const struct lb_value *map,
                                        const char *key)
{
    const struct lb_value *value = lb_map_get(map, key);
    if (!lb_is(value, LB_LIST))
        fault(r, "`%s` is missing or not a list", key);
    return value;
}

/* As a list of maps: NULL ends the loop, also when a file has too many faults to go on. */
static const struct lb_value *next_map(struct reader *r, const struct lb_value *list, size_t i)
{
    const struct lb_value *item = lb_list_item(list, i);
    if (r->faults > FAULTS_MAX)
        return NULL;
    if (item && item->type != LB_MAP)
        fault(r, "a list of objects holds something else");
    return item;
}

static struct lb_mark read_range(struct reader *r, const struct lb_value *value)
{
    struct lb_mark mark = {0};
    if (!value || value->type == LB_NULL)
        return mark;
    struct lb_source *source = lb_arena_alloc(r->arena, sizeof *source);
    source->path = need_text(r, value, "file");
    source->text = "";
    mark.source = source;
    mark.line = (uint32_t)may_count(r, value, "line", INT_MAX);
    mark.column = (uint32_t)may_count(r, value, "column", INT_MAX);
    mark.end_line = (uint32_t)may_count(r, value, "end_line", INT_MAX);
    mark.end_column = (uint32_t)may_count(r, value, "end_column", INT_MAX);
    return mark;
}

static const char **read_texts(struct reader *r, const struct lb_value *map, const char *key,
                               size_t *count)
{
    const struct lb_value *list = need_list(r, map, key);
    *count = lb_value_count(list);
    const char **items = lb_arena_array(r->arena, *count + 1, sizeof *items);
    for (size_t i = 0; i < *count; i++) {
        const struct lb_value *item = lb_list_item(list, i);
        if (!lb_is(item, LB_STRING))
            fault(r, "`%s` holds something else than strings", key);
        items[i] = lb_escape(r->arena, lb_text(item, ""));
    }
    return items;
}

/* {"$unknown": "KIND.NAME/path"} is what is known only after apply. */
static struct lb_value *with_unknowns(struct lb_arena *arena, struct lb_value *value)
{
    const struct lb_value *reference = lb_map_get(value, "$unknown");
    if (lb_value_count(value) == 1 && lb_is(reference, LB_STRING))
        return lb_value_unknown(arena, reference->as.text.bytes);
    for (size_t i = 0; lb_is(value, LB_LIST) && i < value->as.list.count; i++)
        value->as.list.items[i] = with_unknowns(arena, value->as.list.items[i]);
    for (size_t i = 0; lb_is(value, LB_MAP) && i < value->as.map.count; i++)
        value->as.map.entries[i].value = with_unknowns(arena, value->as.map.entries[i].value);
    return value;
}

static struct lb_value *read_value(struct reader *r, const struct lb_value *map, const char *key)
{
    const struct lb_value *value = lb_map_get(map, key);
    return !value || value->type == LB_NULL
               ? NULL
               : with_unknowns(r->arena, lb_value_copy(r->arena, value));
}

static struct lb_value *read_map(struct reader *r, const struct lb_value *map, const char *key)
{
    struct lb_value *value = read_value(r, map, key);
    if (value && value->type != LB_MAP)
        fault(r, "`%s` is not an object", key);
    return value;
}

/* --- the plan
 * ------------------------------------------------------------------------------------ */

static void read_fields(struct reader *r, const struct lb_value *map, struct lb_change *out)
{
    const struct lb_value *fields = need_list(r, map, "fields"), *field;
    out->fields = lb_arena_array(r->arena, lb_value_count(fields) + 1, sizeof *out->fields);
    while ((field = next_map(r, fields, out->field_count)))
        out->fields[out->field_count++] = (struct lb_field){
            .path = need_text(r, field, "path"),
            .before = read_value(r, field, "before"),
            .after = read_value(r, field, "after"),
            .reason = need_text(r, field, "reason"),
            .granule = need_text(r, field, "granule")};
}

static void read_change(struct reader *r, const struct lb_value *map, struct lb_change *out)
{
    out->address = need_text(r, map, "address");
    out->kind = need_text(r, map, "kind");
    out->side = need_text(r, map, "side");
    out->region = need_text(r, map, "region");
    out->reason = need_text(r, map, "reason");
    out->risk = need_text(r, map, "risk");
    out->disruption = may_text(r, map, "disruption");
    if (lb_action_parse(need_text(r, map, "action"), &out->action) != 0)
        fault(r, "unknown action in %s", out->address);
    out->before = read_map(r, map, "before");
    out->after = read_map(r, map, "after");
    read_fields(r, map, out);
    out->foreign = read_texts(r, map, "foreign", &out->foreign_count);
    out->unknown = read_texts(r, map, "unknown", &out->unknown_count);
    out->mark = read_range(r, lb_map_get(map, "spec_range"));
}

static void read_needs(struct reader *r, const struct lb_value *map, struct lb_step *out)
{
    size_t count;
    const char **ids = read_texts(r, map, "needs", &count);
    out->needs = lb_arena_array(r->arena, count + 1, sizeof *out->needs);
    for (size_t i = 0; i < count; i++) {
        int64_t position = lb_int(lb_map_get(r->steps, ids[i]), -1);
        if (position < 0)
            fault(r, "step %s needs one that is not before it", out->id);
        else
            out->needs[out->need_count++] = (size_t)position;
    }
}

static void read_step(struct reader *r, const struct lb_value *map, size_t position,
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
    out->estimate_s = may_count(r, map, "estimate_s", SECONDS_MAX);
    read_needs(r, map, out);
    if (lb_map_get(r->steps, out->id))
        fault(r, "two steps are called %s", out->id);
    lb_map_set_int(r->arena, r->steps, out->id, (int64_t)position);
}

static void read_finding(struct reader *r, const struct lb_value *map, struct lb_diag *out)
{
    static const char *const words[] = {
        [LB_ERROR] = "error", [LB_WARNING] = "warning", [LB_INFO] = "info", NULL};
    *out = (struct lb_diag){
        .code = need_text(r, map, "code"),
        .severity = (enum lb_severity)need_word(r, map, "severity", words),
        .summary = need_text(r, map, "summary"),
        .detail = may_text(r, map, "detail"),
        .why = may_text(r, map, "why"),
        .remedy = may_text(r, map, "remedy"),
        .address = may_text(r, map, "address"),
        .mark = read_range(r, lb_map_get(map, "spec_range")),
        .service = may_text(r, map, "service"),
        .operation = may_text(r, map, "operation"),
        .request_id = may_text(r, map, "request_id"),
        .error_code = may_text(r, map, "error_code"),
        .http_status = (int)may_count(r, map, "http_status", 999),
    };
}

static void read_observed(struct reader *r, const struct lb_value *map, struct lb_observed *out)
{
    static const char *const words[] = {"present", "absent", "in_flux", "unreadable", NULL};
    *out = (struct lb_observed){.address = need_text(r, map, "address"),
                                .status = words[need_word(r, map, "status", words)],
                                .digest = need_text(r, map, "digest"),
                                .relevant = need_bool(r, map, "relevant")};
}

static void read_objective(struct reader *r, const struct lb_value *map, int64_t *declared,
                           int64_t *supported, const char **evidence)
{
    *declared = may_count(r, map, "declared_s", SECONDS_MAX);
    *supported = may_count(r, map, "supported_s", SECONDS_MAX);
    *evidence = need_text(r, map, "evidence");
}

static void read_head(struct reader *r, const struct lb_value *map, struct lb_plan *out)
{
    const struct lb_value *regions = lb_map_get(map, "regions"), *spec = lb_map_get(map, "spec");
    const struct lb_value *objectives = lb_map_get(map, "objectives");
    out->tool_version = need_text(r, lb_map_get(map, "tool"), "version");
    out->id = need_text(r, map, "id");
    out->made_at = need_text(r, map, "made_at");
    out->complete = need_bool(r, map, "complete");
    out->stack = need_text(r, map, "stack");
    out->account = need_text(r, map, "account");
    out->partition = need_text(r, map, "partition");
    out->regions[LB_SIDE_PRIMARY] = need_text(r, regions, "primary");
    out->regions[LB_SIDE_SECONDARY] = need_text(r, regions, "secondary");
    out->active = need_text(r, map, "active");
    if (lb_map_get(map, "assumed_down"))
        out->assumed_down = read_texts(r, map, "assumed_down", &out->assumed_down_count);
    out->spec_path = need_text(r, spec, "path");
    out->spec_git_path = may_text(r, spec, "git_path");
    out->spec_digest = need_text(r, spec, "sha256");
    out->unchanged = (size_t)may_count(r, lb_map_get(map, "summary"), "unchanged", INT_MAX);
    read_objective(r, lb_map_get(objectives, "rpo"), &out->rpo_s, &out->rpo_supported_s,
                   &out->rpo_evidence);
    read_objective(r, lb_map_get(objectives, "rto"), &out->rto_s, &out->rto_supported_s,
                   &out->rto_evidence);
}

static void read_lists(struct reader *r, const struct lb_value *map, struct lb_plan *out)
{
    const struct lb_value *item, *list = need_list(r, map, "changes");
    out->changes = lb_arena_array(r->arena, lb_value_count(list) + 1, sizeof *out->changes);
    while ((item = next_map(r, list, out->change_count)))
        read_change(r, item, &out->changes[out->change_count++]);
    list = need_list(r, map, "steps");
    out->steps = lb_arena_array(r->arena, lb_value_count(list) + 1, sizeof *out->steps);
    for (; (item = next_map(r, list, out->step_count)); out->step_count++)
        read_step(r, item, out->step_count, &out->steps[out->step_count]);
    list = need_list(r, map, "findings");
    out->findings = lb_arena_array(r->arena, lb_value_count(list) + 1, sizeof *out->findings);
    while ((item = next_map(r, list, out->finding_count)))
        read_finding(r, item, &out->findings[out->finding_count++]);
    list = need_list(r, map, "observed");
    out->observed = lb_arena_array(r->arena, lb_value_count(list) + 1, sizeof *out->observed);
    while ((item = next_map(r, list, out->observed_count)))
        read_observed(r, item, &out->observed[out->observed_count++]);
}

/* A later minor version may put more under its id than is known here. */
static void check_id(struct reader *r, const char *version, const struct lb_plan *plan)
{
    struct lb_plan sealed = *plan;
    lb_plan_seal(r->arena, &sealed);
    if (lb_streq(version, FORMAT_VERSION) && !lb_streq(sealed.id, plan->id))
        fault(r, "its `id` is not that of what it holds: the file was edited");
}

int lb_plan_from_value(struct lb_arena *arena, struct lb_diags *diags, const struct lb_value *value,
                       struct lb_plan *out)
{
    struct reader r = {.arena = arena, .diags = diags, .steps = lb_value_map(arena)};
    *out = (struct lb_plan){0};
    const struct lb_value *version = lb_map_get(value, "format_version");
    if (!lb_is(version, LB_STRING))
        return lb_diags_error(diags, "LB-P010", NULL, "it has no `format_version`");
    const char *text = version->as.text.bytes;
    if (strncmp(text, FORMAT_MAJOR ".", 2) != 0)
        return lb_diags_error(diags, "LB-P011", NULL, "format %.40s, this lifeboat reads %s.x",
                              text, FORMAT_MAJOR);
    read_head(&r, value, out);
    read_lists(&r, value, out);
    if (!r.faults)
        check_id(&r, text, out);
    return r.faults ? -1 : 0;
}
