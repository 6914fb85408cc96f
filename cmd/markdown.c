/* markdown.c: see markdown.h. The renderer of plans for reviewers writes every name, value and
 * error text through these four functions.
 */
#include "cmd/markdown.h"

#include "base/diag.h"

#include <string.h>
#include <strings.h>

/* The longest run of backticks. */
static size_t longest_run(const char *text)
{
    size_t longest = 0, run = 0;
    for (; *text; text++) {
        run = *text == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

/* Adds text of a code span or a fence. What reads comments by their marker does not parse Markdown:
 * a marker must not stand in code either. */
static void add_code(struct lb_str *out, const char *text)
{
    for (const char *at; (at = strstr(text, "<!--")); text = at + 1) {
        lb_str_add(out, text, (size_t)(at - text));
        lb_str_puts(out, "\\x3c");
    }
    lb_str_puts(out, text);
}

void lb_md_code(struct lb_str *out, const char *text)
{
    struct lb_str safe = {0};
    lb_str_escape(&safe, text, strlen(text), false);
    const char *inside = lb_str_text(&safe);
    if (!*inside) {
        lb_str_puts(out, "(empty)");
    } else {
        size_t run = longest_run(inside) + 1;
        bool pad = *inside == '`' || inside[safe.length - 1] == '`';
        /* two spans that touch would be one with another end */
        if (out->length && out->data[out->length - 1] == '`')
            lb_str_putc(out, ' ');
        lb_str_repeat(out, '`', run);
        lb_str_puts(out, pad ? " " : "");
        add_code(out, inside);
        lb_str_puts(out, pad ? " " : "");
        lb_str_repeat(out, '`', run);
    }
    lb_str_release(&safe);
}

/* --- prose
 * ------------------------------------------------------------------------------------------ */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool holds(const char *word, size_t length, const char *part)
{
    size_t n = strlen(part);
    for (size_t i = 0; i + n <= length; i++)
        if (strncasecmp(word + i, part, n) == 0)
            return true;
    return false;
}

/* Letters, digits and what stands in sentences. "www." and "GH-1" are made links by themselves. */
static bool is_plain(const char *word, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!is_letter(word[i]) && !strchr(".,;'-", word[i]))
            return false;
    return !holds(word, length, "www.") && !holds(word, length, "gh-");
}

/* Punctuation around a word stays outside of its code. */
static void add_word(struct lb_str *out, const char *word, size_t length)
{
    size_t start = strspn(word, "(\""), end = length;
    start = start < length ? start : length;
    while (end > start && strchr(",.;:)\"?!", word[end - 1]))
        end--;
    lb_str_add(out, word, start);
    if (is_plain(word + start, end - start)) {
        lb_str_add(out, word + start, end - start);
    } else {
        struct lb_str inside = {0};
        lb_str_add(&inside, word + start, end - start);
        lb_md_code(out, lb_str_text(&inside));
        lb_str_release(&inside);
    }
    lb_str_add(out, word + end, length - end);
}

void lb_md_prose(struct lb_str *out, const char *text)
{
    struct lb_str safe = {0};
    lb_str_escape(&safe, text, strlen(text), false);
    const char *at = lb_str_text(&safe);
    while (*at) {
        size_t blanks = strspn(at, " ");
        lb_str_puts(out, blanks ? " " : "");
        at += blanks;
        const char *close = *at == '`' ? strchr(at + 1, '`') : NULL;
        if (close && close > at + 1) {
            struct lb_str inside = {0};
            lb_str_add(&inside, at + 1, (size_t)(close - at - 1));
            lb_md_code(out, lb_str_text(&inside));
            lb_str_release(&inside);
            at = close + 1;
            continue;
        }
        size_t length = strcspn(at, " ");
        if (length)
            add_word(out, at, length);
        at += length;
    }
    lb_str_release(&safe);
}

/* --- blocks
 * ----------------------------------------------------------------------------------------- */

void lb_md_fence(struct lb_str *out, const char *info, const char *lines)
{
    size_t run = longest_run(lines) + 1;
    run = run < 3 ? 3 : run;
    lb_str_repeat(out, '`', run);
    lb_str_printf(out, "%s\n", info);
    add_code(out, lines);
    lb_str_repeat(out, '`', run);
    lb_str_putc(out, '\n');
}

void lb_md_marker(struct lb_str *out, const char *json)
{
    lb_str_puts(out, "<!-- lifeboat ");
    for (const char *at = json; *at; at++) {
        /* all of them stand in strings, where JSON takes any character by its number */
        if (*at == '<' || *at == '>' || *at == '&' || (*at == '-' && at[1] == '-'))
            lb_str_printf(out, "\\u%04x", (unsigned)*at);
        else
            lb_str_putc(out, *at);
    }
    lb_str_puts(out, " -->\n");
}
