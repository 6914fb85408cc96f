/* render.c: one plan, several renderers, chosen by --format. To add one: a row here, a file
 * cmd/render_<format>.c, the word in cmd/verbs.c, a story.
 */
#include "cmd/render.h"

#include "base/json.h"

#include <string.h>

static int render_text(const struct lb_reports *reports, struct lb_str *out)
{
    for (size_t i = 0; i < reports->count; i++) {
        if (i)
            lb_str_putc(out, '\n');
        lb_render_text(reports->arena, reports->items[i].plan, reports->color, reports->width, out);
    }
    return 0;
}

/* One document is indented for people; of several each is a line. */
static int render_json(const struct lb_reports *reports, struct lb_str *out)
{
    bool fleet = reports->count > 1;
    for (size_t i = 0; i < reports->count; i++) {
        lb_json_write(out, lb_plan_to_value(reports->arena, reports->items[i].plan), fleet ? 0 : 2);
        if (fleet)
            lb_str_putc(out, '\n');
    }
    return 0;
}

static const struct {
    const char *name;
    lb_render_fn *render;
} renderers[] = {
    {"text", render_text},        {"json", render_json},      {"markdown", lb_render_markdown},
    {"sarif", lb_render_sarif},   {"junit", lb_render_junit}, {"github", lb_render_github},
    {"gitlab", lb_render_gitlab},
};

lb_render_fn *lb_renderer_find(const char *format)
{
    for (size_t i = 0; i < sizeof renderers / sizeof *renderers; i++)
        if (lb_streq(renderers[i].name, format))
            return renderers[i].render;
    return NULL;
}

/* --- options
 * ---------------------------------------------------------------------------------------- */

static int read_max_bytes(struct lb_cli *cli, size_t *out)
{
    return lb_option_number(cli, "max-bytes", LB_STR_DEFAULT_MAX, 0, "65000", out);
}

int lb_render_check(struct lb_cli *cli)
{
    size_t ignored;
    if (lb_option(cli, "max-bytes", NULL) &&
        !lb_streq(lb_option(cli, "format", "text"), "markdown"))
        return lb_diags_error_try(&cli->diags, "LB-U001", NULL, "--format markdown",
                                  "--max-bytes is for --format markdown");
    return read_max_bytes(cli, &ignored);
}

int lb_render_reports(struct lb_cli *cli, struct lb_reports *reports, struct lb_str *out)
{
    const char *format = lb_option(cli, "format", "text");
    lb_render_fn *render = lb_renderer_find(format);
    reports->arena = cli->arena;
    reports->diags = &cli->diags;
    reports->color = cli->color_out;
    reports->width = cli->width;
    reports->drift = lb_streq(cli->verb->name, "drift");
    reports->verb = reports->drift                          ? "drift"
                    : lb_streq(cli->verb->name, "validate") ? "validate"
                                                            : "plan";
    if (read_max_bytes(cli, &reports->max_bytes) != 0)
        return -1;
    if (!render)
        return lb_diags_error(&cli->diags, "LB-U001", NULL, "--format does not take \"%s\"",
                              format);
    int result = render(reports, out);
    if (result == 0 && out->overflow)
        return lb_diags_error(&cli->diags, "LB-U007", NULL, "more than %zu bytes",
                              out->max ? out->max : LB_STR_DEFAULT_MAX);
    return result;
}

int lb_render_plans(struct lb_cli *cli, const struct lb_plan *plans, size_t count,
                    struct lb_str *out)
{
    struct lb_report *items = lb_arena_array(cli->arena, count + 1, sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] = (struct lb_report){
            .path = lb_report_path(plans[i].spec_git_path, plans[i].spec_path),
            .stack = plans[i].stack,
            .version = plans[i].tool_version,
            .findings = plans[i].findings,
            .finding_count = plans[i].finding_count,
            .plan = &plans[i]};
    struct lb_reports reports = {.items = items, .count = count};
    return lb_render_reports(cli, &reports, out);
}

/* --- what several renderers ask
 * --------------------------------------------------------------------- */

