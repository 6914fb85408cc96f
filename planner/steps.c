/* steps.c: changes become steps: one call each, in an order that respects what needs what.
 *
 * A provider's write function says which calls a granule takes; it is asked twice: with references
 * left as they are, which gives the step a digest that does not move while other steps run, and at
 * apply with everything known. An object in flux gets a step of its own that only waits.
 */
#include "planner/steps.h"

#include "planner/diff.h"

#include "base/digest.h"

struct emitter {
    struct lb_emitted *items;
    size_t count, capacity;
};

static void collect(struct lb_write *write, struct lb_call *call, const char *title)
{
    struct emitter *emitter = write->engine;
    emitter->items = lb_arena_grow(write->arena, emitter->items, emitter->count, emitter->count + 1,
                                   sizeof *emitter->items, &emitter->capacity);
    emitter->items[emitter->count++] = (struct lb_emitted){call, title};
}

const struct lb_granule *lb_provider_granule(const struct lb_provider *provider, const char *name)
{
    for (const struct lb_granule *granule = provider->granules; granule->name; granule++)
        if (lb_streq(granule->name, name))
            return granule;
    LB_BUG("%s has no granule %s", provider->kind, name);
}

/* What the service chose (ids, endpoints, ARNs) is shown to `write` as a reference to the object's
 * own attribute: so a step has the same digest before and after the object came into being. */
static struct lb_value *mask_computed(struct lb_arena *arena, const struct lb_resource *resource)
{
    const struct lb_schema *schema = resource->kind->schema;
    struct lb_value *masked = lb_value_map(arena);
    for (size_t i = 0; i < lb_value_count(resource->live.value); i++) {
        const struct lb_entry *entry = lb_map_nth(resource->live.value, i);
        lb_map_set(arena, masked, entry->key, entry->value);
    }
    for (size_t i = 0; i < schema->property_count; i++)
        if (schema->properties[i]->computed)
            lb_map_set(arena, masked, schema->properties[i]->name,
                       lb_value_unknown(arena, lb_arena_printf(arena, "%s/%s", resource->address,
                                                               schema->properties[i]->name)));
    return masked;
}

size_t lb_steps_emit(struct lb_arena *arena, const struct lb_stack *stack,
                     struct lb_resource *resource, const char *granule, enum lb_emit how,
                     struct lb_emitted **out)
{
    const struct lb_granule_schema *schema = lb_granule_find(resource->kind, granule);
    enum lb_live_status status = resource->live.status;
    struct emitter emitter = {0};
    struct lb_live live = resource->live;
    const struct lb_value *desired = resource->desired;
    if (how == LB_EMIT_SYMBOLIC)
        live.value = mask_computed(arena, resource);
    else
        desired = lb_stack_resolve(stack, arena, desired);
    struct lb_write write = {.arena = arena,
                             .stack = stack,
                             .resource = resource,
                             .granule = schema,
                             .desired = desired,
                             .live = &live,
                             .create = schema->existence && status != LB_LIVE_PRESENT &&
                                       status != LB_LIVE_IN_FLUX,
                             .symbolic = how == LB_EMIT_SYMBOLIC,
                             .emit = collect,
                             .engine = &emitter};
    lb_provider_granule(resource->provider, granule)->write(&write);
    *out = emitter.items;
    return emitter.count;
}

const char *lb_call_digest(struct lb_arena *arena, const struct lb_call *call)
{
    struct lb_value *all = lb_value_map(arena);
    lb_map_set_string(arena, all, "call", lb_op_label(arena, call->op));
    lb_map_set_string(arena, all, "region", call->region);
    if (call->params)
        lb_map_set(arena, all, "params", call->params);
    if (call->headers)
        lb_map_set(arena, all, "headers", call->headers);
    if (call->body)
        lb_map_set(arena, all, "body", call->body);
    if (call->raw) {
        char hex[LB_SHA256_HEX];
        lb_sha256_hex(call->raw, call->raw_length, hex);
        lb_map_set_string(arena, all, "raw", hex);
    }
    return lb_value_digest(arena, all);
}

/* --- building
 * -------------------------------------------------------------------------------------------- */

struct builder {
    struct lb_arena *arena;
    struct lb_stack *stack;
    struct lb_plan *plan;
    size_t *seen; /* see add_need */
};

