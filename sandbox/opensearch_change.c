/* opensearch_change.c: changes of a domain over time: which kind of deployment a change needs, dry
 * runs, progress in stages, and the clock that completes them.
 * Facts: developer guide, "Making configuration changes" (what usually causes a blue/green
 * deployment). The two guide pages contradict each other on custom endpoints; blue/green is the
 * safer answer for a plan. */
#include "sandbox/opensearch.h"

#include "base/json.h"

#include <string.h>

#define DYNAMIC_SECONDS 90
#define BLUE_GREEN_SECONDS 1200

/* A change at or below `path` needs a blue/green deployment; the rest is dynamic. */
static const char *const blue_green[] = {"ClusterConfig/InstanceType",
                                         "ClusterConfig/DedicatedMasterEnabled",
                                         "ClusterConfig/DedicatedMasterType",
                                         "ClusterConfig/DedicatedMasterCount",
                                         "ClusterConfig/ZoneAwarenessEnabled",
                                         "ClusterConfig/ZoneAwarenessConfig",
                                         "ClusterConfig/MultiAZWithStandbyEnabled",
                                         "ClusterConfig/WarmEnabled",
                                         "ClusterConfig/WarmType",
                                         "ClusterConfig/ColdStorageOptions",
                                         "EBSOptions/EBSEnabled",
                                         "EBSOptions/VolumeType",
                                         "EBSOptions/VolumeSize",
                                         "VPCOptions",
                                         "CognitoOptions",
                                         "AdvancedOptions",
                                         "EncryptionAtRestOptions",
                                         "NodeToNodeEncryptionOptions",
                                         "AdvancedSecurityOptions/Enabled",
                                         "DomainEndpointOptions/CustomEndpointEnabled",
                                         "DomainEndpointOptions/CustomEndpoint",
                                         "IPAddressType",
                                         NULL};

static bool needs_blue_green(const struct lb_value *before, const struct lb_value *after)
{
    for (const char *const *path = blue_green; *path; path++) {
        if (!lb_value_equal(lb_value_at(before, *path), lb_value_at(after, *path)))
            return true;
    }
    /* Without dedicated masters a data node is a master: their number changes the quorum. */
    return !lb_bool_at(after, "ClusterConfig/DedicatedMasterEnabled", false) &&
           !lb_value_equal(lb_value_at(before, "ClusterConfig/InstanceCount"),
                           lb_value_at(after, "ClusterConfig/InstanceCount"));
}

static void add_property(struct sb_call *call, struct lb_value *list, const char *name,
                         const struct lb_value *active, const struct lb_value *pending)
{
    struct lb_value *item = lb_value_map(call->arena);
    bool plain = !lb_is(pending, LB_MAP) && !lb_is(pending, LB_LIST);

    lb_map_set_string(call->arena, item, "Name", name);
    lb_map_set_string(call->arena, item, "ActiveValue",
                      plain ? lb_text(active, "") : lb_json_text(call->arena, active));
    lb_map_set_string(call->arena, item, "PendingValue",
                      plain ? lb_text(pending, "") : lb_json_text(call->arena, pending));
    lb_map_set_string(call->arena, item, "ValueType", plain ? "PLAIN_TEXT" : "STRINGIFIED_JSON");
    lb_list_add(call->arena, list, item);
}

/* The configuration as it would be; the changed fields go to `properties`. */
static struct lb_value *config_after(struct sb_call *call, const struct lb_value *domain,
                                     struct lb_value *properties)
{
    struct lb_value *after = lb_value_map(call->arena);

    for (const char *const *section = sb_domain_sections; *section; section++) {
        struct lb_value *is = lb_map_get(lb_map_get(domain, "config"), *section);
        struct lb_value *sent = lb_map_get(call->body, *section);
        struct lb_value *will = sent ? sb_domain_section(call, domain, *section, sent) : is;

        lb_map_set(call->arena, after, *section, will);
        if (lb_value_equal(is, will))
            continue;
        if (!lb_is(will, LB_MAP))
            add_property(call, properties, *section, is, will);
        for (size_t i = 0; lb_is(will, LB_MAP) && i < lb_value_count(will); i++) {
            const struct lb_entry *field = lb_map_nth(will, i);

            if (!lb_value_equal(lb_map_get(is, field->key), field->value))
                add_property(call, properties,
                             lb_arena_printf(call->arena, "%s.%s", *section, field->key),
                             lb_map_get(is, field->key), field->value);
        }
    }
    return after;
}

