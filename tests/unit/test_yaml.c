/* test_yaml.c: what the YAML reader takes, refuses and how fast it gives up. */
#include "base/json.h"
#include "base/time.h"
#include "base/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct lb_value *parse(struct lb_arena *arena, const char *text, size_t length,
                              struct lb_diags *diags)
{
    struct lb_source *source = lb_arena_alloc(arena, sizeof *source);
    source->path = "spec.yaml";
    source->text = text;
    source->length = length;
    lb_diags_init(diags, arena);
    return lb_yaml_parse(arena, source, diags);
}

/* --- values ----------------------------------------------------------------------------------- */

struct good {
    const char *yaml, *json;
};

static const struct good goods[] = {
    {"a: ~\nb: null\nc:\nd: ''\n", "{\"a\":null,\"b\":null,\"c\":null,\"d\":\"\"}"},
    {"a: true\nb: False\nc: TRUE\nd: tRue\n", "{\"a\":true,\"b\":false,\"c\":true,\"d\":\"tRue\"}"},
    {"a: no\nb: on\nc: yes\nd: off\ne: y\n",
     "{\"a\":\"no\",\"b\":\"on\",\"c\":\"yes\",\"d\":\"off\",\"e\":\"y\"}"},
    {"a: 012\nb: 1:30\nc: 1_000\nd: 2026-01-01\n",
     "{\"a\":\"012\",\"b\":\"1:30\",\"c\":\"1_000\",\"d\":\"2026-01-01\"}"},
    {"a: 0\nb: -7\nc: +7\nd: 9223372036854775808\n",
     "{\"a\":0,\"b\":-7,\"c\":7,\"d\":9223372036854775808}"},
    {"a: 0o17\nb: 0x1F\nc: 0o8\nd: 0x\n", "{\"a\":15,\"b\":31,\"c\":\"0o8\",\"d\":\"0x\"}"},
    {"a: 0xFFFFFFFFFFFFFFFF\nb: 0x10000000000000000\n",
     "{\"a\":18446744073709551615,\"b\":\"0x10000000000000000\"}"},
    {"a: 1.5\nb: .5\nc: 5.\nd: 1e3\ne: -1.5E-3\n",
     "{\"a\":1.5,\"b\":0.5,\"c\":5,\"d\":1e3,\"e\":-1.5E-3}"},
    {"a: .inf\nb: .nan\nc: +\nd: .\ne: 1e\nf: 1.2.3\n",
     "{\"a\":\".inf\",\"b\":\".nan\",\"c\":\"+\",\"d\":\".\",\"e\":\"1e\",\"f\":\"1.2.3\"}"},
    {"a: '1'\nb: \"true\"\nc: |\n  no\n", "{\"a\":\"1\",\"b\":\"true\",\"c\":\"no\\n\"}"},
    {"a: [1, two, {b: c}]\n", "{\"a\":[1,\"two\",{\"b\":\"c\"}]}"},
    {"1: a\nno: b\n~: c\n", "{\"1\":\"a\",\"no\":\"b\",\"~\":\"c\"}"},
    {"\xef\xbb\xbf"
     "a: 1\r\nb: 2\r\n",
     "{\"a\":1,\"b\":2}"},
    {"---\na: 1\n...\n", "{\"a\":1}"},
    {"# only\na: b # comment\n", "{\"a\":\"b\"}"},
    {"a: \"x\\ty\\nz\"\n", "{\"a\":\"x\\ty\\nz\"}"},
    {"a: 'it''s'\n\"b\": {}\nc: []\n", "{\"a\":\"it's\",\"b\":{},\"c\":[]}"},
    {"\"<<\": a\n", "{\"<<\":\"a\"}"},
    {"a: é\xf0\x9f\x9a\xa2\n", "{\"a\":\"é\xf0\x9f\x9a\xa2\"}"},
};

static void reads_yaml_12(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goods / sizeof *goods; i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        struct lb_value *value = parse(arena, goods[i].yaml, strlen(goods[i].yaml), &diags);
        assert_string_equal(value ? lb_json_text(arena, value) : diags.items[0].detail,
                            goods[i].json);
        assert_int_equal(diags.count, 0);
        lb_arena_free(arena);
    }
}

/* --- refusals --------------------------------------------------------------------------------- */

struct bad {
    const char *yaml, *code;
    unsigned line, column;
};

