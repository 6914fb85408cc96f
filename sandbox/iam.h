/* iam.h: the parts of the IAM service. State: "roles": name -> the role as GetRole shows it, plus
 * "inline" (policy name -> document), "attached" (ARNs) and "changed" (when, for propagation).
 */
#ifndef LB_SANDBOX_IAM_H
#define LB_SANDBOX_IAM_H

#include "sandbox/sandbox.h"

#define IAM_ID_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

struct iam_call {
    struct sandbox *sandbox;
    struct sb_request *request;
    struct sb_response *response;
    struct lb_arena *arena; /* the request's */
    struct lb_value *form;
    struct lb_value *role;   /* of RoleName, when the operation wants one */
    struct lb_value *result; /* what it answers; NULL: nothing but metadata */
};

struct iam_operation {
    const char *name;
    bool mutating;
    bool on_role;                       /* RoleName must name a role */
    void (*run)(struct iam_call *call); /* sets result, or answers an error with iam_fail */
};
extern const struct iam_operation iam_role_operations[];   /* iam_role.c */
extern const struct iam_operation iam_policy_operations[]; /* iam_policy.c */
extern const struct iam_operation iam_list_operations[];   /* iam_list.c */

/* --- iam.c
 * ---------------------------------------------------------------------------------------- */
struct lb_value *iam_roles(struct sandbox *sandbox);
void iam_fail(struct iam_call *call, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
const char *iam_text(const struct iam_call *call, const char *name); /* "" when absent */
/* The role was written: what depends on it sees that only after the propagation delay. */
void iam_changed(struct iam_call *call);
/* Documents travel percent-encoded in answers. */
const char *iam_encode(struct lb_arena *arena, const char *document);
/* Puts the page of `items` that Marker and MaxItems ask for under result/key/member, with
 * IsTruncated and Marker. */
void iam_page(struct iam_call *call, const char *key, const struct lb_value *items);
/* Checks and stores the form's Tags into the role. False after an error was answered. */
bool iam_put_tags(struct iam_call *call, struct lb_value *role);

/* --- iam_role.c
 * ------------------------------------------------------------------------------------ */
enum iam_view { IAM_VIEW_FULL, IAM_VIEW_LISTED };
/* As GetRole and CreateRole show it, or, without tags and boundary, as ListRoles does. */
struct lb_value *iam_role_view(struct lb_arena *arena, const struct lb_value *role,
                               enum iam_view view);
struct lb_value *iam_boundary_view(struct lb_arena *arena, const struct lb_value *role);
/* "Tags" of a role as {"member": [...]}. */
struct lb_value *iam_tags_view(struct lb_arena *arena, const struct lb_value *role);
struct lb_value *iam_attached_view(struct lb_arena *arena, const struct lb_value *role);

#endif
