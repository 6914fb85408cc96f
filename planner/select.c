/* select.c: see select.h. */
#include "planner/select.h"

#include <string.h>

#define NAMED_MAX 20 /* objects that were left out */

const char *lb_address_kind(struct lb_arena *arena, const char *address)
{
    const char *dot = strchr(address, '.');
    return dot ? lb_arena_strndup(arena, address, (size_t)(dot - address)) : address;
}

static void with_needs(struct lb_arena *arena, struct lb_value *set,
                       const struct lb_resource *resource)
{
    if (lb_map_get(set, resource->address))
        return;
    lb_map_set_bool(arena, set, resource->address, true);
    for (size_t i = 0; i < resource->need_count; i++)
        with_needs(arena, set, resource->needs[i].resource);
}

/* Along the needs backwards: who needs something of the set, and who needs that. */
static void with_dependents(struct lb_arena *arena, struct lb_stack *stack, struct lb_value *set)
{
    struct lb_value *dependents = lb_value_map(arena); /* address -> addresses */
    for (size_t i = 0; i < stack->resource_count; i++) {
        const struct lb_resource *resource = stack->resources[i];
        for (size_t k = 0; k < resource->need_count; k++)
            lb_list_add_string(arena,
                               lb_map_list(arena, dependents, resource->needs[k].resource->address),
                               resource->address);
    }
    for (size_t i = 0; i < lb_value_count(set); i++) { /* the set grows meanwhile */
        const struct lb_value *list = lb_map_get(dependents, lb_map_nth(set, i)->key);
        for (size_t k = 0; k < lb_value_count(list); k++)
            lb_map_set_bool(arena, set, lb_text(lb_list_item(list, k), ""), true);
    }
}

static struct lb_resource *find(struct lb_engine *engine, struct lb_stack *stack,
                                const char *address)
{
    struct lb_resource *resource = lb_stack_find_address(stack, address);
    if (resource)
        return resource;
    const char **all = lb_arena_array(engine->arena, stack->resource_count + 1, sizeof *all);
    for (size_t i = 0; i < stack->resource_count; i++)
        all[i] = stack->resources[i]->address;
    const char *near = lb_nearest(address, all, stack->resource_count);
    lb_diags_error_try(engine->diags, "LB-P003", NULL, near, "\"%s\" is not in stack %s", address,
                       stack->name);
    return NULL;
}

static int collect(struct lb_engine *engine, struct lb_stack *stack, const char *const *addresses,
                   size_t count, bool needs, struct lb_value *set)
{
    for (size_t i = 0; i < count; i++) {
        struct lb_resource *resource = find(engine, stack, addresses[i]);
        if (!resource)
            return -1;
        if (needs)
            with_needs(engine->arena, set, resource);
        else
            lb_map_set_bool(engine->arena, set, resource->address, true);
    }
    return 0;
}

/* Who reads the plan later, or applies it, did not see how it was asked for. */
static void say_part(struct lb_stack *stack)
{
    struct lb_str left_out = {0};
    size_t count = 0;
    for (size_t i = 0; i < stack->resource_count; i++) {
        const struct lb_resource *resource = stack->resources[i];
        if (resource->selected)
            continue;
        if (count++ < NAMED_MAX)
            lb_str_printf(&left_out, "%s%s", left_out.length ? ", " : "", resource->address);
    }
    if (count > NAMED_MAX)
        lb_str_printf(&left_out, " and %zu more", count - NAMED_MAX);
    struct lb_diag diag = {
        .code = "LB-P037",
        .detail = lb_arena_printf(stack->arena, "left out: %s", lb_str_text(&left_out))};
    if (count)
        lb_diags_add(stack->diags, &diag);
    lb_str_release(&left_out);
}

int lb_select(struct lb_engine *engine, struct lb_stack *stack,
              const struct lb_plan_options *options)
{
    struct lb_value *only = lb_value_map(engine->arena);
    struct lb_value *without = lb_value_map(engine->arena);
    if (collect(engine, stack, options->targets, options->target_count, true, only) != 0 ||
        collect(engine, stack, options->excludes, options->exclude_count, false, without) != 0)
        return -1;
    if (options->exclude_count)
        with_dependents(engine->arena, stack, without);
    for (size_t i = 0; i < stack->resource_count; i++) {
        struct lb_resource *resource = stack->resources[i];
        resource->selected = (!options->target_count || lb_map_get(only, resource->address)) &&
                             !lb_map_get(without, resource->address);
    }
    say_part(stack);
    return 0;
}
