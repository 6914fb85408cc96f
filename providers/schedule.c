/* schedule.c: when the active side takes snapshots, and how long they are kept.
 *
 * Users state an interval and a retention; which scheduler runs them follows from the domain's
 * engine, and each scheduler is a table of its own (schedule_sm.c, schedule_slm.c). A policy
 * carries a mark of its stack: one that is marked but in no spec any more is reported, never
 * deleted.
 */
#include "providers/schedule.h"

#include "providers/cluster.h"
#include "providers/names.h"

#include "base/time.h"

#include <string.h>

#define MARK "lifeboat: "

/* --- expand --------------------------------------------------------------------------------- */

static const struct lb_value *repository_of(const struct lb_stack *stack,
                                            const struct lb_value *schedule)
{
    bool local;
    const struct lb_entry *entry = lb_cluster_repository(
        stack, lb_text_at(schedule, "repository", ""), &local);
    return entry ? entry->value : NULL;
}

static const char *domain_of(const struct lb_stack *stack, const struct lb_resource *schedule)
{
    return lb_text_at(repository_of(stack, schedule->stated), "domain", "");
}

static int expand(struct lb_stack *stack, const struct lb_entry *entry)
{
    const struct lb_value *repository = repository_of(stack, entry->value);
    if (!repository) {
        lb_stack_ref(stack, "repositories", lb_map_get(entry->value, "repository"));
        return -1;
    }
    const char *domain = lb_text_at(repository, "domain", "");
    if (!lb_domain_on_side(stack, domain, stack->active))
        return 0;
    lb_stack_add(stack, "schedule", entry->key, stack->active, entry);
    const char *name = lb_text_at(entry->value, "repository", "");
    if (!lb_streq(lb_text_at(repository, "topology", NULL), "dual") ||
        !lb_stack_entry(stack, "repositories", name))
        return 0;
    /* Each of the two repositories of `dual` has its own snapshots. */
    struct lb_resource *local = lb_stack_add(stack, "schedule",
                                             lb_arena_printf(stack->arena, "%s-local", entry->key),
                                             stack->active, entry);
    local->stated = lb_value_share(stack->arena, entry->value);
    local->managed = lb_bool_at(entry->value, "managed", true);
    lb_map_set(stack->arena, local->stated, "repository",
               lb_value_format(stack->arena, "%s-local", name));
    return 0;
}

/* --- derive --------------------------------------------------------------------------------- */

/* NULL when the domain has none; snapshot lifecycle management is not in AWS's builds. */
static const struct lb_scheduler *scheduler_in(const struct lb_stack *stack, const char *domain,
                                               enum lb_side side)
{
    const char *engine = lb_cluster_engine(stack, domain, side);
    if (lb_cluster_opensearch_since(stack, domain, side, 2, 1))
        return &lb_scheduler_sm;
    if (engine && lb_domain_self_managed(stack, domain) && lb_starts_with(engine, "Elasticsearch_"))
        return &lb_scheduler_slm;
    return NULL;
}

/* The domain's, unless another is stated. */
static const struct lb_scheduler *scheduler_of(const struct lb_stack *stack,
                                               const struct lb_resource *schedule)
{
    const struct lb_scheduler *scheduler = scheduler_in(stack, domain_of(stack, schedule),
                                                        schedule->side);
    const char *stated = lb_text_at(schedule->stated, "engine", "auto");
    bool fits = lb_streq(stated, "auto") || (scheduler && lb_streq(stated, scheduler->name));
    return fits ? scheduler : NULL;
}

static int refuse_scheduler(struct lb_stack *stack, const struct lb_resource *schedule)
{
    const struct lb_value *stated = lb_map_get(schedule->stated, "engine");
    const char *domain = domain_of(stack, schedule);
    const struct lb_mark *mark = stated && stated->mark->line ? stated->mark : &schedule->mark;
    if (lb_streq(lb_text(stated, NULL), "lambda"))
        return lb_diags_error_try(stack->diags, "LB-S088", mark,
                                  "take `engine: auto`; a scheduler by AWS Lambda is not available "
                                  "yet",
                                  "%s asks for `lambda`", schedule->address);
    return lb_diags_error(stack->diags, "LB-S088", mark, "domain.%s has %s and no scheduler `%s`",
                          domain, lb_cluster_engine(stack, domain, schedule->side),
                          lb_text(stated, "auto"));
}

