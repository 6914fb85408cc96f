/* A plan file as somebody may hand it to show or apply: refused with a diagnostic, or a plan whose
 * text drives nothing and whose JSON is a plan again. */
#include "base/json.h"
#include "base/str.h"
#include "cmd/render.h"
#include "tests/fuzz/fuzz.h"

/* Formats whose readers are not driven by the start of a line. */
static void check_formats(struct lb_arena *arena, struct lb_diags *diags,
                          const struct lb_plan *plan)
{
    static lb_render_fn *const renderers[] = {lb_render_markdown, lb_render_sarif, lb_render_junit,
                                              lb_render_gitlab};
    struct lb_report report = {.path = plan->spec_path,
                               .stack = plan->stack,
                               .version = plan->tool_version,
                               .findings = plan->findings,
                               .finding_count = plan->finding_count,
                               .plan = plan};
    struct lb_reports reports = {
        .arena = arena, .diags = diags, .items = &report, .count = 1, .verb = "plan"};
    struct lb_str out = {0};
    for (size_t i = 0; i < sizeof renderers / sizeof *renderers; i++) {
        lb_str_clear(&out);
        MUST(renderers[i](&reports, &out) == 0);
        must_be_inert(lb_str_text(&out), out.length);
    }
    MUST(lb_render_github(&reports, &out) == 0);
    lb_str_release(&out);
}

static void check_plan(struct lb_arena *arena, struct lb_diags *diags, struct lb_plan *plan)
{
    struct lb_str out = {0};
    lb_render_text(arena, plan, false, 100, &out);
    must_be_inert(lb_str_text(&out), out.length);
    lb_str_clear(&out);
    check_formats(arena, diags, plan);
    lb_plan_seal(arena, plan); /* the seeds are of a later version, whose ids are not judged */
    lb_json_write(&out, lb_plan_to_value(arena, plan), 2);
    must_be_inert(lb_str_text(&out), out.length);
    struct lb_plan again;
    const struct lb_value *value = lb_json_parse(arena, out.data, out.length, NULL);
    MUST(value && lb_plan_from_value(arena, diags, value, &again) == 0);
    MUST(again.step_count == plan->step_count && again.change_count == plan->change_count);
    lb_str_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    struct lb_plan plan;
    struct lb_str out = {0};
    lb_diags_init(&diags, arena);
    const struct lb_value *value = lb_json_parse(arena, (const char *)data, size, NULL);
    int result = value ? lb_plan_from_value(arena, &diags, value, &plan) : -1;
    MUST(!value || (result == 0) == (diags.errors == 0));
    if (result == 0)
        check_plan(arena, &diags, &plan);
    for (size_t i = 0; i < diags.count; i++)
        lb_diag_render(&out, &diags.items[i], false);
    must_be_inert(lb_str_text(&out), out.length);
    lb_str_release(&out);
    lb_arena_free(arena);
    return 0;
}
