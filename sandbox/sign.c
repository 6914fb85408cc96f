/* sign.c: who is calling? SigV4 in the header or in the query, checked as a service does: the key
 * must be known, the time near (of the wall clock: clients sign with it), the scope that of the
 * host, the payload that of the hash. Basic authentication is only read here; clusters judge it.
 */
#include "sandbox/internal.h"

#include "base/time.h"
#include "transport/sigv4.h"

#include <string.h>
#include <strings.h>

#define SKEW_MAX (15 * 60) /* seconds */

static const char *header(const struct sb_request *request, const char *name)
{
    return lb_text(lb_map_get(request->headers, name), NULL);
}

/* "Name=value" of a comma-separated list; NULL when absent. */
static const char *part(struct lb_arena *arena, const char *text, const char *name)
{
    size_t length = strlen(name);
    while (text && *text) {
        text += strspn(text, ", ");
        if (strncmp(text, name, length) == 0 && text[length] == '=') {
            text += length + 1;
            return lb_arena_strndup(arena, text, strcspn(text, ", "));
        }
        text = strchr(text, ',');
    }
    return NULL;
}

/* KEY/DATE/REGION/SERVICE/aws4_request */
static void read_credential(struct sb_request *request, struct sb_auth *auth, const char *text)
{
    char *fields[5] = {0};
    char *copy = lb_arena_strdup(request->arena, text ? text : "");
    for (int i = 4; i > 0; i--) {
        char *slash = strrchr(copy, '/');
        if (!slash) {
            return;
        }
        *slash = '\0';
        fields[i] = slash + 1;
    }
    fields[0] = copy;
    if (lb_streq(fields[4], "aws4_request") && strlen(fields[1]) == 8) {
        auth->access_key = request->access_key = fields[0];
        auth->scope_date = fields[1];
        request->region = fields[2];
        request->service = fields[3];
    }
}

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static void read_basic(struct sb_request *request, const char *text)
{
    char *plain = lb_arena_alloc(request->arena, strlen(text) + 1);
    size_t length = 0;
    unsigned bits = 0;
    int have = 0;
    for (; base64_digit(*text) >= 0; text++) {
        bits = bits << 6 | (unsigned)base64_digit(*text);
        have += 6;
        if (have >= 8) {
            have -= 8;
            plain[length++] = (char)(bits >> have & 0xff);
        }
    }
    char *colon = strchr(plain, ':');
    if (colon) {
        *colon = '\0';
        request->user = plain;
        request->password = colon + 1;
    }
}

void sb_auth_read(struct sb_request *request, struct sb_auth *auth)
{
    const char *text = header(request, "authorization");
    memset(auth, 0, sizeof *auth);
    auth->state = "none";
    request->service = request->region = request->caller = "";
    if (text && lb_starts_with(text, "AWS4-HMAC-SHA256 ")) {
        text += sizeof "AWS4-HMAC-SHA256 " - 1;
        auth->state = "bad";
        read_credential(request, auth, part(request->arena, text, "Credential"));
        auth->signed_headers = part(request->arena, text, "SignedHeaders");
        auth->signature = part(request->arena, text, "Signature");
    } else if (text && strncasecmp(text, "basic ", 6) == 0) {
        read_basic(request, text + 6 + strspn(text + 6, " "));
    } else if (lb_map_get(request->query, "X-Amz-Signature")) {
        auth->state = "bad";
        read_credential(request, auth, lb_text_at(request->query, "X-Amz-Credential", ""));
        auth->signed_headers = lb_text_at(request->query, "X-Amz-SignedHeaders", "");
        auth->signature = lb_text_at(request->query, "X-Amz-Signature", "");
    }
}

static int refuse(struct sb_auth *auth, const char *code, const char *message)
{
    auth->code = code;
    auth->message = message;
    return -1;
}

const char *sb_auth_ending(const char *how, const char **message)
{
    static const struct {
        const char *how, *code, *message;
    } endings[] = {
        {"expired", "ExpiredToken", "The security token included in the request is expired"},
        {"revoked", "InvalidClientTokenId",
         "The security token included in the request is invalid."},
    };
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (lb_streq(endings[i].how, how)) {
            *message = endings[i].message;
            return endings[i].code;
        }
    }
    return NULL;
}

static const char *request_date(const struct sb_request *request)
{
    const char *date = header(request, "x-amz-date");
    return date ? date : lb_text_at(request->query, "X-Amz-Date", NULL);
}

