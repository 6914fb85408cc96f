/* ini.c: the AWS config and credentials files, as values.
 *
 * The grammar is the one of the AWS SDKs: [section], key = value, comments at line starts (# ;) and
 * after white space in a value, indented lines that continue a value or, under a key without value,
 * form a nested map. Keys are lower-cased, sections met twice are merged, a key met twice is an
 * error. Messages name file and line but never quote it: these files hold secrets, so the
 * diagnostics carry no mark either (a mark would print the line).
 */
#include "transport/creds.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

#define MAX_BYTES ((size_t)1 << 20)
#define MAX_LINE 16384

struct parser {
    struct lb_arena *arena;
    struct lb_diags *diags;
    const struct lb_source *source;
    struct lb_value *root, *section, *nested;
    const char *key; /* last key of the section: what an indented line belongs to */
    size_t line;
    size_t errors;
};

struct span {
    const char *at;
    size_t length;
};

static void fail(struct parser *parser, const char *what)
{
    parser->errors++;
    lb_diags_error(parser->diags, "LB-A002", NULL, "%s:%zu: %s", parser->source->path, parser->line,
                   what);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct span trim(struct span span)
{
    while (span.length > 0 && blank(span.at[0])) {
        span.at++;
        span.length--;
    }
    while (span.length > 0 && blank(span.at[span.length - 1]))
        span.length--;
    return span;
}

/* Cuts a comment: # or ; after white space (or at the start). */
static struct span without_comment(struct span span)
{
    for (size_t i = 0; i < span.length; i++)
        if ((span.at[i] == '#' || span.at[i] == ';') && (i == 0 || blank(span.at[i - 1])))
            span.length = i;
    return trim(span);
}

static void read_section(struct parser *parser, struct span line)
{
    const char *close = memchr(line.at, ']', line.length);
    parser->section = lb_value_map(parser->arena); /* what follows a bad header goes nowhere */
    parser->nested = NULL;
    parser->key = NULL;
    if (!close)
        return fail(parser, "the section header has no closing bracket");
    size_t rest = line.length - (size_t)(close - line.at) - 1;
    if (without_comment((struct span){close + 1, rest}).length > 0)
        return fail(parser, "text after the section header");
    struct span name = trim((struct span){line.at + 1, (size_t)(close - line.at) - 1});
    if (name.length == 0)
        return fail(parser, "the section has no name");
    /* "profile  x" and "profile\tx" name the same as "profile x". */
    struct lb_str text = {0};
    for (size_t i = 0; i < name.length; i++)
        if (!blank(name.at[i]))
            lb_str_putc(&text, name.at[i]);
        else if (!blank(name.at[i - 1]))
            lb_str_putc(&text, ' ');
    parser->section = lb_map_map(parser->arena, parser->root, lb_str_text(&text));
    lb_str_release(&text);
}

static void read_property(struct parser *parser, struct lb_value *map, struct span line)
{
    const char *equals = memchr(line.at, '=', line.length);
    if (!equals)
        return fail(parser, "neither a [section] nor a key = value");
    struct span key = trim((struct span){line.at, (size_t)(equals - line.at)});
    if (key.length == 0)
        return fail(parser, "no key before the equals sign");
    size_t rest = line.length - (size_t)(equals - line.at) - 1;
    struct span value = without_comment((struct span){equals + 1, rest});
    char *name = lb_lowercase(parser->arena, lb_arena_strndup(parser->arena, key.at, key.length));
    if (lb_map_get(map, name))
        return fail(parser, "the key was set before in this section");
    lb_map_set(parser->arena, map, name, lb_value_stringn(parser->arena, value.at, value.length));
    if (map == parser->section) {
        parser->key = name;
        parser->nested = NULL;
    }
}

/* An indented line: a nested key under "key =", a continuation under "key = value". */
static void read_indented(struct parser *parser, struct span line)
{
    if (!parser->key)
        return fail(parser, "an indented line that belongs to no key");
    if (!parser->nested) {
        const char *so_far = lb_text(lb_map_get(parser->section, parser->key), "");
        if (*so_far) {
            lb_map_set(
                parser->arena, parser->section, parser->key,
                lb_value_format(parser->arena, "%s\n%.*s", so_far, (int)line.length, line.at));
            return;
        }
        parser->nested = lb_value_map(parser->arena);
        lb_map_set(parser->arena, parser->section, parser->key, parser->nested);
    }
    read_property(parser, parser->nested, line);
}

static void read_line(struct parser *parser, struct span whole)
{
    bool indented = whole.length > 0 && blank(whole.at[0]);
    struct span line = trim(whole);
    if (line.length == 0 || line.at[0] == '#' || line.at[0] == ';')
        return;
    if (line.length > MAX_LINE)
        return fail(parser, "the line is too long");
    for (size_t i = 0; i < line.length; i++)
        if (iscntrl((unsigned char)line.at[i]) && line.at[i] != '\t')
            return fail(parser, "the line holds a control character");
    if (indented && parser->section)
        read_indented(parser, line);
    else if (line.at[0] == '[')
        read_section(parser, line);
    else if (parser->section)
        read_property(parser, parser->section, line);
    else
        fail(parser, "a line before the first [section]");
}

struct lb_value *lb_ini_parse(struct lb_arena *arena, const struct lb_source *source,
                              struct lb_diags *diags)
{
    struct parser parser = {.arena = arena, .diags = diags, .source = source};
    parser.root = lb_value_map(arena);
    if (source->length > MAX_BYTES) {
        fail(&parser, "the file is larger than 1 MiB");
        return NULL;
    }
    const char *at = source->text, *end = at + source->length;
    if (source->length >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    while (at < end && parser.errors < 20) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        parser.line++;
        read_line(&parser, (struct span){at, length - (length > 0 && at[length - 1] == '\r')});
        at = stop ? stop + 1 : end;
    }
    return parser.errors ? NULL : parser.root;
}
