/* loop.h: the one event loop of the program: one thread, one libcurl multi handle, an own
 * ready-queue with a window per host and a token bucket per (service, region). Implements
 * lb_exchange.
 */
#ifndef LB_TRANSPORT_LOOP_H
#define LB_TRANSPORT_LOOP_H

#include "transport/creds.h"
#include "transport/exchange.h"

struct lb_loop;

struct lb_loop_counts {
    uint64_t calls, attempts, connections, bytes_in, bytes_out, throttled;
};

/* Credentials are resolved at the first signed call. Log lines (LIFEBOAT_LOG) go to
 * LIFEBOAT_LOG_FILE or standard error, redacted by value. */
/* Environment, besides creds.h and endpoint.h: LIFEBOAT_LOG, LIFEBOAT_LOG_FILE, and
 * LIFEBOAT_TIME_SCALE=N (set by the sandbox, whose clock runs N times as fast): divides back-off,
 * `after` waits and the pace of requests by N; deadlines stay in wall-clock time.
 * LIFEBOAT_CALL_TIMEOUT=DURATION: the most that one call may take with all its attempts, where its
 * own deadline is later (60 s, more for what is known to be slow). */
int lb_loop_new(struct lb_arena *arena, struct lb_diags *diags, struct lb_loop **out);
struct lb_exchange lb_loop_exchange(struct lb_loop *loop);
/* Nothing is sent to these regions any more, nor to global services that are run from them: a call
 * that would go there is answered LB_UNREACHABLE, code AssumedDown. The names must outlive the
 * loop. */
void lb_loop_assume_down(struct lb_loop *loop, const char *const *regions, size_t count);
/* A secret of this run is in the text, as it is or in a usual spelling (percent, JSON, base64). */
bool lb_loop_holds_secret(const struct lb_loop *loop, const char *text);
/* Ends the log; call it when nothing more is sent. -1 with a diagnostic when LIFEBOAT_LOG_FILE did
 * not take all of it. */
int lb_loop_close_log(struct lb_loop *loop, struct lb_diags *diags);
void lb_loop_counts(const struct lb_loop *loop, struct lb_loop_counts *out);

#endif
