/* test_bucket.c: S3 buckets: derived rules, sub-resources as answered, documents as sent. */
#include "base/json.h"
#include "planner/diff.h"
#include "tests/unit/kind_kit.h"

#define WEST "bucket.dr-west"
#define BUCKETS(west, east)                                                                        \
    "buckets:\n"                                                                                   \
    "  dr-west: {region: secondary" west "}\n"                                                     \
    "  dr-east: {region: primary" east "}\n"
#define DOMAINS                                                                                    \
    "domains:\n"                                                                                   \
    "  search: {engine: OpenSearch_2.19, fine_grained: {enabled: false},\n"                        \
    "    data_nodes: {type: r7g.large.search, count: 3, volume: 200Gi}}\n"                         \
    "roles:\n"                                                                                     \
    "  snapshot: {purpose: snapshot}\n"
#define REPOSITORY(more)                                                                           \
    "repositories:\n"                                                                              \
    "  nightly: {domain: search, role: snapshot, base_path: search,\n"                             \
    "    buckets: {primary: dr-east, secondary: dr-west}" more "}\n"
#define REPLICATED ", topology: replicated, replication: {delete_markers: false}"
#define NS " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""
#define WEST_KEY "arn:aws:kms:us-west-2:111122223333:key/west"
#define EAST_KEY "arn:aws:kms:us-east-1:111122223333:key/east"
#define ENCRYPTED(key) ", encryption: {kms_key: \"" key "\"}"

static struct lb_resource *load(struct kit *kit, const char *yaml)
{
    if (kit_load(kit, yaml))
        fail_msg("%s: %s", kit->diags.items[0].code, kit->diags.items[0].detail);
    return kit_find(kit, WEST);
}

static void check_json(struct kit *kit, const char *row, const struct lb_value *value,
                       const char *wanted)
{
    CHECK_TEXT(row, value ? lb_json_text(kit->arena, value) : NULL, wanted);
}

/* --- derive ----------------------------------------------------------------------------------- */

static void a_bucket_is_safe_by_itself(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(&kit, KIT_HEAD BUCKETS("", ""));
    const struct lb_value *desired = bucket->desired;
    CHECK_TEXT("region", bucket->region, "us-west-2");
    check_json(&kit, "versioning", lb_map_get(desired, "versioning"), "{\"status\":\"Enabled\"}");
    check_json(&kit, "encryption", lb_map_get(desired, "encryption"), "{\"algorithm\":\"AES256\"}");
    check_json(&kit, "public access", lb_map_get(desired, "public_access"),
               "{\"block_public_acls\":true,\"ignore_public_acls\":true,"
               "\"block_public_policy\":true,\"restrict_public_buckets\":true}");
    CHECK_TEXT("ownership", lb_text_at(desired, "ownership", NULL), "BucketOwnerEnforced");
    check_json(&kit, "lifecycle", lb_map_get(desired, "lifecycle"),
               "{\"rules\":[{\"id\":\"lifeboat-abort-multipart\",\"enabled\":true,\"prefix\":\"\","
               "\"abort_multipart_after\":\"7d\"}]}");
    CHECK("no policy", !lb_map_get(desired, "policy"));
    CHECK("no replication", !lb_map_get(desired, "replication"));
    kit_free(&kit);
}

static void intents_become_rules_of_ours(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(&kit,
                                      KIT_HEAD BUCKETS(", auto_purge: {prefix: tmp/, after: 14d}, "
                                                       "abort_multipart_after: never, "
                                                       "versioning: {keep_noncurrent: 30d}",
                                                       ""));
    check_json(&kit, "rules", lb_value_at(bucket->desired, "lifecycle/rules"),
               "[{\"id\":\"lifeboat-auto-purge\",\"enabled\":true,\"prefix\":\"tmp/\","
               "\"expire_after\":\"14d\"},"
               "{\"id\":\"lifeboat-noncurrent\",\"enabled\":true,\"prefix\":\"\","
               "\"noncurrent_after\":\"30d\"}]");
    check_json(&kit, "versioning", lb_map_get(bucket->desired, "versioning"),
               "{\"status\":\"Enabled\"}");
    kit_free(&kit);
}

static void a_stated_rule_wins_over_the_derived_one(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(
        &kit, KIT_HEAD BUCKETS(", lifecycle: {rules: [{id: lifeboat-abort-multipart, prefix: a/, "
                               "abort_multipart_after: 48h}, {id: mine, larger_than: 1Ki, "
                               "expire_on: \"2030-01-01T00:00:00.000Z\"}]}",
                               ""));
    check_json(&kit, "rules", lb_value_at(bucket->desired, "lifecycle/rules"),
               "[{\"id\":\"lifeboat-abort-multipart\",\"prefix\":\"a/\","
               "\"abort_multipart_after\":\"48h\",\"enabled\":true},"
               "{\"id\":\"mine\",\"larger_than\":1024,\"expire_on\":\"2030-01-01T00:00:00Z\","
               "\"enabled\":true,\"prefix\":\"\"}]");
    kit_free(&kit);
}

