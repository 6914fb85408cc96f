/* domain_read.c: what a domain is now, and what the service says a change would do.
 *
 * One DescribeDomains answers for five domains of a region; tags and the progress of a change are
 * asked after it. Whether a change means a blue/green deployment is the service's to say (DryRun):
 * the two pages of its guide that list the cases contradict each other.
 */
#include "providers/cluster.h"
#include "providers/domain.h"
#include "providers/tags.h"

#include "base/diag.h"

#include <string.h>

const struct lb_service lb_opensearch_service = {
    .id = "opensearch",
    .signing = "es",
    .prefix = "es",
    .endpoint_id = "OPENSEARCH",
    .wire = LB_WIRE_REST_JSON,
};

/* DescribeDomains takes five names at most (developer guide, configuration-api). */
static const struct lb_op describe_domains = {
    .service = &lb_opensearch_service,
    .name = "DescribeDomains",
    .brief = true,
    .method = "POST",
    .path = "/2021-01-01/opensearch/domain-info",
    .batch_member = "DomainNames",
    .batch_max = 5,
    .iam = "es:DescribeDomains",
};
static const struct lb_op describe_progress = {
    .service = &lb_opensearch_service,
    .name = "DescribeDomainChangeProgress",
    .method = "GET",
    .path = "/2021-01-01/opensearch/domain/{DomainName}/progress",
    .iam = "es:DescribeDomainChangeProgress",
};
static const struct lb_op list_tags = {
    .service = &lb_opensearch_service,
    .name = "ListTags",
    .method = "GET",
    .path = "/2021-01-01/tags/?arn={ARN}",
    .iam = "es:ListTags",
};
/* The same operation as the write, with DryRun: it changes nothing. */
static const struct lb_op dry_run = {
    .service = &lb_opensearch_service,
    .name = "UpdateDomainConfig",
    .method = "POST",
    .path = "/2021-01-01/opensearch/domain/{DomainName}/config",
    .iam = "es:UpdateDomainConfig",
};
static const struct lb_op root_info = {
    .service = &lb_cluster_service,
    .name = "Info",
    .method = "GET",
    .path = "/",
    .plane = LB_PLANE_DATA,
};

/* --- state ---------------------------------------------------------------------------------- */

static const struct phase {
    const char *status, *words;
} phases[] = {
    {"Creating", "creating"},
    {"Modifying", "changing its configuration"},
    {"UpgradingEngineVersion", "upgrading the engine"},
    {"UpdatingServiceSoftware", "updating the service software"},
    {"Isolated", "isolated by the service"},
    {"Deleting", "being deleted"},
};

static const char *phase_of(const struct lb_value *status)
{
    const char *name = lb_text_at(status, "DomainProcessingStatus", NULL);
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
        if (lb_streq(name, phases[i].status))
            return phases[i].words;
    if (lb_bool_at(status, "Deleted", false))
        return "being deleted";
    if (!lb_bool_at(status, "Created", true))
        return "creating";
    if (lb_bool_at(status, "UpgradeProcessing", false))
        return "upgrading the engine";
    return lb_bool_at(status, "Processing", false) ? "changing its configuration" : NULL;
}

static const char *endpoint_of(const struct lb_value *status)
{
    const char *vpc = lb_text_at(status, "Endpoints/vpc", NULL);
    return lb_text_at(status, "Endpoint", vpc);
}

static void decode_progress(struct lb_read *read, const struct lb_call *call,
                            const struct lb_answer *answer)
{
    (void)call;
    const struct lb_value *change = lb_map_get(answer->body, "ChangeProgressStatus");
    const struct lb_value *stages = lb_map_get(change, "ChangeProgressStages");
    size_t done = 0, count = lb_value_count(stages);
    for (size_t i = 0; i < count; i++)
        done += lb_streq(lb_text_at(lb_list_item(stages, i), "Status", NULL), "COMPLETED");
    int64_t total = lb_int_at(change, "TotalNumberOfStages", (int64_t)count);
    /* Progress is for people: when it cannot be read the phase alone must do. */
    if (answer->outcome == LB_ANSWERED && total > 0)
        read->live->progress = lb_arena_printf(read->arena, "%s: %zu of %lld stages",
                                               read->live->progress, done, (long long)total);
}

