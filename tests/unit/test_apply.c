/* Running a plan against a service that answers late, wrongly, or not at all. */
#include "tests/unit/apply_kit.h"

#define FULL "{'size': 1, 'tags': {'t': '1'}, 'doc': {'lb-x': '1'}, 'left': 1, 'right': 2}"

static void test_done(void **state)
{
    (void)state;
    static const struct {
        const char *name, *desired, *live, *calls;
    } rows[] = {
        {"nothing", FULL, FULL, ""},
        {"new", FULL, NULL, "CreateNode a, PutDoc a, PutLeft a, PutRight a"},
        {"one granule", FULL, "{'size': 1, 'tags': {'t': '1'}, 'doc': {'lb-x': '1'}, 'left': 1}",
         "PutRight a"},
        {"shared document", "{'doc': {'lb-x': '1'}}", "{'doc': {'lb-x': '2', 'theirs': '3'}}",
         "PutDoc a"},
        {"own tags only", "{'tags': {'t': '2'}}", "{'tags': {'t': '1'}}", "PutTags a"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct apply_test test;
        apply_init(&test, NULL);
        if (rows[i].live)
            fake_have(&test.fake, "a", rows[i].live);
        kit_add(&test.kit, &node, "a", rows[i].desired, NULL);
        apply_plan(&test);
        apply_run(&test);
        CHECK(rows[i].name, test.code == LB_EXIT_OK);
        CHECK(rows[i].name, test.result.done == test.plan.step_count);
        CHECK_TEXT(rows[i].name, fake_log(&test.fake, true), rows[i].calls);
        apply_plan(&test); /* the closing plan is empty */
        CHECK(rows[i].name, test.plan.step_count == 0);
        apply_release(&test);
    }
}

/* What others wrote in a shared document is there afterwards. */
static void test_foreign_is_kept(void **state)
{
    (void)state;
    struct apply_test test;
    apply_init(&test, NULL);
    fake_have(&test.fake, "a", "{'doc': {'lb-old': '2', 'theirs': '3'}}");
    kit_add(&test.kit, &node, "a", "{'doc': {'lb-x': '1'}}", NULL);
    apply_plan(&test);
    apply_run(&test);
    CHECK_TEXT("doc", lb_json_text(test.kit.arena, lb_map_get(fake_node(&test.fake, "a"), "doc")),
               "{\"theirs\":\"3\",\"lb-x\":\"1\"}");
    apply_release(&test);
}

static void test_order(void **state)
{
    (void)state;
    for (int reversed = 0; reversed < 2; reversed++) {
        struct apply_test test;
        apply_init(&test, NULL);
        test.fake.reversed = reversed;
        kit_add(&test.kit, &node, "a", "{'size': 1}", NULL);                       /* 5 s */
        kit_add(&test.kit, &node, "b", "{'size': 1, 'doc': {'lb-x': '1'}}", NULL); /* 7 s */
        kit_add(&test.kit, &node, "c", "{'size': 1, 'left': 1, 'doc': {'lb-x': '1'}}", NULL);
        kit_add(&test.kit, &node, "d", "{'size': 1, 'peer': '?node.a/arn'}", NULL);
        kit_add(&test.kit, &node, "e", "{'size': 1}", NULL);
        lb_resource_need(&test.kit.stack, test.kit.stack.resources[3], NULL,
                         test.kit.stack.resources[0], NULL);
        apply_plan(&test);
        apply_run(&test);
        assert_int_equal(test.code, LB_EXIT_OK);
        apply_check_once(&test);
        /* a, with what needs it, and c take ten seconds, b seven, e five; equals in plan order */
        static const char begin[] = "start s1, start s4, start s2, start s8, ";
        CHECK("longest first", strncmp(lb_str_text(&test.events), begin, sizeof begin - 1) == 0);
        CHECK_TEXT("known by then", lb_text_at(fake_node(&test.fake, "d"), "peer", NULL), "arn:a");
        apply_release(&test);
    }
}

#define ANSWER(...)                                                                                \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* The stack: a is new with everything; b is new and needs a; c is new and alone. */
static const struct {
    const char *name;
    struct trouble trouble;
    const char *calls; /* of a */
    const char *diag;  /* NULL: all is done */
    size_t done, failed, not_started;
} troubles[] = {
    {"none", {0}, "CPLR", NULL, 6, 0, 0},
    {"answer lost, work done",
     {"CreateNode a", 1, ANSWER(LB_FAILED, NULL, true, 0), 0, 0},
     "CPLR",
     NULL,
     6,
     0,
     0},
    {"answer lost, work not done",
     {"CreateNode a", 1, ANSWER(LB_FAILED, NULL, false, 0), 0, 0},
     "CCPLR",
     NULL,
     6,
     0,
     0},
    {"answers lost, work never done",
     {"CreateNode a", 0, ANSWER(LB_FAILED, NULL, false, 0), 0, 0},
     "CCCC",
     "LB-A017",
     1,
     1,
     4},
    {"refused",
     {"CreateNode a", 1, ANSWER(LB_REFUSED, "Invalid", false, 0), 0, 0},
     "C",
     "LB-A021",
     1,
     1,
     4},
    {"refused, yet done",
     {"CreateNode a", 1, ANSWER(LB_REFUSED, "Odd", true, 0), 0, 0},
     "CPLR",
     NULL,
     6,
     0,
     0},
    {"denied",
     {"PutDoc a", 1, ANSWER(LB_DENIED, "AccessDenied", false, 0), 0, 0},
     "CP",
     "LB-A010",
     2,
     1,
     3},
    {"not found",
     {"PutDoc a", 1, ANSWER(LB_NOT_FOUND, "NoSuchNode", false, 0), 0, 0},
     "CP",
     "LB-A022",
     2,
     1,
     3},
    {"unreachable",
     {"PutLeft a", 1, ANSWER(LB_UNREACHABLE, NULL, false, 0), 0, 0},
     "CPL",
     "LB-A014",
     3,
     1,
     2},
    {"throttled to the end",
     {"PutRight a", 1, ANSWER(LB_THROTTLED, NULL, false, 0), 0, 0},
     "CPLR",
     "LB-A013",
     4,
     1,
     1},
    {"already so",
     {"CreateNode a", 1, ANSWER(LB_REFUSED, "AlreadySo", true, 0), 0, 0},
     "CPLR",
     NULL,
     6,
     0,
     0},
    {"first of two lost, done",
     {"PutLeft a", 1, ANSWER(LB_FAILED, NULL, true, 0), 0, 0},
     "CPLR",
     NULL,
     6,
     0,
     0},
    {"first of two lost, not done",
     {"PutLeft a", 1, ANSWER(LB_FAILED, NULL, false, 0), 0, 0},
     "CPL",
     "LB-A017",
     3,
     1,
     2},
    {"last of two lost, done",
     {"PutRight a", 1, ANSWER(LB_FAILED, NULL, true, 0), 0, 0},
     "CPLR",
     NULL,
     6,
     0,
     0},
    {"not yet, once",
     {"PutDoc a", 1, ANSWER(LB_REFUSED, "NotYet", false, 0), 0, 0},
     "CPPLR",
     NULL,
     6,
     0,
     0},
    {"not yet either, once",
     {"PutDoc a", 1, ANSWER(LB_REFUSED, "NotYetEither", false, 0), 0, 0},
     "CPPLR",
     NULL,
     6,
     0,
     0},
    {"a part of a code is another",
     {"PutDoc a", 1, ANSWER(LB_REFUSED, "Not", false, 0), 0, 0},
     "CP",
     "LB-A021",
     2,
     1,
     3},
    {"not yet, ever",
     {"PutDoc a", 0, ANSWER(LB_REFUSED, "NotYet", false, 0), 0, 0},
     "CPPPPPP",
     "LB-A021",
     2,
     1,
     3},
    {"accepted, nothing done",
     {"PutDoc a", 1, ANSWER(LB_ANSWERED, NULL, false, 0), 0, 0},
     "CP",
     "LB-P021",
     2,
     1,
     3},
    {"read back at the second time",
     {"GetNode a", 1, ANSWER(LB_DENIED, "Denied", false, 0), 0, 0},
     "CPLR",
     NULL,
     6,
     0,
     0},
    {"never read back",
     {"GetNode a", 0, ANSWER(LB_DENIED, "Denied", false, 0), 0, 0},
     "C",
     "LB-A010",
     1,
     1,
     4},
    {"slow answers",
     {"PutDoc a", 1, ANSWER(LB_ANSWERED, NULL, true, 20000), 0, 0},
     "CPLR",
     NULL,
     6,
     0,
     0},
};

static void test_trouble(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(troubles); i++) {
        struct apply_test test;
        apply_init(&test, &troubles[i].trouble);
        kit_add(&test.kit, &node, "a", FULL, NULL);
        kit_add(&test.kit, &node, "b", "{'peer': '?node.a/arn'}", NULL);
        kit_add(&test.kit, &node, "c", "{'size': 1}", NULL);
        lb_resource_need(&test.kit.stack, test.kit.stack.resources[1], NULL,
                         test.kit.stack.resources[0], NULL);
        apply_plan(&test);
        apply_run(&test);
        struct lb_str calls = {0};
        for (size_t k = 0; k < test.fake.log_count; k++) {
            const char *what = test.fake.log[k];
            if (strncmp(what, "Get", 3) != 0 && lb_ends_with(what, " a"))
                lb_str_putc(&calls,
                            lb_starts_with(what, "Put") && what[3] != 'D' ? what[3] : what[0]);
        }
        CHECK_TEXT(troubles[i].name, lb_str_text(&calls), troubles[i].calls);
        lb_str_release(&calls);
        const struct lb_diags *diags = &test.kit.diags;
        CHECK_TEXT(troubles[i].name, diags->count ? diags->items[0].code : NULL, troubles[i].diag);
        CHECK(troubles[i].name, test.result.done == troubles[i].done);
        CHECK(troubles[i].name, test.result.failed == troubles[i].failed);
        CHECK(troubles[i].name, test.result.not_started == troubles[i].not_started);
        CHECK(troubles[i].name, (test.code == LB_EXIT_OK) == !troubles[i].diag);
        CHECK(troubles[i].name, !troubles[i].diag || lb_streq(diags->items[0].address, "node.a"));
        apply_release(&test);
    }
}

