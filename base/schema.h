/* schema.h: the schemas, which are the only description of a kind.
 *
 * schemas/<kind>.json is JSON Schema draft-07 for the shape of what a user writes, plus x-lb-*
 * annotations for meaning. The files are embedded at build time and compiled here at start-up. The
 * list of keywords is closed: an unknown keyword or annotation is a load error, so a typo cannot
 * switch a rule off. docs/adding-a-kind.md lists the annotations with examples.
 *
 * Keywords: $schema $id $ref definitions title description type properties required
 * additionalProperties propertyNames minProperties maxProperties items minItems
 * maxItems uniqueItems enum const pattern minLength maxLength minimum maximum format default
 * examples anyOf.
 * - A map with `properties` refuses other keys unless additionalProperties says otherwise; a map
 *   without either takes any key.
 * - $ref: "#/definitions/X" or "_common#/definitions/X" (schemas/_common.json). Keywords beside it
 *   replace those of the definition. A definition cannot refer to itself.
 * - anyOf only chooses by type: its branches must take different types, so that a message can name
 *   the branch that was meant. "integer" and "number" are one type here.
 * - pattern: what POSIX ERE and ECMA read alike: no \\d, no (?:...), no lazy quantifiers.
 *
 * Annotations of any node: those of struct lb_schema below, and
 *   x-lb-refused   of a map: key -> sentence, for keys that people try and that must not exist
 * Annotations of the root of schemas/<kind>.json:
 *   x-lb-kind (equals the file's stem), x-lb-section, x-lb-sides ("global", "one", "both"),
 *   x-lb-name-pattern, x-lb-name-form (that pattern in words), x-lb-name-max (characters),
 *   x-lb-granules (see struct lb_granule_schema), examples (a list of states),
 *   x-lb-actions (see struct lb_kind)
 * Annotations of the root of schemas/spec.json:
 *   x-lb-order   the kinds as they are shown; its definition "managed" is a property of every kind
 */
#ifndef LB_BASE_SCHEMA_H
#define LB_BASE_SCHEMA_H

#include "base/diag.h"
#include "base/value.h"

struct lb_kind;

enum lb_list_kind {
    LB_LIST_ORDERED, /* default */
    LB_LIST_SET,     /* x-lb-list: "set" */
    LB_LIST_MAP,     /* x-lb-list: "map:KEY": a list of maps, each known by its KEY */
};

enum lb_compare {
    LB_COMPARE_EXACT,
    LB_COMPARE_NOCASE,
    LB_COMPARE_DNS,      /* case, trailing dot, \052 */
    LB_COMPARE_DURATION, /* 60m equals 1h */
    LB_COMPARE_SIZE,     /* 200Gi */
    LB_COMPARE_POLICY,   /* IAM policy document, by meaning of its lists and order */
    LB_COMPARE_JSON,     /* JSON text or tree */
    LB_COMPARE_TEXT,     /* "5", 5 and true/"true" are the same: repository settings */
};

struct lb_schema {
    const char *name; /* property name; kind name at the root; "*" below additionalProperties */
    const char *title, *description;
    unsigned types; /* bit (1u << enum lb_type); 0: any. "integer" is LB_NUMBER with integer set */
    bool integer;
    const struct lb_schema **properties; /* of a map, in file order */
    size_t property_count;
    const struct lb_schema *additional; /* schema of other keys; NULL: other keys are refused */
    bool additional_any;                /* other keys take any value */
    const struct lb_schema *items;      /* of a list; NULL: any */
    const struct lb_schema **any_of;    /* branches by type; see lb_schema_branch */
    size_t any_of_count;
    const struct lb_kind *kind;    /* at the root of a kind; NULL elsewhere */
    const struct lb_value *raw;    /* the schema's own JSON, $ref resolved: required, ... */
    const struct lb_schema *names; /* of a map: what its keys must be like; NULL: anything */
    struct lb_pattern *pattern;    /* private to schema_*.c */
    const char *form; /* x-lb-form: the pattern in words, "12 digits"; NULL: the pattern is shown */
    const struct lb_value *default_value;
    /* annotations */
    const char *granule; /* x-lb-granule: the subtree one API call replaces; inherited */
    bool input;          /* x-lb-input: read by derive, not an attribute of the live object */
    bool computed;       /* x-lb-computed: never stated, known after apply */
    bool write_only;     /* x-lb-write-only: cannot be read back */
    bool secret;         /* x-lb-secret: holds a reference, env:NAME or file:PATH */
    bool identity;       /* x-lb-identity: part of the key; never diffed */
    bool keep_foreign;   /* x-lb-foreign: "keep": members not ours are shown and kept */
    const char
        *owned_prefix;      /* x-lb-owned: members whose key starts so are ours, absent = remove */
    const char *force_new;  /* x-lb-force-new: sentence; changing it would replace the object */
    const char *disruptive; /* x-lb-disruptive: sentence */
    const char *ref;        /* x-lb-ref: "bucket": names another object of that kind */
    enum lb_list_kind list;
    const char *list_key;
    enum lb_compare compare; /* x-lb-compare: "exact", "nocase", "dns", "duration", ... */
};

