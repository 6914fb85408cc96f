/* opensearch_section.c: the sections of a domain's configuration: what is accepted, and what the
 * service fills in. One table of shapes, one table of defaults; the few rules that span fields are
 * functions. Defaults are what DescribeDomainConfig of a fresh domain answers. */
#include "sandbox/opensearch.h"

#include "base/diag.h"
#include "base/json.h"
#include "sandbox/policy.h"

#include <string.h>

const char *const sb_domain_sections[] = {"ClusterConfig",
                                          "EBSOptions",
                                          "AccessPolicies",
                                          "IPAddressType",
                                          "SnapshotOptions",
                                          "VPCOptions",
                                          "CognitoOptions",
                                          "EncryptionAtRestOptions",
                                          "NodeToNodeEncryptionOptions",
                                          "AdvancedOptions",
                                          "LogPublishingOptions",
                                          "DomainEndpointOptions",
                                          "AdvancedSecurityOptions",
                                          "IdentityCenterOptions",
                                          "AutoTuneOptions",
                                          "OffPeakWindowOptions",
                                          "SoftwareUpdateOptions",
                                          "DeploymentStrategyOptions",
                                          "AutomatedSnapshotPauseOptions",
                                          NULL};

/* A returned AdvancedOptions always holds these two, also when nothing was sent. */
static const char defaults[] =
    "{\"ClusterConfig\":{\"InstanceType\":\"m7g.large.search\",\"InstanceCount\":1,"
    "\"DedicatedMasterEnabled\":false,\"ZoneAwarenessEnabled\":false,\"WarmEnabled\":false,"
    "\"ColdStorageOptions\":{\"Enabled\":false},\"MultiAZWithStandbyEnabled\":false},"
    "\"EBSOptions\":{\"EBSEnabled\":false},\"AccessPolicies\":\"\",\"IPAddressType\":\"ipv4\","
    "\"SnapshotOptions\":{\"AutomatedSnapshotStartHour\":0},\"VPCOptions\":{},"
    "\"CognitoOptions\":{\"Enabled\":false},\"EncryptionAtRestOptions\":{\"Enabled\":false},"
    "\"NodeToNodeEncryptionOptions\":{\"Enabled\":false},"
    "\"AdvancedOptions\":{\"override_main_response_version\":\"false\","
    "\"rest.action.multi.allow_explicit_index\":\"true\"},\"LogPublishingOptions\":{},"
    "\"DomainEndpointOptions\":{\"EnforceHTTPS\":false,"
    "\"TLSSecurityPolicy\":\"Policy-Min-TLS-1-2-2019-07\",\"CustomEndpointEnabled\":false},"
    "\"AdvancedSecurityOptions\":{\"Enabled\":false,\"InternalUserDatabaseEnabled\":false,"
    "\"AnonymousAuthEnabled\":false},\"IdentityCenterOptions\":{\"EnabledAPIAccess\":false},"
    "\"AutoTuneOptions\":{\"DesiredState\":\"ENABLED\",\"RollbackOnDisable\":\"NO_ROLLBACK\","
    "\"MaintenanceSchedules\":[],\"UseOffPeakWindow\":false},"
    "\"OffPeakWindowOptions\":{\"Enabled\":true,\"OffPeakWindow\":{\"WindowStartTime\":"
    "{\"Hours\":2,\"Minutes\":0}}},\"SoftwareUpdateOptions\":{\"AutoSoftwareUpdateEnabled\":false},"
    "\"DeploymentStrategyOptions\":{\"DeploymentStrategy\":\"Default\"},"
    "\"AutomatedSnapshotPauseOptions\":{\"Enabled\":false}}";

/* --- shapes
 * ---------------------------------------------------------------------------------------- */
