/* Policy documents that say the same in other words, and those that only look so. */
#include "planner/policy_doc.h"
#include "tests/unit/planner_kit.h"

#define ONE "{'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', "
#define END "}]}"

struct row {
    const char *name, *a, *b;
};

static void check_rows(const struct row *rows, size_t count, bool wanted)
{
    struct lb_arena *arena = lb_arena_new();
    for (size_t i = 0; i < count; i++) {
        const struct lb_value *a = kit_tree(arena, rows[i].a), *b = kit_tree(arena, rows[i].b);
        if (lb_policy_equal(a, b) != wanted || lb_policy_equal(b, a) != wanted)
            fail_msg("%s: %s", rows[i].name, wanted ? "not equal" : "equal");
        CHECK(rows[i].name, lb_policy_equal(a, a) && lb_policy_equal(b, b));
    }
    lb_arena_free(arena);
}

static void test_equal(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"same", ONE "'Action': 's3:Get'" END, ONE "'Action': 's3:Get'" END},
        {"list of one", ONE "'Action': ['s3:Get']" END, ONE "'Action': 's3:Get'" END},
        {"one statement", "{'Statement': {'Effect': 'Deny'}}",
         "{'Statement': [{'Effect': 'Deny'}]}"},
        {"order of a list", ONE "'Action': ['a:B', 'a:C']" END, ONE "'Action': ['a:C', 'a:B']" END},
        {"said twice", ONE "'Action': ['a:B', 'a:B']" END, ONE "'Action': 'a:B'" END},
        {"order of keys", ONE "'Action': 'a:B', 'Resource': '*'" END,
         ONE "'Resource': '*', 'Action': 'a:B'" END},
        {"order of statements", "{'Statement': [{'Action': 'a:B'}, {'Action': 'a:C'}]}",
         "{'Statement': [{'Action': 'a:C'}, {'Action': 'a:B'}]}"},
        {"statement twice", "{'Statement': [{'Action': 'a:B'}, {'Action': ['a:B']}]}",
         "{'Statement': [{'Action': 'a:B'}]}"},
        {"statement twice, by another Sid",
         "{'Statement': [{'Sid': 'x', 'Action': 'a:B'}, {'Sid': 'y', 'Action': 'a:B'}]}",
         "{'Statement': [{'Action': 'a:B'}]}"},
        {"Sid", ONE "'Sid': 'x'" END, ONE "'Sid': 'y'" END},
        {"Id", "{'Id': 'x', 'Statement': []}", "{'Statement': []}"},
        {"no version", "{'Statement': []}", "{'Version': '2008-10-17', 'Statement': []}"},
        {"case of actions", ONE "'Action': 'S3:getObject'" END, ONE "'Action': 's3:GetObject'" END},
        {"case of other actions", ONE "'NotAction': 'S3:*'" END, ONE "'NotAction': ['s3:*']" END},
        {"root", ONE "'Principal': {'AWS': '111122223333'}" END,
         ONE "'Principal': {'AWS': 'arn:aws:iam::111122223333:root'}" END},
        {"root in China", ONE "'Principal': {'AWS': '111122223333'}" END,
         ONE "'Principal': {'AWS': ['arn:aws-cn:iam::111122223333:root']}" END},
        {"root in GovCloud", ONE "'Principal': {'AWS': '111122223333'}" END,
         ONE "'Principal': {'AWS': 'arn:aws-us-gov:iam::111122223333:root'}" END},
        {"root among others",
         ONE "'Principal': {'AWS': ['arn:aws:iam::111122223333:root', '444455556666']}" END,
         ONE "'Principal': {'AWS': ['arn:aws:iam::444455556666:root', '111122223333']}" END},
        {"everybody", ONE "'Principal': '*'" END, ONE "'Principal': {'AWS': '*'}" END},
        {"everybody, in lists", ONE "'Principal': ['*']" END,
         ONE "'Principal': {'AWS': ['*']}" END},
        {"nobody", ONE "'NotPrincipal': '*'" END, ONE "'NotPrincipal': {'AWS': '*'}" END},
        {"boolean condition", ONE "'Condition': {'Bool': {'aws:SecureTransport': false}}" END,
         ONE "'Condition': {'Bool': {'aws:SecureTransport': 'false'}}" END},
        {"number condition", ONE "'Condition': {'NumericLessThan': {'s3:max-keys': 10}}" END,
         ONE "'Condition': {'NumericLessThan': {'s3:max-keys': ['10']}}" END},
        {"case of condition keys",
         ONE "'Condition': {'StringEquals': {'AWS:SourceAccount': '1'}}" END,
         ONE "'Condition': {'stringequals': {'aws:SourceAccount': '1'}}" END},
        {"order in a condition", ONE "'Condition': {'A': {'k': ['x', 'y']}, 'B': {'j': '1'}}" END,
         ONE "'Condition': {'B': {'j': ['1']}, 'A': {'k': ['y', 'x']}}" END},
        {"JSON text", "'{\\'Statement\\': [{\\'Action\\': \\'a:B\\'}]}'",
         "{'Statement': {'Action': 'A:b'}}"},
        {"percent-encoded text", "'%7B%22Statement%22%3A%5B%7B%22Action%22%3A%22a%3AB%22%7D%5D%7D'",
         "{'Statement': {'Action': 'a:b'}}"},
        {"both text", "'{ \\'Statement\\': [] }'", "'{\\'Statement\\':[]}'"},
    };
    check_rows(rows, COUNT(rows), true);
}

