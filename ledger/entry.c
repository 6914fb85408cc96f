/* entry.c: an entry as canonical JSON, and as the subject and trailers of its commit. One table
 * says where each text is kept in both. */
#include "ledger/store.h"

#include "base/json.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text_row {
    const char *path;    /* in entry.json */
    const char *trailer; /* NULL: only in entry.json */
    size_t offset;       /* in struct lb_ledger_entry */
    bool required;
};

#define ROW(path, trailer, field, required)                                                        \
    {                                                                                              \
        path, trailer, offsetof(struct lb_ledger_entry, field), required                           \
    }
static const struct text_row rows[] = {
    ROW("format_version", NULL, format_version, true),
    ROW("kind", "Lifeboat-Kind", kind, true),
    ROW("id", "Lifeboat-Entry", id, true),
    ROW("at", "Lifeboat-At", at, true),
    ROW("stack", "Lifeboat-Stack", stack, true),
    ROW("plan", "Lifeboat-Plan", plan, false),
    ROW("spec/sha256", "Lifeboat-Spec", spec_digest, false),
    ROW("spec/path", NULL, spec_path, false),
    ROW("text/sha256", NULL, text_digest, false),
    ROW("outcome", "Lifeboat-Outcome", outcome, false),
    ROW("actor/who", "Lifeboat-Who", who, true),
    ROW("actor/host", "Lifeboat-Host", host, false),
    ROW("actor/run", "Lifeboat-Run", run, false),
    ROW("tool", "Lifeboat-Tool", tool, true),
    ROW("summary", NULL, summary, false),
    ROW("reason", "Lifeboat-Reason", reason, false),
    ROW("expected_until", NULL, expected_until, false),
    ROW("checkout", NULL, checkout, false),
    ROW("ends", "Lifeboat-Ends", ends, false),
    ROW("previous", "Lifeboat-Previous", previous, false),
    ROW("lock/id", "Lifeboat-Lock", lock.id, false),
    ROW("lock/who", NULL, lock.who, false),
    ROW("lock/host", NULL, lock.host, false),
    ROW("lock/run", NULL, lock.run, false),
    ROW("lock/since", NULL, lock.since, false),
    ROW("lock/expected_until", NULL, lock.expected_until, false),
    ROW("lock/plan", NULL, lock.plan, false),
    ROW("lock/checkout", NULL, lock.checkout, false),
};
#define ROWS (sizeof rows / sizeof *rows)

static const char **slot(const struct lb_ledger_entry *entry, const struct text_row *row)
{
    return (const char **)((char *)entry + row->offset);
}

/* --- JSON
 * -------------------------------------------------------------------------------------------------
 */

static void set_at(struct lb_arena *arena, struct lb_value *map, const char *path, const char *text)
{
    const char *slash = strchr(path, '/');
    if (!text)
        return;
    if (!slash) {
        lb_map_set_string(arena, map, path, text);
        return;
    }
    char *key = lb_arena_strndup(arena, path, (size_t)(slash - path));
    lb_map_set_string(arena, lb_map_map(arena, map, key), slash + 1, text);
}

struct lb_value *lb_entry_to_value(struct lb_arena *arena, const struct lb_ledger_entry *entry)
{
    struct lb_value *value = lb_value_map(arena);
    for (size_t i = 0; i < ROWS; i++)
        set_at(arena, value, rows[i].path, *slot(entry, &rows[i]));
    lb_map_set_int(arena, value, "seq", entry->seq);
    if (entry->local)
        lb_map_set_bool(arena, value, "local", true);
    if (entry->body)
        lb_map_set(arena, value, "body", lb_value_copy(arena, entry->body));
    return value;
}

static int unsound(struct lb_ledger *ledger, const char *commit, const char *what,
                   const char *detail)
{
    return lb_diags_error(ledger->diags, "LB-G032", NULL, "%.12s: %s%s", commit, what, detail);
}

static int read_texts(struct lb_ledger *ledger, const struct lb_value *value, const char *commit,
                      struct lb_ledger_entry *out)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct lb_value *text = lb_value_at(value, rows[i].path);
        if (text && !lb_is(text, LB_STRING))
            return unsound(ledger, commit, "not a string: ", rows[i].path);
        if (!text && rows[i].required)
            return unsound(ledger, commit, "missing: ", rows[i].path);
        *slot(out, &rows[i]) = lb_text(text, NULL);
    }
    return 0;
}

