#!/usr/bin/env python3
"""P7: the failover path needs the surviving region alone; see the class."""
import json
import sys

from kit import EXAMPLE, FLAG, Promise, World, changes, expect

DEAD, GLOBAL = "us-east-1", ("iam", "route53")
SECTIONS = {"direct": EXAMPLE,
            "dual": EXAMPLE.replace("topology: direct ", "topology: dual "),
            "replicated": EXAMPLE.replace("topology: direct ", "replication: {delete_markers: false}\n    topology: replicated ").replace(
                "{primary: search-dr-west, secondary: search-dr-east}",
                "{primary: search-dr-east, secondary: search-dr-west}"),
            "cold": EXAMPLE.replace("{mode: warm}", "{mode: cold}")}
# What a failover plan does while the region is down, by topology: the rest waits for it to come back.
WORK = {"direct": set(), "dual": {"cluster:CreateRepository", "cluster:CreateSnapshotManagementPolicy"},
        "replicated": {"cluster:CreateRepository", "cluster:CreateSnapshotManagementPolicy"},
        "cold": {"opensearch:CreateDomain", "cluster:PatchRoleMappings"}}


def gone(world):
    world.down(DEAD, *GLOBAL)


def survivors(calls, dead=DEAD):
    """No call to the dead region, nor to what is run from there."""
    wrong = [f"{c['service']}:{c['operation']} in {c['region']}" for c in calls
             if c["region"] == dead or (c["service"] in GLOBAL and dead == DEAD)]
    expect(not wrong, lambda: f"calls to what is down: {wrong}")
    expect(calls, "nothing was asked at all")


class P7SurvivingRegion(Promise):
    """The failover path needs only the surviving region; nothing of the dead one, no IAM, no Route 53."""

    def _fail_over(self, name, spec):
        def act():
            with World(spec) as world:
                world.apply()
                world.edit("active: primary ", "active: secondary ")
                if name == "cold":
                    world.edit("{mode: cold}", "{mode: warm}")
                gone(world)
                plan = world.run(["plan", "--assume-down", DEAD, "--out", "plan.json"])
                survivors(plan.calls)
                document = json.loads((world.work / "plan.json").read_text())
                expect(document["complete"] and document["assumed_down"] == [DEAD], "the plan is not complete")
                for step in document["steps"]:
                    expect(step["region"] != DEAD and step["service"] not in GLOBAL, f"a step goes there: {step}")
                statuses = {item["address"]: item["status"] for item in document["observed"]}
                expect(statuses["domain.search@primary"] == "unreadable", f"observed: {statuses}")
                expect(statuses["role.operator"] == "unreadable", f"observed: {statuses}")
                applied = world.run(["apply", "--assume-down", DEAD, "plan.json"])
                survivors(applied.calls)
                done = {f"{c['service']}:{c['operation']}" for c in changes(applied.calls)}
                expect(WORK[name] <= done and bool(done) == bool(WORK[name]), f"changes: {done}")
                for verb in (["plan", "--detailed-exitcode"], ["drift"], ["apply", FLAG]):
                    again = world.run([*verb, "--assume-down", DEAD])
                    survivors(again.calls)
                    expect(not changes(again.calls), "the second plan is not empty")
                world.down(DEAD, *GLOBAL, state="up")
                world.apply()
                world.empty()
                return f"{len(changes(applied.calls))} changes in the surviving region"
        return act

    def failover(self):
        for name, spec in SECTIONS.items():
            self.case(f"us-east-1, IAM and Route 53 down, {name}", self._fail_over(name, spec))

    def without_the_option(self):
        def act():
            with World() as world:
                world.apply()
                world.edit("active: primary ", "active: secondary ")
                gone(world)
                for verb in (["plan"], ["apply", FLAG], ["drift"]):
                    said = world.run(verb, (8,))
                    text = said.stdout + said.stderr
                    hint = f"--assume-down {DEAD}"
                    expect(hint in text, f"{verb} does not name {hint}")
                    expect(verb == ["drift"] or any("= try:" in line and hint in line for line in text.splitlines()),
                           f"{verb} has no `try:` with {hint}")
                    expect(not changes(said.calls), "something was changed")
        self.case("exit 8 and the option's name", act)

    def the_other_region(self):
        """IAM and Route 53 are not run from us-west-2: they are read and written as ever."""
        def act():
            with World() as world:
                world.apply()
                world.down("us-west-2")
                plan = world.run(["plan", "--assume-down", "us-west-2", "--detailed-exitcode"])
                survivors(plan.calls, "us-west-2")
                expect({"iam", "route53"} <= {c["service"] for c in plan.calls}, "IAM or Route 53 was not read")
                world.edit("purpose: caller,", "purpose: caller, description: other,")
                applied = world.run(["apply", FLAG, "--assume-down", "us-west-2"])
                expect([c["operation"] for c in changes(applied.calls)] == ["UpdateRole"],
                       f"changes: {changes(applied.calls)}")
                world.empty("--assume-down", "us-west-2")
        self.case("the standby is down", act)

    def identity(self):
        """The option is part of the plan's id: what was approved with it does not run without, nor the reverse."""
        def act():
            with World(SECTIONS["replicated"]) as world:
                world.apply()
                world.edit("active: primary ", "active: secondary ")
                world.run(["plan", "--assume-down", DEAD, "--out", "with.json"])
                world.run(["plan", "--out", "without.json"])
                ids = [json.loads((world.work / f"{n}.json").read_text())["id"] for n in ("with", "without")]
                expect(ids[0] != ids[1], "the ids are equal")
                for arguments in (["with.json"], ["without.json", "--assume-down", DEAD],
                                  ["--plan", ids[0]], ["--plan", ids[1], "--assume-down", DEAD]):
                    said = world.run(["apply", *arguments], (4,))
                    expect(not changes(said.calls), f"{arguments}: something was changed")
                document = json.loads((world.work / "with.json").read_text())
                document["assumed_down"] = []
                (world.work / "forged.json").write_text(json.dumps(document))
                world.run(["apply", "forged.json"], (1,))
                world.run(["apply", "with.json", "--assume-down", DEAD])
        self.case("plan ids", act)

    def usage(self):
        def act():
            with World() as world:
                for arguments in (["eu-west-1"], [""], ["us-east-1", "--assume-down", "us-west-2"], ["us_east_1"]):
                    said = world.run(["plan", "--assume-down", *arguments], (64,))
                    expect(not said.calls, f"{arguments}: something was asked")
        self.case("regions that are not the stack's, and both of them", act)


if __name__ == "__main__":
    sys.exit(P7SurvivingRegion.main())
