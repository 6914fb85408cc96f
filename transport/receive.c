/* receive.c: reads a transfer that ended: which answer it is, its log line, and the redaction of
 * what a server may have echoed.
 */
#include "base/time.h"
#include "transport/loop_private.h"

#include <string.h>

#define MAX_WORD 256     /* bytes of an error code or a request id that are kept */
#define MAX_MESSAGE 2048 /* of an error message */

/* What a failure of libcurl means. CURLE_OK ends the table and stands for all others: the
 * connection broke. */
static const struct {
    CURLcode result;
    enum lb_outcome outcome;
    const char *code;
} failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, LB_UNREACHABLE, "Unreachable"},
    {CURLE_COULDNT_RESOLVE_PROXY, LB_UNREACHABLE, "Unreachable"},
    {CURLE_COULDNT_CONNECT, LB_UNREACHABLE, "Unreachable"},
    {CURLE_PROXY, LB_UNREACHABLE, "Unreachable"},
    {CURLE_SSL_CONNECT_ERROR, LB_UNREACHABLE, "Unreachable"},
    {CURLE_PEER_FAILED_VERIFICATION, LB_UNREACHABLE, "TlsError"},
    {CURLE_SSL_CACERT_BADFILE, LB_UNREACHABLE, "TlsError"},
    {CURLE_SSL_CERTPROBLEM, LB_UNREACHABLE, "TlsError"},
    {CURLE_SSL_CIPHER, LB_UNREACHABLE, "TlsError"},
    {CURLE_SSL_ISSUER_ERROR, LB_UNREACHABLE, "TlsError"},
    {CURLE_OPERATION_TIMEDOUT, LB_FAILED, "Timeout"},
    /* libcurl's words for bytes that are not HTTP */
    {CURLE_UNSUPPORTED_PROTOCOL, LB_FAILED, "UnreadableAnswer"},
    {CURLE_WEIRD_SERVER_REPLY, LB_FAILED, "UnreadableAnswer"},
    {CURLE_BAD_CONTENT_ENCODING, LB_FAILED, "UnreadableAnswer"},
    {CURLE_OK, LB_FAILED, "ConnectionLost"},
};

static void read_failure(struct lb_transfer *transfer, CURLcode result)
{
    struct lb_job *job = transfer->job;
    size_t i = 0;
    while (failures[i].result != result && failures[i].result != CURLE_OK)
        i++;
    enum lb_outcome outcome = failures[i].outcome;
    const char *code = failures[i].code;
    curl_off_t sent_us = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
    /* Nothing was sent yet: a slow connect, a proxy that said no. libcurl never stores 0 for a time
     * that was reached. */
    if (outcome == LB_FAILED && sent_us == 0) {
        outcome = LB_UNREACHABLE;
        code = "Unreachable";
    }
    const char *text = transfer->error[0] ? transfer->error : curl_easy_strerror(result);
    if (transfer->body.overflow || transfer->header_overflow)
        code = "TooLarge";
    if (transfer->no_room) {
        code = "TooLarge";
        text = "all answers together are too large";
    }
    lb_job_answer(job, outcome, code, "%s://%s: %s", job->endpoint.scheme, job->endpoint.connect,
                  text);
}

/* The bytes outlive the transfer only where they are the answer: a fleet's plan decodes thousands.
 */
static void keep_raw(struct lb_job *job)
{
    struct lb_answer *answer = job->answer;
    if (!job->call->op->raw_answer) {
        answer->raw = NULL;
        answer->raw_length = 0;
    } else if (answer->raw) {
        char *raw = lb_arena_alloc(job->answers, answer->raw_length + 1);
        memcpy(raw, answer->raw, answer->raw_length);
        answer->raw = raw;
    }
}

static void read_answer(struct lb_transfer *transfer, CURLcode result)
{
    struct lb_job *job = transfer->job;
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK) {
        read_failure(transfer, result);
    } else {
        struct lb_answer *answer = job->answer = lb_arena_alloc(job->answers, sizeof *job->answer);
        answer->raw_length = transfer->body.length;
        answer->raw = answer->raw_length > 0 ? lb_str_text(&transfer->body) : NULL;
    }
    job->answer->status = (int)status;
    job->answer->headers = transfer->answer_headers ? transfer->answer_headers
                                                    : lb_value_map(job->answers);
    if (result == CURLE_OK) {
        size_t before = lb_arena_size(job->answers);
        lb_answer_decode(job->answers, job->call->op, job->answer);
        keep_raw(job);
        lb_memory_hold(job->loop, job->answers, lb_arena_size(job->answers) - before);
    }
    if (job->call->idempotent_on && lb_streq(job->answer->error_code, job->call->idempotent_on))
        job->answer->outcome = LB_ANSWERED;
}

