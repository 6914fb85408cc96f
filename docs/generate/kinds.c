/* kinds.c: one page a kind and one for the spec's top level: fields, what one call replaces, an
 * example. All of it is in the schema; a page says nothing that the tool does not act on.
 */
#include "docs/generate/generate.h"

#include "cmd/cli.h"
#include "cmd/words.h"

#include "base/json.h"
#include "base/time.h"

#include <regex.h>
#include <string.h>

/* --- fields
 * ------------------------------------------------------------------------------------------ */

static bool is_required(const struct lb_schema *parent, const char *name)
{
    return lb_list_has(lb_map_get(parent->raw, "required"), name);
}

/* The default of a map stands in the rows of its members. */
static void print_default(struct lb_str *out, const struct lb_schema *field, bool required)
{
    const struct lb_value *value = field->default_value;
    if (required)
        lb_str_puts(out, "required");
    if (required || !value || (lb_is(value, LB_MAP) && lb_value_count(value)))
        return;
    struct lb_str text = {0};
    lb_json_write(&text, value, 0);
    lb_str_putc(out, '`');
    lb_cell(out, lb_str_text(&text));
    lb_str_putc(out, '`');
    lb_str_release(&text);
}

static void print_notes(struct lb_str *out, struct lb_arena *arena, const struct lb_schema *field)
{
    const struct lb_value *notes = lb_words_notes(arena, field);
    const char *before = " *";
    for (size_t i = 0; i < lb_value_count(notes); i++) {
        const char *note = lb_text(lb_list_item(notes, i), "");
        if (lb_starts_with(note, "default: "))
            continue; /* it has its own column */
        lb_str_puts(out, before);
        lb_cell(out, note);
        before = "; ";
    }
    lb_str_puts(out, *before == ';' ? "*" : "");
}

static void print_field(struct lb_str *out, struct lb_arena *arena, const struct lb_schema *field,
                        const char *path, bool required)
{
    struct lb_str type = {0};
    lb_words_type(&type, field);
    lb_str_printf(out, "| `%s` | %s | ", path, lb_str_text(&type));
    print_default(out, field, required);
    lb_str_puts(out, " | ");
    lb_cell(out, field->description ? field->description : "");
    print_notes(out, arena, field);
    lb_str_puts(out, " |\n");
    lb_str_release(&type);
}

static void print_fields(struct lb_str *out, struct lb_arena *arena, const struct lb_schema *root,
                         const struct lb_schema *parent, const char *prefix)
{
    for (size_t i = 0; i < parent->property_count; i++) {
        const struct lb_schema *field = parent->properties[i];
        const char *path = lb_arena_printf(arena, "%s%s", prefix, field->name);
        if (lb_words_repeated(root, parent, field)) {
            lb_str_printf(out, "| `%s` |  |  | As `%s`, on this side. |\n", path, field->name);
            continue;
        }
        print_field(out, arena, field, path, is_required(parent, field->name));
        print_fields(out, arena, root, field, lb_arena_printf(arena, "%s.", path));
        if (field->items)
            print_fields(out, arena, root, field->items, lb_arena_printf(arena, "%s[].", path));
        if (field->additional)
            print_fields(out, arena, root, field->additional,
                         lb_arena_printf(arena, "%s.*.", path));
    }
}

static void print_table(struct lb_str *out, struct lb_arena *arena, const struct lb_schema *schema)
{
    lb_str_puts(out, "\n## Fields\n\n| field | type | default | meaning |\n|---|---|---|---|\n");
    print_fields(out, arena, schema, schema, "");
}

/* --- granules
 * ---------------------------------------------------------------------------------------- */

static void print_actions(struct lb_str *out, const struct lb_value *actions)
{
    for (size_t i = 0; i < lb_value_count(actions); i++)
        lb_str_printf(out, "%s`%s`", i ? ", " : "", lb_text(lb_list_item(actions, i), ""));
    lb_str_puts(out, " | ");
}

