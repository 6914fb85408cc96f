/* repository.c: the registration of a bucket, or of a shared folder, in a domain, on both sides.
 *
 * One path of a bucket has one writer: the active side registers it for writing, the other
 * read-only, and a failback takes a new generation of the path. PUT verifies from every node and
 * answers 500 with the repository registered when that fails; while IAM still spreads a new role
 * this is no fault, so the call is sent again until its deadline; a cluster without a role has
 * nothing to wait for. An identical PUT changes nothing and verifies again.
 */
#include "providers/repository.h"

#include "providers/cluster.h"
#include "providers/names.h"

#include "transport/endpoint.h"

#define VERIFY_MS 180000 /* IAM's changes reach every region within minutes */

const struct lb_op lb_get_repositories = {
    .service = &lb_cluster_service,
    .name = "GetRepository",
    .brief = true,
    .method = "GET",
    .path = "/_snapshot",
    .plane = LB_PLANE_DATA,
    .iam = "es:ESHttpGet",
};
static const struct lb_op put_repository = {
    .service = &lb_cluster_service,
    .name = "CreateRepository",
    .method = "PUT",
    .path = "/_snapshot/{Repository}",
    .mutates = true,
    .plane = LB_PLANE_DATA,
    .iam = "es:ESHttpPut",
};

/* --- expand --------------------------------------------------------------------------------- */

static bool is_dual(const struct lb_value *entry)
{
    return lb_streq(lb_text_at(entry, "topology", NULL), "dual");
}

/* The second repository of `dual`: what the user stated, but in the bucket of the own region. */
static void add_local(struct lb_stack *stack, const struct lb_entry *entry, enum lb_side side)
{
    const char *name = lb_arena_printf(stack->arena, "%s-local", entry->key);
    struct lb_resource *local = lb_stack_add(stack, "repository", name, side, entry);
    local->stated = lb_value_share(stack->arena, entry->value);
    local->managed = lb_bool_at(entry->value, "managed", true);
    lb_map_remove(lb_map_get(local->stated, "settings"), "bucket");
}

static int check_references(struct lb_stack *stack, const struct lb_value *entry)
{
    size_t errors = stack->diags->errors;
    const struct lb_value *buckets = lb_map_get(entry, "buckets");
    lb_stack_ref(stack, "domains", lb_map_get(entry, "domain"));
    if (lb_map_get(entry, "role"))
        lb_stack_ref(stack, "roles", lb_map_get(entry, "role"));
    for (size_t i = 0; i < lb_value_count(buckets); i++)
        lb_stack_ref(stack, "buckets", lb_map_nth(buckets, i)->value);
    return stack->diags->errors > errors ? -1 : 0;
}

static int expand(struct lb_stack *stack, const struct lb_entry *entry)
{
    const char *domain = lb_text_at(entry->value, "domain", "");
    if (check_references(stack, entry->value))
        return -1;
    for (enum lb_side side = LB_SIDE_PRIMARY; side <= LB_SIDE_SECONDARY; side++) {
        if (!lb_domain_on_side(stack, domain, side))
            continue;
        lb_stack_add(stack, "repository", entry->key, side, entry);
        if (is_dual(entry->value))
            add_local(stack, entry, side);
    }
    return 0;
}

/* --- derive --------------------------------------------------------------------------------- */

struct maker {
    struct lb_stack *stack;
    struct lb_resource *repository;
    struct lb_value *settings;
    const char *domain;
    const char *bucket; /* NULL: none */
};

static void set(struct maker *m, const char *key, struct lb_value *value, const char *why)
{
    value->why = why;
    lb_map_default(m->stack->arena, m->settings, key, value);
}

static const char *choose_bucket(const struct maker *m)
{
    const struct lb_stack *stack = m->stack;
    const struct lb_value *stated = m->repository->stated;
    bool local;
    lb_cluster_repository(stack, m->repository->name, &local);
    enum lb_side writer = local ? lb_side_other(stack->active) : stack->active;
    if (lb_streq(lb_text_at(stated, "topology", NULL), "replicated"))
        writer = m->repository->side;
    return lb_repository_bucket(stated, writer);
}

/* In the bucket's own region a domain is told the region; from another region the endpoint instead,
 * never both (developer guide, "Registering a manual snapshot repository"). */
static void set_place(struct maker *m)
{
    const struct lb_stack *stack = m->stack;
    enum lb_side side = lb_bucket_side(stack, m->bucket);
    const char *region = stack->regions[side == LB_SIDE_NONE ? LB_SIDE_PRIMARY : side];
    if (lb_map_get(m->settings, "region") || lb_map_get(m->settings, "endpoint"))
        return;
    if (lb_streq(region, m->repository->region)) {
        set(m, "region", lb_value_string(stack->arena, region), "derived: the bucket's region");
        return;
    }
    const struct lb_partition *partition = lb_partition_of(region);
    bool plain = lb_streq(stack->partition, "aws");
    set(m, "endpoint",
        plain ? lb_value_format(stack->arena, "s3.%s", partition->dns_suffix)
              : lb_value_format(stack->arena, "s3.%s.%s", region, partition->dns_suffix),
        "derived: the bucket is in another region");
}

