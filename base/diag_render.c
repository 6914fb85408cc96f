/* diag_render.c: one diagnostic as text, and as the JSON object of the contract.
 *
 * The stored texts are escaped already; only what comes from the source (its path, the line under
 * the caret) is escaped here, column by column, so that the caret stays under what it marks.
 */
#include "base/conceal.h"
#include "base/diag.h"
#include "base/exit.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

#define QUOTED_MAX 16384 /* bytes: nobody wrote a longer line, and each is searched for secrets */
#define SNIPPET_WIDTH 96 /* columns of source shown */
#define BEFORE_CARET 60  /* of these at most so many before the caret when a line is cut */

static const char *const severities[] = {"error", "warning", "info"};

enum color { HEAD, DIM, PLAIN };

static const char *color_code(const struct lb_diag *diag, enum color which)
{
    static const char *const heads[] = {"\033[1;31m", "\033[1;33m", "\033[1;36m"};
    if (which == HEAD)
        return heads[diag->severity];
    return which == DIM ? "\033[34m" : "\033[0m";
}

static void paint(struct lb_str *out, const struct lb_diag *diag, enum color which, bool color)
{
    if (color)
        lb_str_puts(out, color_code(diag, which));
}

/* --- the snippet ------------------------------------------------------------------------------ */

/* Start of the 1-based line in the source; NULL when there is no such line. */
static const char *line_find(const struct lb_source *source, uint32_t line, size_t *length)
{
    const char *at = source->text, *end = source->text ? at + source->length : at;
    for (uint32_t n = 1; at; n++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        if (n == line) {
            *length = (size_t)((next ? next : end) - at);
            if (*length && at[*length - 1] == '\r')
                --*length;
            /* Columns do not count a byte order mark, as in editors. */
            bool bom = n == 1 && *length >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0;
            *length -= bom ? 3 : 0;
            return bom ? at + 3 : at;
        }
        at = next ? next + 1 : NULL;
    }
    return NULL;
}

/* Adds one character of the source as it is shown; returns its width in columns. */
static size_t show_character(struct lb_str *out, const char *at, size_t left, size_t *bytes)
{
    uint32_t c;
    if (left && *at >= ' ' && *at <= '~' && *at != '#') { /* a line may be 1 MiB long */
        lb_str_putc(out, *at);
        *bytes = 1;
        return 1;
    }
    size_t count = lb_utf8_read(at, left, &c);
    size_t start = out->length;
    *bytes = count ? count : 1;
    if (count && c == '\t') {
        lb_str_putc(out, ' ');
        return 1;
    }
    if (count && !lb_utf8_hidden(c) && !lb_utf8_runner_command(at, left)) {
        lb_str_add(out, at, count);
        return (size_t)lb_utf8_width(c);
    }
    if (count && c == '#') /* leads a runner's command */
        lb_str_puts(out, "\\x23");
    else
        lb_str_escape(out, at, *bytes, false);
    return out->length - start;
}

struct snippet {
    struct lb_str text;
    size_t caret, carets; /* columns before the first caret; how many carets */
    bool cut_before, cut_after;
};

/* Widths of the characters before the mark, so that a long line can be entered late. */
static size_t columns_before(const char *line, size_t length, uint32_t column)
{
    struct lb_str ignored = {0};
    size_t columns = 0, bytes;
    for (size_t i = 0; i < length && column > 1; i += bytes, column--)
        columns += show_character(&ignored, line + i, length - i, &bytes);
    lb_str_release(&ignored);
    return columns;
}

static void snippet_make(struct snippet *snippet, const struct lb_mark *mark, const char *line,
                         size_t length)
{
    size_t before = columns_before(line, length, mark->column);
    size_t skip = before > BEFORE_CARET ? before - BEFORE_CARET : 0;
    bool ends_here = mark->end_line == mark->line && mark->end_column > mark->column;
    bool open = mark->end_line > mark->line;
    size_t seen = 0, bytes;
    uint32_t column = 1;
    snippet->cut_before = skip > 0;
    for (size_t i = 0; i < length; i += bytes, column++) {
        size_t start = snippet->text.length;
        size_t width = show_character(&snippet->text, line + i, length - i, &bytes);
        seen += width;
        if (seen <= skip) {
            lb_str_truncate(&snippet->text, start);
            continue;
        }
        if (seen > skip + SNIPPET_WIDTH) {
            lb_str_truncate(&snippet->text, start);
            snippet->cut_after = true;
            break;
        }
        if (column < mark->column)
            snippet->caret += width;
        else if (open || (ends_here && column < mark->end_column))
            snippet->carets += width;
    }
    if (!snippet->carets)
        snippet->carets = 1;
}

