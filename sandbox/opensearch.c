/* opensearch.c: the OpenSearch Service control plane (2021-01-01): its routes, domains coming and
 * going, tags and health. Facts: the service model of 2021-01-01 and the developer guide; what
 * other emulators get wrong (dry run applied, five-name limit missing, instant Active) is what
 * lifeboat's stories depend on, so it is right here. */
#include "sandbox/opensearch.h"

#include "sandbox/services.h"

#include <stdarg.h>
#include <string.h>

#define CREATE_SECONDS 900
#define ENDPOINT_AFTER 780
#define DELETE_SECONDS 600

/* --- finding -------------------------------------------------------------------------------------
 */
static struct lb_value *region_domains(struct sandbox *sandbox, const char *region)
{
    struct lb_value *domains = lb_map_map(sandbox->arena, sb_state(sandbox, "opensearch"),
                                          "domains");

    return lb_map_map(sandbox->arena, domains, region);
}

struct lb_value *sb_domain_find(struct sandbox *sandbox, const char *region, const char *name)
{
    return lb_map_get(region_domains(sandbox, region), name ? name : "");
}

static bool host_is(const char *host, size_t length, const char *candidate)
{
    return candidate && strlen(candidate) == length && strncmp(host, candidate, length) == 0;
}

struct lb_value *sb_domain_by_host(struct sandbox *sandbox, const char *host)
{
    struct lb_value *regions = lb_map_get(sb_state(sandbox, "opensearch"), "domains");
    size_t length = host ? strcspn(host, ":") : 0;

    for (size_t r = 0; length && r < lb_value_count(regions); r++) {
        struct lb_value *domains = lb_map_nth(regions, r)->value;

        for (size_t d = 0; d < lb_value_count(domains); d++) {
            struct lb_value *domain = lb_map_nth(domains, d)->value;

            if (host_is(host, length, lb_text_at(domain, "endpoint", NULL)) ||
                host_is(host, length,
                        lb_text_at(domain, "config/DomainEndpointOptions/CustomEndpoint", NULL)))
                return domain;
        }
    }
    return NULL;
}

bool sb_domain_busy(const struct lb_value *domain)
{
    return !lb_streq(lb_text_at(domain, "status", ""), "Active");
}

bool sb_domain_serving(const struct lb_value *domain)
{
    return lb_bool_at(domain, "endpoint_ready", false) &&
           !lb_streq(lb_text_at(domain, "status", ""), "Deleting");
}

/* --- errors --------------------------------------------------------------------------------------
 */
void sb_domain_error(struct sb_call *call, int status, const char *code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    sb_error_json(call->request, call->response, status, code,
                  lb_arena_vprintf(call->arena, format, args));
    va_end(args);
}

void sb_domain_invalid(struct sb_call *call, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    sb_error_json(call->request, call->response, 400, "ValidationException",
                  lb_arena_vprintf(call->arena, format, args));
    va_end(args);
}

struct lb_value *sb_domain_wanted(struct sb_call *call, const char *name)
{
    struct lb_value *domain = sb_domain_find(call->sandbox, call->request->region, name);

    if (!domain)
        sb_domain_error(call, 409, "ResourceNotFoundException", "Domain not found: %s",
                        name ? name : "");
    return domain;
}

/* --- creating
 * ------------------------------------------------------------------------------------- */
