/* cluster_snapshot.c: taking, listing and deleting snapshots. A listing reads what is in S3:
 * index-N names the snapshots, each snap-UUID.dat must be there, or the whole verbose listing fails
 * as it does on a node (OpenSearch #6457). */
#include "sandbox/cluster.h"

#include <string.h>

#define TAKES_SECONDS 2 /* virtual */

struct lb_value *sb_snapshot_details(struct sandbox *sandbox, const char *uuid)
{
    return lb_map_get(lb_map_get(sb_state(sandbox, "cluster"), "snapshots"), uuid);
}

struct lb_value *sb_snapshot_entry(const struct lb_value *index, const char *name)
{
    struct lb_value *snapshots = lb_map_get(index, "snapshots");

    for (size_t i = 0; i < lb_value_count(snapshots); i++) {
        if (lb_streq(lb_text_at(lb_list_item(snapshots, i), "name", ""), name))
            return lb_list_item(snapshots, i);
    }
    return NULL;
}

static struct lb_value *running_of(struct sandbox *sandbox, const struct sb_node *node)
{
    return lb_map_list(sandbox->arena, node->state, "running");
}

/* --- taking
 * ---------------------------------------------------------------------------------------------- */
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

static struct lb_value *captured(struct sandbox *sandbox, struct lb_arena *arena,
                                 struct sb_node *node, const char *expression)
{
    struct lb_value *indices = sb_node_table(sandbox, node, "indices"),
                    *list = lb_value_list(arena);

    for (size_t i = 0; i < lb_value_count(indices); i++) {
        const struct lb_entry *entry = lb_map_nth(indices, i);
        struct lb_value *one;

        if (!sb_index_wanted(expression, entry->key) || lb_bool_at(entry->value, "closed", false))
            continue;
        one = lb_list_add(arena, list, lb_value_map(arena));
        lb_map_set_string(arena, one, "name", entry->key);
        lb_map_set(arena, one, "uuid", lb_map_get(entry->value, "uuid"));
        lb_map_set(arena, one, "generation", lb_map_get(entry->value, "generation"));
        lb_map_set(arena, one, "docs", lb_map_get(entry->value, "docs"));
    }
    return list;
}

static const char *start_fault(struct sandbox *sandbox, struct lb_arena *arena,
                               struct sb_node *node, const struct sb_repository *repository,
                               const char *name, const char **type)
{
    const char *fault = sb_repository_fault(sandbox, arena, node, repository);
    struct lb_value *index;
    int64_t generation;

    *type = "repository_exception";
    if (repository->readonly)
        return "cannot create snapshot in a readonly repository";
    if (fault)
        return fault;
    index = sb_blob_index_load(sandbox, arena, repository, &generation);
    if (!index)
        return "Could not read repository data";
    *type = "invalid_snapshot_name_exception";
    if (!*name || name[0] == '_' || strpbrk(name, " ,#*?\"<>|\\/") ||
        strcmp(name, lb_lowercase(arena, name)) != 0)
        return lb_arena_printf(arena, "Invalid snapshot name [%s], must be lowercase", name);
    if (sb_snapshot_entry(index, name))
        return lb_arena_printf(arena,
                               "Invalid snapshot name [%s], snapshot with the same name already "
                               "exists",
                               name);
    *type = "concurrent_snapshot_execution_exception";
    return lb_value_count(running_of(sandbox, node)) ? "a snapshot is already running" : NULL;
}

/* The blobs are written when it completes. */
static void complete(struct sandbox *sandbox, struct lb_arena *arena, struct sb_node *node,
                     struct lb_value *details)
{
    struct sb_repository repository;
    struct lb_value *all = lb_map_map(sandbox->arena, sb_state(sandbox, "cluster"), "snapshots");
    const char *name = lb_text_at(details, "repository", "");

    if (sb_repository_find(sandbox, arena, node, name, &repository) != 0 ||
        sb_repository_fault(sandbox, arena, node, &repository))
        return; /* it vanishes, as on a node whose repository is unreachable at the end */
    details = lb_value_copy(arena, details);
    lb_map_set_string(arena, details, "state", "SUCCESS");
    sb_blob_snapshot_write(sandbox, arena, node, &repository, details);
    for (size_t i = 0; i < lb_value_count(lb_map_get(details, "indices")); i++)
        lb_map_remove(lb_list_item(lb_map_get(details, "indices"), i), "docs");
    sb_keep(sandbox, all, lb_text_at(details, "uuid", ""), details);
    sb_touch(sandbox);
}

