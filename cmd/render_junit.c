/* render_junit.c: JUnit's XML, for the test views of Jenkins, GitLab and others: a suite a spec, a
 * case a finding, a change and a check. Errors are failures; in drift a change is one too. A suite
 * is never empty: what was checked without a finding is a case that passed.
 *
 * XML 1.0 has no spelling for most control characters, not even as references (2.2 Char), so they
 * are written as \xNN, as everywhere.
 */
#include "cmd/render.h"

#include "base/utf8.h"

#include <string.h>

struct suite {
    struct lb_arena *arena;
    const struct lb_report *report;
    struct lb_value *names; /* of cases: readers keep one of those that are called the same */
    struct lb_str cases;
    size_t count, failures, errors;
};

/* Text and attributes alike. */
static void xml(struct lb_str *out, const char *text)
{
    struct lb_str safe = {0};
    lb_str_escape(&safe, text, strlen(text), false);
    for (size_t i = 0; i < safe.length;) {
        uint32_t c;
        size_t count = lb_utf8_read(safe.data + i, safe.length - i, &c);
        if (c == '&')
            lb_str_puts(out, "&amp;");
        else if (c == '<')
            lb_str_puts(out, "&lt;");
        else if (c == '>')
            lb_str_puts(out, "&gt;");
        else if (c == '"')
            lb_str_puts(out, "&quot;");
        else if (c == 0xFFFE || c == 0xFFFF)
            lb_str_printf(out, "\\u{%x}", (unsigned)c);
        else
            lb_str_add(out, safe.data + i, count);
        i += count;
    }
    lb_str_release(&safe);
}

static void attribute(struct lb_str *out, const char *name, const char *text)
{
    lb_str_printf(out, " %s=\"", name);
    xml(out, text);
    lb_str_putc(out, '"');
}

static const char *unique(struct suite *suite, const char *name)
{
    name = lb_escape(suite->arena, name);
    int64_t seen = lb_int(lb_map_get(suite->names, name), 0) + 1;
    lb_map_set_int(suite->arena, suite->names, name, seen);
    return seen == 1 ? name : lb_arena_printf(suite->arena, "%s (%d)", name, (int)seen);
}

/* Opens a case; the caller adds what it holds. */
static void begin(struct suite *suite, const char *class, const char *name,
                  const struct lb_mark *mark)
{
    struct lb_str *out = &suite->cases;
    suite->count++;
    lb_str_puts(out, "    <testcase");
    attribute(out, "classname",
              lb_arena_printf(suite->arena, "%s.%s", lb_report_name(suite->report), class));
    attribute(out, "name", unique(suite, name));
    if (mark && mark->line) {
        attribute(out, "file", suite->report->path);
        lb_str_printf(out, " line=\"%u\"", (unsigned)mark->line);
    }
    lb_str_puts(out, ">\n");
}

static void end(struct suite *suite)
{
    lb_str_puts(&suite->cases, "    </testcase>\n");
}

/* <failure type="LB-H001" message="...">text</failure>; `text` is lines. */
static void body(struct suite *suite, const char *element, const char *type, const char *message,
                 const char *const *lines, size_t count)
{
    struct lb_str *out = &suite->cases;
    lb_str_printf(out, "      <%s", element);
    if (type)
        attribute(out, "type", type);
    if (message)
        attribute(out, "message", message);
    lb_str_putc(out, '>');
    for (size_t i = 0; i < count; i++) {
        lb_str_puts(out, i ? "\n" : "");
        xml(out, lines[i]);
    }
    lb_str_printf(out, "</%s>\n", element);
}

/* --- findings
 * ---------------------------------------------------------------------------------------- */

static void finding(struct suite *suite, const struct lb_diag *it)
{
    struct lb_arena *arena = suite->arena;
    const char *lines[4];
    size_t count = 0;
    const char *address = it->address ? it->address : "the spec";
    begin(suite, "findings",
          lb_arena_printf(arena, "%s %s: %s", it->code, address, it->summary ? it->summary : ""),
          &it->mark);
    lines[count++] = lb_arena_printf(arena, "%s[%s] %s", lb_severity_word(it->severity), it->code,
                                     it->summary ? it->summary : "");
    if (it->detail)
        lines[count++] = lb_arena_printf(arena, "%s: %s", address, it->detail);
    if (it->why)
        lines[count++] = lb_arena_printf(arena, "why: %s", it->why);
    if (it->remedy)
        lines[count++] = lb_arena_printf(arena, "try: %s", it->remedy);
    if (it->severity == LB_ERROR) {
        suite->failures++;
        body(suite, "failure", it->code, it->summary, lines, count);
    } else {
        body(suite, "system-out", NULL, NULL, lines, count);
    }
    end(suite);
}

