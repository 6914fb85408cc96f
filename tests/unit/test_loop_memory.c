/* test_loop_memory.c: a request for which libcurl has no memory is sent as it was signed, or not at
 * all. libcurl takes an allocator, so each of its allocations for one call can be refused in turn.
 */
#include "check.h"
#include "loop_fixture.h"

#include <curl/curl.h>

static size_t until_refused; /* 0: none is refused */

static bool refuses(void)
{
    return until_refused && --until_refused == 0;
}

static void *take(size_t size)
{
    return refuses() ? NULL : malloc(size);
}

static void *retake(void *memory, size_t size)
{
    return refuses() ? NULL : realloc(memory, size);
}

static char *copy(const char *text)
{
    return refuses() ? NULL : strdup(text);
}

static void *take_zeroed(size_t count, size_t size)
{
    return refuses() ? NULL : calloc(count, size);
}

/* Ends the process: 0 when nothing was left to refuse. */
static void send_one(const struct lb_op *op, size_t nth)
{
    struct fixture fixture = {0};
    until_refused = nth;
    if (!freopen("/dev/null", "w", stderr) ||
        curl_global_init_mem(CURL_GLOBAL_DEFAULT, take, free, retake, copy, take_zeroed) != 0)
        _exit(3);
    fixture.arena = lb_arena_new();
    lb_diags_init(&fixture.diags, fixture.arena);
    if (lb_loop_new(fixture.arena, &fixture.diags, &fixture.loop) != 0)
        _exit(3);
    fixture.exchange = lb_loop_exchange(fixture.loop);
    submit(&fixture, make(&fixture, op));
    fixture.exchange.run(fixture.exchange.self, NULL);
    bool all = until_refused > 0 && answers && last->outcome == LB_ANSWERED;
    lb_arena_free(fixture.arena);
    _exit(all ? 0 : 1);
}

static bool is_whole(const char *request, const char *line)
{
    static const char *const headers[] = {
        "\r\nauthorization: AWS4", "\r\nhost:", "\r\nx-amz-date:", "\r\nx-amz-security-token:"};
    bool whole = strncmp(request, line, strlen(line)) == 0;
    for (size_t i = 0; i < COUNT(headers); i++)
        whole = whole && server_find(request, headers[i]);
    return whole;
}

/* False: every allocation was granted. */
static bool one_refused(const struct lb_op *op, const char *line, size_t nth)
{
    static const struct reply script[] = {GOOD};
    int status = -1, ends[2];
    unsigned short port = 0;
    fflush(NULL);
    assert_int_equal(pipe(ends), 0);
    /* before the server's thread is there: the child could wait for a lock that it holds for ever
     */
    pid_t child = fork();
    if (child == 0) {
        close(ends[1]); /* if the parent fails before it writes, the read ends */
        if (read(ends[0], &port, sizeof port) != sizeof port)
            _exit(3);
        set_environment(port);
        send_one(op, nth);
    }
    struct server *server = server_start(script, COUNT(script));
    port = server->port;
    assert_true(write(ends[1], &port, sizeof port) == sizeof port);
    close(ends[0]);
    close(ends[1]);
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    if (!WIFEXITED(status))
        fail_msg("allocation %zu: signal %d", nth, WTERMSIG(status));
    for (size_t i = 0; i < server->count; i++)
        if (!is_whole(server_request(server, i), line))
            fail_msg("allocation %zu: %s", nth, server_request(server, i));
    server_stop(server);
    return WEXITSTATUS(status) != 0;
}

static void test_sent_as_signed_or_not_at_all(void **state)
{
    static const struct {
        const struct lb_op *op;
        const char *line;
    } rows[] = {{&get_versioning, "GET /logs?versioning HTTP/1.1\r\n"},
                {&put_versioning, "PUT /logs?versioning HTTP/1.1\r\n"}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t nth = 1;
        while (one_refused(rows[i].op, rows[i].line, nth))
            nth++;
        print_message("%zu allocations\n", nth - 1);
        assert_true(nth > 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sent_as_signed_or_not_at_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
