/* ready.c: which step of an apply starts next: a binary heap, since plans have thousands of steps.
 */
#include "planner/apply_run.h"

static bool before(const struct lb_task *a, const struct lb_task *b)
{
    return a->remaining_s != b->remaining_s ? a->remaining_s > b->remaining_s : a < b;
}

static void swap(struct lb_run *run, size_t a, size_t b)
{
    struct lb_task *kept = run->ready[a];
    run->ready[a] = run->ready[b];
    run->ready[b] = kept;
}

void lb_ready_add(struct lb_run *run, struct lb_task *task)
{
    size_t i = run->ready_count++;
    run->ready[i] = task;
    for (; i > 0 && before(run->ready[i], run->ready[(i - 1) / 2]); i = (i - 1) / 2)
        swap(run, i, (i - 1) / 2);
}

struct lb_task *lb_ready_take(struct lb_run *run)
{
    if (!run->ready_count)
        return NULL;
    struct lb_task *first = run->ready[0];
    run->ready[0] = run->ready[--run->ready_count];
    for (size_t i = 0; 2 * i + 1 < run->ready_count;) {
        size_t child = 2 * i + 1;
        if (child + 1 < run->ready_count && before(run->ready[child + 1], run->ready[child]))
            child++;
        if (!before(run->ready[child], run->ready[i]))
            break;
        swap(run, i, child);
        i = child;
    }
    return first;
}
