/* route53_health.c: health checks: their life, tags, and whether they are healthy.
 * Facts: API reference of CreateHealthCheck (CallerReference is the idempotency token and is never
 * free again), UpdateHealthCheck (the version is the lock; Type, RequestInterval and MeasureLatency
 * cannot change), and that a check of an alarm copies the alarm's thresholds when it is made. */
#include "sandbox/route53.h"

#include "base/xml.h"
#include "sandbox/cloudwatch.h"
#include "sandbox/opensearch.h"

#include <string.h>

static const char *const fields[] = {"IPAddress",
                                     "Port",
                                     "Type",
                                     "ResourcePath",
                                     "FullyQualifiedDomainName",
                                     "SearchString",
                                     "RequestInterval",
                                     "FailureThreshold",
                                     "MeasureLatency",
                                     "Inverted",
                                     "Disabled",
                                     "HealthThreshold",
                                     "ChildHealthChecks",
                                     "EnableSNI",
                                     "Regions",
                                     "AlarmIdentifier",
                                     "InsufficientDataHealthStatus",
                                     "RoutingControlArn"};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static const char types[] =
    "|HTTP|HTTPS|HTTP_STR_MATCH|HTTPS_STR_MATCH|TCP|CALCULATED|CLOUDWATCH_METRIC|RECOVERY_CONTROL|";

static bool is_endpoint(const char *type)
{
    return lb_starts_with(type, "HTTP") || lb_streq(type, "TCP");
}

/* --- configuration
 * ------------------------------------------------------------------------------------- */
static struct lb_value *config_complete(struct lb_arena *arena, const struct lb_value *sent)
{
    struct lb_value *config = lb_value_map(arena);
    const char *type = lb_text_at(sent, "Type", "");
    const char *port = lb_streq(type, "HTTPS") || lb_streq(type, "HTTPS_STR_MATCH") ? "443" : "80";

    for (size_t i = 0; i < FIELDS; i++) {
        struct lb_value *value = lb_map_get(sent, fields[i]);

        if (value)
            lb_map_set(arena, config, fields[i], lb_value_copy(arena, value));
        else if (lb_streq(fields[i], "Inverted") || lb_streq(fields[i], "Disabled"))
            lb_map_set_string(arena, config, fields[i], "false");
        else if (!is_endpoint(type))
            continue;
        else if (lb_streq(fields[i], "Port") && !lb_streq(type, "TCP"))
            lb_map_set_string(arena, config, fields[i], port);
        else if (lb_streq(fields[i], "RequestInterval"))
            lb_map_set_string(arena, config, fields[i], "30");
        else if (lb_streq(fields[i], "FailureThreshold"))
            lb_map_set_string(arena, config, fields[i], "3");
        else if (lb_streq(fields[i], "MeasureLatency"))
            lb_map_set_string(arena, config, fields[i], "false");
        else if (lb_streq(fields[i], "EnableSNI") && lb_starts_with(type, "HTTP"))
            lb_map_set_string(arena, config, fields[i],
                              lb_starts_with(type, "HTTPS") ? "true" : "false");
    }
    return config;
}

static const char *config_fault(struct sb_call *call, const struct lb_value *config)
{
    const char *type = lb_text_at(config, "Type", "");
    bool alarm = lb_streq(type, "CLOUDWATCH_METRIC");

    if (!*type || !strstr(types, lb_arena_printf(call->arena, "|%s|", type)))
        return "Type is not one of the known types.";
    if (is_endpoint(type) && !lb_map_get(config, "IPAddress") &&
        !lb_map_get(config, "FullyQualifiedDomainName"))
        return "Either IPAddress or FullyQualifiedDomainName must be specified.";
    if (lb_streq(type, "TCP") && !lb_map_get(config, "Port"))
        return "Port must be specified for a TCP health check.";
    if (!is_endpoint(type) &&
        (lb_map_get(config, "Port") || lb_map_get(config, "RequestInterval") ||
         lb_map_get(config, "FailureThreshold")))
        return "Port, RequestInterval and FailureThreshold belong to endpoint health checks.";
    if (is_endpoint(type) && lb_int_at(config, "RequestInterval", 30) != 10 &&
        lb_int_at(config, "RequestInterval", 30) != 30)
        return "RequestInterval must be 10 or 30.";
    if (alarm != (lb_map_get(config, "AlarmIdentifier") != NULL))
        return "AlarmIdentifier must be specified for CLOUDWATCH_METRIC, and only for it.";
    if (alarm && !strstr("|Healthy|Unhealthy|LastKnownStatus|",
                         lb_text_at(config, "InsufficientDataHealthStatus", "LastKnownStatus")))
        return "InsufficientDataHealthStatus is not one of the known words.";
    if (alarm && !sb_alarm_find(call->sandbox, lb_text_at(config, "AlarmIdentifier/Region", ""),
                                lb_text_at(config, "AlarmIdentifier/Name", "")))
        return "The CloudWatch alarm does not exist.";
    if (lb_streq(type, "RECOVERY_CONTROL") && !lb_map_get(config, "RoutingControlArn"))
        return "RoutingControlArn must be specified.";
    return NULL;
}

