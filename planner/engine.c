/* engine.c: refresh, diff, forecast, hazards, steps: one plan a stack, one wave of reads for all.
 */
#include "planner/assume.h"

#include "planner/diff.h"
#include "planner/hazard.h"
#include "planner/select.h"
#include "planner/steps.h"
#include "planner/wave.h"

#include "base/digest.h"
#include "base/exit.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

static const char *live_status(enum lb_live_status status)
{
    static const char *const names[] = {"absent", "present", "absent", "in_flux", "unreadable"};
    return names[status];
}

static struct lb_change *new_change(struct lb_arena *arena, struct lb_plan *plan)
{
    plan->changes = lb_arena_grow(arena, plan->changes, plan->change_count, plan->change_count + 1,
                                  sizeof *plan->changes, &plan->change_capacity);
    return &plan->changes[plan->change_count++];
}

static void head(struct lb_engine *engine, const struct lb_stack *stack, struct lb_plan *plan)
{
    char *digest = lb_arena_alloc(engine->arena, LB_SHA256_HEX);
    lb_sha256_hex(stack->source->text, stack->source->length, digest);
    *plan = (struct lb_plan){.tool_version = engine->version,
                             .made_at = lb_time_format(engine->arena, lb_time_now()),
                             .complete = true,
                             .stack = stack->name,
                             .account = stack->account,
                             .partition = stack->partition,
                             .regions = {NULL, stack->regions[1], stack->regions[2]},
                             .active = lb_side_name(stack->active),
                             .assumed_down = lb_assumed_names(engine->arena, stack),
                             .assumed_down_count = lb_value_count(stack->assumed_down),
                             .spec_path = stack->source->path,
                             .spec_digest = digest,
                             .rpo_s = stack->rpo_s,
                             .rto_s = stack->rto_s};
}

/* What left the spec may go on using what is in it: that is known when all was read. */
static void retain(struct lb_stack *stack)
{
    for (size_t i = 0; i < stack->resource_count; i++) {
        struct lb_resource *resource = stack->resources[i];
        bool there = resource->live.status == LB_LIVE_PRESENT ||
                     resource->live.status == LB_LIVE_IN_FLUX;
        if (there && resource->selected && resource->managed && resource->provider->retain)
            resource->provider->retain(stack, resource);
    }
}

static void diff_stack(struct lb_engine *engine, struct lb_stack *stack, struct lb_plan *plan)
{
    for (size_t i = 0; i < stack->resource_count; i++) {
        struct lb_resource *resource = stack->resources[i];
        struct lb_change change;
        if (!resource->selected)
            continue;
        if (resource->live.status == LB_LIVE_UNREADABLE && !resource->assumed_down)
            plan->complete = false;
        /* Most objects of most plans are unchanged: what their comparison took is given back. */
        struct lb_arena *scratch = lb_arena_new();
        lb_diff_resource(scratch, stack, resource, &change);
        if (change.action != LB_ACTION_NONE)
            lb_diff_resource(engine->arena, stack, resource, new_change(engine->arena, plan));
        else
            plan->unchanged += resource->live.status != LB_LIVE_UNREADABLE;
        lb_arena_free(scratch);
    }
}

static int by_address(const void *a, const void *b)
{
    const struct lb_change *x = a, *y = b;
    return strcmp(x->address, y->address);
}

static const char *words_of(struct lb_arena *arena, const struct lb_stray *stray)
{
    struct lb_str out = {0};
    lb_list_sort(stray->what);
    for (size_t i = 0; i < lb_value_count(stray->what); i++)
        lb_str_printf(&out, "%s%s", i ? "; " : "", lb_text(lb_list_item(stray->what, i), ""));
    return lb_str_take(&out, arena);
}

/* In the order of their addresses: which list told of one first is chance, and plans are compared.
 */
