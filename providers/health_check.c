/* health_check.c: Route 53 health checks; each failover name derives its own.
 *
 * A health check has no name, so ours are found by their caller reference, lifeboat/STACK/NAME/N,
 * in one shared listing. The reference is Route 53's idempotency token: a create whose answer was
 * lost is sent again and makes no second one. References of deleted checks
 * are remembered for ever and the listing does not show them, so the next free N after a deletion
 * cannot be known: the spec's `incarnation` says it. Type and interval cannot be changed: another
 * check is made with the next N, the record moves there, and the old one is reported, not deleted.
 */
#include "providers/route53.h"
#include "providers/switch.h"
#include "providers/tags.h"

#include "base/digest.h"
#include "base/xml.h"
#include "transport/endpoint.h"

#include <stdlib.h>
#include <string.h>

enum {
    REFERENCE_MAX = 64, /* HealthCheckNonce of the service model */
    NUMBER_MAX = 4,     /* digits of N */
};

static const struct lb_op list_checks = {.service = &lb_route53_service,
                                         .name = "ListHealthChecks",
                                         .method = "GET",
                                         .path = "/2013-04-01/healthcheck?marker={Marker}&"
                                                 "maxitems={MaxItems}",
                                         .brief = true};
static const struct lb_op list_tags = {.service = &lb_route53_service,
                                       .name = "ListTagsForResources",
                                       .method = "POST",
                                       .path = "/2013-04-01/tags/{ResourceType}",
                                       .batch_member = "ResourceIds/ResourceId",
                                       .batch_max = 10};
static const struct lb_op create_check = {.service = &lb_route53_service,
                                          .name = "CreateHealthCheck",
                                          .method = "POST",
                                          .path = "/2013-04-01/healthcheck",
                                          .mutates = true};
/* Carries the version that was read: sent twice, the second is refused, not applied. */
static const struct lb_op update_check = {.service = &lb_route53_service,
                                          .name = "UpdateHealthCheck",
                                          .method = "POST",
                                          .path = "/2013-04-01/healthcheck/{HealthCheckId}",
                                          .mutates = true};
static const struct lb_op change_tags = {.service = &lb_route53_service,
                                         .name = "ChangeTagsForResource",
                                         .method = "POST",
                                         .path = "/2013-04-01/tags/{ResourceType}/{ResourceId}",
                                         .mutates = true};

/* --- the spec's words and the service's: the order is the model's, which the service insists on
 * --- */

enum family { ANY = 0, HTTP = 1, TLS = 2, TEXT = 4, TCP = 8, ALARM = 16, WEB = HTTP | TLS };

static const struct {
    const char *name;
    unsigned families;
} types[] = {
    {"CLOUDWATCH_METRIC", ALARM},
    {"HTTP", HTTP},
    {"HTTP_STR_MATCH", HTTP | TEXT},
    {"HTTPS", TLS},
    {"TCP", TCP},
    {"HTTPS_STR_MATCH", TLS | TEXT},
};

enum form { WORDS, NUMBER, FLAG, REGION_LIST, ALARM_MAP };

static const struct {
    const char *property, *element;
    enum form form;
    unsigned families; /* types that take it; 0: all */
    bool fixed;        /* no part of an update */
} fields[] = {
    {"port", "Port", NUMBER, WEB | TCP, false},
    {"type", "Type", WORDS, ANY, true},
    {"path", "ResourcePath", WORDS, WEB, false},
    {"host", "FullyQualifiedDomainName", WORDS, WEB | TCP, false},
    {"search", "SearchString", WORDS, TEXT, false},
    {"interval", "RequestInterval", NUMBER, WEB | TCP, true},
    {"failure_threshold", "FailureThreshold", NUMBER, WEB | TCP, false},
    {"inverted", "Inverted", FLAG, ANY, false},
    {"disabled", "Disabled", FLAG, ANY, false},
    {"sni", "EnableSNI", FLAG, TLS, false},
    {"regions", "Regions", REGION_LIST, WEB | TCP, false},
    {"alarm", "AlarmIdentifier", ALARM_MAP, ALARM, false},
    {"insufficient_data", "InsufficientDataHealthStatus", WORDS, ALARM, false},
};
#define FIELD_COUNT (sizeof fields / sizeof *fields)

