/* sts.c: who am I, and temporary credentials. Sessions are stored so that sign.c finds their
 * secrets; they age in virtual time, so a test can see a token expire in the middle of a long wait.
 */
#include "sandbox/policy.h"
#include "sandbox/services.h"

#include "base/time.h"

#include <string.h>

#define XMLNS "https://sts.amazonaws.com/doc/2011-06-15/"
#define ID_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

static int route(struct sandbox *sandbox, struct sb_request *request)
{
    static const char *const known[] = {"GetCallerIdentity", "AssumeRole",
                                        "AssumeRoleWithWebIdentity"};
    const struct lb_value *form = sb_form(request);
    (void)sandbox;
    request->operation = lb_text_at(form, "Action", "");
    request->resource = lb_text_at(form, "RoleArn", "");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (lb_streq(request->operation, known[i])) {
            return 0;
        }
    }
    return -1;
}

/* Web identities carry no signature: only that operation is taken unsigned. */
static bool claims(const struct sandbox *sandbox, const struct sb_request *request)
{
    (void)sandbox;
    return lb_streq(request->service, "sts") ||
           (lb_streq(request->method, "POST") && lb_streq(request->path, "/") && request->body &&
            strstr(request->body, "Action=AssumeRoleWithWebIdentity"));
}

static void caller_identity(struct sandbox *sandbox, struct sb_request *request,
                            struct sb_response *response)
{
    struct lb_arena *arena = request->arena;
    struct lb_value *result = lb_value_map(arena);
    const char *session = strstr(request->caller, ":assumed-role/");
    const char *id = "AIDALIFEBOATSANDBOX0";
    if (session) {
        char *role = lb_arena_strdup(arena, session + sizeof ":assumed-role/" - 1);
        char *slash = strchr(role, '/');
        if (slash) {
            *slash = '\0';
        }
        id = lb_arena_printf(arena, "%s:%s",
                             lb_text_at(sb_role_find(sandbox, role), "RoleId", "AROA"),
                             slash ? slash + 1 : "");
    }
    lb_map_set_string(arena, result, "Arn", request->caller);
    lb_map_set_string(arena, result, "UserId", id);
    /* arn:aws:iam::ACCOUNT:...: a session may be another account's */
    const char *account = strstr(request->caller, "::");
    lb_map_set_string(arena, result, "Account",
                      account ? lb_arena_strndup(arena, account + 2, strcspn(account + 2, ":"))
                              : sandbox->account);
    sb_reply_query(request, response, XMLNS, result);
}

struct lb_value *sb_session_new(struct sandbox *sandbox, struct lb_arena *arena, const char *arn,
                                int64_t expires)
{
    struct lb_arena *keep = sandbox->arena;
    struct lb_value *session = lb_value_map(keep);
    struct lb_value *credentials = lb_value_map(arena);
    const char *key = lb_arena_printf(arena, "ASIA%s", sb_id(sandbox, arena, ID_LETTERS, 16));
    const char *secret = sb_id(sandbox, arena, ID_LETTERS "abcdefghijklmnopqrstuvwxyz", 40);
    const char *token = sb_id(sandbox, arena, ID_LETTERS "abcdefghijklmnopqrstuvwxyz", 180);
    lb_map_set_string(keep, session, "secret", secret);
    lb_map_set_string(keep, session, "token", token);
    lb_map_set_string(keep, session, "arn", arn);
    lb_map_set_int(keep, session, "expires", expires);
    lb_map_set(keep, lb_map_map(keep, sb_state(sandbox, "sts"), "sessions"), key, session);
    sb_touch(sandbox);
    lb_map_set_string(arena, credentials, "AccessKeyId", key);
    lb_map_set_string(arena, credentials, "SecretAccessKey", secret);
    lb_map_set_string(arena, credentials, "SessionToken", token);
    lb_map_set_string(arena, credentials, "Expiration", lb_time_format(arena, expires));
    return credentials;
}

static bool may_assume(struct sandbox *sandbox, struct sb_request *request,
                       const struct lb_value *form, const struct lb_value *role)
{
    const char *trust = lb_text_at(role, "AssumeRolePolicyDocument", "");
    if (!role || !sb_role_visible(sandbox, request->resource)) {
        return false;
    }
    if (lb_streq(request->operation, "AssumeRoleWithWebIdentity")) {
        return strstr(trust, "\"Federated\"") && *lb_text_at(form, "WebIdentityToken", "");
    }
    return sb_policy_trusts(request->arena, trust, request->caller, sandbox->account,
                            lb_text_at(form, "ExternalId", NULL));
}

static void assume_role(struct sandbox *sandbox, struct sb_request *request,
                        struct sb_response *response)
{
    struct lb_arena *arena = request->arena;
    const struct lb_value *form = sb_form(request);
    const struct lb_value *role = sb_role_find(sandbox, request->resource);
    const char *name = lb_text_at(form, "RoleSessionName", "");
    int64_t longest = lb_int_at(role, "MaxSessionDuration", 3600);
    int64_t seconds = lb_int_at(form, "DurationSeconds", 3600);
    if (strlen(name) < 2 || strlen(name) > 64 || strchr(name, '/')) {
        sb_error_query(request, response, 400, "ValidationError",
                       "RoleSessionName must have 2 to 64 characters of [\\w+=,.@-]");
        return;
    }
    if (!may_assume(sandbox, request, form, role)) {
        sb_error_query(request, response, 403, "AccessDenied",
                       lb_arena_printf(arena,
                                       "User: %s is not authorized to perform: sts:%s on "
                                       "resource: %s",
                                       request->caller, request->operation, request->resource));
        return;
    }
    if (seconds < 900 || seconds > longest) {
        sb_error_query(request, response, 400, "ValidationError",
                       "The requested DurationSeconds exceeds the MaxSessionDuration set for this "
                       "role.");
        return;
    }
    struct lb_value *result = lb_value_map(arena), *user = lb_value_map(arena);
    const char *arn = lb_arena_printf(arena, "arn:aws:sts::%s:assumed-role/%s/%s", sandbox->account,
                                      lb_text_at(role, "RoleName", ""), name);
    lb_map_set_string(arena, user, "AssumedRoleId",
                      lb_arena_printf(arena, "%s:%s", lb_text_at(role, "RoleId", ""), name));
    lb_map_set_string(arena, user, "Arn", arn);
    lb_map_set(arena, result, "Credentials",
               sb_session_new(sandbox, arena, arn, sb_now(sandbox) + seconds));
    lb_map_set(arena, result, "AssumedRoleUser", user);
    sb_reply_query(request, response, XMLNS, result);
}

static void handle(struct sandbox *sandbox, struct sb_request *request,
                   struct sb_response *response)
{
    if (lb_streq(request->operation, "GetCallerIdentity")) {
        caller_identity(sandbox, request, response);
    } else {
        assume_role(sandbox, request, response);
    }
}

const struct sb_service sb_service_sts = {
    .name = "sts",
    .signing = "sts",
    .claims = claims,
    .route = route,
    .handle = handle,
    .error = sb_error_query,
    .anonymous = true,
};
