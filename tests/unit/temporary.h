/* temporary.h: a folder for a test in which programs can be run: /tmp may forbid it, and then
 * TMPDIR names another (tests/lib/environment.sh). */
#ifndef LB_TESTS_TEMPORARY_H
#define LB_TESTS_TEMPORARY_H

#include <stdio.h>
#include <stdlib.h>

/* Makes it, and writes its path into `path`, of which NULL says that it was not made. */
static inline char *temporary_folder(char *path, size_t size, const char *name)
{
    const char *base = getenv("TMPDIR");
    int length = snprintf(path, size, "%s/lifeboat-%s-XXXXXX", base && *base ? base : "/tmp", name);
    return length > 0 && (size_t)length < size ? mkdtemp(path) : NULL;
}

#endif
