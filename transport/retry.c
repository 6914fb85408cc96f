/* retry.c: what an error means. One table for all services, first match wins; what no row names is
 * decided by the HTTP status.
 *
 * Codes: botocore's retries/standard.py, the services' own error pages, and for clusters the
 * exception names of OpenSearch's REST layer. LimitExceededException is in botocore's throttle
 * list, but for OpenSearch, EventBridge and logs it is a hard quota: waiting does not help.
 */
#include "transport/retry.h"

#include "base/str.h"

#include <string.h>

#define CLUSTER "cluster" /* matches every service that has no host prefix */

struct row {
    const char *code;
    const char *service; /* NULL: any */
    const char *message; /* must occur in the message; NULL: any */
    enum lb_error_class error_class;
};

static const struct row rows[] = {
    /* the clock */
    {"RequestTimeTooSkewed", NULL, NULL, LB_CLASS_SKEW},
    {"RequestExpired", NULL, NULL, LB_CLASS_SKEW},
    {"RequestInTheFuture", NULL, NULL, LB_CLASS_SKEW},
    {"InvalidSignatureException", NULL, "Signature expired", LB_CLASS_SKEW},
    {"InvalidSignatureException", NULL, "Signature not yet current", LB_CLASS_SKEW},
    {"SignatureDoesNotMatch", NULL, "Signature expired", LB_CLASS_SKEW},
    {"SignatureDoesNotMatch", NULL, "Signature not yet current", LB_CLASS_SKEW},
    /* too fast */
    {"Throttling", NULL, NULL, LB_CLASS_THROTTLE},
    {"ThrottlingException", NULL, NULL, LB_CLASS_THROTTLE},
    {"ThrottledException", NULL, NULL, LB_CLASS_THROTTLE},
    {"RequestThrottled", NULL, NULL, LB_CLASS_THROTTLE},
    {"RequestThrottledException", NULL, NULL, LB_CLASS_THROTTLE},
    {"TooManyRequestsException", NULL, NULL, LB_CLASS_THROTTLE},
    {"RequestLimitExceeded", NULL, NULL, LB_CLASS_THROTTLE},
    {"BandwidthLimitExceeded", NULL, NULL, LB_CLASS_THROTTLE},
    {"SlowDown", NULL, NULL, LB_CLASS_THROTTLE},
    {"PriorRequestNotComplete", NULL, NULL, LB_CLASS_THROTTLE},
    {"circuit_breaking_exception", CLUSTER, NULL, LB_CLASS_THROTTLE},
    {"es_rejected_execution_exception", CLUSTER, NULL, LB_CLASS_THROTTLE},
    {"rejected_execution_exception", CLUSTER, NULL, LB_CLASS_THROTTLE},
    /* hard quotas and blocks, whatever their status says */
    {"LimitExceededException", NULL, NULL, LB_CLASS_FINAL},
    {"LimitExceeded", NULL, NULL, LB_CLASS_FINAL},
    {"ServiceQuotaExceededException", NULL, NULL, LB_CLASS_FINAL},
    {"cluster_block_exception", CLUSTER, NULL, LB_CLASS_FINAL},
    {LB_UNKNOWN_PATH, CLUSTER, NULL, LB_CLASS_FINAL},
    /* 500, but settings or a type that the node does not take: it asked nobody else */
    {"repository_exception", CLUSTER, "failed to create repository", LB_CLASS_FINAL},
    {"repository_exception", CLUSTER, "repository type [", LB_CLASS_FINAL},
    {"UnreadableAnswer", NULL, NULL, LB_CLASS_TRANSIENT},
    /* passing trouble */
    {"RequestTimeout", NULL, NULL, LB_CLASS_TRANSIENT},
    {"RequestTimeoutException", NULL, NULL, LB_CLASS_TRANSIENT},
    {"InternalError", NULL, NULL, LB_CLASS_TRANSIENT},
    {"InternalFailure", NULL, NULL, LB_CLASS_TRANSIENT},
    {"InternalException", NULL, NULL, LB_CLASS_TRANSIENT},
    {"ServiceUnavailable", NULL, NULL, LB_CLASS_TRANSIENT},
    {"ServiceUnavailableException", NULL, NULL, LB_CLASS_TRANSIENT},
    {"IDPCommunicationError", "sts", NULL, LB_CLASS_TRANSIENT},
    {"OperationAborted", "s3", NULL, LB_CLASS_TRANSIENT},
    {"ConditionalRequestConflict", "s3", NULL, LB_CLASS_TRANSIENT},
    {"ConcurrentModification", "iam", NULL, LB_CLASS_TRANSIENT},
    {"EntityTemporarilyUnmodifiable", "iam", NULL, LB_CLASS_TRANSIENT},
    {"ResourceConflictException", "lambda", "in progress", LB_CLASS_TRANSIENT},
    {"process_cluster_event_timeout_exception", CLUSTER, NULL, LB_CLASS_TRANSIENT},
    {"cluster_manager_not_discovered_exception", CLUSTER, NULL, LB_CLASS_TRANSIENT},
    {"master_not_discovered_exception", CLUSTER, NULL, LB_CLASS_TRANSIENT},
    /* who we are: a session that ended, a key that was revoked or never was */
    {"ExpiredToken", NULL, NULL, LB_CLASS_EXPIRED},
    {"ExpiredTokenException", NULL, NULL, LB_CLASS_EXPIRED},
    {"TokenRefreshRequired", NULL, NULL, LB_CLASS_EXPIRED},
    {"InvalidToken", NULL, NULL, LB_CLASS_EXPIRED},
    {"InvalidAccessKeyId", NULL, NULL, LB_CLASS_EXPIRED},
    {"InvalidClientTokenId", NULL, NULL, LB_CLASS_EXPIRED},
    {"UnrecognizedClientException", NULL, NULL, LB_CLASS_EXPIRED},
    /* and what we may */
    {"AccessDenied", NULL, NULL, LB_CLASS_DENIED},
    {"AccessDeniedException", NULL, NULL, LB_CLASS_DENIED},
    {"AllAccessDisabled", NULL, NULL, LB_CLASS_DENIED},
    {"AuthFailure", NULL, NULL, LB_CLASS_DENIED},
    {"AuthorizationError", NULL, NULL, LB_CLASS_DENIED},
    {"UnauthorizedOperation", NULL, NULL, LB_CLASS_DENIED},
    {"UnauthorizedAccess", NULL, NULL, LB_CLASS_DENIED},
    {"NotAuthorized", NULL, NULL, LB_CLASS_DENIED},
    {"OptInRequired", NULL, NULL, LB_CLASS_DENIED},
    {"InvalidSignatureException", NULL, NULL, LB_CLASS_DENIED},
    {"SignatureDoesNotMatch", NULL, NULL, LB_CLASS_DENIED},
    {"IncompleteSignature", NULL, NULL, LB_CLASS_DENIED},
    {"MissingAuthenticationToken", NULL, NULL, LB_CLASS_DENIED},
    {"MissingAuthenticationTokenException", NULL, NULL, LB_CLASS_DENIED},
    {"security_exception", CLUSTER, NULL, LB_CLASS_DENIED},
    /* not there, or not set */
    {"NoSuchBucket", "s3", NULL, LB_CLASS_NOT_FOUND},
    {"NoSuchKey", "s3", NULL, LB_CLASS_NOT_FOUND},
    {"NoSuchVersion", "s3", NULL, LB_CLASS_NOT_FOUND},
    {"NoSuchBucketPolicy", "s3", NULL, LB_CLASS_NOT_FOUND},
    {"NoSuchLifecycleConfiguration", "s3", NULL, LB_CLASS_NOT_FOUND},
    {"ReplicationConfigurationNotFoundError", "s3", NULL, LB_CLASS_NOT_FOUND},
    {"NoSuchTagSet", "s3", NULL, LB_CLASS_NOT_FOUND},
    {"NoSuchPublicAccessBlockConfiguration", "s3", NULL, LB_CLASS_NOT_FOUND},
    {"OwnershipControlsNotFoundError", "s3", NULL, LB_CLASS_NOT_FOUND},
    {"ServerSideEncryptionConfigurationNotFoundError", "s3", NULL, LB_CLASS_NOT_FOUND},
    {"ObjectLockConfigurationNotFoundError", "s3", NULL, LB_CLASS_NOT_FOUND},
    {"NoSuchEntity", "iam", NULL, LB_CLASS_NOT_FOUND},
    {"NoSuchHostedZone", "route53", NULL, LB_CLASS_NOT_FOUND},
    {"NoSuchHealthCheck", "route53", NULL, LB_CLASS_NOT_FOUND},
    {"NoSuchChange", "route53", NULL, LB_CLASS_NOT_FOUND},
    /* OpenSearch Service says it with status 409, Lambda and EventBridge with 404 or 400. */
    {"ResourceNotFoundException", NULL, NULL, LB_CLASS_NOT_FOUND},
    {"ResourceNotFound", NULL, NULL, LB_CLASS_NOT_FOUND},
    {"repository_missing_exception", CLUSTER, NULL, LB_CLASS_NOT_FOUND},
    {"snapshot_missing_exception", CLUSTER, NULL, LB_CLASS_NOT_FOUND},
    {"index_not_found_exception", CLUSTER, NULL, LB_CLASS_NOT_FOUND},
};

