/* Instants, durations and sizes. */
#include "base/str.h"
#include "base/time.h"
#include "tests/unit/check.h"

#include <stdio.h>

#define BAD INT64_MIN /* refused */

struct row {
    const char *text;
    int64_t value;
    const char *formatted; /* NULL: as written */
};

static const struct row times[] = {
    {"1970-01-01T00:00:00Z", 0, NULL},
    {"2026-11-21T23:55:20Z", 1795305320, NULL},
    {"2000-02-29T12:00:00Z", 951825600, NULL},
    {"1900-02-28T23:59:59Z", -2203891201, NULL},
    {"1969-12-31T23:59:59Z", -1, NULL},
    {"0000-01-01T00:00:00Z", -62167219200, NULL},
    {"9999-12-31T23:59:59Z", 253402300799, NULL},
    {"2026-11-21T23:55:20.123456789Z", 1795305320, "2026-11-21T23:55:20Z"},
    {"2026-11-22T01:55:20+02:00", 1795305320, "2026-11-21T23:55:20Z"},
    {"2026-11-21T18:25:20-0530", 1795305320, "2026-11-21T23:55:20Z"},
    {"2026-11-21t23:55:20z", 1795305320, "2026-11-21T23:55:20Z"},
    {"2026-11-21 23:55:20Z", 1795305320, "2026-11-21T23:55:20Z"},
    {"2016-12-31T23:59:60Z", 1483228800, "2017-01-01T00:00:00Z"},
    {"2026-11-21T23:55:20", BAD, NULL},
    {"2026-11-21", BAD, NULL},
    {"2026-11-21T23:55Z", BAD, NULL},
    {"2026-11-21T23:55:20.Z", BAD, NULL},
    {"2026-11-21T23:55:20Zx", BAD, NULL},
    {"2026-11-21T24:00:00Z", BAD, NULL},
    {"2026-11-21T23:60:00Z", BAD, NULL},
    {"2026-11-21T23:59:61Z", BAD, NULL},
    {"2026-13-01T00:00:00Z", BAD, NULL},
    {"2026-00-01T00:00:00Z", BAD, NULL},
    {"2026-04-31T00:00:00Z", BAD, NULL},
    {"2026-02-29T00:00:00Z", BAD, NULL},
    {"2100-02-29T00:00:00Z", BAD, NULL},
    {"26-11-21T23:55:20Z", BAD, NULL},
    {"+026-11-21T23:55:20Z", BAD, NULL},
    {"2026-11-21T23:55:20+25:00", BAD, NULL},
    {"2026-11-21T23:55:20+2", BAD, NULL},
    {"", BAD, NULL},
    {NULL, BAD, NULL},
};

static const struct row http_dates[] = {
    {"Sat, 21 Nov 2026 23:55:20 GMT", 1795305320, NULL},
    {"Thu, 01 Jan 1970 00:00:00 GMT", 0, NULL},
    {"Sat, 21 nov 2026 23:55:20 GMT", BAD, NULL},
    {"Sat, 21 ovD 2026 23:55:20 GMT", BAD, NULL},
    {"at,S 21 Nov 2026 23:55:20 GMT", BAD, NULL},
    {"Sat, 31 Nov 2026 23:55:20 GMT", BAD, NULL},
    {"Sat, 21 Nov 2026 23:55:20 UTC", BAD, NULL},
    {"Sat, 21 Nov 2026 25:55:20 GMT", BAD, NULL},
    {"Sat Nov 21 23:55:20 2026", BAD, NULL},
    {"Saturday, 21-Nov-26 23:55:20 GMT", BAD, NULL},
    {"", BAD, NULL},
    {NULL, BAD, NULL},
};

static const struct row durations[] = {
    {"90s", 90, NULL},
    {"15m", 900, NULL},
    {"4h", 14400, NULL},
    {"30d", 2592000, NULL},
    {"2w", 1209600, "14d"},
    {"1h30m", 5400, "90m"},
    {"1d12h", 129600, "36h"},
    {"1w1d1h1m1s", 694861, "694861s"},
    {"60m", 3600, "1h"},
    {"3600s", 3600, "1h"},
    {"24h", 86400, "1d"},
    {"0s", 0, NULL},
    {"0d", 0, "0s"},
    {"007m", 420, "7m"},
    {"9223372036854775807s", BAD, NULL}, /* digits are capped a little below the limit */
    {"106751991167300d", 9223372036854720000, NULL},
    {"106751991167301d", BAD, NULL},
    {"99999999999999999999d", BAD, NULL},
    {"15250284452471w", 9223372036854460800, "106751991167297d"},
    {"15250284452471w7d", BAD, NULL},
    {"", BAD, NULL},
    {"5", BAD, NULL},
    {"h", BAD, NULL},
    {"1.5h", BAD, NULL},
    {"-1h", BAD, NULL},
    {"+1h", BAD, NULL},
    {"1 h", BAD, NULL},
    {"1h ", BAD, NULL},
    {"1H", BAD, NULL},
    {"1m1h", BAD, NULL},
    {"1h1h", BAD, NULL},
    {"1h30", BAD, NULL},
    {"1y", BAD, NULL},
    {"1ms", BAD, NULL},
    {"1h\n", BAD, NULL},
    {"PT1H", BAD, NULL},
    {NULL, BAD, NULL},
};

