#!/usr/bin/env python3
"""Two Elasticsearch 7.10.2 clusters that their users run themselves hold what lifeboat applied.

lifeboat dials them at the `endpoint` of the spec, past the sandbox, which stands for AWS only. A
file repository is registered for writing in the one and for reading in the other; a snapshot of the
first is restored in the second. Then what that line says to mistakes, and what lifeboat makes of it:
a location that the nodes do not allow, a type that they do not know, and schedules on a build that
has no snapshot lifecycle management.
"""
import sys

import real
import judge
from alike import ask, differences
from elasticsearch import elasticsearch
from sandbox import Sandbox

SPEC = """
lifeboat: 1
stack: own
account: "111122223333"
regions: {{primary: us-east-1, secondary: us-west-2}}
active: primary
domains:
  logs:
    engine: {engine}
    endpoint: {{primary: "{primary}", secondary: "{secondary}"}}
repositories:
  nightly: {{domain: logs, type: fs, {repository}}}
{more}
"""
FOLDER = "base_path: logs, settings: {compress: true, chunk_size: 64mb}"
SCHEDULE = "schedules: {nightly: {repository: nightly, every: 1d, keep: {max_age: 30d}}}"
DOCUMENTS = {"orders": 37, "logs-2026.11": 101}
REPOSITORY = "/_snapshot/nightly"


def spec_of(nodes, repository=FOLDER, more="", engine="Elasticsearch_7.10"):
    return SPEC.format(primary=nodes[0].url, secondary=nodes[1].url, repository=repository,
                       more=more, engine=engine)


def settings_of(node, name="nightly"):
    status, body = node.request("GET", f"/_snapshot/{name}")
    return body[name]["settings"] if status == 200 else status


def counts(node, prefix=""):
    return {index: node.request("GET", f"/{prefix}{index}/_count")[1].get("count")
            for index in DOCUMENTS}


def registered(checks, env, nodes):
    writer, reader = nodes
    judge.apply_and_plan(checks, "elasticsearch", env, spec_of(nodes))
    wanted = {"location": "logs/g1", "compress": "true", "chunk_size": "64mb"}
    checks.equal("the active side is registered for writing", settings_of(writer),
                 {**wanted, "readonly": "false"})
    checks.equal("the other side is registered for reading", settings_of(reader),
                 {**wanted, "readonly": "true"})
    for node in nodes:
        status, body = node.request("POST", f"{REPOSITORY}/_verify")
        checks.equal("its nodes reach the folder", (status, len(body.get("nodes", {}))), (200, 1))


def restored(checks, nodes):
    writer, reader = nodes
    for index, count in DOCUMENTS.items():
        for number in range(count):
            writer.request("PUT", f"/{index}/_doc/{number}", {"number": number})
        writer.request("POST", f"/{index}/_refresh")
    taken = {"indices": "*,-.*", "include_global_state": False}
    status, body = writer.request("PUT", f"{REPOSITORY}/first?wait_for_completion=true", taken)
    checks.equal("a snapshot is taken on the active side",
                 (status, body.get("snapshot", {}).get("state")), (200, "SUCCESS"))
    status, body = reader.request("GET", f"{REPOSITORY}/_all")
    checks.equal("the other side lists it", [one["snapshot"] for one in body.get("snapshots", [])],
                 ["first"])
    status, body = reader.request("PUT", f"{REPOSITORY}/second?wait_for_completion=true", taken)
    checks.true("the other side cannot write", status == 500 and "readonly" in str(body), body)
    status, body = reader.request(
        "POST", f"{REPOSITORY}/first/_restore?wait_for_completion=true", taken)
    checks.equal("the other side restores it",
                 (status, body.get("snapshot", {}).get("shards", {}).get("failed")), (200, 0))
    checks.equal("counts are equal after the restore", (counts(writer), counts(reader)),
                 (DOCUMENTS, DOCUMENTS))


def changed_by_hand(checks, env, nodes):
    writer, _ = nodes
    writer.request("PUT", REPOSITORY, {"type": "fs", "settings": {
        "location": "logs/g1", "compress": False, "chunk_size": "64mb", "readonly": False,
        "max_snapshot_bytes_per_sec": "20mb"}})
    done = judge.lifeboat(["drift"], env, spec_of(nodes))
    checks.true("drift shows a setting that was changed by hand", done.returncode == 2
                and "repository.nightly@primary" in done.stdout and "compress" in done.stdout
                and "repository.nightly@secondary" not in done.stdout, judge.said(done))
    judge.apply_and_plan(checks, "changed by hand", env, spec_of(nodes))
    checks.equal("ours is back, a setting of others is kept", settings_of(writer), {
        "location": "logs/g1", "compress": "true", "chunk_size": "64mb", "readonly": "false",
        "max_snapshot_bytes_per_sec": "20mb"})
    writer.request("DELETE", REPOSITORY)
    done = judge.lifeboat(["drift"], env, spec_of(nodes))
    checks.true("drift shows a registration that is gone", done.returncode == 2
                and "repository.nightly@primary" in done.stdout, judge.said(done))
    judge.apply_and_plan(checks, "registration gone", env, spec_of(nodes))
    status, body = writer.request("GET", f"{REPOSITORY}/_all")
    checks.equal("the snapshot is still there",
                 (status, [one["snapshot"] for one in body.get("snapshots", [])]), (200, ["first"]))


def refused(checks, name, done, code, words, status):
    text = done.stdout + done.stderr
    lacks = [word for word in (code, *words) if word not in text]
    checks.true(name, done.returncode == status and not lacks,
                f"wanted exit {status}, lacks {lacks}: {judge.said(done)}")


