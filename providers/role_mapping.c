/* role_mapping.c: who may use snapshots inside a domain.
 *
 * Fine-grained access control knows callers by its role mappings alone. The role that *sends*
 * requests must hold manage_snapshots; the role that is passed for the bucket need not, though many
 * guides map that one (AWS developer guide, "Registering a manual snapshot repository"). Mappings
 * are shared documents: one PATCH of the collection sets the roles that differ, each with the
 * members that others have added.
 */
#include "providers/role_mapping.h"

#include "providers/cluster.h"
#include "providers/names.h"

const struct lb_op lb_get_mappings = {
    .service = &lb_cluster_service,
    .name = "GetRoleMappings",
    .brief = true,
    .method = "GET",
    .path = "/{Base+}/api/rolesmapping",
    .plane = LB_PLANE_DATA,
    .iam = "es:ESHttpGet",
};
static const struct lb_op patch_mappings = {
    .service = &lb_cluster_service,
    .name = "PatchRoleMappings",
    .method = "PATCH",
    .path = "/{Base+}/api/rolesmapping",
    .mutates = true,
    .plane = LB_PLANE_DATA,
    .iam = "es:ESHttpPatch",
};

static const char *const member_lists[] = {"backend_roles", "users", "hosts"};

/* --- expand and derive ---------------------------------------------------------------------- */

static int expand(struct lb_stack *stack, const struct lb_entry *entry)
{
    struct lb_value *name = lb_value_string(stack->arena, entry->key);
    name->mark = entry->key_mark;
    if (!lb_stack_ref(stack, "domains", name))
        return -1;
    for (enum lb_side side = LB_SIDE_PRIMARY; side <= LB_SIDE_SECONDARY; side++)
        if (lb_domain_on_side(stack, entry->key, side))
            lb_stack_add(stack, "role_mapping", entry->key, side, entry);
    return 0;
}

/* Does a schedule of that domain run in its Snapshot Management? */
static bool uses_management(const struct lb_stack *stack, const char *domain, enum lb_side side)
{
    const struct lb_value *schedules = lb_map_get(stack->spec, "schedules");
    if (!lb_cluster_opensearch_since(stack, domain, side, 2, 1))
        return false;
    for (size_t i = 0; i < lb_value_count(schedules); i++) {
        const struct lb_value *schedule = lb_map_nth(schedules, i)->value;
        const char *engine = lb_text_at(schedule, "engine", "auto");
        bool local;
        const struct lb_entry *repository = lb_cluster_repository(
            stack, lb_text_at(schedule, "repository", ""), &local);
        if (repository && lb_streq(lb_text_at(repository->value, "domain", NULL), domain) &&
            (lb_streq(engine, "auto") || lb_streq(engine, "sm")))
            return true;
    }
    return false;
}

static void derive_role(struct lb_stack *stack, struct lb_value *roles, const char *role,
                        const struct lb_value *callers, const char *why)
{
    struct lb_value *mapping = lb_value_map(stack->arena);
    mapping->why = why;
    lb_map_set(stack->arena, mapping, "backend_roles", lb_value_copy(stack->arena, callers));
    lb_map_default(stack->arena, roles, role, mapping);
}

static int derive(struct lb_stack *stack, struct lb_resource *mapping)
{
    const char *domain = mapping->name;
    struct lb_value *roles = lb_desire(stack, mapping, "roles", lb_value_map(stack->arena), NULL);
    const struct lb_value *callers = lb_cluster_callers(stack);
    if (lb_cluster_has_security(stack, domain, mapping->side) && lb_value_count(callers) > 0) {
        derive_role(stack, roles, "manage_snapshots", callers, "derived: the roles that call");
        if (uses_management(stack, domain, mapping->side))
            derive_role(stack, roles, "snapshot_management_full_access", callers,
                        "derived: Snapshot Management runs a schedule");
    }
    if (lb_value_count(roles) == 0)
        return lb_diags_error(stack->diags, "LB-S094", &mapping->mark, "%s", mapping->address);
    lb_cluster_depends(stack, mapping, domain);
    lb_cluster_need_callers(stack, mapping);
    return 0;
}

/* --- read ----------------------------------------------------------------------------------- */

static bool has_members(const struct lb_value *mapping)
{
    for (size_t i = 0; i < sizeof member_lists / sizeof *member_lists; i++)
        if (lb_value_count(lb_map_get(mapping, member_lists[i])) > 0)
            return true;
    return false;
}

static void take_role(struct lb_read *read, const char *role, const struct lb_value *mapping)
{
    struct lb_value *roles = lb_map_map(read->arena, lb_read_value(read), "roles");
    struct lb_value *taken = lb_map_map(read->arena, roles, role);
    for (size_t i = 0; i < sizeof member_lists / sizeof *member_lists; i++) {
        const struct lb_value *members = lb_map_get(mapping, member_lists[i]);
        if (lb_is(members, LB_LIST))
            lb_map_set(read->arena, taken, member_lists[i], lb_value_copy(read->arena, members));
    }
}

