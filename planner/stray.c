/* stray.c: objects that are ours by their marks but in no spec of the run; noted once each. */
#include "planner/engine.h"

#include <string.h>

void lb_refresh_stray(struct lb_refresh *refresh, struct lb_stack *stack, const char *address,
                      const char *what)
{
    struct lb_arena *arena = stack->arena;
    for (size_t i = 0; i < refresh->stray_count; i++)
        if (lb_streq(refresh->strays[i].address, address) && refresh->strays[i].stack == stack) {
            /* Two reads may meet it, in any order; what is told of it is the same in every run. */
            if (what && refresh->strays[i].what && strcmp(what, refresh->strays[i].what) < 0)
                refresh->strays[i].what = lb_arena_strdup(arena, what);
            return;
        }
    refresh->strays = lb_arena_grow(arena, refresh->strays, refresh->stray_count,
                                    refresh->stray_count + 1, sizeof *refresh->strays,
                                    &refresh->stray_capacity);
    refresh->strays[refresh->stray_count++] = (struct lb_stray){
        lb_arena_strdup(arena, address), lb_arena_strdup(arena, what), stack};
}
