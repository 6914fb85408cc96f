/* domain_shape.c: a domain as users write it and as the service's API has it.
 *
 * One table maps the schema's attributes to members of the service's sections, in both directions;
 * what a row cannot say (zones, policies, logs) is a function beside it. UpdateDomainConfig is sent
 * whole sections: a section that holds only the changed member resets the others
 * (terraform-provider- aws PR 1131), so ours is laid over what the service returned.
 */
#include "providers/domain.h"
#include "providers/shape.h"

#include "base/json.h"
#include "base/time.h"

#include <string.h>

enum form { PLAIN, GIB, SWITCH, WRITE_ONLY };

static const struct row {
    const char *ours, *theirs;
    enum form form;
    const char *gate; /* member that is true when the part is there at all */
} rows[] = {
    {"data_nodes/type", "ClusterConfig/InstanceType", PLAIN, NULL},
    {"data_nodes/count", "ClusterConfig/InstanceCount", PLAIN, NULL},
    {"data_nodes/volume", "EBSOptions/VolumeSize", GIB, "EBSOptions/EBSEnabled"},
    {"data_nodes/volume_type", "EBSOptions/VolumeType", PLAIN, "EBSOptions/EBSEnabled"},
    {"data_nodes/iops", "EBSOptions/Iops", PLAIN, "EBSOptions/EBSEnabled"},
    {"data_nodes/throughput", "EBSOptions/Throughput", PLAIN, "EBSOptions/EBSEnabled"},
    {"master_nodes/type", "ClusterConfig/DedicatedMasterType", PLAIN,
     "ClusterConfig/DedicatedMasterEnabled"},
    {"master_nodes/count", "ClusterConfig/DedicatedMasterCount", PLAIN,
     "ClusterConfig/DedicatedMasterEnabled"},
    {"warm_nodes/type", "ClusterConfig/WarmType", PLAIN, "ClusterConfig/WarmEnabled"},
    {"warm_nodes/count", "ClusterConfig/WarmCount", PLAIN, "ClusterConfig/WarmEnabled"},
    {"multi_az_with_standby", "ClusterConfig/MultiAZWithStandbyEnabled", PLAIN, NULL},
    {"encryption_at_rest/enabled", "EncryptionAtRestOptions/Enabled", SWITCH, NULL},
    {"encryption_at_rest/kms_key", "EncryptionAtRestOptions/KmsKeyId", PLAIN, NULL},
    {"node_to_node", "NodeToNodeEncryptionOptions/Enabled", SWITCH, NULL},
    {"https", "DomainEndpointOptions/EnforceHTTPS", PLAIN, NULL},
    {"tls_policy", "DomainEndpointOptions/TLSSecurityPolicy", PLAIN, NULL},
    {"custom_endpoint/name", "DomainEndpointOptions/CustomEndpoint", PLAIN,
     "DomainEndpointOptions/CustomEndpointEnabled"},
    {"custom_endpoint/certificate", "DomainEndpointOptions/CustomEndpointCertificateArn", PLAIN,
     "DomainEndpointOptions/CustomEndpointEnabled"},
    {"fine_grained/enabled", "AdvancedSecurityOptions/Enabled", SWITCH, NULL},
    {"fine_grained/internal_users", "AdvancedSecurityOptions/InternalUserDatabaseEnabled", PLAIN,
     "AdvancedSecurityOptions/Enabled"},
    {"fine_grained/master_user_arn", "AdvancedSecurityOptions/MasterUserOptions/MasterUserARN",
     WRITE_ONLY, NULL},
    {"vpc/subnets", "VPCOptions/SubnetIds", PLAIN, NULL},
    {"vpc/security_groups", "VPCOptions/SecurityGroupIds", PLAIN, NULL},
    {"advanced_options", "AdvancedOptions", PLAIN, NULL},
};
#define ROWS (sizeof rows / sizeof *rows)

static bool is_set(const struct lb_value *value)
{
    return value && value->type != LB_NULL;
}

/* --- live ----------------------------------------------------------------------------------- */

