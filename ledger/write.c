/* write.c: adding to the ledger. An entry is the child of the newest one; who pushes first wins,
 * and who does not builds a new child. Nothing is ever forced, so nothing can get lost. */
#include "ledger/write.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- what the remote has
 * ------------------------------------------------------------------------------------ */

static int fetch(struct lb_ledger *ledger, const struct lb_remote *remote, const char *tip)
{
    /* a partial clone has the commit, and not what is in it */
    if (!*tip || lb_store_blob(ledger, tip, "entry.json"))
        return 0;
    if (lb_remote_fetch(remote, ledger->diags) != LB_REMOTE_OK)
        return -1;
    if (lb_store_blob(ledger, tip, "entry.json"))
        return 0;
    if (lb_ledger_here(ledger, tip)) /* of people's own, or of somebody who forced it */
        return lb_diags_error(ledger->diags, "LB-G032", NULL,
                              "%.12s, the tip of %s: not an entry of a ledger", tip,
                              remote->branch);
    return lb_diags_error(ledger->diags, "LB-G014", NULL, "%s of %s did not come with the branch",
                          tip, remote->name);
}

/* `seen` was read before the remote was asked: what the remote had then it must still have. */
static int check_seen(struct lb_ledger *ledger, const struct lb_ledger_head *head, const char *seen,
                      const char *tip)
{
    if (!*seen || (*tip && lb_store_descends(ledger, tip, seen)))
        return 0;
    if (!*tip)
        return lb_diags_error(ledger->diags, "LB-G031", NULL, "%s of %s, last seen at %.12s",
                              head->branch, ledger->remote, seen);
    return lb_diags_error(ledger->diags, "LB-G030", NULL,
                          "%s of %s is at %.12s, which does not descend from %.12s", head->branch,
                          ledger->remote, tip, seen);
}

int lb_write_remember(struct lb_ledger *ledger, struct lb_ledger_head *head, const char *tip)
{
    char seen[LB_OID_HEX], own[LB_OID_HEX];
    snprintf(head->shared, sizeof head->shared, "%s", tip);
    head->asked = true;
    if (!*tip)
        return 0;
    if (lb_store_ref(ledger, head->seen, seen) != 0 || lb_store_ref(ledger, head->branch, own) != 0)
        return -1;
    /* 1: another process of this checkout was faster, with something as new */
    if (!lb_streq(seen, tip) && (!*seen || lb_store_descends(ledger, tip, seen)) &&
        lb_store_move(ledger, head->seen, seen, tip) < 0)
        return -1;
    memcpy(head->noticed, tip, sizeof head->noticed);
    if (!lb_streq(own, tip) && (!*own || lb_store_descends(ledger, tip, own)) &&
        lb_store_move(ledger, head->branch, own, tip) < 0)
        return -1;
    return 0;
}

int lb_ledger_refresh(struct lb_ledger *ledger, const char *stack)
{
    struct lb_ledger_head *head = lb_store_head(ledger, stack);
    struct lb_remote remote = lb_store_remote(ledger, head->branch);
    char seen[LB_OID_HEX], tip[LB_OID_HEX];
    if (!ledger->remote)
        return 0;
    if (lb_store_ref(ledger, head->seen, seen) != 0)
        return -1;
    memcpy(head->noticed, seen, sizeof head->noticed);
    if (lb_remote_tip(&remote, ledger->diags, tip) != LB_REMOTE_OK ||
        fetch(ledger, &remote, tip) != 0 || check_seen(ledger, head, seen, tip) != 0)
        return -1;
    return lb_write_remember(ledger, head, tip);
}

static const char *tip_of(const struct lb_remote_tip *tips, size_t count, const char *branch)
{
    for (size_t i = 0; i < count; i++)
        if (lb_streq(tips[i].branch, branch))
            return tips[i].commit;
    return "";
}

/* What must be fetched, and what is not as it was, is left to be asked for alone. */
int lb_write_ask_all(struct lb_ledger *ledger, struct lb_ledger_head *const *heads, size_t count)
{
    struct lb_remote_tip *tips;
    size_t there;
    struct lb_remote remote = lb_store_remote(ledger, LB_STORE_BRANCHES);
    if (!ledger->remote)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (lb_store_ref(ledger, heads[i]->seen, heads[i]->noticed) != 0)
            return -1;
    if (lb_remote_below(&remote, ledger->diags, &tips, &there) != LB_REMOTE_OK)
        return -1;
    for (size_t i = 0; i < count; i++) {
        const char *tip = tip_of(tips, there, heads[i]->branch), *seen = heads[i]->noticed;
        bool here = !*tip || lb_store_blob(ledger, tip, "entry.json");
        bool grown = !*seen || (*tip && here && lb_store_descends(ledger, tip, seen));
        if (here && grown && lb_write_remember(ledger, heads[i], tip) != 0)
            return -1;
    }
    return 0;
}

