/* plan.c: what a plan is, whatever made it: counts, its last line, whether it may run, its id. */
#include "planner/plan.h"

#include "base/digest.h"
#include "base/exit.h"
#include "base/json.h"

static const char *const action_names[] = {
    [LB_ACTION_NONE] = "none",       [LB_ACTION_CREATE] = "create",   [LB_ACTION_UPDATE] = "update",
    [LB_ACTION_REPLACE] = "replace", [LB_ACTION_RELEASE] = "release", [LB_ACTION_READ] = "read",
};

const char *lb_action_name(enum lb_action action)
{
    return action_names[action];
}

int lb_action_parse(const char *name, enum lb_action *out)
{
    for (size_t i = 0; i < sizeof action_names / sizeof *action_names; i++) {
        if (lb_streq(action_names[i], name)) {
            *out = (enum lb_action)i;
            return 0;
        }
    }
    return -1;
}

void lb_plan_count(const struct lb_plan *plan, struct lb_plan_counts *out)
{
    *out = (struct lb_plan_counts){.unchanged = plan->unchanged, .steps = plan->step_count};
    for (size_t i = 0; i < plan->change_count; i++) {
        enum lb_action action = plan->changes[i].action;
        out->create += action == LB_ACTION_CREATE;
        out->update += action == LB_ACTION_UPDATE;
        out->replace += action == LB_ACTION_REPLACE;
        out->release += action == LB_ACTION_RELEASE;
    }
    for (size_t i = 0; i < plan->finding_count; i++) {
        enum lb_severity severity = plan->findings[i].severity;
        out->errors += severity == LB_ERROR;
        out->warnings += severity == LB_WARNING;
        out->infos += severity == LB_INFO;
    }
}

bool lb_plan_empty(const struct lb_plan *plan)
{
    struct lb_plan_counts counts;
    lb_plan_count(plan, &counts);
    return plan->complete && !counts.create && !counts.update && !counts.replace && !counts.steps;
}

bool lb_plan_can_apply(const struct lb_plan *plan, const char **why_not, int *exit_code)
{
    struct lb_plan_counts counts;
    lb_plan_count(plan, &counts);
    *why_not = NULL;
    *exit_code = LB_EXIT_OK;
    if (!plan->complete) {
        *why_not = "not everything could be read, so the plan is incomplete";
        *exit_code = LB_EXIT_ERROR;
    } else if (counts.errors) {
        *why_not = "an error-severity finding refuses this plan";
        *exit_code = LB_EXIT_REFUSED;
    }
    return !*why_not;
}

const char *lb_plan_left_out(const struct lb_plan *plan)
{
    for (size_t i = 0; i < plan->finding_count; i++)
        if (lb_streq(plan->findings[i].code, "LB-P037"))
            return plan->findings[i].detail;
    return NULL;
}

bool lb_plan_of_all(const struct lb_plan *plan)
{
    return !plan->assumed_down_count && !lb_plan_left_out(plan);
}

char *lb_plan_summary(struct lb_arena *arena, const struct lb_plan *plan)
{
    struct lb_plan_counts n;
    lb_plan_count(plan, &n);
    if (lb_plan_empty(plan) && !n.release)
        return lb_arena_strdup(arena,
                               plan->assumed_down_count
                                   ? "No changes that can be made while a region is assumed down."
                               : lb_plan_left_out(plan) ? "No changes in the part that was planned."
                                                        : "No changes. Live matches the spec.");
    return lb_arena_printf(
        arena, "Plan: %zu to create, %zu to update, %zu to replace, %zu to release; %zu step%s.",
        n.create, n.update, n.replace, n.release, n.steps, n.steps == 1 ? "" : "s");
}

void lb_plan_seal(struct lb_arena *arena, struct lb_plan *plan)
{
    struct lb_value *body = lb_value_map(arena);
    lb_map_set_string(arena, body, "stack", plan->stack);
    lb_map_set_string(arena, body, "account", plan->account);
    lb_map_set_string(arena, body, "partition", plan->partition);
    lb_map_set_string(arena, body, "primary", plan->regions[LB_SIDE_PRIMARY]);
    lb_map_set_string(arena, body, "secondary", plan->regions[LB_SIDE_SECONDARY]);
    lb_map_set_string(arena, body, "spec", plan->spec_digest);
    lb_map_set_bool(arena, body, "complete", plan->complete);
    for (size_t i = 0; i < plan->assumed_down_count; i++)
        lb_list_add_string(arena, lb_map_list(arena, body, "assumed_down"), plan->assumed_down[i]);
    struct lb_value *observed = lb_map_map(arena, body, "observed");
    for (size_t i = 0; i < plan->observed_count; i++)
        if (plan->observed[i].relevant)
            lb_map_set_string(arena, observed, plan->observed[i].address, plan->observed[i].digest);
    struct lb_value *changes = lb_map_list(arena, body, "changes");
    for (size_t i = 0; i < plan->change_count; i++)
        lb_list_add(arena, changes,
                    lb_value_format(arena, "%s %s", lb_action_name(plan->changes[i].action),
                                    plan->changes[i].address));
    struct lb_value *steps = lb_map_list(arena, body, "steps");
    for (size_t i = 0; i < plan->step_count; i++)
        lb_list_add(arena, steps,
                    lb_value_format(arena, "%s %s %s %s", plan->steps[i].address,
                                    plan->steps[i].granule, plan->steps[i].call,
                                    plan->steps[i].digest));
    plan->id = lb_value_digest(arena, body);
}
