/* help.c: help from the table of verbs. */
#include "cmd/cli.h"
#include "cmd/words.h"

#include <stdio.h>

static void list_verbs(struct lb_str *out)
{
    lb_str_puts(out, "lifeboat: plan and apply the disaster recovery of OpenSearch domains.\n\n"
                     "Usage: lifeboat VERB [OPTIONS] [ARGUMENTS]\n\n");
    for (const struct lb_verb *verb = lb_verbs; verb->name; verb++)
        lb_str_printf(out, "  %-11s %s\n", verb->name, verb->summary);
    lb_str_puts(out, "\nSPEC defaults to lifeboat.yaml; - reads standard input.\n"
                     "See `lifeboat help VERB`, `lifeboat explain`.\n");
}

const char *lb_verb_reach(const struct lb_verb *verb)
{
    static const char *const words[] = {
        [LB_OFFLINE] = "Offline: needs no network and no credentials.",
        [LB_ONLINE] = "Reads live state, changes nothing.",
        [LB_GIT] = "Talks with the git remote at most: needs no AWS credentials."};
    return verb->mutates ? "Changes live state, after consent." : words[verb->reach];
}

static void show_verb(struct lb_str *out, const struct lb_verb *verb, size_t width)
{
    lb_str_printf(out, "Usage: lifeboat %s%s%s%s\n\n", verb->name,
                  verb->options->name ? " [OPTIONS]" : "", *verb->args ? " " : "", verb->args);
    lb_words_wrap(out, 0, width, verb->text);
    if (verb->options->name)
        lb_str_puts(out, "\nOptions:\n");
    for (const struct lb_option *option = verb->options; option->name; option++) {
        char name[64];
        snprintf(name, sizeof name, "--%s%s%s", option->name, option->arg ? " " : "",
                 option->choices ? option->choices
                 : option->arg   ? option->arg
                                 : "");
        lb_str_printf(out, "  %-28s %s%s\n", name, option->help,
                      option->many ? " (may be given again)" : "");
    }
    lb_str_printf(out, "\n%s\n", lb_verb_reach(verb));
}

int lb_cmd_help(struct lb_cli *cli)
{
    struct lb_str out = {0};
    const struct lb_verb *verb = cli->arg_count ? lb_verb_find(cli->args[0]) : NULL;
    if (cli->arg_count && !verb) {
        lb_diags_error(&cli->diags, "LB-U005", NULL, "verb \"%s\"", cli->args[0]);
        return lb_diags_exit(&cli->diags);
    }
    if (verb)
        show_verb(&out, verb, cli->width);
    else
        list_verbs(&out);
    lb_out(cli, &out);
    lb_str_release(&out);
    return lb_diags_exit(&cli->diags);
}
