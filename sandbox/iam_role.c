/* iam_role.c: roles: making, reading, changing, deleting, tags. */
#include "sandbox/iam.h"
#include "sandbox/policy.h"

#include "base/time.h"

#include <string.h>

#define TRUST_MAX 2048 /* characters of a trust policy, by default */

static const char name_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-";

struct lb_value *iam_tags_view(struct lb_arena *arena, const struct lb_value *role)
{
    struct lb_value *tags = lb_value_map(arena);
    const struct lb_value *list = lb_map_get(role, "Tags");
    lb_map_set(arena, tags, "member", list ? lb_value_copy(arena, list) : lb_value_list(arena));
    return tags;
}

struct lb_value *iam_boundary_view(struct lb_arena *arena, const struct lb_value *role)
{
    const char *arn = lb_text_at(role, "PermissionsBoundary", NULL);
    struct lb_value *boundary = arn ? lb_value_map(arena) : NULL;
    if (boundary) {
        lb_map_set_string(arena, boundary, "PermissionsBoundaryType", "Policy");
        lb_map_set_string(arena, boundary, "PermissionsBoundaryArn", arn);
    }
    return boundary;
}

struct lb_value *iam_role_view(struct lb_arena *arena, const struct lb_value *role,
                               enum iam_view view)
{
    static const char *const plain[] = {"Path", "RoleName", "RoleId", "Arn"};
    struct lb_value *out = lb_value_map(arena);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        lb_map_set_string(arena, out, plain[i], lb_text(lb_map_get(role, plain[i]), NULL));
    }
    lb_map_set_string(arena, out, "CreateDate",
                      lb_time_format(arena, lb_int_at(role, "CreateDate", 0)));
    lb_map_set_string(arena, out, "AssumeRolePolicyDocument",
                      iam_encode(arena, lb_text_at(role, "AssumeRolePolicyDocument", "")));
    lb_map_set_string(arena, out, "Description", lb_text_at(role, "Description", NULL));
    lb_map_set_int(arena, out, "MaxSessionDuration", lb_int_at(role, "MaxSessionDuration", 3600));
    struct lb_value *boundary = iam_boundary_view(arena, role);
    if (view == IAM_VIEW_FULL && boundary) {
        lb_map_set(arena, out, "PermissionsBoundary", boundary);
    }
    if (view == IAM_VIEW_FULL && lb_value_count(lb_map_get(role, "Tags")) > 0) {
        lb_map_set(arena, out, "Tags", iam_tags_view(arena, role));
    }
    return out;
}

static bool valid_name(struct iam_call *call, const char *name)
{
    if (*name && strlen(name) <= 64 && strspn(name, name_letters) == strlen(name)) {
        return true;
    }
    iam_fail(call, 400, "ValidationError",
             "The specified value for roleName is invalid. It must contain only alphanumeric "
             "characters and/or the following: +=,.@_-");
    return false;
}

static bool valid_path(struct iam_call *call, const char *path)
{
    if (*path == '/' && lb_ends_with(path, "/") && strlen(path) <= 512) {
        return true;
    }
    iam_fail(call, 400, "ValidationError",
             "The specified value for path is invalid. It must begin and end with /");
    return false;
}

static bool valid_trust(struct iam_call *call, const char *document)
{
    if (strlen(document) > TRUST_MAX) {
        iam_fail(call, 409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: %d",
                 TRUST_MAX);
        return false;
    }
    const char *fault = sb_policy_fault(call->sandbox, call->arena, document, SB_POLICY_TRUST);
    if (fault) {
        iam_fail(call, 400, "MalformedPolicyDocument", "%s", fault);
    }
    return !fault;
}

static bool valid_duration(struct iam_call *call, int64_t seconds)
{
    if (seconds >= 3600 && seconds <= 43200) {
        return true;
    }
    iam_fail(call, 400, "ValidationError",
             "Value at 'maxSessionDuration' failed to satisfy constraint: between 3600 and 43200");
    return false;
}

