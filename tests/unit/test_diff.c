/* Desired against live, as tables: one row says both sides and the whole change. */
#include "planner/diff.h"
#include "tests/unit/planner_kit.h"

static const struct lb_provider box = {.kind = "box"};

struct row {
    const char *name, *desired, *live, *change;
};

static void check_rows(const struct row *rows, size_t count)
{
    struct planner_kit kit;
    kit_init(&kit);
    for (size_t i = 0; i < count; i++) {
        kit.stack.resource_count = 0;
        kit.stack.lookup = lb_value_map(kit.arena);
        struct lb_resource *resource = kit_add(&kit, &box, "b", rows[i].desired, rows[i].live);
        struct lb_change change;
        lb_diff_resource(kit.arena, &kit.stack, resource, &change);
        CHECK_TEXT(rows[i].name, kit_say(kit.arena, &change), rows[i].change);
    }
    kit_release(&kit);
}

static void test_scalars(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"equal text", "{'plain': 'a'}", "{'plain': 'a'}", "none"},
        {"other text", "{'plain': 'a'}", "{'plain': 'b'}", "update plain: 'b' -> 'a'"},
        {"case matters", "{'plain': 'A'}", "{'plain': 'a'}", "update plain: 'a' -> 'A'"},
        {"absent", "{'plain': 'a'}", "{}", "update plain: - -> 'a'"},
        {"live null is absent", "{'plain': 'a'}", "{'plain': null}", "update plain: - -> 'a'"},
        {"desired null asks nothing", "{'plain': null}", "{'plain': 'b'}", "none"},
        {"undeclared", "{}", "{'plain': 'b', 'size': '1Gi'}", "none"},
        {"quoted number", "{'plain': 5}", "{'plain': '5'}", "none"},
        {"other number", "{'plain': 5}", "{'plain': '6'}", "update plain: '6' -> 5"},
        {"number by value", "{'plain': 1}", "{'plain': 1.0}", "none"},
        {"boolean", "{'plain': true}", "{'plain': false}", "update plain: false -> true"},
        {"boolean is no text", "{'plain': true}", "{'plain': 'true'}",
         "update plain: 'true' -> true"},
        {"beyond 2^53", "{'plain': 9007199254740993}", "{'plain': 9007199254740992}",
         "update plain: 9007199254740992 -> 9007199254740993"},
        {"empty text", "{'plain': ''}", "{'plain': 'x'}", "update plain: 'x' -> ''"},
        {"text against map", "{'plain': 'a'}", "{'plain': {}}", "update plain: {} -> 'a'"},
        {"nocase", "{'nocase': 'HTTPS'}", "{'nocase': 'https'}", "none"},
        {"nocase other", "{'nocase': 'HTTPS'}", "{'nocase': 'http'}",
         "update nocase: 'http' -> 'HTTPS'"},
        {"dns case and dot", "{'dns': 'A.example.'}", "{'dns': 'a.EXAMPLE'}", "none"},
        {"dns escaped star", "{'dns': '*.a.example'}", "{'dns': '\\\\052.a.example.'}", "none"},
        {"dns other", "{'dns': 'a.example'}", "{'dns': 'b.example'}",
         "update dns: 'b.example' -> 'a.example'"},
        {"dns root", "{'dns': '.'}", "{'dns': 'a.'}", "update dns: 'a.' -> '.'"},
        {"duration", "{'period': '60m'}", "{'period': '1h'}", "none"},
        {"duration other", "{'period': '61m'}", "{'period': '1h'}", "update period: '1h' -> '61m'"},
        {"duration that is none", "{'period': 'soon'}", "{'period': 'soon'}", "none"},
        {"duration against none", "{'period': '1h'}", "{'period': 'soon'}",
         "update period: 'soon' -> '1h'"},
        {"size", "{'size': '1024Mi'}", "{'size': '1Gi'}", "none"},
        {"size other", "{'size': '1025Mi'}", "{'size': '1Gi'}", "update size: '1Gi' -> '1025Mi'"},
        {"loose number", "{'loose': 5}", "{'loose': '5'}", "none"},
        {"loose boolean", "{'loose': true}", "{'loose': 'true'}", "none"},
        {"loose other", "{'loose': true}", "{'loose': 'false'}", "update loose: 'false' -> true"},
        {"loose against map", "{'loose': 'x'}", "{'loose': {}}", "update loose: {} -> 'x'"},
        {"not in the schema", "{'strange': 'a'}", "{'strange': 'b'}", "none"},
    };
    check_rows(rows, COUNT(rows));
}

