"""A proxy in which botocore recomputes the signature of every request, and refuses a wrong one.

No server but AWS's own checks the signatures of IAM, OpenSearch Service, Route 53, CloudWatch and
clusters. The path and the query are decoded and encoded again before botocore sees them, as AWS
does it, so that a request that is signed as it was sent but sent in another encoding is refused.
"""
import hashlib
import http.client
import http.server
import re
import threading
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[a-z0-9-]+)/"
    r"(?P<service>[a-z0-9]+)/aws4_request, ?SignedHeaders=(?P<names>[a-z0-9;-]+), ?"
    r"Signature=(?P<signature>[0-9a-f]{64})$")
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "te", "upgrade"}
REFUSAL = (b"<?xml version='1.0'?><Error><Code>SignatureDoesNotMatch</Code>"
           b"<Message>The signature is wrong.</Message></Error>")


class Wrong(Exception):
    """Why a request is refused."""


def expect(holds, why):
    if not holds:
        raise Wrong(why)


def checked(signer, names):
    """botocore's signer, made to sign exactly the headers that the request names."""
    class Checked(signer):
        def headers_to_sign(self, request):
            headers = http.client.HTTPMessage()
            for name, value in request.headers.items():
                if name.lower() in names:
                    headers[name.lower()] = value
            return headers
    return Checked


def canonical_url(host, target):
    """The address, its path and query in the one encoding that AWS computes with."""
    path, _, query = target.partition("?")
    pairs = [[urllib.parse.unquote(part, errors="surrogateescape")
              for part in (name, value)]
             for name, _, value in (item.partition("=") for item in query.split("&") if item)]
    encoded = urllib.parse.quote(urllib.parse.unquote_to_bytes(path), safe="/~-_.")
    return f"http://{host}{encoded}", pairs


def scope_of(request, secrets, names):
    """Who signed, for what; the rules that need no computing."""
    scope = AUTHORIZATION.match(request.headers.get("Authorization", ""))
    expect(scope, "no signature of the header form")
    names.update(scope["names"].split(";"))
    expect(scope["names"].split(";") == sorted(names), "SignedHeaders are not sorted")
    expect({"host", "x-amz-date"} <= names, "host and x-amz-date must be signed")
    for name in request.headers:
        if name.lower().startswith("x-amz-") or name.lower() == "content-type":
            expect(name.lower() in names, f"{name} is not signed")
    expect(request.headers["X-Amz-Date"][:8] == scope["date"], "the scope is of another day")
    expect(scope["key"] in secrets, "the access key is not known")
    token = secrets[scope["key"]][1]
    expect(request.headers.get("X-Amz-Security-Token") == token, "not the key's session token")
    return scope


def check_signature(request, body, secrets):
    """Service and region of a well signed request; raises Wrong."""
    names = set()
    scope = scope_of(request, secrets, names)
    digest = request.headers.get("X-Amz-Content-SHA256")
    expect(digest or scope["service"] != "s3", "S3 wants x-amz-content-sha256")
    expect(digest in (None, hashlib.sha256(body).hexdigest()), "the payload has another digest")
    url, pairs = canonical_url(request.headers["Host"], request.path)
    again = botocore.awsrequest.AWSRequest(
        method=request.command, url=url, params=pairs, data=body or None,
        headers=dict(request.headers.items()))
    again.context["timestamp"] = request.headers["X-Amz-Date"]
    signer = botocore.auth.S3SigV4Auth if scope["service"] == "s3" else botocore.auth.SigV4Auth
    auth = checked(signer, names)(botocore.credentials.Credentials(
        scope["key"], secrets[scope["key"]][0]), scope["service"], scope["region"])
    canonical = auth.canonical_request(again)
    signature = auth.signature(auth.string_to_sign(again, canonical), again)
    expect(signature == scope["signature"], f"botocore signs this otherwise:\n{canonical}")
    return scope["service"], scope["region"]


def ask(port, request, body):
    """Sends a request on as it came, Host and all: (status, headers, body)."""
    upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        upstream.putrequest(request.command, request.path, skip_host=True,
                            skip_accept_encoding=True)
        for name, value in request.headers.items():
            if name.lower() not in HOP - {"host"}:
                upstream.putheader(name, value)
        if body or request.command in ("PUT", "POST"):
            upstream.putheader("Content-Length", str(len(body)))
        upstream.endheaders(body or None)
        got = upstream.getresponse()
        return got.status, got.getheaders(), got.read()
    finally:
        upstream.close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, headers, answer = self.server.reply(self, body)
        except (OSError, http.client.HTTPException) as error:
            self.server.broken.append(f"{self.command} {self.path}: {error!r}")
            self.close_connection = True
            return
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else answer)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = handle_request


class Proxy(http.server.ThreadingHTTPServer):
    """Use with `with`. `broken` says which answers did not come."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url, self.broken = f"http://127.0.0.1:{self.server_port}", []
        self.lock = threading.Lock()

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def reply(self, request, body):
        raise NotImplementedError


class SignatureProxy(Proxy):
    """`passed` counts by (service, region), `refused` says what was and why."""

    def __init__(self, upstream, secrets):
        super().__init__()
        self.upstream, self.secrets, self.passed, self.refused = upstream, secrets, {}, []

    def reply(self, request, body):
        try:
            signed = check_signature(request, body, self.secrets)
        except Wrong as why:
            self.refused.append(f"{request.command} {request.path}: {why}")
            return 403, [("Content-Type", "application/xml"),
                         ("x-amzn-ErrorType", "InvalidSignatureException")], REFUSAL
        with self.lock:
            self.passed[signed] = self.passed.get(signed, 0) + 1
        return ask(self.upstream, request, body)

    def count(self):
        return sum(self.passed.values())
