/* grant.c: from the actions of the schemas to policy documents.
 *
 * Collected as condition -> action -> resources, so that what is said twice is there once; actions
 * with the same resources then share a statement. Nothing is widened on the way: no wildcard in an
 * action, and one in a resource only where the schema says so.
 */
#include "planner/grant.h"

#include "planner/release.h"
#include "planner/survey.h"

#include "base/json.h"
#include "providers/permission.h"

#include <ctype.h>
#include <string.h>

struct grants {
    struct lb_arena *arena;
    const struct lb_stack *stack;
    enum lb_grant_for what_for;
    struct lb_value *conditions; /* its text -> the condition; "" for none */
    struct lb_value *actions;    /* the condition's text -> action -> ARN -> true */
};

/* The ARN names a region, and not the one that survives. */
static bool is_lost(const struct grants *g, const char *arn)
{
    const char *lost = g->stack->regions[lb_side_other(g->stack->active)];
    return g->what_for == LB_GRANT_FAILOVER &&
           strstr(arn, lb_arena_printf(g->arena, ":%s:", lost)) != NULL;
}

/* --- collecting
 * ----------------------------------------------------------------------------------- */

static void add(struct grants *g, const char *action, const struct lb_value *resources,
                struct lb_value *condition)
{
    const char *key = condition ? lb_json_text(g->arena, condition) : "";
    lb_map_set(g->arena, g->conditions, key, condition ? condition : lb_value_null(g->arena));
    struct lb_value *actions = lb_map_map(g->arena, g->actions, key);
    struct lb_value *on = lb_map_map(g->arena, actions, action);
    for (size_t i = 0; i < lb_value_count(resources); i++)
        if (!is_lost(g, lb_text(lb_list_item(resources, i), "")))
            lb_map_set_bool(g->arena, on, lb_text(lb_list_item(resources, i), ""), true);
}

/* {"StringEquals": {"key": "{place}"}} with its places filled in. NULL when one is empty. */
static struct lb_value *condition_of(struct grants *g, const struct lb_resource *resource,
                                     const struct lb_value *operators)
{
    struct lb_value *out = lb_value_map(g->arena);
    for (size_t i = 0; i < lb_value_count(operators); i++) {
        const struct lb_entry *op = lb_map_nth(operators, i);
        struct lb_value *keys = lb_map_map(g->arena, out, op->key);
        for (size_t k = 0; k < lb_value_count(op->value); k++) {
            const struct lb_entry *key = lb_map_nth(op->value, k);
            struct lb_value *values = lb_permission_fill(g->arena, g->stack, resource,
                                                         lb_text(key->value, ""));
            if (lb_value_count(values) == 0)
                return NULL;
            lb_list_sort(values);
            lb_map_set(g->arena, keys, key->key, values);
        }
    }
    return out;
}

static void add_action(struct grants *g, const struct lb_resource *resource, const char *action)
{
    const struct lb_value *where = lb_map_get(resource->kind->actions, action);
    const struct lb_value *condition = lb_map_get(where, "condition");
    if (!lb_permission_holds(resource, lb_text_at(where, "if", NULL)))
        return;
    const struct lb_value *on = lb_permission_on(g->arena, g->stack, resource, action);
    struct lb_value *filled = condition ? condition_of(g, resource, condition) : NULL;
    if (lb_value_count(on) > 0 && (filled || !condition))
        add(g, action, on, filled);
}

static void add_list(struct grants *g, const struct lb_resource *resource,
                     const struct lb_granule_schema *granule, const char *list)
{
    const struct lb_value *actions = lb_map_get(granule->iam, list);
    for (size_t i = 0; i < lb_value_count(actions); i++)
        add_action(g, resource, lb_text(lb_list_item(actions, i), ""));
}

/* What is only looked at (lb_resource_observe) is never written. */
static bool is_written(const struct lb_resource *resource, const struct lb_granule_schema *granule)
{
    if (granule->existence)
        return true;
    for (size_t i = 0; i < lb_value_count(resource->desired); i++) {
        const char *key = lb_map_nth(resource->desired, i)->key;
        const struct lb_schema *property = lb_schema_property(resource->kind->schema, key);
        if (property && lb_streq(property->granule, granule->name))
            return true;
    }
    return false;
}

