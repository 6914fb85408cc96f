/* The value tree: order, lookup in small and large maps, lenient readers, comparison. */
#include "base/digest.h"
#include "base/json.h"
#include "base/number.h"
#include "base/value.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>

static struct lb_value *json(struct lb_arena *arena, const char *text)
{
    const char *error = NULL;
    struct lb_value *value = lb_json_parse(arena, text, strlen(text), &error);
    CHECK_TEXT(text, error, NULL);
    return value;
}

/* --- order and equality ------------------------------------------------------------------------
 */

/* In ascending order; rows of one rank are equal. */
static const struct {
    int rank;
    const char *text;
} ordered[] = {
    {1, "null"},
    {2, "false"},
    {3, "true"},
    {4, "-1e999"},
    {5, "-12"},
    {5, "-12.0"},
    {6, "-11.999"},
    {7, "0"},
    {7, "-0"},
    {7, "0.000"},
    {7, "0e9"},
    {8, "1e-999"},
    {9, "0.5"},
    {9, "5e-1"},
    {9, "0.50"},
    {10, "1"},
    {10, "1.0"},
    {10, "10e-1"},
    {10, "0.01e2"},
    {11, "9"},
    {12, "10"},
    {12, "1E+1"},
    {13, "9007199254740992"},
    {14, "9007199254740993"},
    {15, "9007199254740993.5"},
    {16, "1e999"},
    {17, "\"\""},
    {18, "\"1\""},
    {19, "\"A\""},
    {20, "\"a\""},
    {21, "\"ab\""},
    {22, "\"\xC3\xA9\""},
    {23, "[]"},
    {24, "[1]"},
    {25, "[1,1]"},
    {26, "[1,2]"},
    {26, "[1.0,2]"},
    {27, "[2,1]"},
    {28, "[[1]]"},
    {29, "{}"},
    {30, "{\"a\":1}"},
    {31, "{\"a\":2}"},
    {32, "{\"b\":1}"},
    {33, "{\"a\":1,\"b\":2}"},
    {33, "{\"b\":2,\"a\":1}"},
    {33, "{\"b\":2.0,\"a\":1}"},
    {34, "{\"a\":1,\"c\":0}"},
    {35, "{\"a\":{\"x\":[1]},\"c\":0}"},
    {35, "{\"c\":0,\"a\":{\"x\":[1]}}"},
    {36, "{\"a\":{\"x\":[2]},\"c\":0}"},
};

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void test_order(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_value *values[COUNT(ordered)];
    for (size_t i = 0; i < COUNT(ordered); i++)
        values[i] = json(arena, ordered[i].text);
    for (size_t i = 0; i < COUNT(ordered); i++) {
        for (size_t j = 0; j < COUNT(ordered); j++) {
            int wanted = sign(ordered[i].rank - ordered[j].rank);
            int got = sign(lb_value_compare(values[i], values[j]));
            if (got != wanted || lb_value_equal(values[i], values[j]) != (wanted == 0))
                fail_msg("%s and %s: got %d", ordered[i].text, ordered[j].text, got);
            bool same_digest = lb_streq(lb_value_digest(arena, values[i]),
                                        lb_value_digest(arena, values[j]));
            CHECK(ordered[i].text, same_digest == (wanted == 0));
        }
        assert_int_equal(sign(lb_value_compare(NULL, values[i])), -1);
        assert_int_equal(sign(lb_value_compare(values[i], NULL)), 1);
        assert_false(lb_value_equal(NULL, values[i]));
    }
    assert_true(lb_value_equal(NULL, NULL));
    assert_int_equal(lb_value_compare(NULL, NULL), 0);
    struct lb_value *a = lb_value_unknown(arena, "domain.a/arn");
    struct lb_value *b = lb_value_string(arena, "domain.a/arn");
    assert_false(lb_value_equal(a, b));
    assert_true(lb_value_equal(a, lb_value_copy(arena, a)));
    lb_arena_free(arena);
}

static void test_sorting(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_value *list = json(arena, "[{\"a\":2},\"b\",10,9,null,\"a\",true,[],{\"a\":1}]");
    lb_list_sort(list);
    assert_string_equal(lb_json_text(arena, list),
                        "[null,true,9,10,\"a\",\"b\",[],{\"a\":1},{\"a\":2}]");
    struct lb_value *map = json(arena, "{\"b\":1,\"a\":2,\"B\":3}");
    const struct lb_entry **sorted = lb_map_sorted(arena, map);
    assert_string_equal(sorted[0]->key, "B");
    assert_string_equal(lb_map_nth(map, 0)->key, "b");
    lb_map_sort(map);
    assert_string_equal(lb_json_text(arena, map), "{\"B\":3,\"a\":2,\"b\":1}");
    lb_list_sort(NULL);
    lb_map_sort(NULL);
    lb_list_sort(map);
    lb_arena_free(arena);
}