static void derive_cron(struct lb_stack *stack, struct lb_resource *schedule,
                        const struct lb_scheduler *scheduler)
{
    const struct lb_value *every = lb_map_get(schedule->stated, "every");
    const struct lb_value *stated = lb_map_get(schedule->stated, "cron");
    const char *at = lb_text_at(schedule->stated, "at", NULL);
    int64_t seconds = 0;
    if (stated) {
        int fields = lb_cron_fields(lb_text(stated, ""));
        if (fields < scheduler->fields_min || fields > scheduler->fields_max)
            lb_diags_error(stack->diags, "LB-S092", stated->mark, "%s takes %d fields, this has %d",
                           scheduler->title, scheduler->fields_min, fields);
        else if (scheduler->quartz && !lb_cron_leaves_one_day_open(lb_text(stated, "")))
            lb_diags_error_try(stack->diags, "LB-S092", stated->mark,
                               "write `?` for the day of the month or the day of the week",
                               "%s takes `?` in one of its two day fields", scheduler->title);
        lb_desire(stack, schedule, "cron", NULL, NULL);
        return;
    }
    if (!every || lb_duration_parse(lb_text(every, ""), &seconds) != 0) {
        lb_diags_error(stack->diags, "LB-S087", every ? every->mark : &schedule->mark,
                       every ? "\"%s\" is no duration" : "%s states neither `every` nor `cron`",
                       every ? lb_text(every, "") : schedule->address);
        return;
    }
    const char *cron = lb_cron_every(stack->arena, seconds, at, scheduler->quartz);
    if (!cron || (at && seconds < 86400)) {
        lb_diags_error(stack->diags, "LB-S087", every->mark, "\"%s\"%s", lb_text(every, ""),
                       cron ? " with a time of day" : "");
        return;
    }
    lb_desire(stack, schedule, "cron", lb_value_string(stack->arena, cron),
              lb_arena_printf(stack->arena, "derived: every %s", lb_text(every, "")));
}

/* Writes the duration as the scheduler will show it, or refuses one that it would garble. */
static void fit_duration(struct lb_stack *stack, const struct lb_scheduler *scheduler,
                         struct lb_value *map, const char *key)
{
    const struct lb_value *value = lb_map_get(map, key);
    int64_t seconds;
    if (!value || lb_duration_parse(lb_text(value, ""), &seconds) != 0)
        return;
    int64_t unit = lb_schedule_unit(seconds), below = seconds - seconds % unit;
    if (scheduler->whole_durations && seconds % unit) {
        lb_diags_error_try(
            stack->diags, "LB-S086", value->mark,
            lb_arena_printf(stack->arena, "%s or %s", lb_schedule_duration(stack->arena, below),
                            lb_schedule_duration(stack->arena, below + unit)),
            "\"%s\" would be stored as %lld.%lld of its largest unit", lb_text(value, ""),
            (long long)(seconds / unit), (long long)(seconds % unit * 10 / unit));
        return;
    }
    struct lb_value *fitted = lb_value_string(stack->arena,
                                              lb_schedule_duration(stack->arena, seconds));
    fitted->mark = value->mark;
    lb_map_set(stack->arena, map, key, fitted);
}

static void derive_keep(struct lb_stack *stack, struct lb_resource *schedule,
                        const struct lb_scheduler *scheduler)
{
    struct lb_value *keep = lb_desire(stack, schedule, "keep", NULL, NULL);
    if (!keep)
        return;
    lb_map_remove(keep, "protect");
    int64_t least = lb_int_at(keep, "min_count", 1), most = lb_int_at(keep, "max_count", 0);
    if (!lb_map_get(keep, "max_age") && most == 0)
        lb_diags_error(stack->diags, "LB-S089", keep->mark, "neither max_age nor max_count");
    else if (most && most <= least)
        lb_diags_error(stack->diags, "LB-S089", keep->mark,
                       "max_count %lld is not more than min_count %lld", (long long)most,
                       (long long)least);
    lb_map_default(stack->arena, keep, "min_count", lb_value_int(stack->arena, 1));
    fit_duration(stack, scheduler, keep, "max_age");
}

