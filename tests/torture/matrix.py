#!/usr/bin/env python3
"""Every fault at every call: over the apply of the two-region example, each call in turn is refused,
cut off, spoilt, lost or late, once or for good; and lifeboat is killed before it is sent, after it
was sent, and after its answer.

    tests/torture/matrix.py [K/N]     LB_LONG=1 every case, or every N-th from the K-th on;
                                      LB_SEED=N the slice that seed N chose

The whole matrix is the three tables below: FAULTS x the calls of an undisturbed apply x SPANS, and
MOMENTS x the same calls. After each case: the exit code, a message that names operation, object and
next step, a next run that converges to what an undisturbed run leaves, nothing made twice, nothing
of others touched (foreign.yaml).
"""
import collections
import pathlib
import re
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import shim  # noqa: E402
from ground import EXAMPLE, LONG, Fault, Ground, Grounds, Tally  # noqa: E402

UNREACHABLE, PERMISSION = 8, 9
UNREAD = "LB-P024"  # not written, since it could not be read before: holds the cause's words
REFUSED = "refuse"  # done by the preloaded shim: before a connection nothing knows of the call
# name, what the sandbox does, exit when it stays, codes that say so, whether an answer is spoilt
# after the work was done (then a Create may rightly be sent a second time)
Kind = collections.namedtuple("Kind", "name do exit codes spoils env", defaults=(False, {}))
FAULTS = (
    Kind("500", "500", UNREACHABLE, ("LB-A017",)),
    Kind("503", "503", UNREACHABLE, ("LB-A017",)),
    Kind("throttle", "throttle", UNREACHABLE, ("LB-A013",)),
    Kind("connection refused", REFUSED, UNREACHABLE, ("LB-A014",)),
    Kind("reset before the answer", "reset", UNREACHABLE, ("LB-A018",)),
    Kind("reset in the answer", "reset_body", UNREACHABLE, ("LB-A018",), True),
    Kind("truncated body", "truncate", UNREACHABLE, ("LB-A018",), True),
    Kind("garbage body", "garbage", UNREACHABLE, ("LB-A019",), True),
    Kind("page instead of an answer", "page", UNREACHABLE, ("LB-A019",), True),
    Kind("wrong content type", "wrong_type", 0, (), True),
    Kind("reply lost", "drop_reply", UNREACHABLE, ("LB-A018",), True),
    Kind("2 s past the deadline", "delay:2s", UNREACHABLE, ("LB-A016",), True,
         {"LIFEBOAT_CALL_TIMEOUT": "1s"}),
    Kind("no answer at all", "hang", UNREACHABLE, ("LB-A016",), False,
         {"LIFEBOAT_CALL_TIMEOUT": "1s"}),
    Kind("access denied", "deny", PERMISSION, ("LB-A010",)),
)
KINDS = [kind for kind in FAULTS if kind.do != REFUSED or not shim.missing()]
SPANS = {"once": 1, "for good": 1_000_000}

# When SIGKILL comes: while a call is held before it is performed; while its answer is held; when
# the answer was sent.
MOMENTS = {"before it is sent": "hang", "after it is sent": "delay:60s", "after its answer": None}

# The same call is repeated while something converges: its first ones, and the last.
REPEATS = 4
ADDRESS = re.compile(r"\b(role|bucket|domain|role_mapping|repository|schedule|alarm|health_check|"
                     r"failover)\.[a-z0-9.@-]+")
# Calls that are for no object of the spec: who am I, and what is there that left it.
UNBOUND = re.compile(r"\b(sts|tagging):")


Call = collections.namedtuple("Call", "service operation region resource mutating nth at")


def calls_of(kept):
    """Each call of an undisturbed apply, by what it asks and how often that was asked before."""
    seen, calls = collections.Counter(), []
    for at, entry in enumerate(kept.calls, 1):
        key = (entry["service"], entry["operation"], entry["region"], entry["resource"], entry["mutating"])
        seen[key] += 1
        calls.append(Call(*key, seen[key], at))
    return [call for call in calls if call.nth <= REPEATS or call.nth == seen[call[:5]]]


def words(call):
    return f"{call.service}:{call.operation} {call.region} {call.resource or '-'} #{call.nth}"


def fault_of(call, do, count):
    return {"service": call.service, "operation": call.operation, "region": call.region,
            "resource": call.resource, "nth": call.nth, "count": count, "do": do}


def met(ground):
    """Whether the fault came to its call: polls are not the same number in every run."""
    fault = ground.sandbox.client.json({"control": "faults"})[0]
    return fault.get("seen", 0) >= fault["nth"]


def blocks(text):
    """The diagnostics of a run, one text each."""
    return re.split(r"\n[ !]*(?=(?:error|warning|info)\[)", "\n" + text)


def unreachable(log):
    """The operations that had no connection, in lifeboat's own log: a refused connection hits whichever
    call the loop sends at that point."""
    return set(re.findall(r" (\w+:\w+) .* outcome=unreachable", log.read_text())) if log.exists() else set()


