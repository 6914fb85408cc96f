/* test_render_block.c: long values as lines, and the difference of two. */
#include "cmd/render_block.h"
#include "tests/unit/check.h"

#include "base/json.h"

#include <string.h>

static struct lb_value *parse(struct lb_arena *arena, const char *text)
{
    const char *error = NULL;
    struct lb_value *value = lb_json_parse(arena, text, strlen(text), &error);
    assert_non_null(value);
    return value;
}

static void check_block(const char *json, size_t width, const char *expected)
{
    struct lb_arena *arena = lb_arena_new();
    struct lb_str out = {0};
    lb_render_block(&out, "  ", parse(arena, json), width);
    assert_string_equal(lb_str_text(&out), expected);
    lb_str_release(&out);
    lb_arena_free(arena);
}

static void test_blocks(void **state)
{
    (void)state;
    check_block("{\"a\":1,\"b\":[]}", 20, "  {a: 1, b: []}\n");
    check_block("{\"long\":{\"a\":\"xxxxxxxxxx\",\"b\":2},\"c\":[]}", 20,
                "  long:\n    a: xxxxxxxxxx\n    b: 2\n  c: []\n");
    check_block("[{\"id\":\"one\",\"keys\":[\"aaaaaaaa\",\"bbbbbbbb\"]},{\"id\":\"two\"}]", 20,
                "  - id: one\n    keys:\n      - aaaaaaaa\n      - bbbbbbbb\n  - {id: two}\n");
    /* the first member on the dash may be a block itself */
    check_block("[{\"in\":{\"a\":\"xxxxxxxxxx\",\"b\":2},\"c\":3}]", 20,
                "  - in:\n      a: xxxxxxxxxx\n      b: 2\n    c: 3\n");
    check_block("[[\"aaaaaaaaaa\",\"bbbbbbbbbb\"]]", 20,
                "  -\n    - aaaaaaaaaa\n    - bbbbbbbbbb\n");
    /* nothing is cut, however narrow it is */
    check_block("[\"arn:aws:iam::111122223333:role/x\"]", 10,
                "  - arn:aws:iam::111122223333:role/x\n");
}

/* What one string holds must not read as structure. */
static void test_hostile_texts(void **state)
{
    (void)state;
    check_block("{\"\\u001b[2J\":\"aaaaaaaaaaaaaaaaaaaa\"}", 10,
                "  \"\\x1b[2J\": aaaaaaaaaaaaaaaaaaaa\n");
    check_block("{\"a: 1, b\":\"aaaaaaaaaaaaaaaaaaaa\"}", 10,
                "  \"a: 1, b\": aaaaaaaaaaaaaaaaaaaa\n");
    check_block("{\"a: 1, b\":2}", 80, "  {\"a: 1, b\": 2}\n");
    check_block("[\"a\\\", \\\"b\"]", 80, "  [\"a\\\", \\\"b\"]\n");
    check_block("[null,\"\",\"(not set)\",\"a b\"]", 80,
                "  [null, \"\", \"(not set)\", \"a b\"]\n");
}

static void test_cap(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_value *list = lb_value_list(arena);
    struct lb_str out = {0};
    for (int i = 0; i < 1000; i++)
        lb_list_add(arena, list, lb_value_int(arena, i));
    lb_render_block(&out, "", list, 80);
    assert_non_null(strstr(lb_str_text(&out), "- 399\n... 600 more lines; see --format json\n"));
    assert_null(strstr(lb_str_text(&out), "- 400\n"));
    lb_str_release(&out);
    lb_arena_free(arena);
}

static void check_difference(const char *before, const char *after, const char *expected)
{
    struct lb_arena *arena = lb_arena_new();
    struct lb_str out = {0};
    lb_render_difference(&out, "", before ? parse(arena, before) : NULL,
                         after ? parse(arena, after) : NULL, 10);
    assert_string_equal(lb_str_text(&out), expected);
    lb_str_release(&out);
    lb_arena_free(arena);
}

static void test_differences(void **state)
{
    (void)state;
    check_difference("[\"aaaaaaaa\",\"b\",\"c\",\"d\",\"e\"]",
                     "[\"aaaaaaaa\",\"b\",\"c\",\"d\",\"f\"]",
                     "  ...\n  - c\n  - d\n- - e\n+ - f\n");
    check_difference(NULL, "{\"a\":\"bbbbbbbbbbbb\"}", "+ a: bbbbbbbbbbbb\n");
    check_difference("{\"a\":\"bbbbbbbbbbbb\"}", NULL, "- a: bbbbbbbbbbbb\n");
    /* an item put in between is one line, not a shift of all that follow */
    check_difference("[\"aaaaaaaaaa\",\"cccccccccc\"]",
                     "[\"aaaaaaaaaa\",\"bbbbbbbbbb\",\"cccccccccc\"]",
                     "  - aaaaaaaaaa\n+ - bbbbbbbbbb\n  - cccccccccc\n");
}

static struct lb_value *numbers(struct lb_arena *arena, int from, int count, int last)
{
    struct lb_value *list = lb_value_list(arena);
    for (int i = 0; i < count - 1; i++)
        lb_list_add(arena, list, lb_value_int(arena, from + i));
    lb_list_add(arena, list, lb_value_int(arena, last));
    return list;
}

/* However long a value is, what changed of it is shown; of very much the beginning. */
static void test_long_differences(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_str out = {0};
    lb_render_difference(&out, "", numbers(arena, 0, 5000, 1), numbers(arena, 0, 5000, 2), 80);
    assert_string_equal(lb_str_text(&out), "  ...\n  - 4997\n  - 4998\n- - 1\n+ - 2\n");
    lb_str_clear(&out);
    lb_render_difference(&out, "", numbers(arena, 0, 2000, 1), numbers(arena, 9000, 2000, 2), 80);
    assert_non_null(strstr(lb_str_text(&out), "- - 399\n... 3600 more lines; see --format json\n"));
    assert_null(strstr(lb_str_text(&out), "+"));
    lb_str_clear(&out);
    lb_render_difference(&out, "", NULL, numbers(arena, 0, 401, 7), 80);
    assert_non_null(strstr(lb_str_text(&out), "+ - 399\n... 1 more line; see --format json\n"));
    lb_str_release(&out);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_hostile_texts),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_long_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
