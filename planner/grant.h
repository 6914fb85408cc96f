/* grant.h: what IAM must allow for this spec: the schemas' actions, on this spec's objects.
 *
 * Made offline from the same lists that the reference pages show. Limits: a managed policy holds
 * 6,144 characters without white space, all inline policies of a role together 10,240 (IAM user
 * guide, "IAM and AWS STS quotas").
 */
#ifndef LB_PLANNER_GRANT_H
#define LB_PLANNER_GRANT_H

#include "providers/provider.h"

#define LB_GRANT_MANAGED_MAX 6144
#define LB_GRANT_INLINE_MAX 10240

enum lb_grant_for {
    LB_GRANT_PLAN,  /* every read: plan and drift */
    LB_GRANT_APPLY, /* reads and writes */
    /* For a stack whose active side is the surviving one: its regional objects, and reads of what
     * is global. Nothing that writes to IAM or Route 53, nothing in the other region. */
    LB_GRANT_FAILOVER,
};

/* A list of policy documents: one, or several of at most LB_GRANT_MANAGED_MAX characters each when
 * it would not fit inline. Keys, actions, resources and statements are sorted, so that equal specs
 * give equal bytes. No document when nothing is needed. */
struct lb_value *lb_grant_documents(struct lb_arena *arena, const struct lb_stack *stack,
                                    enum lb_grant_for what_for);
/* Characters that IAM counts of a document. */
size_t lb_grant_size(const struct lb_value *document);
/* Why a resource is no exact ARN: "the action knows no resources"; NULL when it is one. */
const char *lb_grant_why(const char *resource);

#endif
