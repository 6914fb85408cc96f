/* schema_load.c: all schema files into kinds and the schema of the whole spec.
 *
 * spec.json says what stands at the top of a spec; every kind adds its section there. The files are
 * ours and embedded, so whatever is wrong with them ends the program at once, with file and
 * pointer.
 */
#include "base/json.h"
#include "base/schema_private.h"
#include "base/time.h"

#include <string.h>

/* What an object may be called where its kind does not say: safe as a file name, a git ref and a
 * word of a shell. */
#define DEFAULT_NAME_PATTERN "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"

struct loader {
    struct lb_arena *arena;
    const struct lb_embedded *files;
    size_t count;
    const struct lb_value *common;
    struct lb_schema_file spec;
};

static const struct lb_place root = {NULL, NULL, 0};

static const struct lb_value *parse(struct loader *l, const struct lb_embedded *file)
{
    const char *error = NULL;
    const struct lb_value *json = lb_json_parse(l->arena, (const char *)file->bytes, file->length,
                                                &error);
    if (!json) {
        LB_BUG("schemas/%s.json: %s", file->stem, error ? error : "not JSON");
    }
    return json;
}

static const struct lb_embedded *find_file(const struct loader *l, const char *stem)
{
    for (size_t i = 0; i < l->count; i++) {
        if (strcmp(l->files[i].stem, stem) == 0) {
            return &l->files[i];
        }
    }
    return NULL;
}

static const char *root_text(const struct lb_schema_file *file, const char *key)
{
    const struct lb_value *value = lb_map_get(file->document, key);
    if (!lb_is(value, LB_STRING)) {
        lb_schema_fault(file, &root, "\"%s\" is missing", key);
    }
    return value->as.text.bytes;
}

/* --- granules --------------------------------------------------------------------------------- */

static int64_t seconds(const struct lb_schema_file *file, const struct lb_place *place,
                       const struct lb_value *granule, const char *key)
{
    const char *text = lb_text_at(granule, key, NULL);
    int64_t out = 0;
    if (text && lb_duration_parse(text, &out)) {
        lb_schema_fault(file, place, "\"%s\" is no duration", key);
    }
    return out;
}

static void check_granule(const struct lb_schema_file *file, const struct lb_place *place,
                          const struct lb_value *granule)
{
    static const char *const known[] = {"description", "existence", "always", "risk",
                                        "estimate",    "wait",      "poll",   "iam"};
    static const char *const risks[] = {"none", "low", "disruptive", "data-loss"};
    for (size_t i = 0; i < lb_value_count(granule); i++) {
        bool found = false;
        for (size_t j = 0; j < sizeof known / sizeof *known; j++) {
            found |= strcmp(lb_map_nth(granule, i)->key, known[j]) == 0;
        }
        if (!found) {
            lb_schema_fault(file, place, "unknown keyword \"%s\"", lb_map_nth(granule, i)->key);
        }
    }
    const char *risk = lb_text_at(granule, "risk", "none");
    bool known_risk = false;
    for (size_t i = 0; i < sizeof risks / sizeof *risks; i++) {
        known_risk |= strcmp(risk, risks[i]) == 0;
    }
    if (!known_risk) {
        lb_schema_fault(file, place, "unknown risk \"%s\"", risk);
    }
}

static void check_keys(const struct lb_schema_file *file, const struct lb_place *place,
                       const struct lb_value *map, const char *const *known)
{
    for (size_t i = 0; i < lb_value_count(map); i++) {
        const char *key = lb_map_nth(map, i)->key;
        const char *const *at = known;
        while (*at && strcmp(*at, key) != 0) {
            at++;
        }
        if (!*at) {
            lb_schema_fault(file, place, "unknown keyword \"%s\"", key);
        }
    }
}

/* Is the action in a list of any granule? */
static bool is_listed(const struct lb_kind *kind, const char *action)
{
    for (size_t i = 0; i < kind->granule_count; i++) {
        for (size_t k = 0; k < lb_value_count(kind->granules[i].iam); k++) {
            if (lb_list_has(lb_map_nth(kind->granules[i].iam, k)->value, action)) {
                return true;
            }
        }
    }
    return false;
}

