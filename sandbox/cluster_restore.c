/* cluster_restore.c: restoring from what is in S3. Missing files do what they do on a node: no
 * meta-*.dat is a 404; a shard whose data or snap-UUID.dat is gone answers 200 with failed shards
 * and leaves a red index; nothing but the restore itself notices. */
#include "sandbox/cluster.h"

#include "base/json.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* --- names
 * ------------------------------------------------------------------------------------------------
 */
static void append_replacement(struct lb_str *out, const char *replacement, const char *text,
                               const regmatch_t *groups, size_t count)
{
    for (; *replacement; replacement++) {
        size_t group = (size_t)(replacement[1] - '0');

        if (*replacement == '$' && group < count) {
            if (groups[group].rm_so >= 0)
                lb_str_add(out, text + groups[group].rm_so,
                           (size_t)(groups[group].rm_eo - groups[group].rm_so));
            replacement++;
        } else {
            lb_str_putc(out, *replacement);
        }
    }
}

/* replaceAll, as the node does it. */
static char *renamed(struct lb_arena *arena, const char *pattern, const char *replacement,
                     const char *name)
{
    regmatch_t groups[10];
    struct lb_str out;
    regex_t regex;
    const char *at = name;

    if (!pattern || regcomp(&regex, pattern, REG_EXTENDED) != 0)
        return lb_arena_strdup(arena, name);
    lb_str_init(&out, 4096);
    while (*at && regexec(&regex, at, 10, groups, at == name ? 0 : REG_NOTBOL) == 0) {
        lb_str_add(&out, at, (size_t)groups[0].rm_so);
        append_replacement(&out, replacement, at, groups, 10);
        at += groups[0].rm_eo;
        if (groups[0].rm_eo == groups[0].rm_so)
            break;
    }
    lb_str_puts(&out, at);
    regfree(&regex);
    return lb_str_take(&out, arena);
}

/* --- one index
 * -----------------------------------------------------------------------------------------------
 */
/* The documents, or NULL when a file of the shard is gone or broken. */
static struct lb_value *read_shard(struct sb_call *call, const struct sb_repository *repository,
                                   const struct lb_value *details, const struct lb_value *one)
{
    const char *id = lb_text_at(one, "id", ""), *error = NULL;
    const char *file = lb_text_at(one, "files/0", "");
    size_t length = 0;
    const char *bytes = sb_s3_object(
        call->sandbox, repository->bucket,
        lb_arena_printf(call->arena, "%sindices/%s/0/%s", repository->prefix, id, file), &length);

    if (!sb_blob_whole(call->sandbox, repository,
                       lb_arena_printf(call->arena, "%sindices/%s/0/snap-%s.dat",
                                       repository->prefix, id, lb_text_at(details, "uuid", ""))))
        return NULL;
    return bytes ? lb_json_parse(call->arena, bytes, length, &error) : NULL;
}

static void restore_index(struct sb_call *call, const struct sb_repository *repository,
                          const struct lb_value *details, const struct lb_value *one,
                          const char *target, int64_t *failed)
{
    struct sandbox *sandbox = call->sandbox;
    struct lb_value *docs = read_shard(call, repository, details, one), *index;
    struct lb_value *from = lb_value_map(call->arena);

    index = sb_index_make(sandbox, sb_node_of(call), target);
    lb_map_set_string(call->arena, from, "repository", repository->name);
    lb_map_set(call->arena, from, "snapshot", lb_map_get(details, "snapshot"));
    lb_map_set(call->arena, from, "version", lb_map_get(details, "version"));
    lb_map_set(call->arena, from, "index", lb_map_get(one, "name"));
    sb_keep(sandbox, index, "restored", from);
    if (docs)
        sb_keep(sandbox, index, "docs", docs);
    else if (!lb_bool_at(call->body, "partial", false))
        sb_keep_bool(sandbox, index, "failed", true);
    *failed += docs == NULL;
}

/* --- all
 * ----------------------------------------------------------------------------------------------------------
 */
