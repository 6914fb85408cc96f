/* bucket_rules.c: rules of lifecycle and replication, between S3's XML and the schema's shape.
 *
 * The schema's shape is what is declared, compared and looked at by hazards; the XML is what S3
 * keeps. Rules that are not ours are never translated back: their own XML goes along unchanged, so
 * nothing in them that we do not know can be lost.
 */
#include "base/time.h"
#include "base/xml.h"
#include "providers/bucket.h"
#include "providers/tags.h"

/* --- filters -------------------------------------------------------------------------------------
 */

/* Filter/And, Filter, or, in rules of the first version, the rule itself. */
static const struct lb_value *criteria_of(const struct lb_value *rule)
{
    const struct lb_value *filter = lb_map_get(rule, "Filter");
    const struct lb_value *both = lb_map_get(filter, "And");
    if (lb_is(both, LB_MAP)) {
        return both;
    }
    return filter ? filter : rule;
}

void lb_filter_from_xml(struct lb_arena *arena, const struct lb_value *rule, struct lb_value *out)
{
    const struct lb_value *criteria = criteria_of(rule);
    const struct lb_value *tags = lb_map_get(criteria, "Tag");
    lb_map_set_string(arena, out, "prefix", lb_text_at(criteria, "Prefix", ""));
    if (lb_xml_count(tags) > 0) {
        lb_map_set(arena, out, "tags", lb_tags_to_map(arena, tags));
    }
    const char *larger = lb_text_at(criteria, "ObjectSizeGreaterThan", NULL);
    const char *smaller = lb_text_at(criteria, "ObjectSizeLessThan", NULL);
    if (larger) {
        lb_map_set(arena, out, "larger_than", lb_value_number(arena, larger));
    }
    if (smaller) {
        lb_map_set(arena, out, "smaller_than", lb_value_number(arena, smaller));
    }
}

static void set_bytes(struct lb_arena *arena, struct lb_value *out, const char *member,
                      const struct lb_value *size)
{
    int64_t bytes = lb_int(size, -1);
    if (size && (bytes >= 0 || lb_size_parse(lb_text(size, ""), &bytes) == 0)) {
        lb_map_set_int(arena, out, member, bytes);
    }
}

struct lb_value *lb_filter_to_xml(struct lb_arena *arena, const struct lb_value *rule)
{
    struct lb_value *criteria = lb_value_map(arena);
    const char *prefix = lb_text_at(rule, "prefix", "");
    const struct lb_value *tags = lb_map_get(rule, "tags");
    size_t count = lb_value_count(tags);
    if (*prefix) {
        lb_map_set_string(arena, criteria, "Prefix", prefix);
    }
    if (count > 0) {
        lb_map_set(arena, criteria, "Tag", lb_tags_to_list(arena, tags));
    }
    set_bytes(arena, criteria, "ObjectSizeGreaterThan", lb_map_get(rule, "larger_than"));
    set_bytes(arena, criteria, "ObjectSizeLessThan", lb_map_get(rule, "smaller_than"));
    if (lb_value_count(criteria) == 0) {
        lb_map_set_string(arena, criteria, "Prefix", "");
    }
    if (lb_value_count(criteria) == 1 && count <= 1) {
        return criteria;
    }
    struct lb_value *filter = lb_value_map(arena);
    lb_map_set(arena, filter, "And", criteria);
    return filter;
}

/* --- lifecycle rules
 * ------------------------------------------------------------------------------ */

static struct lb_value *moves_from_xml(struct lb_arena *arena, const struct lb_value *list,
                                       const char *days)
{
    struct lb_value *moves = lb_value_list(arena);
    for (size_t i = 0; i < lb_xml_count(list); i++) {
        const struct lb_value *from = lb_xml_item(list, i);
        struct lb_value *move = lb_list_add(arena, moves, lb_value_map(arena));
        lb_map_set_string(arena, move, "storage_class", lb_text_at(from, "StorageClass", NULL));
        lb_map_set_string(arena, move, "after", lb_bucket_duration(arena, lb_map_get(from, days)));
        lb_map_set_string(arena, move, "on", lb_bucket_date(arena, lb_map_get(from, "Date")));
        const struct lb_value *keep = lb_map_get(from, "NewerNoncurrentVersions");
        if (keep) {
            lb_map_set_int(arena, move, "keep", lb_int(keep, 0));
        }
    }
    return moves;
}

struct lb_value *lb_lifecycle_from_xml(struct lb_arena *arena, const struct lb_value *rule)
{
    struct lb_value *out = lb_value_map(arena);
    const struct lb_value *expiration = lb_map_get(rule, "Expiration");
    const struct lb_value *noncurrent = lb_map_get(rule, "NoncurrentVersionExpiration");
    const struct lb_value *keep = lb_map_get(noncurrent, "NewerNoncurrentVersions");
    const struct lb_value *moves = lb_map_get(rule, "Transition");
    const struct lb_value *old_moves = lb_map_get(rule, "NoncurrentVersionTransition");
    lb_map_set_string(arena, out, "id", lb_text_at(rule, "ID", ""));
    lb_map_set_bool(arena, out, "enabled", lb_streq(lb_text_at(rule, "Status", ""), "Enabled"));
    lb_filter_from_xml(arena, rule, out);
    lb_map_set_string(arena, out, "expire_after",
                      lb_bucket_duration(arena, lb_map_get(expiration, "Days")));
    lb_map_set_string(arena, out, "expire_on",
                      lb_bucket_date(arena, lb_map_get(expiration, "Date")));
    if (lb_bool_at(expiration, "ExpiredObjectDeleteMarker", false)) {
        lb_map_set_bool(arena, out, "expire_markers", true);
    }
    lb_map_set_string(arena, out, "noncurrent_after",
                      lb_bucket_duration(arena, lb_map_get(noncurrent, "NoncurrentDays")));
    if (keep) {
        lb_map_set_int(arena, out, "noncurrent_keep", lb_int(keep, 0));
    }
    lb_map_set_string(
        arena, out, "abort_multipart_after",
        lb_bucket_duration(
            arena, lb_value_at(rule, "AbortIncompleteMultipartUpload/DaysAfterInitiation")));
    if (lb_xml_count(moves) > 0) {
        lb_map_set(arena, out, "transitions", moves_from_xml(arena, moves, "Days"));
    }
    if (lb_xml_count(old_moves) > 0) {
        lb_map_set(arena, out, "noncurrent_transitions",
                   moves_from_xml(arena, old_moves, "NoncurrentDays"));
    }
    return out;
}

