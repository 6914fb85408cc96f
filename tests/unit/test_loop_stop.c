/* test_loop_stop.c: an interrupt ends what is read at once, however long the server would take, and
 * waits for what is changed. */
#include "check.h"
#include "loop_fixture.h"

#define SLOW_MS 900

static volatile int stop;

static void interrupt(void *payload)
{
    (void)payload;
    stop = 1;
}

static void test_interrupted(void **state)
{
    static const struct reply silent[] = {{SILENT, 0, NULL, NULL, 0}},
                              slow[] = {{REPLY, 200, NULL, GOOD_BODY, SLOW_MS}};
    static const struct {
        const char *row;
        const struct lb_op *op;
        const struct reply *script;
        enum lb_outcome outcome;
        int64_t least_ms, most_ms;
    } rows[] = {
        {"a read that hangs", &get_versioning, silent, LB_CANCELLED, 0, 10000},
        {"a change that is slow", &put_versioning, slow, LB_ANSWERED, SLOW_MS - 200, 20000},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fixture fixture;
        begin(&fixture, rows[i].script, 1);
        stop = 0;
        int64_t begun_ms = lb_time_monotonic_ms();
        for (size_t k = 0; k < 3; k++)
            submit(&fixture, make(&fixture, rows[i].op));
        /* the loop's own time runs a thousand times as fast */
        fixture.exchange.after(fixture.exchange.self, 100 * 1000, interrupt, NULL);
        fixture.exchange.run(fixture.exchange.self, &stop);
        int64_t took_ms = lb_time_monotonic_ms() - begun_ms;
        CHECK(rows[i].row, answers == 3 && last->outcome == rows[i].outcome);
        if (took_ms < rows[i].least_ms || took_ms > rows[i].most_ms)
            fail_msg("%s: %lld ms", rows[i].row, (long long)took_ms);
        if (rows[i].outcome == LB_CANCELLED)
            CHECK_TEXT(rows[i].row, last->error_code, "Cancelled");
        end(&fixture); /* no connection is left open */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_interrupted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
