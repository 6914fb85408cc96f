/* opensearch.h: the control plane of OpenSearch Service, split over opensearch*.c.
 *
 * A domain in the state (opensearch/domains/REGION/NAME):
 *   name id region arn engine created status(Creating|Active|Modifying|UpgradingEngineVersion|
 *   Deleting) endpoint vpc_endpoint config{section: options}
 * meta{section:{created,updated,version}} master{arn,name,password} tags[] change{id kind start end
 * properties[] engine sections[]} upgrades[]
 */
#ifndef LB_SANDBOX_OPENSEARCH_H
#define LB_SANDBOX_OPENSEARCH_H

#include "sandbox/route.h"

enum sb_deployment { SB_DEPLOY_NONE, SB_DEPLOY_DYNAMIC, SB_DEPLOY_BLUE_GREEN };

/* --- found domains -----------------------------------------------------------------------------
 */
struct lb_value *sb_domain_find(struct sandbox *sandbox, const char *region, const char *name);
/* The domain whose endpoint, VPC endpoint or custom endpoint is that host (port ignored). */
struct lb_value *sb_domain_by_host(struct sandbox *sandbox, const char *host);
/* True once its endpoint answers. */
bool sb_domain_serving(const struct lb_value *domain);
/* True while a change is under way. */
bool sb_domain_busy(const struct lb_value *domain);

/* --- answers ------------------------------------------------------------------------------------
 */
struct lb_value *sb_domain_status(struct sb_call *call, const struct lb_value *domain);
struct lb_value *sb_domain_config(struct sb_call *call, const struct lb_value *domain);
struct lb_value *sb_domain_progress(struct sb_call *call, const struct lb_value *domain);
struct lb_value *sb_domain_change_details(struct lb_arena *arena, const struct lb_value *change,
                                          int64_t now);

/* --- sections: opensearch_section.c
 * ---------------------------------------------------------------- */
extern const char *const sb_domain_sections[]; /* ends with NULL */
/* Checks every section in the call's body; answers the error and returns -1 when one is wrong. */
int sb_domain_validate(struct sb_call *call, const struct lb_value *domain);
/* The section as it will be: what is (or the default) overlaid by what was sent, completed. */
struct lb_value *sb_domain_section(struct sb_call *call, const struct lb_value *domain,
                                   const char *section, const struct lb_value *sent);
const char *sb_domain_policy_text(struct sb_call *call, const char *policy);

/* --- changes: opensearch_change.c
 * ----------------------------------------------------------------- */
void sb_domain_change_start(struct sb_call *call, struct lb_value *domain, const char *kind,
                            int64_t seconds, struct lb_value *properties);
void sb_domain_tick(struct sandbox *sandbox, int64_t now);
void sb_op_update_domain_config(struct sb_call *call);
void sb_op_describe_domain_change_progress(struct sb_call *call);
void sb_op_cancel_domain_config_change(struct sb_call *call);

/* --- versions: opensearch_version.c
 * ----------------------------------------------------------------- */
bool sb_engine_known(const char *version);
bool sb_engine_upgrade_allowed(const char *from, const char *to);
void sb_op_list_versions(struct sb_call *call);
void sb_op_get_compatible_versions(struct sb_call *call);
void sb_op_upgrade_domain(struct sb_call *call);
void sb_op_get_upgrade_status(struct sb_call *call);

/* --- errors
 * --------------------------------------------------------------------------------------- */
void sb_domain_error(struct sb_call *call, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void sb_domain_invalid(struct sb_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The domain that args[0] names, or the not-found answer (409, as the service has it) and NULL. */
struct lb_value *sb_domain_wanted(struct sb_call *call, const char *name);

#endif