static struct lb_step *new_step(struct builder *b, struct lb_change *change, const char *granule)
{
    struct lb_plan *plan = b->plan;
    plan->steps = lb_arena_grow(b->arena, plan->steps, plan->step_count, plan->step_count + 1,
                                sizeof *plan->steps, &plan->step_capacity);
    struct lb_step *step = &plan->steps[plan->step_count++];
    const struct lb_granule_schema *schema = lb_granule_find(change->resource->kind, granule);
    *step = (struct lb_step){.address = change->address,
                             .granule = granule,
                             .region = change->region,
                             .risk = schema->risk,
                             .estimate_s = change->estimate_s &&
                                                   schema->estimate_s > change->estimate_s
                                               ? change->estimate_s
                                               : schema->estimate_s,
                             .change = change};
    return step;
}

static void add_wait(struct builder *b, struct lb_change *change)
{
    const struct lb_kind *kind = change->resource->kind;
    const char *first = kind->granules[0].name;
    struct lb_step *step = new_step(b, change, first);
    step->waits = true;
    step->call = "wait";
    step->title = "wait until it has settled";
    step->plane = "control";
    step->service = "";
    step->risk = "none";
    step->digest = lb_value_digest(b->arena, lb_value_string(b->arena, change->address));
}

static void add_granule(struct builder *b, struct lb_change *change, const char *granule)
{
    struct lb_emitted *emitted;
    size_t count = lb_steps_emit(b->arena, b->stack, change->resource, granule, LB_EMIT_SYMBOLIC,
                                 &emitted);
    for (size_t i = 0; i < count; i++) {
        const struct lb_call *call = emitted[i].call;
        struct lb_step *step = new_step(b, change, granule);
        step->call = lb_op_label(b->arena, call->op);
        step->title = emitted[i].title;
        step->plane = call->op->plane == LB_PLANE_DATA ? "data" : "control";
        step->service = call->op->service->id;
        step->digest = lb_call_digest(b->arena, call);
        step->ordinal = i;
        step->last = i + 1 == count;
    }
}

static bool is_dirty(const struct lb_change *change, const struct lb_granule *granule,
                     const struct lb_granule_schema *schema)
{
    if (!granule->write)
        return false;
    if (change->action == LB_ACTION_CREATE)
        return schema->existence ||
               (!granule->in_create && lb_change_touches(change, granule->name));
    return lb_change_touches(change, granule->name);
}

static void add_change(struct builder *b, struct lb_change *change)
{
    struct lb_resource *resource = change->resource;
    if (!resource || !resource->managed)
        return;
    if (resource->live.status == LB_LIVE_IN_FLUX)
        add_wait(b, change);
    if (change->action != LB_ACTION_CREATE && change->action != LB_ACTION_UPDATE)
        return;
    for (const struct lb_granule *g = resource->provider->granules; g->name; g++)
        if (is_dirty(change, g, lb_granule_find(resource->kind, g->name)))
            add_granule(b, change, g->name);
}

/* --- order
 * -------------------------------------------------------------------------------------------------
 */

/* `seen` says for each step which one named it last as a need. */
static void add_need(struct builder *b, size_t at, size_t on)
{
    struct lb_step *step = &b->plan->steps[at];
    if (b->seen[on] == at + 1)
        return;
    b->seen[on] = at + 1;
    step->needs = lb_arena_grow(b->arena, step->needs, step->need_count, step->need_count + 1,
                                sizeof *step->needs, &step->need_capacity);
    step->needs[step->need_count++] = on;
}

/* The first and last step of each change lie together: [from, to). */
struct range {
    size_t from, to;
};

static struct range range_of(const struct lb_resource *resource)
{
    const struct lb_change *change = resource->planned;
    struct range range = {0, 0};
    if (!change)
        return range;
    return (struct range){change->first_step, change->first_step + change->step_count};
}

