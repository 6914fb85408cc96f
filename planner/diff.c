/* diff.c: desired against live, led by the schema alone: no kind is known here.
 *
 * Three rules keep plans honest. Only what is declared is compared, so a server default is never a
 * change. A shared document keeps what is not ours: it is listed, not touched. And an attribute
 * that cannot be read back says so instead of pretending to be equal.
 */
#include "planner/diff.h"

#include "planner/policy_doc.h"

#include "base/json.h"
#include "base/time.h"

#include <ctype.h>
#include <string.h>

struct differ {
    struct lb_arena *arena;
    struct lb_stack *stack;
    struct lb_change *change;
};

/* --- equality
 * ---------------------------------------------------------------------------------------- */

static bool equal_dns(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    la -= la && a[la - 1] == '.';
    lb -= lb && b[lb - 1] == '.';
    if (la != lb)
        return false;
    for (size_t i = 0; i < la; i++)
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[i]))
            return false;
    return true;
}

static bool equal_nocase(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
    return *a == *b;
}

static bool equal_text(enum lb_compare compare, const char *a, const char *b)
{
    int64_t x, y;
    switch (compare) {
    case LB_COMPARE_NOCASE:
        return equal_nocase(a, b);
    case LB_COMPARE_DNS:
        return equal_dns(a, b);
    case LB_COMPARE_DURATION:
        return lb_duration_parse(a, &x) == 0 && lb_duration_parse(b, &y) == 0 ? x == y
                                                                              : lb_streq(a, b);
    case LB_COMPARE_SIZE:
        return lb_size_parse(a, &x) == 0 && lb_size_parse(b, &y) == 0 ? x == y : lb_streq(a, b);
    default:
        return lb_streq(a, b);
    }
}

static bool equal_scalar(const struct lb_schema *schema, const struct lb_value *a,
                         const struct lb_value *b)
{
    enum lb_compare compare = schema ? schema->compare : LB_COMPARE_EXACT;
    const char *x = lb_text(a, NULL), *y = lb_text(b, NULL);
    if (a->type == LB_UNKNOWN || b->type == LB_UNKNOWN)
        return lb_value_equal(a, b);
    if (compare == LB_COMPARE_TEXT || (x && y && compare != LB_COMPARE_EXACT))
        return x && y && equal_text(compare, x, y);
    /* 5 and "5" differ in JSON only: a service's quoting is no change */
    if (x && y && a->type != LB_BOOL && b->type != LB_BOOL)
        return lb_streq(x, y);
    return lb_value_equal(a, b);
}

static const struct lb_value *find_equal(const struct lb_schema *schema,
                                         const struct lb_value *list, const struct lb_value *item)
{
    for (size_t i = 0; i < lb_value_count(list); i++)
        if (lb_diff_equal(schema, lb_list_item(list, i), item))
            return lb_list_item(list, i);
    return NULL;
}

static const struct lb_value *find_key(const struct lb_schema *schema, const struct lb_value *list,
                                       const char *key)
{
    for (size_t i = 0; i < lb_value_count(list); i++)
        if (lb_streq(lb_text_at(lb_list_item(list, i), schema->list_key, ""), key))
            return lb_list_item(list, i);
    return NULL;
}

static bool equal_list(const struct lb_schema *schema, const struct lb_value *a,
                       const struct lb_value *b)
{
    const struct lb_schema *items = schema ? schema->items : NULL;
    if (lb_value_count(a) != lb_value_count(b))
        return false;
    for (size_t i = 0; i < lb_value_count(a); i++) {
        const struct lb_value *item = lb_list_item(a, i);
        const struct lb_value *other = lb_list_item(b, i);
        if (schema && schema->list == LB_LIST_SET)
            other = find_equal(items, b, item);
        else if (schema && schema->list == LB_LIST_MAP)
            other = find_key(schema, b, lb_text_at(item, schema->list_key, ""));
        if (!other || !lb_diff_equal(items, item, other))
            return false;
    }
    return true;
}

static bool covers_map(const struct lb_schema *schema, const struct lb_value *a,
                       const struct lb_value *b)
{
    for (size_t i = 0; i < lb_value_count(a); i++) {
        const struct lb_entry *entry = lb_map_nth(a, i);
        const struct lb_schema *property = schema ? lb_schema_property(schema, entry->key) : NULL;
        const struct lb_value *other = lb_map_get(b, entry->key);
        if (entry->value->type == LB_NULL || (property && (property->computed || property->input)))
            continue;
        if (!other || !lb_diff_equal(property, entry->value, other))
            return false;
    }
    return true;
}

bool lb_diff_equal(const struct lb_schema *schema, const struct lb_value *a,
                   const struct lb_value *b)
{
    if (!a || !b)
        return a == b;
    if (schema && schema->compare == LB_COMPARE_POLICY)
        return lb_policy_equal(a, b);
    if (a->type == LB_LIST && b->type == LB_LIST)
        return equal_list(schema, a, b);
    if (a->type == LB_MAP && b->type == LB_MAP)
        return covers_map(schema, a, b) && covers_map(schema, b, a);
    if (a->type >= LB_LIST || b->type >= LB_LIST)
        return lb_value_equal(a, b);
    return equal_scalar(schema, a, b);
}

/* --- walking
 * --------------------------------------------------------------------------------------------- */

static const char *reason_of(struct differ *d, const struct lb_value *desired, const char *above)
{
    if (!desired)
        return above;
    if (desired->why)
        return desired->why;
    if (desired->mark.line)
        return lb_arena_printf(d->arena, "stated at line %u", (unsigned)desired->mark.line);
    return above ? above : "part of its definition";
}

