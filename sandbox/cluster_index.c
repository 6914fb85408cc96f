/* cluster_index.c: indices and documents: as much as counts, listings and restores need. One shard
 * an index. Each write raises the index's generation, which is what makes snapshots incremental. */
#include "sandbox/cluster.h"

#include "base/json.h"

#include <string.h>

static struct lb_value *indices_of(const struct sb_call *call)
{
    return sb_node_table(call->sandbox, sb_node_of(call), "indices");
}

struct lb_value *sb_index_make(struct sandbox *sandbox, struct sb_node *node, const char *name)
{
    struct lb_arena *scratch = lb_arena_new();
    struct lb_value *index = lb_map_map(sandbox->arena, sb_node_table(sandbox, node, "indices"),
                                        name);

    sb_keep_string(sandbox, index, "uuid", sb_blob_id(sandbox, scratch));
    sb_keep_int(sandbox, index, "generation", 1);
    sb_keep_int(sandbox, index, "created", sb_now(sandbox));
    lb_map_map(sandbox->arena, index, "docs");
    lb_arena_free(scratch);
    return index;
}

bool sb_index_wanted(const char *expression, const char *name)
{
    struct lb_arena *scratch = lb_arena_new();
    bool wanted = !*expression || lb_streq(expression, "_all");

    for (const char *at = expression; *at; at += strcspn(at, ","), at += *at == ',') {
        const char *part = lb_arena_strndup(scratch, at, strcspn(at, ","));

        if (part[0] == '-' && sb_glob(part + 1, name))
            wanted = false;
        else if (part[0] != '-' && (lb_streq(part, "_all") || sb_glob(part, name)))
            wanted = true;
    }
    lb_arena_free(scratch);
    return wanted;
}

/* The index that args[0] names exactly, or the 404. */
static struct lb_value *index_wanted(struct sb_call *call)
{
    struct lb_value *index = lb_map_get(indices_of(call), call->args[0]);

    if (!index)
        sb_node_error(call, 404, "index_not_found_exception", "no such index [%s]", call->args[0]);
    return index;
}

/* --- indices
 * -------------------------------------------------------------------------------------------- */
void sb_op_index_create(struct sb_call *call)
{
    const char *name = call->args[0];
    struct lb_value *body = lb_value_map(call->arena), *index;

    if (name[0] == '_' || name[0] == '-' || strpbrk(name, "\\/*?\"<>| ,#:") ||
        strcmp(name, lb_lowercase(call->arena, name)) != 0) {
        sb_node_error(call, 400, "invalid_index_name_exception", "Invalid index name [%s]", name);
        return;
    }
    if (lb_map_get(indices_of(call), name)) {
        sb_node_error(call, 400, "resource_already_exists_exception", "index [%s] already exists",
                      name);
        return;
    }
    index = sb_index_make(call->sandbox, sb_node_of(call), name);
    if (lb_map_get(call->body, "settings"))
        sb_keep(call->sandbox, index, "settings", lb_map_get(call->body, "settings"));
    lb_map_set_bool(call->arena, body, "acknowledged", true);
    lb_map_set_bool(call->arena, body, "shards_acknowledged", true);
    lb_map_set_string(call->arena, body, "index", name);
    sb_reply_json(call->response, 200, body);
}

void sb_op_index_get(struct sb_call *call)
{
    struct lb_value *indices = indices_of(call), *body = lb_value_map(call->arena);
    bool exact = !strpbrk(call->args[0], "*,");

    if (exact && !index_wanted(call))
        return;
    for (size_t i = 0; i < lb_value_count(indices); i++) {
        const struct lb_entry *entry = lb_map_nth(indices, i);
        struct lb_value *shown, *settings;

        if (!sb_index_wanted(call->args[0], entry->key))
            continue;
        shown = lb_map_map(call->arena, body, entry->key);
        lb_map_map(call->arena, shown, "aliases");
        lb_map_map(call->arena, shown, "mappings");
        settings = lb_map_map(call->arena, lb_map_map(call->arena, shown, "settings"), "index");
        lb_map_set_string(call->arena, settings, "number_of_shards", "1");
        lb_map_set_string(call->arena, settings, "provided_name", entry->key);
        lb_map_set(call->arena, settings, "uuid", lb_map_get(entry->value, "uuid"));
    }
    sb_reply_json(call->response, 200, body);
}

