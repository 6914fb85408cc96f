/* render_text.c: the plan as a person reads it: findings first, then changes by region, then the
 * order of work and one closing line. A symbol always stands with its word; colour is never alone.
 */
#include "cmd/render.h"
#include "cmd/render_block.h"

#include "base/time.h"

#include <string.h>

struct page {
    struct lb_arena *arena;
    const struct lb_plan *plan;
    struct lb_str *out;
    bool color;
    size_t width;
};

static void paint(struct page *page, const char *sgr, const char *text)
{
    if (page->color)
        lb_str_printf(page->out, "\033[%sm%s\033[0m", sgr, text);
    else
        lb_str_puts(page->out, text);
}

static const struct look {
    const char *symbol, *sgr;
} looks[] = {
    [LB_ACTION_NONE] = {" ", "0"},     [LB_ACTION_CREATE] = {"+", "32"},
    [LB_ACTION_UPDATE] = {"~", "33"},  [LB_ACTION_REPLACE] = {"!", "1;31"},
    [LB_ACTION_RELEASE] = {"-", "36"}, [LB_ACTION_READ] = {"?", "2"},
};

static void place(struct page *page, const struct lb_mark *mark)
{
    if (mark->line && mark->source)
        lb_str_printf(page->out, "  %s:%u", mark->source->path, (unsigned)mark->line);
}

static void render_head(struct page *page)
{
    const struct lb_plan *plan = page->plan;
    const char *side = lb_streq(plan->active, "secondary") ? "secondary" : "primary";
    lb_str_puts(page->out, "Stack ");
    paint(page, "1", plan->stack);
    lb_str_printf(page->out, "  account %s  primary %s, secondary %s, active: %s\n", plan->account,
                  plan->regions[LB_SIDE_PRIMARY], plan->regions[LB_SIDE_SECONDARY], side);
    for (size_t i = 0; i < plan->assumed_down_count; i++)
        lb_str_printf(page->out, "%s%s",
                      i ? ", " : "Assumed down, not looked at: ", plan->assumed_down[i]);
    lb_str_puts(page->out, plan->assumed_down_count ? "\n" : "");
}

static void render_finding(struct page *page, const struct lb_diag *finding)
{
    static const char *const sgr[] = {"1;31", "1;33", "1;36"};
    lb_str_puts(page->out, "! ");
    paint(
        page, sgr[finding->severity],
        lb_arena_printf(page->arena, "%s[%s]", lb_severity_word(finding->severity), finding->code));
    lb_str_printf(page->out, " %s", finding->summary);
    place(page, &finding->mark);
    lb_str_putc(page->out, '\n');
    if (finding->address || finding->detail)
        lb_str_printf(page->out, "    %s%s%s\n", finding->address ? finding->address : "",
                      finding->address && finding->detail ? ": " : "",
                      finding->detail ? finding->detail : "");
    if (finding->severity != LB_INFO && finding->why)
        lb_str_printf(page->out, "    = why: %s\n", finding->why);
    if (finding->severity != LB_INFO && finding->remedy)
        lb_str_printf(page->out, "    = try: %s\n", finding->remedy);
}

static void render_findings(struct page *page)
{
    const struct lb_plan *plan = page->plan;
    if (plan->finding_count)
        lb_str_putc(page->out, '\n');
    for (size_t i = 0; i < plan->finding_count; i++) {
        size_t more = lb_finding_repeats(plan->findings, plan->finding_count, i);
        render_finding(page, &plan->findings[i]);
        if (more)
            lb_str_printf(page->out, "    and %zu more of its calls likewise\n", more);
        i += more;
    }
}

/* --- changes
 * ------------------------------------------------------------------------------------------- */

static void escaped(struct page *page, const char *text)
{
    lb_str_escape(page->out, text, strlen(text), false);
}

/* Columns that are left after `used`. */
static size_t room(const struct page *page, size_t used)
{
    return page->width > used + 40 ? page->width - used : 40;
}

static size_t rendered_length(const struct lb_value *value)
{
    struct lb_str text = {0};
    lb_render_value(&text, value, SIZE_MAX);
    size_t length = text.length;
    lb_str_release(&text);
    return length;
}

/* A new object is shown by its attributes: on one line where that fits. */
static void render_new(struct page *page, const struct lb_field *field)
{
    size_t used = strlen(field->path) + 8;
    lb_str_puts(page->out, "      ");
    escaped(page, field->path);
    if (used + rendered_length(field->after) <= page->width) {
        lb_str_puts(page->out, ": ");
        lb_render_value(page->out, field->after, SIZE_MAX);
        lb_str_putc(page->out, '\n');
    } else {
        lb_str_puts(page->out, ":\n");
        lb_render_block(page->out, "        ", field->after, room(page, 8));
    }
}

