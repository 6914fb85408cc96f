/* test_ledger_verify.c: one spoilt ledger for each kind of fault, and what verify says of it. */
#include "tests/unit/ledger_kit.h"

/* Five entries: a plan, an apply, a release, and what each puts beside. */
static void make_ledger(struct lb_ledger *ledger)
{
    kit_add(ledger, "plan", kit_plan('a'), NULL);
    struct lb_ledger_entry start = kit_add(ledger, "apply-start", kit_plan('a'), NULL);
    kit_add(ledger, "apply-end", NULL, start.id);
    kit_add(ledger, "plan", kit_plan('b'), NULL);
    start = kit_add(ledger, "apply-start", kit_plan('b'), NULL);
}

/* A plan is what its id says when the id is in it. */
static bool check_plan(void *payload, const struct lb_source *document, const char *id)
{
    (void)payload;
    return strstr(document->text, id);
}

static int verify(struct lb_ledger *ledger)
{
    struct lb_ledger_proof proof;
    return lb_ledger_verify(ledger, STACK, check_plan, NULL, &proof);
}

/* Functions for the rows: `at N` is the commit of entry N; `put C FILE` and `drop C FILE` print a
 * tree of commit C with the standard input as FILE, or without it; `says C` is its message; `from C
 * M T P...` makes a commit with the message of M, tree T and parents P; `replay N C` puts what came
 * after entry N on top of C, and moves the branch. */
#define TOOLS                                                                                      \
    "B=" BRANCH "; export GIT_INDEX_FILE=$PWD/i;"                                                  \
    "at() { git rev-parse $B~$((5-$1)); };"                                                        \
    "put() { git read-tree $1; git update-index --add --cacheinfo "                                \
    "${3:-100644},$(git hash-object -w --stdin),$2; git write-tree; };"                            \
    "drop() { git read-tree $1; git update-index --force-remove $2; git write-tree; };"            \
    "says() { git log -1 --format=%B $1; };"                                                       \
    "from() { m=$1; t=$2; shift 2; p=; for c; do p=\"$p -p $c\"; done; says $m | git commit-tree " \
    "$t $p; };"                                                                                    \
    "replay() { c=$2; n=$(($1+1)); while test $n -le 5; do x=$(at $n); "                           \
    "c=$(from $x $x^{tree} $c); n=$((n+1)); done; git update-ref $B $c; };"                        \
    "sha() { sha256sum | cut -c1-64; };"

