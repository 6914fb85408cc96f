/* schema_explain.c: what to say about a value of the wrong type or a key that does not exist.
 *
 * Most faults of a spec are of few sorts: a misspelt key, a key one level off, YAML 1.1's `no`, an
 * account id without quotes. Each gets the line that would be right.
 */
#include "base/conceal.h"
#include "base/schema_validate.h"
#include "base/yaml_private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX_SHOWN = 60 };

const char *lb_check_shown(const struct lb_check *check, const struct lb_value *value)
{
    struct lb_arena *arena = check->diags->arena;
    const char *text = lb_conceal_userinfo(arena, lb_text(value, "")); /* before it is cut */
    switch (value->type) {
    case LB_NULL:
        return "nothing";
    case LB_LIST:
        return value->as.list.count ? "a list" : "an empty list";
    case LB_MAP:
        return value->as.map.count ? "a map" : "an empty map";
    case LB_STRING:
        return lb_arena_printf(arena, "\"%.*s\"%s", MAX_SHOWN, text,
                               strlen(text) > MAX_SHOWN ? "..." : "");
    default:
        return lb_arena_printf(arena, "%.*s", MAX_SHOWN, text);
    }
}

const char *lb_check_written(const struct lb_check *check, const struct lb_value *value)
{
    struct lb_arena *arena = check->diags->arena;
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
    const char *text = lb_text(value, "");
    bool bare = isalpha((unsigned char)*text) && text[strspn(text, safe)] == '\0' &&
                lb_yaml_plain(arena, text, strlen(text))->type == LB_STRING;
    return value->type == LB_STRING && bare ? text : lb_check_shown(check, value);
}

/* "a text or a list" */
static const char *wanted_words(const struct lb_check *check, const struct lb_schema *schema)
{
    struct lb_str out = {0};
    for (int type = LB_NULL; type <= LB_MAP; type++) {
        if (!(schema->types & LB_TYPE_BIT(type))) {
            continue;
        }
        const char *word = lb_type_word((enum lb_type)type);
        if (type == LB_STRING && schema->compare == LB_COMPARE_DURATION) {
            word = "a duration";
        } else if (type == LB_STRING && schema->compare == LB_COMPARE_SIZE) {
            word = "a size";
        } else if (type == LB_NUMBER && schema->integer) {
            word = "a whole number";
        }
        lb_str_printf(&out, "%s%s", out.length ? " or " : "", word);
    }
    return lb_str_take(&out, check->diags->arena);
}

static bool is_word(const char *text, const char *const *words)
{
    for (; *words; words++) {
        if (strcasecmp(text, *words) == 0) {
            return true;
        }
    }
    return false;
}

static bool all_in(const char *text, const char *set)
{
    return *text && text[strspn(text, set)] == '\0';
}

/* --- the right line for a wrong type ---------------------------------------------------------- */

/* Texts that YAML 1.1 took for truth values. */
static const char *bool_of(const char *text)
{
    static const char *const yes[] = {"yes", "y", "on", "true", NULL};
    static const char *const no[] = {"no", "n", "off", "false", NULL};
    return is_word(text, yes) ? "true" : is_word(text, no) ? "false" : NULL;
}

/* "012" and "1:30" are texts here, 10 and 90 in YAML 1.1. */
static bool is_11_number(const char *text)
{
    bool digits = all_in(text, "0123456789:_");
    return digits && ((text[0] == '0' && text[1]) || strpbrk(text, ":_"));
}

struct better {
    const char *code;
    const char *line; /* after the key; NULL: the code's remedy */
};

static struct better better_bool(const char *text)
{
    const char *right = bool_of(text);
    bool quoted = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    return (struct better){right && !quoted ? "LB-S019" : "LB-S022", right};
}

static struct better better_number(const char *text)
{
    if (is_11_number(text)) {
        const char *plain = text + strspn(text, "0");
        bool decimal = all_in(plain, "0123456789");
        return (struct better){"LB-S019", decimal ? plain : NULL};
    }
    return (struct better){"LB-S022", all_in(text, "0123456789") ? text : NULL};
}

/* A number or a truth value where a text is wanted. */
static struct better better_text(const struct lb_check *check, const struct lb_schema *schema,
                                 const char *text)
{
    struct lb_arena *arena = check->diags->arena;
    bool number = check->value->type == LB_NUMBER;
    const char *line = lb_arena_printf(arena, "\"%s\"", text);
    if (number && schema->compare == LB_COMPARE_DURATION) {
        line = lb_arena_printf(arena, "%ss", text);
    } else if (number && schema->compare == LB_COMPARE_SIZE) {
        line = lb_arena_printf(arena, "%sGi", text);
    }
    return (struct better){"LB-S022", line};
}

