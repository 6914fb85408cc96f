"""What holds in every run, whatever a test is about: judged by the sandbox's log of calls."""
import re

READERS = ("plan", "drift", "show", "validate", "explain", "schema", "version", "help", "completion")
# Deleting loses something that people own, whatever the kind. Only sub-documents (a bucket's
# replication rules, a role's own inline policy), parts of an object, may go when the spec says so.
DELETES = re.compile(r"^Delete(?!Bucket(Lifecycle|Policy|Replication)$"
                     r"|Role(Policy|PermissionsBoundary)$)")


def broken(verb, calls, secrets, texts):
    """The promises that this run of a verb broke, in words."""
    faults = []
    for call in calls:
        name = f"{call['service']}:{call['operation']} on {call['resource']}"
        if call["mutating"] and verb in READERS:
            faults.append(f"P1: {verb} sent {name}")
        if DELETES.match(call["operation"]):
            faults.append(f"P5: {verb} sent {name}")
    for place, text in texts.items():
        for secret in secrets:
            if secret in text:
                faults.append(f"P6: a secret is in {place} of {verb}")
    return faults


GLOBAL = ("iam", "route53")


def beyond_plan(plan, calls):
    """P2: changes that were sent though the approved plan has no step for them."""
    allowed = {(step["call"], None if step["service"] in GLOBAL else step["region"])
               for step in plan["steps"]}
    faults = []
    for call in calls:
        name = f"{call['service']}:{call['operation']}"
        region = None if call["service"] in GLOBAL else call["region"]
        if call["mutating"] and (name, region) not in allowed:
            faults.append(f"P2: {name} in {call['region']} on {call['resource']} is in no step")
    return faults
