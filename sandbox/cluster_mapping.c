/* cluster_mapping.c: role mappings of the security plugin: PUT replaces, PATCH (JSON Patch) edits
 * one or the collection. reserved and hidden are the plugin's: shown, refused when sent. */
#include "sandbox/cluster.h"

#include <stdlib.h>
#include <string.h>

static const char *const lists[] = {"backend_roles", "hosts", "users", "and_backend_roles"};
#define LISTS (sizeof(lists) / sizeof(lists[0]))

static struct lb_value *table(const struct sb_call *call)
{
    return sb_node_table(call->sandbox, sb_node_of(call), "mappings");
}

static void reply_status(struct sb_call *call, int status, const char *word, const char *message)
{
    struct lb_value *body = lb_value_map(call->arena);

    lb_map_set_string(call->arena, body, "status", word);
    lb_map_set_string(call->arena, body, "message", message);
    sb_reply_json(call->response, status, body);
}

static void reply_missing(struct sb_call *call, const char *name)
{
    reply_status(call, 404, "NOT_FOUND",
                 lb_arena_printf(call->arena, "Resource '%s' not found.", name));
}

static struct lb_value *complete(struct lb_arena *arena, const struct lb_value *sent)
{
    struct lb_value *mapping = lb_value_map(arena);

    for (size_t i = 0; i < LISTS; i++) {
        struct lb_value *list = lb_map_get(sent, lists[i]);

        lb_map_set(arena, mapping, lists[i],
                   list ? lb_value_copy(arena, list) : lb_value_list(arena));
    }
    if (lb_map_get(sent, "description"))
        lb_map_set(arena, mapping, "description", lb_map_get(sent, "description"));
    lb_map_set_bool(arena, mapping, "reserved", lb_bool_at(sent, "reserved", false));
    lb_map_set_bool(arena, mapping, "hidden", lb_bool_at(sent, "hidden", false));
    return mapping;
}

/* False after answering 400. */
static bool acceptable(struct sb_call *call, const struct lb_value *sent, bool patched)
{
    struct lb_value *body = lb_value_map(call->arena);
    const char *invalid = NULL;
    bool any = false;

    for (size_t i = 0; lb_is(sent, LB_MAP) && i < lb_value_count(sent); i++) {
        const struct lb_entry *entry = lb_map_nth(sent, i);
        bool list = false;

        for (size_t j = 0; j < LISTS; j++)
            list |= lb_streq(lists[j], entry->key);
        if (list && !lb_is(entry->value, LB_LIST))
            invalid = entry->key;
        any |= list;
        if (!list && !lb_streq(entry->key, "description") &&
            !(patched && (lb_streq(entry->key, "reserved") || lb_streq(entry->key, "hidden"))))
            invalid = entry->key;
    }
    if (any && !invalid)
        return true;
    lb_map_set_string(call->arena, body, "status", "error");
    lb_map_set_string(call->arena, body, "reason",
                      invalid ? "Invalid configuration" : "Request body required for this action.");
    if (invalid)
        lb_map_set_string(call->arena, lb_map_map(call->arena, body, "invalid_keys"), "keys",
                          invalid);
    sb_reply_json(call->response, 400, body);
    return false;
}

void sb_op_mapping_list(struct sb_call *call)
{
    sb_reply_json(call->response, 200, table(call));
}

void sb_op_mapping_get(struct sb_call *call)
{
    struct lb_value *mapping = lb_map_get(table(call), call->args[0]);
    struct lb_value *body = lb_value_map(call->arena);

    if (!mapping) {
        reply_missing(call, call->args[0]);
        return;
    }
    lb_map_set(call->arena, body, call->args[0], mapping);
    sb_reply_json(call->response, 200, body);
}

void sb_op_mapping_put(struct sb_call *call)
{
    const char *name = call->args[0];
    bool existed = lb_map_get(table(call), name) != NULL;

    if (!acceptable(call, call->body, false))
        return;
    sb_keep(call->sandbox, table(call), name, complete(call->arena, call->body));
    reply_status(call, existed ? 200 : 201, existed ? "OK" : "CREATED",
                 lb_arena_printf(call->arena, existed ? "'%s' updated." : "'%s' created.", name));
}

