#!/usr/bin/env python3
"""Drives lifeboat-sandbox with boto3: OpenSearch Service, its clusters, Route 53 and CloudWatch.

usage: sandbox_services_boto3.py PATH/lifeboat-sandbox

boto3 is the judge of AWS answers: it must parse every one without loss. Cluster calls are signed
by botocore and compared with what real nodes answered. Virtual time passes through /_sandbox/clock.
Ends with `N passed, N failed, N skipped`; the exit status is 1 when something failed.
"""
import base64
import datetime
import http.client
import json
import os
import signal
import subprocess
import sys
import time
import traceback
import urllib.request

try:
    import boto3
    import botocore.auth
    import botocore.awsrequest
    import botocore.config
    import botocore.credentials
    import botocore.exceptions
except ImportError:
    print("boto3 is not installed")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

EAST, WEST, ACCOUNT = "us-east-1", "us-west-2", "111122223333"
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Sandbox:
    def __init__(self, program, *options):
        self.process = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
        self.env = {}
        for line in self.process.stdout:
            if line.strip() == "ready":
                break
            name, _, value = line.removeprefix("export ").strip().partition("=")
            self.env[name] = value
        self.url = self.env["AWS_ENDPOINT_URL"]
        self.port = int(self.url.rsplit(":", 1)[1])

    def client(self, service, region=EAST, token=None, key=None, secret=None):
        config = botocore.config.Config(
            retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=5,
            read_timeout=30, s3={"addressing_style": "path"})
        client = boto3.client(
            service, region_name=region, endpoint_url=self.url, config=config,
            aws_access_key_id=key or self.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=secret or self.env["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=token)
        if service == "route53":  # stay below 5 requests a second
            client.meta.events.register("before-call.route-53", lambda **kw: time.sleep(0.23))
            client.meta.events.register("before-call.route53", lambda **kw: time.sleep(0.23))
        return client

    def control(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", data=data, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read().decode() or "null")

    def advance(self, duration):
        self.control("POST", "clock", {"advance": duration})

    def cluster(self, host, method, path, body=None, region=EAST, credentials=None, basic=None):
        """One call to a cluster: (status, JSON or text). Dialled at the sandbox, signed for host."""
        data = json.dumps(body) if body is not None else None
        if isinstance(body, str):
            data = body
        headers = {"Host": host}
        if data is not None:
            headers["Content-Type"] = "application/json"
        if basic:
            headers["Authorization"] = "Basic " + base64.b64encode(basic.encode()).decode()
        elif credentials != "none":
            request = botocore.awsrequest.AWSRequest(
                method=method, url=f"https://{host}{path}", data=data, headers=headers)
            credentials = credentials or botocore.credentials.Credentials(
                self.env["AWS_ACCESS_KEY_ID"], self.env["AWS_SECRET_ACCESS_KEY"])
            botocore.auth.SigV4Auth(credentials, "es", region).add_auth(request)
            headers = dict(request.headers.items())
            headers["Host"] = host
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if data is not None:
            connection.putheader("Content-Length", str(len(data.encode())))
        connection.endheaders(data.encode() if data is not None else None)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


def refused(call, code, status=None, **arguments):
    """The call fails with that code; gives the message."""
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        if status:
            got = error.response["ResponseMetadata"]["HTTPStatusCode"]
            assert got == status, f"HTTP {got}, wanted {status}"
        return error.response
    raise AssertionError(f"{code} was wanted, the call succeeded")


def equal(is_, wanted):
    assert is_ == wanted, f"{is_!r}, wanted {wanted!r}"


EBS = {"EBSEnabled": True, "VolumeType": "gp3", "VolumeSize": 100}
SECURE = {
    "EncryptionAtRestOptions": {"Enabled": True}, "NodeToNodeEncryptionOptions": {"Enabled": True},
    "DomainEndpointOptions": {"EnforceHTTPS": True,
                              "TLSSecurityPolicy": "Policy-Min-TLS-1-2-2019-07"},
}


def make_domain(sandbox, name, region=EAST, engine="OpenSearch_2.19", **more):
    es = sandbox.client("opensearch", region)
    es.create_domain(DomainName=name, EngineVersion=engine, EBSOptions=EBS, ClusterConfig={
        "InstanceType": "r7g.large.search", "InstanceCount": 3}, **more)
    sandbox.advance("16m")
    return es.describe_domain(DomainName=name)["DomainStatus"]["Endpoint"]


# --- OpenSearch Service ------------------------------------------------------------------------------


@check
def domain_is_created_over_time(sandbox):
    es = sandbox.client("opensearch")
    status = es.create_domain(
        DomainName="search", EngineVersion="OpenSearch_2.19", EBSOptions=EBS,
        ClusterConfig={"InstanceType": "r7g.large.search", "InstanceCount": 3},
        AccessPolicies='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
                       '"Principal": {"AWS": "111122223333"}, "Action": "es:*", "Resource": "*"}]}',
        TagList=[{"Key": "lifeboat:stack", "Value": "t"}])["DomainStatus"]
    assert status["Processing"] and "Endpoint" not in status, status
    equal(status["DomainProcessingStatus"], "Creating")
    equal(status["ARN"], f"arn:aws:es:{EAST}:{ACCOUNT}:domain/search")
    equal(status["DomainId"], f"{ACCOUNT}/search")
    sandbox.advance("10m")
    status = es.describe_domain(DomainName="search")["DomainStatus"]
    assert status["Processing"] and "Endpoint" not in status
    sandbox.advance("4m")
    status = es.describe_domain(DomainName="search")["DomainStatus"]
    assert status["Processing"] and status["Endpoint"], status
    sandbox.advance("2m")
    status = es.describe_domain(DomainName="search")["DomainStatus"]
    assert not status["Processing"], status
    equal(status["DomainProcessingStatus"], "Active")
    label, _, rest = status["Endpoint"].partition(".")
    assert label.startswith("search-search-") and len(label) == len("search-search-") + 26, label
    equal(rest, "us-east-1.es.amazonaws.com")
    equal(json.loads(status["AccessPolicies"])["Statement"][0]["Principal"]["AWS"],
          f"arn:aws:iam::{ACCOUNT}:root")
    equal(status["AdvancedOptions"], {"override_main_response_version": "false",
                                      "rest.action.multi.allow_explicit_index": "true"})
    equal(status["EBSOptions"]["Iops"], 3000)
    equal(status["AutoTuneOptions"]["State"], "ENABLED")
    equal(es.list_tags(ARN=status["ARN"])["TagList"], [{"Key": "lifeboat:stack", "Value": "t"}])


@check
def domain_inputs_are_validated(sandbox):
    es = sandbox.client("opensearch")
    base = {"DomainName": "other", "EBSOptions": EBS}
    refused(es.create_domain, "ResourceAlreadyExistsException", 409, DomainName="search",
            EBSOptions=EBS)
    refused(es.create_domain, "ValidationException", 400, **{**base, "DomainName": "Search"})
    refused(es.create_domain, "ValidationException", 400, EngineVersion="OpenSearch_9.9", **base)
    refused(es.create_domain, "ValidationException", 400, ClusterConfig={
        "InstanceType": "zz9.large.search"}, **base)
    refused(es.create_domain, "ValidationException", 400, DomainName="other")  # no EBS
    refused(es.create_domain, "ValidationException", 400, IPAddressType="ipv5", **base)
    refused(es.create_domain, "InvalidTypeException", 409, AccessPolicies="{", **base)
    refused(es.create_domain, "ValidationException", 400, AdvancedSecurityOptions={
        "Enabled": True}, **base)
    refused(es.describe_domain, "ResourceNotFoundException", 409, DomainName="absent")
    refused(es.describe_domains, "ValidationException", 400,
            DomainNames=["a-a", "b-b", "c-c", "d-d", "e-e", "f-f"])
    found = es.describe_domains(DomainNames=["search", "absent"])["DomainStatusList"]
    equal([one["DomainName"] for one in found], ["search"])
    equal(es.list_domain_names()["DomainNames"],
          [{"DomainName": "search", "EngineType": "OpenSearch"}])
    equal(sandbox.client("opensearch", WEST).list_domain_names()["DomainNames"], [])


@check
def dry_run_tells_and_changes_nothing(sandbox):
    es = sandbox.client("opensearch")

    def dry(**sections):
        return es.update_domain_config(DomainName="search", DryRun=True,
                                       **sections)["DryRunResults"]["DeploymentType"]

    before = es.describe_domain_config(DomainName="search")["DomainConfig"]["ClusterConfig"]
    equal(dry(ClusterConfig={"InstanceType": "r7g.xlarge.search", "InstanceCount": 3}),
          "Blue/Green")
    equal(dry(ClusterConfig={"InstanceType": "r7g.large.search", "InstanceCount": 3}), "None")
    equal(dry(SnapshotOptions={"AutomatedSnapshotStartHour": 4}), "DynamicUpdate")
    after = es.describe_domain_config(DomainName="search")["DomainConfig"]["ClusterConfig"]
    equal(after, before)
    equal(after["Status"]["State"], "Active")


@check
def changes_take_time_and_exclude_each_other(sandbox):
    es = sandbox.client("opensearch")
    es.update_domain_config(DomainName="search", ClusterConfig={
        "InstanceType": "r7g.xlarge.search", "InstanceCount": 3})
    status = es.describe_domain(DomainName="search")["DomainStatus"]
    equal(status["DomainProcessingStatus"], "Modifying")
    equal(status["ModifyingProperties"][0]["PendingValue"], "r7g.xlarge.search")
    config = es.describe_domain_config(DomainName="search")["DomainConfig"]
    equal(config["ClusterConfig"]["Status"]["State"], "Processing")
    equal(config["EBSOptions"]["Status"]["State"], "Active")
    message = refused(es.update_domain_config, "ValidationException", 400, DomainName="search",
                      SnapshotOptions={"AutomatedSnapshotStartHour": 5})["Error"]["Message"]
    assert "in progress" in message
    sandbox.advance("11m")
    progress = es.describe_domain_change_progress(DomainName="search")["ChangeProgressStatus"]
    equal(progress["Status"], "PROCESSING")
    words = {stage["Status"] for stage in progress["ChangeProgressStages"]}
    equal(words, {"COMPLETED", "IN_PROGRESS", "PENDING"})
    sandbox.advance("10m")
    progress = es.describe_domain_change_progress(DomainName="search")["ChangeProgressStatus"]
    equal((progress["Status"], progress["ConfigChangeStatus"]), ("COMPLETED", "Completed"))
    es.update_domain_config(DomainName="search",
                            SnapshotOptions={"AutomatedSnapshotStartHour": 5})
    sandbox.advance("2m")
    status = es.describe_domain(DomainName="search")["DomainStatus"]
    assert not status["Processing"]
    equal(status["SnapshotOptions"]["AutomatedSnapshotStartHour"], 5)


@check
def upgrade_and_versions(sandbox):
    es = sandbox.client("opensearch")
    versions = es.list_versions(MaxResults=5)
    equal(len(versions["Versions"]), 5)
    assert versions["NextToken"]
    everything = es.list_versions()["Versions"]
    assert "Elasticsearch_7.10" in everything and "OpenSearch_2.19" in everything
    targets = es.get_compatible_versions(DomainName="search")["CompatibleVersions"]
    equal(targets, [{"SourceVersion": "OpenSearch_2.19",
                     "TargetVersions": ["OpenSearch_3.1", "OpenSearch_3.3"]}])
    refused(es.upgrade_domain, "ValidationException", 400, DomainName="search",
            TargetVersion="OpenSearch_1.3")
    refused(es.get_upgrade_status, "ResourceNotFoundException", 409, DomainName="search")
    es.upgrade_domain(DomainName="search", TargetVersion="OpenSearch_3.1", PerformCheckOnly=True)
    status = es.describe_domain(DomainName="search")["DomainStatus"]
    assert not status["UpgradeProcessing"]
    es.upgrade_domain(DomainName="search", TargetVersion="OpenSearch_3.1")
    status = es.describe_domain(DomainName="search")["DomainStatus"]
    equal((status["UpgradeProcessing"], status["EngineVersion"]), (True, "OpenSearch_2.19"))
    equal(es.get_upgrade_status(DomainName="search")["UpgradeStep"], "PRE_UPGRADE_CHECK")
    sandbox.advance("31m")
    upgrade = es.get_upgrade_status(DomainName="search")
    equal((upgrade["UpgradeStep"], upgrade["StepStatus"]), ("UPGRADE", "SUCCEEDED"))
    equal(es.describe_domain(DomainName="search")["DomainStatus"]["EngineVersion"],
          "OpenSearch_3.1")


@check
def tags_health_and_deletion(sandbox):
    es = sandbox.client("opensearch")
    make_domain(sandbox, "gone")
    arn = f"arn:aws:es:{EAST}:{ACCOUNT}:domain/gone"
    es.add_tags(ARN=arn, TagList=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    es.add_tags(ARN=arn, TagList=[{"Key": "a", "Value": "3"}])
    es.remove_tags(ARN=arn, TagKeys=["b"])
    equal(es.list_tags(ARN=arn)["TagList"], [{"Key": "a", "Value": "3"}])
    health = es.describe_domain_health(DomainName="gone")
    equal((health["ClusterHealth"], health["DataNodeCount"]), ("Green", "3"))
    assert es.delete_domain(DomainName="gone")["DomainStatus"]["Deleted"]
    equal(es.describe_domain(DomainName="gone")["DomainStatus"]["DomainProcessingStatus"],
          "Deleting")
    sandbox.advance("11m")
    refused(es.describe_domain, "ResourceNotFoundException", 409, DomainName="gone")


@check
def one_way_settings_and_master_user(sandbox):
    es = sandbox.client("opensearch")
    host = make_domain(sandbox, "secure", AdvancedSecurityOptions={
        "Enabled": True, "InternalUserDatabaseEnabled": True, "MasterUserOptions": {
            "MasterUserName": "admin", "MasterUserPassword": "Long-Pass-word-1"}}, **SECURE)
    status = es.describe_domain(DomainName="secure")["DomainStatus"]
    assert "MasterUserOptions" not in status["AdvancedSecurityOptions"], status
    assert status["EncryptionAtRestOptions"]["KmsKeyId"].startswith("arn:aws:kms:us-east-1:")
    refused(es.update_domain_config, "ValidationException", 400, DomainName="secure",
            EncryptionAtRestOptions={"Enabled": False})
    refused(es.update_domain_config, "ValidationException", 400, DomainName="secure",
            AdvancedSecurityOptions={"Enabled": False})
    state = json.dumps(es.describe_domain_config(DomainName="secure"), default=str)
    assert "Long-Pass-word-1" not in state
    equal(sandbox.cluster(host, "GET", "/_cluster/health", basic="admin:Long-Pass-word-1")[0], 200)
    equal(sandbox.cluster(host, "GET", "/_cluster/health", basic="admin:wrong")[0], 401)


# --- clusters ----------------------------------------------------------------------------------------


def make_role(sandbox, name, bucket, source=None, actions=None):
    iam = sandbox.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"},
             "Action": "sts:AssumeRole",
             "Condition": {"StringEquals": {"aws:SourceAccount": source or ACCOUNT}}}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [trust]}))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="s3", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"},
            {"Effect": "Allow", "Action": actions or ["s3:GetObject", "s3:PutObject",
                                                      "s3:DeleteObject"],
             "Resource": f"arn:aws:s3:::{bucket}/*"}]}))
    return role


