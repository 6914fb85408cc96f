/* cbor.c: CBOR in and out for rpc-v2-cbor. Definite and indefinite lengths are read; definite ones
 * written. Integers stay integers, everything else numeric becomes a double. */
#include "sandbox/cbor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 32
#define INDEFINITE UINT64_MAX

enum major { UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };

struct reader {
    struct lb_arena *arena;
    const unsigned char *at, *end;
    int depth;
};

static struct lb_value *item(struct reader *reader);

static bool number(struct reader *reader, unsigned info, uint64_t *out)
{
    unsigned bytes = info >= 24 && info <= 27 ? 1U << (info - 24) : 0;

    if (info < 24 || info == 31) {
        *out = info == 31 ? INDEFINITE : info;
        return true;
    }
    if (!bytes || (size_t)(reader->end - reader->at) < bytes)
        return false;
    for (*out = 0; bytes > 0; bytes--)
        *out = *out << 8 | *reader->at++;
    return true;
}

static bool at_break(struct reader *reader)
{
    if (reader->at < reader->end && *reader->at == 0xff) {
        reader->at++;
        return true;
    }
    return false;
}

static struct lb_value *text(struct reader *reader, uint64_t length)
{
    struct lb_value *value;

    if (length == INDEFINITE) {
        struct lb_str all;

        lb_str_init(&all, 0);
        while (!at_break(reader)) {
            struct lb_value *piece = item(reader);

            if (!lb_is(piece, LB_STRING)) {
                lb_str_release(&all);
                return NULL;
            }
            lb_str_puts(&all, lb_text(piece, ""));
        }
        return lb_value_string(reader->arena, lb_str_take(&all, reader->arena));
    }
    if ((uint64_t)(reader->end - reader->at) < length)
        return NULL;
    value = lb_value_stringn(reader->arena, (const char *)reader->at, (size_t)length);
    reader->at += length;
    return value;
}

static struct lb_value *array(struct reader *reader, uint64_t count)
{
    struct lb_value *list = lb_value_list(reader->arena);

    for (uint64_t i = 0; count == INDEFINITE ? !at_break(reader) : i < count; i++) {
        struct lb_value *one = item(reader);

        if (!one)
            return NULL;
        lb_list_add(reader->arena, list, one);
    }
    return list;
}

static struct lb_value *map(struct reader *reader, uint64_t count)
{
    struct lb_value *result = lb_value_map(reader->arena);

    for (uint64_t i = 0; count == INDEFINITE ? !at_break(reader) : i < count; i++) {
        struct lb_value *key = item(reader), *value = key ? item(reader) : NULL;

        if (!value || !lb_is(key, LB_STRING))
            return NULL;
        lb_map_set(reader->arena, result, lb_text(key, ""), value);
    }
    return result;
}

static struct lb_value *real(struct lb_arena *arena, double value)
{
    return lb_value_number(arena, lb_arena_printf(arena, "%.17g", value));
}

static double half(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 31);
    double mantissa = (double)(bits & 1023);
    double value = exponent ? ldexp(mantissa + 1024, exponent - 25) : ldexp(mantissa, -24);

    return bits & 0x8000 ? -value : value;
}

static struct lb_value *simple(struct reader *reader, unsigned info, uint64_t bits)
{
    float narrow;
    double wide;
    uint32_t small = (uint32_t)bits;

    switch (info) {
    case 20:
    case 21:
        return lb_value_bool(reader->arena, info == 21);
    case 25:
        return real(reader->arena, half(bits));
    case 26:
        memcpy(&narrow, &small, sizeof(narrow));
        return real(reader->arena, narrow);
    case 27:
        memcpy(&wide, &bits, sizeof(wide));
        return real(reader->arena, wide);
    default:
        return info == 31 ? NULL : lb_value_null(reader->arena);
    }
}

