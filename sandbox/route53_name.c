/* route53_name.c: DNS names as Route 53 writes and sorts them. */
#include "sandbox/route53.h"

#include <ctype.h>
#include <string.h>

/* Characters beyond a-z 0-9 - _ . come back as \ooo (developer guide, domain name format). */
char *sb_dns_name(struct lb_arena *arena, const char *name)
{
    struct lb_str out;

    lb_str_init(&out, 4096);
    for (const char *at = name; *at; at++) {
        unsigned char byte = (unsigned char)tolower((unsigned char)*at);

        if (byte == '\\' && strlen(at) >= 4 &&
            sb_only(lb_arena_strndup(arena, at + 1, 3), "01234567")) {
            lb_str_add(&out, at, 4);
            at += 3;
        } else if (isalnum(byte) || byte == '-' || byte == '_' || byte == '.') {
            lb_str_putc(&out, (char)byte);
        } else {
            lb_str_printf(&out, "\\%03o", byte);
        }
    }
    if (out.length == 0 || out.data[out.length - 1] != '.')
        lb_str_putc(&out, '.');
    return lb_str_take(&out, arena);
}

/* The label that ends at *end; moves *end before the dot in front of it. */
static const char *last_label(const char *name, size_t *end, size_t *length)
{
    size_t from = *end;

    while (from > 0 && name[from - 1] != '.')
        from--;
    *length = *end - from;
    *end = from > 0 ? from - 1 : 0;
    return name + from;
}

int sb_dns_compare(const char *a, const char *b)
{
    size_t a_end = strlen(a), b_end = strlen(b);

    if (a_end && a[a_end - 1] == '.')
        a_end--;
    if (b_end && b[b_end - 1] == '.')
        b_end--;
    while (a_end && b_end) {
        size_t a_length, b_length;
        const char *a_label = last_label(a, &a_end, &a_length);
        const char *b_label = last_label(b, &b_end, &b_length);
        int order = strncmp(a_label, b_label, a_length < b_length ? a_length : b_length);

        if (order == 0 && a_length != b_length)
            order = a_length < b_length ? -1 : 1;
        if (order)
            return order;
    }
    return a_end ? 1 : b_end ? -1 : 0;
}

bool sb_dns_within(const char *name, const char *zone)
{
    size_t name_length = strlen(name), zone_length = strlen(zone);

    return name_length >= zone_length && lb_streq(name + name_length - zone_length, zone) &&
           (name_length == zone_length || name[name_length - zone_length - 1] == '.');
}
