#!/usr/bin/env python3
# Every LB code in the sources is in the tables, and every row of the tables is used.
import pathlib
import re
import subprocess

CODE = re.compile(r"\bLB-[A-Z]\d{3}\b")
# Rows that no line of the program names, each with the reason why it stays.
UNUSED = {}


def tracked(*patterns):
    listed = subprocess.run(["tests/lib/files.sh", *patterns], stdout=subprocess.PIPE, text=True, check=True)
    return [pathlib.Path(line) for line in listed.stdout.splitlines()]


rows = {}
for table in ("base/codes.def", "planner/hazards.def"):
    for line in pathlib.Path(table).read_text().splitlines():
        row = re.match(r'LB_(?:CODE|HAZARD)\("(LB-[A-Z]\d{3})"', line)
        if row and row[1] in rows:
            print(f"{row[1]} stands in the tables twice")
        elif row:
            rows[row[1]] = table

used = {}
for path in tracked("*.c", "*.h", "*.json", "*.md", "*.yaml", "*.py"):
    if path.exists() and path.parts[:2] != ("docs", "reference"):
        for code in CODE.findall(path.read_text(errors="replace")):
            used.setdefault(code, set()).add(path)

for code in sorted(set(used) - set(rows)):
    # tests try codes that do not exist
    places = [str(path) for path in used[code] if path.parts[0] != "tests"]
    if places:
        print(f"{code} is in no table: {', '.join(sorted(places))}")

program = ("base", "transport", "providers", "planner", "ledger", "cmd")
for code, table in sorted(rows.items()):
    named = any(path.parts[0] in program for path in used.get(code, ()))
    # a hazard's row names its check itself
    if table == "base/codes.def" and not named and code not in UNUSED:
        print(f"{code} is never used: drop the row, or list it in UNUSED with a reason")
    if code in UNUSED and named:
        print(f"{code} is used after all: take it out of UNUSED")
