/* iam_list.c: many roles in one answer. What AWS leaves out is left out here too: ListRoles shows
 * no tags and no boundary, GetAccountAuthorizationDetails no description and no session duration.
 */
#include "sandbox/iam.h"

#include "base/time.h"

static void list_roles(struct iam_call *call)
{
    const char *prefix = lb_text_at(call->form, "PathPrefix", "/");
    const struct lb_value *roles = iam_roles(call->sandbox);
    struct lb_value *items = lb_value_list(call->arena);
    for (size_t i = 0; i < lb_value_count(roles); i++) {
        const struct lb_value *role = lb_map_nth(roles, i)->value;
        if (lb_starts_with(lb_text_at(role, "Path", ""), prefix)) {
            lb_list_add(call->arena, items, iam_role_view(call->arena, role, IAM_VIEW_LISTED));
        }
    }
    iam_page(call, "Roles", items);
}

static void list_tags(struct iam_call *call)
{
    iam_page(call, "Tags", lb_map_get(iam_tags_view(call->arena, call->role), "member"));
}

static struct lb_value *member(struct lb_arena *arena, struct lb_value *list)
{
    struct lb_value *map = lb_value_map(arena);
    lb_map_set(arena, map, "member", list);
    return map;
}

static struct lb_value *inline_view(struct lb_arena *arena, const struct lb_value *role)
{
    const struct lb_value *policies = lb_map_get(role, "inline");
    struct lb_value *list = lb_value_list(arena);
    for (size_t i = 0; i < lb_value_count(policies); i++) {
        const struct lb_entry *entry = lb_map_nth(policies, i);
        struct lb_value *item = lb_value_map(arena);
        lb_map_set_string(arena, item, "PolicyName", entry->key);
        lb_map_set_string(arena, item, "PolicyDocument",
                          iam_encode(arena, lb_text(entry->value, "")));
        lb_list_add(arena, list, item);
    }
    return list;
}

static struct lb_value *detail_view(struct lb_arena *arena, const struct lb_value *role)
{
    static const char *const plain[] = {"Path", "RoleName", "RoleId", "Arn"};
    struct lb_value *out = lb_value_map(arena);
    struct lb_value *boundary = iam_boundary_view(arena, role);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        lb_map_set_string(arena, out, plain[i], lb_text(lb_map_get(role, plain[i]), NULL));
    }
    lb_map_set_string(arena, out, "CreateDate",
                      lb_time_format(arena, lb_int_at(role, "CreateDate", 0)));
    lb_map_set_string(arena, out, "AssumeRolePolicyDocument",
                      iam_encode(arena, lb_text_at(role, "AssumeRolePolicyDocument", "")));
    lb_map_set(arena, out, "InstanceProfileList", member(arena, lb_value_list(arena)));
    lb_map_set(arena, out, "RolePolicyList", member(arena, inline_view(arena, role)));
    lb_map_set(arena, out, "AttachedManagedPolicies",
               member(arena, iam_attached_view(arena, role)));
    if (boundary) {
        lb_map_set(arena, out, "PermissionsBoundary", boundary);
    }
    lb_map_set(arena, out, "Tags", iam_tags_view(arena, role));
    lb_map_set(arena, out, "RoleLastUsed", lb_value_map(arena));
    return out;
}

static void account_details(struct iam_call *call)
{
    struct lb_arena *arena = call->arena;
    const struct lb_value *filter = lb_map_get(call->form, "Filter");
    const struct lb_value *roles = iam_roles(call->sandbox);
    struct lb_value *items = lb_value_list(arena);
    bool wanted = lb_value_count(filter) == 0 || lb_list_has(filter, "Role");
    for (size_t i = 0; wanted && i < lb_value_count(roles); i++) {
        lb_list_add(arena, items, detail_view(arena, lb_map_nth(roles, i)->value));
    }
    call->result = lb_value_map(arena);
    lb_map_set(arena, call->result, "UserDetailList", member(arena, lb_value_list(arena)));
    lb_map_set(arena, call->result, "GroupDetailList", member(arena, lb_value_list(arena)));
    iam_page(call, "RoleDetailList", items);
    lb_map_set(arena, call->result, "Policies", member(arena, lb_value_list(arena)));
}

const struct iam_operation iam_list_operations[] = {
    {"ListRoles", false, false, list_roles},
    {"ListRoleTags", false, true, list_tags},
    {"GetAccountAuthorizationDetails", false, false, account_details},
    {NULL, false, false, NULL},
};
