/* role_purpose.c: what the purpose of a role means: who may assume it, and what it may do.
 *
 * All ARNs are known before the objects exist, so the roles can be made first, and a cold domain in
 * the other region is already allowed. Confused deputy: the search service assumes a snapshot role
 * only on behalf of the domains that use it, the restore target included: a trust that names only
 * one region fails at registration, in the disaster.
 * (AWS, "Cross-service confused deputy prevention", OpenSearch Service developer guide.)
 */
#include "providers/iam.h"
#include "providers/names.h"
#include "providers/role.h"

#include <string.h>

static const enum lb_side sides[] = {LB_SIDE_PRIMARY, LB_SIDE_SECONDARY};

/* Calls fn for each repository of the spec. */
static void each_repository(struct lb_stack *stack, void *payload,
                            void (*fn)(struct lb_stack *, const struct lb_value *, void *))
{
    const struct lb_value *repositories = lb_map_get(stack->spec, "repositories");
    for (size_t i = 0; i < lb_value_count(repositories); i++) {
        fn(stack, lb_map_nth(repositories, i)->value, payload);
    }
}

/* --- what repositories say ---------------------------------------------------------------------
 */

/* Which repositories count, and what they come to, in the order of the spec. */
struct counting {
    const char *role; /* only those of this role; NULL: every one */
    bool replicated;  /* only those of the topology `replicated` */
    struct lb_role_uses *uses;
};

void lb_role_uses_init(struct lb_role_uses *uses, struct lb_stack *stack)
{
    uses->domains = lb_value_list(stack->arena);
    uses->buckets = lb_value_list(stack->arena);
    uses->objects = lb_value_list(stack->arena);
    uses->keys = lb_value_list(stack->arena);
}

static void add_domain(struct lb_stack *stack, struct lb_role_uses *uses, const char *domain)
{
    if (!domain || lb_domain_self_managed(stack, domain)) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        lb_list_add_once(stack->arena, uses->domains, lb_domain_arn(stack, domain, sides[i]));
    }
}

/* The objects of every generation: a failback takes a new one and must not need a write to IAM. */
static void add_bucket(struct lb_stack *stack, struct lb_role_uses *uses, const char *bucket,
                       const char *base_path)
{
    const char *arn = lb_bucket_arn(stack, bucket);
    lb_list_add_once(stack->arena, uses->buckets, arn);
    lb_list_add_once(
        stack->arena, uses->objects,
        lb_arena_printf(stack->arena, "%s/%s%s*", arn, base_path, base_path[0] ? "/" : ""));
    const struct lb_entry *entry = lb_stack_entry(stack, "buckets", bucket);
    if (entry) {
        lb_list_add_once(stack->arena, uses->keys,
                         lb_text_at(entry->value, "encryption/kms_key", NULL));
    }
}

static void add_repository(struct lb_stack *stack, const struct lb_value *repository, void *payload)
{
    const struct counting *only = payload;
    if ((only->role && !lb_streq(lb_text_at(repository, "role", ""), only->role)) ||
        (only->replicated && !lb_streq(lb_text_at(repository, "topology", ""), "replicated"))) {
        return;
    }
    add_domain(stack, only->uses, lb_text_at(repository, "domain", NULL));
    for (size_t i = 0; i < 2; i++) {
        const char *bucket = lb_repository_bucket(repository, sides[i]);
        if (bucket) {
            add_bucket(stack, only->uses, bucket, lb_text_at(repository, "base_path", ""));
        }
    }
}

static void add_all(struct lb_arena *arena, struct lb_value *list, const struct lb_value *more)
{
    for (size_t i = 0; i < lb_value_count(more); i++) {
        lb_list_add_once(arena, list, lb_text(lb_list_item(more, i), NULL));
    }
}

/* --- documents ----------------------------------------------------------------------------------
 */

/* A trust policy with one statement, without its Principal's members. */
static struct lb_value *trust_new(struct lb_arena *arena)
{
    struct lb_value *document = lb_policy_new(arena);
    struct lb_value *statement = lb_list_add(arena, lb_map_list(arena, document, "Statement"),
                                             lb_value_map(arena));
    lb_map_set_string(arena, statement, "Effect", "Allow");
    lb_map_map(arena, statement, "Principal");
    lb_map_set_string(arena, statement, "Action", "sts:AssumeRole");
    return document;
}

