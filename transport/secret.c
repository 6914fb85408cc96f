/* secret.c: reads a secret when it is sent. The bytes exist in the caller's buffer only. */
#include "transport/secret.h"

#include "base/digest.h"
#include "base/str.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_file(const char *path, char *out, size_t size, const char **why)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    *why = "the file cannot be read";
    if (fd < 0)
        return -1;
    size_t length = 0;
    ssize_t got = -1;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        do {
            got = read(fd, out + length, size - 1 - length);
            length += got > 0 ? (size_t)got : 0;
        } while (got > 0 && length < size - 1);
    close(fd);
    if (got < 0)
        return -1;
    *why = "the file is too long for a secret";
    if (length == size - 1)
        return -1;
    while (length > 0 && (out[length - 1] == '\n' || out[length - 1] == '\r'))
        length--;
    out[length] = '\0';
    *why = "the file is empty";
    return length > 0 ? 0 : -1;
}

int lb_secret_read(const char *reference, char *out, size_t size, const char **why)
{
    int status = -1;
    *why = "it is neither env:NAME nor file:PATH";
    if (lb_starts_with(reference, "env:")) {
        const char *value = getenv(reference + 4);
        *why = "the variable is not set";
        if (value && *value && strlen(value) < size) {
            memcpy(out, value, strlen(value) + 1);
            status = 0;
        }
    } else if (lb_starts_with(reference, "file:")) {
        status = read_file(reference + 5, out, size, why);
    }
    if (status < 0)
        lb_wipe(out, size);
    return status;
}