static void decode(struct lb_read *read, const struct lb_call *call, const struct lb_answer *answer)
{
    read->live->status = LB_LIVE_ABSENT;
    if (!lb_read_ok(read, call, answer))
        return;
    read->live->raw = lb_value_map(read->arena);
    struct lb_value *raw = lb_map_map(read->arena, read->live->raw, "roles");
    /* Mappings of other roles are not shown: a domain has a dozen from the start. */
    const struct lb_value *wanted = lb_map_get(read->resource->desired, "roles");
    for (size_t i = 0; i < lb_value_count(wanted); i++) {
        const char *role = lb_map_nth(wanted, i)->key;
        const struct lb_value *mapping = lb_map_get(answer->body, role);
        if (mapping)
            lb_map_set(read->arena, raw, role, lb_value_copy(read->arena, mapping));
        if (!has_members(mapping))
            continue;
        read->live->status = LB_LIVE_PRESENT;
        take_role(read, role, mapping);
    }
}

static int read_roles(struct lb_read *read)
{
    struct lb_call *call = lb_read_call(read, &lb_get_mappings);
    lb_call_param(read->arena, call, "Base",
                  lb_cluster_security_base(read->stack, read->resource->name));
    lb_cluster_ask(read, read->resource->name, call, decode);
    return 0;
}

/* --- write ---------------------------------------------------------------------------------- */

/* What is there, less what the API shows but does not take, plus our members. */
static struct lb_value *merged(struct lb_arena *arena, const struct lb_value *ours,
                               const struct lb_value *theirs)
{
    static const char *const shown_only[] = {"reserved", "hidden", "static"};
    struct lb_value *out = theirs ? lb_value_copy(arena, theirs) : lb_value_map(arena);
    for (size_t i = 0; i < sizeof shown_only / sizeof *shown_only; i++)
        lb_map_remove(out, shown_only[i]);
    for (size_t i = 0; i < sizeof member_lists / sizeof *member_lists; i++) {
        const struct lb_value *members = lb_map_get(ours, member_lists[i]);
        struct lb_value *list = members ? lb_map_list(arena, out, member_lists[i]) : NULL;
        for (size_t k = 0; k < lb_value_count(members); k++)
            if (!lb_list_has(list, lb_text(lb_list_item(members, k), "")))
                lb_list_add_string(arena, list, lb_text(lb_list_item(members, k), ""));
    }
    return out;
}

static bool holds(const struct lb_value *theirs, const struct lb_value *ours)
{
    for (size_t i = 0; i < lb_value_count(ours); i++) {
        const struct lb_entry *list = lb_map_nth(ours, i);
        for (size_t k = 0; k < lb_value_count(list->value); k++)
            if (!lb_list_has(lb_map_get(theirs, list->key),
                             lb_text(lb_list_item(list->value, k), "")))
                return false;
    }
    return theirs != NULL;
}

/* The step is known by our members alone: theirs are read again right before it is sent, and kept.
 */
static int write_roles(struct lb_write *write)
{
    struct lb_arena *arena = write->arena;
    const char *domain = write->resource->name;
    struct lb_call *call = lb_write_call(write, &patch_mappings);
    lb_call_param(arena, call, "Base", lb_cluster_security_base(write->stack, domain));
    lb_cluster_aim(arena, write->stack, domain, write->resource->side, call);
    call->body = lb_value_list(arena);
    struct lb_str title = {0};
    const struct lb_value *roles = lb_map_get(write->desired, "roles");
    const struct lb_value *all = lb_map_get(write->live->raw, "roles");
    for (size_t i = 0; i < lb_value_count(roles); i++) {
        const struct lb_entry *role = lb_map_nth(roles, i);
        const struct lb_value *theirs = lb_map_get(all, role->key);
        if (!holds(theirs, role->value))
            lb_str_printf(&title, "%s%s", title.length ? ", " : "map ", role->key);
        else if (!write->symbolic)
            continue;
        /* JSON Patch: "add" sets a member whether or not it is there (RFC 6902, 4.1). */
        struct lb_value *operation = lb_list_add(arena, call->body, lb_value_map(arena));
        lb_map_set_string(arena, operation, "op", "add");
        lb_map_set(arena, operation, "path", lb_value_format(arena, "/%s", role->key));
        lb_map_set(arena, operation, "value",
                   merged(arena, role->value, write->symbolic ? NULL : theirs));
    }
    if (lb_value_count(call->body))
        write->emit(write, call, lb_str_take(&title, arena));
    return 0;
}

static const struct lb_granule granules[] = {
    {"roles", read_roles, write_roles, false},
    {NULL, NULL, NULL, false},
};

const struct lb_provider lb_provider_role_mapping = {
    .kind = "role_mapping",
    .arn = lb_cluster_arn,
    .granules = granules,
    .expand = expand,
    .derive = derive,
    .survey = lb_role_mapping_survey,
    .survey_in = "domain",
};
