#!/usr/bin/env python3
"""The pipelines of examples/ci, end to end: what `lifeboat init --ci` writes is pushed to a git server on
loopback, and the jobs of the files are run step by step, as their platform would, against the sandbox
and an API that records what it is told.

    tests/torture/ci.py [github|gitlab|plain]      LB_LONG=1 builds lifeboat as a pipeline does, too

github   plan on a pull request (one comment, kept up to date), forks, merge, apply by the reviewed id,
         drift by hand, the old plan refused with 4, one issue that opens and closes
gitlab   the same with merge requests
plain    the script alone, as any other CI would call it, with git daemon
Each token can do what the job's permissions say and nothing else; roles are taken with an identity
token. No secret may be in any text, and only apply changes anything in AWS.
"""
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import traceback

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import git_servers  # noqa: E402
import platforms  # noqa: E402
from platforms import Fault  # noqa: E402
from sandbox import BUILD, ROOT, Sandbox  # noqa: E402

ACCOUNT = "111122223333"
LONG = os.environ.get("LB_LONG") == "1"
SCRIPT = shlex.quote(f"{ROOT}/examples/ci/lifeboat-ci.sh")
ROLES = {"LIFEBOAT_PLAN_ROLE": "ci-plan", "LIFEBOAT_APPLY_ROLE": "ci-apply"}
SPEC = """lifeboat: 1
stack: site
account: "111122223333"
regions: {primary: us-east-1, secondary: us-west-2}
active: primary

roles:
  operator: {purpose: caller, trusted_by: ["111122223333"], max_session: %s}

buckets:
  site-west: {region: secondary, auto_purge: {after: %s}}
"""
BRANCH = "refs/heads/lifeboat/site"


def spec(days, session="1h"):
    return SPEC % (session, days)


class Ground:
    """A sandbox with the two roles, a bare repository, and somebody's clone of it."""

    def __init__(self, folder, repository):
        self.folder = pathlib.Path(folder)
        self.hub = self.folder / "hub" / repository
        self.clone = self.folder / "clone"
        self.sandbox = Sandbox(speed=20)
        for role in ROLES.values():
            trust = {"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/ci"},
                "Action": "sts:AssumeRoleWithWebIdentity"}]}
            self.sandbox.client.must({"service": "iam", "form": {
                "Action": "CreateRole", "RoleName": role, "AssumeRolePolicyDocument": json.dumps(trust)}})
        self.sandbox.advance("1m")  # a new role is not known everywhere at once
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.hub)], check=True)
        self.git("config", "http.receivepack", "true", where=self.hub)
        subprocess.run(["git", "clone", "-q", str(self.hub), str(self.clone)], check=True, capture_output=True)
        self.git("checkout", "-q", "-B", "main")
        self.git("commit", "-q", "--allow-empty", "-m", "Begin")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sandbox.stop()

    def git(self, *arguments, where=None):
        command = ["git", "-c", "user.name=dev", "-c", "user.email=dev@example.com", *arguments]
        return subprocess.run(command, cwd=where or self.clone, check=True, capture_output=True,
                              text=True).stdout.strip()

    def push(self, ref, text, start="main"):
        """Puts a spec onto `ref`, on top of `start`; the commit."""
        self.git("checkout", "-q", "--detach", start)
        (self.clone / "lifeboat.yaml").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"Change the spec for {ref}")
        self.git("push", "-q", "-f", "origin", f"HEAD:{ref}")
        if ref == "refs/heads/main":
            self.git("branch", "-f", "main")
        return self.git("rev-parse", "HEAD")

    def environment(self, credentials=False):
        """What every job sees: the sandbox's address; its key pair only where no role is taken."""
        env = self.sandbox.environment({"LIFEBOAT_LEDGER": None, "GIT_CONFIG_GLOBAL": "/dev/null",
                                        "GIT_CONFIG_NOSYSTEM": "1", "LIFEBOAT_TIME_SCALE": None})
        env["PATH"] = f"{BUILD}:{env['PATH']}"
        if not credentials:
            env = {name: value for name, value in env.items()
                   if name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}
        return env

    def changes(self):
        return [call for call in self.sandbox.calls() if call["mutating"] and call["service"] != "sts"]

    def by_hand(self):
        """Somebody makes the role's sessions longer."""
        self.sandbox.client.must({"service": "iam", "form": {
            "Action": "UpdateRole", "RoleName": "site-operator", "MaxSessionDuration": "43200"}})

    def entries(self):
        """What the shared ledger says, oldest first: kind and outcome."""
        log = subprocess.run(["git", "log", "--reverse", "--format=%(trailers:key=Lifeboat-Kind,valueonly,separator=) "
                              "%(trailers:key=Lifeboat-Outcome,valueonly,separator=)", BRANCH],
                             cwd=self.hub, capture_output=True, text=True, check=False).stdout
        return [line.strip() for line in log.splitlines()]

    def secrets(self):
        sessions = self.sandbox.state().get("sts", {}).get("sessions", {})
        return [session[key] for session in sessions.values() for key in ("secret", "token")] + [
            self.sandbox.env["AWS_SECRET_ACCESS_KEY"]]


