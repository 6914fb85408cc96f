/* call.c: making calls and telling them apart. */
#include "transport/call.h"

#include "base/digest.h"
#include "base/str.h"

const char *lb_op_label(struct lb_arena *arena, const struct lb_op *op)
{
    return lb_arena_printf(arena, "%s:%s", op->service->id, op->name);
}

const char *lb_op_permission(struct lb_arena *arena, const struct lb_op *op)
{
    return op->iam ? op->iam : lb_op_label(arena, op);
}

const char *lb_answer_header(const struct lb_answer *answer, const char *lower_case_name)
{
    return lb_text(lb_map_get(answer->headers, lower_case_name), NULL);
}

struct lb_call *lb_call_new(struct lb_arena *arena, const struct lb_op *op, const char *region)
{
    struct lb_call *call = lb_arena_alloc(arena, sizeof *call);
    call->op = op;
    call->region = lb_arena_strdup(arena, region);
    return call;
}

void lb_call_param(struct lb_arena *arena, struct lb_call *call, const char *name, const char *text)
{
    if (!call->params)
        call->params = lb_value_map(arena);
    lb_map_set_string(arena, call->params, name, text);
}

void lb_call_header(struct lb_arena *arena, struct lb_call *call, const char *name,
                    const char *text)
{
    if (!call->headers)
        call->headers = lb_value_map(arena);
    lb_map_set_string(arena, call->headers, name, text);
}

struct lb_value *lb_call_body(struct lb_arena *arena, struct lb_call *call)
{
    if (!call->body)
        call->body = lb_value_map(arena);
    return call->body;
}

const char *lb_call_key(struct lb_arena *arena, const struct lb_call *call)
{
    struct lb_message message;
    char body[LB_SHA256_HEX];
    struct lb_arena *scratch = lb_arena_new();
    lb_message_build(scratch, call, &message);
    lb_sha256_hex(message.body ? message.body : "", message.body_length, body);
    /* The region of a global service says nothing about where the call goes; others' does. */
    const char *region = call->op->service->global || !call->region ? "" : call->region;
    const char *key = lb_arena_printf(
        arena, "%s:%s %s %s%s%s %s?%s %s %d %s %s %s", call->op->service->id, call->op->name,
        region, call->scheme ? call->scheme : "", call->scheme ? "://" : "",
        call->host ? call->host : "", message.path, message.query, call->op->method,
        (int)call->auth, call->user ? call->user : "", lb_value_digest(scratch, message.headers),
        body);
    lb_arena_free(scratch);
    return key;
}
