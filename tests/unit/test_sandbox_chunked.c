/* test_sandbox_chunked.c: the aws-chunked decoder against the worked example of the S3 API
 * reference
 * ("Signature calculations for the Authorization header: transferring payload in multiple chunks")
 * and against bodies that are cut, padded or forged.
 */
#include "sandbox/internal.h"
#include "transport/sigv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEED "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
#define FIRST "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"
#define SECOND "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"
#define LAST "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"

static void add_chunk(struct lb_str *body, size_t size, const char *signature)
{
    lb_str_printf(body, "%zx;chunk-signature=%s\r\n", size, signature);
    lb_str_repeat(body, 'a', size);
    lb_str_puts(body, "\r\n");
}

static void example_body(struct lb_str *body)
{
    add_chunk(body, 65536, FIRST);
    add_chunk(body, 1024, SECOND);
    add_chunk(body, 0, LAST);
}

static const char *decode(struct lb_arena *arena, const char *body, size_t length, bool is_signed,
                          struct lb_str *out, struct lb_value *trailers)
{
    unsigned char key[LB_SHA256_BYTES];
    struct lb_sigv4 params = {
        .access_key = "AKIAIOSFODNN7EXAMPLE",
        .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        .region = "us-east-1",
        .service = "s3",
        .at = 1369353600, /* 20130524T000000Z */
    };
    lb_sigv4_key(&params, key);
    struct sb_chunked chunked = {
        .seed_signature = is_signed ? SEED : NULL,
        .key = key,
        .date = "20130524T000000Z",
        .scope = "20130524/us-east-1/s3/aws4_request",
    };
    return sb_chunked_decode(arena, &chunked, body, length, out, trailers);
}

static const char *decode_text(struct lb_arena *arena, const char *body, struct lb_str *out,
                               struct lb_value *trailers)
{
    return decode(arena, body, strlen(body), false, out, trailers);
}

static void the_published_example(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_str body = {0}, out = {0};
    example_body(&body);
    assert_null(decode(arena, lb_str_text(&body), body.length, true, &out, lb_value_map(arena)));
    assert_int_equal(out.length, 66560);
    for (size_t i = 0; i < out.length; i++)
        assert_int_equal(out.data[i], 'a');
    lb_str_release(&body);
    lb_str_release(&out);
    lb_arena_free(arena);
}

static void every_changed_byte_is_noticed(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_str body = {0};
    example_body(&body);
    for (size_t at = 0; at + 4 < body.length; at += at < 100 ? 1 : 997) {
        struct lb_str out = {0};
        body.data[at] ^= 1;
        assert_non_null(
            decode(arena, lb_str_text(&body), body.length, true, &out, lb_value_map(arena)));
        body.data[at] ^= 1;
        lb_str_release(&out);
    }
    lb_str_release(&body);
    lb_arena_free(arena);
}

static void every_cut_is_noticed(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    static const char body[] = "5\r\nhello\r\n0\r\n";
    for (size_t length = 0; length < sizeof body - 1; length++) {
        char *copy = malloc(length + 1); /* its own block, so that a sanitizer sees an overrun */
        struct lb_str out = {0};
        memcpy(copy, body, length);
        assert_non_null(decode(arena, copy, length, false, &out, lb_value_map(arena)));
        lb_str_release(&out);
        free(copy);
    }
    lb_arena_free(arena);
}

static void unsigned_chunks_and_trailers(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_str out = {0};
    struct lb_value *trailers = lb_value_map(arena);
    assert_null(decode_text(arena,
                            "5\r\nhello\r\n6\r\n world\r\n0\r\nX-Amz-Checksum-CRC32: abc=\r\n\r\n",
                            &out, trailers));
    assert_string_equal(lb_str_text(&out), "hello world");
    assert_string_equal(lb_text_at(trailers, "x-amz-checksum-crc32", ""), "abc=");
    lb_str_release(&out);
    lb_arena_free(arena);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "zz\r\nhello\r\n0\r\n\r\n",
        "ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "5 hello",
        "0\r\nno colon here\r\n\r\n",
    };
    struct lb_arena *arena = lb_arena_new();
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct lb_str out = {0};
        assert_non_null(decode_text(arena, bodies[i], &out, lb_value_map(arena)));
        lb_str_release(&out);
    }
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_example), cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(every_cut_is_noticed),  cmocka_unit_test(unsigned_chunks_and_trailers),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
