/* render_value.c: a value as people read it: one line where it fits, a block where it does not. */
#include "cmd/cli.h"

#include <string.h>

static bool is_plain(const char *text, size_t length)
{
    if (!length || length > 80)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!text[i] ||
            !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:*@+$",
                    text[i]))
            return false;
    return true;
}

/* A quote inside is marked: one string must not look like two. */
static void add_text(struct lb_str *out, const char *text, size_t length)
{
    if (is_plain(text, length)) {
        lb_str_add(out, text, length);
        return;
    }
    struct lb_str safe = {0};
    lb_str_escape(&safe, text, length, false);
    lb_str_putc(out, '"');
    for (size_t i = 0; i < safe.length; i++) {
        if (safe.data[i] == '"')
            lb_str_putc(out, '\\');
        lb_str_putc(out, safe.data[i]);
    }
    lb_str_putc(out, '"');
    lb_str_release(&safe);
}

void lb_render_key(struct lb_str *out, const char *key)
{
    add_text(out, key, strlen(key));
}

static void render(struct lb_str *out, const struct lb_value *value)
{
    switch (value->type) {
    case LB_NULL:
        lb_str_puts(out, "null");
        break;
    case LB_BOOL:
        lb_str_puts(out, value->as.boolean ? "true" : "false");
        break;
    case LB_UNKNOWN:
        lb_str_puts(out, "(known after apply)");
        break;
    case LB_LIST:
        lb_str_putc(out, '[');
        for (size_t i = 0; i < value->as.list.count; i++) {
            lb_str_puts(out, i ? ", " : "");
            render(out, value->as.list.items[i]);
        }
        lb_str_putc(out, ']');
        break;
    case LB_MAP:
        lb_str_putc(out, '{');
        for (size_t i = 0; i < value->as.map.count; i++) {
            const struct lb_entry *entry = &value->as.map.entries[i];
            lb_str_puts(out, i ? ", " : "");
            lb_render_key(out, entry->key);
            lb_str_puts(out, ": ");
            render(out, entry->value);
        }
        lb_str_putc(out, '}');
        break;
    case LB_NUMBER:
        lb_str_escape(out, value->as.text.bytes, value->as.text.length, false);
        break;
    default:
        add_text(out, value->as.text.bytes, value->as.text.length);
    }
}

/* The last byte that still leaves whole UTF-8 characters. */
static size_t cut_at(const char *text, size_t max)
{
    while (max && ((unsigned char)text[max] & 0xC0) == 0x80)
        max--;
    return max;
}

void lb_render_value(struct lb_str *out, const struct lb_value *value, size_t max)
{
    struct lb_str line = {0};
    if (!value)
        lb_str_puts(&line, "(not set)");
    else
        render(&line, value);
    if (line.length <= max) {
        lb_str_add(out, line.data, line.length);
    } else {
        lb_str_add(out, line.data, cut_at(line.data, max > 3 ? max - 3 : 0));
        lb_str_puts(out, "...");
    }
    lb_str_release(&line);
}