static void print_granules(struct lb_str *out, struct lb_arena *arena, const struct lb_kind *kind)
{
    lb_str_puts(out,
                "\n## What one call replaces\n\nIn the order of the steps. A step is done when "
                "the live object says so; it fails when that takes longer than the wait.\n\n"
                "| part | what it is | to read | to write | risk | usually | wait |\n"
                "|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < kind->granule_count; i++) {
        const struct lb_granule_schema *granule = &kind->granules[i];
        lb_str_printf(out, "| %s | ", granule->name);
        lb_cell(out, granule->description ? granule->description : "");
        lb_str_puts(out, " | ");
        print_actions(out, lb_map_get(granule->iam, "read"));
        print_actions(out, lb_map_get(granule->iam, "write"));
        lb_str_printf(out, "%s | %s | %s |\n", granule->risk ? granule->risk : "",
                      lb_duration_format(arena, granule->estimate_s),
                      lb_duration_format(arena, granule->wait_s));
    }
}

/* --- example
 * ----------------------------------------------------------------------------------------- */

/* The fullest of the schema's examples that a user may state: some hold what the service chooses.
 */
static const struct lb_value *best_example(struct lb_arena *arena, const struct lb_kind *kind)
{
    const struct lb_value *best = NULL;
    size_t longest = 0;
    for (size_t i = 0; i < lb_value_count(kind->examples); i++) {
        const struct lb_value *example = lb_list_item(kind->examples, i);
        struct lb_diags diags;
        struct lb_str text = {0};
        lb_diags_init(&diags, arena);
        lb_yaml_print(&text, example, 0);
        if (lb_schema_validate(kind->schema, example, &diags) == 0 && text.length > longest) {
            best = example;
            longest = text.length;
        }
        lb_str_release(&text);
    }
    return best;
}

static const char *example_name(const struct lb_kind *kind)
{
    static const char *const names[] = {"example", "search.example.com"};
    regex_t pattern;
    const char *name = names[1];
    if (regcomp(&pattern, kind->name_pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return name;
    if (regexec(&pattern, names[0], 0, NULL, 0) == 0)
        name = names[0];
    regfree(&pattern);
    return name;
}

static void print_example(struct lb_str *out, struct lb_arena *arena, const struct lb_kind *kind)
{
    const struct lb_value *example = best_example(arena, kind);
    if (!example)
        return;
    lb_str_printf(out, "\n## Example\n\n```yaml\n%s:\n  %s:\n", kind->section, example_name(kind));
    lb_yaml_print(out, example, 2);
    lb_str_puts(out, "```\n");
}

/* --- pages
 * ------------------------------------------------------------------------------------------- */

void lb_page_kind(struct lb_str *out, struct lb_arena *arena, const struct lb_kind *kind)
{
    const char *form = lb_text_at(kind->schema->raw, "x-lb-name-form", NULL);
    lb_str_printf(out, "# %s\n\n%s\n\n", kind->name,
                  kind->schema->description ? kind->schema->description : "");
    lb_str_printf(out, "Section `%s:`; an entry stands for %s. Addresses begin with `%s.`.",
                  kind->section, lb_words_sides(kind->sides), kind->name);
    if (form)
        lb_str_printf(out, " Names: %s.", form);
    lb_str_puts(out, "\n");
    print_table(out, arena, kind->schema);
    print_granules(out, arena, kind);
    print_example(out, arena, kind);
}

void lb_page_spec(struct lb_str *out, struct lb_arena *arena, const struct lb_schemas *schemas)
{
    lb_str_printf(out,
                  "# The spec\n\n%s One YAML file, plain data: no anchors, includes or "
                  "templates. Sections hold objects by name.\n\n## Sections\n\n"
                  "| section | kind |\n|---|---|\n",
                  schemas->spec->description ? schemas->spec->description : "");
    for (size_t i = 0; i < schemas->kind_count; i++) {
        const struct lb_kind *kind = &schemas->kinds[i];
        lb_str_printf(out, "| `%s:` | [%s](%s.md) |\n", kind->section, kind->name, kind->name);
    }
    lb_str_puts(out, "\n## Fields\n\n| field | type | default | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < schemas->spec->property_count; i++) {
        const struct lb_schema *field = schemas->spec->properties[i];
        bool section = false;
        for (size_t k = 0; k < schemas->kind_count; k++)
            section = section || lb_streq(schemas->kinds[k].section, field->name);
        if (section)
            continue;
        print_field(out, arena, field, field->name, is_required(schemas->spec, field->name));
        print_fields(out, arena, field, field, lb_arena_printf(arena, "%s.", field->name));
    }
}
