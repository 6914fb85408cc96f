/* failover.c: the record sets of a failover name in Route 53.
 *
 * A zone is shared with everybody, so only our own sets are touched: those whose identifier begins
 * lifeboat:STACK:, and those that the spec names. One batch changes them all or none of them; what
 * changes its identity (type, identifier, role) is deleted as it was read and created anew, which
 * Route 53 refuses when somebody changed it in between.
 *
 * The record list is current while a change is still PENDING, so a write is read back from it at
 * once; GetChange is not waited for: resolvers follow within a minute, and the old answer stays
 * right until then.
 */
#include "providers/failover.h"

#include "providers/names.h"
#include "providers/route53.h"
#include "providers/switch.h"

#include "base/xml.h"

#include <stdlib.h>
#include <string.h>

#define OWN "lifeboat:" /* of the identifiers of our record sets, before the stack's name */

enum { SETS_PER_PAGE = 300 };

const struct lb_op lb_list_zones = {.service = &lb_route53_service,
                                    .name = "ListHostedZonesByName",
                                    .method = "GET",
                                    .path = "/2013-04-01/hostedzonesbyname?dnsname={DNSName}&"
                                            "maxitems={MaxItems}"};
const struct lb_op lb_list_sets = {
    .service = &lb_route53_service,
    .name = "ListResourceRecordSets",
    .method = "GET",
    .path = "/2013-04-01/hostedzone/{HostedZoneId}/rrset?name={StartRecordName}&"
            "type={StartRecordType}&identifier={StartRecordIdentifier}&maxitems={MaxItems}",
    .brief = true};
/* A batch that was carried out and is sent again is refused or changes nothing. */
static const struct lb_op change_sets = {.service = &lb_route53_service,
                                         .name = "ChangeResourceRecordSets",
                                         .method = "POST",
                                         .path = "/2013-04-01/hostedzone/{HostedZoneId}/rrset/",
                                         .mutates = true};

static const char *own_prefix(const struct lb_stack *stack)
{
    return lb_arena_printf(stack->arena, OWN "%s:", stack->name);
}

bool lb_record_is_own(const struct lb_stack *stack, const char *id)
{
    size_t length = strlen(stack->name);
    return lb_starts_with(id, OWN) && strncmp(id + strlen(OWN), stack->name, length) == 0 &&
           id[strlen(OWN) + length] == ':';
}

/* --- derive
 * --------------------------------------------------------------------------------------- */

static int expand(struct lb_stack *stack, const struct lb_entry *entry)
{
    lb_stack_add(stack, "failover", entry->key, LB_SIDE_NONE, entry);
    if (lb_switch_of(stack, entry->key) != LB_SWITCH_RECORD)
        lb_stack_add(stack, "health_check", entry->key, LB_SIDE_NONE, entry);
    if (lb_switch_has_alarm(stack, entry->key))
        lb_stack_add(stack, "alarm", entry->key, lb_switch_alarm_side(stack, entry->key), entry);
    return 0;
}

static int check_name(struct lb_stack *stack, const struct lb_resource *resource)
{
    const struct lb_value *zone = lb_map_get(resource->stated, "zone");
    const char *name = lb_dns_normal(stack->arena, resource->name);
    const char *within = lb_dns_normal(stack->arena, lb_text(zone, ""));
    if (!lb_dns_within(name, within))
        return lb_diags_error(stack->diags, "LB-S100", zone->mark, "\"%s\" is not in \"%s\"",
                              resource->name, lb_text(zone, ""));
    if (lb_streq(name, within))
        return lb_diags_error(stack->diags, "LB-S101", &resource->mark, "\"%s\" is the zone",
                              resource->name);
    return 0;
}

