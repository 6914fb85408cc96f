"""An answer against the models: botocore's own parser reads it, and nothing of it is left over."""
import json

import botocore.parsers

import models_request
import models_shape as shapes

PARSERS = botocore.parsers.ResponseParserFactory()
# Headers that every service may send.
PLAIN_HEADERS = {"content-type", "content-length", "date", "server", "connection", "keep-alive",
                 "transfer-encoding", "x-amzn-requestid", "x-amz-request-id", "x-amz-id-2",
                 "x-amzn-errortype", "retry-after", "last-modified", "etag"}
REQUEST_IDS = ("x-amzn-requestid", "x-amz-request-id")
# "Common errors" of each API reference; S3's are on its page "Error responses".
COMMON = {"AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException",
          "IncompleteSignature", "InvalidClientTokenId", "InternalFailure", "InvalidAction",
          "InvalidParameterValue", "InvalidSignatureException", "MissingAuthenticationToken",
          "NotAuthorized", "OptInRequired", "RequestExpired", "ServiceUnavailable",
          "SignatureDoesNotMatch", "Throttling", "ThrottlingException", "UnrecognizedClientException",
          "ValidationError", "ValidationException", "UnknownOperationException"}
OWN = {
    "s3": {"AuthorizationHeaderMalformed", "BadDigest", "BucketAlreadyExists",
           "BucketAlreadyOwnedByYou", "BucketNotEmpty", "IllegalLocationConstraintException",
           "InternalError", "InvalidAccessKeyId", "InvalidArgument", "InvalidBucketName",
           "InvalidBucketState", "InvalidDigest", "InvalidRequest", "InvalidTag", "InvalidToken",
           "MalformedPolicy", "MalformedXML", "MethodNotAllowed", "MissingSecurityHeader",
           "NoSuchBucket", "NoSuchBucketPolicy", "NoSuchKey", "NoSuchLifecycleConfiguration",
           "NoSuchPublicAccessBlockConfiguration", "NoSuchTagSet", "NoSuchVersion",
           "OperationAborted", "OwnershipControlsNotFoundError", "PermanentRedirect",
           "ReplicationConfigurationNotFoundError", "RequestTimeTooSkewed", "RequestTimeout",
           "ServerSideEncryptionConfigurationNotFoundError", "SlowDown"},
    # PriorRequestNotComplete is in Route 53's model, but not for each operation that can meet it.
    "route53": {"PriorRequestNotComplete", "ThrottlingException"},
}


