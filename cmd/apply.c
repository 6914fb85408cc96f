/* apply.c: plan, consent, run, and a closing plan that must be empty. */
#include "cmd/progress.h"
#include "cmd/recording.h"
#include "cmd/saved.h"

#include "base/digest.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What this run was asked to do, and what was approved before. */
#define UNLISTED "LB-P030" /* what left the spec could not be listed */

struct session {
    struct lb_cli *cli;
    struct lb_stack *stack;
    struct lb_plan *plan;
    const struct lb_plan *approved; /* from a PLANFILE or the ledger; NULL otherwise */
    struct lb_recording *recording; /* NULL: nothing is recorded */
};

static int fail(struct lb_cli *cli, const char *code, const char *detail)
{
    lb_diags_error(&cli->diags, code, NULL, "%s", detail);
    return lb_diags_exit(&cli->diags);
}

/* A PLANFILE names its spec; planning then goes on from the spec, never from the file. */
static int open_approved(struct session *session)
{
    struct lb_cli *cli = session->cli;
    if (!cli->arg_count)
        return 0;
    struct lb_source *source = lb_source_read(cli, cli->args[0]);
    if (!source)
        return lb_diags_exit(&cli->diags);
    if (!lb_looks_like_plan(source))
        return 0;
    struct lb_plan *approved = lb_arena_alloc(cli->arena, sizeof *approved);
    if (lb_plan_load(cli, source, approved) != 0)
        return lb_diags_exit(&cli->diags);
    session->approved = approved;
    cli->args[0] = approved->spec_path;
    return 0;
}

/* The id alone approves a plan that is in the ledger; one that is not there must be made again
 * exactly. */
static int find_approved(struct session *session)
{
    struct lb_cli *cli = session->cli;
    struct lb_ledger *ledger = lb_recording_ledger(session->recording);
    const char *id = lb_option(cli, "plan", NULL);
    char commit[41];
    struct lb_source *source = NULL;
    if (!id || session->approved || !ledger || !lb_ledger_has(ledger, session->stack->name, id))
        return 0;
    struct lb_plan *approved = lb_arena_alloc(cli->arena, sizeof *approved);
    if (lb_ledger_find(ledger, session->stack->name, id, commit, &source) != 0 || !source ||
        lb_plan_load(cli, source, approved) != 0)
        return lb_diags_exit(&cli->diags);
    session->approved = approved;
    return 0;
}

static int check_approved(struct session *session)
{
    struct lb_cli *cli = session->cli;
    const char *id = lb_option(cli, "plan", NULL);
    if (id && !lb_streq(id, session->plan->id) &&
        !(session->approved && lb_starts_with(session->approved->id, id)))
        return fail(cli, "LB-P027",
                    lb_arena_printf(cli->arena, "approved %s, now %s", id, session->plan->id));
    if (!session->approved)
        return 0;
    struct lb_str difference = {0};
    int code = LB_EXIT_OK;
    if (lb_plan_compare(session->approved, session->plan, &difference) != 0) {
        lb_err(cli, &difference);
        lb_events_difference(cli, lb_str_text(&difference));
        code = fail(cli, "LB-P020",
                    lb_arena_printf(cli->arena, "approved %.16s, now %.16s", session->approved->id,
                                    session->plan->id));
    }
    lb_str_release(&difference);
    return code;
}

static int ask_consent(struct session *session)
{
    struct lb_cli *cli = session->cli;
    if (session->approved || lb_flag(cli, "auto-approve") || lb_option(cli, "plan", NULL))
        return 0;
    if (!cli->terminal_in)
        return fail(cli, "LB-U002", "apply changes things");
    struct lb_str text = {0};
    lb_str_printf(
        &text, "\nApply these steps to account %s? Only \"yes\" goes on: ", session->plan->account);
    lb_err(cli, &text);
    lb_str_release(&text);
    char line[16] = "";
    if (!fgets(line, sizeof line, stdin) || strcmp(line, "yes\n") != 0)
        return fail(cli, "LB-P026", "consent was not given; nothing was changed");
    return 0;
}

static void show_plan(struct session *session)
{
    struct lb_cli *cli = session->cli;
    if (lb_flag(cli, "json")) {
        lb_events_plan(cli, session->plan);
        return;
    }
    struct lb_str out = {0};
    lb_render_text(cli->arena, session->plan, cli->color_out, cli->width, &out);
    lb_out(cli, &out);
    lb_str_release(&out);
}

static void nothing(void *payload)
{
    (void)payload;
}

static void pause_for(struct lb_cli *cli, int64_t ms)
{
    struct lb_exchange *exchange = cli->engine.exchange;
    exchange->after(exchange->self, ms, nothing, NULL);
    exchange->run(exchange->self, cli->engine.stop);
}

static bool finds(const struct lb_plan *plan, const char *code)
{
    for (size_t i = 0; i < plan->finding_count; i++)
        if (lb_streq(plan->findings[i].code, code))
            return true;
    return false;
}

/* Every step is done, but what could not be read is not known to be as the spec says: an error, or
 * a list of what left the spec that was there before. */
static int unproven(const struct session *session, const struct lb_plan *plan)
{
    bool told = finds(session->plan, UNLISTED);
    for (size_t i = 0; i < plan->finding_count; i++)
        if (plan->findings[i].severity == LB_ERROR ||
            (!told && lb_streq(plan->findings[i].code, UNLISTED)))
            lb_diags_add(&session->cli->diags, &plan->findings[i]);
    return lb_exit_of_plan(plan);
}

