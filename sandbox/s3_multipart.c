/* s3_multipart.c: uploads in parts, and copies. State of an upload, in the bucket's "uploads": Key,
 * Initiated, headers, Tags, parts: number -> {blob, ETag, Size, LastModified}.
 */
#include "sandbox/s3.h"

#include "base/time.h"
#include "base/xml.h"

#include <stdlib.h>
#include <string.h>

#define ID_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_."
#define PART_MIN ((int64_t)5 << 20) /* bytes, of all parts but the last */
#define PART_NUMBER_MAX 10000

static struct lb_value *find_upload(struct s3_call *call)
{
    struct lb_value *upload = lb_map_get(lb_map_get(call->bucket, "uploads"),
                                         s3_query(call, "uploadId"));
    if (!upload || !lb_streq(lb_text_at(upload, "Key", ""), call->key)) {
        s3_fail(call, 404, "NoSuchUpload",
                "The specified upload does not exist. The upload ID may be invalid, or the upload "
                "may have been aborted or completed.");
        return NULL;
    }
    return upload;
}

static void create_upload(struct s3_call *call)
{
    struct lb_arena *keep = call->sandbox->arena;
    struct lb_value *upload = lb_value_map(keep), *result = lb_value_map(call->arena);
    struct lb_value *tags = s3_header_tags(call);
    const char *id = sb_id(call->sandbox, call->arena, ID_LETTERS, 64);
    lb_map_set_string(keep, upload, "Key", call->key);
    lb_map_set_int(keep, upload, "Initiated", sb_now(call->sandbox));
    lb_map_set(keep, upload, "headers", s3_object_headers(call));
    lb_map_map(keep, upload, "parts");
    if (tags) {
        lb_map_set(keep, upload, "Tags", tags);
    }
    lb_map_set(keep, lb_map_map(keep, call->bucket, "uploads"), id, upload);
    lb_map_set_string(call->arena, result, "Bucket", call->name);
    lb_map_set_string(call->arena, result, "Key", call->key);
    lb_map_set_string(call->arena, result, "UploadId", id);
    sb_reply_xml(call->response, 200, "InitiateMultipartUploadResult", S3_XMLNS, result);
}

static struct lb_value *store_part(struct s3_call *call, struct lb_value *upload, const void *bytes,
                                   size_t length)
{
    struct lb_arena *keep = call->sandbox->arena;
    int64_t number = lb_int(lb_map_get(call->request->query, "partNumber"), 0);
    if (number < 1 || number > PART_NUMBER_MAX) {
        s3_fail(call, 400, "InvalidArgument",
                "Part number must be an integer between 1 and 10000, inclusive");
        return NULL;
    }
    struct lb_value *part = s3_version_new(call->sandbox, bytes, length);
    lb_map_set_int(keep, part, "LastModified", sb_now(call->sandbox));
    lb_map_set(keep, lb_map_map(keep, upload, "parts"),
               lb_arena_printf(call->arena, "%d", (int)number), part);
    return part;
}

static void upload_part(struct s3_call *call)
{
    struct lb_value *upload = find_upload(call);
    struct lb_value *checksums = lb_value_map(call->sandbox->arena);
    if (!upload || !s3_check_digests(call, false, checksums)) {
        return;
    }
    const struct lb_value *part = store_part(call, upload, call->request->body,
                                             call->request->body_length);
    s3_reply_header(call, "ETag", lb_text_at(part, "ETag", NULL));
    for (size_t i = 0; part && i < lb_value_count(checksums); i++) {
        const struct lb_entry *entry = lb_map_nth(checksums, i);
        s3_reply_header(call, entry->key, lb_text(entry->value, ""));
    }
}

/* --- completing
 * -------------------------------------------------------------------------------------- */

static bool same_etag(const char *a, const char *b)
{
    a += *a == '"';
    b += *b == '"';
    size_t length = strcspn(a, "\"");
    return length == strcspn(b, "\"") && strncmp(a, b, length) == 0;
}

/* Checks the list the client names, joins the bytes and collects the ETags. */
static bool join_parts(struct s3_call *call, const struct lb_value *upload,
                       const struct lb_value *named, struct lb_str *bytes, struct lb_value *etags)
{
    int64_t before = 0;
    size_t count = lb_xml_count(named);
    for (size_t i = 0; i < count; i++) {
        const struct lb_value *item = lb_xml_item(named, i);
        int64_t number = lb_int_at(item, "PartNumber", 0);
        const struct lb_value *part = lb_map_get(
            lb_map_get(upload, "parts"), lb_arena_printf(call->arena, "%lld", (long long)number));
        if (!part || !same_etag(lb_text_at(item, "ETag", ""), lb_text_at(part, "ETag", ""))) {
            s3_fail(call, 400, "InvalidPart",
                    "One or more of the specified parts could not be found.");
            return false;
        }
        if (number <= before) {
            s3_fail(call, 400, "InvalidPartOrder", "The list of parts was not in ascending order.");
            return false;
        }
        if (i + 1 < count && lb_int_at(part, "Size", 0) < PART_MIN) {
            s3_fail(call, 400, "EntityTooSmall",
                    "Your proposed upload is smaller than the minimum allowed size");
            return false;
        }
        size_t length = 0;
        const void *data = sb_blob_get(call->sandbox, lb_text_at(part, "blob", ""), &length);
        lb_str_add(bytes, data ? data : "", length);
        lb_list_add_string(call->arena, etags, lb_text_at(part, "ETag", ""));
        before = number;
    }
    return true;
}

