/* dispatch.c: the way of one request through what all services have in common. The order is fixed:
 * the operation is named first, so that whatever happens next is in the call log; a region that is
 * down answers nothing, not even to a wrong signature; faults come after the signature, like the
 * service.
 */
#include "sandbox/internal.h"

#include "base/time.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONTROL "/_sandbox/"
#define HANG_MS 600000 /* longer than any client waits */

static char *form_text(struct lb_arena *arena, const char *text, size_t length)
{
    return lb_percent_decode(arena, lb_arena_strndup(arena, text, length));
}

static struct lb_value *parse_query(struct lb_arena *arena, const char *raw)
{
    struct lb_value *query = lb_value_map(arena);
    for (const char *at = raw; at && *at;) {
        size_t length = strcspn(at, "&");
        const char *equals = memchr(at, '=', length);
        size_t name_length = equals ? (size_t)(equals - at) : length;
        const char *value = equals ? form_text(arena, equals + 1, length - name_length - 1) : "";
        if (name_length > 0) {
            lb_map_set_string(arena, query, form_text(arena, at, name_length), value);
        }
        at += length;
        at += *at == '&';
    }
    return query;
}

static const struct sb_service *find_service(const struct sandbox *sandbox,
                                             const struct sb_request *request, bool is_signed)
{
    for (size_t i = 0; sb_services[i]; i++) {
        const struct sb_service *service = sb_services[i];
        bool fits = is_signed ? lb_streq(service->signing, request->service) : service->anonymous;
        if (fits && (!service->claims || service->claims(sandbox, request))) {
            return service;
        }
    }
    return NULL;
}

static void no_service(struct sb_exchange *exchange, bool is_signed)
{
    sb_error_json(&exchange->request, &exchange->response, 0,
                  is_signed ? "UnknownOperation" : "MissingAuthenticationToken",
                  is_signed ? "The sandbox has no service of that name in the credential scope"
                            : "Missing Authentication Token");
}

static bool is_down(const struct sandbox *sandbox, const struct sb_service *service,
                    const struct sb_request *request)
{
    return sb_region_down(sandbox, service->global ? service->name : request->region);
}

/* Faults that leave the service unasked. True when the answer is made. */
static bool fault_before(const struct sb_service *service, struct sb_exchange *exchange,
                         const char *what)
{
    const char *message = "This answer was asked for by a fault of the sandbox";
    const char *ending = sb_auth_ending(what, &message);
    int status = what ? atoi(what) : 0;
    const char *code = NULL;
    if (lb_streq(what, "throttle")) {
        code = "Throttling";
    } else if (ending) {
        code = ending;
    } else if (lb_streq(what, "deny")) {
        code = "AccessDenied";
        message = "User is not authorized to perform this operation";
    } else if (status == 503) {
        code = "ServiceUnavailable";
    } else if (status == 429) {
        code = "Throttling";
    } else if (status == 403) {
        code = "AccessDenied";
    } else if (status > 0) {
        code = "InternalFailure";
    } else if (lb_streq(what, "reset")) {
        exchange->send = SB_RESET;
        return true;
    } else if (lb_streq(what, "hang")) {
        exchange->send = SB_CLOSE;
        exchange->delay_ms = HANG_MS;
        return true;
    }
    if (code) {
        service->error(&exchange->request, &exchange->response, status, code, message);
    }
    return code != NULL;
}

static void replace_body(struct sb_response *response, const char *text)
{
    lb_str_clear(&response->body);
    lb_str_puts(&response->body, text);
}

/* Faults that spoil or hold back the answer after the work was done. A page is what stands between
 * (a captive portal, a proxy): well-formed, and none of the service's. */
static void fault_after(struct sb_exchange *exchange, const char *what)
{
    struct sb_response *response = &exchange->response;
    int64_t ms;
    if (lb_streq(what, "drop_reply")) {
        exchange->send = SB_CLOSE;
    } else if (lb_streq(what, "truncate")) {
        exchange->send = SB_TRUNCATE;
    } else if (lb_streq(what, "reset_body")) {
        exchange->send = SB_RESET_BODY;
    } else if (lb_streq(what, "garbage")) {
        replace_body(response, "<\x1b[31m{\"]\xff\xfe not an answer");
    } else if (lb_streq(what, "page")) {
        response->status = 200;
        response->content_type = "text/html";
        replace_body(response, "<html><body><h1>Welcome</h1><p>Please log in.</p></body></html>");
    } else if (lb_streq(what, "wrong_type")) {
        response->content_type = "text/html; charset=utf-8";
    } else if (sb_fault_delay(what, &ms)) {
        exchange->delay_ms = ms;
    }
}