static void decode_tags(struct lb_read *read, const struct lb_call *call,
                        const struct lb_answer *answer)
{
    if (lb_read_ok(read, call, answer))
        lb_tags_read(read, lb_map_get(answer->body, "TagList"));
}

static void take_tags(struct lb_read *read, const struct lb_value *listed)
{
    if (lb_tags_take(read, listed))
        return;
    struct lb_call *call = lb_read_call(read, &list_tags);
    lb_call_param(read->arena, call, "ARN", lb_text_at(read->live->value, "arn", NULL));
    read->ask(read, call, decode_tags);
}

static void ask_more(struct lb_read *read, const struct lb_value *status)
{
    lb_tags_ask(read, read->resource->region, lb_text_at(status, "ARN", ""), take_tags);
    if (read->live->status != LB_LIVE_IN_FLUX)
        return;
    struct lb_call *progress = lb_read_call(read, &describe_progress);
    lb_call_param(read->arena, progress, "DomainName", lb_text_at(status, "DomainName", NULL));
    read->ask(read, progress, decode_progress);
}

static void take_status(struct lb_read *read, const struct lb_value *status)
{
    struct lb_live *live = read->live;
    struct lb_value *value = lb_read_value(read);
    lb_map_set_string(read->arena, value, "arn", lb_text_at(status, "ARN", NULL));
    lb_map_set_string(read->arena, value, "id", lb_text_at(status, "DomainId", NULL));
    lb_map_set_string(read->arena, value, "endpoint", endpoint_of(status));
    lb_domain_from_status(read->arena, read->resource->desired, status, value);
    live->raw = lb_value_map(read->arena);
    lb_map_set(read->arena, live->raw, "config", lb_domain_settings(read->arena, status));
    live->progress = phase_of(status);
    if (!live->progress && !endpoint_of(status))
        live->progress = "waiting for its endpoint";
    live->status = live->progress ? LB_LIVE_IN_FLUX : LB_LIVE_PRESENT;
    ask_more(read, status);
}

static void decode_domains(struct lb_read *read, const struct lb_call *call,
                           const struct lb_answer *answer)
{
    if (!lb_read_ok(read, call, answer))
        return;
    /* A name that does not exist is left out of the answer; that is no error. */
    read->live->status = LB_LIVE_ABSENT;
    const char *name = lb_domain_name(read->stack, read->resource->name);
    const struct lb_value *list = lb_map_get(answer->body, "DomainStatusList");
    for (size_t i = 0; i < lb_value_count(list); i++)
        if (lb_streq(lb_text_at(lb_list_item(list, i), "DomainName", NULL), name))
            take_status(read, lb_list_item(list, i));
}

/* --- clusters that are not AWS's ------------------------------------------------------------ */

static void decode_info(struct lb_read *read, const struct lb_call *call,
                        const struct lb_answer *answer)
{
    read->live->status = LB_LIVE_ABSENT;
    if (!lb_read_ok(read, call, answer))
        return;
    read->live->status = LB_LIVE_PRESENT;
    struct lb_value *value = lb_read_value(read);
    const char *family = lb_text_at(answer->body, "version/distribution", NULL);
    const char *number = lb_text_at(answer->body, "version/number", "");
    const char *dot = strchr(number, '.');
    size_t minor = dot ? (size_t)(dot - number) + 1 + strcspn(dot + 1, ".") : strlen(number);
    lb_map_set(read->arena, value, "engine",
               lb_value_format(read->arena, "%s_%.*s",
                               lb_streq(family, "opensearch") ? "OpenSearch" : "Elasticsearch",
                               (int)minor, number));
    lb_map_set_string(read->arena, value, "endpoint", call->host);
}

