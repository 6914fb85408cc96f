/* domain.h: private to the parts of the domain provider. */
#ifndef LB_PROVIDERS_DOMAIN_H
#define LB_PROVIDERS_DOMAIN_H

#include "providers/names.h"

extern const struct lb_service lb_opensearch_service;

/* --- domain_shape.c: the schema's shape <-> the service's sections -------------------------- */
/* Fills the live map from a DomainStatus. A switch that is off where it shall be on is left out:
 * switching on is a change in place, only switching off would need another domain. */
void lb_domain_from_status(struct lb_arena *arena, const struct lb_value *desired,
                           const struct lb_value *status, struct lb_value *out);
/* The parts of a DomainStatus that a change is laid over; what moves by itself (progress, software
 * updates) is not among them, because a plan rests on what was read. */
struct lb_value *lb_domain_settings(struct lb_arena *arena, const struct lb_value *status);
/* The sections that CreateDomain takes. */
struct lb_value *lb_domain_sections(struct lb_arena *arena, const struct lb_value *desired);
/* Those of them that differ from a DomainStatus, each whole, as UpdateDomainConfig wants them. */
struct lb_value *lb_domain_dirty_sections(struct lb_arena *arena, const struct lb_value *desired,
                                          const struct lb_value *live,
                                          const struct lb_value *status);

/* --- domain_read.c -------------------------------------------------------------------------- */
int lb_domain_read(struct lb_read *read);
int lb_domain_forecast(struct lb_read *read, const struct lb_value *dirty, struct lb_forecast *out);

#endif
