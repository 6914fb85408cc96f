"""What is inert depends on who reads: for each --format, why an output is not (empty when it is).

    faults("markdown", data)

Every format is read by a parser that lifeboat did not write: cmark-gfm (GitHub's own), expat, json and
jsonschema, and for annotations the rules of GitHub's runner.
"""
import collections
import json
import re
import subprocess
import xml.parsers.expat
import xml.etree.ElementTree

import jsonschema

import hostile

CMARK = ["cmark-gfm", "--unsafe", "-e", "autolink", "-e", "table", "-e", "strikethrough", "-e", "tasklist",
         "-t", "xml"]
MARKER = re.compile(r"<!-- lifeboat (\{.*\}) -->")
BLOCKS = re.compile(r"<details><summary>\d+ [a-z]+(?:, \d+ notes?)?</summary>|</details>"
                    r"|<details><summary>\d+ (?:other )?changes?</summary>"
                    r"|<details><summary>Order of the \d+ steps?</summary>")
# what notifies, closes or links although it is plain text: @who, #1, GH-1, !1, owner/name#1
REFERENCE = re.compile(r"@\w|#\d|\bgh-\d|!\d|https?:|www\.", re.I)
MERMAID = re.compile(r'flowchart LR|  n\d+\["[A-Za-z0-9 \-_./@,]*<br/>[A-Za-z0-9 \-_./@,]*"\]|  n\d+ --> n\d+')
NAMESPACE = "{http://commonmark.org/xml/1.0}"


def texts(data):
    return hostile.faults(data)


def plain_text(node):
    """The words of a block outside of code; code is one sign."""
    words = []
    for part in node:
        if part.tag == NAMESPACE + "text":
            words.append(part.text or "")
        elif part.tag == NAMESPACE + "code":
            words.append("\0")
        else:
            words.append(plain_text(part))
    return "".join(words)


def markdown(data):
    text = data.decode("utf-8", "replace")
    # XML cannot carry some characters that JSON and code may hold; they are looked for below
    parsed = subprocess.run(CMARK, input=re.sub("[\ufffe\uffff]", "?", text).encode(), capture_output=True,
                            timeout=60, check=True)
    root = xml.etree.ElementTree.fromstring(parsed.stdout)
    found = hostile.faults(data)
    markers = 0
    for node in root.iter():
        tag = node.tag.removeprefix(NAMESPACE)
        if tag in ("link", "image", "html_inline", "table", "footnote_definition"):
            found.append(f"a {tag}: {node.attrib} {node.text!r}")
        elif tag == "html_block":
            for line in (node.text or "").splitlines():
                markers += bool(MARKER.fullmatch(line))
                if not MARKER.fullmatch(line) and not BLOCKS.fullmatch(line):
                    found.append(f"HTML that is not ours: {line!r}")
        elif tag == "code_block":
            info = node.get("info")
            if info not in ("diff", "text", "mermaid"):
                found.append(f"a block that is not ours: {info!r}")
            found += [f"a line of a picture: {line!r}" for line in (node.text or "").splitlines()
                      if info == "mermaid" and not MERMAID.fullmatch(line)]
        elif tag in ("paragraph", "heading"):
            hit = REFERENCE.search(plain_text(node))
            if hit:
                found.append(f"a reference: {plain_text(node)[max(0, hit.start() - 40):hit.end() + 20]!r}")
    if text.lower().count("<!-- lifeboat") != markers or (text and not MARKER.match(text)):
        found.append(f"{text.lower().count('<!-- lifeboat')} markers, of which {markers} are ours")
    if "<!--" in MARKER.sub("", text):
        found.append("a comment")
    return found


def an_object(required, **properties):
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


