/* test_bucket_wire.c: S3 buckets: sub-resources as answered, documents as sent. */
#include "planner/diff.h"
#include "tests/unit/bucket_kit.h"

/* --- read ------------------------------------------------------------------------------------- */

static void reads_every_sub_resource(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(&kit, KIT_HEAD BUCKETS(", policy: {Version: v}", ""));
    const struct kit_answer answers[] = {
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
    CHECK_TEXT("line", kit_line(&kit, kit.asks[6].call), "GET /dr-west?lifecycle");
    kit_free(&kit);
}

static void what_was_never_set_is_nothing(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *bucket = load(&kit, KIT_HEAD BUCKETS(", policy: none", "")
                                                DOMAINS REPOSITORY(""));
    const struct kit_answer answers[] = {
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

/* All requests get the same answer. */
static void read_all(struct kit *kit, struct lb_resource *bucket, int status, const char *body)
{
    const struct kit_answer answers[] = {
        {"GetBucketTagging", status, body},     {"GetBucketOwnershipControls", status, body},
        {"GetPublicAccessBlock", status, body}, {"GetBucketEncryption", status, body},
        {"GetBucketVersioning", status, body},  {"GetBucketLifecycleConfiguration", status, body},
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
