/* test_loop.c: the event loop against a scripted server on loopback: what is sent,
 * deadlines, windows, stop and cancel, and what must never leave the machine.
 */
#include "loop_fixture.h"

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
    /* The same time again is no reason to sign again. */
    const struct lb_answer *answer = ask(&fixture, make(&fixture, &get_versioning));
    assert_int_equal(answer->outcome, LB_EXPIRED);
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

static int status_of_write_with(const struct lb_permit *given)
{
    static const struct reply script[] = {{REPLY, 200, NULL, "", 0}};
    /* all threads are the child's own: it could wait for ever for a lock that one of ours holds */
    pid_t child = fork();
    if (child == 0) {
        struct fixture fixture;
        if (!freopen("/dev/null", "w", stderr))
            _exit(70);
        begin(&fixture, script, COUNT(script));
        fixture.exchange.submit(fixture.exchange.self, given, fixture.arena,
                                make(&fixture, &put_versioning), keep, NULL);
        _exit(fixture.server->count ? 71 : 0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
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
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_refused_connection),
        cmocka_unit_test(test_skew_is_corrected_once),
        cmocka_unit_test(test_time_scale),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_stop_and_cancel),
        cmocka_unit_test(test_missing_credentials),
        cmocka_unit_test(test_write_without_permit_ends_the_program),
        cmocka_unit_test(test_plain_http_is_refused),
        cmocka_unit_test(test_header_injection_is_refused),
        cmocka_unit_test(test_log_is_complete_and_redacted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