const char *sb_snapshot_start(struct sandbox *sandbox, struct lb_arena *arena, struct sb_node *node,
                              const struct sb_repository *repository,
                              const struct sb_snapshot_order *order, const char **type)
{
    const char *fault = start_fault(sandbox, arena, node, repository, order->name, type);
    struct lb_value *details = lb_value_map(arena), *indices;

    if (fault)
        return fault;
    indices = captured(sandbox, arena, node, order->indices);
    if (*order->indices && !strpbrk(order->indices, "*") && !lb_streq(order->indices, "_all") &&
        lb_value_count(indices) == 0) {
        *type = "index_not_found_exception";
        return lb_arena_printf(arena, "no such index [%s]", order->indices);
    }
    lb_map_set_string(arena, details, "uuid", sb_blob_id(sandbox, arena));
    lb_map_set_string(arena, details, "snapshot", order->name);
    lb_map_set_string(arena, details, "repository", repository->name);
    lb_map_set_string(arena, details, "state", "IN_PROGRESS");
    lb_map_set_int(arena, details, "start", order->at);
    lb_map_set_int(arena, details, "end", order->at + TAKES_SECONDS);
    lb_map_set_string(arena, details, "version", node->version);
    lb_map_set_bool(arena, details, "elastic", node->elastic);
    lb_map_set_bool(arena, details, "global_state", order->global_state);
    if (order->metadata)
        lb_map_set(arena, details, "metadata", lb_value_copy(arena, order->metadata));
    lb_map_set(arena, details, "indices", indices);
    if (order->wait)
        complete(sandbox, arena, node, details);
    else
        sb_keep_item(sandbox, running_of(sandbox, node), details);
    return NULL;
}

void sb_snapshot_tick(struct sandbox *sandbox, struct lb_arena *arena, struct sb_node *node,
                      int64_t now)
{
    struct lb_value *running = lb_map_get(node->state, "running");

    for (size_t i = lb_value_count(running); i > 0; i--) {
        struct lb_value *details = lb_list_item(running, i - 1);

        if (now < lb_int_at(details, "end", 0))
            continue;
        complete(sandbox, arena, node, details);
        sb_list_remove(running, i - 1);
    }
}

/* --- as it is shown
 * -------------------------------------------------------------------------------------------- */
static int64_t version_id(const char *version, bool elastic)
{
    int64_t number = sb_version_number(version); /* 30400 of 3.4.0 */
    int64_t id = number / 10000 * 1000000 + number / 100 % 100 * 10000 + number % 100 * 100 + 99;

    return elastic ? id : id ^ 0x08000000;
}

static void show_times(struct lb_arena *arena, struct lb_value *shown,
                       const struct lb_value *details, bool running)
{
    int64_t start = lb_int_at(details, "start", 0),
            end = running ? 0 : lb_int_at(details, "end", 0);

    lb_map_set_string(arena, shown, "start_time", sb_time_millis(arena, start));
    lb_map_set_int(arena, shown, "start_time_in_millis", start * 1000);
    lb_map_set_string(arena, shown, "end_time", sb_time_millis(arena, end));
    lb_map_set_int(arena, shown, "end_time_in_millis", end * 1000);
    lb_map_set_int(arena, shown, "duration_in_millis", running ? 0 : (end - start) * 1000);
}

static struct lb_value *show(struct lb_arena *arena, const struct lb_value *details, bool verbose)
{
    struct lb_value *shown = lb_value_map(arena), *names, *indices = lb_map_get(details, "indices");
    struct lb_value *shards;
    bool elastic = lb_bool_at(details, "elastic", false);
    bool running = lb_streq(lb_text_at(details, "state", ""), "IN_PROGRESS");
    int64_t count = (int64_t)lb_value_count(indices);

    lb_map_set(arena, shown, "snapshot", lb_map_get(details, "snapshot"));
    lb_map_set(arena, shown, "uuid", lb_map_get(details, "uuid"));
    lb_map_set_int(arena, shown, "version_id",
                   version_id(lb_text_at(details, "version", ""), elastic));
    lb_map_set(arena, shown, "version", lb_map_get(details, "version"));
    if (verbose && !elastic)
        lb_map_set_bool(arena, shown, "remote_store_index_shallow_copy", false);
    names = lb_map_list(arena, shown, "indices");
    for (size_t i = 0; i < lb_value_count(indices); i++)
        lb_list_add(arena, names, lb_map_get(lb_list_item(indices, i), "name"));
    lb_map_list(arena, shown, "data_streams");
    lb_map_set(arena, shown, "state", lb_map_get(details, "state"));
    if (!verbose)
        return shown;
    lb_map_set_bool(arena, shown, "include_global_state",
                    lb_bool_at(details, "global_state", true));
    if (lb_map_get(details, "metadata"))
        lb_map_set(arena, shown, "metadata", lb_map_get(details, "metadata"));
    show_times(arena, shown, details, running);
    lb_map_list(arena, shown, "failures");
    shards = lb_map_map(arena, shown, "shards");
    lb_map_set_int(arena, shards, "total", count);
    lb_map_set_int(arena, shards, "failed", 0);
    lb_map_set_int(arena, shards, "successful", running ? 0 : count);
    return shown;
}

