/* policy.c: see policy.h. The grammar is that of the IAM user guide, "Grammar of the IAM JSON
 * policy language"; the messages are AWS's where they are known.
 */
#include "sandbox/policy.h"

#include "base/json.h"
#include "sandbox/internal.h"

#include <string.h>

static const struct lb_value *parse(struct lb_arena *arena, const char *text)
{
    const char *error = NULL;
    return lb_json_parse(arena, text ? text : "", text ? strlen(text) : 0, &error);
}

/* A lone value counts as a list of one. */
static size_t many(const struct lb_value *value)
{
    return lb_is(value, LB_LIST) ? lb_value_count(value) : value ? 1 : 0;
}

static struct lb_value *nth(const struct lb_value *value, size_t i)
{
    return lb_is(value, LB_LIST) ? lb_list_item(value, i) : (struct lb_value *)(size_t)value;
}

bool sb_policy_any(const struct lb_value *value, const char *target, bool glob)
{
    for (size_t i = 0; i < many(value); i++) {
        const char *text = lb_text(nth(value, i), "");
        if (glob ? sb_glob(text, target) : lb_streq(text, target)) {
            return true;
        }
    }
    return false;
}

static bool known_key(const char *key)
{
    static const char *const keys[] = {"Sid",          "Effect",      "Principal",
                                       "NotPrincipal", "Action",      "NotAction",
                                       "Resource",     "NotResource", "Condition"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(key, keys[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool strings(const struct lb_value *value)
{
    for (size_t i = 0; i < many(value); i++) {
        if (!lb_is(nth(value, i), LB_STRING)) {
            return false;
        }
    }
    return many(value) > 0;
}

static bool digits12(const char *text)
{
    return strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

static bool aws_principal(struct sandbox *sandbox, struct lb_arena *arena, const char *text)
{
    const char *own = lb_arena_printf(arena, "arn:aws:iam::%s:role/", sandbox->account);
    if (lb_starts_with(text, own)) {
        /* a role that was not made here is taken to exist: an account holds more than one spec */
        const struct lb_value *role = sb_role_find(sandbox, text);
        if (!role)
            return !sb_setting(sandbox, "iam_strict_principals", 0);
        return lb_int_at(role, "CreateDate", 0) + sb_setting(sandbox, "iam_propagation_s", 0) <=
               sb_now(sandbox);
    }
    return lb_streq(text, "*") || digits12(text) || lb_starts_with(text, "arn:aws") ||
           lb_starts_with(text, "AROA") || lb_starts_with(text, "AIDA");
}

static const char *principal_fault(struct sandbox *sandbox, struct lb_arena *arena,
                                   const struct lb_value *principal)
{
    static const char *const kinds[] = {"AWS", "Service", "Federated", "CanonicalUser"};
    if (lb_is(principal, LB_STRING)) {
        return lb_streq(lb_text(principal, ""), "*") ? NULL : "Invalid principal in policy";
    }
    for (size_t i = 0; i < lb_value_count(principal); i++) {
        const struct lb_entry *entry = lb_map_nth(principal, i);
        bool known = false;
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            known = known || lb_streq(kinds[k], entry->key);
        }
        if (!known || !strings(entry->value)) {
            return "Invalid principal in policy";
        }
        for (size_t k = 0; lb_streq(entry->key, "AWS") && k < many(entry->value); k++) {
            const char *text = lb_text(nth(entry->value, k), "");
            if (!aws_principal(sandbox, arena, text)) {
                return lb_arena_printf(arena, "Invalid principal in policy: \"AWS\":\"%s\"", text);
            }
        }
    }
    return lb_value_count(principal) > 0 ? NULL : "Invalid principal in policy";
}

static const char *statement_fault(struct sandbox *sandbox, struct lb_arena *arena,
                                   const struct lb_value *statement, enum sb_policy_kind kind)
{
    const struct lb_value *principal = lb_map_get(statement, "Principal");
    const struct lb_value *action = lb_map_get(statement, "Action");
    const struct lb_value *resource = lb_map_get(statement, "Resource");
    const char *effect = lb_text_at(statement, "Effect", "");
    for (size_t i = 0; i < lb_value_count(statement); i++) {
        if (!known_key(lb_map_nth(statement, i)->key)) {
            return "Syntax errors in policy.";
        }
    }
    principal = principal ? principal : lb_map_get(statement, "NotPrincipal");
    action = action ? action : lb_map_get(statement, "NotAction");
    resource = resource ? resource : lb_map_get(statement, "NotResource");
    if (!lb_streq(effect, "Allow") && !lb_streq(effect, "Deny")) {
        return "Invalid effect: Allow or Deny is expected";
    }
    if (!strings(action)) {
        return "Policy statement must contain actions.";
    }
    if (kind == SB_POLICY_IDENTITY ? principal != NULL : principal == NULL) {
        return principal ? "Policy document should not specify a principal."
                         : "Missing required field Principal";
    }
    if (kind == SB_POLICY_TRUST && resource) {
        return "Has prohibited field Resource";
    }
    if (kind != SB_POLICY_TRUST && !strings(resource)) {
        return "Policy statement must contain resources.";
    }
    const struct lb_value *condition = lb_map_get(statement, "Condition");
    if (condition && !lb_is(condition, LB_MAP)) {
        return "Syntax errors in policy.";
    }
    return principal ? principal_fault(sandbox, arena, principal) : NULL;
}

const char *sb_policy_fault(struct sandbox *sandbox, struct lb_arena *arena, const char *text,
                            enum sb_policy_kind kind)
{
    const struct lb_value *document = parse(arena, text);
    const struct lb_value *statements = lb_map_get(document, "Statement");
    const char *version = lb_text_at(document, "Version", "2008-10-17");
    if (!lb_is(document, LB_MAP)) {
        return "This policy contains invalid Json";
    }
    for (size_t i = 0; i < lb_value_count(document); i++) {
        const char *key = lb_map_nth(document, i)->key;
        if (!lb_streq(key, "Version") && !lb_streq(key, "Id") && !lb_streq(key, "Statement")) {
            return "Syntax errors in policy.";
        }
    }
    if (!lb_streq(version, "2012-10-17") && !lb_streq(version, "2008-10-17")) {
        return "The policy must contain a valid version string";
    }
    if (many(statements) == 0) {
        return "Syntax errors in policy.";
    }
    for (size_t i = 0; i < many(statements); i++) {
        const struct lb_value *statement = nth(statements, i);
        const char *fault = lb_is(statement, LB_MAP)
                                ? statement_fault(sandbox, arena, statement, kind)
                                : "Syntax errors in policy.";
        if (fault) {
            return fault;
        }
    }
    return NULL;
}

static bool everyone(const struct lb_value *statement)
{
    const struct lb_value *principal = lb_map_get(statement, "Principal");
    return lb_streq(lb_text(principal, ""), "*") ||
           sb_policy_any(lb_map_get(principal, "AWS"), "*", false);
}

static bool allows(const struct lb_value *statement)
{
    return lb_streq(lb_text_at(statement, "Effect", ""), "Allow");
}

bool sb_policy_public(struct lb_arena *arena, const char *text)
{
    const struct lb_value *statements = lb_map_get(parse(arena, text), "Statement");
    for (size_t i = 0; i < many(statements); i++) {
        const struct lb_value *statement = nth(statements, i);
        if (allows(statement) && everyone(statement) && !lb_map_get(statement, "Condition")) {
            return true;
        }
    }
    return false;
}

bool sb_policy_anonymous(struct lb_arena *arena, const char *text, const char *action,
                         const char *resource)
{
    const struct lb_value *statements = lb_map_get(parse(arena, text), "Statement");
    bool allowed = false;
    for (size_t i = 0; i < many(statements); i++) {
        const struct lb_value *statement = nth(statements, i);
        if (!everyone(statement) || lb_map_get(statement, "Condition") ||
            !sb_policy_any(lb_map_get(statement, "Action"), action, true) ||
            !sb_policy_any(lb_map_get(statement, "Resource"), resource, true)) {
            continue;
        }
        if (!allows(statement)) {
            return false;
        }
        allowed = true;
    }
    return allowed;
}

/* "arn:aws:sts::A:assumed-role/ROLE/SESSION" is also "arn:aws:iam::A:role/ROLE". */
static const char *role_arn(struct lb_arena *arena, const char *caller)
{
    const char *mark = strstr(caller, ":assumed-role/");
    if (!mark || !lb_starts_with(caller, "arn:aws:sts::")) {
        return caller;
    }
    const char *account = caller + sizeof "arn:aws:sts::" - 1;
    const char *name = mark + sizeof ":assumed-role/" - 1;
    return lb_arena_printf(arena, "arn:aws:iam::%.12s:role/%.*s", account, (int)strcspn(name, "/"),
                           name);
}

bool sb_policy_trusts(struct lb_arena *arena, const char *text, const char *caller,
                      const char *account, const char *external_id)
{
    const struct lb_value *statements = lb_map_get(parse(arena, text), "Statement");
    const char *root = lb_arena_printf(arena, "arn:aws:iam::%s:root", account);
    for (size_t i = 0; i < many(statements); i++) {
        const struct lb_value *statement = nth(statements, i);
        const struct lb_value *aws = lb_value_at(statement, "Principal/AWS");
        const struct lb_value *wanted = lb_value_at(statement, "Condition/StringEquals");
        wanted = lb_map_get(wanted, "sts:ExternalId");
        if (!allows(statement) ||
            (wanted && (!external_id || !sb_policy_any(wanted, external_id, false)))) {
            continue;
        }
        if (everyone(statement) || sb_policy_any(aws, caller, false) ||
            sb_policy_any(aws, role_arn(arena, caller), false) || sb_policy_any(aws, root, false) ||
            sb_policy_any(aws, account, false)) {
            return true;
        }
    }
    return false;
}

bool sb_policy_trusts_service(struct lb_arena *arena, const char *text, const char *service)
{
    const struct lb_value *statements = lb_map_get(parse(arena, text), "Statement");
    for (size_t i = 0; i < many(statements); i++) {
        const struct lb_value *statement = nth(statements, i);
        if (allows(statement) &&
            sb_policy_any(lb_value_at(statement, "Principal/Service"), service, false)) {
            return true;
        }
    }
    return false;
}
