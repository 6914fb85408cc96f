#!/usr/bin/env python3
"""P9: a string of a user or a server never drives a terminal, a CI runner or a reader's eye.

    tests/torture/promises/p9_inert.py [GROUP...]      LB_LONG=1 more rounds; LB_SEED=N repeats a run

Every string of tests/lib/hostile.py is planted in every place of a group; whatever lifeboat prints
or writes of it (every --format, events, plan files, trace logs) must be inert, and JSON must stay JSON
that reads back as the very string.
spec     values of the spec, keys too       world    file names, environment, options
file     every string of a plan file        live     live values of two regions, which must come back
noise    random strings of every answer     error    codes, messages and request ids of services
apply    what services say while it applies
"""
import concurrent.futures
import copy
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "lib"))
import hostile  # noqa: E402
import sinks  # noqa: E402
from sandbox import BUILD, ROOT, Sandbox  # noqa: E402

LONG = os.environ.get("LB_LONG") == "1"
SEED = int(os.environ.get("LB_SEED", random.SystemRandom().randrange(1_000_000)))
SEEDS = yaml.safe_load((HERE.parents[1] / "stories" / "seeds.yaml").read_text())
EXAMPLE = (ROOT / "examples" / "two-region" / "lifeboat.yaml").read_text()
OFFLINE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "LIFEBOAT_CLUSTER_URL": "http://127.0.0.1:9",
           "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x" * 40, "AWS_MAX_ATTEMPTS": "1",
           "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "CI": "true",
           "COLUMNS": "100", "LIFEBOAT_TIME_SCALE": "2000", "PATH": os.environ["PATH"]}
DOCUMENT = yaml.safe_load(EXAMPLE)
# The example with free words in it, and the same with a value in each place.
PLACES = {"bucket tag": "buckets/search-dr-west/tags/team", "domain tag": "domains/search/tags/team",
          "role description": "roles/operator/description", "role tag": "roles/operator/tags/team",
          "schedule description": "schedules/nightly/description"}
XML_PLACES = ("bucket tag", "role description", "role tag")


class Fault(Exception):
    pass


def spec(values):
    """The example with a value in each place; `values` is by place, or one for all."""
    document = copy.deepcopy(DOCUMENT)
    for name, path in PLACES.items():
        *parents, last = path.split("/")
        at = document
        for key in parents:
            at = at.setdefault(key, {})
        at[last] = values[name] if isinstance(values, dict) else values
    return document


def word(place):
    return "hostileplant" + place.replace(" ", "")


def run(arguments, cwd, env, codes, check_json=False, stdin=b""):
    """Runs lifeboat; everything it says is inert. Gives its standard output."""
    env = {**env, "LIFEBOAT_LOG": env.get("LIFEBOAT_LOG", "trace")}
    done = subprocess.run([str(BUILD / "lifeboat"), *arguments], cwd=cwd, env=env, input=stdin,
                          capture_output=True, timeout=120)
    found = [f"standard output: {one}" for one in sinks.faults(arguments, done.stdout)]
    found += [f"standard error: {one}" for one in hostile.faults(done.stderr)]
    if done.returncode not in codes:
        found.append(f"exit {done.returncode}, not {codes}: {done.stdout[-300:]!r} {done.stderr[-600:]!r}")
    documents = []
    if check_json and not found:
        try:
            documents = read_json(done.stdout, check_json)
        except ValueError as error:
            found.append(f"no JSON: {error}: {done.stdout[:300]!r}")
    if found:
        raise Fault(f"lifeboat {arguments!r}: " + "\n".join(found))
    return documents if check_json else done


def read_json(data, how):
    if how == "lines":
        return [json.loads(line) for line in data.decode().splitlines()]
    return json.loads(data) if data else None


def must_hold(document, data, where):
    text = data.decode()
    if text not in set(hostile.leaves(document)):
        raise Fault(f"{where} does not hold the string: {text!r}")