static void test_annotations(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"identity", "{'name': 'a'}", "{'name': 'b'}", "none"},
        {"input", "{'sugar': 'a'}", "{'sugar': 'b'}", "none"},
        {"computed", "{'arn': 'a'}", "{'arn': 'b'}", "none"},
        {"write-only", "{'password': 'env:P'}", "{}",
         "none | unknown password (drift not visible here)"},
        {"force new", "{'engine': 'b'}", "{'engine': 'a'}", "replace engine: 'a' -> 'b'"},
        {"force new, not set before", "{'engine': 'b'}", "{}", "update engine: - -> 'b'"},
        {"disruptive", "{'mode': 'b'}", "{'mode': 'a'}", "update mode: 'a' -> 'b' | it restarts"},
        {"unknown", "{'plain': '?box.o/arn'}", "{'plain': 'a'}",
         "update plain: 'a' -> {'$unknown':'box.o/arn'} | unknown plain"},
        {"unknown and absent", "{'plain': '?box.o/arn'}", "{}",
         "update plain: - -> {'$unknown':'box.o/arn'} | unknown plain"},
        {"its own attribute", "{'plain': '?box.b/arn'}", "{'plain': 'x', 'arn': 'x'}", "none"},
        {"unknown in a list", "{'ordered': ['a', '?box.o/arn']}", "{'ordered': ['a', 'b']}",
         "update ordered: ['a','b'] -> ['a',{'$unknown':'box.o/arn'}] | unknown ordered"},
        {"unknown in a set", "{'set': ['?box.o/arn']}", "{'set': []}",
         "update set: [] -> [{'$unknown':'box.o/arn'}] | unknown set"},
        {"unknown in a rule", "{'rules': [{'id': 'lb-a', 'after': '?box.o/arn'}]}", "{}",
         "update rules/lb-a: - -> {'id':'lb-a','after':{'$unknown':'box.o/arn'}} | unknown "
         "rules/lb-a"},
        {"unknown in a map", "{'tags': {'a': '?box.o/arn'}}", "{'tags': {}}",
         "update tags/a: - -> {'$unknown':'box.o/arn'} | unknown tags/a"},
        {"unknown deep", "{'shape': {'disk': {'size': '?box.o/arn'}}}", "{}",
         "update shape/disk/size: - -> {'$unknown':'box.o/arn'} | unknown shape/disk/size"},
        {"either text", "{'either': 'a'}", "{'either': 'b'}", "update either: 'b' -> 'a'"},
        {"either map, equal", "{'either': {'team': 'OPS'}}", "{'either': {'team': 'ops'}}", "none"},
        {"either map", "{'either': {'team': 'a'}}", "{'either': {'team': 'b'}}",
         "update either/team: 'b' -> 'a'"},
        {"either set", "{'either': ['a', 'b']}", "{'either': ['b', 'a']}", "none"},
        {"either, other type", "{'either': {'team': 'a'}}", "{'either': 'a'}",
         "update either: 'a' -> {'team':'a'}"},
        {"policy text", "{'policy': {'Statement': {'Effect': 'Allow', 'Action': 'S3:*'}}}",
         "{'policy': {'Statement': [{'Action': ['s3:*'], 'Effect': 'Allow'}]}}", "none"},
        {"policy other", "{'policy': {'Statement': []}}", "{'policy': {'Statement': [{}]}}",
         "update policy: {'Statement':[{}]} -> {'Statement':[]}"},
        {"json order of keys", "{'json': {'a': 1, 'b': [2]}}", "{'json': {'b': [2], 'a': 1}}",
         "none"},
        {"json text against tree", "{'json': {'a': 1}}", "{'json': '{ \\'a\\' : 1 }'}", "none"},
        {"json other", "{'json': {'a': 1}}", "{'json': {'a': 2}}",
         "update json: {'a':2} -> {'a':1}"},
        {"json is whole", "{'json': {'a': 1}}", "{'json': {'a': 1, 'b': 2}}",
         "update json: {'a':1,'b':2} -> {'a':1}"},
    };
    check_rows(rows, COUNT(rows));
}

