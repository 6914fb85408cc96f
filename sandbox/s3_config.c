/* s3_config.c: the sub-resources of a bucket. All of them are "one document, replaced as a whole":
 * a row says under which query key, with which root element, what a bucket without it answers, and
 * what is checked before it is kept.
 */
#include "sandbox/policy.h"
#include "sandbox/s3.h"

#include "base/json.h"
#include "base/xml.h"

#include <string.h>
#include <strings.h>

#define POLICY_MAX 20480 /* bytes */

struct config {
    const char *sub, *root;
    /* Not set: an error (code, message), or an empty document when code is NULL. */
    const char *code, *message;
    bool (*valid)(struct s3_call *call, struct lb_value *document); /* NULL: nothing to check */
    int put_status;                                                 /* of a successful PUT */
    bool flaps; /* reads may show the old document for a while: setting s3_config_flap */
};

static bool malformed(struct s3_call *call)
{
    s3_fail(call, 400, "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published "
            "schema");
    return false;
}

static bool one_of(const char *text, const char *const *words)
{
    for (; *words; words++) {
        if (lb_streq(text, *words)) {
            return true;
        }
    }
    return false;
}

static bool versioning_valid(struct s3_call *call, struct lb_value *document)
{
    static const char *const words[] = {"Enabled", "Suspended", NULL};
    const char *status = lb_text_at(document, "Status", "");
    if (!one_of(status, words)) {
        return malformed(call);
    }
    if (lb_streq(status, "Suspended") && s3_config(call->bucket, "replication")) {
        s3_fail(call, 409, "InvalidBucketState",
                "A replication configuration is present on this bucket, so the versioning state "
                "cannot be changed.");
        return false;
    }
    return true;
}

static bool encryption_valid(struct s3_call *call, struct lb_value *document)
{
    static const char *const words[] = {"AES256", "aws:kms", "aws:kms:dsse", NULL};
    struct lb_value *rule = lb_map_get(document, "Rule");
    const char *algorithm = lb_text_at(rule, "ApplyServerSideEncryptionByDefault/SSEAlgorithm", "");
    if (lb_xml_count(rule) != 1 || !one_of(algorithm, words)) {
        return malformed(call);
    }
    if (lb_streq(algorithm, "AES256") &&
        lb_text_at(rule, "ApplyServerSideEncryptionByDefault/KMSMasterKeyID", NULL)) {
        s3_fail(call, 400, "InvalidArgument",
                "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms");
        return false;
    }
    lb_map_default(call->arena, rule, "BucketKeyEnabled", lb_value_bool(call->arena, false));
    return true;
}

static bool block_valid(struct s3_call *call, struct lb_value *document)
{
    static const char *const blocks[] = {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy",
                                         "RestrictPublicBuckets"};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        const char *text = lb_text_at(document, blocks[i], "false");
        if (!lb_streq(text, "true") && strcasecmp(text, "false") != 0) {
            return malformed(call);
        }
        lb_map_default(call->arena, document, blocks[i], lb_value_bool(call->arena, false));
    }
    return true;
}

static bool ownership_valid(struct s3_call *call, struct lb_value *document)
{
    static const char *const words[] = {"BucketOwnerEnforced", "BucketOwnerPreferred",
                                        "ObjectWriter", NULL};
    return one_of(lb_text_at(document, "Rule/ObjectOwnership", ""), words) || malformed(call);
}

static bool tagging_valid(struct s3_call *call, struct lb_value *document)
{
    const struct lb_value *tags = lb_value_at(document, "TagSet/Tag");
    size_t count = lb_xml_count(tags);
    for (size_t i = 0; i < count; i++) {
        const char *key = lb_text_at(lb_xml_item(tags, i), "Key", "");
        bool twice = false;
        for (size_t k = 0; k < i; k++) {
            twice = twice || lb_streq(key, lb_text_at(lb_xml_item(tags, k), "Key", ""));
        }
        if (!*key || strlen(key) > 128 || twice || strncasecmp(key, "aws:", 4) == 0) {
            s3_fail(call, 400, "InvalidTag",
                    twice ? "Cannot provide multiple Tags with the same key"
                          : "The TagKey you have provided is invalid");
            return false;
        }
    }
    if (count > 50) {
        s3_fail(call, 400, "InvalidTag", "Bucket tag count cannot be greater than 50");
    }
    return count <= 50;
}

