/* diff.c: desired against live, led by the schema alone: no kind is known here.
 *
 * Three rules keep plans honest. Only what is declared is compared, so a server default is never a
 * change. A shared document keeps what is not ours: it is listed, not touched. And an attribute
 * that cannot be read back says so instead of pretending to be equal.
 */
#include "planner/diff.h"

struct differ {
    struct lb_arena *arena;
    struct lb_stack *stack;
    struct lb_change *change;
};

/* --- walking
 * --------------------------------------------------------------------------------------------- */

static const char *reason_of(struct differ *d, const struct lb_value *desired, const char *above)
{
    if (!desired)
        return above;
    if (desired->why)
        return desired->why;
    if (desired->mark->line)
        return lb_arena_printf(d->arena, "stated at line %u", (unsigned)desired->mark->line);
    return above ? above : "part of its definition";
}

static const struct lb_value *not_null(const struct lb_value *value)
{
    return lb_is(value, LB_NULL) ? NULL : value;
}

static void add_field(struct differ *d, const struct lb_schema *schema, const char *path,
                      const struct lb_value *before, const struct lb_value *after,
                      const char *reason)
{
    struct lb_change *change = d->change;
    change->fields = lb_arena_grow(d->arena, change->fields, change->field_count,
                                   change->field_count + 1, sizeof *change->fields,
                                   &change->field_capacity);
    /* a plan's file cannot tell null from what is not there */
    change->fields[change->field_count++] = (struct lb_field){.path = path,
                                                              .before = not_null(before),
                                                              .after = not_null(after),
                                                              .reason = reason,
                                                              .granule = schema ? schema->granule
                                                                                : NULL,
                                                              .schema = schema};
}

static void add_text(struct lb_arena *arena, const char ***list, size_t *count, size_t *capacity,
                     const char *text)
{
    *list = lb_arena_grow(arena, *list, *count, *count + 1, sizeof **list, capacity);
    (*list)[(*count)++] = text;
}

static void add_foreign(struct differ *d, const char *path)
{
    struct lb_change *change = d->change;
    add_text(d->arena, &change->foreign, &change->foreign_count, &change->foreign_capacity, path);
}

static void add_unknown(struct differ *d, const char *path)
{
    struct lb_change *change = d->change;
    add_text(d->arena, &change->unknown, &change->unknown_count, &change->unknown_capacity, path);
}

static const char *join(struct differ *d, const char *path, const char *key)
{
    return *path ? lb_arena_printf(d->arena, "%s/%s", path, key) : key;
}

static void walk(struct differ *d, const struct lb_schema *schema, const char *path,
                 const struct lb_value *desired, const struct lb_value *live, const char *why);

/* A member that is live but not desired: ours to remove, or foreign and kept. */
static void extra_member(struct differ *d, const struct lb_schema *schema, const char *path,
                         const char *key, const struct lb_value *live)
{
    bool ours = schema->owned_prefix && lb_starts_with(key, schema->owned_prefix);
    if (ours || !schema->keep_foreign)
        add_field(d, schema, path, live, NULL, "not in the spec any more");
    else
        add_foreign(d, path);
}

/* A member of a map that takes any: compared as a whole. */
static void walk_free(struct differ *d, const struct lb_schema *map, const char *path,
                      const struct lb_value *desired, const struct lb_value *live, const char *why)
{
    if (desired->type == LB_NULL)
        return;
    if (lb_value_has_unknown(desired))
        add_unknown(d, path);
    if (!live || !lb_diff_equal(NULL, desired, live))
        add_field(d, map, path, live, desired, reason_of(d, desired, why));
}

static void walk_map(struct differ *d, const struct lb_schema *schema, const char *path,
                     const struct lb_value *desired, const struct lb_value *live, const char *why)
{
    for (size_t i = 0; i < lb_value_count(desired); i++) {
        const struct lb_entry *entry = lb_map_nth(desired, i);
        const struct lb_schema *property = lb_schema_property(schema, entry->key);
        const char *at = join(d, path, entry->key);
        const struct lb_value *other = lb_map_get(live, entry->key);
        if (property)
            walk(d, property, at, entry->value, other, why);
        else if (schema->additional_any)
            walk_free(d, schema, at, entry->value, other, why);
    }
    if (!schema->additional && !schema->additional_any)
        return;
    for (size_t i = 0; i < lb_value_count(live); i++) {
        const struct lb_entry *entry = lb_map_nth(live, i);
        if (!lb_map_get(desired, entry->key) && entry->value->type != LB_NULL)
            extra_member(d, schema, join(d, path, entry->key), entry->key, entry->value);
    }
}

