#!/usr/bin/env python3
"""P3: killed at any instant and run again, it converges; see the class."""
import signal
import sys
import time

from kit import FLAG, LONG, Grounds, Ground, Fault, Promise, changes
from ground import EXAMPLE


class P3KilledAnywhere(Promise):
    """Killed at any instant and run again it converges: nothing lost, nothing made twice.

    The matrix of tests/torture kills around each call; here the instant is any, and one apply is
    killed again and again. The seed gives the instants.
    """

    def __init__(self):
        super().__init__()
        self._grounds = Grounds()
        with Ground(self._grounds["fresh"]) as ground:
            began = time.monotonic()
            ground.run(["apply", FLAG])
            self._took = time.monotonic() - began

    @staticmethod
    def _kill_after(ground, seconds, arguments=("apply", FLAG)):
        """Its exit code: 0 when it was done before."""
        process = ground.sandbox.lifeboat_start(list(arguments), EXAMPLE)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        return process.returncode

    def _instants(self, count):
        """Spread over an apply, denser at its beginning, where most calls are sent."""
        return [self._took * ((i + self.random.random()) / count) ** 2 for i in range(count)]

    def once(self):
        for kept in ("fresh", "lived-in"):
            for seconds in self._instants(40 if LONG else 6):
                def act(kept=kept, seconds=seconds):
                    with Ground(self._grounds[kept]) as ground:
                        code = self._kill_after(ground, seconds)
                        seen = len(changes(ground.calls()))
                        ground.converge()
                        return f"{seen} changes were made, exit {code}"
                self.case(f"{kept}, killed after {seconds * 1000:.0f} ms", act)

    def again_and_again(self):
        """Each run is killed a moment after it began, until one gets through."""
        for kept in ("fresh", "lived-in"):
            for number in range(10 if LONG else 2):
                def act(kept=kept):
                    with Ground(self._grounds[kept]) as ground:
                        kills, seconds = 0, 0.02
                        while self._kill_after(ground, seconds * self.random.uniform(0.5, 1.5)) == -signal.SIGKILL:
                            kills, seconds = kills + 1, seconds * 1.12
                            if kills > 60:
                                raise Fault("60 runs were killed and none got through")
                        if kills < 5:
                            raise Fault(f"only {kills} kills")
                        ground.converge()
                        return f"{kills} kills, {len(changes(ground.calls()))} changes"
                self.case(f"{kept}, round {number + 1}", act)

    def readers(self):
        """A plan that is killed leaves nothing behind."""
        def act():
            with Ground(self._grounds["lived-in"]) as ground:
                for seconds in self._instants(12 if LONG else 4):
                    self._kill_after(ground, seconds / 4, ("plan",))
                if changes(ground.calls()):
                    raise Fault("a plan changed something")
                ground.converge()
        self.case("plans killed at any instant", act)


if __name__ == "__main__":
    sys.exit(P3KilledAnywhere.main())
