/* survey.c: the stand-ins that surveys are asked with; see survey.h. The wave asks them, and a
 * policy allows what they ask (grant.c). An object inside another can only be looked for there, so
 * its kind is asked for each holder that the spec has: the first that leaves is found as well as
 * the last.
 */
#include "planner/survey.h"

static struct lb_resource *over_stack(struct lb_arena *arena, const struct lb_stack *stack)
{
    struct lb_resource *place = lb_arena_alloc(arena, sizeof *place);
    place->name = "";
    place->region = stack->regions[LB_SIDE_PRIMARY];
    return place;
}

static struct lb_resource *inside(struct lb_arena *arena, struct lb_resource *holder)
{
    struct lb_resource *place = lb_arena_alloc(arena, sizeof *place);
    place->name = holder->name;
    place->side = holder->side;
    place->region = holder->region;
    place->reads_after = lb_arena_alloc(arena, sizeof(struct lb_resource *));
    place->reads_after[0] = holder;
    place->reads_after_count = 1;
    return place;
}

struct lb_resource *lb_survey_next(struct lb_arena *arena, const struct lb_stack *stack,
                                   size_t *provider, size_t *object)
{
    for (const struct lb_provider *at; (at = lb_providers[*provider]); ++*provider, *object = 0) {
        const struct lb_kind *kind = lb_kind_find(stack->schemas, at->kind);
        struct lb_resource *place = NULL, *holder = NULL;
        if (!at->survey || !kind)
            continue;
        if (!at->survey_in && (*object)++ == 0)
            place = over_stack(arena, stack);
        else if (at->survey_in && (holder = lb_stack_next(stack, at->survey_in, object)))
            place = inside(arena, holder);
        if (!place)
            continue;
        place->kind = kind;
        place->provider = at;
        /* what a message about its calls names: the object that is looked into, where there is one
         */
        place->address = holder ? holder->address : kind->name;
        return place;
    }
    return NULL;
}