def fixture(sandbox):
    """A domain in the west, buckets and a role: made once."""
    if not hasattr(sandbox, "fixture"):
        for name, region in (("snap-east", EAST), ("snap-west", WEST)):
            more = {} if region == EAST else {
                "CreateBucketConfiguration": {"LocationConstraint": region}}
            sandbox.client("s3", region).create_bucket(Bucket=name, **more)
        role = make_role(sandbox, "snapshot", "snap-west")
        host = make_domain(sandbox, "west", WEST, AdvancedSecurityOptions={
            "Enabled": True, "InternalUserDatabaseEnabled": False, "MasterUserOptions": {
                "MasterUserARN": f"arn:aws:iam::{ACCOUNT}:user/sandbox"}}, **SECURE)
        sandbox.fixture = (host, role)
    host, role = sandbox.fixture

    def call(method, path, body=None, **more):
        return sandbox.cluster(host, method, path, body, region=WEST, **more)

    return call, role


@check
def cluster_is_reached_by_its_host_name(sandbox):
    call, _ = fixture(sandbox)
    status, body = call("GET", "/")
    equal((status, body["version"]["number"], body["version"]["distribution"]),
          (200, "2.19.0", "opensearch"))
    equal(call("GET", "/_cluster/health")[1]["status"], "green")
    try:
        sandbox.cluster("search-none-abc.us-west-2.es.amazonaws.com", "GET", "/", region=WEST)
        raise AssertionError("an unknown host answered")
    except (http.client.HTTPException, ConnectionError):
        pass
    status, _ = sandbox.cluster(sandbox.fixture[0], "GET", "/", region=EAST)
    equal(status, 403)
    equal(call("GET", "/", credentials="none")[0], 403)
    bad = botocore.credentials.Credentials(sandbox.env["AWS_ACCESS_KEY_ID"], "wrong")
    equal(call("GET", "/", credentials=bad)[0], 403)


