#!/usr/bin/env python3
"""P4: exit 0 only if live equals the spec; see the class."""
import sys

from kit import LONG, Grounds, Ground, Promise, World
from p2_only_what_was_approved import EDITS


class P4DoneIsDone(Promise):
    """Exit 0 only if live equals the spec, and a plan right after an apply is empty."""

    def edits(self):
        for name, edit in EDITS.items():
            def act(edit=edit):
                with World() as world:
                    world.apply()
                    world.empty()
                    world.edit(*edit)
                    world.apply()
                    world.empty()
                    world.run(["drift"])
            self.case(f"{name}: the next plan is empty", act)

    def swallowed(self):
        """A service that says "done" and does nothing: never 0."""
        grounds = Grounds()
        changes = grounds["fresh"].changes
        for number in range(len(changes)) if LONG else self.random.sample(range(len(changes)), 6):
            call = changes[number]

            def act(call=call):
                with Ground(grounds["fresh"]) as ground:
                    ground.sandbox.control("faults", [{"service": call["service"], "operation": call["operation"],
                                                       "region": call["region"], "do": "swallow"}])
                    done = ground.run(["apply", "--auto-approve", "--timeout", "2h"], (0, 5, 6))
                    ground.sandbox.control("faults", method="DELETE")
                    if done.returncode == 0:
                        ground.run(["plan", "--detailed-exitcode"])
                    return f"exit {done.returncode}"
            self.case(f"swallowed {call['service']}:{call['operation']}", act)


if __name__ == "__main__":
    sys.exit(P4DoneIsDone.main())
