/* route53_record.c: listing record sets, and change batches, which are atomic: every change is
 * applied to a copy, all complaints are collected, and the copy replaces the zone's records only
 * when there is none. Rules: API reference, ChangeResourceRecordSets and ResourceRecordSet. */
#include "sandbox/route53.h"

#include "base/time.h"
#include "base/xml.h"

#include <string.h>

#define PRIOR_REQUEST_MS 150 /* wall time during which a zone is still busy with the last batch */
#define BATCH_RECORDS 1000
#define BATCH_CHARACTERS 32000
#define PAGE 300

static const char types[] =
    "|SOA|A|TXT|NS|CNAME|MX|NAPTR|PTR|SRV|SPF|AAAA|CAA|DS|TLSA|SSHFP|SVCB|HTTPS|";
static const char *const policies[] = {"Weight",
                                       "Region",
                                       "Failover",
                                       "GeoLocation",
                                       "MultiValueAnswer",
                                       "CidrRoutingConfig",
                                       "GeoProximityLocation"};
#define POLICIES (sizeof(policies) / sizeof(policies[0]))

struct batch {
    struct sb_call *call;
    struct lb_value *zone;
    struct lb_value *records;  /* the copy that changes are applied to */
    struct lb_value *messages; /* complaints that make an InvalidChangeBatch */
    int64_t count, characters;
};

/* --- records
 * --------------------------------------------------------------------------------------------- */
static const char *policy_of(const struct lb_value *record)
{
    for (size_t i = 0; i < POLICIES; i++) {
        if (lb_map_get(record, policies[i]))
            return policies[i];
    }
    return "";
}

static bool same_place(const struct lb_value *a, const struct lb_value *b)
{
    return lb_streq(lb_text_at(a, "Name", ""), lb_text_at(b, "Name", "")) &&
           lb_streq(lb_text_at(a, "Type", ""), lb_text_at(b, "Type", ""));
}

static bool same_key(const struct lb_value *a, const struct lb_value *b)
{
    return same_place(a, b) &&
           lb_streq(lb_text_at(a, "SetIdentifier", ""), lb_text_at(b, "SetIdentifier", ""));
}

static int record_order(const struct lb_value *a, const char *name, const char *type,
                        const char *identifier)
{
    int order = sb_dns_compare(lb_text_at(a, "Name", ""), name);

    if (order == 0)
        order = strcmp(lb_text_at(a, "Type", ""), type);
    return order ? order : strcmp(lb_text_at(a, "SetIdentifier", ""), identifier);
}

static int record_compare(const struct lb_value *a, const struct lb_value *b)
{
    return record_order(a, lb_text_at(b, "Name", ""), lb_text_at(b, "Type", ""),
                        lb_text_at(b, "SetIdentifier", ""));
}

/* The element order of the model; names as they are shown. */
static struct lb_value *record_canonical(struct lb_arena *arena, const struct lb_value *sent)
{
    static const char *const order[] = {"Name",
                                        "Type",
                                        "SetIdentifier",
                                        "Weight",
                                        "Region",
                                        "GeoLocation",
                                        "Failover",
                                        "MultiValueAnswer",
                                        "TTL",
                                        "ResourceRecords",
                                        "AliasTarget",
                                        "HealthCheckId",
                                        "TrafficPolicyInstanceId",
                                        "CidrRoutingConfig",
                                        "GeoProximityLocation"};
    struct lb_value *record = lb_value_map(arena), *values, *list;

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        if (lb_map_get(sent, order[i]))
            lb_map_set(arena, record, order[i], lb_value_copy(arena, lb_map_get(sent, order[i])));
    }
    lb_map_set_string(arena, record, "Name", sb_dns_name(arena, lb_text_at(sent, "Name", "")));
    values = lb_value_at(sent, "ResourceRecords/ResourceRecord");
    if (values) {
        list = lb_value_list(arena);
        for (size_t i = 0; i < lb_xml_count(values); i++)
            lb_list_add(arena, list, lb_value_copy(arena, lb_xml_item(values, i)));
        lb_map_set(arena, lb_map_map(arena, record, "ResourceRecords"), "ResourceRecord", list);
    }
    if (lb_map_get(record, "AliasTarget"))
        lb_map_set_string(arena, lb_map_get(record, "AliasTarget"), "DNSName",
                          sb_dns_name(arena, lb_text_at(sent, "AliasTarget/DNSName", "")));
    return record;
}

static char *described(struct lb_arena *arena, const struct lb_value *record)
{
    const char *set = lb_text_at(record, "SetIdentifier", NULL);

    return lb_arena_printf(arena, "[name='%s', type='%s'%s%s%s]", lb_text_at(record, "Name", ""),
                           lb_text_at(record, "Type", ""), set ? ", set-identifier='" : "",
                           set ? set : "", set ? "'" : "");
}

