/* test_loop.c: the event loop against a scripted server on loopback: what is sent again and what is
 * not, deadlines, windows, caps, and what must never leave the machine.
 */
#include "base/str.h"
#include "base/time.h"
#include "transport/explain.h"
#include "transport/loop.h"

#include "http_server.h"

#include <setjmp.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define TOKEN "session-token-example-1234567890"

static const struct lb_service s3 = {.id = "s3",
                                     .signing = "s3",
                                     .prefix = "s3",
                                     .endpoint_id = "S3",
                                     .wire = LB_WIRE_REST_XML,
                                     .xmlns = "http://s3.amazonaws.com/doc/2006-03-01/",
                                     .window = 4};
static const struct lb_service cluster = {
    .id = "cluster", .signing = "es", .endpoint_id = "CLUSTER", .wire = LB_WIRE_REST_JSON};

static const struct lb_op get_versioning = {
    .service = &s3, .name = "GetBucketVersioning", .method = "GET", .path = "/{Bucket}?versioning"};
static const struct lb_op put_versioning = {.service = &s3,
                                            .name = "PutBucketVersioning",
                                            .method = "PUT",
                                            .path = "/{Bucket}?versioning",
                                            .mutates = true};
static const struct lb_op put_once = {.service = &s3,
                                      .name = "PutOnce",
                                      .method = "PUT",
                                      .path = "/{Bucket}",
                                      .mutates = true,
                                      .once = true};
static const struct lb_op get_snapshots = {.service = &cluster,
                                           .name = "snapshot.get",
                                           .method = "GET",
                                           .path = "/_snapshot/{Repository}"};

static const struct lb_permit permit = {
    "0123456789012345678901234567890123456789012345678901234567890123"};

#define GOOD_BODY "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
#define GOOD                                                                                       \
    {                                                                                              \
        REPLY, 200, "x-amz-request-id: R1\r\n", GOOD_BODY, 0                                       \
    }
#define ERROR_BODY(code) "<Error><Code>" code "</Code><Message>m</Message></Error>"

/* --- harness ---------------------------------------------------------------------------------- */
struct fixture {
    struct lb_arena *arena;
    struct lb_diags diags;
    struct lb_loop *loop;
    struct lb_exchange exchange;
    struct server *server;
};

static const struct lb_answer *last;
static size_t answers;

static void keep(void *payload, const struct lb_answer *answer)
{
    (void)payload;
    last = answer;
    answers++;
}

