/* store.h: what the parts of the ledger share: the open repository, its refs and objects. Private.
 *
 * All of libgit2 that the ledger uses goes through here, so that its errors get their codes once.
 */
#ifndef LB_LEDGER_STORE_H
#define LB_LEDGER_STORE_H

#include "ledger/ledger.h"
#include "ledger/remote.h"

#include <git2.h>

#define LB_STORE_BRANCHES "refs/heads/lifeboat" /* LB_LEDGER_BRANCH without its slash */

/* What is known of one stack's branch during this run. */
struct lb_ledger_head {
    const char *stack;
    const char *branch, *seen; /* refs/heads/lifeboat/S, refs/lifeboat/seen/S */
    char shared[LB_OID_HEX];   /* the remote's tip as last asked; "" none */
    char noticed[LB_OID_HEX];  /* `seen` as this run knows it */
    bool asked;                /* the remote was asked in this run */
};

struct lb_ledger {
    struct lb_arena *arena;
    struct lb_diags *diags;
    git_repository *repo;
    const char *git_dir;  /* the common one, of all worktrees, without a slash at the end */
    const char **remotes; /* names of all there are, as read when it was opened */
    size_t remote_count, remote_capacity;
    const char *remote; /* NULL: none, or mode LOCAL */
    bool has_remote;    /* there is one, whatever the mode */
    struct lb_ledger_options options;
    struct lb_ledger_head **heads;
    size_t head_count, head_capacity;
    const char *checkout;     /* see lb_store_checkout; NULL: not read yet */
    const char *name, *email; /* git's own identity, read once; NULL: it has none */
    bool knows_identity, has_settings;
    int hold; /* descriptor of the held file; -1: none */
};

struct lb_ledger_head *lb_store_head(struct lb_ledger *ledger, const char *stack);
struct lb_remote lb_store_remote(struct lb_ledger *ledger, const char *branch);

/* The folder that holds the file `path`; of "-" the current one. */
char *lb_store_folder(struct lb_arena *arena, const char *path);
/* The folder at or above `folder` that holds a `.git`; NULL when there is none. */
char *lb_store_work_tree(struct lb_arena *arena, const char *folder);

/* Says libgit2's last error under `code`; always -1. */
int lb_store_error(struct lb_ledger *ledger, const char *code, const char *what);

/* --- refs: "" stands for a ref that is not there -------------------------------------------------
 */
int lb_store_ref(struct lb_ledger *ledger, const char *ref, char out[LB_OID_HEX]);
/* Moves a ref from `from` to `to` if it still is at `from`. 0; 1: it is not; -1: cannot be written.
 * What a killed run left locked is freed: nothing but lifeboat writes these refs, and it does so
 * with the file lock "write" held. */
int lb_store_move(struct lb_ledger *ledger, const char *ref, const char *from, const char *to);
/* `ancestor` is `commit` or one of those before it. An ancestor that is not here is none. */
bool lb_store_descends(struct lb_ledger *ledger, const char *commit, const char *ancestor);

/* --- objects
 * -------------------------------------------------------------------------------------- */
/* The blob at a path of the commit's tree. NULL: it is not there; nothing is said. */
struct lb_source *lb_store_blob(struct lb_ledger *ledger, const char *commit, const char *path);
/* The commit that `prefix` begins; "" when it begins none, G035 and -1 when more than one. */
int lb_store_commit_named(struct lb_ledger *ledger, const char *prefix, char out[LB_OID_HEX]);

/* The commit that git's words for one mean, as `lifeboat/dr~2`; "" when they mean none. */
void lb_store_commit_said(struct lb_ledger *ledger, const char *words, char out[LB_OID_HEX]);

struct lb_store_file {
    const char *path;
    const void *bytes;
    size_t length;
};
/* A commit whose tree is that of `parent` ("" for the first) with the files put over it. */
int lb_store_commit(struct lb_ledger *ledger, const char *parent, const struct lb_store_file *files,
                    size_t count, const char *who, int64_t at, const char *message,
                    char out[LB_OID_HEX]);

/* --- objects that wait in memory (stage.c)
 * -------------------------------------------------------------------------------------- */
struct lb_stage;
/* From here on new objects of the repository are kept in memory. They can be read like all others;
 * no ref may be moved to one, and nothing pushed, before they were written and the stage has ended.
 * Every stage that was begun must be ended. */
int lb_stage_begin(struct lb_ledger *ledger, struct lb_stage **out);
/* Writes what is staged as one pack that is on the disk when this returns 0. */
int lb_stage_write(struct lb_ledger *ledger, struct lb_stage *stage);
/* Objects go to the disk again; what was not written is forgotten. */
void lb_stage_end(struct lb_ledger *ledger, struct lb_stage *stage);

/* --- files beside the refs, in GIT_DIR/lifeboat
 * ----------------------------------------------------- */
/* Opens and locks GIT_DIR/lifeboat/<name>. -1 with errno; EAGAIN: another process has it; with
 * `wait` it has had it for half a minute. The lock ends with lb_store_unlock, or with the process.
 */
int lb_store_lock(struct lb_ledger *ledger, const char *name, bool wait);
void lb_store_unlock(int fd);
/* Before the first write: libgit2 goes by the ledger's settings in this repository, and nobody
 * else's git does. They make writing faster; where they cannot be stored it is done without. */
void lb_store_settings(struct lb_ledger *ledger);
/* 16 hex digits that tell this repository's folder from its clones and copies. NULL with a
 * diagnostic. */
const char *lb_store_checkout(struct lb_ledger *ledger);
/* 16 hex digits from the system's random source. */
int lb_store_random(struct lb_ledger *ledger, char out[LB_LOCK_ID]);

/* --- entries (entry.c)
 * ------------------------------------------------------------------------------ */
struct lb_value *lb_entry_to_value(struct lb_arena *arena, const struct lb_ledger_entry *entry);
/* Strict: unknown major refused, wrong types refused. -1 with a diagnostic that names the commit.
 */
int lb_entry_from_json(struct lb_ledger *ledger, const struct lb_source *source, const char *commit,
                       struct lb_ledger_entry *out);
/* The lock after the entry, if it was `before` it: what writing sets and verifying expects. False:
 * the entry takes a lock that is held, or ends one that is not. */
bool lb_entry_lock(const struct lb_lock *before, const struct lb_ledger_entry *entry,
                   struct lb_lock *after);
bool lb_lock_equal(const struct lb_lock *a, const struct lb_lock *b);
/* Subject and trailers; `digest` is that of entry.json. */
char *lb_entry_message(struct lb_arena *arena, const struct lb_ledger_entry *entry,
                       const char *digest);
/* What the trailers say; fields that have none stay empty. The digest trailer goes to `digest`. */
void lb_entry_from_message(struct lb_arena *arena, const char *message, struct lb_ledger_entry *out,
                           const char **digest);

#endif
