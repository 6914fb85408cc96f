/* sync.c: sharing what was written while the remote was left out. Entries that somebody else's came
 * before are written again as children of those: their content and time stay, their place in the
 * chain is new. */
#include "ledger/write.h"

#include <string.h>

#define OWN_MAX 100000

/* The commits of the branch here that the remote's does not have, oldest first. -1: too many. */
static int own_commits(struct lb_ledger *ledger, const struct lb_ledger_head *head, const char *own,
                       char (**out)[LB_OID_HEX], size_t *count)
{
    struct lb_arena *arena = ledger->arena;
    size_t capacity = 0;
    char at[LB_OID_HEX], parent[LB_OID_HEX];
    struct lb_ledger_entry entry;
    *out = NULL;
    *count = 0;
    memcpy(at, own, sizeof at);
    while (*at && *count < OWN_MAX && !lb_store_descends(ledger, head->shared, at)) {
        *out = lb_arena_grow(arena, *out, *count, *count + 1, sizeof **out, &capacity);
        memcpy((*out)[(*count)++], at, LB_OID_HEX);
        if (lb_ledger_glance(ledger, arena, at, &entry, parent) != 0)
            return -1;
        memcpy(at, parent, sizeof at);
    }
    for (size_t i = 0; i < *count / 2; i++) {
        memcpy(at, (*out)[i], sizeof at);
        memcpy((*out)[i], (*out)[*count - 1 - i], sizeof at);
        memcpy((*out)[*count - 1 - i], at, sizeof at);
    }
    return 0;
}

/* An end whose start others have seen still ends it; everything else happened beside what they did.
 */
static bool ends_held(struct lb_ledger *ledger, const char *base,
                      const struct lb_ledger_entry *entry)
{
    const struct lb_ledger_kind *kind = lb_ledger_kind_find(entry->kind);
    struct lb_ledger_entry before;
    return kind && kind->lock == LB_LOCK_CLOSES && lb_ledger_read(ledger, base, &before) == 0 &&
           lb_streq(before.lock.id, entry->ends);
}

static int write_again(struct lb_ledger *ledger, const char *commit, char base[LB_OID_HEX])
{
    struct lb_ledger_entry entry;
    struct lb_store_file files[3];
    size_t count = 0;
    if (lb_ledger_read(ledger, commit, &entry) != 0)
        return -1;
    char *plan = entry.plan ? lb_arena_printf(ledger->arena, "plans/%.2s/%s.json", entry.plan,
                                              entry.plan + 2)
                            : NULL;
    const char *const paths[] = {"entry.txt", "spec.yaml", plan};
    for (size_t i = 0; i < 3; i++) {
        struct lb_source *source = paths[i] ? lb_store_blob(ledger, commit, paths[i]) : NULL;
        if (source)
            files[count++] = (struct lb_store_file){paths[i], source->text, source->length};
    }
    entry.local = entry.local || !ends_held(ledger, base, &entry);
    if (lb_write_commit(ledger, base, &entry, files, count) != 0)
        return -1;
    memcpy(base, entry.commit, LB_OID_HEX);
    return 0;
}

static int rebuild(struct lb_ledger *ledger, const struct lb_ledger_head *head, const char *own,
                   char out[LB_OID_HEX], size_t *count)
{
    char(*commits)[LB_OID_HEX];
    if (own_commits(ledger, head, own, &commits, count) != 0)
        return -1;
    memcpy(out, own, LB_OID_HEX);
    if (!*head->shared || lb_store_descends(ledger, own, head->shared))
        return 0;
    memcpy(out, head->shared, LB_OID_HEX);
    for (size_t i = 0; i < *count; i++)
        if (write_again(ledger, commits[i], out) != 0)
            return -1;
    return 0;
}

int lb_ledger_sync(struct lb_ledger *ledger, const char *stack, size_t *shared)
{
    struct lb_ledger_head *head = lb_store_head(ledger, stack);
    int64_t deadline_ms = lb_write_deadline(ledger);
    char own[LB_OID_HEX], tip[LB_OID_HEX];
    *shared = 0;
    if (!ledger->remote)
        return lb_diags_error(ledger->diags, "LB-G014", NULL, "this repository has no remote");
    for (size_t attempt = 0;; attempt++) {
        if ((attempt && lb_write_pause(ledger, attempt, deadline_ms) != 0) ||
            lb_ledger_refresh(ledger, stack) != 0 || lb_store_ref(ledger, head->branch, own) != 0)
            return -1;
        if (!*own || (*head->shared && lb_store_descends(ledger, head->shared, own)))
            return 0;
        if (rebuild(ledger, head, own, tip, shared) != 0)
            return -1;
        int result = lb_write_publish(ledger, head, head->shared, tip);
        if (result < 0)
            return -1;
        if (result == 0)
            return lb_streq(own, tip) || lb_store_move(ledger, head->branch, own, tip) >= 0 ? 0
                                                                                            : -1;
    }
}
