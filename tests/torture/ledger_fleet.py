#!/usr/bin/env python3
"""The plans of a fleet, recorded together: one pack and one push, or nothing where none can be written.

    tests/torture/ledger_fleet.py      LB_LONG=1 every point of a kill; LB_SEED=N repeats a run

Ten stacks, so that their entries go into one pack. Runs in one checkout overtake each other; one is
killed at calls that change something outside the process (kill.c). Whatever happened, each branch
is sound, has the old tip or one entry more, and git finds the repository whole.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import shim  # noqa: E402
from ground import LONG, Fault, Tally  # noqa: E402
from ledger_history import Recorded, git, must, run, same  # noqa: E402
from sandbox import BUILD  # noqa: E402

LIBRARY = BUILD / "libtorture_kill.so"
STACKS = [f"dr-{number}" for number in range(10)]
RECORD = ["plan", "--record", *(f"{stack}.yaml" for stack in STACKS)]
REFUSED = 3  # they share their buckets: such plans are refused, and recorded all the same
PICKED = 12


class Fleet(Recorded):
    def __init__(self):
        super().__init__()
        text = (self.work / "lifeboat.yaml").read_text()
        for stack in STACKS:
            (self.work / f"{stack}.yaml").write_text(text.replace("stack: search-dr", f"stack: {stack}"))

    def record(self, **more):
        """Its exit status. Nothing is shared."""
        env = self.sandbox.environment({**self.env, "LIFEBOAT_LEDGER": "local", **more})
        return subprocess.Popen([BUILD / "lifeboat", *RECORD], cwd=self.work, env=env,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def entries(self, folder=None):
        """How many each stack has; all chains are sound."""
        counts = []
        for stack in STACKS:
            found = [entry["seq"] for entry in self.listed("--stack", stack, folder=folder)]
            same(found, list(range(len(found), 0, -1)), stack)
            must("sound", run(folder or self.work, "history", "verify", "--stack", stack))
            counts.append(len(found))
        return counts


def packs(folder):
    """(loose objects, packs) of a repository that git finds whole."""
    git(folder, "fsck", "--full", "--strict")
    told = dict(line.split(": ") for line in git(folder, "count-objects", "-v").splitlines())
    return int(told["count"]), int(told["packs"])


def nowhere_to_write():
    with Fleet() as fleet:
        place = fleet.work / ".git" / "objects" / "pack"
        place.rename(place.with_name("kept"))
        place.touch()
        fleet.online(*RECORD, code=REFUSED)
        for folder in (fleet.work, fleet.shared):
            same(git(folder, "for-each-ref", "refs/heads/lifeboat"), "", "branches of what was not written")
        place.unlink()
        place.with_name("kept").rename(place)
        fleet.online(*RECORD, code=REFUSED)
        same(fleet.entries(), [1] * len(STACKS), "entries once it can be written")


def one_pack():
    with Fleet() as fleet:
        loose, packed = packs(fleet.work)
        for count in (1, 2):
            fleet.online(*RECORD, code=REFUSED)
            same(packs(fleet.work), (loose, packed + count), "objects of ten entries")
            for folder in (fleet.work, fleet.shared):
                same(fleet.entries(folder), [count] * len(STACKS), folder.name)


class Wrapped:
    """A `git` before the real one in PATH: notes what it was asked, and may do something before the first push."""

    def __init__(self, fleet, before_push="true"):
        folder = fleet.work.parent / "bin"
        folder.mkdir()
        self.asked = folder / "asked"
        real = shutil.which("git")
        (folder / "git").write_text(f"""#!/bin/sh
for word; do case $word in push|ls-remote|fetch) echo $word >> '{self.asked}'
    [ $word != push ] || [ -e '{folder}/pushed' ] || {{ touch '{folder}/pushed'; {before_push}; }} ;; esac; done