static bool is_lacking(const struct lb_scheduler *scheduler, const char *key)
{
    for (const char *const *lack = scheduler->lacks; *lack; lack++)
        if (lb_streq(*lack, key))
            return true;
    return false;
}

static void derive_plain(struct lb_stack *stack, struct lb_resource *schedule,
                         const struct lb_scheduler *scheduler)
{
    lb_desire_stated(stack, schedule);
    for (const char *const *lack = scheduler->lacks; *lack; lack++) {
        const struct lb_entry *entry = lb_map_entry(schedule->stated, *lack);
        if (entry && entry->key_mark->line)
            lb_diags_error(stack->diags, "LB-S090", entry->key_mark, "%s has no `%s`",
                           scheduler->title, *lack);
        lb_map_remove(schedule->desired, *lack);
    }
    const char *text = lb_text_at(schedule->stated, "description", NULL);
    const char *mark = lb_arena_printf(stack->arena, MARK "%s schedule.%s", stack->name,
                                       schedule->name);
    struct lb_value *description = text ? lb_value_format(stack->arena, "%s (%s)", text, mark)
                                        : lb_value_string(stack->arena, mark);
    description->why = "marks ownership";
    lb_map_set(stack->arena, schedule->desired, "description", description);
}

static int derive(struct lb_stack *stack, struct lb_resource *schedule)
{
    const struct lb_scheduler *scheduler = scheduler_of(stack, schedule);
    if (!scheduler)
        return refuse_scheduler(stack, schedule);
    derive_plain(stack, schedule, scheduler);
    derive_cron(stack, schedule, scheduler);
    derive_keep(stack, schedule, scheduler);
    fit_duration(stack, scheduler, schedule->desired, "time_limit");
    const struct lb_value *cron = lb_map_get(schedule->desired, "cron");
    if (lb_map_get(schedule->desired, "keep") && cron && !is_lacking(scheduler, "prune_cron"))
        lb_desire(stack, schedule, "prune_cron", lb_value_string(stack->arena, lb_text(cron, "")),
                  "derived: as often as snapshots are taken");
    const char *domain = domain_of(stack, schedule);
    const char *repository = lb_text_at(schedule->stated, "repository", "");
    lb_cluster_depends(stack, schedule, domain);
    lb_resource_need(stack, schedule, NULL,
                     lb_stack_find(stack, "repository", repository, schedule->side), NULL);
    lb_resource_need(stack, schedule, NULL,
                     lb_stack_find(stack, "role_mapping", domain, schedule->side), NULL);
    return 0;
}

/* --- read ----------------------------------------------------------------------------------- */

/* "… lifeboat: STACK schedule.NAME)" -> STACK and NAME; false when there is no mark. */
static bool parse_mark(struct lb_arena *arena, const char *text, const char **stack,
                       const char **name)
{
    static const char kind[] = " schedule.";
    const char *at = strstr(text, MARK), *space = at ? strstr(at, kind) : NULL;
    if (!space)
        return false;
    at += strlen(MARK);
    *stack = lb_arena_strndup(arena, at, (size_t)(space - at));
    space += strlen(kind);
    *name = lb_arena_strndup(arena, space, strcspn(space, ")"));
    return true;
}

