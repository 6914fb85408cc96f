"""Values against shapes of botocore's service models: types, names, enumerations, patterns, lengths.

Two trees are read, both into plain Python: JSON as it is, XML and forms by their shape (every leaf is
a Text then, and is read as the shape's type). A fault is one line: where, and what is wrong.
"""
import base64
import binascii
import datetime
import email.utils
import functools
import re
import xml.etree.ElementTree as ET

# Classes of the models' patterns (Java's) that Python's re does not know; the one-letter ones stand
# inside of brackets.
CLASSES = {r"\p{XDigit}": "[0-9A-Fa-f]", r"\p{ASCII}": r"[\x00-\x7f]",
           r"\p{L}": r"A-Za-z\u00aa\u00b5\u00ba\u00c0-\u02af\u0370-\u1fff\u2c00-\ud7ff\uf900-\ufdff",
           r"\p{Z}": r" \u00a0\u2000-\u200a\u3000", r"\p{N}": r"0-9\u0660-\u0669",
           r"\p{M}": r"\u0300-\u036f", r"\p{P}": r"!-/:-@\[-`{-~"}
# Enumerations that the service extends before its model does. The developer guide's "Supported
# instance types" lists R7g, M7g and OR2, which the model does not. IAM answers "Policy", as the text
# beside the member says; the enumeration differs from it.
OPEN_ENUMS = {"OpenSearchPartitionInstanceType": r"[a-z0-9]+\.[a-z0-9]+\.search",
              "PermissionsBoundaryAttachmentType": "Policy"}
# Limits of the input that the answers of the service itself exceed: ids come back as /hostedzone/Z...,
# and a resource without tags has an empty list.
ID_PREFIXES = {"ResourceId": re.compile("^/(hostedzone|change)/")}
NO_MINIMUM = {"TagList"}
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


class Text(str):
    """A leaf of XML or of a form: what type it has, only the shape knows."""


@functools.lru_cache(None)
def pattern(text):
    for name, known in CLASSES.items():
        text = text.replace(name, known)
    return re.compile(text)


def in_range(shape, size, where, faults, unit):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low and shape.name not in NO_MINIMUM:
        faults.append(f"{where}: {size}{unit}, the model wants {low} at least")
    if high is not None and size > high:
        faults.append(f"{where}: {size}{unit}, the model takes {high} at most")


def check_string(shape, value, where, faults):
    if not isinstance(value, str):
        faults.append(f"{where}: {value!r} is not a string")
        return
    allowed = getattr(shape, "enum", None)
    more = OPEN_ENUMS.get(shape.name)
    if allowed and value not in allowed and not (more and re.fullmatch(more, value)):
        faults.append(f"{where}: {value!r} is none of {', '.join(allowed)}")
    if shape.name in ID_PREFIXES:
        value = ID_PREFIXES[shape.name].sub("", value)
    in_range(shape, len(value), where, faults, " characters")
    wanted = shape.metadata.get("pattern")
    if wanted and not pattern(wanted).fullmatch(value):
        faults.append(f"{where}: {value[:80]!r} does not match {wanted}")


def check_number(shape, value, where, faults):
    whole = shape.type_name in ("integer", "long")
    try:
        number = (int if whole else float)(value) if isinstance(value, Text) else value
        if isinstance(number, bool) or not isinstance(number, int if whole else (int, float)):
            raise ValueError
    except ValueError:
        faults.append(f"{where}: {value!r} is not a {shape.type_name}")
        return
    in_range(shape, number, where, faults, "")


def check_boolean(_, value, where, faults):
    if value not in ("true", "false") if isinstance(value, Text) else not isinstance(value, bool):
        faults.append(f"{where}: {value!r} is not a boolean")


