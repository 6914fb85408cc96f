/* bucket.c: the kind `bucket`: an S3 bucket that holds snapshot repositories.
 *
 * A bucket has no configuration of its own: each sub-resource (versioning, encryption, lifecycle,
 * ...) is one document with one read and one write, hence one granule. What a safe bucket needs is
 * derived; lifecycle and replication have files of their own.
 */
#include "providers/bucket.h"

#include "providers/names.h"

#include <string.h>

/* "arn:aws:kms:REGION:..." names a key that can be used in REGION only; S3 takes a key of another
 * region at configuration and fails every upload after that. */
static int check_key_region(struct lb_stack *stack, const struct lb_resource *bucket,
                            const struct lb_value *key)
{
    const char *at = lb_text(key, NULL);
    for (int colons = 0; at && colons < 3; colons++) {
        at = strchr(at, ':');
        at = at ? at + 1 : NULL;
    }
    size_t length = strlen(bucket->region);
    if (!at || (strncmp(at, bucket->region, length) == 0 && at[length] == ':')) {
        return 0;
    }
    return lb_diags_error(stack->diags, "LB-S067", key->mark, "bucket \"%s\" is in %s",
                          bucket->name, bucket->region);
}

static int derive_encryption(struct lb_stack *stack, struct lb_resource *bucket)
{
    struct lb_arena *arena = stack->arena;
    struct lb_value *encryption = lb_desire(stack, bucket, "encryption", lb_value_map(arena),
                                            "default");
    const struct lb_value *key = lb_map_get(encryption, "kms_key");
    struct lb_value *algorithm = lb_value_string(arena, key ? "aws:kms" : "AES256");
    algorithm->why = key ? "derived from kms_key" : "default";
    algorithm = lb_map_default(arena, encryption, "algorithm", algorithm);
    bool kms = lb_streq(lb_text(algorithm, ""), "aws:kms");
    if (kms) {
        struct lb_value *bucket_key = lb_value_bool(arena, true);
        bucket_key->why = "default with a KMS key";
        lb_map_default(arena, encryption, "bucket_key", bucket_key);
    }
    if (key && !kms) {
        return lb_diags_error(stack->diags, "LB-S068", algorithm->mark,
                              "the algorithm is \"%s\", and a kms_key is named",
                              lb_text(algorithm, ""));
    }
    return key ? check_key_region(stack, bucket, key) : 0;
}

static void derive_versioning(struct lb_stack *stack, struct lb_resource *bucket)
{
    struct lb_value *status = lb_value_string(stack->arena, "Enabled");
    struct lb_value *versioning = lb_desire(stack, bucket, "versioning", lb_value_map(stack->arena),
                                            "default");
    status->why = "default";
    lb_map_default(stack->arena, versioning, "status", status);
    lb_map_remove(versioning, "keep_noncurrent"); /* read by lifecycle */
}

static bool uses_bucket(const struct lb_value *repository, const char *bucket)
{
    return lb_streq(lb_repository_bucket(repository, LB_SIDE_PRIMARY), bucket) ||
           lb_streq(lb_repository_bucket(repository, LB_SIDE_SECONDARY), bucket);
}

bool lb_bucket_in_repository(const struct lb_stack *stack, const char *bucket)
{
    const struct lb_value *repositories = lb_map_get(stack->spec, "repositories");
    for (size_t i = 0; i < lb_value_count(repositories); i++) {
        if (uses_bucket(lb_map_nth(repositories, i)->value, bucket)) {
            return true;
        }
    }
    return false;
}

/* Hazards look at what could endanger snapshots, also in buckets that someone else manages. */
static void observe_repositories(struct lb_stack *stack, struct lb_resource *bucket)
{
    static const char *const looked_at[] = {"versioning", "encryption", "lifecycle", "replication"};
    bool used = lb_bucket_in_repository(stack, bucket->name);
    for (size_t i = 0; used && i < sizeof looked_at / sizeof *looked_at; i++) {
        lb_resource_observe(stack, bucket, looked_at[i]);
    }
}

static int bucket_expand(struct lb_stack *stack, const struct lb_entry *entry)
{
    lb_stack_add(stack, "bucket", entry->key, LB_SIDE_NONE, entry);
    lb_bucket_expand_replication(stack, entry);
    return 0;
}

static int bucket_derive(struct lb_stack *stack, struct lb_resource *bucket)
{
    observe_repositories(stack, bucket);
    if (!bucket->managed) {
        return 0;
    }
    lb_desire_stated(stack, bucket);
    derive_versioning(stack, bucket);
    int status = derive_encryption(stack, bucket);
    status |= lb_bucket_derive_lifecycle(stack, bucket);
    status |= lb_bucket_derive_replication(stack, bucket);
    lb_desire_tags(stack, bucket);
    return status ? -1 : 0;
}

static const struct lb_granule granules[] = {
    {.name = "bucket", .read = lb_bucket_read, .write = lb_bucket_write},
    {.name = "tags", .write = lb_bucket_write_tags},
    {.name = "ownership", .read = lb_bucket_read_ownership, .write = lb_bucket_write_ownership},
    {.name = "public_access",
     .read = lb_bucket_read_public_access,
     .write = lb_bucket_write_public_access},
    {.name = "encryption", .read = lb_bucket_read_encryption, .write = lb_bucket_write_encryption},
    {.name = "versioning", .read = lb_bucket_read_versioning, .write = lb_bucket_write_versioning},
    {.name = "policy", .read = lb_bucket_read_policy, .write = lb_bucket_write_policy},
    {.name = "lifecycle", .read = lb_bucket_read_lifecycle, .write = lb_bucket_write_lifecycle},
    {.name = "replication",
     .read = lb_bucket_read_replication,
     .write = lb_bucket_write_replication},
    {.name = NULL},
};

static const char *arn(const struct lb_stack *stack, const struct lb_resource *bucket)
{
    return lb_bucket_arn(stack, bucket->name);
}

const struct lb_provider lb_provider_bucket = {
    .kind = "bucket",
    .arn = arn,
    .granules = granules,
    .expand = bucket_expand,
    .derive = bucket_derive,
    .retain = lb_bucket_retain_replication,
};
