/* process.c: the one place that starts a program. A child may hang, flood its output, leave
 * children of its own behind or close its output early; none of that may hold us up, so the loop
 * looks at the clock, the stop flag, the pipes and the child in turn. The child is not reaped
 * before its group was ended: until then nobody else can get its number.
 */
#include "ledger/process.h"

#include "base/time.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLICE_MS 20        /* how late the stop flag may be seen */
#define TERM_MS 1000       /* from SIGTERM to SIGKILL, and from there until we give up waiting */
#define QUIET_MS 100       /* silence after which an open pipe of a child that is gone is left */
#define LEFTOVER_MS 1000   /* the same, for a grandchild that goes on writing */
#define STATUS_UNKNOWN 255 /* the child was reaped behind our back */

extern char **environ; /* POSIX has no header declare it */

struct launch {
    const char *path, *directory;
    char *const *argv, *const *envp;
    const int *open; /* descriptors that the child must not keep */
    size_t open_count;
    int out[2], err[2], report[2]; /* report: errno of what failed before the program ran */
};

struct stream {
    int fd; /* -1: at its end */
    struct lb_str *text;
};

struct watch {
    const struct lb_process *process;
    pid_t pid;
    struct stream streams[2];
    bool exited, ending;
    int64_t exited_at, read_at, ending_at;
};

/* --- before the fork: all that takes memory -----------------------------------------------------
 */

static bool is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* Only absolute folders of PATH count: others would find what lies in somebody's checkout. */
static const char *find_program(struct lb_arena *arena, const char *name)
{
    if (strchr(name, '/'))
        return is_program(name) ? name : NULL;
    const char *path = getenv("PATH");
    for (const char *at = path ? path : "/usr/bin:/bin"; *at;) {
        size_t length = strcspn(at, ":");
        if (*at == '/') {
            const char *file = lb_arena_printf(arena, "%.*s/%s", (int)length, at, name);
            if (is_program(file))
                return file;
        }
        at += length + (at[length] == ':');
    }
    return NULL;
}

/* `entry` is "NAME=value"; `name` a name, or the beginning of names with a star behind it. */
static bool has_name(const char *entry, const char *name)
{
    size_t length = strcspn(name, "*=");
    return strncmp(entry, name, length) == 0 && (name[length] == '*' || entry[length] == '=');
}

static bool is_named(const char *entry, const char *const *names)
{
    for (; names && *names; names++)
        if (has_name(entry, *names))
            return true;
    return false;
}

static char **make_environment(struct lb_arena *arena, const struct lb_process *process)
{
    size_t count = 0, kept = 0;
    for (char **entry = environ; entry && *entry; entry++)
        count++;
    for (const char *const *entry = process->set; entry && *entry; entry++)
        count++;
    char **out = lb_arena_array(arena, count + 1, sizeof *out);
    for (char **entry = environ; entry && *entry; entry++)
        if (!is_named(*entry, process->unset) && !is_named(*entry, process->set))
            out[kept++] = *entry;
    for (const char *const *entry = process->set; entry && *entry; entry++)
        out[kept++] = lb_arena_strdup(arena, *entry);
    return out;
}

static char **copy_arguments(struct lb_arena *arena, const char *const *argv)
{
    size_t count = 0;
    while (argv[count])
        count++;
    char **out = lb_arena_array(arena, count + 1, sizeof *out);
    for (size_t i = 0; i < count; i++)
        out[i] = lb_arena_strdup(arena, argv[i]);
    return out;
}

/* Listed here, because reading a folder is not allowed between fork and exec, and because counting
 * up to the limit of descriptors takes seconds where that limit is a billion. */
static void list_descriptors(struct lb_arena *arena, struct launch *launch)
{
    int *list = NULL;
    size_t count = 0, capacity = 0;
    DIR *folder = opendir("/dev/fd");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        int fd = atoi(entry->d_name);
        if (fd < 3 || fd == dirfd(folder))
            continue;
        list = lb_arena_grow(arena, list, count, count + 1, sizeof *list, &capacity);
        list[count++] = fd;
    }
    if (folder)
        closedir(folder);
    launch->open = list;
    launch->open_count = count;
}

/* Both ends above the three standard ones, and closed by exec. */
static int make_pipe(int ends[2])
{
    int raw[2];
    if (pipe(raw) != 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        ends[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, 3);
        close(raw[i]);
    }
    return ends[0] < 0 || ends[1] < 0 ? -1 : 0;
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_pipes(struct launch *launch)
{
    for (int i = 0; i < 2; i++) {
        close_end(&launch->out[i]);
        close_end(&launch->err[i]);
        close_end(&launch->report[i]);
    }
}

/* --- the child, until it is the program: only calls that are safe after a fork -------------------
 */

static bool take_place(const struct launch *launch)
{
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || setsid() < 0 || dup2(null, 0) < 0 || dup2(launch->out[1], 1) < 0 ||
        dup2(launch->err[1], 2) < 0)
        return false;
    if (null > 2)
        close(null);
    return !launch->directory || chdir(launch->directory) == 0;
}

static void forget_signals(void)
{
    static const int numbers[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD, SIGALRM};
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become(const struct launch *launch)
{
    if (take_place(launch)) {
        for (size_t i = 0; i < launch->open_count; i++)
            close(launch->open[i]);
        forget_signals();
        execve(launch->path, launch->argv, launch->envp);
    }
    int error = errno;
    ssize_t written = write(launch->report[1], &error, sizeof error);
    _exit(written < 0 ? 126 : 127);
}

/* --- the parent
 * ----------------------------------------------------------------------------------- */

/* 0 with *pid once the program runs; else -1 and errno, with nothing left behind. */
static int start(struct launch *launch, pid_t *pid)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before); /* our handlers must not run in the child */
    *pid = fork();
    if (*pid == 0)
        become(launch);
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    close_end(&launch->out[1]);
    close_end(&launch->err[1]);
    close_end(&launch->report[1]);
    if (*pid < 0) {
        errno = error;
        return -1;
    }
    ssize_t got;
    while ((got = read(launch->report[0], &error, sizeof error)) < 0 && errno == EINTR)
        ;
    if (got <= 0)
        return 0;
    while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
        ;
    errno = error;
    return -1;
}