static void the_leading_slash_is_taken_off_and_said(void **state)
{
    (void)state;
    static const struct {
        const char *stated, *taken;
        bool said;
    } rows[] = {
        {"/auto-purge", "auto-purge/", true},
        {"auto-purge/", "auto-purge/", false},
        {"auto-purge", "auto-purge/", true},
        {"//a/b/", "a/b/", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        struct lb_arena *arena = lb_arena_new();
        struct lb_resource *bucket = load(
            &kit, lb_arena_printf(arena,
                                  KIT_HEAD "buckets:\n  dr-west: {region: secondary,\n"
                                           "    auto_purge: {prefix: %s, after: 7d}}\n",
                                  rows[i].stated));
        CHECK_TEXT(rows[i].stated, lb_text_at(bucket->desired, "lifecycle/rules/0/prefix", NULL),
                   rows[i].taken);
        CHECK(rows[i].stated, kit_said(&kit.diags, "LB-S060", 8) == rows[i].said);
        CHECK(rows[i].stated, kit.diags.errors == 0 && kit.diags.warnings == 0);
        kit_free(&kit);
        lb_arena_free(arena);
    }
}

static void a_key_makes_it_kms(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(&kit, KIT_HEAD BUCKETS(ENCRYPTED(WEST_KEY), ""));
    check_json(&kit, "encryption", lb_map_get(bucket->desired, "encryption"),
               "{\"kms_key\":\"" WEST_KEY "\",\"algorithm\":\"aws:kms\",\"bucket_key\":true}");
    kit_free(&kit);
}

static void errors_name_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *code, *bucket;
    } rows[] = {
        {"LB-S061", "auto_purge: {after: 36h}"},
        {"LB-S061", "versioning: {keep_noncurrent: 90m}"},
        {"LB-S061", "abort_multipart_after: 0d"},
        {"LB-S061", "lifecycle: {rules: [{id: a, expire_after: 1h}]}"},
        {"LB-S061", "lifecycle: {rules: [{id: a, transitions: [{storage_class: X, after: 1h}]}]}"},
        {"LB-S067", "encryption: {kms_key: \"" EAST_KEY "\"}"},
        {"LB-S068", "encryption: {algorithm: AES256, kms_key: \"" WEST_KEY "\"}"},
        {"LB-S069", "auto_purge: {prefix: /, after: 7d}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        struct lb_arena *arena = lb_arena_new();
        bool failed = kit_load(&kit, lb_arena_printf(arena,
                                                     KIT_HEAD "buckets:\n  dr-west:\n"
                                                              "    region: secondary\n    %s\n",
                                                     rows[i].bucket)) != 0;
        CHECK(rows[i].bucket, failed && kit_said(&kit.diags, rows[i].code, 9));
        kit_free(&kit);
        lb_arena_free(arena);
    }
}

/* --- replication ------------------------------------------------------------------------------ */

static void a_replicated_repository_is_copied_both_ways(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *west = load(&kit, KIT_HEAD BUCKETS("", "") DOMAINS REPOSITORY(REPLICATED));
    struct lb_resource *east = kit_find(&kit, "bucket.dr-east");
    check_json(&kit, "west", lb_map_get(west->desired, "replication"),
               "{\"rules\":[{\"id\":\"lifeboat-nightly\",\"enabled\":true,\"prefix\":\"search/\","
               "\"destination\":\"dr-east\",\"delete_markers\":false}],"
               "\"role\":\"arn:aws:iam::111122223333:role/search-dr-replication\"}");
    CHECK_TEXT("east", lb_text_at(east->desired, "replication/rules/0/destination", NULL),
               "dr-west");
    struct lb_resource *role = kit_find(&kit, "role.replication");
    CHECK_TEXT("trust", lb_text_at(role->desired, "trust/Statement/0/Principal/Service", NULL),
               "s3.amazonaws.com");
    check_json(&kit, "policy", lb_value_at(role->desired, "policies/lifeboat/Statement"),
               "[{\"Sid\":\"Buckets\",\"Effect\":\"Allow\",\"Action\":["
               "\"s3:GetReplicationConfiguration\",\"s3:ListBucket\"],\"Resource\":["
               "\"arn:aws:s3:::dr-east\",\"arn:aws:s3:::dr-west\"]},{\"Sid\":\"Read\",\"Effect\":"
               "\"Allow\",\"Action\":[\"s3:GetObjectVersionForReplication\","
               "\"s3:GetObjectVersionAcl\",\"s3:GetObjectVersionTagging\"],\"Resource\":["
               "\"arn:aws:s3:::dr-east/search/*\",\"arn:aws:s3:::dr-west/search/*\"]},{\"Sid\":"
               "\"Replicate\",\"Effect\":\"Allow\",\"Action\":[\"s3:ReplicateObject\","
               "\"s3:ReplicateDelete\",\"s3:ReplicateTags\"],\"Resource\":["
               "\"arn:aws:s3:::dr-east/search/*\",\"arn:aws:s3:::dr-west/search/*\"]}]");
    assert_int_equal(west->need_count, 2);
    CHECK("other bucket", west->needs[0].resource == east &&
                              lb_streq(west->needs[0].granule, "replication") &&
                              lb_streq(west->needs[0].of, "versioning"));
    CHECK("role", west->needs[1].resource == role && !west->needs[1].of);
    kit_free(&kit);
}