/* A domain is waited for for hours; who is not allowed to look any more waits for minutes. */
static void test_shut_out(void **state)
{
    (void)state;
    static const struct trouble trouble = {"GetNode a", 0,
                                           ANSWER(LB_DENIED, "AccessDenied", false, 0), 0, 0};
    struct apply_test test;
    apply_init(&test, &trouble);
    kit_add(&test.kit, &node, "a", FULL, NULL);
    apply_plan(&test);
    const struct lb_kind *kind = test.kit.stack.resources[0]->kind;
    struct lb_granule_schema *granules = (struct lb_granule_schema *)kind->granules;
    for (size_t i = 0; i < kind->granule_count; i++)
        granules[i].wait_s = 6 * 3600;
    struct lb_exchange *exchange = &test.fake.exchange;
    int64_t begun_ms = exchange->now_ms(exchange->self);
    apply_run(&test);
    assert_in_range(exchange->now_ms(exchange->self) - begun_ms, 299000, 330000);
    assert_int_equal(test.result.failed, 1);
    CHECK_TEXT("the last refusal", test.kit.diags.items[0].code, "LB-A010");
    assert_int_equal(test.code, LB_EXIT_CREDENTIALS);
    apply_release(&test);
}

/* A document that others write too is looked at again right before it is replaced. */
static void test_shared(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct trouble trouble;
        const char *calls, *diag;
        int code;
    } rows[] = {
        {"as it was", {0}, "PutDoc a", NULL, LB_EXIT_OK},
        {"somebody added a part",
         {"GetDoc a", 1, ANSWER(LB_ANSWERED, NULL, true, 0), "a",
          "{'doc': {'theirs': '1', 'new': '2'}}"},
         "",
         "LB-P022",
         LB_EXIT_STALE},
        {"somebody changed a part",
         {"GetDoc a", 1, ANSWER(LB_ANSWERED, NULL, true, 0), "a", "{'doc': {'theirs': '9'}}"},
         "",
         "LB-P022",
         LB_EXIT_STALE},
        {"somebody did our work",
         {"GetDoc a", 1, ANSWER(LB_ANSWERED, NULL, true, 0), "a",
          "{'doc': {'theirs': '2', 'lb-x': '1'}}"},
         "",
         NULL,
         LB_EXIT_OK},
        {"unreadable",
         {"GetDoc a", 1, ANSWER(LB_DENIED, "AccessDenied", false, 0), 0, 0},
         "",
         "LB-P024",
         LB_EXIT_CREDENTIALS},
        {"unreachable",
         {"GetDoc a", 1, ANSWER(LB_UNREACHABLE, NULL, false, 0), 0, 0},
         "",
         "LB-P024",
         LB_EXIT_UNREACHABLE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct apply_test test;
        apply_init(&test, &rows[i].trouble);
        fake_have(&test.fake, "a", "{'doc': {'theirs': '1'}}");
        kit_add(&test.kit, &node, "a", "{'doc': {'lb-x': '1'}}", NULL);
        apply_plan(&test);
        apply_run(&test);
        const struct lb_diags *diags = &test.kit.diags;
        CHECK_TEXT(rows[i].name, fake_log(&test.fake, true), rows[i].calls);
        CHECK_TEXT(rows[i].name, diags->count ? diags->items[0].code : NULL, rows[i].diag);
        CHECK(rows[i].name, test.code == rows[i].code);
        apply_release(&test);
    }
}