static const struct shape {
    const char *path;
    enum lb_type type;
    const char *choices; /* "|a|b|" */
    int64_t low, high;   /* numbers; both 0: any */
} shapes[] = {
    {"ClusterConfig/InstanceType", LB_STRING, NULL, 0, 0},
    {"ClusterConfig/InstanceCount", LB_NUMBER, NULL, 1, 1002},
    {"ClusterConfig/DedicatedMasterEnabled", LB_BOOL, NULL, 0, 0},
    {"ClusterConfig/DedicatedMasterCount", LB_NUMBER, "|3|5|", 0, 0},
    {"ClusterConfig/DedicatedMasterType", LB_STRING, NULL, 0, 0},
    {"ClusterConfig/ZoneAwarenessEnabled", LB_BOOL, NULL, 0, 0},
    {"ClusterConfig/ZoneAwarenessConfig/AvailabilityZoneCount", LB_NUMBER, "|2|3|", 0, 0},
    {"ClusterConfig/WarmEnabled", LB_BOOL, NULL, 0, 0},
    {"ClusterConfig/WarmType", LB_STRING,
     "|ultrawarm1.medium.search|ultrawarm1.large.search|ultrawarm1.xlarge.search|", 0, 0},
    {"ClusterConfig/WarmCount", LB_NUMBER, NULL, 2, 750},
    {"ClusterConfig/MultiAZWithStandbyEnabled", LB_BOOL, NULL, 0, 0},
    {"EBSOptions/EBSEnabled", LB_BOOL, NULL, 0, 0},
    {"EBSOptions/VolumeType", LB_STRING, "|standard|gp2|io1|gp3|", 0, 0},
    {"EBSOptions/VolumeSize", LB_NUMBER, NULL, 10, 24576},
    {"EBSOptions/Iops", LB_NUMBER, NULL, 100, 256000},
    {"EBSOptions/Throughput", LB_NUMBER, NULL, 125, 2000},
    {"AccessPolicies", LB_STRING, NULL, 0, 0},
    {"IPAddressType", LB_STRING, "|ipv4|dualstack|", 0, 0},
    {"SnapshotOptions/AutomatedSnapshotStartHour", LB_NUMBER, NULL, -1, 23},
    {"VPCOptions/SubnetIds", LB_LIST, NULL, 0, 0},
    {"VPCOptions/SecurityGroupIds", LB_LIST, NULL, 0, 0},
    {"EncryptionAtRestOptions/Enabled", LB_BOOL, NULL, 0, 0},
    {"NodeToNodeEncryptionOptions/Enabled", LB_BOOL, NULL, 0, 0},
    {"AdvancedOptions", LB_MAP, NULL, 0, 0},
    {"DomainEndpointOptions/EnforceHTTPS", LB_BOOL, NULL, 0, 0},
    {"DomainEndpointOptions/TLSSecurityPolicy", LB_STRING,
     "|Policy-Min-TLS-1-0-2019-07|Policy-Min-TLS-1-2-2019-07|Policy-Min-TLS-1-2-PFS-2023-10|"
     "Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08|",
     0, 0},
    {"DomainEndpointOptions/CustomEndpointEnabled", LB_BOOL, NULL, 0, 0},
    {"AdvancedSecurityOptions/Enabled", LB_BOOL, NULL, 0, 0},
    {"AdvancedSecurityOptions/InternalUserDatabaseEnabled", LB_BOOL, NULL, 0, 0},
    {"AutoTuneOptions/DesiredState", LB_STRING, "|ENABLED|DISABLED|", 0, 0},
    {"OffPeakWindowOptions/Enabled", LB_BOOL, NULL, 0, 0},
    {"OffPeakWindowOptions/OffPeakWindow/WindowStartTime/Hours", LB_NUMBER, NULL, 0, 23},
    {"OffPeakWindowOptions/OffPeakWindow/WindowStartTime/Minutes", LB_NUMBER, NULL, 0, 59},
    {"SoftwareUpdateOptions/AutoSoftwareUpdateEnabled", LB_BOOL, NULL, 0, 0},
    {"DeploymentStrategyOptions/DeploymentStrategy", LB_STRING, "|Default|CapacityOptimized|", 0,
     0},
    {"AutomatedSnapshotPauseOptions/Enabled", LB_BOOL, NULL, 0, 0},
};

static int check_shape(struct sb_call *call, const struct shape *shape)
{
    struct lb_value *value = lb_value_at(call->body, shape->path);
    const char *text = lb_text(value, "");

    if (!value)
        return 0;
    if (!lb_is(value, shape->type)) {
        sb_domain_error(call, 400, "SerializationException", "%s has the wrong type.", shape->path);
        return -1;
    }
    if (shape->choices && !strstr(shape->choices, lb_arena_printf(call->arena, "|%s|", text))) {
        sb_domain_invalid(call,
                          "1 validation error detected: Value '%s' at '%s' failed to satisfy "
                          "constraint: Member must satisfy enum value set: [%s]",
                          text, shape->path, shape->choices);
        return -1;
    }
    if (shape->high && (lb_int(value, 0) < shape->low || lb_int(value, 0) > shape->high)) {
        sb_domain_invalid(call, "Value '%s' at '%s' must be between %lld and %lld.", text,
                          shape->path, (long long)shape->low, (long long)shape->high);
        return -1;
    }
    return 0;
}

