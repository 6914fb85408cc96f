/* assume.c: see assume.h. Between refresh and steps: it marks objects before they are read and
 * takes changes out of the plan before steps are made of them; nothing behind it knows of regions
 * that are down but the door of the transport, which sends nothing there whoever asks.
 */
#include "planner/assume.h"

#include "planner/release.h"

#include "base/exit.h"

#include <stdlib.h>
#include <string.h>

/* --- marking
 * ---------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const struct lb_value *sorted(struct lb_arena *arena, const char *const *names, size_t count)
{
    const char **copy = lb_arena_array(arena, count + 1, sizeof *copy);
    struct lb_value *list = lb_value_list(arena);
    for (size_t i = 0; i < count; i++)
        copy[i] = names[i];
    qsort(copy, count, sizeof *copy, by_name);
    for (size_t i = 0; i < count; i++)
        if (!lb_list_has(list, copy[i]))
            lb_list_add_string(arena, list, copy[i]);
    return list;
}

/* Regions in which one of the stacks has something, or in which is listed what left it: region ->
 * true. */
static struct lb_value *homes(struct lb_arena *arena, struct lb_stack *const *stacks, size_t count)
{
    struct lb_value *all = lb_value_map(arena);
    for (size_t i = 0; i < count; i++) {
        const struct lb_value *listed = lb_release_regions(arena, stacks[i]);
        for (size_t k = 0; k < lb_value_count(listed); k++)
            lb_map_set_bool(arena, all, lb_text(lb_list_item(listed, k), ""), true);
        for (size_t k = 0; k < stacks[i]->resource_count; k++)
            lb_map_set_bool(arena, all, lb_resource_home(stacks[i]->resources[k]), true);
    }
    return all;
}

static int refuse_region(struct lb_engine *engine, const char *region, const struct lb_value *all)
{
    const char **names = lb_arena_array(engine->arena, lb_value_count(all) + 1, sizeof *names);
    for (size_t i = 0; i < lb_value_count(all); i++)
        names[i] = lb_map_nth(all, i)->key;
    const char *near = lb_nearest(region, names, lb_value_count(all));
    return lb_diags_error_try(engine->diags, "LB-P004", NULL,
                              near ? lb_arena_printf(engine->arena, "--assume-down %s", near)
                                   : NULL,
                              "--assume-down \"%s\"", region);
}

static void mark(struct lb_stack *stack, const struct lb_value *down)
{
    stack->assumed_down = down;
    for (size_t i = 0; i < stack->resource_count; i++) {
        struct lb_resource *resource = stack->resources[i];
        resource->assumed_down = lb_region_assumed_down(stack, lb_resource_home(resource));
        if (resource->assumed_down)
            resource->live.status = LB_LIVE_UNREADABLE;
    }
}

int lb_assume_down(struct lb_engine *engine, struct lb_stack *const *stacks, size_t stack_count,
                   const struct lb_plan_options *options)
{
    size_t count = options->assume_down_count;
    if (!count)
        return 0;
    const struct lb_value *all = homes(engine->arena, stacks, stack_count);
    for (size_t i = 0; i < count; i++)
        if (!lb_map_get(all, options->assume_down[i]))
            return refuse_region(engine, options->assume_down[i], all);
    const struct lb_value *down = sorted(engine->arena, options->assume_down, count);
    for (size_t i = 0; i < stack_count; i++) {
        mark(stacks[i], down);
        if (lb_region_assumed_down(stacks[i], stacks[i]->regions[LB_SIDE_PRIMARY]) &&
            lb_region_assumed_down(stacks[i], stacks[i]->regions[LB_SIDE_SECONDARY]))
            return lb_diags_error(engine->diags, "LB-P005", NULL, "stack %s has %s and %s",
                                  stacks[i]->name, stacks[i]->regions[LB_SIDE_PRIMARY],
                                  stacks[i]->regions[LB_SIDE_SECONDARY]);
    }
    return 0;
}

