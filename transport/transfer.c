/* transfer.c: sends one attempt of one call over libcurl. The only file that sets curl options.
 *
 * libcurl 7.88 (Debian 12) shaped these choices: the CA store is cached only when a bundle file is
 * set without a directory (lib/vtls/openssl.c, cache_criteria_met), else every connection parses it
 * anew for 26 ms; bodies go as POSTFIELDS with a custom method, since an upload would wait for "100
 * Continue"; HTTP/1.1 is forced, since waiting for ALPN serialises the first wave.
 */
#include "base/digest.h"
#include "base/time.h"
#include "transport/loop_private.h"
#include "transport/secret.h"
#include "transport/sigv4.h"

#include <stdlib.h>
#include <string.h>

#define MAX_BODY ((size_t)64 << 20)
#define KEPT_BODY ((size_t)16 << 10) /* of the buffer of a handle that rests */
#define MAX_HEADERS ((size_t)64 << 10)
#define CONNECT_TIMEOUT_MS 10000
#define MAX_CONNECTIONS 256 /* kept open; libcurl's default shrinks with the handles in use */

int lb_transfers_init(struct lb_loop *loop)
{
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    lb_digest_prepare();
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return -1;
    loop->multi = curl_multi_init();
    if (!loop->multi)
        return -1;
    loop->capath_off = loop->config.ca_bundle ||
                       (version->age >= CURLVERSION_SEVENTH && version->cainfo);
    curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, (long)MAX_CONNECTIONS);
    curl_multi_setopt(loop->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    return 0;
}

void lb_transfers_release(struct lb_loop *loop)
{
    while (loop->idle) {
        struct lb_transfer *transfer = loop->idle;
        loop->idle = transfer->next;
        curl_easy_cleanup(transfer->easy);
        lb_str_release(&transfer->body);
        free(transfer);
    }
    curl_multi_cleanup(loop->multi);
    curl_global_cleanup();
}

/* --- callbacks -------------------------------------------------------------------------------- */
static size_t on_body(char *bytes, size_t size, size_t count, void *payload)
{
    struct lb_transfer *transfer = payload;
    size_t length = size * count;
    transfer->no_room = !lb_memory_take(transfer->job->loop, length);
    if (transfer->no_room)
        return 0;
    transfer->taken += length;
    lb_str_add(&transfer->body, bytes, length);
    return transfer->body.overflow ? 0 : length;
}

/* A status line begins a new set (after "100 Continue", or a proxy's own answer). A header that is
 * repeated is joined with commas, as RFC 9110 allows. */
static size_t on_header(char *bytes, size_t size, size_t count, void *payload)
{
    struct lb_transfer *transfer = payload;
    struct lb_arena *arena = transfer->job->answers;
    size_t length = size * count, end = length;
    transfer->header_bytes += length;
    transfer->header_overflow = transfer->header_bytes > MAX_HEADERS;
    if (transfer->header_overflow)
        return 0;
    if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        transfer->answer_headers = lb_value_map(arena);
    const char *colon = memchr(bytes, ':', length);
    if (!colon || !transfer->answer_headers)
        return length;
    while (end > 0 && strchr("\r\n \t", bytes[end - 1]))
        end--;
    struct lb_arena *scratch = transfer->scratch;
    const char *name = lb_lowercase(scratch,
                                    lb_arena_strndup(scratch, bytes, (size_t)(colon - bytes)));
    const char *value = colon + 1;
    while (value < bytes + end && (*value == ' ' || *value == '\t'))
        value++;
    value = value < bytes + end ? lb_arena_strndup(scratch, value, (size_t)(bytes + end - value))
                                : "";
    const char *before = lb_text(lb_map_get(transfer->answer_headers, name), NULL);
    lb_map_set_string(arena, transfer->answer_headers, name,
                      before ? lb_arena_printf(scratch, "%s, %s", before, value) : value);
    return length;
}

