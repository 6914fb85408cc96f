/* drift.c: does live still match? For schedules and alerts: short, and exit 2 when not. */
#include "cmd/render.h"

/* What would refuse an apply decides the exit code, and what was not looked at must not pass for
 * what is as it should be: both are named here too. */
static bool is_told(const struct lb_diag *finding)
{
    return finding->severity == LB_ERROR || lb_streq(finding->code, "LB-P030");
}

static void print_finding(struct lb_cli *cli, const struct lb_diag *finding, struct lb_str *out)
{
    lb_str_printf(out, "  %s[%s]  %s: %s%s\n", lb_severity_word(finding->severity), finding->code,
                  finding->address ? finding->address : "the stack", finding->summary,
                  finding->detail ? lb_arena_printf(cli->arena, " (%s)", finding->detail) : "");
    if (!finding->address && finding->remedy)
        lb_str_printf(out, "    = try: %s\n", finding->remedy);
}

static void print_changes(struct lb_cli *cli, const struct lb_plan *plan, struct lb_str *out)
{
    lb_str_printf(out, "%s: %s.\n", plan->stack,
                  plan->complete ? "live differs from the spec" : "not everything could be read");
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct lb_change *change = &plan->changes[i];
        lb_str_printf(out, "  %s  %s", lb_action_name(change->action),
                      lb_escape(cli->arena, change->address));
        for (size_t k = 0; k < change->field_count && change->action == LB_ACTION_UPDATE; k++)
            lb_str_printf(out, "%s%s", k ? ", " : ": ",
                          lb_escape(cli->arena, change->fields[k].path));
        lb_str_putc(out, '\n');
    }
}

static void print_drift(struct lb_cli *cli, const struct lb_plan *plan, struct lb_str *out)
{
    if (lb_plan_empty(plan))
        lb_str_printf(out, "%s: live matches the spec%s.\n", plan->stack,
                      plan->assumed_down_count
                          ? ", but for what is assumed down and what is left out for it"
                          : "");
    else
        print_changes(cli, plan, out);
    for (size_t i = 0; i < plan->finding_count; i++)
        if (is_told(&plan->findings[i]))
            print_finding(cli, &plan->findings[i], out);
}

int lb_cmd_drift(struct lb_cli *cli)
{
    struct lb_stack **stacks;
    struct lb_plan *plans;
    size_t count;
    if (lb_render_check(cli) != 0)
        return LB_EXIT_USAGE;
    int code = lb_plan_specs(cli, &stacks, &count, &plans);
    if (code)
        return code;
    struct lb_str out = {0};
    bool text = lb_streq(lb_option(cli, "format", "text"), "text");
    for (size_t i = 0; i < count; i++) {
        if (text)
            print_drift(cli, &plans[i], &out);
        code = lb_exit_worse(code, lb_exit_of_plan(&plans[i]));
        if (!lb_plan_empty(&plans[i]))
            code = lb_exit_worse(code, LB_EXIT_CHANGES);
    }
    int failed = text ? 0 : lb_render_plans(cli, plans, count, &out);
    if (!failed)
        lb_out(cli, &out);
    lb_str_release(&out);
    return failed ? lb_diags_exit(&cli->diags) : code;
}
