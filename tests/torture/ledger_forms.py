#!/usr/bin/env python3
"""The ledger through the program itself, in every form that a repository takes.

    tests/torture/ledger_forms.py [WORDS...]     only cases whose name holds one of the words

untouched  plan --record and apply leave index, work tree, HEAD, config, hooks, FETCH_HEAD, every other
           ref and .git/shallow as they were, to the byte
refused    where no ledger can be kept there is one error, and nothing is sent to AWS
locks      who waits, who is turned away, and what frees the lock of an apply that died
The spec is one role and one bucket, so that a run takes a moment.
"""
import contextlib
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import git_servers  # noqa: E402
from ground import SEEDS, Fault, Tally, changes  # noqa: E402
from sandbox import Sandbox  # noqa: E402

STACK = "forms-dr"
SPEC = f"""lifeboat: 1
stack: {STACK}
account: "111122223333"
regions: {{primary: us-east-1, secondary: us-west-2}}
active: primary
roles:
  operator: {{purpose: caller, trusted_by: ["arn:aws:iam::111122223333:role/ci"]}}
buckets:
  {STACK}-west: {{region: secondary}}
"""
STEPS = 8  # calls that change something, of an apply from nothing
ROOT_USER = os.geteuid() == 0
# What a ledger is made of.
OURS = re.compile(r"^(objects|lifeboat|refs/lifeboat|logs/refs/lifeboat)/|^(logs/)?refs/heads/lifeboat/")
WORK = re.compile(r"^(inner/)?\.git/")  # looked at by itself
HOOKS = ("pre-push", "reference-transaction", "post-commit", "pre-commit", "post-checkout", "commit-msg",
         "pre-auto-gc", "post-update", "update", "pre-receive")


def git(folder, *arguments, env=None):
    plain = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1",
             "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.com", "GIT_COMMITTER_NAME": "t",
             "GIT_COMMITTER_EMAIL": "t@example.com", "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(["git", "-c", "protocol.file.allow=always", "-C", str(folder), *map(str, arguments)],
                          capture_output=True, text=True, env={**plain, **(env or {})}, check=False)
    if done.returncode:
        raise Fault(f"git {' '.join(map(str, arguments))}: {done.stderr[-600:]}")
    return done.stdout


def must(pattern, text):
    if not re.search(pattern, text, re.M):
        raise Fault(f"{pattern!r} is not in\n{text[-1800:]}")


def same(a, b, what):
    if a != b:
        raise Fault(f"{what}: {str(a)[:600]!r} is not {str(b)[:600]!r}")


def files_of(top, skip=None):
    """Path -> mode and content of each file below `top`."""
    found = {}
    for folder, _, names in os.walk(top):
        for name in names:
            path = pathlib.Path(folder, name)
            relative = str(path.relative_to(top))
            if skip and skip.search(relative):
                continue
            mode = path.lstat().st_mode
            content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
            found[relative] = (oct(mode), hashlib.sha256(content).hexdigest())
    return found


def differing(before, after):
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