static const struct {
    const char *type, *message;
} deployments[] = {
    [SB_DEPLOY_NONE] = {"None", "This change won't trigger any deployment."},
    [SB_DEPLOY_DYNAMIC] = {"DynamicUpdate", "This change won't trigger a blue/green deployment."},
    [SB_DEPLOY_BLUE_GREEN] = {"Blue/Green", "This change will trigger a blue/green deployment."},
};

static void reply_config(struct sb_call *call, const struct lb_value *domain,
                         const enum sb_deployment *dry)
{
    struct lb_value *answer = lb_value_map(call->arena), *results;

    lb_map_set(call->arena, answer, "DomainConfig", sb_domain_config(call, domain));
    if (dry) {
        results = lb_map_map(call->arena, answer, "DryRunResults");
        lb_map_set_string(call->arena, results, "DeploymentType", deployments[*dry].type);
        lb_map_set_string(call->arena, results, "Message", deployments[*dry].message);
    }
    sb_reply_json(call->response, 200, answer);
}

static void change_apply(struct sb_call *call, struct lb_value *domain,
                         const struct lb_value *after, struct lb_value *properties,
                         enum sb_deployment kind)
{
    struct sandbox *sandbox = call->sandbox;
    struct lb_value *config = lb_map_get(domain, "config"), *sections = lb_value_list(call->arena);
    bool slow = kind == SB_DEPLOY_BLUE_GREEN;

    for (const char *const *section = sb_domain_sections; *section; section++) {
        struct lb_value *meta = lb_value_at(lb_map_get(domain, "meta"), *section);

        if (lb_value_equal(lb_map_get(config, *section), lb_map_get(after, *section)))
            continue;
        lb_list_add_string(call->arena, sections, *section);
        sb_keep(sandbox, config, *section, lb_map_get(after, *section));
        sb_keep_int(sandbox, meta, "updated", sb_now(sandbox));
        sb_keep_int(sandbox, meta, "version", lb_int_at(meta, "version", 1) + 1);
    }
    sb_keep_string(sandbox, domain, "status", "Modifying");
    sb_domain_change_start(call, domain, slow ? "bluegreen" : "dynamic",
                           slow ? BLUE_GREEN_SECONDS : DYNAMIC_SECONDS, properties);
    sb_keep(sandbox, lb_map_get(domain, "change"), "sections", sections);
}

static void keep_master(struct sb_call *call, struct lb_value *domain)
{
    struct lb_value *sent = lb_value_at(call->body, "AdvancedSecurityOptions/MasterUserOptions");
    struct lb_value *master = lb_map_map(call->sandbox->arena, domain, "master");

    if (!sent)
        return;
    sb_keep_string(call->sandbox, master, "arn", lb_text_at(sent, "MasterUserARN", ""));
    sb_keep_string(call->sandbox, master, "name", lb_text_at(sent, "MasterUserName", ""));
    sb_keep_string(call->sandbox, master, "password", lb_text_at(sent, "MasterUserPassword", ""));
}

void sb_op_update_domain_config(struct sb_call *call)
{
    struct lb_value *domain = sb_domain_wanted(call, call->args[0]), *after, *properties;
    bool dry = lb_bool_at(call->body, "DryRun", false);
    enum sb_deployment kind = SB_DEPLOY_NONE;

    if (!domain)
        return;
    if (!dry && sb_domain_busy(domain)) {
        sb_domain_invalid(call, "A change/update is in progress. Please wait for it to complete "
                                "before requesting another change.");
        return;
    }
    if (sb_domain_validate(call, domain) != 0)
        return;
    properties = lb_value_list(call->arena);
    after = config_after(call, domain, properties);
    if (lb_value_count(properties))
        kind = needs_blue_green(lb_map_get(domain, "config"), after) ? SB_DEPLOY_BLUE_GREEN
                                                                     : SB_DEPLOY_DYNAMIC;
    if (!dry) {
        keep_master(call, domain);
        if (kind != SB_DEPLOY_NONE)
            change_apply(call, domain, after, properties, kind);
    }
    reply_config(call, domain, dry ? &kind : NULL);
}

/* --- progress
 * --------------------------------------------------------------------------------------- */
static const char *const stages_blue_green[] = {"Validation",
                                                "Creating a new environment",
                                                "Provisioning new nodes",
                                                "Traffic routing on new nodes",
                                                "Copying data from old nodes to new nodes",
                                                "Terminating old nodes",
                                                NULL};
static const char *const stages_dynamic[] = {"Validation", "Applying changes",
                                             "Dynamic update applied", NULL};
