#!/usr/bin/env python3
"""Only what was reviewed is applied, however the plan, the spec or the world was changed since.

    tests/torture/reviewed.py [GROUP...]      LB_LONG=1 every value of a plan file

by_id    `apply --plan ID` of a recorded plan: goes on where nothing moved but what was planned
drift    what others did since is told by object and field, with exit 4
edited   a plan file with one value changed, for each kind of value that it has
forged   a document that somebody put into the ledger's branch
pointed  a plan file that names somebody's private file as its spec: nothing of it is shown
In every run each change that reaches the sandbox is a step of the honest plan, once.
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import entries  # noqa: E402
import promises  # noqa: E402
from ground import LONG, Fault, Tally, changes  # noqa: E402
from ledger_history import PLAIN, Recorded, git, must, run  # noqa: E402

SPEC = """lifeboat: 1
stack: small
account: "111122223333"
regions: {primary: us-east-1, secondary: us-west-2}
active: primary
roles:
  reader: {purpose: caller, trusted_by: ["111122223333"], description: ours, max_session: 1h, tags: {team: search}}
buckets:
  logs-east-1:
    region: primary
    tags: {team: search}
    versioning: {keep_noncurrent: 30d}
    auto_purge: {prefix: a/, after: 7d}
"""
BRANCH = "refs/heads/lifeboat/small"
# a step on each object, so that the plan rests on all that is live of both
WANTED = SPEC.replace("after: 7d", "after: 9d").replace("max_session: 1h", "max_session: 2h")
# made by others after the plan: what the difference must say, in this order
DRIFTS = {
    "a tag of the bucket": ("tags: {team: search}\n", "tags: {team: other}\n", r"bucket\.logs-east-1.*tags"),
    "the rule that is to be changed": ("after: 7d", "after: 8d", r"bucket\.logs-east-1.*lifecycle"),
    "another rule of it": ("keep_noncurrent: 30d", "keep_noncurrent: 40d", r"bucket\.logs-east-1.*lifecycle"),
    "the role's description": ("ours", "theirs", r"role\.reader.*description"),
    "the role's session": ("max_session: 1h", "max_session: 3h", r"role\.reader.*max_session"),
    "the role's trust": ('trusted_by: ["111122223333"]', 'trusted_by: ["111122223333", "444455556666"]',
                         r"role\.reader.*trust"),
    "a tag of the role": ("tags: {team: search}}", "tags: {team: other}}", r"role\.reader.*tags"),
}


class Small(Recorded):
    """A clone with the small spec, and all that its runs sent; use with `with`."""

    def __init__(self, spec=SPEC, made=SPEC):
        super().__init__()
        self.write(spec)
        git(self.work, "add", ".")
        git(self.work, "commit", "-qm", "small")
        git(self.work, "push", "-q", "origin", "HEAD")
        if made:
            self.by_hand(made)

    def write(self, spec, name="lifeboat.yaml"):
        (self.work / name).write_text(spec)

    def by_hand(self, spec):
        """Somebody makes live what the spec says, without the ledger."""
        self.write(spec, "hand.yaml")
        self.run("apply", "--auto-approve", "--ledger", "none", "hand.yaml")
        (self.work / "hand.yaml").unlink()

    def run(self, *arguments, codes=(0,), folder=None, env=None):
        """The result; what it sent is in .calls."""
        before = self.sandbox.count()
        done = self.sandbox.lifeboat(arguments, folder or self.work, {**self.env, **(env or {})})
        done.calls = self.sandbox.calls(before)
        faults = promises.broken(arguments[0], done.calls, [self.sandbox.env["AWS_SECRET_ACCESS_KEY"]],
                                 {"standard output": done.stdout, "standard error": done.stderr})
        if done.returncode not in codes:
            faults.append(f"exit {done.returncode}, not {codes}\n{done.stdout[-900:]}{done.stderr[-1500:]}")
        if faults:
            raise Fault(f"{' '.join(arguments)}: " + "\n".join(faults))
        return done

    def recorded(self):
        """Records a plan; its document."""
        plan = re.search(r"^Plan id (\w{64})$", self.run("plan", "--record").stdout, re.M)[1]
        return json.loads(run(self.work, "show", plan, "--format", "json"))

    def refused(self, *arguments, codes=(4,), words="", folder=None):
        """Applies: nothing is changed, and the words say why."""
        done = self.run("apply", *arguments, codes=codes, folder=folder)
        if changes(done.calls):
            raise Fault(f"it changed {[call['operation'] for call in changes(done.calls)]}")
        if not re.search(words, done.stderr, re.S):
            raise Fault(f"{words!r} is not in\n{done.stderr[-1500:]}")
        return done

    def goes_on(self, plan, *arguments, folder=None, steps=None):
        """Applies: what is sent are the steps of the plan, and live is the spec then."""
        done = self.run("apply", *arguments, folder=folder)
        within(plan, done.calls)
        if len(changes(done.calls)) != (len(plan["steps"]) if steps is None else steps):
            raise Fault(f"{len(changes(done.calls))} changes of {len(plan['steps'])} steps")
        self.run("plan", "--detailed-exitcode", "--ledger", "none", folder=folder)


def within(plan, calls):
    """P2, with how often: no step of the plan is sent twice, and nothing else is."""
    faults = promises.beyond_plan(plan, calls)
    sent = collections.Counter(f"{call['service']}:{call['operation']}" for call in changes(calls))
    more = sent - collections.Counter(step["call"] for step in plan["steps"])
    if faults or more:
        raise Fault("; ".join(faults) + f" beyond the plan: {dict(more)}")


# --- by id


def by_id(tally):
    def goes(begin):
        def act():
            with Small(WANTED) as small:
                plan = small.recorded()
                small.goes_on(plan, "--plan", plan["id"][:begin])
        return act

    def partly():
        with Small(WANTED) as small:
            plan = small.recorded()
            small.by_hand(SPEC.replace("after: 7d", "after: 9d"))
            small.goes_on(plan, "--plan", plan["id"], steps=1)

    def wholly():
        with Small(WANTED) as small:
            plan = small.recorded()
            small.by_hand(WANTED)
            small.goes_on(plan, "--plan", plan["id"], steps=0)

    def elsewhere():
        with Small(WANTED) as small:
            plan = small.recorded()
            git(small.folder.name, "clone", "-q", str(small.shared), str(small.second))
            small.goes_on(plan, "--plan", plan["id"][:8], folder=small.second)
            events = [entry["event"] for entry in small.listed(folder=small.second)]
            if events != ["apply-end", "apply-start", "plan"]:
                raise Fault(f"it holds {events}")

    def other_spec(spec, words):
        def act():
            with Small(WANTED) as small:
                plan = small.recorded()
                small.write(spec)
                small.refused("--plan", plan["id"], words=words)
                small.refused("--plan", plan["id"][:8], words=words)
        return act

    def other_file():
        with Small(WANTED) as small:
            plan = small.recorded()
            small.write(WANTED.replace("active: primary\n", "active:   primary\n"), "other.yaml")
            small.refused("--plan", plan["id"], "other.yaml", words=r"the spec \(SHA-256\) was.*LB-P020")

    def incomplete():
        """Its steps are those of the whole plan, but who approved it could not know that."""
        with Small(SPEC.replace("max_session: 1h", "max_session: 2h")) as small:
            deny = [{"service": "s3", "operation": "GetBucketVersioning", "region": "*", "do": "deny", "count": 100}]
            small.sandbox.control("faults", deny)
            plan = re.search(r"^Plan id (\w{64})$", small.run("plan", "--record", "--out", "plan.json", codes=(9,)).stdout, re.M)[1]
            small.refused("--plan", plan, codes=(9,), words="LB-P026")
            small.sandbox.control("faults", method="DELETE")
            for arguments in (("--plan", plan), ("plan.json",)):
                small.refused(*arguments, words="not everything could be read when the approved plan was made.*LB-P020")

    def nowhere():
        with Small(WANTED) as small:
            plan = small.recorded()
            for name in ("0" * 64, "0" * 8, plan["id"][:63] + "0123456789abcdef"[plan["id"][63] == "0"], plan["id"] + "0", "x"):
                small.refused("--plan", name, words="LB-P027")

    def ambiguous():
        with Small(WANTED) as small:
            plan = small.recorded()
            forge(small, plan, plan["id"][:8] + "0" * 56)
            small.refused("--plan", plan["id"][:8], codes=(1,), words="LB-G035")

    def old():
        with Small(WANTED) as small:
            plan = small.recorded()
            small.goes_on(plan, "--plan", plan["id"])
            small.by_hand(SPEC.replace("ours", "theirs"))
            small.refused("--plan", plan["id"], words=r"role\.reader.*description")

    tally.all((f"by id: {what}", act) for what, act in (
            ("all of its id", goes(64)), ("the first 8 digits", goes(8)), ("a step is done already", partly),
            ("all is done already", wholly), ("recorded in another clone", elsewhere),
            ("a comment more in the spec", other_spec(WANTED + "# reviewed\n", r"the spec \(SHA-256\) was.*LB-P020")),
            ("another value in the spec", other_spec(WANTED.replace("after: 9d", "after: 10d"), "LB-P020")),
            ("another stack of the same objects", other_spec(WANTED.replace("stack: small", "stack: other"), "LB-P027")),
            ("another file of the same objects", other_file), ("an id that is nowhere", nowhere),
            ("it was incomplete", incomplete),
            ("two ids begin so", ambiguous), ("approved long ago", old)))


def drift(tally):
    def case(before, after, words):
        def act():
            with Small(WANTED) as small:
                plan = small.recorded()
                small.by_hand(SPEC.replace(before, after))
                said = small.refused("--plan", plan["id"], words=words + ".*LB-P020")
                small.run("plan", "--out", "plan.json", "--ledger", "none")
                return said.stderr.split("\nerror")[0].splitlines()[-1].strip()
        return act
    tally.all((f"drift: {what}", case(*row)) for what, row in DRIFTS.items())


# --- edited


def leaves(value, path=()):
    """Path and value of every string, number and boolean."""
    if isinstance(value, dict):
        value = value.items()
    elif isinstance(value, list):
        value = enumerate(value)
    else:
        if value is not None:
            yield path, value
        return
    for key, item in value:
        yield from leaves(item, (*path, key))


def edited(document, path, value):
    copy = json.loads(json.dumps(document))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return copy


def other(value):
    """Another value of the same type, which looks as good."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if re.fullmatch(r"[0-9a-f]{64}", value):
        return value[::-1]
    return {"us-east-1": "us-west-2", "us-west-2": "us-east-1", "111122223333": "444455556666", "update": "create",
            "lifeboat.yaml": "other.yaml", "create": "update", "role.reader": "role.ci"}.get(value, value + "x")


