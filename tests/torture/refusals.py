#!/usr/bin/env python3
"""Input that must be refused: at once, with a place and a next step, sending nothing.

specs    too large, too deep, too many (R17): within a second of a busy machine and 32 MiB
names    of stacks and objects that are paths, options or tricks (R20)
reach    a spec that tries to choose endpoints, credentials, proxies, code (R26)
replies  answers without end, bombs, other formats, redirects (R23, R24), through the real transport
tls      certificates, names, versions and handshakes that are not to be trusted (R25)
"""
import collections
import contextlib
import datetime
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import hostile  # noqa: E402
from sandbox import BUILD  # noqa: E402

# All answers of a run share 128 MiB; one with as many values as one may have takes 230 while it is read.
SPEC_S, SPEC_MB, REPLY_MB, VALUES_MB = 1.0, 32, 160, 420
HEAD = """lifeboat: 1
stack: refusals
account: "111122223333"
regions: {primary: us-east-1, secondary: us-west-2}
active: primary
"""
AWS = HEAD + 'roles: {ci: {purpose: caller, trusted_by: ["111122223333"]}}\nbuckets: {logs-east-1: {region: primary}}\n'
MIB = 1 << 20
BIG = {
    "100 MB": lambda: ("x" * MIB, 100),
    "100 MB of comments": lambda: ("# x\n" * (MIB // 4), 100),
    "100 MB of blanks": lambda: (" " * MIB, 100),
    "100 MB of NUL": lambda: ("\0" * MIB, 100),
    "100 MB in flow style": lambda: ("[" * MIB, 100),
    "100 MB of documents": lambda: ("---\n" * (MIB // 4), 100),
    "one byte over 1 MiB": lambda: HEAD + "#" * (MIB + 1 - len(HEAD)),
    "1 MiB of one line": lambda: "a: " + "x" * (MIB - 4),
    "1 MiB of one key": lambda: "x" * (MIB - 4) + ": 1",
    "1 MiB of one quoted text": lambda: HEAD + "x: \"" + "y" * (MIB - 200) + "\"",
    "1 MiB of escapes": lambda: HEAD + "x: \"" + "\\x41" * (MIB // 4 - 60) + "\"",
    "a million [": lambda: "[" * 1000000,
    "a million {": lambda: "{" * 1000000,
    "a million - ": lambda: "- " * 500000,
    "a million ? ": lambda: "? " * 500000,
    "half a million [{": lambda: "[{a: " * 200000,
    "20,000 blocks deep": lambda: "".join(" " * (i % 900) + f"k{i}:\n" for i in range(2000)),
    "1,000 blocks deep": lambda: "".join(" " * i + "k:\n" for i in range(1000)),
    "65 flows deep": lambda: HEAD + "x: " + "[" * 65 + "]" * 65,
    "alias bomb": lambda: "a: &a [x]\n" + "".join(f"b{i}: &b{i} [{','.join(['*a'] * 9)}]\n" for i in range(9)),
    "merge bomb": lambda: "a: &a {x: 1}\n" + "".join(f"b{i}: {{<<: *a}}\n" for i in range(10000)),
    "anchors, 100,000": lambda: "".join(f"k{i}: &a{i} 1\n" for i in range(60000)),
    "keys, 80,000": lambda: "".join(f"k{i}: 1\n" for i in range(80000)),
    "keys, all the same": lambda: "k: 1\n" * 150000,
    "items, 300,000": lambda: "a: [" + "1," * 300000 + "1]",
    "empty maps, 150,000": lambda: "a: [" + "{}," * 150000 + "{}]",
    "unknown buckets, 20,000": lambda: HEAD + "buckets:\n" + "".join(f"  b{i}: {{x: 1}}\n" for i in range(20000)),
    "tags, 100,000": lambda: "".join(f"k{i}: !t{i} 1\n" for i in range(50000)),
    "open quotes": lambda: "a: '" * 200000,
    "colons": lambda: ":" * 1000000,
    "long numbers": lambda: HEAD + "generation: " + "9" * 900000,
}
NAMES = ["../x", "../../etc/passwd", "-x", "--help", "a b", " a", "a ", "a/b", "a\\b", "/a", ".", "..", ".git", 
         "a@{1}", "@", "HEAD~1", "a^b", "a:b", "a?b", "a*b", "a[b", "\x1b[2J", "a\tb", "a\rb", "a\nb", "a\0b",
         "\u202eabc", "a\u200bb", "\ufeffa", "\U0001f6f6", "\u0430bc", "\u00e9t\u00e9", "A", "aB", "1a", "",
         "a" * 300, "a" * 5000, "~", "CON", "$(x)", "`x`", "${HOME}", "%s%n", "{{x}}", "a;b",
         "a|b", "a&b", "<a>", "\"a\"", "'a'", "#a", "!a", "&a", "*a", "::set-output", "##[group]", "a\u0301b"]
REACH = {"endpoint": "endpoint: http://169.254.169.254/", "endpoints": "endpoints: {s3: http://x}",
         "endpoint_url": "endpoint_url: https://evil.example", "proxy": "proxy: http://x:1", "profile": "profile: admin",
         "credentials": "credentials: {key: x}", "role": "role: arn:aws:iam::111122223333:role/x",
         "assume_role": "assume_role: {arn: x}", "role_arn": "role_arn: x", "include": "include: other.yaml",
         "extends": "extends: /etc/passwd", "ca_bundle": "ca_bundle: x.pem", "insecure": "insecure: true",
         "verify": "verify: false", "hooks": "hooks: {before: sh -c x}", "env": "env: {AWS_PROFILE: x}",
         "ledger remote": "remote: ext::sh -c x", "template": "stack2: ${env:HOME}",
         "plain http cluster": "domains: {d: {engine: Elasticsearch_7.10, endpoint: \"http://evil.example:9200\"}}",
         "metadata cluster": "domains: {d: {engine: Elasticsearch_7.10, endpoint: \"http://169.254.169.254\"}}",
         "file cluster": "domains: {d: {engine: Elasticsearch_7.10, endpoint: \"file:///etc/passwd\"}}",
         "region that is a host": "buckets: {logs-x-1: {region: \"evil.example/\"}}"}


class Fault(Exception):
    pass


def run(arguments, work, env, codes, seconds=60, megabytes=None):
    """Runs lifeboat: in time, in memory, with inert words and a code that was expected."""
    full = {"PATH": os.environ["PATH"], "HOME": str(work), "CI": "true", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "x" * 40, "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_MAX_ATTEMPTS": "1", "LIFEBOAT_TIME_SCALE": "1000",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9", **env}
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([str(BUILD / "lifeboat"), *arguments], cwd=work, env=full, stdout=out,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        alarm = threading.Timer(90, process.kill)
        alarm.start()
        _, status, used = os.wait4(process.pid, 0)
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read()
    faults = hostile.faults(said)
    if process.returncode not in codes:
        faults.append(f"exit {process.returncode}, not {codes}")
    if used.ru_utime + used.ru_stime > seconds:
        faults.append(f"{used.ru_utime + used.ru_stime:.2f} s of CPU, at most {seconds}")
    # a child begins with the peak of its parent: only what is above that can be told
    scale = MIB if sys.platform == "darwin" else 1024
    memory, own = used.ru_maxrss / scale, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
    if megabytes and memory > max(megabytes, own + 1):
        faults.append(f"{memory:.0f} MiB, at most {megabytes}")
    if faults:
        raise Fault("; ".join(faults) + f": {said[-500:]!r}")
    return said


class Server:
    """One thread that hands each connection to `talk`; keeps what was received."""

    def __init__(self, talk, context=None):
        self.talk, self.context, self.received, self.stopping = talk, context, b"", False
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
        self.socket.close()

    def serve(self):
        while not self.stopping:
            with contextlib.suppress(OSError):
                connection, _ = self.socket.accept()
                threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        with contextlib.suppress(OSError, ValueError), connection:
            connection.settimeout(20)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.received += connection.recv(65536)
            self.talk(connection)


def without_end(head, chunk, unit="body"):
    def talk(connection):
        connection.sendall(head)
        for _ in range(1024 * MIB // len(chunk)):  # 1 GiB, if it is let
            connection.sendall(chunk)
    return talk


def say(data):
    return lambda connection: connection.sendall(data)


def answer(body, status="200 OK", kind="text/xml", more=""):
    return say(f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body)


OPEN = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n"
BOMB = ("<!DOCTYPE a [<!ENTITY a0 \"xxxxxxxxxx\">" + "".join(
    f"<!ENTITY a{i} \"{f'&a{i - 1};' * 10}\">" for i in range(1, 12)) + "]><a>&a11;</a>").encode()
REPLIES = {
    "XML without end": without_end(OPEN + b"\r\n<a>", b"<b>x</b>" * 8192),
    "JSON without end": without_end(OPEN + b"\r\n[", b"[1]," * 16384),
    "blanks without end": without_end(OPEN + b"\r\n", b" " * 65536),
    "1 GiB announced": without_end(OPEN + b"Content-Length: 1073741824\r\n\r\n", b"x" * 65536),
    "headers without end": without_end(b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"x" * 1000 + b"\r\n"),
    "one header without end": without_end(b"HTTP/1.1 200 OK\r\nX-A: ", b"x" * 65536),
    "status line without end": without_end(b"HTTP/1.1 200 ", b"x" * 65536),
    "100 Continue without end": without_end(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "chunks without end": without_end(OPEN + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"),
    "entity bomb": answer(BOMB),
    "external entity": answer(b'<!DOCTYPE a [<!ENTITY e SYSTEM "http://127.0.0.1:9/">]><a>&e;</a>'),
    "gzip that was not asked for": answer(b"\x1f\x8b\x08" + b"\0" * 100, more="Content-Encoding: gzip\r\n"),
    "200,000 levels of XML": answer(b"<a>" * 200000),
    "1,001 levels of JSON": answer(b"[" * 1001 + b"]" * 1001, kind="application/json"),
    "two million elements": answer(b"<a>" + b"<b/>" * 2000001 + b"</a>"),
    "a login page": answer(b"<html><body>Please log in</body></html>", kind="text/html"),
    "empty 200": answer(b""),
    "204": answer(b"", "204 No Content"),
    "redirect": answer(b"", "301 Moved", more="Location: http://127.0.0.1:9/\r\n"),
    "redirect to another scheme": answer(b"", "302 Found", more="Location: file:///etc/passwd\r\n"),
    "wants proxy authentication": answer(b"", "407 No", more="Proxy-Authenticate: Basic\r\n"),
    "no HTTP": say(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "HTTP/0.9": say(b"<a/>"),
    "two lengths": say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 9\r\n\r\n<a/>"),
    "negative length": say(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n<a/>"),
    "length beyond 64 bits": say(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n<a/>"),
    "NUL in a header": say(b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 4\r\n\r\n<a/>"),
    "closed before a byte": say(b""),
}


class Refusals:
    def __init__(self, work):
        self.work, self.passed, self.failed, self.count = work, 0, 0, 0

    def attempt(self, name, act):
        self.count += 1
        work = self.work / str(self.count)
        work.mkdir()
        try:
            act(work)
            self.passed += 1
        except (Fault, OSError, UnicodeError) as error:
            self.failed += 1
            print(f"FAIL {name}: {error}", flush=True)
        shutil.rmtree(work, ignore_errors=True)

    def specs(self):
        for name, make in BIG.items():
            def act(work, make=make):
                text, times = made if isinstance(made := make(), tuple) else (made, 1)
                with open(work / "lifeboat.yaml", "w", encoding="utf-8") as file:
                    for _ in range(times):  # our own memory would count as the program's
                        file.write(text)
                del text, made
                said = run(["validate"], work, {}, (1,), SPEC_S, SPEC_MB)
                if b"lifeboat.yaml:" not in said:
                    raise Fault(f"no place: {said[:300]!r}")
            self.attempt(f"spec, {name}", act)

    def names(self):
        for name in NAMES:
            for place in ("stack", "bucket", "role"):
                def act(work, name=name, place=place):
                    document = {"lifeboat": 1, "stack": "refusals", "account": "111122223333", "active": "primary",
                                "regions": {"primary": "us-east-1", "secondary": "us-west-2"}}
                    if place == "stack":
                        document["stack"] = name
                    else:
                        document[place + "s"] = {name: {"region": "primary"} if place == "bucket"
                                                 else {"purpose": "snapshot"}}
                    (work / "lifeboat.yaml").write_text(json.dumps(document))
                    run(["validate"], work, {}, (0, 1, 3) if place != "stack" and name.isalnum() else (1, 3))
                    if [path.name for path in work.iterdir()] != ["lifeboat.yaml"]:
                        raise Fault(f"it made {list(work.iterdir())}")
                self.attempt(f"{place} named {name[:20]!r}", act)

    def reach(self):
        for name, line in REACH.items():
            def act(work, line=line):
                with Server(say(b"")) as server:
                    (work / "lifeboat.yaml").write_text(HEAD + line + "\n")
                    run(["plan"], work, {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}"}, (1, 64))
                    if server.received:
                        raise Fault(f"a request was sent: {server.received[:200]!r}")
            self.attempt(f"spec with {name}", act)

    def replies(self):
        for name, talk in REPLIES.items():
            def act(work, talk=talk):
                (work / "lifeboat.yaml").write_text(AWS)
                with Server(talk) as server:
                    run(["plan", "--target", "bucket.logs-east-1"], work,
                        {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}"}, (1, 8, 9), 30, REPLY_MB)
                    if not server.received:
                        raise Fault("nothing was asked")
            self.attempt(f"reply, {name}", act)
        values = {"a million numbers": b"1", "a million empty maps": b"{}", "a million texts": b'"abcdefgh"'}
        for name, one in values.items():
            def act(work, one=one):
                (work / "lifeboat.yaml").write_text(AWS + "domains:\n  d: {engine: OpenSearch_2.19}\n")
                with Server(answer(b"[" + b",".join([one] * 999999) + b"]", kind="application/json")) as server:
                    run(["plan"], work, {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}"}, (1, 8, 9), 30, VALUES_MB)
            self.attempt(f"reply, {name} in each", act)

    # --- TLS

    def certificate(self, name, *options):
        key, path = self.work / f"{name}.key", self.work / f"{name}.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-keyout", key,
                        "-out", path, *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return key, path

    def expired(self, pair):
        """The same certificate, of some years ago."""
        path, config = self.work / "old.crt", self.work / "ca.conf"
        (self.work / "index.txt").write_text("")
        config.write_text(f"[ca]\ndefault_ca=d\n[d]\ndir={self.work}\nnew_certs_dir={self.work}\n"
                          f"database={self.work}/index.txt\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n"
                          "x509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=IP:127.0.0.1\n"
                          "basicConstraints=CA:TRUE\n")
        request = self.work / "old.csr"
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["openssl", "req", "-new", "-key", pair[0], "-subj", "/CN=test", "-out", request], **quiet)
        subprocess.run(["openssl", "ca", "-config", config, "-selfsign", "-batch", "-notext", "-keyfile", pair[0],
                        "-in", request, "-out", path, "-startdate", "20200101000000Z",
                        "-enddate", "20200201000000Z"], **quiet)
        return pair[0], path

    def tls(self):
        good = self.certificate("good", "-days", "2", "-addext", "subjectAltName=IP:127.0.0.1")
        other = self.certificate("other", "-days", "2", "-addext", "subjectAltName=DNS:other.example")
        wild = self.certificate("wild", "-days", "2", "-addext", "subjectAltName=DNS:*")
        bare = self.certificate("bare", "-days", "2")
        old = self.expired(good)

        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what this is about

        def context(pair, newest=None):
            made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            made.set_ciphers("ALL:@SECLEVEL=0")
            made.minimum_version = ssl.TLSVersion.TLSv1
            if newest:
                made.maximum_version = newest
            made.load_cert_chain(pair[1], pair[0])
            return made

        reply = answer(b"<a/>")
        cases = {"not trusted": (context(good), None, reply), "of another name": (context(other), other, reply),
                 "for every name": (context(wild), wild, reply), "without a name": (context(bare), bare, reply),
                 "expired": (context(old), old, reply), "of another authority": (context(good), other, reply),
                 "TLS 1.0": (context(good, ssl.TLSVersion.TLSv1), good, reply),
                 "TLS 1.1": (context(good, ssl.TLSVersion.TLSv1_1), good, reply),
                 "plain text on the port": (None, good, say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>")),
                 "closed in the handshake": (None, good, say(b"\x16\x03\x03")),
                 "an alert": (None, good, say(b"\x15\x03\x03\x00\x02\x02\x28")),
                 "garbage in the handshake": (None, good, say(b"\x16\x03\x03\xff\xff" + b"x" * 70000))}
        for name, (made, bundle, talk) in cases.items():
            def act(work, made=made, bundle=bundle, talk=talk):
                (work / "lifeboat.yaml").write_text(AWS)
                with Server(talk, made) as server:
                    env = {"AWS_ENDPOINT_URL": f"https://127.0.0.1:{server.port}"}
                    if bundle:
                        env["AWS_CA_BUNDLE"] = str(bundle[1])
                    run(["plan"], work, env, (1, 8, 9))
                    if b"AWS4-HMAC" in server.received or b"GET /" in server.received or b"POST /" in server.received:
                        raise Fault("a signed request was sent")
            self.attempt(f"TLS, {name}", act)


def table_rows(name):
    """Rows of the tables of a unit test; each is a case of its own."""
    text = (HERE.parent / "unit" / f"test_{name}.c").read_text()
    return len(re.findall(r'^ +\{"', text, re.M))


def rows(seen):
    """Cases by kind of input, those included that other suites run: kind, how many there must be, how many."""
    bad = [path.name for path in (HERE.parent / "corpus" / "bad").iterdir()]
    form = sum(name.startswith("yaml_") for name in bad)
    xml = sum("XML" in name or "entity" in name for name in REPLIES)
    return (("R17 specs too large, deep or many", 30, seen["specs"]),
            ("R18 YAML that is not plain data", 120, form + table_rows("yaml")),
            ("R19 specs that say something wrong", 200, len(bad) - form),
            ("R20 names", 60, seen["names"]),
            ("R21 hostile strings", 40, len(hostile.STRINGS)),
            ("R23 JSON and HTTP answers", 60, table_rows("json") + seen["replies"] - xml),
            ("R24 XML answers", 25, table_rows("xml") + xml),
            ("R25 TLS and addresses", 20, seen["tls"] + table_rows("tls")),
            ("R26 a spec that reaches out", 15, seen["reach"]))


def main():
    seen = collections.Counter()
    began = datetime.datetime.now()
    with tempfile.TemporaryDirectory(prefix="lifeboat-refusals-") as work:
        refusals = Refusals(pathlib.Path(work))
        for group in sys.argv[1:] or ["specs", "names", "reach", "replies", "tls"]:
            before = refusals.passed
            getattr(refusals, group)()
            seen[group] = refusals.passed - before
            print(f"{group}: {refusals.passed - before} refused, {(datetime.datetime.now() - began).seconds} s", flush=True)
    for name, least, count in rows(seen) if not sys.argv[1:] else ():
        print(f"{name}: {count} cases of {least}{'' if count >= least else ', too few'}")
        refusals.failed += count < least
    print(f"{refusals.passed} passed, {refusals.failed} failed, 0 skipped")
    return 1 if refusals.failed or not refusals.passed else 0


if __name__ == "__main__":
    sys.exit(main())