/* x-lb-granules of the root, in the order in which their steps run. */
struct lb_granule_schema {
    const char *name;
    const char *description;
    bool existence;     /* its absence is the object's absence; its write creates */
    bool always;        /* read even when nothing in it is declared */
    const char *risk;   /* "none", "low", "disruptive", "data-loss" */
    int64_t estimate_s; /* of one write, convergence included */
    int64_t wait_s;     /* how long read-back may take before the step has failed */
    int64_t poll_s;     /* longest pause between two read-backs */
    /* IAM actions, four lists: "read", "write", "survey" (to look for what left the spec, whatever
     * it holds) and "forecast" (what a change would do; a plan goes on when it is denied). */
    const struct lb_value *iam;
};

enum lb_sides { LB_SIDES_GLOBAL, LB_SIDES_ONE, LB_SIDES_BOTH };

struct lb_kind {
    const char *name;    /* "bucket" */
    const char *section; /* key of the spec: "buckets" */
    enum lb_sides sides; /* global: role; one: bucket, by its `region`; both: domain */
    const struct lb_schema *schema;
    const struct lb_granule_schema *granules;
    size_t granule_count;
    const struct lb_value *examples; /* states A, B, C of the conformance walk */
    const char *name_pattern;        /* of the object's name */
    /* x-lb-actions: where an action of the granules is allowed on something else than the object:
     * action -> {"on": text or list, "condition": {...}, "if": "path", "path=text", "path!=text"}.
     * providers/permission.h reads the places in braces. NULL: none. */
    const struct lb_value *actions;
};

struct lb_schemas {
    const struct lb_kind *kinds; /* in the order of spec.json's x-lb-order, then by name */
    size_t kind_count;
    const struct lb_schema *spec; /* the whole: top-level keys plus one section a kind */
};

/* The embedded files, made by CMake. */
struct lb_embedded {
    const char *stem; /* "bucket" */
    const unsigned char *bytes;
    size_t length;
};
extern const struct lb_embedded lb_embedded_schemas[];
extern const size_t lb_embedded_schema_count;

/* Compiles all embedded schemas. A fault in a schema is a bug of ours: it ends the program. */
const struct lb_schemas *lb_schemas_load(struct lb_arena *arena);
/* The same for a given table; it must hold "spec". */
const struct lb_schemas *lb_schemas_load_from(struct lb_arena *arena,
                                              const struct lb_embedded *files, size_t count);
const struct lb_kind *lb_kind_find(const struct lb_schemas *schemas, const char *name);
const struct lb_granule_schema *lb_granule_find(const struct lb_kind *kind, const char *name);
/* The branch of anyOf that takes this type; the schema itself where there is no anyOf; NULL when
 * no branch takes it. */
const struct lb_schema *lb_schema_branch(const struct lb_schema *schema, enum lb_type type);
/* The property's schema, or the additional one; NULL when refused (or when anything goes). */
const struct lb_schema *lb_schema_property(const struct lb_schema *schema, const char *key);
/* "lifecycle/rules" -> schema node; NULL when there is none. List items are passed through. */
const struct lb_schema *lb_schema_at(const struct lb_schema *schema, const char *path);

/* Checks shape and collects every error: LB-S codes with place, "did you mean", next step. A secret
 * written into the spec is never repeated: diagnostics of its lines lose their snippet. 0 or -1. */
int lb_schema_validate(const struct lb_schema *schema, const struct lb_value *value,
                       struct lb_diags *diags);
/* Fills in `default`s, marked why "default", and sets `secret` on the values of secret properties.
 */
void lb_schema_fill_defaults(struct lb_arena *arena, const struct lb_schema *schema,
                             struct lb_value *value);
/* The bundle for editors: one draft-07 document without annotations, kinds as definitions.
 * `kind` NULL: the whole spec; NULL is returned for a kind that does not exist. */
struct lb_value *lb_schema_bundle(struct lb_arena *arena, const struct lb_schemas *schemas,
                                  const char *kind);

#endif