static void set_environment(unsigned short port)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    setenv("AWS_ENDPOINT_URL", url, 1);
    setenv("LIFEBOAT_CLUSTER_URL", url, 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
    setenv("AWS_SESSION_TOKEN", TOKEN, 1);
    setenv("AWS_CONFIG_FILE", "/nonexistent/config", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", 1);
    setenv("LIFEBOAT_TIME_SCALE", "1000", 1);
    unsetenv("AWS_MAX_ATTEMPTS");
    unsetenv("AWS_PROFILE");
    unsetenv("LIFEBOAT_LOG");
    unsetenv("LIFEBOAT_LOG_FILE");
}

static void open_loop(struct fixture *fixture)
{
    fixture->arena = lb_arena_new();
    lb_diags_init(&fixture->diags, fixture->arena);
    assert_int_equal(lb_loop_new(fixture->arena, &fixture->diags, &fixture->loop), 0);
    fixture->exchange = lb_loop_exchange(fixture->loop);
    answers = 0;
    last = NULL;
}

static void begin(struct fixture *fixture, const struct reply *script, size_t replies)
{
    *fixture = (struct fixture){.server = server_start(script, replies)};
    set_environment(fixture->server->port);
    open_loop(fixture);
}

static void end(struct fixture *fixture)
{
    lb_arena_free(fixture->arena);
    server_stop(fixture->server);
}

static struct lb_call *make(struct fixture *fixture, const struct lb_op *op)
{
    struct lb_call *call = lb_call_new(fixture->arena, op, "us-west-2");
    bool is_cluster = op->service == &cluster;
    lb_call_param(fixture->arena, call, is_cluster ? "Repository" : "Bucket", "logs");
    call->host = is_cluster ? "search-x.us-west-2.es.amazonaws.com" : NULL;
    call->address = "bucket.logs";
    return call;
}

static void submit(struct fixture *fixture, const struct lb_call *call)
{
    fixture->exchange.submit(fixture->exchange.self, call->op->mutates ? &permit : NULL,
                             fixture->arena, call, keep, NULL);
}

static const struct lb_answer *ask(struct fixture *fixture, const struct lb_call *call)
{
    last = NULL;
    submit(fixture, call);
    fixture->exchange.run(fixture->exchange.self, NULL);
    assert_non_null(last);
    return last;
}

/* --- what is sent ----------------------------------------------------------------------------- */
static void test_plain_read(void **state)
{
    (void)state;
    static const struct reply script[] = {GOOD};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    const struct lb_answer *answer = ask(&fixture, make(&fixture, &get_versioning));
    assert_int_equal(answer->outcome, LB_ANSWERED);
    assert_int_equal(answer->attempts, 1);
    assert_string_equal(answer->request_id, "R1");
    assert_string_equal(lb_text_at(answer->body, "VersioningConfiguration/Status", ""), "Enabled");
    ask(&fixture, make(&fixture, &get_versioning));
    const char *request = server_request(fixture.server, 0);
    char host[64];
    snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%u\r\n", fixture.server->port);
    assert_true(lb_starts_with(request, "GET /logs?versioning HTTP/1.1\r\n"));
    assert_non_null(strstr(request, host));
    assert_non_null(strstr(request, "/us-west-2/s3/aws4_request, SignedHeaders=host;"));
    assert_non_null(strstr(request, "x-amz-security-token: " TOKEN));
    struct lb_loop_counts counts;
    lb_loop_counts(fixture.loop, &counts);
    assert_int_equal(counts.calls, 2);
    assert_int_equal(counts.connections, 1);
    assert_int_equal(fixture.server->connections, 1);
    end(&fixture);
}

static void test_write_has_body_and_no_expect(void **state)
{
    (void)state;
    static const struct reply script[] = {{REPLY, 200, NULL, "", 0}};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    struct lb_call *call = make(&fixture, &put_versioning);
    call->body_root = "VersioningConfiguration";
    struct lb_str long_text = {0};
    lb_str_repeat(&long_text, 'x', 2 << 20);
    lb_map_set_string(fixture.arena, lb_call_body(fixture.arena, call), "Status",
                      lb_str_take(&long_text, fixture.arena));
    assert_int_equal(ask(&fixture, call)->outcome, LB_ANSWERED);
    const char *request = server_request(fixture.server, 0);
    assert_true(lb_starts_with(request, "PUT /logs?versioning HTTP/1.1\r\n"));
    assert_null(strstr(request, "Expect:"));
    assert_non_null(strstr(request, "\r\ncontent-type: application/xml\r\n"));
    assert_non_null(strstr(request, "\r\nx-amz-checksum-sha256: "));
    assert_non_null(strstr(request, "</VersioningConfiguration>"));
    end(&fixture);
}

static void test_cluster_url_keeps_the_host(void **state)
{
    (void)state;
    static const struct reply script[] = {{REPLY, 200, NULL, "{\"logs\":{\"type\":\"s3\"}}", 0}};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    const struct lb_answer *answer = ask(&fixture, make(&fixture, &get_snapshots));
    assert_int_equal(answer->outcome, LB_ANSWERED);
    assert_string_equal(lb_text_at(answer->body, "logs/type", ""), "s3");
    const char *request = server_request(fixture.server, 0);
    assert_non_null(strstr(request, "\r\nHost: search-x.us-west-2.es.amazonaws.com\r\n"));
    assert_non_null(strstr(request, "/us-west-2/es/aws4_request"));
    end(&fixture);
}

static void test_basic_auth(void **state)
{
    (void)state;
    static const struct reply script[] = {
        {REPLY, 401, NULL, "{\"message\":\"no: hunter2hunter2 aHVudGVyMmh1bnRlcjI=\"}", 0}};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    struct lb_call *call = make(&fixture, &get_snapshots);
    call->auth = LB_AUTH_BASIC;
    call->user = "admin";
    call->secret = "env:LB_TEST_SECRET";
    unsetenv("LB_TEST_SECRET");
    const struct lb_answer *answer = ask(&fixture, call);
    assert_int_equal(answer->outcome, LB_DENIED);
    assert_string_equal(answer->error_code, "NoSecret");
    assert_int_equal(fixture.server->count, 0);
    setenv("LB_TEST_SECRET", "hunter2hunter2", 1);
    answer = ask(&fixture, call);
    assert_int_equal(answer->outcome, LB_DENIED);
    assert_string_equal(answer->error_message, "no: [redacted] [redacted]");
    assert_non_null(strstr(server_request(fixture.server, 0),
                           "authorization: Basic YWRtaW46aHVudGVyMmh1bnRlcjI=\r\n"));
    assert_null(strstr(server_request(fixture.server, 0), "x-amz-date"));
    end(&fixture);
}

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

/* --- time ------------------------------------------------------------------------------------- */
static void test_deadline(void **state)
{
    (void)state;
    static const struct reply script[] = {{SILENT, 0, NULL, NULL, 0}};
    static const struct {
        const struct lb_op *op;
        int attempts;
    } rows[] = {{&get_versioning, 2}, {&put_versioning, 1}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fixture fixture;
        begin(&fixture, script, COUNT(script));
        struct lb_call *call = make(&fixture, rows[i].op);
        call->deadline_ms = 400;
        const struct lb_answer *answer = ask(&fixture, call);
        assert_int_equal(answer->outcome, LB_FAILED);
        assert_string_equal(answer->error_code, "Timeout");
        assert_int_equal(answer->attempts, rows[i].attempts);
        assert_in_range(answer->elapsed_ms, 380, 1500);
        end(&fixture);
    }
}

static void test_refused_connection(void **state)
{
    (void)state;
    static const struct reply script[] = {GOOD};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    lb_arena_free(fixture.arena);
    server_stop(fixture.server);
    open_loop(&fixture);
    const struct lb_op *const ops[] = {&get_versioning, &put_once};
    for (size_t i = 0; i < COUNT(ops); i++) {
        const struct lb_answer *answer = ask(&fixture, make(&fixture, ops[i]));
        assert_int_equal(answer->outcome, LB_UNREACHABLE);
        assert_int_equal(answer->attempts, 3); /* nothing was sent: a `once` call is tried again */
    }
    lb_arena_free(fixture.arena);
}

static void test_skew_is_corrected_once(void **state)
{
    (void)state;
    static const struct reply script[] = {
        {REPLY, 403, "Date: Mon, 05 Jan 2099 10:00:00 GMT\r\n", ERROR_BODY("RequestTimeTooSkewed"),
         0},
        GOOD,
        GOOD,
        {REPLY, 403, "Date: Mon, 05 Jan 2099 10:00:00 GMT\r\n", ERROR_BODY("RequestTimeTooSkewed"),
         0},
    };
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    assert_int_equal(ask(&fixture, make(&fixture, &get_versioning))->attempts, 2);
    assert_int_equal(ask(&fixture, make(&fixture, &get_versioning))->attempts, 1);
    assert_null(strstr(server_request(fixture.server, 0), "x-amz-date: 20990105T100"));
    assert_non_null(strstr(server_request(fixture.server, 1), "x-amz-date: 20990105T100"));
    assert_non_null(strstr(server_request(fixture.server, 2), "x-amz-date: 20990105T100"));
    const struct lb_answer *answer = ask(&fixture, make(&fixture, &get_versioning));
    assert_int_equal(answer->outcome, LB_DENIED);
    assert_int_equal(answer->attempts, 1);
    end(&fixture);
}

static int timer_calls;

static void on_timer(void *payload)
{
    (void)payload;
    timer_calls++;
}

static void test_time_scale(void **state)
{
    (void)state;
    static const struct reply script[] = {GOOD};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    struct lb_exchange *exchange = &fixture.exchange;
    timer_calls = 0;
    int64_t start = lb_time_monotonic_ms(), scaled = exchange->now_ms(exchange->self);
    exchange->after(exchange->self, 100000, on_timer, NULL);
    exchange->after(exchange->self, 0, on_timer, NULL);
    exchange->run(exchange->self, NULL);
    assert_int_equal(timer_calls, 2);
    assert_in_range(lb_time_monotonic_ms() - start, 99, 1500);
    assert_true(exchange->now_ms(exchange->self) - scaled >= 99000);
    end(&fixture);
}

/* --- window, stop, cancel ----------------------------------------------------------------------
 */
static void test_window(void **state)
{
    (void)state;
    static const struct reply script[] = {{REPLY, 200, NULL, GOOD_BODY, 15}};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    for (size_t i = 0; i < 40; i++)
        submit(&fixture, make(&fixture, &get_versioning));
    assert_int_equal(answers, 0);
    fixture.exchange.run(fixture.exchange.self, NULL);
    assert_int_equal(answers, 40);
    assert_int_equal(fixture.server->most_active, 4);
    assert_true(fixture.server->connections <= 4);
    end(&fixture);
}

static volatile int stop;

static void stop_after_first(void *payload, const struct lb_answer *answer)
{
    keep(payload, answer);
    stop = 1;
}

static void test_stop_and_cancel(void **state)
{
    (void)state;
    static const struct reply script[] = {{REPLY, 200, NULL, GOOD_BODY, 10}};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    struct lb_exchange *exchange = &fixture.exchange;
    for (size_t i = 0; i < 20; i++)
        exchange->submit(exchange->self, NULL, fixture.arena, make(&fixture, &get_versioning),
                         stop_after_first, NULL);
    exchange->after(exchange->self, 1000000000, on_timer, NULL);
    stop = 0;
    exchange->run(exchange->self, &stop);
    size_t served = fixture.server->count;
    assert_true(answers == served && served >= 1 && served <= 8);
    exchange->cancel(exchange->self);
    assert_int_equal(answers, served);
    exchange->run(exchange->self, &stop);
    assert_int_equal(answers, 20);
    assert_int_equal(last->outcome, LB_CANCELLED);
    assert_int_equal(fixture.server->count, served);
    end(&fixture);
}

/* --- credentials and permits ------------------------------------------------------------------ */
static void test_missing_credentials(void **state)
{
    (void)state;
    static const struct reply script[] = {GOOD};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    struct lb_call *call = make(&fixture, &get_versioning);
    const struct lb_answer *answer = ask(&fixture, call);
    struct lb_diag diag;
    lb_answer_diag(fixture.arena, call, answer, &diag);
    assert_int_equal(answer->outcome, LB_DENIED);
    assert_string_equal(answer->error_code, "NoCredentials");
    assert_string_equal(diag.code, "LB-A001");
    assert_non_null(strstr(answer->error_message, "environment: AWS_ACCESS_KEY_ID is not set"));
    assert_non_null(strstr(answer->error_message, "/nonexistent/credentials does not exist"));
    assert_non_null(strstr(answer->error_message, "/nonexistent/config does not exist"));
    assert_int_equal(fixture.server->count, 0);
    end(&fixture);
}

static void test_expired_token(void **state)
{
    (void)state;
    static const struct reply script[] = {GOOD,
                                          {REPLY, 400, NULL, ERROR_BODY("ExpiredToken"), 0},
                                          GOOD,
                                          {REPLY, 400, NULL, ERROR_BODY("ExpiredToken"), 0}};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    ask(&fixture, make(&fixture, &get_versioning));
    setenv("AWS_SESSION_TOKEN", "renewed-token", 1);
    const struct lb_answer *answer = ask(&fixture, make(&fixture, &get_versioning));
    assert_int_equal(answer->outcome, LB_ANSWERED);
    assert_int_equal(answer->attempts, 2);
    assert_non_null(
        strstr(server_request(fixture.server, 2), "x-amz-security-token: renewed-token"));
    /* The same credentials again are no reason to try again. */
    answer = ask(&fixture, make(&fixture, &get_versioning));
    assert_int_equal(answer->outcome, LB_DENIED);
    assert_int_equal(answer->attempts, 1);
    end(&fixture);
}

static int status_of_write_with(const struct lb_permit *given)
{
    static const struct reply script[] = {{REPLY, 200, NULL, "", 0}};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(70);
        fixture.exchange.submit(fixture.exchange.self, given, fixture.arena,
                                make(&fixture, &put_versioning), keep, NULL);
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    assert_int_equal(fixture.server->count, 0);
    end(&fixture);
    return WEXITSTATUS(status);
}

static void test_write_without_permit_ends_the_program(void **state)
{
    (void)state;
    const struct lb_permit empty = {NULL}, short_id = {"abc"};
    assert_int_equal(status_of_write_with(NULL), 1);
    assert_int_equal(status_of_write_with(&empty), 1);
    assert_int_equal(status_of_write_with(&short_id), 1);
    assert_int_equal(status_of_write_with(&permit), 0);
}

static void test_plain_http_is_refused(void **state)
{
    (void)state;
    static const struct reply script[] = {GOOD};
    static const char *const urls[] = {"http://192.0.2.1", "http://127.1",
                                       "http://localhost.evil.example",
                                       "http://127.0.0.1.evil.example:80"};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    for (size_t i = 0; i < COUNT(urls); i++) {
        setenv("AWS_ENDPOINT_URL", urls[i], 1);
        const struct lb_answer *answer = ask(&fixture, make(&fixture, &get_versioning));
        assert_int_equal(answer->outcome, LB_REFUSED);
        assert_string_equal(answer->error_code, "LB-A005");
        assert_int_equal(answer->attempts, 0);
    }
    end(&fixture);
}

static void test_header_injection_is_refused(void **state)
{
    (void)state;
    static const struct reply script[] = {GOOD};
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    struct lb_call *call = make(&fixture, &get_versioning);
    lb_call_header(fixture.arena, call, "x-amz-expected-bucket-owner", "1\r\nx-evil: 1");
    assert_string_equal(ask(&fixture, call)->error_code, "LB-A025");
    assert_int_equal(fixture.server->count, 0);
    end(&fixture);
}

/* --- log -------------------------------------------------------------------------------------- */
static void test_log_is_complete_and_redacted(void **state)
{
    (void)state;
    static const struct reply script[] = {
        {REPLY, 400,
         "x-amz-request-id: R9\r\nSet-Cookie: canary-cookie\r\nX-Echo: " TOKEN " \x1b[31m\r\n",
         "<Error><Code>Bad</Code><Message>you said " SECRET "</Message></Error>", 0}};
    char path[] = "/tmp/lifeboat-log-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct fixture fixture;
    begin(&fixture, script, COUNT(script));
    lb_arena_free(fixture.arena);
    setenv("LIFEBOAT_LOG", "trace", 1);
    setenv("LIFEBOAT_LOG_FILE", path, 1);
    open_loop(&fixture);
    ask(&fixture, make(&fixture, &get_versioning));
    end(&fixture);
    char text[16384];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    unlink(path);
    assert_non_null(strstr(text, "s3:GetBucketVersioning us-west-2 bucket.logs attempt=1 "
                                 "status=400 ms="));
    assert_non_null(strstr(text, "id=R9 outcome=refused new-connection error=Bad"));
    assert_non_null(strstr(text, "> authorization: [redacted]"));
    assert_non_null(strstr(text, "< x-echo: [redacted] \\x1b[31m"));
    assert_null(strstr(text, SECRET));
    assert_null(strstr(text, TOKEN));
    assert_null(strstr(text, "canary-cookie"));
    assert_null(strstr(text, "Signature="));
    assert_null(strchr(text, '\x1b'));
    unsetenv("LIFEBOAT_LOG");
    unsetenv("LIFEBOAT_LOG_FILE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_read),
        cmocka_unit_test(test_write_has_body_and_no_expect),
        cmocka_unit_test(test_cluster_url_keeps_the_host),
        cmocka_unit_test(test_basic_auth),
        cmocka_unit_test(test_retry_cases),
        cmocka_unit_test(test_redirect_names_the_region),
        cmocka_unit_test(test_max_attempts_one_means_one),
        cmocka_unit_test(test_throttle_storm_ends),
        cmocka_unit_test(test_already_so),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_refused_connection),
        cmocka_unit_test(test_skew_is_corrected_once),
        cmocka_unit_test(test_time_scale),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_stop_and_cancel),
        cmocka_unit_test(test_missing_credentials),
        cmocka_unit_test(test_expired_token),
        cmocka_unit_test(test_write_without_permit_ends_the_program),
        cmocka_unit_test(test_plain_http_is_refused),
        cmocka_unit_test(test_header_injection_is_refused),
        cmocka_unit_test(test_log_is_complete_and_redacted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
