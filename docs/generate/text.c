/* text.c: YAML and table cells as the pages need them. */
#include "docs/generate/generate.h"

#include "base/json.h"

#include <string.h>

void lb_cell(struct lb_str *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        if (*at == '|')
            lb_str_putc(out, '\\');
        lb_str_putc(out, *at == '\n' ? ' ' : *at);
    }
}

/* Bare only what no reader of YAML could take for anything else. */
static bool is_bare(const char *text)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
    static const char *const words[] = {"true", "false", "null", "yes", "no", "on", "off"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (lb_streq(words[i], text))
            return false;
    bool duration = *text && strchr("123456789", *text) && text[strlen(text) - 1] >= 'A';
    bool letter = (*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z');
    return (letter || duration) && text[strspn(text, safe)] == '\0';
}

static void print_scalar(struct lb_str *out, const struct lb_value *value)
{
    if (lb_is(value, LB_STRING) && is_bare(lb_text(value, "")))
        lb_str_puts(out, lb_text(value, ""));
    else
        lb_json_write(out, value, 0);
    lb_str_putc(out, '\n');
}

static bool is_block(const struct lb_value *value)
{
    return lb_value_count(value) > 0;
}

static void print_key(struct lb_str *out, const char *key)
{
    if (is_bare(key)) {
        lb_str_puts(out, key);
    } else {
        lb_str_putc(out, '"');
        lb_str_puts(out, key);
        lb_str_putc(out, '"');
    }
    lb_str_putc(out, ':');
}

/* `inside` leaves out the first line's indentation: it stands behind a dash already. */
static void print_map(struct lb_str *out, const struct lb_value *map, size_t depth, bool inside)
{
    for (size_t i = 0; i < lb_value_count(map); i++) {
        const struct lb_entry *entry = lb_map_nth(map, i);
        if (i || !inside)
            lb_str_repeat(out, ' ', depth * 2);
        print_key(out, entry->key);
        lb_str_putc(out, is_block(entry->value) ? '\n' : ' ');
        lb_yaml_print(out, entry->value, depth + 1);
    }
}

void lb_yaml_print(struct lb_str *out, const struct lb_value *value, size_t depth)
{
    if (!is_block(value)) {
        print_scalar(out, value);
    } else if (lb_is(value, LB_MAP)) {
        print_map(out, value, depth, false);
    } else {
        for (size_t i = 0; i < lb_value_count(value); i++) {
            const struct lb_value *item = lb_list_item(value, i);
            lb_str_repeat(out, ' ', depth * 2);
            lb_str_puts(out, "- ");
            if (lb_is(item, LB_MAP) && is_block(item))
                print_map(out, item, depth + 1, true);
            else
                lb_yaml_print(out, item, depth + 1);
        }
    }
}
