/* Strings with a cap, percent coding, and "did you mean". */
#include "base/str.h"
#include "tests/unit/check.h"

#include <stdio.h>

static void test_growth(void **state)
{
    (void)state;
    struct lb_str str = {0};
    assert_string_equal(lb_str_text(&str), "");
    lb_str_puts(&str, NULL);
    lb_str_add(&str, NULL, 0);
    for (int i = 0; i < 10000; i++)
        lb_str_printf(&str, "%04d,", i);
    assert_int_equal(str.length, 50000);
    assert_memory_equal(str.data + 5 * 1234, "1234,1235,", 10);
    assert_int_equal(str.data[str.length], 0);
    lb_str_truncate(&str, 5);
    lb_str_truncate(&str, 50);
    lb_str_repeat(&str, '-', 3);
    lb_str_putc(&str, '\0');
    lb_str_putc(&str, 'x');
    assert_int_equal(str.length, 10);
    assert_memory_equal(str.data, "0000,---\0x", 11);
    lb_str_clear(&str);
    assert_string_equal(lb_str_text(&str), "");
    struct lb_arena *arena = lb_arena_new();
    lb_str_puts(&str, "kept");
    assert_string_equal(lb_str_take(&str, arena), "kept");
    assert_null(str.data);
    lb_arena_free(arena);
    lb_str_release(&str);
}

/* At the cap everything fits; beyond it nothing is added any more, not even what would fit. */
static void test_cap(void **state)
{
    (void)state;
    struct lb_str str;
    lb_str_init(&str, 8);
    lb_str_puts(&str, "12345678");
    assert_false(str.overflow);
    lb_str_add(&str, "", 0);
    assert_false(str.overflow);
    lb_str_putc(&str, '9');
    assert_true(str.overflow);
    assert_string_equal(lb_str_text(&str), "12345678");
    lb_str_clear(&str);
    assert_false(str.overflow);
    lb_str_puts(&str, "1234");
    lb_str_printf(&str, "%s", "56789");
    assert_true(str.overflow);
    lb_str_puts(&str, "5");
    lb_str_repeat(&str, 'x', SIZE_MAX);
    assert_string_equal(lb_str_text(&str), "1234");
    lb_str_release(&str);
    assert_int_equal(str.max, 8);
    lb_str_repeat(&str, 'x', LB_STR_DEFAULT_MAX);
    assert_true(str.overflow);
    assert_string_equal(lb_str_text(&str), "");
}

static const struct {
    const char *text, *prefix;
    bool starts, ends, equal;
} tails[] = {
    {"abc", "ab", true, false, false},   {"abc", "bc", false, true, false},
    {"abc", "abc", true, true, true},    {"abc", "", true, true, false},
    {"", "", true, true, true},          {"", "a", false, false, false},
    {"bc", "abc", false, false, false},  {NULL, "a", false, false, false},
    {"a", NULL, false, false, false},    {NULL, NULL, false, false, true},
    {"ABC", "abc", false, false, false},
};

static void test_helpers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(tails); i++) {
        const char *text = tails[i].text, *prefix = tails[i].prefix;
        assert_int_equal(lb_starts_with(text, prefix), tails[i].starts);
        assert_int_equal(lb_ends_with(text, prefix), tails[i].ends);
        assert_int_equal(lb_streq(text, prefix), tails[i].equal);
    }
    struct lb_arena *arena = lb_arena_new();
    assert_string_equal(lb_lowercase(arena, "AbC-\xC3\x89Z@["), "abc-\xC3\x89z@[");
    assert_null(lb_lowercase(arena, NULL));
    lb_arena_free(arena);
}

static const struct {
    const char *text;
    size_t length;
    bool keep_slash;
    const char *encoded;
} encodings[] = {
    {BYTES("AZaz09-._~"), false, "AZaz09-._~"},
    {BYTES("a/b"), false, "a%2Fb"},
    {BYTES("a/b"), true, "a/b"},
    {BYTES("a b+c"), true, "a%20b%2Bc"},
    {BYTES("!'()*"), false, "%21%27%28%29%2A"},
    {BYTES("%41"), false, "%2541"},
    {BYTES("\xC3\xA9"), false, "%C3%A9"},
    {BYTES("a\0b"), false, "a%00b"},
    {BYTES("\x7F\xFF"), false, "%7F%FF"},
    {BYTES("=&?#:;,@$"), false, "%3D%26%3F%23%3A%3B%2C%40%24"},
    {BYTES(""), false, ""},
};

static const struct {
    const char *text, *decoded;
} decodings[] = {
    {"a%2Fb", "a/b"},   {"a%2fb%20c", "a/b c"}, {"%C3%A9", "\xC3\xA9"}, {"a+b", "a+b"},
    {"%", "%"},         {"%4", "%4"},           {"%4g", "%4g"},         {"%g4", "%g4"},
    {"a%00b", "a%00b"}, {"%2541", "%41"},       {"%%41", "%A"},         {"", ""},
};

static void test_percent(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    for (size_t i = 0; i < COUNT(encodings); i++) {
        struct lb_str out = {0};
        lb_str_percent_encode(&out, encodings[i].text, encodings[i].length,
                              encodings[i].keep_slash);
        CHECK_TEXT(encodings[i].encoded, lb_str_text(&out), encodings[i].encoded);
        if (!strstr(encodings[i].encoded, "%00"))
            CHECK_TEXT(encodings[i].encoded, lb_percent_decode(arena, lb_str_text(&out)),
                       encodings[i].text);
        lb_str_release(&out);
    }
    for (size_t i = 0; i < COUNT(decodings); i++)
        CHECK_TEXT(decodings[i].text, lb_percent_decode(arena, decodings[i].text),
                   decodings[i].decoded);
    assert_null(lb_percent_decode(arena, NULL));
    lb_arena_free(arena);
}

static const char *const words[] = {
    "replication", "lifecycle", "versioning", "region", "regions", "auto_purge", "keep", "kind",
    "us-east-1",   "us-west-2", "rpo",        NULL,     ""};

static const struct {
    const char *word, *nearest;
} slips[] = {
    {"replicaton", "replication"},
    {"replciation", "replication"},
    {"Replication", "replication"},
    {"replications", "replication"},
    {"repli", NULL},
    {"auto-purge", "auto_purge"},
    {"autopurge", "auto_purge"},
    {"auto_prug", "auto_purge"},
    {"reigon", "region"},
    {"region", "region"},
    {"regoins", "regions"},
    {"kepp", "keep"},
    {"kin", "kind"},
    {"us-eats-1", "us-east-1"},
    {"us_west_2", "us-west-2"},
    {"xyz", NULL},
    {"rp", NULL},
    {"rto", "rpo"},
    {"r", NULL},
    {"", NULL},
    {NULL, NULL},
    {"versoining", "versioning"},
    {"verzionnig", "versioning"},
    {"completely", NULL},
};

static void test_nearest(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(slips); i++)
        CHECK_TEXT(slips[i].word ? slips[i].word : "(NULL)",
                   lb_nearest(slips[i].word, words, COUNT(words)), slips[i].nearest);
    char hostile[100000];
    memset(hostile, 'r', sizeof hostile - 1);
    hostile[sizeof hostile - 1] = '\0';
    const char *const one[] = {hostile};
    assert_null(lb_nearest(hostile, words, COUNT(words)));
    assert_null(lb_nearest("region", one, 1));
    assert_null(lb_nearest("region", NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growth),  cmocka_unit_test(test_cap),
        cmocka_unit_test(test_helpers), cmocka_unit_test(test_percent),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
