/* explain.h: from an answer that is not OK to a diagnostic. One mapping for all commands. */
#ifndef LB_TRANSPORT_EXPLAIN_H
#define LB_TRANSPORT_EXPLAIN_H

#include "base/diag.h"
#include "transport/call.h"

/* Fills *out: code, detail (what was done, what the service said), next step, address, service,
 * operation, request id, HTTP status. The texts are in the arena and unescaped: lb_diags_add
 * escapes them. */
void lb_answer_diag(struct lb_arena *arena, const struct lb_call *call,
                    const struct lb_answer *answer, struct lb_diag *out);

#endif