const char *const *lb_assumed_names(struct lb_arena *arena, const struct lb_stack *stack)
{
    size_t count = lb_value_count(stack->assumed_down);
    const char **names = lb_arena_array(arena, count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = lb_text(lb_list_item(stack->assumed_down, i), "");
    return names;
}

/* --- what cannot work now
 * ---------------------------------------------------------------------------------------- */

static bool lies_there(const struct lb_resource *resource)
{
    return resource->assumed_down && resource->kind->sides != LB_SIDES_GLOBAL;
}

/* Why that granule of the object (NULL: all of it) cannot be worked on; NULL when it can. */
static const struct lb_resource *obstacle(const struct lb_resource *resource, const char *granule,
                                          const struct lb_value *left_out)
{
    for (size_t i = 0; i < resource->need_count; i++) {
        const struct lb_need *need = &resource->needs[i];
        if (need->order || (need->granule && !lb_streq(need->granule, granule)))
            continue;
        if (lies_there(need->resource) || lb_map_get(left_out, need->resource->address))
            return need->resource;
    }
    return NULL;
}

static void say_left_out(struct lb_stack *stack, const struct lb_change *change,
                         const char *granule, const struct lb_resource *why)
{
    const char *part = granule ? lb_arena_printf(stack->arena, "its %s ", granule) : "";
    struct lb_diag diag = {
        .code = "LB-P034",
        .address = change->address,
        .mark = change->mark,
        .detail = lies_there(why) ? lb_arena_printf(stack->arena, "%sneeds %s in %s", part,
                                                    why->address, why->region)
                                  : lb_arena_printf(stack->arena, "%sneeds %s, which is left out",
                                                    part, why->address)};
    lb_diags_add(stack->diags, &diag);
}

/* Fields of granules that cannot be worked on. */
static void drop_fields(struct lb_stack *stack, struct lb_change *change,
                        const struct lb_value *left_out)
{
    size_t kept = 0;
    const char *said = NULL;
    for (size_t i = 0; i < change->field_count; i++) {
        const char *granule = change->fields[i].granule;
        const struct lb_resource *why = obstacle(change->resource, granule, left_out);
        if (why && !lb_streq(said, granule))
            say_left_out(stack, change, granule, why);
        if (why)
            said = granule;
        else
            change->fields[kept++] = change->fields[i];
    }
    change->field_count = kept;
}

static bool is_work(const struct lb_change *change)
{
    return change->resource &&
           (change->action == LB_ACTION_CREATE || change->action == LB_ACTION_UPDATE);
}

/* Takes out one change that cannot work. True when one was found: another may need it. */
static bool leave_one_out(struct lb_stack *stack, struct lb_plan *plan, struct lb_value *left_out)
{
    for (size_t i = 0; i < plan->change_count; i++) {
        struct lb_change *change = &plan->changes[i];
        const struct lb_resource *why = is_work(change) ? obstacle(change->resource, NULL, left_out)
                                                        : NULL;
        if (!why)
            continue;
        say_left_out(stack, change, NULL, why);
        lb_map_set_bool(stack->arena, left_out, change->address, true);
        memmove(change, change + 1, (plan->change_count - i - 1) * sizeof *change);
        plan->change_count--;
        return true;
    }
    return false;
}

static void say_not_looked_at(struct lb_stack *stack, const char *region)
{
    struct lb_str here = {0}, global = {0};
    for (size_t i = 0; i < stack->resource_count; i++) {
        const struct lb_resource *resource = stack->resources[i];
        if (!resource->selected || !lb_streq(lb_resource_home(resource), region))
            continue;
        struct lb_str *list = lies_there(resource) ? &here : &global;
        lb_str_printf(list, "%s%s", list->length ? ", " : "", resource->address);
    }
    if (global.length)
        lb_str_printf(&here, "%s%s of global services that are run from there",
                      here.length ? "; and " : "", lb_str_text(&global));
    struct lb_diag diag = {
        .code = "LB-P033",
        .detail = lb_arena_printf(stack->arena, "%s: %s", region, lb_str_text(&here))};
    if (here.length)
        lb_diags_add(stack->diags, &diag);
    lb_str_release(&here);
    lb_str_release(&global);
}

void lb_assume_leave_out(struct lb_stack *stack, struct lb_plan *plan)
{
    struct lb_value *left_out = lb_value_map(stack->arena);
    size_t count = 0;
    if (!stack->assumed_down)
        return;
    while (leave_one_out(stack, plan, left_out))
        continue;
    for (size_t i = 0; i < plan->change_count; i++) {
        struct lb_change *change = &plan->changes[i];
        if (is_work(change))
            drop_fields(stack, change, left_out);
        if (change->action != LB_ACTION_UPDATE || change->field_count)
            plan->changes[count++] = *change;
    }
    plan->change_count = count;
    for (size_t i = 0; i < lb_value_count(stack->assumed_down); i++)
        say_not_looked_at(stack, lb_text(lb_list_item(stack->assumed_down, i), ""));
}

/* --- a region that does not answer
 * ---------------------------------------------------------------------------------- */

static bool was_unreachable(const struct lb_stack *stack, const char *address)
{
    for (size_t i = 0; i < stack->diags->count; i++)
        if (stack->diags->items[i].exit == LB_EXIT_UNREACHABLE &&
            lb_streq(stack->diags->items[i].address, address))
            return true;
    return false;
}

/* Nothing that was asked there could be read, and at least one call found nobody. */
static bool is_silent(const struct lb_stack *stack, const char *region)
{
    bool unreachable = false;
    for (size_t i = 0; i < stack->resource_count; i++) {
        const struct lb_resource *resource = stack->resources[i];
        if (!resource->selected || resource->assumed_down ||
            !lb_streq(lb_resource_home(resource), region))
            continue;
        if (resource->live.status != LB_LIVE_UNREADABLE)
            return false;
        unreachable |= was_unreachable(stack, resource->address);
    }
    return unreachable;
}

void lb_assume_suggest(struct lb_stack *stack)
{
    struct lb_stack *const stacks[] = {stack};
    const struct lb_value *all = homes(stack->arena, stacks, 1);
    for (size_t i = 0; i < lb_value_count(all); i++) {
        const char *region = lb_map_nth(all, i)->key;
        if (!is_silent(stack, region))
            continue;
        struct lb_diag diag = {
            .code = "LB-P035",
            .detail = region,
            .remedy = lb_arena_printf(stack->arena,
                                      "if it is down: lifeboat plan --assume-down %s plans for "
                                      "what is left",
                                      region)};
        lb_diags_add(stack->diags, &diag);
    }
}
