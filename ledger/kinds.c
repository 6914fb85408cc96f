/* kinds.c: the table of events. */
#include "ledger/ledger.h"

static const struct lb_ledger_kind kinds[] = {
#define LB_LEDGER_KIND(name, lock, summary) {name, summary, lock},
#include "ledger/events.def"
#undef LB_LEDGER_KIND
    {NULL, NULL, LB_LOCK_KEEPS},
};

const struct lb_ledger_kind *lb_ledger_kind_nth(size_t i)
{
    return i + 1 < sizeof kinds / sizeof *kinds ? &kinds[i] : NULL;
}

const struct lb_ledger_kind *lb_ledger_kind_find(const char *name)
{
    for (const struct lb_ledger_kind *kind = kinds; kind->name; kind++)
        if (lb_streq(kind->name, name))
            return kind;
    return NULL;
}
