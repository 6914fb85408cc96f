/* test_validate.c: every fault of a spec with its code, its place and the line that would be right.
 */
#include "base/json.h"
#include "base/yaml.h"
#include "tests/unit/schema_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct row {
    const char *yaml;   /* lines after `stack: logs` and `boxes:`; the box starts on line 3 */
    const char *found;  /* "LB-S020 4:5" of each error, in order of place */
    const char *detail; /* part of the first one's detail; NULL: any */
    const char *remedy; /* part of the first one's remedy; NULL: any */
};

#define BOX "  a:\n    size: 1Gi\n"

static const struct row rows[] = {
    {BOX, "", NULL, NULL},
    {BOX "    managed: false\n", "", NULL, NULL},
    {BOX "    count: 1\n    ratio: 0.5\n    note: ab\n", "", NULL, NULL},
    {BOX "    who: all\n", "", NULL, NULL},
    {BOX "    who: [abc, def]\n", "", NULL, NULL},
    {BOX "    who: {team: x}\n", "", NULL, NULL},
    {BOX "    password: env:BOX_PASSWORD\n", "", NULL, NULL},
    {BOX "    password: file:/run/secrets/box\n", "", NULL, NULL},
    {BOX "    settings: {a: 1, b: [x, {}]}\n", "", NULL, NULL},
    {BOX "    rules: [{id: a, after: 1h30m}, {id: b}]\n", "", NULL, NULL},
    /* keys */
    {BOX "    sice: 1Gi\n", "LB-S020 5:5", "boxes.a has no key \"sice\"", "did you mean `size`?"},
    {BOX "    keep: 1d\n", "LB-S020 5:5", NULL, "`keep` belongs under `versioning`"},
    {BOX "    zzz: 1d\n", "LB-S020 5:5", NULL, "known here: size, count"},
    {BOX "    versioning: {kep: 1d}\n", "LB-S020 5:18", "boxes.a.versioning has", "`keep`"},
    {BOX "    arn: x\n", "LB-S031 5:5", "boxes.a.arn", NULL},
    {BOX "    arm: x\n", "LB-S020 5:5", NULL, "known here"},
    {BOX "profile: x\n", "LB-S036 5:1", "the spec has no key", "AWS_PROFILE"},
    {BOX "boxs: {}\n", "LB-S020 5:1", NULL, "did you mean `boxes`?"},
    {BOX "  B: {size: 1Gi}\n", "LB-S033 5:3", "\"B\" is not lower case", NULL},
    {BOX "  '../x': {size: 1Gi}\n", "LB-S033 5:3", NULL, NULL},
    {"  a: {}\n", "LB-S021 3:3", "boxes.a has no `size`", "add `size:`"},
    {"  a:\n", "LB-S035 3:3", "boxes.a must be a map, not nothing", NULL},
    {BOX "    rules: [{after: 1h}]\n", "LB-S021 5:13", "boxes.a.rules[0] has no `id`", NULL},
    {BOX "    settings: {}\n", "LB-S034 5:5", "has 0, at least 1", NULL},
    {BOX "    settings: {a: 1, b: 2, c: 3}\n", "LB-S034 5:5", "at most 2", NULL},
    /* types */
    {BOX "    open: no\n", "LB-S019 5:11", "must be true or false, not \"no\"", "`open: false`"},
    {BOX "    open: 'true'\n", "LB-S022 5:11", NULL, "`open: true`"},
    {BOX "    open: maybe\n", "LB-S022 5:11", NULL, NULL},
    {BOX "    open:\n", "LB-S035 5:5", NULL, "give it a value"},
    {BOX "    count: '3'\n", "LB-S022 5:12", NULL, "`count: 3`"},
    {BOX "    count: 03\n", "LB-S019 5:12", NULL, "`count: 3`"},
    {BOX "    count: 1:30\n", "LB-S019 5:12", NULL, "decimal number"},
    {BOX "    count: 1.5\n", "LB-S022 5:12", "must be a whole number, not 1.5", NULL},
    {BOX "    note: 12\n", "LB-S022 5:11", NULL, "`note: \"12\"`"},
    {BOX "account: 111122223333\n", "LB-S022 5:10", "must be a text",
     "`account: \"111122223333\"`"},
    {BOX "    note: true\n", "LB-S022 5:11", NULL, "`note: \"true\"`"},
    {BOX "    note: [a]\n", "LB-S022 5:11", "must be a text, not a list", NULL},
    {BOX "    colors: red\n", "LB-S022 5:13", NULL, "`colors: [\"red\"]`"},
    {BOX "    who: 5\n", "LB-S022 5:10", "must be a text or a list or a map", "`who: \"5\"`"},
    {BOX "    who: [a, {}]\n", "LB-S026 5:11,LB-S022 5:14", "boxes.a.who[0]", NULL},
    {BOX "    versioning: 30d\n", "LB-S022 5:17", "must be a map, not \"30d\"", NULL},
    {BOX "    tags: {a: 1}\n", "LB-S022 5:15", NULL, "`a: \"1\"`"},
    {BOX "lifeboat: '1'\n", "LB-S022 5:11", NULL, "`lifeboat: 1`"},
    /* values */
    {BOX "lifeboat: 2\n", "LB-S023 5:11", "lifeboat is 2", "`lifeboat: 1`"},
    {BOX "active: primry\n", "LB-S023 5:9", "active is \"primry\"", "did you mean `primary`?"},
    {BOX "active: west\n", "LB-S023 5:9", NULL, "one of: primary, secondary"},
    {BOX "    who: alll\n", "LB-S023 5:10", NULL, "did you mean `all`?"},
    {BOX "    count: 0\n", "LB-S025 5:12", "at least 1", NULL},
    {BOX "    count: 11\n", "LB-S025 5:12", "at most 10", NULL},
    {BOX "    ratio: 0.4\n", "LB-S025 5:12", "at least 0.5", NULL},
    {BOX "    note: a\n", "LB-S026 5:11", "1 characters, at least 2", NULL},
    {BOX "stack2: A\n", "LB-S024 5:9", "stack2 is \"A\", not a text that matches ^[a-z]+$", NULL},
    {BOX "code: A\n", "LB-S024 5:7", "code is \"A\", not three digits", "`code: \"123\"`"},
    {BOX "    note: üüüü\n", "", NULL, NULL},
    {BOX "    note: üüüüü\n", "LB-S026 5:11", "5 characters, at most 4", NULL},
    {BOX "    colors: []\n", "LB-S027 5:5", "has 0, at least 1", NULL},
    {BOX "    colors: [a, b, c, d]\n", "LB-S027 5:5", "at most 3", NULL},
    {BOX "    colors: [a, b, a]\n", "LB-S028 5:20", "boxes.a.colors[2] repeats [0]", NULL},
    {BOX "    rules: [{id: x}, {after: 1h, id: x}]\n", "LB-S028 5:38", NULL, NULL},
    {BOX "objectives: {rpo: soon}\n", "LB-S029 5:19", "objectives.rpo is \"soon\"", "90s, 15m"},
    {BOX "objectives: {rpo: 3600}\n", "LB-S022 5:19", "must be a duration", "`rpo: 3600s`"},
    {BOX "objectives: {rpo: 1.5h}\n", "LB-S029 5:19", NULL, NULL},
    {"  a: {size: 1GB}\n", "LB-S030 3:13", NULL, "200Gi"},
    {"  a: {size: 20}\n", "LB-S022 3:13", NULL, "`size: 20Gi`"},
    /* all at once */
    {"  a: {sice: 1, count: 0}\n  b: {open: no}\nactive: x\n",
     "LB-S020 3:7,LB-S025 3:23,LB-S021 4:3,LB-S019 4:13,LB-S023 5:9", NULL, NULL},
};

