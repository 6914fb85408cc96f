/* cluster.c: the clusters' routes, and which cluster a host name means.
 * A call that names no cluster that answers is closed without a word, which is what a client sees
 * of a name that does not resolve or a domain that is still being made. */
#include "sandbox/cluster.h"

#include "sandbox/opensearch.h"
#include "sandbox/services.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* --- clusters
 * ----------------------------------------------------------------------------------------- */
struct sb_node *sb_node_of(const struct sb_call *call)
{
    return call->subject;
}

struct lb_value *sb_node_table(struct sandbox *sandbox, const struct sb_node *node,
                               const char *table)
{
    return lb_map_map(sandbox->arena, node->state, table);
}

int64_t sb_version_number(const char *version)
{
    char *end;
    long major = strtol(version, &end, 10), minor = *end == '.' ? strtol(end + 1, &end, 10) : 0;
    long patch = *end == '.' ? strtol(end + 1, &end, 10) : 0;

    return major * 10000 + minor * 100 + patch;
}

static void node_fill(struct sandbox *sandbox, struct lb_arena *arena, struct sb_node *node)
{
    const char *number = strchr(node->engine, '_');

    number = number ? number + 1 : "2.19";
    node->elastic = lb_starts_with(node->engine, "Elasticsearch");
    node->version = lb_arena_printf(arena, "%s.%s", number, lb_streq(number, "7.10") ? "2" : "0");
    node->state = lb_map_map(sandbox->arena,
                             lb_map_map(sandbox->arena, sb_state(sandbox, "cluster"), "nodes"),
                             node->key);
    if (lb_map_get(node->state, "uuid"))
        return;
    sb_keep_string(sandbox, node->state, "uuid", sb_blob_id(sandbox, arena));
    if (node->domain)
        sb_index_make(sandbox, node, node->elastic ? ".kibana_1" : ".opendistro_security");
}

static void node_of_domain(struct sandbox *sandbox, struct lb_arena *arena, struct lb_value *domain,
                           struct sb_node *node)
{
    *node = (struct sb_node){.domain = domain,
                             .region = lb_text_at(domain, "region", ""),
                             .name = lb_text_at(domain, "name", ""),
                             .engine = lb_text_at(domain, "engine", "")};
    node->key = lb_arena_printf(arena, "%s/%s", node->region, node->name);
    node_fill(sandbox, arena, node);
}

static void node_of_host(struct sandbox *sandbox, struct lb_arena *arena, const char *host,
                         const struct lb_value *declared, struct sb_node *node)
{
    *node = (struct sb_node){.region = lb_text_at(declared, "region", ""),
                             .name = host,
                             .engine = lb_text_at(declared, "engine", "Elasticsearch_7.10"),
                             .plain = lb_bool_at(declared, "plain", false),
                             .shared = lb_text_at(declared, "path_repo", NULL)};
    node->key = lb_arena_printf(arena, "host:%s", host);
    node_fill(sandbox, arena, node);
}

bool sb_node_by_host(struct sandbox *sandbox, struct lb_arena *arena, const char *host,
                     struct sb_node *node)
{
    struct lb_value *domain = sb_domain_by_host(sandbox, host);
    struct lb_value *declared = lb_map_get(lb_map_get(sb_state(sandbox, "cluster"), "declared"),
                                           host ? host : "");

    if (domain)
        node_of_domain(sandbox, arena, domain, node);
    else if (declared)
        node_of_host(sandbox, arena, host, declared, node);
    return domain || declared;
}