/* Route 53 keeps a copy of the alarm's thresholds; a later change of the alarm does not reach it.
 */
static void keep_alarm(struct sb_call *call, struct lb_value *check)
{
    static const char *const copied[] = {
        "EvaluationPeriods", "Threshold", "ComparisonOperator", "Period",
        "MetricName",        "Namespace", "Statistic",          "Dimensions"};
    struct lb_value *config = lb_map_get(check, "config"), *copy;
    struct lb_value *alarm = sb_alarm_find(call->sandbox,
                                           lb_text_at(config, "AlarmIdentifier/Region", ""),
                                           lb_text_at(config, "AlarmIdentifier/Name", ""));

    if (!alarm)
        return;
    copy = lb_value_map(call->arena);
    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
        if (lb_map_get(alarm, copied[i]))
            lb_map_set(call->arena, copy, copied[i], lb_map_get(alarm, copied[i]));
    }
    sb_keep(call->sandbox, check, "alarm", copy);
}

static struct lb_value *shown(struct sb_call *call, const struct lb_value *check)
{
    struct lb_arena *arena = call->arena;
    struct lb_value *out = lb_value_map(arena), *alarm = lb_map_get(check, "alarm"), *copy;

    lb_map_set(arena, out, "Id", lb_map_get(check, "id"));
    lb_map_set(arena, out, "CallerReference", lb_map_get(check, "reference"));
    lb_map_set(arena, out, "HealthCheckConfig", lb_map_get(check, "config"));
    lb_map_set(arena, out, "HealthCheckVersion", lb_map_get(check, "version"));
    if (alarm) {
        copy = lb_value_copy(arena, alarm);
        lb_map_set(arena, copy, "Dimensions", lb_value_map(arena));
        lb_map_set(arena, lb_map_get(copy, "Dimensions"), "Dimension",
                   lb_map_get(alarm, "Dimensions"));
        lb_map_set(arena, out, "CloudWatchAlarmConfiguration", copy);
    }
    return out;
}

static void reply_check(struct sb_call *call, int status, const char *root,
                        const struct lb_value *check)
{
    struct lb_value *body = lb_value_map(call->arena);

    lb_map_set(call->arena, body, "HealthCheck", shown(call, check));
    sb_r53_reply(call, status, root, body);
}

static struct lb_value *check_wanted(struct sb_call *call)
{
    struct lb_value *check = lb_map_get(sb_r53_table(call->sandbox, "checks"), call->args[0]);

    if (!check)
        sb_r53_error(call, 404, "NoSuchHealthCheck",
                     "No health check exists with the specified ID "
                     "%s",
                     call->args[0]);
    return check;
}

/* --- life
 * ------------------------------------------------------------------------------------------------
 */
static void reply_created(struct sb_call *call, const struct lb_value *check)
{
    lb_map_set_string(call->arena, call->response->headers, "Location",
                      lb_arena_printf(call->arena,
                                      "https://route53.amazonaws.com/2013-04-01/healthcheck/%s",
                                      lb_text_at(check, "id", "")));
    reply_check(call, 201, "CreateHealthCheckResponse", check);
}

