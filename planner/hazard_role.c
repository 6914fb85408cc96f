/* hazard_role.c: can every domain assume the snapshot role, and does the role reach every bucket?
 *
 * Policies are judged as IAM does for the few questions that matter here: a matching Deny wins,
 * then a matching Allow.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
#include "planner/hazard_checks.h"
#include "planner/policy_doc.h"

#include "base/json.h"
#include "providers/names.h"

#include <string.h>

/* --- one document
 * ------------------------------------------------------------------------------------- */

static size_t one_or_many(const struct lb_value *value)
{
    return lb_is(value, LB_LIST) ? lb_value_count(value) : value && value->type != LB_NULL;
}

static const struct lb_value *nth(const struct lb_value *value, size_t i)
{
    return lb_is(value, LB_LIST) ? lb_list_item(value, i) : value;
}

static bool any_matches(const struct lb_value *patterns, const char *text, bool nocase)
{
    struct lb_arena *scratch = lb_arena_new();
    bool found = false;
    for (size_t i = 0; i < one_or_many(patterns) && !found; i++) {
        const char *pattern = lb_text(nth(patterns, i), "");
        found = nocase ? lb_policy_glob(lb_lowercase(scratch, pattern), lb_lowercase(scratch, text))
                       : lb_policy_glob(pattern, text);
    }
    lb_arena_free(scratch);
    return found;
}

/* `name` or its negation, as in Action and NotAction. */
static bool part_matches(const struct lb_value *statement, const char *name, const char *negated,
                         const char *text, bool nocase)
{
    const struct lb_value *wanted = lb_map_get(statement, name);
    const struct lb_value *unwanted = lb_map_get(statement, negated);
    if (!text)
        return true;
    if (unwanted)
        return !any_matches(unwanted, text, nocase);
    return wanted && any_matches(wanted, text, nocase);
}

static bool principal_matches(const struct lb_value *statement, const char *principal)
{
    const struct lb_value *wanted = lb_map_get(statement, "Principal");
    if (!principal)
        return true;
    if (lb_streq(lb_text(wanted, NULL), "*"))
        return true;
    for (size_t i = 0; i < lb_value_count(wanted) && lb_is(wanted, LB_MAP); i++)
        if (any_matches(lb_map_nth(wanted, i)->value, principal, false))
            return true;
    return lb_is(wanted, LB_LIST) && any_matches(wanted, principal, false);
}

/* 1: holds, 0: does not hold, -1: cannot be judged. */
static int condition_holds(const char *operator_name, const struct lb_entry *key,
                           const struct lb_policy_question *question)
{
    static const char *const known[] = {"StringEquals", "StringLike", "ArnLike", "ArnEquals"};
    const char *value = strcmp(key->key, "aws:SourceArn") == 0       ? question->source_arn
                        : strcmp(key->key, "aws:SourceAccount") == 0 ? question->source_account
                                                                     : NULL;
    if (!value)
        return -1;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (lb_starts_with(operator_name, known[i])) /* also ...IfExists, ...IgnoreCase */
            return any_matches(key->value, value, false);
    return -1;
}

static bool conditions_hold(const struct lb_value *statement, bool when_unknown,
                            const struct lb_policy_question *question)
{
    const struct lb_value *conditions = lb_map_get(statement, "Condition");
    for (size_t i = 0; i < lb_value_count(conditions); i++) {
        const struct lb_entry *operator_entry = lb_map_nth(conditions, i);
        for (size_t k = 0; k < lb_value_count(operator_entry->value); k++) {
            int holds = condition_holds(operator_entry->key, lb_map_nth(operator_entry->value, k),
                                        question);
            if (holds == 0 || (holds < 0 && !when_unknown))
                return false;
        }
    }
    return true;
}

enum lb_verdict lb_policy_decide(const struct lb_value *document,
                                 const struct lb_policy_question *question)
{
    const struct lb_value *statements = lb_map_get(document, "Statement");
    enum lb_verdict verdict = LB_VERDICT_NONE;
    for (size_t i = 0; i < one_or_many(statements); i++) {
        const struct lb_value *statement = nth(statements, i);
        bool deny = lb_streq(lb_text_at(statement, "Effect", ""), "Deny");
        if (!part_matches(statement, "Action", "NotAction", question->action, true) ||
            !part_matches(statement, "Resource", "NotResource", question->resource, false) ||
            !principal_matches(statement, question->principal) ||
            !conditions_hold(statement, !deny, question))
            continue;
        if (deny)
            return LB_VERDICT_DENY;
        verdict = LB_VERDICT_ALLOW;
    }
    return verdict;
}

/* --- the roles of repositories
 * -------------------------------------------------------------------------- */

typedef void repository_fn(struct lb_hazard_context *context, const struct lb_resource *role,
                           const struct lb_entry *repository);