@check
def documents_are_counted(sandbox):
    call, _ = fixture(sandbox)
    for i in range(3):
        equal(call("PUT", f"/logs-1/_doc/{i}?refresh=true", {"n": i})[0], 201)
    lines = "".join(json.dumps(x) + "\n" for i in range(5)
                    for x in ({"index": {"_index": "logs-2", "_id": str(i)}}, {"n": i}))
    equal(call("POST", "/_bulk", lines)[0], 200)
    equal(call("GET", "/logs-2/_count")[1]["count"], 5)
    equal(call("GET", "/logs-*/_count")[1]["count"], 8)
    equal(call("GET", "/absent/_count")[0], 404)
    rows = call("GET", "/_cat/indices/logs-*?format=json")[1]
    equal({row["index"]: row["docs.count"] for row in rows}, {"logs-1": "3", "logs-2": "5"})


@check
def repository_registration_checks_role_and_place(sandbox):
    call, role = fixture(sandbox)
    right = {"bucket": "snap-west", "region": WEST, "role_arn": role, "base_path": "search"}

    def put(name, **changes):
        settings = {key: value for key, value in {**right, **changes}.items() if value is not None}
        return call("PUT", f"/_snapshot/{name}", {"type": "s3", "settings": settings})

    for changes in ({"bucket": "no-such-bucket"}, {"region": EAST}, {"role_arn": None},
                    {"role_arn": f"arn:aws:iam::{ACCOUNT}:role/absent"},
                    {"role_arn": make_role(sandbox, "foreign", "snap-west", "999999999999")},
                    {"role_arn": make_role(sandbox, "weak", "snap-west",
                                           actions=["s3:GetObject"])}):
        status, body = put("bad", **changes)
        equal((status, body["error"]["type"]), (500, "repository_verification_exception"))
        equal(call("GET", "/_snapshot/bad")[0], 200)  # registered all the same
        equal(call("DELETE", "/_snapshot/bad")[0], 200)
    equal(put("nightly", compress=True, made_up=5), (200, {"acknowledged": True}))
    got = call("GET", "/_snapshot/nightly")[1]["nightly"]
    equal(got, {"type": "s3", "settings": {**right, "compress": "true", "made_up": "5"}})
    status, body = call("GET", "/_snapshot/absent")
    equal((status, body["error"]["type"]), (404, "repository_missing_exception"))
    equal(call("POST", "/_snapshot/nightly/_verify")[0], 200)
    equal(put("cs-mine")[0], 400)
    equal(put("elsewhere", bucket="snap-east", region=None, endpoint="s3.amazonaws.com",
              role_arn=make_role(sandbox, "snapshot-east", "snap-east"))[0], 200)
    equal(put("nightly", compress=True, made_up=5)[0], 200)


