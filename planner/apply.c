/* apply.c: runs the steps of a plan that was approved. The only maker of a permit.
 *
 * Steps start as soon as what they need is done, longest remaining path first. A step is done when
 * the live object, read back, is as desired: so a lost answer, a slow convergence and a service
 * that is late to tell the truth are one case. A converging step holds no slot. What cannot be done
 * stops its own branch of the graph, nothing else.
 */
#include "planner/apply_run.h"

#include "planner/diff.h"
#include "planner/steps.h"
#include "planner/wave.h"

#include "base/exit.h"
#include "providers/permission.h"
#include "transport/explain.h"

#include <string.h>

#define FIRST_PAUSE_MS 250
#define LATE_READ_MS 2000
#define RESENDS 3
/* IAM is late by seconds, at times by minutes; a wait for a domain is one of hours. */
#define REFUSED_MS 300000

static void start_ready(struct lb_run *run);
static void read_back(struct lb_task *task);
static void resend(void *payload);
static struct lb_call *call_of(struct lb_task *task);

static int64_t now_ms(const struct lb_run *run)
{
    return run->engine->exchange->now_ms(run->engine->exchange->self);
}

/* No step starts and no poll goes on after an interrupt, the end of --timeout, or that of the
 * credentials. */
static bool stopped(const struct lb_run *run)
{
    const struct lb_exchange *exchange = run->engine->exchange;
    return run->fenced || exchange->barred(exchange->self) ||
           (run->engine->stop && *run->engine->stop) ||
           (run->deadline_ms && now_ms(run) > run->deadline_ms);
}

static void tell(struct lb_task *task, enum lb_event_type type, const char *detail,
                 const struct lb_diag *diag)
{
    struct lb_run *run = task->run;
    struct lb_event event = {.type = type,
                             .step = task->step,
                             .elapsed_s = (now_ms(run) - task->started_ms) / 1000,
                             .detail = detail,
                             .diag = diag};
    if (run->options->on_event)
        run->options->on_event(run->options->payload, &event);
}

static void finish(struct lb_task *task)
{
    struct lb_run *run = task->run;
    if (task->state == LB_STEP_DONE || task->state == LB_STEP_FAILED)
        LB_BUG("step %s finished twice", task->step->id);
    task->state = LB_STEP_DONE;
    run->active--;
    tell(task, LB_EVENT_STEP_DONE, NULL, NULL);
    for (size_t i = 0; i < task->dependent_count; i++)
        if (--task->dependents[i]->open_needs == 0)
            lb_ready_add(run, task->dependents[i]);
    start_ready(run);
}

static void fail(struct lb_task *task, const struct lb_diag *diag)
{
    struct lb_run *run = task->run;
    struct lb_diag copy = *diag;
    if (!copy.address)
        copy.address = task->step->address;
    if (!copy.mark.line)
        copy.mark = task->step->change->mark;
    const struct lb_diag *stored = lb_diags_add(run->engine->diags, &copy);
    task->state = LB_STEP_FAILED;
    run->active--;
    tell(task, LB_EVENT_STEP_FAILED, stored->detail, stored);
    start_ready(run);
}

static void fail_code(struct lb_task *task, const char *code, const char *detail)
{
    struct lb_diag diag = {.code = code, .detail = detail};
    fail(task, &diag);
}

/* --- is it so?
 * ---------------------------------------------------------------------------------------------- */

static bool settled(const struct lb_task *task)
{
    const struct lb_resource *resource = task->step->change->resource;
    return resource->live.status == LB_LIVE_PRESENT;
}

/* The granule as it is live now equals the spec, by the very comparison that made the plan. */
static bool clean(struct lb_task *task)
{
    struct lb_run *run = task->run;
    struct lb_arena *scratch = lb_arena_new();
    struct lb_change change;
    lb_diff_resource(scratch, run->stack, task->step->change->resource, &change);
    bool result = change.action == LB_ACTION_NONE ||
                  (change.action == LB_ACTION_UPDATE &&
                   !lb_change_touches(&change, task->step->granule));
    lb_arena_free(scratch);
    return result && settled(task);
}

static int64_t deadline_of(const struct lb_task *task)
{
    const struct lb_kind *kind = task->step->change->resource->kind;
    return task->sent_ms + lb_granule_find(kind, task->step->granule)->wait_s * 1000;
}