static bool is_security_index(const char *name)
{
    return lb_streq(name, ".opendistro_security") || lb_streq(name, ".opensearch_security");
}

/* -1 after answering. */
static int check_one(struct sb_call *call, const char *snapshot, const char *name,
                     const char *target)
{
    struct lb_value *there = lb_map_get(sb_node_table(call->sandbox, sb_node_of(call), "indices"),
                                        target);

    if (is_security_index(name) && sb_node_of(call)->domain) {
        sb_node_error(call, 403, "security_exception",
                      "no permissions for [] and User [name=%s, "
                      "backend_roles=[], requestedTenant=null]",
                      call->request->caller);
        return -1;
    }
    if (there && !lb_bool_at(there, "closed", false)) {
        sb_node_error(call, 500, "snapshot_restore_exception",
                      "[%s:%s] cannot restore index [%s] because an open index with same name "
                      "already exists in the cluster. Either close or delete the existing index or "
                      "restore the index under a different name by providing a rename pattern and "
                      "replacement name",
                      call->args[0], snapshot, target);
        return -1;
    }
    return 0;
}

static const char *expression_of(struct lb_arena *arena, const struct lb_value *indices)
{
    struct lb_str out;

    if (!lb_is(indices, LB_LIST))
        return lb_text(indices, "");
    lb_str_init(&out, 0);
    for (size_t i = 0; i < lb_value_count(indices); i++)
        lb_str_printf(&out, "%s%s", i ? "," : "", lb_text(lb_list_item(indices, i), ""));
    return lb_str_take(&out, arena);
}

static struct lb_value *chosen(struct sb_call *call, const struct lb_value *details)
{
    const char *expression = expression_of(call->arena, lb_map_get(call->body, "indices"));
    struct lb_value *indices = lb_map_get(details, "indices"), *list = lb_value_list(call->arena);

    for (size_t i = 0; i < lb_value_count(indices); i++) {
        struct lb_value *one = lb_list_item(indices, i), *row;
        const char *name = lb_text_at(one, "name", "");

        if (!sb_index_wanted(expression, name))
            continue;
        row = lb_list_add(call->arena, list, lb_value_map(call->arena));
        lb_map_set(call->arena, row, "one", one);
        lb_map_set_string(call->arena, row, "name", name);
        lb_map_set_string(call->arena, row, "target",
                          renamed(call->arena, lb_text_at(call->body, "rename_pattern", NULL),
                                  lb_text_at(call->body, "rename_replacement", ""), name));
    }
    if (!lb_value_count(list) && *expression && !strchr(expression, '*') &&
        !lb_bool_at(call->body, "ignore_unavailable", false)) {
        sb_node_error(call, 404, "index_not_found_exception", "no such index [%s]", expression);
        return NULL;
    }
    for (size_t i = 0; i < lb_value_count(list); i++) {
        struct lb_value *row = lb_list_item(list, i);

        if (check_one(call, lb_text_at(details, "snapshot", ""), lb_text_at(row, "name", ""),
                      lb_text_at(row, "target", "")) != 0)
            return NULL;
    }
    return list;
}

/* A newer snapshot does not restore on an older node, nor one that is more than a major older. */
static const char *version_fault(struct lb_arena *arena, const struct sb_node *node,
                                 const struct lb_value *details)
{
    const char *made = lb_text_at(details, "version", "");
    int64_t is = sb_version_number(node->version), was = sb_version_number(made);
    /* Elasticsearch 7 counts as the version before OpenSearch 1, which counts as 7 and 8 do */
    int64_t is_major = is / 10000 + (node->elastic ? 0 : 7);
    int64_t was_major = was / 10000 + (lb_bool_at(details, "elastic", false) ? 0 : 7);

    if (was_major > is_major || (was_major == is_major && was > is))
        return lb_arena_printf(arena,
                               "the snapshot was created with OpenSearch version [%s] which is "
                               "higher than the version of this node [%s]",
                               made, node->version);
    if (is_major - was_major > 1)
        return lb_arena_printf(arena,
                               "the snapshot was created with version [%s]: its indices "
                               "cannot be upgraded",
                               made);
    return NULL;
}