/* --- instance types
 * ---------------------------------------------------------------------------------- */
static bool word_in(const char *words, const char *word, size_t length)
{
    for (const char *at = words; *at; at += strcspn(at, " "), at += *at == ' ') {
        if (strcspn(at, " ") == length && strncmp(at, word, length) == 0)
            return true;
    }
    return false;
}

static bool instance_known(const char *type)
{
    size_t family = strcspn(type, "."), size;

    if (type[family] != '.')
        return false;
    size = strcspn(type + family + 1, ".");
    return lb_streq(type + family + 1 + size, ".search") &&
           word_in("m3 m4 m5 m6g m7g m7i m8g c4 c5 c6g c7g c7i c8g r3 r4 r5 r6g r6gd r7g r7gd r7i "
                   "r8g r8gd i2 i3 i4g i4i i8g im4gn t2 t3 or1 or2 om2 oi2",
                   type, family) &&
           word_in("micro small medium large xlarge 2xlarge 4xlarge 8xlarge 10xlarge 12xlarge "
                   "16xlarge 24xlarge",
                   type + family + 1, size);
}

static bool has_own_disk(const char *type)
{
    return word_in("i2 i3 i4g i4i i8g im4gn r6gd r7gd r8gd r3 m3 oi2", type, strcspn(type, "."));
}

/* --- rules that span fields
 * --------------------------------------------------------------------------- */
static int check_cluster(struct sb_call *call, const struct lb_value *cluster,
                         const struct lb_value *ebs)
{
    const char *type = lb_text_at(cluster, "InstanceType", "");
    const char *master = lb_text_at(cluster, "DedicatedMasterType", "m7g.large.search");
    int64_t zones = lb_int_at(cluster, "ZoneAwarenessConfig/AvailabilityZoneCount", 2);

    if (!instance_known(type) || !instance_known(master)) {
        sb_domain_invalid(call, "Invalid instance type: %s", instance_known(type) ? master : type);
        return -1;
    }
    if (!lb_bool_at(ebs, "EBSEnabled", false) && !has_own_disk(type)) {
        sb_domain_invalid(call, "EBS storage must be selected for %s", type);
        return -1;
    }
    if (lb_bool_at(ebs, "EBSEnabled", false) && !lb_map_get(ebs, "VolumeSize")) {
        sb_domain_invalid(call, "VolumeSize must be specified when EBS is enabled.");
        return -1;
    }
    if (lb_bool_at(cluster, "ZoneAwarenessEnabled", false) &&
        lb_int_at(cluster, "InstanceCount", 1) < zones) {
        sb_domain_invalid(call,
                          "You must choose a minimum of %lld data nodes for %lld "
                          "Availability Zones.",
                          (long long)zones, (long long)zones);
        return -1;
    }
    if (lb_bool_at(cluster, "WarmEnabled", false) &&
        !lb_bool_at(cluster, "DedicatedMasterEnabled", false)) {
        sb_domain_invalid(call, "UltraWarm requires dedicated master nodes.");
        return -1;
    }
    return 0;
}

static int check_security(struct sb_call *call, const struct lb_value *domain)
{
    struct lb_value *security = sb_domain_section(
        call, domain, "AdvancedSecurityOptions", lb_map_get(call->body, "AdvancedSecurityOptions"));
    static const char *const needs[][2] = {{"EncryptionAtRestOptions", "Enabled"},
                                           {"NodeToNodeEncryptionOptions", "Enabled"},
                                           {"DomainEndpointOptions", "EnforceHTTPS"}};

    for (size_t i = 0; lb_bool_at(security, "Enabled", false) && i < 3; i++) {
        struct lb_value *section = sb_domain_section(call, domain, needs[i][0],
                                                     lb_map_get(call->body, needs[i][0]));

        if (!lb_bool_at(section, needs[i][1], false)) {
            sb_domain_invalid(call, "You must enable %s.%s to use advanced security options.",
                              needs[i][0], needs[i][1]);
            return -1;
        }
    }
    return 0;
}

