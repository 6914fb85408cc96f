/* route53_dns.c: the data plane of Route 53: is a check healthy, and what would a resolver be told.
 * It goes on when us-east-1 is down: records and streams are all it needs. */
#include "sandbox/route53.h"

#include "base/xml.h"
#include "sandbox/cloudwatch.h"
#include "sandbox/opensearch.h"

#include <string.h>

#define CNAME_HOPS 8

/* --- health
 * -------------------------------------------------------------------------------------------- */
/* -1: the stream has nothing to say. */
static int alarm_health(struct sandbox *sandbox, const struct lb_value *check)
{
    const char *region = lb_text_at(check, "config/AlarmIdentifier/Region", "");
    enum sb_metric_state state = SB_METRIC_INSUFFICIENT;

    if (!sb_region_down(sandbox, region))
        state = sb_metric_evaluate(sandbox, region, lb_map_get(check, "alarm"), "missing", true);
    return state == SB_METRIC_INSUFFICIENT ? -1 : state == SB_METRIC_OK;
}

static bool alarm_healthy(struct sandbox *sandbox, const struct lb_value *check)
{
    const char *otherwise = lb_text_at(check, "config/InsufficientDataHealthStatus",
                                       "LastKnownStatus");
    int health = alarm_health(sandbox, check);

    if (health >= 0)
        return health;
    if (lb_streq(otherwise, "LastKnownStatus"))
        return lb_bool_at(check, "last", true);
    return lb_streq(otherwise, "Healthy");
}

/* "bucket.s3.us-west-2.amazonaws.com" and "bucket.s3.amazonaws.com": the object must be public. */
static bool object_healthy(struct sandbox *sandbox, struct lb_arena *arena, const char *host,
                           const char *path)
{
    const char *dot = strstr(host, ".s3");
    const char *bucket = lb_arena_strndup(arena, host, (size_t)(dot - host));
    const char *region = sb_s3_bucket_region(sandbox, bucket);

    return region && !sb_region_down(sandbox, region) &&
           sb_s3_public(sandbox, bucket, lb_percent_decode(arena, path + (*path == '/')));
}

/* Checkers send no credentials: a domain with an access policy answers 403 to them, for ever. */
static bool endpoint_healthy(struct sandbox *sandbox, const struct lb_value *check)
{
    const char *host = lb_text_at(check, "config/FullyQualifiedDomainName", "");
    const char *type = lb_text_at(check, "config/Type", "");
    struct lb_value *domain = sb_domain_by_host(sandbox, host);
    struct lb_arena *scratch;
    bool healthy = true;

    if (domain)
        return lb_streq(type, "TCP") && sb_domain_serving(domain) &&
               !lb_bool_at(domain, "vpc", false) &&
               !sb_region_down(sandbox, lb_text_at(domain, "region", ""));
    scratch = lb_arena_new();
    if (strstr(host, ".s3") && lb_ends_with(host, ".amazonaws.com"))
        healthy = object_healthy(sandbox, scratch, host,
                                 lb_text_at(check, "config/ResourcePath", "/"));
    lb_arena_free(scratch);
    return healthy;
}

static bool calculated_healthy(struct sandbox *sandbox, const struct lb_value *check)
{
    struct lb_value *children = lb_value_at(check, "config/ChildHealthChecks/ChildHealthCheck");
    int64_t healthy = 0;

    for (size_t i = 0; i < lb_xml_count(children); i++) {
        struct lb_value *child = lb_map_get(sb_r53_table(sandbox, "checks"),
                                            lb_text(lb_xml_item(children, i), ""));

        if (child && !lb_streq(lb_text_at(child, "config/Type", ""), "CALCULATED"))
            healthy += sb_check_healthy(sandbox, child);
    }
    return healthy >= lb_int_at(check, "config/HealthThreshold", 0);
}

static const struct {
    const char *type;
    bool (*healthy)(struct sandbox *, const struct lb_value *);
} judges[] = {{"CLOUDWATCH_METRIC", alarm_healthy},
              {"CALCULATED", calculated_healthy},
              {"RECOVERY_CONTROL", NULL}};

bool sb_check_healthy(struct sandbox *sandbox, struct lb_value *check)
{
    bool (*judge)(struct sandbox *, const struct lb_value *) = endpoint_healthy;
    bool healthy;

    for (size_t i = 0; i < sizeof(judges) / sizeof(judges[0]); i++) {
        if (lb_streq(lb_text_at(check, "config/Type", ""), judges[i].type))
            judge = judges[i].healthy;
    }
    healthy = lb_bool_at(check, "config/Disabled", false) || !judge || judge(sandbox, check);
    return healthy != lb_bool_at(check, "config/Inverted", false);
}

