/* test_wire.c: calls to HTTP messages, for the four wire families. */
#include "base/str.h"
#include "transport/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct lb_service s3 = {
    .id = "s3", .signing = "s3", .prefix = "s3", .wire = LB_WIRE_REST_XML, .xmlns = "urn:s3"};
static const struct lb_service iam = {.id = "iam",
                                      .signing = "iam",
                                      .prefix = "iam",
                                      .wire = LB_WIRE_QUERY,
                                      .version = "2010-05-08",
                                      .global = true};
static const struct lb_service route53 = {.id = "route53",
                                          .signing = "route53",
                                          .prefix = "route53",
                                          .wire = LB_WIRE_REST_XML,
                                          .xmlns = "urn:r53",
                                          .global = true};
static const struct lb_service cloudwatch = {.id = "cloudwatch",
                                             .signing = "monitoring",
                                             .prefix = "monitoring",
                                             .wire = LB_WIRE_JSON,
                                             .target = "GraniteServiceVersion20100801",
                                             .content_type = "application/x-amz-json-1.0"};
static const struct lb_service es = {
    .id = "es", .signing = "es", .prefix = "es", .wire = LB_WIRE_REST_JSON};
static const struct lb_service cluster = {
    .id = "cluster", .signing = "es", .wire = LB_WIRE_REST_JSON};

#define OP(NAME, SERVICE, METHOD, PATH)                                                            \
    static const struct lb_op NAME = {                                                             \
        .service = &SERVICE, .name = #NAME, .method = METHOD, .path = PATH}
OP(GetRole, iam, "POST", "/");
OP(PutMetricData, cloudwatch, "POST", "/");
OP(DescribeDomain, es, "GET", "/2021-01-01/opensearch/domain/{DomainName}");
OP(CreateDomain, es, "POST", "/2021-01-01/opensearch/domain");
OP(GetBucket, s3, "GET", "/{Bucket}?versioning");
OP(PutBucket, s3, "PUT", "/{Bucket}?lifecycle");
OP(ListVersions, s3, "GET",
   "/{Bucket}?versions&prefix={Prefix}&key-marker={KeyMarker}&max-keys=1000");
OP(DeleteObject, s3, "DELETE", "/{Bucket}/{Key+}?versionId={VersionId}");
OP(ListSets, route53, "GET", "/2013-04-01/hostedzone/{Id}/rrset?name={Name}&type={Type}");
OP(DeleteSnapshot, cluster, "DELETE", "/_snapshot/{Repository}/{Snapshot}");
OP(Search, cluster, "GET", "/{Index}/_search");

/* --- requests --------------------------------------------------------------------------------- */
static struct lb_message build(struct lb_arena *arena, struct lb_call *call)
{
    struct lb_message message;
    lb_message_build(arena, call, &message);
    return message;
}

static const struct {
    const struct lb_op *op;
    const char *params[4][2];
    const char *path, *query;
} targets[] = {
    {&DescribeDomain, {{"DomainName", "search"}}, "/2021-01-01/opensearch/domain/search", ""},
    {&GetBucket, {{"Bucket", "b"}}, "/b", "versioning"},
    {&ListVersions, {{"Bucket", "b"}}, "/b", "max-keys=1000&versions"},
    {&ListVersions,
     {{"Bucket", "b"}, {"Prefix", "a/b c&d=e"}, {"KeyMarker", "\xe2\x82\xac"}},
     "/b",
     "key-marker=%E2%82%AC&max-keys=1000&prefix=a%2Fb%20c%26d%3De&versions"},
    {&ListVersions, {{"Bucket", "b"}, {"Prefix", ""}}, "/b", "max-keys=1000&prefix=&versions"},
    {&DeleteObject,
     {{"Bucket", "b"}, {"Key", "a/../b c?d#e%"}, {"VersionId", "null"}},
     "/b/a/../b%20c%3Fd%23e%25",
     "versionId=null"},
    {&ListSets,
     {{"Id", "Z/1"}, {"Name", "*.example.com."}},
     "/2013-04-01/hostedzone/Z%2F1/rrset",
     "name=%2A.example.com."},
    {&DeleteSnapshot,
     {{"Repository", "r"}, {"Snapshot", "a:b,c*"}},
     "/_snapshot/r/a%3Ab%2Cc%2A",
     ""},
    {&Search, {{"Index", "<logs-{now/d}>"}}, "/%3Clogs-%7Bnow%2Fd%7D%3E/_search", ""},
};

static void test_targets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(targets); i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_call *call = lb_call_new(arena, targets[i].op, "us-east-1");
        for (size_t k = 0; targets[i].params[k][0]; k++)
            lb_call_param(arena, call, targets[i].params[k][0], targets[i].params[k][1]);
        lb_call_param(arena, call, "Absent", NULL);
        struct lb_message message = build(arena, call);
        assert_string_equal(message.path, targets[i].path);
        assert_string_equal(message.query, targets[i].query);
        lb_arena_free(arena);
    }
}

