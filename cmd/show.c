/* show.c: a saved plan again, offline, in any format. */
#include "cmd/render.h"
#include "cmd/saved.h"

#include "base/json.h"

#include <string.h>

bool lb_looks_like_plan(const struct lb_source *source)
{
    size_t i = 0;
    while (i < source->length && strchr(" \t\r\n", source->text[i]))
        i++;
    /* a spec may be written in flow style, but it has no such key */
    return i < source->length && source->text[i] == '{' &&
           strstr(source->text, "\"format_version\"");
}

int lb_plan_load(struct lb_cli *cli, const struct lb_source *source, struct lb_plan *out)
{
    const char *error;
    struct lb_value *value = lb_json_parse(cli->arena, source->text, source->length, &error);
    if (!value)
        return lb_diags_error(&cli->diags, "LB-P010", NULL, "%s: %s", source->path, error);
    return lb_plan_from_value(cli->arena, &cli->diags, value, out);
}

int lb_cmd_show(struct lb_cli *cli)
{
    struct lb_plan plan;
    if (!cli->arg_count) {
        lb_diags_error(&cli->diags, "LB-U001", NULL, "show needs a PLANFILE");
        return LB_EXIT_USAGE;
    }
    if (lb_render_check(cli) != 0)
        return LB_EXIT_USAGE;
    struct lb_source *source = lb_source_read(cli, cli->args[0]);
    if (!source || lb_plan_load(cli, source, &plan) != 0)
        return lb_diags_exit(&cli->diags);
    struct lb_str out = {0};
    if (lb_render_plans(cli, &plan, 1, &out) == 0)
        lb_out(cli, &out);
    lb_str_release(&out);
    return lb_diags_exit(&cli->diags);
}