class Place:
    """A shared repository with the spec in it, a sandbox, and a folder for clones. Use with `with`."""

    def __init__(self, remote=True):
        self.folder = tempfile.TemporaryDirectory(prefix="lifeboat-forms-")
        self.top = pathlib.Path(self.folder.name)
        self.home = self.top / "home"  # no user.name in it
        self.home.mkdir()
        self.shared, self.work = self.top / "shared.git", self.top / "work"
        git(self.top, "init", "-q", "--bare", "-b", "main", self.shared)
        if remote:
            git(self.top, "clone", "-q", self.shared, self.work)
        else:
            git(self.top, "init", "-q", "-b", "main", self.work)
        for i in range(2):  # so that a clone of depth 1 has a boundary
            (self.work / "lifeboat.yaml").write_text(SPEC + f"# {i}\n")
            git(self.work, "add", ".")
            git(self.work, "commit", "-qm", f"spec {i}")
        if remote:
            git(self.work, "push", "-q", "origin", "HEAD:main")
        self.sandbox = Sandbox(2000)
        self.sandbox.client.play(SEEDS["ci"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sandbox.stop()
        self.folder.cleanup()

    def clone(self, name, *options):
        git(self.top, "clone", "-q", *options, f"file://{self.shared}", name)
        return self.top / name

    def env(self, env=None):
        return {"LIFEBOAT_LEDGER": "auto", "LIFEBOAT_ACTOR": "alice", "HOME": self.home,
                "GIT_CONFIG_NOSYSTEM": "1", "LIFEBOAT_RUN_URL": "https://ci.example/run/7", **(env or {})}

    def run(self, folder, *arguments, code=0, env=None, stdin=None, err=None, prefix=(), preexec=None):
        done = subprocess.run([*prefix, self.sandbox.program, *map(str, arguments)], cwd=folder, text=True,
                              env=self.sandbox.environment(self.env(env)), input=stdin or "",
                              capture_output=True, timeout=120, preexec_fn=preexec, check=False)
        if done.returncode != code:
            raise Fault(f"{' '.join(map(str, arguments))}: exit {done.returncode}, not {code}\n"
                        f"{done.stdout[-300:]}{done.stderr[-1500:]}")
        if err:
            must(err, done.stderr)
        return done

    def start(self, folder, *arguments, env=None):
        return self.sandbox.lifeboat_start(list(arguments), folder, self.env(env))

    def slow(self, **operations):
        self.sandbox.control("faults", [{"service": "*", "operation": name, "region": "*", "do": f"delay:{duration}",
                                         "count": 1000} for name, duration in operations.items()])

    def fast(self):
        self.sandbox.control("faults", method="DELETE")

    def changed(self):
        return len(changes(self.sandbox.calls()))

    def events(self, folder):
        text = self.run(folder, "history", "--stack", STACK, "--format", "json").stdout
        return [json.loads(line)["event"] for line in text.splitlines()][::-1]

    def lock(self, folder, *options):
        return json.loads(self.run(folder, "lock", "list", "--stack", STACK, "--format", "json", *options).stdout)

    def converged(self, folder):
        must("No changes. Live matches the spec.", self.run(folder, "plan").stdout)
        must("sound", self.run(folder, "history", "verify").stdout)


@contextlib.contextmanager
def under_way(place, folder, seconds):
    """An apply that has made role and bucket, and is busy with the bucket's tags for so long."""
    place.slow(PutBucketTagging=f"{seconds}s")
    process = place.start(folder, "apply", "--auto-approve")
    try:
        end = time.monotonic() + 30
        while place.changed() < 3:  # the first is that of the seed
            if process.poll() is not None or time.monotonic() > end:
                raise Fault(f"the apply did not get so far: {process.poll()}\n{process.stderr.read()[-900:]}")
            time.sleep(0.02)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


# --- untouched


def untouched(make, remote=True):
    """`make(place)` gives the folder to be in, the arguments, standard input, and what must stay:
    pairs of a folder and whether it is a git folder."""
    def act():
        with Place(remote) as place:
            folder, arguments, stdin, kept = make(place)
            other = place.clone("other") if remote else None
            skips = [(top, OURS if is_git else WORK) for top, is_git in kept]
            for what in (("plan", "--record"), ("apply", "--auto-approve")):
                if remote:  # there is news to fetch
                    place.run(other, "plan", "--record")
                before = [files_of(top, skip) for top, skip in skips]
                place.run(folder, *what, *arguments, stdin=stdin)
                for (top, skip), was in zip(skips, before):
                    changed = differing(was, files_of(top, skip))
                    if changed or not was:
                        raise Fault(f"{' '.join(what)} changed in {top.name}: {changed}, of {len(was)} files")
            folder = kept[0][0]
            same(place.events(folder), ["plan"] * (3 if remote else 1) + ["apply-start", "apply-end"], "events")
            must("sound", place.run(folder, "history", "verify").stdout)
            if remote:
                refs = git(place.shared, "for-each-ref", "--format=%(refname)").split()
                same(refs, [f"refs/heads/lifeboat/{STACK}", "refs/heads/main"], "refs of the remote")
            if (place.top / "hook-ran").exists():
                raise Fault(f"hooks ran: {(place.top / 'hook-ran').read_text()}")
    return act


def plain(work, *arguments, stdin=None, folder=None):
    return folder or work, arguments, stdin, [(work, False), (work / ".git", True)]


def worktree(place):
    tree = place.top / "tree"
    git(place.work, "worktree", "add", "-q", "-b", "side", tree)
    return tree, (), None, [(tree, False), (place.work, False), (place.work / ".git", True)]


def shallow(place):
    clone = place.clone("shallow", "--depth", "1")
    if not (clone / ".git" / "shallow").exists():
        raise Fault("the clone is not shallow")
    return plain(clone)


def detached(place):
    git(place.work, "checkout", "-q", "--detach")
    return plain(place.work)


def bare_inside(place):
    bare = place.clone("bare.git", "--bare")
    (bare / "lifeboat.yaml").write_text(SPEC)
    return place.top, ("bare.git/lifeboat.yaml",), None, [(bare, True)]


def bare_standard_input(place):
    bare = place.clone("bare.git", "--bare")
    return bare, ("-",), SPEC, [(bare, True)]


def submodule(place):
    outer = place.top / "outer"
    git(place.top, "init", "-q", outer)
    git(outer, "submodule", "--quiet", "add", f"file://{place.shared}", "inner")
    git(outer, "commit", "-qm", "inner")
    return outer / "inner", (), None, [(outer / "inner", False), (outer, False), (outer / ".git" / "modules" / "inner", True)]


def hooks(place):
    configured = place.top / "hooks"
    configured.mkdir()
    for folder in (place.work / ".git" / "hooks", configured):
        for name in HOOKS:
            (folder / name).write_text(f"#!/bin/sh\necho {name} >>'{place.top}/hook-ran'\nexit 1\n")
            (folder / name).chmod(0o755)
    return plain(place.work)


def configured_hooks(place):
    made = hooks(place)
    git(place.work, "config", "core.hooksPath", place.top / "hooks")
    return made


def packed(place):
    for name in ("one", "two/three"):
        git(place.work, "branch", name)
        git(place.work, "tag", f"v-{name}")
    git(place.work, "pack-refs", "--all")
    git(place.work, "gc", "-q")
    return plain(place.work)


def subfolder(place):
    below = place.work / "a" / "b"
    below.mkdir(parents=True)
    (below / "dr.yaml").write_text(SPEC)
    return plain(place.work, "b/dr.yaml", folder=place.work / "a")


def dirty(place):
    (place.work / "lifeboat.yaml").write_text(SPEC + "# staged\n")
    (place.work / "new").write_text("new\n")
    git(place.work, "add", ".")
    (place.work / "lifeboat.yaml").write_text(SPEC + "# not staged\n")
    (place.work / "other").write_text("not tracked\n")
    (place.work / ".gitignore").write_text("other\n")
    return plain(place.work)


def fetched(place):
    git(place.work, "fetch", "-q", "origin")
    (place.work / ".git" / "FETCH_HEAD").write_text("what somebody fetched\n")
    return plain(place.work)


FORMS = [("a clone", lambda place: plain(place.work)), ("a clone with FETCH_HEAD", fetched), ("a worktree", worktree),
         ("a clone of depth 1", shallow), ("a detached HEAD", detached), ("a bare repository", bare_inside),
         ("a bare repository, spec from standard input", bare_standard_input),
         ("a submodule", submodule), ("hooks that fail", hooks), ("hooks elsewhere", configured_hooks),
         ("packed refs", packed), ("a spec in a subfolder", subfolder), ("staged changes", dirty)]


# --- refused


def refused(place, code, pattern, **options):
    """apply and plan --record end with one error, and nothing is changed."""
    folder = options.pop("folder", place.work)
    for what in (("plan", "--record"), ("apply", "--auto-approve")):
        done = place.run(folder, *what, code=code, **options)
        must(pattern, done.stderr)
        must(r"^ +(= )?try: ", done.stderr)
        same(len(re.findall(r"^error\[", done.stderr, re.M)), 1, f"errors of {what[0]}\n{done.stderr[-1500:]}")
    same(place.changed(), 1, "calls that change something")  # that of the seed


def sha256():
    with Place(remote=False) as place:
        shutil.rmtree(place.work / ".git")
        git(place.work, "init", "-q", "--object-format=sha256")
        refused(place, 1, rf"^error\[LB-G002\].*{place.work}.*SHA-256")


def foreign():
    with Place() as place:
        for path in [place.work, *place.work.rglob("*")]:
            os.chown(path, 12345, 12345, follow_symlinks=False)
        refused(place, 1, rf"^error\[LB-G003\].*: {place.work}$")
        place.run(place.work, "apply", "--auto-approve", "--ledger", "none")


def mounted(script, *arguments):
    return ("unshare", *(() if ROOT_USER else ("-r",)), "-m", "sh", "-c", script + '\nexec "$@"', "sh", *map(str, arguments))


def can_mount():
    done = subprocess.run(["unshare", *(() if ROOT_USER else ("-r",)), "-m", "mount", "-t", "tmpfs", "t", "/tmp"],
                          capture_output=True, check=False) if shutil.which("unshare") else None
    return done is not None and done.returncode == 0


def read_only():
    with Place() as place:
        path = place.work
        refused(place, 1, r"^error\[LB-G005\].*[Rr]ead-only",
                prefix=mounted(f"mount --bind '{path}' '{path}' && mount -o remount,ro,bind '{path}' && cd '{path}' || exit 99"))


def no_permission():
    with Place() as place:
        git_folder = place.work / ".git"
        for path in (git_folder, *(p for p in git_folder.rglob("*") if p.is_dir())):
            path.chmod(0o555)
        # root without the right to pass over permissions
        prefix = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if ROOT_USER else ()
        refused(place, 1, r"^error\[LB-G005\].*[Pp]ermission denied", prefix=prefix)
        for path in (git_folder, *(p for p in git_folder.rglob("*") if p.is_dir())):
            path.chmod(0o755)


def no_git():
    with Place() as place:
        refused(place, 1, r"^error\[LB-G013\]", env={"PATH": str(place.top)})
        done = place.run(place.work, "apply", "--auto-approve", "--ledger", "local", env={"PATH": str(place.top)})
        must("LB-G036", done.stderr)


def no_file_grows():
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with Place() as place:
        refused(place, 1, r"^error\[LB-G005\]", preexec=limit)


def full_disk():
    with Place() as place:
        disk = place.top / "disk"
        disk.mkdir()
        fill = (f"mount -t tmpfs -o size=2m t '{disk}' && cp -a '{place.work}/.' '{disk}' && cd '{disk}' || exit 99\n"
                "cat /dev/zero >fill 2>/dev/null")
        refused(place, 1, r"^error\[LB-G005\].*([Nn]o space|space)", prefix=mounted(fill))


DAMAGES = {
    "HEAD is empty": lambda git_folder: (git_folder / "HEAD").write_text(""),
    "HEAD is gone": lambda git_folder: (git_folder / "HEAD").unlink(),
    "config is garbage": lambda git_folder: (git_folder / "config").write_text("[core\nbare = \x00"),
    "objects are gone": lambda git_folder: shutil.rmtree(git_folder / "objects"),
    ".git points nowhere": lambda git_folder: (shutil.rmtree(git_folder), git_folder.write_text("gitdir: /nonexistent/x\n")),
    "the branch is garbage": lambda git_folder: spoil_branch(git_folder, "garbage\n"),
    "the branch's commit is gone": lambda git_folder: spoil_branch(git_folder, "1" * 40 + "\n"),
}


def spoil_branch(git_folder, text):
    path = git_folder / "refs" / "heads" / "lifeboat" / STACK
    path.parent.mkdir(parents=True)
    path.write_text(text)


def damaged(name):
    def act():
        with Place(remote=False) as place:
            DAMAGES[name](place.work / ".git")
            refused(place, 1, r"^error\[LB-G004\]")
            place.run(place.work, "apply", "--auto-approve", "--ledger", "none")
    return act


def no_repository():
    with Place(remote=False) as place:
        shutil.rmtree(place.work / ".git")
        place.run(place.work, "apply", "--auto-approve", err=r"^info\[LB-G001\]")
        must("No changes", place.run(place.work, "plan").stdout)
        place.run(place.work, "plan", "--record", code=64, err="LB-U008")


def none():
    with Place() as place:
        before = files_of(place.top)
        done = place.run(place.work, "apply", "--auto-approve", "--ledger", "none")
        same(differing(before, files_of(place.top)), [], "files that changed")
        if "LB-G" in done.stderr:
            raise Fault(f"--ledger none speaks of the ledger:\n{done.stderr[-600:]}")


# --- locks

HOLDER = (r"^error\[LB-G020\]: .*lock [0-9a-f]{16}: alice on \S+ since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, "
          r"expected until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, https://ci\.example/run/7$")


def turned_away():
    with Place() as place:
        other = place.clone("other")
        with under_way(place, place.work, 3) as process:
            place.run(place.work, "apply", "--auto-approve", code=7, err=HOLDER)
            place.run(other, "apply", "--auto-approve", code=7, err=HOLDER, env={"LIFEBOAT_ACTOR": "bob"})
            waiting = place.start(other, "apply", "--auto-approve", "--lock-timeout", "60s", env={"LIFEBOAT_ACTOR": "bob"})
            same(process.wait(60), 0, "exit of the holder")
            out, err = waiting.communicate(timeout=60)
            same(waiting.returncode, 0, f"exit of who waited\n{err[-900:]}")
            must("Waiting for the lock, held by alice since", err)
            must("No changes", out)
        same(place.changed(), STEPS + 1, "changes")
        same(place.events(other), ["apply-start", "apply-end"], "events")


def killed_here():
    with Place() as place:
        with under_way(place, place.work, 9) as process:
            process.kill()
            process.wait()
        place.fast()
        place.run(place.work, "apply", "--auto-approve", err=r"^info\[LB-G023\]")
        place.converged(place.work)
        same(place.events(place.work), ["apply-start", "release", "apply-start", "apply-end"], "events")


def killed_elsewhere():
    with Place() as place:
        other = place.clone("other")
        with under_way(place, place.work, 9) as process:
            process.kill()
            process.wait()
        place.fast()
        place.run(other, "apply", "--auto-approve", code=7, err=HOLDER)
        lock = place.lock(other)
        place.run(other, "lock", "break", lock["id"], "--reason", "x")
        place.run(other, "apply", "--auto-approve")
        place.converged(other)
        place.run(place.work, "apply", "--auto-approve")  # where it was killed it is no lock any more
        same(place.events(other), ["apply-start", "release", "apply-start", "apply-end"], "events")


def unreachable():
    with Place() as place:
        git(place.work, "remote", "set-url", "origin", f"git://127.0.0.1:{git_servers.free_port()}/x")
        refused(place, 8, r"^error\[LB-G010\](.|\n)*try: .*--ledger local")
        done = place.run(place.work, "apply", "--auto-approve", "--ledger", "local", err=r"^warning\[LB-G036\]")
        same(done.stderr.count("LB-G036"), 1, "times it is said")
        git(place.work, "remote", "set-url", "origin", place.shared)
        must("[1-9] shared with origin", place.run(place.work, "history", "sync").stdout)
        same(place.events(place.shared), place.events(place.work), "events at the remote")
        same(place.events(place.shared)[-2:], ["apply-start", "apply-end"], "events")
        same(place.lock(place.work)["held"], False, "held")
        place.converged(place.work)


def interrupted():
    with Place() as place:
        other = place.clone("other")
        with under_way(place, place.work, 1) as process:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        same(process.returncode, 130, "exit")
        place.fast()
        same(place.lock(other)["held"], False, "held")
        place.run(other, "apply", "--auto-approve")
        place.converged(other)
        same(place.events(other), ["apply-start", "apply-end"] * 2, "events")


@contextlib.contextmanager
def cut_off(place):
    """An apply whose remote goes away under it; what it said."""
    with git_servers.Daemon(place.top) as daemon:
        git(place.work, "remote", "set-url", "origin", daemon.url("shared.git"))
        with under_way(place, place.work, 1) as process:
            daemon.process.kill()
            daemon.process.wait()
            out, err = process.communicate(timeout=60)
    if not process.returncode:
        raise Fault(f"exit 0\n{out[-300:]}{err[-900:]}")
    must(r"^error\[LB-G038\]: .*lock [0-9a-f]{16}", err)
    must(f"Apply: {STEPS} done, 0 failed", out)
    same(place.lock(place.shared)["held"], True, "held at the remote")
    git(place.work, "remote", "set-url", "origin", place.shared)
    yield f"exit {process.returncode}"


def dies_under_way():
    with Place() as place, cut_off(place) as said:
        must("1 shared with origin", place.run(place.work, "history", "sync").stdout)
        same(place.lock(place.clone("other"))["held"], False, "held")
        same(place.events(place.shared), ["apply-start", "apply-end"], "events")
        place.fast()
        place.converged(place.work)
        return said


def shared_by_the_next():
    """Nobody need think of `history sync`: the next apply does it first."""
    with Place() as place, cut_off(place):
        place.fast()
        must(r"^Shared what was kept here: 1 entry\.$", place.run(place.work, "apply", "--auto-approve").stderr)
        same(place.events(place.shared), ["apply-start", "apply-end"], "events")


def broken_before_sync():
    """An end that is shared late leaves the lock alone that another apply has taken since."""
    with Place() as place, cut_off(place):
        other = place.clone("other")
        place.run(other, "lock", "break", place.lock(other)["id"], "--reason", "x")
        (other / "lifeboat.yaml").write_text(SPEC + f"  {STACK}-east: {{region: primary}}\n")
        place.slow(PutBucketTagging="3s")
        before = place.changed()
        process = place.start(other, "apply", "--auto-approve", env={"LIFEBOAT_ACTOR": "bob"})
        try:
            while place.changed() == before and process.poll() is None:
                time.sleep(0.02)
            must("1 shared with origin", place.run(place.work, "history", "sync").stdout)
            lock = place.lock(place.shared)
            same((lock["held"], lock.get("who")), (True, "bob"), "the lock")
            out, err = process.communicate(timeout=60)
            same(process.returncode, 0, f"exit of the other\n{out[-300:]}{err[-900:]}")
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        same(place.lock(place.work)["held"], False, "held")
        same(place.events(place.shared), ["apply-start", "release", "apply-start", "apply-end", "apply-end"], "events")
        must("sound", place.run(place.shared, "history", "verify").stdout)


def at_once(options, codes, here=False):
    """Both have planned when the first takes the lock: reading takes long."""
    def act():
        with Place() as place:
            other = place.work if here else place.clone("other")
            place.slow(GetRole="1s", PutBucketTagging="2s")
            both = [place.start(folder, "apply", "--auto-approve", *options) for folder in (place.work, other)]
            said = [process.communicate(timeout=100) for process in both]
            text = "\n".join(err[-900:] for _, err in said)
            same(sorted(process.returncode for process in both), codes, f"exits\n{text}")
            same(place.changed(), STEPS + 1, "changes")
            same(place.events(place.shared), ["apply-start", "apply-end"], "events")
            same(sum(f"Apply: {STEPS} done" in out for out, _ in said), 1, "applies that ran")
            for out, err in said:
                if "Apply:" not in out and 7 in codes:
                    must(r"^error\[LB-G020\]", err)
            place.fast()
            place.converged(place.work)
    return act


def main():
    names = sys.argv[1:]
    tally = Tally("the ledger in every form of repository")
    cases = [(f"untouched: {name}", untouched(make)) for name, make in FORMS]
    cases += [("untouched: a spec from standard input",
               untouched(lambda place: plain(place.work, "-", stdin=SPEC))),
              ("untouched: a repository without a remote",
               untouched(lambda place: plain(place.work), remote=False)),
              ("refused: a repository with SHA-256", sha256),
              ("refused: no git program", no_git), ("refused: no file can grow", no_file_grows)]
    cases += [(f"refused: damaged, {name}", damaged(name)) for name in DAMAGES]
    if not ROOT_USER or shutil.which("setpriv"):
        cases.append(("refused: permissions", no_permission))
    else:
        print("not run: permissions: root has all of them here")
    if ROOT_USER:
        cases.append(("refused: somebody else's checkout", foreign))
    else:
        print("not run: somebody else's checkout: only root can give one away")
    if can_mount():
        cases += [("refused: read-only file system", read_only), ("refused: a full disk", full_disk)]
    else:
        print("not run: read-only file system, a full disk: nothing can be mounted here")
    cases += [("without a repository", no_repository), ("--ledger none", none),
              ("lock: held by another", turned_away), ("lock: killed in this checkout", killed_here),
              ("lock: killed in another clone", killed_elsewhere), ("lock: the remote is unreachable", unreachable),
              ("lock: interrupted", interrupted), ("lock: the remote dies under way", dies_under_way),
              ("lock: its end is shared by the next apply", shared_by_the_next),
              ("lock: broken before its end was shared", broken_before_sync),
              ("lock: two at once", at_once((), [0, 7])),
              ("lock: two at once in one checkout", at_once((), [0, 7], here=True)),
              ("lock: two at once that wait", at_once(("--lock-timeout", "60s"), [0, 0])),
              ("lock: two at once that wait in one checkout", at_once(("--lock-timeout", "60s"), [0, 0], here=True))]
    tally.all([case for case in cases if not names or any(name in case[0] for name in names)])
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
