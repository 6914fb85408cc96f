/* history.c: `history` and what it can do besides listing: compare two recorded plans, prove that
 * nothing was changed afterwards, and share what was written while the remote was left out. */
#include "cmd/history.h"

#include "cmd/differ.h"
#include "cmd/render.h"
#include "cmd/saved.h"

#include "base/json.h"

#include <string.h>

static bool as_json(const struct lb_cli *cli)
{
    return lb_streq(lb_option(cli, "format", "text"), "json");
}

static void print_json(struct lb_cli *cli, const struct lb_value *value)
{
    struct lb_str line = {0};
    lb_json_write(&line, value, 0);
    lb_str_putc(&line, '\n');
    lb_out(cli, &line);
    lb_str_release(&line);
}

/* --- diff
 * -----------------------------------------------------------------------------------------------
 */

static int load_recorded(struct lb_cli *cli, const struct lb_reading *reading, const char *name,
                         struct lb_plan *out)
{
    char commit[41];
    struct lb_source *document;
    const char *stack = lb_option(cli, "stack", NULL);
    if (lb_ledger_find(reading->ledger, stack, name, commit, &document) != 0)
        return -1;
    if (!document)
        return lb_diags_error(&cli->diags, "LB-G034", NULL, "%.12s has no plan", commit);
    return lb_plan_load(cli, document, out);
}

static int history_diff(struct lb_cli *cli)
{
    struct lb_reading reading;
    struct lb_plan a, b;
    if (cli->arg_count != 3)
        return lb_usage(cli, "history diff needs two plans: the ids of both");
    int code = lb_reading_open(cli, NULL, LB_LEDGER_LOCAL, &reading);
    if (code)
        return code;
    if (load_recorded(cli, &reading, cli->args[1], &a) != 0 ||
        load_recorded(cli, &reading, cli->args[2], &b) != 0)
        return lb_diags_exit(&cli->diags);
    const struct lb_value *difference = lb_differ(cli->arena, &a, &b);
    if (as_json(cli)) {
        print_json(cli, difference);
    } else {
        struct lb_str out = {0};
        lb_render_differ(cli->arena, &a, &b, difference, &out);
        lb_out(cli, &out);
        lb_str_release(&out);
    }
    code = lb_diags_exit(&cli->diags);
    return !code && lb_differs(difference) && lb_flag(cli, "detailed-exitcode") ? LB_EXIT_CHANGES
                                                                                : code;
}

/* --- verify
 * --------------------------------------------------------------------------------------------- */

/* What a plan says of itself: its id is made again from what it holds. */
static bool is_plan_of(void *payload, const struct lb_source *document, const char *id)
{
    const char *version;
    struct lb_plan plan;
    struct lb_diags unsaid;
    (void)payload;
    struct lb_arena *arena = lb_arena_new();
    lb_diags_init(&unsaid, arena);
    struct lb_value *value = lb_json_parse(arena, document->text, document->length, &version);
    bool whole = value && lb_plan_from_value(arena, &unsaid, value, &plan) == 0;
    bool same = whole && lb_streq(plan.id, id);
    lb_arena_free(arena);
    return same;
}

static bool in_chain(struct lb_ledger *ledger, struct lb_arena *arena, const char *tip,
                     const char *commit)
{
    struct lb_ledger_entry entry;
    char at[41], parent[41];
    memcpy(at, tip, sizeof at);
    while (*at && !lb_starts_with(at, commit)) {
        if (lb_ledger_glance(ledger, arena, at, &entry, parent) != 0)
            return false;
        memcpy(at, parent, sizeof at);
    }
    return *at;
}

