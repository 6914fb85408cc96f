/* failover.h: private to the parts of the failover provider. */
#ifndef LB_PROVIDERS_FAILOVER_H
#define LB_PROVIDERS_FAILOVER_H

#include "providers/provider.h"

extern const struct lb_op lb_list_zones; /* from DNSName on, of any kind: at most MaxItems */
extern const struct lb_op lb_list_sets;  /* from StartRecordName on */

/* Does the identifier of a record set begin with this stack's mark? */
bool lb_record_is_own(const struct lb_stack *stack, const char *id);

int lb_failover_survey(struct lb_read *read); /* failover_survey.c */

#endif