/* Options that another switch reads would be written in vain. */
static int check_options(struct lb_stack *stack, const struct lb_resource *resource)
{
    static const struct {
        const char *option;
        enum lb_switch how;
    } belongs[] = {
        {"object", LB_SWITCH_OBJECT}, {"path", LB_SWITCH_CHECK}, {"search", LB_SWITCH_CHECK}};
    enum lb_switch how = lb_switch_of(stack, resource->name);
    for (size_t i = 0; i < sizeof belongs / sizeof *belongs; i++) {
        const struct lb_value *stated = lb_map_get(resource->stated, belongs[i].option);
        if (stated && belongs[i].how != how)
            return lb_diags_error(stack->diags, "LB-S103", stated->mark,
                                  "`%s` means nothing to the switch `%s`", belongs[i].option,
                                  lb_text_at(resource->stated, "switch", ""));
    }
    const struct lb_value *bucket = lb_value_at(resource->stated, "object/bucket");
    if (how != LB_SWITCH_OBJECT)
        return 0;
    if (!bucket)
        return lb_diags_error(stack->diags, "LB-S103", &resource->mark,
                              "the switch `standby-object` needs `object: {bucket, key}`");
    if (!lb_stack_ref(stack, "buckets", bucket))
        return -1;
    if (lb_bucket_side(stack, lb_text(bucket, "")) != LB_SIDE_SECONDARY)
        return lb_diags_error(stack->diags, "LB-S104", bucket->mark,
                              "\"%s\" is not in the secondary region", lb_text(bucket, ""));
    return 0;
}

static const char *existence_of(const struct lb_resource *resource)
{
    for (size_t i = 0; i < resource->kind->granule_count; i++)
        if (resource->kind->granules[i].existence)
            return resource->kind->granules[i].name;
    return NULL;
}

/* A record of one side; NULL when that side has no address. */
static struct lb_value *side_record(struct lb_stack *stack, struct lb_resource *resource,
                                    const char *id, enum lb_side side)
{
    struct lb_arena *arena = stack->arena;
    struct lb_value *target = lb_switch_target(stack, resource->name, side);
    if (!target)
        return NULL;
    if (target->type == LB_UNKNOWN) {
        struct lb_resource *domain = lb_stack_find(
            stack, "domain", lb_text_at(resource->stated, "domain", ""), side);
        lb_resource_need(stack, resource, "records", domain, existence_of(domain));
        target->why = lb_arena_printf(arena, "endpoint of %s", domain->address);
    }
    struct lb_value *record = lb_value_map(arena);
    lb_map_set_string(arena, record, "id", id);
    lb_map_set_string(arena, record, "type", "CNAME");
    lb_map_set_int(arena, record, "ttl", lb_int_at(resource->stated, "ttl", 60));
    lb_list_add(arena, lb_map_list(arena, record, "values"), target);
    return record;
}

static struct lb_value *derive_pair(struct lb_stack *stack, struct lb_resource *resource)
{
    static const struct {
        enum lb_side side;
        const char *role;
    } pair[] = {{LB_SIDE_PRIMARY, "PRIMARY"}, {LB_SIDE_SECONDARY, "SECONDARY"}};
    struct lb_value *records = lb_value_list(stack->arena);
    for (size_t i = 0; i < 2; i++) {
        const char *id = lb_arena_printf(stack->arena, "%s%s", own_prefix(stack),
                                         lb_side_name(pair[i].side));
        struct lb_value *record = side_record(stack, resource, id, pair[i].side);
        if (!record)
            continue;
        lb_map_set_string(stack->arena, record, "failover", pair[i].role);
        lb_list_add(stack->arena, records, record);
    }
    return records;
}

static struct lb_value *derive_single(struct lb_stack *stack, struct lb_resource *resource)
{
    struct lb_value *records = lb_value_list(stack->arena);
    struct lb_value *record = side_record(stack, resource, "CNAME", stack->active);
    if (record)
        lb_list_add(stack->arena, records, record);
    return records;
}

