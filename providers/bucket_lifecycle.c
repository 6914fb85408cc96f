/* bucket_lifecycle.c: the lifecycle rules of a bucket.
 *
 * The incident behind this tool was a bucket-wide expiry that put delete markers over the blobs of
 * a repository. So what people want of a lifecycle is said as intent (a self-emptying prefix, an
 * undo window, abandoned uploads) and becomes rules of ours that cannot reach a current object
 * outside that prefix. The document is shared: rules of others are kept as they are.
 */
#include "base/time.h"
#include "base/xml.h"
#include "providers/bucket.h"

#define AUTO_PURGE "lifeboat-auto-purge"
#define NONCURRENT "lifeboat-noncurrent"
#define MULTIPART "lifeboat-abort-multipart"
#define MINIMUM_SIZE "x-amz-transition-default-minimum-object-size"

static const struct lb_op get_lifecycle = {.service = &lb_s3_service,
                                           .name = "GetBucketLifecycleConfiguration",
                                           .brief = true,
                                           .method = "GET",
                                           .path = "/{Bucket}?lifecycle",
                                           .iam = "s3:GetLifecycleConfiguration"};
static const struct lb_op put_lifecycle = {.service = &lb_s3_service,
                                           .name = "PutBucketLifecycleConfiguration",
                                           .method = "PUT",
                                           .path = "/{Bucket}?lifecycle",
                                           .mutates = true,
                                           .iam = "s3:PutLifecycleConfiguration"};
static const struct lb_op delete_lifecycle = {.service = &lb_s3_service,
                                              .name = "DeleteBucketLifecycle",
                                              .method = "DELETE",
                                              .path = "/{Bucket}?lifecycle",
                                              .mutates = true,
                                              .iam = "s3:PutLifecycleConfiguration"};

/* --- derive
 * --------------------------------------------------------------------------------------- */

/* A rule of ours with one action, unless the spec states one of that id. */
static void add_rule(struct lb_stack *stack, struct lb_value *rules, const char *id,
                     const char *prefix, const char *action, const struct lb_value *age,
                     const char *why)
{
    if (lb_rules_find(rules, id)) {
        return;
    }
    struct lb_arena *arena = stack->arena;
    struct lb_value *rule = lb_list_add(arena, rules, lb_value_map(arena));
    rule->why = why;
    lb_map_set_string(arena, rule, "id", id);
    lb_map_set_bool(arena, rule, "enabled", true);
    lb_map_set_string(arena, rule, "prefix", prefix);
    lb_map_set_string(arena, rule, action, lb_text(age, NULL));
}

/* "/auto-purge" is how people say it, but keys have no leading slash: such a rule would match
 * nothing, and without a final slash it would match `auto-purge-2024/` too. */
static const char *purge_prefix(struct lb_stack *stack, const struct lb_resource *bucket,
                                const struct lb_value *stated)
{
    const char *text = lb_text(stated, "auto-purge/");
    const char *start = text;
    while (*start == '/') {
        start++;
    }
    const char *prefix = lb_arena_printf(stack->arena, "%s%s", start,
                                         *start == '\0' || lb_ends_with(start, "/") ? "" : "/");
    if (*prefix == '\0') {
        lb_diags_error(stack->diags, "LB-S069", stated->mark, "the prefix is \"%s\"", text);
        return NULL;
    }
    if (!lb_streq(prefix, text)) {
        lb_diags_add(stack->diags,
                     &(struct lb_diag){.code = "LB-S060",
                                       .severity = LB_INFO,
                                       .detail = lb_arena_printf(
                                           stack->arena, "\"%s\" is taken as \"%s\"", text, prefix),
                                       .address = bucket->address,
                                       .mark = *stated->mark});
    }
    return prefix;
}

static int derive_purge(struct lb_stack *stack, struct lb_resource *bucket, struct lb_value *rules)
{
    const struct lb_value *purge = lb_map_get(bucket->stated, "auto_purge");
    if (!purge) {
        return 0;
    }
    const struct lb_value *after = lb_map_get(purge, "after");
    const char *prefix = purge_prefix(stack, bucket, lb_map_get(purge, "prefix"));
    if (!prefix || lb_bucket_days(stack, after) < 0) {
        return -1;
    }
    add_rule(stack, rules, AUTO_PURGE, prefix, "expire_after", after, "derived from auto_purge");
    return 0;
}

static int derive_noncurrent(struct lb_stack *stack, struct lb_resource *bucket,
                             struct lb_value *rules)
{
    const struct lb_value *keep = lb_value_at(bucket->stated, "versioning/keep_noncurrent");
    if (!keep) {
        return 0;
    }
    if (lb_bucket_days(stack, keep) < 0) {
        return -1;
    }
    add_rule(stack, rules, NONCURRENT, "", "noncurrent_after", keep,
             "derived from versioning.keep_noncurrent");
    return 0;
}

static int derive_multipart(struct lb_stack *stack, struct lb_resource *bucket,
                            struct lb_value *rules)
{
    const struct lb_value *after = lb_map_get(bucket->stated, "abort_multipart_after");
    if (!after || lb_streq(lb_text(after, ""), "never")) {
        return 0;
    }
    if (lb_bucket_days(stack, after) < 0) {
        return -1;
    }
    add_rule(stack, rules, MULTIPART, "", "abort_multipart_after", after,
             "derived from abort_multipart_after");
    return 0;
}

