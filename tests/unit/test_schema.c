/* test_schema.c: loading schemas, asking them, defaults, the bundle for editors. */
#include "base/json.h"
#include "tests/unit/schema_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct lb_value *json(struct lb_arena *arena, const char *text)
{
    const char *error = NULL;
    struct lb_value *value = lb_json_parse(arena, text, strlen(text), &error);
    assert_non_null(value);
    return value;
}

/* --- what is loaded ----------------------------------------------------------------------------
 */

static void loads_kinds_in_order(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    const struct lb_schemas *schemas = fixture_load(arena);
    assert_int_equal(schemas->kind_count, 2);
    assert_string_equal(schemas->kinds[0].name, "vault");
    assert_string_equal(schemas->kinds[1].name, "box");
    assert_ptr_equal(lb_kind_find(schemas, "box"), &schemas->kinds[1]);
    assert_null(lb_kind_find(schemas, "bax"));
    const struct lb_kind *box = &schemas->kinds[1];
    assert_string_equal(box->section, "boxes");
    assert_int_equal(box->sides, LB_SIDES_ONE);
    assert_int_equal(schemas->kinds[0].sides, LB_SIDES_BOTH);
    assert_int_equal(lb_value_count(box->examples), 1);
    assert_string_equal(box->name_pattern, "^[a-z][a-z0-9-]*$");
    assert_ptr_equal(box->schema->kind, box);
    assert_ptr_equal(lb_schema_at(schemas->spec, "boxes/any")->kind, box);
    lb_arena_free(arena);
}

static void loads_granules(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    const struct lb_kind *box = lb_kind_find(fixture_load(arena), "box");
    assert_int_equal(box->granule_count, 2);
    const struct lb_granule_schema *create = lb_granule_find(box, "create");
    const struct lb_granule_schema *rules = lb_granule_find(box, "rules");
    assert_true(create->existence && !create->always && rules->always && !rules->existence);
    assert_int_equal(create->estimate_s, 5);
    assert_int_equal(create->wait_s, 120);
    assert_int_equal(create->poll_s, 10);
    assert_string_equal(create->risk, "low");
    assert_string_equal(lb_text_at(create->iam, "write/0", ""), "s:Put");
    assert_string_equal(rules->description, "the rules");
    assert_string_equal(lb_granule_find(lb_kind_find(fixture_load(arena), "vault"), "create")->risk,
                        "none");
    assert_null(lb_granule_find(box, "other"));
    lb_arena_free(arena);
}

static void inherits_granules(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    const struct lb_schema *box = lb_kind_find(fixture_load(arena), "box")->schema;
    assert_string_equal(lb_schema_at(box, "size")->granule, "create");
    assert_string_equal(lb_schema_at(box, "versioning/keep")->granule, "create");
    assert_string_equal(lb_schema_at(box, "rules/0/after")->granule, "rules");
    assert_string_equal(lb_schema_at(box, "who/team")->granule, "create");
    assert_null(lb_schema_at(box, "managed")->granule);
    lb_arena_free(arena);
}

static void knows_annotations(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    const struct lb_schema *box = lb_kind_find(fixture_load(arena), "box")->schema;
    assert_string_equal(lb_schema_at(box, "size")->force_new, "made anew");
    assert_int_equal(lb_schema_at(box, "size")->compare, LB_COMPARE_SIZE);
    assert_true(lb_schema_at(box, "arn")->computed);
    assert_true(lb_schema_at(box, "password")->secret);
    assert_true(lb_schema_at(box, "password")->write_only);
    assert_true(lb_schema_at(box, "vault")->identity);
    assert_string_equal(lb_schema_at(box, "vault")->ref, "vault");
    assert_string_equal(lb_schema_at(box, "vault")->title, "the vault");
    assert_string_equal(lb_schema_at(box, "vault")->disruptive, "it moves");
    assert_true(lb_schema_at(box, "tags")->keep_foreign);
    assert_string_equal(lb_schema_at(box, "tags")->description, "own words");
    assert_int_equal(lb_schema_at(box, "colors")->list, LB_LIST_SET);
    assert_int_equal(lb_schema_at(box, "rules")->list, LB_LIST_MAP);
    assert_string_equal(lb_schema_at(box, "rules")->list_key, "id");
    assert_string_equal(lb_schema_at(box, "rules")->owned_prefix, "lb-");
    assert_true(lb_schema_at(box, "count")->integer);
    assert_false(lb_schema_at(box, "ratio")->integer);
    assert_true(lb_schema_at(box, "managed")->input);
    assert_true(lb_schema_at(box, "settings")->additional_any);
    lb_arena_free(arena);
}

