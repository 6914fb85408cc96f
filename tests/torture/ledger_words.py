#!/usr/bin/env python3
"""What scripts and readers from outside may expect of the ledger, sentence by sentence.

    tests/torture/ledger_words.py [WORDS...]     only cases whose name holds one of the words

json       every part of `history` and `lock` has a form for programs
entries    each holds what the trailers promise: stack, plan, spec, who, tool and outcome
names      what people call a plan or an entry
events     `apply --json` says to its end what came of it
"""
import hashlib
import json
import re
import sys
import time

from ledger_history import Fault, Recorded, git, made, must, run, same
from ground import Tally, changes

BRANCH = "refs/heads/lifeboat/search-dr"
PROMISED = ("Stack", "Plan", "Spec", "Who", "Tool", "Outcome")


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


# --- json


def compared():
    with Recorded() as r:
        r.online("plan", "--record")
        spec = (r.work / "lifeboat.yaml").read_text()
        spec = spec.replace("after: 7d", "after: 9d", 1).replace("\nbuckets:\n", "\nbuckets:\n  search-dr-more: {region: primary}\n")
        (r.work / "lifeboat.yaml").write_text(spec)
        r.online("plan", "--record")
        b, a = (e["plan"] for e in r.listed())
        [told] = lines(run(r.work, "history", "diff", a, b, "--format", "json", "--detailed-exitcode", code=2))
        same((told["differ"], told["a"]["id"], told["b"]["id"]), (True, a, b), "the two")
        if told["a"]["spec"]["sha256"] == told["b"]["spec"]["sha256"]:
            raise Fault("the specs are not told apart")
        objects = {o["address"]: o for o in told["objects"]}
        same(sorted(objects), ["bucket.search-dr-more", "bucket.search-dr-west"], "objects that differ")
        same([objects["bucket.search-dr-more"][side] for side in "ab"], [None, "create"], "an object of the second plan")
        [field] = objects["bucket.search-dr-west"]["fields"]
        same(field["path"], "lifecycle", "field")
        same([[rule.get("expire_after") for rule in field[side]["after"]["rules"]][0] for side in "ab"], ["7d", "9d"], "values")
        same([(s["only_in"], s["call"]) for s in told["steps"] if s["address"] == "bucket.search-dr-west"],
             [("a", "s3:PutBucketLifecycleConfiguration"), ("b", "s3:PutBucketLifecycleConfiguration")], "steps that differ")
        same({s["only_in"] for s in told["steps"] if s["address"] == "bucket.search-dr-more"}, {"b"}, "steps of the second plan")
        [told] = lines(run(r.work, "history", "diff", b, b, "--format", "json", "--detailed-exitcode"))
        same((told["differ"], told["objects"], told["steps"], told["findings"]), (False, [], [], []), "a plan and itself")


def verified():
    with made(3) as (bare, tip, ledger):
        [told] = lines(run(bare, "history", "verify", "--format", "json"))
        same(told, {"stack": "dr", "sound": True, "entries": 3, "plans": 0, "tip": tip, "faults": []}, "a sound ledger")
        [told] = lines(run(bare, "history", "verify", "--format", "json", "--tip", "f" * 40, code=6, err="LB-G030"))
        same((told["sound"], [f["code"] for f in told["faults"]]), (False, ["LB-G030"]), "a tip of another history")
        ledger.add("apply-end", outcome="done", change=lambda entry: entry.update(seq=9))
        tip = ledger.write(bare)
        [told] = lines(run(bare, "history", "verify", "--format", "json", code=6, err="LB-G032"))
        same((told["sound"], told["tip"], {f["code"] for f in told["faults"]}), (False, tip, {"LB-G032"}), "another number")


def synced():
    with Recorded() as r:
        r.env["LIFEBOAT_LEDGER"] = "local"
        r.online("plan", "--record")
        same(lines(run(r.work, "history", "sync", "--format", "json")),
             [{"stack": "search-dr", "remote": "origin", "entries": 1, "shared": 1, "new": 0}], "what was shared")


