#!/usr/bin/env python3
"""Service models judge the wire: every request that lifeboat sends, every answer of the sandbox.

    judge_models.py            drives lifeboat through specs, stories, the conformance walk, and
                               a part of torture
    judge_models.py FOLDER     judges what recorded_sandbox.py has written there

lifeboat talks to the sandbox through recorded_sandbox.py, which writes down what passes. AWS's part is
held against botocore's service models (models_request.py, models_answer.py), a cluster's against a
table (models_cluster.py). A request that neither knows is a failure. One check a run, one an operation.
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

import judge
import models_answer
import models_cluster
import models_request
import models_spoilt
import models_wire

sys.path.insert(0, str(judge.ROOT / "tests/lib"))
import sandbox  # noqa: E402

RECORDER = str(pathlib.Path(__file__).resolve().parent / "recorded_sandbox.py")
SUITES = (("stories",), ("conformance",), ("torture", "interrupt", "swallow"))
SPEED = 1000
SHOWN_FAULTS = 12
# Operations that the runs below must have brought about: a run that no longer does is noticed.
EXPECTED = """
cloudwatch: DescribeAlarms ListTagsForResource PutMetricAlarm TagResource
iam: CreateRole GetRole UpdateRole UpdateAssumeRolePolicy ListRolePolicies GetRolePolicy PutRolePolicy
iam: DeleteRolePolicy ListAttachedRolePolicies AttachRolePolicy PutRolePermissionsBoundary
iam: DeleteRolePermissionsBoundary TagRole UntagRole GetAccountAuthorizationDetails
opensearch: CreateDomain DescribeDomains DescribeDomainChangeProgress UpdateDomainConfig UpgradeDomain
opensearch: ListTags AddTags
resourcegroupstaggingapi: GetResources
route53: ListHealthChecks CreateHealthCheck UpdateHealthCheck ListTagsForResources ChangeTagsForResource
route53: ListHostedZonesByName ListResourceRecordSets ChangeResourceRecordSets
s3: CreateBucket GetBucketTagging PutBucketTagging GetBucketOwnershipControls
s3: PutBucketOwnershipControls GetPublicAccessBlock PutPublicAccessBlock GetBucketEncryption
s3: PutBucketEncryption GetBucketVersioning PutBucketVersioning GetBucketPolicy PutBucketPolicy
s3: DeleteBucketPolicy GetBucketLifecycleConfiguration PutBucketLifecycleConfiguration
s3: DeleteBucketLifecycle GetBucketReplication PutBucketReplication DeleteBucketReplication
sns: GetTopicAttributes ListTagsForResource CreateTopic SetTopicAttributes TagResource UntagResource
sts: GetCallerIdentity
cluster: GetRepository CreateRepository GetRoleMappings PatchRoleMappings
cluster: GetSnapshotManagementPolicies CreateSnapshotManagementPolicy UpdateSnapshotManagementPolicy
cluster: GetSnapshotLifecyclePolicies PutSnapshotLifecyclePolicy
"""


def expected():
    out = set()
    for line in EXPECTED.split("\n"):
        service, _, names = line.partition(": ")
        out |= {f"{service}:{name}" for name in names.split()}
    return out


class Verdict:
    """What was seen of every operation, and what was wrong with it."""

    def __init__(self):
        self.requests, self.answers = collections.Counter(), collections.Counter()
        self.faults = collections.defaultdict(collections.Counter)
        self.strangers = collections.Counter()
        self.watch = models_spoilt.Watch()

    def fault(self, name, text):
        self.faults[name][re.sub(r"\[\d+\]", "[n]", text)] += 1

    def take(self, exchange, answers_count):
        cluster = exchange.scope is None or not exchange.host.startswith("127.0.0.1") or \
            (exchange.scope[1] == "es" and not exchange.path.startswith("/2021-01-01/"))
        found = (models_cluster if cluster else models_request).find(exchange)
        if not found:
            if exchange.ours:
                self.strangers[f"{exchange.method} {exchange.path} {exchange.query} "
                               f"{exchange.body[:200]!r}"] += 1
            return
        judges = (models_cluster.request_faults, models_cluster.answer_faults) if cluster else \
            (models_request.faults_of, models_answer.faults_of)
        if exchange.ours:
            self.requests[found.name] += 1
            for text in judges[0](found, exchange):
                self.fault(found.name, text)
        if exchange.answer and answers_count:
            self.answers[found.name] += 1
            for text in judges[1](found, exchange):
                self.fault(found.name, text)
            self.watch.see(found.name, exchange,
                           lambda spoilt: judges[0](found, spoilt) + judges[1](found, spoilt))

    def read(self, folder):
        """One sandbox's connections. Answers that a test had spoilt are nobody's fault."""
        spoilt = any(b"/_sandbox/faults" in path.read_bytes() for path in folder.glob("*.out"))
        for exchange in models_wire.exchanges(folder):
            self.take(exchange, not spoilt)

    def read_all(self, wire):
        for folder in sorted(path for path in wire.iterdir() if path.is_dir()):
            self.read(folder)

    def tell(self, checks):
        for request, count in self.strangers.most_common(SHOWN_FAULTS):
            checks.true("a request that no model knows", False, f"{count} x {request}")
        for name in sorted(set(self.requests) | set(self.answers)):
            about = f"{name}: {self.requests[name]} requests, {self.answers[name]} answers"
            faults = self.faults[name].most_common(SHOWN_FAULTS)
            checks.true(about, not faults, "".join(f"\n     {n} x {text}" for text, n in faults))


# --- what is driven ------------------------------------------------------------------------------

class Drive:
    """Runs lifeboat through the recorder."""

    def __init__(self, checks, wire):
        self.checks, self.wire = checks, wire
        # a second build sends the same again
        os.environ.update({"LB_SANDBOX": RECORDER, "LB_WIRE": str(wire), "LB_SANITIZED": "0"})

    def suite(self, name, *tests):
        """A suite of the project with the recorder in place of the sandbox. Whether the suite holds
        it says itself; here it must have been heard."""
        before = len(list(self.wire.iterdir()))
        subprocess.run([str(judge.ROOT / "tests" / name / "run"), *tests], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
        heard = len(list(self.wire.iterdir())) - before
        self.checks.true(f"{name}: {heard} sandboxes were listened to", heard > 0)

    def converge(self, name, box, work, env):
        """lifeboat makes it so and sees nothing left to do."""
        for arguments in (["apply", "--auto-approve"], ["plan", "--detailed-exitcode"]):
            done = box.lifeboat(arguments, work, env)
            self.checks.true(f"{name}: {arguments[0]}", done.returncode == 0, judge.said(done))

    def run(self, name, run):
        base = yaml.safe_load((judge.ROOT / "examples/two-region/lifeboat.yaml").read_text())
        with tempfile.TemporaryDirectory() as folder, sandbox.Sandbox(SPEED) as box:
            if "fleet" in run:
                self.fleet(name, box, pathlib.Path(folder), run["fleet"])
            for number, step in enumerate(run.get("steps", []), 1):
                box.client.play(step.pop("first", []))
                merge(base, step)
                write_spec(pathlib.Path(folder), base)
                self.converge(f"{name}, step {number}", box, folder, run.get("env"))

    def fleet(self, name, box, folder, count):
        """Stacks side by side: what takes several names in one call takes them."""
        text = (judge.ROOT / "examples/two-region/lifeboat.yaml").read_text()
        files = []
        for number in range(1, count + 1):
            spec = re.sub(r"(?<!large\.)\bsearch(?=[-.:,}\n])", f"find{number}", text)
            (folder / f"{number}").mkdir()
            files.append(f"{number}/lifeboat.yaml")
            (folder / files[-1]).write_text(spec)
            done = box.lifeboat(["apply", "--auto-approve"], folder / f"{number}")
            self.checks.true(f"{name}: apply of stack {number}", done.returncode == 0,
                             judge.said(done))
        done = box.lifeboat(["plan", "--detailed-exitcode", *files], folder)
        self.checks.true(f"{name}: one plan of {count} stacks", done.returncode == 0,
                         judge.said(done))


def merge(into, new):
    for key, value in (new or {}).items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def write_spec(folder, spec):
    (folder / "lifeboat.yaml").write_text(json.dumps(spec, indent=1, ensure_ascii=False))


def drive(checks, wire):
    runs = yaml.safe_load((pathlib.Path(__file__).parent / "models_runs.yaml").read_text())
    driver = Drive(checks, wire)
    for name, run in runs.items():
        with checks.guarded(f"{name} runs"):
            driver.run(name, run)
    for name, *tests in SUITES:
        driver.suite(name, *tests)


def main():
    verdict, checks = Verdict(), judge.Checks()
    if len(sys.argv) > 1:
        verdict.read_all(pathlib.Path(sys.argv[1]))
        verdict.tell(checks)
        return checks.finish()
    with tempfile.TemporaryDirectory(prefix="lifeboat-wire-") as wire:
        drive(checks, pathlib.Path(wire))
        verdict.read_all(pathlib.Path(wire))
    verdict.tell(checks)
    missing = sorted(expected() - set(verdict.requests))
    checks.true("every operation that lifeboat has was sent", not missing, " ".join(missing))
    verdict.watch.tell(checks)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
