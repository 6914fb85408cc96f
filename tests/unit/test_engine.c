/* Planning whole stacks: what is selected, what a fleet shares, what makes a plan incomplete. */
#include "planner/select.h"
#include "tests/unit/exchange_fake.h"

#include <time.h>

/* --- select ----------------------------------------------------------------------------------- */

/* c needs b needs a; e needs d and a; f is alone. */
static void add_family(struct planner_kit *kit)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    static const char needs[][2] = {{'b', 'a'}, {'c', 'b'}, {'e', 'd'}, {'e', 'a'}};
    for (size_t i = 0; i < COUNT(names); i++)
        kit_add(kit, &node, names[i], "{'size': 1}", NULL);
    for (size_t i = 0; i < COUNT(needs); i++)
        lb_resource_need(&kit->stack, kit->stack.resources[needs[i][0] - 'a'], NULL,
                         kit->stack.resources[needs[i][1] - 'a'], NULL);
}

static void test_select(void **state)
{
    (void)state;
    static const struct {
        const char *targets[2], *excludes[2], *selected;
    } rows[] = {
        {{NULL}, {NULL}, "abcdef"},
        {{"node.a"}, {NULL}, "a"},
        {{"node.c"}, {NULL}, "abc"},
        {{"node.e"}, {NULL}, "ade"},
        {{"node.f", "node.b"}, {NULL}, "abf"},
        {{NULL}, {"node.f"}, "abcde"},
        {{NULL}, {"node.c"}, "abdef"},
        {{NULL}, {"node.b"}, "adef"},
        {{NULL}, {"node.a"}, "df"},
        {{NULL}, {"node.d", "node.c"}, "abf"},
        {{"node.c"}, {"node.b"}, "a"},
        {{"node.c"}, {"node.f"}, "abc"},
        {{"node.f"}, {"node.f"}, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct planner_kit kit;
        char said[8] = "";
        kit_init(&kit);
        add_family(&kit);
        struct lb_plan_options options = {.targets = rows[i].targets, .excludes = rows[i].excludes};
        while (options.target_count < 2 && rows[i].targets[options.target_count])
            options.target_count++;
        while (options.exclude_count < 2 && rows[i].excludes[options.exclude_count])
            options.exclude_count++;
        assert_int_equal(lb_select(&kit.engine, &kit.stack, &options), 0);
        for (size_t k = 0; k < kit.stack.resource_count; k++)
            if (kit.stack.resources[k]->selected)
                said[strlen(said)] = kit.stack.resources[k]->name[0];
        CHECK_TEXT(lb_arena_printf(kit.arena, "row %zu", i), said, rows[i].selected);
        kit_release(&kit);
    }
}

static void test_select_refused(void **state)
{
    (void)state;
    static const struct {
        const char *address, *remedy;
        bool exclude;
    } rows[] = {
        {"node.lag", "node.log", false},
        {"node.lag", "node.log", true},
        {"bucket.elsewhere", NULL, false},
        {"", NULL, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct planner_kit kit;
        kit_init(&kit);
        kit_add(&kit, &node, "log", "{}", NULL);
        struct lb_plan_options options = {0};
        *(rows[i].exclude ? &options.excludes : &options.targets) = &rows[i].address;
        *(rows[i].exclude ? &options.exclude_count : &options.target_count) = 1;
        assert_int_equal(lb_select(&kit.engine, &kit.stack, &options), -1);
        CHECK_TEXT(rows[i].address, kit.diags.items[0].code, "LB-P003");
        CHECK(rows[i].address,
              !rows[i].remedy || strstr(kit.diags.items[0].remedy, rows[i].remedy));
        kit_release(&kit);
    }
}

/* Circles end, and a chain of thousands is no reason to look again and again. */
static double seconds_to_exclude(size_t n, bool circle)
{
    struct planner_kit kit;
    kit_init(&kit);
    for (size_t i = 0; i < n; i++)
        kit_add(&kit, &node, lb_arena_printf(kit.arena, "n%zu", i), "{}", NULL);
    for (size_t i = 0; i + 1 < n; i++) /* the worst order: each needs the next */
        lb_resource_need(&kit.stack, kit.stack.resources[i], NULL, kit.stack.resources[i + 1],
                         NULL);
    if (circle)
        lb_resource_need(&kit.stack, kit.stack.resources[n - 1], NULL, kit.stack.resources[0],
                         NULL);
    const char *last = kit.stack.resources[n - 1]->address;
    struct lb_plan_options options = {.excludes = &last, .exclude_count = 1};
    clock_t begun = clock();
    assert_int_equal(lb_select(&kit.engine, &kit.stack, &options), 0);
    double seconds = (double)(clock() - begun) / CLOCKS_PER_SEC;
    for (size_t i = 0; i < n; i++)
        assert_false(kit.stack.resources[i]->selected);
    kit_release(&kit);
    return seconds;
}

static void test_select_growth(void **state)
{
    (void)state;
    double small = seconds_to_exclude(1000, false), large = seconds_to_exclude(10000, true);
    print_message("select: 1,000 in %.4f s, 10,000 in %.4f s\n", small, large);
    CHECK("ten times as many", large < 30 * small + 0.05);
}

/* --- plan ------------------------------------------------------------------------------------- */

struct refusal {
    const char *what;
    enum lb_outcome outcome;
};

static void refuse(struct fake *fake, const struct lb_call *call, const char *what,
                   struct fake_reply *reply)
{
    const struct refusal *refusal = fake->state;
    (void)call;
    if (refusal && lb_streq(refusal->what, what))
        *reply = (struct fake_reply){.outcome = refusal->outcome, .error_code = "Refused"};
}

static int plan_one(struct planner_kit *kit, struct lb_plan *plan)
{
    struct lb_stack *stack = &kit->stack;
    struct lb_plan_options options = {0};
    return lb_engine_plan(&kit->engine, &stack, 1, &options, plan);
}

static void test_complete(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct refusal refusal;
        int result;
        bool complete, can_apply;
        const char *diag; /* of the run */
    } rows[] = {
        {"all is read", {"", LB_ANSWERED}, 0, true, true, NULL},
        {"one is not", {"GetNode a", LB_DENIED}, 0, false, false, NULL},
        {"one cannot be reached", {"GetDoc b", LB_UNREACHABLE}, 0, false, false, NULL},
        {"what left the spec", {"GetResources ", LB_DENIED}, 0, true, true, NULL},
        {"who we are", {"GetCallerIdentity ", LB_DENIED}, -1, false, false, "LB-A010"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct planner_kit kit;
        struct fake fake;
        struct lb_plan plan = {0};
        const char *why;
        int code;
        fake_init(&fake, &kit);
        fake.hook = refuse;
        fake.state = (void *)&rows[i].refusal;
        fake_have(&fake, "a", "{'size': 2}");
        kit_add(&kit, &node, "a", "{'size': 1}", NULL);
        kit_add(&kit, &node, "b", "{'doc': {'lb-x': '1'}}", NULL);
        CHECK(rows[i].name, plan_one(&kit, &plan) == rows[i].result);
        CHECK_TEXT(rows[i].name, kit.diags.count ? kit.diags.items[0].code : NULL, rows[i].diag);
        CHECK(rows[i].name, plan.complete == rows[i].complete);
        if (rows[i].result == 0)
            CHECK(rows[i].name, lb_plan_can_apply(&plan, &why, &code) == rows[i].can_apply);
        kit_release(&kit);
    }
}

static void test_wrong_account(void **state)
{
    (void)state;
    struct planner_kit kit;
    struct fake fake;
    struct lb_plan plan = {0};
    fake_init(&fake, &kit);
    kit.stack.account = "444455556666";
    kit_add(&kit, &node, "a", "{}", NULL);
    assert_int_equal(plan_one(&kit, &plan), -1);
    CHECK_TEXT("code", kit.diags.items[0].code, "LB-P002");
    kit_release(&kit);
}

/* Interrupted at any moment: no plan, and no call after it. */
static void test_interrupted(void **state)
{
    (void)state;
    for (size_t at = 1; at < 7; at++) { /* six calls */
        struct planner_kit kit;
        struct fake fake;
        struct lb_plan plan = {0};
        fake_init(&fake, &kit);
        fake.stop_at = at;
        kit_add(&kit, &node, "a", "{'doc': {'lb-x': '1'}}", NULL);
        kit_add(&kit, &node, "b", "{}", NULL);
        assert_int_equal(plan_one(&kit, &plan), -1);
        assert_null(plan.id);
        kit_release(&kit);
    }
}

/* Two stacks that look at the same thing ask for it once; each has its own plan. */
static void test_fleet(void **state)
{
    (void)state;
    struct planner_kit kit;
    struct fake fake;
    struct lb_stack other;
    struct lb_plan plans[2] = {{0}};
    struct lb_plan_options options = {0};
    fake_init(&fake, &kit);
    kit_stack_init(&kit, &other, "other");
    fake_have(&fake, "a", "{'size': 2}");
    kit_add(&kit, &node, "a", "{'size': 1}", NULL);
    kit_add_to(&kit, &other, &node, "a", "{'size': 2}", NULL);
    kit_add_to(&kit, &other, &node, "b", "{'size': 2}", NULL);
    struct lb_stack *stacks[] = {&kit.stack, &other};
    assert_int_equal(lb_engine_plan(&kit.engine, stacks, 2, &options, plans), 0);
    assert_int_equal(fake_count(&fake, "GetNode a"), 1);
    assert_int_equal(fake_count(&fake, "GetNode b"), 1);
    assert_int_equal(fake_count(&fake, "GetCallerIdentity"), 1);
    assert_int_equal(fake_count(&fake, "GetResources"), 2); /* one a region */
    CHECK_TEXT("first", plans[0].changes[0].address, "node.a");
    CHECK_TEXT("second", plans[1].changes[0].address, "node.b");
    assert_int_equal(plans[1].unchanged, 1);
    CHECK("each its own id", strcmp(plans[0].id, plans[1].id) != 0);
    kit_release(&kit);
}

/* The id rests on what is touched or needed: not on the time, not on the rest of the stack. */
static void test_id(void **state)
{
    (void)state;
    static const struct {
        const char *name, *moved, *node;
        bool same;
    } rows[] = {
        {"nothing", "a", "{'size': 2}", true},
        {"touched", "a", "{'size': 3}", false},
        {"needed", "b", "{'size': 1, 'peer': 'x'}", false},
        {"neither", "c", "{'size': 1, 'peer': 'x'}", true},
    };
    const char *first = NULL;
    struct lb_arena *kept = lb_arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct planner_kit kit;
        struct fake fake;
        struct lb_plan plan;
        fake_init(&fake, &kit);
        fake_have(&fake, "a", "{'size': 2}");
        fake_have(&fake, "b", "{'size': 1}");
        fake_have(&fake, "c", "{'size': 1}");
        fake_have(&fake, rows[i].moved, rows[i].node);
        struct lb_resource *a = kit_add(&kit, &node, "a", "{'size': 1}", NULL);
        struct lb_resource *b = kit_add(&kit, &node, "b", "{'size': 1}", NULL);
        kit_add(&kit, &node, "c", "{'size': 1}", NULL);
        lb_resource_need(&kit.stack, a, NULL, b, NULL);
        assert_int_equal(plan_one(&kit, &plan), 0);
        assert_int_equal(plan.step_count, 1);
        first = first ? first : lb_arena_strdup(kept, plan.id);
        CHECK(rows[i].name, lb_streq(plan.id, first) == rows[i].same);
        kit_release(&kit);
    }
    lb_arena_free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_select),        cmocka_unit_test(test_select_refused),
        cmocka_unit_test(test_select_growth), cmocka_unit_test(test_complete),
        cmocka_unit_test(test_wrong_account), cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_fleet),         cmocka_unit_test(test_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
