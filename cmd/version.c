/* version.c: which lifeboat this is. No network, no update check, no telemetry. */
#include "cmd/cli.h"

#include "base/json.h"

int lb_cmd_version(struct lb_cli *cli)
{
    struct lb_str out = {0};
    if (lb_flag(cli, "json")) {
        struct lb_value *map = lb_value_map(cli->arena);
        lb_map_set_string(cli->arena, map, "name", "lifeboat");
        lb_map_set_string(cli->arena, map, "version", cli->engine.version);
        lb_map_set_string(cli->arena, map, "plan_format", "1.0");
        lb_map_set_int(cli->arena, map, "spec_format", 1);
        lb_json_write(&out, map, 2);
    } else {
        lb_str_printf(&out, "lifeboat %s\n", cli->engine.version);
    }
    lb_out(cli, &out);
    lb_str_release(&out);
    return lb_diags_exit(&cli->diags);
}