void sb_op_index_delete(struct sb_call *call)
{
    struct lb_value *indices = indices_of(call);

    if (!strpbrk(call->args[0], "*,") && !index_wanted(call))
        return;
    for (size_t i = lb_value_count(indices); i > 0; i--) {
        const struct lb_entry *entry = lb_map_nth(indices, i - 1);

        if (sb_index_wanted(call->args[0], entry->key))
            lb_map_remove(indices, entry->key);
    }
    sb_node_acknowledge(call);
}

void sb_op_index_open_close(struct sb_call *call)
{
    struct lb_value *index = index_wanted(call);

    if (!index)
        return;
    sb_keep_bool(call->sandbox, index, "closed", lb_streq(call->route->operation, "CloseIndex"));
    sb_node_acknowledge(call);
}

void sb_op_index_refresh(struct sb_call *call)
{
    struct lb_value *body = lb_value_map(call->arena);

    lb_map_set(call->arena, body, "_shards",
               sb_shards(call->arena, (int64_t)lb_value_count(indices_of(call)), 0));
    sb_reply_json(call->response, 200, body);
}

/* --- documents
 * --------------------------------------------------------------------------------------------- */
static bool keep_doc(struct sb_call *call, const char *name, const char *id,
                     const struct lb_value *source)
{
    struct sandbox *sandbox = call->sandbox;
    struct lb_value *index = lb_map_get(indices_of(call), name), *docs;
    bool created;

    if (!index)
        index = sb_index_make(sandbox, sb_node_of(call), name);
    docs = lb_map_map(sandbox->arena, index, "docs");
    created = lb_map_get(docs, id) == NULL;
    sb_keep(sandbox, docs, id, source ? source : lb_value_map(call->arena));
    sb_keep_int(sandbox, index, "generation", lb_int_at(index, "generation", 0) + 1);
    return created;
}

void sb_op_doc_put(struct sb_call *call)
{
    const char *id = call->args[1] ? call->args[1] : sb_blob_id(call->sandbox, call->arena);
    struct lb_value *body = lb_value_map(call->arena);
    bool created = keep_doc(call, call->args[0], id, call->body);

    lb_map_set_string(call->arena, body, "_index", call->args[0]);
    lb_map_set_string(call->arena, body, "_id", id);
    lb_map_set_int(call->arena, body, "_version", 1);
    lb_map_set_string(call->arena, body, "result", created ? "created" : "updated");
    sb_node_written(call, body, lb_streq(lb_text_at(call->request->query, "refresh", ""), "true"));
    lb_map_set_int(call->arena, body, "_seq_no", 0);
    lb_map_set_int(call->arena, body, "_primary_term", 1);
    sb_reply_json(call->response, created ? 201 : 200, body);
}

void sb_op_doc_get(struct sb_call *call)
{
    struct lb_value *index = index_wanted(call), *body = lb_value_map(call->arena), *source;

    if (!index)
        return;
    source = lb_map_get(lb_map_get(index, "docs"), call->args[1]);
    lb_map_set_string(call->arena, body, "_index", call->args[0]);
    lb_map_set_string(call->arena, body, "_id", call->args[1]);
    lb_map_set_bool(call->arena, body, "found", source != NULL);
    if (source)
        lb_map_set(call->arena, body, "_source", source);
    sb_reply_json(call->response, source ? 200 : 404, body);
}

static struct lb_value *next_line(struct sb_call *call, const char **at, const char *end)
{
    const char *newline = memchr(*at, '\n', (size_t)(end - *at)), *error = NULL;
    const char *line = *at;
    size_t length = (size_t)((newline ? newline : end) - line);

    *at = newline ? newline + 1 : end;
    return length ? lb_json_parse(call->arena, line, length, &error) : NULL;
}

void sb_op_bulk(struct sb_call *call)
{
    const char *at = call->request->body, *end = at ? at + call->request->body_length : NULL;
    struct lb_value *body = lb_value_map(call->arena), *items;

    lb_map_set_int(call->arena, body, "took", 1);
    lb_map_set_bool(call->arena, body, "errors", false);
    items = lb_map_list(call->arena, body, "items");
    while (at && at < end) {
        const struct lb_entry *action = lb_map_nth(next_line(call, &at, end), 0);
        struct lb_value *source = action ? next_line(call, &at, end) : NULL, *item, *result;
        const char *name, *id;

        if (!action || !source)
            continue;
        name = lb_text_at(action->value, "_index", call->args[0] ? call->args[0] : "bulk");
        id = lb_text_at(action->value, "_id", NULL);
        id = id ? id : sb_blob_id(call->sandbox, call->arena);
        item = lb_list_add(call->arena, items, lb_value_map(call->arena));
        result = lb_map_map(call->arena, item, action->key);
        lb_map_set_string(call->arena, result, "_index", name);
        lb_map_set_string(call->arena, result, "_id", id);
        lb_map_set_int(call->arena, result, "status", keep_doc(call, name, id, source) ? 201 : 200);
    }
    sb_reply_json(call->response, 200, body);
}

