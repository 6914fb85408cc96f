/* templates.h: files of the repository that `init` hands out, embedded as bytes by CMake. */
#ifndef LB_CMD_TEMPLATES_H
#define LB_CMD_TEMPLATES_H

#include <stddef.h>

struct lb_template {
    const char *path; /* in the repository: "examples/ci/lifeboat-ci.sh" */
    const unsigned char *bytes;
    size_t length;
};
extern const struct lb_template lb_templates[];
extern const size_t lb_template_count;

#endif
