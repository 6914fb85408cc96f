/* planner_kit.h: what the tests of the planner share: two kinds of their own, which do not change
 * when a real kind does, and a stack that is put together without a spec.
 *
 * Trees are written as JSON with ' for ", and "?thing.a/arn" for a value that is not known yet.
 */
#ifndef LB_TESTS_UNIT_PLANNER_KIT_H
#define LB_TESTS_UNIT_PLANNER_KIT_H

#include "base/json.h"
#include "planner/engine.h"
#include "tests/unit/check.h"

/* Every annotation that diff knows. */
#define KIT_BOX                                                                                    \
    "{'x-lb-kind': 'box', 'x-lb-section': 'boxes', 'x-lb-sides': 'one', 'title': 'box',"           \
    " 'description': 'A box.', 'type': 'object', 'x-lb-granule': 'base', 'x-lb-granules': {"       \
    "  'base': {'existence': true, 'risk': 'low', 'estimate': '5s', 'wait': '1m', 'poll': '5s'},"  \
    "  'rules': {'description': 'the rules', 'risk': 'none'}},"                                    \
    " 'properties': {"                                                                             \
    "  'name': {'type': 'string', 'x-lb-identity': true},"                                         \
    "  'sugar': {'type': 'string', 'x-lb-input': true},"                                           \
    "  'arn': {'type': 'string', 'x-lb-computed': true},"                                          \
    "  'plain': {'type': ['string', 'boolean', 'integer']},"                                       \
    "  'nocase': {'type': 'string', 'x-lb-compare': 'nocase'},"                                    \
    "  'dns': {'type': 'string', 'x-lb-compare': 'dns'},"                                          \
    "  'period': {'type': 'string', 'x-lb-compare': 'duration'},"                                  \
    "  'size': {'type': 'string', 'x-lb-compare': 'size'},"                                        \
    "  'loose': {'type': ['string', 'boolean', 'integer'], 'x-lb-compare': 'text'},"               \
    "  'policy': {'x-lb-compare': 'policy'},"                                                      \
    "  'json': {'x-lb-compare': 'json'},"                                                          \
    "  'ordered': {'type': 'array', 'items': {'type': 'string'}},"                                 \
    "  'set': {'type': 'array', 'items': {'type': 'string'}, 'x-lb-list': 'set'},"                 \
    "  'sizes': {'type': 'array', 'items': {'type': 'string', 'x-lb-compare': 'size'},"            \
    "    'x-lb-list': 'set'},"                                                                     \
    "  'kept': {'type': 'array', 'items': {'type': 'string'}, 'x-lb-list': 'set',"                 \
    "    'x-lb-foreign': 'keep', 'x-lb-owned': 'lb-'},"                                            \
    "  'rules': {'type': 'array', 'x-lb-list': 'map:id', 'x-lb-granule': 'rules',"                 \
    "    'x-lb-foreign': 'keep', 'x-lb-owned': 'lb-', 'items': {'type': 'object', 'properties': {" \
    "      'id': {'type': 'string'}, 'after': {'type': 'string', 'x-lb-compare': 'duration'},"     \
    "      'version': {'type': 'string', 'x-lb-computed': true},"                                  \
    "      'kinds': {'type': 'array', 'items': {'type': 'string'}, 'x-lb-list': 'set'},"           \
    "      'hops': {'type': 'array', 'x-lb-list': 'map:to', 'items': {'type': 'object',"           \
    "        'properties': {'to': {'type': 'string'}, 'cost': {'type': 'integer'}}}},"             \
    "      'filter': {'type': 'object', 'additionalProperties': {'type': 'string'}}}}},"           \
    "  'strict': {'type': 'array', 'x-lb-list': 'map:id', 'items': {'type': 'object',"             \
    "    'properties': {'id': {'type': 'string'}, 'n': {'type': 'integer'}}}},"                    \
    "  'tags': {'type': 'object', 'additionalProperties': {'type': 'string'},"                     \
    "    'x-lb-foreign': 'keep', 'x-lb-owned': 'lb:'},"                                            \
    "  'labels': {'type': 'object', 'additionalProperties': {'type': 'string'}},"                  \
    "  'free': {'type': 'object'},"                                                                \
    "  'shape': {'type': 'object', 'properties': {"                                                \
    "    'count': {'type': 'integer'}, 'zone': {'type': 'string'},"                                \
    "    'disk': {'type': 'object', 'properties': {'size': {'type': 'string',"                     \
    "      'x-lb-compare': 'size'}, 'iops': {'type': 'integer'}}}}},"                              \
    "  'either': {'anyOf': [{'type': 'string'}, {'type': 'object', 'properties': {"                \
    "    'team': {'type': 'string', 'x-lb-compare': 'nocase'}}},"                                  \
    "    {'type': 'array', 'items': {'type': 'string'}, 'x-lb-list': 'set'}]},"                    \
    "  'password': {'type': 'string', 'x-lb-secret': true, 'x-lb-write-only': true},"              \
    "  'engine': {'type': 'string', 'x-lb-force-new': 'the engine stays'},"                        \
    "  'mode': {'type': 'string', 'x-lb-disruptive': 'it restarts'}}}"

