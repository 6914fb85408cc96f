/* lock.c: who holds the lock of a stack, and taking it away from an apply that is dead for certain.
 * Changes the ledger only, never AWS. */
#include "cmd/reading.h"
#include "cmd/recording.h"

#include "base/json.h"

#include <string.h>

static int read_lock(const struct lb_reading *reading, const char *stack, struct lb_lock *out)
{
    if (lb_ledger_refresh(reading->ledger, stack) != 0)
        return -1;
    return lb_ledger_lock(reading->ledger, stack, out);
}

/* The locks of all stacks, as the remote has them: what is known here may be old. One that cannot
 * be read hides none of the others: reading->stacks are those that were read. */
static int find_locks(struct lb_cli *cli, const char *spec, struct lb_reading *reading,
                      struct lb_lock **out)
{
    bool local = lb_streq(lb_option(cli, "ledger", "auto"), "local");
    *out = NULL;
    int code = lb_reading_open(cli, spec, local ? LB_LEDGER_LOCAL : LB_LEDGER_SHARED, reading);
    size_t count = code ? 0 : reading->count;
    reading->count = 0;
    *out = lb_arena_array(cli->arena, count + 1, sizeof **out);
    for (size_t i = 0; i < count && code != LB_EXIT_UNREACHABLE; i++) {
        if (read_lock(reading, reading->stacks[i], &(*out)[reading->count]) == 0)
            reading->stacks[reading->count++] = reading->stacks[i];
        code = lb_diags_exit(&cli->diags);
    }
    return code;
}

/* --- list
 * -----------------------------------------------------------------------------------------------
 */

static struct lb_value *lock_value(struct lb_arena *arena, const char *stack,
                                   const struct lb_lock *lock)
{
    const struct {
        const char *key, *text;
    } texts[] = {
        {"stack", stack},     {"id", lock->id},
        {"who", lock->who},   {"host", lock->host},
        {"run", lock->run},   {"since", lock->since},
        {"plan", lock->plan}, {"expected_until", lock->expected_until},
    };
    struct lb_value *map = lb_value_map(arena);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        lb_map_set(arena, map, texts[i].key, lb_value_string(arena, texts[i].text));
    lb_map_set_bool(arena, map, "held", lock->id != NULL);
    return map;
}

static void add_json(struct lb_arena *arena, struct lb_str *out, const char *stack,
                     const struct lb_lock *lock)
{
    lb_json_write(out, lock_value(arena, stack, lock), 0);
    lb_str_putc(out, '\n');
}

static void add_text(struct lb_arena *arena, struct lb_str *out, const char *stack,
                     const struct lb_lock *lock)
{
    const struct {
        const char *word, *text;
    } rows[] = {{"lock", lock->id},     {"holder", lock->who},
                {"host", lock->host},   {"run", lock->run},
                {"since", lock->since}, {"expected until", lock->expected_until},
                {"plan", lock->plan}};
    lb_str_printf(out, "Stack %s: %s\n", lb_escape(arena, stack), lock->id ? "held" : "free");
    for (size_t i = 0; lock->id && i < sizeof rows / sizeof *rows; i++)
        if (rows[i].text)
            lb_str_printf(out, "  %-15s %s\n", rows[i].word, lb_escape(arena, rows[i].text));
}

static int lock_list(struct lb_cli *cli)
{
    struct lb_reading reading;
    struct lb_lock *locks;
    struct lb_str out = {0};
    bool json = lb_streq(lb_option(cli, "format", "text"), "json");
    if (cli->arg_count > 2)
        return lb_usage(cli, "lock list takes one SPEC");
    if (lb_option(cli, "reason", NULL))
        return lb_usage(cli, "lock list has no option --reason");
    int code = find_locks(cli, cli->arg_count > 1 ? cli->args[1] : NULL, &reading, &locks);
    for (size_t i = 0; i < reading.count; i++)
        (json ? add_json : add_text)(cli->arena, &out, reading.stacks[i], &locks[i]);
    if (!code && !reading.count && !json)
        lb_str_puts(&out, "Nothing is recorded in this repository yet: no lock is held.\n");
    lb_out(cli, &out);
    lb_str_release(&out);
    return lb_diags_exit(&cli->diags);
}