/* --- the entry that comes next
 * -------------------------------------------------------------------------------- */

/* The newest entry, whose child comes next: the remote's, or the one of this repository. */
int lb_write_base(struct lb_ledger *ledger, struct lb_ledger_head *head, char out[LB_OID_HEX])
{
    char tip[LB_OID_HEX];
    if (ledger->remote && *head->shared) {
        memcpy(out, head->shared, LB_OID_HEX);
        return 0;
    }
    if (lb_store_ref(ledger, head->branch, out) != 0)
        return -1;
    if (ledger->remote)
        return 0;
    /* a clone knows the ledger as a remote's branch; entries of its own go on from there */
    if (lb_ledger_tip(ledger, head->stack, tip) != 0)
        return -1;
    if (!lb_streq(tip, out) && lb_store_move(ledger, head->branch, out, tip) < 0)
        return -1;
    memcpy(out, tip, LB_OID_HEX);
    return 0;
}

/* 0; 1: somebody holds the lock that it would take, entry->lock; -1. */
static int take_lock(struct lb_ledger *ledger, const struct lb_lock *before,
                     struct lb_ledger_entry *entry)
{
    const struct lb_ledger_kind *kind = lb_ledger_kind_find(entry->kind);
    if (lb_entry_lock(before, entry, &entry->lock))
        return 0;
    entry->lock = *before;
    if (kind->lock == LB_LOCK_OPENS)
        return 1;
    return lb_diags_error(ledger->diags, "LB-G022", NULL, "%s; held: %s",
                          entry->ends ? entry->ends : "none", before->id ? before->id : "none");
}

/* seq, previous and lock of `entry` follow from the one before it. */
static int follow(struct lb_ledger *ledger, const char *base, struct lb_ledger_entry *entry)
{
    struct lb_ledger_entry before = {0};
    entry->seq = 1;
    entry->previous = NULL;
    if (*base) {
        struct lb_source *source = lb_ledger_file(ledger, base, "entry.json");
        if (!source || lb_entry_from_json(ledger, source, base, &before) != 0)
            return -1;
        char *digest = lb_arena_alloc(ledger->arena, LB_SHA256_HEX);
        lb_sha256_hex(source->text, source->length, digest);
        entry->previous = digest;
        entry->seq = before.seq + 1;
        if (!entry->spec_digest) { /* its spec.yaml is the one that is there */
            entry->spec_path = before.spec_path;
            entry->spec_digest = before.spec_digest;
        }
    }
    return take_lock(ledger, &before.lock, entry);
}

static int check_secrets(struct lb_ledger *ledger, const struct lb_store_file *files, size_t count)
{
    for (size_t i = 0; i < count && ledger->options.holds_secret; i++)
        if (ledger->options.holds_secret(ledger->options.payload, files[i].bytes))
            return lb_diags_error(ledger->diags, "LB-G037", NULL, "in %s", files[i].path);
    return 0;
}

/* What is in the commit's message is what a reader of entry.json sees: a byte that JSON has no
 * spelling for is another character there. */
static int spell(struct lb_ledger *ledger, const char *base, const struct lb_str *json,
                 struct lb_ledger_entry *entry)
{
    const struct lb_source source = {
        .path = "entry.json", .text = lb_str_text(json), .length = json->length};
    return lb_entry_from_json(ledger, &source, base, entry);
}

/* A plan that is there stays as it was recorded for review: made again it has the same id, but was
 * made at another time. */
static size_t new_files(struct lb_ledger *ledger, const char *base,
                        const struct lb_store_file *files, size_t count, struct lb_store_file *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!lb_starts_with(files[i].path, "plans/") || !*base ||
            !lb_store_blob(ledger, base, files[i].path))
            out[kept++] = files[i];
    return kept;
}