/* What steps, waves and apply need: an existence granule, one that is set by the create call and
 * read with it, a document that others write too, one that takes two calls, one that is slow. */
#define KIT_NODE                                                                                   \
    "{'x-lb-kind': 'node', 'x-lb-section': 'nodes', 'x-lb-sides': 'one', 'title': 'node',"         \
    " 'description': 'A node.', 'type': 'object', 'x-lb-granule': 'make', 'x-lb-granules': {"      \
    "  'make': {'existence': true, 'risk': 'low', 'estimate': '5s', 'wait': '1m', 'poll': '4s'},"  \
    "  'tags': {'risk': 'none', 'estimate': '1s', 'wait': '30s', 'poll': '4s'},"                   \
    "  'doc': {'risk': 'none', 'estimate': '2s', 'wait': '30s', 'poll': '4s'},"                    \
    "  'pair': {'risk': 'none', 'estimate': '3s', 'wait': '30s', 'poll': '4s'}},"                  \
    " 'properties': {"                                                                             \
    "  'size': {'type': 'integer'}, 'arn': {'type': 'string', 'x-lb-computed': true},"             \
    "  'peer': {'type': 'string'},"                                                                \
    "  'tags': {'type': 'object', 'additionalProperties': {'type': 'string'},"                     \
    "    'x-lb-granule': 'tags'},"                                                                 \
    "  'doc': {'type': 'object', 'additionalProperties': {'type': 'string'},"                      \
    "    'x-lb-granule': 'doc', 'x-lb-foreign': 'keep', 'x-lb-owned': 'lb-'},"                     \
    "  'left': {'type': 'integer', 'x-lb-granule': 'pair'},"                                       \
    "  'right': {'type': 'integer', 'x-lb-granule': 'pair'}}}"

#define KIT_SPEC                                                                                   \
    "{'$id': 'https://example.test/s.json', 'type': 'object', 'x-lb-order': ['box', 'node'],"      \
    " 'properties': {'stack': {'type': 'string'}, 'account': {'type': 'string'}},"                 \
    " 'definitions': {'managed': {'type': 'boolean', 'default': true, 'x-lb-input': true}}}"

struct planner_kit {
    struct lb_arena *arena;
    struct lb_diags diags, stack_diags;
    const struct lb_schemas *schemas;
    struct lb_source source;
    struct lb_stack stack;
    struct lb_engine engine;
    volatile int stop;
};

static inline const char *kit_quotes(struct lb_arena *arena, const char *text)
{
    char *copy = lb_arena_strdup(arena, text);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return copy;
}

static inline struct lb_value *kit_unknowns(struct lb_arena *arena, struct lb_value *value)
{
    if (lb_is(value, LB_STRING) && value->as.text.bytes[0] == '?')
        return lb_value_unknown(arena, value->as.text.bytes + 1);
    for (size_t i = 0; lb_is(value, LB_LIST) && i < value->as.list.count; i++)
        value->as.list.items[i] = kit_unknowns(arena, value->as.list.items[i]);
    for (size_t i = 0; lb_is(value, LB_MAP) && i < value->as.map.count; i++)
        value->as.map.entries[i].value = kit_unknowns(arena, value->as.map.entries[i].value);
    return value;
}

static inline struct lb_value *kit_tree(struct lb_arena *arena, const char *json)
{
    const char *error = NULL, *text = kit_quotes(arena, json);
    struct lb_value *value = lb_json_parse(arena, text, strlen(text), &error);
    if (!value)
        fail_msg("%s: %s", json, error);
    return kit_unknowns(arena, value);
}

