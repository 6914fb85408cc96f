/* completion.c: shell completion from the table of verbs. */
#include "cmd/cli.h"

#include <string.h>

static void verbs(struct lb_str *out)
{
    for (const struct lb_verb *verb = lb_verbs; verb->name; verb++)
        lb_str_printf(out, "%s%s", verb == lb_verbs ? "" : " ", verb->name);
}

static void options(struct lb_str *out, const struct lb_verb *verb)
{
    for (const struct lb_option *option = verb->options; option->name; option++)
        lb_str_printf(out, "%s--%s", option == verb->options ? "" : " ", option->name);
}

static void kinds(const struct lb_schemas *schemas, struct lb_str *out)
{
    for (size_t i = 0; i < schemas->kind_count; i++)
        lb_str_printf(out, "%s%s", i ? " " : "", schemas->kinds[i].name);
}

/* What the first argument can be, from "[SPEC] | diff A B": lower case is typed as it stands,
 * capitals stand for something. */
static void arguments(const struct lb_cli *cli, const struct lb_verb *verb, struct lb_str *out)
{
    static const char between[] = " |[].", lower[] = "abcdefghijklmnopqrstuvwxyz-";
    size_t length;
    for (const char *at = verb->args; *(at += strspn(at, between)); at += length) {
        length = strcspn(at, between);
        size_t before = out->length;
        if (strspn(at, lower) == length)
            lb_str_add(out, at, length);
        else if (length == 4 && lb_starts_with(at, "VERB"))
            verbs(out);
        else if (length == 4 && lb_starts_with(at, "KIND"))
            kinds(cli->engine.schemas, out);
        if (out->length > before)
            lb_str_putc(out, ' ');
    }
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

/* The lines of a `case` for each verb: POSITION:VERB with what its first argument can be, and
 * *:VERB. */
static void offers(const struct lb_cli *cli, struct lb_str *out, int position, const char *open,
                   const char *close)
{
    for (const struct lb_verb *verb = lb_verbs; verb->name; verb++) {
        size_t before = out->length;
        lb_str_printf(out, "    %d:%s) %s", position, verb->name, open);
        size_t first = out->length;
        arguments(cli, verb, out);
        bool any = out->length > first;
        options(out, verb);
        lb_str_printf(out, "%s ;;\n", close);
        if (!any)
            lb_str_truncate(out, before);
        lb_str_printf(out, "    *:%s) %s", verb->name, open);
        options(out, verb);
        lb_str_printf(out, "%s ;;\n", close);
    }
}

/* The line is cut at "=" too: what follows one is a word of its own. */
static void bash(const struct lb_cli *cli, struct lb_str *out)
{
    lb_str_puts(out,
                "_lifeboat() {\n"
                "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
                "    [ \"$cur\" = = ] && cur=\n"
                "    [ \"$prev\" = = ] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
                "    case \"${COMP_WORDS[1]}:$prev\" in\n");
    values(out, "    ", "words=\"", "\"");
    lb_str_puts(out, "    *) case \"$COMP_CWORD:${COMP_WORDS[1]}\" in\n    1:*) words=\"");
    verbs(out);
    lb_str_puts(out, "\" ;;\n");
    offers(cli, out, 2, "words=\"", "\"");
    lb_str_puts(out, "    esac ;;\n    esac\n"
                     "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                     "    [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                     "}\ncomplete -F _lifeboat lifeboat\n");
}

/* `words` is zsh's own: what stands on the line. */
static void zsh(const struct lb_cli *cli, struct lb_str *out)
{
    lb_str_puts(out, "#compdef lifeboat\n_lifeboat() {\n    local -a found\n"
                     "    local prev=$words[CURRENT-1]\n"
                     "    if [[ $PREFIX == -*=* ]]; then\n"
                     "        prev=${PREFIX%%=*}\n        compset -P '*='\n    fi\n"
                     "    case $words[2]:$prev in\n");
    values(out, "    ", "compadd ", "; return");
    lb_str_puts(out, "    esac\n    case $CURRENT:$words[2] in\n    2:*) found=(");
    verbs(out);
    lb_str_puts(out, ") ;;\n");
    offers(cli, out, 3, "found=(", ")");
    lb_str_puts(out, "    esac\n    compadd -a found\n    _files\n}\n"
                     "compdef _lifeboat lifeboat\n");
}

static void fish_option(struct lb_str *out, const struct lb_verb *verb,
                        const struct lb_option *option)
{
    lb_str_printf(out, "complete -c lifeboat -n '__fish_seen_subcommand_from %s' -l %s -o %s%s",
                  verb->name, option->name, option->name,
                  option->choices ? " -x -a '"
                  : option->arg   ? " -r"
                                  : "");
    if (option->choices) {
        choices(out, option);
        lb_str_putc(out, '\'');
    }
    lb_str_printf(out, " -d '%s'\n", option->help);
}

static void fish_arguments(const struct lb_cli *cli, const struct lb_verb *verb, struct lb_str *out)
{
    struct lb_str first = {0};
    arguments(cli, verb, &first);
    if (first.length)
        lb_str_printf(out,
                      "complete -c lifeboat -n '__fish_seen_subcommand_from %s; and test (count "
                      "(commandline -opc)) -eq 2' -a '%s'\n",
                      verb->name, lb_str_text(&first));
    lb_str_release(&first);
}

static void fish(const struct lb_cli *cli, struct lb_str *out)
{
    for (const struct lb_verb *verb = lb_verbs; verb->name; verb++) {
        lb_str_printf(out, "complete -c lifeboat -n __fish_use_subcommand -a %s -d '%s'\n",
                      verb->name, verb->summary);
        fish_arguments(cli, verb, out);
        for (const struct lb_option *option = verb->options; option->name; option++)
            fish_option(out, verb, option);
    }
}

static const struct {
    const char *name;
    void (*print)(const struct lb_cli *cli, struct lb_str *out);
} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

int lb_cmd_completion(struct lb_cli *cli)
{
    const char *name = cli->arg_count ? cli->args[0] : "";
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (!lb_streq(shells[i].name, name))
            continue;
        struct lb_str out = {0};
        shells[i].print(cli, &out);
        lb_out(cli, &out);
        lb_str_release(&out);
        return lb_diags_exit(&cli->diags);
    }
    lb_diags_error_try(&cli->diags, "LB-U001", NULL, "lifeboat completion bash",
                       "completion needs bash, zsh or fish");
    return lb_diags_exit(&cli->diags);
}
