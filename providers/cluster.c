/* cluster.c: the data plane of a domain: where its REST API is and who signs.
 *
 * A cluster's calls go to the endpoint that the domain's live state names, so objects inside a
 * domain are read in the second wave. Domains of AWS take SigV4 for the service `es`; clusters that
 * users run themselves take basic authentication at the address of the spec.
 */
#include "providers/cluster.h"

#include "providers/names.h"

#include <string.h>

#define SURVEY_MS 5000

const struct lb_service lb_cluster_service = {
    .id = "cluster",
    .signing = "es",
    .wire = LB_WIRE_REST_JSON,
    .next_step = lb_cluster_next_step,
};

struct lb_resource *lb_cluster_domain(const struct lb_stack *stack, const char *domain,
                                      enum lb_side side)
{
    return domain ? lb_stack_find(stack, "domain", domain, side) : NULL;
}

const char *lb_cluster_engine(const struct lb_stack *stack, const char *domain, enum lb_side side)
{
    const struct lb_resource *resource = lb_cluster_domain(stack, domain, side);
    return resource ? lb_text_at(resource->stated, "engine", NULL) : NULL;
}

bool lb_cluster_opensearch_since(const struct lb_stack *stack, const char *domain,
                                 enum lb_side side, int major, int minor)
{
    int has_major, has_minor;
    const char *engine = lb_cluster_engine(stack, domain, side);
    return engine && lb_engine_opensearch(engine, &has_major, &has_minor) &&
           (has_major > major || (has_major == major && has_minor >= minor));
}

void lb_cluster_depends(struct lb_stack *stack, struct lb_resource *resource, const char *domain)
{
    struct lb_resource *on = lb_cluster_domain(stack, domain, resource->side);
    /* All of the domain's steps: while its nodes are replaced it takes no snapshots and answers
     * late (AWS developer guide, "Making configuration changes"). */
    lb_resource_need(stack, resource, NULL, on, NULL);
    lb_resource_reads_after(stack, resource, on);
}

const char *lb_cluster_arn(const struct lb_stack *stack, const struct lb_resource *resource)
{
    for (size_t i = 0; i < resource->reads_after_count; i++) {
        const struct lb_resource *on = resource->reads_after[i];
        if (lb_streq(on->kind->name, "domain") && on->side == resource->side)
            return on->provider->arn(stack, on);
    }
    return NULL;
}

/* --- where it is ---------------------------------------------------------------------------- */

static const char *own_address(const struct lb_stack *stack, const char *domain, enum lb_side side)
{
    const struct lb_entry *entry = lb_stack_entry(stack, "domains", domain);
    const struct lb_value *endpoint = entry ? lb_map_get(entry->value, "endpoint") : NULL;
    if (lb_is(endpoint, LB_STRING))
        return side == stack->active ? lb_text(endpoint, NULL) : NULL;
    return lb_text(lb_map_get(endpoint, lb_side_name(side)), NULL);
}

static bool aim_at_own(struct lb_arena *arena, const struct lb_stack *stack, const char *domain,
                       enum lb_side side, struct lb_call *call)
{
    const char *url = own_address(stack, domain, side);
    const char *host = url ? strstr(url, "://") : NULL;
    if (!host)
        return false;
    call->scheme = lb_arena_strndup(arena, url, (size_t)(host - url));
    host += 3;
    call->host = lb_arena_strndup(arena, host, strcspn(host, "/"));
    const struct lb_entry *entry = lb_stack_entry(stack, "domains", domain);
    call->user = lb_text_at(entry->value, "auth/user", NULL);
    call->secret = lb_text_at(entry->value, "auth/password", NULL);
    call->auth = call->user ? LB_AUTH_BASIC : LB_AUTH_NONE;
    return true;
}

bool lb_cluster_aim(struct lb_arena *arena, const struct lb_stack *stack, const char *domain,
                    enum lb_side side, struct lb_call *call)
{
    call->region = stack->regions[side];
    if (lb_domain_self_managed(stack, domain))
        return aim_at_own(arena, stack, domain, side, call);
    const struct lb_resource *resource = lb_cluster_domain(stack, domain, side);
    const char *host = resource ? lb_text_at(resource->live.value, "endpoint", NULL) : NULL;
    call->auth = LB_AUTH_SIGV4;
    call->host = host ? lb_arena_strdup(arena, host) : NULL;
    return host != NULL;
}

void lb_cluster_ask(struct lb_read *read, const char *domain, struct lb_call *call,
                    lb_decode_fn *decode)
{
    enum lb_side side = read->resource->side;
    const struct lb_resource *on = lb_cluster_domain(read->stack, domain, side);
    if (on && on->live.status == LB_LIVE_UNREADABLE)
        read->failed = true;
    else if (!lb_cluster_aim(read->arena, read->stack, domain, side, call))
        read->live->status = LB_LIVE_ABSENT;
    else
        read->ask(read, call, decode);
}