static void finish_upload(struct s3_call *call, const struct lb_value *upload,
                          const struct lb_str *bytes, const struct lb_value *etags)
{
    struct lb_arena *keep = call->sandbox->arena;
    struct lb_value *version = s3_version_new(call->sandbox, lb_str_text(bytes), bytes->length);
    struct lb_value *result = lb_value_map(call->arena);
    lb_map_set_string(keep, version, "ETag", s3_multipart_etag(call->arena, etags));
    lb_map_set(keep, version, "headers", lb_value_copy(keep, lb_map_get(upload, "headers")));
    if (lb_map_get(upload, "Tags")) {
        lb_map_set(keep, version, "Tags", lb_value_copy(keep, lb_map_get(upload, "Tags")));
    }
    lb_map_remove(lb_map_get(call->bucket, "uploads"), s3_query(call, "uploadId"));
    s3_version_add(call->sandbox, call->name, call->key, version);
    lb_map_set(call->arena, result, "Location",
               lb_value_format(call->arena, "http://%s/%s/%s", call->request->host, call->name,
                               call->key));
    lb_map_set_string(call->arena, result, "Bucket", call->name);
    lb_map_set_string(call->arena, result, "Key", call->key);
    lb_map_set_string(call->arena, result, "ETag", lb_text_at(version, "ETag", ""));
    sb_reply_xml(call->response, 200, "CompleteMultipartUploadResult", S3_XMLNS, result);
    s3_reply_version(call, version);
}

static void complete_upload(struct s3_call *call)
{
    const struct lb_value *upload = find_upload(call);
    const struct lb_value *body = upload ? s3_body(call, "CompleteMultipartUpload") : NULL;
    const struct lb_value *named = lb_map_get(body, "Part");
    struct lb_value *etags = lb_value_list(call->arena);
    struct lb_str bytes;
    if (!body || !s3_write_allowed(call)) {
        return;
    }
    if (lb_xml_count(named) == 0) {
        s3_fail(call, 400, "MalformedXML", "You must specify at least one part");
        return;
    }
    lb_str_init(&bytes, (size_t)4 << 30);
    if (join_parts(call, upload, named, &bytes, etags)) {
        finish_upload(call, upload, &bytes, etags);
    }
    lb_str_release(&bytes);
}

static void abort_upload(struct s3_call *call)
{
    if (find_upload(call)) {
        lb_map_remove(lb_map_get(call->bucket, "uploads"), s3_query(call, "uploadId"));
        call->response->status = 204;
    }
}

static void list_parts(struct s3_call *call)
{
    const struct lb_value *upload = find_upload(call);
    const struct lb_value *parts = lb_map_get(upload, "parts");
    struct lb_value *result = lb_value_map(call->arena), *list = lb_value_list(call->arena);
    if (!upload) {
        return;
    }
    for (int number = 1; lb_value_count(list) < lb_value_count(parts) && number <= PART_NUMBER_MAX;
         number++) {
        const struct lb_value *part = lb_map_get(parts, lb_arena_printf(call->arena, "%d", number));
        if (part) {
            struct lb_value *item = lb_value_map(call->arena);
            lb_map_set_int(call->arena, item, "PartNumber", number);
            lb_map_set_string(call->arena, item, "LastModified",
                              lb_time_format(call->arena, lb_int_at(part, "LastModified", 0)));
            lb_map_set_string(call->arena, item, "ETag", lb_text_at(part, "ETag", ""));
            lb_map_set_int(call->arena, item, "Size", lb_int_at(part, "Size", 0));
            lb_list_add(call->arena, list, item);
        }
    }
    lb_map_set_string(call->arena, result, "Bucket", call->name);
    lb_map_set_string(call->arena, result, "Key", call->key);
    lb_map_set_string(call->arena, result, "UploadId", s3_query(call, "uploadId"));
    lb_map_set_bool(call->arena, result, "IsTruncated", false);
    lb_map_set(call->arena, result, "Part", list);
    sb_reply_xml(call->response, 200, "ListPartsResult", S3_XMLNS, result);
}

/* --- copying
 * ----------------------------------------------------------------------------------------- */

/* x-amz-copy-source: "/bucket/key?versionId=id", percent-encoded. NULL after an error was answered.
 */
