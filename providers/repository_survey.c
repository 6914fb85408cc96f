/* repository_survey.c: registrations that left the spec.
 *
 * A registration carries no mark: its settings are the engine's. It is known as ours by what it
 * uses, all of it: a bucket and, in a domain of AWS, a role that are this stack's (declared, or
 * marked with its tags though they left the spec too), and the settings that lifeboat always writes
 * and people hardly do. One that is made by hand, in a bucket of others or with a role of others is
 * never claimed, and a shared folder, which nothing marks, is not either. Whoever made them,
 * all are noted at the domain (`inside`), for the roles that they use and the paths that they
 * write.
 */
#include "providers/repository.h"

#include "providers/cluster.h"
#include "providers/names.h"
#include "providers/role.h"
#include "providers/tags.h"

#include <string.h>

static lb_decode_fn decode_role;

/* "search/g3", "g1": what lb_repository_path makes. */
static bool has_generation(const char *path)
{
    const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
    return *last == 'g' && last[1] > '0' && last[1] <= '9' &&
           last[1 + strspn(last + 1, "0123456789")] == '\0';
}

static bool has_our_shape(const struct lb_read *read, const struct lb_value *registration)
{
    const struct lb_resource *in = read->resource;
    const struct lb_value *settings = lb_map_get(registration, "settings");
    bool typed = lb_cluster_opensearch_since(read->stack, in->name, in->side, 2, 17);
    bool role = !lb_domain_self_managed(read->stack, in->name);
    return lb_streq(lb_text_at(registration, "type", NULL), "s3") &&
           lb_map_get(settings, "readonly") && lb_map_get(settings, "bucket") &&
           (lb_map_get(settings, "shard_path_type") || !typed) &&
           (lb_map_get(settings, "role_arn") || !role) &&
           has_generation(lb_text_at(settings, "base_path", ""));
}

/* --- whose role and bucket it is -----------------------------------------------------------------
 * Candidates wait in maps of this reading: live->value by bucket, live->raw by the name of a role.
 */

static void add_candidate(struct lb_read *read, struct lb_value **waiting, const char *key,
                          const struct lb_value *candidate)
{
    if (!*waiting)
        *waiting = lb_value_map(read->arena);
    lb_list_add(read->arena, lb_map_list(read->arena, *waiting, key),
                lb_value_copy(read->arena, candidate));
}

static void report(struct lb_read *read, const struct lb_value *candidate)
{
    const struct lb_resource *in = read->resource;
    const char *name = lb_text_at(candidate, "name", ""), *side = lb_side_name(in->side);
    read->stray(read, lb_cluster_stray_address(read, name),
                lb_arena_printf(read->arena, "registration of %s, %s, in domain.%s@%s",
                                lb_text_at(candidate, "bucket", ""),
                                lb_text_at(candidate, "path", ""), in->name, side));
}

static void report_all(struct lb_read *read, const struct lb_value *candidates)
{
    for (size_t i = 0; i < lb_value_count(candidates); i++)
        report(read, lb_list_item(candidates, i));
}

static bool is_declared_role(const struct lb_stack *stack, const char *arn)
{
    size_t i = 0;
    for (const struct lb_resource *role; (role = lb_stack_next(stack, "role", &i));)
        if (role->managed && lb_streq(lb_role_arn(stack, role->name), arn))
            return true;
    return false;
}

/* Of a role that no spec has only its tags tell; the survey of roles asks for them, too. */
static void settle_role(struct lb_read *read, const struct lb_value *candidate)
{
    const struct lb_stack *stack = read->stack;
    const char *arn = lb_text_at(candidate, "role", NULL), *slash = arn ? strrchr(arn, '/') : NULL;
    if (!arn || is_declared_role(stack, arn)) {
        report(read, candidate);
        return;
    }
    if (!slash || !lb_starts_with(slash + 1, lb_arena_printf(read->arena, "%s-", stack->name)))
        return;
    bool asked = lb_map_get(read->live->raw, slash + 1) != NULL;
    add_candidate(read, &read->live->raw, slash + 1, candidate);
    if (!asked)
        lb_role_ask(read, slash + 1, decode_role);
}

