/* What people read when something is wrong: the text to the byte, its order, and the exit code. */
#include "base/diag.h"
#include "base/exit.h"
#include "base/json.h"
#include "tests/unit/check.h"

#include <stdlib.h>

struct render_row {
    const char *name, *source; /* the marked text; NULL: no mark */
    uint32_t line, column, end_line, end_column;
    const char *text; /* what stands between the headline and "= why" */
};

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct render_row renders[] = {
    {"a run of carets", "a: 1\n      replicaton: {}\n", 2, 7, 2, 17,
     "  --> lifeboat.yaml:2:7\n   |\n 2 |       replicaton: {}\n   |       ^^^^^^^^^^\n"},
    {"no end: one caret", "a: 1\n", 1, 4, 0, 0,
     "  --> lifeboat.yaml:1:4\n   |\n 1 | a: 1\n   |    ^\n"},
    {"end at the start: one caret", "a: 1\n", 1, 4, 1, 4,
     "  --> lifeboat.yaml:1:4\n   |\n 1 | a: 1\n   |    ^\n"},
    {"end on a later line", "a: [x,\n y]\n", 1, 4, 2, 4,
     "  --> lifeboat.yaml:1:4\n   |\n 1 | a: [x,\n   |    ^^^\n"},
    {"past the end of the line", "a:\nb: 1\n", 1, 3, 1, 3,
     "  --> lifeboat.yaml:1:3\n   |\n 1 | a:\n   |   ^\n"},
    {"the last line has no newline", "a: 1\nb: x", 2, 4, 2, 5,
     "  --> lifeboat.yaml:2:4\n   |\n 2 | b: x\n   |    ^\n"},
    {"an empty line", "a: 1\n\nb: 2\n", 2, 1, 0, 0,
     "  --> lifeboat.yaml:2:1\n   |\n 2 | \n   | ^\n"},
    {"a line beyond the source", "a: 1", 7, 1, 0, 0, "  --> lifeboat.yaml:7:1\n"},
    {"CRLF", "a: 1\r\nb: 2\r\n", 2, 4, 2, 5,
     "  --> lifeboat.yaml:2:4\n   |\n 2 | b: 2\n   |    ^\n"},
    {"tabs as spaces", "\ta:\tx\n", 1, 5, 1, 6,
     "  --> lifeboat.yaml:1:5\n   |\n 1 |  a: x\n   |     ^\n"},
    {"columns count characters", "\xC3\xA9: \xC3\xA9x\n", 1, 5, 1, 6,
     "  --> lifeboat.yaml:1:5\n   |\n 1 | \xC3\xA9: \xC3\xA9x\n   |     ^\n"},
    {"wide characters", "\xE4\xB8\xAD\xE6\x96\x87: x\n", 1, 5, 1, 6,
     "  --> lifeboat.yaml:1:5\n   |\n 1 | \xE4\xB8\xAD\xE6\x96\x87: x\n   |       ^\n"},
    {"a wide character marked", "a: \xE4\xB8\xAD\n", 1, 4, 1, 5,
     "  --> lifeboat.yaml:1:4\n   |\n 1 | a: \xE4\xB8\xAD\n   |    ^^\n"},
    {"hostile source", "a\033[2J\xE2\x80\xAE: x\n", 1, 9, 1, 10,
     "  --> lifeboat.yaml:1:9\n   |\n 1 | a\\x1b[2J\\u{202e}: x\n"
     "   |                   ^\n"},
    {"invalid UTF-8 marked", "a: \xFF\n", 1, 4, 1, 5,
     "  --> lifeboat.yaml:1:4\n   |\n 1 | a: \\xff\n   |    ^^^^\n"},
    {"a runner's command in the source", "x: ##[error]y\n", 1, 4, 1, 6,
     "  --> lifeboat.yaml:1:4\n   |\n 1 | x: \\x23#[error]y\n   |    ^^^^^\n"},
    {"a long line is cut after", HUNDRED HUNDRED "\n", 1, 3, 1, 5,
     "  --> lifeboat.yaml:1:3\n   |\n"
     " 1 | " TEN TEN TEN TEN TEN TEN TEN TEN TEN "012345...\n   |   ^^\n"},
    {"a long line is cut before", HUNDRED "x: y\n", 1, 101, 1, 102,
     "  --> lifeboat.yaml:1:101\n   |\n 1 | ..." TEN TEN TEN TEN TEN TEN "x: y\n"
     "   |    "
     "          "
     "          "
     "          "
     "          "
     "          "
     "          "
     "^\n"},
    {"no mark, but an address", NULL, 0, 0, 0, 0, "  --> bucket.logs\n"},
};

