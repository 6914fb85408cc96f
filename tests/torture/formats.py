#!/usr/bin/env python3
"""What reviewers see: every --format of plans small and large, friendly and hostile.

    tests/torture/formats.py [GROUP...]      LB_SEED=N repeats a run

same      a plan's format and that of its file are the same bytes, in any locale and width
hostile   every string of tests/lib/hostile.py in every place of a plan with something of everything
large     5,000 changes under the limit of each platform; what destroys and what is wrong is all there
fit       whatever --max-bytes is asked for: it fits and says so, or nothing is printed and it fails
fleet     several plans as one comment, scan, report and sum; more than 20 too
places    a report names the spec from the root of its git work tree, wherever and however it was planned
"""
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import hostile  # noqa: E402
import sinks  # noqa: E402
from sandbox import BUILD, ROOT, Sandbox  # noqa: E402

SEED = int(os.environ.get("LB_SEED", random.SystemRandom().randrange(1_000_000)))
OFFLINE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "PATH": os.environ["PATH"]}
COMMENT, SUMMARY = 65536, 1 << 20  # GitHub: characters of a comment, bytes of a step summary
ACTIONS = ("create", "update", "replace", "release", "read")


class Fault(Exception):
    pass


# --- plans that nobody made: files of a later minor version, whose id is taken as it is

def a_change(number, action, **more):
    fields = [{"path": "tags/team", "before": None if action == "create" else "old", "after": "new",
               "reason": "stated at line 3", "granule": "tags"},
              {"path": "policy", "before": {"a": "x" * 90}, "after": {"a": "y" * 90, "b": [1, 2]}, "reason": "",
               "granule": "policy"}]
    return {"address": f"bucket.data-{number:05}", "kind": "bucket", "side": "primary", "region": "us-east-1",
            "action": action, "reason": "it differs", "before": None, "after": {}, "fields": fields,
            "foreign": ["rule \"theirs\""], "unknown": ["arn"], "risk": "none", "disruption": None,
            "spec_range": {"file": "lifeboat.yaml", "line": number % 900 + 1, "column": 3}, **more}


def a_finding(number, severity, **more):
    return {"code": "LB-H001", "severity": severity, "summary": "a lifecycle rule can expire snapshot data",
            "detail": f"rule \"tidy-{number}\" expires objects after 7d", "why": "they are gone", "remedy": "`keep` them",
            "address": f"bucket.bad-{number:05}",
            "spec_range": {"file": "lifeboat.yaml", "line": number % 900 + 1, "column": 5, "end_line": number % 900 + 1,
                           "end_column": 9}, **more}


def a_step(number, needs=()):
    return {"id": f"s{number}", "address": f"bucket.data-{number:05}", "granule": "tags", "call": "s3:PutBucketTagging",
            "title": "set tags", "needs": list(needs), "plane": "control", "service": "s3", "region": "us-east-1",
            "estimate_s": 2, "risk": "none", "digest": "d"}


def a_plan(changes, findings=(), steps=(), **more):
    objective = {"declared_s": None, "supported_s": None, "evidence": "none yet"}
    return {"format_version": "1.9", "tool": {"name": "lifeboat", "version": "9.9.9"}, "id": "a" * 64,
            "made_at": "2026-01-01T00:00:00Z", "complete": True, "stack": "search-dr", "account": "111122223333",
            "partition": "aws", "regions": {"primary": "us-east-1", "secondary": "us-west-2"}, "active": "primary",
            "spec": {"path": "lifeboat.yaml", "git_path": "dr/lifeboat.yaml", "sha256": "b" * 64},
            "changes": list(changes), "steps": list(steps),
            "findings": list(findings), "observed": [], "objectives": {"rpo": objective, "rto": objective},
            "summary": {"unchanged": 7}, **more}


def everything():
    """Each action, risk and severity; a call that fails again and again; steps that need each other."""
    changes = [a_change(n, action) for n, action in enumerate(ACTIONS)]
    changes += [a_change(10, "update", disruption="blue/green deployment", risk="disruptive"),
                a_change(11, "update", risk="data-loss"), a_change(12, "release", region="")]
    findings = [a_finding(n, severity) for n, severity in enumerate(("error", "warning", "info"))]
    call = {"service": "s3", "operation": "GetBucketTagging", "request_id": "R", "error_code": "E", "http_status": 503}
    findings += [a_finding(9, "error", code="LB-A001", spec_range=None, **call) for _ in range(3)]
    findings += [a_finding(10, "warning", address=None, code="LB-X999", detail=None, why=None, remedy=None)]
    steps = [a_step(0), a_step(1, ["s0"]), a_step(2, ["s0", "s1"])]
    return a_plan(changes, findings, steps, complete=False, assumed_down=["us-west-2", "eu-west-1"])


