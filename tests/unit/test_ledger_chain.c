/* test_ledger_chain.c: adding, reading, finding, and the lock, in one repository and through a
 * remote.
 */
#include "tests/unit/ledger_kit.h"

#include <sys/stat.h>

static struct lb_lock lock_of(struct lb_ledger *ledger)
{
    struct lb_lock lock;
    assert_int_equal(lb_ledger_refresh(ledger, STACK), 0);
    assert_int_equal(lb_ledger_lock(ledger, STACK, &lock), 0);
    return lock;
}

static int try(struct lb_ledger *ledger, const char *kind, const char *ends,
               struct lb_ledger_entry *written)
{
    struct lb_ledger_draft draft = kit_draft(kind, NULL);
    draft.entry.ends = ends;
    return lb_ledger_append(ledger, &draft, written);
}

/* --- entries
 * --------------------------------------------------------------------------------------------- */

static void test_append_and_read(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("one");
    const char *code = kit_in("one", "git rev-parse main");
    struct lb_ledger_entry first = kit_add(ledger, "plan", kit_plan('a'), NULL), again, glance;
    struct lb_ledger_entry second = kit_add(ledger, "plan", kit_plan('b'), NULL);
    char tip[41], parent[41];
    assert_int_equal(lb_ledger_tip(ledger, STACK, tip), 0);
    assert_string_equal(tip, second.commit);
    assert_string_equal(kit_in("hub", "git rev-parse " BRANCH), second.commit);
    assert_int_equal(lb_ledger_read(ledger, second.commit, &again), 0);
    assert_true(again.seq == 2 && !again.local && lb_streq(again.plan, kit_plan('b')));
    assert_int_equal(lb_ledger_glance(ledger, kit.arena, second.commit, &glance, parent), 0);
    assert_string_equal(parent, first.commit);
    assert_true(glance.seq == 2 && lb_streq(glance.id, second.id));
    struct lb_source *spec = lb_ledger_file(ledger, second.commit, "spec.yaml");
    assert_true(spec && spec->length == strlen(SPEC) &&
                memcmp(spec->text, SPEC, spec->length) == 0);
    assert_null(lb_ledger_file(ledger, second.commit, "nothing"));
    kit_said("file", "LB-G032", "nothing");
    assert_string_equal(kit_in("one", "git rev-parse main"), code);
    assert_string_equal(kit_in("one", "git rev-list --max-parents=0 " BRANCH), first.commit);
    kit_sound("two", ledger, 2);
    kit_silent("append");
}

/* What was reviewed stays, although the plan was made again at another time. */
static void test_a_plan_recorded_twice(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("alone");
    struct lb_ledger_draft draft = kit_draft("plan", kit_plan('a'));
    struct lb_ledger_entry written;
    char commit[41];
    struct lb_source *plan;
    kit_add(ledger, "plan", kit_plan('a'), NULL);
    struct lb_value *document = lb_value_map(kit.arena);
    lb_map_set_string(kit.arena, document, "id", kit_plan('a'));
    lb_map_set_string(kit.arena, document, "made_at", "later");
    draft.document = document;
    assert_int_equal(lb_ledger_append(ledger, &draft, &written), 0);
    assert_int_equal(lb_ledger_find(ledger, STACK, "aaaaaaaa", commit, &plan), 0);
    assert_null(strstr(plan->text, "later"));
    kit_sound("twice", ledger, 2);
}

