#!/usr/bin/env python3
"""A real OpenSearch 2.19.1 with its security plugin holds what lifeboat applied to the cluster.

The node stands behind the sandbox's --cluster, which checks the signature, signs in with a password
in its place, and maps s3 repositories to the node's `fs` type. So the node judges role mappings,
foreign members, registration and verification; it is asked itself, past the sandbox. What it cannot
judge: role_arn, region and endpoint (of the service, not of the engine), S3, and schedules (Snapshot
Management is in no registry): the spec has none.
"""
import sys

import real  # first: it says where judge and sandbox are
import judge
import node as nodes
from judge import ACCOUNT, EAST
from sandbox import Sandbox

MAPPINGS = "/_plugins/_security/api/rolesmapping"
OPERATOR = f"arn:aws:iam::{ACCOUNT}:role/node-dr-operator"
SPEC = """
lifeboat: 1
stack: node-dr
account: "111122223333"
regions: {primary: us-east-1, secondary: us-west-2}
active: primary
roles:
  snapshot: {purpose: snapshot}
  operator: {purpose: caller, trusted_by: ["arn:aws:iam::111122223333:role/ci"]}
buckets:
  node-dr-west: {region: secondary}
  node-dr-east: {region: primary}
domains:
  search:
    engine: OpenSearch_2.19
    data_nodes: {type: r7g.large.search, count: 3, volume: 100Gi}
    secondary: {mode: warm}
role_mappings:
  search:
    roles:
      manage_snapshots: {backend_roles: ["arn:aws:iam::111122223333:role/node-dr-operator"]}
      readall: {users: [auditor], backend_roles: ["ops & <co>"], hosts: ["10.0.*"]}
repositories:
  nightly:
    domain: search
    role: snapshot
    buckets: {primary: node-dr-west, secondary: node-dr-east}
    base_path: search
    settings: {compress: true, chunk_size: 64mb}
"""


def mapping(node, role):
    status, body = node.request("GET", f"{MAPPINGS}/{role}")
    held = body.get(role, {}) if status == 200 else {}
    return {name: sorted(held.get(name, [])) for name in ("backend_roles", "users", "hosts")}


def role_mappings(checks, node):
    checks.equal("node: manage_snapshots, ours beside theirs", mapping(node, "manage_snapshots"),
                 {"backend_roles": sorted(["snapshotrestore", "snapshot-admins", OPERATOR]),
                  "users": ["backup"], "hosts": ["*.ops.example.com"]})
    checks.equal("node: readall, which a new cluster maps itself", mapping(node, "readall"),
                 {"backend_roles": ["ops & <co>", "readall"], "users": ["auditor"], "hosts": ["10.0.*"]})
    checks.equal("node: a mapping of nobody's spec is untouched", mapping(node, "kibana_user"),
                 {"backend_roles": ["kibanauser"], "users": ["guest"], "hosts": []})


def repository(checks, node, box):
    status, body = node.request("GET", "/_snapshot/nightly")
    checks.equal("node: repository", (status, body.get("nightly")), (200, {
        "type": "fs", "settings": {"location": f"{node.repositories}/node-dr-west/search/g1",
                                   "compress": "true", "chunk_size": "64mb",
                                   "readonly": "false"}}))
    status, body = node.request("POST", "/_snapshot/nightly/_verify")
    checks.equal("node: repository is verified", (status, len(body.get("nodes", {}))), (200, 1))
    node.request("PUT", "/orders/_doc/1?refresh=true", {"id": 1})
    status, body = node.request("PUT", "/_snapshot/nightly/first?wait_for_completion=true",
                                {"indices": "orders", "include_global_state": False})
    checks.equal("node: a snapshot into it", (status, body.get("snapshot", {}).get("state")),
                 (200, "SUCCESS"))
    body = box.client.json({"domain": "search", "region": EAST, "path": "/_snapshot/nightly/_all"})
    checks.equal("sandbox: shows the node's snapshot",
                 [one["snapshot"] for one in body.get("snapshots", [])], ["first"])


def before(node):
    """What others have put there."""
    node.request("PATCH", MAPPINGS, [
        {"op": "add", "path": "/manage_snapshots", "value": {
            "backend_roles": ["snapshotrestore", "snapshot-admins"], "users": ["backup"],
            "hosts": ["*.ops.example.com"]}},
        {"op": "add", "path": "/kibana_user",
         "value": {"backend_roles": ["kibanauser"], "users": ["guest"], "hosts": []}}])


def somebody_else(checks, node, box):
    node.request("PATCH", MAPPINGS, [
        {"op": "add", "path": "/readall", "value": {"users": ["auditor", "second"]}}])
    node.request("DELETE", "/_snapshot/nightly")
    done = judge.lifeboat(["drift"], box.env, SPEC)
    checks.true("drift ends with 2 and names both objects", done.returncode == 2
                and "role_mapping.search@primary" in done.stdout
                and "repository.nightly@primary" in done.stdout, judge.said(done))
    judge.apply_and_plan(checks, "node, mended", box.env, SPEC)
    checks.equal("node: our members are back, theirs is kept", mapping(node, "readall"),
                 {"backend_roles": ["ops & <co>"], "users": ["auditor", "second"],
                  "hosts": ["10.0.*"]})
    status, body = node.request("GET", "/_snapshot/nightly/_all")
    checks.equal("node: the repository is back, its snapshot is still there",
                 (status, [one["snapshot"] for one in body.get("snapshots", [])]),
                 (200, ["first"]))


def judged(checks):
    with nodes.opensearch("security") as node:
        address = node.url.replace("://", f"://{nodes.USER}:{nodes.PASSWORD}@")
        cluster = f"search@{EAST}={address}?repository=fs:{node.repositories}"
        with Sandbox(500, options=["--cluster", cluster]) as box:
            before(node)
            judge.apply_and_plan(checks, "node", box.env, SPEC)
            with checks.guarded("role mappings can be read"):
                role_mappings(checks, node)
            with checks.guarded("the repository can be read"):
                repository(checks, node, box)
            with checks.guarded("what somebody else changed"):
                somebody_else(checks, node, box)


if __name__ == "__main__":
    sys.exit(real.run("OpenSearch 2.19.1 with security", judged))
