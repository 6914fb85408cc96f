/* loop.c: the event loop behind lb_exchange: one thread, one multi handle.
 *
 * A call is submitted into the lane of its place, leaves it when window and bucket allow, becomes a
 * transfer, is judged, and either waits on a timer for another attempt or is delivered. `done` is
 * called from run only: what it submits is picked up in the same turn.
 */
#include "base/time.h"
#include "transport/loop_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEADLINE_MS 60000
/* Of all lanes together: a fleet's clusters are a host each, and every transfer costs a socket and
 * 50 KiB. */
#define MAX_IN_FLIGHT 96
#define POLL_MS 200 /* how long *stop may go unseen */

/* --- making ----------------------------------------------------------------------------------- */
static void release(void *object)
{
    struct lb_loop *loop = object;
    if (loop->multi)
        lb_transfers_release(loop);
    for (size_t i = 0; i < loop->lane_count; i++)
        lb_wipe(loop->lane_table[i]->key_of_day, sizeof loop->lane_table[i]->key_of_day);
    lb_timers_release(&loop->timers);
    lb_creds_wipe(&loop->creds);
    lb_creds_wipe(&loop->retired);
    for (struct lb_secret_kept *at = loop->secrets; at; at = at->next)
        lb_wipe(at->text, strlen(at->text));
    lb_log_close(&loop->log);
}

static int read_time_scale(struct lb_diags *diags, double *out)
{
    const char *text = getenv("LIFEBOAT_TIME_SCALE");
    char *end = NULL;
    *out = 1;
    if (!text || !*text)
        return 0;
    *out = strtod(text, &end);
    if (*end || !isfinite(*out) || *out < 1 || *out > 1e9)
        return lb_diags_error(diags, "LB-A004", NULL, "LIFEBOAT_TIME_SCALE is \"%s\"", text);
    return 0;
}

/* For who would rather hear of a slow network soon than wait a minute for each call. */
static int read_call_timeout(struct lb_diags *diags, int64_t *out_ms)
{
    const char *text = getenv("LIFEBOAT_CALL_TIMEOUT");
    int64_t seconds;
    *out_ms = INT64_MAX;
    if (!text || !*text)
        return 0;
    if (lb_duration_parse(text, &seconds) != 0 || seconds < 1)
        return lb_diags_error(diags, "LB-A004", NULL, "LIFEBOAT_CALL_TIMEOUT is \"%s\"", text);
    *out_ms = seconds > INT64_MAX / 1000 ? INT64_MAX : seconds * 1000;
    return 0;
}

int lb_loop_new(struct lb_arena *arena, struct lb_diags *diags, struct lb_loop **out)
{
    struct lb_loop *loop = lb_arena_alloc(arena, sizeof *loop);
    loop->arena = arena;
    loop->log.fd = -1;
    if (lb_aws_config_load(arena, diags, &loop->config) < 0 ||
        read_time_scale(diags, &loop->time_scale) < 0 ||
        read_call_timeout(diags, &loop->call_timeout_ms) < 0 || lb_log_open(diags, &loop->log) < 0)
        return -1;
    lb_arena_defer(arena, release, loop);
    loop->start_ms = lb_time_monotonic_ms();
    loop->lane_index = lb_value_map(arena);
    /* The jitter only has to differ between processes. */
    int64_t seed = loop->start_ms ^ ((int64_t)getpid() << 20) ^ lb_time_now();
    for (size_t i = 0; i < 3; i++)
        loop->random[i] = (unsigned short)(seed >> (16 * i));
    if (lb_transfers_init(loop) < 0)
        LB_BUG("libcurl cannot be initialised: out of memory, or a broken one");
    *out = loop;
    return 0;
}

void lb_loop_keep_secret(struct lb_loop *loop, const char *secret)
{
    struct lb_secret_kept *kept = loop->secrets;
    while (kept && !lb_streq(kept->text, secret))
        kept = kept->next;
    if (kept || !*secret)
        return;
    kept = lb_arena_alloc(loop->arena, sizeof *kept);
    *kept = (struct lb_secret_kept){loop->secrets, lb_arena_strdup(loop->arena, secret)};
    loop->secrets = kept;
}

