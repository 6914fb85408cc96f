/* JSON from hostile and merely odd servers: refused with a reason, or read exactly. */
#include "base/digest.h"
#include "base/json.h"
#include "tests/unit/check.h"

#include <stdlib.h>

struct refused_row {
    const char *name, *text;
    size_t length;
    const char *fault; /* part of the error */
};

static const struct refused_row refused[] = {
    {"nothing", BYTES(""), "line 1: the text ends too early"},
    {"blanks only", BYTES(" \n\n "), "line 3: the text ends too early"},
    {"duplicate key", BYTES("{\"a\":1,\"a\":2}"), "line 1: duplicate key \"a\""},
    {"duplicate key on a later line", BYTES("{\n\"a\":1,\n\"b\":2,\n\"a\":2}"),
     "line 4: duplicate"},
    {"duplicate key spelled with escapes", BYTES("{\"a\":1,\"\\u0061\":2}"), "duplicate key \"a\""},
    {"duplicate empty key", BYTES("{\"\":1,\"\":2}"), "duplicate key \"\""},
    {"duplicate key deep inside", BYTES("[[{\"x\":{\"k\":1,\"k\":1}}]]"), "duplicate key \"k\""},
    {"duplicate after a twin", BYTES("{\"A\":1,\"a\":2,\"A\":3}"), "duplicate key \"A\""},
    {"escaped NUL in a value", BYTES("\"ab\\u0000cd\""), "\\u0000"},
    {"escaped NUL in a key", BYTES("{\"a\\u0000\":1}"), "\\u0000"},
    {"raw NUL in a string", BYTES("\"a\0b\""), "control character"},
    {"raw NUL after the value", BYTES("{}\0"), "bytes after the end"},
    {"raw NUL before the value", BYTES("\0{}"), "not a JSON value"},
    {"trailing bytes", BYTES("{} x"), "bytes after the end"},
    {"two values", BYTES("{}{}"), "bytes after the end"},
    {"two lines of JSON", BYTES("{}\n{}"), "line 2: bytes after the end"},
    {"trailing brace", BYTES("{\"a\":1}}"), "bytes after the end"},
    {"byte order mark", BYTES("\xEF\xBB\xBF{}"), "not a JSON value"},
    {"vertical tab as blank", BYTES("\v{}"), "not a JSON value"},
    {"no-break space as blank", BYTES("\xC2\xA0{}"), "not a JSON value"},
    {"Latin-1 byte", BYTES("\"caf\xE9\""), "not valid UTF-8"},
    {"overlong slash", BYTES("\"\xC0\xAF\""), "not valid UTF-8"},
    {"overlong three bytes", BYTES("\"\xE0\x80\xAF\""), "not valid UTF-8"},
    {"surrogate in UTF-8", BYTES("\"\xED\xA0\x80\""), "not valid UTF-8"},
    {"beyond Unicode", BYTES("\"\xF4\x90\x80\x80\""), "not valid UTF-8"},
    {"five-byte form", BYTES("\"\xF8\x88\x80\x80\x80\""), "not valid UTF-8"},
    {"cut character", BYTES("\"\xE2\x82"), "not valid UTF-8"},
    {"lone continuation byte in a key", BYTES("{\"\x80\":1}"), "not valid UTF-8"},
    {"UTF-16", BYTES("{\0\"\0a\0\"\0:\0001\0}\0"), "key in double quotes"},
    {"raw newline in a string", BYTES("\"a\nb\""), "control character"},
    {"raw tab in a string", BYTES("\"a\tb\""), "control character"},
    {"raw ESC in a string", BYTES("\"\033[2J\""), "control character"},
    {"high surrogate alone", BYTES("\"\\ud800\""), "surrogate"},
    {"low surrogate alone", BYTES("\"\\udc00\""), "surrogate"},
    {"two high surrogates", BYTES("\"\\ud800\\ud800\""), "surrogate"},
    {"high surrogate and text", BYTES("\"\\ud800abc\""), "surrogate"},
    {"high surrogate and newline escape", BYTES("\"\\ud800\\n\""), "surrogate"},
    {"short \\u", BYTES("\"\\u12\""), "hexadecimal"},
    {"\\u with a sign", BYTES("\"\\u+123\""), "hexadecimal"},
    {"unknown escape", BYTES("\"\\x41\""), "unknown escape"},
    {"escape at the end", BYTES("\"\\"), "unknown escape"},
    {"string without end", BYTES("\"abc"), "without its end"},
    {"single quotes", BYTES("{'a':1}"), "key in double quotes"},
    {"bare key", BYTES("{a:1}"), "key in double quotes"},
    {"number as key", BYTES("{1:1}"), "key in double quotes"},
    {"trailing comma in a map", BYTES("{\"a\":1,}"), "key in double quotes"},
    {"trailing comma in a list", BYTES("[1,]"), "not a JSON value"},
    {"missing comma", BYTES("[1 2]"), "comma or ]"},
    {"missing colon", BYTES("{\"a\" 1}"), "colon"},
    {"wrong bracket", BYTES("[1}"), "comma or ]"},
    {"wrong brace", BYTES("{\"a\":1]"), "comma or }"},
    {"list without end", BYTES("[1,2"), "comma or ]"},
    {"map without end", BYTES("{\"a\":1"), "comma or }"},
    {"comment", BYTES("{/* no */}"), "key in double quotes"},
    {"line comment", BYTES("1 // one"), "bytes after the end"},
    {"capital True", BYTES("True"), "not a JSON value"},
    {"cut word", BYTES("tru"), "not a JSON value"},
    {"word with a tail", BYTES("nullx"), "bytes after the end"},
    {"NaN", BYTES("NaN"), "not a JSON value"},
    {"Infinity", BYTES("-Infinity"), "not a number"},
    {"leading zero", BYTES("012"), "leading zero"},
    {"leading plus", BYTES("+1"), "not a JSON value"},
    {"hexadecimal", BYTES("0x10"), "bytes after the end"},
    {"no digit before the point", BYTES(".5"), "not a JSON value"},
    {"no digit after the point", BYTES("1."), "digits after the point"},
    {"no digit in the exponent", BYTES("1e+"), "digits in its exponent"},
    {"minus alone", BYTES("-"), "not a number"},
    {"number of 64 characters",
     BYTES("1234567890123456789012345678901234567890123456789012345678901234"), "63 characters"},
    {"an HTML error page", BYTES("<html><body>503</body></html>"), "not a JSON value"},
};

