/* call.c: making calls and telling them apart. */
#include "transport/call.h"

#include "base/digest.h"
#include "base/json.h"
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
    struct lb_str text = {0};
    struct lb_arena *scratch = lb_arena_new();
    lb_message_build(scratch, call, &message);
    /* The region of a global service says nothing about where the call goes; others' does. */
    const char *region = call->op->service->global || !call->region ? "" : call->region;
    const char *const parts[] = {call->op->service->id, call->op->name,   region,
                                 call->scheme,          call->host,       message.path,
                                 message.query,         call->op->method, call->user};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        lb_str_puts(&text, parts[i] ? parts[i] : "");
        lb_str_putc(&text, '\n');
    }
    lb_str_putc(&text, (char)('0' + call->auth));
    lb_json_canonical(&text, message.headers);
    lb_str_add(&text, message.body ? message.body : "", message.body_length);
    char *key = lb_arena_alloc(arena, LB_SHA256_HEX);
    lb_sha256_hex(lb_str_text(&text), text.length, key);
    lb_str_release(&text);
    lb_arena_free(scratch);
    return key;
}
