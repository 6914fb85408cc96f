/* release.h: objects that are ours by their tags but in no spec of the run. */
#ifndef LB_PLANNER_RELEASE_H
#define LB_PLANNER_RELEASE_H

#include "planner/engine.h"

/* Asks beside the reads of a refresh, one list per region; strays are added as answers come. */
void lb_release_ask(struct lb_engine *engine, struct lb_stack *const *stacks, size_t stack_count,
                    struct lb_refresh *out);

#endif
