/* Waves of reads behind a scripted exchange: what is asked, how often, in which order. */
#include "planner/wave.h"
#include "tests/unit/exchange_fake.h"

FAKE_OP(list_nodes, "ListNodes", "GET", "/nodes?token={Token}", .mutates = false);
FAKE_OP(describe, "Describe", "POST", "/describe", .batch_member = "Names", .batch_max = 3);
FAKE_OP(describe_one, "DescribeOne", "POST", "/one", .batch_member = "Names", .batch_max = 1);

struct wave_test {
    struct planner_kit kit;
    struct fake fake;
    struct lb_refresh refresh;
    size_t done;
};

static void count_done(void *payload, struct lb_resource *resource)
{
    struct wave_test *test = payload;
    CHECK(resource->address, resource->live.status != LB_LIVE_UNREAD);
    test->done++;
}

static void begin(struct wave_test *test)
{
    *test = (struct wave_test){0};
    fake_init(&test->fake, &test->kit);
}

static void read_all(struct wave_test *test, const char *granule)
{
    struct lb_wave *wave = lb_wave_new(&test->kit.engine, test->kit.arena, &test->refresh,
                                       count_done, test);
    for (size_t i = 0; i < test->kit.stack.resource_count; i++)
        lb_wave_add(wave, &test->kit.stack, test->kit.stack.resources[i], granule);
    lb_wave_start(wave);
    test->fake.exchange.run(&test->fake, &test->kit.stop);
}

/* --- merging ---------------------------------------------------------------------------------- */

static const struct lb_op *batched;

/* Answers are the world by name, for whoever is asked. */
static void decode_batch(struct lb_read *read, const struct lb_call *call,
                         const struct lb_answer *answer)
{
    assert_true(lb_read_ok(read, call, answer));
    assert_true(lb_list_has(lb_map_get(call->body, "Names"), read->resource->name));
    assert_int_equal(lb_value_count(lb_map_get(call->body, "Names")), 1);
    read->live->status = LB_LIVE_PRESENT;
}

static int read_batch(struct lb_read *read)
{
    struct lb_call *call = lb_read_call(read, batched);
    lb_list_add_string(read->arena,
                       lb_map_list(read->arena, lb_call_body(read->arena, call), "Names"),
                       read->resource->name);
    read->ask(read, call, decode_batch);
    return 0;
}

static const struct lb_granule batch_granules[] = {
    {"make", read_batch, NULL, false}, {"tags", NULL, NULL, false}, {NULL, NULL, NULL, false}};
static const struct lb_provider batch_node = {.kind = "node", .granules = batch_granules};

static void note_size(struct fake *fake, const struct lb_call *call, const char *what,
                      struct fake_reply *reply)
{
    size_t *sizes = fake->state;
    (void)what;
    (void)reply;
    size_t count = lb_value_count(lb_map_get(call->body, "Names"));
    sizes[count]++;
    CHECK("within the limit", count <= (size_t)call->op->batch_max);
}

static void test_batches(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const struct lb_op *op;
        size_t objects, regions, calls, full;
    } rows[] = {
        {"one", &describe, 1, 1, 1, 0},
        {"full", &describe, 3, 1, 1, 1},
        {"one over", &describe, 4, 1, 2, 1},
        {"two full", &describe, 6, 1, 2, 2},
        {"two places", &describe, 6, 2, 2, 2},
        {"two places, uneven", &describe, 8, 2, 4, 2},
        {"max of one", &describe_one, 3, 1, 3, 0},
        {"many", &describe, 300, 1, 100, 100},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wave_test test;
        size_t sizes[4] = {0};
        begin(&test);
        batched = rows[i].op;
        test.fake.hook = note_size;
        test.fake.state = sizes;
        for (size_t k = 0; k < rows[i].objects; k++) {
            struct lb_resource *resource = kit_add(
                &test.kit, &batch_node, lb_arena_printf(test.kit.arena, "n%zu", k), "{}", NULL);
            resource->region = test.kit.stack.regions[1 + k % rows[i].regions];
        }
        fake_have(&test.fake, "", "{}");
        read_all(&test, NULL);
        CHECK(rows[i].name, test.fake.log_count == rows[i].calls);
        CHECK(rows[i].name, sizes[3] == rows[i].full);
        CHECK(rows[i].name, test.done == rows[i].objects);
        CHECK(rows[i].name, test.refresh.calls == rows[i].calls);
        kit_release(&test.kit);
    }
}