int lb_entry_from_json(struct lb_ledger *ledger, const struct lb_source *source, const char *commit,
                       struct lb_ledger_entry *out)
{
    const char *error;
    struct lb_value *value = lb_json_parse(ledger->arena, source->text, source->length, &error);
    *out = (struct lb_ledger_entry){0};
    if (!value)
        return unsound(ledger, commit, "entry.json: ", error);
    const char *version = lb_text_at(value, "format_version", "");
    if (*version && !lb_starts_with(version, "1."))
        return lb_diags_error(ledger->diags, "LB-G033", NULL, "%.12s: format %s, known is %s",
                              commit, version, LB_LEDGER_FORMAT);
    if (read_texts(ledger, value, commit, out) != 0)
        return -1;
    out->seq = lb_int_at(value, "seq", 0);
    if (!lb_is(lb_map_get(value, "seq"), LB_NUMBER) || out->seq < 1)
        return unsound(ledger, commit, "not a number from 1: ", "seq");
    out->local = lb_bool_at(value, "local", false);
    out->body = lb_map_get(value, "body");
    snprintf(out->commit, sizeof out->commit, "%s", commit);
    return 0;
}

/* --- the lock
 * -------------------------------------------------------------------------------------------------
 */

bool lb_entry_lock(const struct lb_lock *before, const struct lb_ledger_entry *entry,
                   struct lb_lock *after)
{
    const struct lb_ledger_kind *kind = lb_ledger_kind_find(entry->kind);
    *after = *before;
    if (!kind || entry->local || kind->lock == LB_LOCK_KEEPS)
        return true;
    if (kind->lock == LB_LOCK_CLOSES) {
        *after = (struct lb_lock){0};
        return before->id && lb_streq(before->id, entry->ends);
    }
    *after = (struct lb_lock){entry->id,   entry->who,     entry->host,
                              entry->run,  entry->at,      entry->expected_until,
                              entry->plan, entry->checkout};
    return !before->id;
}

bool lb_lock_equal(const struct lb_lock *a, const struct lb_lock *b)
{
    return lb_streq(a->id, b->id) && lb_streq(a->who, b->who) && lb_streq(a->host, b->host) &&
           lb_streq(a->run, b->run) && lb_streq(a->since, b->since) &&
           lb_streq(a->expected_until, b->expected_until) && lb_streq(a->plan, b->plan) &&
           lb_streq(a->checkout, b->checkout);
}

/* --- the message
 * ------------------------------------------------------------------------------------------ */

static void trailer(struct lb_str *out, const char *key, const char *text)
{
    if (!text)
        return;
    lb_str_printf(out, "%s: ", key);
    lb_str_escape(out, text, strlen(text), false);
    lb_str_putc(out, '\n');
}

char *lb_entry_message(struct lb_arena *arena, const struct lb_ledger_entry *entry,
                       const char *digest)
{
    struct lb_str out = {0};
    lb_str_puts(&out, entry->kind);
    if (entry->plan)
        lb_str_printf(&out, " %.8s", entry->plan);
    if (entry->summary) {
        lb_str_puts(&out, ": ");
        lb_str_escape(&out, entry->summary, strlen(entry->summary), false);
    }
    lb_str_puts(&out, "\n\n");
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].trailer)
            trailer(&out, rows[i].trailer, *slot(entry, &rows[i]));
    lb_str_printf(&out, "Lifeboat-Seq: %lld\n", (long long)entry->seq);
    trailer(&out, "Lifeboat-Digest", digest);
    return lb_str_take(&out, arena);
}

static void take_trailer(struct lb_arena *arena, const char *key, const char *text,
                         struct lb_ledger_entry *out, const char **digest)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].trailer && lb_streq(rows[i].trailer, key))
            *slot(out, &rows[i]) = lb_arena_strdup(arena, text);
    if (lb_streq(key, "Lifeboat-Seq"))
        out->seq = strtoll(text, NULL, 10);
    if (digest && lb_streq(key, "Lifeboat-Digest"))
        *digest = lb_arena_strdup(arena, text);
}

/* Trailers are the lines of the last paragraph; written here, they need no folding. */
void lb_entry_from_message(struct lb_arena *arena, const char *message, struct lb_ledger_entry *out,
                           const char **digest)
{
    const char *end = strchr(message, '\n');
    size_t length = end ? (size_t)(end - message) : strlen(message);
    char *subject = lb_arena_strndup(arena, message, length);
    char *colon = strstr(subject, ": ");
    out->summary = colon ? colon + 2 : NULL;
    while (end && *end) {
        const char *line = end + 1;
        end = strchr(line, '\n');
        length = end ? (size_t)(end - line) : strlen(line);
        if (!lb_starts_with(line, "Lifeboat-"))
            continue;
        char *key = lb_arena_strndup(arena, line, length);
        colon = strstr(key, ": ");
        if (!colon)
            continue;
        *colon = '\0';
        take_trailer(arena, key, colon + 2, out, digest);
    }
}