static unsigned families_of(const char *type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (lb_streq(types[i].name, type))
            return types[i].families;
    return ANY;
}

/* "lifeboat/search-dr/search.example.com/"; a name too long for the token is replaced by its
 * digest. */
static const char *reference_prefix(const struct lb_stack *stack, const char *name)
{
    const char *stem = lb_arena_printf(stack->arena, "lifeboat/%s/", stack->name);
    size_t room = REFERENCE_MAX - NUMBER_MAX - 1;
    room = room > strlen(stem) ? room - strlen(stem) : 0;
    char hex[LB_SHA256_HEX];
    if (strlen(name) <= room)
        return lb_arena_printf(stack->arena, "%s%s/", stem, name);
    lb_sha256_hex(name, strlen(name), hex);
    return lb_arena_printf(stack->arena, "%s%.*s/", stem, (int)(room < 32 ? room : 32), hex);
}

/* --- derive
 * --------------------------------------------------------------------------------------- */

static int expand(struct lb_stack *stack, const struct lb_entry *entry)
{
    lb_stack_add(stack, "health_check", entry->key, LB_SIDE_NONE, entry);
    return 0;
}

struct derivation {
    struct lb_stack *stack;
    struct lb_resource *resource;
    const char *why;
};

/* What was stated or derived before stays. */
static void desire(const struct derivation *d, const char *key, struct lb_value *value)
{
    if (!lb_map_get(d->resource->desired, key))
        lb_desire(d->stack, d->resource, key, value, d->why);
}

static void derive_alarm(const struct derivation *d)
{
    struct lb_arena *arena = d->stack->arena;
    const char *name = d->resource->name;
    enum lb_side side = lb_switch_alarm_side(d->stack, name);
    struct lb_value *alarm = lb_value_map(arena);
    lb_map_set_string(arena, alarm, "region", d->stack->regions[side]);
    lb_map_set_string(arena, alarm, "name", lb_switch_alarm_name(d->stack, name));
    desire(d, "type", lb_value_string(arena, "CLOUDWATCH_METRIC"));
    desire(d, "alarm", alarm);
    desire(d, "insufficient_data", lb_value_string(arena, "LastKnownStatus"));
    struct lb_resource *own = lb_stack_find(d->stack, "alarm", name, side);
    if (!own || !lb_switch_has_alarm(d->stack, name))
        return;
    desire(d, "alarm_settings", lb_switch_alarm_settings(arena, own));
    lb_resource_need(d->stack, d->resource, "config", own, "alarm");
}

/* The object is absent in peace: the check fails, inverted that is healthy, and the primary serves.
 * When the standby region itself is gone nothing changes either. */
static void derive_object(const struct derivation *d, const struct lb_value *failover)
{
    struct lb_arena *arena = d->stack->arena;
    const char *bucket = lb_text_at(failover, "object/bucket", "");
    const char *key = lb_text_at(failover, "object/key", "");
    const char *region = d->stack->regions[LB_SIDE_SECONDARY];
    const struct lb_partition *partition = lb_partition_of(region);
    struct lb_str path = {0};
    lb_str_putc(&path, '/');
    lb_str_percent_encode(&path, key, strlen(key), true);
    desire(d, "type", lb_value_string(arena, "HTTPS"));
    desire(d, "host",
           lb_value_format(arena, "%s.s3.%s.%s", bucket, region,
                           partition ? partition->dns_suffix : "amazonaws.com"));
    desire(d, "path", lb_value_string(arena, lb_str_take(&path, arena)));
    desire(d, "inverted", lb_value_bool(arena, true));
}

static void derive_probe(const struct derivation *d, const struct lb_value *failover)
{
    struct lb_arena *arena = d->stack->arena;
    const struct lb_value *search = lb_map_get(failover, "search");
    const struct lb_value *path = lb_map_get(failover, "path");
    desire(d, "type", lb_value_string(arena, search ? "HTTPS_STR_MATCH" : "HTTPS"));
    desire(d, "host", lb_switch_target(d->stack, d->resource->name, LB_SIDE_PRIMARY));
    desire(d, "path", path ? lb_value_copy(arena, path) : lb_value_string(arena, "/"));
    if (search)
        desire(d, "search", lb_value_copy(arena, search));
}

