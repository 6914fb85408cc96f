/* The plan document: out, in and out again is the same; what is not a plan is refused. */
#include "tests/unit/plan_fixture.h"

#include <stdlib.h>

static const struct lb_source source = {"lifeboat.yaml", "", 0};

static struct lb_value *document(struct lb_arena *arena)
{
    struct lb_plan plan = plan_fixture(arena, &source);
    return lb_plan_to_value(arena, &plan);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    struct lb_plan plan;
    const char *error;
    lb_diags_init(&diags, arena);
    const char *first = lb_json_text(arena, document(arena));
    struct lb_value *parsed = lb_json_parse(arena, first, strlen(first), &error);
    assert_int_equal(lb_plan_from_value(arena, &diags, parsed, &plan), 0);
    CHECK_TEXT("again", lb_json_text(arena, lb_plan_to_value(arena, &plan)), first);
    assert_int_equal(plan.changes[0].after->as.map.entries[1].value->type, LB_UNKNOWN);
    assert_int_equal(plan.step_count, 3);
    assert_int_equal(plan.steps[2].need_count, 2);
    assert_int_equal(plan.rpo_supported_s, 1200);
    lb_arena_free(arena);
}

/* Integers beyond 2^53 are strings, wherever they stand; smaller ones stay numbers. */
static void test_integers(void **state)
{
    (void)state;
    static const struct {
        const char *path, *json;
    } rows[] = {
        {"changes/0/before/size", "\"9007199254740993\""},
        {"changes/0/after/size", "9007199254740992"},
        {"changes/0/fields/0/before", "\"-9007199254740993\""},
        {"changes/0/fields/0/after", "12"},
    };
    struct lb_arena *arena = lb_arena_new();
    const struct lb_value *out = document(arena);
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(rows[i].path, lb_json_text(arena, lb_value_at(out, rows[i].path)), rows[i].json);
    lb_arena_free(arena);
}

/* Puts a value at a path; NULL removes what is there. */
static void put(struct lb_arena *arena, struct lb_value *root, const char *path, const char *json)
{
    const char *slash = strrchr(path, '/');
    const char *above = slash ? lb_arena_strndup(arena, path, (size_t)(slash - path)) : "";
    const char *key = slash ? slash + 1 : path;
    struct lb_value *at = lb_value_at(root, above);
    if (lb_is(at, LB_LIST))
        at->as.list.items[strtoul(key, NULL, 10)] = kit_tree(arena, json);
    else if (json)
        lb_map_set(arena, at, key, kit_tree(arena, json));
    else
        CHECK(path, lb_map_remove(at, key));
}

