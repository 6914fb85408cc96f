/* bucket_read.c: a live bucket in the schema's shape, one request a sub-resource.
 *
 * S3 has no call that describes a bucket; the gets go out together. Each is asked with the owner
 * that the spec names, so a bucket of that name in someone else's account is refused, not read.
 */
#include "base/xml.h"
#include "providers/bucket.h"
#include "providers/names.h"
#include "providers/tags.h"

#define GET_OP(op, query, permission)                                                              \
    {                                                                                              \
        .service = &lb_s3_service, .name = op, .method = "GET", .path = "/{Bucket}?" query,        \
        .iam = permission, .brief = true                                                           \
    }
static const struct lb_op get_tagging = GET_OP("GetBucketTagging", "tagging", NULL);
static const struct lb_op get_ownership = GET_OP("GetBucketOwnershipControls", "ownershipControls",
                                                 NULL);
static const struct lb_op get_public_access = GET_OP("GetPublicAccessBlock", "publicAccessBlock",
                                                     "s3:GetBucketPublicAccessBlock");
static const struct lb_op get_encryption = GET_OP("GetBucketEncryption", "encryption",
                                                  "s3:GetEncryptionConfiguration");
static const struct lb_op get_versioning = GET_OP("GetBucketVersioning", "versioning", NULL);
static const struct lb_op get_policy = GET_OP("GetBucketPolicy", "policy", NULL);

int lb_bucket_ask(struct lb_read *read, const struct lb_op *op, lb_decode_fn *decode)
{
    struct lb_call *call = lb_read_call(read, op);
    lb_s3_aim(read->arena, read->stack, call, read->resource->name);
    read->ask(read, call, decode);
    return 0;
}

/* The region that S3 says the bucket is in, when it is not the one that was asked. */
static const char *other_region(const struct lb_read *read, const struct lb_answer *answer)
{
    const char *region = lb_answer_header(answer, "x-amz-bucket-region");
    return region && !lb_streq(region, read->resource->region) ? region : NULL;
}

static bool is_elsewhere(const struct lb_read *read, const struct lb_answer *answer)
{
    return answer->status == 301 || answer->status == 307 || other_region(read, answer) ||
           lb_streq(answer->error_code, "PermanentRedirect") ||
           lb_streq(answer->error_code, "AuthorizationHeaderMalformed");
}

bool lb_bucket_ok(struct lb_read *read, const struct lb_call *call, const struct lb_answer *answer,
                  bool *unset)
{
    *unset = answer->outcome == LB_NOT_FOUND && !lb_streq(answer->error_code, "NoSuchBucket");
    return !is_elsewhere(read, answer) && lb_read_ok(read, call, answer);
}

const struct lb_value *lb_bucket_document(const struct lb_answer *answer)
{
    const struct lb_entry *root = lb_map_nth(answer->body, 0);
    return root && answer->outcome == LB_ANSWERED ? root->value : NULL;
}

/* --- existence ----------------------------------------------------------------------------------
 */

static void refuse_region(struct lb_read *read, const struct lb_answer *answer)
{
    const char *region = other_region(read, answer);
    lb_diags_add(read->diags,
                 &(struct lb_diag){.code = "LB-S072",
                                   .severity = LB_ERROR,
                                   .detail = lb_arena_printf(
                                       read->arena, "bucket \"%s\" is in %s; the spec says %s",
                                       read->resource->name, region ? region : "another region",
                                       read->resource->region),
                                   .address = read->resource->address,
                                   .mark = read->resource->mark});
    read->failed = true;
}

/* The tags are always read, so their answer tells of existence and region too: HeadBucket would be
 * one more request for each bucket, and answers without a body that could say why. */
static void decode_tagging(struct lb_read *read, const struct lb_call *call,
                           const struct lb_answer *answer)
{
    if (is_elsewhere(read, answer)) {
        refuse_region(read, answer);
    } else if (lb_streq(answer->error_code, "NoSuchTagSet") || lb_read_ok(read, call, answer)) {
        lb_map_set_string(read->arena, lb_read_value(read), "arn",
                          lb_bucket_arn(read->stack, read->resource->name));
        lb_tags_read(read, lb_value_at(lb_bucket_document(answer), "TagSet/Tag"));
        if (read->live->status == LB_LIVE_UNREAD)
            read->live->status = LB_LIVE_PRESENT;
    } else if (answer->outcome == LB_NOT_FOUND && read->live->status == LB_LIVE_UNREAD) {
        read->live->status = LB_LIVE_ABSENT;
    }
}