static void render_snippet(struct lb_str *out, const struct lb_diag *diag, bool color)
{
    const struct lb_mark *mark = &diag->mark;
    struct snippet snippet = {0};
    size_t length;
    const char *line = mark->source && !diag->secret ? line_find(mark->source, mark->line, &length)
                                                     : NULL;
    if (!line || length > QUOTED_MAX || lb_line_sounds_secret(line, length))
        return;
    snippet_make(&snippet, mark, line, length);
    char number[16];
    int gutter = snprintf(number, sizeof number, "%2u", (unsigned)mark->line);
    paint(out, diag, DIM, color);
    lb_str_printf(out, "%*s |\n%s | ", gutter, "", number);
    paint(out, diag, PLAIN, color);
    lb_str_printf(out, "%s%s%s\n", snippet.cut_before ? "..." : "", lb_str_text(&snippet.text),
                  snippet.cut_after ? "..." : "");
    paint(out, diag, DIM, color);
    lb_str_printf(out, "%*s | ", gutter, "");
    lb_str_repeat(out, ' ', snippet.caret + (snippet.cut_before ? 3 : 0));
    paint(out, diag, HEAD, color);
    lb_str_repeat(out, '^', snippet.carets);
    paint(out, diag, PLAIN, color);
    lb_str_putc(out, '\n');
    lb_str_release(&snippet.text);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void render_place(struct lb_str *out, const struct lb_diag *diag, bool color)
{
    const struct lb_source *source = diag->mark.source;
    bool marked = diag->mark.line && source && source->path;
    if (!marked && !diag->address)
        return;
    paint(out, diag, DIM, color);
    lb_str_puts(out, "  --> ");
    paint(out, diag, PLAIN, color);
    if (marked) {
        lb_str_escape(out, source->path, strlen(source->path), false);
        lb_str_printf(out, ":%u:%u\n", (unsigned)diag->mark.line, (unsigned)diag->mark.column);
        render_snippet(out, diag, color);
    } else {
        lb_str_printf(out, "%s\n", diag->address);
    }
}

static void render_note(struct lb_str *out, const struct lb_diag *diag, const char *name,
                        const char *text, bool color)
{
    if (!text || !*text)
        return;
    paint(out, diag, DIM, color);
    lb_str_printf(out, "   = %s: ", name);
    paint(out, diag, PLAIN, color);
    lb_str_printf(out, "%s\n", text);
}

/* Where the place is a line of the spec: one entry may be an object in each of two regions. */
static void render_object(struct lb_str *out, const struct lb_diag *diag, bool color)
{
    bool told = diag->address && diag->detail && strstr(diag->detail, diag->address);
    if (diag->service && diag->mark.line && diag->mark.source && diag->mark.source->path && !told)
        render_note(out, diag, "object", diag->address, color);
}

/* "s3 PutBucketVersioning, HTTP 403 AccessDenied, request id ABC" */
static void render_service(struct lb_str *out, const struct lb_diag *diag, bool color)
{
    struct lb_str text = {0};
    if (!diag->service)
        return;
    lb_str_puts(&text, diag->service);
    if (diag->operation)
        lb_str_printf(&text, " %s", diag->operation);
    if (diag->http_status)
        lb_str_printf(&text, ", HTTP %d", diag->http_status);
    if (diag->error_code)
        lb_str_printf(&text, diag->http_status ? " %s" : ", %s", diag->error_code);
    if (diag->request_id)
        lb_str_printf(&text, ", request id %s", diag->request_id);
    render_note(out, diag, "service", lb_str_text(&text), color);
    lb_str_release(&text);
}

void lb_diag_render(struct lb_str *out, const struct lb_diag *diag, bool color)
{
    paint(out, diag, HEAD, color);
    lb_str_printf(out, "%s[%s]", severities[diag->severity], diag->code);
    paint(out, diag, PLAIN, color);
    lb_str_printf(out, ": %s", diag->summary ? diag->summary : "");
    if (diag->detail && *diag->detail)
        lb_str_printf(out, ": %s", diag->detail);
    lb_str_putc(out, '\n');
    render_place(out, diag, color);
    render_object(out, diag, color);
    render_service(out, diag, color);
    render_note(out, diag, "why", diag->why, color);
    render_note(out, diag, "try", diag->remedy, color);
}

struct lb_value *lb_diag_to_value(struct lb_arena *arena, const struct lb_diag *diag)
{
    const struct lb_mark *mark = &diag->mark;
    struct lb_value *map = lb_value_map(arena);
    lb_map_set_string(arena, map, "code", diag->code);
    lb_map_set_string(arena, map, "severity", severities[diag->severity]);
    lb_map_set_string(arena, map, "summary", diag->summary);
    lb_map_set_string(arena, map, "detail", diag->detail);
    lb_map_set_string(arena, map, "why", diag->why);
    lb_map_set_string(arena, map, "remedy", diag->remedy);
    lb_map_set_string(arena, map, "address", diag->address);
    if (mark->line && mark->source) {
        struct lb_value *range = lb_map_map(arena, map, "spec_range");
        lb_map_set(arena, range, "file",
                   lb_value_string(arena, lb_escape(arena, mark->source->path)));
        lb_map_set_int(arena, range, "line", mark->line);
        lb_map_set_int(arena, range, "column", mark->column);
        if (mark->end_line) {
            lb_map_set_int(arena, range, "end_line", mark->end_line);
            lb_map_set_int(arena, range, "end_column", mark->end_column);
        }
    }
    lb_map_set_string(arena, map, "service", diag->service);
    lb_map_set_string(arena, map, "operation", diag->operation);
    lb_map_set_string(arena, map, "request_id", diag->request_id);
    lb_map_set_string(arena, map, "error_code", diag->error_code);
    if (diag->http_status)
        lb_map_set_int(arena, map, "http_status", diag->http_status);
    return map;
}
