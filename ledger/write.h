/* write.h: what append, batch and sync share. Private. */
#ifndef LB_LEDGER_WRITE_H
#define LB_LEDGER_WRITE_H

#include "ledger/store.h"

#define LB_WRITE_FILES_MAX 4 /* entry.json and those of a draft */

/* One question for the remote's tips of all. Heads that are known then are `asked`. -1: there was
 * no answer, and a diagnostic. */
int lb_write_ask_all(struct lb_ledger *ledger, struct lb_ledger_head *const *heads, size_t count);
/* The remote has `tip` of it; the branch here follows if it holds nothing of its own. */
int lb_write_remember(struct lb_ledger *ledger, struct lb_ledger_head *head, const char *tip);
/* Entries that were written here alone go first: with a remote, shares them. */
int lb_write_settle(struct lb_ledger *ledger, struct lb_ledger_head *head);
/* The files of a draft, entry.json not among them; the bytes of its plan are in `document`, to be
 * released. Returns how many. */
size_t lb_write_files(struct lb_ledger *ledger, const struct lb_ledger_draft *draft,
                      struct lb_store_file *files, struct lb_str *document);
/* The draft's entry with an id and the time, and what else does not depend on its place. */
int lb_write_complete(struct lb_ledger *ledger, const struct lb_ledger_draft *draft,
                      struct lb_ledger_entry *entry);
/* The newest entry, whose child comes next; "" when there is none. */
int lb_write_base(struct lb_ledger *ledger, struct lb_ledger_head *head, char out[LB_OID_HEX]);
/* Writes `entry` as the child of `base`, with files over those of its parent: seq, previous, lock
 * and commit are set. 1, and nothing is said: it would take a lock that is held, entry->lock. */
int lb_write_commit(struct lb_ledger *ledger, const char *base, struct lb_ledger_entry *entry,
                    const struct lb_store_file *files, size_t count);
/* 0: it is the newest entry now; 1: somebody else's is; -1 with a diagnostic. */
int lb_write_publish(struct lb_ledger *ledger, struct lb_ledger_head *head, const char *base,
                     const char *commit);
/* Waits a random while before the next attempt; -1 when the time is over. */
int lb_write_pause(struct lb_ledger *ledger, size_t attempt, int64_t deadline_ms);
int64_t lb_write_deadline(const struct lb_ledger *ledger);

#endif