static struct lb_value *trust_service(struct lb_arena *arena, const char *service)
{
    struct lb_value *document = trust_new(arena);
    lb_map_set_string(arena, lb_value_at(document, "Statement/0/Principal"), "Service", service);
    return document;
}

/* --- snapshot -----------------------------------------------------------------------------------
 */

static void uses_of_snapshots(struct lb_stack *stack, const struct lb_resource *role,
                              struct lb_role_uses *out)
{
    lb_role_uses_init(out, stack);
    each_repository(stack, &(struct counting){role->name, false, out}, add_repository);
}

static void add_kept(struct lb_arena *arena, struct lb_role_uses *uses,
                     const struct lb_role_uses *kept)
{
    if (kept) {
        add_all(arena, uses->domains, kept->domains);
        add_all(arena, uses->buckets, kept->buckets);
        add_all(arena, uses->objects, kept->objects);
        add_all(arena, uses->keys, kept->keys);
    }
}

/* The principal is es.amazonaws.com in every partition, also for OpenSearch engines. */
static struct lb_value *snapshot_trust(struct lb_stack *stack, struct lb_resource *role,
                                       const struct lb_role_uses *kept)
{
    struct lb_role_uses uses;
    uses_of_snapshots(stack, role, &uses);
    add_kept(stack->arena, &uses, kept);
    struct lb_value *document = trust_service(stack->arena, "es.amazonaws.com");
    struct lb_value *condition = lb_map_map(stack->arena, lb_value_at(document, "Statement/0"),
                                            "Condition");
    struct lb_value *account = lb_map_map(stack->arena, condition, "StringEquals");
    lb_map_set_string(stack->arena, account, "aws:SourceAccount", stack->account);
    if (lb_value_count(uses.domains) > 0) {
        struct lb_value *source = lb_map_map(stack->arena, condition, "ArnLike");
        lb_map_set(stack->arena, source, "aws:SourceArn", uses.domains);
        return document;
    }
    if (kept) { /* told when it was derived */
        return document;
    }
    lb_diags_add(stack->diags, &(struct lb_diag){.code = "LB-S066",
                                                 .severity = LB_WARNING,
                                                 .detail = lb_arena_printf(
                                                     stack->arena, "role \"%s\"", role->name),
                                                 .address = role->address,
                                                 .mark = role->mark});
    return document;
}

/* Verification and pruning need DeleteObject; parts of a failed upload are the writer's to abort.
 * (AWS, "Creating index snapshots", prerequisites.) Listing is by bucket: S3 has no other way. */
static struct lb_value *snapshot_policy(struct lb_stack *stack, struct lb_resource *role,
                                        const struct lb_role_uses *kept)
{
    static const char *const on_bucket[] = {"s3:ListBucket", "s3:GetBucketLocation",
                                            "s3:ListBucketMultipartUploads", NULL};
    static const char *const on_objects[] = {"s3:GetObject",
                                             "s3:PutObject",
                                             "s3:DeleteObject",
                                             "s3:AbortMultipartUpload",
                                             "s3:ListMultipartUploadParts",
                                             NULL};
    static const char *const on_keys[] = {"kms:Decrypt", "kms:GenerateDataKey", NULL};
    struct lb_role_uses uses;
    uses_of_snapshots(stack, role, &uses);
    add_kept(stack->arena, &uses, kept);
    struct lb_value *document = lb_policy_new(stack->arena);
    lb_policy_allow(stack->arena, document, "Buckets", on_bucket, uses.buckets);
    lb_policy_allow(stack->arena, document, "Objects", on_objects, uses.objects);
    lb_policy_allow(stack->arena, document, "Keys", on_keys, uses.keys);
    return document;
}

/* --- caller -------------------------------------------------------------------------------------
 */

/* "lambda.amazonaws.com" is a service; an account id means its root, which is how IAM returns it.
 */
