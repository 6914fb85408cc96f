"""Starts lifeboat-sandbox and lifeboat for a test, and ends what it started by its id."""
import json
import os
import pathlib
import subprocess

import aws

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LB_BUILD", ROOT / "build"))
KEEP = ("PATH", "HOME", "LANG", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS")


class Sandbox:
    """One sandbox process. Use with `with`."""

    def __init__(self, speed=1000, account=None, options=(), build=BUILD):
        self.program = str(build / "lifeboat")
        command = [os.environ.get("LB_SANDBOX", str(BUILD / "lifeboat-sandbox")),
                   "--speed", str(speed), *options]
        if account:
            command += ["--account", account]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)
        self.env = {}
        for line in self.process.stdout:
            if line.strip() == "ready":
                break
            name, _, value = line.strip().removeprefix("export ").partition("=")
            self.env[name] = value
        else:
            raise RuntimeError("the sandbox did not start")
        self.account = account or "111122223333"
        self.url = self.env["AWS_ENDPOINT_URL"]
        self.client = aws.Client(self.url, self.env["AWS_ACCESS_KEY_ID"],
                                 self.env["AWS_SECRET_ACCESS_KEY"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()

    def control(self, path, json_body=None, method=None):
        request = {"control": path}
        if json_body is not None:
            request["json"] = json_body
        if method:
            request["method"] = method
        return self.client.must(request)

    def calls(self, since=0):
        lines = self.control(f"calls").decode().splitlines()
        return [json.loads(line) for line in lines[since:]]

    def count(self):
        return len(self.calls())

    def state(self):
        return json.loads(self.control("state"))

    def role_arns(self):
        """Name -> ARN of each role, the path included."""
        roles = self.state().get("iam", {}).get("roles", {})
        return {name: role["Arn"] for name, role in roles.items()}

    def advance(self, duration):
        self.control("clock", {"advance": duration})

    def environment(self, extra=None):
        """What lifeboat sees: the sandbox, nothing of the user's account."""
        env = {name: os.environ[name] for name in KEEP if name in os.environ}
        env.update({"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                    "COLUMNS": "100", "TERM": "dumb", "CI": "true", "LIFEBOAT_LEDGER": "none"})
        env.update(self.env)
        for name, value in (extra or {}).items():
            if value is None:
                env.pop(name, None)
            else:
                env[name] = str(value)
        return env

    def lifeboat(self, arguments, cwd, env=None, stdin=None, timeout=240):
        return subprocess.run([self.program, *arguments], cwd=cwd, env=self.environment(env),
                              input=stdin if stdin is not None else "", capture_output=True,
                              text=True, timeout=timeout)

    def lifeboat_start(self, arguments, cwd, env=None):
        return subprocess.Popen([self.program, *arguments], cwd=cwd, env=self.environment(env),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
