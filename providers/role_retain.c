/* role_retain.c: what a role keeps because things that left the spec use it.
 *
 * A repository that leaves the spec stays registered, and its domain goes on assuming the snapshot
 * role; the rule that copies it goes on with the role of the purpose `replication`. To take the
 * domain out of the trust, or its bucket out of the policy, would break what was only released. So
 * what the live documents allow stays as long as a registration that a survey found, or a rule that
 * stays, needs it, and a KMS key stays in any case, because nobody can see which objects were
 * written with it. Where nobody could look (a domain or bucket that left the spec too, --target, a
 * cluster out of reach) all that lies in a bucket of this stack stays. Nothing is added to the live
 * documents that they do not hold, and what nothing explains is still taken back as drift.
 */
#include "providers/bucket.h"
#include "providers/iam.h"
#include "providers/names.h"
#include "providers/role.h"
#include "providers/tags.h"

#include <string.h>

#define USERS_TOLD 10 /* a cluster may have any number of registrations */

struct keeping {
    struct lb_stack *stack;
    struct lb_arena *arena;
    const struct lb_resource *role;
    const char *role_arn;
    const struct lb_value *trusted; /* ARNs in the live trust */
    struct lb_role_uses spec;       /* what the spec says: nothing of it is kept, it is wanted */
    struct lb_value *domains;       /* ARNs of those that still assume the role */
    struct lb_value *paths;         /* set: "arn:aws:s3:::logs/search/g1/" of registrations */
    struct lb_value *users;         /* set: who that is, in words */
    bool unseen;                    /* somewhere nobody could look */
    struct lb_role_uses *out;
};

static const enum lb_side sides[] = {LB_SIDE_PRIMARY, LB_SIDE_SECONDARY};

static size_t one_or_many(const struct lb_value *value)
{
    return lb_is(value, LB_LIST) ? lb_value_count(value) : lb_is(value, LB_STRING);
}

static const char *nth_text(const struct lb_value *value, size_t i)
{
    return lb_text(lb_is(value, LB_LIST) ? lb_list_item(value, i) : value, "");
}

/* --- who uses it --------------------------------------------------------------------------------
 */

static void add_user(struct keeping *k, const char *user)
{
    lb_map_set_bool(k->arena, k->users, user, true);
}

/* Both sides: a restore elsewhere assumes the role there. */
static void add_domain(struct keeping *k, const char *domain)
{
    for (size_t i = 0; i < 2; i++)
        lb_list_add_once(k->arena, k->domains, lb_domain_arn(k->stack, domain, sides[i]));
}

static void add_registration(struct keeping *k, const struct lb_resource *domain,
                             const struct lb_value *found)
{
    const char *path = lb_text_at(found, "path", "");
    if (!lb_streq(lb_text_at(found, "role", NULL), k->role_arn))
        return;
    add_domain(k, domain->name);
    lb_map_set_bool(k->arena, k->paths,
                    lb_arena_printf(k->arena, "%s/%s%s",
                                    lb_bucket_arn(k->stack, lb_text_at(found, "bucket", "")), path,
                                    *path ? "/" : ""),
                    true);
    add_user(k, lb_arena_printf(k->arena, "registration %s in %s", lb_text_at(found, "name", ""),
                                domain->address));
}

static void look_into(struct keeping *k, const struct lb_resource *domain)
{
    const struct lb_value *found = lb_map_get(domain->inside, "repository");
    if (lb_domain_self_managed(k->stack, domain->name))
        return;
    for (size_t i = 0; i < lb_value_count(found); i++)
        add_registration(k, domain, lb_list_item(found, i));
    if (found || domain->live.status == LB_LIVE_ABSENT)
        return;
    k->unseen = true;
    add_domain(k, domain->name);
    add_user(k, lb_arena_printf(k->arena, "%s (nobody could look there)", domain->address));
}

static const char *region_of(struct lb_arena *arena, const char *arn)
{
    for (size_t i = 0; i < 3 && arn; i++)
        arn = (arn = strchr(arn, ':')) ? arn + 1 : NULL;
    return arn ? lb_arena_strndup(arena, arn, strcspn(arn, ":")) : "";
}

static bool is_looked_into(const struct lb_stack *stack, const char *arn)
{
    size_t i = 0;
    for (struct lb_resource *domain; (domain = lb_stack_next(stack, "domain", &i));)
        if (lb_streq(lb_domain_arn(stack, domain->name, domain->side), arn))
            return true;
    return false;
}

/* Domains that the role trusts and that are not in the spec, but for all we know are there. */
static void add_left_domains(struct keeping *k)
{
    for (size_t i = 0; i < one_or_many(k->trusted); i++) {
        const char *arn = nth_text(k->trusted, i);
        if (strpbrk(arn, "*?") || is_looked_into(k->stack, arn) ||
            lb_tags_marked(k->stack, region_of(k->arena, arn), arn) == 0)
            continue;
        k->unseen = true;
        lb_list_add_once(k->arena, k->domains, arn);
        add_user(k, lb_arena_printf(k->arena, "%s (left the spec)", arn));
    }
}

