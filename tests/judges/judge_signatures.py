#!/usr/bin/env python3
"""Every signature of lifeboat is judged by botocore and by versitygw.

A proxy between lifeboat and the sandbox recomputes each signature with botocore: all calls of a
plan and an apply of examples/two-region must pass, with keys and with a session token. versitygw,
the strictest S3 server that can be had, takes a bucket and objects with odd keys. A wrong secret is
refused by the proxy, by the sandbox and by versitygw.

What versitygw cannot judge: lifecycle, replication, encryption and public-access block are checked
for their signature, then answered 501: moto stands in for them. It keeps objects as files, so a key
that ends in a slash must be empty; and a bucket's owner is an access key, so the key is the account.
"""
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

import boto3
import botocore.config

import judge
from judge import ACCOUNT, EAST, WEST
from services_driver import Sandbox
from signature_proxy import Proxy, SignatureProxy, ask

import parts

SPEC = judge.ROOT / "examples/two-region"
OBJECTS = str(judge.ROOT / "build/judge_objects")
KEYS = ["plain", "a b", "a+b", "a%2Fb", "100%", "ä/ö/ü", "日本", "tilde~-_.", "*star*", "(x)!'",
        "a=b&c=d", "q?x#y", "@:;,$", "[x]{y}|", '"quoted"<tag>', "a//b", "a/../b", "./x",
        "back\\slash", "tab\there", "/lead", "...", "emoji-😀", "%41%zz", "y" * 200]
LONGEST = 43200  # seconds of the sandbox's time
SERVICES = {"sts", "iam", "s3", "es", "route53", "monitoring"}
BUCKET = "gateway-dr-west"
GATEWAY_SPEC = """
lifeboat: 1
stack: gateway
account: "111122223333"
regions: {primary: us-east-1, secondary: us-west-2}
active: primary
buckets:
  gateway-dr-west:
    region: secondary
    abort_multipart_after: never
    ownership: BucketOwnerPreferred
    public_access: {block_public_policy: false, restrict_public_buckets: false}
    policy:
      Version: "2012-10-17"
      Statement: [{Sid: Read, Effect: Allow, Principal: "*", Action: "s3:GetObject",
                   Resource: "arn:aws:s3:::gateway-dr-west/*"}]
    tags: {team: "search @ home"}
"""


def pointed_at(box, url, **more):
    """The sandbox's environment, with every call going through `url`."""
    return {**box.env, "AWS_ENDPOINT_URL": url, "LIFEBOAT_CLUSTER_URL": url, **more}


def session_of(box):
    """Credentials with a session token, from AssumeRole."""
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}
    role = box.client("iam").create_role(RoleName="judge",
                                         AssumeRolePolicyDocument=json.dumps(trust),
                                         MaxSessionDuration=LONGEST)["Role"]
    return box.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="judge",
                                         DurationSeconds=LONGEST)["Credentials"]


def objects(bucket, region, env, keys):
    """The lines that judge_objects prints."""
    done = subprocess.run([OBJECTS, bucket, region], input=json.dumps(keys), text=True,
                          env=judge.clean_environment(env), capture_output=True, timeout=60,
                          check=False)
    return done.stdout.splitlines()


def check_objects(checks, where, bucket, env):
    lines = objects(bucket, WEST, env, KEYS)
    bad = [line for line in lines if line.split()[2] != "ok"]
    checks.true(f"{where}: {len(KEYS)} odd keys are put, read, listed and deleted",
                len(lines) == 4 * len(KEYS) and not bad, bad or f"{len(lines)} answers")


def wrong_secret(checks, where, env):
    done = judge.lifeboat(["plan"], {**env, "AWS_SECRET_ACCESS_KEY": "not-the-secret"}, SPEC)
    checks.true(f"{where}: a wrong secret is refused, exit 9",
                done.returncode == 9, judge.said(done))
    checks.true(f"{where}: no secret in what is said",
                "not-the-secret" not in done.stdout + done.stderr, judge.said(done))


def main_job(checks, box, proxy):
    """Plan and apply, every call counted on both sides of the proxy."""
    env = pointed_at(box, proxy.url)
    before = len(calls(box))
    done = judge.lifeboat(["plan", "--detailed-exitcode"], env, SPEC)
    checks.true("botocore: a plan passes", done.returncode == 2, judge.said(done))
    judge.apply_and_plan(checks, "botocore", env, SPEC)
    checks.equal("botocore refused no call", proxy.refused, [])
    seen = calls(box)[before:]
    checks.equal(f"botocore signed each of {proxy.count()} calls alike",
                 (proxy.count(), {one["signature"] for one in seen}), (len(seen), {"ok"}))
    print("     " + ", ".join(f"{service} in {region}: {count}" for (service, region), count
                              in sorted(proxy.passed.items())))
    checks.true("each service was among them",
                SERVICES <= {service for service, _ in proxy.passed}, proxy.passed)


def calls(box):
    with urllib.request.urlopen(f"{box.url}/_sandbox/calls") as answer:
        return [json.loads(line) for line in answer]


