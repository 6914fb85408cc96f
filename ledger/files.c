/* files.c: what the ledger keeps beside git's own files, in GIT_DIR/lifeboat: file locks, which the
 * system frees when their process dies, and a name for this folder. */
#include "ledger/store.h"

#include "base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder(struct lb_ledger *ledger)
{
    char *path = lb_arena_printf(ledger->arena, "%s/lifeboat", ledger->git_dir);
    mkdir(path, 0777); /* there already, or the file that is opened next says why not */
    return path;
}

int lb_store_lock(struct lb_ledger *ledger, const char *stack, const char *name, bool wait)
{
    char *path = lb_arena_printf(ledger->arena, "%s/%s.%s", folder(ledger), stack, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return -1;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int result;
    do
        result = fcntl(fd, wait ? F_SETLKW : F_SETLK, &whole);
    while (result != 0 && errno == EINTR && wait);
    if (result == 0)
        return fd;
    int error = errno == EACCES ? EAGAIN : errno;
    close(fd);
    errno = error;
    return -1;
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

static const char *read_name(struct lb_ledger *ledger, const char *path)
{
    char text[LB_LOCK_ID] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (n != (ssize_t)sizeof text - 1 || strspn(text, "0123456789abcdef") != sizeof text - 1)
        return NULL;
    return lb_arena_strdup(ledger->arena, text);
}

/* Made once under the file lock, and anew when a killed run left half of it. */
const char *lb_store_checkout(struct lb_ledger *ledger)
{
    char *path = lb_arena_printf(ledger->arena, "%s/checkout", folder(ledger));
    if (!ledger->checkout)
        ledger->checkout = read_name(ledger, path);
    if (ledger->checkout)
        return ledger->checkout;
    char name[LB_LOCK_ID];
    int guard = lb_store_lock(ledger, "checkout", "write", true);
    ledger->checkout = guard < 0 ? NULL : read_name(ledger, path);
    if (guard >= 0 && !ledger->checkout && lb_store_random(ledger, name) == 0) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd >= 0 && write(fd, name, sizeof name - 1) == (ssize_t)sizeof name - 1 &&
            fsync(fd) == 0)
            ledger->checkout = lb_arena_strdup(ledger->arena, name);
        if (fd >= 0)
            close(fd);
    }
    int error = errno;
    lb_store_unlock(guard);
    if (!ledger->checkout)
        lb_diags_error(ledger->diags, "LB-G005", NULL, "%s: %s", path, strerror(error));
    return ledger->checkout;
}