COVERED = re.compile(r"id|stack|account|partition|complete|regions/.*|spec/sha256|observed/\d+/(address|digest|relevant)"
                     r"|changes/\d+/(action|address)|steps/\d+/(address|granule|call|digest)")
RESTS_ON = re.compile(r"stack|account|partition|regions/.*|spec/sha256|observed/\d+/(address|digest)"
                      r"|steps/\d+/(address|granule|call|digest)")


class Edits:
    """Edited files of one plan; when one of them was applied, live is made as it was."""

    def __init__(self, tally, small):
        self.tally, self.small, self.applied = tally, small, 0
        small.write(WANTED.replace("30d", "40d"), "other.yaml")
        self.plan = self.made()

    def made(self):
        self.small.run("plan", "--out", "plan.json", "--ledger", "none")
        return json.loads((self.small.work / "plan.json").read_text())

    def try_text(self, text, must_fail):
        small = self.small
        (small.work / "edited.json").write_text(text)
        done = small.run("apply", "edited.json", "--auto-approve", "--ledger", "none", codes=(0, 1, 4))
        within(self.plan, done.calls)
        if done.returncode and changes(done.calls):
            raise Fault(f"exit {done.returncode} after {len(changes(done.calls))} changes")
        if must_fail and (done.returncode == 0 or not re.search("LB-[A-Z][0-9]{3}", done.stderr)):
            raise Fault(f"exit {done.returncode}: {done.stderr[-600:]}")
        if done.returncode == 0:
            self.applied += 1
            small.by_hand(SPEC)
            expect(self.made()["id"] == self.plan["id"], "live is not as it was")

    def attempt(self, what, change, must_fail=True):
        def act():
            text = change(json.loads(json.dumps(self.plan)))
            self.try_text(text if isinstance(text, str) else json.dumps(text), must_fail)
        self.tally.attempt(f"edited: {what}", act)


