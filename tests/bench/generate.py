#!/usr/bin/env python3
"""Writes N specs of the size that the figures are stated for.

    tests/bench/generate.py N FOLDER

Each stack is a domain pair, 2 roles, 2 buckets with 8 declared sub-resources each (tags, ownership,
public access, encryption, versioning, policy, lifecycle, replication), a repository pair with its
role mappings, a schedule, a failover name with health check and alarm, and tags. All names are
unique; all failover names are in one zone, example.com, as in a fleet of one team.
"""
import pathlib
import sys

BUCKET = """\
  {name}:
    region: {side}
    auto_purge: {{prefix: auto-purge/, after: 7d}}
    versioning: {{keep_noncurrent: 30d}}
    encryption: {{algorithm: AES256}}
    ownership: BucketOwnerEnforced
    public_access: {{block_public_acls: true, ignore_public_acls: true}}
    policy:
      Version: "2012-10-17"
      Statement:
        - {{Sid: tls, Effect: Deny, Principal: "*", Action: "s3:*",
           Resource: ["arn:aws:s3:::{name}", "arn:aws:s3:::{name}/*"],
           Condition: {{Bool: {{"aws:SecureTransport": "false"}}}}}}
    replication:
      role: arn:aws:iam::111122223333:role/replicator
      rules:
        - {{id: reports, prefix: reports/, destination: {other}, delete_markers: false}}
    tags: {{team: search, cost: c{n}}}
"""

SPEC = """\
lifeboat: 1
stack: {stack}
account: "111122223333"
regions: {{primary: us-east-1, secondary: us-west-2}}
active: primary
roles:
  snapshot: {{purpose: snapshot, tags: {{team: search}}}}
  operator: {{purpose: caller, trusted_by: ["arn:aws:iam::111122223333:role/ci"]}}
buckets:
{west}{east}domains:
  search:
    name: {stack}
    engine: OpenSearch_2.19
    data_nodes: {{type: r7g.large.search, count: 3, volume: 200Gi}}
    secondary: {{mode: warm}}
    tags: {{team: search}}
repositories:
  nightly:
    domain: search
    role: snapshot
    topology: direct
    buckets: {{primary: {stack}-west, secondary: {stack}-east}}
    base_path: search
schedules:
  nightly:
    repository: nightly
    every: 1h
    indices: ["*", "-.*"]
    keep: {{max_age: 30d, min_count: 7, protect: "*-initial"}}
failover:
  {stack}.example.com: {{domain: search, zone: example.com, switch: standby-alarm}}
"""


OBJECTS = 14  # of one spec
ZONE = {"service": "route53", "method": "POST", "path": "/2013-04-01/hostedzone", "body": (
    '<CreateHostedZoneRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/">'
    "<Name>example.com</Name><CallerReference>bench</CallerReference></CreateHostedZoneRequest>")}


def spec(n):
    """The text of the n-th spec."""
    stack = f"bench-{n:04d}"
    buckets = {side: BUCKET.format(name=f"{stack}-{side}", other=f"{stack}-{other}", n=n,
                                   side="secondary" if side == "west" else "primary")
               for side, other in (("west", "east"), ("east", "west"))}
    return SPEC.format(stack=stack, **buckets)


def write(count, folder):
    """Writes `count` specs and returns their paths."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for n in range(1, count + 1):
        path = folder / f"{n:04d}.yaml"
        path.write_text(spec(n))
        paths.append(path)
    return paths


def large_spec(lines):
    """One valid spec of at least that many lines: many buckets."""
    text = spec(1)
    buckets = text.index("buckets:\n") + len("buckets:\n")
    more = []
    while (len(more) + 1) * BUCKET.count("\n") + text.count("\n") < lines + BUCKET.count("\n"):
        n = len(more)
        more.append(BUCKET.format(name=f"large-{n:04d}", other="bench-0001-west", n=n,
                                  side="primary"))
    return text[:buckets] + "".join(more) + text[buckets:]


def hostile(size):
    """Names and bytes of specs that are to be refused, each of about `size` bytes."""
    head = b"lifeboat: 1\nstack: x\n"
    keys = b"".join(b"k%d: {a: 1}\n" % i for i in range(size // 12))
    rows = b"".join(b"- [unexpected, {b: no}]\n" for _ in range(size // 24))
    return [
        ("nesting", head + b"roles: " + b"[" * size),
        ("mappings", head + b"roles: " + b"{a: " * (size // 4)),
        ("keys", head + keys[:size]),
        ("list", head + b"buckets:\n" + rows),
        ("scalar", head + b'account: "' + b"1" * size + b'"\n'),
        ("escapes", head + b'account: "' + b"\\x41" * (size // 4) + b'"\n'),
        ("aliases", head + b"a: &a [x]\nb: [" + b"*a, " * (size // 4) + b"]\n"),
        ("tabs", head + b"\t" * size),
        ("bytes", bytes(range(256)) * (size // 256)),
    ]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[2].strip())
    write(int(sys.argv[1]), sys.argv[2])
