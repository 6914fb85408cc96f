#!/usr/bin/env python3
# The example on each kind's page is taken by the schema that the tool prints.
import json
import pathlib
import re
import subprocess

import jsonschema
import yaml

schema = json.loads(subprocess.run(["lifeboat", "schema"], capture_output=True, text=True).stdout)
header = {
    "lifeboat": 1,
    "stack": "docs",
    "account": "111122223333",
    "regions": {"primary": "us-east-1", "secondary": "us-west-2"},
    "active": "primary",
}
kinds = [path.stem for path in pathlib.Path("schemas").glob("*.json") if path.stem != "spec"]
for kind in sorted(kind for kind in kinds if not kind.startswith("_")):
    page = pathlib.Path(f"docs/reference/{kind}.md")
    block = re.search(r"^## Example\n\n```yaml\n(.*?)^```", page.read_text(), re.S | re.M)
    if not block:
        print(f"{page}: no example")
        continue
    spec = {**header, **yaml.safe_load(block[1])}
    for error in jsonschema.Draft7Validator(schema).iter_errors(spec):
        print(f"{page}: {'/'.join(map(str, error.path))}: {error.message}")