static struct lb_value *wanted(struct sb_call *call, struct sb_repository *repository)
{
    const char *fault;
    struct lb_value *index, *details;
    int64_t generation;

    if (sb_repository_find(call->sandbox, call->arena, sb_node_of(call), call->args[0],
                           repository) != 0) {
        sb_node_error(call, 404, "repository_missing_exception", "[%s] missing", call->args[0]);
        return NULL;
    }
    fault = sb_repository_fault(call->sandbox, call->arena, sb_node_of(call), repository);
    index = fault ? NULL : sb_blob_index_load(call->sandbox, call->arena, repository, &generation);
    if (!index) {
        sb_node_error(call, 500, "repository_exception", "[%s] %s", call->args[0],
                      fault ? fault : "Unexpected exception when loading repository data");
        return NULL;
    }
    details = sb_snapshot_details(call->sandbox,
                                  lb_text_at(sb_snapshot_entry(index, call->args[1]), "uuid", ""));
    if (!details ||
        !sb_blob_whole(call->sandbox, repository,
                       lb_arena_printf(call->arena, "%ssnap-%s.dat", repository->prefix,
                                       lb_text_at(details, "uuid", ""))) ||
        !sb_blob_whole(call->sandbox, repository,
                       lb_arena_printf(call->arena, "%smeta-%s.dat", repository->prefix,
                                       lb_text_at(details, "uuid", "")))) {
        sb_node_error(call, 404, "snapshot_missing_exception", "[%s:%s] is missing", call->args[0],
                      call->args[1]);
        return NULL;
    }
    return details;
}

static void reply(struct sb_call *call, const struct lb_value *details, const struct lb_value *rows,
                  int64_t failed)
{
    struct lb_value *body = lb_value_map(call->arena), *snapshot, *names, *shards;
    int64_t total = (int64_t)lb_value_count(rows);

    if (!lb_bool_at(call->request->query, "wait_for_completion", false)) {
        lb_map_set_bool(call->arena, body, "accepted", true);
        sb_reply_json(call->response, 200, body);
        return;
    }
    snapshot = lb_map_map(call->arena, body, "snapshot");
    lb_map_set(call->arena, snapshot, "snapshot", lb_map_get(details, "snapshot"));
    names = lb_map_list(call->arena, snapshot, "indices");
    for (size_t i = 0; i < lb_value_count(rows); i++)
        lb_list_add(call->arena, names, lb_map_get(lb_list_item(rows, i), "target"));
    shards = lb_map_map(call->arena, snapshot, "shards");
    lb_map_set_int(call->arena, shards, "total", total);
    lb_map_set_int(call->arena, shards, "failed", failed);
    lb_map_set_int(call->arena, shards, "successful", total - failed);
    sb_reply_json(call->response, 200, body);
}

void sb_op_snapshot_restore(struct sb_call *call)
{
    struct sb_repository repository;
    struct lb_value *details = wanted(call, &repository), *rows;
    const char *fault;
    int64_t failed = 0;

    if (!details)
        return;
    fault = version_fault(call->arena, sb_node_of(call), details);
    if (fault) {
        sb_node_error(call, 500, "snapshot_restore_exception", "[%s:%s] %s", call->args[0],
                      call->args[1], fault);
        return;
    }
    if (sb_node_of(call)->domain && lb_bool_at(call->body, "include_global_state", false)) {
        sb_node_error(call, 403, "security_exception",
                      "no permissions for [] and User [name=%s, "
                      "backend_roles=[], requestedTenant=null]",
                      call->request->caller);
        return;
    }
    rows = chosen(call, details);
    if (!rows)
        return;
    for (size_t i = 0; i < lb_value_count(rows); i++) {
        struct lb_value *row = lb_list_item(rows, i);

        restore_index(call, &repository, details, lb_map_get(row, "one"),
                      lb_text_at(row, "target", ""), &failed);
    }
    reply(call, details, rows, failed);
}