static void decode_role(struct lb_read *read, const struct lb_call *call,
                        const struct lb_answer *answer)
{
    struct lb_value *tags = NULL;
    if (answer->outcome != LB_ANSWERED)
        return;
    lb_role_answer(read, answer, &tags);
    if (lb_streq(lb_text(lb_map_get(tags, LB_TAG_STACK), NULL), read->stack->name))
        report_all(read, lb_map_get(read->live->raw, lb_text_at(call->body, "RoleName", "")));
}

static void settle_bucket(struct lb_read *read, const char *bucket)
{
    const struct lb_value *candidates = lb_map_get(read->live->value, bucket);
    for (size_t i = 0; i < lb_value_count(candidates); i++)
        settle_role(read, lb_list_item(candidates, i));
}

/* Of a bucket that left the spec; its address says which of those that wait it is. */
static void take_tags(struct lb_read *read, const struct lb_value *listed)
{
    static const char kind[] = "bucket.";
    const struct lb_value *tags = lb_tags_to_map(read->arena, listed);
    const char *address = lb_text(lb_map_get(tags, LB_TAG_ADDRESS), "");
    if (lb_streq(lb_text(lb_map_get(tags, LB_TAG_STACK), NULL), read->stack->name) &&
        lb_starts_with(address, kind))
        settle_bucket(read, address + strlen(kind));
}

/* --- the list ------------------------------------------------------------------------------- */

static struct lb_value *candidate_of(struct lb_read *read, const char *name,
                                     const struct lb_value *settings)
{
    struct lb_value *candidate = lb_value_map(read->arena);
    lb_map_set_string(read->arena, candidate, "name", name);
    lb_map_set_string(read->arena, candidate, "bucket", lb_text_at(settings, "bucket", NULL));
    lb_map_set_string(read->arena, candidate, "path", lb_text_at(settings, "base_path", ""));
    lb_map_set_string(read->arena, candidate, "role", lb_text_at(settings, "role_arn", NULL));
    lb_map_set_string(read->arena, candidate, "folder", lb_text_at(settings, "location", NULL));
    lb_map_set_bool(read->arena, candidate, "readonly", lb_bool_at(settings, "readonly", false));
    lb_map_set_string(read->arena, candidate, "region", lb_text_at(settings, "region", NULL));
    return candidate;
}

/* A bucket without a region is in the other one: it was registered by its endpoint. */
static void look_for_bucket(struct lb_read *read, const char *bucket,
                            const struct lb_value *candidate)
{
    const struct lb_stack *stack = read->stack;
    const struct lb_resource *declared = lb_stack_find(stack, "bucket", bucket, LB_SIDE_NONE);
    const char *other = stack->regions[lb_side_other(read->resource->side)];
    if (declared && declared->managed)
        settle_bucket(read, bucket);
    else if (!declared)
        lb_tags_ask(read, lb_text_at(candidate, "region", other), lb_bucket_arn(stack, bucket),
                    take_tags);
}

/* Of that name, and in this domain: one that moved to another is left behind here. */
static bool is_declared(const struct lb_read *read, const char *name)
{
    const struct lb_resource *in = read->resource;
    const struct lb_resource *of = lb_stack_find(read->stack, "repository", name, in->side);
    return of && lb_streq(lb_text_at(of->stated, "domain", NULL), in->name);
}

static void decode(struct lb_read *read, const struct lb_call *call, const struct lb_answer *answer)
{
    struct lb_value *found = lb_cluster_surveyed(read, call, answer);
    if (!found)
        return;
    for (size_t i = 0; i < lb_value_count(answer->body); i++) {
        const struct lb_entry *entry = lb_map_nth(answer->body, i);
        if (is_declared(read, entry->key))
            continue;
        struct lb_value *candidate = candidate_of(read, entry->key,
                                                  lb_map_get(entry->value, "settings"));
        lb_list_add(read->arena, found, candidate);
        if (has_our_shape(read, entry->value))
            add_candidate(read, &read->live->value, lb_text_at(candidate, "bucket", ""), candidate);
    }
    for (size_t i = 0; i < lb_value_count(read->live->value); i++) {
        const struct lb_entry *bucket = lb_map_nth(read->live->value, i);
        look_for_bucket(read, bucket->key, lb_list_item(bucket->value, 0));
    }
}

int lb_repository_survey(struct lb_read *read)
{
    lb_cluster_survey(read, lb_read_call(read, &lb_get_repositories), decode);
    return 0;
}
