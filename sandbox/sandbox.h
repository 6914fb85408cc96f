/* sandbox.h: the whole contract between the sandbox's server and its services.
 *
 * lifeboat-sandbox is an embedded AWS plus clusters on loopback: one process, one port, virtual
 * time, faults and a log of every call. server.c speaks HTTP (libmicrohttpd, a thread a connection)
 * and does what is common: SigV4 check, aws-chunked bodies, faults, regions that are down, the call
 * log. A service is one file with one `struct sb_service`; it sees decoded requests and changes
 * state.
 *
 * All state is one value tree, so that `GET state`, `--state DIR` and a restart need no code of a
 * service. One lock guards it: a service's functions are called with the lock held, never two at
 * once.
 */
#ifndef LB_SANDBOX_SANDBOX_H
#define LB_SANDBOX_SANDBOX_H

#include "base/str.h"
#include "base/value.h"

struct sandbox {
    struct lb_arena *arena;    /* owns the state; compacted by copying when it has grown */
    struct lb_value *state;    /* map: service id -> that service's state */
    const char *account;       /* "111122223333" unless --account */
    const char *state_dir;     /* NULL: kept in memory */
    double speed;              /* virtual seconds per wall second */
    struct lb_value *clusters; /* "NAME@REGION" -> URL of a real node, from --cluster */
    /* private to server.c, clock.c, fault.c, log.c */
    struct sandbox_private *private;
};

/* Virtual now, seconds UTC; moves with the wall clock times speed, and by POST clock. It stands
 * still while one request is handled, and within tick it is the tick's time. */
int64_t sb_now(const struct sandbox *sandbox);
/* Milliseconds from an arbitrary start, as fast as that clock but never jumping: for request rates,
 * since clients pace themselves by LIFEBOAT_TIME_SCALE. */
int64_t sb_paced_ms(const struct sandbox *sandbox);
/* The service's state map, made empty on first use. What is stored in it must be made in, or copied
 * (lb_value_copy) into, sandbox->arena: a request's arena ends with its answer. Keep no pointer
 * into the state from one call to the next: compaction moves it. Keys may be any UTF-8 text. */
struct lb_value *sb_state(struct sandbox *sandbox, const char *service);
/* A tick changed the state (handling a mutating request implies it): it is to be saved. */
void sb_touch(struct sandbox *sandbox);
/* A number set by POST settings, as in {"iam_propagation_s": 30}. */
int64_t sb_setting(const struct sandbox *sandbox, const char *name, int64_t otherwise);
bool sb_region_down(const struct sandbox *sandbox, const char *region_or_global_service);
/* Pseudo-random hex/base32 text that is the same in every run with the same calls: ids. */
char *sb_id(struct sandbox *sandbox, struct lb_arena *arena, const char *alphabet, size_t length);
/* Large bytes (S3 objects) live outside the tree, by digest; data outlives compaction. */
const char *sb_blob_put(struct sandbox *sandbox, const void *bytes,
                        size_t length); /* returns the id */
const void *sb_blob_get(struct sandbox *sandbox, const char *id, size_t *length);

struct sb_request {
    struct lb_arena *arena; /* lives until the answer was sent */
    const char *method;
    const char *path; /* as sent, percent-encoded, without the query */
    const char *raw_query;
    struct lb_value *query;   /* decoded: name -> string, "" for a valueless one */
    struct lb_value *headers; /* lower-case names */
    const char *body;         /* decoded from aws-chunked */
    size_t body_length;
    const char *service; /* by the credential scope of the signature; by path for unsigned calls */
    const char *region;  /* likewise */
    const char *host;    /* Host header: names the domain of a cluster call */
    const char *caller;  /* ARN of who signed it; "" for unsigned */
    const char *access_key; /* with which; NULL for unsigned */
    const char *user;       /* of basic authentication, NULL otherwise */
    const char *password;
    /* set by the service (route), before it acts, for faults and the log: */
    const char *operation; /* "PutBucketVersioning" */
    const char *resource;  /* "search-dr-west", "nightly" */
    bool mutating;
    /* What else it names that IAM judges: the names of a list, the role that it passes. For the
     * log; NULL: nothing. May be set while it acts. */
    struct lb_value *names;
};

struct sb_response {
    int status;               /* 200 to begin with; 0: the connection is closed without an answer */
    struct lb_value *headers; /* map in the request's arena */
    struct lb_str body;
    const char *content_type;
};

struct sb_tagged; /* private to tagging.c: a search of the Resource Groups Tagging API */

