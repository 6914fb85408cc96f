/* s3_list.c: listings: objects (both generations), versions, uploads. Keys come in the order of
 * their UTF-8 bytes, a page at a time; names under a delimiter are folded into common prefixes,
 * which count for the page as keys do.
 */
#include "sandbox/s3.h"

#include "base/time.h"
#include "base/xml.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_MAX 1000

struct listing {
    struct s3_call *call;
    struct lb_value *result, *prefixes;
    const char *prefix, *delimiter, *after; /* keys above `after` only */
    bool encode;
    int64_t left;     /* entries that this page still takes */
    const char *last; /* the last key or prefix that was put out */
    bool truncated;
};

static const char *shown(const struct listing *listing, const char *text)
{
    struct lb_str out = {0};
    if (!listing->encode) {
        return text;
    }
    lb_str_percent_encode(&out, text, strlen(text), true);
    return lb_str_take(&out, listing->call->arena);
}

static void show(struct listing *listing, const char *name, const char *text)
{
    lb_map_set_string(listing->call->arena, listing->result, name,
                      text ? shown(listing, text) : NULL);
}

/* The bucket's objects in the order of their keys. Sorted when keys were added since: none is taken
 * away but by the sweep, which forgets "sorted". */
static const struct lb_value *sorted_objects(const struct listing *listing)
{
    struct lb_value *bucket = listing->call->bucket;
    struct lb_value *objects = lb_map_get(bucket, "objects");
    int64_t count = (int64_t)lb_value_count(objects);
    if (count != lb_int_at(bucket, "sorted", 0)) {
        lb_map_sort(objects);
        lb_map_set_int(listing->call->sandbox->arena, bucket, "sorted", count);
    }
    return objects;
}