/* --- lists, pages and late askers ------------------------------------------------------------- */

static int list_from(struct lb_read *read, const char *token);

static void decode_page(struct lb_read *read, const struct lb_call *call,
                        const struct lb_answer *answer)
{
    if (!lb_read_ok(read, call, answer))
        return;
    const char *token = lb_text_at(call->params, "Token", "0");
    read->live->status = LB_LIVE_PRESENT;
    lb_map_set_string(read->arena, lb_read_value(read), "peer", token);
    if (strcmp(token, "2") < 0)
        list_from(read, strcmp(token, "1") < 0 ? "1" : "2");
    else
        read->stray(read, "node.stray", "left the spec");
}

static int list_from(struct lb_read *read, const char *token)
{
    struct lb_call *call = lb_read_call(read, &list_nodes);
    lb_call_param(read->arena, call, "Token", token);
    read->ask(read, call, decode_page);
    return 0;
}

static int read_list(struct lb_read *read)
{
    return list_from(read, NULL);
}

static const struct lb_granule list_granules[] = {
    {"make", read_list, NULL, false}, {"tags", NULL, NULL, false}, {NULL, NULL, NULL, false}};
static const struct lb_provider listed_node = {.kind = "node", .granules = list_granules};

static void test_pages(void **state)
{
    (void)state;
    for (int reversed = 0; reversed < 2; reversed++) {
        struct wave_test test;
        begin(&test);
        test.fake.reversed = reversed;
        fake_have(&test.fake, "", "{}");
        fake_have(&test.fake, "first", "{}");
        struct lb_resource *first = kit_add(&test.kit, &node, "first", "{}", NULL);
        for (size_t i = 0; i < 5; i++) {
            struct lb_resource *resource = kit_add(
                &test.kit, &listed_node, lb_arena_printf(test.kit.arena, "n%zu", i), "{}", NULL);
            /* asks when the first page, or all of them, is answered already */
            if (i > 2)
                lb_resource_reads_after(&test.kit.stack, resource,
                                        i == 3 ? first : test.kit.stack.resources[1]);
        }
        read_all(&test, NULL);
        assert_int_equal(fake_count(&test.fake, "ListNodes"), 3);
        assert_int_equal(test.done, 6);
        assert_int_equal(test.refresh.stray_count, 1);
        for (size_t i = 1; i < 6; i++)
            CHECK_TEXT("last page",
                       lb_text_at(test.kit.stack.resources[i]->live.value, "peer", NULL), "2");
        kit_release(&test.kit);
    }
}

/* --- order ------------------------------------------------------------------------------------ */

