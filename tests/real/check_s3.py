#!/usr/bin/env python3
"""Two real OpenSearch 3.8.0, one a region, hold their snapshots in buckets of the sandbox.

lifeboat makes roles, buckets, domains and registrations through the sandbox, whose --cluster hands
the clusters' calls to the nodes. The nodes are asked themselves, past it: they write and read the
buckets with their own S3 client, whose uploads are signed chunk by chunk, and the sandbox checks each
chunk. What they cannot judge: role_arn (they get keys instead) and role mappings (no security here).
"""
import contextlib
import http.client
import http.server
import json
import re
import sys
import threading

import real  # first: it says where judge and sandbox are
import judge
import node as nodes
from judge import EAST, WEST
from sandbox import Sandbox

DOCUMENTS = 2000
SPEC = """
lifeboat: 1
stack: nodes-dr
account: "111122223333"
regions: {primary: us-east-1, secondary: us-west-2}
active: primary
roles:
  snapshot: {purpose: snapshot}
buckets:
  nodes-dr-west: {region: secondary}
  nodes-dr-east: {region: primary}
domains:
  search:
    engine: OpenSearch_3.1
    data_nodes: {type: r7g.large.search, count: 3, volume: 100Gi}
    secondary: {mode: warm}
repositories:
  nightly:
    domain: search
    role: snapshot
    buckets: {primary: nodes-dr-west, secondary: nodes-dr-east}
    base_path: search
    settings: {compress: true}
"""
ROLE = "arn:aws:iam::111122223333:role/nodes-dr-snapshot"
BUCKET, PATH = "nodes-dr-west", "search/g1"


# --- between a node and the bucket ---------------------------------------------------------------
class Relay(http.server.ThreadingHTTPServer):
    """Hands a node's S3 calls on to the sandbox, under the name that the node has signed. With
    `spoils` it changes one byte of what is uploaded."""
    daemon_threads = True

    def __init__(self, sandbox, spoils):
        super().__init__(("127.0.0.1", 0), Handler)
        self.target, self.spoils, self.payloads = sandbox.url.split("://")[1], spoils, set()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "PUT":
            self.server.payloads.add(self.headers["x-amz-content-sha256"])
            if self.server.spoils:
                at = body.index(b"\r\n") + 2  # behind the first chunk's size and signature
                body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1:]
        connection = http.client.HTTPConnection(self.server.target, timeout=30)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() != "expect":
                connection.putheader(name, value)
        connection.endheaders(body or None)
        answer = connection.getresponse()
        text = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else len(text)
        self.send_header("Content-Length", str(length or 0))
        self.end_headers()
        self.wfile.write(text)
        connection.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def relay(sandbox, spoils):
    server = Relay(sandbox, spoils)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def chunks(checks, east, box):
    """The node's own client signs each chunk, and the sandbox looks at each."""
    for spoils in (False, True):
        with relay(box, spoils) as server:
            settings = {"bucket": BUCKET, "base_path": "relayed", "region": WEST,
                        "endpoint": f"127.0.0.1:{server.server_port}", "protocol": "http",
                        "path_style_access": True, "access_key": box.client.key,
                        "secret_key": box.client.secret}
            status, body = east.request("PUT", "/_snapshot/relayed",
                                        {"type": "s3", "settings": settings})
            if spoils:
                checks.true("one byte of a chunk changed on the way is refused",
                            status == 500 and "the signature of a chunk does not match"
                            in json.dumps(body), (status, body))
            else:
                checks.equal("uploads are signed chunk by chunk, and accepted",
                             (status, server.payloads),
                             (200, {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}))
            east.request("DELETE", "/_snapshot/relayed")


