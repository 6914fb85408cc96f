/* shim.c: fails the n-th call of one C library function, for tests that preload it (Linux with
 * glibc; elsewhere the tests say that they cannot run).
 *
 *   LB_FAIL=CALL:N:COUNT:HOW   the N-th to (N+COUNT-1)-th call fails. CALL: alloc (malloc, calloc,
 *                              realloc and their kin, of every library), connect, open (for
 *                              writing), mkstemp, write, fsync, close, rename. HOW: the number that
 *                              errno gets, or `short`: half is written, and nothing the next time
 *   LB_FAIL_COUNTS=FILE        at its end the program writes there how often each was called
 *
 * Of writes and closes only those of files and of standard output count: sockets have connect, and
 * a standard error that cannot be written leaves nobody to tell.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum call { ALLOC, CONNECT, OPEN, MKSTEMP, WRITE, FSYNC, CLOSE, RENAME, CALLS };
static const char *const names[CALLS] = {"alloc", "connect", "open",  "mkstemp",
                                         "write", "fsync",   "close", "rename"};
static unsigned long seen[CALLS];
static int spared; /* within a call whose allocations do not fail */
static struct {
    bool read, shortened;
    int call, error; /* error 0: short */
    unsigned long first, count;
} order = {.call = -1};

static void read_order(void)
{
    const char *text = getenv("LB_FAIL");
    char name[16], how[16];
    order.read = true;
    if (!text || sscanf(text, "%15[a-z]:%lu:%lu:%15s", name, &order.first, &order.count, how) != 4)
        return;
    order.error = atoi(how);
    for (int i = 0; i < CALLS; i++)
        if (strcmp(name, names[i]) == 0)
            order.call = i;
}

/* Counts a call; true when it is to fail. */
static bool fails(enum call call)
{
    if (!order.read)
        read_order();
    if (call == ALLOC && spared)
        return false;
    unsigned long n = ++seen[call];
    return order.call == (int)call && n >= order.first && n - order.first < order.count;
}

static bool refuse(enum call call)
{
    if (!fails(call))
        return false;
    errno = order.error;
    return true;
}

static bool counts(int fd)
{
    struct stat info;
    int flags = fcntl(fd, F_GETFL);
    return fd != STDERR_FILENO && flags != -1 && (flags & O_ACCMODE) != O_RDONLY &&
           fstat(fd, &info) == 0 &&
           (fd == STDOUT_FILENO || S_ISREG(info.st_mode) || S_ISCHR(info.st_mode));
}

/* ISO C has no way from an object pointer to a function. */
#define REAL(type, name)                                                                           \
    static type *real;                                                                             \
    void *symbol = real ? NULL : dlsym(RTLD_NEXT, name);                                           \
    if (symbol)                                                                                    \
    memcpy(&real, &symbol, sizeof real)

/* --- memory: the C library's own names, since dlsym allocates --------------------------------- */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    return refuse(ALLOC) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return refuse(ALLOC) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return refuse(ALLOC) ? NULL : __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return refuse(ALLOC) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (fails(ALLOC))
        return ENOMEM;
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

/* glibc 2.36 frees twice when memory runs out within regcomp: nothing that lifeboat could mend. */
int regcomp(regex_t *regex, const char *pattern, int flags)
{
    typedef int regcomp_fn(regex_t *, const char *, int);
    REAL(regcomp_fn, "regcomp");
    spared++;
    int result = real(regex, pattern, flags);
    spared--;
    return result;
}

/* libcrypto 3.0 goes on without the locks that it had no memory for when it starts, and crashes:
 * its start is these two calls. */
void *OSSL_LIB_CTX_new(void);
void *EVP_MD_fetch(void *context, const char *name, const char *properties);

void *OSSL_LIB_CTX_new(void)
{
    typedef void *OSSL_LIB_CTX_new_fn(void);
    REAL(OSSL_LIB_CTX_new_fn, "OSSL_LIB_CTX_new");
    spared++;
    void *context = real();
    spared--;
    return context;
}

void *EVP_MD_fetch(void *context, const char *name, const char *properties)
{
    typedef void *EVP_MD_fetch_fn(void *, const char *, const char *);
    REAL(EVP_MD_fetch_fn, "EVP_MD_fetch");
    spared++;
    void *digest = real(context, name, properties);
    spared--;
    return digest;
}

/* --- network ---------------------------------------------------------------------------------- */
int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    typedef int connect_fn(int, const struct sockaddr *, socklen_t);
    REAL(connect_fn, "connect");
    return refuse(CONNECT) ? -1 : real(fd, address, length);
}

/* --- files ------------------------------------------------------------------------------------ */
int open(const char *path, int flags, ...)
{
    typedef int open_fn(const char *, int, ...);
    REAL(open_fn, "open");
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    bool writing = (flags & O_ACCMODE) != O_RDONLY;
    return writing && refuse(OPEN) ? -1 : real(path, flags, mode);
}

int mkstemp(char *path)
{
    typedef int mkstemp_fn(char *);
    REAL(mkstemp_fn, "mkstemp");
    return refuse(MKSTEMP) ? -1 : real(path);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    typedef ssize_t write_fn(int, const void *, size_t);
    REAL(write_fn, "write");
    if (!counts(fd))
        return real(fd, bytes, length);
    if (order.shortened) {
        order.shortened = false;
        errno = ENOSPC;
        return -1;
    }
    if (!fails(WRITE))
        return real(fd, bytes, length);
    if (order.error) {
        errno = order.error;
        return -1;
    }
    order.shortened = true;
    return real(fd, bytes, length / 2);
}

int fsync(int fd)
{
    typedef int fsync_fn(int);
    REAL(fsync_fn, "fsync");
    return refuse(FSYNC) ? -1 : real(fd);
}

/* As the kernel does it: the descriptor is gone, what it held back was not written. */
int close(int fd)
{
    typedef int close_fn(int);
    REAL(close_fn, "close");
    bool refused = counts(fd) && fails(CLOSE);
    int result = real(fd);
    if (!refused)
        return result;
    errno = order.error;
    return -1;
}

int rename(const char *from, const char *to)
{
    typedef int rename_fn(const char *, const char *);
    REAL(rename_fn, "rename");
    return refuse(RENAME) ? -1 : real(from, to);
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("LB_FAIL_COUNTS");
    order.call = -1;
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file)
        return;
    for (int i = 0; i < CALLS; i++)
        fprintf(file, "%s %lu\n", names[i], seen[i]);
    fclose(file);
}
