/* schema.c: the bundled JSON Schema, for editors and other checkers. */
#include "cmd/cli.h"

#include "base/json.h"

int lb_cmd_schema(struct lb_cli *cli)
{
    const char *kind = cli->arg_count ? cli->args[0] : NULL;
    if (kind && !lb_kind_find(cli->engine.schemas, kind)) {
        lb_diags_error(&cli->diags, "LB-U005", NULL, "kind \"%s\"", kind);
        return lb_diags_exit(&cli->diags);
    }
    struct lb_str out = {0};
    lb_json_write(&out, lb_schema_bundle(cli->arena, cli->engine.schemas, kind), 2);
    lb_out(cli, &out);
    lb_str_release(&out);
    return lb_diags_exit(&cli->diags);
}
