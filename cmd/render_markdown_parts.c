/* render_markdown_parts.c: findings and changes of the Markdown page. What was not written by us is
 * code, in a line or in a fence; see markdown.h.
 */
#include "cmd/markdown.h"
#include "cmd/render_block.h"
#include "cmd/render_markdown.h"

#include <string.h>

enum {
    WIDTH = 100,      /* of a line of a fence: no terminal decides it */
    SHORT_VALUE = 160 /* bytes of a value where attributes are on one line */
};

static void place(struct lb_md_page *page, const struct lb_mark *mark)
{
    if (!mark->line || !mark->source)
        return;
    lb_str_puts(page->out, " at ");
    lb_md_code(page->out,
               lb_arena_printf(page->arena, "%s:%u", mark->source->path, (unsigned)mark->line));
}

static void fold(struct lb_md_page *page, const char *summary)
{
    lb_str_printf(page->out, "\n<details><summary>%s</summary>\n\n", summary);
}

static void unfold(struct lb_md_page *page)
{
    lb_str_puts(page->out, lb_ends_with(page->out->data, "\n\n") ? "" : "\n");
    lb_str_puts(page->out, "</details>\n");
}

/* --- findings
 * ---------------------------------------------------------------------------------------- */

static void note(struct lb_md_page *page, const char *name, const char *text)
{
    if (!text || !*text)
        return;
    lb_str_printf(page->out, "  - %s: ", name);
    lb_md_prose(page->out, text);
    lb_str_putc(page->out, '\n');
}

static void finding(struct lb_md_page *page, const struct lb_diag *it, size_t repeats)
{
    bool whole = page->level < LB_MD_COUNTS;
    lb_str_printf(page->out, "- **%s** ", lb_severity_word(it->severity));
    lb_md_code(page->out, it->code);
    lb_str_putc(page->out, ' ');
    lb_md_prose(page->out, it->summary ? it->summary : "");
    if (whole)
        place(page, &it->mark);
    if (it->address) {
        lb_str_puts(page->out, ": ");
        lb_md_code(page->out, it->address);
    }
    if (it->detail && whole) {
        lb_str_puts(page->out, it->address ? ", " : ": ");
        lb_md_prose(page->out, it->detail);
    }
    if (repeats)
        lb_str_printf(page->out, " (and %zu more of its calls likewise)", repeats);
    lb_str_putc(page->out, '\n');
    if (whole && it->severity != LB_INFO) {
        note(page, "why", it->why);
        note(page, "try", it->remedy);
    }
}

static void findings_of(struct lb_md_page *page, bool errors)
{
    const struct lb_plan *plan = page->plan;
    for (size_t i = 0; i < plan->finding_count; i++) {
        size_t repeats = lb_finding_repeats(plan->findings, plan->finding_count, i);
        if ((plan->findings[i].severity == LB_ERROR) == errors)
            finding(page, &plan->findings[i], repeats);
        i += repeats;
    }
}

void lb_md_findings(struct lb_md_page *page)
{
    struct lb_plan_counts n;
    lb_plan_count(page->plan, &n);
    if (n.errors) {
        lb_str_printf(page->out, "\n#### %s\n\n", lb_counted(page->arena, n.errors, "error"));
        findings_of(page, true);
    }
    if (n.warnings || n.infos) {
        const char *warnings = n.warnings ? lb_counted(page->arena, n.warnings, "warning") : "";
        const char *notes = n.infos ? lb_counted(page->arena, n.infos, "note") : "";
        fold(page, lb_arena_printf(page->arena, "%s%s%s", warnings,
                                   n.warnings && n.infos ? ", " : "", notes));
        findings_of(page, false);
        unfold(page);
    }
}

/* --- changes
 * ----------------------------------------------------------------------------------------- */

static const char *one_line(struct lb_md_page *page, const struct lb_value *value)
{
    struct lb_str text = {0};
    lb_render_value(&text, value, page->level == LB_MD_ALL ? SIZE_MAX : SHORT_VALUE);
    return lb_str_take(&text, page->arena);
}

static void new_field(struct lb_md_page *page, struct lb_str *lines, const struct lb_field *field)
{
    const char *path = lb_escape(page->arena, field->path);
    const char *value = one_line(page, field->after);
    if (strlen(path) + strlen(value) + 4 <= WIDTH || page->level != LB_MD_ALL) {
        lb_str_printf(lines, "+ %s: %s\n", path, value);
        return;
    }
    lb_str_printf(lines, "+ %s:\n", path);
    lb_render_block(lines, "+   ", field->after, WIDTH - 4);
}

