/* fuzz.h: what the fuzz targets share. Each is a libFuzzer entry point over one reader of hostile
 * bytes; beyond crashes it checks what must hold for every input. */
#ifndef LB_TESTS_FUZZ_FUZZ_H
#define LB_TESTS_FUZZ_FUZZ_H

#include "base/utf8.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* What is printed is valid UTF-8 and drives neither a terminal nor a CI runner. */
static inline void must_be_inert(const char *text, size_t length)
{
    uint32_t c;
    for (size_t i = 0, count; i < length; i += count) {
        count = lb_utf8_read(text + i, length - i, &c);
        MUST(count && (c == '\n' || !lb_utf8_hidden(c)));
        MUST(!lb_utf8_runner_command(text + i, length - i));
        MUST((i > 0 && text[i - 1] != '\n') || strncmp(text + i, "::", 2) != 0);
    }
}

#endif
