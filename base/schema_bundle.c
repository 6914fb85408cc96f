/* schema_bundle.c: the schema that editors read: plain draft-07, without annotations.
 *
 * It is built from the compiled nodes and not from the files, so that it says what the validator
 * does: properties that cannot be stated are gone, maps are closed, and what an annotation checks
 * (durations, sizes, references to secrets) stands there as a pattern.
 */
#include "base/schema_private.h"

#include <string.h>

#define DURATION_PATTERN "^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"
#define SIZE_PATTERN "^[0-9]+([KMGTP]i)?B?$"
#define SECRET_PATTERN "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$"

static struct lb_value *bundle_node(struct lb_arena *arena, const struct lb_schema *schema);

static bool is_copied(const char *keyword)
{
    static const char *const made[] = {"$id",        "$schema", "definitions",         "anyOf",
                                       "properties", "items",   "additionalProperties"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        if (strcmp(keyword, made[i]) == 0) {
            return false;
        }
    }
    return !lb_starts_with(keyword, "x-lb-");
}

static void add_patterns(struct lb_arena *arena, const struct lb_schema *schema,
                         struct lb_value *out)
{
    const char *pattern = schema->secret                           ? SECRET_PATTERN
                          : schema->compare == LB_COMPARE_DURATION ? DURATION_PATTERN
                          : schema->compare == LB_COMPARE_SIZE     ? SIZE_PATTERN
                                                                   : NULL;
    if (pattern && schema->types == LB_TYPE_BIT(LB_STRING)) {
        lb_map_default(arena, out, "pattern", lb_value_string(arena, pattern));
        lb_map_default(arena, out, "minLength", lb_value_int(arena, 1));
    }
    if (schema->list == LB_LIST_SET) {
        lb_map_set_bool(arena, out, "uniqueItems", true);
    }
}

static struct lb_value *reference(struct lb_arena *arena, const struct lb_kind *kind)
{
    struct lb_value *ref = lb_value_map(arena);
    lb_map_set(arena, ref, "$ref", lb_value_format(arena, "#/definitions/%s", kind->name));
    return ref;
}

static void add_map(struct lb_arena *arena, const struct lb_schema *schema, struct lb_value *out)
{
    for (size_t i = 0; i < schema->property_count; i++) {
        const struct lb_schema *property = schema->properties[i];
        if (!property->computed) {
            lb_map_set(arena, lb_map_map(arena, out, "properties"), property->name,
                       bundle_node(arena, property));
        }
    }
    if (schema->additional) {
        const struct lb_kind *kind = schema->additional->kind;
        lb_map_set(arena, out, "additionalProperties",
                   kind ? reference(arena, kind) : bundle_node(arena, schema->additional));
    } else if (!schema->additional_any) {
        lb_map_set_bool(arena, out, "additionalProperties", false);
    }
}

static struct lb_value *bundle_node(struct lb_arena *arena, const struct lb_schema *schema)
{
    struct lb_value *out = lb_value_map(arena);
    for (size_t i = 0; i < lb_value_count(schema->raw); i++) {
        const struct lb_entry *entry = lb_map_nth(schema->raw, i);
        /* A kind's examples are states for the conformance walk; some hold what cannot be stated.
         */
        if (is_copied(entry->key) && !(schema->kind && strcmp(entry->key, "examples") == 0)) {
            lb_map_set(arena, out, entry->key, lb_value_copy(arena, entry->value));
        }
    }
    add_patterns(arena, schema, out);
    if (schema->types & LB_TYPE_BIT(LB_MAP) && !schema->any_of_count) {
        add_map(arena, schema, out);
    }
    if (schema->items) {
        lb_map_set(arena, out, "items", bundle_node(arena, schema->items));
    }
    for (size_t i = 0; i < schema->any_of_count; i++) {
        lb_list_add(arena, lb_map_list(arena, out, "anyOf"), bundle_node(arena, schema->any_of[i]));
    }
    return out;
}

struct lb_value *lb_schema_bundle(struct lb_arena *arena, const struct lb_schemas *schemas,
                                  const char *kind)
{
    const struct lb_kind *one = kind ? lb_kind_find(schemas, kind) : NULL;
    if (kind && !one) {
        return NULL;
    }
    struct lb_value *out = lb_value_map(arena);
    lb_map_set_string(arena, out, "$schema", "http://json-schema.org/draft-07/schema#");
    if (!kind) {
        lb_map_set_string(arena, out, "$id", lb_text_at(schemas->spec->raw, "$id", NULL));
    }
    const struct lb_value *node = bundle_node(arena, one ? one->schema : schemas->spec);
    for (size_t i = 0; i < lb_value_count(node); i++) {
        lb_map_set(arena, out, lb_map_nth(node, i)->key, lb_map_nth(node, i)->value);
    }
    for (size_t i = 0; !kind && i < schemas->kind_count; i++) {
        lb_map_set(arena, lb_map_map(arena, out, "definitions"), schemas->kinds[i].name,
                   bundle_node(arena, schemas->kinds[i].schema));
    }
    return out;
}
