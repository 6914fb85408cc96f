/* tables.c: the pages of verbs, diagnostic codes and exit codes, and the index. */
#include "docs/generate/generate.h"

#include "cmd/cli.h"
#include "cmd/words.h"

void lb_page_cli(struct lb_str *out)
{
    lb_str_puts(out,
                "# Commands\n\n`lifeboat VERB [OPTIONS] [ARGUMENTS]`. Long options are written "
                "with one dash or two, `--name=value` or `--name value`; `--` ends them. "
                "`SPEC` is `lifeboat.yaml` unless named; `-` reads standard input. Standard "
                "output carries the result, standard error everything else.\n");
    for (const struct lb_verb *verb = lb_verbs; verb->name; verb++) {
        lb_str_printf(out, "\n## %s\n\n`lifeboat %s%s%s%s`\n\n%s\n\n%s\n", verb->name, verb->name,
                      verb->options->name ? " [OPTIONS]" : "", *verb->args ? " " : "", verb->args,
                      verb->text, lb_verb_reach(verb));
        if (verb->options->name)
            lb_str_puts(out, "\n| option | meaning |\n|---|---|\n");
        for (const struct lb_option *option = verb->options; option->name; option++) {
            const char *arg = option->choices ? option->choices : option->arg;
            lb_str_printf(out, "| `--%s%s", option->name, arg ? " " : "");
            lb_cell(out, arg ? arg : "");
            lb_str_printf(out, "` | %s%s |\n", option->help,
                          option->many ? "; may be given again" : "");
        }
    }
}

static void print_code(struct lb_str *out, const struct lb_code *code)
{
    lb_str_printf(out, "\n### %s\n\n**%s** (%s", code->code, code->summary,
                  lb_words_severity(code->severity));
    if (code->severity == LB_ERROR)
        lb_str_printf(out, ", exit %d", code->exit);
    lb_str_puts(out, ")\n");
    if (code->why)
        lb_str_printf(out, "\nWhy: %s.\n", code->why);
    if (code->remedy)
        lb_str_printf(out, "\nTry: %s.\n", code->remedy);
}

void lb_page_codes(struct lb_str *out)
{
    static const struct {
        char letter;
        const char *title;
    } groups[] = {
        {'S', "The spec"},
        {'A', "AWS, clusters and credentials"},
        {'P', "Plan and apply"},
        {'U', "Use of the command line"},
        {'H', "Hazards: what works today and loses data, or the failover, on the day"},
    };
    lb_str_puts(out, "# Diagnostic codes\n\nEvery diagnostic has a code that stays. `lifeboat "
                     "explain CODE` prints the same words.\n");
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        lb_str_printf(out, "\n## %s\n", groups[g].title);
        for (size_t i = 0; lb_words_code(i); i++)
            if (lb_words_code(i)->code[3] == groups[g].letter)
                print_code(out, lb_words_code(i));
    }
}

/* The rank of a code among the others: how many would be reported in its place. */
static size_t rank(int code)
{
    size_t worse = 0;
    for (size_t i = 0; i < lb_exit_row_count; i++) {
        int other = lb_exit_rows[i].code;
        worse += other != code && lb_exit_worse(code, other) == other;
    }
    return worse;
}

void lb_page_exits(struct lb_str *out)
{
    lb_str_puts(out, "# Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (size_t i = 0; i < lb_exit_row_count; i++)
        lb_str_printf(out, "| %d | %s |\n", lb_exit_rows[i].code, lb_exit_rows[i].meaning);
    lb_str_puts(out, "\nA command that meets several reports the first of:");
    for (size_t place = 0; place < lb_exit_row_count; place++)
        for (size_t i = 0; i < lb_exit_row_count; i++)
            if (rank(lb_exit_rows[i].code) == place)
                lb_str_printf(out, "%s%d", place ? ", " : " ", lb_exit_rows[i].code);
    lb_str_puts(out, ".\n");
}

void lb_page_index(struct lb_str *out, const struct lb_schemas *schemas)
{
    lb_str_puts(out, "# Reference\n\n"
                     "- [The spec](spec.md), and its kinds:");
    for (size_t i = 0; i < schemas->kind_count; i++)
        lb_str_printf(out, "%s [%s](%s.md)", i ? "," : "", schemas->kinds[i].name,
                      schemas->kinds[i].name);
    lb_str_puts(
        out,
        "\n- [Commands](cli.md) and [exit codes](exit-codes.md)\n"
        "- [Diagnostic codes](codes.md)\n"
        "- [The plan document and the event stream](plan-format.md)\n"
        "- [The ledger](ledger-format.md): its entries, and what history and lock print\n"
        "- [JSON Schema of the spec](lifeboat.schema.json), for editors\n\n"
        "All pages but those of the plan document and the ledger are printed from the schemas and "
        "tables that the tool runs on; `LB_BLESS=1 tests/docs/run` prints them "
        "again.\n");
}
