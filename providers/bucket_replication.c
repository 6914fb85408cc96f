/* bucket_replication.c: replication between the two buckets of a replicated repository.
 *
 * Both directions are set up beforehand, because a failover must not need S3's control plane in the
 * region that is gone; one writer at a time is the repository's rule, and S3 does not replicate
 * replicas, so nothing goes in circles. Whether delete markers are copied has no safe default
 * (true: a deletion by mistake reaches the copy; false: the copy keeps what was pruned), so the
 * spec must say it.
 */
#include "base/xml.h"
#include "providers/bucket.h"
#include "providers/names.h"

#include <string.h>

#define REPLICATION_ROLE "replication" /* key of the role that is made when the spec names none */

static const struct lb_op get_replication = {.service = &lb_s3_service,
                                             .name = "GetBucketReplication",
                                             .brief = true,
                                             .method = "GET",
                                             .path = "/{Bucket}?replication",
                                             .iam = "s3:GetReplicationConfiguration"};
static const struct lb_op put_replication = {.service = &lb_s3_service,
                                             .name = "PutBucketReplication",
                                             .method = "PUT",
                                             .path = "/{Bucket}?replication",
                                             .mutates = true,
                                             .iam = "s3:PutReplicationConfiguration"};
static const struct lb_op delete_replication = {.service = &lb_s3_service,
                                                .name = "DeleteBucketReplication",
                                                .method = "DELETE",
                                                .path = "/{Bucket}?replication",
                                                .mutates = true,
                                                .iam = "s3:PutReplicationConfiguration"};

/* --- expand
 * --------------------------------------------------------------------------------------- */

/* The bucket that receives what is written to `bucket`; NULL when the repository does not replicate
 * it. */
static const char *destination_of(const struct lb_value *repository, const char *bucket)
{
    const char *primary = lb_repository_bucket(repository, LB_SIDE_PRIMARY);
    const char *secondary = lb_repository_bucket(repository, LB_SIDE_SECONDARY);
    if (!lb_streq(lb_text_at(repository, "topology", ""), "replicated") || !primary || !secondary ||
        lb_streq(primary, secondary)) {
        return NULL;
    }
    if (lb_streq(primary, bucket)) {
        return secondary;
    }
    return lb_streq(secondary, bucket) ? primary : NULL;
}

/* The first role of the purpose, as the spec orders them. */
static const char *role_key(const struct lb_stack *stack)
{
    const struct lb_value *roles = lb_map_get(stack->spec, "roles");
    for (size_t i = 0; i < lb_value_count(roles); i++) {
        const struct lb_entry *entry = lb_map_nth(roles, i);
        if (lb_streq(lb_text_at(entry->value, "purpose", ""), "replication")) {
            return entry->key;
        }
    }
    return REPLICATION_ROLE;
}

void lb_bucket_expand_replication(struct lb_stack *stack, const struct lb_entry *bucket)
{
    const struct lb_value *repositories = lb_map_get(stack->spec, "repositories");
    for (size_t i = 0; i < lb_value_count(repositories); i++) {
        const struct lb_entry *repository = lb_map_nth(repositories, i);
        if (destination_of(repository->value, bucket->key) &&
            !lb_value_at(bucket->value, "replication/role")) {
            struct lb_resource *role = lb_stack_add(stack, "role", role_key(stack), LB_SIDE_NONE,
                                                    repository);
            lb_map_default(stack->arena, role->stated, "purpose",
                           lb_value_string(stack->arena, "replication"));
        }
    }
}

/* --- derive
 * --------------------------------------------------------------------------------------- */

struct deriving {
    struct lb_stack *stack;
    struct lb_resource *bucket;
    struct lb_value *rules;
    int status;
};

static const char *key_of(const struct lb_stack *stack, const char *bucket)
{
    const struct lb_entry *entry = lb_stack_entry(stack, "buckets", bucket);
    return entry ? lb_text_at(entry->value, "encryption/kms_key", NULL) : NULL;
}