/* What a stated record leaves open: its TTL, and the health check of the PRIMARY. */
static void complete(struct lb_stack *stack, struct lb_resource *resource, struct lb_value *records)
{
    struct lb_resource *check = lb_stack_find(stack, "health_check", resource->name, LB_SIDE_NONE);
    for (size_t i = 0; i < lb_value_count(records); i++) {
        struct lb_value *record = lb_list_item(records, i);
        lb_map_default(stack->arena, record, "type", lb_value_string(stack->arena, "CNAME"));
        lb_map_default(stack->arena, record, "ttl",
                       lb_value_int(stack->arena, lb_int_at(resource->stated, "ttl", 60)));
        if (!check || !lb_streq(lb_text_at(record, "failover", NULL), "PRIMARY") ||
            lb_map_get(record, "health_check"))
            continue;
        struct lb_value *id = lb_resource_reference(stack, check, "id");
        id->why = lb_arena_printf(stack->arena, "id of %s", check->address);
        lb_map_set(stack->arena, record, "health_check", id);
        lb_resource_need(stack, resource, "records", check, "config");
    }
}

static int check_loop(struct lb_stack *stack, const struct lb_resource *resource,
                      const struct lb_value *records)
{
    const char *name = lb_dns_normal(stack->arena, resource->name);
    for (size_t i = 0; i < lb_value_count(records); i++) {
        const struct lb_value *value = lb_value_at(lb_list_item(records, i), "values/0");
        const char *target = lb_text(value, NULL);
        if (target && lb_streq(lb_dns_normal(stack->arena, target), name))
            return lb_diags_error(stack->diags, "LB-S107",
                                  value->mark->line ? value->mark : &resource->mark,
                                  "\"%s\" would point to itself", resource->name);
    }
    return 0;
}

static int derive(struct lb_stack *stack, struct lb_resource *resource)
{
    const struct lb_value *domain = lb_map_get(resource->stated, "domain");
    if (check_name(stack, resource) || check_options(stack, resource) ||
        (domain && !lb_stack_ref(stack, "domains", domain)))
        return -1;
    bool single = lb_switch_of(stack, resource->name) == LB_SWITCH_RECORD;
    lb_desire(stack, resource, "zone_id", NULL, NULL);
    struct lb_value *records = lb_desire(stack, resource, "records", NULL, NULL);
    if (!records)
        records = lb_desire(stack, resource, "records",
                            single ? derive_single(stack, resource) : derive_pair(stack, resource),
                            lb_arena_printf(stack->arena, "derived from %s", resource->address));
    complete(stack, resource, records);
    if (lb_value_count(records) == 0)
        return lb_diags_error(stack->diags, "LB-S102", &resource->mark,
                              "neither `domain` nor `targets` gives \"%s\" an address",
                              resource->name);
    return check_loop(stack, resource, records);
}

/* --- read: the zone
 * ------------------------------------------------------------------------------- */

static void decode_sets(struct lb_read *read, const struct lb_call *call,
                        const struct lb_answer *answer);

static int unreadable(struct lb_read *read, const char *code, const char *detail)
{
    const struct lb_value *zone = lb_map_get(read->resource->stated, "zone");
    struct lb_diag diag = {.code = code,
                           .detail = detail,
                           .address = read->resource->address,
                           .mark = zone ? *zone->mark : read->resource->mark};
    lb_diags_add(read->diags, &diag);
    read->live->status = LB_LIVE_UNREADABLE;
    return -1;
}

/* All stacks of a run share the pages of a zone, so from the zone's start they cost less than a
 * question a name as soon as there are more names than pages. */
static void ask_sets(struct lb_read *read, const char *zone_id, int64_t set_count)
{
    struct lb_call *call = lb_read_call(read, &lb_list_sets);
    bool whole = set_count > 0 && (uint64_t)set_count / SETS_PER_PAGE + 1 < read->siblings;
    lb_call_param(read->arena, call, "HostedZoneId", zone_id);
    lb_call_param(read->arena, call, "MaxItems", "300");
    if (!whole)
        lb_call_param(read->arena, call, "StartRecordName",
                      lb_dns_normal(read->arena, read->resource->name));
    lb_map_set_string(read->arena, lb_read_value(read), "zone_id", zone_id);
    read->ask(read, call, decode_sets);
}