/* What can be switched on but never off again, and keys that never change (developer guide,
 * encryption at rest and fine-grained access control). */
static int check_one_way(struct sb_call *call, const struct lb_value *domain)
{
    static const char *const one_way[] = {"EncryptionAtRestOptions", "NodeToNodeEncryptionOptions",
                                          "AdvancedSecurityOptions"};
    struct lb_value *config = lb_map_get(domain, "config");
    const char *key = lb_text_at(call->body, "EncryptionAtRestOptions/KmsKeyId", NULL);
    const char *is = lb_text_at(config, "EncryptionAtRestOptions/KmsKeyId", NULL);

    for (size_t i = 0; i < 3; i++) {
        if (lb_bool_at(lb_map_get(config, one_way[i]), "Enabled", false) &&
            !lb_bool_at(lb_map_get(call->body, one_way[i]), "Enabled", true)) {
            sb_domain_invalid(call, "%s cannot be disabled once enabled.", one_way[i]);
            return -1;
        }
    }
    if (key && is && !lb_streq(key, is) && !lb_ends_with(is, key)) {
        sb_domain_invalid(call, "The KMS key of a domain cannot be changed.");
        return -1;
    }
    if (lb_map_get(call->body, "VPCOptions") &&
        lb_bool_at(domain, "vpc", false) !=
            (lb_value_count(lb_value_at(call->body, "VPCOptions/SubnetIds")) > 0)) {
        sb_domain_invalid(call, "You cannot switch between public and VPC access.");
        return -1;
    }
    return 0;
}

/* Cheap checks on what the domain refers to. */
static int check_references(struct sb_call *call)
{
    struct lb_value *logs = lb_map_get(call->body, "LogPublishingOptions");
    const char *policy = lb_text_at(call->body, "AccessPolicies", "");

    for (size_t i = 0; i < lb_value_count(logs); i++) {
        const char *group = lb_text_at(lb_map_nth(logs, i)->value, "CloudWatchLogsLogGroupArn", "");

        if (lb_bool_at(lb_map_nth(logs, i)->value, "Enabled", true) &&
            !lb_starts_with(group, "arn:aws:logs:")) {
            sb_domain_invalid(call, "The Resource Access Policy specified for the CloudWatch Logs "
                                    "log group does not grant sufficient permissions.");
            return -1;
        }
    }
    if (*policy && (sb_policy_fault(call->sandbox, call->arena, policy, SB_POLICY_RESOURCE) ||
                    !sb_domain_policy_text(call, policy))) {
        sb_domain_error(call, 409, "InvalidTypeException", "Error setting policy: [%s]", policy);
        return -1;
    }
    if (lb_value_count(lb_value_at(call->body, "VPCOptions/SubnetIds")) &&
        !sb_role_find(call->sandbox, "AWSServiceRoleForAmazonOpenSearchService")) {
        sb_domain_invalid(call, "Before you can proceed, you must enable a service-linked role to "
                                "give Amazon OpenSearch Service permissions to access your VPC.");
        return -1;
    }
    return 0;
}

int sb_domain_validate(struct sb_call *call, const struct lb_value *domain)
{
    struct lb_value *cluster, *ebs;

    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (check_shape(call, &shapes[i]) != 0)
            return -1;
    }
    cluster = sb_domain_section(call, domain, "ClusterConfig",
                                lb_map_get(call->body, "ClusterConfig"));
    ebs = sb_domain_section(call, domain, "EBSOptions", lb_map_get(call->body, "EBSOptions"));
    if (check_cluster(call, cluster, ebs) != 0 || check_references(call) != 0)
        return -1;
    if (domain && check_one_way(call, domain) != 0)
        return -1;
    return check_security(call, domain);
}

/* --- completing
 * ---------------------------------------------------------------------------------------- */
/* The service stores the parsed policy and writes it again: account ids become root ARNs, spaces
 * go. NULL when it is not a policy. */
const char *sb_domain_policy_text(struct sb_call *call, const char *policy)
{
    const char *error = NULL;
    struct lb_value *tree = lb_json_parse(call->arena, policy, strlen(policy), &error);
    struct lb_value *statements = lb_map_get(tree, "Statement");

    if (!statements || lb_value_count(statements) == 0)
        return NULL;
    for (size_t i = 0; lb_is(statements, LB_LIST) && i < lb_value_count(statements); i++) {
        struct lb_value *principal = lb_map_get(lb_list_item(statements, i), "Principal");
        const char *account = lb_text_at(principal, "AWS", "");

        if (!lb_map_get(lb_list_item(statements, i), "Effect"))
            return NULL;
        if (strlen(account) == 12 && sb_only(account, "0123456789"))
            lb_map_set_string(call->arena, principal, "AWS",
                              lb_arena_printf(call->arena, "arn:aws:iam::%s:root", account));
    }
    return lb_json_text(call->arena, tree);
}

