/* tags.c: AWS's tag lists as maps, and back.
 *
 * Ownership is by tag (there is no state file): `lifeboat:stack` names the stack that made an
 * object. Foreign tags stay: every write that replaces the whole list starts from the live one.
 */
#include "providers/tags.h"

#include "base/xml.h"

struct lb_value *lb_tags_to_map(struct lb_arena *arena, const struct lb_value *list)
{
    struct lb_value *map = lb_value_map(arena);
    for (size_t i = 0; i < lb_xml_count(list); i++) {
        const struct lb_value *tag = lb_xml_item(list, i);
        const char *key = lb_text(lb_map_get(tag, "Key"), NULL);
        if (key) {
            lb_map_set_string(arena, map, key, lb_text(lb_map_get(tag, "Value"), ""));
        }
    }
    return map;
}

const char *lb_tags_get(const struct lb_value *list, const char *key)
{
    for (size_t i = 0; i < lb_xml_count(list); i++) {
        const struct lb_value *tag = lb_xml_item(list, i);
        if (lb_streq(lb_text(lb_map_get(tag, "Key"), NULL), key))
            return lb_text(lb_map_get(tag, "Value"), "");
    }
    return NULL;
}

struct lb_value *lb_tags_to_list(struct lb_arena *arena, const struct lb_value *map)
{
    struct lb_value *list = lb_value_list(arena);
    for (size_t i = 0; i < lb_value_count(map); i++) {
        const struct lb_entry *entry = lb_map_nth(map, i);
        struct lb_value *tag = lb_list_add(arena, list, lb_value_map(arena));
        lb_map_set_string(arena, tag, "Key", entry->key);
        lb_map_set_string(arena, tag, "Value", lb_text(entry->value, ""));
    }
    return list;
}

struct lb_value *lb_tags_changed(struct lb_arena *arena, const struct lb_value *desired,
                                 const struct lb_value *live)
{
    struct lb_value *changed = lb_value_map(arena);
    for (size_t i = 0; i < lb_value_count(desired); i++) {
        const struct lb_entry *entry = lb_map_nth(desired, i);
        const char *text = lb_text(entry->value, "");
        if (!lb_streq(lb_text(lb_map_get(live, entry->key), NULL), text)) {
            lb_map_set_string(arena, changed, entry->key, text);
        }
    }
    return changed;
}

struct lb_value *lb_tags_dropped(struct lb_arena *arena, const struct lb_value *desired,
                                 const struct lb_value *live)
{
    struct lb_value *dropped = lb_value_list(arena);
    for (size_t i = 0; i < lb_value_count(live); i++) {
        const char *key = lb_map_nth(live, i)->key;
        if (lb_starts_with(key, "lifeboat:") && !lb_map_get(desired, key)) {
            lb_list_add_string(arena, dropped, key);
        }
    }
    return dropped;
}

static void keep(struct lb_read *read, struct lb_value *tags)
{
    lb_map_set(read->arena, lb_read_value(read), "tags", tags);
    read->live->owner = lb_text(lb_map_get(tags, LB_TAG_STACK), NULL);
}

void lb_tags_read(struct lb_read *read, const struct lb_value *list)
{
    keep(read, lb_tags_to_map(read->arena, list));
}

void lb_tags_ask(struct lb_read *read, const char *region, const char *arn, lb_tags_fn *decode)
{
    if (read->ask_tags)
        read->ask_tags(read, region, arn, decode);
    else
        decode(read, NULL);
}

bool lb_tags_take(struct lb_read *read, const struct lb_value *listed)
{
    const struct lb_value *desired = lb_map_get(read->resource->desired, "tags");
    struct lb_value *live = listed ? lb_tags_to_map(read->arena, listed) : NULL;
    if (!live || lb_value_count(lb_tags_changed(read->arena, desired, live)) ||
        lb_value_count(lb_tags_dropped(read->arena, desired, live)))
        return false;
    keep(read, live);
    return true;
}

int lb_tags_marked(const struct lb_stack *stack, const char *region, const char *arn)
{
    const struct lb_value *listed = lb_map_get(stack->marked, region);
    if (!listed)
        return -1;
    return lb_streq(lb_tags_get(lb_map_get(listed, arn), LB_TAG_STACK), stack->name);
}
