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

static void explain_code(struct lb_str *out, const struct lb_code *code)
{
    lb_str_printf(out, "%s  %s (%s, exit %d)\n", code->code, code->summary,
                  lb_words_severity(code->severity), code->severity == LB_ERROR ? code->exit : 0);
    if (code->why)
        lb_str_printf(out, "\nWhy it matters: %s.\n", code->why);
    if (code->remedy)
        lb_str_printf(out, "\nWhat to do: %s.\n", code->remedy);
}

static void explain_exits(struct lb_str *out)
{
    lb_str_puts(out, "Exit codes\n\n");
    for (size_t i = 0; i < lb_exit_row_count; i++)
        lb_str_printf(out, "  %3d  %s\n", lb_exit_rows[i].code, lb_exit_rows[i].meaning);
}

/* --- kinds and fields
 * --------------------------------------------------------------------------------- */

static void notes(struct lb_str *out, struct lb_arena *arena, const struct lb_schema *schema,
                  const char *indent)
{
    const struct lb_value *list = lb_words_notes(arena, schema);
    for (size_t i = 0; i < lb_value_count(list); i++)
        lb_str_printf(out, "%s%s\n", indent, lb_text(lb_list_item(list, i), ""));
}

static void fields(struct lb_str *out, struct lb_arena *arena, const struct lb_schema *schema,
                   size_t depth)
{
    for (size_t i = 0; i < schema->property_count; i++) {
        const struct lb_schema *field = schema->properties[i];
        char indent[32] = "";
        snprintf(indent, sizeof indent, "%*s", (int)(depth * 2 < 28 ? depth * 2 + 2 : 30), "");
        lb_str_printf(out, "%s%s  (", indent + 2, field->name);
        lb_words_type(out, field);
        lb_str_printf(out, ")  %s\n", field->description ? field->description : "");
        notes(out, arena, field, indent);
        fields(out, arena, field, depth + 1);
        if (field->items && field->items->property_count)
            fields(out, arena, field->items, depth + 1);
        if (field->additional && field->additional->property_count)
            fields(out, arena, field->additional, depth + 1);
    }
}

static void explain_kind(struct lb_str *out, struct lb_arena *arena, const struct lb_kind *kind)
{
    lb_str_printf(out, "%s  (section `%s:`)\n\n%s\n\n", kind->name, kind->section,
                  kind->schema->description ? kind->schema->description : "");
    fields(out, arena, kind->schema, 1);
    lb_str_puts(out, "\nWhat one call replaces, in the order of the steps:\n");
    for (size_t i = 0; i < kind->granule_count; i++) {
        const struct lb_granule_schema *granule = &kind->granules[i];
        lb_str_printf(out, "  %s  %s\n", granule->name,
                      granule->description ? granule->description : "");
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
        explain_kind(out, cli->arena, kind);
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
    lb_str_printf(out, ")\n\n%s\n", field->description ? field->description : "");
    notes(out, cli->arena, field, "  ");
    if (field->property_count) {
        lb_str_putc(out, '\n');
        fields(out, cli->arena, field, 1);
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
    const char *names[512];
    size_t count = 0;
    for (size_t i = 0; lb_words_code(i) && count < 400; i++)
        names[count++] = lb_words_code(i)->code;
    for (size_t i = 0; i < cli->engine.schemas->kind_count && count < 510; i++)
        names[count++] = cli->engine.schemas->kinds[i].name;
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
        explain_code(&out, code);
    else
        result = explain_field(cli, &out, name);
    lb_out(cli, &out);
    lb_str_release(&out);
    return result == 0 ? LB_EXIT_OK : nothing_known(cli, name);
}
