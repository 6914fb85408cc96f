/* answer.c: from an HTTP answer to a body, an error code and an outcome, for the four wire
 * families. Pure; fuzzed.
 *
 * What counts is that nothing but the service's own words is taken for an answer: a 2xx whose body
 * is not of the family (a captive portal's page, half a document), an empty 200 to a GET, and a 404
 * that speaks another language than the service are "unreadable", never "empty" or "absent". A plan
 * made from such an answer would create things that exist.
 */
#include "base/json.h"
#include "base/str.h"
#include "base/xml.h"
#include "transport/call.h"
#include "transport/retry.h"

#include <string.h>
#include <strings.h>

#define UNREADABLE "UnreadableAnswer"
#define MAX_CAUSES 8

static char first_byte(const struct lb_answer *answer)
{
    size_t i = 0;
    while (i < answer->raw_length && strchr(" \t\r\n", answer->raw[i]) && answer->raw[i])
        i++;
    if (i + 3 < answer->raw_length && memcmp(answer->raw + i, "\xef\xbb\xbf", 3) == 0)
        i += 3;
    return i < answer->raw_length ? answer->raw[i] : '\0';
}

/* XHTML parses, and would then be a document in which nothing is set. */
static bool is_page(const struct lb_value *body)
{
    const struct lb_entry *root = lb_map_nth(body, 0);
    return root && strcasecmp(root->key, "html") == 0;
}

/* rest-xml knows one JSON answer, S3's GetBucketPolicy. */
static struct lb_value *parse_body(struct lb_arena *arena, enum lb_wire wire,
                                   const struct lb_answer *answer, const char **error)
{
    char first = first_byte(answer);
    bool xml = wire == LB_WIRE_QUERY || wire == LB_WIRE_REST_XML;
    bool json = !xml || (wire == LB_WIRE_REST_XML && first == '{');
    *error = "not a document of the service";
    if (json && first != '<')
        return lb_json_parse(arena, answer->raw, answer->raw_length, error);
    struct lb_value *body = xml && first == '<'
                                ? lb_xml_parse(arena, answer->raw, answer->raw_length, error)
                                : NULL;
    if (!is_page(body))
        return body;
    *error = "a web page";
    return NULL;
}

/* --- error codes ------------------------------------------------------------------------------ */
static const char *cut(struct lb_arena *arena, const char *text, char after, bool keep_tail)
{
    const char *at = text ? strchr(text, after) : NULL;
    if (!at)
        return text;
    return keep_tail ? at + 1 : lb_arena_strndup(arena, text, (size_t)(at - text));
}

static const char *first_text(const struct lb_value *map, const char *const *names)
{
    for (; *names; names++) {
        const struct lb_value *value = lb_map_get(map, *names);
        if (lb_is(value, LB_STRING))
            return lb_text(value, NULL);
    }
    return NULL;
}

/* ErrorResponse/Error (query, Route 53), Error (S3); InvalidChangeBatch is its own code, with a
 * list of messages. */
static void read_xml_error(struct lb_arena *arena, struct lb_answer *answer)
{
    const struct lb_entry *root = lb_map_nth(answer->body, 0);
    if (!root)
        return;
    const struct lb_value *error = lb_map_get(root->value, "Error");
    if (!error)
        error = root->value;
    answer->error_code = lb_text(lb_map_get(error, "Code"), NULL);
    answer->error_message = lb_text(lb_map_get(error, "Message"), NULL);
    const char *id = lb_text_at(root->value, "RequestId", NULL);
    if (!answer->request_id)
        answer->request_id = id ? id : lb_text_at(error, "RequestId", NULL);
    const struct lb_value *list = lb_value_at(root->value, "Messages/Message");
    if (!answer->error_code && list) {
        struct lb_str joined = {.max = 4096};
        for (size_t i = 0; i < lb_xml_count(list); i++)
            lb_str_printf(&joined, "%s%s", i ? "; " : "", lb_text(lb_xml_item(list, i), ""));
        answer->error_code = root->key;
        answer->error_message = lb_str_take(&joined, arena);
    }
}

/* __type is "prefix#Code", x-amzn-errortype is "Code:url". */
static void read_json_error(struct lb_arena *arena, struct lb_answer *answer)
{
    static const char *const codes[] = {"__type", "code", "Code", NULL};
    static const char *const messages[] = {"message", "Message", "errorMessage", NULL};
    const char *code = lb_answer_header(answer, "x-amzn-errortype");
    if (!code)
        code = first_text(answer->body, codes);
    answer->error_code = cut(arena, cut(arena, code, ':', false), '#', true);
    answer->error_message = first_text(answer->body, messages);
}

/* {"error": {"type", "reason", "caused_by": {...}}, "status": 404}: the reasons, outermost first;
 * one that only repeats what was said is left out. */
static void read_cluster_causes(struct lb_arena *arena, const struct lb_value *error,
                                struct lb_answer *answer)
{
    struct lb_str text = {.max = 16384};
    answer->error_code = lb_text(lb_map_get(error, "type"), NULL);
    for (int depth = 0; lb_is(error, LB_MAP) && depth < MAX_CAUSES; depth++) {
        const char *reason = lb_text(lb_map_get(error, "reason"), NULL);
        if (reason && *reason && !strstr(lb_str_text(&text), reason))
            lb_str_printf(&text, "%s%s", text.length ? ": " : "", reason);
        error = lb_map_get(error, "caused_by");
    }
    answer->error_message = lb_str_take(&text, arena);
}

/* What a node says to a path that no part of it answers. Elasticsearch before 8 takes the first
 * part of such a path for an index, and no index begins with '_' (recorded from 7.10.2 and
 * OpenSearch 2.19.1). */