static void again(void *payload)
{
    struct lb_task *task = payload;
    if (stopped(task->run))
        return;
    read_back(task);
}

static void read_later(struct lb_task *task)
{
    if (stopped(task->run))
        return;
    const struct lb_kind *kind = task->step->change->resource->kind;
    int64_t longest = lb_granule_find(kind, task->step->granule)->poll_s * 1000;
    task->pause_ms = task->pause_ms ? task->pause_ms * 2 : FIRST_PAUSE_MS;
    if (longest && task->pause_ms > longest)
        task->pause_ms = longest;
    struct lb_exchange *exchange = task->run->engine->exchange;
    exchange->after(exchange->self, task->pause_ms, again, task);
}

/* What the service said instead of an answer when the object was last read. NULL: it was read. */
static const struct lb_diag *unread(const struct lb_task *task)
{
    const struct lb_diags *said = task->run->stack->diags;
    if (task->step->change->resource->live.status != LB_LIVE_UNREADABLE)
        return NULL;
    for (size_t i = said->count; i-- > 0;)
        if (lb_streq(said->items[i].address, task->step->address) && said->items[i].detail)
            return &said->items[i];
    return NULL;
}

/* Every look since that long was refused: what is waited for will not be seen. */
static bool shut_out(struct lb_task *task)
{
    const struct lb_diag *why = unread(task);
    if (!why || why->exit != LB_EXIT_CREDENTIALS)
        task->refused_ms = 0;
    else if (!task->refused_ms)
        task->refused_ms = now_ms(task->run);
    return task->refused_ms && now_ms(task->run) - task->refused_ms > REFUSED_MS;
}

static const char *difference(struct lb_task *task)
{
    struct lb_run *run = task->run;
    struct lb_change change;
    lb_diff_resource(run->engine->arena, run->stack, task->step->change->resource, &change);
    struct lb_str text = {0};
    for (size_t i = 0; i < change.field_count; i++)
        if (lb_streq(change.fields[i].granule, task->step->granule))
            lb_str_printf(&text, "%s%s", text.length ? ", " : "", change.fields[i].path);
    if (task->step->change->resource->live.status == LB_LIVE_UNREADABLE)
        lb_str_puts(&text, "it could not be read back");
    else if (!text.length)
        lb_str_puts(&text, change.reason ? change.reason : "not settled");
    return lb_str_take(&text, run->engine->arena);
}

/* A call that must not be repeated blindly (CreateRole) failed without a verdict, and two looks say
 * that nothing came of it: now it can be sent again. */
static bool may_resend(const struct lb_task *task)
{
    return task->failure && task->lost && !task->late_read && task->resends < RESENDS &&
           task->step->change->resource->live.status == LB_LIVE_ABSENT &&
           now_ms(task->run) < deadline_of(task);
}

static void send_again(struct lb_task *task)
{
    struct lb_exchange *exchange = task->run->engine->exchange;
    task->state = LB_STEP_CONVERGING;
    tell(task, LB_EVENT_STEP_PROGRESS, task->failure->detail, NULL);
    task->failure = NULL;
    exchange->after(exchange->self, LATE_READ_MS << task->resends++, resend, task);
}

/* A call of several whose answer was lost: done, when the granule does not take it any more. */
static bool superfluous(struct lb_task *task)
{
    return task->failure && !task->step->last && settled(task) && !call_of(task);
}

/* The read was given up for an interrupt: what came of the call is not known. */
static bool interrupted(const struct lb_task *task)
{
    const volatile int *stop = task->run->engine->stop;
    return task->step->change->resource->live.status == LB_LIVE_UNREADABLE && stop && *stop;
}

static void judged(struct lb_task *task)
{
    const struct lb_resource *resource = task->step->change->resource;
    bool late = now_ms(task->run) > deadline_of(task) || shut_out(task);
    if (task->step->waits ? settled(task) : clean(task) || superfluous(task)) {
        finish(task);
    } else if (interrupted(task)) {
        task->state = LB_STEP_CONVERGING;
    } else if (may_resend(task)) {
        send_again(task);
    } else if (task->failure &&
               (late || (!task->late_read && resource->live.status != LB_LIVE_IN_FLUX))) {
        fail(task, task->failure);
    } else if (late && unread(task)) {
        fail(task, unread(task));
    } else if (late) {
        fail_code(
            task, "LB-P021",
            lb_arena_printf(task->run->engine->arena, "still different: %s", difference(task)));
    } else {
        task->late_read = false;
        task->state = LB_STEP_CONVERGING;
        tell(task, LB_EVENT_STEP_PROGRESS, resource->live.progress, NULL);
        read_later(task);
    }
}

