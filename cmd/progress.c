/* progress.c: see progress.h. What runs is told on standard error, the outcome on standard output.
 */
#include "cmd/progress.h"

#include "cmd/events.h"

#include "base/time.h"
#include "base/utf8.h"

#include <string.h>

#define LINE_EVERY_S 60

struct lb_progress {
    struct lb_cli *cli;
    const struct lb_plan *plan;
    struct row {
        bool active;
        int64_t started_ms, told_ms;
        const char *detail;
    } * rows;     /* by step */
    size_t drawn; /* lines of the block on the terminal */
    int64_t began_ms;
};

/* The clock that steps are timed by: where the sandbox lets time run faster, all figures agree. */
static int64_t now_ms(const struct lb_progress *progress)
{
    const struct lb_exchange *exchange = progress->cli->engine.exchange;
    return exchange->now_ms(exchange->self);
}

struct lb_progress *lb_progress_new(struct lb_cli *cli, const struct lb_plan *plan)
{
    struct lb_progress *progress = lb_arena_alloc(cli->arena, sizeof *progress);
    progress->cli = cli;
    progress->plan = plan;
    progress->rows = lb_arena_array(cli->arena, plan->step_count + 1, sizeof *progress->rows);
    progress->began_ms = now_ms(progress);
    return progress;
}

static struct row *row_of(struct lb_progress *progress, const struct lb_step *step)
{
    return &progress->rows[step - progress->plan->steps];
}

/* --- a terminal: one block of what is under way
 * ---------------------------------------------------------- */

static void erase(struct lb_progress *progress, struct lb_str *out)
{
    for (; progress->drawn; progress->drawn--)
        lb_str_puts(out, "\033[1A\033[2K");
}

static void draw(struct lb_progress *progress, struct lb_str *out)
{
    for (size_t i = 0; i < progress->plan->step_count && progress->drawn < 12; i++) {
        const struct row *row = &progress->rows[i];
        const struct lb_step *step = &progress->plan->steps[i];
        if (!row->active)
            continue;
        int64_t elapsed = (now_ms(progress) - row->started_ms) / 1000;
        struct lb_str line = {0};
        lb_str_printf(&line, "  ... %s: %s  %s of about %s%s%s",
                      lb_escape(progress->cli->arena, step->address),
                      lb_escape(progress->cli->arena, step->title),
                      lb_duration_words(progress->cli->arena, elapsed),
                      lb_duration_words(progress->cli->arena, step->estimate_s),
                      row->detail ? "  " : "", row->detail ? row->detail : "");
        size_t room = progress->cli->width > 4 ? progress->cli->width - 1 : 79;
        lb_str_add(out, lb_str_text(&line), lb_utf8_cut(lb_str_text(&line), line.length, room));
        lb_str_putc(out, '\n');
        lb_str_release(&line);
        progress->drawn++;
    }
}

/* --- lines
 * ---------------------------------------------------------------------------------------------------
 */

static void line(struct lb_progress *progress, struct lb_str *out, const char *mark,
                 const struct lb_event *event)
{
    const struct lb_step *step = event->step;
    lb_str_printf(out, "%s %s: %s (%s)", mark, lb_escape(progress->cli->arena, step->address),
                  lb_escape(progress->cli->arena, step->title), step->call);
    if (event->type != LB_EVENT_STEP_START)
        lb_str_printf(out, " [%s]", lb_duration_words(progress->cli->arena, event->elapsed_s));
    if (event->detail)
        lb_str_printf(out, " %s", lb_escape(progress->cli->arena, event->detail));
    lb_str_putc(out, '\n');
}

/* A line when the words change, else one a minute. */
static bool worth_a_line(struct lb_progress *progress, struct row *row,
                         const struct lb_event *event)
{
    int64_t now = now_ms(progress);
    bool news = !lb_streq(row->detail, event->detail) && event->detail;
    if (!news && now - row->told_ms < LINE_EVERY_S * 1000)
        return false;
    row->told_ms = now;
    return true;
}

static void tell_text(struct lb_progress *progress, struct row *row, const struct lb_event *event)
{
    struct lb_str out = {0};
    bool block = progress->cli->terminal_err;
    erase(progress, &out);
    if (event->type == LB_EVENT_STEP_DONE)
        line(progress, &out, "done", event);
    else if (event->type == LB_EVENT_STEP_FAILED)
        line(progress, &out, "FAILED", event);
    else if (!block && event->type == LB_EVENT_STEP_START)
        line(progress, &out, "start", event);
    else if (!block && worth_a_line(progress, row, event))
        line(progress, &out, "wait", event);
    if (event->detail)
        row->detail = lb_escape(progress->cli->arena, event->detail);
    if (block)
        draw(progress, &out);
    lb_err(progress->cli, &out);
    lb_str_release(&out);
}

