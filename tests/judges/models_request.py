"""A request against botocore's service models: which operation it is, and whether it is well formed."""
import base64
import functools
import hashlib
import json
import re
import urllib.parse
import zlib

import botocore.session

import models_shape as shapes

# SigV4's service name -> the model's, where they differ
MODELS = {"es": "opensearch", "monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi"}
PLAIN_HEADERS = {"host", "user-agent", "accept", "accept-encoding", "connection", "authorization",
                 "content-type", "content-length", "expect", "x-amz-date", "x-amz-content-sha256",
                 "x-amz-security-token", "x-amz-target", "content-md5", "amz-sdk-invocation-id",
                 "amz-sdk-request"}
SUMS = {"content-md5": lambda body: hashlib.md5(body).digest(),
        "x-amz-checksum-sha256": lambda body: hashlib.sha256(body).digest(),
        "x-amz-checksum-sha1": lambda body: hashlib.sha1(body).digest(),
        "x-amz-checksum-crc32": lambda body: zlib.crc32(body).to_bytes(4, "big")}
# Namespaces of XML bodies; the models state them only for some requests.
NAMESPACES = {"s3": "http://s3.amazonaws.com/doc/2006-03-01/",
              "route53": "https://route53.amazonaws.com/doc/2013-04-01/"}
SESSION = botocore.session.get_session()
KNOWN = frozenset(SESSION.get_available_services())


@functools.lru_cache(None)
def model(service):
    return SESSION.get_service_model(service)


def protocol(service):
    """CloudWatch speaks several; lifeboat takes JSON, which needs no CBOR."""
    names = model(service).metadata.get("protocols", [model(service).protocol])
    return "json" if "json" in names else names[0]


class Found:
    """An operation and what the request's path and query said to it."""

    def __init__(self, service, operation, labels=None, query=None):
        self.service, self.operation = service, operation
        self.labels, self.query = labels or {}, query or []

    @property
    def name(self):
        return f"{self.service}:{self.operation.name}"


@functools.lru_cache(None)
def routes(service):
    """(method, path as a regular expression, names of its labels, fixed query, operation)."""
    out = []
    for name in model(service).operation_names:
        operation = model(service).operation_model(name)
        path, _, query = operation.http["requestUri"].partition("?")
        names = [label.rstrip("+") for label in re.findall(r"{([^}]+)}", path)]
        pieces = re.split(r"{[^}]+}", path)
        greedy = [label.endswith("+") for label in re.findall(r"{([^}]+)}", path)]
        text = re.escape(pieces[0])
        for more, piece in zip(greedy, pieces[1:]):
            text += ("(.+)" if more else "([^/]+)") + re.escape(piece)
        fixed = urllib.parse.parse_qsl(query, keep_blank_values=True)
        out.append((operation.http["method"], re.compile(text), names, fixed, operation))
    return out


def query_names(operation):
    shape = operation.input_shape
    return {member.serialization["name"]: member for member in shape.members.values()
            if member.serialization.get("location") == "querystring"} if shape else {}


def find_rest(service, exchange):
    """The most exact route wins: most fixed query items, then fewest labels, none deprecated."""
    best = None
    for method, path, names, fixed, operation in routes(service):
        match = path.fullmatch(exchange.raw_path)
        if method != exchange.method or not match or not set(fixed) <= set(exchange.query):
            continue
        left = [item for item in exchange.query if item not in fixed]
        unknown = sum(name not in query_names(operation) for name, _ in left)
        rank = (-len(fixed), unknown, operation.deprecated, len(names))
        if best is None or rank < best[0]:
            labels = {n: urllib.parse.unquote(v) for n, v in zip(names, match.groups())}
            best = (rank, Found(service, operation, labels, left))
    return best and best[1]


def find(exchange):
    """The operation of a request, or None: no model knows it."""
    name = exchange.scope[1] if exchange.scope else None
    service = MODELS.get(name, name if name in KNOWN else None)
    if not service:
        return None
    known = model(service)
    if protocol(service).startswith("rest-"):
        return find_rest(service, exchange)
    if exchange.method != "POST" or exchange.path != "/" or exchange.query:
        return None
    if protocol(service) == "query":
        form = dict(urllib.parse.parse_qsl(exchange.body.decode(), keep_blank_values=True))
        name = form.get("Action")
    else:
        prefix, _, name = exchange.headers.get("x-amz-target", "").rpartition(".")
        name = name if prefix == known.metadata["targetPrefix"] else None
    return Found(service, known.operation_model(name)) if name in known.operation_names else None


# --- parts of a request --------------------------------------------------------------------------

def check_type(exchange, wanted, faults):
    got = exchange.headers.get("content-type", "none").split(";")[0]
    if got != wanted:
        faults.append(f"content type {got}, the protocol wants {wanted}")


