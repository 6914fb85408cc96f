/* s3_rules.c: is a lifecycle or replication document one that S3 would take? Elements are checked
 * by name, so that a misspelled one is refused here as it is there.
 */
#include "sandbox/s3.h"

#include "base/time.h"
#include "base/xml.h"

#include <string.h>

#define RULES_MAX 1000
#define ID_MAX 255

static bool fail(struct s3_call *call, const char *code, const char *message)
{
    s3_fail(call, 400, code, "%s", message);
    return false;
}

static bool malformed(struct s3_call *call)
{
    return fail(call, "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our "
                "published schema");
}

/* Every key of the map is one of the words (NULL-terminated). */
static bool only(const struct lb_value *map, const char *const *words)
{
    for (size_t i = 0; i < lb_value_count(map); i++) {
        const char *const *word = words;
        while (*word && !lb_streq(*word, lb_map_nth(map, i)->key)) {
            word++;
        }
        if (!*word) {
            return false;
        }
    }
    return true;
}

static bool on_or_off(const struct lb_value *map, const char *key)
{
    const char *status = lb_text(lb_map_get(map, key), "");
    return lb_streq(status, "Enabled") || lb_streq(status, "Disabled");
}

static bool filter_valid(struct s3_call *call, const struct lb_value *filter)
{
    static const char *const words[] = {
        "Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "And", NULL};
    const struct lb_value *all = lb_map_get(filter, "And");
    if (lb_value_count(filter) > 1 || !only(filter, words) || lb_map_get(all, "And") ||
        !only(all, words) || (all && lb_value_count(all) == 0)) {
        return malformed(call);
    }
    return true;
}

/* Ids are unique; one is made where none is given. */
static bool ids_valid(struct s3_call *call, const struct lb_value *rules)
{
    for (size_t i = 0; i < lb_xml_count(rules); i++) {
        struct lb_value *rule = lb_xml_item(rules, i);
        const char *id = lb_text_at(rule, "ID", "");
        if (!*id) {
            id = sb_id(call->sandbox, call->arena, "abcdefghijklmnopqrstuvwxyz0123456789", 48);
            lb_map_set_string(call->arena, rule, "ID", id);
        }
        if (strlen(id) > ID_MAX) {
            return fail(call, "InvalidArgument",
                        "ID length should not exceed allowed limit of 255");
        }
        for (size_t k = 0; k < i; k++) {
            if (lb_streq(id, lb_text_at(lb_xml_item(rules, k), "ID", ""))) {
                return fail(call, "InvalidArgument",
                            "Rule ID must be unique. Found same ID for more than one rule");
            }
        }
    }
    return true;
}

/* --- lifecycle
 * --------------------------------------------------------------------------------------- */

static bool expiration_valid(struct s3_call *call, const struct lb_value *expiration)
{
    static const char *const words[] = {"Days", "Date", "ExpiredObjectDeleteMarker", NULL};
    int64_t date = 0;
    if (!expiration) {
        return true;
    }
    if (lb_value_count(expiration) != 1 || !only(expiration, words)) {
        return malformed(call);
    }
    if (lb_map_get(expiration, "Days") && lb_int_at(expiration, "Days", 0) <= 0) {
        return fail(call, "InvalidArgument",
                    "'Days' for Expiration action must be a positive integer");
    }
    if (lb_map_get(expiration, "Date") &&
        (lb_time_parse(lb_text_at(expiration, "Date", ""), &date) < 0 || date % 86400 != 0)) {
        return fail(call, "InvalidArgument", "'Date' must be at midnight GMT");
    }
    return true;
}

static bool positive(struct s3_call *call, const struct lb_value *action, const char *key)
{
    if (!action || lb_int(lb_map_get(action, key), 0) > 0) {
        return true;
    }
    return fail(call, "InvalidArgument",
                lb_arena_printf(call->arena, "'%s' must be a positive integer", key));
}

static bool transitions_valid(struct s3_call *call, const struct lb_value *transitions,
                              const char *days)
{
    static const char *const classes[] = {"STANDARD_IA", "ONEZONE_IA",   "INTELLIGENT_TIERING",
                                          "GLACIER",     "DEEP_ARCHIVE", "GLACIER_IR",
                                          NULL};
    for (size_t i = 0; i < lb_xml_count(transitions); i++) {
        const struct lb_value *transition = lb_xml_item(transitions, i);
        const char *class = lb_text_at(transition, "StorageClass", "");
        struct lb_value *holder = lb_value_map(call->arena);
        lb_map_set_string(call->arena, holder, class, "");
        if (!only(holder, classes) ||
            (!lb_map_get(transition, days) && !lb_map_get(transition, "Date"))) {
            return malformed(call);
        }
        if (lb_int(lb_map_get(transition, days), 0) < 0) {
            return fail(call, "InvalidArgument", "Days must not be negative");
        }
    }
    return true;
}

static bool has_action(const struct lb_value *rule)
{
    static const char *const actions[] = {"Expiration", "Transition", "NoncurrentVersionExpiration",
                                          "NoncurrentVersionTransition",
                                          "AbortIncompleteMultipartUpload"};
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (lb_map_get(rule, actions[i])) {
            return true;
        }
    }
    return false;
}

