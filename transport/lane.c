/* lane.c: queue, window, token bucket and retry budget of one place. Pure: the clock is passed in.
 */
#include "transport/lane.h"

#include "transport/loop_private.h"

#include <math.h>

#define START_RATE 20.0
#define MAX_RATE 400.0
#define MIN_RATE 0.5
#define RECOVERY 2.0 /* requests/s gained a second after a throttle */
#define DEFAULT_WINDOW 16

void lb_bucket_init(struct lb_bucket *bucket, double hard_rate, int64_t now_ms)
{
    double rate = hard_rate > 0 ? hard_rate : START_RATE;
    *bucket = (struct lb_bucket){.rate = rate, .hard = hard_rate, .burst = ceil(rate)};
    bucket->tokens = bucket->burst;
    bucket->at_ms = now_ms;
}

static void refill(struct lb_bucket *bucket, int64_t now_ms)
{
    double seconds = (double)(now_ms - bucket->at_ms) / 1000.0;
    bucket->at_ms = now_ms;
    if (bucket->halved_ms) {
        double limit = bucket->hard > 0 ? bucket->hard : MAX_RATE;
        bucket->rate = fmin(limit, bucket->rate + RECOVERY * seconds);
    }
    bucket->tokens = fmin(bucket->burst, bucket->tokens + bucket->rate * seconds);
}

bool lb_bucket_take(struct lb_bucket *bucket, int64_t now_ms, int64_t *wait_ms)
{
    refill(bucket, now_ms);
    if (bucket->tokens >= 1) {
        bucket->tokens -= 1;
        return true;
    }
    *wait_ms = (int64_t)ceil((1 - bucket->tokens) / bucket->rate * 1000.0);
    return false;
}

void lb_bucket_success(struct lb_bucket *bucket, int64_t now_ms)
{
    refill(bucket, now_ms);
    if (bucket->hard > 0 || bucket->halved_ms)
        return;
    bucket->rate = fmin(MAX_RATE, bucket->rate + 1);
    bucket->burst = fmax(bucket->burst, bucket->rate / 4);
    bucket->tokens = fmin(bucket->burst, bucket->tokens + 1);
}

void lb_bucket_throttled(struct lb_bucket *bucket, int64_t now_ms)
{
    refill(bucket, now_ms);
    /* Answers to requests that were in flight together tell of one overrun, not of many. */
    if (bucket->halved_ms && now_ms - bucket->halved_ms < 1000)
        return;
    bucket->halved_ms = now_ms ? now_ms : 1;
    bucket->rate = fmax(MIN_RATE, bucket->rate / 2);
    bucket->burst = fmax(1, fmin(bucket->burst, bucket->rate));
    bucket->tokens = fmin(bucket->tokens, 0);
}

int lb_budget_cost(bool throttle)
{
    return throttle ? 5 : 14;
}

bool lb_budget_take(struct lb_lane *lane, int cost)
{
    if (lane->budget < cost)
        return false;
    lane->budget -= cost;
    return true;
}

void lb_budget_return(struct lb_lane *lane, int cost)
{
    lane->budget += cost > 0 ? cost : 1;
    if (lane->budget > LB_BUDGET_FULL)
        lane->budget = LB_BUDGET_FULL;
}

void lb_lane_init(struct lb_lane *lane, const struct lb_service *service, const char *key,
                  int64_t now_ms)
{
    *lane = (struct lb_lane){.key = key, .budget = LB_BUDGET_FULL};
    lane->window = service->window > 0 ? service->window : DEFAULT_WINDOW;
    lb_bucket_init(&lane->bucket, service->rate, now_ms);
}

void lb_lane_push(struct lb_lane *lane, struct lb_job *job)
{
    job->next = NULL;
    if (lane->last)
        lane->last->next = job;
    else
        lane->first = job;
    lane->last = job;
}

void lb_lane_push_front(struct lb_lane *lane, struct lb_job *job)
{
    job->next = lane->first;
    lane->first = job;
    if (!lane->last)
        lane->last = job;
}

struct lb_job *lb_lane_pop(struct lb_lane *lane)
{
    struct lb_job *job = lane->first;
    if (job) {
        lane->first = job->next;
        if (!lane->first)
            lane->last = NULL;
    }
    return job;
}
