/* endpoint.h: partitions, regions, hosts. */
#ifndef LB_TRANSPORT_ENDPOINT_H
#define LB_TRANSPORT_ENDPOINT_H

#include "transport/call.h"
#include "transport/creds.h"

struct lb_partition {
    const char *id;            /* "aws", "aws-us-gov", "aws-cn" */
    const char *dns_suffix;    /* "amazonaws.com", "amazonaws.com.cn" */
    const char *global_region; /* signs global services */
    const char *iam_host;      /* "iam.amazonaws.com" */
    const char *iam_region;    /* signs IAM: differs from global_region in China */
    const char *route53_host;  /* NULL where there is none */
};
/* By region name; NULL for a name of no known shape. */
const struct lb_partition *lb_partition_of(const char *region);
/* Where the control plane of a service answers for what lives in `region`: that region itself, but
 * for a global service the one of the partition that signs it. NULL for a region of no known shape.
 */
const char *lb_service_home(const struct lb_service *service, const char *region);
/* Known region names, for validation and "did you mean". */
const char *const *lb_region_names(size_t *count);

struct lb_endpoint {
    const char *scheme;      /* "https" or, for loopback only, "http" */
    const char *connect;     /* host[:port] that is dialled; TLS is checked against host_header */
    const char *host_header; /* what Host says and the signature covers */
    const char *base_path;   /* path prefix of an override; "" usually */
    const char *signing_region;
    bool path_style; /* always true: one pool a region for S3 */
};
/* Where a call goes: AWS_ENDPOINT_URL[_SERVICE], the config file, LIFEBOAT_CLUSTER_URL for
 * clusters, else the partition's own host. -1 with a diagnostic for http:// to a host that is not
 * loopback. */
int lb_endpoint_resolve(struct lb_arena *arena, const struct lb_aws_config *config,
                        const struct lb_call *call, struct lb_diags *diags,
                        struct lb_endpoint *out);
/* True for 127.0.0.0/8, [::1] and localhost, with or without a port. */
bool lb_host_is_loopback(struct lb_arena *arena, const char *authority);

#endif
