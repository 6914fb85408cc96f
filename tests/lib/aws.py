"""Signed requests on the standard library alone: what stories and walks do behind lifeboat's back.

A request is data, as it stands in a story's seed:
    {service: s3, region: us-west-2, method: PUT, path: /bucket, query: lifecycle, body: "<...>"}
    {service: iam, form: {Action: CreateRole, RoleName: ci, ...}}     Version: unless it is in VERSIONS
    {service: es, region: us-east-1, method: POST, path: /2021-01-01/..., json: {...}}
    {domain: search, region: us-east-1, method: PUT, path: /_snapshot/x, json: {...}}
    {control: faults, json: [...]}
`expect` is the status it must have (any 2xx when left out, `any` for all); `header` holds further
headers. Two more forms stand in for a request wherever a list of them is played (play()):
    {advance: 2h}                                        time passes
    {each: REGEX, of: request, do: request}              once for each match: {0} is what it found
"""
import base64
import datetime
import hashlib
import hmac
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request

GLOBAL = ("iam", "route53", "sts")
BUSY = (b"PriorRequestNotComplete", b"Throttling", b"SlowDown")
VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15", "monitoring": "2010-08-01"}


class Failed(Exception):
    """A request that was not answered as expected."""


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _quote(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-_.~")


def sign(method, host, path, query, headers, body, service, region, key, secret, token=None):
    """Adds the headers of Signature Version 4; `query` is a list of (name, value) pairs."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{now[:8]}/{region}/{service}/aws4_request"
    payload = hashlib.sha256(body).hexdigest()
    headers = {name.lower(): value for name, value in headers.items()}
    headers.update({"host": host, "x-amz-date": now, "x-amz-content-sha256": payload})
    if token:
        headers["x-amz-security-token"] = token
    names = sorted(name for name in headers if name == "host" or name.startswith("x-amz-"))
    canonical = "\n".join([
        method,
        _quote(path, "/") if service == "s3" else _quote(_quote(path, "/"), "/"),
        "&".join(f"{_quote(n)}={_quote(v)}" for n, v in sorted(query)),
        "".join(f"{name}:{headers[name].strip()}\n" for name in names),
        ";".join(names),
        payload,
    ])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, digest])
    signing = _hmac(("AWS4" + secret).encode(), now[:8])
    for part in (region, service, "aws4_request"):
        signing = _hmac(signing, part)
    signature = hmac.new(signing, text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={key}/{scope}, "
                                f"SignedHeaders={';'.join(names)}, Signature={signature}")
    return headers


def _flatten(prefix, value, out):
    if isinstance(value, list):
        for number, item in enumerate(value, 1):
            _flatten(f"{prefix}.member.{number}", item, out)
    elif isinstance(value, dict):
        for name, item in value.items():
            _flatten(f"{prefix}.{name}" if prefix else name, item, out)
    else:
        out.append((prefix, json.dumps(value) if isinstance(value, bool) else str(value)))


def _body(request, headers):
    if "json" in request:
        headers.setdefault("content-type", "application/json")
        return json.dumps(request["json"]).encode()
    if "form" in request:
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
        pairs = [] if "Version" in request["form"] else [("Version", VERSIONS[request["service"]])]
        _flatten("", {n: json.dumps(v) if n.endswith("Document") and not isinstance(v, str) else v
                      for n, v in request["form"].items()}, pairs)
        return urllib.parse.urlencode(pairs).encode()
    body = request.get("body", "")
    return body if isinstance(body, bytes) else body.encode()


def fill(data, name, value):
    """The data with `name` replaced in every text of it."""
    if isinstance(data, dict):
        return {key: fill(item, name, value) for key, item in data.items()}
    if isinstance(data, list):
        return [fill(item, name, value) for item in data]
    return data.replace(name, value) if isinstance(data, str) else data


class Client:
    """Speaks to one sandbox."""

    def __init__(self, url, key, secret, token=None):
        self.url, self.key, self.secret, self.token = url, key, secret, token

    def _send(self, method, path, query, headers, body):
        target = self.url + urllib.parse.quote(path, safe="/-_.~")
        if query:
            target += "?" + "&".join(f"{_quote(n)}={_quote(v)}" for n, v in query)
        message = urllib.request.Request(target, data=body or None, method=method, headers=headers)
        try:
            with urllib.request.urlopen(message, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def domain_host(self, name, region):
        """The host name that the service chose for a domain."""
        answer = self.json({"service": "es", "region": region, "method": "GET",
                            "path": f"/2021-01-01/opensearch/domain/{name}"})
        status = answer["DomainStatus"]
        return status.get("Endpoint") or status["Endpoints"]["vpc"]

    def send(self, request):
        """Status and bytes of the answer."""
        headers = {n.lower(): v for n, v in request.get("header", {}).items()}
        body = _body(request, headers)
        if request.get("service") == "s3" and body:
            headers["content-md5"] = base64.b64encode(hashlib.md5(body).digest()).decode()
        if "control" in request:
            method = request.get("method", "POST" if body else "GET")
            return self._send(method, "/_sandbox/" + request["control"], [], headers, body)
        service = request.get("service", "es")
        region = request.get("region", "us-east-1")
        region = "us-east-1" if service in GLOBAL else region
        method = request.get("method", "POST" if "form" in request or "json" in request else "GET")
        path = request.get("path", "/")
        query = urllib.parse.parse_qsl(request.get("query", ""), keep_blank_values=True)
        host = f"{service}.{region}.amazonaws.com" if service not in GLOBAL else f"{service}.amazonaws.com"
        if "domain" in request:
            host = self.domain_host(request["domain"], region)
        signed = sign(method, host, path, query, headers, body, service, region,
                      self.key, self.secret, self.token)
        return self._send(method, path, query, {**headers, **signed}, body)

    def must(self, request):
        """The bytes of an answer that is as expected."""
        for _ in range(40):
            status, body = self.send(request)
            if status not in (400, 429, 503) or not any(word in body for word in BUSY):
                break
            time.sleep(0.05)
        expected = request.get("expect")
        if expected != "any" and (status != expected if expected else not 200 <= status < 300):
            shown = {n: v for n, v in request.items() if n not in ("body", "json")}
            raise Failed(f"{shown}: HTTP {status} {body[:400].decode(errors='replace')}")
        return body

    def play(self, requests):
        for request in requests:
            if "advance" in request:
                self.must({"control": "clock", "json": {"advance": request["advance"]}})
            elif "each" in request:
                answer = self.must(request["of"]).decode()
                for found in re.findall(request["each"], answer, re.S):
                    self.play([fill(request["do"], "{0}", found)])
            else:
                self.must(request)

    def json(self, request):
        return json.loads(self.must(request) or b"null")
