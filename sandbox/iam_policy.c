/* iam_policy.c: policies of a role: inline, attached, the permissions boundary. Managed policies
 * are not kept: every well-formed ARN of AWS or of the account is taken to exist.
 */
#include "sandbox/iam.h"
#include "sandbox/policy.h"

#include <ctype.h>
#include <string.h>

#define INLINE_MAX                                                                                 \
    10240 /* characters of all inline policies of a role, white space not counted                  \
           */
#define ATTACHED_MAX 10

static size_t weight(const char *document)
{
    size_t count = 0;
    for (; *document; document++) {
        count += !isspace((unsigned char)*document);
    }
    return count;
}

static void put_policy(struct iam_call *call)
{
    struct lb_arena *keep = call->sandbox->arena;
    const char *name = iam_text(call, "PolicyName");
    const char *document = iam_text(call, "PolicyDocument");
    struct lb_value *policies = lb_map_map(keep, call->role, "inline");
    const char *fault = sb_policy_fault(call->sandbox, call->arena, document, SB_POLICY_IDENTITY);
    size_t total = weight(document);
    if (!*name || strlen(name) > 128) {
        iam_fail(call, 400, "ValidationError", "PolicyName must have 1 to 128 characters");
        return;
    }
    if (fault) {
        iam_fail(call, 400, "MalformedPolicyDocument", "%s", fault);
        return;
    }
    for (size_t i = 0; i < lb_value_count(policies); i++) {
        const struct lb_entry *entry = lb_map_nth(policies, i);
        total += lb_streq(entry->key, name) ? 0 : weight(lb_text(entry->value, ""));
    }
    if (total > INLINE_MAX) {
        iam_fail(call, 409, "LimitExceeded", "Maximum policy size of %d bytes exceeded for role %s",
                 INLINE_MAX, iam_text(call, "RoleName"));
        return;
    }
    lb_map_set_string(keep, policies, name, document);
    iam_changed(call);
}

static const char *find_policy(struct iam_call *call)
{
    const char *name = iam_text(call, "PolicyName");
    const char *document = lb_text(lb_map_get(lb_map_get(call->role, "inline"), name), NULL);
    if (!document) {
        iam_fail(call, 404, "NoSuchEntity", "The role policy with name %s cannot be found.", name);
    }
    return document;
}

static void get_policy(struct iam_call *call)
{
    const char *document = find_policy(call);
    if (document) {
        call->result = lb_value_map(call->arena);
        lb_map_set_string(call->arena, call->result, "RoleName", iam_text(call, "RoleName"));
        lb_map_set_string(call->arena, call->result, "PolicyName", iam_text(call, "PolicyName"));
        lb_map_set_string(call->arena, call->result, "PolicyDocument",
                          iam_encode(call->arena, document));
    }
}

static void delete_policy(struct iam_call *call)
{
    if (find_policy(call)) {
        lb_map_remove(lb_map_get(call->role, "inline"), iam_text(call, "PolicyName"));
        iam_changed(call);
    }
}

static void list_policies(struct iam_call *call)
{
    struct lb_value *names = lb_value_list(call->arena);
    const struct lb_value *policies = lb_map_get(call->role, "inline");
    for (size_t i = 0; i < lb_value_count(policies); i++) {
        lb_list_add_string(call->arena, names, lb_map_nth(policies, i)->key);
    }
    lb_list_sort(names);
    iam_page(call, "PolicyNames", names);
}

static bool valid_arn(struct iam_call *call, const char *arn)
{
    const char *own = lb_arena_printf(call->arena, "arn:aws:iam::%s:policy/",
                                      call->sandbox->account);
    if (lb_starts_with(arn, own) || lb_starts_with(arn, "arn:aws:iam::aws:policy/")) {
        return true;
    }
    if (lb_starts_with(arn, "arn:aws:iam::") && strstr(arn, ":policy/")) {
        iam_fail(call, 404, "NoSuchEntity", "Policy %s does not exist or is not attachable.", arn);
    } else {
        iam_fail(call, 400, "InvalidInput", "ARN %s is not valid.", arn);
    }
    return false;
}

static void attach(struct iam_call *call)
{
    const char *arn = iam_text(call, "PolicyArn");
    struct lb_value *attached = lb_map_list(call->sandbox->arena, call->role, "attached");
    if (!valid_arn(call, arn) || lb_list_has(attached, arn)) {
        return;
    }
    if (lb_value_count(attached) >= ATTACHED_MAX) {
        iam_fail(call, 409, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d",
                 ATTACHED_MAX);
        return;
    }
    lb_list_add_string(call->sandbox->arena, attached, arn);
    iam_changed(call);
}

static void detach(struct iam_call *call)
{
    struct lb_arena *keep = call->sandbox->arena;
    const char *arn = iam_text(call, "PolicyArn");
    const struct lb_value *attached = lb_map_get(call->role, "attached");
    struct lb_value *left = lb_value_list(keep);
    if (!lb_list_has(attached, arn)) {
        iam_fail(call, 404, "NoSuchEntity", "Policy %s was not found.", arn);
        return;
    }
    for (size_t i = 0; i < lb_value_count(attached); i++) {
        if (!lb_streq(lb_text(lb_list_item(attached, i), ""), arn)) {
            lb_list_add(keep, left, lb_list_item(attached, i));
        }
    }
    lb_map_set(keep, call->role, "attached", left);
    iam_changed(call);
}

struct lb_value *iam_attached_view(struct lb_arena *arena, const struct lb_value *role)
{
    const struct lb_value *attached = lb_map_get(role, "attached");
    struct lb_value *items = lb_value_list(arena);
    for (size_t i = 0; i < lb_value_count(attached); i++) {
        const char *arn = lb_text(lb_list_item(attached, i), "");
        struct lb_value *item = lb_value_map(arena);
        lb_map_set_string(arena, item, "PolicyName", strrchr(arn, '/') + 1);
        lb_map_set_string(arena, item, "PolicyArn", arn);
        lb_list_add(arena, items, item);
    }
    return items;
}

static void list_attached(struct iam_call *call)
{
    iam_page(call, "AttachedPolicies", iam_attached_view(call->arena, call->role));
}

static void put_boundary(struct iam_call *call)
{
    const char *arn = iam_text(call, "PermissionsBoundary");
    if (valid_arn(call, arn)) {
        lb_map_set_string(call->sandbox->arena, call->role, "PermissionsBoundary", arn);
        iam_changed(call);
    }
}

static void delete_boundary(struct iam_call *call)
{
    if (!lb_map_remove(call->role, "PermissionsBoundary")) {
        iam_fail(call, 404, "NoSuchEntity", "Role %s does not have a permissions boundary.",
                 iam_text(call, "RoleName"));
        return;
    }
    iam_changed(call);
}

const struct iam_operation iam_policy_operations[] = {
    {"PutRolePolicy", true, true, put_policy},
    {"GetRolePolicy", false, true, get_policy},
    {"DeleteRolePolicy", true, true, delete_policy},
    {"ListRolePolicies", false, true, list_policies},
    {"AttachRolePolicy", true, true, attach},
    {"DetachRolePolicy", true, true, detach},
    {"ListAttachedRolePolicies", false, true, list_attached},
    {"PutRolePermissionsBoundary", true, true, put_boundary},
    {"DeleteRolePermissionsBoundary", true, true, delete_boundary},
    {NULL, false, false, NULL},
};
