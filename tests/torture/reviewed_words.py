#!/usr/bin/env python3
"""What the ledger is made of: no secret gets into it, and no string forges or drives anything.

    tests/torture/reviewed_words.py [GROUP...]

secrets  canaries where a run keeps or meets secrets: in no stream, no file, no object of git, no log
hostile  each string of tests/lib/hostile.py as who, run link, name in git and reason
"""
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE / "promises")]
import hostile  # noqa: E402
import sinks  # noqa: E402
from entries import TRAILERS  # noqa: E402
from ground import Fault, Tally, changes  # noqa: E402
from ledger_history import LIFEBOAT, PLAIN, git, made  # noqa: E402
from p6_no_secret import spellings  # noqa: E402
from reviewed import SPEC, WANTED, Small  # noqa: E402

CANARY = "cAnArY{}9xK4tQw7ZpLm2RvB"
TOKENS = ("GITHUB_TOKEN", "GH_TOKEN", "CI_JOB_TOKEN", "GITLAB_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
          "ACTIONS_RUNTIME_TOKEN", "SYSTEM_ACCESSTOKEN")
OWN = """domains:
  own: {engine: Elasticsearch_7.10, endpoint: "https://own.internal:9200", auth: {user: admin, password: "env:PASS"}}
"""


class Searched(Small):
    """Runs at the log's most talkative level; whatever is left behind is searched for the secrets."""

    def __init__(self, *secrets, spec=WANTED, made=SPEC):
        super().__init__(spec, made)
        self.secrets = [*secrets, self.sandbox.env["AWS_SECRET_ACCESS_KEY"]]
        self.log = pathlib.Path(self.folder.name, "lifeboat.log")

    def session(self):
        """Keys with a token, both of which are looked for from now on."""
        keys = self.sandbox.client.json({"control": "sessions", "json": {}})
        self.secrets += [keys["SecretAccessKey"], keys["SessionToken"]]
        return {"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
                "AWS_SESSION_TOKEN": keys["SessionToken"]}

    def run(self, *arguments, **options):
        if not hasattr(self, "log"):  # the ground is being made
            return super().run(*arguments, **options)
        env = {**(options.pop("env", None) or {}), "LIFEBOAT_LOG": "trace", "LIFEBOAT_LOG_FILE": str(self.log)}
        done = super().run(*arguments, env=env, **options)
        self.search({"standard output": done.stdout.encode(), "standard error": done.stderr.encode()})
        return done

    def search(self, places):
        for place, data in places.items():
            for secret in self.secrets:
                for text in spellings(secret):
                    at = data.find(text.encode())
                    if at >= 0:
                        raise Fault(f"{place} holds a secret: {data[max(0, at - 80):at + 60]!r}")

    def search_files(self, inputs=("lifeboat.yaml",)):
        """Files as they are, and every object of git as git reads it."""
        places = {"the log": self.log.read_bytes() if self.log.exists() else b""}
        for top in (self.work, self.shared):
            places |= {str(path): path.read_bytes() for path in top.rglob("*") if path.is_file()
                       and path.name not in inputs}
            places[f"objects of {top}"] = git(top, "cat-file", "--batch-all-objects", "--batch", text=False)
        if not places["the log"]:
            raise Fault("nothing was logged")
        self.search(places)

    def journey(self, env=None):
        plan = re.search(r"^Plan id (\w{64})$", self.run("plan", "--record", env=env).stdout, re.M)[1]
        self.run("apply", "--plan", plan, env=env)
        for arguments in (["history"], ["history", "--format", "json"], ["history", "verify"], ["show", plan],
                          ["show", plan, "--format", "json"], ["show", self.listed()[0]["commit"]], ["lock", "list"],
                          ["history", "sync"]):
            self.run(*arguments, env=env)
        self.search_files()


# --- secrets


def everyday():
    names = {name: CANARY.format(i) for i, name in enumerate(TOKENS)}
    with Searched(*names.values()) as small:
        small.journey({**names, **small.session()})


def link():
    secret = CANARY.format("L")
    with Searched(secret) as small:
        small.journey({"LIFEBOAT_RUN_URL": f"https://user:{secret}@ci.example/1"})


def misplaced(env_of, name, spec=WANTED, codes=(1,)):
    """The secret of a variable is in a comment of the spec: the entry is refused, for a plan and for an apply."""
    def act():
        with Searched(spec=spec) as small:
            env = env_of(small)
            small.secrets.append(env[name])
            small.write(spec + f"# remember: {env[name]}\n")
            for arguments in (["plan", "--record"], ["apply", "--auto-approve"]):
                done = small.run(*arguments, codes=codes, env=env)
                if changes(done.calls) or ("LB-G037" not in done.stderr and (arguments[0] == "plan" or codes == (1,))):
                    raise Fault(f"{arguments}: {done.stderr[-900:]}")
            small.search_files()
    return act


def actor():
    with Searched() as small:
        env = {"LIFEBOAT_ACTOR": small.sandbox.env["AWS_SECRET_ACCESS_KEY"]}
        for arguments in (["plan", "--record"], ["apply", "--auto-approve"]):
            done = small.run(*arguments, codes=(1,), env=env)
            if "LB-G037" not in done.stderr or changes(done.calls):
                raise Fault(f"{arguments}: {done.stderr[-900:]}")
        small.search_files()