def leaves(value):
    """How many texts, numbers and booleans a tree holds."""
    if isinstance(value, dict):
        return sum(map(leaves, value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(leaves, value))
    return 1


def parse(found, exchange, shape):
    """botocore's own reading."""
    parser = PARSERS.create_parser(models_request.protocol(found.service))
    return parser.parse({"headers": dict(exchange.answer.headers), "body": exchange.answer.body,
                         "status_code": exchange.status, "context": {"operation_name":
                                                                     found.operation.name}}, shape)


# --- what was answered, as a tree that holds all of it ------------------------------------------

def tree_json(_, exchange, shape, faults):
    text = exchange.answer.body
    if not text:
        return {}
    value = json.loads(text)
    check_no_null(value, "answer", faults)
    return value


def check_no_null(value, where, faults):
    if value is None:
        faults.append(f"{where}: null; the service leaves a member out instead")
    for key, item in value.items() if isinstance(value, dict) else \
            enumerate(value) if isinstance(value, list) else ():
        check_no_null(item, f"{where}.{key}", faults)


def tree_query(found, exchange, shape, faults):
    root = shapes.xml_parse(exchange.answer.body, "answer", faults)
    if root is None:
        return {}
    name = found.operation.name
    uri = models_request.model(found.service).metadata.get("xmlNamespace", "")
    if root.tag != f"{{{uri}}}{name}Response":
        faults.append(f"root element {root.tag}, wanted {{{uri}}}{name}Response")
    result = None
    for child in root:
        tag = shapes.local(child.tag)
        if tag == f"{name}Result":
            result = child
        elif tag != "ResponseMetadata" or not any(
                shapes.local(item.tag) == "RequestId" and item.text for item in child):
            faults.append(f"answer: element <{tag}>")
    if shape is None:
        return {}
    if result is None:
        faults.append(f"answer: no <{name}Result>")
        return {}
    return shapes.xml_value(shape, result, "answer", faults, ordered=False)


def tree_xml(found, exchange, shape, faults):
    if not exchange.answer.body:
        return {}
    inside = models_request.payload(shape) if shape else None
    if not inside:
        if "payload" not in (shape.serialization if shape else {}):
            faults.append(f"{found.operation.name} is answered without a body")
        return {}
    root = shapes.xml_parse(exchange.answer.body, "answer", faults)
    if root is None:
        return {}
    uri = models_request.NAMESPACES[found.service]
    if root.tag.partition("}")[0] != "{" + uri:
        faults.append(f"answer: {root.tag} is not in the namespace {uri}")
    return shapes.xml_value(inside[0], root, "answer", faults, ordered=False)


TREES = {"json": tree_json, "rest-json": tree_json, "query": tree_query, "rest-xml": tree_xml}


# --- checks --------------------------------------------------------------------------------------

def check_headers(shape, exchange, faults):
    known = {}
    for name, member in (shape.members if shape else {}).items():
        if member.serialization.get("location") == "header":
            known[shapes.wire_name(name, member).lower()] = member
    for name, value in exchange.answer.headers.items():
        if name in known:
            shapes.check(known[name], shapes.Text(value), f"header {name}", faults)
        elif name not in PLAIN_HEADERS:
            faults.append(f"answer: no header {name!r} in the model")
    if not any(name in exchange.answer.headers for name in REQUEST_IDS):
        faults.append("answer: no request id")


def check_success(found, exchange, faults):
    shape = found.operation.output_shape
    wanted = found.operation.http.get("responseCode")
    if wanted and exchange.status != wanted:
        faults.append(f"answer: HTTP {exchange.status}, the model says {wanted}")
    check_headers(shape, exchange, faults)
    parsed = parse(found, exchange, shape)
    if shape is None or exchange.method == "HEAD":
        return
    tree = TREES[models_request.protocol(found.service)](found, exchange, shape, faults)
    inside = models_request.payload(shape)
    if shape.serialization.get("payload") and inside is None:
        return  # bytes, or text that is no document of the protocol
    shapes.check(inside[0], tree, "answer", faults)
    parsed.pop("ResponseMetadata", None)
    for name, member in shape.members.items():
        if "location" in member.serialization:
            parsed.pop(name, None)
    if leaves(parsed) != leaves(tree):
        faults.append(f"answer: botocore's parser keeps {leaves(parsed)} of {leaves(tree)} values")


def known_codes(found):
    """Error codes of the operation: as the model writes them -> HTTP status, None where it is silent."""
    out = {}
    for shape in found.operation.error_shapes:
        error = shape.metadata.get("error", {})
        out[error.get("code", shape.name)] = error.get("httpStatusCode")
        out[shape.name] = error.get("httpStatusCode")
    return out


def check_error(found, exchange, faults):
    if exchange.method == "HEAD":
        return
    error = parse(found, exchange, found.operation.output_shape).get("Error", {})
    code, status = error.get("Code", ""), exchange.status
    known = known_codes(found)
    if code in known:
        if known[code] and known[code] != status:
            faults.append(f"answer: {code} with HTTP {status}, the model says {known[code]}")
    elif code not in COMMON and code not in OWN.get(found.service, ()):
        faults.append(f"answer: {found.operation.name} knows no error {code!r}")
    if not error.get("Message"):
        faults.append(f"answer: {code} without a message")
    check_headers(None, exchange, faults)


def faults_of(found, exchange):
    """What the model has against the answer, a line each."""
    faults = []
    try:
        if exchange.status < 300:
            check_success(found, exchange, faults)
        else:
            check_error(found, exchange, faults)
    except (ValueError, KeyError, TypeError, AttributeError,
            botocore.parsers.ResponseParserError) as error:
        faults.append(f"answer: {type(error).__name__}: {error}")
    return faults
