/* validate.c: specs offline: every error at once, and the hazards that need no live state. */
#include "cmd/render.h"

#include "planner/hazard.h"

#include "base/json.h"

struct checked {
    struct lb_stack *stack;
    bool whole; /* it loaded without an error */
    struct lb_diags *findings;
};

/* What validate has to say of one spec: its errors, else the findings that need no live state,
 * those against the other specs of the run included. */
static struct lb_diags *findings_of(struct lb_cli *cli, const struct checked *one,
                                    const struct lb_fleet *fleet)
{
    struct lb_diags *all = lb_arena_alloc(cli->arena, sizeof *all);
    lb_diags_init(all, cli->arena);
    lb_diags_merge(all, one->stack->diags);
    if (one->whole) {
        lb_hazards_offline(one->stack, all);
        lb_hazards_fleet(one->stack, fleet, all);
    }
    lb_diags_sort(all);
    return all;
}

static void print_text(struct lb_cli *cli, const struct lb_stack *stack,
                       const struct lb_diags *findings)
{
    struct lb_str out = {0};
    for (size_t i = 0; i < findings->count; i++) {
        lb_diag_render(&out, &findings->items[i], cli->color_out);
        lb_str_putc(&out, '\n');
    }
    if (!findings->errors)
        lb_str_printf(&out, "%s is valid: stack %s, %zu object%s, %zu warning%s.\n",
                      stack->source->path, stack->name, stack->resource_count,
                      stack->resource_count == 1 ? "" : "s", findings->warnings,
                      findings->warnings == 1 ? "" : "s");
    else
        lb_str_printf(&out, "%s: %zu error%s, %zu warning%s.\n", stack->source->path,
                      findings->errors, findings->errors == 1 ? "" : "s", findings->warnings,
                      findings->warnings == 1 ? "" : "s");
    lb_out(cli, &out);
    lb_str_release(&out);
}

static void print_json(struct lb_cli *cli, const struct lb_stack *stack,
                       const struct lb_diags *findings)
{
    struct lb_value *document = lb_value_map(cli->arena);
    lb_map_set_string(cli->arena, document, "format_version", "1.0");
    lb_map_set_string(cli->arena, document, "path", stack->source->path);
    lb_map_set_bool(cli->arena, document, "valid", !findings->errors);
    struct lb_value *list = lb_map_list(cli->arena, document, "findings");
    for (size_t i = 0; i < findings->count; i++)
        lb_list_add(cli->arena, list, lb_diag_to_value(cli->arena, &findings->items[i]));
    struct lb_str out = {0};
    lb_json_write(&out, document, cli->arg_count > 1 ? 0 : 2);
    if (cli->arg_count > 1)
        lb_str_putc(&out, '\n');
    lb_out(cli, &out);
    lb_str_release(&out);
}

/* The formats that findings share with plans. */
static int print_reports(struct lb_cli *cli, const struct checked *all, size_t count)
{
    struct lb_report *items = lb_arena_array(cli->arena, count + 1, sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] = (struct lb_report){
            .path = lb_report_path(lb_spec_git_path(cli, all[i].stack), all[i].stack->source->path),
            .stack = all[i].stack->name ? lb_escape(cli->arena, all[i].stack->name) : "",
            .version = cli->engine.version,
            .findings = all[i].findings->items,
            .finding_count = all[i].findings->count};
    struct lb_reports reports = {.items = items, .count = count};
    struct lb_str out = {0};
    int result = lb_render_reports(cli, &reports, &out);
    if (result == 0)
        lb_out(cli, &out);
    lb_str_release(&out);
    return result;
}

static int print(struct lb_cli *cli, const struct checked *all, size_t count)
{
    const char *format = lb_option(cli, "format", "text");
    bool text = lb_streq(format, "text");
    if (!text && !lb_streq(format, "json"))
        return print_reports(cli, all, count);
    for (size_t i = 0; i < count; i++)
        (text ? print_text : print_json)(cli, all[i].stack, all[i].findings);
    return 0;
}

int lb_cmd_validate(struct lb_cli *cli)
{
    size_t count, whole_count = 0;
    const char *const *paths = lb_spec_paths(cli, &count);
    struct checked *all = lb_arena_array(cli->arena, count + 1, sizeof *all);
    struct lb_stack **whole = lb_arena_array(cli->arena, count + 1, sizeof(struct lb_stack *));
    int code = LB_EXIT_OK;
    for (size_t i = 0; i < count; i++) {
        struct lb_source *source = lb_source_read(cli, paths[i]);
        if (!source)
            return lb_diags_exit(&cli->diags);
        all[i].stack = lb_arena_alloc(cli->arena, sizeof(struct lb_stack));
        all[i].whole = lb_spec_load(&cli->engine, source, all[i].stack) == 0;
        if (all[i].whole)
            whole[whole_count++] = all[i].stack;
    }
    const struct lb_fleet *fleet = lb_fleet_new(cli->arena, whole, whole_count);
    for (size_t i = 0; i < count; i++) {
        all[i].findings = findings_of(cli, &all[i], fleet);
        code = lb_exit_worse(code, lb_diags_exit(all[i].findings));
    }
    return print(cli, all, count) == 0 ? code : lb_diags_exit(&cli->diags);
}