static int check_time(const struct sandbox *sandbox, struct sb_request *request,
                      struct sb_auth *auth, int64_t *at)
{
    const char *text = request_date(request);
    if (!text || strlen(text) != 16 || strncmp(text, auth->scope_date, 8) != 0) {
        return refuse(auth, "SignatureDoesNotMatch",
                      "Date in Credential scope does not match YYYYMMDD of X-Amz-Date");
    }
    const char *rfc3339 = lb_arena_printf(request->arena, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text,
                                          text + 4, text + 6, text + 9, text + 11, text + 13);
    if (lb_time_parse(rfc3339, at) < 0) {
        return refuse(auth, "SignatureDoesNotMatch", "X-Amz-Date is no date");
    }
    int64_t skew = lb_time_now() + sb_setting(sandbox, "clock_skew_s", 0) - *at;
    int64_t expires = lb_int_at(request->query, "X-Amz-Expires", SKEW_MAX);
    if (skew < -SKEW_MAX || skew > expires) {
        return refuse(auth, "RequestTimeTooSkewed",
                      lb_arena_printf(request->arena,
                                      "Signature expired: %s is not within 15 minutes of the "
                                      "server's time",
                                      text));
    }
    return 0;
}

/* The long-term pair, or a session of sts:AssumeRole (sts.c writes "sessions"). */
static int find_secret(struct sandbox *sandbox, struct sb_request *request, struct sb_auth *auth,
                       const char **secret)
{
    const char *token = header(request, "x-amz-security-token");
    token = token ? token : lb_text_at(request->query, "X-Amz-Security-Token", NULL);
    if (lb_streq(auth->access_key, SB_ACCESS_KEY) && !token) {
        *secret = SB_SECRET_KEY;
        request->caller = lb_arena_printf(request->arena, "arn:aws:iam::%s:user/sandbox",
                                          sandbox->account);
        return 0;
    }
    const struct lb_value *session = lb_map_get(lb_map_get(sb_state(sandbox, "sts"), "sessions"),
                                                auth->access_key);
    if (!session || !lb_streq(token, lb_text_at(session, "token", ""))) {
        auth->code = sb_auth_ending("revoked", &auth->message);
        return -1;
    }
    if (lb_int_at(session, "expires", 0) <= sb_now(sandbox)) {
        auth->code = sb_auth_ending("expired", &auth->message);
        return -1;
    }
    *secret = lb_arena_strdup(request->arena, lb_text_at(session, "secret", ""));
    request->caller = lb_arena_strdup(request->arena, lb_text_at(session, "arn", ""));
    return 0;
}

/* "es.us-west-2.amazonaws.com", "search-x.us-west-2.es.amazonaws.com": a host of AWS names a
 * region, which must be the scope's. S3 checks it by the bucket. */
static int check_scope(struct sb_request *request, struct sb_auth *auth)
{
    struct lb_arena *arena = request->arena;
    const char *service = request->service;
    const char *region = NULL;
    if (lb_streq(service, "iam") || lb_streq(service, "route53")) {
        region = "us-east-1";
    } else if (!lb_streq(service, "s3") && request->host &&
               strstr(request->host, ".amazonaws.com")) {
        char *copy = lb_arena_strdup(arena, request->host);
        for (char *rest, *label = strtok_r(copy, ".", &rest); label;
             label = strtok_r(NULL, ".", &rest)) {
            size_t length = strlen(label);
            bool named = length > 5 && label[2] == '-' && label[length - 2] == '-' &&
                         label[length - 1] >= '1' && label[length - 1] <= '9';
            region = named ? label : region;
        }
    }
    if (region && !lb_streq(region, request->region)) {
        return refuse(auth, "SignatureDoesNotMatch",
                      lb_arena_printf(arena,
                                      "Credential should be scoped to a valid region, not '%s'.",
                                      request->region));
    }
    return 0;
}

/* What the client says it signed as payload; checked against the bytes unless they are streamed. */
static int check_payload(struct sb_request *request, struct sb_auth *auth, const char **out)
{
    const char *claimed = header(request, "x-amz-content-sha256");
    bool s3 = lb_streq(request->service, "s3");
    char *hash = lb_arena_alloc(request->arena, LB_SHA256_HEX);
    lb_sha256_hex(request->body ? request->body : "", request->body_length, hash);
    if (lb_map_get(request->query, "X-Amz-Signature")) {
        *out = s3 ? "UNSIGNED-PAYLOAD" : hash;
        return 0;
    }
    if (s3 && !claimed) {
        return refuse(auth, "InvalidRequest",
                      "Missing required header for this request: x-amz-content-sha256");
    }
    *out = claimed ? claimed : hash;
    if (s3 && claimed &&
        (lb_streq(claimed, "UNSIGNED-PAYLOAD") || lb_starts_with(claimed, "STREAMING-"))) {
        return 0;
    }
    if (!lb_streq(*out, hash)) {
        return refuse(auth, "XAmzContentSHA256Mismatch",
                      "The provided 'x-amz-content-sha256' header does not match what was "
                      "computed.");
    }
    return 0;
}

