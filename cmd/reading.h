/* reading.h: which ledger a verb reads: the repository of SPEC or of the current folder, and in it
 * the stack that SPEC or --stack names, or all of them. */
#ifndef LB_CMD_READING_H
#define LB_CMD_READING_H

#include "cmd/cli.h"
#include "ledger/ledger.h"

struct lb_reading {
    struct lb_cli *cli;
    struct lb_ledger *ledger;
    const char *folder; /* "" or that of the SPEC, with its slash */
    const char **stacks;
    size_t count;
};

/* Opens it. `spec` may be NULL, and may be a spec that is wrong by now: only its `stack` is read.
 * With mode SHARED the remote is asked for stacks that are not here. LIFEBOAT_LEDGER=none keeps
 * runs from recording, not people from reading. 0 or the exit code, with everything said: outside
 * any repository that is LB-G007. */
int lb_reading_open(struct lb_cli *cli, const char *spec, enum lb_ledger_mode mode,
                    struct lb_reading *out);
/* The same, with *out->ledger NULL and nothing said where there is no repository. */
int lb_reading_try(struct lb_cli *cli, const char *spec, enum lb_ledger_mode mode,
                   struct lb_reading *out);
/* "-", to be read where a text may be missing. */
const char *lb_reading_text(struct lb_arena *arena, const char *text);

#endif
