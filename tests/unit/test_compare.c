/* Is what would be done now still what was approved? One row says what moved, and the words. */
#include "tests/unit/plan_fixture.h"

static const struct lb_source source = {"lifeboat.yaml", "", 0};

static void drop_step(struct lb_plan *plan, size_t at)
{
    for (size_t i = at; i + 1 < plan->step_count; i++)
        plan->steps[i] = plan->steps[i + 1];
    plan->step_count--;
}

static void nothing(struct lb_plan *plan)
{
    plan->made_at = "2027-01-01T00:00:00Z";
}

static void satisfied(struct lb_plan *plan)
{
    drop_step(plan, 0);
    plan->observed[1].digest = "o2b";
    plan->observed[1].status = "present";
}

static void partly_satisfied(struct lb_plan *plan)
{
    drop_step(plan, 2);
    plan->observed[0].digest = "o1b";
}

static void all_satisfied(struct lb_plan *plan)
{
    plan->step_count = plan->change_count = 0;
    for (size_t i = 0; i < plan->observed_count; i++)
        plan->observed[i].digest = "moved", plan->observed[i].relevant = false;
}

static void unrelated_moved(struct lb_plan *plan)
{
    plan->observed[2].digest = "o3b";
}

static void new_step(struct lb_plan *plan)
{
    plan->steps[plan->step_count] = plan->steps[2];
    plan->steps[plan->step_count].granule = "pair";
    plan->steps[plan->step_count++].call = "fake:PutPair";
}

static void changed_step(struct lb_plan *plan)
{
    plan->steps[2].digest = "d3b";
}

static void other_call(struct lb_plan *plan)
{
    plan->steps[2].call = "fake:DeleteDoc";
}

static void other_object(struct lb_plan *plan)
{
    plan->steps[2].address = "node.d";
}

static void moved_target(struct lb_plan *plan)
{
    plan->observed[0].digest = "o1b";
}

/* One attribute has another value, one is as in the spec now, one differs since; tags came and
 * went. */
static void moved_in_parts(struct lb_plan *plan)
{
    static const char *foreign[] = {"tags/y"};
    static const struct lb_value empty = {.type = LB_NULL};
    moved_target(plan);
    plan->changes[0].fields[0].before = &empty;
    plan->changes[0].fields[1].path = "left";
    plan->changes[0].foreign = foreign;
}

static void moved_dependency(struct lb_plan *plan)
{
    plan->observed[2].relevant = true;
    plan->observed[2].digest = "o3b";
}

static void appeared(struct lb_plan *plan)
{
    plan->observed[1].status = "present";
    plan->observed[1].digest = "o2b";
}

static void left(struct lb_plan *plan)
{
    plan->observed_count = 1;
}

static void joined(struct lb_plan *plan)
{
    plan->observed[plan->observed_count++] = (struct lb_observed){"node.d", "present", "o4", true};
}

static void other_spec(struct lb_plan *plan)
{
    plan->spec_digest = "ef01";
}

static void other_account(struct lb_plan *plan)
{
    plan->account = "444455556666";
    plan->partition = "aws-cn";
}

static void other_regions(struct lb_plan *plan)
{
    plan->regions[LB_SIDE_PRIMARY] = "eu-west-1";
    plan->regions[LB_SIDE_SECONDARY] = "eu-west-2";
}

static void other_stack(struct lb_plan *plan)
{
    plan->stack = "production";
}

/* What --target leaves out is not satisfied by that. */
static void other_selection(struct lb_plan *plan)
{
    static struct lb_diag finding = {.code = "LB-P037", .detail = "left out: node.a"};
    all_satisfied(plan);
    plan->findings = &finding;
    plan->finding_count = 1;
}

static void several(struct lb_plan *plan)
{
    other_spec(plan);
    changed_step(plan);
    moved_target(plan);
}

