/* names.h: the names and ARNs of objects, which are known before the objects are. Deterministic, so
 * that there is no state file: the same spec finds the same objects. One place for all kinds.
 */
#ifndef LB_PROVIDERS_NAMES_H
#define LB_PROVIDERS_NAMES_H

#include "providers/provider.h"

/* `name:` of the entry, else STACK-KEY. Role names are unique in the account. */
const char *lb_role_name(const struct lb_stack *stack, const char *key);
const char *lb_role_arn(const struct lb_stack *stack, const char *key); /* path included */
/* Bucket names are the keys themselves. */
const char *lb_bucket_arn(const struct lb_stack *stack, const char *bucket);
enum lb_side lb_bucket_side(const struct lb_stack *stack, const char *bucket);
/* `name:` of the entry, else the key: the same name in both regions. */
const char *lb_domain_name(const struct lb_stack *stack, const char *key);
const char *lb_domain_arn(const struct lb_stack *stack, const char *key, enum lb_side side);
/* True for a domain with `endpoint:`, a cluster that is not AWS's. */
bool lb_domain_self_managed(const struct lb_stack *stack, const char *key);
/* Does the domain exist on that side: warm always, cold only while it is the active one. */
bool lb_domain_on_side(const struct lb_stack *stack, const char *key, enum lb_side side);
/* "OpenSearch_2.19" -> 2, 19, true; "Elasticsearch_7.10" -> 7, 10, false. */
bool lb_engine_opensearch(const char *engine, int *major, int *minor);
/* The repository's path for the spec's generation: "search/g1". */
const char *lb_repository_path(const struct lb_stack *stack, const struct lb_value *repository);
/* The bucket that the writer on that side uses (`buckets: {primary: ...}`). NULL when not declared.
 */
const char *lb_repository_bucket(const struct lb_value *repository, enum lb_side writer);

#endif
