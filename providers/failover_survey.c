/* failover_survey.c: record sets of failover names that left the spec.
 *
 * Zones are large, shared and slow to read, so nobody goes through them all. But a PRIMARY of ours
 * has a health check, and that carries the name in its tags: where the list of marked objects has
 * one for a name that no spec holds, its record sets are looked for in the zones that the name may
 * lie in. A name whose health check somebody has deleted is not found, nor a record of the switch
 * `record`, which carries no mark.
 */
#include "providers/failover.h"

#include "providers/route53.h"
#include "providers/tags.h"

#include "base/xml.h"

#include <string.h>

#define CHECK "health_check."

static bool is_declared(const struct lb_read *read, const char *name)
{
    const struct lb_resource *known;
    size_t i = 0;
    while ((known = lb_stack_next(read->stack, "failover", &i)))
        if (lb_streq(lb_dns_normal(read->arena, known->name), name))
            return true;
    return false;
}

static void decode_sets(struct lb_read *read, const struct lb_call *call,
                        const struct lb_answer *answer)
{
    const char *name = lb_text_at(call->params, "StartRecordName", "");
    if (answer->outcome != LB_ANSWERED) {
        lb_read_cannot_look(read, call, answer);
        return;
    }
    const struct lb_value *sets = lb_value_at(
        answer->body, "ListResourceRecordSetsResponse/ResourceRecordSets/ResourceRecordSet");
    for (size_t i = 0; i < lb_xml_count(sets); i++) {
        const struct lb_value *set = lb_xml_item(sets, i);
        if (lb_streq(lb_dns_normal(read->arena, lb_text_at(set, "Name", "")), name) &&
            lb_record_is_own(read->stack, lb_text_at(set, "SetIdentifier", "")))
            read->stray(read, lb_arena_printf(read->arena, "failover.%s", name), "record sets");
    }
}

static void ask_sets(struct lb_read *read, const char *zone, const char *name)
{
    struct lb_call *call = lb_read_call(read, &lb_list_sets);
    lb_call_param(read->arena, call, "HostedZoneId", zone);
    lb_call_param(read->arena, call, "MaxItems", "300");
    lb_call_param(read->arena, call, "StartRecordName", name);
    read->ask(read, call, decode_sets);
}

/* Names that may lie in a zone wait in live->raw: zone -> names. */
static void decode_zones(struct lb_read *read, const struct lb_call *call,
                         const struct lb_answer *answer)
{
    const char *wanted = lb_text_at(call->params, "DNSName", "");
    const struct lb_value *names = lb_map_get(read->live->raw, wanted);
    if (answer->outcome != LB_ANSWERED) {
        lb_read_cannot_look(read, call, answer);
        return;
    }
    const struct lb_value *zones = lb_value_at(
        answer->body, "ListHostedZonesByNameResponse/HostedZones/HostedZone");
    for (size_t i = 0; i < lb_xml_count(zones); i++) {
        const struct lb_value *zone = lb_xml_item(zones, i);
        bool here = lb_streq(lb_dns_normal(read->arena, lb_text_at(zone, "Name", "")), wanted);
        for (size_t k = 0; k < lb_value_count(names) && here; k++)
            ask_sets(read, lb_route53_id(lb_text_at(zone, "Id", "")),
                     lb_text(lb_list_item(names, k), ""));
    }
}

static void ask_zone(struct lb_read *read, const char *zone, const char *name)
{
    struct lb_arena *arena = read->arena;
    if (!read->live->raw)
        read->live->raw = lb_value_map(arena);
    bool asked = lb_map_get(read->live->raw, zone) != NULL;
    lb_list_add_string(arena, lb_map_list(arena, read->live->raw, zone), name);
    if (asked)
        return;
    struct lb_call *call = lb_read_call(read, &lb_list_zones);
    lb_call_param(arena, call, "DNSName", zone);
    lb_call_param(arena, call, "MaxItems", "100");
    read->ask(read, call, decode_zones);
}

/* "a.b.example.com" lies in b.example.com or in example.com. */
static void look_for(struct lb_read *read, const char *name)
{
    for (const char *zone = strchr(name, '.'); zone && strchr(zone + 1, '.');
         zone = strchr(zone + 1, '.'))
        ask_zone(read, zone + 1, name);
}

/* The list of marked objects is there: what of it is a health check, and whose name is nowhere? */
static void listed(struct lb_read *read, const struct lb_value *none)
{
    const struct lb_value *all = lb_map_get(read->stack->marked, lb_resource_home(read->resource));
    (void)none;
    for (size_t i = 0; i < lb_value_count(all); i++) {
        const struct lb_value *tags = lb_map_nth(all, i)->value;
        if (!lb_streq(lb_tags_get(tags, LB_TAG_STACK), read->stack->name))
            continue;
        const char *address = lb_tags_get(tags, LB_TAG_ADDRESS);
        if (!address || !lb_starts_with(address, CHECK) ||
            lb_stack_find_address(read->stack, address))
            continue;
        const char *name = lb_dns_normal(read->arena, address + strlen(CHECK));
        if (!is_declared(read, name))
            look_for(read, name);
    }
}

int lb_failover_survey(struct lb_read *read)
{
    lb_tags_ask(read, lb_resource_home(read->resource), "", listed);
    return 0;
}
