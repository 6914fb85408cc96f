/* bucket.h: what the bucket_*.c files share. Nobody else includes it. */
#ifndef LB_PROVIDERS_BUCKET_H
#define LB_PROVIDERS_BUCKET_H

#include "providers/s3.h"

#define LB_BUCKET_NONE "none"             /* `policy: none`: there is to be none */
#define LB_BUCKET_RULE_PREFIX "lifeboat-" /* rules whose id starts so are ours */
#define LB_DAY_SECONDS 86400

/* --- bucket.c
 * ------------------------------------------------------------------------------------------ */
/* Does a repository of the spec use it? */
bool lb_bucket_in_repository(const struct lb_stack *stack, const char *bucket);

/* --- bucket_days.c: S3 counts in whole days
 * ------------------------------------------------------- */
/* Days of a duration; -1 with a diagnostic at `value` when it is not a whole, positive number. */
int64_t lb_bucket_days(struct lb_stack *stack, const struct lb_value *value);
/* A point in time as the schema writes it, without fractions; NULL when absent. */
const char *lb_bucket_date(struct lb_arena *arena, const struct lb_value *text);
/* "7d" of a count of days as S3 answers it. NULL when absent. */
const char *lb_bucket_duration(struct lb_arena *arena, const struct lb_value *days);
/* Sets `member` to the days of the duration `text`; NULL sets nothing. */
void lb_bucket_set_days(struct lb_arena *arena, struct lb_value *map, const char *member,
                        const char *text);

/* --- bucket_lifecycle.c
 * ----------------------------------------------------------------------------- */
int lb_bucket_derive_lifecycle(struct lb_stack *stack, struct lb_resource *bucket);
int lb_bucket_read_lifecycle(struct lb_read *read);
int lb_bucket_write_lifecycle(struct lb_write *write);

/* --- bucket_rules.c: lifecycle rules as S3 writes them, and as the schema does
 * ------------------------ */
struct lb_value *lb_lifecycle_from_xml(struct lb_arena *arena, const struct lb_value *rule);
struct lb_value *lb_lifecycle_to_xml(struct lb_arena *arena, const struct lb_value *rule);
/* The filter of a rule: {Prefix} or {And: {Prefix, Tag...}}; also of replication rules. */
struct lb_value *lb_filter_to_xml(struct lb_arena *arena, const struct lb_value *rule);
/* Sets prefix, tags, larger_than and smaller_than of `out` from a rule with Filter or old Prefix.
 */
void lb_filter_from_xml(struct lb_arena *arena, const struct lb_value *rule, struct lb_value *out);
/* The rule of that id in a list of the schema's shape; NULL when there is none. */
struct lb_value *lb_rules_find(const struct lb_value *rules, const char *id);
/* Rules of the live document that are not in `desired` and not ours by their id, as they are. */
void lb_rules_keep_foreign(struct lb_arena *arena, const struct lb_value *live_rules,
                           const struct lb_value *desired, struct lb_value *out);

/* --- bucket_replication.c
 * ------------------------------------------------------------------------- */
/* Adds the stack's replication role when the bucket replicates and the spec names none. */
void lb_bucket_expand_replication(struct lb_stack *stack, const struct lb_entry *bucket);
int lb_bucket_derive_replication(struct lb_stack *stack, struct lb_resource *bucket);
/* Does a live rule stay that the spec does not have: one of others, one whose repository left it?
 */
bool lb_bucket_rule_is_kept(const struct lb_stack *stack, const struct lb_resource *bucket,
                            const char *id);
/* Takes the rules of repositories that left the spec into what is desired, and tells (LB-P036). */
void lb_bucket_retain_replication(struct lb_stack *stack, struct lb_resource *bucket);
int lb_bucket_read_replication(struct lb_read *read);
int lb_bucket_write_replication(struct lb_write *write);

/* --- bucket_read.c
 * ---------------------------------------------------------------------------------- */
/* Asks one operation on the bucket. Always 0. */
int lb_bucket_ask(struct lb_read *read, const struct lb_op *op, lb_decode_fn *decode);
/* True when answered. *unset: the bucket is there, but this was never set. The answers of a bucket
 * that lives in another region say nothing: the answer with the tags speaks for all. */
bool lb_bucket_ok(struct lb_read *read, const struct lb_call *call, const struct lb_answer *answer,
                  bool *unset);
/* The document of an answer, whatever its root is called: SDKs do not look at the name either, and
 * S3-compatible servers differ in it. NULL when there is none, and for what was never set. */
const struct lb_value *lb_bucket_document(const struct lb_answer *answer);
int lb_bucket_read(struct lb_read *read);
int lb_bucket_read_ownership(struct lb_read *read);
int lb_bucket_read_public_access(struct lb_read *read);
int lb_bucket_read_encryption(struct lb_read *read);
int lb_bucket_read_versioning(struct lb_read *read);
int lb_bucket_read_policy(struct lb_read *read);

/* --- bucket_write.c
 * --------------------------------------------------------------------------------- */
/* A call on the bucket, aimed. */
struct lb_call *lb_bucket_call(struct lb_write *write, const struct lb_op *op);
int lb_bucket_write(struct lb_write *write);
int lb_bucket_write_tags(struct lb_write *write);
int lb_bucket_write_ownership(struct lb_write *write);
int lb_bucket_write_public_access(struct lb_write *write);
int lb_bucket_write_encryption(struct lb_write *write);
int lb_bucket_write_versioning(struct lb_write *write);
int lb_bucket_write_policy(struct lb_write *write);

#endif
