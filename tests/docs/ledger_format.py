#!/usr/bin/env python3
# The page of the ledger names every path and trailer that occurs, and no other.
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import plan_format

plan_format.PAGE = pathlib.Path("docs/reference/ledger-format.md")
plan_format.OPAQUE = {"a", "b", "objects[].fields[].a", "objects[].fields[].b", "body.objects", "faults"}

# Plans, an apply, one whose lock is broken, one beside the remote, and every form of reading them back.
SESSION = r"""
set -u
spec=$1 out=$2
export LIFEBOAT_LEDGER=auto LIFEBOAT_ACTOR=alice LIFEBOAT_RUN_URL=https://ci.example/7 GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.com GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.com
git init -q --bare "$out/shared.git" && git clone -q "file://$out/shared.git" "$out/work" 2>/dev/null
cp "$spec" "$out/work/lifeboat.yaml" && cd "$out/work"
control() { curl -sS -o /dev/null "$AWS_ENDPOINT_URL/_sandbox/$1" -d "$2"; }
lifeboat plan --record >/dev/null
control faults '[{"service":"s3","operation":"PutBucketTagging","do":"delay:5s","count":2}]'
lifeboat apply --auto-approve >/dev/null 2>&1 &
for _ in $(seq 100); do
    lifeboat lock list --format json >held
    grep -q '"held":true' held && break
    sleep 0.1
done
cp held "$out/lock.held"
lifeboat lock break "$(jq -r .id held)" --reason "a test" --format json >"$out/lock.broken"
wait
control faults '[]'
lifeboat apply --auto-approve --ledger local >/dev/null 2>&1
sed -i -e 's/^roles:/&\n  idle: {purpose: snapshot}/' -e 's/after: 7d/after: 9d/' -e 's/^buckets:/&\n  search-dr-wide: {region: primary, managed: false}/' lifeboat.yaml
lifeboat history sync --format json >"$out/history sync.synced"
lifeboat plan --record >/dev/null
lifeboat plan --record --target role.operator >/dev/null
lifeboat history --format json >"$out/history.list"
lifeboat history verify --format json >"$out/history verify.sound"
lifeboat history diff lifeboat/search-dr~1 lifeboat/search-dr --format json >"$out/history diff.last"
lifeboat history diff "$(tail -n 1 "$out/history.list" | jq -r .commit)" lifeboat/search-dr~1 --format json >"$out/history diff.first"
for commit in $(git rev-list lifeboat/search-dr); do
    git show "$commit:entry.json" >>"$out/Entry.$commit"
    git log -1 --format='%(trailers:only,unfold)' "$commit" >>"$out/trailers"
    git ls-tree -r --name-only "$commit" >>"$out/files"
done
touch "$out/done"
"""


def main():
    with tempfile.TemporaryDirectory() as name:
        out = pathlib.Path(name)
        command = ["lifeboat-sandbox", "--speed", "300", "--", "bash", "-c", SESSION, "session",
                   str(pathlib.Path("examples/two-region/lifeboat.yaml").resolve()), name]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if not (out / "done").exists():
            sys.exit(f"the session ended early: {ran.stderr}")
        seen = {}
        for path in sorted(out.glob("*.*")):
            for line in path.read_text().splitlines() if path.is_file() else ():
                plan_format.walk(json.loads(line), "", seen.setdefault(path.name.split(".")[0], set()))
        seen["Trailers of the commit"] = set(re.findall(r"^(Lifeboat-\w+):", (out / "trailers").read_text(), re.M))
        seen["The branch"] = {re.sub(r"^plans/../.*", "plans/ab/cdef….json", one) for one in (out / "files").read_text().split()}
        kinds = {json.loads(path.read_text())["kind"] for path in out.glob("Entry.*")}

    documented = plan_format.tables()
    for heading, observed in seen.items():
        plan_format.compare(heading, documented.get(heading, set()), observed)
    for kind in sorted(kinds ^ (documented["Events"] - {"kind"})):
        print(f"{plan_format.PAGE}: event `{kind}` occurs or is described, not both")
    for heading in sorted(documented.keys() - seen.keys() - {"Events"}):
        print(f"{plan_format.PAGE}: {heading} was not looked at")


main()