static struct lb_value *move_to_xml(struct lb_arena *arena, const struct lb_value *move,
                                    bool noncurrent)
{
    struct lb_value *out = lb_value_map(arena);
    lb_map_set_string(arena, out, "Date", lb_text_at(move, "on", NULL));
    lb_bucket_set_days(arena, out, noncurrent ? "NoncurrentDays" : "Days",
                       lb_text_at(move, "after", NULL));
    lb_map_set_string(arena, out, "StorageClass", lb_text_at(move, "storage_class", NULL));
    const struct lb_value *keep = lb_map_get(move, "keep");
    if (keep) {
        lb_map_set_int(arena, out, "NewerNoncurrentVersions", lb_int(keep, 1));
    }
    return out;
}

static void moves_to_xml(struct lb_arena *arena, const struct lb_value *moves, const char *element,
                         struct lb_value *out)
{
    bool noncurrent = lb_streq(element, "NoncurrentVersionTransition");
    for (size_t i = 0; i < lb_value_count(moves); i++) {
        lb_list_add(arena, lb_map_list(arena, out, element),
                    move_to_xml(arena, lb_list_item(moves, i), noncurrent));
    }
}

static void expiration_to_xml(struct lb_arena *arena, const struct lb_value *rule,
                              struct lb_value *out)
{
    struct lb_value *expiration = lb_value_map(arena);
    lb_map_set_string(arena, expiration, "Date", lb_text_at(rule, "expire_on", NULL));
    lb_bucket_set_days(arena, expiration, "Days", lb_text_at(rule, "expire_after", NULL));
    if (lb_bool_at(rule, "expire_markers", false)) {
        lb_map_set_bool(arena, expiration, "ExpiredObjectDeleteMarker", true);
    }
    if (lb_value_count(expiration) > 0) {
        lb_map_set(arena, out, "Expiration", expiration);
    }
}

static void noncurrent_to_xml(struct lb_arena *arena, const struct lb_value *rule,
                              struct lb_value *out)
{
    struct lb_value *noncurrent = lb_value_map(arena);
    lb_bucket_set_days(arena, noncurrent, "NoncurrentDays",
                       lb_text_at(rule, "noncurrent_after", NULL));
    const struct lb_value *keep = lb_map_get(rule, "noncurrent_keep");
    if (keep) {
        lb_map_set_int(arena, noncurrent, "NewerNoncurrentVersions", lb_int(keep, 1));
    }
    if (lb_value_count(noncurrent) > 0) {
        lb_map_set(arena, out, "NoncurrentVersionExpiration", noncurrent);
    }
}

struct lb_value *lb_lifecycle_to_xml(struct lb_arena *arena, const struct lb_value *rule)
{
    struct lb_value *out = lb_value_map(arena);
    const char *uploads = lb_text_at(rule, "abort_multipart_after", NULL);
    expiration_to_xml(arena, rule, out);
    lb_map_set_string(arena, out, "ID", lb_text_at(rule, "id", NULL));
    lb_map_set(arena, out, "Filter", lb_filter_to_xml(arena, rule));
    lb_map_set_string(arena, out, "Status",
                      lb_bool_at(rule, "enabled", true) ? "Enabled" : "Disabled");
    moves_to_xml(arena, lb_map_get(rule, "transitions"), "Transition", out);
    moves_to_xml(arena, lb_map_get(rule, "noncurrent_transitions"), "NoncurrentVersionTransition",
                 out);
    noncurrent_to_xml(arena, rule, out);
    if (uploads) {
        lb_bucket_set_days(arena, lb_map_map(arena, out, "AbortIncompleteMultipartUpload"),
                           "DaysAfterInitiation", uploads);
    }
    return out;
}

/* --- foreign rules
 * -------------------------------------------------------------------------------- */

struct lb_value *lb_rules_find(const struct lb_value *rules, const char *id)
{
    for (size_t i = 0; i < lb_value_count(rules); i++) {
        if (lb_streq(lb_text_at(lb_list_item(rules, i), "id", ""), id)) {
            return lb_list_item(rules, i);
        }
    }
    return NULL;
}

void lb_rules_keep_foreign(struct lb_arena *arena, const struct lb_value *live_rules,
                           const struct lb_value *desired, struct lb_value *out)
{
    for (size_t i = 0; i < lb_xml_count(live_rules); i++) {
        struct lb_value *rule = lb_xml_item(live_rules, i);
        const char *id = lb_text_at(rule, "ID", "");
        if (!lb_starts_with(id, LB_BUCKET_RULE_PREFIX) && !lb_rules_find(desired, id)) {
            lb_list_add(arena, out, lb_value_copy(arena, rule));
        }
    }
}
