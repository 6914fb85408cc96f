/* cli.h: what every command shares: the table of verbs, parsed options, where output goes. */
#ifndef LB_CMD_CLI_H
#define LB_CMD_CLI_H

#include "base/exit.h"
#include "planner/engine.h"
#include "transport/loop.h"

struct lb_option {
    const char *name;    /* long name without dashes */
    const char *arg;     /* "FILE"; NULL: a flag */
    const char *help;    /* one line */
    const char *choices; /* "text|json"; NULL: any */
    bool many;           /* may be given more than once */
};

struct lb_cli;

enum lb_reach {
    LB_OFFLINE = false,
    LB_ONLINE = true, /* asks AWS and clusters */
    LB_GIT,           /* asks the git remote only */
};

/* One row a verb. Options, help, completion, reference pages and "does it mutate" come from it. */
struct lb_verb {
    const char *name;
    const char *args;    /* "[SPEC] | diff A B": lower case is typed so, and completed */
    const char *summary; /* one line */
    const char *text;    /* a paragraph for help and the reference page */
    const struct lb_option *options; /* ends with a NULL name */
    size_t max_args;
    bool mutates; /* only `apply` and what builds on it */
    enum lb_reach reach;
    int (*run)(struct lb_cli *cli); /* the exit code */
};
extern const struct lb_verb lb_verbs[]; /* ends with a NULL name */
const struct lb_verb *lb_verb_find(const char *name);
/* "Reads live state, changes nothing." */
const char *lb_verb_reach(const struct lb_verb *verb);

struct lb_cli {
    struct lb_arena *arena;
    struct lb_diags diags; /* of the command itself */
    const struct lb_verb *verb;
    struct lb_value *options; /* name -> string, true, or list of strings */
    const char **args;
    size_t arg_count;
    bool color_out, color_err;
    bool terminal_in, terminal_out, terminal_err;
    size_t width;
    struct lb_source **sources; /* every file that was read: a run sees one version of each */
    size_t source_count, source_capacity;
    bool events_begun, events_ended; /* of --json: the version line and the summary were printed */
    bool out_failed;                 /* standard output did not take everything: told once */
    struct lb_engine engine;         /* schemas always; exchange after lb_cli_online */
    struct lb_loop *loop;
};

/* --- options (options.c)
 * -------------------------------------------------------------------------- */
/* Parses "--name value", "-name=value", "--flag"; anything else is an argument; "--" ends options.
 */
int lb_options_parse(struct lb_cli *cli, int argc, char **argv);
const char *lb_option(const struct lb_cli *cli, const char *name, const char *otherwise);
bool lb_flag(const struct lb_cli *cli, const char *name);
/* All values of an option that may be given more than once. */
const char **lb_option_list(struct lb_cli *cli, const char *name, size_t *count);
/* A duration option in seconds; 0 when absent; -1 with a diagnostic when malformed. */
int lb_option_duration(struct lb_cli *cli, const char *name, int64_t *seconds);
/* A number from 1 to `most`; `otherwise` when absent; -1 with a diagnostic, which shows `example`.
 */
int lb_option_number(struct lb_cli *cli, const char *name, size_t most, size_t otherwise,
                     const char *example, size_t *out);
/* Says what is wrong with the command line, and where it is explained. LB_EXIT_USAGE. */
int lb_usage(struct lb_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- files and output (output.c)
 * ------------------------------------------------------------------- */
/* Standard output carries the result. A write that fails is the command's failure (exit 1). */
void lb_out(struct lb_cli *cli, const struct lb_str *text);
/* For output that is written while it comes to be. 1: the reader has closed it (`| head`), and
 * wants no more: that is no failure. -1 with a diagnostic. */
int lb_out_more(struct lb_cli *cli, const struct lb_str *text);
void lb_err(const struct lb_cli *cli, const struct lb_str *text);
/* "-" reads standard input. The same path gives the same bytes for the whole run, so that the
 * closing plan of an apply judges the very spec that was applied. NULL with a diagnostic. */
struct lb_source *lb_source_read(struct lb_cli *cli, const char *path);
/* Temporary file beside it, fsync, rename: the old file stays whole until the new one is. */
int lb_file_write(struct lb_cli *cli, const char *path, const struct lb_str *text);
/* Ends standard output and the log: what they held back is written, or the command failed. */
void lb_out_close(struct lb_cli *cli);
/* Diagnostics as text on standard error. */
void lb_show_diags(const struct lb_cli *cli, const struct lb_diags *diags);

/* --- steps that several commands share (session.c)
 * --------------------------------------------------- */
/* The SPEC arguments, `lifeboat.yaml` when there are none. */
const char *const *lb_spec_paths(struct lb_cli *cli, size_t *count);
/* Loads every spec; offline. Diagnostics stay in each stack's sink. -1 when one of them is bad. */
int lb_load_stacks(struct lb_cli *cli, struct lb_stack ***out, size_t *count);
/* Shows what is wrong with specs that did not load; the exit code. */
int lb_exit_of_specs(struct lb_cli *cli, struct lb_stack **stacks, size_t count);
/* From the root of the work tree that the spec lies in; NULL: in none. */
const char *lb_spec_git_path(struct lb_cli *cli, const struct lb_stack *stack);
/* Makes the event loop. -1 with diagnostics. */
int lb_cli_online(struct lb_cli *cli);
int lb_make_plans(struct lb_cli *cli, struct lb_stack **stacks, size_t count, struct lb_plan **out);
/* Loads every spec, and says what is wrong with them. 0 or the exit code. */
int lb_load_specs(struct lb_cli *cli, struct lb_stack ***stacks, size_t *count);
/* Goes online and plans. 0 or the exit code, with everything said. */
int lb_plan_stacks(struct lb_cli *cli, struct lb_stack **stacks, size_t count,
                   struct lb_plan **plans);
/* Loads, goes online and plans; the common way of plan, drift and apply. On failure everything was
 * said and the result is the exit code; 0 otherwise. */
int lb_plan_specs(struct lb_cli *cli, struct lb_stack ***stacks, size_t *count,
                  struct lb_plan **plans);
int lb_exit_of_plan(const struct lb_plan *plan);

/* --- rendering
 * ---------------------------------------------------------------------------------------- */
void lb_render_text(struct lb_arena *arena, const struct lb_plan *plan, bool color, size_t width,
                    struct lb_str *out);
/* A value on one line, hostile bytes escaped, cut at `max` bytes. Strings stand in quotes unless
 * they are plain words. */
void lb_render_value(struct lb_str *out, const struct lb_value *value, size_t max);
/* A key of a map, in quotes unless it is a plain word. */
void lb_render_key(struct lb_str *out, const char *key);

/* --- the verbs
 * ------------------------------------------------------------------------------------------ */
int lb_cmd_init(struct lb_cli *cli);
int lb_cmd_validate(struct lb_cli *cli);
int lb_cmd_plan(struct lb_cli *cli);
int lb_cmd_apply(struct lb_cli *cli);
int lb_cmd_show(struct lb_cli *cli);
int lb_cmd_drift(struct lb_cli *cli);
int lb_cmd_explain(struct lb_cli *cli);
int lb_cmd_schema(struct lb_cli *cli);
int lb_cmd_policy(struct lb_cli *cli);
int lb_cmd_version(struct lb_cli *cli);
int lb_cmd_completion(struct lb_cli *cli);
int lb_cmd_help(struct lb_cli *cli);
int lb_cmd_history(struct lb_cli *cli);
int lb_cmd_lock(struct lb_cli *cli);

#endif