void sb_op_create_health_check(struct sb_call *call)
{
    struct sandbox *sandbox = call->sandbox;
    struct lb_value *sent = lb_map_get(call->body, "CreateHealthCheckRequest");
    const char *reference = lb_text_at(sent, "CallerReference", "");
    struct lb_value *config = config_complete(call->arena, lb_map_get(sent, "HealthCheckConfig"));
    struct lb_value *references = sb_r53_table(sandbox, "references");
    struct lb_value *checks = sb_r53_table(sandbox, "checks"), *check = lb_value_map(call->arena);
    const char *used = lb_text(lb_map_get(references, reference), NULL), *fault, *id;

    if (used) {
        struct lb_value *before = lb_map_get(checks, used);

        if (before && lb_value_equal(lb_map_get(before, "created_config"), config))
            reply_created(call, before);
        else
            sb_r53_error(call, 409, "HealthCheckAlreadyExists",
                         "The health check you are attempting to create already exists.");
        return;
    }
    fault = *reference ? config_fault(call, config) : "CallerReference is required.";
    if (fault) {
        sb_r53_error(call, 400, "InvalidInput", "%s", fault);
        return;
    }
    id = sb_uuid(sandbox, call->arena);
    lb_map_set_string(call->arena, check, "id", id);
    lb_map_set_string(call->arena, check, "reference", reference);
    lb_map_set(call->arena, check, "config", config);
    lb_map_set(call->arena, check, "created_config", config);
    lb_map_set_int(call->arena, check, "version", 1);
    check = sb_keep(sandbox, checks, id, check);
    sb_keep_string(sandbox, references, reference, id);
    keep_alarm(call, check);
    reply_created(call, check);
}

void sb_op_get_health_check(struct sb_call *call)
{
    struct lb_value *check = check_wanted(call);

    if (check)
        reply_check(call, 200, "GetHealthCheckResponse", check);
}

void sb_op_list_health_checks(struct sb_call *call)
{
    struct lb_value *checks = sb_r53_table(call->sandbox, "checks"), *list;
    struct lb_value *body = lb_value_map(call->arena);
    const char *marker = lb_text_at(call->request->query, "marker", "");
    int64_t most = lb_int_at(call->request->query, "maxitems", 100);
    const char *next = NULL;

    if (most < 1 || most > 1000)
        most = 100;
    lb_map_sort(checks);
    list = lb_map_list(call->arena, lb_map_map(call->arena, body, "HealthChecks"), "HealthCheck");
    for (size_t i = 0; i < lb_value_count(checks) && !next; i++) {
        const struct lb_entry *entry = lb_map_nth(checks, i);

        if (strcmp(entry->key, marker) < 0)
            continue;
        if ((int64_t)lb_value_count(list) == most)
            next = entry->key;
        else
            lb_list_add(call->arena, list, shown(call, entry->value));
    }
    lb_map_set_string(call->arena, body, "Marker", marker);
    lb_map_set_bool(call->arena, body, "IsTruncated", next != NULL);
    lb_map_set_string(call->arena, body, "NextMarker", next);
    lb_map_set_int(call->arena, body, "MaxItems", most);
    sb_r53_reply(call, 200, "ListHealthChecksResponse", body);
}

static void reset_elements(struct lb_value *config, const struct lb_value *sent)
{
    struct lb_value *names = lb_value_at(sent, "ResetElements/ResettableElementName");

    for (size_t i = 0; i < lb_xml_count(names); i++)
        lb_map_remove(config, lb_text(lb_xml_item(names, i), ""));
}