class Story:
    def __init__(self):
        self.passed = self.failed = 0
        self.texts = []

    def tell(self, what, act):
        try:
            act()
            self.passed += 1
            print(f"ok   {what}", flush=True)
        except Exception as error:
            self.failed += 1
            text = str(error) if isinstance(error, Fault) else "".join(traceback.format_exception(error)[-3:])
            print(f"FAIL {what}: " + text.replace("\n", "\n     "), flush=True)

    def kept(self, ran):
        self.texts.append(ran.text + ran.summary + str(ran.outputs))
        return ran


def equal(got, wanted, what):
    if got != wanted:
        raise Fault(f"{what}: {got!r}, wanted {wanted!r}")


def plan_id(text):
    found = [line for line in text.splitlines() if line.startswith("Plan id ")]
    if not found:
        raise Fault(f"no plan id in:\n{text[-2000:]}")
    return found[0].split()[2].strip("`.")


class Pipeline:
    """One platform's jobs on one ground."""

    def __init__(self, story, ground, forge, runner):
        self.story, self.ground, self.forge, self.runner = story, ground, forge, runner

    def untouched(self, act):
        """Only apply may change anything."""
        before = len(self.ground.changes())
        result = act()
        equal(len(self.ground.changes()), before, "changes in AWS by a job that may only read")
        return result

    def no_secret(self):
        found = [secret[:4] for secret in [*self.ground.secrets(), *self.forge.tokens]
                 for text in [*self.story.texts, json.dumps(self.forge.notes), json.dumps(self.forge.issues)]
                 if secret in text]
        equal(found, [], "secrets in texts")
        if len(self.ground.secrets()) < 5 or not self.story.texts:
            raise Fault("there was nothing to find")

    def ledger(self, *wanted):
        equal(self.ground.entries(), list(wanted), "the ledger")