static void the_role_of_the_purpose_is_used(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *west = load(&kit, KIT_HEAD BUCKETS("", "") DOMAINS
                                    "  copier: {purpose: replication}\n" REPOSITORY(REPLICATED));
    CHECK_TEXT("role", lb_text_at(west->desired, "replication/role", NULL),
               "arn:aws:iam::111122223333:role/search-dr-copier");
    CHECK("none is made", !lb_stack_find_address(&kit.stack, "role.replication"));
    kit_free(&kit);
}

static void a_rule_that_nothing_needs_any_more_goes(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *west = load(&kit, KIT_HEAD BUCKETS("", "") DOMAINS REPOSITORY(""));
    check_json(&kit, "no rules", lb_map_get(west->desired, "replication"), "{\"rules\":[]}");
    kit_free(&kit);
}

static void replication_that_would_fail_later_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *code, *yaml;
    } rows[] = {
        {"LB-S070", KIT_HEAD BUCKETS("", "") DOMAINS REPOSITORY(", topology: replicated")},
        {"LB-S071",
         KIT_HEAD BUCKETS(", versioning: {status: Suspended}", "") DOMAINS REPOSITORY(REPLICATED)},
        {"LB-S073", KIT_HEAD BUCKETS(ENCRYPTED(WEST_KEY), "") DOMAINS REPOSITORY(REPLICATED)},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        CHECK(rows[i].code, kit_load(&kit, rows[i].yaml) != 0);
        CHECK(rows[i].code, kit_said(&kit.diags, rows[i].code, 0));
        kit_free(&kit);
    }
}

static void a_foreign_bucket_is_looked_at_only(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *west = load(&kit, KIT_HEAD BUCKETS(", managed: false", "")
                                              DOMAINS REPOSITORY(""));
    CHECK("nothing wanted", lb_value_count(west->desired) == 0);
    CHECK("lifecycle", lb_resource_has_granule(west, lb_granule_find(west->kind, "lifecycle")));
    CHECK("no ownership", !lb_resource_has_granule(west, lb_granule_find(west->kind, "ownership")));
    kit_free(&kit);
}

/* --- read ------------------------------------------------------------------------------------- */

#define S3_ERROR(code) "<Error><Code>" code "</Code><Message>no</Message></Error>"
#define TAGGING                                                                                    \
    "<Tagging" NS "><TagSet><Tag><Key>lifeboat:stack</Key><Value>search-dr</Value></Tag>"          \
    "<Tag><Key>owner</Key><Value>bi</Value></Tag></TagSet></Tagging>"
#define OWNERSHIP                                                                                  \
    "<OwnershipControls" NS "><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>"        \
    "</OwnershipControls>"
#define PUBLIC_ACCESS                                                                              \
    "<PublicAccessBlockConfiguration" NS "><BlockPublicAcls>true</BlockPublicAcls>"                \
    "<IgnorePublicAcls>false</IgnorePublicAcls></PublicAccessBlockConfiguration>"
#define ENCRYPTION                                                                                 \
    "<ServerSideEncryptionConfiguration" NS "><Rule><ApplyServerSideEncryptionByDefault>"          \
    "<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>" WEST_KEY "</KMSMasterKeyID>"            \
    "</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule>"        \
    "</ServerSideEncryptionConfiguration>"
#define FOREIGN_RULE                                                                               \
    "<Rule><ID>theirs</ID><Filter><And><Prefix>logs/</Prefix><Tag><Key>a</Key><Value>1</Value>"    \
    "</Tag><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></And></Filter><Status>Enabled"         \
    "</Status><Transition><Days>30</Days><StorageClass>GLACIER</StorageClass></Transition>"        \
    "<Transition><Days>90</Days><StorageClass>DEEP_ARCHIVE</StorageClass></Transition>"            \
    "<Expiration><Days>365</Days></Expiration><NoncurrentVersionTransition><NoncurrentDays>3"      \
    "</NoncurrentDays><StorageClass>GLACIER</StorageClass><NewerNoncurrentVersions>2"              \
    "</NewerNoncurrentVersions></NoncurrentVersionTransition></Rule>"