static void test_lists(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"ordered equal", "{'ordered': ['a', 'b']}", "{'ordered': ['a', 'b']}", "none"},
        {"ordered moved", "{'ordered': ['a', 'b']}", "{'ordered': ['b', 'a']}",
         "update ordered: ['b','a'] -> ['a','b']"},
        {"ordered emptied", "{'ordered': []}", "{'ordered': ['a']}", "update ordered: ['a'] -> []"},
        {"ordered empty, absent", "{'ordered': []}", "{}", "none"},
        {"set moved", "{'set': ['a', 'b']}", "{'set': ['b', 'a']}", "none"},
        {"set twice", "{'set': ['a', 'b']}", "{'set': ['b', 'a', 'b']}", "none"},
        {"set missing", "{'set': ['a', 'b']}", "{'set': ['b']}", "update set: ['b'] -> ['a','b']"},
        {"set surplus", "{'set': ['a']}", "{'set': ['a', 'b']}", "update set: ['a','b'] -> ['a']"},
        {"set absent", "{'set': ['a']}", "{}", "update set: - -> ['a']"},
        {"set empty, absent", "{'set': []}", "{}", "none"},
        {"set empty, null", "{'set': []}", "{'set': null}", "none"},
        {"set emptied", "{'set': []}", "{'set': ['a']}", "update set: ['a'] -> []"},
        {"set, other type", "{'set': ['a']}", "{'set': 'a'}", "update set: 'a' -> ['a']"},
        {"set of sizes", "{'sizes': ['1Gi', '5Ki']}", "{'sizes': ['5120', '1024Mi']}", "none"},
        {"kept set", "{'kept': ['a']}", "{'kept': ['x', 'a']}", "none | foreign kept/x"},
        {"kept set, ours", "{'kept': ['a']}", "{'kept': ['lb-old', 'a']}",
         "update kept: ['lb-old','a'] -> ['a']"},
        {"kept set, all", "{'kept': ['a']}", "{'kept': ['lb-old', 'x']}",
         "update kept: ['lb-old','x'] -> ['a','x'] | foreign kept/x"},
        {"keyed equal", "{'strict': [{'id': 'a', 'n': 1}, {'id': 'b'}]}",
         "{'strict': [{'id': 'b'}, {'id': 'a', 'n': 1}]}", "none"},
        {"keyed other", "{'strict': [{'id': 'a', 'n': 1}]}", "{'strict': [{'id': 'a', 'n': 2}]}",
         "update strict/a/n: 2 -> 1"},
        {"keyed surplus", "{'strict': [{'id': 'a'}]}", "{'strict': [{'id': 'b'}, {'id': 'a'}]}",
         "update strict/b: {'id':'b'} -> -"},
        {"keyed missing", "{'strict': [{'id': 'a'}]}", "{'strict': []}",
         "update strict/a: - -> {'id':'a'}"},
        {"keyed empty, absent", "{'strict': []}", "{}", "none"},
        {"keyed without a key", "{'strict': [{'n': 1}]}", "{'strict': [{'n': 1}]}", "none"},
        {"keyed twice in live", "{'strict': [{'id': 'a', 'n': 1}]}",
         "{'strict': [{'id': 'a', 'n': 1}, {'id': 'a', 'n': 2}]}",
         "update strict/a: {'id':'a','n':2} -> -"},
        {"rules, foreign", "{'rules': [{'id': 'lb-a'}]}",
         "{'rules': [{'id': 'x'}, {'id': 'lb-a'}, {'id': 'y'}]}",
         "none | foreign rules/x | foreign rules/y"},
        {"rules, ours to remove", "{'rules': []}", "{'rules': [{'id': 'lb-a'}, {'id': 'x'}]}",
         "update rules/lb-a: {'id':'lb-a'} -> - | foreign rules/x"},
        {"rules, undeclared", "{}", "{'rules': [{'id': 'lb-a'}]}", "none"},
        {"rules, duration", "{'rules': [{'id': 'lb-a', 'after': '7d'}]}",
         "{'rules': [{'id': 'lb-a', 'after': '168h'}]}", "none"},
        {"rules, computed", "{'rules': [{'id': 'lb-a'}]}",
         "{'rules': [{'id': 'lb-a', 'version': '3'}]}", "none"},
        {"rules, surplus attribute", "{'rules': [{'id': 'lb-a'}]}",
         "{'rules': [{'id': 'lb-a', 'after': '1d'}]}", "update rules/lb-a/after: '1d' -> -"},
        {"rules, null asks nothing", "{'rules': [{'id': 'lb-a', 'after': null}]}",
         "{'rules': [{'id': 'lb-a', 'version': '1', 'filter': {}}]}", "none"},
        {"rules, leaf by leaf", "{'rules': [{'id': 'lb-a', 'after': '2d', 'kinds': []}]}",
         "{'rules': [{'id': 'lb-a', 'after': '1d', 'filter': {'p': 'x'}, 'version': '1'}]}",
         "update rules/lb-a/after: '1d' -> '2d'; rules/lb-a/filter: {'p':'x'} -> -"},
        {"rules, empty parts", "{'rules': [{'id': 'lb-a', 'kinds': [], 'filter': {}}]}",
         "{'rules': [{'id': 'lb-a', 'hops': []}]}", "none"},
        {"rules, set within", "{'rules': [{'id': 'lb-a', 'kinds': ['p', 'q']}]}",
         "{'rules': [{'id': 'lb-a', 'kinds': ['q', 'p']}]}", "none"},
        {"rules, set within that is no subset", "{'rules': [{'id': 'lb-a', 'kinds': ['p', 'p']}]}",
         "{'rules': [{'id': 'lb-a', 'kinds': ['p', 'q']}]}",
         "update rules/lb-a/kinds: ['p','q'] -> ['p','p']"},
        {"rules, keyed within",
         "{'rules': [{'id': 'lb-a', 'hops': [{'to': 'x'}, {'to': 'y', 'cost': 1}]}]}",
         "{'rules': [{'id': 'lb-a', 'hops': [{'to': 'y', 'cost': 1}, {'to': 'x'}]}]}", "none"},
        {"rules, keyed within, twice",
         "{'rules': [{'id': 'lb-a', 'hops': [{'to': 'x'}, {'to': 'x'}]}]}",
         "{'rules': [{'id': 'lb-a', 'hops': [{'to': 'x'}, {'to': 'y'}]}]}",
         "update rules/lb-a/hops: [{'to':'x'},{'to':'y'}] -> [{'to':'x'},{'to':'x'}]"},
    };
    check_rows(rows, COUNT(rows));
}

