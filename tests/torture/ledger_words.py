#!/usr/bin/env python3
"""What scripts and readers from outside may expect of the ledger, sentence by sentence.

    tests/torture/ledger_words.py [WORDS...]     only cases whose name holds one of the words

json       every part of `history` and `lock` has a form for programs
"""
import json
import sys

from ledger_history import Fault, Recorded, made, run, same
from ground import Tally


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


# --- json


def compared():
    with Recorded() as r:
        r.online("plan", "--record")
        spec = (r.work / "lifeboat.yaml").read_text()
        spec = spec.replace("after: 7d", "after: 9d", 1).replace("\nbuckets:\n", "\nbuckets:\n  search-dr-more: {region: primary}\n")
        (r.work / "lifeboat.yaml").write_text(spec)
        r.online("plan", "--record")
        b, a = (e["plan"] for e in r.listed())
        [told] = lines(run(r.work, "history", "diff", a, b, "--format", "json", "--detailed-exitcode", code=2))
        same((told["differ"], told["a"]["id"], told["b"]["id"]), (True, a, b), "the two")
        if told["a"]["spec"]["sha256"] == told["b"]["spec"]["sha256"]:
            raise Fault("the specs are not told apart")
        objects = {o["address"]: o for o in told["objects"]}
        same(sorted(objects), ["bucket.search-dr-more", "bucket.search-dr-west"], "objects that differ")
        same([objects["bucket.search-dr-more"][side] for side in "ab"], [None, "create"], "an object of the second plan")
        [field] = objects["bucket.search-dr-west"]["fields"]
        same(field["path"], "lifecycle", "field")
        same([[rule.get("expire_after") for rule in field[side]["after"]["rules"]][0] for side in "ab"], ["7d", "9d"], "values")
        same([(s["only_in"], s["call"]) for s in told["steps"] if s["address"] == "bucket.search-dr-west"],
             [("a", "s3:PutBucketLifecycleConfiguration"), ("b", "s3:PutBucketLifecycleConfiguration")], "steps that differ")
        same({s["only_in"] for s in told["steps"] if s["address"] == "bucket.search-dr-more"}, {"b"}, "steps of the second plan")
        [told] = lines(run(r.work, "history", "diff", b, b, "--format", "json", "--detailed-exitcode"))
        same((told["differ"], told["objects"], told["steps"], told["findings"]), (False, [], [], []), "a plan and itself")


def verified():
    with made(3) as (bare, tip, ledger):
        [told] = lines(run(bare, "history", "verify", "--format", "json"))
        same(told, {"stack": "dr", "sound": True, "entries": 3, "plans": 0, "tip": tip, "faults": []}, "a sound ledger")
        [told] = lines(run(bare, "history", "verify", "--format", "json", "--tip", "f" * 40, code=6, err="LB-G030"))
        same((told["sound"], [f["code"] for f in told["faults"]]), (False, ["LB-G030"]), "a tip of another history")
        ledger.add("apply-end", outcome="done", change=lambda entry: entry.update(seq=9))
        tip = ledger.write(bare)
        [told] = lines(run(bare, "history", "verify", "--format", "json", code=6, err="LB-G032"))
        same((told["sound"], told["tip"], {f["code"] for f in told["faults"]}), (False, tip, {"LB-G032"}), "another number")


def synced():
    with Recorded() as r:
        r.env["LIFEBOAT_LEDGER"] = "local"
        r.online("plan", "--record")
        same(lines(run(r.work, "history", "sync", "--format", "json")),
             [{"stack": "search-dr", "remote": "origin", "entries": 1, "shared": 1, "new": 0}], "what was shared")


def broken():
    with made(1) as (bare, _, _):
        [held] = lines(run(bare, "lock", "list", "--format", "json"))
        [told] = lines(run(bare, "lock", "break", held["id"], "--reason", "it is\ndead", "--format", "json"))
        same(told, {**held, "held": False, "reason": "it is\ndead"}, "the lock that was broken")


def main():
    names = sys.argv[1:]
    tally = Tally("the ledger from outside")
    cases = [("json: history diff", compared), ("json: history verify", verified), ("json: history sync", synced),
             ("json: lock break", broken)]
    tally.all([case for case in cases if not names or any(name in case[0] for name in names)])
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
