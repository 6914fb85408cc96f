/* markdown.h: text that we did not write, inside Markdown that we did.
 *
 * A reader of Markdown does more than show it: it links, loads images, notifies who is mentioned,
 * closes issues. So what is not plainly words stands in code, where none of that happens
 * (CommonMark 0.30, 6.1; GitHub's filters for mentions and references leave code alone), and code
 * is fenced with more backticks than it holds.
 */
#ifndef LB_CMD_MARKDOWN_H
#define LB_CMD_MARKDOWN_H

#include "base/str.h"

/* A span of code; "(empty)" for an empty text. */
void lb_md_code(struct lb_str *out, const char *text);
/* A sentence: plain words as they are, any other word as code, `quoted` parts too. */
void lb_md_prose(struct lb_str *out, const char *text);
/* A fenced block of lines that end with a newline and were escaped line by line. */
void lb_md_fence(struct lb_str *out, const char *info, const char *lines);
/* The hidden first line <!-- lifeboat {...} -->. The JSON cannot end the comment. */
void lb_md_marker(struct lb_str *out, const char *json);

#endif
