/* compare.c: is what would be done now still what was approved? Steps that are satisfied already
 * may be missing; anything else that moved is told in words.
 */
#include "planner/plan.h"

/* What the two plans hold, by address or by what a step does: files may be large. */
struct index {
    struct lb_arena *arena;
    struct lb_value *steps;              /* what a step does -> true */
    struct lb_value *count;              /* address -> number of steps */
    struct lb_value *observed, *changes; /* address -> position */
};

static const char *step_key(struct lb_arena *arena, const struct lb_step *step)
{
    return lb_arena_printf(arena, "%s %s %s %s", step->address, step->granule, step->call,
                           step->digest);
}

static int64_t steps_of(const struct index *index, const char *address)
{
    return lb_int(lb_map_get(index->count, address), 0);
}

static void index_plan(struct lb_arena *arena, const struct lb_plan *plan, struct index *out)
{
    *out = (struct index){arena, lb_value_map(arena), lb_value_map(arena), lb_value_map(arena),
                          lb_value_map(arena)};
    for (size_t i = 0; i < plan->step_count; i++) {
        const char *address = plan->steps[i].address;
        lb_map_set_bool(arena, out->steps, step_key(arena, &plan->steps[i]), true);
        lb_map_set_int(arena, out->count, address, steps_of(out, address) + 1);
    }
    for (size_t i = 0; i < plan->observed_count; i++)
        lb_map_set_int(arena, out->observed, plan->observed[i].address, (int64_t)i);
    for (size_t i = 0; i < plan->change_count; i++)
        lb_map_set_int(arena, out->changes, plan->changes[i].address, (int64_t)i);
}

static const struct lb_observed *observed_of(const struct lb_plan *plan, const struct index *index,
                                             const char *address)
{
    int64_t i = lb_int(lb_map_get(index->observed, address), -1);
    return i < 0 ? NULL : &plan->observed[i];
}

static const struct lb_change *change_of(const struct lb_plan *plan, const struct index *index,
                                         const char *address)
{
    int64_t i = lb_int(lb_map_get(index->changes, address), -1);
    return i < 0 ? NULL : &plan->changes[i];
}

static const char *part_of(const struct lb_plan *plan)
{
    const char *left_out = lb_plan_left_out(plan);
    return left_out ? left_out : "everything";
}

static const char *down_of(struct lb_arena *arena, const struct lb_plan *plan)
{
    const char *text = plan->assumed_down_count ? plan->assumed_down[0] : "none";
    for (size_t i = 1; i < plan->assumed_down_count; i++)
        text = lb_arena_printf(arena, "%s, %s", text, plan->assumed_down[i]);
    return text;
}

int lb_plan_compare_head(struct lb_arena *arena, const struct lb_plan *a, const struct lb_plan *b,
                         struct lb_str *out)
{
    const struct {
        const char *what, *a, *b;
    } rows[] = {
        {"stack", a->stack, b->stack},
        {"account", a->account, b->account},
        {"partition", a->partition, b->partition},
        {"primary region", a->regions[LB_SIDE_PRIMARY], b->regions[LB_SIDE_PRIMARY]},
        {"secondary region", a->regions[LB_SIDE_SECONDARY], b->regions[LB_SIDE_SECONDARY]},
        {"list of regions assumed down", down_of(arena, a), down_of(arena, b)},
        {"selection (--target, --exclude)", part_of(a), part_of(b)},
        {"spec (SHA-256)", a->spec_digest, b->spec_digest},
    };
    int result = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (lb_streq(rows[i].a, rows[i].b))
            continue;
        lb_str_printf(out, "the %s was %s, is now %s\n", rows[i].what, rows[i].a, rows[i].b);
        result = -1;
    }
    return result;
}

static int differ_steps(const struct index *approved, const struct lb_plan *now, struct lb_str *out)
{
    int result = 0;
    for (size_t i = 0; i < now->step_count; i++) {
        const struct lb_step *step = &now->steps[i];
        if (lb_map_get(approved->steps, step_key(approved->arena, step)))
            continue;
        lb_str_printf(out, "%s: %s (%s) was not approved\n", step->address, step->title,
                      step->call);
        result = -1;
    }
    return result;
}