struct sb_service {
    const char *name;    /* "s3": key of the state, the word in call log and faults */
    const char *signing; /* credential scope; several services may share one ("es") */
    /* Says whether a request is for this service when `signing` is shared; NULL: it is. */
    bool (*claims)(const struct sandbox *, const struct sb_request *);
    /* Names operation, resource and mutating from the request alone. -1: no such operation. */
    int (*route)(struct sandbox *, struct sb_request *);
    /* Does it. Answers always; an error is an answer too. */
    void (*handle)(struct sandbox *, struct sb_request *, struct sb_response *);
    /* Fills the service's state of a fresh account; not called when a state was loaded. Optional.
     */
    void (*begin)(struct sandbox *);
    /* Time has passed (also called with small steps): domains progress, rules expire, replication.
     */
    void (*tick)(struct sandbox *, int64_t now);
    /* The service's answers to what the server refuses: faults and signatures. `code` is one of the
     * generic words AccessDenied, Throttling, InternalFailure, ServiceUnavailable,
     * UnknownOperation, MissingAuthenticationToken, InvalidClientTokenId, ExpiredToken,
     * SignatureDoesNotMatch, RequestTimeTooSkewed, AuthorizationHeaderMalformed,
     * XAmzContentSHA256Mismatch. The sb_error_* functions below translate them to their family's
     * words and status, so that they can stand here as they are. */
    void (*error)(const struct sb_request *, struct sb_response *, int status, const char *code,
                  const char *message);
    bool global;    /* one control plane for all regions, taken down by its name: iam, route53 */
    bool anonymous; /* unsigned and basic-auth calls reach handle, with caller ""; needs claims */
    /* Tells sb_tagged_add what it keeps tagged in that region. NULL: nothing (also IAM: AWS's
     * tagging API does not list it). */
    void (*tagged)(struct sandbox *, struct lb_arena *, const char *region, struct sb_tagged *);
    /* What DNS answers for a name; only Route 53 sets it (`.dns = sb_dns_answer`). */
    struct lb_value *(*dns)(struct sandbox *, struct lb_arena *, const char *name);
};
/* All services, NULL last, made from one line each in sandbox/services.c. */
extern const struct sb_service *const sb_services[];

/* --- what services ask of each other
 * --------------------------------------------------------------- */
/* tagging.c: an object and its tags, a list of {Key, Value}. */
void sb_tagged_add(struct sb_tagged *, const char *arn, const struct lb_value *tags);
/* route53.c: {"name":…, "answers":[{"type","value","set_identifier"…}], …} of GET dns/NAME. */
struct lb_value *sb_dns_answer(struct sandbox *, struct lb_arena *, const char *name);
/* iam: the role's state by ARN or name; NULL when there is none. Keys as in GetRole, plus "inline"
 * (name -> document text) and "attached" (list of ARNs). */
struct lb_value *sb_role_find(struct sandbox *, const char *arn_or_name);
/* sts: the answer's credentials of a new session, which ends at `expires` in virtual time. */
struct lb_value *sb_session_new(struct sandbox *, struct lb_arena *, const char *arn,
                                int64_t expires);
/* iam: the role exists and was made or last changed at least `iam_propagation_s` ago: before that a
 * consumer answers as AWS does for a role it cannot see or assume yet. */
bool sb_role_visible(struct sandbox *, const char *arn_or_name);
/* s3: the bytes of the current version of an object, NULL when absent or a delete marker. */
const void *sb_s3_object(struct sandbox *, const char *bucket, const char *key, size_t *length);
/* s3: region of a bucket, NULL when there is none. */
const char *sb_s3_bucket_region(struct sandbox *, const char *bucket);
/* s3: the name under which the files of a shared file system are kept: no bucket can be called so,
 * and no list shows it. Made on first use. */
const char *sb_s3_folder(struct sandbox *);
/* s3: would an anonymous GET of this object be answered? (health checks send no credentials) */
bool sb_s3_public(struct sandbox *, const char *bucket, const char *key);
/* s3: writes, deletes (as a client would: versions, delete markers, replication) from within
 * another service, as an embedded cluster's snapshots do. 0 or -1 when there is no such bucket. */
int sb_s3_write(struct sandbox *, const char *bucket, const char *key, const void *bytes,
                size_t length);
int sb_s3_remove(struct sandbox *, const char *bucket, const char *key);
/* s3: current keys with that prefix, sorted, as a list of strings. */
struct lb_value *sb_s3_keys(struct sandbox *, struct lb_arena *, const char *bucket,
                            const char *prefix);

/* --- answers in the four wire families ---------------------------------------------------------
 */
void sb_reply_json(struct sb_response *, int status, const struct lb_value *body);
/* Serialises body as <root xmlns=...>; the ?xml header is written. */
void sb_reply_xml(struct sb_response *, int status, const char *root, const char *xmlns,
                  const struct lb_value *body);
/* <ActionResponse><ActionResult>..</ActionResult><ResponseMetadata>..: IAM, STS, SNS. */
void sb_reply_query(const struct sb_request *, struct sb_response *, const char *xmlns,
                    const struct lb_value *result);
void sb_error_json(const struct sb_request *, struct sb_response *, int status, const char *code,
                   const char *message); /* __type in the body, x-amzn-errortype header */
void sb_error_query(const struct sb_request *, struct sb_response *, int status, const char *code,
                    const char *message); /* ErrorResponse/Error/Code */
void sb_error_s3(const struct sb_request *, struct sb_response *, int status, const char *code,
                 const char *message); /* Error/Code */

/* The form body of a query-protocol request as a tree: "A.member.1=x" -> A: ["x"]. */
struct lb_value *sb_form(struct sb_request *);
/* Body as JSON (empty body: empty map) or as XML (map with the root element); NULL when malformed.
 */
struct lb_value *sb_body_json(struct sb_request *);
struct lb_value *sb_body_xml(struct sb_request *);

#endif