static void test_maps(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"tags, foreign", "{'tags': {'a': '1'}}", "{'tags': {'a': '1', 'x': '2'}}",
         "none | foreign tags/x"},
        {"tags, ours to remove", "{'tags': {'a': '1'}}", "{'tags': {'a': '1', 'lb:x': '2'}}",
         "update tags/lb:x: '2' -> -"},
        {"tags, other", "{'tags': {'a': '1'}}", "{'tags': {'a': '2'}}",
         "update tags/a: '2' -> '1'"},
        {"tags, missing", "{'tags': {'a': '1'}}", "{'tags': {}}", "update tags/a: - -> '1'"},
        {"tags, absent", "{'tags': {'a': '1'}}", "{}", "update tags/a: - -> '1'"},
        {"tags, empty", "{'tags': {}}", "{'tags': {'x': '2'}}", "none | foreign tags/x"},
        {"tags, empty and absent", "{'tags': {}}", "{}", "none"},
        {"tags, empty and null", "{'tags': {}}", "{'tags': null}", "none"},
        {"tags, null member", "{'tags': {'a': null}}", "{'tags': {'a': '1'}}", "none"},
        {"labels, removed", "{'labels': {}}", "{'labels': {'x': '2'}}",
         "update labels/x: '2' -> -"},
        {"labels, live null", "{'labels': {'a': '1'}}", "{'labels': {'a': null}}",
         "update labels/a: - -> '1'"},
        {"labels, live null of another", "{'labels': {}}", "{'labels': {'a': null}}", "none"},
        {"shape, server defaults", "{'shape': {'count': 2}}",
         "{'shape': {'count': 2, 'zone': 'a', 'more': 1}}", "none"},
        {"shape, nested", "{'shape': {'disk': {'size': '1Gi'}}}",
         "{'shape': {'disk': {'size': '1024Mi', 'iops': 3000}}}", "none"},
        {"shape, nested other", "{'shape': {'disk': {'size': '2Gi'}, 'count': 1}}",
         "{'shape': {'disk': {'size': '1Gi', 'iops': 3000}, 'count': 1}}",
         "update shape/disk/size: '1Gi' -> '2Gi'"},
        {"shape, nothing there", "{'shape': {'disk': {'size': '2Gi'}}}", "{}",
         "update shape/disk/size: - -> '2Gi'"},
        {"shape, other type", "{'shape': {'count': 1}}", "{'shape': []}",
         "update shape: [] -> {'count':1}"},
        {"free, other", "{'free': {'a': 1, 'b': {'c': 2}}}", "{'free': {'a': 2, 'b': {'c': 2}}}",
         "update free/a: 2 -> 1"},
        {"free, deep", "{'free': {'b': {'c': 2}}}", "{'free': {'b': {'c': 3}, 'd': 4}}",
         "update free/b: {'c':3} -> {'c':2}; free/d: 4 -> -"},
        {"free, live null", "{'free': {'a': 1}}", "{'free': {'a': null}}", "update free/a: - -> 1"},
        {"free, unknown", "{'free': {'b': '?box.o/arn'}}", "{}",
         "update free/b: - -> {'$unknown':'box.o/arn'} | unknown free/b"},
        {"several", "{'plain': 'a', 'set': ['x'], 'tags': {'t': '1'}}",
         "{'plain': 'b', 'tags': {'u': '1'}}",
         "update plain: 'b' -> 'a'; set: - -> ['x']; tags/t: - -> '1' | foreign tags/u"},
        {"new", "{'plain': 'a', 'tags': {'t': '1'}}", NULL,
         "create plain: - -> 'a'; tags: - -> {'t':'1'}"},
        {"new, nothing said", "{'plain': null, 'tags': {}, 'set': [], 'shape': {'disk': {}}}", NULL,
         "create"},
        {"new, no inputs", "{'sugar': 'a', 'arn': 'x', 'strange': 1}", NULL, "create"},
        {"new, unknown", "{'plain': '?box.o/arn'}", NULL,
         "create plain: - -> {'$unknown':'box.o/arn'} | unknown plain"},
        {"new, write-only", "{'password': 'env:P'}", NULL, "create password: - -> 'env:P'"},
        {"new, force new", "{'engine': 'a'}", NULL, "create engine: - -> 'a'"},
    };
    check_rows(rows, COUNT(rows));
}

