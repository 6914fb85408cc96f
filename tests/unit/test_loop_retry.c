/* test_loop_retry.c: what the event loop sends again and what it does not. Each row says how often
 * a call may be sent, and which diagnostic its end is.
 */
#include "loop_fixture.h"

/* --- what is sent again ----------------------------------------------------------------------- */
#define LOST                                                                                       \
    {                                                                                              \
        RESET, 0, NULL, NULL, 0                                                                    \
    }
#define SLOW                                                                                       \
    {                                                                                              \
        REPLY, 503, NULL, ERROR_BODY("SlowDown"), 0                                                \
    }
#define FAULT                                                                                      \
    {                                                                                              \
        REPLY, 503, NULL, "", 0                                                                    \
    }

struct retry_case {
    const char *name;
    const struct lb_op *op;
    struct reply script[8]; /* ends with status 0 and kind REPLY */
    enum lb_outcome outcome;
    int attempts;
    const char *error_code;
    const char *diag; /* of lb_answer_diag */
};

static const struct retry_case retry_cases[] = {
    {"503 then good", &get_versioning, {FAULT, GOOD}, LB_ANSWERED, 2, NULL, NULL},
    {"reset then good", &get_versioning, {LOST, GOOD}, LB_ANSWERED, 2, NULL, NULL},
    {"503 to the end", &get_versioning, {FAULT}, LB_FAILED, 3, "HTTP503", "LB-A017"},
    {"reset to the end", &get_versioning, {LOST}, LB_FAILED, 3, "ConnectionLost", "LB-A018"},
    {"throttles go on beyond three",
     &get_versioning,
     {SLOW, SLOW, SLOW, SLOW, SLOW, GOOD},
     LB_ANSWERED,
     6,
     NULL,
     NULL},
    {"truncated",
     &get_versioning,
     {{TRUNCATE, 200, NULL, GOOD_BODY, 0}},
     LB_FAILED,
     3,
     "ConnectionLost",
     "LB-A018"},
    {"truncated then good",
     &get_versioning,
     {{TRUNCATE, 200, NULL, GOOD_BODY, 0}, GOOD},
     LB_ANSWERED,
     2,
     NULL,
     NULL},
    {"not HTTP",
     &get_versioning,
     {{RAW, 0, NULL, "garbage garbage\r\n\r\n", 0}},
     LB_FAILED,
     3,
     "UnreadableAnswer",
     "LB-A019"},
    {"garbage body",
     &get_versioning,
     {{REPLY, 200, NULL, "\x01\x02garbage", 0}},
     LB_FAILED,
     3,
     "UnreadableAnswer",
     "LB-A019"},
    {"a portal's page",
     &get_versioning,
     {{REPLY, 200, "Content-Type: text/html\r\n", "<html><p>log in<br></html>", 0}},
     LB_FAILED,
     3,
     "UnreadableAnswer",
     "LB-A019"},
    {"empty 200 to a GET",
     &get_versioning,
     {{REPLY, 200, NULL, "", 0}, GOOD},
     LB_ANSWERED,
     2,
     NULL,
     NULL},
    {"final 400",
     &get_versioning,
     {{REPLY, 400, NULL, ERROR_BODY("MalformedXML"), 0}, GOOD},
     LB_REFUSED,
     1,
     "MalformedXML",
     "LB-A021"},
    {"denied",
     &get_versioning,
     {{REPLY, 403, NULL, ERROR_BODY("AccessDenied"), 0}, GOOD},
     LB_DENIED,
     1,
     "AccessDenied",
     "LB-A010"},
    {"not found",
     &get_versioning,
     {{REPLY, 404, NULL, ERROR_BODY("NoSuchBucket"), 0}, GOOD},
     LB_NOT_FOUND,
     1,
     "NoSuchBucket",
     "LB-A022"},
    {"a write is sent again",
     &put_versioning,
     {LOST, {REPLY, 200, NULL, "", 0}},
     LB_ANSWERED,
     2,
     NULL,
     NULL},
    {"once: not after a reset", &put_once, {LOST, GOOD}, LB_FAILED, 1, "ConnectionLost", "LB-A018"},
    {"once: not after a 503", &put_once, {FAULT, GOOD}, LB_FAILED, 1, "HTTP503", "LB-A017"},
    {"once: not after a truncation",
     &put_once,
     {{TRUNCATE, 200, NULL, "<a/>", 0}, GOOD},
     LB_FAILED,
     1,
     "ConnectionLost",
     "LB-A018"},
    {"once: again after a throttle",
     &put_once,
     {SLOW, {REPLY, 200, NULL, "", 0}},
     LB_ANSWERED,
     2,
     NULL,
     NULL},
    {"redirect is not followed",
     &get_versioning,
     {{REPLY, 301, "Location: http://127.0.0.1:1/\r\nx-amz-bucket-region: eu-west-1\r\n",
       ERROR_BODY("PermanentRedirect"), 0},
      GOOD},
     LB_REFUSED,
     1,
     "PermanentRedirect",
     "LB-A024"},
    {"307 is not followed",
     &put_versioning,
     {{REPLY, 307, "Location: /elsewhere\r\n", ERROR_BODY("TemporaryRedirect"), 0}, GOOD},
     LB_REFUSED,
     1,
     "TemporaryRedirect",
     "LB-A024"},
    {"too large",
     &get_versioning,
     {{HUGE, 65, NULL, "", 0}, GOOD},
     LB_FAILED,
     1,
     "TooLarge",
     "LB-A020"},
};

