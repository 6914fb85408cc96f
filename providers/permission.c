/* permission.c: where an action is allowed for one object: the places in braces of x-lb-actions,
 * filled in from the spec alone. What a policy says and what a refusal tells to add are the same
 * words.
 */
#include "providers/permission.h"

#include "base/json.h"

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

struct lb_value *lb_permission_fill(struct lb_arena *arena, const struct lb_stack *stack,
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
    const struct lb_value *rest = lb_permission_fill(arena, stack, resource, close + 1);
    for (size_t i = 0; i < lb_value_count(values); i++)
        for (size_t k = 0; k < lb_value_count(rest); k++)
            lb_list_add(arena, out,
                        lb_value_format(arena, "%.*s%s%s", (int)(open - pattern), pattern,
                                        lb_text(lb_list_item(values, i), ""),
                                        lb_text(lb_list_item(rest, k), "")));
    return out;
}

bool lb_permission_holds(const struct lb_resource *resource, const char *condition)
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

struct lb_value *lb_permission_on(struct lb_arena *arena, const struct lb_stack *stack,
                                  const struct lb_resource *resource, const char *action)
{
    const struct lb_value *where = lb_map_get(resource->kind->actions, action);
    const struct lb_value *on = lb_map_get(where, "on");
    if (!lb_is(on, LB_LIST))
        return lb_permission_fill(arena, stack, resource, lb_text(on, "{arn}"));
    struct lb_value *out = lb_value_list(arena);
    for (size_t i = 0; i < lb_value_count(on); i++) {
        const struct lb_value *filled = lb_permission_fill(arena, stack, resource,
                                                           lb_text(lb_list_item(on, i), ""));
        for (size_t k = 0; k < lb_value_count(filled); k++)
            lb_list_add_string(arena, out, lb_text(lb_list_item(filled, k), ""));
    }
    return out;
}

void lb_permission_explain(struct lb_arena *arena, const struct lb_stack *stack,
                           const struct lb_resource *resource, const struct lb_call *call,
                           struct lb_diag *diag)
{
    /* A cluster's refusals have next steps of their own (cluster_refusal.c). */
    if (!lb_streq(diag->code, "LB-A010") || !call->op->service->prefix)
        return;
    const char *action = lb_op_permission(arena, call->op);
    struct lb_value *on = lb_permission_on(arena, stack, resource, action);
    struct lb_value *line = lb_value_map(arena);
    if (lb_value_count(on) == 0)
        return;
    lb_map_set_string(arena, line, "Effect", "Allow");
    lb_map_set_string(arena, line, "Action", action);
    lb_map_set(arena, line, "Resource", lb_value_count(on) == 1 ? lb_list_item(on, 0) : on);
    diag->remedy = lb_arena_printf(
        arena, "allow the caller %s: add %s to its policy (`lifeboat policy` prints all of it)",
        action, lb_json_text(arena, line));
}
