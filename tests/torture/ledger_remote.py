#!/usr/bin/env python3
"""A git server that refuses, asks, hangs, lies or breaks off: the ledger says which, in time.

    tests/torture/ledger_remote.py [TEST...]      LB_LONG=1 more and longer races

Real servers (git daemon, git's http-backend behind a password) and broken ones stand on loopback;
the checkout is a clone of depth 1, as CI makes it. Every call ends within its deadline, leaves no
process behind, prints nothing that drives a terminal, and tells no password.
"""
import base64
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import git_servers  # noqa: E402
import hostile  # noqa: E402
from sandbox import BUILD  # noqa: E402

LONG = os.environ.get("LB_LONG") == "1"
BRANCH = "refs/heads/lifeboat/dr"
SECRET = "s3cr3t-canary-91x"
SLACK = 4  # seconds on top of a deadline: starting and ending processes on a busy machine
CODES = {"refused": "LB-G012", "denied": "LB-G011", "unreachable": "LB-G010", "failed": "LB-G014"}


class Fault(Exception):
    pass


class Answer:
    def __init__(self, text, seconds):
        lines = text.decode().splitlines()
        self.text, self.seconds = text.decode(), seconds
        self.status, self.tip = lines[0], "" if lines[1] == "-" else lines[1]
        self.said = "\n".join(lines[2:])

    def must(self, status, words="", within=60):
        if self.status != status or words not in self.said:
            raise Fault(f"wanted {status}, {words!r}:\n{self.text[:1500]}")
        if status in CODES and not (self.said.startswith(CODES[status] + " ") and "\n" not in self.said):
            raise Fault(f"wanted one diagnostic {CODES[status]}:\n{self.text[:1500]}")
        if status in ("ok", "lost") and self.said:
            raise Fault(f"{status}, and yet it says: {self.said}")
        if self.seconds > within:
            raise Fault(f"took {self.seconds:.1f} s, at most {within}")
        return f"{self.seconds:.1f} s: {self.said[:110]}" if self.said else f"{self.seconds:.1f} s"


class Ground:
    """A server's repository `hub` with a ledger of three entries, and a checkout of depth 1."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="lifeboat-remote-", ignore_cleanup_errors=True)
        self.path = pathlib.Path(self.folder.name)
        self.hub = self.path / "hub"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.path), "GIT_CONFIG_NOSYSTEM": "1"}
        for key, value in (("user.name", "t"), ("user.email", "t@example.com"), ("init.defaultBranch", "main")):
            self.git(self.path, "config", "--global", key, value)
        self.git(self.path, "init", "-q", "--bare", "hub")
        tree = self.git(self.hub, "hash-object", "-w", "-t", "tree", "/dev/null")
        main = ledger = None
        for number in range(3):
            main = self.commit(self.hub, main, tree, f"code {number}")
            ledger = self.commit(self.hub, ledger, tree, f"entry {number}")
        self.git(self.hub, "update-ref", "refs/heads/main", main)
        self.git(self.hub, "update-ref", BRANCH, ledger)
        self.work = self.clone("work")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        left = self.processes()
        self.folder.cleanup()
        if left and not sys.exc_info()[0]:
            raise Fault(f"processes are left: {left}")

    def processes(self):
        for _ in range(100):
            lines = subprocess.run(["ps", "-eo", "pid,args"], stdout=subprocess.PIPE, text=True, check=True).stdout
            left = [line for line in lines.splitlines() if str(self.path) in line and "git-daemon" not in line]
            if not left:
                return []
            time.sleep(0.03)
        return left

    def git(self, where, *arguments):
        done = subprocess.run(["git", "-C", where, *arguments], env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise Fault(f"git {arguments}: {done.stderr}")
        return done.stdout.strip()

    def commit(self, where, parent, tree, words):
        return self.git(where, "commit-tree", *(("-p", parent) if parent else ()), "-m", words, tree)

    def clone(self, name):
        self.git(self.path, "clone", "-q", "--depth", "1", "-b", "main", f"file://{self.hub}", name)
        return self.path / name

    def address(self, url, work=None):
        self.git(work or self.work, "remote", "set-url", "origin", url)

    def tip(self):
        return self.git(self.hub, "rev-parse", BRANCH)

    def child(self, parent=None):
        """A commit of the checkout on the ledger's tip."""
        parent = parent or self.tip()
        self.git(self.work, "fetch", "-q", f"file://{self.hub}", BRANCH)
        return self.commit(self.work, parent, f"{parent}^{{tree}}", f"mine {time.monotonic_ns()}")

    def drive(self, verb, *more, seconds=50, work=None, env=None, branch=BRANCH):
        began = time.monotonic()
        command = [BUILD / "torture_remote", verb, (work or self.work) / ".git", branch, str(seconds), *more]
        done = subprocess.run(command, env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        if done.returncode or done.stderr:
            raise Fault(f"{command}: exit {done.returncode}: {done.stderr[-2000:]}")
        faults = hostile.faults(done.stdout)
        if faults or SECRET.encode() in done.stdout:
            raise Fault(f"not fit to print: {faults} {done.stdout[:1500]!r}")
        return Answer(done.stdout, time.monotonic() - began)

    def hook(self, script, name="pre-receive"):
        path = self.hub / "hooks" / name
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)


