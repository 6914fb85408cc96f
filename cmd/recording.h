/* recording.h: what plan and apply leave in the ledger, and how apply keeps its lock. A NULL
 * recording stands for "nothing is recorded": every function takes it. */
#ifndef LB_CMD_RECORDING_H
#define LB_CMD_RECORDING_H

#include "cmd/cli.h"
#include "ledger/ledger.h"

struct lb_recording;

/* Opens the ledger of the repository that `path` is in, as --ledger and LIFEBOAT_LEDGER say. *out
 * is NULL with --ledger none, and outside any repository, which is said. One that *out holds
 * already is used again for a path in the same folder. The exit code. */
int lb_recording_open(struct lb_cli *cli, const char *path, struct lb_recording **out);
/* The same over a ledger that is open already. */
struct lb_recording *lb_recording_of(struct lb_cli *cli, struct lb_ledger *ledger);
struct lb_ledger *lb_recording_ledger(struct lb_recording *recording);
/* The mode that --ledger and LIFEBOAT_LEDGER ask for. -1 with a diagnostic. */
int lb_recording_options(struct lb_cli *cli, struct lb_ledger_options *out);

/* One entry `plan` for each of a fleet. 0 or the exit code. */
int lb_recording_plans(struct lb_recording *recording, struct lb_stack *const *stacks,
                       const struct lb_plan *plans, size_t count);

/* Before an apply reads anything: brings the ledger's news and sees that nobody holds the lock;
 * waits for it as long as --lock-timeout allows. What an apply that was killed in this checkout
 * left is released. 0 or the exit code. */
int lb_recording_prepare(struct lb_recording *recording, const struct lb_stack *stack);
#define LB_RECORDING_AGAIN (-2)
/* Takes the lock: from here on others are kept out. Exit 4 when another apply ran since prepare.
 * LB_RECORDING_AGAIN: another took it meanwhile, and --lock-timeout allows to wait: prepare and
 * plan again. */
int lb_recording_begin(struct lb_recording *recording, const struct lb_stack *stack,
                       const struct lb_plan *plan);
/* Is the lock still ours? For lb_apply_options.may_send. */
bool lb_recording_holds(void *recording);
/* Records the outcome, and frees the lock with it. Returns `code`, or what is worse. */
int lb_recording_end(struct lb_recording *recording, const struct lb_plan *plan,
                     const struct lb_apply_result *result, const char *text, int code);

/* Takes the lock of a stack away from who holds it: an entry `release` with the reason and who gave
 * it. 0 or the exit code. */
int lb_recording_release(struct lb_recording *recording, const char *stack,
                         const struct lb_lock *lock, const char *reason);

#endif
