/* switch.c: the words of a failover entry, read once for failover, health_check and alarm.
 *
 * The record pair is always primary and secondary, whatever side is active: cutting over turns the
 * health check, through a service of the surviving region, and edits no record ("standby takes over
 * primary" in the AWS blog on disaster recovery with Route 53).
 */
#include "providers/switch.h"

#include "base/time.h"
#include "base/xml.h"
#include "providers/names.h"
#include "providers/route53.h"

#include <stdlib.h>
#include <string.h>

static const struct lb_value *entry_at(const struct lb_stack *stack, const char *section,
                                       const char *name)
{
    const struct lb_entry *entry = lb_stack_entry(stack, section, name);
    return entry ? entry->value : NULL;
}

enum lb_switch lb_switch_of(const struct lb_stack *stack, const char *name)
{
    static const char *const words[] = {[LB_SWITCH_ALARM] = "standby-alarm",
                                        [LB_SWITCH_OBJECT] = "standby-object",
                                        [LB_SWITCH_CHECK] = "health-check",
                                        [LB_SWITCH_RECORD] = "record"};
    const struct lb_value *entry = entry_at(stack, "failover", name);
    if (!entry)
        return LB_SWITCH_NONE;
    const char *word = lb_text_at(entry, "switch", "standby-alarm");
    for (size_t i = 1; i < sizeof words / sizeof *words; i++)
        if (lb_streq(words[i], word))
            return (enum lb_switch)i;
    return LB_SWITCH_ALARM;
}

enum lb_side lb_switch_alarm_side(const struct lb_stack *stack, const char *name)
{
    return lb_side_parse(lb_text_at(entry_at(stack, "alarms", name), "side", "secondary"));
}

const char *lb_switch_alarm_name(const struct lb_stack *stack, const char *name)
{
    const char *stated = lb_text_at(entry_at(stack, "alarms", name), "name", NULL);
    return stated ? stated : lb_arena_printf(stack->arena, "%s-%s-failover", stack->name, name);
}

bool lb_switch_has_alarm(const struct lb_stack *stack, const char *name)
{
    const struct lb_value *check = entry_at(stack, "health_checks", name);
    return lb_switch_of(stack, name) == LB_SWITCH_ALARM && !lb_map_get(check, "alarm") &&
           lb_streq(lb_text_at(check, "type", "CLOUDWATCH_METRIC"), "CLOUDWATCH_METRIC");
}

/* "https://node.example.net:9200/" -> "node.example.net". */
static const char *host_of(struct lb_arena *arena, const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *host = scheme ? scheme + 3 : url;
    return lb_arena_strndup(arena, host, strcspn(host, ":/"));
}

/* A cluster of one's own with one address has it on the active side only. */
static const char *self_managed_host(const struct lb_stack *stack, const struct lb_value *domain,
                                     enum lb_side side)
{
    const struct lb_value *endpoint = lb_map_get(domain, "endpoint");
    const char *url = lb_text_at(endpoint, lb_side_name(side), NULL);
    if (lb_is(endpoint, LB_STRING) && side == stack->active)
        url = lb_text(endpoint, NULL);
    return url ? host_of(stack->arena, url) : NULL;
}

/* The service's own host name, not the custom endpoint: that is one name for both sides, and
 * usually the failover name itself, which is what makes TLS go on working after a cutover. */
static struct lb_value *domain_target(struct lb_stack *stack, const char *key, enum lb_side side)
{
    const struct lb_value *domain = entry_at(stack, "domains", key);
    if (lb_domain_self_managed(stack, key)) {
        const char *host = self_managed_host(stack, domain, side);
        return host ? lb_value_string(stack->arena, host) : NULL;
    }
    const struct lb_resource *resource = lb_stack_find(stack, "domain", key, side);
    if (!resource || !lb_domain_on_side(stack, key, side))
        return NULL;
    return lb_resource_reference(stack, resource, "endpoint");
}

struct lb_value *lb_switch_target(struct lb_stack *stack, const char *name, enum lb_side side)
{
    const struct lb_value *entry = entry_at(stack, "failover", name);
    const struct lb_value *stated = lb_map_get(lb_map_get(entry, "targets"), lb_side_name(side));
    if (stated)
        return lb_value_copy(stack->arena, stated);
    const char *domain = lb_text_at(entry, "domain", NULL);
    return domain ? domain_target(stack, domain, side) : NULL;
}

/* --- what Route 53 copies of an alarm
 * --------------------------------------------------------------- */

static const struct {
    const char *property, *element;
} copied[] = {
    {"namespace", "Namespace"}, {"metric", "MetricName"},
    {"statistic", "Statistic"}, {"evaluation_periods", "EvaluationPeriods"},
    {"threshold", "Threshold"}, {"comparison", "ComparisonOperator"},
};
#define COPIED_COUNT (sizeof copied / sizeof *copied)

struct lb_value *lb_switch_alarm_settings(struct lb_arena *arena, const struct lb_resource *alarm)
{
    static const char *const others[] = {"period", "dimensions"};
    struct lb_value *out = lb_value_map(arena);
    for (size_t i = 0; i < COPIED_COUNT; i++) {
        const struct lb_value *value = lb_map_get(alarm->desired, copied[i].property);
        if (value)
            lb_map_set(arena, out, copied[i].property, lb_value_copy(arena, value));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const struct lb_value *value = lb_map_get(alarm->desired, others[i]);
        if (value)
            lb_map_set(arena, out, others[i], lb_value_copy(arena, value));
    }
    return out;
}

static bool is_number(const char *property)
{
    return lb_streq(property, "evaluation_periods") || lb_streq(property, "threshold");
}

struct lb_value *lb_switch_alarm_copy(struct lb_arena *arena, const struct lb_value *configuration)
{
    struct lb_value *out = lb_value_map(arena);
    const struct lb_value *dimensions = lb_value_at(configuration, "Dimensions/Dimension");
    for (size_t i = 0; i < COPIED_COUNT; i++) {
        const char *text = lb_text_at(configuration, copied[i].element, NULL);
        if (text)
            lb_map_set(arena, out, copied[i].property,
                       is_number(copied[i].property) ? lb_switch_number(arena, text)
                                                     : lb_value_string(arena, text));
    }
    lb_map_set_string(arena, out, "period",
                      lb_duration_format(arena, lb_int_at(configuration, "Period", 0)));
    struct lb_value *map = lb_map_map(arena, out, "dimensions");
    for (size_t i = 0; i < lb_xml_count(dimensions); i++) {
        const struct lb_value *dimension = lb_xml_item(dimensions, i);
        lb_map_set_string(arena, map, lb_text_at(dimension, "Name", ""),
                          lb_text_at(dimension, "Value", ""));
    }
    return out;
}

/* The services answer 1 as 1.0. */
struct lb_value *lb_switch_number(struct lb_arena *arena, const char *text)
{
    return lb_value_number(arena, lb_arena_printf(arena, "%.15g", strtod(text, NULL)));
}
