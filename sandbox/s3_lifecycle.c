/* s3_lifecycle.c: lifecycle rules at work. S3 runs them once a day: an object is due at its age
 * plus the days, rounded up to the next midnight UTC ("Setting lifecycle configuration on a
 * bucket", "Lifecycle rules: based on an object's age"). In a versioned bucket an expiry is a
 * delete marker, which is how a housekeeping rule quietly hides the blobs of a snapshot repository.
 */
#include "sandbox/s3.h"

#include "base/time.h"
#include "base/xml.h"

#include <string.h>

#define DAY ((int64_t)86400)

/* --- which objects a rule is about
 * --------------------------------------------------------------------- */

static bool has_tag(const struct lb_value *version, const struct lb_value *tag)
{
    const struct lb_value *tags = lb_map_get(version, "Tags");
    for (size_t i = 0; i < lb_value_count(tags); i++) {
        const struct lb_value *own = lb_list_item(tags, i);
        if (lb_streq(lb_text_at(own, "Key", ""), lb_text_at(tag, "Key", "")) &&
            lb_streq(lb_text_at(own, "Value", ""), lb_text_at(tag, "Value", ""))) {
            return true;
        }
    }
    return false;
}

static bool filter_selects(const struct lb_value *filter, const char *key,
                           const struct lb_value *version)
{
    const struct lb_value *tags = lb_map_get(filter, "Tag");
    int64_t size = lb_int_at(version, "Size", 0);
    if (!lb_starts_with(key, lb_text_at(filter, "Prefix", ""))) {
        return false;
    }
    for (size_t i = 0; i < lb_xml_count(tags); i++) {
        if (!has_tag(version, lb_xml_item(tags, i))) {
            return false;
        }
    }
    return size > lb_int_at(filter, "ObjectSizeGreaterThan", -1) &&
           size < lb_int_at(filter, "ObjectSizeLessThan", INT64_MAX);
}

bool s3_rule_selects(const struct lb_value *rule, const char *key, const struct lb_value *version)
{
    const struct lb_value *filter = lb_map_get(rule, "Filter");
    const struct lb_value *all = lb_map_get(filter, "And");
    return lb_starts_with(key, lb_text_at(rule, "Prefix", "")) &&
           filter_selects(all ? all : filter, key, version);
}

static bool enabled(const struct lb_value *rule)
{
    return lb_streq(lb_text_at(rule, "Status", ""), "Enabled");
}

/* --- when something is due
 * --------------------------------------------------------------------------- */

static int64_t due_after(int64_t from, int64_t days)
{
    return (from + days * DAY + DAY - 1) / DAY * DAY;
}

/* 0: never. */
static int64_t due(const struct lb_value *action, const char *days, int64_t from)
{
    int64_t date = 0;
    if (lb_map_get(action, days)) {
        return due_after(from, lb_int(lb_map_get(action, days), 0));
    }
    return lb_time_parse(lb_text_at(action, "Date", ""), &date) == 0 ? date : 0;
}

int64_t s3_expires(const struct lb_value *bucket, const char *key, const struct lb_value *version,
                   const char **rule_id)
{
    const struct lb_value *rules = lb_map_get(s3_config(bucket, "lifecycle"), "Rule");
    int64_t first = 0;
    for (size_t i = 0; i < lb_xml_count(rules); i++) {
        const struct lb_value *rule = lb_xml_item(rules, i);
        int64_t at = enabled(rule) && s3_rule_selects(rule, key, version)
                         ? due(lb_map_get(rule, "Expiration"), "Days",
                               lb_int_at(version, "LastModified", 0))
                         : 0;
        if (at > 0 && (first == 0 || at < first)) {
            first = at;
            *rule_id = lb_text_at(rule, "ID", "");
        }
    }
    return first;
}

/* --- what is done
 * ------------------------------------------------------------------------------------ */

struct run {
    struct sandbox *sandbox;
    const char *name;
    struct lb_value *bucket;
    int64_t now;
};

static bool is_due(const struct run *run, int64_t at)
{
    return at > 0 && at <= run->now;
}

static void set_class(const struct run *run, struct lb_value *version,
                      const struct lb_value *transitions, const char *days, int64_t from)
{
    struct lb_arena *keep = run->sandbox->arena;
    for (size_t i = 0; i < lb_xml_count(transitions); i++) {
        const struct lb_value *transition = lb_xml_item(transitions, i);
        if (is_due(run, due(transition, days, from))) {
            lb_map_set_string(keep, lb_map_map(keep, version, "headers"), "x-amz-storage-class",
                              lb_text_at(transition, "StorageClass", ""));
        }
    }
}

