/* value.c: making, filling and reading the value tree. Comparing lives in compare.c.
 *
 * A map is an array of entries in the order of insertion. With room for INDEX_FROM entries and more
 * the array is followed by a hash index (open addressing, positions into the array): one piece of
 * memory, so that the small maps, nearly all, pay nothing for it. Readers take NULL and wrong
 * types, so that a caller can walk an answer without checking each step.
 */
#include "base/value.h"
#include "base/bug.h"
#include "base/number.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_FROM 12 /* entries: below, comparing keys one by one is as fast */

struct index {
    size_t mask;      /* slots - 1; slots are a power of two */
    uint32_t slots[]; /* position + 1; 0 is free */
};

const struct lb_mark lb_no_mark = {0};

/* --- making --------------------------------------------------------------------------------- */

static struct lb_value *value_new(struct lb_arena *arena, enum lb_type type)
{
    struct lb_value *value = lb_arena_alloc(arena, sizeof *value);
    value->type = type;
    value->mark = &lb_no_mark;
    return value;
}

const struct lb_mark *lb_mark_copy(struct lb_arena *arena, const struct lb_mark *mark)
{
    if (!mark->line)
        return &lb_no_mark;
    struct lb_mark *copy = lb_arena_alloc(arena, sizeof *copy);
    *copy = *mark;
    return copy;
}

static struct lb_value *text_new(struct lb_arena *arena, enum lb_type type, const char *text,
                                 size_t length)
{
    struct lb_value *value = value_new(arena, type);
    value->as.text.bytes = lb_arena_strndup(arena, text, length);
    value->as.text.length = length;
    return value;
}

struct lb_value *lb_value_null(struct lb_arena *arena)
{
    return value_new(arena, LB_NULL);
}

struct lb_value *lb_value_bool(struct lb_arena *arena, bool boolean)
{
    struct lb_value *value = value_new(arena, LB_BOOL);
    value->as.boolean = boolean;
    return value;
}

struct lb_value *lb_value_int(struct lb_arena *arena, int64_t number)
{
    char text[24];
    int length = snprintf(text, sizeof text, "%" PRId64, number);
    return text_new(arena, LB_NUMBER, text, (size_t)length);
}

struct lb_value *lb_value_number(struct lb_arena *arena, const char *text)
{
    return text_new(arena, LB_NUMBER, text, strlen(text));
}

struct lb_value *lb_value_string(struct lb_arena *arena, const char *text)
{
    return text ? lb_value_stringn(arena, text, strlen(text)) : lb_value_null(arena);
}

struct lb_value *lb_value_stringn(struct lb_arena *arena, const char *text, size_t length)
{
    return text_new(arena, LB_STRING, text, length);
}

struct lb_value *lb_value_format(struct lb_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct lb_value *value = value_new(arena, LB_STRING);
    value->as.text.bytes = lb_arena_vprintf(arena, format, args);
    value->as.text.length = strlen(value->as.text.bytes);
    va_end(args);
    return value;
}

struct lb_value *lb_value_unknown(struct lb_arena *arena, const char *reference)
{
    return text_new(arena, LB_UNKNOWN, reference, strlen(reference));
}

struct lb_value *lb_value_list(struct lb_arena *arena)
{
    return value_new(arena, LB_LIST);
}

struct lb_value *lb_value_map(struct lb_arena *arena)
{
    return value_new(arena, LB_MAP);
}

/* --- the index of a map ----------------------------------------------------------------------- */

/* At least two slots an entry, so that searches end soon. */
static size_t slots_for(size_t capacity)
{
    size_t slots = 32; /* a power of two, and at least 2 * INDEX_FROM */
    while (slots < capacity * 2)
        slots *= 2;
    return slots;
}

static struct index *index_of(const struct lb_value *map)
{
    return map->as.map.capacity < INDEX_FROM
               ? NULL
               : (struct index *)(void *)(map->as.map.entries + map->as.map.capacity);
}

/* FNV-1a. The seed is the index's address: keys come from servers and specs, and a set made to
 * collide in one process does not collide in the next. */
static size_t key_hash(const struct index *index, const char *key)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)(uintptr_t)index;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * UINT64_C(1099511628211);
    return (size_t)(hash ^ hash >> 32) & index->mask;
}

static void index_add(struct index *index, const struct lb_value *map, size_t i)
{
    size_t slot = key_hash(index, map->as.map.entries[i].key);
    while (index->slots[slot])
        slot = (slot + 1) & index->mask;
    index->slots[slot] = (uint32_t)i + 1;
}

