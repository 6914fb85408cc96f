#!/usr/bin/env python3
"""Memory that runs out at the n-th allocation, of lifeboat itself or of any library it uses.

    tests/torture/memory.py     LB_LONG=1 many more allocations; LB_SEED=N repeats a choice

Each scenario is run once to count its allocations; then the n-th fails, alone or with all that
follow. It may fail, but then it says so: no signal, no hang, no exit 0 with another output than the
good run's, no secret, and after a failed apply the next run converges.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import shim  # noqa: E402
from ground import EXAMPLE, LONG, Fault, Ground, Grounds, Tally  # noqa: E402

SPEC = str(EXAMPLE / "lifeboat.yaml")
FEW, MANY = 25, 2000
FOREVER = 1_000_000_000
DEADLINE_S = 60
MOVES = re.compile(r"(?<=, in )[0-9dhms ]+(?=\.)|\[[0-9dhms ]+\]|(?<=\"made_at\": \")[^\"]+")
# What it says: memory; or a call that libcurl could not make, which is then like any lost call.
SAID = re.compile(r"[Oo]ut of memory|error\[LB-A0(14|15|16|17|18|19)\]|LB-P0(21|24|25|26)")
DOCUMENTED = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 64}


class Offline:
    """Commands that need no sandbox of their own; `{plan}` is a saved plan."""

    def __init__(self, grounds, folder):
        self.ground = Ground(grounds["lived-in"])
        self.folder = folder
        self.plan = str(folder / "plan.json")
        made = self.ground.sandbox.lifeboat(["plan", "--out", self.plan], EXAMPLE)
        if made.returncode:
            raise Fault(made.stderr)

    def run(self, arguments, env):
        filled = [self.plan if one == "{plan}" else one for one in arguments]
        return self.ground.sandbox.lifeboat(filled, EXAMPLE, env, timeout=DEADLINE_S)



class Applying:
    """Each run has a sandbox of its own, and the next one converges."""

    def __init__(self, kept):
        self.kept = kept

    def attempt(self, arguments, env, judge):
        with Ground(self.kept) as ground:
            judge(ground.sandbox.lifeboat(arguments, EXAMPLE, env, timeout=DEADLINE_S))
            if env.get("LB_FAIL"):
                ground.converge()


class Memory:
    def __init__(self, folder):
        self.grounds, self.tally = Grounds(), Tally("memory that runs out")
        self.offline = Offline(self.grounds, folder)
        self.applying = Applying(self.grounds["lived-in"])
        self.secret = self.offline.ground.sandbox.env["AWS_SECRET_ACCESS_KEY"]

    def run(self, arguments, env, judge):
        if arguments[0] == "apply":
            self.applying.attempt(arguments, env, judge)
        else:
            judge(self.offline.run(arguments, env))

    def case(self, arguments, good, nth, count):
        def judge(result):
            shown = f"{result.stdout[-300:]}{result.stderr[-600:]}"
            if result.returncode < 0:
                raise Fault(f"died of signal {-result.returncode}\n{shown}")
            if result.returncode not in DOCUMENTED:
                raise Fault(f"exit {result.returncode} is not documented\n{shown}")
            if self.secret in result.stdout + result.stderr:
                raise Fault("a secret is shown")
            if result.returncode == good.returncode and self.plain(result) != self.plain(good):
                raise Fault(f"exit {result.returncode}, but another output than that of the good run\n{shown}")
            if result.returncode != good.returncode and not SAID.search(result.stdout + result.stderr):
                raise Fault(f"exit {result.returncode}, and no word of what was missing\n{shown}")
            ends[result.returncode] = ends.get(result.returncode, 0) + 1

        ends = {}
        try:
            self.run(arguments, shim.environment("alloc", nth, count, "ENOMEM"), judge)
        except subprocess.TimeoutExpired:
            raise Fault(f"no end within {DEADLINE_S} s") from None
        return f"exit {list(ends)[0]}"

    @staticmethod
    def plain(result):
        return MOVES.sub("<time>", result.stdout)

    def numbers(self, total):
        """Spread over the run, one of each part."""
        parts = min(total, MANY if LONG else FEW)
        edges = [total * i // parts for i in range(parts + 1)]
        return [self.tally.random.randrange(low, high) + 1 for low, high in zip(edges, edges[1:])]

    def scenario(self, arguments):
        kept = []
        total = shim.count(lambda env: self.run(arguments, env, kept.append))["alloc"]
        name = " ".join("PLAN" if one == "{plan}" else pathlib.Path(one).name for one in arguments)
        print(f"{name}: {total} allocations, exit {kept[0].returncode}")
        for at, nth in enumerate(self.numbers(total)):
            count = (1, FOREVER)[at % 2]
            yield (f"{name}: allocation {nth}{' and all after it' if count > 1 else ''} fails",
                   lambda nth=nth, count=count: self.case(arguments, kept[0], nth, count))


SCENARIOS = (
    ["validate", SPEC],
    ["explain", "bucket"],
    ["show", "{plan}"],
    ["plan", SPEC],
    ["plan", "--format", "json", SPEC],
    ["drift", SPEC],
    ["apply", "--auto-approve", SPEC],
)


def main():
    if shim.missing():
        print(f"{shim.missing()}\n0 passed, 0 failed, 0 skipped")
        return 0
    with tempfile.TemporaryDirectory(prefix="lifeboat-memory-") as folder:
        memory = Memory(pathlib.Path(folder))
        try:
            for arguments in SCENARIOS:
                memory.tally.all(memory.scenario(arguments))
        finally:
            memory.offline.ground.__exit__()
        return memory.tally.end()


if __name__ == "__main__":
    sys.exit(main())
