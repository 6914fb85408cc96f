/* survey.h: where kinds look for what left the spec by themselves (provider.h, `survey`). */
#ifndef LB_PLANNER_SURVEY_H
#define LB_PLANNER_SURVEY_H

#include "providers/provider.h"

/* The next stand-in that a survey is asked with: one for a kind that looks over the whole stack,
 * one for each object of `survey_in` otherwise. Begin with *provider = *object = 0. It lives in the
 * arena; NULL at the end. */
struct lb_resource *lb_survey_next(struct lb_arena *arena, const struct lb_stack *stack,
                                   size_t *provider, size_t *object);

#endif
