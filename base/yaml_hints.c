/* yaml_hints.c: libyaml's syntax errors in words that help.
 *
 * libyaml says what its parser expected; a row here says what the author probably meant, and where
 * to look: often at the beginning of a construct and not where libyaml gave up.
 */
#include "base/yaml_private.h"

static const struct lb_yaml_hint hints[] = {
    {"found character that cannot start any token", NULL, "\t", NULL, false, "LB-S008",
     "a tab stands where indentation is expected", "indent with spaces"},
    {"found character that cannot start any token", NULL, "@`%", NULL, false, NULL,
     "a value cannot start with this character", "put the value in double quotes"},
    {"found a tab character", NULL, NULL, NULL, false, "LB-S008",
     "a tab stands where indentation is expected", "indent with spaces"},
    {"mapping values are not allowed", NULL, NULL, NULL, false, NULL, "\": \" cannot stand here",
     "put a value that holds \": \" in double quotes, and indent keys of one map alike"},
    {"could not find expected ':'", NULL, NULL, NULL, true, NULL, "a key without \":\" after it",
     "write `key: value`"},
    {"did not find expected key", "block mapping", NULL, "\"'", false, NULL,
     "the text ended at the quote before this place", "close the quote of the text before it"},
    {"did not find expected key", "block mapping", NULL, NULL, false, NULL,
     "this line does not fit the map around it", "indent the keys of one map alike"},
    {"did not find expected '-' indicator", NULL, NULL, NULL, false, NULL,
     "this line does not fit the list around it", "begin each item with `- `, indented alike"},
    {"block sequence entries are not allowed", NULL, NULL, NULL, false, NULL,
     "a list item cannot stand here", "begin the list on a line of its own"},
    {"found unexpected end of stream", "quoted scalar", NULL, NULL, true, NULL,
     "this quote is never closed", "close the quote"},
    {"found unexpected document indicator", "quoted scalar", NULL, NULL, true, NULL,
     "this quote is never closed", "close the quote"},
    {"found unknown escape character", NULL, NULL, NULL, false, NULL,
     "double quotes know no such escape", "use single quotes, or write \\\\ for a backslash"},
    {"did not find expected ',' or '}'", NULL, NULL, NULL, true, NULL,
     "the map that begins here breaks off before its }",
     "put a comma between the entries and a } at the end"},
    {"did not find expected ',' or ']'", NULL, NULL, NULL, true, NULL,
     "the list that begins here breaks off before its ]",
     "put a comma between the items and a ] at the end"},
    {"did not find expected alphabetic or numeric character", "alias", NULL, NULL, true, "LB-S004",
     "* alone begins an alias", "put the value in double quotes, as in \"*\""},
    {"did not find expected alphabetic or numeric character", "anchor", NULL, NULL, true, "LB-S003",
     "& alone begins an anchor", "put the value in double quotes"},
    {"found undefined tag handle", NULL, NULL, NULL, false, "LB-S006",
     "the tag's prefix is not known",
     "remove the tag; put a value that starts with ! in double quotes"},
    {"", "a tag", NULL, NULL, true, "LB-S006", "a value that starts with ! is a tag",
     "remove the tag; put a value that starts with ! in double quotes"},
    {"", "directive", NULL, NULL, true, "LB-S018", "a line that starts with % is a directive",
     "remove the line"},
    {"did not find expected <document start>", NULL, NULL, NULL, false, NULL,
     "the text goes on after the document has ended", "indent the keys of one map alike"},
};

static bool is_one_of(const char *set, char byte)
{
    return !set || (byte != '\0' && strchr(set, byte));
}

const struct lb_yaml_hint *lb_yaml_hint_find(const char *problem, const char *context, char before,
                                             char at)
{
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        const struct lb_yaml_hint *h = &hints[i];
        if (lb_starts_with(problem, h->problem) && (!h->context || strstr(context, h->context)) &&
            is_one_of(h->before, before) && is_one_of(h->at, at)) {
            return h;
        }
    }
    return NULL;
}
