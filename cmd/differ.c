/* differ.c: see differ.h. The difference is read off the plan documents, whose words are an
 * interface already; this one adds only which plan has what. Other than planner/compare.c, which
 * judges whether what runs is what was approved, it tells everything that a reader of the two would
 * see. */
#include "cmd/differ.h"

#include "base/json.h"

/* --- items that one plan has and the other has not ----------------------------------------------
 */

/* What makes two items the same: the values of these members. */
static const char *key_of(struct lb_arena *arena, const struct lb_value *item,
                          const char *const *members)
{
    struct lb_value *key = lb_value_list(arena);
    struct lb_str text = {0};
    for (; *members; members++)
        lb_list_add_string(arena, key, lb_text_at(item, *members, ""));
    lb_json_write(&text, key, 0);
    const char *copy = lb_arena_strdup(arena, lb_str_text(&text));
    lb_str_release(&text);
    return copy;
}

static struct lb_value *index_by(struct lb_arena *arena, const struct lb_value *list,
                                 const char *const *members)
{
    struct lb_value *index = lb_value_map(arena);
    for (size_t i = 0; i < lb_value_count(list); i++) {
        struct lb_value *item = lb_list_item(list, i);
        lb_map_set(arena, index, key_of(arena, item, members), lb_value_share(arena, item));
    }
    return index;
}

static void add_only(struct lb_arena *arena, struct lb_value *out, const char *side,
                     const struct lb_value *list, const struct lb_value *other,
                     const char *const *members, const char *const *shown)
{
    for (size_t i = 0; i < lb_value_count(list); i++) {
        const struct lb_value *item = lb_list_item(list, i);
        if (lb_map_get(other, key_of(arena, item, members)))
            continue;
        struct lb_value *only = lb_list_add(arena, out, lb_value_map(arena));
        lb_map_set_string(arena, only, "only_in", side);
        for (const char *const *name = shown; *name; name++)
            lb_map_set_string(arena, only, *name, lb_text_at(item, *name, NULL));
    }
}

/* --- objects that the two treat differently -----------------------------------------------------
 */

static struct lb_value *values_of(struct lb_arena *arena, const struct lb_value *field)
{
    if (!field)
        return lb_value_null(arena);
    struct lb_value *values = lb_value_map(arena);
    lb_map_set(arena, values, "before", lb_value_share(arena, lb_map_get(field, "before")));
    lb_map_set(arena, values, "after", lb_value_share(arena, lb_map_get(field, "after")));
    return values;
}

static void add_field(struct lb_arena *arena, struct lb_value *out, const char *path,
                      const struct lb_value *a, const struct lb_value *b)
{
    struct lb_value *in_a = values_of(arena, a), *in_b = values_of(arena, b);
    if (lb_value_equal(in_a, in_b))
        return;
    struct lb_value *field = lb_list_add(arena, out, lb_value_map(arena));
    lb_map_set_string(arena, field, "path", path);
    lb_map_set(arena, field, "a", in_a);
    lb_map_set(arena, field, "b", in_b);
}

static struct lb_value *differ_fields(struct lb_arena *arena, const struct lb_value *a,
                                      const struct lb_value *b)
{
    static const char *const by_path[] = {"path", NULL};
    struct lb_value *out = lb_value_list(arena);
    const struct lb_value *fields[] = {lb_map_get(a, "fields"), lb_map_get(b, "fields")};
    struct lb_value *in_a = index_by(arena, fields[0], by_path);
    struct lb_value *in_b = index_by(arena, fields[1], by_path);
    for (size_t i = 0; i < lb_value_count(fields[0]); i++) {
        const struct lb_value *field = lb_list_item(fields[0], i);
        add_field(arena, out, lb_text_at(field, "path", ""), field,
                  lb_map_get(in_b, key_of(arena, field, by_path)));
    }
    for (size_t i = 0; i < lb_value_count(fields[1]); i++) {
        const struct lb_value *field = lb_list_item(fields[1], i);
        if (!lb_map_get(in_a, key_of(arena, field, by_path)))
            add_field(arena, out, lb_text_at(field, "path", ""), NULL, field);
    }
    return out;
}