static inline void kit_stack_init(struct planner_kit *kit, struct lb_stack *stack, const char *name)
{
    *stack = (struct lb_stack){.arena = kit->arena,
                               .diags = &kit->stack_diags,
                               .schemas = kit->schemas,
                               .source = &kit->source,
                               .name = name,
                               .account = "111122223333",
                               .partition = "aws",
                               .regions = {NULL, "us-east-1", "us-west-2"},
                               .active = LB_SIDE_PRIMARY,
                               .generation = 1,
                               .lookup = lb_value_map(kit->arena)};
    stack->spec = kit_tree(kit->arena, "{'stack': 'test', 'account': '111122223333'}");
}

static inline void kit_init(struct planner_kit *kit)
{
    *kit = (struct planner_kit){.arena = lb_arena_new()};
    const char *texts[] = {KIT_BOX, KIT_NODE, KIT_SPEC}, *stems[] = {"box", "node", "spec"};
    struct lb_embedded *files = lb_arena_array(kit->arena, COUNT(texts), sizeof *files);
    for (size_t i = 0; i < COUNT(texts); i++) {
        const char *text = kit_quotes(kit->arena, texts[i]);
        files[i] = (struct lb_embedded){stems[i], (const unsigned char *)text, strlen(text)};
    }
    kit->schemas = lb_schemas_load_from(kit->arena, files, COUNT(texts));
    kit->source = (struct lb_source){"lifeboat.yaml", "stack: test\n", 12};
    lb_diags_init(&kit->diags, kit->arena);
    lb_diags_init(&kit->stack_diags, kit->arena);
    kit_stack_init(kit, &kit->stack, "test");
    kit->engine = (struct lb_engine){.arena = kit->arena,
                                     .diags = &kit->diags,
                                     .schemas = kit->schemas,
                                     .version = "0.0.0",
                                     .stop = &kit->stop};
}

static inline void kit_release(struct planner_kit *kit)
{
    lb_arena_free(kit->arena);
}

/* An object that desires this; live NULL: absent. */
static inline struct lb_resource *kit_add_to(struct planner_kit *kit, struct lb_stack *stack,
                                             const struct lb_provider *provider, const char *name,
                                             const char *desired, const char *live)
{
    struct lb_resource *resource = lb_arena_alloc(kit->arena, sizeof *resource);
    resource->kind = lb_kind_find(kit->schemas, provider->kind);
    resource->provider = provider;
    resource->name = name;
    resource->address = lb_arena_printf(kit->arena, "%s.%s", provider->kind, name);
    resource->region = "us-east-1";
    resource->selected = resource->managed = true;
    resource->mark = (struct lb_mark){&kit->source, 1, 1, 1, 2};
    resource->stated = lb_value_map(kit->arena);
    resource->desired = kit_tree(kit->arena, desired);
    resource->live.status = live ? LB_LIVE_PRESENT : LB_LIVE_ABSENT;
    resource->live.value = live ? kit_tree(kit->arena, live) : NULL;
    stack->resources = lb_arena_grow(kit->arena, stack->resources, stack->resource_count,
                                     stack->resource_count + 1, sizeof *stack->resources,
                                     &stack->resource_capacity);
    lb_map_set_int(kit->arena, stack->lookup, resource->address, (int64_t)stack->resource_count);
    stack->resources[stack->resource_count++] = resource;
    return resource;
}

static inline struct lb_resource *kit_add(struct planner_kit *kit,
                                          const struct lb_provider *provider, const char *name,
                                          const char *desired, const char *live)
{
    return kit_add_to(kit, &kit->stack, provider, name, desired, live);
}

/* One text of a change, so that a table can hold it: "update a: 1 -> 2; b: - -> 3 | foreign x". */
static inline const char *kit_say(struct lb_arena *arena, const struct lb_change *change)
{
    struct lb_str text = {0};
    lb_str_puts(&text, lb_action_name(change->action));
    for (size_t i = 0; i < change->field_count; i++) {
        const struct lb_field *field = &change->fields[i];
        lb_str_printf(&text, "%s %s: %s -> %s", i ? ";" : "", field->path,
                      field->before ? lb_json_text(arena, field->before) : "-",
                      field->after ? lb_json_text(arena, field->after) : "-");
    }
    for (size_t i = 0; i < change->foreign_count; i++)
        lb_str_printf(&text, " | foreign %s", change->foreign[i]);
    for (size_t i = 0; i < change->unknown_count; i++)
        lb_str_printf(&text, " | unknown %s", change->unknown[i]);
    if (change->disruption)
        lb_str_printf(&text, " | %s", change->disruption);
    const char *said = lb_str_take(&text, arena);
    char *plain = lb_arena_strdup(arena, said);
    for (char *c = plain; *c; c++)
        *c = *c == '"' ? '\'' : *c;
    return plain;
}

#endif
