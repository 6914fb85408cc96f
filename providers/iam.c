/* iam.c: the IAM service's row, and small helpers for policy documents. */
#include "providers/iam.h"

#include "base/json.h"

#include <string.h>

const struct lb_service lb_iam_service = {
    .id = "iam",
    .signing = "iam",
    .prefix = "iam",
    .endpoint_id = "IAM",
    .wire = LB_WIRE_QUERY,
    .version = "2010-05-08",
    .global = true,
};

struct lb_value *lb_policy_new(struct lb_arena *arena)
{
    struct lb_value *document = lb_value_map(arena);
    lb_map_set_string(arena, document, "Version", "2012-10-17");
    lb_map_list(arena, document, "Statement");
    return document;
}

struct lb_value *lb_policy_allow(struct lb_arena *arena, struct lb_value *document, const char *sid,
                                 const char *const *actions, struct lb_value *resources)
{
    if (lb_value_count(resources) == 0) {
        return NULL;
    }
    struct lb_value *statement = lb_list_add(arena, lb_map_list(arena, document, "Statement"),
                                             lb_value_map(arena));
    lb_map_set_string(arena, statement, "Sid", sid);
    lb_map_set_string(arena, statement, "Effect", "Allow");
    struct lb_value *list = lb_map_list(arena, statement, "Action");
    for (size_t i = 0; actions[i]; i++) {
        lb_list_add_string(arena, list, actions[i]);
    }
    lb_map_set(arena, statement, "Resource", resources);
    return statement;
}

struct lb_value *lb_policy_decode(struct lb_arena *arena, const char *text)
{
    const char *error = NULL;
    struct lb_arena *scratch = lb_arena_new();
    const char *json = lb_percent_decode(scratch, text ? text : "");
    struct lb_value *document = lb_json_parse(arena, json, strlen(json), &error);
    if (!document)
        document = lb_value_string(arena, json);
    lb_arena_free(scratch);
    return document;
}

void lb_list_add_once(struct lb_arena *arena, struct lb_value *list, const char *text)
{
    if (text && !lb_list_has(list, text)) {
        lb_list_add_string(arena, list, text);
    }
}

const char *lb_policy_literal(struct lb_arena *arena, const char *name)
{
    struct lb_str out = {0};
    for (const char *at = name; *at; at++)
        if (*at == '*' || *at == '?' || *at == '$')
            lb_str_printf(&out, "${%c}", *at);
        else
            lb_str_putc(&out, *at);
    return lb_str_take(&out, arena);
}
