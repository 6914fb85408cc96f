/* test_ledger_entry.c: an entry as JSON and as a commit's message, and back, whatever people put
 * into it. */
#include "base/json.h"
#include "tests/unit/ledger_kit.h"

static struct lb_ledger_entry full(const char *text)
{
    return (struct lb_ledger_entry){.format_version = LB_LEDGER_FORMAT,
                                    .kind = "apply-start",
                                    .seq = 7,
                                    .id = "0123456789abcdef",
                                    .at = "2026-11-22T04:00:00Z",
                                    .stack = STACK,
                                    .tool = text,
                                    .who = text,
                                    .host = text,
                                    .run = text,
                                    .plan = kit_plan('a'),
                                    .spec_path = text,
                                    .spec_digest = kit_plan('b'),
                                    .text_digest = kit_plan('c'),
                                    .outcome = text,
                                    .summary = text,
                                    .reason = text,
                                    .expected_until = "2026-11-22T05:00:00Z",
                                    .checkout = "fedcba9876543210",
                                    .ends = "1111111111111111",
                                    .local = true,
                                    .previous = kit_plan('d'),
                                    .lock = {"2222222222222222", text, text, text,
                                             "2026-11-22T03:00:00Z", "2026-11-22T03:30:00Z",
                                             kit_plan('e'), "3333333333333333"},
                                    .body = lb_value_map(kit.arena)};
}

static const struct lb_source *source_of(const char *text, size_t length)
{
    struct lb_source *source = lb_arena_alloc(kit.arena, sizeof *source);
    *source = (struct lb_source){.path = "entry.json", .text = text, .length = length};
    return source;
}

static const struct {
    const char *name, *text;
} hostile[] = {
    {"plain", "ann"},
    {"newline", "a\nLifeboat-Lock: ffffffffffffffff"},
    {"return", "a\rLifeboat-Lock: ffffffffffffffff"},
    {"blank line", "a\n\nLifeboat-Kind: release\n"},
    {"forged trailer", "Lifeboat-Lock: ffffffffffffffff"},
    {"forged digest", "x\nLifeboat-Digest: 00\nLifeboat-Seq: 99"},
    {"colon", "a: b: c"},
    {"only a colon", ": "},
    {"empty", ""},
    {"blanks", "   "},
    {"bidi", "\xe2\x80\xaegpj.exe"},
    {"escape", "\x1b[2J\x07"},
    {"C1", "\xc2\x9b"
           "2J"},
    {"line separator", "a\xe2\x80\xa8"
                       "Lifeboat-Lock: f"},
    {"zero width", "a\xe2\x80\x8b"
                   "b"},
    {"wide", "\xe4\xb8\xad\xe6\x96\x87"},
    {"comment", "# gone by cleanup"},
    {"scissors", "# ------------------------ >8 ------------------------"},
    {"quotes", "\"\\\"'{}[]"},
    {"percent", "%s%n%%"},
};

static void test_json_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hostile); i++) {
        struct lb_ledger_entry entry = full(hostile[i].text), back;
        struct lb_str once = {0}, twice = {0};
        lb_json_canonical(&once, lb_entry_to_value(kit.arena, &entry));
        CHECK(hostile[i].name,
              lb_entry_from_json(kit_open("one"), source_of(once.data, once.length), "c", &back) ==
                  0);
        CHECK_TEXT(hostile[i].name, back.who, hostile[i].text);
        CHECK_TEXT(hostile[i].name, back.lock.run, hostile[i].text);
        CHECK(hostile[i].name,
              back.seq == 7 && back.local && lb_lock_equal(&back.lock, &entry.lock));
        lb_json_canonical(&twice, lb_entry_to_value(kit.arena, &back));
        CHECK_TEXT(hostile[i].name, lb_str_text(&twice), lb_str_text(&once));
        lb_str_release(&once);
        lb_str_release(&twice);
    }
}

static void test_message_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hostile); i++) {
        const char *row = hostile[i].name, *digest = NULL;
        const char *inert = lb_escape(kit.arena, hostile[i].text);
        struct lb_ledger_entry entry = full(hostile[i].text), back = {0};
        const char *message = lb_entry_message(kit.arena, &entry, kit_plan('9'));
        lb_entry_from_message(kit.arena, message, &back, &digest);
        CHECK_TEXT(row, back.kind, "apply-start");
        CHECK_TEXT(row, back.who, inert);
        CHECK_TEXT(row, back.run, inert);
        CHECK_TEXT(row, back.reason, inert);
        CHECK_TEXT(row, back.summary, inert);
        CHECK_TEXT(row, back.lock.id, "2222222222222222");
        CHECK_TEXT(row, back.plan, kit_plan('a'));
        CHECK_TEXT(row, digest, kit_plan('9'));
        CHECK(row, back.seq == 7);
        /* git reads the same trailers */
        FILE *file = fopen(lb_arena_printf(kit.arena, "%s/message", kit.root), "w");
        assert_non_null(file);
        fputs(message, file);
        fclose(file);
        CHECK_TEXT(row, sh("git interpret-trailers --parse message | grep -c '^Lifeboat-Lock: '"),
                   "1");
        CHECK_TEXT(row, sh("git interpret-trailers --parse message | grep '^Lifeboat-Lock: '"),
                   "Lifeboat-Lock: 2222222222222222");
    }
}

