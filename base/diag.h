/* diag.h: what the tool has to say when something is wrong.
 *
 * Functions return 0 or negative; the words go to the sink that the caller passed. A diagnostic
 * has a stable code, a constant summary (from codes.def), a place, a cause and a next step. Strings
 * that we did not make are escaped once, when they are added to the sink: what it holds is safe to
 * print to a terminal, a CI log or JSON.
 */
#ifndef LB_BASE_DIAG_H
#define LB_BASE_DIAG_H

#include "base/bug.h"
#include "base/str.h"
#include "base/value.h"

enum lb_severity { LB_ERROR, LB_WARNING, LB_INFO };

/* Every code the tool can say, from base/codes.def; hazards add theirs from planner/hazards.def.
 * `explain` and docs/reference are printed from the same rows. */
struct lb_code {
    const char *code;    /* "LB-S014" */
    const char *summary; /* constant: no user values in it */
    const char *why;     /* why it matters, one or two sentences */
    const char *remedy;  /* default next step; may be NULL */
    enum lb_severity severity;
    int exit; /* the exit code this leads to, see exit.h */
};
const struct lb_code *lb_code_find(const char *code); /* base codes only; NULL when unknown */
const struct lb_code *lb_code_nth(size_t i);          /* NULL past the end */

struct lb_diag {
    const char *code; /* as in lb_code */
    enum lb_severity severity;
    int exit;
    const char *summary;
    const char *detail;  /* the values of this case */
    const char *why;     /* NULL: the code's */
    const char *remedy;  /* NULL: the code's */
    const char *address; /* "bucket.logs"; NULL when it concerns no object */
    struct lb_mark mark; /* line 0 when it has no place in the spec */
    bool secret;         /* the place may hold a secret: its source line is not shown */
    /* For an answer of an API; NULL/0 otherwise. */
    const char *service, *operation, *request_id, *error_code;
    int http_status;
};

struct lb_diags {
    struct lb_arena *arena; /* owns all texts */
    struct lb_diag *items;
    size_t count, capacity;
    size_t errors, warnings;
};

void lb_diags_init(struct lb_diags *diags, struct lb_arena *arena);
/* Copies and escapes every string; an empty severity/summary/why/remedy is filled in from the
 * code's row. Returns the stored diagnostic. */
struct lb_diag *lb_diags_add(struct lb_diags *diags, const struct lb_diag *diag);
/* The usual case: code, place, and the detail as a format. Always returns -1. */
int lb_diags_error(struct lb_diags *diags, const char *code, const struct lb_mark *mark,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same for a spec error that has a better next step than the code's row. */
int lb_diags_error_try(struct lb_diags *diags, const char *code, const struct lb_mark *mark,
                       const char *remedy, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Appends all of `from`. */
void lb_diags_merge(struct lb_diags *diags, const struct lb_diags *from);
/* By source, line, column, code, address, operation, detail; exact repetitions are dropped. */
void lb_diags_sort(struct lb_diags *diags);
/* The exit code of the first that applies, in the order of precedence of exit.h; LB_EXIT_OK when
 * there is no error. */
int lb_diags_exit(const struct lb_diags *diags);

/* error[LB-S014]: summary / --> file:line:col / source line and caret / = why: / = try: */
void lb_diag_render(struct lb_str *out, const struct lb_diag *diag, bool color);
/* The JSON object of the contract: code, severity, summary, detail, remedy, spec_range, address...
 */
struct lb_value *lb_diag_to_value(struct lb_arena *arena, const struct lb_diag *diag);

/* Escapes what could drive a terminal, a CI runner or hide text: C0 (tab and newline too unless
 * keep_newlines), DEL, C1, invalid UTF-8, bidi controls and zero-width characters become \xNN or
 * \u{NNNN}. Printable text passes unchanged. */
void lb_str_escape(struct lb_str *out, const char *text, size_t length, bool keep_newlines);
char *lb_escape(struct lb_arena *arena, const char *text); /* NULL gives NULL */

#endif
