/* main.c: lifeboat-docs FOLDER: writes the reference pages. `LB_BLESS=1 tests/docs/run` calls it on
 * docs/reference, plain `tests/docs/run` on an empty folder to compare.
 */
#include "docs/generate/generate.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>

struct writer {
    struct lb_arena *arena;
    const char *folder;
    int failed;
};

static void page(struct writer *writer, const char *name, struct lb_str *text)
{
    const char *path = lb_arena_printf(writer->arena, "%s/%s", writer->folder, name);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(text->data, 1, text->length, file) != text->length)
        writer->failed = 1;
    if (file && fclose(file) != 0)
        writer->failed = 1;
    if (writer->failed)
        perror(path);
    lb_str_clear(text);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: lifeboat-docs FOLDER\n");
        return 64;
    }
    struct writer writer = {lb_arena_new(), argv[1], 0};
    const struct lb_schemas *schemas = lb_schemas_load(writer.arena);
    struct lb_str out = {0};
    lb_page_index(&out, schemas);
    page(&writer, "README.md", &out);
    lb_page_spec(&out, writer.arena, schemas);
    page(&writer, "spec.md", &out);
    for (size_t i = 0; i < schemas->kind_count; i++) {
        const struct lb_kind *kind = &schemas->kinds[i];
        lb_page_kind(&out, writer.arena, kind);
        page(&writer, lb_arena_printf(writer.arena, "%s.md", kind->name), &out);
    }
    lb_page_cli(&out);
    page(&writer, "cli.md", &out);
    lb_page_codes(&out);
    page(&writer, "codes.md", &out);
    lb_page_exits(&out);
    page(&writer, "exit-codes.md", &out);
    lb_json_write(&out, lb_schema_bundle(writer.arena, schemas, NULL), 2);
    page(&writer, "lifeboat.schema.json", &out);
    lb_str_release(&out);
    lb_arena_free(writer.arena);
    return writer.failed;
}
