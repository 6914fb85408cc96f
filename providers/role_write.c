/* role_write.c: the calls that make an IAM role as it shall be.
 *
 * Creating is not idempotent: a second CreateRole answers EntityAlreadyExists, also when the first
 * one was ours and its answer was lost. It is therefore sent once and read back; a role that was
 * there before is adopted by the next plan, where people see it, and never silently.
 */
#include "base/json.h"
#include "base/time.h"
#include "providers/iam.h"
#include "providers/names.h"
#include "providers/role.h"
#include "providers/tags.h"

#define WRITE_OP(op)                                                                               \
    {                                                                                              \
        .service = &lb_iam_service, .name = op, .method = "POST", .path = "/", .mutates = true     \
    }
static const struct lb_op create_role = {.service = &lb_iam_service,
                                         .name = "CreateRole",
                                         .method = "POST",
                                         .path = "/",
                                         .mutates = true,
                                         .once = true};
static const struct lb_op update_role = WRITE_OP("UpdateRole");
static const struct lb_op update_trust = WRITE_OP("UpdateAssumeRolePolicy");
static const struct lb_op put_boundary = WRITE_OP("PutRolePermissionsBoundary");
static const struct lb_op delete_boundary = WRITE_OP("DeleteRolePermissionsBoundary");
static const struct lb_op tag_role = WRITE_OP("TagRole");
static const struct lb_op untag_role = WRITE_OP("UntagRole");
static const struct lb_op put_policy = WRITE_OP("PutRolePolicy");
static const struct lb_op delete_policy = WRITE_OP("DeleteRolePolicy");
static const struct lb_op attach_policy = WRITE_OP("AttachRolePolicy");

static struct lb_call *call_new(struct lb_write *write, const struct lb_op *op)
{
    struct lb_call *call = lb_write_call(write, op);
    lb_map_set_string(write->arena, lb_call_body(write->arena, call), "RoleName",
                      lb_role_name(write->stack, write->resource->name));
    return call;
}

static void set_document(struct lb_write *write, struct lb_call *call, const char *member,
                         const struct lb_value *document)
{
    if (document) {
        lb_map_set_string(write->arena, call->body, member, lb_json_text(write->arena, document));
    }
}

/* Description and longest session: the members that CreateRole and UpdateRole share. */
static void set_settings(struct lb_write *write, struct lb_call *call)
{
    const char *session = lb_text_at(write->desired, "max_session", NULL);
    int64_t seconds = 0;
    lb_map_set_string(write->arena, call->body, "Description",
                      lb_text_at(write->desired, "description", NULL));
    if (session && lb_duration_parse(session, &seconds) == 0) {
        lb_map_set_int(write->arena, call->body, "MaxSessionDuration", seconds);
    }
}

static const char *boundary_arn(const struct lb_write *write)
{
    const char *boundary = lb_text_at(write->desired, "boundary", LB_ROLE_NONE);
    return lb_streq(boundary, LB_ROLE_NONE) ? NULL : boundary;
}

int lb_role_write(struct lb_write *write)
{
    struct lb_call *call = call_new(write, &create_role);
    set_document(write, call, "AssumeRolePolicyDocument", lb_map_get(write->desired, "trust"));
    lb_map_set_string(write->arena, call->body, "Path", lb_text_at(write->desired, "path", NULL));
    set_settings(write, call);
    lb_map_set_string(write->arena, call->body, "PermissionsBoundary", boundary_arn(write));
    lb_map_set(write->arena, call->body, "Tags",
               lb_tags_to_list(write->arena, lb_map_get(write->desired, "tags")));
    write->emit(write, call, "create the role with its trust policy");
    return 0;
}

/* UpdateRole resets what it is not given, so the live value stands in for what is not declared. */
int lb_role_write_settings(struct lb_write *write)
{
    struct lb_call *call = call_new(write, &update_role);
    set_settings(write, call);
    if (!lb_map_get(call->body, "Description")) {
        lb_map_set_string(write->arena, call->body, "Description",
                          lb_text_at(write->live->value, "description", NULL));
    }
    write->emit(write, call, "set description and longest session");
    return 0;
}

