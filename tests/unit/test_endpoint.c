/* test_endpoint.c: where calls go: hosts by partition, the order of overrides, and what is refused.
 */
#include "base/str.h"
#include "transport/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct lb_service s3 = {
    .id = "s3", .signing = "s3", .prefix = "s3", .endpoint_id = "S3", .wire = LB_WIRE_REST_XML};
static const struct lb_service es = {.id = "es",
                                     .signing = "es",
                                     .prefix = "es",
                                     .endpoint_id = "OPENSEARCH",
                                     .wire = LB_WIRE_REST_JSON};
static const struct lb_service iam = {
    .id = "iam", .signing = "iam", .prefix = "iam", .endpoint_id = "IAM", .global = true};
static const struct lb_service route53 = {.id = "route53",
                                          .signing = "route53",
                                          .prefix = "route53",
                                          .endpoint_id = "ROUTE_53",
                                          .global = true};
static const struct lb_service cluster = {
    .id = "cluster", .signing = "es", .endpoint_id = "CLUSTER", .wire = LB_WIRE_REST_JSON};

static void clear_environment(void)
{
    static const char *const names[] = {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
                                        "AWS_ENDPOINT_URL_ROUTE_53", "AWS_ENDPOINT_URL_OPENSEARCH",
                                        "LIFEBOAT_CLUSTER_URL"};
    for (size_t i = 0; i < COUNT(names); i++)
        unsetenv(names[i]);
}

static const struct lb_endpoint *resolve(struct lb_arena *arena, const struct lb_service *service,
                                         const char *region, const char *host, const char *scheme,
                                         const struct lb_aws_config *config, const char **code)
{
    static const struct lb_aws_config plain = {.profile = "default", .max_attempts = 3};
    struct lb_op *op = lb_arena_alloc(arena, sizeof *op);
    op->service = service;
    const struct lb_call call = {.op = op, .region = region, .host = host, .scheme = scheme};
    struct lb_diags diags;
    struct lb_endpoint *out = lb_arena_alloc(arena, sizeof *out);
    lb_diags_init(&diags, arena);
    int status = lb_endpoint_resolve(arena, config ? config : &plain, &call, &diags, out);
    *code = status < 0 ? diags.items[0].code : NULL;
    return status < 0 ? NULL : out;
}

