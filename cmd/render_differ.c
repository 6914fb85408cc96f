/* render_differ.c: see render_differ.h. Other than planner/compare.c, which judges whether what
 * runs is what was approved, this one tells everything that a reader of the two would see. */
#include "cmd/render_differ.h"

#include "cmd/render.h"
#include "cmd/render_block.h"

#define VALUE_MAX 200 /* bytes of a value on a line */
#define WIDTH 80      /* of the lines of a longer one */

struct differ {
    struct lb_arena *arena;
    const struct lb_plan *a, *b;
    struct lb_str *out;
};

/* --- objects and their fields
 * -------------------------------------------------------------------------------- */

static const char *change_key(struct lb_arena *arena, const struct lb_plan *plan, size_t i)
{
    (void)arena;
    return plan->changes[i].address;
}

static size_t change_count(const struct lb_plan *plan)
{
    return plan->change_count;
}

static void change_line(struct differ *differ, const struct lb_plan *plan, size_t i)
{
    lb_str_printf(differ->out, "%s: %s\n", plan->changes[i].address,
                  lb_change_word(&plan->changes[i]));
}

static void field_line(struct differ *differ, char sign, const struct lb_field *field)
{
    lb_str_printf(differ->out, "    %c %s: ", sign, lb_escape(differ->arena, field->path));
    lb_render_value(differ->out, field->before, VALUE_MAX);
    lb_str_puts(differ->out, " -> ");
    lb_render_value(differ->out, field->after, VALUE_MAX);
    lb_str_putc(differ->out, '\n');
}

static bool same_value(const struct lb_value *a, const struct lb_value *b)
{
    return a && b ? lb_value_equal(a, b) : a == b;
}

static struct lb_value *index_fields(struct lb_arena *arena, const struct lb_change *change)
{
    struct lb_value *index = lb_value_map(arena);
    for (size_t i = 0; i < change->field_count; i++)
        lb_map_set_int(arena, index, change->fields[i].path, (int64_t)i);
    return index;
}

/* One side of a field that both plans change: what is live, or what it is to become. */
static void differ_value(struct differ *differ, const char *what, const struct lb_value *a,
                         const struct lb_value *b)
{
    if (same_value(a, b))
        return;
    lb_str_printf(differ->out, "        %s\n", what);
    lb_render_difference(differ->out, "          ", a, b, WIDTH);
}

static void both_fields(struct differ *differ, const struct lb_field *a, const struct lb_field *b)
{
    if (same_value(a->before, b->before) && same_value(a->after, b->after))
        return;
    lb_str_printf(differ->out, "    ~ %s\n", lb_escape(differ->arena, a->path));
    differ_value(differ, "it is", a->before, b->before);
    differ_value(differ, "it becomes", a->after, b->after);
}

/* An object that both plans change: what of it. */
static void change_both(struct differ *differ, size_t at_a, size_t at_b)
{
    const struct lb_change *a = &differ->a->changes[at_a], *b = &differ->b->changes[at_b];
    struct lb_value *in_a = index_fields(differ->arena, a);
    struct lb_value *in_b = index_fields(differ->arena, b);
    size_t start = differ->out->length;
    lb_str_printf(differ->out, "  ~ %s: %s", b->address, lb_change_word(a));
    if (a->action != b->action)
        lb_str_printf(differ->out, " became %s", lb_change_word(b));
    lb_str_putc(differ->out, '\n');
    size_t head = differ->out->length;
    for (size_t i = 0; i < a->field_count; i++) {
        int64_t at = lb_int(lb_map_get(in_b, a->fields[i].path), -1);
        if (at < 0)
            field_line(differ, '-', &a->fields[i]);
        else
            both_fields(differ, &a->fields[i], &b->fields[at]);
    }
    for (size_t i = 0; i < b->field_count; i++)
        if (!lb_map_get(in_a, b->fields[i].path))
            field_line(differ, '+', &b->fields[i]);
    if (a->action == b->action && differ->out->length == head)
        lb_str_truncate(differ->out, start);
}

/* --- steps
 * ---------------------------------------------------------------------------------------------------
 */

static const char *step_key(struct lb_arena *arena, const struct lb_plan *plan, size_t i)
{
    const struct lb_step *step = &plan->steps[i];
    return lb_arena_printf(arena, "%s %s %s %s", step->address, step->granule, step->call,
                           step->digest);
}