static void set_bucket(struct maker *m)
{
    struct lb_stack *stack = m->stack;
    const char *stated = lb_text_at(m->settings, "bucket", NULL);
    m->bucket = stated ? stated : choose_bucket(m);
    if (!m->bucket) {
        lb_diags_error(stack->diags, "LB-S091", &m->repository->mark,
                       "%s has no bucket while the %s side is active", m->repository->address,
                       lb_side_name(stack->active));
        return;
    }
    set(m, "bucket", lb_value_string(stack->arena, m->bucket),
        lb_arena_printf(stack->arena, "derived: the %s side is active",
                        lb_side_name(stack->active)));
    set(m, "base_path",
        lb_value_string(stack->arena, lb_repository_path(stack, m->repository->stated)),
        "derived: base_path and generation");
    lb_resource_need(stack, m->repository, NULL,
                     lb_stack_find(stack, "bucket", m->bucket, LB_SIDE_NONE), NULL);
}

static void set_role(struct maker *m)
{
    struct lb_stack *stack = m->stack;
    const char *role = lb_text_at(m->repository->stated, "role", NULL);
    if (!role && !lb_map_get(m->settings, "role_arn")) {
        lb_diags_error(stack->diags, "LB-S091", &m->repository->mark,
                       "%s has no role that its domain could assume", m->repository->address);
        return;
    }
    if (!role)
        return;
    set(m, "role_arn", lb_value_string(stack->arena, lb_role_arn(stack, role)),
        lb_arena_printf(stack->arena, "derived: role.%s", role));
    lb_resource_need(stack, m->repository, NULL, lb_stack_find(stack, "role", role, LB_SIDE_NONE),
                     NULL);
}

/* A folder that all nodes share. A relative one lies in the first of the nodes' path.repo. */
static void set_location(struct maker *m)
{
    static const char *const of_buckets[] = {"role", "topology", "buckets", "replication"};
    struct lb_stack *stack = m->stack;
    struct lb_resource *repository = m->repository;
    if (!lb_domain_self_managed(stack, m->domain))
        lb_diags_error(stack->diags, "LB-S095", lb_map_get(repository->desired, "type")->mark,
                       "domain.%s is run by AWS", m->domain);
    for (size_t i = 0; i < sizeof of_buckets / sizeof *of_buckets; i++) {
        const struct lb_entry *entry = lb_map_entry(repository->stated, of_buckets[i]);
        if (entry && entry->key_mark->line)
            lb_diags_error(stack->diags, "LB-S096", entry->key_mark, "`%s` of %s", of_buckets[i],
                           repository->address);
    }
    if (lb_map_get(repository->stated, "base_path"))
        set(m, "location",
            lb_value_string(stack->arena, lb_repository_path(stack, repository->stated)),
            "derived: base_path and generation, in the nodes' path.repo");
    else if (!lb_map_get(m->settings, "location"))
        lb_diags_error_try(stack->diags, "LB-S091", &repository->mark,
                           "state `base_path: NAME`, or `settings: {location: FOLDER}`",
                           "%s has no folder to write to", repository->address);
    /* A reader is verified too, and refuses a folder that is not there yet. */
    if (repository->side != stack->active)
        lb_resource_need(stack, repository, NULL,
                         lb_stack_find(stack, "repository", repository->name, stack->active), NULL);
}

static void set_engine_rules(struct maker *m)
{
    struct lb_stack *stack = m->stack;
    enum lb_side side = m->repository->side;
    const struct lb_value *sse = lb_map_get(m->settings, "server_side_encryption");
    if (sse && lb_cluster_opensearch_since(stack, m->domain, side, 3, 1))
        lb_diags_error(stack->diags, "LB-S093", sse->mark, "server_side_encryption with %s",
                       lb_cluster_engine(stack, m->domain, side));
    /* HASHED_PREFIX, the default of some versions, puts shard data outside base_path, where rules
     * scoped to the path miss it. 2.17 was the first that knows the setting. */
    if (lb_cluster_opensearch_since(stack, m->domain, side, 2, 17))
        set(m, "shard_path_type", lb_value_string(stack->arena, "FIXED"),
            "derived: keeps shard data under base_path");
}

static int derive(struct lb_stack *stack, struct lb_resource *repository)
{
    struct maker m = {.stack = stack, .repository = repository};
    size_t errors = stack->diags->errors;
    m.domain = lb_text_at(repository->stated, "domain", "");
    lb_desire(stack, repository, "type", lb_value_string(stack->arena, "s3"), "default");
    m.settings = lb_desire(stack, repository, "settings", lb_value_map(stack->arena), NULL);
    if (lb_streq(lb_text_at(repository->desired, "type", NULL), "s3")) {
        set_bucket(&m);
        if (m.bucket && !lb_domain_self_managed(stack, m.domain)) {
            set_role(&m);
            set_place(&m);
        }
        set_engine_rules(&m);
    } else {
        set_location(&m);
    }
    bool writes = repository->side == stack->active;
    set(&m, "readonly", lb_value_bool(stack->arena, !writes),
        writes ? "derived: the active side writes" : "derived: only the active side writes");
    lb_cluster_depends(stack, repository, m.domain);
    lb_resource_need(stack, repository, NULL,
                     lb_stack_find(stack, "role_mapping", m.domain, repository->side), NULL);
    return stack->diags->errors > errors ? -1 : 0;
}

