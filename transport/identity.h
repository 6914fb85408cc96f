/* identity.h: who the credentials are, as sts:GetCallerIdentity says. It needs no permission.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
#ifndef LB_TRANSPORT_IDENTITY_H
#define LB_TRANSPORT_IDENTITY_H

#include "transport/call.h"

extern const struct lb_op lb_op_caller_identity;

/* Of its answer, which must be LB_ANSWERED; "" when a part is missing. The texts are the answer's.
 */
void lb_identity_read(const struct lb_answer *answer, const char **account, const char **arn);

#endif