/* What S3 would take now and fail at later, object by object. */
static int check_pair(struct deriving *d, const struct lb_entry *repository,
                      const char *destination)
{
    const struct lb_mark *mark = repository->key_mark;
    const char *status = lb_text_at(d->bucket->desired, "versioning/status", "Enabled");
    int result = 0;
    /* Both buckets of the pair come by here: the repository's own fault is told once. */
    bool first = lb_streq(lb_text_at(repository->value, "buckets/primary", NULL), d->bucket->name);
    if (first && !lb_value_at(repository->value, "replication/delete_markers")) {
        result = lb_diags_error(d->stack->diags, "LB-S070", mark,
                                "repository \"%s\" has no `replication: {delete_markers: ...}`",
                                repository->key);
    }
    if (!lb_streq(status, "Enabled")) {
        result = lb_diags_error(d->stack->diags, "LB-S071", &d->bucket->mark,
                                "bucket \"%s\" of repository \"%s\" is %s", d->bucket->name,
                                repository->key, status);
    }
    if (key_of(d->stack, d->bucket->name) && !key_of(d->stack, destination)) {
        result = lb_diags_error(d->stack->diags, "LB-S073", mark,
                                "\"%s\" is encrypted with a KMS key, \"%s\" names none",
                                d->bucket->name, destination);
    }
    return result;
}

/* All generations of the repository: a failback takes a new one. */
static void add_rule(struct deriving *d, const struct lb_entry *repository, const char *destination)
{
    struct lb_arena *arena = d->stack->arena;
    const char *id = lb_arena_printf(arena, LB_BUCKET_RULE_PREFIX "%s", repository->key);
    const char *base = lb_text_at(repository->value, "base_path", "");
    if (lb_rules_find(d->rules, id)) {
        return;
    }
    struct lb_value *rule = lb_list_add(arena, d->rules, lb_value_map(arena));
    rule->why = lb_arena_printf(arena, "derived from repository.%s", repository->key);
    lb_map_set_string(arena, rule, "id", id);
    lb_map_set_bool(arena, rule, "enabled", true);
    lb_map_set_string(arena, rule, "prefix",
                      lb_arena_printf(arena, "%s%s", base, *base ? "/" : ""));
    lb_map_set_string(arena, rule, "destination", destination);
    lb_map_set_bool(arena, rule, "delete_markers",
                    lb_bool_at(repository->value, "replication/delete_markers", false));
    lb_map_set_string(arena, rule, "kms_key", key_of(d->stack, destination));
    if (lb_bool_at(repository->value, "replication/time_control", false)) {
        lb_map_set_bool(arena, rule, "time_control", true);
    }
}

/* S3 refuses the configuration while either side lacks versioning, or the role is not there. */
static void add_needs(struct deriving *d, const char *role_arn)
{
    size_t at = 0;
    for (size_t i = 0; i < lb_value_count(d->rules); i++) {
        const char *name = lb_text_at(lb_list_item(d->rules, i), "destination", "");
        struct lb_resource *other = lb_stack_find(d->stack, "bucket", name, LB_SIDE_NONE);
        if (other) {
            lb_resource_need(d->stack, d->bucket, "replication", other, "versioning");
        }
    }
    for (struct lb_resource *role; (role = lb_stack_next(d->stack, "role", &at));) {
        if (lb_streq(lb_role_arn(d->stack, role->name), role_arn)) {
            lb_resource_need(d->stack, d->bucket, "replication", role, NULL);
        }
    }
}

static void fill_stated(struct lb_stack *stack, struct lb_value *rules)
{
    for (size_t i = 0; i < lb_value_count(rules); i++) {
        struct lb_value *rule = lb_list_item(rules, i);
        lb_map_default(stack->arena, rule, "enabled", lb_value_bool(stack->arena, true));
        lb_map_default(stack->arena, rule, "prefix", lb_value_string(stack->arena, ""));
    }
}

/* A bucket that repositories use is declared even without a rule: one that an earlier topology left
 * behind is ours by its id, and must go. */
