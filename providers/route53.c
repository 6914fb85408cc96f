/* route53.c: names and record sets of Route 53, shared by failover and health_check.
 *
 * Route 53 reads the XML of a request in the order of its schema and refuses others, so every set
 * is built along one list of elements. It answers names in lower case, with a trailing dot and
 * octal escapes ("\052" for "*"): lb_dns_normal is the one form in which names are compared.
 */
#include "providers/route53.h"

#include "base/xml.h"

#include <ctype.h>
#include <string.h>

const struct lb_service lb_route53_service = {
    .id = "route53",
    .signing = "route53",
    .prefix = "route53",
    .endpoint_id = "ROUTE_53",
    .wire = LB_WIRE_REST_XML,
    .xmlns = "https://route53.amazonaws.com/doc/2013-04-01/",
    .global = true,
    .rate = 5, /* per account, all callers together: DNSLimitations in the developer guide */
    .window = 4,
};

static bool is_octal_escape(const char *at)
{
    return at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' &&
           at[3] >= '0' && at[3] <= '7';
}

char *lb_dns_normal(struct lb_arena *arena, const char *name)
{
    char *out = lb_arena_strdup(arena, name ? name : "");
    size_t length = 0;
    for (const char *at = out; *at; at++) {
        char byte = *at;
        if (is_octal_escape(at)) {
            int code = (at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0');
            byte = code ? (char)code : '?';
            at += 3;
        }
        out[length++] = (char)tolower((unsigned char)byte);
    }
    while (length && out[length - 1] == '.')
        length--;
    out[length] = '\0';
    return out;
}

/* The start of the label that ends before `end`. */
static const char *label_before(const char *name, const char *end)
{
    while (end > name && end[-1] != '.')
        end--;
    return end;
}

int lb_dns_order(const char *a, const char *b)
{
    const char *end_a = a + strlen(a), *end_b = b + strlen(b);
    while (end_a > a && end_b > b) {
        const char *from_a = label_before(a, end_a), *from_b = label_before(b, end_b);
        size_t length_a = (size_t)(end_a - from_a), length_b = (size_t)(end_b - from_b);
        int order = memcmp(from_a, from_b, length_a < length_b ? length_a : length_b);
        if (order)
            return order;
        if (length_a != length_b)
            return length_a < length_b ? -1 : 1;
        end_a = from_a > a ? from_a - 1 : a;
        end_b = from_b > b ? from_b - 1 : b;
    }
    return (end_a > a) - (end_b > b);
}

bool lb_dns_within(const char *name, const char *zone)
{
    size_t length = strlen(name), tail = strlen(zone);
    if (tail == 0 || length < tail || strcmp(name + length - tail, zone) != 0)
        return false;
    return length == tail || name[length - tail - 1] == '.';
}

const char *lb_route53_id(const char *id)
{
    const char *slash = id ? strrchr(id, '/') : NULL;
    return slash ? slash + 1 : id;
}

/* --- record sets ---------------------------------------------------------------------------------
 */

const char *lb_record_id(struct lb_arena *arena, const struct lb_value *set)
{
    const char *type = lb_text_at(set, "Type", "");
    const char *id = lb_text_at(set, "SetIdentifier", NULL);
    if (!id)
        return lb_arena_strdup(arena, type);
    return lb_streq(type, "CNAME") ? lb_arena_strdup(arena, id)
                                   : lb_arena_printf(arena, "%s %s", type, id);
}

struct lb_value *lb_record_value(struct lb_arena *arena, const struct lb_value *set)
{
    struct lb_value *out = lb_value_map(arena);
    const char *type = lb_text_at(set, "Type", "");
    lb_map_set_string(arena, out, "id", lb_record_id(arena, set));
    lb_map_set_string(arena, out, "type", type);
    lb_map_set_string(arena, out, "failover", lb_text_at(set, "Failover", NULL));
    if (lb_map_get(set, "TTL"))
        lb_map_set_int(arena, out, "ttl", lb_int_at(set, "TTL", 0));
    const struct lb_value *records = lb_value_at(set, "ResourceRecords/ResourceRecord");
    for (size_t i = 0; i < lb_xml_count(records); i++) {
        const char *text = lb_text_at(lb_xml_item(records, i), "Value", "");
        lb_list_add_string(arena, lb_map_list(arena, out, "values"),
                           lb_streq(type, "CNAME") ? lb_dns_normal(arena, text) : text);
    }
    lb_map_set_string(arena, out, "health_check", lb_text_at(set, "HealthCheckId", NULL));
    const char *alias = lb_text_at(set, "AliasTarget/DNSName", NULL);
    if (alias)
        lb_map_set_string(arena, out, "alias", lb_dns_normal(arena, alias));
    return out;
}

/* A copy, so that what is known only after apply stays unknown in the call's digest. */
static void put(struct lb_arena *arena, struct lb_value *set, const char *element,
                const struct lb_value *value)
{
    if (value && value->type != LB_NULL)
        lb_map_set(arena, set, element, lb_value_copy(arena, value));
}

struct lb_value *lb_record_set(struct lb_arena *arena, const char *name,
                               const struct lb_value *record)
{
    struct lb_value *set = lb_value_map(arena);
    const char *type = lb_text_at(record, "type", "CNAME");
    lb_map_set_string(arena, set, "Name", name);
    lb_map_set_string(arena, set, "Type", type);
    if (!lb_streq(lb_text_at(record, "id", ""), type))
        put(arena, set, "SetIdentifier", lb_map_get(record, "id"));
    put(arena, set, "Failover", lb_map_get(record, "failover"));
    put(arena, set, "TTL", lb_map_get(record, "ttl"));
    struct lb_value *list = lb_map_list(arena, lb_map_map(arena, set, "ResourceRecords"),
                                        "ResourceRecord");
    const struct lb_value *values = lb_map_get(record, "values");
    for (size_t i = 0; i < lb_value_count(values); i++)
        put(arena, lb_list_add(arena, list, lb_value_map(arena)), "Value", lb_list_item(values, i));
    put(arena, set, "HealthCheckId", lb_map_get(record, "health_check"));
    return set;
}

struct lb_value *lb_record_set_echo(struct lb_arena *arena, const struct lb_value *set)
{
    static const char *const elements[] = {"Name",
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
    struct lb_value *out = lb_value_map(arena);
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        put(arena, out, elements[i], lb_map_get(set, elements[i]));
    return out;
}