static struct lb_value *row_from(struct lb_arena *arena, const struct row *row,
                                 const struct lb_value *desired, const struct lb_value *status)
{
    const struct lb_value *value = lb_value_at(status, row->theirs);
    bool there = !row->gate || lb_bool_at(status, row->gate, false);
    if (!is_set(value) || !there || row->form == WRITE_ONLY)
        return NULL;
    if (row->form == SWITCH && !lb_bool(value, false) && lb_bool_at(desired, row->ours, true))
        return NULL;
    if (row->form == GIB)
        return lb_value_string(arena, lb_size_format(arena, lb_int(value, 0) << 30));
    if (value->type >= LB_LIST && lb_value_count(value) == 0)
        return NULL;
    return lb_value_copy(arena, value);
}

static void zones_from(struct lb_arena *arena, const struct lb_value *status, struct lb_value *out)
{
    const struct lb_value *cluster = lb_map_get(status, "ClusterConfig");
    int64_t zones = 1;
    if (lb_bool_at(cluster, "ZoneAwarenessEnabled", false))
        zones = lb_int_at(cluster, "ZoneAwarenessConfig/AvailabilityZoneCount", 2);
    lb_map_set_int(arena, out, "zones", zones);
}

/* A type that was switched off stays in the answer with Enabled false: that is "not there". */
static void logs_from(struct lb_arena *arena, const struct lb_value *status, struct lb_value *out)
{
    const struct lb_value *logs = lb_map_get(status, "LogPublishingOptions");
    for (size_t i = 0; i < lb_value_count(logs); i++) {
        const struct lb_entry *log = lb_map_nth(logs, i);
        if (lb_bool_at(log->value, "Enabled", false))
            lb_map_set_string(arena, lb_map_map(arena, out, "log_publishing"), log->key,
                              lb_text_at(log->value, "CloudWatchLogsLogGroupArn", ""));
    }
}

static void policy_from(struct lb_arena *arena, const struct lb_value *status, struct lb_value *out)
{
    const char *text = lb_text_at(status, "AccessPolicies", "");
    const char *error;
    struct lb_value *policy = *text ? lb_json_parse(arena, text, strlen(text), &error) : NULL;
    if (policy)
        lb_map_set(arena, out, "access_policy", policy);
}

void lb_domain_from_status(struct lb_arena *arena, const struct lb_value *desired,
                           const struct lb_value *status, struct lb_value *out)
{
    for (size_t i = 0; i < ROWS; i++) {
        struct lb_value *value = row_from(arena, &rows[i], desired, status);
        if (value)
            lb_shape_set(arena, out, rows[i].ours, value);
    }
    zones_from(arena, status, out);
    logs_from(arena, status, out);
    policy_from(arena, status, out);
    lb_map_set_string(arena, out, "engine", lb_text_at(status, "EngineVersion", NULL));
    const char *tune = lb_text_at(status, "AutoTuneOptions/State", NULL);
    if (tune)
        lb_map_set_bool(arena, out, "auto_tune", lb_starts_with(tune, "ENABLE"));
}

struct lb_value *lb_domain_settings(struct lb_arena *arena, const struct lb_value *status)
{
    static const char *const sections[] = {"ClusterConfig",
                                           "EBSOptions",
                                           "VPCOptions",
                                           "EncryptionAtRestOptions",
                                           "DomainEndpointOptions",
                                           "NodeToNodeEncryptionOptions",
                                           "AdvancedOptions",
                                           "AdvancedSecurityOptions",
                                           "LogPublishingOptions"};
    struct lb_value *out = lb_value_map(arena);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        const struct lb_value *section = lb_map_get(status, sections[i]);
        if (section)
            lb_map_set(arena, out, sections[i], lb_value_copy(arena, section));
    }
    return out;
}

/* --- desired -------------------------------------------------------------------------------- */

static struct lb_value *row_to(struct lb_arena *arena, const struct row *row,
                               const struct lb_value *value)
{
    int64_t bytes = 0;
    if (row->form == GIB && lb_size_parse(lb_text(value, ""), &bytes) == 0)
        return lb_value_int(arena, bytes >> 30);
    return lb_value_copy(arena, value);
}

