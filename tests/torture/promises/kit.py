"""What the classes of the promises share: cases that are counted, a sandbox with what the example finds.

Each promise is one program beside this file, pN_NAME.py, with one class. Its methods whose names do
not begin with "_" are its groups; all run when none is named. It ends with the counts.
"""
import concurrent.futures
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "lib"), str(HERE.parent)]
import aws  # noqa: E402
import promises  # noqa: E402
from ground import LONG, SEED, SEEDS, Fault, Ground, Grounds, changes  # noqa: E402, F401
from sandbox import BUILD, ROOT, Sandbox  # noqa: E402, F401

EXAMPLE = (ROOT / "examples" / "two-region" / "lifeboat.yaml").read_text()
FLAG = "--auto-approve"


class World:
    """A sandbox and a folder with a spec; every run is held to P1, P5 and P6."""

    def __init__(self, spec=EXAMPLE, speed=2000):
        self.sandbox = Sandbox(speed)
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="lifeboat-promise-"))
        self.spec = spec
        self.write(spec)
        self.sandbox.client.play(SEEDS["zone"] + SEEDS["ci"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sandbox.stop()
        shutil.rmtree(self.work, ignore_errors=True)

    def write(self, spec, name="lifeboat.yaml"):
        (self.work / name).write_text(spec)

    def edit(self, before, after):
        if before not in self.spec:
            raise Fault(f"the spec has no {before!r}")
        self.spec = self.spec.replace(before, after)
        self.write(self.spec)

    def down(self, *names, state="down"):
        for name in names:
            self.sandbox.control("regions/" + name, {"state": state})

    def run(self, arguments, codes=(0,), env=None, timeout=240):
        """The result; what it sent is in .calls."""
        before = self.sandbox.count()
        done = self.sandbox.lifeboat(arguments, self.work, env, timeout=timeout)
        done.calls = self.sandbox.calls(before)
        faults = promises.broken(arguments[0], done.calls, [self.sandbox.env["AWS_SECRET_ACCESS_KEY"]],
                                 {"standard output": done.stdout, "standard error": done.stderr})
        if done.returncode not in codes:
            faults.append(f"exit {done.returncode}, not {codes}\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
        if faults:
            raise Fault(f"{' '.join(arguments)}: " + "\n".join(faults))
        return done

    def apply(self, *more, codes=(0,)):
        return self.run(["apply", FLAG, *more], codes)

    def empty(self, *more):
        return self.run(["plan", "--detailed-exitcode", *more])


def expect(condition, words):
    if not condition:
        raise Fault(words() if callable(words) else words)


class Promise:
    """Counts cases; a subclass has the groups."""

    def __init__(self):
        self.passed, self.failed = 0, 0
        self.random = random.Random(SEED)

    def case(self, name, act):
        try:
            said = act()
            self.passed += 1
            if said:
                print(f"ok   {name}: {said}", flush=True)
        except (Fault, aws.Failed, OSError, ValueError, RuntimeError, subprocess.TimeoutExpired) as error:
            self.failed += 1
            text = str(error) if isinstance(error, Fault) else \
                "".join(traceback.format_exception(error)[-3:])
            print(f"FAIL {name}: " + text[:4000].replace("\n", "\n     "), flush=True)

    def together(self, cases, workers):
        """Cases that mostly wait, side by side."""
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            for name, job in [(name, pool.submit(act)) for name, act in cases]:
                self.case(name, job.result)

    @classmethod
    def main(cls):
        groups = [name for name in vars(cls) if not name.startswith("_")]
        chosen = sys.argv[1:] or groups
        if set(chosen) - set(groups):
            sys.exit(f"groups: {' '.join(groups)}")
        promise = cls()
        print(f"{cls.__name__}: {cls.__doc__.splitlines()[0]} (seed {SEED})", flush=True)
        for name in chosen:
            before = promise.passed + promise.failed
            getattr(promise, name)()
            print(f"{cls.__name__} {name}: {promise.passed + promise.failed - before} cases", flush=True)
        print(f"{promise.passed} passed, {promise.failed} failed, 0 skipped")
        return 1 if promise.failed or not promise.passed else 0
