#!/usr/bin/env python3
"""Snapshot policies, where no node that has their API can be started.

Snapshot Management (OpenSearch): the sandbox gets the requests of a recording from a 3.4.0 node
(tests/vectors/snapshot_management.json) and its answers are compared with that node's: status,
members and their types, and every value but those of time and chance.

Snapshot lifecycle management (Elasticsearch): every shape of schedule is applied to the sandbox, and
the policies that lifeboat sent are read by Elasticsearch's own classes. They pass over keys that they
do not know, so what they understood is compared with what was sent, and the snapshot that would be
asked for with the spec.
"""
import json
import pathlib
import re
import sys
import time

import real  # first: it says where aws and sandbox are
import aws
import judge
import slm
from alike import ask, differences
from node import PASSWORD, USER
from sandbox import Sandbox

RECORDING = pathlib.Path(real.ROOT, "tests/vectors/snapshot_management.json")
ACCOUNT, HOST = "111122223333", "sm.internal:9200"
def compare(checks, one, status, got, counting=True):
    """`counting`: nobody else wrote to the index of policies yet, so that its numbers are ours."""
    found = [] if status == one["status"] else [f"status {status}, not {one['status']}"]
    found += differences("", got, one["response"], False)
    if not counting:
        found = [text for text in found if not re.match(r"/_seq_no is \d+, not", text)]
    checks.true(f"{one['method']} {one['path']}: {one['status']} as recorded", not found,
                "; ".join(found))


def as_administrator(checks, box, recording):
    box.control("clusters", {"host": HOST, "engine": "OpenSearch_3.4", "region": "us-east-1",
                             "user": USER, "password": PASSWORD})
    box.client.must({"service": "s3", "method": "PUT", "path": "/bkt-sm"})
    counting = True
    for one in recording:
        if "advance" in one:
            box.advance(one["advance"])
            counting = False
        elif one["as"] == USER:
            status, body = ask(box, HOST, one["method"], one["path"], one["request"])
            compare(checks, one, status, body, counting)


def session_of(box, role):
    """A client that speaks as a role, which is made for it."""
    def iam(**form):
        box.client.must({"service": "iam", "form": form})

    iam(Action="CreateRole", RoleName=role, AssumeRolePolicyDocument={
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "sts:AssumeRole"}]})
    iam(Action="PutRolePolicy", RoleName=role, PolicyName="es", PolicyDocument={
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "es:*", "Resource": "*"}]})
    answer = box.client.must({"service": "sts", "form": {
        "Action": "AssumeRole", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
        "RoleSessionName": "test"}}).decode()
    return aws.Client(box.url, *(re.search(f"<{name}>([^<]+)", answer)[1] for name in (
        "AccessKeyId", "SecretAccessKey", "SessionToken")))


def as_backup(checks, box, recording):
    """Somebody who is mapped to manage_snapshots, which says nothing of policies."""
    made = {"DomainName": "search", "EngineVersion": "OpenSearch_2.19",
            "NodeToNodeEncryptionOptions": {"Enabled": True},
            "EncryptionAtRestOptions": {"Enabled": True},
            "DomainEndpointOptions": {"EnforceHTTPS": True},
            "EBSOptions": {"EBSEnabled": True, "VolumeSize": 10},
            "ClusterConfig": {"InstanceType": "r7g.large.search", "InstanceCount": 1},
            "AdvancedSecurityOptions": {"Enabled": True, "MasterUserOptions": {
                "MasterUserARN": f"arn:aws:iam::{ACCOUNT}:user/sandbox"}}}
    box.client.must({"service": "es", "method": "POST", "path": "/2021-01-01/opensearch/domain",
                     "json": made})
    box.advance("1h")
    mapped = f"arn:aws:iam::{ACCOUNT}:role/backup"
    box.client.must({"domain": "search", "method": "PUT",
                     "path": "/_plugins/_security/api/rolesmapping/manage_snapshots",
                     "json": {"backend_roles": [mapped]}})
    backup = session_of(box, "backup")
    for one in recording:
        if one.get("as") == "backup":
            request = {"domain": "search", "method": one["method"], "path": one["path"]}
            if one["request"]:
                request["json"] = one["request"]
            status, body = backup.send(request)
            compare(checks, one, status, json.loads(body))


def snapshot_management(checks, recording):
    with Sandbox(1) as box:
        as_administrator(checks, box, recording)
        as_backup(checks, box, recording)


# --- snapshot lifecycle management ---------------------------------------------------------------

