/* role_mapping.h: private to the parts of the role_mapping provider. */
#ifndef LB_PROVIDERS_ROLE_MAPPING_H
#define LB_PROVIDERS_ROLE_MAPPING_H

#include "providers/provider.h"

/* All mappings of a domain: {"ROLE": {"backend_roles": [..], ..}}; the parameter `Base` is
 * lb_cluster_security_base. */
extern const struct lb_op lb_get_mappings;

int lb_role_mapping_survey(struct lb_read *read); /* role_mapping_survey.c */

#endif
