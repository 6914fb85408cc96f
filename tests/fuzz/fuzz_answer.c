/* HTTP answers, over all wire families: the first byte chooses the family, the second the method
 * and how it is asked, two more the status. Whatever a server says is an outcome; nothing but a
 * document of the family is taken for an answer. */
#include "base/str.h"
#include "tests/fuzz/fuzz.h"
#include "transport/call.h"

static const struct lb_service services[] = {
    {.id = "iam", .signing = "iam", .prefix = "iam", .wire = LB_WIRE_QUERY},
    {.id = "monitoring", .signing = "monitoring", .prefix = "monitoring", .wire = LB_WIRE_JSON},
    {.id = "opensearch", .signing = "es", .prefix = "es", .wire = LB_WIRE_REST_JSON},
    {.id = "cluster", .signing = "es", .wire = LB_WIRE_REST_JSON},
    {.id = "s3", .signing = "s3", .prefix = "s3", .wire = LB_WIRE_REST_XML},
    {.id = "route53", .signing = "route53", .prefix = "route53", .wire = LB_WIRE_REST_XML},
};
static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE"};

static void check(const struct lb_op *op, const struct lb_answer *answer)
{
    bool success = answer->status >= 200 && answer->status < 300;
    MUST(answer->outcome <= LB_FAILED);
    MUST(success || answer->outcome != LB_ANSWERED);
    MUST(answer->outcome == LB_ANSWERED || answer->error_code);
    MUST(answer->outcome != LB_NOT_FOUND || !success);
    if (answer->outcome == LB_ANSWERED && lb_streq(op->method, "GET") && answer->status == 200)
        MUST(op->raw_answer || answer->body);
    if (answer->body && (op->service->wire == LB_WIRE_QUERY))
        MUST(lb_is(answer->body, LB_MAP) && lb_value_count(answer->body) == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    struct lb_arena *arena = lb_arena_new();
    const struct lb_op op = {.service = &services[data[0] % 6],
                             .name = "Fuzzed",
                             .method = methods[data[1] % 5],
                             .path = "/",
                             .raw_answer = data[1] & 0x80};
    struct lb_answer answer = {.status = 200 + (data[2] << 8 | data[3]) % 400,
                               .headers = lb_value_map(arena),
                               .raw = (const char *)data + 4,
                               .raw_length = size - 4};
    if (data[1] & 0x40)
        lb_map_set(arena, answer.headers, "x-amzn-errortype",
                   lb_value_string(arena, lb_arena_strndup(arena, answer.raw, size / 8)));
    /* the transport ends a body with NUL, which is not part of it */
    char *raw = lb_arena_strndup(arena, "", 0);
    if (answer.raw_length) {
        raw = lb_arena_alloc(arena, answer.raw_length + 1);
        memcpy(raw, answer.raw, answer.raw_length);
    }
    answer.raw = answer.raw_length ? raw : NULL;
    lb_answer_decode(arena, &op, &answer);
    check(&op, &answer);
    lb_arena_free(arena);
    return 0;
}