static void serve_service(struct sandbox *sandbox, const struct sb_service *service,
                          struct sb_exchange *exchange, struct sb_auth *auth)
{
    struct sb_request *request = &exchange->request;
    struct sb_response *response = &exchange->response;
    request->service = service->name;
    bool known = service->route(sandbox, request) == 0;
    if (is_down(sandbox, service, request)) {
        exchange->send = SB_CLOSE;
        return;
    }
    if (auth->code) {
        service->error(request, response, 0, auth->code, auth->message);
        return;
    }
    if (!known) {
        service->error(request, response, 0, "UnknownOperation",
                       "The sandbox does not know this operation");
        return;
    }
    const char *fault = sb_fault_take(sandbox, request);
    if (!fault_before(service, exchange, fault)) {
        struct lb_value *before = lb_streq(fault, "swallow")
                                      ? lb_value_copy(sandbox->arena, sandbox->state)
                                      : NULL;
        service->handle(sandbox, request, response);
        sandbox->state = before ? before : sandbox->state;
        if (request->mutating) {
            sb_touch(sandbox);
        }
        fault_after(exchange, fault);
    }
}

/* "Sat, 21 Nov 2026 23:55:20 GMT" of a service whose clock is not this machine's. */
static void add_date(struct sandbox *sandbox, struct sb_exchange *exchange)
{
    int64_t skew = sb_setting(sandbox, "clock_skew_s", 0);
    time_t at = (time_t)(lb_time_now() + skew);
    struct tm tm;
    char text[32];
    if (skew && gmtime_r(&at, &tm) &&
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0) {
        lb_map_set_string(exchange->request.arena, exchange->response.headers, "Date", text);
    }
}

static void begin(struct sandbox *sandbox, struct sb_exchange *exchange)
{
    static const char hex[] = "0123456789abcdef";
    struct sb_request *request = &exchange->request;
    struct lb_arena *arena = request->arena;
    char *id = sb_id(sandbox, arena, hex, 32);
    request->query = parse_query(arena, request->raw_query);
    exchange->response.status = 200;
    exchange->response.headers = lb_value_map(arena);
    lb_map_set_string(
        arena, exchange->response.headers, "x-amzn-requestid",
        lb_arena_printf(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8, id + 12, id + 16, id + 20));
    lb_map_set_string(arena, exchange->response.headers, "x-amz-request-id",
                      lb_arena_printf(arena, "%.16s", id));
    add_date(sandbox, exchange);
    if (sb_setting(sandbox, "close_each", 0)) {
        lb_map_set_string(arena, exchange->response.headers, "Connection", "close");
    }
}

static void serve_signed(struct sandbox *sandbox, struct sb_exchange *exchange)
{
    struct sb_request *request = &exchange->request;
    struct sb_auth auth;
    sb_auth_read(request, &auth);
    sb_auth_check(sandbox, request, &auth);
    bool is_signed = !lb_streq(auth.state, "none");
    const struct sb_service *service = find_service(sandbox, request, is_signed);
    if (service) {
        serve_service(sandbox, service, exchange, &auth);
    } else {
        no_service(exchange, is_signed);
    }
    if (exchange->response.status == 0) {
        exchange->send = SB_CLOSE;
    }
    sb_log_call(sandbox, request, exchange->send == SB_SEND ? exchange->response.status : 0,
                auth.state);
}

void sb_serve(struct sandbox *sandbox, struct sb_exchange *exchange)
{
    pthread_mutex_lock(&sandbox->private->lock);
    sb_clock_catch_up(sandbox);
    begin(sandbox, exchange);
    if (lb_starts_with(exchange->request.path, CONTROL)) {
        sb_control(sandbox, exchange);
    } else {
        serve_signed(sandbox, exchange);
    }
    sb_save(sandbox, false);
    sb_compact(sandbox);
    pthread_mutex_unlock(&sandbox->private->lock);
}