/* Each repository of the spec with the role that its domain assumes. */
static void each_use(struct lb_hazard_context *context, repository_fn *fn)
{
    const struct lb_value *repositories = lb_map_get(context->stack->spec, "repositories");
    for (size_t i = 0; i < lb_value_count(repositories); i++) {
        const struct lb_entry *entry = lb_map_nth(repositories, i);
        const char *role = lb_text_at(entry->value, "role", NULL);
        const char *domain = lb_text_at(entry->value, "domain", "");
        const struct lb_resource *resource = role ? lb_stack_find(context->stack, "role", role,
                                                                  LB_SIDE_NONE)
                                                  : NULL;
        if (resource && !lb_domain_self_managed(context->stack, domain))
            fn(context, resource, entry);
    }
}

static const struct lb_mark *mark_of(const struct lb_resource *role, const char *key)
{
    const struct lb_value *stated = lb_map_get(role->stated, key);
    return stated ? stated->mark : NULL;
}

static void check_trust_of(struct lb_hazard_context *context, const struct lb_resource *role,
                           const struct lb_entry *repository)
{
    const struct lb_stack *stack = context->stack;
    const char *domain = lb_text_at(repository->value, "domain", "");
    const struct lb_value *trust = lb_hazard_value(context, role, "trust");
    for (enum lb_side side = LB_SIDE_PRIMARY; trust && side <= LB_SIDE_SECONDARY; side++) {
        const char *arn = lb_domain_arn(stack, domain, side);
        const struct lb_policy_question question = {.action = "sts:AssumeRole",
                                                    .principal = "es.amazonaws.com",
                                                    .source_arn = arn,
                                                    .source_account = stack->account};
        if (lb_policy_decide(trust, &question) != LB_VERDICT_ALLOW)
            lb_hazard_report(context, role, mark_of(role, "trust"), "repository.%s needs it for %s",
                             repository->key, arn);
    }
}

void lb_hazard_check_trust(struct lb_hazard_context *context)
{
    each_use(context, check_trust_of);
}

/* The inline policies together; policies of others stay beside ours and may deny. */
static enum lb_verdict decide_all(const struct lb_hazard_context *context,
                                  const struct lb_resource *role,
                                  const struct lb_policy_question *question)
{
    const struct lb_value *sets[] = {lb_hazard_value(context, role, "policies"),
                                     lb_map_get(role->live.value, "policies")};
    enum lb_verdict verdict = LB_VERDICT_NONE;
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < lb_value_count(sets[s]); i++) {
            const struct lb_entry *policy = lb_map_nth(sets[s], i);
            if (s == 1 && (lb_map_get(sets[0], policy->key) ||
                           (role->managed && lb_starts_with(policy->key, "lifeboat"))))
                continue;
            enum lb_verdict one = lb_policy_decide(policy->value, question);
            if (one == LB_VERDICT_DENY)
                return one;
            verdict = one == LB_VERDICT_ALLOW ? one : verdict;
        }
    return verdict;
}

/* What the role may not do in that bucket; NULL when all is well. */
static const char *missing_action(const struct lb_hazard_context *context,
                                  const struct lb_resource *role, const char *bucket,
                                  const char *base_path)
{
    static const char *const actions[] = {"s3:ListBucket", "s3:GetObject", "s3:PutObject",
                                          "s3:DeleteObject"};
    struct lb_arena *arena = context->stack->arena;
    const char *arn = lb_bucket_arn(context->stack, bucket);
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        const struct lb_policy_question question = {
            .action = actions[i],
            .resource = i == 0 ? arn
                               : lb_arena_printf(arena, "%s/%s%sg1/index-0", arn, base_path,
                                                 *base_path ? "/" : "")};
        if (decide_all(context, role, &question) != LB_VERDICT_ALLOW)
            return actions[i];
    }
    return NULL;
}

static void check_permissions_of(struct lb_hazard_context *context, const struct lb_resource *role,
                                 const struct lb_entry *repository)
{
    const struct lb_value *buckets = lb_map_get(repository->value, "buckets");
    const struct lb_value *attached = lb_hazard_value(context, role, "attached");
    /* What an attached policy allows is not read; a role without inline policies may live by it. */
    if (!lb_hazard_value(context, role, "policies") || lb_value_count(attached) > 0)
        return;
    for (size_t i = 0; i < lb_value_count(buckets); i++) {
        const char *bucket = lb_text(lb_map_nth(buckets, i)->value, "");
        const char *action = missing_action(context, role, bucket,
                                            lb_text_at(repository->value, "base_path", ""));
        if (action)
            lb_hazard_report(context, role, mark_of(role, "policies"),
                             "repository.%s needs %s in bucket \"%s\"", repository->key, action,
                             bucket);
    }
}

void lb_hazard_check_permissions(struct lb_hazard_context *context)
{
    each_use(context, check_permissions_of);
}

static void check_managed(struct lb_hazard_context *context, const struct lb_resource *role,
                          const struct lb_entry *repository)
{
    if (!role->managed)
        lb_hazard_report(context, role, NULL, "repository.%s uses it", repository->key);
}

void lb_hazard_check_role_unmanaged(struct lb_hazard_context *context)
{
    each_use(context, check_managed);
}
