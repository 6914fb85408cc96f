/* judge_objects.c: lifeboat's transport puts, reads, lists and deletes objects whose keys come as a
 * JSON list on standard input, so that servers and a proxy which the project did not write can
 * judge how odd keys are encoded and signed. Prints "OPERATION STATUS CODE KEY-NUMBER", one a line;
 * the environment says where to and as whom. judge_objects BUCKET REGION <keys.json
 */
#include "base/json.h"
#include "base/str.h"
#include "transport/loop.h"

#include <stdio.h>
#include <string.h>

static const struct lb_service s3 = {
    .id = "s3", .signing = "s3", .prefix = "s3", .endpoint_id = "S3", .wire = LB_WIRE_REST_XML};
static const struct lb_op operations[] = {
    {.service = &s3,
     .name = "PutObject",
     .method = "PUT",
     .path = "/{Bucket}/{Key+}",
     .mutates = true},
    {.service = &s3,
     .name = "GetObject",
     .method = "GET",
     .path = "/{Bucket}/{Key+}",
     .raw_answer = true},
    {.service = &s3,
     .name = "ListObjectsV2",
     .method = "GET",
     .path = "/{Bucket}?list-type=2&prefix={Key}"},
    {.service = &s3,
     .name = "DeleteObject",
     .method = "DELETE",
     .path = "/{Bucket}/{Key+}",
     .mutates = true},
};
static const struct lb_permit permit = {
    "0123456789012345678901234567890123456789012345678901234567890123"};

struct asked {
    const struct lb_op *op;
    const char *key;
    size_t number;
};

/* What was put is the key itself; another body is as bad as a refusal. */
static void print(void *payload, const struct lb_answer *answer)
{
    const struct asked *asked = payload;
    const char *code = answer->error_code ? answer->error_code : "ok";
    if (answer->outcome == LB_ANSWERED && asked->op->raw_answer &&
        (answer->raw_length != strlen(asked->key) ||
         memcmp(answer->raw, asked->key, answer->raw_length) != 0)) {
        code = "OtherBody";
    }
    printf("%s %d %s %zu\n", asked->op->name, answer->status, code, asked->number);
}

static void send_one(struct lb_arena *arena, const struct lb_exchange *exchange,
                     const struct asked *asked, const char *bucket, const char *region)
{
    struct lb_call *call = lb_call_new(arena, asked->op, region);
    lb_call_param(arena, call, "Bucket", bucket);
    lb_call_param(arena, call, "Key", asked->key);
    call->address = "bucket.judge";
    if (lb_streq(asked->op->method, "PUT")) {
        call->raw = asked->key;
        call->raw_length = strlen(asked->key);
        call->raw_type = "application/octet-stream";
    }
    exchange->submit(exchange->self, asked->op->mutates ? &permit : NULL, arena, call, print,
                     (void *)asked);
    exchange->run(exchange->self, NULL);
}

static const struct lb_value *keys_from(struct lb_arena *arena, FILE *file)
{
    static char text[1 << 16];
    const char *error = NULL;
    size_t length = fread(text, 1, sizeof text, file);
    return lb_json_parse(arena, text, length, &error);
}

int main(int argc, char **argv)
{
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    struct lb_loop *loop;
    lb_diags_init(&diags, arena);
    const struct lb_value *keys = keys_from(arena, stdin);
    if (argc != 3 || lb_value_count(keys) == 0 || lb_loop_new(arena, &diags, &loop) != 0) {
        fprintf(stderr, "usage: judge_objects BUCKET REGION <keys.json\n");
        return 64;
    }
    struct lb_exchange exchange = lb_loop_exchange(loop);
    for (size_t i = 0; i < lb_value_count(keys); i++) {
        for (size_t j = 0; j < sizeof operations / sizeof *operations; j++) {
            struct asked asked = {&operations[j], lb_text(lb_list_item(keys, i), ""), i};
            send_one(arena, &exchange, &asked, argv[1], argv[2]);
        }
    }
    lb_arena_free(arena);
    return 0;
}
