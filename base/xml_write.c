/* xml_write.c: XML out, from maps. What it writes, xml.c reads back as the same values (a list of
 * one comes back as its item, null as an empty string).
 */
#include "base/diag.h"
#include "base/xml.h"

#include <string.h>

#define XSI "http://www.w3.org/2001/XMLSchema-instance"

/* Element and attribute names come from our own code and schemas, never from a user. */
static void write_name(struct lb_str *out, const char *name)
{
    static const char tail[] = "-._:0123456789";
    for (const char *c = name; *c; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_';
        if (!letter && (c == name || !strchr(tail, *c)))
            LB_BUG("\"%s\" is no XML name", name);
    }
    if (!*name)
        LB_BUG("an XML element without a name");
    lb_str_puts(out, name);
}

/* Controls are written as references. XML 1.0 has no spelling for most of them: the service then
 * refuses the request, which is better than sending other text than was asked for. */
static void write_text(struct lb_str *out, const struct lb_value *value, bool attribute)
{
    const char *text = lb_text(value, "");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '&')
            lb_str_puts(out, "&amp;");
        else if (c == '<')
            lb_str_puts(out, "&lt;");
        else if (c == '>')
            lb_str_puts(out, "&gt;");
        else if (c == '"' && attribute)
            lb_str_puts(out, "&quot;");
        else if (c < 0x20 && (attribute || (c != '\n' && c != '\t')))
            lb_str_printf(out, "&#%u;", (unsigned)c);
        else
            lb_str_putc(out, (char)c);
    }
}

static void write_attributes(struct lb_str *out, const struct lb_value *map)
{
    for (size_t i = 0; i < lb_value_count(map); i++) {
        const struct lb_entry *entry = lb_map_nth(map, i);
        if (!entry || entry->key[0] != '@')
            continue;
        if (lb_streq(entry->key, "@type"))
            lb_str_puts(out, " xmlns:xsi=\"" XSI "\" xsi:");
        else
            lb_str_putc(out, ' ');
        write_name(out, entry->key + 1);
        lb_str_puts(out, "=\"");
        write_text(out, entry->value, true);
        lb_str_putc(out, '"');
    }
}

static void write_element(struct lb_str *out, const char *name, const char *xmlns,
                          const struct lb_value *value);

static void write_children(struct lb_str *out, const struct lb_value *map)
{
    for (size_t i = 0; i < lb_value_count(map); i++) {
        const struct lb_entry *entry = lb_map_nth(map, i);
        if (entry->key[0] == '@')
            continue;
        if (lb_streq(entry->key, "#text")) {
            write_text(out, entry->value, false);
        } else if (lb_is(entry->value, LB_LIST)) {
            for (size_t j = 0; j < lb_value_count(entry->value); j++)
                write_element(out, entry->key, NULL, lb_list_item(entry->value, j));
        } else {
            write_element(out, entry->key, NULL, entry->value);
        }
    }
}

static void write_element(struct lb_str *out, const char *name, const char *xmlns,
                          const struct lb_value *value)
{
    if (lb_is(value, LB_LIST) || lb_is(value, LB_UNKNOWN))
        LB_BUG("<%s> cannot hold a list of lists or an unknown value", name);
    lb_str_putc(out, '<');
    write_name(out, name);
    if (xmlns)
        lb_str_printf(out, " xmlns=\"%s\"", xmlns);
    if (lb_is(value, LB_MAP))
        write_attributes(out, value);
    size_t start = out->length;
    lb_str_putc(out, '>');
    if (lb_is(value, LB_MAP))
        write_children(out, value);
    else
        write_text(out, value, false);
    if (out->length == start + 1) { /* nothing inside */
        lb_str_truncate(out, start);
        lb_str_puts(out, "/>");
        return;
    }
    lb_str_puts(out, "</");
    lb_str_puts(out, name);
    lb_str_putc(out, '>');
}

void lb_xml_write(struct lb_str *out, const char *root, const char *xmlns,
                  const struct lb_value *value)
{
    lb_str_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    write_element(out, root, xmlns, value);
}