static void test_reads_after(void **state)
{
    (void)state;
    static const struct {
        bool reversed;
        const char *log;
    } rows[] = {
        {false, "GetNode c, GetNode d, GetNode b, GetNode a"},
        {true, "GetNode c, GetNode d, GetNode b, GetNode a"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wave_test test;
        begin(&test);
        test.fake.reversed = rows[i].reversed;
        struct lb_resource *resources[4];
        static const char *const names[] = {"a", "b", "c", "d"};
        for (size_t k = 0; k < 4; k++)
            resources[k] = kit_add(&test.kit, &node, names[k], "{}", NULL);
        lb_resource_reads_after(&test.kit.stack, resources[0], resources[1]);
        lb_resource_reads_after(&test.kit.stack, resources[0], resources[3]);
        lb_resource_reads_after(&test.kit.stack, resources[1], resources[2]);
        read_all(&test, NULL);
        CHECK_TEXT("order", fake_log(&test.fake, false), rows[i].log);
        assert_int_equal(test.done, 4);
        kit_release(&test.kit);
    }
}

/* What is not in the wave is waited for by nobody. */
static void test_reads_after_absent(void **state)
{
    (void)state;
    struct wave_test test;
    begin(&test);
    struct lb_resource *a = kit_add(&test.kit, &node, "a", "{}", NULL);
    struct lb_resource *b = kit_add(&test.kit, &node, "b", "{}", NULL);
    lb_resource_reads_after(&test.kit.stack, a, b);
    test.kit.stack.resource_count = 1;
    read_all(&test, NULL);
    assert_int_equal(test.done, 1);
    assert_int_equal(a->live.status, LB_LIVE_ABSENT);
    kit_release(&test.kit);
}

/* --- failures --------------------------------------------------------------------------------- */

static void refuse(struct fake *fake, const struct lb_call *call, const char *what,
                   struct fake_reply *reply)
{
    (void)call;
    if (lb_streq(what, fake->state))
        *reply = (struct fake_reply){.outcome = LB_DENIED, .error_code = "AccessDenied"};
}

static void test_failures(void **state)
{
    (void)state;
    static const struct {
        const char *refused;
        bool exists, reversed;
        enum lb_live_status status;
        size_t diags;
    } rows[] = {
        {"", true, false, LB_LIVE_PRESENT, 0},
        {"", false, false, LB_LIVE_ABSENT, 0},
        {"GetNode a", true, false, LB_LIVE_UNREADABLE, 1},
        {"GetNode a", true, true, LB_LIVE_UNREADABLE, 1},
        {"GetDoc a", true, false, LB_LIVE_UNREADABLE, 1},
        {"GetDoc a", true, true, LB_LIVE_UNREADABLE, 1},
        {"GetPair a", false, true, LB_LIVE_UNREADABLE, 1},
        {"GetNode b", true, false, LB_LIVE_PRESENT, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wave_test test;
        begin(&test);
        test.fake.hook = refuse;
        test.fake.state = (void *)rows[i].refused;
        test.fake.reversed = rows[i].reversed;
        if (rows[i].exists)
            fake_have(&test.fake, "a", "{'size': 1, 'doc': {}, 'left': 1}");
        struct lb_resource *a = kit_add(&test.kit, &node, "a", "{'doc': {}, 'left': 1}", NULL);
        kit_add(&test.kit, &node, "b", "{}", NULL);
        read_all(&test, NULL);
        CHECK(rows[i].refused, a->live.status == rows[i].status);
        CHECK(rows[i].refused, test.kit.stack_diags.count == rows[i].diags);
        CHECK(rows[i].refused, test.done == 2);
        kit_release(&test.kit);
    }
}

/* Only what is declared, or always there, is read. */
static void test_wanted(void **state)
{
    (void)state;
    static const struct {
        const char *desired, *observe, *log;
    } rows[] = {
        {"{}", NULL, "GetNode a"},
        {"{'tags': {}}", NULL, "GetNode a"},
        {"{'left': 1}", NULL, "GetNode a, GetPair a"},
        {"{'right': 1, 'doc': {}}", NULL, "GetNode a, GetDoc a, GetPair a"},
        {"{}", "doc", "GetNode a, GetDoc a"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wave_test test;
        begin(&test);
        struct lb_resource *a = kit_add(&test.kit, &node, "a", rows[i].desired, NULL);
        if (rows[i].observe)
            lb_resource_observe(&test.kit.stack, a, rows[i].observe);
        read_all(&test, NULL);
        CHECK_TEXT(rows[i].desired, fake_log(&test.fake, false), rows[i].log);
        kit_release(&test.kit);
    }
}

/* --- one granule again ------------------------------------------------------------------------ */

static void test_partial(void **state)
{
    (void)state;
    static const struct {
        const char *granule, *log, *value, *raw;
    } rows[] = {
        {"make", "GetNode a", "{'arn':'arn:a','doc':{'old':'1'},'left':1,'size':9}",
         "{'doc':{'old':'1'}}"},
        {"tags", "GetNode a", "{'arn':'arn:a','doc':{'old':'1'},'left':1,'size':9}",
         "{'doc':{'old':'1'}}"},
        {"doc", "GetDoc a", "{'arn':'old','doc':{'new':'2'},'left':1,'size':1,'tags':{'t':'1'}}",
         "{'doc':{'new':'2'}}"},
        {"pair", "GetPair a", "{'arn':'old','doc':{'old':'1'},'right':7,'size':1,'tags':{'t':'1'}}",
         "{'doc':{'old':'1'}}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wave_test test;
        begin(&test);
        fake_have(&test.fake, "a", "{'size': 9, 'arn': 'arn:a', 'doc': {'new': '2'}, 'right': 7}");
        struct lb_resource *a = kit_add(
            &test.kit, &node, "a", "{}",
            "{'size': 1, 'arn': 'old', 'tags': {'t': '1'}, 'doc': {'old': '1'}, 'left': 1}");
        a->live.raw = kit_tree(test.kit.arena, "{'doc': {'old': '1'}}");
        const struct lb_value *before = a->live.value;
        const char *said = lb_json_text(test.kit.arena, before);
        read_all(&test, rows[i].granule);
        CHECK_TEXT(rows[i].granule, fake_log(&test.fake, false), rows[i].log);
        CHECK_TEXT(rows[i].granule, lb_json_text(test.kit.arena, a->live.value),
                   kit_quotes(test.kit.arena, rows[i].value));
        CHECK_TEXT(rows[i].granule, lb_json_text(test.kit.arena, a->live.raw),
                   kit_quotes(test.kit.arena, rows[i].raw));
        CHECK_TEXT(rows[i].granule, lb_json_text(test.kit.arena, before), said);
        assert_int_equal(a->live.status, LB_LIVE_PRESENT);
        kit_release(&test.kit);
    }
}

/* An object that was absent is read whole, whichever granule is asked for. */
static void test_partial_of_absent(void **state)
{
    (void)state;
    struct wave_test test;
    begin(&test);
    fake_have(&test.fake, "a", "{'size': 9, 'doc': {}}");
    struct lb_resource *a = kit_add(&test.kit, &node, "a", "{'doc': {}}", NULL);
    read_all(&test, "doc");
    CHECK_TEXT("calls", fake_log(&test.fake, false), "GetNode a, GetDoc a");
    assert_int_equal(a->live.status, LB_LIVE_PRESENT);
    kit_release(&test.kit);
}

/* --- cancelled -------------------------------------------------------------------------------- */

static void test_cancelled(void **state)
{
    (void)state;
    for (size_t stop_at = 1; stop_at < 8; stop_at++) {
        struct wave_test test;
        begin(&test);
        test.fake.stop_at = stop_at;
        struct lb_resource *a = kit_add(&test.kit, &node, "a", "{'doc': {}}", NULL);
        kit_add(&test.kit, &node, "b", "{}", NULL);
        lb_resource_reads_after(&test.kit.stack, a, test.kit.stack.resources[1]);
        a->live.status = LB_LIVE_UNREAD;
        fake_have(&test.fake, "a", "{'doc': {}}");
        read_all(&test, NULL);
        size_t calls = test.fake.log_count;
        test.fake.exchange.cancel(&test.fake);
        test.fake.exchange.run(&test.fake, &test.kit.stop);
        CHECK("what was not read is not taken to be absent", a->live.status != LB_LIVE_ABSENT);
        CHECK("calls after the stop are not sent", test.fake.log_count <= calls + 3);
        kit_release(&test.kit);
    }
}

/* Several things may carry one mark: each is told, once. */
static void test_strays(void **state)
{
    (void)state;
    struct wave_test test;
    begin(&test);
    static const char *const texts[] = {"in b", "in a", "in b"};
    for (size_t i = 0; i < COUNT(texts); i++)
        lb_refresh_stray(&test.refresh, &test.kit.stack, "node.gone", texts[i]);
    lb_refresh_stray(&test.refresh, &test.kit.stack, "node.other", "in a");
    assert_int_equal(test.refresh.stray_count, 2);
    assert_int_equal(lb_value_count(test.refresh.strays[0].what), 2);
    assert_int_equal(lb_value_count(test.refresh.strays[1].what), 1);
    kit_release(&test.kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_strays),
        cmocka_unit_test(test_reads_after),
        cmocka_unit_test(test_reads_after_absent),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_wanted),
        cmocka_unit_test(test_partial),
        cmocka_unit_test(test_partial_of_absent),
        cmocka_unit_test(test_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