@check
def snapshots_are_blobs_in_s3(sandbox):
    call, _ = fixture(sandbox)
    s3 = sandbox.client("s3", WEST)
    status, body = call("PUT", "/_snapshot/nightly/first?wait_for_completion=true",
                        {"indices": "logs-*", "metadata": {"k": "v"}})
    snapshot = body["snapshot"]
    equal((status, snapshot["state"], sorted(snapshot["indices"])),
          (200, "SUCCESS", ["logs-1", "logs-2"]))
    equal(snapshot["metadata"], {"k": "v"})
    equal(snapshot["version_id"], 2190099 ^ 0x08000000)
    equal(call("PUT", "/_snapshot/nightly/second", {"indices": ["logs-1"]}),
          (200, {"accepted": True}))
    status, body = call("GET", "/_snapshot/nightly/_current")
    equal([one["state"] for one in body["snapshots"]], ["IN_PROGRESS"])
    equal(len(call("GET", "/_snapshot/_status")[1]["snapshots"]), 1)
    sandbox.advance("1m")
    listed = call("GET", "/_snapshot/nightly/_all")[1]["snapshots"]
    equal([one["snapshot"] for one in listed], ["first", "second"])
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="snap-west", Prefix="search/")["Contents"]]
    generations = [key for key in keys if key.startswith("search/index-")]
    equal(generations, ["search/index-1"])
    latest = s3.get_object(Bucket="snap-west", Key="search/index.latest")["Body"].read()
    equal(latest, (1).to_bytes(8, "big"))
    index = json.loads(s3.get_object(Bucket="snap-west", Key="search/index-1")["Body"].read())
    equal([one["name"] for one in index["snapshots"]], ["first", "second"])
    for one in index["snapshots"]:
        blob = s3.get_object(Bucket="snap-west", Key=f"search/snap-{one['uuid']}.dat")["Body"].read()
        equal((blob[:4].hex(), blob[17:20].hex() if blob[4] == 8 else ""), ("3fd76c17", "3a290a"))
        assert f"search/meta-{one['uuid']}.dat" in keys
    one = index["indices"]["logs-1"]
    data = [key for key in keys if key.startswith(f"search/indices/{one['id']}/0/__")]
    equal(len(data), 1)  # the second snapshot used the first's file again
    rows = call("GET", "/_cat/snapshots/nightly?format=json&s=id")[1]
    equal([(row["id"], row["status"]) for row in rows], [("first", "SUCCESS"),
                                                         ("second", "SUCCESS")])
    status, body = call("PUT", "/_snapshot/nightly/first")
    equal((status, body["error"]["type"]), (400, "invalid_snapshot_name_exception"))
    status, body = call("GET", "/_snapshot/nightly/absent")
    equal((status, body["error"]["type"]), (404, "snapshot_missing_exception"))


@check
def restore_reads_the_blobs(sandbox):
    call, role = fixture(sandbox)
    s3 = sandbox.client("s3", WEST)
    status, body = call("POST", "/_snapshot/nightly/first/_restore", {"indices": "logs-1"})
    equal((status, body["error"]["type"]), (500, "snapshot_restore_exception"))
    status, body = call(
        "POST", "/_snapshot/nightly/first/_restore?wait_for_completion=true",
        {"indices": "logs-*", "rename_pattern": "^(.+)$", "rename_replacement": "drill-$1",
         "include_global_state": False})
    equal((status, body["snapshot"]["shards"]), (200, {"total": 2, "failed": 0, "successful": 2}))
    equal(call("GET", "/drill-logs-2/_count")[1]["count"], 5)
    equal(call("GET", "/drill-logs-1/_recovery")[1]["drill-logs-1"]["shards"][0]["type"],
          "SNAPSHOT")
    equal(call("DELETE", "/drill-*")[0], 200)
    equal(call("POST", "/_snapshot/nightly/first/_restore", {"include_global_state": True})[0], 403)
    # damage: data gone -> 200 with failed shards and a red index
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="snap-west", Prefix="search/")["Contents"]]
    index = json.loads(s3.get_object(Bucket="snap-west", Key="search/index-1")["Body"].read())
    gone = next(key for key in keys if f"{index['indices']['logs-2']['id']}/0/__" in key)
    kept = s3.get_object(Bucket="snap-west", Key=gone)["Body"].read()
    s3.delete_object(Bucket="snap-west", Key=gone)
    equal(call("GET", "/_snapshot/nightly/_all")[0], 200)
    status, body = call("POST", "/_snapshot/nightly/first/_restore?wait_for_completion=true",
                        {"indices": "logs-2", "rename_pattern": "(.+)",
                         "rename_replacement": "x-$1"})
    equal((status, body["snapshot"]["shards"]["failed"]), (200, 1))
    equal(call("GET", "/_cluster/health/x-logs-2")[1]["status"], "red")
    equal(call("GET", "/x-logs-2/_count")[0], 503)
    call("DELETE", "/x-logs-2")
    s3.put_object(Bucket="snap-west", Key=gone, Body=kept)
    # damage: root snap-*.dat gone -> the whole verbose listing fails
    root = f"search/snap-{index['snapshots'][1]['uuid']}.dat"
    kept = s3.get_object(Bucket="snap-west", Key=root)["Body"].read()
    s3.delete_object(Bucket="snap-west", Key=root)
    status, body = call("GET", "/_snapshot/nightly/_all")
    equal((status, body["error"]["type"]), (404, "snapshot_missing_exception"))
    equal(len(call("GET", "/_snapshot/nightly/_all?verbose=false")[1]["snapshots"]), 2)
    s3.put_object(Bucket="snap-west", Key=root, Body=kept)
    equal(len(call("GET", "/_snapshot/nightly/_all")[1]["snapshots"]), 2)


@check
def readonly_repositories_refuse_and_deletes_clean_up(sandbox):
    call, role = fixture(sandbox)
    s3 = sandbox.client("s3", WEST)
    settings = {"bucket": "snap-west", "region": WEST, "role_arn": role, "base_path": "search",
                "readonly": True}
    equal(call("PUT", "/_snapshot/copy", {"type": "s3", "settings": settings})[0], 200)
    equal(len(call("GET", "/_snapshot/copy/_all")[1]["snapshots"]), 2)
    equal(call("PUT", "/_snapshot/copy/third")[0], 500)
    equal(call("DELETE", "/_snapshot/copy/first")[0], 500)
    equal(call("DELETE", "/_snapshot/nightly/first")[0], 200)
    equal(call("DELETE", "/_snapshot/nightly/first")[0], 404)
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="snap-west", Prefix="search/")["Contents"]]
    equal(len([key for key in keys if key.startswith("search/snap-")]), 1)
    index = json.loads(s3.get_object(Bucket="snap-west", Key="search/index-2")["Body"].read())
    equal(list(index["indices"]), ["logs-1"])
    assert not [key for key in keys if "/indices/" in key
                and index["indices"]["logs-1"]["id"] not in key], keys
    equal(call("GET", "/_snapshot/nightly/second/_status")[1]["snapshots"][0]["state"], "SUCCESS")