static void log_attempt(struct lb_loop *loop, struct lb_transfer *transfer,
                        const struct lb_secrets *secrets, bool connected)
{
    static const char *const outcomes[] = {
        [LB_ANSWERED] = "answered",   [LB_NOT_FOUND] = "not-found",     [LB_REFUSED] = "refused",
        [LB_DENIED] = "denied",       [LB_THROTTLED] = "throttled",     [LB_FAILED] = "failed",
        [LB_CANCELLED] = "cancelled", [LB_UNREACHABLE] = "unreachable", [LB_EXPIRED] = "expired",
    };
    const struct lb_job *job = transfer->job;
    const struct lb_answer *answer = job->answer;
    const struct lb_op *op = job->call->op;
    lb_log_line(&loop->log, LB_LOG_INFO, secrets,
                "%s:%s %s %s attempt=%d status=%d ms=%lld id=%s outcome=%s%s%s%s%s%s",
                op->service->id, op->name, job->call->region ? job->call->region : "-",
                job->call->address ? job->call->address : "-", job->attempts, answer->status,
                (long long)(lb_time_monotonic_ms() - transfer->begun_ms),
                answer->request_id ? answer->request_id : "-", outcomes[answer->outcome],
                connected ? " new-connection" : "", answer->error_code ? " error=" : "",
                answer->error_code ? answer->error_code : "",
                answer->error_message ? " message=" : "",
                answer->error_message ? answer->error_message : "");
    for (size_t i = 0; i < lb_value_count(answer->headers); i++) {
        const struct lb_entry *entry = lb_map_nth(answer->headers, i);
        bool secret = lb_header_is_secret(entry->key);
        lb_log_line(&loop->log, LB_LOG_TRACE, secrets, "< %s: %s", entry->key,
                    secret ? "[redacted]" : lb_text(entry->value, ""));
    }
}

/* Redacted whole, then cut: a cut first could leave half of a secret, which nobody would find. */
static const char *tame(struct lb_arena *arena, const struct lb_secrets *secrets, const char *text,
                        size_t max)
{
    text = lb_redact(arena, secrets, text);
    return text && strlen(text) > max ? lb_arena_printf(arena, "%.*s...", (int)max, text) : text;
}

/* The words of a server that may have echoed what it was sent. */
static void redact_answer(struct lb_loop *loop, struct lb_transfer *transfer,
                          struct lb_secrets *secrets)
{
    struct lb_job *job = transfer->job;
    lb_secrets_add(secrets, loop->creds.secret_key);
    lb_secrets_add(secrets, loop->creds.session_token);
    lb_secrets_add(secrets, loop->retired.secret_key);
    lb_secrets_add(secrets, loop->retired.session_token);
    lb_secrets_add(secrets, transfer->secret);
    for (struct curl_slist *at = transfer->headers; at; at = at->next)
        if (lb_starts_with(at->data, "authorization: "))
            lb_secrets_add(secrets, at->data + strlen("authorization: "));
    struct lb_answer *answer = job->answer;
    answer->error_code = tame(job->answers, secrets, answer->error_code, MAX_WORD);
    answer->error_message = tame(job->answers, secrets, answer->error_message, MAX_MESSAGE);
    answer->request_id = tame(job->answers, secrets, answer->request_id, MAX_WORD);
}

void lb_transfer_finish(struct lb_loop *loop, struct lb_transfer *transfer, CURLcode result)
{
    struct lb_job *job = transfer->job;
    struct lb_secrets secrets = {.count = 0};
    long connections = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connections);
    loop->counts.connections += (uint64_t)connections;
    loop->counts.bytes_in += transfer->body.length + transfer->header_bytes;
    read_answer(transfer, result);
    job->answer->attempts = job->attempts;
    job->answer->elapsed_ms = lb_time_monotonic_ms() - job->begun_ms;
    redact_answer(loop, transfer, &secrets);
    log_attempt(loop, transfer, &secrets, connections > 0);
    curl_multi_remove_handle(loop->multi, transfer->easy);
    lb_transfer_give_back(loop, transfer);
}

void lb_transfer_abort(struct lb_loop *loop, struct lb_transfer *transfer)
{
    struct lb_job *job = transfer->job;
    struct lb_secrets secrets = {.count = 0};
    lb_job_answer(job, LB_CANCELLED, "Cancelled", "interrupted before its answer came");
    job->answer->attempts = job->attempts;
    job->answer->elapsed_ms = lb_time_monotonic_ms() - job->begun_ms;
    log_attempt(loop, transfer, &secrets, false);
    curl_multi_remove_handle(loop->multi, transfer->easy);
    lb_transfer_give_back(loop, transfer);
}
