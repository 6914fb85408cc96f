/* ledger.h: every plan and apply as a commit in git, and the lock that follows from it.
 *
 * One orphan branch a stack, refs/heads/lifeboat/<stack>, in the repository that holds the spec.
 * One commit an event, always a child of the one before. Its tree:
 *
 * - entry.json: the event, canonical JSON, see struct lb_ledger_entry
 * - entry.txt: the plan or the outcome as people read it
 * - spec.yaml: the exact bytes of the spec; of a release, those of the entry before it
 * - plans/ab/cdef….json: every plan of this stack that was recorded, by its id
 *
 * Trailers of the message say the same again for `git log`. Objects and refs are written with
 * libgit2; index, work tree, HEAD, config and hooks are never touched. This layer knows git and
 * entries; it knows neither plans nor AWS.
 */
#ifndef LB_LEDGER_LEDGER_H
#define LB_LEDGER_LEDGER_H

#include "base/diag.h"
#include "base/str.h"

#include <stdint.h>

#define LB_LEDGER_FORMAT "1.0"       /* a newer minor only adds; a newer major is refused */
#define LB_LEDGER_BRANCH "lifeboat/" /* + stack, under refs/heads/ */
#define LB_LEDGER_DIGITS 7           /* the least that names a plan or a commit */
#define LB_LOCK_ID 17                /* 16 hex digits with NUL */

/* Kinds of event, from ledger/events.def. */
enum lb_lock_effect { LB_LOCK_KEEPS, LB_LOCK_OPENS, LB_LOCK_CLOSES };
struct lb_ledger_kind {
    const char *name;    /* "apply-start" */
    const char *summary; /* what it records, one line */
    enum lb_lock_effect lock;
};
const struct lb_ledger_kind *lb_ledger_kind_find(const char *name); /* NULL: not known here */
const struct lb_ledger_kind *lb_ledger_kind_nth(size_t i);          /* NULL past the end */

/* An apply that began and has not ended. */
struct lb_lock {
    const char *id; /* of the apply-start that took it, 16 hex digits; NULL: nobody holds it */
    const char *who, *host, *run;
    const char *since, *expected_until; /* RFC 3339 UTC; the second may be NULL */
    const char *plan;
    const char *checkout; /* the repository it was taken in; see lb_ledger_abandoned */
};

/* One entry. Texts come from people, CI and other machines: hostile, escaped at the sink. */
struct lb_ledger_entry {
    const char *format_version;
    const char *kind;
    int64_t seq;    /* from 1 */
    const char *id; /* 16 hex digits from the system's random source */
    const char *at; /* RFC 3339 UTC */
    const char *stack;
    const char *tool;                    /* "lifeboat 0.1.0" */
    const char *who, *host, *run;        /* run: URL of the CI run, NULL: none */
    const char *plan;                    /* plan id, 64 hex digits; NULL: none */
    const char *spec_path, *spec_digest; /* see lb_ledger_path; SHA-256 of spec.yaml */
    const char *text_digest; /* SHA-256 of entry.txt; NULL: written before it was kept */
    const char *outcome; /* "done", "partial", ...; NULL: an earlier version's start or release */
    const char *summary; /* one line, after the kind in the subject */
    const char *reason;  /* of a release */
    const char *expected_until;
    const char *checkout;
    const char *ends;     /* id of the apply-start that an apply-end or release ends */
    bool local;           /* written beside the shared ledger: neither takes nor frees its lock */
    const char *previous; /* SHA-256 of the entry.json before it; NULL for the first */
    struct lb_lock lock;  /* as it is after this entry */
    const struct lb_value *body; /* the kind's own: objects, results; NULL: none */
    char commit[41];             /* its name in git, once written or read */
};

enum lb_ledger_mode {
    LB_LEDGER_SHARED, /* with the remote, where there is one */
    LB_LEDGER_LOCAL,  /* only this repository; `history sync` shares it later */
    LB_LEDGER_NONE,
};
int lb_ledger_mode_parse(const char *name, enum lb_ledger_mode *out); /* auto, local, none */