/* Exit status of building the call; a bug of ours is 1. */
static int status_of(const struct lb_op *op, const char *name, const char *value)
{
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(70);
        struct lb_arena *arena = lb_arena_new();
        struct lb_call *call = lb_call_new(arena, op, "us-east-1");
        lb_call_param(arena, call, "Repository", "r");
        if (name)
            lb_call_param(arena, call, name, value);
        build(arena, call);
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

static void test_dangerous_paths_end_the_program(void **state)
{
    (void)state;
    assert_int_equal(status_of(&DeleteSnapshot, "Snapshot", "s"), 0);
    assert_int_equal(status_of(&DeleteSnapshot, "Snapshot", "..a"), 0);
    assert_int_equal(status_of(&DeleteSnapshot, NULL, NULL), 1);
    assert_int_equal(status_of(&DeleteSnapshot, "Snapshot", ""), 1);
    assert_int_equal(status_of(&DeleteSnapshot, "Snapshot", "."), 1);
    assert_int_equal(status_of(&DeleteSnapshot, "Snapshot", ".."), 1);
    assert_int_equal(status_of(&DeleteSnapshot, "Snapshto", "s"), 1);
    assert_int_equal(status_of(&DeleteSnapshot, "snapshot", "s"), 1);
}

static void test_query_body(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_call *call = lb_call_new(arena, &GetRole, "us-east-1");
    struct lb_value *body = lb_call_body(arena, call);
    lb_map_set_string(arena, body, "RoleName", "a b&c");
    struct lb_value *tags = lb_map_list(arena, body, "Tags");
    struct lb_value *tag = lb_list_add(arena, tags, lb_value_map(arena));
    tag = lb_list_item(tags, 0);
    lb_map_set_string(arena, tag, "Key", "lifeboat:stack");
    lb_map_set_bool(arena, tag, "On", true);
    lb_map_set_int(arena, lb_map_map(arena, body, "Nested"), "Deep", 5);
    lb_map_list(arena, body, "Empty");
    lb_map_set(arena, body, "Absent", lb_value_null(arena));
    struct lb_message message = build(arena, call);
    assert_string_equal(message.body,
                        "Action=GetRole&Version=2010-05-08&RoleName=a%20b%26c&"
                        "Tags.member.1.Key=lifeboat%3Astack&Tags.member.1.On=true&Nested.Deep=5&"
                        "Empty=");
    assert_int_equal(message.body_length, strlen(message.body));
    assert_string_equal(lb_text_at(message.headers, "content-type", ""),
                        "application/x-www-form-urlencoded; charset=utf-8");
    lb_arena_free(arena);
}

static void test_json_bodies(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_call *call = lb_call_new(arena, &PutMetricData, "us-east-1");
    struct lb_message message = build(arena, call);
    assert_string_equal(message.body, "{}");
    assert_string_equal(lb_text_at(message.headers, "content-type", ""),
                        "application/x-amz-json-1.0");
    assert_string_equal(lb_text_at(message.headers, "x-amz-target", ""),
                        "GraniteServiceVersion20100801.PutMetricData");
    assert_null(lb_map_get(message.headers, "x-amz-checksum-sha256"));
    call = lb_call_new(arena, &CreateDomain, "us-east-1");
    lb_map_set_string(arena, lb_call_body(arena, call), "DomainName", "\xe2\x82\xac\"");
    message = build(arena, call);
    assert_string_equal(message.body, "{\"DomainName\":\"\xe2\x82\xac\\\"\"}");
    assert_string_equal(lb_text_at(message.headers, "content-type", ""), "application/json");
    call = lb_call_new(arena, &Search, "us-east-1");
    lb_call_param(arena, call, "Index", "a");
    message = build(arena, call);
    assert_null(message.body);
    assert_int_equal(message.body_length, 0);
    assert_null(lb_map_get(message.headers, "content-type"));
    call->raw = "{\"index\":{}}\n\0x";
    call->raw_length = 14;
    call->raw_type = "application/x-ndjson";
    message = build(arena, call);
    assert_int_equal(message.body_length, 14);
    assert_string_equal(lb_text_at(message.headers, "content-type", ""), "application/x-ndjson");
    lb_arena_free(arena);
}

static void test_xml_body(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_call *call = lb_call_new(arena, &PutBucket, "us-east-1");
    lb_call_param(arena, call, "Bucket", "b");
    lb_call_header(arena, call, "X-Amz-Expected-Bucket-Owner", "111122223333");
    call->body_root = "LifecycleConfiguration";
    lb_map_set_string(arena, lb_call_body(arena, call), "ID", "<a>");
    struct lb_message message = build(arena, call);
    assert_true(lb_ends_with(message.body, "<LifecycleConfiguration xmlns=\"urn:s3\"><ID>&lt;a&gt;"
                                           "</ID></LifecycleConfiguration>"));
    assert_string_equal(lb_text_at(message.headers, "content-type", ""), "application/xml");
    assert_string_equal(lb_text_at(message.headers, "x-amz-expected-bucket-owner", ""),
                        "111122223333");
    assert_int_equal(strlen(lb_text_at(message.headers, "x-amz-checksum-sha256", "")), 44);
    struct lb_op plain = PutBucket;
    plain.no_checksum = true;
    call->op = &plain;
    message = build(arena, call);
    assert_non_null(message.body);
    assert_null(lb_map_get(message.headers, "x-amz-checksum-sha256"));
    call->body_root = NULL;
    call->body = NULL;
    message = build(arena, call);
    assert_null(message.body);
    assert_null(lb_map_get(message.headers, "x-amz-checksum-sha256"));
    lb_arena_free(arena);
}

static void test_keys(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    const char *keys[8];
    size_t count = 0;
    for (size_t i = 0; i < 4; i++) {
        struct lb_call *call = lb_call_new(arena, &GetBucket, i == 1 ? "eu-west-1" : "us-east-1");
        lb_call_param(arena, call, "Bucket", i == 2 ? "c" : "b");
        if (i == 3)
            lb_call_header(arena, call, "x-amz-expected-bucket-owner", "1");
        keys[count++] = lb_call_key(arena, call);
    }
    struct lb_call *call = lb_call_new(arena, &GetRole, "us-east-1");
    keys[count++] = lb_call_key(arena, call);
    lb_map_set_string(arena, lb_call_body(arena, call), "RoleName", "a");
    keys[count++] = lb_call_key(arena, call);
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count; k++)
            assert_string_not_equal(keys[i], keys[k]);
    struct lb_call *same = lb_call_new(arena, &GetRole, "eu-west-1"); /* global: one place */
    lb_map_set_string(arena, lb_call_body(arena, same), "RoleName", "a");
    same->address = "role.a";
    assert_string_equal(lb_call_key(arena, same), keys[count - 1]);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),    cmocka_unit_test(test_dangerous_paths_end_the_program),
        cmocka_unit_test(test_query_body), cmocka_unit_test(test_json_bodies),
        cmocka_unit_test(test_xml_body),   cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