static const char *const stages_create[] = {"Validation", "Creating a new environment",
                                            "Provisioning new nodes", NULL};
static const char *const stages_upgrade[] = {"Validation",
                                             "Pre-upgrade check",
                                             "Taking a snapshot",
                                             "Creating a new environment",
                                             "Copying data from old nodes to new nodes",
                                             "Terminating old nodes",
                                             NULL};

static const struct {
    const char *kind;
    const char *const *stages;
} kinds[] = {{"create", stages_create},
             {"dynamic", stages_dynamic},
             {"bluegreen", stages_blue_green},
             {"upgrade", stages_upgrade},
             {"delete", stages_create}};

static const char *const *stages_of(const struct lb_value *change)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (lb_streq(kinds[i].kind, lb_text_at(change, "kind", "")))
            return kinds[i].stages;
    }
    return stages_dynamic;
}

void sb_domain_change_start(struct sb_call *call, struct lb_value *domain, const char *kind,
                            int64_t seconds, struct lb_value *properties)
{
    struct sandbox *sandbox = call->sandbox;
    struct lb_value *change = lb_value_map(call->arena);

    lb_map_set_string(call->arena, change, "id", sb_uuid(sandbox, call->arena));
    lb_map_set_string(call->arena, change, "kind", kind);
    lb_map_set_int(call->arena, change, "start", sb_now(sandbox));
    lb_map_set_int(call->arena, change, "end", sb_now(sandbox) + seconds);
    lb_map_set_bool(call->arena, change, "done", false);
    if (properties)
        lb_map_set(call->arena, change, "properties", properties);
    sb_keep(sandbox, domain, "change", change);
}

static const char *change_status(const struct lb_value *change, int64_t now)
{
    if (lb_bool_at(change, "done", false))
        return "Completed";
    return now - lb_int_at(change, "start", 0) < 10 ? "Initializing" : "ApplyingChanges";
}

static int64_t change_updated(const struct lb_value *change, int64_t now)
{
    int64_t end = lb_int_at(change, "end", now);

    return now < end ? now : end;
}

struct lb_value *sb_domain_change_details(struct lb_arena *arena, const struct lb_value *change,
                                          int64_t now)
{
    struct lb_value *details = lb_value_map(arena);

    lb_map_set_string(arena, details, "ChangeId", lb_text_at(change, "id", ""));
    lb_map_set_string(arena, details, "ConfigChangeStatus", change_status(change, now));
    lb_map_set_string(arena, details, "InitiatedBy", "CUSTOMER");
    lb_map_set_int(arena, details, "StartTime", lb_int_at(change, "start", 0));
    lb_map_set_int(arena, details, "LastUpdatedTime", change_updated(change, now));
    return details;
}

static struct lb_value *stage_list(struct lb_arena *arena, const struct lb_value *change,
                                   int64_t now, int64_t *total)
{
    const char *const *stages = stages_of(change);
    struct lb_value *list = lb_value_list(arena);
    int64_t start = lb_int_at(change, "start", 0), whole = lb_int_at(change, "end", 0) - start;

    for (*total = 0; stages[*total]; (*total)++)
        ;
    for (int64_t i = 0; i < *total; i++) {
        struct lb_value *item = lb_value_map(arena);
        int64_t from = start + whole * i / *total, to = start + whole * (i + 1) / *total;
        bool done = lb_bool_at(change, "done", false) || now >= to;

        lb_map_set_string(arena, item, "Name", stages[i]);
        lb_map_set_string(arena, item, "Status",
                          done          ? "COMPLETED"
                          : now >= from ? "IN_PROGRESS"
                                        : "PENDING");
        lb_map_set_int(arena, item, "LastUpdated", done ? to : now);
        lb_list_add(arena, list, item);
    }
    return list;
}

struct lb_value *sb_domain_progress(struct sb_call *call, const struct lb_value *domain)
{
    struct lb_value *change = lb_map_get(domain, "change"), *status = lb_value_map(call->arena);
    struct lb_value *properties = lb_map_get(change, "properties");
    struct lb_value *names[2] = {lb_value_list(call->arena), lb_value_list(call->arena)};
    int64_t now = sb_now(call->sandbox), total = 0;
    bool done = lb_bool_at(change, "done", false);

