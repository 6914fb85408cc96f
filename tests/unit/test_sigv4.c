/* test_sigv4.c: the signer against AWS's published examples and against botocore's answers for odd
 * cases (tests/vectors/sigv4). The stages are compared one by one: a failure names the wrong one.
 */
#include "base/json.h"
#include "base/str.h"
#include "base/time.h"
#include "transport/sigv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    struct lb_str text = {0};
    char chunk[4096];
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, file)) > 0;)
        lb_str_add(&text, chunk, got);
    fclose(file);
    return text.data;
}

static void check_same(const char *name, const char *stage, const char *got, const char *want)
{
    if (!lb_streq(got, want))
        fail_msg("%s: %s\n--- got\n%s\n--- want\n%s", name, stage, got, want);
}

static void check_vector(struct lb_arena *arena, const struct lb_value *vector)
{
    const char *name = lb_text_at(vector, "name", "?");
    const struct lb_sigv4 params = {
        .access_key = lb_text_at(vector, "access_key", ""),
        .secret_key = lb_text_at(vector, "secret_key", ""),
        .session_token = lb_text_at(vector, "session_token", ""),
        .region = lb_text_at(vector, "region", ""),
        .service = lb_text_at(vector, "service", ""),
        .at = lb_int_at(vector, "at", 0),
    };
    const struct lb_sigv4_request request = {
        .method = lb_text_at(vector, "method", ""),
        .path = lb_text_at(vector, "path", ""),
        .query = lb_text_at(vector, "query", ""),
        .headers = lb_map_get(vector, "headers"),
        .payload_hash = lb_text_at(vector, "payload_hash", ""),
    };
    const char *canonical = lb_sigv4_canonical(arena, &params, &request);
    check_same(name, "canonical request", canonical, lb_text_at(vector, "canonical", ""));
    const char *to_sign = lb_sigv4_string_to_sign(arena, &params, canonical);
    check_same(name, "string to sign", to_sign, lb_text_at(vector, "string_to_sign", ""));
    check_same(name, "signature", lb_sigv4_signature(arena, &params, to_sign),
               lb_text_at(vector, "signature", ""));
}

static void test_vectors(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    char *text = read_file(LB_TESTS_DIR "/vectors/sigv4/vectors.jsonl");
    size_t count = 0;
    for (char *at = text; *at; count++) {
        size_t length = strcspn(at, "\n");
        const char *error = NULL;
        struct lb_value *vector = lb_json_parse(arena, at, length, &error);
        if (!vector)
            fail_msg("vector %zu: %s", count, error);
        check_vector(arena, vector);
        at += length + (at[length] == '\n');
    }
    assert_true(count >= 60);
    free(text);
    lb_arena_free(arena);
}

/* --- the examples of the S3 and IAM documentation --------------------------------------------- */
struct example {
    const char *name, *method, *path, *query, *host, *body;
    const char *headers[5][2];
    const char *service, *secret, *signature;
    int64_t at;
};

#define S3_SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define S3_AT 1369353600
#define S3_HOST "examplebucket.s3.amazonaws.com"

static const struct example examples[] = {
    {"GET object with Range",
     "GET",
     "/test.txt",
     "",
     S3_HOST,
     "",
     {{"range", "bytes=0-9"}},
     "s3",
     S3_SECRET,
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
     S3_AT},
    {"PUT object",
     "PUT",
     "/test%24file.text",
     "",
     S3_HOST,
     "Welcome to Amazon S3.",
     {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
     "s3",
     S3_SECRET,
     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
     S3_AT},
    {"GET bucket lifecycle",
     "GET",
     "/",
     "lifecycle",
     S3_HOST,
     "",
     {{NULL}},
     "s3",
     S3_SECRET,
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
     S3_AT},
    {"GET list of objects",
     "GET",
     "/",
     "max-keys=2&prefix=J",
     S3_HOST,
     "",
     {{NULL}},
     "s3",
     S3_SECRET,
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
     S3_AT},
};

static void test_s3_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct example *example = &examples[i];
        struct lb_arena *arena = lb_arena_new();
        struct lb_value *headers = lb_value_map(arena);
        lb_map_set_string(arena, headers, "host", example->host);
        for (size_t k = 0; example->headers[k][0]; k++)
            lb_map_set_string(arena, headers, example->headers[k][0], example->headers[k][1]);
        const struct lb_sigv4 params = {.access_key = "AKIAIOSFODNN7EXAMPLE",
                                        .secret_key = example->secret,
                                        .region = "us-east-1",
                                        .service = example->service,
                                        .at = example->at};
        lb_sigv4_sign(arena, &params, example->method, example->path, example->query, headers,
                      example->body, strlen(example->body));
        const char *authorization = lb_text_at(headers, "authorization", "");
        if (!lb_ends_with(authorization, example->signature))
            fail_msg("%s: %s", example->name, authorization);
        assert_true(lb_starts_with(authorization,
                                   "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
                                   "us-east-1/s3/aws4_request, SignedHeaders="));
        lb_arena_free(arena);
    }
}