static void complete_ebs(struct lb_arena *arena, struct lb_value *ebs)
{
    if (!lb_bool_at(ebs, "EBSEnabled", false))
        return;
    lb_map_default(arena, ebs, "VolumeType", lb_value_string(arena, "gp3"));
    if (lb_streq(lb_text_at(ebs, "VolumeType", ""), "gp3")) {
        lb_map_default(arena, ebs, "Iops", lb_value_int(arena, 3000));
        lb_map_default(arena, ebs, "Throughput", lb_value_int(arena, 125));
    }
}

static void complete_encryption(struct sb_call *call, struct lb_value *rest)
{
    const char *key = lb_text_at(rest, "KmsKeyId", NULL);

    if (!lb_bool_at(rest, "Enabled", false))
        return;
    if (!key)
        key = sb_uuid(call->sandbox, call->arena);
    if (!lb_starts_with(key, "arn:"))
        key = lb_arena_printf(call->arena, "arn:aws:kms:%s:%s:key/%s", call->request->region,
                              call->sandbox->account, key);
    lb_map_set_string(call->arena, rest, "KmsKeyId", key);
}

static void complete_vpc(struct sb_call *call, struct lb_value *vpc)
{
    struct lb_value *subnets = lb_map_get(vpc, "SubnetIds"), *zones;

    if (lb_value_count(subnets) == 0)
        return;
    lb_map_set_string(call->arena, vpc, "VPCId", "vpc-0a1b2c3d4e5f60718");
    zones = lb_value_list(call->arena);
    for (size_t i = 0; i < lb_value_count(subnets); i++)
        lb_list_add(call->arena, zones,
                    lb_value_format(call->arena, "%s%c", call->request->region, (char)('a' + i)));
    lb_map_set(call->arena, vpc, "AvailabilityZones", zones);
}

static void complete(struct sb_call *call, const char *section, struct lb_value *value)
{
    struct lb_arena *arena = call->arena;

    if (lb_streq(section, "EBSOptions"))
        complete_ebs(arena, value);
    else if (lb_streq(section, "EncryptionAtRestOptions"))
        complete_encryption(call, value);
    else if (lb_streq(section, "VPCOptions"))
        complete_vpc(call, value);
    else if (lb_streq(section, "AdvancedSecurityOptions"))
        lb_map_remove(value, "MasterUserOptions"); /* write-only */
    else if (lb_streq(section, "ClusterConfig") &&
             lb_bool_at(value, "ZoneAwarenessEnabled", false) &&
             !lb_map_get(value, "ZoneAwarenessConfig"))
        lb_map_set_int(arena, lb_map_map(arena, value, "ZoneAwarenessConfig"),
                       "AvailabilityZoneCount", 2);
}

struct lb_value *sb_domain_section(struct sb_call *call, const struct lb_value *domain,
                                   const char *section, const struct lb_value *sent)
{
    const char *error = NULL;
    struct lb_value *is = lb_map_get(lb_map_get(domain, "config"), section), *value;

    if (!is)
        is = lb_map_get(lb_json_parse(call->arena, defaults, sizeof(defaults) - 1, &error),
                        section);
    if (!is)
        LB_BUG("section %s has no default", section);
    if (!sent || lb_is(sent, LB_STRING)) {
        const char *policy = lb_streq(section, "AccessPolicies") && *lb_text(sent, "")
                                 ? sb_domain_policy_text(call, lb_text(sent, ""))
                                 : NULL;

        value = policy ? lb_value_string(call->arena, policy)
                       : lb_value_copy(call->arena, sent ? sent : is);
    } else {
        value = lb_value_copy(call->arena, is);
        for (size_t i = 0; i < lb_value_count(sent); i++) {
            const struct lb_entry *entry = lb_map_nth(sent, i);

            lb_map_set(call->arena, value, entry->key, lb_value_copy(call->arena, entry->value));
        }
    }
    complete(call, section, value);
    return value;
}
