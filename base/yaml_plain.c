/* yaml_plain.c: what an unquoted scalar means.
 *
 * libyaml only splits the text; the meaning is ours. YAML 1.1's readings (`no` as false, 1:30 as
 * 90, 012 as 10) have broken more configurations than they helped, so `no`, `on`, `012`, `1:30` and
 * `2026-01-01` are strings here, and the schema says where another type was wanted.
 */
#include "base/yaml_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++) {
        if (strcmp(text, *words) == 0) {
            return true;
        }
    }
    return false;
}

/* 0o17 and 0x1F: all that fits in 64 bits; anything longer stays a string. */
static struct lb_value *based_int(struct lb_arena *arena, const char *text)
{
    unsigned base = text[1] == 'o' ? 8 : 16;
    const char *set = base == 8 ? "01234567" : "0123456789abcdefABCDEF";
    const char *rest = text + 2;
    if (*rest == '\0' || rest[strspn(rest, set)] != '\0') {
        return NULL;
    }
    uint64_t number = 0;
    for (; *rest; rest++) {
        unsigned digit = *rest <= '9' ? (unsigned)(*rest - '0')
                                      : (unsigned)((*rest | 32) - 'a' + 10);
        if (number > (UINT64_MAX - digit) / base) {
            return NULL;
        }
        number = number * base + digit;
    }
    char out[24];
    snprintf(out, sizeof out, "%" PRIu64, number);
    return lb_value_number(arena, out);
}

/* [-+]? (digits [. digits*]? | . digits) ([eE] [-+]? digits)?; rewritten as JSON writes it. */
static struct lb_value *decimal(struct lb_arena *arena, const char *text)
{
    const char *sign = *text == '-' ? "-" : "";
    const char *whole = text + (*text == '-' || *text == '+');
    size_t whole_length = digits(whole);
    const char *rest = whole + whole_length;
    const char *fraction = *rest == '.' ? rest + 1 : rest;
    size_t fraction_length = *rest == '.' ? digits(fraction) : 0;
    rest = fraction + fraction_length;
    if (whole_length + fraction_length == 0 || (whole_length > 1 && *whole == '0')) {
        return NULL;
    }
    const char *exponent = "";
    if (*rest == 'e' || *rest == 'E') {
        exponent = rest++;
        rest += *rest == '-' || *rest == '+';
        if (digits(rest) == 0) {
            return NULL;
        }
        rest += digits(rest);
    }
    if (*rest != '\0') {
        return NULL;
    }
    char *json = lb_arena_printf(arena, "%s%.*s%s%.*s%s", sign,
                                 whole_length ? (int)whole_length : 1, whole_length ? whole : "0",
                                 fraction_length ? "." : "", (int)fraction_length, fraction,
                                 exponent);
    return lb_value_number(arena, json);
}

struct lb_value *lb_yaml_plain(struct lb_arena *arena, const char *text, size_t length)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    struct lb_value *number = NULL;
    if (is_one_of(text, nulls)) {
        return lb_value_null(arena);
    }
    if (is_one_of(text, trues) || is_one_of(text, falses)) {
        return lb_value_bool(arena, is_one_of(text, trues));
    }
    if (text[0] == '0' && (text[1] == 'o' || text[1] == 'x')) {
        number = based_int(arena, text);
    } else if (strchr("-+.0123456789", text[0])) {
        number = decimal(arena, text);
    }
    return number ? number : lb_value_stringn(arena, text, length);
}
