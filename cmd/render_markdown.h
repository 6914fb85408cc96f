/* render_markdown.h: the parts of the Markdown page that render_markdown.c puts together. */
#ifndef LB_CMD_RENDER_MARKDOWN_H
#define LB_CMD_RENDER_MARKDOWN_H

#include "cmd/render.h"

/* How much is told. Findings and what destroys or disturbs are told at every level. */
enum lb_md_level {
    LB_MD_ALL,        /* every attribute, and the order of the steps */
    LB_MD_ATTRIBUTES, /* attributes that change; created objects have a line */
    LB_MD_LINES,      /* a line per object */
    LB_MD_COUNTS,     /* numbers per kind; a line per finding */
};

struct lb_md_page {
    struct lb_arena *arena;
    struct lb_str *out;
    const struct lb_plan *plan;
    enum lb_md_level level;
    bool fleet; /* one section of many: the page has a head of its own */
};

/* Errors open, the others folded; below LB_MD_LINES one line each. */
void lb_md_findings(struct lb_md_page *page);
/* What destroys or disturbs open, the others folded. */
void lb_md_changes(struct lb_md_page *page);

#endif
