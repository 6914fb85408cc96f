/* cluster.h: calls to a domain's own REST API, shared by role_mapping, repository and schedule. */
#ifndef LB_PROVIDERS_CLUSTER_H
#define LB_PROVIDERS_CLUSTER_H

#include "providers/provider.h"

extern const struct lb_service lb_cluster_service;

/* The domain object a cluster object lives on; NULL when the domain is not on that side. */
struct lb_resource *lb_cluster_domain(const struct lb_stack *stack, const char *domain,
                                      enum lb_side side);
/* The engine of the domain on that side ("OpenSearch_2.19"); NULL when it is not there. */
const char *lb_cluster_engine(const struct lb_stack *stack, const char *domain, enum lb_side side);
/* True for OpenSearch of at least that version. */
bool lb_cluster_opensearch_since(const struct lb_stack *stack, const char *domain,
                                 enum lb_side side, int major, int minor);
/* Declares that `resource` needs the domain and is read after it. */
void lb_cluster_depends(struct lb_stack *stack, struct lb_resource *resource, const char *domain);
/* The ARN of the domain that an object which was derived lives on: what `arn` of these kinds says.
 */
const char *lb_cluster_arn(const struct lb_stack *stack, const struct lb_resource *resource);
/* Aims a call at the domain's endpoint: host, region, authentication. False when the domain has no
 * endpoint yet (absent or being created): then nothing can exist in it. */
bool lb_cluster_aim(struct lb_arena *arena, const struct lb_stack *stack, const char *domain,
                    enum lb_side side, struct lb_call *call);
/* Asks the domain of the object being read. Where it has no endpoint the object is absent, where
 * the domain could not be read it is unreadable; nothing is sent then. */
void lb_cluster_ask(struct lb_read *read, const char *domain, struct lb_call *call,
                    lb_decode_fn *decode);
/* Asks the domain that a survey looks into (lb_provider.survey_in) for a list. Nothing is sent
 * where it has no endpoint. Objects of the kind that are read there ask for the same list, so this
 * call is sent only where there are none; it then waits no longer than a few seconds, since a
 * cluster that cannot be reached from here need not be reached for such a plan. */
void lb_cluster_survey(struct lb_read *read, struct lb_call *list, lb_decode_fn *decode);
/* What was found there, to be filled by the survey: a new list in the `inside` of what is looked
 * into. NULL when no list came. Where the cluster does not know such a list nothing is there;
 * otherwise it is noted that nobody could look, unless an object of the kind asked for the same and
 * says so itself. */
struct lb_value *lb_cluster_surveyed(struct lb_read *read, const struct lb_call *call,
                                     const struct lb_answer *answer);
/* "schedule.nightly@primary": what a survey calls a thing that it found in a domain. Where the spec
 * has that very object, but in another domain, the one that was left behind is told apart by its
 * domain: "schedule.logs/nightly@primary". No name in a spec holds a slash. */
const char *lb_cluster_stray_address(struct lb_read *read, const char *name);
/* The next step of a refusal: tells apart the security plugin (which mapping is missing), IAM, and
 * a bucket that the nodes cannot use. NULL for answers that are none of these. */
const char *lb_cluster_next_step(struct lb_arena *arena, const struct lb_call *call,
                                 const struct lb_answer *answer);
/* Registered, but the nodes could not use it. */
#define LB_CLUSTER_UNVERIFIED "repository_verification_exception"
/* "/_plugins/_security" or, for Elasticsearch engines, "/_opendistro/_security". */
const char *lb_cluster_security_base(const struct lb_stack *stack, const char *domain);

/* --- rules that several kinds of a cluster share -------------------------------------------- */
/* Does the domain check permissions inside (fine-grained access control)? */
bool lb_cluster_has_security(const struct lb_stack *stack, const char *domain, enum lb_side side);
/* ARNs of the roles with purpose `caller`, in the order of the spec; an empty list when none. */
struct lb_value *lb_cluster_callers(const struct lb_stack *stack);
/* Declares that the object waits for those roles. */
void lb_cluster_need_callers(struct lb_stack *stack, struct lb_resource *resource);
/* The entry of `repositories:` that a repository object stands for: its own, or for NAME-local that
 * of NAME with topology `dual`. *local says which. NULL when there is none. */
const struct lb_entry *lb_cluster_repository(const struct lb_stack *stack, const char *name,
                                             bool *local);

#endif
