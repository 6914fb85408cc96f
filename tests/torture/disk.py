#!/usr/bin/env python3
"""Disks that are full, break, or take half: every file that lifeboat writes, every call that writes it.

    tests/torture/disk.py

A scenario is run once to count its calls; then each of them fails in each way, until all had their
turn. A result that is not stored whole is an error: exit other than 0, a message that names the file,
the old file as it was, no temporary one left, and nothing applied that nobody was shown.
"""
import collections
import errno
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import shim  # noqa: E402
from ground import EXAMPLE, Fault, Ground, Grounds, Tally  # noqa: E402

SPEC = str(EXAMPLE / "lifeboat.yaml")
OLD = "this was here before\n"
DISK = ("ENOSPC", "EIO")
# which call can fail in which ways
WAYS = {"open": ("EACCES", "EROFS"), "mkstemp": ("ENOSPC", "EROFS"), "write": (*DISK, "EDQUOT", "short"),
        "fsync": DISK, "close": DISK, "rename": ("ENOSPC", "EACCES")}

# name, arguments (`{dir}`: an empty folder but for old.json, plan.json, a saved plan), the words of
# what is written, environment, exit of the good run
Scenario = collections.namedtuple("Scenario", "name arguments names env exit", defaults=({}, 0))
LOG = {"LIFEBOAT_LOG": "debug", "LIFEBOAT_LOG_FILE": "{dir}/log"}
STDOUT = ("standard output",)
SCENARIOS = (
    Scenario("a plan over an old one", ["plan", "--out", "{dir}/old.json", SPEC], ("old.json", *STDOUT)),
    Scenario("a new plan", ["plan", "--out", "{dir}/new.json", SPEC], ("new.json", *STDOUT)),
    Scenario("a plan's log", ["plan", SPEC], ("LIFEBOAT_LOG_FILE", *STDOUT), LOG),
    Scenario("a drift's log", ["drift", SPEC], ("LIFEBOAT_LOG_FILE", *STDOUT), LOG, 2),
    Scenario("validate", ["validate", SPEC], STDOUT),
    Scenario("validate in JSON", ["validate", "--format", "json", SPEC], STDOUT),
    Scenario("plan in JSON", ["plan", "--format", "json", SPEC], STDOUT),
    Scenario("show", ["show", "{dir}/plan.json"], STDOUT),
    Scenario("explain", ["explain", "bucket"], STDOUT),
    Scenario("schema", ["schema"], STDOUT),
    Scenario("version", ["version", "--json"], STDOUT),
    Scenario("completion", ["completion", "bash"], STDOUT),
    Scenario("help", ["help"], STDOUT),
)


