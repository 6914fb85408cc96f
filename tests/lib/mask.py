"""Replaces what differs from run to run by names that do not: ids, times, ports, digests.

One value keeps one name within a story, so that a text still shows whether two places mean the same.
"""
import re

PATTERNS = (
    ("digest", re.compile(r"\b[0-9a-f]{64}\b")),
    ("digest", re.compile(r"(?<=approved )[0-9a-f]{16}\b|(?<=now )[0-9a-f]{16}\b")),
    ("uuid", re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")),
    ("host", re.compile(r"(?<=-)[a-z0-9]{26}(?=\.[a-z0-9-]+\.es\.)")),
    ("role-id", re.compile(r"\bA(?:ROA|KIA|SIA)[A-Z0-9]{12,17}\b")),
    ("zone", re.compile(r"\bZ[0-9A-Z]{12,21}\b")),
    ("time", re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")),
    ("time", re.compile(r"\b1[789]\d{11}\b")),
    ("port", re.compile(r"(?<=127\.0\.0\.1:)\d{2,5}\b")),
    # of the many calls of one object that a region does not answer, the first to end is told
    ("call", re.compile(r"(?<=: )[a-z0-9]+:[A-Za-z0-9]+(?= in [a-z0-9-]+ ConnectionLost)")),
    ("request", re.compile(r"(?<=request id )[0-9A-Za-z/+=-]+")),
)
ELAPSED = re.compile(r"(?<=attempts, )[0-9.]+(?= s\))|(?<= \[)[0-9dhms ]+(?=\])|(?<=not started, in )[0-9dhms ]+(?=[.\n])")
ELAPSED_JSON = re.compile(r'("elapsed_s": ?)[0-9.]+')
NAMED = {"time": "<time>", "port": "<port>", "call": "<call>", "request": "<id>"}


class Mask:
    def __init__(self):
        self.names = {}

    def _name(self, kind, text):
        if kind in NAMED:
            return NAMED[kind]
        key = (kind, text[:16])
        count = sum(1 for known in self.names if known[0] == kind)
        return self.names.setdefault(key, f"<{kind}-{count + 1}>")

    def __call__(self, text):
        for kind, pattern in PATTERNS:
            text = pattern.sub(lambda found, kind=kind: self._name(kind, found.group()), text)
        return ELAPSED_JSON.sub(r'\1"<elapsed>"', ELAPSED.sub("<elapsed>", text))
