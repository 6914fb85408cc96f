/* json_scan.c: what cJSON 1.7.15 lets pass and a safety tool must not: trailing bytes, \u0000
 * (which cuts the string short), raw control bytes, invalid UTF-8, any byte below 33 as white
 * space, and numbers of 64 bytes and more, which it splits. Duplicate keys are found by json.c,
 * which has the decoded keys.
 */
#include "base/json_scan.h"
#include "base/json.h"
#include "base/utf8.h"

#include <string.h>

#define MAX_NUMBER 63 /* cJSON's buffer in parse_number */

static int fail(struct lb_json_scan *scan, const char *fault)
{
    scan->fault = fault;
    return -1;
}

/* The byte at hand; 0 at the end, which no valid text holds. */
static char peek(const struct lb_json_scan *scan)
{
    return scan->at < scan->length ? scan->text[scan->at] : '\0';
}

static void skip_space(struct lb_json_scan *scan)
{
    while (scan->at < scan->length && memchr(" \t\r\n", scan->text[scan->at], 4))
        scan->at++;
}

static void note(struct lb_json_scan *scan, struct lb_json_places *places)
{
    places->at = lb_arena_grow(scan->arena, places->at, places->count, places->count + 1,
                               sizeof *places->at, &places->capacity);
    places->at[places->count++] = (uint32_t)scan->at;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool skip_digits(struct lb_json_scan *scan)
{
    size_t start = scan->at;
    while (is_digit(peek(scan)))
        scan->at++;
    return scan->at > start;
}

static int scan_number(struct lb_json_scan *scan)
{
    size_t start = scan->at;
    note(scan, &scan->numbers);
    if (peek(scan) == '-')
        scan->at++;
    size_t whole = scan->at;
    if (!skip_digits(scan))
        return fail(scan, "not a number");
    if (scan->text[whole] == '0' && scan->at > whole + 1)
        return fail(scan, "a number with a leading zero");
    if (peek(scan) == '.') {
        scan->at++;
        if (!skip_digits(scan))
            return fail(scan, "a number without digits after the point");
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-')
            scan->at++;
        if (!skip_digits(scan))
            return fail(scan, "a number without digits in its exponent");
    }
    return scan->at - start > MAX_NUMBER ? fail(scan, "a number of more than 63 characters") : 0;
}

/* Four hex digits after \u; -1 when they are not there. */
static long scan_hex(struct lb_json_scan *scan)
{
    static const char digits[] = "0123456789abcdef";
    long unit = 0;
    for (int i = 0; i < 4; i++, scan->at++) {
        char c = peek(scan);
        const char *digit = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
        if (!digit)
            return -1;
        unit = unit * 16 + (digit - digits);
    }
    return unit;
}

static int scan_unicode_escape(struct lb_json_scan *scan)
{
    long unit = scan_hex(scan);
    if (unit < 0)
        return fail(scan, "\\u needs four hexadecimal digits");
    if (unit == 0)
        return fail(scan, "\\u0000 is not accepted");
    if (unit < 0xD800 || unit > 0xDFFF)
        return 0;
    if (unit > 0xDBFF || peek(scan) != '\\')
        return fail(scan, "half of a surrogate pair");
    scan->at++;
    if (peek(scan) != 'u')
        return fail(scan, "half of a surrogate pair");
    scan->at++;
    unit = scan_hex(scan);
    return unit < 0xDC00 || unit > 0xDFFF ? fail(scan, "half of a surrogate pair") : 0;
}

static int scan_escape(struct lb_json_scan *scan)
{
    char c = peek(scan);
    if (!c || !strchr("\"\\/bfnrtu", c))
        return fail(scan, "unknown escape in a string");
    scan->at++;
    return c == 'u' ? scan_unicode_escape(scan) : 0;
}

/* Past what needs no look: printable ASCII. */
static void skip_plain(struct lb_json_scan *scan)
{
    size_t at = scan->at;
    while (at < scan->length && scan->text[at] >= ' ' && scan->text[at] != '"' &&
           scan->text[at] != '\\' && (unsigned char)scan->text[at] < 0x80)
        at++;
    scan->at = at;
}

static int scan_string(struct lb_json_scan *scan)
{
    scan->at++;
    for (skip_plain(scan); scan->at < scan->length; skip_plain(scan)) {
        unsigned char c = (unsigned char)scan->text[scan->at];
        uint32_t character;
        if (c < 0x20)
            return fail(scan, "a control character in a string");
        size_t count = lb_utf8_read(scan->text + scan->at, scan->length - scan->at, &character);
        if (!count)
            return fail(scan, "not valid UTF-8");
        scan->at += count;
        if (c == '"')
            return 0;
        if (c == '\\' && scan_escape(scan) != 0)
            return -1;
    }
    return fail(scan, "a string without its end");
}

static int scan_word(struct lb_json_scan *scan)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++) {
        size_t length = strlen(words[i]);
        if (scan->length - scan->at >= length &&
            memcmp(scan->text + scan->at, words[i], length) == 0) {
            scan->at += length;
            return 0;
        }
    }
    return fail(scan, scan->at < scan->length ? "not a JSON value" : "the text ends too early");
}

static int scan_value(struct lb_json_scan *scan);

static int scan_key(struct lb_json_scan *scan)
{
    skip_space(scan);
    if (peek(scan) != '"')
        return fail(scan, "a key in double quotes is missing");
    note(scan, &scan->keys);
    if (scan_string(scan) != 0)
        return -1;
    skip_space(scan);
    if (peek(scan) != ':')
        return fail(scan, "a colon is missing after a key");
    scan->at++;
    return 0;
}

static int scan_container(struct lb_json_scan *scan)
{
    bool map = peek(scan) == '{';
    char end = map ? '}' : ']';
    if (++scan->depth > LB_JSON_MAX_DEPTH)
        return fail(scan, "nested too deeply");
    scan->at++;
    skip_space(scan);
    if (peek(scan) == end) {
        scan->at++;
        scan->depth--;
        return 0;
    }
    for (;;) {
        if ((map && scan_key(scan) != 0) || scan_value(scan) != 0)
            return -1;
        skip_space(scan);
        char c = peek(scan);
        if (c != ',' && c != end)
            return fail(scan, map ? "a comma or } is missing" : "a comma or ] is missing");
        scan->at++;
        if (c == end)
            break;
    }
    scan->depth--;
    return 0;
}

static int scan_value(struct lb_json_scan *scan)
{
    if (++scan->nodes > LB_JSON_MAX_NODES)
        return fail(scan, "too many values");
    skip_space(scan);
    char c = peek(scan);
    if (c == '{' || c == '[')
        return scan_container(scan);
    if (c == '"')
        return scan_string(scan);
    return c == '-' || is_digit(c) ? scan_number(scan) : scan_word(scan);
}

int lb_json_scan(struct lb_json_scan *scan)
{
    if (scan->length > LB_JSON_MAX_BYTES)
        return fail(scan, "larger than 64 MiB");
    if (scan_value(scan) != 0)
        return -1;
    skip_space(scan);
    return scan->at == scan->length ? 0 : fail(scan, "bytes after the end of the value");
}

size_t lb_json_number_length(const char *text, size_t length, size_t at)
{
    size_t end = at;
    while (end < length && text[end] && strchr("+-.eE0123456789", text[end]))
        end++;
    return end - at;
}

size_t lb_json_line(const char *text, size_t at)
{
    size_t line = 1;
    for (size_t i = 0; i < at; i++)
        line += text[i] == '\n';
    return line;
}