static struct lb_value *content(struct reader *reader, enum major major, unsigned info,
                                uint64_t value)
{
    struct lb_arena *arena = reader->arena;

    switch (major) {
    case UNSIGNED:
        return lb_value_format(arena, "%llu", (unsigned long long)value);
    case NEGATIVE:
        return lb_value_int(arena, -1 - (int64_t)value);
    case BYTES:
    case TEXT:
        return text(reader, value);
    case ARRAY:
        return array(reader, value);
    case MAP:
        return map(reader, value);
    case TAG:
        return item(reader);
    default:
        return simple(reader, info, value);
    }
}

static struct lb_value *item(struct reader *reader)
{
    struct lb_value *value = NULL;
    unsigned first;
    uint64_t argument;

    if (reader->at >= reader->end || reader->depth >= MAX_DEPTH)
        return NULL;
    first = *reader->at++;
    if (!number(reader, first & 31, &argument))
        return NULL;
    reader->depth++;
    value = content(reader, (enum major)(first >> 5), first & 31, argument);
    reader->depth--;
    if (value && first >> 5 == UNSIGNED)
        value = lb_value_number(reader->arena, lb_text(value, "0"));
    return value;
}

struct lb_value *sb_cbor_parse(struct lb_arena *arena, const char *bytes, size_t length)
{
    struct reader reader = {.arena = arena,
                            .at = (const unsigned char *)bytes,
                            .end = (const unsigned char *)bytes + length};
    struct lb_value *value = length ? item(&reader) : lb_value_map(arena);

    return reader.at == reader.end || length == 0 ? value : NULL;
}

/* --- out
 * ---------------------------------------------------------------------------------------------- */
static void head(struct lb_str *out, enum major major, uint64_t value)
{
    unsigned bytes = value < 24            ? 0
                     : value <= 0xff       ? 1
                     : value <= 0xffff     ? 2
                     : value <= 0xffffffff ? 4
                                           : 8;
    unsigned info = bytes == 0   ? (unsigned)value
                    : bytes == 1 ? 24U
                    : bytes == 2 ? 25U
                    : bytes == 4 ? 26U
                                 : 27U;

    lb_str_putc(out, (char)((unsigned)major << 5 | info));
    while (bytes > 0)
        lb_str_putc(out, (char)(value >> (8 * --bytes) & 0xff));
}

static void write_text(struct lb_str *out, const char *bytes)
{
    head(out, TEXT, strlen(bytes));
    lb_str_puts(out, bytes);
}

static void write_number(struct lb_str *out, const char *digits)
{
    if (strpbrk(digits, ".eEnN")) {
        double value = strtod(digits, NULL);
        uint64_t bits;

        memcpy(&bits, &value, sizeof(bits));
        lb_str_putc(out, (char)0xfb);
        for (int shift = 56; shift >= 0; shift -= 8)
            lb_str_putc(out, (char)(bits >> shift & 0xff));
        return;
    }
    if (digits[0] == '-')
        head(out, NEGATIVE, (uint64_t)(-1 - strtoll(digits, NULL, 10)));
    else
        head(out, UNSIGNED, strtoull(digits, NULL, 10));
}

static void write_value(struct lb_str *out, const struct lb_value *value, bool instant)
{
    size_t count = lb_value_count(value);

    switch (value ? value->type : LB_NULL) {
    case LB_BOOL:
        lb_str_putc(out, (char)(value->as.boolean ? 0xf5 : 0xf4));
        break;
    case LB_NUMBER:
        if (instant)
            head(out, TAG, 1);
        write_number(out, lb_text(value, "0"));
        break;
    case LB_STRING:
        write_text(out, lb_text(value, ""));
        break;
    case LB_LIST:
        head(out, ARRAY, count);
        for (size_t i = 0; i < count; i++)
            write_value(out, lb_list_item(value, i), instant);
        break;
    case LB_MAP:
        head(out, MAP, count);
        for (size_t i = 0; i < count; i++) {
            const struct lb_entry *entry = lb_map_nth(value, i);

            write_text(out, entry->key);
            write_value(out, entry->value,
                        lb_ends_with(entry->key, "Timestamp") ||
                            lb_ends_with(entry->key, "Timestamps"));
        }
        break;
    default:
        lb_str_putc(out, (char)0xf6);
    }
}

void sb_cbor_write(struct lb_str *out, const struct lb_value *value)
{
    write_value(out, value, false);
}