/* --- break
 * ---------------------------------------------------------------------------------------------- */

/* Says which locks are held, for who named another. */
static int not_held(struct lb_cli *cli, const struct lb_reading *reading,
                    const struct lb_lock *locks, const char *id)
{
    struct lb_str held = {0};
    for (size_t i = 0; i < reading->count; i++)
        if (locks[i].id)
            lb_str_printf(&held, "%s%s of \"%s\" by %s", held.length ? ", " : "", locks[i].id,
                          reading->stacks[i], locks[i].who);
    lb_diags_error(&cli->diags, "LB-G022", NULL, "%s; held: %s", id,
                   held.length ? lb_str_text(&held) : "none");
    lb_str_release(&held);
    return lb_diags_exit(&cli->diags);
}

static int release(struct lb_cli *cli, const struct lb_reading *reading, const char *stack,
                   const struct lb_lock *lock, const char *reason)
{
    struct lb_arena *arena = cli->arena;
    struct lb_recording *recording = lb_recording_of(cli, reading->ledger);
    int code = lb_recording_release(recording, stack, lock, reason);
    if (code)
        return code;
    struct lb_str out = {0};
    struct lb_value *broken = lock_value(arena, stack, lock);
    lb_map_set_bool(arena, broken, "held", false);
    lb_map_set_string(arena, broken, "reason", reason);
    if (lb_streq(lb_option(cli, "format", "text"), "json")) {
        lb_json_write(&out, broken, 0);
        lb_str_putc(&out, '\n');
    } else
        lb_str_printf(&out,
                      "Lock %s of %s was broken; %s held it since %s.\n"
                      "If that apply still runs, it stops before its next change.\n",
                      lb_escape(arena, lock->id), lb_escape(arena, stack),
                      lb_escape(arena, lock->who), lb_escape(arena, lock->since));
    lb_out(cli, &out);
    lb_str_release(&out);
    return lb_diags_exit(&cli->diags);
}

static int lock_break(struct lb_cli *cli)
{
    struct lb_reading reading;
    struct lb_lock *locks;
    const char *reason = lb_option(cli, "reason", NULL);
    if (cli->arg_count < 2)
        return lb_usage(cli, "lock break needs the ID of the lock");
    if (lb_option(cli, "ledger", NULL))
        return lb_usage(cli, "--ledger is for lock list");
    const char *id = lb_lowercase(cli->arena, cli->args[1]);
    if (strlen(id) < 8)
        return lb_usage(cli, "lock break needs 8 digits or more of the ID");
    if (!reason || !*reason) {
        lb_diags_error(&cli->diags, "LB-G025", NULL, "lock %s", id);
        return LB_EXIT_USAGE;
    }
    int code = find_locks(cli, cli->arg_count > 2 ? cli->args[2] : NULL, &reading, &locks);
    if (code)
        return code;
    size_t found = reading.count;
    for (size_t i = 0; i < reading.count; i++) {
        if (!locks[i].id || !lb_starts_with(locks[i].id, id))
            continue;
        if (found < reading.count) {
            lb_diags_error(&cli->diags, "LB-G035", NULL, "\"%s\"", id);
            return lb_diags_exit(&cli->diags);
        }
        found = i;
    }
    if (found == reading.count)
        return not_held(cli, &reading, locks, id);
    return release(cli, &reading, reading.stacks[found], &locks[found], reason);
}

int lb_cmd_lock(struct lb_cli *cli)
{
    if (cli->arg_count && lb_streq(cli->args[0], "list"))
        return lock_list(cli);
    if (cli->arg_count && lb_streq(cli->args[0], "break"))
        return lock_break(cli);
    return lb_usage(cli, "lock needs list or break");
}
