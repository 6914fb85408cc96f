/* hazard_checks.h: the checks that hazards.def names, one a row. Private to the hazards. */
#ifndef LB_PLANNER_HAZARD_CHECKS_H
#define LB_PLANNER_HAZARD_CHECKS_H

#include "planner/hazard.h"

#define LB_HAZARD(code, severity, phase, summary, why, remedy, check)                              \
    lb_hazard_fn lb_hazard_##check;
#include "planner/hazards.def"
#undef LB_HAZARD

#endif
