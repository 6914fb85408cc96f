"""Writes ledgers for tests: what ledger/entry.c writes, as a stream for `git fast-import`.

A ledger of many entries takes seconds this way, and one that lifeboat would never write takes only
another value: `change` of Ledger.add is called with the entry before it is written.
"""
import hashlib
import json
import subprocess
import time

# path in entry.json and trailer, in the order of the message
TRAILERS = (("kind", "Kind"), ("id", "Entry"), ("at", "At"), ("stack", "Stack"), ("plan", "Plan"),
            ("spec/sha256", "Spec"), ("outcome", "Outcome"), ("actor/who", "Who"), ("actor/host", "Host"),
            ("actor/run", "Run"), ("tool", "Tool"), ("reason", "Reason"), ("ends", "Ends"),
            ("previous", "Previous"), ("lock/id", "Lock"))
FIRST = 1767225600  # 2026-01-01T00:00:00Z


def at(entry, path):
    for key in path.split("/"):
        entry = (entry or {}).get(key)
    return entry


def message(entry, digest):
    """Subject and trailers of an entry whose texts need no escaping."""
    subject = entry["kind"] + (f" {entry['plan'][:8]}" if entry.get("plan") else "")
    subject += f": {entry['summary']}" if entry.get("summary") else ""
    trailers = [f"Lifeboat-{name}: {at(entry, path)}" for path, name in TRAILERS if at(entry, path)]
    return "\n".join([subject, "", *trailers, f"Lifeboat-Seq: {entry['seq']}",
                      f"Lifeboat-Digest: {digest}", ""])


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def seal(plan):
    """The id of a plan document, as lb_plan_seal makes it."""
    body = {"stack": plan["stack"], "account": plan["account"], "partition": plan["partition"],
            "primary": plan["regions"]["primary"], "secondary": plan["regions"]["secondary"],
            "spec": plan["spec"]["sha256"], "complete": plan["complete"],
            "observed": {o["address"]: o["digest"] for o in plan["observed"] if o["relevant"]},
            "changes": [f"{c['action']} {c['address']}" for c in plan["changes"]],
            "steps": [f"{s['address']} {s['granule']} {s['call']} {s['digest']}" for s in plan["steps"]]}
    if plan["assumed_down"]:
        body["assumed_down"] = plan["assumed_down"]
    return hashlib.sha256(canonical(body).encode()).hexdigest()


class Ledger:
    """Builds one branch. """

    def __init__(self, stack, spec, version="1.0"):
        self.stack, self.spec, self.version = stack, spec, version
        self.digest = hashlib.sha256(spec).hexdigest()
        self.stream = [b"feature done\n"]
        self.seq, self.previous, self.lock, self.first = 0, None, None, True

    def data(self, data):
        data = data if isinstance(data, bytes) else data.encode()
        return b"data %d\n%s\n" % (len(data), data)

    def file(self, path, data):
        return b"M 100644 inline %s\n%s" % (path.encode(), self.data(data))

    def add(self, kind, plan=None, document=None, change=None, text="text\n", **more):
        self.seq += 1
        when = FIRST + self.seq
        entry = {"format_version": self.version, "kind": kind, "seq": self.seq, "id": f"{self.seq:016x}",
                 "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when)), "stack": self.stack,
                 "tool": "lifeboat 0.1.0", "actor": {"who": "alice", "host": "laptop"},
                 "checkout": "0" * 16, **more}
        if plan:
            entry["plan"] = plan
            entry["spec"] = {"path": "lifeboat.yaml", "sha256": self.digest}
        if self.previous:
            entry["previous"] = self.previous
        if kind == "apply-start":
            self.lock = {"id": entry["id"], **entry["actor"], "since": entry["at"],
                         **{key: entry[key] for key in ("expected_until", "plan", "checkout") if key in entry}}
        elif kind in ("apply-end", "release"):
            entry["ends"], self.lock = self.lock["id"], None
        if self.lock:
            entry["lock"] = self.lock
        if change:
            change(entry)
        written = canonical(entry)
        self.previous = hashlib.sha256(written.encode()).hexdigest()
        self.stream.append(b"commit refs/heads/lifeboat/%s\ncommitter alice <alice@example.com> %d +0000\n"
                           % (self.stack.encode(), when) + self.data(message(entry, self.previous)))
        self.stream.append(self.file("entry.json", written) + self.file("entry.txt", text))
        if self.first:
            self.stream.append(self.file("spec.yaml", self.spec))
            self.first = False
        if document is not None:
            self.stream.append(self.file(f"plans/{plan[:2]}/{plan[2:]}.json", document))
        self.stream.append(b"\n")
        return entry

    def write(self, repository):
        """Puts the branch into a repository; its tip."""
        subprocess.run(["git", "-C", str(repository), "fast-import", "--quiet", "--force", "--done"],
                       input=b"".join([*self.stream, b"done\n"]), check=True, stderr=subprocess.PIPE)
        return subprocess.run(["git", "-C", str(repository), "rev-parse", f"refs/heads/lifeboat/{self.stack}"],
                              check=True, capture_output=True, text=True).stdout.strip()
