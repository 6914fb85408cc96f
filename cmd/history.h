/* history.h: what the parts of `history` share. Private to them. */
#ifndef LB_CMD_HISTORY_H
#define LB_CMD_HISTORY_H

#include "cmd/reading.h"

/* The table, or a JSON object an entry: newest first, written while it is read. */
int lb_history_list(struct lb_cli *cli, const char *spec);

#endif
