#!/usr/bin/env python3
"""The pipelines of examples/ci, judged by the linters of their platforms.

actionlint   reads GitHub's workflow files as GitHub would, and gives their commands to shellcheck
zizmor       looks for holes: injected text, tokens that reach too far, actions that can change
shellcheck   reads the scripts
rights       who holds what: each job's permissions, roles and identity token are written down here
gitlab       the jobs of GitLab's file: known keys, what they extend and need, who holds which role

Each linter must also refuse a file that was spoilt on purpose.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml
from judge import ROOT, Checks, said

sys.path.insert(0, str(ROOT / "tests/lib"))
import parts  # noqa: E402

CI = ROOT / "examples/ci"
GITHUB = sorted((CI / "github").glob("*.yml"))
GITLAB = CI / "gitlab/lifeboat.yml"
SCRIPTS = [CI / "lifeboat-ci.sh", CI / "pre-commit", ROOT / "examples/lib.sh", ROOT / "examples/quickstart.sh",
           *sorted((ROOT / "examples").glob("*/run"))]
PINNED = re.compile(r"^\s*(?:- )?uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")

# Job: (rights of the token, the role it may name, where the gate is).
GITHUB_RIGHTS = {
    "lifeboat-plan.yml/plan": ({"contents": "write", "id-token": "write", "pull-requests": "write",
                                "security-events": "write"}, "LIFEBOAT_PLAN_ROLE", None),
    "lifeboat-plan.yml/validate": ({"contents": "read"}, None, None),
    "lifeboat-apply.yml/reviewed": ({"contents": "read"}, None, None),
    "lifeboat-apply.yml/apply": ({"contents": "write", "id-token": "write"}, "LIFEBOAT_APPLY_ROLE",
                                 "lifeboat-apply"),
    "lifeboat-drift.yml/drift": ({"contents": "read", "id-token": "write", "issues": "write"},
                                 "LIFEBOAT_PLAN_ROLE", None),
}
GITLAB_RIGHTS = {"lifeboat-plan": ("$LIFEBOAT_PLAN_ROLE", None), "lifeboat-validate": (None, None),
                 "lifeboat-reviewed": (None, None), "lifeboat-apply": ("$LIFEBOAT_APPLY_ROLE", "lifeboat"),
                 "lifeboat-drift": ("$LIFEBOAT_PLAN_ROLE", None)}
# https://docs.gitlab.com/ci/yaml/
GITLAB_KEYS = {"extends", "image", "variables", "before_script", "script", "rules", "artifacts", "id_tokens",
               "needs", "environment", "resource_group", "timeout", "interruptible"}


def lint(checks, name, command, files, spoil):
    """Clean for `files`, and not for the one that `spoil` changes."""
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)
    checks.true(f"{name} finds nothing in {len(files)} files", done.returncode == 0, said(done))
    with tempfile.TemporaryDirectory(prefix="lifeboat-lint-") as folder:
        # the linters know a workflow by its place
        spoilt = pathlib.Path(folder, ".github/workflows", files[0].name)
        spoilt.parent.mkdir(parents=True)
        text = files[0].read_text(encoding="utf-8")
        spoilt.write_text(spoil(text), encoding="utf-8")
        checks.true(f"{name}: the file is spoilt", spoilt.read_text(encoding="utf-8") != text)
        done = subprocess.run([*command, str(spoilt)], capture_output=True, text=True, check=False)
        checks.true(f"{name} refuses a spoilt file", done.returncode != 0, said(done))


def linters(checks):
    try:
        lint(checks, "actionlint", [parts.actionlint(), "-no-color"], GITHUB,
             lambda text: text.replace("runs-on: ubuntu-24.04", "runs-on: ubuntu-7.10", 1))
    except parts.Unavailable as reason:
        checks.skip(f"actionlint: {reason}")
    try:
        lint(checks, "zizmor", [parts.zizmor(), "--offline", "--no-progress", "--persona", "pedantic"], GITHUB,
             lambda text: text.replace("run: bash", "run: echo ${{ github.event.pull_request.title }}; bash", 1))
    except parts.Unavailable as reason:
        checks.skip(f"zizmor: {reason}")
    if shutil.which("shellcheck"):
        lint(checks, "shellcheck", ["shellcheck", "-x", "-e", "SC1091"], SCRIPTS,
             lambda text: text.replace('"$work/', "$work/"))
    else:
        checks.skip("shellcheck is not installed")


def rights(checks):
    found = {}
    for path in GITHUB:
        text = path.read_text(encoding="utf-8")
        workflow = yaml.safe_load(text)
        checks.equal(f"{path.name}: a job has no right that it does not name", workflow["permissions"], {})
        loose = [line.strip() for line in text.splitlines() if "uses:" in line and not PINNED.match(line)]
        checks.equal(f"{path.name}: actions are pinned by a commit, with their version", loose, [])
        for name, job in workflow["jobs"].items():
            key = f"{path.name}/{name}"
            steps = job["steps"]
            role = {match for step in steps for value in step.get("env", {}).values()
                    for match in re.findall(r"LIFEBOAT_\w+_ROLE", str(value))}
            found[key] = (job.get("permissions"), *(role or {None}), job.get("environment"))
            checks.true(f"{key}: nothing is put into a command", not any("${{" in step.get("run", "") for step in steps))
            checks.true(f"{key}: the checkout keeps no token",
                        all(step["with"] == {"persist-credentials": False} for step in steps if "uses" in step))
            checks.true(f"{key} ends", job.get("timeout-minutes"))
            foreign = [step["run"] for step in steps
                       if "run" in step and not re.match(r"bash ci/lifeboat-ci\.sh [a-z]+$", step["run"])]
            checks.equal(f"{key}: all logic is in the script", foreign, [])
    checks.equal("the rights of the jobs", found, GITHUB_RIGHTS)


def gitlab(checks):
    jobs = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    base = jobs.pop(".lifeboat")
    found = {}
    for name, job in jobs.items():
        checks.equal(f"{name}: unknown keys", sorted(set(job) - GITLAB_KEYS), [])
        needed = {need["job"] if isinstance(need, dict) else need for need in job.get("needs", [])}
        checks.true(f"{name}: extends and needs jobs that are there",
                    job["extends"] == ".lifeboat" and needed <= set(jobs))
        found[name] = (job.get("variables", {}).get("LIFEBOAT_ROLE"), job.get("environment"))
        checks.equal(f"{name}: an identity token only where a role is taken",
                     bool(job.get("id_tokens", base["id_tokens"])), bool(found[name][0]))
        checks.true(f"{name}: all logic is in the script",
                    all(re.match(r"bash ci/lifeboat-ci\.sh [a-z]+$", line) for line in job["script"]), job["script"])
        checks.true(f"{name} has a rule", all(rule.get("if") for rule in job["rules"]) and job["rules"])
    checks.equal("the roles of GitLab's jobs", found, GITLAB_RIGHTS)
    apply = jobs["lifeboat-apply"]
    checks.true("one apply at a time, behind a gate",
                apply["resource_group"] and all(rule["when"] == "manual" for rule in apply["rules"]))


def hooks(checks):
    listed = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    checks.equal("the hook of the pre-commit tool", [(hook["id"], hook["entry"], hook["language"]) for hook in listed],
                 [("lifeboat-validate", "lifeboat validate", "system")])
    wanted = re.compile(listed[0]["files"])
    names = {"lifeboat.yaml": True, "a/lifeboat.yml": True, "lifeboat.west.yaml": True, "lifeboats.yaml": False,
             "lifeboat.schema.json": False}
    checks.equal("the files it looks at", {name: bool(wanted.search(name)) for name in names}, names)


def main():
    checks = Checks()
    for judge in (linters, rights, gitlab, hooks):
        with checks.guarded(judge.__name__):
            judge(checks)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