static void add_resource(struct grants *g, const struct lb_resource *resource)
{
    bool global = resource->kind->sides == LB_SIDES_GLOBAL;
    bool writes = resource->managed && g->what_for != LB_GRANT_PLAN;
    if (g->what_for == LB_GRANT_FAILOVER) {
        if (!global && !lb_streq(resource->region, g->stack->regions[g->stack->active]))
            return;
        writes = writes && !global;
    }
    for (size_t i = 0; i < resource->kind->granule_count; i++) {
        const struct lb_granule_schema *granule = &resource->kind->granules[i];
        if (!lb_resource_has_granule(resource, granule))
            continue;
        add_list(g, resource, granule, "read");
        if (writes && is_written(resource, granule)) {
            add_list(g, resource, granule, "forecast");
            add_list(g, resource, granule, "write");
        }
    }
}

/* Kinds that look for what left the spec do it for every stack (wave.c). */
static void add_surveys(struct grants *g)
{
    size_t provider = 0, object = 0;
    const struct lb_resource *place;
    while ((place = lb_survey_next(g->arena, g->stack, &provider, &object)))
        for (size_t i = 0; i < place->kind->granule_count; i++)
            add_list(g, place, &place->kind->granules[i], "survey");
}

/* The list of what carries this stack's mark (release.c), which belongs to no kind. */
static void add_stack(struct grants *g)
{
    const struct lb_stack *stack = g->stack;
    struct lb_value *on = lb_value_list(g->arena), *regions = lb_value_list(g->arena);
    lb_list_add_string(g->arena, on, "*");
    if (g->what_for == LB_GRANT_FAILOVER)
        lb_list_add_string(g->arena, regions, stack->regions[stack->active]);
    else
        regions = lb_release_regions(g->arena, stack);
    lb_list_sort(regions);
    struct lb_value *condition = lb_value_map(g->arena);
    lb_map_set(g->arena, lb_map_map(g->arena, condition, "StringEquals"), "aws:RequestedRegion",
               regions);
    add(g, "tag:GetResources", on, condition);
}

/* --- statements
 * ----------------------------------------------------------------------------------- */

/* Does another of these ARNs, one that ends in its only *, cover this one? */
static bool is_covered(const struct lb_value *arns, const char *arn)
{
    for (size_t i = 0; i < lb_value_count(arns); i++) {
        const char *other = lb_map_nth(arns, i)->key, *star = strchr(other, '*');
        if (star && !star[1] && !strchr(other, '$') && !lb_streq(other, arn) &&
            strncmp(other, arn, (size_t)(star - other)) == 0)
            return true;
    }
    return false;
}

static struct lb_value *sorted_resources(struct lb_arena *arena, const struct lb_value *arns)
{
    struct lb_value *out = lb_value_list(arena);
    for (size_t i = 0; i < lb_value_count(arns); i++)
        if (!is_covered(arns, lb_map_nth(arns, i)->key))
            lb_list_add_string(arena, out, lb_map_nth(arns, i)->key);
    lb_list_sort(out);
    return out;
}

static struct lb_value *new_statement(struct lb_arena *arena, const struct lb_value *condition)
{
    struct lb_value *statement = lb_value_map(arena);
    lb_map_list(arena, statement, "Action");
    if (lb_is(condition, LB_MAP))
        lb_map_set(arena, statement, "Condition", lb_value_copy(arena, condition));
    lb_map_set_string(arena, statement, "Effect", "Allow");
    return statement;
}

/* Actions of one condition, those with the same resources together. */
static void add_statements(struct grants *g, const char *key, struct lb_value *statements)
{
    struct lb_value *by_resources = lb_value_map(g->arena);
    const struct lb_value *actions = lb_map_get(g->actions, key);
    for (size_t i = 0; i < lb_value_count(actions); i++) {
        const struct lb_entry *action = lb_map_nth(actions, i);
        struct lb_value *on = sorted_resources(g->arena, action->value);
        const char *text = lb_json_text(g->arena, on);
        struct lb_value *statement = lb_map_get(by_resources, text);
        if (!statement) {
            statement = lb_map_set(g->arena, by_resources, text,
                                   new_statement(g->arena, lb_map_get(g->conditions, key)));
            lb_map_set(g->arena, statement, "Resource", on);
            lb_list_add(g->arena, statements, statement);
        }
        lb_list_add_string(g->arena, lb_map_get(statement, "Action"), action->key);
    }
    for (size_t i = 0; i < lb_value_count(by_resources); i++)
        lb_list_sort(lb_map_get(lb_map_nth(by_resources, i)->value, "Action"));
}