int lb_bucket_derive_replication(struct lb_stack *stack, struct lb_resource *bucket)
{
    const struct lb_value *repositories = lb_map_get(stack->spec, "repositories");
    if (!lb_bucket_in_repository(stack, bucket->name) &&
        !lb_map_get(bucket->stated, "replication")) {
        return 0;
    }
    struct lb_value *replication = lb_desire(stack, bucket, "replication",
                                             lb_value_map(stack->arena), "default");
    struct deriving d = {stack, bucket, lb_map_list(stack->arena, replication, "rules"), 0};
    fill_stated(stack, d.rules);
    for (size_t i = 0; i < lb_value_count(repositories); i++) {
        const struct lb_entry *repository = lb_map_nth(repositories, i);
        const char *destination = destination_of(repository->value, bucket->name);
        if (destination) {
            d.status |= check_pair(&d, repository, destination);
            add_rule(&d, repository, destination);
        }
    }
    if (lb_value_count(d.rules) > 0) {
        struct lb_value *role = lb_value_string(stack->arena, lb_role_arn(stack, role_key(stack)));
        role->why = "derived from the role of the purpose `replication`";
        lb_map_default(stack->arena, replication, "role", role);
        add_needs(&d, lb_text_at(replication, "role", NULL));
    }
    return d.status ? -1 : 0;
}

/* --- what stays
 * ----------------------------------------------------------------------------------- */

/* A repository that left the spec goes on being written, so its copy goes on, too. One that is in
 * the spec with another topology is not copied any more. */
static bool is_left(const struct lb_stack *stack, const char *id)
{
    return lb_starts_with(id, LB_BUCKET_RULE_PREFIX) &&
           !lb_stack_entry(stack, "repositories", id + strlen(LB_BUCKET_RULE_PREFIX));
}

bool lb_bucket_rule_is_kept(const struct lb_stack *stack, const struct lb_resource *bucket,
                            const char *id)
{
    const struct lb_value *wishes = lb_value_at(bucket->desired, "replication/rules");
    bool theirs = !lb_starts_with(id, LB_BUCKET_RULE_PREFIX) && !lb_rules_find(wishes, id);
    return theirs || is_left(stack, id) || !bucket->managed;
}

static void tell_kept(struct lb_stack *stack, const struct lb_resource *bucket, const char *id)
{
    lb_diags_add(stack->diags,
                 &(struct lb_diag){
                     .code = "LB-P036",
                     .address = bucket->address,
                     .mark = bucket->mark,
                     .detail = lb_arena_printf(stack->arena, "replication rule %s", id),
                     .remedy = "take the rule out by hand when the copy is not needed any more, or "
                               "give the repository another topology before it leaves the spec"});
}

/* They come first: what is added beside them takes another priority. */
void lb_bucket_retain_replication(struct lb_stack *stack, struct lb_resource *bucket)
{
    struct lb_arena *arena = stack->arena;
    const struct lb_value *live = lb_map_get(bucket->live.value, "replication");
    const struct lb_value *live_rules = lb_map_get(live, "rules");
    struct lb_value *replication = lb_map_get(bucket->desired, "replication");
    const struct lb_value *wishes = lb_map_get(replication, "rules");
    struct lb_value *rules = lb_value_list(arena);
    for (size_t i = 0; i < lb_value_count(live_rules) && replication; i++) {
        const char *id = lb_text_at(lb_list_item(live_rules, i), "id", "");
        if (is_left(stack, id) && !lb_rules_find(wishes, id) && !lb_rules_find(rules, id)) {
            lb_list_add(arena, rules, lb_value_copy(arena, lb_list_item(live_rules, i)));
            tell_kept(stack, bucket, id);
        }
    }
    if (lb_value_count(rules) == 0) {
        return;
    }
    for (size_t i = 0; i < lb_value_count(wishes); i++) {
        lb_list_add(arena, rules, lb_list_item(wishes, i));
    }
    lb_map_set(arena, replication, "rules", rules);
    lb_map_default(arena, replication, "role",
                   lb_value_string(arena, lb_text_at(live, "role", NULL)));
}

/* --- read
 * ----------------------------------------------------------------------------------------- */

/* "arn:aws:s3:::name" */
static const char *bucket_of(const char *arn)
{
    const char *name = arn;
    for (const char *at = arn; at && *at; at++) {
        name = *at == ':' ? at + 1 : name;
    }
    return name;
}

static bool is_on(const struct lb_value *rule, const char *path)
{
    return lb_streq(lb_text_at(rule, path, ""), "Enabled");
}

