/* s3.h: the parts of the S3 service.
 *
 * State: "buckets": name -> { region, created, config: sub-resource -> its document's content,
 * objects: key -> list of versions, oldest first, uploads: id -> multipart upload }.
 * A version: VersionId, LastModified (s), seq (order of writing, over all buckets), and either
 * marker (a delete marker) or Size, ETag, blob, headers (as sent and given back), Tags, checksums.
 * A key whose list is empty is gone; such lists are swept at midnight. "sorted" of a bucket is the
 * number of keys when they were last put in order. "queue": what is to be replicated, "queue_due":
 * when the first of it is.
 */
#ifndef LB_SANDBOX_S3_H
#define LB_SANDBOX_S3_H

#include "sandbox/sandbox.h"

#define S3_FOLDER "_files" /* see sb_s3_folder */
#define S3_XMLNS "http://s3.amazonaws.com/doc/2006-03-01/"

enum s3_level { S3_SERVICE, S3_BUCKET, S3_OBJECT };

struct s3_call {
    struct sandbox *sandbox;
    struct sb_request *request;
    struct sb_response *response;
    struct lb_arena *arena;  /* the request's */
    const char *name;        /* of the bucket; "" at service level */
    const char *key;         /* decoded; "" at bucket level */
    struct lb_value *bucket; /* its state; NULL only for CreateBucket and ListBuckets */
    const struct s3_operation *operation;
};

struct s3_operation {
    enum s3_level level;
    const char *method;
    const char *sub;    /* query key that selects it; NULL: none needed */
    const char *header; /* header that selects it; NULL: none needed */
    const char *name;
    bool mutating;
    bool checked; /* Content-MD5 or x-amz-checksum-* is required */
    void (*run)(struct s3_call *call);
};
/* Ended by a row without name; the first that fits is it. */
extern const struct s3_operation s3_object_operations[];
extern const struct s3_operation s3_multipart_operations[];
extern const struct s3_operation s3_config_operations[];
extern const struct s3_operation s3_list_operations[];
extern const struct s3_operation s3_bucket_operations[];

/* --- s3.c
 * ------------------------------------------------------------------------------------------ */
void s3_fail(struct s3_call *call, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
const char *s3_header(const struct s3_call *call, const char *name); /* NULL when absent */
const char *s3_query(const struct s3_call *call, const char *name);  /* NULL when absent */
void s3_reply_header(struct s3_call *call, const char *name, const char *value);
/* The request's XML body below `root`, as a map; NULL after MalformedXML was answered. */
struct lb_value *s3_body(struct s3_call *call, const char *root);
struct lb_value *s3_buckets(struct sandbox *sandbox);
struct lb_value *s3_bucket(struct sandbox *sandbox, const char *name);
/* A sub-resource's content, NULL when not set. */
struct lb_value *s3_config(const struct lb_value *bucket, const char *sub);
const char *s3_versioning(const struct lb_value *bucket); /* "", "Enabled", "Suspended" */
/* "Sat, 21 Nov 2026 23:55:20 GMT" */
const char *s3_http_date(struct lb_arena *arena, int64_t at);

/* --- s3_checksum.c
 * ---------------------------------------------------------------------------------- */
/* Verifies what the client claims and collects x-amz-checksum-* into `kept` (may be NULL). False
 * after an error was answered. `required`: one must be there. */
bool s3_check_digests(struct s3_call *call, bool required, struct lb_value *kept);
/* Quoted hex MD5, as an ETag. */
const char *s3_etag(struct lb_arena *arena, const void *bytes, size_t length);
/* "hex-N" over the parts' ETags. */
const char *s3_multipart_etag(struct lb_arena *arena, const struct lb_value *etags);

/* --- s3_version.c: the stack of versions of a key
 * ----------------------------------------------------- */
struct lb_value *s3_versions(const struct lb_value *bucket, const char *key);
/* The newest version, a delete marker too; NULL when there is none. */
struct lb_value *s3_newest(const struct lb_value *bucket, const char *key);
struct lb_value *s3_version_find(const struct lb_value *bucket, const char *key, const char *id);
bool s3_is_marker(const struct lb_value *version);
/* Makes `version` (in the state's arena, without id and time) the newest by the bucket's
 * versioning. */
void s3_version_add(struct sandbox *sandbox, const char *bucket, const char *key,
                    struct lb_value *version);
/* Puts a replica at its place in the order of writing. */
void s3_version_insert(struct sandbox *sandbox, struct lb_value *bucket, const char *key,
                       struct lb_value *version);
void s3_version_drop(struct sandbox *sandbox, struct lb_value *bucket, const char *key,
                     const char *id);
/* A delete without version id: adds a delete marker, or removes. Returns the marker, NULL when
 * none. */
struct lb_value *s3_delete(struct sandbox *sandbox, const char *bucket, const char *key,
                           bool by_lifecycle);
/* New object content: bytes go to a blob. */
struct lb_value *s3_version_new(struct sandbox *sandbox, const void *bytes, size_t length);

/* --- s3_object.c
 * ------------------------------------------------------------------------------------ */
/* If-Match / If-None-Match of a write. False after 412 (or 404) was answered. */
bool s3_write_allowed(struct s3_call *call);
/* Headers of the request that belong to the object, as a map in the state's arena. */
struct lb_value *s3_object_headers(struct s3_call *call);
/* x-amz-tagging ("a=1&b=2") as a TagSet list; NULL when absent. */
struct lb_value *s3_header_tags(struct s3_call *call);
void s3_reply_version(struct s3_call *call, const struct lb_value *version);

/* --- s3_rules.c: NULL when the document is right, else an error was answered
 * -------------------------- */
bool s3_lifecycle_valid(struct s3_call *call, struct lb_value *document);
bool s3_replication_valid(struct s3_call *call, struct lb_value *document);

/* --- s3_lifecycle.c, s3_replicate.c
 * ----------------------------------------------------------------- */
/* Does a rule's Filter (or legacy Prefix) select the object? `version` may be NULL: key only. */
bool s3_rule_selects(const struct lb_value *rule, const char *key, const struct lb_value *version);
void s3_lifecycle_tick(struct sandbox *sandbox, int64_t now);
/* When a rule will expire the object: its time and rule id; 0 when none. */
int64_t s3_expires(const struct lb_value *bucket, const char *key, const struct lb_value *version,
                   const char **rule_id);
/* Marks a new version PENDING and queues it when a rule wants it. */
void s3_replicate_queue(struct sandbox *sandbox, const char *bucket, const char *key,
                        struct lb_value *version);
void s3_replicate_tick(struct sandbox *sandbox, int64_t now);

#endif
