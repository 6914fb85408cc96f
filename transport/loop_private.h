/* loop_private.h: what the files of the loop share: loop.c (queues, timers, run), transfer.c (one
 * HTTP attempt over libcurl) and attempt.c (what an attempt means and whether another follows).
 */
#ifndef LB_TRANSPORT_LOOP_PRIVATE_H
#define LB_TRANSPORT_LOOP_PRIVATE_H

#include "transport/endpoint.h"
#include "transport/lane.h"
#include "transport/log.h"
#include "transport/loop.h"
#include "transport/timer.h"

#include <curl/curl.h>

#define LB_SECRET_MAX 4096

/* A submitted call until it is done. Lives in the caller's arena. */
struct lb_job {
    struct lb_job *next;
    struct lb_loop *loop;
    const struct lb_call *call;
    struct lb_arena *arena;
    struct lb_arena *answers; /* the arena above, or one of its own for a brief operation */
    lb_answer_fn *done;
    void *payload;
    struct lb_lane *lane;
    struct lb_endpoint endpoint;
    struct lb_answer *answer; /* of the last attempt; NULL before */
    int attempts;
    int retries;                   /* that waited: the exponent of the back-off */
    int spent;                     /* retry budget */
    int64_t begun_ms, deadline_ms; /* monotonic */
    unsigned creds_used;           /* generation that signed the last attempt */
    int64_t skew_used;
    int skew_tries;
    bool creds_tried;
};

/* One HTTP exchange in flight. Kept and used again: easy handles are dear to make. */
struct lb_transfer {
    struct lb_transfer *next;
    struct lb_job *job;
    CURL *easy;
    struct lb_arena *scratch; /* of this attempt: what is sent, and what it was made of */
    struct lb_message message;
    const char *path; /* base path of an override and the message's path: what is sent and signed */
    struct curl_slist *headers, *connect_to;
    struct lb_str body;
    size_t taken; /* of the loop's memory, for the body */
    bool no_room;
    struct lb_value *answer_headers;
    size_t header_bytes;
    bool header_overflow;
    char secret[LB_SECRET_MAX]; /* of basic authentication, wiped when the transfer ends */
    int64_t begun_ms;
    char error[CURL_ERROR_SIZE];
};

struct lb_secret_kept {
    struct lb_secret_kept *next;
    char *text; /* wiped with the loop */
};

enum lb_creds_state { LB_CREDS_UNRESOLVED, LB_CREDS_READY, LB_CREDS_FAILED };

struct lb_loop {
    struct lb_arena *arena;
    struct lb_aws_config config;
    struct lb_creds creds;
    enum lb_creds_state creds_state;
    struct lb_creds retired;        /* those before a renewal, or refused after it: still secret */
    struct lb_secret_kept *secrets; /* all that the run has read */
    unsigned creds_generation;
    const char *account, *account_region; /* as whom the run began; NULL until that was asked */
    bool verifying;                       /* renewed credentials are, by STS */
    struct lb_lane *alone;                /* sends, and no other; NULL: all do */
    struct lb_diag *refusal;              /* how the credentials ended; see renew.c */
    bool barred;
    const char *creds_error;
    int64_t skew_s; /* service time minus ours */
    CURLM *multi;
    bool capath_off;         /* see transfer.c */
    const char *const *down; /* regions that nothing is sent to */
    size_t down_count;
    struct lb_value *lane_index; /* key -> position in lane_table */
    struct lb_lane **lane_table;
    size_t lane_count, lane_capacity;
    struct lb_timers timers;
    struct lb_job *finished, *finished_last; /* answered, not yet delivered */
    struct lb_transfer *idle, *sent;         /* sent: in flight, the youngest first */
    size_t in_flight, queued;
    size_t held; /* bytes of bodies that arrive and of large answers that live; see memory.c */
    bool stopping;
    double time_scale;
    int64_t call_timeout_ms; /* LIFEBOAT_CALL_TIMEOUT; INT64_MAX when not set */
    int64_t start_ms;
    unsigned short random[3];
    struct lb_log log;
    struct lb_loop_counts counts;
};

/* --- transfer.c --- */
int lb_transfers_init(struct lb_loop *loop);
void lb_transfers_release(struct lb_loop *loop);
/* Starts an attempt. -1: it could not be sent; job->answer says why. */
int lb_transfer_start(struct lb_loop *loop, struct lb_job *job);
/* Wipes what was secret and keeps the handle for the next attempt. */
void lb_transfer_give_back(struct lb_loop *loop, struct lb_transfer *transfer);

/* --- receive.c --- */
/* Reads a transfer that ended into job->answer and gives the handle back. */
void lb_transfer_finish(struct lb_loop *loop, struct lb_transfer *transfer, CURLcode result);
/* Ends one whose answer nobody waits for any more: LB_CANCELLED. */
void lb_transfer_abort(struct lb_loop *loop, struct lb_transfer *transfer);

/* --- memory.c --- */
/* Bytes of a body that arrives. False: there is no room for them. */
bool lb_memory_take(struct lb_loop *loop, size_t size);
void lb_memory_give_back(struct lb_loop *loop, size_t size);
/* What an answer holds until its arena is freed. The loop must outlive the arena's end. */
void lb_memory_hold(struct lb_loop *loop, struct lb_arena *arena, size_t size);

/* --- loop.c --- */
/* A secret was read: lb_loop_holds_secret looks for it until the loop ends. "" is none. */
void lb_loop_keep_secret(struct lb_loop *loop, const char *secret);
/* Milliseconds of the scaled clock (LIFEBOAT_TIME_SCALE), which paces buckets too. */
int64_t lb_loop_now_ms(const struct lb_loop *loop);
/* As lb_exchange.submit. The job's lane is NULL when it was answered here. */
struct lb_job *lb_loop_submit(struct lb_loop *loop, const struct lb_permit *permit,
                              struct lb_arena *arena, const struct lb_call *call,
                              lb_answer_fn *done, void *payload);

/* --- renew.c --- */
/* Remembers the account that the run began with; for every answer that is delivered. */
void lb_renew_note(struct lb_loop *loop, const struct lb_job *job);
/* The credentials of an attempt were refused: false when it is to be made again, with others. */
bool lb_renew_judge(struct lb_loop *loop, struct lb_job *job);
/* True when the call is not to be sent; it was answered. */
bool lb_renew_barred(struct lb_job *job);
/* How the credentials ended, when nothing that changes anything is sent any more; else NULL. */
const struct lb_diag *lb_renew_refusal(const struct lb_loop *loop);

/* --- attempt.c --- */
/* Resolves credentials when that was not done yet. -1: loop->creds_error says why not. */
int lb_loop_credentials(struct lb_loop *loop);
/* After an attempt: true when job->answer is the last word; else *delay_ms (unscaled) until the
 * next. */
bool lb_attempt_judge(struct lb_loop *loop, struct lb_job *job, int64_t *delay_ms);
/* An answer made here: no HTTP exchange took place. */
void lb_job_answer(struct lb_job *job, enum lb_outcome outcome, const char *error_code,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
