/* opensearch_describe.c: a domain as DescribeDomain and DescribeDomainConfig show it.
 * The status repeats the sections flat; the configuration wraps each with its own state. */
#include "sandbox/opensearch.h"

static struct lb_value *auto_tune_status(struct lb_arena *arena, const struct lb_value *desired)
{
    struct lb_value *status = lb_value_map(arena);

    lb_map_set_string(arena, status, "State", lb_text_at(desired, "DesiredState", "DISABLED"));
    lb_map_set_bool(arena, status, "UseOffPeakWindow",
                    lb_bool_at(desired, "UseOffPeakWindow", false));
    return status;
}

static struct lb_value *pause_status(struct lb_arena *arena, const struct lb_value *options)
{
    struct lb_value *status = lb_value_copy(arena, options);

    lb_map_set_string(arena, status, "State",
                      lb_bool_at(options, "Enabled", false) ? "Active" : "Disabled");
    return status;
}

static void status_sections(struct lb_arena *arena, struct lb_value *status,
                            const struct lb_value *config)
{
    for (const char *const *section = sb_domain_sections; *section; section++) {
        struct lb_value *options = lb_map_get(config, *section);

        if (lb_streq(*section, "AutoTuneOptions"))
            options = auto_tune_status(arena, options);
        else if (lb_streq(*section, "AutomatedSnapshotPauseOptions"))
            options = pause_status(arena, options);
        else if (lb_streq(*section, "VPCOptions") && lb_value_count(options) == 0)
            continue; /* a public domain has none */
        lb_map_set(arena, status, *section, options);
    }
}

static void status_endpoint(struct sb_call *call, struct lb_value *status,
                            const struct lb_value *domain)
{
    const char *endpoint = lb_text_at(domain, "endpoint", "");

    if (!sb_domain_serving(domain))
        return;
    if (lb_bool_at(domain, "vpc", false))
        lb_map_set_string(call->arena, lb_map_map(call->arena, status, "Endpoints"), "vpc",
                          endpoint);
    else
        lb_map_set_string(call->arena, status, "Endpoint", endpoint);
    lb_map_set_string(call->arena, status, "DomainEndpointV2HostedZoneId", "Z05608742XWTY2BJHLMEQ");
}

static void status_software(struct sb_call *call, struct lb_value *status,
                            const struct lb_value *domain)
{
    struct lb_value *software = lb_map_map(call->arena, status, "ServiceSoftwareOptions");

    lb_map_set(call->arena, software, "CurrentVersion",
               lb_value_format(call->arena, "%s_R20261015", lb_text_at(domain, "engine", "")));
    lb_map_set_string(call->arena, software, "NewVersion", "");
    lb_map_set_bool(call->arena, software, "UpdateAvailable", false);
    lb_map_set_bool(call->arena, software, "Cancellable", false);
    lb_map_set_string(call->arena, software, "UpdateStatus", "COMPLETED");
    lb_map_set_string(call->arena, software, "Description",
                      "There is no software update available for this domain.");
    lb_map_set_int(call->arena, software, "AutomatedUpdateDate", 0);
    lb_map_set_bool(call->arena, software, "OptionalDeployment", true);
}

struct lb_value *sb_domain_status(struct sb_call *call, const struct lb_value *domain)
{
    struct lb_arena *arena = call->arena;
    struct lb_value *status = lb_value_map(arena), *change = lb_map_get(domain, "change");
    const char *word = lb_text_at(domain, "status", "");
    bool open = !lb_bool_at(change, "done", false);

    lb_map_set_string(arena, status, "DomainId", lb_text_at(domain, "id", ""));
    lb_map_set_string(arena, status, "DomainName", lb_text_at(domain, "name", ""));
    lb_map_set_string(arena, status, "ARN", lb_text_at(domain, "arn", ""));
    lb_map_set_bool(arena, status, "Created", true);
    lb_map_set_bool(arena, status, "Deleted", lb_streq(word, "Deleting"));
    status_endpoint(call, status, domain);
    lb_map_set_bool(arena, status, "Processing", sb_domain_busy(domain));
    lb_map_set_bool(arena, status, "UpgradeProcessing", lb_streq(word, "UpgradingEngineVersion"));
    lb_map_set_string(arena, status, "EngineVersion", lb_text_at(domain, "engine", ""));
    status_sections(arena, status, lb_map_get(domain, "config"));
    status_software(call, status, domain);
    lb_map_set(arena, status, "ChangeProgressDetails",
               sb_domain_change_details(arena, change, sb_now(call->sandbox)));
    lb_map_set_string(arena, status, "DomainProcessingStatus", word);
    lb_map_set(arena, status, "ModifyingProperties",
               open && lb_map_get(change, "properties") ? lb_map_get(change, "properties")
                                                        : lb_value_list(arena));
    return status;
}

static struct lb_value *section_state(struct sb_call *call, const struct lb_value *meta,
                                      bool processing)
{
    struct lb_value *status = lb_value_map(call->arena);

    lb_map_set_int(call->arena, status, "CreationDate", lb_int_at(meta, "created", 0));
    lb_map_set_int(call->arena, status, "UpdateDate", lb_int_at(meta, "updated", 0));
    lb_map_set_int(call->arena, status, "UpdateVersion", lb_int_at(meta, "version", 1));
    lb_map_set_string(call->arena, status, "State", processing ? "Processing" : "Active");
    lb_map_set_bool(call->arena, status, "PendingDeletion", false);
    return status;
}

static struct lb_value *wrap(struct sb_call *call, struct lb_value *options,
                             const struct lb_value *meta, bool processing)
{
    struct lb_value *section = lb_value_map(call->arena);

    lb_map_set(call->arena, section, "Options", options);
    lb_map_set(call->arena, section, "Status", section_state(call, meta, processing));
    return section;
}

struct lb_value *sb_domain_config(struct sb_call *call, const struct lb_value *domain)
{
    struct lb_arena *arena = call->arena;
    struct lb_value *config = lb_value_map(arena), *change = lb_map_get(domain, "change");
    bool open = !lb_bool_at(change, "done", false);
    bool creating = lb_streq(lb_text_at(domain, "status", ""), "Creating");

    lb_map_set(arena, config, "EngineVersion",
               wrap(call, lb_map_get(domain, "engine"), lb_value_at(domain, "meta/ClusterConfig"),
                    lb_streq(lb_text_at(domain, "status", ""), "UpgradingEngineVersion")));
    for (const char *const *name = sb_domain_sections; *name; name++) {
        struct lb_value *options = lb_map_get(lb_map_get(domain, "config"), *name);
        bool touched = open && (creating || lb_list_has(lb_map_get(change, "sections"), *name));
        struct lb_value *section = wrap(call, options,
                                        lb_map_get(lb_map_get(domain, "meta"), *name), touched);

        if (lb_streq(*name, "AutoTuneOptions")) /* its state is the feature's, not the change's */
            lb_map_set_string(arena, lb_map_get(section, "Status"), "State",
                              lb_text_at(options, "DesiredState", "DISABLED"));
        lb_map_set(arena, config, *name, section);
    }
    lb_map_set(arena, config, "ChangeProgressDetails",
               sb_domain_change_details(arena, change, sb_now(call->sandbox)));
    lb_map_set(arena, config, "ModifyingProperties",
               open && lb_map_get(change, "properties") ? lb_map_get(change, "properties")
                                                        : lb_value_list(arena));
    return config;
}
