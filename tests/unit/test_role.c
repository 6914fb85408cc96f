/* test_role.c: IAM roles: derived documents, reading alone and in shared pages, forms as sent. */
#include "base/json.h"
#include "tests/unit/kind_kit.h"

#include <stdlib.h>

#define BUCKETS                                                                                    \
    "buckets:\n"                                                                                   \
    "  dr-west: {region: secondary}\n"                                                             \
    "  dr-east: {region: primary}\n"
#define DOMAINS                                                                                    \
    "domains:\n"                                                                                   \
    "  search: {engine: OpenSearch_2.19, fine_grained: {enabled: false},\n"                        \
    "    data_nodes: {type: r7g.large.search, count: 3, volume: 200Gi}}\n"
#define REPOSITORY(topology)                                                                       \
    "repositories:\n"                                                                              \
    "  nightly: {domain: search, role: snapshot, topology: " topology ", base_path: search,\n"     \
    "    buckets: {primary: dr-west, secondary: dr-east}}\n"
#define STACK(roles) KIT_HEAD "roles:\n" roles BUCKETS DOMAINS REPOSITORY("direct")
#define SNAPSHOT "  snapshot: {purpose: snapshot}\n"
#define OPERATOR(more) "  operator: {purpose: caller, trusted_by: [\"111122223333\"]" more "}\n"

#define MANY 4 /* siblings from which on shared pages are read */

static struct lb_resource *load(struct kit *kit, const char *yaml, const char *address)
{
    if (kit_load(kit, yaml))
        fail_msg("%s: %s", kit->diags.items[0].code, kit->diags.items[0].detail);
    return kit_find(kit, address);
}

static void check_json(struct kit *kit, const char *row, const struct lb_value *value,
                       const char *wanted)
{
    CHECK_TEXT(row, value ? lb_json_text(kit->arena, value) : NULL, wanted);
}

/* --- derive ----------------------------------------------------------------------------------- */

static void a_snapshot_role_trusts_exactly_its_domains(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = load(&kit, STACK(SNAPSHOT), "role.snapshot");
    check_json(&kit, "trust", lb_map_get(role->desired, "trust"),
               "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"
               "{\"Service\":\"es.amazonaws.com\"},\"Action\":\"sts:AssumeRole\",\"Condition\":"
               "{\"StringEquals\":{\"aws:SourceAccount\":\"111122223333\"},\"ArnLike\":"
               "{\"aws:SourceArn\":[\"arn:aws:es:us-east-1:111122223333:domain/search\","
               "\"arn:aws:es:us-west-2:111122223333:domain/search\"]}}}]}");
    check_json(&kit, "policy", lb_value_at(role->desired, "policies/lifeboat"),
               "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"Buckets\",\"Effect\":"
               "\"Allow\",\"Action\":[\"s3:ListBucket\",\"s3:GetBucketLocation\","
               "\"s3:ListBucketMultipartUploads\"],\"Resource\":[\"arn:aws:s3:::dr-west\","
               "\"arn:aws:s3:::dr-east\"]},{\"Sid\":\"Objects\",\"Effect\":\"Allow\",\"Action\":"
               "[\"s3:GetObject\",\"s3:PutObject\",\"s3:DeleteObject\","
               "\"s3:AbortMultipartUpload\",\"s3:ListMultipartUploadParts\"],\"Resource\":"
               "[\"arn:aws:s3:::dr-west/search/*\",\"arn:aws:s3:::dr-east/search/*\"]}]}");
    CHECK_TEXT("path", lb_text_at(role->desired, "path", NULL), "/");
    CHECK_TEXT("session", lb_text_at(role->desired, "max_session", NULL), "1h");
    CHECK_TEXT("owner", lb_text(lb_map_get(lb_map_get(role->desired, "tags"), LB_TAG_STACK), NULL),
               "search-dr");
    CHECK_TEXT("reason", lb_map_get(role->desired, "trust")->why,
               "derived from the repositories that use the role");
    kit_free(&kit);
}

