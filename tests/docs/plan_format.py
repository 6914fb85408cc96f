#!/usr/bin/env python3
# The page of the plan document names every path that occurs, and no other.
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PAGE = pathlib.Path("docs/reference/plan-format.md")
# Values in the shape of a kind, or of another table of the page: not followed.
OPAQUE = {"changes[].before", "changes[].after", "changes[].fields[].before", "changes[].fields[].after",
          "findings[]", "finding", "diagnostic", "change"}

# A plan from nothing, its apply, an update with a part that is not ours, an answer that is not good.
SESSION = r"""
set -u
spec=$1 out=$2
cp "$spec" "$out/spec.yaml" && cd "$out"
control() { curl -sS -o /dev/null "$AWS_ENDPOINT_URL/_sandbox/$1" -d "$2"; }
lifeboat plan spec.yaml --format json >create.json
lifeboat apply spec.yaml --json --auto-approve >create.events
sed -i 's/after: 7d/after: 9d/' spec.yaml
sed 's|<Prefix>|&tmp/|' >rule.xml <<'X'
<LifecycleConfiguration><Rule><ID>other</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter><Expiration><Days>7</Days></Expiration></Rule></LifecycleConfiguration>
X
curl -sS -o /dev/null --aws-sigv4 aws:amz:us-west-2:s3 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -T rule.xml "$AWS_ENDPOINT_URL/search-dr-west?lifecycle=" \
    -H "x-amz-content-sha256: $(sha256sum <rule.xml | cut -d' ' -f1)" \
    -H "content-md5: $(openssl md5 -binary rule.xml | base64)"
lifeboat plan spec.yaml --format json >update.json
lifeboat apply create.json --json >stale.events
control faults '[{"service":"s3","operation":"PutBucketLifecycle*","do":"deny"}]'
lifeboat apply spec.yaml --json --auto-approve >failed.events
control faults '[{"service":"s3","operation":"GetBucketVersioning","do":"deny"}]'
lifeboat plan spec.yaml --format json >denied.json
touch done
"""


def tables():
    """{heading: set of paths} of the page."""
    found, heading = {}, None
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            heading = found.setdefault(line[3:], set())
        elif line.startswith("| `"):
            heading.update(re.findall(r"`([^`]+)`", line.split(" | ")[0]))
    return found


def walk(value, path, found):
    if path:
        found.add(path)
    if path in OPAQUE:
        return
    if isinstance(value, dict):
        for key, member in value.items():
            walk(member, f"{path}.{key}" if path else key, found)
    elif isinstance(value, list):
        found.add(path + "[]")
        for item in value:
            walk(item, path + "[]", found)


def compare(name, documented, observed):
    # the parents of a documented path need no row of their own
    parents = {path[:i] for path in documented for i, c in enumerate(path) if c in ".["}
    parents |= {path + "[]" for path in parents}
    for path in sorted(observed - documented - parents):
        if path.removesuffix("[]") not in documented and path + "[]" not in documented:
            print(f"{PAGE}: {name}: `{path}` occurs and is not described")
    for path in sorted(documented - observed):
        print(f"{PAGE}: {name}: `{path}` is described and never occurs")


def main():
    with tempfile.TemporaryDirectory() as out:
        command = ["lifeboat-sandbox", "--speed", "300", "--", "bash", "-c", SESSION, "session",
                   "examples/two-region/lifeboat.yaml", out]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=180)
        folder = pathlib.Path(out)
        if not (folder / "done").exists():
            sys.exit(f"the session ended early: {ran.stderr}")
        plans = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
        events = [json.loads(line) for path in sorted(folder.glob("*.events")) for line in path.read_text().splitlines()]

    seen = {"Plan document": set(), "Diagnostics": set(), "Event stream": set()}
    for plan in plans:
        walk(plan, "", seen["Plan document"])
        for finding in plan["findings"]:
            walk(finding, "", seen["Diagnostics"])
    for event in events:
        walk(event, "", seen["Event stream"])
        walk(event.get("diagnostic", {}), "", seen["Diagnostics"])

    documented = tables()
    for name, observed in seen.items():
        compare(name, documented.get(name, set()), observed)
    types = set(re.findall(r"`(\w+)`", next(line for line in PAGE.read_text().splitlines() if line.startswith("| `type`"))))
    for kind in sorted({event["type"] for event in events} ^ (types - {"type"})):
        print(f"{PAGE}: event type `{kind}` occurs or is described, not both")


if __name__ == "__main__":
    main()
