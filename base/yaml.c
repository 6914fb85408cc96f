/* yaml.c: the spec's YAML into values, over libyaml's events.
 *
 * libyaml 0.2.5 has no limit on nesting and takes quadratic time in it (yaml/libyaml#227, #251; the
 * cap on its master was never released), and its document API keeps the whole tree nine times over.
 * So events are counted as they arrive, on a stack of our own, and the reading stops at the cap:
 * libyaml never looks further ahead than the 1024 characters a simple key may have.
 * What can be read past (a second key of the same name, a tag, an anchor) is collected; what cannot
 * (a syntax error, a cap) ends the reading.
 */
#include "base/utf8.h"
#include "base/yaml_private.h"

#include <string.h>
#include <yaml.h>

enum { MAX_ERRORS = 100 };

/* One open list or map. */
struct frame {
    struct lb_value *value;
    const char *key; /* of a map: the key that waits for its value; NULL while a key is expected */
    struct lb_mark key_mark;
    bool drop; /* the key is there already: its value is read and forgotten */
};

struct reader {
    struct lb_arena *arena;
    struct lb_arena *scratch; /* of what ends with the parse */
    const struct lb_source *source;
    struct lb_diags *diags;
    struct frame frames[LB_YAML_MAX_DEPTH];
    size_t depth, nodes, errors, documents;
    const size_t *lines; /* offsets of the lines' first bytes, after a byte order mark */
    size_t line_count;
    struct lb_value *root;
    bool done;
};

/* --- places ----------------------------------------------------------------------------------- */

static void index_lines(struct reader *r)
{
    const char *text = r->source->text;
    size_t length = r->source->length, capacity = 0;
    size_t *lines = lb_arena_grow(r->scratch, NULL, 0, 1, sizeof *lines, &capacity);
    lines[0] = lb_yaml_bom(r->source);
    r->line_count = 1;
    for (const char *at = memchr(text, '\n', length); at;
         at = memchr(at + 1, '\n', length - (size_t)(at + 1 - text))) {
        lines = lb_arena_grow(r->scratch, lines, r->line_count, r->line_count + 1, sizeof *lines,
                              &capacity);
        lines[r->line_count++] = (size_t)(at + 1 - text);
    }
    r->lines = lines;
}

static struct lb_mark mark_between(const struct reader *r, yaml_mark_t start, yaml_mark_t end)
{
    return (struct lb_mark){.source = r->source,
                            .line = (uint32_t)start.line + 1,
                            .column = (uint32_t)start.column + 1,
                            .end_line = (uint32_t)end.line + 1,
                            .end_column = (uint32_t)end.column + 1};
}

static struct lb_mark mark_of(const struct reader *r, const yaml_event_t *event)
{
    return mark_between(r, event->start_mark, event->end_mark);
}

/* --- syntax errors ---------------------------------------------------------------------------- */

/* The byte at a mark; NUL past the end. */
static char byte_at(const struct reader *r, yaml_mark_t mark)
{
    if (mark.line >= r->line_count) {
        return '\0';
    }
    const char *at = r->source->text + r->lines[mark.line],
               *end = r->source->text + r->source->length;
    for (size_t column = 0; at < end && column < mark.column; column++) {
        for (at++; at < end && ((unsigned char)*at & 0xc0) == 0x80; at++) {
        }
    }
    return at < end ? *at : '\0';
}