bool lb_loop_holds_secret(const struct lb_loop *loop, const char *text)
{
    bool holds = false;
    struct lb_arena *scratch = lb_arena_new();
    for (const struct lb_secret_kept *at = loop->secrets; at && !holds; at = at->next) {
        struct lb_secrets one = {.count = 0};
        lb_secrets_add(&one, at->text);
        holds = lb_redact(scratch, &one, text) != text;
    }
    lb_arena_free(scratch);
    return holds;
}

int lb_loop_close_log(struct lb_loop *loop, struct lb_diags *diags)
{
    int error = lb_log_close(&loop->log);
    if (!error)
        return 0;
    return lb_diags_error(diags, "LB-U003", NULL, "LIFEBOAT_LOG_FILE: %s", strerror(error));
}

void lb_loop_counts(const struct lb_loop *loop, struct lb_loop_counts *out)
{
    *out = loop->counts;
}

/* --- submit ----------------------------------------------------------------------------------- */
static struct lb_lane *find_lane(struct lb_loop *loop, const struct lb_job *job)
{
    const struct lb_service *service = job->call->op->service;
    const char *region = job->endpoint.signing_region;
    struct lb_str key = {0};
    /* The loop's own call has a lane of its own: others do not go along. */
    lb_str_printf(&key, "%s%s %s %s", job->payload == loop ? "own " : "", service->id,
                  region ? region : "", job->endpoint.host_header);
    int64_t at = lb_int(lb_map_get(loop->lane_index, lb_str_text(&key)), -1);
    if (at >= 0) {
        lb_str_release(&key);
        return loop->lane_table[at];
    }
    struct lb_lane *lane = lb_arena_alloc(loop->arena, sizeof *lane);
    lb_lane_init(lane, service, lb_str_take(&key, loop->arena), lb_loop_now_ms(loop));
    loop->lane_table = lb_arena_grow(loop->arena, loop->lane_table, loop->lane_count,
                                     loop->lane_count + 1, sizeof(struct lb_lane *),
                                     &loop->lane_capacity);
    lb_map_set_int(loop->arena, loop->lane_index, lane->key, (int64_t)loop->lane_count);
    loop->lane_table[loop->lane_count++] = lane;
    return lane;
}

int64_t lb_loop_now_ms(const struct lb_loop *loop)
{
    return (int64_t)((double)(lb_time_monotonic_ms() - loop->start_ms) * loop->time_scale);
}

static void finish(struct lb_job *job)
{
    struct lb_loop *loop = job->loop;
    job->next = NULL;
    if (loop->finished_last)
        loop->finished_last->next = job;
    else
        loop->finished = job;
    loop->finished_last = job;
}

static void check_permit(const struct lb_permit *permit, const struct lb_call *call)
{
    if (call->op->mutates && !(permit && permit->plan_id && strlen(permit->plan_id) == 64))
        LB_BUG("%s:%s changes things, but no plan was approved", call->op->service->id,
               call->op->name);
}

static int resolve(struct lb_job *job)
{
    struct lb_diags diags;
    lb_diags_init(&diags, job->arena);
    if (lb_endpoint_resolve(job->arena, &job->loop->config, job->call, &diags, &job->endpoint) == 0)
        return 0;
    lb_job_answer(job, LB_REFUSED, diags.items[0].code, "%s", diags.items[0].detail);
    return -1;
}

/* The planner asks nothing of a region that is assumed down; this is the proof of it. */
static bool assumed_down(struct lb_job *job)
{
    const struct lb_loop *loop = job->loop;
    for (size_t i = 0; i < loop->down_count; i++)
        if (lb_streq(loop->down[i], job->endpoint.signing_region)) {
            lb_job_answer(job, LB_UNREACHABLE, "AssumedDown",
                          "%s is assumed down; nothing was sent", loop->down[i]);
            return true;
        }
    return false;
}

void lb_loop_assume_down(struct lb_loop *loop, const char *const *regions, size_t count)
{
    loop->down = regions;
    loop->down_count = count;
}

struct lb_job *lb_loop_submit(struct lb_loop *loop, const struct lb_permit *permit,
                              struct lb_arena *arena, const struct lb_call *call,
                              lb_answer_fn *done, void *payload)
{
    check_permit(permit, call);
    struct lb_job *job = lb_arena_alloc(arena, sizeof *job);
    *job = (struct lb_job){.loop = loop,
                           .call = call,
                           .arena = arena,
                           .answers = arena,
                           .done = done,
                           .payload = payload};
    job->begun_ms = lb_time_monotonic_ms();
    loop->counts.calls++;
    if (resolve(job) < 0 || assumed_down(job)) {
        finish(job);
        return job;
    }
    job->lane = find_lane(loop, job);
    lb_lane_push(job->lane, job);
    loop->queued++;
    return job;
}

