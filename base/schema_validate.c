/* schema_validate.c: walks a spec along its schema and collects every error at once.
 *
 * The branch of an anyOf is chosen by the value's type before anything is checked, so a message
 * speaks of what was meant and not of all alternatives. What a secret property holds is looked at
 * in one place only (lb_check_secret), and the lines it stands on are struck from all messages at
 * the end.
 */
#include "base/schema_validate.h"

#include "base/json.h"

#include <stdarg.h>
#include <string.h>

enum { MAX_ERRORS = 300 };

static void check_value(const struct lb_check *check);

static void print_place(struct lb_str *out, const struct lb_place *place)
{
    if (!place || !place->up) {
        return;
    }
    print_place(out, place->up);
    if (!place->key) {
        lb_str_printf(out, "[%zu]", place->index);
    } else {
        lb_str_printf(out, "%s%s", out->length ? "." : "", place->key);
    }
}

const char *lb_check_path(const struct lb_check *check)
{
    struct lb_str out = {0};
    print_place(&out, check->place);
    return out.length ? lb_str_take(&out, check->diags->arena) : "the spec";
}

const char *lb_check_key(const struct lb_check *check)
{
    return check->place->key ? check->place->key : "value";
}

void lb_check_error(const struct lb_check *check, const char *code, const struct lb_mark *mark,
                    const char *remedy, const char *format, ...)
{
    bool at_key = check->value->type == LB_NULL || check->value->mark->line == 0;
    if (++*check->errors > MAX_ERRORS) {
        return;
    }
    struct lb_diag diag = {
        .code = code, .remedy = remedy, .address = check->address, .secret = check->secret};
    diag.mark = mark ? *mark : at_key && check->key_mark ? *check->key_mark : *check->value->mark;
    va_list args;
    va_start(args, format);
    diag.detail = lb_arena_vprintf(check->diags->arena, format, args);
    va_end(args);
    lb_diags_add(check->diags, &diag);
}

/* --- maps ------------------------------------------------------------------------------------- */

/* The mark for what concerns a map as a whole: its key says more than its first line. */
static const struct lb_mark *whole(const struct lb_check *check)
{
    return check->key_mark ? check->key_mark : check->value->mark;
}

static void check_required(const struct lb_check *check)
{
    const struct lb_value *required = lb_map_get(check->schema->raw, "required");
    for (size_t i = 0; i < lb_value_count(required); i++) {
        const char *key = lb_text(lb_list_item(required, i), "");
        const struct lb_schema *property = lb_schema_property(check->schema, key);
        if (lb_map_get(check->value, key) || lb_check_misspelt(check, key)) {
            continue;
        }
        const struct lb_value *example = lb_list_item(lb_map_get(property->raw, "examples"), 0);
        const struct lb_value *choices = lb_map_get(property->raw, "enum");
        example = example ? example : lb_map_get(property->raw, "const");
        example = example ? example : lb_list_item(choices, 0);
        const char *remedy = NULL;
        if (example && !property->secret) {
            remedy = lb_arena_printf(check->diags->arena, "add `%s: %s`", key,
                                     lb_check_written(check, example));
        } else {
            remedy = lb_arena_printf(check->diags->arena, "add `%s:`", key);
        }
        lb_check_error(check, "LB-S021", whole(check), remedy, "%s has no `%s`",
                       lb_check_path(check), key);
    }
}

static void check_name(const struct lb_check *check, const struct lb_entry *entry)
{
    const struct lb_schema *names = check->schema->names;
    if (!names) {
        return;
    }
    int64_t most = lb_int_at(names->raw, "maxLength", INT64_MAX);
    int64_t length = lb_check_characters(entry->key);
    if (length > most || length < lb_int_at(names->raw, "minLength", 0)) {
        lb_check_error(check, "LB-S033", entry->key_mark, NULL, "\"%.60s\" has %lld characters",
                       entry->key, (long long)length);
    } else if (names->pattern && !lb_pattern_matches(names->pattern, entry->key)) {
        lb_check_error(check, "LB-S033", entry->key_mark, NULL, "\"%s\" is not %s", entry->key,
                       lb_check_form(check, names));
    }
}

static void check_entry(const struct lb_check *check, const struct lb_entry *entry)
{
    const struct lb_schema *property = lb_schema_property(check->schema, entry->key);
    struct lb_place place = {check->place, entry->key, 0};
    if (!property && check->schema->additional_any) {
        return;
    }
    if (!property) {
        lb_check_unknown_key(check, entry);
        return;
    }
    struct lb_check below = *check;
    below.schema = property;
    below.value = entry->value;
    below.key_mark = entry->key_mark->line ? entry->key_mark : NULL;
    below.place = &place;
    if (property->kind) {
        below.address = lb_arena_printf(check->diags->arena, "%s.%s", property->kind->name,
                                        entry->key);
    }
    if (property->computed) {
        lb_check_error(&below, "LB-S031", entry->key_mark, NULL, "%s", lb_check_path(&below));
        return;
    }
    check_value(&below);
}

