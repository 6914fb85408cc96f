/* output.c: files in and out. Nothing half-written is ever left under the name that was asked for.
 */
#include "cmd/cli.h"

#include "base/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_MAX ((size_t)64 << 20)

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

static void tell_out_failed(struct lb_cli *cli)
{
    if (!cli->out_failed && errno == EPIPE)
        lb_diags_error_try(&cli->diags, "LB-U003", NULL, "let the reader take all of it",
                           "standard output was closed by its reader");
    else if (!cli->out_failed)
        lb_diags_error(&cli->diags, "LB-U003", NULL, "standard output: %s", strerror(errno));
    cli->out_failed = true;
}

void lb_out(struct lb_cli *cli, const struct lb_str *text)
{
    if (text->length && write_all(STDOUT_FILENO, text->data, text->length) != 0)
        tell_out_failed(cli);
}

/* A file on a network or with a quota may refuse at its end what it seemed to take. */
void lb_out_close(struct lb_cli *cli)
{
    if (close(STDOUT_FILENO) != 0 && errno != EBADF)
        tell_out_failed(cli);
    if (cli->loop)
        lb_loop_close_log(cli->loop, &cli->diags);
}

int lb_out_more(struct lb_cli *cli, const struct lb_str *text)
{
    if (!text->length || write_all(STDOUT_FILENO, text->data, text->length) == 0)
        return 0;
    if (errno == EPIPE)
        return 1;
    return lb_diags_error(&cli->diags, "LB-U003", NULL, "standard output: %s", strerror(errno));
}

void lb_err(const struct lb_cli *cli, const struct lb_str *text)
{
    (void)cli;
    /* where even standard error cannot be written there is nobody left to tell */
    if (text->length && write_all(STDERR_FILENO, text->data, text->length) != 0)
        return;
}

/* Only plan files may be long, and they are objects. The start of anything else is enough to be
 * refused by the reader of specs for its length. */
static bool long_enough(const struct lb_str *text)
{
    return text->length > LB_YAML_MAX_BYTES && *text->data != '{';
}

static int read_all(int fd, struct lb_str *out)
{
    char chunk[16384];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || out->overflow)
            return -1;
        if (n == 0 || long_enough(out))
            return 0;
        lb_str_add(out, chunk, (size_t)n);
    }
}

struct lb_source *lb_source_read(struct lb_cli *cli, const char *path)
{
    struct lb_str text;
    lb_str_init(&text, READ_MAX);
    char *name = lb_escape(cli->arena, path);
    for (size_t i = 0; i < cli->source_count; i++)
        if (lb_streq(cli->sources[i]->path, name))
            return cli->sources[i];
    bool standard = lb_streq(path, "-");
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    int failed = fd < 0 || read_all(fd, &text) != 0;
    int error = text.overflow ? EFBIG : errno;
    if (fd >= 0 && !standard)
        close(fd);
    if (failed) {
        lb_str_release(&text);
        lb_diags_error(&cli->diags, "LB-U004", NULL, "%s: %s", path, strerror(error));
        return NULL;
    }
    struct lb_source *source = lb_arena_alloc(cli->arena, sizeof *source);
    source->path = name;
    source->length = text.length;
    source->text = lb_str_take(&text, cli->arena);
    cli->sources = lb_arena_grow(cli->arena, cli->sources, cli->source_count, cli->source_count + 1,
                                 sizeof *cli->sources, &cli->source_capacity);
    return cli->sources[cli->source_count++] = source;
}

static int write_and_sync(int fd, const struct lb_str *text)
{
    if (text->length && write_all(fd, text->data, text->length) != 0)
        return -1;
    return fsync(fd);
}

int lb_file_write(struct lb_cli *cli, const char *path, const struct lb_str *text)
{
    char *temporary = lb_arena_printf(cli->arena, "%s.XXXXXX", path);
    int fd = mkstemp(temporary);
    int error = fd < 0 ? errno : 0;
    if (!error && write_and_sync(fd, text) != 0)
        error = errno;
    if (fd >= 0 && close(fd) != 0 && !error)
        error = errno;
    if (!error && rename(temporary, path) != 0)
        error = errno;
    if (error && fd >= 0)
        unlink(temporary);
    if (error)
        return lb_diags_error(&cli->diags, "LB-U003", NULL, "%s: %s", path, strerror(error));
    return 0;
}

void lb_show_diags(const struct lb_cli *cli, const struct lb_diags *diags)
{
    struct lb_str out = {0};
    for (size_t i = 0; i < diags->count; i++) {
        lb_diag_render(&out, &diags->items[i], cli->color_err);
        lb_str_putc(&out, '\n');
    }
    lb_err(cli, &out);
    lb_str_release(&out);
}
