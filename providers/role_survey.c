/* role_survey.c: roles that left the spec. The list of tagged objects does not cover IAM, so roles
 * are looked for by the name that lifeboat derives, STACK-KEY, and each that no spec declares is
 * asked for its tags: only one that carries this stack's mark is ours.
 * https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html
 */
#include "providers/role.h"

#include "providers/iam.h"
#include "providers/names.h"
#include "providers/tags.h"

#include "base/xml.h"

#define PAGE_ITEMS "1000"

static const struct lb_op list_roles = {
    .service = &lb_iam_service, .name = "ListRoles", .method = "POST", .path = "/", .brief = true};
static const struct lb_op get_role = {
    .service = &lb_iam_service, .name = "GetRole", .method = "POST", .path = "/"};

static lb_decode_fn decode_roles, decode_role;

static bool declared(const struct lb_stack *stack, const char *name)
{
    size_t i = 0;
    for (struct lb_resource *role; (role = lb_stack_next(stack, "role", &i));)
        if (lb_streq(lb_role_name(stack, role->name), name))
            return true;
    return false;
}

void lb_role_ask(struct lb_read *read, const char *name, lb_decode_fn *decode)
{
    struct lb_call *call = lb_read_call(read, &get_role);
    lb_map_set_string(read->arena, lb_call_body(read->arena, call), "RoleName", name);
    read->ask(read, call, decode);
}

const struct lb_value *lb_role_answer(struct lb_read *read, const struct lb_answer *answer,
                                      struct lb_value **tags)
{
    const struct lb_value *role = lb_value_at(answer->body, "GetRoleResponse/GetRoleResult/Role");
    *tags = lb_tags_to_map(read->arena, lb_value_at(role, "Tags/member"));
    return role;
}

static void ask_page(struct lb_read *read, const char *marker)
{
    struct lb_call *call = lb_read_call(read, &list_roles);
    struct lb_value *body = lb_call_body(read->arena, call);
    lb_map_set_string(read->arena, body, "MaxItems", PAGE_ITEMS);
    lb_map_set_string(read->arena, body, "Marker", marker);
    read->ask(read, call, decode_roles);
}

static void decode_roles(struct lb_read *read, const struct lb_call *call,
                         const struct lb_answer *answer)
{
    const char *prefix = lb_arena_printf(read->arena, "%s-", read->stack->name);
    if (answer->outcome != LB_ANSWERED) {
        lb_read_cannot_look(read, call, answer);
        return;
    }
    const struct lb_value *result = lb_value_at(answer->body, "ListRolesResponse/ListRolesResult");
    const struct lb_value *roles = lb_value_at(result, "Roles/member");
    for (size_t i = 0; i < lb_xml_count(roles); i++) {
        const char *name = lb_text_at(lb_xml_item(roles, i), "RoleName", "");
        if (!lb_starts_with(name, prefix) || declared(read->stack, name))
            continue;
        lb_role_ask(read, name, decode_role);
    }
    if (lb_bool_at(result, "IsTruncated", false))
        ask_page(read, lb_text_at(result, "Marker", NULL));
}

static void decode_role(struct lb_read *read, const struct lb_call *call,
                        const struct lb_answer *answer)
{
    if (answer->outcome == LB_NOT_FOUND)
        return;
    if (answer->outcome != LB_ANSWERED) {
        lb_read_cannot_look(read, call, answer);
        return;
    }
    struct lb_value *tags;
    const struct lb_value *role = lb_role_answer(read, answer, &tags);
    const char *address = lb_text(lb_map_get(tags, LB_TAG_ADDRESS), NULL);
    if (address && lb_streq(lb_text(lb_map_get(tags, LB_TAG_STACK), ""), read->stack->name) &&
        !lb_stack_find_address(read->stack, address))
        read->stray(read, address,
                    lb_arena_printf(read->arena, "%s left the spec; it is kept",
                                    lb_text_at(role, "Arn", "")));
}

int lb_role_survey(struct lb_read *read)
{
    ask_page(read, NULL);
    return 0;
}