static struct lb_value *copy_source(struct s3_call *call)
{
    char *source = lb_arena_strdup(call->arena, s3_header(call, "x-amz-copy-source"));
    char *query = strstr(source, "?versionId=");
    if (query) {
        *query = '\0';
    }
    char *name = lb_percent_decode(call->arena, source + (*source == '/'));
    char *key = strchr(name, '/');
    if (key) {
        *key++ = '\0';
    }
    const struct lb_value *bucket = s3_bucket(call->sandbox, name);
    if (!bucket || !key) {
        s3_fail(call, 404, "NoSuchBucket", "The specified bucket does not exist");
        return NULL;
    }
    struct lb_value *version = query
                                   ? s3_version_find(bucket, key, query + sizeof "?versionId=" - 1)
                                   : s3_newest(bucket, key);
    if (!version || s3_is_marker(version)) {
        s3_fail(call, 404, "NoSuchKey", "The specified key does not exist.");
        return NULL;
    }
    return version;
}

static void reply_copy(struct s3_call *call, const char *root, const struct lb_value *made)
{
    struct lb_value *result = lb_value_map(call->arena);
    lb_map_set_string(call->arena, result, "LastModified",
                      lb_time_format(call->arena, lb_int_at(made, "LastModified", 0)));
    lb_map_set_string(call->arena, result, "ETag", lb_text_at(made, "ETag", ""));
    sb_reply_xml(call->response, 200, root, S3_XMLNS, result);
}

static void copy_object(struct s3_call *call)
{
    struct lb_arena *keep = call->sandbox->arena;
    const struct lb_value *source = copy_source(call);
    size_t length = 0;
    bool fresh = lb_streq(s3_header(call, "x-amz-metadata-directive"), "REPLACE");
    if (!source || !s3_write_allowed(call)) {
        return;
    }
    if (source == s3_newest(call->bucket, call->key) && !fresh &&
        !s3_header(call, "x-amz-storage-class")) {
        s3_fail(call, 400, "InvalidRequest",
                "This copy request is illegal because it is trying to copy an object to itself "
                "without changing the object's metadata, storage class, website redirect location "
                "or encryption attributes.");
        return;
    }
    const void *bytes = sb_blob_get(call->sandbox, lb_text_at(source, "blob", ""), &length);
    struct lb_value *version = s3_version_new(call->sandbox, bytes, length);
    const struct lb_value *tags = lb_streq(s3_header(call, "x-amz-tagging-directive"), "REPLACE")
                                      ? s3_header_tags(call)
                                      : lb_map_get(source, "Tags");
    const struct lb_value *headers = fresh ? s3_object_headers(call)
                                           : lb_map_get(source, "headers");
    lb_map_set(keep, version, "headers",
               headers ? lb_value_copy(keep, headers) : lb_value_map(keep));
    lb_map_set_string(keep, lb_map_get(version, "headers"), "x-amz-storage-class",
                      s3_header(call, "x-amz-storage-class"));
    if (tags) {
        lb_map_set(keep, version, "Tags", lb_value_copy(keep, tags));
    }
    if (lb_map_get(source, "checksums")) {
        lb_map_set(keep, version, "checksums",
                   lb_value_copy(keep, lb_map_get(source, "checksums")));
    }
    s3_version_add(call->sandbox, call->name, call->key, version);
    s3_reply_header(call, "x-amz-copy-source-version-id", lb_text_at(source, "VersionId", NULL));
    s3_reply_version(call, version);
    reply_copy(call, "CopyObjectResult", version);
}

static void copy_part(struct s3_call *call)
{
    struct lb_value *upload = find_upload(call);
    const struct lb_value *source = upload ? copy_source(call) : NULL;
    size_t length = 0;
    if (!source) {
        return;
    }
    const char *bytes = sb_blob_get(call->sandbox, lb_text_at(source, "blob", ""), &length);
    const char *range = s3_header(call, "x-amz-copy-source-range");
    size_t from = 0, end = length;
    if (range && lb_starts_with(range, "bytes=")) {
        char *dash;
        from = (size_t)strtoull(range + 6, &dash, 10);
        end = *dash == '-' ? (size_t)strtoull(dash + 1, NULL, 10) + 1 : length;
    }
    if (!bytes || end > length || from >= end) {
        s3_fail(call, 416, "InvalidRange", "The requested range is not satisfiable");
        return;
    }
    const struct lb_value *part = store_part(call, upload, bytes + from, end - from);
    if (part) {
        reply_copy(call, "CopyPartResult", part);
    }
}

const struct s3_operation s3_multipart_operations[] = {
    {S3_OBJECT, "POST", "uploads", NULL, "CreateMultipartUpload", true, false, create_upload},
    {S3_OBJECT, "PUT", "uploadId", "x-amz-copy-source", "UploadPartCopy", true, false, copy_part},
    {S3_OBJECT, "PUT", "uploadId", NULL, "UploadPart", true, false, upload_part},
    {S3_OBJECT, "POST", "uploadId", NULL, "CompleteMultipartUpload", true, false, complete_upload},
    {S3_OBJECT, "DELETE", "uploadId", NULL, "AbortMultipartUpload", true, false, abort_upload},
    {S3_OBJECT, "GET", "uploadId", NULL, "ListParts", false, false, list_parts},
    {S3_OBJECT, "PUT", NULL, "x-amz-copy-source", "CopyObject", true, false, copy_object},
    {S3_OBJECT, NULL, NULL, NULL, NULL, false, false, NULL},
};
