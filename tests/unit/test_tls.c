/* test_tls.c: what the loop trusts: certificate, host name, TLS version; judged against `openssl
 * s_server`. Skipped where there is no openssl program.
 */
#include "base/str.h"
#include "transport/loop.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define DOMAIN "search-x.us-west-2.es.amazonaws.com"

static const struct lb_service s3 = {
    .id = "s3", .signing = "s3", .prefix = "s3", .endpoint_id = "S3", .wire = LB_WIRE_REST_XML};
static const struct lb_service cluster = {
    .id = "cluster", .signing = "es", .endpoint_id = "C", .wire = LB_WIRE_REST_JSON};
static const struct lb_op get = {
    .service = &s3, .name = "Get", .method = "GET", .path = "/", .raw_answer = true};
static const struct lb_op get_cluster = {
    .service = &cluster, .name = "info", .method = "GET", .path = "/", .raw_answer = true};

static char directory[64];
static bool have_openssl;

static int run(const char *const arguments[], pid_t *background)
{
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR);
        for (int fd = 0; fd < 3; fd++)
            dup2(null, fd);
        execvp(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    if (background) {
        *background = child;
        return 0;
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *path_of(char *out, const char *name, const char *suffix)
{
    snprintf(out, 160, "%s/%s.%s", directory, name, suffix);
    return out;
}

static int make_certificate(const char *name, const char *subject_names)
{
    char key[160], certificate[160], san[160];
    snprintf(san, sizeof san, "subjectAltName=%s", subject_names);
    const char *const arguments[] = {"openssl",  "req",
                                     "-x509",    "-newkey",
                                     "rsa:2048", "-nodes",
                                     "-days",    "2",
                                     "-subj",    "/CN=test",
                                     "-addext",  san,
                                     "-keyout",  path_of(key, name, "key"),
                                     "-out",     path_of(certificate, name, "crt"),
                                     NULL};
    return run(arguments, NULL);
}

static unsigned short free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    getsockname(fd, (struct sockaddr *)&address, &length);
    close(fd);
    return ntohs(address.sin_port);
}

static void wait_for(unsigned short port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 200; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        int status = connect(fd, (struct sockaddr *)&address, sizeof address);
        close(fd);
        if (status == 0)
            return;
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    }
    fail_msg("openssl s_server did not start");
}

struct tls_case {
    const char *name, *certificate, *bundle; /* bundle NULL: the system's */
    const char *version;                     /* option of s_server */
    bool cluster;
    enum lb_outcome outcome;
    const char *error_code;
};

static const struct tls_case cases[] = {
    {"trusted", "local", "local", "-tls1_2", false, LB_ANSWERED, NULL},
    {"trusted, newest", "local", "local", "-tls1_3", false, LB_ANSWERED, NULL},
    {"not trusted", "local", NULL, "-tls1_3", false, LB_UNREACHABLE, "TlsError"},
    {"other authority", "local", "other", "-tls1_3", false, LB_UNREACHABLE, "TlsError"},
    {"other host name", "other", "other", "-tls1_3", false, LB_UNREACHABLE, "TlsError"},
    {"too old", "local", "local", "-tls1_1", false, LB_UNREACHABLE, "Unreachable"},
    {"no such bundle", "local", "absent", "-tls1_3", false, LB_UNREACHABLE, "TlsError"},
    {"tunnel: the domain's name counts", "domain", "domain", "-tls1_3", true, LB_ANSWERED, NULL},
    {"tunnel: not the tunnel's", "local", "local", "-tls1_3", true, LB_UNREACHABLE, "TlsError"},
};

static const struct lb_answer *last;

static void keep(void *payload, const struct lb_answer *answer)
{
    (void)payload;
    last = answer;
}

static void check(const struct tls_case *row)
{
    char key[160], certificate[160], bundle[160], port_text[8], url[64];
    unsigned short port = free_port();
    pid_t server;
    snprintf(port_text, sizeof port_text, "%u", port);
    const char *const arguments[] = {"openssl",
                                     "s_server",
                                     "-accept",
                                     port_text,
                                     "-www",
                                     "-quiet",
                                     "-cipher",
                                     "DEFAULT@SECLEVEL=0",
                                     row->version,
                                     "-key",
                                     path_of(key, row->certificate, "key"),
                                     "-cert",
                                     path_of(certificate, row->certificate, "crt"),
                                     NULL};
    run(arguments, &server);
    wait_for(port);
    snprintf(url, sizeof url, "https://127.0.0.1:%u", port);
    setenv("AWS_ENDPOINT_URL", url, 1);
    setenv("LIFEBOAT_CLUSTER_URL", url, 1);
    unsetenv("AWS_CA_BUNDLE");
    if (row->bundle)
        setenv("AWS_CA_BUNDLE", path_of(bundle, row->bundle, "crt"), 1);
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    struct lb_loop *loop;
    lb_diags_init(&diags, arena);
    assert_int_equal(lb_loop_new(arena, &diags, &loop), 0);
    struct lb_exchange exchange = lb_loop_exchange(loop);
    struct lb_call *call = lb_call_new(arena, row->cluster ? &get_cluster : &get, "us-west-2");
    call->host = row->cluster ? DOMAIN : NULL;
    last = NULL;
    exchange.submit(exchange.self, NULL, arena, call, keep, NULL);
    exchange.run(exchange.self, NULL);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    if (last->outcome != row->outcome || !lb_streq(last->error_code, row->error_code))
        fail_msg("%s: outcome %d %s %s", row->name, last->outcome,
                 last->error_code ? last->error_code : "-",
                 last->error_message ? last->error_message : "-");
    lb_arena_free(arena);
}

static void test_trust(void **state)
{
    (void)state;
    if (!have_openssl)
        skip();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i]);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/lifeboat-tls-XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret-example", 1);
    setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
    setenv("LIFEBOAT_TIME_SCALE", "1000", 1);
    unsetenv("AWS_PROFILE");
    have_openssl = make_certificate("local", "IP:127.0.0.1") == 0 &&
                   make_certificate("other", "DNS:other.example") == 0 &&
                   make_certificate("domain", "DNS:" DOMAIN) == 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"local", "other", "domain"};
    char path[160];
    for (size_t i = 0; i < 3; i++) {
        unlink(path_of(path, names[i], "key"));
        unlink(path_of(path, names[i], "crt"));
    }
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_trust)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