int lb_write_commit(struct lb_ledger *ledger, const char *base, struct lb_ledger_entry *entry,
                    const struct lb_store_file *files, size_t count)
{
    struct lb_store_file all[LB_WRITE_FILES_MAX];
    struct lb_str json = {0};
    char digest[LB_SHA256_HEX];
    int64_t at;
    int result = follow(ledger, base, entry);
    if (result != 0)
        return result;
    lb_json_canonical(&json, lb_entry_to_value(ledger->arena, entry));
    lb_sha256_hex(json.data, json.length, digest);
    count = new_files(ledger, base, files, count, all);
    all[count] = (struct lb_store_file){"entry.json", json.data, json.length};
    result = check_secrets(ledger, all, count + 1);
    if (result == 0)
        result = spell(ledger, base, &json, entry);
    if (result == 0 && lb_time_parse(entry->at, &at) != 0)
        at = lb_time_now();
    if (result == 0)
        result = lb_store_commit(ledger, base, all, count + 1, entry->who, at,
                                 lb_entry_message(ledger->arena, entry, digest), entry->commit);
    lb_str_release(&json);
    return result;
}

/* --- making it known
 * ------------------------------------------------------------------------------------------------
 */

/* The connection ended before the answer came: the push may have landed. */
static bool landed(struct lb_ledger *ledger, struct lb_ledger_head *head, const char *commit)
{
    struct lb_diags unsaid, *said = ledger->diags;
    lb_diags_init(&unsaid, ledger->arena);
    ledger->diags = &unsaid;
    bool known = lb_ledger_refresh(ledger, head->stack) == 0 && *head->shared &&
                 lb_store_descends(ledger, head->shared, commit);
    ledger->diags = said;
    return known;
}

static int publish_shared(struct lb_ledger *ledger, struct lb_ledger_head *head, const char *commit)
{
    struct lb_remote remote = lb_store_remote(ledger, head->branch);
    struct lb_diags said;
    lb_diags_init(&said, ledger->arena);
    enum lb_remote_status status = lb_remote_push(&remote, &said, commit);
    if (status == LB_REMOTE_OK)
        return lb_write_remember(ledger, head, commit);
    /* Of an answer that was lost and a push that was said again, the second one loses. */
    if (status == LB_REMOTE_LOST && lb_ledger_refresh(ledger, head->stack) != 0)
        return -1;
    if (status == LB_REMOTE_LOST)
        return *head->shared && lb_store_descends(ledger, head->shared, commit) ? 0 : 1;
    if ((status == LB_REMOTE_UNREACHABLE || status == LB_REMOTE_FAILED) &&
        landed(ledger, head, commit))
        return 0;
    lb_diags_merge(ledger->diags, &said);
    return -1;
}

/* 0: it is the newest entry now; 1: somebody else's is, build a new child; -1. */
int lb_write_publish(struct lb_ledger *ledger, struct lb_ledger_head *head, const char *base,
                     const char *commit)
{
    if (ledger->remote)
        return publish_shared(ledger, head, commit);
    return lb_store_move(ledger, head->branch, base, commit);
}

/* Full jitter: writers that met once shall not meet again. */
int lb_write_pause(struct lb_ledger *ledger, size_t attempt, int64_t deadline_ms)
{
    char random[LB_LOCK_ID];
    if (lb_time_monotonic_ms() >= deadline_ms)
        return lb_diags_error(ledger->diags, "LB-G015", NULL, "%zu times", attempt);
    if (lb_store_random(ledger, random) != 0)
        return -1;
    random[2] = '\0';
    long most_ms = 25L << (attempt < 5 ? attempt : 5);
    struct timespec pause = {.tv_nsec = most_ms * strtol(random, NULL, 16) / 256 * 1000000L};
    nanosleep(&pause, NULL);
    return 0;
}

int64_t lb_write_deadline(const struct lb_ledger *ledger)
{
    int64_t seconds = ledger->options.deadline_s ? ledger->options.deadline_s : 60;
    return lb_time_monotonic_ms() + seconds * 1000;
}

size_t lb_write_files(struct lb_ledger *ledger, const struct lb_ledger_draft *draft,
                      struct lb_store_file *files, struct lb_str *document)
{
    size_t count = 0;
    files[count++] = (struct lb_store_file){"entry.txt", lb_str_text(draft->text),
                                            draft->text->length};
    if (draft->spec)
        files[count++] = (struct lb_store_file){"spec.yaml", draft->spec, draft->spec_length};
    if (draft->document) {
        const char *id = draft->entry.plan;
        /* in the order of the plan: what is shown of it later are the bytes that were shown then */
        lb_json_write(document, draft->document, 0);
        files[count++] = (struct lb_store_file){
            lb_arena_printf(ledger->arena, "plans/%.2s/%s.json", id, id + 2), document->data,
            document->length};
    }
    return count;
}

