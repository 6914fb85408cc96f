/* hazard_failover.c: will clients move when they must? */
#include "planner/hazard_checks.h"

#include "providers/route53.h"

#include <string.h>

static struct lb_resource *next_failover(const struct lb_hazard_context *context, size_t *i)
{
    return lb_stack_next(context->stack, "failover", i);
}

static const char *text_of(const struct lb_value *record, const char *key)
{
    return lb_text_at(record, key, NULL);
}

/* --- records
 * ------------------------------------------------------------------------------------------- */

static bool is_ours(const struct lb_hazard_context *context, const struct lb_resource *failover,
                    const struct lb_value *record)
{
    const char *prefix = lb_arena_printf(context->stack->arena,
                                         "lifeboat:%s:", context->stack->name);
    const struct lb_value *desired = lb_map_get(failover->desired, "records");
    const char *id = lb_text_at(record, "id", "");
    if (lb_starts_with(id, prefix))
        return true;
    for (size_t i = 0; i < lb_value_count(desired); i++)
        if (lb_streq(lb_text_at(lb_list_item(desired, i), "id", NULL), id))
            return true;
    return false;
}

void lb_hazard_check_no_health_check(struct lb_hazard_context *context)
{
    const struct lb_resource *failover;
    size_t i = 0;
    while ((failover = next_failover(context, &i))) {
        const struct lb_value *records = lb_hazard_value(context, failover, "records");
        for (size_t k = 0; k < lb_value_count(records); k++) {
            const struct lb_value *record = lb_list_item(records, k);
            if (lb_streq(text_of(record, "failover"), "PRIMARY") &&
                !lb_map_get(record, "health_check") && !lb_map_get(record, "alias"))
                lb_hazard_report(context, failover, record->mark, "record \"%s\"",
                                 lb_text_at(record, "id", ""));
        }
    }
}

static bool same_role(const struct lb_value *records, const char *role)
{
    for (size_t i = 0; i < lb_value_count(records); i++)
        if (lb_streq(text_of(lb_list_item(records, i), "failover"), role))
            return true;
    return false;
}

/* A failover record of another hand beside ours is fine when it plays the other role. */
static bool is_in_the_way(const struct lb_resource *failover, const struct lb_value *record)
{
    const struct lb_value *desired = lb_map_get(failover->desired, "records");
    const char *role = text_of(record, "failover");
    if (!role || !lb_streq(text_of(record, "type"), "CNAME"))
        return true;
    bool single = lb_value_count(desired) == 1 && !text_of(lb_list_item(desired, 0), "failover");
    return single || same_role(desired, role);
}

void lb_hazard_check_in_the_way(struct lb_hazard_context *context)
{
    const struct lb_resource *failover;
    size_t i = 0;
    while ((failover = next_failover(context, &i))) {
        const struct lb_value *live = lb_map_get(failover->live.value, "records");
        for (size_t k = 0; failover->managed && k < lb_value_count(live); k++) {
            const struct lb_value *record = lb_list_item(live, k);
            if (!is_ours(context, failover, record) && is_in_the_way(failover, record))
                lb_hazard_report(context, failover, NULL, "%s record \"%s\" of %s",
                                 lb_text_at(record, "type", ""), lb_text_at(record, "id", ""),
                                 failover->name);
        }
    }
}

void lb_hazard_check_ttl(struct lb_hazard_context *context)
{
    const struct lb_resource *failover;
    size_t i = 0;
    while ((failover = next_failover(context, &i))) {
        const struct lb_value *records = lb_map_get(failover->desired, "records");
        const struct lb_value *stated = lb_map_get(failover->stated, "ttl");
        int64_t longest = 0;
        const struct lb_mark *mark = stated ? stated->mark : NULL;
        for (size_t k = 0; k < lb_value_count(records); k++) {
            const struct lb_value *ttl = lb_map_get(lb_list_item(records, k), "ttl");
            longest = lb_int(ttl, 0) > longest ? lb_int(ttl, 0) : longest;
            mark = ttl && ttl->mark->line ? ttl->mark : mark;
        }
        if (longest > 60)
            lb_hazard_report(context, failover, mark, "the TTL is %lld s", (long long)longest);
    }
}