/* --- request ---------------------------------------------------------------------------------- */
static int add_basic(struct lb_loop *loop, struct lb_arena *scratch, struct lb_transfer *transfer,
                     struct lb_value *headers)
{
    const struct lb_call *call = transfer->job->call;
    const char *why;
    if (lb_secret_read(call->secret ? call->secret : "", transfer->secret, sizeof transfer->secret,
                       &why) < 0) {
        lb_job_answer(transfer->job, LB_DENIED, "NoSecret", "%s: %s",
                      call->secret ? call->secret : "no secret", why);
        return -1;
    }
    lb_loop_keep_secret(loop, transfer->secret);
    char *pair = lb_arena_printf(scratch, "%s:%s", call->user ? call->user : "", transfer->secret);
    char *base64 = lb_base64(scratch, pair, strlen(pair));
    char *value = lb_arena_printf(scratch, "Basic %s", base64);
    lb_map_set_string(scratch, headers, "authorization", value);
    lb_wipe(pair, strlen(pair));
    lb_wipe(base64, strlen(base64));
    lb_wipe(value, strlen(value));
    return 0;
}

static const unsigned char *key_of_day(const struct lb_loop *loop, struct lb_lane *lane,
                                       const struct lb_sigv4 *params)
{
    int64_t day = params->at / 86400;
    if (lane->key_creds != loop->creds_generation || lane->key_day != day)
        lb_sigv4_key(params, lane->key_of_day);
    lane->key_creds = loop->creds_generation;
    lane->key_day = day;
    return lane->key_of_day;
}

static int add_signature(struct lb_loop *loop, struct lb_arena *scratch,
                         struct lb_transfer *transfer, struct lb_value *headers)
{
    struct lb_job *job = transfer->job;
    if (lb_loop_credentials(loop) < 0) {
        lb_job_answer(job, LB_DENIED, "NoCredentials", "%s", loop->creds_error);
        return -1;
    }
    struct lb_sigv4 params = {
        .access_key = loop->creds.access_key,
        .secret_key = loop->creds.secret_key,
        .session_token = loop->creds.session_token,
        .region = job->endpoint.signing_region,
        .service = job->call->op->service->signing,
        .at = lb_time_now() + loop->skew_s,
    };
    params.key = key_of_day(loop, job->lane, &params);
    job->creds_used = loop->creds_generation;
    job->skew_used = loop->skew_s;
    lb_sigv4_sign(scratch, &params, transfer->message.method, transfer->path,
                  transfer->message.query, headers, transfer->message.body,
                  transfer->message.body_length);
    return 0;
}

static bool header_safe(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

static void append(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);
    if (!longer)
        lb_out_of_memory();
    *list = longer;
}

static int list_headers(struct lb_loop *loop, struct lb_transfer *transfer,
                        const struct lb_value *headers)
{
    struct lb_str line = {0};
    int status = 0;
    for (size_t i = 0; i < lb_value_count(headers) && status == 0; i++) {
        const struct lb_entry *entry = lb_map_nth(headers, i);
        const char *value = lb_text(entry->value, "");
        lb_str_clear(&line);
        /* "name;" is how libcurl is told to send a header without value. */
        lb_str_printf(&line, *value ? "%s: %s" : "%s;%s", entry->key, value);
        status = header_safe(lb_str_text(&line)) ? 0 : -1;
        if (status == 0)
            append(&transfer->headers, lb_str_text(&line));
        loop->counts.bytes_out += line.length + 2;
        const char *shown = lb_header_is_secret(entry->key) ? "[redacted]" : value;
        lb_log_line(&loop->log, LB_LOG_TRACE, NULL, "> %s: %s", entry->key, shown);
    }
    lb_wipe(line.data, line.length);
    lb_str_release(&line);
    append(&transfer->headers, "Expect:");
    if (transfer->message.body && !lb_map_get(headers, "content-type"))
        append(&transfer->headers, "Content-Type:");
    if (status < 0)
        lb_job_answer(transfer->job, LB_REFUSED, "LB-A025", "a header holds a control character");
    return status;
}

static void build_message(struct lb_transfer *transfer)
{
    const struct lb_job *job = transfer->job;
    transfer->scratch = lb_arena_new();
    lb_message_build(transfer->scratch, job->call, &transfer->message);
    transfer->path = lb_arena_printf(transfer->scratch, "%s%s", job->endpoint.base_path,
                                     transfer->message.path);
}