static int syntax_error(struct reader *r, const yaml_parser_t *parser)
{
    const char *problem = parser->problem ? parser->problem : "not readable";
    const char *context = parser->context ? parser->context : "";
    yaml_mark_t place = parser->problem_mark, before = place;
    before.column -= before.column > 0;
    const struct lb_yaml_hint *h = lb_yaml_hint_find(
        problem, context, place.column > 0 ? byte_at(r, before) : '\0', byte_at(r, place));
    if (h && h->at_context && parser->context) {
        place = parser->context_mark;
    }
    yaml_mark_t end = place;
    end.column++;
    struct lb_mark mark = mark_between(r, place, end);
    if (!h) {
        return lb_diags_error(r->diags, "LB-S001", &mark, "%s%s%s", context, *context ? ": " : "",
                              problem);
    }
    return lb_diags_error_try(r->diags, h->code ? h->code : "LB-S001", &mark, h->remedy, "%s",
                              h->detail);
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* An error past which reading can go on. */
static void collect(struct reader *r, const char *code, const struct lb_mark *mark,
                    const char *remedy, const char *detail)
{
    r->errors++;
    lb_diags_error_try(r->diags, code, mark, remedy, "%s", detail);
}

/* Anchors and tags: no meaning in a spec, and a remedy that fits what was probably meant. */
static void refuse_properties(struct reader *r, const yaml_char_t *anchor, const yaml_char_t *tag,
                              const struct lb_mark *mark)
{
    if (anchor) {
        collect(r, "LB-S003", mark,
                "write the value out in each place; put a text that starts with "
                "& in double quotes",
                lb_arena_printf(r->arena, "anchor &%s", (const char *)anchor));
    }
    if (tag) {
        collect(r, "LB-S006", mark, NULL, lb_arena_printf(r->arena, "tag %s", (const char *)tag));
    }
}

/* libyaml lets a tab pass as white space inside brackets; as indentation it is refused all the
 * same, for no two editors agree on its width. */
static void refuse_tab_indent(struct reader *r, const yaml_event_t *event)
{
    yaml_mark_t at = event->start_mark;
    if (at.line >= r->line_count) {
        return;
    }
    const char *line = r->source->text + r->lines[at.line];
    size_t left = r->source->length - r->lines[at.line], tab = SIZE_MAX;
    for (size_t i = 0; i < at.column && i < left; i++) {
        if (line[i] != ' ' && line[i] != '\t') {
            return;
        }
        tab = line[i] == '\t' && tab == SIZE_MAX ? i : tab;
    }
    if (tab != SIZE_MAX) {
        at.column = tab;
        yaml_mark_t end = at;
        end.column++;
        struct lb_mark mark = mark_between(r, at, end);
        collect(r, "LB-S008", &mark, NULL, "a tab stands in the indentation");
    }
}

/* Escapes in double quotes can write what the file itself may not hold. */
static void refuse_characters(struct reader *r, const char *text, size_t length,
                              const struct lb_mark *mark)
{
    size_t step;
    for (size_t i = 0; i < length; i += step) {
        uint32_t character = 0;
        step = lb_utf8_read(text + i, length - i, &character);
        if (step == 0 || lb_yaml_forbidden(character) || (character == '\r')) {
            collect(r, "LB-S009", mark, NULL,
                    lb_arena_printf(r->arena, "the value holds U+%04lX", (unsigned long)character));
            return;
        }
    }
}

static bool key_expected(const struct reader *r)
{
    return r->depth > 0 && r->frames[r->depth - 1].value->type == LB_MAP &&
           !r->frames[r->depth - 1].key;
}

/* Puts a node where it belongs: the root, the next item, or the value of the waiting key. */
static void attach(struct reader *r, struct lb_value *value)
{
    if (r->depth == 0) {
        r->root = value;
        return;
    }
    struct frame *top = &r->frames[r->depth - 1];
    if (top->value->type == LB_LIST) {
        lb_list_add(r->arena, top->value, value);
        return;
    }
    if (!top->drop) {
        lb_map_set(r->arena, top->value, top->key, value);
        top->value->as.map.entries[top->value->as.map.count - 1].key_mark = lb_mark_copy(
            r->arena, &top->key_mark);
    }
    top->key = NULL;
    top->drop = false;
}

static int count_node(struct reader *r, const struct lb_mark *mark)
{
    if (++r->nodes > LB_YAML_MAX_NODES) {
        return lb_diags_error(r->diags, "LB-S013", mark, "more than %d values", LB_YAML_MAX_NODES);
    }
    return r->errors >= MAX_ERRORS ? -1 : 0;
}

static int take_key(struct reader *r, const yaml_event_t *event, const struct lb_mark *mark)
{
    struct frame *top = &r->frames[r->depth - 1];
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (length == 0) {
        collect(r, "LB-S014", mark, NULL, "an empty key");
    } else if (plain && strcmp(text, "<<") == 0) {
        collect(r, "LB-S005", mark, NULL, "merge key <<");
    } else {
        const struct lb_entry *first = lb_map_entry(top->value, text);
        if (first) {
            top->drop = true;
            collect(r, "LB-S002", mark, NULL,
                    lb_arena_printf(r->arena, "\"%s\" is already there on line %u", text,
                                    (unsigned)first->key_mark->line));
        }
    }
    top->key = lb_arena_strndup(r->scratch, text, length);
    top->key_mark = *mark;
    return 0;
}

/* --- events ----------------------------------------------------------------------------------- */

static int on_scalar(struct reader *r, const yaml_event_t *event)
{
    struct lb_mark mark = mark_of(r, event);
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    refuse_properties(r, event->data.scalar.anchor, event->data.scalar.tag, &mark);
    refuse_tab_indent(r, event);
    refuse_characters(r, text, length, &mark);
    if (count_node(r, &mark)) {
        return -1;
    }
    if (key_expected(r)) {
        return take_key(r, event, &mark);
    }
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct lb_value *value = plain ? lb_yaml_plain(r->arena, text, length)
                                   : lb_value_stringn(r->arena, text, length);
    value->mark = lb_mark_copy(r->arena, &mark);
    attach(r, value);
    return 0;
}

static int on_alias(struct reader *r, const yaml_event_t *event)
{
    struct lb_mark mark = mark_of(r, event);
    const char *name = (const char *)event->data.alias.anchor;
    collect(r, "LB-S004", &mark,
            lb_arena_printf(r->arena,
                            "write the value out; for a text that starts with *, quote it: \"*%s\"",
                            name),
            lb_arena_printf(r->arena, "alias *%s", name));
    if (count_node(r, &mark)) {
        return -1;
    }
    if (key_expected(r)) {
        r->frames[r->depth - 1].key = lb_arena_printf(r->scratch, "*%s", name);
        r->frames[r->depth - 1].drop = true;
        return 0;
    }
    attach(r, lb_value_null(r->arena));
    return 0;
}

static int open_collection(struct reader *r, const yaml_event_t *event, struct lb_value *value)
{
    struct lb_mark mark = mark_of(r, event);
    if (count_node(r, &mark)) {
        return -1;
    }
    if (key_expected(r)) {
        const char *remedy =
            event->type == YAML_MAPPING_START_EVENT && byte_at(r, event->start_mark) == '{'
                ? "there are no templates; put a text that starts with { in double quotes"
                : NULL;
        return lb_diags_error_try(r->diags, "LB-S014", &mark, remedy, "a key must be a text");
    }
    if (r->depth == LB_YAML_MAX_DEPTH) {
        return lb_diags_error(r->diags, "LB-S012", &mark, "more than %d levels", LB_YAML_MAX_DEPTH);
    }
    refuse_tab_indent(r, event);
    value->mark = lb_mark_copy(r->arena, &mark);
    attach(r, value);
    r->frames[r->depth++] = (struct frame){.value = value};
    return 0;
}

static int on_list(struct reader *r, const yaml_event_t *event)
{
    struct lb_mark mark = mark_of(r, event);
    refuse_properties(r, event->data.sequence_start.anchor, event->data.sequence_start.tag, &mark);
    return open_collection(r, event, lb_value_list(r->arena));
}

static int on_map(struct reader *r, const yaml_event_t *event)
{
    struct lb_mark mark = mark_of(r, event);
    refuse_properties(r, event->data.mapping_start.anchor, event->data.mapping_start.tag, &mark);
    return open_collection(r, event, lb_value_map(r->arena));
}

static int on_close(struct reader *r, const yaml_event_t *event)
{
    (void)event;
    r->depth--;
    return 0;
}

static int on_document(struct reader *r, const yaml_event_t *event)
{
    struct lb_mark mark = mark_of(r, event);
    if (r->documents++ > 0) {
        return lb_diags_error(r->diags, "LB-S007", &mark, "a second document begins here");
    }
    if (event->data.document_start.version_directive ||
        event->data.document_start.tag_directives.start !=
            event->data.document_start.tag_directives.end) {
        collect(r, "LB-S018", &mark, NULL, "%YAML and %TAG are not accepted");
    }
    return 0;
}

static int on_nothing(struct reader *r, const yaml_event_t *event)
{
    r->done = event->type == YAML_STREAM_END_EVENT;
    return 0;
}

static int (*const handlers[])(struct reader *r, const yaml_event_t *event) = {
    [YAML_NO_EVENT] = on_nothing,           [YAML_STREAM_START_EVENT] = on_nothing,
    [YAML_STREAM_END_EVENT] = on_nothing,   [YAML_DOCUMENT_START_EVENT] = on_document,
    [YAML_DOCUMENT_END_EVENT] = on_nothing, [YAML_ALIAS_EVENT] = on_alias,
    [YAML_SCALAR_EVENT] = on_scalar,        [YAML_SEQUENCE_START_EVENT] = on_list,
    [YAML_SEQUENCE_END_EVENT] = on_close,   [YAML_MAPPING_START_EVENT] = on_map,
    [YAML_MAPPING_END_EVENT] = on_close,
};

static int read_events(struct reader *r, yaml_parser_t *parser)
{
    int failed = 0;
    while (!r->done && !failed) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            if (parser->error == YAML_MEMORY_ERROR) {
                lb_out_of_memory();
            }
            return syntax_error(r, parser);
        }
        failed = handlers[event.type](r, &event);
        yaml_event_delete(&event);
    }
    return failed || r->errors ? -1 : 0;
}

