/* tags.h: AWS's tag lists ({Key, Value}) as maps, and back. Shared by the kinds that have tags. */
#ifndef LB_PROVIDERS_TAGS_H
#define LB_PROVIDERS_TAGS_H

#include "providers/provider.h"

/* A list of {Key, Value}, also a lone one as XML answers hold it, as a map. Never NULL. */
struct lb_value *lb_tags_to_map(struct lb_arena *arena, const struct lb_value *list);
/* The value of one tag of such a list, NULL when it has none. Takes no memory: the list of marked
 * objects is walked once a stack. */
const char *lb_tags_get(const struct lb_value *list, const char *key);
/* A list of {Key, Value} maps in the order of the map. */
struct lb_value *lb_tags_to_list(struct lb_arena *arena, const struct lb_value *map);
/* Members of `desired` that `live` lacks or holds with another value. */
struct lb_value *lb_tags_changed(struct lb_arena *arena, const struct lb_value *desired,
                                 const struct lb_value *live);
/* Keys of `live` that are ours by their prefix and not desired any more. */
struct lb_value *lb_tags_dropped(struct lb_arena *arena, const struct lb_value *desired,
                                 const struct lb_value *live);
/* Reads tags into the live object: the attribute `tags`, and the owner. */
void lb_tags_read(struct lb_read *read, const struct lb_value *list);
/* Asks for the tags of an object that has a `tags` granule: `decode` gets them out of the refresh's
 * list, if there is one. */
void lb_tags_ask(struct lb_read *read, const char *region, const char *arn, lb_tags_fn *decode);
/* Takes listed tags when they are what the spec says. That list lags behind writes, so one that
 * differs, or none (NULL), proves nothing: false, and the service is to be asked. */
bool lb_tags_take(struct lb_read *read, const struct lb_value *listed);
/* Does the object carry this stack's mark in the list of its region? 0: no; -1: there is no such
 * list. */
int lb_tags_marked(const struct lb_stack *stack, const char *region, const char *arn);

#endif
