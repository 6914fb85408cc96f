/* loop_fixture.h: a loop with a scripted server behind it, and the calls that its tests send. */
#ifndef LB_TESTS_LOOP_FIXTURE_H
#define LB_TESTS_LOOP_FIXTURE_H

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

static inline void keep(void *payload, const struct lb_answer *answer)
{
    (void)payload;
    last = answer;
    answers++;
}

static inline void set_environment(unsigned short port)
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

static inline void open_loop(struct fixture *fixture)
{
    fixture->arena = lb_arena_new();
    lb_diags_init(&fixture->diags, fixture->arena);
    assert_int_equal(lb_loop_new(fixture->arena, &fixture->diags, &fixture->loop), 0);
    fixture->exchange = lb_loop_exchange(fixture->loop);
    answers = 0;
    last = NULL;
}

static inline void begin(struct fixture *fixture, const struct reply *script, size_t replies)
{
    *fixture = (struct fixture){.server = server_start(script, replies)};
    set_environment(fixture->server->port);
    open_loop(fixture);
}

static inline void end(struct fixture *fixture)
{
    lb_arena_free(fixture->arena);
    server_stop(fixture->server);
}

static inline struct lb_call *make(struct fixture *fixture, const struct lb_op *op)
{
    struct lb_call *call = lb_call_new(fixture->arena, op, "us-west-2");
    bool is_cluster = op->service == &cluster;
    lb_call_param(fixture->arena, call, is_cluster ? "Repository" : "Bucket", "logs");
    call->host = is_cluster ? "search-x.us-west-2.es.amazonaws.com" : NULL;
    call->address = "bucket.logs";
    return call;
}

static inline void submit(struct fixture *fixture, const struct lb_call *call)
{
    fixture->exchange.submit(fixture->exchange.self, call->op->mutates ? &permit : NULL,
                             fixture->arena, call, keep, NULL);
}

static inline const struct lb_answer *ask(struct fixture *fixture, const struct lb_call *call)
{
    last = NULL;
    submit(fixture, call);
    fixture->exchange.run(fixture->exchange.self, NULL);
    assert_non_null(last);
    return last;
}

#endif
