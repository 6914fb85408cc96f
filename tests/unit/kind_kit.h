/* kind_kit.h: what the tests of kinds share: a stack from a few lines of YAML, reads fed with
 * canned answers, writes caught as the bytes that would be sent.
 */
#ifndef LB_TESTS_UNIT_KIND_KIT_H
#define LB_TESTS_UNIT_KIND_KIT_H

#include "base/yaml.h"
#include "planner/survey.h"
#include "providers/provider.h"
#include "tests/unit/check.h"

#define KIT_HEAD                                                                                   \
    "lifeboat: 1\n"                                                                                \
    "stack: search-dr\n"                                                                           \
    "account: \"111122223333\"\n"                                                                  \
    "regions: {primary: us-east-1, secondary: us-west-2}\n"                                        \
    "active: primary\n"

struct kit {
    struct lb_arena *arena;
    struct lb_diags diags;
    struct lb_source source;
    struct lb_stack stack;
    struct {
        const struct lb_call *call;
        lb_decode_fn *decode;
    } asks[64];
    size_t ask_count, ask_next;
    struct {
        const struct lb_call *call;
        const char *title;
    } emits[16];
    size_t emit_count;
    const char *strays[16];
    size_t stray_count;
    const struct lb_value *listed;     /* tags that the list of marked objects has; NULL: none */
    const char *header, *header_value; /* of every answer that is fed; NULL: none */
};

/* What a service answers: to which operation, with which status and body. */
struct kit_answer {
    const char *operation;
    int status;
    const char *body;
};

static inline void kit_free(struct kit *kit)
{
    lb_arena_free(kit->arena);
}

/* 0, or -1 with the diagnostics in kit->diags. */
static inline int kit_load(struct kit *kit, const char *yaml)
{
    *kit = (struct kit){.arena = lb_arena_new()};
    lb_diags_init(&kit->diags, kit->arena);
    const struct lb_schemas *schemas = lb_schemas_load(kit->arena);
    kit->source = (struct lb_source){"lifeboat.yaml", yaml, strlen(yaml)};
    struct lb_value *spec = lb_yaml_parse(kit->arena, &kit->source, &kit->diags);
    if (!spec || lb_schema_validate(schemas->spec, spec, &kit->diags))
        return -1;
    lb_schema_fill_defaults(kit->arena, schemas->spec, spec);
    if (lb_stack_init(&kit->stack, kit->arena, &kit->diags, schemas, &kit->source, spec))
        return -1;
    return lb_stack_build(&kit->stack);
}

static inline struct lb_resource *kit_find(struct kit *kit, const char *address)
{
    struct lb_resource *resource = lb_stack_find_address(&kit->stack, address);
    if (!resource)
        fail_msg("no object %s", address);
    return resource;
}

static inline void kit_ask(struct lb_read *read, const struct lb_call *call, lb_decode_fn *decode)
{
    struct kit *kit = read->engine;
    if (kit->ask_count == COUNT(kit->asks))
        fail_msg("more than %zu requests", kit->ask_count);
    kit->asks[kit->ask_count].call = call;
    kit->asks[kit->ask_count++].decode = decode;
}

static inline void kit_stray(struct lb_read *read, const char *address, const char *what)
{
    struct kit *kit = read->engine;
    (void)what;
    kit->strays[kit->stray_count++] = address;
}

static inline void kit_answer_next(struct kit *kit, struct lb_read *read,
                                   const struct kit_answer *canned)
{
    const struct lb_call *call = kit->asks[kit->ask_next].call;
    CHECK_TEXT("operation asked", call->op->name, canned->operation);
    struct lb_answer answer = {.status = canned->status,
                               .raw = canned->body,
                               .raw_length = strlen(canned->body),
                               .headers = lb_value_map(kit->arena)};
    if (kit->header)
        lb_map_set_string(kit->arena, answer.headers, kit->header, kit->header_value);
    lb_answer_decode(kit->arena, call->op, &answer);
    kit->asks[kit->ask_next++].decode(read, call, &answer);
}

static inline void kit_ask_tags(struct lb_read *read, const char *region, const char *arn,
                                lb_tags_fn *decode)
{
    struct kit *kit = read->engine;
    decode(read, lb_map_get(kit->listed, lb_arena_printf(kit->arena, "%s %s", region, arn)));
}

