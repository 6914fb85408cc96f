/* render_sarif.c: findings as SARIF 2.1.0 (OASIS), for code scanning and editors: a run a spec, the
 * rules from the tables of codes, regions in the spec.
 *
 * GitHub takes 20 runs a file, 25,000 results a run and 10 MB, and refuses the whole file beyond
 * ("About code scanning limits on SARIF results"). So a fleet of more than 20 is one run, and when
 * results would be too many the most severe ones are kept and a last one says how many are not.
 * Two runs of one category are refused too: the category names the stack.
 */
#include "cmd/render.h"

#include "base/digest.h"
#include "base/json.h"
#include "planner/hazard.h"

#include <string.h>

enum {
    RUNS_MAX = 20,
    RESULTS_MAX = 25000,
    BYTES_MAX = 9500000, /* of results and rules; the rest of the 10 MB is for the frame */
};

struct run {
    const struct lb_report *first; /* the only one, or the first of all */
    const char *name;              /* of its category */
    struct lb_value *rule_numbers; /* code -> index */
    struct lb_value *rules, *results;
    struct lb_value *seen; /* what was fingerprinted -> how often */
    size_t left_out;
};

struct log {
    const struct lb_reports *reports;
    struct lb_arena *arena;
    struct run *runs;
    size_t run_count;
    size_t bytes;
};

/* --- parts
 * ------------------------------------------------------------------------------------------- */

static struct lb_value *message(struct lb_arena *arena, const char *text)
{
    struct lb_value *map = lb_value_map(arena);
    struct lb_str plain = {0};
    /* [text](link) is a link in plain messages too (3.11.6) */
    for (; *text; text++) {
        if (*text == '[' || *text == ']')
            lb_str_putc(&plain, '\\');
        lb_str_putc(&plain, *text);
    }
    lb_map_set_string(arena, map, "text", lb_str_take(&plain, arena));
    return map;
}

static const char *level_of(enum lb_severity severity)
{
    static const char *const levels[] = {
        [LB_ERROR] = "error", [LB_WARNING] = "warning", [LB_INFO] = "note"};
    return levels[severity];
}

static const struct lb_code *code_find(const char *code)
{
    const struct lb_hazard *hazard = lb_hazard_find(code);
    return hazard ? &hazard->code : lb_code_find(code);
}

/* LB-H001: what a letter stands for, as a tag. */
static const char *tag_of(const char *code)
{
    static const struct {
        char letter;
        const char *tag;
    } tags[] = {{'S', "spec"}, {'H', "hazard"}, {'A', "api"},
                {'P', "plan"}, {'U', "usage"},  {'G', "git"}};
    for (size_t i = 0; lb_starts_with(code, "LB-") && i < sizeof tags / sizeof *tags; i++)
        if (code[3] == tags[i].letter)
            return tags[i].tag;
    return "other";
}

/* A name is no URI until it is encoded. */
static const char *uri_of(struct lb_arena *arena, const char *path)
{
    struct lb_str uri = {0};
    while (lb_starts_with(path, "./"))
        path += 2;
    if (*path == '/')
        lb_str_puts(&uri, "file://");
    lb_str_percent_encode(&uri, *path ? path : "-", *path ? strlen(path) : 1, true);
    return lb_str_take(&uri, arena);
}

/* --- rules
 * ------------------------------------------------------------------------------------------- */

/* A code of a later version is not in the tables: then the finding says what it is. */
static struct lb_value *rule_new(struct lb_arena *arena, const struct lb_diag *it)
{
    const struct lb_code *code = code_find(it->code);
    const char *summary = code ? code->summary : it->summary ? it->summary : it->code;
    const char *why = code ? code->why : NULL, *remedy = code ? code->remedy : NULL;
    struct lb_value *rule = lb_value_map(arena);
    lb_map_set_string(arena, rule, "id", it->code);
    lb_map_set(arena, rule, "shortDescription", message(arena, summary));
    lb_map_set(arena, rule, "fullDescription", message(arena, why ? why : summary));
    struct lb_str help = {0};
    lb_str_puts(&help, why ? why : summary);
    if (remedy)
        lb_str_printf(&help, ". Try: %s", remedy);
    if (code)
        lb_str_printf(&help, ". More: lifeboat explain %s", it->code);
    lb_map_set(arena, rule, "help", message(arena, lb_str_take(&help, arena)));
    lb_map_set_string(arena, lb_map_map(arena, rule, "defaultConfiguration"), "level",
                      level_of(it->severity));
    lb_list_add_string(arena, lb_map_list(arena, lb_map_map(arena, rule, "properties"), "tags"),
                       tag_of(it->code));
    return rule;
}

