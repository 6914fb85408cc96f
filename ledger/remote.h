/* remote.h: a branch on a git server. Private to the ledger.
 *
 * libgit2 1.5 can neither push from a shallow clone nor time out, knows no credential helper, and
 * reports a refused push as success; so fetch and push run the `git` program inside the repository,
 * where the user's own credentials, proxies and ssh settings resolve. A plain push of a child
 * commit, never forced, is the compare-and-swap. Needs git 2.31. Nothing of the checkout is
 * touched: no ref, also none that the remote's settings let follow the branch, no FETCH_HEAD, no
 * hook, no tag, no index, no maintenance; objects are all that arrives. So nothing is left locked
 * when git is killed, but the boundary of a clone whose ledger is `cut`.
 */
#ifndef LB_LEDGER_REMOTE_H
#define LB_LEDGER_REMOTE_H

#include "base/diag.h"

#include <stdint.h>

#define LB_OID_HEX 41 /* a SHA-1 name with NUL */

struct lb_remote {
    const char *git_dir;   /* of the repository, absolute; may be bare, or that of a worktree */
    const char *directory; /* where relative addresses of remotes begin: the work tree's top, or
                              NULL: git_dir, as git has it for a bare repository */
    const char *name;      /* "origin" */
    const char *branch;    /* "refs/heads/lifeboat/search-dr" */
    bool cut;              /* fetch: the branch here ends at the boundary of a shallow clone */
    int64_t deadline_s;    /* of one operation; 1 to 60, anything else is 60 */
    const volatile int *stop;
};

/* All but OK and LOST come with one diagnostic, LB-G010 to LB-G014, that holds what the remote
 * said: without addresses' user and password, escaped, and cut to a few lines. */
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
struct lb_remote_tip {
    const char *branch; /* "refs/heads/lifeboat/search-dr" */
    char commit[LB_OID_HEX];
};
/* The server's branches below `remote->branch` ("refs/heads/lifeboat"), as it spells and sorts
 * them; they live in the arena of `diags`. */
enum lb_remote_status lb_remote_below(const struct lb_remote *remote, struct lb_diags *diags,
                                      struct lb_remote_tip **out, size_t *count);
/* Brings the branch's commits, trees and blobs into the repository, all its history (see
 * `cut`), also into a shallow or partial clone, whose boundary for other branches stays. No ref is
 * written. A branch that is not there brings nothing, and is OK. */
enum lb_remote_status lb_remote_fetch(const struct lb_remote *remote, struct lb_diags *diags);
/* Makes `commit` the branch's tip on the server if that only adds to it, or if it is that already.
 * LOST says nothing to `diags`: it is for the caller to try again. After UNREACHABLE and FAILED ask
 * for the tip: the commit may be on the branch, and others may have built on it. A branch that was
 * deleted meanwhile comes into being again. */
enum lb_remote_status lb_remote_push(const struct lb_remote *remote, struct lb_diags *diags,
                                     const char *commit);
/* The same of several branches, LB_REMOTE_PUSH_MAX at most, with one talk; `remote->branch` counts
 * for nothing. OK: all were taken. LOST, and nothing is said: not all were; pushing each of them
 * alone tells which, and those that were taken are taken again. */
#define LB_REMOTE_PUSH_MAX 64
enum lb_remote_status lb_remote_push_all(const struct lb_remote *remote, struct lb_diags *diags,
                                         const struct lb_remote_tip *tips, size_t count);

#endif
