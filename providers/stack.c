/* stack.c: from a validated spec to objects that know what they shall be.
 *
 * Two passes: expand makes the objects of every section (an entry may stand for several: a domain
 * in two regions, a failover record with its health check and alarm), derive fills in what was not
 * stated. derive may look at any entry of the spec, so the order of objects does not matter.
 */
#include "providers/names.h"

#include "base/time.h"
#include "transport/endpoint.h"

#include <string.h>

enum lb_side lb_side_other(enum lb_side side)
{
    return side == LB_SIDE_PRIMARY     ? LB_SIDE_SECONDARY
           : side == LB_SIDE_SECONDARY ? LB_SIDE_PRIMARY
                                       : LB_SIDE_NONE;
}

const char *lb_side_name(enum lb_side side)
{
    return side == LB_SIDE_PRIMARY ? "primary" : side == LB_SIDE_SECONDARY ? "secondary" : "";
}

enum lb_side lb_side_parse(const char *name)
{
    if (lb_streq(name, "primary"))
        return LB_SIDE_PRIMARY;
    return lb_streq(name, "secondary") ? LB_SIDE_SECONDARY : LB_SIDE_NONE;
}

static int64_t duration_at(const struct lb_value *spec, const char *path)
{
    int64_t seconds = 0;
    const char *text = lb_text_at(spec, path, NULL);
    return text && lb_duration_parse(text, &seconds) == 0 ? seconds : 0;
}

void lb_stack_check_region(struct lb_stack *stack, const char *path)
{
    const struct lb_value *value = lb_value_at(stack->spec, path);
    const char *name = lb_text(value, "");
    size_t count;
    const char *const *names = lb_region_names(&count);
    for (size_t i = 0; i < count; i++)
        if (lb_streq(names[i], name))
            return;
    const char *near = lb_nearest(name, names, count);
    lb_diags_error_try(stack->diags, "LB-S050", value->mark,
                       near ? lb_arena_printf(stack->arena, "%s", near) : NULL, "\"%s\"", name);
}

int lb_stack_init(struct lb_stack *stack, struct lb_arena *arena, struct lb_diags *diags,
                  const struct lb_schemas *schemas, const struct lb_source *source,
                  struct lb_value *spec)
{
    size_t errors = diags->errors;
    *stack = (struct lb_stack){.arena = arena,
                               .diags = diags,
                               .schemas = schemas,
                               .source = source,
                               .spec = spec,
                               .lookup = lb_value_map(arena)};
    stack->name = lb_text_at(spec, "stack", "");
    stack->account = lb_text_at(spec, "account", "");
    stack->regions[LB_SIDE_PRIMARY] = lb_text_at(spec, "regions/primary", "");
    stack->regions[LB_SIDE_SECONDARY] = lb_text_at(spec, "regions/secondary", "");
    stack->active = lb_side_parse(lb_text_at(spec, "active", "primary"));
    stack->generation = lb_int_at(spec, "generation", 1);
    stack->rpo_s = duration_at(spec, "objectives/rpo");
    stack->rto_s = duration_at(spec, "objectives/rto");
    lb_stack_check_region(stack, "regions/primary");
    lb_stack_check_region(stack, "regions/secondary");
    if (diags->errors > errors)
        return -1;
    const struct lb_partition *one = lb_partition_of(stack->regions[LB_SIDE_PRIMARY]);
    const struct lb_partition *two = lb_partition_of(stack->regions[LB_SIDE_SECONDARY]);
    const struct lb_value *second = lb_value_at(spec, "regions/secondary");
    if (lb_streq(stack->regions[LB_SIDE_PRIMARY], stack->regions[LB_SIDE_SECONDARY]))
        return lb_diags_error(diags, "LB-S052", second->mark, "both are \"%s\"",
                              stack->regions[LB_SIDE_SECONDARY]);
    if (one != two)
        return lb_diags_error(diags, "LB-S053", second->mark, "%s is in %s, %s in %s",
                              stack->regions[LB_SIDE_PRIMARY], one->id,
                              stack->regions[LB_SIDE_SECONDARY], two->id);
    stack->partition = one->id;
    return 0;
}

/* --- objects
 * --------------------------------------------------------------------------------------- */

