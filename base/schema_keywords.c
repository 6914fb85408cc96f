/* schema_keywords.c: the closed list of keywords and annotations, and what each does to a node.
 *
 * A keyword that is not in this table ends the program when the schema is loaded: in an open list a
 * misspelt "x-lb-secret" would silently print a password.
 */
#include "base/schema_private.h"

#include <stdlib.h>
#include <string.h>

#define ANY (~0u)
#define BOOL LB_TYPE_BIT(LB_BOOL)
#define NUMBER LB_TYPE_BIT(LB_NUMBER)
#define STRING LB_TYPE_BIT(LB_STRING)
#define LIST LB_TYPE_BIT(LB_LIST)
#define MAP LB_TYPE_BIT(LB_MAP)

struct setting {
    const struct lb_schema_file *file;
    const struct lb_place *place;
    struct lb_schema *node;
};

typedef void set_fn(const struct setting *s, const struct lb_value *value);

/* --- words ------------------------------------------------------------------------------------ */

static const struct {
    const char *word;
    enum lb_type type;
} type_words[] = {
    {"null", LB_NULL},     {"boolean", LB_BOOL}, {"number", LB_NUMBER}, {"integer", LB_NUMBER},
    {"string", LB_STRING}, {"array", LB_LIST},   {"object", LB_MAP},
};

static const char *const compare_words[] = {
    [LB_COMPARE_EXACT] = "exact", [LB_COMPARE_NOCASE] = "nocase",
    [LB_COMPARE_DNS] = "dns",     [LB_COMPARE_DURATION] = "duration",
    [LB_COMPARE_SIZE] = "size",   [LB_COMPARE_POLICY] = "policy",
    [LB_COMPARE_JSON] = "json",   [LB_COMPARE_TEXT] = "text",
};

const char *lb_type_word(enum lb_type type)
{
    static const char *const words[] = {
        [LB_NULL] = "nothing",
        [LB_BOOL] = "true or false",
        [LB_NUMBER] = "a number",
        [LB_STRING] = "a text",
        [LB_LIST] = "a list",
        [LB_MAP] = "a map",
        [LB_UNKNOWN] = "a value known after apply",
    };
    return words[type];
}

static void add_type(const struct setting *s, const char *word)
{
    for (size_t i = 0; i < sizeof type_words / sizeof *type_words; i++) {
        if (lb_streq(word, type_words[i].word)) {
            s->node->types |= LB_TYPE_BIT(type_words[i].type);
            s->node->integer |= strcmp(word, "integer") == 0;
            return;
        }
    }
    lb_schema_fault(s->file, s->place, "unknown type \"%s\"", word);
}

static void set_type(const struct setting *s, const struct lb_value *value)
{
    if (value->type == LB_STRING) {
        add_type(s, value->as.text.bytes);
    }
    for (size_t i = 0; value->type == LB_LIST && i < value->as.list.count; i++) {
        add_type(s, lb_text(value->as.list.items[i], ""));
    }
}

static void set_compare(const struct setting *s, const struct lb_value *value)
{
    for (size_t i = 0; i < sizeof compare_words / sizeof *compare_words; i++) {
        if (lb_streq(compare_words[i], value->as.text.bytes)) {
            s->node->compare = (enum lb_compare)i;
            return;
        }
    }
    lb_schema_fault(s->file, s->place, "unknown comparison \"%s\"", value->as.text.bytes);
}

static void set_list(const struct setting *s, const struct lb_value *value)
{
    const char *word = value->as.text.bytes;
    if (strcmp(word, "set") == 0) {
        s->node->list = LB_LIST_SET;
    } else if (lb_starts_with(word, "map:") && word[4] != '\0') {
        s->node->list = LB_LIST_MAP;
        s->node->list_key = word + 4;
    } else if (strcmp(word, "ordered") != 0) {
        lb_schema_fault(s->file, s->place, "unknown list kind \"%s\"", word);
    }
}

static void set_pattern(const struct setting *s, const struct lb_value *value)
{
    s->node->pattern = lb_pattern_new(s->file->arena, value->as.text.bytes);
    if (!s->node->pattern) {
        lb_schema_fault(s->file, s->place, "POSIX and ECMA read this pattern differently");
    }
}

static void set_foreign(const struct setting *s, const struct lb_value *value)
{
    if (!lb_streq(value->as.text.bytes, "keep")) {
        lb_schema_fault(s->file, s->place, "x-lb-foreign knows only \"keep\"");
    }
    s->node->keep_foreign = true;
}

static void set_granule(const struct setting *s, const struct lb_value *value)
{
    if (!lb_map_get(s->file->granules, value->as.text.bytes)) {
        lb_schema_fault(s->file, s->place, "granule \"%s\" is not in x-lb-granules",
                        value->as.text.bytes);
    }
    s->node->granule = value->as.text.bytes;
}

