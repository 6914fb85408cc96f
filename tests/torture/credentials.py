#!/usr/bin/env python3
"""Credentials that end in the middle of an apply, by a session that is over or a key that was revoked.

    tests/torture/credentials.py     LB_LONG=1 at every call; LB_SEED=N the moments that seed N chose

ended      no others are there: nothing more is changed, no poll goes on, exit 9, a message that names
           service, operation, object and next step; a run with fresh ones does the rest
renewed    the credentials file holds others by then: the run goes on with them to its end
another    it holds others of another account: nothing is sent with them but the question whose they are
unlisted   the list of what left the spec alone is refused: that never looks as if nothing had left it
"""
import json
import os
import pathlib
import re
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
from ground import EXAMPLE, LONG, Fault, Ground, Grounds, Tally, changes  # noqa: E402
from matrix import ADDRESS, UNBOUND, blocks  # noqa: E402

APPLY = ["apply", "--auto-approve"]
ENDINGS = {"expired": "LB-A011", "revoked": "LB-A026"}
OTHERS = "444455556666"
FEW = 6  # moments of an everyday run, for each ending


class Session:
    """Keys that end at the n-th call made with them."""

    def __init__(self, ground, **how):
        self.keys = ground.sandbox.client.json({"control": "sessions", "json": how})
        self.secrets = (self.keys["SecretAccessKey"], self.keys["SessionToken"])

    def end(self, ground, nth, how):
        ground.sandbox.control("faults", [{"access_key": self.keys["AccessKeyId"], "nth": nth,
                                           "count": 1_000_000, "do": how}])

    def environment(self):
        return {"AWS_ACCESS_KEY_ID": self.keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": self.secrets[0],
                "AWS_SESSION_TOKEN": self.secrets[1]}

    def write(self, path):
        """As a tool that renews does it: the new file takes the place of the old."""
        beside = path.with_suffix(".new")
        beside.write_text(f"[default]\naws_access_key_id = {self.keys['AccessKeyId']}\n"
                          f"aws_secret_access_key = {self.secrets[0]}\naws_session_token = {self.secrets[1]}\n")
        os.replace(beside, path)

    def calls(self, ground):
        return [call for call in ground.calls() if call.get("access_key") == self.keys["AccessKeyId"]]


def refused(session, ground, nth):
    """The calls that came with the session after its end."""
    return session.calls(ground)[nth - 1:]


def sent_after(log, line):
    """Names of the operations that lifeboat sent after that line of its log."""
    text = log.read_text()
    at = text.find(line)
    if at < 0:
        raise Fault(f"the log does not say: {line}")
    return re.findall(r" > (\w+:\w+) [A-Z]+ ", text[at:])


def check_message(code, text):
    told = [block for block in blocks(text) if block.startswith(f"error[{code}]")]
    if not told:
        raise Fault(f"no {code}:\n{text[-1500:]}")
    if not any(re.search(r"\b[a-z0-9]+:[A-Z]\w+", block) for block in told):
        raise Fault(f"the message names no operation:\n{told[0]}")
    if not any(ADDRESS.search(block) or UNBOUND.search(block) for block in told):
        raise Fault(f"the message names no object:\n{told[0]}")
    if not all("= try:" in block and "run again" in re.sub(r"\s+", " ", block) for block in told):
        raise Fault(f"the message names no next step:\n{told[0]}")


