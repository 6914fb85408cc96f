/* test_cluster_refusal.c: refusals by clusters, in the words that real ones use, and the next step
 * that each has: the missing mapping, the caller's IAM policy, or what the nodes met in the bucket.
 */
#include "base/diag.h"
#include "base/str.h"
#include "providers/cluster.h"
#include "transport/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HOST "search-logs.us-east-1.es.amazonaws.com"
#define CALLER "arn:aws:iam::111122223333:role/ci"
#define ROLE "arn:aws:iam::111122223333:role/logs-snapshot"
#define NO_MAPPING "security_exception"
#define UNVERIFIED "repository_verification_exception"
#define REASON "[nightly] path [logs/g1] is not accessible on cluster-manager node: "
#define S3(code, text) text " (Service: S3, Status Code: " code ", Request ID: 1)"

static const struct lb_op put = {.service = &lb_cluster_service, .name = "CreateRepository"};

static const struct {
    const char *row;
    enum lb_outcome outcome;
    int status;
    enum lb_auth auth;
    const char *error_code, *message;
    const char *code, *says, *also; /* in the next step */
    const char *not_a_word_of;
} rows[] = {
    {"mapping", LB_DENIED, 403, LB_AUTH_SIGV4, NO_MAPPING,
     "no permissions for [cluster:admin/repository/put] and User [name=" CALLER
     ", backend_roles=[" CALLER "], requestedTenant=null]",
     "LB-A010", "map " CALLER " to manage_snapshots", "as a backend role", "PassRole"},
    {"mapping of a user", LB_DENIED, 403, LB_AUTH_SIGV4, NO_MAPPING,
     "no permissions for [cluster:admin/snapshot/create] and User [name=arn:aws:iam::1:user/jo, "
     "backend_roles=[], requestedTenant=null]",
     "LB-A010", "map arn:aws:iam::1:user/jo to manage_snapshots", "as a user", "backend role"},
    {"mapping to manage schedules", LB_DENIED, 403, LB_AUTH_SIGV4, NO_MAPPING,
     "no permissions for [cluster:admin/opensearch/snapshot_management/policy/write] and User "
     "[name=jo, backend_roles=[ci, other], requestedTenant=null]",
     "LB-A010", "map ci to snapshot_management_full_access", "let the request pass", NULL},
    {"mapping to something else", LB_DENIED, 403, LB_AUTH_BASIC, NO_MAPPING,
     "no permissions for [indices:admin/create] and User [name=jo, backend_roles=[]]", "LB-A010",
     "map jo to a role that grants indices:admin/create", HOST, "IAM"},
    {"mapping to map", LB_DENIED, 403, LB_AUTH_SIGV4, "FORBIDDEN",
     "No permission to access REST API: User " CALLER " with Security roles [own_index] does not "
     "have any role privileged for admin access. No ssl info found in request.",
     "LB-A010", "map " CALLER " to security_manager", "as a backend role", NULL},
    {"a message without an end", LB_DENIED, 403, LB_AUTH_SIGV4, NO_MAPPING,
     "no permissions for [] and User [name=", "LB-A010",
     "map the caller to a role that may do this", NULL, NULL},
    {"pass role", LB_DENIED, 403, LB_AUTH_SIGV4, "HTTP403",
     "User: " CALLER " is not authorized to perform: iam:PassRole on resource: " ROLE, "LB-A010",
     "iam:PassRole on " ROLE, "no mapping is missing", "manage_snapshots"},
    {"access policy", LB_DENIED, 403, LB_AUTH_SIGV4, "HTTP403",
     "User: " CALLER " is not authorized to perform: es:ESHttpPut because no resource-based policy "
     "allows the es:ESHttpPut action",
     "LB-A010", "allow es:ESHttp*", "has not seen the request", "manage_snapshots"},
    {"password", LB_DENIED, 401, LB_AUTH_BASIC, "HTTP401", "Unauthorized", "LB-A010",
     "check user and password", NULL, "IAM"},
    {"user of a cluster without that plugin", LB_DENIED, 403, LB_AUTH_BASIC, NO_MAPPING,
     "action [cluster:admin/repository/put] is unauthorized for user [jo]", "LB-A010",
     "give the user of the domain's `auth` a role", NULL, "IAM"},
    {"nobody", LB_DENIED, 401, LB_AUTH_NONE, "HTTP401", "Unauthorized", "LB-A010",
     "password: env:NAME", NULL, "IAM"},
    {"trust", LB_FAILED, 500, LB_AUTH_SIGV4, UNVERIFIED,
     REASON S3("403", "User: es.amazonaws.com is not authorized to perform: sts:AssumeRole"),
     "LB-A030", "assume " ROLE, "trust policy", "manage_snapshots"},
    {"rights", LB_FAILED, 500, LB_AUTH_SIGV4, UNVERIFIED, REASON S3("403", "Access Denied"),
     "LB-A030", "allow " ROLE " to list logs-west", "under logs-west/logs/g1", "assume"},
    {"no bucket", LB_FAILED, 500, LB_AUTH_SIGV4, UNVERIFIED,
     REASON S3("404", "The specified bucket does not exist"), "LB-A030",
     "make the bucket logs-west", NULL, "manage_snapshots"},
    {"elsewhere", LB_FAILED, 500, LB_AUTH_SIGV4, UNVERIFIED,
     REASON "The bucket is in this region: eu-west-1. Please use this region to retry the request",
     "LB-A030", "region or endpoint", "logs-west", NULL},
    {"and then", LB_FAILED, 500, LB_AUTH_SIGV4, UNVERIFIED, REASON "No space left on device",
     "LB-A030", "Then POST https://" HOST "/_snapshot/nightly/_verify", "next plan is empty", NULL},
    {"another", LB_FAILED, 500, LB_AUTH_SIGV4, UNVERIFIED, REASON "No space left on device",
     "LB-A030", "see from the nodes of " HOST, "not what is missing", NULL},
};

