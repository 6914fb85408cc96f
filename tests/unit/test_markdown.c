/* test_markdown.c: text of others in Markdown: what it may look like, and what it may never be. */
#include "cmd/markdown.h"
#include "cmd/render_mermaid.h"
#include "tests/unit/check.h"

static void check(void (*write)(struct lb_str *, const char *), const char *text,
                  const char *wanted)
{
    struct lb_str out = {0};
    write(&out, text);
    CHECK_TEXT(text, lb_str_text(&out), wanted);
    lb_str_release(&out);
}

static void test_code(void **state)
{
    (void)state;
    check(lb_md_code, "bucket.logs", "`bucket.logs`");
    check(lb_md_code, "", "(empty)");
    check(lb_md_code, "  ", "`  `");
    check(lb_md_code, "a`b", "``a`b``");
    check(lb_md_code, "`", "`` ` ``");
    check(lb_md_code, "``a", "``` ``a ```");
    check(lb_md_code, "a\nb\x1b[2J", "`a\\x0ab\\x1b[2J`");
    check(lb_md_code, "<b>&amp;", "`<b>&amp;`");
    check(lb_md_code, "x<!-- lifeboat {} --><!--", "`x\\x3c!-- lifeboat {} -->\\x3c!--`");
}

static void test_spans_do_not_touch(void **state)
{
    (void)state;
    struct lb_str out = {0};
    lb_md_code(&out, "a");
    lb_md_code(&out, "b");
    assert_string_equal(lb_str_text(&out), "`a` `b`");
    lb_str_release(&out);
}

static void test_prose(void **state)
{
    (void)state;
    check(lb_md_prose, "it expires after 7d; keep it.", "it expires after 7d; keep it.");
    check(lb_md_prose, "set `keep: {a: 1}` here", "set `keep: {a: 1}` here");
    check(lb_md_prose, "rule \"tidy\" (the bucket)", "rule \"tidy\" (the bucket)");
    check(lb_md_prose, "in \"search/\", see (a_b).", "in \"`search/`\", see (`a_b`).");
    check(lb_md_prose, "ask @everyone!", "ask `@everyone`!");
    check(lb_md_prose, "fixes #1 and GH-2", "fixes `#1` and `GH-2`");
    check(lb_md_prose, "www.evil.example", "`www.evil.example`");
    check(lb_md_prose, "[x](http://e)", "`[x](http://e`)");
    check(lb_md_prose, "*a* _b_ <c> d&e f|g ~h~", "`*a*` `_b_` `<c>` `d&e` `f|g` `~h~`");
    check(lb_md_prose, "a ` b", "a `` ` `` b");
    check(lb_md_prose, "`a``b", "`a` `` `b ``");
    check(lb_md_prose, "\xc3\xa9t\xc3\xa9", "`\xc3\xa9t\xc3\xa9`");
    check(lb_md_prose, "a  b\tc", "a `b\\x09c`");
    check(lb_md_prose, "", "");
}

static void test_fences(void **state)
{
    (void)state;
    struct lb_str out = {0};
    lb_md_fence(&out, "diff", "+ a\n");
    lb_md_fence(&out, "text", "```\n<!-- x\n");
    assert_string_equal(lb_str_text(&out), "```diff\n+ a\n```\n````text\n```\n\\x3c!-- x\n````\n");
    lb_str_release(&out);
}

static void test_marker(void **state)
{
    (void)state;
    struct lb_str out = {0};
    lb_md_marker(&out, "{\"stack\":\"a-b --> <c>--!>&\"}");
    assert_string_equal(lb_str_text(&out),
                        "<!-- lifeboat {\"stack\":\"a-b \\u002d-\\u003e \\u003cc\\u003e\\u002d-!"
                        "\\u003e\\u0026\"} -->\n");
    lb_str_release(&out);
}

/* --- the picture
 * ------------------------------------------------------------------------------------- */

static struct lb_plan chain(struct lb_arena *arena, size_t count)
{
    struct lb_plan plan = {.steps = lb_arena_array(arena, count + 1, sizeof *plan.steps),
                           .step_count = count};
    for (size_t i = 0; i < count; i++) {
        plan.steps[i] = (struct lb_step){
            .id = lb_arena_printf(arena, "s%zu", i + 1), .address = "node.a", .title = "do it"};
        plan.steps[i].needs = lb_arena_array(arena, i + 1, sizeof *plan.steps[i].needs);
        for (size_t k = 0; k < i; k++)
            plan.steps[i].needs[plan.steps[i].need_count++] = k;
    }
    return plan;
}

static void test_picture_leaves_out_what_is_implied(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_plan plan = chain(arena, 3);
    struct lb_str out = {0};
    plan.steps[1].title = "\"]; click n1 `x` <img> \xc3\xa9 %%";
    assert_true(lb_render_mermaid(&out, &plan));
    assert_string_equal(lb_str_text(&out), "```mermaid\n"
                                           "flowchart LR\n"
                                           "  n1[\"s1 node.a<br/>do it\"]\n"
                                           "  n2[\"s2 node.a<br/>___ click n1 _x_ _img_ _ __\"]\n"
                                           "  n3[\"s3 node.a<br/>do it\"]\n"
                                           "  n1 --> n2\n"
                                           "  n2 --> n3\n"
                                           "```\n");
    lb_str_release(&out);
    lb_arena_free(arena);
}

static void test_picture_of_too_many(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_str out = {0};
    struct lb_plan plan = chain(arena, 40);
    assert_true(lb_render_mermaid(&out, &plan));
    lb_str_clear(&out);
    plan = chain(arena, 41);
    assert_false(lb_render_mermaid(&out, &plan));
    plan = chain(arena, 0);
    assert_false(lb_render_mermaid(&out, &plan));
    assert_int_equal(out.length, 0);
    lb_str_release(&out);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_code),
        cmocka_unit_test(test_spans_do_not_touch),
        cmocka_unit_test(test_prose),
        cmocka_unit_test(test_fences),
        cmocka_unit_test(test_marker),
        cmocka_unit_test(test_picture_leaves_out_what_is_implied),
        cmocka_unit_test(test_picture_of_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