#define OLD_RULE                                                                                   \
    "<Rule><ID>old</ID><Prefix></Prefix><Status>Disabled</Status><Expiration>"                     \
    "<Date>2027-01-01T00:00:00.000Z</Date></Expiration></Rule>"
#define OUR_OLD_RULE                                                                               \
    "<Rule><ID>lifeboat-gone</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>"       \
    "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>"
#define LIFECYCLE(rules) "<LifecycleConfiguration" NS ">" rules "</LifecycleConfiguration>"

static void reads_every_sub_resource(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(&kit, KIT_HEAD BUCKETS(", policy: {Version: v}", ""));
    const struct kit_answer answers[] = {
        {"HeadBucket", 200, ""},
        {"GetBucketTagging", 200, TAGGING},
        {"GetBucketOwnershipControls", 200, OWNERSHIP},
        {"GetPublicAccessBlock", 200, PUBLIC_ACCESS},
        {"GetBucketEncryption", 200, ENCRYPTION},
        {"GetBucketVersioning", 200,
         "<VersioningConfiguration" NS "><Status>Suspended</Status></VersioningConfiguration>"},
        {"GetBucketPolicy", 200, "{\"Version\": \"2012-10-17\", \"Statement\": []}"},
        {"GetBucketLifecycleConfiguration", 200, LIFECYCLE(FOREIGN_RULE OLD_RULE)},
    };
    kit_read(&kit, bucket, 1, answers, COUNT(answers));
    const struct lb_value *live = bucket->live.value;
    CHECK("present", bucket->live.status == LB_LIVE_PRESENT && kit.diags.errors == 0);
    CHECK_TEXT("owner", bucket->live.owner, "search-dr");
    CHECK_TEXT("arn", lb_text_at(live, "arn", NULL), "arn:aws:s3:::dr-west");
    CHECK_TEXT("ownership", lb_text_at(live, "ownership", NULL), "ObjectWriter");
    check_json(&kit, "public access", lb_map_get(live, "public_access"),
               "{\"block_public_acls\":true,\"ignore_public_acls\":false,"
               "\"block_public_policy\":false,\"restrict_public_buckets\":false}");
    check_json(&kit, "encryption", lb_map_get(live, "encryption"),
               "{\"algorithm\":\"aws:kms\",\"kms_key\":\"" WEST_KEY "\",\"bucket_key\":true}");
    check_json(&kit, "versioning", lb_map_get(live, "versioning"), "{\"status\":\"Suspended\"}");
    check_json(&kit, "policy", lb_map_get(live, "policy"),
               "{\"Version\":\"2012-10-17\",\"Statement\":[]}");
    check_json(&kit, "foreign rule", lb_value_at(live, "lifecycle/rules/0"),
               "{\"id\":\"theirs\",\"enabled\":true,\"prefix\":\"logs/\",\"tags\":{\"a\":\"1\"},"
               "\"larger_than\":5,\"expire_after\":\"365d\",\"transitions\":[{\"storage_class\":"
               "\"GLACIER\",\"after\":\"30d\"},{\"storage_class\":\"DEEP_ARCHIVE\",\"after\":"
               "\"90d\"}],\"noncurrent_transitions\":[{\"storage_class\":\"GLACIER\",\"after\":"
               "\"3d\",\"keep\":2}]}");
    check_json(&kit, "old rule", lb_value_at(live, "lifecycle/rules/1"),
               "{\"id\":\"old\",\"enabled\":false,\"prefix\":\"\",\"expire_on\":"
               "\"2027-01-01T00:00:00Z\"}");
    for (size_t i = 0; i < kit.ask_count; i++)
        CHECK_TEXT(kit.asks[i].call->op->name,
                   lb_text_at(kit.asks[i].call->headers, "x-amz-expected-bucket-owner", NULL),
                   "111122223333");
    CHECK_TEXT("line", kit_line(&kit, kit.asks[7].call), "GET /dr-west?lifecycle");
    kit_free(&kit);
}

