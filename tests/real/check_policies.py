#!/usr/bin/env python3
"""Snapshot policies, where no node that has their API can be started.

Snapshot Management (OpenSearch): the sandbox gets the requests of a recording from a 3.4.0 node
(tests/vectors/snapshot_management.json) and its answers are compared with that node's: status,
members and their types, and every value but those of time and chance.
"""
import base64
import json
import pathlib
import re
import sys
import urllib.error
import urllib.request

import real  # first: it says where aws and sandbox are
import aws
from sandbox import Sandbox

RECORDING = pathlib.Path(real.ROOT, "tests/vectors/snapshot_management.json")
ACCOUNT, HOST, USER, PASSWORD = "111122223333", "sm.internal:9200", "admin", "admin-Pass-1"
# Of these only the type is compared.
CHANCE = {"index_uuid", "uuid", "start_time_in_millis", "end_time_in_millis", "duration_in_millis",
          "last_updated_time", "enabled_time", "current_state"}
# Inside a text: a snapshot's name with its date and random end, points in time, and who asked.
VARIABLE = [(re.compile(r"\d{4}-\d\d-\d\d-\d\d:\d\d-[a-z0-9]{8}"), "DATE-RANDOM"),
            (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z"), "TIME"),
            (re.compile(r"name=[^,]*, backend_roles=\[[^\]]*\]"), "CALLER")]


def plain(value):
    """A value without what time and chance made of it."""
    if isinstance(value, str):
        for pattern, name in VARIABLE:
            value = pattern.sub(name, value)
    return value


def differences(place, got, wanted, chance):
    """Texts, one for each place where the two are not the same."""
    if isinstance(got, dict) and isinstance(wanted, dict):
        yield from (f"{place}/{name} is missing" for name in sorted(wanted.keys() - got.keys()))
        yield from (f"{place}/{name} is too much" for name in sorted(got.keys() - wanted.keys()))
        for name in sorted(got.keys() & wanted.keys()):
            yield from differences(f"{place}/{name}", got[name], wanted[name],
                                   name in CHANCE or name in ("time", "start_time", "end_time")
                                   and isinstance(wanted[name], int))
    elif isinstance(got, list) and isinstance(wanted, list):
        if len(got) != len(wanted):
            yield f"{place} has {len(got)} items, not {len(wanted)}"
        order = (lambda items: sorted(items)) if all(isinstance(i, str) for i in got + wanted) \
            else (lambda items: items)
        for number, (one, other) in enumerate(zip(order(got), order(wanted))):
            yield from differences(f"{place}/{number}", one, other, False)
    elif type(got) is not type(wanted):
        yield f"{place} is {got!r}, of another type than {wanted!r}"
    elif not chance and plain(got) != plain(wanted):
        yield f"{place} is {got!r}, not {wanted!r}"


def compare(checks, one, status, got, counting=True):
    """`counting`: nobody else wrote to the index of policies yet, so that its numbers are ours."""
    found = [] if status == one["status"] else [f"status {status}, not {one['status']}"]
    found += differences("", got, one["response"], False)
    if not counting:
        found = [text for text in found if not re.match(r"/_seq_no is \d+, not", text)]
    checks.true(f"{one['method']} {one['path']}: {one['status']} as recorded", not found,
                "; ".join(found))


def ask(box, one):
    """(status, JSON) of the administrator's request to a cluster of its own."""
    credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    message = urllib.request.Request(
        box.url + one["path"], method=one["method"],
        data=json.dumps(one["request"]).encode() if one["request"] else None,
        headers={"Host": HOST, "Authorization": f"Basic {credentials}",
                 "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(message, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


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
            status, body = ask(box, one)
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


def judged(checks):
    recording = json.loads(RECORDING.read_text(encoding="utf-8"))
    with checks.guarded("the recording can be replayed"):
        snapshot_management(checks, recording)


if __name__ == "__main__":
    sys.exit(real.run("snapshot policies", judged))
