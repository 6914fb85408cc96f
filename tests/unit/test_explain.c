/* test_explain.c: answers that are not OK, as diagnostics: the code, the exit code, and a next
 * step. */
#include "base/exit.h"
#include "base/str.h"
#include "transport/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct lb_service s3 = {.id = "s3", .signing = "s3", .prefix = "s3"};
static const char *next_step(struct lb_arena *arena, const struct lb_call *call,
                             const struct lb_answer *answer)
{
    (void)arena;
    (void)call;
    return answer->outcome == LB_DENIED ? "what the service says" : NULL;
}
static const struct lb_service cluster = {.id = "cluster", .signing = "es", .next_step = next_step};
static const struct lb_op get = {.service = &s3, .name = "GetBucketPolicy"};
static const struct lb_op head = {.service = &s3, .name = "HeadBucket", .iam = "s3:ListBucket"};
static const struct lb_op registration = {.service = &cluster, .name = "CreateRepository"};
static const struct lb_op snapshot = {.service = &cluster, .name = "snapshot.get"};

static const struct {
    const struct lb_op *op;
    enum lb_outcome outcome;
    int status;
    const char *error_code, *code;
    int exit;
    const char *remedy; /* part of it; NULL: the code's own */
} rows[] = {
    {&get, LB_DENIED, 0, "NoCredentials", "LB-A001", LB_EXIT_CREDENTIALS, NULL},
    {&get, LB_DENIED, 0, "NoSecret", "LB-A008", LB_EXIT_CREDENTIALS, NULL},
    {&get, LB_DENIED, 403, "AccessDenied", "LB-A010", LB_EXIT_CREDENTIALS, "s3:GetBucketPolicy"},
    {&head, LB_DENIED, 403, "HTTP403", "LB-A010", LB_EXIT_CREDENTIALS, "s3:ListBucket"},
    {&snapshot, LB_DENIED, 403, "security_exception", "LB-A010", LB_EXIT_CREDENTIALS,
     "what the service says"},
    {&snapshot, LB_DENIED, 403, "ExpiredToken", "LB-A011", LB_EXIT_CREDENTIALS, "renew"},
    {&snapshot, LB_REFUSED, 405, "UnknownPath", "LB-A028", LB_EXIT_ERROR, NULL},
    {&registration, LB_REFUSED, 500, "repository_exception", "LB-A029", LB_EXIT_ERROR, "path.repo"},
    {&snapshot, LB_REFUSED, 500, "repository_exception", "LB-A021", LB_EXIT_ERROR, NULL},
    {&registration, LB_FAILED, 500, "repository_verification_exception", "LB-A030", LB_EXIT_VERIFY,
     "_verify"},
    {&get, LB_DENIED, 400, "ExpiredToken", "LB-A011", LB_EXIT_CREDENTIALS, NULL},
    {&get, LB_DENIED, 403, "InvalidAccessKeyId", "LB-A026", LB_EXIT_CREDENTIALS, NULL},
    {&get, LB_DENIED, 403, "RequestTimeTooSkewed", "LB-A012", LB_EXIT_CREDENTIALS, NULL},
    {&get, LB_THROTTLED, 503, "SlowDown", "LB-A013", LB_EXIT_UNREACHABLE, NULL},
    {&get, LB_UNREACHABLE, 0, "Unreachable", "LB-A014", LB_EXIT_UNREACHABLE, NULL},
    {&get, LB_UNREACHABLE, 0, "TlsError", "LB-A015", LB_EXIT_UNREACHABLE, NULL},
    {&get, LB_FAILED, 0, "Timeout", "LB-A016", LB_EXIT_UNREACHABLE, NULL},
    {&get, LB_FAILED, 500, "InternalError", "LB-A017", LB_EXIT_UNREACHABLE, NULL},
    {&get, LB_FAILED, 0, "ConnectionLost", "LB-A018", LB_EXIT_UNREACHABLE, NULL},
    {&get, LB_FAILED, 200, "UnreadableAnswer", "LB-A019", LB_EXIT_UNREACHABLE, NULL},
    {&get, LB_FAILED, 200, "TooLarge", "LB-A020", LB_EXIT_ERROR, NULL},
    {&get, LB_REFUSED, 400, "MalformedXML", "LB-A021", LB_EXIT_ERROR, NULL},
    {&get, LB_REFUSED, 0, "LB-A005", "LB-A005", LB_EXIT_USAGE, NULL},
    {&get, LB_REFUSED, 400, "LB-Z999", "LB-A021", LB_EXIT_ERROR, NULL}, /* a server's joke */
    {&get, LB_NOT_FOUND, 404, "NoSuchBucket", "LB-A022", LB_EXIT_ERROR, NULL},
    {&get, LB_CANCELLED, 0, "Cancelled", "LB-A023", LB_EXIT_INTERRUPTED, NULL},
    {&get, LB_REFUSED, 301, "PermanentRedirect", "LB-A024", LB_EXIT_ERROR, "eu-west-1"},
};

static void test_answers_become_diagnostics(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        struct lb_diag diag;
        struct lb_call *call = lb_call_new(arena, rows[i].op, "us-east-1");
        struct lb_answer answer = {.outcome = rows[i].outcome,
                                   .status = rows[i].status,
                                   .error_code = rows[i].error_code,
                                   .error_message = "their words",
                                   .request_id = "R1",
                                   .headers = lb_value_map(arena)};
        if (rows[i].status == 301)
            lb_map_set_string(arena, answer.headers, "x-amz-bucket-region", "eu-west-1");
        call->address = "bucket.logs";
        lb_answer_diag(arena, call, &answer, &diag);
        lb_diags_init(&diags, arena);
        const struct lb_diag *stored = lb_diags_add(&diags, &diag);
        if (!lb_streq(stored->code, rows[i].code) || stored->exit != rows[i].exit)
            fail_msg("%s: %s, exit %d", rows[i].error_code, stored->code, stored->exit);
        if (rows[i].remedy)
            assert_non_null(strstr(stored->remedy, rows[i].remedy));
        assert_non_null(stored->summary);
        assert_non_null(strstr(stored->detail, rows[i].op->name));
        assert_non_null(strstr(stored->detail, "their words"));
        assert_string_equal(stored->request_id, "R1");
        assert_string_equal(stored->address, "bucket.logs");
        assert_int_equal(stored->http_status, rows[i].status);
        lb_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers_become_diagnostics)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
