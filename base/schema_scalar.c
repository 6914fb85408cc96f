/* schema_scalar.c: the rules of single values: choices, patterns, ranges, durations, sizes,
 * secrets. */
#include "base/schema_validate.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

/* --- choices ---------------------------------------------------------------------------------- */

static const char *choices_text(const struct lb_check *check, const struct lb_value *choices)
{
    struct lb_str out = {0};
    for (size_t i = 0; i < lb_value_count(choices); i++) {
        lb_str_printf(&out, "%s%s",
                      i ? ", " : "one of: ", lb_text(lb_list_item(choices, i), "null"));
    }
    return lb_str_take(&out, check->diags->arena);
}

static const char *nearest_choice(const struct lb_check *check, const struct lb_value *choices)
{
    size_t count = lb_value_count(choices), used = 0;
    const char **texts = lb_arena_array(check->diags->arena, count + 1, sizeof *texts);
    for (size_t i = 0; i < count; i++) {
        if (lb_is(lb_list_item(choices, i), LB_STRING)) {
            texts[used++] = lb_text(lb_list_item(choices, i), "");
        }
    }
    return lb_is(check->value, LB_STRING) ? lb_nearest(lb_text(check->value, ""), texts, used)
                                          : NULL;
}

static void check_choices(const struct lb_check *check)
{
    const struct lb_value *choices = lb_map_get(check->schema->raw, "enum");
    const struct lb_value *only = lb_map_get(check->schema->raw, "const");
    if (only && !lb_value_equal(only, check->value)) {
        const char *remedy = lb_arena_printf(check->diags->arena, "`%s: %s`", lb_check_key(check),
                                             lb_text(only, "null"));
        lb_check_error(check, "LB-S023", NULL, remedy, "%s is %s", lb_check_path(check),
                       lb_check_shown(check, check->value));
        return;
    }
    for (size_t i = 0; i < lb_value_count(choices); i++) {
        if (lb_value_equal(lb_list_item(choices, i), check->value)) {
            return;
        }
    }
    if (choices) {
        const char *near = nearest_choice(check, choices);
        const char *remedy = near ? lb_arena_printf(check->diags->arena, "did you mean `%s`?", near)
                                  : choices_text(check, choices);
        lb_check_error(check, "LB-S023", NULL, remedy, "%s is %s", lb_check_path(check),
                       lb_check_shown(check, check->value));
    }
}

/* --- texts ------------------------------------------------------------------------------------ */

int64_t lb_check_characters(const char *text)
{
    int64_t count = 0;
    for (; *text; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return count;
}

const char *lb_check_form(const struct lb_check *check, const struct lb_schema *schema)
{
    return schema->form ? schema->form
                        : lb_arena_printf(check->diags->arena, "a text that matches %s",
                                          lb_pattern_text(schema->pattern));
}

static void check_pattern(const struct lb_check *check, const char *text)
{
    if (!check->schema->pattern || lb_pattern_matches(check->schema->pattern, text)) {
        return;
    }
    const struct lb_value *example = lb_list_item(lb_map_get(check->schema->raw, "examples"), 0);
    const char *remedy = NULL;
    if (example) {
        remedy = lb_arena_printf(check->diags->arena, "for example `%s: %s`", lb_check_key(check),
                                 lb_check_written(check, example));
    }
    lb_check_error(check, "LB-S024", NULL, remedy, "%s is %s, not %s", lb_check_path(check),
                   lb_check_shown(check, check->value), lb_check_form(check, check->schema));
}

static void check_text(const struct lb_check *check)
{
    const char *text = lb_text(check->value, "");
    int64_t length = lb_check_characters(text), parsed;
    int64_t least = lb_int_at(check->schema->raw, "minLength", 0);
    int64_t most = lb_int_at(check->schema->raw, "maxLength", INT64_MAX);
    if (length < least || length > most) {
        bool few = length < least;
        lb_check_error(check, "LB-S026", NULL, NULL,
                       "%s has %lld characters, at %s %lld are accepted", lb_check_path(check),
                       (long long)length, few ? "least" : "most", (long long)(few ? least : most));
        return;
    }
    if (check->schema->compare == LB_COMPARE_DURATION && lb_duration_parse(text, &parsed)) {
        lb_check_error(check, "LB-S029", NULL, NULL, "%s is %s", lb_check_path(check),
                       lb_check_shown(check, check->value));
    } else if (check->schema->compare == LB_COMPARE_SIZE && lb_size_parse(text, &parsed)) {
        lb_check_error(check, "LB-S030", NULL, NULL, "%s is %s", lb_check_path(check),
                       lb_check_shown(check, check->value));
    } else {
        check_pattern(check, text);
    }
}

/* --- numbers ---------------------------------------------------------------------------------- */

/* Bounds are small numbers of ours; a double is exact enough on both sides. */
static double number_of(const struct lb_value *value)
{
    return strtod(lb_text(value, "0"), NULL);
}

static void check_number(const struct lb_check *check)
{
    const struct lb_value *least = lb_map_get(check->schema->raw, "minimum");
    const struct lb_value *most = lb_map_get(check->schema->raw, "maximum");
    double number = number_of(check->value);
    if (check->schema->integer && strpbrk(lb_text(check->value, ""), ".eE")) {
        lb_check_error(check, "LB-S022", NULL, NULL, "%s must be a whole number, not %s",
                       lb_check_path(check), lb_check_shown(check, check->value));
    } else if (least && number < number_of(least)) {
        lb_check_error(check, "LB-S025", NULL, NULL, "%s is %s, at least %s is accepted",
                       lb_check_path(check), lb_check_shown(check, check->value),
                       lb_text(least, ""));
    } else if (most && number > number_of(most)) {
        lb_check_error(check, "LB-S025", NULL, NULL, "%s is %s, at most %s is accepted",
                       lb_check_path(check), lb_check_shown(check, check->value),
                       lb_text(most, ""));
    }
}

void lb_check_scalar(const struct lb_check *check)
{
    size_t before = *check->errors;
    check_choices(check);
    if (*check->errors > before) {
        return;
    }
    if (check->value->type == LB_STRING) {
        check_text(check);
    } else if (check->value->type == LB_NUMBER) {
        check_number(check);
    }
}

/* --- secrets ---------------------------------------------------------------------------------- */

static bool is_env_name(const char *name)
{
    return *name && !(*name >= '0' && *name <= '9') &&
           name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")] ==
               '\0';
}

bool lb_check_secret(const struct lb_check *check)
{
    const char *text = lb_text(check->value, "");
    bool reference = lb_is(check->value, LB_STRING) &&
                     ((lb_starts_with(text, "env:") && is_env_name(text + 4)) ||
                      (lb_starts_with(text, "file:") && text[5] != '\0'));
    if (!reference) {
        struct lb_check at = *check;
        at.secret = true;
        lb_check_error(&at, "LB-S032", NULL, NULL, "%s", lb_check_path(check));
    }
    return reference;
}
