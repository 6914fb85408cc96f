/* test_ledger_remote.c: a branch on a server that is a folder: what arrives, what is left alone,
 * and what each refusal is called. Servers that hang, ask or break are in tests/torture.
 */
#include "base/time.h"
#include "ledger/process.h"
#include "ledger/remote.h"
#include "ledger/remote_words.h"
#include "tests/unit/check.h"
#include "tests/unit/temporary.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BRANCH "refs/heads/lifeboat/dr"

static char root[256], tip[LB_OID_HEX];
static struct lb_arena *arena;
static struct lb_diags diags;

/* What a script says, run in `root`: there `hub` is the server, `seed` made its commits. */
static const char *sh(const char *script)
{
    const char *const argv[] = {"sh", "-ec", script, NULL};
    struct lb_process process = {
        .argv = argv, .directory = root, .deadline_ms = lb_time_monotonic_ms() + 60000};
    struct lb_process_result result;
    if (lb_process_run(&process, &result) != 0 || result.status != 0)
        fail_msg("%s: %d: %s%s", script, result.status, lb_str_text(&result.out),
                 lb_str_text(&result.err));
    while (result.out.length && result.out.data[result.out.length - 1] == '\n')
        lb_str_truncate(&result.out, result.out.length - 1);
    const char *text = lb_arena_strdup(arena, lb_str_text(&result.out));
    lb_process_result_release(&result);
    return text;
}

static int make_ground(void **state)
{
    (void)state;
    if (!temporary_folder(root, sizeof root, "remote"))
        return -1;
    setenv("HOME", root, 1);
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    unsetenv("CI");
    unsetenv("GIT_ASKPASS");
    unsetenv("XDG_CONFIG_HOME");
    arena = lb_arena_new();
    sh("git config --global user.name t; git config --global user.email t@example.com;"
       "git config --global init.defaultBranch main; git config --global advice.detachedHead false;"
       "git init -q --bare hub; git -C hub config uploadpack.allowFilter true; git init -q seed;"
       "cd seed; for n in 1 2 3; do echo $n >code; git add code; git commit -qm code$n; done;"
       "git tag v1; git checkout -q --orphan lifeboat/dr; git rm -qf code;"
       "for n in 1 2 3 4; do echo $n >entry.json; git add entry.json; git commit -qm entry$n; done;"
       "git remote add origin \"file://$HOME/hub\"; git push -q origin main lifeboat/dr v1");
    return 0;
}

static int clear_ground(void **state)
{
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    lb_arena_free(arena);
    return system(command);
}

static int before_each(void **state)
{
    (void)state;
    lb_diags_init(&diags, arena);
    return 0;
}

/* The repository `root`/NAME. */
static struct lb_remote at(const char *git_dir)
{
    return (struct lb_remote){.git_dir = lb_arena_printf(arena, "%s/%s", root, git_dir),
                              .name = "origin",
                              .branch = BRANCH,
                              .deadline_s = 60};
}

/* One diagnostic with this code, and this in its detail; `code` NULL: none at all. */
static void check_said(const char *row, const char *code, const char *detail)
{
    if (diags.count != (code ? 1 : 0))
        fail_msg("%s: %zu diagnostics: %s", row, diags.count,
                 diags.count ? diags.items[0].detail : "");
    if (!code)
        return;
    CHECK_TEXT(row, diags.items[0].code, code);
    if (!strstr(diags.items[0].detail, detail))
        fail_msg("%s: <%s> is not in <%s>", row, detail, diags.items[0].detail);
    lb_diags_init(&diags, arena);
}

/* --- what arrives, and what is left alone
 * --------------------------------------------------------- */

/* Everything of a checkout that a fetch or push could touch. */
#define LOOK                                                                                       \
    "git for-each-ref; cat $(git rev-parse --git-path HEAD) $(git rev-parse --git-path config);"   \
    "for f in shallow index FETCH_HEAD ORIG_HEAD packed-refs logs/HEAD; do p=$(git rev-parse "     \
    "--git-path $f); test -e $p && cksum $p || echo no $f; done"

