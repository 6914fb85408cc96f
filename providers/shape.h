/* shape.h: attributes of a schema <-> members of a service's document, as rows of paths. */
#ifndef LB_PROVIDERS_SHAPE_H
#define LB_PROVIDERS_SHAPE_H

#include "base/value.h"

/* "keep/max_age" <-> "deletion/condition/max_age"; a table ends with NULL. */
struct lb_shape {
    const char *ours, *theirs;
};

/* Sets "a/b/c", making the maps on the way. */
void lb_shape_set(struct lb_arena *arena, struct lb_value *map, const char *path,
                  struct lb_value *value);
/* Copies what is there (not null), row by row. */
void lb_shape_from(struct lb_arena *arena, const struct lb_shape *rows,
                   const struct lb_value *theirs, struct lb_value *ours);
void lb_shape_to(struct lb_arena *arena, const struct lb_shape *rows, const struct lb_value *ours,
                 struct lb_value *theirs);

#endif
