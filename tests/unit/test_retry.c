/* test_retry.c: what errors mean, how long to wait, and the limits of one place: window, token
 * bucket, retry budget.
 */
#include "base/str.h"
#include "transport/lane.h"
#include "transport/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct lb_service s3 = {.id = "s3", .prefix = "s3"};
static const struct lb_service iam = {.id = "iam", .prefix = "iam"};
static const struct lb_service es = {.id = "es", .prefix = "es"};
static const struct lb_service route53 = {.id = "route53", .prefix = "route53"};
static const struct lb_service lambda = {.id = "lambda", .prefix = "lambda"};
static const struct lb_service cluster = {.id = "cluster"};

static const struct {
    const struct lb_service *service;
    int status;
    const char *code, *message;
    enum lb_error_class want;
} rows[] = {
    {&iam, 400, "Throttling", NULL, LB_CLASS_THROTTLE},
    {&es, 400, "ThrottlingException", "Rate exceeded", LB_CLASS_THROTTLE},
    {&route53, 400, "PriorRequestNotComplete", NULL, LB_CLASS_THROTTLE},
    {&s3, 503, "SlowDown", NULL, LB_CLASS_THROTTLE},
    {&lambda, 429, "TooManyRequestsException", NULL, LB_CLASS_THROTTLE},
    {&cluster, 429, "circuit_breaking_exception", NULL, LB_CLASS_THROTTLE},
    {&cluster, 429, NULL, NULL, LB_CLASS_THROTTLE},
    {&s3, 429, "NewWords", NULL, LB_CLASS_THROTTLE},
    {&es, 409, "LimitExceededException", NULL, LB_CLASS_FINAL},
    {&iam, 409, "LimitExceeded", NULL, LB_CLASS_FINAL},
    {&cluster, 403, "cluster_block_exception", NULL, LB_CLASS_FINAL},
    {&cluster, 404, "UnknownPath", NULL, LB_CLASS_FINAL},
    {&cluster, 500, "repository_exception", "[a] failed to create repository: b", LB_CLASS_FINAL},
    {&cluster, 500, "repository_exception", "[a] repository type [s3] does not exist",
     LB_CLASS_FINAL},
    {&cluster, 500, "repository_exception", "[a] could not read", LB_CLASS_TRANSIENT},
    {&cluster, 429, "cluster_block_exception", NULL, LB_CLASS_FINAL},
    {&s3, 500, "InternalError", NULL, LB_CLASS_TRANSIENT},
    {&s3, 200, "InternalError", NULL, LB_CLASS_TRANSIENT},
    {&s3, 400, "RequestTimeout", NULL, LB_CLASS_TRANSIENT},
    {&s3, 409, "OperationAborted", NULL, LB_CLASS_TRANSIENT},
    {&iam, 409, "OperationAborted", NULL, LB_CLASS_FINAL},
    {&iam, 409, "ConcurrentModification", NULL, LB_CLASS_TRANSIENT},
    {&lambda, 409, "ResourceConflictException", "An update is in progress", LB_CLASS_TRANSIENT},
    {&lambda, 409, "ResourceConflictException", "exists already", LB_CLASS_FINAL},
    {&es, 500, NULL, NULL, LB_CLASS_TRANSIENT},
    {&es, 502, "HTTP502", NULL, LB_CLASS_TRANSIENT},
    {&es, 503, NULL, NULL, LB_CLASS_TRANSIENT},
    {&es, 504, NULL, NULL, LB_CLASS_TRANSIENT},
    {&es, 599, NULL, NULL, LB_CLASS_TRANSIENT},
    {&s3, 403, "RequestTimeTooSkewed", NULL, LB_CLASS_SKEW},
    {&es, 403, "InvalidSignatureException", "Signature expired: 2026", LB_CLASS_SKEW},
    {&es, 403, "InvalidSignatureException", "Signature not yet current: 2026", LB_CLASS_SKEW},
    {&es, 403, "InvalidSignatureException", "The request signature", LB_CLASS_DENIED},
    {&es, 403, "InvalidSignatureException", NULL, LB_CLASS_DENIED},
    {&iam, 403, "SignatureDoesNotMatch", "Signature expired: now earlier", LB_CLASS_SKEW},
    {&s3, 403, "SignatureDoesNotMatch", "does not match", LB_CLASS_DENIED},
    {&s3, 403, "AccessDenied", NULL, LB_CLASS_DENIED},
    {&es, 400, "AccessDeniedException", NULL, LB_CLASS_DENIED},
    {&iam, 403, "InvalidClientTokenId", NULL, LB_CLASS_EXPIRED},
    {&s3, 400, "ExpiredToken", NULL, LB_CLASS_EXPIRED},
    {&es, 401, NULL, NULL, LB_CLASS_DENIED},
    {&cluster, 403, "security_exception", NULL, LB_CLASS_DENIED},
    {&s3, 404, "NoSuchBucket", NULL, LB_CLASS_NOT_FOUND},
    {&s3, 404, "NoSuchBucketPolicy", NULL, LB_CLASS_NOT_FOUND},
    {&s3, 404, "NoSuchLifecycleConfiguration", NULL, LB_CLASS_NOT_FOUND},
    {&s3, 404, "ReplicationConfigurationNotFoundError", NULL, LB_CLASS_NOT_FOUND},
    {&s3, 404, "NoSuchTagSet", NULL, LB_CLASS_NOT_FOUND},
    {&s3, 404, "NoSuchPublicAccessBlockConfiguration", NULL, LB_CLASS_NOT_FOUND},
    {&s3, 404, "OwnershipControlsNotFoundError", NULL, LB_CLASS_NOT_FOUND},
    {&s3, 404, "ServerSideEncryptionConfigurationNotFoundError", NULL, LB_CLASS_NOT_FOUND},
    {&s3, 404, NULL, NULL, LB_CLASS_NOT_FOUND},
    {&iam, 404, "NoSuchEntity", NULL, LB_CLASS_NOT_FOUND},
    {&route53, 404, "NoSuchHostedZone", NULL, LB_CLASS_NOT_FOUND},
    {&route53, 404, "NoSuchHealthCheck", NULL, LB_CLASS_NOT_FOUND},
    {&es, 409, "ResourceNotFoundException", NULL, LB_CLASS_NOT_FOUND},
    {&es, 409, "ResourceAlreadyExistsException", NULL, LB_CLASS_FINAL},
    {&cluster, 404, "repository_missing_exception", NULL, LB_CLASS_NOT_FOUND},
    {&cluster, 404, "NOT_FOUND", NULL, LB_CLASS_NOT_FOUND},
    {&cluster, 400, "illegal_argument_exception", NULL, LB_CLASS_FINAL},
    {&s3, 400, "MalformedXML", NULL, LB_CLASS_FINAL},
    {&s3, 301, "PermanentRedirect", NULL, LB_CLASS_FINAL},
    {&s3, 307, "TemporaryRedirect", NULL, LB_CLASS_FINAL},
    {&s3, 412, "PreconditionFailed", NULL, LB_CLASS_FINAL},
};