static const struct {
    const char *text;
    bool is_int;
    int64_t value;
    const char *canonical;
} numbers[] = {
    {"0", true, 0, "0"},
    {"-0.0e5", true, 0, "0"},
    {"42", true, 42, "42"},
    {"4.2e1", true, 42, "42"},
    {"4200e-2", true, 42, "42"},
    {"1e18", true, 1000000000000000000, "1000000000000000000"},
    {"9223372036854775807", true, INT64_MAX, "9223372036854775807"},
    {"-9223372036854775808", true, INT64_MIN, "-9223372036854775808"},
    {"9223372036854775808", false, 0, "9223372036854775808"},
    {"-9223372036854775809", false, 0, "-9223372036854775809"},
    {"18446744073709551617", false, 0, "18446744073709551617"},
    {"1e19", false, 0, "10000000000000000000"},
    {"1e39", false, 0, "1000000000000000000000000000000000000000"},
    {"1e63", false, 0, "1e63"},
    {"1.5", false, 0, "1.5"},
    {"0.5", false, 0, "0.5"},
    {"0.000001", false, 0, "0.000001"},
    {"0.0000001", false, 0, "0.0000001"},
    {"1234e-80", false, 0, "1234e-80"},
    {"1e999999999999", false, 0, "1e9999999"},
    {"", false, 0, ""},
    {"-", false, 0, "-"},
    {"01", false, 0, "01"},
    {"1.", false, 0, "1."},
    {"1e", false, 0, "1e"},
    {"0x10", false, 0, "0x10"},
    {"1 ", false, 0, "1 "},
    {"nan", false, 0, "nan"},
};

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        int64_t value = 0;
        CHECK(numbers[i].text, lb_number_int(numbers[i].text, &value) == numbers[i].is_int);
        CHECK(numbers[i].text, !numbers[i].is_int || value == numbers[i].value);
        struct lb_str out = {0};
        lb_number_canonical(&out, numbers[i].text);
        CHECK_TEXT(numbers[i].text, lb_str_text(&out), numbers[i].canonical);
        lb_str_release(&out);
    }
    assert_true(lb_number_compare("x", "1") > 0);
    assert_true(lb_number_compare("x", "y") < 0);
}

/* --- readers -----------------------------------------------------------------------------------
 */

static const char answer[] =
    "{\"a\":{\"b\":[{\"n\":1},{\"n\":\"2\"},[3]]},\"int\":7,\"quoted\":\"-8\",\"big\":1e30,"
    "\"hex\":\"0x9\",\"plus\":\"+9\",\"real\":1.5,\"whole\":3.0,\"t\":true,\"qt\":\"true\","
    "\"qf\":\"false\",\"yes\":\"yes\",\"text\":\"x\",\"null\":null,\"\":\"empty key\"}";

static const struct {
    const char *path, *text;
    int64_t number;
    int boolean; /* -1: absent */
} reads[] = {
    {"a/b/0/n", "1", 1, -1},   {"a/b/1/n", "2", 2, -1},
    {"a/b/2/0", "3", 3, -1},   {"a/b/3", NULL, 99, -1},
    {"a/b/-1", NULL, 99, -1},  {"a/b/x", NULL, 99, -1},
    {"a/b/0x1", NULL, 99, -1}, {"a/b/99999999999999999999", NULL, 99, -1},
    {"a/b", NULL, 99, -1},     {"a/b/0/n/deeper", NULL, 99, -1},
    {"absent", NULL, 99, -1},  {"", NULL, 99, -1},
    {"int", "7", 7, -1},       {"quoted", "-8", -8, -1},
    {"big", "1e30", 99, -1},   {"hex", "0x9", 99, -1},
    {"plus", "+9", 99, -1},    {"real", "1.5", 99, -1},
    {"whole", "3.0", 3, -1},   {"t", "true", 99, 1},
    {"qt", "true", 99, 1},     {"qf", "false", 99, 0},
    {"yes", "yes", 99, -1},    {"null", NULL, 99, -1},
};

