"""The ledger's figures: what writing plans costs, and what reading a long history back does."""
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time

import entries
import generate
from figures import PACE_S, Run, least, median, pace, paced
from sandbox import BUILD, Sandbox

LIFEBOAT = BUILD / "lifeboat"
ENTRIES = 10_000


class Failed(Exception):
    """What is to be measured does not even work."""


def git(folder, *arguments):
    subprocess.run(["git", "-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def held(run):
    if run.exit:
        raise Failed(f"exit {run.exit}\n{run.errors[-2000:]}")
    return run


def record(env, specs):
    """What `plan --record` costs more than `plan`, in milliseconds of the machine of the bounds: in turn, each
    time in a repository that has no ledger."""
    plain, recorded, paces = [], [], []
    env = {**env, "LIFEBOAT_LEDGER": "auto"}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(11):
            work = pathlib.Path(folder, str(number))
            work.mkdir()
            own = [shutil.copy(spec, work) for spec in specs]
            git(work, "init", "-q")
            paces.append(pace())
            plain.append(held(Run([LIFEBOAT, "plan", *own], env=env)))
            recorded.append(held(Run([LIFEBOAT, "plan", "--record", *own], env=env)))
            branches = subprocess.run(["git", "-C", work, "for-each-ref", "refs/heads/lifeboat/"],
                                      check=True, capture_output=True, text=True).stdout.splitlines()
            if len(branches) != len(specs):
                raise Failed(f"{len(branches)} ledgers of {len(specs)} stacks")
    print(f"# {len(specs)} stacks: plan CPU {least(plain, 'cpu'):.3f} s, wall {median(plain, 'wall'):.3f} s; "
          f"recorded {least(recorded, 'cpu'):.3f} s, {median(recorded, 'wall'):.3f} s")
    more = [(ours.cpu - without.cpu) / yardstick.cpu
            for ours, without, yardstick in zip(recorded, plain, paces)]
    return min(least(recorded, "cpu") - least(plain, "cpu"), statistics.median(more) * PACE_S) * 1000


def long_history(sandbox, folder):
    """A bare repository with 10,000 entries as a stack's life writes them, every third of them a plan
    of its own, in one pack; and the id of the oldest plan."""
    spec = generate.write(1, folder / "one")[0]
    plan = json.loads(sandbox.lifeboat(["plan", "--format", "json", str(spec)], folder).stdout)
    if entries.seal(plan) != plan["id"]:
        raise Failed("the id of a plan is made otherwise here than by lifeboat")
    objects = {change["address"]: change["action"] for change in plan["changes"]}
    ledger = entries.Ledger("long", spec.read_bytes())
    kinds, oldest, document = ("plan", "apply-start", "apply-end"), None, None
    for number in range(ENTRIES):
        kind = kinds[number % 3]
        if kind == "plan":
            plan["observed"][0].update(digest=f"{number:064x}", relevant=True)
            plan["id"] = entries.seal(plan)
            document = json.dumps(plan, separators=(",", ":"))
            if not oldest:  # the one that is shown is as large as it was; the others are there
                oldest = plan["id"]
                plan["steps"], plan["changes"] = plan["steps"][:1], plan["changes"][:1]
        ledger.add(kind, plan=plan["id"], document=document if kind == "plan" else None,
                   body={"objects": objects}, **({} if kind == "apply-start" else {"outcome": "done"}),
                   summary="Plan: 1 to create; 2 steps.")
    git(folder, "init", "-q", "--bare", "long.git")
    ledger.write(folder / "long.git")
    return folder / "long.git", oldest


def first_line(repository):
    """How much of the whole time passes before the first entry can be read."""
    start = time.monotonic()
    with subprocess.Popen([LIFEBOAT, "history"], cwd=repository, stdout=subprocess.PIPE, bufsize=0) as process:
        seen = b""
        while seen.count(b"\n") < 2:
            seen += process.stdout.read(4096)
        first = time.monotonic() - start
        while process.stdout.read(65536):
            pass
    return first / (time.monotonic() - start)


def part(figures, folder):
    with Sandbox(speed=1000) as sandbox:
        sandbox.client.must(generate.ZONE)
        repository, plan = long_history(sandbox, folder)
    proof = held(Run([LIFEBOAT, "history", "verify"], cwd=repository, stdout=subprocess.PIPE))
    if not re.match(rf"{ENTRIES} entries, \d+ plans?, tip \w+: sound", proof.out):
        raise Failed(f"verify of the generated ledger: {proof.out}")
    print(f"# verify of {ENTRIES} entries: CPU {proof.cpu:.3f} s, memory {proof.memory:.1f} MB")
    runs, took = paced(lambda: held(Run([LIFEBOAT, "history"], cwd=repository, stdout=subprocess.PIPE)), "cpu", 5)
    if runs[0].out.count("\n") != ENTRIES + 1:
        raise Failed(f"history of {ENTRIES} entries has {runs[0].out.count(chr(10))} lines")
    figures.check("history_10k_cpu", took / 1000, "s", 0.3)
    figures.check("history_10k_first_line", min(first_line(repository) for _ in range(5)), "of_all", 0.2)
    runs, took = paced(lambda: held(Run([LIFEBOAT, "show", plan], cwd=repository, stdout=subprocess.PIPE)), "wall", 11)
    if plan not in runs[0].out:
        raise Failed("show of the oldest plan shows something else")
    figures.check("show_of_10k_wall", took, "ms", 30)