void lb_hazard_check_no_secondary(struct lb_hazard_context *context)
{
    const struct lb_resource *failover;
    size_t i = 0;
    while ((failover = next_failover(context, &i))) {
        const struct lb_value *records = lb_map_get(failover->desired, "records");
        bool single = lb_streq(lb_text_at(failover->stated, "switch", ""), "record");
        if (!single && !same_role(records, "SECONDARY"))
            lb_hazard_report(context, failover, NULL, "%s has no SECONDARY record", failover->name);
    }
}

/* --- the switch
 * ------------------------------------------------------------------------------------------ */

static void check_switch(struct lb_hazard_context *context, const char *word)
{
    const struct lb_resource *failover;
    size_t i = 0;
    while ((failover = next_failover(context, &i))) {
        const struct lb_value *how = lb_map_get(failover->stated, "switch");
        if (lb_streq(lb_text(how, NULL), word))
            lb_hazard_report(context, failover, how->mark, "%s is switched by `%s`", failover->name,
                             word);
    }
}

void lb_hazard_check_record_switch(struct lb_hazard_context *context)
{
    check_switch(context, "record");
}

void lb_hazard_check_public_object(struct lb_hazard_context *context)
{
    check_switch(context, "standby-object");
}

static bool lets_everybody_read(const struct lb_hazard_context *context,
                                const struct lb_value *policy, const char *bucket, const char *key)
{
    const struct lb_policy_question question = {
        .action = "s3:GetObject",
        .principal = "*",
        .resource = lb_arena_printf(context->stack->arena, "arn:%s:s3:::%s/%s",
                                    context->stack->partition, bucket, key)};
    return lb_policy_decide(policy, &question) == LB_VERDICT_ALLOW;
}

/* Why nobody without credentials can read the object; NULL when they can. */
static const char *hidden_by(const struct lb_hazard_context *context,
                             const struct lb_resource *bucket, const char *key)
{
    const struct lb_value *block = lb_hazard_value(context, bucket, "public_access");
    if (lb_bool_at(block, "restrict_public_buckets", false))
        return "restrict_public_buckets is on";
    if (bucket->managed && lb_bool_at(block, "block_public_policy", false))
        return "block_public_policy is on";
    /* A policy that the spec leaves open stays the bucket's own. */
    const struct lb_value *policy = lb_hazard_value(context, bucket, "policy");
    if (!policy)
        policy = lb_map_get(bucket->live.value, "policy");
    if (!policy && bucket->live.status == LB_LIVE_UNREAD)
        return NULL;
    return lets_everybody_read(context, policy, bucket->name, key)
               ? NULL
               : "the bucket's policy does not let everybody read it";
}

void lb_hazard_check_hidden_object(struct lb_hazard_context *context)
{
    const struct lb_resource *failover;
    size_t i = 0;
    while ((failover = next_failover(context, &i))) {
        const struct lb_value *object = lb_map_get(failover->stated, "object");
        const char *key = lb_text_at(object, "key", "");
        const struct lb_resource *bucket = lb_stack_find(
            context->stack, "bucket", lb_text_at(object, "bucket", ""), LB_SIDE_NONE);
        if (!object || !bucket || bucket->managed == context->live)
            continue;
        const char *why = hidden_by(context, bucket, key);
        if (why)
            lb_hazard_report(context, failover, object->mark, "\"%s\" in %s: %s", key,
                             bucket->address, why);
    }
}

/* --- health checks
 * ------------------------------------------------------------------------------------------ */

/* The domain that a host name leads to: a reference to its endpoint, its custom endpoint, or the
 * endpoint that it has. */