/* The answer goes on past the zone that was asked for, and a private zone may have the same name.
 */
static void decode_zones(struct lb_read *read, const struct lb_call *call,
                         const struct lb_answer *answer)
{
    if (!lb_read_ok(read, call, answer))
        return;
    const char *wanted = lb_text_at(read->resource->stated, "zone", "");
    const char *normal = lb_dns_normal(read->arena, wanted);
    const struct lb_value *zones = lb_value_at(
        answer->body, "ListHostedZonesByNameResponse/HostedZones/HostedZone");
    const struct lb_value *found = NULL;
    size_t public_count = 0, private_count = 0;
    for (size_t i = 0; i < lb_xml_count(zones); i++) {
        const struct lb_value *zone = lb_xml_item(zones, i);
        if (!lb_streq(lb_dns_normal(read->arena, lb_text_at(zone, "Name", "")), normal))
            continue;
        if (lb_bool_at(zone, "Config/PrivateZone", false)) {
            private_count++;
            continue;
        }
        public_count++;
        found = zone;
    }
    if (public_count > 1)
        unreadable(read, "LB-S111", wanted);
    else if (!found)
        unreadable(read, "LB-S110",
                   private_count ? lb_arena_printf(read->arena, "%s is a private zone only", wanted)
                                 : wanted);
    else
        ask_sets(read, lb_route53_id(lb_text_at(found, "Id", "")),
                 lb_int_at(found, "ResourceRecordSetCount", 0));
}

static int read_records(struct lb_read *read)
{
    /* Stated, or known from the read before a write: Route 53 serves five requests a second. */
    const char *zone_id = lb_text_at(read->resource->desired, "zone_id",
                                     lb_text_at(read->resource->live.value, "zone_id", NULL));
    if (zone_id) {
        ask_sets(read, zone_id, 0);
        return 0;
    }
    struct lb_call *call = lb_read_call(read, &lb_list_zones);
    lb_call_param(read->arena, call, "DNSName",
                  lb_dns_normal(read->arena, lb_text_at(read->resource->stated, "zone", "")));
    lb_call_param(read->arena, call, "MaxItems", "100");
    read->ask(read, call, decode_zones);
    return 0;
}

/* --- read: its record sets
 * ------------------------------------------------------------------------ */

static bool is_desired(const struct lb_value *desired, const char *id)
{
    const struct lb_value *records = lb_map_get(desired, "records");
    for (size_t i = 0; i < lb_value_count(records); i++)
        if (lb_streq(lb_text_at(lb_list_item(records, i), "id", NULL), id))
            return true;
    return false;
}

static void take_set(struct lb_read *read, const struct lb_value *set)
{
    struct lb_arena *arena = read->arena;
    struct lb_value *record = lb_record_value(arena, set);
    const char *id = lb_text_at(record, "id", "");
    lb_list_add(arena, lb_map_list(arena, lb_read_value(read), "records"), record);
    if (!read->live->raw)
        read->live->raw = lb_value_map(arena);
    lb_list_add(arena, lb_map_list(arena, read->live->raw, "records"), lb_value_copy(arena, set));
    if (lb_record_is_own(read->stack, id) || is_desired(read->resource->desired, id))
        read->live->status = LB_LIVE_PRESENT;
}

/* A PRIMARY with our mark under a name that the spec does not hold. */
static void look_for_stray(struct lb_read *read, const struct lb_value *set, const char *name)
{
    size_t i = 0;
    const struct lb_resource *known = lb_stack_next(read->stack, "failover", &i);
    if (known != read->resource || !lb_streq(lb_text_at(set, "Failover", ""), "PRIMARY") ||
        !lb_record_is_own(read->stack, lb_text_at(set, "SetIdentifier", "")))
        return;
    for (; known; known = lb_stack_next(read->stack, "failover", &i))
        if (lb_streq(lb_dns_normal(read->arena, known->name), name))
            return;
    read->stray(read, lb_arena_printf(read->arena, "failover.%s", name), "record sets");
}

