/* utf8.c: one decoder and two tables of ranges. The C library's own (mbrtowc, wcwidth) depend on
 * the locale; what a plan or an error looks like must not.
 */
#include "base/utf8.h"

#include <string.h>
#include <strings.h>

size_t lb_utf8_read(const char *text, size_t length, uint32_t *out)
{
    const unsigned char *p = (const unsigned char *)text;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (p[0] < 0x80) {
        *out = p[0];
        return 1;
    }
    size_t count = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC0 || p[0] > 0xF7 || count > length)
        return 0;
    uint32_t c = p[0] & (0xFFu >> (count + 1));
    for (size_t i = 1; i < count; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3F);
    }
    if (c < least[count] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *out = c;
    return count;
}

/* How many bytes from `i` on are surely ASCII, eight at a time: nearly all of any answer. */
static size_t ascii_run(const char *text, size_t i, size_t length)
{
    size_t start = i;
    for (uint64_t eight; length - i >= sizeof eight; i += sizeof eight) {
        memcpy(&eight, text + i, sizeof eight);
        if (eight & UINT64_C(0x8080808080808080))
            break;
    }
    return i - start;
}

bool lb_utf8_valid(const char *text, size_t length)
{
    uint32_t character;
    for (size_t i = 0; i < length;) {
        i += ascii_run(text, i, length);
        if (i == length)
            break;
        if ((unsigned char)text[i] < 0x80) {
            i++;
            continue;
        }
        size_t count = lb_utf8_read(text + i, length - i, &character);
        if (!count)
            return false;
        i += count;
    }
    return true;
}

struct range {
    uint32_t first, last;
};

static const struct range combining[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F}, {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
};

static const struct range wide[] = {
    {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
};

static const struct range hidden[] = {
    {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},   {0x115F, 0x1160},
    {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},
    {0x3164, 0x3164}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF},
};

/* What shows as nothing and is not hidden. */
static const struct range blanks[] = {
    {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A}, {0x202F, 0x202F},
    {0x205F, 0x205F}, {0x2800, 0x2800}, {0x3000, 0x3000},
};

static bool within(uint32_t character, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count && ranges[i].first <= character; i++)
        if (character <= ranges[i].last)
            return true;
    return false;
}

int lb_utf8_width(uint32_t character)
{
    if (character < 0x300)
        return 1;
    if (within(character, combining, sizeof combining / sizeof *combining))
        return 0;
    return within(character, wide, sizeof wide / sizeof *wide) ? 2 : 1;
}

bool lb_utf8_hidden(uint32_t character)
{
    return within(character, hidden, sizeof hidden / sizeof *hidden);
}

static bool starts_with_one(const char *text, size_t length, const char *const *words)
{
    for (; *words; words++)
        if (length >= strlen(*words) && strncasecmp(text, *words, strlen(*words)) == 0)
            return true;
    return false;
}

/* Azure's agent looks for its prefix without regard to case (CommandStringConvertor.cs). */
bool lb_utf8_runner_command(const char *text, size_t length)
{
    static const char *const words[] = {"##[", "##vso[", "##teamcity[", NULL};
    return length && *text == '#' && starts_with_one(text, length, words);
}

bool lb_utf8_runner_line(const char *text, size_t length)
{
    static const char *const words[] = {"::",   "section_start:", "section_end:", "travis_",
                                        "--- ", "+++ ",           "~~~ ",         NULL};
    return starts_with_one(text, length, words);
}

bool lb_utf8_blank(uint32_t character)
{
    return character == ' ' || within(character, blanks, sizeof blanks / sizeof *blanks);
}

size_t lb_utf8_plain_run(const char *text, size_t length)
{
    size_t run = 0;
    while (run < length && text[run] >= ' ' && text[run] <= '~' && text[run] != '"' &&
           text[run] != '\\' && text[run] != '#')
        run++;
    return run;
}

size_t lb_utf8_cut(const char *text, size_t length, size_t columns)
{
    size_t i = 0, used = 0;
    while (i < length) {
        uint32_t c;
        size_t count = lb_utf8_read(text + i, length - i, &c);
        used += count ? (size_t)lb_utf8_width(c) : 0;
        if (!count || used > columns)
            break;
        i += count;
    }
    return i;
}
