/* domain.c: a search domain in both regions, or a cluster that users run themselves.
 *
 * A domain takes one configuration change at a time, so all its sections are one granule: the call
 * carries the sections that differ. Creation sets everything at once. Nothing here replaces a
 * domain.
 */
#include "providers/domain.h"
#include "providers/cluster.h"

#include "transport/endpoint.h"

#include <string.h>

#define SETTLE_MS 120000 /* how long IAM may take to show a new role to the service */

/* On an existing name CreateDomain acts as an upsert (terraform-provider-aws PR 1561), so it is not
 * sent twice: the domain is described again instead. */
static const struct lb_op create_domain = {
    .service = &lb_opensearch_service,
    .name = "CreateDomain",
    .method = "POST",
    .path = "/2021-01-01/opensearch/domain",
    .mutates = true,
    .once = true,
    .iam = "es:CreateDomain",
};
static const struct lb_op update_config = {
    .service = &lb_opensearch_service,
    .name = "UpdateDomainConfig",
    .method = "POST",
    .path = "/2021-01-01/opensearch/domain/{DomainName}/config",
    .mutates = true,
    .iam = "es:UpdateDomainConfig",
};
static const struct lb_op upgrade_domain = {
    .service = &lb_opensearch_service,
    .name = "UpgradeDomain",
    .method = "POST",
    .path = "/2021-01-01/opensearch/upgradeDomain",
    .mutates = true,
    .once = true,
    .iam = "es:UpgradeDomain",
};
static const struct lb_op add_tags = {
    .service = &lb_opensearch_service,
    .name = "AddTags",
    .method = "POST",
    .path = "/2021-01-01/tags",
    .mutates = true,
    .iam = "es:AddTags",
};

/* --- expand --------------------------------------------------------------------------------- */

/* `secondary: {data_nodes: {count: 6}}` changes the count and keeps the type. */
static void lay_over(struct lb_arena *arena, const struct lb_schema *schema, struct lb_value *base,
                     const struct lb_value *over)
{
    for (size_t i = 0; i < lb_value_count(over); i++) {
        const struct lb_entry *entry = lb_map_nth(over, i);
        const struct lb_schema *property = lb_schema_property(schema, entry->key);
        struct lb_value *old = lb_map_get(base, entry->key);
        if (!property)
            continue;
        if (lb_is(old, LB_MAP) && entry->value->type == LB_MAP && !property->additional_any)
            lay_over(arena, property, old, entry->value);
        else
            lb_map_set(arena, base, entry->key, lb_value_share(arena, entry->value));
    }
}

static int expand(struct lb_stack *stack, const struct lb_entry *entry)
{
    for (enum lb_side side = LB_SIDE_PRIMARY; side <= LB_SIDE_SECONDARY; side++) {
        if (!lb_domain_on_side(stack, entry->key, side))
            continue;
        struct lb_resource *domain = lb_stack_add(stack, "domain", entry->key, side, entry);
        domain->stated = lb_value_share(stack->arena, domain->stated);
        lay_over(stack->arena, domain->kind->schema, domain->stated,
                 lb_map_get(entry->value, lb_side_name(side)));
        if (lb_cluster_has_security(stack, entry->key, side) &&
            lb_value_count(lb_cluster_callers(stack)) > 0)
            lb_stack_add(stack, "role_mapping", entry->key, side, entry);
    }
    return 0;
}

/* --- derive --------------------------------------------------------------------------------- */

static void derive_nodes(struct lb_stack *stack, struct lb_resource *domain)
{
    struct lb_value *data = lb_map_get(domain->desired, "data_nodes");
    if (!data || !lb_map_get(data, "type") || !lb_map_get(data, "count"))
        lb_diags_error(stack->diags, "LB-S080", &domain->mark, "%s has no %s", domain->address,
                       !data                       ? "data_nodes"
                       : !lb_map_get(data, "type") ? "data_nodes.type"
                                                   : "data_nodes.count");
    if (lb_map_get(data, "volume"))
        lb_map_default(stack->arena, data, "volume_type", lb_value_string(stack->arena, "gp3"));
    struct lb_value *masters = lb_map_get(domain->desired, "master_nodes");
    if (masters)
        lb_map_default(stack->arena, masters, "count", lb_value_int(stack->arena, 3));
}