static void test_fetch_brings_all_and_touches_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *folder, *make, *git_dir, *blob;
    } rows[] = {
        {"whole", "git clone -q \"file://$HOME/hub\" whole", "whole/.git", "4"},
        {"shallow", "git clone -q --depth 1 -b main \"file://$HOME/hub\" shallow", "shallow/.git",
         "4"},
        {"wide", "git clone -q --depth 1 -b main --no-single-branch \"file://$HOME/hub\" wide",
         "wide/.git", "4"},
        {"detached", "git clone -q \"file://$HOME/hub\" detached; git -C detached checkout -q v1~1",
         "detached/.git", "4"},
        {"tree", "git -C seed worktree add -q ../tree main", "seed/.git/worktrees/tree", "4"},
        {"bare",
         "git clone -q --bare \"file://$HOME/hub\" bare; git -C bare branch -D -q lifeboat/dr",
         "bare", "4"},
        {"mirror", "git clone -q --mirror \"file://$HOME/hub\" mirror", "mirror", "4"},
        {"partial", "git clone -q --filter=blob:none \"file://$HOME/hub\" partial", "partial/.git",
         "4"},
        {"fresh", "git init -q fresh; git -C fresh remote add origin \"file://$HOME/hub\"",
         "fresh/.git", "4"},
        {"relative", "git init -q relative; git -C relative remote add origin ../hub",
         "relative/.git", "4"},
    };
    const char *wanted = sh("git -C hub rev-parse " BRANCH);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *row = rows[i].folder;
        sh(rows[i].make);
        const char *look = lb_arena_printf(arena, "cd %s; " LOOK, row);
        const char *before = sh(look);
        struct lb_remote remote = at(rows[i].git_dir);
        remote.directory = lb_arena_printf(arena, "%s/%s", root, row);
        remote.cut = strcmp(row, "wide") == 0;
        CHECK(row, lb_remote_tip(&remote, &diags, tip) == LB_REMOTE_OK);
        CHECK_TEXT(row, tip, wanted);
        CHECK(row, lb_remote_fetch(&remote, &diags) == LB_REMOTE_OK);
        check_said(row, NULL, NULL);
        const char *after = sh(look);
        if (strcmp(row, "wide") != 0) /* there the ledger's own boundary goes */
            CHECK_TEXT(row, after, before);
        CHECK_TEXT(row, sh(lb_arena_printf(arena, "git -C %s rev-list --count %s", row, tip)), "4");
        /* Without the network: a partial clone would fetch the blob now. */
        CHECK_TEXT(row,
                   sh(lb_arena_printf(arena,
                                      "cd %s; git remote set-url origin /none; git cat-file "
                                      "-p %s:entry.json; git cat-file -p %s~3:entry.json",
                                      row, tip, tip)),
                   "4\n1");
        CHECK(row, lb_remote_fetch(&remote, &diags) == LB_REMOTE_FAILED);
        check_said(row, "LB-G014", "does not appear to be a git repository");
        sh("git -C seed remote set-url origin \"file://$HOME/hub\"");
    }
    CHECK_TEXT("wide", sh("cat wide/.git/shallow"), sh("git -C wide rev-parse main"));
    CHECK_TEXT("shallow", sh("cat shallow/.git/shallow"), sh("git -C shallow rev-parse main"));
    CHECK_TEXT("wide", sh("git -C wide rev-list --count main"), "1");
    sh("git -C seed worktree remove --force ../tree");
}

static void test_missing_branch(void **state)
{
    (void)state;
    struct lb_remote remote = at("seed/.git");
    remote.branch = "refs/heads/lifeboat/none";
    snprintf(tip, sizeof tip, "before");
    assert_int_equal(lb_remote_tip(&remote, &diags, tip), LB_REMOTE_OK);
    CHECK_TEXT("tip", tip, "");
    assert_int_equal(lb_remote_fetch(&remote, &diags), LB_REMOTE_OK);
    check_said("missing branch", NULL, NULL);
}

/* ls-remote finds by the end of a name. */
static void test_tip_is_of_the_very_branch(void **state)
{
    (void)state;
    sh("git -C hub update-ref refs/heads/aaa/" BRANCH " main;"
       "git -C hub update-ref refs/heads/zzz/" BRANCH " main");
    struct lb_remote remote = at("seed/.git");
    assert_int_equal(lb_remote_tip(&remote, &diags, tip), LB_REMOTE_OK);
    CHECK_TEXT("tip", tip, sh("git -C hub rev-parse " BRANCH));
    remote.branch = "refs/heads/dr";
    assert_int_equal(lb_remote_tip(&remote, &diags, tip), LB_REMOTE_OK);
    CHECK_TEXT("another", tip, "");
    sh("git -C hub update-ref -d refs/heads/aaa/" BRANCH ";"
       "git -C hub update-ref -d refs/heads/zzz/" BRANCH);
}

/* --- pushing
 * -------------------------------------------------------------------------------------- */

