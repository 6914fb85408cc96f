/* render_block.c: values that do not fit on one line, as a block of lines, and two of them as a
 * difference of lines. Nothing of a value is cut out of the middle: a policy whose changed account
 * id stands behind "..." was not reviewed.
 */
#include "cmd/render_block.h"

#include "cmd/cli.h"

#include <string.h>

enum {
    MAX_LINES = 400, /* of one value; the JSON of the plan holds the rest */
    CONTEXT = 2,     /* unchanged lines shown around a changed one */
};

struct lines {
    struct lb_arena *arena;
    const char **items;
    size_t count, capacity, left_out;
    size_t width;
};

static void add(struct lines *lines, size_t depth, const char *head, const char *text)
{
    if (lines->count == MAX_LINES) {
        lines->left_out++;
        return;
    }
    lines->items = lb_arena_grow(lines->arena, lines->items, lines->count, lines->count + 1,
                                 sizeof *lines->items, &lines->capacity);
    lines->items[lines->count++] = lb_arena_printf(lines->arena, "%*s%s%s", (int)(depth * 2), "",
                                                   head, text);
}

static const char *one_line(struct lines *lines, const struct lb_value *value)
{
    struct lb_str text = {0};
    lb_render_value(&text, value, SIZE_MAX);
    return lb_str_take(&text, lines->arena);
}

/* `head` is what stands before the value on its first line: "key: ", "- ", "- key: ". */
static void unfold(struct lines *lines, size_t depth, const char *head,
                   const struct lb_value *value)
{
    const char *whole = one_line(lines, value);
    size_t count = lb_value_count(value);
    if (!count || depth * 2 + strlen(head) + strlen(whole) <= lines->width) {
        add(lines, depth, head, whole);
        return;
    }
    bool dash = lb_streq(head, "- ");
    bool on_dash = dash && value->type == LB_MAP;
    if (*head && !on_dash)
        add(lines, depth, lb_arena_strndup(lines->arena, head, strlen(head) - 1), "");
    size_t inside = depth + (*head != 0) + (!dash && lb_starts_with(head, "- "));
    for (size_t i = 0; i < count; i++) {
        if (value->type == LB_LIST) {
            unfold(lines, inside, "- ", lb_list_item(value, i));
            continue;
        }
        const struct lb_entry *entry = lb_map_nth(value, i);
        bool first = on_dash && i == 0;
        const char *key = lb_escape(lines->arena, entry->key);
        unfold(lines, first ? depth : inside,
               lb_arena_printf(lines->arena, "%s%s: ", first ? "- " : "", key), entry->value);
    }
}

static struct lines lines_of(struct lb_arena *arena, const struct lb_value *value, size_t width)
{
    struct lines lines = {.arena = arena, .width = width};
    if (value)
        unfold(&lines, 0, "", value);
    if (lines.left_out)
        lines.items[MAX_LINES - 1] = lb_arena_printf(arena, "... %zu more lines; see --format json",
                                                     lines.left_out + 1);
    return lines;
}

void lb_render_block(struct lb_arena *arena, struct lb_str *out, const char *indent,
                     const struct lb_value *value, size_t width)
{
    struct lines lines = lines_of(arena, value, width);
    for (size_t i = 0; i < lines.count; i++)
        lb_str_printf(out, "%s%s\n", indent, lines.items[i]);
}

/* --- the difference of two blocks
 * ------------------------------------------------------------------ */

struct line {
    char sign; /* ' ', '-', '+' */
    const char *text;
};

/* Length of the longest common subsequence of a[i..] and b[j..], for all i and j. */
static uint16_t *common(struct lb_arena *arena, const struct lines *a, const struct lines *b)
{
    size_t row = b->count + 1;
    uint16_t *best = lb_arena_array(arena, (a->count + 1) * row, sizeof *best);
    for (size_t i = a->count; i-- > 0;)
        for (size_t j = b->count; j-- > 0;) {
            uint16_t down = best[(i + 1) * row + j], right = best[i * row + j + 1];
            best[i * row + j] = lb_streq(a->items[i], b->items[j])
                                    ? (uint16_t)(best[(i + 1) * row + j + 1] + 1)
                                : down > right ? down
                                               : right;
        }
    return best;
}

static struct line *merged(struct lb_arena *arena, const struct lines *a, const struct lines *b,
                           size_t *count)
{
    size_t row = b->count + 1, i = 0, j = 0, n = 0;
    const uint16_t *best = common(arena, a, b);
    struct line *out = lb_arena_array(arena, a->count + b->count + 1, sizeof *out);
    while (i < a->count || j < b->count) {
        if (i < a->count && j < b->count && lb_streq(a->items[i], b->items[j])) {
            out[n++] = (struct line){' ', a->items[i]};
            i++, j++;
        } else if (j == b->count ||
                   (i < a->count && best[(i + 1) * row + j] >= best[i * row + j + 1])) {
            out[n++] = (struct line){'-', a->items[i++]};
        } else {
            out[n++] = (struct line){'+', b->items[j++]};
        }
    }
    *count = n;
    return out;
}

static bool near_change(const struct line *lines, size_t count, size_t at)
{
    size_t from = at > CONTEXT ? at - CONTEXT : 0;
    for (size_t i = from; i < count && i <= at + CONTEXT; i++)
        if (lines[i].sign != ' ')
            return true;
    return false;
}

void lb_render_difference(struct lb_arena *arena, struct lb_str *out, const char *indent,
                          const struct lb_value *before, const struct lb_value *after, size_t width)
{
    struct lines a = lines_of(arena, before, width), b = lines_of(arena, after, width);
    size_t count;
    const struct line *lines = merged(arena, &a, &b, &count);
    bool gap = false;
    for (size_t i = 0; i < count; i++) {
        bool shown = near_change(lines, count, i);
        if (shown)
            lb_str_printf(out, "%s%c %s\n", indent, lines[i].sign, lines[i].text);
        else if (!gap)
            lb_str_printf(out, "%s  ...\n", indent);
        gap = !shown;
    }
}
