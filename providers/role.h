/* role.h: what the role_*.c files share. Nobody else includes it. */
#ifndef LB_PROVIDERS_ROLE_H
#define LB_PROVIDERS_ROLE_H

#include "providers/provider.h"

#define LB_ROLE_POLICY "lifeboat" /* name of the derived inline policy */
#define LB_ROLE_NONE "none"       /* `boundary: none`: there is to be none */

/* --- role_purpose.c: what a purpose means -------------------------------------------------------
 */
/* ARNs that the documents of a role are made of, each once. */
struct lb_role_uses {
    struct lb_value *domains, *buckets, *objects, *keys;
};
void lb_role_uses_init(struct lb_role_uses *uses, struct lb_stack *stack);
struct lb_purpose {
    const char *name;
    const char *description; /* of the role, for the IAM console */
    /* NULL, with a diagnostic, when the spec does not say enough. `kept` is what stays though the
     * spec does not say it; NULL while that is not known yet. */
    struct lb_value *(*trust)(struct lb_stack *, struct lb_resource *, const struct lb_role_uses *);
    struct lb_value *(*policy)(struct lb_stack *, struct lb_resource *,
                               const struct lb_role_uses *);
    /* What the spec makes of it, where things that left the spec may go on using it
     * (role_retain.c). NULL: they do not. */
    void (*uses)(struct lb_stack *, const struct lb_resource *, struct lb_role_uses *);
    /* Of the documents: the statement of each list, and a second one of the objects. */
    const char *sids[4]; /* buckets, objects, objects too (NULL: none), keys */
    const char *why;
};
const struct lb_purpose *lb_purpose_find(const char *name);

/* --- role_retain.c -------------------------------------------------------------------------------
 */
/* What the live documents of a role allow beyond the spec and what still uses it. Tells of it
 * (LB-P036). False: nothing. */
bool lb_role_find_kept(struct lb_stack *stack, const struct lb_resource *role,
                       const struct lb_purpose *purpose, struct lb_role_uses *out);

/* --- role_read.c ---------------------------------------------------------------------------------
 */
int lb_role_read(struct lb_read *read);
int lb_role_read_policies(struct lb_read *read);
int lb_role_read_attached(struct lb_read *read);

/* --- role_survey.c -------------------------------------------------------------------------------
 */
int lb_role_survey(struct lb_read *read);
/* Asks for a role that no spec need know, by name, as the survey does: then it is asked once. */
void lb_role_ask(struct lb_read *read, const char *name, lb_decode_fn *decode);
/* The role in such an answer and its tags. */
const struct lb_value *lb_role_answer(struct lb_read *read, const struct lb_answer *answer,
                                      struct lb_value **tags);

/* --- role_write.c --------------------------------------------------------------------------------
 */
int lb_role_write(struct lb_write *write);
int lb_role_write_settings(struct lb_write *write);
int lb_role_write_trust(struct lb_write *write);
int lb_role_write_boundary(struct lb_write *write);
int lb_role_write_tags(struct lb_write *write);
int lb_role_write_policies(struct lb_write *write);
int lb_role_write_attached(struct lb_write *write);

#endif
