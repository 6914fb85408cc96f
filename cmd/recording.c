/* recording.c: see recording.h. */
#include "cmd/recording.h"

#include "cmd/actor.h"
#include "cmd/render.h"

#include "base/time.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_WIDTH 100 /* of what is stored: never that of a terminal */
#define LOCK_POLL_S 5
#define WAIT (-1)
#define LOST "apply-broken"
/* Calls are sent in bursts. An answer stands as long as it took to get, and no longer than this: it
 * is about as old when it comes, so asking more often would see little more, and an apply never
 * waits for the remote more than half of its time. One that did not answer is left alone for a
 * while. */
#define ASK_AGAIN_MS 1000
#define ASK_LATER_MS 30000

struct lb_recording {
    struct lb_cli *cli;
    struct lb_ledger *ledger;
    struct lb_actor actor;
    const char *folder; /* of the specs it is for */
    const char *stack;
    const struct lb_source *spec; /* what is applied */
    char newest[41];              /* entry when the plan was begun; "" none */
    const char *lock;             /* id of our apply-start; NULL: not taken */
    int64_t deadline_ms;          /* until which others are waited for; 0: prepare was not called */
    int64_t ask_after_ms;         /* whether the lock is still held */
    bool lost;                    /* the lock was broken: it is not ours to end */
    bool warned, warned_local;
};

/* --- opening
 * ------------------------------------------------------------------------------------------------
 */

static bool holds_secret(void *payload, const char *text)
{
    const struct lb_cli *cli = payload;
    return cli->loop && lb_loop_holds_secret(cli->loop, text);
}

int lb_recording_options(struct lb_cli *cli, struct lb_ledger_options *out)
{
    const char *standard = getenv("LIFEBOAT_LEDGER");
    const char *remote = getenv("LIFEBOAT_LEDGER_REMOTE");
    const char *mode = lb_option(cli, "ledger", standard && *standard ? standard : "auto");
    *out = (struct lb_ledger_options){.remote = remote && *remote ? remote : NULL,
                                      .stop = cli->engine.stop,
                                      .holds_secret = holds_secret,
                                      .payload = cli};
    if (lb_ledger_mode_parse(mode, &out->mode) != 0)
        return lb_diags_error(&cli->diags, "LB-U001", NULL, "--ledger is auto, local or none");
    return 0;
}

int lb_recording_open(struct lb_cli *cli, const char *path, struct lb_recording **out)
{
    struct lb_ledger_options options;
    struct lb_ledger *ledger;
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? lb_arena_strndup(cli->arena, path, (size_t)(slash - path)) : "";
    if (*out && lb_streq((*out)->folder, folder))
        return LB_EXIT_OK;
    *out = NULL;
    if (lb_recording_options(cli, &options) != 0 ||
        lb_ledger_open(cli->arena, &cli->diags, path, &options, &ledger) != 0)
        return lb_diags_exit(&cli->diags);
    if (!ledger) {
        struct lb_diag diag = {.code = "LB-G001", .detail = path};
        if (options.mode != LB_LEDGER_NONE)
            lb_diags_add(&cli->diags, &diag);
        return LB_EXIT_OK;
    }
    *out = lb_recording_of(cli, ledger);
    (*out)->folder = folder;
    return LB_EXIT_OK;
}

struct lb_recording *lb_recording_of(struct lb_cli *cli, struct lb_ledger *ledger)
{
    struct lb_recording *recording = lb_arena_alloc(cli->arena, sizeof *recording);
    *recording = (struct lb_recording){.cli = cli, .ledger = ledger, .folder = ""};
    lb_actor_find(cli->arena, &recording->actor);
    return recording;
}

struct lb_ledger *lb_recording_ledger(struct lb_recording *recording)
{
    return recording ? recording->ledger : NULL;
}

/* --- entries
 * --------------------------------------------------------------------------------------------------
 */

static void head(struct lb_recording *recording, const char *kind, struct lb_ledger_draft *draft)
{
    struct lb_cli *cli = recording->cli;
    *draft = (struct lb_ledger_draft){
        .entry = {.kind = kind,
                  .stack = recording->stack,
                  .tool = lb_arena_printf(cli->arena, "lifeboat %s", cli->engine.version),
                  .who = recording->actor.who,
                  .host = recording->actor.host,
                  .run = recording->actor.run}};
}

