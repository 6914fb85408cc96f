/* creds.c: the credential chain and the settings that AWS tools share.
 *
 * The chain is the table `sources`, tried in the order of the SDKs; a new source is a file and a
 * row. `unread` names what the SDKs would also look at: when no source has credentials and one of
 * these is set, the message says so, and a profile that asks for a role never falls back to the
 * bare keys beside it, which would be another identity.
 */
#include "transport/creds_source.h"

#include "base/digest.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

static const struct lb_creds_source *const sources[] = {
    &lb_creds_environment,
    &lb_creds_shared_file,
    &lb_creds_config_file,
};

static const struct {
    bool profile; /* a key of the profile; else an environment variable */
    const char *name;
} unread[] = {
    {true, "role_arn"},
    {true, "web_identity_token_file"},
    {true, "sso_session"},
    {true, "sso_start_url"},
    {true, "credential_process"},
    {false, "AWS_WEB_IDENTITY_TOKEN_FILE"},
    {false, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"},
    {false, "AWS_CONTAINER_CREDENTIALS_FULL_URI"},
};

static const char *const secret_keys[] = {"aws_access_key_id", "aws_secret_access_key",
                                          "aws_session_token", "aws_security_token"};

static const char *env(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* --- settings --------------------------------------------------------------------------------- */
/* The profile's public settings; the key pair stays in the file. */
static const struct lb_value *public_settings(struct lb_arena *arena,
                                              const struct lb_value *section)
{
    if (!section)
        return NULL;
    struct lb_value *settings = lb_value_map(arena);
    for (size_t i = 0; i < lb_value_count(section); i++) {
        const struct lb_entry *entry = lb_map_nth(section, i);
        bool secret = false;
        for (size_t k = 0; k < sizeof secret_keys / sizeof *secret_keys; k++)
            secret = secret || lb_streq(secret_keys[k], entry->key);
        if (!secret)
            lb_map_set(arena, settings, entry->key, lb_value_copy(arena, entry->value));
    }
    return settings;
}

static int unknown_profile(struct lb_arena *arena, struct lb_diags *diags, const char *profile,
                           const struct lb_aws_file *config, const struct lb_aws_file *shared)
{
    const struct lb_aws_file *const files[] = {config, shared};
    const char **names = NULL;
    size_t count = 0, capacity = 0;
    for (size_t f = 0; f < 2; f++)
        for (size_t i = 0; i < lb_value_count(files[f]->values); i++) {
            const char *key = lb_map_nth(files[f]->values, i)->key;
            names = lb_arena_grow(arena, names, count, count + 1, sizeof *names, &capacity);
            names[count++] = lb_starts_with(key, "profile ") ? key + 8 : key;
        }
    const char *near = lb_nearest(profile, names, count);
    return lb_diags_error(diags, "LB-A003", NULL, "profile \"%s\" is in neither %s nor %s%s%s%s",
                          profile, config->path, shared->path, near ? "; did you mean \"" : "",
                          near ? near : "", near ? "\"?" : "");
}

static int load_profile(struct lb_arena *arena, struct lb_diags *diags, bool named,
                        struct lb_aws_config *out)
{
    struct lb_aws_file config, shared;
    if (lb_aws_file_open(arena, diags, true, &config) < 0)
        return -1;
    if (lb_aws_file_open(arena, diags, false, &shared) < 0) {
        lb_aws_file_release(&config);
        return -1;
    }
    int status = 0;
    const struct lb_value *section = lb_aws_file_profile(arena, &config, true, out->profile);
    if (named && !section && !lb_aws_file_profile(arena, &shared, false, out->profile))
        status = unknown_profile(arena, diags, out->profile, &config, &shared);
    out->profile_values = public_settings(arena, section);
    const char *services = lb_text(lb_map_get(section, "services"), NULL);
    if (services)
        out->services = public_settings(
            arena, lb_map_get(config.values, lb_arena_printf(arena, "services %s", services)));
    lb_aws_file_release(&config);
    lb_aws_file_release(&shared);
    return status;
}

static int bad_setting(struct lb_diags *diags, const char *name, const char *value)
{
    return lb_diags_error(diags, "LB-A004", NULL, "%s is \"%s\"", name, value);
}

static int read_retry(struct lb_diags *diags, struct lb_aws_config *out)
{
    const char *attempts = env("AWS_MAX_ATTEMPTS"), *mode = env("AWS_RETRY_MODE");
    if (!attempts)
        attempts = lb_text(lb_map_get(out->profile_values, "max_attempts"), "3");
    size_t digits = strspn(attempts, "0123456789");
    out->max_attempts = digits <= 3 ? atoi(attempts) : 0;
    if (attempts[digits] || out->max_attempts < 1 || out->max_attempts > 100)
        return bad_setting(diags, "AWS_MAX_ATTEMPTS", attempts);
    /* The modes are accepted and mean the same here: standard retries, a limiter that adapts. */
    if (!mode)
        mode = lb_text(lb_map_get(out->profile_values, "retry_mode"), "standard");
    if (!lb_streq(mode, "standard") && !lb_streq(mode, "adaptive") && !lb_streq(mode, "legacy"))
        return bad_setting(diags, "AWS_RETRY_MODE", mode);
    return 0;
}

int lb_aws_config_load(struct lb_arena *arena, struct lb_diags *diags, struct lb_aws_config *out)
{
    *out = (struct lb_aws_config){.max_attempts = 3};
    const char *profile = env("AWS_PROFILE");
    if (!profile)
        profile = env("AWS_DEFAULT_PROFILE");
    out->profile = lb_arena_strdup(arena, profile ? profile : "default");
    if (load_profile(arena, diags, profile != NULL, out) < 0 || read_retry(diags, out) < 0)
        return -1;
    const char *ca = env("AWS_CA_BUNDLE");
    out->ca_bundle = lb_arena_strdup(
        arena, ca ? ca : lb_text(lb_map_get(out->profile_values, "ca_bundle"), NULL));
    const char *ignore = env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    if (!ignore)
        ignore = lb_text(lb_map_get(out->profile_values, "ignore_configured_endpoint_urls"), "");
    out->ignore_configured_endpoints = lb_streq(lb_lowercase(arena, ignore), "true");
    return 0;
}

/* --- the chain -------------------------------------------------------------------------------- */
static bool header_safe(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text >= 0x7f)
            return false;
    return true;
}

static bool take(char *out, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length >= size || !header_safe(text))
        return false;
    memcpy(out, text, length + 1);
    return true;
}