struct lb_value *lb_yaml_parse(struct lb_arena *arena, const struct lb_source *source,
                               struct lb_diags *diags)
{
    struct reader r = {.arena = arena, .source = source, .diags = diags};
    struct lb_mark start = {.source = source, .line = 1, .column = 1};
    if (source->length > LB_YAML_MAX_BYTES) {
        lb_diags_error(diags, "LB-S011", &start, "%zu bytes, at most %zu", source->length,
                       LB_YAML_MAX_BYTES);
        return NULL;
    }
    if (lb_yaml_check_bytes(source, diags)) {
        return NULL;
    }
    r.scratch = lb_arena_new();
    index_lines(&r);
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        lb_out_of_memory();
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    /* libyaml counts a byte order mark as a column of indentation: it gets the text behind it. */
    size_t bom = lb_yaml_bom(source);
    yaml_parser_set_input_string(&parser, (const unsigned char *)source->text + bom,
                                 source->length - bom);
    int failed = read_events(&r, &parser);
    yaml_parser_delete(&parser);
    lb_arena_free(r.scratch);
    if (!failed && (!r.root || r.root->type == LB_NULL)) {
        failed = lb_diags_error(diags, "LB-S016", &start, "nothing but white space and comments");
    } else if (!failed && r.root->type != LB_MAP) {
        failed = lb_diags_error(diags, "LB-S017", r.root->mark,
                                "the file holds one value, not keys");
    }
    lb_yaml_hide_secrets(source, diags);
    return failed ? NULL : r.root;
}
