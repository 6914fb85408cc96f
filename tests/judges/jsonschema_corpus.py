#!/usr/bin/env python3
"""A second opinion on the corpus: python3-jsonschema with PyYAML against the published bundle.

    jsonschema_corpus.py BUNDLE CORPUS

BUNDLE is what `lifeboat schema` prints, CORPUS is tests/corpus. Every good spec must be accepted
and every bad one refused. Those that say `# judge: skip` on their second line have a fault of the
document (which PyYAML may see too) or one that neither judge can see: what they let through is
named. Ends with `N passed, N failed, N skipped`.
"""
import json
import pathlib
import re
import sys

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)


class Core(yaml.SafeLoader):
    """YAML 1.2 core typing; PyYAML's own is 1.1 (`no` is false, 010 is 8)."""

    yaml_implicit_resolvers = {}


for tag, pattern, first in (
    ("null", r"^(~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^([-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    ("float", r"^[-+]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][-+]?[0-9]+)?$", list("-+0123456789.")),
):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)


def as_int(loader, node):
    return int(node.value, 16 if node.value.startswith("0x") else 10)


Core.add_constructor("tag:yaml.org,2002:int", as_int)


def with_text_keys(value):
    """Keys are text for us, whatever they look like."""
    if isinstance(value, dict):
        return {str(key): with_text_keys(item) for key, item in value.items()}
    return [with_text_keys(item) for item in value] if isinstance(value, list) else value


def fault_of(data, validator, document_too):
    """What is wrong with a spec, in the judge's words; None when nothing is."""
    try:
        spec = with_text_keys(yaml.load(data, Core))
    except (yaml.YAMLError, RecursionError) as error:
        if not document_too:
            raise
        return f"unreadable: {error}"
    error = next(iter(validator.iter_errors(spec)), None)
    return error.message if error else None


def main(bundle_path, corpus):
    bundle = json.loads(pathlib.Path(bundle_path).read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(bundle)
    validator = jsonschema.Draft7Validator(bundle)
    passed = failed = 0
    unseen = []
    for path in sorted(pathlib.Path(corpus).glob("*/*.yaml")):
        good = path.parent.name == "good"
        data = path.read_bytes()
        marked = not good and b"# judge: skip" in data.split(b"\n")[1]
        fault = fault_of(data, validator, marked)
        if (fault is None) == good:
            passed += 1
        elif marked:
            unseen.append(path.stem)
        else:
            failed += 1
            print(f"FAIL {path.name}: {fault or 'accepted, must be refused'}")
    print(f"beyond what these judges can see: {' '.join(unseen)}")
    if passed == 0:
        failed += 1
        print("FAIL: no spec was judged")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2]))