enum lb_creds_found lb_creds_take(struct lb_diags *diags, const char *where, const char *access_key,
                                  const char *secret_key, const char *session_token,
                                  struct lb_creds *out)
{
    *out = (struct lb_creds){.expires = 0};
    const char *missing = !access_key ? "access key id" : !secret_key ? "secret access key" : NULL;
    if (missing) {
        lb_diags_error(diags, "LB-A009", NULL, "%s has no %s", where, missing);
        return LB_CREDS_BROKEN;
    }
    if (take(out->access_key, sizeof out->access_key, access_key) &&
        take(out->secret_key, sizeof out->secret_key, secret_key) &&
        take(out->session_token, sizeof out->session_token, session_token ? session_token : ""))
        return LB_CREDS_FOUND;
    lb_creds_wipe(out);
    lb_diags_error(diags, "LB-A009", NULL,
                   "%s has a key or token that is too long or holds a space or control character",
                   where);
    return LB_CREDS_BROKEN;
}

static const char *first_unread(const struct lb_aws_config *config, bool profile_only)
{
    for (size_t i = 0; i < sizeof unread / sizeof *unread; i++)
        if (unread[i].profile ? lb_map_get(config->profile_values, unread[i].name) != NULL
                              : !profile_only && env(unread[i].name) != NULL)
            return unread[i].name;
    return NULL;
}

int lb_creds_resolve(struct lb_arena *arena, const struct lb_aws_config *config,
                     struct lb_diags *diags, struct lb_creds *out)
{
    struct lb_str tried = {0};
    const char *role = first_unread(config, true);
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        const char *why = "";
        enum lb_creds_found found = LB_CREDS_ABSENT;
        if (i > 0 && role)
            why = lb_arena_printf(arena, "profile \"%s\" asks for %s, which is not read",
                                  config->profile, role);
        else
            found = sources[i]->resolve(arena, config, diags, out, &why);
        if (found != LB_CREDS_ABSENT) {
            lb_str_release(&tried);
            return found == LB_CREDS_FOUND ? 0 : -1;
        }
        lb_str_printf(&tried, "%s%s: %s", i ? "; " : "", sources[i]->name, why);
    }
    const char *other = first_unread(config, false);
    if (other && !role)
        lb_str_printf(&tried, "; %s is set, but is not read", other);
    lb_diags_error(diags, "LB-A001", NULL, "%s", lb_str_text(&tried));
    lb_str_release(&tried);
    return -1;
}

void lb_creds_wipe(struct lb_creds *creds)
{
    lb_wipe(creds, sizeof *creds);
}
