/* tagging.c: the Resource Groups Tagging API, as far as it answers "what is tagged so?":
 * GetResources over the tags that the other services keep and name in `tagged`.
 * https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
 */
#include "sandbox/services.h"

#include <stdlib.h>
#include <string.h>

#define TARGET "ResourceGroupsTaggingAPI_20170126."
#define PAGE_MAX 100

struct sb_tagged {
    struct lb_arena *arena;
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

void sb_tagged_add(struct sb_tagged *search, const char *arn, const struct lb_value *tags)
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

static void get_resources(struct sandbox *sandbox, struct sb_request *request,
                          struct sb_response *response, const struct lb_value *body)
{
    struct lb_arena *arena = request->arena;
    struct sb_tagged search = {arena, lb_map_get(body, "TagFilters"), lb_value_list(arena)};
    for (size_t i = 0; sb_services[i]; i++)
        if (sb_services[i]->tagged)
            sb_services[i]->tagged(sandbox, arena, request->region, &search);
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