/* Words of people and CI are cut to what a line can hold. */
static const char *capped(struct lb_arena *arena, const char *text, size_t most)
{
    if (!text || strlen(text) <= most)
        return text;
    while (most && ((unsigned char)text[most] & 0xC0) == 0x80)
        most--;
    return lb_arena_printf(arena, "%.*s...", (int)most, text);
}

int lb_write_complete(struct lb_ledger *ledger, const struct lb_ledger_draft *draft,
                      struct lb_ledger_entry *entry)
{
    char id[LB_LOCK_ID];
    struct lb_arena *arena = ledger->arena;
    char *digest = lb_arena_alloc(arena, LB_SHA256_HEX);
    *entry = draft->entry;
    if (lb_store_random(ledger, id) != 0)
        return -1;
    lb_sha256_hex(lb_str_text(draft->text), draft->text->length, digest);
    entry->text_digest = digest;
    entry->who = capped(arena, entry->who, 200);
    entry->host = capped(arena, entry->host, 260);
    entry->run = capped(arena, entry->run, 2000);
    entry->reason = capped(arena, entry->reason, 4000);
    entry->summary = capped(arena, entry->summary, 400);
    entry->id = lb_arena_strdup(arena, id);
    entry->format_version = LB_LEDGER_FORMAT;
    entry->at = lb_time_format(arena, lb_time_now());
    entry->checkout = lb_store_checkout(ledger);
    entry->local = lb_ledger_alone(ledger);
    return entry->checkout ? 0 : -1;
}

int lb_write_settle(struct lb_ledger *ledger, struct lb_ledger_head *head)
{
    size_t shared;
    char own[LB_OID_HEX];
    if (!ledger->remote)
        return 0;
    if (!head->asked && lb_ledger_refresh(ledger, head->stack) != 0)
        return -1;
    if (lb_store_ref(ledger, head->branch, own) != 0)
        return -1;
    if (!*own || !*head->shared || lb_store_descends(ledger, head->shared, own))
        return 0;
    return lb_ledger_sync(ledger, head->stack, &shared);
}

enum attempt { WRITTEN, HELD, OVERTAKEN };

/* An enum attempt, or -1. */
static int append_once(struct lb_ledger *ledger, struct lb_ledger_head *head,
                       const struct lb_store_file *files, size_t count,
                       struct lb_ledger_entry *written)
{
    char base[LB_OID_HEX];
    if (lb_write_settle(ledger, head) != 0 || lb_write_base(ledger, head, base) != 0)
        return -1;
    int result = lb_write_commit(ledger, base, written, files, count);
    if (result != 0)
        return result < 0 ? -1 : HELD;
    result = lb_write_publish(ledger, head, base, written->commit);
    return result > 0 ? OVERTAKEN : result;
}

int lb_ledger_append(struct lb_ledger *ledger, const struct lb_ledger_draft *draft,
                     struct lb_ledger_entry *written)
{
    struct lb_ledger_head *head = lb_store_head(ledger, draft->entry.stack);
    struct lb_store_file files[LB_WRITE_FILES_MAX];
    struct lb_ledger_entry whole;
    struct lb_str document = {0};
    int64_t deadline_ms = lb_write_deadline(ledger);
    size_t count = lb_write_files(ledger, draft, files, &document);
    int result = lb_write_complete(ledger, draft, &whole) != 0 ? -1 : OVERTAKEN;
    for (size_t attempt = 0; result == OVERTAKEN; attempt++) {
        *written = whole;
        if (attempt && lb_write_pause(ledger, attempt, deadline_ms) != 0)
            result = -1;
        else
            result = append_once(ledger, head, files, count, written);
    }
    lb_str_release(&document);
    return result;
}

int lb_ledger_keep(struct lb_ledger *ledger, const struct lb_ledger_draft *draft,
                   struct lb_ledger_entry *written)
{
    const char *remote = ledger->remote;
    bool has_remote = ledger->has_remote;
    ledger->remote = NULL;
    ledger->has_remote = false;
    int result = lb_ledger_append(ledger, draft, written);
    ledger->remote = remote;
    ledger->has_remote = has_remote;
    return result;
}