/* A commit that was written down elsewhere cannot be rewritten along with the branch. */
static int check_tip(struct lb_cli *cli, const struct lb_reading *reading, const char *tip)
{
    const char *noted = lb_option(cli, "tip", NULL);
    if (!noted)
        return 0;
    char *name = lb_lowercase(cli->arena, noted);
    size_t length = strlen(name);
    if (length < LB_LEDGER_DIGITS || length > 40 || strspn(name, "0123456789abcdef") != length)
        return lb_usage(cli, "--tip: \"%s\" is no commit, nor 7 digits or more of one", noted);
    if (reading->count > 1)
        return lb_usage(cli, "--tip is of one stack: name it by SPEC or --stack");
    struct lb_arena *arena = lb_arena_new();
    bool found = in_chain(reading->ledger, arena, tip, name);
    lb_arena_free(arena);
    return found ? 0
                 : lb_diags_error(&cli->diags, "LB-G030", NULL, "%s is not in the history of %.12s",
                                  noted, tip);
}

/* A line of its own for each stack, whether it is sound or not: a program that reads it need not
 * guess from what is not there. `first`: of the diagnostics of this stack. */
static void verified_json(struct lb_cli *cli, const char *stack,
                          const struct lb_ledger_proof *proof, bool sound, size_t first)
{
    struct lb_value *map = lb_value_map(cli->arena);
    lb_map_set_string(cli->arena, map, "stack", stack);
    lb_map_set_bool(cli->arena, map, "sound", sound);
    lb_map_set_int(cli->arena, map, "entries", (int64_t)proof->entries);
    lb_map_set_int(cli->arena, map, "plans", (int64_t)proof->plans);
    lb_map_set(cli->arena, map, "tip",
               lb_value_string(cli->arena, *proof->tip ? proof->tip : NULL));
    struct lb_value *faults = lb_map_list(cli->arena, map, "faults");
    for (size_t i = first; i < cli->diags.count; i++)
        lb_list_add(cli->arena, faults, lb_diag_to_value(cli->arena, &cli->diags.items[i]));
    print_json(cli, map);
}

static void verify_stack(struct lb_cli *cli, const struct lb_reading *reading, const char *stack)
{
    struct lb_ledger_proof proof;
    struct lb_str out = {0};
    size_t first = cli->diags.count;
    bool sound = lb_ledger_verify(reading->ledger, stack, is_plan_of, NULL, &proof) == 0 &&
                 check_tip(cli, reading, proof.tip) == 0;
    if (as_json(cli))
        verified_json(cli, stack, &proof, sound, first);
    if (!sound || as_json(cli))
        return;
    if (reading->count > 1)
        lb_str_printf(&out, "%s: ", lb_escape(cli->arena, stack));
    lb_str_printf(&out, "%s, %s, tip %s: sound\n", lb_counted(cli->arena, proof.entries, "entry"),
                  lb_counted(cli->arena, proof.plans, "plan"), proof.tip);
    lb_out(cli, &out);
    lb_str_release(&out);
}

static int history_verify(struct lb_cli *cli)
{
    struct lb_reading reading;
    int code = lb_reading_open(cli, cli->arg_count > 1 ? cli->args[1] : NULL, LB_LEDGER_LOCAL,
                               &reading);
    if (!code && !reading.count)
        lb_diags_error(&cli->diags, "LB-G034", NULL, "nothing is recorded in this repository");
    for (size_t i = 0; !code && i < reading.count; i++)
        verify_stack(cli, &reading, reading.stacks[i]);
    return code ? code : lb_diags_exit(&cli->diags);
}

/* --- sync
 * -----------------------------------------------------------------------------------------------
 */

static int64_t newest(struct lb_cli *cli, struct lb_ledger *ledger, const char *stack)
{
    struct lb_ledger_entry entry = {0};
    char tip[41], parent[41];
    if (lb_ledger_tip(ledger, stack, tip) != 0 || !*tip ||
        lb_ledger_glance(ledger, cli->arena, tip, &entry, parent) != 0)
        return 0;
    return entry.seq;
}

