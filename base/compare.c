/* compare.c: equality and order of value trees.
 *
 * Both are typed and deep. Maps are sets of entries: equality looks each key up, order walks the
 * sorted keys. Numbers compare by value (1.0 is 1), which the canonical JSON follows, so equal
 * values have equal digests.
 */
#include "base/diag.h"
#include "base/number.h"
#include "base/value.h"

#include <stdlib.h>
#include <string.h>

static int size_order(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int text_compare(const struct lb_value *a, const struct lb_value *b)
{
    if (a->type == LB_NUMBER)
        return lb_number_compare(a->as.text.bytes, b->as.text.bytes);
    size_t shorter = a->as.text.length < b->as.text.length ? a->as.text.length : b->as.text.length;
    int order = memcmp(a->as.text.bytes, b->as.text.bytes, shorter);
    return order ? order : size_order(a->as.text.length, b->as.text.length);
}

static bool map_equal(const struct lb_value *a, const struct lb_value *b)
{
    if (a->as.map.count != b->as.map.count)
        return false;
    for (size_t i = 0; i < a->as.map.count; i++) {
        const struct lb_entry *mine = &a->as.map.entries[i];
        const struct lb_entry *other = lb_map_entry(b, mine->key);
        if (!other || !lb_value_equal(mine->value, other->value))
            return false;
    }
    return true;
}

bool lb_value_equal(const struct lb_value *a, const struct lb_value *b)
{
    if (!a || !b || a == b)
        return a == b;
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case LB_NULL:
        return true;
    case LB_BOOL:
        return a->as.boolean == b->as.boolean;
    case LB_NUMBER:
    case LB_STRING:
    case LB_UNKNOWN:
        return text_compare(a, b) == 0;
    case LB_LIST:
        if (a->as.list.count != b->as.list.count)
            return false;
        for (size_t i = 0; i < a->as.list.count; i++)
            if (!lb_value_equal(a->as.list.items[i], b->as.list.items[i]))
                return false;
        return true;
    case LB_MAP:
        return map_equal(a, b);
    }
    return false;
}

static int key_order(const void *a, const void *b)
{
    const struct lb_entry *x = *(const struct lb_entry *const *)a;
    const struct lb_entry *y = *(const struct lb_entry *const *)b;
    return strcmp(x->key, y->key);
}

const struct lb_entry **lb_map_sorted(struct lb_arena *arena, const struct lb_value *map)
{
    size_t count = lb_is(map, LB_MAP) ? map->as.map.count : 0;
    const struct lb_entry **sorted = lb_arena_array(arena, count, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &map->as.map.entries[i];
    if (count)
        qsort(sorted, count, sizeof *sorted, key_order);
    return sorted;
}

static int value_compare(struct lb_arena *arena, const struct lb_value *a,
                         const struct lb_value *b);

/* The shorter first, then by the sorted entries. */
static int map_compare(struct lb_arena *arena, const struct lb_value *a, const struct lb_value *b)
{
    int order = size_order(a->as.map.count, b->as.map.count);
    if (order)
        return order;
    const struct lb_entry **x = lb_map_sorted(arena, a), **y = lb_map_sorted(arena, b);
    for (size_t i = 0; !order && i < a->as.map.count; i++) {
        order = strcmp(x[i]->key, y[i]->key);
        if (!order)
            order = value_compare(arena, x[i]->value, y[i]->value);
    }
    return order;
}

static int list_compare(struct lb_arena *arena, const struct lb_value *a, const struct lb_value *b)
{
    for (size_t i = 0; i < a->as.list.count && i < b->as.list.count; i++) {
        int order = value_compare(arena, a->as.list.items[i], b->as.list.items[i]);
        if (order)
            return order;
    }
    return size_order(a->as.list.count, b->as.list.count);
}

static int value_compare(struct lb_arena *arena, const struct lb_value *a, const struct lb_value *b)
{
    if (!a || !b || a == b)
        return (a != NULL) - (b != NULL);
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    switch (a->type) {
    case LB_NULL:
        return 0;
    case LB_BOOL:
        return a->as.boolean - b->as.boolean;
    case LB_NUMBER:
    case LB_STRING:
    case LB_UNKNOWN:
        return text_compare(a, b);
    case LB_LIST:
        return list_compare(arena, a, b);
    case LB_MAP:
        return map_compare(arena, a, b);
    }
    return 0;
}

static bool is_container(const struct lb_value *value)
{
    return value && (value->type == LB_LIST || value->type == LB_MAP);
}

int lb_value_compare(const struct lb_value *a, const struct lb_value *b)
{
    if (!is_container(a) || !is_container(b))
        return value_compare(NULL, a, b);
    struct lb_arena *scratch = lb_arena_new();
    int order = value_compare(scratch, a, b);
    lb_arena_free(scratch);
    return order;
}

static int item_order(const void *a, const void *b)
{
    return lb_value_compare(*(struct lb_value *const *)a, *(struct lb_value *const *)b);
}

void lb_list_sort(struct lb_value *list)
{
    if (lb_is(list, LB_LIST) && list->as.list.count)
        qsort(list->as.list.items, list->as.list.count, sizeof *list->as.list.items, item_order);
}

bool lb_value_has_unknown(const struct lb_value *value)
{
    if (lb_is(value, LB_UNKNOWN))
        return true;
    for (size_t i = 0; i < lb_value_count(value); i++) {
        const struct lb_value *inner = lb_is(value, LB_LIST) ? value->as.list.items[i]
                                                             : value->as.map.entries[i].value;
        if (lb_value_has_unknown(inner))
            return true;
    }
    return false;
}