void sb_node_each(struct sandbox *sandbox, struct lb_arena *arena,
                  void (*visit)(struct sandbox *, struct lb_arena *, struct sb_node *, int64_t now),
                  int64_t now)
{
    struct lb_value *regions = lb_map_get(sb_state(sandbox, "opensearch"), "domains");
    struct lb_value *declared = lb_map_get(sb_state(sandbox, "cluster"), "declared");
    struct sb_node node;

    for (size_t r = 0; r < lb_value_count(regions); r++) {
        struct lb_value *domains = lb_map_nth(regions, r)->value;

        for (size_t d = 0; d < lb_value_count(domains); d++) {
            struct lb_value *domain = lb_map_nth(domains, d)->value;

            if (!sb_domain_serving(domain) || sb_region_down(sandbox, lb_map_nth(regions, r)->key))
                continue;
            node_of_domain(sandbox, arena, domain, &node);
            if (!sb_forward_url(sandbox, arena, &node))
                visit(sandbox, arena, &node, now);
        }
    }
    for (size_t i = 0; i < lb_value_count(declared); i++) {
        node_of_host(sandbox, arena, lb_map_nth(declared, i)->key, lb_map_nth(declared, i)->value,
                     &node);
        visit(sandbox, arena, &node, now);
    }
}

/* --- answers
 * -------------------------------------------------------------------------------------------- */
void sb_node_error(struct sb_call *call, int status, const char *type, const char *format, ...)
{
    struct lb_arena *arena = call->arena;
    struct lb_value *body = lb_value_map(arena), *error = lb_map_map(arena, body, "error");
    struct lb_value *cause = lb_value_map(arena);
    const char *reason;
    va_list args;

    va_start(args, format);
    reason = lb_arena_vprintf(arena, format, args);
    va_end(args);
    lb_map_set_string(arena, cause, "type", type);
    lb_map_set_string(arena, cause, "reason", reason);
    lb_list_add(arena, lb_map_list(arena, error, "root_cause"), cause);
    lb_map_set_string(arena, error, "type", type);
    lb_map_set_string(arena, error, "reason", reason);
    lb_map_set_int(arena, body, "status", status);
    sb_reply_json(call->response, status, body);
}

void sb_node_acknowledge(struct sb_call *call)
{
    struct lb_value *body = lb_value_map(call->arena);

    lb_map_set_bool(call->arena, body, "acknowledged", true);
    sb_reply_json(call->response, 200, body);
}

static void unhandled(struct sb_call *call, int status, const char *what, const char *rest)
{
    struct lb_value *body = lb_value_map(call->arena);

    lb_map_set(call->arena, body, "error",
               lb_value_format(call->arena, "%s for uri [%s] and method [%s]%s", what,
                               call->request->path, call->request->method, rest));
    if (status == 405)
        lb_map_set_int(call->arena, body, "status", status);
    sb_reply_json(call->response, status, body);
}

/* An error about an index, which names it in members of its own. */
static void index_error(struct sb_call *call, int status, const char *type, const char *reason,
                        const char *index)
{
    struct lb_arena *arena = call->arena;
    struct lb_value *body = lb_value_map(arena), *error = lb_map_map(arena, body, "error"), *cause;

    lb_map_set_string(arena, error, "type", type);
    lb_map_set_string(arena, error, "reason", reason);
    if (status == 404) {
        lb_map_set_string(arena, error, "resource.type", "index_expression");
        lb_map_set_string(arena, error, "resource.id", index);
    }
    lb_map_set_string(arena, error, "index_uuid", "_na_");
    lb_map_set_string(arena, error, "index", index);
    cause = lb_value_copy(arena, error);
    lb_list_add(arena, lb_map_list(arena, error, "root_cause"), cause);
    lb_map_set_int(arena, body, "status", status);
    sb_reply_json(call->response, status, body);
}

/* With types, before OpenSearch 2, two parts of a path are an index and a type, three a document
 * (recorded from Elasticsearch 7.10.2 and OpenSearch 2.19.1). */
void sb_node_unknown_path(struct sb_call *call)
{
    const struct sb_node *node = sb_node_of(call);
    const char *path = call->request->path + 1, *index;
    bool typed = node->elastic || sb_version_number(node->version) < 20000;
    bool read = lb_streq(call->request->method, "GET");
    int parts = 1;

    for (const char *at = path; *at; at++)
        parts += *at == '/';
    index = lb_arena_strndup(call->arena, path, strcspn(path, "/"));
    if (typed && parts == 2 && read)
        unhandled(call, 405, "Incorrect HTTP method", ", allowed: [POST]");
    else if (typed && parts == 3 && read)
        index_error(call, 404, "index_not_found_exception",
                    lb_arena_printf(call->arena, "no such index [%s]", index), index);
    else if (typed && parts == 3 && *index == '_')
        index_error(call, 400, "invalid_index_name_exception",
                    lb_arena_printf(call->arena,
                                    "Invalid index name [%s], must not start with '_', '-', or '+'",
                                    index),
                    index);
    else
        unhandled(call, 400, "no handler found", "");
}