OWN = """
lifeboat: 1
stack: shapes
account: "111122223333"
regions: {primary: us-east-1, secondary: us-west-2}
active: primary
domains:
  logs: {engine: Elasticsearch_7.10, endpoint: "https://es.internal:9200"}
repositories:
  nightly: {domain: logs, type: fs, base_path: logs}
schedules:
"""
MINUTE, HOUR, DAY = 60, 3600, 86400
# Entry of `schedules`, seconds between two runs, and when they are, counted from midnight UTC.
SHAPES = [
    *((f"every: {minutes}m", minutes * MINUTE, 0) for minutes in (5, 10, 15, 20, 30)),
    *((f"every: {hours}h", hours * HOUR, 0) for hours in (1, 2, 3, 4, 6, 8, 12)),
    ("every: 60m", HOUR, 0),
    ("every: 1d", DAY, 0),
    ('every: 1d, at: "02:30"', DAY, 2 * HOUR + 30 * MINUTE),
    ('every: 24h, at: "23:59"', DAY, DAY - MINUTE),
    ("every: 7d", 7 * DAY, 0),
    ('every: 7d, at: "09:05"', 7 * DAY, 9 * HOUR + 5 * MINUTE),
    ('cron: "15 30 2 * * ?"', DAY, 2 * HOUR + 30 * MINUTE + 15),
    ('cron: "0 0 6 ? * SUN *"', 7 * DAY, 6 * HOUR),
    ("every: 1h, keep: {max_age: 30d}", HOUR, 0),
    ("every: 1h, keep: {max_age: 36h, min_count: 7}", HOUR, 0),
    ("every: 1h, keep: {max_age: 90s, max_count: 400}", HOUR, 0),
    ("every: 1h, keep: {max_count: 2}", HOUR, 0),
    ('every: 1h, keep: {max_age: 2w, min_count: 5, max_count: 1000, protect: "*-initial"}', HOUR, 0),
    ('every: 1d, indices: ["logs-*", "-logs-debug-*", "<logs-{now/d}>"]', DAY, 0),
    ("every: 1d, ignore_unavailable: false, include_global_state: true, partial: true", DAY, 0),
    ('every: 1d, description: "die nächtliche – \\"alles\\", {now/d}"', DAY, 0),
]
NAMES = {0: "a", 1: "0-nine", 2: "with.dots_and-dashes"}
# What is wrong, how, and words of the refusal.
SPOILT = [
    ("five fields", {"schedule": "30 2 * * *"}, "invalid cron expression [30 2 * * *]"),
    ("both days", {"schedule": "0 30 2 * * *"}, "invalid cron expression [0 30 2 * * *]"),
    ("neither day", {"schedule": "0 30 2 ? * ?"}, "invalid cron expression [0 30 2 ? * ?]"),
    ("Sunday as UNIX counts it", {"schedule": "0 0 0 ? * 0"},
     "invalid cron expression [0 0 0 ? * 0]"),
    ("an eighth day of the week", {"schedule": "0 0 0 ? * 8"},
     "invalid cron expression [0 0 0 ? * 8]"),
    ("no schedule", {"schedule": None}, "Required [schedule]"),
    ("no repository", {"repository": None}, "Required [repository]"),
    ("name in capitals", {"name": "<Nightly-{now/d}>"},
     "invalid snapshot name [<Nightly-{now/d}>]: must be lowercase"),
    ("a part of a day", {"retention": {"expire_after": "1.5d"}},
     "failed to parse [1.5d], fractional time values are not supported"),
    ("at least more than at most", {"retention": {"min_count": 3, "max_count": 2}},
     "minimum snapshot count 3 cannot be larger than maximum snapshot count 2"),
    ("the scheduler's own mark", {"config": {"metadata": {"policy": "x"}}},
     "field name [policy] is reserved and will be added automatically"),
]


def policies_of(checks, where, env, hosts, spec, box):
    """What lifeboat sent to the clusters of the spec: (id, policy)s."""
    for host in hosts:
        box.control("clusters", {"host": host, "engine": "Elasticsearch_7.10",
                                 "region": "us-east-1"})
    done = judge.lifeboat(["apply", "--auto-approve"], {**box.env, **env}, spec)
    checks.true(f"{where} is applied", done.returncode == 0, judge.said(done))
    nodes = box.state().get("cluster", {}).get("nodes", {})
    return [(name, kept["policy"]) for host in hosts
            for name, kept in nodes.get(f"host:{host}", {}).get("slm", {}).items()]