static void changed_field(struct lb_md_page *page, struct lb_str *lines,
                          const struct lb_field *field)
{
    const struct lb_value *before = field->before, *after = field->after;
    const char *old = one_line(page, before), *new = one_line(page, after);
    char sign = !before ? '+' : !after ? '-' : '!';
    lb_str_printf(lines, "%c %s:", sign, lb_escape(page->arena, field->path));
    bool line = strlen(old) + strlen(new) < WIDTH - 20 || page->level != LB_MD_ALL;
    if (line)
        lb_str_printf(lines, " %s -> %s", old, new);
    if (field->reason && *field->reason)
        lb_str_printf(lines, "  # %s", lb_escape(page->arena, field->reason));
    lb_str_putc(lines, '\n');
    if (!line)
        lb_render_difference(lines, "", before, after, WIDTH - 4);
}

static void texts(struct lb_md_page *page, struct lb_str *lines, const char *word,
                  const char *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        lb_str_printf(lines, "  %s %s\n", word, lb_escape(page->arena, items[i]));
}

static void fields(struct lb_md_page *page, const struct lb_change *change)
{
    struct lb_str lines = {0};
    bool create = change->action == LB_ACTION_CREATE;
    for (size_t i = 0; i < change->field_count; i++)
        (create ? new_field : changed_field)(page, &lines, &change->fields[i]);
    if (page->level == LB_MD_ALL) {
        texts(page, &lines, "= kept, not ours:", change->foreign, change->foreign_count);
        if (!create)
            texts(page, &lines, "? unknown:", change->unknown, change->unknown_count);
    }
    if (lines.length) {
        lb_str_putc(page->out, '\n');
        lb_md_fence(page->out, "diff", lb_str_text(&lines));
        lb_str_putc(page->out, '\n');
    }
    lb_str_release(&lines);
}

/* Whether the attributes of this change are told at the page's level. */
static bool with_fields(const struct lb_md_page *page, const struct lb_change *change)
{
    return page->level == LB_MD_ALL ||
           (page->level == LB_MD_ATTRIBUTES && change->action != LB_ACTION_CREATE);
}

static void change_line(struct lb_md_page *page, const struct lb_change *change)
{
    bool whole = page->level < LB_MD_COUNTS;
    lb_str_printf(page->out, "- **%s** ", lb_change_word(change));
    lb_md_code(page->out, change->address);
    if (*change->region && whole) {
        lb_str_puts(page->out, " in ");
        lb_md_code(page->out, change->region);
    }
    if (whole)
        place(page, &change->mark);
    if (change->risk && !lb_streq(change->risk, "none") && lb_change_grave(change)) {
        lb_str_puts(page->out, ", risk: ");
        lb_md_prose(page->out, change->risk);
    }
    if (change->disruption && whole) {
        lb_str_puts(page->out, ", disruption: ");
        lb_md_prose(page->out, change->disruption);
    }
    if (change->action != LB_ACTION_UPDATE && change->reason && *change->reason && whole) {
        lb_str_puts(page->out, ": ");
        lb_md_prose(page->out, change->reason);
    }
    lb_str_putc(page->out, '\n');
}

static void list(struct lb_md_page *page, bool grave)
{
    for (size_t i = 0; i < page->plan->change_count; i++) {
        const struct lb_change *change = &page->plan->changes[i];
        if (lb_change_grave(change) != grave)
            continue;
        change_line(page, change);
        if (with_fields(page, change))
            fields(page, change);
    }
}

/* "bucket: 12 create, 3 update", in the order in which the kinds occur. */
static void list_counts(struct lb_md_page *page)
{
    struct lb_value *kinds = lb_value_map(page->arena);
    for (size_t i = 0; i < page->plan->change_count; i++) {
        const struct lb_change *change = &page->plan->changes[i];
        if (lb_change_grave(change))
            continue;
        struct lb_value *kind = lb_map_map(page->arena, kinds, change->kind);
        const char *word = lb_change_word(change);
        lb_map_set_int(page->arena, kind, word, lb_int(lb_map_get(kind, word), 0) + 1);
    }
    for (size_t i = 0; i < lb_value_count(kinds); i++) {
        const struct lb_entry *kind = lb_map_nth(kinds, i);
        lb_str_puts(page->out, "- ");
        lb_md_code(page->out, kind->key);
        for (size_t k = 0; k < lb_value_count(kind->value); k++) {
            const struct lb_entry *entry = lb_map_nth(kind->value, k);
            lb_str_printf(page->out, "%s %s %s", k ? "," : ":", lb_text(entry->value, ""),
                          entry->key);
        }
        lb_str_putc(page->out, '\n');
    }
}

void lb_md_changes(struct lb_md_page *page)
{
    size_t grave = 0, count = page->plan->change_count;
    for (size_t i = 0; i < count; i++)
        grave += lb_change_grave(&page->plan->changes[i]);
    if (grave) {
        lb_str_printf(page->out, "\n#### Destructive or disruptive: %s\n\n",
                      lb_counted(page->arena, grave, "change"));
        list(page, true);
    }
    if (grave == count)
        return;
    fold(page, lb_counted(page->arena, count - grave, grave ? "other change" : "change"));
    if (page->level == LB_MD_COUNTS)
        list_counts(page);
    else
        list(page, false);
    unfold(page);
}