# --- what lifeboat registered --------------------------------------------------------------------
def registrations(checks, east, west, box):
    port = box.url.rsplit(":", 1)[1]
    for name, node, readonly in (("active", east, "false"), ("standby", west, "true")):
        status, body = node.request("GET", "/_snapshot/nightly")
        checks.equal(f"{name} node: repository", (status, body.get("nightly")), (200, {
            "type": "s3", "settings": {
                "bucket": BUCKET, "base_path": PATH, "compress": "true", "readonly": readonly,
                "shard_path_type": "FIXED", "endpoint": f"127.0.0.1:{port}", "region": WEST,
                "protocol": "http", "path_style_access": "true"}}))
        status, body = node.request("POST", "/_snapshot/nightly/_verify")
        checks.equal(f"{name} node: repository is verified",
                     (status, len(body.get("nodes", {}))), (200, 1))
    for name, region, place, readonly in (
            ("active", EAST, ("endpoint", "s3.amazonaws.com"), "false"),
            ("standby", WEST, ("region", WEST), "true")):
        shown = box.client.json({"domain": "search", "region": region, "path": "/_snapshot"})
        checks.equal(f"{name} domain: shows what was registered", shown, {"nightly": {
            "type": "s3", "settings": {
                "bucket": BUCKET, "base_path": PATH, "compress": "true", "readonly": readonly,
                "shard_path_type": "FIXED", "role_arn": ROLE, place[0]: place[1]}}})


# --- a snapshot goes from one region to the other ------------------------------------------------
def index_documents(checks, node, index, count):
    lines = "".join(f'{{"index":{{"_id":"{n}"}}}}\n{{"n":{n},"text":"order {n}"}}\n'
                    for n in range(count))
    status, body = node.request("POST", f"/{index}/_bulk?refresh=true", lines.encode())
    checks.equal(f"{index}: documents are indexed", (status, body.get("errors")), (200, False))


def take(checks, node, name, index):
    status, body = node.request("PUT", f"/_snapshot/nightly/{name}?wait_for_completion=true",
                                {"indices": index, "include_global_state": False})
    checks.equal(f"snapshot {name}: the node takes it",
                 (status, body.get("snapshot", {}).get("state")), (200, "SUCCESS"))


def restore(checks, node, name, index, count):
    status, body = node.request(
        "POST", f"/_snapshot/nightly/{name}/_restore?wait_for_completion=true",
        {"indices": index, "include_global_state": False})
    checks.equal(f"snapshot {name}: the other node restores it",
                 (status, body.get("snapshot", {}).get("shards", {}).get("failed")), (200, 0))
    status, body = node.request("GET", f"/{index}/_count")
    checks.equal(f"snapshot {name}: as many documents", (status, body.get("count")), (200, count))
    status, body = node.request("GET", f"/{index}/_doc/{count - 1}")
    checks.equal(f"snapshot {name}: the last document", body.get("_source"),
                 {"n": count - 1, "text": f"order {count - 1}"})


def readonly(checks, node):
    status, body = node.request("PUT", "/_snapshot/nightly/second?wait_for_completion=true",
                                {"indices": "*"})
    checks.true("standby node: takes no snapshot",
                status == 500 and "cannot create snapshot in a readonly repository"
                in json.dumps(body), (status, body))
    status, body = node.request("DELETE", "/_snapshot/nightly/first")
    checks.true("standby node: deletes no snapshot",
                status == 500 and "readonly" in json.dumps(body), (status, body))


def bucket(checks, box):
    """No call of a node was signed wrongly, and all that they wrote lies under the path."""
    calls = [call for call in box.calls() if call["service"] == "s3"]
    wrote = [call for call in calls if call["operation"] == "PutObject"]
    checks.equal("bucket: no call was refused", [
        call for call in calls if call["signature"] != "ok" or call["status"] in (400, 403)], [])
    checks.true("bucket: the node uploaded to it", len(wrote) >= 8, len(wrote))
    listed = box.client.must({"service": "s3", "region": WEST, "method": "GET",
                              "path": f"/{BUCKET}", "query": "list-type=2"}).decode()
    keys = re.findall(r"<Key>([^<]*)</Key>", listed)
    checks.true("bucket: all lies under the repository's path",
                len(keys) >= 8 and all(key.startswith(PATH + "/") for key in keys), keys)


def crossing(checks, east, west, box):
    index_documents(checks, east, "orders", DOCUMENTS)
    take(checks, east, "first", "orders")
    shown = box.client.json({"domain": "search", "region": WEST,
                             "path": "/_snapshot/nightly/_all"})
    checks.equal("standby domain: sees the snapshot",
                 [one["snapshot"] for one in shown["snapshots"]], ["first"])
    readonly(checks, west)
    restore(checks, west, "first", "orders", DOCUMENTS)


