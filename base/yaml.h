/* yaml.h: the spec's YAML, read strictly into values.
 *
 * YAML 1.2 core typing: `no`, `on`, `012`, `1:30` stay strings. Refused, each with its place:
 * duplicate keys, anchors, aliases, merge keys, tags, several documents, tabs as indentation, NUL,
 * invalid UTF-8, control and bidi characters; more than 1 MiB, 64 levels or 50,000 nodes.
 * libyaml's event API is used, never its document API, and depth is capped before libyaml recurses.
 */
#ifndef LB_BASE_YAML_H
#define LB_BASE_YAML_H

#include "base/diag.h"
#include "base/value.h"

#define LB_YAML_MAX_BYTES ((size_t)1 << 20)
#define LB_YAML_MAX_DEPTH 64
#define LB_YAML_MAX_NODES 50000

/* Values carry marks into `source`, which must outlive them. NULL when anything was refused; the
 * sink then holds at least one LB-S error. Errors that allow reading on are collected. */
struct lb_value *lb_yaml_parse(struct lb_arena *arena, const struct lb_source *source,
                               struct lb_diags *diags);

#endif
