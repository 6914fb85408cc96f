/* timer.c: the loop's timers: polls of the planner and the back-off of retries. */
#include "transport/timer.h"

#include "base/diag.h"

#include <stdlib.h>

static bool before(const struct lb_timer *a, const struct lb_timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void swap(struct lb_timers *timers, size_t a, size_t b)
{
    struct lb_timer kept = timers->heap[a];
    timers->heap[a] = timers->heap[b];
    timers->heap[b] = kept;
}

void lb_timers_add(struct lb_timers *timers, int64_t due_ms, lb_timer_fn *fn, void *payload)
{
    if (timers->count == timers->capacity) {
        size_t capacity = timers->capacity ? timers->capacity * 2 : 32;
        struct lb_timer *heap = realloc(timers->heap, capacity * sizeof *heap);
        if (!heap)
            lb_out_of_memory();
        timers->heap = heap;
        timers->capacity = capacity;
    }
    size_t i = timers->count++;
    timers->heap[i] = (struct lb_timer){due_ms, timers->next_order++, fn, payload};
    for (; i > 0 && before(&timers->heap[i], &timers->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(timers, i, (i - 1) / 2);
}

bool lb_timers_pop(struct lb_timers *timers, int64_t now_ms, struct lb_timer *out)
{
    if (timers->count == 0 || timers->heap[0].due_ms > now_ms)
        return false;
    *out = timers->heap[0];
    timers->heap[0] = timers->heap[--timers->count];
    size_t i = 0;
    while (2 * i + 1 < timers->count) {
        size_t child = 2 * i + 1;
        if (child + 1 < timers->count && before(&timers->heap[child + 1], &timers->heap[child]))
            child++;
        if (!before(&timers->heap[child], &timers->heap[i]))
            break;
        swap(timers, i, child);
        i = child;
    }
    return true;
}

int64_t lb_timers_wait(const struct lb_timers *timers, int64_t now_ms)
{
    if (timers->count == 0)
        return -1;
    return timers->heap[0].due_ms > now_ms ? timers->heap[0].due_ms - now_ms : 0;
}

void lb_timers_release(struct lb_timers *timers)
{
    free(timers->heap);
    *timers = (struct lb_timers){0};
}