def check_timestamp(shape, value, where, faults):
    otherwise = "iso8601" if isinstance(value, Text) else "unixTimestamp"
    form = shape.serialization.get("timestampFormat", otherwise)
    try:
        if form == "unixTimestamp":
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError
            datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
        elif form == "rfc822":
            email.utils.parsedate_to_datetime(value)
        elif not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value):
            raise ValueError
    except (ValueError, TypeError):
        faults.append(f"{where}: {value!r} is not a timestamp ({form})")


def check_blob(shape, value, where, faults):
    try:
        in_range(shape, len(base64.b64decode(value, validate=True)), where, faults, " bytes")
    except (binascii.Error, TypeError, ValueError):
        faults.append(f"{where}: {value!r} is not base64")


def check_list(shape, value, where, faults):
    if not isinstance(value, list):
        faults.append(f"{where}: {value!r} is not a list")
        return
    in_range(shape, len(value), where, faults, " items")
    for number, item in enumerate(value):
        check(shape.member, item, f"{where}[{number}]", faults)


def check_map(shape, value, where, faults):
    if not isinstance(value, dict):
        faults.append(f"{where}: {value!r} is not a map")
        return
    in_range(shape, len(value), where, faults, " entries")
    for key, item in value.items():
        check(shape.key, key, f"{where} key", faults)
        check(shape.value, item, f"{where}.{key}", faults)


def wire_name(name, shape):
    return shape.serialization.get("name", name)


def body_members(shape):
    """Members that stand in the body, by their name on the wire."""
    return {wire_name(name, member): (name, member) for name, member in shape.members.items()
            if "location" not in member.serialization}


def check_structure(shape, value, where, faults):
    if not isinstance(value, dict):
        faults.append(f"{where}: {value!r} is not a structure")
        return
    members = body_members(shape)
    for key, item in value.items():
        if key not in members:
            faults.append(f"{where}: no member {key!r} in {shape.name}")
        else:
            check(members[key][1], item, f"{where}.{key}", faults)
    for name, (member_name, _) in members.items():
        if member_name in shape.required_members and name not in value:
            faults.append(f"{where}: {name} is required by {shape.name} and is not there")


CHECKS = {"string": check_string, "character": check_string, "integer": check_number,
          "long": check_number, "float": check_number, "double": check_number,
          "boolean": check_boolean, "timestamp": check_timestamp, "blob": check_blob,
          "list": check_list, "map": check_map, "structure": check_structure}


def check(shape, value, where, faults):
    if getattr(shape, "is_document_type", False):
        return
    CHECKS[shape.type_name](shape, value, where, faults)


# --- XML -----------------------------------------------------------------------------------------

def local(tag):
    return tag.rpartition("}")[2]


def xml_list(shape, elements, where, faults, ordered):
    """Items of a list: `elements` are the items when it is flattened, else the one that wraps them."""
    if not shape.serialization.get("flattened"):
        if len(elements) > 1:
            faults.append(f"{where}: is there {len(elements)} times")
        wanted, elements = shape.member.serialization.get("name", "member"), list(elements[0])
        for element in elements:
            if local(element.tag) != wanted:
                faults.append(f"{where}: item <{local(element.tag)}>, the model wants <{wanted}>")
    return [xml_value(shape.member, element, f"{where}[{number}]", faults, ordered)
            for number, element in enumerate(elements)]


def foreign(element):
    """A rule of others is sent back in the order in which S3 answered it."""
    name = next((child.text or "" for child in element if local(child.tag) == "ID"), "lifeboat-")
    return not name.startswith("lifeboat-")


