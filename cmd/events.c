/* events.c: the event stream of `apply --json`: one object a line, each with type, at and message.
 */
#include "cmd/events.h"

#include "base/json.h"
#include "base/time.h"

#include <string.h>

struct lb_value *lb_event_new(struct lb_cli *cli, const char *type, const char *message)
{
    struct lb_value *event = lb_value_map(cli->arena);
    lb_map_set_string(cli->arena, event, "type", type);
    lb_map_set_string(cli->arena, event, "at", lb_time_format(cli->arena, lb_time_now()));
    lb_map_set_string(cli->arena, event, "message", message ? message : "");
    return event;
}

void lb_event_print(struct lb_cli *cli, const struct lb_value *event)
{
    struct lb_str line = {0};
    lb_json_write(&line, event, 0);
    lb_str_putc(&line, '\n');
    lb_out(cli, &line);
    lb_str_release(&line);
}

/* The first line, before any other; without a plan where there is none yet. */
static void begin(struct lb_cli *cli, const struct lb_plan *plan)
{
    if (cli->events_begun)
        return;
    struct lb_value *version = lb_event_new(cli, "version", "lifeboat");
    lb_map_set_string(cli->arena, version, "format_version", "1.0");
    lb_map_set_string(cli->arena, version, "version", cli->engine.version);
    if (plan)
        lb_map_set_string(cli->arena, version, "plan_id", plan->id);
    lb_event_print(cli, version);
    cli->events_begun = true;
}

void lb_events_plan(struct lb_cli *cli, const struct lb_plan *plan)
{
    if (!lb_flag(cli, "json"))
        return;
    begin(cli, plan);
    const struct lb_value *document = lb_plan_to_value(cli->arena, plan);
    const struct lb_value *changes = lb_map_get(document, "changes");
    for (size_t i = 0; i < lb_value_count(changes); i++) {
        struct lb_value *change = lb_list_item(changes, i);
        struct lb_value *event = lb_event_new(cli, "planned_change",
                                              lb_arena_printf(cli->arena, "%s %s",
                                                              lb_text_at(change, "action", ""),
                                                              lb_text_at(change, "address", "")));
        lb_map_set(cli->arena, event, "change", change);
        lb_event_print(cli, event);
    }
    const struct lb_value *findings = lb_map_get(document, "findings");
    for (size_t i = 0; i < lb_value_count(findings); i++) {
        struct lb_value *finding = lb_list_item(findings, i);
        struct lb_value *event = lb_event_new(cli, "finding", lb_text_at(finding, "summary", ""));
        lb_map_set(cli->arena, event, "finding", finding);
        lb_event_print(cli, event);
    }
}

void lb_events_difference(struct lb_cli *cli, const char *lines)
{
    while (lb_flag(cli, "json") && *lines) {
        size_t length = strcspn(lines, "\n");
        const char *line = lb_arena_strndup(cli->arena, lines, length);
        lb_event_print(cli, lb_event_new(cli, "difference", line));
        lines += length + (lines[length] == '\n');
    }
}

void lb_events_diags(struct lb_cli *cli, const struct lb_diags *diags)
{
    for (size_t i = 0; lb_flag(cli, "json") && i < diags->count; i++) {
        const struct lb_diag *diag = &diags->items[i];
        const char *words = diag->detail
                                ? lb_arena_printf(cli->arena, "%s: %s", diag->summary, diag->detail)
                                : diag->summary;
        struct lb_value *event = lb_event_new(cli, "diagnostic", words);
        lb_map_set(cli->arena, event, "diagnostic", lb_diag_to_value(cli->arena, diag));
        begin(cli, NULL);
        lb_event_print(cli, event);
    }
}

void lb_events_end(struct lb_cli *cli, const char *message, const struct lb_apply_result *result,
                   int exit_code)
{
    if (!lb_flag(cli, "json") || cli->events_ended)
        return;
    begin(cli, NULL);
    lb_events_diags(cli, &cli->diags);
    struct lb_value *event = lb_event_new(cli, "summary", message);
    lb_map_set_int(cli->arena, event, "done", result ? (int64_t)result->done : 0);
    lb_map_set_int(cli->arena, event, "failed", result ? (int64_t)result->failed : 0);
    lb_map_set_int(cli->arena, event, "not_started", result ? (int64_t)result->not_started : 0);
    lb_map_set_int(cli->arena, event, "exit",
                   cli->diags.errors ? lb_exit_worse(exit_code, lb_diags_exit(&cli->diags))
                                     : exit_code);
    lb_event_print(cli, event);
    cli->events_ended = true;
}