static void each_guard_has_its_next_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_call *call = lb_call_new(arena, &put, "us-east-1");
        struct lb_value *settings = lb_map_map(arena, lb_call_body(arena, call), "settings");
        struct lb_answer answer = {.outcome = rows[i].outcome,
                                   .status = rows[i].status,
                                   .error_code = rows[i].error_code,
                                   .error_message = rows[i].message,
                                   .headers = lb_value_map(arena)};
        struct lb_diag diag;
        lb_map_set_string(arena, settings, "bucket", "logs-west");
        lb_map_set_string(arena, settings, "base_path", "logs/g1");
        lb_map_set_string(arena, settings, "role_arn", ROLE);
        call->auth = rows[i].auth;
        call->host = HOST;
        lb_call_param(arena, call, "Repository", "nightly");
        call->address = "repository.nightly@primary";
        lb_answer_diag(arena, call, &answer, &diag);
        if (!lb_streq(diag.code, rows[i].code) || !strstr(diag.remedy, rows[i].says) ||
            (rows[i].also && !strstr(diag.remedy, rows[i].also)) ||
            (rows[i].not_a_word_of && strstr(diag.remedy, rows[i].not_a_word_of)))
            fail_msg("%s: %s, try: %s", rows[i].row, diag.code, diag.remedy);
        assert_non_null(strstr(diag.detail, rows[i].message));
        assert_string_equal(diag.service, "cluster");
        assert_string_equal(diag.operation, "CreateRepository");
        assert_string_equal(diag.address, "repository.nightly@primary");
        lb_arena_free(arena);
    }
}

static void a_lack_names_what_to_install(void **state)
{
    (void)state;
    static const struct {
        const char *path, *says;
    } lacks[] = {{"/_plugins/_sm/policies/{Name}", "opensearch-index-management"},
                 {"/_slm/policy", "default distribution"},
                 {"/_other", NULL}};
    static const struct lb_answer answer = {
        .outcome = LB_REFUSED, .status = 405, .error_code = "UnknownPath"};
    struct lb_arena *arena = lb_arena_new();
    for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++) {
        struct lb_op op = {.service = &lb_cluster_service, .path = lacks[i].path};
        const char *step = lb_cluster_next_step(arena, lb_call_new(arena, &op, "us-east-1"),
                                                &answer);
        assert_true(lacks[i].says ? step && strstr(step, lacks[i].says) : !step);
    }
    lb_arena_free(arena);
}

/* Refusals that are none of these keep the next step of their code. */
static void others_keep_their_own(void **state)
{
    (void)state;
    static const struct lb_answer others[] = {
        {.outcome = LB_FAILED, .status = 500, .error_code = "repository_exception"},
        {.outcome = LB_NOT_FOUND, .status = 404, .error_code = "repository_missing_exception"},
        {.outcome = LB_DENIED, .error_code = "NoCredentials"},
    };
    struct lb_arena *arena = lb_arena_new();
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_null(lb_cluster_next_step(arena, lb_call_new(arena, &put, "us-east-1"), &others[i]));
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_guard_has_its_next_step),
                                       cmocka_unit_test(a_lack_names_what_to_install),
                                       cmocka_unit_test(others_keep_their_own)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