void lb_cluster_survey(struct lb_read *read, struct lb_call *call, lb_decode_fn *decode)
{
    const struct lb_resource *place = read->resource;
    call->deadline_ms = SURVEY_MS;
    if (place->reads_after[0]->live.status != LB_LIVE_UNREADABLE &&
        lb_cluster_aim(read->arena, read->stack, place->name, place->side, call))
        read->ask(read, call, decode);
}

static bool is_read_there(const struct lb_stack *stack, const struct lb_resource *place)
{
    size_t i = 0;
    for (const struct lb_resource *other; (other = lb_stack_next(stack, place->kind->name, &i));)
        for (size_t k = 0; k < other->reads_after_count; k++)
            if (other->reads_after[k] == place->reads_after[0])
                return true;
    return false;
}

struct lb_value *lb_cluster_surveyed(struct lb_read *read, const struct lb_call *call,
                                     const struct lb_answer *answer)
{
    struct lb_resource *in = read->resource->reads_after[0];
    /* A path that is not there, or that another one takes, has no part that could hold anything. */
    bool none = answer->outcome == LB_NOT_FOUND || answer->outcome == LB_REFUSED;
    bool came = answer->outcome == LB_ANSWERED;
    if (!came && !none && !is_read_there(read->stack, read->resource))
        lb_read_cannot_look(read, call, answer);
    if (!came)
        return NULL;
    if (!in->inside)
        in->inside = lb_value_map(read->arena);
    return lb_map_set(read->arena, in->inside, read->resource->kind->name,
                      lb_value_list(read->arena));
}

const char *lb_cluster_stray_address(struct lb_read *read, const char *name)
{
    const struct lb_resource *in = read->resource;
    bool moved = lb_stack_find(read->stack, in->kind->name, name, in->side) != NULL;
    return lb_arena_printf(read->arena, "%s.%s%s%s@%s", in->kind->name, moved ? in->name : "",
                           moved ? "/" : "", name, lb_side_name(in->side));
}

const char *lb_cluster_security_base(const struct lb_stack *stack, const char *domain)
{
    const struct lb_entry *entry = lb_stack_entry(stack, "domains", domain);
    const char *engine = entry ? lb_text_at(entry->value, "engine", "") : "";
    return lb_starts_with(engine, "Elasticsearch_") ? "_opendistro/_security"
                                                    : "_plugins/_security";
}

/* --- shared rules --------------------------------------------------------------------------- */

bool lb_cluster_has_security(const struct lb_stack *stack, const char *domain, enum lb_side side)
{
    const struct lb_resource *on = lb_cluster_domain(stack, domain, side);
    return on && !lb_domain_self_managed(stack, domain) &&
           lb_bool_at(on->stated, "fine_grained/enabled", true);
}

static bool is_caller(const struct lb_entry *role)
{
    return lb_streq(lb_text_at(role->value, "purpose", NULL), "caller");
}

struct lb_value *lb_cluster_callers(const struct lb_stack *stack)
{
    struct lb_value *arns = lb_value_list(stack->arena);
    const struct lb_value *roles = lb_map_get(stack->spec, "roles");
    for (size_t i = 0; i < lb_value_count(roles); i++)
        if (is_caller(lb_map_nth(roles, i)))
            lb_list_add_string(stack->arena, arns, lb_role_arn(stack, lb_map_nth(roles, i)->key));
    return arns;
}

void lb_cluster_need_callers(struct lb_stack *stack, struct lb_resource *resource)
{
    const struct lb_value *roles = lb_map_get(stack->spec, "roles");
    for (size_t i = 0; i < lb_value_count(roles); i++) {
        const struct lb_entry *role = lb_map_nth(roles, i);
        if (is_caller(role))
            lb_resource_need(stack, resource, NULL,
                             lb_stack_find(stack, "role", role->key, LB_SIDE_NONE), NULL);
    }
}

const struct lb_entry *lb_cluster_repository(const struct lb_stack *stack, const char *name,
                                             bool *local)
{
    static const char suffix[] = "-local";
    *local = false;
    const struct lb_entry *entry = lb_stack_entry(stack, "repositories", name);
    if (entry || !lb_ends_with(name, suffix))
        return entry;
    char *base = lb_arena_strndup(stack->arena, name, strlen(name) - strlen(suffix));
    entry = lb_stack_entry(stack, "repositories", base);
    *local = entry && lb_streq(lb_text_at(entry->value, "topology", NULL), "dual");
    return *local ? entry : NULL;
}
