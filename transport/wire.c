/* wire.c: from a call to one HTTP message, for the four wire families. Pure.
 *
 * What must not happen here is that a name changes the meaning of a request: path parameters are
 * encoded byte by byte, an absent or empty one ("DELETE /_snapshot/{repository}/") and a parameter
 * that the template does not know (a lost versionId) are bugs of ours that end the program.
 */
#include "base/digest.h"
#include "base/json.h"
#include "base/str.h"
#include "base/xml.h"
#include "transport/call.h"

#include <stdlib.h>
#include <string.h>

/* --- path and query --------------------------------------------------------------------------- */
/* The parameter named by "{X}" or "{X+}" at `at`; *length is that of the whole placeholder. */
static const char *placeholder(struct lb_arena *arena, const struct lb_call *call, const char *at,
                               size_t *length, bool *keep_slash)
{
    size_t end = strcspn(at, "}");
    if (at[end] != '}')
        LB_BUG("%s: a brace is not closed in \"%s\"", call->op->name, call->op->path);
    *length = end + 1;
    *keep_slash = at[end - 1] == '+';
    char *name = lb_arena_strndup(arena, at + 1, end - 1 - (*keep_slash ? 1 : 0));
    return lb_text(lb_map_get(call->params, name), NULL);
}

static void check_segment(const struct lb_call *call, const char *text, bool keep_slash)
{
    if (!text || !*text)
        LB_BUG("%s: a path parameter of \"%s\" is absent", call->op->name, call->op->path);
    if (!keep_slash && (lb_streq(text, ".") || lb_streq(text, "..")))
        LB_BUG("%s: \"%s\" cannot be a path parameter", call->op->name, text);
}

/* Every parameter must have its place in the template. */
static void check_params(struct lb_arena *arena, const struct lb_call *call)
{
    for (size_t i = 0; i < lb_value_count(call->params); i++) {
        const char *name = lb_map_nth(call->params, i)->key;
        if (!strstr(call->op->path, lb_arena_printf(arena, "{%s}", name)) &&
            !strstr(call->op->path, lb_arena_printf(arena, "{%s+}", name)))
            LB_BUG("%s: no parameter %s in \"%s\"", call->op->name, name, call->op->path);
    }
}

static const char *build_path(struct lb_arena *arena, const struct lb_call *call)
{
    struct lb_str out = {0};
    const char *at = call->op->path;
    while (*at && *at != '?') {
        if (*at != '{') {
            lb_str_putc(&out, *at++);
            continue;
        }
        size_t length;
        bool keep_slash;
        const char *text = placeholder(arena, call, at, &length, &keep_slash);
        check_segment(call, text, keep_slash);
        lb_str_percent_encode(&out, text, strlen(text), keep_slash);
        at += length;
    }
    return lb_str_take(&out, arena);
}

/* One item of the template, "name={X}", "name=literal" or "name". NULL when it is left out. */
static const char *build_item(struct lb_arena *arena, const struct lb_call *call, const char *item)
{
    const char *equals = strchr(item, '=');
    if (!equals || equals[1] != '{')
        return item;
    size_t length;
    bool keep_slash;
    const char *text = placeholder(arena, call, equals + 1, &length, &keep_slash);
    if (!text)
        return NULL;
    struct lb_str out = {0};
    lb_str_add(&out, item, (size_t)(equals - item) + 1);
    lb_str_percent_encode(&out, text, strlen(text), false);
    return lb_str_take(&out, arena);
}

static int text_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *build_query(struct lb_arena *arena, const struct lb_call *call)
{
    const char *at = strchr(call->op->path, '?');
    if (!at)
        return "";
    const char **items = NULL;
    size_t count = 0, capacity = 0;
    while (*at) {
        size_t length = strcspn(++at, "&");
        const char *item = build_item(arena, call, lb_arena_strndup(arena, at, length));
        at += length;
        if (!item)
            continue;
        items = lb_arena_grow(arena, items, count, count + 1, sizeof *items, &capacity);
        items[count++] = item;
    }
    if (count > 1)
        qsort(items, count, sizeof *items, text_compare);
    struct lb_str out = {0};
    for (size_t i = 0; i < count; i++)
        lb_str_printf(&out, "%s%s", i ? "&" : "", items[i]);
    return lb_str_take(&out, arena);
}

/* --- bodies ----------------------------------------------------------------------------------- */
static void form_pair(struct lb_str *out, const char *name, const char *value)
{
    lb_str_putc(out, '&');
    lb_str_percent_encode(out, name, strlen(name), false);
    lb_str_putc(out, '=');
    lb_str_percent_encode(out, value, strlen(value), false);
}