static struct lb_value *new_role(struct iam_call *call, const char *name, const char *path)
{
    struct lb_arena *keep = call->sandbox->arena;
    struct lb_value *role = lb_value_map(keep);
    lb_map_set_string(keep, role, "Path", path);
    lb_map_set_string(keep, role, "RoleName", name);
    lb_map_set(
        keep, role, "RoleId",
        lb_value_format(keep, "AROA%s", sb_id(call->sandbox, call->arena, IAM_ID_LETTERS, 17)));
    lb_map_set(
        keep, role, "Arn",
        lb_value_format(keep, "arn:aws:iam::%s:role%s%s", call->sandbox->account, path, name));
    lb_map_set_int(keep, role, "CreateDate", sb_now(call->sandbox));
    lb_map_set_int(keep, role, "changed", sb_now(call->sandbox));
    lb_map_set_int(keep, role, "MaxSessionDuration", 3600);
    lb_map_map(keep, role, "inline");
    lb_map_list(keep, role, "attached");
    return role;
}

static void answer_role(struct iam_call *call, const struct lb_value *role)
{
    call->result = lb_value_map(call->arena);
    lb_map_set(call->arena, call->result, "Role", iam_role_view(call->arena, role, IAM_VIEW_FULL));
}

static void create_role(struct iam_call *call)
{
    struct lb_arena *keep = call->sandbox->arena;
    const char *name = iam_text(call, "RoleName");
    const char *path = lb_text_at(call->form, "Path", "/");
    const char *trust = iam_text(call, "AssumeRolePolicyDocument");
    int64_t duration = lb_int_at(call->form, "MaxSessionDuration", 3600);
    if (!valid_name(call, name) || !valid_path(call, path) || !valid_trust(call, trust) ||
        !valid_duration(call, duration)) {
        return;
    }
    if (lb_map_get(iam_roles(call->sandbox), name)) {
        iam_fail(call, 409, "EntityAlreadyExists", "Role with name %s already exists.", name);
        return;
    }
    struct lb_value *role = new_role(call, name, path);
    if (!iam_put_tags(call, role)) {
        return;
    }
    lb_map_set_string(keep, role, "AssumeRolePolicyDocument", trust);
    lb_map_set_int(keep, role, "MaxSessionDuration", duration);
    if (*iam_text(call, "Description")) {
        lb_map_set_string(keep, role, "Description", iam_text(call, "Description"));
    }
    if (*iam_text(call, "PermissionsBoundary")) {
        lb_map_set_string(keep, role, "PermissionsBoundary", iam_text(call, "PermissionsBoundary"));
    }
    lb_map_set(keep, iam_roles(call->sandbox), name, role);
    answer_role(call, role);
}

static void get_role(struct iam_call *call)
{
    answer_role(call, call->role);
    lb_map_set(call->arena, lb_map_get(call->result, "Role"), "RoleLastUsed",
               lb_value_map(call->arena));
}

static bool is_linked(struct iam_call *call)
{
    if (!lb_starts_with(lb_text_at(call->role, "Path", ""), "/aws-service-role/")) {
        return false;
    }
    iam_fail(call, 400, "UnmodifiableEntity",
             "Cannot perform the operation on the protected role '%s' - this role is only "
             "modifiable by AWS",
             iam_text(call, "RoleName"));
    return true;
}

static void update_role(struct iam_call *call)
{
    struct lb_arena *keep = call->sandbox->arena;
    int64_t duration = lb_int_at(call->form, "MaxSessionDuration",
                                 lb_int_at(call->role, "MaxSessionDuration", 3600));
    if (is_linked(call) || !valid_duration(call, duration)) {
        return;
    }
    lb_map_set_int(keep, call->role, "MaxSessionDuration", duration);
    if (lb_map_get(call->form, "Description")) {
        lb_map_set_string(keep, call->role, "Description", iam_text(call, "Description"));
    }
    call->result = lb_value_map(call->arena);
}

static void update_trust(struct iam_call *call)
{
    const char *document = iam_text(call, "PolicyDocument");
    if (!is_linked(call) && valid_trust(call, document)) {
        lb_map_set_string(call->sandbox->arena, call->role, "AssumeRolePolicyDocument", document);
        iam_changed(call);
    }
}

/* A trust policy that named a deleted role shows its unique id from then on (IAM user guide, "AWS
 * JSON policy elements: Principal"): a role made again under the name is another principal. */
