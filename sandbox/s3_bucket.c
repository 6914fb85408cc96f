/* s3_bucket.c: buckets: making, listing, deleting, and the delete of many objects at once. */
#include "sandbox/s3.h"

#include "base/time.h"
#include "base/xml.h"

#include <string.h>

#define DELETE_MAX 1000 /* keys of one DeleteObjects */

static struct lb_value *owner(struct s3_call *call)
{
    struct lb_value *out = lb_value_map(call->arena);
    lb_map_set(call->arena, out, "ID",
               lb_value_format(call->arena, "canonical-%s", call->sandbox->account));
    return out;
}

static void list_buckets(struct s3_call *call)
{
    struct lb_arena *arena = call->arena;
    const struct lb_value *buckets = s3_buckets(call->sandbox);
    const char *prefix = s3_query(call, "prefix") ? s3_query(call, "prefix") : "";
    const char *region = s3_query(call, "bucket-region");
    struct lb_value *result = lb_value_map(arena), *list = lb_value_list(arena);
    struct lb_value *holder = lb_value_map(arena);
    for (size_t i = 0; i < lb_value_count(buckets); i++) {
        const struct lb_entry *entry = lb_map_nth(buckets, i);
        const char *where = lb_text_at(entry->value, "region", "");
        if (lb_streq(entry->key, S3_FOLDER) || !lb_starts_with(entry->key, prefix) ||
            (region && !lb_streq(region, where))) {
            continue;
        }
        struct lb_value *item = lb_value_map(arena);
        lb_map_set_string(arena, item, "Name", entry->key);
        lb_map_set_string(arena, item, "CreationDate",
                          lb_time_format(arena, lb_int_at(entry->value, "created", 0)));
        lb_map_set_string(arena, item, "BucketRegion", where);
        lb_list_add(arena, list, item);
    }
    lb_list_sort(list);
    lb_map_set(arena, holder, "Bucket", list);
    lb_map_set(arena, result, "Owner", owner(call));
    lb_map_set(arena, result, "Buckets", holder);
    sb_reply_xml(call->response, 200, "ListAllMyBucketsResult", S3_XMLNS, result);
}

static bool valid_name(const char *name)
{
    size_t length = strlen(name);
    return length >= 3 && length <= 63 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == length &&
           !strstr(name, "..") && !strchr(".-", name[0]) && !strchr(".-", name[length - 1]);
}

/* The region the new bucket goes to; NULL after an error was answered. */
static const char *location(struct s3_call *call, const struct lb_value *body)
{
    const char *asked = lb_text_at(body, "LocationConstraint", "");
    const char *here = call->request->region;
    if (lb_streq(asked, "EU")) {
        asked = "eu-west-1";
    }
    if (lb_streq(asked, "us-east-1")) {
        s3_fail(call, 400, "InvalidLocationConstraint",
                "The specified location-constraint is not valid");
        return NULL;
    }
    if (lb_streq(here, "us-east-1")) {
        return *asked ? asked : here;
    }
    if (!lb_streq(asked, here)) {
        s3_fail(call, 400, "IllegalLocationConstraintException",
                "The %s location constraint is incompatible for the region specific endpoint this "
                "request was sent to.",
                *asked ? asked : "unspecified");
        return NULL;
    }
    return asked;
}

static void already_there(struct s3_call *call, const char *region)
{
    if (lb_streq(lb_text_at(call->bucket, "region", ""), "us-east-1") &&
        lb_streq(region, "us-east-1")) {
        s3_reply_header(call, "Location", lb_arena_printf(call->arena, "/%s", call->name));
        return;
    }
    s3_fail(call, 409, "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.");
}

/* What a bucket has from its first moment: since April 2023 public access is blocked and ACLs are
 * off (S3 user guide, "Default settings for new S3 buckets FAQ"). */
static void first_config(struct s3_call *call, struct lb_value *bucket, const struct lb_value *body)
{
    static const char *const blocks[] = {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy",
                                         "RestrictPublicBuckets"};
    struct lb_arena *keep = call->sandbox->arena;
    struct lb_value *config = lb_map_map(keep, bucket, "config");
    struct lb_value *block = lb_map_map(keep, config, "publicAccessBlock");
    const char *ownership = s3_header(call, "x-amz-object-ownership");
    struct lb_value *rule = lb_map_map(keep, lb_map_map(keep, config, "ownershipControls"), "Rule");
    const struct lb_value *tags = lb_value_at(body, "Tags/Tag");
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        lb_map_set_bool(keep, block, blocks[i], true);
    }
    lb_map_set_string(keep, rule, "ObjectOwnership", ownership ? ownership : "BucketOwnerEnforced");
    if (tags) {
        lb_map_set(keep, lb_map_map(keep, lb_map_map(keep, config, "tagging"), "TagSet"), "Tag",
                   lb_value_copy(keep, tags));
    }
    if (lb_streq(s3_header(call, "x-amz-bucket-object-lock-enabled"), "true")) {
        lb_map_set_string(keep, lb_map_map(keep, config, "object-lock"), "ObjectLockEnabled",
                          "Enabled");
        lb_map_set_string(keep, lb_map_map(keep, config, "versioning"), "Status", "Enabled");
    }
}