STRING, POSITIVE = {"type": "string"}, {"type": "integer", "minimum": 1}
MESSAGE = an_object(["text"], text=STRING)
LEVEL = {"enum": ["error", "warning", "note"]}
# SARIF 2.1.0 as far as it is used here: members, types and bounds of the OASIS schema, with GitHub's limits.
SARIF = an_object(
    ["$schema", "version", "runs"], **{"$schema": {"const": "https://json.schemastore.org/sarif-2.1.0.json"}},
    version={"const": "2.1.0"},
    runs={"type": "array", "minItems": 1, "maxItems": 20, "items": an_object(
        ["tool", "automationDetails", "columnKind", "results"],
        tool=an_object(["driver"], driver=an_object(
            ["name", "version", "rules"], name={"const": "lifeboat"}, version=STRING,
            rules={"type": "array", "maxItems": 25000, "uniqueItems": True, "items": an_object(
                ["id", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"],
                id=STRING, shortDescription=MESSAGE, fullDescription=MESSAGE, help=MESSAGE,
                defaultConfiguration=an_object(["level"], level=LEVEL),
                properties=an_object(["tags"], tags={"type": "array", "maxItems": 20, "items": STRING}))})),
        automationDetails=an_object(["id"], id=STRING),
        columnKind={"const": "unicodeCodePoints"},
        results={"type": "array", "maxItems": 25000, "items": an_object(
            ["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"],
            ruleId=STRING, ruleIndex={"type": "integer", "minimum": 0}, level=LEVEL, message=MESSAGE,
            locations={"type": "array", "minItems": 1, "maxItems": 1, "items": an_object(
                ["physicalLocation"],
                physicalLocation=an_object(
                    ["artifactLocation", "region"],
                    artifactLocation=an_object(["uri"], uri={
                        "type": "string", "pattern": r"^(file://)?([A-Za-z0-9._~/-]|%[0-9A-F]{2})+$"}),
                    region=an_object(["startLine"], startLine=POSITIVE, startColumn=POSITIVE,
                                     endLine=POSITIVE, endColumn=POSITIVE)),
                logicalLocations={"type": "array", "items": an_object(
                    ["fullyQualifiedName", "kind"], fullyQualifiedName=STRING, kind=STRING)})},
            partialFingerprints={"type": "object", "minProperties": 1, "additionalProperties": {
                "type": "string", "pattern": "^[0-9a-f]+:[0-9]+$"}})})})


def sarif(data):
    found = hostile.faults(data)
    log = json.loads(data)
    found += [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
              for error in jsonschema.Draft7Validator(SARIF).iter_errors(log)]
    if found:
        return found
    if len(data) > 10_000_000:
        found.append(f"{len(data)} bytes, GitHub takes 10 MB")
    ids = [run["automationDetails"]["id"] for run in log["runs"]]
    if len(set(ids)) != len(ids):
        found.append(f"two runs of one category: {ids}")
    for run in log["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        prints = collections.Counter()
        for result in run["results"]:
            prints[json.dumps(result["partialFingerprints"], sort_keys=True)] += 1
            if rules[result["ruleIndex"]:][:1] != [result["ruleId"]]:
                found.append(f"rule {result['ruleIndex']} is not {result['ruleId']}")
            if re.search(r"(?<!\\)[\[\]]", result["message"]["text"]):
                found.append(f"a message could hold a link: {result['message']['text']!r}")
        found += [f"{count} results have one fingerprint" for count in prints.values() if count > 1]
    return found


def junit(data):
    found = hostile.faults(data)
    try:
        root = xml.etree.ElementTree.fromstring(data)
    except xml.etree.ElementTree.ParseError as error:
        return found + [f"no XML: {error}"]
    if root.tag != "testsuites":
        found.append(f"the root is {root.tag}")
    for suite in [*root, root]:
        cases = list(suite.iter("testcase"))
        counted = {"tests": len(cases), "failures": len(list(suite.iter("failure"))),
                   "errors": len(list(suite.iter("error")))}
        found += [f"{name} is {suite.get(name)}, not {number}" for name, number in counted.items()
                  if suite.get(name) != str(number)]
        if suite is not root:
            names = [(case.get("classname"), case.get("name")) for case in cases]
            found += [] if cases else ["an empty suite"]
            found += [] if len(set(names)) == len(names) else ["two cases are called the same"]
    shape = {"testsuites": {"testsuite"}, "testsuite": {"properties", "testcase"}, "properties": {"property"},
             "testcase": {"failure", "error", "system-out"}}
    for node in root.iter():
        found += [f"<{child.tag}> in <{node.tag}>" for child in node if child.tag not in shape.get(node.tag, ())]
    return found


VALUE = r"(?:[^%\r\n:,]|%(?:25|0D|0A|3A|2C))"
ANNOTATION = re.compile(rf"::(error|warning|notice) (?:file={VALUE}+,line=\d+,(?:col=\d+,)?)?title={VALUE}*::"
                        r"(?:[^%\r\n]|%(?:25|0D|0A))*")


def github(data):
    lines = data.decode().split("\n")
    found = [f"no annotation of ours: {line[:200]!r}" for line in lines[:-1] if not ANNOTATION.fullmatch(line)]
    found += ["it does not end with its line"] if lines[-1] else []
    levels = collections.Counter(line.split(" ")[0] for line in lines[:-1])
    found += [f"{count} of {level}" for level, count in levels.items() if count > 10]
    # a runner takes commands at the start of a line only, but old ones anywhere
    inside = "\n".join(line[2:] for line in lines)
    return found + hostile.faults(inside.encode())


def gitlab(data):
    report = json.loads(data)
    good = list(report) == ["create", "update", "delete"] and all(type(n) is int for n in report.values())
    return [] if good else [f"no report: {data[:200]!r}"]


SINKS = {"text": texts, "json": texts, "markdown": markdown, "sarif": sarif, "junit": junit, "github": github,
         "gitlab": gitlab}
REPORTS = ("markdown", "sarif", "junit", "github", "gitlab")  # of plans, beside text and json


def faults(arguments, data):
    """Why what a command printed is not inert for the reader of its --format."""
    after = [str(two) for one, two in zip(arguments, arguments[1:]) if one == "--format"]
    sink = SINKS.get(after[0] if after else "text", texts)
    return sink(data) if data else []
