/* XML from hostile and merely odd servers, and back. Values are compared as compact JSON. */
#include "base/json.h"
#include "base/xml.h"
#include "tests/unit/check.h"

#include <stdlib.h>

struct refused_row {
    const char *name, *text;
    size_t length;
    const char *fault;
};

static const struct refused_row refused[] = {
    {"nothing", BYTES(""), "no element found"},
    {"declaration only", BYTES("<?xml version=\"1.0\"?>"), "no element found"},
    {"DOCTYPE", BYTES("<!DOCTYPE a><a/>"), "DOCTYPE"},
    {"DOCTYPE with a system identifier", BYTES("<!DOCTYPE a SYSTEM \"http://x/a.dtd\"><a/>"),
     "DOCTYPE"},
    {"internal entity", BYTES("<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>"), "DOCTYPE"},
    {"external entity", BYTES("<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a>&e;</a>"),
     "DOCTYPE"},
    {"parameter entity", BYTES("<!DOCTYPE a [<!ENTITY % e SYSTEM \"http://x/\"> %e;]><a/>"),
     "DOCTYPE"},
    {"entity bomb",
     BYTES("<!DOCTYPE a [<!ENTITY b \"xxxxxxxxxx\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">"
           "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;\">]>"
           "<a>&e;&e;&e;&e;</a>"),
     "DOCTYPE"},
    {"DOCTYPE in lower case", BYTES("<!doctype a><a/>"), "syntax error"},
    {"undeclared entity", BYTES("<a>&nbsp;</a>"), "undefined entity"},
    {"two roots", BYTES("<a/><b/>"), "junk after document element"},
    {"text after the root", BYTES("<a/>x"), "junk after document element"},
    {"NUL after the root", BYTES("<a/>\0"), "NUL"},
    {"NUL in text", BYTES("<a>x\0y</a>"), "NUL"},
    {"NUL as a reference", BYTES("<a>&#0;</a>"), "invalid character"},
    {"control as a reference", BYTES("<a>&#1;</a>"), "invalid character"},
    {"raw ESC", BYTES("<a>\033[2J</a>"), "not well-formed"},
    {"invalid UTF-8", BYTES("<a>caf\xE9</a>"), "not valid UTF-8"},
    {"Latin-1 declared", BYTES("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>caf\xE9</a>"),
     "not valid UTF-8"},
    {"UTF-16", BYTES("\xFF\xFE<\0a\0/\0>\0"), "not valid UTF-8"},
    {"UTF-16, big end first", BYTES("\xFE\xFF\0<\0a\0/\0>"), "not valid UTF-8"},
    {"UTF-16 without its mark", BYTES("<\0a\0/\0>\0"), "NUL"},
    {"wrong end", BYTES("<a><b></a></b>"), "mismatched tag"},
    {"no end", BYTES("<a><b>"), "no element found"},
    {"attribute twice", BYTES("<a x=\"1\" x=\"2\"/>"), "duplicate attribute"},
    {"attribute twice once prefixes are gone",
     BYTES("<a xmlns:p=\"u:1\" xmlns:q=\"u:2\" p:x=\"1\" q:x=\"2\"/>"), "two attributes"},
    {"undeclared prefix", BYTES("<p:a/>"), "unbound prefix"},
    {"text before an element", BYTES("<a>text<b/></a>"), "text beside elements"},
    {"text after an element", BYTES("<a><b/>text</a>"), "text beside elements"},
    {"text between elements", BYTES("<a><b/>text<c/></a>"), "text beside elements"},
    {"JSON", BYTES("{\"a\":1}"), "not well-formed"},
    {"an HTML error page", BYTES("<html><body><br>503</body></html>"), "mismatched tag"},
    {"line of the fault", BYTES("<a>\n<b>\n</c></a>"), "line 3"},
};

struct read_row {
    const char *name, *text, *json;
};