/* An item of a keyed list is compared whole, what nobody stated included; told leaf by leaf. */
static void walk_item(struct differ *d, const struct lb_schema *schema, const char *path,
                      const struct lb_value *desired, const struct lb_value *live, const char *why)
{
    for (size_t i = 0; i < lb_value_count(desired); i++) {
        const struct lb_entry *entry = lb_map_nth(desired, i);
        const struct lb_schema *property = lb_schema_property(schema, entry->key);
        if (!lb_diff_covers(schema, entry, live))
            add_field(d, property ? property : schema, join(d, path, entry->key),
                      lb_map_get(live, entry->key), entry->value, reason_of(d, entry->value, why));
    }
    for (size_t i = 0; i < lb_value_count(live); i++) {
        const struct lb_entry *entry = lb_map_nth(live, i);
        const struct lb_schema *property = lb_schema_property(schema, entry->key);
        const struct lb_value *other = lb_map_get(desired, entry->key);
        if ((!other || other->type == LB_NULL) && !lb_diff_covers(schema, entry, desired))
            add_field(d, property ? property : schema, join(d, path, entry->key), entry->value,
                      NULL, "not in the spec");
    }
}

static void walk_keyed(struct differ *d, const struct lb_schema *schema, const char *path,
                       const struct lb_value *desired, const struct lb_value *live, const char *why)
{
    for (size_t i = 0; i < lb_value_count(desired); i++) {
        const struct lb_value *item = lb_list_item(desired, i);
        const struct lb_value *other = lb_diff_find(schema, live, item);
        const char *at = join(d, path, lb_diff_key(schema, item));
        if (lb_value_has_unknown(item))
            add_unknown(d, at);
        if (!other)
            add_field(d, schema, at, NULL, item, reason_of(d, item, why));
        else if (!lb_diff_equal(schema->items, item, other))
            walk_item(d, schema->items, at, item, other, reason_of(d, item, why));
    }
    for (size_t i = 0; i < lb_value_count(live); i++) {
        const struct lb_value *item = lb_list_item(live, i);
        const char *key = lb_diff_key(schema, item);
        /* what has a key that was there before is one too many, whosever it is */
        if (!lb_diff_find(schema, desired, item) || lb_diff_find(schema, live, item) != item)
            extra_member(d, schema, join(d, path, key), key, item);
    }
}

static bool is_foreign(const struct lb_schema *schema, const struct lb_value *desired,
                       const struct lb_value *item)
{
    return schema->keep_foreign && !lb_diff_find(schema, desired, item) &&
           !(schema->owned_prefix && lb_starts_with(lb_text(item, ""), schema->owned_prefix));
}

/* The set as it will be: what others put into it stays. */
static const struct lb_value *with_foreign(struct differ *d, const struct lb_schema *schema,
                                           const struct lb_value *desired,
                                           const struct lb_value *live)
{
    struct lb_value *after = lb_value_copy(d->arena, desired);
    for (size_t i = 0; i < lb_value_count(live); i++)
        if (is_foreign(schema, desired, lb_list_item(live, i)))
            lb_list_add(d->arena, after, lb_value_copy(d->arena, lb_list_item(live, i)));
    return after;
}

static void walk_set(struct differ *d, const struct lb_schema *schema, const char *path,
                     const struct lb_value *desired, const struct lb_value *live, const char *why)
{
    bool missing = false, surplus = false;
    for (size_t i = 0; i < lb_value_count(desired); i++)
        missing |= !lb_diff_find(schema, live, lb_list_item(desired, i));
    for (size_t i = 0; i < lb_value_count(live); i++) {
        const struct lb_value *item = lb_list_item(live, i);
        if (lb_diff_find(schema, desired, item))
            continue;
        if (is_foreign(schema, desired, item))
            add_foreign(d, join(d, path, lb_text(item, "")));
        else
            surplus = true;
    }
    if (lb_value_has_unknown(desired))
        add_unknown(d, path);
    if (missing || surplus)
        add_field(d, schema, path, live, with_foreign(d, schema, desired, live),
                  reason_of(d, desired, why));
}

static bool is_container(const struct lb_schema *schema, const struct lb_value *desired)
{
    if (schema->compare == LB_COMPARE_POLICY || schema->compare == LB_COMPARE_JSON)
        return false;
    if (desired->type == LB_MAP)
        return true;
    return desired->type == LB_LIST && schema->list != LB_LIST_ORDERED;
}