static void decode(struct lb_read *read, const struct lb_call *call, const struct lb_answer *answer)
{
    read->live->status = LB_LIVE_ABSENT;
    if (!lb_read_ok(read, call, answer))
        return;
    const struct lb_scheduler *scheduler = scheduler_of(read->stack, read->resource);
    struct lb_value *item = scheduler->find(read->arena, answer->body, read->resource->name);
    if (!item)
        return;
    read->live->status = LB_LIVE_PRESENT;
    read->live->raw = lb_value_map(read->arena);
    lb_map_set(read->arena, read->live->raw, "policy", item);
    scheduler->from(read->arena, item, lb_read_value(read));
    const char *name;
    parse_mark(read->arena, lb_text_at(read->live->value, "description", ""), &read->live->owner,
               &name);
}

static int read_policy(struct lb_read *read)
{
    const struct lb_scheduler *scheduler = scheduler_of(read->stack, read->resource);
    lb_cluster_ask(read, domain_of(read->stack, read->resource),
                   lb_read_call(read, scheduler->list), decode);
    return 0;
}

/* --- survey --------------------------------------------------------------------------------- */

/* Of that name, and in this domain: one whose repository moved to another is left behind here. */
static bool is_declared(const struct lb_read *read, const char *name)
{
    const struct lb_resource *in = read->resource;
    const struct lb_resource *of = lb_stack_find(read->stack, "schedule", name, in->side);
    return of && lb_streq(domain_of(read->stack, of), in->name);
}

/* Policies of this stack that are in no spec: on the side that is not active, all of them. After a
 * failover the other side may come back with its schedule still running. */
static void decode_survey(struct lb_read *read, const struct lb_call *call,
                          const struct lb_answer *answer)
{
    const struct lb_resource *in = read->resource;
    const struct lb_scheduler *scheduler = scheduler_in(read->stack, in->name, in->side);
    const char *policy, *text, *stack, *name;
    if (!lb_cluster_surveyed(read, call, answer))
        return;
    for (size_t i = 0; scheduler->nth(answer->body, i, &policy, &text); i++) {
        if (!parse_mark(read->arena, text, &stack, &name) || !lb_streq(stack, read->stack->name) ||
            is_declared(read, name))
            continue;
        read->stray(read, lb_cluster_stray_address(read, name),
                    lb_arena_printf(read->arena, "policy %s of %s in domain.%s@%s", policy,
                                    scheduler->title, in->name, lb_side_name(in->side)));
    }
}

static int survey(struct lb_read *read)
{
    const struct lb_resource *in = read->resource;
    const struct lb_scheduler *scheduler = scheduler_in(read->stack, in->name, in->side);
    if (scheduler)
        lb_cluster_survey(read, lb_read_call(read, scheduler->list), decode_survey);
    return 0;
}

/* --- write ---------------------------------------------------------------------------------- */

static int write_policy(struct lb_write *write)
{
    struct lb_arena *arena = write->arena;
    const struct lb_scheduler *scheduler = scheduler_of(write->stack, write->resource);
    const struct lb_value *item = lb_map_get(write->live->raw, "policy");
    const struct lb_op *op = item ? scheduler->update : scheduler->create;
    struct lb_call *call = lb_write_call(write, op);
    lb_call_param(arena, call, "Name", write->resource->name);
    if (strstr(op->path, "{SeqNo}")) {
        lb_call_param(arena, call, "SeqNo", lb_text_at(item, "_seq_no", NULL));
        lb_call_param(arena, call, "PrimaryTerm", lb_text_at(item, "_primary_term", NULL));
    }
    lb_cluster_aim(arena, write->stack, domain_of(write->stack, write->resource),
                   write->resource->side, call);
    call->body = scheduler->to(arena, write->resource->name, write->desired, item);
    /* A lost answer to the first POST: the policy is there, and is read back. */
    call->idempotent_on = item ? NULL : "version_conflict_engine_exception";
    write->emit(write, call, item ? "change the policy" : "create the policy");
    return 0;
}

static const struct lb_granule granules[] = {
    {"policy", read_policy, write_policy, false},
    {NULL, NULL, NULL, false},
};

const struct lb_provider lb_provider_schedule = {
    .kind = "schedule",
    .arn = lb_cluster_arn,
    .granules = granules,
    .expand = expand,
    .derive = derive,
    .survey = survey,
    .survey_in = "domain",
};
