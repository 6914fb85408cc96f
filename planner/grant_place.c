/* grant_place.c: the places in braces of x-lb-actions, filled in from one object of the spec. */
#include "planner/grant.h"

#include "providers/route53.h"

#include <ctype.h>
#include <string.h>

#define DNS "dns:"

/* Attributes as they shall be, then as stated: inputs are there alone. */
static const struct lb_value *attribute(const struct lb_resource *resource, const char *path)
{
    const struct lb_value *value = lb_value_at(resource->desired, path);
    return value ? value : lb_value_at(resource->stated, path);
}

/* Route 53 compares lower-case names without the last dot; other bytes than letters, digits and
 * "-_." are \ooo. (Route 53 developer guide, "Using IAM policy conditions for fine-grained access
 * control".) */
static const char *dns_form(struct lb_arena *arena, const char *name)
{
    struct lb_str out = {0};
    for (const char *at = lb_dns_normal(arena, name); *at; at++) {
        if (isalnum((unsigned char)*at) || strchr("-_.", *at))
            lb_str_putc(&out, *at);
        else
            lb_str_printf(&out, "\\%03o", (unsigned)(unsigned char)*at);
    }
    return lb_str_take(&out, arena);
}

static const char *builtin(const struct lb_stack *stack, const struct lb_resource *resource,
                           const char *name, bool *known)
{
    const struct {
        const char *name, *value;
    } places[] = {{"partition", stack->partition},
                  {"account", stack->account},
                  {"region", resource->region},
                  {"stack", stack->name},
                  {"key", resource->name}};
    *known = true;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (lb_streq(places[i].name, name))
            return places[i].value;
    if (lb_streq(name, "arn"))
        return resource->provider->arn && *resource->name ? resource->provider->arn(stack, resource)
                                                          : NULL;
    *known = false;
    return NULL;
}

static void add_arns_after(struct lb_arena *arena, const struct lb_stack *stack,
                           const struct lb_resource *resource, struct lb_value *out)
{
    for (size_t i = 0; i < resource->reads_after_count; i++) {
        const struct lb_resource *other = resource->reads_after[i];
        const char *arn = other->provider->arn ? other->provider->arn(stack, other) : NULL;
        if (arn)
            lb_list_add_string(arena, out, arn);
    }
}

static struct lb_value *values_of(struct lb_arena *arena, const struct lb_stack *stack,
                                  const struct lb_resource *resource, const char *name)
{
    struct lb_value *out = lb_value_list(arena);
    bool known, dns = lb_starts_with(name, DNS);
    name += dns ? strlen(DNS) : 0;
    const char *text = builtin(stack, resource, name, &known);
    const struct lb_value *value = known ? NULL : attribute(resource, name);
    if (lb_is(value, LB_STRING))
        text = lb_text(value, NULL);
    if (text)
        lb_list_add_string(arena, out, dns ? dns_form(arena, text) : text);
    if (lb_streq(name, "after"))
        add_arns_after(arena, stack, resource, out);
    for (size_t i = 0; lb_is(value, LB_LIST) && i < lb_value_count(value); i++)
        if (lb_is(lb_list_item(value, i), LB_STRING))
            lb_list_add_string(arena, out, lb_text(lb_list_item(value, i), ""));
    return out;
}

struct lb_value *lb_grant_fill(struct lb_arena *arena, const struct lb_stack *stack,
                               const struct lb_resource *resource, const char *pattern)
{
    struct lb_value *out = lb_value_list(arena);
    const char *open = strchr(pattern, '{'), *close = open ? strchr(open, '}') : NULL;
    if (!close) {
        lb_list_add_string(arena, out, pattern);
        return out;
    }
    const char *name = lb_arena_strndup(arena, open + 1, (size_t)(close - open - 1));
    const struct lb_value *values = values_of(arena, stack, resource, name);
    const struct lb_value *rest = lb_grant_fill(arena, stack, resource, close + 1);
    for (size_t i = 0; i < lb_value_count(values); i++)
        for (size_t k = 0; k < lb_value_count(rest); k++)
            lb_list_add(arena, out,
                        lb_value_format(arena, "%.*s%s%s", (int)(open - pattern), pattern,
                                        lb_text(lb_list_item(values, i), ""),
                                        lb_text(lb_list_item(rest, k), "")));
    return out;
}

bool lb_grant_holds(const struct lb_resource *resource, const char *condition)
{
    if (!condition)
        return true;
    char path[64];
    size_t length = strcspn(condition, "!=");
    if (length >= sizeof path)
        LB_BUG("x-lb-actions: \"%s\" is too long", condition);
    memcpy(path, condition, length);
    path[length] = '\0';
    const struct lb_value *value = attribute(resource, path);
    const char *rest = condition + length;
    if (*rest == '\0')
        return value != NULL;
    bool same = lb_streq(lb_text(value, ""), rest + (*rest == '!' ? 2 : 1));
    return *rest == '!' ? value && !same : same;
}
