/* cluster_refusal.c: what a refusal by a cluster means, and what mends it.
 *
 * Between lifeboat and a bucket stand three guards that know different things. IAM and the domain's
 * access policy come first and answer {"Message": ...}; behind them the security plugin knows
 * callers by its role mappings alone and says which permission is missing; then the nodes try the
 * bucket with the role that was passed, and what they meet is a verification error. Two of the
 * three answer 403, so the words decide (AWS developer guide, "Registering a manual snapshot
 * repository" and "Troubleshooting").
 */
#include "providers/cluster.h"

#include "transport/retry.h"

#include <string.h>

#define NAME_MAX_LENGTH 256 /* of what is quoted out of an answer */

/* The security plugin's own roles, by what they grant (its static_roles.yml and roles.yml). */
static const struct {
    const char *permission; /* begins with it */
    const char *role;
} granted_by[] = {
    {"cluster:admin/repository/", "manage_snapshots"},
    {"cluster:admin/snapshot/", "manage_snapshots"},
    {"cluster:admin/opensearch/snapshot_management/", "snapshot_management_full_access"},
};

/* What nodes say when they have tried the bucket with the role that was passed. */
enum cause { CAUSE_TRUST, CAUSE_BUCKET, CAUSE_PLACE, CAUSE_RIGHTS, CAUSE_OTHER };
static const struct {
    const char *words;
    enum cause cause;
} causes[] = {
    {"sts:AssumeRole", CAUSE_TRUST},
    {"cannot be assumed", CAUSE_TRUST},
    {"AssumeRole", CAUSE_TRUST},
    {"bucket does not exist", CAUSE_BUCKET},
    {"NoSuchBucket", CAUSE_BUCKET},
    {"Please use this region", CAUSE_PLACE},
    {"must be addressed using the specified endpoint", CAUSE_PLACE},
    {"The authorization header is malformed", CAUSE_PLACE},
    {"Access Denied", CAUSE_RIGHTS},
    {"AccessDenied", CAUSE_RIGHTS},
    {"not authorized to perform", CAUSE_RIGHTS},
    {"Status Code: 403", CAUSE_RIGHTS},
};

/* The text between `before` and the next of `ends`; NULL when there is none, or too much. */
static const char *between(struct lb_arena *arena, const char *text, const char *before,
                           const char *ends)
{
    const char *at = strstr(text, before);
    size_t length = at ? strcspn(at + strlen(before), ends) : 0;
    return length && length <= NAME_MAX_LENGTH
               ? lb_arena_strndup(arena, at + strlen(before), length)
               : NULL;
}

static const char *setting(const struct lb_call *call, const char *name, const char *otherwise)
{
    return lb_text(lb_map_get(lb_map_get(call->body, "settings"), name), otherwise);
}

/* --- the security plugin -------------------------------------------------------------------- */

static const char *role_for(const char *permission)
{
    for (size_t i = 0; i < sizeof granted_by / sizeof *granted_by; i++)
        if (lb_starts_with(permission, granted_by[i].permission))
            return granted_by[i].role;
    return NULL;
}

/* NULL when the plugin does not say what is missing. */
static const char *map_caller(struct lb_arena *arena, const struct lb_call *call,
                              const char *message)
{
    const char *permission = between(arena, message, "no permissions for [", "]");
    const char *backend = between(arena, message, "backend_roles=[", ",]");
    const char *user = between(arena, message, "User [name=", ",]");
    if (!user)
        user = between(arena, message, "REST API: User ", " ");
    if (!backend && user && strstr(user, ":role/"))
        backend = user;
    const char *who = backend ? backend : user ? user : "the caller";
    const char *role = permission ? role_for(permission) : NULL;
    if (!permission && strstr(message, "REST API"))
        role = "security_manager";
    else if (!permission)
        return NULL;
    return lb_arena_printf(
        arena,
        "let a master user map %s to %s in the security plugin of %s, as a %s: there its mapping "
        "is missing.%s",
        who, role ? role : lb_arena_printf(arena, "a role that grants %s", permission), call->host,
        backend || !user ? "backend role" : "user",
        call->auth == LB_AUTH_SIGV4 ? " IAM and the domain's access policy have let the request "
                                      "pass"
                                    : "");
}

/* --- who asks: IAM, or the cluster's own users --------------------------------------------------
 */