/* A child of what the server has, or of `parent`. */
static const char *make_commit(const char *folder, const char *parent)
{
    static int number; /* made in one second, and yet another */
    return sh(lb_arena_printf(arena,
                              "cd %s; p=$(git -C \"$HOME/hub\" rev-parse %s); git fetch -q "
                              "\"file://$HOME/hub\" $p 2>/dev/null || git cat-file -e $p;"
                              "git commit-tree -p $p -m entry%d $p^{tree}",
                              folder, parent, number++));
}

static void test_push_from_every_kind_of_checkout(void **state)
{
    (void)state;
    static const struct {
        const char *folder, *git_dir, *make;
    } rows[] = {
        {"p-whole", "p-whole/.git", "git clone -q \"file://$HOME/hub\" p-whole"},
        {"p-shallow", "p-shallow/.git",
         "git clone -q --depth 1 -b main \"file://$HOME/hub\" p-shallow"},
        {"p-bare", "p-bare", "git clone -q --bare \"file://$HOME/hub\" p-bare"},
        {"p-mirror", "p-mirror", "git clone -q --mirror \"file://$HOME/hub\" p-mirror"},
        {"p-branch", "p-branch/.git",
         "git clone -q --single-branch -b lifeboat/dr \"file://$HOME/hub\" p-branch"},
        /* What a user may have set, and what would stop or change a push. */
        {"p-set", "p-set/.git",
         "git clone -q \"file://$HOME/hub\" p-set; cd p-set; git config push.gpgSign true;"
         "git config push.followTags true; git tag -a -m x p-set-tag; git config "
         "remote.origin.push "
         "'+refs/heads/*:refs/heads/stolen/*'; printf '#!/bin/sh\\ntouch \"$HOME/hook-ran\"; exit "
         "1' "
         "| tee .git/hooks/pre-push >.git/hooks/reference-transaction; chmod +x .git/hooks/*"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *row = rows[i].folder;
        sh(rows[i].make);
        struct lb_remote remote = at(rows[i].git_dir);
        CHECK(row, lb_remote_fetch(&remote, &diags) == LB_REMOTE_OK);
        const char *commit = sh(lb_arena_printf(arena,
                                                "cd %s; p=$(git -C ../hub rev-parse " BRANCH
                                                "); git commit-tree -p $p -m e $p^{tree}",
                                                row));
        const char *look = lb_arena_printf(arena, "cd %s; git for-each-ref", row);
        const char *before = sh(look);
        CHECK(row, lb_remote_push(&remote, &diags, commit) == LB_REMOTE_OK);
        CHECK(row, lb_remote_tip(&remote, &diags, tip) == LB_REMOTE_OK);
        CHECK_TEXT(row, tip, commit);
        CHECK(row,
              lb_remote_push(&remote, &diags, commit) == LB_REMOTE_OK); /* it is there already */
        check_said(row, NULL, NULL);
        CHECK_TEXT(row, sh(look), before);
    }
    CHECK_TEXT("refs of the server", sh("git -C hub for-each-ref --format='%(refname)'"),
               "refs/heads/lifeboat/dr\nrefs/heads/main\nrefs/tags/v1");
    CHECK_TEXT("hooks", sh("ls hook-ran 2>/dev/null || echo none ran"), "none ran");
}

/* A push goes where the remote's settings say, without the name of the remote. */
static void test_push_settings(void **state)
{
    (void)state;
    static const struct {
        const char *row, *set;
    } rows[] = {
        {"pushurl", "git config remote.origin.pushurl \"file://$HOME/hub\";"
                    "git config remote.origin.url /none"},
        {"insteadOf", "git config url.file://$HOME/.insteadOf x:;"
                      "git config remote.origin.url x:hub"},
        {"pushInsteadOf", "git config url.file://$HOME/.pushInsteadOf x:;"
                          "git config remote.origin.url x:hub"},
        {"pushurl goes first", "git config url./none.pushInsteadOf file:;"
                               "git config remote.origin.pushurl \"file://$HOME/hub\";"
                               "git config remote.origin.url \"file://$HOME/hub\""},
        {"receivepack", "git config remote.origin.receivepack 'touch \"$HOME/asked\";"
                        "git-receive-pack'; git config remote.origin.url \"file://$HOME/hub\""},
        {"two", "git clone -q --bare \"file://$HOME/hub\" ../second; git config --add "
                "remote.origin.url \"file://$HOME/second\""},
        {"without a value", "printf '[remote \"origin\"]\\n\\tprune\\n' >>.git/config"},
    };
    sh("git clone -q \"file://$HOME/hub\" p-to; cp p-to/.git/config p-config");
    struct lb_remote remote = at("p-to/.git");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *row = rows[i].row, *commit = make_commit("p-to", BRANCH);
        sh(lb_arena_printf(arena, "cp p-config p-to/.git/config; cd p-to; %s", rows[i].set));
        const char *before = sh("git -C p-to for-each-ref");
        CHECK(row, lb_remote_push(&remote, &diags, commit) == LB_REMOTE_OK);
        check_said(row, NULL, NULL);
        CHECK_TEXT(row, sh("git -C hub rev-parse " BRANCH), commit);
        CHECK_TEXT(row, sh("git -C p-to for-each-ref"), before);
    }
    CHECK_TEXT("the second address", sh("git -C second rev-parse " BRANCH "~1"),
               sh("git -C hub rev-parse " BRANCH "~2"));
    CHECK_TEXT("receivepack", sh("ls asked"), "asked");
    sh("cp p-config p-to/.git/config; cd p-to; for n in $(seq 60); do git config --add "
       "remote.origin.pushurl \"file://$HOME/hub\"; done");
    CHECK("too many",
          lb_remote_push(&remote, &diags, make_commit("p-to", BRANCH)) == LB_REMOTE_FAILED);
    check_said("too many", "LB-G014", "too many");
}

