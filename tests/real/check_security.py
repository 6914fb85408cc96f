#!/usr/bin/env python3
"""A real OpenSearch 2.19.1 with its security plugin holds what lifeboat applied to the cluster.

The node stands behind the sandbox's --cluster, which checks the signature and tells the node who
calls, as a domain does: its own role mappings decide. So the node judges role mappings, foreign
members, who may register and take snapshots, registration and verification; it is asked itself, past
the sandbox. What it cannot judge: role_arn, region and endpoint (of the service, not of the engine),
S3 (repositories become folders), and schedules (Snapshot Management is in no registry): the spec has
none.
"""
import re
import sys

import real  # first: it says where judge and sandbox are
import aws
import judge
import node as nodes
from judge import ACCOUNT, EAST
from sandbox import Sandbox

MAPPINGS = "/_plugins/_security/api/rolesmapping"
REPOSITORY = "repository.nightly@primary"
STRANGER = f"arn:aws:iam::{ACCOUNT}:role/stranger"
OF_ACCOUNT = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "sts:AssumeRole",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}]}
OPERATOR = f"arn:aws:iam::{ACCOUNT}:role/node-dr-operator"
SPEC = """
lifeboat: 1
stack: node-dr
account: "111122223333"
regions: {primary: us-east-1, secondary: us-west-2}
active: primary
roles:
  snapshot: {purpose: snapshot}
  operator: {purpose: caller, trusted_by: ["111122223333"]}
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
      security_manager: {backend_roles: ["arn:aws:iam::111122223333:role/node-dr-operator"]}
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


# --- who calls -----------------------------------------------------------------------------------
def session(box, role):
    """A client and the environment of lifeboat for somebody who assumed that role."""
    answer = box.client.must({"service": "sts", "form": {
        "Action": "AssumeRole", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
        "RoleSessionName": "check"}}).decode()
    key, secret, token = (re.search(f"<{name}>([^<]*)</{name}>", answer)[1]
                          for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    return aws.Client(box.url, key, secret, token), {
        **box.env, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_SESSION_TOKEN": token}


def send(client, method, path, query="", body=None):
    request = {"domain": "search", "region": EAST, "method": method, "path": path, "query": query}
    status, text = client.send({**request, "json": body} if body is not None else request)
    return status, text.decode()


def apply_repository(env, *options):
    return judge.lifeboat(["apply", "--auto-approve", "--target", REPOSITORY, *options], env, SPEC)


def says(checks, name, done, exit_code, words, never=()):
    """The error of a command: its exit code, and the words that must and must not be in it."""
    text = " ".join((done.stdout + done.stderr).split())
    missing = [word for word in words if word not in text]
    found = [word for word in never if word in text]
    checks.true(name, done.returncode == exit_code and not missing and not found,
                f"lacks {missing}, has {found}; {judge.said(done)}")


def snapshot(client, name):
    return send(client, "PUT", f"/_snapshot/nightly/{name}", "wait_for_completion=true",
                {"indices": "orders", "include_global_state": False})


def mapped(checks, node, box):
    """The role that lifeboat mapped may do what its mappings say."""
    client, env = session(box, "node-dr-operator")
    node.request("DELETE", "/_snapshot/nightly")
    done = apply_repository(env)
    checks.true("mapped role: lifeboat registers the repository",
                done.returncode == 0 and node.request("GET", "/_snapshot/nightly")[0] == 200,
                judge.said(done))
    status, text = snapshot(client, "by-operator")
    checks.true("mapped role: takes a snapshot", status == 200 and '"SUCCESS"' in text,
                (status, text))
    status, text = send(client, "GET", "/orders/_search")
    checks.true("mapped role: reads no documents, which no mapping lets it", status == 403
                and "no permissions for [indices:data/read/search]" in text, (status, text))


def unmapped(checks, node, box):
    """IAM lets another role pass, and the node stops it."""
    box.client.must({"service": "iam", "form": {
        "Action": "CreateRole", "RoleName": "stranger", "AssumeRolePolicyDocument": OF_ACCOUNT}})
    client, env = session(box, "stranger")
    who = f"and User [name={STRANGER}, backend_roles=[{STRANGER}]"
    status, text = send(client, "PUT", "/_snapshot/strange", body={"type": "fs", "settings": {}})
    checks.true("unmapped role: registers nothing", status == 403
                and f"no permissions for [cluster:admin/repository/put] {who}" in text,
                (status, text))
    status, text = snapshot(client, "by-stranger")
    checks.true("unmapped role: takes no snapshot", status == 403
                and f"no permissions for [cluster:admin/snapshot/create] {who}" in text,
                (status, text))
    says(checks, "unmapped role: a plan names both mappings that are missing",
         judge.lifeboat(["plan"], env, SPEC), 9,
         (f"{REPOSITORY}: cluster:GetRepository in search-search-",
          f"HTTP 403 security_exception: no permissions for [cluster:admin/repository/get] {who}",
          f"map {STRANGER} to manage_snapshots in the security plugin",
          "role_mapping.search@primary: cluster:GetRoleMappings in search-search-",
          f"HTTP 403 FORBIDDEN: No permission to access REST API: User {STRANGER} with Security "
          "roles [own_index]", f"map {STRANGER} to security_manager in the security plugin"))


def half_mapped(checks, node, box):
    """Who may look may not register: the mapping that is missing, and nothing else, is named."""
    _, env = session(box, "stranger")
    node.request("PATCH", MAPPINGS, [
        {"op": "add", "path": f"/{role}", "value": {"backend_roles": members}}
        for role, members in (("snapshot_management_read_access", [STRANGER]),
                              ("security_manager", [OPERATOR, STRANGER]))])
    node.request("DELETE", "/_snapshot/nightly")
    says(checks, "missing mapping: apply names service, operation, object and the role to map",
         apply_repository(env), 9,
         ("error[LB-A010]: permission denied", "service: cluster CreateRepository, HTTP 403",
          f"FAILED {REPOSITORY}: register for writing (cluster:CreateRepository)",
          "no permissions for [cluster:admin/repository/put]",
          f"map {STRANGER} to manage_snapshots in the security plugin",
          "IAM and the domain's access policy have let the request pass"),
         ("LB-A030", "PassRole", "trust policy"))
    checks.equal("missing mapping: nothing is registered",
                 node.request("GET", "/_snapshot/nightly")[0], 404)


def callers(checks, node, box):
    mapped(checks, node, box)
    unmapped(checks, node, box)
    half_mapped(checks, node, box)


# --- what the nodes meet -------------------------------------------------------------------------
def role_not_assumed(checks, node, box):
    """The service cannot assume the role that was passed: no mapping mends that."""
    node.request("DELETE", "/_snapshot/nightly")
    box.control("settings", {"iam_propagation_s": 100000000})
    says(checks, "role not assumed: apply names the role, and no mapping",
         apply_repository(box.env), 6,
         ("error[LB-A030]", "service: cluster CreateRepository, HTTP 500",
          f"FAILED {REPOSITORY}: register for writing (cluster:CreateRepository)",
          "The role cannot be assumed",
          f"let es.amazonaws.com assume arn:aws:iam::{ACCOUNT}:role/node-dr-snapshot",
          "the caller's mapping is not what is missing", "/_snapshot/nightly/_verify"),
         ("manage_snapshots", "LB-A010"))
    checks.equal("role not assumed: the node has it registered all the same",
                 node.request("GET", "/_snapshot/nightly")[0], 200)
    box.control("settings", {"iam_propagation_s": 0})


def folder_not_writable(checks, node, box):
    """The node's own verification fails."""
    place, aside = node.repositories / "node-dr-west", node.repositories / "aside"
    node.request("DELETE", "/_snapshot/nightly")
    place.rename(aside)
    place.write_text("a file where the folder should be", encoding="utf-8")
    says(checks, "bucket not reachable: apply says what the node met",
         apply_repository(box.env), 6,
         ("error[LB-A030]", "service: cluster CreateRepository, HTTP 500",
          "repository_verification_exception", "is not accessible on cluster-manager node",
          "Not a directory", "the caller's mapping is not what is missing"),
         ("manage_snapshots", "LB-A010", "assume"))
    place.unlink()
    aside.rename(place)
    judge.apply_and_plan(checks, "bucket reachable again", box.env, SPEC)
    status, body = node.request("GET", "/_snapshot/nightly/_all")
    checks.equal("node: nothing was lost on the way",
                 (status, sorted(one["snapshot"] for one in body.get("snapshots", []))),
                 (200, ["by-operator", "first"]))


def failures(checks, node, box):
    role_not_assumed(checks, node, box)
    folder_not_writable(checks, node, box)


def judged(checks):
    with nodes.opensearch("security") as node:
        address = node.url.replace("://", f"://{nodes.USER}:{nodes.PASSWORD}@")
        cluster = f"search@{EAST}={address}?repository=fs:{node.repositories}&callers=proxy"
        with Sandbox(500, options=["--cluster", cluster]) as box:
            before(node)
            judge.apply_and_plan(checks, "node", box.env, SPEC)
            with checks.guarded("role mappings can be read"):
                role_mappings(checks, node)
            with checks.guarded("the repository can be read"):
                repository(checks, node, box)
            with checks.guarded("what somebody else changed"):
                somebody_else(checks, node, box)
            with checks.guarded("callers can be told apart"):
                callers(checks, node, box)
            with checks.guarded("failures can be told apart"):
                failures(checks, node, box)


if __name__ == "__main__":
    sys.exit(real.run("OpenSearch 2.19.1 with security", judged))