static void test_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *path, *json, *code, *detail;
    } rows[] = {
        {"format_version", NULL, "LB-P010", "it has no `format_version`"},
        {"format_version", "1", "LB-P010", "it has no `format_version`"},
        {"format_version", "'2.0'", "LB-P011", "format 2.0, this lifeboat reads 1.x"},
        {"format_version", "'10.0'", "LB-P011", "format 10.0, this lifeboat reads 1.x"},
        {"format_version", "''", "LB-P011", "format , this lifeboat reads 1.x"},
        {"id", NULL, "LB-P010", "`id` is missing or not a string"},
        {"id", "7", "LB-P010", "`id` is missing or not a string"},
        {"id", "'0000'", "LB-P010", "its `id` is not that of what it holds: the file was edited"},
        {"tool", NULL, "LB-P010", "`version` is missing or not a string"},
        {"made_at", "null", "LB-P010", "`made_at` is missing or not a string"},
        {"complete", NULL, "LB-P010", "`complete` is missing or neither true nor false"},
        {"complete", "'true'", "LB-P010", "`complete` is missing or neither true nor false"},
        {"complete", "false", "LB-P010",
         "its `id` is not that of what it holds: the file was edited"},
        {"stack", "[]", "LB-P010", "`stack` is missing or not a string"},
        {"account", "111122223333", "LB-P010", "`account` is missing or not a string"},
        {"account", "'444455556666'", "LB-P010",
         "its `id` is not that of what it holds: the file was edited"},
        {"partition", NULL, "LB-P010", "`partition` is missing or not a string"},
        {"regions", "'us-east-1'", "LB-P010", "`primary` is missing or not a string"},
        {"regions/secondary", NULL, "LB-P010", "`secondary` is missing or not a string"},
        {"active", "true", "LB-P010", "`active` is missing or not a string"},
        {"spec", "{}", "LB-P010", "`path` is missing or not a string"},
        {"spec/sha256", NULL, "LB-P010", "`sha256` is missing or not a string"},
        {"summary/unchanged", "-1", "LB-P010", "`unchanged` is not a number that it can be"},
        {"summary/unchanged", "1.5", "LB-P010", "`unchanged` is not a number that it can be"},
        {"objectives/rpo", NULL, "LB-P010", "`evidence` is missing or not a string"},
        {"objectives/rto/declared_s", "'1'", "LB-P010",
         "`declared_s` is not a number that it can be"},
        {"changes", NULL, "LB-P010", "`changes` is missing or not a list"},
        {"changes", "{}", "LB-P010", "`changes` is missing or not a list"},
        {"changes/0", "'x'", "LB-P010", "a list of objects holds something else"},
        {"changes/0/address", NULL, "LB-P010", "`address` is missing or not a string"},
        {"changes/0/action", "'destroy'", "LB-P010", "unknown action in node.a"},
        {"changes/0/action", "'create'", "LB-P010",
         "its `id` is not that of what it holds: the file was edited"},
        {"changes/0/before", "[]", "LB-P010", "`before` is not an object"},
        {"changes/0/after", "'x'", "LB-P010", "`after` is not an object"},
        {"changes/0/fields", "null", "LB-P010", "`fields` is missing or not a list"},
        {"changes/0/fields/0", "1", "LB-P010", "a list of objects holds something else"},
        {"changes/0/fields/0/path", "{}", "LB-P010", "`path` is missing or not a string"},
        {"changes/0/foreign", "'x'", "LB-P010", "`foreign` is missing or not a list"},
        {"changes/0/foreign/0", "1", "LB-P010", "`foreign` holds something else than strings"},
        {"changes/0/unknown/0", "null", "LB-P010", "`unknown` holds something else than strings"},
        {"changes/0/disruption", "1", "LB-P010", "`disruption` is missing or not a string"},
        {"changes/0/spec_range", "'here'", "LB-P010", "`file` is missing or not a string"},
        {"changes/0/spec_range/line", "4294967297", "LB-P010",
         "`line` is not a number that it can be"},
        {"changes/0/spec_range/line", "-3", "LB-P010", "`line` is not a number that it can be"},
        {"steps", "'x'", "LB-P010", "`steps` is missing or not a list"},
        {"steps/1", "null", "LB-P010", "a list of objects holds something else"},
        {"steps/1/id", "'s1'", "LB-P010", "two steps are called s1"},
        {"steps/1/needs", NULL, "LB-P010", "`needs` is missing or not a list"},
        {"steps/1/needs", "['s3']", "LB-P010", "step s2 needs one that is not before it"},
        {"steps/1/needs", "['s2']", "LB-P010", "step s2 needs one that is not before it"},
        {"steps/1/needs", "[1]", "LB-P010", "`needs` holds something else than strings"},
        {"steps/1/estimate_s", "'5'", "LB-P010", "`estimate_s` is not a number that it can be"},
        {"steps/1/estimate_s", "1e99", "LB-P010", "`estimate_s` is not a number that it can be"},
        {"steps/1/digest", "'d9'", "LB-P010",
         "its `id` is not that of what it holds: the file was edited"},
        {"steps/1/call", "'fake:Get'", "LB-P010",
         "its `id` is not that of what it holds: the file was edited"},
        {"findings", NULL, "LB-P010", "`findings` is missing or not a list"},
        {"findings/0/severity", "'fatal'", "LB-P010",
         "`severity` is none of the words that it can be"},
        {"findings/0/http_status", "1000", "LB-P010",
         "`http_status` is not a number that it can be"},
        {"observed/0/status", "'gone'", "LB-P010", "`status` is none of the words that it can be"},
        {"observed/0/relevant", NULL, "LB-P010", "`relevant` is missing or neither true nor false"},
        {"observed/0/relevant", "false", "LB-P010",
         "its `id` is not that of what it holds: the file was edited"},
        {"observed/0/digest", "'o9'", "LB-P010",
         "its `id` is not that of what it holds: the file was edited"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        struct lb_plan plan;
        lb_diags_init(&diags, arena);
        struct lb_value *value = document(arena);
        put(arena, value, rows[i].path, rows[i].json);
        CHECK(rows[i].path, lb_plan_from_value(arena, &diags, value, &plan) == -1);
        CHECK(rows[i].path, diags.count > 0);
        CHECK_TEXT(rows[i].path, diags.items[0].code, rows[i].code);
        CHECK_TEXT(rows[i].path, diags.items[0].detail, rows[i].detail);
        lb_arena_free(arena);
    }
}