/* The priority matters only where it is stated: it is left out of a rule whose wish has none. */
static struct lb_value *rule_from_xml(struct lb_read *read, const struct lb_value *rule)
{
    struct lb_arena *arena = read->arena;
    struct lb_value *out = lb_value_map(arena);
    const char *id = lb_text_at(rule, "ID", "");
    const struct lb_value *wishes = lb_value_at(read->resource->desired, "replication/rules");
    const struct lb_value *wish = lb_rules_find(wishes, id);
    lb_map_set_string(arena, out, "id", id);
    lb_map_set_bool(arena, out, "enabled", is_on(rule, "Status"));
    if (lb_map_get(rule, "Priority") && (!wish || lb_map_get(wish, "priority"))) {
        lb_map_set_int(arena, out, "priority", lb_int_at(rule, "Priority", 0));
    }
    lb_filter_from_xml(arena, rule, out);
    lb_map_set_string(arena, out, "destination",
                      bucket_of(lb_text_at(rule, "Destination/Bucket", NULL)));
    lb_map_set_bool(arena, out, "delete_markers", is_on(rule, "DeleteMarkerReplication/Status"));
    lb_map_set_string(arena, out, "storage_class",
                      lb_text_at(rule, "Destination/StorageClass", NULL));
    lb_map_set_string(
        arena, out, "kms_key",
        lb_text_at(rule, "Destination/EncryptionConfiguration/ReplicaKmsKeyID", NULL));
    if (is_on(rule, "Destination/ReplicationTime/Status")) {
        lb_map_set_bool(arena, out, "time_control", true);
    }
    return out;
}

static void decode_replication(struct lb_read *read, const struct lb_call *call,
                               const struct lb_answer *answer)
{
    bool unset;
    if (!lb_bucket_ok(read, call, answer, &unset) && !unset) {
        return;
    }
    const struct lb_value *document = lb_bucket_document(answer);
    struct lb_value *rules = lb_value_at(document, "Rule");
    struct lb_value *out = lb_map_map(read->arena, lb_read_value(read), "replication");
    struct lb_value *list = lb_map_list(read->arena, out, "rules");
    lb_map_set_string(read->arena, out, "role", lb_text_at(document, "Role", NULL));
    for (size_t i = 0; i < lb_xml_count(rules); i++) {
        lb_list_add(read->arena, list, rule_from_xml(read, lb_xml_item(rules, i)));
    }
    if (!read->live->raw) {
        read->live->raw = lb_value_map(read->arena);
    }
    struct lb_value *raw = lb_map_map(read->arena, read->live->raw, "replication");
    lb_map_set_string(read->arena, raw, "role", lb_text_at(document, "Role", NULL));
    if (rules) {
        lb_map_set(read->arena, raw, "rules", lb_value_copy(read->arena, rules));
    }
}

int lb_bucket_read_replication(struct lb_read *read)
{
    return lb_bucket_ask(read, &get_replication, decode_replication);
}

/* --- write
 * ---------------------------------------------------------------------------------------- */

static int64_t live_priority(const struct lb_value *live_rules, const char *id)
{
    for (size_t i = 0; i < lb_xml_count(live_rules); i++) {
        const struct lb_value *rule = lb_xml_item(live_rules, i);
        if (lb_streq(lb_text_at(rule, "ID", ""), id)) {
            return lb_int_at(rule, "Priority", -1);
        }
    }
    return -1;
}

static bool is_taken(const struct lb_value *rules, int64_t priority)
{
    for (size_t i = 0; i < lb_value_count(rules); i++) {
        if (lb_int_at(lb_list_item(rules, i), "Priority", -1) == priority) {
            return true;
        }
    }
    return false;
}

/* Stated, else the one it has, else the lowest that no rule before it takes: S3 refuses two rules
 * of one priority. */
static int64_t priority_of(const struct lb_value *rule, const struct lb_value *live_rules,
                           const struct lb_value *before)
{
    int64_t priority = lb_int_at(rule, "priority", -1);
    if (priority < 0) {
        priority = live_priority(live_rules, lb_text_at(rule, "id", ""));
    }
    if (priority >= 0 && !is_taken(before, priority)) {
        return priority;
    }
    for (priority = 1; is_taken(before, priority);) {
        priority++;
    }
    return priority;
}