static void test_readers(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_value *root = json(arena, answer);
    for (size_t i = 0; i < COUNT(reads); i++) {
        const char *path = reads[i].path;
        CHECK_TEXT(path, lb_text_at(root, path, NULL), reads[i].text);
        CHECK(path, lb_int_at(root, path, 99) == reads[i].number);
        CHECK(path, lb_bool_at(root, path, true) == (reads[i].boolean != 0));
        CHECK(path, lb_bool_at(root, path, false) == (reads[i].boolean == 1));
    }
    assert_ptr_equal(lb_value_at(root, ""), root);
    assert_null(lb_value_at(NULL, ""));
    assert_null(lb_map_get(NULL, "a"));
    assert_null(lb_map_get(lb_map_get(root, "text"), "a"));
    assert_null(lb_map_get(root, NULL));
    assert_null(lb_list_item(root, 0));
    assert_null(lb_map_nth(root, 1000));
    assert_int_equal(lb_value_count(NULL), 0);
    assert_int_equal(lb_value_count(lb_map_get(root, "text")), 0);
    assert_false(lb_is(NULL, LB_NULL));
    assert_false(lb_list_has(NULL, "x"));
    assert_true(lb_list_has(json(arena, "[1,\"x\"]"), "x"));
    assert_false(lb_list_has(json(arena, "[1,\"x\"]"), "1"));
    char path[2000];
    memset(path, 'k', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_null(lb_value_at(root, path));
    lb_arena_free(arena);
}

/* --- maps --------------------------------------------------------------------------------------
 */

static void test_filling(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_value *map = lb_value_map(arena);
    lb_map_set_string(arena, map, "none", NULL);
    lb_map_set_string(arena, map, "s", "x");
    lb_map_set_int(arena, map, "i", INT64_MIN);
    lb_map_set_bool(arena, map, "b", true);
    lb_map_set_int(arena, lb_map_map(arena, map, "m"), "x", 1);
    lb_map_set_int(arena, lb_map_map(arena, map, "m"), "y", 2);
    lb_list_add_string(arena, lb_map_list(arena, map, "l"), "1");
    lb_list_add_string(arena, lb_map_list(arena, map, "l"), NULL);
    lb_map_default(arena, map, "s", lb_value_string(arena, "ignored"));
    lb_map_default(arena, map, "d", lb_value_format(arena, "%d-%s", 7, "x"));
    lb_map_set(arena, map, "i", lb_value_number(arena, "5")); /* keeps its place */
    assert_string_equal(lb_json_text(arena, map),
                        "{\"s\":\"x\",\"i\":5,\"b\":true,\"m\":{\"x\":1,\"y\":2},"
                        "\"l\":[\"1\",null],\"d\":\"7-x\"}");
    assert_true(lb_map_remove(map, "i"));
    assert_false(lb_map_remove(map, "i"));
    assert_false(lb_map_remove(NULL, "i"));
    assert_int_equal(lb_value_count(map), 5);
    assert_false(lb_value_has_unknown(map));
    lb_map_set(arena, lb_map_map(arena, map, "m"), "u", lb_value_unknown(arena, "role.a/arn"));
    assert_true(lb_value_has_unknown(map));
    assert_string_equal(lb_text_at(map, "m/u", "otherwise"), "otherwise");
    lb_arena_free(arena);
}

static const char *nth_key(char *key, size_t size, unsigned i)
{
    (void)snprintf(key, size, "key-%u", i * 2654435761u % 1000003u);
    return key;
}

/* Against a plain array: the index must agree after every kind of change. */
static void test_large_map(void **state)
{
    (void)state;
    enum { ENTRIES = 3000 };
    struct lb_arena *arena = lb_arena_new();
    struct lb_value *map = lb_value_map(arena);
    char key[32];
    for (unsigned i = 0; i < ENTRIES; i++) {
        assert_null(lb_map_get(map, nth_key(key, sizeof key, i)));
        lb_map_set_int(arena, map, key, i);
        assert_int_equal(lb_int(lb_map_get(map, key), -1), i);
    }
    for (unsigned i = 0; i < ENTRIES; i += 3)
        assert_true(lb_map_remove(map, nth_key(key, sizeof key, i)));
    for (unsigned i = 1; i < ENTRIES; i += 3)
        lb_map_set_int(arena, map, nth_key(key, sizeof key, i), i + 10000);
    assert_int_equal(lb_value_count(map), ENTRIES - ENTRIES / 3);
    for (int sorted = 0; sorted < 2; sorted++) {
        for (unsigned i = 0; i < ENTRIES; i++) {
            int64_t wanted = i % 3 == 0 ? -1 : (int64_t)i + (i % 3 == 1 ? 10000 : 0);
            assert_int_equal(lb_int(lb_map_get(map, nth_key(key, sizeof key, i)), -1), wanted);
        }
        lb_map_sort(map);
    }
    for (size_t i = 1; i < lb_value_count(map); i++)
        assert_true(strcmp(lb_map_nth(map, i - 1)->key, lb_map_nth(map, i)->key) < 0);
    assert_true(lb_value_equal(map, lb_value_copy(arena, map)));
    lb_arena_free(arena);
}

/* A large map that was emptied still has its index: what is set then must be found. */
static void test_emptied_map(void **state)
{
    (void)state;
    enum { ENTRIES = 40 };
    struct lb_arena *arena = lb_arena_new();
    struct lb_value *map = lb_value_map(arena);
    char key[32];
    for (unsigned i = 0; i < ENTRIES; i++)
        lb_map_set_int(arena, map, nth_key(key, sizeof key, i), i);
    for (unsigned i = 0; i < ENTRIES; i++)
        assert_true(lb_map_remove(map, nth_key(key, sizeof key, i)));
    for (int round = 0; round < 2; round++)
        for (unsigned i = 0; i < 5; i++)
            lb_map_set_int(arena, map, nth_key(key, sizeof key, i), round);
    assert_int_equal(lb_value_count(map), 5);
    assert_int_equal(lb_int(lb_map_get(map, nth_key(key, sizeof key, 4)), -1), 1);
    lb_arena_free(arena);
}

static void test_copy(void **state)
{
    (void)state;
    struct lb_arena *from = lb_arena_new(), *to = lb_arena_new();
    struct lb_source source = {"a.yaml", "", 0};
    struct lb_mark mark = {&source, 3, 4, 3, 5};
    struct lb_value *map = json(from, answer);
    for (size_t i = 0; i < lb_value_count(map); i++)
        if (strcmp(map->as.map.entries[i].key, "int") == 0)
            map->as.map.entries[i].key_mark = &mark;
    struct lb_value *derived = lb_map_get(map, "text");
    derived->why = "derived from repository.nightly";
    derived->mark = &mark;
    derived->secret = true;
    struct lb_value *copy = lb_value_copy(to, map);
    char *before = strdup(lb_json_text(from, map));
    lb_arena_free(from);
    mark.line = mark.column = 99; /* the copy has its own */
    assert_string_equal(lb_json_text(to, copy), before);
    free(before);
    const struct lb_value *text = lb_map_get(copy, "text");
    assert_string_equal(text->why, "derived from repository.nightly");
    assert_true(text->secret);
    assert_int_equal(text->mark->line, 3);
    assert_int_equal(lb_map_entry(copy, "int")->key_mark->column, 4);
    assert_int_equal(lb_map_entry(copy, "a")->key_mark->line, 0);
    assert_null(lb_value_copy(to, NULL));
    assert_null(lb_value_share(to, NULL));
    lb_arena_free(to);
}

/* Either may change its maps and lists; texts are one. */
static void test_share(void **state)
{
    (void)state;
    struct lb_arena *from = lb_arena_new(), *to = lb_arena_new();
    struct lb_value *map = json(from, answer);
    struct lb_value *many = lb_map_map(from, map, "many");
    for (int i = 0; i < 40; i++)
        lb_map_set_int(from, many, lb_arena_printf(from, "key%d", i), i);
    struct lb_value *shared = lb_value_share(to, map);
    assert_true(lb_value_equal(map, shared));
    assert_ptr_equal(lb_text(lb_map_get(shared, "text"), NULL),
                     lb_text(lb_map_get(map, "text"), NULL));
    struct lb_value *copied = lb_map_get(shared, "many");
    lb_map_set_int(to, copied, "key7", 70);
    lb_map_set_int(to, copied, "new", 1);
    assert_true(lb_map_remove(copied, "key0"));
    assert_int_equal(lb_int_at(map, "many/key7", 0), 7);
    assert_int_equal(lb_value_count(many), 40);
    assert_null(lb_map_get(many, "new"));
    assert_int_equal(lb_int_at(shared, "many/key39", 0), 39);
    assert_int_equal(lb_int_at(shared, "many/key7", 0), 70);
    lb_arena_free(to);
    assert_int_equal(lb_int_at(map, "many/key39", 0), 39);
    lb_arena_free(from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),       cmocka_unit_test(test_sorting),
        cmocka_unit_test(test_numbers),     cmocka_unit_test(test_readers),
        cmocka_unit_test(test_filling),     cmocka_unit_test(test_large_map),
        cmocka_unit_test(test_emptied_map), cmocka_unit_test(test_copy),
        cmocka_unit_test(test_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