static void what_was_never_set_is_nothing(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(&kit, KIT_HEAD BUCKETS(", policy: none", "")
                                                DOMAINS REPOSITORY(""));
    const struct kit_answer answers[] = {
        {"HeadBucket", 200, ""},
        {"GetBucketTagging", 404, S3_ERROR("NoSuchTagSet")},
        {"GetBucketOwnershipControls", 404, S3_ERROR("OwnershipControlsNotFoundError")},
        {"GetPublicAccessBlock", 404, S3_ERROR("NoSuchPublicAccessBlockConfiguration")},
        {"GetBucketEncryption", 404, S3_ERROR("ServerSideEncryptionConfigurationNotFoundError")},
        {"GetBucketVersioning", 200, "<VersioningConfiguration" NS "/>"},
        {"GetBucketPolicy", 404, S3_ERROR("NoSuchBucketPolicy")},
        {"GetBucketLifecycleConfiguration", 404, S3_ERROR("NoSuchLifecycleConfiguration")},
        {"GetBucketReplication", 404, S3_ERROR("ReplicationConfigurationNotFoundError")},
    };
    kit_read(&kit, bucket, 1, answers, COUNT(answers));
    CHECK("present", bucket->live.status == LB_LIVE_PRESENT && kit.diags.errors == 0);
    CHECK("no owner", !bucket->live.owner);
    check_json(&kit, "live", bucket->live.value,
               "{\"arn\":\"arn:aws:s3:::dr-west\",\"tags\":{},\"public_access\":{"
               "\"block_public_acls\":false,\"ignore_public_acls\":false,"
               "\"block_public_policy\":false,\"restrict_public_buckets\":false},"
               "\"versioning\":{},\"policy\":\"none\",\"lifecycle\":{\"rules\":[]},"
               "\"replication\":{\"rules\":[]}}");
    kit_free(&kit);
}

/* All requests but one get the same answer; HeadBucket's status is the row's. */
static void read_all(struct kit *kit, struct lb_resource *bucket, int status, const char *body)
{
    const struct kit_answer answers[] = {
        {"HeadBucket", status, ""},
        {"GetBucketTagging", status, body},
        {"GetBucketOwnershipControls", status, body},
        {"GetPublicAccessBlock", status, body},
        {"GetBucketEncryption", status, body},
        {"GetBucketVersioning", status, body},
        {"GetBucketLifecycleConfiguration", status, body},
    };
    kit_read(kit, bucket, 1, answers, COUNT(answers));
}

static void a_bucket_that_is_not_there_is_absent(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(&kit, KIT_HEAD BUCKETS("", ""));
    read_all(&kit, bucket, 404, S3_ERROR("NoSuchBucket"));
    CHECK("absent", bucket->live.status == LB_LIVE_ABSENT && kit.diags.errors == 0);
    CHECK("nothing is known", !bucket->live.value);
    kit_free(&kit);
}

static void a_bucket_of_another_region_is_one_error(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(&kit, KIT_HEAD BUCKETS("", ""));
    kit.header = "x-amz-bucket-region";
    kit.header_value = "eu-west-1";
    read_all(&kit, bucket, 301, S3_ERROR("PermanentRedirect"));
    CHECK("unreadable", bucket->live.status == LB_LIVE_UNREADABLE);
    assert_int_equal(kit.diags.errors, 1);
    CHECK_TEXT("code", kit.diags.items[0].code, "LB-S072");
    CHECK_TEXT("detail", kit.diags.items[0].detail,
               "bucket \"dr-west\" is in eu-west-1; the spec says us-west-2");
    kit_free(&kit);
}

static void a_bucket_of_another_account_is_not_absent(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(&kit, KIT_HEAD BUCKETS("", ""));
    read_all(&kit, bucket, 403, S3_ERROR("AccessDenied"));
    CHECK("unreadable", bucket->live.status == LB_LIVE_UNREADABLE && kit.diags.errors > 0);
    kit_free(&kit);
}

/* --- write ------------------------------------------------------------------------------------ */

static void check_call(struct kit *kit, size_t call, const char *line, const char *body)
{
    if (call >= kit->emit_count)
        fail_msg("%s: only %zu calls", line, kit->emit_count);
    CHECK_TEXT(line, kit_line(kit, kit->emits[call].call), line);
    CHECK_TEXT(line, kit_body(kit, kit->emits[call].call), body);
    CHECK_TEXT(line,
               lb_text_at(kit->emits[call].call->headers, "x-amz-expected-bucket-owner", NULL),
               "111122223333");
}

static void creates_where_the_spec_says(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *west = load(&kit, KIT_HEAD BUCKETS("", ""));
    struct lb_resource *east = kit_find(&kit, "bucket.dr-east");
    kit_write(&kit, west, "bucket");
    CHECK_TEXT("west", kit_line(&kit, kit.emits[0].call), "PUT /dr-west");
    CHECK_TEXT("west", kit_body(&kit, kit.emits[0].call),
               "<CreateBucketConfiguration" NS "><LocationConstraint>us-west-2"
               "</LocationConstraint></CreateBucketConfiguration>");
    CHECK_TEXT("ours already", kit.emits[0].call->idempotent_on, "BucketAlreadyOwnedByYou");
    kit_write(&kit, east, "bucket");
    CHECK_TEXT("us-east-1 is not named", kit_body(&kit, kit.emits[0].call), "");
    kit_free(&kit);
}

