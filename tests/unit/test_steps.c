/* From changes to ordered steps: what waits for what, and what a step is known by. */
#include "planner/diff.h"
#include "planner/steps.h"
#include "tests/unit/exchange_fake.h"

#include <time.h>

static struct lb_plan build(struct planner_kit *kit, int wanted)
{
    struct lb_plan plan = {0};
    size_t n = kit->stack.resource_count;
    plan.changes = lb_arena_array(kit->arena, n + 1, sizeof *plan.changes);
    for (size_t i = 0; i < n; i++) {
        lb_diff_resource(kit->arena, &kit->stack, kit->stack.resources[i],
                         &plan.changes[plan.change_count]);
        plan.change_count += plan.changes[plan.change_count].action != LB_ACTION_NONE;
    }
    assert_int_equal(lb_steps_build(kit->arena, &kit->stack, &plan), wanted);
    return plan;
}

/* "1 a:CreateNode; 2 a:PutDoc <1" */
static const char *say(struct planner_kit *kit, const struct lb_plan *plan)
{
    struct lb_str text = {0};
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct lb_step *step = &plan->steps[i];
        const char *call = strchr(step->call, ':');
        lb_str_printf(&text, "%s%s %s:%s", i ? "; " : "", step->id + 1, step->address + 5,
                      call ? call + 1 : step->call);
        for (size_t k = 0; k < step->need_count; k++)
            lb_str_printf(&text, " <%zu", step->needs[k] + 1);
    }
    return lb_str_take(&text, kit->arena);
}

#define FULL "{'size': 1, 'tags': {'t': '1'}, 'doc': {'lb-x': '1'}, 'left': 1, 'right': 2}"