/* --- operations
 * -----------------------------------------------------------------------------------------------
 */
/* 0, or -1 after answering. */
static int open_repository(struct sb_call *call, struct sb_repository *repository)
{
    const char *fault;

    if (sb_repository_find(call->sandbox, call->arena, sb_node_of(call), call->args[0],
                           repository) != 0) {
        sb_node_error(call, 404, "repository_missing_exception", "[%s] missing", call->args[0]);
        return -1;
    }
    fault = sb_repository_fault(call->sandbox, call->arena, sb_node_of(call), repository);
    if (fault) {
        sb_node_error(call, 500, "repository_exception", "[%s] %s", call->args[0], fault);
        return -1;
    }
    return 0;
}

static struct lb_value *open_index(struct sb_call *call, struct sb_repository *repository)
{
    struct lb_value *index;
    int64_t generation;

    if (open_repository(call, repository) != 0)
        return NULL;
    index = sb_blob_index_load(call->sandbox, call->arena, repository, &generation);
    if (!index)
        sb_node_error(call, 500, "repository_exception",
                      "[%s] Unexpected exception when loading repository data", call->args[0]);
    return index;
}

static const struct {
    const char *type;
    int status;
} statuses[] = {{"invalid_snapshot_name_exception", 400},
                {"concurrent_snapshot_execution_exception", 503},
                {"index_not_found_exception", 404},
                {"repository_exception", 500}};

static void reply_fault(struct sb_call *call, const char *type, const char *fault)
{
    int status = 500;

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        status = lb_streq(statuses[i].type, type) ? statuses[i].status : status;
    if (lb_streq(type, "index_not_found_exception"))
        sb_node_error(call, status, type, "%s", fault);
    else if (lb_streq(type, "repository_exception"))
        sb_node_error(call, status, type, "[%s] %s", call->args[0], fault);
    else
        sb_node_error(call, status, type, "[%s:%s] %s", call->args[0], call->args[1], fault);
}

void sb_op_snapshot_create(struct sb_call *call)
{
    struct sb_snapshot_order order = {
        .name = call->args[1],
        .indices = expression_of(call->arena, lb_map_get(call->body, "indices")),
        .metadata = lb_map_get(call->body, "metadata"),
        .global_state = lb_bool_at(call->body, "include_global_state", true),
        .wait = lb_bool_at(call->request->query, "wait_for_completion", false),
        .at = sb_now(call->sandbox)};
    struct lb_value *body = lb_value_map(call->arena), *index;
    struct sb_repository repository;
    const char *type, *fault;
    int64_t generation;

    if (sb_repository_find(call->sandbox, call->arena, sb_node_of(call), call->args[0],
                           &repository) != 0) {
        sb_node_error(call, 404, "repository_missing_exception", "[%s] missing", call->args[0]);
        return;
    }
    fault = sb_snapshot_start(call->sandbox, call->arena, sb_node_of(call), &repository, &order,
                              &type);
    if (fault) {
        reply_fault(call, type, fault);
        return;
    }
    if (!order.wait) {
        lb_map_set_bool(call->arena, body, "accepted", true);
        sb_reply_json(call->response, 200, body);
        return;
    }
    index = sb_blob_index_load(call->sandbox, call->arena, &repository, &generation);
    lb_map_set(
        call->arena, body, "snapshot",
        show(call->arena,
             sb_snapshot_details(call->sandbox,
                                 lb_text_at(sb_snapshot_entry(index, order.name), "uuid", "")),
             true));
    sb_reply_json(call->response, 200, body);
}

static void add_running(struct sb_call *call, struct lb_value *list, const char *expression)
{
    struct lb_value *running = running_of(call->sandbox, sb_node_of(call));

    for (size_t i = 0; i < lb_value_count(running); i++) {
        struct lb_value *one = lb_list_item(running, i);

        if (lb_streq(lb_text_at(one, "repository", ""), call->args[0]) &&
            sb_index_wanted(expression, lb_text_at(one, "snapshot", "")))
            lb_list_add(call->arena, list, show(call->arena, one, true));
    }
}

