/* verify.c: is the ledger what lifeboat wrote, all of it? Git's own names bind each commit to those
 * before it; what is checked here is that the entries agree with one another, with their files and
 * with what was seen of the branch before. */
#include "ledger/store.h"

#include "base/digest.h"

#include <stdio.h>
#include <string.h>

struct walk {
    struct lb_ledger *ledger;
    bool (*check_plan)(void *payload, const struct lb_source *document, const char *id);
    void *payload;
    struct lb_ledger_proof *proof;
};

static void fault(struct walk *walk, const char *commit, const char *what)
{
    lb_diags_error(walk->ledger->diags, "LB-G032", NULL, "%.12s: %s", commit, what);
}

static void sha256(const struct lb_source *source, char out[LB_SHA256_HEX])
{
    lb_sha256_hex(source->text, source->length, out);
}

/* --- one entry by itself
 * ------------------------------------------------------------------------------------- */

static void check_message(struct walk *walk, const git_commit *commit,
                          const struct lb_ledger_entry *entry, const struct lb_source *json)
{
    char digest[LB_SHA256_HEX];
    sha256(json, digest);
    const char *expected = lb_entry_message(walk->ledger->arena, entry, digest);
    if (!lb_streq(expected, git_commit_message(commit)))
        fault(walk, entry->commit, "the message of the commit does not say what its entry says");
}

static char *plan_path(struct walk *walk, const struct lb_ledger_entry *entry)
{
    return lb_arena_printf(walk->ledger->arena, "plans/%.2s/%s.json", entry->plan,
                           strlen(entry->plan) > 2 ? entry->plan + 2 : "");
}

/* `wanted` NULL: the entry does not say. */
static void check_file(struct walk *walk, const struct lb_ledger_entry *entry, const char *name,
                       const char *wanted)
{
    char digest[LB_SHA256_HEX] = "", words[64];
    struct lb_source *file = lb_store_blob(walk->ledger, entry->commit, name);
    if (file)
        sha256(file, digest);
    snprintf(words, sizeof words, "%s is not the one that the entry names", name);
    if (wanted && !lb_streq(wanted, digest))
        fault(walk, entry->commit, words);
}

static void check_files(struct walk *walk, const struct lb_ledger_entry *entry)
{
    check_file(walk, entry, "entry.txt", entry->text_digest);
    check_file(walk, entry, "spec.yaml", entry->spec_digest);
    if (!entry->plan)
        return;
    struct lb_source *plan = lb_store_blob(walk->ledger, entry->commit, plan_path(walk, entry));
    if (!plan)
        fault(walk, entry->commit, "the plan that the entry names is not there");
    else if (walk->check_plan && !walk->check_plan(walk->payload, plan, entry->plan))
        fault(walk, entry->commit, "the plan is not the one that its id stands for");
    walk->proof->plans += lb_streq(entry->kind, "plan");
}

/* --- an entry and the one before it
 * ---------------------------------------------------------------------------- */

static void check_lock(struct walk *walk, const struct lb_lock *before,
                       const struct lb_ledger_entry *entry)
{
    struct lb_lock after;
    if (!lb_entry_lock(before, entry, &after))
        fault(walk, entry->commit,
              before->id ? "it takes a lock that another apply holds, or ends another lock"
                         : "it ends a lock that is not held");
    if (!lb_lock_equal(&after, &entry->lock))
        fault(walk, entry->commit, "the lock it states does not follow from the events");
}

/* What an entry may put into the tree of the one before it; all else stays as it was. */
static bool may_change(struct walk *walk, const struct lb_ledger_entry *entry,
                       const git_diff_delta *delta)
{
    const char *path = delta->new_file.path;
    bool added = delta->status == GIT_DELTA_ADDED;
    if (delta->new_file.mode != GIT_FILEMODE_BLOB ||
        (!added && delta->status != GIT_DELTA_MODIFIED))
        return false;
    if (lb_streq(path, "entry.json") || lb_streq(path, "entry.txt"))
        return true;
    if (lb_streq(path, "spec.yaml"))
        return entry->spec_digest != NULL;
    return added && entry->plan && lb_streq(path, plan_path(walk, entry));
}

static void check_growth(struct walk *walk, git_commit *before, git_commit *after,
                         const struct lb_ledger_entry *entry)
{
    git_tree *old = NULL, *new = NULL;
    git_diff *diff = NULL;
    if (git_commit_tree(&old, before) == 0 && git_commit_tree(&new, after) == 0 &&
        git_diff_tree_to_tree(&diff, walk->ledger->repo, old, new, NULL) == 0)
        for (size_t i = 0; i < git_diff_num_deltas(diff); i++)
            if (!may_change(walk, entry, git_diff_get_delta(diff, i)))
                fault(walk, entry->commit,
                      git_diff_get_delta(diff, i)->status == GIT_DELTA_DELETED
                          ? "a file of an earlier entry is gone"
                          : "it changes or adds a file that is not its own");
    if (!diff)
        lb_store_error(walk->ledger, "LB-G004", entry->commit);
    git_diff_free(diff);
    git_tree_free(new);
    git_tree_free(old);
}