def broken():
    with made(1) as (bare, _, _):
        [held] = lines(run(bare, "lock", "list", "--format", "json"))
        [told] = lines(run(bare, "lock", "break", held["id"], "--reason", "it is\ndead", "--format", "json"))
        same(told, {**held, "held": False, "reason": "it is\ndead"}, "the lock that was broken")


# --- entries


def trailers(folder, commit):
    text = git(folder, "log", "-1", "--format=%(trailers:only,unfold)", commit)
    return dict(re.findall(r"^Lifeboat-(\w+): (.*)$", text, re.M))


def whole(folder):
    """Every commit of the ledger, oldest first, each with all that is promised of it."""
    told = []
    for commit in git(folder, "rev-list", "--reverse", BRANCH).split():
        said = trailers(folder, commit)
        lacks = [name for name in PROMISED if name not in said]
        if lacks:
            raise Fault(f"{said['Kind']} has no {lacks}")
        spec = git(folder, "show", f"{commit}:spec.yaml", text=False)
        same(said["Spec"], hashlib.sha256(spec).hexdigest(), f"spec of {said['Kind']}")
        entry = git(folder, "show", f"{commit}:entry.json")
        same(entry, json.dumps(json.loads(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False), "canonical JSON")
        told.append((said["Kind"], said["Outcome"], said["Spec"]))
    must("sound", run(folder, "history", "verify"))
    return told


def begun(r):
    """An apply that has made its first change."""
    before = r.sandbox.count()
    process = r.sandbox.lifeboat_start(["apply", "--auto-approve"], r.work, r.env)
    end = time.monotonic() + 60
    while not changes(r.sandbox.calls(before)) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    return process


def between():
    """Another spec is reviewed while an apply is under way: its end is of the spec that it applied."""
    with Recorded(speed=200) as r:
        spec = (r.work / "lifeboat.yaml").read_bytes()
        git(r.folder.name, "clone", "-q", str(r.shared), str(r.second))
        (r.second / "lifeboat.yaml").write_bytes(spec + b"# another\n")
        r.sandbox.control("faults", [{"service": "*", "operation": "PutBucketTagging", "region": "*", "do": "delay:4s", "count": 9}])
        process = begun(r)
        try:
            done = r.sandbox.lifeboat(["plan", "--record"], r.second, r.env)
            out, err = process.communicate(timeout=120)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if done.returncode or process.returncode:
            raise Fault(f"plan {done.returncode}, apply {process.returncode}\n{done.stderr[-600:]}{out[-300:]}{err[-600:]}")
        ours, other = (hashlib.sha256(text).hexdigest() for text in (spec, spec + b"# another\n"))
        same(whole(r.work), [("apply-start", "started", ours), ("plan", "changes", other), ("apply-end", "done", ours)], "entries")


def released():
    with Recorded() as r:
        r.online("plan", "--record")
        process = begun(r)
        process.kill()
        process.communicate()
        [held] = lines(run(r.work, "lock", "list", "--format", "json"))
        run(r.work, "lock", "break", held["id"], "--reason", "it was killed")
        told = whole(r.work)
        same([(kind, outcome) for kind, outcome, _ in told],
             [("plan", "changes"), ("apply-start", "started"), ("release", "released")], "entries")
        same(len({spec for _, _, spec in told}), 1, "specs")


def path_of_spec():
    """Wherever somebody stands, and however the file is named, it is the same file of the repository."""
    with Recorded() as r:
        below = r.work / "dr specs"
        below.mkdir()
        (below / "a.yaml").write_bytes((r.work / "lifeboat.yaml").read_bytes())
        (below / "link.yaml").symlink_to("a.yaml")
        for folder, name, path in ((r.work, "dr specs/a.yaml", "dr specs/a.yaml"), (below, "a.yaml", "dr specs/a.yaml"),
                                   (below, "../dr specs/./a.yaml", "dr specs/a.yaml"), (below, str(below / "a.yaml"), "dr specs/a.yaml"),
                                   (below, "link.yaml", "dr specs/link.yaml"), (below, "../lifeboat.yaml", "lifeboat.yaml")):
            done = r.sandbox.lifeboat(["plan", "--record", name], folder, r.env)
            same(done.returncode, 0, done.stderr[-600:])
            same(json.loads(git(r.work, "show", f"{BRANCH}:entry.json"))["spec"]["path"], path, name)
        must(r"^path +lifeboat\.yaml$", run(r.work, "show", "lifeboat/search-dr"))


def identity():
    with Recorded() as r:
        for env, by in (({"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.com", "GIT_COMMITTER_NAME": "CI",
                          "GIT_COMMITTER_EMAIL": "ci@example.com"}, "Ann <ann@example.com> CI <ci@example.com>"),
                        ({"GIT_AUTHOR_NAME": "Ev<il\n\x1b", "GIT_AUTHOR_EMAIL": "x", "GIT_COMMITTER_NAME": "", "GIT_COMMITTER_EMAIL": ""},
                         "alice <lifeboat@localhost> of the config <c@example.com>")):
            git(r.work, "config", "user.name", "of the config")
            git(r.work, "config", "user.email", "c@example.com")
            done = r.sandbox.lifeboat(["plan", "--record"], r.work, {**r.env, **env})
            same(done.returncode, 0, done.stderr[-600:])
            same(git(r.work, "log", "-1", "--format=%an <%ae> %cn <%ce>", BRANCH).strip(), by, "author and committer")


PIPELINES = (
    ({"GITHUB_ACTOR": "octo", "GITHUB_SERVER_URL": "https://git.example", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7"},
     "octo", "https://git.example/o/r/actions/runs/7"),
    ({"GITLAB_USER_LOGIN": "gil", "CI_JOB_URL": "https://oauth2:token@git.example/-/jobs/1"}, "gil", "https://git.example/-/jobs/1"),
    ({"CIRCLE_USERNAME": "cy", "CIRCLE_BUILD_URL": "https://circle.example/1"}, "cy", "https://circle.example/1"),
    ({"BUILDKITE_BUILD_CREATOR": "Bea K", "BUILDKITE_BUILD_URL": "https://kite.example/1"}, "Bea K", "https://kite.example/1"),
    ({"BUILD_REQUESTEDFOR": "Az"}, "Az", None),
    ({"GITHUB_ACTOR": "octo", "LIFEBOAT_ACTOR": "me", "BUILD_URL": "https://jenkins.example/1"}, "me", "https://jenkins.example/1"),
)


def pipelines():
    with Recorded() as r:
        for env, who, link in PIPELINES:
            done = r.sandbox.lifeboat(["plan", "--record"], r.work, {**r.env, "LIFEBOAT_ACTOR": None, **env})
            same(done.returncode, 0, done.stderr[-600:])
            said = trailers(r.work, BRANCH)
            same((said["Who"], said.get("Run")), (who, link), f"of {sorted(env)}")


def which_remote():
    """Of several remotes none of which is origin, none is guessed: its lock would keep nobody out."""
    with Recorded() as r:
        git(r.work, "remote", "rename", "origin", "up")
        r.online("plan", "--record")
        same(git(r.shared, "rev-list", "--count", BRANCH).strip(), "1", "entries of the only remote")
        git(r.work, "remote", "add", "fork", "file:///nonexistent")
        before = r.sandbox.count()
        for arguments in (("plan", "--record"), ("apply", "--auto-approve"), ("lock", "list"), ("history", "sync")):
            done = r.sandbox.lifeboat(arguments, r.work, r.env)
            same((done.returncode, "LB-G008" in done.stderr), (1, True), f"{arguments}: {done.stderr[-600:]}")
        same(changes(r.sandbox.calls(before)), [], "changes")
        same(len(r.listed()), 1, "entries that are read")
        r.env["LIFEBOAT_LEDGER_REMOTE"] = "up"
        r.online("plan", "--record")
        same(git(r.shared, "rev-list", "--count", BRANCH).strip(), "2", "entries of the remote that is named")


# --- names


def names_of():
    with Recorded() as r:
        r.online("plan", "--record")
        r.online("plan", "--record")
        newest, oldest = r.listed()
        git(r.work, "fetch", "-q", "origin")
        text = run(r.work, "show", oldest["commit"])
        for name in (oldest["commit"][:7], oldest["commit"][:12].upper(), "lifeboat/search-dr~1", "origin/lifeboat/search-dr^",
                     "refs/heads/lifeboat/search-dr~1"):
            same(run(r.work, "show", name), text, name)
        same(run(r.work, "show", newest["plan"][:7]), run(r.work, "show", newest["plan"]), "7 digits of a plan")
        for address, count in (("domain.search", 2), ("domain.search@primary", 2), ("domain.sear", 0), ("domain.search@", 0)):
            same(len(r.listed("--object", address)), count, f"--object {address}")
        must("^They are the same", run(r.work, "history", "diff", "lifeboat/search-dr~1", newest["plan"][:7]))
        for name, code in (("lifeboat/other", "LB-G034"), ("lifeboat/search-dr~9", "LB-G034"), ("lifeboat/plan.json", "LB-U004"),
                           ("HEAD", "LB-U004"), ("123456", "LB-U004"), ("1234567", "LB-G034")):
            run(r.work, "show", name, code=1, err=code)


# --- events


def events_of(done):
    """The events of `apply --json`: a version first, a summary last, which says the exit code."""
    told = lines(done.stdout)
    same((told[0]["type"], told[-1]["type"]), ("version", "summary"), "first and last line")
    same([event["type"] for event in told].count("summary"), 1, "summaries")
    same(told[-1]["exit"], done.returncode, "exit code of the summary")
    return told


def locked():
    with Recorded(speed=200) as r:
        r.sandbox.control("faults", [{"service": "*", "operation": "PutBucketTagging", "region": "*", "do": "delay:5s", "count": 9}])
        process = r.sandbox.lifeboat_start(["apply", "--auto-approve", "--json"], r.work, {**r.env, "LIFEBOAT_ACTOR": "carol"})
        try:
            end = time.monotonic() + 60
            while not (held := lines(run(r.work, "lock", "list", "--format", "json"))) or not held[0]["held"]:
                if process.poll() is not None or time.monotonic() > end:
                    raise Fault(f"no lock was taken: {process.poll()}")
                time.sleep(0.05)
            second = r.sandbox.lifeboat(["apply", "--auto-approve", "--json"], r.work, r.env)
            same(second.returncode, 7, second.stderr[-600:])
            [said] = [event for event in events_of(second) if event["type"] == "diagnostic"]
            same(said["diagnostic"]["code"], "LB-G020", "diagnostic")
            must(f"lock {held[0]['id']}: carol on ", said["message"])
            run(r.work, "lock", "break", held[0]["id"], "--reason", "a test")
            process.stdout, process.stderr = process.communicate(timeout=120)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        same(process.returncode, 7, process.stderr[-600:])
        codes = {event["diagnostic"]["code"] for event in events_of(process) if event["type"] == "diagnostic"}
        same("LB-G021" in codes and "LB-G022" not in codes, True, f"what is said of a broken lock: {codes}")


def stale():
    with Recorded() as r:
        plan = re.search(r"^Plan id (\w{64})$", r.online("plan", "--record"), re.M)[1]
        (r.work / "lifeboat.yaml").write_text((r.work / "lifeboat.yaml").read_text() + "# more\n")
        done = r.sandbox.lifeboat(["apply", "--json", "--plan", plan], r.work, r.env)
        same(done.returncode, 4, done.stderr[-600:])
        told = [event["message"] for event in events_of(done) if event["type"] == "difference"]
        must(r"^the spec \(SHA-256\) was \w{64}, is now \w{64}$", told[0])
        for line in told:
            must("^" + re.escape(line) + "$", done.stderr)


def main():
    names = sys.argv[1:]
    tally = Tally("the ledger from outside")
    cases = [("json: history diff", compared), ("json: history verify", verified), ("json: history sync", synced),
             ("json: lock break", broken), ("entries: another spec is recorded while one is applied", between),
             ("entries: of a lock that is released", released), ("entries: the path of the spec", path_of_spec),
             ("entries: author and committer", identity), ("entries: who did it, and where, of each pipeline", pipelines), ("entries: of several remotes one is named", which_remote), ("names: of plans and entries", names_of),
             ("events: the lock is held, and broken", locked), ("events: the plan is stale", stale)]
    tally.all([case for case in cases if not names or any(name in case[0] for name in names)])
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
