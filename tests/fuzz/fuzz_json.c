/* JSON: a value or an error, and both spellings of a value read back as the same value. */
#include "base/digest.h"
#include "base/json.h"
#include "tests/fuzz/fuzz.h"

static void check_value(struct lb_arena *arena, const struct lb_value *value)
{
    struct lb_str out = {0};
    for (int canonical = 0; canonical < 2; canonical++) {
        lb_str_clear(&out);
        if (canonical)
            lb_json_canonical(&out, value);
        else
            lb_json_write(&out, value, 2);
        struct lb_value *again = lb_json_parse(arena, out.data, out.length, NULL);
        MUST(again && lb_value_equal(value, again) && lb_value_compare(value, again) == 0);
        MUST(lb_streq(lb_value_digest(arena, value), lb_value_digest(arena, again)));
    }
    lb_str_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lb_arena *arena = lb_arena_new();
    const char *error = NULL;
    struct lb_value *value = lb_json_parse(arena, (const char *)data, size, &error);
    MUST((value == NULL) == (error != NULL));
    if (value)
        check_value(arena, value);
    lb_arena_free(arena);
    return 0;
}