static void walks_paths(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    const struct lb_schemas *schemas = fixture_load(arena);
    assert_string_equal(lb_schema_at(schemas->spec, "boxes/a/rules/id")->name, "id");
    assert_string_equal(lb_schema_at(schemas->spec, "boxes/a/rules/7/id")->name, "id");
    assert_string_equal(lb_schema_at(schemas->spec, "boxes/a/tags/x")->name, "*");
    assert_ptr_equal(lb_schema_at(schemas->spec, ""), schemas->spec);
    assert_null(lb_schema_at(schemas->spec, "boxes/a/nothing"));
    assert_null(lb_schema_at(schemas->spec, "boxes/a/size/more"));
    const struct lb_schema *who = lb_schema_at(schemas->spec, "boxes/a/who");
    assert_int_equal(who->any_of_count, 3);
    assert_ptr_equal(lb_schema_branch(who, LB_LIST), who->any_of[1]);
    assert_null(lb_schema_branch(who, LB_NUMBER));
    lb_arena_free(arena);
}

/* --- defaults --------------------------------------------------------------------------------- */

static void fills_in_defaults(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    const struct lb_schemas *schemas = fixture_load(arena);
    struct lb_value *spec = json(arena, "{\"boxes\":{\"a\":{\"size\":\"1Gi\",\"open\":true,"
                                        "\"password\":\"env:P\",\"who\":{}},"
                                        "\"b\":{\"managed\":false}}}");
    lb_schema_fill_defaults(arena, schemas->spec, spec);
    assert_string_equal(
        lb_json_text(arena, spec),
        "{\"boxes\":{\"a\":{\"size\":\"1Gi\",\"open\":true,\"password\":\"env:P\","
        "\"who\":{\"team\":\"ops\"},\"count\":2,\"versioning\":{\"keep\":\"30d\"},\"managed\":true}"
        ","
        "\"b\":{\"managed\":false,\"count\":2,\"open\":false,\"versioning\":{\"keep\":\"30d\"}}}}");
    assert_string_equal(lb_value_at(spec, "boxes/a/count")->why, "default");
    assert_string_equal(lb_value_at(spec, "boxes/a/versioning/keep")->why, "default");
    assert_null(lb_value_at(spec, "boxes/a/open")->why);
    assert_true(lb_value_at(spec, "boxes/a/password")->secret);
    assert_false(lb_value_at(spec, "boxes/a/size")->secret);
    struct lb_value *again = lb_value_copy(arena, spec);
    lb_schema_fill_defaults(arena, schemas->spec, again);
    assert_true(lb_value_equal(spec, again));
    lb_arena_free(arena);
}

/* --- the bundle ------------------------------------------------------------------------------- */

static void bundles_plain_draft_07(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    const struct lb_schemas *schemas = fixture_load(arena);
    const struct lb_value *all = lb_schema_bundle(arena, schemas, NULL);
    assert_null(strstr(lb_json_text(arena, all), "x-lb-"));
    assert_string_equal(lb_text_at(all, "$schema", ""), "http://json-schema.org/draft-07/schema#");
    assert_string_equal(lb_text_at(all, "$id", ""), "https://example.test/s.json");
    const struct lb_value *boxes = lb_value_at(all, "properties/boxes");
    assert_string_equal(lb_text_at(boxes, "propertyNames/pattern", ""), "^[a-z][a-z0-9-]*$");
    assert_string_equal(lb_text(lb_map_get(lb_map_get(boxes, "additionalProperties"), "$ref"), ""),
                        "#/definitions/box");
    const struct lb_value *box = lb_value_at(all, "definitions/box");
    assert_false(lb_bool_at(box, "additionalProperties", true));
    assert_null(lb_value_at(box, "properties/arn"));
    assert_null(lb_value_at(box, "examples"));
    assert_non_null(lb_value_at(box, "properties/managed"));
    assert_non_null(lb_value_at(box, "properties/size/pattern"));
    assert_non_null(lb_value_at(box, "properties/password/pattern"));
    assert_string_equal(lb_text_at(box, "properties/tags/description", ""), "own words");
    assert_string_equal(lb_text_at(box, "properties/tags/additionalProperties/type", ""), "string");
    assert_true(lb_bool_at(box, "properties/colors/uniqueItems", false));
    assert_int_equal(lb_value_count(lb_value_at(box, "properties/who/anyOf")), 3);
    assert_null(lb_value_at(box, "properties/settings/additionalProperties"));
    const struct lb_value *one = lb_schema_bundle(arena, schemas, "box");
    assert_non_null(lb_value_at(one, "properties/size"));
    assert_null(lb_schema_bundle(arena, schemas, "bax"));
    lb_arena_free(arena);
}