static void index_fill(struct lb_value *map)
{
    struct index *index = index_of(map);
    if (!index)
        return;
    memset(index->slots, 0, (index->mask + 1) * sizeof *index->slots);
    for (size_t i = 0; i < map->as.map.count; i++)
        index_add(index, map, i);
}

static struct lb_entry *entry_find(const struct lb_value *map, const char *key)
{
    if (!lb_is(map, LB_MAP) || !key)
        return NULL;
    const struct index *index = index_of(map);
    if (!index) {
        for (size_t i = 0; i < map->as.map.count; i++) {
            const char *at = map->as.map.entries[i].key; /* most differ at once */
            if (*at == *key && strcmp(at, key) == 0)
                return &map->as.map.entries[i];
        }
        return NULL;
    }
    for (size_t slot = key_hash(index, key); index->slots[slot]; slot = (slot + 1) & index->mask) {
        struct lb_entry *entry = &map->as.map.entries[index->slots[slot] - 1];
        if (strcmp(entry->key, key) == 0)
            return entry;
    }
    return NULL;
}

/* --- room ------------------------------------------------------------------------------------- */

/* The first reservation is exact, later ones grow by half: most maps and lists of an answer hold
 * few. An array that grew is given back to the arena. */
static uint32_t room_for(uint32_t capacity, size_t count)
{
    if (count > UINT32_MAX / 8)
        lb_out_of_memory();
    size_t room = capacity < 4 ? capacity + (size_t)2 : (size_t)capacity + capacity / 2;
    return (uint32_t)(count > room || (!capacity && count > 1) ? count : room);
}

static void reserve_entries(struct lb_arena *arena, struct lb_value *map, size_t count)
{
    struct lb_entry *before = map->as.map.entries;
    size_t had = map->as.map.capacity;
    size_t room = map->as.map.capacity = room_for(map->as.map.capacity, count);
    size_t size = room * sizeof *before, slots = room < INDEX_FROM ? 0 : slots_for(room);
    if (slots)
        size += sizeof(struct index) + slots * sizeof(uint32_t);
    map->as.map.entries = lb_arena_alloc(arena, size);
    if (before) {
        memcpy(map->as.map.entries, before, map->as.map.count * sizeof *before);
        lb_arena_give_back(arena, before, had * sizeof *before);
    }
    if (slots)
        index_of(map)->mask = slots - 1;
    index_fill(map);
}

static void reserve_items(struct lb_arena *arena, struct lb_value *list, size_t count)
{
    struct lb_value **before = list->as.list.items;
    size_t had = list->as.list.capacity;
    size_t room = list->as.list.capacity = room_for(list->as.list.capacity, count);
    list->as.list.items = lb_arena_array(arena, room, sizeof *before);
    if (before) {
        memcpy(list->as.list.items, before, list->as.list.count * sizeof *before);
        lb_arena_give_back(arena, before, had * sizeof *before);
    }
}

void lb_value_reserve(struct lb_arena *arena, struct lb_value *value, size_t count)
{
    if (lb_is(value, LB_MAP) && count > value->as.map.capacity)
        reserve_entries(arena, value, count);
    else if (lb_is(value, LB_LIST) && count > value->as.list.capacity)
        reserve_items(arena, value, count);
}

/* --- copying ---------------------------------------------------------------------------------- */

static struct lb_value *copy_tree(struct lb_arena *arena, const struct lb_value *value,
                                  bool shared);

/* `shared`: the copy does not outlive the value, so what nobody changes is used by both. */
static struct lb_value *copy_node(struct lb_arena *arena, const struct lb_value *value, bool shared)
{
    struct lb_value *copy = value_new(arena, value->type);
    copy->secret = value->secret;
    copy->mark = shared ? value->mark : lb_mark_copy(arena, value->mark);
    copy->why = shared || !value->why ? value->why : lb_arena_key(arena, value->why);
    return copy;
}

static void copy_entries(struct lb_arena *arena, const struct lb_value *map, bool shared,
                         struct lb_value *copy)
{
    size_t count = map->as.map.count;
    lb_value_reserve(arena, copy, count);
    for (size_t i = 0; i < count; i++) {
        const struct lb_entry *entry = &map->as.map.entries[i];
        copy->as.map.entries[i] = (struct lb_entry){
            shared ? entry->key : lb_arena_key(arena, entry->key),
            shared ? entry->key_mark : lb_mark_copy(arena, entry->key_mark),
            copy_tree(arena, entry->value, shared)};
    }
    copy->as.map.count = (uint32_t)count;
    index_fill(copy);
}