/* An age of a stated rule or move. */
static int check_age(struct lb_stack *stack, const struct lb_value *map, const char *key)
{
    const struct lb_value *age = lb_map_get(map, key);
    return age && lb_bucket_days(stack, age) < 0 ? -1 : 0;
}

static int check_moves(struct lb_stack *stack, const struct lb_value *moves)
{
    int status = 0;
    for (size_t i = 0; i < lb_value_count(moves); i++) {
        status |= check_age(stack, lb_list_item(moves, i), "after");
    }
    return status;
}

/* As S3 will answer it: bytes, and no fraction of a second. */
static void canonical(struct lb_arena *arena, struct lb_value *rule)
{
    static const char *const sizes[] = {"larger_than", "smaller_than"};
    const struct lb_value *day = lb_map_get(rule, "expire_on");
    int64_t bytes = 0;
    lb_map_default(arena, rule, "enabled", lb_value_bool(arena, true));
    lb_map_default(arena, rule, "prefix", lb_value_string(arena, ""));
    lb_map_set_string(arena, rule, "expire_on", lb_bucket_date(arena, day));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *text = lb_text_at(rule, sizes[i], NULL);
        if (text && lb_size_parse(text, &bytes) == 0) {
            lb_map_set_int(arena, rule, sizes[i], bytes);
        }
    }
}

/* Stated rules: ages must be whole days. */
static int check_rules(struct lb_stack *stack, struct lb_value *rules)
{
    int status = 0;
    for (size_t i = 0; i < lb_value_count(rules); i++) {
        struct lb_value *rule = lb_list_item(rules, i);
        canonical(stack->arena, rule);
        status |= check_age(stack, rule, "expire_after");
        status |= check_age(stack, rule, "noncurrent_after");
        status |= check_age(stack, rule, "abort_multipart_after");
        status |= check_moves(stack, lb_map_get(rule, "transitions"));
        status |= check_moves(stack, lb_map_get(rule, "noncurrent_transitions"));
    }
    return status ? -1 : 0;
}

int lb_bucket_derive_lifecycle(struct lb_stack *stack, struct lb_resource *bucket)
{
    struct lb_value *lifecycle = lb_desire(stack, bucket, "lifecycle", lb_value_map(stack->arena),
                                           "default");
    struct lb_value *rules = lb_map_list(stack->arena, lifecycle, "rules");
    int status = check_rules(stack, rules);
    status |= derive_purge(stack, bucket, rules);
    status |= derive_noncurrent(stack, bucket, rules);
    status |= derive_multipart(stack, bucket, rules);
    return status ? -1 : 0;
}

/* --- read
 * ----------------------------------------------------------------------------------------- */

static void decode_lifecycle(struct lb_read *read, const struct lb_call *call,
                             const struct lb_answer *answer)
{
    bool unset;
    if (!lb_bucket_ok(read, call, answer, &unset) && !unset) {
        return;
    }
    const struct lb_value *document = lb_bucket_document(answer);
    struct lb_value *rules = lb_value_at(document, "Rule");
    struct lb_value *lifecycle = lb_map_map(read->arena, lb_read_value(read), "lifecycle");
    struct lb_value *out = lb_map_list(read->arena, lifecycle, "rules");
    for (size_t i = 0; i < lb_xml_count(rules); i++) {
        lb_list_add(read->arena, out, lb_lifecycle_from_xml(read->arena, lb_xml_item(rules, i)));
    }
    if (!read->live->raw) {
        read->live->raw = lb_value_map(read->arena);
    }
    struct lb_value *raw = lb_map_map(read->arena, read->live->raw, "lifecycle");
    lb_map_set_string(read->arena, raw, "minimum_size", lb_answer_header(answer, MINIMUM_SIZE));
    if (rules) {
        lb_map_set(read->arena, raw, "rules", lb_value_copy(read->arena, rules));
    }
}

int lb_bucket_read_lifecycle(struct lb_read *read)
{
    return lb_bucket_ask(read, &get_lifecycle, decode_lifecycle);
}

/* --- write
 * ---------------------------------------------------------------------------------------- */

int lb_bucket_write_lifecycle(struct lb_write *write)
{
    const struct lb_value *desired = lb_value_at(write->desired, "lifecycle/rules");
    const struct lb_value *raw = lb_map_get(write->live->raw, "lifecycle");
    struct lb_value *rules = lb_value_list(write->arena);
    lb_rules_keep_foreign(write->arena, lb_map_get(raw, "rules"), desired, rules);
    for (size_t i = 0; i < lb_value_count(desired); i++) {
        lb_list_add(write->arena, rules,
                    lb_lifecycle_to_xml(write->arena, lb_list_item(desired, i)));
    }
    if (lb_value_count(rules) == 0) {
        if (!lb_map_get(raw, "rules")) {
            return 0; /* nothing is there to remove */
        }
        write->emit(write, lb_bucket_call(write, &delete_lifecycle), "remove the lifecycle rules");
        return 0;
    }
    struct lb_call *call = lb_bucket_call(write, &put_lifecycle);
    call->body_root = "LifecycleConfiguration";
    lb_map_set(write->arena, lb_call_body(write->arena, call), "Rule", rules);
    /* Left out, S3 falls back to its own default, for the foreign rules too. */
    lb_call_header(write->arena, call, MINIMUM_SIZE, lb_text_at(raw, "minimum_size", NULL));
    write->emit(write, call, "set the lifecycle rules");
    return 0;
}
