/* iam.c: the IAM service's frame: one table of operations, the query protocol, paging, and what
 * other services ask about roles. IAM is global: it signs with us-east-1 and goes down by its own
 * name.
 */
#include "sandbox/iam.h"
#include "sandbox/services.h"

#include "base/time.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#define XMLNS "https://iam.amazonaws.com/doc/2010-05-08/"
#define PAGE_DEFAULT 100
#define TAGS_MAX 50

static const struct iam_operation *find_operation(const char *name)
{
    const struct iam_operation *const tables[] = {iam_role_operations, iam_policy_operations,
                                                  iam_list_operations};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        for (const struct iam_operation *operation = tables[t]; operation->name; operation++) {
            if (lb_streq(operation->name, name)) {
                return operation;
            }
        }
    }
    return NULL;
}

struct lb_value *iam_roles(struct sandbox *sandbox)
{
    return lb_map_map(sandbox->arena, sb_state(sandbox, "iam"), "roles");
}

void iam_fail(struct iam_call *call, int status, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *message = lb_arena_vprintf(call->arena, format, args);
    va_end(args);
    sb_error_query(call->request, call->response, status, code, message);
}

const char *iam_text(const struct iam_call *call, const char *name)
{
    return lb_text(lb_map_get(call->form, name), "");
}

void iam_changed(struct iam_call *call)
{
    lb_map_set_int(call->sandbox->arena, call->role, "changed", sb_now(call->sandbox));
}

const char *iam_encode(struct lb_arena *arena, const char *document)
{
    struct lb_str text = {0};
    lb_str_percent_encode(&text, document, strlen(document), false);
    return lb_str_take(&text, arena);
}

void iam_page(struct iam_call *call, const char *key, const struct lb_value *items)
{
    struct lb_arena *arena = call->arena;
    struct lb_value *list = lb_value_map(arena), *members = lb_value_list(arena);
    size_t count = lb_value_count(items);
    int64_t most = lb_int_at(call->form, "MaxItems", PAGE_DEFAULT);
    int64_t from = lb_int_at(call->form, "Marker", 0);
    if (most < 1 || most > 1000 || from < 0) {
        iam_fail(call, 400, "ValidationError", "MaxItems must be between 1 and 1000");
        return;
    }
    size_t end = (size_t)from + (size_t)most < count ? (size_t)from + (size_t)most : count;
    for (size_t i = (size_t)from; i < end; i++) {
        lb_list_add(arena, members, lb_list_item(items, i));
    }
    call->result = call->result ? call->result : lb_value_map(arena);
    lb_map_set(arena, list, "member", members);
    lb_map_set(arena, call->result, key, list);
    lb_map_set_bool(arena, call->result, "IsTruncated", end < count);
    if (end < count) {
        lb_map_set(arena, call->result, "Marker", lb_value_format(arena, "%zu", end));
    }
}

static struct lb_value *find_tag(struct lb_value *tags, const char *key)
{
    for (size_t i = 0; i < lb_value_count(tags); i++) {
        if (strcasecmp(lb_text_at(lb_list_item(tags, i), "Key", ""), key) == 0) {
            return lb_list_item(tags, i);
        }
    }
    return NULL;
}