static void test_classes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum lb_error_class got = lb_error_classify(rows[i].service, rows[i].status, rows[i].code,
                                                    rows[i].message);
        if (got != rows[i].want)
            fail_msg("%s %d %s: class %d", rows[i].service->id, rows[i].status,
                     rows[i].code ? rows[i].code : "-", got);
    }
}

static void test_delays(void **state)
{
    (void)state;
    assert_int_equal(lb_retry_delay_ms(LB_CLASS_TRANSIENT, 0, 1.0), 50);
    assert_int_equal(lb_retry_delay_ms(LB_CLASS_TRANSIENT, 1, 1.0), 100);
    assert_int_equal(lb_retry_delay_ms(LB_CLASS_TRANSIENT, 3, 0.5), 200);
    assert_int_equal(lb_retry_delay_ms(LB_CLASS_THROTTLE, 0, 1.0), 1000);
    assert_int_equal(lb_retry_delay_ms(LB_CLASS_THROTTLE, 4, 0.25), 4000);
    assert_int_equal(lb_retry_delay_ms(LB_CLASS_THROTTLE, 5, 1.0), 20000);
    assert_int_equal(lb_retry_delay_ms(LB_CLASS_THROTTLE, 1000000, 1.0), 20000);
    assert_int_equal(lb_retry_delay_ms(LB_CLASS_THROTTLE, 9, 0.0), 0);
}