static void add_principal(struct lb_stack *stack, struct lb_value *principal, const char *who)
{
    bool account = strlen(who) == 12 && strspn(who, "0123456789") == 12;
    bool arn = lb_starts_with(who, "arn:");
    struct lb_value *list = lb_map_list(stack->arena, principal,
                                        account || arn ? "AWS" : "Service");
    lb_list_add_once(
        stack->arena, list,
        account ? lb_arena_printf(stack->arena, "arn:%s:iam::%s:root", stack->partition, who)
                : who);
}

static struct lb_value *caller_trust(struct lb_stack *stack, struct lb_resource *role,
                                     const struct lb_role_uses *kept)
{
    (void)kept;
    const struct lb_value *trusted = lb_map_get(role->stated, "trusted_by");
    if (lb_value_count(trusted) == 0) {
        lb_diags_error(stack->diags, "LB-S065", &role->mark, "role \"%s\" has no `trusted_by`",
                       role->name);
        return NULL;
    }
    struct lb_value *document = trust_new(stack->arena);
    struct lb_value *principal = lb_value_at(document, "Statement/0/Principal");
    for (size_t i = 0; i < lb_value_count(trusted); i++) {
        add_principal(stack, principal, lb_text(lb_list_item(trusted, i), ""));
    }
    return document;
}

static struct lb_value *snapshot_roles(struct lb_stack *stack)
{
    struct lb_value *arns = lb_value_list(stack->arena);
    const struct lb_value *roles = lb_map_get(stack->spec, "roles");
    for (size_t i = 0; i < lb_value_count(roles); i++) {
        const struct lb_entry *entry = lb_map_nth(roles, i);
        if (lb_streq(lb_text_at(entry->value, "purpose", ""), "snapshot")) {
            lb_list_add_once(stack->arena, arns, lb_role_arn(stack, entry->key));
        }
    }
    return arns;
}

/* Registering a repository passes the snapshot role through the domain's own REST API. AWS
 * documents no iam:PassedToService for that path, and a condition on a key that is not set denies:
 * the exact role ARNs are the limit, and those roles trust the search service alone. */
static struct lb_value *caller_policy(struct lb_stack *stack, struct lb_resource *role,
                                      const struct lb_role_uses *kept)
{
    static const char *const pass[] = {"iam:PassRole", NULL};
    static const char *const http[] = {"es:ESHttpGet",
                                       "es:ESHttpHead",
                                       "es:ESHttpPost",
                                       "es:ESHttpPut",
                                       "es:ESHttpPatch",
                                       "es:ESHttpDelete",
                                       NULL};
    struct lb_role_uses uses;
    lb_role_uses_init(&uses, stack);
    const struct lb_value *domains = lb_map_get(stack->spec, "domains");
    for (size_t i = 0; i < lb_value_count(domains); i++) {
        add_domain(stack, &uses, lb_map_nth(domains, i)->key);
    }
    struct lb_value *paths = lb_value_list(stack->arena);
    for (size_t i = 0; i < lb_value_count(uses.domains); i++) {
        lb_list_add(
            stack->arena, paths,
            lb_value_format(stack->arena, "%s/*", lb_text(lb_list_item(uses.domains, i), "")));
    }
    (void)role;
    (void)kept;
    struct lb_value *document = lb_policy_new(stack->arena);
    lb_policy_allow(stack->arena, document, "PassSnapshotRoles", pass, snapshot_roles(stack));
    lb_policy_allow(stack->arena, document, "Domains", http, paths);
    return document;
}

/* --- replication --------------------------------------------------------------------------------
 */

/* Without a condition on purpose: AWS documents none for live replication ("Setting up permissions
 * for live replication"), a key that S3 does not set would stop replication silently, and only this
 * account can pass this role to S3. */
static struct lb_value *replication_trust(struct lb_stack *stack, struct lb_resource *role,
                                          const struct lb_role_uses *kept)
{
    (void)role;
    (void)kept;
    return trust_service(stack->arena, "s3.amazonaws.com");
}