/* The documents that botocore writes for the same input. */
static void writes_documents_as_botocore_does(void **state)
{
    (void)state;
    static const struct {
        const char *granule, *line, *body;
    } rows[] = {
        {"ownership", "PUT /dr-west?ownershipControls",
         "<OwnershipControls" NS "><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership>"
         "</Rule></OwnershipControls>"},
        {"public_access", "PUT /dr-west?publicAccessBlock",
         "<PublicAccessBlockConfiguration" NS "><BlockPublicAcls>true</BlockPublicAcls>"
         "<IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>false</BlockPublicPolicy>"
         "<RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>"},
        {"encryption", "PUT /dr-west?encryption",
         "<ServerSideEncryptionConfiguration" NS "><Rule><ApplyServerSideEncryptionByDefault>"
         "<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>" WEST_KEY "</KMSMasterKeyID>"
         "</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule>"
         "</ServerSideEncryptionConfiguration>"},
        {"versioning", "PUT /dr-west?versioning",
         "<VersioningConfiguration" NS "><Status>Enabled</Status></VersioningConfiguration>"},
        {"policy", "PUT /dr-west?policy", "{\"Version\":\"v\"}"},
    };
    struct kit kit;
    struct lb_resource *bucket = load(
        &kit, KIT_HEAD BUCKETS(", policy: {Version: v}, public_access: "
                               "{block_public_policy: false}" ENCRYPTED(WEST_KEY),
                               ""));
    for (size_t i = 0; i < COUNT(rows); i++) {
        kit_write(&kit, bucket, rows[i].granule);
        assert_int_equal(kit.emit_count, 1);
        check_call(&kit, 0, rows[i].line, rows[i].body);
    }
    CHECK_TEXT("type", kit.emits[0].call->raw_type, "application/json");
    kit_free(&kit);
}

static void set_live(struct kit *kit, struct lb_resource *bucket, const char *json)
{
    const char *error = NULL;
    bucket->live.status = LB_LIVE_PRESENT;
    bucket->live.value = lb_json_parse(kit->arena, json, strlen(json), &error);
    CHECK(json, bucket->live.value);
}

static void tags_of_others_go_along(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(&kit, KIT_HEAD BUCKETS(", tags: {team: search}", ""));
    set_live(&kit, bucket,
             "{\"tags\":{\"owner\":\"bi\",\"aws:cloudformation:stack\":\"x\",\"team\":\"old\","
             "\"lifeboat:old\":\"1\"}}");
    kit_write(&kit, bucket, "tags");
    check_call(&kit, 0, "PUT /dr-west?tagging",
               "<Tagging" NS "><TagSet><Tag><Key>owner</Key><Value>bi</Value></Tag><Tag><Key>team"
               "</Key><Value>search</Value></Tag><Tag><Key>lifeboat:stack</Key><Value>search-dr"
               "</Value></Tag><Tag><Key>lifeboat:address</Key><Value>bucket.dr-west</Value></Tag>"
               "</TagSet></Tagging>");
    kit_free(&kit);
}

static void a_policy_can_be_taken_away(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(&kit, KIT_HEAD BUCKETS(", policy: none", ""));
    set_live(&kit, bucket, "{\"policy\":{\"Version\":\"v\"}}");
    kit_write(&kit, bucket, "policy");
    check_call(&kit, 0, "DELETE /dr-west?policy", "");
    kit_free(&kit);
}

/* Reads the lifecycle document alone, as the live state of what follows. */
static void read_lifecycle(struct kit *kit, struct lb_resource *bucket, const char *document)
{
    const struct kit_answer answers[] = {
        {"HeadBucket", 200, ""},
        {"GetBucketTagging", 404, S3_ERROR("NoSuchTagSet")},
        {"GetBucketOwnershipControls", 200, OWNERSHIP},
        {"GetPublicAccessBlock", 200, PUBLIC_ACCESS},
        {"GetBucketEncryption", 200, ENCRYPTION},
        {"GetBucketVersioning", 200, "<VersioningConfiguration" NS "/>"},
        {"GetBucketLifecycleConfiguration", 200, document},
    };
    kit_read(kit, bucket, 1, answers, COUNT(answers));
}

#define FULL_RULE                                                                                  \
    "{id: lifeboat-reports, prefix: reports/, tags: {keep: \"no\"}, larger_than: 1Ki, "            \
    "smaller_than: 1Gi, expire_after: 400d, noncurrent_after: 100d, noncurrent_keep: 2, "          \
    "transitions: [{storage_class: STANDARD_IA, after: 30d}], "                                    \
    "noncurrent_transitions: [{storage_class: STANDARD_IA, after: 30d, keep: 1}]}"

