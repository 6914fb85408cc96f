/* exchange_fake.h: a service of nodes behind a scripted exchange, for the tests of waves and apply.
 *
 * Its clock moves only when nothing is due. Answers come in the order asked for, or turned round; a
 * hook sees each call before it is performed, may change the world, and says what is answered. The
 * fake refuses a mutating call without a permit, and keeps a log: "PutDoc a".
 */
#ifndef LB_TESTS_UNIT_EXCHANGE_FAKE_H
#define LB_TESTS_UNIT_EXCHANGE_FAKE_H

#include "tests/unit/planner_kit.h"

#include <stdlib.h>

struct fake_reply {
    enum lb_outcome outcome;
    const char *error_code;
    bool perform;     /* the work is done, whatever is answered */
    int64_t delay_ms; /* of the answer */
};

struct fake_job {
    bool timer;
    int64_t due_ms;
    size_t order;
    lb_timer_fn *fn;
    lb_answer_fn *done;
    void *payload;
    struct lb_arena *arena;
    const struct lb_call *call;
    struct lb_answer *answer;
};

struct fake {
    struct planner_kit *kit;
    struct lb_exchange exchange;
    struct lb_value *world; /* name -> node */
    struct fake_job *jobs;
    size_t job_count, job_capacity, next_order, next_turn;
    int64_t now_ms;
    bool reversed;          /* of the answers that are due at once, the last asked comes first */
    size_t events, stop_at; /* stop is set before that many events; 0: never */
    size_t cancels;
    void (*hook)(struct fake *fake, const struct lb_call *call, const char *what,
                 struct fake_reply *reply);
    void *state; /* the hook's own */
    const char **log;
    size_t log_count, log_capacity;
    const struct lb_diag *barred; /* as in lb_exchange */
    const char *permit;           /* id that mutating calls must carry */
};

/* --- the service ------------------------------------------------------------------------------ */

static const struct lb_service fake_service = {.id = "fake",
                                               .signing = "fake",
                                               .prefix = "fake",
                                               .endpoint_id = "FAKE",
                                               .wire = LB_WIRE_REST_JSON};
#define FAKE_OP(variable, op_name, verb, op_path, ...)                                             \
    static const struct lb_op variable = {                                                         \
        .service = &fake_service, .name = op_name, .method = verb, .path = op_path, __VA_ARGS__}
FAKE_OP(fake_get, "GetNode", "GET", "/node/{Name}", .mutates = false);
FAKE_OP(fake_get_doc, "GetDoc", "GET", "/doc/{Name}", .mutates = false);
FAKE_OP(fake_get_pair, "GetPair", "GET", "/pair/{Name}", .mutates = false);
FAKE_OP(fake_create, "CreateNode", "POST", "/node/{Name}", .mutates = true);
FAKE_OP(fake_resize, "Resize", "PUT", "/node/{Name}", .mutates = true);
FAKE_OP(fake_put_tags, "PutTags", "PUT", "/tags/{Name}", .mutates = true);
FAKE_OP(fake_put_doc, "PutDoc", "PUT", "/doc/{Name}", .mutates = true);
FAKE_OP(fake_put_left, "PutLeft", "PUT", "/left/{Name}", .mutates = true);
FAKE_OP(fake_put_right, "PutRight", "PUT", "/right/{Name}", .mutates = true);

static inline struct lb_value *fake_node(struct fake *fake, const char *name)
{
    return lb_map_get(fake->world, name);
}

/* What is live before the test begins: {'size': 1, 'doc': {...}, 'until': ms in flux}. */
static inline void fake_have(struct fake *fake, const char *name, const char *node)
{
    lb_map_set(fake->kit->arena, fake->world, name, kit_tree(fake->kit->arena, node));
}

static inline void fake_perform(struct fake *fake, const struct lb_call *call, const char *name)
{
    struct lb_arena *arena = fake->kit->arena;
    struct lb_value *node = fake_node(fake, name);
    if (call->op == &fake_create && !node) {
        node = lb_map_set(arena, fake->world, name, lb_value_map(arena));
        lb_map_set(arena, node, "arn", lb_value_format(arena, "arn:%s", name));
    }
    for (size_t i = 0; node && i < lb_value_count(call->body); i++)
        lb_map_set(arena, node, lb_map_nth(call->body, i)->key,
                   lb_value_copy(arena, lb_map_nth(call->body, i)->value));
}

