/* render_differ.c: a difference of two plans, as people read it. See differ.h. */
#include "cmd/differ.h"

#include "cmd/render.h"
#include "cmd/render_block.h"

#define VALUE_MAX 200 /* bytes of a value on a line */
#define WIDTH 80      /* of the lines of a longer one */

/* --- objects and their fields
 * -------------------------------------------------------------------------------- */

static const char *word_of(const struct lb_value *action)
{
    struct lb_change change = {.action = LB_ACTION_NONE};
    return lb_action_parse(lb_text(action, ""), &change.action) == 0 ? lb_change_word(&change) : "";
}

/* What is ("before") or is to be ("after") of a field in one of the plans; NULL: nothing. */
static const struct lb_value *value_of(const struct lb_value *field, const char *plan,
                                       const char *when)
{
    const struct lb_value *value = lb_map_get(lb_map_get(field, plan), when);
    return lb_is(value, LB_NULL) ? NULL : value;
}

static void differ_value(struct lb_str *out, const struct lb_value *field, const char *when,
                         const char *words)
{
    const struct lb_value *a = value_of(field, "a", when), *b = value_of(field, "b", when);
    if (a && b ? lb_value_equal(a, b) : a == b)
        return;
    lb_str_printf(out, "        %s\n", words);
    lb_render_difference(out, "          ", a, b, WIDTH);
}

static void differ_field(struct lb_arena *arena, struct lb_str *out, const struct lb_value *field)
{
    const char *path = lb_escape(arena, lb_text_at(field, "path", ""));
    bool in_a = !lb_is(lb_map_get(field, "a"), LB_NULL);
    bool in_b = !lb_is(lb_map_get(field, "b"), LB_NULL);
    if (in_a && in_b) {
        lb_str_printf(out, "    ~ %s\n", path);
        differ_value(out, field, "before", "it is");
        differ_value(out, field, "after", "it becomes");
        return;
    }
    const char *plan = in_a ? "a" : "b";
    lb_str_printf(out, "    %c %s: ", in_a ? '-' : '+', path);
    lb_render_value(out, value_of(field, plan, "before"), VALUE_MAX);
    lb_str_puts(out, " -> ");
    lb_render_value(out, value_of(field, plan, "after"), VALUE_MAX);
    lb_str_putc(out, '\n');
}

static void differ_object(struct lb_arena *arena, struct lb_str *out, const struct lb_value *object)
{
    const char *address = lb_escape(arena, lb_text_at(object, "address", ""));
    const char *a = word_of(lb_map_get(object, "a")), *b = word_of(lb_map_get(object, "b"));
    if (!*a || !*b) {
        lb_str_printf(out, "  %c %s: %s\n", *a ? '-' : '+', address, *a ? a : b);
        return;
    }
    lb_str_printf(out, "  ~ %s: %s", address, a);
    if (!lb_streq(a, b))
        lb_str_printf(out, " became %s", b);
    lb_str_putc(out, '\n');
    const struct lb_value *fields = lb_map_get(object, "fields");
    for (size_t i = 0; i < lb_value_count(fields); i++)
        differ_field(arena, out, lb_list_item(fields, i));
}

/* --- what only one of them has
 * ------------------------------------------------------------------------------- */

static void only_step(struct lb_arena *arena, struct lb_str *out, const struct lb_value *step)
{
    lb_str_printf(out, "%s: %s (%s)\n", lb_escape(arena, lb_text_at(step, "address", "")),
                  lb_escape(arena, lb_text_at(step, "title", "")),
                  lb_escape(arena, lb_text_at(step, "call", "")));
}

static void only_finding(struct lb_arena *arena, struct lb_str *out, const struct lb_value *it)
{
    const struct lb_diag finding = {.code = lb_text_at(it, "code", ""),
                                    .summary = lb_text_at(it, "summary", NULL),
                                    .detail = lb_text_at(it, "detail", NULL),
                                    .address = lb_text_at(it, "address", NULL)};
    lb_str_printf(out, "%s[%s] %s\n", lb_text_at(it, "severity", ""), finding.code,
                  lb_finding_sentence(arena, &finding));
}

static void part(struct lb_arena *arena, struct lb_str *out, const char *title,
                 const struct lb_value *list,
                 void (*one)(struct lb_arena *, struct lb_str *, const struct lb_value *))
{
    if (lb_value_count(list))
        lb_str_printf(out, "%s\n", title);
    for (size_t i = 0; i < lb_value_count(list); i++) {
        const struct lb_value *item = lb_list_item(list, i);
        const char *side = lb_text_at(item, "only_in", NULL);
        if (side)
            lb_str_printf(out, "  %c ", *side == 'a' ? '-' : '+');
        one(arena, out, item);
    }
}

void lb_render_differ(struct lb_arena *arena, const struct lb_plan *a, const struct lb_plan *b,
                      const struct lb_value *difference, struct lb_str *out)
{
    lb_str_printf(out, "- plan %s  %s\n+ plan %s  %s\n", a->id, a->made_at, b->id, b->made_at);
    size_t head = out->length;
    lb_plan_compare_head(arena, a, b, out);
    if (a->complete != b->complete)
        lb_str_printf(out, "the plan was %s, is now %s\n", a->complete ? "complete" : "incomplete",
                      b->complete ? "complete" : "incomplete");
    part(arena, out, "Objects", lb_map_get(difference, "objects"), differ_object);
    part(arena, out, "Steps", lb_map_get(difference, "steps"), only_step);
    part(arena, out, "Findings", lb_map_get(difference, "findings"), only_finding);
    if (out->length == head)
        lb_str_puts(out, lb_differs(difference)
                             ? "They do the same; an object that they rest on has another state.\n"
                             : "They are the same.\n");
}