static void rules_of_others_stay_as_they_are(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(
        &kit, KIT_HEAD BUCKETS(", lifecycle: {rules: [" FULL_RULE "]}, "
                               "auto_purge: {after: 7d}, versioning: {keep_noncurrent: 30d}",
                               ""));
    kit.header = "x-amz-transition-default-minimum-object-size";
    kit.header_value = "varies_by_storage_class";
    read_lifecycle(&kit, bucket, LIFECYCLE(FOREIGN_RULE OUR_OLD_RULE));
    kit_write(&kit, bucket, "lifecycle");
    check_call(
        &kit, 0, "PUT /dr-west?lifecycle",
        LIFECYCLE(
            FOREIGN_RULE
            "<Rule><Expiration><Days>400</Days></Expiration><ID>lifeboat-reports</ID><Filter><And>"
            "<Prefix>reports/</Prefix><Tag><Key>keep</Key><Value>no</Value></Tag>"
            "<ObjectSizeGreaterThan>1024</ObjectSizeGreaterThan><ObjectSizeLessThan>1073741824"
            "</ObjectSizeLessThan></And></Filter><Status>Enabled</Status><Transition><Days>30"
            "</Days><StorageClass>STANDARD_IA</StorageClass></Transition>"
            "<NoncurrentVersionTransition><NoncurrentDays>30</NoncurrentDays><StorageClass>"
            "STANDARD_IA</StorageClass><NewerNoncurrentVersions>1</NewerNoncurrentVersions>"
            "</NoncurrentVersionTransition><NoncurrentVersionExpiration><NoncurrentDays>100"
            "</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions>"
            "</NoncurrentVersionExpiration></Rule>"
            "<Rule><Expiration><Days>7</Days></Expiration><ID>lifeboat-auto-purge</ID><Filter>"
            "<Prefix>auto-purge/</Prefix></Filter><Status>Enabled</Status></Rule>"
            "<Rule><ID>lifeboat-noncurrent</ID><Filter><Prefix/></Filter><Status>Enabled"
            "</Status><NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays>"
            "</NoncurrentVersionExpiration></Rule>"
            "<Rule><ID>lifeboat-abort-multipart</ID><Filter><Prefix/></Filter><Status>"
            "Enabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>7"
            "</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"));
    CHECK_TEXT("minimum size",
               lb_text_at(kit.emits[0].call->headers,
                          "x-amz-transition-default-minimum-object-size", NULL),
               "varies_by_storage_class");
    kit_free(&kit);
}

static void the_last_rule_of_ours_goes_with_the_document(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(&kit, KIT_HEAD BUCKETS(", abort_multipart_after: never", ""));
    read_lifecycle(&kit, bucket, LIFECYCLE(OUR_OLD_RULE));
    kit_write(&kit, bucket, "lifecycle");
    check_call(&kit, 0, "DELETE /dr-west?lifecycle", "");
    bucket->live.raw = NULL;
    kit_write(&kit, bucket, "lifecycle");
    assert_int_equal(kit.emit_count, 0);
    kit_free(&kit);
}

/* What is written is what is read back: no difference is left, whatever was stated. */
static void a_written_rule_reads_back_equal(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(
        &kit, KIT_HEAD BUCKETS(", lifecycle: {rules: [" FULL_RULE ", {id: markers, enabled: "
                               "false, expire_markers: true}]}, auto_purge: {after: 2w}",
                               ""));
    kit_write(&kit, bucket, "lifecycle");
    const char *sent = kit_body(&kit, kit.emits[0].call);
    struct lb_value *desired = lb_value_copy(kit.arena, bucket->desired);
    read_lifecycle(&kit, bucket, sent);
    const struct lb_schema *schema = lb_schema_at(bucket->kind->schema, "lifecycle");
    CHECK(sent, lb_diff_equal(schema, lb_map_get(desired, "lifecycle"),
                              lb_map_get(bucket->live.value, "lifecycle")));
    kit_free(&kit);
}

#define OUR_REPLICATION(priority)                                                                  \
    "<Rule><ID>lifeboat-nightly</ID><Priority>" priority "</Priority><Filter><Prefix>search/"      \
    "</Prefix></Filter><Status>Enabled</Status><SourceSelectionCriteria><SseKmsEncryptedObjects>"  \
    "<Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria><Destination>"     \
    "<Bucket>arn:aws:s3:::dr-east</Bucket><EncryptionConfiguration><ReplicaKmsKeyID>" EAST_KEY     \
    "</ReplicaKmsKeyID></EncryptionConfiguration><ReplicationTime><Status>Enabled</Status><Time>"  \
    "<Minutes>15</Minutes></Time></ReplicationTime><Metrics><Status>Enabled</Status>"              \
    "<EventThreshold><Minutes>15</Minutes></EventThreshold></Metrics></Destination>"               \
    "<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication></Rule>"
#define THEIR_REPLICATION                                                                          \
    "<Rule><ID>theirs</ID><Priority>1</Priority><Filter><Prefix>x/</Prefix></Filter><Status>"      \
    "Enabled</Status><Destination><Bucket>arn:aws:s3:::z</Bucket></Destination>"                   \
    "<DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication></Rule>"