static void keys_of_the_buckets_are_allowed(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = load(&kit,
                                    KIT_HEAD
                                    "roles:\n" SNAPSHOT "buckets:\n"
                                    "  dr-west: {region: secondary, encryption: {kms_key: "
                                    "\"arn:aws:kms:us-west-2:111122223333:key/west\"}}\n"
                                    "  dr-east: {region: primary}\n" DOMAINS REPOSITORY("direct"),
                                    "role.snapshot");
    check_json(&kit, "keys", lb_value_at(role->desired, "policies/lifeboat/Statement/2"),
               "{\"Sid\":\"Keys\",\"Effect\":\"Allow\",\"Action\":[\"kms:Decrypt\","
               "\"kms:GenerateDataKey\"],\"Resource\":["
               "\"arn:aws:kms:us-west-2:111122223333:key/west\"]}");
    kit_free(&kit);
}

static void other_partitions_have_their_own_arns(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = load(
        &kit,
        "lifeboat: 1\nstack: search-dr\naccount: \"111122223333\"\n"
        "regions: {primary: cn-north-1, secondary: cn-northwest-1}\nactive: primary\n"
        "roles:\n" SNAPSHOT BUCKETS DOMAINS REPOSITORY("direct"),
        "role.snapshot");
    CHECK_TEXT("service", lb_text_at(role->desired, "trust/Statement/0/Principal/Service", NULL),
               "es.amazonaws.com");
    const struct lb_value *like = lb_value_at(role->desired,
                                              "trust/Statement/0/Condition/ArnLike/aws:SourceArn");
    CHECK_TEXT("domain", lb_text(lb_list_item(like, 1), NULL),
               "arn:aws-cn:es:cn-northwest-1:111122223333:domain/search");
    CHECK_TEXT("bucket",
               lb_text_at(role->desired, "policies/lifeboat/Statement/0/Resource/0", NULL),
               "arn:aws-cn:s3:::dr-west");
    kit_free(&kit);
}

static void a_caller_may_pass_and_call(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = load(
        &kit,
        STACK(SNAPSHOT "  operator: {purpose: caller, trusted_by: [\"444455556666\", "
                       "\"arn:aws:iam::111122223333:role/ci\", lambda.amazonaws.com]}\n"),
        "role.operator");
    check_json(
        &kit, "principal", lb_value_at(role->desired, "trust/Statement/0/Principal"),
        "{\"AWS\":[\"arn:aws:iam::444455556666:root\",\"arn:aws:iam::111122223333:role/ci\"],"
        "\"Service\":[\"lambda.amazonaws.com\"]}");
    check_json(&kit, "policy", lb_value_at(role->desired, "policies/lifeboat/Statement"),
               "[{\"Sid\":\"PassSnapshotRoles\",\"Effect\":\"Allow\",\"Action\":[\"iam:PassRole\"],"
               "\"Resource\":[\"arn:aws:iam::111122223333:role/search-dr-snapshot\"]},"
               "{\"Sid\":\"Domains\",\"Effect\":\"Allow\",\"Action\":[\"es:ESHttpGet\","
               "\"es:ESHttpHead\",\"es:ESHttpPost\",\"es:ESHttpPut\",\"es:ESHttpPatch\","
               "\"es:ESHttpDelete\"],\"Resource\":["
               "\"arn:aws:es:us-east-1:111122223333:domain/search/*\","
               "\"arn:aws:es:us-west-2:111122223333:domain/search/*\"]}]");
    kit_free(&kit);
}

