/* check.h: what the unit tests share: cmocka with the headers that it forgets to include, and a
 * failure that names the row of the table. */
#ifndef LB_TESTS_UNIT_CHECK_H
#define LB_TESTS_UNIT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Bytes and length of a literal that may hold NUL. */
#define BYTES(literal) literal, sizeof(literal) - 1

#define CHECK_TEXT(row, got, wanted)                                                               \
    do {                                                                                           \
        const char *got_ = (got), *wanted_ = (wanted);                                             \
        if (!got_ || !wanted_ ? got_ != wanted_ : strcmp(got_, wanted_) != 0)                      \
            fail_msg("%s: got <%s>, wanted <%s>", (row), got_ ? got_ : "(none)",                   \
                     wanted_ ? wanted_ : "(none)");                                                \
    } while (0)

#define CHECK(row, condition)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s: not true: %s", (row), #condition);                                       \
    } while (0)

#endif
