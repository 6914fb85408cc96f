/* hazard.h: what endangers recovery, as rows of data. To add one: a row in hazards.def and its
 * check. */
#ifndef LB_PLANNER_HAZARD_H
#define LB_PLANNER_HAZARD_H

#include "base/diag.h"

/* The rows of hazards.def as codes, for `explain` and the reference pages; NULL past the end. */
const struct lb_code *lb_hazard_code_nth(size_t i);

#endif