def wrong(nodes, repository):
    """A spec of another stack, with one repository, `wrong`."""
    return spec_of(nodes, repository).replace("nightly", "wrong").replace("stack: own",
                                                                          "stack: other")


def wrong_places(checks, env, nodes):
    writer, _ = nodes
    spec = wrong(nodes, "settings: {location: /srv/elsewhere}")
    done = judge.lifeboat(["apply", "--auto-approve"], env, spec)
    refused(checks, "a location outside of path.repo is refused, with the next step", done,
            "LB-A029", ["repository.wrong@primary", "path.repo", "/srv/elsewhere"], 5)
    checks.equal("and is not registered", settings_of(writer, "wrong"), 404)
    (writer.repositories / "other").write_text("a file where a folder is to be")
    spec = wrong(nodes, "base_path: other")
    done = judge.lifeboat(["apply", "--auto-approve"], env, spec)
    refused(checks, "a folder that cannot be made is told from one that is not allowed", done,
            "LB-A030", ["repository.wrong@primary", "Not a directory", "/_snapshot/wrong/_verify"], 5)
    spec = wrong(nodes, "buckets: {primary: west, secondary: east}").replace("type: fs, ", "") \
        + "buckets: {west: {region: secondary}, east: {region: primary}}"
    done = judge.lifeboat(["apply", "--auto-approve"], env, spec)
    refused(checks, "a node without the plugin for S3 is refused, with the next step", done,
            "LB-A029", ["repository type [s3] does not exist", "repository-s3"], 5)


def lacking(checks, env, nodes):
    done = judge.lifeboat(["plan"], env, spec_of(nodes, more=SCHEDULE))
    refused(checks, "a build without SLM is named, with the next step", done, "LB-A028",
            ["schedule.nightly@primary", "no snapshot lifecycle management", "HTTP 405"], 1)
    done = judge.lifeboat(["apply", "--auto-approve"], env,
                          spec_of(nodes, "base_path: never", SCHEDULE))
    refused(checks, "such a plan is not applied", done, "LB-A028", [], 1)
    checks.equal("and nothing was changed", settings_of(nodes[0])["location"], "logs/g1")
    done = judge.lifeboat(["plan"], env, spec_of(nodes, more=SCHEDULE, engine="OpenSearch_2.19"))
    refused(checks, "another engine than the spec says is named", done, "LB-H041",
            ["Elasticsearch_7.10", "schedule.nightly@primary"], 1)


def mistakes(folder):
    """Requests that a node of this build refuses, and what it says when nothing is there."""
    def registration(**settings):
        return {"type": "fs", "settings": settings}

    return [("GET", "/_snapshot", None), ("GET", "/_snapshot/absent", None),
            ("PUT", "/_snapshot/a", registration()),
            ("PUT", "/_snapshot/a", registration(location="/srv/elsewhere")),
            ("PUT", "/_snapshot/a", registration(location=f"{folder}-beside/a")),
            ("PUT", "/_snapshot/a", {"type": "tape", "settings": {}}),
            ("GET", "/_snapshot", None), ("GET", "/_slm/policy", None),
            ("GET", "/_slm/policy/nightly", None),
            ("PUT", "/_slm/policy/nightly", {"schedule": "0 30 2 * * ?"}),
            ("GET", "/_plugins/_sm/policies", None),
            ("GET", "/_opendistro/_security/api/rolesmapping", None),
            ("PUT", "/_snapshot/a", registration(location=f"{folder}/a")),
            ("PUT", "/_snapshot/a/Loud", {}), ("GET", "/_snapshot/a/absent", None),
            ("GET", "/_snapshot", None)]


def alike(checks, box, node):
    """The sandbox plays such a cluster in its words."""
    host = "es.internal:9200"
    box.control("clusters", {"host": host, "engine": "Elasticsearch_7.10", "plain": True,
                             "path_repo": str(node.repositories)})
    for name in node.request("GET", "/_snapshot")[1]:
        node.request("DELETE", f"/_snapshot/{name}")
    for method, path, body in mistakes(node.repositories):
        status, wanted = node.request(method, path, body)
        got, answer = ask(box, host, method, path, body)
        found = [] if got == status else [f"status {got}, not {status}"]
        found += differences("", answer, wanted, False)
        checks.true(f"sandbox: {method} {path} {body or ''}: {status} as the node", not found,
                    "; ".join(found))


def unreachable(checks, env, nodes):
    closed = f"127.0.0.1:{judge.free_port()}"
    spec = spec_of(nodes).replace(nodes[1].url, f"http://{closed}")
    refused(checks, "a cluster that is down", judge.lifeboat(["plan"], env, spec), "LB-A014",
            ["domain.logs@secondary", closed], 8)
    spec = spec_of(nodes).replace(nodes[0].url, "http://es.example.com:9200")
    refused(checks, "plain HTTP beyond loopback", judge.lifeboat(["validate"], env, spec),
            "LB-S083", ["es.example.com"], 1)


def judged(checks):
    with elasticsearch(["primary", "secondary"]) as nodes, Sandbox(500) as box:
        env = {name: value for name, value in box.env.items() if name != "LIFEBOAT_CLUSTER_URL"}
        for part in (lambda: registered(checks, env, nodes), lambda: restored(checks, nodes),
                     lambda: changed_by_hand(checks, env, nodes),
                     lambda: wrong_places(checks, env, nodes),
                     lambda: lacking(checks, env, nodes), lambda: unreachable(checks, env, nodes),
                     lambda: alike(checks, box, nodes[0])):
            with checks.guarded("the nodes can be asked"):
                part()


if __name__ == "__main__":
    sys.exit(real.run("Elasticsearch 7.10.2", judged))
