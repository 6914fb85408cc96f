"""Recorded connections become exchanges: what was asked and what was answered, taken apart."""
import pathlib
import urllib.parse

CONTROL = "/_sandbox/"


class Cut(Exception):
    """The recording ends inside a message."""


class Message:
    """One HTTP message; header names in lower case."""

    def __init__(self, start, headers, body):
        self.start, self.headers, self.body = start, headers, body


def _head(data):
    head, mark, rest = data.partition(b"\r\n\r\n")
    if not mark:
        raise Cut
    start, *lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return start, headers, rest


def _chunked(data):
    body = b""
    while True:
        size, mark, data = data.partition(b"\r\n")
        if not mark:
            raise Cut
        length = int(size.split(b";")[0], 16)
        if len(data) < length + 2:
            raise Cut
        if length == 0:
            return body, data.partition(b"\r\n")[2]
        body, data = body + data[:length], data[length + 2:]


def _take(data, bodyless=False):
    """The first message and the bytes behind it."""
    start, headers, rest = _head(data)
    if bodyless:
        return Message(start, headers, b""), rest
    if "chunked" in headers.get("transfer-encoding", ""):
        body, rest = _chunked(rest)
        return Message(start, headers, body), rest
    length = int(headers.get("content-length", 0))
    if len(rest) < length:
        raise Cut
    return Message(start, headers, rest[:length]), rest[length:]


class Exchange:
    """A request, and its answer when one came whole."""

    def __init__(self, asked, answered, where):
        self.where = where
        self.method, target, _ = asked.start.split(" ", 2)
        self.raw_path, _, query = target.partition("?")
        self.path = urllib.parse.unquote(self.raw_path)
        self.query = urllib.parse.parse_qsl(query, keep_blank_values=True)
        self.headers, self.body = asked.headers, asked.body
        self.answer = answered
        self.status = int(answered.start.split(" ")[1]) if answered else None
        self.scope = self._scope()

    def _scope(self):
        """(region, service) that the request was signed for."""
        for part in self.headers.get("authorization", "").replace(",", " ").split():
            if part.startswith("Credential="):
                pieces = part.split("/")
                return (pieces[2], pieces[3]) if len(pieces) == 5 else None
        return None

    @property
    def host(self):
        return self.headers.get("host", "")

    @property
    def ours(self):
        """Said by lifeboat, not by what a test does behind its back."""
        return self.headers.get("user-agent", "").split("/")[0] == "lifeboat"


def _answer(data, asked):
    """The answer to one request, interim answers passed over, and the bytes behind it."""
    while True:
        start, _, _ = _head(data)
        status = int(start.split(" ")[1])
        interim = status < 200
        bodyless = interim or status in (204, 304) or asked.start.startswith("HEAD ")
        message, data = _take(data, bodyless)
        if not interim:
            return message, data


def connection(stem):
    said = pathlib.Path(f"{stem}.out").read_bytes()
    heard = pathlib.Path(f"{stem}.in").read_bytes()
    while said:
        try:
            asked, said = _take(said)
        except Cut:
            return
        answered = None
        try:
            answered, heard = _answer(heard, asked)
        except Cut:
            heard = b""
        if CONTROL not in asked.start:
            yield Exchange(asked, answered, str(stem))


def exchanges(folder):
    """All of a folder that recorded_sandbox.py wrote."""
    for path in sorted(pathlib.Path(folder).rglob("*.out")):
        yield from connection(path.with_suffix(""))
