/* services.h: the services' names for the table in services.c. */
#ifndef LB_SANDBOX_SERVICES_H
#define LB_SANDBOX_SERVICES_H

#include "sandbox/sandbox.h"

extern const struct sb_service sb_service_s3;
extern const struct sb_service sb_service_iam;
extern const struct sb_service sb_service_sts;
extern const struct sb_service sb_service_opensearch;
extern const struct sb_service sb_service_cluster;
extern const struct sb_service sb_service_route53;
extern const struct sb_service sb_service_cloudwatch;
extern const struct sb_service sb_service_tagging;
extern const struct sb_service sb_service_sns;

#endif
