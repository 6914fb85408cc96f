/* pace.c: a fixed piece of work, by which a time in plain milliseconds is made that of one machine
 * (figures.py). It is what a reader of text does: small pieces of memory are taken, bytes walked
 * and branched on, pointers followed, all of it given back. */
#include <stdint.h>
#include <stdlib.h>

enum { ROUNDS = 32, PIECES = 8000, BYTES = 48 };

struct piece {
    struct piece *next;
    unsigned char text[BYTES];
};

static uint32_t state = 2463534242;

/* xorshift: Marsaglia, https://doi.org/10.18637/jss.v008.i14 */
static uint32_t random_word(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
}

static struct piece *piece_new(struct piece *next)
{
    struct piece *piece = malloc(sizeof *piece);
    if (!piece)
        exit(1);
    piece->next = next;
    for (size_t i = 0; i < BYTES; i++)
        piece->text[i] = (unsigned char)(random_word() >> 24);
    return piece;
}

static uint32_t piece_digest(const struct piece *piece, uint32_t digest)
{
    for (size_t i = 0; i < BYTES; i++) {
        if (piece->text[i] == '\n')
            digest = digest << 1 | digest >> 31;
        else if (piece->text[i] >= ' ')
            digest = (digest ^ piece->text[i]) * 16777619u;
    }
    return digest;
}

int main(void)
{
    uint32_t digest = 2166136261u;
    for (int round = 0; round < ROUNDS; round++) {
        struct piece *first = NULL;
        for (int i = 0; i < PIECES; i++)
            first = piece_new(first);
        for (const struct piece *piece = first; piece; piece = piece->next)
            digest = piece_digest(piece, digest);
        while (first) {
            struct piece *next = first->next;
            free(first);
            first = next;
        }
    }
    return digest == 0; /* never, but for the compiler to see a use of it */
}