struct lb_ledger_options {
    enum lb_ledger_mode mode;
    const char *remote; /* NULL: `origin`, or the only one there is */
    int64_t deadline_s; /* of all talk with the remote for one entry; 0: 60 */
    const volatile int *stop;
    /* True when the bytes hold a secret of this run: such an entry is refused. NULL: none known. */
    bool (*holds_secret)(void *payload, const char *text);
    void *payload;
};

struct lb_ledger;

/* The repository that `path` (a file or folder) is in. 0 with *out NULL when there is none: then
 * nothing is recorded. -1 with diagnostics when it is one that cannot be used: SHA-256, owned by
 * somebody else, damaged. */
int lb_ledger_open(struct lb_arena *arena, struct lb_diags *diags, const char *path,
                   const struct lb_ledger_options *options, struct lb_ledger **out);
/* A file's path for an entry: from the root of the work tree, the same wherever somebody stood. As
 * it is when it lies in none, or there is none. */
const char *lb_ledger_path(struct lb_ledger *ledger, const char *path);
/* The same without a ledger, for who reads a report beside the checkout: nothing but the folders is
 * looked at. NULL: it lies in no work tree, or is standard input. */
const char *lb_git_path(struct lb_arena *arena, const char *path);
void lb_ledger_close(struct lb_ledger *ledger); /* NULL is fine */
/* The remote's name; NULL: entries stay in this repository. */
const char *lb_ledger_remote(const struct lb_ledger *ledger);
/* Names of the stacks that have a ledger here (own branch or a remote's), sorted. NULL with a
 * diagnostic when the branches cannot be read. */
const char **lb_ledger_stacks(struct lb_ledger *ledger, size_t *count);
/* The same with those that the remote has, which is asked once; it brings nothing of them. NULL
 * with a diagnostic when it cannot be asked. */
const char **lb_ledger_stacks_shared(struct lb_ledger *ledger, size_t *count);
/* What a spec can call its stack, and what thus can be part of a branch's name and of files beside
 * it: other branches below lifeboat/ are other people's. */
bool lb_ledger_is_stack(const char *name);

/* --- reading (chain.c): offline ------------------------------------------------------------------
 */
/* The newest commit known here; "" when the stack has no ledger. */
int lb_ledger_tip(struct lb_ledger *ledger, const char *stack, char out[41]);
/* What the commit's message tells: kind, seq, at, who, host, run, plan, spec_digest, outcome,
 * summary. `parent` gets the commit before it ("" for the first). The texts live in `arena`. */
int lb_ledger_glance(struct lb_ledger *ledger, struct lb_arena *arena, const char *commit,
                     struct lb_ledger_entry *out, char parent[41]);
/* The whole entry, strictly read. */
int lb_ledger_read(struct lb_ledger *ledger, const char *commit, struct lb_ledger_entry *out);
/* The entry names this object, KIND.NAME (of either side) or KIND.NAME@SIDE, in its `objects`. An
 * entry that cannot be read names none. */
bool lb_ledger_names(struct lb_ledger *ledger, const char *commit, const char *address);
/* The commit is here. In a shallow clone older ones need not be. */
bool lb_ledger_shallow(struct lb_ledger *ledger);
bool lb_ledger_here(struct lb_ledger *ledger, const char *commit);
/* A file of the entry: "entry.txt", "spec.yaml". NULL with a diagnostic when it is not there. */
struct lb_source *lb_ledger_file(struct lb_ledger *ledger, const char *commit, const char *name);
/* Finds what `name` means: a plan id or its beginning (7 digits or more, as git
 * abbreviates), a commit or its beginning, or a commit as git says it from a branch of the ledger:
 * lifeboat/STACK, origin/lifeboat/STACK~2. `commit` gets the newest commit that holds it, `plan`
 * the plan's document (NULL when the entry has none). Looks at all stacks when `stack` is NULL. -1
 * with a diagnostic when nothing or more than one thing has this name. */
int lb_ledger_find(struct lb_ledger *ledger, const char *stack, const char *name, char commit[41],
                   struct lb_source **plan);

/* A plan of the stack whose id begins so is recorded. */
bool lb_ledger_has(struct lb_ledger *ledger, const char *stack, const char *id);

/* --- writing (write.c)
 * ----------------------------------------------------------------------------- */
