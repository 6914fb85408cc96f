/* cluster_repository.c: snapshot repositories. A registration is stored first and verified then:
 * one that fails verification answers 500 and is registered all the same (OpenSearch,
 * RepositoriesService). Settings come back as strings, unknown keys included. */
#include "sandbox/cluster.h"

#include <string.h>

static struct lb_value *table(const struct sb_call *call)
{
    return sb_node_table(call->sandbox, sb_node_of(call), "repositories");
}

int sb_repository_find(struct sandbox *sandbox, struct lb_arena *arena, const struct sb_node *node,
                       const char *name, struct sb_repository *repository)
{
    struct lb_value *found = lb_map_get(sb_node_table(sandbox, node, "repositories"), name);
    const char *base;

    if (!found)
        return -1;
    repository->name = name;
    repository->settings = lb_map_get(found, "settings");
    repository->bucket = lb_text_at(repository->settings, "bucket", "");
    base = lb_text_at(repository->settings, "base_path", "");
    repository->prefix = *base ? lb_arena_printf(arena, "%s/", base) : "";
    if (lb_streq(lb_text_at(found, "type", ""), "fs")) { /* one file system for all clusters */
        const char *location = lb_text_at(repository->settings, "location", "");
        repository->bucket = sb_s3_folder(sandbox);
        repository->prefix = lb_arena_printf(arena, "%s/", location + strspn(location, "/"));
    }
    repository->readonly = lb_bool_at(repository->settings, "readonly", false);
    return 0;
}

/* In the domain's region a bucket is named by region, in another by endpoint (developer guide,
 * registering a manual snapshot repository). */
static const char *place_fault(struct lb_arena *arena, const struct lb_value *settings,
                               const char *bucket_region)
{
    const char *region = lb_text_at(settings, "region", NULL);
    const char *endpoint = lb_text_at(settings, "endpoint", NULL);
    const char *regional = lb_arena_printf(arena, "s3.%s.amazonaws.com", bucket_region);

    if (endpoint)
        return lb_streq(endpoint, "s3.amazonaws.com") || lb_streq(endpoint, regional)
                   ? NULL
                   : "The endpoint is not the bucket's";
    if (!lb_streq(region ? region : "us-east-1", bucket_region))
        return lb_arena_printf(arena,
                               "The bucket is in this region: %s. Please use this region to retry "
                               "the request",
                               bucket_region);
    return NULL;
}

const char *sb_repository_fault(struct sandbox *sandbox, struct lb_arena *arena,
                                const struct sb_node *node, const struct sb_repository *repository)
{
    const char *region = sb_s3_bucket_region(sandbox, repository->bucket);
    const char *role = lb_text_at(repository->settings, "role_arn", NULL), *fault;

    if (!region)
        return "The specified bucket does not exist";
    if (sb_region_down(sandbox, region))
        return "Unable to execute HTTP request: connect timed out";
    if (!node->domain)
        return NULL;
    fault = place_fault(arena, repository->settings, region);
    if (fault)
        return fault;
    if (!role)
        return "User: anonymous is not authorized to perform: iam:PassRole (role_arn is missing)";
    return sb_passed_role_fault(sandbox, arena, node, role, repository->bucket, repository->prefix,
                                repository->readonly);
}

/* --- reading
 * ---------------------------------------------------------------------------------------------- */
void sb_op_repository_list(struct sb_call *call)
{
    sb_reply_json(call->response, 200, table(call));
}

static void reply_missing(struct sb_call *call)
{
    sb_node_error(call, 404, "repository_missing_exception", "[%s] missing", call->args[0]);
}

void sb_op_repository_get(struct sb_call *call)
{
    struct lb_value *repositories = table(call), *body = lb_value_map(call->arena);

    for (size_t i = 0; i < lb_value_count(repositories); i++) {
        const struct lb_entry *entry = lb_map_nth(repositories, i);

        if (sb_index_wanted(call->args[0], entry->key))
            lb_map_set(call->arena, body, entry->key, entry->value);
    }
    if (!lb_value_count(body) && !strpbrk(call->args[0], "*,"))
        reply_missing(call);
    else
        sb_reply_json(call->response, 200, body);
}

/* --- registering
 * -------------------------------------------------------------------------------------------- */
static struct lb_value *settings_as_text(struct lb_arena *arena, const struct lb_value *sent)
{
    struct lb_value *settings = lb_value_map(arena);

    for (size_t i = 0; i < lb_value_count(sent); i++)
        lb_map_set_string(arena, settings, lb_map_nth(sent, i)->key,
                          lb_text(lb_map_nth(sent, i)->value, NULL));
    return settings;
}

