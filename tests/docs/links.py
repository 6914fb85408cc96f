#!/usr/bin/env python3
# Every link between the pages leads somewhere, headings included.
import pathlib
import re
import subprocess

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def prose(text):
    """The text without fenced blocks and code spans: what is in them is no link."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


def anchors(path):
    found = set()
    for heading in re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", path.read_text(), flags=re.S | re.M), re.M):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(slug)
    return found


pages = subprocess.run(["tests/lib/files.sh", "*.md"], stdout=subprocess.PIPE, text=True, check=True)
for page in map(pathlib.Path, pages.stdout.splitlines()):
    if not page.exists():
        continue
    for target in LINK.findall(prose(page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name) if name else page
        if not path.exists():
            print(f"{page}: {target} does not exist")
        elif anchor and path.suffix == ".md" and anchor not in anchors(path):
            print(f"{page}: {name or page} has no heading #{anchor}")
