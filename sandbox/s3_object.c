/* s3_object.c: objects: put, get, head, delete, tags, ACL. */
#include "sandbox/s3.h"

#include "base/time.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX 1024 /* bytes, as S3 has it */

/* Kept with the object and given back as they came. */
static const char *const kept_headers[] = {"content-type",
                                           "content-encoding",
                                           "content-disposition",
                                           "content-language",
                                           "cache-control",
                                           "expires",
                                           "x-amz-storage-class",
                                           "x-amz-website-redirect-location",
                                           "x-amz-server-side-encryption",
                                           "x-amz-server-side-encryption-aws-kms-key-id"};

struct lb_value *s3_object_headers(struct s3_call *call)
{
    struct lb_arena *keep = call->sandbox->arena;
    struct lb_value *out = lb_value_map(keep);
    const struct lb_value *sent = call->request->headers;
    for (size_t i = 0; i < sizeof kept_headers / sizeof *kept_headers; i++) {
        lb_map_set_string(keep, out, kept_headers[i],
                          lb_text(lb_map_get(sent, kept_headers[i]), NULL));
    }
    const char *encoding = lb_text_at(out, "content-encoding", "");
    if (lb_starts_with(encoding, "aws-chunked")) {
        /* Of the transfer, not of the object; a real encoding stands behind the comma. */
        lb_map_remove(out, "content-encoding");
        encoding += sizeof "aws-chunked" - 1;
        encoding += strspn(encoding, ", ");
        lb_map_set_string(keep, out, "content-encoding", *encoding ? encoding : NULL);
    }
    for (size_t i = 0; i < lb_value_count(sent); i++) {
        const struct lb_entry *entry = lb_map_nth(sent, i);
        if (lb_starts_with(entry->key, "x-amz-meta-")) {
            lb_map_set_string(keep, out, entry->key, lb_text(entry->value, ""));
        }
    }
    return out;
}

struct lb_value *s3_header_tags(struct s3_call *call)
{
    struct lb_arena *keep = call->sandbox->arena;
    const char *at = s3_header(call, "x-amz-tagging");
    if (!at) {
        return NULL;
    }
    struct lb_value *tags = lb_value_list(keep);
    while (*at) {
        size_t length = strcspn(at, "&");
        char *pair = lb_arena_strndup(call->arena, at, length);
        char *equals = strchr(pair, '=');
        if (equals) {
            *equals = '\0';
        }
        struct lb_value *tag = lb_value_map(keep);
        lb_map_set_string(keep, tag, "Key", lb_percent_decode(call->arena, pair));
        lb_map_set_string(keep, tag, "Value",
                          equals ? lb_percent_decode(call->arena, equals + 1) : "");
        lb_list_add(keep, tags, tag);
        at += length + (at[length] == '&');
    }
    return tags;
}

static bool etag_matches(const char *wanted, const char *etag)
{
    size_t length = strlen(etag);
    if (lb_streq(wanted, "*") || lb_streq(wanted, etag)) {
        return true;
    }
    return length > 2 && strlen(wanted) == length - 2 && strncmp(wanted, etag + 1, length - 2) == 0;
}

bool s3_write_allowed(struct s3_call *call)
{
    const struct lb_value *now = s3_newest(call->bucket, call->key);
    const char *match = s3_header(call, "if-match");
    const char *none = s3_header(call, "if-none-match");
    bool exists = now && !s3_is_marker(now);
    if (match && !exists) {
        s3_fail(call, 404, "NoSuchKey", "The specified key does not exist.");
        return false;
    }
    if ((match && !etag_matches(match, lb_text_at(now, "ETag", ""))) || (none && exists)) {
        s3_fail(call, 412, "PreconditionFailed",
                "At least one of the pre-conditions you specified did not hold");
        return false;
    }
    return true;
}

void s3_reply_version(struct s3_call *call, const struct lb_value *version)
{
    const char *id = lb_text_at(version, "VersionId", "");
    if (*s3_versioning(call->bucket)) {
        s3_reply_header(call, "x-amz-version-id", id);
    }
    if (s3_is_marker(version)) {
        s3_reply_header(call, "x-amz-delete-marker", "true");
    }
}

static void reply_checksums(struct s3_call *call, const struct lb_value *version)
{
    const struct lb_value *checksums = lb_map_get(version, "checksums");
    for (size_t i = 0; i < lb_value_count(checksums); i++) {
        const struct lb_entry *entry = lb_map_nth(checksums, i);
        s3_reply_header(call, entry->key, lb_text(entry->value, ""));
        s3_reply_header(call, "x-amz-checksum-type", "FULL_OBJECT");
    }
}

static void reply_encryption(struct s3_call *call, const struct lb_value *version)
{
    const char *kind = lb_text(
        lb_map_get(lb_map_get(version, "headers"), "x-amz-server-side-encryption"), "AES256");
    s3_reply_header(call, "x-amz-server-side-encryption", kind);
}