/* P4: exit 0 only if live equals the spec. Every step was read back, but S3 may go on showing an
 * older configuration for a while, so a plan that is not empty is made again before it is believed.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel */
static int close_with_plan(struct session *session)
{
    static const int64_t pauses_ms[] = {2000, 5000, 10000, 20000, 0};
    struct lb_cli *cli = session->cli;
    struct lb_stack **stacks;
    struct lb_plan *plans;
    size_t count;
    for (size_t i = 0;; i++) {
        int code = lb_plan_specs(cli, &stacks, &count, &plans);
        if (code)
            return code;
        if (lb_plan_empty(&plans[0]) || (!pauses_ms[i] && !plans[0].complete))
            return unproven(session, &plans[0]);
        if (!pauses_ms[i])
            return fail(cli, "LB-P025", lb_plan_summary(cli->arena, &plans[0]));
        pause_for(cli, pauses_ms[i]);
    }
}

static int run(struct session *session)
{
    struct lb_cli *cli = session->cli;
    struct lb_apply_options options = {0};
    struct lb_apply_result result;
    struct lb_progress *progress = lb_progress_new(cli, session->plan);
    struct lb_str outcome = {0};
    if (lb_option_duration(cli, "timeout", &options.timeout_s) != 0)
        return lb_diags_exit(&cli->diags);
    int code = lb_recording_begin(session->recording, session->stack, session->plan);
    if (code)
        return code;
    options.on_event = lb_progress_event;
    options.payload = progress;
    options.may_send = session->recording ? lb_recording_holds : NULL;
    options.guard = session->recording;
    code = lb_apply_run(&cli->engine, session->stack, session->plan, &options, &result);
    if (code == LB_EXIT_OK)
        code = close_with_plan(session);
    lb_progress_close(progress, &result, code);
    lb_progress_outcome(progress, &result, code, &outcome);
    int applied = code;
    code = lb_recording_end(session->recording, session->plan, &result, lb_str_text(&outcome),
                            code);
    lb_events_end(cli, lb_progress_line(progress, &result, applied), &result, code);
    lb_str_release(&outcome);
    return code;
}

/* A PLANFILE says which file is the spec, and who made it up may name any: what is wrong with
 * another file than the plan was made of is not told, because that would show its lines. */
static int load_spec(struct session *session, struct lb_stack ***stacks, size_t *count)
{
    struct lb_cli *cli = session->cli;
    char digest[LB_SHA256_HEX];
    if (!session->approved)
        return lb_load_specs(cli, stacks, count);
    struct lb_source *source = lb_source_read(cli, session->approved->spec_path);
    if (!source)
        return lb_diags_exit(&cli->diags);
    lb_sha256_hex(source->text, source->length, digest);
    if (lb_streq(digest, session->approved->spec_digest))
        return lb_load_specs(cli, stacks, count);
    if (lb_load_stacks(cli, stacks, count) == 0 &&
        lb_streq((*stacks)[0]->name, session->approved->stack))
        return 0;
    return fail(cli, "LB-P020",
                lb_arena_printf(
                    cli->arena,
                    "%s has other bytes than the plan's spec, and is no spec of %s that is valid",
                    source->path, session->approved->stack));
}

/* The findings say more than "refused": what could not be read decides, else the rule that refused.
 */
static int refuse(struct session *session, const char *why_not, int code)
{
    struct lb_diags *diags = &session->cli->diags;
    int finding = lb_exit_of_plan(session->plan);
    struct lb_diag diag = {.code = "LB-P026", .detail = why_not, .exit = finding ? finding : code};
    lb_diags_add(diags, &diag);
    return diag.exit;
}

/* Specs, ledger, what was approved, live state: all that is known before anything is changed. */
static int prepare(struct session *session)
{
    struct lb_cli *cli = session->cli;
    struct lb_stack **stacks;
    size_t count;
    int code = open_approved(session);
    if (!code)
        code = load_spec(session, &stacks, &count);
    if (code)
        return code;
    session->stack = stacks[0];
    code = lb_recording_open(cli, lb_spec_paths(cli, &count)[0], &session->recording);
    if (!code)
        code = lb_recording_prepare(session->recording, session->stack);
    if (!code)
        code = find_approved(session);
    return code ? code : lb_plan_stacks(cli, stacks, count, &session->plan);
}

static int attempt(struct session *session)
{
    const char *why_not;
    int refused;
    int code = prepare(session);
    if (code)
        return code;
    show_plan(session);
    if (session->cli->out_failed) /* nobody saw what would be done */
        return lb_diags_exit(&session->cli->diags);
    code = check_approved(session);
    if (code)
        return code;
    if (!lb_plan_can_apply(session->plan, &why_not, &refused))
        return refuse(session, why_not, refused);
    if (lb_plan_empty(session->plan)) {
        lb_events_end(session->cli, lb_plan_summary(session->cli->arena, session->plan), NULL,
                      LB_EXIT_OK);
        return LB_EXIT_OK;
    }
    code = ask_consent(session);
    return code ? code : run(session);
}

int lb_cmd_apply(struct lb_cli *cli)
{
    struct session session = {.cli = cli};
    int64_t timeout_s; /* a mistyped one is told before anything is read */
    if (lb_option_duration(cli, "timeout", &timeout_s) != 0 ||
        lb_option_duration(cli, "lock-timeout", &timeout_s) != 0)
        return lb_diags_exit(&cli->diags);
    int code;
    do
        code = attempt(&session); /* what was planned before another apply ran is stale */
    while (code == LB_RECORDING_AGAIN);
    lb_events_end(cli, "Nothing was changed.", NULL, code);
    return code;
}
