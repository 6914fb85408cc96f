/* The door to a region that is assumed down: nothing is sent there, whoever asks and by whatever
 * name.
 */
#include "tests/unit/loop_fixture.h"

static const struct lb_service iam = {.id = "iam",
                                      .signing = "iam",
                                      .prefix = "iam",
                                      .endpoint_id = "IAM",
                                      .wire = LB_WIRE_QUERY,
                                      .version = "2010-05-08",
                                      .global = true};
static const struct lb_op list_roles = {
    .service = &iam, .name = "ListRoles", .method = "POST", .path = "/"};

static void test_assumed_down(void **state)
{
    (void)state;
    static const struct {
        const char *region, *down[2];
        bool global, to_cluster, sent;
    } rows[] = {
        {"us-west-2", {NULL}, false, false, true},
        {"us-west-2", {"us-west-2"}, false, false, false},
        {"us-west-2", {"us-west-2"}, false, true, false},
        {"us-west-2", {"us-east-1", "us-west-2"}, false, true, false},
        {"us-west-2", {"us-east-1"}, false, false, true},
        {"us-west-2", {"us-east-1"}, false, true, true},
        /* a global service is where it is run from, not where the object is */
        {"us-west-2", {"us-east-1"}, true, false, false},
        {"us-west-2", {"us-west-2"}, true, false, true},
        {"us-gov-east-1", {"us-gov-west-1"}, true, false, false},
        {"us-gov-east-1", {"us-east-1"}, true, false, true},
        {"cn-northwest-1", {"cn-north-1"}, true, false, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        static const struct reply script[] = {
            {REPLY, 403, NULL, "<Error><Code>No</Code></Error>", 0}};
        struct fixture fixture;
        begin(&fixture, script, COUNT(script));
        size_t count = 0;
        while (count < 2 && rows[i].down[count])
            count++;
        lb_loop_assume_down(fixture.loop, rows[i].down, count);
        struct lb_call *call = rows[i].global
                                   ? lb_call_new(fixture.arena, &list_roles, NULL)
                                   : make(&fixture,
                                          rows[i].to_cluster ? &get_snapshots : &get_versioning);
        call->region = rows[i].region;
        const struct lb_answer *answer = ask(&fixture, call);
        assert_int_equal(answer->attempts > 0, rows[i].sent);
        assert_int_equal(lb_streq(answer->error_code, "AssumedDown"), !rows[i].sent);
        if (!rows[i].sent)
            assert_int_equal(answer->outcome, LB_UNREACHABLE);
        end(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_assumed_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
