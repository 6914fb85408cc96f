/* test_render.c: each format of one plan with something of everything, of its file, of a fleet. */
#include "cmd/render.h"
#include "tests/unit/plan_fixture.h"

#include "base/xml.h"

struct kit {
    struct lb_arena *arena;
    struct lb_diags diags;
    struct lb_source source;
    struct lb_plan plan;
    struct lb_report report;
    struct lb_reports reports;
    struct lb_str out;
};

static void kit_report(struct kit *kit, struct lb_report *report, const struct lb_plan *plan)
{
    *report = (struct lb_report){.path = plan->spec_path,
                                 .stack = plan->stack,
                                 .version = plan->tool_version,
                                 .findings = plan->findings,
                                 .finding_count = plan->finding_count,
                                 .plan = plan};
    kit->reports.items = report;
    kit->reports.count = 1;
}

static void begin(struct kit *kit)
{
    *kit = (struct kit){.arena = lb_arena_new()};
    lb_diags_init(&kit->diags, kit->arena);
    kit->source = (struct lb_source){.path = "dr/a b.yaml", .text = ""};
    kit->plan = plan_fixture(kit->arena, &kit->source);
    kit->plan.spec_path = kit->source.path;
    kit->reports = (struct lb_reports){.arena = kit->arena, .diags = &kit->diags, .verb = "plan"};
    kit_report(kit, &kit->report, &kit->plan);
}

static void end(struct kit *kit)
{
    lb_str_release(&kit->out);
    lb_arena_free(kit->arena);
}

static const char *render(struct kit *kit, const char *format)
{
    lb_str_clear(&kit->out);
    CHECK(format, lb_renderer_find(format) != NULL);
    CHECK(format, lb_renderer_find(format)(&kit->reports, &kit->out) == 0);
    return lb_str_text(&kit->out);
}

static void must_have(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("<%s> is not in <%s>", part, text);
}

static const struct lb_value *json(struct kit *kit, const char *text)
{
    const char *error = NULL;
    const struct lb_value *value = lb_json_parse(kit->arena, text, strlen(text), &error);
    if (!value)
        fail_msg("%s: %s", error, text);
    return value;
}

/* --- all of them
 * ------------------------------------------------------------------------------------- */

static const char *const formats[] = {"text",  "json",   "markdown", "sarif",
                                      "junit", "github", "gitlab"};

static void test_a_file_gives_the_same_bytes(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_plan again;
    begin(&kit);
    struct lb_value *saved = lb_plan_to_value(kit.arena, &kit.plan);
    assert_int_equal(lb_plan_from_value(kit.arena, &kit.diags, saved, &again), 0);
    for (size_t i = 0; i < COUNT(formats); i++) {
        kit_report(&kit, &kit.report, &kit.plan);
        const char *made = lb_arena_strdup(kit.arena, render(&kit, formats[i]));
        kit_report(&kit, &kit.report, &again);
        CHECK_TEXT(formats[i], render(&kit, formats[i]), made);
        CHECK(formats[i], *made);
    }
    end(&kit);
}

static void test_only_known_formats(void **state)
{
    (void)state;
    assert_null(lb_renderer_find("yaml"));
    assert_null(lb_renderer_find(NULL));
}