def edits(tally):
    with Small(WANTED) as small:
        edit_each(tally, Edits(tally, small))


def edit_each(tally, edit):
    paths = ["/".join(map(str, path)) for path, _ in leaves(edit.plan)]
    kinds = set()
    for at, (path, value) in enumerate(list(leaves(edit.plan))):
        kind = re.sub(r"/\d+/", "/*/", paths[at])
        if kind in kinds and not LONG:
            continue
        kinds.add(kind)

        def change(plan, path=path, value=value):
            return edited(plan, path, other(value))

        def sealed(plan, path=path, value=value):
            plan = edited(plan, path, other(value))
            return {**plan, "id": entries.seal(plan)}
        edit.attempt(paths[at], change, COVERED.fullmatch(paths[at]) is not None)
        if COVERED.fullmatch(paths[at]) and paths[at] != "id":
            edit.attempt(f"{paths[at]}, and its id again", sealed, RESTS_ON.fullmatch(paths[at]) is not None)
    more_step = {"id": "s99", "call": "s3:DeleteBucket"}
    for what, change in {
            "a step more, and its id again": lambda plan: resealed({**plan, "steps": [*plan["steps"], {**plan["steps"][0], **more_step}]}),
            "no steps, and its id again": lambda plan: resealed({**plan, "steps": []}),
            "cut in the middle": lambda plan: json.dumps(plan)[:2000],
            "cut at its end": lambda plan: json.dumps(plan)[:-1],
            "format 2.0": lambda plan: {**plan, "format_version": "2.0"},
            "format 0.9": lambda plan: {**plan, "format_version": "0.9"},
            "format 10.0": lambda plan: {**plan, "format_version": "10.0"},
            "no format": lambda plan: {key: value for key, value in plan.items() if key != "format_version"},
            "a later minor format with another step": lambda plan: {
                **edited(plan, ("steps", 0, "digest"), "0" * 64), "format_version": "1.9"},
            "a list": lambda plan: [plan]}.items():
        edit.attempt(what, change, what != "a step more, and its id again")
    tally.attempt("edited: some files are as good as the honest one", lambda: expect(3 <= edit.applied, edit.applied))
    tally.attempt("edited: at least 40 kinds of value", lambda: expect(len(kinds) >= 40, len(kinds)))


