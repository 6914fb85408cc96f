/* reading.c: see reading.h. */
#include "cmd/reading.h"

#include "cmd/recording.h"

#include "base/yaml.h"

#include <string.h>

static int check_stack(struct lb_cli *cli, const char *name)
{
    if (lb_ledger_is_stack(name))
        return 0;
    return lb_diags_error(&cli->diags, "LB-U001", NULL,
                          "\"%s\" is no name of a stack: lower-case letters, digits and hyphens",
                          name);
}

static const char *stack_of_spec(struct lb_cli *cli, const char *path)
{
    struct lb_source *source = lb_source_read(cli, path);
    struct lb_value *spec = source ? lb_yaml_parse(cli->arena, source, &cli->diags) : NULL;
    const char *stack = lb_text(lb_map_get(spec, "stack"), NULL);
    if (spec && !stack)
        lb_diags_error(&cli->diags, "LB-U001", NULL, "%s does not say its `stack`", path);
    return stack;
}

int lb_reading_try(struct lb_cli *cli, const char *spec, enum lb_ledger_mode mode,
                   struct lb_reading *out)
{
    struct lb_ledger_options options;
    const char *stack = spec ? stack_of_spec(cli, spec) : lb_option(cli, "stack", NULL);
    const char *slash = spec ? strrchr(spec, '/') : NULL;
    *out = (struct lb_reading){.cli = cli, .folder = ""};
    if (slash)
        out->folder = lb_arena_strndup(cli->arena, spec, (size_t)(slash + 1 - spec));
    if ((spec && !stack) || (stack && check_stack(cli, stack) != 0) ||
        lb_recording_options(cli, &options) != 0)
        return lb_diags_exit(&cli->diags);
    options.mode = mode;
    if (lb_ledger_open(cli->arena, &cli->diags, spec ? spec : ".", &options, &out->ledger) != 0)
        return lb_diags_exit(&cli->diags);
    if (out->ledger && stack) {
        out->stacks = lb_arena_array(cli->arena, 1, sizeof *out->stacks);
        out->stacks[out->count++] = stack;
    } else if (out->ledger)
        out->stacks = (mode == LB_LEDGER_SHARED ? lb_ledger_stacks_shared
                                                : lb_ledger_stacks)(out->ledger, &out->count);
    return lb_diags_exit(&cli->diags);
}

int lb_reading_open(struct lb_cli *cli, const char *spec, enum lb_ledger_mode mode,
                    struct lb_reading *out)
{
    int code = lb_reading_try(cli, spec, mode, out);
    if (code || out->ledger)
        return code;
    lb_diags_error(&cli->diags, "LB-G007", NULL, "%s", spec ? spec : "the current folder");
    return lb_diags_exit(&cli->diags);
}

const char *lb_reading_text(struct lb_arena *arena, const char *text)
{
    return text && *text ? lb_escape(arena, text) : "-";
}