/* The first entry that is not before the prefix nor before `from`. */
static size_t first_key(const struct listing *listing, const struct lb_value *objects,
                        const char *from)
{
    size_t low = 0, high = lb_value_count(objects);
    from = strcmp(from, listing->prefix) < 0 ? listing->prefix : from;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(lb_map_nth(objects, middle)->key, from) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The entry while it is under the prefix and the page has room; NULL ends the walk. */
static const struct lb_entry *walk(const struct listing *listing, const struct lb_value *objects,
                                   size_t at)
{
    const struct lb_entry *entry = lb_map_nth(objects, at);
    return entry && !listing->truncated && lb_starts_with(entry->key, listing->prefix) ? entry
                                                                                       : NULL;
}

/* The common prefix that hides the key, or NULL. */
static const char *folded(const struct listing *listing, const char *key)
{
    const char *rest = key + strlen(listing->prefix);
    const char *at = *listing->delimiter ? strstr(rest, listing->delimiter) : NULL;
    return at ? lb_arena_strndup(listing->call->arena, key,
                                 (size_t)(at - key) + strlen(listing->delimiter))
              : NULL;
}

/* Takes one place of the page; false when it is full. */
static bool take_place(struct listing *listing, const char *name)
{
    if (listing->left <= 0) {
        listing->truncated = true;
        return false;
    }
    listing->left--;
    listing->last = name;
    return true;
}

/* True when the key goes into a common prefix, new or already put out. */
static bool fold_key(struct listing *listing, const char *key)
{
    struct lb_arena *arena = listing->call->arena;
    const char *prefix = folded(listing, key);
    if (!prefix) {
        return false;
    }
    bool before = lb_streq(listing->last, prefix) ||
                  (*listing->after && strcmp(prefix, listing->after) <= 0);
    if (!before && take_place(listing, prefix)) {
        struct lb_value *item = lb_value_map(arena);
        lb_map_set_string(arena, item, "Prefix", shown(listing, prefix));
        lb_list_add(arena, listing->prefixes, item);
    }
    return true;
}

static void begin(struct listing *listing, struct s3_call *call)
{
    const char *most = s3_query(call, "max-keys");
    const char *uploads = s3_query(call, "max-uploads");
    memset(listing, 0, sizeof *listing);
    listing->call = call;
    listing->result = lb_value_map(call->arena);
    listing->prefixes = lb_value_list(call->arena);
    listing->prefix = s3_query(call, "prefix") ? s3_query(call, "prefix") : "";
    listing->delimiter = s3_query(call, "delimiter") ? s3_query(call, "delimiter") : "";
    listing->encode = lb_streq(s3_query(call, "encoding-type"), "url");
    listing->after = "";
    listing->left = PAGE_MAX;
    if (most || uploads) {
        long asked = strtol(most ? most : uploads, NULL, 10);
        listing->left = asked < 0 || asked > PAGE_MAX ? PAGE_MAX : asked;
    }
    show(listing, "Name", call->name);
    show(listing, "Prefix", listing->prefix);
    if (*listing->delimiter) {
        show(listing, "Delimiter", listing->delimiter);
    }
    lb_map_set_int(call->arena, listing->result, "MaxKeys", listing->left);
    if (listing->encode) {
        lb_map_set_string(call->arena, listing->result, "EncodingType", "url");
    }
}

static struct lb_value *owner(struct s3_call *call)
{
    struct lb_value *out = lb_value_map(call->arena);
    lb_map_set(call->arena, out, "ID",
               lb_value_format(call->arena, "canonical-%s", call->sandbox->account));
    return out;
}

static struct lb_value *item_of(const struct listing *listing, const char *key,
                                const struct lb_value *version)
{
    struct lb_arena *arena = listing->call->arena;
    struct lb_value *item = lb_value_map(arena);
    lb_map_set_string(arena, item, "Key", shown(listing, key));
    lb_map_set_string(arena, item, "LastModified",
                      lb_time_format(arena, lb_int_at(version, "LastModified", 0)));
    if (!s3_is_marker(version)) {
        lb_map_set_string(arena, item, "ETag", lb_text_at(version, "ETag", ""));
        lb_map_set_int(arena, item, "Size", lb_int_at(version, "Size", 0));
        lb_map_set_string(arena, item, "StorageClass",
                          lb_text_at(version, "headers/x-amz-storage-class", "STANDARD"));
    }
    return item;
}

static struct lb_value *list_current(struct listing *listing)
{
    struct lb_arena *arena = listing->call->arena;
    struct lb_value *contents = lb_value_list(arena);
    const struct lb_value *objects = sorted_objects(listing);
    const struct lb_entry *entry;
    for (size_t i = first_key(listing, objects, listing->after);
         (entry = walk(listing, objects, i)); i++) {
        const struct lb_value *newest = lb_list_item(entry->value,
                                                     lb_value_count(entry->value) - 1);
        if (lb_value_count(entry->value) == 0 || s3_is_marker(newest) ||
            lb_streq(entry->key, listing->after) || fold_key(listing, entry->key)) {
            continue;
        }
        if (take_place(listing, entry->key)) {
            lb_list_add(arena, contents, item_of(listing, entry->key, newest));
        }
    }
    return contents;
}

static void finish(struct listing *listing, const char *root, const char *name,
                   struct lb_value *items)
{
    struct lb_arena *arena = listing->call->arena;
    lb_map_set_bool(arena, listing->result, "IsTruncated", listing->truncated);
    if (items) {
        lb_map_set(arena, listing->result, name, items);
    }
    lb_map_set(arena, listing->result, "CommonPrefixes", listing->prefixes);
    sb_reply_xml(listing->call->response, 200, root, S3_XMLNS, listing->result);
}

static void list_objects(struct s3_call *call)
{
    struct listing listing;
    begin(&listing, call);
    listing.after = s3_query(call, "marker") ? s3_query(call, "marker") : "";
    show(&listing, "Marker", listing.after);
    struct lb_value *contents = list_current(&listing);
    if (listing.truncated) {
        show(&listing, "NextMarker", listing.last ? listing.last : "");
    }
    finish(&listing, "ListBucketResult", "Contents", contents);
}

static void list_objects_v2(struct s3_call *call)
{
    struct listing listing;
    const char *token = s3_query(call, "continuation-token");
    const char *start = s3_query(call, "start-after");
    begin(&listing, call);
    listing.after = token ? token : start ? start : "";
    struct lb_value *contents = list_current(&listing);
    lb_map_set_int(call->arena, listing.result, "KeyCount",
                   (int64_t)(lb_value_count(contents) + lb_value_count(listing.prefixes)));
    lb_map_set_string(call->arena, listing.result, "ContinuationToken", token);
    if (start) {
        show(&listing, "StartAfter", start);
    }
    if (listing.truncated) {
        lb_map_set_string(call->arena, listing.result, "NextContinuationToken",
                          listing.last ? listing.last : "");
    }
    finish(&listing, "ListBucketResult", "Contents", contents);
}

/* --- versions
 * ---------------------------------------------------------------------------------------- */

struct version_lists {
    struct lb_value *versions, *markers;
    const char *last_id;
};

static void add_version(struct listing *listing, struct version_lists *lists, const char *key,
                        const struct lb_value *version, bool latest)
{
    struct lb_arena *arena = listing->call->arena;
    if (!take_place(listing, key)) {
        return;
    }
    struct lb_value *item = item_of(listing, key, version);
    lists->last_id = lb_text_at(version, "VersionId", "");
    lb_map_set_string(arena, item, "VersionId", lists->last_id);
    lb_map_set_bool(arena, item, "IsLatest", latest);
    lb_map_set(arena, item, "Owner", owner(listing->call));
    lb_list_add(arena, s3_is_marker(version) ? lists->markers : lists->versions, item);
}

/* Newest first; `from_id` is the version after which a page goes on. */
static void add_stack(struct listing *listing, struct version_lists *lists,
                      const struct lb_entry *entry, const char *from_id)
{
    size_t count = lb_value_count(entry->value);
    bool skipping = from_id != NULL;
    for (size_t i = count; i-- > 0 && !listing->truncated;) {
        const struct lb_value *version = lb_list_item(entry->value, i);
        if (!skipping) {
            add_version(listing, lists, entry->key, version, i == count - 1);
        } else if (lb_streq(lb_text_at(version, "VersionId", ""), from_id)) {
            skipping = false;
        }
    }
}

static void list_versions(struct s3_call *call)
{
    struct listing listing;
    struct version_lists lists = {lb_value_list(call->arena), lb_value_list(call->arena), NULL};
    const char *marker = s3_query(call, "key-marker");
    const char *id = s3_query(call, "version-id-marker");
    begin(&listing, call);
    listing.after = marker ? marker : "";
    show(&listing, "KeyMarker", listing.after);
    const struct lb_value *objects = sorted_objects(&listing);
    const struct lb_entry *entry;
    for (size_t i = first_key(&listing, objects, listing.after);
         (entry = walk(&listing, objects, i)); i++) {
        bool at_marker = marker && *marker && lb_streq(entry->key, marker);
        if (lb_value_count(entry->value) > 0 && !(at_marker && !id) &&
            !fold_key(&listing, entry->key)) {
            add_stack(&listing, &lists, entry, at_marker ? id : NULL);
        }
    }
    if (listing.truncated) {
        show(&listing, "NextKeyMarker", listing.last ? listing.last : "");
        lb_map_set_string(call->arena, listing.result, "NextVersionIdMarker", lists.last_id);
    }
    lb_map_set(call->arena, listing.result, "DeleteMarker", lists.markers);
    finish(&listing, "ListVersionsResult", "Version", lists.versions);
}

static void list_uploads(struct s3_call *call)
{
    struct listing listing;
    const struct lb_value *uploads = lb_map_get(call->bucket, "uploads");
    struct lb_value *items = lb_value_list(call->arena);
    begin(&listing, call);
    show(&listing, "Bucket", call->name);
    for (size_t i = 0; i < lb_value_count(uploads); i++) {
        const struct lb_entry *entry = lb_map_nth(uploads, i);
        const char *key = lb_text_at(entry->value, "Key", "");
        if (lb_starts_with(key, listing.prefix) && take_place(&listing, key)) {
            struct lb_value *item = lb_value_map(call->arena);
            lb_map_set_string(call->arena, item, "Key", shown(&listing, key));
            lb_map_set_string(call->arena, item, "UploadId", entry->key);
            lb_map_set_string(call->arena, item, "Initiated",
                              lb_time_format(call->arena, lb_int_at(entry->value, "Initiated", 0)));
            lb_list_add(call->arena, items, item);
        }
    }
    finish(&listing, "ListMultipartUploadsResult", "Upload", items);
}

const struct s3_operation s3_list_operations[] = {
    {S3_BUCKET, "GET", "versions", NULL, "ListObjectVersions", false, false, list_versions},
    {S3_BUCKET, "GET", "uploads", NULL, "ListMultipartUploads", false, false, list_uploads},
    {S3_BUCKET, "GET", "list-type", NULL, "ListObjectsV2", false, false, list_objects_v2},
    {S3_BUCKET, "GET", NULL, NULL, "ListObjects", false, false, list_objects},
    {S3_BUCKET, NULL, NULL, NULL, NULL, false, false, NULL},
};