static const char *outcome_of_plan(const struct lb_plan *plan)
{
    if (!plan->complete)
        return "incomplete";
    if (lb_exit_of_plan(plan))
        return "refused";
    return lb_plan_empty(plan) ? "no-changes" : "changes";
}

/* What the plan is about, so that entries can be found by object without reading the plan. */
static struct lb_value *objects(struct lb_arena *arena, const struct lb_plan *plan)
{
    struct lb_value *body = lb_value_map(arena);
    struct lb_value *map = lb_map_map(arena, body, "objects");
    for (size_t i = 0; i < plan->change_count; i++)
        lb_map_set_string(arena, map, plan->changes[i].address,
                          lb_action_name(plan->changes[i].action));
    return body;
}

/* Which plan of which spec: an end says it as well as a start, whatever was recorded between them.
 */
static void take_spec(struct lb_recording *recording, const struct lb_source *spec,
                      const struct lb_plan *plan, struct lb_ledger_draft *draft)
{
    draft->entry.plan = plan->id;
    draft->entry.spec_path = lb_ledger_path(recording->ledger, plan->spec_path);
    draft->entry.spec_digest = plan->spec_digest;
    draft->spec = spec->text;
    draft->spec_length = spec->length;
}

static void take_plan(struct lb_recording *recording, const struct lb_stack *stack,
                      const struct lb_plan *plan, struct lb_ledger_draft *draft)
{
    struct lb_arena *arena = recording->cli->arena;
    take_spec(recording, stack->source, plan, draft);
    draft->entry.summary = lb_plan_summary(arena, plan);
    draft->entry.body = objects(arena, plan);
    draft->document = lb_plan_to_value(arena, plan);
}

static void tell_alone(struct lb_recording *recording, const struct lb_ledger_entry *written)
{
    bool alone = lb_ledger_alone(recording->ledger);
    struct lb_diag diag = {.code = "LB-G036", .detail = written->stack};
    if (alone && !recording->warned_local)
        lb_diags_add(&recording->cli->diags, &diag);
    recording->warned_local |= alone;
}

/* 0, WAIT when somebody holds the lock, or the exit code. */
static int append(struct lb_recording *recording, struct lb_ledger_draft *draft,
                  struct lb_ledger_entry *written)
{
    int result = lb_ledger_append(recording->ledger, draft, written);
    if (result > 0)
        return WAIT;
    if (result < 0)
        return lb_diags_exit(&recording->cli->diags);
    tell_alone(recording, written);
    return LB_EXIT_OK;
}

static int append_plan(struct lb_recording *recording, struct lb_ledger_draft *draft,
                       const struct lb_plan *plan, struct lb_ledger_entry *written)
{
    struct lb_str text = {0};
    lb_render_text(recording->cli->arena, plan, false, TEXT_WIDTH, &text);
    draft->text = &text;
    int code = append(recording, draft, written);
    lb_str_release(&text);
    return code;
}

/* Where to look for it: `show` takes the commit, and a reviewer's link may name it. */
static void tell_recorded(const struct lb_recording *recording,
                          const struct lb_ledger_entry *written, size_t count)
{
    struct lb_str text = {0};
    const struct lb_ledger_entry *last = NULL;
    const char *remote = lb_ledger_remote(recording->ledger);
    size_t recorded = 0;
    for (size_t i = 0; i < count; i++) {
        recorded += *written[i].commit != '\0';
        last = *written[i].commit ? &written[i] : last;
    }
    if (recorded == 1)
        lb_str_printf(&text, "Recorded as %.12s on lifeboat/%s", last->commit, last->stack);
    else
        lb_str_printf(&text, "Recorded %zu plans, each on its branch lifeboat/STACK", recorded);
    lb_str_printf(&text, "%s%s.\n", remote ? ", shared with " : "", remote ? remote : "");
    if (recorded)
        lb_err(recording->cli, &text);
    lb_str_release(&text);
}

