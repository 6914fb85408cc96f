/* str.c: the growable byte string, and the small text helpers.
 *
 * Growth doubles, so appending is linear; the cap is checked before any byte is copied, so an
 * overflowing append leaves the string as it was.
 */
#include "base/str.h"
#include "base/bug.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lb_str_init(struct lb_str *str, size_t max)
{
    *str = (struct lb_str){.max = max};
}

void lb_str_release(struct lb_str *str)
{
    free(str->data);
    *str = (struct lb_str){.max = str->max};
}

void lb_str_clear(struct lb_str *str)
{
    str->length = 0;
    str->overflow = false;
    if (str->data)
        str->data[0] = '\0';
}

void lb_str_truncate(struct lb_str *str, size_t length)
{
    if (length >= str->length)
        return;
    str->length = length;
    str->data[length] = '\0';
}

/* Room for `extra` more bytes and the NUL; false when the cap forbids it. */
static bool reserve(struct lb_str *str, size_t extra)
{
    size_t max = str->max ? str->max : LB_STR_DEFAULT_MAX;
    if (str->overflow || extra > max || str->length > max - extra) {
        str->overflow = true;
        return false;
    }
    size_t need = str->length + extra + 1;
    if (need <= str->capacity)
        return true;
    size_t capacity = str->capacity < 64 ? 64 : str->capacity * 2;
    if (capacity < need)
        capacity = need;
    char *data = realloc(str->data, capacity);
    if (!data)
        lb_out_of_memory();
    str->data = data;
    str->capacity = capacity;
    return true;
}

void lb_str_add(struct lb_str *str, const void *bytes, size_t length)
{
    if (!reserve(str, length))
        return;
    if (length)
        memcpy(str->data + str->length, bytes, length);
    str->length += length;
    str->data[str->length] = '\0';
}

void lb_str_puts(struct lb_str *str, const char *text)
{
    if (text)
        lb_str_add(str, text, strlen(text));
}

void lb_str_putc(struct lb_str *str, char byte)
{
    lb_str_add(str, &byte, 1);
}

void lb_str_printf(struct lb_str *str, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0 && errno == ENOMEM)
        lb_out_of_memory();
    if (length < 0)
        LB_BUG("cannot format \"%s\"", format);
    if (reserve(str, (size_t)length)) {
        if (vsnprintf(str->data + str->length, (size_t)length + 1, format, again) != length)
            lb_out_of_memory();
        str->length += (size_t)length;
    }
    va_end(again);
}

void lb_str_repeat(struct lb_str *str, char byte, size_t count)
{
    if (!reserve(str, count))
        return;
    memset(str->data + str->length, byte, count);
    str->length += count;
    str->data[str->length] = '\0';
}

const char *lb_str_text(const struct lb_str *str)
{
    return str->data ? str->data : "";
}

char *lb_str_take(struct lb_str *str, struct lb_arena *arena)
{
    char *text = lb_arena_strndup(arena, lb_str_text(str), str->length);
    lb_str_release(str);
    return text;
}

bool lb_streq(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool lb_starts_with(const char *text, const char *prefix)
{
    return text && prefix && strncmp(text, prefix, strlen(prefix)) == 0;
}

bool lb_ends_with(const char *text, const char *suffix)
{
    if (!text || !suffix)
        return false;
    size_t length = strlen(text), tail = strlen(suffix);
    return tail <= length && memcmp(text + length - tail, suffix, tail) == 0;
}

char *lb_lowercase(struct lb_arena *arena, const char *text)
{
    char *lower = lb_arena_strdup(arena, text);
    for (char *c = lower; c && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return lower;
}
