/* ledger_kit.h: a ground of git repositories for the tests of the ledger, and entries to put there.
 *
 * `hub` is the shared one, a folder; clones are made of it. Everything is in `root`, HOME included.
 */
#ifndef LB_TESTS_UNIT_LEDGER_KIT_H
#define LB_TESTS_UNIT_LEDGER_KIT_H

#include "base/digest.h"
#include "base/time.h"
#include "ledger/process.h"
#include "ledger/write.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STACK "dr"
#define BRANCH "refs/heads/lifeboat/" STACK
#define SPEC "lifeboat: 1\n"

static struct {
    char root[64];
    struct lb_arena *arena;
    struct lb_diags diags;
} kit;

/* What a script says, run in `root`. */
static inline const char *sh(const char *script)
{
    const char *const argv[] = {"sh", "-ec", script, NULL};
    struct lb_process process = {
        .argv = argv, .directory = kit.root, .deadline_ms = lb_time_monotonic_ms() + 60000};
    struct lb_process_result result;
    if (lb_process_run(&process, &result) != 0 || result.status != 0)
        fail_msg("%s: %d: %s%s", script, result.status, lb_str_text(&result.out),
                 lb_str_text(&result.err));
    while (result.out.length && result.out.data[result.out.length - 1] == '\n')
        lb_str_truncate(&result.out, result.out.length - 1);
    const char *text = lb_arena_strdup(kit.arena, lb_str_text(&result.out));
    lb_process_result_release(&result);
    return text;
}

static inline const char *kit_in(const char *folder, const char *script)
{
    return sh(lb_arena_printf(kit.arena, "cd %s; %s", folder, script));
}

static inline int kit_make(void **state)
{
    (void)state;
    kit.arena = lb_arena_new();
    lb_diags_init(&kit.diags, kit.arena);
    snprintf(kit.root, sizeof kit.root, "/tmp/lifeboat-ledger-XXXXXX");
    if (!mkdtemp(kit.root))
        return -1;
    setenv("HOME", kit.root, 1);
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    unsetenv("XDG_CONFIG_HOME");
    sh("git config --global user.name t; git config --global user.email t@example.com;"
       "git config --global init.defaultBranch main; git init -q --bare hub; git init -q one;"
       "cd one; git commit -q --allow-empty -m code; git remote add origin \"file://$HOME/hub\";"
       "git push -q origin main; git clone -q \"file://$HOME/hub\" ../two; git init -q ../alone");
    return 0;
}

static inline int kit_clear(void **state)
{
    (void)state;
    char command[160];
    lb_arena_free(kit.arena);
    snprintf(command, sizeof command, "chmod -R u+rwX %s; rm -rf %s", kit.root, kit.root);
    return system(command);
}

static inline struct lb_ledger *kit_open_with(const char *folder, struct lb_ledger_options options)
{
    struct lb_ledger *ledger;
    const char *path = lb_arena_printf(kit.arena, "%s/%s/lifeboat.yaml", kit.root, folder);
    if (!options.deadline_s)
        options.deadline_s = 20;
    if (lb_ledger_open(kit.arena, &kit.diags, path, &options, &ledger) != 0 || !ledger)
        fail_msg("%s: cannot be opened: %s", folder,
                 kit.diags.count ? kit.diags.items[0].detail : "no repository");
    return ledger;
}

static inline struct lb_ledger *kit_open(const char *folder)
{
    return kit_open_with(folder, (struct lb_ledger_options){.mode = LB_LEDGER_SHARED});
}

static inline struct lb_ledger *kit_open_local(const char *folder)
{
    return kit_open_with(folder, (struct lb_ledger_options){.mode = LB_LEDGER_LOCAL});
}

/* The id of a plan, told by one digit. */
static inline const char *kit_plan(char digit)
{
    char id[65];
    memset(id, digit, 64);
    id[64] = '\0';
    return lb_arena_strdup(kit.arena, id);
}

/* An entry with a plan where `plan` is not NULL. */
static inline struct lb_ledger_draft kit_draft(const char *kind, const char *plan)
{
    static struct lb_str text;
    static char digest[LB_SHA256_HEX];
    if (!text.length)
        lb_str_puts(&text, "what happened\n");
    lb_sha256_hex(BYTES(SPEC), digest);
    struct lb_ledger_draft draft = {.entry = {.kind = kind,
                                              .stack = STACK,
                                              .tool = "lifeboat 0",
                                              .who = "ann",
                                              .host = "h",
                                              .summary = "1 to create"},
                                    .text = &text};
    if (plan) {
        struct lb_value *document = lb_value_map(kit.arena);
        lb_map_set_string(kit.arena, document, "id", plan);
        draft.entry.plan = plan;
        draft.entry.spec_digest = digest;
        draft.spec = SPEC;
        draft.spec_length = strlen(SPEC);
        draft.document = document;
    }
    return draft;
}

static inline void kit_show_diags(void)
{
    for (size_t i = 0; i < kit.diags.count; i++)
        print_message("%s: %s\n", kit.diags.items[i].code, kit.diags.items[i].detail);
}

static inline struct lb_ledger_entry kit_add(struct lb_ledger *ledger, const char *kind,
                                             const char *plan, const char *ends)
{
    struct lb_ledger_entry written;
    struct lb_ledger_draft draft = kit_draft(kind, plan);
    draft.entry.ends = ends;
    int result = lb_ledger_append(ledger, &draft, &written);
    if (result != 0) {
        kit_show_diags();
        fail_msg("%s was not written: %d", kind, result);
    }
    return written;
}

/* The last thing said has this code, and these words in its detail. */
static inline void kit_said(const char *row, const char *code, const char *words)
{
    static const struct lb_diag nothing = {.code = "nothing was said", .detail = ""};
    const struct lb_diag *last = kit.diags.count ? &kit.diags.items[kit.diags.count - 1] : &nothing;
    CHECK_TEXT(row, last->code, code);
    if (!last->detail || !strstr(last->detail, words))
        fail_msg("%s: <%s> is not in <%s>", row, words, last->detail ? last->detail : "");
    lb_diags_init(&kit.diags, kit.arena);
}

static inline void kit_silent(const char *row)
{
    if (kit.diags.count)
        fail_msg("%s: %s: %s", row, kit.diags.items[0].code, kit.diags.items[0].detail);
}

/* The chain is sound and has so many entries. */
static inline void kit_sound(const char *row, struct lb_ledger *ledger, size_t entries)
{
    struct lb_ledger_proof proof;
    if (lb_ledger_verify(ledger, STACK, NULL, NULL, &proof) != 0) {
        kit_show_diags();
        fail_msg("%s: the ledger is not sound", row);
    }
    if (proof.entries != entries)
        fail_msg("%s: %zu entries, wanted %zu", row, proof.entries, entries);
}

#endif