def botocore_judges(checks):
    box = Sandbox(judge.SANDBOX, "--speed", "1000")
    try:
        key, secret = box.env["AWS_ACCESS_KEY_ID"], box.env["AWS_SECRET_ACCESS_KEY"]
        session = session_of(box)
        known = {key: (secret, None), session["AccessKeyId"]: (session["SecretAccessKey"],
                                                               session["SessionToken"])}
        with SignatureProxy(box.port, known) as proxy:
            main_job(checks, box, proxy)
            env = pointed_at(box, proxy.url, AWS_ACCESS_KEY_ID=session["AccessKeyId"],
                             AWS_SECRET_ACCESS_KEY=session["SecretAccessKey"],
                             AWS_SESSION_TOKEN=session["SessionToken"])
            passed = proxy.count()
            judge.lifeboat(["plan"], env, SPEC)  # the clusters do not know this role
            checks.true("botocore: calls with a session token pass",
                        proxy.count() > passed and not proxy.refused, proxy.refused)
            check_objects(checks, "botocore", "search-dr-west", pointed_at(box, proxy.url))
            checks.equal("botocore refused no object", proxy.refused, [])
            passed = proxy.count()
            wrong_secret(checks, "botocore", pointed_at(box, proxy.url))
            checks.true("botocore let none of those calls through",
                        proxy.refused and proxy.count() == passed, proxy.passed)
            checks.equal("botocore: every call got its answer", proxy.broken, [])
        before = len(calls(box))
        wrong_secret(checks, "sandbox", box.env)
        checks.equal("sandbox: their signatures are bad",
                     {one["signature"] for one in calls(box)[before:]}, {"bad"})
    finally:
        box.stop()


@contextlib.contextmanager
def versitygw(key, secret):
    port = judge.free_port()
    with tempfile.TemporaryDirectory(prefix="versitygw-", dir=parts.CACHE) as folder:
        for name in ("root", "versions", "iam"):
            pathlib.Path(folder, name).mkdir()
        command = [str(parts.versitygw()), "--access", key, "--secret", secret, "--region", WEST,
                   "--port", f"127.0.0.1:{port}", "--iam-dir", f"{folder}/iam", "posix",
                   "--versioning-dir", f"{folder}/versions", f"{folder}/root"]
        with judge.server(command, port):
            yield port


@contextlib.contextmanager
def moto():
    """Answers what is not S3, and the S3 that versitygw has not."""
    port = judge.free_port()
    with judge.server([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                      port, env=judge.clean_environment({"MOTO_ACCOUNT_ID": ACCOUNT})):
        yield port


class Gateway(Proxy):
    """S3 calls go to versitygw first; moto keeps what it is told too, and answers for a 501."""

    def __init__(self, gateway, rest):
        super().__init__()
        self.gateway, self.rest, self.statuses = gateway, rest, []

    def reply(self, request, body):
        answer = ask(self.gateway, request, body)
        with self.lock:
            self.statuses.append((answer[0], b"SignatureDoesNotMatch" in answer[2]))
        if answer[0] != 501 and request.command in ("GET", "HEAD"):
            return answer
        stand_in = ask(self.rest, request, body)
        return stand_in if answer[0] == 501 else answer


def gateway_holds(checks, url, key, secret):
    s3 = boto3.client("s3", region_name=WEST, endpoint_url=url, aws_access_key_id=key,
                      aws_secret_access_key=secret,
                      config=botocore.config.Config(s3={"addressing_style": "path"}))
    checks.equal("versitygw: tags", judge.tags(s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"]),
                 {"team": "search @ home", "lifeboat:stack": "gateway",
                  "lifeboat:address": f"bucket.{BUCKET}"})
    checks.equal("versitygw: versioning", s3.get_bucket_versioning(Bucket=BUCKET)["Status"],
                 "Enabled")
    rules = s3.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]["Rules"]
    checks.equal("versitygw: ownership", rules, [{"ObjectOwnership": "BucketOwnerPreferred"}])
    policy = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])
    checks.equal("versitygw: policy", policy["Statement"][0]["Sid"], "Read")


def gateway_refuses(checks, proxy, env):
    """Nothing of S3 gets past versitygw with a wrong secret; moto lets the rest pass."""
    wrong = {**env, "AWS_SECRET_ACCESS_KEY": "not-the-secret"}
    del proxy.statuses[:]
    done = judge.lifeboat(["plan"], wrong, GATEWAY_SPEC)
    checks.true("versitygw: a plan with a wrong secret ends with 9", done.returncode == 9,
                judge.said(done))
    codes = {line.split()[2] for line in objects(BUCKET, WEST, wrong, ["a"])}
    checks.equal("versitygw: an object with a wrong secret", codes, {"SignatureDoesNotMatch"})
    checks.equal(f"versitygw refused all of {len(proxy.statuses)} calls",
                 {status for status, _ in proxy.statuses}, {403})


def versitygw_judges(checks):
    key, secret = ACCOUNT, "judge/secret+with=signs"
    with versitygw(key, secret) as gateway, moto() as rest, Gateway(gateway, rest) as proxy:
        env = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{rest}", "AWS_ENDPOINT_URL_S3": proxy.url,
               "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
        judge.apply_and_plan(checks, "versitygw", env, GATEWAY_SPEC)
        gateway_holds(checks, f"http://127.0.0.1:{gateway}", key, secret)
        check_objects(checks, "versitygw", BUCKET, env)
        checks.true(f"versitygw found all of {len(proxy.statuses)} signatures right",
                    proxy.statuses and not any(wrong for _, wrong in proxy.statuses))
        gateway_refuses(checks, proxy, env)
        checks.equal("versitygw: every call got its answer", proxy.broken, [])


def main():
    checks = judge.Checks()
    with checks.guarded("botocore can judge"):
        botocore_judges(checks)
    try:
        parts.versitygw()
    except parts.Unavailable as reason:
        checks.skip(f"versitygw: {reason}")
        return checks.finish()
    with checks.guarded("versitygw can judge"):
        versitygw_judges(checks)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
