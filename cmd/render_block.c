/* render_block.c: values that do not fit on one line, as a block of lines, and two of them as a
 * difference of lines. Nothing of a value is cut out of the middle: a policy whose changed account
 * id stands behind "..." was not reviewed.
 */
#include "cmd/render_block.h"

#include "cmd/cli.h"

#include <string.h>

enum {
    SHOWN_MAX = 400, /* lines of one value, or of one difference; the plan's JSON holds the rest */
    COMPARED_MAX = 20000, /* lines of each side of a difference */
    TABLE_MAX = 1 << 20,  /* pairs of lines that are looked at for what is common */
    CONTEXT = 2,          /* unchanged lines shown around a changed one */
};

struct lines {
    struct lb_arena *arena;
    const char **items;
    size_t count, capacity, left_out;
    size_t width, most;
};

static void add(struct lines *lines, size_t depth, const char *head, const char *text)
{
    if (lines->count == lines->most) {
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
        struct lb_str key = {0};
        lb_str_puts(&key, first ? "- " : "");
        lb_render_key(&key, entry->key);
        lb_str_puts(&key, ": ");
        unfold(lines, first ? depth : inside, lb_str_take(&key, lines->arena), entry->value);
    }
}

static struct lines lines_of(struct lb_arena *arena, const struct lb_value *value, size_t width,
                             size_t most)
{
    struct lines lines = {.arena = arena, .width = width, .most = most};
    if (value)
        unfold(&lines, 0, "", value);
    return lines;
}

static void tell_more(struct lb_str *out, const char *indent, size_t count)
{
    if (count)
        lb_str_printf(out, "%s... %zu more line%s; see --format json\n", indent, count,
                      count == 1 ? "" : "s");
}

void lb_render_block(struct lb_str *out, const char *indent, const struct lb_value *value,
                     size_t width)
{
    struct lb_arena *scratch = lb_arena_new();
    struct lines lines = lines_of(scratch, value, width, SHOWN_MAX);
    for (size_t i = 0; i < lines.count; i++)
        lb_str_printf(out, "%s%s\n", indent, lines.items[i]);
    tell_more(out, indent, lines.left_out);
    lb_arena_free(scratch);
}

/* --- the difference of two blocks
 * ------------------------------------------------------------------ */

struct line {
    char sign; /* ' ', '-', '+' */
    const char *text;
};

struct difference {
    struct lb_arena *arena;
    struct line *items;
    size_t count;
};

static void put(struct difference *all, char sign, const char *text)
{
    all->items[all->count++] = (struct line){sign, text};
}

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

/* Too much of it would be common or not to look for: all of the one, then all of the other. */
static void replace(struct difference *all, const struct lines *a, const struct lines *b)
{
    for (size_t i = 0; i < a->count; i++)
        put(all, '-', a->items[i]);
    for (size_t i = 0; i < b->count; i++)
        put(all, '+', b->items[i]);
}

static void merge(struct difference *all, const struct lines *a, const struct lines *b)
{
    size_t row = b->count + 1, i = 0, j = 0;
    if (a->count * b->count > TABLE_MAX) {
        replace(all, a, b);
        return;
    }
    const uint16_t *best = common(all->arena, a, b);
    while (i < a->count || j < b->count) {
        if (i < a->count && j < b->count && lb_streq(a->items[i], b->items[j]))
            put(all, ' ', a->items[i++]), j++;
        else if (j == b->count ||
                 (i < a->count && best[(i + 1) * row + j] >= best[i * row + j + 1]))
            put(all, '-', a->items[i++]);
        else
            put(all, '+', b->items[j++]);
    }
}

static struct lines middle(const struct lines *all, size_t head, size_t tail)
{
    size_t count = all->count - head - tail;
    return (struct lines){.items = count ? all->items + head : NULL, .count = count};
}

/* What both begin and end with is mostly all but a line or two. */
static struct difference compare(struct lb_arena *arena, const struct lines *a,
                                 const struct lines *b)
{
    struct difference all = {.arena = arena};
    size_t least = a->count < b->count ? a->count : b->count, head = 0, tail = 0;
    all.items = lb_arena_array(arena, a->count + b->count + 1, sizeof *all.items);
    while (head < least && lb_streq(a->items[head], b->items[head]))
        put(&all, ' ', a->items[head++]);
    while (tail < least - head &&
           lb_streq(a->items[a->count - 1 - tail], b->items[b->count - 1 - tail]))
        tail++;
    const struct lines in_a = middle(a, head, tail), in_b = middle(b, head, tail);
    merge(&all, &in_a, &in_b);
    for (size_t i = a->count - tail; i < a->count; i++)
        put(&all, ' ', a->items[i]);
    return all;
}

static bool near_change(const struct difference *all, size_t at)
{
    size_t from = at > CONTEXT ? at - CONTEXT : 0;
    for (size_t i = from; i < all->count && i <= at + CONTEXT; i++)
        if (all->items[i].sign != ' ')
            return true;
    return false;
}

void lb_render_difference(struct lb_str *out, const char *indent, const struct lb_value *before,
                          const struct lb_value *after, size_t width)
{
    struct lb_arena *scratch = lb_arena_new();
    struct lines a = lines_of(scratch, before, width, COMPARED_MAX);
    struct lines b = lines_of(scratch, after, width, COMPARED_MAX);
    const struct difference all = compare(scratch, &a, &b);
    size_t shown = 0, more = a.left_out + b.left_out;
    bool gap = false;
    for (size_t i = 0; i < all.count; i++) {
        const struct line *line = &all.items[i];
        bool near = near_change(&all, i);
        if (near && shown++ < SHOWN_MAX)
            lb_str_printf(out, "%s%c %s\n", indent, line->sign, line->text);
        else if (near)
            more++;
        else if (!gap && shown <= SHOWN_MAX)
            lb_str_printf(out, "%s  ...\n", indent);
        gap = !near;
    }
    tell_more(out, indent, more);
    lb_arena_free(scratch);
}
