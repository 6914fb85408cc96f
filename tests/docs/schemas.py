#!/usr/bin/env python3
# Every field of every schema is described, and every pattern has words for its error.
import json
import pathlib


def check(path, node, place, faults):
    if not isinstance(node, dict):
        return
    if "pattern" in node and "x-lb-form" not in node:
        faults.append(f"{path}: {place or 'the root'}: a pattern without x-lb-form")
    for name, field in node.get("properties", {}).items():
        # a definition brings its own description
        if "description" not in field and "$ref" not in field:
            faults.append(f"{path}: {place}{name}: no description")
        check(path, field, f"{place}{name}.", faults)
    for name, definition in node.get("definitions", {}).items():
        check(path, definition, f"#{name}.", faults)
    for inside in ("items", "additionalProperties", "propertyNames"):
        check(path, node.get(inside), f"{place}{inside}.", faults)
    for branch in node.get("anyOf", []):
        check(path, branch, place, faults)


for path in sorted(pathlib.Path("schemas").glob("*.json")):
    schema, faults = json.loads(path.read_text()), []
    check(path, schema, "", faults)
    if "x-lb-name-pattern" in schema and "x-lb-name-form" not in schema:
        faults.append(f"{path}: x-lb-name-pattern without x-lb-name-form")
    for name, granule in schema.get("x-lb-granules", {}).items():
        if not granule.get("description"):
            faults.append(f"{path}: granule {name}: no description")
    for fault in faults:
        print(fault)