static void what_is_stated_is_taken(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = load(
        &kit,
        STACK("  snapshot:\n    purpose: snapshot\n    description: mine\n    path: /search/\n"
              "    trust: {Version: '2012-10-17', Statement: []}\n"
              "    policies: {lifeboat: {Version: '2012-10-17', Statement: [{Effect: Deny}]},\n"
              "      other: {Version: '2012-10-17', Statement: []}}\n"),
        "role.snapshot");
    check_json(&kit, "trust", lb_map_get(role->desired, "trust"),
               "{\"Version\":\"2012-10-17\",\"Statement\":[]}");
    CHECK_TEXT("policy", lb_text_at(role->desired, "policies/lifeboat/Statement/0/Effect", NULL),
               "Deny");
    CHECK("other", lb_value_at(role->desired, "policies/other"));
    CHECK_TEXT("description", lb_text_at(role->desired, "description", NULL), "mine");
    CHECK_TEXT("path", lb_text_at(role->desired, "path", NULL), "/search/");
    kit_free(&kit);
}

static void nothing_is_wanted_of_a_foreign_role(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = load(
        &kit, STACK("  snapshot: {purpose: snapshot, managed: false}\n"), "role.snapshot");
    CHECK("no trust", !lb_map_get(role->desired, "trust"));
    CHECK("no tags", !lb_map_get(role->desired, "tags"));
    CHECK("but looked at", lb_resource_has_granule(role, lb_granule_find(role->kind, "policies")));
    kit_free(&kit);
}

static void errors_name_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *code, *role;
    } rows[] = {
        {"LB-S063", "  operator: {purpose: snapshot, max_session: 30m}\n"},
        {"LB-S063", "  operator: {purpose: snapshot, max_session: 13h}\n"},
        {"LB-S074", "  operator: {purpose: snapshot, description: \"on call \\u2014 paged\"}\n"},
        {"LB-S074",
         "  operator: {purpose: snapshot, policies: {a: {Statement: [{Sid: \"\\u0100\"}]}}}\n"},
        {"LB-S064", "  operator: {description: what for}\n"},
        {"LB-S065", "  operator: {purpose: caller}\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kit kit;
        struct lb_arena *arena = lb_arena_new();
        bool failed = kit_load(&kit,
                               lb_arena_printf(arena, "%sroles:\n%s", KIT_HEAD, rows[i].role)) != 0;
        CHECK(rows[i].role, failed && kit_said(&kit.diags, rows[i].code, 7));
        kit_free(&kit);
        lb_arena_free(arena);
    }
}

static void a_long_derived_name_is_refused(void **state)
{
    (void)state;
    struct kit kit;
    CHECK("refused",
          kit_load(&kit, KIT_HEAD
                   "roles:\n  rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr:"
                   " {purpose: snapshot}\n"));
    CHECK("code", kit_said(&kit.diags, "LB-S062", 7));
    kit_free(&kit);
}

static void an_unused_snapshot_role_is_warned_of(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = load(&kit, KIT_HEAD "roles:\n" SNAPSHOT, "role.snapshot");
    CHECK("warned", kit_said(&kit.diags, "LB-S066", 7) && kit.diags.errors == 0);
    CHECK("no permissions", lb_value_count(lb_map_get(role->desired, "policies")) == 0);
    kit_free(&kit);
}

/* --- read ------------------------------------------------------------------------------------- */

#define TAGS                                                                                       \
    "<Tags><member><Key>lifeboat:stack</Key><Value>search-dr</Value></member><member><Key>team"    \
    "</Key><Value>bi</Value></member></Tags>"
#define TRUST "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D"
#define ROLE                                                                                       \
    "<RoleName>search-dr-operator</RoleName><RoleId>AROA1</RoleId><Path>/</Path>"                  \
    "<Arn>arn:aws:iam::111122223333:role/search-dr-operator</Arn>"                                 \
    "<AssumeRolePolicyDocument>" TRUST "</AssumeRolePolicyDocument>"
#define SETTINGS "<Description>runs it</Description><MaxSessionDuration>14400</MaxSessionDuration>"
#define GET_ROLE                                                                                   \
    "<GetRoleResponse><GetRoleResult><Role>" ROLE SETTINGS TAGS                                    \
    "</Role></GetRoleResult></GetRoleResponse>"