def resealed(plan):
    return {**plan, "id": entries.seal(plan)}


def expect(condition, words):
    if not condition:
        raise Fault(str(words))
    return str(words)


# --- forged


def forge(small, document, name=None):
    """Puts a document into the ledger's branch, as the child of the newest commit; shares it."""
    name = name or document["id"]
    index = {**PLAIN, "GIT_INDEX_FILE": str(pathlib.Path(small.folder.name, "index"))}

    def plumb(*arguments, text=None):
        return subprocess.run(["git", "-C", str(small.work), *arguments], check=True, capture_output=True, text=True,
                              input=text, env=index).stdout.strip()
    blob = plumb("hash-object", "-w", "--stdin", text=document if isinstance(document, str) else json.dumps(document))
    plumb("read-tree", BRANCH)
    plumb("update-index", "--add", "--cacheinfo", f"100644,{blob},plans/{name[:2]}/{name[2:]}.json")
    message = plumb("log", "-1", "--format=%B", BRANCH)
    commit = plumb("commit-tree", plumb("write-tree"), "-p", BRANCH, text=message + "\n")
    plumb("update-ref", BRANCH, commit)
    plumb("push", "-q", "origin", BRANCH)
    os.unlink(index["GIT_INDEX_FILE"])


def forged(tally):
    cases = []

    def attempt(what, change, name=None, words="LB-"):
        def act():
            with Small(WANTED) as small:
                plan = small.recorded()
                wrong = change(json.loads(json.dumps(plan)))
                at = name or (wrong if isinstance(wrong, dict) else plan)["id"]
                forge(small, wrong, at)
                run(small.work, "history", "verify", code=6, err="LB-G03[02]")
                small.refused("--plan", at, "--auto-approve", codes=(1, 4, 6), words=words)
        cases.append((f"forged: {what}", act))

    attempt("a call changed under its id", lambda plan: edited(plan, ("steps", 0, "call"), "s3:DeleteBucket"), words="LB-P010")
    attempt("a call changed under another id", lambda plan: resealed(edited(plan, ("steps", 0, "call"), "s3:DeleteBucket")),
            words="was not approved.*LB-P020")
    attempt("another account", lambda plan: resealed({**plan, "account": "444455556666"}), words="the account was 444455556666")
    attempt("another spec", lambda plan: resealed(edited(plan, ("spec", "sha256"), "0" * 64)), words=r"the spec \(SHA-256\)")
    attempt("an honest plan under another id", lambda plan: plan, name="ab" * 32)
    attempt("cut in the middle", lambda plan: json.dumps(plan)[:900], words="LB-")
    attempt("a newer format", lambda plan: {**plan, "format_version": "2.0"}, words="LB-P011")
    tally.all(cases)


