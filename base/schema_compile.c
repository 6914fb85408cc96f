/* schema_compile.c: one schema file's JSON into nodes.
 *
 * References are resolved here by copying, so everything behind this file sees a plain tree: a node
 * has one description, one granule and one place in messages, also where two kinds share a
 * definition.
 */
#include "base/schema_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_REFS = 16 };

static void print_pointer(struct lb_str *out, const struct lb_place *place)
{
    if (place && place->up) {
        print_pointer(out, place->up);
        if (place->key) {
            lb_str_printf(out, "/%s", place->key);
        } else {
            lb_str_printf(out, "/%zu", place->index);
        }
    }
}

void lb_schema_fault(const struct lb_schema_file *file, const struct lb_place *place,
                     const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct lb_str pointer = {0};
    print_pointer(&pointer, place);
    LB_BUG("schemas/%s.json#%s: %s", file->stem, lb_str_text(&pointer), text);
}

/* --- $ref ------------------------------------------------------------------------------------- */

static const struct lb_value *definition(const struct lb_schema_file *file,
                                         const struct lb_place *place, const char *ref)
{
    static const char here[] = "#/definitions/", shared[] = "_common#/definitions/";
    const struct lb_value *found = NULL;
    if (lb_starts_with(ref, here)) {
        found = lb_map_get(lb_map_get(file->document, "definitions"), ref + strlen(here));
    } else if (lb_starts_with(ref, shared)) {
        found = lb_map_get(lb_map_get(file->common, "definitions"), ref + strlen(shared));
    }
    if (!lb_is(found, LB_MAP)) {
        lb_schema_fault(file, place, "$ref \"%s\" leads nowhere", ref);
    }
    return found;
}

/* The node's own keywords on top of those of its definition. A definition in _common.json may
 * refer on with "_common#..." only. */
static const struct lb_value *resolve(struct lb_schema_file *file, const struct lb_place *place,
                                      const struct lb_value *json)
{
    const struct lb_value *ref = lb_map_get(json, "$ref");
    if (!ref) {
        return json;
    }
    if (++file->refs > MAX_REFS) {
        lb_schema_fault(file, place, "$ref \"%s\" goes in circles", lb_text(ref, ""));
    }
    const struct lb_value *base = resolve(file, place, definition(file, place, lb_text(ref, "")));
    struct lb_value *merged = lb_value_map(file->arena);
    for (size_t i = 0; i < lb_value_count(base); i++) {
        lb_map_set(file->arena, merged, lb_map_nth(base, i)->key, lb_map_nth(base, i)->value);
    }
    for (size_t i = 0; i < lb_value_count(json); i++) {
        const struct lb_entry *entry = lb_map_nth(json, i);
        if (strcmp(entry->key, "$ref") != 0) {
            lb_map_set(file->arena, merged, entry->key, entry->value);
        }
    }
    return merged;
}

/* --- parts of a node ---------------------------------------------------------------------------
 */

static void compile_properties(struct lb_schema_file *file, const struct lb_place *place,
                               struct lb_schema *node)
{
    const struct lb_value *properties = lb_map_get(node->raw, "properties");
    struct lb_place at = {place, "properties", 0};
    node->property_count = lb_value_count(properties);
    node->properties = lb_arena_array(file->arena, node->property_count + 1,
                                      sizeof *node->properties);
    for (size_t i = 0; i < node->property_count; i++) {
        const struct lb_entry *entry = lb_map_nth(properties, i);
        struct lb_place below = {&at, entry->key, 0};
        node->properties[i] = lb_schema_compile(file, &below, entry->key, entry->value,
                                                node->granule);
    }
}

static void compile_additional(struct lb_schema_file *file, const struct lb_place *place,
                               struct lb_schema *node)
{
    const struct lb_value *additional = lb_map_get(node->raw, "additionalProperties");
    struct lb_place at = {place, "additionalProperties", 0};
    if (lb_is(additional, LB_MAP)) {
        node->additional = lb_schema_compile(file, &at, "*", additional, node->granule);
    } else {
        node->additional_any = lb_bool(additional, !lb_map_get(node->raw, "properties"));
    }
}

static void compile_any_of(struct lb_schema_file *file, const struct lb_place *place,
                           struct lb_schema *node)
{
    const struct lb_value *branches = lb_map_get(node->raw, "anyOf");
    struct lb_place at = {place, "anyOf", 0};
    node->any_of_count = lb_value_count(branches);
    if (node->any_of_count == 0) {
        return;
    }
    node->any_of = lb_arena_array(file->arena, node->any_of_count, sizeof *node->any_of);
    unsigned seen = 0;
    for (size_t i = 0; i < node->any_of_count; i++) {
        struct lb_place below = {&at, NULL, i};
        const struct lb_schema *branch = lb_schema_compile(
            file, &below, node->name, lb_list_item(branches, i), node->granule);
        if (branch->types == 0 || branch->types & seen) {
            lb_schema_fault(file, &below, "the branches of anyOf must take different types");
        }
        seen |= branch->types;
        node->any_of[i] = branch;
    }
    if (node->types) {
        lb_schema_fault(file, place, "\"type\" beside \"anyOf\"");
    }
    node->types = seen;
}

static void check_node(const struct lb_schema_file *file, const struct lb_place *place,
                       const struct lb_schema *node)
{
    const struct lb_value *required = lb_map_get(node->raw, "required");
    for (size_t i = 0; i < lb_value_count(required); i++) {
        const char *key = lb_text(lb_list_item(required, i), "");
        if (!lb_schema_property(node, key)) {
            lb_schema_fault(file, place, "required \"%s\" is no property", key);
        }
    }
    if (node->list == LB_LIST_MAP &&
        !(node->items && lb_schema_property(node->items, node->list_key))) {
        lb_schema_fault(file, place, "the items have no \"%s\" to be known by", node->list_key);
    }
    if (node->names && node->names->types & ~LB_TYPE_BIT(LB_STRING)) {
        lb_schema_fault(file, place, "keys are texts: propertyNames takes no other type");
    }
    if (node->secret && node->default_value) {
        lb_schema_fault(file, place, "a secret cannot have a default");
    }
}

struct lb_schema *lb_schema_compile(struct lb_schema_file *file, const struct lb_place *place,
                                    const char *name, const struct lb_value *json,
                                    const char *granule)
{
    if (!lb_is(json, LB_MAP)) {
        lb_schema_fault(file, place, "a schema must be an object");
    }
    struct lb_schema *node = lb_arena_alloc(file->arena, sizeof *node);
    int refs = file->refs;
    node->name = name;
    node->granule = granule;
    node->raw = resolve(file, place, json);
    for (size_t i = 0; i < lb_value_count(node->raw); i++) {
        lb_schema_keyword(file, place, node, lb_map_nth(node->raw, i));
    }
    compile_properties(file, place, node);
    compile_additional(file, place, node);
    compile_any_of(file, place, node);
    const struct lb_value *items = lb_map_get(node->raw, "items");
    if (items) {
        struct lb_place at = {place, "items", 0};
        node->items = lb_schema_compile(file, &at, name, items, node->granule);
    }
    const struct lb_value *names = lb_map_get(node->raw, "propertyNames");
    if (names) {
        struct lb_place at = {place, "propertyNames", 0};
        node->names = lb_schema_compile(file, &at, "propertyNames", names, NULL);
    }
    check_node(file, place, node);
    file->refs = refs;
    return node;
}