const char *lb_report_path(const char *git_path, const char *path)
{
    return git_path ? git_path : path;
}

const char *lb_report_name(const struct lb_report *report)
{
    return report->plan ? report->stack : report->path;
}

bool lb_change_differs(const struct lb_change *change)
{
    return change->action == LB_ACTION_CREATE || change->action == LB_ACTION_UPDATE ||
           change->action == LB_ACTION_REPLACE;
}

bool lb_change_grave(const struct lb_change *change)
{
    if (change->action == LB_ACTION_REPLACE || change->action == LB_ACTION_RELEASE)
        return true;
    /* what is being made disturbs nobody */
    return change->action != LB_ACTION_CREATE &&
           (change->disruption || lb_streq(change->risk, "disruptive") ||
            lb_streq(change->risk, "data-loss"));
}

char *lb_change_danger(struct lb_arena *arena, const struct lb_change *change)
{
    if (change->disruption)
        return lb_arena_printf(arena, "disruption: %s", lb_escape(arena, change->disruption));
    if (!lb_change_grave(change) || !change->risk || lb_streq(change->risk, "none"))
        return NULL;
    return lb_arena_printf(arena, "risk: %s", lb_escape(arena, change->risk));
}

const char *lb_change_word(const struct lb_change *change)
{
    static const char *const words[] = {
        [LB_ACTION_NONE] = "no change",  [LB_ACTION_CREATE] = "create",
        [LB_ACTION_UPDATE] = "update",   [LB_ACTION_REPLACE] = "REPLACE",
        [LB_ACTION_RELEASE] = "release", [LB_ACTION_READ] = "look at",
    };
    return words[change->action];
}

const char *lb_severity_word(enum lb_severity severity)
{
    static const char *const words[] = {
        [LB_ERROR] = "error", [LB_WARNING] = "warning", [LB_INFO] = "info"};
    return words[severity];
}

size_t lb_report_errors(const struct lb_report *report)
{
    size_t errors = 0;
    for (size_t i = 0; i < report->finding_count; i++)
        errors += report->findings[i].severity == LB_ERROR;
    return errors;
}

char *lb_finding_sentence(struct lb_arena *arena, const struct lb_diag *finding)
{
    struct lb_str text = {0};
    const char *parts[] = {finding->address, finding->detail};
    lb_str_puts(&text, finding->summary ? finding->summary : finding->code);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i] && *parts[i])
            lb_str_printf(&text, ": %s", parts[i]);
    return lb_str_take(&text, arena);
}

/* A region that is down answers none of a dozen reads of one object: told once, then counted. */
size_t lb_finding_repeats(const struct lb_diag *findings, size_t count, size_t i)
{
    const struct lb_diag *first = &findings[i];
    size_t repeats = 0;
    while (first->service && i + repeats + 1 < count) {
        const struct lb_diag *next = &findings[i + repeats + 1];
        if (!next->service || !lb_streq(next->code, first->code) ||
            !lb_streq(next->address, first->address))
            break;
        repeats++;
    }
    return repeats;
}

int64_t lb_plan_longest_path(struct lb_arena *arena, const struct lb_plan *plan)
{
    int64_t *ends = lb_arena_array(arena, plan->step_count + 1, sizeof *ends);
    int64_t longest = 0;
    for (size_t i = 0; i < plan->step_count; i++) {
        for (size_t k = 0; k < plan->steps[i].need_count; k++)
            if (ends[plan->steps[i].needs[k]] > ends[i])
                ends[i] = ends[plan->steps[i].needs[k]];
        ends[i] += plan->steps[i].estimate_s;
        longest = ends[i] > longest ? ends[i] : longest;
    }
    return longest;
}

char *lb_counted(struct lb_arena *arena, size_t count, const char *noun)
{
    size_t length = strlen(noun);
    if (count != 1 && length && noun[length - 1] == 'y')
        return lb_arena_printf(arena, "%zu %.*sies", count, (int)(length - 1), noun);
    return lb_arena_printf(arena, "%zu %s%s", count, noun, count == 1 ? "" : "s");
}
