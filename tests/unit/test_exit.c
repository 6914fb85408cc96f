/* Which of two outcomes is reported: the contract's order, for every pair. */
#include "base/diag.h"
#include "base/exit.h"
#include "tests/unit/check.h"

/* 130 and 143 are one rank: the first of them counts. */
static const int order[] = {130, 64, 9, 8, 7, 4, 3, 5, 6, 1, 2, 0};

static void test_every_pair(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(order); i++)
        for (size_t k = 0; k < COUNT(order); k++) {
            int worse = order[i < k ? i : k];
            if (lb_exit_worse(order[i], order[k]) != worse)
                fail_msg("of %d and %d: %d, not %d", order[i], order[k],
                         lb_exit_worse(order[i], order[k]), worse);
        }
}

static void test_signals(void **state)
{
    (void)state;
    for (size_t i = 1; i < COUNT(order); i++) {
        assert_int_equal(lb_exit_worse(143, order[i]), 143);
        assert_int_equal(lb_exit_worse(order[i], 143), 143);
    }
}

/* A code that is none of ours is a plain error. */
static void test_strange(void **state)
{
    (void)state;
    static const struct {
        int a, b, worse;
    } rows[] = {{77, 0, 77}, {0, 77, 77}, {77, 2, 77}, {77, 6, 6}, {6, 77, 6}, {-1, 9, 9}};
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(lb_exit_worse(rows[i].a, rows[i].b), rows[i].worse);
}

/* Of several diagnostics, the one that a pipeline has to know first. */
static void test_diagnostics(void **state)
{
    (void)state;
    static const struct {
        const char *codes[3];
        int exit;
    } rows[] = {
        {{NULL}, 0},
        {{"LB-P001"}, 1},
        {{"LB-P021", "LB-P001"}, 6},
        {{"LB-P021", "LB-P022", "LB-P001"}, 4},
        {{"LB-P020", "LB-A010"}, 9},
        {{"LB-A014", "LB-P022"}, 8},
        {{"LB-P003", "LB-A010", "LB-A014"}, 64},
        {{"LB-P030"}, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        lb_diags_init(&diags, arena);
        for (size_t k = 0; k < COUNT(rows[i].codes) && rows[i].codes[k]; k++) {
            struct lb_diag diag = {.code = rows[i].codes[k]};
            lb_diags_add(&diags, &diag);
        }
        assert_int_equal(lb_diags_exit(&diags), rows[i].exit);
        lb_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_strange),
        cmocka_unit_test(test_diagnostics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