@check
def role_mappings(sandbox):
    call, _ = fixture(sandbox)
    api = "/_plugins/_security/api"
    equal(call("GET", f"{api}/rolesmapping/manage_snapshots")[0], 404)
    ci = f"arn:aws:iam::{ACCOUNT}:role/ci"
    status, body = call("PUT", f"{api}/rolesmapping/manage_snapshots", {"backend_roles": [ci]})
    equal((status, body), (201, {"status": "CREATED", "message": "'manage_snapshots' created."}))
    equal(call("PUT", f"{api}/rolesmapping/manage_snapshots", {"backend_roles": [ci]})[0], 200)
    equal(call("PUT", f"{api}/rolesmapping/x", {"reserved": False, "users": ["a"]})[0], 400)
    equal(call("PUT", f"{api}/rolesmapping/x", {})[0], 400)
    got = call("GET", f"{api}/rolesmapping/manage_snapshots")[1]["manage_snapshots"]
    equal(got, {"backend_roles": [ci], "hosts": [], "users": [], "and_backend_roles": [],
                "reserved": False, "hidden": False})
    equal(call("PATCH", f"{api}/rolesmapping/manage_snapshots", [
        {"op": "add", "path": "/users/-", "value": "backup"}])[0], 200)
    equal(call("PATCH", f"{api}/rolesmapping", [
        {"op": "add", "path": "/all_access", "value": {"users": ["root"]}},
        {"op": "replace", "path": "/manage_snapshots/users", "value": ["b1", "b2"]}])[0], 200)
    everything = call("GET", f"{api}/rolesmapping")[1]
    equal(sorted(everything), ["all_access", "manage_snapshots"])
    equal(everything["manage_snapshots"]["users"], ["b1", "b2"])
    equal(call("PATCH", f"{api}/rolesmapping/manage_snapshots", [
        {"op": "remove", "path": "/users/9"}])[0], 400)
    equal(call("DELETE", f"{api}/rolesmapping/all_access")[0], 200)
    equal(call("DELETE", f"{api}/rolesmapping/all_access")[0], 404)
    role = call("GET", f"{api}/roles/snapshot_management_full_access")[1]
    assert "cluster:admin/snapshot/*" in role["snapshot_management_full_access"]["cluster_permissions"]


@check
def fine_grained_access_maps_roles(sandbox):
    call, _ = fixture(sandbox)
    iam, sts = sandbox.client("iam"), sandbox.client("sts")
    for name in ("ci", "nobody"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}]}))

    def session(name):
        got = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}",
                              RoleSessionName="run")["Credentials"]
        return botocore.credentials.Credentials(got["AccessKeyId"], got["SecretAccessKey"],
                                                got["SessionToken"])

    equal(call("GET", "/_snapshot", credentials=session("ci"))[0], 200)
    status, body = call("PUT", "/_snapshot/mine", {"type": "s3", "settings": {}},
                        credentials=session("nobody"))
    equal(status, 403)
    reason = body["error"]["root_cause"][0]["reason"]
    assert reason.startswith("no permissions for [cluster:admin/repository/put] and User [name=arn:"
                             "aws:sts::111122223333:assumed-role/nobody/run, backend_roles=[arn:aws:"
                             "iam::111122223333:role/nobody]"), reason
    status, body = call("GET", "/_plugins/_sm/policies", credentials=session("ci"))
    equal(status, 403)  # manage_snapshots alone is not enough
    assert "snapshot_management/policy/search" in body["error"]["reason"]


POLICY = {
    "description": "every hour", "enabled": True,
    "creation": {"schedule": {"cron": {"expression": "0 * * * *", "timezone": "UTC"}},
                 "time_limit": "60m"},
    "deletion": {"condition": {"max_age": "36h", "max_count": 4, "min_count": 1},
                 "time_limit": "1h"},
    "snapshot_config": {"date_format": "yyyy-MM-dd-HH:mm", "timezone": "UTC", "indices": "logs-*",
                        "repository": "nightly", "include_global_state": "false",
                        "metadata": {"k": "v"}},
}


@check
def snapshot_management_replies_as_recorded(sandbox):
    call, _ = fixture(sandbox)
    path = "/_plugins/_sm/policies"
    equal(call("GET", path), (200, {"policies": [], "total_policies": 0}))
    status, body = call("POST", f"{path}/hourly", POLICY)
    equal(status, 201)
    equal((body["_id"], body["_version"], body["_primary_term"]), ("hourly-sm-policy", 1, 1))
    policy = body["sm_policy"]
    equal(set(policy), {"name", "description", "schema_version", "creation", "deletion",
                        "snapshot_config", "schedule", "enabled", "last_updated_time",
                        "enabled_time"})
    equal(policy["creation"]["time_limit"], "1h")
    equal(policy["deletion"]["condition"]["max_age"], "1.5d")
    equal(policy["deletion"]["schedule"], POLICY["creation"]["schedule"])
    equal(policy["snapshot_config"], POLICY["snapshot_config"])
    status, error = call("POST", f"{path}/hourly", POLICY)
    equal((status, error["error"]["type"], error["error"]["reason"]), (
        409, "version_conflict_engine_exception",
        "[hourly-sm-policy]: version conflict, document already exists (current version [1])"))
    equal(call("GET", f"{path}/absent"), (404, {"error": {
        "root_cause": [{"type": "status_exception",
                        "reason": "Snapshot management policy not found"}],
        "type": "status_exception", "reason": "Snapshot management policy not found"},
        "status": 404}))
    status, error = call("PUT", f"{path}/hourly", POLICY)
    equal((status, error["error"]["type"]), (400, "action_request_validation_exception"))
    bad = {"creation": {"schedule": {"cron": {"expression": "nonsense", "timezone": "UTC"}}},
           "snapshot_config": {"repository": "nightly"}}
    status, error = call("POST", f"{path}/bad", bad)
    equal((status, error["error"]["reason"]),
          (400, "Cron expression contains 1 parts but we expect one of [5]"))
    bad["creation"]["schedule"]["cron"]["expression"] = "0 1 * * *"
    bad["snapshot_config"] = {}
    status, error = call("POST", f"{path}/bad", bad)
    equal((status, error["error"]["reason"]),
          (400, "Must provide the repository in snapshot config."))
    seq = body["_seq_no"]
    status, changed = call("PUT", f"{path}/hourly?if_seq_no={seq}&if_primary_term=1",
                           {**POLICY, "description": "changed"})
    equal((status, changed["_version"]), (200, 2))
    assert changed["_seq_no"] > seq
    equal(call("PUT", f"{path}/hourly?if_seq_no={seq}&if_primary_term=1", POLICY)[0], 409)
    equal(call("GET", f"{path}/hourly/_explain")[1],
          {"policies": [{"name": "hourly", "enabled": True}]})


@check
def snapshot_management_fires_and_expires(sandbox):
    call, _ = fixture(sandbox)
    path = "/_plugins/_sm/policies"
    sandbox.advance("1h")
    mine = [one for one in call("GET", "/_snapshot/nightly/_all")[1]["snapshots"]
            if one.get("metadata", {}).get("sm_policy") == "hourly"]
    equal(len(mine), 1)
    equal(mine[0]["metadata"], {"k": "v", "sm_policy": "hourly"})
    assert mine[0]["snapshot"].startswith("hourly-20") and mine[0]["start_time"].endswith(":00:00.000Z")
    sandbox.advance("8h")
    listed = call("GET", "/_snapshot/nightly/_all")[1]["snapshots"]
    mine = [one for one in listed if one.get("metadata", {}).get("sm_policy") == "hourly"]
    equal(len(mine), 4)  # max_count
    assert "second" in [one["snapshot"] for one in listed]
    explain = call("GET", f"{path}/hourly/_explain")[1]["policies"][0]
    equal(explain["creation"]["latest_execution"]["status"], "SUCCESS")
    equal(call("POST", f"{path}/hourly/_stop"), (200, {"acknowledged": True}))
    stopped = call("GET", f"{path}/hourly")[1]["sm_policy"]
    equal((stopped["enabled"], stopped["enabled_time"]), (False, None))
    before = len(call("GET", "/_snapshot/nightly/_all")[1]["snapshots"])
    sandbox.advance("3h")
    equal(len(call("GET", "/_snapshot/nightly/_all")[1]["snapshots"]), before)
    equal(call("POST", f"{path}/hourly/_start")[0], 200)
    status, body = call("DELETE", f"{path}/hourly")
    equal((status, body["result"]), (200, "deleted"))
    equal(call("GET", f"{path}/hourly")[0], 404)