static bool targets_valid(struct s3_call *call, const struct lb_value *targets, const char *arn)
{
    for (size_t i = 0; i < lb_xml_count(targets); i++) {
        struct lb_value *target = lb_xml_item(targets, i);
        if (lb_xml_count(lb_map_get(target, "Event")) == 0) {
            return malformed(call);
        }
        if (!lb_starts_with(lb_text_at(target, arn, ""), "arn:aws")) {
            s3_fail(call, 400, "InvalidArgument",
                    "Unable to validate the following destination configurations");
            return false;
        }
        lb_map_default(
            call->arena, target, "Id",
            lb_value_string(call->arena, sb_id(call->sandbox, call->arena,
                                               "abcdefghijklmnopqrstuvwxyz0123456789", 48)));
    }
    return true;
}

static bool notification_valid(struct s3_call *call, struct lb_value *document)
{
    return targets_valid(call, lb_map_get(document, "TopicConfiguration"), "Topic") &&
           targets_valid(call, lb_map_get(document, "QueueConfiguration"), "Queue") &&
           targets_valid(call, lb_map_get(document, "CloudFunctionConfiguration"), "CloudFunction");
}

static const struct config configs[] = {
    {"versioning", "VersioningConfiguration", NULL, NULL, versioning_valid, 200, false},
    {"encryption", "ServerSideEncryptionConfiguration", NULL, NULL, encryption_valid, 200, false},
    {"publicAccessBlock", "PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration",
     "The public access block configuration was not found", block_valid, 200, false},
    {"ownershipControls", "OwnershipControls", "OwnershipControlsNotFoundError",
     "The bucket ownership controls were not found", ownership_valid, 200, false},
    {"replication", "ReplicationConfiguration", "ReplicationConfigurationNotFoundError",
     "The replication configuration was not found", s3_replication_valid, 200, true},
    {"lifecycle", "LifecycleConfiguration", "NoSuchLifecycleConfiguration",
     "The lifecycle configuration does not exist", s3_lifecycle_valid, 200, true},
    {"notification", "NotificationConfiguration", NULL, NULL, notification_valid, 200, false},
    {"tagging", "Tagging", "NoSuchTagSet", "The TagSet does not exist", tagging_valid, 204, false},
    {"cors", "CORSConfiguration", "NoSuchCORSConfiguration",
     "The CORS configuration does not exist", NULL, 200, false},
    {"website", "WebsiteConfiguration", "NoSuchWebsiteConfiguration",
     "The specified bucket does not have a website configuration", NULL, 200, false},
    {"object-lock", "ObjectLockConfiguration", "ObjectLockConfigurationNotFoundError",
     "Object Lock configuration does not exist for this bucket", NULL, 200, false},
    {"logging", "BucketLoggingStatus", NULL, NULL, NULL, 200, false},
    {"accelerate", "AccelerateConfiguration", NULL, NULL, NULL, 200, false},
};

static const struct config *config_of(const struct s3_call *call)
{
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        if (lb_streq(configs[i].sub, call->operation->sub)) {
            return &configs[i];
        }
    }
    return NULL;
}

/* A bucket is always encrypted (GetBucketEncryption, since January 2023). */
static struct lb_value *default_encryption(struct lb_arena *arena)
{
    struct lb_value *document = lb_value_map(arena);
    struct lb_value *rule = lb_map_map(arena, document, "Rule");
    lb_map_set_string(arena, lb_map_map(arena, rule, "ApplyServerSideEncryptionByDefault"),
                      "SSEAlgorithm", "AES256");
    lb_map_set_bool(arena, rule, "BucketKeyEnabled", false);
    return document;
}