static void test_no_object(void **state)
{
    (void)state;
    static const char *const rows[] = {"null", "[]", "'x'", "1", "{}", "true"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        struct lb_plan plan;
        lb_diags_init(&diags, arena);
        CHECK(rows[i], lb_plan_from_value(arena, &diags, kit_tree(arena, rows[i]), &plan) == -1);
        lb_arena_free(arena);
    }
}

/* What could drive a terminal is inert in what is shown; a newer minor version may seal more. */
static void test_hostile(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    struct lb_plan plan;
    lb_diags_init(&diags, arena);
    struct lb_value *value = document(arena);
    put(arena, value, "format_version", "'1.7'");
    put(arena, value, "steps/0/title", "'\\u001b[2Jgone\\u202e'");
    put(arena, value, "changes/0/foreign/0", "'a\\nb'");
    put(arena, value, "changes/0/spec_range/file", "'\\u0007'");
    assert_int_equal(lb_plan_from_value(arena, &diags, value, &plan), 0);
    CHECK_TEXT("title", plan.steps[0].title, "\\x1b[2Jgone\\u{202e}");
    assert_null(strchr(plan.changes[0].foreign[0], '\n'));
    assert_null(strchr(plan.changes[0].mark.source->path, '\a'));
    lb_arena_free(arena);
}

/* Many faults are told of up to a limit, and many steps are read in linear time. */
static void test_large(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    struct lb_plan plan;
    lb_diags_init(&diags, arena);
    struct lb_value *value = document(arena);
    struct lb_value *steps = lb_map_get(value, "steps"), *like = lb_list_item(steps, 2);
    for (size_t i = 4; i < 30000; i++) {
        struct lb_value *step = lb_value_copy(arena, like);
        lb_map_set(arena, step, "id", lb_value_format(arena, "s%zu", i));
        lb_list_add(arena, lb_map_get(step, "needs"), lb_value_format(arena, "s%zu", i - 1));
        lb_list_add(arena, steps, step);
    }
    put(arena, value, "format_version", "'1.1'");
    assert_int_equal(lb_plan_from_value(arena, &diags, value, &plan), 0);
    assert_int_equal(plan.step_count, 29999);
    for (size_t i = 0; i < lb_value_count(steps); i++)
        lb_map_remove(lb_list_item(steps, i), "title");
    assert_int_equal(lb_plan_from_value(arena, &diags, value, &plan), -1);
    assert_in_range(diags.count, 1, 25);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_integers),
        cmocka_unit_test(test_malformed),  cmocka_unit_test(test_no_object),
        cmocka_unit_test(test_hostile),    cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
