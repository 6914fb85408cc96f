/* diff.h: desired against live, led by the schema alone. */
#ifndef LB_PLANNER_DIFF_H
#define LB_PLANNER_DIFF_H

#include "planner/plan.h"

/* Compares one object and fills `out`. Only what is declared is compared; members of kept-foreign
 * lists and maps that are not ours are listed, not touched. */
void lb_diff_resource(struct lb_arena *arena, struct lb_stack *stack, struct lb_resource *resource,
                      struct lb_change *out);
/* Equality of two values under a schema node: sets, keyed lists, durations, policies, ... */
bool lb_diff_equal(const struct lb_schema *schema, const struct lb_value *a,
                   const struct lb_value *b);
/* True when `map` holds what the entry says, or the entry says nothing that counts. */
bool lb_diff_covers(const struct lb_schema *schema, const struct lb_entry *entry,
                    const struct lb_value *map);
/* The item of `list` that stands for `item`: by its key in a keyed list, else the first equal. */
const struct lb_value *lb_diff_find(const struct lb_schema *schema, const struct lb_value *list,
                                    const struct lb_value *item);
/* What an item of a keyed list is known by; "" when it has no key. */
const char *lb_diff_key(const struct lb_schema *schema, const struct lb_value *item);
/* Null, or containers with nothing in them: an object that lacks it has it. */
bool lb_diff_says_nothing(const struct lb_value *value);
/* True when some field of the change lies in that granule. */
bool lb_change_touches(const struct lb_change *change, const char *granule);

#endif