# Files that a plan file has no business with: nothing of what is in them is told.
CANARY = "canary-7f3a9c"
FILES = {"a profile": f"[default]\naws_secret_access_key = {CANARY}\n", "one value": f"{CANARY}\n",
         "a mapping": f"github.com:\n  oauth_token: {CANARY}\n", "a spec that is not valid": WANTED + f"password: {CANARY}\n",
         "a spec of another stack": WANTED.replace("stack: small", "stack: other").replace("ours", CANARY)}


def pointed(tally):
    def at_file(text):
        def act():
            with Small(WANTED) as small:
                small.run("plan", "--out", "plan.json")
                plan = json.loads((small.work / "plan.json").read_text())
                small.write(text, "private")
                (small.work / "plan.json").write_text(json.dumps(edited(plan, ("spec", "path"), "private")))
                done = small.refused("plan.json", words="LB-P020.*private has other bytes than the plan's spec")
                if CANARY in done.stdout + done.stderr:
                    raise Fault(f"it is shown:\n{done.stderr[-900:]}")
        return act
    tally.all((f"pointed at {what}", at_file(text)) for what, text in FILES.items())


GROUPS = {"by_id": by_id, "drift": drift, "edited": edits, "forged": forged, "pointed": pointed}


def main():
    names = sys.argv[1:] or list(GROUPS)
    if set(names) - set(GROUPS):
        sys.exit(f"groups: {' '.join(GROUPS)}")
    tally = Tally("only what was reviewed")
    for name in names:
        GROUPS[name](tally)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