/* --- lanes ------------------------------------------------------------------------------------ */
#define ROUND_TRIP 30 /* ms until a success is known */

/* Requests that a bucket lets pass from `from` to `to`, at most 16 in flight. */
static int passed(struct lb_bucket *bucket, int64_t from, int64_t to, bool success)
{
    int count = 0, in_flight[ROUND_TRIP] = {0}, sum = 0;
    for (int64_t now = from; now < to; now++) {
        int64_t wait;
        int *slot = &in_flight[now % ROUND_TRIP];
        for (; *slot > 0; (*slot)--, sum--)
            if (success)
                lb_bucket_success(bucket, now);
        while ((sum < 16 || !success) && lb_bucket_take(bucket, now, &wait)) {
            count++;
            sum++;
            (*slot)++;
        }
    }
    return count;
}

static void test_hard_rate_is_kept(void **state)
{
    (void)state;
    struct lb_bucket bucket;
    lb_bucket_init(&bucket, 4.5, 1000);
    assert_int_equal(passed(&bucket, 1000, 1001, false), 5);
    /* 4.5/s for ten seconds, success or not. */
    assert_in_range(passed(&bucket, 1001, 11001, true), 44, 46);
    int64_t wait = 0;
    while (lb_bucket_take(&bucket, 11001, &wait))
        ;
    assert_in_range(wait, 1, 223);
    lb_bucket_throttled(&bucket, 12000);
    assert_true(bucket.rate < 2.3);
    assert_in_range(passed(&bucket, 12000, 22000, true), 30, 45);
    assert_true(bucket.rate <= 4.5);
}

static void test_soft_rate_adapts(void **state)
{
    (void)state;
    struct lb_bucket bucket;
    lb_bucket_init(&bucket, 0, 0);
    assert_int_equal(passed(&bucket, 0, 1, false), 20);
    assert_in_range(passed(&bucket, 1, 1001, false), 19, 21);
    /* Successes give tokens back: what is answered fast is not held up. */
    lb_bucket_init(&bucket, 0, 0);
    assert_true(passed(&bucket, 0, 1000, true) > 300);
    assert_true(bucket.rate > 100);
    double before = bucket.rate;
    lb_bucket_throttled(&bucket, 1000);
    lb_bucket_throttled(&bucket, 1001); /* of the same burst: counted once */
    assert_true(bucket.rate > before / 2 - 1 && bucket.rate < before / 2 + 1);
    for (int64_t now = 3000; now < 60000; now += 2000)
        lb_bucket_throttled(&bucket, now);
    assert_true(bucket.rate >= 0.5 && bucket.rate < 10);
    double low = bucket.rate;
    passed(&bucket, 60000, 65000, true);
    assert_true(bucket.rate > low + 8 && bucket.rate < low + 14);
}

static void test_budget(void **state)
{
    (void)state;
    struct lb_lane lane;
    lb_lane_init(&lane, &s3, "k", 0);
    assert_int_equal(lane.window, 16);
    int taken = 0;
    while (lb_budget_take(&lane, lb_budget_cost(true)))
        taken++;
    assert_int_equal(taken, 100);
    assert_false(lb_budget_take(&lane, lb_budget_cost(false)));
    lb_budget_return(&lane, 14);
    assert_true(lb_budget_take(&lane, lb_budget_cost(false)));
    for (int i = 0; i < 2000; i++)
        lb_budget_return(&lane, 0);
    assert_int_equal(lane.budget, LB_BUDGET_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_delays),
        cmocka_unit_test(test_hard_rate_is_kept),
        cmocka_unit_test(test_soft_rate_adapts),
        cmocka_unit_test(test_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