static void ask_next(struct lb_read *read, const struct lb_call *call, const struct lb_value *page)
{
    struct lb_call *next = lb_read_call(read, &lb_list_sets);
    lb_call_param(read->arena, next, "HostedZoneId",
                  lb_text_at(call->params, "HostedZoneId", NULL));
    lb_call_param(read->arena, next, "MaxItems", "300");
    lb_call_param(read->arena, next, "StartRecordName", lb_text_at(page, "NextRecordName", NULL));
    lb_call_param(read->arena, next, "StartRecordType", lb_text_at(page, "NextRecordType", NULL));
    lb_call_param(read->arena, next, "StartRecordIdentifier",
                  lb_text_at(page, "NextRecordIdentifier", NULL));
    if (!lb_streq(lb_call_key(read->arena, next), lb_call_key(read->arena, call)))
        read->ask(read, next, decode_sets);
}

static void decode_sets(struct lb_read *read, const struct lb_call *call,
                        const struct lb_answer *answer)
{
    if (!lb_read_ok(read, call, answer)) {
        if (answer->outcome == LB_NOT_FOUND) /* a stated zone_id that is none */
            unreadable(read, "LB-S110", lb_text_at(call->params, "HostedZoneId", ""));
        return;
    }
    struct lb_arena *scratch = lb_arena_new(); /* a zone may hold thousands of names */
    const char *own = lb_dns_normal(read->arena, read->resource->name);
    const struct lb_value *page = lb_map_get(answer->body, "ListResourceRecordSetsResponse");
    const struct lb_value *sets = lb_value_at(page, "ResourceRecordSets/ResourceRecordSet");
    if (read->live->status != LB_LIVE_PRESENT)
        read->live->status = LB_LIVE_ABSENT;
    for (size_t i = 0; i < lb_xml_count(sets); i++) {
        const struct lb_value *set = lb_xml_item(sets, i);
        const char *name = lb_dns_normal(scratch, lb_text(lb_map_get(set, "Name"), ""));
        if (lb_streq(name, own))
            take_set(read, set);
        else
            look_for_stray(read, set, name);
    }
    lb_arena_free(scratch);
    const char *next = lb_dns_normal(read->arena, lb_text_at(page, "NextRecordName", ""));
    if (lb_bool_at(page, "IsTruncated", false) && *next && lb_dns_order(next, own) <= 0)
        ask_next(read, call, page);
}

/* --- write
 * ---------------------------------------------------------------------------------------- */

static const struct lb_value *live_set(const struct lb_write *write, const char *id)
{
    const struct lb_value *sets = lb_map_get(write->live->raw, "records");
    for (size_t i = 0; i < lb_value_count(sets); i++)
        if (lb_streq(lb_record_id(write->arena, lb_list_item(sets, i)), id))
            return lb_list_item(sets, i);
    return NULL;
}

static bool same_member(const struct lb_value *a, const struct lb_value *b, const char *key)
{
    return lb_value_equal(lb_map_get(a, key), lb_map_get(b, key));
}

static struct lb_value *normal_values(struct lb_arena *arena, const struct lb_value *record)
{
    struct lb_value *out = lb_value_list(arena);
    const struct lb_value *values = lb_map_get(record, "values");
    for (size_t i = 0; i < lb_value_count(values); i++) {
        const struct lb_value *value = lb_list_item(values, i);
        lb_list_add(arena, out,
                    value->type == LB_STRING
                        ? lb_value_string(arena, lb_dns_normal(arena, lb_text(value, "")))
                        : lb_value_copy(arena, value));
    }
    lb_list_sort(out);
    return out;
}