static void test_push_makes_the_branch(void **state)
{
    (void)state;
    struct lb_remote remote = at("seed/.git");
    remote.branch = "refs/heads/lifeboat/new";
    const char *commit = sh("cd seed; git commit-tree -m first main^{tree}");
    assert_int_equal(lb_remote_push(&remote, &diags, commit), LB_REMOTE_OK);
    check_said("new branch", NULL, NULL);
    CHECK_TEXT("tip", sh("git -C hub rev-parse lifeboat/new"), commit);
    sh("git -C hub branch -qD lifeboat/new");
}

static void test_lost_race(void **state)
{
    (void)state;
    struct lb_remote remote = at("seed/.git");
    assert_int_equal(lb_remote_fetch(&remote, &diags), LB_REMOTE_OK);
    const char *before = sh("git -C hub rev-parse " BRANCH);
    /* The other's commit is known here, and it is not. */
    const char *mine = make_commit("seed", BRANCH "~1"),
               *root_commit = sh("cd seed; git commit-tree -m r main^{tree}");
    assert_int_equal(lb_remote_push(&remote, &diags, mine), LB_REMOTE_LOST);
    assert_int_equal(lb_remote_push(&remote, &diags, root_commit), LB_REMOTE_LOST);
    const char *other = sh("cd hub; git -c user.name=o -c user.email=o@o commit-tree -p " BRANCH
                           " -m other " BRANCH "^{tree}");
    sh(lb_arena_printf(arena, "git -C hub update-ref " BRANCH " %s", other));
    mine = sh(
        lb_arena_printf(arena, "cd seed; git commit-tree -p %s -m mine %s^{tree}", before, before));
    assert_int_equal(lb_remote_push(&remote, &diags, mine), LB_REMOTE_LOST);
    /* Somebody is writing the ref this very moment. */
    assert_int_equal(lb_remote_fetch(&remote, &diags), LB_REMOTE_OK);
    mine = sh(
        lb_arena_printf(arena, "cd seed; git commit-tree -p %s -m mine %s^{tree}", other, other));
    sh("touch hub/" BRANCH ".lock");
    assert_int_equal(lb_remote_push(&remote, &diags, mine), LB_REMOTE_LOST);
    sh("rm hub/" BRANCH ".lock");
    check_said("lost", NULL, NULL);
    CHECK_TEXT("nothing was forced", sh("git -C hub rev-parse " BRANCH), other);
    assert_int_equal(lb_remote_push(&remote, &diags, mine), LB_REMOTE_OK);
}

static void test_refused_by_the_server(void **state)
{
    (void)state;
    static const struct {
        const char *set, *unset;
        enum lb_remote_status status;
        const char *code, *detail;
    } rows[] = {
        {"printf '#!/bin/sh\\necho not on a \\033[31mFriday >&2; exit 1' >hub/hooks/pre-receive;"
         "chmod +x hub/hooks/pre-receive",
         "rm hub/hooks/pre-receive", LB_REMOTE_REFUSED, "LB-G012", "pre-receive hook declined"},
        {"printf '#!/bin/sh\\necho https://bot:s3cr3t@git.example.com/x y >&2; exit 1' "
         ">hub/hooks/update; chmod +x hub/hooks/update",
         "rm hub/hooks/update", LB_REMOTE_REFUSED, "LB-G012",
         "https://[redacted]@git.example.com/x y"},
        {"git -C hub config receive.hideRefs refs/heads/lifeboat",
         "git -C hub config --unset receive.hideRefs", LB_REMOTE_REFUSED, "LB-G012", "hidden ref"},
        {"git -C hub config receive.maxInputSize 1",
         "git -C hub config --unset receive.maxInputSize", LB_REMOTE_FAILED, "LB-G014", "unpack"},
    };
    struct lb_remote remote = at("seed/.git");
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(lb_remote_fetch(&remote, &diags), LB_REMOTE_OK);
        const char *commit = make_commit("seed", BRANCH);
        sh(rows[i].set);
        enum lb_remote_status status = lb_remote_push(&remote, &diags, commit);
        sh(rows[i].unset);
        CHECK(rows[i].detail, status == rows[i].status);
        for (size_t j = 0; j < diags.count; j++)
            CHECK(rows[i].detail,
                  !strchr(diags.items[j].detail, 033) && !strstr(diags.items[j].detail, "s3cr3t"));
        check_said(rows[i].detail, rows[i].code, rows[i].detail);
    }
}