static const struct row sizes[] = {
    {"200Gi", 214748364800, NULL},
    {"10Mi", 10485760, NULL},
    {"1Ti", 1099511627776, NULL},
    {"512Ki", 524288, NULL},
    {"2Pi", 2251799813685248, NULL},
    {"1024Gi", 1099511627776, "1Ti"},
    {"1536Mi", 1610612736, NULL},
    {"10GiB", 10737418240, "10Gi"},
    {"4096B", 4096, "4Ki"},
    {"1000", 1000, NULL},
    {"0", 0, NULL},
    {"0Gi", 0, "0"},
    {"8191Pi", 9222246136947933184, NULL},
    {"8192Pi", BAD, NULL},
    {"200G", BAD, NULL},
    {"200GB", BAD, NULL},
    {"200gi", BAD, NULL},
    {"200 Gi", BAD, NULL},
    {"1.5Gi", BAD, NULL},
    {"-1Gi", BAD, NULL},
    {"Gi", BAD, NULL},
    {"1GiBB", BAD, NULL},
    {"1Gib", BAD, NULL},
    {"", BAD, NULL},
    {NULL, BAD, NULL},
};

typedef int parse_fn(const char *text, int64_t *out);
typedef char *format_fn(struct lb_arena *arena, int64_t value);

static void check_rows(const struct row *rows, size_t count, parse_fn *parse, format_fn *format)
{
    struct lb_arena *arena = lb_arena_new();
    for (size_t i = 0; i < count; i++) {
        const char *name = rows[i].text ? rows[i].text : "(NULL)";
        int64_t value = 42;
        int result = parse(rows[i].text, &value);
        if (rows[i].value == BAD) {
            CHECK(name, result == -1);
            continue;
        }
        CHECK(name, result == 0);
        if (value != rows[i].value)
            fail_msg("%s: got %lld", name, (long long)value);
        if (format)
            CHECK_TEXT(name, format(arena, value),
                       rows[i].formatted ? rows[i].formatted : rows[i].text);
    }
    lb_arena_free(arena);
}

static void test_times(void **state)
{
    (void)state;
    check_rows(times, COUNT(times), lb_time_parse, lb_time_format);
}

static void test_http_dates(void **state)
{
    (void)state;
    check_rows(http_dates, COUNT(http_dates), lb_time_parse_http, NULL);
}

static void test_durations(void **state)
{
    (void)state;
    check_rows(durations, COUNT(durations), lb_duration_parse, lb_duration_format);
}

static void test_duration_words(void **state)
{
    static const struct {
        int64_t seconds;
        const char *words;
    } rows[] = {{0, "0s"},       {59, "59s"},  {60, "1m"},    {912, "15m 12s"}, {3600, "1h"},
                {7500, "2h 5m"}, {3605, "1h"}, {86400, "1d"}, {90061, "1d 1h"}, {-5, "-5s"}};
    struct lb_arena *arena = lb_arena_new();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(lb_duration_words(arena, rows[i].seconds), rows[i].words);
    lb_arena_free(arena);
}

static void test_sizes(void **state)
{
    (void)state;
    check_rows(sizes, COUNT(sizes), lb_size_parse, lb_size_format);
}

/* Every day of 800 years is the one after the day before, and reads back as itself. */
static void test_every_day(void **state)
{
    (void)state;
    char before[17] = "", text[17];
    for (int64_t day = -146097; day < 146097; day++) {
        lb_time_amz(day * 86400, text);
        assert_true(strcmp(before, text) < 0);
        memcpy(before, text, sizeof before);
        char rfc[32];
        int64_t seconds;
        (void)snprintf(rfc, sizeof rfc, "%.4s-%.2s-%.2sT00:00:00Z", text, text + 4, text + 6);
        assert_int_equal(lb_time_parse(rfc, &seconds), 0);
        assert_int_equal(seconds, day * 86400);
    }
}

static void test_clocks(void **state)
{
    (void)state;
    char text[17];
    lb_time_amz(1795305320, text);
    assert_string_equal(text, "20261121T235520Z");
    assert_true(lb_time_now() > 1700000000);
    int64_t before = lb_time_monotonic_ms();
    assert_true(lb_time_monotonic_ms() >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),     cmocka_unit_test(test_http_dates),
        cmocka_unit_test(test_durations), cmocka_unit_test(test_duration_words),
        cmocka_unit_test(test_sizes),     cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
