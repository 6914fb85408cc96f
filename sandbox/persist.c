/* persist.c: the file forms of the state. The JSON reader refuses maps with keys that differ in
 * case only, which S3 keys may do, so capitals are folded in the file and nowhere else.
 */
#include "sandbox/internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *fold(struct lb_arena *arena, const char *key)
{
    char *out = lb_arena_alloc(arena, 2 * strlen(key) + 1);
    char *to = out;
    for (; *key; key++) {
        bool capital = *key >= 'A' && *key <= 'Z';
        if (capital || *key == '^') {
            *to++ = '^';
        }
        *to++ = capital ? (char)(*key - 'A' + 'a') : *key;
    }
    return out;
}

static const char *unfold(struct lb_arena *arena, const char *key)
{
    char *out = lb_arena_alloc(arena, strlen(key) + 1);
    char *to = out;
    for (; *key; key++) {
        if (*key == '^' && key[1]) {
            key++;
            *to++ = *key >= 'a' && *key <= 'z' ? (char)(*key - 'a' + 'A') : *key;
        } else {
            *to++ = *key;
        }
    }
    return out;
}

static struct lb_value *rekey(struct lb_arena *arena, const struct lb_value *value,
                              const char *(*change)(struct lb_arena *, const char *))
{
    struct lb_value *out;
    if (lb_is(value, LB_MAP)) {
        out = lb_value_map(arena);
        for (size_t i = 0; i < lb_value_count(value); i++) {
            const struct lb_entry *entry = lb_map_nth(value, i);
            lb_map_set(arena, out, change(arena, entry->key), rekey(arena, entry->value, change));
        }
    } else if (lb_is(value, LB_LIST)) {
        out = lb_value_list(arena);
        for (size_t i = 0; i < lb_value_count(value); i++) {
            lb_list_add(arena, out, rekey(arena, lb_list_item(value, i), change));
        }
    } else {
        out = lb_value_copy(arena, value);
    }
    return out;
}

struct lb_value *sb_keys_fold(struct lb_arena *arena, const struct lb_value *value)
{
    return rekey(arena, value, fold);
}

struct lb_value *sb_keys_unfold(struct lb_arena *arena, const struct lb_value *value)
{
    return rekey(arena, value, unfold);
}

int sb_file_write(const char *path, const void *bytes, size_t length)
{
    struct lb_str temporary = {0};
    lb_str_printf(&temporary, "%s.new", path);
    FILE *file = fopen(lb_str_text(&temporary), "wb");
    int result = -1;
    if (file) {
        bool whole = fwrite(bytes, 1, length, file) == length && fflush(file) == 0 &&
                     fsync(fileno(file)) == 0;
        whole = fclose(file) == 0 && whole;
        result = whole ? rename(lb_str_text(&temporary), path) : -1;
    }
    lb_str_release(&temporary);
    return result;
}

char *sb_file_read(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        return NULL;
    }
    char *bytes = NULL;
    if (fseek(file, 0, SEEK_END) == 0) {
        long size = ftell(file);
        rewind(file);
        bytes = size >= 0 ? malloc((size_t)size + 1) : NULL;
        if (bytes && fread(bytes, 1, (size_t)size, file) != (size_t)size) {
            free(bytes);
            bytes = NULL;
        } else if (bytes) {
            bytes[size] = '\0';
            *length = (size_t)size;
        }
    }
    fclose(file);
    return bytes;
}
