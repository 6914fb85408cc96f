/* iam.h: the IAM service, and policy documents as values. */
#ifndef LB_PROVIDERS_IAM_H
#define LB_PROVIDERS_IAM_H

#include "providers/provider.h"

extern const struct lb_service lb_iam_service;

/* An empty policy document: {Version, Statement: []}. */
struct lb_value *lb_policy_new(struct lb_arena *arena);
/* Adds an Allow statement. `actions` ends with NULL; without resources nothing is added, because a
 * statement with an empty Resource is refused (MalformedPolicyDocument). Returns the statement. */
struct lb_value *lb_policy_allow(struct lb_arena *arena, struct lb_value *document, const char *sid,
                                 const char *const *actions, struct lb_value *resources);
/* A document as IAM returns it: percent-encoded JSON. A text that is no JSON stays a text. */
struct lb_value *lb_policy_decode(struct lb_arena *arena, const char *text);
/* A name that means itself in the Resource of a policy: * ? and $ have a meaning there. */
const char *lb_policy_literal(struct lb_arena *arena, const char *name);
/* Adds to a list unless it is there or NULL. */
void lb_list_add_once(struct lb_arena *arena, struct lb_value *list, const char *text);

#endif
