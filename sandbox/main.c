/* main.c: options, the environment of a COMMAND, signals. `lifeboat-sandbox -- COMMAND` is how a
 * story runs without an account: the command sees a free port, a test key pair and nothing of the
 * user's.
 */
#include "sandbox/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ; /* POSIX leaves its declaration to the program */

#define EXIT_USAGE 64
#define TICK_MS 500 /* wall time between two ticks while no request comes */

static const char usage[] =
    "usage: lifeboat-sandbox [--listen 127.0.0.1:PORT] [--account ID] [--state DIR] [--speed N]\n"
    "                        [--cluster NAME@REGION=URL]... [--log FILE] [-- COMMAND ARG...]\n"
    "\n"
    "An embedded AWS (S3, IAM, STS, OpenSearch Service, Route 53, CloudWatch) and its clusters on\n"
    "loopback, with virtual time and faults. With COMMAND it runs that command against itself and\n"
    "ends with its exit status; without, it prints export lines, `ready`, and serves until "
    "SIGTERM.\n"
    "\n"
    "  --listen ADDRESS:PORT     where to listen (default: a free port of 127.0.0.1)\n"
    "  --account ID              account number (default 111122223333)\n"
    "  --state DIR               keep the state in DIR between runs\n"
    "  --speed N                 run the clock N times as fast as the wall clock\n"
    "  --cluster NAME@REGION=URL forward that domain's cluster calls to a real node\n"
    "  --log FILE                write every call as a JSON line\n";

struct options {
    const char *listen, *log;
    char **command; /* NULL: serve */
};

static int signal_pipe[2];
static bool forward_interrupts; /* there is no command that a terminal interrupts too */

/* A terminal sends its interrupt to the whole group: the command has it already. */
static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    if (number != SIGINT || forward_interrupts || (info && info->si_code == SI_USER)) {
        ssize_t written = write(signal_pipe[1], &byte, 1);
        (void)written;
    }
    errno = saved;
}

