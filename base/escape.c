/* escape.c: makes text that we did not write inert, once, where it enters the diagnostics.
 *
 * Two readers are kept from being driven: a terminal (controls; CR alone overwrites a line,
 * kubernetes PR 112553) and a CI runner (commands in the log: a leading "::" and its like, and
 * "##[" or
 * "##vso[" anywhere). Bidirectional and invisible characters go too: they make text read
 * differently from what it says (CVE-2021-42574). Escaping escaped text changes nothing.
 */
#include "base/diag.h"
#include "base/utf8.h"

#include <string.h>

void lb_str_escape(struct lb_str *out, const char *text, size_t length, bool keep_newlines)
{
    bool leading = true; /* only blanks so far in this line */
    for (size_t i = 0; i < length;) {
        uint32_t c;
        size_t run = leading ? 0 : lb_utf8_plain_run(text + i, length - i);
        lb_str_add(out, text + i, run);
        i += run;
        if (i == length)
            break;
        size_t count = lb_utf8_read(text + i, length - i, &c);
        bool command = (leading && lb_utf8_runner_line(text + i, length - i)) ||
                       lb_utf8_runner_command(text + i, length - i);
        if (count && c == '\n' && keep_newlines)
            lb_str_putc(out, '\n');
        else if (!count || command || (c < 0x80 && lb_utf8_hidden(c)))
            lb_str_printf(out, "\\x%02x", (unsigned)(unsigned char)text[i]);
        else if (lb_utf8_hidden(c))
            lb_str_printf(out, "\\u{%04x}", (unsigned)c);
        else
            lb_str_add(out, text + i, count);
        leading = (leading && count && lb_utf8_blank(c)) || (text[i] == '\n' && keep_newlines);
        i += count ? count : 1;
    }
}

char *lb_escape(struct lb_arena *arena, const char *text)
{
    if (!text)
        return NULL;
    struct lb_str escaped = {0};
    lb_str_escape(&escaped, text, strlen(text), false);
    return lb_str_take(&escaped, arena);
}
