/* bucket_write.c: the calls that make a bucket as it shall be.
 *
 * Every write replaces a whole document and can be repeated. Tags come right after the bucket, so
 * that a run that was cut short leaves a bucket that says whose it is. Element order is that of
 * S3's schema.
 */
#include "providers/bucket.h"

#include "base/json.h"
#include "providers/names.h"
#include "providers/tags.h"

#include <string.h>

#define PUT_OP(op, query, permission)                                                              \
    {                                                                                              \
        .service = &lb_s3_service, .name = op, .method = "PUT", .path = "/{Bucket}?" query,        \
        .mutates = true, .iam = permission                                                         \
    }
static const struct lb_op create_bucket = {.service = &lb_s3_service,
                                           .name = "CreateBucket",
                                           .method = "PUT",
                                           .path = "/{Bucket}",
                                           .mutates = true,
                                           .no_checksum = true};
static const struct lb_op put_tagging = PUT_OP("PutBucketTagging", "tagging", NULL);
static const struct lb_op put_ownership = PUT_OP("PutBucketOwnershipControls", "ownershipControls",
                                                 NULL);
static const struct lb_op put_public_access = PUT_OP("PutPublicAccessBlock", "publicAccessBlock",
                                                     "s3:PutBucketPublicAccessBlock");
static const struct lb_op put_encryption = PUT_OP("PutBucketEncryption", "encryption",
                                                  "s3:PutEncryptionConfiguration");
static const struct lb_op put_versioning = PUT_OP("PutBucketVersioning", "versioning", NULL);
static const struct lb_op put_policy = PUT_OP("PutBucketPolicy", "policy", NULL);
static const struct lb_op delete_policy = {.service = &lb_s3_service,
                                           .name = "DeleteBucketPolicy",
                                           .method = "DELETE",
                                           .path = "/{Bucket}?policy",
                                           .mutates = true};

struct lb_call *lb_bucket_call(struct lb_write *write, const struct lb_op *op)
{
    struct lb_call *call = lb_write_call(write, op);
    lb_s3_aim(write->arena, write->stack, call, write->resource->name);
    return call;
}

/* us-east-1 is the default and must not be named. There is no owner to expect yet; a bucket that is
 * ours already (the answer to an earlier attempt was lost) counts as made. */
int lb_bucket_write(struct lb_write *write)
{
    struct lb_call *call = lb_write_call(write, &create_bucket);
    lb_call_param(write->arena, call, "Bucket", write->resource->name);
    call->idempotent_on = "BucketAlreadyOwnedByYou";
    if (!lb_streq(write->resource->region, "us-east-1")) {
        call->body_root = "CreateBucketConfiguration";
        lb_map_set_string(write->arena, lb_call_body(write->arena, call), "LocationConstraint",
                          write->resource->region);
    }
    write->emit(write, call,
                lb_arena_printf(write->arena, "create the bucket in %s", write->resource->region));
    return 0;
}

/* PutBucketTagging replaces the whole list: foreign tags go along. Those of AWS itself (aws:*)
 * cannot be written and stay by themselves. */
int lb_bucket_write_tags(struct lb_write *write)
{
    struct lb_value *all = lb_value_map(write->arena);
    const struct lb_value *desired = lb_map_get(write->desired, "tags");
    const struct lb_value *live = lb_map_get(write->live->value, "tags");
    for (size_t i = 0; i < lb_value_count(live); i++) {
        const struct lb_entry *entry = lb_map_nth(live, i);
        if (!lb_starts_with(entry->key, "aws:") && !lb_starts_with(entry->key, "lifeboat:")) {
            lb_map_set(write->arena, all, entry->key, entry->value);
        }
    }
    for (size_t i = 0; i < lb_value_count(desired); i++) {
        const struct lb_entry *entry = lb_map_nth(desired, i);
        lb_map_set(write->arena, all, entry->key, entry->value);
    }
    struct lb_call *call = lb_bucket_call(write, &put_tagging);
    call->body_root = "Tagging";
    struct lb_value *set = lb_map_map(write->arena, lb_call_body(write->arena, call), "TagSet");
    lb_map_set(write->arena, set, "Tag", lb_tags_to_list(write->arena, all));
    write->emit(write, call, "set tags");
    return 0;
}

