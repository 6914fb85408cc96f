/* select.c: see select.h. */
#include "planner/select.h"

#include <string.h>

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

static bool needs_one_of(const struct lb_value *set, const struct lb_resource *resource)
{
    for (size_t i = 0; i < resource->need_count; i++)
        if (lb_map_get(set, resource->needs[i].resource->address))
            return true;
    return false;
}

static void with_dependents(struct lb_stack *stack, struct lb_value *set)
{
    for (bool grown = true; grown;) {
        grown = false;
        for (size_t i = 0; i < stack->resource_count; i++) {
            const struct lb_resource *resource = stack->resources[i];
            if (!lb_map_get(set, resource->address) && needs_one_of(set, resource)) {
                lb_map_set_bool(stack->arena, set, resource->address, true);
                grown = true;
            }
        }
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

int lb_select(struct lb_engine *engine, struct lb_stack *stack,
              const struct lb_plan_options *options, struct lb_selection *out)
{
    *out = (struct lb_selection){NULL, lb_value_map(engine->arena)};
    if (!options)
        return 0;
    for (size_t i = 0; i < options->target_count; i++) {
        struct lb_resource *resource = find(engine, stack, options->targets[i]);
        if (!resource)
            return -1;
        if (!out->only)
            out->only = lb_value_map(engine->arena);
        with_needs(engine->arena, out->only, resource);
    }
    for (size_t i = 0; i < options->exclude_count; i++) {
        struct lb_resource *resource = find(engine, stack, options->excludes[i]);
        if (!resource)
            return -1;
        lb_map_set_bool(engine->arena, out->without, resource->address, true);
    }
    with_dependents(stack, out->without);
    return 0;
}

bool lb_selected(const struct lb_selection *selection, const struct lb_resource *resource)
{
    if (selection->only && !lb_map_get(selection->only, resource->address))
        return false;
    return !lb_map_get(selection->without, resource->address);
}
