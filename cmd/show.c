/* show.c: a plan again, from a file or from the ledger, or an entry of the ledger. Offline. */
#include "cmd/reading.h"
#include "cmd/render.h"
#include "cmd/saved.h"

#include "base/json.h"

#include <string.h>
#include <unistd.h>

bool lb_looks_like_plan(const struct lb_source *source)
{
    size_t i = 0;
    while (i < source->length && strchr(" \t\r\n", source->text[i]))
        i++;
    /* a spec may be written in flow style, but it has no such key */
    return i < source->length && source->text[i] == '{' &&
           strstr(source->text, "\"format_version\"");
}

int lb_plan_load(struct lb_cli *cli, const struct lb_source *source, struct lb_plan *out)
{
    const char *error;
    struct lb_value *value = lb_json_parse(cli->arena, source->text, source->length, &error);
    if (!value)
        return lb_diags_error(&cli->diags, "LB-P010", NULL, "%s: %s", source->path, error);
    return lb_plan_from_value(cli->arena, &cli->diags, value, out);
}

/* --- from the ledger
 * ----------------------------------------------------------------------------------------- */

static void add_line(struct lb_arena *arena, struct lb_str *out, const char *word, const char *text)
{
    if (text)
        lb_str_printf(out, "%-9s %s\n", word, lb_escape(arena, text));
}

/* The entry as people read it: what its trailers say, then the text that was stored with it. */
static int show_entry(struct lb_cli *cli, struct lb_ledger *ledger, const char *commit,
                      struct lb_str *out)
{
    struct lb_ledger_entry entry;
    struct lb_source *text = lb_ledger_file(ledger, commit, "entry.txt");
    if (!text || lb_ledger_read(ledger, commit, &entry) != 0)
        return -1;
    const struct {
        const char *word, *text;
    } rows[] = {{"commit", commit},          {"stack", entry.stack},     {"event", entry.kind},
                {"time", entry.at},          {"who", entry.who},         {"host", entry.host},
                {"run", entry.run},          {"outcome", entry.outcome}, {"plan", entry.plan},
                {"spec", entry.spec_digest}, {"path", entry.spec_path},  {"tool", entry.tool},
                {"reason", entry.reason},    {"ends", entry.ends},       {"lock", entry.lock.id},
                {"holder", entry.lock.who}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        add_line(cli->arena, out, rows[i].word, rows[i].text);
    lb_str_putc(out, '\n');
    lb_str_escape(out, text->text, text->length, true);
    return 0;
}

static int show_json(struct lb_cli *cli, struct lb_ledger *ledger, const char *commit,
                     struct lb_str *out)
{
    const char *error;
    struct lb_source *source = lb_ledger_file(ledger, commit, "entry.json");
    struct lb_value *value = source
                                 ? lb_json_parse(cli->arena, source->text, source->length, &error)
                                 : NULL;
    if (source && !value)
        lb_diags_error(&cli->diags, "LB-G032", NULL, "%.12s: entry.json: %s", commit, error);
    if (value)
        lb_json_write(out, value, 2);
    return value ? 0 : -1;
}

/* As git says a commit from a branch of the ledger: lifeboat/dr, origin/lifeboat/dr~2. */
static bool is_branch(const char *name)
{
    const char *at = strstr(name, LB_LEDGER_BRANCH);
    if (!at || (at != name && at[-1] != '/'))
        return false;
    at += strlen(LB_LEDGER_BRANCH);
    at += strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return !*at || strchr("~^@", *at);
}

/* A plan id shows the plan; a commit its entry, or its plan where the format is one of plans. */
static int show_recorded(struct lb_cli *cli, struct lb_ledger *ledger, const char *name,
                         struct lb_str *out)
{
    char commit[41];
    struct lb_source *document;
    struct lb_plan plan;
    const char *format = lb_option(cli, "format", "text");
    if (lb_ledger_find(ledger, NULL, name, commit, &document) != 0)
        return -1;
    bool of_commit = is_branch(name) || lb_starts_with(commit, lb_lowercase(cli->arena, name));
    if (of_commit && lb_streq(format, "text"))
        return show_entry(cli, ledger, commit, out);
    if (of_commit && lb_streq(format, "json"))
        return show_json(cli, ledger, commit, out);
    if (!document)
        return lb_diags_error(&cli->diags, "LB-G034", NULL, "%.12s has no plan", commit);
    return lb_plan_load(cli, document, &plan) == 0 ? lb_render_plans(cli, &plan, 1, out) : -1;
}

static int show_file(struct lb_cli *cli, const char *path, struct lb_str *out)
{
    struct lb_plan plan;
    struct lb_source *source = lb_source_read(cli, path);
    return source && lb_plan_load(cli, source, &plan) == 0 ? lb_render_plans(cli, &plan, 1, out)
                                                           : -1;
}

/* What exists is a file, and what cannot be a name in the ledger is meant as one. */
static bool is_file(const char *name)
{
    size_t length = strspn(name, "0123456789abcdefABCDEF");
    bool digits = !name[length] && length >= LB_LEDGER_DIGITS && length <= 64;
    return access(name, F_OK) == 0 || !(digits || is_branch(name));
}

int lb_cmd_show(struct lb_cli *cli)
{
    struct lb_reading reading;
    struct lb_str out = {0};
    if (!cli->arg_count)
        return lb_usage(cli, "show needs a PLANFILE, a plan ID or a COMMIT");
    if (lb_render_check(cli) != 0)
        return LB_EXIT_USAGE;
    const char *name = cli->args[0];
    int result;
    if (is_file(name))
        result = show_file(cli, name, &out);
    else if (lb_reading_open(cli, NULL, LB_LEDGER_LOCAL, &reading) != 0)
        result = -1;
    else
        result = show_recorded(cli, reading.ledger, name, &out);
    if (result == 0)
        lb_out(cli, &out);
    lb_str_release(&out);
    return lb_diags_exit(&cli->diags);
}
