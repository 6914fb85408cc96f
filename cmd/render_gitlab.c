/* render_gitlab.c: GitLab's artifacts:reports:terraform, three numbers for the merge request's
 * widget: {"create", "update", "delete"} (gitlab-org/gitlab merge request 26830).
 *
 * A replacement counts as a creation and a deletion, as in the report that GitLab makes of
 * Terraform's plans. A release counts nowhere: nothing is deleted. A fleet is one report: a job has
 * one line in the widget.
 */
#include "cmd/render.h"

#include "base/json.h"

int lb_render_gitlab(const struct lb_reports *reports, struct lb_str *out)
{
    struct lb_plan_counts sum = {0}, n;
    for (size_t i = 0; i < reports->count; i++) {
        lb_plan_count(reports->items[i].plan, &n);
        sum.create += n.create + n.replace;
        sum.update += n.update;
        sum.replace += n.replace;
    }
    struct lb_value *map = lb_value_map(reports->arena);
    lb_map_set_int(reports->arena, map, "create", (int64_t)sum.create);
    lb_map_set_int(reports->arena, map, "update", (int64_t)sum.update);
    lb_map_set_int(reports->arena, map, "delete", (int64_t)sum.replace);
    lb_json_write(out, map, 2);
    return 0;
}
