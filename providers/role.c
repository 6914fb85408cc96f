/* role.c: the kind `role`: IAM roles of the stack.
 *
 * What a role may do follows from the repositories, buckets and domains of the spec
 * (role_purpose.c); everything derived can be stated instead. IAM is global, and its control plane
 * lives in one region: roles are made ready before a disaster and never written during one.
 */
#include "providers/role.h"

#include "base/time.h"
#include "base/utf8.h"
#include "providers/iam.h"
#include "providers/names.h"

#include <string.h>

#define NAME_MAX_LENGTH 64
#define SESSION_MIN 3600
#define SESSION_MAX 43200

/* IAM counts characters of the name alone, without the path. */
static int check_name(struct lb_stack *stack, const struct lb_resource *role)
{
    const char *name = lb_role_name(stack, role->name);
    if (strlen(name) <= NAME_MAX_LENGTH) {
        return 0;
    }
    return lb_diags_error(stack->diags, "LB-S062", &role->mark, "\"%s\" has %zu characters", name,
                          strlen(name));
}

static int check_session(struct lb_stack *stack, const struct lb_resource *role)
{
    const struct lb_value *value = lb_map_get(role->stated, "max_session");
    int64_t seconds = SESSION_MIN;
    if (value && (lb_duration_parse(lb_text(value, ""), &seconds) || seconds < SESSION_MIN ||
                  seconds > SESSION_MAX)) {
        return lb_diags_error(stack->diags, "LB-S063", value->mark, "max_session is \"%s\"",
                              lb_text(value, ""));
    }
    return 0;
}

/* Descriptions and documents: IAM's own patterns end at U+00FF (roleDescriptionType and
 * policyDocumentType of its API). */
static int check_text(struct lb_stack *stack, const char *text, const struct lb_mark *mark)
{
    uint32_t character = 0;
    for (size_t length = strlen(text), step; length > 0; text += step, length -= step) {
        step = lb_utf8_read(text, length, &character);
        if (step == 0 || character > 0xff) {
            return lb_diags_error(stack->diags, "LB-S074", mark, "U+%04X is in the text",
                                  (unsigned)character);
        }
    }
    return 0;
}

static int check_texts(struct lb_stack *stack, const struct lb_value *value)
{
    int result = lb_is(value, LB_STRING) ? check_text(stack, lb_text(value, ""), value->mark) : 0;
    if (lb_is(value, LB_MAP) || lb_is(value, LB_LIST)) {
        bool map = lb_is(value, LB_MAP);
        for (size_t i = 0; i < lb_value_count(value) && result == 0; i++) {
            result = check_texts(stack, map ? lb_map_nth(value, i)->value : lb_list_item(value, i));
        }
    }
    return result;
}

static int check_letters(struct lb_stack *stack, const struct lb_resource *role)
{
    static const char *const arguments[] = {"description", "trust", "policies"};
    int result = 0;
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
        result |= check_texts(stack, lb_map_get(role->stated, arguments[i]));
    }
    return result;
}

static int derive_trust(struct lb_stack *stack, struct lb_resource *role,
                        const struct lb_purpose *purpose, const struct lb_role_uses *kept)
{
    if (lb_map_get(role->stated, "trust")) {
        return 0;
    }
    if (!purpose) {
        return lb_diags_error(stack->diags, "LB-S064", &role->mark,
                              "role \"%s\" has neither `purpose` nor `trust`", role->name);
    }
    struct lb_value *trust = purpose->trust(stack, role, kept);
    if (!trust) {
        return -1;
    }
    lb_desire(stack, role, "trust", trust, purpose->why);
    return 0;
}

static void derive_policies(struct lb_stack *stack, struct lb_resource *role,
                            const struct lb_purpose *purpose, const struct lb_role_uses *kept)
{
    struct lb_value *policies = lb_desire(stack, role, "policies", lb_value_map(stack->arena),
                                          "default");
    struct lb_value *policy = purpose ? purpose->policy(stack, role, kept) : NULL;
    if (policy && lb_value_count(lb_map_get(policy, "Statement")) > 0 &&
        !lb_map_get(policies, LB_ROLE_POLICY)) {
        policy->why = purpose->why;
        lb_map_set(stack->arena, policies, LB_ROLE_POLICY, policy);
    }
}

/* Someone else's role: nothing is wanted of it, but hazards look at what it allows. */
static int derive_unmanaged(struct lb_stack *stack, struct lb_resource *role)
{
    lb_resource_observe(stack, role, "trust");
    lb_resource_observe(stack, role, "policies");
    lb_resource_observe(stack, role, "attached");
    return 0;
}

static int role_derive(struct lb_stack *stack, struct lb_resource *role)
{
    const struct lb_purpose *purpose = lb_purpose_find(lb_text_at(role->stated, "purpose", NULL));
    lb_desire_stated(stack, role);
    int status = check_name(stack, role) | check_session(stack, role) | check_letters(stack, role);
    if (!role->managed) {
        return status ? -1 : derive_unmanaged(stack, role);
    }
    status |= derive_trust(stack, role, purpose, NULL);
    derive_policies(stack, role, purpose, NULL);
    if (purpose) {
        lb_desire(stack, role, "description",
                  lb_value_format(stack->arena, "lifeboat stack %s: %s", stack->name,
                                  purpose->description),
                  "derived from the purpose");
    }
    lb_desire_tags(stack, role);
    return status ? -1 : 0;
}

/* Derived once more, with what the live role allows and things that left the spec still use. */
static void role_retain(struct lb_stack *stack, struct lb_resource *role)
{
    const struct lb_purpose *purpose = lb_purpose_find(lb_text_at(role->stated, "purpose", NULL));
    struct lb_role_uses kept;
    if (purpose && purpose->uses && lb_role_find_kept(stack, role, purpose, &kept)) {
        derive_trust(stack, role, purpose, &kept);
        derive_policies(stack, role, purpose, &kept);
    }
}

static const struct lb_granule granules[] = {
    {.name = "role", .read = lb_role_read, .write = lb_role_write},
    {.name = "settings", .write = lb_role_write_settings, .in_create = true},
    {.name = "trust", .write = lb_role_write_trust, .in_create = true},
    {.name = "boundary", .write = lb_role_write_boundary, .in_create = true},
    {.name = "tags", .write = lb_role_write_tags, .in_create = true},
    {.name = "policies", .read = lb_role_read_policies, .write = lb_role_write_policies},
    {.name = "attached", .read = lb_role_read_attached, .write = lb_role_write_attached},
    {.name = NULL},
};

static const char *arn(const struct lb_stack *stack, const struct lb_resource *role)
{
    return lb_role_arn(stack, role->name);
}

const struct lb_provider lb_provider_role = {
    .kind = "role",
    .arn = arn,
    .granules = granules,
    .global = &lb_iam_service,
    .derive = role_derive,
    .retain = role_retain,
    .survey = lb_role_survey,
};