#define NAMES(list, more)                                                                          \
    "<ListRolePoliciesResponse><ListRolePoliciesResult><PolicyNames>" list "</PolicyNames>" more   \
    "</ListRolePoliciesResult></ListRolePoliciesResponse>"
#define POLICY(name, document)                                                                     \
    "<GetRolePolicyResponse><GetRolePolicyResult><PolicyName>" name                                \
    "</PolicyName><PolicyDocument>" document                                                       \
    "</PolicyDocument></GetRolePolicyResult></GetRolePolicyResponse>"
#define ATTACHED(list)                                                                             \
    "<ListAttachedRolePoliciesResponse><ListAttachedRolePoliciesResult><AttachedPolicies>" list    \
    "</AttachedPolicies><IsTruncated>false</IsTruncated></ListAttachedRolePoliciesResult>"         \
    "</ListAttachedRolePoliciesResponse>"
#define MEMBER_ARN(arn) "<member><PolicyName>x</PolicyName><PolicyArn>" arn "</PolicyArn></member>"
#define END "<IsTruncated>false</IsTruncated>"
#define MORE "<IsTruncated>true</IsTruncated><Marker>m1</Marker>"
#define IAM_ERROR(code)                                                                            \
    "<ErrorResponse><Error><Code>" code "</Code><Message>no</Message></Error></ErrorResponse>"
#define DETAILS(list, more)                                                                        \
    "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult>"               \
    "<RoleDetailList>" list "</RoleDetailList>" more                                               \
    "</GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
#define OTHER "<member><RoleName>someone</RoleName></member>"
#define ROLES(list, more)                                                                          \
    "<ListRolesResponse><ListRolesResult><Roles>" list "</Roles>" more                             \
    "</ListRolesResult></ListRolesResponse>"

static void check_live(struct kit *kit, const struct lb_resource *role)
{
    const struct lb_value *live = role->live.value;
    CHECK("present", role->live.status == LB_LIVE_PRESENT);
    CHECK_TEXT("owner", role->live.owner, "search-dr");
    CHECK_TEXT("team", lb_text_at(live, "tags/team", NULL), "bi");
    CHECK_TEXT("session", lb_text_at(live, "max_session", NULL), "4h");
    CHECK_TEXT("description", lb_text_at(live, "description", NULL), "runs it");
    CHECK_TEXT("boundary", lb_text_at(live, "boundary", NULL), "none");
    check_json(kit, "trust", lb_map_get(live, "trust"),
               "{\"Version\":\"2012-10-17\",\"Statement\":[]}");
    check_json(kit, "policies", lb_map_get(live, "policies"),
               "{\"lifeboat\":{\"Version\":\"2012-10-17\",\"Statement\":[]},\"theirs\":{\"a\":"
               "\"b c\"}}");
}

static void reads_a_role_by_single_gets(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = load(
        &kit,
        KIT_HEAD "roles:\n" OPERATOR(", attached: [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]"),
        "role.operator");
    const struct kit_answer answers[] = {
        {"GetRole", 200, GET_ROLE},
        {"ListRolePolicies", 200, NAMES("<member>lifeboat</member>", MORE)},
        {"ListAttachedRolePolicies", 200, ATTACHED(MEMBER_ARN("arn:aws:iam::aws:policy/A"))},
        {"GetRolePolicy", 200, POLICY("lifeboat", TRUST)},
        {"ListRolePolicies", 200, NAMES("<member>theirs</member>", END)},
        {"GetRolePolicy", 200, POLICY("theirs", "%7B%22a%22%3A%22b%20c%22%7D")},
    };
    kit_read(&kit, role, 1, answers, COUNT(answers));
    check_live(&kit, role);
    CHECK_TEXT("attached", lb_text_at(role->live.value, "attached/0", NULL),
               "arn:aws:iam::aws:policy/A");
    CHECK_TEXT("marker", lb_text_at(kit.asks[4].call->body, "Marker", NULL), "m1");
    kit_free(&kit);
}