#define REPLICATION(rules)                                                                         \
    "<ReplicationConfiguration" NS "><Role>arn:aws:iam::111122223333:role/search-dr-replication"   \
    "</Role>" rules "</ReplicationConfiguration>"

static void read_replication(struct kit *kit, struct lb_resource *bucket, const char *document)
{
    struct kit_answer answers[] = {
        {"HeadBucket", 200, ""},
        {"GetBucketTagging", 404, S3_ERROR("NoSuchTagSet")},
        {"GetBucketOwnershipControls", 200, OWNERSHIP},
        {"GetPublicAccessBlock", 200, PUBLIC_ACCESS},
        {"GetBucketEncryption", 200, ENCRYPTION},
        {"GetBucketVersioning", 200, "<VersioningConfiguration" NS "/>"},
        {"GetBucketLifecycleConfiguration", 404, S3_ERROR("NoSuchLifecycleConfiguration")},
        {"GetBucketReplication", 200, document},
    };
    kit_read(kit, bucket, 1, answers, COUNT(answers));
}

static void replication_finds_a_free_priority(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(
        &kit, KIT_HEAD BUCKETS(ENCRYPTED(WEST_KEY), ENCRYPTED(EAST_KEY))
                  DOMAINS REPOSITORY(", topology: replicated, replication: {delete_markers: false, "
                                     "time_control: true}"));
    kit_write(&kit, bucket, "replication");
    check_call(&kit, 0, "PUT /dr-west?replication", REPLICATION(OUR_REPLICATION("1")));
    read_replication(&kit, bucket, REPLICATION(THEIR_REPLICATION));
    kit_write(&kit, bucket, "replication");
    check_call(&kit, 0, "PUT /dr-west?replication",
               REPLICATION(THEIR_REPLICATION OUR_REPLICATION("2")));
    read_replication(&kit, bucket, REPLICATION(THEIR_REPLICATION OUR_REPLICATION("7")));
    kit_write(&kit, bucket, "replication");
    check_call(&kit, 0, "PUT /dr-west?replication",
               REPLICATION(THEIR_REPLICATION OUR_REPLICATION("7")));
    const struct lb_schema *schema = lb_schema_at(bucket->kind->schema, "replication/rules");
    CHECK("reads back equal",
          lb_diff_equal(schema->items, lb_value_at(bucket->desired, "replication/rules/0"),
                        lb_value_at(bucket->live.value, "replication/rules/1")));
    CHECK_TEXT("theirs", lb_text_at(bucket->live.value, "replication/rules/0/priority", NULL), "1");
    kit_free(&kit);
}

static void replication_that_is_left_over_is_removed(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(&kit, KIT_HEAD BUCKETS("", "") DOMAINS REPOSITORY(""));
    read_replication(&kit, bucket, REPLICATION(THEIR_REPLICATION OUR_REPLICATION("2")));
    kit_write(&kit, bucket, "replication");
    check_call(&kit, 0, "PUT /dr-west?replication", REPLICATION(THEIR_REPLICATION));
    read_replication(&kit, bucket, REPLICATION(OUR_REPLICATION("2")));
    kit_write(&kit, bucket, "replication");
    check_call(&kit, 0, "DELETE /dr-west?replication", "");
    kit_free(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_is_safe_by_itself),
        cmocka_unit_test(intents_become_rules_of_ours),
        cmocka_unit_test(a_stated_rule_wins_over_the_derived_one),
        cmocka_unit_test(the_leading_slash_is_taken_off_and_said),
        cmocka_unit_test(a_key_makes_it_kms),
        cmocka_unit_test(errors_name_their_place),
        cmocka_unit_test(a_replicated_repository_is_copied_both_ways),
        cmocka_unit_test(the_role_of_the_purpose_is_used),
        cmocka_unit_test(a_rule_that_nothing_needs_any_more_goes),
        cmocka_unit_test(replication_that_would_fail_later_is_refused),
        cmocka_unit_test(a_foreign_bucket_is_looked_at_only),
        cmocka_unit_test(reads_every_sub_resource),
        cmocka_unit_test(what_was_never_set_is_nothing),
        cmocka_unit_test(a_bucket_that_is_not_there_is_absent),
        cmocka_unit_test(a_bucket_of_another_region_is_one_error),
        cmocka_unit_test(a_bucket_of_another_account_is_not_absent),
        cmocka_unit_test(creates_where_the_spec_says),
        cmocka_unit_test(writes_documents_as_botocore_does),
        cmocka_unit_test(tags_of_others_go_along),
        cmocka_unit_test(a_policy_can_be_taken_away),
        cmocka_unit_test(rules_of_others_stay_as_they_are),
        cmocka_unit_test(the_last_rule_of_ours_goes_with_the_document),
        cmocka_unit_test(a_written_rule_reads_back_equal),
        cmocka_unit_test(replication_finds_a_free_priority),
        cmocka_unit_test(replication_that_is_left_over_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
