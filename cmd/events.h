/* events.h: one JSON event a line. */
#ifndef LB_CMD_EVENTS_H
#define LB_CMD_EVENTS_H

#include "cmd/progress.h"

struct lb_value *lb_event_new(struct lb_cli *cli, const char *type, const char *message);
void lb_event_print(struct lb_cli *cli, const struct lb_value *event);

#endif
