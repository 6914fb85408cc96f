/* call.h: requests and answers as data. No sockets here: planner and providers build calls and read
 * answers; transport/loop.c sends them.
 */
#ifndef LB_TRANSPORT_CALL_H
#define LB_TRANSPORT_CALL_H

#include "base/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lb_wire {
    LB_WIRE_QUERY,     /* POST form Action+Version, XML answer: STS, IAM, SNS */
    LB_WIRE_JSON,      /* POST /, X-Amz-Target, JSON: CloudWatch (1.0), events, kms (1.1) */
    LB_WIRE_REST_JSON, /* verb + path, JSON: OpenSearch Service, Lambda, a cluster's own REST API */
    LB_WIRE_REST_XML,  /* verb + path, XML: S3, Route 53 */
};

struct lb_call;
struct lb_answer;

enum lb_plane { LB_PLANE_CONTROL, LB_PLANE_DATA };

/* One row a service, defined where it is used first; there is no central list. */
struct lb_service {
    const char *id;          /* lower-case name in calls and logs: "s3", "route53" */
    const char *signing;     /* SigV4 service name: "s3", "es", "monitoring" */
    const char *prefix;      /* host prefix: "s3", "es", "monitoring"; NULL for clusters */
    const char *endpoint_id; /* AWS_ENDPOINT_URL_<this>: "S3", "OPENSEARCH", "ROUTE_53" */
    enum lb_wire wire;
    const char *version;      /* query API version: "2010-05-08" */
    const char *target;       /* X-Amz-Target prefix: "GraniteServiceVersion20100801" */
    const char *content_type; /* NULL: the wire family's own */
    const char *xmlns;        /* namespace of rest-xml bodies */
    bool global;              /* one endpoint a partition: IAM, Route 53 */
    double rate;              /* requests/s for the account, hard; 0: start at 20 and adapt */
    int window;               /* requests in flight per host; 0: 16 */
    /* What mends a failed call, where the service's own words say more than the outcome does; NULL,
     * or an answer of NULL: the outcome's own next step. Pure; the text is in the arena. */
    const char *(*next_step)(struct lb_arena *, const struct lb_call *, const struct lb_answer *);
};

/* One row an operation, static in the provider that uses it. */
struct lb_op {
    const struct lb_service *service;
    const char *name;   /* as AWS names it; for a cluster as OpenSearch's API index does */
    const char *method; /* "GET" */
    /* "/2013-04-01/hostedzone/{Id}/rrset?name={Name}": {X} is the parameter X, percent-encoded;
     * {X+} keeps slashes; a query item whose parameter is absent is left out. */
    const char *path;
    bool mutates;
    enum lb_plane plane;
    /* True for an operation that would make a second thing when sent twice (CreateHealthCheck with
     * a new reference, StartBuild): after an answer that was lost or 5xx it is not sent again but
     * followed by a read. Reads are always repeatable. */
    bool once;
    /* Members that are merged when several reads ask for the same operation: the list parameter in
     * the body, as a path ("DomainNames", "ResourceIds/ResourceId"), and how many the service
     * takes. 0: not batchable. */
    const char *batch_member;
    int batch_max;
    const char *iam;  /* IAM action when it is not ID:Name of the service; NULL otherwise */
    bool no_checksum; /* the one S3 operation with a body that takes no checksum: CreateBucket */
    /* The answer is bytes, not the wire family's tree (GetObject, _cat): body stays NULL, read raw.
     */
    bool raw_answer;
    /* Decodes copy what they keep: the memory of an answer that came (LB_ANSWERED) ends when `done`
     * returns. For reads that a fleet makes by the thousand. */
    bool brief;
};

/* "s3:PutBucketVersioning": the words of the plan's `call`, in the arena. */
const char *lb_op_label(struct lb_arena *arena, const struct lb_op *op);

/* "s3:PutLifecycleConfiguration": the IAM action that allows it. */
const char *lb_op_permission(struct lb_arena *arena, const struct lb_op *op);

enum lb_auth { LB_AUTH_SIGV4, LB_AUTH_BASIC, LB_AUTH_NONE };