static void zones_to(struct lb_arena *arena, const struct lb_value *desired, struct lb_value *out)
{
    int64_t zones = lb_int_at(desired, "zones", 0);
    if (zones == 0)
        return;
    struct lb_value *cluster = lb_map_map(arena, out, "ClusterConfig");
    lb_map_set_bool(arena, cluster, "ZoneAwarenessEnabled", zones > 1);
    if (zones > 1)
        lb_map_set_int(arena, lb_map_map(arena, cluster, "ZoneAwarenessConfig"),
                       "AvailabilityZoneCount", zones);
}

static void logs_to(struct lb_arena *arena, const struct lb_value *desired, struct lb_value *out)
{
    const struct lb_value *logs = lb_map_get(desired, "log_publishing");
    for (size_t i = 0; i < lb_value_count(logs); i++) {
        const struct lb_entry *log = lb_map_nth(logs, i);
        struct lb_value *option = lb_map_map(arena, lb_map_map(arena, out, "LogPublishingOptions"),
                                             log->key);
        lb_map_set_string(arena, option, "CloudWatchLogsLogGroupArn", lb_text(log->value, ""));
        lb_map_set_bool(arena, option, "Enabled", true);
    }
}

/* The service keeps options as text, whatever was written. */
static void options_to_text(struct lb_arena *arena, struct lb_value *sections)
{
    struct lb_value *options = lb_map_get(sections, "AdvancedOptions");
    for (size_t i = 0; i < lb_value_count(options); i++) {
        const struct lb_entry *option = lb_map_nth(options, i);
        lb_map_set(arena, options, option->key, lb_value_string(arena, lb_text(option->value, "")));
    }
}

struct lb_value *lb_domain_sections(struct lb_arena *arena, const struct lb_value *desired)
{
    struct lb_value *out = lb_value_map(arena);
    for (size_t i = 0; i < ROWS; i++) {
        const struct lb_value *value = lb_value_at(desired, rows[i].ours);
        if (!is_set(value))
            continue;
        lb_shape_set(arena, out, rows[i].theirs, row_to(arena, &rows[i], value));
        if (rows[i].gate)
            lb_shape_set(arena, out, rows[i].gate, lb_value_bool(arena, true));
    }
    zones_to(arena, desired, out);
    logs_to(arena, desired, out);
    options_to_text(arena, out);
    const struct lb_value *policy = lb_map_get(desired, "access_policy");
    if (is_set(policy))
        lb_map_set_string(arena, out, "AccessPolicies", lb_json_text(arena, policy));
    const struct lb_value *tune = lb_map_get(desired, "auto_tune");
    if (is_set(tune))
        lb_shape_set(arena, out, "AutoTuneOptions/DesiredState",
                     lb_value_string(arena, lb_bool(tune, false) ? "ENABLED" : "DISABLED"));
    return out;
}

/* --- what differs --------------------------------------------------------------------------- */

static void lay_over(struct lb_arena *arena, struct lb_value *base, const struct lb_value *over)
{
    for (size_t i = 0; i < lb_value_count(over); i++) {
        const struct lb_entry *entry = lb_map_nth(over, i);
        struct lb_value *old = lb_map_get(base, entry->key);
        if (lb_is(old, LB_MAP) && entry->value->type == LB_MAP)
            lay_over(arena, old, entry->value);
        else
            lb_map_set(arena, base, entry->key, entry->value);
    }
}

static bool same_items(const struct lb_value *a, const struct lb_value *b)
{
    if (lb_value_count(a) != lb_value_count(b))
        return false;
    for (size_t i = 0; i < lb_value_count(a); i++)
        if (!lb_list_has(b, lb_text(lb_list_item(a, i), "")))
            return false;
    return true;
}

/* True when `theirs` has all of `ours` already. Master users are never returned: they alone make
 * nothing different. */
