/* route53.c: Route 53: its routes, hosted zones, changes, tags and limits.
 * Five requests a second for the whole account, and one change of a zone at a time: a planner that
 * ignores either fails against AWS, so both are kept in wall time whatever the sandbox's speed. */
#include "sandbox/route53.h"

#include "base/time.h"
#include "sandbox/services.h"

#include <stdarg.h>
#include <string.h>

#define PER_SECOND 5
#define INSYNC_AFTER 60 /* virtual seconds */

/* --- answers
 * ------------------------------------------------------------------------------------------ */
struct lb_value *sb_r53_table(struct sandbox *sandbox, const char *table)
{
    return lb_map_map(sandbox->arena, sb_state(sandbox, "route53"), table);
}

void sb_r53_reply(struct sb_call *call, int status, const char *root, const struct lb_value *body)
{
    sb_reply_xml(call->response, status, root, SB_R53_XMLNS, body);
}

static void error(const struct sb_request *request, struct sb_response *response, int status,
                  const char *code, const char *message)
{
    struct lb_arena *arena = request->arena;
    struct lb_value *body = lb_value_map(arena), *inner = lb_map_map(arena, body, "Error");

    if (!status) { /* one of the server's generic words: as in the query family */
        sb_error_query(request, response, status, code, message);
        return;
    }
    lb_map_set_string(arena, inner, "Type", status < 500 ? "Sender" : "Receiver");
    lb_map_set_string(arena, inner, "Code", code);
    lb_map_set_string(arena, inner, "Message", message);
    lb_map_set_string(arena, body, "RequestId", "b2c3d4e5-0001-4f60-8a9b-000000000001");
    sb_reply_xml(response, status, "ErrorResponse", SB_R53_XMLNS, body);
}

void sb_r53_error(struct sb_call *call, int status, const char *code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error(call->request, call->response, status, code, lb_arena_vprintf(call->arena, format, args));
    va_end(args);
}

/* --- changes
 * -------------------------------------------------------------------------------------------- */
static struct lb_value *change_info(struct sb_call *call, const char *id,
                                    const struct lb_value *change)
{
    struct lb_value *info = lb_value_map(call->arena);
    int64_t at = lb_int_at(change, "at", 0);

    lb_map_set(call->arena, info, "Id", lb_value_format(call->arena, "/change/%s", id));
    lb_map_set_string(call->arena, info, "Status",
                      sb_now(call->sandbox) - at < INSYNC_AFTER ? "PENDING" : "INSYNC");
    lb_map_set_string(call->arena, info, "SubmittedAt", sb_time_millis(call->arena, at));
    if (*lb_text_at(change, "comment", ""))
        lb_map_set_string(call->arena, info, "Comment", lb_text_at(change, "comment", ""));
    return info;
}