static const struct {
    const struct lb_service *service;
    const char *region, *host, *signing;
} own_hosts[] = {
    {&s3, "us-east-1", "s3.us-east-1.amazonaws.com", "us-east-1"},
    {&s3, "eu-west-1", "s3.eu-west-1.amazonaws.com", "eu-west-1"},
    {&s3, "cn-north-1", "s3.cn-north-1.amazonaws.com.cn", "cn-north-1"},
    {&es, "us-gov-west-1", "es.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
    {&es, "us-iso-east-1", "es.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"},
    {&es, "us-isob-east-1", "es.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"},
    {&es, "eusc-de-east-1", "es.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
    {&es, "xx-new-1", NULL, NULL},
    {&es, "us-east-9", "es.us-east-9.amazonaws.com", "us-east-9"},
    {&es, "us-east-1.evil.example/", NULL, NULL},
    {&es, "us-east-", NULL, NULL},
    {&es, "", NULL, NULL},
    {&es, NULL, NULL, NULL},
    {&iam, "eu-west-1", "iam.amazonaws.com", "us-east-1"},
    {&iam, "cn-northwest-1", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"},
    {&iam, "us-gov-east-1", "iam.us-gov.amazonaws.com", "us-gov-west-1"},
    {&route53, "ap-south-1", "route53.amazonaws.com", "us-east-1"},
    {&route53, "cn-north-1", "route53.amazonaws.com.cn", "cn-northwest-1"},
    {&route53, "us-gov-west-1", "route53.us-gov.amazonaws.com", "us-gov-west-1"},
    {&route53, "eu-isoe-west-1", "route53.cloud.adc-e.uk", "eu-isoe-west-1"},
    {&route53, "us-isof-south-1", "route53.csp.hci.ic.gov", "us-isof-south-1"},
};

static void test_own_hosts(void **state)
{
    (void)state;
    clear_environment();
    for (size_t i = 0; i < COUNT(own_hosts); i++) {
        struct lb_arena *arena = lb_arena_new();
        const char *code;
        const struct lb_endpoint *got = resolve(arena, own_hosts[i].service, own_hosts[i].region,
                                                NULL, NULL, NULL, &code);
        if (!own_hosts[i].host) {
            assert_string_equal(code, "LB-A007");
        } else {
            assert_non_null(got);
            assert_string_equal(got->scheme, "https");
            assert_string_equal(got->connect, own_hosts[i].host);
            assert_string_equal(got->host_header, own_hosts[i].host);
            assert_string_equal(got->signing_region, own_hosts[i].signing);
            assert_true(got->path_style);
        }
        lb_arena_free(arena);
    }
}

static void test_partitions(void **state)
{
    (void)state;
    size_t count;
    const char *const *names = lb_region_names(&count);
    assert_true(count >= 40);
    for (size_t i = 0; i < count; i++)
        if (!lb_partition_of(names[i]))
            fail_msg("%s has no partition", names[i]);
    assert_string_equal(lb_partition_of("eu-west-1")->id, "aws");
    assert_string_equal(lb_partition_of("us-gov-east-1")->id, "aws-us-gov");
    assert_string_equal(lb_partition_of("cn-north-1")->id, "aws-cn");
    assert_string_equal(lb_partition_of("us-isob-west-1")->id, "aws-iso-b");
    assert_null(lb_partition_of("primary"));
    assert_null(lb_partition_of("us-east-1a"));
    assert_null(lb_partition_of("US-EAST-1"));
}

/* Each step adds the next stronger source; the last one that is set wins. */
static void test_override_order(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    const char *code;
    struct lb_value *profile = lb_value_map(arena), *services = lb_value_map(arena);
    struct lb_aws_config config = {.profile = "default", .profile_values = profile};
    clear_environment();
    lb_map_set_string(arena, profile, "endpoint_url", "https://profile.example");
    const struct lb_endpoint *got = resolve(arena, &route53, "us-west-2", NULL, NULL, &config,
                                            &code);
    assert_string_equal(got->connect, "profile.example");
    lb_map_set_string(arena, lb_map_map(arena, services, "route_53"), "endpoint_url",
                      "https://section.example/base/");
    config.services = services;
    got = resolve(arena, &route53, "us-west-2", NULL, NULL, &config, &code);
    assert_string_equal(got->connect, "section.example");
    assert_string_equal(got->base_path, "/base");
    setenv("AWS_ENDPOINT_URL", "https://all.example:8443", 1);
    got = resolve(arena, &route53, "us-west-2", NULL, NULL, &config, &code);
    assert_string_equal(got->connect, "all.example:8443");
    setenv("AWS_ENDPOINT_URL_ROUTE_53", "http://[::1]:4566", 1);
    got = resolve(arena, &route53, "us-west-2", NULL, NULL, &config, &code);
    assert_string_equal(got->connect, "[::1]:4566");
    assert_string_equal(got->host_header, "[::1]:4566");
    assert_string_equal(got->scheme, "http");
    assert_string_equal(got->signing_region, "us-east-1");
    got = resolve(arena, &s3, "us-west-2", NULL, NULL, &config, &code);
    assert_string_equal(got->connect, "all.example:8443");
    config.ignore_configured_endpoints = true;
    got = resolve(arena, &route53, "us-west-2", NULL, NULL, &config, &code);
    assert_string_equal(got->connect, "route53.amazonaws.com");
    clear_environment();
    lb_arena_free(arena);
}

static const struct {
    const char *url, *code; /* code NULL: accepted */
} urls[] = {
    {"http://127.0.0.1:5000", NULL},
    {"http://127.255.255.254", NULL},
    {"http://localhost:5000", NULL},
    {"http://LOCALHOST", NULL},
    {"HTTP://[::1]:80", NULL},
    {"https://vpce.example.com/x", NULL},
    {"http://10.0.0.1", "LB-A005"},
    {"http://128.0.0.1", "LB-A005"},
    {"http://0.0.0.0", "LB-A005"},
    {"http://[::]", "LB-A005"},
    {"http://[::ffff:127.0.0.1]", "LB-A005"},
    {"http://127.1", "LB-A005"},
    {"http://2130706433", "LB-A005"},
    {"http://0x7f.0.0.1", "LB-A005"},
    {"http://localhost.", "LB-A005"},
    {"http://localhost.example.com", "LB-A005"},
    {"http://127.0.0.1.example.com", "LB-A005"},
    {"http://127.0.0.1@evil.example", "LB-A006"},
    {"https://user:pw@host.example", "LB-A006"},
    {"https://host.example:99999", "LB-A006"},
    {"https://host.example:", "LB-A006"},
    {"https://host.example:80x", "LB-A006"},
    {"https://", "LB-A006"},
    {"https:///path", "LB-A006"},
    {"https://host?x=1", "LB-A006"},
    {"https://host/#x", "LB-A006"},
    {"https://host\r\nX: y", "LB-A006"},
    {"https://ho st", "LB-A006"},
    {"https://[::1", "LB-A006"},
    {"https://[::1]x", "LB-A006"},
    {"https://host/a b", "LB-A006"},
    {"ftp://host", "LB-A006"},
    {"file:///etc/passwd", "LB-A006"},
    {"127.0.0.1:5000", "LB-A006"},
};

static void test_override_urls(void **state)
{
    (void)state;
    clear_environment();
    for (size_t i = 0; i < COUNT(urls); i++) {
        struct lb_arena *arena = lb_arena_new();
        const char *code;
        setenv("AWS_ENDPOINT_URL", urls[i].url, 1);
        resolve(arena, &s3, "us-west-2", NULL, NULL, NULL, &code);
        if (!lb_streq(code, urls[i].code))
            fail_msg("%s: %s", urls[i].url, code ? code : "accepted");
        lb_arena_free(arena);
    }
    clear_environment();
}

static void test_clusters(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    const char *code, *host = "search-x.us-west-2.es.amazonaws.com";
    clear_environment();
    setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1", 1); /* says nothing about clusters */
    const struct lb_endpoint *got = resolve(arena, &cluster, "us-west-2", host, NULL, NULL, &code);
    assert_string_equal(got->connect, host);
    assert_string_equal(got->scheme, "https");
    assert_string_equal(got->signing_region, "us-west-2");
    setenv("LIFEBOAT_CLUSTER_URL", "http://127.0.0.1:9999", 1);
    got = resolve(arena, &cluster, "us-west-2", host, NULL, NULL, &code);
    assert_string_equal(got->connect, "127.0.0.1:9999");
    assert_string_equal(got->host_header, host);
    assert_string_equal(got->scheme, "http");
    setenv("LIFEBOAT_CLUSTER_URL", "http://10.1.2.3:9999", 1);
    assert_null(resolve(arena, &cluster, "us-west-2", host, NULL, NULL, &code));
    assert_string_equal(code, "LB-A005");
    unsetenv("LIFEBOAT_CLUSTER_URL");
    got = resolve(arena, &cluster, "us-west-2", "localhost:9200", "http", NULL, &code);
    assert_string_equal(got->connect, "localhost:9200");
    assert_null(resolve(arena, &cluster, "us-west-2", host, "http", NULL, &code));
    assert_string_equal(code, "LB-A005");
    static const char *const hostile[] = {"", "a b", "x/../y", "u@h", "h\r\nX: y", "h?x", "[::1"};
    for (size_t i = 0; i < COUNT(hostile); i++) {
        assert_null(resolve(arena, &cluster, "us-west-2", hostile[i], NULL, NULL, &code));
        assert_string_equal(code, "LB-A006");
    }
    assert_null(resolve(arena, &cluster, "us-west-2", host, "gopher", NULL, &code));
    clear_environment();
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_hosts),      cmocka_unit_test(test_partitions),
        cmocka_unit_test(test_override_order), cmocka_unit_test(test_override_urls),
        cmocka_unit_test(test_clusters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