# --- a server as it should be ---------------------------------------------------------------------------

def works(ground):
    boundary = (ground.work / ".git" / "shallow").read_bytes()
    with git_servers.Daemon(ground.path) as daemon:
        ground.address(daemon.url("hub"))
        ground.drive("fetch").must("ok")
        if ground.git(ground.work, "rev-list", "--count", ground.tip()) != "3":
            raise Fault("not all of the history came")
        commit = ground.child()
        ground.drive("push", commit).must("ok")
        answer = ground.drive("tip")
        if answer.tip != commit or (ground.work / ".git" / "shallow").read_bytes() != boundary:
            raise Fault("the tip is another, or the shallow boundary moved")
        return answer.must("ok")


def race(ground):
    """Whoever is told that it won is on the branch, and nobody else."""
    writers, each = (16, 25) if LONG else (4, 5)
    with git_servers.Daemon(ground.path) as daemon:
        works_ = [ground.clone(f"racer{number}") for number in range(writers)]
        answers = [None] * writers

        def one(number):
            ground.address(daemon.url("hub"), works_[number])
            command = [BUILD / "torture_remote", "race", works_[number] / ".git", BRANCH, "60", str(each)]
            env = {**ground.env, "GIT_COMMITTER_NAME": f"racer {number}"}
            answers[number] = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True,
                                             timeout=500, check=False).stdout
        threads = [threading.Thread(target=one, args=(number,)) for number in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    won = [line.split()[1] for text in answers for line in text.splitlines() if line.startswith("won ")]
    lost = sum(int(count) for text in answers for count in re.findall(r"^lost (\d+) times", text, re.M))
    branch = ground.git(ground.hub, "rev-list", "--first-parent", BRANCH).split()
    if len(won) != writers * each or sorted(won) != sorted(branch[:-3]):
        raise Fault(f"{len(won)} won, {len(branch) - 3} on the branch, of {writers * each}\n"
                    + "\n".join(text[-300:] for text in answers))
    return f"{len(won)}/{writers * each} on the branch, {lost} times lost"


def gone(ground):
    with git_servers.Daemon(ground.path) as daemon:
        ground.address(daemon.url("hub"))
        tip, old = ground.tip(), ground.git(ground.hub, "rev-parse", BRANCH + "~2")
        commit = ground.child()
        ground.git(ground.hub, "update-ref", BRANCH, old)  # rewound
        if ground.drive("tip").tip != old:
            raise Fault("the rewound tip is not told")
        root = ground.commit(ground.hub, None, f"{tip}^{{tree}}", "rewritten")
        ground.git(ground.hub, "update-ref", BRANCH, root)
        ground.drive("push", commit).must("lost")
        ground.git(ground.hub, "update-ref", "-d", BRANCH)
        answer = ground.drive("tip")
        answer.must("ok")
        if answer.tip:
            raise Fault("the tip of no branch")
        ground.drive("fetch").must("ok")
        ground.hub.rename(ground.path / "elsewhere")
        said = ground.drive("tip").must("denied", "not exported")
        (ground.path / "elsewhere").rename(ground.hub)
        return said


# --- no ---------------------------------------------------------------------------------------------------

def refused(ground):
    with git_servers.Daemon(ground.path) as daemon:
        ground.address(daemon.url("hub"))
        ground.hook("echo 'not on a Friday' >&2; exit 1")
        before, commit = ground.tip(), ground.child()
        said = ground.drive("push", commit).must("refused", "not on a Friday")
        if ground.tip() != before:
            raise Fault("the branch moved")
        return said


def inert(ground):
    """Whatever a hook says; `drive` looks at what is printed."""
    with git_servers.Daemon(ground.path) as daemon:
        ground.address(daemon.url("hub"))
        ground.hook(f"cat {ground.path}/words >&2; exit 1")
        commit = ground.child()
        for name, words in hostile.STRINGS.items():
            (ground.path / "words").write_bytes(words + b"\n" + f"https://u:{SECRET}@h/x ".encode() + words)
            answer = ground.drive("push", commit)
            if answer.status != "refused" or len(answer.said) > 8000:
                raise Fault(f"{name}: {answer.text[:1500]}")
    return f"{len(hostile.STRINGS)} strings"


def denied(ground):
    said = []
    for status, wanted in ((401, "denied"), (403, "denied"), (404, "denied"), (407, "denied"),
                           (429, "unreachable"), (500, "unreachable"), (503, "unreachable")):
        with git_servers.says(status, b"go away\x1b[2J", WWW_Authenticate='Basic realm="x"',
                              Content_Type="text/plain") as server:
            ground.address(f"http://127.0.0.1:{server.port}/hub")
            for verb, more in (("tip", ()), ("fetch", ()), ("push", (ground.tip(),))):
                ground.drive(verb, *more).must(wanted, within=15)
            ground.address(f"http://user:{SECRET}@127.0.0.1:{server.port}/hub")
            said.append(f"{status} {ground.drive('tip').must(wanted, within=15)[-30:]}")
    return f"{len(said)} answers"


def terminal(ground):
    """At a terminal, and with programs that would ask at a window, nothing asks."""
    asked = ground.path / "asked"
    asker = ground.path / "asker"
    asker.write_text(f"#!/bin/sh\ntouch {asked}\nsleep 30\n")
    asker.chmod(0o755)
    ssh = ground.path / "ssh"
    ssh.write_text("#!/bin/sh\nif (: >/dev/tty) 2>/dev/null; then printf 'passphrase? ' >/dev/tty; read x </dev/tty; fi\n"
                   "echo 'git@h: Permission denied (publickey).' >&2\nexit 255\n")
    ssh.chmod(0o755)
    with git_servers.says(401, WWW_Authenticate='Basic realm="x"') as server:
        for url in (f"http://127.0.0.1:{server.port}/hub", "ssh://git@127.0.0.1/hub"):
            ground.address(url)
            ground.git(ground.work, "config", "core.askPass", str(asker))
            out = ground.path / "out"
            pid, terminal_ = pty.fork()
            if pid == 0:
                os.environ.update(ground.env, GIT_ASKPASS=str(asker), SSH_ASKPASS=str(asker), DISPLAY=":0",
                                  GIT_SSH_COMMAND=str(ssh))
                os.environ.pop("CI", None)
                os.dup2(os.open(out, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), 1)
                os.execv(BUILD / "torture_remote", ["torture_remote", "tip", str(ground.work / ".git"), BRANCH, "20"])
            shown, began = b"", time.monotonic()
            while select.select([terminal_], [], [], 25)[0]:
                try:
                    data = os.read(terminal_, 4096)
                except OSError:
                    break
                if not data:
                    break
                shown += data
            os.close(terminal_)
            os.waitpid(pid, 0)
            if shown or asked.exists():
                raise Fault(f"{url}: somebody was asked: {shown!r} {asked.exists()}")
            Answer(out.read_bytes(), time.monotonic() - began).must("denied", within=15)
    return "http and ssh"


def ssh(ground):
    """ssh is called in batch mode, unless the user says how it is called."""
    fake = ground.path / "bin"
    fake.mkdir()
    (fake / "ssh").write_text(f"#!/bin/sh\necho \"$@\" >{ground.path}/called\n"
                              "echo 'ssh: connect to host h port 22: Connection timed out' >&2\nexit 255\n")
    (fake / "ssh").chmod(0o755)
    env = {"PATH": f"{fake}:{ground.env['PATH']}"}
    ground.address("ssh://git@h/hub")
    said = ground.drive("tip", env=env).must("unreachable", "timed out")
    batch = (ground.path / "called").read_text()
    ground.git(ground.work, "config", "core.sshCommand", f"{fake}/ssh -i mine")
    ground.drive("tip", env=env).must("unreachable")
    own = (ground.path / "called").read_text()
    if "BatchMode=yes" not in batch or "BatchMode" in own or "-i mine" not in own:
        raise Fault(f"{batch}{own}")
    return said


# --- no answer --------------------------------------------------------------------------------------------

def unreachable(ground):
    port = git_servers.free_port()
    for url in (f"http://127.0.0.1:{port}/hub", f"git://127.0.0.1:{port}/hub", "http://git.invalid/hub",
                "git://git.invalid/hub"):
        ground.address(url)
        for verb, more in (("tip", ()), ("fetch", ()), ("push", (ground.tip(),))):
            said = ground.drive(verb, *more).must("unreachable", within=20)
    return said


def silent(ground):
    with git_servers.silent() as server:
        for scheme in ("git", "http"):
            ground.address(f"{scheme}://127.0.0.1:{server.port}/hub")
            for verb, more in (("tip", ()), ("fetch", ()), ("push", (ground.tip(),))):
                answer = ground.drive(verb, *more, seconds=2)
                said = answer.must("unreachable", "no end within", within=2 + SLACK)
                if answer.seconds < 1.9:
                    raise Fault(f"it gave up after {answer.seconds:.1f} s")
    return said


def helper_hangs(ground):
    """A credential helper that waits for somebody, and children of its own that would stay."""
    ground.git(ground.work, "config", "credential.helper", f"!sh -c 'trap \"\" TERM; sleep 31; : {ground.path}'")
    with git_servers.says(401, WWW_Authenticate='Basic realm="x"') as server:
        ground.address(f"http://127.0.0.1:{server.port}/hub")
        return ground.drive("tip", seconds=2).must("unreachable", "no end within", within=2 + SLACK)


def slow(ground):
    with git_servers.Daemon(ground.path) as daemon:
        def trickle(size, pause):
            def pass_on(data, send):
                for i in range(0, len(data), size):
                    send(data[i:i + size])
                    time.sleep(pause)
                return True
            return pass_on
        for size, pause, wanted, seconds in ((1, 0.2, "unreachable", 2), (16, 0.01, "ok", 40)):
            with git_servers.relay(daemon.port, trickle(size, pause)) as server:
                ground.address(f"git://127.0.0.1:{server.port}/hub")
                said = ground.drive("fetch", seconds=seconds).must(wanted, within=seconds + SLACK)
    return said


def cut(ground):
    """The connection breaks before the server changed anything, and after it did."""
    with git_servers.Daemon(ground.path) as daemon:
        before, commit = ground.tip(), ground.child()
        with git_servers.relay(daemon.port, lambda data, send: False) as server:
            ground.address(f"git://127.0.0.1:{server.port}/hub")
            ground.drive("push", commit).must("unreachable")
            ground.drive("fetch").must("unreachable")
            ground.drive("tip").must("unreachable")
        if ground.tip() != before:
            raise Fault("the branch moved")

        heard = []

        def until_taken(data, send):
            if b"".join(heard).endswith(b"0000"):  # this is the report
                return False
            heard.append(data)  # what the server has and can
            send(data)
            return True
        with git_servers.relay(daemon.port, until_taken) as server:
            ground.address(f"git://127.0.0.1:{server.port}/hub")
            said = ground.drive("push", commit).must("unreachable")
        ground.address(daemon.url("hub"))
        if ground.drive("tip").tip != commit:
            raise Fault("the push did not land: the test shows nothing")
        ground.drive("push", commit).must("ok")  # said again, it is there already
        return said


def garbage(ground):
    def endless(connection):
        connection.recv(65536)
        while True:
            connection.sendall(b"003f" + b"0" * 40 + b" refs/heads/aaaaaa\n" * 400)
    def page(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n<html>")
    with git_servers.Tcp(page) as server:
        ground.address(f"git://127.0.0.1:{server.port}/hub")
        ground.drive("tip").must("failed", "protocol error", within=10)
        # A page without a line's end is an empty repository to git; but nothing can be pushed there.
        ground.address(f"http://127.0.0.1:{server.port}/hub")
        ground.drive("push", ground.tip()).must("failed", within=10)
    with git_servers.says(200, b"<html>\nlog in</html>", Content_Type="text/html") as server:
        ground.address(f"http://127.0.0.1:{server.port}/hub")
        for verb, more in (("tip", ()), ("fetch", ()), ("push", (ground.tip(),))):
            ground.drive(verb, *more).must("failed", within=10)
    with git_servers.Tcp(endless) as server:
        ground.address(f"git://127.0.0.1:{server.port}/hub")
        answer = ground.drive("tip", seconds=3)
        if answer.status not in ("failed", "unreachable") or answer.seconds > 3 + SLACK:
            raise Fault(answer.text)
    with git_servers.says(200, b"001e# service=git-upload-pack\n00000032zzzz refs/heads/x\n0000",
                          Content_Type="application/x-git-upload-pack-advertisement") as server:
        ground.address(f"http://127.0.0.1:{server.port}/hub")
        return ground.drive("tip").must("unreachable", within=10)


# --- credentials ------------------------------------------------------------------------------------------

def credentials(ground):
    """A helper, a header and an address of the checkout each open the door; a wrong one is not told."""
    ground.git(ground.hub, "config", "http.receivepack", "true")
    with git_servers.backend(ground.path, "bot", SECRET) as server:
        host = f"127.0.0.1:{server.port}"
        plain, inside = f"http://{host}/hub", f"http://bot:{SECRET}@{host}/hub"
        helper = f"!f() {{ echo username=bot; echo password={SECRET}; }}; f"
        token = base64.b64encode(f"bot:{SECRET}".encode()).decode()
        asker = ground.path / "asker"
        asker.write_text(f"#!/bin/sh\ncase $1 in User*) echo bot;; *) echo {SECRET};; esac\n")
        asker.chmod(0o755)
        ways = (("a helper", plain, ("credential.helper", helper), {}),
                ("a header", plain, ("http.extraHeader", f"Authorization: Basic {token}"), {}),
                ("the address", inside, None, {}),
                ("the environment of CI", plain, None, {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "credential.helper",
                                                        "GIT_CONFIG_VALUE_0": helper}),
                ("a program of CI", plain, None, {"CI": "true", "GIT_ASKPASS": str(asker)}),
                ("and everything traced", inside, None, {"GIT_TRACE": "2", "GIT_TRACE_CURL": "2", "GIT_CURL_VERBOSE": "1",
                                                         "GIT_TRACE_REDACT": "0", "GIT_TRACE2": "2"}))
        for name, url, setting, env in ways:
            ground.address(url)
            if setting:
                ground.git(ground.work, "config", *setting)
            ground.drive("fetch", env=env).must("ok")
            commit = ground.child()
            said = ground.drive("push", commit, env=env).must("ok")
            if ground.drive("tip", env=env).tip != commit:
                raise Fault(f"{name}: it did not land")
            ground.hook("echo no >&2; exit 1")
            ground.drive("push", ground.child(), env=env).must("refused")
            (ground.hub / "hooks" / "pre-receive").unlink()
            if setting:
                ground.git(ground.work, "config", "--unset", setting[0])
        ground.address(plain)
        ground.drive("tip").must("denied", within=15)
        ground.address(inside.replace(SECRET, SECRET + "-old"))
        ground.drive("tip").must("denied", within=15)
    ground.address(inside)
    ground.drive("tip").must("unreachable", within=15)  # nobody is there any more
    return f"{len(ways)} ways, {said}"


TESTS = {test.__name__: test for test in (works, race, gone, refused, inert, denied, terminal, ssh, unreachable,
                                          silent, helper_hangs, slow, cut, garbage, credentials)}


def main():
    passed = failed = 0
    for name in sys.argv[1:] or TESTS:
        try:
            with Ground() as ground:
                said = TESTS[name](ground)
            passed += 1
            print(f"ok   git server: {name}: {said}", flush=True)
        except Exception as error:
            failed += 1
            text = str(error) if isinstance(error, Fault) else "".join(traceback.format_exception(error)[-3:])
            print(f"FAIL git server: {name}: " + text.replace("\n", "\n     "), flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