/* -1 after answering that a file is missing. */
static int add_listed(struct sb_call *call, const struct sb_repository *repository,
                      const struct lb_value *index, const char *expression, struct lb_value *list)
{
    struct lb_value *snapshots = lb_map_get(index, "snapshots");
    bool verbose = lb_bool_at(call->request->query, "verbose", true);
    bool lenient = lb_bool_at(call->request->query, "ignore_unavailable", false);

    for (size_t i = 0; i < lb_value_count(snapshots); i++) {
        struct lb_value *entry = lb_list_item(snapshots, i);
        const char *uuid = lb_text_at(entry, "uuid", ""), *name = lb_text_at(entry, "name", "");
        struct lb_value *details = sb_snapshot_details(call->sandbox, uuid);

        if (!sb_index_wanted(expression, name))
            continue;
        if (verbose && (!details || !sb_blob_whole(call->sandbox, repository,
                                                   lb_arena_printf(call->arena, "%ssnap-%s.dat",
                                                                   repository->prefix, uuid)))) {
            if (lenient)
                continue;
            sb_node_error(call, 404, "snapshot_missing_exception", "[%s:%s/%s] is missing",
                          call->args[0], name, uuid);
            return -1;
        }
        lb_list_add(call->arena, list, show(call->arena, details, verbose));
    }
    return 0;
}

void sb_op_snapshot_get(struct sb_call *call)
{
    const char *expression = call->args[1];
    struct lb_value *body = lb_value_map(call->arena), *list, *index;
    struct sb_repository repository;

    index = open_index(call, &repository);
    if (!index)
        return;
    list = lb_map_list(call->arena, body, "snapshots");
    if (!lb_streq(expression, "_current") &&
        add_listed(call, &repository, index, expression, list) != 0)
        return;
    add_running(call, list, lb_streq(expression, "_current") ? "_all" : expression);
    if (!lb_value_count(list) && !strpbrk(expression, "*,") && expression[0] != '_' &&
        !lb_bool_at(call->request->query, "ignore_unavailable", false)) {
        sb_node_error(call, 404, "snapshot_missing_exception", "[%s:%s] is missing", call->args[0],
                      expression);
        return;
    }
    sb_reply_json(call->response, 200, body);
}

void sb_op_snapshot_delete(struct sb_call *call)
{
    struct sb_repository repository;
    struct lb_value *index = open_index(call, &repository), *running;

    if (!index)
        return;
    if (repository.readonly) {
        sb_node_error(call, 500, "repository_exception",
                      "[%s] cannot delete snapshot from a readonly repository", call->args[0]);
        return;
    }
    running = running_of(call->sandbox, sb_node_of(call));
    for (size_t i = 0; i < lb_value_count(running); i++) {
        if (lb_streq(lb_text_at(lb_list_item(running, i), "snapshot", ""), call->args[1])) {
            sb_list_remove(running, i);
            sb_node_acknowledge(call);
            return;
        }
    }
    if (!sb_snapshot_entry(index, call->args[1])) {
        sb_node_error(call, 404, "snapshot_missing_exception", "[%s:%s] is missing", call->args[0],
                      call->args[1]);
        return;
    }
    sb_blob_snapshot_delete(call->sandbox, call->arena, &repository, call->args[1]);
    sb_node_acknowledge(call);
}

/* --- status
 * ------------------------------------------------------------------------------------------------------
 */
static struct lb_value *status_of(struct lb_arena *arena, const struct lb_value *details)
{
    struct lb_value *status = lb_value_map(arena), *stats,
                    *indices = lb_map_get(details, "indices");
    bool running = lb_streq(lb_text_at(details, "state", ""), "IN_PROGRESS");
    int64_t count = (int64_t)lb_value_count(indices);

    lb_map_set(arena, status, "snapshot", lb_map_get(details, "snapshot"));
    lb_map_set(arena, status, "repository", lb_map_get(details, "repository"));
    lb_map_set(arena, status, "uuid", lb_map_get(details, "uuid"));
    lb_map_set_string(arena, status, "state", running ? "STARTED" : "SUCCESS");
    lb_map_set_bool(arena, status, "include_global_state",
                    lb_bool_at(details, "global_state", true));
    stats = lb_map_map(arena, status, "shards_stats");
    lb_map_set_int(arena, stats, "initializing", 0);
    lb_map_set_int(arena, stats, "started", running ? count : 0);
    lb_map_set_int(arena, stats, "finalizing", 0);
    lb_map_set_int(arena, stats, "done", running ? 0 : count);
    lb_map_set_int(arena, stats, "failed", 0);
    lb_map_set_int(arena, stats, "total", count);
    for (size_t i = 0; i < lb_value_count(indices); i++) {
        struct lb_value *one = lb_map_map(arena, lb_map_map(arena, status, "indices"),
                                          lb_text_at(lb_list_item(indices, i), "name", ""));

        lb_map_set(arena, one, "shards_stats", stats);
    }
    return status;
}

