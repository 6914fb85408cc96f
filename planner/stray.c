/* stray.c: objects that are ours by their marks but in no spec of the run; noted once each. */
#include "planner/engine.h"

void lb_refresh_stray(struct lb_refresh *refresh, struct lb_stack *stack, const char *address,
                      const char *what)
{
    struct lb_arena *arena = stack->arena;
    const char *key = lb_arena_printf(arena, "%p %s", (void *)stack, address);
    if (!refresh->stray_keys)
        refresh->stray_keys = lb_value_map(arena);
    int64_t known = lb_int(lb_map_get(refresh->stray_keys, key), -1);
    if (known >= 0) {
        /* Several may carry one mark, such as a policy in each of two domains. */
        struct lb_value *texts = refresh->strays[known].what;
        if (!lb_list_has(texts, what))
            lb_list_add_string(arena, texts, what);
        return;
    }
    lb_map_set_int(arena, refresh->stray_keys, key, (int64_t)refresh->stray_count);
    refresh->strays = lb_arena_grow(arena, refresh->strays, refresh->stray_count,
                                    refresh->stray_count + 1, sizeof *refresh->strays,
                                    &refresh->stray_capacity);
    struct lb_stray *stray = &refresh->strays[refresh->stray_count++];
    *stray = (struct lb_stray){lb_arena_strdup(arena, address), lb_value_list(arena), stack};
    lb_list_add_string(arena, stray->what, what);
}
