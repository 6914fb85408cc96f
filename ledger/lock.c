/* lock.c: who may apply. The lock is the ledger's tail: an apply-start without its end. A file lock
 * of this repository tells a holder that lives from one that was killed here. */
#include "ledger/write.h"

#include "base/exit.h"
#include "base/time.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define STILL_HELD_S 10

int lb_ledger_lock(struct lb_ledger *ledger, const char *stack, struct lb_lock *out)
{
    struct lb_ledger_head *head = lb_store_head(ledger, stack);
    struct lb_ledger_entry entry = {0};
    char base[LB_OID_HEX];
    *out = (struct lb_lock){0};
    if (ledger->remote && head->asked)
        memcpy(base, head->shared, sizeof base);
    else if (lb_ledger_tip(ledger, stack, base) != 0)
        return -1;
    if (*base && lb_ledger_read(ledger, base, &entry) != 0)
        return -1;
    *out = entry.lock;
    return 0;
}

int lb_ledger_held(struct lb_ledger *ledger, const struct lb_lock *lock)
{
    struct lb_str text = {0};
    lb_str_printf(&text, "%s", lock->who ? lock->who : "somebody");
    if (lock->host)
        lb_str_printf(&text, " on %s", lock->host);
    if (lock->since)
        lb_str_printf(&text, " since %s", lock->since);
    if (lock->expected_until)
        lb_str_printf(&text, ", expected until %s", lock->expected_until);
    if (lock->run)
        lb_str_printf(&text, ", %s", lock->run);
    lb_diags_error(ledger->diags, "LB-G020", NULL, "lock %s: %s", lock->id, lb_str_text(&text));
    lb_str_release(&text);
    return -1;
}

static bool wait_more(const struct lb_ledger *ledger, int64_t deadline_ms)
{
    const struct timespec pause = {.tv_nsec = 250000000};
    if (lb_time_monotonic_ms() >= deadline_ms || (ledger->options.stop && *ledger->options.stop))
        return false;
    nanosleep(&pause, NULL);
    return true;
}

/* Who holds the file has the lock of the ledger too, unless it still plans. */
static int say_holder(struct lb_ledger *ledger, const char *stack)
{
    struct lb_lock lock;
    const char *checkout = lb_store_checkout(ledger);
    if (lb_ledger_lock(ledger, stack, &lock) == 0 && lock.id && lb_streq(lock.checkout, checkout))
        return lb_ledger_held(ledger, &lock);
    return lb_diags_error(ledger->diags, "LB-G020", NULL,
                          "another lifeboat applies \"%s\" in this very checkout", stack);
}

int lb_ledger_hold(struct lb_ledger *ledger, const char *stack, int64_t deadline_ms)
{
    if (ledger->hold >= 0)
        return 0;
    do
        ledger->hold = lb_store_lock(ledger, lb_arena_printf(ledger->arena, "%s.holder", stack),
                                     false);
    while (ledger->hold < 0 && errno == EAGAIN && wait_more(ledger, deadline_ms));
    if (ledger->hold >= 0)
        return 0;
    if (errno == EAGAIN)
        return say_holder(ledger, stack);
    return lb_diags_error(ledger->diags, "LB-G005", NULL, "%s/lifeboat: %s", ledger->git_dir,
                          strerror(errno));
}

bool lb_ledger_alone(const struct lb_ledger *ledger)
{
    return ledger->options.mode == LB_LEDGER_LOCAL && ledger->has_remote;
}

void lb_ledger_finishing(struct lb_ledger *ledger)
{
    ledger->options.stop = NULL;
}

void lb_ledger_unhold(struct lb_ledger *ledger)
{
    lb_store_unlock(ledger->hold);
    ledger->hold = -1;
}

bool lb_ledger_abandoned(struct lb_ledger *ledger, const struct lb_lock *lock)
{
    return lock->id && lock->checkout && ledger->hold >= 0 && !lb_ledger_alone(ledger) &&
           lb_streq(lock->checkout, lb_store_checkout(ledger));
}

bool lb_ledger_moved(struct lb_ledger *ledger, const char *stack)
{
    struct lb_ledger_head *head = lb_store_head(ledger, stack);
    char seen[LB_OID_HEX];
    return ledger->remote && lb_store_ref(ledger, head->seen, seen) == 0 &&
           !lb_streq(seen, head->noticed);
}

int lb_ledger_still_held(struct lb_ledger *ledger, const char *stack, const char *id)
{
    struct lb_diags unsaid, *said = ledger->diags;
    struct lb_lock lock;
    if (lb_ledger_alone(ledger))
        return 0; /* took no shared lock */
    /* the steps of an apply wait for the answer */
    int64_t deadline_s = ledger->options.deadline_s;
    if (deadline_s < 1 || deadline_s > STILL_HELD_S)
        ledger->options.deadline_s = STILL_HELD_S;
    lb_diags_init(&unsaid, ledger->arena);
    ledger->diags = &unsaid;
    int result = lb_ledger_refresh(ledger, stack);
    if (result == 0)
        result = lb_ledger_lock(ledger, stack, &lock);
    ledger->diags = said;
    ledger->options.deadline_s = deadline_s;
    if (result != 0) {
        /* a ledger that was rewritten is no proof of the lock */
        bool forged = lb_diags_exit(&unsaid) == LB_EXIT_VERIFY;
        if (forged)
            lb_diags_merge(said, &unsaid);
        return forged ? 1 : -1;
    }
    if (lb_streq(lock.id, id))
        return 0;
    lb_diags_error(said, "LB-G021", NULL, "lock %s; held now: %s", id, lock.id ? lock.id : "none");
    return 1;
}
