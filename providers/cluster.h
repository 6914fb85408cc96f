/* cluster.h: calls to a domain's own REST API, shared by role_mapping, repository and schedule. */
#ifndef LB_PROVIDERS_CLUSTER_H
#define LB_PROVIDERS_CLUSTER_H

#include "providers/provider.h"

extern const struct lb_service lb_cluster_service;

/* The domain object a cluster object lives on; NULL when the domain is not on that side. */
struct lb_resource *lb_cluster_domain(const struct lb_stack *stack, const char *domain,
                                      enum lb_side side);
/* Declares that `resource` needs the domain and is read after it. */
void lb_cluster_depends(struct lb_stack *stack, struct lb_resource *resource, const char *domain);
/* Aims a call at the domain's endpoint: host, region, authentication. False when the domain has no
 * endpoint yet (absent or being created): then nothing can exist in it. */
bool lb_cluster_aim(struct lb_arena *arena, const struct lb_stack *stack, const char *domain,
                    enum lb_side side, struct lb_call *call);
/* "/_plugins/_security" or, for Elasticsearch engines, "/_opendistro/_security". */
const char *lb_cluster_security_base(const struct lb_stack *stack, const char *domain);

#endif