/* What the service would choose, said openly, so that a change made by hand is seen. */
static void derive_rest(const struct derivation *d, unsigned families)
{
    struct lb_arena *arena = d->stack->arena;
    desire(d, "inverted", lb_value_bool(arena, false));
    desire(d, "disabled", lb_value_bool(arena, false));
    if (!(families & (WEB | TCP)))
        return;
    desire(d, "port", lb_value_int(arena, families & HTTP ? 80 : 443));
    desire(d, "interval", lb_value_int(arena, 30));
    desire(d, "failure_threshold", lb_value_int(arena, 3));
    if (families & TLS)
        desire(d, "sni", lb_value_bool(arena, true));
}

static int check_fields(const struct derivation *d, const char *type, unsigned families)
{
    static const struct {
        unsigned family;
        const char *property;
    } wanted[] = {{WEB | TCP, "host"}, {TEXT, "search"}, {ALARM, "alarm"}};
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct lb_value *stated = lb_map_get(d->resource->stated, fields[i].property);
        if (stated && fields[i].families && !(fields[i].families & families))
            return lb_diags_error(d->stack->diags, "LB-S109", stated->mark,
                                  "`%s` means nothing to a health check of type %s",
                                  fields[i].property, type);
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if ((wanted[i].family & families) && !lb_map_get(d->resource->desired, wanted[i].property))
            return lb_diags_error(d->stack->diags, "LB-S105", &d->resource->mark,
                                  "type %s needs `%s`", type, wanted[i].property);
    return 0;
}

static void derive_switch(const struct derivation *d)
{
    const struct lb_entry *failover = lb_stack_entry(d->stack, "failover", d->resource->name);
    const char *stated = lb_text_at(d->resource->stated, "type", NULL);
    enum lb_switch how = lb_switch_of(d->stack, d->resource->name);
    if (stated && !lb_streq(stated, "CLOUDWATCH_METRIC") && how == LB_SWITCH_ALARM)
        return; /* all of it is stated instead */
    if (how == LB_SWITCH_ALARM)
        derive_alarm(d);
    else if (how == LB_SWITCH_OBJECT)
        derive_object(d, failover->value);
    else if (how == LB_SWITCH_CHECK)
        derive_probe(d, failover->value);
}

static int derive(struct lb_stack *stack, struct lb_resource *resource)
{
    struct lb_arena *arena = stack->arena;
    struct derivation d = {stack, resource,
                           lb_arena_printf(arena, "derived from failover.%s", resource->name)};
    lb_desire_stated(stack, resource);
    derive_switch(&d);
    const char *type = lb_text_at(resource->desired, "type", NULL);
    if (!type)
        return lb_diags_error(stack->diags, "LB-S105", &resource->mark,
                              "no failover name is called \"%s\" and no `type` is stated",
                              resource->name);
    d.why = "default";
    derive_rest(&d, families_of(type));
    lb_desire_tags(stack, resource);
    lb_map_default(arena, lb_map_get(resource->desired, "tags"), "Name",
                   lb_value_format(arena, "%s %s", stack->name, resource->name));
    return check_fields(&d, type, families_of(type));
}

/* --- read
 * ----------------------------------------------------------------------------------------- */

static void decode_tags(struct lb_read *read, const struct lb_call *call,
                        const struct lb_answer *answer)
{
    if (!lb_read_ok(read, call, answer))
        return;
    const char *id = lb_text_at(read->live->value, "id", "");
    const struct lb_value *sets = lb_value_at(
        answer->body, "ListTagsForResourcesResponse/ResourceTagSets/ResourceTagSet");
    struct lb_value *tags = lb_map_map(read->arena, lb_read_value(read), "tags");
    for (size_t i = 0; i < lb_xml_count(sets); i++) {
        const struct lb_value *set = lb_xml_item(sets, i);
        const struct lb_value *list = lb_value_at(set, "Tags/Tag");
        if (!lb_streq(lb_text_at(set, "ResourceId", ""), id))
            continue;
        for (size_t j = 0; j < lb_xml_count(list); j++) {
            const struct lb_value *tag = lb_xml_item(list, j);
            lb_map_set_string(read->arena, tags, lb_text_at(tag, "Key", ""),
                              lb_text_at(tag, "Value", ""));
        }
    }
    read->live->owner = lb_text_at(tags, LB_TAG_STACK, read->live->owner);
}

