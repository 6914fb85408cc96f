/* bug.c: see bug.h. */
#include "base/bug.h"

#include "base/exit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void lb_bug(const char *file, int line, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "lifeboat: internal error at %s:%d: ", file, line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(LB_EXIT_ERROR);
}
