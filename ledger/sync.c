/* sync.c: sharing what was written while the remote was left out. Entries that somebody else's came
 * before are written again as children of those: their content and time stay, their place in the
 * chain is new. */
#include "ledger/write.h"

#include <string.h>

/* Ids of the remote's entries that are not in the branch here. What a run shared that was killed
 * before it could let the branch here follow is among them, under other commits. */
static int foreign_ids(struct lb_ledger *ledger, const struct lb_ledger_head *head, const char *own,
                       struct lb_value **out)
{
    char at[LB_OID_HEX], parent[LB_OID_HEX];
    struct lb_ledger_entry entry;
    *out = lb_value_map(ledger->arena);
    memcpy(at, head->shared, sizeof at);
    while (*at && !lb_store_descends(ledger, own, at)) {
        if (lb_ledger_glance(ledger, ledger->arena, at, &entry, parent) != 0)
            return -1;
        if (entry.id)
            lb_map_set_bool(ledger->arena, *out, entry.id, true);
        memcpy(at, parent, sizeof at);
    }
    return 0;
}

/* The entries of the branch here that the remote does not have, oldest first. */
static int own_commits(struct lb_ledger *ledger, const struct lb_ledger_head *head, const char *own,
                       char (**out)[LB_OID_HEX], size_t *count)
{
    struct lb_arena *arena = ledger->arena;
    size_t capacity = 0;
    char at[LB_OID_HEX], parent[LB_OID_HEX];
    struct lb_ledger_entry entry;
    struct lb_value *foreign;
    *out = NULL;
    *count = 0;
    if (foreign_ids(ledger, head, own, &foreign) != 0)
        return -1;
    for (memcpy(at, own, sizeof at); *at && !lb_store_descends(ledger, head->shared, at);
         memcpy(at, parent, sizeof at)) {
        if (lb_ledger_glance(ledger, arena, at, &entry, parent) != 0)
            return -1;
        if (entry.id && lb_map_get(foreign, entry.id))
            continue;
        *out = lb_arena_grow(arena, *out, *count, *count + 1, sizeof **out, &capacity);
        memcpy((*out)[(*count)++], at, LB_OID_HEX);
    }
    for (size_t i = 0; i < *count / 2; i++) {
        memcpy(at, (*out)[i], sizeof at);
        memcpy((*out)[i], (*out)[*count - 1 - i], sizeof at);
        memcpy((*out)[*count - 1 - i], at, sizeof at);
    }
    return 0;
}

/* An end whose start others have seen still ends it; what else would take or free a lock happened
 * beside what they did. */
static bool acts(struct lb_ledger *ledger, const char *base, const struct lb_ledger_entry *entry)
{
    const struct lb_ledger_kind *kind = lb_ledger_kind_find(entry->kind);
    struct lb_ledger_entry before;
    if (!kind || kind->lock == LB_LOCK_KEEPS)
        return true;
    return kind->lock == LB_LOCK_CLOSES && lb_ledger_read(ledger, base, &before) == 0 &&
           before.lock.id && lb_streq(before.lock.id, entry->ends);
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
    /* ends of earlier versions have no spec: in their tree is that of whatever came before */
    const char *const paths[] = {"entry.txt", entry.spec_digest ? "spec.yaml" : NULL, plan};
    for (size_t i = 0; i < 3; i++) {
        struct lb_source *source = paths[i] ? lb_store_blob(ledger, commit, paths[i]) : NULL;
        if (source)
            files[count++] = (struct lb_store_file){paths[i], source->text, source->length};
    }
    entry.local = entry.local || !acts(ledger, base, &entry);
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

/* 1 of move: another process of this checkout was faster. */
static int follow(struct lb_ledger *ledger, const struct lb_ledger_head *head, const char *own,
                  const char *tip)
{
    return lb_streq(own, tip) || lb_store_move(ledger, head->branch, own, tip) >= 0 ? 0 : -1;
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
        int result = lb_streq(tip, head->shared)
                         ? 0
                         : lb_write_publish(ledger, head, head->shared, tip);
        if (result < 0)
            return -1;
        if (result == 0)
            return follow(ledger, head, own, tip);
    }
}