static void add_strays(struct lb_engine *engine, const struct lb_stack *stack,
                       const struct lb_refresh *refresh, struct lb_plan *plan)
{
    size_t first = plan->change_count;
    for (size_t i = 0; i < refresh->stray_count; i++) {
        const struct lb_stray *stray = &refresh->strays[i];
        if (stray->stack != stack)
            continue;
        *new_change(engine->arena, plan) = (struct lb_change){
            .address = stray->address,
            .kind = lb_address_kind(engine->arena, stray->address),
            .side = "",
            .region = "",
            .action = LB_ACTION_RELEASE,
            .reason = words_of(engine->arena, stray),
            .risk = "none"};
    }
    if (plan->change_count > first)
        qsort(plan->changes + first, plan->change_count - first, sizeof *plan->changes, by_address);
}

/* --- forecasts: the service says what a change would do
 * ------------------------------------------------ */

static void take_forecast(struct lb_change *change, const struct lb_forecast *forecast)
{
    if (forecast->risk)
        change->risk = forecast->risk;
    if (forecast->disruption)
        change->disruption = forecast->disruption;
    change->refused = forecast->refused;
    change->estimate_s = forecast->estimate_s;
    if (forecast->replace) {
        change->action = LB_ACTION_REPLACE;
        change->reason = forecast->replace;
    }
}

static void run_forecasts(struct lb_engine *engine, struct lb_stack *const *stacks,
                          size_t stack_count, struct lb_plan *plans)
{
    struct lb_refresh counts = {0};
    struct lb_wave *wave = lb_wave_new(engine, engine->arena, &counts, NULL, NULL);
    struct lb_forecast **forecasts = lb_arena_array(engine->arena, stack_count, sizeof *forecasts);
    for (size_t i = 0; i < stack_count; i++) {
        size_t n = plans[i].change_count;
        forecasts[i] = lb_arena_array(engine->arena, n + 1, sizeof **forecasts);
        for (size_t k = 0; k < n; k++) {
            struct lb_change *change = &plans[i].changes[k];
            if (change->action == LB_ACTION_UPDATE && change->resource->provider->forecast)
                lb_wave_forecast(wave, stacks[i], change, &forecasts[i][k]);
        }
    }
    lb_wave_start(wave);
    engine->exchange->run(engine->exchange->self, engine->stop);
    for (size_t i = 0; i < stack_count; i++)
        for (size_t k = 0; k < plans[i].change_count; k++)
            take_forecast(&plans[i].changes[k], &forecasts[i][k]);
}

/* --- what the plan rests on
 * -------------------------------------------------------------------------------- */

static void mark_relevant(struct lb_value *relevant, struct lb_stack *stack,
                          const struct lb_resource *resource)
{
    if (lb_map_get(relevant, resource->address))
        return;
    lb_map_set_bool(stack->arena, relevant, resource->address, true);
    for (size_t i = 0; i < resource->need_count; i++)
        mark_relevant(relevant, stack, resource->needs[i].resource);
}

static void observe(struct lb_engine *engine, struct lb_stack *stack, struct lb_plan *plan)
{
    struct lb_value *relevant = lb_value_map(engine->arena);
    for (size_t i = 0; i < plan->change_count; i++)
        if (plan->changes[i].resource)
            mark_relevant(relevant, stack, plan->changes[i].resource);
    plan->observed = lb_arena_array(engine->arena, stack->resource_count + 1,
                                    sizeof *plan->observed);
    struct lb_arena *scratch = lb_arena_new();
    for (size_t i = 0; i < stack->resource_count; i++) {
        const struct lb_resource *resource = stack->resources[i];
        struct lb_value *seen = lb_value_map(scratch);
        lb_map_set_string(scratch, seen, "status", live_status(resource->live.status));
        if (resource->live.value)
            lb_map_set(scratch, seen, "value", resource->live.value);
        if (resource->live.raw)
            lb_map_set(scratch, seen, "raw", resource->live.raw);
        plan->observed[plan->observed_count++] = (struct lb_observed){
            .address = resource->address,
            .status = live_status(resource->live.status),
            .digest = lb_value_digest(engine->arena, seen),
            .relevant = lb_map_get(relevant, resource->address) != NULL};
    }
    lb_arena_free(scratch);
}

