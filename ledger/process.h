/* process.h: runs a program to its end, with a deadline. Private to the ledger: the only program it
 * starts is git.
 *
 * The child gets its own session (so nothing can ask at a terminal), /dev/null as standard input,
 * the environment of this process with the changes given, and no open descriptor but its three.
 * When the deadline passes, or `stop` is set, its whole process group is ended: SIGTERM, and
 * SIGKILL a second later.
 */
#ifndef LB_LEDGER_PROCESS_H
#define LB_LEDGER_PROCESS_H

#include "base/arena.h"
#include "base/str.h"

#include <stdint.h>

#define LB_PROCESS_OUTPUT_MAX                                                                      \
    ((size_t)1 << 20) /* bytes kept of each stream; more is read and dropped */

struct lb_process {
    const char *const *argv;  /* ends with NULL; argv[0] is looked up in PATH */
    const char *const *set;   /* "NAME=value", ends with NULL; NULL: none */
    const char *const *unset; /* names, or "PREFIX*"; ends with NULL; NULL: none */
    const char *directory;    /* working directory; NULL: this one's */
    int64_t deadline_ms;      /* of lb_time_monotonic_ms */
    const volatile int *stop; /* ends it early when not 0; NULL: never */
};

struct lb_process_result {
    bool missing;           /* no such program in an absolute folder of PATH; run gives -1 */
    bool timed_out;         /* ended by its deadline, or by `stop` */
    int status;             /* exit status; 128 + N when a signal N ended it */
    struct lb_str out, err; /* what it said, not escaped; the caller releases them */
};

/* 0 when it ran to an end of any kind; -1 when it could not be started (errno says why). `out` is
 * to be released in either case. */
int lb_process_run(const struct lb_process *process, struct lb_process_result *out);
void lb_process_result_release(struct lb_process_result *result);

#endif