# --- what goes wrong -----------------------------------------------------------------------------
def second_writer(checks, west, box):
    """Somebody makes the reading side write, past lifeboat: two writers would destroy the path."""
    status, body = west.request("GET", "/_snapshot/nightly")
    settings = {**body["nightly"]["settings"], "readonly": "false",
                "access_key": box.client.key, "secret_key": box.client.secret}
    west.request("PUT", "/_snapshot/nightly", {"type": "s3", "settings": settings})
    done = judge.lifeboat(["drift"], box.env, SPEC)
    checks.true("second writer: drift shows it", done.returncode == 2
                and "repository.nightly@secondary" in done.stdout
                and "readonly" in done.stdout and "@primary" not in done.stdout, judge.said(done))
    judge.apply_and_plan(checks, "second writer, mended", box.env, SPEC)
    status, body = west.request("GET", "/_snapshot/nightly")
    checks.equal("standby node: reads only again",
                 (status, body["nightly"]["settings"]["readonly"]), (200, "true"))


def bucket_denied(checks, east, box):
    """S3 lets the nodes write nothing: what they met, and no mapping, is what lifeboat names."""
    east.request("DELETE", "/_snapshot/nightly")
    box.control("faults", [{"service": "s3", "operation": "PutObject", "do": "deny"}])
    done = judge.lifeboat(["apply", "--auto-approve"], box.env, SPEC)
    box.control("faults", method="DELETE")
    text = " ".join((done.stdout + done.stderr).split())
    words = ("error[LB-A030]", "service: cluster CreateRepository, HTTP 500",
             "FAILED repository.nightly@primary: register for writing",
             "is not accessible on cluster-manager node: Unable to upload object",
             "Status Code: 403", f"allow {ROLE} to list {BUCKET}", f"under {BUCKET}/{PATH}",
             "the caller's mapping is not what is missing", "/_snapshot/nightly/_verify",
             "applying again does not try it again")
    missing = [word for word in words if word not in text]
    checks.true("bucket denied: apply names the role, the bucket and what the node met",
                done.returncode == 6 and not missing, f"lacks {missing}; {judge.said(done)}")
    judge.apply_and_plan(checks, "bucket allowed again", box.env, SPEC)


# --- the other side takes over -------------------------------------------------------------------
def failed_over(checks, east, west, box):
    """`active: secondary`: the standby writes to the bucket of the region that was active."""
    spec = SPEC.replace("active: primary", "active: secondary")
    judge.apply_and_plan(checks, "nodes, failed over", box.env, spec)
    shown = [node.request("GET", "/_snapshot/nightly")[1]["nightly"]["settings"]
             for node in (west, east)]
    checks.equal("failed over: the standby writes, in the other bucket",
                 [(one["bucket"], one["readonly"], one["region"]) for one in shown],
                 [("nodes-dr-east", "false", EAST), ("nodes-dr-east", "true", EAST)])
    index_documents(checks, west, "returns", 300)
    take(checks, west, "back", "returns")
    restore(checks, east, "back", "returns", 300)


def judged(checks):
    with nodes.starting("s3") as east, nodes.starting("s3") as west:
        options = []
        for region, node in ((EAST, east), (WEST, west)):
            options += ["--cluster", f"search@{region}={node.url}"]
        with Sandbox(500, options=options) as box:
            east.wait()
            west.wait()
            judge.apply_and_plan(checks, "nodes", box.env, SPEC)
            with checks.guarded("registrations can be read"):
                registrations(checks, east, west, box)
            with checks.guarded("a snapshot crosses"):
                crossing(checks, east, west, box)
                bucket(checks, box)
            with checks.guarded("uploads can be relayed"):
                chunks(checks, east, box)
            with checks.guarded("a second writer is seen"):
                second_writer(checks, west, box)
            with checks.guarded("a bucket that denies is told"):
                bucket_denied(checks, east, box)
            again = judge.lifeboat(["plan", "--detailed-exitcode"], box.env, SPEC)
            checks.true("nodes, used: the plan is still empty",
                        again.returncode == 0 and "No changes." in again.stdout, judge.said(again))
            with checks.guarded("the other side takes over"):
                failed_over(checks, east, west, box)


if __name__ == "__main__":
    sys.exit(real.run("OpenSearch 3.8.0 with S3", judged))