static int collect_headers(struct sb_request *request, struct sb_auth *auth,
                           struct lb_value *headers)
{
    struct lb_arena *arena = request->arena;
    char *copy = lb_arena_strdup(arena, auth->signed_headers ? auth->signed_headers : "");
    for (char *rest, *name = strtok_r(copy, ";", &rest); name; name = strtok_r(NULL, ";", &rest)) {
        const char *value = header(request, name);
        lb_map_set_string(arena, headers, name, value ? value : "");
    }
    if (!lb_map_get(headers, "host")) {
        return refuse(auth, "SignatureDoesNotMatch", "'Host' must be a signed header.");
    }
    for (size_t i = 0; i < lb_value_count(request->headers); i++) {
        const char *name = lb_map_nth(request->headers, i)->key;
        if (lb_streq(request->service, "s3") && lb_starts_with(name, "x-amz-") &&
            !lb_map_get(headers, name)) {
            return refuse(auth, "AccessDenied",
                          "There were headers present in the request which were not signed");
        }
    }
    return 0;
}

/* The query without its signature, when it is a presigned one. */
static const char *signed_query(struct sb_request *request)
{
    char *query = lb_arena_strdup(request->arena, request->raw_query ? request->raw_query : "");
    char *at = strstr(query, "X-Amz-Signature=");
    if (at) {
        char *end = strchr(at, '&');
        if (end) {
            memmove(at, end + 1, strlen(end));
        } else {
            at[at > query ? -1 : 0] = '\0';
        }
    }
    return query;
}

static int decode_stream(struct sb_request *request, struct sb_auth *auth,
                         const struct lb_sigv4 *params, const char *payload)
{
    unsigned char key[LB_SHA256_BYTES];
    struct lb_arena *arena = request->arena;
    struct lb_str plain;
    struct lb_value *trailers = lb_value_map(arena);
    if (!lb_starts_with(payload, "STREAMING-")) {
        return 0;
    }
    lb_sigv4_key(params, key);
    struct sb_chunked chunked = {
        .seed_signature = lb_starts_with(payload, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
                              ? auth->signature
                              : NULL,
        .key = key,
        .date = request_date(request),
        .scope = lb_arena_printf(arena, "%s/%s/%s/aws4_request", auth->scope_date, params->region,
                                 params->service),
        .signed_trailer = lb_streq(payload, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
    };
    lb_str_init(&plain, SB_MAX_BODY);
    const char *fault = sb_chunked_decode(arena, &chunked, request->body ? request->body : "",
                                          request->body_length, &plain, trailers);
    int64_t promised = lb_int(lb_map_get(request->headers, "x-amz-decoded-content-length"), -1);
    if (!fault && promised != (int64_t)plain.length) {
        fault = "x-amz-decoded-content-length is not what was sent";
    }
    request->body_length = plain.length;
    request->body = lb_str_take(&plain, arena);
    if (fault) {
        return refuse(auth, strstr(fault, "signature") ? "SignatureDoesNotMatch" : "IncompleteBody",
                      fault);
    }
    /* Trailing checksums count as if they had been sent ahead. */
    for (size_t i = 0; i < lb_value_count(trailers); i++) {
        const struct lb_entry *entry = lb_map_nth(trailers, i);
        lb_map_set(arena, request->headers, entry->key, entry->value);
    }
    return 0;
}

void sb_auth_check(struct sandbox *sandbox, struct sb_request *request, struct sb_auth *auth)
{
    struct lb_arena *arena = request->arena;
    struct lb_value *headers = lb_value_map(arena);
    const char *secret = NULL, *payload = NULL;
    int64_t at = 0;
    if (lb_streq(auth->state, "none")) {
        return;
    }
    if (!auth->access_key || !auth->signature) {
        refuse(auth, "AuthorizationHeaderMalformed",
               "The authorization header is malformed; Credential, SignedHeaders and Signature "
               "are expected.");
        return;
    }
    if (find_secret(sandbox, request, auth, &secret) < 0 ||
        check_time(sandbox, request, auth, &at) < 0 || check_scope(request, auth) < 0 ||
        check_payload(request, auth, &payload) < 0 || collect_headers(request, auth, headers) < 0) {
        return;
    }
    struct lb_sigv4 params = {
        .access_key = auth->access_key,
        .secret_key = secret,
        .region = request->region,
        .service = request->service,
        .at = at,
    };
    struct lb_sigv4_request signed_request = {
        .method = request->method,
        .path = request->path,
        .query = signed_query(request),
        .headers = headers,
        .payload_hash = payload,
    };
    const char *canonical = lb_sigv4_canonical(arena, &params, &signed_request);
    const char *text = lb_sigv4_string_to_sign(arena, &params, canonical);
    if (!lb_streq(auth->signature, lb_sigv4_signature(arena, &params, text))) {
        refuse(auth, "SignatureDoesNotMatch",
               "The request signature we calculated does not match the signature you provided. "
               "Check your key and signing method.");
        return;
    }
    if (decode_stream(request, auth, &params, payload) == 0) {
        auth->state = "ok";
    }
}
