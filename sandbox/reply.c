/* reply.c: answers in AWS's four wire families, and the generic refusals in each family's words. */
#include "sandbox/sandbox.h"

#include "base/json.h"
#include "base/xml.h"

#include <stdio.h>

/* status 0 keeps what the caller gave. */
struct word {
    const char *generic, *code;
    int status;
};

static const struct word json_words[] = {
    {"AccessDenied", "AccessDeniedException", 403},
    {"Throttling", "ThrottlingException", 400},
    {"InternalFailure", "InternalFailure", 500},
    {"ServiceUnavailable", "ServiceUnavailable", 503},
    {"UnknownOperation", "UnknownOperationException", 400},
    {"MissingAuthenticationToken", "MissingAuthenticationTokenException", 403},
    {"InvalidClientTokenId", "UnrecognizedClientException", 403},
    {"ExpiredToken", "ExpiredTokenException", 403},
    {"SignatureDoesNotMatch", "InvalidSignatureException", 403},
    {"RequestTimeTooSkewed", "InvalidSignatureException", 403},
    {"AuthorizationHeaderMalformed", "InvalidSignatureException", 403},
    {"XAmzContentSHA256Mismatch", "InvalidSignatureException", 403},
    {NULL, NULL, 0},
};
static const struct word query_words[] = {
    {"AccessDenied", "AccessDenied", 403},
    {"Throttling", "Throttling", 400},
    {"InternalFailure", "InternalFailure", 500},
    {"ServiceUnavailable", "ServiceUnavailable", 503},
    {"UnknownOperation", "InvalidAction", 400},
    {"MissingAuthenticationToken", "MissingAuthenticationToken", 403},
    {"InvalidClientTokenId", "InvalidClientTokenId", 403},
    {"ExpiredToken", "ExpiredToken", 403},
    {"SignatureDoesNotMatch", "SignatureDoesNotMatch", 403},
    {"RequestTimeTooSkewed", "SignatureDoesNotMatch", 403},
    {"AuthorizationHeaderMalformed", "SignatureDoesNotMatch", 403},
    {"XAmzContentSHA256Mismatch", "SignatureDoesNotMatch", 403},
    {NULL, NULL, 0},
};
static const struct word s3_words[] = {
    {"AccessDenied", "AccessDenied", 403},
    {"Throttling", "SlowDown", 503},
    {"InternalFailure", "InternalError", 500},
    {"ServiceUnavailable", "ServiceUnavailable", 503},
    {"UnknownOperation", "NotImplemented", 501},
    {"MissingAuthenticationToken", "AccessDenied", 403},
    {"InvalidClientTokenId", "InvalidAccessKeyId", 403},
    {"ExpiredToken", "ExpiredToken", 400},
    {"SignatureDoesNotMatch", "SignatureDoesNotMatch", 403},
    {"RequestTimeTooSkewed", "RequestTimeTooSkewed", 403},
    {"AuthorizationHeaderMalformed", "AuthorizationHeaderMalformed", 400},
    {"XAmzContentSHA256Mismatch", "XAmzContentSHA256Mismatch", 400},
    {NULL, NULL, 0},
};

static struct word translate(const struct word *words, int status, const char *code)
{
    struct word result = {code, code, status ? status : 400};
    for (; words->generic; words++) {
        if (lb_streq(words->generic, code)) {
            result.code = words->code;
            result.status = status ? status : words->status;
            break;
        }
    }
    return result;
}

void sb_reply_json(struct sb_response *response, int status, const struct lb_value *body)
{
    response->status = status;
    if (!response->content_type) {
        response->content_type = "application/json";
    }
    lb_str_clear(&response->body);
    if (body) {
        lb_json_write(&response->body, body, 0);
    }
}

void sb_reply_xml(struct sb_response *response, int status, const char *root, const char *xmlns,
                  const struct lb_value *body)
{
    response->status = status;
    response->content_type = "text/xml";
    lb_str_clear(&response->body);
    lb_xml_write(&response->body, root, xmlns, body);
}

static const char *request_id(const struct sb_response *response)
{
    return lb_text(lb_map_get(response->headers, "x-amzn-requestid"), "");
}

void sb_reply_query(const struct sb_request *request, struct sb_response *response,
                    const char *xmlns, const struct lb_value *result)
{
    struct lb_arena *arena = request->arena;
    struct lb_value *body = lb_value_map(arena);
    struct lb_value *metadata = lb_value_map(arena);
    if (result) {
        lb_map_set(arena, body, lb_arena_printf(arena, "%sResult", request->operation),
                   lb_value_copy(arena, result));
    }
    lb_map_set_string(arena, metadata, "RequestId", request_id(response));
    lb_map_set(arena, body, "ResponseMetadata", metadata);
    sb_reply_xml(response, 200, lb_arena_printf(arena, "%sResponse", request->operation), xmlns,
                 body);
}

void sb_error_json(const struct sb_request *request, struct sb_response *response, int status,
                   const char *code, const char *message)
{
    struct lb_arena *arena = request->arena;
    struct word word = translate(json_words, status, code);
    struct lb_value *body = lb_value_map(arena);
    lb_map_set_string(arena, body, "__type", word.code);
    lb_map_set_string(arena, body, "message", message);
    lb_map_set_string(arena, response->headers, "x-amzn-errortype", word.code);
    sb_reply_json(response, word.status, body);
}

void sb_error_query(const struct sb_request *request, struct sb_response *response, int status,
                    const char *code, const char *message)
{
    struct lb_arena *arena = request->arena;
    struct word word = translate(query_words, status, code);
    struct lb_value *body = lb_value_map(arena);
    struct lb_value *error = lb_map_map(arena, body, "Error");
    lb_map_set_string(arena, error, "Type", word.status >= 500 ? "Receiver" : "Sender");
    lb_map_set_string(arena, error, "Code", word.code);
    lb_map_set_string(arena, error, "Message", message);
    lb_map_set_string(arena, body, "RequestId", request_id(response));
    sb_reply_xml(response, word.status, "ErrorResponse", NULL, body);
}

void sb_error_s3(const struct sb_request *request, struct sb_response *response, int status,
                 const char *code, const char *message)
{
    struct lb_arena *arena = request->arena;
    struct word word = translate(s3_words, status, code);
    struct lb_value *body = lb_value_map(arena);
    lb_map_set_string(arena, body, "Code", word.code);
    lb_map_set_string(arena, body, "Message", message);
    lb_map_set_string(arena, body, "Resource", request->path);
    lb_map_set_string(arena, body, "RequestId", request_id(response));
    sb_reply_xml(response, word.status, "Error", NULL, body);
    response->content_type = "application/xml";
}
