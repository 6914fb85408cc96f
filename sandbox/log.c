/* log.c: every call that was received, one JSON object each, for GET calls and --log. Tests prove
 * promises with it ("plan never mutates"), so a call that was refused or cut off is in it too.
 */
#include "sandbox/internal.h"

#include "base/json.h"
#include "base/time.h"

void sb_log_call(struct sandbox *sandbox, const struct sb_request *request, int status,
                 const char *signature)
{
    struct sandbox_private *private = sandbox->private;
    struct lb_arena *arena = request->arena;
    struct lb_value *line = lb_value_map(arena);
    lb_map_set_int(arena, line, "n", (int64_t) private->log_count + 1);
    lb_map_set_string(arena, line, "at", lb_time_format(arena, sb_now(sandbox)));
    lb_map_set_string(arena, line, "service", request->service ? request->service : "");
    lb_map_set_string(arena, line, "region", request->region ? request->region : "");
    lb_map_set_string(arena, line, "operation", request->operation ? request->operation : "");
    lb_map_set_string(arena, line, "resource", request->resource ? request->resource : "");
    lb_map_set_bool(arena, line, "mutating", request->mutating);
    lb_map_set_int(arena, line, "status", status);
    lb_map_set_string(arena, line, "signature", signature);
    lb_map_set_string(arena, line, "method", request->method);
    lb_map_set_string(arena, line, "path", request->path);
    if (lb_streq(request->service, "cluster"))
        lb_map_set_string(arena, line, "host", request->host);
    if (request->access_key)
        lb_map_set_string(arena, line, "access_key", request->access_key);
    if (request->names)
        lb_map_set(arena, line, "names", request->names);
    const char *text = lb_arena_strdup(private->log_arena, lb_json_text(arena, line));
    private->log_lines = lb_arena_grow(private->log_arena, private->log_lines, private->log_count,
                                       private->log_count + 1, sizeof *private->log_lines,
                                       &private->log_capacity);
    private->log_lines[private->log_count++] = text;
    if (private->log_file) {
        fprintf(private->log_file, "%s\n", text);
        fflush(private->log_file);
    }
}

void sb_log_since(const struct sandbox *sandbox, int64_t since, struct lb_str *out)
{
    const struct sandbox_private *private = sandbox->private;
    for (size_t i = since > 0 ? (size_t)since : 0; i < private->log_count; i++) {
        lb_str_puts(out, private->log_lines[i]);
        lb_str_putc(out, '\n');
    }
}