static bool is_ours(const struct keeping *k, const char *bucket)
{
    const char *arn = lb_bucket_arn(k->stack, bucket);
    bool unknown = false;
    if (strpbrk(bucket, "*?") || lb_stack_entry(k->stack, "buckets", bucket))
        return !strpbrk(bucket, "*?");
    for (size_t i = 0; i < 2; i++) {
        int marked = lb_tags_marked(k->stack, k->stack->regions[sides[i]], arn);
        if (marked > 0)
            return true;
        unknown |= marked < 0;
    }
    return unknown;
}

/* --- which rules copy with it -------------------------------------------------------------------
 */

static void add_copy(struct keeping *k, const struct lb_resource *bucket,
                     const struct lb_value *rule)
{
    const char *const ends[] = {bucket->name, lb_text_at(rule, "destination", "")};
    const char *id = lb_text_at(rule, "id", "");
    if (!lb_bucket_rule_is_kept(k->stack, bucket, id))
        return;
    for (size_t i = 0; i < 2; i++)
        lb_map_set_bool(k->arena, k->paths,
                        lb_arena_printf(k->arena, "%s/%s", lb_bucket_arn(k->stack, ends[i]),
                                        lb_text_at(rule, "prefix", "")),
                        true);
    add_user(k, lb_arena_printf(k->arena, "rule %s of %s", id, bucket->address));
}

static void look_at_rules(struct keeping *k, const struct lb_resource *bucket)
{
    const struct lb_value *live = lb_map_get(bucket->live.value, "replication");
    const struct lb_value *rules = lb_map_get(live, "rules");
    bool uses = lb_streq(lb_text_at(live, "role", NULL), k->role_arn);
    for (size_t i = 0; i < lb_value_count(rules) && uses; i++)
        add_copy(k, bucket, lb_list_item(rules, i));
    if (live || bucket->live.status == LB_LIVE_ABSENT)
        return;
    k->unseen = true;
    add_user(k, lb_arena_printf(k->arena, "%s (nobody looked at its rules)", bucket->address));
}

static const char *bucket_of(const struct keeping *k, const char *resource)
{
    const char *root = lb_bucket_arn(k->stack, "");
    const char *name = lb_starts_with(resource, root) ? resource + strlen(root) : "";
    return lb_arena_strndup(k->arena, name, strcspn(name, "/"));
}

/* Buckets that the live policy names and that are not in the spec, but for all we know are there.
 */
static void add_left_bucket(struct keeping *k, const char *resource)
{
    const char *bucket = bucket_of(k, resource);
    if (!*bucket || lb_stack_entry(k->stack, "buckets", bucket) || !is_ours(k, bucket))
        return;
    k->unseen = true;
    add_user(k, lb_arena_printf(k->arena, "bucket %s (left the spec)", bucket));
}

static void add_left_buckets(struct keeping *k)
{
    const struct lb_value *statements = lb_value_at(k->role->live.value,
                                                    "policies/" LB_ROLE_POLICY "/Statement");
    for (size_t i = 0; i < lb_value_count(statements); i++) {
        const struct lb_value *resources = lb_map_get(lb_list_item(statements, i), "Resource");
        for (size_t r = 0; r < one_or_many(resources); r++)
            add_left_bucket(k, nth_text(resources, r));
    }
}

static void find_copies(struct keeping *k)
{
    size_t i = 0;
    for (const struct lb_resource *bucket; (bucket = lb_stack_next(k->stack, "bucket", &i));)
        look_at_rules(k, bucket);
    add_left_buckets(k);
}

static void find_registrations(struct keeping *k)
{
    size_t i = 0;
    for (const struct lb_resource *domain; (domain = lb_stack_next(k->stack, "domain", &i));)
        look_into(k, domain);
    add_left_domains(k);
}

/* --- what of the live documents they use --------------------------------------------------------
 */

/* Of a pattern as they are derived: the bucket itself, or a path in it that ends with "*". */
static bool covers(const char *pattern, const char *path)
{
    size_t bucket = strcspn(path, "/"), length = strlen(pattern);
    if (strncmp(pattern, path, bucket) != 0)
        return false;
    if (length == bucket)
        return true;
    return pattern[bucket] == '/' && pattern[length - 1] == '*' &&
           strncmp(pattern, path, length - 1) == 0;
}

static bool is_used(const struct keeping *k, const char *resource)
{
    for (size_t i = 0; i < lb_value_count(k->paths); i++)
        if (covers(resource, lb_map_nth(k->paths, i)->key))
            return true;
    const char *bucket = bucket_of(k, resource);
    return k->unseen && *bucket && is_ours(k, bucket);
}

