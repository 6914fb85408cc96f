/* render_markdown.c: the plan as a comment of a pull request, a step summary or an issue: counts
 * first, then what is wrong, then what destroys or disturbs, then the rest, folded.
 *
 * Platforms cut or refuse what is too long (a GitHub comment: 65,536 characters; a step summary:
 * 1 MiB). So the page is tried level by level until it fits, and says what it left out.
 */
#include "cmd/render_markdown.h"
#include "cmd/markdown.h"
#include "cmd/render_mermaid.h"

#include "base/json.h"
#include "base/time.h"

#include <string.h>

static const char *const left_out[] = {
    [LB_MD_ALL] = NULL,
    [LB_MD_ATTRIBUTES] = "the attributes of created objects and the order of the steps",
    [LB_MD_LINES] = "all attributes and the order of the steps",
    [LB_MD_COUNTS] = "the names of the objects below, all attributes, the order of the steps and "
                     "the places and reasons of what is told",
};

/* --- head and foot
 * ---------------------------------------------------------------------------------- */

static void marker(struct lb_md_page *page)
{
    struct lb_value *map = lb_value_map(page->arena);
    lb_map_set_string(page->arena, map, "plan", page->plan->id);
    lb_map_set_string(page->arena, map, "stack", page->plan->stack);
    lb_map_set_bool(page->arena, map, "truncated", page->level != LB_MD_ALL);
    lb_md_marker(page->out, lb_json_text(page->arena, map));
}

static const char *counts_of(struct lb_arena *arena, const struct lb_plan *plan)
{
    struct lb_plan_counts n;
    lb_plan_count(plan, &n);
    if (lb_plan_empty(plan) && !n.release)
        return "no changes";
    return lb_arena_printf(arena, "%zu to create, %zu to update, %zu to replace, %zu to release",
                           n.create, n.update, n.replace, n.release);
}

static void place_line(struct lb_md_page *page)
{
    const struct lb_plan *plan = page->plan;
    lb_str_puts(page->out, "Account ");
    lb_md_code(page->out, plan->account);
    lb_str_puts(page->out, ", primary ");
    lb_md_code(page->out, plan->regions[LB_SIDE_PRIMARY]);
    lb_str_puts(page->out, ", secondary ");
    lb_md_code(page->out, plan->regions[LB_SIDE_SECONDARY]);
    lb_str_puts(page->out, ", active: ");
    lb_md_prose(page->out, plan->active);
    lb_str_puts(page->out, ". ");
    if (plan->step_count)
        lb_str_printf(page->out, "%s, about %s on the longest path; ",
                      lb_counted(page->arena, plan->step_count, "step"),
                      lb_duration_words(page->arena, lb_plan_longest_path(page->arena, plan)));
    lb_str_printf(page->out, "%s unchanged.\n", lb_counted(page->arena, plan->unchanged, "object"));
}

static void shortened(struct lb_str *out, enum lb_md_level level)
{
    if (left_out[level])
        lb_str_printf(out,
                      "\n**Shortened to fit:** left out are %s. `lifeboat show` prints all of "
                      "it, from the plan's file or by its id from the ledger.\n",
                      left_out[level]);
}

static void head(struct lb_md_page *page, const char *verb)
{
    struct lb_plan_counts n;
    lb_plan_count(page->plan, &n);
    lb_str_printf(page->out, "### lifeboat %s for ", verb);
    lb_md_code(page->out, page->plan->stack);
    lb_str_printf(page->out, ": %s\n\n", counts_of(page->arena, page->plan));
    if (!page->fleet || page->level < LB_MD_COUNTS)
        place_line(page);
    for (size_t i = 0; i < page->plan->assumed_down_count; i++) {
        lb_str_puts(page->out, i ? ", " : "\n**Assumed down**, not looked at: ");
        lb_md_code(page->out, page->plan->assumed_down[i]);
    }
    lb_str_puts(page->out, page->plan->assumed_down_count ? "\n" : "");
    if (!page->plan->complete)
        lb_str_puts(page->out, "\n**Incomplete:** not everything could be read, so this plan "
                               "cannot be applied.\n");
    else if (n.errors)
        lb_str_printf(page->out, "\n**Refused:** %s below; this plan cannot be applied.\n",
                      lb_counted(page->arena, n.errors, "error"));
    if (!page->fleet)
        shortened(page->out, page->level);
}

static void foot(struct lb_md_page *page)
{
    lb_str_puts(page->out, "\nPlan id ");
    lb_md_code(page->out, page->plan->id);
    lb_str_puts(page->out, page->plan->step_count ? ". `lifeboat apply --plan ID` plans again and "
                                                    "refuses if this changed.\n"
                                                  : ".\n");
}