/* --- faults of schemas -------------------------------------------------------------------------
 */

struct fault {
    const char *box;  /* a kind file; NULL: none */
    const char *said; /* part of the message */
};

#define KIND(rest)                                                                                 \
    "{\"x-lb-kind\":\"box\",\"x-lb-section\":\"boxes\",\"x-lb-sides\":\"one\",\"type\":"           \
    "\"object\"," rest "}"
#define NODE(rest) KIND("\"properties\":{\"a\":{" rest "}}")

static const struct fault faults[] = {
    {KIND("\"propertys\":{}"), "schemas/box.json#: unknown keyword \"propertys\""},
    {NODE("\"x-lb-secrt\":true"), "schemas/box.json#/properties/a: unknown keyword \"x-lb-secrt\""},
    {NODE("\"x-lb-secret\":\"yes\""), "\"x-lb-secret\" cannot be a text"},
    {NODE("\"type\":\"text\""), "unknown type \"text\""},
    {NODE("\"type\":[\"string\",\"map\"]"), "unknown type \"map\""},
    {NODE("\"x-lb-compare\":\"fuzzy\""), "unknown comparison \"fuzzy\""},
    {NODE("\"x-lb-list\":\"bag\""), "unknown list kind \"bag\""},
    {NODE("\"x-lb-list\":\"map:id\""), "no \"id\" to be known by"},
    {NODE("\"x-lb-foreign\":\"drop\""), "only \"keep\""},
    {NODE("\"x-lb-granule\":\"nowhere\""), "granule \"nowhere\""},
    {NODE("\"x-lb-kind\":\"box\""), "belongs to the root"},
    {NODE("\"$ref\":\"#/definitions/none\""), "leads nowhere"},
    {NODE("\"$ref\":\"other.json\""), "leads nowhere"},
    {KIND("\"properties\":{\"a\":{\"$ref\":\"#/definitions/r\"}},\"definitions\":{\"r\":{\"items\":"
          "{\"$ref\":\"#/definitions/r\"}}}"),
     "in circles"},
    {KIND("\"properties\":{\"a\":{\"$ref\":\"#/definitions/r\"}},\"definitions\":{\"r\":"
          "{\"$ref\":\"#/definitions/r\"}}"),
     "in circles"},
    {NODE("\"pattern\":\"^\\\\d+$\""), "read this pattern differently"},
    {NODE("\"pattern\":\"(?:a)\""), "read this pattern differently"},
    {NODE("\"pattern\":\"a+?\""), "read this pattern differently"},
    {NODE("\"anyOf\":[{\"type\":\"string\"},{\"type\":\"string\"}]"), "different types"},
    {NODE("\"anyOf\":[{\"minLength\":1}]"), "different types"},
    {NODE("\"type\":\"string\",\"anyOf\":[{\"type\":\"string\"}]"), "beside \"anyOf\""},
    {NODE("\"propertyNames\":{\"type\":\"object\"}"), "takes no other type"},
    {NODE("\"type\":\"string\",\"x-lb-secret\":true,\"default\":\"env:A\""),
     "cannot have a default"},
    {KIND("\"required\":[\"b\"],\"properties\":{\"a\":{}}"), "required \"b\""},
    {KIND("\"additionalProperties\":true"), "a closed object"},
    {KIND("\"x-lb-granules\":{\"g\":{\"rsk\":\"low\"}}"), "unknown keyword \"rsk\""},
    {KIND("\"x-lb-granules\":{\"g\":{\"risk\":\"high\"}}"), "unknown risk \"high\""},
    {KIND("\"x-lb-granules\":{\"g\":{\"wait\":\"soon\"}}"), "\"wait\" is no duration"},
    {"{\"x-lb-kind\":\"bax\"}", "is not the file's name"},
    {"{\"x-lb-kind\":\"box\"}", "\"x-lb-section\" is missing"},
    {"{\"x-lb-kind\":\"box\",\"x-lb-section\":\"b\",\"x-lb-sides\":\"two\"}", "unknown x-lb-sides"},
    {"{\"x-lb-kind\":\"box\",\"x-lb-section\":\"stack\",\"x-lb-sides\":\"one\",\"type\":\"object\","
     "\"properties\":{}}",
     "section \"stack\" is taken"},
    {"{", "schemas/box.json: "},
    {NULL, "schemas/spec.json is missing"},
};

