/* remote.c: the three git commands that a ledger needs, with everything spelled out that a user's
 * or the system's configuration could add to them: hooks, prompts, signing, tags, submodules,
 * pruning, maintenance. What leads to the server (address, proxy, credentials, ssh) stays the
 * user's.
 */
#include "ledger/remote.h"

#include "base/bug.h"
#include "base/time.h"
#include "ledger/process.h"
#include "ledger/remote_words.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_MAX_S 60
#define PUSH_SETTINGS_MAX 48
/* beside those, and the branches of a push, the words of a command */
#define ARGUMENTS_MAX (LB_REMOTE_PUSH_MAX + PUSH_SETTINGS_MAX + 48)
#define REFS_HEADS "refs/heads/"

struct arguments {
    const char *items[ARGUMENTS_MAX];
    size_t count;
};

struct operation {
    const struct lb_remote *remote;
    struct lb_diags *diags;
    int64_t deadline_ms;
    bool own_ssh; /* the user says how ssh is called */
    bool partial; /* some remote of the repository sends only a part of the objects */
    /* What the remote's settings say of a push, of its twin (see push_to). An address may hold a
     * token, and who may list processes sees arguments: values go by the environment. */
    struct arguments push, push_values;
};

/* A checkout may come from anybody: nothing in it may start a program, or ask somebody. */
static const char *const always[] = {"git",
                                     "-c",
                                     "core.hooksPath=/dev/null",
                                     "-c",
                                     "core.fsmonitor=false",
                                     "-c",
                                     "protocol.ext.allow=never",
                                     "-c",
                                     "protocol.fd.allow=never",
                                     "-c",
                                     "credential.interactive=false",
                                     "-c",
                                     "fetch.fsckObjects=true",
                                     "-c",
                                     "gc.auto=0",
                                     "-c",
                                     "maintenance.auto=false",
                                     NULL};

/* What would lead git to another repository than the one named, ask at a window, or print what goes
 * over the line, credentials included. GIT_CONFIG_* stays: CI hands over credentials by it. */
static const char *const unset[] = {
    "GIT_DIR",          "GIT_WORK_TREE",     "GIT_IMPLICIT_WORK_TREE",
    "GIT_COMMON_DIR",   "GIT_INDEX_FILE",    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_*",  "GIT_NAMESPACE",     "GIT_PREFIX",
    "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE",    "GIT_REPLACE_REF_BASE",
    "GIT_QUARANTINE_*", "GIT_PUSH_OPTION_*", "GIT_TRACE*",
    "GIT_CURL_VERBOSE", "SSH_ASKPASS",       NULL};

