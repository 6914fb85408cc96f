/* Text that others wrote must not drive a terminal, a CI runner or a reader's eye. */
#include "base/diag.h"
#include "base/utf8.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

struct row {
    const char *name, *text;
    size_t length;
    const char *escaped; /* NULL: unchanged */
};

static const struct row rows[] = {
    {"plain", BYTES("plain text, with ~ and \\x41"), NULL},
    {"empty", BYTES(""), NULL},
    {"letters of all kinds", BYTES("\xC3\xA9\xCE\xBB\xE4\xB8\xAD\xF0\x9F\x98\x80"), NULL},
    {"no-break space is visible enough", BYTES("a\xC2\xA0z"), NULL},
    {"NUL", BYTES("a\0b"), "a\\x00b"},
    {"clear screen", BYTES("\033[2J\033[H"), "\\x1b[2J\\x1b[H"},
    {"title", BYTES("\033]0;pwned\007"), "\\x1b]0;pwned\\x07"},
    {"hyperlink", BYTES("\033]8;;http://x\033\\"), "\\x1b]8;;http://x\\x1b\\"},
    {"return overwrites the line", BYTES("bad\rgood"), "bad\\x0dgood"},
    {"newline forges a line", BYTES("a\nerror[LB-S001]: x"), "a\\x0aerror[LB-S001]: x"},
    {"tab", BYTES("a\tb"), "a\\x09b"},
    {"backspace", BYTES("a\bb"), "a\\x08b"},
    {"vertical tab and form feed", BYTES("\v\f"), "\\x0b\\x0c"},
    {"unit separator", BYTES("\x1F"), "\\x1f"},
    {"delete", BYTES("\x7F"), "\\x7f"},
    {"C1 control sequence introducer",
     BYTES("\xC2\x9B"
           "2J"),
     "\\u{009b}2J"},
    {"C1 as a raw byte",
     BYTES("\x9B"
           "2J"),
     "\\x9b2J"},
    {"C1 next line", BYTES("\xC2\x85"), "\\u{0085}"},
    {"C1 first and last", BYTES("\xC2\x80\xC2\x9F"), "\\u{0080}\\u{009f}"},
    {"Latin-1", BYTES("caf\xE9!"), "caf\\xe9!"},
    {"overlong ESC", BYTES("\xC0\x9B"), "\\xc0\\x9b"},
    {"overlong newline of three bytes", BYTES("\xE0\x80\x8A"), "\\xe0\\x80\\x8a"},
    {"surrogate", BYTES("\xED\xA0\x80"), "\\xed\\xa0\\x80"},
    {"beyond Unicode", BYTES("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"},
    {"bytes that start nothing", BYTES("\xFF\xFE\xF8"), "\\xff\\xfe\\xf8"},
    {"cut character at the end", BYTES("a\xE2\x82"), "a\\xe2\\x82"},
    {"cut character, then text", BYTES("\xE2\x82z"), "\\xe2\\x82z"},
    {"override",
     BYTES("a\xE2\x80\xAE"
           "b"),
     "a\\u{202e}b"},
    {"embeddings and pops", BYTES("\xE2\x80\xAA\xE2\x80\xAB\xE2\x80\xAC\xE2\x80\xAD"),
     "\\u{202a}\\u{202b}\\u{202c}\\u{202d}"},
    {"isolates", BYTES("\xE2\x81\xA6\xE2\x81\xA7\xE2\x81\xA8\xE2\x81\xA9"),
     "\\u{2066}\\u{2067}\\u{2068}\\u{2069}"},
    {"direction marks", BYTES("\xE2\x80\x8E\xE2\x80\x8F\xD8\x9C"), "\\u{200e}\\u{200f}\\u{061c}"},
    {"zero width", BYTES("ro\xE2\x80\x8Bot\xE2\x80\x8C\xE2\x80\x8D"),
     "ro\\u{200b}ot\\u{200c}\\u{200d}"},
    {"word joiner and byte order mark", BYTES("\xE2\x81\xA0\xEF\xBB\xBF"), "\\u{2060}\\u{feff}"},
    {"soft hyphen",
     BYTES("a\xC2\xAD"
           "b"),
     "a\\u{00ad}b"},
    {"line and paragraph separators", BYTES("\xE2\x80\xA8\xE2\x80\xA9"), "\\u{2028}\\u{2029}"},
    {"tag characters", BYTES("\xF3\xA0\x81\x81"), "\\u{e0041}"},
    {"blank that is a letter", BYTES("\xE3\x85\xA4"), "\\u{3164}"},
    {"GitHub command at the start", BYTES("::set-output name=x::y"), "\\x3a:set-output name=x::y"},
    {"GitHub command after blanks", BYTES("  ::error::x"), "  \\x3a:error::x"},
    {"colons inside", BYTES("arn:aws:iam::111122223333:role/x"), NULL},
    {"three colons", BYTES(":::"), "\\x3a::"},
    {"old GitHub command anywhere", BYTES("a ##[error]b"), "a \\x23#[error]b"},
    {"Azure command anywhere", BYTES("a ##vso[task.complete]b"), "a \\x23#vso[task.complete]b"},
    {"a run of hashes", BYTES("###[x"), "#\\x23#[x"},
    {"headings stay", BYTES("## vso [x] ##v"), NULL},
    {"GitHub command after white space of all kinds",
     BYTES("\xC2\xA0\xE3\x80\x80 ::stop-commands::x"),
     "\xC2\xA0\xE3\x80\x80 \\x3a:stop-commands::x"},
    {"Azure command in capitals", BYTES("a ##VSO[task.setvariable]b"),
     "a \\x23#VSO[task.setvariable]b"},
    {"TeamCity message", BYTES("##teamcity[buildStop]"), "\\x23#teamcity[buildStop]"},
    {"GitLab section without its escape", BYTES("section_end:1:x"), "\\x73ection_end:1:x"},
    {"Buildkite heading", BYTES("--- done"), "\\x2d-- done"},
    {"dashes inside", BYTES("a --- b"), NULL},
    {"GitLab section", BYTES("\033[0Ksection_start:1:x\r"), "\\x1b[0Ksection_start:1:x\\x0d"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_str once = {0}, twice = {0};
        lb_str_escape(&once, rows[i].text, rows[i].length, false);
        CHECK_TEXT(rows[i].name, lb_str_text(&once),
                   rows[i].escaped ? rows[i].escaped : rows[i].text);
        lb_str_escape(&twice, lb_str_text(&once), once.length, false);
        CHECK_TEXT(rows[i].name, lb_str_text(&twice), lb_str_text(&once));
        lb_str_release(&once);
        lb_str_release(&twice);
    }
}

/* Whatever bytes go in, what comes out is valid UTF-8 without a hidden character. */
static void test_every_pair_of_bytes(void **state)
{
    (void)state;
    struct lb_str out = {0};
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            const char text[] = {(char)a, (char)b, '\x80', (char)b, (char)a, ':', ':'};
            lb_str_clear(&out);
            lb_str_escape(&out, text, sizeof text, false);
            assert_true(lb_utf8_valid(lb_str_text(&out), out.length));
            for (size_t i = 0; i < out.length;) {
                uint32_t c;
                i += lb_utf8_read(out.data + i, out.length - i, &c);
                assert_false(lb_utf8_hidden(c));
            }
        }
    }
    lb_str_release(&out);
}