/* --- read ----------------------------------------------------------------------------------- */

/* {"a": {"b": "1"}} -> {"a.b": "1"}: dotted keys come back nested. */
static void flatten(struct lb_arena *arena, const struct lb_value *from, const char *prefix,
                    struct lb_value *out)
{
    for (size_t i = 0; i < lb_value_count(from); i++) {
        const struct lb_entry *entry = lb_map_nth(from, i);
        const char *key = lb_arena_printf(arena, "%s%s", prefix, entry->key);
        if (entry->value->type == LB_MAP)
            flatten(arena, entry->value, lb_arena_printf(arena, "%s.", key), out);
        else
            lb_map_set(arena, out, key, lb_value_copy(arena, entry->value));
    }
}

static void decode(struct lb_read *read, const struct lb_call *call, const struct lb_answer *answer)
{
    read->live->status = LB_LIVE_ABSENT;
    if (!lb_read_ok(read, call, answer))
        return;
    const struct lb_value *found = lb_map_get(answer->body, read->resource->name);
    if (!found)
        return;
    read->live->status = LB_LIVE_PRESENT;
    struct lb_value *value = lb_read_value(read);
    lb_map_set_string(read->arena, value, "type", lb_text_at(found, "type", NULL));
    struct lb_value *settings = lb_map_map(read->arena, value, "settings");
    flatten(read->arena, lb_map_get(found, "settings"), "", settings);
    /* Defaults are not in the answer; this one decides who writes. */
    lb_map_default(read->arena, settings, "readonly", lb_value_string(read->arena, "false"));
}

static int read_registration(struct lb_read *read)
{
    lb_cluster_ask(read, lb_text_at(read->resource->stated, "domain", ""),
                   lb_read_call(read, &lb_get_repositories), decode);
    return 0;
}

/* --- write ---------------------------------------------------------------------------------- */

/* PUT replaces all settings: those of others are sent back. Region and endpoint exclude each other,
 * so of these only ours go. */
static struct lb_value *all_settings(struct lb_write *write)
{
    const struct lb_value *ours = lb_map_get(write->desired, "settings");
    const struct lb_value *theirs = lb_map_get(write->live->value, "settings");
    struct lb_value *out = lb_value_copy(write->arena, ours);
    bool placed = lb_map_get(ours, "region") || lb_map_get(ours, "endpoint");
    for (size_t i = 0; i < lb_value_count(theirs); i++) {
        const struct lb_entry *entry = lb_map_nth(theirs, i);
        bool place = lb_streq(entry->key, "region") || lb_streq(entry->key, "endpoint");
        if (!(place && placed))
            lb_map_default(write->arena, out, entry->key,
                           lb_value_copy(write->arena, entry->value));
    }
    return out;
}

static int write_registration(struct lb_write *write)
{
    struct lb_call *call = lb_write_call(write, &put_repository);
    lb_call_param(write->arena, call, "Repository", write->resource->name);
    lb_cluster_aim(write->arena, write->stack, lb_text_at(write->resource->stated, "domain", ""),
                   write->resource->side, call);
    struct lb_value *body = lb_call_body(write->arena, call);
    lb_map_set_string(write->arena, body, "type", lb_text_at(write->desired, "type", "s3"));
    lb_map_set(write->arena, body, "settings", all_settings(write));
    call->final_on = LB_CLUSTER_UNVERIFIED;
    call->deadline_ms = VERIFY_MS;
    if (lb_map_get(lb_map_get(write->desired, "settings"), "role_arn"))
        call->retry_on = call->final_on;
    bool readonly = lb_bool_at(write->desired, "settings/readonly", false);
    write->emit(write, call, readonly ? "register for reading" : "register for writing");
    return 0;
}

/* The other of region and endpoint goes when ours comes: it must not be shown as kept. Where both
 * are live it stays to be seen. */
static void normalize(struct lb_arena *arena, const struct lb_resource *repository,
                      struct lb_value *value)
{
    (void)arena;
    static const char *const places[2] = {"region", "endpoint"};
    const struct lb_value *ours = lb_map_get(repository->desired, "settings");
    struct lb_value *settings = lb_map_get(value, "settings");
    for (size_t i = 0; i < 2; i++)
        if (lb_map_get(ours, places[i]) && !lb_map_get(ours, places[1 - i]) &&
            !lb_map_get(settings, places[i]))
            lb_map_remove(settings, places[1 - i]);
}

static const struct lb_granule granules[] = {
    {"registration", read_registration, write_registration, false},
    {NULL, NULL, NULL, false},
};

const struct lb_provider lb_provider_repository = {
    .kind = "repository",
    .arn = lb_cluster_arn,
    .granules = granules,
    .expand = expand,
    .derive = derive,
    .normalize = normalize,
    .survey = lb_repository_survey,
    .survey_in = "domain",
};