static void a_role_that_is_not_there_is_absent(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = load(&kit, KIT_HEAD "roles:\n" OPERATOR(""), "role.operator");
    const struct kit_answer answers[] = {
        {"GetRole", 404, IAM_ERROR("NoSuchEntity")},
        {"ListRolePolicies", 404, IAM_ERROR("NoSuchEntity")},
    };
    kit_read(&kit, role, 1, answers, COUNT(answers));
    CHECK("absent", role->live.status == LB_LIVE_ABSENT && kit.diags.errors == 0);
    kit_free(&kit);
}

static void a_role_that_may_not_be_read_is_no_absent_role(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = load(&kit, KIT_HEAD "roles:\n" OPERATOR(""), "role.operator");
    const struct kit_answer answers[] = {
        {"GetRole", 403, IAM_ERROR("AccessDenied")},
        {"ListRolePolicies", 404, IAM_ERROR("NoSuchEntity")},
    };
    kit_read(&kit, role, 1, answers, COUNT(answers));
    CHECK("unreadable", role->live.status == LB_LIVE_UNREADABLE && kit.diags.errors == 1);
    kit_free(&kit);
}

static void many_roles_share_pages(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = load(&kit, KIT_HEAD "roles:\n" OPERATOR(""), "role.operator");
    const struct kit_answer answers[] = {
        {"GetAccountAuthorizationDetails", 200, DETAILS(OTHER, MORE)},
        {"ListRoles", 200, ROLES(OTHER, MORE)},
        {"GetAccountAuthorizationDetails", 200,
         DETAILS(OTHER
                 "<member>" ROLE TAGS
                 "<RolePolicyList><member><PolicyName>lifeboat</PolicyName><PolicyDocument>" TRUST
                 "</PolicyDocument></member><member><PolicyName>theirs</PolicyName>"
                 "<PolicyDocument>%7B%22a%22%3A%22b%20c%22%7D</PolicyDocument></member>"
                 "</RolePolicyList><AttachedManagedPolicies/></member>",
                 END)},
        {"ListRoles", 200,
         ROLES("<member><RoleName>search-dr-operator</RoleName>" SETTINGS "</member>", END)},
    };
    kit_read(&kit, role, MANY, answers, COUNT(answers));
    check_live(&kit, role);
    CHECK_TEXT("filter", lb_text_at(kit.asks[0].call->body, "Filter/0", NULL), "Role");
    const struct kit_answer none[] = {
        {"GetAccountAuthorizationDetails", 200, DETAILS(OTHER, END)},
        {"ListRoles", 200, ROLES(OTHER, END)},
    };
    kit_read(&kit, role, MANY, none, COUNT(none));
    CHECK("absent", role->live.status == LB_LIVE_ABSENT);
    kit_free(&kit);
}

static void refused_pages_fall_back_to_single_gets(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = load(&kit, KIT_HEAD "roles:\n" OPERATOR(""), "role.operator");
    const struct kit_answer answers[] = {
        {"GetAccountAuthorizationDetails", 403, IAM_ERROR("AccessDenied")},
        {"ListRoles", 403, IAM_ERROR("AccessDenied")},
        {"GetRole", 200, GET_ROLE},
        {"ListRolePolicies", 200, NAMES("", END)},
        {"ListAttachedRolePolicies", 200, ATTACHED("")},
        {"GetRole", 200, GET_ROLE}, /* asked by both; a wave sends it once */
    };
    kit_read(&kit, role, MANY, answers, COUNT(answers));
    CHECK("present", role->live.status == LB_LIVE_PRESENT && kit.diags.errors == 0);
    CHECK("no policies", lb_value_count(lb_map_get(role->live.value, "policies")) == 0);
    kit_free(&kit);
}