/* Bytes that a value takes where it stands, four levels deep at most. */
static size_t size_of(const struct lb_value *value)
{
    struct lb_str text = {0};
    size_t lines = 1;
    lb_json_write(&text, value, 2);
    for (size_t i = 0; i < text.length; i++)
        lines += text.data[i] == '\n';
    size_t size = text.length + lines * 12;
    lb_str_release(&text);
    return size;
}

static int64_t rule_number(struct log *log, struct run *run, const struct lb_diag *it)
{
    int64_t number = lb_int(lb_map_get(run->rule_numbers, it->code), -1);
    if (number >= 0)
        return number;
    struct lb_value *rule = rule_new(log->arena, it);
    log->bytes += size_of(rule);
    lb_list_add(log->arena, run->rules, rule);
    number = (int64_t)lb_value_count(run->rules) - 1;
    lb_map_set_int(log->arena, run->rule_numbers, it->code, number);
    return number;
}

/* --- results
 * ----------------------------------------------------------------------------------------- */

/* A result without a place is not taken: what has none stands on the spec's first line. */
static struct lb_value *location(struct lb_arena *arena, const struct lb_report *report,
                                 const struct lb_diag *it)
{
    const struct lb_mark *mark = &it->mark;
    bool placed = mark->line > 0;
    struct lb_value *map = lb_value_map(arena);
    struct lb_value *physical = lb_map_map(arena, map, "physicalLocation");
    lb_map_set_string(arena, lb_map_map(arena, physical, "artifactLocation"), "uri",
                      uri_of(arena, report->path));
    struct lb_value *region = lb_map_map(arena, physical, "region");
    lb_map_set_int(arena, region, "startLine", placed ? mark->line : 1);
    if (placed && mark->column)
        lb_map_set_int(arena, region, "startColumn", mark->column);
    if (placed && mark->column && mark->end_column &&
        (mark->end_line > mark->line ||
         (mark->end_line == mark->line && mark->end_column >= mark->column))) {
        lb_map_set_int(arena, region, "endLine", mark->end_line);
        lb_map_set_int(arena, region, "endColumn", mark->end_column);
    }
    if (it->address) {
        struct lb_value *logical = lb_value_map(arena);
        lb_map_set_string(arena, logical, "fullyQualifiedName", it->address);
        lb_map_set_string(arena, logical, "kind", "resource");
        lb_list_add(arena, lb_map_list(arena, map, "logicalLocations"), logical);
    }
    return map;
}

/* The same finding in the next run, wherever its line went: code, stack, object, and which of
 * those that are alike. GitHub reads `primaryLocationLineHash` and no other. */
static void fingerprint(struct log *log, struct run *run, const struct lb_report *report,
                        const struct lb_diag *it, struct lb_value *result)
{
    struct lb_value *identity = lb_value_list(log->arena);
    lb_list_add_string(log->arena, identity, it->code);
    lb_list_add_string(log->arena, identity, lb_report_name(report));
    lb_list_add_string(log->arena, identity, it->address ? it->address : "");
    const char *digest = lb_value_digest(log->arena, identity);
    int64_t times = lb_int(lb_map_get(run->seen, digest), 0) + 1;
    lb_map_set_int(log->arena, run->seen, digest, times);
    struct lb_value *map = lb_map_map(log->arena, result, "partialFingerprints");
    const char *text = lb_arena_printf(log->arena, "%.32s:%d", digest, (int)times);
    lb_map_set_string(log->arena, map, "primaryLocationLineHash", text);
    lb_map_set_string(log->arena, map, "lifeboatFinding/v1", text);
}

static struct lb_value *result_new(struct log *log, struct run *run, const struct lb_report *report,
                                   const struct lb_diag *it)
{
    struct lb_arena *arena = log->arena;
    struct lb_value *result = lb_value_map(arena);
    struct lb_str text = {0};
    lb_map_set_string(arena, result, "ruleId", it->code);
    lb_map_set_int(arena, result, "ruleIndex", rule_number(log, run, it));
    lb_map_set_string(arena, result, "level", level_of(it->severity));
    lb_str_puts(&text, lb_finding_sentence(arena, it));
    if (it->remedy)
        lb_str_printf(&text, ". Try: %s", it->remedy);
    lb_map_set(arena, result, "message", message(arena, lb_str_take(&text, arena)));
    lb_list_add(arena, lb_map_list(arena, result, "locations"), location(arena, report, it));
    fingerprint(log, run, report, it, result);
    return result;
}