/* --- complaints about one change's shape: the whole request is InvalidInput
 * -------------------------------- */
static const char *shape_fault(struct lb_arena *arena, const char *action,
                               const struct lb_value *record)
{
    bool values = lb_map_get(record, "ResourceRecords") && lb_map_get(record, "TTL");
    bool alias = lb_map_get(record, "AliasTarget") != NULL;
    bool set = *lb_text_at(record, "SetIdentifier", "") != '\0';
    size_t policy_count = 0;

    for (size_t i = 0; i < POLICIES; i++)
        policy_count += lb_map_get(record, policies[i]) != NULL;
    if (!strstr("|CREATE|DELETE|UPSERT|", lb_arena_printf(arena, "|%s|", action)))
        return lb_arena_printf(arena, "Invalid action '%s'", action);
    if (!strstr(types, lb_arena_printf(arena, "|%s|", lb_text_at(record, "Type", ""))))
        return lb_arena_printf(arena, "Invalid type '%s'", lb_text_at(record, "Type", ""));
    if (values == alias)
        return "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
               "TrafficPolicyInstanceId], but found none or more than one";
    if (alias && lb_map_get(record, "TTL"))
        return "Expected no TTL with AliasTarget";
    if (policy_count && !set)
        return "Missing field 'SetIdentifier'";
    if (set && policy_count != 1)
        return "Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, "
               "or CidrRoutingConfig]";
    if (lb_map_get(record, "Failover") &&
        !strstr("|PRIMARY|SECONDARY|",
                lb_arena_printf(arena, "|%s|", lb_text_at(record, "Failover", ""))))
        return "Failover must be PRIMARY or SECONDARY";
    return NULL;
}

/* --- complaints that need the zone: collected
 * ------------------------------------------------------------ */
static void complain(struct batch *batch, const char *text)
{
    lb_list_add_string(batch->call->arena, batch->messages, text);
}

static void check_neighbours(struct batch *batch, const struct lb_value *record)
{
    struct lb_arena *arena = batch->call->arena;
    const char *name = lb_text_at(record, "Name", ""), *type = lb_text_at(record, "Type", "");
    const char *set = lb_text_at(record, "SetIdentifier", "");
    const char *zone = lb_text_at(batch->zone, "name", "");

    for (size_t i = 0; i < lb_value_count(batch->records); i++) {
        struct lb_value *other = lb_list_item(batch->records, i);
        bool cname = lb_streq(type, "CNAME") || lb_streq(lb_text_at(other, "Type", ""), "CNAME");

        if (same_key(record, other) || !lb_streq(name, lb_text_at(other, "Name", "")))
            continue;
        if (!same_place(record, other)) {
            if (cname)
                complain(batch,
                         lb_arena_printf(arena,
                                         "RRSet of type %s with DNS name %s is not permitted "
                                         "as it conflicts with other records with the same "
                                         "DNS name in zone %s",
                                         type, name, zone));
        } else if (!lb_streq(policy_of(record), policy_of(other))) {
            complain(batch, lb_arena_printf(arena,
                                            "RRSet with DNS name %s, type %s, SetIdentifier %s "
                                            "cannot be created as other RRSets exist with the same "
                                            "name and type.",
                                            name, type, *set ? set : "null"));
        } else if (lb_map_get(record, "Failover") &&
                   lb_value_equal(lb_map_get(record, "Failover"), lb_map_get(other, "Failover"))) {
            complain(batch,
                     lb_arena_printf(arena,
                                     "Failover record %s of type %s with SetIdentifier %s: a "
                                     "%s record already exists for this name and type.",
                                     name, type, set, lb_text_at(record, "Failover", "")));
        }
    }
}

static void check_place(struct batch *batch, const struct lb_value *record)
{
    struct lb_arena *arena = batch->call->arena;
    const char *name = lb_text_at(record, "Name", ""), *type = lb_text_at(record, "Type", "");
    const char *zone = lb_text_at(batch->zone, "name", "");

    if (!sb_dns_within(name, zone))
        complain(batch, lb_arena_printf(arena, "RRSet with DNS name %s is not permitted in zone %s",
                                        name, zone));
    if (!lb_streq(type, "CNAME"))
        return;
    if (lb_streq(name, zone))
        complain(batch, lb_arena_printf(arena,
                                        "RRSet of type CNAME with DNS name %s is not permitted at "
                                        "apex in zone %s",
                                        name, zone));
    if (lb_value_count(lb_value_at(record, "ResourceRecords/ResourceRecord")) > 1)
        complain(batch, lb_arena_printf(arena,
                                        "RRSet of type CNAME with DNS name %s may have only one "
                                        "value",
                                        name));
}

