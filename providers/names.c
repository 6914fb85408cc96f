/* names.c: names and ARNs from the spec alone; see names.h. */
#include "providers/names.h"

#include <stdlib.h>
#include <string.h>

static const struct lb_value *entry_of(const struct lb_stack *stack, const char *section,
                                       const char *key)
{
    const struct lb_entry *entry = lb_stack_entry(stack, section, key);
    return entry ? entry->value : NULL;
}

const char *lb_role_name(const struct lb_stack *stack, const char *key)
{
    const char *stated = lb_text_at(entry_of(stack, "roles", key), "name", NULL);
    return stated ? stated : lb_arena_printf(stack->arena, "%s-%s", stack->name, key);
}

const char *lb_role_arn(const struct lb_stack *stack, const char *key)
{
    const char *path = lb_text_at(entry_of(stack, "roles", key), "path", "/");
    return lb_arena_printf(stack->arena, "arn:%s:iam::%s:role%s%s", stack->partition,
                           stack->account, path, lb_role_name(stack, key));
}

const char *lb_bucket_arn(const struct lb_stack *stack, const char *bucket)
{
    return lb_arena_printf(stack->arena, "arn:%s:s3:::%s", stack->partition, bucket);
}

enum lb_side lb_bucket_side(const struct lb_stack *stack, const char *bucket)
{
    return lb_side_parse(lb_text_at(entry_of(stack, "buckets", bucket), "region", NULL));
}

const char *lb_domain_name(const struct lb_stack *stack, const char *key)
{
    const char *stated = lb_text_at(entry_of(stack, "domains", key), "name", NULL);
    return stated ? stated : lb_arena_strdup(stack->arena, key);
}

const char *lb_domain_arn(const struct lb_stack *stack, const char *key, enum lb_side side)
{
    return lb_arena_printf(stack->arena, "arn:%s:es:%s:%s:domain/%s", stack->partition,
                           stack->regions[side], stack->account, lb_domain_name(stack, key));
}

bool lb_domain_self_managed(const struct lb_stack *stack, const char *key)
{
    return lb_map_get(entry_of(stack, "domains", key), "endpoint") != NULL;
}

bool lb_domain_on_side(const struct lb_stack *stack, const char *key, enum lb_side side)
{
    const struct lb_value *domain = entry_of(stack, "domains", key);
    if (!domain)
        return false;
    if (side == stack->active)
        return true;
    if (lb_domain_self_managed(stack, key)) {
        const struct lb_value *endpoint = lb_map_get(domain, "endpoint");
        return lb_map_get(endpoint, lb_side_name(side)) != NULL;
    }
    return !lb_streq(lb_text_at(domain, "secondary/mode", "warm"), "cold");
}

bool lb_engine_opensearch(const char *engine, int *major, int *minor)
{
    const char *version = engine ? strchr(engine, '_') : NULL;
    *major = *minor = 0;
    if (!version)
        return false;
    char *end;
    *major = (int)strtol(version + 1, &end, 10);
    if (*end == '.')
        *minor = (int)strtol(end + 1, NULL, 10);
    return lb_starts_with(engine, "OpenSearch_");
}

const char *lb_repository_path(const struct lb_stack *stack, const struct lb_value *repository)
{
    const char *base = lb_text_at(repository, "base_path", "");
    return lb_arena_printf(stack->arena, "%s%sg%lld", base, *base ? "/" : "",
                           (long long)stack->generation);
}

const char *lb_repository_bucket(const struct lb_value *repository, enum lb_side writer)
{
    const struct lb_value *buckets = lb_map_get(repository, "buckets");
    return lb_text(lb_map_get(buckets, lb_side_name(writer)), NULL);
}