static void watch_signals(void)
{
    static const int numbers[] = {SIGTERM, SIGHUP, SIGINT, SIGCHLD, SIGUSR1, SIGUSR2};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_RESTART | SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    if (pipe(signal_pipe) < 0) {
        perror("lifeboat-sandbox: pipe");
        exit(1);
    }
    for (int i = 0; i < 2; i++) {
        fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
        fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaction(numbers[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
}

/* The next signal's number, or 0 after TICK_MS; keeps the clock going meanwhile. */
static int next_signal(struct sandbox *sandbox)
{
    struct pollfd waiting = {.fd = signal_pipe[0], .events = POLLIN};
    unsigned char byte = 0;
    if (poll(&waiting, 1, TICK_MS) > 0 && read(signal_pipe[0], &byte, 1) == 1) {
        return byte;
    }
    pthread_mutex_lock(&sandbox->private->lock);
    sb_clock_catch_up(sandbox);
    sb_save(sandbox, false);
    sb_compact(sandbox);
    pthread_mutex_unlock(&sandbox->private->lock);
    return 0;
}

static void each_variable(const struct sandbox *sandbox, unsigned port,
                          void (*put)(const char *name, const char *value))
{
    char url[64], scale[32];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    snprintf(scale, sizeof scale, "%g", sandbox->speed);
    put("AWS_ENDPOINT_URL", url);
    put("AWS_ACCESS_KEY_ID", SB_ACCESS_KEY);
    put("AWS_SECRET_ACCESS_KEY", SB_SECRET_KEY);
    put("AWS_REGION", "us-east-1");
    put("AWS_DEFAULT_REGION", "us-east-1");
    put("AWS_EC2_METADATA_DISABLED", "true");
    put("LIFEBOAT_CLUSTER_URL", url);
    if (sandbox->speed > 1) {
        put("LIFEBOAT_TIME_SCALE", scale);
    }
}

static void put_export(const char *name, const char *value)
{
    printf("export %s=%s\n", name, value);
}

static void put_environment(const char *name, const char *value)
{
    setenv(name, value, 1);
}

/* Any service's own endpoint would win over the one that is set here. Each removal moves what
 * follows, so the search begins anew. */
static void clean_endpoints(void)
{
    static const char prefix[] = "AWS_ENDPOINT_URL_";
    char name[128];
    for (char **at = environ; at && *at;) {
        size_t length = strcspn(*at, "=");
        if (strncmp(*at, prefix, sizeof prefix - 1) != 0 || length >= sizeof name) {
            at++;
            continue;
        }
        memcpy(name, *at, length);
        name[length] = '\0';
        unsetenv(name);
        at = environ;
    }
}

/* Nothing of the user's own account may reach the command, nor a proxy stand between. */
static void clean_environment(void)
{
    static const char *const names[] = {"AWS_PROFILE",
                                        "AWS_DEFAULT_PROFILE",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_SECURITY_TOKEN",
                                        "AWS_ROLE_ARN",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                        "AWS_CREDENTIAL_EXPIRATION",
                                        "AWS_CA_BUNDLE",
                                        "AWS_USE_FIPS_ENDPOINT",
                                        "AWS_USE_DUALSTACK_ENDPOINT",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "HTTP_PROXY",
                                        "http_proxy",
                                        "ALL_PROXY",
                                        "all_proxy"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unsetenv(names[i]);
    }
    clean_endpoints();
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
}

static pid_t start_command(const struct sandbox *sandbox, unsigned port, char **command)
{
    pid_t child = fork();
    if (child == 0) {
        clean_environment();
        each_variable(sandbox, port, put_environment);
        signal(SIGPIPE, SIG_DFL);
        execvp(command[0], command);
        fprintf(stderr, "lifeboat-sandbox: %s: %s\n", command[0], strerror(errno));
        _exit(errno == ENOENT ? 127 : 126);
    }
    if (child < 0) {
        perror("lifeboat-sandbox: fork");
    }
    return child;
}

static int run_command(struct sandbox *sandbox, unsigned port, char **command)
{
    int status = 0;
    pid_t child = start_command(sandbox, port, command);
    if (child < 0) {
        return 1;
    }
    while (waitpid(child, &status, WNOHANG) == 0) {
        int number = next_signal(sandbox);
        if (number != 0 && number != SIGCHLD) {
            kill(child, number);
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int serve(struct sandbox *sandbox, unsigned port)
{
    int number;
    each_variable(sandbox, port, put_export);
    puts("ready");
    fflush(stdout);
    do {
        number = next_signal(sandbox);
    } while (number != SIGTERM && number != SIGINT && number != SIGHUP);
    return 0;
}

static int bad_usage(const char *message, const char *value)
{
    fprintf(stderr, "lifeboat-sandbox: %s%s\n%s", message, value, usage);
    return EXIT_USAGE;
}

static int add_cluster(struct sandbox *sandbox, struct lb_arena *arena, const char *text)
{
    const char *at = strchr(text, '@');
    const char *equals = at ? strchr(at, '=') : NULL;
    if (!equals || at == text || equals == at + 1 || !lb_starts_with(equals + 1, "http")) {
        return -1;
    }
    lb_map_set_string(arena, sandbox->clusters,
                      lb_arena_strndup(arena, text, (size_t)(equals - text)), equals + 1);
    return 0;
}

static int take_option(struct sandbox *sandbox, struct lb_arena *arena, struct options *options,
                       const char *name, const char *value)
{
    char *end;
    if (lb_streq(name, "listen")) {
        options->listen = value;
    } else if (lb_streq(name, "account")) {
        sandbox->account = value;
        if (strlen(value) != 12 || strspn(value, "0123456789") != 12) {
            return bad_usage("--account takes twelve digits, not ", value);
        }
    } else if (lb_streq(name, "state")) {
        sandbox->state_dir = value;
    } else if (lb_streq(name, "log")) {
        options->log = value;
    } else if (lb_streq(name, "speed")) {
        sandbox->speed = strtod(value, &end);
        if (*end || !(sandbox->speed > 0 && sandbox->speed <= 1e6)) {
            return bad_usage("--speed takes a number up to 1000000, not ", value);
        }
    } else if (lb_streq(name, "cluster")) {
        if (add_cluster(sandbox, arena, value) < 0) {
            return bad_usage("--cluster takes NAME@REGION=URL, not ", value);
        }
    } else {
        return bad_usage("unknown option --", name);
    }
    return 0;
}

static int parse_options(struct sandbox *sandbox, struct lb_arena *arena, struct options *options,
                         int argc, char **argv)
{
    int result = 0;
    for (int i = 1; i < argc && result == 0; i++) {
        if (lb_streq(argv[i], "--")) {
            options->command = argv[i + 1] ? argv + i + 1 : NULL;
            return options->command ? 0 : bad_usage("a command is expected after --", "");
        }
        if (lb_streq(argv[i], "--help") || lb_streq(argv[i], "-h")) {
            fputs(usage, stdout);
            exit(0);
        }
        if (!lb_starts_with(argv[i], "--")) {
            return bad_usage("a command is written after --: ", argv[i]);
        }
        char *name = lb_arena_strdup(arena, argv[i] + 2);
        char *equals = strchr(name, '=');
        if (equals) {
            *equals = '\0';
        } else if (!argv[i + 1]) {
            return bad_usage("unknown option, or a value is missing: ", argv[i]);
        }
        result = take_option(sandbox, arena, options, name, equals ? equals + 1 : argv[++i]);
    }
    return result;
}

int main(int argc, char **argv)
{
    struct lb_arena *arena = lb_arena_new();
    struct sandbox sandbox = {.account = "111122223333", .speed = 1};
    struct options options = {.listen = "127.0.0.1:0"};
    unsigned port = 0;
    sandbox.clusters = lb_value_map(arena);
    int result = parse_options(&sandbox, arena, &options, argc, argv);
    if (result != 0) {
        lb_arena_free(arena);
        return result;
    }
    if (sb_open(&sandbox, options.log) < 0) {
        return 1;
    }
    forward_interrupts = options.command == NULL;
    watch_signals();
    struct sb_server *server = sb_server_start(&sandbox, options.listen, &port);
    if (!server) {
        return 1;
    }
    pthread_mutex_lock(&sandbox.private->lock);
    sandbox.private->port = port;
    pthread_mutex_unlock(&sandbox.private->lock);
    result = options.command ? run_command(&sandbox, port, options.command) : serve(&sandbox, port);
    sb_server_stop(server);
    sb_close(&sandbox);
    lb_arena_free(arena);
    return result;
}
