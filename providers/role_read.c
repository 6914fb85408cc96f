/* role_read.c: a live IAM role in the schema's shape.
 *
 * Few roles: GetRole, its inline policies and its attached ones. Many:
 * GetAccountAuthorizationDetails, whose pages all roles of the run share; it lacks description and
 * longest session, which ListRoles has. Both are asked for at once, as the survey does: so all who
 * want a page are there when it comes, and it need not be kept. Both need a broad permission, so a
 * refusal falls back to the single gets.
 */
#include "base/time.h"
#include "base/xml.h"
#include "providers/iam.h"
#include "providers/role.h"
#include "providers/tags.h"

#include "providers/names.h"

#define MANY_ROLES 3 /* beyond this, shared pages cost fewer calls */
#define PAGE_ITEMS "1000"

#define READ_OP(op)                                                                                \
    {                                                                                              \
        .service = &lb_iam_service, .name = op, .method = "POST", .path = "/"                      \
    }
#define LIST_OP(op)                                                                                \
    {                                                                                              \
        .service = &lb_iam_service, .name = op, .method = "POST", .path = "/", .brief = true       \
    }
static const struct lb_op get_role = READ_OP("GetRole");
static const struct lb_op list_role_policies = READ_OP("ListRolePolicies");
static const struct lb_op get_role_policy = READ_OP("GetRolePolicy");
static const struct lb_op list_attached = READ_OP("ListAttachedRolePolicies");
static const struct lb_op account_details = LIST_OP("GetAccountAuthorizationDetails");
static const struct lb_op list_roles = LIST_OP("ListRoles");

static lb_decode_fn decode_role, decode_policy_names, decode_policy, decode_attached,
    decode_details, decode_roles;

static const char *role_name(const struct lb_read *read)
{
    return lb_role_name(read->stack, read->resource->name);
}

static struct lb_call *call_new(struct lb_read *read, const struct lb_op *op)
{
    struct lb_call *call = lb_read_call(read, op);
    lb_map_set_string(read->arena, lb_call_body(read->arena, call), "RoleName", role_name(read));
    return call;
}

/* The marker of the next page, NULL on the last. */
static const char *next_marker(const struct lb_value *result)
{
    return lb_bool_at(result, "IsTruncated", false) ? lb_text_at(result, "Marker", NULL) : NULL;
}

/* --- single gets --------------------------------------------------------------------------------
 */

static void ask_role(struct lb_read *read)
{
    read->ask(read, call_new(read, &get_role), decode_role);
}

static void ask_policies(struct lb_read *read, const char *marker)
{
    struct lb_call *call = call_new(read, &list_role_policies);
    lb_map_set_string(read->arena, call->body, "Marker", marker);
    read->ask(read, call, decode_policy_names);
}

static void ask_attached(struct lb_read *read, const char *marker)
{
    struct lb_call *call = call_new(read, &list_attached);
    lb_map_set_string(read->arena, call->body, "Marker", marker);
    read->ask(read, call, decode_attached);
}

static void set_present(struct lb_read *read)
{
    if (read->live->status == LB_LIVE_UNREAD) {
        read->live->status = LB_LIVE_PRESENT;
    }
}

static void set_absent(struct lb_read *read, const struct lb_answer *answer)
{
    if (answer->outcome == LB_NOT_FOUND && read->live->status == LB_LIVE_UNREAD) {
        read->live->status = LB_LIVE_ABSENT;
    }
}

/* What GetRole and ListRoles have and the details lack. */
static void fill_settings(struct lb_read *read, const struct lb_value *role)
{
    struct lb_value *value = lb_read_value(read);
    int64_t seconds = lb_int_at(role, "MaxSessionDuration", 3600);
    lb_map_set_string(read->arena, value, "description", lb_text_at(role, "Description", ""));
    lb_map_set_string(read->arena, value, "max_session", lb_duration_format(read->arena, seconds));
}

/* What GetRole and the details have. */
static void fill_role(struct lb_read *read, const struct lb_value *role)
{
    struct lb_value *value = lb_read_value(read);
    const char *boundary = lb_text_at(role, "PermissionsBoundary/PermissionsBoundaryArn",
                                      LB_ROLE_NONE);
    lb_map_set_string(read->arena, value, "arn", lb_text_at(role, "Arn", NULL));
    lb_map_set_string(read->arena, value, "id", lb_text_at(role, "RoleId", NULL));
    lb_map_set_string(read->arena, value, "path", lb_text_at(role, "Path", "/"));
    lb_map_set(read->arena, value, "trust",
               lb_policy_decode(read->arena, lb_text_at(role, "AssumeRolePolicyDocument", "")));
    lb_map_set_string(read->arena, value, "boundary", boundary);
    lb_tags_read(read, lb_value_at(role, "Tags/member"));
    set_present(read);
}

static void decode_role(struct lb_read *read, const struct lb_call *call,
                        const struct lb_answer *answer)
{
    if (!lb_read_ok(read, call, answer)) {
        set_absent(read, answer);
        return;
    }
    const struct lb_value *role = lb_value_at(answer->body, "GetRoleResponse/GetRoleResult/Role");
    fill_role(read, role);
    fill_settings(read, role);
}

static struct lb_value *live_policies(struct lb_read *read)
{
    return lb_map_map(read->arena, lb_read_value(read), "policies");
}

static void add_attached(struct lb_read *read, const struct lb_value *list)
{
    struct lb_value *attached = lb_map_list(read->arena, lb_read_value(read), "attached");
    for (size_t i = 0; i < lb_xml_count(list); i++) {
        lb_list_add_once(read->arena, attached,
                         lb_text_at(lb_xml_item(list, i), "PolicyArn", NULL));
    }
}

