/* release.h: objects that are ours by their tags but in no spec of the run. */
#ifndef LB_PLANNER_RELEASE_H
#define LB_PLANNER_RELEASE_H

#include "planner/engine.h"

struct lb_release;

/* Regions in which something of the stack may be listed: its two, and those where the control
 * planes of global services list theirs (Route 53's health checks). */
struct lb_value *lb_release_regions(struct lb_arena *arena, const struct lb_stack *stack);

/* Asks beside the reads of a refresh, one list per region; strays are added as answers come. */
struct lb_release *lb_release_ask(struct lb_engine *engine, struct lb_stack *const *stacks,
                                  size_t stack_count, struct lb_refresh *out);

/* Gets the list of {Key, Value} of one object; NULL when the list does not have it. */
typedef void lb_release_fn(void *payload, const struct lb_value *tags);
/* Tells once the list of that region is complete, at once when there is none (also for a NULL
 * release). `arn` must live until then. */
void lb_release_tags(struct lb_release *release, const char *region, const char *arn,
                     lb_release_fn *told, void *payload);

#endif
