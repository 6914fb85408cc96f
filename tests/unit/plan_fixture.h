/* plan_fixture.h: a plan with something of everything, for the tests that read and compare plans.
 */
#ifndef LB_TESTS_UNIT_PLAN_FIXTURE_H
#define LB_TESTS_UNIT_PLAN_FIXTURE_H

#include "tests/unit/planner_kit.h"

static inline void plan_changes(struct lb_arena *arena, struct lb_plan *plan,
                                const struct lb_source *source)
{
    static const char *foreign[] = {"tags/x"}, *unknown[] = {"peer"};
    plan->changes = lb_arena_array(arena, 3, sizeof *plan->changes);
    plan->change_count = 2;
    plan->changes[0] = (struct lb_change){
        .address = "node.a",
        .kind = "node",
        .side = "",
        .region = "us-east-1",
        .action = LB_ACTION_UPDATE,
        .reason = "live differs from the spec",
        .before = kit_tree(arena, "{'size': 9007199254740993, 'peer': null}"),
        .after = kit_tree(arena, "{'size': 9007199254740992, 'peer': '?node.b/arn'}"),
        .foreign = foreign,
        .foreign_count = 1,
        .unknown = unknown,
        .unknown_count = 1,
        .risk = "low",
        .disruption = "it restarts",
        .mark = {source, 3, 5, 3, 6}};
    struct lb_field *fields = lb_arena_array(arena, 2, sizeof *fields);
    fields[0] = (struct lb_field){.path = "size",
                                  .before = kit_tree(arena, "-9007199254740993"),
                                  .after = kit_tree(arena, "12"),
                                  .reason = "stated at line 3",
                                  .granule = "make"};
    fields[1] = (struct lb_field){.path = "peer",
                                  .after = kit_tree(arena, "'?node.b/arn'"),
                                  .reason = "derived from b",
                                  .granule = "make"};
    plan->changes[0].fields = fields;
    plan->changes[0].field_count = 2;
    plan->changes[1] = (struct lb_change){.address = "node.b",
                                          .kind = "node",
                                          .side = "primary",
                                          .region = "us-west-2",
                                          .action = LB_ACTION_CREATE,
                                          .risk = "none"};
}

static inline void plan_steps(struct lb_arena *arena, struct lb_plan *plan)
{
    static const struct {
        const char *address, *granule, *call, *digest;
    } rows[] = {{"node.b", "make", "fake:CreateNode", "d1"},
                {"node.a", "make", "fake:Resize", "d2"},
                {"node.a", "doc", "fake:PutDoc", "d3"}};
    plan->steps = lb_arena_array(arena, COUNT(rows) + 1, sizeof *plan->steps);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_step *step = &plan->steps[plan->step_count++];
        *step = (struct lb_step){.id = lb_arena_printf(arena, "s%zu", i + 1),
                                 .address = rows[i].address,
                                 .granule = rows[i].granule,
                                 .call = rows[i].call,
                                 .title = "do it",
                                 .plane = "control",
                                 .service = "fake",
                                 .region = "us-east-1",
                                 .digest = rows[i].digest,
                                 .risk = "low",
                                 .estimate_s = 5};
        step->needs = lb_arena_array(arena, COUNT(rows), sizeof *step->needs);
        for (size_t k = 0; k < i; k++)
            step->needs[step->need_count++] = k;
    }
}

static inline void plan_rest(struct lb_arena *arena, struct lb_plan *plan,
                             const struct lb_source *source)
{
    plan->findings = lb_arena_array(arena, 2, sizeof *plan->findings);
    plan->finding_count = 2;
    plan->findings[0] = (struct lb_diag){.code = "LB-H001",
                                         .severity = LB_WARNING,
                                         .summary = "it may be lost",
                                         .detail = "node.a",
                                         .why = "because",
                                         .remedy = "keep it",
                                         .address = "node.a",
                                         .mark = {source, 3, 5, 4, 2}};
    plan->findings[1] = (struct lb_diag){.code = "LB-A010",
                                         .severity = LB_INFO,
                                         .summary = "denied",
                                         .service = "fake",
                                         .operation = "GetNode",
                                         .request_id = "r1",
                                         .error_code = "AccessDenied",
                                         .http_status = 403};
    plan->observed = lb_arena_array(arena, 4, sizeof *plan->observed);
    plan->observed_count = 3;
    plan->observed[0] = (struct lb_observed){"node.a", "present", "o1", true};
    plan->observed[1] = (struct lb_observed){"node.b", "absent", "o2", true};
    plan->observed[2] = (struct lb_observed){"node.c", "in_flux", "o3", false};
}

static inline struct lb_plan plan_fixture(struct lb_arena *arena, const struct lb_source *source)
{
    struct lb_plan plan = {.tool_version = "0.1.0",
                           .made_at = "2026-01-02T03:04:05Z",
                           .complete = true,
                           .stack = "test",
                           .account = "111122223333",
                           .partition = "aws",
                           .regions = {NULL, "us-east-1", "us-west-2"},
                           .active = "primary",
                           .spec_path = "lifeboat.yaml",
                           .spec_git_path = "dr/lifeboat.yaml",
                           .spec_digest = "abcd",
                           .rpo_s = 3600,
                           .rto_s = 1800,
                           .rpo_supported_s = 1200,
                           .rpo_evidence = "drill of yesterday",
                           .unchanged = 4};
    plan_changes(arena, &plan, source);
    plan_steps(arena, &plan);
    plan_rest(arena, &plan, source);
    lb_plan_seal(arena, &plan);
    return plan;
}

#endif
