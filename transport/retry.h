/* retry.h: what an error means, and how long to wait. One table for all services. */
#ifndef LB_TRANSPORT_RETRY_H
#define LB_TRANSPORT_RETRY_H

#include "transport/call.h"

/* Error code of a cluster that has no such API at all, which no server says in one way. */
#define LB_UNKNOWN_PATH "UnknownPath"

enum lb_error_class {
    LB_CLASS_FINAL,
    LB_CLASS_THROTTLE,
    LB_CLASS_TRANSIENT,
    LB_CLASS_SKEW, /* clock skew: correct once, try again */
    LB_CLASS_DENIED,
    LB_CLASS_EXPIRED,   /* of no use any more: others, or none */
    LB_CLASS_NOT_FOUND, /* absent, or a sub-resource that is not set */
};
enum lb_error_class lb_error_classify(const struct lb_service *service, int status,
                                      const char *error_code, const char *error_message);
/* Full jitter: random(0..1) * min(base * 2^attempt, 20 s); base 1 s for throttles, 50 ms else. */
int64_t lb_retry_delay_ms(enum lb_error_class error_class, int attempt, double random01);

#endif