int lb_bucket_read(struct lb_read *read)
{
    return lb_bucket_ask(read, &get_tagging, decode_tagging);
}

/* --- sub-resources ------------------------------------------------------------------------------
 */

static void decode_ownership(struct lb_read *read, const struct lb_call *call,
                             const struct lb_answer *answer)
{
    bool unset;
    if (lb_bucket_ok(read, call, answer, &unset)) {
        const struct lb_value *rules = lb_map_get(lb_bucket_document(answer), "Rule");
        lb_map_set_string(read->arena, lb_read_value(read), "ownership",
                          lb_text_at(lb_xml_item(rules, 0), "ObjectOwnership", NULL));
    }
}

int lb_bucket_read_ownership(struct lb_read *read)
{
    return lb_bucket_ask(read, &get_ownership, decode_ownership);
}

static const struct {
    const char *key, *element;
} public_access[] = {
    {"block_public_acls", "BlockPublicAcls"},
    {"ignore_public_acls", "IgnorePublicAcls"},
    {"block_public_policy", "BlockPublicPolicy"},
    {"restrict_public_buckets", "RestrictPublicBuckets"},
};

static void decode_public_access(struct lb_read *read, const struct lb_call *call,
                                 const struct lb_answer *answer)
{
    bool unset;
    if (!lb_bucket_ok(read, call, answer, &unset) && !unset) {
        return;
    }
    const struct lb_value *block = lb_bucket_document(answer);
    struct lb_value *out = lb_map_map(read->arena, lb_read_value(read), "public_access");
    for (size_t i = 0; i < sizeof public_access / sizeof *public_access; i++) {
        lb_map_set_bool(read->arena, out, public_access[i].key,
                        lb_bool_at(block, public_access[i].element, false));
    }
}

int lb_bucket_read_public_access(struct lb_read *read)
{
    return lb_bucket_ask(read, &get_public_access, decode_public_access);
}

static void decode_encryption(struct lb_read *read, const struct lb_call *call,
                              const struct lb_answer *answer)
{
    bool unset;
    if (!lb_bucket_ok(read, call, answer, &unset)) {
        return;
    }
    const struct lb_value *rule = lb_xml_item(lb_map_get(lb_bucket_document(answer), "Rule"), 0);
    const struct lb_value *how = lb_map_get(rule, "ApplyServerSideEncryptionByDefault");
    struct lb_value *out = lb_map_map(read->arena, lb_read_value(read), "encryption");
    lb_map_set_string(read->arena, out, "algorithm", lb_text_at(how, "SSEAlgorithm", NULL));
    lb_map_set_string(read->arena, out, "kms_key", lb_text_at(how, "KMSMasterKeyID", NULL));
    lb_map_set_bool(read->arena, out, "bucket_key", lb_bool_at(rule, "BucketKeyEnabled", false));
}

int lb_bucket_read_encryption(struct lb_read *read)
{
    return lb_bucket_ask(read, &get_encryption, decode_encryption);
}

/* A bucket that never had versioning answers without a status. */
static void decode_versioning(struct lb_read *read, const struct lb_call *call,
                              const struct lb_answer *answer)
{
    bool unset;
    if (lb_bucket_ok(read, call, answer, &unset)) {
        struct lb_value *out = lb_map_map(read->arena, lb_read_value(read), "versioning");
        lb_map_set_string(read->arena, out, "status",
                          lb_text_at(lb_bucket_document(answer), "Status", NULL));
    }
}

int lb_bucket_read_versioning(struct lb_read *read)
{
    return lb_bucket_ask(read, &get_versioning, decode_versioning);
}

static void decode_policy(struct lb_read *read, const struct lb_call *call,
                          const struct lb_answer *answer)
{
    bool unset;
    bool set = lb_bucket_ok(read, call, answer, &unset);
    if (set || unset) {
        lb_map_set(read->arena, lb_read_value(read), "policy",
                   set ? lb_value_copy(read->arena, answer->body)
                       : lb_value_string(read->arena, LB_BUCKET_NONE));
    }
}

int lb_bucket_read_policy(struct lb_read *read)
{
    return lb_bucket_ask(read, &get_policy, decode_policy);
}
