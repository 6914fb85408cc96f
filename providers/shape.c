/* shape.c: see shape.h. Most members of a service's document are one of our attributes under
 * another name: rows say so once for both directions, so that reading and writing cannot drift
 * apart. */
#include "providers/shape.h"

#include <string.h>

void lb_shape_set(struct lb_arena *arena, struct lb_value *map, const char *path,
                  struct lb_value *value)
{
    const char *slash;
    while ((slash = strchr(path, '/'))) {
        map = lb_map_map(arena, map, lb_arena_strndup(arena, path, (size_t)(slash - path)));
        path = slash + 1;
    }
    lb_map_set(arena, map, path, value);
}

static void copy_at(struct lb_arena *arena, const struct lb_value *from, const char *from_path,
                    struct lb_value *to, const char *to_path)
{
    const struct lb_value *value = lb_value_at(from, from_path);
    if (value && value->type != LB_NULL)
        lb_shape_set(arena, to, to_path, lb_value_copy(arena, value));
}

void lb_shape_from(struct lb_arena *arena, const struct lb_shape *rows,
                   const struct lb_value *theirs, struct lb_value *ours)
{
    for (; rows->ours; rows++)
        copy_at(arena, theirs, rows->theirs, ours, rows->ours);
}

void lb_shape_to(struct lb_arena *arena, const struct lb_shape *rows, const struct lb_value *ours,
                 struct lb_value *theirs)
{
    for (; rows->ours; rows++)
        copy_at(arena, ours, rows->ours, theirs, rows->theirs);
}