struct read_row {
    const char *name, *text;
    const char *compact; /* NULL: as read */
};

static const struct read_row exact[] = {
    {"case twins are two keys", "{\"Name\":1,\"name\":2,\"NAME\":3}", NULL},
    {"an empty key", "{\"\":1}", NULL},
    {"insertion order", "{\"z\":1,\"a\":2,\"m\":3}", NULL},
    {"2^53 + 1", "9007199254740993", NULL},
    {"2^63", "9223372036854775808", NULL},
    {"-2^63 - 1", "-9223372036854775809", NULL},
    {"beyond a double", "1e999", NULL},
    {"tiny", "1E-999", NULL},
    {"zeros kept", "[1.50,-0,0.0,10e+02]", NULL},
    {"63 digits", "123456789012345678901234567890123456789012345678901234567890123", NULL},
    {"numbers between other values", "{\"a\":[1,\"2\",{\"b\":3.0}],\"c\":true,\"d\":4}", NULL},
    {"digits in strings are no numbers", "[\"1e5\",1e5,\"-7\",-7]", NULL},
    {"blanks", " \t\r\n[ 1 , { \"a\" : null } ]\n", "[1,{\"a\":null}]"},
    {"escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
    {"escaped letter", "\"\\u0041\\u00e9\"", "\"A\xC3\xA9\""},
    {"surrogate pair", "\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\""},
    {"highest character", "\"\xF4\x8F\xBF\xBF\"", NULL},
    {"controls stay escaped", "\"\\u0001\\u001b[2J\\u007f\\u009b\"",
     "\"\\u0001\\u001b[2J\\u007f\\u009b\""},
    {"raw C1 and bidi are written escaped", "\"\xC2\x9B\xE2\x80\xAE\xE2\x80\x8B\"",
     "\"\\u009b\\u202e\\u200b\""},
    {"tag characters as a pair", "\"\xF3\xA0\x81\x81\"", "\"\\udb40\\udc41\""},
    {"a runner's command", "\"a ##[error]x ##vso[task]\"",
     "\"a \\u0023#[error]x \\u0023#vso[task]\""},
    {"other hashes stay", "\"## title #[x]\"", NULL},
    {"empty containers", "[{},[],\"\"]", NULL},
    {"words", "[true,false,null]", NULL},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        const struct refused_row *row = &refused[i];
        struct lb_arena *arena = lb_arena_new();
        const char *error = NULL;
        /* A copy of exact size: a sanitizer sees a read past the end. */
        char *text = malloc(row->length + !row->length);
        memcpy(text, row->text, row->length);
        CHECK(row->name, lb_json_parse(arena, text, row->length, &error) == NULL);
        CHECK(row->name, error != NULL);
        if (!strstr(error, row->fault))
            fail_msg("%s: got <%s>, wanted <%s>", row->name, error, row->fault);
        free(text);
        lb_arena_free(arena);
    }
}

