/* route53.h: Route 53 (2013-04-01), split over route53*.c.
 *
 * State: zones{ID: id name reference private comment created records[]}, changes{ID: at comment},
 * checks{ID: id reference config version alarm last}, references{reference: ID}, tags{"TYPE/ID":
 * {}}. Records are kept as the service shows them: names lower-case, dotted, escaped; elements in
 * the order of the model, since the order matters on the wire.
 */
#ifndef LB_SANDBOX_ROUTE53_H
#define LB_SANDBOX_ROUTE53_H

#include "sandbox/route.h"

#define SB_R53_XMLNS "https://route53.amazonaws.com/doc/2013-04-01/"

/* --- names: route53_name.c
 * ------------------------------------------------------------------------- */
/* "*.Example.com" -> "\052.example.com." */
char *sb_dns_name(struct lb_arena *arena, const char *name);
/* Order of zones and records: labels reversed, bytewise. */
int sb_dns_compare(const char *a, const char *b);
/* True when name is the zone's apex or below it; both normalised. */
bool sb_dns_within(const char *name, const char *zone);

/* --- answers
 * ---------------------------------------------------------------------------------------- */
void sb_r53_error(struct sb_call *call, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void sb_r53_reply(struct sb_call *call, int status, const char *root, const struct lb_value *body);
/* Registers a change and gives its ChangeInfo. */
struct lb_value *sb_r53_change(struct sb_call *call, const char *comment);
/* The zone that args[0] names ("Z…" or "/hostedzone/Z…"), or the answer NoSuchHostedZone and NULL.
 */
struct lb_value *sb_r53_zone_wanted(struct sb_call *call);
struct lb_value *sb_r53_table(struct sandbox *sandbox, const char *table);

/* --- operations
 * --------------------------------------------------------------------------------------- */
void sb_op_change_resource_record_sets(struct sb_call *call);
void sb_op_list_resource_record_sets(struct sb_call *call);
void sb_op_create_health_check(struct sb_call *call);
void sb_op_get_health_check(struct sb_call *call);
void sb_op_list_health_checks(struct sb_call *call);
void sb_op_update_health_check(struct sb_call *call);
void sb_op_delete_health_check(struct sb_call *call);
void sb_op_get_health_check_status(struct sb_call *call);
void sb_op_change_tags_for_resource(struct sb_call *call);
void sb_op_list_tags_for_resource(struct sb_call *call);
void sb_op_list_tags_for_resources(struct sb_call *call);

/* Is it healthy now? Evaluated by the data planes: metric streams, hosts, objects. */
bool sb_check_healthy(struct sandbox *sandbox, struct lb_value *check);
/* Remembers the last known status of each check. */
void sb_checks_tick(struct sandbox *sandbox, int64_t now);

/* --- route53_begin.c: the zone that a fresh account has
 * ------------------------------------------- */
void sb_r53_create_zone(struct sb_call *call); /* in route53.c */
void sb_r53_begin(struct sandbox *sandbox);
/* Before another zone of that name is made: the example zone goes, as long as nobody used it. */
void sb_r53_drop_example(struct sb_call *call);

#endif
