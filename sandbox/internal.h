/* internal.h: what the server's own files share and services do not see.
 *
 * The way of a request: server.c (sockets) -> dispatch.c (which service, signature, faults, log) ->
 * the service. Everything from sb_serve on runs without a socket, so unit tests drive it directly.
 */
#ifndef LB_SANDBOX_INTERNAL_H
#define LB_SANDBOX_INTERNAL_H

#include "sandbox/sandbox.h"

#include <pthread.h>
#include <stdio.h>

/* The documented test key pair: it opens nothing anywhere else. */
#define SB_ACCESS_KEY "AKIALIFEBOATSANDBOX0"
#define SB_SECRET_KEY "lifeboat-sandbox-secret-key-not-a-secret"
#define SB_MAX_BODY ((size_t)1 << 30) /* bytes of one request */

struct sb_blob; /* state.c */

struct sandbox_private {
    pthread_mutex_t lock;
    /* clock.c */
    int64_t virtual_base_ms, wall_base_ms; /* virtual time at a monotonic instant */
    int64_t now;                           /* seconds; what sb_now answers */
    bool ticking;                          /* a service is being ticked: no nested catch-up */
    /* fault.c */
    struct lb_arena *fault_arena;
    struct lb_value *faults; /* list of maps; "seen" counts matching calls */
    /* log.c */
    struct lb_arena *log_arena;
    const char **log_lines;
    size_t log_count, log_capacity;
    FILE *log_file;
    /* state.c */
    struct sb_blob **blobs;
    size_t blob_count, blob_capacity;
    uint64_t ids;
    bool dirty;
    unsigned outside; /* calls that gave up the lock for a while: no compaction under them */
    unsigned port;    /* where it listens: what a forwarded node is told of S3 */
    int64_t saved_ms;
    unsigned changes; /* since the last compaction */
};

/* What becomes of the connection. The last two send half of the body first. */
enum sb_send { SB_SEND, SB_CLOSE, SB_RESET, SB_TRUNCATE, SB_RESET_BODY };

struct sb_exchange {
    struct sb_request request;
    struct sb_response response;
    bool loopback; /* the peer is this machine: control is allowed */
    enum sb_send send;
    int64_t delay_ms; /* before the answer goes out, of wall time; ends when the client leaves */
};

/* --- state.c ------------------------------------------------------------------------------------
 */
/* Loads --state when there is one. 0, or -1 with a line on standard error. */
int sb_open(struct sandbox *sandbox, const char *log_path);
void sb_close(struct sandbox *sandbox); /* saves and frees */
/* Saves when something changed, at most once a second unless `now`. Lock held. */
void sb_save(struct sandbox *sandbox, bool now);
void sb_compact(struct sandbox *sandbox); /* when it is due */
/* The server's own part of the state: regions that are down, settings. */
struct lb_value *sb_server_state(struct sandbox *sandbox);

/* --- persist.c ----------------------------------------------------------------------------------
 */
/* Keys for a file whose reader refuses case twins: "Key" -> "^key", "^" -> "^^"; and back. */
struct lb_value *sb_keys_fold(struct lb_arena *arena, const struct lb_value *value);
struct lb_value *sb_keys_unfold(struct lb_arena *arena, const struct lb_value *value);
int sb_file_write(const char *path, const void *bytes, size_t length); /* atomic; 0 or -1 */
char *sb_file_read(const char *path, size_t *length);                  /* malloc'ed; NULL */

/* --- clock.c -------------------------------------------------------------------------------------
 */
void sb_clock_start(struct sandbox *sandbox, int64_t at);
void sb_clock_catch_up(struct sandbox *sandbox);                 /* ticks services up to now */
void sb_clock_advance(struct sandbox *sandbox, int64_t seconds); /* and catches up */

/* --- dispatch.c ----------------------------------------------------------------------------------
 */
/* Answers one request: method, path, raw_query, headers, body, host set, the rest made here. */
void sb_serve(struct sandbox *sandbox, struct sb_exchange *exchange);

/* --- sign.c
 * --------------------------------------------------------------------------------------- */
struct sb_auth {
    const char *state;      /* "ok", "bad", "none": the word of the call log */
    const char *scope_date; /* of the credential; NULL when unsigned */
    const char *access_key, *signed_headers, *signature;
    const char *code; /* generic error word; NULL when right */
    const char *message;
};
/* Reads Authorization (or a presigned query); sets request->service, region, user, password. */
void sb_auth_read(struct sb_request *request, struct sb_auth *auth);
/* Checks it and decodes an aws-chunked body; sets request->caller. */
void sb_auth_check(struct sandbox *sandbox, struct sb_request *request, struct sb_auth *auth);

/* How credentials end, "expired" or "revoked": the generic error word and its message; NULL: not a
 * word of these. */
const char *sb_auth_ending(const char *how, const char **message);

/* --- chunked.c
 * ------------------------------------------------------------------------------------ */
struct sb_chunked {
    const char *seed_signature; /* NULL: chunks are not signed */
    const unsigned char *key;   /* 32 bytes, lb_sigv4_key */
    const char *date, *scope;   /* "20261121T235520Z", "20261121/us-east-1/s3/aws4_request" */
    bool signed_trailer;        /* the trailer must carry x-amz-trailer-signature */
};
/* Decodes into *out; trailer headers go into `trailers` (lower-case). NULL, or what is wrong. */
const char *sb_chunked_decode(struct lb_arena *arena, const struct sb_chunked *params,
                              const char *body, size_t length, struct lb_str *out,
                              struct lb_value *trailers);

/* --- fault.c, log.c, control.c
 * -------------------------------------------------------------------- */
/* The first fault that matches and whose turn it is: its "do"; NULL when none. */
const char *sb_fault_take(struct sandbox *sandbox, const struct sb_request *request);
/* "delay:2s" and "delay:300ms". */
bool sb_fault_delay(const char *what, int64_t *ms);
/* 0, or -1 with *error set. */
int sb_fault_add(struct sandbox *sandbox, const struct lb_value *faults, const char **error);
void sb_fault_clear(struct sandbox *sandbox);
bool sb_glob(const char *pattern, const char *text); /* '*' and '?' */

void sb_log_call(struct sandbox *sandbox, const struct sb_request *request, int status,
                 const char *signature);
void sb_log_since(const struct sandbox *sandbox, int64_t since, struct lb_str *out);

void sb_control(struct sandbox *sandbox, struct sb_exchange *exchange);

/* --- server.c
 * ------------------------------------------------------------------------------------- */
struct sb_server;
/* "127.0.0.1:PORT"; port 0 takes a free one. NULL with a line on standard error. */
struct sb_server *sb_server_start(struct sandbox *sandbox, const char *listen, unsigned *port);
void sb_server_stop(struct sb_server *server);

#endif
