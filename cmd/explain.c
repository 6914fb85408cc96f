/* explain.c: the page of a code, a kind, a field or the exit codes: the same rows and schemas that
 * the tool runs on. Its words are shared with the reference pages (words.c).
 */
#include "cmd/cli.h"

#include "cmd/words.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct lb_code *find_code(const char *name)
{
    for (size_t i = 0; lb_words_code(i); i++)
        if (strcasecmp(lb_words_code(i)->code, name) == 0)
            return lb_words_code(i);
    return NULL;
}

static void explain_code(struct lb_cli *cli, struct lb_str *out, const struct lb_code *code)
{
    lb_str_printf(out, "%s  %s (%s, exit %d)\n", code->code, code->summary,
                  lb_words_severity(code->severity), code->severity == LB_ERROR ? code->exit : 0);
    if (code->why) {
        lb_str_putc(out, '\n');
        lb_words_wrap(out, 0, cli->width,
                      lb_arena_printf(cli->arena, "Why it matters: %s.", code->why));
    }
    if (code->remedy) {
        lb_str_putc(out, '\n');
        lb_words_wrap(out, 0, cli->width,
                      lb_arena_printf(cli->arena, "What to do: %s.", code->remedy));
    }
}

static void explain_exits(struct lb_str *out)
{
    lb_str_puts(out, "Exit codes\n\n");
    for (size_t i = 0; i < lb_exit_row_count; i++)
        lb_str_printf(out, "  %3d  %s\n", lb_exit_rows[i].code, lb_exit_rows[i].meaning);
}

/* --- kinds and fields
 * --------------------------------------------------------------------------------- */

static void describe(struct lb_cli *cli, struct lb_str *out, const struct lb_schema *schema,
                     size_t indent)
{
    const struct lb_value *notes = lb_words_notes(cli->arena, schema);
    if (schema->description)
        lb_words_wrap(out, indent, cli->width, schema->description);
    for (size_t i = 0; i < lb_value_count(notes); i++)
        lb_words_wrap(out, indent, cli->width,
                      lb_arena_printf(cli->arena, "- %s", lb_text(lb_list_item(notes, i), "")));
}

static void fields(struct lb_cli *cli, struct lb_str *out, const struct lb_schema *root,
                   const struct lb_schema *parent, size_t depth)
{
    for (size_t i = 0; i < parent->property_count; i++) {
        const struct lb_schema *field = parent->properties[i];
        lb_str_repeat(out, ' ', depth * 2);
        lb_str_puts(out, field->name);
        if (lb_words_repeated(root, parent, field)) {
            lb_str_puts(out, "  as above, on this side\n");
            continue;
        }
        lb_str_puts(out, "  (");
        lb_words_type(out, field);
        lb_str_puts(out, ")\n");
        describe(cli, out, field, depth * 2 + 4);
        fields(cli, out, root, field, depth + 1);
        if (field->items)
            fields(cli, out, root, field->items, depth + 1);
        if (field->additional)
            fields(cli, out, root, field->additional, depth + 1);
    }
}

static void explain_kind(struct lb_cli *cli, struct lb_str *out, const struct lb_kind *kind)
{
    lb_str_printf(out, "%s  (section `%s:`)\n\n", kind->name, kind->section);
    if (kind->schema->description)
        lb_words_wrap(out, 0, cli->width, kind->schema->description);
    lb_str_putc(out, '\n');
    fields(cli, out, kind->schema, kind->schema, 1);
    lb_str_puts(out, "\nWhat one call replaces, in the order of the steps:\n");
    for (size_t i = 0; i < kind->granule_count; i++) {
        const struct lb_granule_schema *granule = &kind->granules[i];
        lb_str_printf(out, "  %s\n", granule->name);
        if (granule->description)
            lb_words_wrap(out, 6, cli->width, granule->description);
    }
}

static int explain_field(struct lb_cli *cli, struct lb_str *out, const char *name)
{
    const char *dot = strchr(name, '.');
    char *kind_name = dot ? lb_arena_strndup(cli->arena, name, (size_t)(dot - name))
                          : lb_arena_strdup(cli->arena, name);
    const struct lb_kind *kind = lb_kind_find(cli->engine.schemas, kind_name);
    if (!kind)
        return -1;
    if (!dot) {
        explain_kind(cli, out, kind);
        return 0;
    }
    char *path = lb_arena_strdup(cli->arena, dot + 1);
    for (char *at = path; *at; at++)
        *at = *at == '.' ? '/' : *at;
    const struct lb_schema *field = lb_schema_at(kind->schema, path);
    if (!field)
        return -1;
    lb_str_printf(out, "%s  (", name);
    lb_words_type(out, field);
    lb_str_puts(out, ")\n\n");
    describe(cli, out, field, 0);
    const struct lb_schema *inside = field->items        ? field->items
                                     : field->additional ? field->additional
                                                         : field;
    if (inside->property_count) {
        lb_str_putc(out, '\n');
        fields(cli, out, inside, inside, 1);
    }
    return 0;
}

static void list_all(struct lb_cli *cli, struct lb_str *out)
{
    lb_str_puts(out, "Kinds\n");
    for (size_t i = 0; i < cli->engine.schemas->kind_count; i++)
        lb_str_printf(out, "  %-14s section `%s:`\n", cli->engine.schemas->kinds[i].name,
                      cli->engine.schemas->kinds[i].section);
    lb_str_puts(out, "\nCodes\n");
    for (size_t i = 0; lb_words_code(i); i++)
        lb_str_printf(out, "  %s  %s\n", lb_words_code(i)->code, lb_words_code(i)->summary);
    lb_str_puts(out, "\nAlso: exit-codes\n");
}

static int nothing_known(struct lb_cli *cli, const char *name)
{
    enum { MAX_NAMES = 1024 };
    const char **names = lb_arena_array(cli->arena, MAX_NAMES, sizeof *names);
    const struct lb_schemas *schemas = cli->engine.schemas;
    size_t count = 0;
    for (size_t i = 0; lb_words_code(i) && count < MAX_NAMES; i++)
        names[count++] = lb_words_code(i)->code;
    for (size_t i = 0; i < schemas->kind_count && count < MAX_NAMES; i++) {
        const struct lb_kind *kind = &schemas->kinds[i];
        names[count++] = kind->name;
        for (size_t k = 0; k < kind->schema->property_count && count < MAX_NAMES; k++)
            names[count++] = lb_arena_printf(cli->arena, "%s.%s", kind->name,
                                             kind->schema->properties[k]->name);
    }
    lb_diags_error_try(&cli->diags, "LB-U005", NULL, lb_nearest(name, names, count), "\"%s\"",
                       name);
    return lb_diags_exit(&cli->diags);
}

int lb_cmd_explain(struct lb_cli *cli)
{
    struct lb_str out = {0};
    const char *name = cli->arg_count ? cli->args[0] : NULL;
    const struct lb_code *code = name ? find_code(name) : NULL;
    int result = 0;
    if (!name)
        list_all(cli, &out);
    else if (lb_streq(name, "exit-codes"))
        explain_exits(&out);
    else if (code)
        explain_code(cli, &out, code);
    else
        result = explain_field(cli, &out, name);
    lb_out(cli, &out);
    lb_str_release(&out);
    return result == 0 ? LB_EXIT_OK : nothing_known(cli, name);
}
