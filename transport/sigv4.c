/* sigv4.c: the signer. Pure: no clock, no environment, no sockets. Both sides use it: the loop
 * signs with it, the sandbox checks with it.
 *
 * Paths and queries arrive as they will be sent. The encoding of a query, and of an S3 path, is
 * brought to the one form that the service computes itself (unreserved bytes plain, everything else
 * %XX in upper case), so that "%2f" and "*" sign as AWS reads them. All other services take the
 * path as sent, without dot segments, and encode it once more.
 */
#include "transport/sigv4.h"

#include "base/str.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

#define ALGORITHM "AWS4-HMAC-SHA256"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Encodes what is not encoded and re-encodes what is: the same bytes in canonical form. An encoded
 * slash stays encoded, a plain one stays plain when keep_slash. */
static void add_canonical(struct lb_str *out, const char *text, size_t length, bool keep_slash)
{
    for (size_t i = 0; i < length; i++) {
        char byte = text[i];
        bool encoded = byte == '%' && i + 2 < length && hex_digit(text[i + 1]) >= 0 &&
                       hex_digit(text[i + 2]) >= 0;
        if (encoded) {
            byte = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        }
        lb_str_percent_encode(out, &byte, 1, keep_slash && !encoded);
    }
}

/* RFC 3986 dot segments, and empty segments with them, as the AWS services do it. */
static void add_normalised(struct lb_str *out, const char *path)
{
    const char *at = path;
    bool trailing = false;
    while (*at) {
        size_t length = strcspn(at, "/");
        bool dot = length == 1 && at[0] == '.', up = length == 2 && at[0] == '.' && at[1] == '.';
        trailing = length == 0 || dot || up;
        if (up) {
            while (out->length > 0 && out->data[out->length - 1] != '/')
                out->data[--out->length] = '\0';
            if (out->length > 0)
                out->data[--out->length] = '\0';
        } else if (length > 0 && !dot) {
            lb_str_putc(out, '/');
            lb_str_add(out, at, length);
        }
        at += length;
        if (*at == '/') {
            at++;
            trailing = true;
        }
    }
    if (out->length == 0 || (trailing && path[strlen(path) - 1] == '/'))
        lb_str_putc(out, '/');
}

static void add_path(struct lb_str *out, const char *service, const char *path)
{
    if (!*path)
        path = "/";
    if (lb_streq(service, "s3")) {
        add_canonical(out, path, strlen(path), true);
        return;
    }
    struct lb_str clean = {0};
    add_normalised(&clean, path);
    lb_str_percent_encode(out, lb_str_text(&clean), clean.length, true);
    lb_str_release(&clean);
}

struct pair {
    const char *name, *value;
};

static int pair_compare(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->value, y->value);
}

static const char *canonical_text(struct lb_arena *arena, const char *text, size_t length)
{
    struct lb_str out = {0};
    add_canonical(&out, text, length, false);
    return lb_str_take(&out, arena);
}

static void add_query(struct lb_str *out, struct lb_arena *arena, const char *query)
{
    struct pair *pairs = NULL;
    size_t count = 0, capacity = 0;
    while (*query) {
        size_t length = strcspn(query, "&"), name = 0;
        while (name < length && query[name] != '=')
            name++;
        if (length > 0) {
            size_t value = name < length ? name + 1 : length;
            pairs = lb_arena_grow(arena, pairs, count, count + 1, sizeof *pairs, &capacity);
            pairs[count++] = (struct pair){
                canonical_text(arena, query, name),
                canonical_text(arena, query + value, length - value),
            };
        }
        query += length;
        if (*query)
            query++;
    }
    if (count > 1)
        qsort(pairs, count, sizeof *pairs, pair_compare);
    for (size_t i = 0; i < count; i++)
        lb_str_printf(out, "%s%s=%s", i ? "&" : "", pairs[i].name, pairs[i].value);
}

/* Leading and trailing white space goes, runs of it become one space. */
static void add_trimmed(struct lb_str *out, const char *text)
{
    static const char space[] = " \t\r\n\f\v";
    for (bool begun = false;; begun = true) {
        text += strspn(text, space);
        size_t length = strcspn(text, space);
        if (length == 0)
            return;
        if (begun)
            lb_str_putc(out, ' ');
        lb_str_add(out, text, length);
        text += length;
    }
}

/* Header names, sorted, and for each its value: a list is a header sent more than once. */
static struct pair *sorted_headers(struct lb_arena *arena, const struct lb_value *headers,
                                   size_t *count)
{
    *count = lb_value_count(headers);
    struct pair *pairs = lb_arena_array(arena, *count ? *count : 1, sizeof *pairs);
    for (size_t i = 0; i < *count; i++) {
        const struct lb_entry *entry = lb_map_nth(headers, i);
        struct lb_str value = {0};
        if (lb_is(entry->value, LB_LIST)) {
            for (size_t k = 0; k < lb_value_count(entry->value); k++) {
                if (k)
                    lb_str_putc(&value, ',');
                add_trimmed(&value, lb_text(lb_list_item(entry->value, k), ""));
            }
        } else {
            add_trimmed(&value, lb_text(entry->value, ""));
        }
        pairs[i] = (struct pair){lb_lowercase(arena, entry->key), lb_str_take(&value, arena)};
    }
    if (*count > 1)
        qsort(pairs, *count, sizeof *pairs, pair_compare);
    return pairs;
}

