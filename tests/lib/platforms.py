"""GitHub and GitLab as a pipeline sees them, on loopback: their APIs for comments, issues and findings,
git over HTTP, and runners that do the steps of a workflow file as it stands.

A token can do what the job's `permissions` say, and nothing else, here as there.
"""
import base64
import json
import os
import pathlib
import re
import secrets
import subprocess
import tempfile
import threading
import urllib.parse

import yaml

import git_servers

BOT = "github-actions[bot]"
OTHERS = 100  # comments of others that come first: our own is on the second page
IMPOSTOR = '<!-- lifeboat {"plan":"0","stack":"site","truncated":false} -->\nby somebody else'


class Fault(Exception):
    """Something that must hold does not."""


class Forge:
    """The server of a platform: `threads` are pull requests and issues with their comments."""

    def __init__(self, base):
        self.tokens = {}  # token -> {permission: "read" | "write"}
        self.notes, self.issues, self.findings, self.log = {}, {}, [], []
        self.number = 0
        self.mutex = threading.Lock()
        self.api = git_servers.Http(self.answer)
        self.git = git_servers.guarded_backend(base, self.admits)
        self.url, self.git_url = (f"http://127.0.0.1:{server.port}" for server in (self.api, self.git))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.api.__exit__()
        self.git.__exit__()

    def token(self, permissions):
        token = "ghs_" + secrets.token_hex(18)
        self.tokens[token] = permissions
        return token

    def admits(self, authorization, path):
        scheme, _, value = (authorization or "").partition(" ")
        if scheme != "Basic":
            return False
        may = self.tokens.get(base64.b64decode(value).decode().partition(":")[2], {})
        wanted = ("write",) if "git-receive-pack" in path else ("read", "write")
        return may.get("contents") in wanted

    def next(self):
        self.number += 1
        return self.number

    def thread(self, number):
        """A pull request that is much talked about; somebody has copied our hidden line."""
        if number not in self.notes:
            self.notes[number] = [self.note(f"comment {i}", "mallory") for i in range(OTHERS)]
            self.notes[number].insert(3, self.note(IMPOSTOR, "mallory"))
        return self.notes[number]

    def note(self, text, who):
        return {"id": self.next(), "body": text, "user": {"login": who}, "author": {"username": who}}

    def ours(self, number):
        return [note for note in self.thread(number) if note["user"]["login"] == BOT]

    def answer(self, request):
        body = git_servers.body_of(request)
        with self.mutex:
            status, reply = self.route(request, json.loads(body) if body else None)
        data = json.dumps(reply).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def route(self, request, body):
        url = urllib.parse.urlsplit(request.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        token = request.headers.get("PRIVATE-TOKEN") or (
            request.headers.get("Authorization") or "").removeprefix("Bearer ")
        may = self.tokens.get(token)
        self.log.append((request.command, url.path))
        if may is None:
            return 401, {"message": "Bad credentials"}
        for method, pattern, right, act in ROUTES:
            found = re.fullmatch(pattern, url.path)
            if found and method == request.command:
                granted = any(may.get(name) == "write" or (method == "GET" and name in may) for name in right)
                if not granted:
                    return 403, {"message": f"needs one of {right}"}
                return act(self, [int(group) for group in found.groups()], body, query)
        return 404, {"message": f"Not Found: {request.command} {url.path}"}

    # --- routes

    def id_token(self, _, __, query):
        if query.get("audience") != "sts.amazonaws.com":
            return 400, {"message": "audience"}
        return 200, {"value": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyZXBvIn0."}

    def list_notes(self, numbers, _, query):
        return 200, page(self.thread(numbers[0]), query)

    def add_note(self, numbers, body, _):
        note = self.note(body["body"], BOT)
        self.thread(numbers[0]).append(note)
        return 201, note

    def change_note(self, numbers, body, _):
        for note in [note for thread in self.notes.values() for note in thread]:
            if note["id"] == numbers[-1]:
                if note["user"]["login"] != BOT:
                    return 403, {"message": "not yours"}
                note["body"] = body["body"]
                return 200, note
        return 404, {"message": "no such comment"}

    def list_issues(self, _, __, query):
        found = [issue for issue in self.issues.values()
                 if issue["state"] == query["state"] and query["labels"] in issue["labels"]]
        return 200, page(found, query)

    def add_issue(self, _, body, __):
        number = self.next()
        labels = body["labels"] if isinstance(body["labels"], list) else body["labels"].split(",")
        self.issues[number] = {"id": number + 5000, self.number_key: number, "title": body["title"],
                               "state": self.open_word, "labels": labels, "user": {"login": BOT},
                               "author": {"username": BOT}, self.text_key: body[self.text_key]}
        return 201, self.issues[number]

    def change_issue(self, numbers, body, _):
        issue = self.issues.get(numbers[0])
        if not issue:
            return 404, {"message": "no such issue"}
        state = body.pop("state", None) or {"close": "closed"}.get(body.pop("state_event", None))
        issue.update(body, **({"state": state} if state else {}))
        return 200, issue

    def take_findings(self, _, body, __):
        self.findings.append(body)
        return 202, {"id": "1"}

    def user(self, *_):
        return 200, {"username": BOT}


def page(items, query):
    size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
    return items[(number - 1) * size:number * size]


REPOSITORY, PROJECT = "/repos/acme/search", "/projects/7"
# Each: method, path, one of these rights, what it does.
ROUTES = (
    ("GET", "/token", ["id-token"], Forge.id_token),
    ("GET", REPOSITORY + r"/issues/(\d+)/comments", ["pull-requests", "issues"], Forge.list_notes),
    ("POST", REPOSITORY + r"/issues/(\d+)/comments", ["pull-requests", "issues"], Forge.add_note),
    ("PATCH", REPOSITORY + r"/issues/comments/(\d+)", ["pull-requests", "issues"], Forge.change_note),
    ("GET", REPOSITORY + "/issues", ["issues"], Forge.list_issues),
    ("POST", REPOSITORY + "/issues", ["issues"], Forge.add_issue),
    ("PATCH", REPOSITORY + r"/issues/(\d+)", ["issues"], Forge.change_issue),
    ("POST", REPOSITORY + "/code-scanning/sarifs", ["security-events"], Forge.take_findings),
    ("GET", "/user", ["api"], Forge.user),
    ("GET", PROJECT + r"/merge_requests/(\d+)/notes", ["api"], Forge.list_notes),
    ("POST", PROJECT + r"/merge_requests/(\d+)/notes", ["api"], Forge.add_note),
    ("PUT", PROJECT + r"/merge_requests/(\d+)/notes/(\d+)", ["api"], Forge.change_note),
    ("GET", PROJECT + "/issues", ["api"], Forge.list_issues),
    ("POST", PROJECT + "/issues", ["api"], Forge.add_issue),
    ("PUT", PROJECT + r"/issues/(\d+)", ["api"], Forge.change_issue),
)


class GitHub(Forge):
    number_key, text_key, open_word = "number", "body", "open"


class GitLab(Forge):
    number_key, text_key, open_word = "iid", "description", "opened"


class Ran:
    """What a job did: `code` of the first step that failed, all its output, its outputs and summary."""

    def __init__(self, code, text, summary, outputs):
        self.code, self.text, self.summary, self.outputs = code, text, summary, outputs

    def must(self, code, *words):
        missing = [word for word in words if word not in self.text + self.summary]
        if self.code != code or missing:
            raise Fault(f"exit {self.code}, wanted {code}; missing {missing}\n{self.text[-3000:]}")
        return self


def checkout(work, url, ref, token):
    """As actions/checkout does with persist-credentials: false, and GitLab's runner with GIT_DEPTH: 1."""
    header = f"http.extraHeader=Authorization: {git_servers.basic('x-access-token', token)}"
    for command in (["init", "-q"], ["remote", "add", "origin", url],
                    ["-c", header, "fetch", "-q", "--depth", "1", "origin", ref], ["checkout", "-q", "FETCH_HEAD"]):
        subprocess.run(["git", *command], cwd=work, check=True, capture_output=True)


def lookup(context, name):
    for part in name.split("."):
        context = context.get(part, {}) if isinstance(context, dict) else {}
    return "" if context == {} else context


def expression(context, text):
    """The little of GitHub's expression language that the files use: names, strings, == != && ||."""
    code = re.sub(r"'[^']*'|[\w.-]+|&&|\|\|", lambda m: {"&&": " and ", "||": " or "}.get(m[0]) or (
        m[0] if m[0].startswith("'") else repr(lookup(context, m[0]))), text)
    return eval(code, {"__builtins__": {}})  # of names and strings of our own


def values(context, env):
    return {name: re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda m: str(lookup(context, m[1])), str(value))
            for name, value in (env or {}).items()}


# The pipelines that GitLab makes, by what makes them.
PIPELINES = {
    "merge request": {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7",
                      "CI_MERGE_REQUEST_IID": "1"},
    "fork": {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "8",
             "CI_MERGE_REQUEST_IID": "2"},
    "push": {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"},
    "push to a branch": {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "lifeboat/site"},
    "by hand": {"CI_PIPELINE_SOURCE": "web", "CI_COMMIT_BRANCH": "main"},
    "by hand on a branch": {"CI_PIPELINE_SOURCE": "web", "CI_COMMIT_BRANCH": "feature"},
    "schedule": {"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main"},
}


def in_pipeline(job, cause):
    """Whether a pipeline has the job; of its rules the first that fits counts. What changed always fits."""
    given = {"CI_PROJECT_ID": "7", "CI_DEFAULT_BRANCH": "main", **PIPELINES[cause]}
    for rule in job["rules"]:
        code = re.sub(r"\$(\w+)", lambda m: repr(given.get(m[1])), rule["if"]).replace("&&", " and ")
        if eval(code, {"__builtins__": {}}):  # of names and strings of our own
            return rule.get("when") != "never"
    return False


def shell(lines, work, env, seconds=120):
    """bash -e, as both platforms start it; the whole job's time is bounded."""
    done = subprocess.run(["bash", "-e"], cwd=work, env=env, input="\n".join(lines) + "\n", text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False)
    return done.returncode, done.stdout


class Runner:
    """Runs jobs of the workflow files that stand in the commit which is checked out."""

    def __init__(self, forge, environment, variables):
        self.forge, self.environment, self.variables = forge, environment, variables

    def github(self, workflow, job, ref, event, needs=None, at=None):
        """`event`: the `github` context beyond what is the same for all; `at`: a commit that `ref` was at, as
        when an old run is repeated. None when its `if` says no."""
        with tempfile.TemporaryDirectory(prefix="lifeboat-runner-") as folder:
            work, home = pathlib.Path(folder, "work"), pathlib.Path(folder, "home")
            work.mkdir()
            home.mkdir()
            everyone = self.forge.token({"contents": "read"})
            checkout(work, f"{self.forge.git_url}/acme/search", at or ref, everyone)
            steps = yaml.safe_load((work / ".github/workflows" / workflow).read_text())["jobs"][job]
            token = self.forge.token(steps["permissions"])
            context = {"github": {"repository": "acme/search", "token": token, **event}, "needs": needs or {},
                       "vars": self.variables}
            if not expression(context, steps.get("if", "'always'")):
                return None
            env = {**self.environment, "HOME": str(home), "CI": "true", "GITHUB_ACTIONS": "true",
                   "GITHUB_API_URL": self.forge.url, "GITHUB_SERVER_URL": self.forge.git_url,
                   "GITHUB_REPOSITORY": "acme/search", "GITHUB_RUN_ID": "42", "GITHUB_REF": ref,
                   "GITHUB_ACTOR": "octocat", "GITHUB_STEP_SUMMARY": str(home / "summary"),
                   "GITHUB_OUTPUT": str(home / "output"), "GITHUB_SHA": head(work)}
            if steps["permissions"].get("id-token") == "write":
                env.update(ACTIONS_ID_TOKEN_REQUEST_URL=f"{self.forge.url}/token?v=1",
                           ACTIONS_ID_TOKEN_REQUEST_TOKEN=token)
            code, text = 0, ""
            for step in steps["steps"]:
                if "run" in step and code == 0:
                    code, said = shell([step["run"]], work, {**env, **values(context, step.get("env"))})
                    text += said
            return Ran(code, text, read(home / "summary"), pairs(home / "output"))

    def gitlab(self, job, ref, cause, needs=None, at=None):
        """`cause`: one of PIPELINES."""
        with tempfile.TemporaryDirectory(prefix="lifeboat-runner-") as folder:
            work, home = pathlib.Path(folder, "work"), pathlib.Path(folder, "home")
            work.mkdir()
            home.mkdir()
            checkout(work, f"{self.forge.git_url}/acme/search.git", at or ref, self.forge.token({"contents": "read"}))
            jobs = yaml.safe_load((work / ".gitlab/lifeboat.yml").read_text())
            steps = {**jobs[jobs[job]["extends"]], **jobs[job]}
            if not in_pipeline(steps, cause):
                raise Fault(f"{job} is not in the pipeline of {cause}")
            given = {"LIFEBOAT_GITLAB_TOKEN": self.forge.token({"api": "write", "contents": "write"}),
                     "CI_SERVER_URL": self.forge.git_url, "CI_API_V4_URL": self.forge.url, "CI_PROJECT_ID": "7",
                     "CI_PROJECT_URL": f"{self.forge.git_url}/acme/search", "CI_COMMIT_SHA": head(work),
                     "CI_JOB_URL": "https://gitlab.example/job/9", "GITLAB_USER_LOGIN": "octocat",
                     **self.variables, **PIPELINES[cause], **(needs or {})}
            # a variable that is not there stays as it was written
            own = {name: re.sub(r"\$(\w+)", lambda m: given.get(m[1], m[0]), str(value))
                   for name, value in steps.get("variables", {}).items()}
            if steps["id_tokens"]:
                own["LIFEBOAT_ID_TOKEN"] = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwcm9qZWN0In0."
            env = {**self.environment, "HOME": str(home), "CI": "true", "GITLAB_CI": "true", **given, **own}
            # the image's packages are there; lifeboat is too, so that its install ends at once
            code, text = shell([line for line in steps.get("before_script", jobs[".lifeboat"]["before_script"])
                                if not line.startswith("apt-get")] + steps["script"], work, env)
            report = steps.get("artifacts", {}).get("reports", {}).get("dotenv")
            return Ran(code, text, "", pairs(work / report) if report else {})


def read(path):
    return path.read_text() if path.exists() else ""


def pairs(path):
    return dict(line.split("=", 1) for line in read(path).splitlines())


def head(work):
    return subprocess.run(["git", "rev-parse", "HEAD"], cwd=work, check=True, capture_output=True,
                          text=True).stdout.strip()