struct lb_value *sb_shards(struct lb_arena *arena, int64_t total, int64_t failed)
{
    struct lb_value *shards = lb_value_map(arena);

    lb_map_set_int(arena, shards, "total", total);
    lb_map_set_int(arena, shards, "successful", total - failed);
    lb_map_set_int(arena, shards, "skipped", 0);
    lb_map_set_int(arena, shards, "failed", failed);
    return shards;
}

void sb_node_written(struct sb_call *call, struct lb_value *body, bool refreshed)
{
    struct lb_value *shards;

    if (refreshed)
        lb_map_set_bool(call->arena, body, "forced_refresh", true);
    shards = lb_map_map(call->arena, body, "_shards");
    lb_map_set_int(call->arena, shards, "total", 2);
    lb_map_set_int(call->arena, shards, "successful", 1);
    lb_map_set_int(call->arena, shards, "failed", 0);
}

static bool column_wanted(const char *columns, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = columns; *at; at += strcspn(at, ","), at += *at == ',') {
        if (strcspn(at, ",") == length && strncmp(at, name, length) == 0)
            return true;
    }
    return !*columns;
}

void sb_node_cat(struct sb_call *call, struct lb_value *rows)
{
    const char *columns = lb_text_at(call->request->query, "h", "");
    struct lb_value *list = lb_value_list(call->arena);
    bool json = lb_streq(lb_text_at(call->request->query, "format", ""), "json");

    for (size_t r = 0; r < lb_value_count(rows); r++) {
        struct lb_value *row = lb_list_item(rows, r), *kept = lb_value_map(call->arena);

        for (size_t c = 0; c < lb_value_count(row); c++) {
            const struct lb_entry *cell = lb_map_nth(row, c);

            if (column_wanted(columns, cell->key))
                lb_map_set(call->arena, kept, cell->key, cell->value);
        }
        for (size_t c = 0; !json && c < lb_value_count(kept); c++)
            lb_str_printf(&call->response->body, "%s%c",
                          lb_text(lb_map_nth(kept, c)->value, "null"),
                          c + 1 < lb_value_count(kept) ? ' ' : '\n');
        lb_list_add(call->arena, list, kept);
    }
    if (json)
        sb_reply_json(call->response, 200, list);
    else
        call->response->content_type = "text/plain; charset=UTF-8";
}

/* --- operations that are only a few lines
 * ------------------------------------------------------------------ */
static void info(struct sb_call *call)
{
    struct sb_node *node = sb_node_of(call);
    struct lb_arena *arena = call->arena;
    struct lb_value *body = lb_value_map(arena), *version;
    bool aws = node->domain != NULL;

    lb_map_set_string(arena, body, "name", "4b1c9d2e7f30a5566c8d9e0f1a2b3c4d");
    lb_map_set_string(arena, body, "cluster_name",
                      aws ? lb_arena_printf(arena, "%s:%s", call->sandbox->account, node->name)
                          : node->name);
    lb_map_set(arena, body, "cluster_uuid", lb_map_get(node->state, "uuid"));
    version = lb_map_map(arena, body, "version");
    if (!node->elastic)
        lb_map_set_string(arena, version, "distribution", "opensearch");
    lb_map_set_string(arena, version, "number", node->version);
    lb_map_set_string(arena, version, "build_flavor", node->elastic && aws ? "oss" : "default");
    lb_map_set_string(arena, version, "build_type", "tar");
    lb_map_set_string(arena, version, "build_hash", "unknown");
    lb_map_set_string(arena, version, "build_date", "2026-01-15T10:12:13.000000Z");
    lb_map_set_bool(arena, version, "build_snapshot", false);
    lb_map_set_string(arena, version, "lucene_version", node->elastic ? "8.7.0" : "9.12.1");
    lb_map_set_string(arena, version, "minimum_wire_compatibility_version",
                      node->elastic ? "6.8.0" : "7.10.0");
    lb_map_set_string(arena, version, "minimum_index_compatibility_version",
                      node->elastic ? "6.0.0-beta1" : "7.0.0");
    lb_map_set_string(arena, body, "tagline",
                      node->elastic ? "You Know, for Search"
                                    : "The OpenSearch Project: https://opensearch.org/");
    sb_reply_json(call->response, 200, body);
}