/* "Create a signed AWS API request", the IAM ListUsers walk-through with its intermediate values.
 */
static void test_iam_example(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_value *headers = lb_value_map(arena);
    lb_map_set_string(arena, headers, "Content-Type",
                      "application/x-www-form-urlencoded; charset=utf-8");
    lb_map_set_string(arena, headers, "Host", "iam.amazonaws.com");
    lb_map_set_string(arena, headers, "X-Amz-Date", "20150830T123600Z");
    const struct lb_sigv4 params = {.access_key = "AKIDEXAMPLE",
                                    .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                    .region = "us-east-1",
                                    .service = "iam",
                                    .at = 1440938160};
    const struct lb_sigv4_request request = {"GET", "/", "Action=ListUsers&Version=2010-05-08",
                                             headers, EMPTY_HASH};
    const char *canonical = lb_sigv4_canonical(arena, &params, &request);
    char hash[LB_SHA256_HEX];
    lb_sha256_hex(canonical, strlen(canonical), hash);
    assert_string_equal(hash, "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
    const char *to_sign = lb_sigv4_string_to_sign(arena, &params, canonical);
    assert_string_equal(to_sign,
                        "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
                        "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
    unsigned char key[LB_SHA256_BYTES];
    char hex[LB_SHA256_HEX];
    lb_sigv4_key(&params, key);
    lb_hex(key, sizeof key, hex);
    assert_string_equal(hex, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
    assert_string_equal(lb_sigv4_signature(arena, &params, to_sign),
                        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    lb_arena_free(arena);
}

/* What is sent in another spelling signs as the service reads it. */
static void test_encodings_are_canonical(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        {"/b/a%2ab", "/b/a%2Ab"},
        {"/b/a*b", "/b/a%2Ab"},
        {"/b/%7e", "/b/~"},
        {"/b/%61", "/b/a"},
    };
    struct lb_arena *arena = lb_arena_new();
    struct lb_value *headers = lb_value_map(arena);
    lb_map_set_string(arena, headers, "host", "s3.us-east-1.amazonaws.com");
    const struct lb_sigv4 params = {.region = "us-east-1", .service = "s3"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct lb_sigv4_request a = {"GET", same[i][0], "x=%2f", headers, EMPTY_HASH};
        struct lb_sigv4_request b = {"GET", same[i][1], "x=%2F", headers, EMPTY_HASH};
        assert_string_equal(lb_sigv4_canonical(arena, &params, &a),
                            lb_sigv4_canonical(arena, &params, &b));
    }
    struct lb_sigv4_request slash = {"GET", "/b/a%2Fb", "", headers, EMPTY_HASH};
    assert_non_null(strstr(lb_sigv4_canonical(arena, &params, &slash), "/b/a%2Fb"));
    struct lb_sigv4_request broken = {"GET", "/b/%", "%=%4", headers, EMPTY_HASH};
    assert_non_null(strstr(lb_sigv4_canonical(arena, &params, &broken), "/b/%25\n%25=%254\n"));
    lb_arena_free(arena);
}

static void test_sign_adds_headers(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_value *headers = lb_value_map(arena);
    lb_map_set_string(arena, headers, "host", "sts.amazonaws.com");
    const struct lb_sigv4 params = {.access_key = "AK",
                                    .secret_key = "SK",
                                    .session_token = "TOKEN",
                                    .region = "us-east-1",
                                    .service = "sts",
                                    .at = 1440938160};
    lb_sigv4_sign(arena, &params, "GET", "/", "", headers, NULL, 0);
    assert_string_equal(lb_text_at(headers, "x-amz-date", ""), "20150830T123600Z");
    assert_string_equal(lb_text_at(headers, "x-amz-security-token", ""), "TOKEN");
    assert_string_equal(lb_text_at(headers, "x-amz-content-sha256", ""), EMPTY_HASH);
    assert_non_null(
        strstr(lb_text_at(headers, "authorization", ""),
               "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "));
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),           cmocka_unit_test(test_s3_examples),
        cmocka_unit_test(test_iam_example),       cmocka_unit_test(test_encodings_are_canonical),
        cmocka_unit_test(test_sign_adds_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
