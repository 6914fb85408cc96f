/* renew.c: credentials that end while the loop runs: a session that is over, a key that was
 * revoked.
 *
 * The sources are looked at once more. What they hold now is used when it differs from what was
 * refused, and only after STS said that it is of the account the run began with; until then nothing
 * else is sent. Otherwise the door is barred: no call that changes anything is sent any more, and a
 * place that refused the credentials is not asked again. Reads elsewhere go on, since a region that
 * is not enabled for the account refuses every key.
 * https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
 */
#include "transport/explain.h"
#include "transport/identity.h"
#include "transport/loop_private.h"
#include "transport/retry.h"

#include <string.h>

/* --- who the run began as --------------------------------------------------------------------- */
void lb_renew_note(struct lb_loop *loop, const struct lb_job *job)
{
    const char *account, *arn;
    if (job->call->op != &lb_op_caller_identity || job->answer->outcome != LB_ANSWERED ||
        loop->verifying || loop->account)
        return;
    lb_identity_read(job->answer, &account, &arn);
    loop->account = lb_arena_strdup(loop->arena, account);
    loop->account_region = lb_arena_strdup(loop->arena, job->call->region);
}

/* --- the bar ---------------------------------------------------------------------------------- */
/* The refusal outlives its call: the text of the end is made from it. */
static void keep_refusal(struct lb_loop *loop, const struct lb_job *job)
{
    struct lb_arena *arena = loop->arena;
    struct lb_diag *diag = lb_arena_alloc(arena, sizeof *diag);
    lb_answer_diag(arena, job->call, job->answer, diag);
    diag->address = lb_arena_strdup(arena, diag->address);
    diag->request_id = lb_arena_strdup(arena, diag->request_id);
    diag->error_code = lb_arena_strdup(arena, diag->error_code);
    loop->refusal = diag;
}

static void bar(struct lb_loop *loop)
{
    loop->barred = true;
    lb_log_line(&loop->log, LB_LOG_INFO, NULL, "nothing more is changed: %s",
                loop->refusal->error_code);
}

bool lb_renew_barred(struct lb_job *job)
{
    const struct lb_loop *loop = job->loop;
    if (!loop->barred || job->call->auth != LB_AUTH_SIGV4 ||
        !(job->call->op->mutates || job->lane->refused))
        return false;
    lb_job_answer(job, LB_EXPIRED, loop->refusal->error_code, "not sent, since %s:%s was refused",
                  loop->refusal->service, loop->refusal->operation);
    return true;
}

/* --- others instead --------------------------------------------------------------------------- */
static void put_back(struct lb_loop *loop)
{
    struct lb_creds refused = loop->creds;
    loop->creds = loop->retired;
    loop->retired = refused; /* still a secret */
    lb_creds_wipe(&refused);
    loop->creds_generation--;
    bar(loop);
}

static void refuse_account(struct lb_loop *loop, const char *account)
{
    struct lb_diag *diag = loop->refusal;
    const struct lb_code *code = lb_code_find("LB-A032");
    diag->detail = lb_arena_printf(loop->arena,
                                   "%s; %s now holds keys of account %s, and this "
                                   "run is of account %s",
                                   diag->detail, loop->creds.source, account, loop->account);
    diag->code = "LB-A032";
    diag->error_code = "OtherAccount";
    diag->summary = code->summary;
    diag->exit = code->exit;
    diag->remedy = NULL;
}

static void verified(void *payload, const struct lb_answer *answer)
{
    struct lb_loop *loop = payload;
    const char *account = "", *arn;
    loop->verifying = false;
    loop->alone = NULL;
    if (answer->outcome == LB_ANSWERED)
        lb_identity_read(answer, &account, &arn);
    if (lb_streq(account, loop->account)) {
        lb_log_line(&loop->log, LB_LOG_INFO, NULL, "credentials renewed: %s", arn);
        return;
    }
    if (answer->outcome == LB_ANSWERED)
        refuse_account(loop, account);
    put_back(loop);
}

/* Only its lane sends until the answer is there. */
static void verify(struct lb_loop *loop)
{
    const struct lb_call *call = lb_call_new(loop->arena, &lb_op_caller_identity,
                                             loop->account_region);
    loop->verifying = true;
    loop->alone = lb_loop_submit(loop, NULL, loop->arena, call, verified, loop)->lane;
}

/* True when the sources hold others now than those that were refused. */
static bool look_again(struct lb_loop *loop)
{
    struct lb_creds before = loop->creds;
    loop->creds_state = LB_CREDS_UNRESOLVED;
    bool others = lb_loop_credentials(loop) == 0 &&
                  (!lb_streq(before.access_key, loop->creds.access_key) ||
                   !lb_streq(before.secret_key, loop->creds.secret_key) ||
                   !lb_streq(before.session_token, loop->creds.session_token));
    if (others) {
        loop->retired = before;
    } else {
        loop->creds = before;
        loop->creds_state = LB_CREDS_READY;
        loop->creds_generation--;
    }
    lb_creds_wipe(&before);
    return others;
}

/* False: sign and send again. */
static bool is_over(struct lb_loop *loop, struct lb_job *job)
{
    bool old = job->creds_used != loop->creds_generation;
    job->lane->refused = true;
    if (old && !job->creds_tried) {
        job->creds_tried = true;
        return false;
    }
    if (old || loop->barred || loop->verifying)
        return true;
    keep_refusal(loop, job);
    /* Before STS said whose the first ones are, no others can be told from them. */
    if (job->creds_tried || !loop->account || !look_again(loop)) {
        bar(loop);
        return true;
    }
    job->creds_tried = true;
    verify(loop);
    return false;
}

bool lb_renew_judge(struct lb_loop *loop, struct lb_job *job)
{
    if (job->call->auth != LB_AUTH_SIGV4)
        return true;
    job->answer->outcome = LB_EXPIRED;
    return is_over(loop, job);
}

const struct lb_diag *lb_renew_refusal(const struct lb_loop *loop)
{
    return loop->barred ? loop->refusal : NULL;
}
