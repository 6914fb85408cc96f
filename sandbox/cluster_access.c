/* cluster_access.c: who may do what on a cluster.
 * A domain without fine-grained access is guarded by its access policy alone; with it, the caller's
 * ARN (or user) must be the master user's or be mapped to a role that grants the action. A role
 * session is known by its role's ARN, as the service does it. */
#include "sandbox/cluster.h"

#include "base/json.h"
#include "sandbox/opensearch.h"

#include <string.h>

/* Static roles: what each grants. */
static const struct {
    const char *name;
    const char *grants; /* globs, space-separated */
} roles[] = {
    {"all_access", "*"},
    {"security_manager", "restapi:admin/*"},
    {"manage_snapshots", "cluster:admin/snapshot/* cluster:admin/repository/* indices:admin/create "
                         "indices:data/write/index"},
    {"snapshot_management_full_access",
     "cluster:admin/opensearch/snapshot_management/* cluster:admin/opensearch/notifications/"
     "feature/publish cluster:admin/repository/* cluster:admin/snapshot/*"},
    {"snapshot_management_read_access",
     "cluster:admin/opensearch/snapshot_management/policy/get cluster:admin/opensearch/"
     "snapshot_management/policy/search "
     "cluster:admin/opensearch/snapshot_management/policy/explain "
     "cluster:admin/repository/get cluster:admin/snapshot/get"},
    {"readall_and_monitor", "cluster:monitor/* indices:monitor/* indices:data/read/* "
                            "indices:admin/get"},
    {"readall", "indices:data/read/* indices:admin/get"},
    {"kibana_user", "indices:data/read/*"},
    {"own_index", ""},
};
#define ROLES (sizeof(roles) / sizeof(roles[0]))

bool sb_role_grants(const char *role, const char *action)
{
    for (size_t i = 0; i < ROLES; i++) {
        const char *at = lb_streq(roles[i].name, role) ? roles[i].grants : "";
        struct lb_arena *scratch = *at ? lb_arena_new() : NULL;
        bool granted = false;

        for (; *at && !granted; at += strcspn(at, " "), at += *at == ' ')
            granted = sb_glob(lb_arena_strndup(scratch, at, strcspn(at, " ")), action);
        lb_arena_free(scratch);
        if (granted)
            return true;
    }
    return false;
}

/* --- who
 * -----------------------------------------------------------------------------------------------
 */
/* arn:aws:sts::1:assumed-role/NAME/session -> arn:aws:iam::1:role/NAME */
static const char *backend_role(struct lb_arena *arena, const char *caller)
{
    const char *role = strstr(caller, ":assumed-role/");
    const char *account = strstr(caller, ":sts::");

    if (!role || !account)
        return caller;
    return lb_arena_printf(arena, "arn:aws:iam::%.12s:role/%.*s", account + 6,
                           (int)strcspn(role + 14, "/"), role + 14);
}

static bool mapping_names(const struct lb_value *mapping, const char *list, const char *who)
{
    struct lb_value *names = lb_map_get(mapping, list);

    for (size_t i = 0; who && i < lb_value_count(names); i++) {
        if (sb_glob(lb_text(lb_list_item(names, i), ""), who))
            return true;
    }
    return false;
}

static bool names(const struct lb_value *mapping, const char *user, const char *role)
{
    return mapping_names(mapping, "users", user) || mapping_names(mapping, "backend_roles", role) ||
           mapping_names(mapping, "users", role);
}

static bool mapped(struct sb_call *call, const char *user, const char *role, const char *permission)
{
    struct lb_value *mappings = sb_node_table(call->sandbox, sb_node_of(call), "mappings");

    for (size_t i = 0; i < lb_value_count(mappings); i++) {
        const struct lb_entry *entry = lb_map_nth(mappings, i);

        if (names(entry->value, user, role) && sb_role_grants(entry->key, permission))
            return true;
    }
    return false;
}

static bool is_account_admin(const struct sb_call *call, const char *caller)
{
    const char *account = call->sandbox->account;

    return lb_streq(caller, lb_arena_printf(call->arena, "arn:aws:iam::%s:root", account)) ||
           lb_streq(caller, lb_arena_printf(call->arena, "arn:aws:iam::%s:user/sandbox", account));
}

