#!/usr/bin/env python3
"""P6: a secret reaches no text, whatever holds it and whoever echoes it.

Each case puts a canary where people keep a secret, or misplace one. A server that echoes what it was
sent, and what it should not know, in every spelling answers; then every stream and every file that
was written is searched for the canary, its base64 at any offset, its percent and JSON spellings and
its digest. LB_SEED=N repeats a run.
"""
import base64
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "lib"))
import hostile  # noqa: E402
from sandbox import BUILD  # noqa: E402

SEED = int(os.environ.get("LB_SEED", random.SystemRandom().randrange(1_000_000)))
HEAD = """lifeboat: 1
stack: secrets
account: "111122223333"
regions: {primary: us-east-1, secondary: us-west-2}
active: primary
"""
OWN = HEAD + """domains:
  own: {engine: Elasticsearch_7.10, endpoint: "https://own.internal:9200", auth: {user: admin, password: "%s"}}
repositories:
  own: {domain: own, type: fs, settings: {location: /snapshots}}
"""
AWS = HEAD + "roles: {ci: {purpose: caller, trusted_by: [\"111122223333\"]}}\nbuckets: {logs-east-1: {region: primary}}\n"
# %s is the canary: misplaced, misspelt, in broken YAML.
MISPLACED = {
    "inline password": OWN,
    "misspelt key": OWN.replace("password:", "pasword:"),
    "other misspelt key": OWN.replace("password:", "passwd:"),
    "password of the domain": HEAD + "domains:\n  a: {engine: OpenSearch_2.19, password: \"%s\"}\n",
    "master password": HEAD + "domains:\n  a:\n    engine: OpenSearch_2.19\n    master_password: '%s'\n",
    "secret key at the top": HEAD + "aws_secret_access_key: \"%s\"\n",
    "secret_key": HEAD + "secret_key: '%s'\n",
    "token": HEAD + "session_token: '%s'\n",
    "api key": HEAD + "domains:\n  a: {api_key: '%s'}\n",
    "apikey": HEAD + "domains:\n  a: {apikey: '%s'}\n",
    "private key": HEAD + "buckets:\n  b-one: {private_key: '%s'}\n",
    "credentials map": HEAD + "credentials: {secret: '%s', key: x}\n",
    "credentials list": HEAD + "credentials: ['%s']\n",
    "password in a list": OWN.replace('"%s"', '["%s"]'),
    "password as a map": OWN.replace('"%s"', '{value: "%s"}'),
    "password in a block": OWN.split("domains:")[0] + "domains:\n  own:\n    auth:\n      password: >-\n        %s\n",
    "password as an alias": OWN.replace('"%s"', "*%s"),
    "password as an anchor": OWN.replace('"%s"', "&%s x"),
    "password as a tag": OWN.replace('"%s"', "!%s x"),
    "password in an open string": HEAD + "domains:\n  own: {auth: {password: \"%s\n",
    "password twice": OWN.replace('password: "%s"', 'password: "%s", password: "%s"'),
    "unknown reference": OWN.replace('"%s"', '"vault:%s"'),
    "user info in an endpoint": OWN.replace("https://own", "https://admin:%s@own").replace('"%s"', '"env:P"', 1)
    .replace('password: "%s"', 'password: "env:P"'),
}


class Fault(Exception):
    pass