static size_t step_count(const struct lb_plan *plan)
{
    return plan->step_count;
}

static void step_line(struct differ *differ, const struct lb_plan *plan, size_t i)
{
    const struct lb_step *step = &plan->steps[i];
    lb_str_printf(differ->out, "%s: %s (%s)\n", lb_escape(differ->arena, step->address),
                  lb_escape(differ->arena, step->title), lb_escape(differ->arena, step->call));
}

/* --- findings
 * ------------------------------------------------------------------------------------------------
 */

static const char *finding_key(struct lb_arena *arena, const struct lb_plan *plan, size_t i)
{
    const struct lb_diag *finding = &plan->findings[i];
    return lb_arena_printf(arena, "%s %s %s %s", lb_severity_word(finding->severity), finding->code,
                           finding->address ? finding->address : "",
                           finding->detail ? finding->detail : "");
}

static size_t finding_count(const struct lb_plan *plan)
{
    return plan->finding_count;
}

static void finding_line(struct differ *differ, const struct lb_plan *plan, size_t i)
{
    const struct lb_diag *finding = &plan->findings[i];
    lb_str_printf(differ->out, "%s[%s] %s\n", lb_severity_word(finding->severity), finding->code,
                  lb_finding_sentence(differ->arena, finding));
}

/* --- the two as a whole
 * -------------------------------------------------------------------------------------- */

static const struct part {
    const char *name;
    size_t (*count)(const struct lb_plan *plan);
    const char *(*key)(struct lb_arena *arena, const struct lb_plan *plan, size_t i);
    void (*line)(struct differ *differ, const struct lb_plan *plan, size_t i);
    void (*both)(struct differ *differ, size_t at_a, size_t at_b); /* NULL: the key says it all */
} parts[] = {
    {"Objects", change_count, change_key, change_line, change_both},
    {"Steps", step_count, step_key, step_line, NULL},
    {"Findings", finding_count, finding_key, finding_line, NULL},
};

static struct lb_value *index_part(struct lb_arena *arena, const struct part *part,
                                   const struct lb_plan *plan)
{
    struct lb_value *index = lb_value_map(arena);
    for (size_t i = 0; i < part->count(plan); i++)
        lb_map_set_int(arena, index, part->key(arena, plan, i), (int64_t)i);
    return index;
}

static void differ_part(struct differ *differ, const struct part *part)
{
    struct lb_value *in_a = index_part(differ->arena, part, differ->a);
    struct lb_value *in_b = index_part(differ->arena, part, differ->b);
    size_t start = differ->out->length;
    lb_str_printf(differ->out, "%s\n", part->name);
    size_t head = differ->out->length;
    for (size_t i = 0; i < part->count(differ->a); i++) {
        int64_t at = lb_int(lb_map_get(in_b, part->key(differ->arena, differ->a, i)), -1);
        if (at >= 0 && part->both)
            part->both(differ, i, (size_t)at);
        if (at >= 0)
            continue;
        lb_str_puts(differ->out, "  - ");
        part->line(differ, differ->a, i);
    }
    for (size_t i = 0; i < part->count(differ->b); i++) {
        if (lb_map_get(in_a, part->key(differ->arena, differ->b, i)))
            continue;
        lb_str_puts(differ->out, "  + ");
        part->line(differ, differ->b, i);
    }
    if (differ->out->length == head)
        lb_str_truncate(differ->out, start);
}

bool lb_render_differ(struct lb_arena *arena, const struct lb_plan *a, const struct lb_plan *b,
                      struct lb_str *out)
{
    struct differ differ = {arena, a, b, out};
    lb_str_printf(out, "- plan %s  %s\n+ plan %s  %s\n", a->id, a->made_at, b->id, b->made_at);
    size_t head = out->length;
    lb_plan_compare_head(arena, a, b, out);
    if (a->complete != b->complete)
        lb_str_printf(out, "the plan was %s, is now %s\n", a->complete ? "complete" : "incomplete",
                      b->complete ? "complete" : "incomplete");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        differ_part(&differ, &parts[i]);
    if (out->length > head)
        return true;
    lb_str_puts(out, lb_streq(a->id, b->id)
                         ? "They are the same.\n"
                         : "They do the same; an object that they rest on has another state.\n");
    return !lb_streq(a->id, b->id);
}