static void synced_json(struct lb_cli *cli, const struct lb_reading *reading, const char *stack,
                        int64_t entries, size_t shared, int64_t came)
{
    struct lb_value *map = lb_value_map(cli->arena);
    lb_map_set_string(cli->arena, map, "stack", stack);
    lb_map_set_string(cli->arena, map, "remote", lb_ledger_remote(reading->ledger));
    lb_map_set_int(cli->arena, map, "entries", entries);
    lb_map_set_int(cli->arena, map, "shared", (int64_t)shared);
    lb_map_set_int(cli->arena, map, "new", came);
    print_json(cli, map);
}

static void sync_stack(struct lb_cli *cli, const struct lb_reading *reading, const char *stack)
{
    struct lb_str out = {0};
    size_t shared;
    int64_t before = newest(cli, reading->ledger, stack);
    if (lb_ledger_sync(reading->ledger, stack, &shared) != 0)
        return;
    int64_t after = newest(cli, reading->ledger, stack);
    int64_t came = after - before > 0 ? after - before : 0;
    if (as_json(cli)) {
        synced_json(cli, reading, stack, after, shared, came);
        return;
    }
    const char *remote = lb_ledger_remote(reading->ledger);
    const char *entries = lb_counted(cli->arena, (size_t)after, "entry");
    lb_str_printf(&out, "%s: ", lb_escape(cli->arena, stack));
    if (!after)
        lb_str_printf(&out, "nothing is recorded here or at %s.\n", remote);
    else if (!shared && !came)
        lb_str_printf(&out, "%s, the same here and at %s.\n", entries, remote);
    else
        lb_str_printf(&out, "%zu shared with %s, %lld new from there; %s.\n", shared, remote,
                      (long long)came, entries);
    lb_out(cli, &out);
    lb_str_release(&out);
}

static int history_sync(struct lb_cli *cli)
{
    struct lb_reading reading;
    int code = lb_reading_open(cli, cli->arg_count > 1 ? cli->args[1] : NULL, LB_LEDGER_SHARED,
                               &reading);
    if (!code && !reading.count)
        lb_diags_error(&cli->diags, "LB-G034", NULL, "no stack is known here, nor at a remote");
    for (size_t i = 0; i < reading.count && code != LB_EXIT_UNREACHABLE; i++) {
        sync_stack(cli, &reading, reading.stacks[i]);
        code = lb_diags_exit(&cli->diags);
    }
    return lb_diags_exit(&cli->diags);
}

/* --- the verb
 * ------------------------------------------------------------------------------------------- */

static int history_list(struct lb_cli *cli)
{
    return lb_history_list(cli, cli->arg_count ? cli->args[0] : NULL);
}

/* The first argument may be one of these; a spec of such a name is written ./diff. */
static const struct {
    const char *word;
    size_t max_args;     /* the word included */
    const char *options; /* that it takes, each between spaces */
    int (*run)(struct lb_cli *cli);
} parts[] = {
    {"diff", 3, " format stack detailed-exitcode ", history_diff},
    {"verify", 2, " format stack tip ", history_verify},
    {"sync", 2, " format stack ", history_sync},
    {NULL, 1, " format event outcome object limit stack ", history_list},
};

int lb_cmd_history(struct lb_cli *cli)
{
    size_t part = 0;
    while (parts[part].word && !(cli->arg_count && lb_streq(cli->args[0], parts[part].word)))
        part++;
    const char *verb = parts[part].word
                           ? lb_arena_printf(cli->arena, "history %s", parts[part].word)
                           : "history";
    if (cli->arg_count > parts[part].max_args)
        return lb_usage(cli, "unexpected argument \"%s\"", cli->args[parts[part].max_args]);
    for (size_t i = 0; i < lb_value_count(cli->options); i++) {
        const char *name = lb_map_nth(cli->options, i)->key;
        if (!strstr(parts[part].options, lb_arena_printf(cli->arena, " %s ", name)))
            return lb_usage(cli, "%s has no option --%s", verb, name);
    }
    return parts[part].run(cli);
}
