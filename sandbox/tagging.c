/* tagging.c: the Resource Groups Tagging API, as far as it answers "what is tagged so?":
 * GetResources over the tags that the other services keep. IAM is not covered, as on AWS; health
 * checks are listed in us-east-1.
 * https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
 */
#include "sandbox/services.h"

#include <stdlib.h>
#include <string.h>

#define TARGET "ResourceGroupsTaggingAPI_20170126."
#define PAGE_MAX 100

struct search {
    struct sandbox *sandbox;
    struct lb_arena *arena;
    const char *region;
    const struct lb_value *filters;
    struct lb_value *found; /* every match, in the order of services */
};

static bool matches(const struct lb_value *filter, const struct lb_value *tags)
{
    const struct lb_value *values = lb_map_get(filter, "Values");
    for (size_t i = 0; i < lb_value_count(tags); i++) {
        const struct lb_value *tag = lb_list_item(tags, i);
        if (lb_streq(lb_text_at(tag, "Key", ""), lb_text_at(filter, "Key", "")) &&
            (!lb_value_count(values) || lb_list_has(values, lb_text_at(tag, "Value", ""))))
            return true;
    }
    return false;
}

/* `tags` is a list of {Key, Value}. */
static void add(struct search *search, const char *arn, const struct lb_value *tags)
{
    bool wanted = lb_value_count(tags) > 0;
    for (size_t i = 0; i < lb_value_count(search->filters); i++)
        wanted = wanted && matches(lb_list_item(search->filters, i), tags);
    if (!wanted)
        return;
    struct lb_value *item = lb_list_add(search->arena, search->found, lb_value_map(search->arena));
    lb_map_set_string(search->arena, item, "ResourceARN", arn);
    lb_map_set(search->arena, item, "Tags", lb_value_copy(search->arena, tags));
}

static void from_domains(struct search *search)
{
    const struct lb_value *domains = lb_map_get(
        lb_map_get(sb_state(search->sandbox, "opensearch"), "domains"), search->region);
    for (size_t i = 0; i < lb_value_count(domains); i++) {
        const struct lb_value *domain = lb_map_nth(domains, i)->value;
        add(search, lb_text_at(domain, "arn", ""), lb_map_get(domain, "tags"));
    }
}

static void from_buckets(struct search *search)
{
    const struct lb_value *buckets = lb_map_get(sb_state(search->sandbox, "s3"), "buckets");
    for (size_t i = 0; i < lb_value_count(buckets); i++) {
        const struct lb_entry *bucket = lb_map_nth(buckets, i);
        const struct lb_value *set = lb_value_at(bucket->value, "config/tagging/TagSet/Tag");
        if (!lb_streq(lb_text_at(bucket->value, "region", ""), search->region))
            continue;
        struct lb_value *tags = lb_value_list(search->arena);
        if (lb_is(set, LB_MAP)) /* a lone element of the XML it came in */
            lb_list_add(search->arena, tags, lb_value_copy(search->arena, set));
        add(search, lb_arena_printf(search->arena, "arn:aws:s3:::%s", bucket->key),
            lb_is(set, LB_LIST) ? set : tags);
    }
}

static void from_alarms(struct search *search)
{
    const struct lb_value *tags = lb_map_get(sb_state(search->sandbox, "cloudwatch"), "tags");
    char *here = lb_arena_printf(search->arena, "arn:aws:cloudwatch:%s:", search->region);
    for (size_t i = 0; i < lb_value_count(tags); i++)
        if (lb_starts_with(lb_map_nth(tags, i)->key, here))
            add(search, lb_map_nth(tags, i)->key, lb_map_nth(tags, i)->value);
}

static void from_health_checks(struct search *search)
{
    const struct lb_value *all = lb_map_get(sb_state(search->sandbox, "route53"), "tags");
    for (size_t i = 0; i < lb_value_count(all) && lb_streq(search->region, "us-east-1"); i++) {
        const struct lb_entry *entry = lb_map_nth(all, i);
        struct lb_value *tags = lb_value_list(search->arena);
        for (size_t k = 0; k < lb_value_count(entry->value); k++) {
            const struct lb_entry *pair = lb_map_nth(entry->value, k);
            struct lb_value *tag = lb_list_add(search->arena, tags, lb_value_map(search->arena));
            lb_map_set_string(search->arena, tag, "Key", pair->key);
            lb_map_set_string(search->arena, tag, "Value", lb_text(pair->value, ""));
        }
        add(search, lb_arena_printf(search->arena, "arn:aws:route53:::%s", entry->key), tags);
    }
}

static void get_resources(struct sandbox *sandbox, struct sb_request *request,
                          struct sb_response *response, const struct lb_value *body)
{
    struct lb_arena *arena = request->arena;
    struct search search = {sandbox, arena, request->region, lb_map_get(body, "TagFilters"),
                            lb_value_list(arena)};
    from_domains(&search);
    from_buckets(&search);
    from_alarms(&search);
    from_health_checks(&search);
    size_t from = strtoul(lb_text_at(body, "PaginationToken", "0"), NULL, 10);
    size_t page = (size_t)lb_int_at(body, "ResourcesPerPage", 50);
    struct lb_value *answer = lb_value_map(arena);
    struct lb_value *list = lb_map_list(arena, answer, "ResourceTagMappingList");
    size_t end = from + (page < PAGE_MAX ? page : PAGE_MAX);
    for (size_t i = from; i < end && i < lb_value_count(search.found); i++)
        lb_list_add(arena, list, lb_list_item(search.found, i));
    bool more = end < lb_value_count(search.found);
    lb_map_set_string(arena, answer, "PaginationToken",
                      more ? lb_arena_printf(arena, "%zu", end) : "");
    sb_reply_json(response, 200, answer);
}

static int route(struct sandbox *sandbox, struct sb_request *request)
{
    const char *target = lb_text_at(request->headers, "x-amz-target", "");
    (void)sandbox;
    request->operation = lb_starts_with(target, TARGET) ? target + sizeof TARGET - 1 : target;
    return lb_streq(request->operation, "GetResources") ? 0 : -1;
}

static void handle(struct sandbox *sandbox, struct sb_request *request,
                   struct sb_response *response)
{
    const struct lb_value *body = sb_body_json(request);
    if (!body)
        sb_error_json(request, response, 400, "InvalidParameterException", "The body is no JSON.");
    else if (lb_value_count(lb_map_get(body, "TagFilters")) > 50)
        sb_error_json(request, response, 400, "InvalidParameterException", "Too many filters.");
    else
        get_resources(sandbox, request, response, body);
}

const struct sb_service sb_service_tagging = {
    .name = "tagging",
    .signing = "tagging",
    .route = route,
    .handle = handle,
    .error = sb_error_json,
};
