/* policy_doc.c: AWS gives a policy back in other words than it was sent in: lists of one become
 * strings, orders change, an account number becomes its root ARN. Both sides are brought into one
 * form and compared there.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
#include "planner/policy_doc.h"

#include "base/json.h"

#include <string.h>

static struct lb_value *canonical(struct lb_arena *arena, const struct lb_value *value,
                                  const char *key);

#define ACCOUNT_DIGITS 12

static bool is_account(const char *text, size_t length)
{
    return length == ACCOUNT_DIGITS && strspn(text, "0123456789") >= ACCOUNT_DIGITS;
}

/* "arn:aws-cn:iam::111122223333:root" -> the account number in it; NULL for any other principal. A
 * user may be called "a:root", so the shape must fit to the end. */
static const char *root_account(const char *text)
{
    static const char service[] = ":iam::";
    const char *at = lb_starts_with(text, "arn:aws") ? strstr(text, service) : NULL;
    if (!at || memchr(text + 4, ':', (size_t)(at - text - 4)))
        return NULL;
    at += sizeof service - 1;
    bool fits = is_account(at, strcspn(at, ":")) && lb_streq(at + ACCOUNT_DIGITS, ":root");
    return fits ? at : NULL;
}

static struct lb_value *canonical_text(struct lb_arena *arena, const char *text, const char *key)
{
    const char *account = lb_streq(key, "AWS") ? root_account(text) : NULL;
    if (account)
        return lb_value_stringn(arena, account, ACCOUNT_DIGITS);
    /* action names are case-insensitive */
    if (lb_streq(key, "Action") || lb_streq(key, "NotAction"))
        return lb_value_string(arena, lb_lowercase(arena, text));
    return lb_value_string(arena, text);
}

/* Sorted, and each once: no list of a policy says more by saying it twice. */
static void as_set(struct lb_value *list)
{
    size_t kept = 0;
    lb_list_sort(list);
    for (size_t i = 0; i < list->as.list.count; i++)
        if (!kept || !lb_value_equal(list->as.list.items[kept - 1], list->as.list.items[i]))
            list->as.list.items[kept++] = list->as.list.items[i];
    list->as.list.count = kept;
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
    as_set(list);
    return list;
}

/* {operator: {key: values}}; the names of keys are case-insensitive, as are operators. */
static struct lb_value *canonical_condition(struct lb_arena *arena, const struct lb_value *value,
                                            int depth)
{
    struct lb_value *map = lb_value_map(arena);
    for (size_t i = 0; i < lb_value_count(value); i++) {
        const struct lb_entry *entry = lb_map_nth(value, i);
        bool deeper = entry->value->type == LB_MAP && depth == 0;
        const char *key = lb_lowercase(arena, entry->key);
        if (lb_map_get(map, key)) /* twice in other case: two entries, not the last one */
            key = lb_arena_printf(arena, "%s#%zu", key, i);
        lb_map_set(arena, map, key,
                   deeper ? canonical_condition(arena, entry->value, depth + 1)
                          : canonical_list(arena, entry->value, "Condition"));
    }
    lb_map_sort(map);
    return map;
}

static struct lb_value *canonical_map(struct lb_arena *arena, const struct lb_value *value)
{
    struct lb_value *map = lb_value_map(arena);
    for (size_t i = 0; i < lb_value_count(value); i++) {
        const struct lb_entry *entry = lb_map_nth(value, i);
        if (lb_streq(entry->key, "Sid") || lb_streq(entry->key, "Id"))
            continue; /* labels: no effect */
        if (lb_streq(entry->key, "Condition") && entry->value->type == LB_MAP)
            lb_map_set(arena, map, entry->key, canonical_condition(arena, entry->value, 0));
        else if (entry->value->type == LB_MAP && !lb_streq(entry->key, "Statement"))
            lb_map_set(arena, map, entry->key, canonical_map(arena, entry->value));
        else if (lb_streq(entry->key, "Version") || lb_streq(entry->key, "Effect"))
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

/* Also from JSON text, which IAM gives percent-encoded. */
static const struct lb_value *as_tree(struct lb_arena *arena, const struct lb_value *value)
{
    const char *error;
    if (value->type != LB_STRING)
        return value;
    const char *text = value->as.text.bytes;
    if (lb_starts_with(text, "%7B") || lb_starts_with(text, "%7b"))
        text = lb_percent_decode(arena, text);
    struct lb_value *tree = text ? lb_json_parse(arena, text, strlen(text), &error) : NULL;
    return tree ? tree : value;
}

/* {"Principal": "*"} and {"Principal": {"AWS": "*"}} say the same. */
static void widen(struct lb_arena *arena, struct lb_value *statement, const char *key)
{
    struct lb_value *principal = lb_map_get(statement, key);
    if (!lb_is(principal, LB_LIST) || !lb_list_has(principal, "*"))
        return;
    struct lb_value *any = lb_value_map(arena);
    lb_map_set(arena, any, "AWS", principal);
    lb_map_set(arena, statement, key, any);
}

static struct lb_value *canonical_document(struct lb_arena *arena, const struct lb_value *value)
{
    struct lb_value *document = canonical(arena, as_tree(arena, value), "");
    struct lb_value *statements = lb_map_get(document, "Statement");
    if (lb_is(document, LB_MAP)) /* what a document without a version is read as */
        lb_map_default(arena, document, "Version", lb_value_string(arena, "2008-10-17"));
    for (size_t i = 0; i < lb_value_count(statements); i++) {
        widen(arena, lb_list_item(statements, i), "Principal");
        widen(arena, lb_list_item(statements, i), "NotPrincipal");
    }
    if (statements)
        as_set(statements);
    return document;
}

bool lb_policy_equal(const struct lb_value *a, const struct lb_value *b)
{
    if (!a || !b)
        return a == b;
    struct lb_arena *scratch = lb_arena_new();
    bool equal = lb_value_equal(canonical_document(scratch, a), canonical_document(scratch, b));
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