static void render_field(struct page *page, const struct lb_field *field)
{
    const char *reason = field->reason ? field->reason : "";
    size_t length = rendered_length(field->before) + rendered_length(field->after);
    lb_str_puts(page->out, !field->before ? "      + " : !field->after ? "      - " : "      ~ ");
    escaped(page, field->path);
    lb_str_puts(page->out, ":");
    if (length < room(page, 24)) {
        lb_str_putc(page->out, ' ');
        lb_render_value(page->out, field->before, SIZE_MAX);
        lb_str_puts(page->out, " -> ");
        lb_render_value(page->out, field->after, SIZE_MAX);
    }
    lb_str_puts(page->out, *reason ? "  # " : "");
    escaped(page, reason);
    lb_str_putc(page->out, '\n');
    if (length >= room(page, 24))
        lb_render_difference(page->out, "          ", field->before, field->after, room(page, 12));
}

static int64_t change_estimate(const struct lb_plan *plan, const char *address)
{
    int64_t seconds = 0;
    for (size_t i = 0; i < plan->step_count; i++)
        if (lb_streq(plan->steps[i].address, address))
            seconds += plan->steps[i].estimate_s;
    return seconds;
}

static void render_texts(struct page *page, const char *word, const char *const *items,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lb_str_printf(page->out, "      %s ", word);
        escaped(page, items[i]);
        lb_str_putc(page->out, '\n');
    }
}

static void render_change(struct page *page, const struct lb_change *change)
{
    const struct look *look = &looks[change->action];
    int64_t seconds = change_estimate(page->plan, change->address);
    lb_str_puts(page->out, "  ");
    paint(page, look->sgr,
          lb_arena_printf(page->arena, "%s %s", look->symbol, lb_change_word(change)));
    lb_str_printf(page->out, "  %s", lb_escape(page->arena, change->address));
    if (seconds >= 60)
        lb_str_printf(page->out, "  about %s", lb_duration_words(page->arena, seconds / 60 * 60));
    place(page, &change->mark);
    lb_str_putc(page->out, '\n');
    if (change->action != LB_ACTION_UPDATE && change->reason && *change->reason)
        lb_str_printf(page->out, "      (%s)\n", lb_escape(page->arena, change->reason));
    const char *danger = lb_change_danger(page->arena, change);
    if (danger) {
        lb_str_puts(page->out, "      ");
        paint(page, "1;33", danger);
        lb_str_putc(page->out, '\n');
    }
    for (size_t i = 0; i < change->field_count; i++) {
        if (change->action == LB_ACTION_CREATE)
            render_new(page, &change->fields[i]);
        else
            render_field(page, &change->fields[i]);
    }
    render_texts(page, "= kept, not ours:", change->foreign, change->foreign_count);
    if (change->action != LB_ACTION_CREATE)
        render_texts(page, "? unknown:", change->unknown, change->unknown_count);
}

/* "" is of what left the spec. */
static void render_region(struct page *page, const char *region)
{
    bool any = false;
    for (size_t i = 0; i < page->plan->change_count; i++) {
        const struct lb_change *change = &page->plan->changes[i];
        if (!lb_streq(change->region, region))
            continue;
        if (!any) {
            lb_str_putc(page->out, '\n');
            paint(page, "1", *region ? lb_escape(page->arena, region) : "left the spec");
            lb_str_putc(page->out, '\n');
        }
        any = true;
        render_change(page, change);
    }
}

/* The regions of the plan in an order that people know; a file may hold others, which are not
 * hidden for that. */
static void render_changes(struct page *page)
{
    const struct lb_plan *plan = page->plan;
    const char *known[] = {"global", plan->regions[LB_SIDE_PRIMARY],
                           plan->regions[LB_SIDE_SECONDARY], ""};
    struct lb_value *told = lb_value_map(page->arena);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        render_region(page, known[i]);
        lb_map_set_bool(page->arena, told, known[i], true);
    }
    for (size_t i = 0; i < plan->change_count; i++) {
        const char *region = plan->changes[i].region;
        if (lb_map_get(told, region))
            continue;
        render_region(page, region);
        lb_map_set_bool(page->arena, told, region, true);
    }
}

/* --- order
 * ---------------------------------------------------------------------------------------------------
 */

static void render_steps(struct page *page)
{
    const struct lb_plan *plan = page->plan;
    if (!plan->step_count)
        return;
    lb_str_putc(page->out, '\n');
    paint(page, "1", "Steps");
    lb_str_printf(page->out,
                  ", in an order that respects what needs what; about %s on the longest path\n",
                  lb_duration_words(page->arena, lb_plan_longest_path(page->arena, plan)));
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct lb_step *step = &plan->steps[i];
        lb_str_printf(page->out, "  %4s  %-40s  %s  (%s)\n", step->id,
                      lb_escape(page->arena, step->address), lb_escape(page->arena, step->title),
                      lb_escape(page->arena, step->call));
    }
}

void lb_render_text(struct lb_arena *arena, const struct lb_plan *plan, bool color, size_t width,
                    struct lb_str *out)
{
    struct page page = {arena, plan, out, color, width};
    render_head(&page);
    render_findings(&page);
    render_changes(&page);
    render_steps(&page);
    if (!plan->complete)
        lb_str_puts(
            out,
            "\nThis plan is incomplete: not everything could be read. It cannot be applied.\n");
    lb_str_printf(out, "\nPlan id %s\n", plan->id);
    paint(&page, "1", lb_plan_summary(arena, plan));
    lb_str_putc(out, '\n');
}
