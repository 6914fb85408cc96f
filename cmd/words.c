/* words.c: fields and codes in words. `lifeboat explain` prints them on a terminal and
 * docs/generate into the reference pages; both read the schemas and tables that the tool runs on.
 */
#include "cmd/words.h"

#include "cmd/cli.h"
#include "planner/hazard.h"

#include <string.h>

const char *lb_words_severity(enum lb_severity severity)
{
    static const char *const words[] = {"error", "warning", "info"};
    return words[severity];
}

const struct lb_code *lb_words_code(size_t i)
{
    size_t base = 0;
    while (lb_code_nth(base))
        base++;
    return i < base ? lb_code_nth(i) : lb_hazard_code_nth(i - base);
}

const char *lb_words_sides(enum lb_sides sides)
{
    static const char *const words[] = {
        [LB_SIDES_GLOBAL] = "one object for both regions",
        [LB_SIDES_ONE] = "one object, in the region that the entry names",
        [LB_SIDES_BOTH] = "objects of both sides, `@primary` and `@secondary`",
    };
    return words[sides];
}

static const char *type_word(const struct lb_schema *schema, enum lb_type type)
{
    static const char *const names[] = {"null", "boolean", "number", "string", "list", "map"};
    if (type == LB_NUMBER && schema->integer)
        return "integer";
    if (type == LB_STRING && schema->compare == LB_COMPARE_DURATION)
        return "duration";
    if (type == LB_STRING && schema->compare == LB_COMPARE_SIZE)
        return "size";
    return names[type];
}

void lb_words_type(struct lb_str *out, const struct lb_schema *schema)
{
    bool any = false;
    for (enum lb_type type = LB_NULL; type <= LB_MAP; type++) {
        if (!(schema->types & (1u << type)))
            continue;
        lb_str_printf(out, "%s%s", any ? " or " : "", type_word(schema, type));
        const struct lb_schema *of = type == LB_LIST  ? schema->items
                                     : type == LB_MAP ? schema->additional
                                                      : NULL;
        if (of && of->types) {
            lb_str_puts(out, " of ");
            lb_words_type(out, of);
        }
        any = true;
    }
    if (!any)
        lb_str_puts(out, "any value");
}

static void note_value(struct lb_arena *arena, struct lb_value *notes, const char *label,
                       const struct lb_value *value)
{
    if (!value)
        return;
    struct lb_str text = {0};
    lb_render_value(&text, value, 400);
    lb_list_add(arena, notes, lb_value_format(arena, "%s%s", label, lb_str_text(&text)));
    lb_str_release(&text);
}

static void note_text(struct lb_arena *arena, struct lb_value *notes, const char *label,
                      const char *text, const char *after)
{
    if (text)
        lb_list_add(arena, notes, lb_value_format(arena, "%s%s%s", label, text, after));
}

struct lb_value *lb_words_notes(struct lb_arena *arena, const struct lb_schema *schema)
{
    struct lb_value *notes = lb_value_list(arena);
    note_value(arena, notes, "one of ", lb_map_get(schema->raw, "enum"));
    note_text(arena, notes, "", schema->form, "");
    note_value(arena, notes, "at least ", lb_map_get(schema->raw, "minimum"));
    note_value(arena, notes, "at most ", lb_map_get(schema->raw, "maximum"));
    note_value(arena, notes, "default: ", schema->default_value);
    const struct {
        bool holds;
        const char *text;
    } flags[] = {
        {schema->computed, "chosen by the service; cannot be stated"},
        {schema->write_only, "cannot be read back: drift is not visible here"},
        {schema->secret, "a secret: state a reference, env:NAME or file:PATH"},
        {schema->keep_foreign, "parts that are not ours are shown and kept"},
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].holds)
            lb_list_add_string(arena, notes, flags[i].text);
    note_text(arena, notes, "cannot be changed in place: ", schema->force_new, "");
    note_text(arena, notes, "disruptive: ", schema->disruptive, "");
    note_text(arena, notes, "the name of a `", schema->ref, "` of this spec");
    return notes;
}

bool lb_words_repeated(const struct lb_schema *root, const struct lb_schema *parent,
                       const struct lb_schema *field)
{
    const struct lb_schema *twin = parent == root ? NULL : lb_schema_property(root, field->name);
    return twin && twin->property_count == field->property_count &&
           lb_streq(twin->description, field->description);
}

void lb_words_wrap(struct lb_str *out, size_t indent, size_t width, const char *text)
{
    size_t column = 0;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (column && column + 1 + word > width) {
            lb_str_putc(out, '\n');
            column = 0;
        }
        if (!column) {
            lb_str_repeat(out, ' ', indent);
            column = indent;
        } else {
            lb_str_putc(out, ' ');
            column++;
        }
        lb_str_add(out, text, word);
        column += word;
        text += word;
        text += strspn(text, " ");
    }
    if (column)
        lb_str_putc(out, '\n');
}
