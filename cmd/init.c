/* init.c: what a new user starts from: a spec, the schema that editors read, an ignore file, and
 * the pipeline of examples/ci. The files are those of the repository, embedded at build time, so
 * what is tested there is what is written here. A file that is there already is never touched. */
#include "cmd/cli.h"
#include "cmd/templates.h"

#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SPEC "lifeboat.yaml"
#define SCHEMA "lifeboat.schema.json"
#define CI_SCRIPT "ci/lifeboat-ci.sh"

struct row {
    const char *path;   /* below the folder */
    const char *source; /* in the repository; NULL: the schema */
    const char *ci;     /* only for this platform; NULL: always; "*": for all but none */
};

static const struct row rows[] = {
    {SPEC, "examples/init/lifeboat.yaml", NULL},
    {SCHEMA, NULL, NULL},
    {".gitignore", "examples/init/gitignore", NULL},
    {CI_SCRIPT, "examples/ci/lifeboat-ci.sh", "*"},
    {".github/workflows/lifeboat-plan.yml", "examples/ci/github/lifeboat-plan.yml", "github"},
    {".github/workflows/lifeboat-apply.yml", "examples/ci/github/lifeboat-apply.yml", "github"},
    {".github/workflows/lifeboat-drift.yml", "examples/ci/github/lifeboat-drift.yml", "github"},
    {".gitlab/lifeboat.yml", "examples/ci/gitlab/lifeboat.yml", "gitlab"},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* The values of examples/init/lifeboat.yaml that stand for one's own. */
static const struct {
    const char *option, *standard;
} values[] = {{"stack", "example-dr"},
              {"account", "111122223333"},
              {"primary", "us-east-1"},
              {"secondary", "us-west-2"}};
enum { VALUES = sizeof values / sizeof *values };

enum outcome { NOT_WANTED, WRITTEN, THERE };

/* --- what is written
 * -----------------------------------------------------------------------------------------------
 */

static void add_template(const char *source, struct lb_str *out)
{
    for (size_t i = 0; i < lb_template_count; i++)
        if (lb_streq(lb_templates[i].path, source))
            lb_str_add(out, (const char *)lb_templates[i].bytes, lb_templates[i].length);
}

/* In one pass, so that a value which holds another's standard is left alone. */
static void fill_in(const struct lb_cli *cli, const char *text, struct lb_str *out)
{
    while (*text) {
        size_t length = 1, i = 0;
        const char *put = text;
        while (i < VALUES && !lb_starts_with(text, values[i].standard))
            i++;
        if (i < VALUES) {
            put = lb_option(cli, values[i].option, values[i].standard);
            length = strlen(values[i].standard);
        }
        lb_str_add(out, put, i < VALUES ? strlen(put) : 1);
        text += length;
    }
}

static void content(struct lb_cli *cli, const struct row *row, struct lb_str *out)
{
    struct lb_str template = {0};
    if (row->source)
        add_template(row->source, &template);
    else
        lb_json_write(&template, lb_schema_bundle(cli->arena, cli->engine.schemas, NULL), 2);
    if (lb_streq(row->path, SPEC))
        fill_in(cli, lb_str_text(&template), out);
    else
        lb_str_puts(out, lb_str_text(&template));
    lb_str_release(&template);
}

/* Values that the schema refuses are refused before anything is written. */
static int check_spec(struct lb_cli *cli, const struct lb_str *text)
{
    struct lb_stack stack;
    struct lb_source source = {.path = SPEC, .text = lb_str_text(text), .length = text->length};
    if (lb_spec_load(&cli->engine, &source, &stack) == 0)
        return LB_EXIT_OK;
    lb_show_diags(cli, stack.diags);
    return LB_EXIT_USAGE;
}

/* --- files
 * -------------------------------------------------------------------------------------------------
 */

static int fail(struct lb_cli *cli, const char *path)
{
    return lb_diags_error(&cli->diags, "LB-U003", NULL, "%s: %s", path, strerror(errno));
}

/* Every folder on the way to `path`. */
static int make_folders(struct lb_cli *cli, const char *path)
{
    char *name = lb_arena_strdup(cli->arena, path);
    for (char *slash = strchr(name + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(name, 0777) != 0 && errno != EEXIST)
            return fail(cli, name);
        *slash = '/';
    }
    return 0;
}

/* "x": what comes into being meanwhile is not overwritten either. */
static int write_new(struct lb_cli *cli, const char *path, const struct lb_str *text,
                     enum outcome *outcome)
{
    FILE *file = make_folders(cli, path) == 0 ? fopen(path, "wx") : NULL;
    if (cli->diags.errors)
        return -1;
    if (!file && errno != EEXIST)
        return fail(cli, path);
    *outcome = file ? WRITTEN : THERE;
    if (!file)
        return 0;
    bool failed = fwrite(text->data, 1, text->length, file) != text->length;
    failed |= fclose(file) != 0;
    if (!failed)
        return 0;
    fail(cli, path);
    return remove(path), -1;
}

static bool wanted(const struct row *row, const char *ci)
{
    return !row->ci || lb_streq(row->ci, ci) || (*row->ci == '*' && !lb_streq(ci, "none"));
}

static int write_rows(struct lb_cli *cli, const char *folder, enum outcome *outcomes)
{
    for (size_t i = 0; i < ROWS; i++) {
        struct lb_str text = {0};
        int code = LB_EXIT_OK;
        if (!wanted(&rows[i], lb_option(cli, "ci", "none")))
            continue;
        content(cli, &rows[i], &text);
        if (lb_streq(rows[i].path, SPEC))
            code = check_spec(cli, &text);
        const char *path = lb_arena_printf(cli->arena, "%s/%s", folder, rows[i].path);
        if (!code && write_new(cli, path, &text, &outcomes[i]) != 0)
            code = lb_diags_exit(&cli->diags);
        lb_str_release(&text);
        if (code)
            return code;
    }
    return LB_EXIT_OK;
}

/* --- what is said
 * --------------------------------------------------------------------------------------------------
 */

static void list(struct lb_str *out, const char *title, const enum outcome *outcomes,
                 enum outcome which)
{
    bool titled = false;
    for (size_t i = 0; i < ROWS; i++) {
        if (outcomes[i] != which)
            continue;
        lb_str_printf(out, "%s  %s\n", titled ? "" : title, rows[i].path);
        titled = true;
    }
}

/* An ignore file that was there and knows nothing of plans. */
static bool plans_not_ignored(struct lb_cli *cli, const char *folder)
{
    const char *path = lb_arena_printf(cli->arena, "%s/.gitignore", folder);
    struct stat info;
    bool there = stat(path, &info) == 0 && S_ISREG(info.st_mode);
    struct lb_source *source = there ? lb_source_read(cli, path) : NULL;
    return source && !strstr(source->text, "plan.json");
}

static void next_steps(const struct lb_cli *cli, bool fresh, struct lb_str *out)
{
    bool standard = false;
    const char *ci = lb_option(cli, "ci", "none");
    for (size_t i = 0; i < VALUES; i++)
        standard = standard || (fresh && !lb_option(cli, values[i].option, NULL));
    lb_str_puts(out, "Next:\n");
    if (standard)
        lb_str_puts(out, "  put your own values into " SPEC ", at least:");
    for (size_t i = 0; i < VALUES; i++)
        if (standard && !lb_option(cli, values[i].option, NULL))
            lb_str_printf(out, " %s", values[i].option);
    lb_str_puts(out, standard ? "\n" : "");
    lb_str_puts(out,
                "  lifeboat validate    offline\n"
                "  lifeboat plan        with credentials of the account; changes nothing\n"
                "  git init             where there is no repository yet: plans are kept in it\n");
    if (lb_streq(ci, "gitlab"))
        lb_str_puts(out, "  add to .gitlab-ci.yml: include: {local: .gitlab/lifeboat.yml}\n");
    if (!lb_streq(ci, "none"))
        lb_str_puts(out,
                    "  set the variables that the first lines of the pipeline name; the roles get "
                    "what\n  `lifeboat policy` prints. The pipeline's files belong into the "
                    "repository's root.\n  docs/pull-requests.md of lifeboat has it step by "
                    "step.\n");
    else
        lb_str_puts(out, "  lifeboat init --ci github|gitlab    adds a pipeline that plans pull "
                         "requests\n");
}

int lb_cmd_init(struct lb_cli *cli)
{
    enum outcome outcomes[ROWS] = {NOT_WANTED};
    const char *folder = cli->arg_count ? cli->args[0] : ".";
    if (!*folder) { /* a variable that is not set would mean the root of the file system */
        lb_diags_error(&cli->diags, "LB-U001", NULL, "init: FOLDER is empty");
        return LB_EXIT_USAGE;
    }
    int code = write_rows(cli, folder, outcomes);
    struct lb_str out = {0};
    list(&out, "Written:\n", outcomes, WRITTEN);
    list(&out, "There already, left as it is:\n", outcomes, THERE);
    if (!code)
        next_steps(cli, outcomes[0] == WRITTEN, &out);
    if (!code && plans_not_ignored(cli, folder))
        lb_str_puts(&out, "  add to .gitignore: plan.json and lifeboat-out/\n");
    lb_out(cli, &out);
    lb_str_release(&out);
    return code;
}
