/* s3_version.c: the stack of versions of a key. All writers come through here (clients, clusters,
 * lifecycle, replication), so that versioning means the same for each of them.
 */
#include "sandbox/s3.h"

#include <string.h>

#define ID_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_."

struct lb_value *s3_versions(const struct lb_value *bucket, const char *key)
{
    return lb_map_get(lb_map_get(bucket, "objects"), key);
}

struct lb_value *s3_newest(const struct lb_value *bucket, const char *key)
{
    const struct lb_value *versions = s3_versions(bucket, key);
    size_t count = lb_value_count(versions);
    return count > 0 ? lb_list_item(versions, count - 1) : NULL;
}

struct lb_value *s3_version_find(const struct lb_value *bucket, const char *key, const char *id)
{
    const struct lb_value *versions = s3_versions(bucket, key);
    for (size_t i = 0; i < lb_value_count(versions); i++) {
        struct lb_value *version = lb_list_item(versions, i);
        if (lb_streq(lb_text_at(version, "VersionId", ""), id)) {
            return version;
        }
    }
    return NULL;
}

bool s3_is_marker(const struct lb_value *version)
{
    return lb_bool(lb_map_get(version, "marker"), false);
}

static struct lb_value *stack(struct sandbox *sandbox, struct lb_value *bucket, const char *key)
{
    struct lb_value *objects = lb_map_map(sandbox->arena, bucket, "objects");
    return lb_map_list(sandbox->arena, objects, key);
}

void s3_version_drop(struct sandbox *sandbox, struct lb_value *bucket, const char *key,
                     const char *id)
{
    const struct lb_value *versions = s3_versions(bucket, key);
    if (!s3_version_find(bucket, key, id)) {
        return;
    }
    struct lb_value *left = lb_value_list(sandbox->arena);
    for (size_t i = 0; i < lb_value_count(versions); i++) {
        struct lb_value *version = lb_list_item(versions, i);
        if (!lb_streq(lb_text_at(version, "VersionId", ""), id)) {
            lb_list_add(sandbox->arena, left, version);
        }
    }
    lb_map_set(sandbox->arena, lb_map_get(bucket, "objects"), key, left);
}

void s3_version_add(struct sandbox *sandbox, const char *name, const char *key,
                    struct lb_value *version)
{
    struct lb_arena *keep = sandbox->arena;
    struct lb_value *bucket = s3_bucket(sandbox, name);
    struct lb_value *own = sb_state(sandbox, "s3");
    int64_t seq = lb_int_at(own, "seq", 0) + 1;
    lb_map_set_int(keep, own, "seq", seq);
    lb_map_set_int(keep, version, "seq", seq);
    lb_map_set_int(keep, version, "LastModified", sb_now(sandbox));
    if (lb_streq(s3_versioning(bucket), "Enabled")) {
        lb_map_set_string(keep, version, "VersionId", sb_id(sandbox, keep, ID_LETTERS, 32));
    } else {
        s3_version_drop(sandbox, bucket, key, "null");
        lb_map_set_string(keep, version, "VersionId", "null");
    }
    lb_list_add(keep, stack(sandbox, bucket, key), version);
    s3_replicate_queue(sandbox, name, key, version);
}

void s3_version_insert(struct sandbox *sandbox, struct lb_value *bucket, const char *key,
                       struct lb_value *version)
{
    struct lb_arena *keep = sandbox->arena;
    const struct lb_value *versions = stack(sandbox, bucket, key);
    struct lb_value *sorted = lb_value_list(keep);
    int64_t seq = lb_int_at(version, "seq", 0);
    bool placed = false;
    for (size_t i = 0; i < lb_value_count(versions); i++) {
        struct lb_value *other = lb_list_item(versions, i);
        if (!placed && lb_int_at(other, "seq", 0) > seq) {
            lb_list_add(keep, sorted, version);
            placed = true;
        }
        lb_list_add(keep, sorted, other);
    }
    if (!placed) {
        lb_list_add(keep, sorted, version);
    }
    lb_map_set(keep, lb_map_get(bucket, "objects"), key, sorted);
}

struct lb_value *s3_delete(struct sandbox *sandbox, const char *name, const char *key,
                           bool by_lifecycle)
{
    struct lb_arena *keep = sandbox->arena;
    struct lb_value *bucket = s3_bucket(sandbox, name);
    if (!*s3_versioning(bucket)) {
        s3_version_drop(sandbox, bucket, key, "null");
        return NULL;
    }
    struct lb_value *marker = lb_value_map(keep);
    lb_map_set_bool(keep, marker, "marker", true);
    if (by_lifecycle) {
        lb_map_set_bool(keep, marker, "lifecycle", true);
    }
    s3_version_add(sandbox, name, key, marker);
    return marker;
}

struct lb_value *s3_version_new(struct sandbox *sandbox, const void *bytes, size_t length)
{
    struct lb_arena *keep = sandbox->arena;
    struct lb_value *version = lb_value_map(keep);
    lb_map_set_int(keep, version, "Size", (int64_t)length);
    lb_map_set_string(keep, version, "ETag", s3_etag(keep, bytes, length));
    lb_map_set_string(keep, version, "blob", sb_blob_put(sandbox, bytes, length));
    return version;
}
