"""The ground that torture stands on: a sandbox with the zone that the two-region example expects and
things of others around and inside it, and what must hold there after every run.

Two grounds (tests/torture/foreign.yaml): `fresh`, where nothing of the stack is there but a bucket and
a role that others made, and `lived-in`, where its primary domain is there and others use it. Each is
made once and kept as a --state folder, so that a case begins with a copy.
"""
import json
import os
import pathlib
import random
import re
import shutil
import tempfile
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import yaml

import aws
import promises
from sandbox import ROOT, Sandbox

HERE = ROOT / "tests" / "torture"
EXAMPLE = ROOT / "examples" / "two-region"
SPEED = 2000
LONG = os.environ.get("LB_LONG") == "1"
SEED = int(os.environ.get("LB_SEED") or random.SystemRandom().randrange(1_000_000))
SEEDS = yaml.safe_load((ROOT / "tests" / "stories" / "seeds.yaml").read_text())
FOREIGN = yaml.safe_load((HERE / "foreign.yaml").read_text())

# What differs between two runs that end in the same place: times, counters, ids, and what the
# clusters do by themselves as time passes.
MOVING = re.compile(r"^(created|updated|changed|start|end|at|at_ms|milli|busy_until_ms|seq|sm_seq|next|uuid|"
                    r"generation|changes|rate|objects|lifecycle_day|meta|change|endpoint_at|start_time|"
                    r"last_updated_time|enabled_time|CreateDate|RoleId|RoleLastUsed|indices|snapshots|"
                    r".*Timestamp|lifecycle_at|sandbox|running|history|runs|tasks|sts|sessions|flap)$")
IDS = (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
       re.compile(r"(?<=-)[a-z0-9]{26}(?=\.[a-z0-9-]+\.es\.)"))


class Fault(Exception):
    """Something that must hold does not."""