static const struct {
    int status;
    enum lb_error_class error_class;
} by_status[] = {
    {401, LB_CLASS_DENIED},    {403, LB_CLASS_DENIED},    {404, LB_CLASS_NOT_FOUND},
    {408, LB_CLASS_TRANSIENT}, {429, LB_CLASS_THROTTLE},  {500, LB_CLASS_TRANSIENT},
    {502, LB_CLASS_TRANSIENT}, {503, LB_CLASS_TRANSIENT}, {504, LB_CLASS_TRANSIENT},
    {509, LB_CLASS_THROTTLE},
};

static bool row_matches(const struct row *row, const struct lb_service *service, const char *code,
                        const char *message)
{
    if (!lb_streq(row->code, code))
        return false;
    if (row->service && !lb_streq(row->service, service->prefix ? service->id : CLUSTER))
        return false;
    return !row->message || (message && strstr(message, row->message));
}

enum lb_error_class lb_error_classify(const struct lb_service *service, int status,
                                      const char *error_code, const char *error_message)
{
    for (size_t i = 0; error_code && i < sizeof rows / sizeof *rows; i++)
        if (row_matches(&rows[i], service, error_code, error_message))
            return rows[i].error_class;
    for (size_t i = 0; i < sizeof by_status / sizeof *by_status; i++)
        if (by_status[i].status == status)
            return by_status[i].error_class;
    return status >= 500 ? LB_CLASS_TRANSIENT : LB_CLASS_FINAL;
}

int64_t lb_retry_delay_ms(enum lb_error_class error_class, int attempt, double random01)
{
    double delay = error_class == LB_CLASS_THROTTLE ? 1000 : 50;
    for (int i = 0; i < attempt && delay < 20000; i++)
        delay *= 2;
    return (int64_t)(random01 * (delay < 20000 ? delay : 20000));
}
