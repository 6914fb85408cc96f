/* fuzz.h: what the fuzz targets share. Each is a libFuzzer entry point over one reader of hostile
 * bytes; beyond crashes it checks what must hold for every input. */
#ifndef LB_TESTS_FUZZ_FUZZ_H
#define LB_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