static const struct bad bads[] = {
    {"a: 1\na: 2\n", "LB-S002", 2, 1},
    {"a: {b: 1, b: 2}\n", "LB-S002", 1, 11},
    {"a: &x 1\n", "LB-S003", 1, 4},
    {"a: *x\n", "LB-S004", 1, 4},
    {"a: [*]\n", "LB-S004", 1, 5},
    {"a: {<<: 1}\n", "LB-S005", 1, 5},
    {"a: !!str 1\n", "LB-S006", 1, 4},
    {"a: !x 1\n", "LB-S006", 1, 4},
    {"a: 1\n---\nb: 1\n", "LB-S007", 2, 1},
    {"a:\n\tb: 1\n", "LB-S008", 2, 1},
    {"a: [\n\tb]\n", "LB-S008", 2, 1},
    {"a: \"\\0\"\n", "LB-S009", 1, 4},
    {"a: \"\\u202e\"\n", "LB-S009", 1, 4},
    {"a: \x1b[31m\n", "LB-S009", 1, 4},
    {"a: x\xe2\x80\xaey\n", "LB-S009", 1, 5},
    {"a: 1\rb: 2\n", "LB-S009", 1, 5},
    {"a: 1\xc2\x85"
     "b: 2\n",
     "LB-S009", 1, 5},
    {"a: \xff\n", "LB-S010", 1, 4},
    {"a: \xc0\x80\n", "LB-S010", 1, 4},
    {"a: \xed\xa0\x80\n", "LB-S010", 1, 4},
    {"? [a]\n: 1\n", "LB-S014", 1, 3},
    {"{a: 1}: 2\n", "LB-S014", 1, 1},
    {"'': 2\n", "LB-S014", 1, 1},
    {"", "LB-S016", 1, 1},
    {"# nothing\n", "LB-S016", 1, 1},
    {"~\n", "LB-S016", 1, 1},
    {"- a\n", "LB-S017", 1, 1},
    {"a\n", "LB-S017", 1, 1},
    {"%YAML 1.2\n---\na: 1\n", "LB-S018", 1, 1},
    {"%TAG ! x\n---\na: 1\n", "LB-S018", 1, 1},
    {"a: b: c\n", "LB-S001", 1, 5},
    {"a: [1, 2\n", "LB-S001", 1, 4},
    {"a: \"open\n", "LB-S001", 1, 4},
    {"a: @x\n", "LB-S001", 1, 4},
    {"a: 1\n b: 2\n", "LB-S001", 2, 3},
    {"a: 1\nb\n", "LB-S001", 2, 1},
    {"\xef\xbb\xbf"
     "a: *x\n",
     "LB-S004", 1, 4},
};

static void refuses_with_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        assert_null(parse(arena, bads[i].yaml, strlen(bads[i].yaml), &diags));
        assert_true(diags.count > 0);
        const struct lb_diag *diag = &diags.items[0];
        char want[64], got[64];
        snprintf(want, sizeof want, "%zu %s %u:%u", i, bads[i].code, bads[i].line, bads[i].column);
        snprintf(got, sizeof got, "%zu %s %u:%u", i, diag->code, diag->mark.line,
                 diag->mark.column);
        assert_string_equal(got, want);
        assert_int_equal(lb_diags_exit(&diags), 1);
        lb_arena_free(arena);
    }
}

static void collects_errors(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    const char *text = "a: &x 1\na: 2\nb: !t 3\nc: *x\nd: {<<: 1}\n";
    assert_null(parse(arena, text, strlen(text), &diags));
    static const char *const codes[] = {"LB-S003", "LB-S002", "LB-S006", "LB-S004", "LB-S005"};
    assert_int_equal(diags.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(diags.items[i].code, codes[i]);
    }
    lb_arena_free(arena);
}

static const char *const secrets[] = {
    "password: *hunter2\n",  "password: &hunter2 x\n",      "password: !hunter2\n",
    "password: @hunter2\n",  "a: {Secret: hunter2: x}\n",   "secret_key: 1\nsecret_key: hunter2\n",
    "password: \"hunter2\n", "api_token: \"hunter2\\0\"\n",
};

static void quotes_no_line_of_a_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        struct lb_str text = {0};
        assert_null(parse(arena, secrets[i], strlen(secrets[i]), &diags));
        for (size_t j = 0; j < diags.count; j++) {
            lb_diag_render(&text, &diags.items[j], false);
        }
        assert_non_null(strstr(lb_str_text(&text), "error[LB-S0"));
        if (strstr(lb_str_text(&text), "hunter2")) {
            fail_msg("%s", lb_str_text(&text));
        }
        lb_str_release(&text);
        lb_arena_free(arena);
    }
}

/* --- marks ------------------------------------------------------------------------------------ */

