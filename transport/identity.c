/* identity.c: the one call that says who we are. The planner holds the spec's account against it,
 * the loop the account of credentials that were renewed while it ran.
 */
#include "transport/identity.h"

static const struct lb_service sts = {.id = "sts",
                                      .signing = "sts",
                                      .prefix = "sts",
                                      .endpoint_id = "STS",
                                      .wire = LB_WIRE_QUERY,
                                      .version = "2011-06-15"};
const struct lb_op lb_op_caller_identity = {
    .service = &sts, .name = "GetCallerIdentity", .method = "POST", .path = "/"};

void lb_identity_read(const struct lb_answer *answer, const char **account, const char **arn)
{
    const char *base = "GetCallerIdentityResponse/GetCallerIdentityResult";
    const struct lb_value *result = lb_value_at(answer->body, base);
    *account = lb_text_at(result, "Account", "");
    *arn = lb_text_at(result, "Arn", "");
}