/* --- write ------------------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The pairs of a form, decoded and sorted, a line each: order means nothing in a form. */
static const char *form(struct kit *kit, size_t call)
{
    char *pairs[64];
    size_t count = 0;
    char *body = lb_arena_strdup(kit->arena, kit_body(kit, kit->emits[call].call));
    for (char *next = body; next && count < COUNT(pairs);) {
        char *pair = next;
        next = strchr(next, '&');
        if (next)
            *next++ = '\0';
        pairs[count++] = lb_percent_decode(kit->arena, pair);
    }
    qsort(pairs, count, sizeof *pairs, by_text);
    struct lb_str out = {0};
    for (size_t i = 0; i < count; i++)
        lb_str_printf(&out, "%s%s", i ? "\n" : "", pairs[i]);
    return lb_str_take(&out, kit->arena);
}

#define FULL                                                                                       \
    OPERATOR(", description: runs it, max_session: 4h, path: /ops/, tags: {team: s+m}, "           \
             "boundary: \"arn:aws:iam::111122223333:policy/b\", trust: {Version: v}")

static void creates_in_one_call(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = load(&kit, KIT_HEAD "roles:\n" FULL, "role.operator");
    role->live.status = LB_LIVE_ABSENT;
    kit_write(&kit, role, "role");
    assert_int_equal(kit.emit_count, 1);
    CHECK_TEXT("line", kit_line(&kit, kit.emits[0].call), "POST /");
    CHECK("sent once", kit.emits[0].call->op->once && kit.emits[0].call->op->mutates);
    /* botocore's body of the same call, sorted */
    CHECK_TEXT("form", form(&kit, 0),
               "Action=CreateRole\n"
               "AssumeRolePolicyDocument={\"Version\":\"v\"}\n"
               "Description=runs it\n"
               "MaxSessionDuration=14400\n"
               "Path=/ops/\n"
               "PermissionsBoundary=arn:aws:iam::111122223333:policy/b\n"
               "RoleName=search-dr-operator\n"
               "Tags.member.1.Key=team\n"
               "Tags.member.1.Value=s+m\n"
               "Tags.member.2.Key=lifeboat:stack\n"
               "Tags.member.2.Value=search-dr\n"
               "Tags.member.3.Key=lifeboat:address\n"
               "Tags.member.3.Value=role.operator\n"
               "Version=2010-05-08");
    kit_free(&kit);
}

static void set_live(struct kit *kit, struct lb_resource *role, const char *json)
{
    const char *error = NULL;
    role->live.status = LB_LIVE_PRESENT;
    role->live.value = lb_json_parse(kit->arena, json, strlen(json), &error);
    CHECK(json, role->live.value);
}

static void changes_granule_by_granule(void **state)
{
    (void)state;
    static const struct {
        const char *granule, *form;
    } rows[] = {
        {"settings", "Action=UpdateRole\nDescription=runs it\nMaxSessionDuration=14400\n"
                     "RoleName=search-dr-operator\nVersion=2010-05-08"},
        {"trust", "Action=UpdateAssumeRolePolicy\nPolicyDocument={\"Version\":\"v\"}\n"
                  "RoleName=search-dr-operator\nVersion=2010-05-08"},
        {"boundary", "Action=PutRolePermissionsBoundary\n"
                     "PermissionsBoundary=arn:aws:iam::111122223333:policy/b\n"
                     "RoleName=search-dr-operator\nVersion=2010-05-08"},
        {"tags", "Action=TagRole\nRoleName=search-dr-operator\nTags.member.1.Key=team\n"
                 "Tags.member.1.Value=s+m\nVersion=2010-05-08"},
    };
    struct kit kit;
    struct lb_resource *role = load(&kit, KIT_HEAD "roles:\n" FULL, "role.operator");
    set_live(&kit, role,
             "{\"tags\":{\"team\":\"old\",\"theirs\":\"1\",\"lifeboat:stack\":\"search-dr\","
             "\"lifeboat:address\":\"role.operator\",\"lifeboat:old\":\"x\"}}");
    for (size_t i = 0; i < COUNT(rows); i++) {
        kit_write(&kit, role, rows[i].granule);
        CHECK_TEXT(rows[i].granule, form(&kit, 0), rows[i].form);
    }
    assert_int_equal(kit.emit_count, 2);
    CHECK_TEXT("untag", form(&kit, 1),
               "Action=UntagRole\nRoleName=search-dr-operator\nTagKeys.member.1=lifeboat:old\n"
               "Version=2010-05-08");
    kit_free(&kit);
}