static struct lb_value *derived_policy(struct lb_stack *stack, const struct lb_resource *domain)
{
    struct lb_arena *arena = stack->arena;
    struct lb_value *policy = lb_value_map(arena), *allow = lb_value_map(arena);
    lb_map_set_string(arena, policy, "Version", "2012-10-17");
    lb_list_add(arena, lb_map_list(arena, policy, "Statement"), allow);
    lb_map_set_string(arena, allow, "Effect", "Allow");
    struct lb_value *principals = lb_value_list(arena);
    const struct lb_value *callers = lb_cluster_callers(stack);
    lb_list_add(arena, principals,
                lb_value_format(arena, "arn:%s:iam::%s:root", stack->partition, stack->account));
    for (size_t i = 0; i < lb_value_count(callers); i++)
        lb_list_add(arena, principals, lb_list_item(callers, i));
    lb_map_set(arena, lb_map_map(arena, allow, "Principal"), "AWS", principals);
    lb_map_set_string(arena, allow, "Action", "es:ESHttp*");
    lb_map_set(arena, allow, "Resource",
               lb_value_format(arena, "%s/*", lb_domain_arn(stack, domain->name, domain->side)));
    return policy;
}

static void check_security(struct lb_stack *stack, const struct lb_resource *domain)
{
    static const struct {
        const char *path, *words;
    } needed[] = {{"encryption_at_rest/enabled", "encryption at rest"},
                  {"node_to_node", "encryption between nodes"},
                  {"https", "HTTPS"}};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!lb_bool_at(domain->desired, needed[i].path, true))
            lb_diags_error(stack->diags, "LB-S082",
                           lb_value_at(domain->desired, needed[i].path)->mark, "%s is off",
                           needed[i].words);
}

static void derive_security(struct lb_stack *stack, struct lb_resource *domain)
{
    struct lb_arena *arena = stack->arena;
    struct lb_value *access = lb_desire(stack, domain, "fine_grained", lb_value_map(arena),
                                        "on unless stated");
    lb_map_default(arena, access, "enabled", lb_value_bool(arena, true));
    if (!lb_bool_at(access, "enabled", true))
        return;
    check_security(stack, domain);
    /* Whoever creates the domain must be able to map roles in it, or nobody could. */
    lb_map_default(arena, access, "master_user_arn", lb_caller_reference(stack))->why =
        "the identity that applies";
}

static int derive_own(struct lb_stack *stack, struct lb_resource *domain)
{
    struct lb_call call = {0};
    if (!lb_cluster_aim(stack->arena, stack, domain->name, domain->side, &call))
        return lb_diags_error(stack->diags, "LB-S084", &domain->mark, "the %s side has none",
                              lb_side_name(domain->side));
    if (lb_streq(call.scheme, "http") && !lb_host_is_loopback(stack->arena, call.host))
        return lb_diags_error(stack->diags, "LB-S083", lb_map_get(domain->stated, "endpoint")->mark,
                              "http://%s", call.host);
    static const char *const foreign[] = {
        "data_nodes", "master_nodes",       "warm_nodes",      "zones",
        "vpc",        "access_policy",      "custom_endpoint", "fine_grained",
        "tags",       "encryption_at_rest", "log_publishing"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        const struct lb_entry *entry = lb_map_entry(domain->stated, foreign[i]);
        if (entry && entry->key_mark->line)
            lb_diags_error(stack->diags, "LB-S085", entry->key_mark, "`%s` of %s", foreign[i],
                           domain->address);
    }
    return 0;
}

/* The standby goes first: a change that goes wrong must not hit the side that serves, and a
 * snapshot of a newer engine does not restore into an older one. */
static void change_after_standby(struct lb_stack *stack, struct lb_resource *domain)
{
    struct lb_resource *standby = lb_stack_find(stack, "domain", domain->name,
                                                lb_side_other(domain->side));
    if (domain->side != stack->active)
        return;
    lb_resource_after(stack, domain, "config", standby);
    lb_resource_after(stack, domain, "engine", standby);
}

static int derive(struct lb_stack *stack, struct lb_resource *domain)
{
    struct lb_arena *arena = stack->arena;
    if (lb_domain_self_managed(stack, domain->name))
        return derive_own(stack, domain);
    lb_desire_stated(stack, domain);
    derive_nodes(stack, domain);
    struct lb_value *encryption = lb_desire(stack, domain, "encryption_at_rest",
                                            lb_value_map(arena), "on unless stated");
    lb_map_default(arena, encryption, "enabled", lb_value_bool(arena, true));
    derive_security(stack, domain);
    lb_desire(stack, domain, "access_policy", derived_policy(stack, domain),
              "derived: the account and its caller roles");
    lb_desire_tags(stack, domain);
    lb_cluster_need_callers(stack, domain);
    change_after_standby(stack, domain);
    return 0;
}

/* --- write ---------------------------------------------------------------------------------- */