static const struct read_row read_rows[] = {
    {"empty element", "<a/>", "{\"a\":\"\"}"},
    {"text", "<a>x &lt;y&gt; &amp; z</a>", "{\"a\":\"x <y> & z\"}"},
    {"blanks are text where there is only text", "<a> \n</a>", "{\"a\":\" \\n\"}"},
    {"blanks between elements are not", "<a>\n  <b>1</b>\n  <c/>\n</a>",
     "{\"a\":{\"b\":\"1\",\"c\":\"\"}}"},
    {"CDATA", "<a><![CDATA[<b>&amp;</b>]]></a>", "{\"a\":\"<b>&amp;</b>\"}"},
    {"CDATA and text join", "<a>x<![CDATA[y]]>z</a>", "{\"a\":\"xyz\"}"},
    {"siblings", "<a><b>1</b><b>2</b><b/></a>", "{\"a\":{\"b\":[\"1\",\"2\",\"\"]}}"},
    {"siblings apart", "<a><b>1</b><c>x</c><b>2</b></a>",
     "{\"a\":{\"b\":[\"1\",\"2\"],\"c\":\"x\"}}"},
    {"siblings with children", "<a><b><c>1</c></b><b><c>2</c></b></a>",
     "{\"a\":{\"b\":[{\"c\":\"1\"},{\"c\":\"2\"}]}}"},
    {"default namespace", "<a xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><b>1</b></a>",
     "{\"a\":{\"b\":\"1\"}}"},
    {"prefix", "<p:a xmlns:p=\"urn:x\"><p:b>1</p:b></p:a>", "{\"a\":{\"b\":\"1\"}}"},
    {"xsi:type",
     "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\">"
     "<ID>x</ID></Grantee>",
     "{\"Grantee\":{\"@type\":\"CanonicalUser\",\"ID\":\"x\"}}"},
    {"attribute and text", "<a k=\"v\">t</a>", "{\"a\":{\"@k\":\"v\",\"#text\":\"t\"}}"},
    {"attribute alone", "<a k=\"v\"/>", "{\"a\":{\"@k\":\"v\"}}"},
    {"comments and instructions", "<?xml version=\"1.0\"?><!-- c --><a><?p x?>t<!-- d -->u</a>",
     "{\"a\":\"tu\"}"},
    {"character references", "<a>&#233;&#x20AC;&#13;</a>", "{\"a\":\"\xC3\xA9\xE2\x82\xAC\\r\"}"},
    {"byte order mark", "\xEF\xBB\xBF<a>x</a>", "{\"a\":\"x\"}"},
    {"CRLF is one newline", "<a>x\r\ny</a>", "{\"a\":\"x\\ny\"}"},
    {"hostile text stays data", "<Message>&lt;/details&gt;::set-output \xE2\x80\xAE</Message>",
     "{\"Message\":\"</details>::set-output \\u202e\"}"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        const struct refused_row *row = &refused[i];
        struct lb_arena *arena = lb_arena_new();
        const char *error = NULL;
        char *text = malloc(row->length + !row->length);
        memcpy(text, row->text, row->length);
        CHECK(row->name, lb_xml_parse(arena, text, row->length, &error) == NULL);
        CHECK(row->name, error != NULL);
        if (!strstr(error, row->fault))
            fail_msg("%s: got <%s>, wanted <%s>", row->name, error, row->fault);
        free(text);
        lb_arena_free(arena);
    }
}

static void test_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(read_rows); i++) {
        struct lb_arena *arena = lb_arena_new();
        const char *error = NULL;
        struct lb_value *value = lb_xml_parse(arena, read_rows[i].text, strlen(read_rows[i].text),
                                              &error);
        CHECK_TEXT(read_rows[i].name, error, NULL);
        CHECK_TEXT(read_rows[i].name, lb_json_text(arena, value), read_rows[i].json);
        lb_arena_free(arena);
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    static const size_t depths[] = {LB_XML_MAX_DEPTH, LB_XML_MAX_DEPTH + 1, 100000};
    for (size_t i = 0; i < COUNT(depths); i++) {
        struct lb_str text = {0};
        const char *error = NULL;
        for (size_t n = 0; n < depths[i]; n++)
            lb_str_puts(&text, "<a>");
        for (size_t n = 0; n < depths[i]; n++)
            lb_str_puts(&text, "</a>");
        bool good = lb_xml_parse(arena, lb_str_text(&text), text.length, &error) != NULL;
        assert_int_equal(good, depths[i] <= LB_XML_MAX_DEPTH);
        CHECK("depth", good || strstr(error, "nested too deeply"));
        lb_str_release(&text);
    }
    const char *error = NULL;
    assert_null(lb_xml_parse(arena, "<a/>", LB_XML_MAX_BYTES + 1, &error));
    assert_non_null(strstr(error, "64 MiB"));
    assert_null(lb_xml_parse(arena, NULL, 0, &error));
    lb_arena_free(arena);
}

