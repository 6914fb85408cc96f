/* text.c: percent coding (RFC 3986, as SigV4 wants it) and the edit distance behind "did you mean".
 */
#include "base/str.h"

#include <string.h>

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~", c));
}

void lb_str_percent_encode(struct lb_str *str, const char *text, size_t length, bool keep_slash)
{
    for (size_t i = 0; i < length; i++) {
        if (is_unreserved(text[i]) || (text[i] == '/' && keep_slash))
            lb_str_putc(str, text[i]);
        else
            lb_str_printf(str, "%%%02X", (unsigned)(unsigned char)text[i]);
    }
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    if (c >= 'A' && c <= 'F')
        c = (char)(c - 'A' + 'a');
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

char *lb_percent_decode(struct lb_arena *arena, const char *text)
{
    char *decoded = lb_arena_strdup(arena, text);
    char *to = decoded;
    for (const char *from = text; from && *from; from++) {
        int high = *from == '%' ? hex_digit(from[1]) : -1;
        int low = high >= 0 ? hex_digit(from[2]) : -1;
        /* %00 stays as it is: decoded, it would cut the text short. */
        if (low >= 0 && (high || low)) {
            *to++ = (char)(high * 16 + low);
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    if (to)
        *to = '\0';
    return decoded;
}

#define LONGEST_WORD 64

/* Case and the choice of - or _ are slips of the hand, not other letters. */
static char fold(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '-' ? '_' : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: insertions, deletions, changes and swapped neighbours cost 1. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][LONGEST_WORD + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        above[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            char x = fold(a[i - 1]), y = fold(b[j - 1]);
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == fold(b[j - 2]) && y == fold(a[i - 2]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b_length];
}

const char *lb_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t length = word ? strlen(word) : 0;
    if (!length || length > LONGEST_WORD)
        return NULL;
    const char *nearest = NULL;
    size_t limit = length / 3;
    for (size_t i = 0; i < count; i++) {
        size_t other = candidates[i] ? strlen(candidates[i]) : 0;
        if (!other || other > LONGEST_WORD)
            continue;
        size_t differ = distance(word, length, candidates[i], other);
        if (differ < limit || (differ == limit && !nearest)) {
            nearest = candidates[i];
            if (!differ)
                break;
            limit = differ;
        }
    }
    return nearest;
}