/* --- changes
 * ----------------------------------------------------------------------------------------- */

#define SHORT_VALUE 160 /* bytes: the plan file holds the rest */

static const char *field_line(struct lb_arena *arena, const struct lb_field *field)
{
    struct lb_str line = {0};
    lb_str_printf(&line, "%s: ", field->path);
    lb_render_value(&line, field->before, SHORT_VALUE);
    lb_str_puts(&line, " -> ");
    lb_render_value(&line, field->after, SHORT_VALUE);
    return lb_str_take(&line, arena);
}

static void change(struct suite *suite, const struct lb_change *it, bool drift)
{
    const char **lines = lb_arena_array(suite->arena, it->field_count + 3, sizeof *lines);
    const char *words = lb_arena_printf(suite->arena, "%s %s", lb_change_word(it), it->address);
    size_t count = 0;
    lines[count++] = words;
    const char *danger = lb_change_danger(suite->arena, it);
    if (danger)
        lines[count++] = danger;
    for (size_t i = 0; i < it->field_count && it->action != LB_ACTION_CREATE; i++)
        lines[count++] = field_line(suite->arena, &it->fields[i]);
    begin(suite, it->kind, words, &it->mark);
    if (drift)
        body(suite, "failure", "drift", "live differs from the spec", lines, count);
    else
        body(suite, "system-out", NULL, NULL, lines, count);
    suite->failures += drift;
    end(suite);
}

static void checks(struct suite *suite)
{
    const char *incomplete = "not everything could be read";
    if (!suite->report->plan && !lb_report_errors(suite->report)) {
        begin(suite, "checks", "the spec is valid", NULL);
        end(suite);
    }
    if (!suite->report->plan)
        return;
    begin(suite, "checks", "everything could be read", NULL);
    if (!suite->report->plan->complete) {
        suite->errors++;
        body(suite, "error", "incomplete", incomplete, &incomplete, 1);
    }
    end(suite);
}

/* --- the whole
 * --------------------------------------------------------------------------------------- */

static void totals(struct lb_str *out, size_t count, size_t failures, size_t errors)
{
    lb_str_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", count, failures, errors);
}

static void property(struct lb_str *out, const char *name, const char *value)
{
    lb_str_puts(out, "      <property");
    attribute(out, "name", name);
    attribute(out, "value", value);
    lb_str_puts(out, "/>\n");
}

static void print_suite(struct lb_str *out, struct suite *suite)
{
    const struct lb_plan *plan = suite->report->plan;
    lb_str_puts(out, "  <testsuite");
    attribute(out, "name", lb_report_name(suite->report));
    totals(out, suite->count, suite->failures, suite->errors);
    lb_str_puts(out, " skipped=\"0\">\n");
    if (plan) {
        lb_str_puts(out, "    <properties>\n");
        property(out, "plan", plan->id);
        for (size_t i = 0; i < plan->assumed_down_count; i++)
            property(out, "assumed down", plan->assumed_down[i]);
        lb_str_puts(out, "    </properties>\n");
    }
    lb_str_add(out, lb_str_text(&suite->cases), suite->cases.length);
    lb_str_puts(out, "  </testsuite>\n");
    lb_str_release(&suite->cases);
}

int lb_render_junit(const struct lb_reports *reports, struct lb_str *out)
{
    struct lb_str suites = {0};
    size_t count = 0, failures = 0, errors = 0;
    for (size_t i = 0; i < reports->count; i++) {
        const struct lb_report *report = &reports->items[i];
        struct suite suite = {
            .arena = reports->arena, .report = report, .names = lb_value_map(reports->arena)};
        checks(&suite);
        for (size_t k = 0; k < report->finding_count; k++)
            finding(&suite, &report->findings[k]);
        for (size_t k = 0; report->plan && k < report->plan->change_count; k++)
            change(&suite, &report->plan->changes[k],
                   reports->drift && lb_change_differs(&report->plan->changes[k]));
        count += suite.count;
        failures += suite.failures;
        errors += suite.errors;
        print_suite(&suites, &suite);
    }
    lb_str_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    attribute(out, "name", lb_arena_printf(reports->arena, "lifeboat %s", reports->verb));
    totals(out, count, failures, errors);
    lb_str_puts(out, ">\n");
    lb_str_add(out, lb_str_text(&suites), suites.length);
    lb_str_puts(out, "</testsuites>\n");
    out->overflow = out->overflow || suites.overflow;
    lb_str_release(&suites);
    return 0;
}
