#!/usr/bin/env python3
"""P2: apply makes no call outside the plan that was approved; see the class."""
import json
import sys

from kit import EXAMPLE, FLAG, Fault, Promise, World, changes, expect
from promises import beyond_plan

EDITS = {"lifecycle": ("after: 7d", "after: 9d"), "schedule": ("every: 1h", "every: 2h"),
         "role": ("purpose: caller,", "purpose: caller, description: other,"),
         "objectives only": ("rto: 4h", "rto: 5h"), "versioning": ("keep_noncurrent: 30d", "keep_noncurrent: 40d"),
         "failover": ("active: primary ", "active: secondary "), "data nodes": ("count: 3", "count: 4")}

# What somebody else makes of the same place after the plan was made.
MOVED = {"lifecycle": "after: 8d", "schedule": "every: 3h", "role": "purpose: caller, description: theirs,",
         "versioning": "keep_noncurrent: 50d", "data nodes": "count: 6"}


def forge(document, name):
    if name == "a step more":
        document["steps"].append({**document["steps"][0], "id": "s999", "call": "s3:DeleteBucket"})
    elif name == "no steps":
        document["steps"] = []
    elif name == "another account":
        document["account"] = "999900001111"
    elif name == "another id":
        document["id"] = "0" * 64
    elif name == "another digest":
        document["steps"][0]["digest"] = "0" * 64
    elif name == "no findings":
        document["findings"] = [{"code": "LB-H001", "severity": "info", "summary": "x"}]
        document["complete"] = False
    return document


class P2OnlyWhatWasApproved(Promise):
    """apply makes no call outside the plan that was approved."""

    def approved(self):
        """Whatever the edit: the changes that the sandbox received are steps of the plan file."""
        for name in ["from nothing", *EDITS]:
            def act(name=name):
                with World() as world:
                    if name != "from nothing":
                        world.apply()
                        world.edit(*EDITS[name])
                    world.run(["plan", "--out", "plan.json"])
                    done = world.run(["apply", "plan.json"])
                    faults = beyond_plan(json.loads((world.work / "plan.json").read_text()), done.calls)
                    expect(not faults, "; ".join(faults))
                    return f"{len(changes(done.calls))} changes"
            self.case(name, act)

    def moved(self):
        """Somebody changed what the plan touches or rests on: exit 4, nothing is done."""
        for name, other in MOVED.items():
            def act(edit=EDITS[name], other=other):
                with World() as world:
                    world.apply()
                    world.edit(*edit)
                    world.run(["plan", "--out", "plan.json"])
                    world.write(EXAMPLE.replace(edit[0], other), "other.yaml")
                    world.run(["apply", FLAG, "other.yaml"])
                    done = world.run(["apply", "plan.json"], (4,))
                    expect(not changes(done.calls), "something was changed")
            self.case(f"{name} moved since", act)

    def forged(self):
        """A file can do nothing: what runs is planned anew, and a file that was edited is refused."""
        for name in ("a step more", "no steps", "another account", "another id", "another digest", "no findings"):
            def act(name=name):
                with World() as world:
                    world.run(["plan", "--out", "plan.json"])
                    document = forge(json.loads((world.work / "plan.json").read_text()), name)
                    (world.work / "plan.json").write_text(json.dumps(document))
                    done = world.run(["apply", "plan.json"], (1, 4))
                    if changes(done.calls):
                        raise Fault(f"it changed {changes(done.calls)}")
            self.case(f"forged, {name}", act)


if __name__ == "__main__":
    sys.exit(P2OnlyWhatWasApproved.main())