/* --- documents
 * ------------------------------------------------------------------------------------ */

static struct lb_value *new_document(struct lb_arena *arena, struct lb_value *statements)
{
    struct lb_value *document = lb_value_map(arena);
    lb_map_set(arena, document, "Statement", statements);
    lb_map_set_string(arena, document, "Version", "2012-10-17");
    return document;
}

size_t lb_grant_size(const struct lb_value *document)
{
    struct lb_str text = {0};
    size_t count = 0;
    lb_json_canonical(&text, document);
    for (const char *at = lb_str_text(&text); *at; at++)
        count += !isspace((unsigned char)*at);
    lb_str_release(&text);
    return count;
}

/* The statement in pieces that fit: half of its resources each, and again. */
static void split_statement(struct lb_arena *arena, struct lb_value *statement,
                            struct lb_value *out)
{
    const struct lb_value *resources = lb_map_get(statement, "Resource");
    size_t count = lb_value_count(resources);
    if (count < 2 || lb_grant_size(statement) < LB_GRANT_MANAGED_MAX / 2) {
        lb_list_add(arena, out, statement);
        return;
    }
    for (size_t half = 0; half < 2; half++) {
        struct lb_value *part = lb_value_copy(arena, statement);
        struct lb_value *own = lb_map_set(arena, part, "Resource", lb_value_list(arena));
        for (size_t i = half ? count / 2 : 0; i < (half ? count : count / 2); i++)
            lb_list_add_string(arena, own, lb_text(lb_list_item(resources, i), ""));
        split_statement(arena, part, out);
    }
}

static struct lb_value *split(struct lb_arena *arena, const struct lb_value *statements)
{
    struct lb_value *documents = lb_value_list(arena), *pieces = lb_value_list(arena);
    struct lb_value *current = NULL;
    for (size_t i = 0; i < lb_value_count(statements); i++)
        split_statement(arena, lb_list_item(statements, i), pieces);
    size_t size = 0, frame = lb_grant_size(new_document(arena, lb_value_list(arena)));
    for (size_t i = 0; i < lb_value_count(pieces); i++) {
        size_t more = lb_grant_size(lb_list_item(pieces, i)) + 1;
        if (!current || size + more > LB_GRANT_MANAGED_MAX) {
            current = lb_value_list(arena);
            lb_list_add(arena, documents, new_document(arena, current));
            size = frame;
        }
        lb_list_add(arena, current, lb_list_item(pieces, i));
        size += more;
    }
    return documents;
}

struct lb_value *lb_grant_documents(struct lb_arena *arena, const struct lb_stack *stack,
                                    enum lb_grant_for what_for)
{
    struct grants g = {.arena = arena,
                       .stack = stack,
                       .what_for = what_for,
                       .conditions = lb_value_map(arena),
                       .actions = lb_value_map(arena)};
    for (size_t i = 0; i < stack->resource_count; i++)
        add_resource(&g, stack->resources[i]);
    add_surveys(&g);
    add_stack(&g);
    struct lb_value *statements = lb_value_list(arena);
    for (size_t i = 0; i < lb_value_count(g.conditions); i++)
        add_statements(&g, lb_map_nth(g.conditions, i)->key, statements);
    lb_list_sort(statements);
    struct lb_value *whole = new_document(arena, statements);
    if (lb_grant_size(whole) > LB_GRANT_INLINE_MAX)
        return split(arena, statements);
    struct lb_value *documents = lb_value_list(arena);
    lb_list_add(arena, documents, whole);
    return documents;
}

const char *lb_grant_why(const char *resource)
{
    if (lb_streq(resource, "*"))
        return "the action knows no resources";
    if (lb_ends_with(resource, ":::hostedzone/*") || lb_ends_with(resource, ":::healthcheck/*"))
        return "the service chooses the id";
    return lb_ends_with(resource, "*") && !lb_ends_with(resource, "${*}")
               ? "what left the spec is looked for"
               : NULL;
}
