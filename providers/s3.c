/* s3.c: the S3 service's row, and the guard that every call on a bucket carries. */
#include "providers/s3.h"

const struct lb_service lb_s3_service = {
    .id = "s3",
    .signing = "s3",
    .prefix = "s3",
    .endpoint_id = "S3",
    .wire = LB_WIRE_REST_XML,
    .xmlns = "http://s3.amazonaws.com/doc/2006-03-01/",
};

void lb_s3_aim(struct lb_arena *arena, const struct lb_stack *stack, struct lb_call *call,
               const char *bucket)
{
    lb_call_param(arena, call, "Bucket", bucket);
    lb_call_header(arena, call, "x-amz-expected-bucket-owner", stack->account);
}
