/* policy_doc.c: AWS gives a policy back in other words than it was sent in: lists of one become
 * strings, orders change, an account number becomes its root ARN. Both sides are brought into one
 * form and compared there.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
#include "planner/policy_doc.h"

#include "base/json.h"

#include <ctype.h>
#include <string.h>

static struct lb_value *canonical(struct lb_arena *arena, const struct lb_value *value,
                                  const char *key);

static bool is_account(const char *text)
{
    size_t n = 0;
    while (isdigit((unsigned char)text[n]))
        n++;
    return n == 12 && !text[n];
}

static struct lb_value *canonical_text(struct lb_arena *arena, const char *text, const char *key)
{
    if (lb_streq(key, "AWS") && lb_starts_with(text, "arn:") && lb_ends_with(text, ":root")) {
        const char *account = strstr(text, "::");
        if (account && strlen(account) >= 14)
            return lb_value_stringn(arena, account + 2, 12);
    }
    if (lb_streq(key, "AWS") && is_account(text))
        return lb_value_string(arena, text);
    /* action names are case-insensitive */
    if (lb_streq(key, "Action") || lb_streq(key, "NotAction"))
        return lb_value_string(arena, lb_lowercase(arena, text));
    return lb_value_string(arena, text);
}

/* Everything that may be a list is one, sorted. */
static struct lb_value *canonical_list(struct lb_arena *arena, const struct lb_value *value,
                                       const char *key)
{
    struct lb_value *list = lb_value_list(arena);
    if (value->type == LB_LIST)
        for (size_t i = 0; i < lb_value_count(value); i++)
            lb_list_add(arena, list, canonical(arena, lb_list_item(value, i), key));
    else
        lb_list_add(arena, list, canonical(arena, value, key));
    lb_list_sort(list);
    return list;
}

static bool stays_scalar(const char *key)
{
    return lb_streq(key, "Version") || lb_streq(key, "Effect") || lb_streq(key, "Sid") ||
           lb_streq(key, "Id");
}

static struct lb_value *canonical_map(struct lb_arena *arena, const struct lb_value *value)
{
    struct lb_value *map = lb_value_map(arena);
    for (size_t i = 0; i < lb_value_count(value); i++) {
        const struct lb_entry *entry = lb_map_nth(value, i);
        if (lb_streq(entry->key, "Sid") || lb_streq(entry->key, "Id"))
            continue; /* labels: no effect */
        if (entry->value->type == LB_MAP && !lb_streq(entry->key, "Statement"))
            lb_map_set(arena, map, entry->key, canonical_map(arena, entry->value));
        else if (stays_scalar(entry->key))
            lb_map_set(arena, map, entry->key, canonical(arena, entry->value, entry->key));
        else
            lb_map_set(arena, map, entry->key, canonical_list(arena, entry->value, entry->key));
    }
    lb_map_sort(map);
    return map;
}

static struct lb_value *canonical(struct lb_arena *arena, const struct lb_value *value,
                                  const char *key)
{
    if (value->type == LB_MAP)
        return canonical_map(arena, value);
    if (value->type == LB_UNKNOWN)
        return lb_value_copy(arena, value);
    const char *text = lb_text(value, NULL); /* booleans and numbers are strings in conditions */
    return text ? canonical_text(arena, text, key) : lb_value_copy(arena, value);
}

static const struct lb_value *as_tree(struct lb_arena *arena, const struct lb_value *value)
{
    if (value->type != LB_STRING)
        return value;
    const char *error;
    struct lb_value *tree = lb_json_parse(arena, value->as.text.bytes, value->as.text.length,
                                          &error);
    return tree ? tree : value;
}

/* {"Principal": "*"} and {"Principal": {"AWS": "*"}} say the same. */
static void widen_principal(struct lb_arena *arena, struct lb_value *document)
{
    const struct lb_value *statements = lb_map_get(document, "Statement");
    for (size_t i = 0; i < lb_value_count(statements); i++) {
        struct lb_value *statement = lb_list_item(statements, i);
        struct lb_value *principal = lb_map_get(statement, "Principal");
        if (!lb_is(principal, LB_LIST) || !lb_list_has(principal, "*"))
            continue;
        struct lb_value *any = lb_value_map(arena);
        lb_map_set(arena, any, "AWS", principal);
        lb_map_set(arena, statement, "Principal", any);
    }
}

bool lb_policy_equal(const struct lb_value *a, const struct lb_value *b)
{
    if (!a || !b)
        return a == b;
    struct lb_arena *scratch = lb_arena_new();
    struct lb_value *x = canonical(scratch, as_tree(scratch, a), "");
    struct lb_value *y = canonical(scratch, as_tree(scratch, b), "");
    widen_principal(scratch, x);
    widen_principal(scratch, y);
    struct lb_value *xs = lb_map_get(x, "Statement"), *ys = lb_map_get(y, "Statement");
    if (xs && ys) {
        lb_list_sort(xs);
        lb_list_sort(ys);
    }
    bool equal = lb_value_equal(x, y);
    lb_arena_free(scratch);
    return equal;
}

bool lb_policy_glob(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            resume = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}