void sb_op_snapshot_running(struct sb_call *call)
{
    struct lb_value *running = running_of(call->sandbox, sb_node_of(call));
    struct lb_value *body = lb_value_map(call->arena);
    struct lb_value *list = lb_map_list(call->arena, body, "snapshots");

    for (size_t i = 0; i < lb_value_count(running); i++) {
        struct lb_value *one = lb_list_item(running, i);

        if (!call->args[0] || lb_streq(lb_text_at(one, "repository", ""), call->args[0]))
            lb_list_add(call->arena, list, status_of(call->arena, one));
    }
    sb_reply_json(call->response, 200, body);
}

/* The status of a finished snapshot reads every shard's file. */
static bool shards_listed(struct sb_call *call, const struct sb_repository *repository,
                          const struct lb_value *details)
{
    struct lb_value *indices = lb_map_get(details, "indices");

    for (size_t i = 0; i < lb_value_count(indices); i++) {
        const char *key = lb_arena_printf(
            call->arena, "%sindices/%s/0/snap-%s.dat", repository->prefix,
            lb_text_at(lb_list_item(indices, i), "id", ""), lb_text_at(details, "uuid", ""));

        if (!sb_blob_whole(call->sandbox, repository, key))
            return false;
    }
    return details != NULL;
}

void sb_op_snapshot_status(struct sb_call *call)
{
    struct lb_value *body = lb_value_map(call->arena), *list, *index, *details;
    struct lb_value *running = running_of(call->sandbox, sb_node_of(call));
    struct sb_repository repository;

    index = open_index(call, &repository);
    if (!index)
        return;
    list = lb_map_list(call->arena, body, "snapshots");
    for (size_t i = 0; i < lb_value_count(running); i++) {
        if (lb_streq(lb_text_at(lb_list_item(running, i), "snapshot", ""), call->args[1]))
            lb_list_add(call->arena, list, status_of(call->arena, lb_list_item(running, i)));
    }
    details = sb_snapshot_details(call->sandbox,
                                  lb_text_at(sb_snapshot_entry(index, call->args[1]), "uuid", ""));
    if (!lb_value_count(list)) {
        if (!shards_listed(call, &repository, details)) {
            sb_node_error(call, 404, "snapshot_missing_exception", "[%s:%s] is missing",
                          call->args[0], call->args[1]);
            return;
        }
        lb_list_add(call->arena, list, status_of(call->arena, details));
    }
    sb_reply_json(call->response, 200, body);
}

void sb_op_cat_snapshots(struct sb_call *call)
{
    struct sb_repository repository;
    struct lb_value *index = open_index(call, &repository), *rows = lb_value_list(call->arena);
    struct lb_value *snapshots = lb_map_get(index, "snapshots");

    if (!index)
        return;
    for (size_t i = 0; i < lb_value_count(snapshots); i++) {
        struct lb_value *details = sb_snapshot_details(
            call->sandbox, lb_text_at(lb_list_item(snapshots, i), "uuid", ""));
        struct lb_value *row = lb_list_add(call->arena, rows, lb_value_map(call->arena));
        const char *count = lb_arena_printf(call->arena, "%zu",
                                            lb_value_count(lb_map_get(details, "indices")));

        lb_map_set(call->arena, row, "id", lb_map_get(lb_list_item(snapshots, i), "name"));
        lb_map_set_string(call->arena, row, "status", "SUCCESS");
        lb_map_set_string(call->arena, row, "start_epoch", lb_text_at(details, "start", "0"));
        lb_map_set_string(call->arena, row, "end_epoch", lb_text_at(details, "end", "0"));
        lb_map_set_string(call->arena, row, "duration", "2s");
        lb_map_set_string(call->arena, row, "indices", count);
        lb_map_set_string(call->arena, row, "successful_shards", count);
        lb_map_set_string(call->arena, row, "failed_shards", "0");
        lb_map_set_string(call->arena, row, "total_shards", count);
    }
    sb_node_cat(call, rows);
}
