/* Runs that end early: a signal at every moment, a deadline, and plans of thousands of steps. */
#include "tests/unit/apply_kit.h"

#include <time.h>

static void prepare_stack(struct apply_test *test)
{
    apply_init(test, NULL);
    fake_have(&test->fake, "a", "{'doc': {'theirs': '1'}}");
    kit_add(&test->kit, &node, "a", "{'doc': {'lb-x': '1'}, 'left': 1, 'right': 2}", NULL);
    kit_add(&test->kit, &node, "b", "{'size': 1, 'doc': {'lb-x': '1'}}", NULL);
    kit_add(&test->kit, &node, "c", "{'size': 1}", NULL);
    lb_resource_need(&test->kit.stack, test->kit.stack.resources[2], NULL,
                     test->kit.stack.resources[0], NULL);
    apply_plan(test);
}

static void check_states(struct apply_test *test, size_t at)
{
    const struct lb_apply_result *result = &test->result;
    const char *events = lb_str_text(&test->events);
    for (size_t i = 0; i < test->plan.step_count; i++) {
        const struct lb_step *step = &test->plan.steps[i];
        const char *row = lb_arena_printf(test->kit.arena, "stopped before event %zu, step %s: %s",
                                          at, step->id, events);
        const char *began = lb_arena_printf(test->kit.arena, "start %s", step->id);
        const char *ended = lb_arena_printf(test->kit.arena, "done %s", step->id);
        bool started = strstr(events, began) != NULL;
        CHECK(row, (result->states[i] == LB_STEP_DONE) == (strstr(events, ended) != NULL));
        CHECK(row, result->states[i] != LB_STEP_WAITING);
        CHECK(row, started || result->states[i] == LB_STEP_NOT_STARTED);
        for (size_t k = 0; started && k < step->need_count; k++)
            CHECK(row, result->states[step->needs[k]] == LB_STEP_DONE);
    }
}

/* Whenever the signal comes: nothing new begins, nothing is sent twice, every step has a state that
 * fits the events, and a second run does the rest. */
static void test_interrupted(void **state)
{
    (void)state;
    bool whole = false;
    size_t at = 1;
    for (; !whole && at < 200; at++) {
        struct apply_test test;
        prepare_stack(&test);
        test.fake.stop_at = at;
        apply_run(&test);
        whole = !test.result.interrupted;
        CHECK("exit", test.code == (whole ? LB_EXIT_OK : LB_EXIT_INTERRUPTED));
        apply_check_once(&test);
        check_states(&test, at);
        CHECK("the exchange was told", test.fake.cancels == !whole);
        if (!whole) {
            test.kit.stop = 0;
            test.fake.stop_at = 0;
            test.fake.job_count = 0; /* a new process */
            apply_plan(&test);
            apply_run(&test);
            CHECK("the rest", test.code == LB_EXIT_OK);
        }
        apply_plan(&test);
        CHECK("all is done", test.plan.step_count == 0);
        apply_release(&test);
    }
    assert_in_range(at, 10, 199);
}

/* A signal that came before the first step: nothing is sent at all. */
static void test_interrupted_before(void **state)
{
    (void)state;
    struct apply_test test;
    prepare_stack(&test);
    test.kit.stop = LB_EXIT_TERMINATED;
    apply_run(&test);
    assert_int_equal(test.code, LB_EXIT_TERMINATED);
    assert_int_equal(test.fake.log_count, 0);
    assert_int_equal(test.result.not_started, test.plan.step_count);
    apply_release(&test);
}

/* --timeout ends the run: what is under way ends as it is, and nothing is written after it. */
static void test_timeout(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct trouble trouble;
        const char *calls;
        size_t done;
        int code;
    } rows[] = {
        {"in time", {0}, "PutDoc a, PutLeft a, PutRight a", 3, LB_EXIT_OK},
        {"a document is read too slowly",
         {"GetDoc a", 1, {LB_ANSWERED, NULL, true, 20000}, NULL, NULL},
         "",
         0,
         LB_EXIT_PARTIAL},
        {"a write takes too long",
         {"PutDoc a", 1, {LB_ANSWERED, NULL, true, 20000}, NULL, NULL},
         "PutDoc a",
         1,
         LB_EXIT_PARTIAL},
        {"it does not become so",
         {"PutDoc a", 1, {LB_ANSWERED, NULL, false, 0}, NULL, NULL},
         "PutDoc a",
         0,
         LB_EXIT_PARTIAL},
        {"not yet, for long",
         {"PutDoc a", 0, {LB_REFUSED, "NotYet", false, 0}, NULL, NULL},
         "PutDoc a, PutDoc a, PutDoc a, PutDoc a",
         0,
         LB_EXIT_PARTIAL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct apply_test test;
        apply_init(&test, &rows[i].trouble);
        fake_have(&test.fake, "a", "{'doc': {'theirs': '1'}}");
        kit_add(&test.kit, &node, "a", "{'doc': {'lb-x': '1'}, 'left': 1, 'right': 2}", NULL);
        test.options.timeout_s = 10;
        apply_plan(&test);
        apply_run(&test);
        CHECK_TEXT(rows[i].name, fake_log(&test.fake, true), rows[i].calls);
        CHECK(rows[i].name, test.result.done == rows[i].done);
        CHECK(rows[i].name, test.code == rows[i].code);
        CHECK(rows[i].name, !test.result.interrupted);
        apply_release(&test);
    }
}

