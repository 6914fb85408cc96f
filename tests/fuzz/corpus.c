/* corpus.c: runs inputs through a fuzz target without libFuzzer, so that what was found once is an
 * ordinary test with any compiler.
 *
 *     corpus_json FILE...      exit 1 when a file cannot be read; a fault ends the program
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static int run(const char *path)
{
    static uint8_t bytes[1 << 22];
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    size_t length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    /* a copy of its very size: a sanitizer sees a read past the end */
    uint8_t *copy = malloc(length + !length);
    MUST(copy);
    memcpy(copy, bytes, length);
    printf("%s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(copy, length);
    free(copy);
    return 0;
}

int main(int argc, char **argv)
{
    int status = 0;
    for (int i = 1; i < argc; i++)
        status |= run(argv[i]);
    return status;
}
