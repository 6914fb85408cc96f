/* render_github.c: annotations for a GitHub Actions log: ::error file=,line=,col=,title=::message.
 *
 * The runner shows 10 annotations of a level and step, and 50 of a job; what is more is lost
 * without a word. So at most 10 of a level are printed, and the tenth says how many there are more.
 * Escaping is that of the runner's own toolkit (actions/toolkit, packages/core/src/command.ts):
 * %, CR and LF in a message, : and , too in a property.
 */
#include "cmd/render.h"

#include <string.h>

#define PER_LEVEL 10

struct annotation {
    enum lb_severity level;
    const struct lb_mark *mark;
    const char *path; /* of the spec that the mark is in */
    const char *title, *message;
};

struct annotations {
    struct lb_arena *arena;
    struct annotation *items;
    size_t count, capacity;
    const char *path; /* of the spec that is being told of */
};

static void add(struct annotations *all, enum lb_severity level, const struct lb_mark *mark,
                const char *title, const char *message)
{
    all->items = lb_arena_grow(all->arena, all->items, all->count, all->count + 1,
                               sizeof *all->items, &all->capacity);
    all->items[all->count++] = (struct annotation){level, mark, all->path, title, message};
}

/* --- what is told
 * ------------------------------------------------------------------------------------ */

static const char *sentence(struct lb_arena *arena, const struct lb_diag *it, size_t repeats)
{
    struct lb_str text = {0};
    lb_str_puts(&text, lb_finding_sentence(arena, it));
    if (repeats)
        lb_str_printf(&text, " (and %zu more of its calls likewise)", repeats);
    if (it->why && *it->why)
        lb_str_printf(&text, "\nwhy: %s", it->why);
    if (it->remedy && *it->remedy)
        lb_str_printf(&text, "\ntry: %s", it->remedy);
    return lb_str_take(&text, arena);
}

static const char *change_text(struct lb_arena *arena, const struct lb_change *change)
{
    struct lb_str text = {0};
    lb_str_printf(&text, "%s %s", lb_change_word(change), lb_escape(arena, change->address));
    for (size_t i = 0; i < change->field_count && change->action == LB_ACTION_UPDATE; i++)
        lb_str_printf(&text, "%s%s", i ? ", " : ": ", lb_escape(arena, change->fields[i].path));
    const char *danger = lb_change_danger(arena, change);
    if (danger)
        lb_str_printf(&text, "\n%s", danger);
    return lb_str_take(&text, arena);
}

/* What destroys or disturbs stands before the warnings, the other changes after them. */
static void add_changes(const struct lb_reports *reports, const struct lb_report *report,
                        bool grave, struct annotations *all)
{
    const struct lb_plan *plan = report->plan;
    all->path = report->path;
    for (size_t i = 0; plan && grave && i < plan->assumed_down_count; i++)
        add(all, LB_WARNING, NULL, lb_report_name(report),
            lb_arena_printf(reports->arena, "assumed down, not looked at: %s",
                            lb_escape(reports->arena, plan->assumed_down[i])));
    if (plan && !plan->complete && grave)
        add(all, LB_ERROR, NULL, lb_report_name(report),
            "not everything could be read: the plan is incomplete and cannot be applied");
    for (size_t i = 0; plan && i < plan->change_count; i++) {
        const struct lb_change *change = &plan->changes[i];
        if (lb_change_grave(change) == grave)
            add(all, grave || (reports->drift && lb_change_differs(change)) ? LB_WARNING : LB_INFO,
                &change->mark, lb_report_name(report), change_text(reports->arena, change));
    }
}

static void add_findings(const struct lb_reports *reports, const struct lb_report *report,
                         struct annotations *all)
{
    all->path = report->path;
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct lb_diag *it = &report->findings[i];
        size_t repeats = lb_finding_repeats(report->findings, report->finding_count, i);
        add(all, it->severity, &it->mark,
            lb_arena_printf(reports->arena, "%s %s", it->code, lb_report_name(report)),
            sentence(reports->arena, it, repeats));
        i += repeats;
    }
}

