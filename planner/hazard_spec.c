/* hazard_spec.c: whose objects these are, and keys that do not belong into a spec. */
#include "planner/hazard_checks.h"

#include <string.h>

/* --- ownership
 * ----------------------------------------------------------------------------------------- */

static bool is_there(const struct lb_resource *resource)
{
    return resource->live.status == LB_LIVE_PRESENT || resource->live.status == LB_LIVE_IN_FLUX;
}

void lb_hazard_check_foreign_owner(struct lb_hazard_context *context)
{
    for (size_t i = 0; i < context->stack->resource_count; i++) {
        const struct lb_resource *resource = context->stack->resources[i];
        const char *owner = resource->live.owner;
        if (resource->managed && is_there(resource) && owner &&
            !lb_streq(owner, context->stack->name))
            lb_hazard_report(context, resource, NULL, "its tag %s is \"%s\"", LB_TAG_STACK, owner);
    }
}

void lb_hazard_check_adoption(struct lb_hazard_context *context)
{
    for (size_t i = 0; i < context->stack->resource_count; i++) {
        const struct lb_resource *resource = context->stack->resources[i];
        const struct lb_value *tags = lb_map_get(resource->desired, "tags");
        if (resource->managed && is_there(resource) && !resource->live.owner &&
            lb_map_get(tags, LB_TAG_STACK))
            lb_hazard_report(context, resource, NULL, "it has no tag %s", LB_TAG_STACK);
    }
}

/* --- static keys
 * ---------------------------------------------------------------------------------------- */

enum { KEY_ID_LENGTH = 20, SECRET_LENGTH = 40, MOST_FINDINGS = 10 };

static bool is_key_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '+';
}

static bool is_upper_or_digit(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!((text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= '0' && text[i] <= '9')))
            return false;
    return true;
}

/* Long-lived and temporary access key ids.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html */
static bool is_key_id(const char *run, size_t length)
{
    return length == KEY_ID_LENGTH &&
           (memcmp(run, "AKIA", 4) == 0 || memcmp(run, "ASIA", 4) == 0) &&
           is_upper_or_digit(run, length);
}

/* 40 base64 characters of all three sorts: a git hash or a path has not all of them. */
static bool is_secret(const char *run, size_t length)
{
    bool upper = false, lower = false, digit = false;
    for (size_t i = 0; i < length; i++) {
        upper |= run[i] >= 'A' && run[i] <= 'Z';
        lower |= run[i] >= 'a' && run[i] <= 'z';
        digit |= run[i] >= '0' && run[i] <= '9';
    }
    return length == SECRET_LENGTH && upper && lower && digit;
}

static struct lb_mark mark_at(const struct lb_source *source, const char *at, size_t length)
{
    struct lb_mark mark = {.source = source, .line = 1, .column = 1};
    for (const char *p = source->text; p < at; p++) {
        bool continues = ((unsigned char)*p & 0xc0) == 0x80;
        mark.column = *p == '\n' ? 1 : mark.column + !continues;
        mark.line += *p == '\n';
    }
    mark.end_line = mark.line;
    mark.end_column = mark.column + (uint32_t)length;
    return mark;
}

/* The finding says where, never what; its source line is not shown either. */
static void report_key(struct lb_hazard_context *context, const char *at, size_t length)
{
    struct lb_mark mark = mark_at(context->stack->source, at, length);
    lb_hazard_report(context, NULL, &mark, "it looks like %s",
                     length == KEY_ID_LENGTH ? "an access key id" : "a secret access key");
    context->findings->items[context->findings->count - 1].secret = true;
}

void lb_hazard_check_static_keys(struct lb_hazard_context *context)
{
    const struct lb_source *source = context->stack->source;
    size_t found = 0;
    for (size_t i = 0; source && i < source->length && found < MOST_FINDINGS;) {
        const char *run = source->text + i;
        size_t length = 0;
        while (i + length < source->length && is_key_byte(run[length]))
            length++;
        if (is_key_id(run, length) || is_secret(run, length)) {
            report_key(context, run, length);
            found++;
        }
        i += length ? length : 1;
    }
}
