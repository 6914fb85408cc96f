/* wave.h: reading many objects at once.
 *
 * A wave sends every distinct request once, whoever asks for it, merges the batchable ones, and
 * starts what depends on another object's live state (an endpoint) as soon as that is read.
 */
#ifndef LB_PLANNER_WAVE_H
#define LB_PLANNER_WAVE_H

#include "planner/engine.h"

/* Requests that the reading of one object, or of one list, may ask: 1,000 pages of 100 items. */
#define LB_ASKS_MAX 1000

struct lb_wave;

/* Called once for each object, when its live state was replaced. */
typedef void lb_wave_fn(void *payload, struct lb_resource *resource);

/* Everything the wave makes lives in `arena`, also the live values. Diagnostics of reads go to each
 * stack's sink. */
struct lb_wave *lb_wave_new(struct lb_engine *engine, struct lb_arena *arena,
                            struct lb_refresh *strays, lb_wave_fn *done, void *payload);
/* Adds an object: all its wanted granules, or, with `granule`, only the read that answers for it.
 */
void lb_wave_add(struct lb_wave *wave, struct lb_stack *stack, struct lb_resource *resource,
                 const char *granule);
/* Adds the kinds' own searches for what left the spec. */
void lb_wave_survey(struct lb_wave *wave, struct lb_stack *stack);
/* Adds a question about a planned change; *out lives as long as the arena. */
void lb_wave_forecast(struct lb_wave *wave, struct lb_stack *stack, struct lb_change *change,
                      struct lb_forecast *out);
/* Sends the first requests; the caller then runs the exchange. Objects that wait for others, which
 * are neither in the wave nor read before, are taken as ready. */
void lb_wave_start(struct lb_wave *wave);

#endif
