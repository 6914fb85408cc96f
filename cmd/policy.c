/* policy.c: what IAM must allow, as policy documents that can be put onto a role. Offline. */
#include "cmd/cli.h"

#include "planner/grant.h"

#include "base/json.h"

static const struct {
    const char *name;
    enum lb_grant_for what_for;
    const char *about;
} purposes[] = {
    {"plan", LB_GRANT_PLAN, "plan and drift of this spec, which only read"},
    {"apply", LB_GRANT_APPLY, "apply of this spec"},
    {"failover", LB_GRANT_FAILOVER,
     "apply with the other side active, in the surviving region alone"},
};
#define PURPOSE_COUNT (sizeof purposes / sizeof *purposes)

/* The same spec with the other side active. NULL, with diagnostics, when that is no good spec. */
static struct lb_stack *turned(struct lb_cli *cli, const struct lb_stack *stack)
{
    struct lb_stack *other = lb_arena_alloc(cli->arena, sizeof *other);
    struct lb_value *spec = lb_value_copy(cli->arena, stack->spec);
    lb_map_set_string(cli->arena, spec, "active", lb_side_name(lb_side_other(stack->active)));
    bool good = lb_stack_init(other, cli->arena, &cli->diags, stack->schemas, stack->source,
                              spec) == 0 &&
                lb_stack_build(other) == 0;
    return good ? other : NULL;
}

/* --- text
 * ----------------------------------------------------------------------------------------- */

static void print_line(struct lb_str *out, struct lb_arena *arena, const char *lead,
                       const char *text, const char *why)
{
    lb_str_printf(out, "  %-5s %s%s%s%s\n", lead, lb_escape(arena, text), why ? "  (" : "",
                  why ? why : "", why ? ")" : "");
}

static void print_condition(struct lb_str *out, struct lb_arena *arena,
                            const struct lb_value *condition)
{
    for (size_t i = 0; i < lb_value_count(condition); i++) {
        const struct lb_entry *op = lb_map_nth(condition, i);
        for (size_t k = 0; k < lb_value_count(op->value); k++) {
            const struct lb_entry *key = lb_map_nth(op->value, k);
            for (size_t v = 0; v < lb_value_count(key->value); v++)
                print_line(out, arena, v ? "or" : "when",
                           lb_arena_printf(arena, "%s %s %s", key->key, op->key,
                                           lb_text(lb_list_item(key->value, v), "")),
                           NULL);
        }
    }
}

static void print_statement(struct lb_str *out, struct lb_arena *arena,
                            const struct lb_value *statement)
{
    const struct lb_value *actions = lb_map_get(statement, "Action");
    const struct lb_value *resources = lb_map_get(statement, "Resource");
    lb_str_putc(out, '\n');
    for (size_t i = 0; i < lb_value_count(actions); i++)
        print_line(out, arena, i ? "" : "allow", lb_text(lb_list_item(actions, i), ""), NULL);
    for (size_t i = 0; i < lb_value_count(resources); i++) {
        const char *arn = lb_text(lb_list_item(resources, i), "");
        print_line(out, arena, i ? "" : "on", arn, lb_grant_why(arn));
    }
    print_condition(out, arena, lb_map_get(statement, "Condition"));
}

static void print_text(struct lb_str *out, struct lb_arena *arena, size_t purpose,
                       const struct lb_value *documents)
{
    size_t count = lb_value_count(documents);
    lb_str_printf(out, "%s%s: %s\n", out->length ? "\n" : "", purposes[purpose].name,
                  purposes[purpose].about);
    for (size_t i = 0; i < count; i++) {
        const struct lb_value *document = lb_list_item(documents, i);
        const struct lb_value *statements = lb_map_get(document, "Statement");
        size_t size = lb_grant_size(document);
        lb_str_printf(out, "document %zu of %zu: %zu characters, fits %s\n", i + 1, count, size,
                      size > LB_GRANT_MANAGED_MAX ? "an inline policy only"
                                                  : "a managed policy and an inline one");
        for (size_t k = 0; k < lb_value_count(statements); k++)
            print_statement(out, arena, lb_list_item(statements, k));
    }
}

/* --- the verb
 * ------------------------------------------------------------------------------------- */

/* One document is what `aws iam put-role-policy` takes; several stay a list. */
static struct lb_value *as_json(struct lb_value *documents)
{
    return lb_value_count(documents) == 1 ? lb_list_item(documents, 0) : documents;
}

static int print_policies(struct lb_cli *cli, const struct lb_stack *stack)
{
    const char *only = lb_option(cli, "for", NULL);
    bool json = lb_streq(lb_option(cli, "format", "text"), "json");
    struct lb_value *all = lb_value_map(cli->arena), *last = NULL;
    struct lb_str out = {0};
    for (size_t i = 0; i < PURPOSE_COUNT; i++) {
        if (only && !lb_streq(only, purposes[i].name))
            continue;
        bool turn = purposes[i].what_for == LB_GRANT_FAILOVER;
        const struct lb_stack *of = turn ? turned(cli, stack) : stack;
        if (!of)
            continue;
        struct lb_value *documents = lb_grant_documents(cli->arena, of, purposes[i].what_for);
        last = as_json(documents);
        lb_map_set(cli->arena, all, purposes[i].name, last);
        if (!json)
            print_text(&out, cli->arena, i, documents);
    }
    lb_map_sort(all);
    if (json && last)
        lb_json_write(&out, only ? last : all, 2);
    lb_out(cli, &out);
    lb_str_release(&out);
    return lb_diags_exit(&cli->diags);
}

int lb_cmd_policy(struct lb_cli *cli)
{
    struct lb_stack **stacks;
    size_t count;
    if (lb_load_stacks(cli, &stacks, &count) != 0)
        return lb_exit_of_specs(cli, stacks, count);
    return print_policies(cli, stacks[0]);
}
