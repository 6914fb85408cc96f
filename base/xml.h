/* xml.h: the XML of S3, IAM, STS and Route 53, as values.
 *
 * Reading: an element with children becomes a map, one with text only a string, an empty one an
 * empty string; repeated siblings become a list. Namespaces are dropped, attributes other than
 * xmlns are kept as "@name" (xsi:type as "@type"); an element with attributes is a map, its text
 * (when it has some and no children) under "#text". Refused: a DOCTYPE, text beside elements, any
 * encoding other than UTF-8, more than LB_XML_MAX_DEPTH levels or LB_XML_MAX_BYTES bytes. The
 * answer does not know whether a lone element was meant as a list: read lists with lb_xml_count and
 * lb_xml_item, which take a lone value as a list of one.
 */
#ifndef LB_BASE_XML_H
#define LB_BASE_XML_H

#include "base/str.h"
#include "base/value.h"

#define LB_XML_MAX_DEPTH 64
#define LB_XML_MAX_BYTES ((size_t)64 << 20)
#define LB_XML_MAX_NODES ((size_t)250000) /* a page of 1,000 keys has 10,000 */

/* The result is a map with one entry: the root element. NULL on bad input, *error says why. */
struct lb_value *lb_xml_parse(struct lb_arena *arena, const char *text, size_t length,
                              const char **error);

/* NULL and "" count as no item. */
size_t lb_xml_count(const struct lb_value *value);
struct lb_value *lb_xml_item(const struct lb_value *value, size_t i);

/* Writes <root xmlns="..."> from a map: entries in order, lists as repeated elements, null as an
 * empty element, "@name" entries as attributes ("@type" as xsi:type with its namespace),
 * "#text" as text. Starts with the XML declaration. */
void lb_xml_write(struct lb_str *out, const char *root, const char *xmlns,
                  const struct lb_value *value);

#endif