static void test_render(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(renders); i++) {
        const struct render_row *row = &renders[i];
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        lb_diags_init(&diags, arena);
        size_t length = row->source ? strlen(row->source) : 0;
        char *text = malloc(length + 1); /* exact size: a sanitizer sees a read past the end */
        memcpy(text, row->source ? row->source : "", length);
        struct lb_source source = {"lifeboat.yaml", text, length};
        struct lb_diag diag = {.code = "LB-S002", .address = "bucket.logs", .detail = "\"a\""};
        if (row->source)
            diag.mark = (struct lb_mark){&source, row->line, row->column, row->end_line,
                                         row->end_column};
        struct lb_str out = {0};
        lb_diag_render(&out, lb_diags_add(&diags, &diag), false);
        const char *rest = lb_str_text(&out);
        static const char headline[] = "error[LB-S002]: duplicate key: \"a\"\n";
        CHECK(row->name, lb_starts_with(rest, headline));
        rest += sizeof headline - 1;
        char *why = strstr(rest, "   = why: ");
        CHECK(row->name, why != NULL);
        CHECK_TEXT(row->name, lb_arena_strndup(arena, rest, (size_t)(why - rest)), row->text);
        CHECK(row->name, strstr(why, "\n   = try: keep one of the two\n") != NULL);
        lb_str_release(&out);
        free(text);
        lb_arena_free(arena);
    }
}