static void walk(struct differ *d, const struct lb_schema *schema, const char *path,
                 const struct lb_value *desired, const struct lb_value *live, const char *above)
{
    if (!schema || schema->input || schema->identity || schema->computed ||
        desired->type == LB_NULL)
        return;
    if (schema->write_only) {
        add_unknown(d, lb_arena_printf(d->arena, "%s (drift not visible here)", path));
        return;
    }
    if (lb_is(live, LB_NULL))
        live = NULL;
    if (!live && lb_diff_says_nothing(desired))
        return;
    const char *why = reason_of(d, desired, above);
    const struct lb_schema *shape = lb_schema_branch(schema, desired->type);
    if (shape && is_container(shape, desired) && (!live || live->type == desired->type)) {
        if (desired->type == LB_MAP)
            walk_map(d, shape, path, desired, live, why);
        else if (shape->list == LB_LIST_MAP)
            walk_keyed(d, shape, path, desired, live, why);
        else
            walk_set(d, shape, path, desired, live, why);
        return;
    }
    if (lb_value_has_unknown(desired))
        add_unknown(d, path);
    if (!live || !lb_diff_equal(schema, desired, live))
        add_field(d, schema, path, live, desired, why);
}

/* --- the object
 * --------------------------------------------------------------------------------------------- */

/* A new object is shown by its attributes, not by each leaf. */
static void list_attributes(struct differ *d, const struct lb_schema *schema,
                            const struct lb_value *desired)
{
    for (size_t i = 0; i < lb_value_count(desired); i++) {
        const struct lb_entry *entry = lb_map_nth(desired, i);
        const struct lb_schema *property = lb_schema_property(schema, entry->key);
        if (!property || property->input || property->computed ||
            lb_diff_says_nothing(entry->value))
            continue;
        if (lb_value_has_unknown(entry->value))
            add_unknown(d, entry->key);
        add_field(d, property, entry->key, NULL, entry->value, reason_of(d, entry->value, NULL));
    }
}

static void judge_update(struct differ *d)
{
    struct lb_change *change = d->change;
    for (size_t i = 0; i < change->field_count; i++) {
        const struct lb_schema *schema = change->fields[i].schema;
        if (schema && schema->force_new && change->fields[i].before) {
            change->action = LB_ACTION_REPLACE;
            change->reason = schema->force_new;
            change->risk = "data-loss";
            return;
        }
        if (schema && schema->disruptive)
            change->disruption = schema->disruptive;
    }
    change->action = change->field_count ? LB_ACTION_UPDATE : LB_ACTION_NONE;
    change->reason = change->field_count ? "live differs from the spec" : NULL;
}

static void normalize(struct lb_arena *arena, const struct lb_resource *resource,
                      struct lb_value *value)
{
    if (value && resource->provider->normalize)
        resource->provider->normalize(arena, resource, value);
}

void lb_diff_resource(struct lb_arena *arena, struct lb_stack *stack, struct lb_resource *resource,
                      struct lb_change *out)
{
    *out = (struct lb_change){.address = resource->address,
                              .kind = resource->kind->name,
                              .side = lb_side_name(resource->side),
                              .region = resource->kind->sides == LB_SIDES_GLOBAL ? "global"
                                                                                 : resource->region,
                              .risk = "none",
                              .mark = resource->mark,
                              .resource = resource};
    struct differ d = {arena, stack, out};
    struct lb_value *desired = lb_stack_resolve(stack, arena, resource->desired);
    struct lb_value *live = resource->live.value ? lb_value_share(arena, resource->live.value)
                                                 : NULL;
    normalize(arena, resource, desired);
    normalize(arena, resource, live);
    out->after = desired;
    if (resource->live.status == LB_LIVE_UNREADABLE)
        return;
    if (resource->live.status == LB_LIVE_ABSENT || resource->live.status == LB_LIVE_UNREAD) {
        out->action = resource->managed ? LB_ACTION_CREATE : LB_ACTION_READ;
        out->reason = resource->kind->sides == LB_SIDES_GLOBAL
                          ? "does not exist"
                          : lb_arena_printf(arena, "not found in %s", resource->region);
        list_attributes(&d, resource->kind->schema, desired);
        return;
    }
    out->before = live;
    walk(&d, resource->kind->schema, "", desired, live, NULL);
    judge_update(&d);
    if (!resource->managed && out->action != LB_ACTION_NONE) {
        out->action = LB_ACTION_READ;
        out->reason = "differs, but `managed: false`";
    } else if (resource->live.status == LB_LIVE_IN_FLUX && out->action == LB_ACTION_NONE) {
        out->action = LB_ACTION_READ;
        out->reason = resource->live.progress ? resource->live.progress : "still converging";
    }
}

bool lb_change_touches(const struct lb_change *change, const char *granule)
{
    for (size_t i = 0; i < change->field_count; i++)
        if (lb_streq(change->fields[i].granule, granule))
            return true;
    return false;
}
