/* exit.c: the exit codes' meanings and their precedence, both as tables: `explain exit-codes`,
 * docs/reference and lb_exit_worse read the same rows.
 */
#include "base/exit.h"

const struct lb_exit_row lb_exit_rows[] = {
    {LB_EXIT_OK, "done, or no changes"},
    {LB_EXIT_ERROR, "error"},
    {LB_EXIT_CHANGES, "changes present (plan --detailed-exitcode, drift)"},
    {LB_EXIT_REFUSED, "refused by a safety rule, or findings at or above --fail-on"},
    {LB_EXIT_STALE, "the plan is stale: live state or the spec changed since it was made"},
    {LB_EXIT_PARTIAL, "applied in part; running the command again converges"},
    {LB_EXIT_VERIFY, "verification failed"},
    {LB_EXIT_LOCKED, "locked by another run"},
    {LB_EXIT_UNREACHABLE, "a region or service is unreachable"},
    {LB_EXIT_CREDENTIALS, "credentials or a permission are missing"},
    {LB_EXIT_USAGE, "the command line was not understood"},
    {LB_EXIT_INTERRUPTED, "interrupted (SIGINT)"},
    {LB_EXIT_TERMINATED, "terminated (SIGTERM)"},
};
const size_t lb_exit_row_count = sizeof lb_exit_rows / sizeof *lb_exit_rows;

/* What the reader of a pipeline has to know first comes first. */
static const int precedence[] = {
    LB_EXIT_INTERRUPTED, LB_EXIT_TERMINATED, LB_EXIT_USAGE, LB_EXIT_CREDENTIALS,
    LB_EXIT_UNREACHABLE, LB_EXIT_LOCKED,     LB_EXIT_STALE, LB_EXIT_REFUSED,
    LB_EXIT_PARTIAL,     LB_EXIT_VERIFY,     LB_EXIT_ERROR, LB_EXIT_CHANGES,
    LB_EXIT_OK,
};

/* A code that is none of ours counts as a plain error. */
static size_t rank(int code)
{
    size_t count = sizeof precedence / sizeof *precedence, error = 0;
    for (size_t i = 0; i < count; i++) {
        if (precedence[i] == code)
            return i;
        if (precedence[i] == LB_EXIT_ERROR)
            error = i;
    }
    return error;
}

int lb_exit_worse(int a, int b)
{
    return rank(a) <= rank(b) ? a : b;
}