static inline struct lb_value *fake_body(struct fake *fake, struct lb_arena *arena,
                                         const struct lb_call *call, const char *name)
{
    if (call->op->service == &fake_service)
        return lb_value_copy(arena, fake_node(fake, name));
    if (lb_streq(call->op->name, "GetCallerIdentity"))
        return kit_tree(arena, "{'GetCallerIdentityResponse': {'GetCallerIdentityResult':"
                               " {'Account': '111122223333',"
                               " 'Arn': 'arn:aws:sts::111122223333:assumed-role/ci/run'}}}");
    return lb_value_map(arena);
}

/* --- the exchange ----------------------------------------------------------------------------- */

static inline void fake_push(struct fake *fake, struct fake_job job)
{
    fake->jobs = lb_arena_grow(fake->kit->arena, fake->jobs, fake->job_count, fake->job_count + 1,
                               sizeof *fake->jobs, &fake->job_capacity);
    job.order = fake->next_order++;
    fake->jobs[fake->job_count++] = job;
}

static inline void fake_submit(void *self, const struct lb_permit *permit, struct lb_arena *arena,
                               const struct lb_call *call, lb_answer_fn *done, void *payload)
{
    struct fake *fake = self;
    const char *name = lb_text_at(call->params, "Name", "");
    const char *what = lb_arena_printf(fake->kit->arena, "%s%s%s", call->op->name, *name ? " " : "",
                                       name);
    CHECK(what, !call->op->mutates || (permit && lb_streq(permit->plan_id, fake->permit)));
    CHECK(what, call->op->mutates || !permit);
    fake->log = lb_arena_grow(fake->kit->arena, fake->log, fake->log_count, fake->log_count + 1,
                              sizeof *fake->log, &fake->log_capacity);
    fake->log[fake->log_count++] = what;
    fake_push(fake, (struct fake_job){.due_ms = fake->now_ms,
                                      .done = done,
                                      .payload = payload,
                                      .arena = arena,
                                      .call = call});
}

static inline void fake_after(void *self, int64_t ms, lb_timer_fn *fn, void *payload)
{
    struct fake *fake = self;
    fake_push(fake, (struct fake_job){
                        .timer = true, .due_ms = fake->now_ms + ms, .fn = fn, .payload = payload});
}

static inline int64_t fake_now(void *self)
{
    return ((struct fake *)self)->now_ms;
}

/* Performs a call once and writes its answer; true when the answer is late. */
static inline bool fake_answer(struct fake *fake, struct fake_job *job)
{
    const char *name = lb_text_at(job->call->params, "Name", "");
    struct fake_reply reply = {.outcome = LB_ANSWERED, .perform = true};
    if (fake->hook)
        fake->hook(fake, job->call,
                   lb_arena_printf(fake->kit->arena, "%s %s", job->call->op->name, name), &reply);
    if (job->call->op->mutates && reply.perform)
        fake_perform(fake, job->call, name);
    job->answer = lb_arena_alloc(job->arena, sizeof *job->answer);
    job->answer->outcome = reply.outcome;
    job->answer->error_code = reply.error_code;
    job->answer->attempts = 1;
    if (reply.outcome == LB_ANSWERED)
        job->answer->body = fake_body(fake, job->arena, job->call, name);
    if (reply.outcome == LB_ANSWERED && !job->answer->body)
        job->answer->outcome = LB_NOT_FOUND;
    job->due_ms += reply.delay_ms;
    return reply.delay_ms > 0;
}

/* Which comes next. Timers keep their order, as those of the real loop do. */
static inline size_t fake_next(const struct fake *fake)
{
    size_t best = 0;
    for (size_t i = 1; i < fake->job_count; i++) {
        const struct fake_job *a = &fake->jobs[i], *b = &fake->jobs[best];
        bool later = a->order > b->order;
        if (fake->reversed && !a->timer && !b->timer)
            later = !later;
        if (a->due_ms < b->due_ms || (a->due_ms == b->due_ms && !later))
            best = i;
    }
    return best;
}