static const char *tag_fault(struct lb_value *given)
{
    for (size_t i = 0; i < lb_value_count(given); i++) {
        struct lb_value *tag = lb_list_item(given, i);
        const char *key = lb_text_at(tag, "Key", "");
        if (!*key || strlen(key) > 128 || strlen(lb_text_at(tag, "Value", "")) > 256) {
            return "A tag needs a Key of 1 to 128 and a Value of up to 256 characters.";
        }
        if (strncasecmp(key, "aws:", 4) == 0) {
            return "Tag keys that begin with aws: are reserved.";
        }
        if (find_tag(given, key) != tag) {
            return "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        }
    }
    return NULL;
}

bool iam_put_tags(struct iam_call *call, struct lb_value *role)
{
    struct lb_arena *keep = call->sandbox->arena;
    struct lb_value *given = lb_map_get(call->form, "Tags");
    struct lb_value *tags = lb_map_list(keep, role, "Tags");
    const char *fault = tag_fault(given);
    size_t fresh = 0;
    for (size_t i = 0; i < lb_value_count(given); i++) {
        fresh += !find_tag(tags, lb_text_at(lb_list_item(given, i), "Key", ""));
    }
    if (fault || lb_value_count(tags) + fresh > TAGS_MAX) {
        iam_fail(call, fault ? 400 : 409, fault ? "InvalidInput" : "LimitExceeded", "%s",
                 fault ? fault : "The number of tags has reached the maximum limit.");
        return false;
    }
    for (size_t i = 0; i < lb_value_count(given); i++) {
        const char *key = lb_text_at(lb_list_item(given, i), "Key", "");
        struct lb_value *tag = find_tag(tags, key);
        if (!tag) {
            tag = lb_list_add(keep, tags, lb_value_map(keep));
            tag = lb_list_item(tags, lb_value_count(tags) - 1);
        }
        lb_map_set_string(keep, tag, "Key", key);
        lb_map_set_string(keep, tag, "Value", lb_text_at(lb_list_item(given, i), "Value", ""));
    }
    return true;
}

struct lb_value *sb_role_find(struct sandbox *sandbox, const char *arn_or_name)
{
    const char *slash = arn_or_name ? strrchr(arn_or_name, '/') : NULL;
    struct lb_value *role = lb_map_get(iam_roles(sandbox), slash         ? slash + 1
                                                           : arn_or_name ? arn_or_name
                                                                         : "");
    return slash && !lb_streq(lb_text_at(role, "Arn", ""), arn_or_name) ? NULL : role;
}

bool sb_role_visible(struct sandbox *sandbox, const char *arn_or_name)
{
    const struct lb_value *role = sb_role_find(sandbox, arn_or_name);
    int64_t delay = sb_setting(sandbox, "iam_propagation_s", 0);
    return role && lb_int_at(role, "changed", 0) + delay <= sb_now(sandbox);
}

static int route(struct sandbox *sandbox, struct sb_request *request)
{
    (void)sandbox;
    const struct lb_value *form = sb_form(request);
    request->operation = lb_text_at(form, "Action", "");
    request->resource = lb_text_at(form, "RoleName", lb_text_at(form, "AWSServiceName", ""));
    const struct iam_operation *operation = find_operation(request->operation);
    request->mutating = operation && operation->mutating;
    const char *policy = lb_text_at(form, "PolicyArn",
                                    lb_text_at(form, "PermissionsBoundary", NULL));
    if (policy) {
        request->names = lb_value_list(request->arena);
        lb_list_add_string(request->arena, request->names, policy);
    }
    return operation ? 0 : -1;
}

static void handle(struct sandbox *sandbox, struct sb_request *request,
                   struct sb_response *response)
{
    const struct iam_operation *operation = find_operation(request->operation);
    struct iam_call call = {.sandbox = sandbox,
                            .request = request,
                            .response = response,
                            .arena = request->arena,
                            .form = sb_form(request)};
    if (operation->on_role) {
        call.role = lb_map_get(iam_roles(sandbox), iam_text(&call, "RoleName"));
        if (!call.role) {
            iam_fail(&call, 404, "NoSuchEntity", "The role with name %s cannot be found.",
                     iam_text(&call, "RoleName"));
            return;
        }
    }
    operation->run(&call);
    if (response->status == 200) {
        sb_reply_query(request, response, XMLNS, call.result);
    }
}

const struct sb_service sb_service_iam = {
    .name = "iam",
    .signing = "iam",
    .route = route,
    .handle = handle,
    .error = sb_error_query,
    .global = true,
};