int lb_recording_plans(struct lb_recording *recording, struct lb_stack *const *stacks,
                       const struct lb_plan *plans, size_t count)
{
    if (!recording || !count)
        return LB_EXIT_OK;
    struct lb_arena *arena = recording->cli->arena;
    struct lb_ledger_draft *drafts = lb_arena_array(arena, count, sizeof *drafts);
    struct lb_ledger_entry *written = lb_arena_array(arena, count, sizeof *written);
    struct lb_str *texts = lb_arena_array(arena, count, sizeof *texts);
    for (size_t i = 0; i < count; i++) {
        recording->stack = stacks[i]->name;
        head(recording, "plan", &drafts[i]);
        take_plan(recording, stacks[i], &plans[i], &drafts[i]);
        drafts[i].entry.outcome = outcome_of_plan(&plans[i]);
        lb_render_text(arena, &plans[i], false, TEXT_WIDTH, &texts[i]);
        drafts[i].text = &texts[i];
    }
    int result = lb_ledger_append_all(recording->ledger, drafts, count, written);
    for (size_t i = 0; i < count; i++) {
        if (*written[i].commit)
            tell_alone(recording, &written[i]);
        lb_str_release(&texts[i]);
    }
    tell_recorded(recording, written, count);
    return result ? lb_diags_exit(&recording->cli->diags) : LB_EXIT_OK;
}

/* --- the lock
 * -------------------------------------------------------------------------------------------------
 */

int lb_recording_release(struct lb_recording *recording, const char *stack,
                         const struct lb_lock *lock, const char *reason)
{
    struct lb_ledger_draft draft;
    struct lb_ledger_entry written;
    struct lb_str text = {0};
    recording->stack = stack;
    head(recording, "release", &draft);
    draft.entry.ends = lock->id;
    draft.entry.plan = lock->plan;
    draft.entry.outcome = "released";
    draft.entry.reason = reason;
    draft.entry.summary = reason;
    struct lb_arena *arena = recording->cli->arena;
    lb_str_printf(&text, "Lock %s of %s was released by %s: %s.\n", lb_escape(arena, lock->id),
                  lb_escape(arena, lock->who), lb_escape(arena, draft.entry.who),
                  lb_escape(arena, reason));
    draft.text = &text;
    int code = append(recording, &draft, &written);
    lb_str_release(&text);
    return code;
}

static int release_abandoned(struct lb_recording *recording, const struct lb_lock *lock)
{
    struct lb_diag diag = {.code = "LB-G023", .detail = lock->id};
    int code = lb_recording_release(recording, recording->stack, lock,
                                    "the process that held it has ended in this checkout");
    if (!code)
        lb_diags_add(&recording->cli->diags, &diag);
    return code;
}

static void pause_s(const struct lb_cli *cli, int64_t seconds)
{
    const struct timespec quarter = {.tv_nsec = 250000000};
    int64_t end_ms = lb_time_monotonic_ms() + seconds * 1000;
    while (!(cli->engine.stop && *cli->engine.stop) && lb_time_monotonic_ms() < end_ms)
        nanosleep(&quarter, NULL);
}

/* Held by another. WAIT: there is time, or it is a dead one of this checkout; else 7. */
static int held(struct lb_recording *recording, const struct lb_lock *lock)
{
    if (lb_ledger_abandoned(recording->ledger, lock) ||
        lb_time_monotonic_ms() < recording->deadline_ms)
        return WAIT;
    lb_ledger_held(recording->ledger, lock);
    return LB_EXIT_LOCKED;
}

/* What was kept here goes first: it may hold the end that frees the lock. */
static int bring_news(struct lb_recording *recording)
{
    size_t shared = 0;
    struct lb_ledger *ledger = recording->ledger;
    int result = lb_ledger_remote(ledger) ? lb_ledger_sync(ledger, recording->stack, &shared) : 0;
    if (result != 0)
        return lb_diags_exit(&recording->cli->diags);
    if (shared) {
        struct lb_str text = {0};
        lb_str_printf(&text, "Shared what was kept here: %s.\n",
                      lb_counted(recording->cli->arena, shared, "entry"));
        lb_err(recording->cli, &text);
        lb_str_release(&text);
    }
    return LB_EXIT_OK;
}

/* 0: free; WAIT: held, and there is time; else the exit code. */
static int look(struct lb_recording *recording, struct lb_lock *lock)
{
    struct lb_cli *cli = recording->cli;
    if (cli->engine.stop && *cli->engine.stop)
        return *cli->engine.stop;
    int code = bring_news(recording);
    if (code)
        return code;
    if (lb_ledger_lock(recording->ledger, recording->stack, lock) != 0)
        return lb_diags_exit(&cli->diags);
    if (lb_ledger_abandoned(recording->ledger, lock)) {
        code = release_abandoned(recording, lock);
        *lock = (struct lb_lock){0};
        return code;
    }
    if (!lock->id || lb_ledger_alone(recording->ledger))
        return LB_EXIT_OK;
    return held(recording, lock);
}