static void link_needs(struct builder *b, size_t at)
{
    struct lb_step *step = &b->plan->steps[at];
    const struct lb_resource *resource = step->change->resource;
    if (at > step->change->first_step)
        add_need(b, at, at - 1);
    for (size_t i = 0; i < resource->need_count; i++) {
        const struct lb_need *need = &resource->needs[i];
        if (need->granule && !lb_streq(need->granule, step->granule))
            continue;
        struct range range = range_of(need->resource);
        for (size_t k = range.from; k < range.to; k++)
            if (!need->of || lb_streq(need->of, b->plan->steps[k].granule))
                add_need(b, at, k);
    }
}

/* How often the steps in their given order must be gone through until this one is free: one round
 * more than a need that stands behind it. Kahn's algorithm finds it for all; returns how many. */
static size_t find_rounds(struct builder *b, size_t *round)
{
    const struct lb_plan *plan = b->plan;
    size_t n = plan->step_count, first = 0, last = 0;
    size_t *open = lb_arena_array(b->arena, n + 1, sizeof *open);
    size_t *queue = lb_arena_array(b->arena, n + 1, sizeof *queue);
    size_t *from = lb_arena_array(b->arena, n + 2, sizeof *from); /* of each in `dependents` */
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < plan->steps[i].need_count; k++)
            from[plan->steps[i].needs[k] + 2]++;
    for (size_t i = 2; i < n + 2; i++)
        from[i] += from[i - 1];
    size_t *dependents = lb_arena_array(b->arena, from[n + 1] + 1, sizeof *dependents);
    for (size_t i = 0; i < n; i++) {
        open[i] = plan->steps[i].need_count;
        for (size_t k = 0; k < open[i]; k++)
            dependents[from[plan->steps[i].needs[k] + 1]++] = i;
        if (!open[i])
            queue[last++] = i;
    }
    while (first < last) {
        size_t need = queue[first++];
        for (size_t k = from[need]; k < from[need + 1]; k++) {
            size_t at = dependents[k];
            size_t earliest = round[need] + (need > at);
            round[at] = round[at] > earliest ? round[at] : earliest;
            if (--open[at] == 0)
                queue[last++] = at;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (open[i])
            round[i] = SIZE_MAX;
    return last;
}

/* Round by round, and within a round in the given order: plans read the same in every run. */
static int sort_steps(struct builder *b)
{
    struct lb_plan *plan = b->plan;
    size_t n = plan->step_count;
    size_t *round = lb_arena_array(b->arena, n + 1, sizeof *round);
    size_t *place = lb_arena_array(b->arena, n + 1, sizeof *place); /* old -> new */
    size_t *start = lb_arena_array(b->arena, n + 2, sizeof *start); /* of each round */
    struct lb_step *sorted = lb_arena_array(b->arena, n + 1, sizeof *sorted);
    bool whole = find_rounds(b, round) == n;
    for (size_t i = 0; i < n && !whole; i++)
        if (round[i] == SIZE_MAX)
            return lb_diags_error(b->stack->diags, "LB-P001", &plan->steps[i].change->mark,
                                  "%s is part of a circle", plan->steps[i].address);
    for (size_t i = 0; i < n; i++)
        start[round[i] + 1]++;
    for (size_t i = 1; i <= n; i++)
        start[i] += start[i - 1];
    for (size_t i = 0; i < n; i++) {
        place[i] = start[round[i]]++;
        sorted[place[i]] = plan->steps[i];
        sorted[place[i]].id = lb_arena_printf(b->arena, "s%zu", place[i] + 1);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sorted[i].need_count; k++)
            sorted[i].needs[k] = place[sorted[i].needs[k]];
    plan->steps = sorted;
    plan->step_capacity = n + 1;
    return 0;
}

int lb_steps_build(struct lb_arena *arena, struct lb_stack *stack, struct lb_plan *plan)
{
    struct builder b = {arena, stack, plan, NULL};
    for (size_t i = 0; i < stack->resource_count; i++)
        stack->resources[i]->planned = NULL;
    for (size_t i = 0; i < plan->change_count; i++) {
        struct lb_change *change = &plan->changes[i];
        change->first_step = plan->step_count;
        add_change(&b, change);
        change->step_count = plan->step_count - change->first_step;
        if (change->resource)
            change->resource->planned = change;
    }
    b.seen = lb_arena_array(arena, plan->step_count + 1, sizeof *b.seen);
    for (size_t i = 0; i < plan->step_count; i++)
        link_needs(&b, i);
    return sort_steps(&b);
}