static const char *address_of(struct lb_arena *arena, const char *kind, const char *name,
                              enum lb_side side)
{
    return side == LB_SIDE_NONE
               ? lb_arena_printf(arena, "%s.%s", kind, name)
               : lb_arena_printf(arena, "%s.%s@%s", kind, name, lb_side_name(side));
}

struct lb_resource *lb_stack_find_address(const struct lb_stack *stack, const char *address)
{
    int64_t i = lb_int(lb_map_get(stack->lookup, address), -1);
    return i < 0 ? NULL : stack->resources[i];
}

struct lb_resource *lb_stack_find(const struct lb_stack *stack, const char *kind, const char *name,
                                  enum lb_side side)
{
    return lb_stack_find_address(stack, address_of(stack->arena, kind, name, side));
}

const struct lb_entry *lb_stack_entry(const struct lb_stack *stack, const char *section,
                                      const char *name)
{
    return lb_map_entry(lb_map_get(stack->spec, section), name);
}

const struct lb_entry *lb_stack_ref(const struct lb_stack *stack, const char *section,
                                    const struct lb_value *at)
{
    const struct lb_value *map = lb_map_get(stack->spec, section);
    const char *name = lb_text(at, "");
    const struct lb_entry *entry = lb_map_entry(map, name);
    if (entry)
        return entry;
    size_t count = lb_value_count(map);
    const char **names = lb_arena_array(stack->arena, count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = lb_map_nth(map, i)->key;
    const char *near = lb_nearest(name, names, count);
    const char *remedy = near ? lb_arena_printf(stack->arena, "%s", near)
                              : lb_arena_printf(stack->arena, "add \"%s\" under `%s:`", name,
                                                section);
    static const struct lb_mark nowhere;
    lb_diags_error_try(stack->diags, "LB-S051", at ? at->mark : &nowhere, remedy,
                       "\"%s\" is not under `%s:`%s%s%s", name, section,
                       near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return NULL;
}

static const char *region_of(const struct lb_stack *stack, const struct lb_kind *kind,
                             const struct lb_value *stated, enum lb_side side)
{
    if (side != LB_SIDE_NONE)
        return stack->regions[side];
    enum lb_side one = LB_SIDE_PRIMARY;
    if (kind->sides == LB_SIDES_ONE && lb_text_at(stated, "region", NULL))
        one = lb_side_parse(lb_text_at(stated, "region", "primary"));
    return stack->regions[one == LB_SIDE_NONE ? LB_SIDE_PRIMARY : one];
}

struct lb_resource *lb_stack_add(struct lb_stack *stack, const char *kind_name, const char *name,
                                 enum lb_side side, const struct lb_entry *from)
{
    struct lb_resource *known = lb_stack_find(stack, kind_name, name, side);
    if (known)
        return known;
    const struct lb_kind *kind = lb_kind_find(stack->schemas, kind_name);
    if (!kind)
        LB_BUG("no kind %s", kind_name);
    struct lb_resource *resource = lb_arena_alloc(stack->arena, sizeof *resource);
    const struct lb_entry *own = lb_stack_entry(stack, kind->section, name);
    resource->kind = kind;
    resource->provider = lb_provider_find(kind_name);
    resource->name = lb_arena_strdup(stack->arena, name);
    resource->side = side;
    resource->address = address_of(stack->arena, kind_name, name, side);
    if (own && lb_is(own->value, LB_MAP)) {
        resource->stated = own->value;
    } else {
        resource->stated = lb_value_map(stack->arena);
        lb_schema_fill_defaults(stack->arena, kind->schema, resource->stated);
    }
    if (own || from)
        resource->mark = own ? *own->key_mark : *from->key_mark;
    resource->region = region_of(stack, kind, resource->stated, side);
    resource->managed = lb_bool_at(resource->stated, "managed", true);
    resource->desired = lb_value_map(stack->arena);
    stack->resources = lb_arena_grow(stack->arena, stack->resources, stack->resource_count,
                                     stack->resource_count + 1, sizeof *stack->resources,
                                     &stack->resource_capacity);
    lb_map_set_int(stack->arena, stack->lookup, resource->address, (int64_t)stack->resource_count);
    stack->resources[stack->resource_count++] = resource;
    return resource;
}

struct lb_resource *lb_stack_next(const struct lb_stack *stack, const char *kind, size_t *i)
{
    while (*i < stack->resource_count) {
        struct lb_resource *resource = stack->resources[(*i)++];
        if (lb_streq(resource->kind->name, kind))
            return resource;
    }
    return NULL;
}

static int expand_entry(struct lb_stack *stack, const struct lb_kind *kind,
                        const struct lb_entry *entry)
{
    const struct lb_provider *provider = lb_provider_find(kind->name);
    if (provider->expand)
        return provider->expand(stack, entry);
    if (kind->sides != LB_SIDES_BOTH) {
        lb_stack_add(stack, kind->name, entry->key, LB_SIDE_NONE, entry);
        return 0;
    }
    lb_stack_add(stack, kind->name, entry->key, LB_SIDE_PRIMARY, entry);
    lb_stack_add(stack, kind->name, entry->key, LB_SIDE_SECONDARY, entry);
    return 0;
}

/* Objects in the order of kinds, so that plans read the same whatever made an object. */
static void sort_by_kind(struct lb_stack *stack)
{
    struct lb_resource **sorted = lb_arena_array(stack->arena, stack->resource_count + 1,
                                                 sizeof *sorted);
    size_t count = 0;
    for (size_t k = 0; k < stack->schemas->kind_count; k++)
        for (size_t i = 0; i < stack->resource_count; i++)
            if (stack->resources[i]->kind == &stack->schemas->kinds[k])
                sorted[count++] = stack->resources[i];
    stack->resources = sorted;
    stack->resource_capacity = stack->resource_count + 1;
    for (size_t i = 0; i < count; i++)
        lb_map_set_int(stack->arena, stack->lookup, sorted[i]->address, (int64_t)i);
}

int lb_stack_build(struct lb_stack *stack)
{
    size_t errors = stack->diags->errors;
    for (size_t k = 0; k < stack->schemas->kind_count; k++) {
        const struct lb_kind *kind = &stack->schemas->kinds[k];
        const struct lb_value *section = lb_map_get(stack->spec, kind->section);
        for (size_t i = 0; i < lb_value_count(section); i++)
            expand_entry(stack, kind, lb_map_nth(section, i));
    }
    if (stack->diags->errors > errors)
        return -1;
    sort_by_kind(stack);
    for (size_t i = 0; i < stack->resource_count; i++)
        stack->resources[i]->provider->derive(stack, stack->resources[i]);
    return stack->diags->errors > errors ? -1 : 0;
}

/* --- what derive says
 * ------------------------------------------------------------------------------- */

static void add_need(struct lb_stack *stack, struct lb_resource *resource,
                     const struct lb_need *need)
{
    if (!need->resource || need->resource == resource)
        return;
    resource->needs = lb_arena_grow(stack->arena, resource->needs, resource->need_count,
                                    resource->need_count + 1, sizeof *resource->needs,
                                    &resource->need_capacity);
    resource->needs[resource->need_count++] = *need;
}

void lb_resource_need(struct lb_stack *stack, struct lb_resource *resource, const char *granule,
                      struct lb_resource *on, const char *of)
{
    add_need(stack, resource, &(struct lb_need){.granule = granule, .resource = on, .of = of});
}

void lb_resource_after(struct lb_stack *stack, struct lb_resource *resource, const char *granule,
                       struct lb_resource *on)
{
    add_need(stack, resource, &(struct lb_need){.granule = granule, .resource = on, .order = true});
}

void lb_resource_reads_after(struct lb_stack *stack, struct lb_resource *resource,
                             struct lb_resource *other)
{
    if (!other || other == resource)
        return;
    resource->reads_after = lb_arena_grow(
        stack->arena, resource->reads_after, resource->reads_after_count,
        resource->reads_after_count + 1, sizeof *resource->reads_after,
        &resource->reads_after_capacity);
    resource->reads_after[resource->reads_after_count++] = other;
}

void lb_resource_observe(struct lb_stack *stack, struct lb_resource *resource, const char *granule)
{
    resource->observe = lb_arena_grow(stack->arena, resource->observe, resource->observe_count,
                                      resource->observe_count + 1, sizeof *resource->observe,
                                      &resource->observe_capacity);
    resource->observe[resource->observe_count++] = granule;
}

struct lb_value *lb_resource_reference(struct lb_stack *stack, const struct lb_resource *of,
                                       const char *path)
{
    return lb_value_unknown(stack->arena,
                            lb_arena_printf(stack->arena, "%s/%s", of->address, path));
}

struct lb_value *lb_desire(struct lb_stack *stack, struct lb_resource *resource, const char *key,
                           struct lb_value *value, const char *why)
{
    struct lb_value *stated = lb_map_get(resource->stated, key);
    if (stated && stated->type != LB_NULL)
        return lb_map_set(stack->arena, resource->desired, key,
                          lb_value_share(stack->arena, stated));
    if (!value)
        return NULL;
    if (!value->why)
        value->why = why;
    return lb_map_set(stack->arena, resource->desired, key, value);
}

void lb_desire_stated(struct lb_stack *stack, struct lb_resource *resource)
{
    const struct lb_schema *schema = resource->kind->schema;
    for (size_t i = 0; i < schema->property_count; i++) {
        const struct lb_schema *property = schema->properties[i];
        if (!property->input && !property->identity && !property->computed)
            lb_desire(stack, resource, property->name, NULL, NULL);
    }
}

void lb_desire_tags(struct lb_stack *stack, struct lb_resource *resource)
{
    struct lb_value *tags = lb_desire(stack, resource, "tags", lb_value_map(stack->arena),
                                      "marks ownership");
    struct lb_value *stack_tag = lb_value_string(stack->arena, stack->name);
    struct lb_value *address_tag = lb_value_string(stack->arena, resource->address);
    stack_tag->why = address_tag->why = "marks ownership";
    lb_map_set(stack->arena, tags, LB_TAG_STACK, stack_tag);
    lb_map_set(stack->arena, tags, LB_TAG_ADDRESS, address_tag);
}

bool lb_resource_has_granule(const struct lb_resource *resource,
                             const struct lb_granule_schema *granule)
{
    if (granule->always || granule->existence)
        return true;
    for (size_t i = 0; i < resource->observe_count; i++)
        if (lb_streq(resource->observe[i], granule->name))
            return true;
    for (size_t i = 0; i < lb_value_count(resource->desired); i++) {
        const struct lb_entry *entry = lb_map_nth(resource->desired, i);
        const struct lb_schema *property = lb_schema_property(resource->kind->schema, entry->key);
        if (property && lb_streq(property->granule, granule->name))
            return true;
    }
    return false;
}

/* --- references
 * --------------------------------------------------------------------------------------- */

#define CALLER "caller/arn"

struct lb_value *lb_caller_reference(struct lb_stack *stack)
{
    return lb_value_unknown(stack->arena, CALLER);
}

static const struct lb_value *referenced(const struct lb_stack *stack, struct lb_arena *arena,
                                         const char *reference)
{
    const char *slash = strchr(reference, '/');
    if (lb_streq(reference, CALLER))
        return stack->caller ? lb_value_string(arena, stack->caller) : NULL;
    if (!slash)
        LB_BUG("reference without a path: %s", reference);
    char *address = lb_arena_strndup(arena, reference, (size_t)(slash - reference));
    const struct lb_resource *of = lb_stack_find_address(stack, address);
    if (!of || of->live.status == LB_LIVE_ABSENT)
        return NULL;
    const struct lb_value *value = lb_value_at(of->live.value, slash + 1);
    return value && value->type != LB_NULL ? value : NULL;
}

struct lb_value *lb_stack_resolve(const struct lb_stack *stack, struct lb_arena *arena,
                                  const struct lb_value *value)
{
    if (!value)
        return NULL;
    struct lb_value *copy;
    switch (value->type) {
    case LB_UNKNOWN: {
        const struct lb_value *known = referenced(stack, arena, value->as.text.bytes);
        copy = lb_value_copy(arena, known ? known : value);
        break;
    }
    case LB_LIST:
        copy = lb_value_list(arena);
        for (size_t i = 0; i < value->as.list.count; i++)
            lb_list_add(arena, copy, lb_stack_resolve(stack, arena, value->as.list.items[i]));
        break;
    case LB_MAP:
        copy = lb_value_map(arena);
        for (size_t i = 0; i < value->as.map.count; i++)
            lb_map_set(arena, copy, value->as.map.entries[i].key,
                       lb_stack_resolve(stack, arena, value->as.map.entries[i].value));
        break;
    default:
        return lb_value_share(arena, value);
    }
    copy->mark = value->mark;
    copy->why = value->why;
    copy->secret = value->secret;
    return copy;
}