static const struct {
    const char *row, *script, *said;
} rows[] = {
    {"an entry edited",
     "t=$(git show $(at 5):entry.json | sed s/ann/eve/ | put $(at 5) entry.json);"
     "replay 5 $(from $(at 5) $t $(at 4))",
     "the message of the commit does not say"},
    {"an entry edited, and its message with it",
     "j=$(git show $(at 2):entry.json | sed s/ann/eve/g); t=$(printf %s \"$j\" | put $(at 2) "
     "entry.json);"
     "replay 2 $(says $(at 2) | sed \"s/ann/eve/; s/^Lifeboat-Digest: .*/Lifeboat-Digest: $(printf "
     "%s \"$j\" | sha)/\" |"
     " git commit-tree $t -p $(at 1))",
     "the entry before it is not the one that it names"},
    {"only the message edited",
     "replay 5 $(says $(at 5) | sed 's/^Lifeboat-Who: .*/Lifeboat-Who: eve/' | git commit-tree "
     "$(at 5)^{tree} -p $(at 4))",
     "the message of the commit does not say"},
    {"a trailer added",
     "replay 5 $( (says $(at 5) | sed '/^$/,$!d;'; ) | sed '1i plan: x' | cat - | sed '$a "
     "Lifeboat-Outcome: done' |"
     " git commit-tree $(at 5)^{tree} -p $(at 4))",
     "the message of the commit does not say"},
    {"an entry dropped", "replay 4 $(at 2)", "its number does not follow"},
    {"an entry dropped in the middle", "replay 3 $(at 2)", "the entry before it is not the one"},
    {"the first dropped", "replay 2 $(from $(at 2) $(at 2)^{tree})",
     "entries before it are missing"},
    {"an entry twice", "replay 5 $(from $(at 5) $(at 5)^{tree} $(at 5))",
     "its number does not follow"},
    {"two exchanged",
     "a=$(from $(at 5) $(at 5)^{tree} $(at 3)); replay 5 $(from $(at 4) $(at 4)^{tree} $a)",
     "its number does not follow"},
    {"the spec changed",
     "t=$(echo 'lifeboat: 2' | put $(at 5) spec.yaml); replay 5 $(from $(at 5) $t $(at 4))",
     "spec.yaml is not the one"},
    {"the spec gone", "replay 5 $(from $(at 5) $(drop $(at 5) spec.yaml) $(at 4))",
     "spec.yaml is not the one"},
    {"the spec changed by an end",
     "t=$(echo 'lifeboat: 2' | put $(at 3) spec.yaml); replay 3 $(from $(at 3) $t $(at 2))",
     "spec.yaml is not the one"},
    {"the text changed",
     "t=$(echo all is well | put $(at 5) entry.txt); replay 5 $(from $(at 5) $t $(at 4))",
     "entry.txt is not the one"},
    {"the plan changed",
     "p=$(git ls-tree -r --name-only $(at 5) | grep plans/bb); t=$(echo '{}' | put $(at 5) $p);"
     "replay 5 $(from $(at 5) $t $(at 4))",
     "the plan is not the one that its id stands for"},
    {"an earlier plan changed",
     "p=$(git ls-tree -r --name-only $(at 5) | grep plans/aa); t=$(echo '{}' | put $(at 5) $p);"
     "replay 5 $(from $(at 5) $t $(at 4))",
     "it changes or adds a file that is not its own"},
    {"the plan gone",
     "p=$(git ls-tree -r --name-only $(at 5) | grep plans/bb);"
     "replay 5 $(from $(at 5) $(drop $(at 5) $p) $(at 4))",
     "the plan that the entry names is not there"},
    {"an earlier plan gone",
     "p=$(git ls-tree -r --name-only $(at 5) | grep plans/aa);"
     "replay 5 $(from $(at 5) $(drop $(at 5) $p) $(at 4))",
     "a file of an earlier entry is gone"},
    {"a file added", "t=$(echo x | put $(at 5) README); replay 5 $(from $(at 5) $t $(at 4))",
     "it changes or adds a file that is not its own"},
    {"a symbolic link",
     "t=$(printf /etc/passwd | put $(at 5) entry.txt 120000); replay 5 $(from $(at 5) $t $(at 4))",
     "it changes or adds a file that is not its own"},
    {"entry.json gone", "replay 5 $(from $(at 5) $(drop $(at 5) entry.json) $(at 4))",
     "no file entry.json"},
    {"no JSON", "t=$(echo '{' | put $(at 5) entry.json); replay 5 $(from $(at 5) $t $(at 4))",
     "entry.json: "},
    {"a merge", "replay 5 $(from $(at 5) $(at 5)^{tree} $(at 4) $(at 1))", "a merge"},
    {"a commit of the code on top",
     "git update-ref $B $(git commit-tree -m code $(at 5)^{tree} -p $(at 5))",
     "the message of the commit does not say"},
};

/* As lifeboat would write it, but for one thing: `edit` is a sed script on the last entry's JSON.
 */
static const struct {
    const char *row, *edit, *said;
} forged[] = {
    {"another holder", "s/\"lock\":{\\(.*\\)\"who\":\"ann\"/\"lock\":{\\1\"who\":\"eve\"/",
     "does not follow from the events"},
    {"another host", "s/\"lock\":{\\(.*\\)\"host\":\"h\"/\"lock\":{\\1\"host\":\"i\"/",
     "does not follow from the events"},
    {"no lock", "s/\"lock\":{[^}]*},//", "does not follow from the events"},
    {"another id",
     "s/\"lock\":{\\(.*\\)\"id\":\"[0-9a-f]*\"/\"lock\":{\\1\"id\":\"ffffffffffffffff\"/",
     "does not follow from the events"},
    {"another checkout",
     "s/\"lock\":{\"checkout\":\"[0-9a-f]*\"/\"lock\":{\"checkout\":\"ffffffffffffffff\"/",
     "does not follow from the events"},
    {"a lock held longer", "s/\"lock\":{/\"lock\":{\"expected_until\":\"2099-01-01T00:00:00Z\",/",
     "does not follow from the events"},
    {"another stack", "s/\"stack\":\"dr\"/\"stack\":\"other\"/", "belongs to another stack"},
    {"another number", "s/\"seq\":5/\"seq\":9/", "its number does not follow"},
    {"an end of no lock",
     "s/\"kind\":\"apply-start\"/\"ends\":\"ffffffffffffffff\",\"kind\":\"apply-end\"/",
     "it ends a lock that is not held"},
};

static void spoil(const char *row, const char *script)
{
    sh("git clone -q \"file://$HOME/one\" spoilt; cd spoilt; git update-ref " BRANCH
       " origin/lifeboat/dr");
    kit_in("spoilt", lb_arena_printf(kit.arena, "%s%s", TOOLS, script));
    kit_in("spoilt", "git remote remove origin");
    if (lb_streq(kit_in("spoilt", "git rev-parse " BRANCH), kit_in("one", "git rev-parse " BRANCH)))
        fail_msg("%s: nothing was spoilt", row);
}