static const char *name_fault(const struct sb_node *node, const char *name)
{
    if (!*name || strpbrk(name, "#\\/*?\"<>| ,"))
        return "must not contain invalid file name characters";
    if (node->domain && lb_starts_with(name, "cs-"))
        return "must not start with 'cs-'";
    return NULL;
}

/* Verification leaves versions behind: tests-* is written and deleted (elasticsearch #38699). */
static void leave_test_blobs(struct sb_call *call, const struct sb_repository *repository)
{
    static const char *const blobs[] = {"master.dat", "data-0.dat"};
    const char *id = sb_blob_id(call->sandbox, call->arena);

    for (size_t i = 0; i < 2; i++) {
        const char *key = lb_arena_printf(call->arena, "%stests-%s/%s", repository->prefix, id,
                                          blobs[i]);

        sb_s3_write(call->sandbox, repository->bucket, key, id, strlen(id));
        sb_s3_remove(call->sandbox, repository->bucket, key);
    }
}

/* The folder of a shared file system comes with the first writer. */
static const char *folder_fault(struct sb_call *call, const char *name,
                                const struct sb_repository *repository)
{
    const char *type = lb_text_at(lb_map_get(table(call), name), "type", "");
    struct lb_value *folders = lb_map_map(call->sandbox->arena, sb_state(call->sandbox, "cluster"),
                                          "folders");

    if (!lb_streq(type, "fs"))
        return NULL;
    if (repository->readonly && !lb_map_get(folders, repository->prefix))
        return lb_arena_printf(call->arena, "no such file: %s", repository->prefix);
    sb_keep_bool(call->sandbox, folders, repository->prefix, true);
    return NULL;
}

static const char *verify(struct sb_call *call, const char *name)
{
    struct sb_repository repository;
    const char *fault;

    sb_repository_find(call->sandbox, call->arena, sb_node_of(call), name, &repository);
    call->request->names = lb_value_list(call->arena);
    lb_list_add_string(call->arena, call->request->names,
                       lb_text_at(repository.settings, "role_arn", ""));
    fault = sb_repository_fault(call->sandbox, call->arena, sb_node_of(call), &repository);
    if (!fault)
        fault = folder_fault(call, name, &repository);
    if (!fault && !repository.readonly)
        leave_test_blobs(call, &repository);
    return fault;
}

static struct lb_value *exception(struct lb_arena *arena, const char *type, const char *reason)
{
    struct lb_value *error = lb_value_map(arena);

    lb_map_set_string(arena, error, "type", type);
    lb_map_set_string(arena, error, "reason", reason);
    return error;
}

/* What the S3 client met is two causes below (recorded from OpenSearch 3.8.0; Elasticsearch's
 * client has another name). */
void sb_repository_unverified(struct sb_call *call, const char *name, const char *fault)
{
    struct lb_arena *arena = call->arena;
    bool elastic = sb_node_of(call)->elastic;
    const char *base = lb_text_at(table(call),
                                  lb_arena_printf(arena, "%s/settings/base_path", name), "");
    const char *reason = lb_arena_printf(arena, "[%s] path [%s] is not accessible on %s node", name,
                                         base, elastic ? "master" : "cluster-manager");
    struct lb_value *body = lb_value_map(arena), *error, *upload;

    error = exception(arena, "repository_verification_exception", reason);
    lb_list_add(arena, lb_map_list(arena, error, "root_cause"),
                exception(arena, "repository_verification_exception", reason));
    upload = exception(arena, "i_o_exception",
                       lb_arena_printf(arena,
                                       "Unable to upload object [%s%stests-%s/master.dat] using a "
                                       "single upload",
                                       base, *base ? "/" : "", sb_blob_id(call->sandbox, arena)));
    lb_map_set(arena, upload, "caused_by",
               exception(arena, elastic ? "amazon_s3_exception" : "s3_exception", fault));
    lb_map_set(arena, error, "caused_by", upload);
    lb_map_set(arena, body, "error", error);
    lb_map_set_int(arena, body, "status", 500);
    sb_reply_json(call->response, 500, body);
}

/* Settings that the node does not take: nothing is registered, nobody else is asked. */
static const char *location_fault(struct sb_call *call, const char *name)
{
    const char *shared = sb_node_of(call)->shared;
    const char *location = lb_text_at(call->body, "settings/location", "");

    if (!*location)
        return lb_arena_printf(call->arena, "[%s] missing location", name);
    if (!shared || *location != '/' || lb_streq(location, shared) ||
        lb_starts_with(location, lb_arena_printf(call->arena, "%s/", shared)))
        return NULL;
    return lb_arena_printf(
        call->arena, "[%s] location [%s] doesn't match any of the locations specified by path.repo",
        name, location);
}