static bool is_master(const struct sb_call *call, const char *role)
{
    struct lb_value *master = lb_map_get(sb_node_of(call)->domain, "master");
    const char *arn = lb_text_at(master, "arn", "");

    if (call->request->user)
        return *lb_text_at(master, "name", "") &&
               lb_streq(call->request->user, lb_text_at(master, "name", "")) &&
               lb_streq(call->request->password, lb_text_at(master, "password", ""));
    return *arn ? lb_streq(arn, role) || lb_streq(arn, call->request->caller)
                : is_account_admin(call, call->request->caller);
}

/* --- whether
 * -----------------------------------------------------------------------------------------------
 */
static bool statement_names(const struct lb_value *statement, const char *caller, const char *role,
                            const char *account)
{
    struct lb_value *principal = lb_map_get(statement, "Principal"), *aws;
    struct lb_arena *scratch = lb_arena_new();
    const char *root = lb_arena_printf(scratch, "arn:aws:iam::%s:root", account);
    bool named = false;

    aws = lb_is(principal, LB_MAP) ? lb_map_get(principal, "AWS") : principal;
    for (size_t i = 0; i < (lb_is(aws, LB_LIST) ? lb_value_count(aws) : 1); i++) {
        const char *one = lb_text(lb_is(aws, LB_LIST) ? lb_list_item(aws, i) : aws, "");

        named |= lb_streq(one, "*") ||
                 (*caller && (lb_streq(one, caller) || lb_streq(one, role) || lb_streq(one, root)));
    }
    lb_arena_free(scratch);
    return named;
}

/* Callers of the domain's own account need no statement: their identity policies suffice; a Deny or
 * being anonymous is what keeps them out. */
static bool policy_admits(struct sb_call *call, const char *role)
{
    struct lb_value *domain = sb_node_of(call)->domain, *policy, *statements;
    const char *text = lb_text_at(domain, "config/AccessPolicies", ""), *error = NULL;
    const char *caller = call->request->caller;
    bool allowed = *caller && strstr(caller, call->sandbox->account);

    policy = *text ? lb_json_parse(call->arena, text, strlen(text), &error) : NULL;
    statements = lb_map_get(policy, "Statement");
    for (size_t i = 0; i < lb_value_count(statements); i++) {
        struct lb_value *statement = lb_list_item(statements, i);

        if (!statement_names(statement, caller, role, call->sandbox->account) ||
            lb_map_get(statement, "Condition"))
            continue;
        if (lb_streq(lb_text_at(statement, "Effect", ""), "Deny"))
            return false;
        allowed = true;
    }
    return allowed;
}

static void refuse_policy(struct sb_call *call)
{
    struct lb_value *body = lb_value_map(call->arena);

    lb_map_set(call->arena, body, "Message",
               lb_value_format(
                   call->arena,
                   "User: %s is not authorized to perform: es:ESHttp%c%s because no "
                   "resource-based policy allows the es:ESHttp%c%s action",
                   *call->request->caller ? call->request->caller : "anonymous",
                   call->request->method[0], lb_lowercase(call->arena, call->request->method + 1),
                   call->request->method[0], lb_lowercase(call->arena, call->request->method + 1)));
    sb_reply_json(call->response, 403, body);
}

/* The plugin's own API has words of its own (recorded from OpenSearch 2.19.1). */
static void refuse_rest(struct sb_call *call, const char *role)
{
    struct lb_value *mappings = sb_node_table(call->sandbox, sb_node_of(call), "mappings");
    struct lb_value *body = lb_value_map(call->arena);
    struct lb_str roles_of = {0};

    for (size_t i = 0; i < lb_value_count(mappings); i++) {
        const struct lb_entry *entry = lb_map_nth(mappings, i);

        if (names(entry->value, NULL, role))
            lb_str_printf(&roles_of, "%s%s", roles_of.length ? ", " : "", entry->key);
    }
    lb_map_set_string(call->arena, body, "status", "FORBIDDEN");
    lb_map_set(call->arena, body, "message",
               lb_value_format(call->arena,
                               "No permission to access REST API: User %s with Security roles [%s] "
                               "does not have any role privileged for admin access. No ssl info "
                               "found in request.",
                               role, lb_str_text(&roles_of)));
    lb_str_release(&roles_of);
    sb_reply_json(call->response, 403, body);
}

