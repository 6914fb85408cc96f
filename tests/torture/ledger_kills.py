#!/usr/bin/env python3
"""Killed at any call while entries are written: the ledger is valid, and the next run goes on.

    tests/torture/ledger_kills.py      LB_LONG=1 every point; LB_SEED=N repeats a run

One run takes the lock and frees it: two entries. A preloaded library (kill.c) counts each call that
changes something outside the process, of the program and of the git that it starts, and kills at
the n-th. Once in a repository without a remote, once with one behind `git daemon` on loopback, once
in a shallow clone of that which knows no ledger yet. No kill leaves a lock file that is in the way of
the user's own `git fetch`, and the next run must succeed: it frees the lock of the one that was
killed, and says so when a lock file of its own refs was left.
"""
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import git_servers  # noqa: E402
import shim  # noqa: E402
from ground import LONG, Fault, Tally  # noqa: E402
from ledger_history import PLAIN, git, must, run  # noqa: E402
from sandbox import BUILD  # noqa: E402

LIBRARY = BUILD / "libtorture_kill.so"
BRANCH = "refs/heads/lifeboat/dr"
LEAST = 60  # points, of both grounds
PICKED = 32  # of each ground, every day


class Ground:
    """A copy of the folder that holds a checkout with a ledger of two entries, and maybe its hub."""

    def __init__(self, template, daemon=None):
        self.folder = tempfile.TemporaryDirectory(prefix="point-", dir=template.parent, ignore_cleanup_errors=True)
        self.path = pathlib.Path(self.folder.name)
        shutil.copytree(template, self.path, dirs_exist_ok=True)
        self.work, self.hub = self.path / "work", self.path / "hub"
        if daemon:
            git(self.work, "remote", "set-url", "origin", daemon.url(f"{self.path.name}/hub"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def once(self, at=None, counted=False):
        """Its exit code and what it said; `at`: where it is killed."""
        env = dict(PLAIN)
        if at or counted:
            env |= {**shim.preload(LIBRARY), "LB_KILL_FILE": str(self.path / "points"), "LB_KILL_AT": str(at or 0)}
        done = subprocess.run([BUILD / "torture_ledger", "once", self.work / "spec"], env=env, text=True, timeout=100,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def points(self):
        return (self.path / "points").stat().st_size


def begin(work):
    done = subprocess.run([BUILD / "torture_ledger", "once", work / "spec"], env=PLAIN, text=True,
                          stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise Fault(done.stdout)


def templates(top):
    """Without a remote, with one, and a shallow clone."""
    for name in ("alone", "shared"):
        folder = top / name
        folder.mkdir()
        git(folder, "init", "-q", "--template=", "work")
        if name == "shared":
            git(folder, "init", "-q", "--bare", "--template=", "hub")
            git(folder / "work", "remote", "add", "origin", f"file://{folder}/hub")
        begin(folder / "work")
        yield folder
    shallow = top / "shallow"
    shutil.copytree(folder, shallow)
    shutil.rmtree(shallow / "work")
    tree = git(shallow / "hub", "hash-object", "-t", "tree", "-w", "--stdin", input="").strip()
    first = git(shallow / "hub", "commit-tree", "-m", "first", tree).strip()
    git(shallow / "hub", "update-ref", "refs/heads/main",
        git(shallow / "hub", "commit-tree", "-p", first, "-m", "second", tree).strip())
    git(shallow, "clone", "-q", "--template=", "--depth", "1", "-b", "main", f"file://{shallow}/hub", "work")
    git(shallow / "work", "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    yield shallow


def killed(tally, template, daemon, at, left):
    """`left` counts the kills, and what the next runs found."""
    with Ground(template, daemon) as ground:
        code, before = ground.once(at)
        if code == 0 and ground.points() < at:
            return "it made fewer calls"  # git's processes beside each other do not count alike each time
        if code != -signal.SIGKILL:
            raise Fault(f"exit {code}, it was not killed\n{before[-900:]}")
        locks = [*ground.work.glob(".git/**/*.lock")]
        own = {*ground.work.glob(".git/refs/heads/lifeboat/*.lock"), *ground.work.glob(".git/refs/lifeboat/**/*.lock")}
        if set(locks) - own:
            raise Fault(f"in the way of git: {set(locks) - own}\n{before[-900:]}")
        if daemon:
            git(ground.work, "fetch", "-q", "--deepen=1" if "shallow" in template.name else "--prune", "origin")
        code, after = ground.once()
        if code:
            raise Fault(f"the next run ends with {code}\n{after[-900:]}")
        if any(lock.exists() for lock in locks):
            raise Fault(f"{locks} are still there\n{after[-900:]}")
        repository = ground.hub if daemon else ground.work
        chain = git(repository, "rev-list", "--reverse", BRANCH).split()
        for line in re.findall(r"^[a-z-]+ (\w{40}) \w{16}$", before + after, re.M):
            if line not in chain:
                raise Fault(f"{line} was told, and is not in the branch")
        entries = [json.loads(git(repository, "show", f"{commit}:entry.json")) for commit in chain[2:]]
        kinds = " ".join(entry["kind"] for entry in entries)
        if kinds not in ("apply-start apply-end", "apply-start release apply-start apply-end",
                         "apply-start apply-end apply-start apply-end"):
            raise Fault(f"the branch has {kinds}")
        if ("release" in kinds) != ("\nrelease " in "\n" + after):
            raise Fault(f"the branch has {kinds}, and the next run says\n{after[-900:]}")
        for folder in {repository, ground.work}:
            git(folder, "fsck", "--strict")
            must(rf"^{len(chain)} entries, 0 plans, tip {chain[-1]}: sound$", run(folder, "history", "verify"))
        with tally.lock:
            left["points"] += 1
            left["lock"] += "release" in kinds
            left["file"] += "LB-G006" in after
        return None


def kill_points(tally, template, name, daemon=None):
    with Ground(template, daemon) as ground:
        code, said = ground.once(counted=True)
        if code:
            raise Fault(said)
        count = ground.points()
    points = range(1, count + 1)
    if not LONG and len(points) > PICKED:
        points = sorted(tally.random.sample(points, PICKED))
    left = {"points": 0, "lock": 0, "file": 0}
    tally.all([(f"killed {name} at call {at} of {count}", lambda at=at: killed(tally, template, daemon, at, left))
               for at in points])
    print(f"     {left['points']} points {name}: {left['lock']} left a lock, {left['file']} a lock file")
    return left


def main():
    tally = Tally("killed while writing entries")
    if not sys.platform.startswith("linux"):
        print(f"only Linux can preload {LIBRARY.name}")
        return tally.end()
    with tempfile.TemporaryDirectory(prefix="lifeboat-kills-", ignore_cleanup_errors=True) as folder:
        top = pathlib.Path(folder)
        with git_servers.Daemon(top) as daemon:
            alone, shared, shallow = templates(top)
            results = [kill_points(tally, alone, "without a remote"),
                       kill_points(tally, shared, "with a remote", daemon),
                       kill_points(tally, shallow, "in a shallow clone", daemon)]

    def enough():
        points, locks, files = (sum(left[name] for left in results) for name in ("points", "lock", "file"))
        if points < LEAST or not locks or not files:
            raise Fault(f"{points} points, {locks} left a lock, {files} a lock file")
        return f"{points}"
    tally.attempt(f"{LEAST} points or more, and each kind of leaving", enough)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