static bool lifecycle_rule_valid(struct s3_call *call, const struct lb_value *rule)
{
    static const char *const words[] = {"ID",
                                        "Status",
                                        "Prefix",
                                        "Filter",
                                        "Expiration",
                                        "Transition",
                                        "NoncurrentVersionExpiration",
                                        "NoncurrentVersionTransition",
                                        "AbortIncompleteMultipartUpload",
                                        NULL};
    const struct lb_value *filter = lb_map_get(rule, "Filter");
    const struct lb_value *abort = lb_map_get(rule, "AbortIncompleteMultipartUpload");
    if (!only(rule, words) || !on_or_off(rule, "Status") ||
        (filter != NULL) == (lb_map_get(rule, "Prefix") != NULL)) {
        return malformed(call);
    }
    if (!has_action(rule)) {
        return fail(call, "InvalidRequest", "At least one action needs to be specified in a rule");
    }
    if (abort && (lb_map_get(filter, "Tag") || lb_value_at(filter, "And/Tag"))) {
        return fail(call, "InvalidRequest",
                    "AbortIncompleteMultipartUpload cannot be specified with Tags");
    }
    return filter_valid(call, filter) && expiration_valid(call, lb_map_get(rule, "Expiration")) &&
           positive(call, lb_map_get(rule, "NoncurrentVersionExpiration"), "NoncurrentDays") &&
           positive(call, abort, "DaysAfterInitiation") &&
           transitions_valid(call, lb_map_get(rule, "Transition"), "Days") &&
           transitions_valid(call, lb_map_get(rule, "NoncurrentVersionTransition"),
                             "NoncurrentDays");
}

bool s3_lifecycle_valid(struct s3_call *call, struct lb_value *document)
{
    const struct lb_value *rules = lb_map_get(document, "Rule");
    size_t count = lb_xml_count(rules);
    if (count == 0 || count > RULES_MAX) {
        return malformed(call);
    }
    for (size_t i = 0; i < count; i++) {
        if (!lifecycle_rule_valid(call, lb_xml_item(rules, i))) {
            return false;
        }
    }
    return ids_valid(call, rules);
}

/* --- replication
 * -------------------------------------------------------------------------------------- */

