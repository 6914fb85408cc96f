/* help.c: help from the table of verbs. */
#include "cmd/cli.h"
#include "cmd/words.h"

enum { NAME_WIDTH = 30 }; /* column of what an option is for */

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

/* A name that reaches into the other column has a line of its own. */
static void show_option(struct lb_str *out, const struct lb_option *option)
{
    size_t start = out->length;
    const char *value = option->choices ? option->choices : option->arg;
    lb_str_printf(out, "  --%s%s%s", option->name, value ? " " : "", value ? value : "");
    if (out->length - start >= NAME_WIDTH) {
        lb_str_putc(out, '\n');
        start = out->length;
    }
    lb_str_repeat(out, ' ', NAME_WIDTH + 1 - (out->length - start));
    lb_str_printf(out, "%s%s\n", option->help, option->many ? " (may be given again)" : "");
}

static void show_verb(struct lb_str *out, const struct lb_verb *verb, size_t width)
{
    lb_str_printf(out, "Usage: lifeboat %s%s%s%s\n\n", verb->name,
                  verb->options->name ? " [OPTIONS]" : "", *verb->args ? " " : "", verb->args);
    lb_words_wrap(out, 0, width, verb->text);
    if (verb->options->name)
        lb_str_puts(out, "\nOptions:\n");
    for (const struct lb_option *option = verb->options; option->name; option++)
        show_option(out, option);
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
