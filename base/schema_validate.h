/* schema_validate.h: what the validator's files share. Nobody else includes it. */
#ifndef LB_BASE_SCHEMA_VALIDATE_H
#define LB_BASE_SCHEMA_VALIDATE_H

#include "base/schema_private.h"

/* One value being checked: where it stands, what it should be. */
struct lb_check {
    struct lb_diags *diags;
    const struct lb_schema *schema; /* never one with anyOf: the branch is chosen by then */
    const struct lb_value *value;
    const struct lb_mark *key_mark; /* of the key that holds it; NULL in lists and at the root */
    const struct lb_place *place;
    const char *address; /* "bucket.logs"; NULL outside an object */
    bool secret;         /* the lines concerned may hold a secret: no snippet of them */
    size_t *errors;      /* so far, in the whole spec */
};

/* "buckets.logs.versioning.keep_noncurrent", or "the spec" at the root. */
const char *lb_check_path(const struct lb_check *check);
/* Adds an error. `mark` NULL: at the value. `remedy` NULL: the code's. */
void lb_check_error(const struct lb_check *check, const char *code, const struct lb_mark *mark,
                    const char *remedy, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* The value as YAML would write it, shortened; for messages. Never called for secrets. */
const char *lb_check_shown(const struct lb_check *check, const struct lb_value *value);
/* The last key of the place, for `try:` lines; "value" in lists and at the root. */
const char *lb_check_key(const struct lb_check *check);

/* The value has none of the types that are wanted. */
void lb_check_type_error(const struct lb_check *check, const struct lb_schema *schema);
/* enum, const, pattern, lengths, ranges, durations and sizes. */
void lb_check_scalar(const struct lb_check *check);
/* A secret is env:NAME or file:PATH. False when it is not: nothing else is to be said about it. */
bool lb_check_secret(const struct lb_check *check);
/* The text as YAML would need it: bare where that is safe, else in double quotes. */
const char *lb_check_written(const struct lb_check *check, const struct lb_value *value);
/* A misspelling of this missing key stands in the map: one error is enough. */
bool lb_check_misspelt(const struct lb_check *check, const char *key);
/* "12 digits", or "a text that matches ^[0-9]{12}$". */
const char *lb_check_form(const struct lb_check *check, const struct lb_schema *schema);
/* Characters, not bytes. */
int64_t lb_check_characters(const char *text);
/* A key that the map does not take. */
void lb_check_unknown_key(const struct lb_check *check, const struct lb_entry *entry);

#endif