static void tell_waiting(const struct lb_cli *cli, const struct lb_lock *lock)
{
    struct lb_str text = {0};
    lb_str_printf(&text, "Waiting for the lock, held by %s since %s.\n",
                  lb_escape(cli->arena, lock->who), lb_escape(cli->arena, lock->since));
    lb_err(cli, &text);
    lb_str_release(&text);
}

int lb_recording_prepare(struct lb_recording *recording, const struct lb_stack *stack)
{
    int64_t wait_s = 0;
    struct lb_lock lock;
    if (!recording)
        return LB_EXIT_OK;
    struct lb_cli *cli = recording->cli;
    recording->stack = stack->name;
    if (lb_option_duration(cli, "lock-timeout", &wait_s) != 0)
        return lb_diags_exit(&cli->diags);
    if (!recording->deadline_ms)
        recording->deadline_ms = lb_time_monotonic_ms() + wait_s * 1000;
    if (lb_ledger_hold(recording->ledger, recording->stack, recording->deadline_ms) != 0)
        return lb_diags_exit(&cli->diags);
    int code = look(recording, &lock);
    if (code == WAIT)
        tell_waiting(cli, &lock);
    while (code == WAIT) {
        pause_s(cli, LOCK_POLL_S);
        code = look(recording, &lock);
    }
    if (!code && lb_ledger_tip(recording->ledger, recording->stack, recording->newest) != 0)
        code = lb_diags_exit(&cli->diags);
    return code;
}

/* Another apply between the plan and the lock: live state is not what was planned on. */
static bool overtaken(struct lb_recording *recording, const struct lb_ledger_entry *start)
{
    struct lb_ledger_entry entry;
    char at[41], parent[41];
    memcpy(at, start->commit, sizeof at);
    while (*at && !lb_streq(at, recording->newest)) {
        if (lb_ledger_glance(recording->ledger, recording->cli->arena, at, &entry, parent) != 0)
            return true;
        const struct lb_ledger_kind *kind = lb_ledger_kind_find(entry.kind);
        if (!lb_streq(at, start->commit) && (!kind || kind->lock != LB_LOCK_KEEPS))
            return true;
        memcpy(at, parent, sizeof at);
    }
    return false;
}

int lb_recording_begin(struct lb_recording *recording, const struct lb_stack *stack,
                       const struct lb_plan *plan)
{
    struct lb_ledger_draft draft;
    struct lb_ledger_entry written;
    if (!recording)
        return LB_EXIT_OK;
    struct lb_cli *cli = recording->cli;
    head(recording, "apply-start", &draft);
    take_plan(recording, stack, plan, &draft);
    recording->spec = stack->source;
    draft.entry.outcome = "started";
    draft.entry.expected_until = lb_time_format(
        cli->arena, lb_time_now() + lb_plan_longest_path(cli->arena, plan));
    int code = append_plan(recording, &draft, plan, &written);
    if (code == WAIT)
        code = held(recording, &written.lock) == WAIT ? LB_RECORDING_AGAIN : LB_EXIT_LOCKED;
    if (code)
        return code;
    recording->lock = written.id;
    if (!overtaken(recording, &written))
        return LB_EXIT_OK;
    struct lb_apply_result none = {0};
    lb_diags_error(&cli->diags, "LB-P020", NULL, "another apply ran since this plan was made");
    return lb_recording_end(recording, plan, &none, "Nothing was sent: the plan is stale.\n",
                            LB_EXIT_STALE);
}

bool lb_recording_holds(void *payload)
{
    struct lb_recording *recording = payload;
    struct lb_cli *cli = recording->cli;
    int64_t begun_ms = lb_time_monotonic_ms();
    if (begun_ms < recording->ask_after_ms && !lb_ledger_moved(recording->ledger, recording->stack))
        return true;
    int answer = lb_ledger_still_held(recording->ledger, recording->stack, recording->lock);
    if (cli->engine.stop && *cli->engine.stop)
        return false;
    if (answer < 0 && !recording->warned) {
        struct lb_diag diag = {.code = "LB-G024", .detail = lb_ledger_remote(recording->ledger)};
        lb_diags_add(&cli->diags, &diag);
        recording->warned = true;
    }
    recording->lost = recording->lost || answer > 0;
    int64_t ended_ms = lb_time_monotonic_ms(), took_ms = ended_ms - begun_ms;
    int64_t stands_ms = took_ms < ASK_AGAIN_MS ? took_ms : ASK_AGAIN_MS;
    recording->ask_after_ms = ended_ms + (answer < 0 ? ASK_LATER_MS : stands_ms);
    return answer <= 0;
}

