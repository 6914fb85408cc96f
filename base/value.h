/* value.h: the one tree that specs, schemas, live objects, requests, answers and plans are made of.
 *
 * A value knows where it was written (mark) and, when the tool derived it, from what (why): so an
 * error points at a line and a plan says its reason. Values belong to the arena they were made in
 * and are never freed one by one. Map order is the order of insertion. Lookup in a map takes
 * constant time on average, also in large ones.
 *
 * Numbers keep the text they were written as: 64-bit byte counts pass through unharmed.
 */
#ifndef LB_BASE_VALUE_H
#define LB_BASE_VALUE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lb_type {
    LB_NULL,
    LB_BOOL,
    LB_NUMBER,
    LB_STRING,
    LB_LIST,
    LB_MAP,
    LB_UNKNOWN, /* known only after apply; text holds the reference, "KIND.NAME@SIDE/path" */
};

/* A text that marks point into: the spec, or an answer. */
struct lb_source {
    const char *path; /* as the user named it; "-" for standard input */
    const char *text; /* whole text, may hold NUL bytes */
    size_t length;
};

/* 1-based; line 0 means "no place". Columns count characters, not bytes. The end is exclusive. */
struct lb_mark {
    const struct lb_source *source;
    uint32_t line, column;
    uint32_t end_line, end_column;
};

/* The mark of all that was written nowhere: what is derived, and what answers hold. */
extern const struct lb_mark lb_no_mark;

struct lb_value;

/* A fleet's plan holds hundreds of thousands of values and entries, nearly all without a place: so
 * marks are pointed to, and the two structs hold nothing that only few of them need. */
struct lb_entry {
    const char *key;
    const struct lb_mark *key_mark; /* never NULL */
    struct lb_value *value;
};

struct lb_value {
    enum lb_type type;
    bool secret;                /* only the reference is held; never a secret itself */
    const struct lb_mark *mark; /* where it was written; never NULL */
    const char *why;            /* "derived from repository.nightly"; NULL when stated */
    union {
        bool boolean;
        struct {
            const char *bytes; /* NUL-terminated; strings from outside hold no NUL inside */
            size_t length;
        } text; /* LB_STRING, LB_NUMBER (decimal text), LB_UNKNOWN */
        struct {
            struct lb_value **items;
            uint32_t count, capacity;
        } list;
        struct {
            struct lb_entry *entries; /* a large map's index lies behind them: see value.c */
            uint32_t count, capacity;
        } map;
    } as;
};

/* --- making --------------------------------------------------------------------------------- */
struct lb_value *lb_value_null(struct lb_arena *arena);
struct lb_value *lb_value_bool(struct lb_arena *arena, bool boolean);
struct lb_value *lb_value_int(struct lb_arena *arena, int64_t number);
struct lb_value *lb_value_number(struct lb_arena *arena,
                                 const char *text); /* copied, not checked */
