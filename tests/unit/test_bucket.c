/* test_bucket.c: S3 buckets: what is derived, and what is refused. */
#include "tests/unit/bucket_kit.h"

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
        {"LB-S061",
         "lifecycle: {rules: [{id: a, transitions: [{storage_class: STANDARD_IA, after: 1h}]}]}"},
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

/* S3 refuses a rule whose destination has no versioning yet, whoever asked for the rule. */
static void a_stated_rule_waits_as_a_derived_one_does(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *west = load(
        &kit,
        KIT_HEAD BUCKETS(", replication: {role: "
                         "\"arn:aws:iam::111122223333:role/search-dr-copier\", rules: [{id: r, "
                         "destination: dr-east, delete_markers: false}]}",
                         "") DOMAINS "  copier: {purpose: replication}\n" REPOSITORY(""));
    assert_int_equal(west->need_count, 2);
    CHECK("other bucket", west->needs[0].resource == kit_find(&kit, "bucket.dr-east") &&
                              lb_streq(west->needs[0].of, "versioning"));
    CHECK("role", west->needs[1].resource == kit_find(&kit, "role.copier"));
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

/* What copies a repository that left the spec is taken over as it is, before ours: so it keeps its
 * priority. */
static void a_rule_whose_repository_left_stays(void **state)
{
    (void)state;
    static const char live[] =
        "{\"replication\":{\"role\":\"arn:r\",\"rules\":[{\"id\":\"lifeboat-nightly\"},"
        "{\"id\":\"theirs\"},{\"id\":\"lifeboat-gone\",\"priority\":1,\"prefix\":\"gone/\","
        "\"destination\":\"dr-east\"}]}}";
    struct kit kit;
    const char *error = NULL;
    struct lb_resource *west = load(&kit, KIT_HEAD BUCKETS("", "") DOMAINS REPOSITORY(""));
    west->live.status = LB_LIVE_PRESENT;
    west->live.value = lb_json_parse(kit.arena, live, strlen(live), &error);
    for (size_t i = 0; i < 2; i++) { /* called again it changes nothing */
        west->provider->retain(&kit.stack, west);
        check_json(&kit, "kept", lb_map_get(west->desired, "replication"),
                   "{\"rules\":[{\"id\":\"lifeboat-gone\",\"priority\":1,\"prefix\":\"gone/\","
                   "\"destination\":\"dr-east\"}],\"role\":\"arn:r\"}");
        assert_int_equal(kit.diags.count, 1);
    }
    assert_string_equal(kit.diags.items[0].code, "LB-P036");
    kit_free(&kit);
    west = load(&kit, KIT_HEAD BUCKETS("", "") DOMAINS REPOSITORY(REPLICATED));
    west->live.status = LB_LIVE_PRESENT;
    west->live.value = lb_json_parse(kit.arena, live, strlen(live), &error);
    west->provider->retain(&kit.stack, west);
    CHECK_TEXT("first", lb_text_at(west->desired, "replication/rules/0/id", NULL), "lifeboat-gone");
    CHECK_TEXT("then", lb_text_at(west->desired, "replication/rules/1/id", NULL),
               "lifeboat-nightly");
    CHECK_TEXT("role", lb_text_at(west->desired, "replication/role", NULL),
               "arn:aws:iam::111122223333:role/search-dr-replication");
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
        cmocka_unit_test(a_stated_rule_waits_as_a_derived_one_does),
        cmocka_unit_test(a_rule_that_nothing_needs_any_more_goes),
        cmocka_unit_test(a_rule_whose_repository_left_stays),
        cmocka_unit_test(replication_that_would_fail_later_is_refused),
        cmocka_unit_test(a_foreign_bucket_is_looked_at_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