static void test_keep_newlines(void **state)
{
    (void)state;
    struct lb_str out = {0};
    lb_str_escape(&out, BYTES("a\n ::error::\r\n\tb\n##[x"), true);
    assert_string_equal(lb_str_text(&out), "a\n \\x3a:error::\\x0d\n\\x09b\n\\x23#[x");
    lb_str_release(&out);
    struct lb_arena *arena = lb_arena_new();
    assert_null(lb_escape(arena, NULL));
    assert_string_equal(lb_escape(arena, "a\nb"), "a\\x0ab");
    lb_arena_free(arena);
}

static void test_width(void **state)
{
    (void)state;
    static const struct {
        uint32_t character;
        int width;
    } widths[] = {{'a', 1},    {0xE9, 1},   {0x301, 0},  {0x20E3, 0},  {0x4E2D, 2},
                  {0xAC00, 2}, {0xFF21, 2}, {0xFF71, 1}, {0x1F600, 2}, {0x20000, 2},
                  {0x2500, 1}, {0x3042, 2}, {0xFE0F, 0}, {0x10FFFF, 1}};
    for (size_t i = 0; i < COUNT(widths); i++)
        assert_int_equal(lb_utf8_width(widths[i].character), widths[i].width);
}

/* Wherever a byte that is not ASCII stands, it is seen. */
static void test_valid(void **state)
{
    (void)state;
    for (size_t length = 0; length < 40; length++) {
        char *text = malloc(length + 1); /* exact, so that a sanitizer sees a byte too many */
        assert_non_null(text);
        memset(text, 'a', length + 1);
        assert_true(lb_utf8_valid(text, length));
        for (size_t i = 0; i < length; i++) {
            text[i] = '\x80';
            assert_false(lb_utf8_valid(text, length));
            text[i] = '\xC3';
            assert_false(lb_utf8_valid(text, length));
            if (i + 1 < length) {
                text[i + 1] = '\xA9';
                assert_true(lb_utf8_valid(text, length));
                text[i + 1] = 'a';
            }
            text[i] = 'a';
        }
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),          cmocka_unit_test(test_every_pair_of_bytes),
        cmocka_unit_test(test_keep_newlines), cmocka_unit_test(test_width),
        cmocka_unit_test(test_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