static void settings_get(struct sb_call *call)
{
    struct lb_value *settings = sb_node_table(call->sandbox, sb_node_of(call), "settings");

    lb_map_map(call->sandbox->arena, settings, "persistent");
    lb_map_map(call->sandbox->arena, settings, "transient");
    sb_reply_json(call->response, 200, settings);
}

static void settings_put(struct sb_call *call)
{
    static const char *const groups[] = {"persistent", "transient"};
    struct lb_value *settings = sb_node_table(call->sandbox, sb_node_of(call), "settings");
    struct lb_value *body = lb_value_map(call->arena);

    lb_map_set_bool(call->arena, body, "acknowledged", true);
    for (size_t g = 0; g < 2; g++) {
        struct lb_value *sent = lb_map_get(call->body, groups[g]);
        struct lb_value *group = lb_map_map(call->sandbox->arena, settings, groups[g]);

        for (size_t i = 0; i < lb_value_count(sent); i++) {
            const struct lb_entry *entry = lb_map_nth(sent, i);

            if (lb_is(entry->value, LB_NULL))
                lb_map_remove(group, entry->key);
            else
                sb_keep(call->sandbox, group, entry->key, entry->value);
        }
        lb_map_set(call->arena, body, groups[g], sent ? sent : lb_value_map(call->arena));
    }
    sb_reply_json(call->response, 200, body);
}

/* --- routes
 * ---------------------------------------------------------------------------------------------------
 */
#define REPO "cluster:admin/repository/"
#define SNAP "cluster:admin/snapshot/"
#define SM "cluster:admin/opensearch/snapshot_management/policy/"
#define MAPPING "restapi:admin/rolesmapping"
#define MON "cluster:monitor/"
#define P "/_plugins/_security/api/"
#define O "/_opendistro/_security/api/"
#define SMP "/_plugins/_sm/policies"

