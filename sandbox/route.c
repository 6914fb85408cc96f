/* route.c: matching requests to rows of a service's table, and the small things that services whose
 * operations are paths share. A row is found twice a request (route() before faults are applied,
 * handle() after), which keeps both free of state of their own. */
#include "sandbox/route.h"

#include "base/time.h"

#include <stdio.h>
#include <string.h>

static const char *segment_end(const char *path)
{
    const char *end = strchr(path, '/');

    return end ? end : path + strlen(path);
}

static bool match_path(const char *pattern, const char *path, struct sb_call *call)
{
    size_t taken = 0;

    memset(call->args, 0, sizeof(call->args));
    while (*pattern && *path) {
        if (strcmp(pattern, "{*}") == 0 && taken < SB_ARGS) {
            call->args[taken] = lb_percent_decode(call->arena, path);
            return true;
        }
        if (pattern[0] == '{' && taken < SB_ARGS) {
            const char *end = segment_end(path);

            if (end == path)
                return false;
            call->args[taken++] = lb_percent_decode(
                call->arena, lb_arena_strndup(call->arena, path, (size_t)(end - path)));
            path = end;
            pattern += 2;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    if (*path == '/' && path[1] == '\0') /* a trailing slash names the same thing */
        path++;
    return *pattern == '\0' && *path == '\0';
}

const struct sb_route *sb_route_find(const struct sb_route *routes, struct sb_call *call)
{
    for (const struct sb_route *route = routes; route->method; route++) {
        if (lb_streq(route->method, call->request->method) &&
            match_path(route->pattern, call->request->path, call)) {
            call->route = route;
            return route;
        }
    }
    return NULL;
}

const struct sb_route *sb_route_named(const struct sb_route *routes, const char *operation)
{
    for (const struct sb_route *route = routes; route->method; route++) {
        if (lb_streq(route->operation, operation))
            return route;
    }
    return NULL;
}

int sb_route_announce(const struct sb_route *routes, struct sandbox *sandbox,
                      struct sb_request *request)
{
    struct sb_call call = {.sandbox = sandbox, .request = request, .arena = request->arena};
    const struct sb_route *route = sb_route_find(routes, &call);

    if (!route)
        return -1;
    request->operation = route->operation;
    request->mutating = route->mutating;
    request->resource = call.args[0] ? call.args[0] : "";
    return 0;
}

struct lb_value *sb_keep(struct sandbox *sandbox, struct lb_value *map, const char *key,
                         const struct lb_value *value)
{
    return lb_map_set(sandbox->arena, map, key, lb_value_copy(sandbox->arena, value));
}

void sb_keep_string(struct sandbox *sandbox, struct lb_value *map, const char *key,
                    const char *text)
{
    lb_map_set(sandbox->arena, map, key, lb_value_string(sandbox->arena, text));
}

void sb_keep_int(struct sandbox *sandbox, struct lb_value *map, const char *key, int64_t number)
{
    lb_map_set_int(sandbox->arena, map, key, number);
}

void sb_keep_bool(struct sandbox *sandbox, struct lb_value *map, const char *key, bool boolean)
{
    lb_map_set_bool(sandbox->arena, map, key, boolean);
}

void sb_keep_item(struct sandbox *sandbox, struct lb_value *list, const struct lb_value *value)
{
    lb_list_add(sandbox->arena, list, lb_value_copy(sandbox->arena, value));
}

void sb_list_remove(struct lb_value *list, size_t i)
{
    struct lb_value **items = list->as.list.items;
    size_t count = list->as.list.count;

    if (i >= count)
        return;
    memmove(items + i, items + i + 1, (count - i - 1) * sizeof(*items));
    list->as.list.count--;
}

char *sb_uuid(struct sandbox *sandbox, struct lb_arena *arena)
{
    const char *hex = sb_id(sandbox, arena, "0123456789abcdef", 32);

    return lb_arena_printf(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
                           hex + 20);
}

bool sb_only(const char *text, const char *set)
{
    return text[strspn(text, set)] == '\0';
}

char *sb_time_millis(struct lb_arena *arena, int64_t seconds)
{
    const char *text = lb_time_format(arena, seconds);

    return lb_arena_printf(arena, "%.19s.000Z", text);
}