/* Copies what was read into the run's arena and drops the rest: a domain is polled for hours. */
static void keep_live(struct lb_run *run, struct lb_resource *resource)
{
    struct lb_live *live = &resource->live;
    struct lb_arena *arena = run->engine->arena;
    live->value = live->value ? lb_value_copy(arena, live->value) : NULL;
    live->raw = live->raw ? lb_value_copy(arena, live->raw) : NULL;
    live->owner = lb_arena_strdup(arena, live->owner);
    live->progress = lb_arena_strdup(arena, live->progress);
}

static void drop_scratch(struct lb_task *task)
{
    if (!task->scratch)
        return;
    keep_live(task->run, task->step->change->resource);
    task->step->change->resource->reading = NULL; /* of a read that was interrupted */
    lb_arena_free(task->scratch);
    task->scratch = NULL;
}

static void was_read(void *payload)
{
    struct lb_task *task = payload;
    drop_scratch(task);
    void (*then)(struct lb_task *) = task->then;
    then(task);
}

static void read_done(void *payload, struct lb_resource *resource)
{
    struct lb_task *task = payload;
    struct lb_exchange *exchange = task->run->engine->exchange;
    (void)resource;
    /* not from within the wave: its memory goes next */
    exchange->after(exchange->self, 0, was_read, task);
}

static void read_granule(struct lb_task *task, void (*then)(struct lb_task *))
{
    struct lb_run *run = task->run;
    task->scratch = lb_arena_new();
    task->then = then;
    struct lb_wave *wave = lb_wave_new(run->engine, task->scratch, &run->strays, read_done, task);
    lb_wave_add(wave, run->stack, task->step->change->resource, task->step->granule);
    lb_wave_start(wave);
}

static void read_back(struct lb_task *task)
{
    read_granule(task, judged);
}

/* --- send
 * ------------------------------------------------------------------------------------------------------
 */

static bool listed(const char *codes, const char *code)
{
    size_t length = code ? strlen(code) : 0;
    for (const char *at = codes; length && at && *at;) {
        const char *end = strchr(at, '|');
        size_t n = end ? (size_t)(end - at) : strlen(at);
        if (n == length && strncmp(at, code, n) == 0)
            return true;
        at = end ? end + 1 : NULL;
    }
    return false;
}

static bool wait_and_resend(const struct lb_task *task, const struct lb_answer *answer)
{
    return listed(task->call->retry_on, answer->error_code) &&
           now_ms(task->run) < deadline_of(task);
}

static void send(struct lb_task *task);
static void not_sent(struct lb_task *task);

static void resend(void *payload)
{
    struct lb_task *task = payload;
    if (!stopped(task->run))
        send(task);
}

static void answered(void *payload, const struct lb_answer *answer)
{
    struct lb_task *task = payload;
    struct lb_exchange *exchange = task->run->engine->exchange;
    bool so = answer->outcome == LB_ANSWERED ||
              listed(task->call->idempotent_on, answer->error_code);
    if (so) {
        if (task->step->last)
            read_back(task);
        else
            finish(task);
        return;
    }
    struct lb_diag *diag = lb_arena_alloc(task->run->engine->arena, sizeof *diag);
    lb_answer_diag(task->run->engine->arena, task->call, answer, diag);
    lb_permission_explain(task->run->engine->arena, task->run->stack, task->step->change->resource,
                          task->call, diag);
    if (answer->outcome == LB_CANCELLED || (answer->outcome == LB_EXPIRED && stopped(task->run))) {
        not_sent(task);
    } else if (wait_and_resend(task, answer)) {
        task->state = LB_STEP_CONVERGING;
        tell(task, LB_EVENT_STEP_PROGRESS, diag->detail, NULL);
        task->pause_ms = task->pause_ms ? task->pause_ms * 2 : LATE_READ_MS / 2;
        if (task->pause_ms > 15000)
            task->pause_ms = 15000;
        exchange->after(exchange->self, task->pause_ms, resend, task);
    } else if (listed(task->call->retry_on, answer->error_code) ||
               listed(task->call->final_on, answer->error_code)) {
        /* Refused to the end. The object may be there all the same: a repository is registered
         * before it is verified, and one that cannot be reached is not done. */
        task->unusable = listed(task->call->final_on, answer->error_code);
        fail(task, diag);
    } else {
        /* The work may have been done all the same: the live object says so, not the answer. When
         * the answer was lost, a second look after a pause sees what the first came too early for.
         */
        task->failure = diag;
        task->lost = task->late_read = answer->outcome == LB_FAILED;
        read_back(task);
    }
}