int lb_role_write_trust(struct lb_write *write)
{
    struct lb_call *call = call_new(write, &update_trust);
    set_document(write, call, "PolicyDocument", lb_map_get(write->desired, "trust"));
    write->emit(write, call, "set the trust policy");
    return 0;
}

int lb_role_write_boundary(struct lb_write *write)
{
    const char *boundary = boundary_arn(write);
    struct lb_call *call = call_new(write, boundary ? &put_boundary : &delete_boundary);
    lb_map_set_string(write->arena, call->body, "PermissionsBoundary", boundary);
    write->emit(write, call,
                boundary ? "set the permissions boundary" : "remove the permissions boundary");
    return 0;
}

int lb_role_write_tags(struct lb_write *write)
{
    const struct lb_value *desired = lb_map_get(write->desired, "tags");
    const struct lb_value *live = lb_map_get(write->live->value, "tags");
    struct lb_value *changed = lb_tags_changed(write->arena, desired, live);
    struct lb_value *dropped = lb_tags_dropped(write->arena, desired, live);
    if (lb_value_count(changed) > 0) {
        struct lb_call *call = call_new(write, &tag_role);
        lb_map_set(write->arena, call->body, "Tags", lb_tags_to_list(write->arena, changed));
        write->emit(write, call, "set tags");
    }
    if (lb_value_count(dropped) > 0) {
        struct lb_call *call = call_new(write, &untag_role);
        lb_map_set(write->arena, call->body, "TagKeys", dropped);
        write->emit(write, call, "remove tags of ours");
    }
    return 0;
}

static void emit_policy(struct lb_write *write, const struct lb_op *op, const char *name,
                        const struct lb_value *document)
{
    struct lb_call *call = call_new(write, op);
    lb_map_set_string(write->arena, call->body, "PolicyName", name);
    set_document(write, call, "PolicyDocument", document);
    write->emit(
        write, call,
        lb_arena_printf(write->arena, "%s inline policy %s", document ? "write" : "remove", name));
}

/* Upserts those that are not literally the same already; drops those that were ours by name. */
int lb_role_write_policies(struct lb_write *write)
{
    const struct lb_value *desired = lb_map_get(write->desired, "policies");
    const struct lb_value *live = lb_map_get(write->live->value, "policies");
    for (size_t i = 0; i < lb_value_count(desired); i++) {
        const struct lb_entry *entry = lb_map_nth(desired, i);
        if (!lb_value_equal(entry->value, lb_map_get(live, entry->key))) {
            emit_policy(write, &put_policy, entry->key, entry->value);
        }
    }
    for (size_t i = 0; i < lb_value_count(live); i++) {
        const char *name = lb_map_nth(live, i)->key;
        if (lb_starts_with(name, LB_ROLE_POLICY) && !lb_map_get(desired, name)) {
            emit_policy(write, &delete_policy, name, NULL);
        }
    }
    return 0;
}

/* Nothing is detached: what was attached by us and left the spec cannot be told from what a
 * security team attached, so it is shown as foreign and kept. */
int lb_role_write_attached(struct lb_write *write)
{
    const struct lb_value *desired = lb_map_get(write->desired, "attached");
    const struct lb_value *live = lb_map_get(write->live->value, "attached");
    for (size_t i = 0; i < lb_value_count(desired); i++) {
        const char *arn = lb_text(lb_list_item(desired, i), "");
        if (!lb_list_has(live, arn)) {
            struct lb_call *call = call_new(write, &attach_policy);
            lb_map_set_string(write->arena, call->body, "PolicyArn", arn);
            write->emit(write, call, lb_arena_printf(write->arena, "attach %s", arn));
        }
    }
    return 0;
}