def large(changes=5000, graves=60, errors=40, others=300):
    """What people fear: a page so long that nobody sees the one line that matters."""
    chance = random.Random(SEED)
    actions = ["update"] * (changes // 2) + ["create"] * (changes - changes // 2 - graves)
    actions += ["replace"] * (graves // 2) + ["release"] * (graves - graves // 2)
    chance.shuffle(actions)
    findings = [a_finding(n, "error") for n in range(errors)]
    findings += [a_finding(errors + n, "warning" if n % 2 else "info") for n in range(others)]
    steps = [a_step(n, [f"s{n - 1}"] if n % 10 else []) for n in range(changes)]
    return a_plan((a_change(n, action) for n, action in enumerate(actions)), findings, steps)


WORDS = {"replace": "REPLACE", "read": "look at"}
LINE = re.compile(r"^- \*\*([A-Za-z ]+)\*\* .*?`(bucket\.[\w-]+)`", re.M)
FOLDED = re.compile(r"^<details>.*?^</details>$", re.M | re.S)


def grave(change):
    """It destroys, lets go or disturbs."""
    disturbs = change["disruption"] or change["risk"] in ("disruptive", "data-loss")
    return change["action"] in ("replace", "release") or (change["action"] == "update" and bool(disturbs))


def line_of(change):
    return WORDS.get(change["action"], change["action"]), change["address"]


def must_tell(plan, text, what):
    """Each finding has its line, and each change that destroys, lets go or disturbs. These and errors stand
    open: who folds nothing out has seen them."""
    unfolded = set(LINE.findall(FOLDED.sub("", text)))
    lines = unfolded | set(LINE.findall(text))
    wanted = {(one["severity"], one["address"]) for one in plan["findings"] if one["address"]}
    seen = {line for line in wanted if line[0] == "error"} | {line_of(one) for one in plan["changes"] if grave(one)}
    missing = sorted(wanted - lines) + sorted(seen - unfolded)
    if missing:
        raise Fault(f"{what}: nothing is said of {missing[:5]}")


class Formats:
    def __init__(self, work):
        self.work = work
        self.passed, self.failed = 0, 0

    def run(self, arguments, codes=(0,), env=OFFLINE, cwd=None):
        done = subprocess.run([str(BUILD / "lifeboat"), *map(str, arguments)], cwd=cwd or self.work, env=env,
                              capture_output=True, timeout=120)
        if done.returncode not in codes:
            raise Fault(f"{arguments}: exit {done.returncode}, not {codes}: {done.stderr[-800:]!r}")
        found = sinks.faults(list(map(str, arguments)), done.stdout)
        found += [f"standard error: {one}" for one in hostile.faults(done.stderr)]
        if found:
            raise Fault(f"{arguments}: " + "; ".join(found[:5])[:2500])
        return done.stdout

    def attempt(self, name, act):
        try:
            said = act()
            self.passed += 1
            print(f"ok   {name}{': ' + said if said else ''}", flush=True)
        except (Fault, subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
            self.failed += 1
            print(f"FAIL {name}: " + str(error)[:3000].replace("\n", "\n     "), flush=True)

    def save(self, name, plan):
        path = self.work / name
        path.write_bytes(json.dumps(plan, ensure_ascii=False).encode("utf-8", "surrogateescape"))
        return path

    # --- same

    def same(self):
        with Sandbox(2000) as sandbox:
            for example in ("two-region", "hazard"):
                work = ROOT / "examples" / example
                file = self.work / f"{example}.json"
                env = sandbox.environment()
                self.run(["plan", "--out", file], (0, 3), env, work)
                for form in ("text", "json", *sinks.REPORTS):
                    def act(form=form):
                        made = self.run(["plan", "--format", form], (0, 3), env, work)
                        strange = {**OFFLINE, "LC_ALL": "tr_TR.UTF-8", "LANG": "ja_JP.eucJP", "TZ": "Asia/Kathmandu",
                                   "TERM": "dumb"}
                        if form not in ("text", "json"):
                            strange.update(COLUMNS="31", CLICOLOR_FORCE="1")
                        shown = self.run(["show", file, "--format", form], env=strange)
                        if form == "json":  # it says when it was made
                            made, shown = (re.sub(rb'"made_at": "[^"]*"', b"", one) for one in (made, shown))
                        if made != shown:
                            raise Fault(f"plan and show differ: {made[:600]!r} {shown[:600]!r}")
                        return f"{len(shown)} bytes"
                    self.attempt(f"{example} as {form} is the same from its file", act)

    # --- hostile

    def hostile(self):
        structure = {"format_version", "id", "action", "severity", "region", "status", "plane", "risk", "kind"}

        def spoil(value, text, key=""):
            if isinstance(value, dict):
                return {k: v if k in structure else spoil(v, text, k) for k, v in value.items()}
            if isinstance(value, list):
                return value if key == "needs" else [spoil(item, text, key) for item in value]
            return text if isinstance(value, str) and value != "" else value

        for name, data in hostile.STRINGS.items():
            def act(name=name, data=data):
                text = data.decode("utf-8", "surrogateescape")
                plan = spoil(everything(), text)
                for n, step in enumerate(plan["steps"]):
                    step["id"] = f"s{n}"  # they are referred to
                path = self.save("hostile.json", plan)
                codes = (0,) if hostile.carried(data, "json") else (1,)  # no JSON: nothing of it is shown
                for form in ("text", "json", *sinks.REPORTS):
                    self.run(["show", path, "--format", form], codes)
                for most in (20000, 5000):
                    self.run(["show", path, "--format", "markdown", "--max-bytes", most], (0, 1))
            self.attempt(f"hostile: {name}", act)

    # --- large

    def large(self):
        plan = large()
        path = self.save("large.json", plan)

        def page(most):
            def act():
                text = self.run(["show", path, "--format", "markdown", "--max-bytes", most]).decode()
                must_tell(plan, text, "markdown")
                marker = json.loads(sinks.MARKER.match(text)[1])
                if len(text) > most or not marker["truncated"] or "**Shortened to fit:**" not in text:
                    raise Fault(f"{len(text)} characters, {marker}")
                return f"{len(text)} characters"
            return act
        self.attempt("5,000 changes as a GitHub comment", page(COMMENT))
        self.attempt("5,000 changes as a step summary", page(SUMMARY))

        def whole():
            text = self.run(["show", path, "--format", "markdown"]).decode()
            must_tell(plan, text, "markdown")
            if {line_of(change) for change in plan["changes"]} - set(LINE.findall(text)) or "```mermaid" in text:
                raise Fault("a change is not there, or a picture is that nobody can see")
            if json.loads(sinks.MARKER.match(text)[1])["truncated"] or "Shortened" in text:
                raise Fault("it says that it was shortened")
            return f"{len(text)} characters"
        self.attempt("5,000 changes without a limit", whole)

        def sarif():
            data = self.run(["show", path, "--format", "sarif"])
            results = json.loads(data)["runs"][0]["results"]
            if len(results) != len(plan["findings"]):
                raise Fault(f"{len(results)} results of {len(plan['findings'])} findings")
            return f"{len(data)} bytes"
        self.attempt("340 findings as SARIF", sarif)

        def junit():
            root = xml.etree.ElementTree.fromstring(self.run(["show", path, "--format", "junit"]))
            wanted = len(plan["changes"]) + len(plan["findings"]) + 1
            if root.get("tests") != str(wanted) or root.get("failures") != "40":
                raise Fault(f"{root.attrib}")
        self.attempt("a case a change, a finding and the check as JUnit", junit)

        def github():
            lines = self.run(["show", path, "--format", "github"]).decode().splitlines()
            more = [line for line in lines if "more of this level" in line]
            told = {level: sum(line.startswith(f"::{level} ") for line in lines) for level in ("error", "warning", "notice")}
            counts = {level: int(re.search(r"and (\d+) more", next(line for line in more if f"::{level} " in line))[1])
                      for level in told}
            graves = 60 + 150
            wanted = {"error": 40 - 9, "warning": graves - 9, "notice": 1 + 150 + 4940 - 9}
            if told != {"error": 10, "warning": 10, "notice": 10} or counts != wanted:
                raise Fault(f"{told} {counts} {wanted}")
            if [line.split(" ")[0] for line in lines] != ["::error"] * 10 + ["::warning"] * 10 + ["::notice"] * 10:
                raise Fault("the most severe do not come first")
            if any("REPLACE" not in line and "release" not in line for line in lines[10:19]):
                raise Fault("among the warnings others come before what destroys")
        self.attempt("10 annotations of a level, and how many more", github)

        def many():
            findings = [a_finding(n, "error" if n % 100 == 0 else "info") for n in range(30000)]
            data = self.run(["show", self.save("many.json", a_plan([], findings)), "--format", "sarif"])
            results = json.loads(data)["runs"][0]["results"]
            left = 30000 - len(results) + 1
            if sum(result["level"] == "error" for result in results) != 300:
                raise Fault("an error was left out")
            if results[-1]["ruleId"] != "LB-U006" or f"{left} more" not in results[-1]["message"]["text"]:
                raise Fault(f"the cut is not told: {results[-1]}")
            return f"{len(results)} results, {len(data)} bytes"
        self.attempt("30,000 findings as SARIF", many)

        def wide():
            findings = [a_finding(n, "warning", detail="\u4e2d" * 1300, code=f"LB-X{n:05}") for n in range(6000)]
            data = self.run(["show", self.save("wide.json", a_plan([], findings)), "--format", "sarif"])
            results = json.loads(data)["runs"][0]["results"]
            if results[-1]["ruleId"] != "LB-U006" or len(results) < 1000:
                raise Fault(f"{len(results)} results")
            return f"{len(results)} results, {len(data)} bytes"
        self.attempt("findings of 4 KB each as SARIF", wide)

        def widget():
            report = json.loads(self.run(["show", path, "--format", "gitlab"]))
            if report != {"create": 2440 + 30, "update": 2500, "delete": 30}:
                raise Fault(report)
        self.attempt("5,000 changes as a sum", widget)

    # --- fit

    def fit(self):
        plans = {"large": large(600, 20, 5, 30), "everything": everything(), "errors": large(0, 0, 900, 0),
                 "nothing": a_plan([])}
        for name, plan in plans.items():
            path = self.save("fit.json", plan)

            def act(plan=plan, path=path):
                whole = len(self.run(["show", path, "--format", "markdown"]))
                chance, sizes, refused = random.Random(SEED), {}, 0
                tried = {1, 100, whole - 1, whole, *(chance.randrange(1, whole + 2) for _ in range(40))}
                for most in sorted(size for size in tried if size > 0):
                    text = self.run(["show", path, "--format", "markdown", "--max-bytes", most], (0, 1)).decode()
                    size = len(text.encode())
                    if size > most:
                        raise Fault(f"{size} bytes, at most {most}")
                    if not text:
                        if sizes:
                            raise Fault(f"{most} bytes are refused and fewer are not")
                        refused += 1
                        continue
                    sizes.setdefault(size, most)
                    must_tell(plan, text, f"--max-bytes {most}")
                    cut = json.loads(sinks.MARKER.match(text)[1])["truncated"]
                    if cut != (most < whole) or cut != ("**Shortened to fit:**" in text):
                        raise Fault(f"--max-bytes {most} of {whole}: truncated {cut}")
                if whole not in sizes or not refused or sorted(sizes) != list(sizes):
                    raise Fault(f"sizes {sizes}, {refused} refused, whole {whole}")
                return f"levels of {', '.join(map(str, sizes))} bytes, {refused} sizes refused"
            self.attempt(f"--max-bytes: {name}", act)

    # --- fleet

    def fleet(self):
        spec = (ROOT / "tests" / "stories" / "formats" / "other.yaml").read_text()
        for count in (3, 20, 21):
            paths = [f"s{n}.yaml" for n in range(count)]
            for n, path in enumerate(paths):
                (self.work / path).write_text(spec.replace("stack: status", f"stack: stack-{n}"))

            def act(count=count, paths=paths):
                with Sandbox(2000) as sandbox:
                    env = sandbox.environment()
                    out = {form: self.run(["plan", *paths, "--format", form], (0,), env) for form in sinks.REPORTS}
                    most = len(out["markdown"]) // 2
                    short = self.run(["plan", *paths, "--format", "markdown", "--max-bytes", most], (0,), env)
                markers = [json.loads(one) for one in sinks.MARKER.findall(short.decode())]
                if not 0 < len(short) <= most or not all(one["truncated"] for one in markers):
                    raise Fault(f"{len(short)} bytes of {most}, markers {markers}")
                if len(markers[0]["plans"]) != count or short.decode().count("**Shortened to fit:**") != 1:
                    raise Fault(short[:800])
                page = out["markdown"].decode()
                names = [f"stack-{n}" for n in range(count)]
                if json.loads(sinks.MARKER.match(page)[1])["stacks"] != names:
                    raise Fault(f"the first line is {page[:200]}")
                if [json.loads(one)["stack"] for one in sinks.MARKER.findall(page)[1:]] != names:
                    raise Fault("not a section a stack")
                runs = json.loads(out["sarif"])["runs"]
                if len(runs) != (count if count <= 20 else 1):
                    raise Fault(f"{len(runs)} runs")
                suites = xml.etree.ElementTree.fromstring(out["junit"])
                if [suite.get("name") for suite in suites] != names:
                    raise Fault("not a suite a stack")
                if json.loads(out["gitlab"]) != {"create": count, "update": 0, "delete": 0}:
                    raise Fault(out["gitlab"])
            self.attempt(f"{count} specs in every format", act)

    # --- places

    def places(self):
        """From the root, from the spec's folder, from beside it, by an absolute path and by a linked folder; with
        the ledger and without; online and shown elsewhere. Where there is no work tree: as it was typed."""
        def named(form, data):
            if form == "sarif":
                results = [one for run in json.loads(data)["runs"] for one in run["results"]]
                return {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results}
            if form == "junit":
                root = xml.etree.ElementTree.fromstring(data)
                return {case.get("file") for case in root.iter("testcase") if case.get("file")}
            return set(re.findall(r"^::\w+ file=([^,]*),", data.decode(), re.M))

        def same_place(env, folder, path, wanted, *options):
            for form, name in wanted.items():
                arguments = [path, "--format", form]
                found = {"plan": self.run(["plan", *arguments, *options], (0, 3), env, folder),
                         "validate": self.run(["validate", *arguments], (0, 3), OFFLINE, folder)}
                file = self.work / "placed.json"
                self.run(["plan", path, "--out", file, *options], (0, 3), env, folder)
                found["show"] = self.run(["show", file, "--format", form], env=OFFLINE, cwd="/")
                for verb, data in found.items():
                    names = named(form, data)
                    if names != {name}:
                        raise Fault(f"{verb} {path} in {folder} as {form}: {names}, not {name}")

        top, bare = self.work / "mono repo", self.work / "bare"
        spec = (ROOT / "examples" / "hazard" / "lifeboat.yaml").read_text()
        for folder in (top / "dr" / "a b", bare):
            folder.mkdir(parents=True)
            (folder / "lifeboat.yaml").write_text(spec)
        within = top / "dr" / "a b"
        (self.work / "linked").symlink_to(within)
        (top / "beside").mkdir()
        subprocess.run(["git", "init", "-q", top], check=True)
        wanted = {"sarif": "dr/a%20b/lifeboat.yaml", "junit": "dr/a b/lifeboat.yaml", "github": "dr/a b/lifeboat.yaml"}
        typed = dict.fromkeys(wanted, "lifeboat.yaml")
        cases = {"its root": (top, "dr/a b/lifeboat.yaml", wanted), "its folder": (within, "lifeboat.yaml", wanted),
                 "its folder, with a dot": (within, "./lifeboat.yaml", wanted),
                 "another folder": (top / "beside", "../dr/a b/lifeboat.yaml", wanted),
                 "an absolute path": (self.work, within / "lifeboat.yaml", wanted),
                 "a linked folder": (self.work, "linked/lifeboat.yaml", wanted),
                 "no work tree": (bare, "lifeboat.yaml", typed)}
        with Sandbox(2000) as sandbox:
            env = sandbox.environment()
            for name, (folder, path, names) in cases.items():
                for ledger in ("none", "local"):
                    self.attempt(f"the place in reports by {name}, --ledger {ledger}",
                                 lambda: same_place(env, folder, path, names, "--ledger", ledger))


def main():
    with tempfile.TemporaryDirectory(prefix="lifeboat-formats-") as name:
        formats = Formats(pathlib.Path(name))
        print(f"seed {SEED}", flush=True)
        for group in sys.argv[1:] or ["same", "hostile", "large", "fit", "fleet", "places"]:
            getattr(formats, group)()
    print(f"{formats.passed} passed, {formats.failed} failed, 0 skipped")
    return 1 if formats.failed or not formats.passed else 0


if __name__ == "__main__":
    sys.exit(main())
