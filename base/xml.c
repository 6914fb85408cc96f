/* xml.c: XML in, over expat.
 *
 * Answers come from the network: a DOCTYPE ends the parse before an entity can be declared, depth,
 * size and number of elements are capped, and the text must be UTF-8 whatever the document says
 * (expat follows a UTF-16 byte order mark even where the encoding is given). expat resolves
 * namespaces ("uri name"), so an undeclared prefix is an error, and we keep the local names.
 */
#include "base/xml.h"
#include "base/diag.h"
#include "base/utf8.h"

#include <expat.h>
#include <string.h>

#define SEPARATOR ' ' /* between namespace and name: no URI holds a space */

struct element {
    struct lb_value *map; /* NULL while it has neither children nor attributes */
    bool has_children;
};

struct parse {
    struct lb_arena *arena;
    XML_Parser expat;
    struct lb_value *root;
    struct element open[LB_XML_MAX_DEPTH];
    size_t depth, nodes;
    struct lb_str text; /* of the innermost open element, since its last child */
    const char *fault;  /* constant; NULL while all is well */
};

static void fail(struct parse *parse, const char *fault)
{
    if (!parse->fault)
        parse->fault = fault;
    XML_StopParser(parse->expat, XML_FALSE);
}

static const char *local_name(const char *name)
{
    const char *separator = strrchr(name, SEPARATOR);
    return separator ? separator + 1 : name;
}

static bool is_blank(const struct lb_str *text)
{
    return lb_str_text(text)[strspn(lb_str_text(text), " \t\r\n")] == '\0';
}

/* The value of an element goes into its parent: alone, or into the list of its siblings. */
static void attach(struct parse *parse, struct lb_value *parent, const char *name,
                   struct lb_value *value)
{
    struct lb_value *there = lb_map_get(parent, name);
    if (!there) {
        lb_map_set(parse->arena, parent, name, value);
        return;
    }
    if (!lb_is(there, LB_LIST)) { /* an element is never a list itself */
        struct lb_value *list = lb_value_list(parse->arena);
        lb_list_add(parse->arena, list, there);
        there = lb_map_set(parse->arena, parent, name, list);
    }
    lb_list_add(parse->arena, there, value);
}

static struct lb_value *element_map(struct parse *parse, struct element *element)
{
    if (!element->map)
        element->map = lb_value_map(parse->arena);
    return element->map;
}

static void read_attributes(struct parse *parse, struct element *element, const XML_Char **pairs)
{
    for (; *pairs; pairs += 2) {
        const char *key = lb_arena_printf(parse->arena, "@%s", local_name(pairs[0]));
        struct lb_value *map = element_map(parse, element);
        if (++parse->nodes > LB_XML_MAX_NODES)
            fail(parse, "too many elements");
        else if (lb_map_get(map, key))
            fail(parse, "two attributes of one name");
        else
            lb_map_set(parse->arena, map, key, lb_value_string(parse->arena, pairs[1]));
    }
}

static void on_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
    struct parse *parse = data;
    (void)name; /* its end names it again */
    if (parse->fault)
        return;
    if (parse->depth == LB_XML_MAX_DEPTH) {
        fail(parse, "nested too deeply");
        return;
    }
    if (++parse->nodes > LB_XML_MAX_NODES) {
        fail(parse, "too many elements");
        return;
    }
    if (parse->depth) {
        struct element *parent = &parse->open[parse->depth - 1];
        parent->has_children = true;
        element_map(parse, parent);
        if (!is_blank(&parse->text))
            fail(parse, "text beside elements");
    }
    lb_str_clear(&parse->text);
    struct element *element = &parse->open[parse->depth++];
    *element = (struct element){0};
    read_attributes(parse, element, attributes);
}

static struct lb_value *element_value(struct parse *parse, struct element *element)
{
    struct lb_value *text = NULL;
    if (element->has_children && !is_blank(&parse->text))
        fail(parse, "text beside elements");
    if (!element->has_children)
        text = lb_value_stringn(parse->arena, lb_str_text(&parse->text), parse->text.length);
    if (!element->map)
        return text;
    if (text && parse->text.length)
        lb_map_set(parse->arena, element->map, "#text", text);
    return element->map;
}

static void on_end(void *data, const XML_Char *name)
{
    struct parse *parse = data;
    if (parse->fault)
        return;
    struct element *element = &parse->open[--parse->depth];
    struct lb_value *value = element_value(parse, element);
    struct lb_value *parent = parse->depth ? parse->open[parse->depth - 1].map : parse->root;
    attach(parse, parent, local_name(name), value);
    lb_str_clear(&parse->text);
}

static void on_text(void *data, const XML_Char *text, int length)
{
    struct parse *parse = data;
    lb_str_add(&parse->text, text, (size_t)length);
}

static void on_doctype(void *data, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public, int internal)
{
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    fail(data, "a DOCTYPE is not accepted");
}

static XML_Parser parser_new(struct parse *parse)
{
    XML_Parser expat = XML_ParserCreateNS("UTF-8", SEPARATOR);
    if (!expat)
        lb_out_of_memory();
    XML_SetUserData(expat, parse);
    XML_SetElementHandler(expat, on_start, on_end);
    XML_SetCharacterDataHandler(expat, on_text);
    XML_SetStartDoctypeDeclHandler(expat, on_doctype);
    return expat;
}

/* What expat need not see; NULL when there is nothing wrong with the bytes. */
static const char *bytes_fault(const char *text, size_t length)
{
    if (length > LB_XML_MAX_BYTES)
        return "larger than 64 MiB";
    if (length && !lb_utf8_valid(text, length))
        return "not valid UTF-8";
    return length && memchr(text, '\0', length) ? "a NUL byte" : NULL;
}

struct lb_value *lb_xml_parse(struct lb_arena *arena, const char *text, size_t length,
                              const char **error)
{
    const char *unused;
    if (!error)
        error = &unused;
    *error = bytes_fault(text, length);
    if (*error)
        return NULL;
    struct parse parse = {.arena = arena, .root = lb_value_map(arena)};
    parse.expat = parser_new(&parse);
    enum XML_Status status = XML_Parse(parse.expat, text ? text : "", (int)length, XML_TRUE);
    if (status != XML_STATUS_OK && XML_GetErrorCode(parse.expat) == XML_ERROR_NO_MEMORY)
        lb_out_of_memory();
    if (status != XML_STATUS_OK || parse.fault) {
        const char *fault = parse.fault ? parse.fault
                                        : XML_ErrorString(XML_GetErrorCode(parse.expat));
        *error = lb_arena_printf(arena, "line %lu: %s",
                                 (unsigned long)XML_GetCurrentLineNumber(parse.expat), fault);
    }
    XML_ParserFree(parse.expat);
    lb_str_release(&parse.text);
    return *error ? NULL : parse.root;
}

static bool is_nothing(const struct lb_value *value)
{
    return !value || value->type == LB_NULL ||
           (value->type == LB_STRING && value->as.text.length == 0);
}

size_t lb_xml_count(const struct lb_value *value)
{
    if (is_nothing(value))
        return 0;
    return value->type == LB_LIST ? lb_value_count(value) : 1;
}

struct lb_value *lb_xml_item(const struct lb_value *value, size_t i)
{
    if (lb_is(value, LB_LIST))
        return lb_list_item(value, i);
    return i == 0 && !is_nothing(value) ? (struct lb_value *)value : NULL;
}