void sb_checks_tick(struct sandbox *sandbox, int64_t now)
{
    struct lb_value *checks = sb_r53_table(sandbox, "checks");

    (void)now;
    for (size_t i = 0; i < lb_value_count(checks); i++) {
        struct lb_value *check = lb_map_nth(checks, i)->value;
        int health = lb_map_get(check, "alarm") ? alarm_health(sandbox, check) : -1;

        if (health >= 0 && lb_bool_at(check, "last", true) != (health == 1)) {
            sb_keep_bool(sandbox, check, "last", health);
            sb_touch(sandbox);
        }
    }
}

/* --- answers
 * ---------------------------------------------------------------------------------------------- */
struct lookup {
    struct sandbox *sandbox;
    struct lb_arena *arena;
    struct lb_value *answers;
    struct lb_value *checks; /* id -> healthy, of every check that was asked */
};

static bool record_healthy(struct lookup *lookup, const struct lb_value *record)
{
    const char *id = lb_text_at(record, "HealthCheckId", NULL);
    struct lb_value *check = id ? lb_map_get(sb_r53_table(lookup->sandbox, "checks"), id) : NULL;
    bool healthy = !check || sb_check_healthy(lookup->sandbox, check);

    if (check)
        lb_map_set_bool(lookup->arena, lookup->checks, id, healthy);
    return healthy;
}

static struct lb_value *zone_of(struct sandbox *sandbox, const char *name)
{
    struct lb_value *zones = sb_r53_table(sandbox, "zones"), *best = NULL;

    for (size_t i = 0; i < lb_value_count(zones); i++) {
        struct lb_value *zone = lb_map_nth(zones, i)->value;
        const char *apex = lb_text_at(zone, "name", "");

        if (!lb_bool_at(zone, "private", false) && sb_dns_within(name, apex) &&
            (!best || strlen(apex) > strlen(lb_text_at(best, "name", ""))))
            best = zone;
    }
    return best;
}

/* Of the records of one name and type: the healthy primary, else the healthy secondary; when all
 * are unhealthy, the primary (developer guide, active-passive failover). */
static struct lb_value *choose(struct lookup *lookup, const struct lb_value *records,
                               const char *name)
{
    struct lb_value *fallback = NULL, *secondary = NULL;

    for (size_t i = 0; i < lb_value_count(records); i++) {
        struct lb_value *record = lb_list_item(records, i);
        const char *type = lb_text_at(record, "Type", "");
        bool healthy;

        if (!lb_streq(lb_text_at(record, "Name", ""), name) || lb_streq(type, "NS") ||
            lb_streq(type, "SOA") || lb_streq(type, "TXT"))
            continue;
        healthy = record_healthy(lookup, record);
        if (lb_streq(lb_text_at(record, "Failover", "PRIMARY"), "PRIMARY")) {
            if (healthy)
                return record;
            fallback = fallback ? fallback : record;
        } else if (healthy) {
            secondary = record;
        }
    }
    return secondary ? secondary : fallback;
}

static const char *add_answer(struct lookup *lookup, const struct lb_value *record)
{
    static const char *const shown[][2] = {{"name", "Name"},
                                           {"type", "Type"},
                                           {"set_identifier", "SetIdentifier"},
                                           {"failover", "Failover"},
                                           {"ttl", "TTL"}};
    struct lb_value *answer = lb_value_map(lookup->arena);
    struct lb_value *values = lb_value_at(record, "ResourceRecords/ResourceRecord");
    const char *value = lb_text_at(lb_list_item(values, 0), "Value",
                                   lb_text_at(record, "AliasTarget/DNSName", ""));

    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        lb_map_set_string(lookup->arena, answer, shown[i][0],
                          lb_text_at(record, shown[i][1], NULL));
    lb_map_set_string(lookup->arena, answer, "value", value);
    lb_list_add(lookup->arena, lookup->answers, answer);
    return value;
}

struct lb_value *sb_dns_answer(struct sandbox *sandbox, struct lb_arena *arena, const char *name)
{
    struct lb_value *result = lb_value_map(arena);
    struct lookup lookup = {.sandbox = sandbox, .arena = arena};
    const char *at = sb_dns_name(arena, name);

    lb_map_set_string(arena, result, "name", at);
    lookup.answers = lb_map_list(arena, result, "answers");
    lookup.checks = lb_map_map(arena, result, "health_checks");
    for (int hop = 0; hop < CNAME_HOPS; hop++) {
        struct lb_value *zone = zone_of(sandbox, at);
        struct lb_value *record = zone ? choose(&lookup, lb_map_get(zone, "records"), at) : NULL;

        if (!record)
            break;
        at = sb_dns_name(arena, add_answer(&lookup, record));
        if (!lb_streq(lb_text_at(record, "Type", ""), "CNAME") &&
            !lb_map_get(record, "AliasTarget"))
            break;
    }
    return result;
}