static void set_default(const struct setting *s, const struct lb_value *value)
{
    s->node->default_value = value;
}

/* --- the table -------------------------------------------------------------------------------- */

struct keyword {
    const char *name;
    unsigned types;   /* of the keyword's value */
    bool root;        /* only at the root of a file */
    set_fn *set;      /* NULL: read from raw where it is needed */
    size_t flag_at;   /* offset of a bool that it sets; 0: none (`name` lies there) */
    size_t string_at; /* the same for a text */
};

#define FLAG(keyword, member)                                                                      \
    {                                                                                              \
        keyword, BOOL, false, NULL, offsetof(struct lb_schema, member), 0                          \
    }
#define TEXT(keyword, member)                                                                      \
    {                                                                                              \
        keyword, STRING, false, NULL, 0, offsetof(struct lb_schema, member)                        \
    }
#define RAW(keyword, types)                                                                        \
    {                                                                                              \
        keyword, types, false, NULL, 0, 0                                                          \
    }
#define ROOT(keyword, types)                                                                       \
    {                                                                                              \
        keyword, types, true, NULL, 0, 0                                                           \
    }
#define SET(keyword, types, set)                                                                   \
    {                                                                                              \
        keyword, types, false, set, 0, 0                                                           \
    }

/* Sorted by name: looked up by bisection. */
static const struct keyword keywords[] = {
    ROOT("$id", STRING),
    ROOT("$schema", STRING),
    RAW("additionalProperties", BOOL | MAP),
    RAW("anyOf", LIST),
    RAW("const", ANY),
    SET("default", ANY, set_default),
    ROOT("definitions", MAP),
    TEXT("description", description),
    RAW("enum", LIST),
    RAW("examples", LIST),
    RAW("format", STRING),
    RAW("items", MAP),
    RAW("maxItems", NUMBER),
    RAW("maxLength", NUMBER),
    RAW("maxProperties", NUMBER),
    RAW("maximum", NUMBER),
    RAW("minItems", NUMBER),
    RAW("minLength", NUMBER),
    RAW("minProperties", NUMBER),
    RAW("minimum", NUMBER),
    SET("pattern", STRING, set_pattern),
    RAW("properties", MAP),
    RAW("propertyNames", MAP),
    RAW("required", LIST),
    TEXT("title", title),
    SET("type", STRING | LIST, set_type),
    RAW("uniqueItems", BOOL),
    ROOT("x-lb-actions", MAP),
    SET("x-lb-compare", STRING, set_compare),
    FLAG("x-lb-computed", computed),
    TEXT("x-lb-disruptive", disruptive),
    TEXT("x-lb-force-new", force_new),
    SET("x-lb-foreign", STRING, set_foreign),
    TEXT("x-lb-form", form),
    SET("x-lb-granule", STRING, set_granule),
    ROOT("x-lb-granules", MAP),
    FLAG("x-lb-identity", identity),
    FLAG("x-lb-input", input),
    ROOT("x-lb-kind", STRING),
    SET("x-lb-list", STRING, set_list),
    ROOT("x-lb-name-form", STRING),
    ROOT("x-lb-name-max", NUMBER),
    ROOT("x-lb-name-pattern", STRING),
    ROOT("x-lb-order", LIST),
    TEXT("x-lb-owned", owned_prefix),
    TEXT("x-lb-ref", ref),
    RAW("x-lb-refused", MAP),
    FLAG("x-lb-secret", secret),
    ROOT("x-lb-section", STRING),
    ROOT("x-lb-sides", STRING),
    FLAG("x-lb-write-only", write_only),
};

static int by_name(const void *key, const void *row)
{
    return strcmp(key, ((const struct keyword *)row)->name);
}

void lb_schema_keyword(const struct lb_schema_file *file, const struct lb_place *place,
                       struct lb_schema *node, const struct lb_entry *entry)
{
    const struct keyword *k = bsearch(entry->key, keywords, sizeof keywords / sizeof *keywords,
                                      sizeof *keywords, by_name);
    if (!k) {
        lb_schema_fault(file, place, "unknown keyword \"%s\"", entry->key);
    }
    if (!(k->types & LB_TYPE_BIT(entry->value->type))) {
        lb_schema_fault(file, place, "\"%s\" cannot be %s", k->name,
                        lb_type_word(entry->value->type));
    }
    if (k->root && place->up) {
        lb_schema_fault(file, place, "\"%s\" belongs to the root of the file", k->name);
    }
    struct setting s = {file, place, node};
    if (k->set) {
        k->set(&s, entry->value);
    } else if (k->flag_at) {
        *(bool *)((char *)node + k->flag_at) = entry->value->as.boolean;
    } else if (k->string_at) {
        *(const char **)((char *)node + k->string_at) = entry->value->as.text.bytes;
    }
}