struct lb_value *lb_value_string(struct lb_arena *arena, const char *text); /* NULL gives null */
struct lb_value *lb_value_stringn(struct lb_arena *arena, const char *text, size_t length);
struct lb_value *lb_value_format(struct lb_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct lb_value *lb_value_unknown(struct lb_arena *arena, const char *reference);
struct lb_value *lb_value_list(struct lb_arena *arena);
struct lb_value *lb_value_map(struct lb_arena *arena);
/* Deep copy, marks and reasons included. */
struct lb_value *lb_value_copy(struct lb_arena *arena, const struct lb_value *value);
/* The same for a copy that does not outlive the value: maps and lists are its own, so that either
 * may be changed; texts, keys, marks and reasons are shared. */
struct lb_value *lb_value_share(struct lb_arena *arena, const struct lb_value *value);

/* --- filling --------------------------------------------------------------------------------- */
/* Sets or replaces; returns `value`, so that calls can be chained. The key is copied; a NULL value
 * is stored as null. */
struct lb_value *lb_map_set(struct lb_arena *arena, struct lb_value *map, const char *key,
                            struct lb_value *value);
/* Sets only when the key is absent; returns what is there afterwards. */
struct lb_value *lb_map_default(struct lb_arena *arena, struct lb_value *map, const char *key,
                                struct lb_value *value);
/* A copy for a value's mark or an entry's; one without a line is not copied. */
const struct lb_mark *lb_mark_copy(struct lb_arena *arena, const struct lb_mark *mark);
/* Shorthands; a NULL text sets nothing. */
void lb_map_set_string(struct lb_arena *arena, struct lb_value *map, const char *key,
                       const char *text);
void lb_map_set_int(struct lb_arena *arena, struct lb_value *map, const char *key, int64_t number);
void lb_map_set_bool(struct lb_arena *arena, struct lb_value *map, const char *key, bool boolean);
/* Room for that many entries or items, for who knows how many will come. */
void lb_value_reserve(struct lb_arena *arena, struct lb_value *value, size_t count);
/* The map (or list) under `key`, made empty when absent. */
struct lb_value *lb_map_map(struct lb_arena *arena, struct lb_value *map, const char *key);
struct lb_value *lb_map_list(struct lb_arena *arena, struct lb_value *map, const char *key);
bool lb_map_remove(struct lb_value *map, const char *key);
void lb_map_sort(struct lb_value *map); /* by key, bytewise */
struct lb_value *lb_list_add(struct lb_arena *arena, struct lb_value *list, struct lb_value *item);
void lb_list_add_string(struct lb_arena *arena, struct lb_value *list, const char *text);
void lb_list_sort(struct lb_value *list); /* by lb_value_compare */

/* --- reading: every function takes NULL and wrong types and answers "absent" -------------------
 */
struct lb_value *lb_map_get(const struct lb_value *map, const char *key);
const struct lb_entry *lb_map_entry(const struct lb_value *map, const char *key);
/* Walks a path of keys and list indices: "settings/0/name". "" is the value itself. */
struct lb_value *lb_value_at(const struct lb_value *value, const char *path);
/* Entries of a map, items of a list; 0 for anything else. */
size_t lb_value_count(const struct lb_value *value);
struct lb_value *lb_list_item(const struct lb_value *list, size_t i);
const struct lb_entry *lb_map_nth(const struct lb_value *map, size_t i);

bool lb_is(const struct lb_value *value, enum lb_type type); /* NULL is no type */
/* Text of a string or number; `otherwise` for anything else. Booleans give "true"/"false". */
const char *lb_text(const struct lb_value *value, const char *otherwise);
const char *lb_text_at(const struct lb_value *value, const char *path, const char *otherwise);
/* Integers are also read from strings of decimal digits: many APIs quote them. */
int64_t lb_int(const struct lb_value *value, int64_t otherwise);
int64_t lb_int_at(const struct lb_value *value, const char *path, int64_t otherwise);
/* Booleans are also read from the strings "true" and "false". */
bool lb_bool(const struct lb_value *value, bool otherwise);
bool lb_bool_at(const struct lb_value *value, const char *path, bool otherwise);
/* True when the list holds that string. */
bool lb_list_has(const struct lb_value *list, const char *text);

/* --- comparing -------------------------------------------------------------------------------- */
/* Deep and typed: maps as sets of entries, lists in order, numbers by value (1.0 equals 1); marks
 * and reasons are ignored. Equal values have equal digests. */
bool lb_value_equal(const struct lb_value *a, const struct lb_value *b);
/* A total order, for sorting; consistent with lb_value_equal. NULL comes first. */
int lb_value_compare(const struct lb_value *a, const struct lb_value *b);
/* The entries by key, bytewise, as an array of pointers in the arena; the map stays as it is. */
const struct lb_entry **lb_map_sorted(struct lb_arena *arena, const struct lb_value *map);
/* True when the tree holds an LB_UNKNOWN anywhere. */
bool lb_value_has_unknown(const struct lb_value *value);

#endif