static struct lb_value *tag_list(struct lb_arena *arena, const struct lb_value *desired,
                                 const struct lb_value *live)
{
    struct lb_value *list = lb_value_list(arena);
    const struct lb_value *tags = lb_map_get(desired, "tags");
    for (size_t i = 0; i < lb_value_count(tags); i++) {
        const struct lb_entry *tag = lb_map_nth(tags, i);
        if (live && lb_streq(lb_text(lb_map_get(live, tag->key), NULL), lb_text(tag->value, "")))
            continue;
        struct lb_value *item = lb_list_add(arena, list, lb_value_map(arena));
        lb_map_set_string(arena, item, "Key", tag->key);
        lb_map_set_string(arena, item, "Value", lb_text(tag->value, ""));
    }
    return list;
}

static bool has_no_writes(const struct lb_write *write)
{
    return lb_domain_self_managed(write->stack, write->resource->name);
}

static int write_existence(struct lb_write *write)
{
    if (has_no_writes(write))
        return 0;
    struct lb_call *call = lb_write_call(write, &create_domain);
    struct lb_value *body = lb_call_body(write->arena, call);
    lb_map_set_string(write->arena, body, "DomainName",
                      lb_domain_name(write->stack, write->resource->name));
    lb_map_set_string(write->arena, body, "EngineVersion",
                      lb_text_at(write->desired, "engine", NULL));
    struct lb_value *sections = lb_domain_sections(write->arena, write->desired);
    for (size_t i = 0; i < lb_value_count(sections); i++)
        lb_map_set(write->arena, body, lb_map_nth(sections, i)->key,
                   lb_map_nth(sections, i)->value);
    lb_map_set(write->arena, body, "TagList", tag_list(write->arena, write->desired, NULL));
    /* A policy that names a role of seconds ago: "Error setting policy". */
    call->retry_on = "InvalidTypeException";
    call->deadline_ms = SETTLE_MS;
    write->emit(write, call, "create the domain");
    return 0;
}

static int write_config(struct lb_write *write)
{
    if (has_no_writes(write))
        return 0;
    struct lb_call *call = lb_write_call(write, &update_config);
    lb_call_param(write->arena, call, "DomainName",
                  lb_domain_name(write->stack, write->resource->name));
    call->body = lb_domain_dirty_sections(write->arena, write->desired, write->live->value,
                                          lb_map_get(write->live->raw, "config"));
    call->retry_on = "InvalidTypeException";
    call->deadline_ms = SETTLE_MS;
    struct lb_str title = {0};
    lb_str_puts(&title, "change ");
    for (size_t i = 0; i < lb_value_count(call->body); i++)
        lb_str_printf(&title, "%s%s", i ? ", " : "", lb_map_nth(call->body, i)->key);
    write->emit(write, call, lb_str_take(&title, write->arena));
    return 0;
}

static int write_engine(struct lb_write *write)
{
    if (has_no_writes(write))
        return 0;
    struct lb_call *call = lb_write_call(write, &upgrade_domain);
    struct lb_value *body = lb_call_body(write->arena, call);
    const char *target = lb_text_at(write->desired, "engine", "");
    lb_map_set_string(write->arena, body, "DomainName",
                      lb_domain_name(write->stack, write->resource->name));
    lb_map_set_string(write->arena, body, "TargetVersion", target);
    write->emit(write, call, lb_arena_printf(write->arena, "upgrade to %s", target));
    return 0;
}

static int write_tags(struct lb_write *write)
{
    if (has_no_writes(write))
        return 0;
    struct lb_call *call = lb_write_call(write, &add_tags);
    struct lb_value *body = lb_call_body(write->arena, call);
    lb_map_set_string(write->arena, body, "ARN",
                      lb_domain_arn(write->stack, write->resource->name, write->resource->side));
    lb_map_set(write->arena, body, "TagList",
               tag_list(write->arena, write->desired, lb_map_get(write->live->value, "tags")));
    write->emit(write, call, "set tags");
    return 0;
}

static const struct lb_granule granules[] = {
    {"existence", lb_domain_read, write_existence, false},
    {"config", NULL, write_config, true},
    {"engine", NULL, write_engine, true},
    {"tags", NULL, write_tags, true},
    {NULL, NULL, NULL, false},
};

static const char *arn(const struct lb_stack *stack, const struct lb_resource *domain)
{
    return lb_domain_self_managed(stack, domain->name)
               ? NULL
               : lb_domain_arn(stack, domain->name, domain->side);
}

const struct lb_provider lb_provider_domain = {
    .kind = "domain",
    .arn = arn,
    .granules = granules,
    .expand = expand,
    .derive = derive,
    .forecast = lb_domain_forecast,
};
