/* role_mapping_survey.c: roles of this stack that left the spec and still hold a role of a domain.
 *
 * A mapping is a shared document without a mark, and members of others stay in it, so nothing is
 * ever taken out. What is ours in it is known by whom it names: an IAM role that carries this
 * stack's mark and that no spec has any more. When the last caller left, the mapping as a whole has
 * left the spec; otherwise it is told of the role. Names of users and hosts tell nothing.
 */
#include "providers/role_mapping.h"

#include "providers/cluster.h"
#include "providers/names.h"
#include "providers/role.h"

#include <string.h>

static lb_decode_fn decode_role;

static bool is_declared(const struct lb_stack *stack, const char *arn)
{
    size_t i = 0;
    for (struct lb_resource *role; (role = lb_stack_next(stack, "role", &i));)
        if (lb_streq(lb_role_arn(stack, role->name), arn))
            return true;
    return false;
}

/* The name in "arn:aws:iam::111122223333:role/STACK-operator", as roles of this stack are called;
 * NULL for others. Roles with a `name` of their own are not looked for by the survey of roles. */
static const char *own_name(struct lb_read *read, const char *arn)
{
    const char *slash = strrchr(arn, '/');
    const char *prefix = lb_arena_printf(read->arena, "%s-", read->stack->name);
    return slash && strstr(arn, ":role/") && lb_starts_with(slash + 1, prefix) ? slash + 1 : NULL;
}

/* Who holds what waits in live->raw until the role's tags came: name of the IAM role -> roles. */
static void take_member(struct lb_read *read, const char *role, const char *arn)
{
    const char *name = own_name(read, arn);
    if (!name || is_declared(read->stack, arn))
        return;
    if (!read->live->raw)
        read->live->raw = lb_value_map(read->arena);
    bool asked = lb_map_get(read->live->raw, name) != NULL;
    lb_list_add_string(read->arena, lb_map_list(read->arena, read->live->raw, name), role);
    if (!asked)
        lb_role_ask(read, name, decode_role);
}

static void report(struct lb_read *read, const char *arn, const char *address,
                   struct lb_value *roles)
{
    const struct lb_resource *in = read->resource;
    struct lb_str held = {0};
    lb_list_sort(roles);
    for (size_t i = 0; i < lb_value_count(roles); i++)
        lb_str_printf(&held, "%s%s", i ? ", " : "", lb_text(lb_list_item(roles, i), ""));
    bool declared = lb_stack_find(read->stack, "role_mapping", in->name, in->side) != NULL;
    const char *what = lb_arena_printf(read->arena, "%s still holds %s in domain.%s@%s",
                                       declared ? "it" : arn, lb_str_text(&held), in->name,
                                       lb_side_name(in->side));
    read->stray(read, declared ? address : lb_cluster_stray_address(read, in->name), what);
    lb_str_release(&held);
}

static void decode_role(struct lb_read *read, const struct lb_call *call,
                        const struct lb_answer *answer)
{
    struct lb_value *tags = NULL;
    if (answer->outcome != LB_ANSWERED)
        return; /* the survey of roles asks the same, and says so */
    const struct lb_value *role = lb_role_answer(read, answer, &tags);
    const char *address = lb_text(lb_map_get(tags, LB_TAG_ADDRESS), NULL);
    if (address && lb_streq(lb_text(lb_map_get(tags, LB_TAG_STACK), NULL), read->stack->name) &&
        !lb_stack_find_address(read->stack, address))
        report(read, lb_text_at(role, "Arn", ""), address,
               lb_map_get(read->live->raw, lb_text_at(call->body, "RoleName", "")));
}

static void decode(struct lb_read *read, const struct lb_call *call, const struct lb_answer *answer)
{
    /* Who may not read the mappings has not written them either: whoever applies is told. */
    if (answer->outcome == LB_DENIED || !lb_cluster_surveyed(read, call, answer))
        return;
    for (size_t i = 0; i < lb_value_count(answer->body); i++) {
        const struct lb_entry *mapping = lb_map_nth(answer->body, i);
        const struct lb_value *members = lb_map_get(mapping->value, "backend_roles");
        for (size_t k = 0; k < lb_value_count(members); k++)
            take_member(read, mapping->key, lb_text(lb_list_item(members, k), ""));
    }
}

int lb_role_mapping_survey(struct lb_read *read)
{
    const struct lb_resource *in = read->resource;
    if (!lb_cluster_has_security(read->stack, in->name, in->side))
        return 0;
    struct lb_call *call = lb_read_call(read, &lb_get_mappings);
    lb_call_param(read->arena, call, "Base", lb_cluster_security_base(read->stack, in->name));
    lb_cluster_survey(read, call, decode);
    return 0;
}
