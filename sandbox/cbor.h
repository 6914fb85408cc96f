/* cbor.h: as much CBOR (RFC 8949) as Smithy's rpc-v2-cbor needs: what the AWS SDKs of today speak
 * to CloudWatch. */
#ifndef LB_SANDBOX_CBOR_H
#define LB_SANDBOX_CBOR_H

#include "base/str.h"
#include "base/value.h"

/* NULL when it is not well-formed or nested too deeply. Tags are dropped: a timestamp is its
 * number. */
struct lb_value *sb_cbor_parse(struct lb_arena *arena, const char *bytes, size_t length);
/* Numbers under a key that ends with "Timestamp" or "Timestamps" are tagged as instants. */
void sb_cbor_write(struct lb_str *out, const struct lb_value *value);

#endif
