/* read.c: what every provider says the same way when it reads and writes. */
#include "providers/permission.h"

#include "transport/explain.h"

const struct lb_provider *lb_provider_find(const char *kind)
{
    for (size_t i = 0; lb_providers[i]; i++)
        if (lb_streq(lb_providers[i]->kind, kind))
            return lb_providers[i];
    LB_BUG("kind %s has no provider", kind);
}

struct lb_call *lb_read_call(struct lb_read *read, const struct lb_op *op)
{
    if (op->mutates)
        LB_BUG("%s would be sent to read %s", op->name, read->resource->address);
    struct lb_call *call = lb_call_new(read->arena, op, read->resource->region);
    call->address = read->resource->address;
    return call;
}

struct lb_call *lb_write_call(struct lb_write *write, const struct lb_op *op)
{
    struct lb_call *call = lb_call_new(write->arena, op, write->resource->region);
    call->address = write->resource->address;
    return call;
}

struct lb_value *lb_read_value(struct lb_read *read)
{
    if (!read->live->value)
        read->live->value = lb_value_map(read->arena);
    return read->live->value;
}

bool lb_read_ok(struct lb_read *read, const struct lb_call *call, const struct lb_answer *answer)
{
    if (answer->outcome == LB_ANSWERED)
        return true;
    if (answer->outcome == LB_NOT_FOUND)
        return false;
    struct lb_diag diag = {0};
    lb_answer_diag(read->arena, call, answer, &diag);
    lb_permission_explain(read->arena, read->stack, read->resource, call, &diag);
    diag.address = read->resource->address;
    diag.mark = read->resource->mark;
    lb_diags_add(read->diags, &diag);
    read->failed = true;
    read->live->status = LB_LIVE_UNREADABLE;
    return false;
}

void lb_read_cannot_look(struct lb_read *read, const struct lb_call *call,
                         const struct lb_answer *answer)
{
    struct lb_diag why = {0};
    lb_answer_diag(read->arena, call, answer, &why);
    struct lb_diag diag = {.code = "LB-P030", .detail = why.detail, .remedy = why.remedy};
    bool over = answer->outcome == LB_EXPIRED;
    lb_diags_add(read->diags, over ? &why : &diag);
}