static void add_names(struct lb_str *out, const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            lb_str_putc(out, ';');
        lb_str_puts(out, pairs[i].name);
    }
}

static void add_canonical_request(struct lb_str *out, struct lb_arena *arena,
                                  const struct lb_sigv4 *params,
                                  const struct lb_sigv4_request *request, const struct pair *pairs,
                                  size_t count)
{
    lb_str_puts(out, request->method);
    lb_str_putc(out, '\n');
    add_path(out, params->service, request->path);
    lb_str_putc(out, '\n');
    add_query(out, arena, request->query ? request->query : "");
    lb_str_putc(out, '\n');
    for (size_t i = 0; i < count; i++) {
        lb_str_puts(out, pairs[i].name);
        lb_str_putc(out, ':');
        lb_str_puts(out, pairs[i].value);
        lb_str_putc(out, '\n');
    }
    lb_str_putc(out, '\n');
    add_names(out, pairs, count);
    lb_str_putc(out, '\n');
    lb_str_puts(out, request->payload_hash);
}

const char *lb_sigv4_canonical(struct lb_arena *arena, const struct lb_sigv4 *params,
                               const struct lb_sigv4_request *request)
{
    struct lb_str out = {0};
    size_t count;
    const struct pair *pairs = sorted_headers(arena, request->headers, &count);
    add_canonical_request(&out, arena, params, request, pairs, count);
    return lb_str_take(&out, arena);
}

static const char *scope(struct lb_arena *arena, const struct lb_sigv4 *params)
{
    char at[17];
    lb_time_amz(params->at, at);
    return lb_arena_printf(arena, "%.8s/%s/%s/aws4_request", at, params->region, params->service);
}

const char *lb_sigv4_string_to_sign(struct lb_arena *arena, const struct lb_sigv4 *params,
                                    const char *canonical)
{
    char at[17], hash[LB_SHA256_HEX];
    lb_time_amz(params->at, at);
    lb_sha256_hex(canonical, strlen(canonical), hash);
    return lb_arena_printf(arena, ALGORITHM "\n%s\n%s\n%s", at, scope(arena, params), hash);
}

void lb_sigv4_key(const struct lb_sigv4 *params, unsigned char out[LB_SHA256_BYTES])
{
    char at[17];
    unsigned char first[4 + 1024]; /* "AWS4" + secret; longer secrets do not exist */
    lb_time_amz(params->at, at);
    size_t length = strlen(params->secret_key);
    if (length > sizeof first - 4)
        length = sizeof first - 4;
    memcpy(first, "AWS4", 4);
    memcpy(first + 4, params->secret_key, length);
    lb_hmac_sha256(first, 4 + length, at, 8, out);
    lb_wipe(first, sizeof first);
    const char *const parts[] = {params->region, params->service, "aws4_request"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        unsigned char next[LB_SHA256_BYTES];
        lb_hmac_sha256(out, LB_SHA256_BYTES, parts[i], strlen(parts[i]), next);
        memcpy(out, next, sizeof next);
        lb_wipe(next, sizeof next);
    }
}

const char *lb_sigv4_signature(struct lb_arena *arena, const struct lb_sigv4 *params,
                               const char *string_to_sign)
{
    unsigned char key[LB_SHA256_BYTES], mac[LB_SHA256_BYTES];
    char *hex = lb_arena_alloc(arena, LB_SHA256_HEX);
    if (!params->key)
        lb_sigv4_key(params, key);
    lb_hmac_sha256(params->key ? params->key : key, sizeof key, string_to_sign,
                   strlen(string_to_sign), mac);
    lb_wipe(key, sizeof key);
    lb_hex(mac, sizeof mac, hex);
    return hex;
}

void lb_sigv4_sign(struct lb_arena *arena, const struct lb_sigv4 *params, const char *method,
                   const char *path, const char *query, struct lb_value *headers, const void *body,
                   size_t body_length)
{
    char at[17], hash[LB_SHA256_HEX];
    lb_time_amz(params->at, at);
    lb_sha256_hex(body ? body : "", body ? body_length : 0, hash);
    lb_map_set_string(arena, headers, "x-amz-date", at);
    lb_map_set_string(arena, headers, "x-amz-content-sha256", hash);
    if (params->session_token && *params->session_token)
        lb_map_set_string(arena, headers, "x-amz-security-token", params->session_token);
    const struct lb_sigv4_request request = {method, path, query, headers, hash};
    struct lb_str canonical = {0}, names = {0};
    size_t count;
    const struct pair *pairs = sorted_headers(arena, headers, &count);
    add_canonical_request(&canonical, arena, params, &request, pairs, count);
    add_names(&names, pairs, count);
    const char *to_sign = lb_sigv4_string_to_sign(arena, params, lb_str_text(&canonical));
    struct lb_value *authorization = lb_value_format(
        arena, ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s", params->access_key,
        scope(arena, params), lb_str_text(&names), lb_sigv4_signature(arena, params, to_sign));
    lb_str_release(&canonical);
    lb_str_release(&names);
    lb_map_set(arena, headers, "authorization", authorization);
}