static bool same_record(struct lb_arena *arena, const struct lb_value *a, const struct lb_value *b)
{
    return same_member(a, b, "type") && same_member(a, b, "failover") && same_member(a, b, "ttl") &&
           same_member(a, b, "health_check") &&
           lb_value_equal(normal_values(arena, a), normal_values(arena, b));
}

struct batch {
    struct lb_arena *arena;
    struct lb_value *deletes, *puts;
};

static void add_change(struct lb_arena *arena, struct lb_value *list, const char *action,
                       struct lb_value *set)
{
    struct lb_value *change = lb_list_add(arena, list, lb_value_map(arena));
    lb_map_set_string(arena, change, "Action", action);
    lb_map_set(arena, change, "ResourceRecordSet", set);
}

static void put_record(struct lb_write *write, struct batch *batch, const struct lb_value *record)
{
    struct lb_arena *arena = write->arena;
    const struct lb_value *live = live_set(write, lb_text_at(record, "id", ""));
    const struct lb_value *now = live ? lb_record_value(arena, live) : NULL;
    if (now && same_record(arena, record, now))
        return;
    bool renewed = now && (!same_member(record, now, "failover") ||
                           !same_member(record, now, "type") || lb_map_get(now, "alias"));
    if (renewed)
        add_change(arena, batch->deletes, "DELETE", lb_record_set_echo(arena, live));
    add_change(arena, batch->puts, now && !renewed ? "UPSERT" : "CREATE",
               lb_record_set(arena, lb_dns_normal(arena, write->resource->name), record));
}

static void drop_old(struct lb_write *write, struct batch *batch)
{
    const struct lb_value *sets = lb_map_get(write->live->raw, "records");
    for (size_t i = 0; i < lb_value_count(sets); i++) {
        const struct lb_value *set = lb_list_item(sets, i);
        const char *id = lb_record_id(write->arena, set);
        if (lb_record_is_own(write->stack, id) && !is_desired(write->desired, id))
            add_change(write->arena, batch->deletes, "DELETE",
                       lb_record_set_echo(write->arena, set));
    }
}

static int write_records(struct lb_write *write)
{
    struct lb_arena *arena = write->arena;
    struct batch batch = {arena, lb_value_list(arena), lb_value_list(arena)};
    const struct lb_value *records = lb_map_get(write->desired, "records");
    drop_old(write, &batch);
    for (size_t i = 0; i < lb_value_count(records); i++)
        put_record(write, &batch, lb_list_item(records, i));
    for (size_t i = 0; i < lb_value_count(batch.puts); i++)
        lb_list_add(arena, batch.deletes, lb_list_item(batch.puts, i));
    if (lb_value_count(batch.deletes) == 0)
        return 0;
    struct lb_call *call = lb_write_call(write, &change_sets);
    call->body_root = "ChangeResourceRecordSetsRequest";
    lb_call_param(arena, call, "HostedZoneId", lb_text_at(write->live->value, "zone_id", NULL));
    struct lb_value *change = lb_map_map(arena, lb_call_body(arena, call), "ChangeBatch");
    lb_map_set_string(arena, change, "Comment", write->resource->address);
    lb_map_set(arena, lb_map_map(arena, change, "Changes"), "Change", batch.deletes);
    write->emit(write, call, write->create ? "create the record sets" : "change the record sets");
    return 0;
}

static const struct lb_granule granules[] = {
    {.name = "records", .read = read_records, .write = write_records},
    {0},
};

/* A zone is found by its name: its id is in no spec. */
static const char *arn(const struct lb_stack *stack, const struct lb_resource *failover)
{
    (void)failover;
    return lb_arena_printf(stack->arena, "arn:%s:route53:::hostedzone/*", stack->partition);
}

const struct lb_provider lb_provider_failover = {
    .kind = "failover",
    .arn = arn,
    .granules = granules,
    .global = &lb_route53_service,
    .expand = expand,
    .derive = derive,
    .survey = lb_failover_survey,
};
