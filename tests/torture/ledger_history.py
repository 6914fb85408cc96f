#!/usr/bin/env python3
"""Reading the ledger back: everywhere, for ever, and whatever was done to it.

    tests/torture/ledger_history.py

told     what plan and apply recorded is listed, shown and compared, with the bytes that were printed
places   in bare repositories, clones without the spec, shallow clones and folders below
faults   whatever is changed afterwards is found by `history verify`, with exit 6
hostile  what people and machines call themselves drives no terminal
stream   the first line comes at once, and a reader that leaves is no failure
locks    who holds it, who may break it, and an apply whose lock was broken
sync     what was written here is shared, what others wrote is brought, also of stacks unknown here
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import entries  # noqa: E402
import hostile  # noqa: E402
import yaml  # noqa: E402
from ground import EXAMPLE, SEEDS, Fault, Tally, changes  # noqa: E402
from sandbox import BUILD, ROOT, Sandbox  # noqa: E402

LIFEBOAT = str(BUILD / "lifeboat")
FORMATS = ("text", "json", "markdown", "sarif", "junit", "github", "gitlab")
PLAIN = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "ASAN_OPTIONS") if name in os.environ}
PLAIN |= {"COLUMNS": "100", "TERM": "dumb", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
          "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.com", "GIT_COMMITTER_NAME": "t",
          "GIT_COMMITTER_EMAIL": "t@example.com", "LIFEBOAT_ACTOR": "alice"}


def git(folder, *arguments, text=True, **options):
    return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=text,
                          env=PLAIN, **options).stdout


def run(folder, *arguments, code=0, env=None, err=None):
    """Runs lifeboat offline; its standard output."""
    done = subprocess.run([LIFEBOAT, *arguments], cwd=folder, env={**PLAIN, **(env or {})}, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120, errors="surrogateescape")
    if done.returncode != code:
        raise Fault(f"{' '.join(arguments)}: exit {done.returncode}, not {code}\n{done.stdout[-500:]}{done.stderr[-900:]}")
    if err is not None and not re.search(err, done.stderr):
        raise Fault(f"{' '.join(arguments)}: {err!r} is not in\n{done.stderr[-900:]}")
    if err is None and done.stderr:
        raise Fault(f"{' '.join(arguments)} says {done.stderr[-900:]}")
    return done.stdout


def must(pattern, text):
    if not re.search(pattern, text, re.M):
        raise Fault(f"{pattern!r} is not in\n{text[:1500]}")


def same(a, b, what):
    if a != b:
        raise Fault(f"{what}: {str(a)[:400]!r} is not {str(b)[:400]!r}")


class Recorded:
    """A shared repository, a clone with the example's spec, and a sandbox. Use with `with`."""

    def __init__(self, speed=2000):
        self.folder = tempfile.TemporaryDirectory(prefix="lifeboat-history-")
        top = pathlib.Path(self.folder.name)
        self.shared, self.work, self.second = top / "shared.git", top / "work", top / "second"
        git(top, "init", "-q", "--bare", str(self.shared))
        git(top, "clone", "-q", str(self.shared), str(self.work))
        (self.work / "lifeboat.yaml").write_bytes((EXAMPLE / "lifeboat.yaml").read_bytes())
        git(self.work, "add", ".")
        git(self.work, "commit", "-qm", "spec")
        git(self.work, "push", "-q", "origin", "HEAD")
        self.sandbox = Sandbox(speed)
        self.sandbox.client.play(SEEDS["zone"] + SEEDS["ci"])
        self.env = {**PLAIN, "LIFEBOAT_LEDGER": "auto"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sandbox.stop()
        self.folder.cleanup()

    def online(self, *arguments, code=0):
        done = self.sandbox.lifeboat(arguments, self.work, self.env)
        if done.returncode != code:
            raise Fault(f"{' '.join(arguments)}: exit {done.returncode}, not {code}\n{done.stderr[-1500:]}")
        return done.stdout

    def listed(self, *arguments, folder=None):
        text = run(folder or self.work, "history", "--format", "json", *arguments)
        return [json.loads(line) for line in text.splitlines()]


@contextlib.contextmanager
def made(count=3, **options):
    """A bare repository with a generated ledger; (folder, tip, ledger)."""
    with tempfile.TemporaryDirectory(prefix="lifeboat-made-") as name:
        git(name, "init", "-q", "--bare", ".")
        ledger = entries.Ledger("dr", b"stack: dr\n", **options)
        for _ in range(count):
            ledger.add("apply-end" if ledger.lock else "apply-start", outcome="done", summary="words",
                       body={"objects": {"bucket.a": "update", f"bucket.n{ledger.seq}": "create"}})
        yield pathlib.Path(name), ledger.write(name) if count else None, ledger


# --- told


def told():
    with Recorded() as r:
        printed = r.online("plan", "--record")
        first = re.search(r"^Plan id (\w{64})$", printed, re.M)[1]
        must(r"^search-dr: 1 entry, the same here and at origin\.$", run(r.work, "history", "sync"))
        r.online("apply", "--auto-approve")
        r.online("plan", "--record")
        same([(e["seq"], e["event"], e["outcome"]) for e in r.listed()],
             [(4, "plan", "no-changes"), (3, "apply-end", "done"), (2, "apply-start", "started"), (1, "plan", "changes")],
             "entries")
        table = run(r.work, "history").splitlines()
        must(r"^TIME +EVENT +PLAN +OUTCOME +COMMIT +WHO +SUMMARY$", table[0])
        oldest = r.listed()[-1]
        must(rf"^{oldest['at']}  plan +{first[:8]}  changes +{oldest['commit'][:8]}  alice +Plan: 14 to create", table[4])
        for options, seqs in ((("--event", "apply-end"), [3]), (("--outcome", "no-changes"), [4]), (("--limit", "2"), [4, 3]),
                              (("--object", "bucket.search-dr-west"), [3, 2, 1]), (("--object", "bucket.search-dr"), []),
                              (("--stack", "search-dr", "--limit", "1"), [4]), (("lifeboat.yaml", "--limit", "1"), [4]),
                              (("--event", "plan", "--outcome", "changes"), [1])):
            same([e["seq"] for e in r.listed(*options)], seqs, options)
        must(r'^No entry of "search-dr" matches\.$', run(r.work, "history", "--outcome", "failed"))
        must(r"^4 entries, 2 plans, tip \w{40}: sound$", run(r.work, "history", "verify", "--tip", oldest["commit"]))
        same(run(r.work, "show", first), printed, "show of the first plan")
        entry = run(r.work, "show", r.listed()[1]["commit"])
        must(r"^event +apply-end$", entry)
        must(r"^outcome +done$", entry)
        must(r"^Apply: \d+ done, 0 failed, 0 not started, in .*\. Live matches the spec\.$", entry)
        same(json.loads(run(r.work, "show", oldest["commit"], "--format", "json"))["plan"], first, "entry.json")
        must("create", run(r.work, "show", oldest["commit"][:8], "--format", "markdown"))
        run(r.work, "show", r.listed()[1]["commit"][:7] + "0" * 9, code=1, err="LB-G034")
        (r.work / first[:8]).write_text("{}")  # a file of that name comes first
        run(r.work, "show", first[:8], code=1, err="LB-P010")


# A plan that is recorded again stays as it was first.
MADE_AT = re.compile(r'"made_at": "[^"]+"')


def bytes_of_every_format():
    with Recorded() as r:
        for format_name in FORMATS:
            printed = r.online("plan", "--record", "--format", format_name)
            shown = run(r.work, "show", r.listed()[0]["plan"][:8], "--format", format_name)
            same(*(MADE_AT.sub("", text) for text in (shown, printed)), format_name)


def differ():
    with Recorded() as r:
        r.online("plan", "--record")
        spec = (r.work / "lifeboat.yaml").read_text()
        (r.work / "lifeboat.yaml").write_text(spec.replace("after: 7d", "after: 9d", 1).replace("count: 3", "count: 5", 1))
        r.online("plan", "--record")
        b, a = (e["plan"] for e in r.listed())
        text = run(r.work, "history", "diff", a[:8], b[:8], "--detailed-exitcode", code=2)
        for pattern in (rf"^- plan {a}", rf"^\+ plan {b}", r"^the spec \(SHA-256\) was", r"^Objects$", r"^  ~ bucket\.search-dr-west: create$",
                        r"^    ~ lifecycle$", r"^          - +expire_after: 7d$", r"^          \+ +expire_after: 9d$",
                        r"^          - \{type.* count: 3,", r"^          \+ \{type.* count: 5,", r"^  ~ domain\.search@primary: create$",
                        r"^Steps$", r"^  - bucket\.search-dr-west: .*\(s3:PutBucketLifecycleConfiguration\)$",
                        r"^  \+ bucket\.search-dr-west: .*\(s3:PutBucketLifecycleConfiguration\)$"):
            must(pattern, text)
        if "role.operator" in text or "s3:PutBucketVersioning" in text:
            raise Fault(f"what is the same is told:\n{text}")
        same(run(r.work, "history", "diff", a, b), text, "without --detailed-exitcode")
        must("^They are the same.$", run(r.work, "history", "diff", a, a, "--detailed-exitcode"))
        run(r.work, "history", "diff", a, code=64, err="two plans")
        run(r.work, "history", "diff", a, "0" * 8, code=1, err="LB-G034")


# --- places


def places():
    with made(5) as (bare, tip, _), tempfile.TemporaryDirectory() as name:
        expected = run(bare, "history")
        git(name, "clone", "-q", str(bare), "clone")
        clone = pathlib.Path(name, "clone")
        same(run(clone, "history"), expected, "a clone")
        (clone / "below").mkdir()
        same(run(clone / "below", "history", "--stack", "dr"), expected, "a folder below")
        must("5 entries", run(clone, "history", "verify", env={"LIFEBOAT_LEDGER": "none"}))
        git(name, "clone", "-q", "--depth", "2", "--branch", "lifeboat/dr", f"file://{bare}", "shallow")
        must("apply-start", run(pathlib.Path(name, "shallow"), "history", err=r"LB-G039"))
        run(pathlib.Path(name, "shallow"), "history", "verify", code=1, err="LB-G004")
        git(name, "init", "-q", "empty")
        same(run(pathlib.Path(name, "empty"), "history"), "Nothing is recorded in this repository yet.\n", "empty")
        same(run(pathlib.Path(name, "empty"), "history", "--stack", "dr"), 'Nothing is recorded for "dr" yet.\n', "no branch")
        run(name, "history", code=1, err="LB-G007")
        second = entries.Ledger("other", b"stack: other\n")
        second.add("plan", outcome="changes")
        second.write(bare)
        text = run(bare, "history")
        must(r"^Stack dr$", text)
        must(r"^Stack other$", text)
        same({json.loads(line)["stack"] for line in run(bare, "history", "--format", "json").splitlines()},
             {"dr", "other"}, "stacks")
        must("^other: 1 entry, 0 plans", run(bare, "history", "verify"))
        run(bare, "history", "verify", "--tip", tip, code=64, err="one stack")


# --- faults


def faults(tally):
    def rewritten(entry):
        entry["outcome"] = "failed"

    def number(entry):
        entry["seq"] += 1

    def before(entry):
        entry["previous"] = "0" * 64

    def lock(entry):
        entry.pop("lock", None)
        entry["local"] = False

    def stack(entry):
        entry["stack"] = "another"

    def spoil(change):
        def act():
            with made(2) as (bare, _, ledger):
                ledger.add("apply-start", change=change)
                ledger.add("apply-end")
                ledger.write(bare)
                run(bare, "history", "verify", code=6, err="LB-G03[02]")
        return act

    def other_message():
        with made(2) as (bare, tip, _):
            text = git(bare, "cat-file", "commit", tip).replace("Lifeboat-Who: alice", "Lifeboat-Who: bob")
            forged = git(bare, "hash-object", "-t", "commit", "-w", "--stdin", input=text).strip()
            git(bare, "update-ref", "refs/heads/lifeboat/dr", forged)
            run(bare, "history", "verify", code=6, err="LB-G032.*message")

    def tip():
        with made(3) as (bare, noted, _):
            must("sound", run(bare, "history", "verify", "--tip", noted[:8]))
            must("sound", run(bare, "history", "verify", "--tip", noted))
            ledger = entries.Ledger("dr", b"stack: dr\n")
            ledger.add("plan", outcome="changes")
            ledger.write(bare)
            must("sound", run(bare, "history", "verify"))  # sound in itself, but not what was noted
            run(bare, "history", "verify", "--tip", noted, code=6, err="LB-G030")

    def plan():
        with Recorded() as r:
            r.online("plan", "--record")
            name = r.listed()[0]["plan"]
            path = f"plans/{name[:2]}/{name[2:]}.json"
            document = git(r.work, "show", f"refs/heads/lifeboat/search-dr:{path}")
            spec = git(r.work, "show", "refs/heads/lifeboat/search-dr:spec.yaml").encode()
            for title, text, code in (("as it was", document, 0), ("a call changed", document.replace(
                    "s3:PutBucketVersioning", "s3:PutBucketPolicy"), 6), ("not JSON", "{", 6)):
                ledger = entries.Ledger("search-dr", spec)
                ledger.add("plan", plan=name, document=text, outcome="changes")
                ledger.write(r.shared)
                run(r.shared, "history", "verify", code=code, err="LB-G032.*id stands for" if code else None)
                if code and run(r.shared, "show", name, code=1, err="LB-P010"):
                    raise Fault(f"{title}: it is shown")

    for change in (number, before, lock, stack):
        tally.attempt(f"verify finds another {change.__name__}", spoil(change))
    tally.attempt("verify finds an outcome that was rewritten", lambda: rewrite(rewritten))
    tally.attempt("verify finds a message that says something else", other_message)
    tally.attempt("verify finds a branch made anew, by the tip that was noted", tip)
    tally.attempt("verify finds a plan that was edited", plan)


def rewrite(change):
    """An entry in the middle is written again; those after it are as they were."""
    with made(3) as (bare, _, ledger):
        ledger = entries.Ledger("dr", b"stack: dr\n")
        ledger.add("plan", outcome="done")
        kept = ledger.previous
        ledger.add("plan", outcome="done", change=change)
        ledger.previous = kept
        ledger.add("plan", outcome="done")
        ledger.write(bare)
        run(bare, "history", "verify", code=6, err="LB-G032")


def newer():
    with made(1, version="2.0") as (bare, tip, _):
        for arguments in (("history", "verify"), ("lock", "list", "--ledger", "local"), ("show", tip)):
            run(bare, *arguments, code=1, err="LB-G033(.|\n)*use the lifeboat that wrote it")
    with made(2, version="1.7") as (bare, tip, _):  # a newer minor version only adds
        must("sound", run(bare, "history", "verify"))


# --- hostile


def inert():
    with made(0) as (bare, _, ledger):
        for text in hostile.STRINGS.values():
            try:
                words = text.decode().replace("\n", " ").replace("\0", "")
            except UnicodeDecodeError:
                continue
            ledger.add("plan", outcome=words, summary=words, reason=words, text=words,
                       actor={"who": words, "host": words, "run": words})
        ledger.write(bare)
        commits = git(bare, "rev-list", "refs/heads/lifeboat/dr").split()
        texts = [run(bare, "history"), run(bare, "history", "--format", "json")]
        texts += [run(bare, "show", commit, "--format", kind) for commit in commits for kind in ("text", "json")]
        for text in texts:
            found = hostile.faults(text.encode("utf-8", "surrogateescape"))
            if found:
                raise Fault(f"{found[:2]} in {text[:300]!r}")
        return f"{len(commits)} strings"


# --- stream


def stream():
    with made(3000) as (bare, _, _):
        for program in (["history"], ["history", "--format", "json"], ["history", "--object", "bucket.a"]):
            process = subprocess.Popen([LIFEBOAT, *program], cwd=bare, env=PLAIN, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, bufsize=0)
            process.stdout.read(40)
            process.stdout.close()
            said = process.stderr.read().decode()
            if process.wait(60) or said:
                raise Fault(f"{program}: exit {process.returncode}, {said}")
            process.stderr.close()
        same(len(run(bare, "history", "--limit", "2999").splitlines()), 3000, "lines")


# --- old formats


def old_format():
    """A ledger as lifeboat 0.1.0 wrote it; the stream is never made again."""
    stream_file = ROOT / "tests" / "vectors" / "ledger" / "format-1.0.fast-export"
    told_file = ROOT / "tests" / "vectors" / "ledger" / "format-1.0.json"
    with tempfile.TemporaryDirectory() as name:
        git(name, "init", "-q", "--bare", ".")
        git(name, "fast-import", "--quiet", input=stream_file.read_bytes(), text=False)
        facts = json.loads(told_file.read_text())
        same(run(name, "history", "verify"), facts["verify"], "verify")
        same([line.split() for line in run(name, "history").splitlines()],
             [line.split() for line in facts["history"]], "history")
        same(run(name, "lock", "list"), facts["lock"], "lock list")
        same(run(name, "show", facts["plan"]).splitlines()[-1], facts["summary"], "show")
        same(json.loads(run(name, "show", facts["plan"], "--format", "json"))["id"], facts["plan"], "id")


# --- locks


def locks():
    with made(1) as (bare, _, ledger):
        held = json.loads(run(bare, "lock", "list", "--format", "json"))
        same((held["held"], held["who"], held["since"]), (True, "alice", "2026-01-01T00:00:01Z"), "the lock")
        must("^Stack dr: held$", run(bare, "lock", "list"))
        run(bare, "lock", "break", held["id"], code=64, err="LB-G025")
        run(bare, "lock", "break", "1234567", "--reason", "x", code=64, err="8 digits")
        run(bare, "lock", "break", "ffffffff", "--reason", "x", code=1, err=rf"LB-G022(.|\n)*held: {held['id']} of \"dr\" by alice")
        must("was broken", run(bare, "lock", "break", held["id"][:8], "--reason", "the laptop\x1b is at the bottom of the sea\nindeed",
                               env={"LIFEBOAT_ACTOR": "bob"}))
        must("^Stack dr: free$", run(bare, "lock", "list"))
        last = json.loads(run(bare, "history", "--format", "json", "--limit", "1"))
        same((last["event"], last["who"], last["ends"]), ("release", "bob", held["id"]), "release")
        must("bottom of the sea", last["reason"])
        must("2 entries, 0 plans", run(bare, "history", "verify"))
        run(bare, "lock", "break", held["id"], "--reason", "x", code=1, err="held: none")


def broken_holder():
    """Somebody else breaks the lock while an apply runs: it stops before its next change."""
    with Recorded(speed=200) as r:
        git(r.folder.name, "clone", "-q", str(r.shared), str(r.second))
        r.sandbox.control("faults", [{"service": "*", "operation": "Put*", "region": "*", "do": "delay:1s", "count": 1000}])
        process = r.sandbox.lifeboat_start(["apply", "--auto-approve"], r.work, r.env)
        try:
            end = time.monotonic() + 60
            while len(changes(r.sandbox.calls())) < 3 and process.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
            held = json.loads(run(r.second, "lock", "list", "--stack", "search-dr", "--format", "json"))
            run(r.second, "lock", "break", held["id"], "--stack", "search-dr", "--reason", "a test", env={"LIFEBOAT_ACTOR": "bob"})
            broken = r.sandbox.calls()
            out, err = process.communicate(timeout=120)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode != 7 or "LB-G021" not in err:
            raise Fault(f"exit {process.returncode}\n{out[-600:]}{err[-1500:]}")
        late = changes(r.sandbox.calls(len(broken)))
        # at most what was on its way to the sandbox while the lock was broken: 20 where nobody asks
        if len(late) > 4 or len(changes(r.sandbox.calls())) >= 29:
            raise Fault(f"{len(late)} changes after the lock was broken: {[c['operation'] for c in late]}")
        events = [(e["event"], e["who"]) for e in r.listed(folder=r.work)]
        same(events, [("apply-broken", "alice"), ("release", "bob"), ("apply-start", "alice")], "events")
        must("sound", run(r.work, "history", "verify"))
        must("free", run(r.second, "lock", "list", "--stack", "search-dr"))
        r.sandbox.control("faults", method="DELETE")
        r.online("apply", "--auto-approve")
        same(r.listed()[0]["outcome"], "done", "the next apply")
        return f"{len(late)} changes were under way"


def noticed(here):
    """The lock is broken right after the first answer that it is held, before it is heard: what was ready to be sent
    then may go out, and nothing after it. Broken in the same checkout not even that: only the call that asked."""
    with Recorded(speed=200) as r:
        plan = json.loads(r.online("plan", "--format", "json"))
        first = sum(not step["needs"] for step in plan["steps"])
        if not 2 < first < len(plan["steps"]) - 4:
            raise Fault(f"{first} of {len(plan['steps'])} steps need nothing")
        r.online("plan", "--record")
        folder = pathlib.Path(r.folder.name, "bin")
        folder.mkdir()
        real = shutil.which("git")
        # the ref of a bare repository can be moved in no time: a rewound ledger holds no lock
        release = (f'"{LIFEBOAT}" lock break "$(git -C "{r.shared}" log -1 --format="%(trailers:key=Lifeboat-Entry,valueonly)" '
                   f'lifeboat/search-dr)" --reason gone >"{folder}/said" 2>&1' if here else
                   f'"{real}" -C "{r.shared}" update-ref refs/heads/lifeboat/search-dr refs/heads/lifeboat/search-dr~1')
        (folder / "git").write_text(f'''#!/bin/sh
            "{real}" "$@"
            code=$?
            case "$* $("{real}" -C "{r.shared}" log -1 --format=%s lifeboat/search-dr)" in
            *" ls-remote "*" apply-start"*) mkdir "{folder}/once" 2>/dev/null && PATH="{PLAIN['PATH']}" && {release};;
            esac
            exit $code''')
        (folder / "git").chmod(0o755)
        r.env["PATH"] = f"{folder}:{PLAIN['PATH']}"
        r.sandbox.control("faults", [{"service": "*", "operation": operation, "region": "*", "do": "delay:700ms", "count": 1000}
                                     for operation in ("Put*", "Create*", "Update*", "Tag*", "Attach*", "Change*", "Add*")])
        before = len(r.sandbox.calls())
        done = r.sandbox.lifeboat(["apply", "--auto-approve"], r.work, r.env)
        sent = [call["operation"] for call in changes(r.sandbox.calls(before))]
        if done.returncode not in (5, 7) or not re.search("LB-G021|LB-G030", done.stderr):
            raise Fault(f"exit {done.returncode}\n{done.stderr[-900:]}")
        if not 1 <= len(sent) <= (1 if here else first):
            raise Fault(f"{len(sent)} changes: {sent}; {first} needed nothing")
        return f"{len(sent)} of {len(plan['steps'])} changes were sent"


def sync():
    with Recorded() as r:
        r.env["LIFEBOAT_LEDGER"] = "local"
        r.online("plan", "--record")
        r.env["LIFEBOAT_LEDGER"] = "auto"
        git(r.folder.name, "clone", "-q", str(r.shared), str(r.second))
        must("Nothing is recorded.*history sync", run(r.second, "history"))
        must("1 shared with origin, 0 new", run(r.work, "history", "sync"))
        must("the same here and at origin", run(r.work, "history", "sync", "lifeboat.yaml"))
        must("0 shared with origin, 1 new", run(r.second, "history", "sync", "--stack", "search-dr"))
        must("1 entry, 1 plan", run(r.second, "history", "verify"))
        run(r.shared, "history", "sync", code=1, err="LB-G014")


@contextlib.contextmanager
def shared_by(*stacks):
    """A bare repository with these ledgers and branches that are none, and a clone that has but its main branch."""
    with tempfile.TemporaryDirectory(prefix="lifeboat-shared-") as name:
        shared, work = pathlib.Path(name, "shared.git"), pathlib.Path(name, "work")
        git(name, "init", "-q", "--bare", "-b", "main", str(shared))
        tree = git(shared, "hash-object", "-t", "tree", "-w", "--stdin", input="").strip()
        code = git(shared, "commit-tree", "-m", "code", tree).strip()
        # people's own branches: no stack can be called like the first two
        for branch in ("main", "lifeboat/Colours", "lifeboat/a/b", "aaa/refs/heads/lifeboat/none"):
            git(shared, "update-ref", f"refs/heads/{branch}", code)
        for stack in stacks:
            ledger = entries.Ledger(stack, b"stack: x\n")
            ledger.add("apply-start", summary="words")
            ledger.write(shared)
        git(name, "clone", "-q", "--single-branch", f"file://{shared}", str(work))
        yield shared, work, code


def everyones():
    """A fresh clone knows the stacks of the remote, and asks it once when it does not answer."""
    stacks = ["east", "north", "west"]
    with shared_by(*stacks) as (shared, work, code):
        must("no lock is held", run(work, "lock", "list", "--ledger", "local"))
        listed = [json.loads(line) for line in run(work, "lock", "list", "--format", "json").splitlines()]
        same([(lock["stack"], lock["held"]) for lock in listed], [(stack, True) for stack in stacks], "locks")
        git(shared, "update-ref", "refs/heads/lifeboat/notes", code)
        text = run(work, "lock", "list", code=6, err="LB-G032(.|\n)*lifeboat/notes: not an entry")
        same(re.findall(r"^Stack (.*): held$", text, re.M), stacks, "the others are listed")
        same(git(work, "for-each-ref", "--format=%(refname)", "refs/heads/lifeboat/notes"), "", "what is none of ours")
        git(shared, "update-ref", "-d", "refs/heads/lifeboat/notes")
    with shared_by(*stacks) as (shared, work, _):
        text = run(work, "history", "sync")
        same(re.findall(r"^(\w+): 0 shared with origin, 1 new from there", text, re.M), stacks, "sync")
        must("Stack north", run(work, "history"))
        git(work, "remote", "set-url", "origin", "ssh://127.0.0.1:1/none")
        for verb in (["lock", "list"], ["lock", "break", "0" * 16, "--reason", "x"], ["history", "sync"]):
            done = subprocess.run([LIFEBOAT, *verb], cwd=work, env=PLAIN, capture_output=True, text=True, timeout=60)
            same((done.returncode, done.stdout, done.stderr.count("LB-G010")), (8, "", 1), f"{verb} without the remote")
        same(len(re.findall(": held", run(work, "lock", "list", "--ledger", "local"))), 3, "locks known here")
    with shared_by() as (_, work, _):
        run(work, "history", "sync", code=1, err="LB-G034(.|\n)*nor at a remote")
        must("no lock is held", run(work, "lock", "list"))


def main():
    names = sys.argv[1:]
    tally = Tally("the ledger read back")
    cases = [("what was recorded is listed and shown", told), ("show prints the bytes that plan printed", bytes_of_every_format),
             ("two plans are compared in words", differ), ("everywhere", places), ("a newer format is refused", newer),
             ("hostile texts are inert", inert), ("a reader that leaves", stream), ("the first format is read", old_format),
             ("locks are listed and broken", locks), ("an apply whose lock was broken stops", broken_holder),
             ("who breaks it elsewhere is heard before what comes next", lambda: noticed(False)),
             ("who breaks it here is heard at once", lambda: noticed(True)),
             ("sync shares and brings", sync), ("a fresh clone knows everybody's stacks", everyones)]
    for what, act in cases:
        if not names or any(name in what for name in names):
            tally.attempt(what, act)
    if not names:
        faults(tally)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