static bool is_unknown_path(const struct lb_answer *answer)
{
    static const char *const words[] = {"no handler found for uri", "Incorrect HTTP method for uri",
                                        "no such index [_", "Invalid index name [_"};
    for (size_t i = 0; answer->error_message && i < sizeof words / sizeof *words; i++)
        if (lb_starts_with(answer->error_message, words[i]))
            return true;
    return false;
}

/* A domain says in words alone, and with 403, what other services have codes for. */
static const char *caller_refused(const struct lb_answer *answer)
{
    static const struct {
        const char *words, *code;
    } refusals[] = {
        {"The security token included in the request is expired", "ExpiredTokenException"},
        {"The security token included in the request is invalid", "UnrecognizedClientException"},
    };
    bool worded = answer->status == 403 && !answer->error_code && answer->error_message;
    for (size_t i = 0; worded && i < sizeof refusals / sizeof *refusals; i++)
        if (lb_starts_with(answer->error_message, refusals[i].words))
            return refusals[i].code;
    return NULL;
}

/* Besides the above: {"error": "text"}, the security plugin's {"status": "NOT_FOUND", "message":
 * ...}, and the managed service's own {"Message": ...} before a request reaches the cluster. */
static void read_cluster_error(struct lb_arena *arena, struct lb_answer *answer)
{
    static const char *const codes[] = {"status", "__type", NULL};
    static const char *const messages[] = {"message", "Message", "reason", "error", NULL};
    const struct lb_value *error = lb_map_get(answer->body, "error");
    if (lb_is(error, LB_MAP)) {
        read_cluster_causes(arena, error, answer);
    } else {
        answer->error_code = first_text(answer->body, codes);
        answer->error_message = first_text(answer->body, messages);
    }
    if (is_unknown_path(answer))
        answer->error_code = LB_UNKNOWN_PATH;
    const char *refusal = caller_refused(answer);
    if (refusal)
        answer->error_code = refusal;
}

/* "Unauthorized" and the like; a page of HTML says nothing. */
static void read_plain_error(struct lb_arena *arena, struct lb_answer *answer)
{
    if (first_byte(answer) == '<' || answer->raw_length == 0)
        return;
    size_t length = answer->raw_length;
    while (length > 0 && strchr(" \r\n", answer->raw[length - 1]))
        length--;
    answer->error_message = lb_arena_strndup(arena, answer->raw, length);
}

static void read_error(struct lb_arena *arena, const struct lb_service *service,
                       struct lb_answer *answer)
{
    bool xml = service->wire == LB_WIRE_QUERY || service->wire == LB_WIRE_REST_XML;
    if (xml)
        read_xml_error(arena, answer);
    else if (!service->prefix)
        read_cluster_error(arena, answer);
    else
        read_json_error(arena, answer);
    if (!answer->body)
        read_plain_error(arena, answer);
    if (!answer->error_code)
        answer->error_code = lb_arena_printf(arena, "HTTP%d", answer->status);
}

/* --- outcome ---------------------------------------------------------------------------------- */
static const enum lb_outcome outcomes[] = {
    [LB_CLASS_FINAL] = LB_REFUSED,       [LB_CLASS_THROTTLE] = LB_THROTTLED,
    [LB_CLASS_TRANSIENT] = LB_FAILED,    [LB_CLASS_SKEW] = LB_DENIED,
    [LB_CLASS_DENIED] = LB_DENIED,       [LB_CLASS_EXPIRED] = LB_EXPIRED,
    [LB_CLASS_NOT_FOUND] = LB_NOT_FOUND,
};

static void set_unreadable(struct lb_arena *arena, struct lb_answer *answer, const char *why)
{
    answer->outcome = LB_FAILED;
    answer->body = NULL;
    answer->error_code = UNREADABLE;
    answer->error_message = lb_arena_printf(arena, "HTTP %d, %zu bytes: %s", answer->status,
                                            answer->raw_length, why);
}

/* S3 sends 200 before it knows (CopyObject) and may end with an error document. */
static bool is_late_error(enum lb_wire wire, const struct lb_answer *answer)
{
    const struct lb_entry *root = lb_map_nth(answer->body, 0);
    return wire == LB_WIRE_REST_XML && root && lb_streq(root->key, "Error") &&
           lb_is(lb_map_get(root->value, "Code"), LB_STRING);
}

static void set_request_id(struct lb_answer *answer)
{
    static const char *const names[] = {"x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id",
                                        NULL};
    if (!answer->request_id)
        answer->request_id = first_text(answer->headers, names);
}

void lb_answer_decode(struct lb_arena *arena, const struct lb_op *op, struct lb_answer *answer)
{
    enum lb_wire wire = op->service->wire;
    bool success = answer->status >= 200 && answer->status < 300;
    bool head = lb_streq(op->method, "HEAD");
    const char *why = "empty";
    answer->body = NULL;
    answer->error_code = answer->error_message = NULL;
    set_request_id(answer);
    if (answer->raw_length > 0 && !(success && op->raw_answer))
        answer->body = parse_body(arena, wire, answer, &why);
    if (success && !is_late_error(wire, answer)) {
        bool expected = answer->raw_length > 0 ||
                        (lb_streq(op->method, "GET") && answer->status == 200);
        answer->outcome = LB_ANSWERED;
        if (expected && !answer->body && !op->raw_answer && !head)
            set_unreadable(arena, answer, why);
        return;
    }
    if (answer->status == 404 && answer->raw_length > 0 && !answer->body) {
        set_unreadable(arena, answer, why);
        return;
    }
    read_error(arena, op->service, answer);
    enum lb_error_class error_class = lb_error_classify(op->service, answer->status,
                                                        answer->error_code, answer->error_message);
    answer->outcome = outcomes[error_class];
}
