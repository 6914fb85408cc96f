#!/usr/bin/env python3
"""Drives lifeboat-sandbox with boto3: OpenSearch Service, its clusters, Route 53, CloudWatch and SNS.

usage: sandbox_services_boto3.py PATH/lifeboat-sandbox [CHECK...]

boto3 is the judge of AWS answers: it must parse every one without loss. Cluster calls are signed
by botocore and compared with what real nodes answered. Virtual time passes through /_sandbox/clock.
Ends with `N passed, N failed, N skipped`; the exit status is 1 when something failed.
"""
import http.server
import json
import os
import sys
import tempfile
import threading
import traceback
import urllib.request

try:
    import boto3  # noqa: F401
except ImportError:
    print("boto3 is not installed")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

import services_domains  # noqa: F401  the order of imports is the order of the checks
import services_clusters
import services_dns  # noqa: F401
import services_topics  # noqa: F401
from services_driver import CHECKS, WEST, Sandbox, check, equal, make_domain

@check
def calls_are_named_in_the_log(sandbox):
    text = urllib.request.urlopen(f"{sandbox.url}/_sandbox/calls").read().decode()
    calls = [json.loads(line) for line in text.splitlines()]
    named = {(one["service"], one["operation"], one["mutating"]) for one in calls}
    for wanted in (("opensearch", "CreateDomain", True), ("opensearch", "DescribeDomains", False),
                   ("opensearch", "UpdateDomainConfig", True),
                   ("opensearch", "UpdateDomainConfig", False),  # a dry run
                   ("cluster", "CreateRepository", True), ("cluster", "GetSnapshot", False),
                   ("route53", "ChangeResourceRecordSets", True),
                   ("route53", "ListTagsForResources", False),
                   ("cloudwatch", "PutMetricData", True), ("cloudwatch", "DescribeAlarms", False)):
        assert wanted in named, wanted


# --- checks with a sandbox of their own -----------------------------------------------------------------


class Node(http.server.BaseHTTPRequestHandler):
    """A node that keeps one repository and remembers what it was asked."""

    seen, kept = [], {}

    def log_message(self, *arguments):
        pass

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        Node.seen.append((self.command, self.path, self.headers.get("Authorization"), body))
        reply = {"acknowledged": True}
        if self.command == "PUT":
            Node.kept = json.loads(body)
            for secret in ("access_key", "secret_key"):
                Node.kept["settings"].pop(secret, None)
        if self.command == "GET":
            reply = {"nightly": Node.kept}
        data = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = answer


def a_real_node_gets_what_it_understands(program):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Node)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    settings = {"bucket": "real-west", "region": WEST, "base_path": "p", "readonly": "true",
                "role_arn": "arn:aws:iam::111122223333:role/passed"}
    for query, kind in (("", "s3"), ("?repository=fs:/srv/repos", "fs")):
        Node.seen.clear()
        sandbox = Sandbox(program, "--cluster", f"real@{WEST}={url}{query}")
        try:
            host = make_domain(sandbox, "real", WEST)
            call = {"region": WEST}
            put = {"type": "s3", "settings": settings}
            status, body = sandbox.cluster(host, "PUT", "/_snapshot/nightly", put, **call)
            equal((status, body["error"]["type"], body["error"]["caused_by"]["caused_by"]["reason"]),
                  (500, "repository_verification_exception", "The specified bucket does not exist"))
            equal(Node.seen[-1][:2], ("PUT", "/_snapshot/nightly?verify=false"))
            sandbox.client("s3", WEST).create_bucket(
                Bucket="real-west", CreateBucketConfiguration={"LocationConstraint": WEST})
            services_clusters.make_role(sandbox, "passed", "real-west")
            equal(sandbox.cluster(host, "PUT", "/_snapshot/nightly", put, **call)[0], 200)
            method, path, authorization, body = Node.seen[-1]
            equal((method, path), ("PUT", "/_snapshot/nightly"))
            assert authorization.startswith("Basic "), authorization
            sent = json.loads(body)
            equal(sent["type"], kind)
            assert "role_arn" not in sent["settings"], sent
            if kind == "fs":
                equal(sent["settings"], {"location": "/srv/repos/real-west/p", "readonly": "true"})
            else:
                equal(sent["settings"]["endpoint"], f"127.0.0.1:{sandbox.port}")
                equal(sent["settings"]["path_style_access"], "true")
            got = sandbox.cluster(host, "GET", "/_snapshot/nightly", **call)
            equal(got, (200, {"nightly": put}))
            Node.kept["settings"]["readonly"] = "false"  # by somebody, on the node
            got = sandbox.cluster(host, "GET", "/_snapshot", **call)[1]["nightly"]["settings"]
            equal(got, {**settings, "readonly": "false"})
            equal(sandbox.cluster(host, "GET", "/_cat/x?h=a", **call)[0], 200)
            equal(Node.seen[-1][1], "/_cat/x?h=a")
            before = len(Node.seen)
            equal(sandbox.cluster(host, "GET", "/", credentials="none", **call)[0], 403)
            equal(len(Node.seen), before)  # refused before it reached the node
        finally:
            sandbox.stop()
    server.shutdown()


def clusters_survive_a_restart(program):
    with tempfile.TemporaryDirectory() as folder:
        first = Sandbox(program, "--state", folder)
        call, _ = services_clusters.fixture(first)
        for function in (services_clusters.documents_are_counted,
                         services_clusters.repository_registration_checks_role_and_place):
            function(first)
        equal(call("PUT", "/_snapshot/nightly/kept?wait_for_completion=true")[0], 200)
        equal(first.stop(), 0)
        second = Sandbox(program, "--state", folder)
        try:
            second.fixture = first.fixture
            call, _ = services_clusters.fixture(second)
            equal(call("GET", "/logs-2/_count")[1]["count"], 5)
            listed = call("GET", "/_snapshot/nightly/_all")[1]["snapshots"]
            equal([one["snapshot"] for one in listed], ["kept"])
        finally:
            second.stop()


def run(name, function, *arguments):
    try:
        function(*arguments)
    except Exception:  # a failed check must not end the run
        print(f"FAILED {name}")
        traceback.print_exc(file=sys.stdout)
        return False
    return True


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    program, chosen = sys.argv[1], sys.argv[2:]
    sandbox = Sandbox(program)
    results = [run(one.__name__, one, sandbox) for one in CHECKS
               if not chosen or one.__name__ in chosen]
    results.append(run("stop", lambda: equal(sandbox.stop(), 0)))
    results += [run(one.__name__, one, program)
                for one in (a_real_node_gets_what_it_understands, clusters_survive_a_restart)
                if not chosen or one.__name__ in chosen]
    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
