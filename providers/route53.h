/* route53.h: what the two Route 53 kinds share: the service, names as the service writes them, and
 * record sets as values.
 */
#ifndef LB_PROVIDERS_ROUTE53_H
#define LB_PROVIDERS_ROUTE53_H

#include "providers/provider.h"

extern const struct lb_service lb_route53_service;

/* Lower case, no trailing dot, \052 and its like decoded: how two DNS names are compared. */
char *lb_dns_normal(struct lb_arena *arena, const char *name);
/* The order in which Route 53 lists names: labels from the right, bytewise. Both are normal. */
int lb_dns_order(const char *a, const char *b);
/* True when `name` is `zone` or below it. Both are normal. */
bool lb_dns_within(const char *name, const char *zone);

/* "/hostedzone/Z1" -> "Z1". */
const char *lb_route53_id(const char *id);

/* A ResourceRecordSet of an answer in the shape of schemas/failover.json. */
struct lb_value *lb_record_value(struct lb_arena *arena, const struct lb_value *set);
/* Its id there: the set identifier, or the type for a record without one; "TYPE ID" for a record
 * with both that is no CNAME, since Route 53 lets types share an identifier. */
const char *lb_record_id(struct lb_arena *arena, const struct lb_value *set);
/* A ResourceRecordSet, elements in the order of the model, from a record of the spec. */
struct lb_value *lb_record_set(struct lb_arena *arena, const char *name,
                               const struct lb_value *record);
/* The same set again, elements in the order of the model: DELETE must match every one of them. */
struct lb_value *lb_record_set_echo(struct lb_arena *arena, const struct lb_value *set);

#endif
