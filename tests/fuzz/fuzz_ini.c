/* The AWS config and credentials files: values or an error, and no message quotes the file, which
 * holds secrets. */
#include "base/str.h"
#include "tests/fuzz/fuzz.h"
#include "transport/creds.h"

/* A run of the file, with digits as keys have them, that stands in a message. The messages
 * themselves have none after the number of the line. */
static bool quotes(const char *message, const char *text, size_t length)
{
    enum { RUN = 12 };
    const char *at = message ? strchr(message, ' ') : NULL;
    for (; at && strlen(at) >= RUN; at++) {
        size_t digits = 0;
        for (size_t i = 0; i < RUN; i++)
            digits += at[i] >= '0' && at[i] <= '9';
        for (size_t i = 0; digits >= 2 && i + RUN <= length; i++)
            if (memcmp(at, text + i, RUN) == 0)
                return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lb_arena *arena = lb_arena_new();
    const struct lb_source source = {"credentials", (const char *)data, size};
    struct lb_diags diags;
    struct lb_str out = {0};
    lb_diags_init(&diags, arena);
    const struct lb_value *values = lb_ini_parse(arena, &source, &diags);
    MUST((values == NULL) == (diags.errors > 0));
    MUST(!values || lb_is(values, LB_MAP));
    for (size_t i = 0; i < diags.count; i++) {
        lb_diag_render(&out, &diags.items[i], false);
        MUST(size > 4096 || !quotes(diags.items[i].detail, source.text, size));
    }
    must_be_inert(lb_str_text(&out), out.length);
    lb_str_release(&out);
    lb_arena_free(arena);
    return 0;
}
