/* diag.c: the sink for what is wrong. Text is escaped and capped on its way in, so that every
 * renderer (text, JSON, SARIF, JUnit, markdown) may print what it finds here.
 */
#include "base/diag.h"
#include "base/conceal.h"
#include "base/exit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT ((size_t)4 << 10) /* bytes of one text; servers answer with whole pages */

void lb_diags_init(struct lb_diags *diags, struct lb_arena *arena)
{
    *diags = (struct lb_diags){.arena = arena};
}

/* A character that the cap would split is escaped byte by byte, which is harmless. */
static char *safe(struct lb_arena *arena, const char *text)
{
    if (!text)
        return NULL;
    text = lb_conceal_userinfo(arena, text);
    size_t length = strlen(text);
    struct lb_str out = {0};
    lb_str_escape(&out, text, length < MAX_TEXT ? length : MAX_TEXT, false);
    if (length > MAX_TEXT)
        lb_str_puts(&out, "...");
    return lb_str_take(&out, arena);
}

static bool is_set(const char *text)
{
    return text && *text;
}

struct lb_diag *lb_diags_add(struct lb_diags *diags, const struct lb_diag *diag)
{
    struct lb_arena *arena = diags->arena;
    const struct lb_code *row = lb_code_find(diag->code);
    diags->items = lb_arena_grow(arena, diags->items, diags->count, diags->count + 1,
                                 sizeof *diags->items, &diags->capacity);
    struct lb_diag *stored = &diags->items[diags->count++];
    *stored = *diag;
    /* An unset severity is 0, LB_ERROR: a code that is a warning cannot be raised by leaving it. */
    if (row && diag->severity == LB_ERROR)
        stored->severity = row->severity;
    if (row && !diag->exit)
        stored->exit = row->exit;
    if (stored->severity == LB_ERROR && !stored->exit)
        stored->exit = LB_EXIT_ERROR;
    stored->code = safe(arena, diag->code);
    stored->summary = safe(arena, is_set(diag->summary) || !row ? diag->summary : row->summary);
    stored->why = safe(arena, is_set(diag->why) || !row ? diag->why : row->why);
    stored->remedy = safe(arena, is_set(diag->remedy) || !row ? diag->remedy : row->remedy);
    stored->detail = safe(arena, diag->detail);
    stored->address = safe(arena, diag->address);
    stored->service = safe(arena, diag->service);
    stored->operation = safe(arena, diag->operation);
    stored->request_id = safe(arena, diag->request_id);
    stored->error_code = safe(arena, diag->error_code);
    diags->errors += stored->severity == LB_ERROR;
    diags->warnings += stored->severity == LB_WARNING;
    return stored;
}

__attribute__((format(printf, 5, 0))) static int
add_formatted(struct lb_diags *diags, const char *code, const struct lb_mark *mark,
              const char *remedy, const char *format, va_list args)
{
    struct lb_diag diag = {.code = code, .remedy = remedy};
    if (mark)
        diag.mark = *mark;
    if (format && *format)
        diag.detail = lb_arena_vprintf(diags->arena, format, args);
    lb_diags_add(diags, &diag);
    return -1;
}

int lb_diags_error(struct lb_diags *diags, const char *code, const struct lb_mark *mark,
                   const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int result = add_formatted(diags, code, mark, NULL, format, args);
    va_end(args);
    return result;
}

int lb_diags_error_try(struct lb_diags *diags, const char *code, const struct lb_mark *mark,
                       const char *remedy, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int result = add_formatted(diags, code, mark, remedy, format, args);
    va_end(args);
    return result;
}

void lb_diags_merge(struct lb_diags *diags, const struct lb_diags *from)
{
    for (size_t i = 0; i < from->count; i++)
        lb_diags_add(diags, &from->items[i]);
}

/* --- sorting ---------------------------------------------------------------------------------- */

static const char *source_path(const struct lb_diag *diag)
{
    return diag->mark.source && diag->mark.source->path ? diag->mark.source->path : "";
}

/* Says the same at the same place: told apart by everything that a reader sees. */
static const char *identity(struct lb_arena *arena, const struct lb_diag *d)
{
    const char *texts[] = {d->code,       d->summary,    d->detail,     d->why,
                           d->remedy,     d->address,    d->service,    d->operation,
                           d->request_id, d->error_code, source_path(d)};
    struct lb_str key = {0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        lb_str_puts(&key, texts[i] ? texts[i] : "\001");
        lb_str_putc(&key, '\002'); /* escaped texts hold no controls */
    }
    lb_str_printf(&key, "%u:%u:%d", (unsigned)d->mark.line, (unsigned)d->mark.column,
                  d->http_status);
    return lb_str_take(&key, arena);
}

static void drop_repetitions(struct lb_diags *diags)
{
    struct lb_arena *scratch = lb_arena_new();
    struct lb_value *seen = lb_value_map(scratch);
    size_t kept = 0;
    for (size_t i = 0; i < diags->count; i++) {
        const struct lb_diag *diag = &diags->items[i];
        const char *key = identity(scratch, diag);
        if (lb_map_get(seen, key)) {
            diags->errors -= diag->severity == LB_ERROR;
            diags->warnings -= diag->severity == LB_WARNING;
            continue;
        }
        lb_map_set(scratch, seen, key, lb_value_null(scratch));
        diags->items[kept++] = *diag;
    }
    diags->count = kept;
    lb_arena_free(scratch);
}

struct numbered {
    struct lb_diag diag;
    size_t n; /* qsort is not stable: the place in the sink breaks ties */
};

static int text_order(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

/* What has a place comes first: it is what the user can mend in the editor. What the services said
 * comes in any order; it is told in one. */
static int diag_order(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;
    const struct lb_mark *p = &x->diag.mark, *q = &y->diag.mark;
    if ((p->line == 0) != (q->line == 0))
        return p->line == 0 ? 1 : -1;
    int order = strcmp(source_path(&x->diag), source_path(&y->diag));
    if (!order && p->line != q->line)
        order = p->line < q->line ? -1 : 1;
    if (!order && p->column != q->column)
        order = p->column < q->column ? -1 : 1;
    if (!order)
        order = text_order(x->diag.code, y->diag.code);
    if (!order)
        order = text_order(x->diag.address, y->diag.address);
    if (!order)
        order = text_order(x->diag.operation, y->diag.operation);
    if (!order)
        order = text_order(x->diag.detail, y->diag.detail);
    return order ? order : (x->n > y->n) - (x->n < y->n);
}

void lb_diags_sort(struct lb_diags *diags)
{
    if (!diags->count)
        return;
    drop_repetitions(diags);
    struct lb_arena *scratch = lb_arena_new();
    struct numbered *rows = lb_arena_array(scratch, diags->count, sizeof *rows);
    for (size_t i = 0; i < diags->count; i++)
        rows[i] = (struct numbered){diags->items[i], i};
    qsort(rows, diags->count, sizeof *rows, diag_order);
    for (size_t i = 0; i < diags->count; i++)
        diags->items[i] = rows[i].diag;
    lb_arena_free(scratch);
}

int lb_diags_exit(const struct lb_diags *diags)
{
    int code = LB_EXIT_OK;
    for (size_t i = 0; i < diags->count; i++)
        if (diags->items[i].severity == LB_ERROR)
            code = lb_exit_worse(code, diags->items[i].exit);
    return code;
}
