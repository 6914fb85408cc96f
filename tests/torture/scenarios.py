#!/usr/bin/env python3
"""Trouble that lasts: roles that are seen late, configuration that flaps, storms, clocks that differ.

    tests/torture/scenarios.py     each scenario is a row of the tables below
"""
import pathlib
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
from ground import EXAMPLE, Fault, Ground, Grounds, Tally, changes  # noqa: E402

APPLY = ["apply", "--auto-approve"]
PROPAGATION_S = (0, 5, 20, 60, 120)
FLAPS = (1, 2, 5, 9)
SKEWS_S = (-1200, -240, 240, 1200)
JUMPS_S = ((1200,), (-1200,), (1200, -1200), (-1200, 1200, 0))
STORM_S, STORM_SCALE = 60, 30  # so long for lifeboat, whose waits are divided by the scale
# A retry costs 5 of a place's 500, and each call has a first attempt: places are few.
STORM_CALLS = 600
REFUSED_BY_SKEW = 40  # the calls that were under way before the first Date was seen



def refused(calls, status=403):
    return [call for call in calls if call["status"] == status]


class Scenarios:
    def __init__(self):
        self.grounds, self.tally = Grounds(), Tally("trouble that lasts")

    def setting(self, name, value):
        """An apply under a setting of the sandbox ends where an undisturbed one does."""
        with Ground(self.grounds["lived-in"]) as ground:
            ground.sandbox.control("settings", {name: value})
            ground.run(APPLY)
            ground.compare(once=False)
            early = sum(400 <= call["status"] < 500 for call in changes(ground.calls()))
            return f"{early} changes came too early" if early else ""

    def skew(self, seconds):
        with Ground(self.grounds["lived-in"]) as ground:
            ground.sandbox.control("settings", {"clock_skew_s": seconds})
            ground.run(APPLY)
            bad = len(refused(ground.calls()))
            bound = REFUSED_BY_SKEW if abs(seconds) > 900 else 0
            if bad > bound or (bound and not bad):
                raise Fault(f"{bad} calls were refused, at most {bound} and with a large skew at least one")
            ground.sandbox.control("settings", {"clock_skew_s": 0})
            ground.compare()
            return f"{bad} calls were refused"

    def jumps(self, jumps):
        """The two clocks come to differ by another time, once in each part of the run."""
        with Ground(self.grounds["lived-in"]) as ground:
            count = len(self.grounds["lived-in"].changes)
            moments = sorted(self.tally.random.sample(range(1, count - 5), len(jumps)))
            process = ground.sandbox.lifeboat_start(APPLY, EXAMPLE)
            try:
                for moment, seconds in zip(moments, jumps):
                    while process.poll() is None and len(changes(ground.calls())) < moment:
                        time.sleep(0.001)
                    ground.sandbox.control("settings", {"clock_skew_s": seconds})
                out, err = process.communicate(timeout=240)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            if process.returncode:
                raise Fault(f"exit {process.returncode}\n{out[-900:]}{err[-900:]}")
            bad = len(refused(ground.calls()))
            if not 1 <= bad <= REFUSED_BY_SKEW * len(jumps):
                raise Fault(f"{bad} calls were refused, 1 to {REFUSED_BY_SKEW} for each jump")
            ground.sandbox.control("settings", {"clock_skew_s": 0})
            ground.compare()
            return f"{bad} calls were refused"

    def storm(self):
        """Throttled without exception for a minute, then clear: few calls, and it ends well or says so."""
        with Ground(self.grounds["lived-in"]) as ground:
            ground.sandbox.control("faults", [{"do": "throttle"}])
            clear = threading.Timer(STORM_S / STORM_SCALE,
                                    lambda: ground.sandbox.control("faults", method="DELETE"))
            clear.start()
            result = ground.run(APPLY, (0, 8), env={"LIFEBOAT_TIME_SCALE": STORM_SCALE})
            clear.join()
            throttled = sum(call["status"] in (400, 429, 503) for call in ground.calls())
            if not throttled or throttled > STORM_CALLS:
                raise Fault(f"{throttled} calls were sent into the storm, at most {STORM_CALLS}")
            if result.returncode == 8 and "LB-A013" not in result.stdout + result.stderr:
                raise Fault(f"it does not tell of the storm:\n{result.stderr[-800:]}")
            ground.converge()
            return f"exit {result.returncode}, {throttled} calls sent into it"

    def run(self):
        self.tally.all(
            [(f"roles are seen {s} s late", lambda s=s: self.setting("iam_propagation_s", s)) for s in PROPAGATION_S] +
            [(f"{n} reads of a configuration flap", lambda n=n: self.setting("s3_config_flap", n)) for n in FLAPS] +
            [(f"clocks differ by {s} s", lambda s=s: self.skew(s)) for s in SKEWS_S] +
            [("a clock is set by " + ", then ".join(f"{s:+} s" for s in jumps), lambda jumps=jumps: self.jumps(jumps))
             for jumps in JUMPS_S] +
            [("throttled for a minute", self.storm)])
        return self.tally.end()


if __name__ == "__main__":
    sys.exit(Scenarios().run())