static void a_boundary_can_be_taken_away(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = load(&kit, KIT_HEAD "roles:\n" OPERATOR(", boundary: none"),
                                    "role.operator");
    set_live(&kit, role, "{\"boundary\":\"arn:aws:iam::111122223333:policy/b\"}");
    kit_write(&kit, role, "boundary");
    CHECK_TEXT("delete", form(&kit, 0),
               "Action=DeleteRolePermissionsBoundary\nRoleName=search-dr-operator\n"
               "Version=2010-05-08");
    kit_free(&kit);
}

static void policies_of_others_stay(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_resource *role = load(
        &kit,
        KIT_HEAD "roles:\n" OPERATOR(", policies: {mine: {Version: a}, same: {Version: b}}, "
                                     "attached: [\"arn:aws:iam::aws:policy/A\", "
                                     "\"arn:aws:iam::aws:policy/B\"]"),
        "role.operator");
    set_live(&kit, role,
             "{\"policies\":{\"same\":{\"Version\":\"b\"},\"theirs\":{},\"lifeboat-old\":{}},"
             "\"attached\":[\"arn:aws:iam::aws:policy/A\",\"arn:aws:iam::aws:policy/C\"]}");
    kit_write(&kit, role, "policies");
    assert_int_equal(kit.emit_count, 2);
    CHECK_TEXT("put", form(&kit, 0),
               "Action=PutRolePolicy\nPolicyDocument={\"Version\":\"a\"}\nPolicyName=mine\n"
               "RoleName=search-dr-operator\nVersion=2010-05-08");
    CHECK_TEXT("delete", form(&kit, 1),
               "Action=DeleteRolePolicy\nPolicyName=lifeboat-old\nRoleName=search-dr-operator\n"
               "Version=2010-05-08");
    CHECK_TEXT("title", kit.emits[1].title, "remove inline policy lifeboat-old");
    kit_write(&kit, role, "attached");
    assert_int_equal(kit.emit_count, 1);
    CHECK_TEXT("attach", form(&kit, 0),
               "Action=AttachRolePolicy\nPolicyArn=arn:aws:iam::aws:policy/B\n"
               "RoleName=search-dr-operator\nVersion=2010-05-08");
    kit_free(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_role_trusts_exactly_its_domains),
        cmocka_unit_test(keys_of_the_buckets_are_allowed),
        cmocka_unit_test(other_partitions_have_their_own_arns),
        cmocka_unit_test(a_caller_may_pass_and_call),
        cmocka_unit_test(what_is_stated_is_taken),
        cmocka_unit_test(nothing_is_wanted_of_a_foreign_role),
        cmocka_unit_test(errors_name_their_place),
        cmocka_unit_test(a_long_derived_name_is_refused),
        cmocka_unit_test(an_unused_snapshot_role_is_warned_of),
        cmocka_unit_test(reads_a_role_by_single_gets),
        cmocka_unit_test(a_role_that_is_not_there_is_absent),
        cmocka_unit_test(a_role_that_may_not_be_read_is_no_absent_role),
        cmocka_unit_test(many_roles_share_pages),
        cmocka_unit_test(refused_pages_fall_back_to_single_gets),
        cmocka_unit_test(creates_in_one_call),
        cmocka_unit_test(changes_granule_by_granule),
        cmocka_unit_test(a_boundary_can_be_taken_away),
        cmocka_unit_test(policies_of_others_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
