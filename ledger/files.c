/* files.c: what the ledger keeps beside git's own files, in GIT_DIR/lifeboat: file locks, which the
 * system frees when their process dies, and a name for this folder. */
#include "ledger/store.h"

#include "base/digest.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A writer holds a lock for the instant of its write; but it may have been stopped in it. */
#define LOCK_WAIT_MS 30000

/* NULL with errno. */
static char *folder(struct lb_ledger *ledger)
{
    char *path = lb_arena_printf(ledger->arena, "%s/lifeboat", ledger->git_dir);
    return mkdir(path, 0777) == 0 || errno == EEXIST ? path : NULL;
}

static int lock_whole(int fd, bool wait)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int64_t deadline_ms = lb_time_monotonic_ms() + LOCK_WAIT_MS;
    for (;;) {
        int result = fcntl(fd, F_SETLK, &whole);
        bool held = result != 0 && (errno == EACCES || errno == EAGAIN);
        if (held && wait && lb_time_monotonic_ms() < deadline_ms) {
            nanosleep(&pause, NULL);
            continue;
        }
        if (held)
            errno = EAGAIN;
        return result;
    }
}

int lb_store_lock(struct lb_ledger *ledger, const char *name, bool wait)
{
    const char *in = folder(ledger);
    char *path = in ? lb_arena_printf(ledger->arena, "%s/%s", in, name) : NULL;
    int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666) : -1;
    if (fd < 0 || lock_whole(fd, wait) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* Of a file that was cut off while it was written the next run sees that it is another. */
static void keep(const char *path, const char *text)
{
    char there[256];
    size_t length = strlen(text);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    ssize_t n = fd < 0 ? -1 : read(fd, there, sizeof there);
    bool same = n == (ssize_t)length && memcmp(there, text, length) == 0;
    if (fd >= 0 && !same && ftruncate(fd, 0) == 0)
        n = pwrite(fd, text, length, 0);
    if (fd >= 0)
        close(fd);
}

/* A branch that only grows needs no reflog: each commit names the tip before it. Packs are written
 * without looking for deltas among more than two objects: the search costs more than all else, and
 * `git gc` does it better (https://git-scm.com/docs/git-config, pack.windowMemory). */
void lb_store_settings(struct lb_ledger *ledger)
{
    static const char settings[] = "[core]\n\tlogAllRefUpdates = false\n"
                                   "[pack]\n\twindowMemory = 1\n";
    git_config *config = NULL;
    const char *in = ledger->has_settings ? NULL : folder(ledger);
    if (!in || git_repository_config(&config, ledger->repo) != 0)
        return;
    const char *path = lb_arena_printf(ledger->arena, "%s/settings", in);
    keep(path, settings);
    git_config_add_file_ondisk(config, path, GIT_CONFIG_LEVEL_APP, ledger->repo, 1);
    git_config_free(config);
    ledger->has_settings = true;
}

void lb_store_unlock(int fd)
{
    if (fd >= 0)
        close(fd);
}

int lb_store_random(struct lb_ledger *ledger, char out[LB_LOCK_ID])
{
    unsigned char bytes[8];
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    if (fd >= 0)
        close(fd);
    if (n != (ssize_t)sizeof bytes)
        return lb_diags_error(ledger->diags, "LB-G005", NULL, "/dev/urandom: %s", strerror(errno));
    lb_hex(bytes, sizeof bytes, out);
    return 0;
}

/* "NAME INODE": in a copy of the folder the file has another inode, and the copy is somebody else.
 */
static const char *read_name(struct lb_ledger *ledger, const char *path)
{
    char text[64] = "", expected[64];
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 || fstat(fd, &info) != 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (n < LB_LOCK_ID)
        return NULL;
    snprintf(expected, sizeof expected, "%.16s %llu\n", text, (unsigned long long)info.st_ino);
    if (!lb_streq(text, expected) || strspn(text, "0123456789abcdef") != LB_LOCK_ID - 1)
        return NULL;
    return lb_arena_strndup(ledger->arena, text, LB_LOCK_ID - 1);
}

static const char *write_name(struct lb_ledger *ledger, const char *path)
{
    char name[LB_LOCK_ID], text[64];
    struct stat info;
    if (lb_store_random(ledger, name) != 0)
        return NULL;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    int result = fd < 0 ? -1 : fstat(fd, &info);
    if (result == 0) {
        int length = snprintf(text, sizeof text, "%s %llu\n", name,
                              (unsigned long long)info.st_ino);
        ssize_t n = write(fd, text, (size_t)length);
        if (n >= 0 && n != length)
            errno = ENOSPC;
        result = n == length ? fsync(fd) : -1;
    }
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return result == 0 ? lb_arena_strdup(ledger->arena, name) : NULL;
}

/* Made once under the file lock, and anew when a killed run left half of it. */
const char *lb_store_checkout(struct lb_ledger *ledger)
{
    if (ledger->checkout)
        return ledger->checkout;
    char *path = lb_arena_printf(ledger->arena, "%s/lifeboat/checkout", ledger->git_dir);
    ledger->checkout = read_name(ledger, path);
    if (ledger->checkout)
        return ledger->checkout;
    int guard = lb_store_lock(ledger, "write", true);
    if (guard >= 0)
        ledger->checkout = read_name(ledger, path);
    if (guard >= 0 && !ledger->checkout)
        ledger->checkout = write_name(ledger, path);
    int error = errno;
    lb_store_unlock(guard);
    if (!ledger->checkout)
        lb_diags_error(ledger->diags, "LB-G005", NULL, "%s: %s", path, strerror(error));
    return ledger->checkout;
}
