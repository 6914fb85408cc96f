/* Credentials that end while the loop runs: others that their source holds by then are used once
 * STS said that they are of the same account; without them nothing that changes anything is sent.
 */
#include "tests/unit/loop_fixture.h"

#include "base/exit.h"
#include "transport/identity.h"

#define IDENTITY(account)                                                                          \
    {                                                                                              \
        REPLY, 200, NULL,                                                                          \
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::" account       \
            ":user/u</Arn><Account>" account                                                       \
            "</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",                    \
            0                                                                                      \
    }
#define GONE(status, code)                                                                         \
    {                                                                                              \
        REPLY, status, NULL, ERROR_BODY(code), 0                                                   \
    }

static void ask_who(struct fixture *fixture)
{
    const struct lb_call *call = lb_call_new(fixture->arena, &lb_op_caller_identity, "us-west-2");
    assert_int_equal(ask(fixture, call)->outcome, LB_ANSWERED);
}

static bool sent_with(struct fixture *fixture, size_t request, const char *token)
{
    return strstr(server_request(fixture->server, request), token) != NULL;
}

static const struct lb_diag *barred(struct fixture *fixture)
{
    return fixture->exchange.barred(fixture->exchange.self);
}

static void test_renewed(void **state)
{
    (void)state;
    static const struct reply script[] = {IDENTITY("111122223333"),
                                          GONE(400, "ExpiredToken"),
                                          IDENTITY("111122223333"),
                                          GOOD,
                                          GOOD,
                                          GONE(403, "InvalidAccessKeyId"),
                                          IDENTITY("111122223333"),
                                          GOOD};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    ask_who(&fixture);
    setenv("AWS_SESSION_TOKEN", "renewed-token", 1);
    const struct lb_answer *answer = ask(&fixture, make(&fixture, &put_once));
    assert_int_equal(answer->outcome, LB_ANSWERED); /* a refused call was not carried out */
    assert_int_equal(answer->attempts, 2);
    assert_true(sent_with(&fixture, 2, "GetCallerIdentity"));
    assert_true(sent_with(&fixture, 2, "renewed-token"));
    assert_true(sent_with(&fixture, 3, "x-amz-security-token: renewed-token"));
    assert_int_equal(ask(&fixture, make(&fixture, &put_versioning))->attempts, 1);
    /* a run of days outlives several sessions */
    setenv("AWS_SESSION_TOKEN", "third-token", 1);
    assert_int_equal(ask(&fixture, make(&fixture, &get_versioning))->outcome, LB_ANSWERED);
    assert_true(sent_with(&fixture, 7, "third-token"));
    assert_null(barred(&fixture));
    end(&fixture);
}

/* What is not renewed, and why: from then on changes are not sent, nor anything to that place. */
static void test_barred(void **state)
{
    (void)state;
    static const struct {
        const char *why, *token;
        struct reply script[4];
        size_t requests;
        const char *code;
    } rows[] = {
        {"the same again", TOKEN, {IDENTITY("1"), GONE(400, "ExpiredToken"), GOOD}, 2, "LB-A011"},
        {"a key that was revoked",
         TOKEN,
         {IDENTITY("1"), GONE(403, "InvalidAccessKeyId"), GOOD},
         2,
         "LB-A026"},
        {"no clock to be corrected by",
         TOKEN,
         {IDENTITY("1"), GONE(403, "RequestTimeTooSkewed"), GOOD},
         2,
         "LB-A012"},
        {"others of another account",
         "renewed",
         {IDENTITY("1"), GONE(400, "ExpiredToken"), IDENTITY("2"), GOOD},
         3,
         "LB-A032"},
        {"others that are refused too",
         "renewed",
         {IDENTITY("1"), GONE(400, "ExpiredToken"), GONE(403, "InvalidClientTokenId"), GOOD},
         3,
         "LB-A011"},
        {"nobody knows whose the first were",
         "renewed",
         {GONE(400, "ExpiredToken"), GOOD},
         1,
         "LB-A011"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fixture fixture;
        size_t replies = 4;
        while (!rows[i].script[replies - 1].status)
            replies--;
        begin(&fixture, rows[i].script, replies);
        setenv("AWS_SESSION_TOKEN", TOKEN, 1);
        if (rows[i].script[0].status == 200)
            ask_who(&fixture);
        setenv("AWS_SESSION_TOKEN", rows[i].token, 1);
        const struct lb_answer *answer = ask(&fixture, make(&fixture, &get_versioning));
        assert_int_equal(answer->outcome, LB_EXPIRED);
        assert_int_equal(fixture.server->count, rows[i].requests);
        assert_non_null(barred(&fixture));
        assert_string_equal(barred(&fixture)->code, rows[i].code);
        assert_int_equal(barred(&fixture)->exit, LB_EXIT_CREDENTIALS);
        assert_string_equal(barred(&fixture)->address, "bucket.logs");
        assert_string_equal(barred(&fixture)->operation, "GetBucketVersioning");
        assert_int_equal(ask(&fixture, make(&fixture, &put_versioning))->outcome, LB_EXPIRED);
        assert_int_equal(ask(&fixture, make(&fixture, &get_versioning))->outcome, LB_EXPIRED);
        struct lb_call *elsewhere = make(&fixture, &put_versioning);
        elsewhere->region = "us-east-1";
        assert_int_equal(ask(&fixture, elsewhere)->outcome, LB_EXPIRED);
        assert_int_equal(fixture.server->count, rows[i].requests);
        /* Not signed, or a place that did not refuse them: reads go on. */
        struct lb_call *basic = make(&fixture, &get_versioning);
        basic->auth = LB_AUTH_NONE;
        assert_int_equal(ask(&fixture, basic)->outcome, LB_ANSWERED);
        struct lb_call *read = make(&fixture, &get_versioning);
        read->region = "us-east-1";
        assert_int_equal(ask(&fixture, read)->outcome, LB_ANSWERED);
        assert_int_equal(fixture.server->count, rows[i].requests + 2);
        end(&fixture);
    }
}

static void test_clock_that_jumps(void **state)
{
    (void)state;
#define SKEWED(date)                                                                               \
    {                                                                                              \
        REPLY, 403, "Date: " date "\r\n", ERROR_BODY("RequestTimeTooSkewed"), 0                    \
    }
    static const struct reply script[] = {SKEWED("Mon, 05 Jan 2099 10:00:00 GMT"),
                                          GOOD,
                                          GOOD,
                                          SKEWED("Mon, 05 Jan 2099 10:20:00 GMT"),
                                          GOOD,
                                          SKEWED("Mon, 05 Jan 2099 09:40:00 GMT"),
                                          GOOD,
                                          SKEWED("Mon, 05 Jan 2099 11:00:00 GMT"),
                                          SKEWED("Mon, 05 Jan 2099 12:00:00 GMT"),
                                          SKEWED("Mon, 05 Jan 2099 13:00:00 GMT"),
                                          SKEWED("Mon, 05 Jan 2099 14:00:00 GMT"),
                                          GOOD};
    static const struct {
        int attempts;
        const char *signed_at;
    } rows[] = {{2, "x-amz-date: 20990105T100"},
                {1, "x-amz-date: 20990105T100"},
                {2, "x-amz-date: 20990105T1020"},
                {2, "x-amz-date: 20990105T0940"}};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct lb_answer *answer = ask(&fixture, make(&fixture, &put_once));
        assert_int_equal(answer->outcome, LB_ANSWERED);
        assert_int_equal(answer->attempts, rows[i].attempts);
        assert_true(sent_with(&fixture, fixture.server->count - 1, rows[i].signed_at));
    }
    /* a service whose time runs wild ends it */
    const struct lb_answer *answer = ask(&fixture, make(&fixture, &put_versioning));
    assert_int_equal(answer->outcome, LB_EXPIRED);
    assert_int_equal(answer->attempts, 4);
    assert_string_equal(barred(&fixture)->code, "LB-A012");
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_renewed),
                                       cmocka_unit_test(test_barred),
                                       cmocka_unit_test(test_clock_that_jumps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