static const struct lb_field *field_of(const struct lb_change *change, const char *path)
{
    for (size_t i = 0; change && i < change->field_count; i++)
        if (lb_streq(change->fields[i].path, path))
            return &change->fields[i];
    return NULL;
}

static bool lists(const char *const *items, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (lb_streq(items[i], text))
            return true;
    return false;
}

static bool foreign_in(const struct lb_change *change, const char *path)
{
    return change && lists(change->foreign, change->foreign_count, path);
}

/* What of the object moved, as far as the two plans show it: an attribute whose live value is not
 * what it was, and what others added or took away. */
static void differ_change(const struct lb_change *was, const struct lb_change *is,
                          struct lb_str *out)
{
    for (size_t i = 0; is && i < is->field_count; i++) {
        const struct lb_field *now = &is->fields[i], *before = field_of(was, now->path);
        if (!before)
            lb_str_printf(out, "    %s differs from the spec now\n", now->path);
        else if (!lb_value_equal(before->before, now->before))
            lb_str_printf(out, "    %s has another value\n", now->path);
    }
    for (size_t i = 0; was && i < was->field_count; i++)
        if (!field_of(is, was->fields[i].path))
            lb_str_printf(out, "    %s is as in the spec now\n", was->fields[i].path);
    for (size_t i = 0; is && i < is->foreign_count; i++)
        if (!foreign_in(was, is->foreign[i]))
            lb_str_printf(out, "    %s was added by others\n", is->foreign[i]);
    for (size_t i = 0; was && i < was->foreign_count; i++)
        if (!foreign_in(is, was->foreign[i]))
            lb_str_printf(out, "    %s was taken away by others\n", was->foreign[i]);
}

static int differ_object(const struct lb_observed *was, const struct lb_observed *is,
                         const struct lb_change *before, const struct lb_change *change,
                         struct lb_str *out)
{
    if (!is)
        lb_str_printf(out, "%s is not part of the stack any more\n", was->address);
    else if (!lb_streq(was->status, is->status))
        lb_str_printf(out, "%s was %s, is now %s\n", was->address, was->status, is->status);
    else
        lb_str_printf(out, "%s has changed since the plan was made\n", was->address);
    if (is)
        differ_change(before, change, out);
    return -1;
}

/* An object moved although no step of ours on it was satisfied meanwhile: someone else changed it.
 * What counts is what either plan rests on: a file cannot say that an object does not matter. */
static int differ_objects(const struct lb_plan *approved, const struct index *then,
                          const struct lb_plan *now, const struct index *here, struct lb_str *out)
{
    int result = 0;
    for (size_t i = 0; i < approved->observed_count; i++) {
        const struct lb_observed *was = &approved->observed[i];
        const struct lb_observed *is = observed_of(now, here, was->address);
        bool counts = was->relevant || (is && is->relevant);
        if (!counts || (is && lb_streq(was->digest, is->digest)))
            continue;
        if (is && steps_of(here, was->address) < steps_of(then, was->address))
            continue;
        result = differ_object(was, is, change_of(approved, then, was->address),
                               change_of(now, here, was->address), out);
    }
    for (size_t i = 0; i < now->observed_count; i++) {
        const struct lb_observed *is = &now->observed[i];
        if (!is->relevant || observed_of(approved, then, is->address))
            continue;
        lb_str_printf(out, "%s was not looked at when the plan was made\n", is->address);
        result = -1;
    }
    return result;
}

/* The ids are not compared: an id in a file is a claim, the parts are what counts. */
int lb_plan_compare(const struct lb_plan *approved, const struct lb_plan *now, struct lb_str *out)
{
    struct index then, here;
    struct lb_arena *arena = lb_arena_new();
    index_plan(arena, approved, &then);
    index_plan(arena, now, &here);
    int head = lb_plan_compare_head(arena, approved, now, out);
    if (!approved->complete &&
        now->complete) { /* who approved it did not see all of what there was to do */
        lb_str_puts(out, "not everything could be read when the approved plan was made\n");
        head = -1;
    }
    int steps = differ_steps(&then, now, out);
    int objects = differ_objects(approved, &then, now, &here, out);
    lb_arena_free(arena);
    return head || steps || objects ? -1 : 0;
}