static void create_bucket(struct s3_call *call)
{
    struct lb_arena *keep = call->sandbox->arena;
    const struct lb_value *body = NULL;
    if (call->request->body_length > 0 && !(body = s3_body(call, "CreateBucketConfiguration"))) {
        return;
    }
    if (!valid_name(call->name)) {
        s3_fail(call, 400, "InvalidBucketName", "The specified bucket is not valid.");
        return;
    }
    const char *region = location(call, body);
    if (!region) {
        return;
    }
    if (call->bucket) {
        already_there(call, region);
        return;
    }
    if (sb_region_down(call->sandbox, region)) {
        call->response->status = 0;
        return;
    }
    struct lb_value *bucket = lb_value_map(keep);
    lb_map_set_string(keep, bucket, "region", region);
    lb_map_set_int(keep, bucket, "created", sb_now(call->sandbox));
    first_config(call, bucket, body);
    lb_map_map(keep, bucket, "objects");
    lb_map_map(keep, bucket, "uploads");
    lb_map_set(keep, s3_buckets(call->sandbox), call->name, bucket);
    s3_reply_header(call, "Location", lb_arena_printf(call->arena, "/%s", call->name));
}

static void head_bucket(struct s3_call *call)
{
    s3_reply_header(call, "x-amz-access-point-alias", "false");
    call->response->content_type = "application/xml";
}

static void delete_bucket(struct s3_call *call)
{
    const struct lb_value *objects = lb_map_get(call->bucket, "objects");
    for (size_t i = 0; i < lb_value_count(objects); i++) {
        if (lb_value_count(lb_map_nth(objects, i)->value) > 0) {
            s3_fail(call, 409, "BucketNotEmpty",
                    *s3_versioning(call->bucket)
                        ? "The bucket you tried to delete is not empty. You must delete all "
                          "versions in the bucket."
                        : "The bucket you tried to delete is not empty");
            return;
        }
    }
    lb_map_remove(s3_buckets(call->sandbox), call->name);
    call->response->status = 204;
}

/* --- DeleteObjects
 * ----------------------------------------------------------------------------------- */

static struct lb_value *delete_one(struct s3_call *call, const char *key, const char *id)
{
    struct lb_arena *arena = call->arena;
    struct lb_value *item = lb_value_map(arena);
    lb_map_set_string(arena, item, "Key", key);
    if (id) {
        const struct lb_value *version = s3_version_find(call->bucket, key, id);
        lb_map_set_string(arena, item, "VersionId", id);
        if (s3_is_marker(version)) {
            lb_map_set_bool(arena, item, "DeleteMarker", true);
            lb_map_set_string(arena, item, "DeleteMarkerVersionId", id);
        }
        s3_version_drop(call->sandbox, call->bucket, key, id);
        return item;
    }
    const struct lb_value *marker = s3_delete(call->sandbox, call->name, key, false);
    if (marker) {
        lb_map_set_bool(arena, item, "DeleteMarker", true);
        lb_map_set_string(arena, item, "DeleteMarkerVersionId",
                          lb_text_at(marker, "VersionId", ""));
    }
    return item;
}

static void delete_objects(struct s3_call *call)
{
    const struct lb_value *body = s3_body(call, "Delete");
    const struct lb_value *objects = lb_map_get(body, "Object");
    struct lb_value *result = lb_value_map(call->arena), *done = lb_value_list(call->arena);
    if (!body) {
        return;
    }
    if (lb_xml_count(objects) == 0 || lb_xml_count(objects) > DELETE_MAX) {
        s3_fail(call, 400, "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our "
                "published schema");
        return;
    }
    for (size_t i = 0; i < lb_xml_count(objects); i++) {
        const struct lb_value *object = lb_xml_item(objects, i);
        lb_list_add(
            call->arena, done,
            delete_one(call, lb_text_at(object, "Key", ""), lb_text_at(object, "VersionId", NULL)));
    }
    if (!lb_bool_at(body, "Quiet", false)) {
        lb_map_set(call->arena, result, "Deleted", done);
    }
    sb_reply_xml(call->response, 200, "DeleteResult", S3_XMLNS, result);
}

const struct s3_operation s3_bucket_operations[] = {
    {S3_SERVICE, "GET", NULL, NULL, "ListBuckets", false, false, list_buckets},
    {S3_BUCKET, "POST", "delete", NULL, "DeleteObjects", true, true, delete_objects},
    {S3_BUCKET, "PUT", NULL, NULL, "CreateBucket", true, false, create_bucket},
    {S3_BUCKET, "HEAD", NULL, NULL, "HeadBucket", false, false, head_bucket},
    {S3_BUCKET, "DELETE", NULL, NULL, "DeleteBucket", true, false, delete_bucket},
    {S3_BUCKET, NULL, NULL, NULL, NULL, false, false, NULL},
};