class OnGitHub(Pipeline):
    def job(self, workflow, job, ref, event=None, **more):
        ran = self.runner.github(f"lifeboat-{workflow}.yml", job, ref, {"event_name": "push", "event": event or {}} if
                                 event is None else {"event_name": "pull_request", "event": event}, **more)
        return ran and self.story.kept(ran)

    def plan(self, number, fork=False, job="plan"):
        head = {"sha": "f00dfeedf00dfeed", "repo": {"full_name": "stranger/search" if fork else "acme/search"}}
        event = {"pull_request": {"number": number, "head": head}}
        return self.untouched(lambda: self.job("plan", job, f"refs/pull/{number}/merge", event))

    def apply(self, at=None):
        found = self.untouched(lambda: self.job("apply", "reviewed", "refs/heads/main", at=at))
        if found.code:
            return found
        return self.gate(found.outputs["plan"], at)

    def gate(self, plan, at=None):
        """Somebody opens it, now."""
        return self.job("apply", "apply", "refs/heads/main", needs={"reviewed": {"outputs": {"plan": plan}}}, at=at)

    def drift(self):
        return self.untouched(lambda: self.job("drift", "drift", "refs/heads/main"))

    def comment(self, number, *words):
        ours = self.forge.ours(number)
        equal(len(ours), 1, "comments of the pipeline")
        missing = [word for word in words if word not in ours[0]["body"]]
        equal(missing, [], f"in the comment\n{ours[0]['body']}\n")

    def first_plan(self):
        self.ground.push("refs/pull/1/merge", spec("7d"))
        ran = self.plan(1).must(0, "### lifeboat plan for `site`", "2 to create")
        self.comment(1, '<!-- lifeboat {"plan":"' + plan_id(ran.text), "Commit f00dfeedf00d.", "/actions/runs/42")
        self.ledger("plan changes")
        equal([finding["ref"] for finding in self.forge.findings], ["refs/pull/1/merge"], "findings")

    def second_push(self):
        self.ground.push("refs/pull/1/merge", spec("14d"))
        ran = self.plan(1).must(0)
        self.comment(1, plan_id(ran.text), "2 to create")
        self.ledger("plan changes", "plan changes")

    def fork(self):
        self.ground.push("refs/pull/2/merge", spec("21d"))
        equal(self.plan(2, fork=True), None, "the plan job for a fork")
        calls = self.ground.sandbox.count()
        self.plan(2, fork=True, job="validate").must(0, "valid")
        equal((self.ground.sandbox.count() - calls, self.forge.ours(2)), (0, []), "calls and comments for a fork")
        equal(self.plan(1, job="validate"), None, "the validate job for a branch of our own")

    def merge(self):
        self.ground.push("refs/heads/main", spec("14d"))  # as a squash does: the same bytes, another commit
        self.apply().must(0, "8 done", "exit code 0")
        self.ledger("plan changes", "plan changes", "apply-start started", "apply-end done")
        self.drift().must(0)
        equal(self.forge.issues, {}, "issues")

    def again(self):
        changes = len(self.ground.changes())
        self.apply().must(0, "No changes.")
        equal(len(self.ground.changes()), changes, "changes by a second apply")

    def stale(self):
        self.ground.push("refs/pull/3/merge", spec("30d"))
        self.plan(3).must(0, "1 to update")
        self.ground.by_hand()
        self.ground.push("refs/heads/main", spec("30d"))
        changes = len(self.ground.changes())
        self.apply().must(4, "LB-P020", "exit code 4")
        equal(len(self.ground.changes()), changes, "changes by a stale plan")

    def unproven(self):
        """Before anything is recorded there is no ledger to prove."""
        self.drift().must(6, "the ledger is empty")
        equal(len(self.forge.issues), 1, "issues")
        self.forge.issues.clear()

    def issue(self):
        """Whoever looks after it gives it a name and a label of their own: they stay."""
        titles = ["lifeboat: site has drifted", "Who made the sessions longer?"]
        for title in titles:
            self.drift().must(0, "max_session")
            [issue] = self.forge.issues.values()
            equal((issue["state"], issue["title"]), ("open", title), "the issue")
            equal([word in issue["body"] for word in ("max_session", "To make live as the spec says")], [True, True],
                  f"in the issue\n{issue['body']}\n")
            issue.update(title=titles[-1], labels=["lifeboat-drift", "triaged"],
                         body=issue["body"].replace("max_session", "yesterday"))
        self.drift().must(0)
        equal(issue["labels"], ["lifeboat-drift", "triaged"], "labels of the issue")

    def repair(self):
        self.untouched(lambda: self.job("plan", "plan", "refs/heads/main")).must(0, "2 to update")
        self.apply().must(0, "2 done")
        self.drift().must(0)
        equal([issue["state"] for issue in self.forge.issues.values()], ["closed"], "issues")

    def superseded(self):
        """Live is as it was when the plan of 60 days was made: only main says that it is not wanted any more."""
        commits = {}
        for days in ("60d", "30d"):
            self.ground.push("refs/pull/3/merge", spec(days))
            plan = plan_id(self.plan(3).must(0, "1 to update").text)
            commits[days] = plan, self.ground.push("refs/heads/main", spec(days))
            self.apply().must(0, "1 done")
        plan, old = commits["60d"]
        changes = len(self.ground.changes())
        self.apply(at=old).must(4, "main has another lifeboat.yaml by now")
        self.gate(plan, at=old).must(4, "main has another lifeboat.yaml by now")
        equal(len(self.ground.changes()), changes, "changes by a run that was repeated")

    def quoted(self):
        """The stack is the plan's, however the spec spells it."""
        for days in ("41d", "42d"):
            self.ground.push("refs/pull/5/merge", spec(days).replace("stack: site", '"stack": \'site\' # ours'))
            self.plan(5).must(0)
            self.comment(5, "### lifeboat plan for `site`")

    def unreviewed(self):
        self.ground.push("refs/heads/main", spec("61d"))
        self.apply().must(4, "no plan of this spec")

    def broken(self):
        self.ground.push("refs/pull/3/merge", spec("7x"))
        self.plan(3).must(1, "7x")
        self.comment(3, "no plan to show", "exit code 1")

    def refused_role(self):
        self.runner.variables = {**self.runner.variables, "LIFEBOAT_PLAN_ROLE": f"arn:aws:iam::{ACCOUNT}:role/none"}
        self.ground.push("refs/pull/3/merge", spec("30d"))
        self.plan(3).must(9, "not authorized")
        self.comment(3, "no plan to show", "exit code 9")

    def unrecorded(self):
        entries = self.ground.entries()
        self.runner.environment = {**self.runner.environment, "LIFEBOAT_RECORD": "false"}
        self.ground.push("refs/pull/4/merge", spec("90d"))
        self.plan(4).must(0)
        self.comment(4, "Not recorded")
        self.ledger(*entries)