class Credentials:
    def __init__(self):
        self.grounds, self.tally = Grounds(), Tally("credentials that end")

    def check_stopped(self, ground, session, nth, log):
        """Nothing that changes anything was sent once the refusal was known, nor came through before."""
        late = refused(session, ground, nth)
        through = [call for call in changes(late) if call["status"] < 400]
        if through:
            raise Fault(f"changed after the end: {through[0]}")
        changing = {f"{call['service']}:{call['operation']}" for call in changes(ground.calls())}
        sent = [name for name in sent_after(log, "nothing more is changed") if name in changing]
        if sent:
            raise Fault(f"sent after the refusal was known: {', '.join(sent)}")
        return len(late)

    def ended(self, name, nth, how):
        with Ground(self.grounds[name]) as ground, tempfile.TemporaryDirectory() as folder:
            session, log = Session(ground), pathlib.Path(folder, "log")
            session.end(ground, nth, how)
            env = {**session.environment(), "LIFEBOAT_LOG": "trace", "LIFEBOAT_LOG_FILE": log}
            result = ground.run(APPLY, (0, 9), env=env, secrets=session.secrets)
            late = 0
            unsaid = [f"{call['service']}:{call['operation']}" for call in refused(session, ground, nth)]
            if result.returncode == 0 and unsaid:
                raise Fault(f"refused, and it says that all is well: {', '.join(unsaid)}")
            if result.returncode:
                late = self.check_stopped(ground, session, nth, log)
                check_message(ENDINGS[how], result.stdout + "\n" + result.stderr)
            if result.returncode and "Apply: " in result.stdout and "Run apply again" not in result.stdout:
                raise Fault(f"it does not say how to go on:\n{result.stdout[-600:]}")
            ground.converge()
            return f"exit {result.returncode}, {late} calls refused"

    def unlisted(self, how):
        """Nothing but the list of what left the spec is refused, of the closing plan and of drift. Credentials that are
        over end the run; who may not list, or got no answer, is told that this was not looked at."""
        refusal = [{"service": "tagging", "operation": "*", "region": "*", "do": how}]
        over = how in ENDINGS
        with Ground(self.grounds["fresh"]) as ground:
            lists = sum(call["service"] == "tagging" for call in ground.sandbox.calls())
            ground.run(["plan"], (0,))
            lists = sum(call["service"] == "tagging" for call in ground.sandbox.calls()) - lists
            ground.sandbox.control("faults", [{**refusal[0], "nth": lists + 1, "count": 1_000_000}])
            applied = ground.run(APPLY, (9,) if over else (0,))
            ground.sandbox.control("faults", method="DELETE")
            ground.sandbox.control("faults", refusal)
            drift = ground.run(["drift"], (9,) if over else (0,))
            planned = json.loads(ground.run(["plan", "--format", "json"], (9,) if over else (0,)).stdout)
            ground.sandbox.control("faults", method="DELETE")
            if planned["complete"] == over:
                raise Fault(f"a plan that is {'' if over else 'not '}complete")
            for text in (applied.stdout + "\n" + applied.stderr, drift.stdout + "\n" + drift.stderr):
                if over:
                    if ENDINGS[how] not in text:
                        raise Fault(f"it does not say that the credentials are over:\n{text[-900:]}")
                elif not re.search(r"LB-P030\].*what left the spec could not be listed.*tagging:GetResources", text):
                    raise Fault(f"it does not say what was not looked at:\n{text[-900:]}")
                if over and "ive matches the spec" in text:
                    raise Fault(f"it says that all is well:\n{text[-900:]}")
            ground.converge()
            return f"exit {applied.returncode}"

    def exchanged(self, name, nth, how, account=None):
        """The file's keys end at the n-th call; by then it holds others."""
        with Ground(self.grounds[name]) as ground, tempfile.TemporaryDirectory() as folder:
            path, log = pathlib.Path(folder, "credentials"), pathlib.Path(folder, "log")
            first, second = Session(ground), Session(ground, **({"account": account} if account else {}))
            first.end(ground, nth, how)
            first.write(path)
            process = ground.sandbox.lifeboat_start(
                APPLY, EXAMPLE, {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None,
                                 "AWS_SHARED_CREDENTIALS_FILE": path, "LIFEBOAT_LOG": "trace",
                                 "LIFEBOAT_LOG_FILE": log})
            try:
                while process.poll() is None and not first.calls(ground):
                    time.sleep(0.001)
                second.write(path)
                out, err = process.communicate(timeout=240)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            text = out + "\n" + err + "\n" + log.read_text()
            if any(secret in text for secret in first.secrets + second.secrets):
                raise Fault("a secret is in a text")
            return self.judge(ground, process.returncode, first, second, nth, log, out + "\n" + err, account)

    def judge(self, ground, code, first, second, nth, log, text, account):
        late, taken = refused(first, ground, nth), second.calls(ground)
        wanted = 9 if account and late else 0
        if code != wanted:
            raise Fault(f"exit {code}, not {wanted}\n{text[-1500:]}")
        if late and not taken:
            raise Fault("the file was not read again")
        if account and late:
            self.check_stopped(ground, first, nth, log)
            check_message("LB-A032", text)
            asked = {call["operation"] for call in taken}
            if asked != {"GetCallerIdentity"}:
                raise Fault(f"sent with keys of another account: {asked}")
            ground.converge()
        else:
            ground.compare()
        return f"exit {code}, {len(late)} calls refused"

    def moments(self, name):
        """Calls of an undisturbed apply: all, or some of those of its plan and of its steps."""
        calls = self.grounds[name].calls
        if LONG:
            return range(2, len(calls) + 1)
        first = self.first_change(name)
        return sorted({self.tally.random.randrange(2, first),
                       *self.tally.random.sample(range(first, len(calls)), FEW - 1)})

    def first_change(self, name):
        """From here on lifeboat knows whose its keys are: others are taken, or not, by that."""
        return next(at for at, call in enumerate(self.grounds[name].calls, 1) if call["mutating"])

    def run(self):
        cases = []
        for name in ("fresh", "lived-in"):
            for how in ENDINGS:
                cases += [(f"{name}: {how} at call {nth}", lambda n=name, c=nth, h=how: self.ended(n, c, h))
                          for nth in self.moments(name)]
            cases += [(f"{name}: renewed before call {nth}", lambda n=name, c=nth: self.exchanged(n, c, "expired"))
                      for nth in self.moments(name) if nth >= self.first_change(name)]
            cases += [(f"{name}: keys of another account before call {nth}",
                       lambda n=name, c=nth: self.exchanged(n, c, "revoked", OTHERS))
                      for nth in self.moments(name) if nth >= self.first_change(name)]
        cases += [(f"what left the spec cannot be listed: {how}", lambda h=how: self.unlisted(h))
                  for how in (*ENDINGS, "deny", "503")]
        self.tally.all(cases)
        return self.tally.end()


if __name__ == "__main__":
    sys.exit(Credentials().run())
