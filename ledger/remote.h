/* remote.h: a branch on a git server. Private to the ledger.
 *
 * libgit2 1.5 can neither push from a shallow clone nor time out, knows no credential helper, and
 * reports a refused push as success; so fetch and push run the `git` program inside the repository,
 * where the user's own credentials, proxies and ssh settings resolve. A plain push of a child
 * commit, never forced, is the compare-and-swap. Nothing of the checkout is touched: no ref, no
 * FETCH_HEAD, no hook, no tag, no index, no maintenance; objects are all that arrives.
 */
#ifndef LB_LEDGER_REMOTE_H
#define LB_LEDGER_REMOTE_H

#include "base/diag.h"

#include <stdint.h>

#define LB_OID_HEX 41 /* a SHA-1 name with NUL */

struct lb_remote {
    const char *git_dir; /* of the repository, absolute; may be bare */
    const char *name;    /* "origin" */
    const char *branch;  /* "refs/heads/lifeboat/search-dr" */
    int64_t deadline_s;  /* of one operation; at most 60 */
    const volatile int *stop;
};

enum lb_remote_status {
    LB_REMOTE_OK,
    LB_REMOTE_LOST,        /* push: somebody else was first; fetch, and build a new child */
    LB_REMOTE_REFUSED,     /* the server's rule or hook says no; trying again is no use */
    LB_REMOTE_DENIED,      /* credentials are missing or do not suffice */
    LB_REMOTE_UNREACHABLE, /* no answer, no name, no route, or the deadline passed: a push may have
                              landed all the same */
    LB_REMOTE_NO_GIT,      /* the git program is not installed */
    LB_REMOTE_FAILED,      /* anything else: not a repository, damaged, out of space */
};

/* The branch's tip on the server: "" when there is no such branch. */
enum lb_remote_status lb_remote_tip(const struct lb_remote *remote, struct lb_diags *diags,
                                    char out[LB_OID_HEX]);
/* Brings the branch's commits, trees and blobs into the repository, all its history, also into a
 * shallow clone. No ref is written. */
enum lb_remote_status lb_remote_fetch(const struct lb_remote *remote, struct lb_diags *diags);
/* Makes `commit` the branch's tip on the server if that only adds to it. LOST says nothing to
 * `diags`: it is for the caller to try again. */
enum lb_remote_status lb_remote_push(const struct lb_remote *remote, struct lb_diags *diags,
                                     const char *commit);

#endif