static void not_sent(struct lb_task *task)
{
    task->state = LB_STEP_NOT_STARTED;
    task->run->active--;
}

static void send(struct lb_task *task)
{
    struct lb_run *run = task->run;
    struct lb_exchange *exchange = run->engine->exchange;
    const struct lb_apply_options *options = run->options;
    run->fenced = run->fenced || (options->may_send && !options->may_send(options->guard));
    if (run->fenced) {
        not_sent(task);
        return;
    }
    task->state = LB_STEP_RUNNING;
    exchange->submit(exchange->self, &run->permit, run->engine->arena, task->call, answered, task);
}

/* The step's call as it is now, found by what it does. NULL: the granule does not take it any more.
 * What is sent must be the same operation at the same place as what was found, whatever `write`
 * makes of values that are known by now. */
static struct lb_call *call_of(struct lb_task *task)
{
    struct lb_run *run = task->run;
    struct lb_arena *arena = run->engine->arena;
    struct lb_resource *resource = task->step->change->resource;
    struct lb_emitted *symbolic, *known;
    const char *granule = task->step->granule;
    size_t count = lb_steps_emit(arena, run->stack, resource, granule, LB_EMIT_SYMBOLIC, &symbolic);
    size_t at = 0;
    while (at < count && !lb_streq(lb_call_digest(arena, symbolic[at].call), task->step->digest))
        at++;
    if (at == count ||
        lb_steps_emit(arena, run->stack, resource, granule, LB_EMIT_KNOWN, &known) != count)
        return NULL;
    bool same = known[at].call->op == symbolic[at].call->op &&
                lb_streq(known[at].call->region, symbolic[at].call->region);
    return same ? known[at].call : NULL;
}

/* With the exit code and the words of what kept it from being read. */
static void fail_unread(struct lb_task *task)
{
    const struct lb_diag *cause = unread(task);
    struct lb_diag diag = cause ? *cause : (struct lb_diag){.exit = 0};
    diag.code = "LB-P024";
    diag.summary = diag.why = NULL;
    diag.detail = lb_arena_printf(task->run->engine->arena,
                                  "%s%swhat others wrote in it would be lost",
                                  cause ? cause->detail : "", cause ? "; " : "");
    fail(task, &diag);
}

static void prepare(struct lb_task *task)
{
    task->sent_ms = now_ms(task->run);
    if (stopped(task->run)) { /* while the shared document was read */
        not_sent(task);
        return;
    }
    if (task->step->change->resource->live.status == LB_LIVE_UNREADABLE) {
        fail_unread(task);
        return;
    }
    struct lb_call *call = call_of(task);
    if (!call && clean(task)) {
        finish(task);
    } else if (!call) {
        fail_code(task, "LB-P022", difference(task));
    } else if (lb_value_has_unknown(call->body) || lb_value_has_unknown(call->params)) {
        fail_code(task, "LB-P023", task->step->call);
    } else {
        task->call = call;
        send(task);
    }
}

/* A document that others write too is read again right before it is replaced, or made: a domain
 * that came into being a moment ago has role mappings of its own. */
static bool shared(const struct lb_schema *schema, const char *granule)
{
    for (size_t i = 0; i < schema->property_count; i++) {
        const struct lb_schema *property = schema->properties[i];
        bool inside = !granule || lb_streq(property->granule, granule);
        if (inside && (property->keep_foreign || shared(property, NULL)))
            return true;
    }
    return false;
}

static void start(struct lb_task *task)
{
    const struct lb_kind *kind = task->step->change->resource->kind;
    task->state = LB_STEP_RUNNING;
    task->started_ms = task->sent_ms = now_ms(task->run);
    task->run->active++;
    tell(task, LB_EVENT_STEP_START, NULL, NULL);
    if (task->step->waits)
        read_back(task);
    else if (task->step->ordinal == 0 && shared(kind->schema, task->step->granule))
        read_granule(task, prepare);
    else
        prepare(task);
}

