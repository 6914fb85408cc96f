/* yaml_secret.c: keeps a secret out of the messages about broken YAML.
 *
 * Passwords like to start with *, &, ! or @, so writing one into a spec often is a syntax error,
 * and its line would be quoted in a log before the schema could say that the key is secret. So a
 * line with a telling word before its colon is not quoted; at worst, a harmless line is missing
 * from a message.
 */
#include "base/conceal.h"
#include "base/yaml_private.h"

#include <string.h>

static const char *line_start(const struct lb_source *source, uint32_t line)
{
    const char *at = source->text, *end = source->text + source->length;
    for (uint32_t n = 1; n < line && at; n++) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    return at;
}

static bool line_looks_secret(const struct lb_source *source, uint32_t number)
{
    const char *line = line_start(source, number), *text_end = source->text + source->length;
    const char *end = line ? memchr(line, '\n', (size_t)(text_end - line)) : NULL;
    return line && lb_line_sounds_secret(line, (size_t)((end ? end : text_end) - line));
}

void lb_yaml_hide_secrets(const struct lb_source *source, struct lb_diags *diags)
{
    uint32_t last = 0; /* a line of 1 MiB with 100 errors is looked at once */
    bool secret = false;
    for (size_t i = 0; i < diags->count; i++) {
        struct lb_diag *diag = &diags->items[i];
        if (diag->mark.source != source) {
            continue;
        }
        if (diag->mark.line != last) {
            last = diag->mark.line;
            secret = line_looks_secret(source, last);
        }
        if (secret) {
            const struct lb_code *row = lb_code_find(diag->code);
            diag->secret = true;
            diag->detail = NULL;
            diag->remedy = row ? row->remedy : NULL;
        }
    }
}