static void marks_count_characters(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    const char *text = "é: {ü: x}\nb:\n  - yz\n";
    struct lb_value *value = parse(arena, text, strlen(text), &diags);
    const struct lb_entry *entry = lb_map_entry(lb_map_get(value, "é"), "ü");
    assert_int_equal(entry->key_mark->line, 1);
    assert_int_equal(entry->key_mark->column, 5);
    assert_int_equal(entry->value->mark->column, 8);
    assert_int_equal(entry->value->mark->end_column, 9);
    const struct lb_value *item = lb_value_at(value, "b/0");
    assert_int_equal(item->mark->line, 3);
    assert_int_equal(item->mark->column, 5);
    assert_int_equal(item->mark->end_column, 7);
    assert_int_equal(lb_map_entry(value, "b")->key_mark->line, 2);
    lb_arena_free(arena);
}

/* --- caps ------------------------------------------------------------------------------------- */

/* `count` times `piece`, between `before` and `after`. */
static char *repeat(const char *before, const char *piece, size_t count, size_t *length)
{
    size_t head = strlen(before), each = strlen(piece);
    char *text = malloc(head + each * count + 1);
    memcpy(text, before, head);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + head + i * each, piece, each);
    }
    *length = head + each * count;
    text[*length] = '\0';
    return text;
}

struct bomb {
    const char *before, *piece;
    size_t count;
    const char *code;
};

static const struct bomb bombs[] = {
    {"a: ", "[", 200000, "LB-S012"},
    {"a: ", "[", 1000000, "LB-S012"},
    {"a: ", "{a: ", 200000, "LB-S012"},
    {"", "- ", 500000, "LB-S012"},
    {"a: ", "[\n", 500000, "LB-S012"},
    {"", "? ", 500000, "LB-S014"},
    {"a: ", "{", 1000000, "LB-S014"},
    {"", "a:\n", 300000, "LB-S002"},
    {"a: [", "1,", 500000, "LB-S013"},
    {"a: ", "x", 2000000, "LB-S011"},
    {"a: ", "&a [*a,", 100000, NULL},
    {"a: \"", "\\x", 500000, "LB-S001"},
    {"a: ", "!", 1000000, "LB-S006"},
    {"a: ", "*", 1000000, "LB-S004"},
    {"", "%", 1000000, "LB-S018"},
    {"a: |\n", " \n", 500000, NULL},
    {"a: ", "'' ", 300000, "LB-S001"},
    {"a: ", "\n", 1000000, NULL},
    {"", "- - - - - - - - - -\n", 50000, NULL},
};

static void gives_up_in_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        size_t length;
        char *text = repeat(bombs[i].before, bombs[i].piece, bombs[i].count, &length);
        int64_t start = lb_time_monotonic_ms();
        parse(arena, text, length, &diags);
        int64_t took = lb_time_monotonic_ms() - start;
        if (bombs[i].code) {
            assert_true(diags.count > 0);
            assert_string_equal(diags.items[0].code, bombs[i].code);
        }
        assert_true(diags.count <= 101);
        /* Milliseconds on an idle machine; libyaml left alone would take minutes. */

        assert_true(took < 1500);
        lb_arena_free(arena);
        free(text);
    }
}

static void caps_depth_at_64(void **state)
{
    (void)state;
    for (size_t depth = LB_YAML_MAX_DEPTH - 1; depth <= LB_YAML_MAX_DEPTH; depth++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        char text[300] = "a: ";
        memset(text + 3, '[', depth);
        memset(text + 3 + depth, ']', depth);
        struct lb_value *value = parse(arena, text, 3 + 2 * depth, &diags);
        assert_true((value != NULL) == (depth < LB_YAML_MAX_DEPTH));
        lb_arena_free(arena);
    }
}

static void never_crashes_on_cut_text(void **state)
{
    (void)state;
    const char *text = "\xef\xbb\xbf"
                       "a: {b: [\"x\\u00e9\", 'y'], c: |\n  t}\nd: &x *y\n? z\n: é # c\r\n";
    for (size_t length = 0; length <= strlen(text); length++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        char *copy = malloc(length + 1); /* of that size, so that a sanitizer sees overruns */
        memcpy(copy, text, length);
        copy[length] = '\0';
        struct lb_value *value = parse(arena, copy, length, &diags);
        assert_true((value == NULL) == (diags.errors > 0));
        lb_arena_free(arena);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_yaml_12),          cmocka_unit_test(refuses_with_place),
        cmocka_unit_test(collects_errors),        cmocka_unit_test(quotes_no_line_of_a_secret),
        cmocka_unit_test(marks_count_characters), cmocka_unit_test(gives_up_in_time),
        cmocka_unit_test(caps_depth_at_64),       cmocka_unit_test(never_crashes_on_cut_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
