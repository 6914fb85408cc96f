/* schema_query.c: looking into compiled schemas, and the defaults they give. */
#include "base/schema_private.h"

#include <string.h>

const struct lb_kind *lb_kind_find(const struct lb_schemas *schemas, const char *name)
{
    for (size_t i = 0; i < schemas->kind_count; i++) {
        if (lb_streq(schemas->kinds[i].name, name)) {
            return &schemas->kinds[i];
        }
    }
    return NULL;
}

const struct lb_granule_schema *lb_granule_find(const struct lb_kind *kind, const char *name)
{
    for (size_t i = 0; i < kind->granule_count; i++) {
        if (lb_streq(kind->granules[i].name, name)) {
            return &kind->granules[i];
        }
    }
    return NULL;
}

const struct lb_schema *lb_schema_branch(const struct lb_schema *schema, enum lb_type type)
{
    for (size_t i = 0; i < schema->any_of_count; i++) {
        if (schema->any_of[i]->types & LB_TYPE_BIT(type)) {
            return schema->any_of[i];
        }
    }
    return schema->any_of_count ? NULL : schema;
}

const struct lb_schema *lb_schema_property(const struct lb_schema *schema, const char *key)
{
    schema = schema && key ? lb_schema_branch(schema, LB_MAP) : NULL;
    if (!schema) {
        return NULL;
    }
    for (size_t i = 0; i < schema->property_count; i++) {
        if (strcmp(schema->properties[i]->name, key) == 0) {
            return schema->properties[i];
        }
    }
    return schema->additional;
}

static bool is_index(const char *key)
{
    return key[0] != '\0' && key[strspn(key, "0123456789")] == '\0';
}

/* One step of a path; an index goes to the items, and a key passes through a list to its items. */
static const struct lb_schema *step(const struct lb_schema *schema, const char *key)
{
    const struct lb_schema *found = lb_schema_property(schema, key);
    const struct lb_schema *list = lb_schema_branch(schema, LB_LIST);
    if (found || !list || !list->items) {
        return found;
    }
    return is_index(key) ? list->items : lb_schema_property(list->items, key);
}

const struct lb_schema *lb_schema_at(const struct lb_schema *schema, const char *path)
{
    while (schema && *path) {
        size_t length = strcspn(path, "/");
        char key[256];
        if (length >= sizeof key) {
            return NULL;
        }
        memcpy(key, path, length);
        key[length] = '\0';
        schema = step(schema, key);
        path += length + (path[length] == '/');
    }
    return schema;
}

void lb_schema_fill_defaults(struct lb_arena *arena, const struct lb_schema *schema,
                             struct lb_value *value)
{
    if (!schema || !value) {
        return;
    }
    value->secret |= schema->secret;
    schema = lb_schema_branch(schema, value->type);
    if (!schema) {
        return;
    }
    for (size_t i = 0; value->type == LB_MAP && i < schema->property_count; i++) {
        const struct lb_schema *property = schema->properties[i];
        if (property->default_value && !lb_map_get(value, property->name)) {
            struct lb_value *copy = lb_value_share(arena, property->default_value);
            copy->why = "default";
            lb_map_set(arena, value, property->name, copy);
        }
    }
    for (size_t i = 0; value->type == LB_MAP && i < value->as.map.count; i++) {
        struct lb_entry *entry = &value->as.map.entries[i];
        lb_schema_fill_defaults(arena, lb_schema_property(schema, entry->key), entry->value);
    }
    for (size_t i = 0; value->type == LB_LIST && i < value->as.list.count; i++) {
        lb_schema_fill_defaults(arena, schema->items, value->as.list.items[i]);
    }
}
