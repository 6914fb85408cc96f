/* repository.h: private to the parts of the repository provider. */
#ifndef LB_PROVIDERS_REPOSITORY_H
#define LB_PROVIDERS_REPOSITORY_H

#include "providers/provider.h"

/* What a survey notes of each registration that is not in the spec, in the `inside` of its domain:
 * {name, bucket, path, role, region, folder, readonly}, texts but the last, those that it states.
 * All registrations of a domain: {"NAME": {"type": .., "settings": {..}}}. */
extern const struct lb_op lb_get_repositories;

int lb_repository_survey(struct lb_read *read); /* repository_survey.c */

#endif