int lb_domain_read(struct lb_read *read)
{
    const char *key = read->resource->name;
    if (lb_domain_self_managed(read->stack, key)) {
        struct lb_call *call = lb_read_call(read, &root_info);
        read->live->status = LB_LIVE_ABSENT;
        if (lb_cluster_aim(read->arena, read->stack, key, read->resource->side, call))
            read->ask(read, call, decode_info);
        return 0;
    }
    struct lb_call *call = lb_read_call(read, &describe_domains);
    lb_list_add_string(read->arena,
                       lb_map_list(read->arena, lb_call_body(read->arena, call), "DomainNames"),
                       lb_domain_name(read->stack, key));
    read->ask(read, call, decode_domains);
    return 0;
}

/* --- what a change would do ----------------------------------------------------------------- */

static const struct deployment {
    const char *type, *risk, *disruption;
    int64_t estimate_s;
} deployments[] = {
    {"Blue/Green", "disruptive", "blue/green deployment (service dry run)", 0},
    {"DynamicUpdate", "low", NULL, 300},
    {"None", "none", NULL, 60},
    {"Undetermined", "disruptive", "perhaps a blue/green deployment (service dry run)", 0},
};

static void decode_dry_run(struct lb_read *read, const struct lb_call *call,
                           const struct lb_answer *answer)
{
    (void)call;
    struct lb_forecast *out = read->forecast;
    const char *type = lb_text_at(answer->body, "DryRunResults/DeploymentType", NULL);
    if (answer->outcome == LB_REFUSED) {
        out->refused = answer->error_message ? answer->error_message : answer->error_code;
        return;
    }
    out->disruption = "perhaps a blue/green deployment (no dry run)";
    for (size_t i = 0; type && i < sizeof deployments / sizeof *deployments; i++) {
        if (!lb_streq(type, deployments[i].type))
            continue;
        out->disruption = deployments[i].disruption;
        out->risk = deployments[i].risk;
        out->estimate_s = deployments[i].estimate_s;
    }
}

/* "OpenSearch_2.19" as one number that grows; OpenSearch comes after every Elasticsearch. */
static int64_t rank_of(const char *engine)
{
    int major, minor;
    bool opensearch = lb_engine_opensearch(engine, &major, &minor);
    return (opensearch ? 1000000 : 0) + major * 1000 + minor;
}

static const char *replace_of(struct lb_read *read, const struct lb_value *desired,
                              const struct lb_value *live)
{
    const char *wanted = lb_text_at(desired, "engine", NULL),
               *has = lb_text_at(live, "engine", NULL);
    if (wanted && has && rank_of(wanted) < rank_of(has))
        return lb_arena_printf(read->arena, "an engine goes forward only: %s cannot become %s",
                               lb_escape(read->arena, has), wanted);
    const struct lb_value *vpc = lb_map_get(desired, "vpc");
    if (vpc && !lb_map_get(live, "vpc"))
        return "a public domain cannot move into a VPC";
    return NULL;
}

int lb_domain_forecast(struct lb_read *read, const struct lb_value *dirty, struct lb_forecast *out)
{
    const struct lb_resource *resource = read->resource;
    if (lb_domain_self_managed(read->stack, resource->name))
        return 0;
    const struct lb_value *desired = lb_stack_resolve(read->stack, read->arena, resource->desired);
    out->replace = replace_of(read, desired, resource->live.value);
    if (out->replace)
        return 0;
    if (lb_list_has(dirty, "engine")) {
        out->risk = "disruptive";
        out->disruption = "blue/green deployment (engine upgrade)";
    }
    if (!lb_list_has(dirty, "config") || resource->live.status != LB_LIVE_PRESENT)
        return 0;
    struct lb_call *call = lb_read_call(read, &dry_run);
    lb_call_param(read->arena, call, "DomainName", lb_domain_name(read->stack, resource->name));
    call->body = lb_domain_dirty_sections(read->arena, desired, resource->live.value,
                                          lb_map_get(resource->live.raw, "config"));
    lb_map_set_bool(read->arena, call->body, "DryRun", true);
    lb_map_remove(lb_map_get(call->body, "AdvancedSecurityOptions"), "MasterUserOptions");
    read->forecast = out;
    read->ask(read, call, decode_dry_run);
    return 0;
}
