/* session.c: what plan, drift and apply do alike: read specs, go online, make plans. */
#include "cmd/progress.h"

#include "ledger/ledger.h"

#include <unistd.h>

const char *const *lb_spec_paths(struct lb_cli *cli, size_t *count)
{
    static const char *const standard[] = {"lifeboat.yaml"};
    *count = cli->arg_count ? cli->arg_count : 1;
    return cli->arg_count ? cli->args : standard;
}

int lb_load_stacks(struct lb_cli *cli, struct lb_stack ***out, size_t *count)
{
    const char *const *paths = lb_spec_paths(cli, count);
    int result = 0;
    *out = lb_arena_array(cli->arena, *count + 1, sizeof **out);
    for (size_t i = 0; i < *count; i++) {
        struct lb_source *source = lb_source_read(cli, paths[i]);
        if (!source)
            return -1;
        (*out)[i] = lb_arena_alloc(cli->arena, sizeof ***out);
        if (lb_spec_load(&cli->engine, source, (*out)[i]) != 0)
            result = -1;
    }
    return result;
}

int lb_cli_online(struct lb_cli *cli)
{
    if (cli->loop)
        return 0;
    if (lb_loop_new(cli->arena, &cli->diags, &cli->loop) != 0)
        return -1;
    cli->engine.exchange = lb_arena_alloc(cli->arena, sizeof *cli->engine.exchange);
    *cli->engine.exchange = lb_loop_exchange(cli->loop);
    size_t count;
    const char *const *down = lb_option_list(cli, "assume-down", &count);
    lb_loop_assume_down(cli->loop, down, count);
    return 0;
}

const char *lb_spec_git_path(struct lb_cli *cli, const struct lb_stack *stack)
{
    /* folders above the one that was named may be called anything */
    return lb_escape(cli->arena, lb_git_path(cli->arena, stack->source->path));
}

int lb_make_plans(struct lb_cli *cli, struct lb_stack **stacks, size_t count, struct lb_plan **out)
{
    struct lb_plan_options options = {0};
    options.targets = lb_option_list(cli, "target", &options.target_count);
    options.excludes = lb_option_list(cli, "exclude", &options.exclude_count);
    options.assume_down = lb_option_list(cli, "assume-down", &options.assume_down_count);
    *out = lb_arena_array(cli->arena, count + 1, sizeof **out);
    int result = lb_engine_plan(&cli->engine, stacks, count, &options, *out);
    for (size_t i = 0; i < count; i++)
        (*out)[i].spec_git_path = lb_spec_git_path(cli, stacks[i]);
    return result;
}

/* A fleet may name a stack once: two specs that own the same objects would fight. */
static int check_distinct(struct lb_cli *cli, struct lb_stack **stacks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (lb_streq(stacks[i]->name, stacks[k]->name) &&
                lb_streq(stacks[i]->account, stacks[k]->account)) {
                const struct lb_value *at = lb_map_get(stacks[i]->spec, "stack");
                return lb_diags_error(&cli->diags, "LB-S054", at->mark, "\"%s\" is also in %s",
                                      stacks[i]->name, stacks[k]->source->path);
            }
    return 0;
}

int lb_exit_of_specs(struct lb_cli *cli, struct lb_stack **stacks, size_t count)
{
    int code = lb_diags_exit(&cli->diags);
    for (size_t i = 0; i < count && stacks[i]; i++) {
        lb_diags_sort(stacks[i]->diags); /* an entry in two regions has its errors once */
        lb_show_diags(cli, stacks[i]->diags);
        lb_events_diags(cli, stacks[i]->diags);
        code = lb_exit_worse(code, lb_diags_exit(stacks[i]->diags));
    }
    return code ? code : LB_EXIT_ERROR;
}

int lb_load_specs(struct lb_cli *cli, struct lb_stack ***stacks, size_t *count)
{
    if (lb_load_stacks(cli, stacks, count) != 0)
        return lb_exit_of_specs(cli, *stacks, *count);
    if (check_distinct(cli, *stacks, *count) != 0)
        return lb_diags_exit(&cli->diags);
    return 0;
}

int lb_plan_stacks(struct lb_cli *cli, struct lb_stack **stacks, size_t count,
                   struct lb_plan **plans)
{
    if (lb_cli_online(cli) != 0)
        return lb_diags_exit(&cli->diags);
    if (lb_make_plans(cli, stacks, count, plans) != 0) {
        if (cli->engine.stop && *cli->engine.stop)
            return *cli->engine.stop;
        int code = lb_diags_exit(&cli->diags);
        return code ? code : lb_exit_of_specs(cli, stacks, count);
    }
    return 0;
}

int lb_plan_specs(struct lb_cli *cli, struct lb_stack ***stacks, size_t *count,
                  struct lb_plan **plans)
{
    int code = lb_load_specs(cli, stacks, count);
    return code ? code : lb_plan_stacks(cli, *stacks, *count, plans);
}

int lb_exit_of_plan(const struct lb_plan *plan)
{
    int code = LB_EXIT_OK;
    for (size_t i = 0; i < plan->finding_count; i++)
        if (plan->findings[i].severity == LB_ERROR)
            code = lb_exit_worse(code,
                                 plan->findings[i].exit ? plan->findings[i].exit : LB_EXIT_REFUSED);
    if (!plan->complete && !code)
        code = LB_EXIT_ERROR;
    return code;
}