/* What was made and does not work is not missing: a rerun finds nothing to do, so the exit code
 * does not say that it would go on; it does where something was not begun. */
static void test_unusable(void **state)
{
    (void)state;
    static const struct trouble unusable = {"PutDoc a", 1, ANSWER(LB_REFUSED, "Unusable", true, 0),
                                            0, 0};
    static const struct {
        const char *name;
        bool dependent;
        int code;
    } rows[] = {{"alone", false, LB_EXIT_ERROR}, {"with a dependent", true, LB_EXIT_PARTIAL}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct apply_test test;
        apply_init(&test, &unusable);
        fake_have(&test.fake, "a", "{'size': 1}");
        kit_add(&test.kit, &node, "a", "{'size': 1, 'doc': {'lb-x': '1'}}", NULL);
        if (rows[i].dependent) {
            kit_add(&test.kit, &node, "b", "{'size': 1}", NULL);
            lb_resource_need(&test.kit.stack, test.kit.stack.resources[1], NULL,
                             test.kit.stack.resources[0], NULL);
        }
        apply_plan(&test);
        apply_run(&test);
        CHECK(rows[i].name, test.code == rows[i].code);
        CHECK(rows[i].name, test.result.failed == 1 && test.result.unusable == 1);
        CHECK_TEXT(rows[i].name, test.kit.diags.items[0].code, "LB-A021");
        apply_plan(&test);
        CHECK(rows[i].name, test.plan.step_count == rows[i].dependent);
        apply_release(&test);
    }
}