/* After a write some readers still see the old document: Terraform waits for ten equal reads of a
 * lifecycle. The setting s3_config_flap says for how many reads, every other one old. */
static void begin_flap(struct s3_call *call, const char *sub)
{
    struct lb_arena *keep = call->sandbox->arena;
    int64_t reads = sb_setting(call->sandbox, "s3_config_flap", 0);
    const struct lb_value *old = s3_config(call->bucket, sub);
    if (reads > 0) {
        struct lb_value *flap = lb_map_map(keep, lb_map_map(keep, call->bucket, "flap"), sub);
        lb_map_set_int(keep, flap, "left", reads);
        lb_map_set(keep, flap, "old", old ? lb_value_copy(keep, old) : lb_value_null(keep));
    }
}

static const struct lb_value *flapping(struct s3_call *call, const char *sub,
                                       const struct lb_value *document)
{
    struct lb_value *flap = lb_map_get(lb_map_get(call->bucket, "flap"), sub);
    int64_t left = lb_int_at(flap, "left", 0);
    if (left <= 0) {
        return document;
    }
    lb_map_set_int(call->sandbox->arena, flap, "left", left - 1);
    const struct lb_value *old = lb_map_get(flap, "old");
    return left % 2 == 0 ? document : lb_is(old, LB_NULL) ? NULL : old;
}

static void get_config(struct s3_call *call)
{
    const struct config *config = config_of(call);
    const struct lb_value *document = s3_config(call->bucket, config->sub);
    document = config->flaps ? flapping(call, config->sub, document) : document;
    if (!document && lb_streq(config->sub, "encryption")) {
        document = default_encryption(call->arena);
    }
    if (!document && config->code) {
        s3_fail(call, 404, config->code, "%s", config->message);
        return;
    }
    if (lb_streq(config->sub, "lifecycle")) {
        s3_reply_header(call, "x-amz-transition-default-minimum-object-size",
                        lb_text_at(call->bucket, "lifecycle_minimum", "all_storage_classes_128K"));
    }
    sb_reply_xml(call->response, 200, config->root, S3_XMLNS,
                 document ? document : lb_value_map(call->arena));
}

static void put_config(struct s3_call *call)
{
    struct lb_arena *keep = call->sandbox->arena;
    const struct config *config = config_of(call);
    struct lb_value *document = s3_body(call, config->root);
    const char *minimum = s3_header(call, "x-amz-transition-default-minimum-object-size");
    if (!document || (config->valid && !config->valid(call, document))) {
        return;
    }
    if (config->flaps) {
        begin_flap(call, config->sub);
    }
    if (lb_streq(config->sub, "lifecycle")) {
        minimum = minimum ? minimum : "all_storage_classes_128K";
        lb_map_set_string(keep, call->bucket, "lifecycle_minimum", minimum);
        s3_reply_header(call, "x-amz-transition-default-minimum-object-size", minimum);
    }
    lb_map_set(keep, lb_map_map(keep, call->bucket, "config"), config->sub,
               lb_value_copy(keep, document));
    call->response->status = config->put_status;
}

static void delete_config(struct s3_call *call)
{
    const struct config *config = config_of(call);
    if (config->flaps) {
        begin_flap(call, config->sub);
    }
    lb_map_remove(lb_map_get(call->bucket, "config"), config->sub);
    call->response->status = 204;
}

/* --- what is no XML document
 * -------------------------------------------------------------------------- */

static void get_policy(struct s3_call *call)
{
    const char *text = lb_text(s3_config(call->bucket, "policy"), NULL);
    if (!text) {
        s3_fail(call, 404, "NoSuchBucketPolicy", "The bucket policy does not exist");
        return;
    }
    call->response->content_type = "application/json";
    lb_str_puts(&call->response->body, text);
}

