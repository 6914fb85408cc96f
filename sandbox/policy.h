/* policy.h: policy documents, as far as the sandbox judges them: is it well formed, is it public,
 * whom does it let in without a signature. Permissions of signed callers are not evaluated: the
 * test key may do everything, and refusals are asked for with the fault `deny`.
 */
#ifndef LB_SANDBOX_POLICY_H
#define LB_SANDBOX_POLICY_H

#include "sandbox/sandbox.h"

enum sb_policy_kind { SB_POLICY_TRUST, SB_POLICY_IDENTITY, SB_POLICY_RESOURCE };

/* NULL when well formed, else what AWS would complain about. Own-account roles that are named as
 * principals must exist. */
const char *sb_policy_fault(struct sandbox *sandbox, struct lb_arena *arena, const char *text,
                            enum sb_policy_kind kind);
/* An Allow for everyone without a condition. */
bool sb_policy_public(struct lb_arena *arena, const char *text);
/* Would anyone be let do this? Statements with conditions let nobody in and keep nobody out. */
bool sb_policy_anonymous(struct lb_arena *arena, const char *text, const char *action,
                         const char *resource);
/* Does the trust policy let this caller assume the role? `external_id` may be NULL. */
bool sb_policy_trusts(struct lb_arena *arena, const char *text, const char *caller,
                      const char *account, const char *external_id);
/* Does the trust policy name this service ("s3.amazonaws.com")? */
bool sb_policy_trusts_service(struct lb_arena *arena, const char *text, const char *service);
/* Does a string or list of strings hold the target? `glob`: its members are patterns. */
bool sb_policy_any(const struct lb_value *value, const char *target, bool glob);

#endif