/* Who is refused for the credentials was not told something; not always an object says so, and what
 * then looks as it should be was compared with less than there is. */
static void take_findings(struct lb_plan *plan, struct lb_diags *findings)
{
    lb_diags_sort(findings);
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].severity == LB_ERROR &&
            findings->items[i].exit == LB_EXIT_CREDENTIALS)
            plan->complete = false;
    plan->findings = findings->items;
    plan->finding_count = findings->count;
}

/* A step's risk is its change's when a forecast knows better than the schema. */
static void weigh(struct lb_plan *plan)
{
    static const char *const order[] = {"none", "low", "disruptive", "data-loss"};
    for (size_t i = 0; i < plan->step_count; i++) {
        struct lb_change *change = plan->steps[i].change;
        size_t a = 0, b = 0;
        for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
            a = lb_streq(order[k], change->risk) ? k : a;
            b = lb_streq(order[k], plan->steps[i].risk) ? k : b;
        }
        if (b > a && !change->disruption)
            change->risk = plan->steps[i].risk;
    }
}

static void add_refusal(struct lb_diags *findings, const struct lb_change *change, const char *code,
                        const char *detail)
{
    struct lb_diag diag = {
        .code = code, .address = change->address, .detail = detail, .mark = change->mark};
    lb_diags_add(findings, &diag);
}

/* P5: nothing is replaced by implication, and a change that the service says it would refuse is
 * told before anything is done. The plan stops there. */
static void refuse_changes(const struct lb_plan *plan, struct lb_diags *findings)
{
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct lb_change *change = &plan->changes[i];
        if (change->action == LB_ACTION_REPLACE)
            add_refusal(findings, change, "LB-P031", change->reason);
        if (change->refused)
            add_refusal(findings, change, "LB-P032", change->refused);
    }
}

static int finish(struct lb_engine *engine, const struct lb_fleet *fleet, struct lb_stack *stack,
                  struct lb_plan *plan)
{
    struct lb_diags *findings = lb_arena_alloc(engine->arena, sizeof *findings);
    lb_diags_init(findings, engine->arena);
    lb_diags_merge(findings, stack->diags);
    lb_hazards_offline(stack, findings);
    lb_hazards_fleet(stack, fleet, findings);
    lb_hazards_live(stack, findings);
    refuse_changes(plan, findings);
    if (lb_steps_build(engine->arena, stack, plan) != 0)
        return -1;
    weigh(plan);
    observe(engine, stack, plan);
    take_findings(plan, findings);
    lb_plan_seal(engine->arena, plan);
    return 0;
}

int lb_engine_plan(struct lb_engine *engine, struct lb_stack *const *stacks, size_t stack_count,
                   const struct lb_plan_options *options, struct lb_plan *plans)
{
    struct lb_refresh refresh = {0};
    for (size_t i = 0; i < stack_count; i++)
        if (lb_select(engine, stacks[i], options) != 0)
            return -1;
    if (lb_assume_down(engine, stacks, stack_count, options) != 0 ||
        lb_refresh_run(engine, stacks, stack_count, &refresh) != 0)
        return -1;
    for (size_t i = 0; i < stack_count; i++) {
        head(engine, stacks[i], &plans[i]);
        retain(stacks[i]);
        diff_stack(engine, stacks[i], &plans[i]);
        lb_assume_leave_out(stacks[i], &plans[i]);
        lb_assume_suggest(stacks[i]);
    }
    run_forecasts(engine, stacks, stack_count, plans);
    if (engine->stop && *engine->stop) /* what was not forecast would look harmless */
        return -1;
    const struct lb_fleet *fleet = lb_fleet_new(engine->arena, stacks, stack_count);
    for (size_t i = 0; i < stack_count; i++) {
        add_strays(engine, stacks[i], &refresh, &plans[i]);
        if (finish(engine, fleet, stacks[i], &plans[i]) != 0)
            return -1;
    }
    return 0;
}