static void take_tags(struct lb_read *read, const struct lb_value *listed)
{
    struct lb_arena *arena = read->arena;
    if (lb_tags_take(read, listed))
        return;
    struct lb_call *call = lb_read_call(read, &list_tags);
    lb_call_param(arena, call, "ResourceType", "healthcheck");
    call->body_root = "ListTagsForResourcesRequest";
    lb_list_add_string(arena,
                       lb_map_list(arena,
                                   lb_map_map(arena, lb_call_body(arena, call), "ResourceIds"),
                                   "ResourceId"),
                       lb_text_at(read->live->value, "id", ""));
    read->ask(read, call, decode_tags);
}

/* Health checks are listed where Route 53's control plane is. */
static void ask_tags(struct lb_read *read, const char *id)
{
    if (lb_resource_has_granule(read->resource, lb_granule_find(read->resource->kind, "tags")))
        lb_tags_ask(read, lb_resource_home(read->resource),
                    lb_arena_printf(read->arena, "arn:%s:route53:::healthcheck/%s",
                                    read->stack->partition, id),
                    take_tags);
}

static struct lb_value *field_value(struct lb_arena *arena, const struct lb_value *element,
                                    enum form form)
{
    const struct lb_value *regions = lb_map_get(element, "Region");
    struct lb_value *out;
    switch (form) {
    case NUMBER:
        return lb_value_int(arena, lb_int(element, 0));
    case FLAG:
        return lb_value_bool(arena, lb_bool(element, false));
    case REGION_LIST:
        out = lb_value_list(arena);
        for (size_t i = 0; i < lb_xml_count(regions); i++)
            lb_list_add_string(arena, out, lb_text(lb_xml_item(regions, i), ""));
        return out;
    case ALARM_MAP:
        out = lb_value_map(arena);
        lb_map_set_string(arena, out, "region", lb_text(regions, ""));
        lb_map_set_string(arena, out, "name", lb_text_at(element, "Name", ""));
        return out;
    default:
        return lb_value_string(arena, lb_text(element, ""));
    }
}

/* An update with the same alarm makes Route 53 copy anew. A server that does not show its copy is
 * taken to have the right one: otherwise every plan would refresh it. */
static void decode_copy(struct lb_read *read, const struct lb_value *configuration)
{
    const struct lb_value *wanted = lb_map_get(read->resource->desired, "alarm_settings");
    struct lb_value *copy = configuration ? lb_switch_alarm_copy(read->arena, configuration)
                                          : lb_value_copy(read->arena, wanted);
    if (copy)
        lb_map_set(read->arena, lb_read_value(read), "alarm_settings", copy);
}

static struct lb_value *raw_of(struct lb_read *read)
{
    if (!read->live->raw)
        read->live->raw = lb_value_map(read->arena);
    return read->live->raw;
}

static void decode_check(struct lb_read *read, const struct lb_value *check)
{
    struct lb_arena *arena = read->arena;
    struct lb_value *value = lb_read_value(read);
    const struct lb_value *config = lb_map_get(check, "HealthCheckConfig");
    const char *id = lb_text_at(check, "Id", "");
    lb_map_set_string(arena, value, "id", id);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct lb_value *element = lb_map_get(config, fields[i].element);
        if (element)
            lb_map_set(arena, value, fields[i].property,
                       field_value(arena, element, fields[i].form));
    }
    decode_copy(read, lb_map_get(check, "CloudWatchAlarmConfiguration"));
    lb_map_set(arena, raw_of(read), "config", lb_value_copy(arena, check));
    read->live->status = LB_LIVE_PRESENT;
    read->live->owner = lb_arena_strdup(arena, read->stack->name);
    ask_tags(read, id);
}

static bool is_first_of_kind(const struct lb_read *read)
{
    size_t i = 0;
    return lb_stack_next(read->stack, "health_check", &i) == read->resource;
}