static void put_object(struct s3_call *call)
{
    struct lb_arena *keep = call->sandbox->arena;
    struct lb_value *checksums = lb_value_map(keep);
    if (strlen(call->key) > KEY_MAX) {
        s3_fail(call, 400, "KeyTooLongError", "Your key is too long");
        return;
    }
    if (!s3_check_digests(call, false, checksums) || !s3_write_allowed(call)) {
        return;
    }
    struct lb_value *version = s3_version_new(call->sandbox, call->request->body,
                                              call->request->body_length);
    struct lb_value *tags = s3_header_tags(call);
    lb_map_set(keep, version, "headers", s3_object_headers(call));
    lb_map_set(keep, version, "checksums", checksums);
    if (tags) {
        lb_map_set(keep, version, "Tags", tags);
    }
    s3_version_add(call->sandbox, call->name, call->key, version);
    s3_reply_header(call, "ETag", lb_text_at(version, "ETag", ""));
    s3_reply_version(call, version);
    reply_encryption(call, version);
    reply_checksums(call, version);
}

/* The version that a read is about; NULL after an error was answered. */
static struct lb_value *wanted_version(struct s3_call *call)
{
    const char *id = s3_query(call, "versionId");
    struct lb_value *version = id ? s3_version_find(call->bucket, call->key, id)
                                  : s3_newest(call->bucket, call->key);
    if (!version) {
        s3_fail(call, 404, id ? "NoSuchVersion" : "NoSuchKey",
                id ? "The specified version does not exist." : "The specified key does not exist.");
        return NULL;
    }
    if (s3_is_marker(version)) {
        s3_reply_version(call, version);
        s3_fail(call, id ? 405 : 404, id ? "MethodNotAllowed" : "NoSuchKey",
                id ? "The specified method is not allowed against this resource."
                   : "The specified key does not exist.");
        return NULL;
    }
    return version;
}

static bool read_allowed(struct s3_call *call, const struct lb_value *version)
{
    const char *etag = lb_text_at(version, "ETag", "");
    const char *match = s3_header(call, "if-match");
    const char *none = s3_header(call, "if-none-match");
    if (match && !etag_matches(match, etag)) {
        s3_fail(call, 412, "PreconditionFailed",
                "At least one of the pre-conditions you specified did not hold");
        return false;
    }
    if (none && etag_matches(none, etag)) {
        call->response->status = 304;
        s3_reply_header(call, "ETag", etag);
        return false;
    }
    return true;
}

static void reply_headers(struct s3_call *call, const struct lb_value *version)
{
    const struct lb_value *headers = lb_map_get(version, "headers");
    const char *rule = NULL;
    call->response->content_type = "binary/octet-stream";
    reply_encryption(call, version);
    for (size_t i = 0; i < lb_value_count(headers); i++) {
        const struct lb_entry *entry = lb_map_nth(headers, i);
        const char *text = lb_text(entry->value, "");
        if (lb_streq(entry->key, "content-type")) {
            call->response->content_type = lb_arena_strdup(call->arena, text);
        } else if (!lb_streq(entry->key, "x-amz-storage-class") || !lb_streq(text, "STANDARD")) {
            s3_reply_header(call, entry->key, text);
        }
    }
    s3_reply_header(call, "ETag", lb_text_at(version, "ETag", ""));
    s3_reply_header(call, "Last-Modified",
                    s3_http_date(call->arena, lb_int_at(version, "LastModified", 0)));
    s3_reply_header(call, "accept-ranges", "bytes");
    s3_reply_header(call, "x-amz-replication-status", lb_text_at(version, "replication", NULL));
    size_t tags = lb_value_count(lb_map_get(version, "Tags"));
    if (tags > 0) {
        s3_reply_header(call, "x-amz-tagging-count", lb_arena_printf(call->arena, "%zu", tags));
    }
    int64_t expires = s3_expires(call->bucket, call->key, version, &rule);
    if (expires > 0) {
        s3_reply_header(call, "x-amz-expiration",
                        lb_arena_printf(call->arena, "expiry-date=\"%s\", rule-id=\"%s\"",
                                        s3_http_date(call->arena, expires), rule));
    }
    if (s3_header(call, "x-amz-checksum-mode") && call->response->status == 200) {
        reply_checksums(call, version);
    }
    s3_reply_version(call, version);
}

/* "bytes=A-B", "bytes=A-", "bytes=-N". False after 416 was answered; no range leaves all. */
static bool take_range(struct s3_call *call, size_t *from, size_t *length)
{
    const char *range = s3_header(call, "range");
    size_t size = *length;
    char *end;
    if (!range || !lb_starts_with(range, "bytes=") || strchr(range, ',')) {
        return true;
    }
    range += 6;
    unsigned long long first = strtoull(range, &end, 10), last = size - 1;
    if (*range == '-') {
        unsigned long long tail = strtoull(range + 1, NULL, 10);
        first = tail > size ? 0 : size - tail;
    } else if (end[0] == '-' && end[1]) {
        unsigned long long asked = strtoull(end + 1, NULL, 10);
        last = asked < last ? asked : last;
    }
    if (size == 0 || first >= size || last < first) {
        s3_fail(call, 416, "InvalidRange", "The requested range is not satisfiable");
        return false;
    }
    *from = (size_t)first;
    *length = (size_t)(last - first + 1);
    call->response->status = 206;
    s3_reply_header(call, "Content-Range",
                    lb_arena_printf(call->arena, "bytes %llu-%llu/%zu", first, last, size));
    return true;
}