static void submit(void *self, const struct lb_permit *permit, struct lb_arena *arena,
                   const struct lb_call *call, lb_answer_fn *done, void *payload)
{
    lb_loop_submit(self, permit, arena, call, done, payload);
}

/* --- timers ----------------------------------------------------------------------------------- */
static void after(void *self, int64_t ms, lb_timer_fn *fn, void *payload)
{
    struct lb_loop *loop = self;
    double wall = ms > 0 ? (double)ms / loop->time_scale : 0;
    lb_timers_add(&loop->timers, lb_time_monotonic_ms() + (int64_t)ceil(wall), fn, payload);
}

static int64_t now_ms(void *self)
{
    return lb_loop_now_ms(self);
}

/* The end of a back-off: to the front, since it has waited longest. */
static void requeue(void *payload)
{
    struct lb_job *job = payload;
    lb_lane_push_front(job->lane, job);
    job->loop->queued++;
}

static void fire_timers(struct lb_loop *loop)
{
    struct lb_timer timer;
    int64_t now = lb_time_monotonic_ms();
    while (!loop->stopping && lb_timers_pop(&loop->timers, now, &timer))
        timer.fn(timer.payload);
}

/* --- sending ---------------------------------------------------------------------------------- */
/* The deadline runs from the first sending: a long queue is not the service's fault. */
static void start(struct lb_loop *loop, struct lb_job *job)
{
    int64_t now = lb_time_monotonic_ms();
    if (job->attempts == 0) {
        int64_t limit = job->call->deadline_ms > 0 ? job->call->deadline_ms : DEADLINE_MS;
        limit = limit < loop->call_timeout_ms ? limit : loop->call_timeout_ms;
        job->begun_ms = now;
        job->deadline_ms = now + limit;
        if (job->call->op->brief)
            job->answers = lb_arena_new();
    }
    if (lb_renew_barred(job) || now >= job->deadline_ms || lb_transfer_start(loop, job) < 0) {
        finish(job); /* with the last attempt's answer, or the one that says why it was not sent */
        return;
    }
    job->lane->in_flight++;
    loop->in_flight++;
}

/* Sends what a lane's bucket allows while fewer than `limit` requests are in flight. Returns the
 * milliseconds until the bucket has a token again, -1 when the lane does not wait for one. */
static int64_t dispatch_lane(struct lb_loop *loop, struct lb_lane *lane, int limit)
{
    while (lane->first && lane->in_flight < limit && loop->in_flight < MAX_IN_FLIGHT) {
        int64_t wait;
        if (!lb_bucket_take(&lane->bucket, lb_loop_now_ms(loop), &wait))
            return (int64_t)ceil((double)wait / loop->time_scale);
        loop->queued--;
        start(loop, lb_lane_pop(lane));
    }
    return -1;
}

/* Sends what windows and buckets allow: first over connections that are there and the first of a
 * lane, then over new ones. A fleet has a host for each of its clusters; where not all can be in
 * flight at once, each opens one connection and uses it again. Returns as dispatch_lane does. */
static int64_t dispatch(struct lb_loop *loop)
{
    int64_t soonest = -1;
    for (int more = 0; more < 2; more++)
        for (size_t i = 0; i < loop->lane_count; i++) {
            struct lb_lane *lane = loop->lane_table[i];
            if (loop->alone && lane != loop->alone)
                continue;
            int kept = lane->opened ? lane->opened : 1;
            int64_t wait = dispatch_lane(loop, lane, more ? lane->window : kept);
            if (wait >= 0 && (soonest < 0 || wait < soonest))
                soonest = wait;
            if (lane->in_flight > lane->opened)
                lane->opened = lane->in_flight;
        }
    return soonest;
}

static void settle(struct lb_loop *loop, struct lb_job *job)
{
    int64_t delay;
    loop->in_flight--;
    job->lane->in_flight--;
    if (lb_attempt_judge(loop, job, &delay)) {
        finish(job);
        return;
    }
    lb_log_line(&loop->log, LB_LOG_DEBUG, NULL, "%s:%s again in %lld ms",
                job->call->op->service->id, job->call->op->name, (long long)delay);
    after(loop, delay, requeue, job);
}