static void test_render_service(void **state)
{
    (void)state;
    static const struct {
        struct lb_diag diag;
        const char *text;
    } rows[] = {
        {{.service = "s3",
          .operation = "PutBucketVersioning",
          .http_status = 403,
          .error_code = "AccessDenied",
          .request_id = "ABC"},
         "   = service: s3 PutBucketVersioning, HTTP 403 AccessDenied, request id ABC\n"},
        {{.service = "iam"}, "   = service: iam\n"},
        {{.service = "es", .error_code = "Timeout"}, "   = service: es, Timeout\n"},
        {{.service = "s3", .operation = "GetObject", .http_status = 500},
         "   = service: s3 GetObject, HTTP 500\n"},
        {{.service = "s3", .request_id = "a\r\nb\033[1m"},
         "   = service: s3, request id a\\x0d\\x0ab\\x1b[1m\n"},
        {{.operation = "Alone"}, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        lb_diags_init(&diags, arena);
        struct lb_diag diag = rows[i].diag;
        diag.code = "X";
        diag.summary = "s";
        struct lb_str out = {0};
        lb_diag_render(&out, lb_diags_add(&diags, &diag), false);
        CHECK_TEXT(rows[i].text, lb_str_text(&out) + strlen("error[X]: s\n"), rows[i].text);
        lb_str_release(&out);
        lb_arena_free(arena);
    }
}

static void test_color_only_adds(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    lb_diags_init(&diags, arena);
    struct lb_source source = {"a.yaml", BYTES("a: b\n")};
    struct lb_mark mark = {&source, 1, 4, 1, 5};
    lb_diags_error(&diags, "LB-S001", &mark, "x");
    struct lb_str plain = {0}, colored = {0};
    lb_diag_render(&plain, &diags.items[0], false);
    lb_diag_render(&colored, &diags.items[0], true);
    assert_non_null(strstr(lb_str_text(&colored), "\033[1;31merror[LB-S001]\033[0m: "));
    struct lb_str stripped = {0};
    for (const char *c = lb_str_text(&colored); *c; c++) {
        if (*c == '\033')
            c = strchr(c, 'm');
        else
            lb_str_putc(&stripped, *c);
    }
    assert_string_equal(lb_str_text(&stripped), lb_str_text(&plain));
    lb_str_release(&plain);
    lb_str_release(&colored);
    lb_str_release(&stripped);
    lb_arena_free(arena);
}

static void test_secret_line_is_not_shown(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    lb_diags_init(&diags, arena);
    struct lb_source source = {"a.yaml", BYTES("password: hunter2\n")};
    struct lb_diag diag = {.code = "LB-S001", .secret = true, .mark = {&source, 1, 11, 1, 18}};
    struct lb_str out = {0};
    lb_diag_render(&out, lb_diags_add(&diags, &diag), false);
    assert_non_null(strstr(lb_str_text(&out), "a.yaml:1:11\n"));
    assert_null(strstr(lb_str_text(&out), "hunter2"));
    lb_str_release(&out);
    lb_arena_free(arena);
}

static void test_texts_are_escaped_and_capped(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags, merged;
    lb_diags_init(&diags, arena);
    lb_diags_init(&merged, arena);
    char *page = lb_arena_alloc(arena, 100001);
    memset(page, 'x', 100000);
    struct lb_diag diag = {.code = "LB-Z\n",
                           .summary = "a\rb",
                           .detail = page,
                           .why = "w\033",
                           .remedy = "r\xE2\x80\xAE",
                           .address = "bucket.a\nb",
                           .service = "s\b"};
    const struct lb_diag *stored = lb_diags_add(&diags, &diag);
    assert_string_equal(stored->code, "LB-Z\\x0a");
    assert_string_equal(stored->summary, "a\\x0db");
    assert_string_equal(stored->why, "w\\x1b");
    assert_string_equal(stored->remedy, "r\\u{202e}");
    assert_string_equal(stored->address, "bucket.a\\x0ab");
    assert_string_equal(stored->service, "s\\x08");
    assert_int_equal(strlen(stored->detail), 4096 + 3);
    assert_int_equal(stored->exit, LB_EXIT_ERROR);
    lb_diags_merge(&merged, &diags);
    assert_int_equal(merged.errors, 1);
    assert_string_equal(merged.items[0].remedy, stored->remedy);
    lb_arena_free(arena);
}

static void test_sort(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    lb_diags_init(&diags, arena);
    struct lb_source a = {"a.yaml", "", 0}, b = {"b.yaml", "", 0};
    const struct {
        const struct lb_source *source;
        uint32_t line, column;
        const char *code, *detail;
        int severity;
    } rows[] = {
        {NULL, 0, 0, "LB-S001", "last, no place", LB_ERROR},
        {&b, 1, 1, "LB-S001", "6", LB_WARNING},
        {&a, 9, 1, "LB-S001", "4", LB_ERROR},
        {&a, 2, 7, "LB-S002", "3 first said", LB_ERROR},
        {&a, 2, 7, "LB-S002", "3 then said", LB_ERROR},
        {&a, 2, 7, "LB-S001", "2", LB_ERROR},
        {&a, 2, 7, "LB-S002", "3 first said", LB_ERROR},
        {&a, 2, 3, "LB-S009", "1", LB_WARNING},
        {&a, 2, 3, "LB-S009", "1", LB_WARNING},
        {&a, 10, 1, "LB-S001", "5", LB_ERROR},
        {NULL, 0, 0, "LB-S001", "last, no place", LB_ERROR},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_diag diag = {.code = rows[i].code,
                               .severity = (enum lb_severity)rows[i].severity,
                               .detail = rows[i].detail,
                               .mark = {rows[i].source, rows[i].line, rows[i].column, 0, 0}};
        lb_diags_add(&diags, &diag);
    }
    assert_int_equal(diags.errors, 8);
    assert_int_equal(diags.warnings, 3);
    lb_diags_sort(&diags);
    static const char *const order[] = {"1", "2", "3 first said",  "3 then said", "4",
                                        "5", "6", "last, no place"};
    assert_int_equal(diags.count, COUNT(order));
    for (size_t i = 0; i < COUNT(order); i++)
        assert_string_equal(diags.items[i].detail, order[i]);
    assert_int_equal(diags.errors, 6);
    assert_int_equal(diags.warnings, 2);
    lb_arena_free(arena);
}

static void test_json(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    lb_diags_init(&diags, arena);
    struct lb_source source = {"a.yaml", BYTES("a: b\n")};
    struct lb_mark mark = {&source, 1, 4, 1, 5};
    lb_diags_error_try(&diags, "LB-S002", &mark, "do \"that\"", "key %s", "a");
    assert_string_equal(
        lb_json_text(arena, lb_diag_to_value(arena, &diags.items[0])),
        "{\"code\":\"LB-S002\",\"severity\":\"error\",\"summary\":\"duplicate key\","
        "\"detail\":\"key a\",\"why\":\"most readers silently keep the last one, so half of what "
        "was reviewed would not be applied\",\"remedy\":\"do \\\"that\\\"\",\"spec_range\":{"
        "\"file\":\"a.yaml\",\"line\":1,\"column\":4,\"end_line\":1,\"end_column\":5}}");
    struct lb_diag answer = {.code = "LB-S016",
                             .severity = LB_WARNING,
                             .summary = "s",
                             .why = "w",
                             .remedy = "r",
                             .address = "bucket.logs",
                             .service = "s3",
                             .operation = "GetObject",
                             .request_id = "R",
                             .error_code = "Slow",
                             .http_status = 503};
    const struct lb_diag *stored = lb_diags_add(&diags, &answer);
    assert_string_equal(
        lb_json_text(arena, lb_diag_to_value(arena, stored)),
        "{\"code\":\"LB-S016\",\"severity\":\"warning\",\"summary\":\"s\",\"why\":\"w\","
        "\"remedy\":\"r\",\"address\":\"bucket.logs\",\"service\":\"s3\",\"operation\":"
        "\"GetObject\",\"request_id\":\"R\",\"error_code\":\"Slow\",\"http_status\":503}");
    lb_arena_free(arena);
}

static void test_exit(void **state)
{
    (void)state;
    static const int order[] = {130, 143, 64, 9, 8, 7, 4, 3, 5, 6, 1, 2, 0};
    for (size_t i = 0; i < COUNT(order); i++)
        for (size_t j = 0; j < COUNT(order); j++)
            assert_int_equal(lb_exit_worse(order[i], order[j]), order[i < j ? i : j]);
    assert_int_equal(lb_exit_worse(77, 0), 77);
    assert_int_equal(lb_exit_worse(77, 5), 5);
    assert_int_equal(lb_exit_row_count, COUNT(order));
    for (size_t i = 1; i < lb_exit_row_count; i++)
        assert_true(lb_exit_rows[i - 1].code < lb_exit_rows[i].code);

    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    lb_diags_init(&diags, arena);
    assert_int_equal(lb_diags_exit(&diags), LB_EXIT_OK);
    lb_diags_add(&diags, &(struct lb_diag){.code = "Z", .severity = LB_WARNING, .exit = 9});
    assert_int_equal(lb_diags_exit(&diags), LB_EXIT_OK);
    assert_int_equal(lb_diags_error(&diags, "LB-S001", NULL, "x"), -1);
    assert_int_equal(lb_diags_exit(&diags), LB_EXIT_ERROR);
    lb_diags_add(&diags, &(struct lb_diag){.code = "Z", .exit = LB_EXIT_LOCKED});
    lb_diags_add(&diags, &(struct lb_diag){.code = "Z", .exit = LB_EXIT_STALE});
    assert_int_equal(lb_diags_exit(&diags), LB_EXIT_LOCKED);
    lb_arena_free(arena);
}

/* codes.def is an interface: a code is never used twice, and every row says what to do. */
static void test_codes(void **state)
{
    (void)state;
    static const char letters[] = "SAPUG";
    const struct lb_code *row, *before = NULL;
    for (size_t i = 0; (row = lb_code_nth(i)); before = row, i++) {
        CHECK(row->code, strlen(row->code) == 7 && lb_starts_with(row->code, "LB-"));
        CHECK(row->code, strchr(letters, row->code[3]) != NULL);
        CHECK(row->code, strspn(row->code + 4, TEN) == 3);
        CHECK(row->code, lb_code_find(row->code) == row);
        CHECK(row->code, row->summary && *row->summary && !strchr(row->summary, '%'));
        CHECK(row->code, row->summary[strlen(row->summary) - 1] != '.');
        CHECK(row->code, row->why && *row->why);
        CHECK(row->code, row->severity != LB_ERROR || row->exit != LB_EXIT_OK);
        if (before && before->code[3] == row->code[3])
            CHECK(row->code, strcmp(before->code, row->code) < 0);
    }
    assert_null(lb_code_find("LB-X999"));
    assert_null(lb_code_find(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_render),
        cmocka_unit_test(test_render_service),
        cmocka_unit_test(test_color_only_adds),
        cmocka_unit_test(test_secret_line_is_not_shown),
        cmocka_unit_test(test_texts_are_escaped_and_capped),
        cmocka_unit_test(test_sort),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_exit),
        cmocka_unit_test(test_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