static struct lb_value *copy_tree(struct lb_arena *arena, const struct lb_value *value, bool shared)
{
    struct lb_value *copy = copy_node(arena, value, shared);
    switch (value->type) {
    case LB_NULL:
        break;
    case LB_BOOL:
        copy->as.boolean = value->as.boolean;
        break;
    case LB_NUMBER:
    case LB_STRING:
    case LB_UNKNOWN:
        copy->as.text = value->as.text;
        if (!shared)
            copy->as.text.bytes = lb_arena_strndup(arena, value->as.text.bytes,
                                                   value->as.text.length);
        break;
    case LB_LIST:
        lb_value_reserve(arena, copy, value->as.list.count);
        for (size_t i = 0; i < value->as.list.count; i++)
            lb_list_add(arena, copy, copy_tree(arena, value->as.list.items[i], shared));
        break;
    case LB_MAP:
        copy_entries(arena, value, shared, copy);
        break;
    }
    return copy;
}

struct lb_value *lb_value_copy(struct lb_arena *arena, const struct lb_value *value)
{
    return value ? copy_tree(arena, value, false) : NULL;
}

struct lb_value *lb_value_share(struct lb_arena *arena, const struct lb_value *value)
{
    return value ? copy_tree(arena, value, true) : NULL;
}

/* --- filling --------------------------------------------------------------------------------- */

struct lb_value *lb_map_set(struct lb_arena *arena, struct lb_value *map, const char *key,
                            struct lb_value *value)
{
    if (!lb_is(map, LB_MAP) || !key)
        LB_BUG("lb_map_set needs a map and a key");
    if (!value)
        value = lb_value_null(arena);
    struct lb_entry *entry = entry_find(map, key);
    if (entry) {
        entry->value = value;
        return value;
    }
    size_t count = map->as.map.count;
    lb_value_reserve(arena, map, count + 1);
    map->as.map.entries[count] = (struct lb_entry){lb_arena_key(arena, key), &lb_no_mark, value};
    map->as.map.count++;
    struct index *index = index_of(map);
    if (index)
        index_add(index, map, count);
    return value;
}

struct lb_value *lb_map_default(struct lb_arena *arena, struct lb_value *map, const char *key,
                                struct lb_value *value)
{
    struct lb_value *there = lb_map_get(map, key);
    return there ? there : lb_map_set(arena, map, key, value);
}

void lb_map_set_string(struct lb_arena *arena, struct lb_value *map, const char *key,
                       const char *text)
{
    if (text)
        lb_map_set(arena, map, key, lb_value_string(arena, text));
}

void lb_map_set_int(struct lb_arena *arena, struct lb_value *map, const char *key, int64_t number)
{
    lb_map_set(arena, map, key, lb_value_int(arena, number));
}

void lb_map_set_bool(struct lb_arena *arena, struct lb_value *map, const char *key, bool boolean)
{
    lb_map_set(arena, map, key, lb_value_bool(arena, boolean));
}

struct lb_value *lb_map_map(struct lb_arena *arena, struct lb_value *map, const char *key)
{
    struct lb_value *there = lb_map_get(map, key);
    return there ? there : lb_map_set(arena, map, key, lb_value_map(arena));
}

struct lb_value *lb_map_list(struct lb_arena *arena, struct lb_value *map, const char *key)
{
    struct lb_value *there = lb_map_get(map, key);
    return there ? there : lb_map_set(arena, map, key, lb_value_list(arena));
}

bool lb_map_remove(struct lb_value *map, const char *key)
{
    struct lb_entry *entry = entry_find(map, key);
    if (!entry)
        return false;
    size_t after = map->as.map.count - 1 - (size_t)(entry - map->as.map.entries);
    memmove(entry, entry + 1, after * sizeof *entry);
    map->as.map.count--;
    index_fill(map);
    return true;
}

static int entry_order(const void *a, const void *b)
{
    return strcmp(((const struct lb_entry *)a)->key, ((const struct lb_entry *)b)->key);
}

void lb_map_sort(struct lb_value *map)
{
    if (!lb_is(map, LB_MAP) || !map->as.map.count)
        return;
    qsort(map->as.map.entries, map->as.map.count, sizeof *map->as.map.entries, entry_order);
    index_fill(map);
}