exec '{real}' "$@"
""")
        (folder / "git").chmod(0o755)
        fleet.env["PATH"] = f"{folder}:{os.environ['PATH']}"

    def said(self):
        words = self.asked.read_text().split() if self.asked.exists() else []
        self.asked.unlink(missing_ok=True)
        return {word: words.count(word) for word in set(words)}


def one_talk():
    with Fleet() as fleet:
        wrapped = Wrapped(fleet)
        for count in (1, 2):
            fleet.online(*RECORD, code=REFUSED)
            same(wrapped.said(), {"ls-remote": 1, "push": 1}, f"talks, run {count}")
        same(fleet.entries(fleet.shared), [2] * len(STACKS), "entries")
        # what is only in the checkout goes first, stack by stack; and is not lost
        same(fleet.record().wait(60), REFUSED, "local")
        fleet.online(*RECORD, code=REFUSED)
        same(fleet.entries(fleet.shared), [4] * len(STACKS), "entries with those that were kept here")


def words():
    """Where an entry went is said once, for one stack and for many."""
    with Fleet() as fleet:
        def said(specs, **more):
            done = fleet.sandbox.lifeboat(["plan", "--record", *specs], fleet.work, {**fleet.env, **more})
            return done.stderr
        must(r"^Recorded as [0-9a-f]{12} on lifeboat/dr-0, shared with origin\.$", said(["dr-0.yaml"]))
        tip = git(fleet.work, "rev-parse", "refs/heads/lifeboat/dr-0")[:12]
        text = said(["dr-0.yaml"], LIFEBOAT_LEDGER="local")
        must(rf"^Recorded as (?!{tip})[0-9a-f]{{12}} on lifeboat/dr-0\.$", text)
        must(r"^Recorded 10 plans, each on its branch lifeboat/STACK, shared with origin\.$", said(RECORD[2:]))


def more_than_a_push():
    """More branches than one push carries, of a remote whose settings are many."""
    with Fleet() as fleet:
        text = (fleet.work / f"{STACKS[0]}.yaml").read_text()
        specs = [f"more-{number}.yaml" for number in range(70)]
        for spec in specs:
            (fleet.work / spec).write_text(text.replace(f"stack: {STACKS[0]}", f"stack: {spec[:-5]}"))
        for _ in range(40):
            git(fleet.work, "config", "--add", "remote.origin.pushOption", "ci.skip")
        git(fleet.shared, "config", "receive.advertisePushOptions", "true")
        wrapped = Wrapped(fleet)
        fleet.online("plan", "--record", *specs, code=REFUSED)
        same(wrapped.said(), {"ls-remote": 1, "push": 2}, "talks")
        same(len(git(fleet.shared, "for-each-ref", "refs/heads/lifeboat").splitlines()), 70, "branches")


def others_push():
    """Between the question and the push another clone records three of the stacks."""
    with Fleet() as fleet:
        fleet.online(*RECORD, code=REFUSED)
        git(fleet.work.parent, "clone", "-q", str(fleet.shared), str(fleet.second))
        moves = "; ".join(f"git -C '{fleet.shared}' update-ref refs/heads/lifeboat/{stack} "
                          f"$(git -C '{fleet.shared}' rev-parse refs/other/{stack})" for stack in STACKS[:3])
        # entries of another clone, ready to come first
        for stack in STACKS[:3]:
            (fleet.second / f"{stack}.yaml").write_bytes((fleet.work / f"{stack}.yaml").read_bytes())
        done = fleet.sandbox.lifeboat(["plan", "--record", *(f"{stack}.yaml" for stack in STACKS[:3])],
                                      fleet.second, fleet.env)
        same(done.returncode, REFUSED, "the other clone")
        for stack in STACKS[:3]:
            ref = f"refs/heads/lifeboat/{stack}"
            git(fleet.shared, "update-ref", f"refs/other/{stack}", ref)
            git(fleet.shared, "update-ref", ref, f"{ref}~1")
        wrapped = Wrapped(fleet, moves)
        fleet.online(*RECORD, code=REFUSED)
        said = wrapped.said()
        if said["push"] < 4:
            raise Fault(f"nobody was overtaken: {said}")
        same(fleet.entries(fleet.shared), [3] * 3 + [2] * (len(STACKS) - 3), "entries, none lost")
        return f"{said['push']} pushes"


def no_answer():
    """A remote that cannot be asked is asked once, and told once."""
    with Fleet() as fleet:
        git(fleet.work, "remote", "set-url", "origin", "ssh://127.0.0.1:1/none")
        wrapped = Wrapped(fleet)
        done = fleet.sandbox.lifeboat(RECORD, fleet.work, fleet.env)
        came = done.returncode, done.stderr.count("LB-G010"), wrapped.said()
        same(came, (8, 1, {"ls-remote": 1}), "what came of it")
        same(git(fleet.work, "for-each-ref", "refs/heads/lifeboat"), "", "branches")


def overtaken():
    with Fleet() as fleet:
        runs = [fleet.record() for _ in range(4)]
        same([process.wait(60) for process in runs], [REFUSED] * 4, "four at once")
        same(fleet.entries(), [4] * len(STACKS), "entries of four at once")
        return f"{packs(fleet.work)[0]} objects of entries that were overtaken"


def killed(tally):
    """Cases, all in one repository: each begins with what those before it left."""
    with Fleet() as fleet:
        points = fleet.work.parent / "points"
        kill = {**shim.preload(LIBRARY), "LB_KILL_FILE": str(points)}
        for _ in range(2):  # the first one makes files that are there from then on
            points.unlink(missing_ok=True)
            same(fleet.record(**kill).wait(60), REFUSED, "counted")
        count = points.stat().st_size
        left = {"before": fleet.entries(), "part": 0}

        def at(point):
            points.unlink(missing_ok=True)
            same(fleet.record(**kill, LB_KILL_AT=str(point)).wait(60), -signal.SIGKILL, "exit")
            packs(fleet.work)
            after = fleet.entries()
            more = [b - a for a, b in zip(left["before"], after)]
            if not set(more) <= {0, 1}:
                raise Fault(f"entries {left['before']} became {after}")
            left["before"], left["part"] = after, left["part"] + (0 < sum(more) < len(STACKS))
            return f"{sum(more)} of {len(STACKS)} branches moved"

        # of most of the calls each moves one of the branches: they count alike each time
        picked = range(1, count + 1) if LONG else sorted(tally.random.sample(range(1, count + 1), PICKED))
        for point in picked:
            tally.attempt(f"killed at call {point} of {count}", lambda point=point: at(point))

        def afterwards():
            same(fleet.record().wait(60), REFUSED, "the next run")
            same(fleet.entries(), [entries + 1 for entries in left["before"]], "entries of the next run")
            if not left["part"]:
                raise Fault("no kill came between two branches")
        tally.attempt("the run after all that", afterwards)


def main():
    tally = Tally("a fleet is recorded at once")
    tally.attempt("one pack for all entries", one_pack)
    tally.attempt("no branch moves to what cannot be written", nowhere_to_write)
    tally.attempt("one question and one push for all entries", one_talk)
    tally.attempt("what is said of it", words)
    tally.attempt("more branches than one push carries", more_than_a_push)
    tally.attempt("others push some of the stacks first", others_push)
    tally.attempt("the remote does not answer", no_answer)
    tally.attempt("runs beside each other", overtaken)
    if sys.platform.startswith("linux"):
        killed(tally)
    else:
        print(f"only Linux can preload {LIBRARY.name}")
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