static void add(struct arguments *arguments, const char *const *items)
{
    for (; *items; items++) {
        if (arguments->count + 1 >= ARGUMENTS_MAX)
            LB_BUG("too many arguments");
        arguments->items[arguments->count++] = *items;
    }
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

/* Runs git in the repository. -1: it could not be started. */
static int run_git(const struct operation *operation, const char *const *options,
                   const char *const *words, struct lb_process_result *out)
{
    const struct lb_remote *remote = operation->remote;
    struct arguments argv = {0};
    add(&argv, always);
    add(&argv, options);
    add(&argv, (const char *const[]){"--git-dir", remote->git_dir, NULL});
    add(&argv, words);

    /* An empty GIT_ASKPASS turns off core.askPass too. In CI there is nobody to ask, and a program
     * named there holds the credentials. */
    struct arguments set = {0};
    add(&set, (const char *const[]){"GIT_TERMINAL_PROMPT=0", "SSH_ASKPASS_REQUIRE=never",
                                    "LC_ALL=C", NULL});
    if (!is_set("CI") || !is_set("GIT_ASKPASS"))
        add(&set, (const char *const[]){"GIT_ASKPASS=", NULL});
    add(&set, operation->push_values.items);
    if (!operation->own_ssh)
        add(&set, (const char *const[]){"GIT_SSH_COMMAND=ssh -oBatchMode=yes", NULL});

    struct lb_process process = {.argv = argv.items,
                                 .set = set.items,
                                 .unset = unset,
                                 .directory = remote->directory ? remote->directory
                                                                : remote->git_dir,
                                 .deadline_ms = operation->deadline_ms,
                                 .stop = remote->stop};
    return lb_process_run(&process, out);
}

/* --- what went wrong
 * ------------------------------------------------------------------------------ */

static enum lb_remote_status report(const struct operation *operation, enum lb_remote_status status,
                                    const char *words)
{
    static const char *const codes[] = {[LB_REMOTE_REFUSED] = "LB-G012",
                                        [LB_REMOTE_DENIED] = "LB-G011",
                                        [LB_REMOTE_UNREACHABLE] = "LB-G010",
                                        [LB_REMOTE_NO_GIT] = "LB-G013",
                                        [LB_REMOTE_FAILED] = "LB-G014"};
    if (status != LB_REMOTE_OK && status != LB_REMOTE_LOST)
        lb_diags_error(operation->diags, codes[status], NULL, "%s: %s", operation->remote->name,
                       words);
    return status;
}

/* When git did not come to an end of its own. True: *status says so, and it was reported. */
static bool did_not_end(const struct operation *operation, int started,
                        const struct lb_process_result *result, enum lb_remote_status *status)
{
    const volatile int *stop = operation->remote->stop;
    if (started != 0 && result->missing)
        *status = report(operation, LB_REMOTE_NO_GIT, "there is no `git` in PATH");
    else if (started != 0)
        *status = report(operation, LB_REMOTE_FAILED, "the git program could not be started");
    else if (result->status == 128 + SIGPIPE) /* git says nothing then */
        *status = report(operation, LB_REMOTE_UNREACHABLE, "the connection broke off");
    else if (result->timed_out)
        *status = report(operation, LB_REMOTE_UNREACHABLE,
                         stop && *stop ? "interrupted" : "no end within the time it has");
    return started != 0 || result->timed_out || result->status == 128 + SIGPIPE;
}

static enum lb_remote_status report_words(const struct operation *operation,
                                          enum lb_remote_status status, const char *reason,
                                          const char *err)
{
    struct lb_str words = {0};
    lb_remote_words_quote(&words, reason);
    lb_remote_words_quote(&words, err);
    report(operation, status, words.length ? lb_str_text(&words) : "it does not say why");
    lb_str_release(&words);
    return status;
}

/* --- before git is asked for anything
 * ------------------------------------------------------------- */

static bool is_name(const char *text, const char *extra)
{
    for (const char *at = text; *at; at++) {
        bool begins = at == text || at[-1] == '/';
        if (!isalnum((unsigned char)*at) && (begins || !strchr(extra, *at)))
            return false;
    }
    return *text && !strstr(text, "..") && !lb_ends_with(text, "/") && !lb_ends_with(text, ".lock");
}

/* Names get into arguments and a key of the configuration: letters, digits and a few more. */
static bool names_are_sound(const struct operation *operation, const char *branch)
{
    const struct lb_remote *remote = operation->remote;
    if (is_name(remote->name, "._-/") && lb_starts_with(branch, REFS_HEADS) &&
        is_name(branch + strlen(REFS_HEADS), "._-/"))
        return true;
    lb_diags_error(operation->diags, "LB-G014", NULL,
                   "%s, %s: names are letters and digits, with . _ - / between", remote->name,
                   branch);
    return false;
}

/* The name under which is pushed: the remote's own settings, without those that make git write refs
 * of this repository once the push was taken. A ref that git is killed over stays locked, and the
 * user's own fetch fails. No remote can be added with such a name. */
static char *push_to(const struct operation *operation)
{
    return lb_arena_printf(operation->diags->arena, "%s..lifeboat", operation->remote->name);
}

static void add_push_setting(struct operation *operation, const char *key, const char *value)
{
    struct lb_arena *arena = operation->diags->arena;
    const char *name = lb_arena_printf(arena, "LIFEBOAT_PUSH_%zu", operation->push.count);
    const char *setting = lb_arena_printf(arena, "--config-env=remote.%s.%s=%s", push_to(operation),
                                          key, name);
    add(&operation->push, (const char *const[]){setting, NULL});
    add(&operation->push_values,
        (const char *const[]){lb_arena_printf(arena, "%s=%s", name, value), NULL});
}

/* `key` is as git spells it: "remote.origin.pushurl". */
static void take_setting(struct operation *operation, const char *key, const char *value)
{
    static const char *const kept[] = {"url",   "pushurl",         "pushoption", "receivepack",
                                       "proxy", "proxyauthmethod", "vcs"};
    const char *name = operation->remote->name;
    operation->own_ssh = operation->own_ssh || lb_streq(key, "core.sshcommand");
    operation->partial = operation->partial || lb_ends_with(key, ".promisor");
    if (!lb_starts_with(key, "remote.") || !lb_starts_with(key + 7, name) ||
        key[7 + strlen(name)] != '.')
        return;
    const char *last = key + 7 + strlen(name) + 1;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (lb_streq(last, kept[i]))
            add_push_setting(operation, last, value);
}

/* Looks at what of the configuration decides how git is called. An entry is KEY LF VALUE NUL, and
 * KEY NUL where it has no value. */
static bool look_around(struct operation *operation, enum lb_remote_status *status)
{
    static const char *const none[] = {NULL};
    static const char *const query[] = {"config", "-z", "--get-regexp",
                                        "^(core\\.sshcommand|remote\\..*)$", NULL};
    struct lb_process_result result;
    int started = run_git(operation, none, query, &result);
    bool stopped = did_not_end(operation, started, &result, status);
    operation->own_ssh = is_set("GIT_SSH_COMMAND") || is_set("GIT_SSH");
    const char *text = lb_str_text(&result.out), *end = text + result.out.length;
    bool whole = result.out.length < LB_PROCESS_OUTPUT_MAX;
    for (const char *at = text; whole && at < end; at += strlen(at) + 1) {
        const char *value = strchr(at, '\n');
        char *key = lb_arena_strndup(operation->diags->arena, at, strcspn(at, "\n"));
        whole = operation->push.count < PUSH_SETTINGS_MAX;
        if (whole)
            take_setting(operation, key, value ? value + 1 : "true");
    }
    lb_process_result_release(&result);
    if (!stopped && !whole)
        *status = report(operation, LB_REMOTE_FAILED, "its settings are too many");
    return !stopped && whole;
}

/* False: it was reported, and *status is the result. */
static bool begin(struct operation *operation, enum lb_remote_status *status)
{
    int64_t seconds = operation->remote->deadline_s;
    if (seconds < 1 || seconds > DEADLINE_MAX_S)
        seconds = DEADLINE_MAX_S;
    operation->deadline_ms = lb_time_monotonic_ms() + seconds * 1000;
    *status = LB_REMOTE_FAILED;
    return names_are_sound(operation, operation->remote->branch) && look_around(operation, status);
}

/* --- what is asked of it
 * ------------------------------------------------------------------------------------ */

static bool is_oid(const char *text)
{
    return strspn(text, "0123456789abcdef") == LB_OID_HEX - 1;
}

/* "<oid> TAB <ref>" a line; the pattern also finds refs that only end like the branch. */
static int find_tip(const char *lines, const char *branch, char out[LB_OID_HEX])
{
    *out = '\0';
    for (const char *at = lines; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        size_t length = strcspn(at, "\n");
        if (length != LB_OID_HEX + strlen(branch) || at[LB_OID_HEX - 1] != '\t' ||
            memcmp(at + LB_OID_HEX, branch, strlen(branch)) != 0)
            continue;
        if (!is_oid(at))
            return -1;
        memcpy(out, at, LB_OID_HEX - 1);
        out[LB_OID_HEX - 1] = '\0';
    }
    return 0;
}

/* `lines` gets what the server has of `pattern`, to be released. A list that was cut is none. */
static enum lb_remote_status list_heads(const struct lb_remote *remote, struct lb_diags *diags,
                                        const char *pattern, struct lb_str *lines)
{
    struct operation operation = {.remote = remote, .diags = diags};
    enum lb_remote_status status;
    if (!begin(&operation, &status))
        return status;
    const char *const words[] = {"ls-remote", "--quiet",    "--heads", "--refs",
                                 "--",        remote->name, pattern,   NULL};
    static const char *const none[] = {NULL};
    struct lb_process_result result;
    int started = run_git(&operation, none, words, &result);
    if (!did_not_end(&operation, started, &result, &status)) {
        const char *err = lb_str_text(&result.err);
        status = LB_REMOTE_OK;
        if (result.status != 0)
            status = report_words(&operation, lb_remote_words_read(err), "", err);
        else if (result.out.length >= LB_PROCESS_OUTPUT_MAX)
            status = report(&operation, LB_REMOTE_FAILED, "its list of branches does not end");
        else
            lb_str_add(lines, lb_str_text(&result.out), result.out.length);
    }
    lb_process_result_release(&result);
    return status;
}

enum lb_remote_status lb_remote_tip(const struct lb_remote *remote, struct lb_diags *diags,
                                    char out[LB_OID_HEX])
{
    struct lb_str lines = {0};
    *out = '\0';
    enum lb_remote_status status = list_heads(remote, diags, remote->branch, &lines);
    if (status == LB_REMOTE_OK && find_tip(lb_str_text(&lines), remote->branch, out) != 0) {
        const struct operation operation = {.remote = remote, .diags = diags};
        status = report(&operation, LB_REMOTE_FAILED, "its answer is no name of a commit");
    }
    lb_str_release(&lines);
    return status;
}

enum lb_remote_status lb_remote_below(const struct lb_remote *remote, struct lb_diags *diags,
                                      struct lb_remote_tip **out, size_t *count)
{
    struct lb_str lines = {0};
    size_t capacity = 0, folder = strlen(remote->branch) + 1;
    char *pattern = lb_arena_printf(diags->arena, "%s/*", remote->branch);
    *out = NULL;
    *count = 0;
    enum lb_remote_status status = list_heads(remote, diags, pattern, &lines);
    for (const char *at = lb_str_text(&lines); *at; at += strcspn(at, "\n"), at += *at == '\n') {
        size_t length = strcspn(at, "\n");
        if (length <= LB_OID_HEX + folder || !is_oid(at) || at[LB_OID_HEX - 1] != '\t' ||
            memcmp(at + LB_OID_HEX, pattern, folder) != 0)
            continue;
        *out = lb_arena_grow(diags->arena, *out, *count, *count + 1, sizeof **out, &capacity);
        struct lb_remote_tip *tip = &(*out)[(*count)++];
        tip->branch = lb_arena_strndup(diags->arena, at + LB_OID_HEX, length - LB_OID_HEX);
        memcpy(tip->commit, at, LB_OID_HEX - 1);
        tip->commit[LB_OID_HEX - 1] = '\0';
    }
    lb_str_release(&lines);
    return status;
}

enum lb_remote_status lb_remote_fetch(const struct lb_remote *remote, struct lb_diags *diags)
{
    /* An empty refmap: else refs/remotes/... would be written, as the remote's settings say. */
    static const char *const fetch[] = {"fetch",
                                        "--quiet",
                                        "--no-tags",
                                        "--no-prune",
                                        "--no-filter",
                                        "--no-write-fetch-head",
                                        "--no-recurse-submodules",
                                        "--no-auto-maintenance",
                                        "--no-write-commit-graph",
                                        "--no-show-forced-updates",
                                        "--refmap=",
                                        NULL};
    /* Asked for more commits than there are, and for this branch alone, the server sends what is
     * missing below the boundary of a shallow clone; `--unshallow` would bring the history of every
     * branch. Not asked without need: git locks the boundary meanwhile, which a kill leaves locked,
     * and walks the whole branch. */
    static const char *const none[] = {NULL}, *const deepen[] = {"--depth=2147483646", NULL};
    /* Of commits that are here nothing is sent again, not even what a filter had left out. */
    static const char *const refetch[] = {"--refetch", NULL};
    struct operation operation = {.remote = remote, .diags = diags};
    enum lb_remote_status status;
    if (!begin(&operation, &status))
        return status;
    struct arguments words = {0};
    add(&words, fetch);
    add(&words, remote->cut ? deepen : none);
    add(&words, operation.partial ? refetch : none);
    add(&words, (const char *const[]){"--", remote->name, remote->branch, NULL});
    struct lb_process_result result;
    int started = run_git(&operation, none, words.items, &result);
    if (!did_not_end(&operation, started, &result, &status)) {
        const char *err = lb_str_text(&result.err);
        status = LB_REMOTE_OK;
        if (result.status != 0 && !strstr(err, "couldn't find remote ref"))
            status = report_words(&operation, lb_remote_words_read(err), "", err);
    }
    lb_process_result_release(&result);
    return status;
}

static enum lb_remote_status read_push(const struct operation *operation,
                                       const struct lb_process_result *result)
{
    const char *err = lb_str_text(&result->err);
    enum lb_remote_status status = LB_REMOTE_FAILED;
    struct lb_str reason = {0};
    bool told = lb_remote_words_push(lb_str_text(&result->out), err, operation->remote->branch,
                                     &status, &reason);
    /* The ref was taken, or nothing was said of it, and yet the end was not good. */
    if (!told || (status == LB_REMOTE_OK && result->status != 0))
        status = lb_remote_words_read(err);
    if (status != LB_REMOTE_OK && status != LB_REMOTE_LOST)
        report_words(operation, status, lb_str_text(&reason), err);
    lb_str_release(&reason);
    return status;
}

/* The ref's commit is in the argument, so a push says which commit it adds. */
static bool add_refspec(const struct operation *operation, const char *commit, const char *branch,
                        struct arguments *words)
{
    if (!is_oid(commit) || commit[LB_OID_HEX - 1]) {
        report(operation, LB_REMOTE_FAILED, "what is to be pushed is no name of a commit");
        return false;
    }
    const char *refspec = lb_arena_printf(operation->diags->arena, "%s:%s", commit, branch);
    add(words, (const char *const[]){refspec, NULL});
    return names_are_sound(operation, branch);
}

static void begin_push(const struct operation *operation, struct arguments *words)
{
    add(words, (const char *const[]){"push", "--porcelain", "--no-progress", "--no-verify",
                                     "--no-signed", "--no-follow-tags", "--no-mirror", "--no-force",
                                     "--recurse-submodules=no", "--", push_to(operation), NULL});
}

enum lb_remote_status lb_remote_push(const struct lb_remote *remote, struct lb_diags *diags,
                                     const char *commit)
{
    struct operation operation = {.remote = remote, .diags = diags};
    struct arguments words = {0};
    enum lb_remote_status status;
    begin_push(&operation, &words);
    if (!add_refspec(&operation, commit, remote->branch, &words))
        return LB_REMOTE_FAILED;
    if (!begin(&operation, &status))
        return status;
    struct lb_process_result result;
    int started = run_git(&operation, operation.push.items, words.items, &result);
    if (!did_not_end(&operation, started, &result, &status))
        status = read_push(&operation, &result);
    lb_process_result_release(&result);
    return status;
}

enum lb_remote_status lb_remote_push_all(const struct lb_remote *remote, struct lb_diags *diags,
                                         const struct lb_remote_tip *tips, size_t count)
{
    struct operation operation = {.remote = remote, .diags = diags};
    struct arguments words = {0};
    enum lb_remote_status status;
    begin_push(&operation, &words);
    for (size_t i = 0; i < count; i++)
        if (!add_refspec(&operation, tips[i].commit, tips[i].branch, &words))
            return LB_REMOTE_FAILED;
    if (!begin(&operation, &status))
        return status;
    struct lb_process_result result;
    int started = run_git(&operation, operation.push.items, words.items, &result);
    if (!did_not_end(&operation, started, &result, &status)) {
        const char *err = lb_str_text(&result.err);
        status = result.status == 0 ? LB_REMOTE_OK : lb_remote_words_read(err);
        if (status == LB_REMOTE_FAILED)
            status = LB_REMOTE_LOST;
        else if (status != LB_REMOTE_OK)
            report_words(&operation, status, "", err);
    }
    lb_process_result_release(&result);
    return status;
}