class Disk:
    def __init__(self):
        self.tally = Tally("disks that fail")
        self.grounds = Grounds()
        self.kept = self.grounds["lived-in"]
        self.ground = Ground(self.kept)
        self.sandbox = self.ground.sandbox
        with tempfile.TemporaryDirectory(prefix="lifeboat-disk-") as name:
            self.ground.run(["plan", "--out", f"{name}/plan.json", SPEC])
            self.plan = pathlib.Path(name, "plan.json").read_text()

    def run(self, scenario, folder, env):
        (folder / "old.json").write_text(OLD)
        (folder / "plan.json").write_text(self.plan)
        fill = lambda text: text.replace("{dir}", str(folder))  # noqa: E731
        env = {**{name: fill(value) for name, value in scenario.env.items()}, **env}
        return self.sandbox.lifeboat([fill(one) for one in scenario.arguments], EXAMPLE, env)

    def case(self, scenario, call, nth, how):
        with tempfile.TemporaryDirectory(prefix="lifeboat-disk-") as name:
            folder = pathlib.Path(name)
            result = self.run(scenario, folder, shim.environment(call, nth, 1, how))
            self.judge(scenario, result, how)
            left = {path.name for path in folder.iterdir()} - {"old.json", "plan.json", "log"}
            old = (folder / "old.json").read_text()
            whole = old == OLD or (old.startswith("{") and old.rstrip().endswith("}"))
            if left - {"new.json"} or not whole or ("new.json" in left and "standard output" not in result.stderr):
                raise Fault(f"left behind: {left}; the old file begins with {old[:60]!r}\n{result.stderr}")
            if old != OLD and "standard output" not in result.stderr:
                raise Fault(f"the old file is gone, though the new one failed\n{result.stderr}")
            return f"exit {result.returncode}"

    @staticmethod
    def judge(scenario, result, how):
        if result.returncode in (0, scenario.exit) or result.returncode < 0:
            raise Fault(f"exit {result.returncode}\n{result.stderr}")
        reason = os.strerror(errno.ENOSPC if how == "short" else getattr(errno, how))
        if not any(word in result.stderr for word in scenario.names) or "= try:" not in result.stderr:
            raise Fault(f"the message names no file or no next step:\n{result.stderr}")
        if reason not in result.stderr:
            raise Fault(f"the message does not say \"{reason}\":\n{result.stderr}")

    def cases(self):
        for scenario in SCENARIOS:
            with tempfile.TemporaryDirectory(prefix="lifeboat-disk-") as name:
                good = []
                counts = shim.count(lambda env: good.append(self.run(scenario, pathlib.Path(name), env)))
            if good[0].returncode != scenario.exit:
                raise Fault(f"{scenario.name}: exit {good[0].returncode}\n{good[0].stderr}")
            for call, ways in WAYS.items():
                for nth in range(1, self.bounded(counts[call]) + 1):
                    for how in ways:
                        yield (f"{scenario.name}: {call} {nth} of {counts[call]}: {how}",
                               lambda s=scenario, c=call, n=nth, h=how: self.case(s, c, n, h))

    @staticmethod
    def bounded(count):
        """A log has a line a call: its first ones stand for all."""
        return min(count, 8)

    def full(self, scenario):
        """The same with a device that is always full as standard output."""
        with tempfile.TemporaryDirectory(prefix="lifeboat-disk-") as name, open("/dev/full", "wb") as full:
            folder = pathlib.Path(name)
            (folder / "plan.json").write_text(self.plan)
            arguments = [one.replace("{dir}", name) for one in scenario.arguments]
            process = subprocess.run([self.sandbox.program, *arguments], cwd=EXAMPLE, stdout=full,
                                     stderr=subprocess.PIPE, text=True, env=self.sandbox.environment(),
                                     stdin=subprocess.DEVNULL, timeout=60, check=False)
            self.judge(scenario._replace(names=STDOUT), process, "ENOSPC")

    def unseen(self, arguments):
        """A plan that could not be shown is not applied."""
        before = self.sandbox.count()
        with open("/dev/full", "wb") as full:
            process = subprocess.run([self.sandbox.program, "apply", *arguments, SPEC], cwd=EXAMPLE,
                                     stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
                                     env=self.sandbox.environment(), stdin=subprocess.DEVNULL, check=False)
        changed = [call["operation"] for call in self.sandbox.calls(before) if call["mutating"]]
        if process.returncode != 1 or changed or "standard output" not in process.stderr:
            raise Fault(f"exit {process.returncode}, changed by {changed}\n{process.stderr[-600:]}")

    def closed(self, arguments):
        """Neither is one whose reader has gone (`| head -1`), and that is said in these words."""
        before = self.sandbox.count()
        read, write = os.pipe()
        os.close(read)
        with open(write, "wb") as pipe:
            process = subprocess.run([self.sandbox.program, *arguments, SPEC], cwd=EXAMPLE, stdout=pipe,
                                     stderr=subprocess.PIPE, text=True, timeout=60,
                                     env=self.sandbox.environment(), stdin=subprocess.DEVNULL, check=False)
        changed = [call["operation"] for call in self.sandbox.calls(before) if call["mutating"]]
        if process.returncode != 1 or changed or "was closed by its reader" not in process.stderr:
            raise Fault(f"exit {process.returncode}, changed by {changed}\n{process.stderr[-600:]}")

    def midway(self, arguments, nth):
        """Standard output breaks while steps run: the work goes on to its end, and the exit tells."""
        with Ground(self.kept) as ground:
            result = ground.sandbox.lifeboat(["apply", "--auto-approve", *arguments, SPEC], EXAMPLE,
                                             shim.environment("write", nth, 1, "EIO"))
            if result.returncode != 1 or "standard output" not in result.stderr:
                raise Fault(f"exit {result.returncode}\n{result.stderr[-800:]}")
            ground.run(["plan", "--detailed-exitcode"])
            ground.compare()

    def main(self):
        try:
            if shim.missing():
                print(f"only a full device: {shim.missing()}")
            else:
                self.tally.all(list(self.cases()))
                self.tally.all([("the last words of an apply are lost", lambda: self.midway([], 2)),
                                ("an event of an apply is lost", lambda: self.midway(["--json"], 60))])
            self.tally.all([("a closed pipe: plan", lambda: self.closed(["plan"])),
                            ("a closed pipe: apply", lambda: self.closed(["apply", "--auto-approve"]))])
            if os.path.exists("/dev/full"):
                self.tally.all([(f"/dev/full: {one.name}", lambda one=one: self.full(one)) for one in SCENARIOS])
                self.tally.all([("/dev/full: apply", lambda: self.unseen(["--auto-approve"])),
                                ("/dev/full: apply in JSON", lambda: self.unseen(["--auto-approve", "--json"]))])
        finally:
            self.ground.__exit__()
        return self.tally.end()


if __name__ == "__main__":
    sys.exit(Disk().main())