int lb_bucket_write_ownership(struct lb_write *write)
{
    const char *ownership = lb_text_at(write->desired, "ownership", NULL);
    struct lb_call *call = lb_bucket_call(write, &put_ownership);
    call->body_root = "OwnershipControls";
    struct lb_value *rule = lb_map_map(write->arena, lb_call_body(write->arena, call), "Rule");
    lb_map_set_string(write->arena, rule, "ObjectOwnership", ownership);
    write->emit(write, call,
                lb_arena_printf(write->arena, "set object ownership to %s", ownership));
    return 0;
}

int lb_bucket_write_public_access(struct lb_write *write)
{
    static const char *const members[][2] = {{"BlockPublicAcls", "block_public_acls"},
                                             {"IgnorePublicAcls", "ignore_public_acls"},
                                             {"BlockPublicPolicy", "block_public_policy"},
                                             {"RestrictPublicBuckets", "restrict_public_buckets"}};
    const struct lb_value *desired = lb_map_get(write->desired, "public_access");
    struct lb_call *call = lb_bucket_call(write, &put_public_access);
    struct lb_value *body = lb_call_body(write->arena, call);
    bool all = true;
    call->body_root = "PublicAccessBlockConfiguration";
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        bool on = lb_bool_at(desired, members[i][1], true);
        lb_map_set_bool(write->arena, body, members[i][0], on);
        all &= on;
    }
    write->emit(write, call, all ? "block public access" : "set the public-access block");
    return 0;
}

int lb_bucket_write_encryption(struct lb_write *write)
{
    const struct lb_value *desired = lb_map_get(write->desired, "encryption");
    const char *algorithm = lb_text_at(desired, "algorithm", "AES256");
    struct lb_call *call = lb_bucket_call(write, &put_encryption);
    call->body_root = "ServerSideEncryptionConfiguration";
    struct lb_value *rule = lb_map_map(write->arena, lb_call_body(write->arena, call), "Rule");
    struct lb_value *how = lb_map_map(write->arena, rule, "ApplyServerSideEncryptionByDefault");
    lb_map_set_string(write->arena, how, "SSEAlgorithm", algorithm);
    lb_map_set_string(write->arena, how, "KMSMasterKeyID", lb_text_at(desired, "kms_key", NULL));
    if (lb_map_get(desired, "bucket_key")) {
        lb_map_set_bool(write->arena, rule, "BucketKeyEnabled",
                        lb_bool_at(desired, "bucket_key", false));
    }
    write->emit(write, call, lb_arena_printf(write->arena, "encrypt with %s", algorithm));
    return 0;
}

int lb_bucket_write_versioning(struct lb_write *write)
{
    const char *status = lb_text_at(write->desired, "versioning/status", "Enabled");
    struct lb_call *call = lb_bucket_call(write, &put_versioning);
    call->body_root = "VersioningConfiguration";
    lb_map_set_string(write->arena, lb_call_body(write->arena, call), "Status", status);
    write->emit(write, call,
                lb_streq(status, "Enabled") ? "enable versioning" : "suspend versioning");
    return 0;
}

int lb_bucket_write_policy(struct lb_write *write)
{
    const struct lb_value *policy = lb_map_get(write->desired, "policy");
    if (!lb_is(policy, LB_MAP)) {
        if (write->create) {
            return 0; /* nothing is there to remove */
        }
        write->emit(write, lb_bucket_call(write, &delete_policy), "remove the bucket policy");
        return 0;
    }
    struct lb_call *call = lb_bucket_call(write, &put_policy);
    call->raw = lb_json_text(write->arena, policy);
    call->raw_length = strlen(call->raw);
    call->raw_type = "application/json";
    write->emit(write, call, "set the bucket policy");
    return 0;
}
