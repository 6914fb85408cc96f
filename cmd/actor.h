/* actor.h: who runs this, for people who read the ledger later. A claim, not a proof: what AWS was
 * asked as is in its own trail. */
#ifndef LB_CMD_ACTOR_H
#define LB_CMD_ACTOR_H

#include "base/arena.h"

struct lb_actor {
    const char *who; /* LIFEBOAT_ACTOR, the CI's user, or the system's */
    const char *host;
    const char *run; /* LIFEBOAT_RUN_URL or the CI's page of this run; NULL: none */
};
void lb_actor_find(struct lb_arena *arena, struct lb_actor *out);

#endif