static size_t find_record(const struct lb_value *records, const struct lb_value *record)
{
    size_t i = 0;

    while (i < lb_value_count(records) && !same_key(lb_list_item(records, i), record))
        i++;
    return i;
}

static void apply_delete(struct batch *batch, const struct lb_value *record, size_t at)
{
    struct lb_arena *arena = batch->call->arena;

    if (at == lb_value_count(batch->records))
        complain(batch, lb_arena_printf(arena,
                                        "Tried to delete resource record set %s but it was not "
                                        "found",
                                        described(arena, record)));
    else if (lb_value_compare(lb_list_item(batch->records, at), record) != 0)
        complain(batch, lb_arena_printf(arena,
                                        "Tried to delete resource record set %s but the values "
                                        "provided do not match the current values",
                                        described(arena, record)));
    else
        sb_list_remove(batch->records, at);
}

static void apply_put(struct batch *batch, bool create, struct lb_value *record, size_t at)
{
    struct lb_arena *arena = batch->call->arena;
    bool exists = at < lb_value_count(batch->records);
    size_t before = lb_value_count(batch->messages);

    if (create && exists) {
        complain(batch, lb_arena_printf(arena,
                                        "Tried to create resource record set %s but it already "
                                        "exists",
                                        described(arena, record)));
        return;
    }
    check_place(batch, record);
    if (lb_value_count(batch->messages) == before)
        check_neighbours(batch, record);
    if (exists)
        batch->records->as.list.items[at] = record;
    else
        lb_list_add(arena, batch->records, record);
}

/* -1 when the request was answered. */
static int apply_change(struct batch *batch, const struct lb_value *change)
{
    struct sb_call *call = batch->call;
    const char *action = lb_text_at(change, "Action", "");
    struct lb_value *record = record_canonical(call->arena,
                                               lb_map_get(change, "ResourceRecordSet"));
    struct lb_value *values = lb_value_at(record, "ResourceRecords/ResourceRecord");
    const char *fault = shape_fault(call->arena, action, record);
    const char *check = lb_text_at(record, "HealthCheckId", "");
    int64_t weight = lb_streq(action, "UPSERT") ? 2 : 1;
    size_t at = find_record(batch->records, record);

    if (fault) {
        sb_r53_error(call, 400, "InvalidInput",
                     "Invalid request: %s in Change with [Action=%s, Name=%s, Type=%s, "
                     "SetIdentifier=%s]",
                     fault, action, lb_text_at(record, "Name", ""), lb_text_at(record, "Type", ""),
                     lb_text_at(record, "SetIdentifier", "null"));
        return -1;
    }
    if (*check && !lb_streq(action, "DELETE") &&
        !lb_map_get(sb_r53_table(call->sandbox, "checks"), check)) {
        sb_r53_error(call, 404, "NoSuchHealthCheck",
                     "No health check exists with the specified ID: %s", check);
        return -1;
    }
    for (size_t i = 0; i < lb_value_count(values); i++)
        batch->characters += weight *
                             (int64_t)strlen(lb_text_at(lb_list_item(values, i), "Value", ""));
    batch->count += weight * (int64_t)(lb_value_count(values) ? lb_value_count(values) : 1);
    if (lb_streq(action, "DELETE"))
        apply_delete(batch, record, at);
    else
        apply_put(batch, lb_streq(action, "CREATE"), record, at);
    return 0;
}

/* The service has two forms, and SDKs read both: the usual error with the complaint in brackets,
 * and a root element of its own with a list. */
static void reply_invalid(struct sb_call *call, struct lb_value *messages)
{
    struct lb_value *body = lb_value_map(call->arena);

    if (lb_value_count(messages) == 1) {
        sb_r53_error(call, 400, "InvalidChangeBatch", "[%s]",
                     lb_text(lb_list_item(messages, 0), ""));
        return;
    }
    lb_map_set(call->arena, lb_map_map(call->arena, body, "Messages"), "Message", messages);
    lb_map_set_string(call->arena, body, "RequestId", "b2c3d4e5-0001-4f60-8a9b-000000000002");
    sb_r53_reply(call, 400, "InvalidChangeBatch", body);
}

static void insert_sorted(struct sandbox *sandbox, struct lb_value *zone,
                          const struct lb_value *records)
{
    struct lb_value *sorted = lb_value_list(sandbox->arena);

    for (size_t i = 0; i < lb_value_count(records); i++) {
        size_t at;

        sb_keep_item(sandbox, sorted, lb_list_item(records, i));
        for (at = lb_value_count(sorted) - 1;
             at > 0 && record_compare(sorted->as.list.items[at - 1], sorted->as.list.items[at]) > 0;
             at--) {
            struct lb_value *swap = sorted->as.list.items[at];

            sorted->as.list.items[at] = sorted->as.list.items[at - 1];
            sorted->as.list.items[at - 1] = swap;
        }
    }
    lb_map_set(sandbox->arena, zone, "records", sorted);
}

