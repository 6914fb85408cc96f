/* chunked.c: the aws-chunked bodies that SDKs stream to S3. Each chunk is signed over the signature
 * before it (STREAMING-AWS4-HMAC-SHA256-PAYLOAD), the last may be followed by trailing checksums,
 * which are signed or not: "Signature calculations for the Authorization header: transferring
 * payload in multiple chunks" and "... with trailing headers" of the S3 API reference.
 */
#include "sandbox/internal.h"

#include "base/digest.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_LINE_MAX 256 /* bytes of "size;chunk-signature=..." or of a trailer */

struct reader {
    const char *at, *end;
};

/* One line without its CRLF; NULL when there is none. Trailers end with LF alone in some SDKs. */
static char *read_line(struct lb_arena *arena, struct reader *reader)
{
    const char *stop = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    if (!stop || stop - reader->at > CHUNK_LINE_MAX) {
        return NULL;
    }
    size_t length = (size_t)(stop - reader->at);
    if (length > 0 && stop[-1] == '\r') {
        length--;
    }
    char *line = lb_arena_strndup(arena, reader->at, length);
    reader->at = stop + 1;
    return line;
}

static const char *sign(struct lb_arena *arena, const struct sb_chunked *params,
                        const char *algorithm, const char *previous, const char *rest)
{
    unsigned char mac[LB_SHA256_BYTES];
    char *hex = lb_arena_alloc(arena, LB_SHA256_HEX);
    char *text = lb_arena_printf(arena, "%s\n%s\n%s\n%s\n%s", algorithm, params->date,
                                 params->scope, previous, rest);
    lb_hmac_sha256(params->key, LB_SHA256_BYTES, text, strlen(text), mac);
    lb_hex(mac, sizeof mac, hex);
    return hex;
}

static const char *chunk_signature(struct lb_arena *arena, const struct sb_chunked *params,
                                   const char *previous, const char *data, size_t length)
{
    char empty[LB_SHA256_HEX], hash[LB_SHA256_HEX];
    lb_sha256_hex("", 0, empty);
    lb_sha256_hex(data, length, hash);
    return sign(arena, params, "AWS4-HMAC-SHA256-PAYLOAD", previous,
                lb_arena_printf(arena, "%s\n%s", empty, hash));
}

static const char *read_trailers(struct lb_arena *arena, const struct sb_chunked *params,
                                 struct reader *reader, const char *previous,
                                 struct lb_value *trailers)
{
    struct lb_str canonical = {0};
    const char *given = NULL;
    while (reader->at < reader->end) {
        char *line = read_line(arena, reader);
        char *colon = line ? strchr(line, ':') : NULL;
        if (line && *line == '\0') {
            continue;
        }
        if (!colon) {
            lb_str_release(&canonical);
            return "a trailer is malformed";
        }
        *colon = '\0';
        char *name = lb_lowercase(arena, line);
        char *value = colon + 1 + strspn(colon + 1, " ");
        if (lb_streq(name, "x-amz-trailer-signature")) {
            given = value;
        } else {
            lb_map_set_string(arena, trailers, name, value);
            lb_str_printf(&canonical, "%s:%s\n", name, value);
        }
    }
    const char *fault = NULL;
    if (params->signed_trailer) {
        char hash[LB_SHA256_HEX];
        lb_sha256_hex(lb_str_text(&canonical), canonical.length, hash);
        const char *right = sign(arena, params, "AWS4-HMAC-SHA256-TRAILER", previous, hash);
        fault = lb_streq(given, right) ? NULL : "the signature of the trailer does not match";
    }
    lb_str_release(&canonical);
    return fault;
}

/* Reads "hex[;chunk-signature=...]" and the bytes. *length is the chunk's. */
static const char *read_chunk(struct lb_arena *arena, const struct sb_chunked *params,
                              struct reader *reader, const char **previous, const char **data,
                              size_t *length)
{
    static const char extension[] = ";chunk-signature=";
    char *line = read_line(arena, reader), *rest;
    if (!line) {
        return "a chunk has no header line";
    }
    unsigned long long size = strtoull(line, &rest, 16);
    if (rest == line || size > (unsigned long long)(reader->end - reader->at)) {
        return "a chunk is shorter than it says";
    }
    *data = reader->at;
    *length = (size_t)size;
    reader->at += size;
    if (params->seed_signature) {
        const char *right = chunk_signature(arena, params, *previous, *data, *length);
        if (!lb_starts_with(rest, extension) || !lb_streq(rest + sizeof extension - 1, right)) {
            return "the signature of a chunk does not match";
        }
        *previous = right;
    }
    return NULL;
}

const char *sb_chunked_decode(struct lb_arena *arena, const struct sb_chunked *params,
                              const char *body, size_t length, struct lb_str *out,
                              struct lb_value *trailers)
{
    struct reader reader = {body, body + length};
    const char *previous = params->seed_signature, *data;
    size_t size = 1;
    while (size > 0) {
        const char *fault = read_chunk(arena, params, &reader, &previous, &data, &size);
        if (fault) {
            return fault;
        }
        lb_str_add(out, data, size);
        if (size > 0 && (reader.end - reader.at < 2 || memcmp(reader.at, "\r\n", 2) != 0)) {
            return "a chunk does not end with CRLF";
        }
        reader.at += size > 0 ? 2 : 0;
    }
    return read_trailers(arena, params, &reader, previous, trailers);
}