def check_message(kind, hit, text):
    """It names service and operation of a call that was hit, the object, and the next step."""
    label = r"\b(" + "|".join(map(re.escape, sorted(hit))) + r")\b"
    told = [block for block in blocks(text) if block.startswith("error[") and re.search(label, block)]
    if not told:
        raise Fault(f"no error names {label}:\n" + "\n".join(b for b in blocks(text) if b.startswith("error["))[-1500:])
    code = re.match(r"error\[([A-Z0-9-]+)\]", told[0])[1]
    if code not in (*kind.codes, UNREAD):
        raise Fault(f"{code}, not {' or '.join(kind.codes)}:\n{told[0]}")
    if not any(ADDRESS.search(block) or UNBOUND.search(block) for block in told):
        raise Fault(f"the message names no object:\n{told[0]}")
    if not all("= try:" in block for block in told):
        raise Fault(f"the message names no next step:\n{told[0]}")


class Matrix:
    def __init__(self):
        self.grounds, self.tally = Grounds(), Tally("every fault at every call")
        self.missed = 0

    def disturb(self, name, call, kind, span):
        with Ground(self.grounds[name]) as ground:
            env, log = dict(kind.env), pathlib.Path(ground.folder.name, "log")
            if kind.do == REFUSED:
                ground.sandbox.control("settings", {"close_each": 1})
                env = {**shim.environment("connect", call.at, SPANS[span], "ECONNREFUSED"),
                       "LIFEBOAT_LOG": "info", "LIFEBOAT_LOG_FILE": log}
            else:
                ground.sandbox.control("faults", [fault_of(call, kind.do, SPANS[span])])
            lasting = span != "once"
            allowed = {0, kind.exit} if lasting else {0, kind.exit if kind.exit == PERMISSION else 5}
            if not lasting and call.mutating:
                allowed.add(kind.exit)
            result = ground.run(["apply", "--auto-approve"], sorted(allowed), env=env)
            hit = kind.do == REFUSED or met(ground)
            ground.sandbox.control("faults", method="DELETE")
            ground.sandbox.control("settings", {"close_each": 0})
            if result.returncode == 0:
                ground.compare(once=not kind.spoils)
            else:
                struck = unreachable(log) if kind.do == REFUSED else {f"{call.service}:{call.operation}"}
                check_message(kind, struck, result.stdout + "\n" + result.stderr)
            ground.converge(once=not kind.spoils)
            self.missed += not hit
            return f"exit {result.returncode}" + ("" if hit else ", never met")

    def kill(self, name, call, moment):
        do = MOMENTS[moment]
        with Ground(self.grounds[name]) as ground:
            if do:
                ground.sandbox.control("faults", [fault_of(call, do, 1)])
            process = ground.sandbox.lifeboat_start(["apply", "--auto-approve"], EXAMPLE)
            try:
                hit = self.wait_for(ground, process, call)
                process.send_signal(signal.SIGKILL)
                process.communicate(timeout=60)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            ground.sandbox.control("faults", method="DELETE")
            ground.converge()
            self.missed += not hit
            return f"exit {process.returncode}" + ("" if hit else ", never met")

    @staticmethod
    def wait_for(ground, process, call):
        """Until the sandbox has seen that call; False when lifeboat ended before."""
        while process.poll() is None:
            seen = sum(call[:4] == (entry["service"], entry["operation"], entry["region"], entry["resource"])
                       for entry in ground.calls())
            if seen >= call.nth:
                return True
            time.sleep(0.002)
        return False

    def cases(self):
        for name in ("fresh", "lived-in"):
            for call in calls_of(self.grounds[name]):
                for kind in KINDS:
                    for span in SPANS:
                        yield (name, call, kind, span), self.disturb
                for moment in MOMENTS:
                    yield (name, call, moment), self.kill

    def slice(self, cases):
        """One of each fault (or moment), span, and reads or changes."""
        groups = collections.defaultdict(list)
        for arguments, act in cases:
            groups[tuple(getattr(part, "name", part) for part in arguments[2:]), arguments[1].mutating].append((arguments, act))
        return [self.tally.random.choice(group) for group in groups.values()]

    def run(self):
        cases = list(self.cases())
        first, step = map(int, (sys.argv[1:] or ["0/1"])[0].split("/"))
        chosen = cases[first::step] if LONG else self.slice(cases)
        self.tally.all([(" ".join((arguments[0] + ":", *(getattr(part, "name", part) for part in arguments[2:]),
                                   "at", words(arguments[1]))),
                         lambda arguments=arguments, act=act: act(*arguments)) for arguments, act in chosen])
        if shim.missing():
            print(f"no refused connections: {shim.missing()}")
        print(f"{len(chosen)} of {len(cases)} cases; {self.missed} never met their call")
        if self.missed > len(chosen) // 10:
            self.tally.attempt("most faults come to their call", self.too_many)
        return self.tally.end()

    def too_many(self):
        raise Fault(f"{self.missed} did not")


if __name__ == "__main__":
    sys.exit(Matrix().run())