static bool destination_valid(struct s3_call *call, const struct lb_value *rule)
{
    static const char prefix[] = "arn:aws:s3:::";
    const char *arn = lb_text_at(rule, "Destination/Bucket", "");
    if (!lb_starts_with(arn, prefix)) {
        return fail(call, "InvalidArgument", "Invalid bucket ARN.");
    }
    const struct lb_value *bucket = s3_bucket(call->sandbox, arn + sizeof prefix - 1);
    if (!bucket) {
        return fail(call, "InvalidRequest", "Destination bucket must exist.");
    }
    if (!lb_streq(s3_versioning(bucket), "Enabled")) {
        return fail(call, "InvalidRequest", "Destination bucket must have versioning enabled.");
    }
    if (bucket == call->bucket) {
        return fail(call, "InvalidRequest",
                    "Destination bucket cannot be the same as the source bucket.");
    }
    return true;
}

/* A rule with a Filter is of the second schema, in which nothing is implied any more. */
static bool second_schema_valid(struct s3_call *call, const struct lb_value *rule)
{
    const struct lb_value *filter = lb_map_get(rule, "Filter");
    const struct lb_value *markers = lb_map_get(rule, "DeleteMarkerReplication");
    if (!lb_map_get(rule, "Priority")) {
        return fail(call, "InvalidRequest",
                    "Priority must be specified for this version of Cross Region Replication "
                    "configuration schema. Please refer to S3 Developer Guide for more "
                    "information.");
    }
    if (!markers) {
        return fail(call, "InvalidRequest",
                    "DeleteMarkerReplication must be specified for this version of Cross Region "
                    "Replication configuration schema. Please refer to S3 Developer Guide for more "
                    "information.");
    }
    if (!on_or_off(markers, "Status")) {
        return malformed(call);
    }
    if (lb_streq(lb_text_at(markers, "Status", ""), "Enabled") &&
        (lb_map_get(filter, "Tag") || lb_value_at(filter, "And/Tag"))) {
        return fail(call, "InvalidRequest",
                    "Delete marker replication is not supported if any Tag filter is specified.");
    }
    return filter_valid(call, filter);
}

static bool replication_rule_valid(struct s3_call *call, const struct lb_value *rules, size_t i)
{
    static const char *const words[] = {"ID",
                                        "Status",
                                        "Priority",
                                        "Prefix",
                                        "Filter",
                                        "DeleteMarkerReplication",
                                        "SourceSelectionCriteria",
                                        "ExistingObjectReplication",
                                        "Destination",
                                        NULL};
    const struct lb_value *rule = lb_xml_item(rules, i);
    bool second = lb_map_get(rule, "Filter") != NULL;
    if (!only(rule, words) || !on_or_off(rule, "Status") || !lb_map_get(rule, "Destination") ||
        second == (lb_map_get(rule, "Prefix") != NULL)) {
        return malformed(call);
    }
    for (size_t k = 0; second && k < i; k++) {
        if (lb_int_at(rule, "Priority", -1) == lb_int_at(lb_xml_item(rules, k), "Priority", -2)) {
            return fail(call, "InvalidRequest",
                        "Found overlapping priority: every rule needs a priority of its own");
        }
    }
    return (!second || second_schema_valid(call, rule)) && destination_valid(call, rule);
}

bool s3_replication_valid(struct s3_call *call, struct lb_value *document)
{
    const struct lb_value *rules = lb_map_get(document, "Rule");
    const char *role = lb_text_at(document, "Role", "");
    size_t count = lb_xml_count(rules);
    call->request->names = lb_value_list(call->arena);
    lb_list_add_string(call->arena, call->request->names, role);
    if (count == 0 || count > RULES_MAX) {
        return malformed(call);
    }
    if (!lb_starts_with(role, "arn:aws") || !strstr(role, ":role/")) {
        return fail(call, "InvalidArgument", "Invalid role ARN");
    }
    if (!lb_streq(s3_versioning(call->bucket), "Enabled")) {
        return fail(call, "InvalidRequest",
                    "Versioning must be 'Enabled' on the bucket to apply a replication "
                    "configuration");
    }
    for (size_t i = 0; i < count; i++) {
        if (!replication_rule_valid(call, rules, i)) {
            return false;
        }
    }
    return ids_valid(call, rules);
}