/* What is there, and whose it is, decides before the attributes do. */
static void test_status(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum lb_live_status status;
        bool managed;
        const char *desired, *action, *reason;
    } rows[] = {
        {"equal", LB_LIVE_PRESENT, true, "{'plain': 'a'}", "none", NULL},
        {"differs", LB_LIVE_PRESENT, true, "{'plain': 'b'}", "update",
         "live differs from the spec"},
        {"absent", LB_LIVE_ABSENT, true, "{'plain': 'a'}", "create", "not found in us-east-1"},
        {"unmanaged, equal", LB_LIVE_PRESENT, false, "{'plain': 'a'}", "none", NULL},
        {"unmanaged, differs", LB_LIVE_PRESENT, false, "{'plain': 'b'}", "read",
         "differs, but `managed: false`"},
        {"unmanaged, absent", LB_LIVE_ABSENT, false, "{'plain': 'a'}", "read",
         "not found in us-east-1"},
        {"in flux, equal", LB_LIVE_IN_FLUX, true, "{'plain': 'a'}", "read", "2 of 5"},
        {"in flux, differs", LB_LIVE_IN_FLUX, true, "{'plain': 'b'}", "update",
         "live differs from the spec"},
        {"unreadable", LB_LIVE_UNREADABLE, true, "{'plain': 'b'}", "none", NULL},
        {"force new", LB_LIVE_PRESENT, true, "{'engine': 'b'}", "replace", "the engine stays"},
        {"unmanaged, force new", LB_LIVE_PRESENT, false, "{'engine': 'b'}", "read",
         "differs, but `managed: false`"},
    };
    struct planner_kit kit;
    kit_init(&kit);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_resource *resource = kit_add(&kit, &box, "b", rows[i].desired,
                                               "{'plain': 'a', 'engine': 'a'}");
        struct lb_change change;
        resource->live.status = rows[i].status;
        resource->live.progress = "2 of 5";
        resource->managed = rows[i].managed;
        lb_diff_resource(kit.arena, &kit.stack, resource, &change);
        CHECK_TEXT(rows[i].name, lb_action_name(change.action), rows[i].action);
        CHECK_TEXT(rows[i].name, change.reason, rows[i].reason);
    }
    kit_release(&kit);
}