/* --- steps
 * ------------------------------------------------------------------------------------------- */

static void step_line(struct lb_md_page *page, struct lb_str *lines, const struct lb_step *step)
{
    struct lb_arena *arena = page->arena;
    const struct lb_plan *plan = page->plan;
    lb_str_printf(lines, "%4s  %s: %s (%s)", lb_escape(arena, step->id),
                  lb_escape(arena, step->address), lb_escape(arena, step->title),
                  lb_escape(arena, step->call));
    for (size_t k = 0; k < step->need_count; k++)
        lb_str_printf(lines, "%s%s", k ? ", " : ", after ",
                      lb_escape(arena, plan->steps[step->needs[k]].id));
    lb_str_putc(lines, '\n');
}

static void steps(struct lb_md_page *page)
{
    struct lb_str lines = {0};
    if (page->level != LB_MD_ALL || !page->plan->step_count)
        return;
    lb_str_printf(page->out, "\n<details><summary>Order of the %s</summary>\n\n",
                  lb_counted(page->arena, page->plan->step_count, "step"));
    if (lb_render_mermaid(page->out, page->plan))
        lb_str_putc(page->out, '\n');
    for (size_t i = 0; i < page->plan->step_count; i++)
        step_line(page, &lines, &page->plan->steps[i]);
    lb_md_fence(page->out, "text", lb_str_text(&lines));
    lb_str_puts(page->out, "\n</details>\n");
    lb_str_release(&lines);
}

/* --- the whole
 * --------------------------------------------------------------------------------------- */

static void section(struct lb_md_page *page, const char *verb)
{
    marker(page);
    head(page, verb);
    lb_md_findings(page);
    lb_md_changes(page);
    steps(page);
    foot(page);
}

/* Stacks of a fleet that have nothing to tell but their numbers: these are in the page's head. */
static bool quiet(const struct lb_plan *plan, enum lb_md_level level)
{
    if (plan->finding_count || !plan->complete || plan->assumed_down_count)
        return false;
    for (size_t i = 0; i < plan->change_count; i++)
        if (level < LB_MD_COUNTS || lb_change_grave(&plan->changes[i]))
            return false;
    return true;
}

static void fleet_head(const struct lb_reports *reports, enum lb_md_level level, struct lb_str *out)
{
    struct lb_value *map = lb_value_map(reports->arena);
    struct lb_value *names = lb_map_list(reports->arena, map, "stacks");
    struct lb_value *ids = lb_map_list(reports->arena, map, "plans");
    for (size_t i = 0; i < reports->count; i++) {
        lb_list_add_string(reports->arena, names, reports->items[i].stack);
        lb_list_add_string(reports->arena, ids, reports->items[i].plan->id);
    }
    lb_map_set_bool(reports->arena, map, "truncated", level != LB_MD_ALL);
    lb_md_marker(out, lb_json_text(reports->arena, map));
    lb_str_printf(out, "### lifeboat %s for %zu stacks\n\n", reports->verb, reports->count);
    for (size_t i = 0; i < reports->count; i++) {
        const struct lb_plan *plan = reports->items[i].plan;
        struct lb_plan_counts n;
        lb_plan_count(plan, &n);
        lb_str_puts(out, "- ");
        lb_md_code(out, plan->stack);
        lb_str_printf(out, ": %s%s", counts_of(reports->arena, plan),
                      plan->complete ? "" : ", incomplete");
        if (n.errors)
            lb_str_printf(out, ", %s", lb_counted(reports->arena, n.errors, "error"));
        lb_str_putc(out, '\n');
    }
    shortened(out, level);
}

static void render(const struct lb_reports *reports, enum lb_md_level level, struct lb_str *out)
{
    bool fleet = reports->count > 1;
    if (fleet)
        fleet_head(reports, level, out);
    for (size_t i = 0; i < reports->count; i++) {
        struct lb_md_page page = {reports->arena, out, reports->items[i].plan, level, fleet};
        if (fleet && quiet(page.plan, level))
            continue;
        lb_str_puts(out, fleet ? "\n" : "");
        section(&page, reports->verb);
    }
}

int lb_render_markdown(const struct lb_reports *reports, struct lb_str *out)
{
    size_t start = out->length, length = 0;
    for (int level = LB_MD_ALL; level <= LB_MD_COUNTS; level++) {
        lb_str_truncate(out, start);
        render(reports, (enum lb_md_level)level, out);
        length = out->length - start;
        if (!reports->max_bytes || length <= reports->max_bytes)
            return 0;
    }
    lb_str_truncate(out, start);
    return lb_diags_error(reports->diags, "LB-U007", NULL,
                          "findings and what destroys or disturbs take %zu bytes, --max-bytes is "
                          "%zu",
                          length, reports->max_bytes);
}