static void test_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(exact); i++) {
        struct lb_arena *arena = lb_arena_new();
        const char *error = NULL;
        struct lb_value *value = lb_json_parse(arena, exact[i].text, strlen(exact[i].text), &error);
        CHECK_TEXT(exact[i].name, error, NULL);
        const char *text = lb_json_text(arena, value);
        CHECK_TEXT(exact[i].name, text, exact[i].compact ? exact[i].compact : exact[i].text);
        struct lb_value *again = lb_json_parse(arena, text, strlen(text), NULL);
        CHECK(exact[i].name, again && lb_value_equal(value, again));
        lb_arena_free(arena);
    }
}

static void test_every_cut_is_refused(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1.5e3,true,null,\"x\\u00e9\\n\xC3\xA9\"],\"b\":{\"c\":{}}}";
    struct lb_arena *arena = lb_arena_new();
    for (size_t length = 0; length + 1 < sizeof text; length++)
        assert_null(lb_json_parse(arena, text, length, NULL));
    assert_non_null(lb_json_parse(arena, text, sizeof text - 1, NULL));
    lb_arena_free(arena);
}

static const char *nested(struct lb_arena *arena, size_t depth, const char *open, size_t *length)
{
    struct lb_str text = {0};
    for (size_t i = 0; i < depth; i++)
        lb_str_puts(&text, open);
    if (open[0] == '{')
        lb_str_puts(&text, "1");
    for (size_t i = 0; i < depth; i++)
        lb_str_putc(&text, open[0] == '{' ? '}' : ']');
    *length = text.length;
    return lb_str_take(&text, arena);
}