def github(story):
    with tempfile.TemporaryDirectory(prefix="lifeboat-ci-") as folder, Ground(folder, "acme/search") as ground, \
            platforms.GitHub(ground.folder / "hub") as forge:
        variables = {name: f"arn:aws:iam::{ACCOUNT}:role/{role}" for name, role in ROLES.items()}
        line = OnGitHub(story, ground, forge, platforms.Runner(forge, ground.environment(), variables))
        story.tell("github: init writes what examples/ci holds", lambda: from_init(ground, "github"))
        ground.push("refs/heads/main", spec("3d"))
        story.tell("github: an empty ledger is no proof", line.unproven)
        story.tell("github: a pull request gets one comment, and its plan is recorded", line.first_plan)
        story.tell("github: a second push updates that comment", line.second_push)
        story.tell("github: a fork's pull request is validated, without credentials", line.fork)
        story.tell("github: the merge applies the reviewed plan", line.merge)
        story.tell("github: applying it again changes nothing", line.again)
        story.tell("github: a change by hand makes the reviewed plan stale", line.stale)
        story.tell("github: drift opens one issue", line.issue)
        story.tell("github: a new plan repairs it, and the issue is closed", line.repair)
        story.tell("github: an old run that is repeated does not bring back what was replaced", line.superseded)
        story.tell("github: a stack in quotes has one comment, too", line.quoted)
        story.tell("github: a spec that nobody planned is not applied", line.unreviewed)
        story.tell("github: a plan that cannot be made replaces the comment", line.broken)
        story.tell("github: a role that is not given is said", line.refused_role)
        line.runner.variables = variables
        story.tell("github: a plan that is not recorded says so", line.unrecorded)
        story.tell("github: no secret in any text", line.no_secret)