static void check_follows(struct walk *walk, git_commit *commit, git_commit *parent,
                          const struct lb_ledger_entry *entry)
{
    struct lb_ledger_entry before;
    char name[LB_OID_HEX], digest[LB_SHA256_HEX];
    git_oid_tostr(name, sizeof name, git_commit_id(parent));
    struct lb_source *json = lb_ledger_file(walk->ledger, name, "entry.json");
    if (!json || lb_entry_from_json(walk->ledger, json, name, &before) != 0)
        return;
    sha256(json, digest);
    if (entry->seq != before.seq + 1)
        fault(walk, entry->commit, "its number does not follow the one before it");
    if (!lb_streq(entry->previous, digest))
        fault(walk, entry->commit, "the entry before it is not the one that it names");
    if (!lb_streq(entry->stack, before.stack))
        fault(walk, entry->commit, "it belongs to another stack");
    check_lock(walk, &before.lock, entry);
    check_growth(walk, parent, commit, entry);
}

static void check_first(struct walk *walk, const struct lb_ledger_entry *entry)
{
    static const struct lb_lock none;
    if (entry->seq != 1 || entry->previous)
        fault(walk, entry->commit, "entries before it are missing");
    check_lock(walk, &none, entry);
}

/* --- the chain
 * ------------------------------------------------------------------------------------------------
 */

/* Checks one commit and goes to its parent; NULL at the end. */
static git_commit *step(struct walk *walk, git_commit *commit)
{
    struct lb_ledger *ledger = walk->ledger;
    struct lb_ledger_entry entry;
    char name[LB_OID_HEX];
    git_commit *parent = NULL;
    git_oid_tostr(name, sizeof name, git_commit_id(commit));
    struct lb_source *json = lb_ledger_file(ledger, name, "entry.json");
    if (git_commit_parentcount(commit) > 1)
        fault(walk, name, "a merge");
    if (git_commit_parentcount(commit) && git_commit_parent(&parent, commit, 0) != 0)
        lb_store_error(ledger, "LB-G004", "the ledger is not here as a whole");
    if (!json || lb_entry_from_json(ledger, json, name, &entry) != 0)
        return parent;
    walk->proof->entries++;
    check_message(walk, commit, &entry, json);
    check_files(walk, &entry);
    if (parent)
        check_follows(walk, commit, parent, &entry);
    else if (!git_commit_parentcount(commit))
        check_first(walk, &entry);
    return parent;
}

static int check_seen(struct lb_ledger *ledger, const char *stack, const char *tip)
{
    char seen[LB_OID_HEX];
    if (lb_store_ref(ledger, lb_store_head(ledger, stack)->seen, seen) != 0)
        return -1;
    if (!*seen || lb_store_descends(ledger, tip, seen))
        return 0;
    return lb_diags_error(ledger->diags, "LB-G030", NULL,
                          "%.12s was seen before and is not in the history of %.12s", seen, tip);
}

int lb_ledger_verify(struct lb_ledger *ledger, const char *stack,
                     bool (*check_plan)(void *payload, const struct lb_source *document,
                                        const char *id),
                     void *payload, struct lb_ledger_proof *out)
{
    struct walk walk = {ledger, check_plan, payload, out};
    struct lb_arena *arena = ledger->arena;
    size_t errors = ledger->diags->errors;
    git_oid oid;
    git_commit *commit = NULL;
    *out = (struct lb_ledger_proof){0};
    if (lb_ledger_tip(ledger, stack, out->tip) != 0)
        return -1;
    if (!*out->tip)
        return lb_diags_error(ledger->diags, "LB-G034", NULL, "\"%s\"", stack);
    check_seen(ledger, stack, out->tip); /* said; the walk may say where it parts */
    if (git_oid_fromstr(&oid, out->tip) != 0 || git_commit_lookup(&commit, ledger->repo, &oid) != 0)
        return lb_store_error(ledger, "LB-G004", out->tip);
    while (commit) {
        ledger->arena = lb_arena_new(); /* an entry may be large, and there may be many */
        git_commit *parent = step(&walk, commit);
        lb_arena_free(ledger->arena);
        ledger->arena = arena;
        git_commit_free(commit);
        commit = parent;
    }
    return ledger->diags->errors > errors ? -1 : 0;
}