static bool resources_fit(struct s3_call *call, const struct lb_value *statement)
{
    const char *arn = lb_arena_printf(call->arena, "arn:aws:s3:::%s", call->name);
    const struct lb_value *resource = lb_map_get(statement, "Resource");
    size_t length = strlen(arn);
    for (size_t i = 0; i < lb_xml_count(resource); i++) {
        const char *text = lb_text(lb_xml_item(resource, i), "");
        if (!lb_starts_with(text, arn) || (text[length] && text[length] != '/')) {
            return false;
        }
    }
    return true;
}

static void put_policy(struct s3_call *call)
{
    const char *text = lb_arena_strndup(call->arena, call->request->body,
                                        call->request->body_length);
    const char *fault = sb_policy_fault(call->sandbox, call->arena, text, SB_POLICY_RESOURCE);
    const struct lb_value *statements = fault
                                            ? NULL
                                            : lb_map_get(sb_body_json(call->request), "Statement");
    for (size_t i = 0; i < lb_xml_count(statements) && !fault; i++) {
        fault = resources_fit(call, lb_xml_item(statements, i)) ? NULL
                                                                : "Policy has invalid resource";
    }
    if (fault || call->request->body_length > POLICY_MAX) {
        s3_fail(call, 400, "MalformedPolicy", "%s",
                fault ? fault : "Policies must be valid JSON and at most 20 KB in size");
        return;
    }
    if (lb_bool_at(s3_config(call->bucket, "publicAccessBlock"), "BlockPublicPolicy", false) &&
        sb_policy_public(call->arena, text)) {
        s3_fail(call, 403, "AccessDenied",
                "User: %s is not authorized to perform: s3:PutBucketPolicy because public "
                "policies are prevented by the BlockPublicPolicy setting in S3 Block Public "
                "Access.",
                call->request->caller);
        return;
    }
    struct lb_arena *keep = call->sandbox->arena;
    lb_map_set_string(keep, lb_map_map(keep, call->bucket, "config"), "policy", text);
    call->response->status = 204;
}

static void delete_policy(struct s3_call *call)
{
    lb_map_remove(lb_map_get(call->bucket, "config"), "policy");
    call->response->status = 204;
}

static void get_policy_status(struct s3_call *call)
{
    const char *text = lb_text(s3_config(call->bucket, "policy"), NULL);
    struct lb_value *status = lb_value_map(call->arena);
    if (!text) {
        s3_fail(call, 404, "NoSuchBucketPolicy", "The bucket policy does not exist");
        return;
    }
    lb_map_set_bool(call->arena, status, "IsPublic", sb_policy_public(call->arena, text));
    sb_reply_xml(call->response, 200, "PolicyStatus", S3_XMLNS, status);
}

static void get_location(struct s3_call *call)
{
    const char *region = lb_text_at(call->bucket, "region", "");
    sb_reply_xml(call->response, 200, "LocationConstraint", S3_XMLNS,
                 lb_value_string(call->arena, lb_streq(region, "us-east-1") ? "" : region));
}

static void get_payer(struct s3_call *call)
{
    struct lb_value *payer = lb_value_map(call->arena);
    lb_map_set_string(call->arena, payer, "Payer", "BucketOwner");
    sb_reply_xml(call->response, 200, "RequestPaymentConfiguration", S3_XMLNS, payer);
}

static void get_acl(struct s3_call *call)
{
    struct lb_arena *arena = call->arena;
    struct lb_value *acl = lb_value_map(arena), *owner = lb_value_map(arena);
    lb_map_set(arena, owner, "ID", lb_value_format(arena, "canonical-%s", call->sandbox->account));
    lb_map_set(arena, acl, "Owner", owner);
    struct lb_value *grant = lb_map_map(arena, lb_map_map(arena, acl, "AccessControlList"),
                                        "Grant");
    struct lb_value *grantee = lb_value_copy(arena, owner);
    lb_map_set_string(arena, grantee, "@type", "CanonicalUser");
    lb_map_set(arena, grant, "Grantee", grantee);
    lb_map_set_string(arena, grant, "Permission", "FULL_CONTROL");
    sb_reply_xml(call->response, 200, "AccessControlPolicy", S3_XMLNS, acl);
}

