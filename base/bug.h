/* bug.h: our own mistakes. They are not the user's to mend, so they do not become diagnostics. */
#ifndef LB_BASE_BUG_H
#define LB_BASE_BUG_H

/* Prints file, line and text to standard error, exits with 1. */
_Noreturn void lb_bug(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define LB_BUG(...) lb_bug(__FILE__, __LINE__, __VA_ARGS__)

#endif