static void test_retry_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(retry_cases); i++) {
        const struct retry_case *row = &retry_cases[i];
        struct fixture fixture;
        size_t replies = 0;
        while (replies < 8 && (row->script[replies].status || row->script[replies].kind != REPLY))
            replies++;
        begin(&fixture, row->script, replies);
        struct lb_call *call = make(&fixture, row->op);
        const struct lb_answer *answer = ask(&fixture, call);
        if (answer->outcome != row->outcome || answer->attempts != row->attempts ||
            !lb_streq(row->error_code, answer->error_code) ||
            fixture.server->count != (size_t)row->attempts)
            fail_msg("%s: outcome %d, %d attempts, %zu requests, %s: %s", row->name,
                     answer->outcome, answer->attempts, fixture.server->count,
                     answer->error_code ? answer->error_code : "-",
                     answer->error_message ? answer->error_message : "-");
        if (row->diag) {
            struct lb_diag diag;
            lb_answer_diag(fixture.arena, call, answer, &diag);
            assert_string_equal(diag.code, row->diag);
            assert_string_equal(diag.address, "bucket.logs");
            assert_string_equal(diag.operation, row->op->name);
        }
        end(&fixture);
    }
}

static void test_redirect_names_the_region(void **state)
{
    (void)state;
    static const struct reply script[] = {
        {REPLY, 301, "x-amz-bucket-region: eu-west-1\r\n", ERROR_BODY("PermanentRedirect"), 0}};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    struct lb_call *call = make(&fixture, &get_versioning);
    const struct lb_answer *answer = ask(&fixture, call);
    struct lb_diag diag;
    lb_answer_diag(fixture.arena, call, answer, &diag);
    assert_string_equal(lb_answer_header(answer, "x-amz-bucket-region"), "eu-west-1");
    assert_non_null(strstr(diag.remedy, "eu-west-1"));
    end(&fixture);
}

static void test_max_attempts_one_means_one(void **state)
{
    (void)state;
    static const struct reply script[] = {SLOW, GOOD};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    lb_arena_free(fixture.arena);
    setenv("AWS_MAX_ATTEMPTS", "1", 1);
    open_loop(&fixture);
    const struct lb_answer *answer = ask(&fixture, make(&fixture, &get_versioning));
    assert_int_equal(answer->outcome, LB_THROTTLED);
    assert_int_equal(answer->attempts, 1);
    end(&fixture);
}

static void test_throttle_storm_ends(void **state)
{
    (void)state;
    static const struct reply script[] = {SLOW};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    struct lb_call *call = make(&fixture, &get_versioning);
    call->deadline_ms = 1500;
    int64_t start = lb_time_monotonic_ms();
    assert_int_equal(ask(&fixture, call)->outcome, LB_THROTTLED);
    assert_true(lb_time_monotonic_ms() - start < 4000);
    /* The budget of 500 pays for at most 100 retries of throttles. */
    assert_true(fixture.server->count >= 2 && fixture.server->count <= 101);
    end(&fixture);
}

static void test_already_so(void **state)
{
    (void)state;
    static const struct reply script[] = {
        {REPLY, 409, NULL, ERROR_BODY("BucketAlreadyOwnedByYou"), 0}};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    struct lb_call *call = make(&fixture, &put_once);
    call->idempotent_on = "BucketAlreadyOwnedByYou";
    assert_int_equal(ask(&fixture, call)->outcome, LB_ANSWERED);
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry_cases),
        cmocka_unit_test(test_redirect_names_the_region),
        cmocka_unit_test(test_max_attempts_one_means_one),
        cmocka_unit_test(test_throttle_storm_ends),
        cmocka_unit_test(test_already_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