@check
def self_managed_elasticsearch_has_slm(sandbox):
    host = "es.internal:9200"
    sandbox.control("POST", "clusters", {"host": host, "engine": "Elasticsearch_7.10",
                                         "user": "elastic", "password": "changeme"})
    auth = {"basic": "elastic:changeme"}
    equal(sandbox.cluster(host, "GET", "/", basic="elastic:wrong")[0], 401)
    equal(sandbox.cluster(host, "GET", "/", **auth)[1]["version"]["number"], "7.10.2")
    equal(sandbox.cluster(host, "PUT", "/logs/_doc/1", {"a": 1}, **auth)[0], 201)
    equal(sandbox.cluster(host, "PUT", "/_snapshot/r", {"type": "s3", "settings": {
        "bucket": "snap-east", "base_path": "es"}}, **auth)[0], 200)
    policy = {"schedule": "0 30 1 * * ?", "name": "<nightly-{now/d}>", "repository": "r",
              "config": {"indices": ["*"]}, "retention": {"expire_after": "30d", "min_count": 1,
                                                          "max_count": 3}}
    equal(sandbox.cluster(host, "PUT", "/_slm/policy/n", {**policy, "schedule": "0 1 * *"},
                          **auth)[0], 400)
    equal(sandbox.cluster(host, "PUT", "/_slm/policy/n", policy, **auth)[0], 200)
    status, body = sandbox.cluster(host, "POST", "/_slm/policy/n/_execute", **auth)
    equal(status, 200)
    assert body["snapshot_name"].startswith("nightly-20"), body
    sandbox.advance("5d")
    got = sandbox.cluster(host, "GET", "/_slm/policy/n", **auth)[1]["n"]
    equal((got["policy"], got["version"]), (policy, 1))
    assert got["stats"]["snapshots_taken"] >= 5 and got["stats"]["snapshots_deleted"] >= 1, got
    equal(sandbox.cluster(host, "GET", "/_slm/policy/absent", **auth)[0], 404)
    call, _ = fixture(sandbox)
    equal(call("GET", "/_slm/policy")[0], 400)  # a domain has none


@check
def a_region_that_is_down_answers_nothing(sandbox):
    call, _ = fixture(sandbox)
    sandbox.control("POST", "regions/us-west-2", {"state": "down"})
    try:
        for one in (lambda: call("GET", "/"),
                    lambda: sandbox.client("opensearch", WEST).list_domain_names()):
            try:
                one()
                raise AssertionError("it answered")
            except (http.client.HTTPException, ConnectionError,
                    botocore.exceptions.HTTPClientError):
                pass
    finally:
        sandbox.control("POST", "regions/us-west-2", {"state": "up"})
    equal(call("GET", "/")[0], 200)


# --- CloudWatch --------------------------------------------------------------------------------------

ALARM = {"AlarmName": "switch", "Namespace": "lifeboat", "MetricName": "active",
         "Dimensions": [{"Name": "stack", "Value": "t"}], "Statistic": "Maximum", "Period": 60,
         "EvaluationPeriods": 1, "Threshold": 0.5, "TreatMissingData": "ignore",
         "ComparisonOperator": "GreaterThanThreshold"}


def put_metric(cloudwatch, value, **more):
    cloudwatch.put_metric_data(Namespace="lifeboat", MetricData=[{
        "MetricName": "active", "Dimensions": ALARM["Dimensions"], "Value": value, **more}])


@check
def alarms_follow_the_data(sandbox):
    cw = sandbox.client("cloudwatch", WEST)
    cw.put_metric_alarm(**ALARM, Tags=[{"Key": "a", "Value": "1"}])

    def alarm():
        return cw.describe_alarms(AlarmNames=["switch"])["MetricAlarms"][0]

    got = alarm()
    equal(got["StateValue"], "INSUFFICIENT_DATA")
    for key, value in ALARM.items():
        equal(got[key], value)
    assert isinstance(got["StateUpdatedTimestamp"], datetime.datetime), got
    arn = got["AlarmArn"]
    equal(arn, f"arn:aws:cloudwatch:{WEST}:{ACCOUNT}:alarm:switch")
    put_metric(cw, 0)
    sandbox.advance("1m")
    equal(alarm()["StateValue"], "OK")
    put_metric(cw, 1)
    sandbox.advance("1m")
    equal(alarm()["StateValue"], "ALARM")
    cw.set_alarm_state(AlarmName="switch", StateValue="OK", StateReason="test")
    equal(alarm()["StateValue"], "OK")
    cw.put_metric_alarm(**{**ALARM, "Threshold": 0.75}, Tags=[{"Key": "b", "Value": "2"}])
    equal(cw.list_tags_for_resource(ResourceARN=arn)["Tags"], [{"Key": "a", "Value": "1"}])
    cw.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "3"}])
    cw.untag_resource(ResourceARN=arn, TagKeys=["a"])
    equal(cw.list_tags_for_resource(ResourceARN=arn)["Tags"], [{"Key": "b", "Value": "3"}])
    equal(sandbox.client("cloudwatch", EAST).describe_alarms()["MetricAlarms"], [])


@check
def metric_data_is_read_back(sandbox):
    cw = sandbox.client("cloudwatch", WEST)
    listed = cw.list_metrics(Namespace="lifeboat")["Metrics"]
    equal(listed, [{"Namespace": "lifeboat", "MetricName": "active",
                    "Dimensions": ALARM["Dimensions"]}])
    now = datetime.datetime.fromtimestamp(sandbox.control("GET", "clock")["now_s"]
                                          if "now_s" in sandbox.control("GET", "clock")
                                          else time.time(), datetime.timezone.utc)
    got = cw.get_metric_data(
        MetricDataQueries=[{"Id": "q", "MetricStat": {
            "Metric": {"Namespace": "lifeboat", "MetricName": "active",
                       "Dimensions": ALARM["Dimensions"]}, "Period": 60, "Stat": "Maximum"}}],
        StartTime=now - datetime.timedelta(days=30), EndTime=now + datetime.timedelta(days=30))
    result = got["MetricDataResults"][0]
    equal((result["Id"], result["StatusCode"], result["Values"]), ("q", "Complete", [1.0, 0.0]))
    assert all(isinstance(one, datetime.datetime) for one in result["Timestamps"])
    refused(cw.put_metric_data, "InvalidParameterValue", 400, Namespace="AWS/ES",
            MetricData=[{"MetricName": "x", "Value": 1}])