class OnGitLab(Pipeline):
    def job(self, job, ref, cause, **more):
        return self.story.kept(self.runner.gitlab(f"lifeboat-{job}", ref, cause, **more))

    def on_main(self, job, cause="push", **more):
        return self.job(job, "refs/heads/main", cause, **more)

    def pipelines(self):
        """Which jobs a pipeline has."""
        file = yaml.safe_load((ROOT / "examples/ci/gitlab/lifeboat.yml").read_text())
        jobs = {name.removeprefix("lifeboat-"): job for name, job in file.items() if not name.startswith(".")}
        found = {cause: [name for name, job in jobs.items() if platforms.in_pipeline(job, cause)]
                 for cause in platforms.PIPELINES}
        equal(found, {"merge request": ["plan"], "fork": ["validate"], "push": ["reviewed", "apply"],
                      "push to a branch": [], "by hand": ["plan", "reviewed", "apply"], "by hand on a branch": [],
                      "schedule": ["drift"]}, "jobs")

    def plan(self):
        for days in ("7d", "14d"):
            self.ground.push("refs/merge-requests/1/head", spec(days))
            ran = self.untouched(lambda: self.job("plan", "refs/merge-requests/1/head", "merge request")).must(0)
            equal([plan_id(ran.text) in note["body"] for note in self.forge.ours(1)], [True], "notes of the pipeline")
        self.ledger("plan changes", "plan changes")

    def apply(self, cause="push"):
        found = self.untouched(lambda: self.on_main("reviewed", cause)).must(0)
        return self.on_main("apply", cause, needs=found.outputs)

    def merge(self):
        self.ground.push("refs/heads/main", spec("14d"))
        self.apply().must(0, "8 done")

    def drift(self):
        """A pipeline by hand plans the default branch again, and puts it right."""
        self.ground.by_hand()
        self.apply().must(4, "LB-P020")
        for state in ("opened", "opened", "closed"):
            if state == "closed":
                notes = len(self.forge.notes)
                self.untouched(lambda: self.on_main("plan", "by hand")).must(0, "1 to update")
                equal(len(self.forge.notes), notes, "notes on no merge request")
                self.apply("by hand").must(0, "1 done")
            self.untouched(lambda: self.on_main("drift", "schedule")).must(0)
            equal([issue["state"] for issue in self.forge.issues.values()], [state], "issues")

    def superseded(self):
        old = self.ground.git("rev-parse", "main")
        self.ground.push("refs/heads/main", spec("30d"))
        self.on_main("reviewed", at=old).must(4, "main has another lifeboat.yaml by now")


def gitlab(story):
    with tempfile.TemporaryDirectory(prefix="lifeboat-ci-") as folder, Ground(folder, "acme/search.git") as ground, \
            platforms.GitLab(ground.folder / "hub") as forge:
        variables = {name: f"arn:aws:iam::{ACCOUNT}:role/{role}" for name, role in ROLES.items()}
        line = OnGitLab(story, ground, forge, platforms.Runner(forge, ground.environment(), variables))
        story.tell("gitlab: init writes what examples/ci holds", lambda: from_init(ground, "gitlab"))
        ground.push("refs/heads/main", spec("3d"))
        story.tell("gitlab: what makes a pipeline says which jobs it has", line.pipelines)
        story.tell("gitlab: a merge request gets one note, kept up to date", line.plan)
        story.tell("gitlab: the merge applies the reviewed plan", line.merge)
        story.tell("gitlab: the old plan is refused, drift opens one issue and closes it", line.drift)
        story.tell("gitlab: an old run that is repeated applies nothing", line.superseded)
        story.tell("gitlab: no secret in any text", line.no_secret)


def from_init(ground, platform):
    subprocess.run([str(BUILD / "lifeboat"), "init", "--ci", platform], cwd=ground.clone, check=True,
                   capture_output=True)
    places = {"ci/lifeboat-ci.sh": "examples/ci/lifeboat-ci.sh"}
    if platform == "github":
        places.update({f".github/workflows/{path.name}": f"examples/ci/github/{path.name}"
                       for path in (ROOT / "examples/ci/github").glob("*.yml")})
    else:
        places[".gitlab/lifeboat.yml"] = "examples/ci/gitlab/lifeboat.yml"
    for written, source in places.items():
        equal((ground.clone / written).read_text() == (ROOT / source).read_text(), True, written)
    if not (ground.clone / "lifeboat.schema.json").exists():
        raise Fault("no schema")


def install(commit, code):
    """Builds lifeboat where there is none, from the repository that this file is in."""
    with tempfile.TemporaryDirectory(prefix="lifeboat-home-") as home:
        path = [name for name in ("/usr/local/bin", "/usr/bin", "/bin") if not pathlib.Path(name, "lifeboat").exists()]
        env = {"HOME": home, "PATH": ":".join(path), "LIFEBOAT_SOURCE": str(ROOT), "LIFEBOAT_COMMIT": commit}
        seen, text = platforms.shell([f"bash {SCRIPT} install"], home, env, 900)
        platforms.Ran(seen, text, "", {}).must(code, "full commit" if code else "Installing")
        equal(pathlib.Path(home, ".local/bin/lifeboat").exists(), code == 0, "lifeboat is there")