/* Documents and failed shards of the indices an expression names. */
static int64_t count_docs(struct sb_call *call, const char *expression, int64_t *shards,
                          int64_t *failed)
{
    struct lb_value *indices = indices_of(call);
    int64_t count = 0;

    for (size_t i = 0; i < lb_value_count(indices); i++) {
        const struct lb_entry *entry = lb_map_nth(indices, i);

        if (!sb_index_wanted(expression, entry->key) || lb_bool_at(entry->value, "closed", false))
            continue;
        (*shards)++;
        if (lb_bool_at(entry->value, "failed", false))
            (*failed)++;
        else
            count += (int64_t)lb_value_count(lb_map_get(entry->value, "docs"));
    }
    return count;
}

/* A red index is an error, not a count of zero. */
static int counted(struct sb_call *call, int64_t *count, int64_t *shards)
{
    const char *expression = call->args[0] ? call->args[0] : "_all";
    int64_t failed = 0;

    if (!strpbrk(expression, "*,") && call->args[0] && !index_wanted(call))
        return -1;
    *shards = 0;
    *count = count_docs(call, expression, shards, &failed);
    if (failed) {
        sb_node_error(call, 503, "search_phase_execution_exception", "all shards failed");
        return -1;
    }
    return 0;
}

void sb_op_count(struct sb_call *call)
{
    struct lb_value *body = lb_value_map(call->arena);
    int64_t count, shards;

    if (counted(call, &count, &shards) != 0)
        return;
    lb_map_set_int(call->arena, body, "count", count);
    lb_map_set(call->arena, body, "_shards", sb_shards(call->arena, shards, 0));
    sb_reply_json(call->response, 200, body);
}

void sb_op_search(struct sb_call *call)
{
    struct lb_value *body = lb_value_map(call->arena), *hits, *total;
    int64_t count, shards;

    if (counted(call, &count, &shards) != 0)
        return;
    lb_map_set_int(call->arena, body, "took", 1);
    lb_map_set_bool(call->arena, body, "timed_out", false);
    lb_map_set(call->arena, body, "_shards", sb_shards(call->arena, shards, 0));
    hits = lb_map_map(call->arena, body, "hits");
    total = lb_map_map(call->arena, hits, "total");
    lb_map_set_int(call->arena, total, "value", count);
    lb_map_set_string(call->arena, total, "relation", "eq");
    lb_map_list(call->arena, hits, "hits");
    sb_reply_json(call->response, 200, body);
}

/* --- how they are
 * ------------------------------------------------------------------------------------------- */
void sb_op_cat_indices(struct sb_call *call)
{
    struct lb_value *indices = indices_of(call), *rows = lb_value_list(call->arena);
    const char *expression = call->args[0] ? call->args[0] : "_all";
    bool hidden = strstr(lb_text_at(call->request->query, "expand_wildcards", ""), "all") ||
                  strstr(lb_text_at(call->request->query, "expand_wildcards", ""), "hidden");

    for (size_t i = 0; i < lb_value_count(indices); i++) {
        const struct lb_entry *entry = lb_map_nth(indices, i);
        bool failed = lb_bool_at(entry->value, "failed", false);
        struct lb_value *row = lb_value_map(call->arena);

        if (!sb_index_wanted(expression, entry->key) ||
            (entry->key[0] == '.' && !hidden && call->args[0] && *call->args[0] != '.'))
            continue;
        lb_map_set_string(call->arena, row, "health", failed ? "red" : "green");
        lb_map_set_string(call->arena, row, "status",
                          lb_bool_at(entry->value, "closed", false) ? "close" : "open");
        lb_map_set_string(call->arena, row, "index", entry->key);
        lb_map_set(call->arena, row, "uuid", lb_map_get(entry->value, "uuid"));
        lb_map_set_string(call->arena, row, "pri", "1");
        lb_map_set_string(call->arena, row, "rep", "1");
        lb_map_set(
            call->arena, row, "docs.count",
            lb_value_format(call->arena, "%zu", lb_value_count(lb_map_get(entry->value, "docs"))));
        lb_map_set_string(call->arena, row, "docs.deleted", "0");
        lb_map_set_string(call->arena, row, "store.size", "8kb");
        lb_map_set_string(call->arena, row, "pri.store.size", "4kb");
        lb_list_add(call->arena, rows, row);
    }
    sb_node_cat(call, rows);
}

