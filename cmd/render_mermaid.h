/* render_mermaid.h: the order of a plan's steps as a picture that GitHub and GitLab draw. */
#ifndef LB_CMD_RENDER_MERMAID_H
#define LB_CMD_RENDER_MERMAID_H

#include "base/str.h"
#include "planner/plan.h"

/* A fenced Mermaid flowchart; nothing (false) when there are no steps, or too many to be seen. */
bool lb_render_mermaid(struct lb_str *out, const struct lb_plan *plan);

#endif
