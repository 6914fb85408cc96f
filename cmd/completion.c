/* completion.c: shell completion from the table of verbs. */
#include "cmd/cli.h"

static void words(struct lb_str *out, const struct lb_verb *only)
{
    if (!only) {
        for (const struct lb_verb *verb = lb_verbs; verb->name; verb++)
            lb_str_printf(out, "%s%s", verb == lb_verbs ? "" : " ", verb->name);
        return;
    }
    for (const struct lb_option *option = only->options; option->name; option++)
        lb_str_printf(out, "%s--%s", option == only->options ? "" : " ", option->name);
}

/* "text|json" as the words of a shell. */
static void choices(struct lb_str *out, const struct lb_option *option)
{
    for (const char *at = option->choices; *at; at++)
        lb_str_putc(out, *at == '|' ? ' ' : *at);
}

/* A line of a `case` for each option that takes one of a few words: VERB:--OPTION. */
static void values(struct lb_str *out, const char *indent, const char *open, const char *close)
{
    for (const struct lb_verb *verb = lb_verbs; verb->name; verb++)
        for (const struct lb_option *option = verb->options; option->name; option++) {
            if (!option->choices)
                continue;
            lb_str_printf(out, "%s%s:--%s | %s:-%s) %s", indent, verb->name, option->name,
                          verb->name, option->name, open);
            choices(out, option);
            lb_str_printf(out, "%s ;;\n", close);
        }
}

static void bash(struct lb_str *out)
{
    lb_str_puts(out, "_lifeboat() {\n    local cur=${COMP_WORDS[COMP_CWORD]} words=\n"
                     "    case \"${COMP_WORDS[1]}:${COMP_WORDS[COMP_CWORD-1]}\" in\n");
    values(out, "    ", "words=\"", "\"");
    lb_str_puts(out, "    *) case \"$COMP_CWORD:${COMP_WORDS[1]}\" in\n    1:*) words=\"");
    words(out, NULL);
    lb_str_puts(out, "\" ;;\n");
    for (const struct lb_verb *verb = lb_verbs; verb->name; verb++) {
        lb_str_printf(out, "    *:%s) words=\"", verb->name);
        words(out, verb);
        lb_str_puts(out, "\" ;;\n");
    }
    lb_str_puts(out, "    esac ;;\n    esac\n"
                     "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                     "    [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                     "}\ncomplete -F _lifeboat lifeboat\n");
}

/* `words` is zsh's own: what stands on the line. */
static void zsh(struct lb_str *out)
{
    lb_str_puts(out, "#compdef lifeboat\n_lifeboat() {\n    local -a found\n"
                     "    case $words[2]:$words[CURRENT-1] in\n");
    values(out, "    ", "compadd ", "; return");
    lb_str_puts(out, "    esac\n    if (( CURRENT == 2 )); then\n        found=(");
    words(out, NULL);
    lb_str_puts(out, ")\n    else\n        case $words[2] in\n");
    for (const struct lb_verb *verb = lb_verbs; verb->name; verb++) {
        lb_str_printf(out, "        %s) found=(", verb->name);
        words(out, verb);
        lb_str_puts(out, ") ;;\n");
    }
    lb_str_puts(out, "        esac\n    fi\n    compadd -a found\n    _files\n}\n"
                     "compdef _lifeboat lifeboat\n");
}

static void fish_option(struct lb_str *out, const struct lb_verb *verb,
                        const struct lb_option *option)
{
    lb_str_printf(out, "complete -c lifeboat -n '__fish_seen_subcommand_from %s' -l %s%s",
                  verb->name, option->name,
                  option->choices ? " -x -a '"
                  : option->arg   ? " -r"
                                  : "");
    if (option->choices) {
        choices(out, option);
        lb_str_putc(out, '\'');
    }
    lb_str_printf(out, " -d '%s'\n", option->help);
}

static void fish(struct lb_str *out)
{
    for (const struct lb_verb *verb = lb_verbs; verb->name; verb++) {
        lb_str_printf(out, "complete -c lifeboat -n __fish_use_subcommand -a %s -d '%s'\n",
                      verb->name, verb->summary);
        for (const struct lb_option *option = verb->options; option->name; option++)
            fish_option(out, verb, option);
    }
}

static const struct {
    const char *name;
    void (*print)(struct lb_str *);
} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

int lb_cmd_completion(struct lb_cli *cli)
{
    const char *name = cli->arg_count ? cli->args[0] : "";
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (!lb_streq(shells[i].name, name))
            continue;
        struct lb_str out = {0};
        shells[i].print(&out);
        lb_out(cli, &out);
        lb_str_release(&out);
        return lb_diags_exit(&cli->diags);
    }
    lb_diags_error_try(&cli->diags, "LB-U001", NULL, "lifeboat completion bash",
                       "completion needs bash, zsh or fish");
    return lb_diags_exit(&cli->diags);
}
