/* history_list.c: the entries of the ledger, newest first, from the messages of their commits. A
 * line is written as soon as it is read: the first one comes at once, however long the history is,
 * and a reader that has seen enough (`| head`) ends it. */
#include "cmd/history.h"

#include "base/json.h"

#include <string.h>

#define WRITE_EVERY 64 /* entries that are read between two writes, after the first */
#define DIGITS 8       /* of an id: what `show` takes */
#define LIMIT_MAX 1000000

struct listing {
    struct lb_cli *cli;
    struct lb_ledger *ledger;
    struct lb_arena *scratch; /* of the entries since the last write */
    struct lb_str out;
    const char *stack, *event, *outcome, *object;
    bool json;
    size_t limit, events; /* events: width of that column */
    size_t shown, read, unwritten;
    bool closed;      /* the reader has */
    bool many, first; /* of several stacks */
};

/* --- one line
 * ------------------------------------------------------------------------------------------------
 */

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static void column(struct listing *list, const char *text, size_t width)
{
    const char *shown = lb_reading_text(list->scratch, text);
    size_t length = characters(shown);
    lb_str_puts(&list->out, shown);
    lb_str_repeat(&list->out, ' ', (length < width ? width - length : 0) + 2);
}

/* Of what is shown by its beginning. */
static const char *digits(struct listing *list, const char *id)
{
    return id ? lb_arena_strndup(list->scratch, id, DIGITS) : NULL;
}

/* A terminal gets lines that fit, as far as the summary, which is last, can make them; a program or
 * a file gets all of it. */
static void closing(struct listing *list, size_t start, const char *text)
{
    const char *shown = lb_reading_text(list->scratch, text);
    size_t used = characters(lb_str_text(&list->out) + start), width = list->cli->width;
    size_t room = width > used + 20 ? width - used : 20;
    if (list->cli->terminal_out && characters(shown) > room) {
        size_t end = 0;
        for (size_t count = 0; count < room - 3 || ((unsigned char)shown[end] & 0xC0) == 0x80;
             end++)
            count += ((unsigned char)shown[end] & 0xC0) != 0x80;
        shown = lb_arena_printf(list->scratch, "%.*s...", (int)end, shown);
    }
    lb_str_printf(&list->out, "%s\n", shown);
}

static void add_row(struct listing *list, const char *at, const char *kind, const char *plan,
                    const char *outcome, const char *commit, const char *who, const char *summary)
{
    size_t start = list->out.length;
    column(list, at, 20);
    column(list, kind, list->events);
    column(list, plan, DIGITS);
    column(list, outcome, 11);
    column(list, commit, DIGITS);
    column(list, who, 16);
    closing(list, start, summary);
}

static void add_json(struct listing *list, const struct lb_ledger_entry *entry)
{
    const struct {
        const char *key, *text;
    } texts[] = {
        {"stack", list->stack},
        {"at", entry->at},
        {"event", entry->kind},
        {"plan", entry->plan},
        {"outcome", entry->outcome},
        {"who", entry->who},
        {"host", entry->host},
        {"run", entry->run},
        {"summary", entry->summary},
        {"reason", entry->reason},
        {"spec", entry->spec_digest},
        {"tool", entry->tool},
        {"id", entry->id},
        {"ends", entry->ends},
        {"lock", entry->lock.id},
        {"commit", entry->commit},
    };
    struct lb_value *map = lb_value_map(list->scratch);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        lb_map_set(list->scratch, map, texts[i].key, lb_value_string(list->scratch, texts[i].text));
    lb_map_set_int(list->scratch, map, "seq", entry->seq);
    lb_json_write(&list->out, map, 0);
    lb_str_putc(&list->out, '\n');
}

static void heading(struct listing *list)
{
    if (list->json)
        return;
    if (list->many)
        lb_str_printf(&list->out, "%sStack %s\n", list->first ? "" : "\n",
                      lb_escape(list->scratch, list->stack));
    add_row(list, "TIME", "EVENT", "PLAN", "OUTCOME", "COMMIT", "WHO", "SUMMARY");
}

static void add(struct listing *list, const struct lb_ledger_entry *entry)
{
    if (!list->shown++)
        heading(list);
    if (list->json)
        add_json(list, entry);
    else
        add_row(list, entry->at, entry->kind, digits(list, entry->plan), entry->outcome,
                digits(list, entry->commit), entry->who, entry->summary);
}

