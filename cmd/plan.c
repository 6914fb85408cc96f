/* plan.c: what would change, for one spec or a fleet. */
#include "cmd/recording.h"
#include "cmd/render.h"

#include "base/json.h"

static int write_plan(struct lb_cli *cli, const struct lb_plan *plan)
{
    const char *path = lb_option(cli, "out", NULL);
    if (!path)
        return 0;
    struct lb_str text = {0};
    lb_json_write(&text, lb_plan_to_value(cli->arena, plan), 2);
    int result = lb_file_write(cli, path, &text);
    lb_str_release(&text);
    return result;
}

static int print_plans(struct lb_cli *cli, const struct lb_plan *plans, size_t count)
{
    struct lb_str out = {0};
    int result = lb_render_plans(cli, plans, count, &out);
    if (result == 0)
        lb_out(cli, &out);
    lb_str_release(&out);
    return result;
}

static int nowhere(struct lb_cli *cli, const char *path)
{
    lb_diags_error(&cli->diags, "LB-U008", NULL, "%s", path);
    return LB_EXIT_USAGE;
}

/* A fleet's specs mostly lie in one folder: its ledger is opened once, and those that follow each
 * other in it are recorded together. */
static int record_plans(struct lb_cli *cli, struct lb_stack **stacks, const struct lb_plan *plans,
                        size_t count)
{
    struct lb_recording *recording = NULL;
    size_t first = 0;
    int worst = LB_EXIT_OK;
    for (size_t i = 0; i < count; i++) {
        struct lb_recording *next = recording;
        int code = lb_recording_open(cli, plans[i].spec_path, &next);
        if (!code && !next)
            code = nowhere(cli, plans[i].spec_path);
        worst = lb_exit_worse(worst, code);
        if (next == recording)
            continue;
        code = lb_recording_plans(recording, &stacks[first], &plans[first], i - first);
        worst = lb_exit_worse(worst, code);
        recording = next;
        first = i;
    }
    int code = lb_recording_plans(recording, &stacks[first], &plans[first], count - first);
    return lb_exit_worse(worst, code);
}

static void print_fleet(struct lb_cli *cli, const struct lb_plan *plans, size_t count)
{
    struct lb_str out = {0};
    size_t changed = 0, refused = 0;
    for (size_t i = 0; i < count; i++) {
        changed += !lb_plan_empty(&plans[i]);
        refused += lb_exit_of_plan(&plans[i]) != LB_EXIT_OK;
    }
    lb_str_printf(&out, "%zu stacks: %zu with changes, %zu refused or incomplete.\n", count,
                  changed, refused);
    /* beside documents for programs goes the closing line for people */
    if (lb_streq(lb_option(cli, "format", "text"), "text"))
        lb_out(cli, &out);
    else
        lb_err(cli, &out);
    lb_str_release(&out);
}

int lb_cmd_plan(struct lb_cli *cli)
{
    struct lb_stack **stacks;
    struct lb_plan *plans;
    size_t count;
    if (lb_option(cli, "out", NULL) && cli->arg_count > 1) {
        lb_diags_error(&cli->diags, "LB-U001", NULL, "--out takes one spec");
        return LB_EXIT_USAGE;
    }
    if (lb_render_check(cli) != 0)
        return LB_EXIT_USAGE;
    int code = lb_plan_specs(cli, &stacks, &count, &plans);
    if (code)
        return code;
    /* the file first: what cannot be printed as asked can be shown from it */
    if (write_plan(cli, &plans[0]) != 0 || print_plans(cli, plans, count) != 0)
        return lb_diags_exit(&cli->diags);
    if (count > 1)
        print_fleet(cli, plans, count);
    if (lb_flag(cli, "record"))
        code = record_plans(cli, stacks, plans, count);
    for (size_t i = 0; i < count; i++) {
        code = lb_exit_worse(code, lb_exit_of_plan(&plans[i]));
        if (lb_flag(cli, "detailed-exitcode") && !lb_plan_empty(&plans[i]))
            code = lb_exit_worse(code, LB_EXIT_CHANGES);
    }
    return code;
}
