/* creds.h: where credentials come from. The chain is a table of sources tried in order; each source
 * is one file transport/creds_<source>.c. Today: environment, shared credentials and config files.
 */
#ifndef LB_TRANSPORT_CREDS_H
#define LB_TRANSPORT_CREDS_H

#include "base/diag.h"

struct lb_creds {
    char access_key[256]; /* secrets live here and nowhere else; lb_creds_wipe clears them */
    char secret_key[512];
    char session_token[8192]; /* "" when none */
    const char *source;       /* "environment", "profile \"prod\" of ~/.aws/credentials" */
    int64_t expires;          /* seconds UTC; 0: not known */
};

/* The settings that AWS tools share, read from the environment and the profile. */
struct lb_aws_config {
    const char *profile; /* AWS_PROFILE, else AWS_DEFAULT_PROFILE, else "default" */
    const struct lb_value *profile_values; /* merged config-file section; NULL when none */
    const struct lb_value *services;       /* its `services` section, nested; NULL when none */
    const char *ca_bundle;
    int max_attempts; /* AWS_MAX_ATTEMPTS, max_attempts; default 3 */
    bool ignore_configured_endpoints;
};

/* Reads the files; a malformed file is an error with its line. */
int lb_aws_config_load(struct lb_arena *arena, struct lb_diags *diags, struct lb_aws_config *out);
/* First source that has credentials. -1 with LB-A diagnostics naming every source that was tried.
 */
int lb_creds_resolve(struct lb_arena *arena, const struct lb_aws_config *config,
                     struct lb_diags *diags, struct lb_creds *out);
void lb_creds_wipe(struct lb_creds *creds);

/* INI with nested keys, as AWS's files use it: section -> key -> string or map. NULL when anything
 * is malformed; messages name the line and never quote it. Pure; fuzzed. */
struct lb_value *lb_ini_parse(struct lb_arena *arena, const struct lb_source *source,
                              struct lb_diags *diags);

#endif