static void reply_not_made(struct sb_call *call, const char *name, const char *fault)
{
    struct lb_arena *arena = call->arena;
    struct lb_value *body = lb_value_map(arena), *error = lb_map_map(arena, body, "error");
    struct lb_value *cause = lb_map_map(arena, error, "caused_by");

    lb_map_set_string(arena, cause, "type", "repository_exception");
    lb_map_set_string(arena, cause, "reason", fault);
    lb_list_add(arena, lb_map_list(arena, error, "root_cause"), lb_value_copy(arena, cause));
    lb_map_set_string(arena, error, "type", "repository_exception");
    lb_map_set(arena, error, "reason",
               lb_value_format(arena, "[%s] failed to create repository", name));
    lb_map_set_int(arena, body, "status", 500);
    sb_reply_json(call->response, 500, body);
}

static bool in_use(struct sb_call *call, const char *name)
{
    struct lb_value *running = lb_map_get(sb_node_of(call)->state, "running");

    for (size_t i = 0; i < lb_value_count(running); i++) {
        if (lb_streq(lb_text_at(lb_list_item(running, i), "repository", ""), name))
            return true;
    }
    return false;
}

void sb_op_repository_put(struct sb_call *call)
{
    const char *name = call->args[0], *fault = name_fault(sb_node_of(call), name);
    const char *type = lb_text_at(call->body, "type", "");
    struct lb_value *before = lb_map_get(table(call), name), *made = lb_value_map(call->arena);

    if (fault) {
        sb_node_error(call, 400, "repository_exception", "[%s] %s", name, fault);
        return;
    }
    if (!lb_streq(type, "s3") && !lb_streq(type, "fs")) {
        sb_node_error(call, 500, "repository_exception", "[%s] repository type [%s] does not exist",
                      name, type);
        return;
    }
    fault = lb_streq(type, "fs") ? location_fault(call, name) : NULL;
    if (fault) {
        reply_not_made(call, name, fault);
        return;
    }
    lb_map_set_string(call->arena, made, "type", type);
    lb_map_set(call->arena, made, "settings",
               settings_as_text(call->arena, lb_map_get(call->body, "settings")));
    if (before && !lb_value_equal(before, made) && in_use(call, name)) {
        sb_node_error(call, 500, "illegal_state_exception",
                      "trying to modify or unregister repository that is currently used");
        return;
    }
    if (!lb_value_equal(before, made))
        sb_keep(call->sandbox, table(call), name, made);
    fault = lb_bool_at(call->request->query, "verify", true) ? verify(call, name) : NULL;
    if (fault)
        sb_repository_unverified(call, name, fault);
    else
        sb_node_acknowledge(call);
}

void sb_op_repository_verify(struct sb_call *call)
{
    struct lb_value *body = lb_value_map(call->arena), *nodes;
    const char *fault;

    if (!lb_map_get(table(call), call->args[0])) {
        reply_missing(call);
        return;
    }
    fault = verify(call, call->args[0]);
    if (fault) {
        sb_repository_unverified(call, call->args[0], fault);
        return;
    }
    nodes = lb_map_map(call->arena, body, "nodes");
    lb_map_set_string(call->arena, lb_map_map(call->arena, nodes, "kGlvUqCkSxuLGJKbiqvSZA"), "name",
                      "4b1c9d2e7f30a5566c8d9e0f1a2b3c4d");
    sb_reply_json(call->response, 200, body);
}

/* Only the registration goes; wildcards are taken, as the node takes them. */
void sb_op_repository_delete(struct sb_call *call)
{
    struct lb_value *repositories = table(call);
    size_t removed = 0;

    for (size_t i = lb_value_count(repositories); i > 0; i--) {
        const struct lb_entry *entry = lb_map_nth(repositories, i - 1);

        if (!sb_index_wanted(call->args[0], entry->key))
            continue;
        if (in_use(call, entry->key)) {
            sb_node_error(call, 500, "illegal_state_exception",
                          "trying to modify or unregister repository that is currently used");
            return;
        }
        lb_map_remove(repositories, entry->key);
        removed++;
    }
    if (removed)
        sb_node_acknowledge(call);
    else
        reply_missing(call);
}

void sb_op_repository_cleanup(struct sb_call *call)
{
    struct lb_value *body = lb_value_map(call->arena), *results;

    if (!lb_map_get(table(call), call->args[0])) {
        reply_missing(call);
        return;
    }
    results = lb_map_map(call->arena, body, "results");
    lb_map_set_int(call->arena, results, "deleted_bytes", 0);
    lb_map_set_int(call->arena, results, "deleted_blobs", 0);
    sb_reply_json(call->response, 200, body);
}
