/* explain.c: which diagnostic an answer is. First by the error code, where a code has a better next
 * step than its outcome, then by the outcome.
 */
#include "transport/explain.h"

#include "base/str.h"
#include "transport/retry.h"

static const struct {
    const char *error_code, *code;
    const char *operation; /* of which alone; NULL: any */
} by_code[] = {
    {"NoCredentials", "LB-A001", NULL},
    {"NoSecret", "LB-A008", NULL},
    {"ExpiredToken", "LB-A011", NULL},
    {"ExpiredTokenException", "LB-A011", NULL},
    {"TokenRefreshRequired", "LB-A011", NULL},
    {"InvalidToken", "LB-A011", NULL},
    {"InvalidAccessKeyId", "LB-A026", NULL},
    {"InvalidClientTokenId", "LB-A026", NULL},
    {"UnrecognizedClientException", "LB-A026", NULL},
    {"SignatureDoesNotMatch", "LB-A026", NULL},
    {"InvalidSignatureException", "LB-A026", NULL},
    {"RequestTimeTooSkewed", "LB-A012", NULL},
    {"RequestExpired", "LB-A012", NULL},
    {"RequestInTheFuture", "LB-A012", NULL},
    {"OtherAccount", "LB-A032", NULL},
    {"TlsError", "LB-A015", NULL},
    {"Timeout", "LB-A016", NULL},
    {"ConnectionLost", "LB-A018", NULL},
    {"UnreadableAnswer", "LB-A019", NULL},
    {"TooLarge", "LB-A020", NULL},
    {"HealthCheckAlreadyExists", "LB-A027", NULL},
    {"PermanentRedirect", "LB-A024", NULL},
    {"TemporaryRedirect", "LB-A024", NULL},
    {"AuthorizationHeaderMalformed", "LB-A024", NULL},
    {LB_UNKNOWN_PATH, "LB-A028", NULL},
    {"repository_exception", "LB-A029", "CreateRepository"},
    {"repository_verification_exception", "LB-A030", "CreateRepository"},
};

static const char *const by_outcome[] = {
    [LB_ANSWERED] = "LB-A019",    [LB_NOT_FOUND] = "LB-A022", [LB_REFUSED] = "LB-A021",
    [LB_DENIED] = "LB-A010",      [LB_THROTTLED] = "LB-A013", [LB_FAILED] = "LB-A017",
    [LB_UNREACHABLE] = "LB-A014", [LB_CANCELLED] = "LB-A023", [LB_EXPIRED] = "LB-A011",
};

static const char *find_code(const struct lb_op *op, const struct lb_answer *answer)
{
    const char *error_code = answer->error_code;
    if (error_code && lb_starts_with(error_code, "LB-") && lb_code_find(error_code))
        return error_code;
    for (size_t i = 0; i < sizeof by_code / sizeof *by_code; i++)
        if (lb_streq(by_code[i].error_code, error_code) &&
            (!by_code[i].operation || lb_streq(by_code[i].operation, op->name)))
            return by_code[i].code;
    return by_outcome[answer->outcome];
}

static const char *detail(struct lb_arena *arena, const struct lb_call *call,
                          const struct lb_answer *answer)
{
    struct lb_str text = {0};
    lb_str_puts(&text, lb_op_label(arena, call->op));
    const char *place = call->host ? call->host : call->op->service->global ? NULL : call->region;
    if (place)
        lb_str_printf(&text, " in %s", place);
    if (answer->status)
        lb_str_printf(&text, ": HTTP %d", answer->status);
    if (answer->error_code && !lb_starts_with(answer->error_code, "LB-"))
        lb_str_printf(&text, " %s", answer->error_code);
    if (answer->error_message && *answer->error_message)
        lb_str_printf(&text, ": %s", answer->error_message);
    if (answer->attempts > 1)
        lb_str_printf(&text, " (%d attempts, %lld.%01lld s)", answer->attempts,
                      (long long)answer->elapsed_ms / 1000,
                      (long long)answer->elapsed_ms % 1000 / 100);
    return lb_str_take(&text, arena);
}

/* The next step where this case has a better one than its code's row; NULL otherwise. */
static const char *remedy(struct lb_arena *arena, const char *code, const struct lb_call *call,
                          const struct lb_answer *answer)
{
    const struct lb_op *op = call->op;
    const char *region = lb_answer_header(answer, "x-amz-bucket-region");
    bool worded = lb_streq(code, by_outcome[LB_DENIED]) || lb_streq(code, "LB-A028") ||
                  lb_streq(code, "LB-A030");
    const char *own = worded && op->service->next_step ? op->service->next_step(arena, call, answer)
                                                       : NULL;
    if (own)
        return own;
    if (lb_streq(code, "LB-A024") && region)
        return lb_arena_printf(arena, "the bucket is in %s: name that region for it", region);
    if (lb_streq(code, "LB-A010"))
        return lb_arena_printf(arena, "allow the caller %s", lb_op_permission(arena, op));
    return NULL;
}

void lb_answer_diag(struct lb_arena *arena, const struct lb_call *call,
                    const struct lb_answer *answer, struct lb_diag *out)
{
    const char *name = find_code(call->op, answer);
    const struct lb_code *code = lb_code_find(name);
    *out = (struct lb_diag){
        .code = name,
        .severity = LB_ERROR,
        .exit = code ? code->exit : 1,
        .summary = code ? code->summary : NULL,
        .detail = detail(arena, call, answer),
        .remedy = remedy(arena, name, call, answer),
        .address = call->address,
        .service = call->op->service->id,
        .operation = call->op->name,
        .request_id = answer->request_id,
        .error_code = answer->error_code,
        .http_status = answer->status,
    };
}