static bool name_valid(const char *name)
{
    size_t length = strlen(name);

    return length >= 3 && length <= 28 && name[0] >= 'a' && name[0] <= 'z' &&
           sb_only(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
}

static int check_create(struct sb_call *call, const char *name, const char *engine)
{
    if (!name_valid(name)) {
        sb_domain_invalid(
            call,
            "1 validation error detected: Value '%s' at 'domainName' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: "
            "[a-z][a-z0-9\\-]+ and have length between 3 and 28",
            name);
        return -1;
    }
    if (sb_domain_find(call->sandbox, call->request->region, name)) {
        sb_domain_error(call, 409, "ResourceAlreadyExistsException",
                        "Domain with the same name already exists: %s", name);
        return -1;
    }
    if (!sb_engine_known(engine)) {
        sb_domain_invalid(call, "EngineVersion %s is not supported.", engine);
        return -1;
    }
    return sb_domain_validate(call, NULL);
}

static void keep_master(struct sb_call *call, struct lb_value *domain)
{
    struct lb_value *sent = lb_value_at(call->body, "AdvancedSecurityOptions/MasterUserOptions");
    struct lb_value *master;

    if (!sent)
        return;
    master = lb_map_map(call->sandbox->arena, domain, "master");
    sb_keep_string(call->sandbox, master, "arn", lb_text_at(sent, "MasterUserARN", ""));
    sb_keep_string(call->sandbox, master, "name", lb_text_at(sent, "MasterUserName", ""));
    sb_keep_string(call->sandbox, master, "password", lb_text_at(sent, "MasterUserPassword", ""));
}

static const char *new_endpoint(struct sb_call *call, const char *name, bool vpc)
{
    const char *unique = sb_id(call->sandbox, call->arena, "abcdefghijklmnopqrstuvwxyz234567", 26);

    return lb_arena_printf(call->arena, "%s-%s-%s.%s.es.amazonaws.com", vpc ? "vpc" : "search",
                           name, unique, call->request->region);
}

static struct lb_value *domain_make(struct sb_call *call, const char *name, const char *engine)
{
    struct sandbox *sandbox = call->sandbox;
    const char *region = call->request->region;
    struct lb_value *domain = lb_map_map(sandbox->arena, region_domains(sandbox, region), name);
    struct lb_value *config = lb_map_map(sandbox->arena, domain, "config");
    bool vpc = lb_value_count(lb_value_at(call->body, "VPCOptions/SubnetIds")) > 0;
    int64_t now = sb_now(sandbox);

    sb_keep_string(sandbox, domain, "name", name);
    sb_keep_string(sandbox, domain, "region", region);
    sb_keep_string(sandbox, domain, "id",
                   lb_arena_printf(call->arena, "%s/%s", sandbox->account, name));
    sb_keep_string(
        sandbox, domain, "arn",
        lb_arena_printf(call->arena, "arn:aws:es:%s:%s:domain/%s", region, sandbox->account, name));
    sb_keep_string(sandbox, domain, "engine", engine);
    sb_keep_string(sandbox, domain, "status", "Creating");
    sb_keep_string(sandbox, domain, "endpoint", new_endpoint(call, name, vpc));
    sb_keep_bool(sandbox, domain, "vpc", vpc);
    sb_keep_int(sandbox, domain, "created", now);
    for (const char *const *section = sb_domain_sections; *section; section++) {
        struct lb_value *meta = lb_map_map(sandbox->arena,
                                           lb_map_map(sandbox->arena, domain, "meta"), *section);

        sb_keep(sandbox, config, *section,
                sb_domain_section(call, NULL, *section, lb_map_get(call->body, *section)));
        sb_keep_int(sandbox, meta, "created", now);
        sb_keep_int(sandbox, meta, "updated", now);
        sb_keep_int(sandbox, meta, "version", 1);
    }
    keep_master(call, domain);
    return domain;
}

static void create_domain(struct sb_call *call)
{
    const char *name = lb_text_at(call->body, "DomainName", "");
    const char *engine = lb_text_at(call->body, "EngineVersion", "OpenSearch_2.19");
    struct lb_value *answer = lb_value_map(call->arena), *domain;

    if (check_create(call, name, engine) != 0)
        return;
    domain = domain_make(call, name, engine);
    sb_keep(call->sandbox, domain, "tags",
            lb_map_get(call->body, "TagList") ? lb_map_get(call->body, "TagList")
                                              : lb_value_list(call->arena));
    sb_domain_change_start(call, domain, "create", CREATE_SECONDS, NULL);
    sb_keep_int(call->sandbox, domain, "endpoint_at", sb_now(call->sandbox) + ENDPOINT_AFTER);
    lb_map_set(call->arena, answer, "DomainStatus", sb_domain_status(call, domain));
    sb_reply_json(call->response, 200, answer);
}

static void delete_domain(struct sb_call *call)
{
    struct lb_value *domain = sb_domain_wanted(call, call->args[0]);
    struct lb_value *answer = lb_value_map(call->arena);

    if (!domain)
        return;
    if (!lb_streq(lb_text_at(domain, "status", ""), "Deleting")) {
        sb_keep_string(call->sandbox, domain, "status", "Deleting");
        sb_domain_change_start(call, domain, "delete", DELETE_SECONDS, NULL);
    }
    lb_map_set(call->arena, answer, "DomainStatus", sb_domain_status(call, domain));
    sb_reply_json(call->response, 200, answer);
}

/* --- describing
 * ------------------------------------------------------------------------------------ */
static void describe_domain(struct sb_call *call)
{
    struct lb_value *domain = sb_domain_wanted(call, call->args[0]);
    struct lb_value *answer = lb_value_map(call->arena);

    if (!domain)
        return;
    lb_map_set(call->arena, answer, "DomainStatus", sb_domain_status(call, domain));
    sb_reply_json(call->response, 200, answer);
}

/* At most five names a call (developer guide, configuration API); unknown ones are left out. */
static void describe_domains(struct sb_call *call)
{
    struct lb_value *names = lb_map_get(call->body, "DomainNames");
    struct lb_value *answer = lb_value_map(call->arena), *list;

    if (lb_value_count(names) < 1 || lb_value_count(names) > 5) {
        sb_domain_invalid(call, "Please provide a maximum of 5 domain names to describe.");
        return;
    }
    list = lb_map_list(call->arena, answer, "DomainStatusList");
    for (size_t i = 0; i < lb_value_count(names); i++) {
        struct lb_value *domain = sb_domain_find(call->sandbox, call->request->region,
                                                 lb_text(lb_list_item(names, i), ""));

        if (domain)
            lb_list_add(call->arena, list, sb_domain_status(call, domain));
    }
    sb_reply_json(call->response, 200, answer);
}

static void describe_domain_config(struct sb_call *call)
{
    struct lb_value *domain = sb_domain_wanted(call, call->args[0]);
    struct lb_value *answer = lb_value_map(call->arena);

    if (!domain)
        return;
    lb_map_set(call->arena, answer, "DomainConfig", sb_domain_config(call, domain));
    sb_reply_json(call->response, 200, answer);
}

static void list_domain_names(struct sb_call *call)
{
    struct lb_value *domains = region_domains(call->sandbox, call->request->region);
    struct lb_value *answer = lb_value_map(call->arena);
    struct lb_value *list = lb_map_list(call->arena, answer, "DomainNames");

    for (size_t i = 0; i < lb_value_count(domains); i++) {
        const struct lb_entry *entry = lb_map_nth(domains, i);
        struct lb_value *item = lb_value_map(call->arena);
        bool elastic = lb_starts_with(lb_text_at(entry->value, "engine", ""), "Elasticsearch");

        lb_map_set_string(call->arena, item, "DomainName", entry->key);
        lb_map_set_string(call->arena, item, "EngineType",
                          elastic ? "Elasticsearch" : "OpenSearch");
        lb_list_add(call->arena, list, item);
    }
    sb_reply_json(call->response, 200, answer);
}

static void describe_domain_health(struct sb_call *call)
{
    struct lb_value *domain = sb_domain_wanted(call, call->args[0]);
    struct lb_value *answer = lb_value_map(call->arena), *cluster;
    bool serving, masters;

    if (!domain)
        return;
    serving = sb_domain_serving(domain);
    cluster = lb_value_at(domain, "config/ClusterConfig");
    masters = lb_bool_at(cluster, "DedicatedMasterEnabled", false);
    lb_map_set_string(call->arena, answer, "DomainState",
                      !serving                 ? "NotAvailable"
                      : sb_domain_busy(domain) ? "Processing"
                                               : "Active");
    lb_map_set_string(call->arena, answer, "AvailabilityZoneCount",
                      lb_text_at(cluster, "ZoneAwarenessConfig/AvailabilityZoneCount", "1"));
    lb_map_set_string(call->arena, answer, "DataNodeCount",
                      lb_text_at(cluster, "InstanceCount", "1"));
    lb_map_set_bool(call->arena, answer, "DedicatedMaster", masters);
    lb_map_set_string(call->arena, answer, "MasterEligibleNodeCount",
                      lb_text_at(cluster, masters ? "DedicatedMasterCount" : "InstanceCount", "1"));
    lb_map_set_string(call->arena, answer, "WarmNodeCount", lb_text_at(cluster, "WarmCount", "0"));
    lb_map_set_string(call->arena, answer, "MasterNode", serving ? "Available" : "UnAvailable");
    lb_map_set_string(call->arena, answer, "ClusterHealth", serving ? "Green" : "NotAvailable");
    lb_map_set_string(call->arena, answer, "TotalUnAssignedShards", serving ? "0" : "NotAvailable");
    sb_reply_json(call->response, 200, answer);
}

/* --- tags
 * ------------------------------------------------------------------------------------------ */
static struct lb_value *domain_by_arn(struct sb_call *call, const char *arn)
{
    const char *name = strstr(arn, ":domain/");
    struct lb_value *domain = sb_domain_find(call->sandbox, call->request->region,
                                             name ? name + 8 : "");

    if (!domain || !lb_streq(lb_text_at(domain, "arn", ""), arn)) {
        sb_domain_invalid(call, "Invalid ARN. Domain not found: %s", arn);
        return NULL;
    }
    return domain;
}

static void tag_remove(struct lb_value *tags, const char *key)
{
    for (size_t i = 0; i < lb_value_count(tags); i++) {
        if (lb_streq(lb_text_at(lb_list_item(tags, i), "Key", ""), key)) {
            sb_list_remove(tags, i);
            return;
        }
    }
}

static void add_tags(struct sb_call *call)
{
    struct lb_value *domain = domain_by_arn(call, lb_text_at(call->body, "ARN", ""));
    struct lb_value *sent = lb_map_get(call->body, "TagList"), *tags;

    if (!domain)
        return;
    tags = lb_map_list(call->sandbox->arena, domain, "tags");
    for (size_t i = 0; i < lb_value_count(sent); i++) {
        if (lb_starts_with(lb_text_at(lb_list_item(sent, i), "Key", ""), "aws:")) {
            sb_domain_invalid(call, "Tag keys that start with aws: are reserved.");
            return;
        }
    }
    for (size_t i = 0; i < lb_value_count(sent); i++) {
        tag_remove(tags, lb_text_at(lb_list_item(sent, i), "Key", ""));
        sb_keep_item(call->sandbox, tags, lb_list_item(sent, i));
    }
    sb_reply_json(call->response, 200, lb_value_map(call->arena));
}

static void remove_tags(struct sb_call *call)
{
    struct lb_value *domain = domain_by_arn(call, lb_text_at(call->body, "ARN", ""));
    struct lb_value *keys = lb_map_get(call->body, "TagKeys");

    if (!domain)
        return;
    for (size_t i = 0; i < lb_value_count(keys); i++)
        tag_remove(lb_map_get(domain, "tags"), lb_text(lb_list_item(keys, i), ""));
    sb_reply_json(call->response, 200, lb_value_map(call->arena));
}

static void list_tags(struct sb_call *call)
{
    struct lb_value *domain = domain_by_arn(call, lb_text_at(call->request->query, "arn", ""));
    struct lb_value *answer = lb_value_map(call->arena);

    if (!domain)
        return;
    lb_map_set(call->arena, answer, "TagList", lb_map_get(domain, "tags"));
    sb_reply_json(call->response, 200, answer);
}

/* --- the service
 * ------------------------------------------------------------------------------------- */
#define V "/2021-01-01/"
#define D V "opensearch/domain"
static const struct sb_route routes[] = {
    {"POST", D, "CreateDomain", true, create_domain, NULL},
    {"GET", V "domain", "ListDomainNames", false, list_domain_names, NULL},
    {"POST", V "opensearch/domain-info", "DescribeDomains", false, describe_domains, NULL},
    {"GET", D "/{}", "DescribeDomain", false, describe_domain, NULL},
    {"DELETE", D "/{}", "DeleteDomain", true, delete_domain, NULL},
    {"GET", D "/{}/config", "DescribeDomainConfig", false, describe_domain_config, NULL},
    {"POST", D "/{}/config", "UpdateDomainConfig", true, sb_op_update_domain_config, NULL},
    {"POST", D "/{}/config/cancel", "CancelDomainConfigChange", true,
     sb_op_cancel_domain_config_change, NULL},
    {"GET", D "/{}/progress", "DescribeDomainChangeProgress", false,
     sb_op_describe_domain_change_progress, NULL},
    {"GET", D "/{}/health", "DescribeDomainHealth", false, describe_domain_health, NULL},
    {"GET", V "opensearch/versions", "ListVersions", false, sb_op_list_versions, NULL},
    {"GET", V "opensearch/compatibleVersions", "GetCompatibleVersions", false,
     sb_op_get_compatible_versions, NULL},
    {"POST", V "opensearch/upgradeDomain", "UpgradeDomain", true, sb_op_upgrade_domain, NULL},
    {"GET", V "opensearch/upgradeDomain/{}/status", "GetUpgradeStatus", false,
     sb_op_get_upgrade_status, NULL},
    {"GET", V "tags", "ListTags", false, list_tags, NULL},
    {"POST", V "tags", "AddTags", true, add_tags, NULL},
    {"POST", V "tags-removal", "RemoveTags", true, remove_tags, NULL},
    {NULL, NULL, NULL, false, NULL, NULL},
};

static bool claims(const struct sandbox *sandbox, const struct sb_request *request)
{
    (void)sandbox;
    return lb_starts_with(request->path, V);
}

/* A dry run changes nothing, so the log says so: the operation alone would tell otherwise. */
static int route(struct sandbox *sandbox, struct sb_request *request)
{
    struct lb_value *body;

    if (sb_route_announce(routes, sandbox, request) != 0)
        return -1;
    if (lb_map_get(request->query, "arn")) {
        request->names = lb_value_list(request->arena);
        lb_list_add_string(request->arena, request->names, lb_text_at(request->query, "arn", ""));
    }
    if (!lb_streq(request->method, "POST"))
        return 0;
    body = sb_body_json(request);
    if (lb_bool_at(body, "DryRun", false) || lb_bool_at(body, "PerformCheckOnly", false))
        request->mutating = false;
    request->names = lb_map_get(body, "DomainNames");
    if (*request->resource == '\0')
        request->resource = lb_text_at(body, "DomainName", lb_text_at(body, "ARN", ""));
    return 0;
}

static void handle(struct sandbox *sandbox, struct sb_request *request,
                   struct sb_response *response)
{
    struct sb_call call = {
        .sandbox = sandbox, .request = request, .response = response, .arena = request->arena};
    const struct sb_route *found = sb_route_find(routes, &call);

    if (!found) {
        sb_error_json(request, response, 404, "UnknownOperationException", "No such operation.");
        return;
    }
    call.body = sb_body_json(request);
    if (!call.body) {
        sb_error_json(request, response, 400, "SerializationException", "The body is not JSON.");
        return;
    }
    found->handle(&call);
}

static void tagged(struct sandbox *sandbox, struct lb_arena *arena, const char *region,
                   struct sb_tagged *search)
{
    const struct lb_value *all = lb_map_get(sb_state(sandbox, "opensearch"), "domains");
    const struct lb_value *domains = lb_map_get(all, region);

    (void)arena;
    for (size_t i = 0; i < lb_value_count(domains); i++) {
        const struct lb_value *domain = lb_map_nth(domains, i)->value;

        sb_tagged_add(search, lb_text_at(domain, "arn", ""), lb_map_get(domain, "tags"));
    }
}

const struct sb_service sb_service_opensearch = {
    .name = "opensearch",
    .signing = "es",
    .claims = claims,
    .route = route,
    .handle = handle,
    .tick = sb_domain_tick,
    .error = sb_error_json,
    .tagged = tagged,
};