/* One object of the stack looks for checks that bear its mark and stand in the spec no more. */
static void look_for_stray(struct lb_read *read, const struct lb_value *check, const char *stem)
{
    const char *reference = lb_text_at(check, "CallerReference", "");
    if (!lb_starts_with(reference, stem))
        return;
    const struct lb_resource *known;
    size_t i = 0;
    while ((known = lb_stack_next(read->stack, "health_check", &i)))
        if (lb_starts_with(reference, reference_prefix(read->stack, known->name)))
            return;
    const char *name = reference + strlen(stem);
    read->stray(
        read, lb_arena_printf(read->arena, "health_check.%.*s", (int)strcspn(name, "/"), name),
        /* in the words of the list of marked objects, which may have it too */
        lb_arena_printf(read->arena, "arn:%s:route53:::healthcheck/%s left the spec; it is kept",
                        read->stack->partition, lb_text_at(check, "Id", "")));
}

/* What Route 53 cannot change is as the spec wants it. */
static bool is_of_sort(const struct lb_read *read, const struct lb_value *check)
{
    const struct lb_value *config = lb_map_get(check, "HealthCheckConfig");
    const struct lb_value *desired = read->resource->desired;
    return lb_streq(lb_text_at(config, "Type", ""), lb_text_at(desired, "type", "")) &&
           lb_int_at(config, "RequestInterval", 0) == lb_int_at(desired, "interval", 0);
}

/* A check with the mark of this object. One of another type or interval is passed over: a new one
 * with the next number takes its place, the record moves there, and the old one is reported. */
static void take(struct lb_read *read, const struct lb_value *check, const char *number)
{
    int64_t taken = strtoll(number, NULL, 10);
    if (taken > lb_int_at(read->live->raw, "taken", 0))
        lb_map_set_int(read->arena, raw_of(read), "taken", taken);
    if (read->live->status == LB_LIVE_ABSENT && is_of_sort(read, check)) {
        decode_check(read, check);
        return;
    }
    read->stray(read, lb_arena_printf(read->arena, "%s.%s", read->resource->address, number),
                lb_arena_printf(read->arena, "health check %s of type %s, out of use",
                                lb_text_at(check, "Id", ""),
                                lb_text_at(check, "HealthCheckConfig/Type", "")));
}

static void decode(struct lb_read *read, const struct lb_call *call,
                   const struct lb_answer *answer);

static void ask_page(struct lb_read *read, const char *marker)
{
    struct lb_call *call = lb_read_call(read, &list_checks);
    lb_call_param(read->arena, call, "Marker", marker);
    lb_call_param(read->arena, call, "MaxItems", "1000");
    read->ask(read, call, decode);
}

static void decode(struct lb_read *read, const struct lb_call *call, const struct lb_answer *answer)
{
    if (!lb_read_ok(read, call, answer))
        return;
    const struct lb_value *page = lb_map_get(answer->body, "ListHealthChecksResponse");
    const struct lb_value *checks = lb_value_at(page, "HealthChecks/HealthCheck");
    const char *prefix = reference_prefix(read->stack, read->resource->name);
    const char *stem = lb_arena_printf(read->arena, "lifeboat/%s/", read->stack->name);
    bool looks = is_first_of_kind(read);
    if (read->live->status != LB_LIVE_PRESENT)
        read->live->status = LB_LIVE_ABSENT;
    for (size_t i = 0; i < lb_xml_count(checks); i++) {
        const struct lb_value *check = lb_xml_item(checks, i);
        const char *reference = lb_text_at(check, "CallerReference", "");
        if (lb_starts_with(reference, prefix))
            take(read, check, reference + strlen(prefix));
        if (looks)
            look_for_stray(read, check, stem);
    }
    if (lb_bool_at(page, "IsTruncated", false))
        ask_page(read, lb_text_at(page, "NextMarker", NULL));
}

static int read_check(struct lb_read *read)
{
    ask_page(read, NULL);
    return 0;
}

/* --- write
 * ---------------------------------------------------------------------------------------- */

