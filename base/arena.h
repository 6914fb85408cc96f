/* arena.h: memory that lives and dies together.
 *
 * One arena serves one command, scratch arenas serve loops. Nothing taken from an arena is
 * freed by itself (an array that grew may be given back for another); releasing the arena runs its
 * deferred functions in reverse order and frees everything. Memory that runs out ends the program
 * (exit 1, one line): every state of ours that matters lives in AWS, so a plain re-run converges.
 *
 * Built with LB_ARENA_DEBUG each piece is a malloc of its own, so that sanitizers see overruns.
 */
#ifndef LB_BASE_ARENA_H
#define LB_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct lb_arena;

struct lb_arena *lb_arena_new(void);
/* Runs the deferred functions, last first, then frees all. NULL is fine. */
void lb_arena_free(struct lb_arena *arena);

/* Bytes in its blocks. */
size_t lb_arena_size(const struct lb_arena *arena);

/* Zeroed, never NULL, aligned for pointers, 64-bit integers and doubles: what our structs hold. */
void *lb_arena_alloc(struct lb_arena *arena, size_t size);
/* `count` elements of `size` bytes, checked for overflow. */
void *lb_arena_array(struct lb_arena *arena, size_t count, size_t size);
/* Grows an array owned by the arena: returns room for at least `need` elements, the first `used`
 * copied over, and updates *capacity. The old memory stays with the arena. */
void *lb_arena_grow(struct lb_arena *arena, void *array, size_t used, size_t need, size_t size,
                    size_t *capacity);

/* A piece that nobody looks at any more, of exactly that size: a later one takes its place. */
void lb_arena_give_back(struct lb_arena *arena, void *piece, size_t size);

/* Copies; the result ends with NUL. NULL gives NULL. */
char *lb_arena_strdup(struct lb_arena *arena, const char *text);
/* A copy that may be shared with earlier ones of the same text: for keys, of which a fleet's plan
 * has few, a hundred thousand times. */
const char *lb_arena_key(struct lb_arena *arena, const char *text);
char *lb_arena_strndup(struct lb_arena *arena, const char *text, size_t length);
char *lb_arena_printf(struct lb_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *lb_arena_vprintf(struct lb_arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Calls release(object) when the arena is freed. */
void lb_arena_defer(struct lb_arena *arena, void (*release)(void *object), void *object);

/* One line on standard error, exit 1. For the few who malloc outside an arena. */
_Noreturn void lb_out_of_memory(void);

#endif