/* 70 KiB of an actor's name do not make a 70 KiB line in everybody's `git log`. */
static void test_long_words_are_cut(void **state)
{
    (void)state;
    char *text = lb_arena_alloc(kit.arena, 70001);
    memset(text, 'x', 70000);
    memcpy(text + 198, "\xe4\xb8\xad", 3); /* the cut falls into it */
    struct lb_ledger *ledger = kit_open("alone");
    struct lb_ledger_draft draft = kit_draft("plan", kit_plan('a'));
    struct lb_ledger_entry written;
    draft.entry.who = draft.entry.host = draft.entry.run = text;
    draft.entry.reason = draft.entry.summary = text;
    assert_int_equal(lb_ledger_append(ledger, &draft, &written), 0);
    assert_true(strlen(written.who) < 210 && lb_ends_with(written.who, "..."));
    assert_true(atoi(kit_in("alone", "git log -1 --format=%B " BRANCH " | wc -c")) < 9000);
    kit_sound("cut", ledger, 1);
}

/* JSON has no spelling for such bytes: entry and message must agree all the same. */
static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    static const char *const rows[] = {"caf\xe9",
                                       "\xed\xa0\x80",
                                       "\xf4\x90\x80\x80",
                                       "x\xe2\x80",
                                       "a\nparent 0000",
                                       "<a> b\n",
                                       "\n",
                                       "<>",
                                       "."};
    struct lb_ledger *ledger = kit_open("alone");
    sh("git config --global --unset user.name");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_ledger_draft draft = kit_draft("plan", NULL);
        struct lb_ledger_entry written;
        draft.entry.who = draft.entry.run = draft.entry.summary = rows[i];
        CHECK(rows[i], lb_ledger_append(ledger, &draft, &written) == 0);
        kit_sound(rows[i], ledger, i + 1);
        kit_in("alone", "git fsck --strict --no-dangling 2>&1");
    }
    sh("git config --global user.name \"$(printf 'a\\nparent 1 <x> \\033[2J')\"");
    kit_add(ledger, "plan", NULL, NULL);
    kit_sound("user.name", ledger, COUNT(rows) + 1);
    kit_in("alone", "git fsck --strict --no-dangling 2>&1");
}

static void test_not_read(void **state)
{
    (void)state;
    static const char good[] =
        "{\"actor\":{\"who\":\"a\"},\"at\":\"t\",\"format_version\":\"1.0\","
        "\"id\":\"i\",\"kind\":\"plan\",\"seq\":1,\"stack\":\"dr\",\"tool\":\"t\"}";
    static const struct {
        const char *row, *from, *to, *code;
    } rows[] = {
        {"a later minor", "1.0", "1.7", NULL},
        {"a kind of later", "\"plan\"", "\"drill\"", NULL},
        {"a newer major", "1.0", "2.0", "LB-G033"},
        {"a newer major of other shape", "\"kind\":\"plan\",", "\"kind\":{},\"x\":3,", "LB-G032"},
        {"no version", "\"format_version\":\"1.0\",", "", "LB-G032"},
        {"no kind", "\"kind\":\"plan\",", "", "LB-G032"},
        {"no actor", "\"actor\":{\"who\":\"a\"},", "", "LB-G032"},
        {"a number for a text", "\"at\":\"t\"", "\"at\":3", "LB-G032"},
        {"a text for a map", "{\"who\":\"a\"}", "\"a\"", "LB-G032"},
        {"seq 0", "\"seq\":1", "\"seq\":0", "LB-G032"},
        {"seq as text", "\"seq\":1", "\"seq\":\"1\"", "LB-G032"},
        {"twice", "\"seq\":1", "\"seq\":1,\"seq\":2", "LB-G032"},
        {"no JSON", "{\"actor\"", "{actor", "LB-G032"},
    };
    struct lb_ledger *ledger = kit_open("one");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_ledger_entry entry;
        const char *at = strstr(good, rows[i].from);
        assert_non_null(at);
        char *text = lb_arena_printf(kit.arena, "%.*s%s%s", (int)(at - good), good, rows[i].to,
                                     at + strlen(rows[i].from));
        int result = lb_entry_from_json(ledger, source_of(text, strlen(text)), "c", &entry);
        CHECK(rows[i].row, result == (rows[i].code ? -1 : 0));
        if (rows[i].code)
            kit_said(rows[i].row, rows[i].code, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_json_round_trip, kit_make, kit_clear),
        cmocka_unit_test_setup_teardown(test_message_round_trip, kit_make, kit_clear),
        cmocka_unit_test_setup_teardown(test_long_words_are_cut, kit_make, kit_clear),
        cmocka_unit_test_setup_teardown(test_bytes_that_are_no_text, kit_make, kit_clear),
        cmocka_unit_test_setup_teardown(test_not_read, kit_make, kit_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
