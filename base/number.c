/* number.c: decimal arithmetic on text, only as much as comparing and one spelling need.
 *
 * A number is read as sign, significant digits (no zero at either end) and the power of ten of the
 * point before the first of them: 0.d1d2d3... x 10^point. Two numbers are equal when these are.
 */
#include "base/number.h"

#include <limits.h>
#include <string.h>

/* Up to here zeros are written out instead of an exponent: as many bytes as JSON reading accepts,
 * so that the canonical spelling of what was read can be read again. */
#define PLAIN_BYTES 63

struct decimal {
    bool negative;
    const char *digits; /* into the text; may hold the '.', never at its ends */
    size_t span;        /* bytes from the first to the last significant digit */
    long point;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *p)
{
    while (is_digit(*p))
        p++;
    return p;
}

/* Exponents beyond a million all mean the same to us; they are clipped, not refused. */
static const char *read_exponent(const char *p, long *exponent)
{
    *exponent = 0;
    if (*p != 'e' && *p != 'E')
        return p;
    bool negative = *++p == '-';
    if (*p == '-' || *p == '+')
        p++;
    if (!is_digit(*p))
        return NULL;
    for (; is_digit(*p); p++)
        if (*exponent < 1000000)
            *exponent = *exponent * 10 + (*p - '0');
    if (negative)
        *exponent = -*exponent;
    return p;
}

static bool decimal_read(const char *text, struct decimal *out)
{
    const char *p = text;
    bool negative = *p == '-';
    p += negative;
    const char *whole = p;
    const char *dot = skip_digits(p);
    if (dot == whole || (*whole == '0' && dot > whole + 1))
        return false;
    p = dot;
    if (*dot == '.') {
        p = skip_digits(dot + 1);
        if (p == dot + 1)
            return false;
    }
    const char *end = p;
    long exponent;
    p = read_exponent(p, &exponent);
    if (!p || *p)
        return false;
    const char *first = whole;
    while (first < end && (*first == '0' || *first == '.'))
        first++;
    while (end > first && (end[-1] == '0' || end[-1] == '.'))
        end--;
    *out = (struct decimal){negative, first, (size_t)(end - first), 0};
    if (first == end) {
        out->negative = false; /* zero has no sign and no exponent */
        return true;
    }
    out->point = exponent + (first < dot ? (long)(dot - first) : -(long)(first - dot - 1));
    return true;
}

/* The i-th significant digit, stepping over the point; 0 past the end. */
static char next_digit(const struct decimal *decimal, size_t *at)
{
    if (*at < decimal->span && decimal->digits[*at] == '.')
        ++*at;
    return *at < decimal->span ? decimal->digits[(*at)++] : '0';
}

static size_t digit_count(const struct decimal *decimal)
{
    return decimal->span - (memchr(decimal->digits, '.', decimal->span) ? 1 : 0);
}

static int magnitude_compare(const struct decimal *a, const struct decimal *b)
{
    if (!a->span || !b->span)
        return (a->span != 0) - (b->span != 0);
    if (a->point != b->point)
        return a->point < b->point ? -1 : 1;
    size_t i = 0, j = 0;
    while (i < a->span || j < b->span) {
        char x = next_digit(a, &i), y = next_digit(b, &j);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

int lb_number_compare(const char *a, const char *b)
{
    struct decimal x, y;
    bool a_is = decimal_read(a, &x), b_is = decimal_read(b, &y);
    if (!a_is || !b_is)
        return a_is != b_is ? (a_is ? -1 : 1) : strcmp(a, b);
    if (x.negative != y.negative)
        return x.negative ? -1 : 1;
    int order = magnitude_compare(&x, &y);
    return x.negative ? -order : order;
}

static void add_digits(struct lb_str *out, const struct decimal *decimal, size_t *at, long count)
{
    while (count-- > 0)
        lb_str_putc(out, next_digit(decimal, at));
}

void lb_number_canonical(struct lb_str *out, const char *text)
{
    struct decimal decimal;
    if (!decimal_read(text, &decimal)) {
        lb_str_puts(out, text);
        return;
    }
    if (!decimal.span) {
        lb_str_putc(out, '0');
        return;
    }
    long count = (long)digit_count(&decimal), point = decimal.point;
    long whole = point > 0 ? point : 0; /* digits before the point */
    long plain = count <= whole ? whole : point > 0 ? count + 1 : count - point + 2;
    size_t at = 0;
    if (decimal.negative)
        lb_str_putc(out, '-');
    if (plain <= PLAIN_BYTES - decimal.negative) {
        add_digits(out, &decimal, &at, whole);
        if (count <= whole)
            return;
        lb_str_puts(out, point > 0 ? "." : "0.");
        lb_str_repeat(out, '0', point < 0 ? (size_t)-point : 0);
        add_digits(out, &decimal, &at, count - whole);
    } else {
        add_digits(out, &decimal, &at, count);
        lb_str_printf(out, "e%ld", point - count);
    }
}

bool lb_number_int(const char *text, int64_t *out)
{
    struct decimal decimal;
    if (!decimal_read(text, &decimal))
        return false;
    *out = 0;
    if (!decimal.span)
        return true;
    if (decimal.point <= 0 || decimal.point > 19 || digit_count(&decimal) > (size_t)decimal.point)
        return false;
    uint64_t sum = 0;
    size_t at = 0;
    for (long i = 0; i < decimal.point; i++)
        sum = sum * 10 + (uint64_t)(next_digit(&decimal, &at) - '0');
    if (sum > (uint64_t)INT64_MAX + decimal.negative)
        return false;
    *out = decimal.negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}