static const char *allow_caller(struct lb_arena *arena, const struct lb_call *call,
                                const struct lb_answer *answer, const char *message)
{
    if (call->auth == LB_AUTH_NONE)
        return "state who lifeboat is to the cluster: `auth: {user: NAME, password: env:NAME}` on "
               "the domain";
    if (call->auth == LB_AUTH_BASIC)
        return answer->status == 401
                   ? "check user and password of the domain's `auth`"
                   : "give the user of the domain's `auth` a role of the cluster that may do this";
    if (strstr(message, "iam:PassRole"))
        return lb_arena_printf(arena,
                               "allow the caller iam:PassRole on %s in its IAM policy: registering "
                               "hands that role to the domain; no mapping is missing",
                               setting(call, "role_arn", "the snapshot role"));
    if (lb_streq(answer->error_code, "security_exception"))
        return lb_arena_printf(arena,
                               "let a master user map the caller to a role that may do this in the "
                               "security plugin of %s; IAM has let the request pass",
                               call->host);
    return "allow es:ESHttp* on the domain to the role that runs lifeboat, in its IAM policy or in "
           "the domain's access policy; the security plugin has not seen the request";
}

/* --- APIs that a cluster lacks ------------------------------------------------------------------
 */

/* Who has it; the first path that fits. */
static const char *install(const char *path)
{
    static const struct {
        const char *path, *next_step;
    } lacks[] = {
        {"/_slm/",
         "the cluster has no snapshot lifecycle management: run Elastic's default distribution "
         "(7.4 or later; the open-source build leaves it out), or take the schedule out of the "
         "spec and have something else take the snapshots"},
        {"/_plugins/_sm/",
         "the cluster has no Snapshot Management: install the plugin opensearch-index-management "
         "(OpenSearch 2.1 or later), or take the schedule out of the spec and have something else "
         "take the snapshots"},
    };
    for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++)
        if (lb_starts_with(path, lacks[i].path))
            return lacks[i].next_step;
    return NULL;
}

/* --- the bucket ------------------------------------------------------------------------------ */

static enum cause cause_of(const char *message)
{
    size_t i = 0;
    while (i < sizeof causes / sizeof *causes && !strstr(message, causes[i].words))
        i++;
    return i < sizeof causes / sizeof *causes ? causes[i].cause : CAUSE_OTHER;
}

static const char *mend_bucket(struct lb_arena *arena, const struct lb_call *call,
                               const char *message)
{
    const char *role = setting(call, "role_arn", "the nodes' own identity");
    const char *bucket = setting(call, "bucket", NULL);
    const char *path = setting(call, "base_path", "");
    if (!bucket)
        return "mount the same folder on every node and let the server's user write to it";
    switch (cause_of(message)) {
    case CAUSE_TRUST:
        return lb_arena_printf(arena,
                               "let es.amazonaws.com assume %s (its trust policy and the "
                               "conditions in it); the caller's mapping is not what is missing",
                               role);
    case CAUSE_BUCKET:
        return lb_arena_printf(arena, "make the bucket %s, or mend its name", bucket);
    case CAUSE_PLACE:
        return lb_arena_printf(
            arena, "mend the region or endpoint of the repository: %s lies elsewhere", bucket);
    case CAUSE_RIGHTS:
        return lb_arena_printf(
            arena,
            "allow %s to list %s and to read, write and delete under %s/%s, in its own policy, the "
            "bucket's and that of a KMS key; the caller's mapping is not what is missing",
            role, bucket, bucket, path);
    case CAUSE_OTHER:
        break;
    }
    return lb_arena_printf(arena,
                           "see from the nodes of %s why %s/%s cannot be reached; the caller's "
                           "mapping is not what is missing",
                           call->host, bucket, path);
}

/* The registration is there and as the spec says, so nothing shows it and nothing sends it again.
 */
static const char *mend_repository(struct lb_arena *arena, const struct lb_call *call,
                                   const char *message)
{
    const char *name = lb_text_at(call->params, "Repository", "NAME");
    return lb_arena_printf(arena,
                           "%s. Then POST %s://%s/_snapshot/%s/_verify until it names the nodes: "
                           "the registration is there and as the spec says, so the next plan is "
                           "empty and applying again does not try it again",
                           mend_bucket(arena, call, message), call->scheme ? call->scheme : "https",
                           call->host, name);
}

/* --- all of them ----------------------------------------------------------------------------- */

const char *lb_cluster_next_step(struct lb_arena *arena, const struct lb_call *call,
                                 const struct lb_answer *answer)
{
    const char *message = answer->error_message ? answer->error_message : "";
    const char *step = NULL;
    if (lb_streq(answer->error_code, LB_CLUSTER_UNVERIFIED))
        return mend_repository(arena, call, message);
    if (lb_streq(answer->error_code, LB_UNKNOWN_PATH))
        return install(call->op->path);
    if (answer->outcome != LB_DENIED || !answer->status)
        return NULL;
    if (answer->status == 403)
        step = map_caller(arena, call, message);
    return step ? step : allow_caller(arena, call, answer, message);
}