static bool covers(const struct lb_value *theirs, const struct lb_value *ours)
{
    if (ours->type == LB_LIST)
        return same_items(theirs, ours);
    if (ours->type != LB_MAP)
        return theirs && lb_value_equal(theirs, ours);
    for (size_t i = 0; i < lb_value_count(ours); i++) {
        const struct lb_entry *entry = lb_map_nth(ours, i);
        if (!lb_streq(entry->key, "MasterUserOptions") &&
            !covers(lb_map_get(theirs, entry->key), entry->value))
            return false;
    }
    return true;
}

static bool is_dirty(const char *section, const struct lb_value *ours,
                     const struct lb_value *desired, const struct lb_value *live,
                     const struct lb_value *status)
{
    if (lb_streq(section, "AccessPolicies"))
        return !lb_value_equal(lb_map_get(desired, "access_policy"),
                               lb_map_get(live, "access_policy"));
    if (lb_streq(section, "AutoTuneOptions"))
        return lb_bool_at(desired, "auto_tune", false) != lb_bool_at(live, "auto_tune", false);
    return !covers(lb_map_get(status, section), ours);
}

/* Sections whose answer has the shape of the request, so that parts that we do not model survive.
 */
static struct lb_value *whole(struct lb_arena *arena, const char *section,
                              const struct lb_value *ours, const struct lb_value *status)
{
    static const char *const echoed[] = {"ClusterConfig", "EBSOptions", "DomainEndpointOptions",
                                         "AdvancedOptions"};
    const struct lb_value *theirs = lb_map_get(status, section);
    bool same_shape = false;
    for (size_t i = 0; i < sizeof echoed / sizeof *echoed; i++)
        same_shape = same_shape || lb_streq(section, echoed[i]);
    if (!same_shape || !lb_is(theirs, LB_MAP))
        return lb_value_copy(arena, ours);
    struct lb_value *base = lb_value_copy(arena, theirs);
    /* Returned as a default, and refused by 3.x when it is sent back
     * (aws-cloudformation/cloudformation-coverage-roadmap issue 2469). */
    if (lb_streq(lb_text_at(base, "override_main_response_version", NULL), "false"))
        lb_map_remove(base, "override_main_response_version");
    lay_over(arena, base, ours);
    return base;
}

/* Log types that shall not be published any more are switched off, not left out. */
static void switch_off_logs(struct lb_arena *arena, const struct lb_value *desired,
                            const struct lb_value *live, struct lb_value *out)
{
    const struct lb_value *wanted = lb_map_get(desired, "log_publishing");
    const struct lb_value *published = lb_map_get(live, "log_publishing");
    for (size_t i = 0; wanted && i < lb_value_count(published); i++) {
        const char *type = lb_map_nth(published, i)->key;
        if (!lb_map_get(wanted, type))
            lb_map_set_bool(arena,
                            lb_map_map(arena, lb_map_map(arena, out, "LogPublishingOptions"), type),
                            "Enabled", false);
    }
}

struct lb_value *lb_domain_dirty_sections(struct lb_arena *arena, const struct lb_value *desired,
                                          const struct lb_value *live,
                                          const struct lb_value *status)
{
    struct lb_value *all = lb_domain_sections(arena, desired), *out = lb_value_map(arena);
    for (size_t i = 0; i < lb_value_count(all); i++) {
        const struct lb_entry *section = lb_map_nth(all, i);
        if (is_dirty(section->key, section->value, desired, live, status))
            lb_map_set(arena, out, section->key,
                       whole(arena, section->key, section->value, status));
    }
    switch_off_logs(arena, desired, live, out);
    /* Storage and instances are judged together (aws-controllers-k8s issue 2219). */
    const struct lb_value *ebs = lb_map_get(all, "EBSOptions");
    if (ebs && lb_map_get(out, "ClusterConfig"))
        lb_map_default(arena, out, "EBSOptions", whole(arena, "EBSOptions", ebs, status));
    const struct lb_value *cluster = lb_map_get(all, "ClusterConfig");
    if (cluster && lb_map_get(out, "EBSOptions"))
        lb_map_default(arena, out, "ClusterConfig", whole(arena, "ClusterConfig", cluster, status));
    return out;
}