static const struct lb_resource *domain_behind(const struct lb_hazard_context *context,
                                               const struct lb_value *host)
{
    struct lb_arena *arena = context->stack->arena;
    const struct lb_resource *domain;
    size_t i = 0;
    const char *name = lb_dns_normal(arena, lb_text(host, ""));
    while ((domain = lb_stack_next(context->stack, "domain", &i))) {
        const char *reference = lb_arena_printf(arena, "%s/endpoint", domain->address);
        const char *custom = lb_text_at(domain->desired, "custom_endpoint/name", NULL);
        const char *own = lb_text_at(domain->live.value, "endpoint", NULL);
        if (lb_is(host, LB_UNKNOWN) && lb_streq(host->as.text.bytes, reference))
            return domain;
        if (*name && ((custom && lb_streq(lb_dns_normal(arena, custom), name)) ||
                      (own && lb_streq(lb_dns_normal(arena, own), name))))
            return domain;
    }
    return NULL;
}

/* Why an anonymous request from the internet gets no 2xx or 3xx; NULL when it may. */
static const char *shut_by(const struct lb_hazard_context *context,
                           const struct lb_resource *domain)
{
    const struct lb_value *value = domain->managed ? domain->desired : domain->live.value;
    if (lb_map_get(domain->stated, "endpoint"))
        return NULL; /* a cluster of one's own: its doors are not known here */
    if (lb_value_count(lb_map_get(value, "vpc")) > 0)
        return "is in a VPC";
    if (lb_bool_at(value, "fine_grained/enabled", false))
        return "wants credentials (fine-grained access control)";
    const struct lb_policy_question question = {
        .action = "es:ESHttpGet",
        .principal = "*",
        .resource = lb_arena_printf(context->stack->arena, "%s/",
                                    lb_text_at(domain->live.value, "arn", "arn:aws:es:::domain"))};
    const struct lb_value *policy = lb_map_get(value, "access_policy");
    return policy && lb_policy_decide(policy, &question) != LB_VERDICT_ALLOW
               ? "wants a signature (access policy)"
               : NULL;
}

void lb_hazard_check_never_healthy(struct lb_hazard_context *context)
{
    const struct lb_resource *check;
    size_t i = 0;
    while ((check = lb_stack_next(context->stack, "health_check", &i))) {
        const char *type = lb_text_at(check->desired, "type", "");
        const struct lb_value *host = lb_map_get(check->desired, "host");
        const struct lb_resource *domain = host ? domain_behind(context, host) : NULL;
        const char *why = domain ? shut_by(context, domain) : NULL;
        bool in_vpc = why && strstr(why, "VPC");
        if (lb_starts_with(lb_text(host, ""), "vpc-"))
            lb_hazard_report(context, check, host->mark, "%s is in a VPC", lb_text(host, ""));
        else if (why && (lb_starts_with(type, "HTTP") || in_vpc))
            lb_hazard_report(context, check, host->mark, "%s %s", domain->address, why);
    }
}

void lb_hazard_check_disabled(struct lb_hazard_context *context)
{
    const struct lb_resource *check;
    size_t i = 0;
    while ((check = lb_stack_next(context->stack, "health_check", &i))) {
        const struct lb_value *disabled = lb_map_get(check->desired, "disabled");
        if (lb_bool(disabled, false))
            lb_hazard_report(context, check, disabled->mark, "%s", check->name);
    }
}

void lb_hazard_check_custom_endpoint(struct lb_hazard_context *context)
{
    struct lb_arena *arena = context->stack->arena;
    const struct lb_resource *failover;
    size_t i = 0;
    while ((failover = next_failover(context, &i))) {
        const char *key = lb_text_at(failover->stated, "domain", NULL);
        const struct lb_resource *domain = key ? lb_stack_find(context->stack, "domain", key,
                                                               context->stack->active)
                                               : NULL;
        const char *custom = domain ? lb_text_at(domain->desired, "custom_endpoint/name", "") : "";
        if (domain && !lb_map_get(domain->stated, "endpoint") &&
            !lb_streq(lb_dns_normal(arena, custom), lb_dns_normal(arena, failover->name)))
            lb_hazard_report(context, failover, NULL, "%s answers as %s", domain->address,
                             *custom ? custom : "its own host name only");
    }
}