def spellings(secret):
    data = secret.encode()
    texts = {secret, urllib.parse.quote(secret, safe=""), json.dumps(secret)[1:-1],
             urllib.parse.quote(secret, safe="").lower(), data.hex(), hashlib.sha256(data).hexdigest()}
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + data).decode()
        core = text[(shift * 8 + 5) // 6:(shift + len(data)) * 8 // 6]
        texts |= {core, core.replace("+", "-").replace("/", "_")}
    return texts


def echo(secrets):
    """Everything that a server could say of what it was sent."""
    words = [word for secret in secrets for word in (
        secret, urllib.parse.quote(secret, safe=""), base64.b64encode(secret.encode()).decode(),
        base64.b64encode(f"admin:{secret}".encode()).decode(), json.dumps(secret)[1:-1],
        base64.urlsafe_b64encode(f"x{secret}".encode()).decode())]

    def instead(request):
        said = " ".join([*words, request.headers.get("Authorization", "-"),
                         request.headers.get("x-amz-security-token", "-")])
        answer = hostile.Answer(403, [("x-amzn-requestid", words[0]), ("x-echo", said[:3000]),
                                      ("set-cookie", said[:500])], b"")
        kind = len(request.path) % 3
        if kind == 0:  # plain, and long enough to be cut in a secret
            answer.body = ("x" * (2048 - len(words[0]) // 2 - (len(request.path) % 7)) + said).encode()
        elif kind == 1:
            text = hostile.in_xml(said.encode())
            answer.body = b"<Error><Code>Denied" + text + b"</Code><Message>" + text + b"</Message></Error>"
        else:
            text = hostile.in_json(said.encode())
            answer.body = b'{"__type":"Denied ' + text + b'","message":"' + text + b'"}'
        return answer
    return instead


class P6NoSecret:
    def __init__(self):
        self.random = random.Random(SEED)
        self.passed = self.failed = 0

    def secret(self, extra="\"\\/+?&=%"):
        letters = "abcdefghijkmnpqrstuvwxyzABCDEFGH23456789"
        middle = "".join(self.random.choices(letters, k=16)) + extra
        return "cAnArY" + middle + "".join(self.random.choices(letters, k=16))

    def attempt(self, name, act):
        with tempfile.TemporaryDirectory(prefix="lifeboat-canary-") as work:
            try:
                act(pathlib.Path(work))
                self.passed += 1
                print(f"ok   {name}", flush=True)
            except (Fault, OSError, subprocess.TimeoutExpired) as error:
                self.failed += 1
                print(f"FAIL {name}: {error}", flush=True)

    def search(self, work, secrets, env, commands, inputs=()):
        """Runs the commands and looks for the canaries in all that they leave behind."""
        shut = {"PATH": os.environ["PATH"], "HOME": str(work), "CI": "true", "COLUMNS": "200",
                "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1",
                "LIFEBOAT_TIME_SCALE": "1000"}
        for level, arguments in zip(("trace", "debug", "trace", "info") * 4, commands):
            log = work / "lifeboat.log"
            run = {**shut, **env, "LIFEBOAT_LOG": level}
            if level == "trace":
                run["LIFEBOAT_LOG_FILE"] = str(log)
            done = subprocess.run([str(BUILD / "lifeboat"), *arguments], cwd=work, env=run, input=b"",
                                  capture_output=True, timeout=60)
            if done.returncode not in (0, 1, 3, 5, 8, 9, 64):
                raise Fault(f"{arguments}: exit {done.returncode}: {done.stderr[-500:]!r}")
            places = {"standard output": done.stdout, "standard error": done.stderr}
            places |= {path.name: path.read_bytes() for path in work.iterdir() if path.name not in inputs}
            for place, data in places.items():
                for secret in secrets:
                    for text in spellings(secret):
                        if text.encode() in data:
                            at = data.index(text.encode())
                            raise Fault(f"{arguments}: {place} holds {text!r}: {data[max(0, at - 80):at + 60]!r}")

    ONLINE = (["plan", "--out", "plan.json"], ["plan", "--format", "json"], ["drift"],
              ["apply", "--auto-approve", "--json"], ["apply", "--auto-approve"], ["validate"])

    def online(self, name, spec, secrets, env, files=(), known=True):
        def act(work):
            (work / "lifeboat.yaml").write_text(spec)
            for file, text in dict(files).items():
                (work / file).write_text(text)
            here = {key: value.replace("{work}", str(work)) for key, value in env.items()}
            with hostile.Proxy("http://127.0.0.1:9") as proxy:
                proxy.instead = echo(secrets if known else ["-" * 40])
                self.search(work, secrets, {**proxy.env, **here}, self.ONLINE,
                            ("lifeboat.yaml", *dict(files)))
        self.attempt(name, act)

    def credentials(self):
        key, token = self.secret(""), self.secret("/+=")
        pair = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": key}
        self.online("secret key in the environment", AWS, [key], pair)
        self.online("session token in the environment", AWS, [key, token], {**pair, "AWS_SESSION_TOKEN": token})
        text = f"aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = {key}\naws_session_token = {token}\n"
        for variable, section in (("AWS_SHARED_CREDENTIALS_FILE", "dr"), ("AWS_CONFIG_FILE", "profile dr")):
            env = {variable: "{work}/keys", "AWS_PROFILE": "dr"}
            broken = {"whole": f"[{section}]\n{text}", "without its section": text,
                      "with the key on a line of its own": f"[{section}]\n{text}{key}\n",
                      "with the key twice": f"[{section}]\n{text}{text}",
                      "with an open section": f"[{section}\n{text}", "with the key as section": f"[{key}]x\n",
                      "with a control": f"[{section}]\naws_secret_access_key = {key}\x1b\n",
                      "of another profile": f"[{section}x]\n{text}"}
            for how, content in broken.items():
                self.online(f"{variable} {how}", AWS, [key, token], env, {"keys": content})

    def passwords(self):
        secret = self.secret()
        own = OWN.replace("%s", "env:CLUSTER_PASSWORD")
        self.online("basic password by env:", own, [secret], {"CLUSTER_PASSWORD": secret})
        own = OWN.replace("%s", "file:password")
        self.online("basic password by file:", own, [secret], {}, {"password": secret + "\n"})
        self.online("basic password with a line end in it", OWN.replace("%s", "env:P"), [secret],
                    {"P": f"{secret}\r\nX: y"}, known=False)

    def urls(self):
        secret = self.secret("")
        pair = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x" * 40}
        for variable, value in (("HTTPS_PROXY", f"http://user:{secret}@127.0.0.1:9"),
                                ("https_proxy", f"http://user:{secret}@proxy.invalid:3128"),
                                ("ALL_PROXY", f"socks5://user:{secret}@127.0.0.1:9"),
                                ("HTTPS_PROXY", f"bad scheme://user:{secret}@ x")):
            self.online(f"password in {variable}={value.split('//')[0]}", AWS, [secret],
                        {**pair, variable: value, "AWS_ENDPOINT_URL": "https://aws.invalid"}, known=False)
        for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "LIFEBOAT_CLUSTER_URL"):
            for value in (f"https://user:{secret}@127.0.0.1:9", f"http://user:{secret}@evil.example",
                          f"ftp://user:{secret}@x", f"https://127.0.0.1:9/?token={secret}"):
                spec = OWN.replace("%s", "env:P") if "CLUSTER" in variable else AWS
                self.online(f"password in {variable}, {value.split(':')[0]}", spec, [secret],
                            {**pair, "P": "hunter2hunter2", variable: value},
                            known=False)

    def misplaced(self):
        for name, text in MISPLACED.items():
            secret = self.secret("") if "%s " in text or "*%s" in text else self.secret("/+")

            def act(work, text=text, secret=secret):
                (work / "lifeboat.yaml").write_text(text.replace("%s", secret))
                self.search(work, [secret], {}, (["validate"], ["validate", "--format", "json"], ["plan"],
                                                 ["apply", "--auto-approve", "--json"], ["drift"]),
                            ("lifeboat.yaml",))
            self.attempt(f"in the spec: {name}", act)

    def cores(self):
        """A core file would hold everything: the program gives up its right to one."""
        def act(work):
            (work / "lifeboat.yaml").write_text(AWS)
            with hostile.Proxy("http://127.0.0.1:9") as proxy:
                asked = threading.Event()
                proxy.instead = lambda request: asked.set() or time.sleep(3)
                env = {"PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
                       "AWS_SECRET_ACCESS_KEY": "x" * 40, **proxy.env}
                process = subprocess.Popen(["sh", "-c", 'ulimit -c unlimited 2>/dev/null; exec "$0" plan',
                                            str(BUILD / "lifeboat")], cwd=work, env=env, stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL)
                asked.wait(30)
                limits = pathlib.Path(f"/proc/{process.pid}/limits")
                text = limits.read_text() if limits.exists() else ""
                process.send_signal(6)
                process.wait(20)
            if text and not any(line.startswith("Max core file size") and line.split()[4:6] == ["0", "0"]
                                for line in text.splitlines()):
                raise Fault(f"the limit on core files is not 0: {text}")
            if [path.name for path in work.iterdir()] != ["lifeboat.yaml"]:
                raise Fault(f"it left {list(work.iterdir())}")
        self.attempt("no core file", act)


def main():
    canaries = P6NoSecret()
    print(f"seed {SEED}")
    for group in sys.argv[1:] or ["credentials", "passwords", "urls", "misplaced", "cores"]:
        getattr(canaries, group)()
    print(f"{canaries.passed} passed, {canaries.failed} failed, 0 skipped")
    return 1 if canaries.failed or not canaries.passed else 0


if __name__ == "__main__":
    sys.exit(main())
