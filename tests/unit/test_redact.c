/* What a server may have echoed: a secret is found in every spelling, and other text is left alone.
 */
#include "tests/unit/check.h"
#include "transport/log.h"

#define SECRET "p\"a\\s/s+w?rd-7"

struct row {
    const char *name, *text, *redacted; /* NULL: unchanged */
};

static const struct row rows[] = {
    {"plain", "no: " SECRET "!", "no: [redacted]!"},
    {"twice", SECRET " " SECRET, "[redacted] [redacted]"},
    {"percent", "?p=p%22a%5Cs%2Fs%2Bw%3Frd-7&q", "?p=[redacted]&q"},
    {"percent in lower case", "?p=p%22a%5cs%2fs%2bw%3frd-7&q", "?p=[redacted]&q"},
    {"in a JSON string", "{\"p\":\"p\\\"a\\\\s/s+w?rd-7\"}", "{\"p\":\"[redacted]\"}"},
    {"base64", "x cCJhXHMvcyt3P3JkLTc= y", "x [redacted] y"},
    {"base64 without its padding", "x cCJhXHMvcyt3P3JkLTc y", "x [redacted] y"},
    {"base64 after one byte", "OnAiYVxzL3Mrdz9yZC03", "[redacted]"},
    {"base64 after a user", "Basic YWRtaW46cCJhXHMvcyt3P3JkLTc=", "Basic [redacted]"},
    {"base64 after a longer user", "Basic bWFzdGVyczpwImFccy9zK3c/cmQtNw==", "Basic [redacted]"},
    {"base64 for URLs", "x bWFzdGVyczpwImFccy9zK3c_cmQtNw y", "x [redacted] y"},
    {"the token, to its ends", "(QUJDDEFGcCJhXHMvcyt3P3JkLTcgdGFpbA==)", "([redacted])"},
    {"a part of it", "p\"a\\s/s+w?rd", NULL},
    {"other base64", "aGVsbG8gd29ybGQ=", NULL},
    {"nothing", "", NULL},
};

static void test_spellings(void **state)
{
    (void)state;
    struct lb_secrets secrets = {.count = 0};
    lb_secrets_add(&secrets, SECRET);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_arena *arena = lb_arena_new();
        CHECK_TEXT(rows[i].name, lb_redact(arena, &secrets, rows[i].text),
                   rows[i].redacted ? rows[i].redacted : rows[i].text);
        lb_arena_free(arena);
    }
}

static void test_short_values_are_words(void **state)
{
    (void)state;
    struct lb_secrets secrets = {.count = 0};
    lb_secrets_add(&secrets, "abc");
    lb_secrets_add(&secrets, "");
    lb_secrets_add(&secrets, NULL);
    assert_int_equal(secrets.count, 0);
    assert_null(lb_redact(NULL, &secrets, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_short_values_are_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