static void forget_principal(struct iam_call *call, const char *arn, const char *id)
{
    struct lb_arena *keep = call->sandbox->arena;
    const struct lb_value *roles = iam_roles(call->sandbox);
    const char *quoted = lb_arena_printf(call->arena, "\"%s\"", arn);
    for (size_t i = 0; i < lb_value_count(roles); i++) {
        struct lb_value *role = lb_map_nth(roles, i)->value;
        const char *trust = lb_text_at(role, "AssumeRolePolicyDocument", "");
        for (const char *at; (at = strstr(trust, quoted));) {
            trust = lb_arena_printf(call->arena, "%.*s\"%s\"%s", (int)(at - trust), trust, id,
                                    at + strlen(quoted));
            lb_map_set_string(keep, role, "AssumeRolePolicyDocument", trust);
        }
    }
}

static void delete_role(struct iam_call *call)
{
    if (is_linked(call)) {
        return;
    }
    if (lb_value_count(lb_map_get(call->role, "inline")) > 0) {
        iam_fail(call, 409, "DeleteConflict", "Cannot delete entity, must delete policies first.");
        return;
    }
    if (lb_value_count(lb_map_get(call->role, "attached")) > 0) {
        iam_fail(call, 409, "DeleteConflict",
                 "Cannot delete entity, must detach all policies first.");
        return;
    }
    const char *arn = lb_arena_strdup(call->arena, lb_text_at(call->role, "Arn", ""));
    const char *id = lb_arena_strdup(call->arena, lb_text_at(call->role, "RoleId", ""));
    lb_map_remove(iam_roles(call->sandbox), iam_text(call, "RoleName"));
    forget_principal(call, arn, id);
}

static void tag_role(struct iam_call *call)
{
    iam_put_tags(call, call->role);
}

static void untag_role(struct iam_call *call)
{
    struct lb_arena *keep = call->sandbox->arena;
    const struct lb_value *keys = lb_map_get(call->form, "TagKeys");
    const struct lb_value *tags = lb_map_get(call->role, "Tags");
    struct lb_value *left = lb_value_list(keep);
    for (size_t i = 0; i < lb_value_count(tags); i++) {
        struct lb_value *tag = lb_list_item(tags, i);
        if (!lb_list_has(keys, lb_text_at(tag, "Key", ""))) {
            lb_list_add(keep, left, tag);
        }
    }
    lb_map_set(keep, call->role, "Tags", left);
}

static void create_linked_role(struct iam_call *call)
{
    static const struct {
        const char *service, *name;
    } linked[] = {
        {"opensearchservice.amazonaws.com", "AWSServiceRoleForAmazonOpenSearchService"},
        {"es.amazonaws.com", "AWSServiceRoleForAmazonElasticsearchService"},
    };
    struct lb_arena *keep = call->sandbox->arena;
    const char *service = iam_text(call, "AWSServiceName");
    const char *name = NULL;
    for (size_t i = 0; i < sizeof linked / sizeof *linked; i++) {
        name = lb_streq(linked[i].service, service) ? linked[i].name : name;
    }
    if (!name) {
        iam_fail(call, 400, "InvalidInput", "Service role is not supported for %s", service);
        return;
    }
    if (lb_map_get(iam_roles(call->sandbox), name)) {
        iam_fail(call, 400, "InvalidInput",
                 "Service role name %s has been taken in this account, please try a different "
                 "suffix.",
                 name);
        return;
    }
    struct lb_value *role = new_role(
        call, name, lb_arena_printf(call->arena, "/aws-service-role/%s/", service));
    lb_map_set(keep, role, "AssumeRolePolicyDocument",
               lb_value_format(keep,
                               "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
                               "\"Principal\":{\"Service\":\"%s\"},"
                               "\"Action\":\"sts:AssumeRole\"}]}",
                               service));
    lb_map_set(keep, iam_roles(call->sandbox), name, role);
    answer_role(call, role);
}

const struct iam_operation iam_role_operations[] = {
    {"CreateRole", true, false, create_role},
    {"GetRole", false, true, get_role},
    {"UpdateRole", true, true, update_role},
    {"UpdateAssumeRolePolicy", true, true, update_trust},
    {"DeleteRole", true, true, delete_role},
    {"TagRole", true, true, tag_role},
    {"UntagRole", true, true, untag_role},
    {"CreateServiceLinkedRole", true, false, create_linked_role},
    {NULL, false, false, NULL},
};
