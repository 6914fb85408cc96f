/* utf8.h: characters of untrusted text: decoding, width on a terminal, and which are not to be
 * shown. */
#ifndef LB_BASE_UTF8_H
#define LB_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads one character; returns its bytes (1..4), or 0 when `text` does not start with valid UTF-8
 * (overlong forms, surrogates and values above U+10FFFF are invalid). length must not be 0. */
size_t lb_utf8_read(const char *text, size_t length, uint32_t *out);
/* True when the whole text is valid. */
bool lb_utf8_valid(const char *text, size_t length);
/* The bytes of the longest start of `text` that is valid and at most `columns` wide. */
size_t lb_utf8_cut(const char *text, size_t length, size_t columns);
/* The bytes at the start of `text` that mean themselves in every text we write, wherever in a line
 * they stand: printable ASCII without the quote, the backslash and '#'. */
size_t lb_utf8_plain_run(const char *text, size_t length);
/* Columns on a terminal: 0 for combining marks, 2 for wide characters, else 1. */
int lb_utf8_width(uint32_t character);
/* Controls, bidirectional controls, invisible characters, line separators. */
bool lb_utf8_hidden(uint32_t character);
/* White space, no-break and ideographic spaces included. */
bool lb_utf8_blank(uint32_t character);
/* Bytes at the start of `text` that a CI runner takes for a command anywhere in a line ("##[",
 * "##vso["): GitHub's and Azure's runners search for them, they need not lead the line. */
bool lb_utf8_runner_command(const char *text, size_t length);
/* The same for those that must be the first thing in a line: GitHub ("::", after any white space),
 * GitLab, Travis, Buildkite's headings. */
bool lb_utf8_runner_line(const char *text, size_t length);

#endif