static char *new_id(struct sb_call *call, char first, size_t length)
{
    return lb_arena_printf(
        call->arena, "%c%s", first,
        sb_id(call->sandbox, call->arena, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", length));
}

struct lb_value *sb_r53_change(struct sb_call *call, const char *comment)
{
    const char *id = new_id(call, 'C', 20);
    struct lb_value *change = lb_value_map(call->arena);

    lb_map_set_int(call->arena, change, "at", sb_now(call->sandbox));
    lb_map_set_string(call->arena, change, "comment", comment);
    sb_keep(call->sandbox, sb_r53_table(call->sandbox, "changes"), id, change);
    return change_info(call, id, change);
}

static void get_change(struct sb_call *call)
{
    struct lb_value *change = lb_map_get(sb_r53_table(call->sandbox, "changes"), call->args[0]);
    struct lb_value *body = lb_value_map(call->arena);

    if (!change) {
        sb_r53_error(call, 404, "NoSuchChange", "Could not find resource with ID: %s",
                     call->args[0]);
        return;
    }
    lb_map_set(call->arena, body, "ChangeInfo", change_info(call, call->args[0], change));
    sb_r53_reply(call, 200, "GetChangeResponse", body);
}

/* --- zones
 * ------------------------------------------------------------------------------------------------
 */
struct lb_value *sb_r53_zone_wanted(struct sb_call *call)
{
    struct lb_value *zone = lb_map_get(sb_r53_table(call->sandbox, "zones"), call->args[0]);

    if (!zone)
        sb_r53_error(call, 404, "NoSuchHostedZone", "No hosted zone found with ID: %s",
                     call->args[0]);
    return zone;
}

static struct lb_value *zone_shown(struct lb_arena *arena, const struct lb_value *zone)
{
    struct lb_value *shown = lb_value_map(arena), *config, *features;

    lb_map_set(arena, shown, "Id",
               lb_value_format(arena, "/hostedzone/%s", lb_text_at(zone, "id", "")));
    lb_map_set(arena, shown, "Name", lb_map_get(zone, "name"));
    lb_map_set(arena, shown, "CallerReference", lb_map_get(zone, "reference"));
    config = lb_map_map(arena, shown, "Config");
    if (*lb_text_at(zone, "comment", ""))
        lb_map_set(arena, config, "Comment", lb_map_get(zone, "comment"));
    lb_map_set_bool(arena, config, "PrivateZone", lb_bool_at(zone, "private", false));
    lb_map_set_int(arena, shown, "ResourceRecordSetCount",
                   (int64_t)lb_value_count(lb_map_get(zone, "records")));
    if (lb_map_get(zone, "recovery")) {
        features = lb_map_map(arena, shown, "Features");
        lb_map_set(arena, features, "AcceleratedRecoveryStatus", lb_map_get(zone, "recovery"));
    }
    return shown;
}

static struct lb_value *delegation(struct lb_arena *arena)
{
    static const char *const servers[] = {"ns-1.awsdns-00.com", "ns-513.awsdns-00.net",
                                          "ns-1025.awsdns-00.org", "ns-1537.awsdns-00.co.uk"};
    struct lb_value *set = lb_value_map(arena);
    struct lb_value *list = lb_map_list(arena, lb_map_map(arena, set, "NameServers"), "NameServer");

    for (size_t i = 0; i < 4; i++)
        lb_list_add_string(arena, list, servers[i]);
    return set;
}

/* The records that a zone is born with. */
static void zone_own_record(struct sb_call *call, struct lb_value *zone, const char *type,
                            int64_t ttl, const char *const *values)
{
    struct lb_value *record = lb_value_map(call->arena), *list;

    lb_map_set(call->arena, record, "Name", lb_map_get(zone, "name"));
    lb_map_set_string(call->arena, record, "Type", type);
    lb_map_set_int(call->arena, record, "TTL", ttl);
    list = lb_map_list(call->arena, lb_map_map(call->arena, record, "ResourceRecords"),
                       "ResourceRecord");
    for (; *values; values++)
        lb_map_set_string(call->arena, lb_list_add(call->arena, list, lb_value_map(call->arena)),
                          "Value", *values);
    sb_keep_item(call->sandbox, lb_map_list(call->sandbox->arena, zone, "records"), record);
}

static struct lb_value *zone_with_reference(struct sb_call *call, const char *reference)
{
    struct lb_value *zones = sb_r53_table(call->sandbox, "zones");

    for (size_t i = 0; i < lb_value_count(zones); i++) {
        if (lb_streq(lb_text_at(lb_map_nth(zones, i)->value, "reference", ""), reference))
            return lb_map_nth(zones, i)->value;
    }
    return NULL;
}

void sb_r53_create_zone(struct sb_call *call)
{
    static const char *const ns[] = {"ns-1.awsdns-00.com.", "ns-513.awsdns-00.net.",
                                     "ns-1025.awsdns-00.org.", "ns-1537.awsdns-00.co.uk.", NULL};
    static const char *const soa[] = {
        "ns-1.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400", NULL};
    struct lb_value *sent = lb_map_get(call->body, "CreateHostedZoneRequest");
    const char *reference = lb_text_at(sent, "CallerReference", ""), *id;
    struct lb_value *zone = lb_value_map(call->arena), *body = lb_value_map(call->arena);

    if (!*lb_text_at(sent, "Name", "") || !*reference) {
        sb_r53_error(call, 400, "InvalidInput", "Name and CallerReference are required.");
        return;
    }
    if (zone_with_reference(call, reference)) {
        sb_r53_error(call, 409, "HostedZoneAlreadyExists",
                     "A hosted zone has already been created with the specified caller reference.");
        return;
    }
    sb_r53_drop_example(call);
    id = new_id(call, 'Z', 20);
    lb_map_set_string(call->arena, zone, "id", id);
    lb_map_set_string(call->arena, zone, "name",
                      sb_dns_name(call->arena, lb_text_at(sent, "Name", "")));
    lb_map_set_string(call->arena, zone, "reference", reference);
    lb_map_set_string(call->arena, zone, "comment",
                      lb_text_at(sent, "HostedZoneConfig/Comment", ""));
    lb_map_set_bool(call->arena, zone, "private",
                    lb_map_get(sent, "VPC") ||
                        lb_bool_at(sent, "HostedZoneConfig/PrivateZone", false));
    zone = sb_keep(call->sandbox, sb_r53_table(call->sandbox, "zones"), id, zone);
    zone_own_record(call, zone, "NS", 172800, ns);
    zone_own_record(call, zone, "SOA", 900, soa);
    lb_map_set(call->arena, body, "HostedZone", zone_shown(call->arena, zone));
    lb_map_set(call->arena, body, "ChangeInfo", sb_r53_change(call, ""));
    lb_map_set(call->arena, body, "DelegationSet", delegation(call->arena));
    lb_map_set_string(
        call->arena, call->response->headers, "Location",
        lb_arena_printf(call->arena, "https://route53.amazonaws.com/2013-04-01/hostedzone/%s", id));
    sb_r53_reply(call, 201, "CreateHostedZoneResponse", body);
}

static void get_hosted_zone(struct sb_call *call)
{
    struct lb_value *zone = sb_r53_zone_wanted(call), *body = lb_value_map(call->arena);

    if (!zone)
        return;
    lb_map_set(call->arena, body, "HostedZone", zone_shown(call->arena, zone));
    if (!lb_bool_at(zone, "private", false))
        lb_map_set(call->arena, body, "DelegationSet", delegation(call->arena));
    sb_r53_reply(call, 200, "GetHostedZoneResponse", body);
}

static void delete_hosted_zone(struct sb_call *call)
{
    struct lb_value *zone = sb_r53_zone_wanted(call), *body = lb_value_map(call->arena);

    if (!zone)
        return;
    if (lb_value_count(lb_map_get(zone, "records")) > 2) {
        sb_r53_error(call, 400, "HostedZoneNotEmpty",
                     "The specified hosted zone contains non-required resource record sets  and so "
                     "cannot be deleted.");
        return;
    }
    lb_map_remove(sb_r53_table(call->sandbox, "zones"), call->args[0]);
    lb_map_set(call->arena, body, "ChangeInfo", sb_r53_change(call, ""));
    sb_r53_reply(call, 200, "DeleteHostedZoneResponse", body);
}

static void update_hosted_zone_features(struct sb_call *call)
{
    struct lb_value *zone = sb_r53_zone_wanted(call), *body = lb_value_map(call->arena);
    struct lb_value *sent = lb_map_get(call->body, "UpdateHostedZoneFeaturesRequest");

    if (!zone)
        return;
    sb_keep_string(call->sandbox, zone, "recovery",
                   lb_bool_at(sent, "EnableAcceleratedRecovery", false) ? "ENABLED" : "DISABLED");
    sb_r53_reply(call, 200, "UpdateHostedZoneFeaturesResponse", body);
}

/* Zones in DNS order from `start` on, at most `most`; the first left out is *next. */
static struct lb_value *zones_from(struct sb_call *call, const char *start, const char *start_id,
                                   int64_t most, struct lb_value **next)
{
    struct lb_value *zones = sb_r53_table(call->sandbox, "zones"),
                    *taken = lb_value_map(call->arena);
    struct lb_value *list = lb_value_list(call->arena);

    for (*next = NULL;;) {
        struct lb_value *best = NULL;

        for (size_t i = 0; i < lb_value_count(zones); i++) {
            struct lb_value *zone = lb_map_nth(zones, i)->value;
            const char *name = lb_text_at(zone, "name", ""), *id = lb_text_at(zone, "id", "");
            int order = sb_dns_compare(name, start);

            if (lb_map_get(taken, id) || order < 0 ||
                (order == 0 && start_id && strcmp(id, start_id) < 0))
                continue;
            if (!best || sb_dns_compare(name, lb_text_at(best, "name", "")) < 0)
                best = zone;
        }
        *next = best;
        if (!best || (int64_t)lb_value_count(list) >= most)
            return list;
        lb_map_set_bool(call->arena, taken, lb_text_at(best, "id", ""), true);
        lb_list_add(call->arena, list, zone_shown(call->arena, best));
    }
}

static int64_t page_size(struct sb_call *call, int64_t limit)
{
    int64_t most = lb_int_at(call->request->query, "maxitems", limit);

    return most < 1 || most > limit ? limit : most;
}

static void zone_list_into(struct sb_call *call, struct lb_value *body, struct lb_value *list)
{
    lb_map_set(call->arena, lb_map_map(call->arena, body, "HostedZones"), "HostedZone", list);
}

/* Starts at the name and continues past it: filtering is the caller's work. */
static void list_hosted_zones_by_name(struct sb_call *call)
{
    const char *asked = lb_text_at(call->request->query, "dnsname", NULL);
    const char *start = asked ? sb_dns_name(call->arena, asked) : "";
    int64_t most = page_size(call, 100);
    struct lb_value *body = lb_value_map(call->arena), *next;

    zone_list_into(call, body,
                   zones_from(call, start, lb_text_at(call->request->query, "hostedzoneid", NULL),
                              most, &next));
    if (asked)
        lb_map_set_string(call->arena, body, "DNSName", start);
    lb_map_set_bool(call->arena, body, "IsTruncated", next != NULL);
    if (next) {
        lb_map_set(call->arena, body, "NextDNSName", lb_map_get(next, "name"));
        lb_map_set(call->arena, body, "NextHostedZoneId", lb_map_get(next, "id"));
    }
    lb_map_set_int(call->arena, body, "MaxItems", most);
    sb_r53_reply(call, 200, "ListHostedZonesByNameResponse", body);
}

static void list_hosted_zones(struct sb_call *call)
{
    const char *marker = lb_text_at(call->request->query, "marker", "");
    struct lb_value *at = lb_map_get(sb_r53_table(call->sandbox, "zones"), marker), *next;
    struct lb_value *body = lb_value_map(call->arena);
    int64_t most = page_size(call, 100);

    zone_list_into(call, body,
                   zones_from(call, lb_text_at(at, "name", ""), at ? marker : NULL, most, &next));
    lb_map_set_string(call->arena, body, "Marker", marker);
    lb_map_set_bool(call->arena, body, "IsTruncated", next != NULL);
    if (next)
        lb_map_set(call->arena, body, "NextMarker", lb_map_get(next, "id"));
    lb_map_set_int(call->arena, body, "MaxItems", most);
    sb_r53_reply(call, 200, "ListHostedZonesResponse", body);
}

/* --- the service
 * ------------------------------------------------------------------------------------------ */
#define V "/2013-04-01/"
static const struct sb_route routes[] = {
    {"POST", V "hostedzone", "CreateHostedZone", true, sb_r53_create_zone, NULL},
    {"GET", V "hostedzone", "ListHostedZones", false, list_hosted_zones, NULL},
    {"GET", V "hostedzonesbyname", "ListHostedZonesByName", false, list_hosted_zones_by_name, NULL},
    {"GET", V "hostedzone/{}", "GetHostedZone", false, get_hosted_zone, NULL},
    {"DELETE", V "hostedzone/{}", "DeleteHostedZone", true, delete_hosted_zone, NULL},
    {"POST", V "hostedzone/{}/features", "UpdateHostedZoneFeatures", true,
     update_hosted_zone_features, NULL},
    {"POST", V "hostedzone/{}/rrset", "ChangeResourceRecordSets", true,
     sb_op_change_resource_record_sets, NULL},
    {"GET", V "hostedzone/{}/rrset", "ListResourceRecordSets", false,
     sb_op_list_resource_record_sets, NULL},
    {"GET", V "change/{}", "GetChange", false, get_change, NULL},
    {"POST", V "healthcheck", "CreateHealthCheck", true, sb_op_create_health_check, NULL},
    {"GET", V "healthcheck", "ListHealthChecks", false, sb_op_list_health_checks, NULL},
    {"GET", V "healthcheck/{}", "GetHealthCheck", false, sb_op_get_health_check, NULL},
    {"POST", V "healthcheck/{}", "UpdateHealthCheck", true, sb_op_update_health_check, NULL},
    {"DELETE", V "healthcheck/{}", "DeleteHealthCheck", true, sb_op_delete_health_check, NULL},
    {"GET", V "healthcheck/{}/status", "GetHealthCheckStatus", false, sb_op_get_health_check_status,
     NULL},
    {"GET", V "tags/{}/{}", "ListTagsForResource", false, sb_op_list_tags_for_resource, NULL},
    {"POST", V "tags/{}/{}", "ChangeTagsForResource", true, sb_op_change_tags_for_resource, NULL},
    {"POST", V "tags/{}", "ListTagsForResources", false, sb_op_list_tags_for_resources, NULL},
    {NULL, NULL, NULL, false, NULL, NULL},
};

static int route(struct sandbox *sandbox, struct sb_request *request)
{
    return sb_route_announce(routes, sandbox, request);
}

/* A token bucket: 5/s, burst 5. The account's limit counts all calls and callers. It fills in the
 * sandbox's time, as clients pace themselves when told LIFEBOAT_TIME_SCALE. */
static bool rate_exceeded(struct sandbox *sandbox)
{
    struct lb_value *bucket = sb_r53_table(sandbox, "rate");
    int64_t now = sb_paced_ms(sandbox), last = lb_int_at(bucket, "at_ms", 0);
    int64_t milli = lb_int_at(bucket, "milli", PER_SECOND * 1000);

    if (now < last || now - last > 1000)
        milli = PER_SECOND * 1000;
    else
        milli += (now - last) * PER_SECOND;
    if (milli > PER_SECOND * 1000)
        milli = PER_SECOND * 1000;
    sb_keep_int(sandbox, bucket, "at_ms", now);
    sb_keep_int(sandbox, bucket, "milli", milli >= 1000 ? milli - 1000 : milli);
    return milli < 1000;
}

static void handle(struct sandbox *sandbox, struct sb_request *request,
                   struct sb_response *response)
{
    struct sb_call call = {
        .sandbox = sandbox, .request = request, .response = response, .arena = request->arena};
    const struct sb_route *found = sb_route_find(routes, &call);

    if (!found) {
        sb_r53_error(&call, 404, "UnknownOperationException", "No such operation.");
        return;
    }
    if (rate_exceeded(sandbox)) {
        sb_r53_error(&call, 400, "Throttling", "Rate exceeded");
        return;
    }
    if (request->body_length > 0 && !(call.body = sb_body_xml(request))) {
        sb_r53_error(&call, 400, "InvalidInput", "Invalid XML ; the document could not be parsed");
        return;
    }
    found->handle(&call);
}

/* What is global is listed in us-east-1. */
static void tagged(struct sandbox *sandbox, struct lb_arena *arena, const char *region,
                   struct sb_tagged *search)
{
    const struct lb_value *all = lb_map_get(sb_state(sandbox, "route53"), "tags");

    for (size_t i = 0; i < lb_value_count(all) && lb_streq(region, "us-east-1"); i++) {
        const struct lb_entry *entry = lb_map_nth(all, i);
        struct lb_value *tags = lb_value_list(arena);

        for (size_t k = 0; k < lb_value_count(entry->value); k++) {
            const struct lb_entry *pair = lb_map_nth(entry->value, k);
            struct lb_value *tag = lb_list_add(arena, tags, lb_value_map(arena));

            lb_map_set_string(arena, tag, "Key", pair->key);
            lb_map_set_string(arena, tag, "Value", lb_text(pair->value, ""));
        }
        sb_tagged_add(search, lb_arena_printf(arena, "arn:aws:route53:::%s", entry->key), tags);
    }
}

const struct sb_service sb_service_route53 = {
    .name = "route53",
    .signing = "route53",
    .route = route,
    .handle = handle,
    .begin = sb_r53_begin,
    .tick = sb_checks_tick,
    .error = error,
    .global = true,
    .tagged = tagged,
    .dns = sb_dns_answer,
};