static void test_other(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"effect", ONE "'Sid': 'x'" END,
         "{'Version': '2012-10-17', 'Statement': [{'Effect': 'Deny'}]}"},
        {"version", "{'Version': '2012-10-17', 'Statement': []}", "{'Statement': []}"},
        {"one action more", ONE "'Action': ['a:B', 'a:C']" END, ONE "'Action': 'a:B'" END},
        {"one statement more", "{'Statement': [{'Action': 'a:B'}, {'Action': 'a:C'}]}",
         "{'Statement': [{'Action': 'a:B'}]}"},
        {"Action is not NotAction", ONE "'Action': 'a:B'" END, ONE "'NotAction': 'a:B'" END},
        {"Resource is not NotResource", ONE "'Resource': '*'" END, ONE "'NotResource': '*'" END},
        {"case of resources", ONE "'Resource': 'arn:aws:s3:::A'" END,
         ONE "'Resource': 'arn:aws:s3:::a'" END},
        {"other account", ONE "'Principal': {'AWS': '111122223333'}" END,
         ONE "'Principal': {'AWS': 'arn:aws:iam::111122223334:root'}" END},
        {"a user called root", ONE "'Principal': {'AWS': '111122223333'}" END,
         ONE "'Principal': {'AWS': 'arn:aws:iam::111122223333:user/a:root'}" END},
        {"root of something else", ONE "'Principal': {'AWS': '111122223333'}" END,
         ONE "'Principal': {'AWS': 'arn:aws:sts::111122223333:root'}" END},
        {"root with a tail", ONE "'Principal': {'AWS': '111122223333'}" END,
         ONE "'Principal': {'AWS': 'arn:aws:iam::1111222233334:root'}" END},
        {"root with a region", ONE "'Principal': {'AWS': '111122223333'}" END,
         ONE "'Principal': {'AWS': 'arn:aws:x:iam::111122223333:root'}" END},
        {"a service is no account", ONE "'Principal': {'Service': '111122223333'}" END,
         ONE "'Principal': {'Service': 'arn:aws:iam::111122223333:root'}" END},
        {"everybody is not one", ONE "'Principal': '*'" END,
         ONE "'Principal': {'AWS': '111122223333'}" END},
        {"everybody is not every service", ONE "'Principal': '*'" END,
         ONE "'Principal': {'Service': '*'}" END},
        {"no principal", ONE "'Principal': '*'" END, ONE "'Sid': 'x'" END},
        {"condition value", ONE "'Condition': {'Bool': {'k': true}}" END,
         ONE "'Condition': {'Bool': {'k': false}}" END},
        {"case of condition values", ONE "'Condition': {'StringEquals': {'k': 'A'}}" END,
         ONE "'Condition': {'StringEquals': {'k': 'a'}}" END},
        {"condition operator", ONE "'Condition': {'StringLike': {'k': 'a'}}" END,
         ONE "'Condition': {'StringEquals': {'k': 'a'}}" END},
        {"a condition more", ONE "'Condition': {'StringLike': {'k': 'a', 'l': 'b'}}" END,
         ONE "'Condition': {'StringLike': {'k': 'a'}}" END},
        {"a condition at all", ONE "'Condition': {'StringLike': {'k': 'a'}}" END,
         ONE "'Sid': 'x'" END},
        {"a condition key twice", ONE "'Condition': {'StringLike': {'k': 'a', 'K': 'b'}}" END,
         ONE "'Condition': {'StringLike': {'K': 'b'}}" END},
        {"an id in a condition", ONE "'Condition': {'StringEquals': {'Id': 'a'}}" END,
         ONE "'Condition': {'StringEquals': {'Id': 'b'}}" END},
        {"not known yet", ONE "'Principal': {'AWS': '?role.r/arn'}" END,
         ONE "'Principal': {'AWS': 'arn:aws:iam::111122223333:role/r'}" END},
        {"text that is no JSON", "'{\\'Statement\\': ['", "{'Statement': []}"},
        {"no document", "'x'", "'y'"},
        {"null", "null", "{}"},
        {"a list", "[]", "{}"},
        {"statement is text", "{'Statement': 'x'}", "{'Statement': ['y']}"},
        {"statement of numbers", "{'Statement': [1, [2], null]}", "{'Statement': [1, [3], null]}"},
        {"principal is a number", ONE "'Principal': 1" END, ONE "'Principal': 2" END},
        {"condition is a list", ONE "'Condition': ['x']" END, ONE "'Condition': {}" END},
        {"nested deeper than it may be", ONE "'Condition': {'A': {'k': {'z': 1}}}" END,
         ONE "'Condition': {'A': {'k': {'z': 2}}}" END},
    };
    check_rows(rows, COUNT(rows), false);
}