static const struct sb_route routes[] = {
    {"GET", "/", "Info", false, info, MON "main"},
    {"HEAD", "/", "Info", false, info, MON "main"},
    {"GET", "/_cluster/health", "ClusterHealth", false, sb_op_health, MON "health"},
    {"GET", "/_cluster/health/{}", "ClusterHealth", false, sb_op_health, MON "health"},
    {"GET", "/_cluster/settings", "GetClusterSettings", false, settings_get, MON "state"},
    {"PUT", "/_cluster/settings", "PutClusterSettings", true, settings_put,
     "cluster:admin/settings/update"},
    {"GET", "/_cat/indices", "CatIndices", false, sb_op_cat_indices, "indices:monitor/stats"},
    {"GET", "/_cat/indices/{}", "CatIndices", false, sb_op_cat_indices, "indices:monitor/stats"},
    {"GET", "/_cat/snapshots/{}", "CatSnapshots", false, sb_op_cat_snapshots, SNAP "get"},
    {"GET", "/_recovery", "Recovery", false, sb_op_recovery, "indices:monitor/recovery"},
    {"GET", "/{}/_recovery", "Recovery", false, sb_op_recovery, "indices:monitor/recovery"},
    /* repositories and snapshots */
    {"GET", "/_snapshot", "GetRepository", false, sb_op_repository_list, REPO "get"},
    {"GET", "/_snapshot/_all", "GetRepository", false, sb_op_repository_list, REPO "get"},
    {"GET", "/_snapshot/_status", "SnapshotStatus", false, sb_op_snapshot_running, SNAP "status"},
    {"GET", "/_snapshot/{}", "GetRepository", false, sb_op_repository_get, REPO "get"},
    {"PUT", "/_snapshot/{}", "CreateRepository", true, sb_op_repository_put, REPO "put"},
    {"POST", "/_snapshot/{}", "CreateRepository", true, sb_op_repository_put, REPO "put"},
    {"DELETE", "/_snapshot/{}", "DeleteRepository", true, sb_op_repository_delete, REPO "delete"},
    {"POST", "/_snapshot/{}/_verify", "VerifyRepository", true, sb_op_repository_verify,
     REPO "verify"},
    {"POST", "/_snapshot/{}/_cleanup", "CleanupRepository", true, sb_op_repository_cleanup,
     REPO "_cleanup"},
    {"GET", "/_snapshot/{}/_status", "SnapshotStatus", false, sb_op_snapshot_running,
     SNAP "status"},
    {"GET", "/_snapshot/{}/{}", "GetSnapshot", false, sb_op_snapshot_get, SNAP "get"},
    {"PUT", "/_snapshot/{}/{}", "CreateSnapshot", true, sb_op_snapshot_create, SNAP "create"},
    {"POST", "/_snapshot/{}/{}", "CreateSnapshot", true, sb_op_snapshot_create, SNAP "create"},
    {"DELETE", "/_snapshot/{}/{}", "DeleteSnapshot", true, sb_op_snapshot_delete, SNAP "delete"},
    {"GET", "/_snapshot/{}/{}/_status", "SnapshotStatus", false, sb_op_snapshot_status,
     SNAP "status"},
    {"POST", "/_snapshot/{}/{}/_restore", "RestoreSnapshot", true, sb_op_snapshot_restore,
     SNAP "restore"},
    /* security */
    {"GET", P "rolesmapping", "GetRoleMappings", false, sb_op_mapping_list, MAPPING},
    {"PATCH", P "rolesmapping", "PatchRoleMappings", true, sb_op_mapping_patch_all, MAPPING},
    {"GET", P "rolesmapping/{}", "GetRoleMapping", false, sb_op_mapping_get, MAPPING},
    {"PUT", P "rolesmapping/{}", "PutRoleMapping", true, sb_op_mapping_put, MAPPING},
    {"PATCH", P "rolesmapping/{}", "PatchRoleMapping", true, sb_op_mapping_patch, MAPPING},
    {"DELETE", P "rolesmapping/{}", "DeleteRoleMapping", true, sb_op_mapping_delete, MAPPING},
    {"GET", P "roles", "GetRoles", false, sb_op_role_list, MAPPING},
    {"GET", P "roles/{}", "GetRole", false, sb_op_role_get, MAPPING},
    {"GET", O "rolesmapping", "GetRoleMappings", false, sb_op_mapping_list, MAPPING},
    {"PATCH", O "rolesmapping", "PatchRoleMappings", true, sb_op_mapping_patch_all, MAPPING},
    {"GET", O "rolesmapping/{}", "GetRoleMapping", false, sb_op_mapping_get, MAPPING},
    {"PUT", O "rolesmapping/{}", "PutRoleMapping", true, sb_op_mapping_put, MAPPING},
    {"PATCH", O "rolesmapping/{}", "PatchRoleMapping", true, sb_op_mapping_patch, MAPPING},
    {"DELETE", O "rolesmapping/{}", "DeleteRoleMapping", true, sb_op_mapping_delete, MAPPING},
    {"GET", O "roles", "GetRoles", false, sb_op_role_list, MAPPING},
    {"GET", O "roles/{}", "GetRole", false, sb_op_role_get, MAPPING},
    /* schedules */
    {"GET", SMP, "GetSnapshotManagementPolicies", false, sb_op_sm_list, SM "search"},
    {"GET", SMP "/{}", "GetSnapshotManagementPolicy", false, sb_op_sm_get, SM "get"},
    {"POST", SMP "/{}", "CreateSnapshotManagementPolicy", true, sb_op_sm_create, SM "write"},
    {"PUT", SMP "/{}", "UpdateSnapshotManagementPolicy", true, sb_op_sm_update, SM "write"},
    {"DELETE", SMP "/{}", "DeleteSnapshotManagementPolicy", true, sb_op_sm_delete, SM "delete"},
    {"GET", SMP "/{}/_explain", "ExplainSnapshotManagementPolicy", false, sb_op_sm_explain,
     SM "explain"},
    {"POST", SMP "/{}/_start", "StartSnapshotManagementPolicy", true, sb_op_sm_start, SM "start"},
    {"POST", SMP "/{}/_stop", "StopSnapshotManagementPolicy", true, sb_op_sm_stop, SM "stop"},
    {"GET", "/_slm/policy", "GetSnapshotLifecyclePolicies", false, sb_op_slm_get,
     "cluster:admin/slm/get"},
    {"GET", "/_slm/policy/{}", "GetSnapshotLifecyclePolicy", false, sb_op_slm_get,
     "cluster:admin/slm/get"},
    {"PUT", "/_slm/policy/{}", "PutSnapshotLifecyclePolicy", true, sb_op_slm_put,
     "cluster:admin/slm/put"},
    {"DELETE", "/_slm/policy/{}", "DeleteSnapshotLifecyclePolicy", true, sb_op_slm_delete,
     "cluster:admin/slm/delete"},
    {"POST", "/_slm/policy/{}/_execute", "ExecuteSnapshotLifecyclePolicy", true, sb_op_slm_execute,
     "cluster:admin/slm/execute"},
    {"PUT", "/_slm/policy/{}/_execute", "ExecuteSnapshotLifecyclePolicy", true, sb_op_slm_execute,
     "cluster:admin/slm/execute"},
    /* indices and documents */
    {"GET", "/_count", "Count", false, sb_op_count, "indices:data/read/search"},
    {"GET", "/{}/_count", "Count", false, sb_op_count, "indices:data/read/search"},
    {"POST", "/{}/_count", "Count", false, sb_op_count, "indices:data/read/search"},
    {"GET", "/{}/_search", "Search", false, sb_op_search, "indices:data/read/search"},
    {"POST", "/{}/_search", "Search", false, sb_op_search, "indices:data/read/search"},
    {"POST", "/_bulk", "Bulk", true, sb_op_bulk, "indices:data/write/bulk"},
    {"POST", "/{}/_bulk", "Bulk", true, sb_op_bulk, "indices:data/write/bulk"},
    {"POST", "/_refresh", "Refresh", false, sb_op_index_refresh, "indices:admin/refresh"},
    {"POST", "/{}/_refresh", "Refresh", false, sb_op_index_refresh, "indices:admin/refresh"},
    {"POST", "/{}/_close", "CloseIndex", true, sb_op_index_open_close, "indices:admin/close"},
    {"POST", "/{}/_open", "OpenIndex", true, sb_op_index_open_close, "indices:admin/open"},
    {"PUT", "/{}/_doc/{}", "IndexDocument", true, sb_op_doc_put, "indices:data/write/index"},
    {"POST", "/{}/_doc/{}", "IndexDocument", true, sb_op_doc_put, "indices:data/write/index"},
    {"POST", "/{}/_doc", "IndexDocument", true, sb_op_doc_put, "indices:data/write/index"},
    {"GET", "/{}/_doc/{}", "GetDocument", false, sb_op_doc_get, "indices:data/read/get"},
    {"PUT", "/{}", "CreateIndex", true, sb_op_index_create, "indices:admin/create"},
    {"GET", "/{}", "GetIndex", false, sb_op_index_get, "indices:admin/get"},
    {"HEAD", "/{}", "GetIndex", false, sb_op_index_get, "indices:admin/get"},
    {"DELETE", "/{}", "DeleteIndex", true, sb_op_index_delete, "indices:admin/delete"},
    {NULL, NULL, NULL, false, NULL, NULL},
};