static inline struct lb_read kit_reader(struct kit *kit, struct lb_resource *resource,
                                        struct lb_live *live)
{
    kit->ask_count = kit->ask_next = 0;
    return (struct lb_read){.arena = kit->arena,
                            .stack = &kit->stack,
                            .resource = resource,
                            .live = live,
                            .diags = &kit->diags,
                            .siblings = 1,
                            .ask = kit_ask,
                            .ask_tags = kit->listed ? kit_ask_tags : NULL,
                            .stray = kit_stray,
                            .engine = kit};
}

static inline void kit_answer_all(struct kit *kit, struct lb_read *read,
                                  const struct kit_answer *answers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (kit->ask_next == kit->ask_count)
            fail_msg("%s was not asked", answers[i].operation);
        kit_answer_next(kit, read, &answers[i]);
    }
    if (kit->ask_next != kit->ask_count)
        fail_msg("no answer for %s", kit->asks[kit->ask_next].call->op->name);
}

/* Reads one object; the answers must come in the order of the questions, and all be asked for. */
static inline void kit_read(struct kit *kit, struct lb_resource *resource, size_t siblings,
                            const struct kit_answer *answers, size_t count)
{
    struct lb_live live = {0};
    struct lb_read read = kit_reader(kit, resource, &live);
    read.siblings = siblings;
    for (const struct lb_granule *g = resource->provider->granules; g->name; g++)
        if (g->read && lb_resource_has_granule(resource, lb_granule_find(resource->kind, g->name)))
            g->read(&read);
    kit_answer_all(kit, &read, answers, count);
    if (read.failed)
        live.status = LB_LIVE_UNREADABLE;
    resource->live = live;
}

/* Looks for what left the spec inside one object, which must be given its endpoint before, or, with
 * NULL, over the whole stack. */
static inline void kit_survey(struct kit *kit, const char *kind, const char *inside,
                              const struct kit_answer *answers, size_t count)
{
    size_t provider = 0, object = 0;
    struct lb_resource *place;
    while ((place = lb_survey_next(kit->arena, &kit->stack, &provider, &object)))
        if (lb_streq(place->kind->name, kind) &&
            lb_streq(place->reads_after_count ? place->reads_after[0]->address : NULL, inside))
            break;
    if (!place)
        fail_msg("%s does not look into %s", kind, inside ? inside : "the stack");
    struct lb_live live = {0};
    struct lb_read read = kit_reader(kit, place, &live);
    kit->stray_count = 0;
    place->provider->survey(&read);
    kit_answer_all(kit, &read, answers, count);
}

static inline void kit_emit(struct lb_write *write, struct lb_call *call, const char *title)
{
    struct kit *kit = write->engine;
    if (kit->emit_count == COUNT(kit->emits))
        fail_msg("more than %zu calls", kit->emit_count);
    kit->emits[kit->emit_count].call = call;
    kit->emits[kit->emit_count++].title = title;
}

static inline void kit_write(struct kit *kit, struct lb_resource *resource, const char *granule)
{
    struct lb_write write = {.arena = kit->arena,
                             .stack = &kit->stack,
                             .resource = resource,
                             .granule = lb_granule_find(resource->kind, granule),
                             .live = &resource->live,
                             .create = resource->live.status == LB_LIVE_ABSENT,
                             .emit = kit_emit,
                             .engine = kit};
    write.desired = lb_stack_resolve(&kit->stack, kit->arena, resource->desired);
    kit->emit_count = 0;
    for (const struct lb_granule *g = resource->provider->granules; g->name; g++)
        if (lb_streq(g->name, granule))
            g->write(&write);
}

/* "POST /path?query" and the body, as they would be sent. */
static inline const char *kit_line(struct kit *kit, const struct lb_call *call)
{
    struct lb_message message;
    lb_message_build(kit->arena, call, &message);
    return lb_arena_printf(kit->arena, "%s %s%s%s", message.method, message.path,
                           *message.query ? "?" : "", message.query);
}

/* Without the XML declaration, which botocore leaves out. */
static inline const char *kit_body(struct kit *kit, const struct lb_call *call)
{
    struct lb_message message;
    lb_message_build(kit->arena, call, &message);
    const char *body = message.body ? message.body : "";
    const char *declaration = strstr(body, "?>\n");
    size_t skip = declaration ? (size_t)(declaration - body) + 3 : 0;
    return lb_arena_strndup(kit->arena, body + skip, message.body_length - skip);
}

/* True when a diagnostic with that code was said at that line (0: any). */
static inline bool kit_said(const struct lb_diags *diags, const char *code, uint32_t line)
{
    for (size_t i = 0; i < diags->count; i++)
        if (lb_streq(diags->items[i].code, code) && (!line || diags->items[i].mark.line == line))
            return true;
    return false;
}

#endif
