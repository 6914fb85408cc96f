/* creds_env.c: credentials from the environment, the first source of the chain. */
#include "transport/creds_source.h"

#include "base/str.h"
#include "base/time.h"

#include <stdlib.h>

static const char *get(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static enum lb_creds_found resolve(struct lb_arena *arena, const struct lb_aws_config *config,
                                   struct lb_diags *diags, struct lb_creds *out, const char **why)
{
    (void)arena;
    (void)config;
    const char *access = get("AWS_ACCESS_KEY_ID"), *secret = get("AWS_SECRET_ACCESS_KEY");
    if (!access && !secret) {
        *why = "AWS_ACCESS_KEY_ID is not set";
        return LB_CREDS_ABSENT;
    }
    const char *token = get("AWS_SESSION_TOKEN");
    if (!token)
        token = get("AWS_SECURITY_TOKEN"); /* its old name, still set by some tools */
    enum lb_creds_found found = lb_creds_take(diags, "the environment", access, secret, token, out);
    const char *expires = get("AWS_CREDENTIAL_EXPIRATION");
    if (expires)
        lb_time_parse(expires, &out->expires);
    out->source = "environment";
    return found;
}

const struct lb_creds_source lb_creds_environment = {"environment", resolve};