/* --- the service
 * --------------------------------------------------------------------------------------------------
 */
static bool claims(const struct sandbox *sandbox, const struct sb_request *request)
{
    /* Unsigned calls to other hosts belong to S3 or nobody. */
    if (!*request->caller && !lb_streq(request->service, "es")) {
        struct lb_value *state = lb_map_get(sandbox->state, "cluster");

        return sb_domain_by_host((struct sandbox *)sandbox, request->host) != NULL ||
               lb_map_get(lb_map_get(state, "declared"), request->host ? request->host : "");
    }
    return !lb_starts_with(request->path, "/2021-01-01/");
}

static int route(struct sandbox *sandbox, struct sb_request *request)
{
    if (sb_route_announce(routes, sandbox, request) == 0)
        return 0;
    /* A real node behind the domain may know it; ours answers as a node does. */
    request->operation = "Other";
    request->resource = request->path;
    request->mutating = !lb_streq(request->method, "GET") && !lb_streq(request->method, "HEAD");
    return 0;
}

static void domain_error(const struct sb_request *request, struct sb_response *response, int status,
                         const char *code, const char *message)
{
    struct lb_value *body = lb_value_map(request->arena);

    (void)code;
    lb_map_set_string(request->arena, body, "message", message);
    sb_reply_json(response, status ? status : lb_streq(code, "Throttling") ? 429 : 403, body);
}

