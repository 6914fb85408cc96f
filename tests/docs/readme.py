#!/usr/bin/env python3
# The commands of the pages for people exist: scripts, presets, suites and verbs.
import json
import pathlib
import re
import shlex
import subprocess

PAGES = ["README.md", "CONTRIBUTING.md", "docs/tutorial.md", "docs/pull-requests.md"]
presets = json.loads(pathlib.Path("CMakePresets.json").read_text())
known_presets = {p["name"] for p in presets["configurePresets"]} | {p["name"] for p in presets["buildPresets"]}
known_suites = set(re.search(r"^all=\((.*)\)$", pathlib.Path("tests/run.sh").read_text(), re.M)[1].split())
verbs = set(re.findall(r"^  (\w+)  ", subprocess.run(["lifeboat", "help"], capture_output=True, text=True).stdout, re.M))


def check(page, command):
    words = shlex.split(command.split("  #")[0], comments=True)
    words = [word for word in words if "=" not in word or word.startswith("-")]
    if words and words[0] in ("sudo", "bash", "source"):
        words = words[1:]
    if not words:
        return
    if "/" in words[0] and not pathlib.Path(words[0]).is_file():
        print(f"{page}: {words[0]} does not exist")
    if words[0] == "tests/run.sh":
        for suite in set(words[1:]) - known_suites:
            print(f"{page}: there is no suite {suite}")
    for before, word in zip(words, words[1:]):
        if before == "--preset" and word not in known_presets:
            print(f"{page}: there is no preset {word}")


for page in PAGES:
    text = pathlib.Path(page).read_text()
    for block in re.findall(r"^```sh\n(.*?)^```$", text, re.S | re.M):
        for line in block.splitlines():
            for command in line.split(" && "):
                check(page, command)
    for verb in re.findall(r"(?:`|^\$ )(?:build/)?lifeboat (?!help)([a-z]+)", text, re.M):
        if verb not in verbs and page != "README.md":
            print(f"{page}: there is no verb {verb}")
suites = {path.parent.name for path in pathlib.Path("tests").glob("*/run")}
for suite in sorted(suites ^ set(re.findall(r"^\| `(\w+)` \|", pathlib.Path("CONTRIBUTING.md").read_text(), re.M))):
    print(f"CONTRIBUTING.md: the suite {suite} exists or is listed, not both")
codes = dict(re.findall(r"^\| (\d+) \| (.*?) \|$", pathlib.Path("docs/reference/exit-codes.md").read_text(), re.M))
listed = {code for row in re.findall(r"^\| ([\d, ]+) \|", pathlib.Path("README.md").read_text(), re.M) for code in row.split(", ")}
for code in sorted(set(codes) ^ listed, key=int):
    print(f"README.md: exit code {code} stands in one of the two tables only")