/* Loads in a child, for a fault ends the program; fills `said` with its standard error. */
static int load_in_child(const struct lb_embedded *files, size_t count, char *said, size_t size)
{
    int fds[2], status = 0;
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(fds[1], STDERR_FILENO);
        lb_schemas_load_from(lb_arena_new(), files, count);
        _exit(0);
    }
    close(fds[1]);
    size_t used = 0;
    for (ssize_t got; used + 1 < size && (got = read(fds[0], said + used, size - 1 - used)) > 0;) {
        used += (size_t)got;
    }
    said[used] = '\0';
    close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void names_every_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const char *box = faults[i].box ? faults[i].box : "{}";
        struct lb_embedded files[] = {
            {"box", (const unsigned char *)box, strlen(box)},
            FIXTURE("spec", fixture_spec),
        };
        char said[1024];
        assert_int_equal(load_in_child(files, faults[i].box ? 2 : 0, said, sizeof said), 1);
        if (!strstr(said, faults[i].said)) {
            assert_string_equal(said, faults[i].said);
        }
    }
}

static void loads_a_faultless_kind_in_a_child(void **state)
{
    (void)state;
    const char *box = NODE("\"type\":\"string\"");
    struct lb_embedded files[] = {
        {"box", (const unsigned char *)box, strlen(box)},
        FIXTURE("spec", fixture_spec),
    };
    char said[1024];
    assert_int_equal(load_in_child(files, 2, said, sizeof said), 0);
    assert_string_equal(said, "");
}

/* --- the embedded schemas -----------------------------------------------------------------------
 */

/* Visits a node and all below. */
static void visit(const struct lb_schema *node, const struct lb_schemas *schemas,
                  struct lb_diags *diags)
{
    if (node->default_value) {
        lb_schema_validate(node, node->default_value, diags);
    }
    /* Compiles its patterns: a faulty one ends the program. */
    struct lb_diags ignored;
    lb_diags_init(&ignored, diags->arena);
    lb_schema_validate(node, lb_value_string(diags->arena, "x"), &ignored);
    lb_schema_validate(node, json(diags->arena, "{\"x\": null}"), &ignored);
    const struct lb_value *examples = node->kind ? NULL : lb_map_get(node->raw, "examples");
    for (size_t i = 0; i < lb_value_count(examples); i++) {
        lb_schema_validate(node, lb_list_item(examples, i), diags);
    }
    if (diags->count) {
        fail_msg("%s: %s", node->name, diags->items[0].detail);
    }
    if (node->ref && !lb_kind_find(schemas, node->ref) &&
        !lb_list_has(lb_map_get(schemas->spec->raw, "x-lb-order"), node->ref)) {
        fail_msg("%s: x-lb-ref \"%s\" is no kind", node->name, node->ref);
    }
    for (size_t i = 0; i < node->property_count; i++) {
        visit(node->properties[i], schemas, diags);
    }
    for (size_t i = 0; i < node->any_of_count; i++) {
        visit(node->any_of[i], schemas, diags);
    }
    if (node->items) {
        visit(node->items, schemas, diags);
    }
    if (node->additional) {
        visit(node->additional, schemas, diags);
    }
}

/* Every default and example is valid (which compiles their patterns), every reference is to a kind.
 */
static void embedded_schemas_are_sound(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    lb_diags_init(&diags, arena);
    const struct lb_schemas *schemas = lb_schemas_load(arena);
    visit(schemas->spec, schemas, &diags);
    for (size_t i = 0; i < schemas->kind_count; i++) {
        const struct lb_kind *kind = &schemas->kinds[i];
        size_t existence = 0;
        for (size_t j = 0; j < kind->granule_count; j++) {
            existence += kind->granules[j].existence;
        }
        if (kind->granule_count > 0 && existence != 1) {
            fail_msg("%s: %zu granules of existence, 1 is needed", kind->name, existence);
        }
    }
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_kinds_in_order),
        cmocka_unit_test(loads_granules),
        cmocka_unit_test(inherits_granules),
        cmocka_unit_test(knows_annotations),
        cmocka_unit_test(walks_paths),
        cmocka_unit_test(fills_in_defaults),
        cmocka_unit_test(bundles_plain_draft_07),
        cmocka_unit_test(names_every_fault),
        cmocka_unit_test(loads_a_faultless_kind_in_a_child),
        cmocka_unit_test(embedded_schemas_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
