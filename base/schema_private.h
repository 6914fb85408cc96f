/* schema_private.h: what the schema_*.c files share. Nobody else includes it. */
#ifndef LB_BASE_SCHEMA_PRIVATE_H
#define LB_BASE_SCHEMA_PRIVATE_H

#include "base/schema.h"

#include <stdbool.h>

#define LB_TYPE_BIT(type) (1u << (type))

/* A regular expression, compiled when it is first needed: most runs need a tenth of them. */
struct lb_pattern;
struct lb_pattern *lb_pattern_new(struct lb_arena *arena, const char *text);
/* Ends the program when the expression is faulty: it is ours. */
bool lb_pattern_matches(struct lb_pattern *pattern, const char *text);
const char *lb_pattern_text(const struct lb_pattern *pattern);

/* A path into a schema file or a spec, as a chain on the stack: it costs nothing until an error
 * has to name its place. */
struct lb_place {
    const struct lb_place *up; /* NULL at the root */
    const char *key;           /* NULL: an index */
    size_t index;
};

/* The file that is being compiled. */
struct lb_schema_file {
    struct lb_arena *arena;
    const char *stem;
    const struct lb_value *document;
    const struct lb_value *common;   /* _common.json; NULL when there is none */
    const struct lb_value *granules; /* x-lb-granules; NULL outside a kind */
    int refs;                        /* how deep in $ref */
};

/* Compiles one node and all below. `granule` is the parent's. Ends the program on a fault. */
struct lb_schema *lb_schema_compile(struct lb_schema_file *file, const struct lb_place *place,
                                    const char *name, const struct lb_value *json,
                                    const char *granule);
/* A keyword's effect on a node, from the table in schema_keywords.c; names what is unknown. */
void lb_schema_keyword(const struct lb_schema_file *file, const struct lb_place *place,
                       struct lb_schema *node, const struct lb_entry *entry);
_Noreturn void lb_schema_fault(const struct lb_schema_file *file, const struct lb_place *place,
                               const char *format, ...) __attribute__((format(printf, 3, 4)));
/* "string", "map", ...: the words of messages. */
const char *lb_type_word(enum lb_type type);

#endif
