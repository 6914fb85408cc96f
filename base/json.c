/* json.c: JSON in. Our scan decides what is accepted, cJSON parses, and the tree becomes values.
 *
 * cJSON's tree is walked by its child pointers only: cJSON_GetObjectItem ignores case. Numbers take
 * their text from the scan, because cJSON holds doubles and 9007199254740993 would lose its last
 * digit.
 */
#include "base/json.h"
#include "base/json_scan.h"

#include <cjson/cJSON.h>
#include <string.h>

struct reader {
    struct lb_arena *arena;
    const struct lb_json_scan *scan;
    size_t number, key; /* next of each in the scan's notes */
    const char *error;
};

static struct lb_value *read_value(struct reader *reader, const cJSON *node);

static struct lb_value *read_number(struct reader *reader)
{
    const struct lb_json_scan *scan = reader->scan;
    if (reader->number >= scan->numbers.count)
        LB_BUG("cJSON found more numbers than the scan");
    size_t at = scan->numbers.at[reader->number++];
    size_t length = lb_json_number_length(scan->text, scan->length, at);
    return lb_value_number(reader->arena, lb_arena_strndup(reader->arena, scan->text + at, length));
}

static struct lb_value *read_map(struct reader *reader, const cJSON *node)
{
    struct lb_value *map = lb_value_map(reader->arena);
    lb_value_reserve(reader->arena, map, (size_t)cJSON_GetArraySize(node));
    for (const cJSON *child = node->child; child; child = child->next) {
        if (reader->key >= reader->scan->keys.count)
            LB_BUG("cJSON found more keys than the scan");
        size_t at = reader->scan->keys.at[reader->key++];
        if (lb_map_entry(map, child->string)) {
            reader->error = lb_arena_printf(reader->arena, "line %zu: duplicate key \"%.200s\"",
                                            lb_json_line(reader->scan->text, at), child->string);
            return NULL;
        }
        struct lb_value *value = read_value(reader, child);
        if (!value)
            return NULL;
        lb_map_set(reader->arena, map, child->string, value);
    }
    return map;
}

static struct lb_value *read_list(struct reader *reader, const cJSON *node)
{
    struct lb_value *list = lb_value_list(reader->arena);
    lb_value_reserve(reader->arena, list, (size_t)cJSON_GetArraySize(node));
    for (const cJSON *child = node->child; child; child = child->next) {
        struct lb_value *item = read_value(reader, child);
        if (!item)
            return NULL;
        lb_list_add(reader->arena, list, item);
    }
    return list;
}

static struct lb_value *read_value(struct reader *reader, const cJSON *node)
{
    if (cJSON_IsObject(node))
        return read_map(reader, node);
    if (cJSON_IsArray(node))
        return read_list(reader, node);
    if (cJSON_IsString(node))
        return lb_value_string(reader->arena, node->valuestring);
    if (cJSON_IsNumber(node))
        return read_number(reader);
    if (cJSON_IsBool(node))
        return lb_value_bool(reader->arena, cJSON_IsTrue(node));
    return lb_value_null(reader->arena);
}

static struct lb_value *parse_scanned(struct lb_arena *arena, const struct lb_json_scan *scan,
                                      const char **error)
{
    cJSON *root = cJSON_ParseWithLength(scan->text, scan->length);
    if (!root)
        lb_out_of_memory(); /* the scan accepts less than cJSON does */
    struct reader reader = {.arena = arena, .scan = scan};
    struct lb_value *value = read_value(&reader, root);
    cJSON_Delete(root);
    *error = reader.error;
    return value;
}

struct lb_value *lb_json_parse(struct lb_arena *arena, const char *text, size_t length,
                               const char **error)
{
    const char *unused;
    if (!error)
        error = &unused;
    *error = NULL;
    struct lb_arena *scratch = lb_arena_new();
    struct lb_json_scan scan = {.arena = scratch, .text = text ? text : "", .length = length};
    struct lb_value *value = NULL;
    if (lb_json_scan(&scan) != 0)
        *error = lb_arena_printf(arena, "line %zu: %s", lb_json_line(scan.text, scan.at),
                                 scan.fault);
    else
        value = parse_scanned(arena, &scan, error);
    lb_arena_free(scratch);
    return value;
}