struct lb_ledger_draft {
    struct lb_ledger_entry
        entry; /* kind, stack, tool, who... ; seq, id, at, previous, lock are filled in */
    const struct lb_str *text; /* entry.txt */
    const char *spec;          /* bytes; NULL: that of the entry before it */
    size_t spec_length;
    const struct lb_value *document; /* the plan, for entry.plan; NULL: recorded before, or none */
};
/* Brings the news of the remote, if there is one. A branch that was rewound or rewritten since it
 * was seen last, or is gone, is an alarm: -1. */
int lb_ledger_refresh(struct lb_ledger *ledger, const char *stack);
/* The lock as far as it is known here; refresh first. lock->id is NULL when it is free. */
int lb_ledger_lock(struct lb_ledger *ledger, const char *stack, struct lb_lock *out);
/* Writes the entry as the child of the newest one and shares it; tries again while others are
 * faster. 1, and nothing is said: the kind opens the lock, and written->lock holds it. One that
 * closes it fails when `ends` is not the lock that is held. On success `written` is the whole
 * entry. */
int lb_ledger_append(struct lb_ledger *ledger, const struct lb_ledger_draft *draft,
                     struct lb_ledger_entry *written);
/* The same for the entries of a fleet, of a kind that leaves the lock alone, whose objects are
 * written together (batch.c). One that fails keeps none of the others back: its `written` has an
 * empty `commit`. -1 when any failed. */
int lb_ledger_append_all(struct lb_ledger *ledger, const struct lb_ledger_draft *drafts,
                         size_t count, struct lb_ledger_entry *written);
/* Writes it in this repository only, after append failed for the sake of the remote: sync shares
 * it. */
int lb_ledger_keep(struct lb_ledger *ledger, const struct lb_ledger_draft *draft,
                   struct lb_ledger_entry *written);
/* Shares the entries that were written with mode LOCAL. *shared: how many. */
int lb_ledger_sync(struct lb_ledger *ledger, const char *stack, size_t *shared);

/* --- the lock (lock.c)
 * ------------------------------------------------------------------------------ */
/* Holds a file lock of this repository for as long as the process lives, so that a lock in the
 * ledger whose process has died can be told from one that is held; 0 when it is held already. -1
 * (LB-G020): another process of this checkout holds it, and did so until the deadline
 * (lb_time_monotonic_ms). */
int lb_ledger_hold(struct lb_ledger *ledger, const char *stack, int64_t deadline_ms);
void lb_ledger_unhold(struct lb_ledger *ledger);
/* The lock was taken in this very repository by a process that has ended. */
bool lb_ledger_abandoned(struct lb_ledger *ledger, const struct lb_lock *lock);
/* Says LB-G020: who holds it, where, since when. Always -1. */
int lb_ledger_held(struct lb_ledger *ledger, const struct lb_lock *lock);
/* Entries are written without the remote that there is: the shared lock binds nobody here. */
bool lb_ledger_alone(const struct lb_ledger *ledger);
/* From here on a first interrupt does not end the talk with the remote: an end must be recorded. */
void lb_ledger_finishing(struct lb_ledger *ledger);
/* Another process of this checkout has seen news of the stack since they were asked for here. Reads
 * one ref: it can be asked at every call. */
bool lb_ledger_moved(struct lb_ledger *ledger, const char *stack);
/* Is `id` still the lock? Asks the remote, where there is one, for 10 s at most. 0: yes; 1: no, it
 * was broken (LB-G021); -1: the remote could not be asked. */
int lb_ledger_still_held(struct lb_ledger *ledger, const char *stack, const char *id);

/* --- proof (verify.c)
 * ------------------------------------------------------------------------------- */
struct lb_ledger_proof {
    size_t entries, plans;
    char tip[41];
};
/* Walks the whole chain: one parent each, seq without gaps, digests of the entry before, of the
 * spec and of the plan, trailers equal to the entry, the lock as it follows from the events, and
 * what was seen here before is still part of it. Each fault is a diagnostic. `check_plan` tells
 * whether a plan document has the id it claims; NULL: not asked. */
int lb_ledger_verify(struct lb_ledger *ledger, const char *stack,
                     bool (*check_plan)(void *payload, const struct lb_source *document,
                                        const char *id),
                     void *payload, struct lb_ledger_proof *out);

#endif