static void check_size(const struct lb_check *check, const char *least_key, const char *most_key,
                       const char *code)
{
    int64_t count = (int64_t)lb_value_count(check->value);
    int64_t least = lb_int_at(check->schema->raw, least_key, 0);
    int64_t most = lb_int_at(check->schema->raw, most_key, INT64_MAX);
    if (count < least) {
        lb_check_error(check, code, whole(check), NULL, "%s has %lld, at least %lld are needed",
                       lb_check_path(check), (long long)count, (long long)least);
    } else if (count > most) {
        lb_check_error(check, code, whole(check), NULL, "%s has %lld, at most %lld are accepted",
                       lb_check_path(check), (long long)count, (long long)most);
    }
}

static void check_map(const struct lb_check *check)
{
    for (size_t i = 0; i < check->value->as.map.count; i++) {
        const struct lb_entry *entry = &check->value->as.map.entries[i];
        check_name(check, entry);
        check_entry(check, entry);
    }
    check_required(check);
    check_size(check, "minProperties", "maxProperties", "LB-S034");
}

/* --- lists ------------------------------------------------------------------------------------ */

/* What tells an item from another: its key, or all of it. */
static const char *item_identity(struct lb_arena *arena, const struct lb_schema *schema,
                                 const struct lb_value *item)
{
    if (schema->list == LB_LIST_MAP) {
        return lb_text(lb_map_get(item, schema->list_key), NULL);
    }
    struct lb_str text = {0};
    lb_json_canonical(&text, item);
    return lb_str_take(&text, arena);
}

static void check_unique(const struct lb_check *check)
{
    struct lb_arena *scratch = lb_arena_new();
    struct lb_value *seen = lb_value_map(scratch);
    for (size_t i = 0; i < check->value->as.list.count; i++) {
        const struct lb_value *item = check->value->as.list.items[i];
        const char *identity = item_identity(scratch, check->schema, item);
        if (!identity) {
            continue;
        }
        const struct lb_value *first = lb_map_get(seen, identity);
        if (!first) {
            lb_map_set(scratch, seen, identity, lb_value_int(scratch, (int64_t)i));
            continue;
        }
        const struct lb_value *known_by = lb_map_get(
            item, check->schema->list_key ? check->schema->list_key : "");
        lb_check_error(check, "LB-S028", known_by ? known_by->mark : item->mark, NULL,
                       "%s[%zu] repeats [%s]", lb_check_path(check), i, lb_text(first, ""));
    }
    lb_arena_free(scratch);
}

static void check_list(const struct lb_check *check)
{
    const struct lb_schema *schema = check->schema;
    for (size_t i = 0; schema->items && i < check->value->as.list.count; i++) {
        struct lb_place place = {check->place, NULL, i};
        struct lb_check below = *check;
        below.schema = schema->items;
        below.value = check->value->as.list.items[i];
        below.key_mark = NULL;
        below.place = &place;
        check_value(&below);
    }
    check_size(check, "minItems", "maxItems", "LB-S027");
    if (schema->list != LB_LIST_ORDERED || lb_bool_at(schema->raw, "uniqueItems", false)) {
        check_unique(check);
    }
}

/* --- any value -------------------------------------------------------------------------------- */

static void check_value(const struct lb_check *check)
{
    struct lb_check chosen = *check;
    if (check->schema->secret && !lb_check_secret(check)) {
        return;
    }
    chosen.schema = lb_schema_branch(check->schema, check->value->type);
    if (!chosen.schema ||
        (chosen.schema->types && !(chosen.schema->types & LB_TYPE_BIT(check->value->type)))) {
        lb_check_type_error(check, check->schema);
    } else if (check->value->type == LB_MAP) {
        check_map(&chosen);
    } else if (check->value->type == LB_LIST) {
        check_list(&chosen);
    } else {
        lb_check_scalar(&chosen);
    }
}

/* --- secrets ---------------------------------------------------------------------------------- */

/* The text on these lines is not to be shown, whatever else is wrong on them. */
static void hide_lines(struct lb_diags *diags, const struct lb_mark *mark)
{
    for (size_t i = 0; i < diags->count; i++) {
        const struct lb_mark *other = &diags->items[i].mark;
        if (other->source == mark->source && other->line >= mark->line &&
            other->line <= mark->end_line) {
            diags->items[i].secret = true;
        }
    }
}

static void hide_all(struct lb_diags *diags)
{
    for (size_t i = 0; i < diags->count; i++) {
        if (diags->items[i].secret) {
            struct lb_mark mark = diags->items[i].mark;
            hide_lines(diags, &mark);
        }
    }
}

int lb_schema_validate(const struct lb_schema *schema, const struct lb_value *value,
                       struct lb_diags *diags)
{
    size_t errors = 0;
    struct lb_place root = {NULL, NULL, 0};
    struct lb_check check = {
        .diags = diags, .schema = schema, .value = value, .place = &root, .errors = &errors};
    check_value(&check);
    if (errors > MAX_ERRORS) {
        lb_diags_error(diags, "LB-S049", value->mark, "%zu errors, the first %d are shown", errors,
                       MAX_ERRORS);
    }
    hide_all(diags);
    return errors ? -1 : 0;
}
