/* compare.c: is what would be done now still what was approved? Steps that are satisfied already
 * may be missing; anything else that moved is told in words.
 */
#include "planner/plan.h"

static const struct lb_step *same_step(const struct lb_plan *plan, const struct lb_step *step)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct lb_step *other = &plan->steps[i];
        if (lb_streq(other->address, step->address) && lb_streq(other->granule, step->granule) &&
            lb_streq(other->call, step->call) && lb_streq(other->digest, step->digest))
            return other;
    }
    return NULL;
}

static size_t steps_of(const struct lb_plan *plan, const char *address)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->step_count; i++)
        count += lb_streq(plan->steps[i].address, address);
    return count;
}

static const struct lb_observed *observed_of(const struct lb_plan *plan, const char *address)
{
    for (size_t i = 0; i < plan->observed_count; i++)
        if (lb_streq(plan->observed[i].address, address))
            return &plan->observed[i];
    return NULL;
}

static const struct lb_change *change_of(const struct lb_plan *plan, const char *address)
{
    for (size_t i = 0; i < plan->change_count; i++)
        if (lb_streq(plan->changes[i].address, address))
            return &plan->changes[i];
    return NULL;
}

static int differ_head(const struct lb_plan *a, const struct lb_plan *b, struct lb_str *out)
{
    const struct {
        const char *what, *a, *b;
    } rows[] = {
        {"stack", a->stack, b->stack},
        {"account", a->account, b->account},
        {"partition", a->partition, b->partition},
        {"primary region", a->regions[LB_SIDE_PRIMARY], b->regions[LB_SIDE_PRIMARY]},
        {"secondary region", a->regions[LB_SIDE_SECONDARY], b->regions[LB_SIDE_SECONDARY]},
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

static int differ_steps(const struct lb_plan *approved, const struct lb_plan *now,
                        struct lb_str *out)
{
    int result = 0;
    for (size_t i = 0; i < now->step_count; i++) {
        const struct lb_step *step = &now->steps[i];
        if (same_step(approved, step))
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

/* An object moved although no step of ours on it was satisfied meanwhile: someone else changed it.
 */
static int differ_objects(const struct lb_plan *approved, const struct lb_plan *now,
                          struct lb_str *out)
{
    int result = 0;
    for (size_t i = 0; i < approved->observed_count; i++) {
        const struct lb_observed *was = &approved->observed[i];
        const struct lb_observed *is = observed_of(now, was->address);
        if (!was->relevant || (is && lb_streq(was->digest, is->digest)))
            continue;
        if (is && steps_of(now, was->address) < steps_of(approved, was->address))
            continue;
        if (!is)
            lb_str_printf(out, "%s is not part of the stack any more\n", was->address);
        else if (!lb_streq(was->status, is->status))
            lb_str_printf(out, "%s was %s, is now %s\n", was->address, was->status, is->status);
        else
            lb_str_printf(out, "%s has changed since the plan was made\n", was->address);
        if (is)
            differ_change(change_of(approved, was->address), change_of(now, was->address), out);
        result = -1;
    }
    return result;
}

int lb_plan_compare(const struct lb_plan *approved, const struct lb_plan *now, struct lb_str *out)
{
    if (lb_streq(approved->id, now->id))
        return 0;
    int head = differ_head(approved, now, out);
    int steps = differ_steps(approved, now, out);
    int objects = differ_objects(approved, now, out);
    return head || steps || objects ? -1 : 0;
}