static void test_find(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("one");
    struct lb_ledger_entry entry = kit_add(ledger, "plan", kit_plan('a'), NULL);
    char *near = lb_arena_strdup(kit.arena, kit_plan('a'));
    near[20] = 'b';
    const char *code = kit_in("one", "git rev-parse main");
    const struct {
        const char *row, *name, *code; /* code NULL: found */
    } rows[] = {
        {"whole", kit_plan('a'), NULL},
        {"beginning", "aaaaaaaa", NULL},
        {"upper case", "AAAAAAAAAAAA", NULL},
        {"commit", entry.commit, NULL},
        {"beginning of a commit", lb_arena_strndup(kit.arena, entry.commit, 8), NULL},
        {"seven digits", "aaaaaaa", NULL},
        {"six digits", "aaaaaa", "LB-G034"},
        {"none", "bbbbbbbb", "LB-G034"},
        {"too long", lb_arena_printf(kit.arena, "%s0", kit_plan('a')), "LB-G034"},
        {"no digits", "HEAD", "LB-G034"},
        {"a path", "../../../etc/passwd", "LB-G034"},
        {"empty", "", "LB-G034"},
        {"a commit of the code", code, "LB-G034"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char commit[41];
        struct lb_source *plan;
        int result = lb_ledger_find(ledger, STACK, rows[i].name, commit, &plan);
        CHECK(rows[i].row, result == (rows[i].code ? -1 : 0));
        if (rows[i].code)
            kit_said(rows[i].row, rows[i].code, "");
        else
            CHECK(rows[i].row,
                  lb_streq(commit, entry.commit) && plan && strstr(plan->text, "\"id\""));
    }
    char commit[41];
    struct lb_source *plan;
    kit_add(ledger, "plan", near, NULL);
    assert_int_equal(lb_ledger_find(ledger, STACK, "aaaaaaaa", commit, &plan), -1);
    kit_said("ambiguous", "LB-G035", "aaaaaaaa");
    assert_int_equal(lb_ledger_find(ledger, NULL, near, commit, &plan), 0);
    assert_int_equal(lb_ledger_find(ledger, "other", near, commit, &plan), -1);
    assert_true(lb_ledger_has(ledger, STACK, near));
    assert_false(lb_ledger_has(ledger, "other", near));
}

/* --- the lock
 * -------------------------------------------------------------------------------------------- */

static void test_lock_table(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("one"), *other = kit_open("two");
    struct lb_ledger_entry start, written;
    static const char *const closers[] = {"apply-end", "release"};
    for (size_t i = 0; i < COUNT(closers); i++) {
        assert_null(lock_of(ledger).id);
        start = kit_add(ledger, "apply-start", kit_plan('a'), NULL);
        assert_string_equal(lock_of(other).id, start.id);
        assert_string_equal(lock_of(other).who, "ann");
        kit_add(other, "plan", NULL, NULL); /* keeps it */
        assert_string_equal(lock_of(ledger).id, start.id);
        assert_int_equal(try(other, "apply-start", NULL, &written), 1);
        assert_string_equal(written.lock.id, start.id);
        assert_int_equal(try(other, closers[i], "ffffffffffffffff", &written), -1);
        kit_said("another lock", "LB-G022", start.id);
        assert_int_equal(try(other, closers[i], NULL, &written), -1);
        kit_said("no lock named", "LB-G022", start.id);
        kit_add(other, closers[i], NULL, start.id);
        assert_int_equal(lb_ledger_still_held(ledger, STACK, start.id), 1);
        kit_said("broken", "LB-G021", start.id);
        assert_int_equal(try(ledger, closers[i], start.id, &written), -1);
        kit_said("ended twice", "LB-G022", "none");
    }
    kit_sound("all", ledger, 6);
}

static void test_abandoned(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("one"), *again = kit_open("one"), *other = kit_open("two");
    struct lb_ledger_entry start = kit_add(ledger, "apply-start", kit_plan('a'), NULL);
    struct lb_lock lock = lock_of(again);
    assert_string_equal(lock.id, start.id);
    assert_false(lb_ledger_abandoned(again, &lock)); /* the file is not held */
    assert_int_equal(lb_ledger_hold(again, STACK, 0), 0);
    assert_int_equal(lb_ledger_hold(again, STACK, 0), 0);
    assert_true(lb_ledger_abandoned(again, &lock));
    assert_int_equal(lb_ledger_hold(other, STACK, 0), 0);
    assert_false(lb_ledger_abandoned(other, &lock)); /* another clone */
    sh("cp -a one three");
    struct lb_ledger *copy = kit_open("three");
    assert_int_equal(lb_ledger_hold(copy, STACK, 0), 0);
    assert_false(lb_ledger_abandoned(copy, &lock)); /* and a copy */
    kit_in("one", "git worktree add -q ../tree main~0 2>&1");
    lb_ledger_unhold(again);
    struct lb_ledger *tree = kit_open("tree");
    assert_int_equal(lb_ledger_hold(tree, STACK, 0), 0);
    assert_true(lb_ledger_abandoned(tree, &lock)); /* a worktree is the same repository */
    struct lb_ledger *local = kit_open_local("one");
    assert_false(lb_ledger_abandoned(local, &lock)); /* a local release frees nothing */
}

/* Says whether another process can hold the file: locks are the process's. */
static const char *can_hold(void)
{
    return kit_in("one", "python3 -c 'import fcntl,sys\n"
                         "f=open(\".git/lifeboat/" STACK ".holder\",\"r+\")\n"
                         "try: fcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB); print(\"yes\")\n"
                         "except OSError: print(\"no\")'");
}

static void test_file_lock(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("one");
    assert_int_equal(lb_ledger_hold(ledger, STACK, 0), 0);
    assert_string_equal(can_hold(), "no");
    lb_ledger_unhold(ledger);
    assert_string_equal(can_hold(), "yes");
    struct lb_ledger_entry start = kit_add(ledger, "apply-start", kit_plan('a'), NULL);
    kit_in(
        "one",
        "(python3 -c 'import fcntl,time\n"
        "f=open(\".git/lifeboat/" STACK ".holder\",\"r+\")\n"
        "fcntl.lockf(f,fcntl.LOCK_EX); open(\"held\",\"w\"); time.sleep(1.5)' &) >/dev/null 2>&1;"
        "while ! test -e held; do sleep 0.02; done");
    assert_int_equal(lb_ledger_hold(ledger, STACK, 0), -1);
    kit_said("held", "LB-G020", start.id);
    int64_t began_ms = lb_time_monotonic_ms();
    assert_int_equal(lb_ledger_hold(ledger, STACK, began_ms + 20000), 0);
    assert_in_range(lb_time_monotonic_ms() - began_ms, 300, 10000);
}

static void test_stale_ref_lock(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("alone");
    kit_add(ledger, "plan", NULL, NULL);
    kit_in("alone", "touch .git/" BRANCH ".lock");
    int64_t began_ms = lb_time_monotonic_ms();
    kit_add(ledger, "plan", NULL, NULL);
    assert_in_range(lb_time_monotonic_ms() - began_ms, 1500, 6000);
    kit_said("stale", "LB-G006", BRANCH ".lock");
    kit_sound("stale", ledger, 2);
}

/* --- refusals
 * -------------------------------------------------------------------------------------------- */

static bool holds(void *payload, const char *text)
{
    return strstr(text, payload);
}

static void test_secret_refused(void **state)
{
    (void)state;
    static char secret[] = "s3cr3t-canary";
    static const char spec[] = "lifeboat: 1 # s3cr3t-canary\n";
    struct lb_ledger *ledger = kit_open_with(
        "one", (struct lb_ledger_options){.holds_secret = holds, .payload = secret});
    struct lb_str text = {0};
    lb_str_puts(&text, "a\ns3cr3t-canary\n");
    for (int where = 0; where < 5; where++) {
        struct lb_ledger_draft draft = kit_draft("plan", kit_plan('a'));
        struct lb_ledger_entry written;
        static const char *const files[] = {"spec.yaml", "entry.txt", "entry.json", "plans/",
                                            "entry.json"};
        if (where == 0) {
            draft.spec = spec;
            draft.spec_length = strlen(spec);
        } else if (where == 1) {
            draft.text = &text;
        } else if (where == 2) {
            draft.entry.who = "ann:s3cr3t-canary";
        } else if (where == 3) {
            struct lb_value *document = lb_value_map(kit.arena);
            lb_map_set_string(kit.arena, document, "s3cr3t-canary", "x");
            draft.document = document;
        } else {
            draft.entry.run = "https://u:s3cr3t-canary@h/";
        }
        assert_int_equal(lb_ledger_append(ledger, &draft, &written), -1);
        kit_said("secret", "LB-G037", files[where]);
    }
    lb_str_release(&text);
    assert_string_equal(kit_in("hub", "git for-each-ref refs/heads/lifeboat"), "");
    /* not even as an object that nothing names */
    assert_string_equal(
        kit_in("one", "git cat-file --batch-all-objects --batch | grep -c s3cr3t || true"), "0");
}

static void test_remote_rewound_or_gone(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("one");
    for (int i = 0; i < 3; i++)
        kit_add(ledger, "plan", NULL, NULL);
    const char *tip = kit_in("hub", "git rev-parse " BRANCH);
    static const struct {
        const char *row, *script, *code;
    } rows[] = {
        {"rewound", "git update-ref " BRANCH " " BRANCH "~1", "LB-G030"},
        {"replaced", "git update-ref " BRANCH " $(git commit-tree -m x " BRANCH "^{tree})",
         "LB-G030"},
        {"the same tree again",
         "git update-ref " BRANCH " $(git commit-tree -m x -p " BRANCH "~1 " BRANCH "^{tree})",
         "LB-G030"},
        {"gone", "git update-ref -d " BRANCH, "LB-G031"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        kit_in("hub",
               lb_arena_printf(kit.arena, "git config user.name t; git config user.email t@e; %s",
                               rows[i].script));
        /* each run anew */
        struct lb_ledger *fresh = kit_open("one");
        CHECK(rows[i].row, lb_ledger_refresh(fresh, STACK) == -1);
        kit_said(rows[i].row, rows[i].code, BRANCH);
        struct lb_ledger_entry written;
        CHECK(rows[i].row, try(fresh, "apply-start", NULL, &written) == -1);
        kit_said(rows[i].row, rows[i].code, BRANCH);
        kit_in("hub", lb_arena_printf(kit.arena, "git update-ref " BRANCH " %s", tip));
        CHECK(rows[i].row, lb_ledger_refresh(fresh, STACK) == 0);
    }
    kit_sound("after", ledger, 3);
}

static void test_newer_major(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("one");
    struct lb_ledger_entry entry = kit_add(ledger, "plan", NULL, NULL), written;
    kit_in("one", lb_arena_printf(
                      kit.arena,
                      "export GIT_INDEX_FILE=$PWD/i; git read-tree %s; b=$(git show %s:entry.json |"
                      " sed 's/\"1.0\"/\"2.0\"/' | git hash-object -w --stdin);"
                      "git update-index --cacheinfo 100644,$b,entry.json;"
                      "git push -q origin $(git log -1 --format=%%B %s | git commit-tree $(git "
                      "write-tree) -p %s):" BRANCH,
                      entry.commit, entry.commit, entry.commit, entry.commit));
    assert_int_equal(try(ledger, "apply-start", NULL, &written), -1);
    kit_said("newer", "LB-G033", "2.0");
}

/* --- without the remote, and sharing later
 * ----------------------------------------------------------- */

static void test_local_then_shared(void **state)
{
    (void)state;
    struct lb_ledger *local = kit_open_local("one"), *shared = kit_open("one");
    size_t count;
    struct lb_ledger_entry start = kit_add(local, "apply-start", kit_plan('a'), NULL);
    struct lb_ledger_entry end = kit_add(local, "apply-end", NULL, start.id);
    assert_true(start.local && end.local && !start.lock.id);
    assert_string_equal(kit_in("hub", "git for-each-ref refs/heads/lifeboat"), "");
    assert_int_equal(lb_ledger_sync(shared, STACK, &count), 0); /* linear: the same commits */
    assert_int_equal(count, 2);
    assert_string_equal(kit_in("hub", "git rev-parse " BRANCH), end.commit);
    assert_int_equal(lb_ledger_sync(shared, STACK, &count), 0);
    assert_int_equal(count, 0);
    kit_sound("shared", shared, 2);
}

static void test_diverged(void **state)
{
    (void)state;
    struct lb_ledger *shared = kit_open("one"), *other = kit_open("two");
    kit_add(shared, "plan", kit_plan('1'), NULL);
    struct lb_ledger *local = kit_open_local("one");
    struct lb_ledger_entry own = kit_add(local, "apply-start", kit_plan('a'), NULL), again;
    kit_add(local, "apply-end", kit_plan('a'), own.id);
    struct lb_ledger_entry theirs = kit_add(other, "apply-start", kit_plan('b'), NULL);
    size_t count;
    struct lb_ledger *fresh = kit_open("one");
    assert_int_equal(lb_ledger_sync(fresh, STACK, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(lock_of(other).id, theirs.id); /* what happened beside does not touch it */
    assert_int_equal(lb_ledger_read(fresh, kit_in("hub", "git rev-parse " BRANCH "~1"), &again), 0);
    assert_string_equal(again.id, own.id);
    assert_true(again.local && again.seq == 3 && lb_streq(again.at, own.at));
    assert_string_equal(kit_in("one", "git rev-parse " BRANCH),
                        kit_in("hub", "git rev-parse " BRANCH));
    kit_sound("diverged", fresh, 4);
    kit_sound("other", other, 4);
}

/* A run that was killed after its push, before the branch here followed, shares nothing twice. */
static void test_sync_twice(void **state)
{
    (void)state;
    struct lb_ledger *local = kit_open_local("one"), *other = kit_open("two");
    kit_add(local, "plan", kit_plan('a'), NULL);
    kit_add(local, "plan", kit_plan('b'), NULL);
    kit_add(other, "plan", kit_plan('c'), NULL);
    const char *own = kit_in("one", "git rev-parse " BRANCH);
    size_t count;
    assert_int_equal(lb_ledger_sync(kit_open("one"), STACK, &count), 0);
    assert_int_equal(count, 2);
    kit_in("one", lb_arena_printf(kit.arena, "git update-ref " BRANCH " %s", own));
    assert_int_equal(lb_ledger_sync(kit_open("one"), STACK, &count), 0);
    assert_int_equal(count, 0);
    assert_string_equal(kit_in("one", "git rev-parse " BRANCH),
                        kit_in("hub", "git rev-parse " BRANCH));
    kit_sound("once", other, 1);
    kit_sound("once", kit_open("one"), 3);
}

/* The end of an apply that could not be told frees the lock when it is shared. */
static void test_end_kept(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("one"), *other = kit_open("two");
    struct lb_ledger_entry start = kit_add(ledger, "apply-start", kit_plan('a'), NULL), end;
    struct lb_ledger_draft draft = kit_draft("apply-end", NULL);
    size_t count;
    draft.entry.ends = start.id;
    sh("mv hub away");
    assert_int_equal(lb_ledger_append(ledger, &draft, &end), -1);
    lb_diags_init(&kit.diags, kit.arena);
    assert_int_equal(lb_ledger_still_held(ledger, STACK, start.id), -1);
    assert_int_equal(lb_ledger_keep(ledger, &draft, &end), 0);
    assert_false(end.local);
    sh("mv away hub");
    assert_string_equal(lock_of(other).id, start.id);
    kit_add(other, "plan", NULL, NULL); /* so that they have diverged */
    assert_int_equal(lb_ledger_sync(kit_open("one"), STACK, &count), 0);
    assert_int_equal(count, 1);
    assert_null(lock_of(other).id);
    kit_sound("end", other, 3);
}

/* An end that is shared after its lock was broken, and taken by another, frees nothing. */
static void test_end_kept_too_long(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("one"), *other = kit_open("two");
    struct lb_ledger_entry start = kit_add(ledger, "apply-start", kit_plan('a'), NULL), end;
    struct lb_ledger_draft draft = kit_draft("apply-end", NULL);
    size_t count;
    draft.entry.ends = start.id;
    assert_int_equal(lb_ledger_keep(ledger, &draft, &end), 0);
    kit_add(other, "release", NULL, start.id);
    struct lb_ledger_entry next = kit_add(other, "apply-start", kit_plan('b'), NULL);
    assert_int_equal(lb_ledger_sync(kit_open("one"), STACK, &count), 0);
    assert_string_equal(lock_of(other).id, next.id);
    kit_sound("late", other, 4);
}

/* A push whose answer is lost has landed; what others built on it must not make it come twice. */
static void test_push_that_lands_unheard(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("one");
    kit_add(ledger, "plan", NULL, NULL);
    sh("printf '#!/bin/sh\\nkill -9 $(ps -o ppid= -p $PPID)\\n' >hub/hooks/post-update;"
       "chmod +x hub/hooks/post-update");
    kit_add(ledger, "plan", NULL, NULL);
    sh("rm hub/hooks/post-update");
    kit_silent("unheard");
    kit_sound("unheard", ledger, 2);
    struct lb_ledger_head *head = lb_store_head(ledger, STACK);
    struct lb_ledger_entry entry = kit_add(ledger, "plan", NULL, NULL);
    kit_add(kit_open("two"), "plan", NULL, NULL);
    snprintf(head->shared, sizeof head->shared, "%s", entry.commit);
    kit_in("one", "git update-ref refs/lifeboat/seen/" STACK " " BRANCH);
    assert_int_equal(lb_write_publish(ledger, head, head->shared, entry.commit), 0);
}

static void test_no_remote(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("alone");
    size_t count;
    assert_null(lb_ledger_remote(ledger));
    struct lb_ledger_entry start = kit_add(ledger, "apply-start", kit_plan('a'), NULL), written;
    assert_false(start.local);
    assert_int_equal(try(ledger, "apply-start", NULL, &written), 1);
    assert_int_equal(lb_ledger_still_held(ledger, STACK, start.id), 0);
    kit_add(ledger, "apply-end", NULL, start.id);
    assert_int_equal(lb_ledger_sync(ledger, STACK, &count), -1);
    kit_said("no remote", "LB-G014", "no remote");
    kit_in("alone", "git remote add origin \"file://$HOME/hub\"");
    assert_int_equal(lb_ledger_sync(kit_open("alone"), STACK, &count), 0);
    assert_int_equal(count, 2);
    kit_sound("later", ledger, 2);
}

/* --- repositories of every kind
 * --------------------------------------------------------------------------- */

static void test_kinds_of_repository(void **state)
{
    (void)state;
    static const struct {
        const char *row, *make, *folder;
    } rows[] = {
        {"bare", "git clone -q --bare \"file://$HOME/hub\" bare", "bare"},
        {"shallow", "git clone -q --depth 1 \"file://$HOME/hub\" shallow", "shallow"},
        {"partial",
         "git -C hub config uploadpack.allowFilter true;"
         "git clone -q --filter=blob:none \"file://$HOME/hub\" partial",
         "partial"},
        {"sparse", "git clone -q \"file://$HOME/hub\" sparse; git -C sparse sparse-checkout set x",
         "sparse"},
        {"worktree", "git -C two worktree add -q ../tree main~0 2>&1", "tree"},
        {"subfolder", "mkdir -p two/a/b", "two/a/b"},
        {"detached", "git -C two checkout -q --detach", "two"},
        {"unborn", "git init -q unborn; git -C unborn remote add origin \"file://$HOME/hub\"",
         "unborn"},
        {"packed", "git -C one pack-refs --all; git -C hub pack-refs --all", "one"},
        {"another name", "git clone -q -o upstream \"file://$HOME/hub\" named", "named"},
    };
    size_t entries = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        sh(rows[i].make);
        struct lb_ledger *ledger = kit_open(rows[i].folder);
        kit_add(ledger, "plan", kit_plan('a'), NULL);
        kit_sound(rows[i].row, ledger, ++entries);
        CHECK_TEXT(rows[i].row, kit_in("hub", "git rev-list --count " BRANCH),
                   lb_arena_printf(kit.arena, "%zu", entries));
        kit_silent(rows[i].row);
    }
}

static void test_refused_repositories(void **state)
{
    (void)state;
    static const struct {
        const char *row, *make, *folder, *code;
    } rows[] = {
        {"SHA-256", "git init -q --object-format=sha256 sha256", "sha256", "LB-G002"},
        {"no HEAD", "git init -q broken; rm broken/.git/HEAD", "broken", "LB-G004"},
        {"garbage in config", "git init -q conf; echo '[' >conf/.git/config", "conf", "LB-G004"},
        {"no objects", "git init -q bones; rm -r bones/.git/objects; mkdir bones/sub", "bones/sub",
         "LB-G004"},
        {"a gitfile to nowhere", "mkdir link; echo 'gitdir: /nowhere' >link/.git", "link",
         "LB-G004"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_ledger *ledger;
        struct lb_ledger_options options = {0};
        sh(rows[i].make);
        const char *path = lb_arena_printf(kit.arena, "%s/%s/lifeboat.yaml", kit.root,
                                           rows[i].folder);
        int result = lb_ledger_open(kit.arena, &kit.diags, path, &options, &ledger);
        CHECK(rows[i].row, result == -1 && !ledger && kit.diags.count == 1);
        kit_said(rows[i].row, rows[i].code, "");
    }
    struct lb_ledger *ledger;
    struct lb_ledger_options options = {.remote = "nobody"};
    sh("mkdir plain");
    assert_int_equal(lb_ledger_open(kit.arena, &kit.diags,
                                    lb_arena_printf(kit.arena, "%s/plain/x", kit.root), &options,
                                    &ledger),
                     0);
    assert_null(ledger);
    assert_int_equal(lb_ledger_open(kit.arena, &kit.diags,
                                    lb_arena_printf(kit.arena, "%s/one/x", kit.root), &options,
                                    &ledger),
                     -1);
    kit_said("remote", "LB-G014", "nobody");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_make, kit_clear)
    const struct CMUnitTest tests[] = {
        TEST(test_append_and_read),
        TEST(test_a_plan_recorded_twice),
        TEST(test_find),
        TEST(test_lock_table),
        TEST(test_abandoned),
        TEST(test_file_lock),
        TEST(test_stale_ref_lock),
        TEST(test_secret_refused),
        TEST(test_remote_rewound_or_gone),
        TEST(test_newer_major),
        TEST(test_local_then_shared),
        TEST(test_diverged),
        TEST(test_sync_twice),
        TEST(test_end_kept),
        TEST(test_end_kept_too_long),
        TEST(test_push_that_lands_unheard),
        TEST(test_no_remote),
        TEST(test_kinds_of_repository),
        TEST(test_refused_repositories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