static int build_headers(struct lb_loop *loop, struct lb_transfer *transfer)
{
    struct lb_job *job = transfer->job;
    struct lb_arena *scratch = transfer->scratch;
    struct lb_value *headers = transfer->message.headers;
    lb_map_set_string(scratch, headers, "host", job->endpoint.host_header);
    int status = 0;
    if (job->call->auth == LB_AUTH_SIGV4)
        status = add_signature(loop, scratch, transfer, headers);
    else if (job->call->auth == LB_AUTH_BASIC)
        status = add_basic(loop, scratch, transfer, headers);
    if (status == 0)
        status = list_headers(loop, transfer, headers);
    struct lb_value *authorization = lb_map_get(headers, "authorization");
    if (authorization)
        lb_wipe((char *)authorization->as.text.bytes, authorization->as.text.length);
    return status;
}

/* --- options ---------------------------------------------------------------------------------- */

/* An option that was not taken is left as it was: another method, another address, no check of the
 * certificate. A folder of certificates is one that some TLS libraries do not know. */
static void taken(CURLcode code)
{
    if (code == CURLE_OUT_OF_MEMORY)
        lb_out_of_memory();
    if (code != CURLE_OK && code != CURLE_NOT_BUILT_IN)
        LB_BUG("libcurl: %s", curl_easy_strerror(code));
}

static void set_security(const struct lb_loop *loop, struct lb_transfer *transfer)
{
    CURL *easy = transfer->easy;
    const struct lb_endpoint *endpoint = &transfer->job->endpoint;
    taken(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, endpoint->scheme));
    taken(curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L));
    taken(curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED));
    taken(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L));
    taken(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L));
    taken(curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2));
    taken(curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L));
    if (loop->config.ca_bundle)
        taken(curl_easy_setopt(easy, CURLOPT_CAINFO, loop->config.ca_bundle));
    if (loop->capath_off)
        taken(curl_easy_setopt(easy, CURLOPT_CAPATH, NULL));
}

/* The URL holds the name that Host and TLS are about; CONNECT_TO dials another address. What is
 * asked for is stated besides: of the URL, libcurl (7.88) sends no query when it has no memory for
 * it, which is another request. */
static void set_target(struct lb_transfer *transfer)
{
    struct lb_job *job = transfer->job;
    const struct lb_endpoint *endpoint = &job->endpoint;
    struct lb_str text = {0};
    const char *query = transfer->message.query;
    const char *target = lb_arena_printf(transfer->scratch, "%s%s%s", transfer->path,
                                         *query ? "?" : "", query);
    lb_str_printf(&text, "%s://%s%s", endpoint->scheme, endpoint->host_header, target);
    taken(curl_easy_setopt(transfer->easy, CURLOPT_URL, lb_str_text(&text)));
    taken(curl_easy_setopt(transfer->easy, CURLOPT_REQUEST_TARGET, target));
    taken(curl_easy_setopt(transfer->easy, CURLOPT_PATH_AS_IS, 1L));
    if (!lb_streq(endpoint->connect, endpoint->host_header)) {
        const char *colon = strrchr(endpoint->connect, ':');
        bool has_port = colon && !strchr(colon, ']');
        lb_str_clear(&text);
        lb_str_printf(&text, "::%s%s", endpoint->connect,
                      has_port                              ? ""
                      : lb_streq(endpoint->scheme, "https") ? ":443"
                                                            : ":80");
        append(&transfer->connect_to, lb_str_text(&text));
        taken(curl_easy_setopt(transfer->easy, CURLOPT_CONNECT_TO, transfer->connect_to));
    }
    if (lb_host_is_loopback(job->arena, endpoint->connect))
        taken(curl_easy_setopt(transfer->easy, CURLOPT_PROXY, ""));
    lb_str_release(&text);
}

static void set_request(struct lb_transfer *transfer)
{
    CURL *easy = transfer->easy;
    const struct lb_message *message = &transfer->message;
    const struct lb_op *op = transfer->job->call->op;
    bool sends = message->body || lb_streq(message->method, "POST") ||
                 lb_streq(message->method, "PUT");
    if (lb_streq(message->method, "HEAD"))
        taken(curl_easy_setopt(easy, CURLOPT_NOBODY, 1L));
    if (sends) {
        taken(curl_easy_setopt(easy, CURLOPT_POSTFIELDS, message->body ? message->body : ""));
        taken(
            curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)message->body_length));
    }
    taken(curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, message->method));
    taken(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers));
    taken(curl_easy_setopt(easy, CURLOPT_USERAGENT, "lifeboat"));
    taken(curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1));
    /* On a kept connection that turns out dead, libcurl sends again by itself. */
    if (op->mutates && op->once)
        taken(curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L));
}

