/* fuzz_spec.c: a spec as a pull request may bring it: YAML, then the schemas of every kind. A good
 * seed corpus is tests/corpus. Beyond crashes: an error comes with a place and a sink that knows
 * it, printed text cannot drive a terminal, and what was accepted stays acceptable with its
 * defaults. */
#include "base/schema.h"
#include "base/yaml.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check_diags(struct lb_diags *diags)
{
    struct lb_str out = {0};
    lb_diags_sort(diags);
    for (size_t i = 0; i < diags->count; i++) {
        MUST(diags->items[i].mark.line > 0);
        MUST(lb_code_find(diags->items[i].code));
        lb_diag_render(&out, &diags->items[i], false);
    }
    MUST(!memchr(lb_str_text(&out), '\033', out.length));
    lb_str_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lb_schemas *schemas; /* once for the process */
    static struct lb_arena *kept;
    if (!schemas) {
        kept = lb_arena_new();
        schemas = lb_schemas_load(kept);
    }
    struct lb_arena *arena = lb_arena_new();
    struct lb_source source = {"spec.yaml", (const char *)data, size};
    struct lb_diags diags;
    lb_diags_init(&diags, arena);
    struct lb_value *spec = lb_yaml_parse(arena, &source, &diags);
    MUST((spec == NULL) == (diags.errors > 0));
    int result = spec ? lb_schema_validate(schemas->spec, spec, &diags) : -1;
    MUST((result == 0) == (diags.errors == 0));
    if (result == 0) {
        lb_schema_fill_defaults(arena, schemas->spec, spec);
        MUST(lb_schema_validate(schemas->spec, spec, &diags) == 0);
    }
    check_diags(&diags);
    lb_arena_free(arena);
    return 0;
}
