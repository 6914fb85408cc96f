/* json_scan.h: the strict scan before cJSON, private to json.c.
 *
 * Accepts RFC 8259 and nothing else, within the limits of json.h, and notes where each number and
 * each key stands, in order. cJSON keeps numbers as doubles; json.c walks cJSON's tree in the same
 * order and takes the text of the numbers from here.
 */
#ifndef LB_BASE_JSON_SCAN_H
#define LB_BASE_JSON_SCAN_H

#include "base/arena.h"

#include <stdint.h>

struct lb_json_places {
    uint32_t *at; /* offsets into the text */
    size_t count, capacity;
};

struct lb_json_scan {
    struct lb_arena *arena; /* of the places */
    const char *text;
    size_t length, at;
    const char *fault; /* constant text; NULL when the text is good */
    int depth;
    size_t nodes;
    struct lb_json_places numbers, keys;
};

/* 0, or -1 with fault set and `at` where it is. */
int lb_json_scan(struct lb_json_scan *scan);
/* Bytes of the number that starts at text + at; the text passed the scan. */
size_t lb_json_number_length(const char *text, size_t length, size_t at);
size_t lb_json_line(const char *text, size_t at); /* 1-based */

#endif
