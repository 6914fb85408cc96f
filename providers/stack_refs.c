/* stack_refs.c: what can still be said of a spec whose shape is wrong: regions and references, led
 * by x-lb-ref alone. A user who mends a typing error must not meet the next one only then. In a
 * spec of the right shape the kinds look their references up themselves.
 */
#include "providers/provider.h"

struct checker {
    struct lb_stack *stack;
    size_t shape_errors; /* of the schema: their places are not judged again */
};

static bool judged(const struct checker *checker, const struct lb_mark *mark)
{
    const struct lb_diags *diags = checker->stack->diags;
    for (size_t i = 0; i < checker->shape_errors; i++)
        if (diags->items[i].mark.line == mark->line && diags->items[i].mark.column == mark->column)
            return true;
    return false;
}

static void check(const struct checker *checker, const struct lb_schema *schema,
                  const struct lb_value *value)
{
    schema = schema && value ? lb_schema_branch(schema, value->type) : NULL;
    if (!schema)
        return;
    if (schema->ref && value->type == LB_STRING && !judged(checker, value->mark))
        lb_stack_ref(checker->stack, lb_kind_find(checker->stack->schemas, schema->ref)->section,
                     value);
    for (size_t i = 0; value->type == LB_MAP && i < lb_value_count(value); i++) {
        const struct lb_entry *entry = lb_map_nth(value, i);
        check(checker, lb_schema_property(schema, entry->key), entry->value);
    }
    for (size_t i = 0; value->type == LB_LIST && i < lb_value_count(value); i++)
        check(checker, schema->items, lb_list_item(value, i));
}

void lb_stack_check_names(struct lb_stack *stack)
{
    static const char *const regions[] = {"regions/primary", "regions/secondary"};
    struct checker checker = {stack, stack->diags->count};
    for (size_t i = 0; i < 2; i++) {
        const struct lb_value *region = lb_value_at(stack->spec, regions[i]);
        if (region && region->type == LB_STRING && !judged(&checker, region->mark))
            lb_stack_check_region(stack, regions[i]);
    }
    check(&checker, stack->schemas->spec, stack->spec);
}
