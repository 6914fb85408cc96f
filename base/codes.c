/* codes.c: the rows of codes.def as a table. A lookup is a walk: there are some hundred rows, and a
 * diagnostic is not a hot path.
 */
#include "base/diag.h"
#include "base/exit.h"

static const struct lb_code codes[] = {
#define LB_CODE(code, severity, exit, summary, why, remedy)                                        \
    {code, summary, why, remedy, severity, exit},
#include "base/codes.def"
#undef LB_CODE
};

const struct lb_code *lb_code_nth(size_t i)
{
    return i < sizeof codes / sizeof *codes ? &codes[i] : NULL;
}

const struct lb_code *lb_code_find(const char *code)
{
    for (size_t i = 0; code && i < sizeof codes / sizeof *codes; i++)
        if (lb_streq(codes[i].code, code))
            return &codes[i];
    return NULL;
}
