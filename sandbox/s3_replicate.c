/* s3_replicate.c: cross-region replication at work, as the S3 user guide describes it ("What does
 * Amazon S3 replicate?"): new objects only, delete markers when asked for and only those a client
 * made, never the deletion of a version, never a replica. A repository whose index arrives before
 * its blobs is the danger of it: the setting s3_replication_jitter_s makes keys overtake each
 * other, the same way in every run.
 */
#include "sandbox/policy.h"
#include "sandbox/s3.h"

#include "base/xml.h"

#include <string.h>

#define LAG_DEFAULT 5 /* virtual seconds, setting s3_replication_lag_s */

static const char arn_prefix[] = "arn:aws:s3:::";

/* The enabled rule of the highest priority that selects the object; NULL when none. */
static const struct lb_value *rule_for(const struct lb_value *bucket, const char *key,
                                       const struct lb_value *version)
{
    const struct lb_value *rules = lb_map_get(s3_config(bucket, "replication"), "Rule");
    const struct lb_value *best = NULL;
    for (size_t i = 0; i < lb_xml_count(rules); i++) {
        const struct lb_value *rule = lb_xml_item(rules, i);
        bool second = lb_map_get(rule, "Filter") != NULL;
        bool markers = lb_streq(
            lb_text_at(rule, "DeleteMarkerReplication/Status", second ? "Disabled" : "Enabled"),
            "Enabled");
        if (lb_streq(lb_text_at(rule, "Status", ""), "Enabled") &&
            s3_rule_selects(rule, key, version) && (!s3_is_marker(version) || markers) &&
            (!best || lb_int_at(rule, "Priority", 0) > lb_int_at(best, "Priority", 0))) {
            best = rule;
        }
    }
    return best;
}

/* Differs from key to key, not from run to run. */
static int64_t jitter(const struct sandbox *sandbox, const char *key)
{
    int64_t most = sb_setting(sandbox, "s3_replication_jitter_s", 0);
    uint32_t hash = 2166136261u;
    for (; *key; key++) {
        hash = (hash ^ (unsigned char)*key) * 16777619u;
    }
    return most > 0 ? (int64_t)(hash % (uint32_t)most) : 0;
}

void s3_replicate_queue(struct sandbox *sandbox, const char *name, const char *key,
                        struct lb_value *version)
{
    struct lb_arena *keep = sandbox->arena;
    const struct lb_value *bucket = s3_bucket(sandbox, name);
    if (lb_map_get(version, "lifecycle") || !rule_for(bucket, key, version)) {
        return;
    }
    int64_t due = sb_now(sandbox) + jitter(sandbox, key) +
                  sb_setting(sandbox, "s3_replication_lag_s", LAG_DEFAULT);
    struct lb_value *item = lb_value_map(keep);
    if (!s3_is_marker(version)) {
        lb_map_set_string(keep, version, "replication", "PENDING");
    }
    lb_map_set_string(keep, item, "bucket", name);
    lb_map_set_string(keep, item, "key", key);
    lb_map_set_string(keep, item, "version", lb_text_at(version, "VersionId", ""));
    lb_map_set_int(keep, item, "due", due);
    struct lb_value *own = sb_state(sandbox, "s3");
    lb_list_add(keep, lb_map_list(keep, own, "queue"), item);
    if (due < lb_int_at(own, "queue_due", INT64_MAX)) {
        lb_map_set_int(keep, own, "queue_due", due);
    }
}

static bool role_works(struct sandbox *sandbox, const struct lb_value *bucket)
{
    const char *arn = lb_text_at(s3_config(bucket, "replication"), "Role", "");
    const struct lb_value *role = sb_role_find(sandbox, arn);
    struct lb_arena *scratch = lb_arena_new();
    bool works = role &&
                 sb_policy_trusts_service(scratch, lb_text_at(role, "AssumeRolePolicyDocument", ""),
                                          "s3.amazonaws.com");
    lb_arena_free(scratch);
    return works;
}

static void copy_version(struct sandbox *sandbox, const struct lb_value *rule,
                         struct lb_value *target, const char *key, const struct lb_value *version)
{
    struct lb_arena *keep = sandbox->arena;
    const char *class = lb_text_at(rule, "Destination/StorageClass", NULL);
    struct lb_value *replica = lb_value_copy(keep, version);
    lb_map_set_string(keep, replica, "replication", "REPLICA");
    lb_map_set_string(keep, lb_map_map(keep, replica, "headers"), "x-amz-storage-class", class);
    if (!s3_version_find(target, key, lb_text_at(version, "VersionId", ""))) {
        s3_version_insert(sandbox, target, key, replica);
    }
}

/* True when the item is done with; false keeps it in the queue. */
static bool replicate(struct sandbox *sandbox, const struct lb_value *item)
{
    const char *key = lb_text_at(item, "key", "");
    const struct lb_value *source = s3_bucket(sandbox, lb_text_at(item, "bucket", ""));
    struct lb_value *version = s3_version_find(source, key, lb_text_at(item, "version", ""));
    const struct lb_value *rule = version ? rule_for(source, key, version) : NULL;
    const char *arn = lb_text_at(rule, "Destination/Bucket", arn_prefix);
    struct lb_value *target = s3_bucket(sandbox, arn + sizeof arn_prefix - 1);
    if (!rule) {
        return true;
    }
    if (sb_region_down(sandbox, lb_text_at(source, "region", "")) ||
        sb_region_down(sandbox, lb_text_at(target, "region", ""))) {
        return false;
    }
    bool works = target && lb_streq(s3_versioning(target), "Enabled") &&
                 role_works(sandbox, source);
    if (works) {
        copy_version(sandbox, rule, target, key, version);
    }
    if (!s3_is_marker(version)) {
        lb_map_set_string(sandbox->arena, version, "replication", works ? "COMPLETED" : "FAILED");
    }
    return true;
}

void s3_replicate_tick(struct sandbox *sandbox, int64_t now)
{
    struct lb_value *own = sb_state(sandbox, "s3");
    const struct lb_value *queue = lb_map_get(own, "queue");
    int64_t next = INT64_MAX;
    if (lb_int_at(own, "queue_due", INT64_MAX) > now) {
        return;
    }
    struct lb_value *left = lb_value_list(sandbox->arena);
    for (size_t i = 0; i < lb_value_count(queue); i++) {
        struct lb_value *item = lb_list_item(queue, i);
        int64_t due = lb_int_at(item, "due", 0);
        if (due > now || !replicate(sandbox, item)) {
            lb_list_add(sandbox->arena, left, item);
            next = due < next ? due : next;
        }
    }
    lb_map_set(sandbox->arena, own, "queue", left);
    lb_map_set_int(sandbox->arena, own, "queue_due", next);
    sb_touch(sandbox);
}