static void decode_policy_names(struct lb_read *read, const struct lb_call *call,
                                const struct lb_answer *answer)
{
    if (!lb_read_ok(read, call, answer)) {
        return;
    }
    const struct lb_value *result = lb_value_at(answer->body,
                                                "ListRolePoliciesResponse/ListRolePoliciesResult");
    const struct lb_value *names = lb_value_at(result, "PolicyNames/member");
    live_policies(read);
    for (size_t i = 0; i < lb_xml_count(names); i++) {
        struct lb_call *get = call_new(read, &get_role_policy);
        lb_map_set_string(read->arena, get->body, "PolicyName",
                          lb_text(lb_xml_item(names, i), NULL));
        read->ask(read, get, decode_policy);
    }
    const char *marker = next_marker(result);
    if (marker) {
        ask_policies(read, marker);
    }
}

static void decode_policy(struct lb_read *read, const struct lb_call *call,
                          const struct lb_answer *answer)
{
    if (!lb_read_ok(read, call, answer)) {
        return;
    }
    const struct lb_value *result = lb_value_at(answer->body,
                                                "GetRolePolicyResponse/GetRolePolicyResult");
    lb_map_set(read->arena, live_policies(read), lb_text_at(result, "PolicyName", ""),
               lb_policy_decode(read->arena, lb_text_at(result, "PolicyDocument", "")));
}

static void decode_attached(struct lb_read *read, const struct lb_call *call,
                            const struct lb_answer *answer)
{
    if (!lb_read_ok(read, call, answer)) {
        return;
    }
    const struct lb_value *result = lb_value_at(
        answer->body, "ListAttachedRolePoliciesResponse/ListAttachedRolePoliciesResult");
    add_attached(read, lb_value_at(result, "AttachedPolicies/member"));
    const char *marker = next_marker(result);
    if (marker) {
        ask_attached(read, marker);
    }
}

/* --- shared pages -------------------------------------------------------------------------------
 */

static void ask_page(struct lb_read *read, const struct lb_op *op, const char *marker,
                     lb_decode_fn *decode)
{
    struct lb_call *call = lb_read_call(read, op);
    struct lb_value *body = lb_call_body(read->arena, call);
    if (op == &account_details) {
        lb_list_add_string(read->arena, lb_map_list(read->arena, body, "Filter"), "Role");
    }
    lb_map_set_string(read->arena, body, "MaxItems", PAGE_ITEMS);
    lb_map_set_string(read->arena, body, "Marker", marker);
    read->ask(read, call, decode);
}

static const struct lb_value *find_role(const struct lb_read *read, const struct lb_value *list)
{
    const char *name = role_name(read);
    for (size_t i = 0; i < lb_xml_count(list); i++) {
        const struct lb_value *role = lb_xml_item(list, i);
        if (lb_streq(lb_text(lb_map_get(role, "RoleName"), NULL), name)) {
            return role;
        }
    }
    return NULL;
}

static void fill_inline(struct lb_read *read, const struct lb_value *list)
{
    struct lb_value *policies = live_policies(read);
    for (size_t i = 0; i < lb_xml_count(list); i++) {
        const struct lb_value *policy = lb_xml_item(list, i);
        lb_map_set(read->arena, policies, lb_text_at(policy, "PolicyName", ""),
                   lb_policy_decode(read->arena, lb_text_at(policy, "PolicyDocument", "")));
    }
}

static void decode_details(struct lb_read *read, const struct lb_call *call,
                           const struct lb_answer *answer)
{
    if (answer->outcome == LB_DENIED) {
        ask_role(read);
        ask_policies(read, NULL);
        ask_attached(read, NULL);
        return;
    }
    if (!lb_read_ok(read, call, answer)) {
        return;
    }
    const struct lb_value *result = lb_value_at(
        answer->body,
        "GetAccountAuthorizationDetailsResponse/GetAccountAuthorizationDetailsResult");
    const struct lb_value *role = find_role(read, lb_value_at(result, "RoleDetailList/member"));
    const char *marker = next_marker(result);
    if (role) {
        fill_role(read, role);
        fill_inline(read, lb_value_at(role, "RolePolicyList/member"));
        add_attached(read, lb_value_at(role, "AttachedManagedPolicies/member"));
    } else if (marker) {
        ask_page(read, &account_details, marker, decode_details);
    } else if (read->live->status == LB_LIVE_UNREAD) {
        read->live->status = LB_LIVE_ABSENT;
    }
}

static void decode_roles(struct lb_read *read, const struct lb_call *call,
                         const struct lb_answer *answer)
{
    if (answer->outcome == LB_DENIED) {
        ask_role(read);
        return;
    }
    if (!lb_read_ok(read, call, answer)) {
        return;
    }
    const struct lb_value *result = lb_value_at(answer->body, "ListRolesResponse/ListRolesResult");
    const struct lb_value *role = find_role(read, lb_value_at(result, "Roles/member"));
    const char *marker = next_marker(result);
    if (role) {
        fill_settings(read, role);
    } else if (marker) {
        ask_page(read, &list_roles, marker, decode_roles);
    }
}

/* --- the granules' reads ------------------------------------------------------------------------
 */

int lb_role_read(struct lb_read *read)
{
    if (read->siblings > MANY_ROLES) {
        ask_page(read, &account_details, NULL, decode_details);
        ask_page(read, &list_roles, NULL, decode_roles);
    } else {
        ask_role(read);
    }
    return 0;
}

int lb_role_read_policies(struct lb_read *read)
{
    if (read->siblings <= MANY_ROLES) {
        ask_policies(read, NULL);
    }
    return 0;
}

int lb_role_read_attached(struct lb_read *read)
{
    if (read->siblings <= MANY_ROLES) {
        ask_attached(read, NULL);
    }
    return 0;
}
