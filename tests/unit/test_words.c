/* test_words.c: fields in words, and text in lines. */
#include "cmd/words.h"
#include "tests/unit/check.h"

static void test_wrap(void **state)
{
    (void)state;
    static const struct {
        size_t indent, width;
        const char *text, *wanted;
    } rows[] = {
        {0, 10, "", ""},
        {0, 10, "one", "one\n"},
        {0, 7, "one two three", "one two\nthree\n"},
        {2, 9, "one two three", "  one two\n  three\n"},
        {2, 4, "a word-that-is-too-long b", "  a\n  word-that-is-too-long\n  b\n"},
        {0, 80, "two  spaces", "two spaces\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_str out = {0};
        lb_words_wrap(&out, rows[i].indent, rows[i].width, rows[i].text);
        CHECK_TEXT(rows[i].text, lb_str_text(&out), rows[i].wanted);
        lb_str_release(&out);
    }
}

static const struct lb_schema *field(const struct lb_schemas *schemas, const char *kind,
                                     const char *path)
{
    const struct lb_schema *found = lb_schema_at(lb_kind_find(schemas, kind)->schema, path);
    assert_non_null(found);
    return found;
}

static void test_types(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    const struct lb_schemas *schemas = lb_schemas_load(arena);
    static const struct {
        const char *kind, *path, *wanted;
    } rows[] = {
        {"bucket", "auto_purge/after", "duration"},
        {"bucket", "lifecycle/rules", "list of map"},
        {"bucket", "versioning", "map"},
        {"domain", "data_nodes/volume", "size"},
        {"domain", "data_nodes/count", "integer"},
        {"alarm", "threshold", "number"},
        {"alarm", "tags", "map of string"},
        {"alarm", "actions_enabled", "boolean"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_str out = {0};
        lb_words_type(&out, field(schemas, rows[i].kind, rows[i].path));
        CHECK_TEXT(rows[i].path, lb_str_text(&out), rows[i].wanted);
        lb_str_release(&out);
    }
    assert_true(lb_list_has(lb_words_notes(arena, field(schemas, "repository", "domain")),
                            "the name of a `domain` of this spec"));
    assert_true(lb_list_has(lb_words_notes(arena, field(schemas, "domain", "arn")),
                            "chosen by the service; cannot be stated"));
    lb_arena_free(arena);
}

static void test_repeated(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    const struct lb_schemas *schemas = lb_schemas_load(arena);
    const struct lb_schema *root = lb_kind_find(schemas, "domain")->schema;
    const struct lb_schema *side = field(schemas, "domain", "secondary");
    assert_true(lb_words_repeated(root, side, field(schemas, "domain", "secondary/data_nodes")));
    assert_false(lb_words_repeated(root, side, field(schemas, "domain", "secondary/mode")));
    assert_false(lb_words_repeated(root, root, field(schemas, "domain", "data_nodes")));
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
