/* cluster_forward.h: between cluster_forward.c, which calls the real node, and
 * cluster_forward_repository.c, which knows repositories. */
#ifndef LB_SANDBOX_CLUSTER_FORWARD_H
#define LB_SANDBOX_CLUSTER_FORWARD_H

#include "sandbox/cluster.h"

/* A call as the node gets it. */
struct sb_forwarded {
    const char *body;
    size_t length;
    /* Of a registration of type s3, else NULL: */
    const char *name;
    struct lb_value *sent; /* {type settings} as it came */
    const char *fault;     /* the service's: the node registers it without verifying it */
};

/* `folder`: s3 repositories become folders in it; NULL: the node has repository-s3. */
void sb_forward_registration(struct sb_call *call, const char *folder, struct sb_forwarded *out);
/* Turns the node's answer, which is in call->response, into the domain's. */
void sb_forward_back(struct sb_call *call, const char *folder,
                     const struct sb_forwarded *forwarded);

#endif