static void check(struct lb_arena *arena, const char *text, struct lb_diags *diags)
{
    struct lb_source *source = lb_arena_alloc(arena, sizeof *source);
    source->path = "spec.yaml";
    source->text = text;
    source->length = strlen(text);
    lb_diags_init(diags, arena);
    const struct lb_value *spec = lb_yaml_parse(arena, source, diags);
    assert_non_null(spec);
    int result = lb_schema_validate(fixture_load(arena)->spec, spec, diags);
    assert_int_equal(result, diags->count ? -1 : 0);
    lb_diags_sort(diags);
}

static void names_every_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        struct lb_str found = {0};
        check(arena, lb_arena_printf(arena, "stack: logs\nboxes:\n%s", rows[i].yaml), &diags);
        for (size_t j = 0; j < diags.count; j++) {
            lb_str_printf(&found, "%s%s %u:%u", j ? "," : "", diags.items[j].code,
                          diags.items[j].mark.line, diags.items[j].mark.column);
        }
        if (strcmp(lb_str_text(&found), rows[i].found) != 0) {
            fail_msg("%s: found %s, not %s", rows[i].yaml, lb_str_text(&found), rows[i].found);
        }
        if (rows[i].detail && !strstr(diags.items[0].detail, rows[i].detail)) {
            assert_string_equal(diags.items[0].detail, rows[i].detail);
        }
        if (rows[i].remedy && !strstr(diags.items[0].remedy, rows[i].remedy)) {
            assert_string_equal(diags.items[0].remedy, rows[i].remedy);
        }
        lb_str_release(&found);
        lb_arena_free(arena);
    }
}