def plain(story):
    """Any other CI: a clone, the script, credentials in the environment."""
    with tempfile.TemporaryDirectory(prefix="lifeboat-ci-") as folder, Ground(folder, "search") as ground, \
            git_servers.Daemon(ground.folder / "hub") as server:
        def job(verb, code, *words, **env):
            with tempfile.TemporaryDirectory(prefix="lifeboat-job-") as work:
                platforms.checkout(pathlib.Path(work), server.url("search"), "refs/heads/main", "none")
                code_seen, text = platforms.shell([f"bash {SCRIPT} {verb}"], work,
                                                  {**ground.environment(credentials=True), **env})
                return platforms.Ran(code_seen, text, "", {}).must(code, *words)

        def act():
            ground.push("refs/heads/main", spec("7d"))
            job("validate", 0, "is valid")
            job("reviewed", 4, "no plan of this spec")
            first = plan_id(job("plan", 0).text)
            job("apply", 0, "8 done")
            job("drift", 0)
            ground.by_hand()
            job("apply", 4, "LB-P020", LIFEBOAT_PLAN=first)
            job("drift", 2)
            job("plan", 0, "1 to update")
            job("apply", 0, "1 done")
            job("apply", 64, LIFEBOAT_PLAN="--auto-approve")
            equal(ground.entries(), ["plan changes", "apply-start started", "apply-end done"] * 2, "the ledger")
        story.tell("plain: plan, apply by id, drift, the old id refused, repaired", act)

        def roles():
            """What answers in the place of STS can neither drive the log nor be taken for it."""
            for status, answer, words in ((403, b"<Message>no\r\n::stop-commands::x</Message>", "job: no  ::stop"),
                                          (500, b"<html>", "was not given to this job: "),
                                          (200, b"<Credentials></Credentials>", "answered without credentials")):
                with git_servers.says(status, answer) as sts:
                    ran = job("plan", 9, words, LIFEBOAT_ROLE="arn:aws:iam::111122223333:role/r", LIFEBOAT_ID_TOKEN="t",
                              AWS_ENDPOINT_URL_STS=f"http://127.0.0.1:{sts.port}")
                equal([line for line in ran.text.splitlines() if line.startswith("::")], [], "commands in the log")
        story.tell("plain: a role that is refused ends the run with 9", roles)

        def hook():
            os.makedirs(ground.clone / ".git/hooks", exist_ok=True)
            path = ground.clone / ".git/hooks/pre-commit"
            path.write_text((ROOT / "examples/ci/pre-commit").read_text())
            path.chmod(0o755)
            os.environ["PATH"] = f"{BUILD}:{os.environ['PATH']}"
            (ground.clone / "lifeboat.yaml").write_text(spec("7x"))
            ground.git("add", "lifeboat.yaml")
            (ground.clone / "lifeboat.yaml").write_text(spec("8d"))  # what is staged counts
            try:
                ground.git("commit", "-q", "-m", "A mistake")
            except subprocess.CalledProcessError:
                ground.git("add", "lifeboat.yaml")
                ground.git("commit", "-q", "-m", "Good")
                return
            raise Fault("the hook let a bad spec through")
        story.tell("plain: what is built is pinned by a full commit", lambda: install("v1.0", 64))
        if LONG:
            story.tell("plain: install builds that commit", lambda: install(
                ground.git("rev-parse", "HEAD", where=ROOT), 0))
        story.tell("plain: the git hook refuses a bad spec that is staged", hook)


def main():
    story = Story()
    for name in sys.argv[1:] or ("github", "gitlab", "plain"):
        {"github": github, "gitlab": gitlab, "plain": plain}[name](story)
    print(f"{story.passed} passed, {story.failed} failed, 0 skipped")
    return 1 if story.failed or not story.passed else 0


if __name__ == "__main__":
    sys.exit(main())
