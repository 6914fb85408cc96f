/* release.c: what left the spec. Objects carry their stack and address as tags, so one list per
 * region says what is ours, and what of it no spec of this run declares is reported as released. It
 * is never deleted. IAM roles are not covered by that list; record sets and what is inside domains
 * are found where they lie. Objects that did not leave find their tags in the same list, which
 * saves one request each where the service has no list of its own.
 * https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
 */
#include "planner/release.h"
#include "planner/wave.h"

#include "transport/explain.h"

#define VALUES_MAX 20 /* of one tag filter */

static const struct lb_service tagging = {.id = "tagging",
                                          .signing = "tagging",
                                          .prefix = "tagging",
                                          .endpoint_id = "RESOURCE_GROUPS_TAGGING_API",
                                          .wire = LB_WIRE_JSON,
                                          .target = "ResourceGroupsTaggingAPI_20170126"};
static const struct lb_op get_resources = {.service = &tagging,
                                           .name = "GetResources",
                                           .method = "POST",
                                           .path = "/",
                                           .iam = "tag:GetResources"};

struct waiter {
    const char *arn;
    lb_release_fn *told;
    void *payload;
    struct waiter *next;
};

/* The list of one region. */
struct listing {
    struct lb_engine *engine;
    struct lb_stack *const *stacks;
    size_t stack_count;
    struct lb_refresh *out;
    const struct lb_call *call;
    struct lb_value *tags; /* ARN -> tags, of the pages that came */
    size_t pages;
    bool done;
    struct waiter *waiters;
    struct listing *next;
};

struct lb_release {
    struct lb_arena *arena;
    struct listing *listings;
};

static void ask(struct listing *listing, const char *page);

static const char *tag_of(const struct lb_value *tags, const char *key)
{
    for (size_t i = 0; i < lb_value_count(tags); i++)
        if (lb_streq(lb_text_at(lb_list_item(tags, i), "Key", ""), key))
            return lb_text_at(lb_list_item(tags, i), "Value", "");
    return "";
}

static void judge(struct listing *listing, const struct lb_value *item)
{
    const struct lb_value *tags = lb_map_get(item, "Tags");
    const char *name = tag_of(tags, LB_TAG_STACK), *address = tag_of(tags, LB_TAG_ADDRESS);
    for (size_t i = 0; i < listing->stack_count; i++) {
        struct lb_stack *stack = listing->stacks[i];
        if (lb_streq(stack->name, name) && *address && !lb_stack_find_address(stack, address))
            lb_refresh_stray(listing->out, stack, address,
                             lb_arena_printf(stack->arena, "%s left the spec; it is kept",
                                             lb_text_at(item, "ResourceARN", "")));
    }
}

/* Not being allowed to list costs this report, nothing else: the plan stays complete. Credentials
 * that are over end the run here as anywhere. */
static void cannot_list(struct listing *listing, const struct lb_answer *answer)
{
    struct lb_arena *arena = listing->engine->arena;
    struct lb_diag why = {0};
    lb_answer_diag(arena, listing->call, answer, &why);
    for (size_t i = 0; i < listing->stack_count; i++) {
        struct lb_stack *stack = listing->stacks[i];
        struct lb_diag diag = {.code = "LB-P030", .detail = why.detail};
        bool over = answer->outcome == LB_EXPIRED;
        lb_diags_add(stack->diags, over ? &why : &diag);
    }
}

static void never_ends(struct listing *listing)
{
    for (size_t i = 0; i < listing->stack_count; i++) {
        struct lb_diag diag = {.code = "LB-P030",
                               .detail = lb_arena_printf(listing->engine->arena,
                                                         "the list of %s has no end: %zu pages",
                                                         listing->call->region, listing->pages)};
        lb_diags_add(listing->stacks[i]->diags, &diag);
    }
}

/* Also for what the stacks ask of it later: it is whole. */
static void share(struct listing *listing)
{
    for (size_t i = 0; i < listing->stack_count; i++) {
        struct lb_stack *stack = listing->stacks[i];
        if (!stack->marked)
            stack->marked = lb_value_map(stack->arena);
        lb_map_set(stack->arena, stack->marked, listing->call->region, listing->tags);
    }
}

static void finish(struct listing *listing)
{
    listing->done = true;
    while (listing->waiters) {
        struct waiter *waiter = listing->waiters;
        listing->waiters = waiter->next;
        waiter->told(waiter->payload, lb_map_get(listing->tags, waiter->arn));
    }
}

