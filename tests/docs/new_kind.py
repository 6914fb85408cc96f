#!/usr/bin/env python3
# The kind on the page about adding kinds builds, explains itself, and is planned and applied.
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

PAGE = pathlib.Path("docs/adding-a-kind.md")
LIBRARIES = ["cmd", "ledger", "planner", "providers", "transport", "base"]
PACKAGES = ["libgit2", "libcurl", "libcjson", "libcrypto", "yaml-0.1", "expat"]
FLAGS = ["-std=c17", "-Wall", "-Wextra", "-Werror", "-D_POSIX_C_SOURCE=200809L", "-D_XOPEN_SOURCE=700",
         '-DLB_VERSION="page"', "-I."]
EMBED = """include(cmake/embed.cmake)
file(GLOB schemas schemas/*.json ${WORK}/schemas/*.json)
lb_embed_schemas("${schemas}" ${WORK}/schemas.c ${WORK}/kinds.c)
"""
SPEC = """lifeboat: 1
stack: page
account: "111122223333"
regions: {primary: us-east-1, secondary: us-west-2}
active: primary
zones:
  example.net: {tags: {team: search}}
"""
SESSION = """
set -e
"$1" apply "$2" --auto-approve >/dev/null 2>&1
"$1" plan "$2" --detailed-exitcode
sed -i 's/team: search/team: other/' "$2"
[ "$("$1" plan "$2" --format json | jq -r '.steps[].call')" = route53:ChangeTagsForResource ]
"$1" apply "$2" --auto-approve >/dev/null 2>&1
"$1" plan "$2" --detailed-exitcode
"""


def run(*command):
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if ran.returncode:
        sys.exit(f"{shlex.join(map(str, command[:3]))}...: exit {ran.returncode}\n{ran.stdout[-2000:]}{ran.stderr[-3000:]}")
    return ran.stdout


with tempfile.TemporaryDirectory() as name:
    work = pathlib.Path(name)
    blocks = dict(re.findall(r"^```(?:json|c) (\S+)\n(.*?)^```$", PAGE.read_text(), re.S | re.M))
    for path, text in blocks.items():
        (work / path).parent.mkdir(exist_ok=True)
        (work / path).write_text(text)
    (work / "embed.cmake").write_text(EMBED)
    run("cmake", f"-DWORK={work}", "-P", str(work / "embed.cmake"))
    # What the schema's table holds comes first, so that the libraries' own table is left out.
    sources = ["cmd/main.c", *(str(work / path) for path in blocks if path.endswith(".c")), str(work / "schemas.c"), str(work / "kinds.c")]
    packages = run("pkg-config", "--cflags", "--libs", *PACKAGES).split()
    run("gcc", *FLAGS, "-o", str(work / "lifeboat"), *sources, *(f"build/liblb_{name}.a" for name in LIBRARIES), *packages, "-lm")
    if "hosted zone" not in run(str(work / "lifeboat"), "explain", "zone"):
        print(f"{PAGE}: explain does not know the kind")
    (work / "spec.yaml").write_text(SPEC)
    run("lifeboat-sandbox", "--speed", "300", "--", "bash", "-c", SESSION, "session", str(work / "lifeboat"), str(work / "spec.yaml"))