def remote():
    secret = CANARY.format("R")
    with Searched(secret) as small:
        git(small.work, "remote", "set-url", "origin", f"http://user:{secret}@127.0.0.1:9/x.git")
        for arguments in (["plan", "--record"], ["apply", "--auto-approve"], ["history", "sync"], ["lock", "list"]):
            done = small.run(*arguments, codes=(0, 1, 8))
            if done.returncode == 0 and arguments[0] != "lock":
                raise Fault(f"{arguments} could not have worked")
        small.search_files(("lifeboat.yaml", "config"))


def secrets(tally):
    tally.all([(f"secrets: {what}", act) for what, act in (
        ("what a pipeline holds", everyday), ("user and password of the run's link", link),
        ("the secret key in a comment", misplaced(lambda small: dict(small.sandbox.env), "AWS_SECRET_ACCESS_KEY")),
        ("the session token in a comment", misplaced(Searched.session, "AWS_SESSION_TOKEN")),
        # nobody answers for this cluster: the plan is incomplete, and would be recorded as that
        ("a cluster's password in a comment", misplaced(lambda _: {"PASS": CANARY.format("P")}, "PASS", WANTED + OWN, (9, 1))),
        ("the secret key as who", actor), ("password of the remote", remote))])


# --- hostile

KEYS = {f"Lifeboat-{name}" for _, name in TRAILERS} | {"Lifeboat-Seq", "Lifeboat-Digest"}


def honest_message(bare):
    """Every trailer that git reads is one of ours, once, and says what the entry says."""
    message = git(bare, "log", "-1", "--format=%B", "lifeboat/dr", text=False)
    parsed = subprocess.run(["git", "interpret-trailers", "--parse"], input=message, capture_output=True, check=True,
                            env=PLAIN).stdout.decode().splitlines()
    names = [line.partition(":")[0] for line in parsed]
    if set(names) - KEYS or len(set(names)) != len(names) or "Lifeboat-Digest" not in names:
        raise Fault(f"trailers: {parsed}")
    faults = hostile.faults(message) + hostile.faults(git(bare, "cat-file", "commit", "lifeboat/dr", text=False))
    said = dict(line.split(": ", 1) for line in parsed if ": " in line)
    entry = json.loads(git(bare, "show", "lifeboat/dr:entry.json"))
    for key, name in (("kind", "Kind"), ("id", "Entry"), ("ends", "Ends"), ("stack", "Stack")):
        if said.get(f"Lifeboat-{name}") != entry[key]:
            faults.append(f"{name} is {said.get(f'Lifeboat-{name}')!r}, not {entry[key]!r}")
    if faults:
        raise Fault("; ".join(faults))


def planted(data):
    def act():
        with made(1) as (bare, _, ledger):
            env = {"LIFEBOAT_ACTOR": data, "LIFEBOAT_RUN_URL": data}
            (bare / "config").open("ab").write(b'[user]\nname = "' + re.sub(rb'([\\"])', rb"\\\1", data).replace(
                b"\n", b"\\n") + b'"\nemail = a@example.com\n')
            bare_env = {name: value for name, value in PLAIN.items() if not name.startswith("GIT_AUTHOR")
                        and not name.startswith("GIT_COMMITTER")}

            def said(*arguments, codes=(0,)):
                done = subprocess.run([LIFEBOAT, *arguments], cwd=bare, env={**bare_env, **env}, timeout=60,
                                      stdin=subprocess.DEVNULL, capture_output=True)
                found = sinks.faults(arguments, done.stdout) + hostile.faults(done.stderr)
                if found or done.returncode not in codes:
                    raise Fault(f"{arguments}: exit {done.returncode}, {found[:2]} {done.stderr[-400:]!r}")
                return done
            blank = not data.strip()
            said("lock", "break", ledger.lock["id"], "--reason", data, codes=(0, 64) if blank else (0,))
            if blank:
                said("lock", "break", ledger.lock["id"], "--reason", "x", codes=(0, 1))
            honest_message(bare)
            said("history")
            lines = said("history", "--format", "json").stdout.decode().splitlines()
            if [json.loads(line)["event"] for line in lines] != ["release", "apply-start"]:
                raise Fault(f"it tells {lines}")
            said("history", "verify")
            said("lock", "list")
            said("lock", "list", "--format", "json")
            for kind in ("text", "json"):
                said("show", json.loads(lines[0])["commit"], "--format", kind)
    return act


def inert(tally):
    strings = {name: data for name, data in hostile.STRINGS.items() if b"\0" not in data}
    strings |= {"a trailer": b"x\n\nLifeboat-Kind: plan\nLifeboat-Outcome: done\n", "a folded trailer": b"x\n Lifeboat-Ends: 0",
                "scissors": b"x\n---\n# ------------------------ >8 ------------------------\ny", "a header of a commit":
                b"x\nparent 0000000000000000000000000000000000000000\n\nLifeboat-Kind: plan", "a name with an address":
                b"a <b@example.com> 1 +0000\nauthor c"}
    tally.all([(f"hostile: {name}", planted(data)) for name, data in strings.items()])


GROUPS = {"secrets": secrets, "hostile": inert}


def main():
    names = sys.argv[1:] or list(GROUPS)
    if set(names) - set(GROUPS):
        sys.exit(f"groups: {' '.join(GROUPS)}")
    tally = Tally("what the ledger is made of")
    for name in names:
        GROUPS[name](tally)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
