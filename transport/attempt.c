/* attempt.c: what an attempt means, and whether another one follows.
 *
 * The one rule that protects from doing a thing twice is here: an operation marked `once` is not
 * sent again when its first sending may have been carried out (an answer lost, a 5xx, an unreadable
 * answer). A throttle and a connection that was never made are not such cases.
 */
#include "base/time.h"
#include "transport/loop_private.h"
#include "transport/retry.h"

#include <stdlib.h>
#include <string.h>

#define SKEW_TRIES 3  /* of one call: time servers set a clock in more than one jump */
#define SKEW_MIN_S 60 /* a smaller difference is no reason for a refusal: minutes are allowed */
#define RETRY_AFTER_SPAN_MS                                                                        \
    5000 /* a service may ask for at most this much more than we would wait */

void lb_job_answer(struct lb_job *job, enum lb_outcome outcome, const char *error_code,
                   const char *format, ...)
{
    va_list args;
    struct lb_answer *answer = job->answer = lb_arena_alloc(job->answers, sizeof *answer);
    answer->outcome = outcome;
    answer->error_code = error_code;
    va_start(args, format);
    answer->error_message = lb_arena_vprintf(job->answers, format, args);
    va_end(args);
    answer->headers = lb_value_map(job->answers);
    answer->attempts = job->attempts;
    answer->elapsed_ms = lb_time_monotonic_ms() - job->begun_ms;
}

/* --- credentials and clock -------------------------------------------------------------------- */
int lb_loop_credentials(struct lb_loop *loop)
{
    if (loop->creds_state != LB_CREDS_UNRESOLVED)
        return loop->creds_state == LB_CREDS_READY ? 0 : -1;
    struct lb_diags diags;
    lb_diags_init(&diags, loop->arena);
    loop->creds_generation++;
    if (lb_creds_resolve(loop->arena, &loop->config, &diags, &loop->creds) == 0) {
        loop->creds_state = LB_CREDS_READY;
        lb_loop_keep_secret(loop, loop->creds.secret_key);
        lb_loop_keep_secret(loop, loop->creds.session_token);
        return 0;
    }
    struct lb_str text = {0};
    for (size_t i = 0; i < diags.count; i++)
        lb_str_printf(&text, "%s%s: %s", i ? "; " : "", diags.items[i].summary,
                      diags.items[i].detail ? diags.items[i].detail : "");
    loop->creds_error = lb_str_take(&text, loop->arena);
    loop->creds_state = LB_CREDS_FAILED;
    return -1;
}

/* True when the clock's difference is now known better than when this call was signed. A clock that
 * is set while we run makes it another one; a call is signed again a few times, whatever it is
 * told.
 */
static bool correct_skew(struct lb_loop *loop, struct lb_job *job)
{
    int64_t theirs;
    const char *date = lb_answer_header(job->answer, "date");
    if (job->skew_tries++ == SKEW_TRIES)
        return false;
    if (job->skew_used != loop->skew_s)
        return true;
    if (!date || lb_time_parse_http(date, &theirs) < 0)
        return false;
    int64_t skew = theirs - lb_time_now();
    if (llabs(skew - loop->skew_s) < SKEW_MIN_S)
        return false;
    loop->skew_s = skew;
    lb_log_line(&loop->log, LB_LOG_DEBUG, NULL, "clock corrected to %lld s", (long long)skew);
    return true;
}

/* --- the decision ----------------------------------------------------------------------------- */
static bool is_final(const struct lb_answer *answer)
{
    switch (answer->outcome) {
    case LB_THROTTLED:
        return false;
    case LB_FAILED:
        return lb_streq(answer->error_code, "TooLarge");
    case LB_UNREACHABLE:
        return lb_streq(answer->error_code, "TlsError");
    default:
        return true;
    }
}

static int64_t number(const char *text)
{
    long value = strtol(text, NULL, 10);
    return value < 0 ? 0 : value > 1000000 ? 1000000 : value;
}

/* x-amz-retry-after is in milliseconds; a cluster's Retry-After in seconds. */
static int64_t asked_delay(const struct lb_answer *answer, int64_t own_ms)
{
    const char *ms = lb_answer_header(answer, "x-amz-retry-after");
    const char *seconds = lb_answer_header(answer, "retry-after");
    int64_t asked = ms ? number(ms) : seconds ? 1000 * number(seconds) : 0;
    if (asked < own_ms)
        return own_ms;
    return asked > own_ms + RETRY_AFTER_SPAN_MS ? own_ms + RETRY_AFTER_SPAN_MS : asked;
}

static bool give_up(struct lb_loop *loop, struct lb_job *job, int64_t *delay_ms)
{
    const struct lb_answer *answer = job->answer;
    bool throttle = answer->outcome == LB_THROTTLED;
    int max = loop->config.max_attempts;
    /* A throttle says "later", not "no": with retries on at all it may go on to the deadline. */
    if (job->attempts >= max && !(throttle && max > 1))
        return true;
    int cost = lb_budget_cost(throttle);
    enum lb_error_class error_class = throttle ? LB_CLASS_THROTTLE : LB_CLASS_TRANSIENT;
    *delay_ms = asked_delay(answer,
                            lb_retry_delay_ms(error_class, job->retries, erand48(loop->random)));
    int64_t wall = (int64_t)((double)*delay_ms / loop->time_scale);
    if (lb_time_monotonic_ms() + wall >= job->deadline_ms || !lb_budget_take(job->lane, cost))
        return true;
    job->spent += cost;
    job->retries++;
    return false;
}

static void feed_back(struct lb_loop *loop, struct lb_job *job, enum lb_outcome outcome)
{
    int64_t now = lb_loop_now_ms(loop);
    if (outcome == LB_THROTTLED) {
        loop->counts.throttled++;
        lb_bucket_throttled(&job->lane->bucket, now);
    } else if (outcome != LB_FAILED && outcome != LB_UNREACHABLE) {
        lb_bucket_success(&job->lane->bucket, now);
    }
    if (outcome == LB_ANSWERED || outcome == LB_NOT_FOUND)
        lb_budget_return(job->lane, job->spent);
}

bool lb_attempt_judge(struct lb_loop *loop, struct lb_job *job, int64_t *delay_ms)
{
    struct lb_answer *answer = job->answer;
    const struct lb_op *op = job->call->op;
    feed_back(loop, job, answer->outcome);
    *delay_ms = 0;
    if (loop->stopping)
        return true;
    switch (
        lb_error_classify(op->service, answer->status, answer->error_code, answer->error_message)) {
    case LB_CLASS_SKEW:
        /* What stays refused for its time is as good as refused for its key. */
        return !correct_skew(loop, job) && lb_renew_judge(loop, job);
    case LB_CLASS_EXPIRED:
        return lb_renew_judge(loop, job);
    default:
        break;
    }
    if (is_final(answer))
        return true;
    if (answer->outcome == LB_FAILED && op->mutates && op->once)
        return true;
    return give_up(loop, job, delay_ms);
}