/* --- order
 * --------------------------------------------------------------------------------------------------------
 */

static void start_ready(struct lb_run *run)
{
    if (run->starting)
        return;
    run->starting = true;
    struct lb_task *task;
    while (!stopped(run) && (task = lb_ready_take(run)))
        start(task);
    run->starting = false;
}

static void link_tasks(struct lb_run *run)
{
    const struct lb_plan *plan = run->plan;
    for (size_t i = 0; i < plan->step_count; i++) {
        struct lb_task *task = &run->tasks[i];
        task->run = run;
        task->step = &plan->steps[i];
        task->open_needs = task->step->need_count;
        for (size_t k = 0; k < task->step->need_count; k++) {
            struct lb_task *need = &run->tasks[task->step->needs[k]];
            need->dependents = lb_arena_grow(run->engine->arena, need->dependents,
                                             need->dependent_count, need->dependent_count + 1,
                                             sizeof *need->dependents, &need->dependent_capacity);
            need->dependents[need->dependent_count++] = task;
        }
    }
    for (size_t i = plan->step_count; i-- > 0;) {
        struct lb_task *task = &run->tasks[i];
        for (size_t k = 0; k < task->dependent_count; k++)
            if (task->dependents[k]->remaining_s > task->remaining_s)
                task->remaining_s = task->dependents[k]->remaining_s;
        task->remaining_s += task->step->estimate_s;
    }
    for (size_t i = 0; i < plan->step_count; i++)
        if (!run->tasks[i].open_needs)
            lb_ready_add(run, &run->tasks[i]);
}

static int count_states(struct lb_run *run, struct lb_apply_result *out)
{
    size_t n = run->plan->step_count;
    out->states = lb_arena_array(run->engine->arena, n + 1, sizeof *out->states);
    for (size_t i = 0; i < n; i++) {
        enum lb_step_state state = run->tasks[i].state;
        if (state == LB_STEP_WAITING)
            state = LB_STEP_NOT_STARTED;
        out->states[i] = state;
        out->done += state == LB_STEP_DONE;
        out->failed += state == LB_STEP_FAILED;
        out->unusable += run->tasks[i].unusable;
        out->not_started += state == LB_STEP_NOT_STARTED;
    }
    out->interrupted = run->engine->stop && *run->engine->stop;
    if (out->interrupted)
        return *run->engine->stop;
    if (out->done == n)
        return LB_EXIT_OK;
    /* All is there, and a rerun would find nothing to do: that is no part that is missing. */
    bool whole = out->done + out->unusable == n;
    return lb_exit_worse(lb_diags_exit(run->engine->diags), whole ? LB_EXIT_OK : LB_EXIT_PARTIAL);
}

int lb_apply_run(struct lb_engine *engine, struct lb_stack *stack, const struct lb_plan *plan,
                 const struct lb_apply_options *options, struct lb_apply_result *out)
{
    struct lb_run *run = lb_arena_alloc(engine->arena, sizeof *run);
    *run = (struct lb_run){
        .engine = engine, .stack = stack, .plan = plan, .options = options, .permit = {plan->id}};
    *out = (struct lb_apply_result){0};
    run->tasks = lb_arena_array(engine->arena, plan->step_count + 1, sizeof *run->tasks);
    run->ready = lb_arena_array(engine->arena, plan->step_count + 1, sizeof *run->ready);
    if (options->timeout_s)
        run->deadline_ms = now_ms(run) + options->timeout_s * 1000;
    link_tasks(run);
    start_ready(run);
    engine->exchange->run(engine->exchange->self, engine->stop);
    if (engine->stop && *engine->stop) { /* what was queued but not sent says so */
        engine->exchange->cancel(engine->exchange->self);
        engine->exchange->run(engine->exchange->self, engine->stop);
    }
    for (size_t i = 0; i < plan->step_count; i++)
        drop_scratch(&run->tasks[i]);
    const struct lb_diag *refusal = engine->exchange->barred(engine->exchange->self);
    if (refusal)
        lb_diags_add(engine->diags, refusal);
    return count_states(run, out);
}