static void collect(struct lb_loop *loop)
{
    int running, left;
    CURLMcode code = curl_multi_perform(loop->multi, &running);
    if (code != CURLM_OK)
        LB_BUG("libcurl: %s", curl_multi_strerror(code));
    CURLMsg *message;
    while ((message = curl_multi_info_read(loop->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        char *private = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct lb_transfer *transfer = (struct lb_transfer *)(void *)private;
        struct lb_job *job = transfer->job;
        lb_transfer_finish(loop, transfer, message->data.result);
        settle(loop, job);
    }
}

/* --- run -------------------------------------------------------------------------------------- */
static void free_answers(void *arena)
{
    lb_arena_free(arena);
}

static void deliver(struct lb_loop *loop)
{
    while (loop->finished) {
        struct lb_job *job = loop->finished;
        loop->finished = job->next;
        if (!loop->finished)
            loop->finished_last = NULL;
        struct lb_arena *own = job->answers == job->arena ? NULL : job->answers;
        struct lb_arena *arena = job->arena;
        bool came = job->answer->outcome == LB_ANSWERED;
        lb_renew_note(loop, job);
        job->done(job->payload, job->answer);
        if (own && came)
            lb_arena_free(own);
        else if (own)
            lb_arena_defer(arena, free_answers, own);
    }
}

static void wait_for_work(struct lb_loop *loop, int64_t token_ms)
{
    int64_t wait = POLL_MS, timer = lb_timers_wait(&loop->timers, lb_time_monotonic_ms());
    if (!loop->stopping) {
        wait = token_ms >= 0 && token_ms < wait ? token_ms : wait;
        wait = timer >= 0 && timer < wait ? timer : wait;
    }
    /* An interrupted poll is as good as one that ended: *stop is looked at next. */
    CURLMcode code = curl_multi_poll(loop->multi, NULL, 0, (int)wait, NULL);
    if (code != CURLM_OK && errno != EINTR)
        LB_BUG("libcurl: %s", curl_multi_strerror(code));
}

/* A server that says nothing must not hold who wants to go: CI ends a job seconds after it asked.
 * What came of a change must be known, so that is waited for. */
static void abort_reads(struct lb_loop *loop)
{
    struct lb_transfer *next;
    for (struct lb_transfer *transfer = loop->sent; transfer; transfer = next) {
        struct lb_job *job = transfer->job;
        next = transfer->next;
        if (job->call->op->mutates)
            continue;
        lb_transfer_abort(loop, transfer);
        loop->in_flight--;
        job->lane->in_flight--;
        finish(job);
    }
}

static void run(void *self, const volatile int *stop)
{
    struct lb_loop *loop = self;
    for (;;) {
        int64_t token_ms = -1;
        loop->stopping = stop && *stop;
        if (loop->stopping) {
            abort_reads(loop);
        } else {
            fire_timers(loop);
            token_ms = dispatch(loop);
        }
        if (loop->in_flight > 0)
            collect(loop);
        if (loop->finished) {
            deliver(loop);
            continue;
        }
        bool idle = loop->queued == 0 && loop->timers.count == 0;
        if (loop->in_flight == 0 && (loop->stopping || idle))
            return;
        wait_for_work(loop, token_ms);
    }
}

static void cancel_job(struct lb_job *job)
{
    if (!job->answer)
        lb_job_answer(job, LB_CANCELLED, "Cancelled", "not sent");
    finish(job);
}

static void cancel(void *self)
{
    struct lb_loop *loop = self;
    struct lb_timer timer;
    while (lb_timers_pop(&loop->timers, INT64_MAX, &timer))
        if (timer.fn == requeue)
            cancel_job(timer.payload);
    for (size_t i = 0; i < loop->lane_count; i++)
        for (struct lb_job *job; (job = lb_lane_pop(loop->lane_table[i]));)
            cancel_job(job);
    loop->queued = 0;
}

static const struct lb_diag *barred(void *self)
{
    return lb_renew_refusal(self);
}

struct lb_exchange lb_loop_exchange(struct lb_loop *loop)
{
    return (struct lb_exchange){loop, submit, after, now_ms, run, cancel, barred};
}