static void test_limits(void **state)
{
    (void)state;
    static const struct {
        const char *open;
        size_t depth;
        bool good;
    } rows[] = {
        {"[", LB_JSON_MAX_DEPTH, true},
        {"[", LB_JSON_MAX_DEPTH + 1, false},
        {"[", 1001, false},
        {"[", 1000000, false},
        {"{\"a\":", LB_JSON_MAX_DEPTH, true},
        {"{\"a\":", LB_JSON_MAX_DEPTH + 1, false},
        {"{\"a\":", 100000, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_arena *arena = lb_arena_new();
        size_t length;
        const char *error = NULL, *text = nested(arena, rows[i].depth, rows[i].open, &length);
        bool good = lb_json_parse(arena, text, length, &error) != NULL;
        assert_int_equal(good, rows[i].good);
        CHECK("limits", good || strstr(error, "nested too deeply"));
        lb_arena_free(arena);
    }
    struct lb_arena *arena = lb_arena_new();
    const char *error = NULL;
    /* The length is refused before a byte is read. */
    assert_null(lb_json_parse(arena, "[]", LB_JSON_MAX_BYTES + 1, &error));
    assert_non_null(strstr(error, "64 MiB"));
    size_t length = 2 * LB_JSON_MAX_NODES + 2;
    char *many = malloc(length);
    memset(many, ',', length);
    for (size_t i = 1; i < length; i += 2)
        many[i] = '1';
    many[0] = '[';
    many[length - 1] = ']';
    assert_null(lb_json_parse(arena, many, length, &error));
    assert_non_null(strstr(error, "too many values"));
    free(many);
    lb_arena_free(arena);
}

struct canonical_row {
    const char *name, *a, *b; /* b NULL: only a's spelling is checked */
    const char *canonical;
};

static const struct canonical_row canonicals[] = {
    {"sorted keys", "{\"b\":1,\"a\":{\"d\":1,\"c\":2}}", "{\"a\":{\"c\":2,\"d\":1},\"b\":1}",
     "{\"a\":{\"c\":2,\"d\":1},\"b\":1}"},
    {"bytewise, capitals first", "{\"a\":1,\"B\":2,\"_\":3,\"\xC3\xA9\":4}", NULL,
     "{\"B\":2,\"_\":3,\"a\":1,\"\xC3\xA9\":4}"},
    {"a key before its extension", "{\"ab\":1,\"a\":2}", NULL, "{\"a\":2,\"ab\":1}"},
    {"order of lists matters", "[2,1]", NULL, "[2,1]"},
    {"no blanks", "[ 1, 2 ]", "[1,2]", "[1,2]"},
    {"escapes in one spelling", "\"\\u0041\\/\\u00e9\"", "\"A/\xC3\xA9\"", "\"A/\xC3\xA9\""},
    {"only what JSON demands is escaped", "\"\\u007f\\u202e\\u001f\"", NULL,
     "\"\x7F\xE2\x80\xAE\\u001f\""},
    {"integers", "[1.0,1,1e0,10e-1]", "[1,1,1,1]", "[1,1,1,1]"},
    {"zero", "[-0,0.0,0e5]", "[0,0,0]", "[0,0,0]"},
    {"big integers", "[9007199254740993,123e20]", NULL,
     "[9007199254740993,12300000000000000000000]"},
    {"fractions", "[1.50,0.00125,-12.5e1]", "[15e-1,125e-5,-125]", "[1.5,0.00125,-125]"},
    {"far exponents", "[1e999,12.5e-80,-0.5e70]", NULL, "[1e999,125e-81,-5e69]"},
    {"as long as what was read",
     "[5555225552215151151515135552255522215151151513,-1e61,-1e62,1e62,1e63,"
     "1234567890123456789012345678901234567890123456789012345.6e9]",
     NULL,
     "[5555225552215151151515135552255522215151151513,"
     "-10000000000000000000000000000000000000000000000000000000000000,-1e62,"
     "100000000000000000000000000000000000000000000000000000000000000,1e63,"
     "12345678901234567890123456789012345678901234567890123456e8]"},
};

static void test_canonical(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(canonicals); i++) {
        const struct canonical_row *row = &canonicals[i];
        struct lb_arena *arena = lb_arena_new();
        struct lb_value *a = lb_json_parse(arena, row->a, strlen(row->a), NULL);
        struct lb_str out = {0};
        lb_json_canonical(&out, a);
        CHECK_TEXT(row->name, lb_str_text(&out), row->canonical);
        if (row->b) {
            struct lb_value *b = lb_json_parse(arena, row->b, strlen(row->b), NULL);
            CHECK(row->name, lb_value_equal(a, b));
            CHECK_TEXT(row->name, lb_value_digest(arena, a), lb_value_digest(arena, b));
        }
        struct lb_value *again = lb_json_parse(arena, lb_str_text(&out), out.length, NULL);
        CHECK(row->name, lb_value_equal(a, again));
        lb_str_release(&out);
        lb_arena_free(arena);
    }
}

static void test_writing(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_value *map = lb_value_map(arena);
    lb_map_set_int(arena, map, "b", 1);
    lb_map_set(arena, map, "a", lb_value_list(arena));
    lb_list_add_string(arena, lb_map_list(arena, map, "a"), "x\xFFy");
    lb_map_map(arena, map, "e");
    lb_map_set(arena, map, "u", lb_value_unknown(arena, "domain.search@secondary/endpoint"));
    lb_map_set(arena, map, "n", NULL);
    struct lb_str out = {0};
    lb_json_write(&out, map, 2);
    assert_string_equal(lb_str_text(&out),
                        "{\n  \"b\": 1,\n  \"a\": [\n    \"x\\ufffdy\"\n  ],\n  \"e\": {},\n"
                        "  \"u\": {\"$unknown\": \"domain.search@secondary/endpoint\"},\n"
                        "  \"n\": null\n}\n");
    lb_str_clear(&out);
    lb_json_canonical(&out, map);
    assert_string_equal(lb_str_text(&out),
                        "{\"a\":[\"x\\ufffdy\"],\"b\":1,\"e\":{},\"n\":null,"
                        "\"u\":{\"$unknown\":\"domain.search@secondary/endpoint\"}}");
    lb_str_clear(&out);
    lb_json_write(&out, NULL, 0);
    assert_string_equal(lb_str_text(&out), "null");
    lb_str_release(&out);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