static int admit_self_managed(struct sb_call *call)
{
    struct lb_value *declared = lb_map_get(
        lb_map_get(sb_state(call->sandbox, "cluster"), "declared"), sb_node_of(call)->name);
    const char *user = lb_text_at(declared, "user", NULL);

    if (!user || (lb_streq(user, call->request->user) &&
                  lb_streq(lb_text_at(declared, "password", ""), call->request->password)))
        return 0;
    sb_node_error(call, 401, "security_exception",
                  "unable to authenticate user [%s] for REST request [%s]",
                  call->request->user ? call->request->user : "", call->request->path);
    return -1;
}

const char *sb_node_mapped_as(struct sb_call *call)
{
    const char *role = backend_role(call->arena, call->request->caller);
    struct lb_value *domain = sb_node_of(call)->domain;

    if (!domain || !lb_bool_at(domain, "config/AdvancedSecurityOptions/Enabled", false) ||
        is_master(call, role))
        return NULL;
    return call->request->user ? call->request->user : role;
}

static bool real_node_judges(struct sb_call *call)
{
    return sb_forward_judges(call->arena,
                             sb_forward_url(call->sandbox, call->arena, sb_node_of(call)));
}

int sb_node_admit(struct sb_call *call, const char *permission)
{
    struct lb_value *domain = sb_node_of(call)->domain;
    const char *user = call->request->user;
    const char *role = backend_role(call->arena, call->request->caller);

    if (!domain)
        return admit_self_managed(call);
    if (!lb_bool_at(domain, "config/AdvancedSecurityOptions/Enabled", false)) {
        if (policy_admits(call, role))
            return 0;
        refuse_policy(call);
        return -1;
    }
    if (!user && !policy_admits(call, role)) {
        refuse_policy(call);
        return -1;
    }
    if (is_master(call, role) || real_node_judges(call) ||
        (!user && mapped(call, NULL, role, permission)))
        return 0;
    if (user) {
        call->response->content_type = "text/plain";
        call->response->status = 401;
        lb_str_puts(&call->response->body, "Unauthorized");
        return -1;
    }
    if (lb_starts_with(permission, "restapi:"))
        refuse_rest(call, role);
    else
        sb_node_error(call, 403, "security_exception",
                      "no permissions for [%s] and User [name=%s, backend_roles=[%s], "
                      "requestedTenant=null]",
                      permission, role, strstr(role, ":role/") ? role : "");
    return -1;
}

/* --- roles
 * -----------------------------------------------------------------------------------------------------
 */
static struct lb_value *role_shown(struct lb_arena *arena, size_t i)
{
    struct lb_value *role = lb_value_map(arena), *grants;
    const char *at = roles[i].grants;

    lb_map_set_bool(arena, role, "reserved", true);
    lb_map_set_bool(arena, role, "hidden", false);
    grants = lb_map_list(arena, role, "cluster_permissions");
    for (; *at; at += strcspn(at, " "), at += *at == ' ')
        lb_list_add(arena, grants, lb_value_stringn(arena, at, strcspn(at, " ")));
    lb_map_list(arena, role, "index_permissions");
    lb_map_list(arena, role, "tenant_permissions");
    /* Those of Snapshot Management come from the configuration that the plugin ships. */
    lb_map_set_bool(arena, role, "static", !lb_starts_with(roles[i].name, "snapshot_management_"));
    return role;
}

static size_t role_index(const char *name)
{
    size_t i = 0;

    while (i < ROLES && !lb_streq(roles[i].name, name))
        i++;
    return i;
}

void sb_op_role_list(struct sb_call *call)
{
    struct lb_value *body = lb_value_map(call->arena);

    for (size_t i = 0; i < ROLES; i++)
        lb_map_set(call->arena, body, roles[i].name, role_shown(call->arena, i));
    sb_reply_json(call->response, 200, body);
}

void sb_op_role_get(struct sb_call *call)
{
    struct lb_value *body = lb_value_map(call->arena);
    size_t i = role_index(call->args[0]);

    if (i == ROLES) {
        lb_map_set_string(call->arena, body, "status", "NOT_FOUND");
        lb_map_set(call->arena, body, "message",
                   lb_value_format(call->arena, "Resource '%s' not found.", call->args[0]));
    } else {
        lb_map_set(call->arena, body, call->args[0], role_shown(call->arena, i));
    }
    sb_reply_json(call->response, i == ROLES ? 404 : 200, body);
}