static void test_fields(void **state)
{
    (void)state;
    struct planner_kit kit;
    struct lb_change change;
    kit_init(&kit);
    struct lb_resource *resource = kit_add(&kit, &box, "b",
                                           "{'plain': 'a', 'rules': [{'id': 'lb-a'}],"
                                           " 'shape': {'count': 1}}",
                                           "{'rules': [{'id': 'lb-b'}], 'shape': {'count': 2}}");
    lb_map_get(resource->desired, "plain")->mark = &(struct lb_mark){&kit.source, 7, 1, 7, 2};
    lb_map_get(resource->desired, "rules")->why = "derived from box.c";
    lb_diff_resource(kit.arena, &kit.stack, resource, &change);
    static const char *const reasons[] = {"stated at line 7", "derived from box.c",
                                          "not in the spec any more", "part of its definition"};
    static const char *const granules[] = {"base", "rules", "rules", "base"};
    assert_int_equal(change.field_count, 4);
    for (size_t i = 0; i < COUNT(reasons); i++) {
        CHECK_TEXT(change.fields[i].path, change.fields[i].reason, reasons[i]);
        CHECK_TEXT(change.fields[i].path, change.fields[i].granule, granules[i]);
    }
    assert_true(lb_change_touches(&change, "rules"));
    assert_false(lb_change_touches(&change, "tags"));
    /* the resolved copy is compared; the object itself stays as it was derived and read */
    assert_ptr_not_equal(change.after, resource->desired);
    assert_ptr_not_equal(change.before, resource->live.value);
    kit_release(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars), cmocka_unit_test(test_annotations),
        cmocka_unit_test(test_lists),   cmocka_unit_test(test_maps),
        cmocka_unit_test(test_status),  cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
