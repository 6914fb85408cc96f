/* s3.h: the S3 service, shared by the kinds that use buckets or objects. */
#ifndef LB_PROVIDERS_S3_H
#define LB_PROVIDERS_S3_H

#include "providers/provider.h"

extern const struct lb_service lb_s3_service;

/* Names the bucket, and the account that must own it: a bucket of that name that someone else made
 * is refused by S3 instead of being read or written (bucket owner condition). */
void lb_s3_aim(struct lb_arena *arena, const struct lb_stack *stack, struct lb_call *call,
               const char *bucket);

#endif
