/* ledger.c: the ledger as `apply` uses it, without an apply, for ledger_races.py and
 * ledger_kills.py.
 *
 *     torture_ledger lock PATH ROUNDS PAUSE_MS   takes and frees the lock of "dr" ROUNDS times
 *     torture_ledger once PATH                   once, as apply does: frees the lock of a dead one
 *
 * Prints "KIND COMMIT ID" for each entry that was written, "lost N" at the end (rounds in which
 * another held the lock), and the diagnostics. Exit 1: something was not written.
 */
#include "ledger/ledger.h"
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STACK "dr"
#define HOLD_MOST_MS 20
#define WAIT_FOR_HOLDER_MS 5000

static struct {
    struct lb_arena *arena;
    struct lb_diags diags;
    struct lb_ledger *ledger;
} run;

static void pause_up_to(long most_ms)
{
    long ms = most_ms ? random() % (most_ms + 1) : 0;
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

/* As lb_ledger_append. */
static int add(const char *kind, const char *ends, struct lb_ledger_entry *written)
{
    struct lb_str text = {0};
    lb_str_printf(&text, "%s by process %ld\n", kind, (long)getpid());
    struct lb_ledger_draft draft = {.entry = {.kind = kind,
                                              .stack = STACK,
                                              .tool = "lifeboat 0",
                                              .who = "ann",
                                              .host = "h",
                                              .summary = "1 to create",
                                              .ends = ends},
                                    .text = &text};
    int result = lb_ledger_append(run.ledger, &draft, written);
    if (result == 0) {
        printf("%s %s %s\n", kind, written->commit, written->id);
        fflush(stdout);
    }
    lb_str_release(&text);
    return result;
}

static int take_turns(long rounds, long pause_ms)
{
    struct lb_ledger_entry start, end;
    long lost = 0;
    for (long won = 0; won < rounds;) {
        if (lb_ledger_refresh(run.ledger, STACK) != 0)
            return -1;
        int result = add("apply-start", NULL, &start);
        if (result < 0)
            return -1;
        lost += result;
        pause_up_to(result ? pause_ms : HOLD_MOST_MS);
        if (result == 0 && add("apply-end", start.id, &end) != 0)
            return -1;
        won += result == 0;
    }
    printf("lost %ld\n", lost);
    return 0;
}

static int once(void)
{
    struct lb_ledger_entry written;
    struct lb_lock lock;
    size_t shared;
    if (lb_ledger_hold(run.ledger, STACK, lb_time_monotonic_ms() + WAIT_FOR_HOLDER_MS) != 0 ||
        (lb_ledger_remote(run.ledger) && lb_ledger_sync(run.ledger, STACK, &shared) != 0) ||
        lb_ledger_lock(run.ledger, STACK, &lock) != 0)
        return -1;
    if (lb_ledger_abandoned(run.ledger, &lock) && add("release", lock.id, &written) != 0)
        return -1;
    if (add("apply-start", NULL, &written) != 0)
        return -1;
    const char *id = written.id;
    return add("apply-end", id, &written);
}

int main(int argc, char **argv)
{
    bool turns = argc == 5 && strcmp(argv[1], "lock") == 0;
    if (!turns && !(argc == 3 && strcmp(argv[1], "once") == 0))
        return 64;
    const struct lb_ledger_options options = {.mode = LB_LEDGER_SHARED, .deadline_s = 60};
    srandom((unsigned)getpid());
    run.arena = lb_arena_new();
    lb_diags_init(&run.diags, run.arena);
    int result = lb_ledger_open(run.arena, &run.diags, argv[2], &options, &run.ledger);
    if (result == 0 && !run.ledger)
        result = -1;
    if (result == 0)
        result = turns ? take_turns(strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10)) : once();
    for (size_t i = 0; i < run.diags.count; i++)
        printf("said %s %s\n", run.diags.items[i].code, run.diags.items[i].detail);
    lb_arena_free(run.arena);
    return result == 0 ? 0 : 1;
}
