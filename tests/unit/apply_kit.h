/* apply_kit.h: a plan from the fake's world, run against it, with one thing going wrong. */
#ifndef LB_TESTS_UNIT_APPLY_KIT_H
#define LB_TESTS_UNIT_APPLY_KIT_H

#include "base/exit.h"
#include "planner/diff.h"
#include "planner/steps.h"
#include "planner/wave.h"
#include "tests/unit/exchange_fake.h"

/* Goes wrong at the nth such call of the apply (0: at all of them). */
struct trouble {
    const char *what;
    size_t nth;
    struct fake_reply reply;
    /* instead of or besides the reply: the world becomes */
    const char *name, *node;
};

struct apply_test {
    struct planner_kit kit;
    struct fake fake;
    struct lb_refresh refresh;
    struct lb_plan plan;
    struct lb_apply_options options;
    struct lb_apply_result result;
    struct lb_str events;
    const struct trouble *trouble;
    size_t seen;
    bool applying;
    int code;
};

static inline void apply_hook(struct fake *fake, const struct lb_call *call, const char *what,
                              struct fake_reply *reply)
{
    struct apply_test *test = fake->state;
    const struct trouble *trouble = test->trouble;
    (void)call;
    if (!test->applying || !trouble || !lb_streq(trouble->what, what))
        return;
    if (++test->seen != trouble->nth && trouble->nth)
        return;
    *reply = trouble->reply;
    if (trouble->name)
        fake_have(fake, trouble->name, trouble->node);
}

static inline void apply_event(void *payload, const struct lb_event *event)
{
    static const char *const words[] = {"start", "progress", "done", "failed"};
    struct apply_test *test = payload;
    if (event->type != LB_EVENT_STEP_PROGRESS)
        lb_str_printf(&test->events, "%s%s %s", test->events.length ? ", " : "", words[event->type],
                      event->step->id);
}

static inline void apply_init(struct apply_test *test, const struct trouble *trouble)
{
    *test = (struct apply_test){.trouble = trouble};
    fake_init(&test->fake, &test->kit);
    test->fake.hook = apply_hook;
    test->fake.state = test;
    test->options = (struct lb_apply_options){.on_event = apply_event, .payload = test};
}

static inline void apply_release(struct apply_test *test)
{
    lb_str_release(&test->events);
    kit_release(&test->kit);
}

/* Reads the world and plans what differs. */
static inline void apply_plan(struct apply_test *test)
{
    struct planner_kit *kit = &test->kit;
    struct lb_wave *wave = lb_wave_new(&kit->engine, kit->arena, &test->refresh, NULL, NULL);
    size_t n = kit->stack.resource_count;
    for (size_t i = 0; i < n; i++)
        lb_wave_add(wave, &kit->stack, kit->stack.resources[i], NULL);
    lb_wave_start(wave);
    test->fake.exchange.run(&test->fake, &kit->stop);
    test->plan = (struct lb_plan){.id = "approved", .complete = true};
    test->plan.changes = lb_arena_array(kit->arena, n + 1, sizeof *test->plan.changes);
    for (size_t i = 0; i < n; i++) {
        struct lb_change *change = &test->plan.changes[test->plan.change_count];
        lb_diff_resource(kit->arena, &kit->stack, kit->stack.resources[i], change);
        test->plan.change_count += change->action != LB_ACTION_NONE;
    }
    assert_int_equal(lb_steps_build(kit->arena, &kit->stack, &test->plan), 0);
    test->fake.log_count = 0;
}

static inline void apply_run(struct apply_test *test)
{
    test->applying = true;
    test->fake.events = 0;
    test->code = lb_apply_run(&test->kit.engine, &test->kit.stack, &test->plan, &test->options,
                              &test->result);
    test->applying = false;
}

/* No mutating call was sent twice, but for what is to be sent until it is taken. */
static inline void apply_check_once(const struct apply_test *test)
{
    for (size_t i = 0; i < test->fake.log_count; i++)
        if (strncmp(test->fake.log[i], "Get", 3) != 0)
            CHECK(test->fake.log[i], fake_count(&test->fake, test->fake.log[i]) == 1);
}

#endif