static void set_status(struct lb_arena *arena, struct lb_value *map, const char *element, bool on)
{
    lb_map_set_string(arena, lb_map_map(arena, map, element), "Status",
                      on ? "Enabled" : "Disabled");
}

/* 15 minutes is the only time that S3 offers. */
static void set_time_control(struct lb_arena *arena, struct lb_value *destination)
{
    set_status(arena, destination, "ReplicationTime", true);
    lb_map_set_int(arena, lb_map_map(arena, lb_map_get(destination, "ReplicationTime"), "Time"),
                   "Minutes", 15);
    set_status(arena, destination, "Metrics", true);
    lb_map_set_int(arena, lb_map_map(arena, lb_map_get(destination, "Metrics"), "EventThreshold"),
                   "Minutes", 15);
}

static struct lb_value *destination_to_xml(struct lb_write *write, const struct lb_value *rule)
{
    struct lb_arena *arena = write->arena;
    struct lb_value *out = lb_value_map(arena);
    const char *key = lb_text_at(rule, "kms_key", NULL);
    lb_map_set_string(arena, out, "Bucket",
                      lb_bucket_arn(write->stack, lb_text_at(rule, "destination", "")));
    lb_map_set_string(arena, out, "StorageClass", lb_text_at(rule, "storage_class", NULL));
    if (key) {
        lb_map_set_string(arena, lb_map_map(arena, out, "EncryptionConfiguration"),
                          "ReplicaKmsKeyID", key);
    }
    if (lb_bool_at(rule, "time_control", false)) {
        set_time_control(arena, out);
    }
    return out;
}

static struct lb_value *rule_to_xml(struct lb_write *write, const struct lb_value *rule,
                                    int64_t priority)
{
    struct lb_arena *arena = write->arena;
    struct lb_value *out = lb_value_map(arena);
    lb_map_set_string(arena, out, "ID", lb_text_at(rule, "id", NULL));
    lb_map_set_int(arena, out, "Priority", priority);
    lb_map_set(arena, out, "Filter", lb_filter_to_xml(arena, rule));
    lb_map_set_string(arena, out, "Status",
                      lb_bool_at(rule, "enabled", true) ? "Enabled" : "Disabled");
    if (lb_map_get(rule, "kms_key")) {
        set_status(arena, lb_map_map(arena, out, "SourceSelectionCriteria"),
                   "SseKmsEncryptedObjects", true);
    }
    lb_map_set(arena, out, "Destination", destination_to_xml(write, rule));
    set_status(arena, out, "DeleteMarkerReplication", lb_bool_at(rule, "delete_markers", false));
    return out;
}

int lb_bucket_write_replication(struct lb_write *write)
{
    const struct lb_value *desired = lb_map_get(write->desired, "replication");
    const struct lb_value *wishes = lb_map_get(desired, "rules");
    const struct lb_value *raw = lb_map_get(write->live->raw, "replication");
    const struct lb_value *live_rules = lb_map_get(raw, "rules");
    struct lb_value *rules = lb_value_list(write->arena);
    lb_rules_keep_foreign(write->arena, live_rules, wishes, rules);
    for (size_t i = 0; i < lb_value_count(wishes); i++) {
        const struct lb_value *wish = lb_list_item(wishes, i);
        lb_list_add(write->arena, rules,
                    rule_to_xml(write, wish, priority_of(wish, live_rules, rules)));
    }
    if (lb_value_count(rules) == 0) {
        if (!live_rules) {
            return 0; /* nothing is there to remove */
        }
        write->emit(write, lb_bucket_call(write, &delete_replication),
                    "remove the replication rules");
        return 0;
    }
    struct lb_call *call = lb_bucket_call(write, &put_replication);
    call->body_root = "ReplicationConfiguration";
    struct lb_value *body = lb_call_body(write->arena, call);
    lb_map_set_string(write->arena, body, "Role",
                      lb_text_at(desired, "role", lb_text_at(raw, "role", NULL)));
    lb_map_set(write->arena, body, "Rule", rules);
    write->emit(write, call, "set the replication rules");
    return 0;
}