def check_query_form(found, exchange, faults):
    check_type(exchange, "application/x-www-form-urlencoded", faults)
    raw = urllib.parse.parse_qsl(exchange.body.decode(), keep_blank_values=True,
                                 strict_parsing=True)
    pairs = dict(raw)
    if len(pairs) != len(raw):
        faults.append("a name of the form is there twice")
    version = pairs.pop("Version", None)
    if version != model(found.service).api_version:
        faults.append(f"Version {version}, the model's is {model(found.service).api_version}")
    pairs.pop("Action")
    shape, used = found.operation.input_shape, set()
    value = (shapes.form_value(shape, "", pairs, used) if shape else None) or {}
    for name in sorted(set(pairs) - used):
        faults.append(f"no parameter {name!r} in {found.operation.name}")
    if shape:
        shapes.check(shape, value, "form", faults)


def check_json(found, exchange, faults):
    version = model(found.service).metadata["jsonVersion"]
    check_type(exchange, f"application/x-amz-json-{version}", faults)
    shapes.check(found.operation.input_shape, json.loads(exchange.body), "body", faults)


def check_rest_json(found, exchange, faults):
    shape = found.operation.input_shape
    if exchange.body:
        check_type(exchange, "application/json", faults)
        shapes.check(shape, json.loads(exchange.body), "body", faults)
    elif shape and shapes.body_members(shape):
        shapes.check(shape, {}, "body", faults)


def payload(shape):
    """(shape of the body, name of its root element), or None where the body is not XML."""
    name = shape.serialization.get("payload")
    if name is None:
        return shape, shape.serialization.get("name", shape.name)
    member = shape.members[name]
    return (member, member.serialization.get("name", member.name)) \
        if member.type_name == "structure" else None


def check_rest_xml(found, exchange, faults):
    shape = found.operation.input_shape
    inside = payload(shape) if shape else None
    required = inside and (inside[0] is not shape or shapes.body_members(shape))
    if not exchange.body:
        if required and inside[0] is shape and shape.required_members:
            shapes.check(shape, {}, "body", faults)
        elif inside and shape.serialization.get("payload") in shape.required_members:
            faults.append("the body is required and is not there")
        return
    if not inside:
        if "payload" not in (shape.serialization if shape else {}):
            faults.append(f"{found.operation.name} has no body")
        return
    check_type(exchange, "application/xml", faults)
    element = shapes.xml_parse(exchange.body, "body", faults)
    if element is None:
        return
    wanted = f"{{{NAMESPACES[found.service]}}}{inside[1]}"
    if element.tag != wanted:
        faults.append(f"root element {element.tag}, the model wants {wanted}")
    shapes.check(inside[0], shapes.xml_value(inside[0], element, inside[1], faults), inside[1],
                 faults)


def check_places(found, exchange, faults):
    """Labels, query items and headers: known, of the right type, and none missing."""
    shape = found.operation.input_shape
    members = shape.members if shape else {}
    given = set()
    by_query = query_names(found.operation)
    for name, value in found.query:
        if name not in by_query:
            faults.append(f"no query parameter {name!r} in {found.operation.name}")
            continue
        given.add(("querystring", name))
        member = by_query[name]
        shapes.check(member.member if member.type_name == "list" else member, shapes.Text(value),
                     f"query {name}", faults)
    for label, value in found.labels.items():
        for name, member in members.items():
            if member.serialization.get("location") == "uri" and \
                    shapes.wire_name(name, member) == label:
                given.add(("uri", label))
                shapes.check(member, shapes.Text(value), f"path {label}", faults)
    by_header = {shapes.wire_name(name, member).lower(): member
                 for name, member in members.items()
                 if member.serialization.get("location") == "header"}
    for name, value in exchange.headers.items():
        if name in by_header and name not in PLAIN_HEADERS:
            given.add(("header", name))
            shapes.check(by_header[name], shapes.Text(value), f"header {name}", faults)
        elif name not in PLAIN_HEADERS and not (name in SUMS and found.operation.http_checksum):
            faults.append(f"no header {name!r} in {found.operation.name}")
    for name in shape.required_members if shape else ():
        member = members[name]
        place = (member.serialization.get("location"), shapes.wire_name(name, member))
        place = (place[0], place[1].lower()) if place[0] == "header" else place
        if place[0] and place not in given:
            faults.append(f"{place[0]} {place[1]} is required and is not there")


def check_sums(found, exchange, faults):
    present = [name for name in SUMS if name in exchange.headers]
    if not present and (found.operation.http_checksum_required or
                        found.operation.http_checksum.get("requestChecksumRequired")):
        faults.append("a checksum is required and is not there")
    for name in present:
        if base64.b64encode(SUMS[name](exchange.body)).decode() != exchange.headers[name]:
            faults.append(f"{name} is not that of the body")


FAMILIES = {"query": check_query_form, "json": check_json, "rest-json": check_rest_json,
            "rest-xml": check_rest_xml}


def faults_of(found, exchange):
    """What the model has against the request, a line each."""
    faults = []
    if found.operation.deprecated:
        faults.append(f"{found.operation.name} is deprecated")
    check_places(found, exchange, faults)
    check_sums(found, exchange, faults)
    try:
        FAMILIES[protocol(found.service)](found, exchange, faults)
    except (ValueError, UnicodeDecodeError) as error:
        faults.append(f"body: {error}")
    return faults
