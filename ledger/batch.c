/* batch.c: the entries of a fleet at once. Their objects are built in memory and written as one
 * pack; then each entry is made known as if it were alone. Who was overtaken meanwhile appends the
 * usual way. Below a few entries the usual way is taken at once, so that tiny packs do not pile up.
 */
#include "ledger/write.h"

#include <string.h>

#define BATCH_MIN 8

struct pending {
    struct lb_ledger_head *head;
    char base[LB_OID_HEX];
    bool staged;
};

/* Before anything is staged: what settling writes must be on the disk when it is pushed. */
static int settle_all(struct lb_ledger *ledger, const struct lb_ledger_draft *drafts, size_t count,
                      struct pending *pending)
{
    int result = 0;
    for (size_t i = 0; i < count; i++) {
        pending[i].head = lb_store_head(ledger, drafts[i].entry.stack);
        pending[i].staged = lb_write_settle(ledger, pending[i].head) == 0 &&
                            lb_write_base(ledger, pending[i].head, pending[i].base) == 0;
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

static int publish(struct lb_ledger *ledger, const struct lb_ledger_draft *draft,
                   struct pending *pending, struct lb_ledger_entry *written)
{
    int result = lb_write_publish(ledger, pending->head, pending->base, written->commit);
    return result == 1 ? lb_ledger_append(ledger, draft, written) : result;
}

int lb_ledger_append_all(struct lb_ledger *ledger, const struct lb_ledger_draft *drafts,
                         size_t count, struct lb_ledger_entry *written)
{
    int result = 0;
    memset(written, 0, count * sizeof *written);
    struct pending *pending = lb_arena_array(ledger->arena, count, sizeof *pending);
    bool together = count >= BATCH_MIN;
    if (together && settle_all(ledger, drafts, count, pending) != 0)
        result = -1;
    if (together && stage_all(ledger, drafts, count, pending, written) != 0)
        result = -1;
    for (size_t i = 0; i < count; i++) {
        int one = !together           ? lb_ledger_append(ledger, &drafts[i], &written[i])
                  : pending[i].staged ? publish(ledger, &drafts[i], &pending[i], &written[i])
                                      : -1;
        if (one != 0)
            written[i].commit[0] = '\0';
        result = one == 0 ? result : -1;
    }
    return result;
}