/* --- the end
 * --------------------------------------------------------------------------------------------------
 */

static const char *outcome_of_apply(const struct lb_apply_result *result, int code)
{
    static const struct {
        int code;
        const char *outcome;
    } rows[] = {{LB_EXIT_OK, "done"},
                {LB_EXIT_STALE, "stale"},
                {LB_EXIT_VERIFY, "unverified"},
                {LB_EXIT_INTERRUPTED, "interrupted"},
                {LB_EXIT_TERMINATED, "interrupted"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == code)
            return rows[i].outcome;
    return result->done ? "partial" : "failed";
}

static struct lb_value *outcome_body(struct lb_arena *arena, const struct lb_plan *plan,
                                     const struct lb_apply_result *result, int code)
{
    static const char *const names[] = {"not-started", "sent",   "converging",
                                        "done",        "failed", "not-started"};
    struct lb_value *body = objects(arena, plan);
    struct lb_value *steps = lb_map_list(arena, body, "steps");
    lb_map_set_int(arena, body, "exit", code);
    for (size_t i = 0; result->states && i < plan->step_count; i++) {
        struct lb_value *step = lb_list_add(arena, steps, lb_value_map(arena));
        lb_map_set_string(arena, step, "id", plan->steps[i].id);
        lb_map_set_string(arena, step, "address", plan->steps[i].address);
        lb_map_set_string(arena, step, "call", plan->steps[i].call);
        lb_map_set_string(arena, step, "state", names[result->states[i]]);
    }
    return body;
}

/* The lock was broken since the last change was sent, and append refused to end it. */
static bool taken_away(struct lb_recording *recording)
{
    return lb_ledger_still_held(recording->ledger, recording->stack, recording->lock) == 1;
}

/* The remote could not be told: what happened is kept here, for sync. */
static void keep(struct lb_recording *recording, const struct lb_ledger_draft *draft,
                 struct lb_ledger_entry *written)
{
    if (lb_ledger_keep(recording->ledger, draft, written) == 0)
        lb_diags_error(&recording->cli->diags, "LB-G038", NULL, "lock %s", recording->lock);
}

int lb_recording_end(struct lb_recording *recording, const struct lb_plan *plan,
                     const struct lb_apply_result *result, const char *words, int code)
{
    struct lb_ledger_draft draft;
    struct lb_ledger_entry written;
    if (!recording || !recording->lock)
        return code;
    struct lb_cli *cli = recording->cli;
    struct lb_str text = {0};
    lb_str_puts(&text, words);
    head(recording, "apply-end", &draft);
    draft.text = &text;
    take_spec(recording, recording->spec, plan, &draft);
    draft.entry.ends = recording->lock;
    draft.entry.outcome = outcome_of_apply(result, code);
    draft.entry.summary = lb_arena_printf(cli->arena, "%zu done, %zu failed, %zu not started",
                                          result->done, result->failed, result->not_started);
    draft.entry.body = outcome_body(cli->arena, plan, result, code);
    lb_ledger_finishing(recording->ledger);
    draft.entry.kind = recording->lost ? LOST : draft.entry.kind;
    struct lb_diags said = cli->diags, refused;
    lb_diags_init(&cli->diags, cli->arena);
    int recorded = append(recording, &draft, &written);
    refused = cli->diags;
    cli->diags = said;
    if (recorded && !recording->lost && taken_away(recording)) {
        /* which says it all: why the end was refused follows from it */
        draft.entry.kind = LOST;
        code = lb_exit_worse(code, LB_EXIT_LOCKED);
        recorded = append(recording, &draft, &written);
    } else
        lb_diags_merge(&cli->diags, &refused);
    if (recorded && lb_ledger_remote(recording->ledger))
        keep(recording, &draft, &written);
    lb_str_release(&text);
    lb_ledger_unhold(recording->ledger);
    return recorded ? lb_exit_worse(code, recorded) : code;
}