def shapes(checks):
    """(title, id, policy, seconds between, seconds from midnight) of every shape."""
    names = {f"{NAMES.get(number, f'shape-{number}')}": shape
             for number, shape in enumerate(SHAPES)}
    spec = OWN + "".join(f"  {name}: {{repository: nightly, {shape[0]}}}\n"
                         for name, shape in names.items())
    with Sandbox(500) as box:
        sent = policies_of(checks, "a spec with every shape of schedule", {}, ["es.internal:9200"],
                           spec, box)
    checks.equal("every schedule became a policy", sorted(name for name, _ in sent), sorted(names))
    return [(f"schedule {{{names[name][0]}}}", name, policy, *names[name][1:])
            for name, policy in sent]


def written_elsewhere(checks):
    """The same of stories and examples, whose times are not looked at."""
    out = []
    for path in sorted([*real.ROOT.glob("tests/stories/*/lifeboat.yaml"),
                        *real.ROOT.glob("examples/*/lifeboat.yaml")]):
        text = path.read_text(encoding="utf-8")
        hosts = re.findall(r"https://([a-z0-9.:-]+)", "".join(
            re.findall(r"^ *(?:endpoint: )(.*)", text, re.M)))
        if not hosts or "schedules:" not in text or "engine: Elasticsearch" not in text:
            continue
        with Sandbox(500) as box:
            sent = policies_of(checks, path.parent.name, {"CLUSTER_PASSWORD": "any"}, hosts, text,
                               box)
        out += [(f"{path.parent.name}: schedule.{name}", name, policy, None, None)
                for name, policy in sent]
    checks.true("stories with policies were found", out, "no story has one")
    return out


def understood(policy, answer):
    """Where what was understood is not what was sent, or the snapshot not what the policy says."""
    if "refused" in answer:
        return ["refused: " + answer["refused"]]
    found = list(differences("", answer["policy"], policy, False))
    request, config = answer["request"], policy["config"]
    for name in ("indices", "ignore_unavailable", "include_global_state", "partial"):
        if request[name] != config.get(name):
            found.append(f"the snapshot's {name} is {request[name]!r}")
    if request["metadata"].get("lifeboat") != config["metadata"]["lifeboat"]:
        found.append(f"the snapshot's metadata is {request['metadata']!r}")
    return found


def in_time(answer, between, start):
    """The next run is on the grid, and before one interval is over; weeks begin on Sunday."""
    at, now = answer["next"] / 1000, time.time()
    grid = (at - start - (3 * DAY if between == 7 * DAY else 0)) % between
    return grid == 0 and now - 5 < at <= now + between


def snapshot_lifecycle(checks):
    sent = shapes(checks) + written_elsewhere(checks)
    answers = slm.read([(name, policy) for _, name, policy, _, _ in sent])
    for (title, _, policy, between, start), answer in zip(sent, answers):
        found = understood(policy, answer)
        if not found and between and not in_time(answer, between, start):
            found = [f"it runs next at {answer['next']}"]
        checks.true(f"{title} is read as it was sent", not found, "; ".join(found))
    refusals(checks, *sent[0][1:3])


def refusals(checks, name, good):
    """Elasticsearch's classes refuse what is spoilt, and the sandbox does in the same words."""
    spoilt = [{key: value for key, value in {**good, **change}.items() if value is not None}
              for _, change, _ in SPOILT]
    answers = slm.read([(name, policy) for policy in spoilt])
    with Sandbox(1) as box:
        box.control("clusters", {"host": HOST, "engine": "Elasticsearch_7.10"})
        ask(box, HOST, "PUT", "/_snapshot/nightly", {"type": "fs", "settings": {"location": "a"}})
        for (what, _, words), policy, answer in zip(SPOILT, spoilt, answers):
            checks.true(f"spoilt, {what}: refused", words in answer.get("refused", ""), answer)
            status, body = ask(box, HOST, "PUT", f"/_slm/policy/{name}", policy)
            checks.true(f"spoilt, {what}: refused by the sandbox in these words",
                        status == 400 and words in body["error"]["reason"], (status, body))
        checks.equal("the sandbox takes the policy that is not spoilt",
                     ask(box, HOST, "PUT", f"/_slm/policy/{name}", good)[0], 200)
    unknown = {**good, "retentions": {"expire_after": "30d"}}
    checks.true("spoilt, a key that is passed over: what was understood tells",
                understood(unknown, slm.read([(name, unknown)])[0]))


def judged(checks):
    recording = json.loads(RECORDING.read_text(encoding="utf-8"))
    with checks.guarded("the recording can be replayed"):
        snapshot_management(checks, recording)
    snapshot_lifecycle(checks)


if __name__ == "__main__":
    sys.exit(real.run("snapshot policies", judged))
