/* exchange.h: the door between the engine and the network.
 *
 * The planner gets this interface and nothing else: it cannot open a socket, and without a permit
 * it cannot send a call that mutates. transport/loop.c implements it over one libcurl multi handle;
 * unit tests implement it over scripted answers.
 */
#ifndef LB_TRANSPORT_EXCHANGE_H
#define LB_TRANSPORT_EXCHANGE_H

#include "base/diag.h"
#include "transport/call.h"

/* Proof that a plan was confirmed. Only planner/apply.c makes one; a mutating call without one is a
 * bug of ours and ends the program before anything is sent. */
struct lb_permit {
    const char *plan_id; /* 64 hex digits of the plan that was approved */
};

/* Called once, from lb_exchange_run, never from within submit. The answer lives in the arena that
 * was passed to submit. */
typedef void lb_answer_fn(void *payload, const struct lb_answer *answer);
typedef void lb_timer_fn(void *payload);

struct lb_exchange {
    void *self;
    /* Queues a call. Reads: permit NULL. The call is copied by reference: it must live until done.
     */
    void (*submit)(void *self, const struct lb_permit *permit, struct lb_arena *arena,
                   const struct lb_call *call, lb_answer_fn *done, void *payload);
    /* Calls fn once after that many milliseconds of (scaled, see LIFEBOAT_TIME_SCALE) time. */
    void (*after)(void *self, int64_t ms, lb_timer_fn *fn, void *payload);
    /* Milliseconds of the same scaled clock, from an arbitrary start. */
    int64_t (*now_ms)(void *self);
    /* Serves calls and timers until both queues are empty, or *stop becomes non-zero. */
    void (*run)(void *self, const volatile int *stop);
    /* Queued calls that were not sent are answered LB_CANCELLED, those waiting for another attempt
     * with what the last one said; timers are dropped. The answers come from the next run, which
     * also finishes what is in flight. */
    void (*cancel)(void *self);
    /* NULL; once the credentials were refused and there are no others, how that came: a call that
     * mutates is answered LB_EXPIRED from then on and not sent. */
    const struct lb_diag *(*barred)(void *self);
};

#endif