@check
def alarms_page_and_speak_json_too(sandbox):
    cw = sandbox.client("cloudwatch", EAST)
    for i in range(7):
        cw.put_metric_alarm(**{**ALARM, "AlarmName": f"a{i}"})
    pages = list(cw.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix="a", PaginationConfig={"PageSize": 3}))
    equal([len(page["MetricAlarms"]) for page in pages], [3, 3, 1])
    request = botocore.awsrequest.AWSRequest(
        method="POST", url=sandbox.url + "/", data='{"AlarmNames":["a3"]}', headers={
            "X-Amz-Target": "GraniteServiceVersion20100801.DescribeAlarms",
            "Content-Type": "application/x-amz-json-1.0"})
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(
        sandbox.env["AWS_ACCESS_KEY_ID"], sandbox.env["AWS_SECRET_ACCESS_KEY"]), "monitoring",
        EAST).add_auth(request)
    answer = urllib.request.urlopen(urllib.request.Request(
        request.url, data=request.data.encode() if isinstance(request.data, str) else request.data,
        headers=dict(request.headers.items()), method="POST"))
    body = json.loads(answer.read())
    equal((body["MetricAlarms"][0]["AlarmName"], body["MetricAlarms"][0]["Threshold"]),
          ("a3", 0.5))
    refused(cw.delete_alarms, "ResourceNotFound", 404, AlarmNames=["a1", "absent"])
    cw.delete_alarms(AlarmNames=[f"a{i}" for i in range(7)])
    equal(cw.describe_alarms()["MetricAlarms"], [])


# --- Route 53 ----------------------------------------------------------------------------------------


def zone(sandbox, r53):
    if not hasattr(sandbox, "zone"):
        made = r53.create_hosted_zone(Name="Example.com", CallerReference="zone-1")
        sandbox.zone = made["HostedZone"]["Id"]
        sandbox.change = made["ChangeInfo"]
    return sandbox.zone


def record(name="es.example.com", set_id=None, failover=None, value="a.example.net", check=None,
           kind="CNAME", ttl=60):
    made = {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value}]}
    for key, given in (("SetIdentifier", set_id), ("Failover", failover), ("HealthCheckId", check)):
        if given:
            made[key] = given
    return made


def change(r53, zone_id, *changes):
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": one} for action, one in changes]}
    return r53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=batch)["ChangeInfo"]


def records(r53, zone_id, **arguments):
    got = r53.list_resource_record_sets(HostedZoneId=zone_id, **arguments)["ResourceRecordSets"]
    return [one for one in got if one["Type"] not in ("NS", "SOA")]


@check
def zones(sandbox):
    r53 = sandbox.client("route53")
    zone_id = zone(sandbox, r53)
    assert zone_id.startswith("/hostedzone/Z"), zone_id
    refused(r53.create_hosted_zone, "HostedZoneAlreadyExists", 409, Name="example.com",
            CallerReference="zone-1")
    r53.create_hosted_zone(Name="example.org", CallerReference="zone-2")
    got = r53.list_hosted_zones_by_name(DNSName="example.com")
    equal([one["Name"] for one in got["HostedZones"]], ["example.com.", "example.org."])
    equal(got["IsTruncated"], False)
    got = r53.list_hosted_zones_by_name(DNSName="example.com", MaxItems="1")
    equal((got["IsTruncated"], got["NextDNSName"]), (True, "example.org."))
    equal(len(r53.list_hosted_zones()["HostedZones"]), 2)
    equal(r53.get_hosted_zone(Id=zone_id)["HostedZone"]["ResourceRecordSetCount"], 2)
    equal(r53.get_change(Id=sandbox.change["Id"])["ChangeInfo"]["Status"], "PENDING")
    sandbox.advance("1m")
    equal(r53.get_change(Id=sandbox.change["Id"])["ChangeInfo"]["Status"], "INSYNC")
    refused(r53.get_hosted_zone, "NoSuchHostedZone", 404, Id="Z00000000000000000000")


@check
def record_sets_are_checked_and_atomic(sandbox):
    r53 = sandbox.client("route53")
    zone_id = zone(sandbox, r53)
    change(r53, zone_id, ("CREATE", record("*.Wild.example.com")), ("UPSERT", record("plain.example.com")))
    names = [one["Name"] for one in records(r53, zone_id)]
    equal(names, ["plain.example.com.", "\\052.wild.example.com."])

    def invalid(*changes, code="InvalidChangeBatch"):
        batch = {"Changes": [{"Action": a, "ResourceRecordSet": one} for a, one in changes]}
        return refused(r53.change_resource_record_sets, code, HostedZoneId=zone_id,
                       ChangeBatch=batch)

    invalid(("CREATE", record("fresh.example.com")), ("CREATE", record("plain.example.com")))
    equal(len(records(r53, zone_id)), 2)  # nothing of the batch was done
    invalid(("DELETE", record("plain.example.com", value="other.example.net")))
    several = invalid(("CREATE", record("plain.example.com")), ("DELETE", record("no.example.com")),
                      code="")  # botocore finds no code in this form
    assert "Messages" in several, several
    invalid(("DELETE", record("absent.example.com")))
    invalid(("CREATE", record("example.com")))  # CNAME at the apex
    invalid(("CREATE", record("elsewhere.example.net")))
    invalid(("CREATE", record("plain.example.com", set_id="p", failover="PRIMARY")))
    invalid(("CREATE", record("es.example.com", "a", "PRIMARY")),
            ("CREATE", record("es.example.com", "b", "PRIMARY")))
    invalid(("CREATE", record("es.example.com", failover="PRIMARY")), code="InvalidInput")
    invalid(("CREATE", record("es.example.com", "a")), code="InvalidInput")
    invalid(("CREATE", record("es.example.com", "a", "PRIMARY", check="absent")),
            code="NoSuchHealthCheck")
    change(r53, zone_id, ("DELETE", record("plain.example.com")))
    invalid(("DELETE", record("plain.example.com")))
    equal(len(records(r53, zone_id)), 1)


