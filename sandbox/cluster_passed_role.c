/* cluster_passed_role.c: may the service use a role that was passed to a domain? Trust, its
 * confused-deputy conditions, and the permissions on the bucket, evaluated as simply as keeps the
 * outcome right: Action and Resource by glob, a Deny wins, other conditions are taken as met. */
#include "sandbox/cluster.h"

#include "base/json.h"
#include "sandbox/opensearch.h"

#include <string.h>
#include <strings.h>

/* Calls for a lone value as well as for each item of a list. */
static size_t many(const struct lb_value *value)
{
    return lb_is(value, LB_LIST) ? lb_value_count(value) : value != NULL;
}

static const char *nth(const struct lb_value *value, size_t i)
{
    return lb_text(lb_is(value, LB_LIST) ? lb_list_item(value, i) : value, "");
}

static bool any_glob(struct lb_arena *arena, const struct lb_value *patterns, const char *text,
                     bool fold)
{
    for (size_t i = 0; i < many(patterns); i++) {
        const char *pattern = nth(patterns, i);

        if (fold ? sb_glob(lb_lowercase(arena, pattern), lb_lowercase(arena, text))
                 : sb_glob(pattern, text))
            return true;
    }
    return false;
}

static struct lb_value *parse(struct lb_arena *arena, const char *text)
{
    const char *error = NULL;

    return text ? lb_json_parse(arena, text, strlen(text), &error) : NULL;
}

static struct lb_value *statement(const struct lb_value *policy, size_t i)
{
    struct lb_value *statements = lb_map_get(policy, "Statement");

    if (lb_is(statements, LB_MAP))
        return i == 0 ? statements : NULL;
    return lb_list_item(statements, i);
}

/* --- trust
 * ------------------------------------------------------------------------------------------------
 */
static bool condition_met(struct lb_arena *arena, const struct sandbox *sandbox,
                          const struct sb_node *node, const char *key,
                          const struct lb_value *values)
{
    const char *is = "";

    if (strcasecmp(key, "aws:SourceAccount") == 0)
        is = sandbox->account;
    else if (strcasecmp(key, "aws:SourceArn") == 0)
        is = lb_text_at(node->domain, "arn", "");
    return any_glob(arena, values, is, false);
}

static bool conditions_met(struct lb_arena *arena, const struct sandbox *sandbox,
                           const struct sb_node *node, const struct lb_value *conditions)
{
    for (size_t i = 0; i < lb_value_count(conditions); i++) {
        struct lb_value *keys = lb_map_nth(conditions, i)->value;

        for (size_t k = 0; k < lb_value_count(keys); k++) {
            const struct lb_entry *entry = lb_map_nth(keys, k);

            if (!condition_met(arena, sandbox, node, entry->key, entry->value))
                return false;
        }
    }
    return true;
}

static bool trusts(struct sandbox *sandbox, struct lb_arena *arena, const struct sb_node *node,
                   const struct lb_value *policy)
{
    struct lb_value *one;

    for (size_t i = 0; (one = statement(policy, i)); i++) {
        struct lb_value *service = lb_value_at(one, "Principal/Service");

        if (lb_streq(lb_text_at(one, "Effect", ""), "Allow") &&
            (any_glob(arena, service, "es.amazonaws.com", false) ||
             any_glob(arena, service, "opensearchservice.amazonaws.com", false)) &&
            any_glob(arena, lb_map_get(one, "Action"), "sts:AssumeRole", true) &&
            conditions_met(arena, sandbox, node, lb_map_get(one, "Condition")))
            return true;
    }
    return false;
}

/* --- permissions
 * --------------------------------------------------------------------------------------------- */
/* 1 allowed, -1 denied, 0 not said. */
static int policy_says(struct lb_arena *arena, const struct lb_value *policy, const char *action,
                       const char *resource)
{
    struct lb_value *one;
    int says = 0;

    for (size_t i = 0; (one = statement(policy, i)); i++) {
        if (!any_glob(arena, lb_map_get(one, "Action"), action, true) ||
            !any_glob(arena, lb_map_get(one, "Resource"), resource, false))
            continue;
        if (lb_streq(lb_text_at(one, "Effect", ""), "Deny"))
            return -1;
        says = 1;
    }
    return says;
}

static bool permits(struct lb_arena *arena, const struct lb_value *role, const char *action,
                    const char *resource)
{
    struct lb_value *inline_policies = lb_map_get(role, "inline");
    struct lb_value *attached = lb_map_get(role, "attached");
    bool allowed = false;

    for (size_t i = 0; i < lb_value_count(inline_policies); i++) {
        struct lb_value *document = lb_map_nth(inline_policies, i)->value;
        int says = policy_says(
            arena, lb_is(document, LB_MAP) ? document : parse(arena, lb_text(document, "")), action,
            resource);

        if (says < 0)
            return false;
        allowed |= says > 0;
    }
    for (size_t i = 0; i < lb_value_count(attached); i++) {
        const char *arn = lb_text(lb_list_item(attached, i), "");

        allowed |= lb_ends_with(arn, "/AmazonS3FullAccess") ||
                   lb_ends_with(arn, "/AdministratorAccess");
    }
    return allowed;
}

const char *sb_passed_role_fault(struct sandbox *sandbox, struct lb_arena *arena,
                                 const struct sb_node *node, const char *arn, const char *bucket,
                                 const char *prefix, bool readonly)
{
    static const char *const actions[] = {"s3:ListBucket", "s3:GetObject", "s3:PutObject",
                                          "s3:DeleteObject"};
    struct lb_value *role = sb_role_find(sandbox, arn), *trust;

    if (!role || !sb_role_visible(sandbox, arn))
        return "The role cannot be assumed: it does not exist or is not visible yet";
    trust = lb_map_get(role, "AssumeRolePolicyDocument");
    if (!lb_is(trust, LB_MAP))
        trust = parse(arena, lb_text(trust, NULL));
    if (!trusts(sandbox, arena, node, trust))
        return "User: es.amazonaws.com is not authorized to perform: sts:AssumeRole on the role";
    for (size_t i = 0; i < (readonly ? 2U : 4U); i++) {
        const char *resource = i == 0
                                   ? lb_arena_printf(arena, "arn:aws:s3:::%s", bucket)
                                   : lb_arena_printf(arena, "arn:aws:s3:::%s/%stests-x/master.dat",
                                                     bucket, prefix);

        if (!permits(arena, role, actions[i], resource))
            return lb_arena_printf(arena, "Access Denied (%s)", actions[i]);
    }
    return NULL;
}