static bool is_archived(const struct lb_value *version)
{
    const char *class = lb_text_at(version, "headers/x-amz-storage-class", "");
    return lb_streq(class, "GLACIER") || lb_streq(class, "DEEP_ARCHIVE");
}

static void get_object(struct s3_call *call)
{
    struct lb_value *version = wanted_version(call);
    size_t length = 0, from = 0;
    if (!version || !read_allowed(call, version)) {
        return;
    }
    if (is_archived(version) && lb_streq(call->request->method, "GET")) {
        s3_fail(call, 403, "InvalidObjectState",
                "The operation is not valid for the object's storage class");
        return;
    }
    const char *bytes = sb_blob_get(call->sandbox, lb_text_at(version, "blob", ""), &length);
    if (!take_range(call, &from, &length)) {
        return;
    }
    reply_headers(call, version);
    if (bytes) {
        lb_str_add(&call->response->body, bytes + from, length);
    }
}

static void delete_object(struct s3_call *call)
{
    const char *id = s3_query(call, "versionId");
    call->response->status = 204;
    if (!id) {
        if (!s3_header(call, "if-match") || s3_write_allowed(call)) {
            const struct lb_value *marker = s3_delete(call->sandbox, call->name, call->key, false);
            if (marker) {
                s3_reply_version(call, marker);
            }
        }
        return;
    }
    const struct lb_value *version = s3_version_find(call->bucket, call->key, id);
    s3_reply_header(call, "x-amz-version-id", id);
    if (version) {
        s3_reply_version(call, version);
        s3_version_drop(call->sandbox, call->bucket, call->key, id);
    }
}

static void get_tagging(struct s3_call *call)
{
    const struct lb_value *version = wanted_version(call);
    if (version) {
        const struct lb_value *tags = lb_map_get(version, "Tags");
        struct lb_value *set = lb_value_map(call->arena), *body = lb_value_map(call->arena);
        lb_map_set(call->arena, set, "Tag",
                   tags ? lb_value_copy(call->arena, tags) : lb_value_list(call->arena));
        lb_map_set(call->arena, body, "TagSet", set);
        sb_reply_xml(call->response, 200, "Tagging", S3_XMLNS, body);
        s3_reply_version(call, version);
    }
}

static void put_tagging(struct s3_call *call)
{
    struct lb_arena *keep = call->sandbox->arena;
    struct lb_value *version = wanted_version(call);
    struct lb_value *body = version ? s3_body(call, "Tagging") : NULL;
    if (!body) {
        return;
    }
    const struct lb_value *given = lb_value_at(body, "TagSet/Tag");
    struct lb_value *tags = lb_value_list(keep);
    if (lb_is(given, LB_MAP)) {
        lb_list_add(keep, tags, lb_value_copy(keep, given));
    }
    for (size_t i = 0; lb_is(given, LB_LIST) && i < lb_value_count(given); i++) {
        lb_list_add(keep, tags, lb_value_copy(keep, lb_list_item(given, i)));
    }
    if (lb_value_count(tags) > 10) {
        s3_fail(call, 400, "BadRequest", "Object tags cannot be greater than 10");
        return;
    }
    lb_map_set(keep, version, "Tags", tags);
    s3_reply_version(call, version);
}

static void delete_tagging(struct s3_call *call)
{
    struct lb_value *version = wanted_version(call);
    if (version) {
        lb_map_remove(version, "Tags");
        call->response->status = 204;
        s3_reply_version(call, version);
    }
}

const struct s3_operation s3_object_operations[] = {
    {S3_OBJECT, "GET", "tagging", NULL, "GetObjectTagging", false, false, get_tagging},
    {S3_OBJECT, "PUT", "tagging", NULL, "PutObjectTagging", true, true, put_tagging},
    {S3_OBJECT, "DELETE", "tagging", NULL, "DeleteObjectTagging", true, false, delete_tagging},
    {S3_OBJECT, "GET", NULL, NULL, "GetObject", false, false, get_object},
    {S3_OBJECT, "HEAD", NULL, NULL, "HeadObject", false, false, get_object},
    {S3_OBJECT, "PUT", NULL, NULL, "PutObject", true, false, put_object},
    {S3_OBJECT, "DELETE", NULL, NULL, "DeleteObject", true, false, delete_object},
    {S3_OBJECT, NULL, NULL, NULL, NULL, false, false, NULL},
};
