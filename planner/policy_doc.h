/* policy_doc.h: IAM policy documents, compared and evaluated by meaning. */
#ifndef LB_PLANNER_POLICY_DOC_H
#define LB_PLANNER_POLICY_DOC_H

#include "base/value.h"

/* Equal in effect: order of statements, lists and keys does not matter, a string is a list of one,
 * an account number is its root ARN, Sid and Id are labels. Takes trees or JSON text. */
bool lb_policy_equal(const struct lb_value *a, const struct lb_value *b);
/* `*` and `?` as IAM means them. */
bool lb_policy_glob(const char *pattern, const char *text);

#endif
