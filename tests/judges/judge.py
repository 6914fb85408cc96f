"""What the judges of lifeboat share: checks that print a line each, and lifeboat as a command."""
import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lib"))
from parts import free_port  # noqa: E402,F401
LIFEBOAT = str(ROOT / "build/lifeboat")
SANDBOX = str(ROOT / "build/lifeboat-sandbox")
EAST, WEST, ACCOUNT = "us-east-1", "us-west-2", "111122223333"
SHOWN = 2000


class Checks:
    """Counts what holds and what does not, a line each."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def equal(self, name, got, wanted):
        self.true(name, got == wanted, f"\n     got    {got!r}\n     wanted {wanted!r}")

    def true(self, name, holds, detail=""):
        if holds:
            self.passed += 1
            print(f"ok   {name}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL {name}: {str(detail)[:SHOWN]}", flush=True)

    def skip(self, reason):
        self.skipped += 1
        print(f"skip {reason}", flush=True)

    @contextlib.contextmanager
    def guarded(self, name):
        """A judge that stumbles has failed; the next one still speaks."""
        try:
            yield
        except Exception as error:  # whatever a client library throws
            self.true(name, False, f"{type(error).__name__}: {error}")

    def finish(self):
        """Prints the counts; the exit status."""
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed else 0


def clean_environment(extra=None):
    """Nothing of the user's account."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "XDG_CACHE_HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env.update({"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                "AWS_EC2_METADATA_DISABLED": "true", "TERM": "dumb", "CI": "true",
                "LIFEBOAT_LEDGER": "none"})
    env.update(extra or {})
    return env


def lifeboat(arguments, env, spec=None, timeout=240):
    """Runs lifeboat. `spec` is text that becomes lifeboat.yaml, or the folder that holds one."""
    with contextlib.ExitStack() as stack:
        if spec is None or isinstance(spec, pathlib.Path):
            folder = spec or ROOT
        else:
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
            (folder / "lifeboat.yaml").write_text(spec, encoding="utf-8")
        return subprocess.run([LIFEBOAT, *arguments], cwd=folder, env=clean_environment(env),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout, check=False)


def said(done):
    """The end of what a command said, for a failed check."""
    return f"exit {done.returncode}\n{done.stdout[-SHOWN:]}\n{done.stderr[-SHOWN:]}"


def apply_and_plan(checks, where, env, spec):
    """lifeboat makes it so, and then sees nothing left to do."""
    done = lifeboat(["apply", "--auto-approve"], env, spec)
    checks.true(f"{where}: apply ends with 0", done.returncode == 0, said(done))
    again = lifeboat(["plan", "--detailed-exitcode"], env, spec)
    checks.true(f"{where}: the second plan is empty",
                again.returncode == 0 and "No changes." in again.stdout, said(again))


def wait_for_port(process, port, seconds=30):
    """True once the port takes connections; False when the process ended or time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        time.sleep(0.1)
    return False


@contextlib.contextmanager
def server(command, port, **options):
    """A server on 127.0.0.1, ended by its id."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, **options)
    try:
        if not wait_for_port(process, port):
            raise RuntimeError(f"{command[0]} did not start")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def deep(value):
    """An order that sets of statements and tags can be compared in."""
    if isinstance(value, dict):
        return {name: deep(item) for name, item in sorted(value.items())}
    if isinstance(value, list):
        return sorted((deep(item) for item in value), key=repr)
    return value


def tags(pairs):
    return {pair["Key"]: pair["Value"] for pair in pairs}