static void test_granules(void **state)
{
    (void)state;
    static const struct {
        const char *name, *desired, *live, *steps;
        bool in_flux, unmanaged;
    } rows[] = {
        {"new: tags go along", FULL, NULL,
         "1 a:CreateNode; 2 a:PutDoc <1; 3 a:PutLeft <2; 4 a:PutRight <3", false, false},
        {"new, bare", "{}", NULL, "1 a:CreateNode", false, false},
        {"new, empty parts", "{'doc': {}, 'tags': {}}", NULL, "1 a:CreateNode", false, false},
        {"nothing differs", "{'size': 1}", "{'size': 1}", "", false, false},
        {"one granule", "{'size': 1, 'tags': {'t': '1'}}", "{'size': 1}", "1 a:PutTags", false,
         false},
        {"one of two calls", "{'left': 1, 'right': 2}", "{'left': 1}", "1 a:PutRight", false,
         false},
        {"all granules", FULL, "{'doc': {'lb-y': '2'}}",
         "1 a:Resize; 2 a:PutTags <1; 3 a:PutDoc <2; 4 a:PutLeft <3; 5 a:PutRight <4", false,
         false},
        {"in flux, differs", "{'size': 2}", "{'size': 1}", "1 a:wait; 2 a:Resize <1", true, false},
        {"in flux, equal", "{'size': 1}", "{'size': 1}", "1 a:wait", true, false},
        {"unmanaged", FULL, "{}", "", false, true},
        {"unmanaged and absent", FULL, NULL, "", false, true},
        {"unmanaged and in flux", FULL, "{}", "", true, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct planner_kit kit;
        kit_init(&kit);
        struct lb_resource *a = kit_add(&kit, &node, "a", rows[i].desired, rows[i].live);
        a->managed = !rows[i].unmanaged;
        if (rows[i].in_flux)
            a->live.status = LB_LIVE_IN_FLUX;
        struct lb_plan plan = build(&kit, 0);
        CHECK_TEXT(rows[i].name, say(&kit, &plan), rows[i].steps);
        kit_release(&kit);
    }
}

/* Needs as "who[:granule] whom[:of]", joined by spaces and commas. */
struct need_row {
    const char *who, *granule, *whom, *of;
};

static void test_needs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct need_row needs[4];
        const char *steps; /* NULL: a circle */
    } rows[] = {
        {"none", {{0}}, "1 a:CreateNode; 2 a:PutDoc <1; 3 b:CreateNode; 4 b:PutDoc <3"},
        {"all of it",
         {{"b", NULL, "a", NULL}},
         "1 a:CreateNode; 2 a:PutDoc <1; 3 b:CreateNode <1 <2; 4 b:PutDoc <3 <1 <2"},
        {"turned round",
         {{"a", NULL, "b", NULL}},
         "1 b:CreateNode; 2 b:PutDoc <1; 3 a:CreateNode <1 <2; 4 a:PutDoc <3 <1 <2"},
        {"a granule of mine",
         {{"a", "doc", "b", NULL}},
         "1 a:CreateNode; 2 b:CreateNode; 3 b:PutDoc <2; 4 a:PutDoc <1 <2 <3"},
        {"a granule of the other",
         {{"a", NULL, "b", "make"}},
         "1 b:CreateNode; 2 b:PutDoc <1; 3 a:CreateNode <1; 4 a:PutDoc <3 <1"},
        {"granule for granule",
         {{"a", "doc", "b", "make"}},
         "1 a:CreateNode; 2 b:CreateNode; 3 b:PutDoc <2; 4 a:PutDoc <1 <2"},
        {"both ways, by granules",
         {{"a", "doc", "b", "make"}, {"b", "doc", "a", "make"}},
         "1 a:CreateNode; 2 b:CreateNode; 3 b:PutDoc <2 <1; 4 a:PutDoc <1 <2"},
        {"said twice",
         {{"b", NULL, "a", "make"}, {"b", NULL, "a", NULL}},
         "1 a:CreateNode; 2 a:PutDoc <1; 3 b:CreateNode <1 <2; 4 b:PutDoc <3 <1 <2"},
        {"a granule without steps",
         {{"a", NULL, "b", "pair"}},
         "1 a:CreateNode; 2 a:PutDoc <1; 3 b:CreateNode; 4 b:PutDoc <3"},
        {"an object without steps",
         {{"a", NULL, "c", NULL}},
         "1 a:CreateNode; 2 a:PutDoc <1; 3 b:CreateNode; 4 b:PutDoc <3"},
        {"circle", {{"a", NULL, "b", NULL}, {"b", NULL, "a", NULL}}, NULL},
        {"circle of granules", {{"a", "make", "b", "doc"}, {"b", "make", "a", "make"}}, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct planner_kit kit;
        kit_init(&kit);
        kit_add(&kit, &node, "a", "{'doc': {'lb-x': '1'}}", NULL);
        kit_add(&kit, &node, "b", "{'doc': {'lb-x': '1'}}", NULL);
        kit_add(&kit, &node, "c", "{'size': 1}", "{'size': 1}");
        for (size_t k = 0; k < COUNT(rows[i].needs) && rows[i].needs[k].who; k++) {
            const struct need_row *need = &rows[i].needs[k];
            lb_resource_need(&kit.stack, kit.stack.resources[need->who[0] - 'a'], need->granule,
                             kit.stack.resources[need->whom[0] - 'a'], need->of);
        }
        struct lb_plan plan = build(&kit, rows[i].steps ? 0 : -1);
        if (rows[i].steps)
            CHECK_TEXT(rows[i].name, say(&kit, &plan), rows[i].steps);
        else
            CHECK_TEXT(rows[i].name, kit.stack_diags.items[0].code, "LB-P001");
        kit_release(&kit);
    }
}

/* A step keeps its digest while what it refers to comes into being, and while its own object does;
 * it gets another when what it would send is another. */
