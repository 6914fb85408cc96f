/* creds_source.h: private to the credential chain: what one source is, and what sources share. */
#ifndef LB_TRANSPORT_CREDS_SOURCE_H
#define LB_TRANSPORT_CREDS_SOURCE_H

#include "transport/creds.h"

enum lb_creds_found {
    LB_CREDS_FOUND,
    LB_CREDS_ABSENT, /* *why says what was looked for */
    LB_CREDS_BROKEN, /* there is something, but it cannot be used: a diagnostic was added */
};

struct lb_creds_source {
    const char *name;
    enum lb_creds_found (*resolve)(struct lb_arena *arena, const struct lb_aws_config *config,
                                   struct lb_diags *diags, struct lb_creds *out, const char **why);
};

extern const struct lb_creds_source lb_creds_environment;
extern const struct lb_creds_source lb_creds_shared_file;
extern const struct lb_creds_source lb_creds_config_file;

/* Takes over a key pair. FOUND, or BROKEN when a part is missing, too long or has a byte that could
 * not stand in a header. `where` names the place for the message. */
enum lb_creds_found lb_creds_take(struct lb_diags *diags, const char *where, const char *access_key,
                                  const char *secret_key, const char *session_token,
                                  struct lb_creds *out);

/* One of the two shared files, read and parsed. `values` is NULL when the file does not exist.
 * Release wipes every text that was read. */
struct lb_aws_file {
    const char *path; /* in the caller's arena */
    struct lb_arena *scratch;
    struct lb_value *values;
};
int lb_aws_file_open(struct lb_arena *arena, struct lb_diags *diags, bool config,
                     struct lb_aws_file *out);
void lb_aws_file_release(struct lb_aws_file *file);
/* The profile's section in either file; NULL when it has none. */
const struct lb_value *lb_aws_file_profile(struct lb_arena *arena, const struct lb_aws_file *file,
                                           bool config, const char *profile);

#endif