static struct lb_value *element_value(struct lb_arena *arena, enum form form,
                                      const struct lb_value *value)
{
    if (form != ALARM_MAP && form != REGION_LIST)
        return lb_value_copy(arena, value);
    struct lb_value *out = lb_value_map(arena);
    const struct lb_value *region = form == ALARM_MAP ? lb_map_get(value, "region") : value;
    lb_map_set(arena, out, "Region", lb_value_copy(arena, region));
    if (form == ALARM_MAP)
        lb_map_set(arena, out, "Name", lb_value_copy(arena, lb_map_get(value, "name")));
    return out;
}

static void put_fields(struct lb_write *write, struct lb_value *into)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct lb_value *value = lb_map_get(write->desired, fields[i].property);
        if (value && (write->create || !fields[i].fixed))
            lb_map_set(write->arena, into, fields[i].element,
                       element_value(write->arena, fields[i].form, value));
    }
}

static int64_t next_number(const struct lb_write *write)
{
    int64_t stated = lb_int_at(write->resource->stated, "incarnation", 1);
    int64_t taken = lb_int_at(write->live->raw, "taken", 0);
    return taken >= stated ? taken + 1 : stated;
}

static int write_create(struct lb_write *write)
{
    struct lb_arena *arena = write->arena;
    struct lb_call *call = lb_write_call(write, &create_check);
    struct lb_value *body = lb_call_body(arena, call);
    call->body_root = "CreateHealthCheckRequest";
    lb_map_set_string(arena, body, "CallerReference",
                      lb_arena_printf(arena, "%s%lld",
                                      reference_prefix(write->stack, write->resource->name),
                                      (long long)next_number(write)));
    put_fields(write, lb_map_map(arena, body, "HealthCheckConfig"));
    write->emit(write, call, "create the health check");
    return 0;
}

static int write_check(struct lb_write *write)
{
    if (write->create)
        return write_create(write);
    struct lb_arena *arena = write->arena;
    struct lb_call *call = lb_write_call(write, &update_check);
    struct lb_value *body = lb_call_body(arena, call);
    call->body_root = "UpdateHealthCheckRequest";
    lb_call_param(arena, call, "HealthCheckId", lb_text_at(write->live->value, "id", ""));
    lb_map_set_string(arena, body, "HealthCheckVersion",
                      lb_text_at(write->live->raw, "config/HealthCheckVersion", "1"));
    put_fields(write, body);
    write->emit(write, call, "update the health check");
    return 0;
}

static int write_tags(struct lb_write *write)
{
    struct lb_arena *arena = write->arena;
    struct lb_call *call = lb_write_call(write, &change_tags);
    const struct lb_value *id = lb_map_get(write->live->value, "id");
    const struct lb_value *tags = lb_map_get(write->desired, "tags");
    struct lb_value *list = lb_map_list(
        arena, lb_map_map(arena, lb_call_body(arena, call), "AddTags"), "Tag");
    call->body_root = "ChangeTagsForResourceRequest";
    lb_call_param(arena, call, "ResourceType", "healthcheck");
    lb_map_set(
        arena, call->params, "ResourceId",
        id ? lb_value_copy(arena, id)
           : lb_value_unknown(arena, lb_arena_printf(arena, "%s/id", write->resource->address)));
    for (size_t i = 0; i < lb_value_count(tags); i++) {
        const struct lb_entry *entry = lb_map_nth(tags, i);
        const char *live = lb_text(lb_map_get(lb_map_get(write->live->value, "tags"), entry->key),
                                   NULL);
        if (lb_streq(live, lb_text(entry->value, "")))
            continue;
        struct lb_value *tag = lb_list_add(arena, list, lb_value_map(arena));
        lb_map_set_string(arena, tag, "Key", entry->key);
        lb_map_set(arena, tag, "Value", lb_value_copy(arena, entry->value));
    }
    write->emit(write, call, "set the health check's tags");
    return 0;
}

static const struct lb_granule granules[] = {
    {.name = "config", .read = read_check, .write = write_check},
    {.name = "tags", .write = write_tags},
    {0},
};

static const char *arn(const struct lb_stack *stack, const struct lb_resource *check)
{
    (void)check;
    return lb_arena_printf(stack->arena, "arn:%s:route53:::healthcheck/*", stack->partition);
}

const struct lb_provider lb_provider_health_check = {
    .kind = "health_check",
    .arn = arn,
    .granules = granules,
    .global = &lb_route53_service,
    .expand = expand,
    .derive = derive,
};
