/* test_corpus.c: tests/corpus: specs that are good, and specs that are bad in one telling way.
 *
 * The first line of a bad one says what is to be found, and nothing else may be:
 *     # expect: LB-S022 4:10, LB-S020 7:3
 */
#include "base/schema.h"
#include "base/yaml.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *read_all(struct lb_arena *arena, const char *path, size_t *length)
{
    struct lb_str text = {0};
    char buffer[4096];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, file)) > 0;) {
        lb_str_add(&text, buffer, got);
    }
    fclose(file);
    *length = text.length;
    lb_str_putc(&text, '\0');
    return lb_str_take(&text, arena);
}

/* "LB-S022 4:10, LB-S020 7:3"; "" for a good spec. */
static const char *found_in(struct lb_arena *arena, const char *path, const char *text,
                            size_t length)
{
    struct lb_source *source = lb_arena_alloc(arena, sizeof *source);
    struct lb_diags diags;
    struct lb_str found = {0};
    source->path = path;
    source->text = text;
    source->length = length;
    lb_diags_init(&diags, arena);
    const struct lb_value *spec = lb_yaml_parse(arena, source, &diags);
    if (spec) {
        lb_schema_validate(lb_schemas_load(arena)->spec, spec, &diags);
    }
    lb_diags_sort(&diags);
    for (size_t i = 0; i < diags.count; i++) {
        struct lb_str shown = {0};
        lb_str_printf(&found, "%s%s %u:%u", i ? ", " : "", diags.items[i].code,
                      diags.items[i].mark.line, diags.items[i].mark.column);
        lb_diag_render(&shown, &diags.items[i], true);
        assert_non_null(strstr(lb_str_text(&shown), "= try: "));
        lb_str_release(&shown);
    }
    return found.length ? lb_str_take(&found, arena) : "";
}

static int check_file(const char *folder, const char *name, bool good)
{
    static const char head[] = "# expect: ";
    struct lb_arena *arena = lb_arena_new();
    size_t length;
    const char *path = lb_arena_printf(arena, "%s/%s", folder, name);
    const char *text = read_all(arena, path, &length);
    const char *expected = "";
    if (!good) {
        assert_true(lb_starts_with(text, head));
        expected = lb_arena_strndup(arena, text + strlen(head), strcspn(text, "\n") - strlen(head));
        assert_true(lb_starts_with(expected, "LB-S"));
    }
    const char *found = found_in(arena, path, text, length);
    bool same = strcmp(found, expected) == 0;
    if (!same) {
        print_error("%s: found %s, expected %s\n", path, found, expected);
    }
    lb_arena_free(arena);
    return same ? 0 : 1;
}

static void check_folder(const char *name, bool good, int least)
{
    char folder[1024];
    int files = 0, failed = 0;
    snprintf(folder, sizeof folder, "%s/corpus/%s", LB_TESTS_DIR, name);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (lb_ends_with(entry->d_name, ".yaml")) {
            failed += check_file(folder, entry->d_name, good);
            files++;
        }
    }
    closedir(dir);
    assert_int_equal(failed, 0);
    assert_true(files >= least);
}

static void good_specs_are_accepted(void **state)
{
    (void)state;
    check_folder("good", true, 26);
}

static void bad_specs_are_refused_with_place(void **state)
{
    (void)state;
    check_folder("bad", false, 232);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_specs_are_accepted),
        cmocka_unit_test(bad_specs_are_refused_with_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
