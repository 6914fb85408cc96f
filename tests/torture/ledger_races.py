#!/usr/bin/env python3
"""Many processes take and free one lock: nobody wins twice, nothing gets lost.

    tests/torture/ledger_races.py      LB_LONG=1 1,000 rounds instead of 64

2, 8 and 32 processes at once, half of them in one clone and half in clones of their own, against a
bare repository behind `git daemon` on loopback. A round is a lock taken and freed. What the
processes said they wrote is compared with what is in the branch afterwards.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import git_servers  # noqa: E402
from ground import LONG, Fault, Tally  # noqa: E402
from ledger_history import PLAIN, git, must, run  # noqa: E402
from sandbox import BUILD  # noqa: E402

BRANCH = "refs/heads/lifeboat/dr"
ROUNDS = {2: 100, 8: 40, 32: 15} if LONG else {2: 8, 8: 2, 32: 1}  # of each process
PAUSE_MS = 40  # of one who lost, at most, and times the number of processes
SECONDS = 1500 if LONG else 120


def ground(top, daemon, processes):
    """A bare repository without a ledger; the folder that each process works in."""
    git(top, "init", "-q", "--bare", "hub")
    own = processes // 2
    clones = [top / f"clone{number}" for number in range(own + 1)]
    for clone in clones:
        git(top, "init", "-q", clone.name)
        git(clone, "remote", "add", "origin", daemon.url("hub"))
    return clones[:own] + clones[-1:] * (processes - own)


def race(folders, rounds):
    """What each process said."""
    command = [BUILD / "torture_ledger", "lock"]
    running = [subprocess.Popen([*command, f"{folder}/spec", str(rounds), str(PAUSE_MS * len(folders))], env=PLAIN,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
               for folder in folders]
    try:
        said = [process.communicate(timeout=SECONDS)[0] for process in running]
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()
    for process, text in zip(running, said):
        if process.returncode or "said " in text:
            raise Fault(f"exit {process.returncode}\n{text[-900:]}")
    return said


def branch(hub):
    """(commit, entry) of the branch, oldest first."""
    commits = git(hub, "rev-list", "--reverse", BRANCH).split()
    return [(commit, json.loads(git(hub, "show", f"{commit}:entry.json"))) for commit in commits]


def no_double_winner(chain):
    open_ = None
    for commit, entry in chain:
        if entry["kind"] == "apply-start":
            if open_:
                raise Fault(f"{commit}: {entry['id']} won while {open_} held the lock")
            open_ = entry["id"]
        elif entry["kind"] != "apply-end" or entry["ends"] != open_:
            raise Fault(f"{commit}: {entry['event']} ends {entry.get('ends')}, and {open_} is open")
        else:
            open_ = None
    if open_:
        raise Fault(f"{open_} was never ended")


def size(processes, rounds):
    with tempfile.TemporaryDirectory(prefix="lifeboat-races-") as name:
        top, hub = pathlib.Path(name), pathlib.Path(name, "hub")
        with git_servers.Daemon(top) as daemon:
            folders = ground(top, daemon, processes)
            said = race(folders, rounds)
            run(folders[-1], "history", "sync", "--stack", "dr")  # the last entry may be of another clone
        told = re.findall(r"^(apply-\w+) (\w{40}) (\w{16})$", "\n".join(said), re.M)
        lost = sum(int(count) for count in re.findall(r"^lost (\d+)$", "\n".join(said), re.M))
        chain = branch(hub)
        no_double_winner(chain)
        if sorted(told) != sorted((entry["kind"], commit, entry["id"]) for commit, entry in chain):
            raise Fault(f"{len(told)} entries were told, {len(chain)} are in the branch, and they are not the same")
        if len(chain) != 2 * processes * rounds:
            raise Fault(f"{len(chain)} entries of {processes * rounds} rounds")
        files = git(hub, "ls-tree", "-r", "--name-only", BRANCH).split()
        refs = git(hub, "for-each-ref", "--format=%(refname)").split()
        if files != ["entry.json", "entry.txt"] or refs != [BRANCH]:
            raise Fault(f"something else is there: {files} {refs}")
        for folder in (hub, folders[-1]):
            must(rf"^{len(chain)} entries, 0 plans, tip {chain[-1][0]}: sound$", run(folder, "history", "verify"))
            git(folder, "fsck", "--strict")
        return f"{processes * rounds} rounds, {len(chain)} entries, {lost} lost races"


def main():
    tally = Tally("races for the lock")
    for processes, rounds in ROUNDS.items():
        tally.attempt(f"{processes} processes at once", lambda processes=processes, rounds=rounds: size(processes, rounds))
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
