/* hazard.c: runs the checks of hazards.def. */
#include "planner/hazard.h"

#include "planner/engine.h"

#include "base/exit.h"

typedef void check_fn(struct lb_stack *stack, struct lb_diags *findings);

static const struct hazard {
    struct lb_code code;
    bool live; /* needs live state */
    check_fn *check;
} hazards[] = {
#define LB_HAZARD(code, severity, live, check, summary, why, remedy)                               \
    {{code, summary, why, remedy, severity, LB_EXIT_REFUSED}, live, check},
#include "planner/hazards.def"
#undef LB_HAZARD
    {{NULL, NULL, NULL, NULL, LB_INFO, 0}, false, NULL},
};

static void run(struct lb_stack *stack, struct lb_diags *findings, bool live)
{
    for (const struct hazard *hazard = hazards; hazard->check; hazard++)
        if (hazard->live == live)
            hazard->check(stack, findings);
}

void lb_hazards_offline(struct lb_stack *stack, struct lb_diags *findings)
{
    run(stack, findings, false);
}

void lb_hazards_live(struct lb_stack *stack, struct lb_diags *findings)
{
    run(stack, findings, true);
}

const struct lb_code *lb_hazard_code_nth(size_t i)
{
    size_t count = sizeof hazards / sizeof *hazards - 1;
    return i < count ? &hazards[i].code : NULL;
}