def xml_structure(shape, element, where, faults, ordered):
    members = body_members(shape)
    order = [name for name, (_, member) in members.items()
             if not member.serialization.get("xmlAttribute")]
    attributes = {name for name, (_, member) in members.items()
                  if member.serialization.get("xmlAttribute")}
    out, found, last = {}, {}, -1
    ordered = ordered and not foreign(element)
    for name, text in element.attrib.items():
        known = name.replace(XSI, "xsi:")
        if known in attributes:
            out[known] = Text(text)
        else:
            faults.append(f"{where}: no attribute {name!r} in {shape.name}")
    for child in element:
        name = local(child.tag)
        if name not in order:
            faults.append(f"{where}: no member <{name}> in {shape.name}")
            continue
        if ordered and order.index(name) < last:
            faults.append(f"{where}: <{name}> stands behind <{order[last]}>; the model's order is "
                          + ", ".join(order))
        last = max(last, order.index(name))
        found.setdefault(name, []).append(child)
    for name, children in found.items():
        member, at = members[name][1], f"{where}.{name}"
        if member.type_name == "list":
            out[name] = xml_list(member, children, at, faults, ordered)
        else:
            if len(children) > 1:
                faults.append(f"{at}: is there {len(children)} times")
            out[name] = xml_value(member, children[0], at, faults, ordered)
    return out


def map_names(shape):
    """The names of an entry's two parts."""
    return (shape.key.serialization.get("name", "key"),
            shape.value.serialization.get("name", "value"))


def xml_map(shape, element, where, faults, ordered):
    """<entry><key>..</key><value>..</value></entry>..."""
    out = {}
    for entry in element:
        parts = {local(part.tag): part for part in entry}
        key, value = (parts.pop(name, None) for name in map_names(shape))
        if local(entry.tag) != "entry" or key is None or value is None or parts:
            faults.append(f"{where}: <{local(entry.tag)}> is no entry with key and value")
        elif key.text in out:
            faults.append(f"{where}: the key {key.text} is there twice")
        else:
            out[key.text] = xml_value(shape.value, value, f"{where}.{key.text}", faults, ordered)
    return out


def xml_value(shape, element, where, faults, ordered=True):
    if shape.type_name == "structure":
        return xml_structure(shape, element, where, faults, ordered)
    if shape.type_name == "map" and not shape.serialization.get("flattened"):
        return xml_map(shape, element, where, faults, ordered)
    if shape.type_name == "list":
        return xml_list(shape, [element], where, faults, ordered)
    if len(element):
        faults.append(f"{where}: holds elements, the model wants a {shape.type_name}")
    return Text(element.text or "")


def xml_parse(data, where, faults):
    try:
        return ET.fromstring(data)
    except ET.ParseError as error:
        faults.append(f"{where}: is not XML: {error}")
        return None


# --- forms ---------------------------------------------------------------------------------------

def form_value(shape, prefix, pairs, used):
    """The value that a form's flat names spell; None when it is not there."""
    if shape.type_name == "structure":
        out = {}
        for name, member in shape.members.items():
            name = wire_name(name, member)
            value = form_value(member, f"{prefix}.{name}" if prefix else name, pairs, used)
            if value is not None:
                out[name] = value
        return out or None
    if shape.type_name == "list":
        return form_list(shape, prefix, pairs, used)
    if shape.type_name == "map":
        return form_map(shape, prefix, pairs, used)
    if prefix in pairs:
        used.add(prefix)
        return Text(pairs[prefix])
    return None


def form_map(shape, prefix, pairs, used):
    """Attributes.entry.1.key=..&Attributes.entry.1.value=.."""
    if not shape.serialization.get("flattened"):
        prefix += ".entry"
    (key_name, value_name), out, number = map_names(shape), {}, 1
    while (key := form_value(shape.key, f"{prefix}.{number}.{key_name}", pairs, used)) is not None:
        out[key] = form_value(shape.value, f"{prefix}.{number}.{value_name}", pairs, used)
        number += 1
    return out or None


def form_list(shape, prefix, pairs, used):
    if pairs.get(prefix) == "":  # an empty list, as botocore writes it
        used.add(prefix)
        return []
    if not shape.serialization.get("flattened"):
        prefix += "." + shape.member.serialization.get("name", "member")
    out = []
    while (item := form_value(shape.member, f"{prefix}.{len(out) + 1}", pairs, used)) is not None:
        out.append(item)
    return out or None
