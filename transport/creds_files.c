/* creds_files.c: the shared config and credentials files, and the two sources that read key pairs
 * from them. The bytes of both files are wiped once they were looked at: only struct lb_creds keeps
 * secrets.
 */
#include "transport/creds_source.h"

#include "base/digest.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_BYTES ((off_t)1 << 20)

static const char *file_path(struct lb_arena *arena, bool config)
{
    const char *set = getenv(config ? "AWS_CONFIG_FILE" : "AWS_SHARED_CREDENTIALS_FILE");
    if (!set || !*set)
        set = config ? "~/.aws/config" : "~/.aws/credentials";
    const char *home = getenv("HOME");
    if (set[0] == '~' && set[1] == '/' && home && *home)
        return lb_arena_printf(arena, "%s%s", home, set + 1);
    return lb_arena_strdup(arena, set);
}

/* 1: no such file, 0: read into *text (malloc), -1: cannot be read. */
static int read_whole(const char *path, char **text, size_t *length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 1 : -1;
    struct stat info;
    int result = -1;
    *length = 0;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= MAX_BYTES) {
        size_t size = (size_t)info.st_size;
        *text = calloc(1, size + 1);
        ssize_t got = 1;
        while (*text && *length < size && got > 0) {
            got = read(fd, *text + *length, size - *length);
            *length += got > 0 ? (size_t)got : 0;
        }
        result = *text && got >= 0 ? 0 : -1;
    } else if (S_ISCHR(info.st_mode)) {
        result = 1; /* /dev/null: how people say "no such file" */
    } else {
        errno = S_ISREG(info.st_mode) ? EFBIG : EINVAL;
    }
    close(fd);
    return result;
}

int lb_aws_file_open(struct lb_arena *arena, struct lb_diags *diags, bool config,
                     struct lb_aws_file *out)
{
    *out = (struct lb_aws_file){.path = file_path(arena, config)};
    char *text = NULL;
    size_t length = 0;
    int status = read_whole(out->path, &text, &length);
    if (status > 0)
        return 0;
    if (status < 0) {
        free(text);
        return lb_diags_error(diags, "LB-A002", NULL, "%s: %s", out->path, strerror(errno));
    }
    out->scratch = lb_arena_new();
    const struct lb_source source = {out->path, text, length};
    out->values = lb_ini_parse(out->scratch, &source, diags);
    lb_wipe(text, length);
    free(text);
    if (out->values)
        return 0;
    lb_aws_file_release(out);
    return -1;
}

static void wipe_texts(struct lb_value *value)
{
    for (size_t i = 0; lb_is(value, LB_MAP) && i < lb_value_count(value); i++)
        wipe_texts(lb_map_nth(value, i)->value);
    if (lb_is(value, LB_STRING))
        lb_wipe((char *)value->as.text.bytes, value->as.text.length);
}

void lb_aws_file_release(struct lb_aws_file *file)
{
    wipe_texts(file->values);
    lb_arena_free(file->scratch);
    file->scratch = NULL;
    file->values = NULL;
}

const struct lb_value *lb_aws_file_profile(struct lb_arena *arena, const struct lb_aws_file *file,
                                           bool config, const char *profile)
{
    const struct lb_value *section = NULL;
    if (config)
        section = lb_map_get(file->values, lb_arena_printf(arena, "profile %s", profile));
    if (!section && (!config || lb_streq(profile, "default")))
        section = lb_map_get(file->values, profile);
    return section;
}

static enum lb_creds_found resolve(struct lb_arena *arena, const struct lb_aws_config *config,
                                   struct lb_diags *diags, bool config_file, struct lb_creds *out,
                                   const char **why)
{
    struct lb_aws_file file;
    if (lb_aws_file_open(arena, diags, config_file, &file) < 0)
        return LB_CREDS_BROKEN;
    enum lb_creds_found found = LB_CREDS_ABSENT;
    const struct lb_value *section = lb_aws_file_profile(arena, &file, config_file,
                                                         config->profile);
    const char *access = lb_text(lb_map_get(section, "aws_access_key_id"), NULL);
    const char *secret = lb_text(lb_map_get(section, "aws_secret_access_key"), NULL);
    if (!file.values) {
        *why = lb_arena_printf(arena, "%s does not exist", file.path);
    } else if (!access && !secret) {
        *why = lb_arena_printf(arena, "%s has no keys for profile \"%s\"", file.path,
                               config->profile);
    } else {
        const char *where = lb_arena_printf(arena, "profile \"%s\" of %s", config->profile,
                                            file.path);
        found = lb_creds_take(diags, where, access, secret,
                              lb_text(lb_map_get(section, "aws_session_token"), NULL), out);
        out->source = where;
    }
    lb_aws_file_release(&file);
    return found;
}

static enum lb_creds_found resolve_shared(struct lb_arena *arena,
                                          const struct lb_aws_config *config,
                                          struct lb_diags *diags, struct lb_creds *out,
                                          const char **why)
{
    return resolve(arena, config, diags, false, out, why);
}

static enum lb_creds_found resolve_config(struct lb_arena *arena,
                                          const struct lb_aws_config *config,
                                          struct lb_diags *diags, struct lb_creds *out,
                                          const char **why)
{
    return resolve(arena, config, diags, true, out, why);
}

const struct lb_creds_source lb_creds_shared_file = {"shared credentials file", resolve_shared};
const struct lb_creds_source lb_creds_config_file = {"config file", resolve_config};