class P9Inert:
    def __init__(self, work):
        self.work = work
        self.passed, self.failed = 0, 0
        (work / "lifeboat.yaml").write_text(EXAMPLE)

    def attempt(self, group, name, act):
        try:
            act()
            self.passed += 1
        except (Fault, subprocess.TimeoutExpired, OSError, ValueError) as error:
            self.failed += 1
            print(f"FAIL {group}, {name}: " + str(error)[:3000].replace("\n", "\n     "), flush=True)

    def each(self, group, act, strings=None):
        before = self.passed
        strings = strings or hostile.STRINGS
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            jobs = {name: pool.submit(act, name, data) for name, data in strings.items()}
            for name, job in jobs.items():
                self.attempt(group, name, job.result)
        print(f"{'ok  ' if self.passed - before == len(strings) else 'FAIL'} {group}: "
              f"{self.passed - before} of {len(strings)} strings", flush=True)

    def folder(self, group, name):
        path = self.work / group / str(list(hostile.STRINGS).index(name))
        path.mkdir(parents=True)
        return path

    # --- offline

    def spec(self, name, data):
        """In every value (as YAML can spell it, and as raw bytes), as keys, and as names of objects."""
        work = self.folder("spec", name)
        text = data.decode("utf-8", "replace")
        fine = "\0" not in text and not hostile.HIDDEN.search(text) and hostile.carried(data, "json")
        (work / "quoted.yaml").write_text(json.dumps(spec(text)))
        raw = EXAMPLE.replace("topology: direct", "topology: hostileplant").encode()
        (work / "raw.yaml").write_bytes(raw.replace(b"hostileplant", data))
        (work / "comment.yaml").write_bytes(EXAMPLE.encode() + b"# " + data + b"\nbukets: {}\n")
        key = json.loads(json.dumps(spec("x")))
        key["buckets"][text] = {"region": "primary", text: text}
        key[text] = text
        (work / "key.yaml").write_text(json.dumps(key))
        for file in ("quoted", "raw", "comment", "key"):
            run(["validate", f"{file}.yaml"], work, OFFLINE, (0, 1, 3))
            run(["validate", "--format", "json", f"{file}.yaml"], work, OFFLINE, (0, 1, 3), "one")
            for form in ("sarif", "junit", "github"):
                run(["validate", "--format", form, f"{file}.yaml"], work, OFFLINE, (0, 1, 3))
        run(["plan", "key.yaml"], work, OFFLINE, (1, 3))
        if fine and 0 < len(text) < 200:
            documents = run(["plan", "--format", "json", "quoted.yaml"], work, OFFLINE, (0, 1, 2, 3, 8), "one")
            if documents and name != "blanks":
                run(["plan", "quoted.yaml"], work, OFFLINE, (0, 1, 2, 3, 8))

    def world(self, name, data):
        """File names, what the environment says, arguments."""
        work = self.folder("world", name)
        plain = data.replace(b"\0", b"")[:4000]
        file = os.fsdecode(plain.replace(b"/", b"_")[:200] or b"_")
        (work / file).write_text(EXAMPLE)
        run(["validate", "./" + file], work, OFFLINE, (0, 3))
        run(["validate", "--format", "json", "./" + file], work, OFFLINE, (0, 3), "one")
        for form in ("sarif", "junit", "github"):
            run(["validate", "--format", form, "./" + file], work, OFFLINE, (0, 3))
        run(["validate", "--", file], work, OFFLINE, (0, 3))
        (work / file).write_text("a: [")
        run(["validate", "--", file], work, OFFLINE, (1,))
        run(["show", "--", file], work, OFFLINE, (1,))
        (work / file).unlink()
        run(["validate", "--", file], work, OFFLINE, (1,))
        text = os.fsdecode(plain)
        for arguments in (["explain", text], [text], ["plan", "--" + text], ["plan", "--format", text],
                          ["plan", "--target", text], ["show", text, text], ["completion", text],
                          ["schema", text], ["apply", "--timeout", text], ["help", text]):
            run(arguments, self.work, OFFLINE, (0, 1, 3, 8, 9, 64))
        for variable in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "LIFEBOAT_CLUSTER_URL", "AWS_CONFIG_FILE",
                         "AWS_CA_BUNDLE", "LIFEBOAT_LOG", "LIFEBOAT_LOG_FILE", "AWS_MAX_ATTEMPTS",
                         "AWS_ACCESS_KEY_ID"):
            value = "/nonexistent/" + file if variable == "LIFEBOAT_LOG_FILE" else text
            run(["plan", "--target", "role.operator"], self.work, {**OFFLINE, variable: value},
                (0, 1, 3, 8, 9, 64))

    def file(self, name, data):
        """Every string of a plan file, one place after the other and all at once."""
        work = self.folder("file", name)
        base = {**self.saved, "format_version": "1.9"}  # of a later version: its id is taken as it is
        text = data.decode("utf-8", "surrogateescape")
        keep = {"format_version", "id"}

        def spoil(value, choose, key=""):
            if isinstance(value, dict):
                return {k: v if k in keep else spoil(v, choose, k) for k, v in value.items()}
            if isinstance(value, list):
                return [spoil(item, choose, key) for item in value]
            return text if isinstance(value, str) and choose(key) else value

        structure = {"action", "needs", "severity", "region", "active", "status", "address", "plane", "risk"}
        for number, choose in enumerate((lambda key: key not in structure, lambda key: True,
                                         lambda key: key in structure)):
            document = spoil(base, choose)
            path = work / f"plan{number}.json"
            path.write_bytes(json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogateescape"))
            codes = (0, 1)
            run(["show", path.name], work, OFFLINE, codes)
            shown = run(["show", "--format", "json", path.name], work, OFFLINE, codes, "one")
            for form in sinks.REPORTS:
                run(["show", "--format", form, path.name], work, OFFLINE, codes)
            run(["show", "--format", "markdown", "--max-bytes", "20000", path.name], work, OFFLINE, codes)
            if number == 0 and hostile.carried(data, "json") and text and "\0" not in text:
                if not shown:
                    raise Fault("show refuses a plan with that string")
                must_hold(shown, data, "show --format json")
        shutil.copy(self.work / "lifeboat.yaml", work)
        run(["apply", "--auto-approve", "plan0.json"], work, OFFLINE, (1, 3, 4, 8))

    # --- live

    def live(self, name, data):
        """Values that the services hold: shown, kept in the plan file, and read back unharmed."""
        work = self.folder("live", name)
        self.write(work, "other")
        with hostile.Proxy(self.sandbox.url) as proxy:
            proxy.change = lambda request, answer: hostile.plant(
                answer, {word(place): data for place in PLACES})
            env = self.sandbox.environment(proxy.env)
            codes = (0, 1, 2, 3, 5, 8, 9)
            run(["plan", "--out", "plan.json"], work, env, codes)
            document = run(["plan", "--format", "json"], work, env, codes, "one")
            run(["drift"], work, env, codes)
            if (work / "plan.json").exists():
                if hostile.faults((work / "plan.json").read_bytes()):
                    raise Fault(f"the plan file: {hostile.faults((work / 'plan.json').read_bytes())}")
                run(["show", "plan.json"], work, OFFLINE, (0,))
                again = run(["show", "--format", "json", "plan.json"], work, OFFLINE, (0,), "one")
                for form in sinks.REPORTS:
                    run(["show", "--format", form, "plan.json"], work, OFFLINE, (0,))
            if hostile.carried(data, "xml") and data:
                must_hold(document, data, "plan --format json")
                must_hold(again, data, "show --format json")

    def noise(self, name, data):
        rounds = (0.02, 0.2, 1.0) if LONG else (0.03, 1.0)
        work = self.folder("noise", name)
        self.write(work, "other")
        with hostile.Proxy(self.sandbox.url) as proxy:
            env = self.sandbox.environment(proxy.env)
            for share in rounds:
                chance = random.Random(f"{SEED}/{name}/{share}")
                proxy.change = lambda request, answer: hostile.scatter(answer, data, chance, share)
                codes = (0, 1, 2, 3, 5, 8, 9)
                run(["plan"], work, env, codes)
                run(["plan", "--format", "json"], work, env, codes, "one")
                run(["drift"], work, {**env, "LIFEBOAT_LOG": "info"}, codes)

    def error(self, name, data):
        work = self.folder("error", name)
        self.write(work, "other")
        with hostile.Proxy(self.sandbox.url) as proxy:
            env = self.sandbox.environment(proxy.env)
            for wire in ("own", "plain"):
                proxy.change = lambda request, answer: hostile.failure(
                    answer, data, answer.wire if wire == "own" else wire)
                run(["plan"], work, {**env, "LIFEBOAT_LOG": "debug"}, (1, 5, 8, 9))
                run(["plan", "--format", "json"], work, env, (1, 5, 8, 9), "one")
                form = sinks.REPORTS[len(name) % len(sinks.REPORTS)]
                run(["plan", "--format", form], work, env, (1, 5, 8, 9))

    def apply(self, name, data):
        """Writes are refused in hostile words; what is read in between has them too."""
        work = self.folder("apply", name)
        self.write(work, "other" + name.encode().hex()[:12])
        chance = random.Random(f"{SEED}/{name}")

        def refuse(request):
            writes = request.command in ("PUT", "DELETE") or any(
                verb in request.body for verb in (b"Action=Put", b"Action=Tag", b"Action=Update", b"TagList"))
            if not writes:
                return None
            answer = hostile.Answer(403, [], b"")
            scope = request.headers.get("Authorization", "").split("/")
            hostile.failure(answer, data, "xml" if scope[3:4] in (["s3"], ["iam"]) else "json")
            return answer

        with hostile.Proxy(self.sandbox.url) as proxy:
            env = self.sandbox.environment(proxy.env)
            proxy.instead = refuse
            proxy.change = lambda request, answer: hostile.plant(
                answer, {word(place): data for place in PLACES})
            arguments = ["apply", "--auto-approve", "--timeout", "60s"]
            for json_events in ((True, False) if LONG else (chance.random() < 0.5,)):
                if json_events:
                    run([*arguments, "--json"], work, env, (1, 3, 4, 5, 8, 9), "lines")
                else:
                    run(arguments, work, env, (1, 3, 4, 5, 8, 9))

    def write(self, work, value):
        (work / "lifeboat.yaml").write_text(json.dumps(spec(value)))

    def saved_plan(self):
        """A plan with creates, updates, findings and steps, to be spoiled."""
        sandbox = self.sandbox
        work = self.work / "saved"
        work.mkdir()
        self.write(work, "other")
        run(["plan", "--out", "plan.json"], work, sandbox.environment(), (0, 3))
        return json.loads((work / "plan.json").read_text())

    def start(self):
        self.sandbox = Sandbox(2000)
        self.sandbox.client.play(SEEDS["zone"] + SEEDS["ci"])
        work = self.work / "first"
        work.mkdir()
        (work / "lifeboat.yaml").write_text(json.dumps(spec({place: word(place) for place in PLACES})))
        run(["apply", "--auto-approve"], work, self.sandbox.environment(), (0,))
        self.saved = self.saved_plan()


def main():
    groups = sys.argv[1:] or ["spec", "world", "file", "live", "noise", "error", "apply"]
    with tempfile.TemporaryDirectory(prefix="lifeboat-inert-") as name:
        inert = P9Inert(pathlib.Path(name))
        print(f"seed {SEED}; {len(hostile.STRINGS)} strings", flush=True)
        inert.start()
        try:
            for group in groups:
                inert.each(group, getattr(inert, group))
        finally:
            inert.sandbox.stop()
    print(f"{inert.passed} passed, {inert.failed} failed, 0 skipped")
    return 1 if inert.failed or not inert.passed else 0


if __name__ == "__main__":
    sys.exit(main())