static struct better better_line(const struct lb_check *check, const struct lb_schema *schema)
{
    enum lb_type type = check->value->type;
    const char *text = lb_text(check->value, "");
    if (type == LB_NULL) {
        return (struct better){"LB-S035", NULL};
    }
    if (type == LB_STRING && schema->types & LB_TYPE_BIT(LB_BOOL) && bool_of(text)) {
        return better_bool(text);
    }
    if (type == LB_STRING && schema->types & LB_TYPE_BIT(LB_NUMBER)) {
        return better_number(text);
    }
    if ((type == LB_NUMBER || type == LB_BOOL) && schema->types & LB_TYPE_BIT(LB_STRING)) {
        return better_text(check, schema, text);
    }
    if (type < LB_LIST && schema->types & LB_TYPE_BIT(LB_LIST)) {
        const char *item = type == LB_STRING ? lb_check_shown(check, check->value) : text;
        return (struct better){"LB-S022", lb_arena_printf(check->diags->arena, "[%s]", item)};
    }
    return (struct better){"LB-S022", NULL};
}

void lb_check_type_error(const struct lb_check *check, const struct lb_schema *schema)
{
    struct better better = better_line(check, schema);
    const char *remedy = NULL;
    if (better.line) {
        const char *key = check->place->key;
        remedy = lb_arena_printf(check->diags->arena, "`%s%s%s`", key ? key : "", key ? ": " : "",
                                 better.line);
    }
    lb_check_error(check, better.code, NULL, remedy, "%s must be %s, not %s", lb_check_path(check),
                   wanted_words(check, schema), lb_check_shown(check, check->value));
}

/* --- unknown keys ------------------------------------------------------------------------------
 */

static const char *nearest_key(const struct lb_check *check, const char *key)
{
    const struct lb_schema *schema = check->schema;
    const char **names = lb_arena_array(check->diags->arena, schema->property_count + 1,
                                        sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < schema->property_count; i++) {
        if (!schema->properties[i]->computed) {
            names[count++] = schema->properties[i]->name;
        }
    }
    return lb_nearest(key, names, count);
}

bool lb_check_misspelt(const struct lb_check *check, const char *key)
{
    for (size_t i = 0; i < check->value->as.map.count; i++) {
        const char *other = check->value->as.map.entries[i].key;
        if (!lb_schema_property(check->schema, other) && lb_streq(nearest_key(check, other), key)) {
            return true;
        }
    }
    return false;
}

/* The property whose map takes this key: it was meant one level further in. */
static const char *owner_of(const struct lb_schema *schema, const char *key)
{
    for (size_t i = 0; i < schema->property_count; i++) {
        const struct lb_schema *inner = lb_schema_branch(schema->properties[i], LB_MAP);
        for (size_t j = 0; inner && j < inner->property_count; j++) {
            if (strcmp(inner->properties[j]->name, key) == 0 && !inner->properties[j]->computed) {
                return schema->properties[i]->name;
            }
        }
    }
    return NULL;
}

static const char *known_keys(const struct lb_check *check)
{
    struct lb_str out = {0};
    for (size_t i = 0; i < check->schema->property_count; i++) {
        if (!check->schema->properties[i]->computed) {
            lb_str_printf(&out, "%s%s",
                          out.length ? ", " : "known here: ", check->schema->properties[i]->name);
        }
    }
    return out.length ? lb_str_take(&out, check->diags->arena) : NULL;
}

void lb_check_unknown_key(const struct lb_check *check, const struct lb_entry *entry)
{
    struct lb_arena *arena = check->diags->arena;
    const char *refused = lb_text(
        lb_map_get(lb_map_get(check->schema->raw, "x-lb-refused"), entry->key), NULL);
    const char *near = refused ? NULL : nearest_key(check, entry->key);
    const char *owner = refused || near ? NULL : owner_of(check->schema, entry->key);
    const char *remedy = refused;
    if (near) {
        remedy = lb_arena_printf(arena, "did you mean `%s`?", near);
    } else if (owner) {
        remedy = lb_arena_printf(arena, "`%s` belongs under `%s`", entry->key, owner);
    } else if (!remedy) {
        remedy = known_keys(check);
    }
    /* `pasword: hunter2` is an unknown key and yet a secret. */
    const struct lb_schema *meant = near ? lb_schema_property(check->schema, near) : NULL;
    struct lb_check at = *check;
    at.secret = meant && meant->secret;
    lb_check_error(&at, refused ? "LB-S036" : "LB-S020", entry->key_mark, remedy,
                   "%s has no key \"%s\"", lb_check_path(check), entry->key);
}
