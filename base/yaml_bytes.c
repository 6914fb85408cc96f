/* yaml_bytes.c: the first look at a spec, byte by byte.
 *
 * libyaml guesses UTF-16, takes NEL, LS and PS as line breaks and a lone CR too. Editors, git and
 * our own snippets count lines by LF, so a file in which these differ could show a reviewer other
 * lines than the ones that are read. What would differ is refused here, before libyaml.
 */
#include "base/utf8.h"
#include "base/yaml_private.h"

#include <string.h>

enum { MAX_BYTE_ERRORS = 20 };

bool lb_yaml_forbidden(uint32_t character)
{
    bool allowed = character == '\t' || character == '\n' || character == '\r';
    return (lb_utf8_hidden(character) && !allowed) || (character & 0xfffe) == 0xfffe;
}

static int check_encoding(const struct lb_source *source, struct lb_diags *diags)
{
    const unsigned char *text = (const unsigned char *)source->text;
    struct lb_mark mark = {.source = source, .line = 1, .column = 1};
    if (source->length >= 2 &&
        ((text[0] == 0xff && text[1] == 0xfe) || (text[0] == 0xfe && text[1] == 0xff) ||
         text[0] == 0 || text[1] == 0)) {
        return lb_diags_error(diags, "LB-S010", &mark, "the file looks like UTF-16");
    }
    return 0;
}

int lb_yaml_check_bytes(const struct lb_source *source, struct lb_diags *diags)
{
    if (check_encoding(source, diags)) {
        return -1;
    }
    const char *text = source->text;
    size_t i = lb_yaml_bom(source);
    struct lb_mark mark = {.source = source, .line = 1, .column = 1};
    int errors = 0;
    while (i < source->length && errors < MAX_BYTE_ERRORS) {
        uint32_t character = 0;
        size_t length = lb_utf8_read(text + i, source->length - i, &character);
        mark.end_line = mark.line;
        mark.end_column = mark.column + 1;
        if (length == 0) {
            lb_diags_error(diags, "LB-S010", &mark, "byte 0x%02x begins no character",
                           (unsigned char)text[i]);
            errors++;
        } else if (character == '\r' && (i + 1 == source->length || text[i + 1] != '\n')) {
            lb_diags_error(diags, "LB-S009", &mark, "a carriage return that ends no line");
            errors++;
        } else if (lb_yaml_forbidden(character)) {
            lb_diags_error(diags, "LB-S009", &mark, "U+%04lX", (unsigned long)character);
            errors++;
        }
        i += length ? length : 1;
        mark.column++;
        if (length == 1 && character == '\n') {
            mark.line++;
            mark.column = 1;
        }
    }
    return errors ? -1 : 0;
}
