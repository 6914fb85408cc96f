/* diff_equal.c: when two values say the same under a schema node. Services give back in other words
 * what they were sent: another order, another unit, a quoted number, an empty list left out. None
 * of that is a change.
 */
#include "planner/diff.h"

#include "planner/policy_doc.h"

#include "base/json.h"
#include "base/time.h"

#include <ctype.h>

static bool equal_nocase(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
    return *a == *b;
}

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* The next character of a name; Route 53 writes '*' and others as \ooo in octal.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html */
static int next_dns(const char **at)
{
    const char *c = *at;
    if (*c == '.' && !c[1]) /* the trailing dot says nothing */
        c++;
    if (*c == '\\' && is_octal(c[1]) && is_octal(c[2]) && is_octal(c[3])) {
        *at = c + 4;
        return tolower((c[1] - '0') * 64 + (c[2] - '0') * 8 + (c[3] - '0'));
    }
    *at = *c ? c + 1 : c;
    return tolower((unsigned char)*c);
}

static bool equal_dns(const char *a, const char *b)
{
    for (;;) {
        int x = next_dns(&a), y = next_dns(&b);
        if (x != y || !x)
            return x == y;
    }
}

static bool equal_text(enum lb_compare compare, const char *a, const char *b)
{
    int64_t x, y;
    switch (compare) {
    case LB_COMPARE_NOCASE:
        return equal_nocase(a, b);
    case LB_COMPARE_DNS:
        return equal_dns(a, b);
    case LB_COMPARE_DURATION:
        return lb_duration_parse(a, &x) == 0 && lb_duration_parse(b, &y) == 0 ? x == y
                                                                              : lb_streq(a, b);
    case LB_COMPARE_SIZE:
        return lb_size_parse(a, &x) == 0 && lb_size_parse(b, &y) == 0 ? x == y : lb_streq(a, b);
    default:
        return lb_streq(a, b);
    }
}

static bool equal_scalar(const struct lb_schema *schema, const struct lb_value *a,
                         const struct lb_value *b)
{
    enum lb_compare compare = schema ? schema->compare : LB_COMPARE_EXACT;
    const char *x = lb_text(a, NULL), *y = lb_text(b, NULL);
    if (a->type == LB_UNKNOWN || b->type == LB_UNKNOWN)
        return lb_value_equal(a, b);
    if (compare == LB_COMPARE_TEXT || (x && y && compare != LB_COMPARE_EXACT))
        return x && y && equal_text(compare, x, y);
    /* 5 and "5" differ in JSON only: a service's quoting is no change */
    if (x && y && a->type != b->type && a->type != LB_BOOL && b->type != LB_BOOL)
        return lb_streq(x, y);
    return lb_value_equal(a, b);
}

static const struct lb_value *find_equal(const struct lb_schema *schema,
                                         const struct lb_value *list, const struct lb_value *item)
{
    for (size_t i = 0; i < lb_value_count(list); i++)
        if (lb_diff_equal(schema, lb_list_item(list, i), item))
            return lb_list_item(list, i);
    return NULL;
}

static const struct lb_value *find_key(const struct lb_schema *schema, const struct lb_value *list,
                                       const struct lb_value *item)
{
    const char *key = lb_diff_key(schema, item);
    for (size_t i = 0; i < lb_value_count(list); i++)
        if (lb_streq(lb_diff_key(schema, lb_list_item(list, i)), key))
            return lb_list_item(list, i);
    return NULL;
}

const char *lb_diff_key(const struct lb_schema *schema, const struct lb_value *item)
{
    return lb_text_at(item, schema->list_key, "");
}

const struct lb_value *lb_diff_find(const struct lb_schema *schema, const struct lb_value *list,
                                    const struct lb_value *item)
{
    return schema->list == LB_LIST_MAP ? find_key(schema, list, item)
                                       : find_equal(schema->items, list, item);
}

static bool covers_list(const struct lb_schema *schema, const struct lb_value *a,
                        const struct lb_value *b)
{
    for (size_t i = 0; i < lb_value_count(a); i++) {
        const struct lb_value *item = lb_list_item(a, i);
        const struct lb_value *other = lb_diff_find(schema, b, item);
        if (!other || !lb_diff_equal(schema->items, item, other))
            return false;
    }
    return true;
}

static bool equal_list(const struct lb_schema *schema, const struct lb_value *a,
                       const struct lb_value *b)
{
    if (schema && schema->list != LB_LIST_ORDERED)
        return covers_list(schema, a, b) && covers_list(schema, b, a);
    if (lb_value_count(a) != lb_value_count(b))
        return false;
    for (size_t i = 0; i < lb_value_count(a); i++)
        if (!lb_diff_equal(schema ? schema->items : NULL, lb_list_item(a, i), lb_list_item(b, i)))
            return false;
    return true;
}

bool lb_diff_covers(const struct lb_schema *schema, const struct lb_entry *entry,
                    const struct lb_value *map)
{
    const struct lb_schema *property = schema ? lb_schema_property(schema, entry->key) : NULL;
    const struct lb_value *other = lb_map_get(map, entry->key);
    if (entry->value->type == LB_NULL || (property && (property->computed || property->input)))
        return true;
    if (!other || other->type == LB_NULL)
        return lb_diff_says_nothing(entry->value);
    return lb_diff_equal(property, entry->value, other);
}

static bool covers_map(const struct lb_schema *schema, const struct lb_value *a,
                       const struct lb_value *b)
{
    for (size_t i = 0; i < lb_value_count(a); i++)
        if (!lb_diff_covers(schema, lb_map_nth(a, i), b))
            return false;
    return true;
}

static const struct lb_value *as_tree(struct lb_arena *arena, const struct lb_value *value)
{
    const char *error;
    if (value->type != LB_STRING)
        return value;
    struct lb_value *tree = lb_json_parse(arena, value->as.text.bytes, value->as.text.length,
                                          &error);
    return tree ? tree : value;
}

static bool equal_json(const struct lb_value *a, const struct lb_value *b)
{
    struct lb_arena *scratch = lb_arena_new();
    bool equal = lb_value_equal(as_tree(scratch, a), as_tree(scratch, b));
    lb_arena_free(scratch);
    return equal;
}

bool lb_diff_equal(const struct lb_schema *schema, const struct lb_value *a,
                   const struct lb_value *b)
{
    if (!a || !b)
        return a == b;
    if (schema && schema->compare == LB_COMPARE_POLICY)
        return lb_policy_equal(a, b);
    if (schema && schema->compare == LB_COMPARE_JSON)
        return equal_json(a, b);
    if (a->type != b->type && (a->type >= LB_LIST || b->type >= LB_LIST))
        return false;
    schema = schema ? lb_schema_branch(schema, a->type) : NULL;
    if (a->type == LB_LIST)
        return equal_list(schema, a, b);
    if (a->type == LB_MAP)
        return covers_map(schema, a, b) && covers_map(schema, b, a);
    return equal_scalar(schema, a, b);
}

bool lb_diff_says_nothing(const struct lb_value *value)
{
    if (value->type == LB_MAP) {
        for (size_t i = 0; i < lb_value_count(value); i++)
            if (!lb_diff_says_nothing(lb_map_nth(value, i)->value))
                return false;
        return true;
    }
    return value->type == LB_NULL || (value->type == LB_LIST && !lb_value_count(value));
}