/* A read's first attempt gets half of the deadline, so that a stalled connection is tried once
 * more. */
static void set_limits(struct lb_transfer *transfer)
{
    const struct lb_job *job = transfer->job;
    int64_t left = job->deadline_ms - transfer->begun_ms;
    if (!job->call->op->mutates && job->attempts == 1)
        left = (left + 1) / 2;
    if (left < 1)
        left = 1;
    long connect = left < CONNECT_TIMEOUT_MS ? (long)left : CONNECT_TIMEOUT_MS;
    taken(curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, (long)left));
    taken(curl_easy_setopt(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS, connect));
    taken(curl_easy_setopt(transfer->easy, CURLOPT_NOSIGNAL, 1L));
    taken(curl_easy_setopt(transfer->easy, CURLOPT_TCP_KEEPALIVE, 1L));
}

static void set_callbacks(struct lb_transfer *transfer)
{
    CURL *easy = transfer->easy;
    taken(curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer));
    taken(curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error));
    taken(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body));
    taken(curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer));
    taken(curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header));
    taken(curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer));
}

/* --- handles ------------------------------------------------------------------------- */
static struct lb_transfer *take(struct lb_loop *loop, struct lb_job *job)
{
    struct lb_transfer *transfer = loop->idle;
    if (transfer) {
        loop->idle = transfer->next;
        curl_easy_reset(transfer->easy);
    } else {
        transfer = calloc(1, sizeof *transfer);
        if (!transfer || !(transfer->easy = curl_easy_init()))
            lb_out_of_memory();
        lb_str_init(&transfer->body, MAX_BODY);
    }
    transfer->job = job;
    transfer->begun_ms = lb_time_monotonic_ms();
    transfer->answer_headers = NULL;
    transfer->header_bytes = 0;
    transfer->taken = 0;
    transfer->no_room = false;
    transfer->header_overflow = false;
    transfer->error[0] = '\0';
    return transfer;
}

static void wipe_list(struct curl_slist **list)
{
    for (struct curl_slist *at = *list; at; at = at->next)
        lb_wipe(at->data, strlen(at->data));
    curl_slist_free_all(*list);
    *list = NULL;
}

void lb_transfer_give_back(struct lb_loop *loop, struct lb_transfer *transfer)
{
    for (struct lb_transfer **at = &loop->sent; *at; at = &(*at)->next)
        if (*at == transfer) {
            *at = transfer->next;
            break;
        }
    wipe_list(&transfer->headers);
    wipe_list(&transfer->connect_to);
    lb_wipe(transfer->secret, sizeof transfer->secret);
    transfer->body.overflow = false;
    lb_memory_give_back(loop, transfer->taken);
    if (transfer->body.capacity > KEPT_BODY)
        lb_str_release(&transfer->body);
    else
        lb_str_clear(&transfer->body);
    transfer->body.max = MAX_BODY;
    lb_arena_free(transfer->scratch);
    transfer->scratch = NULL;
    transfer->job = NULL;
    transfer->next = loop->idle;
    loop->idle = transfer;
}

int lb_transfer_start(struct lb_loop *loop, struct lb_job *job)
{
    struct lb_transfer *transfer = take(loop, job);
    build_message(transfer);
    const struct lb_op *op = job->call->op;
    lb_log_line(&loop->log, LB_LOG_TRACE, NULL, "> %s:%s %s %s%s%s", op->service->id, op->name,
                transfer->message.method, transfer->path, *transfer->message.query ? "?" : "",
                transfer->message.query);
    if (build_headers(loop, transfer) < 0) {
        lb_transfer_give_back(loop, transfer);
        return -1;
    }
    job->attempts++;
    set_callbacks(transfer);
    set_security(loop, transfer);
    set_target(transfer);
    set_request(transfer);
    set_limits(transfer);
    loop->counts.attempts++;
    loop->counts.bytes_out += transfer->message.body_length;
    CURLMcode code = curl_multi_add_handle(loop->multi, transfer->easy);
    if (code == CURLM_OUT_OF_MEMORY)
        lb_out_of_memory();
    if (code != CURLM_OK)
        LB_BUG("libcurl: %s", curl_multi_strerror(code));
    transfer->next = loop->sent;
    loop->sent = transfer;
    return 0;
}