static void add_object(struct lb_arena *arena, struct lb_value *out, const struct lb_value *a,
                       const struct lb_value *b)
{
    const char *in_a = lb_text_at(a, "action", NULL), *in_b = lb_text_at(b, "action", NULL);
    struct lb_value *fields = differ_fields(arena, a, b);
    if (in_a && in_b && lb_streq(in_a, in_b) && !lb_value_count(fields))
        return;
    struct lb_value *object = lb_list_add(arena, out, lb_value_map(arena));
    lb_map_set_string(arena, object, "address", lb_text_at(a ? a : b, "address", ""));
    lb_map_set(arena, object, "a", lb_value_string(arena, in_a));
    lb_map_set(arena, object, "b", lb_value_string(arena, in_b));
    lb_map_set(arena, object, "fields", fields);
}

static struct lb_value *differ_objects(struct lb_arena *arena, const struct lb_value *a,
                                       const struct lb_value *b)
{
    static const char *const by_address[] = {"address", NULL};
    struct lb_value *out = lb_value_list(arena);
    const struct lb_value *in_a = index_by(arena, a, by_address);
    const struct lb_value *in_b = index_by(arena, b, by_address);
    for (size_t i = 0; i < lb_value_count(a); i++) {
        const struct lb_value *item = lb_list_item(a, i);
        add_object(arena, out, item, lb_map_get(in_b, key_of(arena, item, by_address)));
    }
    for (size_t i = 0; i < lb_value_count(b); i++) {
        const struct lb_value *item = lb_list_item(b, i);
        if (!lb_map_get(in_a, key_of(arena, item, by_address)))
            add_object(arena, out, NULL, item);
    }
    return out;
}

/* --- the two as a whole
 * -------------------------------------------------------------------------------------- */

static void take_head(struct lb_arena *arena, struct lb_value *out, const char *side,
                      const struct lb_value *plan)
{
    static const char *const heads[] = {"id",           "made_at",   "complete", "stack",
                                        "account",      "partition", "regions",  "active",
                                        "assumed_down", "spec"};
    struct lb_value *head = lb_map_map(arena, out, side);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (lb_map_get(plan, heads[i]))
            lb_map_set(arena, head, heads[i], lb_value_share(arena, lb_map_get(plan, heads[i])));
}

static void differ_lists(struct lb_arena *arena, struct lb_value *out, const struct lb_value *a,
                         const struct lb_value *b)
{
    static const struct {
        const char *name, *key[5], *shown[7];
    } lists[] = {
        {"steps", {"address", "granule", "call", "digest"}, {"address", "call", "title"}},
        {"findings",
         {"severity", "code", "address", "detail"},
         {"severity", "code", "address", "summary", "detail", "remedy"}},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const struct lb_value *in_a = lb_map_get(a, lists[i].name);
        const struct lb_value *in_b = lb_map_get(b, lists[i].name);
        struct lb_value *list = lb_map_list(arena, out, lists[i].name);
        add_only(arena, list, "a", in_a, index_by(arena, in_b, lists[i].key), lists[i].key,
                 lists[i].shown);
        add_only(arena, list, "b", in_b, index_by(arena, in_a, lists[i].key), lists[i].key,
                 lists[i].shown);
    }
}

struct lb_value *lb_differ(struct lb_arena *arena, const struct lb_plan *a, const struct lb_plan *b)
{
    const struct lb_value *in_a = lb_plan_to_value(arena, a), *in_b = lb_plan_to_value(arena, b);
    struct lb_value *out = lb_value_map(arena);
    struct lb_str unsaid = {0};
    bool differ = lb_plan_compare_head(arena, a, b, &unsaid) != 0 || a->complete != b->complete ||
                  !lb_streq(a->id, b->id);
    lb_str_release(&unsaid);
    take_head(arena, out, "a", in_a);
    take_head(arena, out, "b", in_b);
    lb_map_set(arena, out, "objects",
               differ_objects(arena, lb_map_get(in_a, "changes"), lb_map_get(in_b, "changes")));
    differ_lists(arena, out, in_a, in_b);
    differ = differ || lb_value_count(lb_map_get(out, "objects")) ||
             lb_value_count(lb_map_get(out, "steps")) ||
             lb_value_count(lb_map_get(out, "findings"));
    lb_map_set_bool(arena, out, "differ", differ);
    return out;
}

bool lb_differs(const struct lb_value *difference)
{
    return lb_bool(lb_map_get(difference, "differ"), false);
}