static void add(struct log *log, struct run *run, const struct lb_report *report,
                const struct lb_diag *it)
{
    if (run->left_out || lb_value_count(run->results) >= RESULTS_MAX - 1 ||
        log->bytes >= BYTES_MAX) {
        run->left_out++;
        return;
    }
    struct lb_value *result = result_new(log, run, report, it);
    log->bytes += size_of(result);
    lb_list_add(log->arena, run->results, result);
}

static void add_cut(struct log *log, struct run *run)
{
    const char *detail = lb_arena_printf(
        log->arena, "%zu more, none more severe than those that are here", run->left_out);
    struct lb_diag it = {.code = "LB-U006", .severity = LB_WARNING, .detail = detail};
    const struct lb_code *code = lb_code_find(it.code);
    it.summary = code->summary;
    it.remedy = code->remedy;
    lb_list_add(log->arena, run->results, result_new(log, run, run->first, &it));
}

/* --- the whole
 * --------------------------------------------------------------------------------------- */

static struct lb_value *run_value(const struct log *log, const struct run *run)
{
    struct lb_arena *arena = log->arena;
    const struct lb_reports *reports = log->reports;
    struct lb_value *map = lb_value_map(arena);
    struct lb_value *driver = lb_map_map(arena, lb_map_map(arena, map, "tool"), "driver");
    lb_map_set_string(arena, driver, "name", "lifeboat");
    lb_map_set_string(arena, driver, "version", run->first->version);
    lb_map_set(arena, driver, "rules", run->rules);
    lb_map_set_string(arena, lb_map_map(arena, map, "automationDetails"), "id",
                      lb_arena_printf(arena, "lifeboat/%s/%s/", reports->verb, run->name));
    lb_map_set_string(arena, map, "columnKind", "unicodeCodePoints");
    lb_map_set(arena, map, "results", run->results);
    return map;
}

/* The stack or the spec; a number beside it where it was there before, in another account or by
 * being named twice. */
static const char *category(struct log *log, size_t i)
{
    const struct lb_report *items = log->reports->items;
    const char *name = lb_report_name(&items[i]);
    size_t same = 1;
    if (log->run_count < log->reports->count)
        return "fleet";
    for (size_t k = 0; k < i; k++)
        same += lb_streq(lb_report_name(&items[k]), name);
    return same == 1 ? name : lb_arena_printf(log->arena, "%s/%zu", name, same);
}

static void begin(struct log *log)
{
    const struct lb_reports *reports = log->reports;
    log->run_count = reports->count > RUNS_MAX ? 1 : reports->count;
    log->runs = lb_arena_array(log->arena, log->run_count + 1, sizeof *log->runs);
    for (size_t i = 0; i < log->run_count; i++)
        log->runs[i] = (struct run){.first = &reports->items[i],
                                    .name = category(log, i),
                                    .rule_numbers = lb_value_map(log->arena),
                                    .rules = lb_value_list(log->arena),
                                    .results = lb_value_list(log->arena),
                                    .seen = lb_value_map(log->arena)};
}

int lb_render_sarif(const struct lb_reports *reports, struct lb_str *out)
{
    struct log log = {.reports = reports, .arena = reports->arena};
    begin(&log);
    for (int severity = LB_ERROR; severity <= LB_INFO; severity++)
        for (size_t i = 0; i < reports->count; i++)
            for (size_t k = 0; k < reports->items[i].finding_count; k++)
                if (reports->items[i].findings[k].severity == (enum lb_severity)severity)
                    add(&log, &log.runs[log.run_count == 1 ? 0 : i], &reports->items[i],
                        &reports->items[i].findings[k]);
    struct lb_value *map = lb_value_map(log.arena);
    lb_map_set_string(log.arena, map, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    lb_map_set_string(log.arena, map, "version", "2.1.0");
    struct lb_value *runs = lb_map_list(log.arena, map, "runs");
    for (size_t i = 0; i < log.run_count; i++) {
        if (log.runs[i].left_out)
            add_cut(&log, &log.runs[i]);
        lb_list_add(log.arena, runs, run_value(&log, &log.runs[i]));
    }
    lb_json_write(out, map, 2);
    return 0;
}
