/* control.c: what tests and stories tell the sandbox itself, under /_sandbox/: no signature,
 * loopback only. The words are an interface (docs: "The sandbox").
 */
#include "sandbox/internal.h"

#include "base/json.h"
#include "base/time.h"

#include <stdlib.h>

static void refuse(struct sb_exchange *exchange, int status, const char *message)
{
    struct lb_value *body = lb_value_map(exchange->request.arena);
    lb_map_set_string(exchange->request.arena, body, "error", message);
    sb_reply_json(&exchange->response, status, body);
}

static void control_calls(struct sandbox *sandbox, struct sb_exchange *exchange, const char *name)
{
    (void)name;
    exchange->response.content_type = "application/x-ndjson";
    sb_log_since(sandbox, lb_int_at(exchange->request.query, "since", 0), &exchange->response.body);
}

static void clock_reply(struct sandbox *sandbox, struct sb_exchange *exchange)
{
    struct lb_arena *arena = exchange->request.arena;
    struct lb_value *body = lb_value_map(arena);
    lb_map_set_string(arena, body, "now", lb_time_format(arena, sb_now(sandbox)));
    sb_reply_json(&exchange->response, 200, body);
}

static void control_clock_get(struct sandbox *sandbox, struct sb_exchange *exchange,
                              const char *name)
{
    (void)name;
    clock_reply(sandbox, exchange);
}

static void control_clock(struct sandbox *sandbox, struct sb_exchange *exchange, const char *name)
{
    (void)name;
    int64_t seconds;
    const char *text = lb_text_at(sb_body_json(&exchange->request), "advance", "");
    if (lb_duration_parse(text, &seconds) < 0) {
        refuse(exchange, 400, "{\"advance\": DURATION} is expected, as in 15m or 8d");
        return;
    }
    sb_clock_advance(sandbox, seconds);
    clock_reply(sandbox, exchange);
}

static void control_faults_get(struct sandbox *sandbox, struct sb_exchange *exchange,
                               const char *name)
{
    (void)name;
    sb_reply_json(&exchange->response, 200, sandbox->private->faults);
}

static void control_faults(struct sandbox *sandbox, struct sb_exchange *exchange, const char *name)
{
    (void)name;
    const char *error = NULL;
    if (sb_fault_add(sandbox, sb_body_json(&exchange->request), &error) < 0) {
        refuse(exchange, 400, error);
        return;
    }
    sb_reply_json(&exchange->response, 200, sandbox->private->faults);
}

static void control_faults_clear(struct sandbox *sandbox, struct sb_exchange *exchange,
                                 const char *name)
{
    (void)name;
    sb_fault_clear(sandbox);
    exchange->response.status = 204;
}

static void control_region(struct sandbox *sandbox, struct sb_exchange *exchange, const char *name)
{
    const char *word = lb_text_at(sb_body_json(&exchange->request), "state", "");
    if (!*name || (!lb_streq(word, "down") && !lb_streq(word, "up"))) {
        refuse(exchange, 400, "regions/NAME with {\"state\": \"down\"} or {\"state\": \"up\"}");
        return;
    }
    struct lb_value *down = lb_map_map(sandbox->arena, sb_server_state(sandbox), "down");
    if (lb_streq(word, "down")) {
        lb_map_set_bool(sandbox->arena, down, name, true);
    } else {
        lb_map_remove(down, name);
    }
    sb_touch(sandbox);
    struct lb_value *body = lb_value_map(exchange->request.arena);
    lb_map_set_string(exchange->request.arena, body, name, word);
    sb_reply_json(&exchange->response, 200, body);
}

static void control_settings(struct sandbox *sandbox, struct sb_exchange *exchange,
                             const char *name)
{
    (void)name;
    const struct lb_value *body = sb_body_json(&exchange->request);
    struct lb_value *settings = lb_map_map(sandbox->arena, sb_server_state(sandbox), "settings");
    for (size_t i = 0; i < lb_value_count(body); i++) {
        const struct lb_entry *entry = lb_map_nth(body, i);
        lb_map_set_int(sandbox->arena, settings, entry->key, lb_int(entry->value, 0));
    }
    sb_touch(sandbox);
    sb_reply_json(&exchange->response, 200, settings);
}

