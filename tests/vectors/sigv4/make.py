#!/usr/bin/env python3
"""Writes vectors.jsonl: SigV4 inputs, and the three stages as botocore computes them.

Run it again only to add cases: python3 make.py > vectors.jsonl (needs botocore).
Cases are what AWS's own examples leave out: odd paths, empty and repeated query items, unsorted
queries, white space and repetition in headers, session tokens, bodies, both path rules (S3 and others).
"""
import datetime
import hashlib
import json

from botocore import auth as botocore_auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCESS, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEJr//////////wEaDEXAMPLE+token/with=chars=="
AT = datetime.datetime(2026, 2, 28, 23, 59, 59)


def case(name, path="/", query="", method="GET", service="es", region="us-east-1", headers=(),
         body="", token=None, host="example.amazonaws.com", at=AT):
    return locals()


ES = "search-x-abc.us-east-1.es.amazonaws.com"
S3 = dict(service="s3", host="s3.eu-west-1.amazonaws.com", region="eu-west-1")
CASES = [
    case("vanilla"),
    case("session-token", token=TOKEN),
    case("post-json", method="POST", path="/2021-01-01/opensearch/domain",
         headers=[("content-type", "application/json")], body='{"DomainName":"a"}'),
    case("post-form", method="POST", service="iam",
         headers=[("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
         body="Action=ListUsers&Version=2010-05-08"),
    case("es-star-encoded", path="/%2A/_search", host=ES),
    case("es-star-plain", path="/*/_search", host=ES),
    case("es-comma", path="/logs-1%2Clogs-2/_count", host=ES),
    case("es-colon", path="/_snapshot/cs-automated/2026-02-28t10-00-00.a:b", host=ES),
    case("es-colon-encoded", path="/_snapshot/r/a%3Ab", host=ES),
    case("es-space", path="/_snapshot/r/a%20b", host=ES),
    case("es-unicode", path="/_snapshot/r/%E2%82%AC%C3%A4", host=ES),
    case("es-date-math", path="/%3Clogs-%7Bnow%2Fd%7D%3E/_search", host=ES),
    case("es-percent-literal", path="/a%2525b", host=ES),
    case("es-plus", path="/a%2Bb", host=ES),
    case("es-underscores", path="/_plugins/_sm/policies/nightly", host=ES, query="size=200"),
    case("es-dots-inside", path="/a/.kibana_1/..b", host=ES),
    case("es-dot-segments", path="/a/./b/../c", host=ES),
    case("es-dot-end", path="/a/b/..", host=ES),
    case("es-dot-end-slash", path="/a/b/../", host=ES),
    case("es-dot-only", path="/.", host=ES),
    case("es-above-root", path="/../../x", host=ES),
    case("es-double-slash", path="//a//b//", host=ES),
    case("es-trailing-slash", path="/_snapshot/", host=ES),
    case("es-tilde", path="/a~b-c_d.e", host=ES),
    case("es-brackets", path="/a(b)!c'd", host=ES),
    case("es-put-body", method="PUT", path="/_snapshot/r", host=ES, token=TOKEN,
         headers=[("content-type", "application/json")],
         body='{"type":"s3","settings":{"bucket":"b","role_arn":"arn:aws:iam::1:role/r"}}'),
    case("es-delete", method="DELETE", path="/_snapshot/r/s", host=ES),
    case("es-head", method="HEAD", path="/logs", host=ES),
    case("es-unicode-body", method="POST", path="/_search", host=ES, body='{"q":"€ä\u2028"}',
         headers=[("content-type", "application/json")]),
    case("query-empty-value", query="pretty="),
    case("query-valueless", query="pretty"),
    case("query-unsorted", query="b=2&a=1&c=3"),
    case("query-same-name", query="a=2&a=1&a=10"),
    case("query-prefix-names", query="ab=1&a=2&a-b=3&a.b=4"),
    case("query-upper-first", query="a=1&B=2&A=3"),
    case("query-encoded", query="name=example.com.&type=%2A&x=%2F%3A%20"),
    case("query-equals-in-value", query="a=b%3Dc"),
    case("query-unicode", query="%E2%82%AC=%C3%A4"),
    case("query-tilde", query="a=~-._"),
    case("header-spaces", headers=[("my-header", "  a   b  c ")]),
    case("header-tabs", headers=[("my-header", "a\t b")]),
    case("header-order", headers=[("x-amz-zeta", "1"), ("x-amz-alpha", "2"), ("x-amz", "3"),
                                  ("x-amz-alpha-2", "4")]),
    case("header-case", headers=[("My-Header", "Value"), ("ZOO", "b")]),
    case("header-repeated", headers=[("my-header", "b"), ("my-header", "a"), ("my-header", " c ")]),
    case("header-empty", headers=[("my-header", "")]),
    case("host-port", host="127.0.0.1:9200", path="/_cat/indices"),
    case("target", method="POST", service="monitoring", body="{}",
         headers=[("content-type", "application/x-amz-json-1.0"),
                  ("x-amz-target", "GraniteServiceVersion20100801.PutMetricData")]),
    case("route53", service="route53", host="route53.amazonaws.com",
         path="/2013-04-01/hostedzone/Z1/rrset", query="name=a.example.com.&type=CNAME"),
    case("china", service="iam", region="cn-north-1", host="iam.cn-north-1.amazonaws.com.cn"),
    case("first-of-year", at=datetime.datetime(2027, 1, 1, 0, 0, 0)),
    case("leap-day", at=datetime.datetime(2028, 2, 29, 12, 0, 1)),
    case("s3-vanilla", path="/bucket", **S3),
    case("s3-subresource", path="/bucket", query="versioning", **S3),
    case("s3-list", path="/bucket", query="list-type=2&prefix=a%2Fb%20c&delimiter=%2F", **S3),
    case("s3-key", path="/bucket/a/b/c.txt", **S3),
    case("s3-key-space", path="/bucket/a%20b%2Bc", **S3),
    case("s3-key-star", path="/bucket/a%2Ab", **S3),
    case("s3-key-unicode", path="/bucket/%E2%82%AC", **S3),
    case("s3-key-dots", path="/bucket/a/../b/./c", **S3),
    case("s3-key-double-slash", path="/bucket//a//b", **S3),
    case("s3-key-percent", path="/bucket/a%25b", **S3),
    case("s3-key-trailing-slash", path="/bucket/auto-purge/", **S3),
    case("s3-put-lifecycle", method="PUT", path="/bucket", query="lifecycle",
         body="<LifecycleConfiguration/>", token=TOKEN,
         headers=[("content-type", "application/xml"), ("x-amz-checksum-sha256", "AAAA"),
                  ("x-amz-expected-bucket-owner", "111122223333")], **S3),
    case("s3-version", path="/bucket/k", query="versionId=null", method="DELETE", **S3),
]


def sign(c):
    cls = botocore_auth.S3SigV4Auth if c["service"] == "s3" else botocore_auth.SigV4Auth
    signer = cls(Credentials(ACCESS, SECRET, c["token"]), c["service"], c["region"])
    url = "https://" + c["host"] + c["path"] + ("?" + c["query"] if c["query"] else "")
    request = AWSRequest(method=c["method"], url=url, data=c["body"].encode())
    for name, value in c["headers"]:
        request.headers.add_header(name, value)
    request.headers["host"] = c["host"]
    stamp = c["at"].strftime("%Y%m%dT%H%M%SZ")
    request.context["timestamp"] = stamp
    request.headers["X-Amz-Date"] = stamp
    if c["token"]:
        request.headers["X-Amz-Security-Token"] = c["token"]
    payload = hashlib.sha256(c["body"].encode()).hexdigest()
    if c["service"] == "s3":
        request.headers["X-Amz-Content-SHA256"] = payload
        request.context["payload_signing_enabled"] = True
    canonical = signer.canonical_request(request)
    to_sign = signer.string_to_sign(request, canonical)
    headers = {}
    for name, value in request.headers.items():
        headers.setdefault(name.lower(), []).append(value)
    return {
        "name": c["name"], "method": c["method"], "path": c["path"], "query": c["query"],
        "headers": {k: v[0] if len(v) == 1 else v for k, v in headers.items()},
        "payload_hash": payload, "body": c["body"],
        "access_key": ACCESS, "secret_key": SECRET, "session_token": c["token"] or "",
        "service": c["service"], "region": c["region"],
        "at": int(c["at"].replace(tzinfo=datetime.timezone.utc).timestamp()),
        "canonical": canonical, "string_to_sign": to_sign,
        "signature": signer.signature(to_sign, request),
    }


for item in CASES:
    print(json.dumps(sign(item), sort_keys=True))
