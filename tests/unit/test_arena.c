/* Arenas: zeroed and aligned pieces that do not overlap, growth, and the order of the end. */
#include "base/arena.h"
#include "tests/unit/check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_pieces(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    enum { PIECES = 2000 };
    unsigned char *pieces[PIECES];
    size_t sizes[PIECES];
    for (size_t i = 0; i < PIECES; i++) {
        sizes[i] = i % 97 == 0 ? 70000 + i : i % 53;
        pieces[i] = lb_arena_alloc(arena, sizes[i]);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(union {
                             void *p;
                             uint64_t n;
                             double d;
                         }),
                         0);
        for (size_t n = 0; n < sizes[i]; n++)
            assert_int_equal(pieces[i][n], 0);
        memset(pieces[i], (int)(i % 251) + 1, sizes[i]);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t n = 0; n < sizes[i]; n++)
            if (pieces[i][n] != i % 251 + 1)
                fail_msg("piece %zu was overwritten", i);
    lb_arena_free(arena);
    lb_arena_free(NULL);
}

static void test_grow(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    int *numbers = NULL;
    size_t capacity = 0, moves = 0;
    for (size_t used = 0; used < 10000; used++) {
        int *before = numbers;
        numbers = lb_arena_grow(arena, numbers, used, used + 1, sizeof *numbers, &capacity);
        moves += numbers != before;
        assert_true(capacity > used);
        numbers[used] = (int)used;
    }
    for (size_t i = 0; i < 10000; i++)
        assert_int_equal(numbers[i], i);
    assert_true(moves < 16); /* doubles */
    numbers = lb_arena_grow(arena, NULL, 0, 100, sizeof *numbers, &(size_t){0});
    assert_int_equal(numbers[99], 0);
    lb_arena_free(arena);
}

static void test_texts(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    assert_null(lb_arena_strdup(arena, NULL));
    assert_null(lb_arena_strndup(arena, NULL, 3));
    assert_string_equal(lb_arena_strdup(arena, ""), "");
    assert_string_equal(lb_arena_strndup(arena, "abcdef", 3), "abc");
    assert_memory_equal(lb_arena_strndup(arena, "a\0b", 3), "a\0b", 4);
    assert_string_equal(lb_arena_printf(arena, "%s-%05d", "x", 42), "x-00042");
    char *big = lb_arena_printf(arena, "%*s", 100000, "x");
    assert_int_equal(strlen(big), 100000);
    lb_arena_free(arena);
}

struct log {
    struct lb_arena *arena;
    char text[16];
};

struct note {
    struct log *log;
    char letter;
    bool defers; /* one more while the arena goes */
};

static void release_note(void *object)
{
    struct note *note = object;
    size_t length = strlen(note->log->text);
    note->log->text[length] = note->letter;
    if (note->defers) {
        struct note *late = lb_arena_alloc(note->log->arena, sizeof *late);
        *late = (struct note){note->log, 'x', false};
        lb_arena_defer(note->log->arena, release_note, late);
    }
}

static void test_defer_runs_backwards(void **state)
{
    (void)state;
    struct log log = {lb_arena_new(), ""};
    for (char letter = 'a'; letter <= 'd'; letter++) {
        struct note *note = lb_arena_alloc(log.arena, sizeof *note);
        *note = (struct note){&log, letter, letter == 'c'};
        lb_arena_defer(log.arena, release_note, note);
    }
    lb_arena_free(log.arena);
    assert_string_equal(log.text, "dcxba");
}

/* Sizes that overflow end the program with its one line and 1, never with a short piece. */
static void test_overflow_ends_the_program(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        pid_t child = fork();
        if (child == 0) {
            if (!freopen("/dev/null", "w", stderr))
                _exit(2);
            struct lb_arena *arena = lb_arena_new();
            size_t capacity = 0;
            if (way == 0)
                lb_arena_alloc(arena, SIZE_MAX);
            else if (way == 1)
                lb_arena_array(arena, SIZE_MAX / 4, 8);
            else
                lb_arena_grow(arena, NULL, 0, SIZE_MAX / 2, 4, &capacity);
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_defer_runs_backwards),
        cmocka_unit_test(test_overflow_ends_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
