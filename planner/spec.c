/* spec.c: from the bytes of a spec to a stack of objects, offline. Every error at once. */
#include "planner/engine.h"

#include "base/yaml.h"

int lb_spec_load(struct lb_engine *engine, const struct lb_source *source, struct lb_stack *out)
{
    struct lb_diags *diags = lb_arena_alloc(engine->arena, sizeof *diags);
    lb_diags_init(diags, engine->arena);
    *out = (struct lb_stack){.arena = engine->arena, .diags = diags, .source = source};
    struct lb_value *spec = lb_yaml_parse(engine->arena, source, diags);
    if (!spec)
        return -1;
    if (lb_schema_validate(engine->schemas->spec, spec, diags) != 0) {
        out->schemas = engine->schemas;
        out->spec = spec;
        lb_stack_check_names(out);
        return -1;
    }
    lb_schema_fill_defaults(engine->arena, engine->schemas->spec, spec);
    if (lb_stack_init(out, engine->arena, diags, engine->schemas, source, spec) != 0)
        return -1;
    return lb_stack_build(out);
}
