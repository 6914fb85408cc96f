/* arena.c: the memory of one command.
 *
 * Blocks double from 8 KiB to 1 MiB; a piece larger than a quarter of the next block gets a block
 * of its own. A piece is zeroed when it is taken, not with its block: scratch arenas use little of
 * their first one, and texts are written at once. With LB_ARENA_DEBUG every piece is a block, so a
 * sanitizer sees the first byte past its end. Deferred calls live in the arena and run before its
 * blocks go.
 */
#include "base/arena.h"
#include "base/bug.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK ((size_t)4 << 10)
#define LARGEST_BLOCK ((size_t)1 << 20)
#define SPARE_SIZE 256 /* bytes; larger pieces are few, and left alone */
#define KEYS 1024
#define PRINTED 512      /* bytes of a text that is formatted only once */
#define FIRST_ELEMENTS 2 /* most maps and lists of an answer hold one or two */

union widest {
    void *pointer;
    uint64_t number;
    double real;
};
#define ALIGNMENT _Alignof(union widest)

struct block {
    struct block *next;
    size_t used, size; /* bytes of data */
    union widest data[];
};

struct deferred {
    struct deferred *next;
    void (*release)(void *object);
    void *object;
};

struct lb_arena {
    void *
        spare[SPARE_SIZE / ALIGNMENT + 1]; /* given back: lists by size, linked through the piece */
    struct block *blocks;                  /* the one being filled first */
    struct deferred *deferred;
    size_t next_size;
    size_t size;       /* of all blocks */
    const char **keys; /* KEYS of those copied last, by hash; NULL in a small arena */
};

_Noreturn void lb_out_of_memory(void)
{
    fputs("lifeboat: out of memory; nothing is lost, run the command again\n", stderr);
    exit(1);
}

struct lb_arena *lb_arena_new(void)
{
    struct lb_arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        lb_out_of_memory();
    arena->next_size = FIRST_BLOCK;
    return arena;
}

void lb_arena_free(struct lb_arena *arena)
{
    if (!arena)
        return;
    while (arena->deferred) {
        struct deferred *last = arena->deferred;
        arena->deferred = last->next;
        last->release(last->object);
    }
    while (arena->blocks) {
        struct block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    free(arena);
}

static struct block *block_new(size_t size)
{
    if (size > SIZE_MAX - sizeof(struct block))
        lb_out_of_memory();
    struct block *block = malloc(sizeof *block + size);
    if (!block)
        lb_out_of_memory();
    *block = (struct block){.size = size};
    return block;
}

size_t lb_arena_size(const struct lb_arena *arena)
{
    return arena->size;
}

#ifdef LB_ARENA_DEBUG
static void *take(struct lb_arena *arena, size_t size, size_t alignment)
{
    (void)alignment;
    struct block *block = block_new(size);
    arena->size += size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block->data;
}
#else
static void *take(struct lb_arena *arena, size_t size, size_t alignment)
{
    struct block *block = arena->blocks;
    size_t start = block ? (block->used + alignment - 1) / alignment * alignment : 0;
    if (!block || start > block->size || block->size - start < size) {
        start = 0;
        bool own = size > arena->next_size / 4;
        block = block_new(own ? size : arena->next_size);
        arena->size += block->size;
        if (own &&
            arena->blocks) { /* goes behind the block being filled, whose rest stays usable */
            block->next = arena->blocks->next;
            arena->blocks->next = block;
        } else {
            block->next = arena->blocks;
            arena->blocks = block;
        }
        if (!own && arena->next_size < LARGEST_BLOCK)
            arena->next_size *= 2;
    }
    block->used = start + size;
    return (char *)block->data + start;
}
#endif

/* A list for pieces of that size; NULL when none is kept. */
static void **spare_of(struct lb_arena *arena, size_t size)
{
    bool kept = size >= sizeof(void *) && size <= SPARE_SIZE && size % ALIGNMENT == 0;
    return kept ? &arena->spare[size / ALIGNMENT] : NULL;
}

void lb_arena_give_back(struct lb_arena *arena, void *piece, size_t size)
{
#ifdef LB_ARENA_DEBUG
    (void)arena;
    memset(piece, 0xA5, size); /* and never used again: who still looks at it shall see */
#else
    void **spare = spare_of(arena, size);
    if (!spare)
        return;
    memcpy(piece, spare, sizeof *spare);
    *spare = piece;
#endif
}

void *lb_arena_alloc(struct lb_arena *arena, size_t size)
{
    void **spare = spare_of(arena, size);
    if (spare && *spare) {
        void *again = *spare;
        memcpy(spare, again, sizeof *spare);
        return memset(again, 0, size);
    }
    void *piece = take(arena, size ? size : 1, ALIGNMENT);
    return memset(piece, 0, size);
}

void *lb_arena_array(struct lb_arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        lb_out_of_memory();
    return lb_arena_alloc(arena, count * size);
}

void *lb_arena_grow(struct lb_arena *arena, void *array, size_t used, size_t need, size_t size,
                    size_t *capacity)
{
    if (array && need <= *capacity)
        return array;
    size_t wanted = *capacity > SIZE_MAX / 2 ? need : *capacity * 2;
    if (wanted < FIRST_ELEMENTS)
        wanted = FIRST_ELEMENTS;
    if (wanted < need)
        wanted = need;
    void *grown = lb_arena_array(arena, wanted, size);
    if (array && used)
        memcpy(grown, array, used * size);
    *capacity = wanted;
    return grown;
}

char *lb_arena_strdup(struct lb_arena *arena, const char *text)
{
    return text ? lb_arena_strndup(arena, text, strlen(text)) : NULL;
}

const char *lb_arena_key(struct lb_arena *arena, const char *text)
{
    uint32_t hash = 2166136261u;
    if (arena->next_size < LARGEST_BLOCK)
        return lb_arena_strdup(arena, text);
    if (!arena->keys)
        arena->keys = lb_arena_array(arena, KEYS, sizeof *arena->keys);
    for (const char *at = text; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    const char **known = &arena->keys[(hash ^ hash >> 16) % KEYS];
    if (!*known || strcmp(*known, text) != 0)
        *known = lb_arena_strdup(arena, text);
    return *known;
}

char *lb_arena_strndup(struct lb_arena *arena, const char *text, size_t length)
{
    if (!text)
        return NULL;
    if (length == SIZE_MAX)
        lb_out_of_memory();
    char *copy = take(arena, length + 1, 1); /* texts lie packed */
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *lb_arena_printf(struct lb_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = lb_arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

char *lb_arena_vprintf(struct lb_arena *arena, const char *format, va_list args)
{
    char first[PRINTED]; /* nearly all texts fit, and formatting is what costs */
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(first, sizeof first, format, args);
    if (length < 0 && errno == ENOMEM)
        lb_out_of_memory();
    if (length < 0)
        LB_BUG("cannot format \"%s\"", format);
    char *text = take(arena, (size_t)length + 1, 1);
    if ((size_t)length < sizeof first)
        memcpy(text, first, (size_t)length + 1);
    else if (vsnprintf(text, (size_t)length + 1, format, again) != length)
        lb_out_of_memory();
    va_end(again);
    return text;
}

void lb_arena_defer(struct lb_arena *arena, void (*release)(void *object), void *object)
{
    struct deferred *deferred = lb_arena_alloc(arena, sizeof *deferred);
    *deferred = (struct deferred){arena->deferred, release, object};
    arena->deferred = deferred;
}