/* b is there, but does not tell what a needs of it. */
static void test_unknown(void **state)
{
    (void)state;
    struct apply_test test;
    apply_init(&test, NULL);
    fake_have(&test.fake, "b", "{'size': 2}");
    kit_add(&test.kit, &node, "a", "{'peer': '?node.b/arn'}", NULL);
    kit_add(&test.kit, &node, "b", "{'size': 1}", NULL);
    lb_resource_need(&test.kit.stack, test.kit.stack.resources[0], NULL,
                     test.kit.stack.resources[1], NULL);
    apply_plan(&test);
    apply_run(&test);
    CHECK_TEXT("calls", fake_log(&test.fake, true), "Resize b");
    CHECK_TEXT("code", test.kit.diags.items[0].code, "LB-P023");
    CHECK_TEXT("detail", test.kit.diags.items[0].detail, "fake:CreateNode");
    apply_release(&test);
}

/* What is in flux is waited for before it is changed; a wait has a deadline too. */
static void test_flux(void **state)
{
    (void)state;
    static const struct {
        size_t settles_at;
        const char *calls, *diag;
    } rows[] = {{1, "Resize a", NULL}, {5, "Resize a", NULL}, {1000, "", "LB-P021"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct apply_test test;
        const struct trouble settle = {
            "GetNode a", rows[i].settles_at, {LB_ANSWERED, NULL, true, 0}, "a", "{'size': 2}"};
        apply_init(&test, &settle);
        fake_have(&test.fake, "a", "{'size': 2, 'settling': true}");
        kit_add(&test.kit, &node, "a", "{'size': 1}", NULL);
        apply_plan(&test);
        assert_true(test.plan.steps[0].waits);
        apply_run(&test);
        CHECK_TEXT("calls", fake_log(&test.fake, true), rows[i].calls);
        CHECK_TEXT("code", test.kit.diags.count ? test.kit.diags.items[0].code : NULL,
                   rows[i].diag);
        apply_release(&test);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_done),     cmocka_unit_test(test_foreign_is_kept),
        cmocka_unit_test(test_order),    cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_shut_out), cmocka_unit_test(test_shared),
        cmocka_unit_test(test_unknown),  cmocka_unit_test(test_flux),
        cmocka_unit_test(test_unusable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
