/* render_mermaid.c: what waits for what, as a Mermaid flowchart. Only the needs that say something
 * are drawn: one that others imply is not.
 *
 * Mermaid reads quotes, entities, HTML, directives and clicks in its text. So a label is made of a
 * few letters that mean nothing to it, and nodes are numbered by us.
 */
#include "cmd/render_mermaid.h"

#include "cmd/markdown.h"

#include <string.h>

enum {
    STEPS_MAX = 40, /* more are no picture */
    LABEL_MAX = 60, /* bytes of one line of a label */
};

static void add_label(struct lb_str *out, const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_./@,";
    size_t length = strlen(text), shown = length > LABEL_MAX ? LABEL_MAX : length;
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)text[i];
        if (strchr(plain, c))
            lb_str_putc(out, (char)c);
        else if (c < 0x80 || c >= 0xC0) /* one sign for a character of several bytes */
            lb_str_putc(out, '_');
    }
    lb_str_puts(out, shown < length ? "..." : "");
}

/* The steps that step i waits for, the ones that they wait for too: as bits. */
static void reach(const struct lb_plan *plan, uint64_t *all)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        all[i] = 0;
        for (size_t k = 0; k < plan->steps[i].need_count; k++)
            all[i] |= all[plan->steps[i].needs[k]] | (uint64_t)1 << plan->steps[i].needs[k];
    }
}

static void add_needs(struct lb_str *lines, const struct lb_plan *plan, size_t i,
                      const uint64_t *all)
{
    const struct lb_step *step = &plan->steps[i];
    uint64_t drawn = 0;
    for (size_t k = 0; k < step->need_count; k++) {
        bool implied = false;
        for (size_t m = 0; m < step->need_count; m++)
            implied = implied || (all[step->needs[m]] >> step->needs[k] & 1);
        if (implied || (drawn >> step->needs[k] & 1))
            continue;
        drawn |= (uint64_t)1 << step->needs[k];
        lb_str_printf(lines, "  n%zu --> n%zu\n", step->needs[k] + 1, i + 1);
    }
}

bool lb_render_mermaid(struct lb_str *out, const struct lb_plan *plan)
{
    uint64_t all[STEPS_MAX];
    struct lb_str lines = {0};
    if (!plan->step_count || plan->step_count > STEPS_MAX)
        return false;
    reach(plan, all);
    lb_str_puts(&lines, "flowchart LR\n");
    for (size_t i = 0; i < plan->step_count; i++) {
        lb_str_printf(&lines, "  n%zu[\"", i + 1);
        add_label(&lines, plan->steps[i].id); /* the list below calls it so */
        lb_str_putc(&lines, ' ');
        add_label(&lines, plan->steps[i].address);
        lb_str_puts(&lines, "<br/>");
        add_label(&lines, plan->steps[i].title);
        lb_str_puts(&lines, "\"]\n");
    }
    for (size_t i = 0; i < plan->step_count; i++)
        add_needs(&lines, plan, i, all);
    lb_md_fence(out, "mermaid", lb_str_text(&lines));
    lb_str_release(&lines);
    return true;
}