static void check_found(const char *row, const char *said)
{
    struct lb_ledger *ledger = kit_open("spoilt");
    CHECK(row, verify(ledger) == -1);
    bool found = false;
    for (size_t i = 0; i < kit.diags.count; i++) {
        CHECK_TEXT(row, kit.diags.items[i].code, "LB-G032");
        found = found || strstr(kit.diags.items[i].detail, said);
    }
    if (!found) {
        kit_show_diags();
        fail_msg("%s: <%s> is not said", row, said);
    }
    lb_diags_init(&kit.diags, kit.arena);
    sh("rm -rf spoilt");
}

static void test_each_fault_is_found(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("one");
    make_ledger(ledger);
    assert_int_equal(verify(ledger), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        spoil(rows[i].row, rows[i].script);
        check_found(rows[i].row, rows[i].said);
    }
}

/* The message goes along: written by lifeboat's own code. */
static void test_a_forger_with_our_own_code(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("one");
    make_ledger(ledger);
    for (size_t i = 0; i < COUNT(forged); i++) {
        spoil(
            forged[i].row,
            lb_arena_printf(kit.arena,
                            "t=$(git show $(at 5):entry.json | sed '%s' | put $(at 5) entry.json);"
                            "replay 5 $(from $(at 5) $t $(at 4))",
                            forged[i].edit));
        struct lb_ledger *spoilt = kit_open("spoilt");
        struct lb_ledger_entry entry;
        char digest[LB_SHA256_HEX];
        struct lb_source *json = lb_ledger_file(spoilt, kit_in("spoilt", "git rev-parse " BRANCH),
                                                "entry.json");
        lb_sha256_hex(json->text, json->length, digest);
        CHECK(forged[i].row, lb_entry_from_json(spoilt, json, "c", &entry) == 0);
        FILE *file = fopen(lb_arena_printf(kit.arena, "%s/message", kit.root), "w");
        assert_non_null(file);
        fputs(lb_entry_message(kit.arena, &entry, digest), file);
        fclose(file);
        kit_in("spoilt", "git update-ref " BRANCH " $(git commit-tree -F ../message " BRANCH
                         "^{tree} -p " BRANCH "^)");
        check_found(forged[i].row, forged[i].said);
    }
}

/* Nothing in it is wrong, only it is not the ledger that was seen here. */
static void test_rewritten_and_consistent(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("one"), *other = kit_open("alone");
    make_ledger(ledger);
    make_ledger(other);
    assert_int_equal(verify(other), 0);
    kit_in("one", "git fetch -q ../alone +" BRANCH ":" BRANCH);
    assert_int_equal(verify(kit_open("one")), -1);
    kit_said("rewritten", "LB-G030", "was seen before");
    kit_in("one", "for r in " BRANCH " refs/remotes/origin/lifeboat/dr; do"
                  " git update-ref $r refs/lifeboat/seen/dr~1; done"); /* rewound */
    assert_int_equal(verify(kit_open("one")), -1);
    kit_said("rewound", "LB-G030", "was seen before");
}

static void test_nothing_to_verify(void **state)
{
    (void)state;
    assert_int_equal(verify(kit_open("one")), -1);
    kit_said("none", "LB-G034", STACK);
}

/* A ledger of a format that had less, and one that has more. */
static void test_older_and_later_minor(void **state)
{
    (void)state;
    struct lb_ledger *ledger = kit_open("alone");
    struct lb_str json = {0};
    char digest[LB_SHA256_HEX], commit[41];
    lb_str_puts(
        &json,
        "{\"actor\":{\"who\":\"ann\"},\"at\":\"2026-01-01T00:00:00Z\",\"format_version\":\"1.0\","
        "\"id\":\"0123456789abcdef\",\"kind\":\"plan\",\"seq\":1,\"stack\":\"dr\",\"tool\":"
        "\"lifeboat 0\"}");
    struct lb_source source = {.path = "x", .text = lb_str_text(&json), .length = json.length};
    struct lb_ledger_entry entry;
    struct lb_store_file files[] = {{"entry.txt", "t", 1}, {"entry.json", json.data, json.length}};
    assert_int_equal(lb_entry_from_json(ledger, &source, "c", &entry), 0);
    lb_sha256_hex(json.data, json.length, digest);
    assert_int_equal(lb_store_commit(ledger, "", files, 2, "ann", 0,
                                     lb_entry_message(kit.arena, &entry, digest), commit),
                     0);
    assert_int_equal(lb_store_move(ledger, BRANCH, "", commit), 0);
    kit_add(ledger, "plan", kit_plan('a'), NULL);
    kit_sound("no digest of the text", ledger, 2);
    lb_str_release(&json);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_make, kit_clear)
    const struct CMUnitTest tests[] = {
        TEST(test_each_fault_is_found),      TEST(test_a_forger_with_our_own_code),
        TEST(test_rewritten_and_consistent), TEST(test_nothing_to_verify),
        TEST(test_older_and_later_minor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