static const struct {
    const char *name;
    void (*move)(struct lb_plan *now);
    const char *words; /* NULL: passes */
} rows[] = {
    {"nothing", nothing, NULL},
    {"a step is satisfied", satisfied, NULL},
    {"a granule is satisfied", partly_satisfied, NULL},
    {"all is satisfied", all_satisfied, NULL},
    {"something else moved", unrelated_moved, NULL},
    {"new step", new_step, "node.a: do it (fake:PutPair) was not approved\n"},
    {"changed content", changed_step, "node.a: do it (fake:PutDoc) was not approved\n"},
    {"other call", other_call, "node.a: do it (fake:DeleteDoc) was not approved\n"},
    {"other object", other_object, "node.d: do it (fake:PutDoc) was not approved\n"},
    {"target moved", moved_target, "node.a has changed since the plan was made\n"},
    {"target moved in parts", moved_in_parts,
     "node.a has changed since the plan was made\n    size has another value\n"
     "    left differs from the spec now\n    peer is as in the spec now\n"
     "    tags/y was added by others\n    tags/x was taken away by others\n"},
    {"dependency moved", moved_dependency, "node.c has changed since the plan was made\n"},
    {"object appeared", appeared, "node.b was absent, is now present\n"},
    {"object left", left, "node.b is not part of the stack any more\n"},
    {"object joined", joined, "node.d was not looked at when the plan was made\n"},
    {"spec", other_spec, "the spec (SHA-256) was abcd, is now ef01\n"},
    {"account", other_account,
     "the account was 111122223333, is now 444455556666\n"
     "the partition was aws, is now aws-cn\n"},
    {"regions", other_regions,
     "the primary region was us-east-1, is now eu-west-1\n"
     "the secondary region was us-west-2, is now eu-west-2\n"},
    {"selection", other_selection,
     "the selection (--target, --exclude) was everything, is now left out: node.a\n"},
    {"stack", other_stack, "the stack was test, is now production\n"},
    {"several", several,
     "the spec (SHA-256) was abcd, is now ef01\n"
     "node.a: do it (fake:PutDoc) was not approved\n"
     "node.a has changed since the plan was made\n"},
};

static void test_compare(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_plan approved = plan_fixture(arena, &source), now = plan_fixture(arena, &source);
        struct lb_str words = {0};
        rows[i].move(&now);
        lb_plan_seal(arena, &now);
        int result = lb_plan_compare(&approved, &now, &words);
        CHECK_TEXT(rows[i].name, lb_str_text(&words), rows[i].words ? rows[i].words : "");
        CHECK(rows[i].name, result == (rows[i].words ? -1 : 0));
        lb_str_release(&words);
        lb_arena_free(arena);
    }
}

/* A file may claim any id, call every object unimportant, and add steps: what differs, differs. */
static void test_forged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_plan approved = plan_fixture(arena, &source), now = plan_fixture(arena, &source);
        struct lb_str words = {0};
        rows[i].move(&now);
        lb_plan_seal(arena, &now);
        approved.id = now.id;
        for (size_t k = 0; k < approved.observed_count; k++)
            approved.observed[k].relevant = false;
        int result = lb_plan_compare(&approved, &now, &words);
        bool gone = rows[i].move ==
                    left; /* what does not matter may leave: nothing is done to it */
        CHECK(rows[i].name, result == (gone || !rows[i].words ? 0 : -1));
        lb_str_release(&words);
        lb_arena_free(arena);
    }
}

/* The id covers what the plan rests on and does, and nothing else. */
static void test_seal(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*move)(struct lb_plan *);
        bool same;
    } seals[] = {
        {"made at", nothing, true},
        {"unrelated", unrelated_moved, true},
        {"step", changed_step, false},
        {"call", other_call, false},
        {"new step", new_step, false},
        {"target", moved_target, false},
        {"dependency", moved_dependency, false},
        {"spec", other_spec, false},
        {"account", other_account, false},
        {"regions", other_regions, false},
        {"stack", other_stack, false},
        {"satisfied", satisfied, false},
    };
    for (size_t i = 0; i < COUNT(seals); i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_plan a = plan_fixture(arena, &source), b = plan_fixture(arena, &source);
        CHECK_TEXT("the same plan", a.id, b.id);
        seals[i].move(&b);
        lb_plan_seal(arena, &b);
        CHECK(seals[i].name, lb_streq(a.id, b.id) == seals[i].same);
        CHECK(seals[i].name, strlen(b.id) == 64);
        lb_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_seal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
