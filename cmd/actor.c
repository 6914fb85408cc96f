/* actor.c: see actor.h. One row a variable that a CI system sets.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/variables
 * https://docs.gitlab.com/ci/variables/predefined_variables/
 * https://circleci.com/docs/reference/variables/
 * https://buildkite.com/docs/pipelines/configure/environment-variables
 * https://learn.microsoft.com/azure/devops/pipelines/build/variables */
#include "cmd/actor.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *first_of(const char *const *names)
{
    for (; *names; names++) {
        const char *value = getenv(*names);
        if (value && *value)
            return value;
    }
    return NULL;
}

static const char *system_user(void)
{
    const struct passwd *user = getpwuid(geteuid());
    return user && user->pw_name ? user->pw_name : "unknown";
}

static const char *github_run(struct lb_arena *arena)
{
    const char *server = getenv("GITHUB_SERVER_URL");
    const char *repository = getenv("GITHUB_REPOSITORY");
    const char *run = getenv("GITHUB_RUN_ID");
    if (!server || !repository || !run)
        return NULL;
    return lb_arena_printf(arena, "%s/%s/actions/runs/%s", server, repository, run);
}

/* A link is for everybody who reads the ledger; user and password in it are not. */
static const char *without_user(struct lb_arena *arena, const char *url)
{
    const char *host = url ? strstr(url, "://") : NULL;
    if (!host)
        return url;
    host += strlen("://");
    size_t length = strcspn(host, "/?#");
    const char *after = host + length;
    while (after > host && after[-1] != '@')
        after--;
    return after == host ? url : lb_arena_printf(arena, "%.*s%s", (int)(host - url), url, after);
}

void lb_actor_find(struct lb_arena *arena, struct lb_actor *out)
{
    static const char *const users[] = {"LIFEBOAT_ACTOR",
                                        "GITHUB_ACTOR",
                                        "GITLAB_USER_LOGIN",
                                        "CIRCLE_USERNAME",
                                        "BUILDKITE_BUILD_CREATOR",
                                        "BUILD_REQUESTEDFOR",
                                        NULL};
    static const char *const runs[] = {"LIFEBOAT_RUN_URL",    "CI_JOB_URL", "CIRCLE_BUILD_URL",
                                       "BUILDKITE_BUILD_URL", "BUILD_URL",  NULL};
    char host[256] = "";
    *out = (struct lb_actor){.who = first_of(users), .run = first_of(runs)};
    if (!out->who)
        out->who = lb_arena_strdup(arena, system_user());
    if (!out->run)
        out->run = github_run(arena);
    out->run = without_user(arena, out->run);
    if (gethostname(host, sizeof host - 1) == 0 && *host)
        out->host = lb_arena_strdup(arena, host);
}