static void test_grave_changes(void **state)
{
    static const struct {
        const char *row;
        struct lb_change change;
        bool grave, differs;
    } rows[] = {
        {"create", {.action = LB_ACTION_CREATE, .risk = "disruptive"}, false, true},
        {"update", {.action = LB_ACTION_UPDATE, .risk = "low"}, false, true},
        {"disruption", {.action = LB_ACTION_UPDATE, .disruption = "restart"}, true, true},
        {"risk", {.action = LB_ACTION_UPDATE, .risk = "disruptive"}, true, true},
        {"loss", {.action = LB_ACTION_UPDATE, .risk = "data-loss"}, true, true},
        {"replace", {.action = LB_ACTION_REPLACE}, true, true},
        {"release", {.action = LB_ACTION_RELEASE}, true, false},
        {"read", {.action = LB_ACTION_READ}, false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(rows[i].row, lb_change_grave(&rows[i].change) == rows[i].grave);
        CHECK(rows[i].row, lb_change_differs(&rows[i].change) == rows[i].differs);
    }
}

/* --- text
 * -------------------------------------------------------------------------------------------- */

/* A file may say what it likes: no change is left out for its region. */
static void test_text_shows_every_region(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    kit.plan.changes[0].region = "mars-1";
    const char *text = render(&kit, "text");
    must_have(text, "\nmars-1\n  ~ update  node.a  dr/a b.yaml:3\n");
    must_have(text, "\nus-west-2\n  + create  node.b\n");
    end(&kit);
}

/* Whoever says yes at the terminal reads no other format. */
static void test_every_format_names_the_danger(void **state)
{
    static const struct {
        const char *risk, *disruption, *danger;
    } rows[] = {{"low", NULL, NULL},
                {"none", "it restarts", "disruption: it restarts"},
                {"disruptive", NULL, "risk: disruptive"},
                {"data-loss", NULL, "risk: data-loss"}};
    static const char *const readers[] = {"text", "markdown", "junit", "github"};
    (void)state;
    struct kit kit;
    begin(&kit);
    for (size_t i = 0; i < COUNT(rows); i++) {
        kit.plan.changes[0].risk = rows[i].risk;
        kit.plan.changes[0].disruption = rows[i].disruption;
        for (size_t k = 0; k < COUNT(readers); k++) {
            const char *text = render(&kit, readers[k]);
            if (rows[i].danger)
                must_have(text, rows[i].danger);
            else
                assert_true(!strstr(text, "risk: ") && !strstr(text, "disruption: "));
        }
    }
    end(&kit);
}

/* --- markdown
 * ---------------------------------------------------------------------------------------- */

static void test_markdown(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    const char *text = render(&kit, "markdown");
    must_have(text,
              "\",\"stack\":\"test\",\"truncated\":false} -->\n### lifeboat plan for `test`: 1 "
              "to create, 1 to update, 0 to replace, 0 to release\n");
    must_have(text, "<details><summary>1 warning, 1 note</summary>\n\n- **warning** `LB-H001` it "
                    "may be lost at `dr/a b.yaml:3`: `node.a`, node.a\n  - why: because\n");
    must_have(text, "#### Destructive or disruptive: 1 change\n\n- **update** `node.a` in "
                    "`us-east-1` at `dr/a b.yaml:3`, risk: low, disruption: it restarts\n");
    must_have(text, "```diff\n! size: -9007199254740993 -> 12  # stated at line 3\n");
    must_have(text, "<details><summary>1 other change</summary>\n\n- **create** `node.b` in "
                    "`us-west-2`\n\n</details>\n");
    must_have(text, "<details><summary>Order of the 3 steps</summary>\n\n```mermaid\n");
    end(&kit);
}

/* Levels come one after the other, and the last refuses rather than hide. */
static void test_markdown_fits(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    size_t whole = strlen(render(&kit, "markdown")), last = whole, levels = 0;
    for (kit.reports.max_bytes = whole; kit.reports.max_bytes; kit.reports.max_bytes--) {
        lb_str_clear(&kit.out);
        if (lb_render_markdown(&kit.reports, &kit.out) != 0)
            break;
        assert_true(kit.out.length <= kit.reports.max_bytes && kit.out.length <= last);
        levels += kit.out.length < last;
        last = kit.out.length;
        must_have(kit.out.data, "`node.a`");
        must_have(kit.out.data, "`LB-H001`");
        must_have(kit.out.data, last == whole ? "\"truncated\":false" : "\"truncated\":true");
    }
    assert_true(levels >= 1 && kit.reports.max_bytes > 300);
    assert_int_equal(kit.out.length, 0);
    assert_int_equal(kit.diags.count, 1);
    assert_string_equal(kit.diags.items[0].code, "LB-U007");
    end(&kit);
}

/* --- SARIF
 * ------------------------------------------------------------------------------------------- */

static void test_sarif(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    kit.plan.findings[0].detail = "[x](http://e) is \"bad\"";
    const struct lb_value *log = json(&kit, render(&kit, "sarif"));
    const struct lb_value *run = lb_value_at(log, "runs/0");
    const struct lb_value *place = lb_value_at(run, "results/0/locations/0/physicalLocation");
    assert_string_equal(lb_text_at(run, "automationDetails/id", ""), "lifeboat/plan/test/");
    assert_int_equal(lb_value_count(lb_map_get(run, "results")), 2);
    assert_string_equal(lb_text_at(run, "results/0/level", ""), "warning");
    assert_string_equal(lb_text_at(run, "results/1/level", ""), "note");
    assert_string_equal(lb_text_at(run, "results/0/message/text", ""),
                        "it may be lost: node.a: \\[x\\](http://e) is \"bad\". Try: keep it");
    assert_string_equal(lb_text_at(place, "artifactLocation/uri", ""), "dr/a%20b.yaml");
    assert_int_equal(lb_int_at(place, "region/startLine", 0), 3);
    assert_int_equal(lb_int_at(place, "region/startColumn", 0), 5);
    assert_int_equal(lb_int_at(place, "region/endLine", 0), 4);
    assert_int_equal(lb_int_at(place, "region/endColumn", 0), 2);
    /* the rule's words are those of the tables, not of the finding */
    assert_string_equal(lb_text_at(run, "tool/driver/rules/0/shortDescription/text", ""),
                        "a lifecycle rule can expire snapshot data");
    /* without a place of its own, the first line of the spec */
    place = lb_value_at(run, "results/1/locations/0/physicalLocation");
    assert_string_equal(lb_text_at(place, "artifactLocation/uri", ""), "dr/a%20b.yaml");
    assert_int_equal(lb_int_at(place, "region/startLine", 0), 1);
    end(&kit);
}

static void test_sarif_fingerprints_survive_lines(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    static const char path[] = "runs/0/results/0/partialFingerprints/primaryLocationLineHash";
    const char *before = lb_text_at(json(&kit, render(&kit, "sarif")), path, "");
    kit.plan.findings[0].mark.line = 300;
    kit.plan.findings[0].detail = "another count";
    assert_string_equal(lb_text_at(json(&kit, render(&kit, "sarif")), path, ""), before);
    kit.plan.findings[0].address = "node.c";
    assert_string_not_equal(lb_text_at(json(&kit, render(&kit, "sarif")), path, ""), before);
    end(&kit);
}

static void test_sarif_runs(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_report many[21];
    begin(&kit);
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = kit.report;
    kit.reports.items = many;
    for (size_t count = 19; count <= COUNT(many); count++) {
        kit.reports.count = count;
        const struct lb_value *runs = lb_map_get(json(&kit, render(&kit, "sarif")), "runs");
        size_t results = 0;
        for (size_t i = 0; i < lb_value_count(runs); i++)
            results += lb_value_count(lb_map_get(lb_list_item(runs, i), "results"));
        assert_int_equal(lb_value_count(runs), count <= 20 ? count : 1);
        assert_int_equal(results, 2 * count);
        const char *last = lb_text_at(lb_list_item(runs, lb_value_count(runs) - 1),
                                      "automationDetails/id", "");
        assert_string_equal(last, count == 19   ? "lifeboat/plan/test/19/"
                                  : count == 20 ? "lifeboat/plan/test/20/"
                                                : "lifeboat/plan/fleet/");
    }
    end(&kit);
}

/* --- JUnit, annotations, widget
 * ---------------------------------------------------------------------- */

static void test_junit(void **state)
{
    (void)state;
    struct kit kit;
    const char *error = NULL;
    begin(&kit);
    kit.plan.findings[0].severity = LB_ERROR;
    kit.plan.findings[0].detail = "<&\"'> \x01 \xef\xbf\xbf ]]>";
    const char *text = render(&kit, "junit");
    const struct lb_value *root = lb_xml_parse(kit.arena, text, strlen(text), &error);
    if (!root)
        fail_msg("%s: %s", error, text);
    const struct lb_value *suite = lb_value_at(root, "testsuites/testsuite");
    assert_string_equal(lb_text_at(suite, "@tests", ""), "5");
    assert_string_equal(lb_text_at(suite, "@failures", ""), "1");
    assert_string_equal(lb_text_at(suite, "testcase/1/failure/@type", ""), "LB-H001");
    must_have(lb_text_at(suite, "testcase/1/failure/#text", ""),
              "node.a: <&\"'> \\x01 \\u{ffff} ]]>");
    assert_string_equal(lb_text_at(suite, "testcase/1/@line", ""), "3");
    end(&kit);
}

static void test_junit_of_drift_and_of_what_was_not_read(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    kit.reports.drift = true;
    kit.reports.verb = "drift";
    kit.plan.complete = false;
    const char *text = render(&kit, "junit");
    must_have(text, "<testsuites name=\"lifeboat drift\" tests=\"5\" failures=\"2\" errors=\"1\">");
    must_have(text, "<error type=\"incomplete\" message=\"not everything could be read\">");
    must_have(text, "<failure type=\"drift\" message=\"live differs from the spec\">");
    end(&kit);
}

static void test_names_of_cases_differ(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    kit.plan.findings[1] = kit.plan.findings[0];
    must_have(render(&kit, "junit"), "name=\"LB-H001 node.a: it may be lost (2)\"");
    end(&kit);
}

static void test_github(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    kit.report.path = "a:b,c%d.yaml";
    kit.plan.findings[0].detail = "100% ::error::x, y: z";
    const char *text = render(&kit, "github");
    must_have(text, "::warning file=a%3Ab%2Cc%25d.yaml,line=3,title=LB-H001 test::it may be lost: "
                    "node.a: 100%25 ::error::x, y: z%0Awhy: because%0Atry: keep it\n");
    must_have(text, "::warning file=a%3Ab%2Cc%25d.yaml,line=3,col=5,title=test::update node.a: "
                    "size, peer%0Adisruption: it restarts\n");
    must_have(text, "::notice title=test::Plan: 1 to create");
    end(&kit);
}

static void test_github_counts_a_fleet(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_report fleet[2];
    begin(&kit);
    fleet[0] = fleet[1] = kit.report;
    kit.reports.items = fleet;
    kit.reports.count = COUNT(fleet);
    must_have(render(&kit, "github"),
              "::notice title=lifeboat::2 specs: 2 with changes, 0 with errors\n");
    /* validate plans nothing */
    kit.plan.findings[0].severity = LB_ERROR;
    fleet[0].plan = fleet[1].plan = NULL;
    fleet[1].finding_count = 0;
    must_have(render(&kit, "github"), "::notice title=lifeboat::2 specs: 1 with errors\n");
    end(&kit);
}

/* A dozen calls on one object that fail alike take one of the ten. */
static void test_github_counts_repeats(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_diag many[12];
    begin(&kit);
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = (struct lb_diag){.code = "LB-A010",
                                   .severity = LB_ERROR,
                                   .summary = "denied",
                                   .service = "fake",
                                   .address = i < 11 ? "node.a" : "node.b"};
    kit.report.findings = many;
    kit.report.finding_count = COUNT(many);
    const char *text = render(&kit, "github");
    must_have(text, "::denied: node.a (and 10 more of its calls likewise)\n"
                    "::error title=LB-A010 test::denied: node.b\n");
    assert_null(strstr(text, "of this level"));
    end(&kit);
}

static void test_github_says_how_many_more(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    for (size_t count = 9; count <= 12; count++) {
        struct lb_diag *all = lb_arena_array(kit.arena, count, sizeof *all);
        for (size_t i = 0; i < count; i++)
            all[i] = (struct lb_diag){.code = "LB-H001", .summary = "no", .severity = LB_ERROR};
        kit.report.findings = all;
        kit.report.finding_count = count;
        const char *text = render(&kit, "github");
        size_t errors = 0;
        for (const char *at = text; (at = strstr(at, "::error ")); at++)
            errors++;
        assert_int_equal(errors, count < 10 ? count : 10);
        assert_int_equal(strstr(text, "and 3 more of this level") != NULL, count == 12);
        assert_int_equal(strstr(text, "more of this level") != NULL, count > 10);
    }
    end(&kit);
}

static void test_gitlab(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    kit.plan.changes[0].action = LB_ACTION_REPLACE;
    assert_string_equal(render(&kit, "gitlab"),
                        "{\n  \"create\": 2,\n  \"update\": 0,\n  \"delete\": 1\n}\n");
    kit.plan.changes[0].action = LB_ACTION_RELEASE;
    assert_string_equal(render(&kit, "gitlab"),
                        "{\n  \"create\": 1,\n  \"update\": 0,\n  \"delete\": 0\n}\n");
    end(&kit);
}

/* --- findings without a plan
 * ------------------------------------------------------------------------- */

static void test_validate(void **state)
{
    (void)state;
    struct kit kit;
    begin(&kit);
    kit.reports.verb = "validate";
    kit.report.plan = NULL;
    kit.report.path = "lifeboat.yaml";
    kit.report.stack = "";
    kit.report.finding_count = 0;
    must_have(render(&kit, "junit"),
              "classname=\"lifeboat.yaml.checks\" name=\"the spec is valid\"");
    assert_string_equal(render(&kit, "github"),
                        "::notice title=lifeboat.yaml::lifeboat.yaml: valid\n");
    must_have(render(&kit, "sarif"), "\"id\": \"lifeboat/validate/lifeboat.yaml/\"");
    kit.plan.findings[0].severity = LB_ERROR;
    kit.report.finding_count = 1;
    must_have(render(&kit, "junit"), "tests=\"1\" failures=\"1\" errors=\"0\"");
    must_have(render(&kit, "github"), "lifeboat.yaml: 1 error\n");
    end(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_gives_the_same_bytes),
        cmocka_unit_test(test_only_known_formats),
        cmocka_unit_test(test_grave_changes),
        cmocka_unit_test(test_text_shows_every_region),
        cmocka_unit_test(test_every_format_names_the_danger),
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_markdown_fits),
        cmocka_unit_test(test_sarif),
        cmocka_unit_test(test_sarif_fingerprints_survive_lines),
        cmocka_unit_test(test_sarif_runs),
        cmocka_unit_test(test_junit),
        cmocka_unit_test(test_junit_of_drift_and_of_what_was_not_read),
        cmocka_unit_test(test_names_of_cases_differ),
        cmocka_unit_test(test_github),
        cmocka_unit_test(test_github_counts_a_fleet),
        cmocka_unit_test(test_github_counts_repeats),
        cmocka_unit_test(test_github_says_how_many_more),
        cmocka_unit_test(test_gitlab),
        cmocka_unit_test(test_validate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
