/* Diagnostics over a hostile source and hostile texts: whatever the mark says, what is rendered is
 * valid UTF-8 without a control, hidden character or runner command. */
#include "base/diag.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    struct lb_arena *arena = lb_arena_new();
    const char *text = (const char *)data + 4;
    struct lb_source source = {lb_arena_strndup(arena, text, size - 4), text, size - 4};
    struct lb_diags diags;
    lb_diags_init(&diags, arena);
    struct lb_diag diag = {.code = "LB-S001",
                           .detail = source.path,
                           .address = source.path,
                           .service = source.path,
                           .request_id = source.path,
                           .mark = {&source, data[0], data[1], data[2], data[3]}};
    struct lb_str out = {0};
    lb_diag_render(&out, lb_diags_add(&diags, &diag), false);
    must_be_inert(lb_str_text(&out), out.length);
    lb_str_release(&out);
    lb_arena_free(arena);
    return 0;
}