static void names_the_object(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    check(arena, "stack: UP\nboxes:\n  a: {size: 1Gi, versioning: {keep: x}}\n", &diags);
    assert_int_equal(diags.count, 2);
    assert_null(diags.items[0].address);
    assert_string_equal(diags.items[1].address, "box.a");
    lb_arena_free(arena);
}

/* --- secrets ---------------------------------------------------------------------------------- */

static const char *const secrets[] = {
    "    password: hunter2\n",
    "    password: env:hunter2 \xc3\xa9\n",
    "    password: 'env:'\n    note: hunter2 # is short enough not to be\n",
    "    password: 'file:'\n    # hunter2 stands here\n",
    "    password: [hunter2]\n",
    "    password: {is: hunter2}\n",
    "    password: |\n      hunter2\n",
    "    pasword: hunter2\n",
    "    who: {teem: x}\n    password: hunter2\n",
};

static void never_repeats_a_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        struct lb_str text = {0};
        bool short_note = strstr(secrets[i], "note:") != NULL;
        check(arena, lb_arena_printf(arena, "stack: logs\nboxes:\n" BOX "%s", secrets[i]), &diags);
        assert_true(diags.count > 0);
        for (size_t j = 0; j < diags.count; j++) {
            if (!short_note || strcmp(diags.items[j].code, "LB-S032") == 0) {
                lb_diag_render(&text, &diags.items[j], false);
                lb_json_write(&text, lb_diag_to_value(arena, &diags.items[j]), 0);
            }
        }
        assert_non_null(strstr(lb_str_text(&text), "spec.yaml:5"));
        if (strstr(lb_str_text(&text), "hunter2")) {
            fail_msg("%s", lb_str_text(&text));
        }
        lb_str_release(&text);
        lb_arena_free(arena);
    }
}

/* Another fault on the same line must not show it either. */
static void hides_the_whole_line(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    struct lb_str text = {0};
    check(arena, "stack: logs\nboxes:\n  a: {sice: 1Gi, password: hunter2}\n  b: {sice: 5}\n",
          &diags);
    for (size_t j = 0; j < diags.count; j++) {
        lb_diag_render(&text, &diags.items[j], false);
    }
    assert_null(strstr(lb_str_text(&text), "hunter2"));
    assert_non_null(strstr(lb_str_text(&text), "b: {sice: 5}"));
    lb_str_release(&text);
    lb_arena_free(arena);
}

static void caps_the_report(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    struct lb_str text = {0};
    lb_str_puts(&text, "stack: logs\nboxes:\n");
    for (int i = 0; i < 1000; i++) {
        lb_str_printf(&text, "  a%d: {sice: 1Gi}\n", i);
    }
    check(arena, lb_str_take(&text, arena), &diags);
    assert_int_equal(diags.count, 301);
    size_t last = 0;
    for (size_t i = 0; i < diags.count; i++) {
        last += strcmp(diags.items[i].code, "LB-S049") == 0;
    }
    assert_int_equal(last, 1);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_every_fault),      cmocka_unit_test(names_the_object),
        cmocka_unit_test(never_repeats_a_secret), cmocka_unit_test(hides_the_whole_line),
        cmocka_unit_test(caps_the_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