static void test_local_faults(void **state)
{
    (void)state;
    static const struct {
        const char *git_dir, *name, *branch, *commit, *detail;
    } rows[] = {
        {"none", "origin", BRANCH, NULL, "could not be started"},
        {"", "origin", BRANCH, NULL, "does not appear to be a git repository"},
        {"seed/.git", "nowhere", BRANCH, NULL, "does not appear to be a git repository"},
        {"seed/.git", "origin", BRANCH, "1234567890123456789012345678901234567890", "needs force"},
        {"seed/.git", "origin", BRANCH, "HEAD", "no name of a commit"},
        {"seed/.git", "origin", BRANCH, "", "no name of a commit"},
        {"seed/.git", "--upload-pack=touch x", BRANCH, NULL, "names are"},
        {"seed/.git", "-o", BRANCH, NULL, "names are"},
        {"seed/.git", "", BRANCH, NULL, "names are"},
        {"seed/.git", "ext::sh -c x", BRANCH, NULL, "names are"},
        {"seed/.git", "../hub", BRANCH, NULL, "names are"},
        {"seed/.git", "/tmp", BRANCH, NULL, "names are"},
        {"seed/.git", "a=b", BRANCH, NULL, "names are"},
        {"seed/.git", "origin", "refs/heads/-x", NULL, "names are"},
        {"seed/.git", "origin", "refs/heads/a/-x", NULL, "names are"},
        {"seed/.git", "origin", "refs/heads/a:refs/heads/main", NULL, "names are"},
        {"seed/.git", "origin", "+refs/heads/a", NULL, "names are"},
        {"seed/.git", "origin", "refs/heads/a..b", NULL, "names are"},
        {"seed/.git", "origin", "refs/heads/*", NULL, "names are"},
        {"seed/.git", "origin", "main", NULL, "names are"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_remote remote = at(rows[i].git_dir);
        remote.name = rows[i].name;
        remote.branch = rows[i].branch;
        enum lb_remote_status status = rows[i].commit
                                           ? lb_remote_push(&remote, &diags, rows[i].commit)
                                           : lb_remote_tip(&remote, &diags, tip);
        CHECK(rows[i].detail, status == LB_REMOTE_FAILED);
        check_said(rows[i].detail, "LB-G014", rows[i].detail);
    }
}

/* --- how git is called
 * ---------------------------------------------------------------------------- */

/* A git that tells how it was called, and answers the question for settings as it is told to. */
#define FAKE                                                                                       \
    "mkdir -p fake; { echo '#!/bin/sh'; echo 'case \"$*\" in *get-regexp*) printf \"%b\" "         \
    "\"$FAKE_CONFIG\";; *) { echo \"$@\"; env; } >\"$HOME/called\";; esac'; } >fake/git;"          \
    "chmod +x fake/git"

static const char *called(const char *config)
{
    char *path = strdup(getenv("PATH"));
    struct lb_remote remote = at("seed/.git");
    setenv("PATH", lb_arena_printf(arena, "%s/fake:%s", root, path), 1);
    setenv("FAKE_CONFIG", config, 1);
    enum lb_remote_status status = lb_remote_tip(&remote, &diags, tip);
    setenv("PATH", path, 1);
    free(path);
    assert_int_equal(status, LB_REMOTE_OK);
    return sh("cat called");
}

static bool has_line(const char *text, const char *line)
{
    size_t length = strlen(line);
    for (const char *at = text; (at = strstr(at, line)); at++)
        if ((at == text || at[-1] == '\n') && (at[length] == '\n' || !at[length]))
            return true;
    return false;
}

static void test_environment_of_git(void **state)
{
    (void)state;
    static const char *const hostile[] = {"GIT_DIR",
                                          "GIT_WORK_TREE",
                                          "GIT_INDEX_FILE",
                                          "GIT_OBJECT_DIRECTORY",
                                          "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                          "GIT_NAMESPACE",
                                          "GIT_COMMON_DIR",
                                          "GIT_TRACE",
                                          "GIT_TRACE_CURL",
                                          "GIT_TRACE2_EVENT",
                                          "GIT_TRACE_REDACT",
                                          "GIT_CURL_VERBOSE",
                                          "SSH_ASKPASS"};
    sh(FAKE);
    for (size_t i = 0; i < COUNT(hostile); i++)
        setenv(hostile[i], "/hostile", 1);
    setenv("GIT_ASKPASS", "/window", 1);
    setenv("LC_ALL", "de_DE.UTF-8", 1);
    setenv("GIT_CONFIG_COUNT", "1", 1);
    setenv("GIT_CONFIG_KEY_0", "http.extraheader", 1);
    setenv("GIT_CONFIG_VALUE_0", "x", 1);
    const char *text = called("");
    for (size_t i = 0; i < COUNT(hostile); i++) {
        CHECK(hostile[i], !strstr(text, lb_arena_printf(arena, "\n%s=", hostile[i])));
        unsetenv(hostile[i]);
    }
    static const char *const lines[] = {"GIT_TERMINAL_PROMPT=0",
                                        "GIT_ASKPASS=",
                                        "SSH_ASKPASS_REQUIRE=never",
                                        "LC_ALL=C",
                                        "GIT_CONFIG_COUNT=1",
                                        "GIT_CONFIG_KEY_0=http.extraheader",
                                        "GIT_SSH_COMMAND=ssh -oBatchMode=yes"};
    for (size_t i = 0; i < COUNT(lines); i++)
        CHECK(lines[i], has_line(text, lines[i]));
    unsetenv("GIT_CONFIG_COUNT");
    unsetenv("GIT_CONFIG_KEY_0");
    unsetenv("GIT_CONFIG_VALUE_0");
    unsetenv("LC_ALL");

    setenv("CI", "true", 1); /* there a program hands over the credentials */
    CHECK("CI", has_line(called(""), "GIT_ASKPASS=/window"));
    unsetenv("CI");
    unsetenv("GIT_ASKPASS");
}

static void test_ssh_is_the_users(void **state)
{
    (void)state;
    sh(FAKE);
    CHECK("core.sshCommand", !strstr(called("core.sshcommand\\nssh -i key\\0000"), "BatchMode"));
    CHECK("others", strstr(called("remote.origin.promisor\\ntrue\\0000"), "BatchMode"));
    setenv("GIT_SSH_COMMAND", "ssh -i mine", 1);
    CHECK("GIT_SSH_COMMAND", has_line(called(""), "GIT_SSH_COMMAND=ssh -i mine"));
    unsetenv("GIT_SSH_COMMAND");
    setenv("GIT_SSH", "/bin/myssh", 1);
    CHECK("GIT_SSH", !strstr(called(""), "BatchMode"));
    unsetenv("GIT_SSH");
}

static void test_no_git(void **state)
{
    (void)state;
    char *path = strdup(getenv("PATH"));
    struct lb_remote remote = at("seed/.git");
    setenv("PATH", "/nonexistent", 1);
    enum lb_remote_status status = lb_remote_fetch(&remote, &diags);
    setenv("PATH", path, 1);
    free(path);
    assert_int_equal(status, LB_REMOTE_NO_GIT);
    check_said("no git", "LB-G013", "no `git`");
}

static void test_stopped(void **state)
{
    (void)state;
    static const volatile int stop = 1;
    struct lb_remote remote = at("seed/.git");
    remote.stop = &stop;
    assert_int_equal(lb_remote_tip(&remote, &diags, tip), LB_REMOTE_UNREACHABLE);
    check_said("stopped", "LB-G010", "interrupted");
}

/* --- words
 * ---------------------------------------------------------------------------------------- */

static void test_words_of_failures(void **state)
{
    (void)state;
    static const struct {
        const char *err;
        enum lb_remote_status status;
    } rows[] = {
        {"fatal: could not read Username for 'https://h': terminal prompts disabled\n",
         LB_REMOTE_DENIED},
        {"fatal: Authentication failed for 'https://h/x.git/'\n", LB_REMOTE_DENIED},
        {"remote: Permission to a/b.git denied to c.\n"
         "fatal: unable to access 'https://h/a/b.git/': The requested URL returned error: 403\n",
         LB_REMOTE_DENIED},
        {"git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.\n",
         LB_REMOTE_DENIED},
        {"ERROR: Repository not found.\nfatal: Could not read from remote repository.\n",
         LB_REMOTE_DENIED},
        {"remote: Repository not found.\nfatal: repository 'https://h/a/b.git/' not found\n",
         LB_REMOTE_DENIED},
        {"fatal: remote error: access denied or repository not exported: /x\n", LB_REMOTE_DENIED},
        {"fatal: unable to access 'https://h/': Could not resolve host: h\n",
         LB_REMOTE_UNREACHABLE},
        {"ssh: Could not resolve hostname h: Name or service not known\n", LB_REMOTE_UNREACHABLE},
        {"fatal: unable to look up h (port 9418) (Name or service not known)\n",
         LB_REMOTE_UNREACHABLE},
        {"fatal: unable to connect to h:\nh[0: 1.2.3.4]: errno=Connection refused\n",
         LB_REMOTE_UNREACHABLE},
        {"ssh: connect to host h port 22: Connection timed out\n", LB_REMOTE_UNREACHABLE},
        {"fatal: the remote end hung up unexpectedly\n", LB_REMOTE_UNREACHABLE},
        {"fatal: unable to access 'https://h/': The requested URL returned error: 503\n",
         LB_REMOTE_UNREACHABLE},
        {"fatal: unable to access 'https://h/': SSL certificate problem: self-signed certificate\n",
         LB_REMOTE_FAILED},
        {"Host key verification failed.\nfatal: Could not read from remote repository.\n",
         LB_REMOTE_FAILED},
        {"fatal: Could not read from remote repository.\n", LB_REMOTE_UNREACHABLE},
        {"fatal: '/x' does not appear to be a git repository\nfatal: Could not read from remote "
         "repository.\n",
         LB_REMOTE_FAILED},
        {"fatal: not a git repository: '/x'\n", LB_REMOTE_FAILED},
        {"error: insufficient permission for adding an object to repository database\n",
         LB_REMOTE_FAILED},
        {"remote: Authentication failed, says the server\nfatal: something else\n",
         LB_REMOTE_FAILED},
        {"", LB_REMOTE_FAILED},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (lb_remote_words_read(rows[i].err) != rows[i].status)
            fail_msg("%s: %d", rows[i].err, lb_remote_words_read(rows[i].err));
}

static void test_words_of_a_push(void **state)
{
    (void)state;
    static const struct {
        const char *line, *err;
        enum lb_remote_status status; /* NO_GIT: no line tells */
        const char *reason;
    } rows[] = {
        {"*\tc:" BRANCH "\t[new branch]\nDone\n", "", LB_REMOTE_OK, ""},
        {" \tc:" BRANCH "\ta..b\n", "", LB_REMOTE_OK, ""},
        {"=\tc:" BRANCH "\t[up to date]\n", "", LB_REMOTE_OK, ""},
        {"!\tc:" BRANCH "\t[rejected] (non-fast-forward)\n", "", LB_REMOTE_LOST, NULL},
        {"!\tc:" BRANCH "\t[rejected] (fetch first)\n", "", LB_REMOTE_LOST, NULL},
        {"!\tc:" BRANCH "\t[remote rejected] (failed to update ref)\n",
         "remote: error: cannot lock ref 'x': is at a but expected b\n", LB_REMOTE_LOST, NULL},
        {"!\tc:" BRANCH "\t[remote rejected] (cannot lock ref 'x': reference already exists)\n", "",
         LB_REMOTE_LOST, NULL},
        {"!\tc:" BRANCH "\t[remote rejected] (failed to update ref)\n",
         "remote: error: cannot lock ref 'x': 'refs/heads/lifeboat' exists; cannot create 'x'\n",
         LB_REMOTE_FAILED, NULL},
        {"!\tc:" BRANCH "\t[remote rejected] (failed to update ref)\n",
         "remote: error: Unable to create '/x.lock': Permission denied\n", LB_REMOTE_FAILED, NULL},
        {"!\tc:" BRANCH "\t[remote rejected] (protected branch hook declined)\n", "",
         LB_REMOTE_REFUSED, "[remote rejected] (protected branch hook declined)"},
        {"!\tc:" BRANCH "\t[remote rejected] (push declined due to repository rule violations)\n",
         "", LB_REMOTE_REFUSED, NULL},
        {"!\tc:" BRANCH "\t[remote rejected] (TF402455: Pushes are not permitted)\n", "",
         LB_REMOTE_REFUSED, NULL},
        {"!\tc:" BRANCH "\t[remote rejected] (Internal Server Error)\n", "", LB_REMOTE_FAILED,
         NULL},
        {"!\tc:" BRANCH "\t[remote failure] (remote failed to report status)\n", "",
         LB_REMOTE_UNREACHABLE, NULL},
        {"!\tc:" BRANCH "\n", "", LB_REMOTE_NO_GIT, ""},
        {" \tc:" BRANCH "\ta..b\n!\tc:" BRANCH "\t[rejected] (fetch first)\n", "", LB_REMOTE_LOST,
         NULL},
        {"!\tc:" BRANCH "\t[rejected] (fetch first)\n \tc:" BRANCH "\ta..b\n", "", LB_REMOTE_LOST,
         NULL},
        {" \tc:" BRANCH "2\ta..b\n", "", LB_REMOTE_NO_GIT, ""},
        {" \tc:x" BRANCH "\ta..b\n", "", LB_REMOTE_NO_GIT, ""},
        {"To file:///x\n", "", LB_REMOTE_NO_GIT, ""},
        {"!\t\n!\t\t\n \n\t\t\t\t\n", "", LB_REMOTE_NO_GIT, ""},
        {"", "", LB_REMOTE_NO_GIT, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_str reason = {0};
        enum lb_remote_status status = LB_REMOTE_NO_GIT;
        bool told = lb_remote_words_push(rows[i].line, rows[i].err, BRANCH, &status, &reason);
        if (told != (rows[i].status != LB_REMOTE_NO_GIT) || status != rows[i].status)
            fail_msg("%s: told %d, status %d", rows[i].line, told, (int)status);
        if (rows[i].reason)
            CHECK_TEXT(rows[i].line, lb_str_text(&reason), rows[i].reason);
        lb_str_release(&reason);
    }
}

static void test_words_are_quoted(void **state)
{
    (void)state;
    static const struct {
        const char *err, *quoted;
    } rows[] = {
        {"", ""},
        {"a\n\nb  \r\nhint: c\nremote: \nremote: d        \n", "a; b; remote: d"},
        {"To https://h/x\nerror: failed to push some refs to 'https://h'\nfatal: y\n", "fatal: y"},
        {"fatal: 'https://user:to/ken@h/x' gone", "fatal: 'https://[redacted]@h/x' gone"},
        {"fatal: https://token@h/x", "fatal: https://[redacted]@h/x"},
        {"a://b:c@d e://f:g@h", "a://[redacted]@d e://[redacted]@h"},
        {"git@h: Permission denied (publickey).", "git@h: Permission denied (publickey)."},
        {"://", "://"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", "1; 2; 3; 4; 5; 6; 7; 8; ..."},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_str out = {0};
        lb_remote_words_quote(&out, rows[i].err);
        CHECK_TEXT(rows[i].err, lb_str_text(&out), rows[i].quoted);
        lb_str_release(&out);
    }
    /* The cut must not fall between a password and the "@" that gives it away. */
    for (size_t before = 0; before < 300; before++) {
        struct lb_str err = {0}, out = {0};
        lb_str_puts(&err, "x ");
        lb_str_repeat(&err, 'y', before);
        lb_str_puts(&err, " https://u:s3cr3t@host/path and more of it");
        lb_str_repeat(&err, 'z', 600);
        lb_remote_words_quote(&out, lb_str_text(&err));
        assert_null(strstr(lb_str_text(&out), "s3"));
        assert_true(out.length < 300);
        lb_str_release(&err);
        lb_str_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_fetch_brings_all_and_touches_nothing, before_each),
        cmocka_unit_test_setup(test_missing_branch, before_each),
        cmocka_unit_test_setup(test_tip_is_of_the_very_branch, before_each),
        cmocka_unit_test_setup(test_push_from_every_kind_of_checkout, before_each),
        cmocka_unit_test_setup(test_push_settings, before_each),
        cmocka_unit_test_setup(test_push_makes_the_branch, before_each),
        cmocka_unit_test_setup(test_lost_race, before_each),
        cmocka_unit_test_setup(test_refused_by_the_server, before_each),
        cmocka_unit_test_setup(test_local_faults, before_each),
        cmocka_unit_test_setup(test_environment_of_git, before_each),
        cmocka_unit_test_setup(test_ssh_is_the_users, before_each),
        cmocka_unit_test_setup(test_no_git, before_each),
        cmocka_unit_test_setup(test_stopped, before_each),
        cmocka_unit_test_setup(test_words_of_failures, before_each),
        cmocka_unit_test_setup(test_words_of_a_push, before_each),
        cmocka_unit_test_setup(test_words_are_quoted, before_each),
    };
    return cmocka_run_group_tests(tests, make_ground, clear_ground);
}