static void load_actions(const struct lb_schema_file *file, struct lb_kind *kind)
{
    static const char *const lists[] = {"read", "write", "forecast", "survey", NULL};
    static const char *const words[] = {"on", "condition", "if", NULL};
    struct lb_place granules = {&root, "x-lb-granules", 0}, actions = {&root, "x-lb-actions", 0};
    for (size_t i = 0; i < kind->granule_count; i++) {
        check_keys(file, &granules, kind->granules[i].iam, lists);
    }
    kind->actions = lb_map_get(file->document, "x-lb-actions");
    for (size_t i = 0; i < lb_value_count(kind->actions); i++) {
        const struct lb_entry *entry = lb_map_nth(kind->actions, i);
        check_keys(file, &actions, entry->value, words);
        if (!is_listed(kind, entry->key)) {
            lb_schema_fault(file, &actions, "no granule lists \"%s\"", entry->key);
        }
    }
}

static void load_granules(const struct lb_schema_file *file, struct lb_kind *kind)
{
    const struct lb_value *granules = file->granules;
    struct lb_place at = {&root, "x-lb-granules", 0};
    kind->granule_count = lb_value_count(granules);
    struct lb_granule_schema *out = lb_arena_array(file->arena, kind->granule_count + 1,
                                                   sizeof *out);
    for (size_t i = 0; i < kind->granule_count; i++) {
        const struct lb_entry *entry = lb_map_nth(granules, i);
        struct lb_place place = {&at, entry->key, 0};
        check_granule(file, &place, entry->value);
        out[i].name = entry->key;
        out[i].description = lb_text_at(entry->value, "description", NULL);
        out[i].existence = lb_bool_at(entry->value, "existence", false);
        out[i].always = lb_bool_at(entry->value, "always", false);
        out[i].risk = lb_text_at(entry->value, "risk", "none");
        out[i].estimate_s = seconds(file, &place, entry->value, "estimate");
        out[i].wait_s = seconds(file, &place, entry->value, "wait");
        out[i].poll_s = seconds(file, &place, entry->value, "poll");
        out[i].iam = lb_map_get(entry->value, "iam");
    }
    kind->granules = out;
}

/* --- kinds ------------------------------------------------------------------------------------ */

static enum lb_sides sides_of(const struct lb_schema_file *file)
{
    static const char *const words[] = {
        [LB_SIDES_GLOBAL] = "global", [LB_SIDES_ONE] = "one", [LB_SIDES_BOTH] = "both"};
    const char *word = root_text(file, "x-lb-sides");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i]) == 0) {
            return (enum lb_sides)i;
        }
    }
    lb_schema_fault(file, &root, "unknown x-lb-sides \"%s\"", word);
}

static void add_property(struct lb_arena *arena, struct lb_schema *node,
                         const struct lb_schema *property)
{
    const struct lb_schema **grown = lb_arena_array(arena, node->property_count + 1, sizeof *grown);
    for (size_t i = 0; i < node->property_count; i++) {
        grown[i] = node->properties[i];
    }
    grown[node->property_count++] = property;
    node->properties = grown;
}

/* Every object of every kind can be left to someone else's hands. */
static void add_managed(struct loader *l, struct lb_schema *kind_schema)
{
    const struct lb_value *json = lb_map_get(lb_map_get(l->spec.document, "definitions"),
                                             "managed");
    struct lb_place definitions = {&root, "definitions", 0}, place = {&definitions, "managed", 0};
    add_property(l->arena, kind_schema, lb_schema_compile(&l->spec, &place, "managed", json, NULL));
}

static void load_kind(struct loader *l, const struct lb_embedded *embedded, struct lb_kind *kind)
{
    struct lb_schema_file file = {.arena = l->arena, .stem = embedded->stem, .common = l->common};
    file.document = parse(l, embedded);
    file.granules = lb_map_get(file.document, "x-lb-granules");
    kind->name = root_text(&file, "x-lb-kind");
    if (strcmp(kind->name, embedded->stem) != 0) {
        lb_schema_fault(&file, &root, "x-lb-kind \"%s\" is not the file's name", kind->name);
    }
    kind->section = root_text(&file, "x-lb-section");
    kind->sides = sides_of(&file);
    kind->examples = lb_map_get(file.document, "examples");
    kind->name_pattern = lb_text_at(file.document, "x-lb-name-pattern", DEFAULT_NAME_PATTERN);
    load_granules(&file, kind);
    load_actions(&file, kind);
    struct lb_schema *schema = lb_schema_compile(&file, &root, kind->name, file.document, NULL);
    if (schema->types != LB_TYPE_BIT(LB_MAP) || schema->additional_any) {
        lb_schema_fault(&file, &root, "a kind is a closed object");
    }
    add_managed(l, schema);
    schema->kind = kind;
    kind->schema = schema;
}

static bool is_kind(const char *stem)
{
    return strcmp(stem, "spec") != 0 && stem[0] != '_';
}