static const struct lb_diag over = {
    .code = "LB-A011", .severity = LB_ERROR, .exit = LB_EXIT_CREDENTIALS, .detail = "over"};

static void end_credentials(struct fake *fake, const struct lb_call *call, const char *what,
                            struct fake_reply *reply)
{
    (void)call;
    if (lb_starts_with(what, fake->state) || fake->barred) {
        fake->barred = &over;
        *reply = (struct fake_reply){.outcome = LB_EXPIRED, .error_code = "ExpiredToken"};
    }
}

/* Nothing begins and nothing is polled once the credentials are over; that comes before "in part".
 */
static void test_credentials_over(void **state)
{
    (void)state;
    static const struct {
        const char *at, *calls;
        size_t done, not_started;
    } rows[] = {
        {"GetDoc a", "", 0, 3},
        {"PutDoc a", "PutDoc a", 0, 3},
        {"PutLeft a", "PutDoc a, PutLeft a", 1, 2},
        {"GetPair a", "PutDoc a, PutLeft a, PutRight a", 2, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct apply_test test;
        apply_init(&test, NULL);
        fake_have(&test.fake, "a", "{'doc': {'theirs': '1'}}");
        kit_add(&test.kit, &node, "a", "{'doc': {'lb-x': '1'}, 'left': 1, 'right': 2}", NULL);
        apply_plan(&test);
        size_t before = test.fake.log_count;
        test.fake.hook = end_credentials;
        test.fake.state = (void *)rows[i].at;
        apply_run(&test);
        CHECK_TEXT(rows[i].at, fake_log(&test.fake, true), rows[i].calls);
        CHECK(rows[i].at, test.code == LB_EXIT_CREDENTIALS);
        CHECK(rows[i].at, test.result.done == rows[i].done);
        CHECK(rows[i].at, test.result.not_started == rows[i].not_started);
        CHECK(rows[i].at, test.fake.log_count - before < 9);
        apply_release(&test);
    }
}

/* --- in time ---------------------------------------------------------------------------------- */

static int never(struct lb_read *read)
{
    read->live->status = LB_LIVE_PRESENT;
    return 0;
}

static void submit_at_once(void *self, const struct lb_permit *permit, struct lb_arena *arena,
                           const struct lb_call *call, lb_answer_fn *done, void *payload)
{
    struct fake *fake = self;
    (void)permit;
    (void)call;
    struct fake_job job = {.done = done, .payload = payload};
    job.answer = lb_arena_alloc(arena, sizeof *job.answer);
    fake_push(fake, job);
}

/* First in, first out, in constant time each: the fake itself is quadratic. */
static void run_in_order(void *self, const volatile int *stop)
{
    struct fake *fake = self;
    (void)stop;
    for (size_t i = 0; i < fake->job_count; i++) {
        struct fake_job job = fake->jobs[i];
        if (job.timer)
            job.fn(job.payload);
        else
            job.done(job.payload, job.answer);
    }
    fake->job_count = 0;
}

static int write_size(struct lb_write *write)
{
    if (write->create)
        fake_emit(write, &fake_create, "size");
    return 0;
}

static const struct lb_granule fast_granules[] = {
    {"make", never, write_size, false}, {"tags", NULL, NULL, false}, {"doc", NULL, NULL, false},
    {"pair", NULL, NULL, false},        {NULL, NULL, NULL, false},
};
static const struct lb_provider fast_node = {.kind = "node", .granules = fast_granules};

static double seconds_for(size_t n)
{
    struct apply_test test;
    apply_init(&test, NULL);
    for (size_t i = 0; i < n; i++)
        kit_add(&test.kit, &fast_node, lb_arena_printf(test.kit.arena, "n%zu", i), "{}", NULL);
    test.plan = (struct lb_plan){.id = "approved"};
    test.plan.changes = lb_arena_array(test.kit.arena, n, sizeof *test.plan.changes);
    for (size_t i = 0; i < n; i++)
        lb_diff_resource(test.kit.arena, &test.kit.stack, test.kit.stack.resources[i],
                         &test.plan.changes[test.plan.change_count++]);
    assert_int_equal(lb_steps_build(test.kit.arena, &test.kit.stack, &test.plan), 0);
    test.options.on_event = NULL;
    test.fake.exchange.submit = submit_at_once;
    test.fake.exchange.run = run_in_order;
    clock_t begun = clock();
    apply_run(&test);
    double seconds = (double)(clock() - begun) / CLOCKS_PER_SEC;
    assert_int_equal(test.code, LB_EXIT_OK);
    assert_int_equal(test.result.done, n);
    apply_release(&test);
    return seconds;
}

static void test_growth(void **state)
{
    (void)state;
    double small = seconds_for(1000), large = seconds_for(10000);
    print_message("apply: 1,000 in %.4f s, 10,000 in %.4f s\n", small, large);
    CHECK("ten times as many", large < 30 * small + 0.05);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interrupted), cmocka_unit_test(test_interrupted_before),
        cmocka_unit_test(test_timeout),     cmocka_unit_test(test_credentials_over),
        cmocka_unit_test(test_growth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