static void add_field(struct differ *d, const struct lb_schema *schema, const char *path,
                      const struct lb_value *before, const struct lb_value *after,
                      const char *reason)
{
    struct lb_change *change = d->change;
    change->fields = lb_arena_grow(d->arena, change->fields, change->field_count,
                                   change->field_count + 1, sizeof *change->fields,
                                   &change->field_capacity);
    change->fields[change->field_count++] = (struct lb_field){.path = path,
                                                              .before = before,
                                                              .after = after,
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

static void walk_map(struct differ *d, const struct lb_schema *schema, const char *path,
                     const struct lb_value *desired, const struct lb_value *live, const char *why)
{
    for (size_t i = 0; i < lb_value_count(desired); i++) {
        const struct lb_entry *entry = lb_map_nth(desired, i);
        const struct lb_schema *property = lb_schema_property(schema, entry->key);
        walk(d, property, join(d, path, entry->key), entry->value, lb_map_get(live, entry->key),
             why);
    }
    if (!schema->additional && !schema->additional_any)
        return;
    for (size_t i = 0; i < lb_value_count(live); i++) {
        const struct lb_entry *entry = lb_map_nth(live, i);
        if (!lb_map_get(desired, entry->key))
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
        const struct lb_value *other = lb_map_get(live, entry->key);
        if (entry->value->type != LB_NULL && !lb_diff_equal(property, entry->value, other))
            add_field(d, property ? property : schema, join(d, path, entry->key), other,
                      entry->value, reason_of(d, entry->value, why));
    }
    for (size_t i = 0; i < lb_value_count(live); i++) {
        const struct lb_entry *entry = lb_map_nth(live, i);
        const struct lb_schema *property = lb_schema_property(schema, entry->key);
        const struct lb_value *other = lb_map_get(desired, entry->key);
        if (!other && !(property && (property->computed || property->input)))
            add_field(d, property ? property : schema, join(d, path, entry->key), entry->value,
                      NULL, "not in the spec");
    }
}

static void walk_keyed(struct differ *d, const struct lb_schema *schema, const char *path,
                       const struct lb_value *desired, const struct lb_value *live, const char *why)
{
    for (size_t i = 0; i < lb_value_count(desired); i++) {
        const struct lb_value *item = lb_list_item(desired, i);
        const char *key = lb_text_at(item, schema->list_key, "");
        const struct lb_value *other = find_key(schema, live, key);
        const char *at = join(d, path, key);
        if (!other)
            add_field(d, schema, at, NULL, item, reason_of(d, item, why));
        else if (!lb_diff_equal(schema->items, item, other))
            walk_item(d, schema->items, at, item, other, reason_of(d, item, why));
    }
    for (size_t i = 0; i < lb_value_count(live); i++) {
        const struct lb_value *item = lb_list_item(live, i);
        const char *key = lb_text_at(item, schema->list_key, "");
        if (!find_key(schema, desired, key))
            extra_member(d, schema, join(d, path, key), key, item);
    }
}

static void walk_set(struct differ *d, const struct lb_schema *schema, const char *path,
                     const struct lb_value *desired, const struct lb_value *live, const char *why)
{
    bool missing = false, surplus = false;
    for (size_t i = 0; i < lb_value_count(desired); i++)
        missing |= !find_equal(schema->items, live, lb_list_item(desired, i));
    for (size_t i = 0; i < lb_value_count(live); i++) {
        const struct lb_value *item = lb_list_item(live, i);
        if (find_equal(schema->items, desired, item))
            continue;
        const char *text = lb_text(item, "");
        if (schema->keep_foreign &&
            !(schema->owned_prefix && lb_starts_with(text, schema->owned_prefix)))
            add_foreign(d, join(d, path, text));
        else
            surplus = true;
    }
    if (missing || surplus)
        add_field(d, schema, path, live, desired, reason_of(d, desired, why));
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
    const char *why = reason_of(d, desired, above);
    if (schema->write_only) {
        if (d->change->action != LB_ACTION_CREATE) {
            add_unknown(d, lb_arena_printf(d->arena, "%s (drift not visible here)", path));
            return;
        }
    }
    if (lb_value_has_unknown(desired))
        add_unknown(d, path);
    if (is_container(schema, desired) && (!live || live->type == desired->type)) {
        if (desired->type == LB_MAP)
            walk_map(d, schema, path, desired, live, why);
        else if (schema->list == LB_LIST_MAP)
            walk_keyed(d, schema, path, desired, live, why);
        else
            walk_set(d, schema, path, desired, live, why);
    } else if (!live || !lb_diff_equal(schema, desired, live)) {
        add_field(d, schema, path, live, desired, why);
    }
}

/* --- the object
 * --------------------------------------------------------------------------------------------- */

/* A new object has nothing to clear: empty lists and maps ask for nothing. */
static bool says_nothing(const struct lb_value *value)
{
    if (value->type == LB_MAP) {
        for (size_t i = 0; i < lb_value_count(value); i++)
            if (!says_nothing(lb_map_nth(value, i)->value))
                return false;
        return true;
    }
    return value->type == LB_NULL || (value->type == LB_LIST && !lb_value_count(value));
}

/* A new object is shown by its attributes, not by each leaf. */
static void list_attributes(struct differ *d, const struct lb_schema *schema,
                            const struct lb_value *desired)
{
    for (size_t i = 0; i < lb_value_count(desired); i++) {
        const struct lb_entry *entry = lb_map_nth(desired, i);
        const struct lb_schema *property = lb_schema_property(schema, entry->key);
        if (!property || property->input || property->computed || says_nothing(entry->value))
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
    struct lb_value *live = resource->live.value ? lb_value_copy(arena, resource->live.value)
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
