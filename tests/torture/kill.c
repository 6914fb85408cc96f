/* kill.c: SIGKILL at the n-th call that changes something outside the process, for tests that
 * preload it (Linux with glibc).
 *
 *   LB_KILL_FILE=FILE   gets one byte for each such call of the program and of those it starts; its
 *                       length is their number
 *   LB_KILL_AT=N        the N-th call is not made: who would make it and the program die, as from
 *                       `kill -9`; the processes between them live on and see a child that died
 *
 * Such a call opens for writing, writes, truncates, syncs, renames, links, unlinks or makes a
 * folder.
 */
#define _GNU_SOURCE /* RTLD_NEXT, open64 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define ROOT "LB_KILL_ROOT" /* process id of the program; set by the library in it */

__attribute__((constructor)) static void begin(void)
{
    char id[24];
    snprintf(id, sizeof id, "%ld", (long)getpid());
    setenv(ROOT, id, 0);
}

/* The counter is a file: it is shared with the processes that are started. */
static void point(void)
{
    const char *path = getenv("LB_KILL_FILE"), *at = getenv("LB_KILL_AT"), *root = getenv(ROOT);
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path,
                                 O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
                  : -1;
    if (fd < 0)
        return;
    long n = syscall(SYS_write, fd, ".", 1) == 1 ? (long)lseek(fd, 0, SEEK_CUR) : 0;
    syscall(SYS_close, fd);
    if (!at || n != strtol(at, NULL, 10))
        return;
    if (root)
        kill((pid_t)strtol(root, NULL, 10), SIGKILL);
    kill(getpid(), SIGKILL);
}

/* ISO C has no way from an object pointer to a function. */
#define REAL(type, name)                                                                           \
    static type *real;                                                                             \
    void *symbol = real ? NULL : dlsym(RTLD_NEXT, name);                                           \
    if (symbol)                                                                                    \
    memcpy(&real, &symbol, sizeof real)

#define OPENER(name)                                                                               \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        typedef int name##_fn(const char *, int, ...);                                             \
        REAL(name##_fn, #name);                                                                    \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;                                  \
        va_end(args);                                                                              \
        if ((flags & O_ACCMODE) != O_RDONLY)                                                       \
            point();                                                                               \
        return real(path, flags, mode);                                                            \
    }

/* A call with these parameters, passed on as `passed`. */
#define CALL(type, name, parameters, passed)                                                       \
    type name parameters                                                                           \
    {                                                                                              \
        typedef type name##_fn parameters;                                                         \
        REAL(name##_fn, #name);                                                                    \
        point();                                                                                   \
        return real passed;                                                                        \
    }

OPENER(open)
OPENER(open64)
CALL(ssize_t, write, (int fd, const void *bytes, size_t length), (fd, bytes, length))
CALL(int, ftruncate, (int fd, off_t length), (fd, length))
CALL(int, fsync, (int fd), (fd))
CALL(int, rename, (const char *from, const char *to), (from, to))
CALL(int, link, (const char *from, const char *to), (from, to))
CALL(int, unlink, (const char *path), (path))
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode))