/* {"Tags": [{"Key": "a"}]} -> Tags.member.1.Key=a; an empty list is "Tags=". */
static void form_add(struct lb_str *out, struct lb_arena *arena, const char *name,
                     const struct lb_value *value)
{
    if (lb_is(value, LB_MAP)) {
        for (size_t i = 0; i < lb_value_count(value); i++) {
            const struct lb_entry *entry = lb_map_nth(value, i);
            form_add(out, arena, lb_arena_printf(arena, "%s.%s", name, entry->key), entry->value);
        }
    } else if (lb_is(value, LB_LIST)) {
        for (size_t i = 0; i < lb_value_count(value); i++)
            form_add(out, arena, lb_arena_printf(arena, "%s.member.%zu", name, i + 1),
                     lb_list_item(value, i));
        if (lb_value_count(value) == 0)
            form_pair(out, name, "");
    } else if (lb_text(value, NULL)) {
        form_pair(out, name, lb_text(value, NULL));
    }
}

static const char *build_form(struct lb_arena *arena, const struct lb_call *call, size_t *length)
{
    struct lb_str out = {0};
    lb_str_printf(&out, "Action=%s&Version=%s", call->op->name, call->op->service->version);
    for (size_t i = 0; i < lb_value_count(call->body); i++) {
        const struct lb_entry *entry = lb_map_nth(call->body, i);
        form_add(&out, arena, entry->key, entry->value);
    }
    *length = out.length;
    return lb_str_take(&out, arena);
}

static const char *build_json(struct lb_arena *arena, const struct lb_call *call, size_t *length)
{
    const char *text = call->body ? lb_json_text(arena, call->body) : NULL;
    if (!text && call->op->service->wire == LB_WIRE_JSON)
        text = "{}";
    *length = text ? strlen(text) : 0;
    return text;
}

static const char *build_xml(struct lb_arena *arena, const struct lb_call *call, size_t *length)
{
    *length = 0;
    if (!call->body_root)
        return NULL;
    struct lb_str out = {0};
    lb_xml_write(&out, call->body_root, call->op->service->xmlns, call->body);
    *length = out.length;
    return lb_str_take(&out, arena);
}

static const struct family {
    const char *(*build)(struct lb_arena *arena, const struct lb_call *call, size_t *length);
    const char *content_type;
} families[] = {
    [LB_WIRE_QUERY] = {build_form, "application/x-www-form-urlencoded; charset=utf-8"},
    [LB_WIRE_JSON] = {build_json, "application/x-amz-json-1.1"},
    [LB_WIRE_REST_JSON] = {build_json, "application/json"},
    [LB_WIRE_REST_XML] = {build_xml, "application/xml"},
};

/* --- headers ---------------------------------------------------------------------------------- */
/* S3 takes configuration writes only with a checksum (or Content-MD5) of the body. */
static void add_checksum(struct lb_arena *arena, struct lb_message *out)
{
    unsigned char hash[LB_SHA256_BYTES];
    lb_sha256(out->body, out->body_length, hash);
    lb_map_set_string(arena, out->headers, "x-amz-checksum-sha256",
                      lb_base64(arena, hash, sizeof hash));
}

static void build_headers(struct lb_arena *arena, const struct lb_call *call,
                          struct lb_message *out)
{
    const struct lb_service *service = call->op->service;
    out->headers = lb_value_map(arena);
    for (size_t i = 0; i < lb_value_count(call->headers); i++) {
        const struct lb_entry *entry = lb_map_nth(call->headers, i);
        lb_map_set_string(arena, out->headers, lb_lowercase(arena, entry->key),
                          lb_text(entry->value, NULL));
    }
    const char *type = service->content_type ? service->content_type
                                             : families[service->wire].content_type;
    if (call->raw)
        type = call->raw_type ? call->raw_type : "application/octet-stream";
    /* Without it libcurl would call any body a form, and S3 emulators read it as one. */
    if (out->body || lb_streq(out->method, "POST") || lb_streq(out->method, "PUT"))
        lb_map_default(arena, out->headers, "content-type", lb_value_string(arena, type));
    if (service->target)
        lb_map_set(arena, out->headers, "x-amz-target",
                   lb_value_format(arena, "%s.%s", service->target, call->op->name));
    if (out->body && lb_streq(service->signing, "s3") && !call->op->no_checksum)
        add_checksum(arena, out);
}

void lb_message_build(struct lb_arena *arena, const struct lb_call *call, struct lb_message *out)
{
    check_params(arena, call);
    *out = (struct lb_message){.method = call->op->method};
    out->path = build_path(arena, call);
    out->query = build_query(arena, call);
    if (call->raw) {
        out->body = call->raw;
        out->body_length = call->raw_length;
    } else {
        out->body = families[call->op->service->wire].build(arena, call, &out->body_length);
    }
    build_headers(arena, call, out);
}
