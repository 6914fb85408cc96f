/* Hashes against published vectors: FIPS 180-4 examples and RFC 4231. */
#include "base/digest.h"
#include "base/json.h"
#include "tests/unit/check.h"

static const struct {
    const char *text;
    size_t length;
    const char *hex;
} hashes[] = {
    {BYTES(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {BYTES("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {BYTES("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {NULL, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
};

static void test_sha256(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hashes); i++) {
        char hex[LB_SHA256_HEX];
        lb_sha256_hex(hashes[i].text, hashes[i].length, hex);
        CHECK_TEXT(hashes[i].hex, hex, hashes[i].hex);
    }
}

static const struct {
    const char *key;
    size_t key_length;
    const char *text;
    size_t length;
    const char *hex;
} macs[] = {
    {BYTES("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"),
     BYTES("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {BYTES("Jefe"), BYTES("what do ya want for nothing?"),
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {BYTES(""), BYTES(""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    {NULL, 0, NULL, 0, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
};

static void test_hmac(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(macs); i++) {
        unsigned char mac[LB_SHA256_BYTES];
        char hex[LB_SHA256_HEX];
        lb_hmac_sha256(macs[i].key, macs[i].key_length, macs[i].text, macs[i].length, mac);
        lb_hex(mac, sizeof mac, hex);
        CHECK_TEXT(macs[i].hex, hex, macs[i].hex);
    }
}

static const struct {
    const char *text;
    size_t length;
    const char *base64;
} encodings[] = {
    {BYTES(""), ""},
    {BYTES("f"), "Zg=="},
    {BYTES("fo"), "Zm8="},
    {BYTES("foo"), "Zm9v"},
    {BYTES("foobar"), "Zm9vYmFy"},
    {BYTES("\0\xFF\xFE"), "AP/+"},
    {BYTES("a longer text without any line break in its base64, as headers need it"),
     "YSBsb25nZXIgdGV4dCB3aXRob3V0IGFueSBsaW5lIGJyZWFrIGluIGl0cyBiYXNlNjQsIGFzIGhlYWRlcnMgbmVlZCBp"
     "dA=="},
};

static void test_base64(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    for (size_t i = 0; i < COUNT(encodings); i++)
        CHECK_TEXT(encodings[i].base64, lb_base64(arena, encodings[i].text, encodings[i].length),
                   encodings[i].base64);
    lb_arena_free(arena);
}

static void test_value_digest(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    char hex[LB_SHA256_HEX];
    lb_sha256_hex("null", 4, hex);
    assert_string_equal(lb_value_digest(arena, NULL), hex);
    lb_sha256_hex(BYTES("{\"a\":[1,true],\"b\":\"x\"}"), hex);
    static const char text[] = "{ \"b\": \"x\", \"a\": [1.0, true] }";
    struct lb_value *value = lb_json_parse(arena, text, sizeof text - 1, NULL);
    assert_string_equal(lb_value_digest(arena, value), hex);
    char secret[] = "hunter2";
    lb_wipe(secret, sizeof secret);
    assert_memory_equal(secret, "\0\0\0\0\0\0\0", sizeof secret);
    lb_wipe(NULL, 0);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_value_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