static void finish(struct batch *batch, const struct lb_value *sent)
{
    struct sb_call *call = batch->call;
    struct lb_value *body = lb_value_map(call->arena);

    if (batch->count > BATCH_RECORDS)
        complain(batch, "Number of records limit of 1000 exceeded.");
    if (batch->characters > BATCH_CHARACTERS)
        complain(batch, "Characters limit of 32000 exceeded.");
    if (lb_value_count(batch->messages)) {
        reply_invalid(call, batch->messages);
        return;
    }
    insert_sorted(call->sandbox, batch->zone, batch->records);
    sb_keep_int(call->sandbox, batch->zone, "busy_until_ms",
                sb_paced_ms(call->sandbox) + PRIOR_REQUEST_MS);
    lb_map_set(call->arena, body, "ChangeInfo",
               sb_r53_change(call, lb_text_at(sent, "ChangeBatch/Comment", "")));
    sb_r53_reply(call, 200, "ChangeResourceRecordSetsResponse", body);
}

static struct lb_value *names_of(struct lb_arena *arena, const struct lb_value *changes)
{
    struct lb_value *names = lb_value_list(arena);
    for (size_t i = 0; i < lb_xml_count(changes); i++)
        lb_list_add_string(
            arena, names,
            sb_dns_name(arena, lb_text_at(lb_xml_item(changes, i), "ResourceRecordSet/Name", "")));
    return names;
}

void sb_op_change_resource_record_sets(struct sb_call *call)
{
    struct lb_value *sent = lb_map_get(call->body, "ChangeResourceRecordSetsRequest");
    struct lb_value *changes = lb_value_at(sent, "ChangeBatch/Changes/Change");
    struct batch batch = {.call = call, .zone = sb_r53_zone_wanted(call)};
    int64_t busy = lb_int_at(batch.zone, "busy_until_ms", 0) - sb_paced_ms(call->sandbox);

    call->request->names = names_of(call->arena, changes);
    if (!batch.zone)
        return;
    if (lb_xml_count(changes) == 0) {
        sb_r53_error(call, 400, "InvalidInput", "ChangeBatch must hold at least one change.");
        return;
    }
    if (busy > 0 && busy <= PRIOR_REQUEST_MS) {
        sb_r53_error(call, 400, "PriorRequestNotComplete",
                     "The request was rejected because Route 53 was still processing a prior "
                     "request.");
        return;
    }
    batch.messages = lb_value_list(call->arena);
    batch.records = lb_value_copy(call->arena, lb_map_get(batch.zone, "records"));
    for (size_t i = 0; i < lb_xml_count(changes); i++) {
        if (apply_change(&batch, lb_xml_item(changes, i)) != 0)
            return;
    }
    finish(&batch, sent);
}

/* --- listing
 * --------------------------------------------------------------------------------------------------
 */
void sb_op_list_resource_record_sets(struct sb_call *call)
{
    struct lb_value *zone = sb_r53_zone_wanted(call), *body = lb_value_map(call->arena);
    struct lb_value *query = call->request->query, *list = lb_value_list(call->arena);
    struct lb_value *records = lb_map_get(zone, "records"), *next = NULL;
    const char *name = lb_text_at(query, "name", "");
    int64_t most = lb_int_at(query, "maxitems", PAGE);

    if (!zone)
        return;
    if (lb_map_get(query, "type") && !*name) {
        sb_r53_error(call, 400, "InvalidInput", "A record type needs a record name.");
        return;
    }
    if (most < 1 || most > PAGE)
        most = PAGE;
    name = *name ? sb_dns_name(call->arena, name) : "";
    for (size_t i = 0; i < lb_value_count(records) && !next; i++) {
        struct lb_value *record = lb_list_item(records, i);

        if (record_order(record, name, lb_text_at(query, "type", ""),
                         lb_text_at(query, "identifier", "")) < 0)
            continue;
        if ((int64_t)lb_value_count(list) == most)
            next = record;
        else
            lb_list_add(call->arena, list, record);
    }
    lb_map_set(call->arena, lb_map_map(call->arena, body, "ResourceRecordSets"),
               "ResourceRecordSet", list);
    lb_map_set_bool(call->arena, body, "IsTruncated", next != NULL);
    if (next) {
        lb_map_set_string(call->arena, body, "NextRecordName", lb_text_at(next, "Name", ""));
        lb_map_set_string(call->arena, body, "NextRecordType", lb_text_at(next, "Type", ""));
        lb_map_set_string(call->arena, body, "NextRecordIdentifier",
                          lb_text_at(next, "SetIdentifier", NULL));
    }
    lb_map_set_int(call->arena, body, "MaxItems", most);
    sb_r53_reply(call, 200, "ListResourceRecordSetsResponse", body);
}
