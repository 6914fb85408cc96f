/* clock.c: virtual time. It runs `speed` times as fast as the wall clock and jumps by POST clock;
 * no service reads any other clock. Between two requests time passes in small steps, so that a
 * schedule which fires hourly sees every hour and a domain's stages follow each other.
 */
#include "sandbox/internal.h"

#include "base/time.h"

#define STEP_SHORTEST 60 /* seconds of one tick, while catching up a long time */
#define STEP_LONGEST 3600
#define STEPS_AT_MOST 2000

void sb_clock_start(struct sandbox *sandbox, int64_t at)
{
    struct sandbox_private *private = sandbox->private;
    private->virtual_base_ms = at * 1000;
    private->wall_base_ms = lb_time_monotonic_ms();
    private->now = at;
}

int64_t sb_paced_ms(const struct sandbox *sandbox)
{
    return (int64_t)((double)lb_time_monotonic_ms() * sandbox->speed);
}

int64_t sb_now(const struct sandbox *sandbox)
{
    return sandbox->private->now;
}

static void tick(struct sandbox *sandbox, int64_t now)
{
    sandbox->private->now = now;
    for (size_t i = 0; sb_services[i]; i++) {
        if (sb_services[i]->tick) {
            sb_services[i]->tick(sandbox, now);
        }
    }
}

void sb_clock_catch_up(struct sandbox *sandbox)
{
    struct sandbox_private *private = sandbox->private;
    int64_t wall_ms = lb_time_monotonic_ms() - private->wall_base_ms;
    int64_t target = (private->virtual_base_ms + (int64_t)((double)wall_ms * sandbox->speed)) /
                     1000;
    int64_t step = (target - private->now) / STEPS_AT_MOST;
    if (private->ticking) {
        return;
    }
    private->ticking = true;
    step = step < STEP_SHORTEST ? STEP_SHORTEST : step > STEP_LONGEST ? STEP_LONGEST : step;
    while (private->now + step < target) {
        tick(sandbox, private->now + step);
    }
    /* Also when no second has passed: what a tick does may depend on what was just asked for. */
    tick(sandbox, target > private->now ? target : private->now);
    private->ticking = false;
}

void sb_clock_advance(struct sandbox *sandbox, int64_t seconds)
{
    sandbox->private->virtual_base_ms += seconds * 1000;
    sandbox->private->dirty = true;
    sb_clock_catch_up(sandbox);
}