def settled(value):
    """The state without what moves; maps whose keys are ids become lists."""
    if isinstance(value, dict):
        kept = {key: settled(item) for key, item in value.items() if not MOVING.match(key)}
        # a new bucket has this by itself: a later run finds nothing to write
        if kept.get("encryption", {}) == {"Rule": {"ApplyServerSideEncryptionByDefault":
                                                   {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}:
            del kept["encryption"]
        if any(pattern.search(key) for key in kept for pattern in IDS):
            return sorted(kept.values(), key=lambda item: json.dumps(item, sort_keys=True))
        return kept
    if isinstance(value, list):
        return sorted((settled(item) for item in value), key=lambda i: json.dumps(i, sort_keys=True))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        for pattern in IDS:
            value = pattern.sub("<id>", value)
    return value


def differences(expected, seen, path=""):
    if isinstance(expected, dict) and isinstance(seen, dict):
        return [line for key in sorted({*expected, *seen})
                for line in differences(expected.get(key), seen.get(key), f"{path}/{key}")]
    return [] if expected == seen else [f"{path}: {json.dumps(expected)[:300]} <> {json.dumps(seen)[:300]}"]


def changes(calls):
    return [call for call in calls if call["mutating"]]


class Ground:
    """A sandbox with what the example expects to find. Use with `with`."""

    def __init__(self, kept, speed=SPEED):
        self.kept = kept
        self.folder = tempfile.TemporaryDirectory(prefix="lifeboat-ground-")
        state = pathlib.Path(self.folder.name, "state")
        shutil.copytree(kept.folder, state)
        self.sandbox = Sandbox(speed, options=("--state", str(state)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sandbox.stop()
        self.folder.cleanup()

    def calls(self, since=0):
        return self.sandbox.calls(since)

    def run(self, arguments, codes=(0,), cwd=EXAMPLE, env=None, secrets=()):
        """Runs lifeboat and holds it to the promises and to one of the exit codes."""
        before = self.sandbox.count()
        result = self.sandbox.lifeboat(arguments, cwd, env)
        texts = {"standard output": result.stdout, "standard error": result.stderr}
        faults = promises.broken(arguments[0], self.calls(before),
                                 [self.sandbox.env["AWS_SECRET_ACCESS_KEY"], *secrets], texts)
        if result.returncode not in codes:
            shown = [line for line in (result.stdout[-1500:] + result.stderr[-2500:]).splitlines()
                     if not line.startswith(("start ", "done ", "wait "))]
            faults.append(f"{' '.join(arguments)}: exit {result.returncode}, not {codes}\n" + "\n".join(shown))
        if faults:
            raise Fault("\n".join(faults))
        return result

    def converge(self, once=True):
        """The next run finishes the work, and it is the work that an undisturbed run would have done.
        `once`: no answer was spoilt, so that there was no reason to create anything again."""
        self.run(["apply", "--auto-approve"])
        self.run(["plan", "--detailed-exitcode"])
        self.compare(once)

    def compare(self, once=True):
        """Live is what an undisturbed run leaves, nothing was made twice, nothing of others changed."""
        lines = differences(self.kept.undisturbed, settled(self.sandbox.state()))
        if lines:
            raise Fault("the sandbox holds something else than after an undisturbed run:\n" + "\n".join(lines[:8]))
        made = {}
        for call in changes(self.calls()):
            if call["operation"].startswith("Create") and 200 <= call["status"] < 300:
                key = (call["service"], call["operation"], call["region"], call["resource"])
                made[key] = made.get(key, 0) + 1
        twice = [key for key, count in made.items() if count > 1]
        if twice and once:
            raise Fault(f"made twice: {twice}")
        seen = self.kept.probe(self.sandbox)
        touched = [name for name, text in self.kept.foreign.items() if seen[name] != text]
        if touched:
            raise Fault("touched what others own: " + "; ".join(
                f"{name}: {self.kept.foreign[name]} became {seen[name]}" for name in touched))


class Kept:
    """One ground as it is kept, what an undisturbed apply makes of it, and what others own there."""

    def __init__(self, name, folder):
        self.name, self.folder = name, pathlib.Path(folder, name)
        with Sandbox(SPEED, options=("--state", str(self.folder))) as sandbox:
            sandbox.client.play(SEEDS["zone"] + SEEDS["ci"] + FOREIGN["fresh"])
            if name == "lived-in":
                made = sandbox.lifeboat(["apply", "--auto-approve", str(HERE / "base.yaml")], HERE)
                if made.returncode:
                    raise Fault(f"the ground cannot be made: {made.stderr[-2000:]}")
                sandbox.client.play(FOREIGN["lived-in"])
            self.foreign = self.probe(sandbox)
        with Ground(self) as ground:
            ground.run(["apply", "--auto-approve"])
            self.calls = ground.calls()
            ground.run(["plan", "--detailed-exitcode"])
            self.undisturbed = settled(ground.sandbox.state())
            self.changes = changes(self.calls)
            ground.compare()

    def probe(self, sandbox):
        return {probe["name"]: self.read(sandbox, probe) for probe in FOREIGN["probes"]
                if probe.get("in", self.name) == self.name}

    @staticmethod
    def read(sandbox, probe):
        text = sandbox.client.must({"method": "GET", **probe["get"]} if "form" not in probe["get"] else probe["get"])
        if "part" not in probe:
            return text
        found = re.search(probe["part"].encode(), text, re.S)
        return found.groups() if found else b"gone: " + text


class Grounds:
    """Both grounds, made on first use."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="lifeboat-grounds-")
        self.kept = {}
        self.lock = threading.Lock()

    def __getitem__(self, name):
        with self.lock:
            if name not in self.kept:
                self.kept[name] = Kept(name, self.folder.name)
            return self.kept[name]


class Tally:
    """Counts cases, runs them two at a time, and prints a line for each."""

    def __init__(self, title):
        self.passed = self.failed = 0
        self.lock = threading.Lock()
        self.random = random.Random(f"{SEED} {title}")
        print(f"seed {SEED}: {title}{', all' if LONG else ', a slice (--long: all)'}", flush=True)

    def attempt(self, what, act):
        try:
            said, ok = act(), True
        except (Fault, aws.Failed) as error:
            said, ok = str(error), False
        except Exception as error:  # pylint: disable=broad-except
            said, ok = "".join(traceback.format_exception(error)[-2:]), False
        with self.lock:
            self.passed, self.failed = self.passed + ok, self.failed + (not ok)
            text = f": {said}" if said else ""
            print(f"{'ok  ' if ok else 'FAIL'} {what}" + text.replace("\n", "\n     "), flush=True)

    def all(self, cases, workers=2):
        """`cases`: pairs of words and a function."""
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda case: self.attempt(*case), cases))

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed, 0 skipped")
        return 1 if self.failed or not self.passed else 0