static inline void fake_run(void *self, const volatile int *stop)
{
    struct fake *fake = self;
    while (fake->job_count) {
        if (++fake->events == fake->stop_at)
            fake->kit->stop = 130;
        size_t at = fake_next(fake);
        struct fake_job job = fake->jobs[at];
        if (stop && *stop) { /* what is in flight ends, nothing else */
            for (at = 0; at < fake->job_count && !fake->jobs[at].answer; at++) {
            }
            if (at == fake->job_count)
                return;
            job = fake->jobs[at];
        }
        if (job.due_ms > fake->now_ms)
            fake->now_ms = job.due_ms;
        fake->jobs[at] = fake->jobs[--fake->job_count];
        if (job.timer) {
            job.fn(job.payload);
        } else if (!job.answer && fake_answer(fake, &job)) {
            fake->jobs[fake->job_count++] = job;
        } else {
            job.done(job.payload, job.answer);
        }
    }
}

static inline void fake_cancel(void *self)
{
    struct fake *fake = self;
    size_t kept = 0;
    fake->cancels++;
    for (size_t i = 0; i < fake->job_count; i++) {
        struct fake_job job = fake->jobs[i];
        if (job.timer)
            continue;
        if (!job.answer) {
            job.answer = lb_arena_alloc(job.arena, sizeof *job.answer);
            job.answer->outcome = LB_CANCELLED;
            job.answer->error_code = "Cancelled";
        }
        fake->jobs[kept++] = job;
    }
    fake->job_count = kept;
}

static inline const struct lb_diag *fake_barred(void *self)
{
    return ((const struct fake *)self)->barred;
}

static inline void fake_init(struct fake *fake, struct planner_kit *kit)
{
    kit_init(kit);
    *fake = (struct fake){.kit = kit, .world = lb_value_map(kit->arena), .permit = "approved"};
    fake->exchange = (struct lb_exchange){fake,     fake_submit, fake_after, fake_now,
                                          fake_run, fake_cancel, fake_barred};
    kit->engine.exchange = &fake->exchange;
}

/* The calls so far, in one text: "GetNode a, GetDoc a". With `mutating` only those that change. */
static inline const char *fake_log(const struct fake *fake, bool mutating)
{
    struct lb_str text = {0};
    for (size_t i = 0; i < fake->log_count; i++)
        if (!mutating || strncmp(fake->log[i], "Get", 3) != 0)
            lb_str_printf(&text, "%s%s", text.length ? ", " : "", fake->log[i]);
    return lb_str_take(&text, fake->kit->arena);
}

static inline size_t fake_count(const struct fake *fake, const char *what)
{
    size_t count = 0;
    for (size_t i = 0; i < fake->log_count; i++)
        count += lb_streq(fake->log[i], what);
    return count;
}

/* --- the provider of nodes -------------------------------------------------------------------- */

static inline void fake_copy(struct lb_read *read, const struct lb_answer *answer, const char *key)
{
    struct lb_value *value = lb_map_get(answer->body, key);
    if (value)
        lb_map_set(read->arena, lb_read_value(read), key, value);
}

static inline void fake_decode_node(struct lb_read *read, const struct lb_call *call,
                                    const struct lb_answer *answer)
{
    if (!lb_read_ok(read, call, answer))
        return;
    bool settling = lb_bool_at(answer->body, "settling", false);
    read->live->status = settling ? LB_LIVE_IN_FLUX : LB_LIVE_PRESENT;
    static const char *const keys[] = {"size", "arn", "peer", "tags"};
    for (size_t i = 0; i < COUNT(keys); i++)
        fake_copy(read, answer, keys[i]);
}

static inline void fake_decode_doc(struct lb_read *read, const struct lb_call *call,
                                   const struct lb_answer *answer)
{
    if (!lb_read_ok(read, call, answer))
        return;
    fake_copy(read, answer, "doc");
    struct lb_value *doc = lb_map_get(answer->body, "doc");
    if (doc)
        lb_map_set(read->arena, read->live->raw, "doc", doc);
}