static void test_lists(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    static const char text[] = "<r><one>1</one><two>1</two><two>2</two><none/></r>";
    struct lb_value *root = lb_map_get(lb_xml_parse(arena, text, sizeof text - 1, NULL), "r");
    static const struct {
        const char *key;
        size_t count;
        const char *first;
    } rows[] = {{"one", 1, "1"}, {"two", 2, "1"}, {"none", 0, NULL}, {"absent", 0, NULL}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lb_value *value = lb_map_get(root, rows[i].key);
        assert_int_equal(lb_xml_count(value), rows[i].count);
        CHECK_TEXT(rows[i].key, lb_text(lb_xml_item(value, 0), NULL), rows[i].first);
        assert_null(lb_xml_item(value, rows[i].count));
    }
    lb_arena_free(arena);
}

struct write_row {
    const char *name, *json, *xml; /* what follows the declaration */
};

static const struct write_row writes[] = {
    {"text", "\"x\"", "<R xmlns=\"u\">x</R>"},
    {"nothing", "null", "<R xmlns=\"u\"/>"},
    {"order and scalars", "{\"B\":1.50,\"A\":true,\"C\":null,\"D\":\"\"}",
     "<R xmlns=\"u\"><B>1.50</B><A>true</A><C/><D/></R>"},
    {"lists", "{\"A\":[\"1\",{\"B\":\"2\"}],\"E\":[]}",
     "<R xmlns=\"u\"><A>1</A><A><B>2</B></A></R>"},
    {"escapes", "{\"A\":\"<a href=\\\"x\\\">&'\"}",
     "<R xmlns=\"u\"><A>&lt;a href=\"x\"&gt;&amp;'</A></R>"},
    {"controls become references", "{\"A\":\"a\\rb\\nc\\u0001\",\"@k\":\"a\\nb\\\"\"}",
     "<R xmlns=\"u\" k=\"a&#10;b&quot;\"><A>a&#13;b\nc&#1;</A></R>"},
    {"xsi:type", "{\"G\":{\"@type\":\"Group\",\"URI\":\"u\"}}",
     "<R xmlns=\"u\"><G xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
     "xsi:type=\"Group\"><URI>u</URI></G></R>"},
    {"attribute and text", "{\"A\":{\"@k\":\"v\",\"#text\":\"t\"}}",
     "<R xmlns=\"u\"><A k=\"v\">t</A></R>"},
    {"empty map", "{\"Filter\":{}}", "<R xmlns=\"u\"><Filter/></R>"},
};

static void test_write(void **state)
{
    (void)state;
    static const char declaration[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    for (size_t i = 0; i < COUNT(writes); i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_str out = {0};
        struct lb_value *value = lb_json_parse(arena, writes[i].json, strlen(writes[i].json), NULL);
        lb_xml_write(&out, "R", "u", value);
        CHECK(writes[i].name, lb_starts_with(lb_str_text(&out), declaration));
        CHECK_TEXT(writes[i].name, lb_str_text(&out) + sizeof declaration - 1, writes[i].xml);
        lb_str_release(&out);
        lb_arena_free(arena);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char json[] =
        "{\"R\":{\"A\":[\"1\",\"2\"],\"B\":{\"@k\":\"a\\tb\",\"C\":\"<&>\\r\\n \"},\"D\":\"\"}}";
    struct lb_arena *arena = lb_arena_new();
    struct lb_str out = {0};
    struct lb_value *value = lb_json_parse(arena, json, sizeof json - 1, NULL);
    lb_xml_write(&out, "R", NULL, lb_map_get(value, "R"));
    struct lb_value *again = lb_xml_parse(arena, lb_str_text(&out), out.length, NULL);
    assert_string_equal(lb_json_text(arena, again), json);
    lb_str_release(&out);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused), cmocka_unit_test(test_read),
        cmocka_unit_test(test_limits),  cmocka_unit_test(test_lists),
        cmocka_unit_test(test_write),   cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
