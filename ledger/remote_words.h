/* remote_words.h: what git's words mean. Private to remote.c.
 *
 * git tells failures apart by text only; its own lines are stable under LC_ALL=C. What the server
 * said ("remote: ...") is hostile: it is quoted, and decides nothing but why a ref was refused.
 */
#ifndef LB_LEDGER_REMOTE_WORDS_H
#define LB_LEDGER_REMOTE_WORDS_H

#include "base/str.h"
#include "ledger/remote.h"

/* Of a command that failed, by its standard error: DENIED, UNREACHABLE or FAILED. */
enum lb_remote_status lb_remote_words_read(const char *err);
/* Of a push, by the lines of --porcelain that concern `branch`: the worst of them. `reason` gets
 * the words in brackets, "pre-receive hook declined". False when no line tells. */
bool lb_remote_words_push(const char *porcelain, const char *err, const char *branch,
                          enum lb_remote_status *status, struct lb_str *reason);
/* The lines of `err` that say something, joined, at most about a kilobyte, without the user and
 * password of addresses. Not escaped: that is for the sink. */
void lb_remote_words_quote(struct lb_str *out, const char *err);

#endif