@check
def prior_requests_and_rates(sandbox):
    r53 = sandbox.client("route53")
    fast = boto3.client("route53", region_name=EAST, endpoint_url=sandbox.url,
                        config=botocore.config.Config(retries={"total_max_attempts": 1}),
                        aws_access_key_id=sandbox.env["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=sandbox.env["AWS_SECRET_ACCESS_KEY"])
    zone_id = zone(sandbox, r53)
    time.sleep(1.2)
    change(fast, zone_id, ("UPSERT", record("busy.example.com")))
    refused(lambda: change(fast, zone_id, ("UPSERT", record("busy.example.com"))),
            "PriorRequestNotComplete", 400)
    time.sleep(1.2)
    codes = []
    for _ in range(12):
        try:
            fast.get_hosted_zone(Id=zone_id)
        except botocore.exceptions.ClientError as error:
            codes.append(error.response["Error"]["Code"])
    assert codes and set(codes) == {"Throttling"}, codes
    time.sleep(1.2)


@check
def health_checks(sandbox):
    r53 = sandbox.client("route53")
    config = {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Region": WEST, "Name": "switch"},
              "InsufficientDataHealthStatus": "LastKnownStatus"}
    refused(r53.create_health_check, "InvalidInput", 400, CallerReference="none",
            HealthCheckConfig={**config, "AlarmIdentifier": {"Region": WEST, "Name": "absent"}})
    made = r53.create_health_check(CallerReference="c-1", HealthCheckConfig=config)["HealthCheck"]
    again = r53.create_health_check(CallerReference="c-1", HealthCheckConfig=config)["HealthCheck"]
    equal(made["Id"], again["Id"])
    refused(r53.create_health_check, "HealthCheckAlreadyExists", 409, CallerReference="c-1",
            HealthCheckConfig={**config, "InsufficientDataHealthStatus": "Healthy"})
    got = r53.get_health_check(HealthCheckId=made["Id"])["HealthCheck"]
    equal(got["HealthCheckConfig"], {**config, "Inverted": False, "Disabled": False})
    equal(got["HealthCheckVersion"], 1)
    alarm = got["CloudWatchAlarmConfiguration"]
    equal((alarm["MetricName"], alarm["Threshold"], alarm["Dimensions"]),
          ("active", 0.75, ALARM["Dimensions"]))
    r53.update_health_check(HealthCheckId=made["Id"], HealthCheckVersion=1,
                            InsufficientDataHealthStatus="Unhealthy")
    refused(r53.update_health_check, "HealthCheckVersionMismatch", 409, HealthCheckId=made["Id"],
            HealthCheckVersion=1, InsufficientDataHealthStatus="Healthy")
    updated = r53.update_health_check(HealthCheckId=made["Id"],
                                      InsufficientDataHealthStatus="LastKnownStatus")["HealthCheck"]
    equal(updated["HealthCheckVersion"], 3)
    r53.change_tags_for_resource(ResourceType="healthcheck", ResourceId=made["Id"], AddTags=[
        {"Key": "Name", "Value": "switch"}, {"Key": "x", "Value": "y"}])
    r53.change_tags_for_resource(ResourceType="healthcheck", ResourceId=made["Id"],
                                 RemoveTagKeys=["x"])
    sets = r53.list_tags_for_resources(ResourceType="healthcheck",
                                       ResourceIds=[made["Id"]])["ResourceTagSets"]
    equal(sets[0]["Tags"], [{"Key": "Name", "Value": "switch"}])
    equal(r53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=made["Id"])
          ["ResourceTagSet"]["ResourceId"], made["Id"])
    refused(r53.list_tags_for_resources, "InvalidInput", 400, ResourceType="healthcheck",
            ResourceIds=[made["Id"]] * 11)
    other = r53.create_health_check(CallerReference="c-2", HealthCheckConfig={
        "Type": "HTTPS", "FullyQualifiedDomainName": "www.example.com"})["HealthCheck"]
    equal((other["HealthCheckConfig"]["Port"], other["HealthCheckConfig"]["RequestInterval"],
           other["HealthCheckConfig"]["EnableSNI"]), (443, 30, True))
    equal(len(r53.get_health_check_status(HealthCheckId=other["Id"])["HealthCheckObservations"]), 5)
    equal(len(r53.list_health_checks()["HealthChecks"]), 2)
    r53.delete_health_check(HealthCheckId=other["Id"])
    refused(r53.get_health_check, "NoSuchHealthCheck", 404, HealthCheckId=other["Id"])
    refused(r53.create_health_check, "HealthCheckAlreadyExists", 409, CallerReference="c-2",
            HealthCheckConfig={"Type": "HTTPS", "FullyQualifiedDomainName": "www.example.com"})
    sandbox.check = made["Id"]


@check
def failover_follows_the_stream_not_the_state(sandbox):
    r53, cw = sandbox.client("route53"), sandbox.client("cloudwatch", WEST)
    zone_id = zone(sandbox, r53)
    primary = record("es.example.com", "primary", "PRIMARY", "east.example.net", sandbox.check)
    change(r53, zone_id, ("CREATE", primary),
           ("CREATE", record("es.example.com", "secondary", "SECONDARY", "west.example.net")))
    refused(r53.delete_health_check, "HealthCheckInUse", 400, HealthCheckId=sandbox.check)
    got = records(r53, zone_id, StartRecordName="es.example.com", StartRecordType="CNAME")[:2]
    equal([one["SetIdentifier"] for one in got], ["primary", "secondary"])
    equal(got[0], {**primary, "Name": "es.example.com."})

    def answer():
        return sandbox.control("GET", "dns/es.example.com")["answers"][0]["value"]

    put_metric(cw, 0)
    sandbox.advance("1m")
    equal(answer(), "east.example.net")
    cw.set_alarm_state(AlarmName="switch", StateValue="ALARM", StateReason="test")
    equal(answer(), "east.example.net")  # the state does not count
    put_metric(cw, 1, StorageResolution=1)
    sandbox.advance("1m")
    equal(answer(), "east.example.net")  # nor do high-resolution points
    put_metric(cw, 1)
    sandbox.advance("1m")
    equal(answer(), "west.example.net")
    sandbox.advance("3h")
    equal(answer(), "west.example.net")  # last known status
    sandbox.control("POST", "regions/us-east-1", {"state": "down"})
    sandbox.control("POST", "regions/route53", {"state": "down"})
    try:
        put_metric(cw, 0)
        sandbox.advance("1m")
        equal(answer(), "east.example.net")
        put_metric(cw, 1)
        sandbox.advance("1m")
        equal(answer(), "west.example.net")  # the data plane needs neither
    finally:
        sandbox.control("POST", "regions/route53", {"state": "up"})
        sandbox.control("POST", "regions/us-east-1", {"state": "up"})


# --- the log -----------------------------------------------------------------------------------------


@check
def calls_are_named_in_the_log(sandbox):
    text = urllib.request.urlopen(f"{sandbox.url}/_sandbox/calls").read().decode()
    calls = [json.loads(line) for line in text.splitlines()]
    named = {(one["service"], one["operation"], one["mutating"]) for one in calls}
    for wanted in (("opensearch", "CreateDomain", True), ("opensearch", "DescribeDomains", False),
                   ("opensearch", "UpdateDomainConfig", True),
                   ("opensearch", "UpdateDomainConfig", False),  # a dry run
                   ("cluster", "PutRepository", True), ("cluster", "GetSnapshot", False),
                   ("route53", "ChangeResourceRecordSets", True),
                   ("route53", "ListTagsForResources", False),
                   ("cloudwatch", "PutMetricData", True), ("cloudwatch", "DescribeAlarms", False)):
        assert wanted in named, wanted


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    sandbox = Sandbox(sys.argv[1])
    passed = failed = 0
    chosen = sys.argv[2:]
    try:
        for function in CHECKS:
            if chosen and function.__name__ not in chosen:
                continue
            try:
                function(sandbox)
                passed += 1
            except Exception:
                failed += 1
                print(f"FAILED {function.__name__}")
                traceback.print_exc(file=sys.stdout)
    finally:
        status = sandbox.stop()
    if status != 0:
        failed += 1
        print(f"FAILED the sandbox ended with {status}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