struct lb_call {
    const struct lb_op *op;
    const char *region;       /* where the object lives; global services sign with their own */
    const char *host;         /* a cluster's own host (no scheme); NULL for AWS services */
    const char *scheme;       /* "https" when NULL; "http" is refused unless loopback */
    const char *address;      /* the object it is for, for messages and logs */
    struct lb_value *params;  /* map: path and query parameters */
    struct lb_value *headers; /* map: extra headers (x-amz-expected-bucket-owner) */
    struct lb_value *body;    /* map or list; NULL: none. JSON, form or XML by the wire family */
    const char *body_root;    /* root element of a rest-xml body */
    const char *raw;          /* instead of body: bytes to send as they are */
    size_t raw_length;
    const char *raw_type; /* content type of raw */
    enum lb_auth auth;    /* basic: user and the reference of the secret below */
    const char *user;
    const char *secret;        /* "env:NAME" or "file:PATH"; read when the call is sent */
    int64_t deadline_ms;       /* all attempts together, from the first sending; 0: 60 s */
    const char *idempotent_on; /* error code that means "already so": answer counts as success */
    /* Error code that is sent again with back-off until the deadline, whatever its status: a role
     * that was made seconds ago is not yet visible to the service that is to use it. */
    const char *retry_on;
    /* Error code that ends the step though the object may be there: what was made is not usable. */
    const char *final_on;
};

enum lb_outcome {
    LB_ANSWERED,    /* 2xx, body decoded */
    LB_NOT_FOUND,   /* 404, or an error code that says the thing is not there / not set */
    LB_REFUSED,     /* a final 4xx: error_code says which */
    LB_DENIED,      /* access denied, or a signature that is not accepted */
    LB_EXPIRED,     /* the credentials are not valid, or no longer: nothing was done */
    LB_THROTTLED,   /* still throttled when the attempts or the deadline ran out */
    LB_FAILED,      /* 5xx or unreadable answer to the end; the work may have been done */
    LB_UNREACHABLE, /* no connection; the work was not begun */
    LB_CANCELLED,   /* interrupted before it was sent, or, a read, before its answer came */
};

/* Codes made here, besides the services' own: NoCredentials, NoSecret, Unreachable, TlsError,
 * AssumedDown, Timeout, ConnectionLost, UnreadableAnswer, TooLarge, Cancelled, HTTPnnn (a status
 * without a code), and LB-A... for a call that could not be sent. */
struct lb_answer {
    enum lb_outcome outcome;
    int status;               /* HTTP; 0 when none came */
    struct lb_value *body;    /* decoded; for rest-xml and query a map with the root element */
    struct lb_value *headers; /* map, lower-case names */
    const char *raw;          /* undecoded body of a raw_answer; NULL when empty */
    size_t raw_length;
    const char *error_code;    /* "NoSuchBucket"; "repository_missing_exception" */
    const char *error_message; /* the server's words, unescaped */
    const char *request_id;
    int attempts;
    int64_t elapsed_ms;
};

const char *lb_answer_header(const struct lb_answer *answer, const char *lower_case_name);

/* --- building a call: all parts live in the arena --------------------------------------------- */
struct lb_call *lb_call_new(struct lb_arena *arena, const struct lb_op *op, const char *region);
/* Sets a path or query parameter. NULL text sets nothing. When the call is sent, a name that the
 * operation's path does not hold and a path parameter that is absent or empty end the program. */
void lb_call_param(struct lb_arena *arena, struct lb_call *call, const char *name,
                   const char *text);
void lb_call_header(struct lb_arena *arena, struct lb_call *call, const char *name,
                    const char *text);
/* The body map, made on first use. */
struct lb_value *lb_call_body(struct lb_arena *arena, struct lb_call *call);
/* Identifies a request: equal keys ask the same thing of the same place. */
const char *lb_call_key(struct lb_arena *arena, const struct lb_call *call);

/* One HTTP message, ready but for signature and host: built by transport/wire.c from a call. */
struct lb_message {
    const char *method;
    const char *path;  /* percent-encoded, starts with '/' */
    const char *query; /* percent-encoded "a=b&c", sorted as sent; "" when none */
    struct lb_value *headers;
    const char *body;
    size_t body_length;
};
void lb_message_build(struct lb_arena *arena, const struct lb_call *call, struct lb_message *out);
/* Reads an HTTP answer by the wire family of its operation: body, error code, outcome. */
void lb_answer_decode(struct lb_arena *arena, const struct lb_op *op, struct lb_answer *answer);

#endif
