/* exit.h: the exit codes, stable from the first release. docs/reference/exit-codes.md and
 * `lifeboat explain exit-codes` are printed from lb_exit_rows. */
#ifndef LB_BASE_EXIT_H
#define LB_BASE_EXIT_H

#include <stddef.h>

enum lb_exit {
    LB_EXIT_OK = 0,
    LB_EXIT_ERROR = 1,
    LB_EXIT_CHANGES = 2,
    LB_EXIT_REFUSED = 3,
    LB_EXIT_STALE = 4,
    LB_EXIT_PARTIAL = 5,
    LB_EXIT_VERIFY = 6,
    LB_EXIT_LOCKED = 7,
    LB_EXIT_UNREACHABLE = 8,
    LB_EXIT_CREDENTIALS = 9,
    LB_EXIT_USAGE = 64,
    LB_EXIT_INTERRUPTED = 130,
    LB_EXIT_TERMINATED = 143,
};

struct lb_exit_row {
    int code;
    const char *meaning;
};
/* In the order of the codes; count is the number of rows. */
extern const struct lb_exit_row lb_exit_rows[];
extern const size_t lb_exit_row_count;

/* Of two outcomes the one to report: 130/143, 64, 9, 8, 7, 4, 3, 5, 6, 1, 2, 0. */
int lb_exit_worse(int a, int b);

#endif