/* {"host":"es.internal:9200","engine":"Elasticsearch_7.10","user":…,"password":…,"region":…}: a
 * self-managed cluster, as cluster.c answers for it. */
static void control_clusters(struct sandbox *sandbox, struct sb_exchange *exchange,
                             const char *name)
{
    (void)name;
    const struct lb_value *body = sb_body_json(&exchange->request);
    const char *host = lb_text_at(body, "host", "");
    if (!*host) {
        refuse(exchange, 400, "a cluster needs a host");
        return;
    }
    struct lb_value *declared = lb_map_map(sandbox->arena, sb_state(sandbox, "cluster"),
                                           "declared");
    lb_map_set(sandbox->arena, declared, host, lb_value_copy(sandbox->arena, body));
    sb_touch(sandbox);
    sb_reply_json(&exchange->response, 200, body);
}

/* {"account": ID, "seconds": N}: keys with a token, as sts:GetSessionToken gives them to a user. */
static void control_sessions(struct sandbox *sandbox, struct sb_exchange *exchange,
                             const char *name)
{
    (void)name;
    struct lb_arena *arena = exchange->request.arena;
    const struct lb_value *body = sb_body_json(&exchange->request);
    const char *arn = lb_arena_printf(arena, "arn:aws:iam::%s:user/sandbox",
                                      lb_text_at(body, "account", sandbox->account));
    int64_t seconds = lb_int_at(body, "seconds", 12 * 60 * 60);
    sb_reply_json(&exchange->response, 200,
                  sb_session_new(sandbox, arena, arn, sb_now(sandbox) + seconds));
}

static void control_dns(struct sandbox *sandbox, struct sb_exchange *exchange, const char *name)
{
    for (size_t i = 0; sb_services[i]; i++) {
        if (sb_services[i]->dns) {
            sb_reply_json(&exchange->response, 200,
                          sb_services[i]->dns(sandbox, exchange->request.arena, name));
            return;
        }
    }
    refuse(exchange, 404, "no name service");
}

static void control_state(struct sandbox *sandbox, struct sb_exchange *exchange, const char *name)
{
    (void)name;
    sb_reply_json(&exchange->response, 200, sandbox->state);
}

static const struct {
    const char *method, *path;
    void (*run)(struct sandbox *, struct sb_exchange *, const char *name);
} controls[] = {
    {"GET", "calls", control_calls},        {"GET", "clock", control_clock_get},
    {"POST", "clock", control_clock},       {"GET", "faults", control_faults_get},
    {"POST", "faults", control_faults},     {"DELETE", "faults", control_faults_clear},
    {"POST", "regions/", control_region},   {"POST", "settings", control_settings},
    {"POST", "clusters", control_clusters}, {"GET", "dns/", control_dns},
    {"GET", "state", control_state},        {"POST", "sessions", control_sessions},
};

void sb_control(struct sandbox *sandbox, struct sb_exchange *exchange)
{
    const struct sb_request *request = &exchange->request;
    const char *path = lb_percent_decode(request->arena, request->path) + sizeof "/_sandbox/" - 1;
    if (!exchange->loopback) {
        refuse(exchange, 403, "control is for this machine only");
        return;
    }
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
        const char *pattern = controls[i].path;
        bool named = lb_ends_with(pattern, "/");
        if (lb_streq(request->method, controls[i].method) &&
            (named ? lb_starts_with(path, pattern) : lb_streq(path, pattern))) {
            const char *name = path;
            for (const char *p = pattern; *p; p++) {
                name++;
            }
            controls[i].run(sandbox, exchange, name);
            return;
        }
    }
    refuse(exchange, 404, "no such control");
}
