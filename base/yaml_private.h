/* yaml_private.h: what the files of the YAML reader share. Nobody else includes it. */
#ifndef LB_BASE_YAML_PRIVATE_H
#define LB_BASE_YAML_PRIVATE_H

#include "base/yaml.h"

#include <string.h>

/* Bytes of a byte order mark at the start: 3 or 0. */
static inline size_t lb_yaml_bom(const struct lb_source *source)
{
    return source->length >= 3 && memcmp(source->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* Characters that a spec may not hold, neither as they are nor through an escape like "\u200b":
 * two names that look the same would not be. */
bool lb_yaml_forbidden(uint32_t character);

/* Checks every byte of the source before libyaml sees it: UTF-8 and permitted characters only.
 * 0, or -1 with the errors in the sink. */
int lb_yaml_check_bytes(const struct lb_source *source, struct lb_diags *diags);

/* Strikes the texts of diagnostics whose line looks like one of a secret (`password: ...`): they
 * come before any schema could tell which keys are secret. */
void lb_yaml_hide_secrets(const struct lb_source *source, struct lb_diags *diags);

/* What a syntax error of libyaml probably is. */
struct lb_yaml_hint {
    const char *problem; /* how libyaml's problem begins */
    const char *context; /* what its context holds; NULL: any */
    const char *at;      /* the character there is one of these; NULL: any */
    const char *before;  /* the character before it is one of these; NULL: any */
    bool at_context;     /* point to where the construct began, not to where libyaml gave up */
    const char *code;    /* NULL: LB-S001 */
    const char *detail, *remedy;
};
/* NULL when libyaml's own words have to do. */
const struct lb_yaml_hint *lb_yaml_hint_find(const char *problem, const char *context, char before,
                                             char at);

/* A plain scalar by YAML 1.2's core schema, with two differences: decimal numbers with leading
 * zeros stay strings (012 is octal elsewhere), and so do .inf and .nan, which JSON cannot write. */
struct lb_value *lb_yaml_plain(struct lb_arena *arena, const char *text, size_t length);

#endif