void sb_op_update_health_check(struct sb_call *call)
{
    static const char *const fixed[] = {"Type", "RequestInterval", "MeasureLatency",
                                        "RoutingControlArn"};
    struct lb_value *check = check_wanted(call), *config;
    struct lb_value *sent = lb_map_get(call->body, "UpdateHealthCheckRequest");
    int64_t version = lb_int_at(check, "version", 1);
    const char *fault = NULL;

    if (!check)
        return;
    if (lb_int_at(sent, "HealthCheckVersion", version) != version) {
        sb_r53_error(call, 409, "HealthCheckVersionMismatch",
                     "The value of HealthCheckVersion in the request doesn't match the value of "
                     "HealthCheckVersion in the health check.");
        return;
    }
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]) && !fault; i++)
        fault = lb_map_get(sent, fixed[i]) ? "An element that cannot change was sent." : NULL;
    config = lb_value_copy(call->arena, lb_map_get(check, "config"));
    for (size_t i = 0; i < FIELDS; i++) {
        if (lb_map_get(sent, fields[i]))
            lb_map_set(call->arena, config, fields[i], lb_map_get(sent, fields[i]));
    }
    reset_elements(config, sent);
    config = config_complete(call->arena, config);
    fault = fault ? fault : config_fault(call, config);
    if (fault) {
        sb_r53_error(call, 400, "InvalidInput", "%s", fault);
        return;
    }
    sb_keep(call->sandbox, check, "config", config);
    sb_keep_int(call->sandbox, check, "version", version + 1);
    keep_alarm(call, check);
    reply_check(call, 200, "UpdateHealthCheckResponse", check);
}

static bool in_use(struct sandbox *sandbox, const char *id)
{
    struct lb_value *zones = sb_r53_table(sandbox, "zones"),
                    *checks = sb_r53_table(sandbox, "checks");

    for (size_t z = 0; z < lb_value_count(zones); z++) {
        struct lb_value *records = lb_map_get(lb_map_nth(zones, z)->value, "records");

        for (size_t i = 0; i < lb_value_count(records); i++) {
            if (lb_streq(lb_text_at(lb_list_item(records, i), "HealthCheckId", ""), id))
                return true;
        }
    }
    for (size_t c = 0; c < lb_value_count(checks); c++) {
        struct lb_value *children = lb_value_at(lb_map_nth(checks, c)->value,
                                                "config/ChildHealthChecks/ChildHealthCheck");

        for (size_t i = 0; i < lb_xml_count(children); i++) {
            if (lb_streq(lb_text(lb_xml_item(children, i), ""), id))
                return true;
        }
    }
    return false;
}

void sb_op_delete_health_check(struct sb_call *call)
{
    if (!check_wanted(call))
        return;
    if (in_use(call->sandbox, call->args[0])) {
        sb_r53_error(call, 400, "HealthCheckInUse",
                     "The health check %s is referenced by a resource record set or another health "
                     "check.",
                     call->args[0]);
        return;
    }
    lb_map_remove(sb_r53_table(call->sandbox, "checks"), call->args[0]);
    lb_map_remove(sb_r53_table(call->sandbox, "tags"),
                  lb_arena_printf(call->arena, "healthcheck/%s", call->args[0]));
    sb_r53_reply(call, 200, "DeleteHealthCheckResponse", lb_value_map(call->arena));
}

void sb_op_get_health_check_status(struct sb_call *call)
{
    static const char *const checkers[] = {"us-east-1", "us-west-1", "us-west-2", "eu-west-1",
                                           "ap-southeast-1"};
    struct lb_value *check = check_wanted(call), *body = lb_value_map(call->arena), *list;
    bool healthy;

    if (!check)
        return;
    if (lb_streq(lb_text_at(check, "config/Type", ""), "CALCULATED")) {
        sb_r53_error(call, 400, "InvalidInput",
                     "The status of a calculated health check cannot be read with this call.");
        return;
    }
    healthy = sb_check_healthy(call->sandbox, check);
    list = lb_map_list(call->arena, lb_map_map(call->arena, body, "HealthCheckObservations"),
                       "HealthCheckObservation");
    for (size_t i = 0; i < sizeof(checkers) / sizeof(checkers[0]); i++) {
        struct lb_value *one = lb_value_map(call->arena), *report;

        lb_map_set_string(call->arena, one, "Region", checkers[i]);
        lb_map_set(call->arena, one, "IPAddress",
                   lb_value_format(call->arena, "15.177.%zu.1", i + 2));
        report = lb_map_map(call->arena, one, "StatusReport");
        lb_map_set_string(call->arena, report, "Status",
                          healthy ? "Success: the check is healthy."
                                  : "Failure: the check is unhealthy.");
        lb_map_set_string(call->arena, report, "CheckedTime",
                          sb_time_millis(call->arena, sb_now(call->sandbox)));
        lb_list_add(call->arena, list, one);
    }
    sb_r53_reply(call, 200, "GetHealthCheckStatusResponse", body);
}
