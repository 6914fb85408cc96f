/* sigv4.h: AWS Signature Version 4, header form.
 *
 * libcurl's own signer is not used: 7.88 neither sorts nor encodes the query and signs S3 without a
 * payload hash. Rules:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html The
 * three stages are visible so that a failing test says which one is wrong.
 */
#ifndef LB_TRANSPORT_SIGV4_H
#define LB_TRANSPORT_SIGV4_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/value.h"

#include <stdint.h>

struct lb_sigv4 {
    const char *access_key;
    const char *secret_key;
    const char *session_token; /* NULL when none */
    const char *region;
    const char *service;      /* signing name; "s3" turns off double encoding and normalisation */
    int64_t at;               /* seconds, UTC */
    const unsigned char *key; /* lb_sigv4_key's, from a caller that keeps it for the day, or NULL */
};

struct lb_sigv4_request {
    const char *method;
    const char *path;  /* as sent: percent-encoded, starts with '/' */
    const char *query; /* as sent, without '?'; may be unsorted; "" when none */
    /* Map of lower-case name -> value; all of them are signed; must hold "host". */
    const struct lb_value *headers;
    const char *payload_hash; /* hex SHA-256, or what x-amz-content-sha256 says */
};

const char *lb_sigv4_canonical(struct lb_arena *arena, const struct lb_sigv4 *params,
                               const struct lb_sigv4_request *request);
const char *lb_sigv4_string_to_sign(struct lb_arena *arena, const struct lb_sigv4 *params,
                                    const char *canonical);
/* 32 bytes: the key of (date, region, service); chunked uploads sign with it too. */
void lb_sigv4_key(const struct lb_sigv4 *params, unsigned char out[LB_SHA256_BYTES]);
const char *lb_sigv4_signature(struct lb_arena *arena, const struct lb_sigv4 *params,
                               const char *string_to_sign);

/* Adds x-amz-date, x-amz-security-token, x-amz-content-sha256 (S3 and clusters) and authorization
 * to `headers`, which must already hold every other header that is to be sent and signed. */
void lb_sigv4_sign(struct lb_arena *arena, const struct lb_sigv4 *params, const char *method,
                   const char *path, const char *query, struct lb_value *headers, const void *body,
                   size_t body_length);

#endif