static void test_digests(void **state)
{
    (void)state;
    struct planner_kit kit;
    kit_init(&kit);
    struct lb_resource *a = kit_add(
        &kit, &node, "a", "{'size': 1, 'peer': '?node.b/arn', 'doc': {'lb-x': '1'}}", NULL);
    struct lb_resource *b = kit_add(&kit, &node, "b", "{'size': 1}", NULL);
    struct lb_plan plan = build(&kit, 0);
    const char *create = plan.steps[0].digest, *doc = plan.steps[1].digest;
    assert_true(plan.steps[0].last && plan.steps[1].last);
    b->live.status = LB_LIVE_PRESENT;
    b->live.value = kit_tree(kit.arena, "{'size': 1, 'arn': 'arn:b'}");
    plan = build(&kit, 0);
    CHECK_TEXT("b exists", plan.steps[0].digest, create);
    CHECK_TEXT("b exists", plan.steps[1].digest, doc);
    a->live.status = LB_LIVE_PRESENT;
    a->live.value = kit_tree(kit.arena, "{'size': 1, 'peer': 'arn:b', 'arn': 'arn:a'}");
    plan = build(&kit, 0);
    assert_int_equal(plan.step_count, 1);
    CHECK_TEXT("a exists", plan.steps[0].digest, doc);
    a->live.raw = kit_tree(kit.arena, "{'doc': {'theirs': '1'}}");
    plan = build(&kit, 0);
    CHECK("somebody else's part is content too", strcmp(plan.steps[0].digest, doc) != 0);
    kit_release(&kit);
}

static void test_call_digest(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_call *calls[8];
    for (size_t i = 0; i < COUNT(calls); i++) {
        calls[i] = lb_call_new(arena, &fake_put_doc, i == 1 ? "us-west-2" : "us-east-1");
        lb_call_param(arena, calls[i], "Name", i == 2 ? "b" : "a");
        lb_map_set_int(arena, lb_call_body(arena, calls[i]), "x", i == 3 ? 2 : 1);
    }
    lb_call_header(arena, calls[4], "if-match", "1");
    calls[5]->op = &fake_put_left;
    calls[6]->raw = "bytes";
    calls[6]->raw_length = 5;
    calls[7]->host = "search.example";
    calls[7]->address = "node.a";
    calls[7]->secret = "env:PASSWORD";
    const char *first = lb_call_digest(arena, calls[0]);
    for (size_t i = 1; i < COUNT(calls); i++)
        assert_int_equal(strcmp(lb_call_digest(arena, calls[i]), first) == 0, i == 7);
    lb_arena_free(arena);
}

/* --- in time ---------------------------------------------------------------------------------- */

/* Each needs the one before it, and they stand in the worst order: the last first. */
static double seconds_for(size_t n, bool backwards)
{
    struct planner_kit kit;
    kit_init(&kit);
    for (size_t i = 0; i < n; i++)
        kit_add(&kit, &node, lb_arena_printf(kit.arena, "n%zu", i), "{'size': 1}", NULL);
    for (size_t i = 0; i + 1 < n; i++)
        lb_resource_need(&kit.stack, kit.stack.resources[backwards ? i : i + 1], NULL,
                         kit.stack.resources[backwards ? i + 1 : i], NULL);
    struct lb_plan plan = {0};
    plan.changes = lb_arena_array(kit.arena, n, sizeof *plan.changes);
    for (; plan.change_count < n; plan.change_count++)
        lb_diff_resource(kit.arena, &kit.stack, kit.stack.resources[plan.change_count],
                         &plan.changes[plan.change_count]);
    clock_t begun = clock();
    assert_int_equal(lb_steps_build(kit.arena, &kit.stack, &plan), 0);
    double seconds = (double)(clock() - begun) / CLOCKS_PER_SEC;
    assert_int_equal(plan.step_count, n);
    for (size_t i = 1; i < n; i++)
        assert_int_equal(plan.steps[i].needs[0], i - 1);
    kit_release(&kit);
    return seconds;
}

static void test_growth(void **state)
{
    (void)state;
    for (int backwards = 0; backwards < 2; backwards++) {
        double small = seconds_for(1000, backwards), large = seconds_for(10000, backwards);
        print_message("steps: 1,000 in %.4f s, 10,000 in %.4f s\n", small, large);
        /* quadratic would be a hundredfold; the rest is room for a busy machine */
        CHECK("ten times as many", large < 30 * small + 0.05);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_granules), cmocka_unit_test(test_needs),
        cmocka_unit_test(test_digests),  cmocka_unit_test(test_call_digest),
        cmocka_unit_test(test_growth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
