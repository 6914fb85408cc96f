/* events.c: the event stream of `apply --json`: one object a line, each with type, at and message.
 */
#include "cmd/events.h"

#include "base/json.h"
#include "base/time.h"

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

void lb_events_plan(struct lb_cli *cli, const struct lb_plan *plan)
{
    struct lb_value *version = lb_event_new(cli, "version", "lifeboat");
    lb_map_set_string(cli->arena, version, "format_version", "1.0");
    lb_map_set_string(cli->arena, version, "version", plan->tool_version);
    lb_map_set_string(cli->arena, version, "plan_id", plan->id);
    lb_event_print(cli, version);
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

void lb_events_nothing(struct lb_cli *cli, const struct lb_plan *plan)
{
    if (!lb_flag(cli, "json"))
        return;
    struct lb_value *event = lb_event_new(cli, "summary", lb_plan_summary(cli->arena, plan));
    lb_map_set_int(cli->arena, event, "done", 0);
    lb_map_set_int(cli->arena, event, "failed", 0);
    lb_map_set_int(cli->arena, event, "not_started", 0);
    lb_map_set_int(cli->arena, event, "exit", 0);
    lb_event_print(cli, event);
}
