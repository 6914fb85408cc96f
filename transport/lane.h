/* lane.h: private to transport: what waits to be sent, by place.
 *
 * A lane is one (service, region, host): its first-in-first-out queue, its window of requests in
 * flight, its token bucket and its retry budget. libcurl never sees a request before its lane lets
 * it go: 7.88 walks all pending handles on every perform (O(n^2), fixed in 8.1.0).
 *
 * The bucket: a service with a published hard rate (Route 53: 5/s an account) keeps it. Others
 * start at 20/s; until the first throttle every success gives its token back and raises the rate by
 * one, so that the window is the bound (slow start); a throttle halves the rate, at most once a
 * second, and from then on the rate grows by two a second.
 */
#ifndef LB_TRANSPORT_LANE_H
#define LB_TRANSPORT_LANE_H

#include "base/digest.h"
#include "transport/call.h"

struct lb_job;

struct lb_bucket {
    double rate, hard, tokens, burst; /* requests/s; hard 0: adapts */
    int64_t at_ms;                    /* when tokens was true */
    int64_t halved_ms;                /* last time a throttle counted; 0: never */
};

struct lb_lane {
    const char *key;
    struct lb_bucket bucket;
    int window, in_flight;
    int opened; /* most requests that were in flight: so many connections were opened for it */
    int budget; /* retry tokens */
    struct lb_job *first, *last;
    /* The signing key of its region and service: four of the five HMACs of a signature. */
    unsigned char key_of_day[LB_SHA256_BYTES];
    int64_t key_day;    /* since 1970 */
    unsigned key_creds; /* generation of the credentials; 0: no key yet */
    bool refused;       /* credentials were, here */
};

void lb_bucket_init(struct lb_bucket *bucket, double hard_rate, int64_t now_ms);
/* Takes one token. False: none yet; *wait_ms says when. */
bool lb_bucket_take(struct lb_bucket *bucket, int64_t now_ms, int64_t *wait_ms);
void lb_bucket_success(struct lb_bucket *bucket, int64_t now_ms);
void lb_bucket_throttled(struct lb_bucket *bucket, int64_t now_ms);

/* The retry budget of the SDKs' 2026 rules: 500, a retry after a throttle costs 5, after anything
 * else 14; a retried call that succeeds gives its cost back, a clean success one. */
#define LB_BUDGET_FULL 500
int lb_budget_cost(bool throttle);
bool lb_budget_take(struct lb_lane *lane, int cost);
void lb_budget_return(struct lb_lane *lane, int cost);

void lb_lane_init(struct lb_lane *lane, const struct lb_service *service, const char *key,
                  int64_t now_ms);
void lb_lane_push(struct lb_lane *lane, struct lb_job *job);
void lb_lane_push_front(struct lb_lane *lane, struct lb_job *job);
struct lb_job *lb_lane_pop(struct lb_lane *lane);

#endif