static void add_rule(struct lb_stack *stack, struct lb_role_uses *uses, const char *bucket,
                     const struct lb_value *rule)
{
    const char *const both[] = {bucket, lb_text_at(rule, "destination", "")};
    for (size_t i = 0; i < 2; i++) {
        const char *arn = lb_bucket_arn(stack, both[i]);
        const struct lb_entry *entry = lb_stack_entry(stack, "buckets", both[i]);
        lb_list_add_once(stack->arena, uses->buckets, arn);
        lb_list_add_once(
            stack->arena, uses->objects,
            lb_arena_printf(stack->arena, "%s/%s*", arn, lb_text_at(rule, "prefix", "")));
        if (entry) {
            lb_list_add_once(stack->arena, uses->keys,
                             lb_text_at(entry->value, "encryption/kms_key", NULL));
        }
    }
    lb_list_add_once(stack->arena, uses->keys, lb_text_at(rule, "kms_key", NULL));
}

/* Rules that a bucket states itself, unless it states a role of its own for them. */
static void add_stated_rules(struct lb_stack *stack, struct lb_role_uses *uses)
{
    const struct lb_value *buckets = lb_map_get(stack->spec, "buckets");
    for (size_t i = 0; i < lb_value_count(buckets); i++) {
        const struct lb_entry *bucket = lb_map_nth(buckets, i);
        const struct lb_value *rules = lb_value_at(bucket->value, "replication/rules");
        for (size_t k = 0; k < lb_value_count(rules); k++) {
            if (!lb_value_at(bucket->value, "replication/role")) {
                add_rule(stack, uses, bucket->key, lb_list_item(rules, k));
            }
        }
    }
}

static void uses_of_replication(struct lb_stack *stack, const struct lb_resource *role,
                                struct lb_role_uses *out)
{
    (void)role;
    lb_role_uses_init(out, stack);
    each_repository(stack, &(struct counting){NULL, true, out}, add_repository);
    add_stated_rules(stack, out);
}

/* Both directions: after a failover the other bucket is the source, and IAM is not written then. */
static struct lb_value *replication_policy(struct lb_stack *stack, struct lb_resource *role,
                                           const struct lb_role_uses *kept)
{
    static const char *const on_bucket[] = {"s3:GetReplicationConfiguration", "s3:ListBucket",
                                            NULL};
    static const char *const on_source[] = {"s3:GetObjectVersionForReplication",
                                            "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging",
                                            NULL};
    static const char *const on_target[] = {"s3:ReplicateObject", "s3:ReplicateDelete",
                                            "s3:ReplicateTags", NULL};
    static const char *const on_keys[] = {"kms:Decrypt", "kms:Encrypt", NULL};
    struct lb_role_uses uses;
    uses_of_replication(stack, role, &uses);
    add_kept(stack->arena, &uses, kept);
    struct lb_value *document = lb_policy_new(stack->arena);
    lb_policy_allow(stack->arena, document, "Buckets", on_bucket, uses.buckets);
    lb_policy_allow(stack->arena, document, "Read", on_source, uses.objects);
    lb_policy_allow(stack->arena, document, "Replicate", on_target,
                    lb_value_copy(stack->arena, uses.objects));
    lb_policy_allow(stack->arena, document, "Keys", on_keys, uses.keys);
    return document;
}

/* --- the table ----------------------------------------------------------------------------------
 */

static const struct lb_purpose purposes[] = {
    {.name = "snapshot",
     .description = "domains read and write snapshot repositories",
     .trust = snapshot_trust,
     .policy = snapshot_policy,
     .uses = uses_of_snapshots,
     .sids = {"Buckets", "Objects", NULL, "Keys"},
     .why = "derived from the repositories that use the role"},
    {.name = "caller",
     .description = "operates the domains",
     .trust = caller_trust,
     .policy = caller_policy,
     .why = "derived from trusted_by, the domains and the snapshot roles"},
    {.name = "replication",
     .description = "S3 replicates snapshot repositories",
     .trust = replication_trust,
     .policy = replication_policy,
     .uses = uses_of_replication,
     .sids = {"Buckets", "Read", "Replicate", "Keys"},
     .why = "derived from the replicated repositories and the buckets' own rules"},
};

const struct lb_purpose *lb_purpose_find(const char *name)
{
    for (size_t i = 0; i < sizeof purposes / sizeof *purposes; i++) {
        if (lb_streq(purposes[i].name, name)) {
            return &purposes[i];
        }
    }
    return NULL;
}
