/* memory.c: what all answers hold together. One answer is capped by its own size, but a run reads a
 * hundred at once: bodies that arrive, and the trees that were made of them, share one budget. What
 * would pass it fails as too large, final like an answer that is too large by itself.
 *
 * Small answers are not counted: a run makes thousands of calls, not millions, and a fleet's plan
 * of a hundred stacks stays under 40 MiB.
 */
#include "transport/loop_private.h"

#define MEMORY_MAX ((size_t)128 << 20)
#define SMALL ((size_t)64 << 10)

struct holding {
    struct lb_loop *loop;
    size_t size;
};

bool lb_memory_take(struct lb_loop *loop, size_t size)
{
    if (size > MEMORY_MAX - loop->held)
        return false;
    loop->held += size;
    return true;
}

void lb_memory_give_back(struct lb_loop *loop, size_t size)
{
    loop->held -= size;
}

static void let_go(void *object)
{
    struct holding *holding = object;
    lb_memory_give_back(holding->loop, holding->size);
}

/* The budget may be passed by the one answer that was just decoded, never by a second. */
void lb_memory_hold(struct lb_loop *loop, struct lb_arena *arena, size_t size)
{
    if (size < SMALL)
        return;
    struct holding *holding = lb_arena_alloc(arena, sizeof *holding);
    *holding = (struct holding){loop,
                                size < MEMORY_MAX - loop->held ? size : MEMORY_MAX - loop->held};
    loop->held += holding->size;
    lb_arena_defer(arena, let_go, holding);
}
