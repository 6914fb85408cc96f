#!/usr/bin/env python3
"""P5: nothing is deleted, replaced or emptied; see the class."""
import re
import sys

import yaml

from kit import EXAMPLE, FLAG, Promise, World, changes, expect
from promises import DELETES

DOCUMENT = yaml.safe_load(EXAMPLE)
# What leaves the spec, and what must then leave with it.
LEAVING = {"failover": ["failover"], "schedules": ["schedules"], "repositories": ["repositories", "schedules"],
           "domains": ["domains", "repositories", "schedules", "failover"],
           "buckets": ["buckets", "repositories", "schedules"], "roles": ["roles", "repositories", "schedules"],
           "everything": ["domains", "repositories", "schedules", "failover", "buckets", "roles"]}
# Kinds that the plan must then show as released: where the domain left, nobody can look into it.
TOLD = {"failover": {"alarm", "health_check"}, "schedules": {"schedule"}, "repositories": {"repository", "schedule"},
        "domains": {"domain"}, "buckets": {"bucket", "repository", "schedule"},
        "roles": {"role", "repository", "schedule"}, "everything": {"domain", "bucket", "role"}}
# Changes that no API makes in place.
REPLACING = {"another region of a bucket": ("region: secondary", "region: primary"),
             "an older engine": ("OpenSearch_2.19", "OpenSearch_2.17")}


class P5NothingIsLost(Promise):
    """No domain, bucket, repository or snapshot is deleted, replaced or emptied by what a spec says."""

    def leaving(self):
        for name, sections in LEAVING.items():
            def act(name=name, sections=sections):
                with World() as world:
                    world.apply()
                    before = world.sandbox.state()
                    world.write(yaml.safe_dump({k: v for k, v in DOCUMENT.items() if k not in sections}))
                    done = world.run(["apply", FLAG], (0,))
                    gone = [c["operation"] for c in changes(done.calls) if DELETES.match(c["operation"])]
                    expect(not gone, f"deleted: {gone}")
                    after = world.sandbox.state()
                    for service in ("s3", "opensearch", "iam"):
                        lost = set(names(before.get(service))) - set(names(after.get(service)))
                        expect(not lost, f"{service} has lost {sorted(lost)[:5]}")
                    plan = world.run(["plan"])
                    told = set(re.findall(r"^  - release  (\w+)\.", plan.stdout, re.M))
                    expect(told >= TOLD[name], f"of what left only {sorted(told)} is reported")
            self.case(f"{name} leave the spec", act)

    def replacing(self):
        for name, edit in REPLACING.items():
            def act(edit=edit):
                with World() as world:
                    world.apply()
                    world.edit(*edit)
                    done = world.run(["apply", FLAG], (1, 3))
                    expect(not changes(done.calls), "something was changed")
            self.case(name, act)


def names(value, path=""):
    """Paths of maps: what is there, not what it says."""
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, dict):
                yield f"{path}/{key}"
                if path.count("/") < 2:
                    yield from names(item, f"{path}/{key}")


if __name__ == "__main__":
    sys.exit(P5NothingIsLost.main())