/* The numbers come first of their level, so that they are never what is left out. */
static void add_fleet(const struct lb_reports *reports, struct annotations *all)
{
    size_t bad = 0, changed = 0;
    for (size_t i = 0; i < reports->count; i++) {
        const struct lb_report *it = &reports->items[i];
        bad += lb_report_errors(it) > 0;
        changed += it->plan && !lb_plan_empty(it->plan);
    }
    const char *changes = lb_arena_printf(reports->arena, "%zu with changes, ", changed);
    add(all, LB_INFO, NULL, "lifeboat",
        lb_arena_printf(reports->arena, "%zu specs: %s%zu with errors", reports->count,
                        reports->items[0].plan ? changes : "", bad));
}

static void add_summary(const struct lb_reports *reports, const struct lb_report *report,
                        struct annotations *all)
{
    size_t errors = lb_report_errors(report);
    if (report->plan)
        add(all, LB_INFO, NULL, lb_report_name(report),
            lb_plan_summary(reports->arena, report->plan));
    else
        add(all, LB_INFO, NULL, lb_report_name(report),
            lb_arena_printf(reports->arena, "%s: %s", report->path,
                            errors ? lb_counted(reports->arena, errors, "error") : "valid"));
}

/* --- how
 * --------------------------------------------------------------------------------------------- */

static void escape(struct lb_str *out, const char *text, bool property)
{
    struct lb_str safe = {0};
    lb_str_escape(&safe, text, strlen(text), true);
    for (const char *at = lb_str_text(&safe); *at; at++) {
        if (strchr("%\r\n", *at) || (property && strchr(":,", *at)))
            lb_str_printf(out, "%%%02X", (unsigned)(unsigned char)*at);
        else
            lb_str_putc(out, *at);
    }
    lb_str_release(&safe);
}

static void print(struct lb_str *out, const struct annotation *it)
{
    static const char *const commands[] = {
        [LB_ERROR] = "error", [LB_WARNING] = "warning", [LB_INFO] = "notice"};
    const struct lb_mark *mark = it->mark;
    lb_str_printf(out, "::%s ", commands[it->level]);
    if (mark && mark->line && *it->path) {
        lb_str_puts(out, "file=");
        escape(out, it->path, true);
        lb_str_printf(out, ",line=%u,", (unsigned)mark->line);
        /* columns are refused where the annotation spans lines */
        if (mark->column && (!mark->end_line || mark->end_line == mark->line))
            lb_str_printf(out, "col=%u,", (unsigned)mark->column);
    }
    lb_str_puts(out, "title=");
    escape(out, it->title, true);
    lb_str_puts(out, "::");
    escape(out, it->message, false);
    lb_str_putc(out, '\n');
}

static void print_level(const struct annotations *all, enum lb_severity level, struct lb_str *out)
{
    size_t count = 0, shown = 0;
    for (size_t i = 0; i < all->count; i++)
        count += all->items[i].level == level;
    size_t most = count > PER_LEVEL ? PER_LEVEL - 1 : count;
    for (size_t i = 0; i < all->count && shown < most; i++) {
        if (all->items[i].level != level)
            continue;
        print(out, &all->items[i]);
        shown++;
    }
    if (count > shown) {
        struct annotation more = {level, NULL, NULL, "lifeboat",
                                  lb_arena_printf(all->arena,
                                                  "and %zu more of this level; --format text "
                                                  "tells all",
                                                  count - shown)};
        print(out, &more);
    }
}

int lb_render_github(const struct lb_reports *reports, struct lb_str *out)
{
    struct annotations all = {.arena = reports->arena};
    if (reports->count > 1)
        add_fleet(reports, &all);
    for (size_t i = 0; i < reports->count; i++)
        add_summary(reports, &reports->items[i], &all);
    for (size_t i = 0; i < reports->count; i++)
        add_changes(reports, &reports->items[i], true, &all);
    for (size_t i = 0; i < reports->count; i++)
        add_findings(reports, &reports->items[i], &all);
    for (size_t i = 0; i < reports->count; i++)
        add_changes(reports, &reports->items[i], false, &all);
    print_level(&all, LB_ERROR, out);
    print_level(&all, LB_WARNING, out);
    print_level(&all, LB_INFO, out);
    return 0;
}
