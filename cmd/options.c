/* options.c: the command line, read by the verb's row. One dash or two mean the same, as users of
 * other plan/apply tools expect.
 */
#include "cmd/cli.h"

#include "base/time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int lb_usage(struct lb_cli *cli, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = lb_arena_vprintf(cli->arena, format, args);
    va_end(args);
    lb_diags_error_try(&cli->diags, "LB-U001", NULL,
                       lb_arena_printf(cli->arena, "lifeboat help %s", cli->verb->name), "%s",
                       text);
    return LB_EXIT_USAGE;
}

static const struct lb_option *find_option(const struct lb_verb *verb, const char *name)
{
    for (const struct lb_option *option = verb->options; option->name; option++)
        if (lb_streq(option->name, name))
            return option;
    return NULL;
}

static int unknown_option(struct lb_cli *cli, const char *name)
{
    const char *names[64];
    size_t count = 0;
    for (const struct lb_option *o = cli->verb->options; o->name && count < 64; o++)
        names[count++] = o->name;
    const char *near = lb_nearest(name, names, count);
    if (!near)
        return lb_usage(cli, "%s has no option --%s", cli->verb->name, name);
    return lb_diags_error_try(&cli->diags, "LB-U001", NULL,
                              lb_arena_printf(cli->arena, "--%s", near), "%s has no option --%s",
                              cli->verb->name, name);
}

static bool is_choice(const char *choices, const char *text)
{
    size_t length = strlen(text);
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL) {
        const char *end = strchr(at, '|');
        size_t n = end ? (size_t)(end - at) : strlen(at);
        if (n == length && strncmp(at, text, n) == 0)
            return true;
    }
    return false;
}

static int set_option(struct lb_cli *cli, const struct lb_option *option, const char *value)
{
    if (!option->arg && value)
        return lb_usage(cli, "--%s takes no value", option->name);
    if (option->arg && !value)
        return lb_usage(cli, "--%s needs a value: %s", option->name,
                        option->choices ? option->choices : option->arg);
    if (option->choices && !is_choice(option->choices, value))
        return lb_diags_error_try(&cli->diags, "LB-U001", NULL, option->choices,
                                  "--%s does not take \"%s\"", option->name, value);
    if (!option->arg)
        lb_map_set_bool(cli->arena, cli->options, option->name, true);
    else if (option->many)
        lb_list_add_string(cli->arena, lb_map_list(cli->arena, cli->options, option->name), value);
    else
        lb_map_set_string(cli->arena, cli->options, option->name, value);
    return 0;
}

/* Consumes argv[*i], and argv[*i + 1] where the option takes its value from there. */
static int parse_option(struct lb_cli *cli, int argc, char **argv, int *i)
{
    const char *text = argv[*i] + (argv[*i][1] == '-' ? 2 : 1);
    const char *equals = strchr(text, '=');
    char *name = equals ? lb_arena_strndup(cli->arena, text, (size_t)(equals - text))
                        : lb_arena_strdup(cli->arena, text);
    const struct lb_option *option = find_option(cli->verb, name);
    if (!option)
        return unknown_option(cli, name);
    const char *value = equals ? equals + 1 : NULL;
    if (option->arg && !value && *i + 1 < argc)
        value = argv[++*i];
    return set_option(cli, option, value);
}

int lb_options_parse(struct lb_cli *cli, int argc, char **argv)
{
    bool open = true;
    cli->options = lb_value_map(cli->arena);
    cli->args = lb_arena_array(cli->arena, (size_t)argc + 1, sizeof *cli->args);
    for (int i = 0; i < argc; i++) {
        if (open && lb_streq(argv[i], "--"))
            open = false;
        else if (open && argv[i][0] == '-' && argv[i][1]) {
            if (parse_option(cli, argc, argv, &i) != 0)
                return -1;
        } else
            cli->args[cli->arg_count++] = argv[i];
    }
    if (cli->arg_count > cli->verb->max_args)
        return lb_usage(cli, "unexpected argument \"%s\"", cli->args[cli->verb->max_args]);
    return 0;
}

const char *lb_option(const struct lb_cli *cli, const char *name, const char *otherwise)
{
    return lb_text(lb_map_get(cli->options, name), otherwise);
}

bool lb_flag(const struct lb_cli *cli, const char *name)
{
    return lb_bool(lb_map_get(cli->options, name), false);
}

const char **lb_option_list(struct lb_cli *cli, const char *name, size_t *count)
{
    const struct lb_value *list = lb_map_get(cli->options, name);
    *count = lb_value_count(list);
    const char **texts = lb_arena_array(cli->arena, *count + 1, sizeof *texts);
    for (size_t i = 0; i < *count; i++)
        texts[i] = lb_text(lb_list_item(list, i), "");
    return texts;
}

int lb_option_duration(struct lb_cli *cli, const char *name, int64_t *seconds)
{
    const char *text = lb_option(cli, name, NULL);
    *seconds = 0;
    if (!text || lb_duration_parse(text, seconds) == 0)
        return 0;
    return lb_diags_error_try(&cli->diags, "LB-U001", NULL, "15m", "--%s: \"%s\" is no duration",
                              name, text);
}

int lb_option_number(struct lb_cli *cli, const char *name, size_t most, size_t otherwise,
                     const char *example, size_t *out)
{
    const char *text = lb_option(cli, name, NULL);
    *out = otherwise;
    if (!text)
        return 0;
    errno = 0;
    unsigned long long number = strtoull(text, NULL, 10);
    if (strspn(text, "0123456789") != strlen(text) || errno || !number || number > most)
        return lb_diags_error_try(&cli->diags, "LB-U001", NULL,
                                  lb_arena_printf(cli->arena, "--%s %s", name, example),
                                  "--%s: \"%s\" is not a number from 1 to %zu", name, text, most);
    *out = (size_t)number;
    return 0;
}
