/* refresh.c: reading the live state of whole stacks, and who we are while doing it. */
#include "planner/release.h"
#include "planner/wave.h"

#include "base/exit.h"
#include "transport/explain.h"
#include "transport/identity.h"

#include <string.h>

struct identity {
    struct lb_engine *engine;
    const struct lb_call *call;
    const char *account, *arn;
    struct lb_diag problem;
    bool failed;
};

static void identified(void *payload, const struct lb_answer *answer)
{
    struct identity *identity = payload;
    struct lb_arena *arena = identity->engine->arena;
    if (answer->outcome != LB_ANSWERED) {
        identity->failed = true;
        lb_answer_diag(arena, identity->call, answer, &identity->problem);
        return;
    }
    lb_identity_read(answer, &identity->account, &identity->arn);
}

/* Asks beside the reads: the answer gates the result, not the start. STS of the active side, so
 * that a dead region does not stop a failover; of the other where that one is assumed down. */
static void ask_identity(struct identity *identity, const struct lb_stack *stack)
{
    struct lb_engine *engine = identity->engine;
    const char *region = stack->regions[stack->active];
    if (lb_region_assumed_down(stack, region))
        region = stack->regions[lb_side_other(stack->active)];
    identity->call = lb_call_new(engine->arena, &lb_op_caller_identity, region);
    engine->exchange->submit(engine->exchange->self, NULL, engine->arena, identity->call,
                             identified, identity);
}

/* A session of a role is no principal of its own: its role is.
 * arn:aws:sts::1:assumed-role/ci/run-7 -> arn:aws:iam::1:role/ci */
static const char *principal_of(struct lb_arena *arena, const char *arn)
{
    const char *mark = strstr(arn, ":assumed-role/");
    const char *service = strstr(arn, ":sts:");
    if (!mark || !service)
        return arn;
    const char *name = mark + strlen(":assumed-role/");
    const char *account = service + strlen(":sts:");
    return lb_arena_printf(arena, "%.*s:iam:%.*s:role/%.*s", (int)(service - arn), arn,
                           (int)(mark - account), account, (int)strcspn(name, "/"), name);
}

static int check_identity(const struct identity *identity, struct lb_stack *const *stacks,
                          size_t count)
{
    struct lb_diags *diags = identity->engine->diags;
    if (identity->failed) {
        /* Of one kind of refusal this call's is told, whichever came first; one of another kind
         * knows more: keys that were renewed with those of another account, say. */
        const struct lb_exchange *exchange = identity->engine->exchange;
        const struct lb_diag *refusal = exchange->barred(exchange->self);
        bool other = refusal && !lb_streq(refusal->code, identity->problem.code);
        lb_diags_add(diags, other ? refusal : &identity->problem);
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        const struct lb_value *account = lb_map_get(stacks[i]->spec, "account");
        if (!lb_streq(identity->account, stacks[i]->account))
            return lb_diags_error(diags, "LB-P002", account->mark,
                                  "the credentials belong to account %s, the spec is for %s",
                                  identity->account, stacks[i]->account);
    }
    const char *principal = principal_of(identity->engine->arena, identity->arn);
    for (size_t i = 0; i < count; i++)
        stacks[i]->caller = principal;
    return 0;
}

/* With --target nothing is said of the rest of the stack, so nothing is listed either. */
static bool whole(struct lb_stack *const *stacks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < stacks[i]->resource_count; k++)
            if (!stacks[i]->resources[k]->selected)
                return false;
    return true;
}

/* What was never read would be planned as absent, and made anew. */
static void check_all_read(struct lb_stack *const *stacks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < stacks[i]->resource_count; k++) {
            const struct lb_resource *resource = stacks[i]->resources[k];
            if (resource->selected && resource->live.status == LB_LIVE_UNREAD)
                LB_BUG("%s was not read: reads wait for each other", resource->address);
        }
}

int lb_refresh_run(struct lb_engine *engine, struct lb_stack *const *stacks, size_t stack_count,
                   struct lb_refresh *out)
{
    struct identity identity = {.engine = engine};
    ask_identity(&identity, stacks[0]);
    struct lb_wave *wave = lb_wave_new(engine, engine->arena, out, NULL, NULL);
    for (size_t i = 0; i < stack_count; i++)
        for (size_t k = 0; k < stacks[i]->resource_count; k++)
            if (stacks[i]->resources[k]->selected && !stacks[i]->resources[k]->assumed_down)
                lb_wave_add(wave, stacks[i], stacks[i]->resources[k], NULL);
    if (whole(stacks, stack_count)) {
        out->release = lb_release_ask(engine, stacks, stack_count, out);
        for (size_t i = 0; i < stack_count; i++)
            lb_wave_survey(wave, stacks[i]);
    }
    lb_wave_start(wave);
    engine->exchange->run(engine->exchange->self, engine->stop);
    if (engine->stop && *engine->stop)
        return -1;
    check_all_read(stacks, stack_count);
    out->caller = identity.arn;
    out->calls++;
    return check_identity(&identity, stacks, stack_count);
}