static inline void fake_decode_pair(struct lb_read *read, const struct lb_call *call,
                                    const struct lb_answer *answer)
{
    if (!lb_read_ok(read, call, answer))
        return;
    fake_copy(read, answer, "left");
    fake_copy(read, answer, "right");
}

static inline int fake_ask(struct lb_read *read, const struct lb_op *op, lb_decode_fn *decode)
{
    struct lb_call *call = lb_read_call(read, op);
    lb_call_param(read->arena, call, "Name", read->resource->name);
    read->ask(read, call, decode);
    return 0;
}

static inline int fake_read_node(struct lb_read *read)
{
    return fake_ask(read, &fake_get, fake_decode_node);
}

static inline int fake_read_doc(struct lb_read *read)
{
    return fake_ask(read, &fake_get_doc, fake_decode_doc);
}

static inline int fake_read_pair(struct lb_read *read)
{
    return fake_ask(read, &fake_get_pair, fake_decode_pair);
}

static inline void fake_emit(struct lb_write *write, const struct lb_op *op, const char *keys)
{
    struct lb_call *call = lb_write_call(write, op);
    struct lb_value *body = lb_call_body(write->arena, call);
    lb_call_param(write->arena, call, "Name", write->resource->name);
    call->idempotent_on = "AlreadySo";
    call->retry_on = "NotYet|NotYetEither";
    for (size_t i = 0; i < lb_value_count(write->desired); i++) {
        const struct lb_entry *entry = lb_map_nth(write->desired, i);
        if (strstr(keys, entry->key))
            lb_map_set(write->arena, body, entry->key, entry->value);
    }
    write->emit(write, call, op->name);
}

static inline int fake_write_node(struct lb_write *write)
{
    fake_emit(write, write->create ? &fake_create : &fake_resize,
              write->create ? "size peer tags" : "size peer");
    return 0;
}

static inline int fake_write_tags(struct lb_write *write)
{
    fake_emit(write, &fake_put_tags, "tags");
    return 0;
}

/* The whole document: what is foreign in it goes along. */
static inline int fake_write_doc(struct lb_write *write)
{
    struct lb_call *call = lb_write_call(write, &fake_put_doc);
    struct lb_value *doc = lb_map_map(write->arena, lb_call_body(write->arena, call), "doc");
    const struct lb_value *raw = lb_map_get(write->live->raw, "doc");
    const struct lb_value *ours = lb_map_get(write->desired, "doc");
    lb_call_param(write->arena, call, "Name", write->resource->name);
    for (size_t i = 0; i < lb_value_count(raw); i++)
        if (!lb_starts_with(lb_map_nth(raw, i)->key, "lb-"))
            lb_map_set(write->arena, doc, lb_map_nth(raw, i)->key, lb_map_nth(raw, i)->value);
    for (size_t i = 0; i < lb_value_count(ours); i++)
        lb_map_set(write->arena, doc, lb_map_nth(ours, i)->key, lb_map_nth(ours, i)->value);
    call->retry_on = "NotYet|NotYetEither";
    call->final_on = "Unusable";
    write->emit(write, call, "PutDoc");
    return 0;
}

static inline int fake_write_pair(struct lb_write *write)
{
    const struct lb_value *live = write->live->value, *desired = write->desired;
    if (lb_int_at(desired, "left", -1) != lb_int_at(live, "left", -1))
        fake_emit(write, &fake_put_left, "left");
    if (lb_int_at(desired, "right", -1) != lb_int_at(live, "right", -1))
        fake_emit(write, &fake_put_right, "right");
    return 0;
}

static const struct lb_granule fake_granules[] = {
    {"make", fake_read_node, fake_write_node, false},
    {"tags", NULL, fake_write_tags, true},
    {"doc", fake_read_doc, fake_write_doc, false},
    {"pair", fake_read_pair, fake_write_pair, false},
    {NULL, NULL, NULL, false},
};
static const struct lb_provider node = {.kind = "node", .granules = fake_granules};

#endif
