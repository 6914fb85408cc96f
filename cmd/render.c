/* render.c: one plan, several renderers, chosen by --format. */
#include "cmd/cli.h"

#include "base/json.h"

static void render_text(struct lb_cli *cli, const struct lb_plan *plan, struct lb_str *out)
{
    lb_render_text(cli->arena, plan, cli->color_out, cli->width, out);
}

/* One document is indented for people; of several each is a line. */
static void render_json(struct lb_cli *cli, const struct lb_plan *plan, struct lb_str *out)
{
    bool fleet = cli->arg_count > 1;
    lb_json_write(out, lb_plan_to_value(cli->arena, plan), fleet ? 0 : 2);
    if (fleet)
        lb_str_putc(out, '\n');
}

static const struct {
    const char *name;
    void (*render)(struct lb_cli *, const struct lb_plan *, struct lb_str *);
} renderers[] = {{"text", render_text}, {"json", render_json}};

int lb_render_plan(struct lb_cli *cli, const struct lb_plan *plan, struct lb_str *out)
{
    const char *format = lb_option(cli, "format", "text");
    for (size_t i = 0; i < sizeof renderers / sizeof *renderers; i++) {
        if (lb_streq(renderers[i].name, format)) {
            renderers[i].render(cli, plan, out);
            return 0;
        }
    }
    return lb_diags_error(&cli->diags, "LB-U001", NULL, "--format does not take \"%s\"", format);
}