/* False when the connection is to be dropped or the call was answered. */
static bool reachable(struct sb_call *call, struct sb_node *node)
{
    struct sb_request *request = call->request;

    if (!sb_node_by_host(call->sandbox, call->arena, request->host, node) ||
        (node->domain && !sb_domain_serving(node->domain)) ||
        (*node->region && sb_region_down(call->sandbox, node->region))) {
        call->response->status = 0; /* nothing answers there */
        return false;
    }
    if (node->domain && *request->caller && !lb_streq(request->region, node->region)) {
        domain_error(request, call->response, 403, "",
                     "Credential should be scoped to a valid region.");
        return false;
    }
    return true;
}

/* The security plugin's API is OpenSearch's, and of AWS's builds of Elasticsearch. */
static bool lacks_security(const struct sb_node *node, const char *path)
{
    return !node->domain && (node->elastic || node->plain) &&
           (lb_starts_with(path, P) || lb_starts_with(path, O));
}

static void handle(struct sandbox *sandbox, struct sb_request *request,
                   struct sb_response *response)
{
    struct sb_node node;
    struct sb_call call = {.sandbox = sandbox,
                           .request = request,
                           .response = response,
                           .arena = request->arena,
                           .subject = &node};
    const struct sb_route *found = sb_route_find(routes, &call);
    const char *url;

    if (!reachable(&call, &node))
        return;
    if (sb_node_admit(&call, found ? found->permission : "") != 0)
        return;
    url = sb_forward_url(sandbox, call.arena, &node);
    if (url) {
        sb_forward(&call, url);
        return;
    }
    if (!found || lacks_security(&node, request->path)) {
        sb_node_unknown_path(&call);
        return;
    }
    call.body = lb_streq(found->operation, "Bulk") ? NULL : sb_body_json(request);
    if (!call.body && !lb_streq(found->operation, "Bulk")) {
        sb_node_error(&call, 400, "parsing_exception", "The body is not JSON.");
        return;
    }
    found->handle(&call);
}

static void node_tick(struct sandbox *sandbox, struct lb_arena *arena, struct sb_node *node,
                      int64_t now)
{
    sb_snapshot_tick(sandbox, arena, node, now);
    sb_sm_tick(sandbox, arena, node, now);
    sb_slm_tick(sandbox, arena, node, now);
}

static void tick(struct sandbox *sandbox, int64_t now)
{
    struct lb_arena *scratch = lb_arena_new();

    sb_node_each(sandbox, scratch, node_tick, now);
    lb_arena_free(scratch);
}

const struct sb_service sb_service_cluster = {
    .name = "cluster",
    .signing = "es",
    .claims = claims,
    .route = route,
    .handle = handle,
    .tick = tick,
    .error = domain_error,
    .anonymous = true,
};