/* Where a kind stands in spec.json's x-lb-order; those that it does not name come last. */
static size_t rank(const struct lb_value *order, const char *name)
{
    for (size_t i = 0; i < lb_value_count(order); i++) {
        if (lb_streq(lb_text(lb_list_item(order, i), NULL), name)) {
            return i;
        }
    }
    return lb_value_count(order);
}

static bool stands_before(const struct lb_value *order, const char *a, const char *b)
{
    size_t rank_a = rank(order, a), rank_b = rank(order, b);
    return rank_a < rank_b || (rank_a == rank_b && strcmp(a, b) < 0);
}

static struct lb_kind *load_kinds(struct loader *l, size_t *count)
{
    const struct lb_value *order = lb_map_get(l->spec.document, "x-lb-order");
    const struct lb_embedded **sorted = lb_arena_array(l->arena, l->count + 1, sizeof *sorted);
    size_t used = 0;
    for (size_t i = 0; i < l->count; i++) {
        if (!is_kind(l->files[i].stem)) {
            continue;
        }
        size_t at = used++;
        for (; at > 0 && stands_before(order, l->files[i].stem, sorted[at - 1]->stem); at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = &l->files[i];
    }
    struct lb_kind *kinds = lb_arena_array(l->arena, used + 1, sizeof *kinds);
    for (size_t i = 0; i < used; i++) {
        load_kind(l, sorted[i], &kinds[i]);
    }
    *count = used;
    return kinds;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* {type: object, additionalProperties: KIND, propertyNames: {pattern, maxLength}} */
static const struct lb_schema *section_of(struct loader *l, const struct lb_kind *kind)
{
    struct lb_schema *section = lb_arena_alloc(l->arena, sizeof *section);
    struct lb_value *raw = lb_value_map(l->arena);
    lb_map_set_string(l->arena, raw, "description", kind->schema->description);
    lb_map_set_string(l->arena, raw, "type", "object");
    struct lb_value *rule = lb_map_map(l->arena, raw, "propertyNames");
    lb_map_set_string(l->arena, rule, "pattern", kind->name_pattern);
    int64_t most = lb_int_at(kind->schema->raw, "x-lb-name-max", 0);
    if (most > 0) {
        lb_map_set_int(l->arena, rule, "maxLength", most);
    }
    section->name = kind->section;
    section->title = kind->schema->title;
    section->description = kind->schema->description;
    section->types = LB_TYPE_BIT(LB_MAP);
    section->additional = kind->schema;
    section->raw = raw;
    struct lb_schema *names = lb_arena_alloc(l->arena, sizeof *names);
    names->name = "propertyNames";
    names->raw = rule;
    names->form = lb_text_at(kind->schema->raw, "x-lb-name-form", NULL);
    names->pattern = lb_pattern_new(l->arena, kind->name_pattern);
    section->names = names;
    if (!names->pattern) {
        LB_BUG("schemas/%s.json#/x-lb-name-pattern: POSIX and ECMA read it differently",
               kind->name);
    }
    return section;
}

const struct lb_schemas *lb_schemas_load_from(struct lb_arena *arena,
                                              const struct lb_embedded *files, size_t count)
{
    struct loader l = {.arena = arena, .files = files, .count = count};
    const struct lb_embedded *common = find_file(&l, "_common"), *spec = find_file(&l, "spec");
    if (!spec) {
        LB_BUG("schemas/spec.json is missing");
    }
    l.common = common ? parse(&l, common) : NULL;
    l.spec = (struct lb_schema_file){.arena = arena, .stem = "spec", .common = l.common};
    l.spec.document = parse(&l, spec);
    struct lb_schemas *schemas = lb_arena_alloc(arena, sizeof *schemas);
    struct lb_kind *kinds = load_kinds(&l, &schemas->kind_count);
    struct lb_schema *whole = lb_schema_compile(&l.spec, &root, "spec", l.spec.document, NULL);
    for (size_t i = 0; i < schemas->kind_count; i++) {
        if (lb_schema_property(whole, kinds[i].section)) {
            LB_BUG("schemas/%s.json: section \"%s\" is taken", kinds[i].name, kinds[i].section);
        }
        add_property(arena, whole, section_of(&l, &kinds[i]));
    }
    schemas->kinds = kinds;
    schemas->spec = whole;
    return schemas;
}

const struct lb_schemas *lb_schemas_load(struct lb_arena *arena)
{
    return lb_schemas_load_from(arena, lb_embedded_schemas, lb_embedded_schema_count);
}