static void tell_json(struct lb_progress *progress, const struct lb_event *event)
{
    static const char *const types[] = {"step_start", "step_progress", "step_done", "step_failed"};
    struct lb_cli *cli = progress->cli;
    const struct lb_step *step = event->step;
    struct lb_value *out = lb_event_new(
        cli, types[event->type], lb_arena_printf(cli->arena, "%s: %s", step->address, step->title));
    lb_map_set_string(cli->arena, out, "step", step->id);
    lb_map_set_string(cli->arena, out, "address", step->address);
    lb_map_set_string(cli->arena, out, "call", step->call);
    lb_map_set_int(cli->arena, out, "elapsed_s", event->elapsed_s);
    lb_map_set_int(cli->arena, out, "estimate_s", step->estimate_s);
    lb_map_set_string(cli->arena, out, "detail", lb_escape(cli->arena, event->detail));
    if (event->diag)
        lb_map_set(cli->arena, out, "diagnostic", lb_diag_to_value(cli->arena, event->diag));
    lb_event_print(cli, out);
}

void lb_progress_event(void *payload, const struct lb_event *event)
{
    struct lb_progress *progress = payload;
    struct row *row = row_of(progress, event->step);
    if (event->type == LB_EVENT_STEP_START)
        row->started_ms = row->told_ms = now_ms(progress);
    row->active = event->type == LB_EVENT_STEP_START || event->type == LB_EVENT_STEP_PROGRESS;
    if (lb_flag(progress->cli, "json"))
        tell_json(progress, event);
    else
        tell_text(progress, row, event);
}

/* --- the end
 * ---------------------------------------------------------------------------------------------------
 */

static void list_state(struct lb_progress *progress, const struct lb_apply_result *result,
                       enum lb_step_state state, const char *title, struct lb_str *out)
{
    bool any = false;
    for (size_t i = 0; i < progress->plan->step_count; i++) {
        const struct lb_step *step = &progress->plan->steps[i];
        if (result->states[i] != state)
            continue;
        if (!any)
            lb_str_printf(out, "%s:\n", title);
        any = true;
        lb_str_printf(out, "  %s: %s (%s)\n", lb_escape(progress->cli->arena, step->address),
                      lb_escape(progress->cli->arena, step->title), step->call);
    }
}

static const char *fine_words(const struct lb_plan *plan)
{
    if (plan->assumed_down_count)
        return "What can be done while a region is assumed down is done.";
    return lb_plan_of_all(plan) ? "Live matches the spec."
                                : "Live matches the spec in the part that was planned.";
}

static const char *again_words(const struct lb_plan *plan, const struct lb_apply_result *result)
{
    if (!result->unusable)
        return "Run apply again to go on from here.";
    return result->done + result->unusable == plan->step_count
               ? "What failed is there and does not work: applying again does not try it again."
               : "Run apply again to go on from here; what is there and does not work is not tried "
                 "again.";
}

const char *lb_progress_line(struct lb_progress *progress, const struct lb_apply_result *result,
                             int exit_code)
{
    struct lb_arena *arena = progress->cli->arena;
    int64_t seconds = (now_ms(progress) - progress->began_ms) / 1000;
    const char *tail = exit_code == LB_EXIT_OK ? fine_words(progress->plan)
                                               : again_words(progress->plan, result);
    return lb_arena_printf(arena, "Apply: %zu done, %zu failed, %zu not started, in %s. %s",
                           result->done, result->failed, result->not_started,
                           lb_duration_words(arena, seconds), tail);
}

void lb_progress_outcome(struct lb_progress *progress, const struct lb_apply_result *result,
                         int exit_code, struct lb_str *out)
{
    if (result->done < progress->plan->step_count) {
        list_state(progress, result, LB_STEP_FAILED, "Failed", out);
        list_state(progress, result, LB_STEP_RUNNING, "Sent, outcome not confirmed", out);
        list_state(progress, result, LB_STEP_CONVERGING, "Sent, still converging", out);
        list_state(progress, result, LB_STEP_NOT_STARTED, "Not started", out);
    }
    lb_str_printf(out, "%s\n", lb_progress_line(progress, result, exit_code));
}

void lb_progress_close(struct lb_progress *progress, const struct lb_apply_result *result,
                       int exit_code)
{
    struct lb_str out = {0};
    if (lb_flag(progress->cli, "json"))
        return;
    lb_progress_outcome(progress, result, exit_code, &out);
    lb_out(progress->cli, &out);
    lb_str_release(&out);
}
