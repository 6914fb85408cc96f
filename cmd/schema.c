/* schema.c: the bundled JSON Schema, for editors and other checkers. */
#include "cmd/cli.h"

#include "base/json.h"

int lb_cmd_schema(struct lb_cli *cli)
{
    const char *kind = cli->arg_count ? cli->args[0] : NULL;
    if (kind && !lb_kind_find(cli->engine.schemas, kind)) {
        const char *names[64];
        size_t count = 0;
        for (; count < cli->engine.schemas->kind_count && count < 64; count++)
            names[count] = cli->engine.schemas->kinds[count].name;
        lb_diags_error_try(&cli->diags, "LB-U005", NULL, lb_nearest(kind, names, count),
                           "kind \"%s\"", kind);
        return lb_diags_exit(&cli->diags);
    }
    struct lb_str out = {0};
    lb_json_write(&out, lb_schema_bundle(cli->arena, cli->engine.schemas, kind), 2);
    lb_out(cli, &out);
    lb_str_release(&out);
    return lb_diags_exit(&cli->diags);
}
