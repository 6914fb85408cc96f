/* json_write.c: JSON out, two spellings of the same values.
 *
 * For people and programs: insertion order, numbers as they were read, and whatever could drive a
 * terminal or a CI runner written as \uXXXX, which any reader turns back into the same text.
 * Canonical, for digests: sorted keys, one spelling a number, only the escapes that JSON demands.
 */
#include "base/json.h"
#include "base/number.h"
#include "base/utf8.h"

#include <string.h>

struct writer {
    struct lb_str *out;
    struct lb_arena *scratch; /* of the sorted keys; NULL when not canonical */
    int indent;
};

static void write_unit(struct lb_str *out, uint32_t unit)
{
    lb_str_printf(out, "\\u%04x", (unsigned)unit);
}

static void write_character(const struct writer *writer, const char *text, size_t length,
                            uint32_t c, size_t count)
{
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: character, its letter */
    struct lb_str *out = writer->out;
    for (const char *pair = shorts; *pair; pair += 2) {
        if (c == (uint32_t)*pair) {
            lb_str_putc(out, '\\');
            lb_str_putc(out, pair[1]);
            return;
        }
    }
    bool inert = writer->scratch || (!lb_utf8_hidden(c) && !lb_utf8_runner_command(text, length));
    if (c >= 0x20 && inert) {
        lb_str_add(out, text, count);
    } else if (c > 0xFFFF) {
        write_unit(out, 0xD800 + ((c - 0x10000) >> 10));
        write_unit(out, 0xDC00 + ((c - 0x10000) & 0x3FF));
    } else {
        write_unit(out, c);
    }
}

static void write_string(const struct writer *writer, const char *text, size_t length)
{
    lb_str_putc(writer->out, '"');
    for (size_t i = 0; i < length;) {
        uint32_t c;
        size_t run = lb_utf8_plain_run(text + i, length - i);
        lb_str_add(writer->out, text + i, run);
        i += run;
        if (i == length)
            break;
        size_t count = lb_utf8_read(text + i, length - i, &c);
        if (count)
            write_character(writer, text + i, length - i, c, count);
        else
            lb_str_puts(writer->out, "\\ufffd"); /* JSON is Unicode: a stray byte has no spelling */
        i += count ? count : 1;
    }
    lb_str_putc(writer->out, '"');
}

static void write_break(const struct writer *writer, int depth)
{
    if (writer->indent <= 0)
        return;
    lb_str_putc(writer->out, '\n');
    lb_str_repeat(writer->out, ' ', (size_t)writer->indent * (size_t)depth);
}

static void write_value(const struct writer *writer, const struct lb_value *value, int depth);

static void write_map(const struct writer *writer, const struct lb_value *map, int depth)
{
    size_t count = lb_value_count(map);
    const struct lb_entry **sorted = writer->scratch ? lb_map_sorted(writer->scratch, map) : NULL;
    lb_str_putc(writer->out, '{');
    for (size_t i = 0; i < count; i++) {
        const struct lb_entry *entry = sorted ? sorted[i] : lb_map_nth(map, i);
        if (i)
            lb_str_putc(writer->out, ',');
        write_break(writer, depth + 1);
        write_string(writer, entry->key, strlen(entry->key));
        lb_str_puts(writer->out, writer->indent > 0 ? ": " : ":");
        write_value(writer, entry->value, depth + 1);
    }
    if (count)
        write_break(writer, depth);
    lb_str_putc(writer->out, '}');
}

static void write_list(const struct writer *writer, const struct lb_value *list, int depth)
{
    size_t count = lb_value_count(list);
    lb_str_putc(writer->out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            lb_str_putc(writer->out, ',');
        write_break(writer, depth + 1);
        write_value(writer, lb_list_item(list, i), depth + 1);
    }
    if (count)
        write_break(writer, depth);
    lb_str_putc(writer->out, ']');
}

static void write_unknown(const struct writer *writer, const struct lb_value *value)
{
    lb_str_puts(writer->out, writer->indent > 0 ? "{\"$unknown\": " : "{\"$unknown\":");
    write_string(writer, value->as.text.bytes, value->as.text.length);
    lb_str_putc(writer->out, '}');
}

static void write_value(const struct writer *writer, const struct lb_value *value, int depth)
{
    switch (value ? value->type : LB_NULL) {
    case LB_NULL:
        lb_str_puts(writer->out, "null");
        break;
    case LB_BOOL:
        lb_str_puts(writer->out, value->as.boolean ? "true" : "false");
        break;
    case LB_NUMBER:
        if (writer->scratch)
            lb_number_canonical(writer->out, value->as.text.bytes);
        else
            lb_str_add(writer->out, value->as.text.bytes, value->as.text.length);
        break;
    case LB_STRING:
        write_string(writer, value->as.text.bytes, value->as.text.length);
        break;
    case LB_LIST:
        write_list(writer, value, depth);
        break;
    case LB_MAP:
        write_map(writer, value, depth);
        break;
    case LB_UNKNOWN:
        write_unknown(writer, value);
        break;
    }
}

void lb_json_write(struct lb_str *out, const struct lb_value *value, int indent)
{
    struct writer writer = {.out = out, .indent = indent};
    write_value(&writer, value, 0);
    if (indent > 0)
        lb_str_putc(out, '\n');
}

void lb_json_canonical(struct lb_str *out, const struct lb_value *value)
{
    struct writer writer = {.out = out, .scratch = lb_arena_new()};
    write_value(&writer, value, 0);
    lb_arena_free(writer.scratch);
}

char *lb_json_text(struct lb_arena *arena, const struct lb_value *value)
{
    struct lb_str out = {0};
    lb_json_write(&out, value, 0);
    return lb_str_take(&out, arena);
}
