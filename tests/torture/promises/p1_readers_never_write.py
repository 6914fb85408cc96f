#!/usr/bin/env python3
"""P1: what reads never writes; see the class."""
import sys

from kit import FLAG, Fault, Promise, World, changes
from promises import READERS

FORMATS = ("text", "json", "markdown", "sarif", "junit", "github", "gitlab")
RUNS = [["plan", "--format", form] for form in FORMATS] + [["drift", "--format", form] for form in FORMATS] + [
    ["plan", "--out", "plan.json"], ["plan", "--detailed-exitcode"], ["plan", "--target", "domain.search@primary"],
    ["plan", "--exclude", "bucket.search-dr-west"], ["plan", "--assume-down", "us-east-1"],
    ["plan", "--assume-down", "us-west-2"], ["drift"], ["show", "plan.json"], ["show", "--format", "json", "plan.json"],
    ["validate"], ["explain", "LB-P033"], ["schema", "bucket"], ["version", "--json"], ["completion", "bash"], ["help"]]
CODES = (0, 1, 2, 3, 8, 9)


class P1ReadersNeverWrite(Promise):
    """No verb but apply sends a call that changes anything, whatever the world looks like."""

    def _all(self, name, prepare):
        with World() as world:
            prepare(world)
            for arguments in RUNS:
                def act(arguments=arguments):
                    done = world.run(arguments, CODES)  # held to P1 by what the sandbox received
                    if changes(done.calls) or arguments[0] not in READERS:
                        raise Fault(f"it changed {changes(done.calls)}")
                self.case(f"{name}: {' '.join(arguments)}", act)

    def nothing_there(self):
        self._all("nothing there", lambda world: None)

    def as_in_the_spec(self):
        self._all("as in the spec", lambda world: world.apply())

    def drifted(self):
        def prepare(world):
            world.apply()
            world.edit("after: 7d", "after: 9d")
            world.edit("every: 1h", "every: 2h")
            world.edit("purpose: caller,", "purpose: caller, description: other,")
        self._all("drifted", prepare)

    def failing(self):
        def prepare(world):
            world.apply()
            world.edit("active: primary ", "active: secondary ")
            world.down("us-east-1")
        self._all("a region down", prepare)

        def deny(world):
            world.sandbox.control("faults", [{"service": "s3", "operation": "Get*", "do": "deny"},
                                             {"service": "iam", "operation": "Get*", "do": "deny"}])
        self._all("reads denied", deny)

    def without_consent(self):
        """apply, too, changes nothing until the plan was approved."""
        def act():
            with World() as world:
                for arguments, codes in (([], (64,)), (["--plan", "0" * 64], (4,)), ([FLAG, "--timeout", "x"], (64,)),
                                         ([FLAG, "--target", "bucket.no"], (64,))):
                    done = world.run(["apply", *arguments], codes)
                    if changes(done.calls):
                        raise Fault(f"apply {arguments} changed {changes(done.calls)}")
        self.case("apply without consent", act)


if __name__ == "__main__":
    sys.exit(P1ReadersNeverWrite.main())