/* The newest version: it expires, moves to another class, or is a marker with nothing below it. */
static void run_current(const struct run *run, const struct lb_value *rule, const char *key)
{
    struct lb_value *version = s3_newest(run->bucket, key);
    const struct lb_value *expiration = lb_map_get(rule, "Expiration");
    int64_t from = lb_int_at(version, "LastModified", 0);
    if (!version || !s3_rule_selects(rule, key, version)) {
        return;
    }
    if (!s3_is_marker(version)) {
        set_class(run, version, lb_map_get(rule, "Transition"), "Days", from);
        if (is_due(run, due(expiration, "Days", from))) {
            s3_delete(run->sandbox, run->name, key, true);
        }
        return;
    }
    bool alone = lb_value_count(s3_versions(run->bucket, key)) == 1;
    if (alone && (lb_bool_at(expiration, "ExpiredObjectDeleteMarker", false) ||
                  is_due(run, due(expiration, "Days", from)))) {
        s3_version_drop(run->sandbox, run->bucket, key, lb_text_at(version, "VersionId", ""));
    }
}

/* Older versions: counted from when the next one replaced them. */
static void run_noncurrent(const struct run *run, const struct lb_value *rule, const char *key)
{
    const struct lb_value *expiry = lb_map_get(rule, "NoncurrentVersionExpiration");
    const struct lb_value *moves = lb_map_get(rule, "NoncurrentVersionTransition");
    const struct lb_value *versions = s3_versions(run->bucket, key);
    int64_t spare = lb_int_at(expiry, "NewerNoncurrentVersions", 0);
    size_t count = lb_value_count(versions);
    for (size_t i = 0; (expiry || moves) && i + 1 < count; i++) {
        struct lb_value *version = lb_list_item(versions, i);
        int64_t from = lb_int_at(lb_list_item(versions, i + 1), "LastModified", 0);
        if (!s3_rule_selects(rule, key, version)) {
            continue;
        }
        if (moves && !s3_is_marker(version)) {
            set_class(run, version, moves, "NoncurrentDays", from);
        }
        bool spared = (int64_t)(count - 2 - i) < spare;
        if (expiry && !spared && is_due(run, due(expiry, "NoncurrentDays", from))) {
            s3_version_drop(run->sandbox, run->bucket, key, lb_text_at(version, "VersionId", ""));
        }
    }
}

static void run_uploads(const struct run *run, const struct lb_value *rule)
{
    const struct lb_value *abort = lb_map_get(rule, "AbortIncompleteMultipartUpload");
    struct lb_value *uploads = lb_map_get(run->bucket, "uploads");
    for (size_t i = lb_value_count(uploads); abort && i-- > 0;) {
        const struct lb_entry *entry = lb_map_nth(uploads, i);
        int64_t from = lb_int_at(entry->value, "Initiated", 0);
        if (s3_rule_selects(rule, lb_text_at(entry->value, "Key", ""), NULL) &&
            is_due(run, due(abort, "DaysAfterInitiation", from))) {
            lb_map_remove(uploads, entry->key);
        }
    }
}

static void run_rule(const struct run *run, const struct lb_value *rule)
{
    const struct lb_value *objects = lb_map_get(run->bucket, "objects");
    /* No key is added meanwhile: a marker goes onto a stack that is there. */
    for (size_t i = 0; i < lb_value_count(objects); i++) {
        const char *key = lb_map_nth(objects, i)->key;
        run_noncurrent(run, rule, key);
        run_current(run, rule, key);
    }
    run_uploads(run, rule);
}

static void sweep(struct sandbox *sandbox, struct lb_value *bucket)
{
    const struct lb_value *objects = lb_map_get(bucket, "objects");
    struct lb_value *left = lb_value_map(sandbox->arena);
    for (size_t i = 0; i < lb_value_count(objects); i++) {
        const struct lb_entry *entry = lb_map_nth(objects, i);
        if (lb_value_count(entry->value) > 0) {
            lb_map_set(sandbox->arena, left, entry->key, entry->value);
        }
    }
    lb_map_set(sandbox->arena, bucket, "objects", left);
    lb_map_remove(bucket, "sorted");
}

static void run_day(struct sandbox *sandbox, int64_t now)
{
    const struct lb_value *buckets = s3_buckets(sandbox);
    for (size_t i = 0; i < lb_value_count(buckets); i++) {
        const struct lb_entry *entry = lb_map_nth(buckets, i);
        const struct lb_value *rules = lb_map_get(s3_config(entry->value, "lifecycle"), "Rule");
        struct run run = {sandbox, entry->key, entry->value, now};
        for (size_t k = 0; k < lb_xml_count(rules); k++) {
            if (enabled(lb_xml_item(rules, k))) {
                run_rule(&run, lb_xml_item(rules, k));
            }
        }
        sweep(sandbox, entry->value);
    }
    sb_touch(sandbox);
}

void s3_lifecycle_tick(struct sandbox *sandbox, int64_t now)
{
    struct lb_value *own = sb_state(sandbox, "s3");
    int64_t today = now / DAY;
    int64_t last = lb_int_at(own, "lifecycle_day", today);
    if (today > last) {
        run_day(sandbox, now);
    }
    if (today > last || !lb_map_get(own, "lifecycle_day")) {
        lb_map_set_int(sandbox->arena, own, "lifecycle_day", today);
    }
}