void sb_op_health(struct sb_call *call)
{
    struct sb_node *node = sb_node_of(call);
    struct lb_value *indices = indices_of(call), *body = lb_value_map(call->arena), *each;
    const char *expression = call->args[0] ? call->args[0] : "_all";
    int64_t shards = 0, failed = 0, nodes = 1;
    bool level = strstr("indices shards", lb_text_at(call->request->query, "level", "-")) != NULL;

    if (call->args[0] && !strpbrk(expression, "*,") && !lb_map_get(indices, expression))
        failed++; /* waits for an index that never comes */
    (void)count_docs(call, expression, &shards, &failed);
    nodes = lb_int_at(node->domain, "config/ClusterConfig/InstanceCount", 1);
    lb_map_set_string(
        call->arena, body, "cluster_name",
        node->domain ? lb_arena_printf(call->arena, "%s:%s", call->sandbox->account, node->name)
                     : node->name);
    lb_map_set_string(call->arena, body, "status", failed ? "red" : "green");
    lb_map_set_bool(call->arena, body, "timed_out", failed && call->args[0]);
    lb_map_set_int(call->arena, body, "number_of_nodes", nodes);
    lb_map_set_int(call->arena, body, "number_of_data_nodes", nodes);
    lb_map_set_int(call->arena, body, "active_primary_shards",
                   shards - (failed < shards ? failed : shards));
    lb_map_set_int(call->arena, body, "active_shards",
                   2 * (shards - (failed < shards ? failed : shards)));
    lb_map_set_int(call->arena, body, "relocating_shards", 0);
    lb_map_set_int(call->arena, body, "initializing_shards", 0);
    lb_map_set_int(call->arena, body, "unassigned_shards", failed);
    lb_map_set_int(call->arena, body, "number_of_pending_tasks", 0);
    for (size_t i = 0; level && i < lb_value_count(indices); i++) {
        const struct lb_entry *entry = lb_map_nth(indices, i);
        bool red = lb_bool_at(entry->value, "failed", false);

        if (!sb_index_wanted(expression, entry->key))
            continue;
        each = lb_map_map(call->arena, lb_map_map(call->arena, body, "indices"), entry->key);
        lb_map_set_string(call->arena, each, "status", red ? "red" : "green");
        lb_map_set_int(call->arena, each, "number_of_shards", 1);
        lb_map_set_int(call->arena, each, "number_of_replicas", 1);
        lb_map_set_int(call->arena, each, "active_primary_shards", red ? 0 : 1);
        lb_map_set_int(call->arena, each, "active_shards", red ? 0 : 2);
        lb_map_set_int(call->arena, each, "unassigned_shards", red ? 1 : 0);
    }
    sb_reply_json(call->response, failed && call->args[0] ? 408 : 200, body);
}

void sb_op_recovery(struct sb_call *call)
{
    struct lb_value *indices = indices_of(call), *body = lb_value_map(call->arena);
    const char *expression = call->args[0] ? call->args[0] : "_all";

    for (size_t i = 0; i < lb_value_count(indices); i++) {
        const struct lb_entry *entry = lb_map_nth(indices, i);
        struct lb_value *from = lb_map_get(entry->value, "restored"), *shard, *list;

        if (!sb_index_wanted(expression, entry->key))
            continue;
        shard = lb_value_map(call->arena);
        lb_map_set_int(call->arena, shard, "id", 0);
        lb_map_set_string(call->arena, shard, "type", from ? "SNAPSHOT" : "EMPTY_STORE");
        lb_map_set_string(call->arena, shard, "stage",
                          lb_bool_at(entry->value, "failed", false) ? "INDEX" : "DONE");
        lb_map_set_bool(call->arena, shard, "primary", true);
        lb_map_set_int(call->arena, shard, "start_time_in_millis",
                       lb_int_at(entry->value, "created", 0) * 1000);
        if (from)
            lb_map_set(call->arena, shard, "source", from);
        list = lb_map_list(call->arena, lb_map_map(call->arena, body, entry->key), "shards");
        lb_list_add(call->arena, list, shard);
    }
    sb_reply_json(call->response, 200, body);
}