static bool is_key(const struct keeping *k, const char *resource)
{
    (void)k; /* as is_used takes it */
    return lb_starts_with(resource, "arn:") && strstr(resource, ":kms:") &&
           !strpbrk(resource, "*?");
}

/* Statements are known by the Sid that they are derived with. */
static void keep_of(struct keeping *k, const char *sid, const struct lb_value *wanted,
                    struct lb_value *kept, bool (*stays)(const struct keeping *, const char *))
{
    const struct lb_value *statements = lb_value_at(k->role->live.value,
                                                    "policies/" LB_ROLE_POLICY "/Statement");
    for (size_t i = 0; i < lb_value_count(statements); i++) {
        const struct lb_value *statement = lb_list_item(statements, i);
        const struct lb_value *resources = lb_map_get(statement, "Resource");
        if (!sid || !lb_streq(lb_text_at(statement, "Sid", NULL), sid))
            continue;
        for (size_t r = 0; r < one_or_many(resources); r++)
            if (!lb_list_has(wanted, nth_text(resources, r)) && stays(k, nth_text(resources, r)))
                lb_list_add_once(k->arena, kept, nth_text(resources, r));
    }
}

static void keep_trust(struct keeping *k)
{
    for (size_t i = 0; i < one_or_many(k->trusted); i++) {
        const char *arn = nth_text(k->trusted, i);
        if (!lb_list_has(k->spec.domains, arn) && lb_list_has(k->domains, arn))
            lb_list_add_once(k->arena, k->out->domains, arn);
    }
}

/* --- telling ------------------------------------------------------------------------------------
 */

static void join(struct lb_str *out, const struct lb_value *list)
{
    for (size_t i = 0; i < lb_value_count(list); i++)
        lb_str_printf(out, "%s%s", out->length ? ", " : "", lb_text(lb_list_item(list, i), ""));
}

static void tell(struct keeping *k)
{
    struct lb_str kept = {0}, users = {0};
    join(&kept, k->out->domains);
    join(&kept, k->out->buckets);
    join(&kept, k->out->objects);
    join(&kept, k->out->keys);
    lb_map_sort(k->users);
    for (size_t i = 0; i < lb_value_count(k->users) && i < USERS_TOLD; i++)
        lb_str_printf(&users, "%s%s", i ? ", " : "", lb_map_nth(k->users, i)->key);
    if (lb_value_count(k->users) > USERS_TOLD)
        lb_str_printf(&users, " and %zu more", lb_value_count(k->users) - USERS_TOLD);
    struct lb_diag diag = {.code = "LB-P036",
                           .address = k->role->address,
                           .mark = k->role->mark,
                           .remedy = "remove what uses it (DELETE _snapshot/NAME) when it is not "
                                     "needed any more: the next apply takes the permission away. "
                                     "What is taken out of the policy by hand is not put back",
                           .detail = lb_arena_printf(k->arena, "%s; used by %s", lb_str_text(&kept),
                                                     users.length ? lb_str_text(&users)
                                                                  : "what was written with them")};
    lb_diags_add(k->stack->diags, &diag);
    lb_str_release(&kept);
    lb_str_release(&users);
}

bool lb_role_find_kept(struct lb_stack *stack, const struct lb_resource *role,
                       const struct lb_purpose *purpose, struct lb_role_uses *out)
{
    struct keeping k = {.stack = stack,
                        .arena = stack->arena,
                        .role = role,
                        .role_arn = lb_role_arn(stack, role->name),
                        .domains = lb_value_list(stack->arena),
                        .paths = lb_value_map(stack->arena),
                        .users = lb_value_map(stack->arena),
                        .out = out};
    const char *const *sids = purpose->sids;
    k.trusted = lb_value_at(role->live.value, "trust/Statement/0/Condition/ArnLike/aws:SourceArn");
    lb_role_uses_init(out, stack);
    purpose->uses(stack, role, &k.spec);
    if (sids[2])
        find_copies(&k);
    else
        find_registrations(&k);
    if (!lb_map_get(role->stated, "trust"))
        keep_trust(&k);
    if (!lb_value_at(role->stated, "policies/" LB_ROLE_POLICY)) {
        keep_of(&k, sids[0], k.spec.buckets, out->buckets, is_used);
        keep_of(&k, sids[1], k.spec.objects, out->objects, is_used);
        keep_of(&k, sids[2], k.spec.objects, out->objects, is_used);
        keep_of(&k, sids[3], k.spec.keys, out->keys, is_key);
    }
    bool any = lb_value_count(out->domains) || lb_value_count(out->buckets) ||
               lb_value_count(out->objects) || lb_value_count(out->keys);
    if (any)
        tell(&k);
    return any;
}
