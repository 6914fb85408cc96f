/* services.c: the table of services. A new one is its file and one line here; the order decides
 * which is asked first to claim a request.
 */
#include "sandbox/services.h"

const struct sb_service *const sb_services[] = {
    &sb_service_iam,
    &sb_service_sts,
    &sb_service_tagging,
    &sb_service_opensearch,
    &sb_service_cluster,
    &sb_service_cloudwatch,
    &sb_service_sns,
    &sb_service_route53, /* after cloudwatch: its checks read streams of the same instant */
    &sb_service_s3,      /* last: it takes every unsigned path that nobody else claims */
    NULL,
};