    for (size_t i = 0; i < lb_value_count(properties); i++)
        lb_list_add_string(call->arena, names[done ? 1 : 0],
                           lb_text_at(lb_list_item(properties, i), "Name", ""));
    lb_map_set_string(call->arena, status, "ChangeId", lb_text_at(change, "id", ""));
    lb_map_set_int(call->arena, status, "StartTime", lb_int_at(change, "start", 0));
    lb_map_set_string(call->arena, status, "Status", done ? "COMPLETED" : "PROCESSING");
    lb_map_set(call->arena, status, "PendingProperties", names[0]);
    lb_map_set(call->arena, status, "CompletedProperties", names[1]);
    lb_map_set(call->arena, status, "ChangeProgressStages",
               stage_list(call->arena, change, now, &total));
    lb_map_set_int(call->arena, status, "TotalNumberOfStages", total);
    lb_map_set_int(call->arena, status, "LastUpdatedTime", change_updated(change, now));
    lb_map_set_string(call->arena, status, "ConfigChangeStatus", change_status(change, now));
    lb_map_set_string(call->arena, status, "InitiatedBy", "CUSTOMER");
    return status;
}

void sb_op_describe_domain_change_progress(struct sb_call *call)
{
    struct lb_value *domain = sb_domain_wanted(call, call->args[0]);
    struct lb_value *answer = lb_value_map(call->arena);
    const char *wanted = lb_text_at(call->request->query, "changeid", NULL);

    if (!domain)
        return;
    if (wanted && !lb_streq(wanted, lb_text_at(domain, "change/id", ""))) {
        sb_domain_error(call, 409, "ResourceNotFoundException", "Change not found: %s", wanted);
        return;
    }
    lb_map_set(call->arena, answer, "ChangeProgressStatus", sb_domain_progress(call, domain));
    sb_reply_json(call->response, 200, answer);
}

/* Only a change that is still validating can be cancelled; ours never lingers there. */
void sb_op_cancel_domain_config_change(struct sb_call *call)
{
    struct lb_value *domain = sb_domain_wanted(call, call->args[0]);
    struct lb_value *answer = lb_value_map(call->arena);

    if (!domain)
        return;
    lb_map_list(call->arena, answer, "CancelledChangeIds");
    lb_map_list(call->arena, answer, "CancelledChangeProperties");
    lb_map_set_bool(call->arena, answer, "DryRun", lb_bool_at(call->body, "DryRun", false));
    sb_reply_json(call->response, 200, answer);
}

/* --- time
 * --------------------------------------------------------------------------------------------- */
/* Its data goes with it: a domain made again under the name is empty. */
static void forget_cluster(struct sandbox *sandbox, const struct lb_value *domain)
{
    struct lb_arena *scratch = lb_arena_new();

    lb_map_remove(lb_map_get(sb_state(sandbox, "cluster"), "nodes"),
                  lb_arena_printf(scratch, "%s/%s", lb_text_at(domain, "region", ""),
                                  lb_text_at(domain, "name", "")));
    lb_arena_free(scratch);
}

/* True when the domain is gone. */
static bool domain_tick(struct sandbox *sandbox, struct lb_value *domain, int64_t now)
{
    struct lb_value *change = lb_map_get(domain, "change");
    const char *kind = lb_text_at(change, "kind", "");

    if (!lb_bool_at(domain, "endpoint_ready", false) &&
        now >= lb_int_at(domain, "endpoint_at", now)) {
        sb_keep_bool(sandbox, domain, "endpoint_ready", true);
        sb_touch(sandbox);
    }
    if (lb_bool_at(change, "done", true) || now < lb_int_at(change, "end", 0))
        return false;
    sb_touch(sandbox);
    if (lb_streq(kind, "delete")) {
        forget_cluster(sandbox, domain);
        return true;
    }
    if (lb_streq(kind, "upgrade"))
        sb_keep_string(sandbox, domain, "engine", lb_text_at(domain, "upgrade/target", ""));
    sb_keep_bool(sandbox, change, "done", true);
    sb_keep_string(sandbox, domain, "status", "Active");
    return false;
}

void sb_domain_tick(struct sandbox *sandbox, int64_t now)
{
    struct lb_value *regions = lb_map_get(sb_state(sandbox, "opensearch"), "domains");

    for (size_t r = 0; r < lb_value_count(regions); r++) {
        struct lb_value *domains = lb_map_nth(regions, r)->value;

        for (size_t d = lb_value_count(domains); d > 0; d--) {
            const struct lb_entry *entry = lb_map_nth(domains, d - 1);

            if (domain_tick(sandbox, entry->value, now))
                lb_map_remove(domains, entry->key);
        }
    }
}