/* --- one stack
 * -----------------------------------------------------------------------------------------------
 */

static void write_out(struct listing *list)
{
    list->closed = list->closed || lb_out_more(list->cli, &list->out) != 0;
    list->unwritten = 0;
    lb_str_clear(&list->out);
    lb_arena_free(list->scratch);
    list->scratch = lb_arena_new();
}

static bool wanted(struct listing *list, const struct lb_ledger_entry *entry)
{
    return (!list->event || lb_streq(list->event, entry->kind)) &&
           (!list->outcome || lb_streq(list->outcome, entry->outcome)) &&
           (!list->object || lb_ledger_names(list->ledger, entry->commit, list->object));
}

/* A clone that is shallow ends where its history goes on elsewhere. */
static int not_here(struct listing *list, const char *commit)
{
    struct lb_diag diag = {.code = "LB-G039", .detail = commit};
    lb_diags_add(&list->cli->diags, &diag);
    return 0;
}

/* 0; -1 with a diagnostic. */
static int list_entries(struct listing *list, const char *tip)
{
    struct lb_ledger_entry entry;
    char at[41], parent[41];
    memcpy(at, tip, sizeof at);
    while (*at && !list->closed && list->shown < list->limit) {
        if (lb_ledger_shallow(list->ledger) && !lb_ledger_here(list->ledger, at))
            return not_here(list, at);
        if (lb_ledger_glance(list->ledger, list->scratch, at, &entry, parent) != 0)
            return -1;
        list->read++;
        if (wanted(list, &entry))
            add(list, &entry);
        list->unwritten++;
        if (list->unwritten == WRITE_EVERY || (list->shown == 1 && list->out.length))
            write_out(list);
        memcpy(at, parent, sizeof at);
    }
    return 0;
}

/* What others recorded may not be here yet. */
static const char *elsewhere(const struct listing *list)
{
    return lb_ledger_alone(list->ledger) ? " `lifeboat history sync` brings what others recorded."
                                         : "";
}

static void list_stack(struct listing *list)
{
    char tip[41];
    if (lb_ledger_tip(list->ledger, list->stack, tip) != 0)
        return;
    list->shown = list->read = 0;
    int result = list_entries(list, tip);
    if (result == 0 && !list->shown && !list->closed && !list->json)
        lb_str_printf(&list->out,
                      *tip ? "No entry of \"%s\" matches.\n"
                           : "Nothing is recorded for \"%s\" yet.%s\n",
                      lb_escape(list->scratch, list->stack), elsewhere(list));
    write_out(list);
}

/* --- what is asked for
 * ---------------------------------------------------------------------------------------- */

static size_t event_width(void)
{
    size_t width = 0;
    const struct lb_ledger_kind *kind;
    for (size_t i = 0; (kind = lb_ledger_kind_nth(i)); i++)
        width = strlen(kind->name) > width ? strlen(kind->name) : width;
    return width;
}

int lb_history_list(struct lb_cli *cli, const char *spec)
{
    struct lb_reading reading;
    struct listing list = {.cli = cli,
                           .event = lb_option(cli, "event", NULL),
                           .outcome = lb_option(cli, "outcome", NULL),
                           .object = lb_option(cli, "object", NULL),
                           .json = lb_streq(lb_option(cli, "format", "text"), "json"),
                           .events = event_width()};
    if (lb_option_number(cli, "limit", LIMIT_MAX, SIZE_MAX, "20", &list.limit) != 0)
        return LB_EXIT_USAGE;
    int code = lb_reading_open(cli, spec, LB_LEDGER_LOCAL, &reading);
    if (code)
        return code;
    list.ledger = reading.ledger;
    list.many = reading.count > 1;
    list.scratch = lb_arena_new();
    for (size_t i = 0; i < reading.count && !list.closed; i++) {
        list.stack = reading.stacks[i];
        list.first = i == 0;
        list_stack(&list);
    }
    if (!reading.count && !list.json)
        lb_str_printf(&list.out, "Nothing is recorded in this repository yet.%s\n",
                      elsewhere(&list));
    write_out(&list);
    lb_arena_free(list.scratch);
    lb_str_release(&list.out);
    return lb_diags_exit(&cli->diags);
}
