#!/usr/bin/env python3
"""P8: no crash, leak or hang; see the class."""
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from kit import BUILD, Promise, World, expect

import hostile
import refusals

AWS, HEAD, MIB, OPEN = refusals.AWS, refusals.HEAD, refusals.MIB, refusals.OPEN
CALL_S = 60  # a call's deadline, all attempts together
OWN = HEAD + """domains:
  own: {engine: Elasticsearch_7.10, endpoint: "https://own.internal:9200", auth: {user: admin, password: "file:secret"}}
repositories:
  own: {domain: own, type: fs, settings: {location: /snapshots}}
"""


def drip(head, piece, seconds=1.0):
    """Says something again and again, too slowly for any size to stop it."""
    def talk(connection):
        connection.sendall(head)
        for _ in range(200):
            time.sleep(seconds)
            connection.sendall(piece)
    return talk


def silent(connection):
    time.sleep(200)


def throttle(connection):
    body = b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
    connection.sendall(b"HTTP/1.1 400 X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))


WAITS = {
    "accepts and never answers": silent,
    "one byte of the body a second": drip(OPEN + b"Content-Length: 100000\r\n\r\n", b"x"),
    "one byte of the head a second": drip(b"HTTP/1.1 200 OK\r\nX-A: ", b"x"),
    "one header a second": drip(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
    "one chunk a second": drip(OPEN + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "a body without length, a byte a second": drip(OPEN + b"\r\n<a>", b" "),
    "100 Continue for ever": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the head, and then nothing": drip(OPEN + b"Content-Length: 10\r\n\r\n", b"", 150),
    "half of the body, and then nothing": drip(OPEN + b"Content-Length: 10\r\n\r\n12345", b"", 150),
    "half of the status line, and then nothing": drip(b"HTTP/1.", b"", 150),
    "throttled for ever": throttle,
}


def pages(*tokens):
    """Answers that always name a next page: the same one, or ever new ones."""
    fresh = {"same": lambda n: "again", "new": lambda n: f"page-{n}"}
    return [(kind, fresh[kind]) for kind in tokens]


def endless_xml(result, flag, marker):
    def change(body, token):
        body = re.sub(b"<IsTruncated>[a-z]*</IsTruncated>|<%s>[^<]*</%s>" % (marker, marker), b"", body)
        return body.replace(b"</" + result + b">", b"<IsTruncated>true</IsTruncated><%s>%s</%s></%s>" % (
            marker, token.encode(), marker, result))
    return change


def endless_json(body, token):
    return json.dumps({**json.loads(body), "PaginationToken": token}).encode()


# operation: how its request is known, and how its answer is made to name a next page
LISTS = {
    "tagging:GetResources": (lambda r: b"ResourcesPerPage" in r.body, endless_json),
    "iam:ListRoles": (lambda r: b"Action=ListRoles&" in r.body + b"&",
                      endless_xml(b"ListRolesResult", None, b"Marker")),
    "iam:ListRolePolicies": (lambda r: b"Action=ListRolePolicies" in r.body,
                             endless_xml(b"ListRolePoliciesResult", None, b"Marker")),
    "route53:ListHealthChecks": (lambda r: "/healthcheck" in r.path,
                                 endless_xml(b"ListHealthChecksResponse", None, b"NextMarker")),
}


class P8AlwaysEnds(Promise):
    """No crash, leak or hang: every wait has a deadline, every buffer from outside a cap."""

    def __init__(self):
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="lifeboat-p8-")
        self._made = 0

    def _work(self, text=AWS, name="lifeboat.yaml"):
        self._made += 1
        work = pathlib.Path(self._folder.name) / str(self._made)
        work.mkdir()
        data = text if isinstance(text, bytes) else text.encode()
        (work / name).write_bytes(data)
        return work

    # --- waits

    def waits(self):
        """Each ends within the deadline of a call, a little later on a busy machine."""
        def case(talk):
            def act():
                work = self._work()
                with refusals.Server(talk) as server:
                    began = time.monotonic()
                    refusals.run(["plan", "--target", "bucket.logs-east-1"], work,
                                 {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}", "AWS_MAX_ATTEMPTS": "3"},
                                 (8,), 30)
                    took = time.monotonic() - began
                    expect(server.received, "nothing was asked")
                    expect(took < CALL_S + 15, f"it took {took:.0f} s")
                    return f"{took:.0f} s"
            return act
        cases = [(name, case(talk)) for name, talk in WAITS.items()]
        cases += [("never takes the connection", self._unaccepted), ("TLS that never begins", self._no_handshake)]
        self.together(cases, len(cases))

    def _refused_by(self, url, work):
        began = time.monotonic()
        refusals.run(["plan", "--target", "bucket.logs-east-1"], work,
                     {"AWS_ENDPOINT_URL": url, "AWS_MAX_ATTEMPTS": "3"}, (8,), 30)
        took = time.monotonic() - began
        expect(took < CALL_S + 15, f"it took {took:.0f} s")
        return f"{took:.0f} s"

    def _unaccepted(self):
        """A queue that is full: connections are neither taken nor refused."""
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen(0)
            waiting = [socket.socket() for _ in range(4)]
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(server.getsockname())
            try:
                return self._refused_by(f"http://127.0.0.1:{server.getsockname()[1]}", self._work())
            finally:
                for one in waiting:
                    one.close()

    def _no_handshake(self):
        with refusals.Server(silent) as server:
            return self._refused_by(f"https://127.0.0.1:{server.port}", self._work())

    def signals(self):
        """The first signal lets what is under way end, which has a deadline; the second ends at once."""
        for name, number, code in (("SIGINT", signal.SIGINT, 130), ("SIGTERM", signal.SIGTERM, 143)):
            def act(number=number, code=code):
                work = self._work()
                with refusals.Server(silent) as server, World() as world:
                    env = world.sandbox.environment({"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}"})
                    process = subprocess.Popen([str(BUILD / "lifeboat"), "plan"], cwd=work, env=env,
                                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    while not server.received and process.poll() is None:
                        time.sleep(0.01)
                    began = time.monotonic()
                    process.send_signal(number)
                    time.sleep(0.5)
                    process.send_signal(number)
                    try:
                        seen = process.wait(20)
                    finally:
                        process.kill()
                        process.wait()
                    took = time.monotonic() - began
                    expect(seen == code and took < 5, f"exit {seen}, not {code}, after {took:.1f} s")
            self.case(f"{name} while a server is silent", act)

    # --- what never ends by itself

    def lists(self):
        """A list that always names a next page is given up, and not taken for all there is."""
        for name, (known, change) in LISTS.items():
            for kind, token in pages("same", "new"):
                def act(name=name, known=known, change=change, token=token):
                    with World() as world, hostile.Proxy(world.sandbox.url) as proxy:
                        count = [0]

                        def endless(request, answer):
                            if answer.status == 200 and known(request):
                                count[0] += 1
                                answer.body = change(answer.body, token(count[0]))

                        world.apply()
                        proxy.change = endless
                        began = time.monotonic()
                        said = world.run(["plan"], (0, 1, 8), proxy.env, 100)
                        expect(count[0] > 0, "the list was not asked for")
                        expect(count[0] <= 2000, f"{count[0]} pages were asked for")  # in two regions
                        text = said.stdout + said.stderr
                        expect("has no end" in text, f"it does not say so: {text[-600:]}")
                        if name != "tagging:GetResources":  # what left the spec is a report, no more
                            expect(said.returncode == 8, f"exit {said.returncode}")
                        return f"{count[0]} pages, {time.monotonic() - began:.1f} s"
                self.case(f"{name}, {kind} token", act)

    def redirects(self):
        def act():
            asked = []

            def talk(connection):
                asked.append(1)
                connection.sendall(f"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:{server.port}/{len(asked)}\r\n"
                                   "Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
            with refusals.Server(talk) as server:
                refusals.run(["plan", "--target", "bucket.logs-east-1"], self._work(),
                             {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}"}, (1, 8), 30)
                expect(1 <= len(asked) < 40, f"{len(asked)} requests")
                return f"{len(asked)} requests, none of them followed"
        self.case("redirects to itself", act)

    def processing(self):
        """A domain that is Processing for ever: each wait of a step ends, and so does --timeout."""
        for name, more, codes in (("the step's own wait", [], (5, 6)), ("--timeout", ["--timeout", "30m"], (5, 6))):
            def act(more=more, codes=codes):
                with World(speed=20000) as world, hostile.Proxy(world.sandbox.url) as proxy:
                    def busy(request, answer):
                        answer.body = re.sub(rb'"(Processing|DomainProcessingStatus)":\s*(false|"Active")',
                                             lambda m: b'"%s":%s' % (m[1], b"true" if m[2] == b"false"
                                                                     else b'"Modifying"'), answer.body)
                    proxy.change = busy
                    began = time.monotonic()
                    said = world.run(["apply", "--auto-approve", *more], codes, proxy.env, 100)
                    expect("domain.search" in said.stderr + said.stdout, "the domain is not named")
                    return f"exit {said.returncode}, {time.monotonic() - began:.1f} s"
            self.case(f"a domain Processing for ever, {name}", act)

    # --- caps

    def _phrase(self, name, make, over, phrase, at_cap, env=None, arguments=None, file="lifeboat.yaml"):
        """`phrase` is said of one more than the cap, and not of the cap."""
        def act(size, must):
            work = self._work(make(size), file)
            if file != "lifeboat.yaml":
                (work / "lifeboat.yaml").write_text(OWN if file == "secret" else AWS)
            values = {key: value.format(work=work) for key, value in (env or {}).items()}
            said = refusals.run(arguments or ["validate"], work, values, (0, 1, 3, 8, 9), 30, 640)
            found = phrase.encode() in said
            expect(found == must, f"{phrase!r} was {'' if found else 'not '}said: {said[-300:]!r}")
        self.case(f"{name}, at the cap", lambda: act(at_cap, False))
        self.case(f"{name}, one more", lambda: act(over, True))

    def caps_of_files(self):
        def spec_of(size):
            return HEAD + "#" * (size - len(HEAD) - 1) + "\n"
        self._phrase("spec, bytes", spec_of, MIB + 1, "LB-S011", MIB)
        self._phrase("spec, depth", lambda n: HEAD + "x: " + "[" * (n - 1) + "]" * (n - 1), 65, "LB-S012", 64)
        self._phrase("spec, nodes", self._yaml_nodes, 50001, "LB-S013", 50000)
        show = {"arguments": ["show", "plan.json"], "file": "plan.json"}
        self._phrase("plan file, bytes", lambda n: b'{"x":"' + b"y" * (n - 8) + b'"}', 64 * MIB + 1,
                     "too large", 64 * MIB, **show)
        self._phrase("JSON, depth", lambda n: '{"format_version":' + "[" * (n - 1) + "]" * (n - 1) + "}", 65,
                     "nested too deeply", 64, **show)
        self._phrase("JSON, nodes", lambda n: '{"format_version":[' + ",".join("1" * (n - 2)) + "]}", 1000001,
                     "too many values", 1000000, **show)
        self._phrase("JSON, digits", lambda n: '{"format_version":' + "1" * n + "}", 64, "number", 63, **show)
        profile = {"file": "config", "arguments": ["plan", "--target", "bucket.logs-east-1"],
                   "env": {"AWS_CONFIG_FILE": "{work}/config", "AWS_MAX_ATTEMPTS": "1"}}
        line = "[default]\nregion = us-east-1\n"
        self._phrase("profile file, bytes", lambda n: line + ("#" * 99 + "\n") * ((n - len(line)) // 100) +
                     "#" * ((n - len(line)) % 100), MIB + 1, "config", MIB, **profile)
        self._phrase("profile file, line", lambda n: line + "k=" + "v" * (n - 2) + "\n", 16385, "the line is too long", 16384,
                     **profile)
        with World() as world:
            self._phrase("secret file", lambda n: "s" * n, 4095, "too long for a secret", 4094, file="secret",
                         arguments=["plan"], env={**world.sandbox.env, "LIFEBOAT_CLUSTER_URL": "http://127.0.0.1:9"})

    @staticmethod
    def _yaml_nodes(n):
        """HEAD has its own nodes; a list of scalars makes up the rest."""
        own = 1 + 2 * 5 + 4  # the map, five keys and values, the four words in `regions`
        return HEAD + "x: [" + ",".join("1" * (n - own - 2)) + "]\n"

    def caps_of_answers(self):
        def plan(size, build, must, phrase=b"LB-A020"):
            def act():
                work = self._work()
                with refusals.Server(refusals.say(build(size))) as server:
                    said = refusals.run(["plan", "--target", "bucket.logs-east-1", "--exclude", "role.ci"], work,
                                        {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}"}, (1, 8, 9), 60, 640)
                found = phrase in said
                expect(found == must, f"{phrase!r} was {'' if found else 'not '}said: {said[-500:]!r}")
            return act

        def headers(n):
            head = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n"
            line = b"X-%03d: " + b"x" * 990 + b"\r\n"
            lines = b"".join(line % i for i in range(60))
            rest = n - len(head) - len(lines) - len(b"X-Last: \r\n\r\n")
            return head + lines + b"X-Last: " + b"y" * rest + b"\r\n\r\n<a/>"

        def xml(body):
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)

        for name, size, build, phrase in (
                ("headers, 64 KiB", 64 << 10, headers, b"LB-A020"),
                ("XML, depth 64", 64, lambda n: xml(b"<a>" * n + b"</a>" * n), b"nested too deeply"),
                ("XML, 250,000 nodes", 250000, lambda n: xml(b"<a>" + b"<b/>" * (n - 1) + b"</a>"),
                 b"too many elements")):
            self.case(f"{name}, at the cap", plan(size, build, False, phrase))
            self.case(f"{name}, one more", plan(size + 1, build, True, phrase))
        for size, must in ((64 * MIB, False), (64 * MIB + 1, True)):
            self.case(f"body, {size} bytes", self._one_body(size, must))

    def _one_body(self, size, must):
        """One call alone: several such bodies at once have a budget of their own."""
        def act():
            with World() as world, hostile.Proxy(world.sandbox.url) as proxy:
                world.write(AWS)
                world.apply("--target", "bucket.logs-east-1")

                def large(request, answer):
                    if "versioning" in request.path:
                        answer.body += b" " * (size - len(answer.body))
                proxy.change = large
                said = world.run(["plan", "--target", "bucket.logs-east-1"], (0, 1), proxy.env)
                found = "LB-A020" in said.stdout + said.stderr
                expect(found == must, f"LB-A020 was {'' if found else 'not '}said: {said.stdout[-400:]}")
        return act


if __name__ == "__main__":
    sys.exit(P8AlwaysEnds.main())