static void test_absent(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    const struct lb_value *some = kit_tree(arena, "{}");
    assert_true(lb_policy_equal(NULL, NULL));
    assert_false(lb_policy_equal(NULL, some));
    assert_false(lb_policy_equal(some, NULL));
    lb_arena_free(arena);
}

/* Equal keys that collide after folding, and texts as large as a service takes. */
static void test_hostile(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_value *a = lb_value_map(arena);
    struct lb_value *statements = lb_map_list(arena, a, "Statement");
    for (int i = 0; i < 2000; i++) {
        struct lb_value *statement = lb_list_add(arena, statements, lb_value_map(arena));
        lb_map_set(arena, statement, "Action", lb_value_format(arena, "s3:%d", i * 7919 % 2000));
    }
    struct lb_value *b = lb_value_copy(arena, a);
    lb_list_sort(lb_map_get(b, "Statement"));
    assert_true(lb_policy_equal(a, b));
    lb_map_set_string(arena, lb_list_item(lb_map_get(b, "Statement"), 1000), "Action", "s3:x");
    assert_false(lb_policy_equal(a, b));
    const struct lb_value *deep = lb_value_map(arena);
    for (int i = 0; i < 500; i++) {
        struct lb_value *above = lb_value_map(arena);
        lb_map_set(arena, above, "Statement", (struct lb_value *)deep);
        deep = above;
    }
    assert_true(lb_policy_equal(deep, deep));
    lb_arena_free(arena);
}

static void test_glob(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"a*", "abc", true},
        {"*c", "abc", true},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"a**c", "ac", true},
        {"*b*", "abc", true},
        {"s3:Get*", "s3:Put", false},
        {"*a*b", "aab", true},
        {"*ab", "aab", true},
        {"?", "", false},
        {"*?", "", false},
        {"a*b*c*d", "axbxcx", false},
        {"[a]", "a", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(rows[i].pattern, lb_policy_glob(rows[i].pattern, rows[i].text) == rows[i].matches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),   cmocka_unit_test(test_other), cmocka_unit_test(test_absent),
        cmocka_unit_test(test_hostile), cmocka_unit_test(test_glob),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