struct lb_value *lb_list_add(struct lb_arena *arena, struct lb_value *list, struct lb_value *item)
{
    if (!lb_is(list, LB_LIST))
        LB_BUG("lb_list_add needs a list");
    if (!item)
        item = lb_value_null(arena);
    size_t count = list->as.list.count;
    lb_value_reserve(arena, list, count + 1);
    list->as.list.items[count] = item;
    list->as.list.count++;
    return item;
}

void lb_list_add_string(struct lb_arena *arena, struct lb_value *list, const char *text)
{
    lb_list_add(arena, list, lb_value_string(arena, text));
}

/* --- reading ---------------------------------------------------------------------------------- */

struct lb_value *lb_map_get(const struct lb_value *map, const char *key)
{
    const struct lb_entry *entry = entry_find(map, key);
    return entry ? entry->value : NULL;
}

const struct lb_entry *lb_map_entry(const struct lb_value *map, const char *key)
{
    return entry_find(map, key);
}

static struct lb_value *item_at(const struct lb_value *list, const char *step)
{
    char *end;
    if (*step < '0' || *step > '9')
        return NULL;
    errno = 0;
    unsigned long i = strtoul(step, &end, 10);
    return *end || errno ? NULL : lb_list_item(list, i);
}

struct lb_value *lb_value_at(const struct lb_value *value, const char *path)
{
    char key[512];
    const struct lb_value *at = value;
    while (at && *path) {
        size_t length = strcspn(path, "/");
        if (length >= sizeof key)
            return NULL;
        memcpy(key, path, length);
        key[length] = '\0';
        at = lb_is(at, LB_LIST) ? item_at(at, key) : lb_map_get(at, key);
        path += length + (path[length] == '/');
    }
    return (struct lb_value *)at;
}

size_t lb_value_count(const struct lb_value *value)
{
    if (lb_is(value, LB_LIST))
        return value->as.list.count;
    return lb_is(value, LB_MAP) ? value->as.map.count : 0;
}

struct lb_value *lb_list_item(const struct lb_value *list, size_t i)
{
    return lb_is(list, LB_LIST) && i < list->as.list.count ? list->as.list.items[i] : NULL;
}

const struct lb_entry *lb_map_nth(const struct lb_value *map, size_t i)
{
    return lb_is(map, LB_MAP) && i < map->as.map.count ? &map->as.map.entries[i] : NULL;
}

bool lb_is(const struct lb_value *value, enum lb_type type)
{
    return value && value->type == type;
}

const char *lb_text(const struct lb_value *value, const char *otherwise)
{
    if (lb_is(value, LB_STRING) || lb_is(value, LB_NUMBER))
        return value->as.text.bytes;
    if (lb_is(value, LB_BOOL))
        return value->as.boolean ? "true" : "false";
    return otherwise;
}

const char *lb_text_at(const struct lb_value *value, const char *path, const char *otherwise)
{
    return lb_text(lb_value_at(value, path), otherwise);
}

int64_t lb_int(const struct lb_value *value, int64_t otherwise)
{
    int64_t number;
    if (lb_is(value, LB_STRING)) {
        const char *digits = value->as.text.bytes + (value->as.text.bytes[0] == '-');
        if (!*digits || digits[strspn(digits, "0123456789")])
            return otherwise;
    } else if (!lb_is(value, LB_NUMBER)) {
        return otherwise;
    }
    return lb_number_int(value->as.text.bytes, &number) ? number : otherwise;
}

int64_t lb_int_at(const struct lb_value *value, const char *path, int64_t otherwise)
{
    return lb_int(lb_value_at(value, path), otherwise);
}

bool lb_bool(const struct lb_value *value, bool otherwise)
{
    if (lb_is(value, LB_BOOL))
        return value->as.boolean;
    if (lb_is(value, LB_STRING) && strcmp(value->as.text.bytes, "true") == 0)
        return true;
    if (lb_is(value, LB_STRING) && strcmp(value->as.text.bytes, "false") == 0)
        return false;
    return otherwise;
}

bool lb_bool_at(const struct lb_value *value, const char *path, bool otherwise)
{
    return lb_bool(lb_value_at(value, path), otherwise);
}

bool lb_list_has(const struct lb_value *list, const char *text)
{
    for (size_t i = 0; text && i < lb_value_count(list); i++) {
        const struct lb_value *item = lb_list_item(list, i);
        if (lb_is(item, LB_STRING) && strcmp(item->as.text.bytes, text) == 0)
            return true;
    }
    return false;
}