static void take(struct stream *stream, int64_t now, int64_t *read_at)
{
    char bytes[16384];
    ssize_t got = read(stream->fd, bytes, sizeof bytes);
    if (got > 0) {
        lb_str_add(stream->text, bytes, (size_t)got);
        *read_at = now;
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        close_end(&stream->fd);
    }
}

static void read_streams(struct watch *watch, int wait_ms)
{
    struct pollfd polled[2];
    struct stream *which[2];
    nfds_t count = 0;
    for (int i = 0; i < 2; i++)
        if (watch->streams[i].fd >= 0) {
            which[count] = &watch->streams[i];
            polled[count++] = (struct pollfd){.fd = watch->streams[i].fd, .events = POLLIN};
        }
    if (poll(polled, count, wait_ms) <= 0)
        return;
    for (nfds_t i = 0; i < count; i++)
        if (polled[i].revents)
            take(which[i], lb_time_monotonic_ms(), &watch->read_at);
}

static bool has_exited(pid_t pid)
{
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
        return errno == ECHILD;
    return info.si_pid == pid;
}

/* One look at everything but the pipes; true when there is nothing more to wait for. */
static bool is_over(struct watch *watch)
{
    const struct lb_process *process = watch->process;
    int64_t now = lb_time_monotonic_ms();
    bool at_end = watch->streams[0].fd < 0 && watch->streams[1].fd < 0;
    if (!watch->exited && has_exited(watch->pid)) {
        watch->exited = true;
        watch->exited_at = watch->read_at = now;
    }
    if (watch->exited && at_end)
        return true;
    if (watch->ending)
        return now - watch->ending_at >= TERM_MS;
    if (watch->exited)
        return now - watch->read_at >= QUIET_MS || now - watch->exited_at >= LEFTOVER_MS;
    if (now >= process->deadline_ms || (process->stop && *process->stop)) {
        watch->ending = true;
        watch->ending_at = now;
        kill(-watch->pid, SIGTERM);
    }
    return false;
}

/* A process that the kernel does not let go of (a dead file server) is left to init. */
static int reap(pid_t pid)
{
    int64_t until = lb_time_monotonic_ms() + TERM_MS;
    for (int wait_ms = 1, raw = 0;;) {
        pid_t got = waitpid(pid, &raw, WNOHANG);
        if (got == pid)
            return WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
        if ((got < 0 && errno != EINTR) || lb_time_monotonic_ms() >= until)
            return STATUS_UNKNOWN;
        poll(NULL, 0, wait_ms);
        wait_ms = wait_ms < SLICE_MS ? wait_ms * 2 : wait_ms;
    }
}

static void watch_over(struct watch *watch, struct lb_process_result *out)
{
    for (int wait_ms = 1; !is_over(watch);) {
        bool open = watch->streams[0].fd >= 0 || watch->streams[1].fd >= 0;
        read_streams(watch, open ? SLICE_MS : wait_ms);
        wait_ms = open || wait_ms >= SLICE_MS ? wait_ms : wait_ms * 2;
    }
    if (watch->ending)
        kill(-watch->pid, SIGKILL);
    out->timed_out = watch->ending;
    out->status = reap(watch->pid);
}

static int run(struct launch *launch, const struct lb_process *process,
               struct lb_process_result *out)
{
    struct watch watch = {.process = process};
    if (make_pipe(launch->out) != 0 || make_pipe(launch->err) != 0 ||
        make_pipe(launch->report) != 0 || start(launch, &watch.pid) != 0)
        return -1;
    watch.streams[0] = (struct stream){launch->out[0], &out->out};
    watch.streams[1] = (struct stream){launch->err[0], &out->err};
    for (int i = 0; i < 2; i++)
        fcntl(watch.streams[i].fd, F_SETFL, O_NONBLOCK);
    watch_over(&watch, out);
    launch->out[0] = watch.streams[0].fd;
    launch->err[0] = watch.streams[1].fd;
    return 0;
}

int lb_process_run(const struct lb_process *process, struct lb_process_result *out)
{
    *out = (struct lb_process_result){0};
    lb_str_init(&out->out, LB_PROCESS_OUTPUT_MAX);
    lb_str_init(&out->err, LB_PROCESS_OUTPUT_MAX);
    struct lb_arena *arena = lb_arena_new();
    struct launch launch = {.path = find_program(arena, process->argv[0]),
                            .directory = process->directory,
                            .argv = copy_arguments(arena, process->argv),
                            .envp = make_environment(arena, process),
                            .out = {-1, -1},
                            .err = {-1, -1},
                            .report = {-1, -1}};
    int result = -1;
    if (launch.path) {
        /* Where it is ignored, children vanish with their exit status. */
        struct sigaction standard = {.sa_handler = SIG_DFL}, before;
        sigaction(SIGCHLD, &standard, &before);
        list_descriptors(arena, &launch);
        result = run(&launch, process, out);
        int error = errno;
        close_pipes(&launch);
        sigaction(SIGCHLD, &before, NULL);
        errno = error;
    } else {
        out->missing = true;
        errno = ENOENT;
    }
    lb_arena_free(arena);
    return result;
}

void lb_process_result_release(struct lb_process_result *result)
{
    lb_str_release(&result->out);
    lb_str_release(&result->err);
}
