/* body.c: request bodies as trees: the form of the query protocol, JSON, XML. */
#include "sandbox/sandbox.h"

#include "base/json.h"
#include "base/xml.h"

#include <stdio.h>
#include <string.h>

/* "+" is a space in a form, unlike in a path. */
static char *form_decode(struct lb_arena *arena, const char *text, size_t length)
{
    char *copy = lb_arena_strndup(arena, text, length);
    for (char *p = copy; *p; p++) {
        *p = *p == '+' ? ' ' : *p;
    }
    return lb_percent_decode(arena, copy);
}

static bool is_number(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

/* Lists are collected as maps "1" -> item first; here they become lists, in order of their numbers.
 */
static struct lb_value *settle(struct lb_arena *arena, struct lb_value *value)
{
    struct lb_value *members = lb_map_get(value, "member");
    struct lb_value *out;
    if (!lb_is(value, LB_MAP)) {
        return value;
    }
    if (lb_is(members, LB_MAP) && lb_value_count(value) == 1) {
        out = lb_value_list(arena);
        char name[24];
        for (size_t i = 1; i <= lb_value_count(members); i++) {
            snprintf(name, sizeof name, "%zu", i);
            struct lb_value *item = lb_map_get(members, name);
            if (item) {
                lb_list_add(arena, out, settle(arena, item));
            }
        }
        return out;
    }
    out = lb_value_map(arena);
    for (size_t i = 0; i < lb_value_count(value); i++) {
        const struct lb_entry *entry = lb_map_nth(value, i);
        lb_map_set(arena, out, entry->key, settle(arena, entry->value));
    }
    return out;
}

static void form_put(struct lb_arena *arena, struct lb_value *root, char *name, const char *text)
{
    struct lb_value *at = root;
    char *dot;
    int depth = 0;
    while ((dot = strchr(name, '.')) && depth++ < 12) {
        *dot = '\0';
        struct lb_value *next = lb_map_get(at, name);
        at = lb_is(next, LB_MAP) ? next : lb_map_map(arena, at, name);
        if (!lb_is(at, LB_MAP)) {
            return;
        }
        name = dot + 1;
    }
    /* "Tags=" alone is an empty list on the wire; "Tags.member=" says the same. */
    if (!is_number(name) || depth > 0) {
        lb_map_set(arena, at, name, lb_value_string(arena, text));
    }
}

struct lb_value *sb_form(struct sb_request *request)
{
    struct lb_value *root = lb_value_map(request->arena);
    const char *at = request->body ? request->body : "";
    const char *end = at + request->body_length;
    while (at < end) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        stop = stop ? stop : end;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        const char *name_end = equals ? equals : stop;
        char *name = form_decode(request->arena, at, (size_t)(name_end - at));
        const char *text = equals ? form_decode(request->arena, equals + 1,
                                                (size_t)(stop - equals - 1))
                                  : "";
        if (*name) {
            form_put(request->arena, root, name, text);
        }
        at = stop + 1;
    }
    return settle(request->arena, root);
}

struct lb_value *sb_body_json(struct sb_request *request)
{
    const char *error = NULL;
    if (request->body_length == 0) {
        return lb_value_map(request->arena);
    }
    return lb_json_parse(request->arena, request->body, request->body_length, &error);
}

struct lb_value *sb_body_xml(struct sb_request *request)
{
    const char *error = NULL;
    if (request->body_length == 0) {
        return NULL;
    }
    return lb_xml_parse(request->arena, request->body, request->body_length, &error);
}