/* ACLs are off in every new bucket; where they were turned on the sandbox knows private ones only.
 */
static void put_acl(struct s3_call *call)
{
    const char *canned = s3_header(call, "x-amz-acl");
    if (!lb_streq(canned, "private") && !lb_streq(canned, "bucket-owner-full-control")) {
        s3_fail(call, 400, "AccessControlListNotSupported", "The bucket does not allow ACLs");
    }
}

#define ROWS(sub, get, put, delete)                                                                \
    {S3_BUCKET, "GET", sub, NULL, get, false, false, get_config},                                  \
        {S3_BUCKET, "PUT", sub, NULL, put, true, true, put_config},                                \
    {                                                                                              \
        S3_BUCKET, "DELETE", sub, NULL, delete, true, false, delete_config                         \
    }
#define PAIR(sub, get, put, checked)                                                               \
    {S3_BUCKET, "GET", sub, NULL, get, false, false, get_config},                                  \
    {                                                                                              \
        S3_BUCKET, "PUT", sub, NULL, put, true, checked, put_config                                \
    }

const struct s3_operation s3_config_operations[] = {
    PAIR("versioning", "GetBucketVersioning", "PutBucketVersioning", true),
    ROWS("encryption", "GetBucketEncryption", "PutBucketEncryption", "DeleteBucketEncryption"),
    ROWS("publicAccessBlock", "GetPublicAccessBlock", "PutPublicAccessBlock",
         "DeletePublicAccessBlock"),
    ROWS("ownershipControls", "GetBucketOwnershipControls", "PutBucketOwnershipControls",
         "DeleteBucketOwnershipControls"),
    ROWS("replication", "GetBucketReplication", "PutBucketReplication", "DeleteBucketReplication"),
    ROWS("lifecycle", "GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration",
         "DeleteBucketLifecycle"),
    PAIR("notification", "GetBucketNotificationConfiguration", "PutBucketNotificationConfiguration",
         false),
    ROWS("tagging", "GetBucketTagging", "PutBucketTagging", "DeleteBucketTagging"),
    ROWS("cors", "GetBucketCors", "PutBucketCors", "DeleteBucketCors"),
    ROWS("website", "GetBucketWebsite", "PutBucketWebsite", "DeleteBucketWebsite"),
    PAIR("object-lock", "GetObjectLockConfiguration", "PutObjectLockConfiguration", true),
    PAIR("logging", "GetBucketLogging", "PutBucketLogging", true),
    PAIR("accelerate", "GetBucketAccelerateConfiguration", "PutBucketAccelerateConfiguration",
         false),
    {S3_BUCKET, "GET", "policyStatus", NULL, "GetBucketPolicyStatus", false, false,
     get_policy_status},
    {S3_BUCKET, "GET", "policy", NULL, "GetBucketPolicy", false, false, get_policy},
    {S3_BUCKET, "PUT", "policy", NULL, "PutBucketPolicy", true, true, put_policy},
    {S3_BUCKET, "DELETE", "policy", NULL, "DeleteBucketPolicy", true, false, delete_policy},
    {S3_BUCKET, "GET", "location", NULL, "GetBucketLocation", false, false, get_location},
    {S3_BUCKET, "GET", "requestPayment", NULL, "GetBucketRequestPayment", false, false, get_payer},
    {S3_BUCKET, "GET", "acl", NULL, "GetBucketAcl", false, false, get_acl},
    {S3_BUCKET, "PUT", "acl", NULL, "PutBucketAcl", true, false, put_acl},
    {S3_OBJECT, "GET", "acl", NULL, "GetObjectAcl", false, false, get_acl},
    {S3_OBJECT, "PUT", "acl", NULL, "PutObjectAcl", true, false, put_acl},
    {S3_BUCKET, NULL, NULL, NULL, NULL, false, false, NULL},
};