void sb_op_mapping_delete(struct sb_call *call)
{
    if (!lb_map_remove(table(call), call->args[0])) {
        reply_missing(call, call->args[0]);
        return;
    }
    reply_status(call, 200, "OK", lb_arena_printf(call->arena, "'%s' deleted.", call->args[0]));
}

/* --- JSON Patch (RFC 6902): add, replace, remove, test
 * ----------------------------------------------------- */
struct target {
    struct lb_value *parent;
    const char *key;
};

static bool find_target(struct lb_arena *arena, struct lb_value *document, const char *path,
                        struct target *target)
{
    const char *slash = strrchr(path, '/');
    const char *parent;

    if (!slash)
        return false;
    parent = lb_arena_strndup(arena, path, (size_t)(slash - path));
    target->parent = lb_value_at(document, *parent == '/' ? parent + 1 : parent);
    target->key = slash + 1;
    return target->parent != NULL;
}

static bool patch_list(struct lb_arena *arena, struct lb_value *list, const char *op,
                       const char *key, const struct lb_value *value)
{
    size_t at = lb_streq(key, "-") ? lb_value_count(list) : strtoul(key, NULL, 10);

    if (lb_streq(op, "add") && at <= lb_value_count(list)) {
        lb_list_add(arena, list, lb_value_copy(arena, value));
        for (size_t i = lb_value_count(list) - 1; i > at; i--) {
            struct lb_value *swap = list->as.list.items[i];

            list->as.list.items[i] = list->as.list.items[i - 1];
            list->as.list.items[i - 1] = swap;
        }
        return true;
    }
    if (at >= lb_value_count(list))
        return false;
    if (lb_streq(op, "remove"))
        sb_list_remove(list, at);
    else if (lb_streq(op, "replace"))
        list->as.list.items[at] = lb_value_copy(arena, value);
    else
        return lb_streq(op, "test") && lb_value_equal(lb_list_item(list, at), value);
    return true;
}

static bool patch_one(struct lb_arena *arena, struct lb_value *document,
                      const struct lb_value *change)
{
    const char *op = lb_text_at(change, "op", "");
    struct lb_value *value = lb_map_get(change, "value");
    struct target target;

    if (!find_target(arena, document, lb_text_at(change, "path", ""), &target))
        return false;
    if (lb_is(target.parent, LB_LIST))
        return patch_list(arena, target.parent, op, target.key, value);
    if (!lb_streq(op, "add") && !lb_map_get(target.parent, target.key))
        return false;
    if (lb_streq(op, "remove"))
        return lb_map_remove(target.parent, target.key);
    if (lb_streq(op, "test"))
        return lb_value_equal(lb_map_get(target.parent, target.key), value);
    if (!value || (!lb_streq(op, "add") && !lb_streq(op, "replace")))
        return false;
    lb_map_set(arena, target.parent, target.key, lb_value_copy(arena, value));
    return true;
}

/* The patched copy, or NULL after answering 400. */
static struct lb_value *patched(struct sb_call *call, const struct lb_value *document)
{
    struct lb_value *copy = lb_value_copy(call->arena, document);

    for (size_t i = 0; i < lb_value_count(call->body); i++) {
        if (!patch_one(call->arena, copy, lb_list_item(call->body, i))) {
            reply_status(call, 400, "BAD_REQUEST", "The patch cannot be applied.");
            return NULL;
        }
    }
    return copy;
}

void sb_op_mapping_patch(struct sb_call *call)
{
    struct lb_value *before = lb_map_get(table(call), call->args[0]), *after;

    if (!before) {
        reply_missing(call, call->args[0]);
        return;
    }
    after = patched(call, before);
    if (!after || !acceptable(call, after, true))
        return;
    sb_keep(call->sandbox, table(call), call->args[0], complete(call->arena, after));
    reply_status(call, 200, "OK", lb_arena_printf(call->arena, "'%s' updated.", call->args[0]));
}

void sb_op_mapping_patch_all(struct sb_call *call)
{
    struct lb_value *after = patched(call, table(call));

    if (!after)
        return;
    for (size_t i = 0; i < lb_value_count(after); i++) {
        const struct lb_entry *entry = lb_map_nth(after, i);

        if (!acceptable(call, entry->value, true))
            return;
        lb_map_set(call->arena, after, entry->key, complete(call->arena, entry->value));
    }
    sb_keep(call->sandbox, sb_node_of(call)->state, "mappings", after);
    reply_status(call, 200, "OK", "Resource updated.");
}