static void listed(void *payload, const struct lb_answer *answer)
{
    struct listing *listing = payload;
    listing->out->calls++;
    if (answer->outcome != LB_ANSWERED) {
        cannot_list(listing, answer);
        finish(listing);
        return;
    }
    const struct lb_value *items = lb_map_get(answer->body, "ResourceTagMappingList");
    for (size_t i = 0; i < lb_value_count(items); i++) {
        const struct lb_value *item = lb_list_item(items, i);
        judge(listing, item);
        lb_map_set(listing->engine->arena, listing->tags, lb_text_at(item, "ResourceARN", ""),
                   lb_map_get(item, "Tags"));
    }
    const char *page = lb_text_at(answer->body, "PaginationToken", "");
    if (*page && ++listing->pages < LB_ASKS_MAX) {
        ask(listing, page);
        return;
    }
    if (*page)
        never_ends(listing);
    else
        share(listing);
    finish(listing);
}

static void ask(struct listing *listing, const char *page)
{
    struct lb_arena *arena = listing->engine->arena;
    struct lb_call *call = lb_call_new(arena, &get_resources, listing->call->region);
    struct lb_value *body = lb_call_body(arena, call);
    struct lb_value *filter = lb_list_add(arena, lb_map_list(arena, body, "TagFilters"),
                                          lb_value_map(arena));
    lb_map_set_string(arena, filter, "Key", LB_TAG_STACK);
    for (size_t i = 0; i < listing->stack_count && listing->stack_count <= VALUES_MAX; i++)
        lb_list_add_string(arena, lb_map_list(arena, filter, "Values"), listing->stacks[i]->name);
    lb_map_set_int(arena, body, "ResourcesPerPage", 100);
    if (page)
        lb_map_set_string(arena, body, "PaginationToken", page);
    listing->call = call;
    struct lb_exchange *exchange = listing->engine->exchange;
    exchange->submit(exchange->self, NULL, arena, call, listed, listing);
}

struct lb_value *lb_release_regions(struct lb_arena *arena, const struct lb_stack *stack)
{
    struct lb_value *regions = lb_value_list(arena);
    const char *first = stack->regions[LB_SIDE_PRIMARY];
    lb_list_add_string(arena, regions, first);
    lb_list_add_string(arena, regions, stack->regions[LB_SIDE_SECONDARY]);
    for (size_t i = 0; lb_providers[i]; i++) {
        const char *home = lb_provider_home(lb_providers[i], first);
        if (home && !lb_list_has(regions, home))
            lb_list_add_string(arena, regions, home);
    }
    return regions;
}

struct lb_release *lb_release_ask(struct lb_engine *engine, struct lb_stack *const *stacks,
                                  size_t stack_count, struct lb_refresh *out)
{
    struct lb_arena *arena = engine->arena;
    struct lb_value *regions = lb_value_map(arena);
    struct lb_release *release = lb_arena_alloc(arena, sizeof *release);
    release->arena = arena;
    for (size_t i = 0; i < stack_count; i++) {
        const struct lb_value *of_stack = lb_release_regions(arena, stacks[i]);
        for (size_t k = 0; k < lb_value_count(of_stack); k++)
            lb_map_set_bool(arena, regions, lb_text(lb_list_item(of_stack, k), ""), true);
    }
    for (size_t i = 0; i < lb_value_count(regions); i++) {
        if (lb_region_assumed_down(stacks[0], lb_map_nth(regions, i)->key))
            continue;
        struct listing *listing = lb_arena_alloc(arena, sizeof *listing);
        *listing = (struct listing){.engine = engine,
                                    .stacks = stacks,
                                    .stack_count = stack_count,
                                    .out = out,
                                    .tags = lb_value_map(arena),
                                    .next = release->listings};
        release->listings = listing;
        listing->call = lb_call_new(arena, &get_resources, lb_map_nth(regions, i)->key);
        ask(listing, NULL);
    }
    return release;
}

void lb_release_tags(struct lb_release *release, const char *region, const char *arn,
                     lb_release_fn *told, void *payload)
{
    struct listing *listing = release ? release->listings : NULL;
    while (listing && !lb_streq(listing->call->region, region))
        listing = listing->next;
    if (!listing || listing->done) {
        told(payload, listing ? lb_map_get(listing->tags, arn) : NULL);
        return;
    }
    struct waiter *waiter = lb_arena_alloc(release->arena, sizeof *waiter);
    *waiter = (struct waiter){lb_arena_strdup(release->arena, arn), told, payload,
                              listing->waiters};
    listing->waiters = waiter;
}
