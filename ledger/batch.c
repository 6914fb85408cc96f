/* batch.c: the entries of a fleet at once. The remote is asked for all tips at once, objects are
 * built in memory and written as one pack, and the branches are pushed together, each still taken
 * or refused by itself. Who was overtaken meanwhile appends the usual way. Below a few entries the
 * usual way is taken at once, so that tiny packs do not pile up.
 */
#include "ledger/write.h"

#include <string.h>

#define BATCH_MIN 8

struct pending {
    struct lb_ledger_head *head;
    char base[LB_OID_HEX];
    bool staged, published;
};

static int settle(struct lb_ledger *ledger, struct pending *pending)
{
    return lb_write_settle(ledger, pending->head) == 0 &&
                   lb_write_base(ledger, pending->head, pending->base) == 0
               ? 0
               : -1;
}

/* Before anything is staged: what settling writes must be on the disk when it is pushed. A remote
 * that does not answer is asked once, and not once for each. */
static int settle_all(struct lb_ledger *ledger, const struct lb_ledger_draft *drafts, size_t count,
                      struct pending *pending)
{
    int result = 0;
    struct lb_ledger_head **heads = lb_arena_array(ledger->arena, count, sizeof *heads);
    for (size_t i = 0; i < count; i++)
        heads[i] = pending[i].head = lb_store_head(ledger, drafts[i].entry.stack);
    if (lb_write_ask_all(ledger, heads, count) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        pending[i].staged = settle(ledger, &pending[i]) == 0;
        result = pending[i].staged ? result : -1;
    }
    return result;
}

static int stage_one(struct lb_ledger *ledger, const struct lb_ledger_draft *draft,
                     const char *base, struct lb_ledger_entry *written)
{
    struct lb_store_file files[LB_WRITE_FILES_MAX];
    struct lb_str document = {0};
    size_t count = lb_write_files(ledger, draft, files, &document);
    int result = lb_write_complete(ledger, draft, written);
    if (result == 0)
        result = lb_write_commit(ledger, base, written, files, count);
    lb_str_release(&document);
    return result;
}

static int stage_all(struct lb_ledger *ledger, const struct lb_ledger_draft *drafts, size_t count,
                     struct pending *pending, struct lb_ledger_entry *written)
{
    struct lb_stage *stage;
    int result = 0;
    if (lb_stage_begin(ledger, &stage) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (!pending[i].staged)
            continue;
        pending[i].staged = stage_one(ledger, &drafts[i], pending[i].base, &written[i]) == 0;
        result = pending[i].staged ? result : -1;
    }
    if (lb_stage_write(ledger, stage) != 0) {
        result = -1;
        for (size_t i = 0; i < count; i++)
            pending[i].staged = false;
    }
    lb_stage_end(ledger, stage);
    return result;
}

/* A remote gets as many in one talk as it may. Where it does not take all of them, each goes alone
 * afterwards; where there is no talking to it, none does. */
static int push_all(struct lb_ledger *ledger, size_t count, struct pending *pending,
                    const struct lb_ledger_entry *written)
{
    struct lb_remote_tip tips[LB_REMOTE_PUSH_MAX];
    size_t which[LB_REMOTE_PUSH_MAX], pushed = 0;
    struct lb_remote remote = lb_store_remote(ledger, LB_STORE_BRANCHES);
    for (size_t i = 0; i < count; i++) {
        if (pending[i].staged) {
            tips[pushed].branch = pending[i].head->branch;
            memcpy(tips[pushed].commit, written[i].commit, LB_OID_HEX);
            which[pushed++] = i;
        }
        if (!pushed || (pushed < LB_REMOTE_PUSH_MAX && i + 1 < count))
            continue;
        enum lb_remote_status status = lb_remote_push_all(&remote, ledger->diags, tips, pushed);
        if (status != LB_REMOTE_OK && status != LB_REMOTE_LOST)
            return -1;
        for (size_t k = 0; k < pushed && status == LB_REMOTE_OK; k++) {
            struct pending *taken = &pending[which[k]];
            taken->published = lb_write_remember(ledger, taken->head, tips[k].commit) == 0;
        }
        pushed = 0;
    }
    return 0;
}

/* 0; or -1 with a diagnostic. */
static int publish(struct lb_ledger *ledger, const struct lb_ledger_draft *draft,
                   struct pending *pending, struct lb_ledger_entry *written)
{
    if (pending->published)
        return 0;
    int result = lb_write_publish(ledger, pending->head, pending->base, written->commit);
    return result == 1 ? lb_ledger_append(ledger, draft, written) : result;
}

static int append_together(struct lb_ledger *ledger, const struct lb_ledger_draft *drafts,
                           size_t count, struct lb_ledger_entry *written)
{
    struct pending *pending = lb_arena_array(ledger->arena, count, sizeof *pending);
    int result = settle_all(ledger, drafts, count, pending);
    if (stage_all(ledger, drafts, count, pending, written) != 0)
        result = -1;
    bool answers = !ledger->remote || push_all(ledger, count, pending, written) == 0;
    for (size_t i = 0; i < count; i++) {
        bool goes = pending[i].published || (pending[i].staged && answers);
        if (goes && publish(ledger, &drafts[i], &pending[i], &written[i]) == 0)
            continue;
        written[i].commit[0] = '\0';
        result = -1;
    }
    return result;
}

int lb_ledger_append_all(struct lb_ledger *ledger, const struct lb_ledger_draft *drafts,
                         size_t count, struct lb_ledger_entry *written)
{
    int result = 0;
    memset(written, 0, count * sizeof *written);
    if (count >= BATCH_MIN)
        return append_together(ledger, drafts, count, written);
    for (size_t i = 0; i < count; i++) {
        if (lb_ledger_append(ledger, &drafts[i], &written[i]) == 0)
            continue;
        written[i].commit[0] = '\0';
        result = -1;
    }
    return result;
}
