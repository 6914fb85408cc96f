/* route.h: tables of routes, for services whose operations are paths.
 *
 * A service is a table: method and path pattern give the operation's name, whether it changes
 * anything, and the function that does it. The same row answers route() and handle().
 */
#ifndef LB_SANDBOX_ROUTE_H
#define LB_SANDBOX_ROUTE_H

#include "sandbox/sandbox.h"

#define SB_ARGS 4

/* One request on its way through a service. */
struct sb_call {
    struct sandbox *sandbox;
    struct sb_request *request;
    struct sb_response *response;
    struct lb_arena *arena; /* of the request */
    struct lb_value *body;  /* decoded by the service; NULL when it has none */
    void *subject;          /* what the service found before the handler runs: a node, a zone */
    const struct sb_route *route;
    const char *args[SB_ARGS]; /* decoded segments that {…} took; NULL beyond */
};

struct sb_route {
    const char *method;
    /* "/a/{}/b": {} takes one segment, decoded; a final "{*}" takes the rest. For services whose
     * operation is not a path the pattern is the operation's own name. */
    const char *pattern;
    const char *operation;
    bool mutating;
    void (*handle)(struct sb_call *);
    const char *permission; /* cluster calls: the action that fine-grained access asks for */
};

/* The first row that fits, or NULL; fills call->args and call->route. Rows end with method NULL. */
const struct sb_route *sb_route_find(const struct sb_route *routes, struct sb_call *call);
/* By name, for the protocols that name their operation. */
const struct sb_route *sb_route_named(const struct sb_route *routes, const char *operation);
/* Fills operation, mutating and resource (the first argument) of the request. 0 or -1. */
int sb_route_announce(const struct sb_route *routes, struct sandbox *sandbox,
                      struct sb_request *request);

/* Copies the value into the state's arena and sets it; returns the copy. */
struct lb_value *sb_keep(struct sandbox *sandbox, struct lb_value *map, const char *key,
                         const struct lb_value *value);
void sb_keep_string(struct sandbox *sandbox, struct lb_value *map, const char *key,
                    const char *text);
void sb_keep_int(struct sandbox *sandbox, struct lb_value *map, const char *key, int64_t number);
void sb_keep_bool(struct sandbox *sandbox, struct lb_value *map, const char *key, bool boolean);
/* Appends a copy to a list of the state. */
void sb_keep_item(struct sandbox *sandbox, struct lb_value *list, const struct lb_value *value);
/* Removes item i of a list. */
void sb_list_remove(struct lb_value *list, size_t i);

/* 36 characters, 8-4-4-4-12. */
char *sb_uuid(struct sandbox *sandbox, struct lb_arena *arena);
/* Shell-style match with * and ?, as IAM and the security plugin use it. */
/* In fault.c: */
bool sb_glob(const char *pattern, const char *text);
/* True when every character is in `set`. */
bool sb_only(const char *text, const char *set);
/* "2026-11-22T00:05:10.000Z" */
char *sb_time_millis(struct lb_arena *arena, int64_t seconds);

#endif
