/* main.c: finds the verb, parses its options, runs it, prints what is wrong. Everything else is in
 * the engine: this program is thin.
 */
#include "cmd/cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

/* A signal can reach only what is global. */
static volatile int stop;

static void on_signal(int signal)
{
    int code = signal == SIGTERM ? LB_EXIT_TERMINATED : LB_EXIT_INTERRUPTED;
    static const char first[] = "\nInterrupt received: finishing the call in flight, starting "
                                "nothing new. Again to stop at "
                                "once.\n";
    if (stop)
        _exit(code);
    stop = code;
    if (write(STDERR_FILENO, first, sizeof first - 1) < 0)
        _exit(code);
}

static void catch_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL); /* a write beyond the limit fails, and is told */
}

/* A core file would hold credentials. */
static void forbid_cores(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
}

static bool want_color(int fd)
{
    const char *none = getenv("NO_COLOR");
    const char *force = getenv("CLICOLOR_FORCE");
    const char *term = getenv("TERM");
    if (none && *none)
        return false;
    if (force && *force && !lb_streq(force, "0"))
        return true;
    return isatty(fd) && term && !lb_streq(term, "dumb");
}

static size_t terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
        return size.ws_col;
    long width = columns ? strtol(columns, NULL, 10) : 0;
    return width >= 20 && width <= 1000 ? (size_t)width : 100;
}

static void init(struct lb_cli *cli, struct lb_arena *arena)
{
    const char *term = getenv("TERM");
    memset(cli, 0, sizeof *cli);
    cli->arena = arena;
    lb_diags_init(&cli->diags, arena);
    cli->color_out = want_color(STDOUT_FILENO);
    cli->color_err = want_color(STDERR_FILENO);
    cli->terminal_in = isatty(STDIN_FILENO);
    cli->terminal_out = isatty(STDOUT_FILENO);
    cli->terminal_err = isatty(STDERR_FILENO) && !getenv("CI") && !lb_streq(term, "dumb");
    cli->width = terminal_width();
    cli->engine = (struct lb_engine){.arena = arena,
                                     .diags = &cli->diags,
                                     .schemas = lb_schemas_load(arena),
                                     .version = LB_VERSION,
                                     .stop = &stop};
}

/* "-h", "--help" and "--version" anywhere mean what they mean elsewhere. */
static const char *verb_name(struct lb_cli *cli, int argc, char **argv)
{
    if (argc < 2)
        return "help";
    for (int i = 1; i < argc && !lb_streq(argv[i], "--"); i++) {
        if (!lb_streq(argv[i], "-h") && !lb_streq(argv[i], "--help") && !lb_streq(argv[i], "-help"))
            continue;
        cli->args = lb_arena_array(cli->arena, 2, sizeof *cli->args);
        if (i > 1 && lb_verb_find(argv[1]))
            cli->args[cli->arg_count++] = argv[1];
        return "help";
    }
    if (lb_streq(argv[1], "--version") || lb_streq(argv[1], "-version"))
        return "version";
    return argv[1];
}

static int unknown_verb(struct lb_cli *cli, const char *name)
{
    const char *names[64];
    size_t count = 0;
    for (const struct lb_verb *verb = lb_verbs; verb->name && count < 64; verb++)
        names[count++] = verb->name;
    const char *near = lb_nearest(name, names, count);
    lb_diags_error_try(&cli->diags, "LB-U001", NULL,
                       near ? lb_arena_printf(cli->arena, "lifeboat %s", near) : NULL,
                       "there is no verb \"%s\"", name);
    return LB_EXIT_USAGE;
}

static int run(struct lb_cli *cli, int argc, char **argv)
{
    const char *name = verb_name(cli, argc, argv);
    cli->verb = lb_verb_find(name);
    if (!cli->verb)
        return unknown_verb(cli, name);
    bool asked_for_help = cli->arg_count || !lb_streq(name, argc > 1 ? argv[1] : "");
    if (!asked_for_help && lb_options_parse(cli, argc - 2, argv + 2) != 0)
        return LB_EXIT_USAGE;
    if (!cli->options)
        cli->options = lb_value_map(cli->arena);
    return cli->verb->run(cli);
}

int main(int argc, char **argv)
{
    struct lb_arena *arena = lb_arena_new();
    struct lb_cli *cli = lb_arena_alloc(arena, sizeof *cli);
    forbid_cores();
    catch_signals();
    init(cli, arena);
    int code = run(cli, argc, argv);
    lb_out_close(cli);
    lb_show_diags(cli, &cli->diags);
    if (cli->diags.errors)
        code = lb_exit_worse(code, lb_diags_exit(&cli->diags));
    lb_arena_free(arena);
    return code;
}
