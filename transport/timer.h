/* timer.h: private to transport: a binary heap of one-shot timers; equal times fire in the order
 * they were set. */
#ifndef LB_TRANSPORT_TIMER_H
#define LB_TRANSPORT_TIMER_H

#include "transport/exchange.h"

struct lb_timer {
    int64_t due_ms; /* monotonic */
    uint64_t order;
    lb_timer_fn *fn;
    void *payload;
};

struct lb_timers {
    struct lb_timer *heap; /* malloc */
    size_t count, capacity;
    uint64_t next_order;
};

void lb_timers_add(struct lb_timers *timers, int64_t due_ms, lb_timer_fn *fn, void *payload);
/* Takes out the first timer that is due. False when none is. */
bool lb_timers_pop(struct lb_timers *timers, int64_t now_ms, struct lb_timer *out);
/* Milliseconds to the next; -1 when there is none. */
int64_t lb_timers_wait(const struct lb_timers *timers, int64_t now_ms);
void lb_timers_release(struct lb_timers *timers);

#endif
